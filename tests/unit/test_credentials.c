/* SPDX-License-Identifier: MIT */
#include "storage/credentials.h"

#include "base/fs.h"
#include "fixture.h"
#include "http_stub.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* 2026-01-01T00:00:00Z */
#define START_S INT64_C(1767225600)

static int64_t now_ms;

static const struct clock at = {told_ms, &now_ms};

/* Nothing of the machine that runs the tests counts. */
static int set_up(void **state)
{
	static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "HOME"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	now_ms = START_S * 1000;
	return fixture_dir(state);
}

static void expect_keys(struct credentials *credentials, const char *access_key, const char *secret_key,
	const char *token, const char *origin)
{
	struct sigv4_credentials keys;
	struct err_info info;

	assert_int_equal(credentials_get(credentials, &keys, &info), ERR_OK);
	assert_string_equal(keys.access_key, access_key);
	assert_string_equal(keys.secret_key, secret_key);
	if (token == NULL)
		assert_null(keys.session_token);
	else
		assert_string_equal(keys.session_token, token);
	assert_string_equal(credentials_origin(credentials), origin);
}

static const char *write_file(struct fixture *fixture, const char *text, mode_t mode)
{
	const char *path = arena_printf(&fixture->arena, "%s/credentials", fixture->dir);

	assert_int_equal(fs_write_file(path, text, strlen(text), mode, NULL), ERR_OK);
	return path;
}

static void takes_the_configuration_first(void **state)
{
	struct credentials_places places = {
		.access_key = "A", .secret_key = "S", .session_token = "", .metadata_url = "off"};
	struct credentials *credentials;

	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "E", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "ES", 1);
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	assert_string_equal(credentials_origin(credentials), "");
	expect_keys(credentials, "A", "S", NULL, "configuration");
	credentials_free(credentials);
	places.secret_key = NULL;
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_BAD_REQUEST);
	assert_null(credentials);
}

static void takes_the_environment_then(void **state)
{
	struct credentials_places places = {.metadata_url = "off"};
	struct sigv4_credentials keys;
	struct credentials *credentials;

	places.file = write_file(*state, "[default]\naws_access_key_id=F\naws_secret_access_key=FS\n", 0600);
	setenv("AWS_ACCESS_KEY_ID", "E", 1);
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	assert_int_equal(credentials_get(credentials, &keys, NULL), ERR_UNPROCESSABLE);
	setenv("AWS_SECRET_ACCESS_KEY", "ES", 1);
	setenv("AWS_SESSION_TOKEN", "ET", 1);
	expect_keys(credentials, "E", "ES", "ET", "environment");
	credentials_free(credentials);
}

static void reads_a_profile_of_a_file(void **state)
{
	static const char text[] = "# keys\n[default]\naws_access_key_id = D\naws_secret_access_key=DS=\n\n"
				   "[ other ]\r\n aws_access_key_id=O\r\naws_secret_access_key = OS/+\r\n"
				   "aws_session_token=OT\r\n; aws_session_token=no\nregion=x\n[half]\n"
				   "aws_access_key_id=H\n";
	struct credentials_places places = {.metadata_url = "off"};
	struct credentials *credentials;
	struct sigv4_credentials keys;

	setenv("AWS_SHARED_CREDENTIALS_FILE", write_file(*state, text, 0600), 1);
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	expect_keys(credentials, "D", "DS=", NULL, "file");
	credentials_free(credentials);
	setenv("AWS_PROFILE", "other", 1);
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	expect_keys(credentials, "O", "OS/+", "OT", "file");
	credentials_free(credentials);
	places.profile = "half";
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	assert_int_equal(credentials_get(credentials, &keys, NULL), ERR_UNPROCESSABLE);
	credentials_free(credentials);
	places.profile = "nobody";
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	assert_int_equal(credentials_get(credentials, &keys, NULL), ERR_UNAUTHORIZED);
	credentials_free(credentials);
}

static void refuses_a_file_that_others_may_read(void **state)
{
	struct credentials_places places = {.metadata_url = "off"};
	struct credentials *credentials;
	struct sigv4_credentials keys;
	struct err_info info;

	places.file = write_file(*state, "[default]\naws_access_key_id=F\naws_secret_access_key=FS\n", 0640);
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	assert_int_equal(credentials_get(credentials, &keys, &info), ERR_FORBIDDEN);
	assert_non_null(strstr(info.detail, "chmod 600"));
	assert_null(strstr(info.detail, "FS"));
	assert_int_equal(chmod(places.file, 0600), 0);
	expect_keys(credentials, "F", "FS", NULL, "file");
	credentials_free(credentials);
}

/* Other programs renew it: it is read again after a while, and the old keys stay when it has vanished. */
static void reads_a_file_again(void **state)
{
	struct credentials_places places = {.metadata_url = "off"};
	struct credentials *credentials;

	places.file = write_file(*state, "[default]\naws_access_key_id=F\naws_secret_access_key=FS\n", 0600);
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	expect_keys(credentials, "F", "FS", NULL, "file");
	write_file(*state, "[default]\naws_access_key_id=G\naws_secret_access_key=GS\n", 0600);
	now_ms += (CREDENTIALS_FILE_S - 1) * 1000;
	expect_keys(credentials, "F", "FS", NULL, "file");
	now_ms += 1000;
	expect_keys(credentials, "G", "GS", NULL, "file");
	assert_int_equal(remove(places.file), 0);
	now_ms += CREDENTIALS_FILE_S * 1000;
	expect_keys(credentials, "G", "GS", NULL, "file");
	credentials_free(credentials);
}

/* The metadata service of a machine whose role has keys for an hour; GENERATION tells them apart, 0: it is ill. */
static int generation;

static void serve_metadata(void *context, const struct http_stub_request *request, struct buf *answer)
{
	char value[64], keys[256];
	bool good;

	(void)context;
	if (generation == 0) {
		http_stub_answer(answer, "503 Ill", "", "");
	} else if (strcmp(request->target, "/latest/api/token") == 0) {
		http_stub_header(request, "X-aws-ec2-metadata-token-ttl-seconds", value, sizeof value);
		good = strcmp(request->method, "PUT") == 0 && strcmp(value, "21600") == 0;
		http_stub_answer(answer, good ? "200 OK" : "400 No", "", "the-token");
	} else if (strcmp(http_stub_header(request, "x-aws-ec2-metadata-token", value, sizeof value), "the-token")) {
		http_stub_answer(answer, "401 Unauthorized", "", "");
	} else if (strcmp(request->target, "/latest/meta-data/iam/security-credentials/") == 0) {
		http_stub_answer(answer, "200 OK", "", "a-role\n");
	} else if (strcmp(request->target, "/latest/meta-data/iam/security-credentials/a-role") == 0) {
		snprintf(keys, sizeof keys,
			"{\"Code\":\"Success\",\"AccessKeyId\":\"M%d\",\"SecretAccessKey\":\"MS\",\"Token\":\"MT\","
			"\"Expiration\":\"2026-01-01T%02d:00:00Z\"}", generation, generation);
		http_stub_answer(answer, "200 OK", "", generation == 9 ? "{\"Code\":\"Failed\"}" : keys);
	} else {
		http_stub_answer(answer, "404 Not Found", "", "");
	}
}

static void asks_the_metadata_service(void **state)
{
	struct http_stub *stub = http_stub_start(serve_metadata, NULL);
	struct credentials_places places = {.find_in_metadata = credentials_find_in_metadata,
		.metadata_url = http_stub_url(stub), .metadata_ms = 30000};
	struct credentials *credentials;
	struct sigv4_credentials keys;
	int asked;

	(void)state;
	generation = 1;
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	expect_keys(credentials, "M1", "MS", "MT", "metadata");
	asked = http_stub_requests(stub);
	assert_int_equal(asked, 3);
	generation = 2;
	now_ms += (3600 - CREDENTIALS_EARLY_S - 1) * 1000;
	expect_keys(credentials, "M1", "MS", "MT", "metadata");
	assert_int_equal(http_stub_requests(stub), asked);
	now_ms += 1000;
	expect_keys(credentials, "M2", "MS", "MT", "metadata");
	/* Ill when it is time: the old ones until their end. */
	generation = 0;
	now_ms = (START_S + 2 * 3600 - 1) * 1000;
	expect_keys(credentials, "M2", "MS", "MT", "metadata");
	now_ms += 1000;
	assert_int_equal(credentials_get(credentials, &keys, NULL), ERR_UNAUTHORIZED);
	generation = 9;
	assert_int_equal(credentials_get(credentials, &keys, NULL), ERR_UNPROCESSABLE);
	generation = 5;
	expect_keys(credentials, "M5", "MS", "MT", "metadata");
	generation = 6;
	credentials_expire(credentials);
	expect_keys(credentials, "M6", "MS", "MT", "metadata");
	credentials_free(credentials);
	http_stub_stop(stub);
}

static void says_when_there_are_none(void **state)
{
	struct credentials_places places = {.file = "/nonexistent",
		.find_in_metadata = credentials_find_in_metadata, .metadata_url = "http://127.0.0.1:1"};
	struct credentials *credentials;
	struct sigv4_credentials keys;

	(void)state;
	assert_int_equal(credentials_open(&places, &at, &credentials, NULL), ERR_OK);
	assert_int_equal(credentials_get(credentials, &keys, NULL), ERR_UNAUTHORIZED);
	credentials_free(credentials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_the_configuration_first, set_up, fixture_remove),
		cmocka_unit_test_setup_teardown(takes_the_environment_then, set_up, fixture_remove),
		cmocka_unit_test_setup_teardown(reads_a_profile_of_a_file, set_up, fixture_remove),
		cmocka_unit_test_setup_teardown(refuses_a_file_that_others_may_read, set_up, fixture_remove),
		cmocka_unit_test_setup_teardown(reads_a_file_again, set_up, fixture_remove),
		cmocka_unit_test_setup_teardown(asks_the_metadata_service, set_up, fixture_remove),
		cmocka_unit_test_setup_teardown(says_when_there_are_none, set_up, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
