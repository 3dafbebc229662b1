/* SPDX-License-Identifier: MIT */
#include "http/content.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, PIECE_LEAST = 4096 };

/* As much at a time as keeps the rate even. */
static size_t piece_most(const struct content *content)
{
	uint64_t quarter = (uint64_t)content->rate / 4;

	if (content->rate == 0 || quarter > PIECE)
		return PIECE;
	return quarter < PIECE_LEAST ? PIECE_LEAST : (size_t)quarter;
}

/*
 * Waits until what was sent, less a second's worth, is what the rate allows. Who is told to stop sends the rest without
 * waiting.
 */
static void keep_rate(struct response *response, struct content *content)
{
	int64_t due_us;

	if (content->rate == 0)
		return;
	due_us = content->started_us + (int64_t)((double)content->sent * 1e6 / (double)content->rate) - 1000000;
	for (int64_t now = clock_monotonic_us(); now < due_us; now = clock_monotonic_us()) {
		if (!response_flush(response) || !response_wait(response, (int)((due_us - now) / 1000) + 1)) {
			content->rate = 0;
			return;
		}
	}
}

static ssize_t read_piece(const struct content *content, void *out, size_t room, uint64_t at)
{
	ssize_t got;

	if (content->feed != NULL)
		return content->feed->read(content->feed->context, out, room);
	do
		got = pread(content->fd, out, room, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got;
}

bool content_seek(struct response *response, const struct content *content, struct range range)
{
	struct err_info info = {0};

	if (content->feed == NULL || response->request->method == HTTP_HEAD ||
		content->feed->seek(content->feed->context, content->offset + range.first, range.last - range.first + 1,
			&info) == ERR_OK)
		return true;
	response_error(response, &info);
	return false;
}

void content_send(struct response *response, struct content *content, struct range range)
{
	uint64_t at = content->offset + range.first;
	uint64_t left = range.last - range.first + 1;

	if (content->bytes != NULL) {
		response_write(response, content->bytes + range.first, (size_t)left);
		return;
	}
	while (left > 0) {
		size_t most = piece_most(content);
		size_t want = left < most ? (size_t)left : most;
		ssize_t got = read_piece(content, content->piece, want, at);

		if (got <= 0) {
			response_problem(response, ERR_IO, "the file has become shorter"); /* breaks off */
			return;
		}
		if (!response_write(response, content->piece, (size_t)got))
			return;
		at += (uint64_t)got;
		left -= (uint64_t)got;
		content->sent += (uint64_t)got;
		if (left > 0)
			keep_rate(response, content);
	}
}

void content_missing(struct response *response)
{
	response_problem(response, ERR_NOT_FOUND, "there is no such file");
}

/* O_NONBLOCK: a FIFO in its place must not hold the thread. */
static int open_path(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Opens the file and finds its size; answers itself when that fails. */
static bool open_file(struct response *response, const struct deliverable *file, int *fd, uint64_t *size)
{
	struct err_info info = {0};
	struct stat status;

	*fd = open_path(file->path);
	if (*fd < 0 && errno == ENOENT && file->moved_path != NULL)
		*fd = open_path(file->moved_path);
	if (*fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
			content_missing(response);
		} else {
			err_set_errno(&info, ERR_IO, errno, "cannot open %s", file->path);
			response_error(response, &info);
		}
		return false;
	}
	if (fstat(*fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(*fd);
		content_missing(response);
		return false;
	}
	*size = (uint64_t)status.st_size;
	return true;
}

void content_close(const struct content *content)
{
	if (content->fd >= 0)
		close(content->fd);
}

bool content_slice(const struct deliverable *file, uint64_t whole, uint64_t *size)
{
	if (file->offset > whole || file->length > whole - file->offset)
		return false;
	*size = file->length > 0 ? file->length : whole - file->offset;
	return true;
}

bool content_open(struct response *response, const struct deliverable *file, struct content *content)
{
	uint64_t whole;

	*content = (struct content){.fd = -1, .offset = file->offset, .feed = file->feed, .rate = file->rate};
	if (file->feed != NULL)
		whole = file->feed->size;
	else if (!open_file(response, file, &content->fd, &whole))
		return false;
	if (!content_slice(file, whole, &content->size)) {
		content_close(content);
		content_missing(response);
		return false;
	}
	content->piece = arena_alloc(response->request->arena, PIECE);
	content->started_us = clock_monotonic_us();
	return true;
}

bool content_read(const struct content *content, char *bytes)
{
	size_t at = 0;

	while (at < content->size) {
		ssize_t got = read_piece(content, bytes + at, content->size - at, content->offset + at);

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}
