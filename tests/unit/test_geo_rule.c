/* SPDX-License-Identifier: MIT */
/* Lists of places: how they are written, and whom they let in. */
#include "conf/geo_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void lists_have_one_spelling(void **state)
{
	static const char *const pairs[][2] = {{"DE", "DE"}, {" de\tat  Ch ", "DE AT CH"}, {"us !us-ca", "US !US-CA"}, {"*", "*"},
		{"* !ru", "* !RU"}, {"GB-ENG FR-75", "GB-ENG FR-75"}, {"!AQ-1", "!AQ-1"}};
	struct arena arena = {0};
	struct err_info info;
	const char *out;

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		assert_int_equal(geo_rule_read(pairs[i][0], &arena, &out, &info), ERR_OK);
		assert_string_equal(out, pairs[i][1]);
	}
	arena_free(&arena);
}

static void what_is_no_place_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "D", "DEU", "D1", "DE-", "DE-WXYZ", "DE,AT", "!", "!*", "-DE", "!!DE", "DE-B_",
		"DE\nAT", "\xC3\x84T", "**"};
	char longest[GEO_RULE_MOST + 2];
	struct arena arena = {0};
	struct err_info info;
	const char *out;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(geo_rule_read(bad[i], &arena, &out, &info), ERR_UNPROCESSABLE);
	memset(longest, ' ', sizeof longest);
	memcpy(longest, "DE", 2);
	longest[GEO_RULE_MOST + 1] = '\0';
	assert_int_equal(geo_rule_read(longest, &arena, &out, &info), ERR_UNPROCESSABLE);
	longest[GEO_RULE_MOST] = '\0';
	assert_int_equal(geo_rule_read(longest, &arena, &out, &info), ERR_OK);
	assert_string_equal(out, "DE");
	arena_free(&arena);
}

static void a_word_with_a_mark_wins(void **state)
{
	static const struct geo_place berlin = {"DE", {"DE-BE", ""}}, california = {"US", {"US-CA", ""}}, us = {"US", {"", ""}},
				      wales = {"GB", {"GB-WLS", "GB-CRF"}};
	static const struct {
		const char *rule;
		const struct geo_place *place;
		bool allowed;
	} rows[] = {
		{"DE AT", &berlin, true}, {"DE AT", &us, false}, {"AT", &berlin, false}, {"DE-BE", &berlin, true},
		{"DE-B", &berlin, false}, {"US !US-CA", &us, true}, {"US !US-CA", &california, false},
		{"!US-CA US", &california, false}, {"US-CA", &us, false}, {"US-CA", &california, true},
		{"!US", &berlin, true}, {"!US", &california, false}, {"!US !DE", &berlin, false}, {"* !US", &us, false},
		{"* !US", &berlin, true}, {"GB-CRF", &wales, true}, {"GB !GB-CRF", &wales, false}, {"*", &us, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(geo_rule_allows(rows[i].rule, rows[i].place), rows[i].allowed);
	assert_true(geo_rule_everywhere("*"));
	assert_false(geo_rule_everywhere("* !RU"));
	assert_false(geo_rule_everywhere("DE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_have_one_spelling),
		cmocka_unit_test(what_is_no_place_is_refused),
		cmocka_unit_test(a_word_with_a_mark_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
