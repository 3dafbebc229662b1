/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum err json_read_object(const char *text, size_t length, json_t **out, struct err_info *info)
{
	json_error_t error;

	*out = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (*out == NULL)
		return err_set(info, ERR_BAD_REQUEST, "this is no JSON: line %d, column %d", error.line, error.column);
	if (json_is_object(*out))
		return ERR_OK;
	json_decref(*out);
	*out = NULL;
	return err_set(info, ERR_BAD_REQUEST, "this is no JSON object");
}

enum err json_read_members(const json_t *object, const char *const *names, struct err_info *info)
{
	const char *member;
	json_t *value;

	if (!json_is_object(object))
		return err_set(info, ERR_UNPROCESSABLE, "this must be a JSON object");
	json_object_foreach((json_t *)(uintptr_t)object, member, value)
	{
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], member) != 0)
			i++;
		if (names[i] == NULL)
			return err_set(info, ERR_UNPROCESSABLE, "there is no member \"%.64s\" here", member);
	}
	return ERR_OK;
}

enum err json_read_text(const json_t *object, const char *name, size_t most, const char **out, struct err_info *info)
{
	const json_t *value = json_object_get(object, name);

	if (value == NULL)
		return ERR_OK;
	if (!json_is_string(value))
		return err_set(info, ERR_UNPROCESSABLE, "\"%s\" must be a string", name);
	if (json_string_length(value) > most)
		return err_set(info, ERR_UNPROCESSABLE, "\"%s\" is longer than %zu bytes", name, most);
	*out = json_string_value(value);
	return ERR_OK;
}

enum err json_read_whole(
	const json_t *object, const char *name, int64_t least, int64_t most, int64_t *out, struct err_info *info)
{
	const json_t *value = json_object_get(object, name);

	if (value == NULL)
		return ERR_OK;
	if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
		return err_set(info, ERR_UNPROCESSABLE, "\"%s\" must be a whole number from %" PRId64 " to %" PRId64,
			name, least, most);
	*out = json_integer_value(value);
	return ERR_OK;
}

enum err json_read_only_text(const char *text, const char *name, char *out, size_t room, struct err_info *info)
{
	const char *const names[] = {name, NULL};
	const char *found = "";
	json_t *object;
	enum err err = json_read_object(text, strlen(text), &object, info);

	if (err == ERR_OK)
		err = json_read_members(object, names, info);
	if (err == ERR_OK)
		err = json_read_text(object, name, room - 1, &found, info);
	snprintf(out, room, "%s", found);
	json_decref(object);
	return err;
}
