/* SPDX-License-Identifier: MIT */
#include "storage/store.h"

#include "storage/remote_key.h"
#include "storage/s3.h"

#include <string.h>

enum { CONNECT_MS = 15000, LEAST_RATE = 1024 };

/* All that this process asks of stores counts, whatever job it is for. */
static struct transfer_pace pace = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum s3_checksum checksum(const char *name)
{
	if (strcmp(name, "sha256") == 0)
		return S3_CHECKSUM_SHA256;
	return strcmp(name, "none") == 0 ? S3_CHECKSUM_NONE : S3_CHECKSUM_MD5;
}

static enum s3_payload payload(const char *name)
{
	if (strcmp(name, "chunked") == 0)
		return S3_PAYLOAD_CHUNKED;
	return strcmp(name, "unsigned") == 0 ? S3_PAYLOAD_UNSIGNED : S3_PAYLOAD_SIGNED;
}

static bool is_stopped(void *context)
{
	const struct store *store = context;

	return store->stop != NULL && atomic_load(store->stop);
}

static struct s3_options options(struct store *store, const struct clock *clock)
{
	const struct conf *conf = store->conf;

	return (struct s3_options){.endpoint = conf->store_endpoint,
		.region = conf->store_region,
		.bucket = conf->store_bucket,
		.host_style = strcmp(conf->store_style, "host") == 0,
		.checksum = checksum(conf->store_checksum),
		.payload = payload(conf->store_payload),
		.limits = {.connect_ms = CONNECT_MS,
			.least_rate = LEAST_RATE,
			.slow_s = (long)conf->store_silence_s,
			.bandwidth = conf->store_bandwidth,
			.requests_per_s = conf->store_requests_per_s,
			.pace = &pace,
			.parallel = (size_t)conf->store_parallel,
			.ca_file = conf->store_ca_file,
			.cancelled = is_stopped,
			.context = store},
		.credentials = store->credentials,
		.budget = allowance_budget(&store->allowance),
		.guard = guard_of(&store->guard),
		.clock = clock};
}

enum err store_open(struct store *store, const struct conf *conf, struct db *db, const struct clock *clock,
	const atomic_bool *stop, struct err_info *info)
{
	struct credentials_places places = {.file = conf->store_credentials,
		.profile = conf->store_profile,
		.find_in_metadata = credentials_find_in_metadata};
	struct s3_options chosen;
	const char *name;
	enum err err;

	*store = (struct store){.conf = conf, .db = db, .stop = stop};
	name = remote_store(conf, &store->arena);
	if (name == NULL)
		return err_set(info, ERR_BAD_REQUEST,
			"there is no object store in the configuration: set store.endpoint and store.bucket");
	store->allowance = (struct allowance){db, name, conf->store_writes, clock};
	store->guard = (struct guard){.db = db, .endpoint = conf->store_endpoint, .clock = clock};
	if ((err = credentials_open(&places, clock, &store->credentials, info)) != ERR_OK)
		return err;
	chosen = options(store, clock);
	if ((err = s3_open(&chosen, &store->storage, info)) != ERR_OK)
		return err;
	store->send = (struct send){.storage = store->storage,
		.db = db,
		.store = name,
		.threshold = (uint64_t)conf->store_part_size,
		.part_size = (uint64_t)conf->store_part_size,
		.clock = clock};
	return ERR_OK;
}

void store_close(struct store *store)
{
	storage_close(store->storage);
	credentials_free(store->credentials);
	arena_free(&store->arena);
	*store = (struct store){0};
}
