/* SPDX-License-Identifier: MIT */
/* Buckets and places in shared memory: their arithmetic, and processes and threads that fight for them, or die. */
#include "auth/rate_table.h"
#include "fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1700000000000);

static const char *path_of(struct fixture *fixture)
{
	return arena_printf(&fixture->arena, "%s/limits", fixture->dir);
}

static struct rate_table *open_table(struct fixture *fixture)
{
	struct rate_table *table;
	struct err_info info = {0};

	if (rate_table_open(path_of(fixture), &table, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	return table;
}

static uint64_t key_of(const struct rate_table *table, const char *text, uint64_t number)
{
	return rate_key(table, text, strlen(text), number);
}

static void a_bucket_fills_at_its_rate(void **state)
{
	static const struct rate_bucket bucket = {.per_second = 2, .burst = 3};
	struct rate_table *table = open_table(*state);
	uint64_t key = key_of(table, "alice", 0);
	struct rate_answer answer;

	for (int i = 2; i >= 0; i--) {
		answer = rate_take(table, key, &bucket, 1, 1, now);
		assert_true(answer.granted);
		assert_int_equal(answer.left, i);
		assert_int_equal(answer.wait_ms, 500);
	}
	answer = rate_take(table, key, &bucket, 1, 1, now + 400);
	assert_false(answer.granted);
	assert_int_equal(answer.left, 0);
	assert_int_equal(answer.wait_ms, 100);
	assert_false(rate_take(table, key, &bucket, 1, 1, now + 499).granted);
	assert_true(rate_take(table, key, &bucket, 1, 1, now + 500).granted);
	assert_false(rate_take(table, key, &bucket, 1, 1, now + 500).granted);
	answer = rate_take(table, key, &bucket, 1, 1, now + 2500);
	assert_true(answer.granted);
	assert_int_equal(answer.left, 2);
	/* full is full, however long ago */
	assert_int_equal(rate_take(table, key, &bucket, 1, 1, now + 1000000).left, 2);
	assert_int_equal(rate_take(table, key_of(table, "bob", 0), &bucket, 1, 1, now).left, 2);
	assert_int_equal(rate_take(table, key_of(table, "alice", 1), &bucket, 1, 1, now).left, 2);
	rate_table_close(table);
}

static void what_costs_more_than_there_is_is_owed(void **state)
{
	static const struct rate_bucket bucket = {.per_second = 1000, .burst = 10000};
	struct rate_table *table = open_table(*state);
	uint64_t key = key_of(table, "alice", 0);
	struct rate_answer answer;

	assert_true(rate_take(table, key, &bucket, 1, 9000, now).granted);
	answer = rate_take(table, key, &bucket, 1, 10000, now);
	assert_true(answer.granted);
	assert_int_equal(answer.left, 0);
	assert_int_equal(answer.wait_ms, 9001);
	answer = rate_take(table, key, &bucket, 1, 1, now);
	assert_false(answer.granted);
	assert_int_equal(answer.wait_ms, 9001);
	assert_false(rate_take(table, key, &bucket, 1, 1, now + 9000).granted);
	assert_true(rate_take(table, key, &bucket, 1, 1, now + 9001).granted);
	rate_table_close(table);
}

/* Somebody set the clock of the machine: nobody waits for years. */
static void a_clock_that_goes_back(void **state)
{
	static const struct rate_bucket bucket = {.per_second = 1, .burst = 1};
	const struct rate_holder holder = {1, 2};
	struct rate_table *table = open_table(*state);
	uint64_t key = key_of(table, "alice", 0);

	assert_true(rate_take(table, key, &bucket, 1, 1, now + 4 * RATE_HORIZON_MS).granted);
	assert_true(rate_take(table, key, &bucket, 1, 1, now).granted);
	assert_false(rate_take(table, key, &bucket, 1, 1, now).granted);
	assert_true(rate_hold(table, key + 1, 1, &holder, now + 4 * RATE_HORIZON_MS, now, now).granted);
	assert_true(rate_hold(table, key + 1, 1, &(struct rate_holder){3, 4}, now + 10, now, now).granted);
	rate_table_close(table);
}

static struct rate_answer hold(struct rate_table *table, uint64_t device, uint64_t what, int64_t until, int64_t at)
{
	const struct rate_holder holder = {device, what};

	return rate_hold(table, 77, 2, &holder, at + until, at + 20, at);
}

static void places(void **state)
{
	struct rate_table *table = open_table(*state);
	struct rate_answer answer;

	assert_int_equal(hold(table, 1, 100, 50, now).left, 1);
	assert_int_equal(hold(table, 1, 100, 60, now).left, 1);
	assert_int_equal(hold(table, 2, 100, 100, now).left, 0);
	answer = hold(table, 3, 100, 50, now);
	assert_false(answer.granted);
	assert_int_equal(answer.wait_ms, 60);
	assert_true(hold(table, 2, 100, 10, now + 30).granted); /* does not shorten what it has */
	assert_false(hold(table, 3, 100, 50, now + 59).granted);
	assert_true(hold(table, 3, 100, 50, now + 60).granted);
	assert_false(hold(table, 4, 100, 50, now + 60).granted);
	assert_true(hold(table, 4, 100, 50, now + 100).granted);
	rate_table_close(table);
}

/* Who goes on to another track on the same device leaves the first. */
static void one_device_at_a_time(void **state)
{
	struct rate_table *table = open_table(*state);

	assert_true(hold(table, 1, 100, 100000, now).granted);
	assert_true(hold(table, 1, 200, 100000, now).granted);
	assert_false(hold(table, 1, 300, 100000, now).granted);
	assert_true(hold(table, 1, 300, 100000, now + 21).granted);
	rate_table_close(table);
}

static void a_place_is_left(void **state)
{
	const struct rate_holder holder = {1, 100};
	struct rate_table *table = open_table(*state);

	assert_true(hold(table, 1, 100, 100000, now).granted);
	assert_true(hold(table, 2, 100, 100000, now).granted);
	rate_leave(table, 77, 2, &holder, now + 5);
	assert_false(hold(table, 3, 100, 50, now + 4).granted);
	assert_true(hold(table, 3, 100, 50, now + 5).granted);
	rate_table_close(table);
}

/* --- many at once -------------------------------------------------------------------------------------------- */

enum { THREADS = 6, ROUNDS = 2000, BURST = 3000, DRAWN = 4 };

static const struct rate_bucket slow = {.per_second = 0.1, .burst = BURST};

struct fighter {
	struct rate_table *table;
	int granted;
};

static void *fight(void *context)
{
	struct fighter *fighter = context;

	for (int i = 0; i < ROUNDS; i++)
		fighter->granted += rate_take(fighter->table, key_of(fighter->table, "alice", 0), &slow, 1, 1, now).granted;
	return NULL;
}

static void threads_get_no_more_than_there_is(void **state)
{
	struct fighter fighters[THREADS];
	pthread_t threads[THREADS];
	int granted = 0;

	for (int i = 0; i < THREADS; i++) {
		fighters[i] = (struct fighter){open_table(*state), 0};
		assert_int_equal(pthread_create(&threads[i], NULL, fight, &fighters[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		granted += fighters[i].granted;
		rate_table_close(fighters[i].table);
	}
	assert_int_equal(granted, BURST);
}

/* Takes from many keys and places until it is killed. */
static void run_wild(const char *path)
{
	struct rate_table *table;

	if (rate_table_open(path, &table, NULL) != ERR_OK)
		_exit(1);
	for (uint64_t i = 0;; i++) {
		const struct rate_holder holder = {i % 7, i % 3};

		rate_take(table, key_of(table, "wild", i % 50000), &slow, 1, 1, now);
		rate_hold(table, i % 1000, 4, &holder, now + 1000, now + 100, now);
	}
}

static void the_dead_leave_no_mess(void **state)
{
	struct fixture *fixture = *state;
	const char *path = path_of(fixture);
	struct rate_table *table = open_table(fixture);
	const struct rate_holder holder = {1, 1};
	struct fighter fighter = {table, 0};
	pid_t children[3];

	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < 3; i++) {
			children[i] = fork();
			if (children[i] == 0)
				run_wild(path);
		}
		fight(&fighter);
		for (size_t i = 0; i < 3; i++) {
			kill(children[i], SIGKILL);
			assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
		}
	}
	/* What the table forgets under pressure is what ends first: a full bucket that fills in hours stays. */
	assert_in_range(fighter.granted, BURST, BURST + DRAWN);
	assert_false(rate_take(table, key_of(table, "alice", 0), &slow, 1, 1, now).granted);
	assert_true(rate_hold(table, 5, 4, &holder, now + 5000, now + 2000, now + 1001).granted);
	rate_table_close(table);
}

/* More keys than cells: the table stays as large as it is, and goes on. */
static void a_flood_of_keys(void **state)
{
	static const struct rate_bucket bucket = {.per_second = 10, .burst = 10};
	struct fixture *fixture = *state;
	struct rate_table *table = open_table(fixture);
	struct stat before, after;
	int granted = 0;

	assert_int_equal(stat(path_of(fixture), &before), 0);
	for (uint64_t i = 0; i < 200000; i++)
		granted += rate_take(table, key_of(table, "flood", i), &bucket, 1, 1, now).granted;
	assert_int_equal(granted, 200000);
	for (int i = 0; i < 10; i++)
		assert_true(rate_take(table, key_of(table, "late", 0), &bucket, 1, 1, now).granted);
	assert_false(rate_take(table, key_of(table, "late", 0), &bucket, 1, 1, now).granted);
	assert_int_equal(stat(path_of(fixture), &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_ino, after.st_ino);
	rate_table_close(table);
}

static void a_file_of_something_else_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	FILE *file = fopen(path_of(fixture), "w");
	struct rate_table *table;
	struct err_info info;

	fputs("something else", file);
	fclose(file);
	table = open_table(fixture);
	assert_true(hold(table, 1, 1, 1, now).granted);
	rate_table_close(table);
	assert_int_equal(
		rate_table_open(arena_printf(&fixture->arena, "%s/no/limits", fixture->dir), &table, &info), ERR_IO);
	assert_null(table);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)
	const struct CMUnitTest tests[] = {
		WITH_DIR(a_bucket_fills_at_its_rate),
		WITH_DIR(what_costs_more_than_there_is_is_owed),
		WITH_DIR(a_clock_that_goes_back),
		WITH_DIR(places),
		WITH_DIR(one_device_at_a_time),
		WITH_DIR(a_place_is_left),
		WITH_DIR(threads_get_no_more_than_there_is),
		WITH_DIR(the_dead_leave_no_mess),
		WITH_DIR(a_flood_of_keys),
		WITH_DIR(a_file_of_something_else_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
