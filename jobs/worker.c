/* SPDX-License-Identifier: MIT */
/*
 * tonearm-worker: one media job in a cage. worker_protocol.h says what its descriptors are, pipeline.h what happens
 * between them.
 */
#include "base/arena.h"
#include "base/fs.h"
#include "base/log.h"
#include "jobs/sandbox.h"
#include "jobs/sound_job.h"
#include "jobs/worker_job.h"
#include "jobs/worker_protocol.h"
#include "media/pipeline.h"

#include <jansson.h>
#include <libavutil/log.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef TONEARM_SANITIZER
const char *__asan_default_options(void);

/*
 * The leak checker stops its own process with ptrace() at exit, which the cage forbids: leaks are looked for in the
 * unit tests and fuzzers.
 */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static atomic_int out_of_time;

static void on_cpu_limit(int signal_number)
{
	(void)signal_number;
	atomic_store(&out_of_time, 1);
}

/* Sends REPORT (given up to here) as one line. When nobody reads any more, there is nothing left to work for. */
static void send_report(json_t *report)
{
	char *text = json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(6));
	struct err_info info;
	size_t length;

	json_decref(report);
	if (text == NULL)
		abort();
	length = strlen(text);
	text[length] = '\n';
	if (fs_write_all(WORKER_FD_REPORT, text, length + 1, &info) != ERR_OK) {
		log_failure(LOG_WARNING, "the jobrunner is gone", &info);
		_exit(EXIT_FAILURE);
	}
	free(text);
}

static void report_source(void *context, const struct source_info *source)
{
	(void)context;
	send_report(json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "event", "source", "format", magic_name(source->format),
		"sample_rate", (json_int_t)source->sample_rate, "channels", (json_int_t)source->channels, "duration_ms",
		(json_int_t)source->duration_ms, "tags", tags_json(&source->tags)));
}

static void report_progress(void *context, const char *stage, double fraction, double speed)
{
	(void)context;
	send_report(json_pack(
		"{s:s, s:s, s:f, s:f}", "event", "progress", "stage", stage, "progress", fraction, "speed", speed));
}

static void report_notice(void *context, const struct err_info *info)
{
	(void)context;
	send_report(json_pack("{s:s, s:s}", "event", "notice", "detail", info->detail));
}

static void report_passthrough(void *context, size_t rendition, const char *why)
{
	(void)context;
	send_report(json_pack("{s:s, s:I, s:b, s:s*}", "event", "passthrough", "rendition", (json_int_t)rendition,
		"passed", why == NULL, "detail", why));
}

static void report_segments(void *context, size_t rendition, const struct segment *segments, size_t count)
{
	json_t *list = json_array();

	(void)context;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
			json_pack("[I, I]", (json_int_t)segments[i].size, (json_int_t)segments[i].duration));
	send_report(json_pack("{s:s, s:I, s:I, s:o}", "event", "segments", "rendition", (json_int_t)rendition, "offset",
		(json_int_t)segments[0].offset, "segments", list));
}

static void report_done(const struct pipeline_result *result)
{
	uint64_t ms = (result->samples * 1000 + result->sample_rate / 2) / result->sample_rate;
	json_t *report = json_pack("{s:s, s:I, s:I}", "event", "done", "duration_ms", (json_int_t)ms, "samples",
		(json_int_t)result->samples);

	if (result->measured)
		json_object_set_new(report, "loudness", sound_job_report(&result->loudness, result->bins));
	send_report(report);
}

static void report_failure(struct err_info *info)
{
	static const char limit[] = "jobs.memory";
	size_t length = strlen(info->detail);

	/* Whatever asked in vain, it is the same limit. */
	if (info->code == ERR_NO_MEMORY && strstr(info->detail, limit) == NULL)
		snprintf(info->detail + length, sizeof info->detail - length,
			": it needs more memory than %s allows", limit);
	send_report(
		json_pack("{s:s, s:s, s:s}", "event", "failed", "error", err_slug(info->code), "detail", info->detail));
}

static void handle_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &action, NULL);
	/* A write past RLIMIT_FSIZE then fails with EFBIG, which has a sentence. */
	sigaction(SIGXFSZ, &action, NULL);
	action.sa_handler = on_cpu_limit;
	action.sa_flags = SA_RESTART;
	sigaction(SIGXCPU, &action, NULL);
}

/* What libraries would otherwise open or allocate lazily, when nothing can be opened any more. */
static void warm_up(void)
{
	tzset();
	av_log_set_level(AV_LOG_QUIET);
	/* A heap a thread would take 64 MiB of the limited address space each, and look into /proc when it shrinks. */
	mallopt(M_ARENA_MAX, 1);
}

static enum err run(struct arena *arena, struct pipeline_result *result, struct err_info *info)
{
	struct worker_job job;
	enum err err = worker_job_read(WORKER_FD_JOB, arena, &job, info);

	if (err != ERR_OK)
		return err;
	close_range(WORKER_FD_OUTPUT + (unsigned)job.descriptors, ~0U, 0);
	job.work.stop = &out_of_time;
	job.work.on_source = report_source;
	job.work.on_passthrough = report_passthrough;
	job.work.on_progress = report_progress;
	job.work.on_notice = report_notice;
	job.work.on_segments = report_segments;
	warm_up();
	err = sandbox_limit(&job.limits, info);
	if (err == ERR_OK)
		err = sandbox_enter(&job.user, info);
	if (err != ERR_OK)
		return err;
	return job.measure ? pipeline_measure(&job.work, result, info) : pipeline_run(&job.work, result, info);
}

int main(void)
{
	struct pipeline_result result;
	struct err_info info = {0};
	struct arena arena = {0};
	enum err err;

	handle_signals();
	if (log_open("tonearm-worker", LOG_INFO, NULL, &info) != ERR_OK)
		return EXIT_FAILURE;
	err = run(&arena, &result, &info);
	if (err == ERR_OK)
		report_done(&result);
	else
		report_failure(&info);
	arena_free(&arena);
	return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
