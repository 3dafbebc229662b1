/* SPDX-License-Identifier: MIT */
#include "media/loudness_tap.h"

#include "media/filter.h"
#include "media/loudness.h"
#include "media/queue.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { METERS = 2, QUEUE_FRAMES = 64, FRAME_SAMPLES = 4096 };

static const unsigned parts[METERS] = {LOUDNESS_LEVELS, LOUDNESS_PEAK};

struct measuring {
	struct queue queue;
	struct filter *filter;
	struct loudness_meter *meter;
	pthread_t thread;
	bool running;
	enum err err;
	struct err_info info;
};

struct loudness_tap {
	struct measuring meters[METERS];
};

/* A filter_sink. */
static enum err measure(void *context, AVFrame *frame, struct err_info *info)
{
	struct measuring *meter = context;
	enum err err = loudness_add(
		meter->meter, (const float *const *)frame->extended_data, (size_t)frame->nb_samples, info);

	av_frame_free(&frame);
	return err;
}

/* After an error frames are still taken, so that nobody waits for room in the queue. */
static void *measure_thread(void *context)
{
	struct measuring *meter = context;
	AVFrame *frame;
	uint64_t samples;

	while ((frame = queue_pop(&meter->queue)) != NULL) {
		if (meter->err == ERR_OK)
			meter->err = filter_push(meter->filter, frame, measure, meter, &meter->info);
		av_frame_free(&frame);
	}
	if (meter->err == ERR_OK)
		meter->err = filter_finish(meter->filter, measure, meter, &samples, &meter->info);
	return NULL;
}

static enum err start(struct measuring *meter, unsigned part, int rate, int channels, struct err_info *info)
{
	enum err err = filter_open(rate, channels, FRAME_SAMPLES, &meter->filter, info);

	if (err == ERR_OK)
		err = loudness_open(part, (unsigned)channels, (uint32_t)rate, &meter->meter, info);
	if (err != ERR_OK)
		return err;
	if (pthread_create(&meter->thread, NULL, measure_thread, meter) != 0)
		return err_set(info, ERR_NO_MEMORY, "no more threads for this job");
	meter->running = true;
	return ERR_OK;
}

enum err loudness_tap_open(int sample_rate, int channels, struct loudness_tap **out, struct err_info *info)
{
	struct loudness_tap *tap = calloc(1, sizeof *tap);
	enum err err = ERR_OK;

	*out = NULL;
	if (tap == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory to measure the loudness");
	for (size_t i = 0; i < METERS; i++)
		queue_init(&tap->meters[i].queue, QUEUE_FRAMES);
	for (size_t i = 0; i < METERS && err == ERR_OK; i++)
		err = start(&tap->meters[i], parts[i], sample_rate, channels, info);
	if (err != ERR_OK) {
		loudness_tap_close(tap);
		return err;
	}
	*out = tap;
	return ERR_OK;
}

enum err loudness_tap_push(struct loudness_tap *tap, const AVFrame *frame, struct err_info *info)
{
	for (size_t i = 0; i < METERS; i++) {
		AVFrame *reference = av_frame_clone(frame);

		if (reference == NULL)
			return err_set(info, ERR_NO_MEMORY, "no memory for a frame");
		if (!queue_push(&tap->meters[i].queue, reference))
			av_frame_free(&reference);
	}
	return ERR_OK;
}

static void join(struct measuring *meter)
{
	queue_close(&meter->queue);
	if (meter->running)
		pthread_join(meter->thread, NULL);
	meter->running = false;
}

enum err loudness_tap_finish(
	struct loudness_tap *tap, struct loudness *out, uint32_t *bins, struct err_info *info)
{
	for (size_t i = 0; i < METERS; i++) {
		struct measuring *meter = &tap->meters[i];

		join(meter);
		if (meter->err == ERR_OK)
			meter->err = loudness_finish(meter->meter, out, bins, &meter->info);
		if (meter->err != ERR_OK) {
			*info = meter->info;
			return meter->err;
		}
	}
	return ERR_OK;
}

static void release_frame(void *item)
{
	AVFrame *frame = item;

	av_frame_free(&frame);
}

void loudness_tap_close(struct loudness_tap *tap)
{
	if (tap == NULL)
		return;
	for (size_t i = 0; i < METERS; i++) {
		struct measuring *meter = &tap->meters[i];

		join(meter);
		filter_close(meter->filter);
		loudness_close(meter->meter);
		queue_free(&meter->queue, release_frame);
	}
	free(tap);
}
