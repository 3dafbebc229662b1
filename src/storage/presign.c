/* SPDX-License-Identifier: MIT */
#include "storage/presign.h"

#include "storage/credentials.h"
#include "storage/s3_address.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct presign {
	struct arena arena;
	struct s3_address address;
	const struct clock *clock;
	pthread_mutex_t mutex; /* of the keys */
	struct credentials *credentials;
};

enum err presign_open(const struct conf *conf, const struct clock *clock, struct presign **out, struct err_info *info)
{
	struct credentials_places places = {.file = conf->store_credentials, .profile = conf->store_profile};
	struct presign *presign;
	enum err err;

	*out = NULL;
	if (conf->store_endpoint[0] == '\0' || conf->store_bucket[0] == '\0')
		return ERR_OK;
	presign = calloc(1, sizeof *presign);
	if (presign == NULL)
		abort();
	presign->clock = clock;
	pthread_mutex_init(&presign->mutex, NULL);
	err = s3_address_read(conf->store_endpoint, conf->store_bucket, conf->store_region,
		strcmp(conf->store_style, "host") == 0, &presign->arena, &presign->address, info);
	if (err == ERR_OK)
		err = credentials_open(&places, clock, &presign->credentials, info);
	if (err != ERR_OK) {
		presign_close(presign);
		return err;
	}
	*out = presign;
	return ERR_OK;
}

void presign_close(struct presign *presign)
{
	if (presign == NULL)
		return;
	credentials_free(presign->credentials);
	pthread_mutex_destroy(&presign->mutex);
	arena_free(&presign->arena);
	free(presign);
}

static enum err sign(struct presign *presign, const char *method, const char *key, int64_t length, int64_t lifetime_s,
	struct arena *arena, const char **url, struct err_info *info)
{
	struct sigv4_credentials keys;
	enum err err;

	if (lifetime_s > SIGV4_EXPIRES_MOST)
		lifetime_s = SIGV4_EXPIRES_MOST;
	pthread_mutex_lock(&presign->mutex);
	err = credentials_get(presign->credentials, &keys, info);
	if (err == ERR_OK)
		err = s3_address_presign(&presign->address, &keys, method, key, length, lifetime_s,
			clock_seconds(presign->clock), arena, url, info);
	pthread_mutex_unlock(&presign->mutex);
	return err;
}

enum err presign_url(struct presign *presign, const char *method, const char *key, int64_t lifetime_s,
	struct arena *arena, const char **url, struct err_info *info)
{
	return sign(presign, method, key, -1, lifetime_s, arena, url, info);
}

enum err presign_put(struct presign *presign, const char *key, int64_t length, int64_t lifetime_s, struct arena *arena,
	const char **url, struct err_info *info)
{
	return sign(presign, "PUT", key, length, lifetime_s, arena, url, info);
}
