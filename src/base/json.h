/* SPDX-License-Identifier: MIT */
/*
 * JSON from outside, read strictly over jansson: a member nobody knows and a value of a wrong type are errors that name
 * the member, so that a client's spelling mistake is not taken for a default. Thread-safe, no state.
 */
#ifndef TONEARM_BASE_JSON_H
#define TONEARM_BASE_JSON_H

#include "base/err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Parses one JSON object of LENGTH bytes; members that stand twice are refused. *OUT is owned by the caller.
 * ERR_BAD_REQUEST.
 */
enum err json_read_object(const char *text, size_t length, json_t **out, struct err_info *info);

/* ERR_UNPROCESSABLE when OBJECT is no object or has a member that is not among NAMES, which end with NULL. */
enum err json_read_members(const json_t *object, const char *const *names, struct err_info *info);

/*
 * The member NAME as text of at most MOST bytes or as a whole number between LEAST and MOST. Absent: ERR_OK and OUT
 * stays as it is. ERR_UNPROCESSABLE. Text is borrowed from OBJECT.
 */
enum err json_read_text(const json_t *object, const char *name, size_t most, const char **out, struct err_info *info);
enum err json_read_whole(
	const json_t *object, const char *name, int64_t least, int64_t most, int64_t *out, struct err_info *info);

/*
 * OUT, of ROOM bytes, is the text NAME of the JSON object TEXT, which has no other member; "" when it is absent.
 * ERR_BAD_REQUEST, ERR_UNPROCESSABLE, which leave "" too.
 */
enum err json_read_only_text(const char *text, const char *name, char *out, size_t room, struct err_info *info);

#endif
