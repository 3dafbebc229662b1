/* SPDX-License-Identifier: MIT */
#include "model/loudness_row.h"

#include "model/track.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 1000 };

/* A track of OWNER on ALBUM whose blocks are all of LUFS. */
static void put(struct fixture *fixture, struct track *track, const char *owner, const char *album, double lufs)
{
	const struct loudness_row row = {
		.loudness = {.integrated_lufs = lufs, .true_peak_dbtp = -3, .gain_db = -14 - lufs},
		.filter = "highpass=f=80",
		.album = album};
	uint32_t bins[LOUDNESS_BINS] = {0};
	struct err_info info;

	*track = (struct track){.owner = owner, .created_ms = 1, .updated_ms = 1};
	id_new(NULL, track->id);
	bins[loudness_bin(lufs)] = BLOCKS;
	assert_int_equal(track_insert(fixture->db, track, &info), ERR_OK);
	assert_int_equal(loudness_row_put(fixture->db, track->id, &row, bins, -14, -1, &info), ERR_OK);
}

static struct loudness_row get(struct fixture *fixture, const struct track *track)
{
	struct loudness_row row;
	struct err_info info;

	assert_int_equal(loudness_row_get(fixture->db, track->id, &fixture->arena, &row, &info), ERR_OK);
	return row;
}

static void first_row_stays(void **state)
{
	struct fixture *fixture = *state;
	const struct loudness_row other = {.loudness = {.integrated_lufs = -5}};
	const uint32_t bins[LOUDNESS_BINS] = {0};
	struct loudness_row row;
	struct err_info info;
	struct track track;

	put(fixture, &track, "alice", NULL, -20);
	assert_int_equal(loudness_row_put(fixture->db, track.id, &other, bins, -14, -1, &info), ERR_OK);
	row = get(fixture, &track);
	assert_float_equal(row.loudness.integrated_lufs, -20, 1e-6);
	assert_float_equal(row.loudness.gain_db, 6, 1e-6);
	assert_string_equal(row.filter, "highpass=f=80");
	assert_null(row.album);
	assert_int_equal(track_delete(fixture->db, track.id, &info), ERR_OK);
	assert_int_equal(loudness_row_get(fixture->db, track.id, &fixture->arena, &row, &info), ERR_NOT_FOUND);
}

static void album_is_computed_when_a_track_joins(void **state)
{
	struct fixture *fixture = *state;
	struct track loud, quiet, stranger;

	put(fixture, &loud, "alice", "LP", -10);
	assert_float_equal(get(fixture, &loud).album_lufs, -10, 0.06);
	put(fixture, &stranger, "bob", "LP", -30);
	put(fixture, &quiet, "alice", "LP", -16);
	/* The mean power of both: 10 log10((10^-1 + 10^-1.6) / 2). */
	assert_float_equal(get(fixture, &loud).album_lufs, -12.04, 0.06);
	assert_float_equal(get(fixture, &quiet).album_lufs, -12.04, 0.06);
	assert_float_equal(get(fixture, &quiet).album_gain_db, -1.96, 0.06);
	assert_float_equal(get(fixture, &stranger).album_lufs, -30, 0.06);
}

static void album_is_computed_when_a_track_leaves(void **state)
{
	struct fixture *fixture = *state;
	struct track loud, quiet, single;
	struct err_info info;

	put(fixture, &loud, "alice", "LP", -10);
	put(fixture, &quiet, "alice", "LP", -16);
	put(fixture, &single, "alice", NULL, -16);
	assert_int_equal(loudness_row_delete(fixture->db, loud.id, -14, -1, &fixture->arena, &info), ERR_OK);
	assert_float_equal(get(fixture, &quiet).album_lufs, -16, 0.06);
	assert_float_equal(get(fixture, &quiet).album_gain_db, 2, 0.06);
	assert_int_equal(loudness_row_delete(fixture->db, quiet.id, -14, -1, &fixture->arena, &info), ERR_OK);
	assert_int_equal(loudness_row_delete(fixture->db, quiet.id, -14, -1, &fixture->arena, &info), ERR_OK);
	assert_int_equal(loudness_row_delete(fixture->db, single.id, -14, -1, &fixture->arena, &info), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_row_stays, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(album_is_computed_when_a_track_joins, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(album_is_computed_when_a_track_leaves, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests_name("loudness_row", tests, NULL, NULL);
}
