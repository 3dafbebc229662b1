/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "observe/metrics.h"
#include "observe/metrics_file.h"

#include <locale.h>
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

enum { THREADS = 8, ROUNDS = 20000, TEXT_MOST = 16 * 1024 * 1024 };

static char folder[] = "/tmp/tonearm-test-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/metrics", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return (int)fs_remove_tree(folder, NULL);
}

static struct metrics *open_new(void)
{
	struct metrics *metrics;

	unlink(path);
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	return metrics;
}

static char *text_of(struct metrics *metrics)
{
	struct buf out;

	buf_init(&out, TEXT_MOST);
	metrics_write(metrics, &out);
	assert_false(out.overflow);
	return out.data;
}

/* The value on the line that starts with SERIES, -1 when there is none. */
static double value_of(struct metrics *metrics, const char *series)
{
	char *text = text_of(metrics);
	double value = -1;

	for (char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
		if (strncmp(line, series, strlen(series)) == 0 && line[strlen(series)] == ' ')
			value = strtod(line + strlen(series), NULL);
	}
	free(text);
	return value;
}

/*
 * A strict reader of the text format: families whole and once, HELP then TYPE, no series twice, histograms cumulative.
 */
static void check_text(char *text)
{
	char seen[64][96];
	size_t families = 0;
	char family[96] = "", type[16] = "";
	char *rest = NULL;
	double bucket = -1, bound = -1;

	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_null(strchr(text, '\r'));
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		size_t length = strcspn(line, "{ ");

		if (sscanf(line, "# HELP %95s", family) == 1) {
			for (size_t i = 0; i < families; i++)
				assert_string_not_equal(seen[i], family);
			strcpy(seen[families++], family);
			line = strtok_r(NULL, "\n", &rest);
			assert_memory_equal(line, "# TYPE ", 7);
			assert_memory_equal(line + 7, family, strlen(family));
			assert_int_equal(sscanf(line + 7 + strlen(family), " %15s", type), 1);
			continue;
		}
		assert_memory_equal(line, family, strlen(family));
		if (strcmp(type, "histogram") != 0) {
			assert_int_equal(length, strlen(family));
			assert_int_equal(
				strcmp(type, "counter") == 0, strcmp(family + strlen(family) - 6, "_total") == 0);
		} else if (strncmp(line + strlen(family), "_bucket{", 8) == 0) {
			const char *le = strstr(line, "le=\"");
			double next = strncmp(le + 4, "+Inf", 4) == 0 ? 1e300 : strtod(le + 4, NULL);
			double count = strtod(strrchr(line, ' '), NULL);

			assert_true(next > bound);
			assert_true(count >= bucket);
			bound = next;
			bucket = count;
		} else if (strncmp(line + strlen(family), "_count{", 7) == 0) {
			assert_true(bound == 1e300); /* +Inf has been seen and equals the count */
			assert_true(strtod(strrchr(line, ' '), NULL) == bucket);
			bound = bucket = -1;
		} else {
			assert_memory_equal(line + strlen(family), "_sum{", 5);
		}
	}
	assert_true(families >= METRIC_COUNT);
}

static void test_text(void **state)
{
	struct metrics *metrics = open_new();
	char *text;

	(void)state;
	setlocale(LC_ALL, "de_DE.UTF-8");
	metrics_add(metrics, METRIC_REQUESTS, 2, "api", "/x/{id}", "200");
	metrics_add(metrics, METRIC_REQUESTS, 3, "api", "/x/{id}", "200");
	metrics_add(metrics, METRIC_REQUESTS, 1, "api", "a\"b\\c\nd", "404");
	metrics_set(metrics, METRIC_JOBS, 7, "queued");
	metrics_set(metrics, METRIC_JOBS, 5, "queued");
	metrics_observe(metrics, METRIC_REQUEST_SECONDS, 900, "api", "/x");
	metrics_observe(metrics, METRIC_REQUEST_SECONDS, 1000, "api", "/x");
	metrics_observe(metrics, METRIC_REQUEST_SECONDS, 1001, "api", "/x");
	metrics_observe(metrics, METRIC_REQUEST_SECONDS, 3600000000, "api", "/x");
	metrics_observe(metrics, METRIC_JOB_SECONDS, 61000000, "transcode");
	assert_true(value_of(metrics,
			    "tonearm_http_requests_total{program=\"api\",route=\"/x/{id}\",status=\"200\"}") == 5);
	assert_true(
		value_of(metrics,
			"tonearm_http_requests_total{program=\"api\",route=\"a\\\"b\\\\c\\nd\",status=\"404\"}") == 1);
	assert_true(value_of(metrics, "tonearm_jobs{state=\"queued\"}") == 5);
	assert_true(
		value_of(metrics,
			"tonearm_http_request_duration_seconds_bucket{program=\"api\",route=\"/x\",le=\"0.001\"}") ==
		2);
	assert_true(
		value_of(metrics,
			"tonearm_http_request_duration_seconds_bucket{program=\"api\",route=\"/x\",le=\"0.0025\"}") ==
		3);
	assert_true(
		value_of(metrics,
			"tonearm_http_request_duration_seconds_bucket{program=\"api\",route=\"/x\",le=\"300\"}") == 3);
	assert_true(
		value_of(metrics, "tonearm_http_request_duration_seconds_count{program=\"api\",route=\"/x\"}") == 4);
	text = text_of(metrics);
	assert_non_null(
		strstr(text, "tonearm_http_request_duration_seconds_sum{program=\"api\",route=\"/x\"} 3600.002901\n"));
	check_text(text);
	free(text);
	metrics_close(metrics);
}

static void test_long_labels(void **state)
{
	struct metrics *metrics = open_new();
	char name[300];
	char *text;

	(void)state;
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	memcpy(name + 62, "\xE2\x82\xAC", 3); /* a character across the cut */
	metrics_add(metrics, METRIC_REQUESTS, 1, name, name, name);
	metrics_add(metrics, METRIC_REQUESTS, 1, name, name, name);
	text = text_of(metrics);
	check_text(text);
	free(text);
	metrics_close(metrics);
}

static void test_null_does_nothing(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	metrics_add(NULL, METRIC_UPLOADS, 1, "x");
	metrics_set(NULL, METRIC_JOBS, 1, "x");
	metrics_observe(NULL, METRIC_JOB_SECONDS, 1, "x");
	metrics_write(NULL, &out);
	metrics_close(NULL);
	assert_int_equal(out.length, 0);
}

static void test_survives_reopening(void **state)
{
	struct metrics *metrics = open_new();
	struct metrics *again;

	(void)state;
	metrics_add(metrics, METRIC_UPLOADS, 3, "done");
	assert_int_equal(metrics_open(path, &again, NULL), ERR_OK);
	metrics_add(again, METRIC_UPLOADS, 4, "done");
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"done\"}") == 7);
	metrics_close(again);
	metrics_close(metrics);
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"done\"}") == 7);
	metrics_close(metrics);
}

/* A file of another layout is replaced, and a process that still maps it goes on in peace. */
static void test_other_layout(void **state)
{
	struct metrics *old = open_new();
	struct metrics *metrics;
	struct stat before, after;
	uint64_t magic = 1;
	FILE *file;

	(void)state;
	assert_int_equal(stat(path, &before), 0);
	file = fopen(path, "r+");
	fwrite(&magic, sizeof magic, 1, file);
	fclose(file);
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	metrics_add(old, METRIC_UPLOADS, 1, "done");
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"done\"}") == -1);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	metrics_close(old);
	metrics_close(metrics);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	metrics_close(metrics);
}

static void test_cannot_open(void **state)
{
	struct metrics *metrics;
	struct err_info info = {0};

	(void)state;
	assert_int_equal(metrics_open("/nowhere/at/all", &metrics, &info), ERR_IO);
	assert_null(metrics);
	assert_int_equal(info.code, ERR_IO);
}

static void test_full(void **state)
{
	struct metrics *metrics = open_new();
	char label[16];

	(void)state;
	for (int i = 0; i < METRICS_SLOTS + 10; i++) {
		snprintf(label, sizeof label, "%d", i);
		metrics_add(metrics, METRIC_UPLOADS, 1, label);
	}
	metrics_add(metrics, METRIC_UPLOADS, 1, "0");
	assert_true(value_of(metrics, "tonearm_metrics_dropped_total") == 10);
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"0\"}") == 2);
	metrics_close(metrics);
}

static void *count_much(void *context)
{
	char label[16];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(label, sizeof label, "%d", i % 50);
		metrics_add(context, METRIC_UPLOADS, 1, label);
		metrics_observe(context, METRIC_JOB_SECONDS, (uint64_t)i, label);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct metrics *metrics = open_new();
	pthread_t threads[THREADS];
	char *text;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_much, metrics), 0);
	text = text_of(metrics); /* while they count */
	check_text(text);
	free(text);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"7\"}") == THREADS * ROUNDS / 50);
	assert_true(value_of(metrics, "tonearm_job_duration_seconds_count{kind=\"49\"}") == THREADS * ROUNDS / 50);
	metrics_close(metrics);
}

/* Processes that claim and count without end are killed in the middle; what the rest counts stays exact. */
static void test_killed_processes(void **state)
{
	struct metrics *metrics = open_new();
	double before, after;

	(void)state;
	for (int round = 0; round < 20; round++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			struct metrics *own;
			char label[16];

			if (metrics_open(path, &own, NULL) != ERR_OK)
				_exit(1);
			for (unsigned i = 0;; i++) {
				snprintf(label, sizeof label, "%d-%u", round, i % 40);
				metrics_add(own, METRIC_UPLOADS, 1, label);
				metrics_add(own, METRIC_UPLOADS, 1, "all");
			}
		}
		usleep((useconds_t)(rand() % 3000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	before = value_of(metrics, "tonearm_uploads_total{outcome=\"all\"}");
	for (int i = 0; i < 1000; i++)
		metrics_add(metrics, METRIC_UPLOADS, 1, "all");
	after = value_of(metrics, "tonearm_uploads_total{outcome=\"all\"}");
	assert_true(after == (before < 0 ? 0 : before) + 1000);
	assert_true(value_of(metrics, "tonearm_metrics_dropped_total") == 0);
	metrics_close(metrics);
}

/* A slot whose claimer died before it wrote the key is finished by the next who counts there. */
static void test_half_claimed(void **state)
{
	struct metrics *metrics = open_new();
	char key[METRICS_LABELS_MOST] = "done";
	struct metrics_slot *slot = metrics_slot(metrics, METRIC_UPLOADS, key);

	(void)state;
	memset(slot->key, 0, sizeof slot->key);
	atomic_store(&slot->ready, 0);
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"done\"}") == -1);
	metrics_add(metrics, METRIC_UPLOADS, 2, "done");
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"done\"}") == 2);
	metrics_close(metrics);
}

/* Another table in the same room, as after an upgrade: its numbers mean something else. */
static void test_other_table(void **state)
{
	struct metrics *old = open_new();
	struct metrics *metrics;
	uint64_t mark = 1;
	FILE *file;

	(void)state;
	metrics_add(old, METRIC_UPLOADS, 1, "done");
	file = fopen(path, "r+");
	fseek(file, 2 * sizeof mark, SEEK_SET);
	fwrite(&mark, sizeof mark, 1, file);
	fclose(file);
	assert_int_equal(metrics_open(path, &metrics, NULL), ERR_OK);
	assert_true(value_of(metrics, "tonearm_uploads_total{outcome=\"done\"}") == -1);
	metrics_close(old);
	metrics_close(metrics);
}

static void test_clear(void **state)
{
	struct metrics *metrics = open_new();

	(void)state;
	metrics_set(metrics, METRIC_JOBS, 7, "queued");
	metrics_set(metrics, METRIC_QUEUE_AGE, 8);
	metrics_clear(metrics, METRIC_JOBS);
	assert_true(value_of(metrics, "tonearm_jobs{state=\"queued\"}") == 0);
	assert_true(value_of(metrics, "tonearm_job_queue_age_seconds") == 8);
	metrics_close(metrics);
}

/* A process of its own that has three streams open; it says so by a byte, and stays until it is killed. */
static pid_t start_streaming(void)
{
	int told[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(told), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct metrics *own;

		if (metrics_open(path, &own, NULL) != ERR_OK)
			_exit(1);
		metrics_enter(own, "stream");
		for (int i = 0; i < 4; i++)
			metrics_shift(own, METRIC_STREAMS_OPEN, 1);
		metrics_shift(own, METRIC_STREAMS_OPEN, -1);
		if (write(told[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	close(told[1]);
	return child;
}

/* What a process has open ends with it, however it ends, and who comes into its place begins at nothing. */
static void test_processes(void **state)
{
	static const char first[] = "tonearm_streams_active{program=\"api\",process=\"0\"}";
	static const char second[] = "tonearm_streams_active{program=\"stream\",process=\"1\"}";
	struct metrics *metrics = open_new();
	struct metrics *next;
	pid_t child;
	char *text;

	(void)state;
	metrics_shift(metrics, METRIC_STREAMS_OPEN, 1); /* of nobody */
	metrics_enter(metrics, "api");
	metrics_shift(metrics, METRIC_STREAMS_OPEN, 1);
	child = start_streaming();
	assert_true(value_of(metrics, first) == 1);
	assert_true(value_of(metrics, second) == 3);
	assert_true(value_of(metrics, "process_resident_memory_bytes{program=\"stream\",process=\"1\"}") > 0);
	assert_true(value_of(metrics, "process_start_time_seconds{program=\"stream\",process=\"1\"}") > 1.7e9);
	assert_true(value_of(metrics, "process_cpu_seconds_total{program=\"stream\",process=\"1\"}") >= 0);
	assert_true(value_of(metrics, "process_open_fds{program=\"stream\",process=\"1\"}") > 2);
	text = text_of(metrics);
	check_text(text);
	free(text);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(value_of(metrics, first) == 1);
	assert_true(value_of(metrics, second) == -1);
	assert_int_equal(metrics_open(path, &next, NULL), ERR_OK);
	metrics_enter(next, "stream");
	assert_true(value_of(metrics, second) == 0);
	assert_true(value_of(next, first) == 1);
	metrics_close(next);
	assert_true(value_of(metrics, second) == -1);
	metrics_close(metrics);
}

static void test_too_many_processes(void **state)
{
	struct metrics *all[METRICS_PROCESSES + 1];

	(void)state;
	all[0] = open_new();
	for (size_t i = 1; i <= METRICS_PROCESSES; i++)
		assert_int_equal(metrics_open(path, &all[i], NULL), ERR_OK);
	for (size_t i = 0; i <= METRICS_PROCESSES; i++)
		metrics_enter(all[i], "stream");
	metrics_shift(all[METRICS_PROCESSES], METRIC_STREAMS_OPEN, 1);
	assert_non_null(metrics_process(all[0]));
	assert_null(metrics_process(all[METRICS_PROCESSES]));
	for (size_t i = 0; i <= METRICS_PROCESSES; i++)
		metrics_close(all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_long_labels),
		cmocka_unit_test(test_null_does_nothing),
		cmocka_unit_test(test_survives_reopening),
		cmocka_unit_test(test_other_layout),
		cmocka_unit_test(test_cannot_open),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_killed_processes),
		cmocka_unit_test(test_half_claimed),
		cmocka_unit_test(test_other_table),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_too_many_processes),
	};

	return cmocka_run_group_tests_name("metrics", tests, setup, teardown);
}
