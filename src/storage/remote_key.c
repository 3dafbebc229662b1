/* SPDX-License-Identifier: MIT */
#include "storage/remote_key.h"

const char *remote_store(const struct conf *conf, struct arena *arena)
{
	if (conf->store_endpoint[0] == '\0' || conf->store_bucket[0] == '\0')
		return NULL;
	return arena_printf(arena, "%s/%s", conf->store_endpoint, conf->store_bucket);
}

const char *remote_key(const struct conf *conf, const struct stored *stored, struct arena *arena)
{
	if (stored->what == STORED_SOURCE)
		return arena_printf(arena, "%ssource/%s", conf->store_prefix, stored->file);
	return arena_printf(arena, "%smedia/%s/%s", conf->store_prefix, stored->track, stored->file);
}
