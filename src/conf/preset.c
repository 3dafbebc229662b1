/* SPDX-License-Identifier: MIT */
#include "conf/preset.h"

#include <stdbool.h>
#include <string.h>

static const char *const allowed[] = {"acompressor", "adeclick", "afade", "afftdn", "agate", "alimiter", "allpass",
	"bandpass", "bandreject", "bass", "compand", "crystalizer", "dcshift", "deesser", "dynaudnorm", "equalizer",
	"extrastereo", "highpass", "highshelf", "lowpass", "lowshelf", "silenceremove", "speechnorm", "stereowiden",
	"superequalizer", "treble", "volume"};

static bool is_allowed(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
		if (strlen(allowed[i]) == length && memcmp(allowed[i], name, length) == 0)
			return true;
	}
	return false;
}

enum err preset_check(const char *filter, struct err_info *info)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:,=+-*/()|%<> ";
	size_t length = strspn(filter, letters);

	if (filter[length] != '\0')
		return err_set(info, ERR_UNPROCESSABLE, "a filter is written without quotes, escapes and labels, but "
							"character %zu is one of those", length + 1);
	if (length == 0 || length > PRESET_FILTER_MOST)
		return err_set(
			info, ERR_UNPROCESSABLE, "a filter has 1 to %d characters", (int)PRESET_FILTER_MOST);
	for (;;) {
		size_t name = strcspn(filter, "=,");

		if (!is_allowed(filter, name))
			return err_set(info, ERR_UNPROCESSABLE,
				"the filter \"%.*s\" is not taken: only equalisers, passes, compressors, limiters, "
				"gates, "
				"fades, silenceremove and volume are",
				(int)(name < 40 ? name : 40), filter);
		filter += strcspn(filter, ",");
		if (*filter == '\0')
			return ERR_OK;
		filter++;
	}
}
