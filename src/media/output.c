/* SPDX-License-Identifier: MIT */
#include "media/output.h"

#include "model/segment_table.h"

#include <errno.h>
#include <unistd.h>

static enum err write_at(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	const struct output *output = context;
	const char *at = bytes;

	while (length > 0) {
		ssize_t n = pwrite(output->fd, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EFBIG)
			return err_set(
				info, ERR_TOO_LARGE, "the rendition grows past its limit: upload the file in parts");
		if (n < 0)
			return err_set_errno(info, ERR_IO, errno, "a rendition cannot be written");
		at += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return ERR_OK;
}

enum err output_open(struct output *output, const struct conf_rendition *rendition, int fd, struct err_info *info)
{
	*output = (struct output){.sample_rate = (uint32_t)rendition->sample_rate,
		.channels = (uint32_t)rendition->channels,
		.bit_rate = (uint32_t)rendition->bit_rate,
		.fd = fd,
		.last = UINT64_MAX};
	return encode_open(rendition, &output->encode, info);
}

enum err output_start(
	struct output *output, const struct segment_plan *plan, uint64_t duration_ms, struct err_info *info)
{
	const AVCodecContext *codec = output->encode->codec;
	uint64_t expected = segment_plan_count(plan, duration_ms);
	struct cmaf_output to = {.write = write_at, .context = output};
	struct cmaf_track track = {
		.codec = output->encode->kind,
		.timescale = output->sample_rate,
		.sample_rate = output->sample_rate,
		.channels = output->channels,
		.bit_rate = output->bit_rate,
		.priming = output->encode->priming,
		.config = codec->extradata,
		.config_size = (size_t)codec->extradata_size,
		.segments_expected = expected < SEGMENT_TABLE_MOST ? (size_t)expected : SEGMENT_TABLE_MOST,
	};

	output->plan = *plan;
	output->segment = 1;
	output->next_cut = segment_plan_frame(plan, 1, output->sample_rate, output->encode->priming);
	return cmaf_open(&track, &to, &output->writer, info);
}

/* One encoded frame into the file; those wholly beyond the end are dropped. */
static enum err take_packet(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct output *output = context;
	enum err err = ERR_OK;

	if (output->frames >= output->last)
		return ERR_OK;
	if (output->frames == output->next_cut) {
		err = cmaf_cut(output->writer, info);
		output->next_cut = segment_plan_frame(
			&output->plan, ++output->segment, output->sample_rate, output->encode->priming);
	}
	output->frames++;
	return err != ERR_OK ? err : cmaf_sample(output->writer, bytes, length, output->encode->frame_samples, info);
}

enum err output_frame(struct output *output, const AVFrame *frame, struct err_info *info)
{
	return encode_frame(output->encode, frame, take_packet, output, info);
}

enum err output_finish(struct output *output, uint64_t samples, struct err_info *info)
{
	uint32_t frame = output->encode->frame_samples;
	enum err err;

	output->last = (samples + output->encode->priming + frame - 1) / frame;
	err = encode_frame(output->encode, NULL, take_packet, output, info);
	return err != ERR_OK ? err : cmaf_finish(output->writer, samples, info);
}

void output_close(struct output *output)
{
	cmaf_free(output->writer);
	encode_close(output->encode);
	*output = (struct output){0};
}
