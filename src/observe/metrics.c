/* SPDX-License-Identifier: MIT */
#include "observe/metrics.h"

#include "base/text.h"
#include "observe/metrics_file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_VALUE_MOST = 64, LABEL_NAMES = 3 };

/* Between label values in a key; a control character, which no label value keeps. */
static const char separator = '\x1F';

enum kind { COUNTER, GAUGE, HISTOGRAM };

/* Upper bounds of the buckets in microseconds: requests, and jobs of minutes. */
static const uint64_t request_bounds[METRICS_BOUNDS] = {1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
	1000000, 2500000, 5000000, 10000000};
static const uint64_t job_bounds[METRICS_BOUNDS] = {100000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000,
	60000000, 120000000, 300000000, 600000000, 1800000000, 3600000000};

static const struct {
	const char *name;
	enum kind kind;
	const uint64_t *bounds;
	const char *labels[LABEL_NAMES]; /* NULL after the last */
	const char *help;
} table[METRIC_COUNT] = {
	[METRIC_REQUESTS] = {"tonearm_http_requests_total", COUNTER, NULL, {"program", "route", "status"},
		"Requests answered."},
	[METRIC_REQUEST_SECONDS] = {"tonearm_http_request_duration_seconds", HISTOGRAM, request_bounds,
		{"program", "route"}, "Time from the parameters of a request to the end of its answer."},
	[METRIC_REQUEST_BYTES] = {"tonearm_http_request_bytes_total", COUNTER, NULL, {"program", "route"},
		"Bytes of request bodies read."},
	[METRIC_RESPONSE_BYTES] = {"tonearm_http_response_bytes_total", COUNTER, NULL, {"program", "route"},
		"Bytes of response bodies sent by the responders themselves."},
	[METRIC_DELIVERED_BYTES] = {"tonearm_delivered_bytes_total", COUNTER, NULL, {"mode"},
		"Bytes of media sent, or size of the files handed to the web server."},
	[METRIC_UPLOADS] = {"tonearm_uploads_total", COUNTER, NULL, {"outcome"}, "Uploads by how they ended."},
	[METRIC_AUTH_VERDICTS] = {"tonearm_auth_verdicts_total", COUNTER, NULL, {"verdict"},
		"Decisions about who may have what."},
	[METRIC_JOBS_FINISHED] = {"tonearm_jobs_finished_total", COUNTER, NULL, {"kind", "state"},
		"Jobs by how they ended."},
	[METRIC_JOB_SECONDS] = {"tonearm_job_duration_seconds", HISTOGRAM, job_bounds, {"kind"},
		"Time a job ran, from its claim to its end."},
	[METRIC_JOBS] = {"tonearm_jobs", GAUGE, NULL, {"state"}, "Jobs in the table."},
	[METRIC_MEDIA_VERIFIED] = {"tonearm_media_verified_total", COUNTER, NULL, {"what", "found"},
		"Stored files whose checksum was verified, by what they are and what was found."},
};

/* The label values of ARGS, each cut, as one key. */
static void make_key(enum metric metric, va_list args, char key[static METRICS_LABELS_MOST])
{
	size_t used = 0;

	memset(key, 0, METRICS_LABELS_MOST);
	for (size_t i = 0; i < LABEL_NAMES && table[metric].labels[i] != NULL; i++) {
		char value[LABEL_VALUE_MOST + 4];
		int length;

		snprintf(value, sizeof value, "%s", va_arg(args, const char *));
		text_cut_utf8(value, LABEL_VALUE_MOST);
		if (i > 0 && used < METRICS_LABELS_MOST - 1)
			key[used++] = separator;
		length = snprintf(key + used, METRICS_LABELS_MOST - used, "%s", value);
		used += (size_t)length;
		if (used > METRICS_LABELS_MOST - 1)
			used = METRICS_LABELS_MOST - 1;
	}
}

void metrics_add(struct metrics *metrics, enum metric metric, uint64_t amount, ...)
{
	char key[METRICS_LABELS_MOST];
	struct metrics_slot *slot;
	va_list args;

	assert(table[metric].kind == COUNTER);
	if (metrics == NULL)
		return;
	va_start(args, amount);
	make_key(metric, args, key);
	va_end(args);
	slot = metrics_slot(metrics, (uint32_t)metric, key);
	if (slot != NULL)
		atomic_fetch_add_explicit(&slot->values[0], amount, memory_order_relaxed);
}

void metrics_set(struct metrics *metrics, enum metric metric, uint64_t value, ...)
{
	char key[METRICS_LABELS_MOST];
	struct metrics_slot *slot;
	va_list args;

	assert(table[metric].kind != HISTOGRAM);
	if (metrics == NULL)
		return;
	va_start(args, value);
	make_key(metric, args, key);
	va_end(args);
	slot = metrics_slot(metrics, (uint32_t)metric, key);
	if (slot != NULL)
		atomic_store_explicit(&slot->values[0], value, memory_order_relaxed);
}

void metrics_observe(struct metrics *metrics, enum metric metric, uint64_t us, ...)
{
	char key[METRICS_LABELS_MOST];
	struct metrics_slot *slot;
	size_t bucket = 0;
	va_list args;

	assert(table[metric].kind == HISTOGRAM);
	if (metrics == NULL)
		return;
	va_start(args, us);
	make_key(metric, args, key);
	va_end(args);
	slot = metrics_slot(metrics, (uint32_t)metric, key);
	if (slot == NULL)
		return;
	while (bucket < METRICS_BOUNDS && us > table[metric].bounds[bucket])
		bucket++;
	atomic_fetch_add_explicit(&slot->values[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->values[METRICS_SUM], us, memory_order_relaxed);
}

/* One label value, escaped as the text format wants it. */
static void write_value(struct buf *out, const char *value, size_t length)
{
	char *clean = text_to_utf8(value, length);

	for (const char *c = clean; *c != '\0'; c++) {
		if (*c == '\n')
			buf_puts(out, "\\n");
		else if (*c == '\\' || *c == '"')
			buf_printf(out, "\\%c", *c);
		else
			buf_putc(out, *c);
	}
	free(clean);
}

/* name="value",... without braces. */
static void write_labels(struct buf *out, enum metric metric, const char *key)
{
	for (size_t i = 0; i < LABEL_NAMES && table[metric].labels[i] != NULL; i++) {
		const char *end = strchr(key, separator);
		size_t length = end == NULL ? strlen(key) : (size_t)(end - key);

		buf_printf(out, "%s%s=\"", i == 0 ? "" : ",", table[metric].labels[i]);
		write_value(out, key, length);
		buf_putc(out, '"');
		key += length;
		key += *key == separator;
	}
}

/* Microseconds as seconds, without going through a locale. */
static void write_seconds(struct buf *out, uint64_t us)
{
	buf_printf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

/* A bound with no zeros at its end: "0.001", "2.5", "10". */
static void write_bound(struct buf *out, uint64_t us)
{
	char fraction[8];
	size_t length = 6;

	snprintf(fraction, sizeof fraction, "%06u", (unsigned)(us % 1000000));
	while (length > 0 && fraction[length - 1] == '0')
		length--;
	buf_printf(out, "%" PRIu64 "%s%.*s", us / 1000000, length > 0 ? "." : "", (int)length, fraction);
}

static void write_histogram(struct buf *out, enum metric metric, const char *key, const struct metrics_slot *slot)
{
	const char *name = table[metric].name;
	uint64_t count = 0;
	uint64_t sum = atomic_load_explicit(&slot->values[METRICS_SUM], memory_order_relaxed);

	for (size_t i = 0; i <= METRICS_BOUNDS; i++) {
		count += atomic_load_explicit(&slot->values[i], memory_order_relaxed);
		buf_printf(out, "%s_bucket{", name);
		write_labels(out, metric, key);
		buf_puts(out, ",le=\"");
		if (i < METRICS_BOUNDS)
			write_bound(out, table[metric].bounds[i]);
		else
			buf_puts(out, "+Inf");
		buf_printf(out, "\"} %" PRIu64 "\n", count);
	}
	buf_printf(out, "%s_sum{", name);
	write_labels(out, metric, key);
	buf_puts(out, "} ");
	write_seconds(out, sum);
	buf_printf(out, "\n%s_count{", name);
	write_labels(out, metric, key);
	buf_printf(out, "} %" PRIu64 "\n", count);
}

static void write_single(struct buf *out, enum metric metric, const char *key, const struct metrics_slot *slot)
{
	buf_printf(out, "%s{", table[metric].name);
	write_labels(out, metric, key);
	buf_printf(out, "} %" PRIu64 "\n", atomic_load_explicit(&slot->values[0], memory_order_relaxed));
}

static void write_family(struct metrics *metrics, enum metric metric, struct buf *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	buf_printf(out, "# HELP %s %s\n", table[metric].name, table[metric].help);
	buf_printf(out, "# TYPE %s %s\n", table[metric].name, types[table[metric].kind]);
	for (size_t i = 0; i < METRICS_SLOTS; i++) {
		char key[METRICS_LABELS_MOST];
		const struct metrics_slot *slot = metrics_slot_at(metrics, i, (uint32_t)metric, key);

		if (slot == NULL)
			continue;
		if (table[metric].kind == HISTOGRAM)
			write_histogram(out, metric, key, slot);
		else
			write_single(out, metric, key, slot);
	}
}

void metrics_write(struct metrics *metrics, struct buf *out)
{
	if (metrics == NULL)
		return;
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
		write_family(metrics, metric, out);
	buf_printf(out,
		"# HELP tonearm_metrics_dropped_total Counts lost because the table of series was full.\n"
		"# TYPE tonearm_metrics_dropped_total counter\n"
		"tonearm_metrics_dropped_total %" PRIu64 "\n",
		metrics_dropped(metrics));
	buf_puts(out, "# HELP tonearm_build_info The version that runs.\n# TYPE tonearm_build_info gauge\n"
		      "tonearm_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
}
