/* SPDX-License-Identifier: MIT */
#include "jobs/keep_local.h"

#include "base/fs.h"
#include "fixture.h"
#include "stub_store.h"
#include "model/remote.h"
#include "model/rendition.h"
#include "storage/remote_key.h"
#include "storage/sync.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char track_id[] = "01jd5w3k9q2m8x7c4b6v0n1ztr";

/* What the store says that it has. */
static const char *kept;

struct site {
	struct fixture *fixture;
	struct http_stub *stub;
	const char *store;
	struct conf conf;
	struct clock clock;
	struct network_job job;
	int64_t now_ms;
	int looks;        /* at the clock */
	int made_anew_at; /* at this look the file is made anew; 0: never */
};

static const char *path_of(struct site *site)
{
	return arena_printf(&site->fixture->arena, "%s/media/%s/high.mp4", site->fixture->dir, track_id);
}

static struct stored file(struct site *site)
{
	struct stored *files;
	size_t count;

	assert_int_equal(stored_list(site->fixture->db, track_id, &site->fixture->arena, &files, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	return files[0];
}

static const char *key_of(struct site *site)
{
	return arena_printf(&site->fixture->arena, "%smedia/%s/high.mp4", site->conf.store_prefix, track_id);
}

/* As publishing does: another file at the same place, another row, and an object that is to be sent. */
static void make_file(struct site *site, const char *etag)
{
	struct rendition rendition = {
		.quality = "high", .codec = "aac", .container = "cmaf", .file = "high.mp4", .file_size = 2};
	const char *temporary = arena_printf(&site->fixture->arena, "%s/new", site->fixture->dir);
	struct stored stored;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0640);

	assert_int_equal(write(fd, etag, 2), 2);
	close(fd);
	assert_int_equal(rename(temporary, path_of(site)), 0);
	snprintf(rendition.track, sizeof rendition.track, "%s", track_id);
	snprintf(rendition.etag, sizeof rendition.etag, "%s", etag);
	assert_int_equal(rendition_put(site->fixture->db, &rendition, NULL), ERR_OK);
	stored = file(site);
	assert_int_equal(remote_expect(site->fixture->db, site->store, key_of(site), &stored, NULL), ERR_OK);
}

/* A file that the store has. */
static void begin(struct site *site)
{
	struct stored stored;

	site->made_anew_at = 0;
	make_file(site, "aa");
	stored = file(site);
	assert_int_equal(remote_confirm(site->fixture->db, site->store, key_of(site), &stored, "aa", 1, NULL), ERR_OK);
}

static int64_t told_now(void *context)
{
	struct site *site = context;

	if (++site->looks == site->made_anew_at)
		make_file(site, "bb");
	return site->now_ms;
}

static void handle(void *context, const struct http_stub_request *request, struct buf *answer)
{
	(void)context;
	assert_string_equal(request->method, "HEAD");
	buf_printf(answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-amz-meta-sha256: %s\r\n\r\n", kept);
}

static int set_up(void **state)
{
	struct site *site = calloc(1, sizeof *site);
	struct track track = {.owner = "", .created_ms = 1, .updated_ms = 1};

	assert_non_null(site);
	if (fixture_db(state) != 0)
		return -1;
	site->fixture = *state;
	site->now_ms = clock_ms(NULL);
	site->clock = (struct clock){told_now, site};
	kept = "aa";
	site->stub = http_stub_start(handle, NULL);
	site->conf = stub_store_conf(site->stub, site->fixture->dir);
	site->conf.keep_local = "until_synced";
	site->store = remote_store(&site->conf, &site->fixture->arena);
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "very secret", 1);
	site->job = (struct network_job){.conf = &site->conf, .clock = &site->clock, .db = site->fixture->db};
	snprintf(track.id, sizeof track.id, "%s", track_id);
	assert_int_equal(track_insert(site->fixture->db, &track, NULL), ERR_OK);
	assert_int_equal(fs_make_dirs(arena_printf(&site->fixture->arena, "%s/media/%s", site->fixture->dir, track_id),
				 0750, NULL),
		ERR_OK);
	begin(site);
	*state = site;
	return 0;
}

static int tear_down(void **state)
{
	struct site *site = *state;

	*state = site->fixture;
	http_stub_stop(site->stub);
	free(site);
	return fixture_remove(state);
}

static enum err keep(struct site *site)
{
	struct err_info info;

	return keep_local(&site->job, track_id, &info);
}

/* How many names the file at its place has; 0: none. */
static int names(struct site *site)
{
	struct stat status;

	return stat(path_of(site), &status) == 0 ? (int)status.st_nlink : 0;
}

static void goes_when_nobody_heard_it_for_a_while(void **state)
{
	struct site *site = *state;

	assert_int_equal(keep(site), ERR_NOT_READY);
	assert_int_equal(names(site), 2);
	assert_true(file(site).away);
	site->now_ms = site->job.due_ms;
	assert_int_equal(keep(site), ERR_OK);
	assert_int_equal(names(site), 0);
}

static void goes_too_when_the_cache_has_no_room(void **state)
{
	struct site *site = *state;

	site->conf.keep_local = "cache";
	goes_when_nobody_heard_it_for_a_while(state);
}

/* Whenever that is: nobody else has it, so neither does it go nor may the cache take it for its own. */
static void what_is_made_anew_meanwhile_stays(void **state)
{
	struct site *site = *state;
	int at = 1;

	for (;; at++) {
		begin(site);
		site->made_anew_at = site->looks + at;
		for (int i = 0; i < 2; i++)
			keep(site);
		if (site->looks < site->made_anew_at)
			break;
		assert_false(file(site).away);
		assert_string_equal(file(site).etag, "bb");
		assert_int_equal(names(site), 1);
	}
	assert_true(at > 2);
}

static void plan_sync(struct site *site, struct sync_plan *plan)
{
	struct fixture *fixture = site->fixture;

	assert_int_equal(sync_plan(&site->conf, fixture->db, track_id, &fixture->arena, plan, NULL), ERR_OK);
}

/* What was on its way for long came in its place. */
static void what_the_store_has_not_any_more_stays(void **state)
{
	struct site *site = *state;
	struct sync_plan plan;

	kept = "00";
	for (int i = 0; i < 2; i++) {
		assert_int_equal(keep(site), i == 0 ? ERR_IO : ERR_OK);
		site->now_ms += 60000;
	}
	assert_int_equal(names(site), 1);
	assert_false(file(site).away);
	plan_sync(site, &plan);
	assert_int_equal(plan.count, 1);
}

/* The object under the old prefix is all that there is of the file. */
static void another_prefix_makes_nothing_surplus_that_is_only_there(void **state)
{
	struct site *site = *state;
	struct sync_plan plan;

	site->conf.store_prefix = "other/";
	plan_sync(site, &plan);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.surplus_count, 1);
	site->conf.store_prefix = "";
	assert_int_equal(keep(site), ERR_NOT_READY);
	site->conf.store_prefix = "other/";
	plan_sync(site, &plan);
	assert_int_equal(plan.count, 0);
	assert_int_equal(plan.surplus_count, 0);
	assert_int_equal(track_delete(site->fixture->db, track_id, NULL), ERR_OK);
	plan_sync(site, &plan);
	assert_int_equal(plan.surplus_count, 1);
}

/* What the store before had alone, and was heard since, is here and nowhere else should that store be given up. */
static void what_another_store_has_is_sent_and_stays(void **state)
{
	struct site *site = *state;
	struct sync_plan plan;

	site->conf.keep_local = "cache";
	site->conf.cache_size = 1000;
	assert_int_equal(keep(site), ERR_OK);
	assert_true(file(site).away);
	site->conf.store_bucket = "another";
	plan_sync(site, &plan);
	assert_int_equal(plan.count, 1);
	site->conf.keep_local = "until_synced";
	for (int i = 0; i < 2; i++) {
		site->now_ms += 60000;
		assert_int_equal(keep(site), ERR_OK);
	}
	assert_int_equal(names(site), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_when_nobody_heard_it_for_a_while, set_up, tear_down),
		cmocka_unit_test_setup_teardown(goes_too_when_the_cache_has_no_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_made_anew_meanwhile_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_store_has_not_any_more_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			another_prefix_makes_nothing_surplus_that_is_only_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_another_store_has_is_sent_and_stays, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
