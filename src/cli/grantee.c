/* SPDX-License-Identifier: MIT */
#include "cli/grantee.h"

#include "auth/jwt.h"
#include "auth/scope.h"
#include "model/account.h"

#include <stdlib.h>
#include <string.h>

static enum err check_scope(struct arena *arena, const char *scope, struct err_info *info)
{
	char *words = arena_strdup(arena, scope), *save = NULL;
	size_t count = 0;

	for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save), count++)
		if (!scope_has(SCOPE_ALL, word))
			return err_set(info, ERR_BAD_REQUEST, "\"%s\" is no scope; there are: %s", word, SCOPE_ALL);
	if (count == 0)
		return err_set(info, ERR_BAD_REQUEST, "--scope wants at least one of: %s", SCOPE_ALL);
	return ERR_OK;
}

static enum err read_tracks(struct arena *arena, char *ids, struct grantee *out, struct err_info *info)
{
	json_t *tracks = json_array();
	char *save = NULL, *text;
	enum err err = ERR_OK;

	out->ids = arena_array(arena, JWT_TRACKS_MOST, sizeof *out->ids);
	for (char *id = strtok_r(ids, ",", &save); id != NULL && err == ERR_OK; id = strtok_r(NULL, ",", &save)) {
		err = cli_check_id(id, "track", info);
		if (err == ERR_OK && out->id_count == JWT_TRACKS_MOST)
			err = err_set(info, ERR_BAD_REQUEST, "at most %d tracks may be named", JWT_TRACKS_MOST);
		if (err == ERR_OK) {
			out->ids[out->id_count++] = id;
			json_array_append_new(tracks, json_string(id));
		}
	}
	text = json_dumps(tracks, JSON_COMPACT);
	out->tracks = arena_strdup(arena, text);
	free(text);
	json_decref(tracks);
	return err;
}

enum err grantee_read(
	struct cli *cli, const struct args *args, const char *name, struct grantee *out, struct err_info *info)
{
	const char *scope = args_value(args, "scope");
	char *ids = arena_strdup(&cli->arena, args_value(args, "tracks"));

	*out = (struct grantee){.scope = scope != NULL ? scope : SCOPE_STREAM_READ};
	if (name != NULL && (name[0] == '\0' || strlen(name) > ACCOUNT_NAME_MOST))
		return err_set(info, ERR_BAD_REQUEST, "a name has from 1 to %d bytes", ACCOUNT_NAME_MOST);
	if (check_scope(&cli->arena, out->scope, info) != ERR_OK)
		return ERR_BAD_REQUEST;
	return ids != NULL ? read_tracks(&cli->arena, ids, out, info) : ERR_OK;
}
