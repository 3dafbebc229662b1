/* SPDX-License-Identifier: MIT */
#include "http/deliver.h"

#include "base/id.h"
#include "http/condition.h"
#include "http/content.h"
#include "http/url.h"
#include "observe/metrics.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { BOUNDARY_BYTES = 16 };

static void begin_with_length(struct response *response, uint64_t length)
{
	response_headerf(response, "Content-Length", "%" PRIu64, length);
	response_begin(response);
}

static void send_whole(struct response *response, const struct deliverable *file, struct content *content)
{
	struct range all = {0, content->size - 1};

	if (content->size > 0 && !content_seek(response, content, all))
		return;
	response_status(response, 200);
	response_header(response, "Content-Type", file->type);
	begin_with_length(response, content->size);
	if (content->size > 0 && response->request->method != HTTP_HEAD)
		content_send(response, content, all);
}

static void send_single(
	struct response *response, const struct deliverable *file, struct content *content, struct range range)
{
	if (!content_seek(response, content, range))
		return;
	response_status(response, 206);
	response_header(response, "Content-Type", file->type);
	response_headerf(response, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first, range.last,
		content->size);
	begin_with_length(response, range.last - range.first + 1);
	content_send(response, content, range);
}

/* multipart/byteranges, RFC 9110 section 14.6. */
static void send_several(struct response *response, const struct deliverable *file, struct content *content,
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
			i == 0 ? "" : "\r\n", boundary, file->type, ranges[i].first, ranges[i].last, content->size);
		length += strlen(heads[i]) + (ranges[i].last - ranges[i].first + 1);
	}
	if (!content_seek(response, content, ranges[0]))
		return;
	response_status(response, 206);
	response_headerf(response, "Content-Type", "multipart/byteranges; boundary=%s", boundary);
	begin_with_length(response, length);
	for (size_t i = 0; i < count && response_write(response, heads[i], strlen(heads[i])); i++) {
		if (i > 0 && !content_seek(response, content, ranges[i]))
			return;
		content_send(response, content, ranges[i]);
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

static void send_selected(struct response *response, const struct deliverable *file, struct content *content)
{
	struct range ranges[RANGE_MOST];
	size_t count;

	switch (select_ranges(response->request, file, content->size, ranges, &count)) {
	case RANGE_UNSATISFIABLE:
		refuse_range(response, content->size);
		break;
	case RANGE_NONE:
		send_whole(response, file, content);
		break;
	case RANGE_OK:
		if (count == 1)
			send_single(response, file, content, ranges[0]);
		else
			send_several(response, file, content, ranges, count);
	}
}

static void count_delivered(const struct response *response, const char *mode, uint64_t bytes)
{
	if (bytes > 0)
		metrics_add(response->request->metrics, METRIC_DELIVERED_BYTES, bytes, mode);
}

static void answer(struct response *response, const struct deliverable *file, struct content *content)
{
	response_header(response, "Accept-Ranges", "bytes");
	if (!response_not_modified(response, file->etag, file->modified))
		send_selected(response, file, content);
	if (response->status < 400)
		count_delivered(response, "direct", response->bytes);
}

static void deliver_direct(struct response *response, const struct deliverable *file)
{
	struct content content;

	if (!content_open(response, file, &content))
		return;
	answer(response, file, &content);
	content_close(&content);
}

const void *deliver_read(struct response *response, const struct deliverable *file)
{
	struct content content;
	char *bytes = NULL;

	if (!content_open(response, file, &content))
		return NULL;
	if (content_seek(response, &content, (struct range){0, content.size - 1})) {
		bytes = arena_alloc(response->request->arena, content.size);
		if (!content_read(&content, bytes)) {
			content_missing(response);
			bytes = NULL;
		}
	}
	content_close(&content);
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
	struct content content = {.fd = -1, .size = length, .bytes = bytes};

	begin_stream(response, file);
	response_status(response, 200);
	if (file->cache_control != NULL)
		response_header(response, "Cache-Control", file->cache_control);
	answer(response, file, &content);
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
 * What the servers do with a file they are handed (measured with lighttpd 1.4.69, Apache 2.4 with mod_xsendfile 0.12
 * and nginx 1.22.1): all answer Range and If-Range. lighttpd and Apache keep our ETag and Last-Modified and compare
 * with them, but overlook If-Match, and their 416 has no Content-Range; so with them conditions and unsatisfiable
 * ranges are judged here. nginx puts an ETag and a date of its own in the place of ours and judges all conditions by
 * those; ours would contradict it. It also drops our other fields but Content-Type, Content-Disposition, Cache-Control,
 * Expires, Accept-Ranges and Set-Cookie: CORS is for its configuration to add.
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

	if (lstat(file->path, &status) == 0 && S_ISREG(status.st_mode) &&
		content_slice(file, (uint64_t)status.st_size, size))
		return true;
	content_missing(response);
	return false;
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
