/* SPDX-License-Identifier: MIT */
/* A stranger's file up to its first frames: magic bytes, demuxer, limits, tags, decoder, conversion. */
#include "media/decode.h"
#include "media/filter.h"
#include "media/probe.h"

#include <libavutil/log.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES_MOST = 50, FILE_MOST = 1 << 16, DURATION_S = 3600 };

static enum err drop(void *context, AVFrame *frame, struct err_info *info)
{
	(void)context;
	(void)info;
	av_frame_free(&frame);
	return ERR_OK;
}

static void decode_some(struct demux *demux)
{
	AVFrame *frame = av_frame_alloc();
	struct filter *filter = NULL;
	struct decode *decode = NULL;
	struct err_info info;
	uint64_t samples;
	bool end = false;

	if (frame == NULL || decode_open(demux, &decode, &info) != ERR_OK ||
		filter_open(44100, 2, 1024, &filter, &info) != ERR_OK)
		goto out;
	for (int i = 0; i < FRAMES_MOST; i++) {
		if (decode_next(decode, frame, &end, &info) != ERR_OK || end)
			break;
		if (filter_push(filter, frame, drop, NULL, &info) != ERR_OK)
			break;
		av_frame_unref(frame);
	}
	filter_finish(filter, drop, NULL, &samples, &info);
out:
	filter_close(filter);
	decode_close(decode);
	av_frame_free(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct demux *demux = NULL;
	struct source_info source;
	struct err_info info;
	enum magic magic;
	int fd;

	if (size > FILE_MOST)
		return 0;
	av_log_set_level(AV_LOG_QUIET);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	magic = magic_find_file(fd);
	if (demux_open(fd, magic, &demux, &info) == ERR_OK && probe(demux, magic, DURATION_S, &source, &info) == ERR_OK)
		decode_some(demux);
	demux_close(demux);
	close(fd);
	return 0;
}
