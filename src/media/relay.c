/* SPDX-License-Identifier: MIT */
#include "media/relay.h"

#include "media/flac_stream.h"
#include "media/span.h"
#include "media/vorbis_relay.h"

#include <assert.h>
#include <libavutil/samplefmt.h>
#include <stdlib.h>
#include <string.h>

static const struct relay_manner manners[] = {
	{.codec = "aac", .span = 1024, .settle = 8, .overlap = 4, .ahead = 1, .join = seam_aac},
	{.codec = "mp3",
		.least_rate = 32000,
		.span = 1024,
		.settle = 32,
		.silence = 12,
		.overlap = 12,
		.ahead = 10, /* two of LAME's own, and what 511 bytes of reservoir hold at the least rate */
		.stays = true,
		.join = seam_mp3},
	{.codec = "vorbis", .blocks = true},
	{.codec = "opus", .least_rate = 64000, .span = 1024, .settle = 32},
	{.codec = "flac", .span = 128, .settle = 1},
};

struct relay {
	const struct relay_manner *manner;
	struct conf_rendition rendition;
	int bits;
	struct span *spans[RELAY_SPANS_MOST]; /* the oldest first */
	size_t count, most;
	uint64_t given; /* frames */
	struct flac_whole whole; /* where it is FLAC; zeroed otherwise */
	struct vorbis_relay *vorbis; /* does it all where it is Vorbis; NULL otherwise */
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

/* The span that begins at frame BEGIN, its encoder some frames before, behind the others. */
static enum err start_span(struct relay *relay, uint64_t begin, struct err_info *info)
{
	const struct relay_manner *manner = relay->manner;
	size_t room = manner->settle + manner->span + manner->overlap + manner->ahead;
	struct span *span;
	enum err err;

	assert(relay->count < relay->most);
	err = span_start(&relay->rendition, relay->bits, is_flac(relay), room, relay->given, &span, info);
	if (err != ERR_OK)
		return err;
	span->begin = begin;
	relay->spans[relay->count++] = span;
	return ERR_OK;
}

static void drop_span(struct relay *relay, size_t index)
{
	span_end(relay->spans[index]);
	memmove(relay->spans + index, relay->spans + index + 1, (--relay->count - index) * sizeof(struct span *));
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

/* PACKET to the sink; it is gone afterwards. */
static enum err give(
	struct relay *relay, AVPacket *packet, encode_sink *sink, void *context, struct err_info *info)
{
	enum err err;

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

/* The frame that SPAN is not given any more. */
static uint64_t given_until(const struct relay *relay, const struct span *span)
{
	return span->begin + relay->manner->span + relay->manner->overlap + relay->manner->ahead;
}

/* Those of COUNT PACKETS that are there to the sink. */
static enum err give_all(struct relay *relay, AVPacket **packets, size_t count, encode_sink *sink, void *context,
	struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < count && packets[i] != NULL; i++) {
		err = give(relay, packets[i], sink, context, info);
		packets[i] = NULL;
	}
	return err;
}

/* The oldest span goes on with what the next one was given besides, and takes its place. */
static enum err stay(struct relay *relay, encode_sink *sink, void *context, struct err_info *info)
{
	struct span *span = relay->spans[0], *next = relay->spans[1];
	enum err err = give_until(relay, UINT64_MAX, true, sink, context, info);

	if (err != ERR_OK)
		return err;
	span->begin = next->begin;
	span->last = next->last;
	err = span_restart(span, &next->kept, span->last || relay->given >= given_until(relay, span), info);
	drop_span(relay, 1);
	return err;
}

/* The next span is the oldest, and nobody goes on in its place any more. */
static void relieve(struct relay *relay)
{
	AVFrame *frame;

	drop_span(relay, 0);
	while ((frame = queue_try_pop(&relay->spans[0]->kept)) != NULL)
		av_frame_free(&frame);
}

/* To the sink what is before the next span and what is at its SEAM; then that one is the oldest, or takes its place. */
static enum err give_seam(struct relay *relay, struct seam *seam, encode_sink *sink, void *context,
	struct err_info *info)
{
	struct span *next = relay->spans[1];
	size_t at;
	enum err err = give_until(relay, next->next, true, sink, context, info);

	if (err == ERR_OK)
		err = span_pull(relay->spans[0], seam->old, seam->count, info);
	if (err == ERR_OK)
		err = span_pull(next, seam->fresh, seam->count, info);
	if (err != ERR_OK)
		return err;
	at = relay->manner->join != NULL ? relay->manner->join(seam) : seam->settled;
	err = give_all(relay, seam->old, at < seam->count ? at : seam->count, sink, context, info);
	if (err != ERR_OK)
		return err;
	if (at == SEAM_NOWHERE)
		return stay(relay, sink, context, info);
	err = give_all(relay, seam->fresh + at, seam->count - at, sink, context, info);
	if (err == ERR_OK)
		relieve(relay);
	return err;
}

/* The oldest span to its end, where the next one takes over. */
static enum err hand_over(struct relay *relay, encode_sink *sink, void *context, struct err_info *info)
{
	const struct relay_manner *manner = relay->manner;
	uint32_t each = relay->spans[0]->each;
	struct seam seam = {.settled = manner->settle * each, .count = (manner->settle + manner->overlap) * each};
	enum err err = give_seam(relay, &seam, sink, context, info);

	for (size_t i = 0; i < seam.count; i++) {
		av_packet_free(&seam.old[i]);
		av_packet_free(&seam.fresh[i]);
	}
	return err;
}

/* The packet that the next span begins with: from there on it depends on that one which of SPAN are given. */
static uint64_t seam_start(const struct relay *relay, const struct span *span)
{
	return (span->begin + relay->manner->span - relay->manner->settle) * span->each;
}

/* The end of the stream. A span that would have little to do is left to the one before, which has its frames. */
static enum err finish(struct relay *relay, encode_sink *sink, void *context, struct err_info *info)
{
	struct span *last;
	enum err err = ERR_OK;

	if (relay->count == 0)
		return ERR_OK;
	last = relay->spans[relay->count - 1];
	if (relay->count > 1 && relay->given <= given_until(relay, relay->spans[relay->count - 2])) {
		drop_span(relay, relay->count - 1);
		last = relay->spans[relay->count - 1];
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
	uint32_t frame = profile_find(rendition->codec, rendition->container)->frame_samples;
	struct relay *relay;
	enum err err = ERR_OK;

	assert(manner != NULL && spans >= 2 && spans <= RELAY_SPANS_MOST);
	assert(manner->settle + manner->overlap <= SEAM_PACKETS / 2);
	*out = NULL;
	relay = calloc(1, sizeof *relay);
	if (relay == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	relay->manner = manner;
	relay->rendition = *rendition;
	relay->bits = bits;
	relay->most = spans;
	if (strcmp(manner->codec, "flac") == 0)
		err = flac_whole_init(&relay->whole, info);
	else if (manner->blocks)
		err = vorbis_relay_open(rendition, frame, spans, &relay->vorbis, info);
	if (err == ERR_OK)
		*out = relay;
	else
		relay_close(relay);
	return err;
}

/* Silence in the place of FRAME. */
static AVFrame *make_silence(const AVFrame *frame)
{
	AVFrame *silence = av_frame_clone(frame);

	if (silence == NULL || av_frame_make_writable(silence) < 0) {
		av_frame_free(&silence);
		return NULL;
	}
	av_samples_set_silence(silence->extended_data, 0, silence->nb_samples, silence->ch_layout.nb_channels,
		(enum AVSampleFormat)silence->format);
	return silence;
}

/* FRAME is pushed onto QUEUE; NULL: there was no memory for it. */
static enum err push_frame(struct queue *queue, AVFrame *frame, struct err_info *info)
{
	if (frame == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for a frame");
	queue_push(queue, frame);
	return ERR_OK;
}

/* SPAN has not yet had its silence. */
static bool wants_silence(const struct relay *relay, const struct span *span)
{
	return span->begin > 0 && relay->given + relay->manner->settle < span->begin + relay->manner->silence;
}

/* FRAME, the next one, to the spans that want it. */
static enum err share(struct relay *relay, const AVFrame *frame, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < relay->count; i++) {
		struct span *span = relay->spans[i];

		if (relay->given >= given_until(relay, span)) {
			queue_close(&span->frames);
			continue;
		}
		err = push_frame(&span->frames,
			wants_silence(relay, span) ? make_silence(frame) : av_frame_clone(frame), info);
		if (err == ERR_OK && relay->manner->stays && i > 0 &&
			relay->given >= given_until(relay, relay->spans[i - 1]))
			err = push_frame(&span->kept, av_frame_clone(frame), info);
	}
	relay->given++;
	return err;
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

	if (relay->vorbis != NULL)
		return vorbis_relay_frame(relay->vorbis, frame, sink, context, info);
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
		err = give_until(relay, seam_start(relay, relay->spans[0]), false, sink, context, info);
	return err;
}

void relay_close(struct relay *relay)
{
	if (relay == NULL)
		return;
	while (relay->count > 0)
		drop_span(relay, relay->count - 1);
	flac_whole_free(&relay->whole);
	vorbis_relay_close(relay->vorbis);
	free(relay);
}
