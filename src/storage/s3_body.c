/* SPDX-License-Identifier: MIT */
#include "storage/s3_body.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "10000;chunk-signature=" with the signature and a line break; another line break behind the bytes. */
enum { CHUNK_HEAD_MOST = 128 };

void s3_body_file(struct s3_body *body, int fd, uint64_t offset, uint64_t size)
{
	*body = (struct s3_body){.fd = fd, .offset = offset, .size = size};
}

void s3_body_text(struct s3_body *body, const char *text)
{
	*body = (struct s3_body){.text = text, .fd = -1, .size = strlen(text)};
}

void s3_body_know(struct s3_body *body, const char *sha256)
{
	body->known = sha256 != NULL;
	if (body->known && !hash_from_hex(sha256, body->digests.sha256, HASH_SIZE))
		memset(body->digests.sha256, 0, HASH_SIZE);
}

static void end_digests(struct s3_body *body)
{
	unsigned char sha256[HASH_SIZE];

	EVP_DigestFinal_ex(body->sha256, sha256, NULL);
	EVP_DigestFinal_ex(body->md5, body->digests.md5, NULL);
	body->counting = false;
	body->altered = body->known && !hash_equal(sha256, body->digests.sha256, HASH_SIZE);
	if (!body->known)
		memcpy(body->digests.sha256, sha256, HASH_SIZE);
}

static void begin_digests(struct s3_body *body)
{
	if (body->sha256 == NULL)
		body->sha256 = EVP_MD_CTX_new();
	if (body->md5 == NULL)
		body->md5 = EVP_MD_CTX_new();
	if (body->sha256 == NULL || body->md5 == NULL ||
		EVP_DigestInit_ex(body->sha256, EVP_sha256(), NULL) != 1 ||
		EVP_DigestInit_ex(body->md5, EVP_md5(), NULL) != 1)
		abort();
	body->counting = true;
	if (body->size == 0)
		end_digests(body);
}

static void count(struct s3_body *body, const void *bytes, size_t length)
{
	EVP_DigestUpdate(body->sha256, bytes, length);
	EVP_DigestUpdate(body->md5, bytes, length);
	if (body->at == body->size)
		end_digests(body);
}

/*
 * Up to ROOM bytes of what is left, into OUT; 0 at the end, -1 on failure, when a file ends early, and in the place of
 * the last ones when all together are altered.
 */
static ssize_t read_bytes(struct s3_body *body, char *out, size_t room)
{
	uint64_t left = body->size - body->at;
	ssize_t got;

	if (room > left)
		room = (size_t)left;
	if (room == 0)
		return 0;
	if (body->text != NULL) {
		memcpy(out, body->text + body->at, room);
		got = (ssize_t)room;
	} else {
		do
			got = pread(body->fd, out, room, (off_t)(body->offset + body->at));
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return -1;
	}
	body->at += (uint64_t)got;
	if (body->counting)
		count(body, out, (size_t)got);
	return body->altered ? -1 : got;
}

enum err s3_body_digest(struct s3_body *body, struct err_info *info)
{
	char *bytes = malloc(S3_CHUNK);
	ssize_t got;

	if (bytes == NULL)
		abort();
	begin_digests(body);
	do
		got = read_bytes(body, bytes, S3_CHUNK);
	while (got > 0);
	body->at = 0;
	body->counting = false;
	free(bytes);
	if (got < 0 || body->altered)
		return err_set(info, ERR_IO, "a file to upload cannot be read, or is shorter than it was");
	return ERR_OK;
}

void s3_body_chunk(struct s3_body *body, const struct sigv4_chunks *chunks)
{
	body->chunked = true;
	body->first = *chunks;
	body->wire = malloc(S3_CHUNK + CHUNK_HEAD_MOST + 2);
	if (body->wire == NULL)
		abort();
	s3_body_rewind(body);
}

static uint64_t chunk_wire_size(uint64_t size)
{
	return (uint64_t)snprintf(NULL, 0, "%llx", (unsigned long long)size) + strlen(";chunk-signature=") +
	       HASH_HEX_SIZE - 1 + 2 + size + 2;
}

uint64_t s3_body_wire_size(uint64_t size)
{
	uint64_t whole = size / S3_CHUNK, rest = size % S3_CHUNK;

	return whole * chunk_wire_size(S3_CHUNK) + (rest > 0 ? chunk_wire_size(rest) : 0) + chunk_wire_size(0);
}

/* Reads the next chunk and makes WIRE of it. */
static bool make_chunk(struct s3_body *body)
{
	char signature[HASH_HEX_SIZE], head[CHUNK_HEAD_MOST];
	char *bytes = body->wire + CHUNK_HEAD_MOST;
	size_t length = 0, head_length;
	ssize_t got = 0;

	while (length < S3_CHUNK && (got = read_bytes(body, bytes + length, S3_CHUNK - length)) > 0)
		length += (size_t)got;
	if (got < 0)
		return false;
	sigv4_chunk(&body->chunks, bytes, length, signature);
	head_length = (size_t)snprintf(head, sizeof head, "%zx;chunk-signature=%s\r\n", length, signature);
	memcpy(bytes + length, "\r\n", 2);
	memcpy(bytes - head_length, head, head_length);
	body->wire_at = CHUNK_HEAD_MOST - head_length;
	body->wire_length = CHUNK_HEAD_MOST + length + 2;
	body->last = length == 0;
	return true;
}

ssize_t s3_body_read(void *context, char *out, size_t room)
{
	struct s3_body *body = context;
	size_t left;

	if (!body->chunked)
		return read_bytes(body, out, room);
	if (body->wire_at == body->wire_length) {
		if (body->last)
			return 0;
		if (!make_chunk(body))
			return -1;
	}
	left = body->wire_length - body->wire_at;
	if (room > left)
		room = left;
	memcpy(out, body->wire + body->wire_at, room);
	body->wire_at += room;
	return (ssize_t)room;
}

bool s3_body_rewind(void *context)
{
	struct s3_body *body = context;

	body->at = 0;
	begin_digests(body);
	if (body->chunked) {
		body->chunks = body->first;
		body->wire_at = body->wire_length = 0;
		body->last = false;
	}
	return true;
}

void s3_body_end(struct s3_body *body)
{
	EVP_MD_CTX_free(body->sha256);
	EVP_MD_CTX_free(body->md5);
	free(body->wire);
	sigv4_chunks_end(&body->first);
	sigv4_chunks_end(&body->chunks);
	*body = (struct s3_body){.fd = -1};
}
