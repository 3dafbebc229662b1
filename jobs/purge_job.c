/* SPDX-License-Identifier: MIT */
#include "jobs/purge_job.h"

#include "model/purge.h"
#include "storage/purge.h"

/* Tells TARGET one request's worth. *COUNT is how many tracks that was. */
static enum err tell_some(
	struct network_job *job, const struct conf_purge *target, size_t *count, struct err_info *info)
{
	struct arena arena = {0};
	struct purge *list;
	enum err err = purge_list(job->db, target->name, purge_at_once(target), &arena, &list, count, info);

	if (err == ERR_OK && *count > 0) {
		err = purge_tell(target, list, *count, job->clock, job->stop, info);
		metrics_add(job->metrics, METRIC_PURGES, *count, target->name, err_slug(err));
	}
	for (size_t i = 0; err == ERR_OK && i < *count; i++)
		err = purge_done(job->db, target->name, &list[i], info);
	arena_free(&arena);
	return err;
}

enum err purge_work(struct network_job *job, struct err_info *info)
{
	const struct conf_purge *target;
	size_t count = 1;
	enum err err = purge_target(job->conf, job->payload, &target, info);

	while (err == ERR_OK && target != NULL && count > 0)
		err = atomic_load(job->stop) ? err_set(info, ERR_ABORTED, "the work was stopped")
					     : tell_some(job, target, &count, info);
	/* A key that somebody mends is as good as an answer that comes late. */
	if (err == ERR_FORBIDDEN || err == ERR_NOT_FOUND)
		err = info->code = ERR_BUSY;
	return err;
}
