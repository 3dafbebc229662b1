/* SPDX-License-Identifier: MIT */
#include "auth/jwks.h"

#include "base/child.h"
#include "base/fs.h"
#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A ring with those who read it; the last one frees it. */
struct shared {
	struct keyring ring; /* first: jwks_give() gets its address back */
	size_t readers;
};

struct jwks {
	const struct conf *conf;
	const struct clock *clock;
	unsigned algorithms;
	char *path, *lock_path, *helper; /* of the arena */
	struct arena arena;
	atomic_int_least64_t looked_ms;
	pthread_mutex_t looking; /* of what follows */
	struct stat seen;        /* the file as it was read */
	pid_t child;             /* a helper that was started and is not collected yet; 0 */
	pthread_mutex_t mutex;   /* of `current` and the readers */
	struct shared *current;
};

bool jwks_url_allowed(const char *url)
{
	static const char *const here[] = {"127.0.0.1", "localhost", "[::1]"};

	if (strncmp(url, "https://", 8) == 0)
		return true;
	if (strncmp(url, "http://", 7) != 0)
		return false;
	url += 7;
	if (memchr(url, '@', strcspn(url, "/?#")) != NULL) /* what stands before it would be a name, not the host */
		return false;
	for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
		size_t length = strlen(here[i]);

		if (strncmp(url, here[i], length) == 0 && strchr(":/", url[length]) != NULL)
			return true;
	}
	return false;
}

char *jwks_path(const struct conf *conf, struct arena *arena)
{
	return conf_data_path(conf, arena, "jwks.json");
}

char *jwks_lock_path(const struct conf *conf, struct arena *arena)
{
	return conf_run_path(conf, arena, "jwks.lock");
}

static void release(struct shared *shared)
{
	keyring_clear(&shared->ring);
	free(shared);
}

/* Puts RING in place of the current one, which goes with its last reader. */
static void swap(struct jwks *jwks, struct keyring *ring)
{
	struct shared *shared = calloc(1, sizeof *shared), *old;

	if (shared == NULL)
		abort();
	shared->ring = *ring;
	shared->readers = 1;
	pthread_mutex_lock(&jwks->mutex);
	old = jwks->current;
	jwks->current = shared;
	if (old != NULL && --old->readers > 0)
		old = NULL;
	pthread_mutex_unlock(&jwks->mutex);
	if (old != NULL)
		release(old);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The helper has checked the file; one that is bad all the same leaves the keys as they are. */
static void read_file(struct jwks *jwks)
{
	struct keyring ring = {0};
	struct err_info info;
	struct stat status;
	size_t length;
	char *text;

	if (stat(jwks->path, &status) != 0 || same_file(&status, &jwks->seen))
		return;
	jwks->seen = status;
	if (fs_read_file(jwks->path, KEYRING_FILE_MOST, &text, &length, &info) == ERR_OK) {
		if (keyring_add_set(&ring, text, length, jwks->algorithms, false, NULL, &info) == ERR_OK)
			swap(jwks, &ring);
		else
			log_failure(LOG_WARNING, "the issuer's keys cannot be read", &info);
		free(text);
	}
}

/* Seconds since the file was written; INT64_MAX when there is none. */
static int64_t age_of(const struct jwks *jwks, const char *path)
{
	struct stat status;

	return stat(path, &status) != 0 ? INT64_MAX : clock_seconds(jwks->clock) - status.st_mtim.tv_sec;
}

static void start_helper(struct jwks *jwks)
{
	char *const words[] = {jwks->helper, (char *)"-c", (char *)jwks->conf->path, NULL};
	struct err_info info;

	if (child_start(words, -1, &jwks->child, &info) == ERR_OK)
		return;
	jwks->child = 0;
	log_failure(LOG_ERROR, "the issuer's keys cannot be fetched", &info);
}

static void collect_helper(struct jwks *jwks)
{
	if (jwks->child > 0 && waitpid(jwks->child, NULL, WNOHANG) != 0)
		jwks->child = 0;
}

/* What the helper itself looks at too, under its lock: here it saves a process. */
static bool is_due(const struct jwks *jwks, bool missed)
{
	return jwks->child == 0 && (missed || age_of(jwks, jwks->path) >= jwks->conf->jwks_refresh_s) &&
	       age_of(jwks, jwks->lock_path) >= jwks->conf->jwks_retry_s;
}

static void look(struct jwks *jwks, bool missed)
{
	int64_t now_ms = clock_ms(jwks->clock), looked_ms = atomic_load(&jwks->looked_ms);

	if (!missed && now_ms >= looked_ms && now_ms - looked_ms < JWKS_LOOK_MS)
		return;
	/* Whoever comes while somebody looks goes on with the keys there are. */
	if (pthread_mutex_trylock(&jwks->looking) != 0)
		return;
	atomic_store(&jwks->looked_ms, now_ms);
	collect_helper(jwks);
	read_file(jwks);
	if (is_due(jwks, missed))
		start_helper(jwks);
	pthread_mutex_unlock(&jwks->looking);
}

const struct keyring *jwks_take(struct jwks *jwks, bool missed)
{
	struct shared *shared;

	look(jwks, missed);
	pthread_mutex_lock(&jwks->mutex);
	shared = jwks->current;
	shared->readers++;
	pthread_mutex_unlock(&jwks->mutex);
	return &shared->ring;
}

void jwks_give(struct jwks *jwks, const struct keyring *keys)
{
	struct shared *shared = (struct shared *)(uintptr_t)keys;
	bool last;

	pthread_mutex_lock(&jwks->mutex);
	last = --shared->readers == 0;
	pthread_mutex_unlock(&jwks->mutex);
	if (last)
		release(shared);
}

enum err jwks_open(const struct conf *conf, const struct clock *clock, struct jwks **out, struct err_info *info)
{
	const char *folder = getenv("TONEARM_LIBEXEC");
	struct keyring none = {0};
	struct err_info reason;
	struct jwks *jwks;

	*out = NULL;
	if (conf->jwks_url[0] == '\0')
		return ERR_OK;
	if (!jwks_url_allowed(conf->jwks_url))
		return err_set(info, ERR_BAD_REQUEST,
			"auth.jwks_url: it must begin with https://, but on this machine itself");
	jwks = calloc(1, sizeof *jwks);
	if (jwks == NULL)
		abort();
	jwks->conf = conf;
	jwks->clock = clock;
	if (jwa_read(conf->jwks_algorithms, &jwks->algorithms, &reason) != ERR_OK) {
		free(jwks);
		return err_set(info, ERR_BAD_REQUEST, "auth.jwks_algorithms: %s", reason.detail);
	}
	jwks->path = jwks_path(conf, &jwks->arena);
	jwks->lock_path = jwks_lock_path(conf, &jwks->arena);
	jwks->helper = arena_printf(
		&jwks->arena, "%s/tonearm-jwks", folder != NULL && folder[0] != '\0' ? folder : PKGLIBEXECDIR);
	pthread_mutex_init(&jwks->looking, NULL);
	pthread_mutex_init(&jwks->mutex, NULL);
	swap(jwks, &none);
	look(jwks, false);
	*out = jwks;
	return ERR_OK;
}

void jwks_close(struct jwks *jwks)
{
	if (jwks == NULL)
		return;
	collect_helper(jwks);
	release(jwks->current);
	pthread_mutex_destroy(&jwks->mutex);
	pthread_mutex_destroy(&jwks->looking);
	arena_free(&jwks->arena);
	free(jwks);
}
