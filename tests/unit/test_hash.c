/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/hash.h"
#include "vectors.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static const char *hex(const unsigned char *bytes)
{
	static char text[HASH_HEX_SIZE];

	hash_hex(bytes, HASH_SIZE, text);
	return text;
}

/* FIPS 180-4 examples. */
static void test_sha256(void **state)
{
	unsigned char out[HASH_SIZE];

	(void)state;
	hash_sha256("abc", 3, out);
	assert_string_equal(hex(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_sha256("", 0, out);
	assert_string_equal(hex(out), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_sha256_of_a_file(void **state)
{
	unsigned char out[HASH_SIZE], *bytes = calloc(1, 1000000);
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(bytes);
	assert_non_null(file);
	memset(bytes, 'a', 1000000); /* a million a's: FIPS 180-4 */
	assert_int_equal(fwrite(bytes, 1, 1000000, file), 1000000);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(hash_sha256_file(fileno(file), out, NULL), ERR_OK);
	assert_string_equal(hex(out), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	assert_int_equal(hash_sha256_file(-1, out, NULL), ERR_IO);
	fclose(file);
	free(bytes);
}

/* The value that xxHash's specification gives for nothing. */
static void test_quick(void **state)
{
	(void)state;
	assert_true(hash_quick("", 0, 0) == 0x2D06800538D394C2);
	assert_true(hash_quick("abc", 3, 0) != hash_quick("abd", 3, 0));
	assert_true(hash_quick("abc", 3, 0) != hash_quick("abc", 3, 1));
}

/* RFC 4231 test cases 1, 2 and 6. */
static void test_hmac(void **state)
{
	unsigned char out[HASH_SIZE], key[131];

	(void)state;
	memset(key, 0x0b, 20);
	hash_hmac_sha256(key, 20, "Hi There", 8, out);
	assert_string_equal(hex(out), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hash_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	assert_string_equal(hex(out), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hash_hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
	assert_string_equal(hex(out), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_hex(void **state)
{
	unsigned char out[3] = {9, 9, 9};

	(void)state;
	assert_true(hash_from_hex("00aBfF", out, 3));
	assert_memory_equal(out, "\x00\xab\xff", 3);
	assert_false(hash_from_hex("00abf", out, 3));
	assert_false(hash_from_hex("00abff0", out, 3));
	assert_false(hash_from_hex("00abfg", out, 3));
	assert_false(hash_from_hex("00ab f", out, 3));
	assert_true(hash_from_hex("", out, 0));
}

static void test_equal(void **state)
{
	(void)state;
	assert_true(hash_equal("abc", "abd", 2));
	assert_false(hash_equal("abc", "abd", 3));
	assert_true(hash_equal("", "", 0));
}

/* LENGTH bytes of hex in ARENA, and their number. */
static size_t bytes_of(const json_t *text, struct arena *arena, unsigned char **out)
{
	size_t length = json_string_length(text) / 2;

	*out = arena_alloc(arena, length + 1);
	assert_true(hash_from_hex(json_string_value(text), *out, length));
	return length;
}

/* Project Wycheproof's cases; some have cut tags, which stand for no more than their length. */
static void test_hmac_vectors(void **state)
{
	json_t *file, *group, *test;
	struct arena arena = {0};
	size_t i, j, ran = 0;
	char path[4096];

	(void)state;
	assert_true(vector_path("jwt/wycheproof/hmac_sha256_test.json", path, sizeof path));
	file = json_load_file(path, 0, NULL);
	json_array_foreach(json_object_get(file, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			unsigned char mac[HASH_SIZE], *key, *message, *tag;
			size_t key_length = bytes_of(json_object_get(test, "key"), &arena, &key);
			size_t length = bytes_of(json_object_get(test, "msg"), &arena, &message);
			size_t size = bytes_of(json_object_get(test, "tag"), &arena, &tag);
			bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;

			assert_in_range(size, 1, sizeof mac);
			hash_hmac_sha256(key, key_length, message, length, mac);
			assert_int_equal(hash_equal(mac, tag, size), valid);
			ran++;
		}
	}
	assert_int_equal(ran, 174);
	json_decref(file);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_sha256_of_a_file),
		cmocka_unit_test(test_quick),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_hmac_vectors),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
