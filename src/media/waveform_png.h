/* SPDX-License-Identifier: MIT */
/*
 * A waveform as a PNG picture (W3C PNG, third edition), by libpng: from the least to the greatest value of what falls
 * on a column, channels below each other. Only api.fcgi draws it, so only that links libpng.
 */
#ifndef TONEARM_MEDIA_WAVEFORM_PNG_H
#define TONEARM_MEDIA_WAVEFORM_PNG_H

#include "media/waveform.h"

enum { WAVEFORM_PNG_WIDTH_MOST = 4096, WAVEFORM_PNG_HEIGHT_MOST = 1024 };

struct waveform_picture {
	uint32_t width, height;      /* pixels, 1 to the MOST above */
	unsigned char colour[4];     /* red, green, blue, alpha (255: opaque) */
	unsigned char background[4]; /* likewise */
};

/*
 * Appends the picture of DATA to OUT, whose limit decides on what is too long. Edges are blended into the background.
 * ERR_NO_MEMORY.
 */
enum err waveform_put_png(struct buf *out, const struct waveform_data *data, const struct waveform_picture *picture,
	struct err_info *info);

#endif
