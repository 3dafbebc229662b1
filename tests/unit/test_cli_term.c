/* SPDX-License-Identifier: MIT */
#include "cli/table.h"
#include "cli/term.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A terminal that is a file: nothing lives, no colour; the character set is forced so that the test does not hang on
 * the locale. */
static struct term plain_term(FILE *out, bool unicode)
{
	struct term term;

	term_open(&term, out);
	assert_false(term.live);
	assert_false(term.colour);
	term.unicode = unicode;
	return term;
}

static void expect_text(const char *text, size_t width, bool unicode, const char *expected)
{
	struct term term = plain_term(stdout, unicode);
	struct buf out;

	buf_init(&out, 256);
	term_put_text(&term, &out, text, width, true);
	assert_string_equal(buf_text(&out), expected);
	buf_free(&out);
}

static void cuts_and_pads_by_columns(void **state)
{
	(void)state;
	expect_text("song", 6, true, "song  ");
	expect_text("song", 4, true, "song");
	expect_text("a long name", 6, true, "a lon…");
	expect_text("a long name", 6, false, "a lon~");
	expect_text("日本語", 6, true, "日本語");
	expect_text("日本語", 5, true, "日本…");
	expect_text("日本語", 4, true, "日… ");
}

static void strangers_text_cannot_move_the_cursor(void **state)
{
	(void)state;
	expect_text("a\033[2Jb\r\nc", 8, true, "a[2Jbc  ");
	expect_text("\xC2\x9B"
		    "1mx",
		4, true, "1mx ");
	expect_text("bad \xFF byte", 10, true, "bad  byte ");
}

static void draws_bars(void **state)
{
	struct term term = plain_term(stdout, true);
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	term_put_bar(&term, &out, 0.625, 4);
	assert_string_equal(buf_text(&out), "━━╸─");
	buf_clear(&out);
	term_put_bar(&term, &out, 7, 3);
	assert_string_equal(buf_text(&out), "━━━");
	buf_clear(&out);
	term.unicode = false;
	term_put_bar(&term, &out, 0.5, 4);
	assert_string_equal(buf_text(&out), "##--");
	buf_free(&out);
}

static void a_table_off_the_terminal_is_not_cut(void **state)
{
	static const char *const heads[] = {"ID", "TITLE", "X"};
	char *text = NULL, title[201];
	size_t length = 0;
	FILE *file = tmpfile();
	struct term term;
	struct arena arena = {0};
	struct table table;

	(void)state;
	assert_non_null(file);
	memset(title, 't', 200);
	title[200] = '\0';
	term = plain_term(file, true);
	table_open(&table, &arena, heads, 3, 1);
	table_add(&table, (struct table_cell[]){{"1", TERM_RED}, {title, TERM_PLAIN}, {NULL, TERM_PLAIN}});
	table_print(&table, &term);
	rewind(file);
	assert_true(getline(&text, &length, file) > 0);
	assert_memory_equal(text, "ID  TITLE ", 10);
	assert_true(getline(&text, &length, file) > 0);
	assert_non_null(strstr(text, title));
	assert_string_equal(text + strlen(text) - 4, "  -\n");
	free(text);
	fclose(file);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_and_pads_by_columns),
		cmocka_unit_test(strangers_text_cannot_move_the_cursor),
		cmocka_unit_test(draws_bars),
		cmocka_unit_test(a_table_off_the_terminal_is_not_cut),
	};

	unsetenv("TERM");
	return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
