/* SPDX-License-Identifier: MIT */
#include "media/sound_stage.h"

#include "media/decode.h"
#include "media/watch.h"

#include <math.h>

/* The measuring pass. */
struct pass {
	const struct pipeline_job *job;
	const struct source_info *source;
	struct demux *demux;
	struct decode *decode;
	struct shape *shape;
	struct loudness_tap *tap;
	AVFrame *frame;
	uint64_t samples; /* measured so far */
	struct watch watch;
};

static enum err open_pass(struct pass *pass, int channels, double part, struct err_info *info)
{
	const char *filter = pass->job->sound->filter;
	int rate = (int)pass->source->sample_rate;
	enum err err = demux_open(pass->job->source, pass->source->format, &pass->demux, info);

	if (err == ERR_OK)
		err = decode_open(pass->demux, &pass->decode, info);
	if (err == ERR_OK && filter != NULL)
		err = shape_open(filter, NULL, rate, channels, &pass->shape, info);
	if (err == ERR_OK)
		err = loudness_tap_open(rate, channels, &pass->tap, info);
	pass->frame = av_frame_alloc();
	if (err == ERR_OK && pass->frame == NULL)
		err = err_set(info, ERR_NO_MEMORY, "no memory for a frame");
	pass->watch = watch_begin(part);
	return err;
}

static void close_pass(struct pass *pass)
{
	loudness_tap_close(pass->tap);
	shape_close(pass->shape);
	decode_close(pass->decode);
	demux_close(pass->demux);
	av_frame_free(&pass->frame);
}

/* A shape_sink. */
static enum err push(void *context, const AVFrame *frame, struct err_info *info)
{
	struct pass *pass = context;

	pass->samples += (uint64_t)frame->nb_samples;
	return loudness_tap_push(pass->tap, frame, info);
}

static enum err run_pass(struct pass *pass, struct err_info *info)
{
	uint64_t samples;

	for (;;) {
		bool end;
		enum err err = decode_next(pass->decode, pass->frame, &end, info);

		if (err == ERR_OK && end)
			return pass->shape != NULL ? shape_finish(pass->shape, push, pass, &samples, info) : ERR_OK;
		if (err == ERR_OK)
			err = watch_measure(&pass->watch, pass->job, pass->decode, pass->source->duration_ms, info);
		if (err == ERR_OK)
			err = pass->shape != NULL ? shape_push(pass->shape, pass->frame, push, pass, info)
						  : push(pass, pass->frame, info);
		av_frame_unref(pass->frame);
		if (err != ERR_OK)
			return err;
	}
}

static void choose_gain(const struct sound *sound, struct loudness *loudness)
{
	double peak = sound->mode == SOUND_APPLY && sound->limiter ? HUGE_VAL : sound->peak_dbtp;

	loudness->gain_db = loudness_gain(loudness, sound->target_lufs, peak);
	loudness->applied = sound->mode == SOUND_APPLY;
}

enum err sound_stage_measure(struct sound_stage *stage, const struct pipeline_job *job,
	const struct source_info *source, int channels, double part, struct err_info *info)
{
	struct pass pass = {.job = job, .source = source};
	enum err err = open_pass(&pass, channels, part, info);

	if (err == ERR_OK)
		err = run_pass(&pass, info);
	if (err == ERR_OK)
		err = loudness_tap_finish(pass.tap, &stage->loudness, stage->bins, info);
	stage->passed = pass.samples;
	if (err == ERR_OK && pass.samples == 0)
		err = err_set(info, ERR_UNPROCESSABLE,
			"nothing in the file can be decoded: it is damaged or cut off, upload it again");
	close_pass(&pass);
	choose_gain(job->sound, &stage->loudness);
	stage->measured = err == ERR_OK;
	return err;
}

/* The gain goes into the filters, or before the limiter where there is one. */
static enum err open_shape(struct sound_stage *stage, const struct sound *sound, double gain_db, int rate, int channels,
	struct err_info *info)
{
	const struct shape_limiter limiter = {gain_db, sound->peak_dbtp};
	bool limit = sound->mode == SOUND_APPLY && sound->limiter;

	if (!limit)
		stage->gain = pow(10, gain_db / 20);
	if (sound->filter == NULL && !limit)
		return ERR_OK;
	return shape_open(sound->filter, limit ? &limiter : NULL, rate, channels, &stage->shape, info);
}

enum err sound_stage_open(struct sound_stage *stage, const struct pipeline_job *job,
	const struct source_info *source, int channels, struct err_info *info)
{
	const struct sound *sound = job->sound;
	int rate = (int)source->sample_rate;
	double gain_db = 0;
	enum err err = ERR_OK;

	*stage = (struct sound_stage){.gain = 1};
	if (sound == NULL)
		return ERR_OK;
	if (sound->mode == SOUND_APPLY && !sound->gain_known)
		err = sound_stage_measure(stage, job, source, channels, WATCH_PASS_PART, info);
	if (sound->mode == SOUND_APPLY)
		gain_db = sound->gain_known ? sound->gain_db : stage->loudness.gain_db;
	if (err == ERR_OK)
		err = open_shape(stage, sound, gain_db, rate, channels, info);
	stage->tells = sound->mode == SOUND_TAGS;
	if (sound->loudness_known)
		stage->loudness = (struct loudness){
			.integrated_lufs = sound->known_lufs, .true_peak_dbtp = sound->known_peak_dbtp};
	if (err == ERR_OK && sound->mode == SOUND_TAGS && !sound->loudness_known)
		err = loudness_tap_open(rate, channels, &stage->tap, info);
	return err;
}

enum err sound_stage_finish(struct sound_stage *stage, const struct pipeline_job *job, struct err_info *info)
{
	enum err err;

	if (stage->tap == NULL)
		return ERR_OK;
	err = loudness_tap_finish(stage->tap, &stage->loudness, stage->bins, info);
	choose_gain(job->sound, &stage->loudness);
	stage->measured = err == ERR_OK;
	return err;
}

void sound_stage_close(struct sound_stage *stage)
{
	shape_close(stage->shape);
	loudness_tap_close(stage->tap);
}
