/* SPDX-License-Identifier: MIT */
/* Writes small CMAF files into the folder given: where the fuzzer of the index reader starts from. */
#include "package/cmaf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum err write_at(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	const int *fd = context;

	if (pwrite(*fd, bytes, length, (off_t)offset) != (ssize_t)length)
		return err_set(info, ERR_IO, "a seed cannot be written");
	return ERR_OK;
}

static enum err write_track(const struct cmaf_track *track, int fd, struct err_info *info)
{
	struct cmaf_output output = {write_at, &fd};
	struct cmaf_writer *writer;
	enum err err = cmaf_open(track, &output, &writer, info);

	for (int i = 0; i < 6 && err == ERR_OK; i++) {
		err = cmaf_sample(writer, "\x21\x10\x04\x60\x8c\x1c", 6, 1024, info);
		if (err == ERR_OK && i % 2 == 1)
			err = cmaf_cut(writer, info);
	}
	if (err == ERR_OK)
		err = cmaf_finish(writer, 6 * 1024 - 512 - 7, info);
	cmaf_free(writer);
	return err;
}

int main(int argc, char **argv)
{
	static const unsigned char opus[] = {1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0};
	static const unsigned char flac[34] = {0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0};
	const struct cmaf_track tracks[] = {
		{CMAF_AAC, 44100, 44100, 2, 128000, 512, "\x12\x10", 2, 3, {0}},
		{CMAF_OPUS, 48000, 48000, 2, 0, 512, opus, sizeof opus, 5, {.title = "T", .number = 2}},
		{CMAF_FLAC, 44100, 44100, 2, 0, 512, flac, sizeof flac, 1, {0}},
	};

	for (size_t i = 0; argc == 2 && i < sizeof tracks / sizeof *tracks; i++) {
		struct err_info info = {0};
		char path[4096];
		int fd;

		snprintf(path, sizeof path, "%s/seed-%zu.mp4", argv[1], i);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0 || write_track(&tracks[i], fd, &info) != ERR_OK) {
			fprintf(stderr, "%s: %s\n", path, info.detail);
			return 1;
		}
		close(fd);
	}
	return argc == 2 ? 0 : 2;
}
