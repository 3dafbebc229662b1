/* SPDX-License-Identifier: MIT */
/*
 * The columns of a track as the statements of this room select them; used by track.c and rendition.c only.
 */
#ifndef TONEARM_MODEL_TRACK_ROW_H
#define TONEARM_MODEL_TRACK_ROW_H

#include "model/track.h"

enum { TRACK_COLUMNS = 21 };

/* The words of the columns `visibility` and `state`; ERR_INTERNAL when they are none this program knows. */
enum err track_row_words(const char *visibility, const char *state, enum track_visibility *visibility_out,
	enum track_state *state_out, struct err_info *info);

/*
 * The current row, whose first TRACK_COLUMNS columns are a track, into OUT with text in ARENA. ERR_INTERNAL as above.
 */
enum err track_row_read(struct db_stmt *stmt, struct arena *arena, struct track *out, struct err_info *info);

#endif
