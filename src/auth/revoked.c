/* SPDX-License-Identifier: MIT */
#include "auth/revoked.h"

#include "model/revocation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct entry {
	enum revocation_kind kind;
	uint64_t tag;
	int64_t before;
};

struct revoked {
	struct db_pool *pool;
	const struct clock *clock;
	atomic_int_least64_t looked_ms; /* 0: never */
	pthread_mutex_t looking;        /* of version */
	int64_t version;                /* of the database when it was read; -1: not known */
	pthread_rwlock_t lock;          /* of what follows */
	struct entry *entries;          /* sorted; heap */
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	return (one->tag > other->tag) - (one->tag < other->tag);
}

enum err revoked_open(struct db_pool *pool, const struct clock *clock, struct revoked **out, struct err_info *info)
{
	struct revoked *revoked = calloc(1, sizeof *revoked);

	if (revoked == NULL)
		abort();
	*out = NULL;
	revoked->pool = pool;
	revoked->clock = clock;
	revoked->version = -1;
	if (pthread_mutex_init(&revoked->looking, NULL) != 0 || pthread_rwlock_init(&revoked->lock, NULL) != 0) {
		free(revoked);
		return err_set(info, ERR_INTERNAL, "cannot make a lock");
	}
	*out = revoked;
	return ERR_OK;
}

void revoked_close(struct revoked *revoked)
{
	if (revoked == NULL)
		return;
	pthread_rwlock_destroy(&revoked->lock);
	pthread_mutex_destroy(&revoked->looking);
	free(revoked->entries);
	free(revoked);
}

static void take_over(struct revoked *revoked, const struct revocation *list, size_t count)
{
	struct entry *entries = calloc(count + 1, sizeof *entries), *old;

	if (entries == NULL)
		abort();
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){list[i].kind, origin_tag(list[i].value), list[i].before};
	qsort(entries, count, sizeof *entries, compare);
	pthread_rwlock_wrlock(&revoked->lock);
	old = revoked->entries;
	revoked->entries = entries;
	revoked->count = count;
	pthread_rwlock_unlock(&revoked->lock);
	free(old);
}

static enum err read_all(struct revoked *revoked, struct err_info *info)
{
	struct arena arena = {0};
	struct revocation *list;
	struct db *db;
	size_t count;
	enum err err = db_pool_take(revoked->pool, &db, info);

	if (err != ERR_OK)
		return err;
	err = revocation_list(db, clock_seconds(revoked->clock), &arena, &list, &count, info);
	db_pool_give(revoked->pool, db);
	if (err == ERR_OK)
		take_over(revoked, list, count);
	arena_free(&arena);
	return err;
}

static bool is_fresh(struct revoked *revoked, int64_t now_ms)
{
	int64_t looked = atomic_load(&revoked->looked_ms);

	/* The clock may have been set back. */
	return looked != 0 && now_ms >= looked && now_ms - looked < REVOKED_LOOK_MS;
}

/*
 * The version is asked for before the rows: a change in between is seen the next time. The first look needs none; and
 * while the database is locked nobody can tell it, but who reads waits until it is not.
 */
static enum err look(struct revoked *revoked, int64_t now_ms, struct err_info *info)
{
	int64_t version = -1;
	enum err err = ERR_OK;

	if (atomic_load(&revoked->looked_ms) != 0)
		err = db_pool_version(revoked->pool, &version, info);
	if (err == ERR_BUSY)
		err = err_clear(info);
	if (err == ERR_OK && (version == -1 || version != revoked->version))
		err = read_all(revoked, info);
	if (err != ERR_OK)
		return err;
	revoked->version = version;
	atomic_store(&revoked->looked_ms, now_ms);
	return ERR_OK;
}

static enum err renew(struct revoked *revoked, struct err_info *info)
{
	int64_t now_ms = clock_ms(revoked->clock);
	enum err err = ERR_OK;

	if (is_fresh(revoked, now_ms))
		return ERR_OK;
	pthread_mutex_lock(&revoked->looking);
	if (!is_fresh(revoked, now_ms))
		err = look(revoked, now_ms, info);
	pthread_mutex_unlock(&revoked->looking);
	return err;
}

static bool is_in(const struct revoked *revoked, enum revocation_kind kind, uint64_t tag, int64_t issued)
{
	const struct entry key = {.kind = kind, .tag = tag};
	const struct entry *found = bsearch(&key, revoked->entries, revoked->count, sizeof key, compare);

	return found != NULL && issued <= found->before;
}

enum err revoked_check(struct revoked *revoked, const struct origin *origin, const char *track, struct err_info *info)
{
	bool hit = false;
	enum err err;

	if (revoked == NULL)
		return ERR_OK;
	err = renew(revoked, info);
	if (err != ERR_OK)
		return err;
	pthread_rwlock_rdlock(&revoked->lock);
	if (revoked->count > 0)
		hit = is_in(revoked, REVOKE_ALL, 0, origin->issued) ||
		      (origin->token != 0 && is_in(revoked, REVOKE_TOKEN, origin->token, 0)) || /* whenever its issuer's clock says */
		      (origin->subject != 0 && is_in(revoked, REVOKE_SUBJECT, origin->subject, origin->issued)) ||
		      (track[0] != '\0' && is_in(revoked, REVOKE_TRACK, origin_tag(track), origin->issued));
	pthread_rwlock_unlock(&revoked->lock);
	return hit ? err_set_why(info, ERR_UNAUTHORIZED, "revoked", "the credential has been revoked") : ERR_OK;
}
