/* SPDX-License-Identifier: MIT */
/* A stranger's file up to its first frames: magic bytes, demuxer, limits, tags, cover, decoder, conversion. */
#include "media/ape.h"
#include "media/artwork.h"
#include "media/decode.h"
#include "media/filter.h"
#include "media/probe.h"
#include "model/extra_role.h"

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

/* What is reported of the tags is what is read of the report. */
static void pass_tags_on(const struct tags *tags)
{
	static struct tags again;
	json_t *object = tags_json(tags);
	json_t *second;

	tags_read(object, &again);
	second = tags_json(&again);
	if (!json_equal(object, second))
		abort();
	json_decref(object);
	json_decref(second);
}

static void take_artwork(const struct demux *demux)
{
	struct artwork artwork;
	struct err_info info;
	int extras[EXTRA_ROLES];

	for (int role = 0; role < EXTRA_ROLES; role++)
		extras[role] = -1;
	if (artwork_find(demux, &artwork, &info) == ERR_OK && artwork.packet != NULL)
		artwork_make(&artwork, extras, &info);
	artwork_close(&artwork);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct demux *demux = NULL;
	static struct source_info source;
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
	if (demux_open(fd, magic, &demux, &info) == ERR_OK &&
		probe(demux, magic, DURATION_S, &source, &info) == ERR_OK) {
		ape_read(fd, &source.tags);
		pass_tags_on(&source.tags);
		take_artwork(demux);
		decode_some(demux);
	}
	demux_close(demux);
	close(fd);
	return 0;
}
