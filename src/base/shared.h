/* SPDX-License-Identifier: MIT */
/*
 * A file that several processes map to share what is in it. Whoever comes first makes it, all zeroes behind its head;
 * where it has another layout, perhaps still mapped by an older program, that keeps its file and a new one takes the
 * name. Processes that come at the same time wait for each other. Thread-safe.
 */
#ifndef TONEARM_BASE_SHARED_H
#define TONEARM_BASE_SHARED_H

#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of what is shared. */
struct shared_head {
	_Atomic uint64_t magic; /* whose it is, and the version of its layout; written last when the file is made */
	_Atomic uint64_t size;  /* of the whole */
	_Atomic uint64_t mark;  /* what else the layout depends on */
};

/* What is mapped, and the descriptor of the file, which may be closed. */
struct shared {
	void *address;
	int fd;
};

/*
 * Maps PATH as SIZE bytes. OUT is for munmap() and close(). Its space on the disk is taken, so that writing to it cannot
 * fail. ERR_IO, ERR_NO_SPACE; ERR_BUSY when programs of several versions start over and over.
 */
enum err shared_open(const char *path, uint64_t magic, uint64_t mark, size_t size, struct shared *out,
	struct err_info *info);

#endif
