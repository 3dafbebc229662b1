/* SPDX-License-Identifier: MIT */
#include "jobs/network.h"

#include "jobs/direct_job.h"
#include "jobs/fetch_job.h"
#include "jobs/purge_job.h"
#include "jobs/sync_job.h"
#include "storage/fetch_order.h"

#include <string.h>

enum { PPM = 1000000, ALONE_MS = 1000 };

struct network_kind {
	const char *name;
	network_work *work;
	bool alone; /* of those with the same payload one is at work at a time */
};

static const struct network_kind kinds[] = {
	{EXPIRE_DIRECT_KIND, expire_direct_work, true},
	{FETCH_KIND, fetch_work, false},
	{SYNC_KIND, sync_work, true},
	{SYNC_LIBRARY_KIND, sync_library_work, true},
	{PURGE_KIND, purge_work, true},
};

void network_progress(struct network_job *job, double done)
{
	atomic_store(&job->done_ppm, (int)(done * PPM));
}

double network_done(const struct network_run *network)
{
	return (double)atomic_load(&network->job.done_ppm) / PPM;
}

/* ERR_NOT_READY while another job does the same. */
static enum err wait_for_other(struct network_job *job, struct err_info *info)
{
	bool alone;
	enum err err = job_is_alone(job->db, job->id, &alone, info);

	if (err != ERR_OK || alone)
		return err;
	job->due_ms = clock_ms(job->clock) + ALONE_MS;
	return err_set(info, ERR_NOT_READY, "another job does the same just now");
}

static enum err do_job(struct network_run *network, struct err_info *info)
{
	struct network_job *job = &network->job;
	struct arena arena = {0};
	const struct db_options options = {.path = conf_data_path(job->conf, &arena, "tonearm.db"),
		.journal_mode = job->conf->journal_mode,
		.busy_ms = (int)job->conf->db_busy_ms};
	enum err err = db_open(&options, 0, &job->db, info);

	if (err == ERR_OK && network->kind->alone)
		err = wait_for_other(job, info);
	if (err == ERR_OK)
		err = network->kind->work(job, info);
	if (job->db != NULL)
		db_close(job->db);
	arena_free(&arena);
	return err;
}

/* An aside_work whose own outcome says nothing, as ERR_NOT_READY of the function is no news of the thread. */
static enum err work(void *context, const atomic_bool *stop, struct err_info *info)
{
	struct network_run *network = context;

	(void)info;
	network->job.stop = stop;
	network->outcome = do_job(network, &network->info);
	return ERR_OK;
}

enum err network_start(struct network_run *network, const struct job *job, struct aside *aside, struct err_info *info)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].name, job->kind) == 0)
			network->kind = &kinds[i];
	}
	if (network->kind == NULL)
		return err_set(info, ERR_UNPROCESSABLE, "this jobrunner knows no such job: %.32s", job->kind);
	network->job.id = job->id;
	network->job.payload = job->payload;
	return aside_start(aside, work, network, info);
}

bool network_end(struct network_run *network, struct aside *aside, enum err *outcome, struct err_info *info)
{
	if (aside_end(aside, info) == ERR_NOT_READY)
		return false;
	*outcome = network->outcome;
	*info = network->info;
	return true;
}
