/* SPDX-License-Identifier: MIT */
/* What queues of the pipeline hold, freed: for queue_free(). Thread-safe. */
#ifndef TONEARM_MEDIA_HELD_H
#define TONEARM_MEDIA_HELD_H

/* ITEM is an AVFrame. */
void held_frame_free(void *item);

/* ITEM is an AVPacket. */
void held_packet_free(void *item);

#endif
