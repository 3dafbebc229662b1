/* SPDX-License-Identifier: MIT */
#include "media/pipeline.h"

#include "base/clock.h"
#include "media/damage.h"
#include "media/feed.h"
#include "media/stages.h"
#include "media/watch.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Which filter the frames of a sink call come from. */
struct fan {
	struct pipeline *pipeline;
	size_t filter;
};

/* Notes the first failure and wakes all stages. */
static void fail(struct pipeline *pipeline, enum err err, const struct err_info *info)
{
	pthread_mutex_lock(&pipeline->lock);
	if (pipeline->err == ERR_OK) {
		pipeline->err = err;
		pipeline->info = *info;
	}
	pthread_mutex_unlock(&pipeline->lock);
	for (size_t i = 0; i < pipeline->branch_count; i++)
		queue_abort(&pipeline->branches[i].queue);
}

static void thread_ended(struct pipeline *pipeline)
{
	pthread_mutex_lock(&pipeline->lock);
	pipeline->running--;
	pthread_cond_signal(&pipeline->ended);
	pthread_mutex_unlock(&pipeline->lock);
}

/* A filter_sink: FRAME to all encoders of the filter. */
static enum err fan_out(void *context, AVFrame *frame, struct err_info *info)
{
	const struct fan *fan = context;
	enum err err = ERR_OK;

	for (size_t i = 0; i < fan->pipeline->branch_count && err == ERR_OK; i++) {
		struct branch *branch = &fan->pipeline->branches[i];
		AVFrame *reference;

		if (branch->filter != fan->filter)
			continue;
		reference = av_frame_clone(frame);
		if (reference == NULL) {
			err = err_set(info, ERR_NO_MEMORY, "no memory for a frame");
		} else if (!queue_push(&branch->queue, reference)) {
			av_frame_free(&reference);
			err = err_set(info, ERR_ABORTED, "another stage failed");
		}
	}
	av_frame_free(&frame);
	return err;
}

/* A decode_tap: PACKET to the renditions that are made of packets. */
static enum err pass_on(void *context, const AVPacket *packet, struct err_info *info)
{
	struct pipeline *pipeline = context;

	for (size_t i = 0; i < pipeline->branch_count; i++) {
		struct branch *branch = &pipeline->branches[i];
		AVPacket *reference;

		if (branch->filter != FILTER_NONE)
			continue;
		reference = av_packet_clone(packet);
		if (reference == NULL)
			return err_set(info, ERR_NO_MEMORY, "no memory for a packet");
		if (!queue_push(&branch->queue, reference)) {
			av_packet_free(&reference);
			return err_set(info, ERR_ABORTED, "another stage failed");
		}
	}
	return ERR_OK;
}

/* A shape_sink: FRAME to all who listen. */
static enum err filter_all(void *context, const AVFrame *frame, struct err_info *info)
{
	struct pipeline *pipeline = context;

	if (pipeline->sound.tap != NULL) {
		enum err err = loudness_tap_push(pipeline->sound.tap, frame, info);

		if (err != ERR_OK)
			return err;
	}
	if (pipeline->waveform != NULL) {
		enum err err = waveform_tap_frame(pipeline->waveform, frame, info);

		if (err != ERR_OK)
			return err;
	}
	for (size_t i = 0; i < pipeline->filter_count; i++) {
		struct fan fan = {pipeline, i};
		enum err err = filter_push(pipeline->filters[i], frame, fan_out, &fan, info);

		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err take_frame(struct pipeline *pipeline, const AVFrame *frame, struct err_info *info)
{
	if (pipeline->sound.shape != NULL)
		return shape_push(pipeline->sound.shape, frame, filter_all, pipeline, info);
	pipeline->presented += (uint64_t)frame->nb_samples;
	return filter_all(pipeline, frame, info);
}

static enum err finish_shape(struct pipeline *pipeline, struct err_info *info)
{
	enum err err = ERR_OK;

	if (pipeline->sound.shape != NULL)
		err = shape_finish(pipeline->sound.shape, filter_all, pipeline, &pipeline->presented, info);
	if (err == ERR_OK && pipeline->presented == 0)
		err = err_set(info, ERR_UNPROCESSABLE, "the preset leaves nothing of the sound");
	return err;
}

static enum err check_progress(struct pipeline *pipeline, struct err_info *info)
{
	const struct decode *decode = pipeline->decode;

	pthread_mutex_lock(&pipeline->lock);
	pipeline->decoded = decode->samples;
	pthread_mutex_unlock(&pipeline->lock);
	return watch_check(pipeline->job, decode, info);
}

static enum err decode_all(struct pipeline *pipeline, AVFrame *frame, struct err_info *info)
{
	for (;;) {
		bool end;
		enum err err = decode_next(pipeline->decode, frame, &end, info);

		if (err != ERR_OK || end)
			return err;
		err = check_progress(pipeline, info);
		if (err == ERR_OK)
			err = take_frame(pipeline, frame, info);
		av_frame_unref(frame);
		if (err != ERR_OK)
			return err;
	}
}

/* The filters' last frames, and the presented length of each rendition. */
static enum err finish_filters(struct pipeline *pipeline, struct err_info *info)
{
	for (size_t i = 0; i < pipeline->filter_count; i++) {
		struct fan fan = {pipeline, i};
		uint64_t samples;
		enum err err = filter_finish(pipeline->filters[i], fan_out, &fan, &samples, info);

		if (err != ERR_OK)
			return err;
		for (size_t b = 0; b < pipeline->branch_count; b++) {
			if (pipeline->branches[b].filter == i)
				pipeline->branches[b].samples = samples;
		}
	}
	return ERR_OK;
}

/* Renditions of packets are as long as was found before; what is decoded must be the same now. */
static enum err finish_packets(struct pipeline *pipeline, struct err_info *info)
{
	for (size_t i = 0; i < pipeline->branch_count; i++) {
		struct branch *branch = &pipeline->branches[i];

		if (branch->filter != FILTER_NONE)
			continue;
		if (pipeline->presented != pipeline->survey.samples)
			return err_set(info, ERR_UNPROCESSABLE, "the source is not what it was a moment ago");
		branch->samples = pipeline->presented;
	}
	return ERR_OK;
}

static void *decode_thread(void *context)
{
	struct pipeline *pipeline = context;
	AVFrame *frame = av_frame_alloc();
	struct err_info info = {0};
	enum err err;

	pipeline->decode->tap = pass_on;
	pipeline->decode->tap_context = pipeline;
	if (frame != NULL)
		err = decode_all(pipeline, frame, &info);
	else
		err = err_set(&info, ERR_NO_MEMORY, "no memory for a frame");
	av_frame_free(&frame);
	if (err == ERR_OK)
		err = damage_judge(pipeline->decode, &pipeline->source, &info);
	if (err == ERR_OK)
		err = finish_shape(pipeline, &info);
	if (err == ERR_OK)
		err = finish_filters(pipeline, &info);
	if (err == ERR_OK)
		err = finish_packets(pipeline, &info);
	/* Before the encoders see the end: their files tell the loudness. */
	if (err == ERR_OK)
		err = sound_stage_finish(&pipeline->sound, pipeline->job, &info);
	if (err == ERR_OK && pipeline->waveform != NULL)
		err = waveform_tap_finish(pipeline->waveform, pipeline->job->extras[EXTRA_WAVEFORM],
			pipeline->job->extras[EXTRA_WAVEFORM_SPLIT], &info);
	if (err != ERR_OK)
		fail(pipeline, err, &info);
	for (size_t i = 0; i < pipeline->branch_count; i++)
		queue_close(&pipeline->branches[i].queue);
	thread_ended(pipeline);
	return NULL;
}

/* ITEM of the branch's queue, which ends here. */
static enum err take_item(struct branch *branch, void *item, struct err_info *info)
{
	AVPacket *packet = item;
	AVFrame *frame = item;
	enum err err;

	if (branch->filter == FILTER_NONE) {
		err = output_packet(&branch->output, packet, info);
		av_packet_free(&packet);
	} else {
		err = output_frame(&branch->output, frame, info);
		av_frame_free(&frame);
	}
	return err;
}

static void *encode_thread(void *context)
{
	struct branch *branch = context;
	struct err_info info = {0};
	enum err err = ERR_OK;
	void *item;

	while (err == ERR_OK && (item = queue_pop(&branch->queue)) != NULL) {
		err = take_item(branch, item, &info);
		feed_note(branch);
	}
	if (err == ERR_OK && !queue_aborted(&branch->queue))
		err = output_finish(&branch->output, branch->samples,
			branch->pipeline->sound.tells ? &branch->pipeline->sound.loudness : NULL, &info);
	if (err != ERR_OK)
		fail(branch->pipeline, err, &info);
	thread_ended(branch->pipeline);
	return NULL;
}

/* Starts the threads; when the system gives no more of them, those that run are told to end. */
static void start_threads(struct pipeline *pipeline, size_t *started, bool *decoding)
{
	struct err_info info = {0};

	*started = 0;
	*decoding = false;
	pthread_mutex_lock(&pipeline->lock);
	pipeline->running = pipeline->branch_count + 1;
	pthread_mutex_unlock(&pipeline->lock);
	for (; *started < pipeline->branch_count; (*started)++) {
		struct branch *branch = &pipeline->branches[*started];

		if (pthread_create(&branch->thread, NULL, encode_thread, branch) != 0)
			break;
	}
	if (*started == pipeline->branch_count)
		*decoding = pthread_create(&pipeline->thread, NULL, decode_thread, pipeline) == 0;
	if (!*decoding)
		fail(pipeline, err_set(&info, ERR_NO_MEMORY, "no more threads for this job"), &info);
	pthread_mutex_lock(&pipeline->lock);
	pipeline->running -= pipeline->branch_count - *started + !*decoding;
	pthread_mutex_unlock(&pipeline->lock);
}

static void report(struct pipeline *pipeline, uint64_t decoded, int64_t began_us)
{
	double seconds = (double)decoded / pipeline->source.sample_rate;
	double fraction = seconds * 1000 / (double)pipeline->source.duration_ms;
	double wall = (double)(clock_monotonic_us() - began_us) / 1e6;

	fraction = pipeline->before + (1 - pipeline->before) * fmin(1, fraction);
	pipeline->job->on_progress(pipeline->job->context, "transcode", fraction, wall > 0 ? seconds / wall : 0);
}

/* Until all threads have ended: segments, progress, and the stop flag. */
static void watch(struct pipeline *pipeline)
{
	int64_t began_us = clock_monotonic_us();
	bool stopping = false;

	report(pipeline, 0, began_us);
	pthread_mutex_lock(&pipeline->lock);
	while (pipeline->running > 0) {
		struct timespec until;
		uint64_t decoded;
		bool in_time;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += PIPELINE_REPORT_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		in_time = pthread_cond_timedwait(&pipeline->ended, &pipeline->lock, &until) == 0;
		decoded = pipeline->decoded;
		pthread_mutex_unlock(&pipeline->lock);
		feed_tell(pipeline);
		if (!in_time)
			report(pipeline, decoded, began_us);
		if (atomic_load(pipeline->job->stop) && !stopping) {
			struct err_info info;

			stopping = true;
			fail(pipeline, watch_stopped(&info), &info);
		}
		pthread_mutex_lock(&pipeline->lock);
	}
	pthread_mutex_unlock(&pipeline->lock);
}

/* Without a picture, or when that cannot be made, the files stay empty. */
static void *artwork_thread(void *context)
{
	struct pipeline *pipeline = context;
	const struct pipeline_job *job = pipeline->job;
	struct err_info *info = &pipeline->artwork_info;

	if (artwork_make(&pipeline->artwork, job->extras, info) != ERR_OK) {
		for (int role = 0; role < EXTRA_ROLES; role++) {
			if (extra_cover_side((enum extra_role)role) > 0 && job->extras[role] >= 0 &&
				ftruncate(job->extras[role], 0) != 0)
				err_set_errno(info, ERR_IO, errno, "the cover picture cannot be taken back");
		}
	}
	thread_ended(pipeline);
	return NULL;
}

static bool start_artwork(struct pipeline *pipeline, pthread_t *thread)
{
	bool started;

	if (pipeline->artwork.packet == NULL)
		return false;
	pthread_mutex_lock(&pipeline->lock);
	pipeline->running++;
	pthread_mutex_unlock(&pipeline->lock);
	started = pthread_create(thread, NULL, artwork_thread, pipeline) == 0;
	if (!started) {
		err_set(&pipeline->artwork_info, ERR_NO_MEMORY, "no more threads for the cover picture");
		thread_ended(pipeline);
	}
	return started;
}

static void tell_artwork(const struct pipeline *pipeline)
{
	const struct pipeline_job *job = pipeline->job;

	if (pipeline->artwork_info.code != ERR_OK && job->on_notice != NULL)
		job->on_notice(job->context, &pipeline->artwork_info);
}

static void tell_damage(const struct pipeline *pipeline)
{
	const struct pipeline_job *job = pipeline->job;
	struct err_info info;

	if (job->on_notice != NULL && damage_lacks(pipeline->decode, &pipeline->source, &info))
		job->on_notice(job->context, &info);
}

static void fill_result(const struct pipeline *pipeline, struct pipeline_result *result)
{
	const struct sound_stage *sound = &pipeline->sound;

	result->samples = pipeline->presented;
	result->sample_rate = (uint32_t)(sound->shape != NULL ? (int)pipeline->source.sample_rate
							       : pipeline->decode->sample_rate);
	result->measured = sound->measured;
	result->loudness = sound->loudness;
	memcpy(result->bins, sound->bins, sizeof result->bins);
}

enum err pipeline_run(const struct pipeline_job *job, struct pipeline_result *result, struct err_info *info)
{
	struct pipeline *pipeline;
	pthread_t artist;
	size_t started;
	bool decoding, drawing;
	enum err err;

	assert(job->count <= PIPELINE_RENDITIONS_MOST);
	err = stages_open(job, &pipeline, info);
	if (err != ERR_OK)
		return err;
	start_threads(pipeline, &started, &decoding);
	drawing = start_artwork(pipeline, &artist);
	watch(pipeline);
	for (size_t i = 0; i < started; i++)
		pthread_join(pipeline->branches[i].thread, NULL);
	if (decoding)
		pthread_join(pipeline->thread, NULL);
	if (drawing)
		pthread_join(artist, NULL);
	tell_artwork(pipeline);
	err = pipeline->err;
	*info = pipeline->info;
	if (err == ERR_OK) {
		fill_result(pipeline, result);
		tell_damage(pipeline);
	}
	stages_close(pipeline);
	return err;
}
