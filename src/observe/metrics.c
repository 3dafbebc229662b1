/* SPDX-License-Identifier: MIT */
#include "observe/metrics.h"

#include "base/text.h"
#include "observe/metrics_table.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

enum { LABEL_VALUE_MOST = 64 };

/* Copies at most ROOM bytes of VALUE, cut between characters; returns how many. */
static size_t put_value(char *to, size_t room, const char *value)
{
	char cut[LABEL_VALUE_MOST + 4];
	size_t length = strnlen(value, LABEL_VALUE_MOST + 1);

	if (length > LABEL_VALUE_MOST) {
		memcpy(cut, value, LABEL_VALUE_MOST + 1);
		cut[LABEL_VALUE_MOST + 1] = '\0';
		text_cut_utf8(cut, LABEL_VALUE_MOST);
		value = cut;
		length = strlen(cut);
	}
	if (length > room)
		length = room;
	memcpy(to, value, length);
	return length;
}

/* The label values of ARGS, each cut, as one key. */
static void make_key(enum metric metric, va_list args, char key[static METRICS_LABELS_MOST])
{
	size_t used = 0;

	memset(key, 0, METRICS_LABELS_MOST);
	for (size_t i = 0; i < METRICS_LABEL_NAMES && metrics_table[metric].labels[i] != NULL; i++) {
		if (i > 0 && used < METRICS_LABELS_MOST - 1)
			key[used++] = METRICS_SEPARATOR;
		used += put_value(key + used, METRICS_LABELS_MOST - 1 - used, va_arg(args, const char *));
	}
}

void metrics_add(struct metrics *metrics, enum metric metric, uint64_t amount, ...)
{
	char key[METRICS_LABELS_MOST];
	struct metrics_slot *slot;
	va_list args;

	assert(metrics_table[metric].kind == METRIC_COUNTER);
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

	assert(metrics_table[metric].kind == METRIC_COUNTER || metrics_table[metric].kind == METRIC_GAUGE);
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
	const uint64_t *bounds = metrics_table[metric].bounds;
	char key[METRICS_LABELS_MOST];
	struct metrics_slot *slot;
	size_t bucket = 0;
	va_list args;

	assert(metrics_table[metric].kind == METRIC_HISTOGRAM);
	if (metrics == NULL)
		return;
	va_start(args, us);
	make_key(metric, args, key);
	va_end(args);
	slot = metrics_slot(metrics, (uint32_t)metric, key);
	if (slot == NULL)
		return;
	while (bucket < METRICS_BOUNDS && bounds[bucket] != 0 && us > bounds[bucket])
		bucket++;
	atomic_fetch_add_explicit(&slot->values[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&slot->values[METRICS_SUM], us, memory_order_relaxed);
}

void metrics_clear(struct metrics *metrics, enum metric metric)
{
	char key[METRICS_LABELS_MOST];

	assert(metrics_table[metric].kind == METRIC_GAUGE);
	for (size_t i = 0; metrics != NULL && i < METRICS_SLOTS; i++) {
		struct metrics_slot *slot = metrics_slot_at(metrics, i, (uint32_t)metric, key);

		if (slot != NULL)
			atomic_store_explicit(&slot->values[0], 0, memory_order_relaxed);
	}
}

void metrics_shift(struct metrics *metrics, enum metric metric, int by)
{
	struct metrics_process *own = metrics == NULL ? NULL : metrics_process(metrics);

	assert(metrics_table[metric].kind == METRIC_OWN);
	if (own != NULL)
		atomic_fetch_add_explicit(&own->open[metric], by, memory_order_relaxed);
}
