/* SPDX-License-Identifier: MIT */
/* A file in memory that a CMAF writer writes to and an index is read from. Include after cmocka.h. */
#ifndef TONEARM_TESTS_CMAF_FILE_H
#define TONEARM_TESTS_CMAF_FILE_H

#include "package/bmff.h"
#include "package/cmaf.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct cmaf_file {
	int fd;
	int writes_left; /* then ERR_NO_SPACE; negative: no limit */
};

static inline struct cmaf_file cmaf_file_open(void)
{
	struct cmaf_file file = {memfd_create("cmaf", MFD_CLOEXEC), -1};

	assert_true(file.fd >= 0);
	return file;
}

static inline enum err cmaf_file_write(
	void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	struct cmaf_file *file = context;

	if (file->writes_left == 0)
		return err_set(info, ERR_NO_SPACE, "full");
	file->writes_left -= file->writes_left > 0;
	assert_int_equal(pwrite(file->fd, bytes, length, (off_t)offset), length);
	return ERR_OK;
}

static inline struct cmaf_output cmaf_file_output(struct cmaf_file *file)
{
	return (struct cmaf_output){cmaf_file_write, file};
}

/* The whole file on the heap. */
static inline struct bmff_span cmaf_file_bytes(const struct cmaf_file *file)
{
	struct stat status;
	unsigned char *bytes;

	assert_int_equal(fstat(file->fd, &status), 0);
	bytes = malloc((size_t)status.st_size + 1);
	assert_non_null(bytes);
	assert_int_equal(pread(file->fd, bytes, (size_t)status.st_size, 0), status.st_size);
	return (struct bmff_span){.bytes = bytes, .length = (size_t)status.st_size};
}

#endif
