/* SPDX-License-Identifier: MIT */
#include "storage/source_url.h"

#include "base/text.h"

#include <string.h>

enum { HOST_MOST = 253, BUCKET_MOST = 63, KEY_MOST = 1024, WORD_MOST = 300 };

static const char https[] = "https://", s3[] = "s3://";
static const char of_hosts[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

static enum err refuse(struct err_info *info)
{
	return err_set(info, ERR_UNPROCESSABLE, "a source is https://HOST/PATH or s3://BUCKET/KEY, of at most %d bytes",
		SOURCE_URL_MOST);
}

static char *lower(const char *text, size_t length, struct arena *arena)
{
	char *copy = arena_memdup(arena, text, length);

	for (char *c = copy; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return copy;
}

/* "host", "host:port" or "[address]:port". */
static bool read_authority(char *text, struct arena *arena, struct source_url *out)
{
	char *end = text[0] == '[' ? strchr(text, ']') : text + strspn(text, of_hosts);
	struct network address;

	if (end == NULL)
		return false;
	if (text[0] == '[') {
		*end = '\0';
		if (strchr(text + 1, ':') == NULL || !network_read_address(text + 1, &address))
			return false;
		*end++ = ']';
	}
	out->port = SOURCE_PORT;
	if (*end == ':' && !text_to_u64(end + 1, UINT16_MAX, &out->port))
		return false;
	if ((*end != ':' && *end != '\0') || end == text || end - text > HOST_MOST || out->port == 0)
		return false;
	out->host = arena_memdup(arena, text, (size_t)(end - text));
	return true;
}

static bool read_https(const char *text, struct arena *arena, struct source_url *out)
{
	size_t length = strcspn(text, "/?");

	/* RFC 3986's characters of a path and a query; what is none of them has to come encoded. */
	for (const char *c = text; *c != '\0'; c++) {
		if (*c <= ' ' || *c >= 0x7F || strchr("\"#<>@[\\]^`{|}", *c) != NULL) {
			if (c >= text + length || (*c != '[' && *c != ']'))
				return false;
		}
	}
	return text[length] == '/' && read_authority(lower(text, length, arena), arena, out);
}

/* Whether a proxy, or a store, might resolve a segment of PATH and come to another bucket. */
static bool climbs(const char *path)
{
	for (const char *segment = path; segment != NULL; segment = strchr(segment, '/')) {
		size_t length;

		segment += *segment == '/';
		length = strcspn(segment, "/");
		if ((length == 1 || length == 2) && strspn(segment, ".") >= length)
			return true;
	}
	return false;
}

/* The key is taken as it stands, as tools of S3 do. */
static bool read_s3(const char *text, struct arena *arena, struct source_url *out)
{
	size_t length = strspn(text, of_hosts);

	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			return false;
	}
	if (length == 0 || length > BUCKET_MOST || text[length] != '/' || text[length + 1] == '\0' ||
		strlen(text + length + 1) > KEY_MOST || climbs(text + length + 1))
		return false;
	out->bucket = arena_memdup(arena, text, length);
	out->key = arena_strdup(arena, text + length + 1);
	return true;
}

enum err source_url_read(const char *text, struct arena *arena, struct source_url *out, struct err_info *info)
{
	bool good = false;

	*out = (struct source_url){0};
	if (strlen(text) > SOURCE_URL_MOST)
		return refuse(info);
	out->text = arena_strdup(arena, text);
	if (strncmp(text, https, strlen(https)) == 0)
		good = read_https(text + strlen(https), arena, out);
	else if (strncmp(text, s3, strlen(s3)) == 0)
		good = read_s3(text + strlen(s3), arena, out);
	return good ? ERR_OK : refuse(info);
}

/* "*", "*.example.org", "media.example.org", each with ":port" unless it is that of https. */
static bool host_matches(char *word, const struct source_url *url)
{
	char *bracket = strchr(word, ']'), *colon = strchr(bracket != NULL ? bracket : word, ':');
	uint64_t port = SOURCE_PORT;
	size_t host = strlen(url->host), tail;

	if (colon != NULL) {
		if (!text_to_u64(colon + 1, UINT16_MAX, &port))
			return false;
		*colon = '\0';
	}
	if (port != url->port)
		return false;
	if (strncmp(word, "*.", 2) != 0)
		return strcmp(word, "*") == 0 || strcmp(word, url->host) == 0;
	tail = strlen(word + 1);
	return host > tail && strcmp(url->host + host - tail, word + 1) == 0;
}

static bool bucket_matches(char *word, const struct source_url *url)
{
	return strcmp(word, url->bucket) == 0;
}

/* Whether one of the words in LIST, between spaces, matches. */
static bool listed(const char *list, bool (*matches)(char *word, const struct source_url *url),
	const struct source_url *url)
{
	char word[WORD_MOST];

	while (*(list += strspn(list, " ")) != '\0') {
		size_t length = strcspn(list, " ");

		if (length < sizeof word) {
			memcpy(word, list, length);
			word[length] = '\0';
			if (matches(word, url))
				return true;
		}
		list += length;
	}
	return false;
}

enum err source_url_allow(const struct conf *conf, const struct source_url *url, struct err_info *info)
{
	if (url->host != NULL && !listed(conf->source_hosts, host_matches, url))
		return err_set(info, ERR_FORBIDDEN, "sources.hosts does not name %.100s", url->host);
	if (url->bucket != NULL && !listed(conf->source_buckets, bucket_matches, url))
		return err_set(info, ERR_FORBIDDEN, "sources.buckets does not name %.100s", url->bucket);
	if (url->bucket != NULL && conf->store_endpoint[0] == '\0')
		return err_set(info, ERR_FORBIDDEN, "there is no object store in the configuration");
	return ERR_OK;
}

bool source_address_allowed(const struct conf *conf, const struct network *address)
{
	for (size_t i = 0; i < conf->source_networks.count; i++) {
		if (network_contains(&conf->source_networks.networks[i], address))
			return true;
	}
	return network_is_public(address);
}

const char *source_url_name(const struct source_url *url, struct arena *arena)
{
	const char *path = url->host != NULL ? url->text + strlen(https) : url->key;
	size_t length = url->host != NULL ? strcspn(path, "?") : strlen(path);
	char *name = arena_memdup(arena, path, length);
	char *slash = strrchr(name, '/');

	if (slash != NULL)
		name = slash + 1;
	return name[0] != '\0' ? name : NULL;
}
