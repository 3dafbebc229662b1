/* SPDX-License-Identifier: MIT */
#include "model/loudness.h"

#include <math.h>

#define BIN_LU 0.1
#define RELATIVE_GATE_LU -10.0

double loudness_gain(const struct loudness *loudness, double target_lufs, double peak_dbtp)
{
	double gain = target_lufs - loudness->integrated_lufs;

	/* Files of float may hold infinities. */
	if (loudness->integrated_lufs <= LOUDNESS_SILENT_LUFS || !isfinite(gain) || !isfinite(loudness->true_peak_dbtp))
		return 0;
	return fmin(gain, peak_dbtp - loudness->true_peak_dbtp);
}

int loudness_bin(double lufs)
{
	if (!(lufs >= LOUDNESS_SILENT_LUFS))
		return -1;
	return (int)fmin((lufs - LOUDNESS_SILENT_LUFS) / BIN_LU, LOUDNESS_BINS - 1);
}

/* The loudness at the middle of BIN. */
static double bin_lufs(int bin)
{
	return LOUDNESS_SILENT_LUFS + (bin + 0.5) * BIN_LU;
}

/* The mean power of the blocks from bin FIRST on, as a loudness. */
static double mean_from(const uint64_t *bins, int first)
{
	double power = 0, count = 0;

	for (int i = first; i < LOUDNESS_BINS; i++) {
		power += (double)bins[i] * pow(10, bin_lufs(i) / 10);
		count += (double)bins[i];
	}
	return count > 0 ? 10 * log10(power / count) : LOUDNESS_SILENT_LUFS;
}

double loudness_album(const uint64_t *bins)
{
	int gate = loudness_bin(mean_from(bins, 0) + RELATIVE_GATE_LU);

	return mean_from(bins, gate < 0 ? 0 : gate);
}
