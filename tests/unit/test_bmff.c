/* SPDX-License-Identifier: MIT */
#include "package/bmff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void writes_nested_boxes(void **state)
{
	static const unsigned char wanted[] = {
		0, 0, 0, 23, 'm', 'o', 'o', 'f', 0, 0, 0, 15, 'm', 'f', 'h', 'd', 1, 0xab, 0xcd, 0xef, 0, 0, 0};
	struct buf out;
	size_t outer, inner;

	(void)state;
	buf_init(&out, 100);
	outer = bmff_begin(&out, "moof");
	inner = bmff_begin_full(&out, "mfhd", 1, 0xabcdef);
	bmff_put_zeros(&out, 3);
	bmff_end(&out, inner);
	bmff_end(&out, outer);
	assert_int_equal(out.length, sizeof wanted);
	assert_memory_equal(out.data, wanted, sizeof wanted);
	buf_free(&out);
}

static void takes_integers(void **state)
{
	static const unsigned char bytes[] = {1, 2, 3, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 9};
	struct bmff_span span = {.bytes = bytes, .length = sizeof bytes};

	(void)state;
	assert_int_equal(bmff_take(&span, 1), 1);
	assert_int_equal(bmff_take(&span, 2), 0x203);
	assert_true(bmff_take(&span, 8) == UINT64_C(0xfffefdfcfbfaf9f8));
	assert_false(span.bad);
	assert_int_equal(bmff_take(&span, 2), 0);
	assert_true(span.bad);
	assert_int_equal(bmff_take(&span, 1), 0); /* once bad, nothing is given out */
}

static void walks_boxes(void **state)
{
	static const unsigned char bytes[] = {0, 0, 0, 9, 'f', 'r', 'e', 'e', 7, 0, 0, 0, 8, 's', 'k', 'i', 'p'};
	struct bmff_span span = {.bytes = bytes, .length = sizeof bytes};
	struct bmff_box box;

	(void)state;
	assert_true(bmff_next(&span, &box));
	assert_int_equal(box.type, bmff_type("free"));
	assert_int_equal(box.payload.length, 1);
	assert_int_equal(box.payload.bytes[0], 7);
	assert_true(bmff_next(&span, &box));
	assert_int_equal(box.type, bmff_type("skip"));
	assert_int_equal(box.payload.length, 0);
	assert_false(bmff_next(&span, &box));
	assert_false(span.bad);
}

static void expect_refused(const unsigned char *bytes, size_t length)
{
	struct bmff_span span = {.bytes = bytes, .length = length};
	struct bmff_box box;

	assert_false(bmff_next(&span, &box));
	assert_true(span.bad);
}

static void refuses_sizes_that_do_not_fit(void **state)
{
	static const unsigned char past[] = {0, 0, 0, 10, 'f', 'r', 'e', 'e', 0};
	static const unsigned char huge[] = {0xff, 0xff, 0xff, 0xff, 'f', 'r', 'e', 'e', 0};
	static const unsigned char to_end[] = {0, 0, 0, 0, 'f', 'r', 'e', 'e', 0};
	static const unsigned char large[] = {0, 0, 0, 1, 'f', 'r', 'e', 'e', 0, 0, 0, 0, 0, 0, 0, 16};
	static const unsigned char seven[] = {0, 0, 0, 7, 'f', 'r', 'e', 'e', 0};

	(void)state;
	expect_refused(past, sizeof past);
	expect_refused(huge, sizeof huge);
	expect_refused(to_end, sizeof to_end);
	expect_refused(large, sizeof large);
	expect_refused(seven, sizeof seven);
	expect_refused(past, 7);
}

static void finds_the_only_child(void **state)
{
	static const unsigned char bytes[] = {0, 0, 0, 9, 'a', 'a', 'a', 'a', 7, 0, 0, 0, 8, 'b', 'b', 'b', 'b', 0, 0,
		0, 8, 'b', 'b', 'b', 'b', 0, 0, 0, 99, 'c', 'c', 'c', 'c'};
	struct bmff_span parent = {.bytes = bytes, .length = 25};

	(void)state;
	assert_int_equal(bmff_only(parent, "aaaa").length, 1);
	assert_true(bmff_only(parent, "bbbb").bad);
	assert_true(bmff_only(parent, "cccc").bad);
	parent.length = sizeof bytes; /* malformed after the child */
	assert_true(bmff_only(parent, "aaaa").bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_nested_boxes),
		cmocka_unit_test(takes_integers),
		cmocka_unit_test(walks_boxes),
		cmocka_unit_test(refuses_sizes_that_do_not_fit),
		cmocka_unit_test(finds_the_only_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
