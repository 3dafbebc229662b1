/* SPDX-License-Identifier: MIT */
#include "storage/sigv4.h"

#include "vectors.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* A request taken from a vector, with room for its pairs. */
struct wire {
	struct sigv4_request request;
	struct sigv4_credentials credentials;
	struct sigv4_pair query[16], headers[16];
	const char *body;
};

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static json_t *load(const char *name)
{
	char path[4096];
	json_t *root;

	assert_true(vector_path(name, path, sizeof path));
	root = json_load_file(path, 0, NULL);
	assert_non_null(root);
	return root;
}

static int64_t seconds(const char *stamp, const char *format)
{
	struct tm tm = {0};

	assert_non_null(strptime(stamp, format, &tm));
	return (int64_t)timegm(&tm);
}

static char *decoded(const char *from, size_t length, struct arena *arena)
{
	char *out = arena_alloc(arena, length + 1), *end = out;

	for (size_t i = 0; i < length; i++) {
		unsigned byte;

		if (from[i] == '%' && sscanf(from + i + 1, "%2x", &byte) == 1) {
			*end++ = (char)byte;
			i += 2;
		} else {
			*end++ = from[i];
		}
	}
	return out;
}

static void read_query(struct wire *wire, const char *query, struct arena *arena)
{
	while (*query != '\0') {
		size_t length = strcspn(query, "&"), name = strcspn(query, "=&");

		wire->query[wire->request.query_count++] = (struct sigv4_pair){decoded(query, name, arena),
			name == length ? "" : decoded(query + name + 1, length - name - 1, arena)};
		query += length;
		query += *query == '&';
	}
}

/* The request line "GET /path?query HTTP/1.1", whose path may hold spaces. */
static void read_line(struct wire *wire, char *line, struct arena *arena)
{
	char *path = strchr(line, ' ') + 1, *query;

	*strstr(path, " HTTP/1.1") = '\0';
	path[-1] = '\0';
	query = strchr(path, '?');
	if (query != NULL) {
		*query++ = '\0';
		read_query(wire, query, arena);
	}
	wire->request.method = line;
	wire->request.path = path;
}

/* Cuts a request of the suite into its parts; a folded header keeps its line breaks. */
static void read_request(struct wire *wire, const char *from, struct arena *arena)
{
	char *at = arena_strdup(arena, from), *end = strchr(at, '\n');

	*end = '\0';
	read_line(wire, at, arena);
	wire->body = "";
	for (at = end + 1; *at != '\0'; at = end + 1) {
		char *value;

		if (*at == '\n') {
			wire->body = at + 1;
			break;
		}
		for (end = strchrnul(at, '\n'); *end != '\0' && end[1] == ' ';)
			end = strchrnul(end + 1, '\n');
		value = strchr(at, ':');
		*value++ = '\0';
		wire->headers[wire->request.header_count++] = (struct sigv4_pair){at, value};
		if (*end == '\0')
			break;
		*end = '\0';
	}
}

static void read_case(struct wire *wire, const json_t *from, struct arena *arena)
{
	const json_t *context = json_object_get(from, "context");
	const json_t *credentials = json_object_get(context, "credentials");
	unsigned char hash[HASH_SIZE];
	char *hex = arena_alloc(arena, HASH_HEX_SIZE);

	memset(wire, 0, sizeof *wire);
	read_request(wire, text(from, "request"), arena);
	hash_sha256(wire->body, strlen(wire->body), hash);
	hash_hex(hash, sizeof hash, hex);
	wire->request.payload = hex;
	wire->request.query = wire->query;
	wire->request.headers = wire->headers;
	wire->request.normalize = json_is_true(json_object_get(context, "normalize"));
	wire->request.region = text(context, "region");
	wire->request.service = text(context, "service");
	wire->request.time_s = seconds(text(context, "timestamp"), "%Y-%m-%dT%H:%M:%SZ");
	wire->credentials.access_key = text(credentials, "access_key_id");
	wire->credentials.secret_key = text(credentials, "secret_access_key");
	if (!json_is_true(json_object_get(context, "omit_session_token")))
		wire->credentials.session_token = text(credentials, "token");
}

static void signs_the_suite_by_headers(void **state)
{
	json_t *root = load("sigv4/aws_suite.json"), *from;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(json_object_get(root, "cases")), 38);
	json_array_foreach(json_object_get(root, "cases"), i, from)
	{
		struct arena arena = {0};
		struct sigv4_signed made;
		struct err_info info;
		struct wire wire;

		read_case(&wire, from, &arena);
		/* What the suite calls sign_body is a header of its own. */
		if (json_is_true(json_object_get(json_object_get(from, "context"), "sign_body")))
			wire.headers[wire.request.header_count++] =
				(struct sigv4_pair){"x-amz-content-sha256", wire.request.payload};
		assert_int_equal(sigv4_sign(&wire.request, &wire.credentials, &arena, &made, &info), ERR_OK);
		assert_string_equal(made.canonical, text(from, "header-canonical-request"));
		assert_string_equal(made.string_to_sign, text(from, "header-string-to-sign"));
		assert_string_equal(made.signature, text(from, "header-signature"));
		assert_non_null(strstr(text(from, "header-signed-request"),
			arena_printf(&arena, "\nAuthorization:%s\n", made.authorization)));
		assert_null(made.query);
		arena_free(&arena);
	}
	json_decref(root);
}

static void presigns_the_suite(void **state)
{
	json_t *root = load("sigv4/aws_suite.json"), *from;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(root, "cases"), i, from)
	{
		const json_t *context = json_object_get(from, "context");
		int64_t expires = json_integer_value(json_object_get(context, "expiration_in_seconds"));
		struct arena arena = {0};
		struct sigv4_signed made;
		struct err_info info;
		struct wire wire;

		read_case(&wire, from, &arena);
		assert_int_equal(
			sigv4_presign(&wire.request, &wire.credentials, expires, &arena, &made, &info), ERR_OK);
		assert_string_equal(made.canonical, text(from, "query-canonical-request"));
		assert_string_equal(made.string_to_sign, text(from, "query-string-to-sign"));
		assert_string_equal(made.signature, text(from, "query-signature"));
		assert_non_null(strstr(made.query, arena_printf(&arena, "&X-Amz-Signature=%s", made.signature)));
		assert_null(made.authorization);
		arena_free(&arena);
	}
	json_decref(root);
}

/* Of s3_documented.json; dates and tokens are added by the signer and so left out of the headers here. */
static void read_documented(struct wire *wire, const json_t *root, const json_t *from)
{
	const json_t *credentials = json_object_get(root, "credentials"), *pair;
	const char *name;
	json_t *value;
	size_t i;

	memset(wire, 0, sizeof *wire);
	wire->request = (struct sigv4_request){.method = text(from, "method"),
		.path = text(from, "path"),
		.query = wire->query,
		.headers = wire->headers,
		.payload = text(from, "payload_hash"),
		.region = text(from, "region"),
		.service = text(from, "service"),
		.time_s = seconds(text(from, "timestamp"), "%Y%m%dT%H%M%SZ")};
	json_array_foreach(json_object_get(from, "query"), i, pair)
	{
		name = json_string_value(json_array_get(pair, 0));
		if (strncmp(name, "X-Amz-", 6) != 0)
			wire->query[wire->request.query_count++] =
				(struct sigv4_pair){name, json_string_value(json_array_get(pair, 1))};
	}
	json_object_foreach(json_object_get(from, "headers"), name, value)
	{
		if (strcmp(name, "x-amz-date") != 0)
			wire->headers[wire->request.header_count++] =
				(struct sigv4_pair){name, json_string_value(value)};
	}
	wire->credentials = (struct sigv4_credentials){
		text(credentials, "access_key_id"), text(credentials, "secret_access_key"), NULL};
}

static void check_chunks(const struct wire *wire, const struct sigv4_signed *seed, const json_t *list)
{
	static char bytes[65536];
	struct sigv4_chunks chunks;
	char signature[HASH_HEX_SIZE];
	json_t *chunk;
	size_t i;

	assert_int_equal(json_array_size(list), 3);
	sigv4_chunks_begin(&chunks, &wire->request, &wire->credentials, seed);
	json_array_foreach(list, i, chunk)
	{
		size_t length = (size_t)json_integer_value(json_object_get(chunk, "len"));

		assert_true(length <= sizeof bytes);
		memset(bytes, text(chunk, "fill")[0], length);
		sigv4_chunk(&chunks, bytes, length, signature);
		assert_string_equal(signature, text(chunk, "signature"));
	}
	sigv4_chunks_end(&chunks);
}

static void signs_what_s3_documents(void **state)
{
	json_t *root = load("sigv4/s3_documented.json"), *from;
	size_t i, chunked = 0, presigned = 0;

	(void)state;
	assert_int_equal(json_array_size(json_object_get(root, "cases")), 6);
	json_array_foreach(json_object_get(root, "cases"), i, from)
	{
		struct arena arena = {0};
		struct sigv4_signed made;
		struct err_info info;
		struct wire wire;

		read_documented(&wire, root, from);
		if (strcmp(wire.request.payload, SIGV4_UNSIGNED) == 0) {
			presigned++;
			assert_int_equal(
				sigv4_presign(&wire.request, &wire.credentials, 86400, &arena, &made, &info), ERR_OK);
		} else {
			assert_int_equal(sigv4_sign(&wire.request, &wire.credentials, &arena, &made, &info), ERR_OK);
		}
		assert_string_equal(made.canonical, text(from, "canonical_request"));
		assert_string_equal(made.string_to_sign, text(from, "string_to_sign"));
		assert_string_equal(made.signature, text(from, "signature"));
		assert_string_equal(made.scope, text(from, "scope"));
		if (json_object_get(from, "chunks") != NULL) {
			chunked++;
			check_chunks(&wire, &made, json_object_get(from, "chunks"));
		}
		arena_free(&arena);
	}
	assert_int_equal(chunked, 1);
	assert_int_equal(presigned, 1);
	json_decref(root);
}

/* "Signature calculations: trailing headers" of the S3 API reference: the same 65 KiB with a CRC32C behind them. */
static void signs_trailers(void **state)
{
	static const struct sigv4_pair headers[] = {{"host", "s3.amazonaws.com"},
		{"content-encoding", "aws-chunked"}, {"x-amz-decoded-content-length", "66560"},
		{"x-amz-storage-class", "REDUCED_REDUNDANCY"}, {"x-amz-content-sha256", SIGV4_CHUNKED_TRAILER},
		{"x-amz-trailer", "x-amz-checksum-crc32c"}};
	struct sigv4_request request = {.method = "PUT",
		.path = "/examplebucket/chunkObject.txt",
		.headers = headers,
		.header_count = sizeof headers / sizeof *headers,
		.payload = SIGV4_CHUNKED_TRAILER,
		.region = "us-east-1",
		.service = "s3",
		.time_s = 1369353600};
	struct sigv4_credentials credentials = {
		"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL};
	static char bytes[65536];
	char signature[HASH_HEX_SIZE];
	struct sigv4_chunks chunks;
	struct sigv4_signed seed;
	struct arena arena = {0};

	(void)state;
	memset(bytes, 'a', sizeof bytes);
	assert_int_equal(sigv4_sign(&request, &credentials, &arena, &seed, NULL), ERR_OK);
	assert_string_equal(seed.signature, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
	sigv4_chunks_begin(&chunks, &request, &credentials, &seed);
	sigv4_chunk(&chunks, bytes, 65536, signature);
	assert_string_equal(signature, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
	sigv4_chunk(&chunks, bytes, 1024, signature);
	assert_string_equal(signature, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
	sigv4_chunk(&chunks, bytes, 0, signature);
	assert_string_equal(signature, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
	sigv4_trailer(&chunks, "x-amz-checksum-crc32c:sOO8/Q==\n", signature);
	assert_string_equal(signature, "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
	sigv4_chunks_end(&chunks);
	arena_free(&arena);
}

static void encodes_after_rfc_3986(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_string_equal(sigv4_encode("a b+c%d/e", false, &arena), "a%20b%2Bc%25d%2Fe");
	assert_string_equal(sigv4_encode("/a b/c+d//%2F/../\xE1\x88\xB4~*'()", true, &arena),
		"/a%20b/c%2Bd//%252F/../%E1%88%B4~%2A%27%28%29");
	assert_string_equal(sigv4_encode("", true, &arena), "");
	arena_free(&arena);
}

static void sorts_parameters_as_they_are_encoded(void **state)
{
	/* "a" before "a-" by name, though "a-=" < "a=" as bytes of the whole. */
	static const struct sigv4_pair query[] = {{"uploads", ""}, {"a-", "1"}, {"a", "2"}, {"a", "1"}};
	struct arena arena = {0};
	const char *out;

	(void)state;
	assert_int_equal(sigv4_query(query, 4, &arena, &out, NULL), ERR_OK);
	assert_string_equal(out, "a=1&a=2&a-=1&uploads=");
	arena_free(&arena);
}

static void refuses_what_is_past_its_limits(void **state)
{
	static struct sigv4_pair many[SIGV4_PAIRS_MOST];
	struct sigv4_request request = {.method = "GET", .path = "/", .query = many, .payload = SIGV4_EMPTY,
		.region = "r", .service = "s3"};
	struct sigv4_credentials credentials = {"key", "secret", ""};
	struct arena arena = {0};
	struct sigv4_signed made;
	char *path;

	(void)state;
	for (size_t i = 0; i < SIGV4_PAIRS_MOST; i++)
		many[i] = (struct sigv4_pair){"n", "v"};
	request.query_count = SIGV4_PAIRS_MOST;
	assert_int_equal(sigv4_sign(&request, &credentials, &arena, &made, NULL), ERR_TOO_LARGE);
	assert_int_equal(sigv4_presign(&request, &credentials, 60, &arena, &made, NULL), ERR_TOO_LARGE);
	request.query_count = 0;
	assert_int_equal(sigv4_presign(&request, &credentials, 0, &arena, &made, NULL), ERR_BAD_REQUEST);
	assert_int_equal(
		sigv4_presign(&request, &credentials, SIGV4_EXPIRES_MOST + 1, &arena, &made, NULL), ERR_BAD_REQUEST);
	path = arena_alloc(&arena, SIGV4_MOST + 1);
	memset(path, '/', SIGV4_MOST);
	request.path = path;
	assert_int_equal(sigv4_sign(&request, &credentials, &arena, &made, NULL), ERR_TOO_LARGE);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_the_suite_by_headers),
		cmocka_unit_test(presigns_the_suite),
		cmocka_unit_test(signs_what_s3_documents),
		cmocka_unit_test(signs_trailers),
		cmocka_unit_test(encodes_after_rfc_3986),
		cmocka_unit_test(sorts_parameters_as_they_are_encoded),
		cmocka_unit_test(refuses_what_is_past_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
