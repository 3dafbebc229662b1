/* SPDX-License-Identifier: MIT */
#include "http/deliver.h"

#include "base/clock.h"
#include "base/id.h"
#include "http/condition.h"
#include "http/range.h"
#include "http/url.h"
#include "observe/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, PIECE_LEAST = 4096, BOUNDARY_BYTES = 16 };

/* An open file and the part of it that is the representation, or bytes in memory. */
struct source {
	int fd;
	uint64_t offset, size;
	char *piece;
	const char *bytes; /* NULL: the file */
	const struct deliver_feed *feed; /* in place of `fd`; NULL: none */
	int64_t rate;      /* bytes per second, 0: no limit */
	int64_t started_us;
	uint64_t sent;
};

/* As much at a time as keeps the rate even. */
static size_t piece_most(const struct source *source)
{
	uint64_t quarter = (uint64_t)source->rate / 4;

	if (source->rate == 0 || quarter > PIECE)
		return PIECE;
	return quarter < PIECE_LEAST ? PIECE_LEAST : (size_t)quarter;
}

/*
 * Waits until what was sent, less a second's worth, is what the rate allows. Who is told to stop sends the rest without
 * waiting.
 */
static void keep_rate(struct response *response, struct source *source)
{
	int64_t due_us;

	if (source->rate == 0)
		return;
	due_us = source->started_us + (int64_t)((double)source->sent * 1e6 / (double)source->rate) - 1000000;
	for (int64_t now = clock_monotonic_us(); now < due_us; now = clock_monotonic_us()) {
		if (!response_flush(response) || !response_wait(response, (int)((due_us - now) / 1000) + 1)) {
			source->rate = 0;
			return;
		}
	}
}

/*
 * True when bytes FIRST to LAST of the representation can be read, as those of a file always can. Otherwise the answer is
 * sent, or breaks off.
 */
static bool seek_source(struct response *response, const struct source *source, struct range range)
{
	struct err_info info = {0};

	if (source->feed == NULL || response->request->method == HTTP_HEAD ||
		source->feed->seek(source->feed->context, source->offset + range.first, range.last - range.first + 1,
			&info) == ERR_OK)
		return true;
	response_error(response, &info);
	return false;
}

static ssize_t read_source(const struct source *source, void *out, size_t room, uint64_t at)
{
	ssize_t got;

	if (source->feed != NULL)
		return source->feed->read(source->feed->context, out, room);
	do
		got = pread(source->fd, out, room, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Sends bytes FIRST to LAST of the representation, to which SOURCE was sought; less when the file has shrunk or the client is gone. */
static void send_range(struct response *response, struct source *source, struct range range)
{
	uint64_t at = source->offset + range.first;
	uint64_t left = range.last - range.first + 1;

	if (source->bytes != NULL) {
		response_write(response, source->bytes + range.first, (size_t)left);
		return;
	}
	while (left > 0) {
		size_t most = piece_most(source);
		size_t want = left < most ? (size_t)left : most;
		ssize_t got = read_source(source, source->piece, want, at);

		if (got <= 0) {
			response_problem(response, ERR_IO, "the file has become shorter"); /* breaks off */
			return;
		}
		if (!response_write(response, source->piece, (size_t)got))
			return;
		at += (uint64_t)got;
		left -= (uint64_t)got;
		source->sent += (uint64_t)got;
		if (left > 0)
			keep_rate(response, source);
	}
}

static void begin_with_length(struct response *response, uint64_t length)
{
	response_headerf(response, "Content-Length", "%" PRIu64, length);
	response_begin(response);
}

static void send_whole(struct response *response, const struct deliverable *file, struct source *source)
{
	struct range all = {0, source->size - 1};

	if (source->size > 0 && !seek_source(response, source, all))
		return;
	response_status(response, 200);
	response_header(response, "Content-Type", file->type);
	begin_with_length(response, source->size);
	if (source->size > 0 && response->request->method != HTTP_HEAD)
		send_range(response, source, all);
}

static void send_single(struct response *response, const struct deliverable *file, struct source *source,
	struct range range)
{
	if (!seek_source(response, source, range))
		return;
	response_status(response, 206);
	response_header(response, "Content-Type", file->type);
	response_headerf(response, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first, range.last,
		source->size);
	begin_with_length(response, range.last - range.first + 1);
	send_range(response, source, range);
}

/* multipart/byteranges, RFC 9110 section 14.6. */
static void send_several(struct response *response, const struct deliverable *file, struct source *source,
	const struct range *ranges, size_t count)
{
	struct arena *arena = response->request->arena;
	char boundary[2 * BOUNDARY_BYTES + 1];
	const char *heads[RANGE_MOST];
	const char *tail;
	uint64_t length;

	id_random_hex(BOUNDARY_BYTES, boundary);
	tail = arena_printf(arena, "\r\n--%s--\r\n", boundary);
	length = strlen(tail);
	for (size_t i = 0; i < count; i++) {
		heads[i] = arena_printf(arena,
			"%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
			i == 0 ? "" : "\r\n", boundary, file->type, ranges[i].first, ranges[i].last, source->size);
		length += strlen(heads[i]) + (ranges[i].last - ranges[i].first + 1);
	}
	if (!seek_source(response, source, ranges[0]))
		return;
	response_status(response, 206);
	response_headerf(response, "Content-Type", "multipart/byteranges; boundary=%s", boundary);
	begin_with_length(response, length);
	for (size_t i = 0; i < count && response_write(response, heads[i], strlen(heads[i])); i++) {
		if (i > 0 && !seek_source(response, source, ranges[i]))
			return;
		send_range(response, source, ranges[i]);
	}
	response_write(response, tail, strlen(tail));
}

static bool asks_for(const struct request *request, const char *mode)
{
	return strcmp(request->delivery, mode) == 0;
}

/* What the request asks for of SIZE bytes. Range means something for GET alone (RFC 9110 section 14.2). */
static enum range_result select_ranges(const struct request *request, const struct deliverable *file, uint64_t size,
	struct range ranges[static RANGE_MOST], size_t *count)
{
	*count = 0;
	if (request->method != HTTP_GET || !condition_range(request, file->etag, file->modified))
		return RANGE_NONE;
	return range_parse(request_header(request, "range"), size, ranges, count);
}

uint64_t deliver_asked(const struct request *request, const struct deliverable *file, uint64_t size)
{
	bool by_nginx = file->length == 0 && asks_for(request, "xaccel");
	struct range ranges[RANGE_MOST];
	uint64_t asked = 0;
	size_t count;

	/* nginx compares If-Range with a tag of its own. */
	if ((by_nginx && request_header(request, "if-range") != NULL) ||
		select_ranges(request, file, size, ranges, &count) != RANGE_OK)
		return size;
	for (size_t i = 0; i < count; i++)
		asked += ranges[i].last - ranges[i].first + 1;
	return asked;
}

static void refuse_range(struct response *response, uint64_t size)
{
	response_headerf(response, "Content-Range", "bytes */%" PRIu64, size);
	response_problem(response, ERR_RANGE, "no byte of the range exists");
}

static void send_selected(struct response *response, const struct deliverable *file, struct source *source)
{
	struct range ranges[RANGE_MOST];
	size_t count;

	switch (select_ranges(response->request, file, source->size, ranges, &count)) {
	case RANGE_UNSATISFIABLE:
		refuse_range(response, source->size);
		break;
	case RANGE_NONE:
		send_whole(response, file, source);
		break;
	case RANGE_OK:
		if (count == 1)
			send_single(response, file, source, ranges[0]);
		else
			send_several(response, file, source, ranges, count);
	}
}

static void gone(struct response *response)
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
			gone(response);
		} else {
			err_set_errno(&info, ERR_IO, errno, "cannot open %s", file->path);
			response_error(response, &info);
		}
		return false;
	}
	if (fstat(*fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(*fd);
		gone(response);
		return false;
	}
	*size = (uint64_t)status.st_size;
	return true;
}

static void close_source(const struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
}

/* The part of the file that FILE is of; answers itself when it is not there. */
static bool open_source(struct response *response, const struct deliverable *file, struct source *source)
{
	uint64_t size;

	*source = (struct source){.fd = -1, .offset = file->offset, .feed = file->feed, .rate = file->rate};
	if (file->feed != NULL)
		size = file->feed->size;
	else if (!open_file(response, file, &source->fd, &size))
		return false;
	if (file->offset > size || file->length > size - file->offset) {
		close_source(source);
		gone(response);
		return false;
	}
	source->size = file->length > 0 ? file->length : size - file->offset;
	source->piece = arena_alloc(response->request->arena, PIECE);
	source->started_us = clock_monotonic_us();
	return true;
}

static void count_delivered(const struct response *response, const char *mode, uint64_t bytes)
{
	if (bytes > 0)
		metrics_add(response->request->metrics, METRIC_DELIVERED_BYTES, bytes, mode);
}

static void answer(struct response *response, const struct deliverable *file, struct source *source)
{
	response_header(response, "Accept-Ranges", "bytes");
	if (!response_not_modified(response, file->etag, file->modified))
		send_selected(response, file, source);
	if (response->status < 400)
		count_delivered(response, "direct", response->bytes);
}

static void deliver_direct(struct response *response, const struct deliverable *file)
{
	struct source source;

	if (!open_source(response, file, &source))
		return;
	answer(response, file, &source);
	close_source(&source);
}

/* Reads all of SOURCE into BYTES. */
static bool read_all(const struct source *source, char *bytes)
{
	size_t at = 0;

	while (at < source->size) {
		ssize_t got = read_source(source, bytes + at, source->size - at, source->offset + at);

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

const void *deliver_read(struct response *response, const struct deliverable *file)
{
	struct source source;
	char *bytes = NULL;

	if (!open_source(response, file, &source))
		return NULL;
	if (seek_source(response, &source, (struct range){0, source.size - 1})) {
		bytes = arena_alloc(response->request->arena, source.size);
		if (!read_all(&source, bytes)) {
			gone(response);
			bytes = NULL;
		}
	}
	close_source(&source);
	return bytes;
}

static bool is_stream(const struct response *response, const struct deliverable *file)
{
	return file->sound && response->request->method == HTTP_GET;
}

static void begin_stream(const struct response *response, const struct deliverable *file)
{
	struct metrics *metrics = response->request->metrics;

	if (!is_stream(response, file))
		return;
	metrics_add(metrics, METRIC_STREAMS_STARTED, 1);
	metrics_shift(metrics, METRIC_STREAMS_OPEN, 1);
}

/* Only what is sent directly has a length. */
static const char *stream_outcome(const struct response *response)
{
	if (response->status >= 400)
		return "refused";
	if (!response_whole(response))
		return "broken-off";
	if (response->status >= 300)
		return response->status == 304 ? "unchanged" : "redirected";
	return response->expected < 0 ? "handed-over" : "complete";
}

static void end_stream(const struct response *response, const struct deliverable *file)
{
	struct metrics *metrics = response->request->metrics;

	if (!is_stream(response, file))
		return;
	metrics_shift(metrics, METRIC_STREAMS_OPEN, -1);
	metrics_add(metrics, METRIC_STREAMS_ENDED, 1, stream_outcome(response));
	if (response->problem != ERR_OK)
		metrics_add(metrics, METRIC_STREAM_ERRORS, 1, err_slug(response->problem));
}

void deliver_bytes(struct response *response, const struct deliverable *file, const void *bytes, size_t length)
{
	struct source source = {.fd = -1, .size = length, .bytes = bytes};

	begin_stream(response, file);
	response_status(response, 200);
	if (file->cache_control != NULL)
		response_header(response, "Cache-Control", file->cache_control);
	answer(response, file, &source);
	end_stream(response, file);
}

/* Both headers' readers decode percent escapes. */
static const char *encode_path(const char *path, struct arena *arena)
{
	const char *out = "";

	while (*path != '\0') {
		size_t length = strcspn(path, "/");
		const char *segment = url_encode(arena_memdup(arena, path, length), arena);
		const char *slash = path[length] == '/' ? "/" : "";

		out = arena_printf(arena, "%s%s%s", out, segment, slash);
		path += length + strlen(slash);
	}
	return out;
}

/*
 * What the servers do with a file they are handed (measured with lighttpd 1.4.69, Apache 2.4 with mod_xsendfile 0.12 and
 * nginx 1.22.1): all answer Range and If-Range. lighttpd and Apache keep our ETag and Last-Modified and compare with
 * them, but overlook If-Match, and their 416 has no Content-Range; so with them conditions and unsatisfiable ranges are
 * judged here. nginx puts an ETag and a date of its own in the place of ours and judges all conditions by those; ours
 * would contradict it. It also drops our other fields but Content-Type, Content-Disposition, Cache-Control, Expires,
 * Accept-Ranges and Set-Cookie: CORS is for its configuration to add.
 */
static bool judged_here(struct response *response, const struct deliverable *file, uint64_t size)
{
	struct range ranges[RANGE_MOST];
	size_t count;

	response_header(response, "Accept-Ranges", "bytes"); /* Apache does not say so by itself */
	if (response_not_modified(response, file->etag, file->modified))
		return true;
	if (select_ranges(response->request, file, size, ranges, &count) != RANGE_UNSATISFIABLE)
		return false;
	refuse_range(response, size);
	return true;
}

/* The size of what is delivered; false, and the answer, when the file is not there. */
static bool find_size(struct response *response, const struct deliverable *file, uint64_t *size)
{
	struct stat status;

	if (lstat(file->path, &status) < 0 || !S_ISREG(status.st_mode) || file->offset > (uint64_t)status.st_size ||
		file->length > (uint64_t)status.st_size - file->offset) {
		gone(response);
		return false;
	}
	*size = file->length > 0 ? file->length : (uint64_t)status.st_size - file->offset;
	return true;
}

/* The field HEADER: VALUE in place of SIZE bytes, or of the ranges of them that the web server is asked for. */
static void hand_over(struct response *response, const struct deliverable *file, const char *header, const char *value,
	uint64_t size)
{
	const struct request *request = response->request;

	response_header(response, "Content-Type", file->type);
	response_header(response, header, value);
	response_begin(response);
	if (request->method != HTTP_HEAD)
		count_delivered(response, request->delivery, deliver_asked(request, file, size));
}

static void deliver_sendfile(struct response *response, const struct deliverable *file)
{
	uint64_t size;

	if (find_size(response, file, &size) && !judged_here(response, file, size))
		hand_over(response, file, "X-Sendfile", encode_path(file->path, response->request->arena), size);
}

static void deliver_lighttpd(struct response *response, const struct deliverable *file)
{
	struct arena *arena = response->request->arena;
	const char *path = encode_path(file->path, arena);
	uint64_t size;

	if (!find_size(response, file, &size) || judged_here(response, file, size))
		return;
	if (file->rate > 0)
		response_headerf(response, "X-LIGHTTPD-KBytes-per-second", "%" PRId64, (file->rate + 1023) / 1024);
	if (file->offset == 0 && file->length == 0)
		hand_over(response, file, "X-Sendfile", path, size);
	else
		hand_over(response, file, "X-Sendfile2",
			arena_printf(arena, "%s %" PRIu64 "-%" PRIu64, path, file->offset, file->offset + size - 1), size);
}

static void deliver_accel(struct response *response, const struct deliverable *file)
{
	struct arena *arena = response->request->arena;
	const char *prefix = request_parameter(response->request, "TONEARM_ACCEL_PREFIX");
	uint64_t size;

	if (!find_size(response, file, &size))
		return;
	if (file->rate > 0)
		response_headerf(response, "X-Accel-Limit-Rate", "%" PRId64, file->rate);
	hand_over(response, file, "X-Accel-Redirect",
		arena_printf(arena, "%s%s", prefix == NULL ? "/_tonearm" : prefix, encode_path(file->accel_path, arena)),
		size);
}

/* 302: who is sent there now may be sent elsewhere tomorrow. */
static void deliver_redirect(struct response *response, const struct deliverable *file)
{
	response_status(response, 302);
	response_header(response, "Location", file->location);
	response_header(response, "Cache-Control", "no-store");
	response_header(response, "Content-Length", "0");
	response_begin(response);
}

const char *deliver_told(const struct request *request)
{
	const char *told = request_parameter(request, "TONEARM_DELIVERY");

	return told == NULL || *told == '\0' || strcmp(told, "auto") == 0 ? NULL : told;
}

void deliver_file(struct response *response, const struct deliverable *file)
{
	const struct request *request = response->request;
	bool whole = file->offset == 0 && file->length == 0;

	begin_stream(response, file);
	response_status(response, 200);
	if (file->cache_control != NULL)
		response_header(response, "Cache-Control", file->cache_control);
	if (file->moved_path != NULL || file->feed != NULL)
		deliver_direct(response, file);
	else if (asks_for(request, "lighttpd"))
		deliver_lighttpd(response, file);
	else if (whole && asks_for(request, "xsendfile"))
		deliver_sendfile(response, file);
	else if (whole && asks_for(request, "xaccel") && file->accel_path != NULL)
		deliver_accel(response, file);
	else if (whole && asks_for(request, "redirect") && file->location != NULL)
		deliver_redirect(response, file);
	else
		deliver_direct(response, file);
	end_stream(response, file);
}
