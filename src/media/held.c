/* SPDX-License-Identifier: MIT */
#include "media/held.h"

#include <libavcodec/packet.h>
#include <libavutil/frame.h>

void held_frame_free(void *item)
{
	AVFrame *frame = item;

	av_frame_free(&frame);
}

void held_packet_free(void *item)
{
	AVPacket *packet = item;

	av_packet_free(&packet);
}
