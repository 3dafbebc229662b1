/* SPDX-License-Identifier: MIT */
#include "jobs/fetch_job.h"

#include "base/hash.h"
#include "base/log.h"
#include "jobs/direct_job.h"
#include "model/direct.h"
#include "model/track.h"
#include "storage/download.h"
#include "storage/fetch_order.h"
#include "storage/ingest.h"
#include "storage/source_url.h"

#include <inttypes.h>
#include <string.h>

/* One job at work. */
struct fetching {
	struct network_job *job;
	struct arena arena;
	struct spool spool;
	uint64_t expected; /* bytes; 0: unknown */
};

static bool take(void *context, const void *bytes, size_t length, struct err_info *info)
{
	struct fetching *fetching = context;

	if (spool_write(&fetching->spool, bytes, length, info) != ERR_OK)
		return false;
	if (fetching->expected > 0)
		network_progress(fetching->job, (double)fetching->spool.bytes / (double)fetching->expected);
	return true;
}

/* The object of another bucket of the configured store. */
static enum err fetch_object(struct fetching *fetching, const struct source_url *url, struct err_info *info)
{
	struct network_job *job = fetching->job;
	struct conf conf = *job->conf;
	struct storage_object object;
	struct store store;
	enum err err;

	conf.store_bucket = url->bucket;
	err = store_open(&store, &conf, job->db, job->clock, job->stop, info);
	if (err == ERR_OK)
		err = storage_head(store.storage, url->key, &fetching->arena, &object, info);
	if (err == ERR_OK && object.size > (uint64_t)conf.upload_size)
		err = err_set(info, ERR_TOO_LARGE, "a source may have %lld bytes", (long long)conf.upload_size);
	if (err == ERR_OK) {
		fetching->expected = object.size;
		err = storage_get(store.storage, url->key, NULL, take, fetching, &fetching->arena, NULL, info);
	}
	store_close(&store);
	return err;
}

/* Whether the object is the part that was announced. */
static enum err check_part(const struct fetch_order *order, int64_t number, int64_t size,
	const struct storage_object *object, struct err_info *info)
{
	if (object->size != (uint64_t)size)
		return err_set(info, ERR_UNPROCESSABLE, "part %" PRId64 " has %" PRIu64 " bytes and not %" PRId64, number,
			object->size, size);
	if (order->etag_count > 0 && ((size_t)number > order->etag_count || object->etag == NULL ||
					     strcmp(object->etag, order->etags[number - 1]) != 0))
		return err_set(info, ERR_UNPROCESSABLE, "part %" PRId64 " is not the one that was uploaded", number);
	return ERR_OK;
}

static enum err fetch_part(struct fetching *fetching, struct store *store, const struct fetch_order *order,
	int64_t number, int64_t size, struct err_info *info)
{
	const char *key = direct_key(order->upload, number, &fetching->arena);
	uint64_t before = fetching->spool.bytes;
	struct storage_object object;
	enum err err = storage_head(store->storage, key, &fetching->arena, &object, info);

	if (err == ERR_NOT_FOUND)
		return err_set(info, err, "part %" PRId64 " was not uploaded", number);
	if (err == ERR_OK)
		err = check_part(order, number, size, &object, info);
	if (err == ERR_OK)
		err = storage_get(store->storage, key, NULL, take, fetching, &fetching->arena, NULL, info);
	if (err == ERR_OK && fetching->spool.bytes - before != (uint64_t)size)
		err = err_set(info, ERR_IO, "part %" PRId64 " did not come whole", number);
	return err;
}

static enum err check_sum(const struct fetching *fetching, const char *wanted, struct err_info *info)
{
	unsigned char digest[HASH_SIZE], expected[HASH_SIZE];
	enum err err;

	if (wanted == NULL)
		return ERR_OK;
	err = hash_sha256_file(fetching->spool.fd, digest, info);
	if (err == ERR_OK && (!hash_from_hex(wanted, expected, sizeof expected) ||
				     memcmp(digest, expected, sizeof digest) != 0))
		err = err_set(info, ERR_UNPROCESSABLE, "the file does not have the SHA-256 that it was to have");
	return err;
}

/* The parts of a direct upload, one behind the other. */
static enum err fetch_parts(struct fetching *fetching, const struct fetch_order *order, struct err_info *info)
{
	const struct direct row = {.size = order->size, .part_size = order->part_size};
	struct store store;
	struct conf conf;
	enum err err = direct_job_open(fetching->job, &conf, &store, info);

	fetching->expected = (uint64_t)order->size;
	for (int64_t number = 1; err == ERR_OK && number <= direct_parts(&row); number++)
		err = fetch_part(fetching, &store, order, number, direct_part_size(&row, number), info);
	if (err == ERR_OK)
		err = check_sum(fetching, order->sha256, info);
	if (err == ERR_OK)
		err = ingest_fetched(fetching->job->conf, fetching->job->db, &fetching->spool, order->track,
			fetching->job->clock, info);
	/* What stays of it goes when the upload expires. */
	if (err == ERR_OK && direct_job_remove(&store, order->upload, direct_parts(&row), info) != ERR_OK)
		log_failure(LOG_WARNING, "the parts of an upload were not removed", info);
	store_close(&store);
	return err;
}

static enum err fetch_source(struct fetching *fetching, const struct fetch_order *order, struct err_info *info)
{
	const struct network_job *job = fetching->job;
	struct source_url url;
	enum err err = source_url_read(order->source, &fetching->arena, &url, info);

	/* Again: the configuration may be another one than when the job was ordered. */
	if (err == ERR_OK)
		err = source_url_allow(job->conf, &url, info);
	if (err == ERR_OK && url.bucket != NULL)
		err = fetch_object(fetching, &url, info);
	else if (err == ERR_OK)
		err = download(job->conf, url.text, job->stop, take, fetching, &fetching->arena, info);
	if (err == ERR_OK)
		err = ingest_fetched(job->conf, job->db, &fetching->spool, order->track, job->clock, info);
	return err;
}

enum err fetch_work(struct network_job *job, struct err_info *info)
{
	struct fetching fetching = {.job = job};
	struct fetch_order order;
	struct track track;
	enum err err = fetch_order_decode(job->payload, &fetching.arena, &order, info);

	if (err == ERR_OK)
		err = track_get(job->db, order.track, &fetching.arena, &track, info);
	/* A try that ended before it was written down as done has left nothing to fetch. */
	if (err != ERR_OK || track.source_file != NULL)
		goto out;
	err = spool_open(job->conf, &fetching.arena, &fetching.spool, info);
	if (err == ERR_OK)
		err = order.upload != NULL ? fetch_parts(&fetching, &order, info) : fetch_source(&fetching, &order, info);
	spool_discard(&fetching.spool);
out:
	arena_free(&fetching.arena);
	return err;
}
