/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_memory_is_zeroed_and_aligned(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (size_t size = 0; size < 100; size++) {
		unsigned char *bytes = arena_alloc(&arena, size);

		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xff, size);
	}
	arena_free(&arena);
}

static void test_large_and_small_live_together(void **state)
{
	enum { LARGE = 3 << 20 };
	struct arena arena = {0};
	char *small = arena_strdup(&arena, "small");
	char *large = arena_alloc(&arena, LARGE);
	char *after = arena_strdup(&arena, "after");

	(void)state;
	memset(large, 'x', LARGE);
	assert_string_equal(small, "small");
	assert_string_equal(after, "after");
	arena_free(&arena);
	assert_null(arena.blocks);
}

static void test_copies(void **state)
{
	struct arena arena = {0};
	uint32_t *numbers = arena_array(&arena, 3, sizeof *numbers);

	(void)state;
	assert_int_equal(numbers[2], 0);
	assert_null(arena_strdup(&arena, NULL));
	assert_string_equal(arena_strdup(&arena, ""), "");
	assert_memory_equal(arena_memdup(&arena, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_memdup(&arena, NULL, 0), "");
	assert_string_equal(arena_printf(&arena, "%s-%05d", "x", 42), "x-00042");
	arena_free(&arena);
}

static void test_arrays_grow(void **state)
{
	struct arena arena = {0};
	int *numbers = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		numbers = arena_grow(&arena, numbers, (size_t)i, sizeof *numbers);
		numbers[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	arena_free(&arena);
}

static void test_reset_keeps_a_block(void **state)
{
	struct arena arena = {0};
	void *first;

	(void)state;
	arena_reset(&arena);
	assert_null(arena.blocks);
	for (int i = 0; i < 100; i++)
		memset(arena_alloc(&arena, 1000), 0xff, 1000);
	arena_reset(&arena);
	assert_non_null(arena.blocks);
	first = arena_alloc(&arena, 8);
	assert_memory_equal(first, "\0\0\0\0\0\0\0\0", 8);
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 8), first);
	arena_free(&arena);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_and_aligned),
		cmocka_unit_test(test_large_and_small_live_together),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_arrays_grow),
		cmocka_unit_test(test_reset_keeps_a_block),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
