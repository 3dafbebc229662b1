/* SPDX-License-Identifier: MIT */
#include "observe/metrics_file.h"

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

static const uint64_t file_magic = 0x746F6E6561726D31; /* "tonearm1": the last digit is the layout's version */

/* Lock-free 64-bit atomics are what makes them work between processes. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "shared counters need lock-free 64-bit atomics");

struct metrics {
	_Atomic uint64_t magic; /* written last when the file is made */
	_Atomic uint64_t size;
	_Atomic uint64_t dropped;
	struct metrics_slot slots[METRICS_SLOTS];
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

static enum err map(int fd, struct metrics **out, struct err_info *info)
{
	void *address = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (address == MAP_FAILED)
		return err_set_errno(info, ERR_IO, errno, "cannot map the metrics");
	*out = address;
	return ERR_OK;
}

/* Space is taken now, as a full disk would kill the process on its first count later. */
static enum err initialise(int fd, struct metrics **out, struct err_info *info)
{
	int failed = posix_fallocate(fd, 0, sizeof **out);
	enum err code;

	if (failed != 0)
		return err_set_errno(info, ERR_IO, failed, "cannot make room for the metrics");
	code = map(fd, out, info);
	if (code == ERR_OK) {
		atomic_store(&(*out)->size, sizeof **out);
		atomic_store(&(*out)->magic, file_magic);
	}
	return code;
}

static bool layout_matches(int fd)
{
	uint64_t header[2];
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size == (off_t)sizeof(struct metrics) &&
		pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header && header[0] == file_magic &&
		header[1] == sizeof(struct metrics);
}

enum err metrics_open(const char *path, struct metrics **out, struct err_info *info)
{
	struct stat status;
	enum err code;
	int fd;

	*out = NULL;
	code = open_locked(path, &fd, info);
	if (code != ERR_OK)
		return code;
	if (layout_matches(fd)) {
		code = map(fd, out, info);
		goto out;
	}
	if (fstat(fd, &status) == 0 && status.st_size > 0) {
		/* Another layout, perhaps still mapped by an older process: leave it that file and make our own. */
		int old = fd;

		code = unlink(path) < 0 ? err_set_errno(info, ERR_IO, errno, "cannot replace %s", path) : ERR_OK;
		if (code == ERR_OK) {
			code = open_locked(path, &fd, info);
			close(old);
			if (code != ERR_OK)
				return code;
		}
	}
	if (code == ERR_OK)
		code = layout_matches(fd) ? map(fd, out, info) : initialise(fd, out, info);
out:
	flock(fd, LOCK_UN); /* a mapping keeps the file open, and so the lock, beyond close() */
	close(fd);
	return code;
}

void metrics_close(struct metrics *metrics)
{
	if (metrics != NULL)
		munmap(metrics, sizeof *metrics);
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
		struct metrics_slot *slot = &metrics->slots[(hash + step) % METRICS_SLOTS];
		uint64_t found = atomic_load_explicit(&slot->hash, memory_order_relaxed);

		if (found == 0 && atomic_compare_exchange_strong(&slot->hash, &found, hash))
			found = hash;
		if (found != hash)
			continue;
		if (atomic_load_explicit(&slot->ready, memory_order_acquire) == 0)
			publish(slot, metric, key);
		return slot;
	}
	atomic_fetch_add_explicit(&metrics->dropped, 1, memory_order_relaxed);
	return NULL;
}

const struct metrics_slot *metrics_slot_at(struct metrics *metrics, size_t index, uint32_t metric,
	char key[static METRICS_LABELS_MOST])
{
	const struct metrics_slot *slot = &metrics->slots[index];

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
	return atomic_load_explicit(&metrics->dropped, memory_order_relaxed);
}
