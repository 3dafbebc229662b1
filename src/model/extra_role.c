/* SPDX-License-Identifier: MIT */
#include "model/extra_role.h"

#include <string.h>

static const struct {
	const char *name, *file;
} roles[EXTRA_ROLES] = {
	[EXTRA_WAVEFORM] = {"waveform", "waveform.dat"},
	[EXTRA_WAVEFORM_SPLIT] = {"waveform-split", "waveform-split.dat"},
};

const char *extra_role_name(enum extra_role role)
{
	return roles[role].name;
}

const char *extra_file(enum extra_role role)
{
	return roles[role].file;
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
