/* SPDX-License-Identifier: MIT */
#include "jobs/direct_job.h"

#include "model/direct.h"

enum err direct_job_open(const struct network_job *job, struct conf *conf, struct store *store, struct err_info *info)
{
	*conf = *job->conf;
	conf->store_bucket = conf->store_incoming;
	return store_open(store, conf, job->db, job->clock, job->stop, info);
}

enum err direct_job_remove(struct store *store, const char *id, int64_t parts, struct err_info *info)
{
	struct arena arena = {0};
	const char **keys = arena_array(&arena, (size_t)parts, sizeof *keys);
	enum err err;

	for (int64_t i = 0; i < parts; i++)
		keys[i] = direct_key(id, i + 1, &arena);
	err = storage_delete_all(store->storage, keys, (size_t)parts, info);
	arena_free(&arena);
	return err;
}

static enum err expire_one(const struct network_job *job, struct store *store, struct err_info *info)
{
	struct arena arena = {0};
	struct direct row;
	enum err err = direct_expired(job->db, clock_ms(job->clock), &arena, &row, info);

	if (err == ERR_OK && atomic_load(job->stop))
		err = err_set(info, ERR_ABORTED, "the work was stopped");
	if (err == ERR_OK)
		err = direct_job_remove(store, row.id, direct_parts(&row), info);
	if (err == ERR_OK)
		err = direct_delete(job->db, row.id, info);
	arena_free(&arena);
	return err;
}

enum err expire_direct_work(struct network_job *job, struct err_info *info)
{
	struct store store;
	struct conf conf;
	enum err err = direct_job_open(job, &conf, &store, info);

	while (err == ERR_OK)
		err = expire_one(job, &store, info);
	store_close(&store);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}
