/* SPDX-License-Identifier: MIT */
/*
 * Counters shared by all processes and threads through one memory-mapped file, <run>/metrics. Each series
 * (metric and label values) owns a slot; slots are found by hashing and claimed by compare-and-swap, values
 * are added atomically, so a process that dies in the middle of anything leaves the rest right: a counter
 * survives its process, and what is open now in a process ends with it. One table (metrics_table.c) has name, type,
 * label names and help of every metric.
 *
 *     metrics_add(), _set(), _observe(), _shift() ──► <run>/metrics ──► metrics_write(): /metrics
 */
#ifndef TONEARM_OBSERVE_METRICS_H
#define TONEARM_OBSERVE_METRICS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/* The names of series and labels are in the table; what is meant by the values of labels is told here. */
enum metric {
	METRIC_REQUESTS,           /* {program,route,status} */
	METRIC_REQUEST_SECONDS,    /* {program,route}: to the end of the answer */
	METRIC_FIRST_BYTE_SECONDS, /* {program,route}: to the head of the answer */
	METRIC_REQUESTS_OPEN,      /* now, of each process */
	METRIC_REQUEST_BYTES,      /* {program,route}: bodies in */
	METRIC_RESPONSE_BYTES,     /* {program,route}: bodies out, sent by us */
	METRIC_REFUSED,            /* {program,reason}: answers that are problems, by their slug */
	METRIC_RATE_LIMITED,       /* {limit,key,route}: what ran out ("requests", ...); whose ("address", ...); of what */
	METRIC_AUTH_VERDICTS,      /* {verdict,reason}: slug of the error; that of its reason, err_why() */
	METRIC_PLAYLISTS,          /* {kind}: playlists and MPDs that were handed out */
	METRIC_STREAMS_STARTED,    /* deliveries of sound */
	METRIC_STREAMS_ENDED,      /* {outcome} */
	METRIC_STREAMS_OPEN,       /* now, of each process */
	METRIC_STREAM_ERRORS,      /* {reason} */
	METRIC_DELIVERED_BYTES,    /* {mode}: handed to the web server or sent */
	METRIC_UPLOADS,            /* {outcome} */
	METRIC_DB_SECONDS,         /* {statement}: a file of sql/queries */
	METRIC_JOBS,               /* {state}: set when it is scraped, as the next four */
	METRIC_JOBS_RUNNING,       /* {kind,stage} */
	METRIC_QUEUE_AGE,          /* seconds that the job has stood in line which has stood there longest */
	METRIC_RUNNERS,            /* jobrunners that were seen lately */
	METRIC_JOBS_FINISHED,      /* {kind,state} */
	METRIC_JOB_SECONDS,        /* {kind} */
	METRIC_MEDIA_VERIFIED,     /* {what,found} */
	METRIC_STORAGE_REQUESTS,   /* {operation,outcome}: to the object store; "ok" or an error's slug */
	METRIC_STORAGE_SECONDS,    /* {operation} */
	METRIC_STORAGE_BYTES,      /* {direction}: "in" from the store, "out" to it */
	METRIC_STORAGE_BREAKER,    /* {endpoint}: 0 closed, 1 half open, 2 open */
	METRIC_SYNC_OBJECTS,       /* {state}: "pending", "confirmed"; set when it is scraped */
	METRIC_CACHE_REQUESTS,     /* {outcome}: of the cache of what the store holds: "hit", "shared", "miss", "bypass" */
	METRIC_CACHE_BYTES,        /* on the disk now */
	METRIC_CACHE_EVICTIONS,    /* files that went to make room */
	METRIC_PURGES,             /* {target,outcome}: of edges */
	METRIC_COUNT
};

enum { METRICS_LABELS_MOST = 160 };

struct metrics;

/*
 * Maps PATH, making it when it is not there or of another layout or table. *OUT is owned by the caller; NULL on
 * failure. ERR_IO. All functions below are thread-safe and do nothing when METRICS is NULL.
 */
enum err metrics_open(const char *path, struct metrics **out, struct err_info *info);
void metrics_close(struct metrics *metrics);

/*
 * From now on this process is told of, as PROGRAM ("stream", at most 15 bytes), and what it has open is counted, until
 * metrics_close() or its end, whatever that is. Where too many processes are told of already nothing happens.
 */
void metrics_enter(struct metrics *metrics, const char *program);

/*
 * Adds to a counter. The label values follow in the order of the table, as many as it has names; each at most 64 bytes,
 * cut.
 */
void metrics_add(struct metrics *metrics, enum metric metric, uint64_t amount, ...);
/* Sets a gauge, or a counter that is kept elsewhere. */
void metrics_set(struct metrics *metrics, enum metric metric, uint64_t value, ...);
/* Sets all series of a gauge to 0: what is not set after that is not there any more. */
void metrics_clear(struct metrics *metrics, enum metric metric);
/* One observation in microseconds for a histogram in seconds. */
void metrics_observe(struct metrics *metrics, enum metric metric, uint64_t us, ...);
/* Changes what this process has open of METRIC by +1 or -1. */
void metrics_shift(struct metrics *metrics, enum metric metric, int by);

/* The Prometheus text format 0.0.4 of all series, in the order of the table, HELP and TYPE first. */
void metrics_write(struct metrics *metrics, struct buf *out);

#endif
