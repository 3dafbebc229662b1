/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "base/log.h"
#include "fixture.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { THREADS = 4, LINES = 200 };

/* A log in the fixture's folder. */
static int with_log(void **state)
{
	struct fixture *fixture;
	char path[96];

	fixture_dir(state);
	fixture = *state;
	snprintf(path, sizeof path, "%s/log", fixture->dir);
	assert_int_equal(log_open("unit", LOG_INFO, path, NULL), ERR_OK);
	return 0;
}

static char *all_lines(struct fixture *fixture)
{
	char *text, *copy;
	size_t length;

	assert_int_equal(
		fs_read_file(arena_printf(&fixture->arena, "%s/log", fixture->dir), 1 << 20, &text, &length, NULL),
		ERR_OK);
	copy = arena_strdup(&fixture->arena, text);
	free(text);
	return copy;
}

/* The one line of the log. */
static json_t *only_line(struct fixture *fixture)
{
	char *text = all_lines(fixture);
	json_t *line;

	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	line = json_loads(text, 0, NULL);
	assert_non_null(line);
	return line;
}

static const char *text_of(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static void test_a_line(void **state)
{
	struct log_line line;
	json_t *got;

	log_begin(&line, LOG_WARNING, "something \"odd\"\n");
	log_text(&line, "text", "caf\xc3\xa9 \xff");
	log_text(&line, "nothing", NULL);
	log_number(&line, "bytes", INT64_MAX);
	log_real(&line, "speed", 1.5);
	log_end(&line);
	got = only_line(*state);
	assert_string_equal(text_of(got, "level"), "warning");
	assert_string_equal(text_of(got, "program"), "unit");
	assert_string_equal(text_of(got, "message"), "something \"odd\"\n");
	assert_string_equal(text_of(got, "text"), "caf\xc3\xa9 \xef\xbf\xbd");
	assert_true(json_is_null(json_object_get(got, "nothing")));
	assert_true(json_integer_value(json_object_get(got, "bytes")) == INT64_MAX);
	assert_true(json_real_value(json_object_get(got, "speed")) == 1.5);
	assert_int_equal(strlen(text_of(got, "time")), 24);
	assert_null(json_object_get(got, "id"));
	json_decref(got);
}

static void test_below_the_level(void **state)
{
	struct log_line line;

	log_begin(&line, LOG_DEBUG, "not written");
	assert_null(line.object);
	log_text(&line, "a", "b");
	log_number(&line, "c", 1);
	log_real(&line, "d", 1);
	log_end(&line);
	assert_string_equal(all_lines(*state), "");
}

static void test_context(void **state)
{
	json_t *got;

	assert_string_equal(log_context_id(), "");
	log_context("request-1");
	assert_string_equal(log_context_id(), "request-1");
	log_message(LOG_INFO, "x");
	log_context(NULL);
	assert_string_equal(log_context_id(), "");
	got = only_line(*state);
	assert_string_equal(text_of(got, "id"), "request-1");
	json_decref(got);
}

static void test_failure(void **state)
{
	struct err_info info = {.code = ERR_NO_SPACE, .detail = "the disk is full"};
	json_t *got;

	log_failure(LOG_ERROR, "upload lost", &info);
	got = only_line(*state);
	assert_string_equal(text_of(got, "message"), "upload lost");
	assert_string_equal(text_of(got, "error"), "no-space");
	assert_string_equal(text_of(got, "detail"), "the disk is full");
	json_decref(got);
}

static void test_open(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	assert_int_equal(stat(arena_printf(&fixture->arena, "%s/log", fixture->dir), &status), 0);
	assert_int_equal(status.st_mode & 0137, 0);
	assert_int_equal(log_open("unit", LOG_INFO, "/nowhere/log", NULL), ERR_IO);
}

static void test_levels(void **state)
{
	enum log_level level;

	(void)state;
	assert_int_equal(log_level_parse("debug", &level), ERR_OK);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse("error", &level), ERR_OK);
	assert_int_equal(level, LOG_ERROR);
	assert_int_equal(log_level_parse("loud", &level), ERR_BAD_REQUEST);
}

static void *write_lines(void *context)
{
	log_context(context);
	for (int i = 0; i < LINES; i++)
		log_message(LOG_INFO, "a line that must come out whole, and with the id of its own thread");
	return NULL;
}

static void test_threads(void **state)
{
	static char ids[THREADS][4] = {"t0", "t1", "t2", "t3"};
	int counts[THREADS] = {0};
	pthread_t threads[THREADS];
	char *rest;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, ids[i]), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	rest = all_lines(*state);
	for (char *text = strtok_r(rest, "\n", &rest); text != NULL; text = strtok_r(NULL, "\n", &rest)) {
		json_t *line = json_loads(text, 0, NULL);

		assert_non_null(line);
		counts[text_of(line, "id")[1] - '0']++;
		json_decref(line);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(counts[i], LINES);
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, with_log, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOG(test_a_line),
		WITH_LOG(test_below_the_level),
		WITH_LOG(test_context),
		WITH_LOG(test_failure),
		WITH_LOG(test_open),
		cmocka_unit_test(test_levels),
		WITH_LOG(test_threads),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
