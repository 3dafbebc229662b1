/* SPDX-License-Identifier: MIT */
#include "model/segment_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const unsigned char BLOB[] = {0, 0, 0, 100, 0, 2, 0xb4, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1};

static void encodes_big_endian(void **state)
{
	struct segment segments[] = {{700, 100, 177152}, {800, UINT32_MAX, 1}};
	struct segment_table table = {segments, 2};
	struct arena arena = {0};
	size_t length;
	void *blob = segment_table_encode(&table, &arena, &length);

	(void)state;
	assert_int_equal(length, sizeof BLOB);
	assert_memory_equal(blob, BLOB, sizeof BLOB);
	arena_free(&arena);
}

static void decodes_with_offsets(void **state)
{
	struct segment_table table;
	struct arena arena = {0};

	(void)state;
	assert_int_equal(segment_table_decode(BLOB, sizeof BLOB, 700, &arena, &table, NULL), ERR_OK);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.segments[0].offset, 700);
	assert_int_equal(table.segments[0].size, 100);
	assert_int_equal(table.segments[0].duration, 177152);
	assert_int_equal(table.segments[1].offset, 800);
	assert_int_equal(table.segments[1].size, UINT32_MAX);
	assert_int_equal(table.segments[1].duration, 1);
	arena_free(&arena);
}

static void offsets_pass_four_gigabytes(void **state)
{
	static const unsigned char blob[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
	struct segment_table table;
	struct arena arena = {0};

	(void)state;
	assert_int_equal(segment_table_decode(blob, sizeof blob, 1, &arena, &table, NULL), ERR_OK);
	assert_true(table.segments[1].offset == UINT64_C(0x100000000));
	arena_free(&arena);
}

static void empty_is_fine(void **state)
{
	struct segment_table table = {NULL, 0};
	struct arena arena = {0};
	size_t length = 1;
	void *blob = segment_table_encode(&table, &arena, &length);

	(void)state;
	assert_int_equal(length, 0);
	assert_int_equal(segment_table_decode(blob, 0, 9, &arena, &table, NULL), ERR_OK);
	assert_int_equal(table.count, 0);
	arena_free(&arena);
}

static void refuses_broken_blobs(void **state)
{
	struct segment_table table;
	struct arena arena = {0};
	struct err_info info = {0};
	size_t length = ((size_t)SEGMENT_TABLE_MOST + 1) * 8;
	void *many = arena_alloc(&arena, length);

	(void)state;
	assert_int_equal(segment_table_decode(BLOB, 15, 0, &arena, &table, &info), ERR_INTERNAL);
	assert_non_null(strstr(info.detail, "15 bytes"));
	assert_int_equal(segment_table_decode(many, length, 0, &arena, &table, &info), ERR_INTERNAL);
	assert_int_equal(segment_table_decode(many, length - 8, 0, &arena, &table, &info), ERR_OK);
	assert_int_equal(table.count, SEGMENT_TABLE_MOST);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_big_endian),
		cmocka_unit_test(decodes_with_offsets),
		cmocka_unit_test(offsets_pass_four_gigabytes),
		cmocka_unit_test(empty_is_fine),
		cmocka_unit_test(refuses_broken_blobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
