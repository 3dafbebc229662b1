/* SPDX-License-Identifier: MIT */
#include "model/extra_role.h"

#include <string.h>

static const struct {
	const char *name, *file;
	int side;
} roles[EXTRA_ROLES] = {
	[EXTRA_WAVEFORM] = {"waveform", "waveform.dat", 0},
	[EXTRA_WAVEFORM_SPLIT] = {"waveform-split", "waveform-split.dat", 0},
	[EXTRA_COVER_LARGE] = {"cover-1200", "cover-1200.jpg", 1200},
	[EXTRA_COVER_MEDIUM] = {"cover-600", "cover-600.jpg", 600},
	[EXTRA_COVER_SMALL] = {"cover-160", "cover-160.jpg", 160},
};

const char *extra_role_name(enum extra_role role)
{
	return roles[role].name;
}

const char *extra_file(enum extra_role role)
{
	return roles[role].file;
}

int extra_cover_side(enum extra_role role)
{
	return roles[role].side;
}

bool extra_role_parse(const char *name, enum extra_role *out)
{
	for (int role = 0; name != NULL && role < EXTRA_ROLES; role++) {
		if (strcmp(roles[role].name, name) == 0) {
			*out = (enum extra_role)role;
			return true;
		}
	}
	return false;
}
