/* SPDX-License-Identifier: MIT */
#include "cli/args.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct args_option table[] = {
	{"limit", 'n', "N", "a number"},
	{"json", 0, NULL, "a flag"},
	{"verbose", 'v', NULL, "another flag"},
	{NULL, 0, NULL, NULL},
};

/* Parses LINE, split at spaces in place. */
static enum err parse(char *line, struct args *args, struct err_info *info)
{
	static char *argv[16];
	char *save = NULL;
	int argc = 0;

	argv[argc++] = line;
	for (char *word = strtok_r(line, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return args_parse(table, argc, argv, args, info);
}

static void reads_options_among_words(void **state)
{
	char line[] = "one -n 5 two --json three -- -v";
	struct args args;
	long limit;

	(void)state;
	assert_int_equal(parse(line, &args, NULL), ERR_OK);
	assert_int_equal(args_number(&args, "limit", 1, 10, 7, &limit, NULL), ERR_OK);
	assert_int_equal(limit, 5);
	assert_true(args_given(&args, "json"));
	assert_false(args_given(&args, "verbose"));
	assert_null(args_value(&args, "verbose"));
	assert_int_equal(args.count, 4);
	assert_string_equal(args.rest[0], "one");
	assert_string_equal(args.rest[3], "-v");
}

static void reads_values_in_every_form(void **state)
{
	char lines[][16] = {"--limit=3", "--limit 3", "-n3", "-n 3", "--lim 3"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct args args;

		assert_int_equal(parse(lines[i], &args, NULL), ERR_OK);
		assert_string_equal(args_value(&args, "limit"), "3");
		assert_int_equal(args.count, 0);
	}
}

static void refuses_what_the_table_has_not(void **state)
{
	static const struct {
		const char *line, *sentence;
	} cases[] = {{"--wrong", "there is no option --wrong"}, {"-x", "there is no option -x"},
		{"--limit", "option --limit needs a value"}, {"-n", "option --limit needs a value"},
		{"--json=1", "option --json takes no value"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err_info info = {0};
		struct args args;
		char line[32];

		strcpy(line, cases[i].line);
		assert_int_equal(parse(line, &args, &info), ERR_BAD_REQUEST);
		assert_string_equal(info.detail, cases[i].sentence);
	}
}

static void bounds_numbers(void **state)
{
	char lines[][16] = {"-n 0", "-n 11", "-n -1", "-n x", "-n 5x", "--limit="};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct args args;
		long limit;

		assert_int_equal(parse(lines[i], &args, NULL), ERR_OK);
		assert_int_equal(args_number(&args, "limit", 1, 10, 7, &limit, NULL), ERR_BAD_REQUEST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options_among_words),
		cmocka_unit_test(reads_values_in_every_form),
		cmocka_unit_test(refuses_what_the_table_has_not),
		cmocka_unit_test(bounds_numbers),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
