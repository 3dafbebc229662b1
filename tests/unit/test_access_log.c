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
	assert_int_equal(json_integer_value(json_object_get(line, "status")), 206);
	assert_int_equal(json_integer_value(json_object_get(line, "bytes")), 5000000000);
	assert_true(json_real_value(json_object_get(line, "duration_ms")) == 1.5);
	json_decref(line);
	fs_remove_tree(folder, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests_name("access_log", tests, NULL, NULL);
}
