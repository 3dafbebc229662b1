/* SPDX-License-Identifier: MIT */
#include "media/seam.h"

#include "media/aac_window.h"
#include "media/mp3_stream.h"

#include <stdbool.h>

static bool same_window(const AVPacket *a, const AVPacket *b)
{
	struct aac_window one, other;

	return aac_window_read(a->data, (size_t)a->size, &one) && aac_window_read(b->data, (size_t)b->size, &other) &&
	       one.sequence == other.sequence && one.shape == other.shape;
}

size_t seam_aac(struct seam *seam)
{
	size_t at = seam->settled;

	while (at < seam->count && !same_window(seam->old[at - 1], seam->fresh[at - 1]))
		at++;
	return at;
}

size_t seam_mp3(struct seam *seam)
{
	struct mp3_frame old[SEAM_PACKETS], fresh[SEAM_PACKETS];

	for (size_t i = 0; i < seam->count; i++) {
		AVPacket *a = seam->old[i], *b = seam->fresh[i];

		if (a == NULL || b == NULL || av_packet_make_writable(a) < 0 ||
			!mp3_frame_read(a->data, (size_t)a->size, &old[i]) ||
			!mp3_frame_read(b->data, (size_t)b->size, &fresh[i]))
			return SEAM_NOWHERE;
	}
	for (size_t at = seam->settled; at < seam->count; at++) {
		if (mp3_join(old, fresh, at))
			return at;
	}
	return SEAM_NOWHERE;
}
