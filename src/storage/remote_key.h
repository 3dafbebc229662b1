/* SPDX-License-Identifier: MIT */
/*
 * The names of things in the object store of the configuration. Without network, so that responders can use it.
 */
#ifndef TONEARM_STORAGE_REMOTE_KEY_H
#define TONEARM_STORAGE_REMOTE_KEY_H

#include "base/arena.h"
#include "conf/conf.h"
#include "model/stored.h"

/* By what the store is known in the database, "<endpoint>/<bucket>" in ARENA; NULL when none is configured. */
const char *remote_store(const struct conf *conf, struct arena *arena);

/*
 * The key of STORED, in ARENA: "<prefix>media/<track>/<file>" of a rendition or an extra, "<prefix>source/<file>" of a
 * source.
 */
const char *remote_key(const struct conf *conf, const struct stored *stored, struct arena *arena);

#endif
