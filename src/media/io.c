/* SPDX-License-Identifier: MIT */
#include "media/io.h"

#include <stdio.h>

int64_t io_seek(void *opaque, int64_t offset, int whence)
{
	struct io_place *place = opaque;

	switch (whence & ~AVSEEK_FORCE) {
	case AVSEEK_SIZE:
		return place->size;
	case SEEK_SET:
		break;
	case SEEK_CUR:
		offset += place->at;
		break;
	case SEEK_END:
		offset += place->size;
		break;
	default:
		return AVERROR(EINVAL);
	}
	if (offset < 0)
		return AVERROR(EINVAL);
	return place->at = offset;
}

int io_open_nothing(
	AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
	(void)format;
	(void)url;
	(void)flags;
	(void)options;
	*io = NULL;
	return AVERROR(EPERM);
}
