/* SPDX-License-Identifier: MIT */
#include "media/vorbis_relay.h"

#include "media/held.h"
#include "media/queue.h"
#include "media/relay.h"
#include "media/vorbis_coder.h"

#include <assert.h>
#include <stdlib.h>

/* In samples. Within SETTLE any sound is the strongest that is not 9 dB below what came before, or more. */
enum { SPAN = 1 << 19, SETTLE = 1 << 16, SHORTEST = 64 /* that a block can add (Vorbis I section 4.2.2) */ };

/* A coder and its thread. */
struct lane {
	const struct vorbis_relay *relay;
	size_t index;
	struct vorbis_coder *coder;
	struct queue frames; /* AVFrame: all of the stream */
	struct queue
		packets; /* AVPacket of its spans; `pts`: the block's place, `duration`: how far it is to the next */
	pthread_t thread;
	bool running;
	enum err err; /* of the thread; read when its packets have ended */
	struct err_info info;
};

struct vorbis_relay {
	struct lane lanes[RELAY_SPANS_MOST];
	size_t count;
	int64_t given; /* where the last packet that was given ends */
	int64_t next;  /* where the next one will */
};

static size_t lane_of(const struct vorbis_relay *relay, int64_t place)
{
	return (size_t)(place / SPAN) % relay->count;
}

/* Whether the block is one of the lane's spans, or is encoded for those to come. */
static bool is_own(const struct lane *lane, int64_t place)
{
	return lane_of(lane->relay, place) == lane->index;
}

static enum err take_block(struct lane *lane, int64_t place, int64_t next)
{
	AVPacket *packet;
	enum err err;

	if (!is_own(lane, place) && !is_own(lane, place + SETTLE))
		return ERR_OK;
	err = vorbis_coder_encode(lane->coder, &packet, &lane->info);
	if (err != ERR_OK)
		return err;
	packet->pts = place;
	packet->duration = next - place;
	if (!is_own(lane, place) || !queue_push(&lane->packets, packet))
		av_packet_free(&packet);
	return ERR_OK;
}

/* FRAME, NULL at the end, and the blocks that it completes. */
static enum err take_frame(struct lane *lane, const AVFrame *frame)
{
	enum err err = ERR_OK;
	int64_t place, next;

	vorbis_coder_frame(lane->coder, frame);
	while (err == ERR_OK && vorbis_coder_block(lane->coder, &place, &next))
		err = take_block(lane, place, next);
	return err;
}

static void *run_lane(void *context)
{
	struct lane *lane = context;
	AVFrame *frame;

	while (lane->err == ERR_OK && (frame = queue_pop(&lane->frames)) != NULL) {
		lane->err = take_frame(lane, frame);
		av_frame_free(&frame);
	}
	if (lane->err == ERR_OK && !queue_aborted(&lane->frames))
		lane->err = take_frame(lane, NULL);
	if (lane->err != ERR_OK)
		queue_abort(&lane->frames);
	queue_close(&lane->packets);
	return NULL;
}

/*
 * A lane waits for nobody but for frames: no other is further ahead of it than its frames go, which is as many spans as
 * there are lanes, so that at most two of its own and a part of a third one wait in its packets.
 */
static enum err open_lane(struct vorbis_relay *relay, const struct conf_rendition *rendition, uint32_t frame,
	size_t coders, struct err_info *info)
{
	struct lane *lane = &relay->lanes[relay->count];
	enum err err = vorbis_coder_open(rendition, &lane->coder, info);

	if (err != ERR_OK)
		return err;
	lane->relay = relay;
	lane->index = relay->count++;
	queue_init(&lane->frames, coders * SPAN / frame);
	queue_init(&lane->packets, 3 * SPAN / SHORTEST);
	return ERR_OK;
}

static enum err start_lanes(struct vorbis_relay *relay, struct err_info *info)
{
	for (size_t i = 0; i < relay->count; i++) {
		struct lane *lane = &relay->lanes[i];

		lane->running = pthread_create(&lane->thread, NULL, run_lane, lane) == 0;
		if (!lane->running)
			return err_set(info, ERR_NO_MEMORY, "no more threads for this job");
	}
	return ERR_OK;
}

enum err vorbis_relay_open(const struct conf_rendition *rendition, uint32_t frame, size_t coders,
	struct vorbis_relay **out, struct err_info *info)
{
	struct vorbis_relay *relay = calloc(1, sizeof *relay);
	enum err err = ERR_OK;

	assert(coders <= RELAY_SPANS_MOST);
	*out = NULL;
	if (relay == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	while (err == ERR_OK && relay->count < coders)
		err = open_lane(relay, rendition, frame, coders, info);
	if (err == ERR_OK)
		err = start_lanes(relay, info);
	if (err == ERR_OK) {
		relay->given = -vorbis_coder_priming(relay->lanes[0].coder);
		*out = relay;
	} else {
		vorbis_relay_close(relay);
	}
	return err;
}

/* PACKET, which ends here, with the times that a muxer wants. */
static enum err give(
	struct vorbis_relay *relay, AVPacket *packet, encode_sink *sink, void *context, struct err_info *info)
{
	int64_t place = packet->pts;
	enum err err;

	relay->next = place + packet->duration;
	packet->pts = packet->dts = relay->given;
	packet->duration = place - relay->given;
	packet->flags |= AV_PKT_FLAG_KEY;
	relay->given = place;
	err = sink(context, packet, info);
	av_packet_free(&packet);
	return err;
}

/* What made the thread of LANE end. */
static enum err why_ended(struct lane *lane, struct err_info *info)
{
	AVPacket *packet;

	while ((packet = queue_pop(&lane->packets)) != NULL)
		av_packet_free(&packet);
	*info = lane->info;
	return lane->err;
}

/* What is there to the sink, in its order; or all that will come, when the stream has ENDED. */
static enum err give_packets(
	struct vorbis_relay *relay, bool ended, encode_sink *sink, void *context, struct err_info *info)
{
	enum err err = ERR_OK;

	while (err == ERR_OK) {
		struct lane *lane = &relay->lanes[lane_of(relay, relay->next)];
		AVPacket *packet = ended ? queue_pop(&lane->packets) : queue_try_pop(&lane->packets);

		if (packet == NULL)
			return ended ? why_ended(lane, info) : ERR_OK;
		err = give(relay, packet, sink, context, info);
	}
	return err;
}

static enum err share(struct vorbis_relay *relay, const AVFrame *frame, struct err_info *info)
{
	for (size_t i = 0; i < relay->count; i++) {
		struct lane *lane = &relay->lanes[i];
		AVFrame *reference = av_frame_clone(frame);

		if (reference == NULL)
			return err_set(info, ERR_NO_MEMORY, "no memory for a frame");
		if (!queue_push(&lane->frames, reference)) {
			av_frame_free(&reference);
			return why_ended(lane, info);
		}
	}
	return ERR_OK;
}

enum err vorbis_relay_frame(
	struct vorbis_relay *relay, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info)
{
	enum err err = ERR_OK;

	if (frame != NULL) {
		err = share(relay, frame, info);
	} else {
		for (size_t i = 0; i < relay->count; i++)
			queue_close(&relay->lanes[i].frames);
	}
	return err == ERR_OK ? give_packets(relay, frame == NULL, sink, context, info) : err;
}

void vorbis_relay_close(struct vorbis_relay *relay)
{
	if (relay == NULL)
		return;
	for (size_t i = 0; i < relay->count; i++) {
		struct lane *lane = &relay->lanes[i];

		queue_abort(&lane->frames);
		queue_abort(&lane->packets);
		if (lane->running)
			pthread_join(lane->thread, NULL);
		queue_free(&lane->frames, held_frame_free);
		queue_free(&lane->packets, held_packet_free);
		vorbis_coder_close(lane->coder);
	}
	free(relay);
}
