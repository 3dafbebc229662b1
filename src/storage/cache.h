/* SPDX-License-Identifier: MIT */
/*
 * The files of the library that are here only because somebody asked for them: the object store has them too, so they
 * may go when room is needed. What is in the cache stands at its usual place, <data>/media/<track>/<file>, and is
 * delivered from there as any other file. <data>/cache is all the book-keeping there is, one more link to each file:
 *
 *     cache_claim(): room is made, the size reserved ──► <data>/cache/<track>.<size>.<file> grows by cache_append()
 *                                         ──► cache_finish(): SHA-256 is right ──► linked to its place
 *     cache_adopt(): a file made here gets its second link
 *     cache_hold(), at each delivery: the time it was used last, and a lock while it is used
 *
 * The name has the size that is reserved, the inode the rest: its access time is that of the last use, locks on its
 * first two bytes (F_OFD_SETLK, so that the kernel ends them with their process) say that it is being fetched, and that
 * it is being read. So nothing has to be kept in step with anything, a process may die at any point, and starting costs
 * nothing. What a fetcher that died has left is no file of the library; who comes next goes on where it ends.
 *
 * The least recently used file goes first, never one that is being fetched or read here, nor one that was used in the
 * last CACHE_FRESH_MS. That is for web servers that are handed a path: they open it within moments, and from then on
 * its bytes last as long as they need them. A file is unlinked only, never cut: nobody ever reads other bytes.
 *
 * Between processes all of this is guarded by one lock, held while the folder is looked through. Thread-safe.
 */
#ifndef TONEARM_STORAGE_CACHE_H
#define TONEARM_STORAGE_CACHE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CACHE_FRESH_MS = 10000 };

struct cache {
	const char *folder, *media; /* <data>/cache and <data>/media */
	uint64_t most;              /* bytes; 0: there is no cache */
	int64_t floor;              /* bytes that stay free on the disk */
	const struct clock *clock;
};

/* A file: its track and its name, which are ours, and its size. Borrowed. */
struct cache_file {
	const char *track, *file;
	uint64_t size; /* bytes */
};

/* What was removed to make room, and what is in the cache now, in bytes, with what is reserved. */
struct cache_room {
	size_t evicted;
	uint64_t total;
};

/* The cache of CONF (storage.cache_size), its paths in ARENA. Touches no disk. CLOCK may be NULL. */
void cache_init(struct cache *cache, const struct conf *conf, const struct clock *clock, struct arena *arena);

enum cache_turn {
	CACHE_MINE,   /* it is the caller's to fetch, whom the descriptor belongs to */
	CACHE_THEIRS, /* somebody fetches it */
	CACHE_THERE   /* it is at its place */
};

/*
 * Whose turn it is to fetch FILE. When it is the caller's, its room is reserved and *FD has what came before, from its
 * first byte on (see cache_have()), until cache_leave(). ERR_NO_SPACE when it does not fit
 * beside what cannot go, ERR_BUSY when the folder stays locked, ERR_IO. *FD is -1 unless it is CACHE_MINE.
 */
enum err cache_claim(struct cache *cache, const struct cache_file *file, enum cache_turn *turn, int *fd,
	struct cache_room *room, struct err_info *info);

/* How much of it is there; all but the last is not proven yet. ERR_IO. */
enum err cache_have(int fd, uint64_t *have, struct err_info *info);

/* LENGTH more bytes of FILE. ERR_UNPROCESSABLE past its size, ERR_NO_SPACE, ERR_IO. */
enum err cache_append(int fd, const struct cache_file *file, const void *bytes, size_t length, struct err_info *info);

/*
 * All of FILE has come to FD: when its SHA-256 is ETAG, in hex, it is put at its place with MODIFIED as its time.
 * ERR_UNPROCESSABLE when it is something else, and removed; ERR_CONFLICT when another file has its place by now.
 */
enum err cache_finish(struct cache *cache, const struct cache_file *file, int fd, const char *etag, int64_t modified,
	struct err_info *info);

/* Takes FILE, which was claimed, out of the cache, and from its place unless another one stands there. */
void cache_remove(struct cache *cache, const struct cache_file *file);

/* Gives the turn and FD back, whatever has come; when that is nothing, the room too. */
void cache_leave(struct cache *cache, const struct cache_file *file, int fd);

/*
 * FILE, which stands at its place and which a store has too, belongs to the cache from now on. ERR_NO_SPACE when there
 * is no room for it: it stays what it was. ERR_NOT_FOUND, ERR_BUSY, ERR_IO.
 */
enum err cache_adopt(
	struct cache *cache, const struct cache_file *file, struct cache_room *room, struct err_info *info);

/*
 * FILE, which stands at its place and which a store has too, goes, with or without room in the cache. ERR_BUSY while it
 * is used, or may be, as nobody has watched it until now: ask again after CACHE_FRESH_MS. ERR_NOT_FOUND, ERR_IO.
 */
enum err cache_drop(const struct cache *cache, const struct cache_file *file, struct err_info *info);

/* FILE stays at its place and is not the cache's any more: no store may have it. */
void cache_disown(const struct cache *cache, const struct cache_file *file);

/* What the cache has of TRACK, which is gone, goes too. */
void cache_forget(const struct cache *cache, const char *track);

/*
 * The file at PATH is to be delivered. *CACHED tells whether it is in the cache; then *FD, to be closed, keeps it
 * there. ERR_NOT_FOUND, ERR_IO; *FD is then -1.
 */
enum err cache_hold(const struct cache *cache, const char *path, int *fd, bool *cached, struct err_info *info);

enum cache_flow {
	CACHE_FLOWS, /* more may come */
	CACHE_WHOLE, /* it is proven and at its place */
	CACHE_ENDED  /* who fetched it is gone, or it was something else */
};

/* What has come of FILE, whole or not, to be read by position and to be closed. ERR_NOT_FOUND, ERR_IO. */
enum err cache_follow(const struct cache *cache, const struct cache_file *file, int *fd, struct err_info *info);

/*
 * How many bytes of FD, as cache_follow() gave it, may be read now. Its last byte is kept back until all are proven, so
 * that nobody takes a wrong file for whole.
 */
enum cache_flow cache_look(const struct cache *cache, const struct cache_file *file, int fd, uint64_t *have);

#endif
