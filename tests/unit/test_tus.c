/* SPDX-License-Identifier: MIT */
/* The headers of tus, and what they are made of: Base64 read strictly, digests by name. */
#include "base/base64.h"
#include "base/hash.h"
#include "http/tus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *decoded(const char *text, struct arena *arena)
{
	size_t length = 99;
	const char *bytes = (const char *)base64_decode(text, strlen(text), arena, &length);

	assert_true(bytes == NULL || strlen(bytes) == length);
	return bytes;
}

/* RFC 4648 section 10. */
static void base64_is_read_strictly(void **state)
{
	static const char *const good[][2] = {{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"},
		{"Zm9vYg==", "foob"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"}, {"w7/Dvys+", "\xC3\xBF\xC3\xBF+>"}};
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "====", "=AAA", "A=AA", "AA=A", "Zm9v ", " Zm9v",
		"Zm9v\n", "Zm-v", "Zm_v", "Zm9vZg=", "Zg==Zg=="};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_string_equal(decoded(good[i][0], &arena), good[i][1]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(decoded(bad[i], &arena));
	arena_free(&arena);
}

static void digests_have_names(void **state)
{
	static const struct {
		const char *name, *hex; /* of "abc" */
	} known[] = {{"md5", "900150983cd24fb0d6963f7d28e17f72"}, {"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}};

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct digest *digest = digest_open(known[i].name);
		unsigned char out[DIGEST_MOST];
		char hex[2 * DIGEST_MOST + 1];

		assert_non_null(strstr(DIGEST_NAMES, known[i].name));
		digest_add(digest, "a", 1);
		digest_add(digest, "bc", 2);
		hash_hex(out, digest_end(digest, out), hex);
		assert_string_equal(hex, known[i].hex);
		digest_close(digest);
	}
	assert_null(digest_open("SHA1"));
	assert_null(digest_open(""));
}

static void metadata(void **state)
{
	static const char *const bad[] = {
		",", "a ,", "a YQ==,,b", "a  YQ==", "a YQ", "a YQ==,a YQ==", "a YQ==;b YQ==", "a AA==", "\xC3\xA4 YQ=="};
	struct arena arena = {0};
	struct tus_metadata out;
	struct err_info info;
	char many[TUS_PAIRS_MOST * 16] = "";

	(void)state;
	assert_int_equal(tus_metadata(NULL, &arena, &out, &info), ERR_OK);
	assert_int_equal(out.count, 0);
	assert_int_equal(tus_metadata("", &arena, &out, &info), ERR_OK);
	assert_int_equal(tus_metadata("filename bcOkcnouZmxhYw==, is_public,b ", &arena, &out, &info), ERR_OK);
	assert_int_equal(out.count, 3);
	assert_string_equal(tus_metadata_find(&out, "filename"), "m\xC3\xA4rz.flac");
	assert_string_equal(tus_metadata_find(&out, "is_public"), "");
	assert_string_equal(tus_metadata_find(&out, "b"), "");
	assert_null(tus_metadata_find(&out, "c"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(tus_metadata(bad[i], &arena, &out, &info), ERR_BAD_REQUEST);
	for (int i = 0; i < TUS_PAIRS_MOST; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many), "%sk%d", i > 0 ? "," : "", i);
	assert_int_equal(tus_metadata(many, &arena, &out, &info), ERR_OK);
	strcat(many, ",more");
	assert_int_equal(tus_metadata(many, &arena, &out, &info), ERR_BAD_REQUEST);
	arena_free(&arena);
}

static void checksum(void **state)
{
	static const char *const bad[] = {"", "sha1", "sha1 ", "crc32 AAAA", "sha1 AAAA", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J",
		"md5 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", " sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="};
	struct arena arena = {0};
	struct tus_checksum out;
	struct err_info info;

	(void)state;
	assert_int_equal(tus_checksum(NULL, &arena, &out, &info), ERR_OK);
	assert_null(out.algorithm);
	assert_int_equal(tus_checksum("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", &arena, &out, &info), ERR_OK);
	assert_string_equal(out.algorithm, "sha1");
	assert_int_equal(out.length, 20);
	assert_memory_equal(out.digest, "\xa9\x99\x3e\x36", 4);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(tus_checksum(bad[i], &arena, &out, &info), ERR_BAD_REQUEST);
	arena_free(&arena);
}

#define ONE "01aaaaaaaaaaaaaaaaaaaaaaaa"
#define TWO "01aaaaaaaaaaaaaaaaaaaaaaab"

static void concat(void **state)
{
	static const char *const bad[] = {"", "Partial", "partial ", "final", "final;", "final; ", "final;x",
		"final;" ONE, "final;/" ONE "x", "final;/x" ONE, "final;/../etc/passwd", "final;/" ONE " /" ONE};
	struct arena arena = {0};
	struct tus_concat out;
	struct err_info info;
	char many[TUS_PARTS_MOST * 64] = "final;";

	(void)state;
	assert_int_equal(tus_concat(NULL, &arena, &out, &info), ERR_OK);
	assert_int_equal(out.kind, TUS_WHOLE);
	assert_int_equal(tus_concat("partial", &arena, &out, &info), ERR_OK);
	assert_int_equal(out.kind, TUS_PARTIAL);
	assert_int_equal(
		tus_concat("final;/uploads/" ONE "  https://example.org/a/uploads/" TWO, &arena, &out, &info), ERR_OK);
	assert_int_equal(out.kind, TUS_FINAL);
	assert_int_equal(out.count, 2);
	assert_string_equal(out.parts[0], ONE);
	assert_string_equal(out.parts[1], TWO);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(tus_concat(bad[i], &arena, &out, &info), ERR_BAD_REQUEST);
	for (int i = 0; i <= TUS_PARTS_MOST; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many), "/01aaaaaaaaaaaaaaaaaaaaa%03d ", i);
	assert_int_equal(tus_concat(many, &arena, &out, &info), ERR_BAD_REQUEST);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_read_strictly),
		cmocka_unit_test(digests_have_names),
		cmocka_unit_test(metadata),
		cmocka_unit_test(checksum),
		cmocka_unit_test(concat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
