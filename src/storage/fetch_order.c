/* SPDX-License-Identifier: MIT */
#include "storage/fetch_order.h"

#include "base/hash.h"
#include "base/id.h"
#include "base/json.h"
#include "storage/source_url.h"

#include <stdlib.h>
#include <string.h>

static void put_text(json_t *object, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(object, name, json_string(value));
}

char *fetch_order_encode(const struct fetch_order *order, struct arena *arena)
{
	json_t *object = json_object(), *etags = json_array();
	char *text, *out;

	put_text(object, "track", order->track);
	put_text(object, "source", order->source);
	put_text(object, "upload", order->upload);
	put_text(object, "sha256", order->sha256);
	if (order->upload != NULL) {
		json_object_set_new(object, "size", json_integer(order->size));
		json_object_set_new(object, "part_size", json_integer(order->part_size));
	}
	for (size_t i = 0; i < order->etag_count; i++)
		json_array_append_new(etags, json_string(order->etags[i]));
	if (order->etag_count > 0)
		json_object_set(object, "etags", etags);
	json_decref(etags);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (text == NULL)
		abort();
	out = arena_strdup(arena, text);
	free(text);
	return out;
}

static enum err read_etags(const json_t *list, struct arena *arena, struct fetch_order *out, struct err_info *info)
{
	size_t count = json_array_size(list);
	const char **etags = arena_array(arena, count, sizeof *etags);

	for (size_t i = 0; i < count; i++) {
		etags[i] = arena_strdup(arena, json_string_value(json_array_get(list, i)));
		if (etags[i] == NULL)
			return err_set(info, ERR_UNPROCESSABLE, "\"etags\" must hold texts");
	}
	out->etags = etags;
	out->etag_count = count;
	return ERR_OK;
}

static enum err read_order(const json_t *object, struct arena *arena, struct fetch_order *out, struct err_info *info)
{
	enum err err = json_read_text(object, "track", ID_LENGTH, &out->track, info);

	if (err == ERR_OK)
		err = json_read_text(object, "source", SOURCE_URL_MOST, &out->source, info);
	if (err == ERR_OK)
		err = json_read_text(object, "upload", ID_LENGTH, &out->upload, info);
	if (err == ERR_OK)
		err = json_read_text(object, "sha256", HASH_HEX_SIZE - 1, &out->sha256, info);
	if (err == ERR_OK)
		err = json_read_whole(object, "size", 1, INT64_MAX, &out->size, info);
	if (err == ERR_OK)
		err = json_read_whole(object, "part_size", 1, INT64_MAX, &out->part_size, info);
	if (err == ERR_OK)
		err = read_etags(json_object_get(object, "etags"), arena, out, info);
	return err;
}

static bool is_whole(const struct fetch_order *order)
{
	if (order->track == NULL || !id_valid(order->track) || (order->source == NULL) == (order->upload == NULL))
		return false;
	return order->upload == NULL || (id_valid(order->upload) && order->size > 0 && order->part_size > 0);
}

enum err fetch_order_decode(const char *payload, struct arena *arena, struct fetch_order *out, struct err_info *info)
{
	json_t *object;
	enum err err = json_read_object(payload, strlen(payload), &object, info);

	*out = (struct fetch_order){0};
	if (err != ERR_OK)
		return err_set(info, ERR_UNPROCESSABLE, "the job's payload is not a JSON object");
	err = read_order(object, arena, out, info);
	if (err == ERR_OK && !is_whole(out))
		err = err_set(info, ERR_UNPROCESSABLE, "the job says not what to fetch for which track");
	out->track = arena_strdup(arena, out->track);
	out->source = arena_strdup(arena, out->source);
	out->upload = arena_strdup(arena, out->upload);
	out->sha256 = arena_strdup(arena, out->sha256);
	json_decref(object);
	return err;
}
