/* SPDX-License-Identifier: MIT */
/*
 * Caches in front (cdn.purge) forget what a track was: when it is made anew, removed, or may be heard by others than
 * before.
 *
 *     change of a track ──purge_order()──► rows of model/purge.h, a job "purge" for each cache ──► storage/purge.h
 */
#ifndef TONEARM_STORAGE_PURGE_ORDER_H
#define TONEARM_STORAGE_PURGE_ORDER_H

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "db/db.h"

#define PURGE_KIND "purge"

/*
 * Within the caller's transaction, while the renditions of TRACK are still there. Does nothing without caches; tracks
 * share a job that has not begun, and a cache that is away keeps no other waiting. The caller wakes the jobrunners
 * afterwards. Database errors.
 */
enum err purge_order(const struct conf *conf, struct db *db, const struct clock *clock, const char *track,
	struct arena *arena, struct err_info *info);

/* The cache that the PAYLOAD of a job names; NULL in *OUT when it is not configured any more. ERR_UNPROCESSABLE. */
enum err purge_target(
	const struct conf *conf, const char *payload, const struct conf_purge **out, struct err_info *info);

#endif
