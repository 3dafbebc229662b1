/* SPDX-License-Identifier: MIT */
/* One gain for the tracks of an album: when it is complete, what it is, whom it lets go on. */
#include "model/album.h"

#include "model/job.h"
#include "model/track.h"
#include "tests/unit/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 1000 };

static void insert(struct fixture *fixture, struct track *track, const char *owner)
{
	static int64_t now;
	struct err_info info;

	now++;
	*track = (struct track){.owner = owner, .created_ms = now, .updated_ms = now};
	id_new(NULL, track->id);
	assert_int_equal(track_insert(fixture->db, track, &info), ERR_OK);
}

/* A track of OWNER on the album "LP" of TRACKS tracks. */
static void add(struct fixture *fixture, struct track *track, const char *owner, int64_t tracks)
{
	struct err_info info;

	insert(fixture, track, owner);
	assert_int_equal(album_add(fixture->db, track->id, "LP", tracks, &info), ERR_OK);
}

/* TRACK turns out to be of LUFS throughout; true when its gain is settled. */
static bool measure(struct fixture *fixture, const struct track *track, double lufs, double peak_dbtp)
{
	const struct loudness loudness = {.integrated_lufs = lufs, .range_lu = 2, .true_peak_dbtp = peak_dbtp};
	uint32_t bins[LOUDNESS_BINS] = {0};
	struct err_info info;
	bool settled;

	bins[loudness_bin(lufs)] = lufs > LOUDNESS_SILENT_LUFS ? BLOCKS : 0;
	assert_int_equal(album_measured(fixture->db, track->id, &loudness, bins, &info), ERR_OK);
	assert_int_equal(album_settle(fixture->db, track->id, -14, -1, 0, &settled, &info), ERR_OK);
	return settled;
}

static struct album_part get(struct fixture *fixture, const struct track *track)
{
	struct album_part part;
	struct err_info info;

	assert_int_equal(album_get(fixture->db, track->id, &part, &info), ERR_OK);
	return part;
}

static double gain_of(struct fixture *fixture, const struct track *track)
{
	struct album_part part = get(fixture, track);

	assert_true(part.measured && part.settled && part.loudness.applied);
	return part.loudness.gain_db;
}

static void gain_is_that_of_the_whole(void **state)
{
	struct fixture *fixture = *state;
	struct track loud, quiet, stranger;

	add(fixture, &loud, "alice", 2);
	add(fixture, &stranger, "bob", 1);
	assert_false(measure(fixture, &loud, -10, -3)); /* one of two */
	assert_false(get(fixture, &loud).settled);
	assert_true(measure(fixture, &stranger, -30, -20));
	assert_float_equal(gain_of(fixture, &stranger), 16, 0.06);
	add(fixture, &quiet, "alice", 2);
	assert_false(get(fixture, &quiet).measured);
	assert_true(measure(fixture, &quiet, -16, -6));
	/* The mean power of both: 10 log10((10^-1 + 10^-1.6) / 2) = -12.04. */
	assert_float_equal(gain_of(fixture, &loud), -1.96, 0.06);
	assert_float_equal(gain_of(fixture, &quiet), gain_of(fixture, &loud), 1e-9);
	assert_float_equal(get(fixture, &quiet).loudness.integrated_lufs, -16, 1e-9);
	assert_float_equal(get(fixture, &quiet).loudness.range_lu, 2, 1e-9);
	assert_int_equal(get(fixture, &quiet).bins[loudness_bin(-16)], BLOCKS);
}

static void no_track_clips(void **state)
{
	struct fixture *fixture = *state;
	struct track peaky, quiet;

	add(fixture, &peaky, "alice", 2);
	add(fixture, &quiet, "alice", 2);
	measure(fixture, &quiet, -30, -20);
	assert_true(measure(fixture, &peaky, -24, -3));
	assert_float_equal(gain_of(fixture, &quiet), 2, 1e-9); /* the peak of the other comes to -1 dBTP */
	assert_float_equal(gain_of(fixture, &peaky), 2, 1e-9);
}

/* What comes later changes nothing, and gets less where it would clip. */
static void settled_is_settled(void **state)
{
	struct fixture *fixture = *state;
	struct track first, late, peaky, later;
	struct err_info info;

	add(fixture, &first, "alice", 1);
	assert_true(measure(fixture, &first, -20, -10));
	add(fixture, &late, "alice", 4);
	assert_true(measure(fixture, &late, -30, -20));
	add(fixture, &peaky, "alice", 4);
	assert_true(measure(fixture, &peaky, -10, -0.5));
	add(fixture, &later, "alice", 4);
	assert_true(measure(fixture, &later, -12, -12));
	assert_float_equal(gain_of(fixture, &first), 6, 0.06);
	assert_float_equal(gain_of(fixture, &late), gain_of(fixture, &first), 1e-9);
	assert_float_equal(gain_of(fixture, &peaky), -0.5, 1e-9);
	assert_float_equal(gain_of(fixture, &later), gain_of(fixture, &first), 1e-9);
	/* Nor does asking again. */
	assert_int_equal(album_add(fixture->db, first.id, "EP", 9, &info), ERR_OK);
	assert_float_equal(gain_of(fixture, &first), 6, 0.06);
}

static void the_newest_says_how_many(void **state)
{
	struct fixture *fixture = *state;
	struct track first, second;
	struct err_info info;

	add(fixture, &first, "alice", 12);
	assert_false(measure(fixture, &first, -20, -10));
	add(fixture, &second, "alice", 2);
	assert_true(measure(fixture, &second, -20, -10));
	assert_float_equal(gain_of(fixture, &first), 6, 0.06);
	/* And somebody who has counted them again. */
	add(fixture, &first, "bob", 3);
	assert_false(measure(fixture, &first, -20, -10));
	assert_int_equal(album_expect(fixture->db, "bob", "LP", 1, &info), ERR_OK);
	assert_true(measure(fixture, &first, -20, -10));
}

static void silence_has_a_gain_of_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct track track;

	add(fixture, &track, "alice", 1);
	assert_true(measure(fixture, &track, LOUDNESS_SILENT_LUFS, LOUDNESS_SILENT_DBTP));
	assert_float_equal(gain_of(fixture, &track), 0, 1e-9);
}

static void claim(struct fixture *fixture, struct job *job, int64_t now_ms)
{
	struct err_info info;

	assert_int_equal(
		job_claim(fixture->db, "runner", JOB_MEDIA, now_ms, 60000, &fixture->arena, job, &info), ERR_OK);
}

static void submit(struct fixture *fixture, const struct track *track)
{
	struct job job = {.kind = "transcode",
		.track = track->id,
		.payload = "{}",
		.submitter = "alice",
		.max_attempts = 3,
		.created_ms = 1000};
	struct err_info info;

	id_new(NULL, job.id);
	assert_int_equal(job_submit(fixture->db, &job, 0, &info), ERR_OK);
}

static bool nothing_to_do(struct fixture *fixture, int64_t now_ms)
{
	struct err_info info;
	struct job job;

	return job_claim(fixture->db, "runner", JOB_MEDIA, now_ms, 60000, &fixture->arena, &job, &info) ==
	       ERR_NOT_FOUND;
}

static void parked_jobs_are_let_go(void **state)
{
	struct fixture *fixture = *state;
	struct track first, second;
	struct err_info info;
	struct job job, again;

	add(fixture, &first, "alice", 2);
	add(fixture, &second, "alice", 2);
	submit(fixture, &first);
	claim(fixture, &job, 2000);
	assert_int_equal(job_park(fixture->db, job.id, "other", "album", 900000, 2000, &info), ERR_CONFLICT);
	assert_int_equal(job_park(fixture->db, job.id, "runner", "album", 900000, 2000, &info), ERR_OK);
	assert_true(nothing_to_do(fixture, 3000));
	assert_int_equal(album_release(fixture->db, "bob", "LP", 4000, &info), ERR_OK);
	assert_true(nothing_to_do(fixture, 5000));
	assert_int_equal(album_release(fixture->db, "alice", "LP", 6000, &info), ERR_OK);
	claim(fixture, &again, 7000);
	assert_string_equal(again.id, job.id);
	assert_int_equal(again.attempts, 1); /* waiting was none */
}

/* Its job is dead: nobody waits for its measure any more. */
static void a_lost_track_holds_nobody_up(void **state)
{
	struct fixture *fixture = *state;
	struct track good, bad;
	struct err_info info;
	struct job job, lost;
	enum job_state end;

	add(fixture, &good, "alice", 2);
	add(fixture, &bad, "alice", 2);
	submit(fixture, &good);
	claim(fixture, &job, 2000);
	assert_false(measure(fixture, &good, -20, -10));
	assert_int_equal(job_park(fixture->db, job.id, "runner", "album", 900000, 2000, &info), ERR_OK);
	submit(fixture, &bad);
	claim(fixture, &lost, 3000);
	assert_int_equal(
		job_fail(fixture->db, lost.id, "runner", "no music", 1, 0, 4000, &end, &info), ERR_OK);
	assert_int_equal(end, JOB_DEAD);
	claim(fixture, &lost, 5000);
	assert_string_equal(lost.id, job.id);
	assert_true(measure(fixture, &good, -20, -10));
}

static void a_deleted_track_holds_nobody_up(void **state)
{
	struct fixture *fixture = *state;
	struct track good, gone, anew;
	struct err_info info;
	struct job job, again;

	add(fixture, &good, "alice", 2);
	add(fixture, &gone, "alice", 2);
	submit(fixture, &good);
	claim(fixture, &job, 2000);
	assert_false(measure(fixture, &good, -20, -10));
	assert_int_equal(job_park(fixture->db, job.id, "runner", "album", 900000, 2000, &info), ERR_OK);
	assert_true(nothing_to_do(fixture, 3000));
	assert_int_equal(track_delete(fixture->db, gone.id, &info), ERR_OK);
	add(fixture, &anew, "alice", 2);
	assert_false(measure(fixture, &good, -20, -10)); /* it is awaited */
	assert_int_equal(track_delete(fixture->db, anew.id, &info), ERR_OK);
	claim(fixture, &again, 4000);
	assert_string_equal(again.id, job.id);
	assert_true(measure(fixture, &good, -20, -10));
}

/* What was announced and does not come is waited for no longer, unless a job is to bring it. */
static void an_album_does_not_wait_for_ever(void **state)
{
	struct fixture *fixture = *state;
	struct track first, second, coming;
	struct err_info info;
	struct job job;
	bool settled;

	add(fixture, &first, "alice", 4);
	add(fixture, &second, "alice", 4);
	add(fixture, &coming, "alice", 4);
	submit(fixture, &coming);
	assert_false(measure(fixture, &first, -10, -3));
	assert_false(measure(fixture, &second, -16, -6));
	assert_int_equal(
		album_settle(fixture->db, first.id, -14, -1, coming.created_ms, &settled, &info), ERR_OK);
	assert_false(settled);
	claim(fixture, &job, 2000);
	assert_int_equal(job_finish(fixture->db, job.id, "runner", 3000, &info), ERR_OK);
	assert_int_equal(
		album_settle(fixture->db, first.id, -14, -1, coming.created_ms - 1, &settled, &info), ERR_OK);
	assert_false(settled);
	assert_int_equal(
		album_settle(fixture->db, first.id, -14, -1, coming.created_ms, &settled, &info), ERR_OK);
	assert_true(settled);
	assert_float_equal(gain_of(fixture, &first), -1.96, 0.06);
	assert_float_equal(gain_of(fixture, &second), gain_of(fixture, &first), 1e-9);
	assert_false(get(fixture, &coming).settled);
}

static void deleted_tracks_are_gone(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t bins[LOUDNESS_BINS] = {0};
	struct album_part part = {0};
	struct track track;
	struct err_info info;
	bool settled;

	add(fixture, &track, "alice", 1);
	assert_int_equal(track_delete(fixture->db, track.id, &info), ERR_OK);
	assert_int_equal(album_get(fixture->db, track.id, &part, &info), ERR_NOT_FOUND);
	assert_int_equal(album_measured(fixture->db, track.id, &part.loudness, bins, &info), ERR_NOT_FOUND);
	assert_int_equal(album_settle(fixture->db, track.id, -14, -1, 0, &settled, &info), ERR_NOT_FOUND);
	assert_false(settled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gain_is_that_of_the_whole, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(no_track_clips, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(settled_is_settled, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(the_newest_says_how_many, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(silence_has_a_gain_of_nothing, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(parked_jobs_are_let_go, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_lost_track_holds_nobody_up, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(a_deleted_track_holds_nobody_up, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(an_album_does_not_wait_for_ever, fixture_db, fixture_remove),
		cmocka_unit_test_setup_teardown(deleted_tracks_are_gone, fixture_db, fixture_remove),
	};

	return cmocka_run_group_tests_name("album", tests, NULL, NULL);
}
