/* SPDX-License-Identifier: MIT */
#include "db/db.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct db_pool {
	struct db_options options; /* with text of its own */
	pthread_mutex_t mutex;
	pthread_cond_t given; /* a connection came back, or room for one */
	size_t most, open;
	struct db **idle; /* a stack: the one used last is the warmest */
	size_t idle_count;
	pthread_mutex_t glancing;
	struct db *glance; /* of db_pool_glance(): it never writes, so that every change is somebody else's to it */
};

static char *copy(const char *text)
{
	char *made = strdup(text);

	if (made == NULL)
		abort();
	return made;
}

enum err db_pool_open(const struct db_options *options, size_t most, struct db_pool **out, struct err_info *info)
{
	struct db_pool *pool = calloc(1, sizeof *pool);
	pthread_condattr_t attributes;
	int failed;

	assert(most > 0);
	*out = NULL;
	if (pool == NULL || (pool->idle = calloc(most, sizeof(struct db *))) == NULL)
		abort();
	failed = pthread_mutex_init(&pool->mutex, NULL);
	if (failed == 0)
		failed = pthread_mutex_init(&pool->glancing, NULL);
	if (failed == 0)
		failed = pthread_condattr_init(&attributes);
	if (failed == 0) {
		failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
		if (failed == 0)
			failed = pthread_cond_init(&pool->given, &attributes);
		pthread_condattr_destroy(&attributes);
	}
	if (failed != 0) {
		free(pool->idle);
		free(pool);
		return err_set_errno(info, ERR_INTERNAL, failed, "cannot set up the pool of connections");
	}
	pool->options = *options;
	pool->options.path = copy(options->path);
	pool->options.journal_mode = copy(options->journal_mode);
	pool->most = most;
	*out = pool;
	return ERR_OK;
}

static struct timespec deadline_in(int ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}

/* Opening may wait for a lock: the pool is not held meanwhile. */
static enum err open_one(struct db_pool *pool, struct db **out, struct err_info *info)
{
	enum err err = db_open(&pool->options, 0, out, info);

	if (err != ERR_OK) {
		pthread_mutex_lock(&pool->mutex);
		pool->open--;
		pthread_cond_signal(&pool->given);
		pthread_mutex_unlock(&pool->mutex);
	}
	return err;
}

enum err db_pool_take(struct db_pool *pool, struct db **out, struct err_info *info)
{
	struct timespec deadline = deadline_in(pool->options.busy_ms);
	int waited = 0;

	*out = NULL;
	pthread_mutex_lock(&pool->mutex);
	while (pool->idle_count == 0 && pool->open == pool->most && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&pool->given, &pool->mutex, &deadline);
	if (pool->idle_count > 0) {
		*out = pool->idle[--pool->idle_count];
		pthread_mutex_unlock(&pool->mutex);
		return ERR_OK;
	}
	if (pool->open < pool->most) {
		pool->open++;
		pthread_mutex_unlock(&pool->mutex);
		return open_one(pool, out, info);
	}
	pthread_mutex_unlock(&pool->mutex);
	return err_set(info, ERR_BUSY, "all %zu connections to the database are in use", pool->most);
}

void db_pool_give(struct db_pool *pool, struct db *db)
{
	/* A borrower that failed halfway must not leave a lock or an old snapshot behind. */
	db_rollback(db);
	pthread_mutex_lock(&pool->mutex);
	pool->idle[pool->idle_count++] = db;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->mutex);
}

enum err db_pool_glance(struct db_pool *pool, struct db **out, struct err_info *info)
{
	struct db_options options = pool->options;
	enum err err = ERR_OK;

	options.busy_ms = 0;
	pthread_mutex_lock(&pool->glancing);
	if (pool->glance == NULL)
		err = db_open(&options, 0, &pool->glance, info);
	*out = pool->glance;
	if (err != ERR_OK)
		pthread_mutex_unlock(&pool->glancing);
	return err;
}

void db_pool_glanced(struct db_pool *pool)
{
	db_rollback(pool->glance);
	pthread_mutex_unlock(&pool->glancing);
}

enum err db_pool_version(struct db_pool *pool, int64_t *out, struct err_info *info)
{
	struct db *db;
	enum err err = db_pool_glance(pool, &db, info);

	if (err != ERR_OK)
		return err;
	err = db_number(db_stmt(db, SQL_DB_DATA_VERSION), out, info);
	db_pool_glanced(pool);
	return err;
}

void db_pool_close(struct db_pool *pool)
{
	if (pool == NULL)
		return;
	assert(pool->idle_count == pool->open);
	for (size_t i = 0; i < pool->idle_count; i++)
		db_close(pool->idle[i]);
	db_close(pool->glance);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->glancing);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->idle);
	free((char *)pool->options.path);
	free((char *)pool->options.journal_mode);
	free(pool);
}
