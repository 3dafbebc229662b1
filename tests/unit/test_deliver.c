/* SPDX-License-Identifier: MIT */
#include "http/deliver.h"

#include "base/clock.h"
#include "base/fs.h"
#include "fcgi_client.h"
#include "memory_transport.h"
#include "vectors.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char etag[] = "\"abc\"";
static const int64_t modified = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
static char folder[] = "/tmp/tonearm-test-XXXXXX";
static char path[64];
static struct deliverable file;

static void handler(struct request *request, struct response *response)
{
	(void)request;
	deliver_file(response, &file);
}

static const struct route routes[] = {{HTTP_GET, "/f", NULL, handler}};
static const struct router router = {routes, 1, NULL, NULL};
static struct serve_options options = {.program = "test", .router = &router};

static unsigned char byte_at(uint64_t i)
{
	return (unsigned char)(i * 7 + (i >> 8));
}

static void make_file(size_t size)
{
	char *bytes = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)byte_at(i);
	assert_int_equal(fs_write_file(path, bytes, size, 0600, NULL), ERR_OK);
	free(bytes);
	file = (struct deliverable){.path = path, .accel_path = "/media/t 1/f.mp4", .type = "audio/mp4", .etag = etag,
		.modified = modified, .cache_control = "max-age=60"};
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/f", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return (int)fs_remove_tree(folder, NULL);
}

/* One request with up to three headers ("HTTP_RANGE=bytes=0-1", NULL: none). */
static void ask(struct memory_transport *answer, const char *method, const char *a, const char *b, const char *c)
{
	char line[32];
	const char *params[8] = {line, "REQUEST_URI=/f"};
	const char *const extra[] = {a, b, c};
	size_t count = 2;

	snprintf(line, sizeof line, "REQUEST_METHOD=%s", method);
	for (size_t i = 0; i < 3; i++) {
		if (extra[i] != NULL)
			params[count++] = extra[i];
	}
	memory_exchange(answer, &options, params, "", 0);
	assert_true(answer->finished);
}

static int status_of(const char *a, const char *b)
{
	struct memory_transport answer;
	int status;

	ask(&answer, "GET", a, b, NULL);
	status = cgi_status(&answer.out);
	buf_free(&answer.out);
	return status;
}

static void assert_header(const struct memory_transport *answer, const char *name, const char *want)
{
	const char *value = cgi_header(&answer->out, name);

	if (want == NULL) {
		assert_null(value);
		return;
	}
	assert_non_null(value);
	assert_string_equal(value, want);
	assert_int_equal(cgi_header_count(&answer->out, name), 1);
}

static void assert_bytes(const char *body, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		assert_int_equal((unsigned char)body[i - first], byte_at(i));
}

static void test_whole(void **state)
{
	struct memory_transport answer;
	size_t length;

	(void)state;
	make_file(200000);
	ask(&answer, "GET", NULL, NULL, NULL);
	assert_int_equal(cgi_status(&answer.out), 200);
	assert_header(&answer, "Content-Length", "200000");
	assert_header(&answer, "Content-Type", "audio/mp4");
	assert_header(&answer, "ETag", etag);
	assert_header(&answer, "Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_header(&answer, "Cache-Control", "max-age=60");
	assert_header(&answer, "Accept-Ranges", "bytes");
	assert_bytes(cgi_body(&answer.out, &length), 0, 199999);
	assert_int_equal(length, 200000);
	assert_true(answer.complete);
	buf_free(&answer.out);
	ask(&answer, "HEAD", NULL, NULL, NULL);
	assert_header(&answer, "Content-Length", "200000");
	cgi_body(&answer.out, &length);
	assert_int_equal(length, 0);
	assert_true(answer.complete);
	buf_free(&answer.out);
	make_file(0);
	ask(&answer, "GET", NULL, NULL, NULL);
	assert_header(&answer, "Content-Length", "0");
	buf_free(&answer.out);
}

static void test_several_ranges(void **state)
{
	struct memory_transport answer;
	const char *body, *part, *boundary;
	size_t length;
	char line[96];

	(void)state;
	make_file(1000);
	ask(&answer, "GET", "HTTP_RANGE=bytes=0-1, -2,500-599,2000-", NULL, NULL);
	assert_int_equal(cgi_status(&answer.out), 206);
	assert_header(&answer, "Content-Range", NULL);
	boundary = strstr(cgi_header(&answer.out, "Content-Type"), "boundary=");
	assert_non_null(boundary);
	snprintf(line, sizeof line, "--%s\r\n", boundary + strlen("boundary="));
	body = cgi_body(&answer.out, &length);
	assert_int_equal(length, strtoull(cgi_header(&answer.out, "Content-Length"), NULL, 10));
	assert_memory_equal(body, line, strlen(line));
	part = strstr(body, "Content-Range: bytes 0-1/1000\r\n\r\n");
	assert_non_null(part);
	assert_bytes(strstr(part, "\r\n\r\n") + 4, 0, 1);
	part = memmem(body, length, "Content-Range: bytes 998-999/1000", 33);
	assert_non_null(part);
	assert_bytes(strstr(part, "\r\n\r\n") + 4, 998, 999);
	part = memmem(body, length, "Content-Range: bytes 500-599/1000", 33);
	assert_non_null(part);
	assert_bytes(strstr(part, "\r\n\r\n") + 4, 500, 599);
	line[strlen(line) - 2] = '\0';
	strcat(line, "--\r\n");
	assert_memory_equal(body + length - strlen(line), line, strlen(line));
	buf_free(&answer.out);
}

/* RFC 9110 section 13.2.2, in its order. */
static void test_conditions(void **state)
{
	static const struct {
		const char *a, *b;
		int status;
	} cases[] = {
		{"HTTP_IF_NONE_MATCH=\"abc\"", NULL, 304},
		{"HTTP_IF_NONE_MATCH=W/\"abc\"", NULL, 304},
		{"HTTP_IF_NONE_MATCH=\"x\", W/\"y,z\",\"abc\"", NULL, 304},
		{"HTTP_IF_NONE_MATCH=*", NULL, 304},
		{"HTTP_IF_NONE_MATCH=\"abd\"", NULL, 200},
		{"HTTP_IF_NONE_MATCH=abc", NULL, 200},
		{"HTTP_IF_NONE_MATCH=\"abc", NULL, 200},
		{"HTTP_IF_NONE_MATCH=\"abd\"", "HTTP_IF_MODIFIED_SINCE=Sun, 06 Nov 1994 08:49:37 GMT", 200},
		{"HTTP_IF_MODIFIED_SINCE=Sun, 06 Nov 1994 08:49:37 GMT", NULL, 304},
		{"HTTP_IF_MODIFIED_SINCE=Sunday, 06-Nov-94 08:49:38 GMT", NULL, 304},
		{"HTTP_IF_MODIFIED_SINCE=Sun Nov  6 08:49:36 1994", NULL, 200},
		{"HTTP_IF_MODIFIED_SINCE=yesterday", NULL, 200},
		{"HTTP_IF_MATCH=\"abc\"", NULL, 200},
		{"HTTP_IF_MATCH=*", NULL, 200},
		{"HTTP_IF_MATCH=W/\"abc\"", NULL, 412},
		{"HTTP_IF_MATCH=\"x\"", "HTTP_IF_NONE_MATCH=\"abc\"", 412},
		{"HTTP_IF_MATCH=\"abc\"", "HTTP_IF_UNMODIFIED_SINCE=Sun, 06 Nov 1994 08:49:36 GMT", 200},
		{"HTTP_IF_UNMODIFIED_SINCE=Sun, 06 Nov 1994 08:49:36 GMT", NULL, 412},
		{"HTTP_IF_UNMODIFIED_SINCE=Sun, 06 Nov 1994 08:49:37 GMT", NULL, 200},
		{"HTTP_IF_NONE_MATCH=\"abc\"", "HTTP_RANGE=bytes=0-4", 304},
		{"HTTP_IF_RANGE=\"abc\"", "HTTP_RANGE=bytes=0-4", 206},
		{"HTTP_IF_RANGE=\"old\"", "HTTP_RANGE=bytes=0-4", 200},
		{"HTTP_IF_RANGE=W/\"abc\"", "HTTP_RANGE=bytes=0-4", 200},
		{"HTTP_IF_RANGE=\"old\"", "HTTP_RANGE=bytes=100-", 200},
		{"HTTP_IF_RANGE=Sun, 06 Nov 1994 08:49:37 GMT", "HTTP_RANGE=bytes=0-4", 206},
		{"HTTP_IF_RANGE=Sun, 06 Nov 1994 08:49:38 GMT", "HTTP_RANGE=bytes=0-4", 200},
		{"HTTP_IF_RANGE=nonsense", "HTTP_RANGE=bytes=0-4", 200},
	};

	(void)state;
	make_file(11);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int status = status_of(cases[i].a, cases[i].b);

		if (status != cases[i].status)
			fail_msg("%s: %d instead of %d", cases[i].a, status, cases[i].status);
	}
}

static void test_not_modified_fields(void **state)
{
	struct memory_transport answer;
	size_t length;

	(void)state;
	make_file(11);
	ask(&answer, "GET", "HTTP_IF_NONE_MATCH=\"abc\"", NULL, NULL);
	assert_header(&answer, "ETag", etag);
	assert_header(&answer, "Cache-Control", "max-age=60");
	assert_header(&answer, "Content-Length", NULL);
	assert_header(&answer, "Content-Type", NULL);
	cgi_body(&answer.out, &length);
	assert_int_equal(length, 0);
	assert_true(answer.complete);
	buf_free(&answer.out);
}

static void test_slice(void **state)
{
	struct memory_transport answer;
	size_t length;

	(void)state;
	make_file(1000);
	file.offset = 100;
	file.length = 200;
	ask(&answer, "GET", "HTTP_RANGE=bytes=-50", "TONEARM_DELIVERY=xsendfile", NULL);
	assert_int_equal(cgi_status(&answer.out), 206);
	assert_header(&answer, "Content-Range", "bytes 150-199/200");
	assert_bytes(cgi_body(&answer.out, &length), 250, 299);
	assert_int_equal(length, 50);
	buf_free(&answer.out);
	file.length = 901; /* one byte more than there is */
	assert_int_equal(status_of(NULL, NULL), 404);
	file.offset = 1001;
	file.length = 1;
	assert_int_equal(status_of(NULL, NULL), 404);
}

static void test_not_a_file(void **state)
{
	char other[80];

	(void)state;
	make_file(5);
	unlink(path);
	assert_int_equal(status_of(NULL, NULL), 404);
	assert_int_equal(status_of("TONEARM_DELIVERY=xsendfile", NULL), 404);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(status_of(NULL, NULL), 404);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(status_of(NULL, NULL), 404);
	unlink(path);
	snprintf(other, sizeof other, "%s/other", folder);
	assert_int_equal(fs_write_file(other, "secret", 6, 0600, NULL), ERR_OK);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(status_of(NULL, NULL), 404);
	unlink(path);
}

/* The file is cut while its first bytes go out. */
static bool cut_on_write(struct transport *transport, const void *bytes, size_t length)
{
	struct memory_transport *memory = (struct memory_transport *)transport;

	if (memory->out.length > 0)
		assert_int_equal(truncate(path, 100000), 0);
	buf_put(&memory->out, bytes, length);
	return true;
}

static void test_shrinks(void **state)
{
	static const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/f", NULL};
	struct memory_transport answer;
	struct transport_class class;
	struct arena arena = {0};
	size_t length;

	(void)state;
	make_file(500000);
	memory_transport_init(&answer, params, "", 0);
	class = *answer.base.class;
	class.write = cut_on_write;
	answer.base.class = &class;
	transport_handle(&answer.base, &options, &arena);
	arena_free(&arena);
	cgi_body(&answer.out, &length);
	assert_int_equal(length, 100000);
	assert_true(answer.finished);
	assert_false(answer.complete);
	buf_free(&answer.out);
}

static void test_client_goes(void **state)
{
	static const char *const params[] = {"REQUEST_METHOD=GET", "REQUEST_URI=/f", NULL};
	struct memory_transport answer;
	struct arena arena = {0};

	(void)state;
	make_file(500000);
	memory_transport_init(&answer, params, "", 0);
	answer.most = 200000;
	transport_handle(&answer.base, &options, &arena);
	arena_free(&arena);
	assert_true(answer.finished);
	assert_false(answer.complete);
	buf_free(&answer.out);
}

/* What gives bytes in place of a file: those of byte_at(), a few at a time, and none from `ends` on. */
static struct feeder {
	uint64_t at, left, ends;
	int seeks;
} feeder;

static enum err feed_seek(void *context, uint64_t first, uint64_t length, struct err_info *info)
{
	struct feeder *of = context;

	of->seeks++;
	of->at = first;
	of->left = length;
	return first < of->ends ? ERR_OK : err_set(info, ERR_BUSY, "nothing comes");
}

static ssize_t feed_read(void *context, void *out, size_t room)
{
	struct feeder *of = context;
	size_t count = 0;

	assert_true(of->left > 0);
	for (; count < room && count < 777 && of->at < of->ends && of->left > 0; of->left--)
		((unsigned char *)out)[count++] = byte_at(of->at++);
	return (ssize_t)count;
}

static void feed_file(uint64_t size, uint64_t ends)
{
	static struct deliver_feed feed;

	make_file(0);
	assert_int_equal(unlink(path), 0);
	feed = (struct deliver_feed){.size = size, .seek = feed_seek, .read = feed_read, .context = &feeder};
	feeder = (struct feeder){.ends = ends};
	file.feed = &feed;
}

static void test_feed(void **state)
{
	struct memory_transport answer;
	const char *body;
	size_t length;

	(void)state;
	feed_file(5000, 5000);
	options.delivery = "lighttpd";
	ask(&answer, "GET", NULL, NULL, NULL);
	options.delivery = NULL;
	assert_int_equal(cgi_status(&answer.out), 200);
	body = cgi_body(&answer.out, &length);
	assert_int_equal(length, 5000);
	assert_bytes(body, 0, 4999);
	assert_true(answer.complete);
	buf_free(&answer.out);
	ask(&answer, "HEAD", NULL, NULL, NULL);
	assert_header(&answer, "Content-Length", "5000");
	buf_free(&answer.out);
	assert_int_equal(feeder.seeks, 1);
	ask(&answer, "GET", "HTTP_RANGE=bytes=0-1,4998-4999", NULL, NULL);
	assert_int_equal(cgi_status(&answer.out), 206);
	assert_true(answer.complete);
	assert_int_equal(feeder.seeks, 3);
	buf_free(&answer.out);
	file.offset = 1000;
	file.length = 2000;
	ask(&answer, "GET", "HTTP_RANGE=bytes=10-19", NULL, NULL);
	assert_header(&answer, "Content-Range", "bytes 10-19/2000");
	assert_bytes(cgi_body(&answer.out, &length), 1010, 1019);
	buf_free(&answer.out);
}

static void test_feed_that_fails(void **state)
{
	struct memory_transport answer;
	size_t length;

	(void)state;
	feed_file(5000, 0);
	ask(&answer, "GET", NULL, NULL, NULL);
	assert_int_equal(cgi_status(&answer.out), 503);
	assert_header(&answer, "Cache-Control", "no-store");
	assert_header(&answer, "ETag", NULL);
	buf_free(&answer.out);
	feed_file(5000, 4999);
	ask(&answer, "GET", NULL, NULL, NULL);
	assert_int_equal(cgi_status(&answer.out), 200);
	cgi_body(&answer.out, &length);
	assert_int_equal(length, 4999);
	assert_false(answer.complete);
	buf_free(&answer.out);
}

static void test_hand_over(void **state)
{
	struct memory_transport answer;
	size_t length;

	(void)state;
	make_file(1000);
	ask(&answer, "GET", "TONEARM_DELIVERY=xsendfile", "HTTP_RANGE=bytes=0-4", NULL);
	assert_int_equal(cgi_status(&answer.out), 200);
	assert_header(&answer, "X-Sendfile", path);
	assert_header(&answer, "Content-Type", "audio/mp4");
	assert_header(&answer, "Content-Length", NULL);
	assert_header(&answer, "Content-Range", NULL);
	cgi_body(&answer.out, &length);
	assert_int_equal(length, 0);
	assert_header(&answer, "ETag", etag);
	buf_free(&answer.out);
	assert_int_equal(status_of("TONEARM_DELIVERY=xsendfile", "HTTP_IF_NONE_MATCH=\"abc\""), 304);
	assert_int_equal(status_of("TONEARM_DELIVERY=xsendfile", "HTTP_IF_MATCH=\"x\""), 412);
	assert_int_equal(status_of("TONEARM_DELIVERY=xsendfile", "HTTP_RANGE=bytes=999999-"), 416);
	ask(&answer, "GET", "TONEARM_DELIVERY=xaccel", "HTTP_IF_NONE_MATCH=\"abc\"", NULL);
	assert_header(&answer, "ETag", NULL); /* nginx has its own and compares with that */
	assert_header(&answer, "X-Accel-Redirect", "/_tonearm/media/t%201/f.mp4");
	buf_free(&answer.out);
	ask(&answer, "GET", "TONEARM_DELIVERY=xaccel", "TONEARM_ACCEL_PREFIX=/inside", NULL);
	assert_header(&answer, "X-Accel-Redirect", "/inside/media/t%201/f.mp4");
	buf_free(&answer.out);
}

/* What goes out is counted, whoever sends it: of a file that is handed over what the listener asks for of it. */
static void test_counted(void **state)
{
	static const struct {
		const char *delivery, *range, *condition, *line;
	} cases[] = {
		{"TONEARM_DELIVERY=xaccel", "HTTP_RANGE=bytes=0-4,10-19", NULL, "{mode=\"xaccel\"} 15\n"},
		{"TONEARM_DELIVERY=xaccel", "HTTP_RANGE=bytes=0-4", "HTTP_IF_RANGE=\"abc\"", "{mode=\"xaccel\"} 1015\n"},
		{"TONEARM_DELIVERY=xsendfile", "HTTP_RANGE=bytes=0-4", "HTTP_IF_RANGE=\"abc\"", "{mode=\"xsendfile\"} 5\n"},
		{"TONEARM_DELIVERY=xsendfile", "HTTP_RANGE=bytes=0-4", "HTTP_IF_RANGE=\"x\"", "{mode=\"xsendfile\"} 1005\n"},
		{"TONEARM_DELIVERY=lighttpd", "HTTP_RANGE=bytes=-3", NULL, "{mode=\"lighttpd\"} 3\n"},
		{"TONEARM_DELIVERY=lighttpd", NULL, NULL, "{mode=\"lighttpd\"} 1003\n"},
		{"TONEARM_DELIVERY=direct", "HTTP_RANGE=bytes=0-0", NULL, "{mode=\"direct\"} 1\n"},
	};
	char name[64];

	(void)state;
	make_file(1000);
	snprintf(name, sizeof name, "%s/metrics", folder);
	assert_int_equal(metrics_open(name, &options.metrics, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct memory_transport answer;
		struct buf text;

		ask(&answer, "GET", cases[i].delivery, cases[i].range, cases[i].condition);
		buf_free(&answer.out);
		buf_init(&text, 1 << 20);
		metrics_write(options.metrics, &text);
		if (strstr(buf_text(&text), cases[i].line) == NULL)
			fail_msg("no %s: %.300s", cases[i].line, strstr(buf_text(&text), "tonearm_delivered_bytes"));
		buf_free(&text);
	}
	metrics_close(options.metrics);
	options.metrics = NULL;
}

static bool entry_matches(json_t *entry, const struct memory_transport *answer)
{
	const char *content_range = json_string_value(json_object_get(entry, "content_range"));
	json_t *body_length = json_object_get(entry, "body_len");
	json_t *content_length = json_object_get(entry, "content_length");
	json_t *range = json_array_get(json_object_get(entry, "ranges"), 0);
	const char *should = json_string_value(json_object_get(json_object_get(entry, "should"), "content_range"));
	bool status_good = cgi_status(&answer->out) == json_integer_value(json_object_get(entry, "status"));
	const char *got_range = cgi_header(&answer->out, "Content-Range");
	size_t length;
	const char *body = cgi_body(&answer->out, &length);

	if (!status_good)
		return false;
	content_range = content_range == NULL ? should : content_range;
	if (content_range != NULL && (got_range == NULL || strcmp(got_range, content_range) != 0))
		return false;
	if (content_range == NULL && got_range != NULL)
		return false;
	if (body_length != NULL && length != (size_t)json_integer_value(body_length))
		return false;
	if (content_length != NULL &&
		atoll(cgi_header(&answer->out, "Content-Length")) != json_integer_value(content_length))
		return false;
	if (range != NULL)
		assert_bytes(body, (uint64_t)json_integer_value(json_array_get(range, 0)),
			(uint64_t)json_integer_value(json_array_get(range, 1)));
	return true;
}

static void run_vector(json_t *test)
{
	const char *range = json_string_value(json_object_get(json_object_get(test, "headers"), "Range"));
	json_t *accept = json_object_get(test, "accept");
	struct memory_transport answer;
	char header[256];
	bool good = false;

	make_file((size_t)json_integer_value(json_object_get(test, "size")));
	snprintf(header, sizeof header, "HTTP_RANGE=%s", range == NULL ? "" : range);
	ask(&answer, json_string_value(json_object_get(test, "method")), range == NULL ? NULL : header, NULL, NULL);
	for (size_t i = 0; i < json_array_size(accept); i++)
		good |= entry_matches(json_array_get(accept, i), &answer);
	if (!good)
		fail_msg("%s: %s", json_string_value(json_object_get(test, "id")), buf_text(&answer.out));
	buf_free(&answer.out);
}

static void test_vectors(void **state)
{
	char name[4096];
	json_t *root;
	json_t *cases;

	(void)state;
	assert_true(vector_path("range/cases.json", name, sizeof name));
	root = json_load_file(name, 0, NULL);
	cases = json_object_get(root, "cases");
	assert_true(json_array_size(cases) > 20);
	for (size_t i = 0; i < json_array_size(cases); i++)
		run_vector(json_array_get(cases, i));
	json_decref(root);
}

static void test_lighttpd(void **state)
{
	struct memory_transport answer;
	char slice[128];

	(void)state;
	make_file(1000);
	snprintf(slice, sizeof slice, "%s 100-299", path);
	file.rate = 24001;
	ask(&answer, "GET", "TONEARM_DELIVERY=lighttpd", NULL, NULL);
	assert_header(&answer, "X-Sendfile", path);
	assert_header(&answer, "X-LIGHTTPD-KBytes-per-second", "24");
	buf_free(&answer.out);
	file.offset = 100;
	file.length = 200;
	ask(&answer, "GET", "TONEARM_DELIVERY=lighttpd", "HTTP_RANGE=bytes=0-9", NULL);
	assert_int_equal(cgi_status(&answer.out), 200);
	assert_header(&answer, "X-Sendfile", NULL);
	assert_header(&answer, "X-Sendfile2", slice);
	assert_header(&answer, "ETag", etag);
	assert_header(&answer, "Accept-Ranges", "bytes");
	buf_free(&answer.out);
	/* A range is one of the slice. */
	assert_int_equal(status_of("TONEARM_DELIVERY=lighttpd", "HTTP_RANGE=bytes=200-"), 416);
	assert_int_equal(status_of("TONEARM_DELIVERY=lighttpd", "HTTP_IF_NONE_MATCH=\"abc\""), 304);
	file.length = 901;
	assert_int_equal(status_of("TONEARM_DELIVERY=lighttpd", NULL), 404);
	/* What still grows lies where the server may not look. */
	file.length = 200;
	file.moved_path = "/nonexistent";
	ask(&answer, "GET", "TONEARM_DELIVERY=lighttpd", NULL, NULL);
	assert_header(&answer, "X-Sendfile2", NULL);
	assert_header(&answer, "Content-Length", "200");
	buf_free(&answer.out);
}

static void test_redirect(void **state)
{
	struct memory_transport answer;

	(void)state;
	make_file(1000);
	file.location = "https://edge.example.org/media/t/f.mp4?expires=1&grant=2";
	ask(&answer, "GET", "TONEARM_DELIVERY=redirect", "HTTP_RANGE=bytes=0-4", NULL);
	assert_int_equal(cgi_status(&answer.out), 302);
	assert_header(&answer, "Location", file.location);
	assert_header(&answer, "Cache-Control", "no-store");
	buf_free(&answer.out);
	file.length = 100;
	assert_int_equal(status_of("TONEARM_DELIVERY=redirect", NULL), 200);
	file.length = 0;
	file.location = NULL;
	assert_int_equal(status_of("TONEARM_DELIVERY=redirect", NULL), 200);
}

static void test_who_decides(void **state)
{
	(void)state;
	make_file(1000);
	file.location = "https://edge.example.org/f.mp4";
	options.delivery = "redirect";
	assert_int_equal(status_of(NULL, NULL), 302);
	assert_int_equal(status_of("TONEARM_DELIVERY=", NULL), 302);
	assert_int_equal(status_of("TONEARM_DELIVERY=auto", NULL), 302);
	assert_int_equal(status_of("TONEARM_DELIVERY=direct", NULL), 200);
	options.delivery = NULL;
	assert_int_equal(status_of("TONEARM_DELIVERY=auto", NULL), 200);
}

/* Time has to pass for more than a second's worth of bytes, however fast the listener takes them. */
static void test_rate(void **state)
{
	struct memory_transport answer;
	int64_t began, taken;
	size_t length;

	(void)state;
	make_file(130000);
	file.rate = 100000;
	began = clock_monotonic_us();
	ask(&answer, "GET", NULL, NULL, NULL);
	taken = clock_monotonic_us() - began;
	cgi_body(&answer.out, &length);
	assert_int_equal(length, 130000);
	assert_in_range(taken, 200000, INT64_MAX);
	buf_free(&answer.out);
	ask(&answer, "GET", "TONEARM_DELIVERY=xaccel", NULL, NULL);
	assert_header(&answer, "X-Accel-Limit-Rate", "100000");
	buf_free(&answer.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_several_ranges),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_not_modified_fields),
		cmocka_unit_test(test_slice),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_client_goes),
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_feed_that_fails),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_lighttpd),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_who_decides),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_vectors),
	};

	return cmocka_run_group_tests_name("deliver", tests, setup, teardown);
}
