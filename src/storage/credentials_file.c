/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "storage/credentials_place.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MOST = 1 << 20 };

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The file to read; NULL when there is none to look for. */
static const char *file_path(const struct credentials_places *places, struct arena *arena)
{
	const char *path = places->file != NULL ? places->file : environment("AWS_SHARED_CREDENTIALS_FILE");
	const char *home = environment("HOME");

	if (path == NULL && home != NULL)
		path = arena_printf(arena, "%s/.aws/credentials", home);
	return path;
}

/* TEXT without space at its ends, cut in place. */
static char *stripped(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

struct keys {
	const char *access_key, *secret_key, *session_token;
};

static void take_setting(struct keys *keys, char *line)
{
	char *value = strchr(line, '='), *name;

	if (value == NULL)
		return;
	*value++ = '\0';
	name = stripped(line);
	value = stripped(value);
	if (strcmp(name, "aws_access_key_id") == 0)
		keys->access_key = value;
	else if (strcmp(name, "aws_secret_access_key") == 0)
		keys->secret_key = value;
	else if (strcmp(name, "aws_session_token") == 0)
		keys->session_token = value;
}

/* Reads the section PROFILE of TEXT, which is cut into lines. */
static struct keys read_profile(char *text, const char *profile)
{
	struct keys keys = {0};
	bool inside = false;
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t length;

		line = stripped(line);
		length = strlen(line);
		if (line[0] == '[' && line[length - 1] == ']') {
			line[length - 1] = '\0';
			inside = strcmp(stripped(line + 1), profile) == 0;
		} else if (inside && line[0] != '#' && line[0] != ';') {
			take_setting(&keys, line);
		}
	}
	return keys;
}

/* Keys in a file that others may read are no secret. */
static enum err check_mode(const char *path, struct err_info *info)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 0077) != 0)
		return err_set(info, ERR_FORBIDDEN, "others may read %s: chmod 600 mends it", path);
	return ERR_OK;
}

enum err credentials_find_in_file(
	const struct credentials_places *places, struct credentials_found *found, struct err_info *info)
{
	const char *profile = places->profile != NULL ? places->profile : environment("AWS_PROFILE");
	struct arena arena = {0};
	struct keys keys;
	size_t length = 0;
	char *text = NULL;
	const char *path = file_path(places, &arena);
	enum err err;

	if (profile == NULL)
		profile = "default";
	err = path == NULL ? ERR_NOT_FOUND : fs_read_file(path, FILE_MOST, &text, &length, info);
	if (err != ERR_OK)
		goto out;
	if ((err = check_mode(path, info)) != ERR_OK)
		goto out;
	keys = read_profile(text, profile);
	if (keys.access_key == NULL && keys.secret_key == NULL)
		err = ERR_NOT_FOUND;
	else if (keys.access_key == NULL || keys.secret_key == NULL)
		err = err_set(info, ERR_UNPROCESSABLE, "%s has only one half of the keys of profile %s", path, profile);
	else
		credentials_found_set(found, keys.access_key, keys.secret_key, keys.session_token);
	found->expires_s = INT64_MAX;
out:
	if (text != NULL)
		OPENSSL_cleanse(text, length);
	free(text);
	arena_free(&arena);
	return err;
}
