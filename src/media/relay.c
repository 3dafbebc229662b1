/* SPDX-License-Identifier: MIT */
#include "media/relay.h"

#include "media/aac_window.h"
#include "media/held.h"
#include "media/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* All that a span is given, and all it makes. */
	SPAN_ROOM = RELAY_SETTLE_FRAMES + RELAY_SPAN_FRAMES + RELAY_OVERLAP_FRAMES + 2
};

/*
 * Frames and packets are counted from the start of the stream; packet N needs frame N, but for the one after the end.
 */
struct span {
	struct encode *encode;
	struct queue frames;  /* AVFrame */
	struct queue packets; /* AVPacket */
	pthread_t thread;
	uint64_t begin;       /* frame that it should take over at */
	uint64_t next;        /* packet that its queue gives next */
	bool last;            /* the stream ends with it; set before its frames end */
	enum err err;         /* of the thread; read when its packets have ended */
	struct err_info info;
};

struct relay {
	struct conf_rendition rendition;
	struct span *spans[RELAY_SPANS_MOST]; /* the oldest first */
	size_t count, most;
	uint64_t given;           /* frames */
	struct aac_window window; /* of the last packet that went to the sink */
	bool window_known;
};

static enum err keep_packet(void *context, AVPacket *packet, struct err_info *info)
{
	struct span *span = context;
	AVPacket *kept = av_packet_clone(packet);

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

/* Without a thread. */
static void discard_span(struct span *span)
{
	queue_free(&span->frames, held_frame_free);
	queue_free(&span->packets, held_packet_free);
	encode_close(span->encode);
	free(span);
}

static void end_span(struct span *span)
{
	queue_abort(&span->frames);
	queue_abort(&span->packets);
	pthread_join(span->thread, NULL);
	discard_span(span);
}

/* The span that begins at frame BEGIN, its encoder some frames before, behind the others. */
static enum err start_span(struct relay *relay, uint64_t begin, struct err_info *info)
{
	struct span *span = calloc(1, sizeof *span);
	enum err err;

	assert(relay->count < relay->most);
	if (span == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	err = encode_open(&relay->rendition, 16, &span->encode, info);
	if (err != ERR_OK) {
		free(span);
		return err;
	}
	span->begin = begin;
	span->next = relay->given;
	span->encode->given = relay->given * span->encode->frame_samples;
	queue_init(&span->frames, SPAN_ROOM);
	queue_init(&span->packets, SPAN_ROOM);
	if (pthread_create(&span->thread, NULL, encode_span, span) != 0) {
		discard_span(span);
		return err_set(info, ERR_NO_MEMORY, "no more threads for this job");
	}
	relay->spans[relay->count++] = span;
	return ERR_OK;
}

static void drop_oldest(struct relay *relay)
{
	end_span(relay->spans[0]);
	memmove(relay->spans, relay->spans + 1, --relay->count * sizeof(struct span *));
}

/* PACKET to the sink; it is gone afterwards. */
static enum err give(
	struct relay *relay, AVPacket *packet, encode_sink *sink, void *context, struct err_info *info)
{
	enum err err;

	relay->window_known = aac_window_read(packet->data, (size_t)packet->size, &relay->window);
	err = sink(context, packet, info);
	av_packet_free(&packet);
	return err;
}

/*
 * Packets of the oldest span before packet UNTIL to the sink: all that come until then (WAIT), or those that are there.
 */
static enum err give_until(struct relay *relay, uint64_t until, bool wait, encode_sink *sink, void *context,
	struct err_info *info)
{
	struct span *span = relay->spans[0];

	while (span->next < until) {
		AVPacket *packet = wait ? queue_pop(&span->packets) : queue_try_pop(&span->packets);
		enum err err;

		if (packet == NULL)
			break;
		span->next++;
		err = give(relay, packet, sink, context, info);
		if (err != ERR_OK)
			return err;
	}
	if (!wait || span->next >= until || span->err == ERR_OK)
		return ERR_OK;
	*info = span->info;
	return span->err;
}

/* Packet N of SPAN was windowed as the last that went to the sink. Those up to it are dropped. */
static bool joins_at(const struct relay *relay, struct span *span, uint64_t n)
{
	struct aac_window window = {0};
	bool known = false;

	while (span->next <= n) {
		AVPacket *packet = queue_pop(&span->packets);

		if (packet == NULL)
			return true; /* it has failed, which is noticed when it is the oldest */
		span->next++;
		known = aac_window_read(packet->data, (size_t)packet->size, &window);
		av_packet_free(&packet);
	}
	return known && relay->window_known && window.sequence == relay->window.sequence &&
	       window.shape == relay->window.shape;
}

/* The oldest span to its end, where the next one takes over. */
static enum err hand_over(struct relay *relay, encode_sink *sink, void *context, struct err_info *info)
{
	struct span *next = relay->spans[1];
	uint64_t seam = next->begin;
	enum err err = give_until(relay, seam, true, sink, context, info);

	while (err == ERR_OK && !joins_at(relay, next, seam - 1) && seam < next->begin + RELAY_OVERLAP_FRAMES)
		err = give_until(relay, ++seam, true, sink, context, info);
	if (err == ERR_OK)
		drop_oldest(relay);
	return err;
}

/* The end of the stream. A span that would have little to do is left to the one before, which has its frames. */
static enum err finish(struct relay *relay, encode_sink *sink, void *context, struct err_info *info)
{
	struct span *last;
	enum err err = ERR_OK;

	if (relay->count == 0)
		return ERR_OK;
	last = relay->spans[relay->count - 1];
	if (relay->count > 1 && relay->given <= last->begin + RELAY_OVERLAP_FRAMES + 1) {
		end_span(last);
		last = relay->spans[--relay->count - 1];
	}
	last->last = true;
	queue_close(&last->frames);
	while (err == ERR_OK && relay->count > 1)
		err = hand_over(relay, sink, context, info);
	return err == ERR_OK ? give_until(relay, UINT64_MAX, true, sink, context, info) : err;
}

enum err relay_open(
	const struct conf_rendition *rendition, size_t spans, struct relay **out, struct err_info *info)
{
	assert(spans >= 2 && spans <= RELAY_SPANS_MOST);
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	(*out)->rendition = *rendition;
	(*out)->most = spans;
	return ERR_OK;
}

/* FRAME, the next one, to the spans that want it. */
static enum err share(struct relay *relay, const AVFrame *frame, struct err_info *info)
{
	for (size_t i = 0; i < relay->count; i++) {
		struct span *span = relay->spans[i];
		AVFrame *reference;

		if (relay->given > span->begin + RELAY_SPAN_FRAMES + RELAY_OVERLAP_FRAMES) {
			queue_close(&span->frames);
			continue;
		}
		reference = av_frame_clone(frame);
		if (reference == NULL)
			return err_set(info, ERR_NO_MEMORY, "no memory for a frame");
		queue_push(&span->frames, reference);
	}
	relay->given++;
	return ERR_OK;
}

enum err relay_frame(
	struct relay *relay, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info)
{
	uint64_t ahead = relay->given + RELAY_SETTLE_FRAMES;
	enum err err = ERR_OK;

	if (frame == NULL)
		return finish(relay, sink, context, info);
	if (relay->given == 0) {
		err = start_span(relay, 0, info);
	} else if (ahead % RELAY_SPAN_FRAMES == 0) {
		if (relay->count == relay->most)
			err = hand_over(relay, sink, context, info);
		if (err == ERR_OK)
			err = start_span(relay, ahead, info);
	}
	if (err == ERR_OK)
		err = share(relay, frame, info);
	if (err == ERR_OK)
		err = give_until(relay, relay->spans[0]->begin + RELAY_SPAN_FRAMES, false, sink, context, info);
	return err;
}

void relay_close(struct relay *relay)
{
	if (relay == NULL)
		return;
	while (relay->count > 0)
		end_span(relay->spans[--relay->count]);
	free(relay);
}
