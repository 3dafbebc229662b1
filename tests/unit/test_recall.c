/* SPDX-License-Identifier: MIT */
#include "storage/recall.h"

#include "base/fs.h"
#include "fixture.h"
#include "model/remote.h"
#include "model/rendition.h"
#include "storage/local.h"
#include "storage/mirror.h"
#include "storage/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODIFIED = 1700000000 };

static const char track_id[] = "01jd5w3k9q2m8x7c4b6v0n1ztr";
static const char bytes[] = "the sound of it";

static struct stage {
	struct fixture *fixture;
	struct conf conf;
	struct store store;
	struct stored *file;
} stage;

static void put(const char *name, const char *text)
{
	struct arena *arena = &stage.fixture->arena;
	const char *path = arena_printf(arena, "%s/%s", stage.fixture->dir, name);

	assert_int_equal(
		fs_make_dirs(arena_printf(arena, "%.*s", (int)(strrchr(path, '/') - path), path), 0700, NULL), ERR_OK);
	assert_int_equal(fs_write_file(path, text, strlen(text), 0600, NULL), ERR_OK);
}

static void put_rendition(const char *text)
{
	struct rendition row = {.codec = "aac", .container = "cmaf", .bit_rate = 1, .modified = MODIFIED};
	size_t count;

	row.file_size = strlen(text);
	snprintf(row.track, sizeof row.track, "%s", track_id);
	snprintf(row.quality, sizeof row.quality, "high");
	snprintf(row.file, sizeof row.file, "high.mp4");
	hash_sha256_hex(text, strlen(text), row.etag);
	assert_int_equal(rendition_put(stage.fixture->db, &row, NULL), ERR_OK);
	assert_int_equal(
		stored_list(stage.fixture->db, track_id, &stage.fixture->arena, &stage.file, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
}

static int set_up(void **state)
{
	struct track track = {.owner = "", .created_ms = 1, .updated_ms = 1};

	memset(&stage, 0, sizeof stage);
	if (fixture_db(state) != 0)
		return -1;
	stage.fixture = *state;
	stage.conf = (struct conf){.data_dir = stage.fixture->dir, .store_prefix = "music/", .upload_size = 1};
	stage.store.conf = &stage.conf;
	snprintf(track.id, sizeof track.id, "%s", track_id);
	assert_int_equal(track_insert(stage.fixture->db, &track, NULL), ERR_OK);
	put_rendition(bytes);
	put("store/music/media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4", bytes);
	return local_open(arena_printf(&stage.fixture->arena, "%s/store", stage.fixture->dir), &stage.store.storage,
		       NULL) == ERR_OK
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	storage_close(stage.store.storage);
	return fixture_remove(state);
}

static enum err fetch(struct spool *out)
{
	return recall_fetch(&stage.store, &stage.conf, stage.file, &stage.fixture->arena, out, NULL);
}

static void expect_nothing_left(void)
{
	/* It removes a folder only when nothing is in it. */
	assert_int_equal(rmdir(arena_printf(&stage.fixture->arena, "%s/spool", stage.fixture->dir)), 0);
}

static void puts_it_back(void **state)
{
	struct arena *arena = &stage.fixture->arena;
	struct verify_look look = {.damage = DAMAGE_ALTERED};
	struct rendition_view view;
	struct spool spool;
	struct stat status;
	size_t count;
	bool news;

	(void)state;
	put("media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4", "the noise of it");
	assert_int_equal(
		verify_note(&stage.conf, stage.fixture->db, stage.file, &look, NULL, &news, NULL), ERR_OK);
	assert_int_equal(
		rendition_get(stage.fixture->db, track_id, "high", arena, &view, NULL), ERR_NOT_FOUND);
	assert_int_equal(stored_list(stage.fixture->db, track_id, arena, &stage.file, &count, NULL), ERR_OK);
	assert_int_equal(fetch(&spool), ERR_OK);
	assert_int_equal(recall_place(stage.fixture->db, stage.file, &spool, arena, NULL), ERR_OK);
	assert_int_equal(verify_look(verify_path(&stage.conf, stage.file, arena), stage.file, NULL, NULL, &look, NULL),
		ERR_OK);
	assert_int_equal(look.damage, DAMAGE_NONE);
	assert_int_equal(rendition_get(stage.fixture->db, track_id, "high", arena, &view, NULL), ERR_OK);
	assert_int_equal(stat(verify_path(&stage.conf, stage.file, arena), &status), 0);
	assert_int_equal(status.st_mtime, MODIFIED);
	assert_int_equal(status.st_mode & 0777, 0640);
	expect_nothing_left();
}

static void takes_nothing_else(void **state)
{
	struct spool spool;

	(void)state;
	put("store/music/media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4", "the noise of it");
	assert_int_equal(fetch(&spool), ERR_UNPROCESSABLE);
	put("store/music/media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4", "more than it was before");
	assert_int_equal(fetch(&spool), ERR_UNPROCESSABLE);
	assert_int_equal(
		storage_delete(stage.store.storage, "music/media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4", NULL), ERR_OK);
	assert_int_equal(fetch(&spool), ERR_NOT_FOUND);
	expect_nothing_left();
	stage.file->etag[0] = '\0';
	assert_int_equal(fetch(&spool), ERR_UNPROCESSABLE);
}

static void leaves_room(void **state)
{
	struct spool spool;

	(void)state;
	stage.conf.disk_floor = fs_free_bytes(stage.fixture->dir) / 2;
	stage.file->size = stage.conf.disk_floor * 2;
	assert_int_equal(fetch(&spool), ERR_NO_SPACE);
	expect_nothing_left();
}

static void does_not_replace_what_was_made_anew(void **state)
{
	struct stored *before = stage.file;
	struct spool spool;

	(void)state;
	assert_int_equal(fetch(&spool), ERR_OK);
	put("media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4", "a better sound");
	put_rendition("a better sound");
	assert_int_equal(
		recall_place(stage.fixture->db, before, &spool, &stage.fixture->arena, NULL), ERR_CONFLICT);
	expect_nothing_left();
	assert_int_equal(stage.file->size, strlen("a better sound"));
}

static void does_not_bring_back_what_was_let_go(void **state)
{
	struct db *db = stage.fixture->db;
	struct spool spool;
	bool done;

	(void)state;
	assert_int_equal(fetch(&spool), ERR_OK);
	assert_int_equal(remote_confirm(db, "old", "k", stage.file, stage.file->etag, 1, NULL), ERR_OK);
	assert_int_equal(remote_release(db, "old", "k", stage.file->etag, 2, &done, NULL), ERR_OK);
	assert_int_equal(recall_place(db, stage.file, &spool, &stage.fixture->arena, NULL), ERR_CONFLICT);
	expect_nothing_left();
}

static void moves_to_another_store(void **state)
{
	static const char key[] = "music/media/01jd5w3k9q2m8x7c4b6v0n1ztr/high.mp4";
	struct arena *arena = &stage.fixture->arena;
	struct db *db = stage.fixture->db;
	struct conf conf = stage.conf;
	struct store to = {.conf = &conf, .db = db};
	struct remote remote;
	struct err_info info = {0};
	bool done;
	size_t count;

	(void)state;
	conf.store_prefix = "";
	assert_int_equal(remote_confirm(db, "old", key, stage.file, stage.file->etag, 1, NULL), ERR_OK);
	assert_int_equal(remote_release(db, "old", key, stage.file->etag, 2, &done, NULL), ERR_OK);
	assert_int_equal(stored_list(db, track_id, arena, &stage.file, &count, NULL), ERR_OK);
	assert_true(stage.file->away);
	assert_int_equal(local_open(arena_printf(arena, "%s/new", stage.fixture->dir), &to.storage, NULL), ERR_OK);
	to.send = (struct send){
		.storage = to.storage, .db = db, .store = "new", .threshold = 1 << 20, .part_size = SEND_PART_LEAST};
	if (mirror_copy(&to, &stage.store, stage.file, arena, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	assert_int_equal(
		remote_find(db, "new", track_id, STORED_RENDITION, "high", stage.file->etag, arena, &remote, NULL),
		ERR_OK);
	assert_string_equal(remote.key, key + strlen("music/"));
	assert_true(remote.released_ms > 0);
	expect_nothing_left();
	assert_int_equal(storage_delete(stage.store.storage, key, NULL), ERR_OK);
	assert_int_equal(mirror_copy(&to, &stage.store, stage.file, arena, NULL), ERR_NOT_FOUND);
	storage_close(to.storage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(puts_it_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(does_not_replace_what_was_made_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(does_not_bring_back_what_was_let_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(moves_to_another_store, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
