/* SPDX-License-Identifier: MIT */
/*
 * The relay against one encoder for the whole stream: as many packets, and nothing to hear where encoders take over, or
 * the same bytes where the codec is lossless.
 */
#include "media/flac_stream.h"
#include "media/mp3_stream.h"
#include "media/relay.h"

#include <libavutil/channel_layout.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLICKS_EVERY = 7000, CLICK = 1500, AROUND = 12 };

static const struct conf_rendition aac = {"high", "aac", 192000, 44100, 2, "cmaf"},
				   mp3 = {"file", "mp3", 128000, 44100, 2, "mp3"},
				   mp3_most = {"most", "mp3", 320000, 44100, 2, "mp3"},
				   mp3_least = {"least", "mp3", 32000, 48000, 2, "mp3"},
				   mp3_speech = {"speech", "mp3", 64000, 44100, 1, "mp3"},
				   mp3_halved = {"slow", "mp3", 48000, 22050, 2, "mp3"},
				   opus = {"high", "opus", 128000, 48000, 2, "cmaf"},
				   opus_least = {"low", "opus", 64000, 48000, 2, "cmaf"},
				   flac = {"flac", "flac", 0, 44100, 2, "flac"};

/* What is encoded. */
struct source {
	const struct conf_rendition *rendition;
	int bits;
	uint64_t samples;
	uint64_t noise; /* where the sound becomes that, at full scale */
};

/* What came out: packets, the sound decoded from them, and how far it is from the source, frame by frame. */
struct stream {
	const struct source *source;
	AVCodecContext *decoder;
	uint64_t frame_samples, packet_samples, priming;
	uint64_t packets, bytes, sum;
	uint64_t room, used; /* bytes for main data of MP3, and those of them that it has taken */
	uint8_t streaminfo[FLAC_STREAMINFO_BYTES];
	uint64_t decoded;
	double *error; /* of each frame of the source: the sum of squares */
	size_t frames;
};

/* Of full scale. */
static float noise(uint64_t at)
{
	uint64_t hash = (at + 1) * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
	return (float)((double)(hash >> 32) / 0x1p31 - 1);
}

/* Two chords, one to a channel, under clicks in one channel, in the other, in both. */
static float sound(const struct source *source, uint64_t at, int channel)
{
	double time = (double)at / (double)source->rendition->sample_rate;
	double value = 0.2 * sin(2 * 3.14159265358979 * (330 + channel) * time);
	uint64_t click = at / CLICKS_EVERY, since = at % CLICKS_EVERY;

	if (at >= source->noise)
		return noise(2 * at + (uint64_t)channel);
	if (since < CLICK && (click % 3 == 2 || (int)(click % 3) == channel))
		value += 0.4 * exp(-(double)since / 120) * sin((double)(since * since) * 0.11);
	return (float)value;
}

static int channels_of(const struct source *source)
{
	return (int)source->rendition->channels;
}

/* The SAMPLES from AT, or what is left of them. */
static AVFrame *make_frame(const struct source *source, uint64_t at, uint64_t samples)
{
	AVFrame *frame = av_frame_alloc();
	uint64_t left = source->samples - at;

	assert_non_null(frame);
	frame->nb_samples = (int)(left < samples ? left : samples);
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->sample_rate = (int)source->rendition->sample_rate;
	av_channel_layout_default(&frame->ch_layout, channels_of(source));
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (int c = 0; c < channels_of(source); c++) {
		for (int i = 0; i < frame->nb_samples; i++)
			((float *)(void *)frame->data[c])[i] = sound(source, at + (uint64_t)i, c);
	}
	return frame;
}

static void compare(struct stream *stream, const AVFrame *frame)
{
	for (int i = 0; i < frame->nb_samples; i++, stream->decoded++) {
		uint64_t at = stream->decoded - stream->priming;

		if (stream->decoded < stream->priming || at >= stream->source->samples)
			continue;
		for (int c = 0; c < channels_of(stream->source); c++) {
			double apart = ((float *)(void *)frame->data[c])[i] - sound(stream->source, at, c);

			stream->error[at / stream->frame_samples] += apart * apart;
		}
	}
}

static void take_streaminfo(struct stream *stream, const AVPacket *packet)
{
	size_t size = 0;
	const uint8_t *streaminfo = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);

	assert_int_equal(size, sizeof stream->streaminfo);
	memcpy(stream->streaminfo, streaminfo, size);
}

/* part2_3_length of a granule and channel, whose side information begins at bit AT. */
static unsigned main_bits(const uint8_t *data, size_t at)
{
	unsigned value = 0;

	for (size_t i = at; i < at + 12; i++)
		value = value << 1 | ((unsigned)data[i / 8] >> (7 - i % 8) & 1U);
	return value;
}

/* The main data of PACKET, an MP3 frame, begins behind that of the frame before, and has ended where the frame ends. */
static void check_main_data(struct stream *stream, const AVPacket *packet)
{
	bool halved = stream->packet_samples < stream->frame_samples;
	size_t parts = (size_t)channels_of(stream->source) * (halved ? 1 : 2), size = halved ? 63 : 59, bits = 0;
	struct mp3_frame frame;

	assert_true(mp3_frame_read(packet->data, (size_t)packet->size, &frame));
	for (size_t i = 1; i <= parts; i++)
		bits += main_bits(packet->data, 8 * (size_t)(frame.room - packet->data) - i * size);
	assert_true(frame.reach <= stream->room - stream->used);
	stream->used = stream->room - frame.reach + (bits + 7) / 8;
	stream->room += frame.size;
	assert_true(stream->used <= stream->room);
}

static enum err take(void *context, AVPacket *packet, struct err_info *info)
{
	struct stream *stream = context;
	AVFrame *frame = av_frame_alloc();

	(void)info;
	if (packet->size == 0)
		take_streaminfo(stream, packet);
	else
		assert_int_equal(packet->pts, (int64_t)(stream->packets * stream->packet_samples - stream->priming));
	if (strcmp(stream->source->rendition->codec, "mp3") == 0)
		check_main_data(stream, packet);
	stream->packets++;
	stream->bytes += (uint64_t)packet->size;
	for (int i = 0; i < packet->size; i++)
		stream->sum = stream->sum * 31 + packet->data[i];
	if (stream->error != NULL) {
		assert_int_equal(avcodec_send_packet(stream->decoder, packet), 0);
		while (avcodec_receive_frame(stream->decoder, frame) == 0)
			compare(stream, frame);
	}
	av_frame_free(&frame);
	return ERR_OK;
}

static void open_decoder(struct stream *stream, const struct encode *like)
{
	stream->decoder = avcodec_alloc_context3(avcodec_find_decoder(like->codec->codec_id));
	assert_non_null(stream->decoder);
	stream->decoder->extradata = av_mallocz((size_t)like->codec->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
	if (like->codec->extradata_size > 0)
		memcpy(stream->decoder->extradata, like->codec->extradata, (size_t)like->codec->extradata_size);
	stream->decoder->extradata_size = like->codec->extradata_size;
	stream->decoder->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
	assert_int_equal(avcodec_open2(stream->decoder, NULL, NULL), 0);
	assert_int_equal(stream->decoder->sample_fmt, AV_SAMPLE_FMT_FLTP);
	stream->frames = (size_t)(stream->source->samples / stream->frame_samples);
	stream->error = calloc(stream->frames + 1, sizeof *stream->error);
	assert_non_null(stream->error);
}

/*
 * SOURCE by a relay with SPANS at work at a time, by one encoder when that is 0; DECODED for the errors, which the
 * caller frees.
 */
static struct stream run(const struct source *source, size_t spans, bool decoded)
{
	struct stream stream = {.source = source};
	struct encode *encode;
	struct relay *relay;
	struct err_info info;

	assert_int_equal(encode_open(source->rendition, source->bits, &encode, &info), ERR_OK);
	assert_int_equal(
		relay_open(source->rendition, source->bits, spans > 0 ? spans : 2, &relay, &info), ERR_OK);
	stream.frame_samples = encode->frame_samples;
	stream.packet_samples = (uint64_t)encode->codec->frame_size;
	stream.priming = encode->priming;
	if (decoded)
		open_decoder(&stream, encode);
	for (uint64_t at = 0; at < source->samples; at += stream.frame_samples) {
		AVFrame *frame = make_frame(source, at, stream.frame_samples);

		assert_int_equal(spans > 0 ? relay_frame(relay, frame, take, &stream, &info)
					 : encode_frame(encode, frame, take, &stream, &info), ERR_OK);
		av_frame_free(&frame);
	}
	assert_int_equal(spans > 0 ? relay_frame(relay, NULL, take, &stream, &info)
				 : encode_frame(encode, NULL, take, &stream, &info), ERR_OK);
	relay_close(relay);
	encode_close(encode);
	avcodec_free_context(&stream.decoder);
	return stream;
}

/* FRAMES of the chords and SAMPLES more, for RENDITION, of 16 bits. */
static struct source chords(const struct conf_rendition *rendition, uint64_t frames, uint64_t samples)
{
	return (struct source){.rendition = rendition,
		.bits = 16,
		.samples = frames * profile_find(rendition->codec, rendition->container)->frame_samples + samples,
		.noise = UINT64_MAX};
}

static void gives_as_many(const struct conf_rendition *rendition)
{
	const struct relay_manner *manner = relay_manner(rendition);
	const uint64_t beyond = manner->overlap + manner->ahead;
	const uint64_t frames[] = {1, manner->span - manner->settle + 1, manner->span + beyond,
		manner->span + beyond + 1, 2 * manner->span + beyond + 1};

	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		struct source source = chords(rendition, frames[i] - i % 2, i % 2 * 400);

		assert_int_equal(run(&source, 2, false).packets, run(&source, 0, false).packets);
	}
}

static void gives_as_many_packets_wherever_the_stream_ends(void **state)
{
	(void)state;
	gives_as_many(&aac);
	gives_as_many(&mp3_speech);
	gives_as_many(&mp3_halved);
	gives_as_many(&opus);
	gives_as_many(&flac);
}

static void same_by(const struct source *source, size_t spans, size_t others)
{
	struct stream once = run(source, spans, false), again = run(source, others, false);

	assert_int_equal(once.packets, again.packets);
	assert_int_equal(once.bytes, again.bytes);
	assert_int_equal(once.sum, again.sum);
}

static void is_the_same_however_many_work(void **state)
{
	struct source source = chords(&aac, 3 * relay_manner(&aac)->span + 50, 0),
		      speech = chords(&mp3_speech, 3 * relay_manner(&mp3_speech)->span + 50, 0);

	(void)state;
	same_by(&source, 2, 4);
	same_by(&speech, 2, 4);
}

/* Seams of MP3 at which the encoders do not come together, one bit each; the place that was asked for last. */
static struct {
	unsigned seams, seam;
	size_t at;
} refused;

bool __real_mp3_join(const struct mp3_frame *old, const struct mp3_frame *fresh, size_t at);
bool __wrap_mp3_join(const struct mp3_frame *old, const struct mp3_frame *fresh, size_t at);

bool __wrap_mp3_join(const struct mp3_frame *old, const struct mp3_frame *fresh, size_t at)
{
	if (at <= refused.at)
		refused.seam++;
	refused.at = at;
	return (refused.seams >> refused.seam & 1U) == 0 && __real_mp3_join(old, fresh, at);
}

/* SOURCE by a relay that cannot hand over at SEAMS. */
static struct stream run_refused(const struct source *source, size_t spans, unsigned seams)
{
	struct stream stream;

	refused.seams = seams;
	refused.seam = 0;
	refused.at = 0;
	stream = run(source, spans, false);
	refused.seams = 0;
	return stream;
}

static void goes_on_where_no_encoder_can_take_over(void **state)
{
	struct source source = chords(&mp3_speech, 2 * relay_manner(&mp3_speech)->span + 100, 0);
	struct stream whole = run(&source, 0, false);

	(void)state;
	for (unsigned seams = 1; seams <= 3; seams += 2) {
		struct stream stream = run_refused(&source, 2, seams), again = run_refused(&source, 3, seams);

		assert_int_equal(refused.seam, 1);
		assert_int_equal(stream.packets, whole.packets);
		assert_int_equal(stream.sum, again.sum);
		assert_true((stream.sum == whole.sum) == (seams == 3));
	}
}

/* What decoders have warned of. */
static unsigned warnings;

static void count_warning(void *context, int level, const char *format, va_list list)
{
	const AVCodecContext *codec = context;

	(void)format;
	(void)list;
	if (level <= AV_LOG_WARNING && codec != NULL && codec->av_class == avcodec_get_class() &&
		av_codec_is_decoder(codec->codec))
		warnings++;
}

static void compare_seams(const struct conf_rendition *rendition)
{
	size_t span = relay_manner(rendition)->span;
	struct source source = chords(rendition, 2 * span + 100, 0);
	struct stream relayed = run(&source, 2, true), whole = run(&source, 0, true);

	assert_int_not_equal(relayed.sum, whole.sum);
	for (size_t seam = span; seam < whole.frames; seam += span) {
		double ours = 0, theirs = 0;

		for (size_t i = seam - AROUND; i < seam + AROUND; i++) {
			ours += relayed.error[i];
			theirs += whole.error[i];
		}
		assert_true(ours < 1.5 * theirs);
	}
	free(relayed.error);
	free(whole.error);
}

/*
 * A seam that does not fit is as loud as the sound itself; encoders differ by some tenths of a decibel in their noise.
 */
static void is_not_heard(void **state)
{
	(void)state;
	av_log_set_callback(count_warning);
	compare_seams(&aac);
	compare_seams(&mp3);
	compare_seams(&mp3_most);
	compare_seams(&mp3_least);
	compare_seams(&mp3_halved);
	compare_seams(&opus);
	compare_seams(&opus_least);
	av_log_set_callback(av_log_default_callback);
	assert_int_equal(warnings, 0);
}

static void compare_bytes(const struct source *source)
{
	struct stream relayed = run(source, 3, false), whole = run(source, 0, false);

	assert_int_equal(relayed.packets, whole.packets);
	assert_int_equal(relayed.bytes, whole.bytes);
	assert_int_equal(relayed.sum, whole.sum);
	assert_memory_equal(relayed.streaminfo, whole.streaminfo, sizeof whole.streaminfo);
}

/* At the end a short frame of noise, which begins a span. */
static void is_one_stream_where_it_is_lossless(void **state)
{
	struct source source = chords(&flac, 3 * relay_manner(&flac)->span, 100), other = source;

	(void)state;
	source.noise = source.samples - 100;
	compare_bytes(&source);
	other.samples = 2 * other.samples / 3;
	other.bits = 24;
	compare_bytes(&other);
}

static void can_be_closed_at_any_time(void **state)
{
	struct source source = {&aac, 16, UINT64_MAX, UINT64_MAX};
	struct err_info info;

	(void)state;
	for (uint64_t frames = 0; frames < relay_manner(&aac)->span + 100; frames += 400) {
		struct stream stream = {
			.source = &source, .frame_samples = 1024, .packet_samples = 1024, .priming = 1024};
		struct relay *relay;

		assert_int_equal(relay_open(&aac, 16, 2, &relay, &info), ERR_OK);
		for (uint64_t i = 0; i < frames; i++) {
			AVFrame *frame = make_frame(&source, i * 1024, 1024);

			assert_int_equal(relay_frame(relay, frame, take, &stream, &info), ERR_OK);
			av_frame_free(&frame);
		}
		relay_close(relay);
	}
	relay_close(NULL);
}

static enum err refuse(void *context, AVPacket *packet, struct err_info *info)
{
	(void)context;
	(void)packet;
	return err_set(info, ERR_NO_SPACE, "the disk is full");
}

static void tells_what_the_sink_says(void **state)
{
	struct source source = {&aac, 16, UINT64_MAX, UINT64_MAX};
	struct err_info info = {0};
	struct relay *relay;
	enum err err = ERR_OK;

	(void)state;
	assert_int_equal(relay_open(&aac, 16, 2, &relay, &info), ERR_OK);
	for (uint64_t i = 0; i < 100 && err == ERR_OK; i++) {
		AVFrame *frame = make_frame(&source, i * 1024, 1024);

		err = relay_frame(relay, frame, refuse, NULL, &info);
		av_frame_free(&frame);
	}
	if (err == ERR_OK)
		err = relay_frame(relay, NULL, refuse, NULL, &info);
	assert_int_equal(err, ERR_NO_SPACE);
	relay_close(relay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_as_many_packets_wherever_the_stream_ends),
		cmocka_unit_test(is_the_same_however_many_work),
		cmocka_unit_test(goes_on_where_no_encoder_can_take_over),
		cmocka_unit_test(is_not_heard),
		cmocka_unit_test(is_one_stream_where_it_is_lossless),
		cmocka_unit_test(can_be_closed_at_any_time),
		cmocka_unit_test(tells_what_the_sink_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
