/* SPDX-License-Identifier: MIT */
#include "observe/metrics_table.h"

#include "base/hash.h"

#include <string.h>

/*
 * Upper bounds of the buckets in microseconds, closer together where a service level is set: 500 ms to the first byte
 * is the aim at p99, and most answers take less than a millisecond. An answer may last as long as its sound.
 */
static const uint64_t first_byte_bounds[METRICS_BOUNDS] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 2500000, 10000000};
static const uint64_t request_bounds[METRICS_BOUNDS] = {250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 5000000, 30000000, 300000000, 3600000000};
/* A read takes microseconds, a commit a flush of the disk, and a lock is waited for up to db.busy_ms. */
static const uint64_t statement_bounds[METRICS_BOUNDS] = {10, 50, 250, 1000, 5000, 25000, 100000, 1000000, 5000000};
static const uint64_t job_bounds[METRICS_BOUNDS] = {100000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000,
	60000000, 120000000, 300000000, 600000000, 1800000000, 3600000000, 14400000000};
/* From a store next door to a part of gigabytes over a slow line. */
static const uint64_t storage_bounds[METRICS_BOUNDS] = {5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
	2500000, 5000000, 10000000, 30000000, 60000000, 300000000};

const struct metric_row metrics_table[METRIC_COUNT] = {
	[METRIC_REQUESTS] = {"tonearm_http_requests_total", METRIC_COUNTER, NULL, {"program", "route", "status"},
		"Requests answered."},
	[METRIC_REQUEST_SECONDS] = {"tonearm_http_request_duration_seconds", METRIC_HISTOGRAM, request_bounds,
		{"program", "route"}, "Time from the parameters of a request to the end of its answer."},
	[METRIC_FIRST_BYTE_SECONDS] = {"tonearm_http_first_byte_seconds", METRIC_HISTOGRAM, first_byte_bounds,
		{"program", "route"}, "Time from the parameters of a request to the head of its answer."},
	[METRIC_REQUESTS_OPEN] = {"tonearm_http_requests_active", METRIC_OWN, NULL, {NULL},
		"Requests that are being answered."},
	[METRIC_REQUEST_BYTES] = {"tonearm_http_request_bytes_total", METRIC_COUNTER, NULL, {"program", "route"},
		"Bytes of request bodies read."},
	[METRIC_RESPONSE_BYTES] = {"tonearm_http_response_bytes_total", METRIC_COUNTER, NULL, {"program", "route"},
		"Bytes of response bodies sent by the responders themselves."},
	[METRIC_REFUSED] = {"tonearm_http_problems_total", METRIC_COUNTER, NULL, {"program", "reason"},
		"Requests answered with a problem, and answers that broke off, by the reason."},
	[METRIC_RATE_LIMITED] = {"tonearm_rate_limited_total", METRIC_COUNTER, NULL, {"limit", "key", "route"},
		"Requests refused for there were too many, by what ran out and whose it was."},
	[METRIC_AUTH_VERDICTS] = {"tonearm_auth_verdicts_total", METRIC_COUNTER, NULL, {"verdict", "reason"},
		"Decisions about who may have what."},
	[METRIC_PLAYLISTS] = {"tonearm_playlists_total", METRIC_COUNTER, NULL, {"kind"},
		"Playlists and MPDs handed out."},
	[METRIC_STREAMS_STARTED] = {"tonearm_streams_started_total", METRIC_COUNTER, NULL, {NULL},
		"Deliveries of sound that began: whole files, ranges, segments."},
	[METRIC_STREAMS_ENDED] = {"tonearm_streams_ended_total", METRIC_COUNTER, NULL, {"outcome"},
		"Deliveries of sound that ended, by how."},
	[METRIC_STREAMS_OPEN] = {"tonearm_streams_active", METRIC_OWN, NULL, {NULL},
		"Deliveries of sound in progress. What the web server was handed is not."},
	[METRIC_STREAM_ERRORS] = {"tonearm_stream_errors_total", METRIC_COUNTER, NULL, {"reason"},
		"Deliveries of sound that did not end well, by the reason."},
	[METRIC_DELIVERED_BYTES] = {"tonearm_delivered_bytes_total", METRIC_COUNTER, NULL, {"mode"},
		"Bytes of media sent, or asked for of the files handed to the web server."},
	[METRIC_UPLOADS] = {"tonearm_uploads_total", METRIC_COUNTER, NULL, {"outcome"}, "Uploads by how they ended."},
	[METRIC_DB_SECONDS] = {"tonearm_db_statement_seconds", METRIC_HISTOGRAM, statement_bounds, {"statement"},
		"Time a statement took the database, waiting for locks included."},
	[METRIC_JOBS] = {"tonearm_jobs", METRIC_GAUGE, NULL, {"state"}, "Jobs in the table."},
	[METRIC_JOBS_RUNNING] = {"tonearm_jobs_running", METRIC_GAUGE, NULL, {"kind", "stage"},
		"Jobs at work, by how far they are."},
	[METRIC_QUEUE_AGE] = {"tonearm_job_queue_age_seconds", METRIC_GAUGE, NULL, {NULL},
		"For how long the job has stood in line that has stood there longest."},
	[METRIC_RUNNERS] = {"tonearm_job_runners", METRIC_GAUGE, NULL, {NULL}, "Jobrunners that were seen lately."},
	[METRIC_JOBS_FINISHED] = {"tonearm_jobs_finished_total", METRIC_COUNTER, NULL, {"kind", "state"},
		"Jobs by how they ended."},
	[METRIC_JOB_SECONDS] = {"tonearm_job_duration_seconds", METRIC_HISTOGRAM, job_bounds, {"kind"},
		"Time a job ran, from its claim to its end."},
	[METRIC_MEDIA_VERIFIED] = {"tonearm_media_verified_total", METRIC_COUNTER, NULL, {"what", "found"},
		"Stored files whose checksum was verified, by what they are and what was found."},
	[METRIC_STORAGE_REQUESTS] = {"tonearm_storage_requests_total", METRIC_COUNTER, NULL, {"operation", "outcome"},
		"Requests to the object store."},
	[METRIC_STORAGE_SECONDS] = {"tonearm_storage_request_duration_seconds", METRIC_HISTOGRAM, storage_bounds,
		{"operation"}, "Time of requests to the object store, bodies included."},
	[METRIC_STORAGE_BYTES] = {"tonearm_storage_bytes_total", METRIC_COUNTER, NULL, {"direction"},
		"Bytes of bodies from (in) and to (out) the object store."},
	[METRIC_STORAGE_BREAKER] = {"tonearm_storage_breaker_state", METRIC_GAUGE, NULL, {"endpoint"},
		"Whether an endpoint is asked: 0 yes, 1 on trial, 2 no."},
	[METRIC_SYNC_OBJECTS] = {"tonearm_sync_objects", METRIC_GAUGE, NULL, {"state"},
		"Files by how far the object store has them."},
	[METRIC_CACHE_REQUESTS] = {"tonearm_cache_requests_total", METRIC_COUNTER, NULL, {"outcome"},
		"Looks into the local cache of what the object store holds."},
	[METRIC_CACHE_BYTES] = {"tonearm_cache_bytes", METRIC_GAUGE, NULL, {NULL}, "Size of that cache."},
	[METRIC_CACHE_EVICTIONS] = {"tonearm_cache_evictions_total", METRIC_COUNTER, NULL, {NULL},
		"Files that went from it to make room."},
	[METRIC_PURGES] = {"tonearm_purges_total", METRIC_COUNTER, NULL, {"target", "outcome"},
		"Purges of what edges keep."},
};

static uint64_t mark_text(uint64_t mark, const char *text)
{
	return hash_quick(text != NULL ? text : "", text != NULL ? strlen(text) : 0, mark);
}

static uint64_t mark_number(uint64_t mark, uint64_t number)
{
	return hash_quick(&number, sizeof number, mark);
}

uint64_t metrics_table_mark(void)
{
	uint64_t mark = 0;

	for (size_t metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_row *row = &metrics_table[metric];

		mark = mark_number(mark_text(mark, row->name), (uint64_t)row->kind);
		for (size_t i = 0; i < METRICS_LABEL_NAMES; i++)
			mark = mark_text(mark, row->labels[i]);
		for (size_t i = 0; row->bounds != NULL && i < METRICS_BOUNDS; i++)
			mark = mark_number(mark, row->bounds[i]);
	}
	return mark;
}
