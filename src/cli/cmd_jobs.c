/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/wake.h"
#include "cli/duration.h"
#include "cli/table.h"
#include "cli/view.h"
#include "storage/ingest.h"

#include <inttypes.h>
#include <stdio.h>

enum { LIMIT_DEFAULT = 50 };

static const struct args_option options[] = {
	CLI_OPTIONS,
	{"state", 's', "STATE", "list jobs that are queued, running, done, failed, dead or cancelled"},
	{"track", 't', "ID", "list jobs of this track"},
	{"limit", 'n', "N", "list at most N jobs (50)"},
	{"after", 0, "ID", "list what is older than this job"},
	{"json", 0, NULL, "write JSON for programs"},
	{NULL, 0, NULL, NULL},
};

/* "42 % at 31x, 0:12 left" */
static const char *progress_text(const struct job *job, int64_t now, struct arena *arena)
{
	const char *percent = arena_printf(arena, "%.0f %%", job->state == JOB_DONE ? 100.0 : job->progress * 100);
	int64_t left = job_left_ms(job, now);
	char clock[DURATION_TEXT];

	if (job->state == JOB_RUNNING && job->speed > 0)
		percent = arena_printf(arena, "%s at %.0fx", percent, job->speed);
	if (left >= 0)
		percent = arena_printf(arena, "%s, %s left", percent, duration_clock(left + 1, clock));
	return percent;
}

static void print_list(struct cli *cli, const struct job *jobs, size_t count)
{
	static const char *const heads[] = {"ID", "TRACK", "STATE", "STAGE", "PROGRESS", "ADDED", "REASON"};
	int64_t now = clock_ms(NULL);
	struct table table;

	if (count == 0) {
		fputs("There are no such jobs.\n", cli->out.out);
		return;
	}
	table_open(&table, &cli->arena, heads, 7, 6);
	for (size_t i = 0; i < count; i++) {
		const struct job *job = &jobs[i];
		char ago[DURATION_TEXT];

		const struct table_cell cells[] = {
			{job->id, TERM_FAINT},
			{job->track, TERM_FAINT},
			{job_state_name(job->state), view_job_style(job->state)},
			{job->state == JOB_RUNNING ? job->stage : NULL, TERM_PLAIN},
			{progress_text(job, now, &cli->arena), TERM_PLAIN},
			{duration_ago(now - job->created_ms, ago), TERM_PLAIN},
			{job->error != NULL ? job->error : "", TERM_PLAIN},
		};

		table_add(&table, cells);
	}
	table_print(&table, &cli->out);
}

static enum err list(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	const char *after = args_value(args, "after"), *track = args_value(args, "track"),
		   *state_name = args_value(args, "state");
	enum job_state state;
	struct job *jobs;
	size_t found;
	json_t *array;
	long limit;
	enum err err = args_number(args, "limit", 1, JOB_PAGE_MOST, LIMIT_DEFAULT, &limit, info);

	(void)words;
	(void)count;
	if (err == ERR_OK)
		err = cli_check_id(after, "job", info);
	if (err == ERR_OK)
		err = cli_check_id(track, "track", info);
	if (err == ERR_OK && state_name != NULL && job_state_parse(state_name, &state) != ERR_OK)
		err = err_set(info, ERR_BAD_REQUEST, "\"%s\" is no state; see --help", state_name);
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = job_list(cli->db, after, state_name != NULL ? &state : NULL, track, (size_t)limit, &cli->arena,
			&jobs, &found, info);
	if (err != ERR_OK)
		return err;
	if (!args_given(args, "json")) {
		print_list(cli, jobs, found);
		return ERR_OK;
	}
	array = json_array();
	for (size_t i = 0; i < found; i++)
		json_array_append_new(array, view_job(&jobs[i], clock_ms(NULL)));
	return cli_json(cli,
		json_pack("{s:o, s:s?}", "jobs", array, "next", found == (size_t)limit ? jobs[found - 1].id : NULL),
		info);
}

static void print_line(struct cli *cli, const char *name, const char *value)
{
	fprintf(cli->out.out, "%s%-8s%s  %s\n", term_on(&cli->out, TERM_FAINT), name, term_on(&cli->out, TERM_PLAIN),
		value != NULL ? value : "-");
}

/* "failed" of attempt 2: "the reason; again in 3 s" */
static const char *event_detail(const struct job_event *event, struct arena *arena)
{
	const char *detail = event->detail != NULL ? event->detail : "";
	int64_t wait_s = (event->due_ms - event->at_ms + 999) / 1000;

	if (event->due_ms <= event->at_ms)
		return detail;
	return arena_printf(arena, "%s%safter %" PRId64 " s", detail,
		event->detail == NULL ? "" : "; the next attempt ", wait_s);
}

static void print_history(struct cli *cli, const struct job_event *events, size_t count)
{
	static const char *const heads[] = {"TIME", "EVENT", "ATTEMPT", "DETAIL"};
	struct table table;

	fputc('\n', cli->out.out);
	table_open(&table, &cli->arena, heads, 4, 3);
	for (size_t i = 0; i < count; i++) {
		const struct job_event *event = &events[i];
		char time[CLOCK_TEXT];
		const struct table_cell cells[] = {
			{clock_rfc3339(event->at_ms, time), TERM_FAINT},
			{event->event, TERM_PLAIN},
			{event->attempt > 0 ? arena_printf(&cli->arena, "%" PRId64, event->attempt) : "", TERM_PLAIN},
			{event_detail(event, &cli->arena), TERM_PLAIN},
		};

		table_add(&table, cells);
	}
	table_print(&table, &cli->out);
}

static void print_needs(struct cli *cli, const struct job_ids *needs)
{
	for (size_t i = 0; i < needs->count; i++)
		print_line(cli, i == 0 ? "after" : "", needs->ids[i]);
}

static json_t *whole_json(const struct job *job, const struct job_ids *needs, const struct job_event *events,
	size_t count)
{
	json_t *object = view_job(job, clock_ms(NULL)), *after = json_array(), *history = json_array();

	for (size_t i = 0; i < needs->count; i++)
		json_array_append_new(after, json_string(needs->ids[i]));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(history, view_job_event(&events[i]));
	json_object_set_new(object, "after", after);
	json_object_set_new(object, "history", history);
	return object;
}

static void print_fields(struct cli *cli, const struct job *job)
{
	int64_t now = clock_ms(NULL);
	char ago[DURATION_TEXT];

	print_line(cli, "id", job->id);
	print_line(cli, "kind", job->kind);
	print_line(cli, "track", job->track);
	print_line(cli, "state", job_state_name(job->state));
	print_line(cli, "stage", job->stage);
	print_line(cli, "progress", progress_text(job, now, &cli->arena));
	print_line(cli, "attempts",
		arena_printf(&cli->arena, "%" PRId64 " of %" PRId64, job->attempts, job->max_attempts));
	print_line(cli, "added", duration_ago(now - job->created_ms, ago));
	if (job->lease_owner != NULL)
		print_line(cli, "runner", job->lease_owner);
	if (job->error != NULL)
		print_line(cli, "reason", job->error);
}

static enum err print_job(struct cli *cli, const struct args *args, const char *id, struct err_info *info)
{
	struct job_event *events;
	struct job_ids needs;
	struct job job;
	size_t count;
	enum err err = job_get(cli->db, id, &cli->arena, &job, info);

	if (err == ERR_OK)
		err = job_needs(cli->db, id, &cli->arena, &needs, info);
	if (err == ERR_OK)
		err = job_history(cli->db, id, 0, &cli->arena, &events, &count, info);
	if (err != ERR_OK)
		return err;
	if (args_given(args, "json"))
		return cli_json(cli, whole_json(&job, &needs, events, count), info);
	print_fields(cli, &job);
	print_needs(cli, &needs);
	print_history(cli, events, count);
	return ERR_OK;
}

static enum err open_job(struct cli *cli, const char *id, struct err_info *info)
{
	enum err err = cli_check_id(id, "job", info);

	return err == ERR_OK ? cli_open_db(cli, info) : err;
}

static enum err show(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	enum err err = open_job(cli, words[0], info);

	(void)count;
	return err == ERR_OK ? print_job(cli, args, words[0], info) : err;
}

static enum err retry(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	enum err err = open_job(cli, words[0], info);

	(void)count;
	if (err == ERR_OK)
		err = job_retry(cli->db, words[0], clock_ms(NULL), info);
	if (err == ERR_OK)
		wake_post(cli->conf->run_dir);
	return err == ERR_OK ? print_job(cli, args, words[0], info) : err;
}

static enum err cancel(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	enum err err = open_job(cli, words[0], info);

	(void)count;
	if (err == ERR_OK)
		err = job_cancel(cli->db, words[0], clock_ms(NULL), info);
	return err == ERR_OK ? print_job(cli, args, words[0], info) : err;
}

/* Queues what is missing beside the sound of a track. */
static enum err extras(struct cli *cli, const struct args *args, char **words, size_t count, struct err_info *info)
{
	struct ingest wanted = {.extras = true};
	struct job job;
	enum err err = cli_check_id(words[0], "track", info);

	(void)count;
	if (err == ERR_OK)
		err = cli_open_db(cli, info);
	if (err == ERR_OK)
		err = sound_choose(cli->conf, NULL, NULL, NULL, 0, &wanted.sound, info);
	if (err == ERR_OK)
		err = ingest_more(cli->conf, cli->db, words[0], &wanted, NULL, &cli->arena, &job, info);
	return err == ERR_OK ? print_job(cli, args, job.id, info) : err;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	static const struct cli_verb verbs[] = {
		{"list", 0, 0, list},
		{"show", 1, 1, show},
		{"retry", 1, 1, retry},
		{"cancel", 1, 1, cancel},
		{"extras", 1, 1, extras},
		{NULL, 0, 0, NULL},
	};

	return cli_verb(cli, verbs, args, info);
}

const struct cli_command cmd_jobs = {
	.name = "jobs",
	.arguments = "[list | show|retry|cancel JOB | extras TRACK]",
	.summary = "list, show, retry and cancel jobs",
	.text = "  list         the newest jobs first (also without a word)\n"
		"  show JOB     one with its stage, progress and history\n"
		"  retry JOB    queues one that is failed, dead or cancelled again\n"
		"  cancel JOB   ends one: a queued job at once, a running one as soon as its runner looks\n"
		"  extras TRACK queues what a track lacks beside its sound: waveform, cover, loudness\n",
	.options = options,
	.run = run,
};
