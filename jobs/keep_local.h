/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the files here when the object store has confirmed each file of their track (storage.keep_local):
 *
 *     always        they stay
 *     cache         the cache (storage/cache.h) has them from then on, and lets those go that nobody hears; what it has
 *                   no room for goes as with until_synced
 *     until_synced  they go as soon as nobody hears them
 *
 * Before one can go the store is asked whether it has it still, and the database says that it has it alone
 * (remote_release()), so that nobody takes it for lost; a file that was made anew meanwhile is another one and stays.
 * Sources stay: what is made of them later is made here.
 */
#ifndef TONEARM_JOBS_KEEP_LOCAL_H
#define TONEARM_JOBS_KEEP_LOCAL_H

#include "jobs/network.h"

/*
 * Does so for TRACK, within the job "sync". ERR_NOT_READY, with due_ms of JOB, while one is being heard that is to go,
 * and while the store is left alone. ERR_IO when the store does not have one any more, so that the job has to send it
 * again. Database errors, those of storage_head() and cache_adopt().
 */
enum err keep_local(struct network_job *job, const char *track, struct err_info *info);

#endif
