/* SPDX-License-Identifier: MIT */
#include "media/write_at.h"

#include <errno.h>
#include <unistd.h>

enum err write_at(int fd, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t n = pwrite(fd, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EFBIG)
			return err_set(info, ERR_TOO_LARGE,
				"a file grows past jobs.output_size, or past what the disk has room for: "
				"upload the sound in parts, or ask for a smaller format");
		if (n < 0)
			return err_set_errno(info, ERR_IO, errno, "a rendition cannot be written");
		at += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return ERR_OK;
}
