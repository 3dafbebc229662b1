/* SPDX-License-Identifier: MIT */
#include "conf/geo_rule.h"

#include <ctype.h>
#include <string.h>

enum { COUNTRY = GEO_COUNTRY_SIZE - 1, REGION_MOST = GEO_REGION_SIZE - 1 };

static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* "*", or with "!" or without "DE" or "US-CA". */
static bool word_valid(const char *word)
{
	size_t length;

	if (strcmp(word, "*") == 0)
		return true;
	word += *word == '!';
	length = strlen(word);
	if (length > REGION_MOST || strspn(word, capitals) < COUNTRY)
		return false;
	if (length == COUNTRY)
		return true;
	return word[COUNTRY] == '-' && length > COUNTRY + 1 &&
	       strspn(word + COUNTRY + 1, alphanumeric) == length - COUNTRY - 1;
}

enum err geo_rule_read(const char *text, struct arena *arena, const char **out, struct err_info *info)
{
	char *words, *rule, *end, *save = NULL;

	if (strlen(text) > GEO_RULE_MOST)
		return err_set(info, ERR_UNPROCESSABLE, "a list of places has at most %d bytes", (int)GEO_RULE_MOST);
	words = arena_strdup(arena, text);
	rule = end = arena_alloc(arena, strlen(text) + 2);
	for (char *c = words; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	for (char *word = strtok_r(words, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save)) {
		if (!word_valid(word))
			return err_set(info, ERR_UNPROCESSABLE,
				"\"%.16s\" is no place such as DE, US-CA, !US-CA or *", word);
		end = stpcpy(stpcpy(end, word), " ");
	}
	if (end == rule)
		return err_set(info, ERR_UNPROCESSABLE, "a list of places is not empty: * is everywhere");
	end[-1] = '\0';
	*out = rule;
	return ERR_OK;
}

bool geo_rule_everywhere(const char *rule)
{
	return strcmp(rule, "*") == 0;
}

static bool is_in(const struct geo_place *place, const char *word, size_t length)
{
	if (length == 1 && *word == '*')
		return true;
	if (length == COUNTRY)
		return memcmp(word, place->country, COUNTRY) == 0;
	for (size_t i = 0; i < GEO_REGIONS; i++) {
		if (strlen(place->regions[i]) == length && memcmp(word, place->regions[i], length) == 0)
			return true;
	}
	return false;
}

bool geo_rule_allows(const char *rule, const struct geo_place *place)
{
	bool listed = false, allowed = false;

	while (*rule != '\0') {
		size_t length = strcspn(rule, " ");

		if (*rule == '!' && is_in(place, rule + 1, length - 1))
			return false;
		if (*rule != '!') {
			listed = true;
			allowed |= is_in(place, rule, length);
		}
		rule += length + (rule[length] == ' ');
	}
	return allowed || !listed;
}
