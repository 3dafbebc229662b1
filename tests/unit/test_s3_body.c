/* SPDX-License-Identifier: MIT */
#include "storage/s3_body.h"

#include "base/fs.h"
#include "fixture.h"
#include "http_stub.h"
#include "storage/s3.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 3 * S3_CHUNK + 1000, ROOM = 50000 };

struct stage {
	struct fixture *fixture;
	int fd;
	char *bytes, sha256[HASH_HEX_SIZE];
};

static struct stage stage;

static int set_up(void **state)
{
	const char *path;

	memset(&stage, 0, sizeof stage);
	if (fixture_dir(state) != 0)
		return -1;
	stage.fixture = *state;
	stage.bytes = malloc(SIZE);
	assert_non_null(stage.bytes);
	for (size_t i = 0; i < SIZE; i++)
		stage.bytes[i] = (char)(i / 3 % 251);
	hash_sha256_hex(stage.bytes, SIZE, stage.sha256);
	path = arena_printf(&stage.fixture->arena, "%s/source", stage.fixture->dir);
	assert_int_equal(fs_write_file(path, stage.bytes, SIZE, 0600, NULL), ERR_OK);
	stage.fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(stage.fd >= 0);
	return 0;
}

static int tear_down(void **state)
{
	close(stage.fd);
	free(stage.bytes);
	return fixture_remove(state);
}

/* The file is another from now on, by its last byte. */
static void alter(void)
{
	assert_int_equal(pwrite(stage.fd, "?", 1, SIZE - 1), 1);
}

/* Reads BODY to its end, or until that fails, and compares what came with the file; the bytes. */
static size_t read_all(struct s3_body *body, ssize_t *last)
{
	char piece[ROOM];
	size_t at = 0;

	while ((*last = s3_body_read(body, piece, sizeof piece)) > 0) {
		assert_memory_equal(piece, stage.bytes + at, (size_t)*last);
		at += (size_t)*last;
	}
	return at;
}

static void counts_on_the_way(void **state)
{
	struct s3_body body, before;
	char piece[ROOM];
	ssize_t last;

	(void)state;
	s3_body_file(&before, stage.fd, 0, SIZE);
	assert_int_equal(s3_body_digest(&before, NULL), ERR_OK);
	s3_body_file(&body, stage.fd, 0, SIZE);
	s3_body_know(&body, stage.sha256);
	assert_memory_equal(body.digests.sha256, before.digests.sha256, HASH_SIZE);
	assert_true(s3_body_rewind(&body));
	assert_int_equal(s3_body_read(&body, piece, sizeof piece), ROOM);
	/* The connection broke. */
	assert_true(s3_body_rewind(&body));
	assert_int_equal(read_all(&body, &last), SIZE);
	assert_int_equal(last, 0);
	assert_false(body.altered);
	assert_memory_equal(body.digests.md5, before.digests.md5, S3_MD5_SIZE);
	s3_body_end(&before);
	s3_body_end(&body);
}

static void keeps_the_end_of_what_is_altered(void **state)
{
	struct s3_body body;
	ssize_t last;

	(void)state;
	alter();
	s3_body_file(&body, stage.fd, 0, SIZE);
	s3_body_know(&body, stage.sha256);
	s3_body_rewind(&body);
	assert_true(read_all(&body, &last) < SIZE);
	assert_int_equal(last, -1);
	assert_true(body.altered);
	s3_body_end(&body);
	s3_body_file(&body, stage.fd, 0, 0);
	s3_body_know(&body, stage.sha256);
	assert_int_equal(s3_body_digest(&body, NULL), ERR_IO);
	assert_true(body.altered);
	s3_body_end(&body);
	s3_body_file(&body, stage.fd, 0, SIZE);
	s3_body_know(&body, "no sum at all");
	assert_int_equal(s3_body_digest(&body, NULL), ERR_IO);
	assert_true(body.altered);
	s3_body_end(&body);
}

/* What a store is told of a body. */
struct told {
	char payload[128], md5[64], sum[128];
	size_t length;
};

static void handle(void *context, const struct http_stub_request *request, struct buf *answer)
{
	struct told *told = context;

	http_stub_header(request, "x-amz-content-sha256", told->payload, sizeof told->payload);
	http_stub_header(request, "content-md5", told->md5, sizeof told->md5);
	http_stub_header(request, "x-amz-checksum-sha256", told->sum, sizeof told->sum);
	told->length = request->body_length;
	http_stub_answer(answer, "200 OK", "", "");
}

static void count_end(void *context, enum err err)
{
	(void)err;
	++*(int *)context;
}

/* Puts the file as one that has its first SHA-256, with PAYLOAD and CHECKSUM. */
static enum err put(struct told *told, enum s3_payload payload, enum s3_checksum checksum, int *ends)
{
	struct credentials_places places = {.access_key = "AKID", .secret_key = "very secret", .metadata_url = "off"};
	struct http_stub *stub = http_stub_start(handle, told);
	struct s3_options options = {.endpoint = http_stub_url(stub),
		.region = "eu-test-1",
		.bucket = "bucket",
		.limits = {.connect_ms = 30000, .least_rate = 1, .slow_s = 60, .parallel = 1},
		.guard = {.ended = count_end, .context = ends},
		.payload = payload,
		.checksum = checksum};
	struct storage_put put = {.key = "a", .fd = stage.fd, .size = SIZE, .sha256 = stage.sha256};
	struct storage *storage;
	struct err_info info;
	enum err err;

	memset(told, 0, sizeof *told);
	assert_int_equal(credentials_open(&places, NULL, &options.credentials, NULL), ERR_OK);
	assert_int_equal(s3_open(&options, &storage, NULL), ERR_OK);
	err = storage_put(storage, &put, &stage.fixture->arena, NULL, &info);
	storage_close(storage);
	credentials_free(options.credentials);
	http_stub_stop(stub);
	return err;
}

static void is_read_once_when_it_is_known(void **state)
{
	struct told told;
	int ends = 0;

	(void)state;
	assert_int_equal(put(&told, S3_PAYLOAD_SIGNED, S3_CHECKSUM_MD5, &ends), ERR_OK);
	assert_int_equal(told.length, SIZE);
	assert_string_equal(told.payload, stage.sha256);
	assert_string_equal(told.md5, "");
	assert_int_equal(put(&told, S3_PAYLOAD_SIGNED, S3_CHECKSUM_SHA256, &ends), ERR_OK);
	assert_int_equal(strlen(told.sum), 44);
	assert_int_equal(put(&told, S3_PAYLOAD_CHUNKED, S3_CHECKSUM_MD5, &ends), ERR_OK);
	assert_int_equal(told.length, s3_body_wire_size(SIZE));
	assert_int_equal(ends, 3);
}

static void is_not_sent_when_it_is_altered(void **state)
{
	struct told told;
	int ends = 0;

	(void)state;
	alter();
	assert_int_equal(put(&told, S3_PAYLOAD_SIGNED, S3_CHECKSUM_MD5, &ends), ERR_UNPROCESSABLE);
	assert_int_equal(told.length, 0);
	assert_int_equal(put(&told, S3_PAYLOAD_CHUNKED, S3_CHECKSUM_MD5, &ends), ERR_UNPROCESSABLE);
	assert_int_equal(told.length, 0);
	assert_int_equal(ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_on_the_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_the_end_of_what_is_altered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(is_read_once_when_it_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(is_not_sent_when_it_is_altered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
