/* SPDX-License-Identifier: MIT */
#include "media/span.h"

#include "media/flac_stream.h"
#include "media/held.h"

#include <assert.h>
#include <stdlib.h>

/* A copy of PACKET, a FLAC frame or the empty one at the end, by its time as frame of the stream. */
static AVPacket *number_packet(const struct span *span, const AVPacket *packet)
{
	AVPacket *copy = av_packet_alloc();
	uint32_t number = (uint32_t)((uint64_t)packet->pts / span->encode->frame_samples);
	size_t size;

	if (copy == NULL || av_new_packet(copy, packet->size + FLAC_FRAME_GROWTH) < 0 ||
		av_packet_copy_props(copy, packet) < 0) {
		av_packet_free(&copy);
		return NULL;
	}
	size = flac_frame_number(packet->data, (size_t)packet->size, number, copy->data);
	assert(size > 0 || packet->size == 0);
	av_shrink_packet(copy, (int)size);
	return copy;
}

static enum err keep_packet(void *context, AVPacket *packet, struct err_info *info)
{
	struct span *span = context;
	AVPacket *kept = span->numbers ? number_packet(span, packet) : av_packet_clone(packet);

	if (kept == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for a packet");
	if (queue_push(&span->packets, kept))
		return ERR_OK;
	av_packet_free(&kept);
	return err_set(info, ERR_ABORTED, "another stage failed");
}

static void *encode_span(void *context)
{
	struct span *span = context;
	AVFrame *frame;

	while (span->err == ERR_OK && (frame = queue_pop(&span->frames)) != NULL) {
		span->err = encode_frame(span->encode, frame, keep_packet, span, &span->info);
		av_frame_free(&frame);
	}
	if (span->err == ERR_OK && span->last && !queue_aborted(&span->frames))
		span->err = encode_frame(span->encode, NULL, keep_packet, span, &span->info);
	queue_close(&span->packets);
	return NULL;
}

static enum err run(struct span *span, struct err_info *info)
{
	span->running = pthread_create(&span->thread, NULL, encode_span, span) == 0;
	return span->running ? ERR_OK : err_set(info, ERR_NO_MEMORY, "no more threads for this job");
}

static void stop(struct span *span)
{
	if (span->running)
		pthread_join(span->thread, NULL);
	span->running = false;
}

enum err span_start(const struct conf_rendition *rendition, int bits, bool numbers, size_t room, uint64_t first,
	struct span **out, struct err_info *info)
{
	struct span *span = calloc(1, sizeof *span);
	enum err err;

	*out = NULL;
	if (span == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	err = encode_open(rendition, bits, &span->encode, info);
	if (err != ERR_OK) {
		free(span);
		return err;
	}
	span->numbers = numbers;
	span->each = span->encode->frame_samples / (uint32_t)span->encode->codec->frame_size;
	span->next = first * span->each;
	span->encode->given = first * span->encode->frame_samples;
	queue_init(&span->frames, room);
	queue_init(&span->packets, (room + 1) * span->each); /* what an encoder makes at the end, too */
	queue_init(&span->kept, room);
	err = run(span, info);
	if (err == ERR_OK)
		*out = span;
	else
		span_end(span);
	return err;
}

enum err span_restart(struct span *span, struct queue *kept, bool ended, struct err_info *info)
{
	AVFrame *frame;

	stop(span);
	queue_reopen(&span->frames);
	queue_reopen(&span->packets);
	while ((frame = queue_try_pop(kept)) != NULL)
		queue_push(&span->frames, frame);
	if (ended)
		queue_close(&span->frames);
	return run(span, info);
}

enum err span_pull(struct span *span, AVPacket **packets, size_t count, struct err_info *info)
{
	size_t got = 0;

	while (got < count && (packets[got] = queue_pop(&span->packets)) != NULL)
		got++;
	span->next += got;
	for (size_t i = got; i < count; i++)
		packets[i] = NULL;
	if (got == count || span->err == ERR_OK)
		return ERR_OK;
	*info = span->info;
	return span->err;
}

void span_end(struct span *span)
{
	queue_abort(&span->frames);
	queue_abort(&span->packets);
	stop(span);
	queue_free(&span->frames, held_frame_free);
	queue_free(&span->packets, held_packet_free);
	queue_free(&span->kept, held_frame_free);
	encode_close(span->encode);
	free(span);
}
