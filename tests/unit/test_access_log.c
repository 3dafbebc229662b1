/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "base/log.h"
#include "observe/access_log.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *text(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static void test_line(void **state)
{
	char folder[] = "/tmp/tonearm-test-XXXXXX";
	char path[64], agent[1000];
	struct access_entry entry = {.method = "GET",
		.path = "/a\nb\xFF",
		.route = "/{x}",
		.status = 206,
		.bytes_in = 3,
		.bytes_out = 5000000000,
		.duration_us = 1500,
		.remote = "::1",
		.user_agent = agent,
		.referer = "https://me:pass@example.org/page?token=t0ken#grant=gr4nt",
		.broken_off = true};
	json_t *line;

	(void)state;
	memset(agent, 'u', sizeof agent);
	agent[sizeof agent - 1] = '\0';
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/log", folder);
	assert_int_equal(log_open("test", LOG_INFO, path, NULL), ERR_OK);
	log_context("some-id-1");
	access_log_write(&entry);
	line = json_load_file(path, 0, NULL); /* fails unless the file is one object */
	assert_non_null(line);
	assert_string_equal(text(line, "message"), "request");
	assert_string_equal(text(line, "program"), "test");
	assert_string_equal(text(line, "id"), "some-id-1");
	assert_string_equal(text(line, "path"), "/a\nb\xEF\xBF\xBD");
	assert_string_equal(text(line, "route"), "/{x}");
	assert_string_equal(text(line, "remote"), "::1");
	assert_string_equal(text(line, "outcome"), "broken off");
	assert_true(strlen(text(line, "user_agent")) <= 160);
	assert_string_equal(text(line, "referer"), "https://example.org/page");
	assert_int_equal(json_integer_value(json_object_get(line, "status")), 206);
	assert_int_equal(json_integer_value(json_object_get(line, "bytes")), 5000000000);
	assert_true(json_real_value(json_object_get(line, "duration_ms")) == 1.5);
	json_decref(line);
	fs_remove_tree(folder, NULL);
}

/* What ENTRY is in the combined format; the time is taken out. Owned by the caller. */
static char *combined(const struct access_entry *entry)
{
	char folder[] = "/tmp/tonearm-test-XXXXXX";
	char path[64], *line, *time;
	size_t length;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/access", folder);
	assert_int_equal(access_log_open(ACCESS_COMBINED, path, NULL), ERR_OK);
	access_log_write(entry);
	assert_int_equal(fs_read_file(path, 1 << 20, &line, &length, NULL), ERR_OK);
	fs_remove_tree(folder, NULL);
	assert_int_equal(strlen(line), length);
	assert_ptr_equal(strchr(line, '\n'), line + length - 1); /* one line, and a whole one */
	time = strchr(line, '[');
	assert_non_null(time);
	assert_int_equal(strcspn(time, "]"), strlen("[22/Nov/2026:22:41:07 +0000"));
	memmove(time + 1, strchr(time, ']'), strlen(strchr(time, ']')) + 1);
	return line;
}

static void test_combined(void **state)
{
	const struct access_entry plain = {.method = "GET", .prefix = "/music", .path = "/hls/x/master.m3u8",
		.protocol = "HTTP/2", .route = "", .status = 200, .bytes_out = 1234, .remote = "192.0.2.7",
		.user_agent = "player/1.0", .referer = "https://example.org/?sig=s3cret"};
	const struct access_entry hostile = {.method = "G\"E T", .prefix = "", .path = "/a b\"\n\x7F\xC3\xA9?c%",
		.route = "", .status = 404, .remote = "::1\n", .user_agent = "\" 200 1\r\n1.2.3.4 - - [\\",
		.referer = "x@y\x1B[2J?z"};
	const struct access_entry nothing = {.method = "", .path = "", .route = "", .status = 400, .remote = ""};
	char *line;

	(void)state;
	line = combined(&plain);
	assert_string_equal(line, "192.0.2.7 - - [] \"GET /music/hls/x/master.m3u8 HTTP/2\" 200 1234 "
				  "\"https://example.org/\" \"player/1.0\"\n");
	free(line);
	line = combined(&hostile);
	assert_string_equal(line, "::1\\x0A - - [] \"G\\x22E T /a%20b%22%0A%7F%C3%A9%3Fc%25 HTTP/1.1\" 404 0 "
				  "\"x@y\\x1B[2J\" \"\\x22 200 1\\x0D\\x0A1.2.3.4 - - [\\x5C\"\n");
	free(line);
	line = combined(&nothing);
	assert_string_equal(line, "- - - [] \"- - HTTP/1.1\" 400 0 \"-\" \"-\"\n");
	free(line);
}

/* A file of its own has each request, whatever the log leaves out. */
static void test_file_of_its_own(void **state)
{
	const struct access_entry entry = {
		.method = "GET", .prefix = "", .path = "/x", .route = "", .status = 200, .remote = "::1"};
	char folder[] = "/tmp/tonearm-test-XXXXXX";
	char path[64], log[64];
	json_t *line;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/access", folder);
	snprintf(log, sizeof log, "%s/log", folder);
	assert_int_equal(log_open("test", LOG_ERROR, log, NULL), ERR_OK);
	assert_int_equal(access_log_open(ACCESS_JSON, path, NULL), ERR_OK);
	access_log_write(&entry);
	line = json_load_file(path, 0, NULL);
	assert_string_equal(text(line, "path"), "/x");
	json_decref(line);
	assert_int_equal(access_log_open(ACCESS_NONE, NULL, NULL), ERR_OK);
	access_log_write(&entry);
	line = json_load_file(path, 0, NULL);
	assert_non_null(line); /* still one */
	json_decref(line);
	line = json_load_file(log, 0, NULL);
	assert_null(line); /* empty */
	fs_remove_tree(folder, NULL);
}

static void test_words(void **state)
{
	enum access_format format;

	(void)state;
	assert_int_equal(access_format_parse("combined", &format), ERR_OK);
	assert_int_equal(format, ACCESS_COMBINED);
	assert_int_equal(access_format_parse("common", &format), ERR_BAD_REQUEST);
	assert_int_equal(access_log_open(ACCESS_JSON, "/nowhere/at/all", NULL), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_combined),
		cmocka_unit_test(test_file_of_its_own),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("access_log", tests, NULL, NULL);
}
