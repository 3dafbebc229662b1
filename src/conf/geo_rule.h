/* SPDX-License-Identifier: MIT */
/*
 * Where something may be heard, as text: words of ISO 3166 that are separated by spaces.
 *
 *     "DE AT CH"     in these countries only (ISO 3166-1 alpha-2)
 *     "US !US-CA"    in this one, but not in that part of it (ISO 3166-2)
 *     "!RU !BY"      everywhere but there
 *     "*"            everywhere
 *
 * A word with "!" wins over one without; where no word without "!" stands, all else is allowed. Pure, thread-safe.
 */
#ifndef TONEARM_CONF_GEO_RULE_H
#define TONEARM_CONF_GEO_RULE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

enum { GEO_RULE_MOST = 2048, GEO_COUNTRY_SIZE = 3, GEO_REGION_SIZE = 7, GEO_REGIONS = 2 };

/* Where somebody is. */
struct geo_place {
	char country[GEO_COUNTRY_SIZE];            /* "DE"; "" when it is not known */
	char regions[GEO_REGIONS][GEO_REGION_SIZE]; /* "US-CA", the larger first; "" when they are not known */
};

/*
 * TEXT in its one spelling (upper case, single spaces) into *OUT, in ARENA. ERR_UNPROCESSABLE with a sentence when it
 * is empty, longer than GEO_RULE_MOST bytes, or has a word that is none of these.
 */
enum err geo_rule_read(const char *text, struct arena *arena, const char **out, struct err_info *info);

/* Whether RULE, as geo_rule_read() gives it, holds nobody off, so that nobody need know where the listener is. */
bool geo_rule_everywhere(const char *rule);

/* Whether RULE lets in who is at PLACE, whose country is known. */
bool geo_rule_allows(const char *rule, const struct geo_place *place);

#endif
