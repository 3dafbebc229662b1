/* SPDX-License-Identifier: MIT */
#include "storage/s3_address.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { PORT_MOST = 65535 };

/* Names of S3's rules that are safe in a URL: [a-z0-9.-]{3,63}; old stores also had upper case and "_". */
static bool is_bucket(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t length = strlen(name);

	return length >= 3 && length <= 63 && strspn(name, good) == length && name[0] != '.' && name[0] != '-';
}

/* A name or an IPv4 address, or an IPv6 address in brackets; perhaps a port. */
static bool is_host(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t length = text[0] == '[' ? strcspn(text, "]") : strspn(text, name);
	uint64_t port;

	if (length == 0)
		return false;
	if (text[0] == '[') {
		if (text[length] == '\0' || length == 1 || strspn(text + 1, "0123456789abcdefABCDEF:.") != length - 1)
			return false;
		length++;
	}
	return text[length] == '\0' ||
	       (text[length] == ':' && text_to_u64(text + length + 1, PORT_MOST, &port) && port > 0);
}

enum err s3_address_read(const char *endpoint, const char *bucket, const char *region, bool host_style,
	struct arena *arena, struct s3_address *out, struct err_info *info)
{
	const char *host = strncmp(endpoint, "https://", 8) == 0  ? endpoint + 8
			   : strncmp(endpoint, "http://", 7) == 0 ? endpoint + 7
								  : NULL;

	if (!is_bucket(bucket))
		return err_set(info, ERR_BAD_REQUEST, "a bucket's name has 3 to 63 letters, digits, dots and hyphens");
	if (host == NULL || !is_host(host))
		return err_set(info, ERR_BAD_REQUEST,
			"the endpoint of an object store is https:// or http:// and a host, nothing behind it");
	*out = (struct s3_address){.scheme = arena_memdup(arena, endpoint, (size_t)(host - endpoint)),
		.host = host_style ? arena_printf(arena, "%s.%s", bucket, host) : arena_strdup(arena, host),
		.bucket = arena_strdup(arena, bucket),
		.region = arena_strdup(arena, region),
		.host_style = host_style};
	return ERR_OK;
}

const char *s3_address_path(const struct s3_address *address, const char *key, struct arena *arena)
{
	if (address->host_style)
		return arena_printf(arena, "/%s", key == NULL ? "" : key);
	return arena_printf(arena, "/%s%s%s", address->bucket, key == NULL ? "" : "/", key == NULL ? "" : key);
}

enum err s3_address_presign(const struct s3_address *address, const struct sigv4_credentials *credentials,
	const char *method, const char *key, int64_t length, int64_t lifetime_s, int64_t now_s, struct arena *arena,
	const char **url, struct err_info *info)
{
	const struct sigv4_pair headers[] = {
		{"host", address->host}, {"content-length", arena_printf(arena, "%" PRId64, length)}};
	struct sigv4_request request = {.method = method,
		.path = s3_address_path(address, key, arena),
		.headers = headers,
		.header_count = length < 0 ? 1 : 2,
		.payload = SIGV4_UNSIGNED,
		.region = address->region,
		.service = "s3",
		.time_s = now_s};
	struct sigv4_signed made;
	enum err err = sigv4_presign(&request, credentials, lifetime_s, arena, &made, info);

	if (err == ERR_OK)
		*url = arena_printf(arena, "%s%s%s?%s", address->scheme, address->host,
			sigv4_encode(request.path, true, arena), made.query);
	return err;
}
