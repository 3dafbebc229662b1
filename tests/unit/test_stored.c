/* SPDX-License-Identifier: MIT */
#include "model/stored.h"

#include "model/rendition.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char track_id[] = "01jd5w3k9q2m8x7c4b6v0n1ztr";

static void put_rendition(struct fixture *fixture, const char *quality, const char *etag)
{
	struct rendition rendition = {
		.codec = "aac", .container = "cmaf", .file_size = 100, .bit_rate = 1, .modified = 9};

	snprintf(rendition.track, sizeof rendition.track, "%s", track_id);
	snprintf(rendition.quality, sizeof rendition.quality, "%s", quality);
	snprintf(rendition.file, sizeof rendition.file, "%s.mp4", quality);
	snprintf(rendition.etag, sizeof rendition.etag, "%s", etag);
	assert_int_equal(rendition_put(fixture->db, &rendition, NULL), ERR_OK);
}

static int make_track(void **state)
{
	struct track track = {.owner = "", .source_file = "s.wav", .source_bytes = 7, .created_ms = 1, .updated_ms = 1};

	if (fixture_db(state) != 0)
		return -1;
	snprintf(track.id, sizeof track.id, "%s", track_id);
	if (track_insert(((struct fixture *)*state)->db, &track, NULL) != ERR_OK)
		return -1;
	put_rendition(*state, "high", "aa");
	put_rendition(*state, "low", "bb");
	return 0;
}

static struct stored *list(struct fixture *fixture, size_t *count)
{
	struct stored *files;

	assert_int_equal(stored_list(fixture->db, track_id, &fixture->arena, &files, count, NULL), ERR_OK);
	return files;
}

static bool mark(struct fixture *fixture, const struct stored *stored, enum damage damage)
{
	bool news;

	assert_int_equal(stored_mark(fixture->db, stored, damage, "cc", 5, &news, NULL), ERR_OK);
	return news;
}

static size_t visible(struct fixture *fixture)
{
	struct rendition *renditions;
	struct track track;
	size_t count;

	assert_int_equal(
		rendition_list(fixture->db, track_id, &fixture->arena, &track, &renditions, &count, NULL), ERR_OK);
	return count;
}

static void lists_the_source_first(void **state)
{
	size_t count;
	struct stored *files = list(*state, &count);

	assert_int_equal(count, 3);
	assert_int_equal(files[0].what, STORED_SOURCE);
	assert_string_equal(files[0].file, "s.wav");
	assert_string_equal(files[0].etag, "");
	assert_int_equal(files[0].size, 7);
	assert_int_equal(files[1].what, STORED_RENDITION);
	assert_string_equal(files[1].name, "high");
	assert_string_equal(files[1].file, "high.mp4");
	assert_string_equal(files[1].etag, "aa");
}

static void a_damaged_rendition_is_not_found_until_it_is_mended(void **state)
{
	struct fixture *fixture = *state;
	struct stored_damaged *damaged;
	struct rendition_view view;
	struct stored_counts counts;
	size_t count;
	struct stored *files = list(fixture, &count);

	assert_true(mark(fixture, &files[1], DAMAGE_ALTERED));
	assert_false(mark(fixture, &files[1], DAMAGE_ALTERED));
	assert_int_equal(visible(fixture), 1);
	assert_int_equal(rendition_get(fixture->db, track_id, "high", &fixture->arena, &view, NULL), ERR_NOT_FOUND);
	assert_int_equal(stored_set_repair(fixture->db, track_id, "high", "j", NULL), ERR_OK);
	assert_int_equal(stored_list_damaged(fixture->db, NULL, &fixture->arena, &damaged, &count, NULL), ERR_OK);
	assert_int_equal(count, 1);
	assert_string_equal(damaged[0].quality, "high");
	assert_string_equal(damaged[0].repair_job, "j");
	assert_int_equal(damaged[0].damage, DAMAGE_ALTERED);
	assert_int_equal(damaged[0].damaged_ms, 5);
	assert_int_equal(stored_count(fixture->db, &counts, NULL), ERR_OK);
	assert_int_equal(counts.renditions, 1);
	assert_int_equal(counts.sources, 0);

	files = list(fixture, &count);
	assert_int_equal(files[1].damage, DAMAGE_ALTERED);
	assert_true(mark(fixture, &files[1], DAMAGE_NONE));
	assert_int_equal(visible(fixture), 2);

	files = list(fixture, &count);
	assert_true(mark(fixture, &files[1], DAMAGE_MISSING));
	put_rendition(fixture, "high", "dd");
	assert_int_equal(visible(fixture), 2);
	fixture_sql(fixture, "UPDATE rendition SET damage = 'altered' WHERE quality = 'high'");
	assert_int_equal(stored_list_damaged(fixture->db, track_id, &fixture->arena, &damaged, &count, NULL), ERR_OK);
	assert_null(damaged[0].repair_job);
	assert_int_equal(damaged[0].repaired_ms, 9000);
}

static void what_was_replaced_meanwhile_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	size_t count;
	struct stored *files = list(fixture, &count);

	put_rendition(fixture, "high", "other");
	assert_false(mark(fixture, &files[1], DAMAGE_ALTERED));
	assert_int_equal(visible(fixture), 2);
}

static void a_source_keeps_its_first_checksum(void **state)
{
	struct fixture *fixture = *state;
	enum damage damage;
	size_t count;
	struct stored *files = list(fixture, &count);

	assert_false(mark(fixture, &files[0], DAMAGE_NONE));
	files = list(fixture, &count);
	assert_string_equal(files[0].etag, "cc");
	assert_true(mark(fixture, &files[0], DAMAGE_UNREADABLE));
	assert_int_equal(stored_source_damage(fixture->db, track_id, &damage, NULL), ERR_OK);
	assert_int_equal(damage, DAMAGE_UNREADABLE);
	assert_int_equal(stored_source_damage(fixture->db, "nobody", &damage, NULL), ERR_OK);
	assert_int_equal(damage, DAMAGE_NONE);
}

static void a_damaged_extra_goes(void **state)
{
	struct fixture *fixture = *state;
	size_t count;
	struct stored *files;

	fixture_sql(fixture, "INSERT INTO extra VALUES ('01jd5w3k9q2m8x7c4b6v0n1ztr', 'waveform', 'ee', 3, 4),"
			     "('01jd5w3k9q2m8x7c4b6v0n1ztr', 'of another program', 'ff', 3, 4)");
	files = list(fixture, &count);
	assert_int_equal(count, 4);
	assert_string_equal(files[3].file, "waveform.dat");
	assert_true(mark(fixture, &files[3], DAMAGE_TRUNCATED));
	list(fixture, &count);
	assert_int_equal(count, 3);
}

static void a_pass_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct stored_pass pass;
	char next[ID_SIZE];

	assert_int_equal(stored_pass_get(fixture->db, &pass, NULL), ERR_OK);
	assert_int_equal(pass.began_ms, 0);
	assert_int_equal(stored_next_track(fixture->db, pass.after, next, NULL), ERR_OK);
	assert_string_equal(next, track_id);
	assert_int_equal(stored_next_track(fixture->db, next, next, NULL), ERR_NOT_FOUND);
	pass = (struct stored_pass){.began_ms = 3, .ended_ms = 2};
	memcpy(pass.after, track_id, sizeof track_id);
	assert_int_equal(stored_pass_put(fixture->db, &pass, NULL), ERR_OK);
	pass = (struct stored_pass){0};
	assert_int_equal(stored_pass_get(fixture->db, &pass, NULL), ERR_OK);
	assert_string_equal(pass.after, track_id);
	assert_int_equal(pass.began_ms, 3);
	assert_int_equal(pass.ended_ms, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists_the_source_first, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(
			a_damaged_rendition_is_not_found_until_it_is_mended, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(what_was_replaced_meanwhile_is_left_alone, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(a_source_keeps_its_first_checksum, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(a_damaged_extra_goes, make_track, fixture_remove),
		cmocka_unit_test_setup_teardown(a_pass_is_kept, make_track, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
