/* SPDX-License-Identifier: MIT */
#include "media/vorbis_coder.h"

#include <stdlib.h>
#include <string.h>
#include <vorbis/vorbisenc.h>

/*
 * Samples given at a time, as FFmpeg does: what libvorbis puts before the first sample, so that the stream does not
 * begin on a cliff, depends on how many have come by then.
 */
enum { PIECE = 64 };

struct vorbis_coder {
	vorbis_info info;
	vorbis_dsp_state state;
	vorbis_block block;
	bool analysing; /* there is a state, and a block */
};

/* An average bit rate that is reached by quality alone: how many bits a block gets depends on no other. */
static int set_up(vorbis_info *info, const struct conf_rendition *rendition)
{
	int code = vorbis_encode_setup_managed(
		info, (long)rendition->channels, (long)rendition->sample_rate, -1, (long)rendition->bit_rate, -1);

	if (code == 0)
		code = vorbis_encode_ctl(info, OV_ECTL_RATEMANAGE2_SET, NULL);
	return code == 0 ? vorbis_encode_setup_init(info) : code;
}

enum err vorbis_coder_open(const struct conf_rendition *rendition, struct vorbis_coder **out, struct err_info *info)
{
	struct vorbis_coder *coder = calloc(1, sizeof *coder);

	*out = NULL;
	if (coder == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	vorbis_info_init(&coder->info);
	if (set_up(&coder->info, rendition) != 0) {
		vorbis_coder_close(coder);
		return err_set(info, ERR_UNPROCESSABLE, "the encoder does not start");
	}
	coder->analysing = vorbis_analysis_init(&coder->state, &coder->info) == 0;
	if (!coder->analysing) {
		vorbis_coder_close(coder);
		return err_set(info, ERR_NO_MEMORY, "no memory for an encoder");
	}
	vorbis_block_init(&coder->state, &coder->block);
	*out = coder;
	return ERR_OK;
}

void vorbis_coder_frame(struct vorbis_coder *coder, const AVFrame *frame)
{
	if (frame == NULL) {
		vorbis_analysis_wrote(&coder->state, 0);
		return;
	}
	for (int at = 0; at < frame->nb_samples; at += PIECE) {
		int left = frame->nb_samples - at, samples = left < PIECE ? left : PIECE;
		float **planes = vorbis_analysis_buffer(&coder->state, samples);

		for (int c = 0; c < coder->info.channels; c++)
			memcpy(planes[c], (const float *)(const void *)frame->data[c] + at,
				(size_t)samples * sizeof(float));
		vorbis_analysis_wrote(&coder->state, samples);
	}
}

bool vorbis_coder_block(struct vorbis_coder *coder, int64_t *place, int64_t *next)
{
	if (vorbis_analysis_blockout(&coder->state, &coder->block) != 1)
		return false;
	*place = coder->block.granulepos;
	*next = coder->state.granulepos;
	return true;
}

enum err vorbis_coder_encode(struct vorbis_coder *coder, AVPacket **out, struct err_info *info)
{
	ogg_packet packet;

	*out = NULL;
	if (vorbis_analysis(&coder->block, &packet) != 0)
		return err_set(info, ERR_UNPROCESSABLE, "encoding failed");
	*out = av_packet_alloc();
	if (*out == NULL || av_new_packet(*out, (int)packet.bytes) < 0) {
		av_packet_free(out);
		return err_set(info, ERR_NO_MEMORY, "no memory for a packet");
	}
	memcpy((*out)->data, packet.packet, (size_t)packet.bytes);
	return ERR_OK;
}

int64_t vorbis_coder_priming(const struct vorbis_coder *coder)
{
	return vorbis_info_blocksize((vorbis_info *)&coder->info, 0) / 2;
}

void vorbis_coder_close(struct vorbis_coder *coder)
{
	if (coder == NULL)
		return;
	if (coder->analysing) {
		vorbis_block_clear(&coder->block);
		vorbis_dsp_clear(&coder->state);
	}
	vorbis_info_clear(&coder->info);
	free(coder);
}
