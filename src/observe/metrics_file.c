/* SPDX-License-Identifier: MIT */
#include "observe/metrics_file.h"

#include "base/clock.h"
#include "observe/metrics_table.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 5000, LOCK_STEP_MS = 5 };

static const uint64_t file_magic = 0x746F6E6561726D32; /* "tonearm2": the last digit is the layout's version */

/* Lock-free 64-bit atomics are what makes them work between processes. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "shared counters need lock-free 64-bit atomics");

struct file {
	_Atomic uint64_t magic; /* written last when the file is made */
	_Atomic uint64_t size;
	_Atomic uint64_t table;
	_Atomic uint64_t dropped;
	struct metrics_slot slots[METRICS_SLOTS];
	struct metrics_process processes[METRICS_PROCESSES];
};

struct metrics {
	struct file *file;
	int fd; /* the lock of our place is held by it */
	struct metrics_process *own;
};

/* flock() within LOCK_WAIT_MS; making the file takes far less. */
static int lock_file(int fd)
{
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= LOCK_WAIT_MS)
			return -1;
		poll(NULL, 0, LOCK_STEP_MS);
	}
	return 0;
}

/* Opens PATH and locks it; *FD is the file that PATH names while the lock is held. */
static enum err open_locked(const char *path, int *out, struct err_info *info)
{
	for (;;) {
		struct stat held, named;
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);

		if (fd < 0)
			return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
		if (lock_file(fd) < 0 || fstat(fd, &held) < 0) {
			enum err code = err_set_errno(info, ERR_IO, errno, "cannot lock %s", path);

			close(fd);
			return code;
		}
		if (stat(path, &named) == 0 && named.st_dev == held.st_dev && named.st_ino == held.st_ino) {
			*out = fd;
			return ERR_OK;
		}
		close(fd); /* replaced while we waited */
	}
}

static enum err map(int fd, struct file **out, struct err_info *info)
{
	void *address = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (address == MAP_FAILED)
		return err_set_errno(info, ERR_IO, errno, "cannot map the metrics");
	*out = address;
	return ERR_OK;
}

/* Space is taken now, as a full disk would kill the process on its first count later. */
static enum err initialise(int fd, struct file **out, struct err_info *info)
{
	int failed = posix_fallocate(fd, 0, sizeof **out);
	enum err code;

	if (failed != 0)
		return err_set_errno(info, ERR_IO, failed, "cannot make room for the metrics");
	code = map(fd, out, info);
	if (code == ERR_OK) {
		atomic_store(&(*out)->size, sizeof **out);
		atomic_store(&(*out)->table, metrics_table_mark());
		atomic_store(&(*out)->magic, file_magic);
	}
	return code;
}

static bool layout_matches(int fd)
{
	uint64_t header[3];
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size == (off_t)sizeof(struct file) &&
		pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header && header[0] == file_magic &&
		header[1] == sizeof(struct file) && header[2] == metrics_table_mark();
}

/* *FD is locked, and may become that of another file. */
static enum err map_or_make(const char *path, int *fd, struct file **out, struct err_info *info)
{
	struct stat status;

	if (layout_matches(*fd))
		return map(*fd, out, info);
	if (fstat(*fd, &status) == 0 && status.st_size > 0) {
		/* Another layout, perhaps still mapped by an older process: leave it that file and make our own. */
		int old = *fd;
		enum err code;

		*fd = -1;
		code = unlink(path) < 0 ? err_set_errno(info, ERR_IO, errno, "cannot replace %s", path) : ERR_OK;
		if (code == ERR_OK)
			code = open_locked(path, fd, info);
		close(old);
		if (code != ERR_OK)
			return code;
	}
	return layout_matches(*fd) ? map(*fd, out, info) : initialise(*fd, out, info);
}

enum err metrics_open(const char *path, struct metrics **out, struct err_info *info)
{
	struct file *file;
	enum err code;
	int fd;

	*out = NULL;
	code = open_locked(path, &fd, info);
	if (code != ERR_OK)
		return code;
	code = map_or_make(path, &fd, &file, info);
	if (fd >= 0)
		flock(fd, LOCK_UN);
	if (code == ERR_OK && (*out = malloc(sizeof **out)) == NULL)
		abort();
	if (code == ERR_OK)
		**out = (struct metrics){file, fd, NULL};
	else if (fd >= 0)
		close(fd);
	return code;
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

/* FNV-1a over the metric and its key, never 0. */
static uint64_t hash_key(uint32_t metric, const char *key)
{
	uint64_t hash = (14695981039346656037U ^ metric) * 1099511628211U;

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 1099511628211U;
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
