/* SPDX-License-Identifier: MIT */
#include "media/relay.h"

#include "media/aac_window.h"
#include "media/flac_stream.h"
#include "media/held.h"
#include "media/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What a mark is when a packet tells nothing. */
enum { MARK_NONE = -1 };

static int mark_aac(const AVPacket *packet)
{
	struct aac_window window;

	if (!aac_window_read(packet->data, (size_t)packet->size, &window))
		return MARK_NONE;
	return window.sequence << 1 | window.shape;
}

static const struct relay_manner manners[] = {
	{.codec = "aac", .span = 1024, .settle = 8, .overlap = 4, .ahead = 1, .mark = mark_aac},
	{.codec = "opus", .least_rate = 64000, .span = 1024, .settle = 32},
	{.codec = "flac", .span = 128, .settle = 1},
};

/*
 * Frames and packets are counted from the start of the stream; packet N needs frame N, but for the one after the end.
 */
struct span {
	struct encode *encode;
	bool numbers;         /* its packets are FLAC's, and get the numbers of the stream */
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
	const struct relay_manner *manner;
	struct conf_rendition rendition;
	int bits;
	struct span *spans[RELAY_SPANS_MOST]; /* the oldest first */
	size_t count, most;
	uint64_t given;          /* frames */
	int mark;                /* of the last packet that went to the sink */
	struct flac_whole whole; /* where it is FLAC; zeroed otherwise */
};

const struct relay_manner *relay_manner(const struct conf_rendition *rendition)
{
	for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
		if (strcmp(manners[i].codec, rendition->codec) == 0 && rendition->bit_rate >= manners[i].least_rate)
			return &manners[i];
	}
	return NULL;
}

static bool is_flac(const struct relay *relay)
{
	return relay->whole.md5 != NULL;
}

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
	const struct relay_manner *manner = relay->manner;
	/* All that it is given, and all it makes. */
	size_t room = manner->settle + manner->span + manner->overlap + manner->ahead + 2;
	struct span *span = calloc(1, sizeof *span);
	enum err err;

	assert(relay->count < relay->most);
	if (span == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	err = encode_open(&relay->rendition, relay->bits, &span->encode, info);
	if (err != ERR_OK) {
		free(span);
		return err;
	}
	span->numbers = is_flac(relay);
	span->begin = begin;
	span->next = relay->given;
	span->encode->given = relay->given * span->encode->frame_samples;
	queue_init(&span->frames, room);
	queue_init(&span->packets, room);
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

/* What FLAC's STREAMINFO is to tell of PACKET, or PACKET, the last and empty one, of the others. */
static void note_whole(struct relay *relay, AVPacket *packet)
{
	size_t size = 0;
	uint8_t *streaminfo;

	if (packet->size > 0) {
		flac_whole_frame(&relay->whole, (size_t)packet->size);
		return;
	}
	streaminfo = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
	if (size >= FLAC_STREAMINFO_BYTES)
		flac_whole_finish(&relay->whole, streaminfo);
}

static int mark_of(const struct relay *relay, const AVPacket *packet)
{
	return relay->manner->mark != NULL ? relay->manner->mark(packet) : 0;
}

/* PACKET to the sink; it is gone afterwards. */
static enum err give(
	struct relay *relay, AVPacket *packet, encode_sink *sink, void *context, struct err_info *info)
{
	enum err err;

	relay->mark = mark_of(relay, packet);
	if (is_flac(relay))
		note_whole(relay, packet);
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

/* Packet N of SPAN is marked as the last that went to the sink. Those up to it are dropped. */
static bool joins_at(const struct relay *relay, struct span *span, uint64_t n)
{
	int mark = MARK_NONE;

	while (span->next <= n) {
		AVPacket *packet = queue_pop(&span->packets);

		if (packet == NULL)
			return true; /* it has failed, which is noticed when it is the oldest */
		span->next++;
		mark = mark_of(relay, packet);
		av_packet_free(&packet);
	}
	return mark != MARK_NONE && mark == relay->mark;
}

/* The oldest span to its end, where the next one takes over. */
static enum err hand_over(struct relay *relay, encode_sink *sink, void *context, struct err_info *info)
{
	struct span *next = relay->spans[1];
	uint64_t seam = next->begin;
	enum err err = give_until(relay, seam, true, sink, context, info);

	while (err == ERR_OK && !joins_at(relay, next, seam - 1) && seam < next->begin + relay->manner->overlap)
		err = give_until(relay, ++seam, true, sink, context, info);
	if (err == ERR_OK)
		drop_oldest(relay);
	return err;
}

/* How many frames SPAN is given, counted from the start of the stream. */
static uint64_t span_end(const struct relay *relay, const struct span *span)
{
	return span->begin + relay->manner->span + relay->manner->overlap + relay->manner->ahead;
}

/* The end of the stream. A span that would have little to do is left to the one before, which has its frames. */
static enum err finish(struct relay *relay, encode_sink *sink, void *context, struct err_info *info)
{
	struct span *last;
	enum err err = ERR_OK;

	if (relay->count == 0)
		return ERR_OK;
	last = relay->spans[relay->count - 1];
	if (relay->count > 1 && relay->given <= span_end(relay, relay->spans[relay->count - 2])) {
		end_span(last);
		last = relay->spans[--relay->count - 1];
	}
	last->last = true;
	queue_close(&last->frames);
	while (err == ERR_OK && relay->count > 1)
		err = hand_over(relay, sink, context, info);
	return err == ERR_OK ? give_until(relay, UINT64_MAX, true, sink, context, info) : err;
}

enum err relay_open(const struct conf_rendition *rendition, int bits, size_t spans, struct relay **out,
	struct err_info *info)
{
	const struct relay_manner *manner = relay_manner(rendition);
	struct relay *relay;

	assert(manner != NULL && spans >= 2 && spans <= RELAY_SPANS_MOST);
	*out = NULL;
	relay = calloc(1, sizeof *relay);
	if (relay == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	relay->manner = manner;
	relay->rendition = *rendition;
	relay->bits = bits;
	relay->most = spans;
	if (strcmp(manner->codec, "flac") == 0 && flac_whole_init(&relay->whole, info) != ERR_OK) {
		relay_close(relay);
		return ERR_NO_MEMORY;
	}
	*out = relay;
	return ERR_OK;
}

/* FRAME, the next one, to the spans that want it. */
static enum err share(struct relay *relay, const AVFrame *frame, struct err_info *info)
{
	for (size_t i = 0; i < relay->count; i++) {
		struct span *span = relay->spans[i];
		AVFrame *reference;

		if (relay->given >= span_end(relay, span)) {
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

/* The same for FLAC, where all samples are looked at on their way. */
static enum err share_packed(struct relay *relay, const AVFrame *frame, struct err_info *info)
{
	const struct encode *encode = relay->spans[0]->encode;
	AVFrame *packed;
	enum err err = encode_pack(encode, frame, relay->given * encode->frame_samples, &packed, info);

	if (err != ERR_OK)
		return err;
	flac_whole_sound(&relay->whole, packed);
	err = share(relay, packed, info);
	av_frame_free(&packed);
	return err;
}

enum err relay_frame(
	struct relay *relay, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info)
{
	const struct relay_manner *manner = relay->manner;
	uint64_t ahead = relay->given + manner->settle;
	enum err err = ERR_OK;

	if (frame == NULL)
		return finish(relay, sink, context, info);
	if (relay->given == 0) {
		err = start_span(relay, 0, info);
	} else if (ahead % manner->span == 0) {
		if (relay->count == relay->most)
			err = hand_over(relay, sink, context, info);
		if (err == ERR_OK)
			err = start_span(relay, ahead, info);
	}
	if (err == ERR_OK)
		err = is_flac(relay) ? share_packed(relay, frame, info) : share(relay, frame, info);
	if (err == ERR_OK)
		err = give_until(relay, relay->spans[0]->begin + manner->span, false, sink, context, info);
	return err;
}

void relay_close(struct relay *relay)
{
	if (relay == NULL)
		return;
	while (relay->count > 0)
		end_span(relay->spans[--relay->count]);
	flac_whole_free(&relay->whole);
	free(relay);
}
