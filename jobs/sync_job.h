/* SPDX-License-Identifier: MIT */
/*
 * The jobs that keep the object store the same as the library (storage/sync.h), work of network.h:
 *
 *     sync           of one track: sends what the store has not confirmed yet, removes objects that no file is of any more
 *     sync-library   hourly: has that done for each track that differs, also for those made before store.sync was on
 *
 * One file that cannot be sent does not keep the others back. A file counts as sent when the store has confirmed its
 * size and checksum (storage/mirror.h), and is written down then.
 */
#ifndef TONEARM_JOBS_SYNC_JOB_H
#define TONEARM_JOBS_SYNC_JOB_H

#include "jobs/network.h"
#include "storage/sync.h"

#define SYNC_LIBRARY_KIND "sync-library"

network_work sync_work, sync_library_work;

#endif
