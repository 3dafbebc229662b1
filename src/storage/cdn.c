/* SPDX-License-Identifier: MIT */
#include "storage/cdn.h"

#include "storage/cdn_scheme.h"
#include "storage/continent.h"
#include "storage/key_file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct cdn {
	struct cdn_edge *edges;
	size_t count;
	struct conf_edge elsewhere; /* http.redirect_url as an edge */
};

static bool is_scheme(const struct cdn_edge *edge, const char *scheme)
{
	return strcmp(edge->conf->scheme, scheme) == 0;
}

static bool is_cloudfront(const struct cdn_edge *edge)
{
	return is_scheme(edge, "cloudfront") || is_scheme(edge, "cloudfront-cookies");
}

static bool has_key(const struct cdn_edge *edge)
{
	return !is_scheme(edge, "none") && !is_scheme(edge, "grant");
}

static enum err open_edge(struct cdn_edge *edge, struct err_info *info)
{
	char *text = NULL;
	size_t length = 0;
	enum err err;

	if (!has_key(edge))
		return ERR_OK;
	err = key_file_read("edge", edge->conf->name, edge->conf->key_file, &text, &length, info);
	if (err == ERR_OK)
		err = is_cloudfront(edge) ? cdn_cloudfront_set_up(edge, text, info) : cdn_token_set_up(edge, text, info);
	if (text != NULL)
		OPENSSL_cleanse(text, length);
	free(text);
	return err;
}

enum err cdn_open(const struct conf *conf, struct cdn **out, struct err_info *info)
{
	bool elsewhere = conf->edge_count == 0 && conf->redirect_url[0] != '\0';
	struct cdn *cdn = calloc(1, sizeof *cdn);
	enum err err = ERR_OK;

	*out = NULL;
	if (cdn == NULL)
		abort();
	cdn->elsewhere = (struct conf_edge){.name = "redirect_url",
		.url = conf->redirect_url,
		.countries = "",
		.continents = "",
		.scheme = "grant"};
	cdn->edges = calloc(conf->edge_count + 1, sizeof *cdn->edges);
	if (cdn->edges == NULL)
		abort();
	cdn->count = elsewhere ? 1 : conf->edge_count;
	for (size_t i = 0; i < cdn->count; i++)
		cdn->edges[i].conf = elsewhere ? &cdn->elsewhere : &conf->edges[i];
	for (size_t i = 0; err == ERR_OK && i < cdn->count; i++)
		err = open_edge(&cdn->edges[i], info);
	if (err == ERR_OK)
		*out = cdn;
	else
		cdn_close(cdn);
	return err;
}

void cdn_close(struct cdn *cdn)
{
	if (cdn == NULL)
		return;
	for (size_t i = 0; i < cdn->count; i++) {
		EVP_PKEY_free(cdn->edges[i].pkey);
		if (cdn->edges[i].key != NULL)
			OPENSSL_cleanse(cdn->edges[i].key, cdn->edges[i].key_size);
		free(cdn->edges[i].key);
	}
	free(cdn->edges);
	free(cdn);
}

bool cdn_has_edges(const struct cdn *cdn)
{
	return cdn->count > 0;
}

/* Whether CODE of two letters stands in LIST, which separates them by spaces or commas. */
static bool names(const char *list, const char *code)
{
	static const char apart[] = " ,";

	for (list += strspn(list, apart); *list != '\0'; list += strspn(list, apart)) {
		size_t length = strcspn(list, apart);

		if (length == 2 && strncmp(list, code, 2) == 0)
			return true;
		list += length;
	}
	return false;
}

static const struct cdn_edge *find_edge(const struct cdn *cdn, const char *country)
{
	const char *continent = country != NULL ? continent_of(country) : "";
	const struct cdn_edge *near = NULL, *any = NULL;

	for (size_t i = 0; i < cdn->count; i++) {
		const struct cdn_edge *edge = &cdn->edges[i];

		if (country != NULL && *country != '\0' && names(edge->conf->countries, country))
			return edge;
		if (near == NULL && *continent != '\0' && names(edge->conf->continents, continent))
			near = edge;
		if (any == NULL && edge->conf->countries[0] == '\0' && edge->conf->continents[0] == '\0')
			any = edge;
	}
	if (near != NULL)
		return near;
	return any != NULL ? any : &cdn->edges[0];
}

static struct cdn_place find_place(const struct cdn_edge *edge, const struct cdn_want *want, struct arena *arena)
{
	struct cdn_place place = {
		.url = arena_printf(arena, "%s/media/%s/%s", edge->conf->url, want->track, want->file)};

	place.path = strchr(strstr(place.url, "//") + 2, '/');
	place.directory = arena_memdup(arena, place.path, (size_t)(strrchr(place.path, '/') + 1 - place.path));
	return place;
}

enum err cdn_link(const struct cdn *cdn, const struct cdn_want *want, struct arena *arena, struct cdn_link *out,
	struct err_info *info)
{
	const struct cdn_edge *edge;
	struct cdn_place place;
	const char *query = "";
	enum err err = ERR_OK;

	*out = (struct cdn_link){0};
	if (cdn->count == 0)
		return err_set(info, ERR_NOT_FOUND, "there are no edges");
	edge = find_edge(cdn, want->country);
	place = find_place(edge, want, arena);
	out->edge = edge->conf->name;
	if (is_cloudfront(edge))
		return cdn_cloudfront_sign(
			edge, &place, want, is_scheme(edge, "cloudfront-cookies"), arena, out, info);
	if (is_scheme(edge, "grant"))
		query = want->grant;
	else if (has_key(edge))
		err = cdn_token_sign(edge, &place, want, arena, &query, info);
	if (err == ERR_OK)
		out->url = arena_printf(arena, "%s%s%s", place.url, *query != '\0' ? "?" : "", query);
	return err;
}
