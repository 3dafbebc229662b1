/* SPDX-License-Identifier: MIT */
/*
 * A library with jobs, made and looked at through the model, for the tests of the jobrunner. Answers are one JSON
 * object.
 *
 *     job_fixture CONF init                    database and folders
 *     job_fixture CONF add FILE [QUALITY...]   a new track and its job for the ladder, or those of it: {"track", "job"}
 *     job_fixture CONF more TRACK [QUALITY...] another job for a track
 *     job_fixture CONF job JOB                 the row
 *     job_fixture CONF all                     every job with its history, and every track
 *     job_fixture CONF lock MS                 holds the write lock of the database for so long
 *     job_fixture CONF track TRACK             the row, with its renditions
 *     job_fixture CONF cancel JOB
 *     job_fixture CONF delete TRACK            the row alone
 *     job_fixture CONF listen SOCKET           prints what a daemon tells its service manager there, until killed
 *     job_fixture CONF metrics                 all counters, as text
 */
#include "base/fs.h"
#include "base/hash.h"
#include "base/wake.h"
#include "conf/conf.h"
#include "media/transcode_job.h"
#include "model/job.h"
#include "model/job_end.h"
#include "model/job_history.h"
#include "model/rendition.h"
#include "observe/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOURCE_MOST = 64 << 20 };

static struct conf *conf;
static struct db *db;
static struct arena arena;
static struct err_info info;

static void must(enum err err)
{
	if (err == ERR_OK)
		return;
	fprintf(stderr, "job_fixture: %s: %s\n", err_slug(err), info.detail);
	exit(err_exit_code(err));
}

static void print(json_t *answer)
{
	json_dumpf(answer, stdout, JSON_COMPACT);
	puts("");
	json_decref(answer);
}

static void open_library(int create)
{
	struct db_options options = {
		.path = conf_data_path(conf, &arena, "tonearm.db"),
		.journal_mode = conf->journal_mode,
		.busy_ms = (int)conf->db_busy_ms,
	};

	if (create)
		must(fs_make_dirs(conf->data_dir, 0750, &info));
	must(db_open(&options, create, &db, &info));
	if (create)
		must(db_migrate(db, &info));
}

/* Those of the ladder that NAMES asks for; all of it when there are none. */
static void choose(struct transcode_job *job, char **names, int count)
{
	struct conf_rendition *chosen = arena_array(&arena, conf->ladder_count, sizeof *chosen);

	job->renditions = chosen;
	for (size_t i = 0; i < conf->ladder_count; i++) {
		int wanted = count == 0;

		for (int n = 0; n < count; n++)
			wanted |= strcmp(names[n], conf->ladder[i].quality) == 0;
		if (wanted)
			chosen[job->count++] = conf->ladder[i];
	}
}

static void submit(const char *track, const char *source, char **names, int count)
{
	struct transcode_job payload = {.source = source};
	struct job job = {
		.kind = TRANSCODE_KIND,
		.track = track,
		.submitter = "",
		.max_attempts = conf->job_max_attempts,
		.run_after_ms = clock_ms(NULL),
		.created_ms = clock_ms(NULL),
	};

	choose(&payload, names, count);
	job.payload = transcode_job_encode(&payload, &arena);
	id_new(NULL, job.id);
	must(job_submit(db, &job, 0, &info));
	wake_post(conf->run_dir);
	print(json_pack("{s:s, s:s}", "track", track, "job", job.id));
}

static void add(const char *file, char **names, int count)
{
	struct track track = {
		.owner = "", .source_name = "fixture", .created_ms = clock_ms(NULL), .updated_ms = clock_ms(NULL)};
	size_t length;
	char *bytes;

	id_new(NULL, track.id);
	track.source_file = arena_printf(&arena, "%s.bin", track.id);
	must(fs_read_file(file, SOURCE_MOST, &bytes, &length, &info));
	must(fs_make_dirs(conf_data_path(conf, &arena, "source"), 0750, &info));
	must(fs_write_file(conf_data_path(conf, &arena, "source/%s", track.source_file), bytes, length, 0640, &info));
	free(bytes);
	track.source_bytes = (int64_t)length;
	must(track_insert(db, &track, &info));
	submit(track.id, track.source_file, names, count);
}

static void more(const char *id, char **names, int count)
{
	struct track track;

	must(track_get(db, id, &arena, &track, &info));
	submit(id, track.source_file == NULL ? arena_printf(&arena, "%s.bin", id) : track.source_file, names, count);
}

static void show_job(const char *id)
{
	struct job job;

	must(job_get(db, id, &arena, &job, &info));
	print(json_pack("{s:s, s:s, s:I, s:f, s:s?, s:s?}", "state", job_state_name(job.state), "stage", job.stage,
		"attempts", (json_int_t)job.attempts, "progress", job.progress, "error", job.error, "owner",
		job.lease_owner));
}

/* Whether the file of RENDITION is in place with the hash the row says. */
static bool is_whole(const struct rendition *rendition)
{
	int fd = open(
		conf_data_path(conf, &arena, "media/%s/%s", rendition->track, rendition->file), O_RDONLY | O_CLOEXEC);
	unsigned char digest[HASH_SIZE];
	char text[HASH_HEX_SIZE] = "";

	if (fd < 0)
		return false;
	if (hash_sha256_file(fd, digest, &info) == ERR_OK)
		hash_hex(digest, sizeof digest, text);
	close(fd);
	return strcmp(text, rendition->etag) == 0;
}

static json_t *track_json(const char *id)
{
	struct rendition *renditions;
	struct track track;
	size_t count;
	json_t *list = json_array();

	must(rendition_list(db, id, &arena, &track, &renditions, &count, &info));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:b, s:I, s:I}", "quality", renditions[i].quality, "file",
				renditions[i].file, "whole", is_whole(&renditions[i]), "samples",
				(json_int_t)renditions[i].samples, "modified", (json_int_t)renditions[i].modified));
	return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:o}", "id", id, "state",
		track_state_name(track.state), "failure", track.failure, "title", track.title, "source_file",
		track.source_file, "source_format", track.source_format, "year", (json_int_t)track.year, "duration_ms",
		(json_int_t)track.duration_ms, "renditions", list);
}

static json_t *history_json(const char *id)
{
	json_t *list = json_array();
	struct job_event *events;
	size_t count;

	must(job_history(db, id, 0, &arena, &events, &count, &info));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:s?}", "event", events[i].event, "attempt",
						    (json_int_t)events[i].attempt, "detail", events[i].detail));
	return list;
}

static void show_all(void)
{
	json_t *jobs = json_array(), *tracks = json_array();
	char after[ID_SIZE] = "";
	struct job *page;
	size_t count;

	do {
		must(job_list(db, after[0] == '\0' ? NULL : after, NULL, NULL, JOB_PAGE_MOST, &arena, &page, &count,
			&info));
		for (size_t i = 0; i < count; i++) {
			json_array_append_new(jobs,
				json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:o}", "id", page[i].id, "kind", page[i].kind,
					"track", page[i].track, "state", job_state_name(page[i].state), "error",
					page[i].error, "history", history_json(page[i].id)));
			if (page[i].track != NULL)
				json_array_append_new(tracks, track_json(page[i].track));
			snprintf(after, sizeof after, "%s", page[i].id);
		}
	} while (count == JOB_PAGE_MOST);
	print(json_pack("{s:o, s:o}", "jobs", jobs, "tracks", tracks));
}

/* Nothing is written: the lock alone is in the way of others. */
static void lock_for(const char *ms)
{
	must(db_begin(db, &info));
	usleep((useconds_t)strtoul(ms, NULL, 10) * 1000);
	db_rollback(db);
}

static int show_metrics(void)
{
	struct metrics *metrics;
	struct buf text;

	must(metrics_open(conf_run_path(conf, &arena, "metrics"), &metrics, &info));
	must(job_end_tell(db, metrics, &info));
	buf_init(&text, SOURCE_MOST);
	metrics_write(metrics, &text);
	fputs(buf_text(&text), stdout);
	buf_free(&text);
	metrics_close(metrics);
	return 0;
}

static void listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[256];
	ssize_t got;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
		must(err_set_errno(&info, ERR_IO, errno, "cannot listen at %s", path));
	while ((got = recv(fd, text, sizeof text, 0)) >= 0) {
		printf("%.*s\n", (int)got, text);
		fflush(stdout);
	}
}

static int obey(const char *command, char **values, int count)
{
	if (strcmp(command, "init") == 0)
		return 0;
	if (strcmp(command, "metrics") == 0)
		return show_metrics();
	if (strcmp(command, "all") == 0) {
		show_all();
		return 0;
	}
	if (count < 1)
		return 2;
	if (strcmp(command, "add") == 0)
		add(values[0], values + 1, count - 1);
	else if (strcmp(command, "more") == 0)
		more(values[0], values + 1, count - 1);
	else if (strcmp(command, "job") == 0)
		show_job(values[0]);
	else if (strcmp(command, "track") == 0)
		print(track_json(values[0]));
	else if (strcmp(command, "cancel") == 0)
		must(job_cancel(db, values[0], clock_ms(NULL), &info));
	else if (strcmp(command, "lock") == 0)
		lock_for(values[0]);
	else if (strcmp(command, "listen") == 0)
		listen_at(values[0]);
	else if (strcmp(command, "delete") == 0)
		must(track_delete(db, values[0], &info));
	else
		return 2;
	return 0;
}

int main(int count, char **values)
{
	int status;

	if (count < 3) {
		fputs("usage: job_fixture CONF COMMAND [VALUE...]\n", stderr);
		return 2;
	}
	must(conf_read(values[1], &conf, &info));
	open_library(strcmp(values[2], "init") == 0);
	status = obey(values[2], values + 3, count - 3);
	db_close(db);
	conf_free(conf);
	arena_free(&arena);
	return status;
}
