/* SPDX-License-Identifier: MIT */
#include "observe/metrics_file.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/shared.h"
#include "observe/metrics_table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint64_t file_magic = 0x746F6E6561726D32; /* "tonearm2": the last digit is the layout's version */

struct file {
	struct shared_head head; /* its mark is the table's */
	_Atomic uint64_t dropped;
	struct metrics_slot slots[METRICS_SLOTS];
	struct metrics_process processes[METRICS_PROCESSES];
};

struct metrics {
	struct file *file;
	int fd; /* the lock of our place is held by it */
	struct metrics_process *own;
};

enum err metrics_open(const char *path, struct metrics **out, struct err_info *info)
{
	struct shared shared;
	enum err code = shared_open(path, file_magic, metrics_table_mark(), sizeof(struct file), &shared, info);

	*out = NULL;
	if (code != ERR_OK)
		return code;
	if ((*out = malloc(sizeof **out)) == NULL)
		abort();
	**out = (struct metrics){shared.address, shared.fd, NULL};
	return ERR_OK;
}

void metrics_close(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	munmap(metrics->file, sizeof *metrics->file);
	close(metrics->fd);
	free(metrics);
}

/* The lock of place INDEX. */
static struct flock place_lock(size_t index)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = (off_t)(sizeof(struct file) + index), .l_len = 1};
}

void metrics_enter(struct metrics *metrics, const char *program)
{
	for (size_t i = 0; metrics != NULL && metrics->own == NULL && i < METRICS_PROCESSES; i++) {
		struct metrics_process *place = &metrics->file->processes[i];
		struct flock lock = place_lock(i);
		uint64_t words[METRICS_PROGRAM / 8] = {0};

		if (fcntl(metrics->fd, F_OFD_SETLK, &lock) < 0)
			continue;
		for (size_t metric = 0; metric < METRIC_COUNT; metric++)
			atomic_store(&place->open[metric], 0);
		memcpy(words, program, strnlen(program, METRICS_PROGRAM - 1));
		for (size_t word = 0; word < METRICS_PROGRAM / 8; word++)
			atomic_store(&place->program[word], words[word]);
		atomic_store(&place->started_ms, clock_ms(NULL));
		atomic_store(&place->pid, getpid());
		metrics->own = place;
	}
}

struct metrics_process *metrics_process(struct metrics *metrics)
{
	return metrics->own;
}

const struct metrics_process *metrics_process_at(struct metrics *metrics, size_t index,
	char program[static METRICS_PROGRAM])
{
	const struct metrics_process *place = &metrics->file->processes[index];
	struct flock lock = place_lock(index);

	if (atomic_load(&place->pid) == 0)
		return NULL;
	/* Our own lock is in nobody's way here. */
	if (place != metrics->own && (fcntl(metrics->fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK))
		return NULL;
	for (size_t i = 0; i < METRICS_PROGRAM / 8; i++) {
		uint64_t word = atomic_load(&place->program[i]);

		memcpy(program + i * 8, &word, 8);
	}
	program[METRICS_PROGRAM - 1] = '\0';
	return place;
}

/* Of the metric and its key, never 0. */
static uint64_t hash_key(uint32_t metric, const char *key)
{
	uint64_t hash = hash_quick(key, strlen(key), metric);

	return hash == 0 ? 1 : hash;
}

static void publish(struct metrics_slot *slot, uint32_t metric, const char *key)
{
	for (size_t i = 0; i < METRICS_LABELS_MOST / 8; i++) {
		uint64_t word;

		memcpy(&word, key + i * 8, 8);
		atomic_store_explicit(&slot->key[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(&slot->metric, metric, memory_order_relaxed);
	atomic_store_explicit(&slot->ready, 1, memory_order_release);
}

struct metrics_slot *metrics_slot(struct metrics *metrics, uint32_t metric, const char key[static METRICS_LABELS_MOST])
{
	uint64_t hash = hash_key(metric, key);

	for (size_t step = 0; step < METRICS_SLOTS; step++) {
		struct metrics_slot *slot = &metrics->file->slots[(hash + step) % METRICS_SLOTS];
		uint64_t found = atomic_load_explicit(&slot->hash, memory_order_relaxed);

		if (found == 0 && atomic_compare_exchange_strong(&slot->hash, &found, hash))
			found = hash;
		if (found != hash)
			continue;
		if (atomic_load_explicit(&slot->ready, memory_order_acquire) == 0)
			publish(slot, metric, key);
		return slot;
	}
	atomic_fetch_add_explicit(&metrics->file->dropped, 1, memory_order_relaxed);
	return NULL;
}

struct metrics_slot *metrics_slot_at(struct metrics *metrics, size_t index, uint32_t metric,
	char key[static METRICS_LABELS_MOST])
{
	struct metrics_slot *slot = &metrics->file->slots[index];

	if (atomic_load_explicit(&slot->ready, memory_order_acquire) == 0 ||
		atomic_load_explicit(&slot->metric, memory_order_relaxed) != metric)
		return NULL;
	for (size_t i = 0; i < METRICS_LABELS_MOST / 8; i++) {
		uint64_t word = atomic_load_explicit(&slot->key[i], memory_order_relaxed);

		memcpy(key + i * 8, &word, 8);
	}
	key[METRICS_LABELS_MOST - 1] = '\0';
	return slot;
}

uint64_t metrics_dropped(struct metrics *metrics)
{
	return atomic_load_explicit(&metrics->file->dropped, memory_order_relaxed);
}
