/* SPDX-License-Identifier: MIT */
#include "media/loudness_tap.h"

#include "media/filter.h"
#include "media/loudness.h"
#include "media/held.h"
#include "media/queue.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* Frames are those of the filter; a piece lasts 1.5 s at 44.1 kHz. */
enum { PEAK_METERS = 4, QUEUE_FRAMES = 64, FRAME_SAMPLES = 4096, PIECE_FRAMES = 16 };

/* A meter and its thread. */
struct measuring {
	struct queue queue;
	struct loudness_meter *meter;
	pthread_t thread;
	bool running;
	enum err err;
	struct err_info info;
};

struct loudness_tap {
	struct filter *filter; /* this and the next two belong to the thread of the levels */
	uint64_t frames;       /* passed on so far */
	AVFrame *last;         /* of them */
	struct measuring levels;
	struct measuring peaks[PEAK_METERS];
};

static const float *const *planes_of(const AVFrame *frame)
{
	return (const float *const *)frame->extended_data;
}

/* A reference to FRAME into QUEUE; when nobody takes from it any more, nowhere. */
static enum err push_reference(struct queue *queue, const AVFrame *frame, struct err_info *info)
{
	AVFrame *reference = av_frame_clone(frame);

	if (reference == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for a frame");
	if (!queue_push(queue, reference))
		av_frame_free(&reference);
	return ERR_OK;
}

/* FRAME to the meter whose turn it is, which first hears the frame before when its piece begins. */
static enum err pass_on(struct loudness_tap *tap, const AVFrame *frame, struct err_info *info)
{
	struct queue *queue = &tap->peaks[tap->frames / PIECE_FRAMES % PEAK_METERS].queue;
	enum err err = ERR_OK;

	if (tap->frames++ % PIECE_FRAMES == 0 && tap->last != NULL)
		err = push_reference(queue, tap->last, info);
	return err == ERR_OK ? push_reference(queue, frame, info) : err;
}

/* A filter_sink. */
static enum err measure_levels(void *context, AVFrame *frame, struct err_info *info)
{
	struct loudness_tap *tap = context;
	enum err err = loudness_add(tap->levels.meter, planes_of(frame), (size_t)frame->nb_samples, info);

	if (err == ERR_OK)
		err = pass_on(tap, frame, info);
	av_frame_free(&tap->last);
	tap->last = frame;
	return err;
}

/* After an error frames are still taken, so that nobody waits for room in the queue. */
static void *levels_thread(void *context)
{
	struct loudness_tap *tap = context;
	struct measuring *levels = &tap->levels;
	AVFrame *frame;
	uint64_t samples;

	while ((frame = queue_pop(&levels->queue)) != NULL) {
		if (levels->err == ERR_OK)
			levels->err = filter_push(tap->filter, frame, measure_levels, tap, &levels->info);
		av_frame_free(&frame);
	}
	if (levels->err == ERR_OK)
		levels->err = filter_finish(tap->filter, measure_levels, tap, &samples, &levels->info);
	return NULL;
}

/* What does not follow on the frame before is there to be followed on. */
static void *peak_thread(void *context)
{
	struct measuring *peak = context;
	int64_t next = 0;
	AVFrame *frame;

	while ((frame = queue_pop(&peak->queue)) != NULL) {
		size_t count = (size_t)frame->nb_samples;

		if (peak->err == ERR_OK && frame->pts == next)
			peak->err = loudness_add(peak->meter, planes_of(frame), count, &peak->info);
		else if (peak->err == ERR_OK)
			peak->err = loudness_skip(peak->meter, planes_of(frame), count, &peak->info);
		next = frame->pts + frame->nb_samples;
		av_frame_free(&frame);
	}
	return NULL;
}

static enum err start(
	struct measuring *measuring, void *(*run)(void *context), void *context, struct err_info *info)
{
	if (pthread_create(&measuring->thread, NULL, run, context) != 0)
		return err_set(info, ERR_NO_MEMORY, "no more threads for this job");
	measuring->running = true;
	return ERR_OK;
}

static enum err open_meters(struct loudness_tap *tap, int rate, int channels, struct err_info *info)
{
	enum err err = filter_open(rate, channels, FRAME_SAMPLES, &tap->filter, info);

	if (err == ERR_OK)
		err = loudness_open(LOUDNESS_LEVELS, (unsigned)channels, (uint32_t)rate, &tap->levels.meter, info);
	for (size_t i = 0; i < PEAK_METERS && err == ERR_OK; i++)
		err = loudness_open(LOUDNESS_PEAK, (unsigned)channels, (uint32_t)rate, &tap->peaks[i].meter, info);
	for (size_t i = 0; i < PEAK_METERS && err == ERR_OK; i++)
		err = start(&tap->peaks[i], peak_thread, &tap->peaks[i], info);
	return err == ERR_OK ? start(&tap->levels, levels_thread, tap, info) : err;
}

enum err loudness_tap_open(int sample_rate, int channels, struct loudness_tap **out, struct err_info *info)
{
	struct loudness_tap *tap = calloc(1, sizeof *tap);
	enum err err;

	*out = NULL;
	if (tap == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory to measure the loudness");
	queue_init(&tap->levels.queue, QUEUE_FRAMES);
	for (size_t i = 0; i < PEAK_METERS; i++)
		queue_init(&tap->peaks[i].queue, QUEUE_FRAMES);
	err = open_meters(tap, sample_rate, channels, info);
	if (err != ERR_OK) {
		loudness_tap_close(tap);
		return err;
	}
	*out = tap;
	return ERR_OK;
}

enum err loudness_tap_push(struct loudness_tap *tap, const AVFrame *frame, struct err_info *info)
{
	return push_reference(&tap->levels.queue, frame, info);
}

static void join(struct measuring *measuring)
{
	queue_close(&measuring->queue);
	if (measuring->running)
		pthread_join(measuring->thread, NULL);
	measuring->running = false;
}

/* In the order of the sound: nothing comes to the peaks after the levels have ended. */
static void join_all(struct loudness_tap *tap)
{
	join(&tap->levels);
	for (size_t i = 0; i < PEAK_METERS; i++)
		join(&tap->peaks[i]);
}

static enum err finish(struct measuring *measuring, struct loudness *out, uint32_t *bins, struct err_info *info)
{
	if (measuring->err == ERR_OK)
		return loudness_finish(measuring->meter, out, bins, info);
	*info = measuring->info;
	return measuring->err;
}

enum err loudness_tap_finish(
	struct loudness_tap *tap, struct loudness *out, uint32_t *bins, struct err_info *info)
{
	double most = LOUDNESS_SILENT_DBTP;
	enum err err;

	join_all(tap);
	err = finish(&tap->levels, out, bins, info);
	for (size_t i = 0; i < PEAK_METERS && err == ERR_OK; i++) {
		err = finish(&tap->peaks[i], out, NULL, info);
		most = fmax(most, out->true_peak_dbtp);
	}
	out->true_peak_dbtp = most;
	return err;
}

void loudness_tap_close(struct loudness_tap *tap)
{
	if (tap == NULL)
		return;
	join_all(tap);
	for (size_t i = 0; i < PEAK_METERS; i++) {
		loudness_close(tap->peaks[i].meter);
		queue_free(&tap->peaks[i].queue, held_frame_free);
	}
	loudness_close(tap->levels.meter);
	queue_free(&tap->levels.queue, held_frame_free);
	filter_close(tap->filter);
	av_frame_free(&tap->last);
	free(tap);
}
