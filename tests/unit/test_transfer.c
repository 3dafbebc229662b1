/* SPDX-License-Identifier: MIT */
#include "storage/transfer.h"

#include "base/clock.h"
#include "http_stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct transfer_limits limits = {.connect_ms = 30000, .least_rate = 1, .slow_s = 60, .parallel = 4};

/* By the target: what a store may do to us. */
static void handle(void *context, const struct http_stub_request *request, struct buf *answer)
{
	char value[64];

	(void)context;
	if (strcmp(request->target, "/echo") == 0) {
		http_stub_header(request, "x-tone", value, sizeof value);
		buf_printf(answer, "HTTP/1.1 200 OK\r\nX-Tone: %s \r\nX-Empty:\r\nContent-Length: %zu\r\n\r\n", value,
			request->body_length);
		buf_put(answer, request->body, request->body_length);
	} else if (strcmp(request->target, "/short") == 0) {
		buf_puts(answer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nabc");
	} else if (strcmp(request->target, "/away") == 0) {
		http_stub_answer(answer, "301 Moved", "Location: /echo\r\n", "moved");
	} else if (strcmp(request->target, "/teapot") == 0) {
		http_stub_answer(answer, "418 Teapot", "", "no coffee");
	} else if (strcmp(request->target, "/a/../b//%2F") == 0) {
		http_stub_answer(answer, "200 OK", "", "as it is");
	} else if (strcmp(request->target, "/head") == 0) {
		buf_puts(answer, "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");
	}
}

struct stage {
	struct http_stub *stub;
	struct transfer *transfer;
	struct arena arena;
};

static int set_up(void **state)
{
	static struct stage stage;

	stage = (struct stage){.stub = http_stub_start(handle, NULL)};
	limits.total_ms = 0;
	assert_int_equal(transfer_open(&limits, &stage.transfer, NULL), ERR_OK);
	*state = &stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	transfer_close(stage->transfer);
	http_stub_stop(stage->stub);
	arena_free(&stage->arena);
	return 0;
}

static struct transfer_exchange exchange(struct stage *stage, const char *method, const char *target, size_t limit)
{
	struct transfer_exchange made = {.method = method,
		.url = arena_printf(&stage->arena, "%s%s", http_stub_url(stage->stub), target),
		.arena = &stage->arena};

	buf_init(&made.answer, limit);
	return made;
}

static enum err run(struct stage *stage, struct transfer_exchange *one)
{
	struct transfer_exchange *list[] = {one};

	transfer_run(stage->transfer, list, 1);
	return one->err;
}

struct text {
	const char *bytes;
	size_t at;
};

static ssize_t read_text(void *context, char *out, size_t room)
{
	struct text *text = context;
	size_t left = strlen(text->bytes) - text->at;

	if (room > left)
		room = left;
	memcpy(out, text->bytes + text->at, room);
	text->at += room;
	return (ssize_t)room;
}

static bool rewind_text(void *context)
{
	((struct text *)context)->at = 0;
	return true;
}

static void carries_headers_and_bodies(void **state)
{
	static const struct transfer_header headers[] = {{"x-tone", "440 Hz"}};
	struct text text = {"forty-two", 0};
	struct transfer_body body = {9, read_text, rewind_text, &text};
	struct transfer_exchange one = exchange(*state, "PUT", "/echo", 64);

	one.headers = headers;
	one.header_count = 1;
	one.body = &body;
	assert_int_equal(run(*state, &one), ERR_OK);
	assert_int_equal(one.status, 200);
	assert_string_equal(buf_text(&one.answer), "forty-two");
	assert_string_equal(transfer_answer_header(&one, "x-tone"), "440 Hz");
	assert_string_equal(transfer_answer_header(&one, "x-empty"), "");
	assert_null(transfer_answer_header(&one, "x-other"));
	buf_free(&one.answer);
}

static void keeps_a_path_as_it_is(void **state)
{
	struct transfer_exchange one = exchange(*state, "GET", "/a/../b//%2F", 64);

	assert_int_equal(run(*state, &one), ERR_OK);
	assert_string_equal(buf_text(&one.answer), "as it is");
	buf_free(&one.answer);
}

static void uses_its_connections_again(void **state)
{
	struct stage *stage = *state;
	struct transfer_exchange exchanges[20], *list[20];

	for (size_t i = 0; i < 20; i++) {
		exchanges[i] = exchange(stage, "POST", "/echo", 64);
		list[i] = &exchanges[i];
	}
	transfer_run(stage->transfer, list, 20);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(exchanges[i].err, ERR_OK);
		assert_int_equal(exchanges[i].status, 200);
		buf_free(&exchanges[i].answer);
	}
	assert_int_equal(http_stub_requests(stage->stub), 20);
	assert_in_range(http_stub_connections(stage->stub), 1, 4);
}

static void follows_no_redirect(void **state)
{
	struct transfer_exchange one = exchange(*state, "GET", "/away", 64);

	assert_int_equal(run(*state, &one), ERR_OK);
	assert_int_equal(one.status, 301);
	assert_string_equal(transfer_answer_header(&one, "location"), "/echo");
	buf_free(&one.answer);
}

static bool count_bytes(void *context, const void *bytes, size_t length, struct err_info *info)
{
	(void)bytes;
	(void)info;
	*(size_t *)context += length;
	return true;
}

static bool refuse_bytes(void *context, const void *bytes, size_t length, struct err_info *info)
{
	(void)context;
	(void)bytes;
	(void)length;
	err_set(info, ERR_NO_SPACE, "no room");
	return false;
}

static void gives_a_sink_what_went_well_only(void **state)
{
	struct text text = {"twelve bytes", 0};
	struct transfer_body body = {12, read_text, rewind_text, &text};
	struct stage *stage = *state;
	struct transfer_exchange one = exchange(stage, "PUT", "/echo", 64);
	size_t bytes = 0;

	one.body = &body;
	one.sink = count_bytes;
	one.context = &bytes;
	assert_int_equal(run(*state, &one), ERR_OK);
	assert_int_equal(bytes, 12);
	assert_int_equal(one.answer.length, 0);
	one.url = arena_printf(&stage->arena, "%s/teapot", http_stub_url(stage->stub));
	one.method = "GET";
	one.body = NULL;
	assert_int_equal(run(*state, &one), ERR_OK);
	assert_int_equal(bytes, 12);
	assert_int_equal(one.status, 418);
	assert_string_equal(buf_text(&one.answer), "no coffee");
	buf_free(&one.answer);
	one = exchange(*state, "GET", "/a/../b//%2F", 64);
	one.sink = refuse_bytes;
	assert_int_equal(run(*state, &one), ERR_NO_SPACE);
	assert_string_equal(one.info.detail, "no room");
	buf_free(&one.answer);
}

static void bounds_an_answer(void **state)
{
	struct transfer_exchange one = exchange(*state, "GET", "/teapot", 4);

	assert_int_equal(run(*state, &one), ERR_TOO_LARGE);
	buf_free(&one.answer);
}

static void notices_what_is_cut_short(void **state)
{
	struct transfer_exchange one = exchange(*state, "GET", "/short", 64);

	assert_int_equal(run(*state, &one), ERR_IO);
	assert_int_equal(one.status, 0);
	buf_free(&one.answer);
}

static void asks_for_a_head_alone(void **state)
{
	struct transfer_exchange one = exchange(*state, "HEAD", "/head", 4);

	assert_int_equal(run(*state, &one), ERR_OK);
	assert_string_equal(transfer_answer_header(&one, "content-length"), "77");
	buf_free(&one.answer);
}

static void does_not_wait_for_ever(void **state)
{
	struct stage *stage = *state;
	struct transfer_limits short_ = limits;
	struct transfer_exchange one = exchange(stage, "GET", "/silence", 64);
	struct transfer_exchange *list[] = {&one};
	struct transfer *transfer;

	short_.total_ms = 50;
	assert_int_equal(transfer_open(&short_, &transfer, NULL), ERR_OK);
	transfer_run(transfer, list, 1);
	assert_int_equal(one.err, ERR_TIMEOUT);
	transfer_close(transfer);
	buf_free(&one.answer);
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void can_be_cancelled(void **state)
{
	struct stage *stage = *state;
	struct transfer_limits patient = limits;
	struct transfer_exchange exchanges[] = {exchange(stage, "GET", "/silence", 64),
		exchange(stage, "GET", "/silence", 64)};
	struct transfer_exchange *list[] = {&exchanges[0], &exchanges[1]};
	struct transfer *transfer;

	patient.cancelled = always;
	patient.parallel = 1;
	assert_int_equal(transfer_open(&patient, &transfer, NULL), ERR_OK);
	transfer_run(transfer, list, 2);
	assert_int_equal(exchanges[0].err, ERR_ABORTED);
	assert_int_equal(exchanges[1].err, ERR_ABORTED);
	transfer_close(transfer);
	buf_free(&exchanges[0].answer);
	buf_free(&exchanges[1].answer);
}

/* Two in the first second's allowance, the third half a second later at the earliest. */
static void keeps_its_pace(void **state)
{
	struct stage *stage = *state;
	struct transfer_limits slow = limits;
	struct transfer_exchange exchanges[3], *list[3];
	struct transfer *transfer;
	int64_t began;

	slow.requests_per_s = 2;
	assert_int_equal(transfer_open(&slow, &transfer, NULL), ERR_OK);
	for (size_t i = 0; i < 3; i++) {
		exchanges[i] = exchange(stage, "POST", "/echo", 64);
		list[i] = &exchanges[i];
	}
	began = clock_monotonic_us();
	transfer_run(transfer, list, 3);
	assert_true(clock_monotonic_us() - began >= 490000);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(exchanges[i].status, 200);
		buf_free(&exchanges[i].answer);
	}
	transfer_close(transfer);
}

/* What one has used up is used up for the other. */
static void shares_its_pace(void **state)
{
	struct transfer_pace pace = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct transfer_limits slow = limits;
	struct stage *stage = *state;
	int64_t began;

	slow.requests_per_s = 2;
	slow.pace = &pace;
	began = clock_monotonic_us();
	for (size_t i = 0; i < 3; i++) {
		struct transfer_exchange one = exchange(stage, "POST", "/echo", 64), *list[] = {&one};
		struct transfer *transfer;

		assert_int_equal(transfer_open(&slow, &transfer, NULL), ERR_OK);
		transfer_run(transfer, list, 1);
		assert_int_equal(one.status, 200);
		transfer_close(transfer);
		buf_free(&one.answer);
	}
	assert_true(clock_monotonic_us() - began >= 490000);
}

static void says_that_nobody_is_there(void **state)
{
	struct stage *stage = *state;
	struct transfer_exchange one = exchange(stage, "GET", "/echo", 64);

	/* A port of the range that is never given out. */
	one.url = "http://127.0.0.1:1/";
	assert_int_equal(run(stage, &one), ERR_IO);
	one.url = "ftp://127.0.0.1/";
	assert_int_equal(run(stage, &one), ERR_IO);
	buf_free(&one.answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(carries_headers_and_bodies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_a_path_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(uses_its_connections_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(follows_no_redirect, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gives_a_sink_what_went_well_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bounds_an_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(notices_what_is_cut_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(asks_for_a_head_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(does_not_wait_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(can_be_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_its_pace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shares_its_pace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_that_nobody_is_there, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
