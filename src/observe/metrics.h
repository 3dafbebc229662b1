/* SPDX-License-Identifier: MIT */
/*
 * Counters shared by all processes and threads through one memory-mapped file, <run>/metrics. Each series
 * (metric and label values) owns a slot; slots are found by hashing and claimed by compare-and-swap, values
 * are added atomically, so a process that dies in the middle of anything leaves the rest right: a counter
 * survives its process. One table (metrics.c) has name, type, label names and help of every metric.
 */
#ifndef TONEARM_OBSERVE_METRICS_H
#define TONEARM_OBSERVE_METRICS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum metric {
	METRIC_REQUESTS,         /* tonearm_http_requests_total{program,route,status} */
	METRIC_REQUEST_SECONDS,  /* tonearm_http_request_duration_seconds{program,route}: histogram */
	METRIC_REQUEST_BYTES,    /* tonearm_http_request_bytes_total{program,route}: bodies in */
	METRIC_RESPONSE_BYTES,   /* tonearm_http_response_bytes_total{program,route}: bodies out, sent by us */
	METRIC_DELIVERED_BYTES,  /* tonearm_delivered_bytes_total{mode}: handed to the web server or sent */
	METRIC_UPLOADS,          /* tonearm_uploads_total{outcome} */
	METRIC_AUTH_VERDICTS,    /* tonearm_auth_verdicts_total{verdict} */
	METRIC_JOBS_FINISHED,    /* tonearm_jobs_finished_total{kind,state}: set when it is scraped */
	METRIC_JOB_SECONDS,      /* tonearm_job_duration_seconds{kind}: histogram */
	METRIC_JOBS,             /* tonearm_jobs{state}: gauge, set when it is scraped */
	METRIC_MEDIA_VERIFIED,   /* tonearm_media_verified_total{what,found} */
	METRIC_COUNT
};

enum { METRICS_LABELS_MOST = 160 };

struct metrics;

/*
 * Maps PATH, making it when it is not there or of another layout version. *OUT is owned by the caller; NULL on
 * failure. ERR_IO. All functions below are thread-safe and do nothing when METRICS is NULL.
 */
enum err metrics_open(const char *path, struct metrics **out, struct err_info *info);
void metrics_close(struct metrics *metrics);

/*
 * Adds to a counter. The label values follow in the order of the table, as many as it has names; each at most 64 bytes,
 * cut.
 */
void metrics_add(struct metrics *metrics, enum metric metric, uint64_t amount, ...);
/* Sets a gauge, or a counter that is kept elsewhere. */
void metrics_set(struct metrics *metrics, enum metric metric, uint64_t value, ...);
/* One observation in microseconds for a histogram in seconds. */
void metrics_observe(struct metrics *metrics, enum metric metric, uint64_t us, ...);

/* The Prometheus text format 0.0.4 of all series, names sorted by the table, HELP and TYPE first. */
void metrics_write(struct metrics *metrics, struct buf *out);

#endif
