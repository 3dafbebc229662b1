/* SPDX-License-Identifier: MIT */
#include "media/loudness_tap.h"

#include "media/filter.h"
#include "media/loudness.h"
#include "media/held.h"
#include "media/queue.h"
#include "media/true_peak.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { QUEUE_FRAMES = 64, FRAME_SAMPLES = 4096 };

/* What a thread measures, and what it hears. */
struct measuring {
	struct queue queue;
	pthread_t thread;
	bool running;
	enum err err;
	struct err_info info;
};

struct loudness_tap {
	struct filter *filter; /* this and the next belong to the thread of the levels */
	struct loudness_meter *meter;
	struct true_peak *peak;
	struct measuring levels, peaks;
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

/* A filter_sink. */
static enum err measure_levels(void *context, AVFrame *frame, struct err_info *info)
{
	struct loudness_tap *tap = context;
	enum err err = loudness_add(tap->meter, planes_of(frame), (size_t)frame->nb_samples, info);

	if (err == ERR_OK)
		err = push_reference(&tap->peaks.queue, frame, info);
	av_frame_free(&frame);
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

static void *peak_thread(void *context)
{
	struct loudness_tap *tap = context;
	struct measuring *peaks = &tap->peaks;
	AVFrame *frame;

	while ((frame = queue_pop(&peaks->queue)) != NULL) {
		if (peaks->err == ERR_OK)
			peaks->err = true_peak_add(tap->peak, planes_of(frame), (size_t)frame->nb_samples, &peaks->info);
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
		err = loudness_open((unsigned)channels, (uint32_t)rate, &tap->meter, info);
	if (err == ERR_OK)
		err = true_peak_open((unsigned)channels, (uint32_t)rate, &tap->peak, info);
	if (err == ERR_OK)
		err = start(&tap->peaks, peak_thread, tap, info);
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
	queue_init(&tap->peaks.queue, QUEUE_FRAMES);
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
	join(&tap->peaks);
}

static enum err failure(const struct measuring *measuring, struct err_info *info)
{
	if (measuring->err != ERR_OK)
		*info = measuring->info;
	return measuring->err;
}

enum err loudness_tap_finish(
	struct loudness_tap *tap, struct loudness *out, uint32_t *bins, struct err_info *info)
{
	enum err err;

	join_all(tap);
	err = failure(&tap->levels, info);
	if (err == ERR_OK)
		err = loudness_finish(tap->meter, out, bins, info);
	if (err == ERR_OK)
		err = failure(&tap->peaks, info);
	if (err == ERR_OK)
		out->true_peak_dbtp = true_peak_dbtp(tap->peak);
	return err;
}

void loudness_tap_close(struct loudness_tap *tap)
{
	if (tap == NULL)
		return;
	join_all(tap);
	true_peak_close(tap->peak);
	queue_free(&tap->peaks.queue, held_frame_free);
	loudness_close(tap->meter);
	queue_free(&tap->levels.queue, held_frame_free);
	filter_close(tap->filter);
	free(tap);
}
