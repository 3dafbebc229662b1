/* SPDX-License-Identifier: MIT */
/* What somebody may, as the commands that let somebody in take it: --scope and --tracks. */
#ifndef TONEARM_CLI_GRANTEE_H
#define TONEARM_CLI_GRANTEE_H

#include "cli/cli.h"

/* clang-format off */
#define GRANTEE_OPTIONS \
	{"scope", 's', "WORDS", "what it permits, words separated by spaces (stream:read)"}, \
	{"tracks", 0, "IDS", "for these tracks alone, ids separated by commas"}
/* clang-format on */

struct grantee {
	const char *scope;
	const char *tracks; /* a JSON array in the command's arena; NULL for all */
	const char **ids;   /* the same as texts */
	size_t id_count;
};

/*
 * ERR_BAD_REQUEST for a scope there is not, as it would be refused everywhere, for what is no id, and for a NAME (NULL
 * when there need not be one) that no account can have.
 */
enum err grantee_read(
	struct cli *cli, const struct args *args, const char *name, struct grantee *out, struct err_info *info);

#endif
