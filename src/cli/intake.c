/* SPDX-License-Identifier: MIT */
#include "cli/intake.h"

#include "base/clock.h"
#include "base/programs.h"
#include "cli/intake_show.h"
#include "cli/interrupt.h"
#include "cli/spawn.h"
#include "storage/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK = 256 << 10,
	LOOK_MS = 150,
	RUNNER_SILENT_MS = 12000,
	UNCLAIMED_MS = 2000,
	RUNNER_AGAIN_MS = 1000,
	RUNNER_GRACE_MS = 10000
};

/* A jobrunner that we started, because there was none. */
struct runner {
	const char *path; /* NULL: there is one already */
	int64_t busy_us;  /* when somebody was last seen at work */
	pid_t pid;        /* 0 while it does not run */
	int log_fd;
	int64_t due_us; /* not before */
};

static enum err open_source(const char *path, int *fd, uint64_t *size, struct err_info *info)
{
	struct stat status;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return err_set_errno(info, errno == ENOENT ? ERR_NOT_FOUND : ERR_FORBIDDEN, errno, "%s", path);
	if (fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(*fd);
		return err_set(info, ERR_UNPROCESSABLE, "%s is not a file", path);
	}
	*size = (uint64_t)status.st_size;
	return ERR_OK;
}

static enum err copy_bytes(struct intake *intake, struct intake_file *file, int fd, uint64_t size, struct spool *spool,
	struct err_info *info)
{
	char *chunk = arena_alloc(&intake->cli->arena, CHUNK);
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		ssize_t got = read(fd, chunk, CHUNK);

		if (interrupt_asked())
			return err_set(info, ERR_ABORTED, "stopped; %s was not added", file->path);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(info, ERR_IO, errno, "cannot read %s", file->path);
		if (got == 0)
			break;
		err = spool_write(spool, chunk, (size_t)got, info);
		intake_show_copy(intake, file, size > 0 ? (double)spool->bytes / (double)size : 1);
	}
	return err;
}

/* Track and job of FILE, whose bytes are in SPOOL; or are at an address, with SPOOL NULL. */
static enum err ingest_file(struct intake *intake, struct intake_file *file, struct spool *spool, struct err_info *info)
{
	const char *slash = strrchr(file->path, '/');
	struct ingest wanted = {.owner = "",
		.source_name = slash != NULL ? slash + 1 : file->path,
		.title = intake->title,
		.artist = intake->artist,
		.album = intake->album,
		.passthrough = intake->passthrough,
		.renditions = intake->renditions,
		.rendition_count = intake->rendition_count,
		.sound = intake->sound,
		.visibility = intake->visibility,
		.places = intake->places};
	const struct fetch_order order = {.source = file->path};
	struct cli *cli = intake->cli;
	struct track track;
	struct job job;
	enum err err;

	if (spool != NULL) {
		err = ingest_spool(cli->conf, cli->db, spool, &wanted, NULL, &cli->arena, &track, &job, info);
	} else {
		wanted.source_name = NULL;
		err = ingest_fetch(cli->conf, cli->db, &order, &wanted, NULL, &cli->arena, &track, &job, info);
	}
	if (err != ERR_OK)
		return err;
	memcpy(file->track, track.id, sizeof file->track);
	memcpy(file->job, job.id, sizeof file->job);
	file->job_state = job.state;
	return ERR_OK;
}

static bool is_address(const char *path)
{
	return strncmp(path, "https://", 8) == 0 || strncmp(path, "s3://", 5) == 0;
}

/* "song.flac: the reason" */
static enum err name_file(
	const struct intake_file *file, enum err err, const struct err_info *reason, struct err_info *info)
{
	return strstr(reason->detail, file->path) != NULL ? err_set(info, err, "%s", reason->detail)
							  : err_set(info, err, "%s: %s", file->path, reason->detail);
}

static enum err copy_file(struct intake *intake, struct intake_file *file, struct err_info *info)
{
	struct spool spool = {.fd = -1};
	uint64_t size = 0;
	int fd;
	enum err err = open_source(file->path, &fd, &size, info);

	if (err != ERR_OK)
		return err;
	err = spool_open(intake->cli->conf, &intake->cli->arena, &spool, info);
	if (err == ERR_OK)
		err = copy_bytes(intake, file, fd, size, &spool, info);
	if (err == ERR_OK)
		err = ingest_file(intake, file, &spool, info);
	else
		spool_discard(&spool);
	close(fd);
	return err;
}

enum err intake_copy(struct intake *intake, size_t index, struct err_info *info)
{
	struct intake_file *file = &intake->files[index];
	struct err_info reason = {0};
	enum err err;

	file->started_us = clock_monotonic_us();
	err = is_address(file->path) ? ingest_file(intake, file, NULL, &reason) : copy_file(intake, file, &reason);
	file->state = err == ERR_OK ? INTAKE_QUEUED : INTAKE_FAILED;
	if (err != ERR_OK) {
		snprintf(file->reason, sizeof file->reason, "%s", reason.detail);
		return name_file(file, err, &reason, info);
	}
	intake_show_queued(intake, file);
	return ERR_OK;
}

/*
 * A jobrunner marks every few seconds that it lives. One that ended a moment ago has a fresh mark too, but then nobody
 * claims what waits.
 */
static bool runner_is_missing(struct intake *intake, struct runner *runner)
{
	int64_t counts[JOB_STATE_COUNT] = {0}, now = clock_monotonic_us(), seen = 0;
	int64_t patience_us = (UNCLAIMED_MS + 2 * intake->cli->conf->job_poll_ms) * 1000;

	if (job_runner_last_seen(intake->cli->db, &seen, NULL) == ERR_OK && clock_ms(NULL) - seen > RUNNER_SILENT_MS)
		return true;
	if (job_counts(intake->cli->db, counts, NULL) != ERR_OK || counts[JOB_RUNNING] > 0)
		runner->busy_us = now;
	return now - runner->busy_us > patience_us;
}

static enum err runner_prepare(struct intake *intake, struct runner *runner, struct err_info *info)
{
	struct cli *cli = intake->cli;
	enum err err = programs_find("tonearm-jobrunner", &cli->arena, &runner->path, info);

	if (err != ERR_OK)
		return err;
	runner->log_fd = open(conf_run_path(cli->conf, &cli->arena, "add-jobrunner.log"),
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (runner->log_fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot write to %s", cli->conf->run_dir);
	intake_show_note(intake, "No jobrunner seems to be running: this command does its work.");
	return ERR_OK;
}

/* One that has drained the table ends; a job that waits for its next attempt then needs another. */
static enum err runner_start(struct intake *intake, struct runner *runner, struct err_info *info)
{
	char *argv[] = {(char *)(uintptr_t)runner->path, (char *)"--config", (char *)(uintptr_t)intake->cli->conf->path,
		(char *)"--drain", NULL};
	struct spawn spawn = {.argv = argv, .socket_fd = -1, .output_fd = runner->log_fd, .error_fd = runner->log_fd};
	int64_t now = clock_monotonic_us();
	sigset_t none;
	siginfo_t how;

	if (runner->pid != 0 && spawn_ended(runner->pid, &how)) {
		runner->pid = 0;
		runner->due_us = now + RUNNER_AGAIN_MS * 1000;
		if (how.si_code != CLD_EXITED || how.si_status == 126 || how.si_status == 127)
			return err_set(info, ERR_INTERNAL, "the jobrunner does not run; see %s/add-jobrunner.log",
				intake->cli->conf->run_dir);
	}
	if (runner->pid != 0 || now < runner->due_us)
		return ERR_OK;
	sigemptyset(&none);
	return spawn_start(&spawn, &none, &runner->pid, info);
}

static enum err runner_keep(struct intake *intake, struct runner *runner, struct err_info *info)
{
	enum err err = ERR_OK;

	if (runner->path == NULL) {
		if (!runner_is_missing(intake, runner))
			return ERR_OK;
		err = runner_prepare(intake, runner, info);
	}
	return err == ERR_OK ? runner_start(intake, runner, info) : err;
}

static void runner_stop(struct runner *runner)
{
	if (runner->pid != 0)
		spawn_stop(runner->pid, RUNNER_GRACE_MS);
	if (runner->log_fd >= 0)
		close(runner->log_fd);
}

static void finish(struct intake *intake, struct intake_file *file, bool done, const char *reason)
{
	file->state = done ? INTAKE_DONE : INTAKE_FAILED;
	file->took_us = clock_monotonic_us() - file->started_us;
	snprintf(file->reason, sizeof file->reason, "%s", reason != NULL ? reason : "");
	intake_show_end(intake, file);
}

/* Whether it can be heard already; what cannot be read now is read the next time. */
static void look_at_track(struct intake *intake, struct intake_file *file, struct arena *arena)
{
	struct track track;

	if (file->playable || file->job_state != JOB_RUNNING ||
		track_get(intake->cli->db, file->track, arena, &track, NULL) != ERR_OK || !track.growing)
		return;
	file->playable = true;
	intake_show_playable(intake, file);
}

/* Reads the job of FILE. ARENA holds its text for the length of the call only. */
static enum err look_at(struct intake *intake, struct intake_file *file, struct arena *arena, struct err_info *info)
{
	struct job job;
	enum err err = job_get(intake->cli->db, file->job, arena, &job, info);

	if (err == ERR_BUSY)
		return ERR_OK;
	if (err != ERR_OK)
		return err;
	file->stage_is_new = job.stage != NULL && strcmp(job.stage, file->stage) != 0;
	file->is_new = file->stage_is_new || job.state != file->job_state || job.progress > file->progress ||
		       job.progress < file->progress;
	file->job_state = job.state;
	file->progress = job.progress;
	file->speed = job.speed;
	file->left_ms = job_left_ms(&job, clock_ms(NULL));
	if (file->stage_is_new)
		snprintf(file->stage, sizeof file->stage, "%s", job.stage);
	intake_show_progress(intake, file);
	look_at_track(intake, file, arena);
	if (job.state == JOB_DONE)
		finish(intake, file, true, NULL);
	else if (job.state == JOB_DEAD || job.state == JOB_CANCELLED)
		finish(intake, file, false, job.error != NULL ? job.error : job_state_name(job.state));
	return ERR_OK;
}

static enum err look_at_all(struct intake *intake, struct arena *arena, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < intake->count; i++)
		if (intake->files[i].state == INTAKE_QUEUED)
			err = look_at(intake, &intake->files[i], arena, info);
	arena_reset(arena);
	return err;
}

static size_t count_in(const struct intake *intake, enum intake_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < intake->count; i++)
		count += intake->files[i].state == state;
	return count;
}

enum err intake_wait(struct intake *intake, struct err_info *info)
{
	struct arena arena = {0};
	struct runner runner = {.log_fd = -1, .busy_us = clock_monotonic_us()};
	size_t waiting = count_in(intake, INTAKE_QUEUED), failed;
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		err = look_at_all(intake, &arena, info);
		waiting = count_in(intake, INTAKE_QUEUED);
		if (err != ERR_OK || waiting == 0)
			break;
		intake_show_all(intake);
		err = runner_keep(intake, &runner, info);
		interrupt_sleep(LOOK_MS);
		if (interrupt_asked())
			err = err_set(info, ERR_ABORTED,
				"stopped; %zu %s queued and will be done by the next jobrunner", waiting,
				waiting == 1 ? "file stays" : "files stay");
	}
	intake_show_close(intake);
	runner_stop(&runner);
	arena_free(&arena);
	failed = count_in(intake, INTAKE_FAILED);
	if (err == ERR_OK && failed > 0)
		err = err_set(info, ERR_UNPROCESSABLE, "%zu of %zu files did not make it", failed, intake->count);
	return err;
}
