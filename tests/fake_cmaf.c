/* SPDX-License-Identifier: MIT */
#include "tests/fake_cmaf.h"

#include "package/cmaf.h"

#include <unistd.h>

static enum err put(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	const int *fd = context;

	if (pwrite(*fd, bytes, length, (off_t)offset) != (ssize_t)length)
		return err_set(info, ERR_IO, "cannot write a rendition");
	return ERR_OK;
}

enum err fake_cmaf_write(
	int fd, const struct conf_rendition *wanted, uint64_t samples, uint64_t frames, struct err_info *info)
{
	static const unsigned char config[] = {0x12, 0x10}, frame[200] = {0x21};
	uint64_t count = (samples + FAKE_FRAME + FAKE_FRAME - 1) / FAKE_FRAME;
	struct cmaf_track track = {
		.codec = CMAF_AAC,
		.timescale = (uint32_t)wanted->sample_rate,
		.sample_rate = (uint32_t)wanted->sample_rate,
		.channels = (uint32_t)wanted->channels,
		.bit_rate = (uint32_t)wanted->bit_rate,
		.priming = FAKE_FRAME,
		.config = config,
		.config_size = sizeof config,
		.segments_expected = count / frames + 1,
	};
	struct cmaf_output output = {put, &fd};
	struct cmaf_writer *writer = NULL;
	enum err err = cmaf_open(&track, &output, &writer, info);

	for (uint64_t i = 0; err == ERR_OK && i < count; i++) {
		if (i > 0 && i % frames == 0)
			err = cmaf_cut(writer, info);
		if (err == ERR_OK)
			err = cmaf_sample(writer, frame, sizeof frame, FAKE_FRAME, info);
	}
	if (err == ERR_OK)
		err = cmaf_finish(writer, samples, info);
	cmaf_free(writer);
	return err;
}
