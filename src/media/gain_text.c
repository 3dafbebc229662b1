/* SPDX-License-Identifier: MIT */
#include "media/gain_text.h"

#include <math.h>
#include <stdio.h>

#define REPLAYGAIN_LUFS -18.0
#define R128_LUFS -23.0
/* Past these, which no sound comes to, a number would not fit its text. */
#define GAIN_MOST_DB 127.0
#define PEAK_MOST 9999.0
/* Most that iTunes itself writes. */
#define NORM_MOST 65534.0
#define NORM_PEAK_MOST 32768.0

static double within(double value, double least, double most)
{
	return fmax(least, fmin(value, most));
}

static unsigned norm(double base, double gain_db)
{
	return (unsigned)lround(within(base * pow(10, -gain_db / 10), 1, NORM_MOST));
}

bool gain_text_make(const struct loudness *loudness, struct gain_text *out)
{
	double gain = within(REPLAYGAIN_LUFS - loudness->integrated_lufs, -GAIN_MOST_DB, GAIN_MOST_DB);
	double r128 = within(R128_LUFS - loudness->integrated_lufs, -GAIN_MOST_DB, GAIN_MOST_DB);
	double peak = within(pow(10, loudness->true_peak_dbtp / 20), 0, PEAK_MOST);
	unsigned power = norm(1000, gain), more = norm(2500, gain);
	unsigned top = (unsigned)lround(within(peak * NORM_PEAK_MOST, 0, NORM_PEAK_MOST));

	*out = (struct gain_text){.gain = ""};
	if (!(loudness->integrated_lufs > LOUDNESS_SILENT_LUFS) || !isfinite(loudness->integrated_lufs) ||
		!isfinite(loudness->true_peak_dbtp))
		return false;
	snprintf(out->gain, sizeof out->gain, "%.2f dB", gain);
	snprintf(out->peak, sizeof out->peak, "%.6f", peak);
	snprintf(out->r128, sizeof out->r128, "%ld", lround(r128 * 256));
	snprintf(out->norm, sizeof out->norm, " %08X %08X %08X %08X 00000000 00000000 %08X %08X 00000000 00000000",
		power, power, more, more, top, top);
	return true;
}
