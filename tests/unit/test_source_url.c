/* SPDX-License-Identifier: MIT */
/* What a source may be fetched from: how addresses are read, which hosts and buckets, which networks. */
#include "base/network.h"
#include "storage/fetch_order.h"
#include "storage/source_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum err read_url(const char *text, struct arena *arena, struct source_url *out)
{
	struct err_info info;

	return source_url_read(text, arena, out, &info);
}

static void addresses_are_read(void **state)
{
	struct arena arena = {0};
	struct source_url url;

	(void)state;
	assert_int_equal(read_url("https://Media.Example.org/a%20b/song.flac?x=/y", &arena, &url), ERR_OK);
	assert_string_equal(url.host, "media.example.org");
	assert_int_equal(url.port, 443);
	assert_null(url.bucket);
	assert_string_equal(source_url_name(&url, &arena), "song.flac");
	assert_int_equal(read_url("https://h:8443/", &arena, &url), ERR_OK);
	assert_string_equal(url.host, "h");
	assert_int_equal(url.port, 8443);
	assert_null(source_url_name(&url, &arena));
	assert_int_equal(read_url("https://[2001:DB8::1]:99/x", &arena, &url), ERR_OK);
	assert_string_equal(url.host, "[2001:db8::1]");
	assert_int_equal(url.port, 99);
	assert_int_equal(read_url("s3://in-box.1/a b/..+%20//.../\xC3\xA4.wav", &arena, &url), ERR_OK);
	assert_string_equal(url.bucket, "in-box.1");
	assert_string_equal(url.key, "a b/..+%20//.../\xC3\xA4.wav");
	assert_string_equal(source_url_name(&url, &arena), "\xC3\xA4.wav");
	arena_free(&arena);
}

static void others_are_refused(void **state)
{
	static const char *const bad[] = {"", "http://h/x", "HTTPS://h/x", "file:///etc/passwd", "ftp://h/x", "gopher://h/",
		"https://", "https:///x", "https://h", "https://h?x", "https://h#/x", "https://u@h/x", "https://u:p@h/x",
		"https://h\\@i/x", "https://h/a b", "https://h/x\n", "https://h/\xC3\xA4", "https://h%2e/x", "https://h:0/x",
		"https://h:65536/x", "https://h:/x", "https://h:+1/x", "https://:443/x", "https://[::1/x", "https://[h]/x",
		"https://[127.0.0.1]/x", "https://[::1]x/", "https://h_h/x", "https://h/x#y", "https://h/[x]", "s3://", "s3://b",
		"s3://b/", "s3:///k", "s3://B/k", "s3://b@h/k", "s3://b/k\x01", "s3://b/../c/k",
		"s3://b/./k", "s3://b/k/..", "s3://b/k/.", "s3://b/.."};
	struct arena arena = {0};
	struct source_url url;
	char longest[SOURCE_URL_MOST + 2] = "https://h/";

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (read_url(bad[i], &arena, &url) != ERR_UNPROCESSABLE)
			fail_msg("taken: %s", bad[i]);
	}
	memset(longest + strlen(longest), 'x', SOURCE_URL_MOST - strlen(longest));
	assert_int_equal(read_url(longest, &arena, &url), ERR_OK);
	strcat(longest, "x");
	assert_int_equal(read_url(longest, &arena, &url), ERR_UNPROCESSABLE);
	arena_free(&arena);
}

static bool allowed(const struct conf *conf, const char *text)
{
	struct arena arena = {0};
	struct source_url url;
	struct err_info info;
	enum err err;

	assert_int_equal(read_url(text, &arena, &url), ERR_OK);
	err = source_url_allow(conf, &url, &info);
	assert_true(err == ERR_OK || err == ERR_FORBIDDEN);
	arena_free(&arena);
	return err == ERR_OK;
}

static void hosts_and_buckets_are_listed(void **state)
{
	struct conf conf = {.source_hosts = "a.example  *.b.example d.example:8443 [2001:db8::1]", .source_buckets = "in other",
		.store_endpoint = "https://s3.example"};

	(void)state;
	assert_true(allowed(&conf, "https://a.example/x"));
	assert_true(allowed(&conf, "https://x.b.example/x"));
	assert_true(allowed(&conf, "https://x.y.b.example/x"));
	assert_true(allowed(&conf, "https://d.example:8443/x"));
	assert_true(allowed(&conf, "https://[2001:db8::1]/x"));
	assert_true(allowed(&conf, "s3://in/x"));
	assert_true(allowed(&conf, "s3://other/x"));
	assert_false(allowed(&conf, "https://b.example/x"));
	assert_false(allowed(&conf, "https://xb.example/x"));
	assert_false(allowed(&conf, "https://a.example.evil/x"));
	assert_false(allowed(&conf, "https://xa.example/x"));
	assert_false(allowed(&conf, "https://a.example./x"));
	assert_false(allowed(&conf, "https://a.example:444/x"));
	assert_false(allowed(&conf, "https://d.example/x"));
	assert_false(allowed(&conf, "https://[2001:db8::2]/x"));
	assert_false(allowed(&conf, "s3://i/x"));
	assert_false(allowed(&conf, "s3://inn/x"));
	conf.source_hosts = "*";
	assert_true(allowed(&conf, "https://anything.example/x"));
	assert_false(allowed(&conf, "https://anything.example:22/x"));
	conf.source_hosts = conf.source_buckets = "";
	assert_false(allowed(&conf, "https://a.example/x"));
	assert_false(allowed(&conf, "s3://in/x"));
	conf = (struct conf){.source_hosts = "", .source_buckets = "in", .store_endpoint = ""};
	assert_false(allowed(&conf, "s3://in/x"));
}

static bool reached(const struct conf *conf, const char *text)
{
	struct network address;

	assert_true(network_read_address(text, &address));
	return source_address_allowed(conf, &address);
}

static void addresses_are_public(void **state)
{
	static const char *const inside[] = {"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
		"::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
		"2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1"};
	static const char *const outside[] = {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.128.0.1", "172.15.255.255", "172.32.0.1",
		"192.167.1.1", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"};
	struct network loopback;
	struct conf conf = {0};

	(void)state;
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
		if (reached(&conf, inside[i]))
			fail_msg("reached: %s", inside[i]);
	}
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
		if (!reached(&conf, outside[i]))
			fail_msg("not reached: %s", outside[i]);
	}
	assert_true(network_read("127.0.0.0/8", &loopback));
	conf.source_networks = (struct conf_networks){&loopback, 1};
	assert_true(reached(&conf, "127.0.0.1"));
	assert_true(reached(&conf, "::ffff:127.0.0.1"));
	assert_false(reached(&conf, "10.0.0.1"));
}

static void orders_are_kept(void **state)
{
	static const char *const bad[] = {"[]", "{}", "{\"track\":\"x\",\"source\":\"s3://b/k\"}",
		"{\"track\":\"01aaaaaaaaaaaaaaaaaaaaaaaa\"}", "{\"track\":1,\"source\":\"s3://b/k\"}"};
	const struct fetch_order order = {.track = "01aaaaaaaaaaaaaaaaaaaaaaaa", .source = "s3://b/\"k\""};
	struct arena arena = {0};
	struct fetch_order out;
	struct err_info info;

	(void)state;
	assert_int_equal(fetch_order_decode(fetch_order_encode(&order, &arena), &arena, &out, &info), ERR_OK);
	assert_string_equal(out.track, order.track);
	assert_string_equal(out.source, order.source);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(fetch_order_decode(bad[i], &arena, &out, &info), ERR_UNPROCESSABLE);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(hosts_and_buckets_are_listed),
		cmocka_unit_test(addresses_are_public),
		cmocka_unit_test(orders_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
