/* SPDX-License-Identifier: MIT */
/*
 * Writes a track of silence as it lies on a server below the folder given, by the code that serves real ones:
 * media/T/{high,mobile,opus}.mp4, hls/T/master.m3u8, hls/T/{quality}/playlist.m3u8 and dash/T/manifest.mpd. For tests
 * of checkers and players.
 */
#include "base/fs.h"
#include "manifest/dash.h"
#include "manifest/hls.h"
#include "package/cmaf.h"
#include "package/cmaf_index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACK "01jd5w3k9q2m8x7c4b6v0n1ztr"

struct silence {
	const char *quality;
	struct cmaf_track track;
	const char *frame; /* one frame of silence */
	size_t frame_size; /* zeros are appended up to `size`: decoders skip them */
	size_t size;
	uint32_t duration, frames, per_segment;
	uint64_t samples;
};

static const unsigned char opus_head[] = {1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0};

/* 10.5 s each. */
static const struct silence SILENCES[] = {
	{"high", {CMAF_AAC, 44100, 44100, 2, 128000, 1024, "\x12\x10", 2, 3, {0}}, "\x21\x10\x04\x60\x8c\x1c", 6, 400,
		1024, 454, 172, 463050},
	{"mobile", {CMAF_AAC, 44100, 44100, 2, 64000, 1024, "\x12\x10", 2, 3, {0}}, "\x21\x10\x04\x60\x8c\x1c", 6, 200,
		1024, 454, 172, 463050},
	{"opus", {CMAF_OPUS, 48000, 48000, 2, 0, 312, opus_head, sizeof opus_head, 3, {0}}, "\xf8\xff\xfe", 3, 3, 960,
		526, 200, 504000},
};

static void must(enum err err, const struct err_info *info)
{
	if (err == ERR_OK)
		return;
	fprintf(stderr, "make_track: %s\n", info->detail);
	exit(1);
}

static enum err write_at(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	const int *fd = context;

	if (pwrite(*fd, bytes, length, (off_t)offset) != (ssize_t)length)
		return err_set(info, ERR_IO, "the file cannot be written");
	return ERR_OK;
}

static void write_media(const struct silence *silence, int fd, struct err_info *info)
{
	struct cmaf_output output = {write_at, &fd};
	unsigned char frame[1024] = {0};
	struct cmaf_writer *writer;

	memcpy(frame, silence->frame, silence->frame_size);
	must(cmaf_open(&silence->track, &output, &writer, info), info);
	for (uint32_t i = 0; i < silence->frames; i++) {
		must(cmaf_sample(writer, frame, silence->size, silence->duration, info), info);
		if ((i + 1) % silence->per_segment == 0)
			must(cmaf_cut(writer, info), info);
	}
	must(cmaf_finish(writer, silence->samples, info), info);
	cmaf_free(writer);
}

static void write_text(struct buf *text, const char *folder, const char *name)
{
	struct err_info info = {0};
	char path[4096];

	must(fs_make_dirs(folder, 0755, &info), &info);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	must(fs_write_file(path, text->data, text->length, 0644, &info), &info);
	buf_clear(text);
}

static void write_rendition(const char *top, const struct silence *silence, struct arena *arena, struct rendition *out)
{
	struct err_info info = {0};
	struct buf text;
	int fd;

	*out = (struct rendition){.track = TRACK};
	snprintf(out->quality, sizeof out->quality, "%s", silence->quality);
	snprintf(out->file, sizeof out->file, "%s.mp4", silence->quality);
	must(fs_make_dirs(arena_printf(arena, "%s/media/" TRACK, top), 0755, &info), &info);
	fd = open(arena_printf(arena, "%s/media/" TRACK "/%s", top, out->file), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		0644);
	write_media(silence, fd, &info);
	must(cmaf_index_read(fd, arena, out, &info), &info);
	close(fd);
	buf_init(&text, 1 << 20);
	hls_media(&text, out, &(struct hls_options){HLS_BYTERANGE, "", 0, NULL});
	write_text(&text, arena_printf(arena, "%s/hls/" TRACK "/%s", top, silence->quality), "playlist.m3u8");
	buf_free(&text);
}

int main(int argc, char **argv)
{
	enum { COUNT = sizeof SILENCES / sizeof *SILENCES };
	struct rendition renditions[COUNT];
	struct track track = {.title = "Silence & <nothing>"};
	struct arena arena = {0};
	struct buf text;

	if (argc != 2)
		return 2;
	for (size_t i = 0; i < COUNT; i++)
		write_rendition(argv[1], &SILENCES[i], &arena, &renditions[i]);
	buf_init(&text, 1 << 20);
	hls_master(&text, renditions, COUNT, &(struct hls_options){HLS_BYTERANGE, "", 0, NULL});
	write_text(&text, arena_printf(&arena, "%s/hls/" TRACK, argv[1]), "master.m3u8");
	dash_mpd(&text, &track, renditions, COUNT, &(struct dash_options){"", NULL});
	write_text(&text, arena_printf(&arena, "%s/dash/" TRACK, argv[1]), "manifest.mpd");
	buf_free(&text);
	arena_free(&arena);
	return 0;
}
