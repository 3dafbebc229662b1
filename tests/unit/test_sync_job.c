/* SPDX-License-Identifier: MIT */
#include "jobs/sync_job.h"

#include "fixture.h"
#include "stub_store.h"
#include "model/sending.h"
#include "storage/remote_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRACK "01jd5w3k9q2m8x7c4b6v0n1ztr"
#define KEY "media/" TRACK "/high.mp4"

/* Notes what is removed. */
static void handle(void *context, const struct http_stub_request *request, struct buf *answer)
{
	assert_string_equal(request->method, "DELETE");
	buf_printf(context, "%s\n", request->target);
	http_stub_answer(answer, "204 No Content", "", "");
}

/* The track was deleted while its file was on its way: nobody would come back to the parts that are there. */
static void ends_what_was_on_its_way(void **state)
{
	const struct stored stored = {.what = STORED_RENDITION, .track = TRACK, .name = "high", .etag = "aa", .size = 9};
	struct fixture *fixture = *state;
	struct sending record = {.key = KEY, .upload = "u1", .source = "sha256 aa", .size = 9, .part_size = 5};
	struct err_info info = {0};
	struct http_stub *stub;
	struct remote *rows;
	struct conf conf;
	struct buf removed;
	size_t count;

	buf_init(&removed, 4096);
	stub = http_stub_start(handle, &removed);
	conf = stub_store_conf(stub, fixture->dir);
	conf.store_sync = true;
	conf.keep_local = "always";
	record.store = remote_store(&conf, &fixture->arena);
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "very secret", 1);
	assert_int_equal(remote_expect(fixture->db, record.store, KEY, &stored, NULL), ERR_OK);
	assert_int_equal(sending_begin(fixture->db, &record, NULL), ERR_OK);
	if (sync_work(&(struct network_job){.conf = &conf, .db = fixture->db, .payload = "{\"track\":\"" TRACK "\"}"},
		    &info) != ERR_OK)
		fail_msg("%s", info.detail);
	assert_string_equal(buf_text(&removed), "/bucket/" KEY "?uploadId=u1\n/bucket/" KEY "\n");
	assert_int_equal(
		sending_get(fixture->db, record.store, KEY, &fixture->arena, &record, NULL), ERR_NOT_FOUND);
	assert_int_equal(remote_list(fixture->db, remote_store(&conf, &fixture->arena), TRACK, &fixture->arena, &rows,
				 &count, NULL),
		ERR_OK);
	assert_int_equal(count, 0);
	http_stub_stop(stub);
	buf_free(&removed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ends_what_was_on_its_way, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
