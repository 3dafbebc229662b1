/* SPDX-License-Identifier: MIT */
/* The relay for Vorbis against FFmpeg's encoder for the whole stream: the same packets at the same times. */
#include "base/hash.h"
#include "media/relay.h"
#include "media/vorbis_relay.h"

#include <libavutil/channel_layout.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAME = 1024, SPAN = 1 << 19, PACKETS = 20000, BEHIND = 1 << 17 };

static const struct conf_rendition usual = {"usual", "vorbis", 128000, 44100, 2, "ogg"},
				   least = {"least", "vorbis", 64000, 44100, 1, "ogg"},
				   most = {"most", "vorbis", 320000, 48000, 2, "ogg"};

struct stream {
	bool falls;
	AVCodecContext *decoder; /* NULL: the packets alone count */
	uint64_t decoded;
	double error; /* behind the first seam: the sum of squares */
	size_t packets;
	struct {
		int64_t pts, duration;
		uint64_t sum;
	} *packet;
};

/*
 * Tones that rise and fall, in each channel others, with beats that want short blocks at uneven distances; if it FALLS,
 * by 30 dB two seconds before the first seam.
 */
static float sound(bool falls, uint64_t at, int channel)
{
	uint64_t beat = at % (7000 + 1900 * (at >> 16 & 3));
	double level = 0.05 + 0.3 * (double)(at >> 13 & 15) / 15, phase = (double)at * (0.03 + 0.01 * channel);
	double value = level * sin(phase + sin(phase / 97));

	if (beat < 1500)
		value += 0.5 * exp(-(double)beat / 150) * sin((double)(beat * beat) * 0.11);
	return (float)(falls && at > SPAN - 88200 ? value / 32 : value);
}

static AVFrame *make_frame(const struct conf_rendition *rendition, bool falls, uint64_t at, uint64_t samples)
{
	AVFrame *frame = av_frame_alloc();

	assert_non_null(frame);
	frame->nb_samples = (int)(samples < FRAME ? samples : FRAME);
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->sample_rate = (int)rendition->sample_rate;
	av_channel_layout_default(&frame->ch_layout, (int)rendition->channels);
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (int c = 0; c < rendition->channels; c++) {
		for (int i = 0; i < frame->nb_samples; i++)
			((float *)(void *)frame->data[c])[i] = sound(falls, at + (uint64_t)i, c);
	}
	return frame;
}

static void compare(struct stream *stream, const AVFrame *frame)
{
	for (int i = 0; i < frame->nb_samples; i++, stream->decoded++) {
		for (int c = 0; c < 2 && stream->decoded >= SPAN && stream->decoded < SPAN + BEHIND; c++) {
			float made = sound(stream->falls, stream->decoded, c);
			double apart = ((float *)(void *)frame->data[c])[i] - made;

			stream->error += apart * apart;
		}
	}
}

static void decode(struct stream *stream, const AVPacket *packet)
{
	AVFrame *frame = av_frame_alloc();

	assert_int_equal(avcodec_send_packet(stream->decoder, packet), 0);
	while (avcodec_receive_frame(stream->decoder, frame) == 0)
		compare(stream, frame);
	av_frame_free(&frame);
}

static enum err take(void *context, AVPacket *packet, struct err_info *info)
{
	struct stream *stream = context;
	size_t i = stream->packets++;

	(void)info;
	assert_true(i < PACKETS);
	assert_true((packet->flags & AV_PKT_FLAG_KEY) != 0 && packet->dts == packet->pts);
	stream->packet[i].pts = packet->pts;
	stream->packet[i].duration = packet->duration;
	stream->packet[i].sum = hash_quick(packet->data, (size_t)packet->size, 0);
	if (stream->decoder != NULL)
		decode(stream, packet);
	return ERR_OK;
}

static void open_decoder(struct stream *stream, const AVCodecContext *encoder)
{
	size_t size = (size_t)encoder->extradata_size;

	stream->decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_VORBIS));
	assert_non_null(stream->decoder);
	stream->decoder->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
	assert_non_null(stream->decoder->extradata);
	memcpy(stream->decoder->extradata, encoder->extradata, size);
	stream->decoder->extradata_size = (int)size;
	stream->decoder->ch_layout = encoder->ch_layout;
	stream->decoder->sample_rate = encoder->sample_rate;
	assert_int_equal(avcodec_open2(stream->decoder, NULL, NULL), 0);
}

/* SAMPLES by a relay of CODERS, by FFmpeg's encoder when that is 0; those of a sound that FALLS are decoded, too. */
static struct stream run(const struct conf_rendition *rendition, bool falls, uint64_t samples, size_t coders)
{
	struct stream stream = {.falls = falls, .packet = calloc(PACKETS, sizeof *stream.packet)};
	struct encode *encode;
	struct relay *relay = NULL;
	struct err_info info;

	assert_non_null(stream.packet);
	assert_int_equal(encode_open(rendition, 16, &encode, &info), ERR_OK);
	if (coders > 0)
		assert_int_equal(relay_open(rendition, 16, coders, &relay, &info), ERR_OK);
	if (falls)
		open_decoder(&stream, encode->codec);
	for (uint64_t at = 0; at < samples; at += FRAME) {
		AVFrame *frame = make_frame(rendition, falls, at, samples - at);

		assert_int_equal(coders > 0 ? relay_frame(relay, frame, take, &stream, &info)
					    : encode_frame(encode, frame, take, &stream, &info), ERR_OK);
		av_frame_free(&frame);
	}
	assert_int_equal(coders > 0 ? relay_frame(relay, NULL, take, &stream, &info)
				    : encode_frame(encode, NULL, take, &stream, &info), ERR_OK);
	relay_close(relay);
	encode_close(encode);
	avcodec_free_context(&stream.decoder);
	return stream;
}

static void is_the_same(const struct conf_rendition *rendition, uint64_t samples, size_t coders)
{
	struct stream whole = run(rendition, false, samples, 0),
		      shared = run(rendition, false, samples, coders);

	assert_int_equal(shared.packets, whole.packets);
	for (size_t i = 0; i < whole.packets; i++) {
		if (shared.packet[i].sum != whole.packet[i].sum || shared.packet[i].pts != whole.packet[i].pts ||
			shared.packet[i].duration != whole.packet[i].duration)
			fail_msg("packet %zu of %zu differs", i, whole.packets);
	}
	free(shared.packet);
	free(whole.packet);
}

static void is_one_stream(void **state)
{
	(void)state;
	is_the_same(&usual, 3 * SPAN + 5000, 2);
	is_the_same(&least, 3 * SPAN + 5000, 3);
	is_the_same(&most, 2 * SPAN + 5000, 2);
}

static void is_one_stream_wherever_it_ends(void **state)
{
	static const uint64_t samples[] = {
		1, 63, 64, 65, 1000, FRAME, 2000, 4095, 20000, SPAN - 1, SPAN, SPAN + 1, SPAN + 700};

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		is_the_same(&usual, samples[i], 2);
}

/* The strongest sound before is then not what the second coder knows: the blocks are the same, and as good. */
static void is_as_good_where_sound_falls_before_a_seam(void **state)
{
	struct stream whole = run(&usual, true, SPAN + BEHIND, 0), shared = run(&usual, true, SPAN + BEHIND, 2);
	size_t others = 0;

	(void)state;
	assert_int_equal(shared.packets, whole.packets);
	for (size_t i = 0; i < whole.packets; i++) {
		assert_int_equal(shared.packet[i].pts, whole.packet[i].pts);
		assert_int_equal(shared.packet[i].duration, whole.packet[i].duration);
		others += shared.packet[i].sum != whole.packet[i].sum;
	}
	assert_in_range(others, 1, whole.packets / 5);
	assert_true(whole.error > 0 && shared.error < 1.1 * whole.error);
	free(shared.packet);
	free(whole.packet);
}

static void can_be_closed_at_any_time(void **state)
{
	struct stream stream = {.packet = calloc(PACKETS, sizeof *stream.packet)};
	struct err_info info;

	(void)state;
	assert_non_null(stream.packet);
	for (uint64_t frames = 0; frames < 2 * SPAN / FRAME; frames = 3 * frames + 1) {
		struct vorbis_relay *relay;

		assert_int_equal(vorbis_relay_open(&usual, FRAME, 2, &relay, &info), ERR_OK);
		for (uint64_t i = 0; i < frames; i++) {
			AVFrame *frame = make_frame(&usual, false, i * FRAME, FRAME);

			assert_int_equal(vorbis_relay_frame(relay, frame, take, &stream, &info), ERR_OK);
			av_frame_free(&frame);
		}
		vorbis_relay_close(relay);
		stream.packets = 0;
	}
	vorbis_relay_close(NULL);
	free(stream.packet);
}

static enum err refuse(void *context, AVPacket *packet, struct err_info *info)
{
	(void)context;
	(void)packet;
	return err_set(info, ERR_NO_SPACE, "the disk is full");
}

static void tells_what_the_sink_says(void **state)
{
	struct vorbis_relay *relay;
	struct err_info info = {0};
	enum err err = ERR_OK;

	(void)state;
	assert_int_equal(vorbis_relay_open(&usual, FRAME, 2, &relay, &info), ERR_OK);
	for (uint64_t i = 0; i < 100 && err == ERR_OK; i++) {
		AVFrame *frame = make_frame(&usual, false, i * FRAME, FRAME);

		err = vorbis_relay_frame(relay, frame, refuse, NULL, &info);
		av_frame_free(&frame);
	}
	if (err == ERR_OK)
		err = vorbis_relay_frame(relay, NULL, refuse, NULL, &info);
	assert_int_equal(err, ERR_NO_SPACE);
	vorbis_relay_close(relay);
}

static void refuses_what_libvorbis_refuses(void **state)
{
	const struct conf_rendition none = {"none", "vorbis", 1000, 44100, 2, "ogg"};
	struct vorbis_relay *relay;
	struct err_info info = {0};

	(void)state;
	assert_int_equal(vorbis_relay_open(&none, FRAME, 2, &relay, &info), ERR_UNPROCESSABLE);
	assert_null(relay);
	assert_true(info.detail[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_one_stream),
		cmocka_unit_test(is_one_stream_wherever_it_ends),
		cmocka_unit_test(is_as_good_where_sound_falls_before_a_seam),
		cmocka_unit_test(can_be_closed_at_any_time),
		cmocka_unit_test(tells_what_the_sink_says),
		cmocka_unit_test(refuses_what_libvorbis_refuses),
	};

	return cmocka_run_group_tests_name("vorbis_relay", tests, NULL, NULL);
}
