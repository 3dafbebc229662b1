/* SPDX-License-Identifier: MIT */
#include "jobs/prepare.h"

#include "base/fs.h"
#include "jobs/source.h"
#include "jobs/worker_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room in an output beside its sound: boxes, a bit rate that is only an average; and for the longest waveform. */
enum { OUTPUT_SPARE = 16 << 20, LOSSLESS_BITS = 192000 * 2 * 32 };

static bool has_quality(const struct rendition *renditions, size_t count, const char *quality)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(renditions[i].quality, quality) == 0)
			return true;
	}
	return false;
}

/* The last of several attempts leaves the pictures alone: should they crash the worker, the sound gets through. */
static bool is_last_chance(const struct job *job)
{
	return job->attempts > 1 && job->attempts >= job->max_attempts;
}

/* What of WANTED the track does not have yet becomes the outputs. */
static enum err find_missing(struct run *run, const struct transcode_job *wanted, struct err_info *info)
{
	struct publish *publish = &run->publish;
	struct rendition *present;
	size_t count;
	enum err err =
		rendition_list(run->runner->db, run->job.track, &run->arena, &run->track, &present, &count, info);

	if (err == ERR_NOT_FOUND)
		return err_set(info, ERR_NOT_FOUND, "the track of this job was deleted");
	if (err != ERR_OK)
		return err;
	publish->outputs = arena_array(&run->arena, wanted->count, sizeof *publish->outputs);
	for (size_t i = 0; i < wanted->count; i++) {
		if (has_quality(present, count, wanted->renditions[i].quality))
			continue;
		publish->outputs[publish->count].wanted = &wanted->renditions[i];
		publish->outputs[publish->count++].fd = -1;
	}
	err = sound_job_settle(
		run->runner->db, run->job.track, count > 0, &wanted->sound, &run->arena, &publish->sound, info);
	if (err == ERR_OK && publish->count > 0)
		err = album_job_look(run->runner->db, run->job.track, &publish->sound, &run->album, info);
	if (err != ERR_OK)
		return err;
	/*
	 * Where renditions were asked for that are all there, there is nothing to do; nor before the album is complete.
	 */
	if ((publish->count == 0 && wanted->count > 0) || run->album != ALBUM_NONE)
		return ERR_OK;
	return extras_find(run->runner->db, run->job.track, !is_last_chance(&run->job), &publish->extras, info);
}

static bool needs_worker(const struct run *run, const struct transcode_job *wanted)
{
	const struct sound *sound = &run->publish.sound.sound;
	bool measures = sound->mode != SOUND_OFF && !sound->loudness_known && !sound->gain_known;

	return run->publish.count > 0 || run->publish.extras.count > 0 || (wanted->count == 0 && measures);
}

static enum err open_outputs(struct run *run, struct err_info *info)
{
	enum err err = workdir_make(run->runner->conf, run->job.id, &run->arena, &run->workdir, info);

	for (size_t i = 0; err == ERR_OK && i < run->publish.count; i++) {
		struct publish_output *output = &run->publish.outputs[i];

		output->path = arena_printf(&run->arena, "%s/%zu.mp4", run->workdir.path, i);
		output->fd = open(output->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (output->fd < 0)
			err = err_set_errno(info, ERR_IO, errno, "cannot make %s", output->path);
	}
	return err == ERR_OK ? extras_open(&run->publish.extras, run->workdir.path, &run->arena, info) : err;
}

/* Most bytes that all outputs may come to: what the disk has left is not theirs to the last byte. */
static int64_t find_room(const struct conf *conf)
{
	int64_t spare = fs_free_bytes(conf->data_dir) - conf->disk_floor;

	if (spare < OUTPUT_SPARE)
		spare = OUTPUT_SPARE;
	return spare < conf->job_output_size ? spare : conf->job_output_size;
}

/* Most bytes that one of them may come to: what the longest source takes at the highest rate. */
static int64_t output_limit(const struct run *run)
{
	const struct conf *conf = run->runner->conf;
	int64_t bits = 0, most;

	for (size_t i = 0; i < run->publish.count; i++) {
		const struct conf_rendition *wanted = run->publish.outputs[i].wanted;
		int64_t rate = wanted->bit_rate > 0 ? 2 * wanted->bit_rate : LOSSLESS_BITS;

		bits = rate > bits ? rate : bits;
	}
	most = bits / 8 * conf->source_duration_s + OUTPUT_SPARE;
	return most < run->publish.room ? most : run->publish.room;
}

static json_t *limits_json(const struct run *run)
{
	const struct conf *conf = run->runner->conf;
	json_t *limits = json_pack("{s:I, s:I, s:I, s:I, s:I}", "duration_s", (json_int_t)conf->source_duration_s,
		"memory", (json_int_t)conf->job_memory, "cpu_s", (json_int_t)conf->job_cpu_s, "output",
		(json_int_t)output_limit(run), "nice", (json_int_t)conf->job_nice);

	if (run->runner->worker_uid != 0) {
		json_object_set_new(limits, "uid", json_integer((json_int_t)run->runner->worker_uid));
		json_object_set_new(limits, "gid", json_integer((json_int_t)run->runner->worker_gid));
	}
	return limits;
}

/* What is said of the track, by who uploaded it or by its source before, stands in the renditions. */
static json_t *track_tags(const struct track *track)
{
	return json_pack("{s:s*, s:s*, s:s*}", "title", track->title, "artist", track->artist, "album", track->album);
}

/* The job as the worker reads it, in the arena. */
static char *worker_job(const struct run *run, struct arena *arena)
{
	json_t *renditions = json_array();
	json_t *job;
	char *text, *copy;

	for (size_t i = 0; i < run->publish.count; i++)
		json_array_append_new(renditions, transcode_job_rendition(run->publish.outputs[i].wanted));
	job = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:b}", "source_name",
		run->track.source_name == NULL ? "" : run->track.source_name, "segment_ms",
		(json_int_t)run->runner->conf->segment_ms, "limits", limits_json(run), "renditions", renditions,
		"extras", extras_json(&run->publish.extras, WORKER_FD_OUTPUT + (int)run->publish.count), "tags",
		track_tags(&run->track), "sound", sound_job_json(&run->publish.sound), "passthrough",
		(int)run->publish.passthrough);
	if (run->album == ALBUM_MEASURE)
		json_object_set_new(job, "measure", json_true());
	text = json_dumps(job, JSON_COMPACT);
	if (text == NULL)
		abort();
	copy = arena_strdup(arena, text);
	free(text);
	json_decref(job);
	return copy;
}

static enum err start_worker(struct run *run, int source, struct err_info *info)
{
	const struct extras *extras = &run->publish.extras;
	int outputs[WORKER_OUTPUTS_MOST];
	struct spawn spawn = {
		.program = run->runner->worker,
		.job = worker_job(run, &run->arena),
		.source = source,
		.outputs = outputs,
		.output_count = run->album == ALBUM_MEASURE ? 0 : run->publish.count + extras->count,
	};

	for (size_t i = 0; i < run->publish.count; i++)
		outputs[i] = run->publish.outputs[i].fd;
	for (size_t i = 0; i < extras->count; i++)
		outputs[run->publish.count + i] = extras->outputs[i].fd;
	return spawn_worker(&spawn, &run->worker, info);
}

enum err prepare_run(struct run *run, struct err_info *info)
{
	const struct runner *runner = run->runner;
	struct transcode_job *wanted = arena_alloc(&run->arena, sizeof *wanted);
	int source = -1;
	enum err err;

	if (strcmp(run->job.kind, TRANSCODE_KIND) != 0 || run->job.track == NULL)
		return err_set(info, ERR_UNPROCESSABLE, "this jobrunner knows no such job: %.32s", run->job.kind);
	err = transcode_job_decode(run->job.payload, &run->arena, wanted, info);
	if (err == ERR_OK && wanted->count > WORKER_RENDITIONS_MOST)
		err = err_set(
			info, ERR_UNPROCESSABLE, "a job makes at most %d renditions", (int)WORKER_RENDITIONS_MOST);
	if (err == ERR_OK)
		err = find_missing(run, wanted, info);
	run->publish.room = find_room(runner->conf);
	run->publish.passthrough = wanted->passthrough;
	run->publish.drop_source = !runner->conf->keep_source && wanted->source != NULL;
	if (err != ERR_OK || !needs_worker(run, wanted))
		return err;
	if (run->album != ALBUM_WAIT)
		err = source_open(runner->conf, wanted, &source, info);
	if (err == ERR_OK && run->album == ALBUM_NONE)
		err = open_outputs(run, info);
	if (err == ERR_OK && run->album != ALBUM_WAIT)
		err = start_worker(run, source, info);
	if (source >= 0)
		close(source);
	if (run->album != ALBUM_NONE)
		run->publish.count = 0;
	return err;
}
