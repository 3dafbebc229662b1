/* SPDX-License-Identifier: MIT */
/* The relay against one encoder for the whole stream: as many packets, and nothing to hear where encoders take over. */
#include "media/relay.h"

#include <libavutil/channel_layout.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 44100, CHANNELS = 2, FRAME = 1024, CLICKS_EVERY = 7000, CLICK = 1500, AROUND = 12 };

static const struct conf_rendition rendition = {"high", "aac", 192000, RATE, CHANNELS, "cmaf"};

/* What came out: packets, the sound decoded from them, and how far it is from the source, frame by frame. */
struct stream {
	AVCodecContext *decoder;
	uint64_t source_samples;
	uint64_t packets, bytes, sum;
	uint64_t decoded;
	double *error; /* of each frame of the source: the sum of squares */
	size_t frames;
};

/* Two chords, one to a channel, under clicks in one channel, in the other, in both. */
static float sound(uint64_t at, int channel)
{
	double time = (double)at / RATE, value = 0.2 * sin(2 * 3.14159265358979 * (330 + channel) * time);
	uint64_t click = at / CLICKS_EVERY, since = at % CLICKS_EVERY;

	if (since < CLICK && (click % 3 == 2 || (int)(click % 3) == channel))
		value += 0.4 * exp(-(double)since / 120) * sin((double)(since * since) * 0.11);
	return (float)value;
}

/* The FRAME samples from AT, or what is left until END. */
static AVFrame *make_frame(uint64_t at, uint64_t end)
{
	AVFrame *frame = av_frame_alloc();

	assert_non_null(frame);
	frame->nb_samples = (int)(end - at < FRAME ? end - at : FRAME);
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->sample_rate = RATE;
	av_channel_layout_default(&frame->ch_layout, CHANNELS);
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (int c = 0; c < CHANNELS; c++) {
		for (int i = 0; i < frame->nb_samples; i++)
			((float *)(void *)frame->data[c])[i] = sound(at + (uint64_t)i, c);
	}
	return frame;
}

static void compare(struct stream *stream, const AVFrame *frame)
{
	for (int i = 0; i < frame->nb_samples; i++, stream->decoded++) {
		uint64_t at = stream->decoded - FRAME; /* the encoder's delay */

		if (stream->decoded < FRAME || at >= stream->source_samples)
			continue;
		for (int c = 0; c < CHANNELS; c++) {
			double apart = ((float *)(void *)frame->data[c])[i] - sound(at, c);

			stream->error[at / FRAME] += apart * apart;
		}
	}
}

static enum err take(void *context, AVPacket *packet, struct err_info *info)
{
	struct stream *stream = context;
	AVFrame *frame = av_frame_alloc();

	(void)info;
	assert_int_equal(packet->pts, (int64_t)stream->packets * FRAME - FRAME);
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
	stream->decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
	assert_non_null(stream->decoder);
	stream->decoder->extradata = av_mallocz((size_t)like->codec->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(stream->decoder->extradata, like->codec->extradata, (size_t)like->codec->extradata_size);
	stream->decoder->extradata_size = like->codec->extradata_size;
	assert_int_equal(avcodec_open2(stream->decoder, NULL, NULL), 0);
	stream->frames = (size_t)(stream->source_samples / FRAME);
	stream->error = calloc(stream->frames + 1, sizeof *stream->error);
	assert_non_null(stream->error);
}

/* SAMPLES of the sound by a relay with SPANS at work at a time, by one encoder when that is 0; DECODED for the errors, which the caller frees. */
static struct stream run(uint64_t samples, size_t spans, bool decoded)
{
	struct stream stream = {.source_samples = samples};
	struct encode *encode;
	struct relay *relay;
	struct err_info info;

	assert_int_equal(encode_open(&rendition, 16, &encode, &info), ERR_OK);
	assert_int_equal(relay_open(&rendition, spans > 0 ? spans : 2, &relay, &info), ERR_OK);
	if (decoded)
		open_decoder(&stream, encode);
	for (uint64_t at = 0; at < samples; at += FRAME) {
		AVFrame *frame = make_frame(at, samples);

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

static void gives_as_many_packets_wherever_the_stream_ends(void **state)
{
	const uint64_t span = RELAY_SPAN_FRAMES;
	const uint64_t frames[] = {1, span - RELAY_SETTLE_FRAMES + 1, span + RELAY_OVERLAP_FRAMES + 1,
		span + RELAY_OVERLAP_FRAMES + 2, 2 * span + RELAY_OVERLAP_FRAMES + 2};

	(void)state;
	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		uint64_t samples = frames[i] * FRAME - i % 2 * 100;

		assert_int_equal(run(samples, 2, false).packets, run(samples, 0, false).packets);
	}
}

static void is_the_same_however_many_work(void **state)
{
	uint64_t samples = (uint64_t)(3 * RELAY_SPAN_FRAMES + 50) * FRAME;
	struct stream once = run(samples, 2, false), again = run(samples, 4, false);

	(void)state;
	assert_int_equal(once.bytes, again.bytes);
	assert_int_equal(once.sum, again.sum);
}

/*
 * A seam that does not fit is as loud as the sound itself; encoders differ by some tenths of a decibel in their noise.
 */
static void is_not_heard(void **state)
{
	uint64_t samples = (uint64_t)(2 * RELAY_SPAN_FRAMES + 100) * FRAME;
	struct stream relayed = run(samples, 2, true), whole = run(samples, 0, true);

	(void)state;
	assert_int_not_equal(relayed.sum, whole.sum);
	for (size_t seam = RELAY_SPAN_FRAMES; seam < whole.frames; seam += RELAY_SPAN_FRAMES) {
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

static void can_be_closed_at_any_time(void **state)
{
	struct err_info info;

	(void)state;
	for (uint64_t frames = 0; frames < RELAY_SPAN_FRAMES + 100; frames += 400) {
		struct stream stream = {0};
		struct relay *relay;

		assert_int_equal(relay_open(&rendition, 2, &relay, &info), ERR_OK);
		for (uint64_t i = 0; i < frames; i++) {
			AVFrame *frame = make_frame(i * FRAME, UINT64_MAX);

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
	struct err_info info = {0};
	struct relay *relay;
	enum err err = ERR_OK;

	(void)state;
	assert_int_equal(relay_open(&rendition, 2, &relay, &info), ERR_OK);
	for (uint64_t i = 0; i < 100 && err == ERR_OK; i++) {
		AVFrame *frame = make_frame(i * FRAME, UINT64_MAX);

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
		cmocka_unit_test(is_not_heard),
		cmocka_unit_test(can_be_closed_at_any_time),
		cmocka_unit_test(tells_what_the_sink_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
