/* SPDX-License-Identifier: MIT */
/*
 * A pass over a source whose packets may be passed through (passthrough.h): all of them are read and decoded before the
 * first is written, so that none that is damaged, and nothing that a container of ours would say wrongly, goes out.
 *
 *     source ─► demux ─┬─► header of each packet: samples, bytes, time stamps, what is to be skipped
 *                      └─► decode: how many samples are presented
 *
 * What is found must fit together to the sample: samples of all packets = what the start skips + what is presented +
 * what the end cuts off. It takes as long as decoding does, some 0.2 % of the sound's length.
 */
#ifndef TONEARM_MEDIA_SURVEY_H
#define TONEARM_MEDIA_SURVEY_H

#include "media/passthrough.h"
#include "media/pipeline.h"

#include <libavcodec/avcodec.h>

enum { SURVEY_CONFIG_MOST = 64 };

struct survey {
	struct passthrough_source source;
	uint32_t priming; /* samples that the first packets hold before what is presented */
	uint64_t samples; /* presented */
	enum AVCodecID codec;
	bool adts; /* each packet of AAC has a header */
	unsigned char config[SURVEY_CONFIG_MOST]; /* as struct cmaf_track has it; MP3 has none */
	size_t config_size;
};

/* A packet as it goes into a container of ours. */
struct survey_frame {
	const unsigned char *bytes; /* in the packet */
	size_t length;
	uint32_t samples;
};

/*
 * What is known without reading packets: codec, rate and channels of the source behind DEMUX. The codec is NULL when it
 * is none of ours.
 */
struct passthrough_source survey_foresee(const struct demux *demux);

/*
 * Reads the source of JOB, whose headers read SOURCE, and reports as "measure". With ERR_OK, OUT->source.fault tells
 * whether the rest is true. Errors are those of pipeline_run() but for damaged files.
 */
enum err survey_run(const struct pipeline_job *job, const struct source_info *source, struct survey *out,
	struct err_info *info);

/* PACKET of a source of CODEC, in ADTS or not, as a frame. False when it is none. */
bool survey_frame(enum AVCodecID codec, bool adts, const AVPacket *packet, struct survey_frame *out);

#endif
