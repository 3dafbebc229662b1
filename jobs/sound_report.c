/* SPDX-License-Identifier: MIT */
#include "jobs/sound_job.h"

#include <string.h>

/* Past these a value is nonsense whatever the sound. */
#define LEVEL_LEAST -200.0
#define LEVEL_MOST 200.0

json_t *sound_job_report(const struct loudness *loudness, const uint32_t *bins)
{
	json_t *blocks = json_array();

	for (int bin = 0; bin < LOUDNESS_BINS; bin++) {
		if (bins[bin] > 0)
			json_array_append_new(blocks, json_pack("[i, I]", bin, (json_int_t)bins[bin]));
	}
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:o}", "integrated_lufs", loudness->integrated_lufs,
		"range_lu", loudness->range_lu, "momentary_max_lufs", loudness->momentary_max_lufs,
		"short_term_max_lufs", loudness->short_term_max_lufs, "true_peak_dbtp", loudness->true_peak_dbtp,
		"gain_db", loudness->gain_db, "applied", (int)loudness->applied, "blocks", blocks);
}

static bool take_level(const json_t *object, const char *name, double *out)
{
	const json_t *value = json_object_get(object, name);

	*out = json_number_value(value);
	return json_is_number(value) && *out >= LEVEL_LEAST && *out <= LEVEL_MOST;
}

static bool take_blocks(const json_t *blocks, uint32_t *bins)
{
	size_t count = json_array_size(blocks);

	memset(bins, 0, LOUDNESS_BINS * sizeof *bins);
	for (size_t i = 0; i < count; i++) {
		const json_t *pair = json_array_get(blocks, i);
		const json_t *bin = json_array_get(pair, 0), *number = json_array_get(pair, 1);

		if (!json_is_integer(bin) || json_integer_value(bin) < 0 || json_integer_value(bin) >= LOUDNESS_BINS ||
			!json_is_integer(number) || json_integer_value(number) < 0 ||
			json_integer_value(number) > UINT32_MAX)
			return false;
		bins[json_integer_value(bin)] = (uint32_t)json_integer_value(number);
	}
	return json_is_array(blocks) && count <= LOUDNESS_BINS;
}

bool sound_job_parse(const json_t *object, struct loudness *out, uint32_t *bins)
{
	const json_t *applied = json_object_get(object, "applied");

	out->applied = json_is_true(applied);
	return json_is_boolean(applied) && take_level(object, "integrated_lufs", &out->integrated_lufs) &&
	       take_level(object, "range_lu", &out->range_lu) &&
	       take_level(object, "momentary_max_lufs", &out->momentary_max_lufs) &&
	       take_level(object, "short_term_max_lufs", &out->short_term_max_lufs) &&
	       take_level(object, "true_peak_dbtp", &out->true_peak_dbtp) &&
	       take_level(object, "gain_db", &out->gain_db) && take_blocks(json_object_get(object, "blocks"), bins);
}
