/* SPDX-License-Identifier: MIT */
/*
 * A piece of sound for those who have none at hand: three chords that swell and fade, the voices spread over two
 * channels, as a WAV file with title and artist. Always the same bytes for the same length. Thread-safe.
 */
#ifndef TONEARM_CLI_SAMPLE_H
#define TONEARM_CLI_SAMPLE_H

#include "base/err.h"

enum { SAMPLE_RATE = 44100, SAMPLE_SECONDS_MOST = 600 };

/*
 * Writes SECONDS (1 to SAMPLE_SECONDS_MOST) of sound to PATH, made at mode 0644. ERR_IO, ERR_NO_SPACE; nothing is left
 * then.
 */
enum err sample_write(const char *path, unsigned seconds, struct err_info *info);

#endif
