/* SPDX-License-Identifier: MIT */
#include "fcgi/api.h"

#include "base/id.h"
#include "base/json.h"
#include "base/slot.h"
#include "base/text.h"
#include "conf/geo_rule.h"
#include "http/url.h"

#include <string.h>
#include <strings.h>

enum { PAGE_USUAL = 50 };

static bool is_json(const char *type)
{
	size_t length = strcspn(type, "; \t");

	return (length == 16 && strncasecmp(type, "application/json", length) == 0) ||
	       (length == 28 && strncasecmp(type, "application/merge-patch+json", length) == 0);
}

bool api_claims(struct request *request, struct response *response, const char *scope, struct jwt_claims *claims)
{
	struct err_info info;

	if (access_scope(&responder_of(request)->access, request, scope, claims, &info) == ERR_OK)
		return true;
	response_error(response, &info);
	return false;
}

struct db *api_open(struct request *request, struct response *response, const char *scope, struct jwt_claims *claims)
{
	return api_claims(request, response, scope, claims) ? responder_db(request, response) : NULL;
}

/* What one process takes in at a time, so that the rest of its threads is there for everybody else. */
static int64_t most_bodies(const struct conf *conf)
{
	return conf->http_threads >= 16 ? conf->http_threads / 8 : 1;
}

static int64_t most_uploads(const struct conf *conf)
{
	int64_t spare = conf->http_threads / 2 - most_bodies(conf) - 1;

	return spare > 1 ? spare : 1;
}

enum err api_upload_begin(const struct request *request, int *slot, struct err_info *info)
{
	struct responder *responder = responder_of(request);
	const struct conf *conf = responder->conf;
	enum err err;

	*slot = -1;
	if (atomic_fetch_add(&responder->uploads, 1) < most_uploads(conf))
		err = slot_take(conf_run_path(conf, request->arena, "uploads"), conf->uploads, slot, info);
	else
		err = err_set(info, ERR_BUSY, "this process takes in as many uploads as it may");
	if (err != ERR_OK)
		atomic_fetch_sub(&responder->uploads, 1);
	return err;
}

void api_upload_end(const struct request *request, int slot)
{
	if (slot < 0)
		return;
	slot_give(slot);
	atomic_fetch_sub(&responder_of(request)->uploads, 1);
}

enum err api_queue_check(struct responder *responder, struct err_info *info)
{
	struct db *db;
	enum err err = db_pool_take(responder->pool, &db, info);

	if (err != ERR_OK)
		return err;
	err = job_room(db, JOB_MEDIA, responder->conf->job_max_queued, info);
	db_pool_give(responder->pool, db);
	return err;
}

static enum err read_body(struct request *request, char **text, size_t *length, struct err_info *info)
{
	struct responder *responder = responder_of(request);
	enum err err;

	if (atomic_fetch_add(&responder->bodies, 1) < most_bodies(responder->conf))
		err = request_body(request, (size_t)responder->conf->body_size, text, length, info);
	else
		err = err_set(info, ERR_BUSY, "this process waits for as many bodies as it may");
	atomic_fetch_sub(&responder->bodies, 1);
	return err;
}

bool api_body(struct request *request, struct response *response, json_t **out)
{
	struct err_info info;
	size_t length;
	char *text;
	enum err err;

	if (is_json(request->content_type))
		err = read_body(request, &text, &length, &info);
	else
		err = err_set(&info, ERR_UNSUPPORTED, "the body must be application/json");
	if (err == ERR_OK)
		err = json_read_object(text, length, out, &info);
	if (err != ERR_OK)
		response_error(response, &info);
	return err == ERR_OK;
}

enum err api_page(struct request *request, size_t most, const char **after, size_t *limit, struct err_info *info)
{
	const char *wanted = request_query(request, "limit");
	uint64_t number = PAGE_USUAL;

	*after = request_query(request, "after");
	if (*after != NULL && !id_valid(*after))
		return err_set(info, ERR_UNPROCESSABLE, "`after` must be an id that a list gave as `next`");
	if (wanted != NULL && (!text_to_u64(wanted, most, &number) || number == 0))
		return err_set(info, ERR_UNPROCESSABLE, "`limit` must be a number from 1 to %zu", most);
	*limit = (size_t)number;
	return ERR_OK;
}

/*
 * The value of a parameter at TEXT, a token or a quoted string (RFC 9110 section 5.6.4), in ARENA; *END is behind it.
 */
static char *read_value(const char *text, struct arena *arena, const char **end)
{
	char *out = arena_strdup(arena, text), *put = out;

	if (*text != '"') {
		size_t length = strcspn(text, "; \t");

		out[length] = '\0';
		*end = text + length;
		return out;
	}
	for (text++; *text != '\0' && *text != '"'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		*put++ = *text;
	}
	*put = '\0';
	*end = *text == '"' ? text + 1 : text;
	return out;
}

/* RFC 8187: charset'language'percent-encoded; UTF-8 alone is asked of senders. NULL for anything else. */
static const char *read_extended(const char *value, struct arena *arena)
{
	const char *text;

	if (strncasecmp(value, "UTF-8'", 6) != 0)
		return NULL;
	text = strchr(value + 6, '\'');
	if (text == NULL || strpbrk(text + 1, "+&=") != NULL)
		return NULL;
	return url_query_value(arena_printf(arena, "n=%s", text + 1), "n", arena);
}

const char *api_disposition_name(const char *header, struct arena *arena)
{
	const char *plain = NULL, *extended = NULL;
	const char *at = header == NULL ? "" : header + strcspn(header, ";");

	while (*at == ';') {
		const char *name = at + 1 + strspn(at + 1, " \t");
		size_t length = strcspn(name, "=;");
		char *value;

		if (name[length] != '=') {
			at = name + length;
			continue;
		}
		value = read_value(name + length + 1, arena, &at);
		at += strcspn(at, ";");
		if (length == 8 && strncasecmp(name, "filename", length) == 0)
			plain = value;
		else if (length == 9 && strncasecmp(name, "filename*", length) == 0)
			extended = read_extended(value, arena);
	}
	return extended != NULL ? extended : plain;
}

enum err api_visibility(const char *word, enum track_visibility *out, struct err_info *info)
{
	if (word != NULL && track_visibility_parse(word, out) != ERR_OK)
		return err_set(info, ERR_UNPROCESSABLE, "\"visibility\" must be \"public\" or \"private\"");
	return ERR_OK;
}

enum err api_places(const char *text, struct arena *arena, const char **out, struct err_info *info)
{
	return text != NULL ? geo_rule_read(text, arena, out, info) : ERR_OK;
}
