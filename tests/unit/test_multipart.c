/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "http/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char type[] = "multipart/form-data; boundary=XyZ";

/* Writes down what the parser says: "[name|filename|type]bytes;" for each part. */
static enum err take_begin(void *context, const struct multipart_part *part, struct err_info *info)
{
	(void)info;
	buf_printf(context, "[%s|%s|%s]", part->name, part->filename, part->type);
	return ERR_OK;
}

static enum err take_data(void *context, const void *bytes, size_t length, struct err_info *info)
{
	(void)info;
	assert_true(length > 0);
	buf_put(context, bytes, length);
	return ERR_OK;
}

static enum err take_end(void *context, struct err_info *info)
{
	(void)info;
	buf_putc(context, ';');
	return ERR_OK;
}

static enum err refuse_data(void *context, const void *bytes, size_t length, struct err_info *info)
{
	(void)context;
	(void)bytes;
	(void)length;
	return err_set(info, ERR_NO_SPACE, "full");
}

/* Feeds BODY in pieces of PIECE bytes (0: pieces of random length) and gives the first error. */
static enum err parse(const char *content_type, const char *body, size_t length, size_t piece, struct buf *out)
{
	struct multipart_sink sink = {take_begin, take_data, take_end, out};
	struct multipart *multipart;
	struct err_info info = {0};
	enum err code = multipart_open(content_type, &sink, &multipart, &info);

	buf_clear(out);
	for (size_t at = 0; at < length && code == ERR_OK;) {
		size_t want = piece > 0 ? piece : 1 + (size_t)rand() % 4000;

		if (want > length - at)
			want = length - at;
		code = multipart_feed(multipart, body + at, want, &info);
		at += want;
	}
	if (code == ERR_OK)
		code = multipart_finish(multipart, &info);
	assert_int_equal(info.code, code);
	multipart_free(multipart);
	return code;
}

/* The same result whatever the pieces. */
static void assert_parses(
	const char *content_type, const char *body, size_t length, const char *want, size_t want_length)
{
	static const size_t pieces[] = {1, 2, 3, 7, 65536, 1 << 20, 0, 0, 0};
	struct buf out;

	buf_init(&out, 1 << 24);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		assert_int_equal(parse(content_type, body, length, pieces[i], &out), ERR_OK);
		assert_int_equal(out.length, want_length);
		assert_memory_equal(buf_text(&out), want, want_length);
	}
	buf_free(&out);
}

static void test_forms(void **state)
{
	static const struct {
		const char *body, *want;
	} cases[] = {
		{"--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n--XyZ--\r\n", "[a||]hello;"},
		{"preamble\r\n--XyZ \t\r\ncontent-disposition:form-data;name=a\r\n\r\n\r\n--XyZ--epilogue", "[a||];"},
		{"--XyZ\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.mp3\"\r\nContent-Type: "
		 "audio/mpeg\r\n\r\n"
		 "\r\n--Xy\r\n--XYZ\r\r\n\n--XyZ\r\n--XyZ\r\n\r\nsecond\r\n--XyZ--",
			"[f|x.mp3|audio/mpeg]\r\n--Xy\r\n--XYZ\r\r\n\n--XyZ;[||]second;"},
		{"--XyZ\r\nContent-Disposition: form-data; filename=\"C:\\dir\\\"q\\\".wav\"; name=n\r\nX-Other: "
		 "1\r\n\r\nz\r\n--XyZ--",
			"[n|C:\\dir\"q\".wav|]z;"},
		{"--XyZ--", ""},
		{"--XyZ\r\nContent-Disposition: form-data; name=\"a;b=c\"\r\n\r\n--XyZ\r\n--XyZ--", "[a;b=c||]--XyZ;"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_parses(type, cases[i].body, strlen(cases[i].body), cases[i].want, strlen(cases[i].want));
}

/* Binary bytes with many near-delimiters, larger than the window. */
static void test_large(void **state)
{
	static const char head[] = "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
	static const char near[] = "\r\n--Xy";
	struct buf body, want;

	(void)state;
	srand(7);
	buf_init(&body, 1 << 22);
	buf_init(&want, 1 << 22);
	buf_puts(&body, head);
	buf_puts(&want, "[a||]");
	for (int i = 0; i < 60000; i++) {
		char c = (char)(rand() & 0x3F); /* no letter: no delimiter by chance */
		const char *bytes = i % 3 == 0 ? near : &c;
		size_t length = i % 3 == 0 ? (size_t)rand() % sizeof near : 1;

		buf_put(&body, bytes, length);
		buf_put(&want, bytes, length);
	}
	buf_puts(&body, "\r\n--XyZ--\r\n");
	buf_puts(&want, ";");
	assert_parses(type, body.data, body.length, want.data, want.length);
	buf_free(&body);
	buf_free(&want);
}

static void test_content_type(void **state)
{
	static const struct {
		const char *type;
		enum err want;
	} cases[] = {
		{"multipart/form-data; boundary=\"a b\"", ERR_BAD_REQUEST}, /* opens; the empty body has no end */
		{"Multipart/Form-Data ; charset=utf-8; Boundary=abc", ERR_BAD_REQUEST},
		{"multipart/form-data", ERR_BAD_REQUEST},
		{"multipart/form-data; boundary=", ERR_BAD_REQUEST},
		{"multipart/form-data; boundary=\"open", ERR_BAD_REQUEST},
		{"multipart/form-data; boundary=\"a \"", ERR_BAD_REQUEST},
		{"multipart/form-data; boundary=a%b", ERR_BAD_REQUEST},
		{"multipart/mixed; boundary=a", ERR_UNSUPPORTED},
		{"multipart/form-database; boundary=a", ERR_UNSUPPORTED},
		{"", ERR_UNSUPPORTED},
	};
	struct multipart_sink sink = {take_begin, take_data, take_end, NULL};
	char many[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct multipart *multipart;
		enum err code = multipart_open(cases[i].type, &sink, &multipart, NULL);

		if (i < 2) {
			assert_int_equal(code, ERR_OK);
			code = multipart_finish(multipart, NULL);
		} else {
			assert_null(multipart);
		}
		assert_int_equal(code, cases[i].want);
		multipart_free(multipart);
	}
	memset(many, 0, sizeof many);
	strcpy(many, "multipart/form-data; boundary=");
	memset(many + strlen(many), 'b', MULTIPART_BOUNDARY + 1);
	assert_int_equal(parse(many, "", 0, 1, &(struct buf){0}), ERR_BAD_REQUEST);
}

static void assert_refused(const char *body, size_t length, enum err want)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t piece = 0; piece < 3; piece++)
		assert_int_equal(parse(type, body, length, piece, &out), want);
	buf_free(&out);
}

static void test_refusals(void **state)
{
	static const char *const bad[] = {
		"",
		"\r\n--XyZ",
		"--XyZ\r\n",
		"--XyZ\r\nA: b\r\n\r\nhello",
		"--XyZ\r\nA: b\r\n\r\nhello\r\n--XyZ",
		"--XyZoops\r\n",
		"--XyZ\r\nno field\r\n\r\n--XyZ--",
		"--XyZ\r\n: b\r\n\r\n\r\n--XyZ--",
		"--XyZ\r\nContent-Disposition: form-data; name=\"open\r\n\r\n\r\n--XyZ--",
	};
	struct buf body;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_refused(bad[i], strlen(bad[i]), ERR_BAD_REQUEST);
	assert_refused("--XyZ\r\nA\0: b\r\n\r\n\r\n--XyZ--", 26, ERR_BAD_REQUEST);

	buf_init(&body, 1 << 20);
	for (int i = 0; i <= MULTIPART_PARTS; i++)
		buf_puts(&body, "\r\n--XyZ\r\n\r\nx");
	assert_refused(body.data, body.length, ERR_TOO_LARGE);

	buf_clear(&body);
	buf_puts(&body, "--XyZ\r\n");
	for (int i = 0; i < 700; i++)
		buf_puts(&body, "A: bcd\r\n");
	assert_refused(body.data, body.length, ERR_BAD_REQUEST);

	buf_clear(&body);
	for (int i = 0; i < 100000; i++)
		buf_putc(&body, 'p');
	assert_refused(body.data, body.length, ERR_BAD_REQUEST);
	buf_free(&body);
}

static void test_sink_error_stays(void **state)
{
	static const char body[] = "--XyZ\r\n\r\nhello\r\n--XyZ--";
	struct buf out;
	struct multipart_sink sink = {take_begin, refuse_data, take_end, &out};
	struct multipart *multipart;
	struct err_info info = {0};

	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(multipart_open(type, &sink, &multipart, NULL), ERR_OK);
	assert_int_equal(multipart_feed(multipart, body, sizeof body - 1, &info), ERR_NO_SPACE);
	assert_string_equal(info.detail, "full");
	assert_int_equal(multipart_feed(multipart, body, 1, &info), ERR_NO_SPACE);
	assert_int_equal(multipart_finish(multipart, &info), ERR_NO_SPACE);
	multipart_free(multipart);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_sink_error_stays),
	};

	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
