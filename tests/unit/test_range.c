/* SPDX-License-Identifier: MIT */
#include "http/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_table(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		enum range_result result;
		size_t count;
		struct range first;
	} cases[] = {
		{"bytes=0-4", 11, RANGE_OK, 1, {0, 4}},
		{"BYTES=0-4", 11, RANGE_OK, 1, {0, 4}},
		{"bytes=2-", 11, RANGE_OK, 1, {2, 10}},
		{"bytes=-5", 11, RANGE_OK, 1, {6, 10}},
		{"bytes=-15", 10, RANGE_OK, 1, {0, 9}},
		{"bytes=0-99999999999999999999999", 10, RANGE_OK, 1, {0, 9}},
		{"bytes=-99999999999999999999999", 10, RANGE_OK, 1, {0, 9}},
		{"bytes=18446744073709551614-", UINT64_MAX, RANGE_OK, 1, {UINT64_MAX - 1, UINT64_MAX - 1}},
		{"bytes= 0-0 , ,2-2,", 11, RANGE_OK, 2, {0, 0}},
		{"bytes=20-30,2-2", 11, RANGE_OK, 1, {2, 2}},
		{"bytes=0-,0-", 11, RANGE_OK, 2, {0, 10}},
		{"bytes=0-,0-,0-0", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=11-", 11, RANGE_UNSATISFIABLE, 0, {0, 0}},
		{"bytes=99999999999999999999999-", 11, RANGE_UNSATISFIABLE, 0, {0, 0}},
		{"bytes=-0", 11, RANGE_UNSATISFIABLE, 0, {0, 0}},
		{"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, {0, 0}},
		{"bytes=-1", 0, RANGE_UNSATISFIABLE, 0, {0, 0}},
		{"bytes=4-2", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=0-4,4-2", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=-", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=,", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=a-b", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=0-4x", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=0 -4", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=0--4", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes=+0-4", 11, RANGE_NONE, 0, {0, 0}},
		{"bytes 0-4", 11, RANGE_NONE, 0, {0, 0}},
		{"items=0-4", 11, RANGE_NONE, 0, {0, 0}},
		{"", 11, RANGE_NONE, 0, {0, 0}},
		{NULL, 11, RANGE_NONE, 0, {0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct range out[RANGE_MOST];
		size_t count = 99;

		if (range_parse(cases[i].header, cases[i].size, out, &count) != cases[i].result ||
			count != cases[i].count)
			fail_msg("%s of %llu", cases[i].header, (unsigned long long)cases[i].size);
		if (count > 0) {
			assert_int_equal(out[0].first, cases[i].first.first);
			assert_int_equal(out[0].last, cases[i].first.last);
		}
	}
}

static void test_most(void **state)
{
	struct range out[RANGE_MOST];
	char header[512] = "bytes=0-0";
	size_t count;

	(void)state;
	for (int i = 1; i < RANGE_MOST; i++)
		sprintf(header + strlen(header), ",%d-%d", i, i);
	assert_int_equal(range_parse(header, 1000, out, &count), RANGE_OK);
	assert_int_equal(count, RANGE_MOST);
	strcat(header, ",99-99");
	assert_int_equal(range_parse(header, 1000, out, &count), RANGE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_most),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
