/* SPDX-License-Identifier: MIT */
#include "cli/playcheck.h"

#include "base/arena.h"
#include "cli/fetch.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A playlist of 48 hours at 1 s a segment is about 12 MB; a player that is no browser gives up long before. */
enum { TEXT_MOST = 16 << 20, HEAD_BYTES = 12, TIMEOUT_MS = 30000 };

/* Encoder delay stands at the start of the first segment, and players round: what is beyond this is missing sound. */
static const double tolerance_s = 0.1;

struct check {
	struct fetch *fetch;
	struct arena *arena;
	struct playcheck *result;
	struct err_info *info;
};

static enum err complain(const struct check *check, const char *url, const char *what)
{
	return err_set(check->info, ERR_UNPROCESSABLE, "%s: %s", url, what);
}

/* The text behind URL, in the arena. */
static enum err get_text(const struct check *check, const char *url, char **text)
{
	struct fetch_answer answer = {0};
	struct err_info reason = {0};
	enum err err;

	buf_init(&answer.body, TEXT_MOST);
	err = fetch_get(check->fetch, url, NULL, TIMEOUT_MS, &answer, &reason);
	if (err != ERR_OK)
		err = err_set(check->info, err, "%s: %s", url, reason.detail);
	else if (answer.status != 200)
		err = err_set(check->info, ERR_UNPROCESSABLE, "%s answered %ld", url, answer.status);
	else
		*text = arena_memdup(check->arena, buf_text(&answer.body), answer.body.length);
	buf_free(&answer.body);
	return err;
}

/*
 * Fetches RANGE of URL (all of it when its length is 0) and looks whether it starts with one of the boxes BOX and
 * OTHER.
 */
static enum err get_media(
	const struct check *check, const char *url, struct fetch_range range, const char *box, const char *other)
{
	struct fetch_answer answer = {0};
	struct err_info reason = {0};
	enum err err;

	buf_init(&answer.body, HEAD_BYTES);
	err = fetch_get(check->fetch, url, &range, TIMEOUT_MS, &answer, &reason);
	if (err != ERR_OK)
		err = err_set(check->info, err, "%s: %s", url, reason.detail);
	else if (answer.status != (range.length > 0 ? 206 : 200))
		err = err_set(check->info, ERR_UNPROCESSABLE,
			"%s answered %ld to a request for bytes %" PRIu64 " and on", url, answer.status, range.first);
	else if (range.length > 0 && answer.bytes != range.length)
		err = err_set(check->info, ERR_UNPROCESSABLE,
			"%s sent %" PRIu64 " bytes where %" PRIu64 " were asked for", url, answer.bytes, range.length);
	else if (answer.body.length < HEAD_BYTES ||
		 (memcmp(answer.body.data + 4, box, 4) != 0 && memcmp(answer.body.data + 4, other, 4) != 0))
		err = err_set(
			check->info, ERR_UNPROCESSABLE, "%s: no %s box stands at byte %" PRIu64, url, box, range.first);
	check->result->bytes += answer.bytes;
	buf_free(&answer.body);
	return err;
}

/*
 * "LENGTH@FIRST" as HLS writes it (RFC 8216 section 4.3.2.2); without "@FIRST" the range goes on where the last ended.
 */
static struct fetch_range read_byterange(const char *text, uint64_t next)
{
	char *end;
	struct fetch_range range = {.length = strtoull(text, &end, 10), .first = next};

	if (*end == '@')
		range.first = strtoull(end + 1, NULL, 10);
	return range;
}

/* The value of NAME="..." in TEXT, in the arena; NULL when it is not there. */
static char *quoted(const struct check *check, const char *text, const char *name)
{
	const char *at = text;
	size_t length = strlen(name);

	while ((at = strstr(at, name)) != NULL) {
		bool whole = at == text || strchr(":, \t\n<", at[-1]) != NULL;

		at += length;
		if (whole && at[0] == '=' && at[1] == '"')
			return arena_memdup(check->arena, at + 2, strcspn(at + 2, "\""));
	}
	return NULL;
}

static enum err check_map(const struct check *check, const char *url, const char *line)
{
	const char *name = quoted(check, line, "URI");
	const char *span = quoted(check, line, "BYTERANGE");
	const char *target;
	enum err err;

	if (name == NULL)
		return complain(check, url, "its EXT-X-MAP has no URI");
	err = fetch_resolve(url, name, check->arena, &target, check->info);
	if (err != ERR_OK)
		return err;
	return get_media(
		check, target, span != NULL ? read_byterange(span, 0) : (struct fetch_range){0}, "ftyp", "ftyp");
}

/* Walks a media playlist; *SECONDS becomes the sum of its segments. */
static enum err check_playlist(const struct check *check, const char *url, double *seconds)
{
	struct fetch_range range = {0};
	char *text, *line, *save = NULL;
	bool ended = false;
	enum err err = get_text(check, url, &text);

	*seconds = 0;
	for (line = err == ERR_OK ? strtok_r(text, "\r\n", &save) : NULL; err == ERR_OK && line != NULL;
		line = strtok_r(NULL, "\r\n", &save)) {
		const char *target;

		if (strncmp(line, "#EXT-X-MAP:", 11) == 0)
			err = check_map(check, url, line);
		else if (strncmp(line, "#EXTINF:", 8) == 0)
			*seconds += strtod(line + 8, NULL);
		else if (strncmp(line, "#EXT-X-BYTERANGE:", 17) == 0)
			range = read_byterange(line + 17, range.first + range.length);
		else if (strcmp(line, "#EXT-X-ENDLIST") == 0)
			ended = true;
		else if (*line != '#') {
			err = fetch_resolve(url, line, check->arena, &target, check->info);
			if (err == ERR_OK)
				err = get_media(check, target, range, "moof", "styp");
			check->result->segments++;
		}
	}
	if (err == ERR_OK && !ended)
		err = complain(check, url, "it does not end");
	return err;
}

static enum err check_hls(const struct check *check, const char *master, double duration)
{
	char *text, *line, *save = NULL;
	enum err err = get_text(check, master, &text);

	if (err == ERR_OK && strncmp(text, "#EXTM3U", 7) != 0)
		err = complain(check, master, "it is no playlist");
	for (line = err == ERR_OK ? strtok_r(text, "\r\n", &save) : NULL; err == ERR_OK && line != NULL;
		line = strtok_r(NULL, "\r\n", &save)) {
		const char *playlist;
		double seconds;

		if (*line == '#')
			continue;
		err = fetch_resolve(master, line, check->arena, &playlist, check->info);
		if (err == ERR_OK)
			err = check_playlist(check, playlist, &seconds);
		if (err == ERR_OK && fabs(seconds - duration) > tolerance_s)
			err = err_set(check->info, ERR_UNPROCESSABLE, "%s lasts %.3f s, the track %.3f s", playlist,
				seconds, duration);
		check->result->renditions++;
	}
	if (err == ERR_OK && check->result->renditions == 0)
		err = complain(check, master, "it names no rendition");
	return err;
}

/* "FIRST-LAST" as DASH writes it (ISO/IEC 23009-1 section 5.3.9.2). */
static struct fetch_range read_span(const char *text)
{
	char *end;
	struct fetch_range range = {.first = strtoull(text, &end, 10)};

	if (*end == '-')
		range.length = strtoull(end + 1, NULL, 10) - range.first + 1;
	return range;
}

static enum err check_representation(const struct check *check, const char *mpd, char *text)
{
	char *open = strstr(text, "<BaseURL>"), *close = strstr(text, "</BaseURL>");
	const char *index = quoted(check, text, "indexRange"), *init = quoted(check, text, "range");
	const char *target;
	enum err err;

	if (open == NULL || close == NULL || index == NULL || init == NULL)
		return complain(check, mpd, "a Representation has no BaseURL, indexRange or Initialization");
	*close = '\0';
	for (char *entity; (entity = strstr(open, "&amp;")) != NULL;)
		memmove(entity + 1, entity + 5, strlen(entity + 5) + 1);
	err = fetch_resolve(mpd, open + strlen("<BaseURL>"), check->arena, &target, check->info);
	if (err == ERR_OK)
		err = get_media(check, target, read_span(init), "ftyp", "ftyp");
	if (err == ERR_OK)
		err = get_media(check, target, read_span(index), "sidx", "sidx");
	check->result->representations++;
	return err;
}

static enum err check_dash(const struct check *check, const char *mpd)
{
	char *text;
	enum err err = get_text(check, mpd, &text);
	char *at = err == ERR_OK ? strstr(text, "<Representation ") : NULL;

	while (err == ERR_OK && at != NULL) {
		char *end = strstr(at, "</Representation>");

		if (end == NULL)
			return complain(check, mpd, "a Representation does not end");
		*end = '\0';
		err = check_representation(check, mpd, at);
		at = strstr(end + 1, "<Representation ");
	}
	if (err == ERR_OK && check->result->representations != check->result->renditions)
		err = complain(check, mpd, "it has not the renditions that HLS has");
	return err;
}

enum err playcheck_track(
	const char *base, const char *track, int64_t duration_ms, struct playcheck *result, struct err_info *info)
{
	struct arena arena = {0};
	struct check check = {.arena = &arena, .result = result, .info = info};
	enum err err = fetch_open(&check.fetch, info);

	*result = (struct playcheck){0};
	if (err == ERR_OK)
		err = check_hls(
			&check, arena_printf(&arena, "%s/hls/%s/master.m3u8", base, track), (double)duration_ms / 1000);
	if (err == ERR_OK)
		err = check_dash(&check, arena_printf(&arena, "%s/dash/%s/manifest.mpd", base, track));
	fetch_close(check.fetch);
	arena_free(&arena);
	return err;
}
