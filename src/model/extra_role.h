/* SPDX-License-Identifier: MIT */
/*
 * The roles of the files beside a track's renditions, by name: in the job that a worker gets, in the table, and on the
 * disk. No database here: the worker uses it too. Thread-safe, no state.
 */
#ifndef TONEARM_MODEL_EXTRA_ROLE_H
#define TONEARM_MODEL_EXTRA_ROLE_H

#include <stdbool.h>

enum extra_role {
	EXTRA_WAVEFORM,       /* of the mix, audiowaveform's .dat, version 2, 16 bits */
	EXTRA_WAVEFORM_SPLIT, /* of each channel, when there are several */
	EXTRA_COVER_LARGE,    /* plain JPEG: longest side at most 1200 pixels */
	EXTRA_COVER_MEDIUM,   /* 600 */
	EXTRA_COVER_SMALL,    /* 160 */
	EXTRA_ROLES
};

/* "waveform-split", "waveform-split.dat". */
const char *extra_role_name(enum extra_role role);
const char *extra_file(enum extra_role role);

/* Most pixels on a side of a cover; 0 for what is none. */
int extra_cover_side(enum extra_role role);

/* False when NAME (may be NULL) is no role's. */
bool extra_role_parse(const char *name, enum extra_role *out);

#endif
