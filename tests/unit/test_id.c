/* SPDX-License-Identifier: MIT */
#include "base/id.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_new(void **state)
{
	int64_t now = 0;
	struct clock clock = {told_ms, &now};
	char first[ID_SIZE], second[ID_SIZE], later[ID_SIZE];

	(void)state;
	id_new(&clock, first);
	id_new(&clock, second);
	assert_true(id_valid(first));
	assert_memory_equal(first, "0000000000", 10);
	assert_string_not_equal(first, second);
	now = 1;
	id_new(&clock, later);
	assert_true(strcmp(later, first) > 0 && strcmp(later, second) > 0);
	now = INT64_C(1469918176385); /* the ULID specification's example: 01ARYZ6S41... */
	id_new(&clock, later);
	assert_memory_equal(later, "01aryz6s41", 10);
	id_new(NULL, first);
	assert_true(strcmp(first, later) > 0);
}

static void test_least(void **state)
{
	int64_t now = INT64_C(1469918176385);
	struct clock clock = {told_ms, &now};
	char least[ID_SIZE], born[ID_SIZE];

	(void)state;
	id_least(now, least);
	assert_string_equal(least, "01aryz6s410000000000000000");
	id_new(&clock, born);
	assert_true(strcmp(born, least) >= 0);
	now--;
	id_new(&clock, born);
	assert_true(strcmp(born, least) < 0);
}

static void test_valid(void **state)
{
	static const char *const wrong[] = {"", "0", "01aryz6s410000000000000000a", "01aryz6s4100000000000000",
		"01ARYZ6S410000000000000000", "01aryz6s41000000000000000l", "01aryz6s41000000000000000/",
		"../../../../../etc/passwd.", "01aryz6s4100000000000000 0"};

	(void)state;
	assert_true(id_valid("01aryz6s410000000000000000"));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(id_valid(wrong[i]));
}

static void test_random_hex(void **state)
{
	char a[129], b[129];

	(void)state;
	id_random_hex(64, a);
	id_random_hex(64, b);
	assert_int_equal(strspn(a, "0123456789abcdef"), 128);
	assert_int_equal(a[128], '\0');
	assert_string_not_equal(a, b);
	id_random_hex(0, a);
	assert_string_equal(a, "");
}

static void test_unique_hex(void **state)
{
	enum { MANY = 1000 };
	static char made[MANY][33];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		id_unique_hex(made[i]);
		assert_int_equal(strspn(made[i], "0123456789abcdef"), 32);
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(made[i], made[other]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_random_hex),
		cmocka_unit_test(test_unique_hex),
	};

	return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}
