/* SPDX-License-Identifier: MIT */
#include "storage/sigv4.h"

#include "base/buf.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

/* A pair as it is signed, and where it stood: what compares equal keeps its order. */
struct entry {
	const char *name, *value;
	size_t place;
};

static int compare_names(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static int compare_pairs(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : strcmp(a->value, b->value);
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

char *sigv4_encode(const char *text, bool keep_slashes, struct arena *arena)
{
	static const char digits[] = "0123456789ABCDEF";
	char *encoded = arena_array(arena, strlen(text) + 1, 3);
	char *out = encoded;

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (is_unreserved(*text) || (keep_slashes && *text == '/')) {
			*out++ = *text;
			continue;
		}
		*out++ = '%';
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
	return encoded;
}

/* PATH without "." and ".." segments and double slashes (RFC 3986 section 5.2.4); a slash at its end stays. */
static const char *normalized(const char *path, struct arena *arena)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t used = 0;

	while (*path != '\0') {
		size_t length = strcspn(++path, "/");
		bool last = path[length] == '\0';

		if (length == 2 && path[0] == '.' && path[1] == '.') {
			while (used > 0 && out[--used] != '/')
				;
		} else if (length > 0 && !(length == 1 && path[0] == '.')) {
			out[used++] = '/';
			memcpy(out + used, path, length);
			used += length;
			path += length;
			continue;
		}
		if (last)
			out[used++] = '/';
		path += length;
	}
	if (used == 0)
		out[used++] = '/';
	out[used] = '\0';
	return out;
}

enum err sigv4_query(
	const struct sigv4_pair *query, size_t count, struct arena *arena, const char **out, struct err_info *info)
{
	struct entry entries[SIGV4_PAIRS_MOST];
	struct buf text;
	enum err err = ERR_OK;

	if (count > SIGV4_PAIRS_MOST)
		return err_set(info, ERR_TOO_LARGE, "a request has more than %d parameters", SIGV4_PAIRS_MOST);
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){sigv4_encode(query[i].name, false, arena),
			sigv4_encode(query[i].value, false, arena), i};
	qsort(entries, count, sizeof *entries, compare_pairs);
	buf_init(&text, SIGV4_MOST);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s=%s", i == 0 ? "" : "&", entries[i].name, entries[i].value);
	if (text.overflow)
		err = err_set(info, ERR_TOO_LARGE, "a query to sign is longer than %d bytes", SIGV4_MOST);
	else
		*out = arena_strdup(arena, buf_text(&text));
	buf_free(&text);
	return err;
}

static const char *lower(const char *text, struct arena *arena)
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* VALUE without spaces around it, with runs of spaces inside made one. */
static const char *trimmed(const char *value, struct arena *arena)
{
	static const char space[] = " \t\r\n";
	char *copy = arena_alloc(arena, strlen(value) + 1), *out = copy;

	value += strspn(value, space);
	while (*value != '\0') {
		size_t gap = strspn(value, space);

		if (gap > 0 && value[gap] != '\0')
			*out++ = ' ';
		value += gap;
		if (*value != '\0')
			*out++ = *value++;
	}
	return copy;
}

static size_t put_entry(struct entry *entries, size_t count, const struct sigv4_pair *pair, struct arena *arena)
{
	entries[count] = (struct entry){lower(pair->name, arena), trimmed(pair->value, arena), count};
	return count + 1;
}

/* The headers as they are signed, names sorted, same names joined; their names to NAMES, with semicolons. */
static void put_headers(struct buf *lines, struct buf *names, struct entry *entries, size_t count)
{
	qsort(entries, count, sizeof *entries, compare_names);
	for (size_t i = 0; i < count; i++) {
		bool same = i > 0 && strcmp(entries[i - 1].name, entries[i].name) == 0;

		if (!same) {
			buf_printf(names, "%s%s", i == 0 ? "" : ";", entries[i].name);
			buf_printf(lines, "%s%s:", i == 0 ? "" : "\n", entries[i].name);
		}
		buf_printf(lines, "%s%s", same ? "," : "", entries[i].value);
	}
	buf_putc(lines, '\n');
}

static void write_date(int64_t time_s, struct arena *arena, struct sigv4_signed *out)
{
	char *text = arena_alloc(arena, 32);
	time_t seconds = (time_t)time_s;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, 32, "%Y%m%dT%H%M%SZ", &tm);
	out->date = text;
}

static void derive_key(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
	const char *date, unsigned char key[static HASH_SIZE])
{
	size_t length = strlen(credentials->secret_key) + 4;
	char *first = malloc(length + 1);

	if (first == NULL)
		abort();
	memcpy(first, "AWS4", 4);
	memcpy(first + 4, credentials->secret_key, length - 4);
	hash_hmac_sha256(first, length, date, 8, key);
	hash_hmac_sha256(key, HASH_SIZE, request->region, strlen(request->region), key);
	hash_hmac_sha256(key, HASH_SIZE, request->service, strlen(request->service), key);
	hash_hmac_sha256(key, HASH_SIZE, "aws4_request", 12, key);
	OPENSSL_cleanse(first, length);
	free(first);
}

static void hmac_hex(const unsigned char key[static HASH_SIZE], const char *text, char out[static HASH_HEX_SIZE])
{
	unsigned char mac[HASH_SIZE];

	hash_hmac_sha256(key, HASH_SIZE, text, strlen(text), mac);
	hash_hex(mac, HASH_SIZE, out);
}

/* From the canonical request on. */
static void sign_canonical(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
	struct arena *arena, struct sigv4_signed *out)
{
	unsigned char key[HASH_SIZE];
	char hash[HASH_HEX_SIZE];

	hash_sha256_hex(out->canonical, strlen(out->canonical), hash);
	out->string_to_sign = arena_printf(arena, ALGORITHM "\n%s\n%s\n%s", out->date, out->scope, hash);
	derive_key(request, credentials, out->date, key);
	hmac_hex(key, out->string_to_sign, out->signature);
	OPENSSL_cleanse(key, sizeof key);
}

/* Fills date, scope and canonical request; LINES and NAMES are the headers after put_headers(). */
static enum err write_canonical(const struct sigv4_request *request, const char *query, const struct buf *lines,
	const struct buf *names, struct arena *arena, struct sigv4_signed *out, struct err_info *info)
{
	const char *path = request->normalize ? normalized(request->path, arena) : request->path;
	struct buf text;
	enum err err = ERR_OK;

	buf_init(&text, SIGV4_MOST);
	buf_printf(&text, "%s\n%s\n%s\n%s\n%s\n%s", request->method, sigv4_encode(path, true, arena), query,
		buf_text(lines), buf_text(names), request->payload);
	if (text.overflow || lines->overflow || names->overflow)
		err = err_set(info, ERR_TOO_LARGE, "a request to sign is longer than %d bytes", SIGV4_MOST);
	else
		out->canonical = arena_strdup(arena, buf_text(&text));
	buf_free(&text);
	return err;
}

static const char *scope(const struct sigv4_request *request, const char *date, struct arena *arena)
{
	return arena_printf(arena, "%.8s/%s/%s/aws4_request", date, request->region, request->service);
}

static bool has_token(const struct sigv4_credentials *credentials)
{
	return credentials->session_token != NULL && credentials->session_token[0] != '\0';
}

static enum err check_count(const struct sigv4_request *request, struct err_info *info)
{
	/* Six parameters or two headers are added. */
	if (request->header_count > SIGV4_PAIRS_MOST - 2 || request->query_count > SIGV4_PAIRS_MOST - 6)
		return err_set(info, ERR_TOO_LARGE, "a request has too many headers or parameters to be signed");
	return ERR_OK;
}

enum err sigv4_sign(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
	struct arena *arena, struct sigv4_signed *out, struct err_info *info)
{
	struct entry entries[SIGV4_PAIRS_MOST];
	struct buf lines, names;
	size_t count = 0;
	const char *query;
	enum err err;

	*out = (struct sigv4_signed){0};
	if ((err = check_count(request, info)) != ERR_OK)
		return err;
	if ((err = sigv4_query(request->query, request->query_count, arena, &query, info)) != ERR_OK)
		return err;
	write_date(request->time_s, arena, out);
	out->scope = scope(request, out->date, arena);
	for (size_t i = 0; i < request->header_count; i++)
		count = put_entry(entries, count, &request->headers[i], arena);
	count = put_entry(entries, count, &(struct sigv4_pair){"x-amz-date", out->date}, arena);
	if (has_token(credentials))
		count = put_entry(entries, count,
			&(struct sigv4_pair){"x-amz-security-token", credentials->session_token}, arena);
	buf_init(&lines, SIGV4_MOST);
	buf_init(&names, SIGV4_MOST);
	put_headers(&lines, &names, entries, count);
	if ((err = write_canonical(request, query, &lines, &names, arena, out, info)) != ERR_OK)
		goto out;
	sign_canonical(request, credentials, arena, out);
	out->authorization = arena_printf(arena, ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		credentials->access_key, out->scope, buf_text(&names), out->signature);
out:
	buf_free(&lines);
	buf_free(&names);
	return err;
}

enum err sigv4_presign(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
	int64_t expires_s, struct arena *arena, struct sigv4_signed *out, struct err_info *info)
{
	struct sigv4_pair pairs[SIGV4_PAIRS_MOST];
	struct entry entries[SIGV4_PAIRS_MOST];
	struct buf lines, names;
	size_t count = request->query_count;
	const char *query;
	enum err err;

	*out = (struct sigv4_signed){0};
	if (expires_s < 1 || expires_s > SIGV4_EXPIRES_MOST)
		return err_set(info, ERR_BAD_REQUEST, "a presigned URL lives 1 to %d seconds", SIGV4_EXPIRES_MOST);
	if ((err = check_count(request, info)) != ERR_OK)
		return err;
	write_date(request->time_s, arena, out);
	out->scope = scope(request, out->date, arena);
	for (size_t i = 0; i < request->header_count; i++)
		put_entry(entries, i, &request->headers[i], arena);
	buf_init(&lines, SIGV4_MOST);
	buf_init(&names, SIGV4_MOST);
	put_headers(&lines, &names, entries, request->header_count);
	if (count > 0)
		memcpy(pairs, request->query, count * sizeof *pairs);
	pairs[count++] = (struct sigv4_pair){"X-Amz-Algorithm", ALGORITHM};
	pairs[count++] = (struct sigv4_pair){
		"X-Amz-Credential", arena_printf(arena, "%s/%s", credentials->access_key, out->scope)};
	pairs[count++] = (struct sigv4_pair){"X-Amz-Date", out->date};
	pairs[count++] = (struct sigv4_pair){"X-Amz-Expires", arena_printf(arena, "%lld", (long long)expires_s)};
	if (has_token(credentials))
		pairs[count++] = (struct sigv4_pair){"X-Amz-Security-Token", credentials->session_token};
	pairs[count++] = (struct sigv4_pair){"X-Amz-SignedHeaders", buf_text(&names)};
	if ((err = sigv4_query(pairs, count, arena, &query, info)) != ERR_OK)
		goto out;
	if ((err = write_canonical(request, query, &lines, &names, arena, out, info)) != ERR_OK)
		goto out;
	sign_canonical(request, credentials, arena, out);
	out->query = arena_printf(arena, "%s&X-Amz-Signature=%s", query, out->signature);
out:
	buf_free(&lines);
	buf_free(&names);
	return err;
}

void sigv4_chunks_begin(struct sigv4_chunks *chunks, const struct sigv4_request *request,
	const struct sigv4_credentials *credentials, const struct sigv4_signed *seed)
{
	derive_key(request, credentials, seed->date, chunks->key);
	chunks->date = seed->date;
	chunks->scope = seed->scope;
	memcpy(chunks->previous, seed->signature, sizeof chunks->previous);
}

/* Signs HASHES, what a kind of link says of its bytes, behind the link before. */
static void sign_link(struct sigv4_chunks *chunks, const char *kind, const char *hashes, char out[static HASH_HEX_SIZE])
{
	struct buf text;

	buf_init(&text, SIGV4_MOST);
	buf_printf(&text, ALGORITHM "-%s\n%s\n%s\n%s\n%s", kind, chunks->date, chunks->scope, chunks->previous, hashes);
	hmac_hex(chunks->key, buf_text(&text), out);
	buf_free(&text);
	memcpy(chunks->previous, out, sizeof chunks->previous);
}

void sigv4_chunk(struct sigv4_chunks *chunks, const void *bytes, size_t length, char out[static HASH_HEX_SIZE])
{
	char hashes[2 * HASH_HEX_SIZE] = SIGV4_EMPTY "\n";

	hash_sha256_hex(bytes, length, hashes + HASH_HEX_SIZE);
	sign_link(chunks, "PAYLOAD", hashes, out);
}

void sigv4_trailer(struct sigv4_chunks *chunks, const char *trailers, char out[static HASH_HEX_SIZE])
{
	char hash[HASH_HEX_SIZE];

	hash_sha256_hex(trailers, strlen(trailers), hash);
	sign_link(chunks, "TRAILER", hash, out);
}

void sigv4_chunks_end(struct sigv4_chunks *chunks)
{
	OPENSSL_cleanse(chunks->key, sizeof chunks->key);
}
