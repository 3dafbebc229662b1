/* SPDX-License-Identifier: MIT */
/*
 * The last stage, one for each rendition: packets go into a CMAF file, cut where the segment plan says, or through a
 * muxer into a native container. They come from an encoder, or are the source's own (output_pass.c):
 *
 *     frame ──output_frame()──► encoder ─┐
 *                                        ├─► plan, CMAF writer ─► file
 *     packet of the source ──output_packet()─┘   or muxer
 *
 * It knows neither threads nor the source. An output belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_OUTPUT_H
#define TONEARM_MEDIA_OUTPUT_H

#include "media/encode.h"
#include "media/gain_text.h"
#include "media/mux.h"
#include "media/relay.h"
#include "media/segment_plan.h"
#include "media/survey.h"
#include "package/cmaf.h"

struct output {
	const struct profile *profile;
	struct encode *encode;       /* or */
	struct relay *relay;         /* encodes in its place where it is not NULL; or */
	const struct survey *survey; /* of the source whose packets are passed through, not owned */
	AVCodecContext *described;   /* then: what the packets are */
	struct cmaf_writer *writer;  /* or */
	struct mux *mux;
	struct segment_plan plan;
	uint32_t sample_rate, channels, bit_rate;
	uint32_t priming;  /* samples before those that are presented */
	/* Of what the rendition was asked to be: others of its format, made now or later, are cut by the same plan. */
	uint32_t pace_rate, pace_priming;
	int fd;            /* not owned */
	uint64_t frames;   /* taken so far */
	uint64_t at;       /* samples so far, of packets passed through */
	uint64_t segment;  /* index of the next one */
	uint64_t next_cut; /* the frame it begins with, or the sample */
	struct gain_text gain; /* which the writer refers to, as it does to these */
	struct cmaf_chapter chapters[TAG_CHAPTERS];
	uint64_t last;     /* frames that the presented length needs; UINT64_MAX until it is known */
};

/*
 * An encoder for RENDITION (see encode_open()), a relay of ENCODERS when these are more than one; nothing is written
 * before output_start(). Close it with output_close(), on failure too.
 */
enum err output_open(struct output *output, const struct conf_rendition *rendition, size_t encoders, int bits, int fd,
	struct err_info *info);

/*
 * The same for packets that are passed through: those that SURVEY, which outlives the output, found in a source of
 * PARAMETERS; passthrough_check() has passed RENDITION, whose sample_rate is not 0.
 */
enum err output_open_pass(struct output *output, const struct conf_rendition *rendition, const struct survey *survey,
	const AVCodecParameters *parameters, int fd, struct err_info *info);

/*
 * Writes the init section with room for the segments of DURATION_MS by PLAN, or the header of a native container; with
 * TAGS, which outlive the output, and if GAIN_ROOM is set with room for the loudness.
 */
enum err output_start(struct output *output, const struct segment_plan *plan, uint64_t duration_ms,
	const struct tags *tags, bool gain_room, struct err_info *info);

/* Encodes FRAME and writes what is ready. FRAME stays the caller's. */
enum err output_frame(struct output *output, const AVFrame *frame, struct err_info *info);

/*
 * Writes PACKET, the next of the source, unless all that is presented is written. PACKET stays the caller's; its times
 * are not looked at. ERR_UNPROCESSABLE when it is not what was found before.
 */
enum err output_packet(struct output *output, const AVPacket *packet, struct err_info *info);

/* The segments that are whole in the file, as cmaf_next_segment(); a native container has none. */
bool output_next_segment(const struct output *output, size_t index, struct segment *segment);

/*
 * The end: SAMPLES is the presented length at the rendition's rate, LOUDNESS what the file tells of itself if it has
 * room for it; NULL: nothing.
 */
enum err output_finish(
	struct output *output, uint64_t samples, const struct loudness *loudness, struct err_info *info);

/* Frees what OUTPUT has; its descriptor stays open. One that is zeroed, or was not opened whole, is fine. */
void output_close(struct output *output);

#endif
