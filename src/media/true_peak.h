/* SPDX-License-Identifier: MIT */
/*
 * The true peak after ITU-R BS.1770-5 annex 2: the greatest magnitude of sound that is oversampled at least to 192 kHz,
 * or four times, by libswresample. libebur128 tells a true peak too, but at five times the cost of this, three quarters
 * of all that measuring takes, and no nearer to the truth (tests/vectors/ebur128.json holds for both).
 *
 * A meter belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_TRUE_PEAK_H
#define TONEARM_MEDIA_TRUE_PEAK_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct true_peak;

/*
 * For CHANNELS (1 to 6) at RATE Hz. *OUT is owned by the caller (true_peak_close()), NULL on failure. ERR_NO_MEMORY.
 */
enum err true_peak_open(unsigned channels, uint32_t rate, struct true_peak **out, struct err_info *info);

/* Takes COUNT samples of each of the PLANES, one a channel. ERR_NO_MEMORY. */
enum err true_peak_add(
	struct true_peak *peak, const float *const *planes, size_t count, struct err_info *info);

/* The greatest so far in dBTP, at least LOUDNESS_SILENT_DBTP. */
double true_peak_dbtp(const struct true_peak *peak);

/* NULL is fine. */
void true_peak_close(struct true_peak *peak);

#endif
