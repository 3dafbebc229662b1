/* SPDX-License-Identifier: MIT */
/* The text format of /metrics: https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4. */
#include "base/text.h"
#include "observe/metrics_table.h"
#include "observe/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	for (size_t i = 0; i < METRICS_LABEL_NAMES && metrics_table[metric].labels[i] != NULL; i++) {
		const char *end = strchr(key, METRICS_SEPARATOR);
		size_t length = end == NULL ? strlen(key) : (size_t)(end - key);

		buf_printf(out, "%s%s=\"", i == 0 ? "" : ",", metrics_table[metric].labels[i]);
		write_value(out, key, length);
		buf_putc(out, '"');
		key += length;
		key += *key == METRICS_SEPARATOR;
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
	const char *name = metrics_table[metric].name;
	const uint64_t *bounds = metrics_table[metric].bounds;
	uint64_t count = 0;
	uint64_t sum = atomic_load_explicit(&slot->values[METRICS_SUM], memory_order_relaxed);

	for (size_t i = 0, last = 0; !last; i++) {
		last = i == METRICS_BOUNDS || bounds[i] == 0;
		count += atomic_load_explicit(&slot->values[i], memory_order_relaxed);
		buf_printf(out, "%s_bucket{", name);
		write_labels(out, metric, key);
		buf_puts(out, ",le=\"");
		if (last)
			buf_puts(out, "+Inf");
		else
			write_bound(out, bounds[i]);
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
	buf_puts(out, metrics_table[metric].name);
	if (metrics_table[metric].labels[0] != NULL) {
		buf_putc(out, '{');
		write_labels(out, metric, key);
		buf_putc(out, '}');
	}
	buf_printf(out, " %" PRIu64 "\n", atomic_load_explicit(&slot->values[0], memory_order_relaxed));
}

static void write_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_series(struct metrics *metrics, enum metric metric, struct buf *out)
{
	for (size_t i = 0; i < METRICS_SLOTS; i++) {
		char key[METRICS_LABELS_MOST];
		const struct metrics_slot *slot = metrics_slot_at(metrics, i, (uint32_t)metric, key);

		if (slot == NULL)
			continue;
		if (metrics_table[metric].kind == METRIC_HISTOGRAM)
			write_histogram(out, metric, key, slot);
		else
			write_single(out, metric, key, slot);
	}
}

/* A process that lives, as it was when it was looked at. */
struct member {
	char labels[64];
	const struct metrics_process *place;
	int64_t started_ms;
	struct process_usage usage;
	bool seen; /* usage is filled */
};

/* The living, in an array that the caller frees. The number of its place stays for a process as long as it lives. */
static struct member *find_members(struct metrics *metrics, size_t *count)
{
	struct member *members = calloc(METRICS_PROCESSES, sizeof *members);

	if (members == NULL)
		abort();
	*count = 0;
	for (size_t i = 0; i < METRICS_PROCESSES; i++) {
		struct member *member = &members[*count];
		char program[METRICS_PROGRAM];

		member->place = metrics_process_at(metrics, i, program);
		if (member->place == NULL)
			continue;
		snprintf(member->labels, sizeof member->labels, "{program=\"%s\",process=\"%zu\"}", program, i);
		member->started_ms = atomic_load(&member->place->started_ms);
		member->seen = process_usage(atomic_load(&member->place->pid), &member->usage);
		(*count)++;
	}
	return members;
}

static void write_own(enum metric metric, const struct member *members, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s %" PRId64 "\n", metrics_table[metric].name, members[i].labels,
			atomic_load_explicit(&members[i].place->open[metric], memory_order_relaxed));
}

/* By the names that client libraries give them. */
static void write_processes(const struct member *members, size_t count, struct buf *out)
{
	write_head(out, "process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "process_start_time_seconds%s %" PRId64 ".%03d\n", members[i].labels,
			members[i].started_ms / 1000, (int)(members[i].started_ms % 1000));
	write_head(out, "process_cpu_seconds_total", "counter", "User and system time of the process.");
	for (size_t i = 0; i < count; i++) {
		if (!members[i].seen)
			continue;
		buf_printf(out, "process_cpu_seconds_total%s ", members[i].labels);
		write_seconds(out, members[i].usage.cpu_us);
		buf_putc(out, '\n');
	}
	write_head(out, "process_resident_memory_bytes", "gauge", "Memory of the process that is resident.");
	for (size_t i = 0; i < count; i++) {
		if (members[i].seen)
			buf_printf(out, "process_resident_memory_bytes%s %" PRIu64 "\n", members[i].labels,
				members[i].usage.resident_bytes);
	}
	write_head(out, "process_open_fds", "gauge", "Descriptors that the process has open.");
	for (size_t i = 0; i < count; i++) {
		if (members[i].seen && members[i].usage.open_fds > 0)
			buf_printf(out, "process_open_fds%s %" PRIu64 "\n", members[i].labels, members[i].usage.open_fds);
	}
}

void metrics_write(struct metrics *metrics, struct buf *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram", "gauge"};
	struct member *members;
	size_t count;

	if (metrics == NULL)
		return;
	members = find_members(metrics, &count);
	for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
		const struct metric_row *row = &metrics_table[metric];

		write_head(out, row->name, types[row->kind], row->help);
		if (row->kind == METRIC_OWN)
			write_own(metric, members, count, out);
		else
			write_series(metrics, metric, out);
	}
	write_processes(members, count, out);
	free(members);
	write_head(out, "tonearm_metrics_dropped_total", "counter", "Counts lost because the table of series was full.");
	buf_printf(out, "tonearm_metrics_dropped_total %" PRIu64 "\n", metrics_dropped(metrics));
	write_head(out, "tonearm_build_info", "gauge", "The version that runs.");
	buf_puts(out, "tonearm_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
}
