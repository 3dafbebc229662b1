/* SPDX-License-Identifier: MIT */
#include "cli/lighttpd.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct lighttpd_places places = {
	.address = "127.0.0.1", .port = 8080, .data = "/srv/data", .run = "/srv/run", .www = "/usr/share/www"};

static enum err fill(const char *template, const struct lighttpd_places *with, struct buf *out, struct err_info *info)
{
	buf_init(out, 4096);
	return lighttpd_conf(template, with, out, info);
}

static void fills_places_and_leaves_out_users(void **state)
{
	struct buf out;

	(void)state;
	assert_int_equal(
		fill("# about @PORT@ and @NOTHING@\nserver.bind = \"@ADDRESS@\"\nserver.port = @PORT@\n"
		     "server.username = \"@USER@\"\nserver.groupname = \"@USER@\"\nx = \"@RUN@/a@DATA@\"\ny = a@b",
			&places, &out, NULL),
		ERR_OK);
	assert_non_null(strstr(buf_text(&out),
		"server.systemd-socket-activation = \"enable\"\n"
		"server.bind = \"127.0.0.1\"\nserver.port = 8080\nx = \"/srv/run/a/srv/data\"\ny = a@b\n"));
	assert_null(strstr(buf_text(&out), "NOTHING"));
	buf_free(&out);
}

static void refuses_an_unknown_place(void **state)
{
	struct err_info info = {0};
	struct buf out;

	(void)state;
	assert_int_equal(fill("x = \"@NEW_PLACE@\"\n", &places, &out, &info), ERR_INTERNAL);
	assert_non_null(strstr(info.detail, "@NEW_PLACE@"));
	buf_free(&out);
}

static void refuses_paths_that_would_be_syntax(void **state)
{
	static const char *const bad[] = {"/a\"b", "/a\\b", "/a$b", "/a|b", "/a\nb"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct lighttpd_places with = places;
		struct buf out;

		with.data = bad[i];
		assert_int_equal(fill("", &with, &out, NULL), ERR_BAD_REQUEST);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_places_and_leaves_out_users),
		cmocka_unit_test(refuses_an_unknown_place),
		cmocka_unit_test(refuses_paths_that_would_be_syntax),
	};

	return cmocka_run_group_tests_name("lighttpd", tests, NULL, NULL);
}
