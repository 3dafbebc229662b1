/* SPDX-License-Identifier: MIT */
/*
 * How long a claim takes with JOBS in the queue: claim_bench FOLDER JOBS CLAIMS makes a database in FOLDER, queues the
 * jobs of many submitters, times CLAIMS claims, each with the job's end after it, and the oldest pages of the list, and
 * prints {"p50", "p99", "most", "page"} in microseconds, "page" being a median. Each submitter's jobs must come in the
 * order in which they were queued.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "db/db.h"
#include "model/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 1000, SUBMITTERS = 100, LEASE_MS = 30000, MOST = 10000000, PAGE = 50, PAGES_TIMED = 40 };

static struct err_info info;

static void must(enum err err)
{
	if (err == ERR_OK)
		return;
	fprintf(stderr, "claim_bench: %s\n", info.detail);
	exit(err_exit_code(err));
}

static struct db *make_database(const char *folder, struct arena *arena)
{
	const struct db_options options = {
		.path = arena_printf(arena, "%s/claim.db", folder), .journal_mode = "wal", .busy_ms = 1000};
	struct db *db;

	must(fs_make_dirs(folder, 0700, &info));
	must(db_open(&options, 1, &db, &info));
	must(db_migrate(db, &info));
	return db;
}

static void submit_all(struct db *db, int jobs)
{
	for (int i = 0; i < jobs; i++) {
		char submitter[32];
		struct job job = {.kind = "transcode",
			.payload = "{}",
			.submitter = submitter,
			.max_attempts = 3,
			.priority = i % 5 - 2,
			.created_ms = clock_ms(NULL)};

		snprintf(submitter, sizeof submitter, "submitter %d", i % SUBMITTERS);
		id_new(NULL, job.id);
		if (i % AT_ONCE == 0)
			must(db_begin(db, &info));
		must(job_submit(db, &job, 0, &info));
		if (i % AT_ONCE == AT_ONCE - 1 || i == jobs - 1)
			must(db_commit(db, &info));
	}
}

/* That the jobs of its submitter that came before it are those that were queued before it. */
static void check_turn(const struct job *job)
{
	static char last[SUBMITTERS][ID_SIZE];
	long submitter = strtol(strchr(job->submitter, ' '), NULL, 10);

	if (strcmp(job->id, last[submitter]) <= 0) {
		fprintf(stderr, "claim_bench: %s comes after %s\n", job->id, last[submitter]);
		exit(1);
	}
	snprintf(last[submitter], ID_SIZE, "%s", job->id);
}

/* A page of the list behind the job AFTER, which becomes the last of it; 0 at the end. */
static int64_t time_page(struct db *db, struct arena *arena, char after[static ID_SIZE])
{
	int64_t begin = clock_monotonic_us(), took;
	struct job *jobs;
	size_t count;

	must(job_list(db, after, NULL, NULL, PAGE, arena, &jobs, &count, &info));
	took = clock_monotonic_us() - begin;
	if (count > 0)
		snprintf(after, ID_SIZE, "%s", jobs[count - 1].id);
	arena_reset(arena);
	return count == PAGE ? took : 0;
}

static int64_t time_one(struct db *db, struct arena *arena)
{
	int64_t begin = clock_monotonic_us(), took;
	struct job job;

	must(job_claim(db, "bench", JOB_CLASS_ALL, clock_ms(NULL), LEASE_MS, arena, &job, &info));
	took = clock_monotonic_us() - begin;
	check_turn(&job);
	must(job_finish(db, job.id, "bench", clock_ms(NULL), &info));
	arena_reset(arena);
	return took;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* The median of the oldest full pages, in TIMES, which has room for COUNT; 0 when there is none. */
static int64_t time_pages(struct db *db, struct arena *arena, int64_t *times, size_t count)
{
	char after[ID_SIZE] = "~";
	size_t pages = 0;
	int64_t took;

	if (count > PAGES_TIMED)
		count = PAGES_TIMED;
	while ((took = time_page(db, arena, after)) > 0)
		times[pages++ % count] = took;
	if (pages < count)
		count = pages;
	qsort(times, count, sizeof *times, compare);
	return count > 0 ? times[count / 2] : 0;
}

int main(int count, char **values)
{
	long jobs = count == 4 ? strtol(values[2], NULL, 10) : 0, claims = count == 4 ? strtol(values[3], NULL, 10) : 0;
	struct arena arena = {0};
	int64_t *times;
	struct db *db;

	if (claims < 1 || claims > jobs || jobs > MOST) {
		fputs("usage: claim_bench FOLDER JOBS CLAIMS\n", stderr);
		return 2;
	}
	times = calloc((size_t)claims, sizeof *times);
	if (times == NULL)
		abort();
	db = make_database(values[1], &arena);
	submit_all(db, (int)jobs);
	for (long i = 0; i < claims; i++)
		times[i] = time_one(db, &arena);
	qsort(times, (size_t)claims, sizeof *times, compare);
	printf("{\"p50\": %lld, \"p99\": %lld, \"most\": %lld, ", (long long)times[claims / 2],
		(long long)times[claims * 99 / 100], (long long)times[claims - 1]);
	printf("\"page\": %lld}\n", (long long)time_pages(db, &arena, times, (size_t)claims));
	db_close(db);
	arena_free(&arena);
	free(times);
	return 0;
}
