/* SPDX-License-Identifier: MIT */
#include "http/site.h"

#include <string.h>
#include <strings.h>

#define POLICY "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"

/* Length of the origin that URL begins with, "https://example.org:8443". */
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL ? (size_t)(host - url) + 3 + strcspn(host + 3, "/") : 0;
}

static bool is_listed(const char *origins, const char *origin)
{
	size_t length = strlen(origin);

	while (*origins != '\0') {
		size_t one = strcspn(origins, " ");

		if (one == length && one > 0 && strncasecmp(origins, origin, one) == 0)
			return true;
		origins += one + strspn(origins + one, " ");
	}
	return false;
}

/* Whether ORIGIN is that of our own pages. */
static bool is_own(const struct request *request, const char *origin)
{
	const char *base = request->site->base_url, *host = request_header(request, "host");
	size_t length = origin_length(base);

	if (length > 0)
		return strlen(origin) == length && strncasecmp(origin, base, length) == 0;
	if (host == NULL || *host == '\0' || (strncmp(origin, "https://", 8) != 0 && strncmp(origin, "http://", 7) != 0))
		return false;
	return strcasecmp(strstr(origin, "://") + 3, host) == 0 && (!request->https || origin[4] == 's');
}

const char *site_reader(const struct request *request)
{
	const char *origin;

	if (request->site == NULL || request->site->origins[0] == '\0')
		return NULL;
	origin = request_header(request, "origin");
	return origin != NULL && is_listed(request->site->origins, origin) ? origin : NULL;
}

bool site_may_change(const struct request *request)
{
	const char *from = request_header(request, "sec-fetch-site"), *origin = request_header(request, "origin");

	if (request->site == NULL)
		return false;
	if (from != NULL)
		return strcmp(from, "same-origin") == 0 || strcmp(from, "none") == 0 || site_reader(request) != NULL;
	return origin != NULL && (is_own(request, origin) || site_reader(request) != NULL);
}

void site_share(struct response *response)
{
	static const char usual[] = "Accept-Ranges, Content-Length, Content-Range, ETag, Location, RateLimit, "
				    "RateLimit-Policy, Retry-After, X-Request-Id";
	const struct request *request = response->request;
	const char *reader = site_reader(request);

	if (request->site != NULL && request->site->origins[0] != '\0')
		response_header(response, "Vary", "Origin");
	if (reader == NULL && !response->shared)
		return;
	response_header(response, "Access-Control-Allow-Origin", reader != NULL ? reader : "*");
	if (reader != NULL)
		response_header(response, "Access-Control-Allow-Credentials", "true");
	response_header(response, "Access-Control-Expose-Headers",
		response->exposed == NULL ? usual : arena_printf(request->arena, "%s%s", usual, response->exposed));
}

/* Nothing of an answer is a page. But browsers build a page of their own around sound, and around its playlist. */
static bool is_sound(const char *type)
{
	return strncmp(type, "audio/", 6) == 0 || strncmp(type, "video/", 6) == 0 ||
		strcmp(type, "application/vnd.apple.mpegurl") == 0;
}

void site_put_fields(struct buf *block, const struct response *response, const char *type)
{
	const struct site *site = response->request->site;

	buf_puts(block, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
	buf_puts(block, response->shared ? "Cross-Origin-Resource-Policy: cross-origin\r\n"
					 : "Cross-Origin-Resource-Policy: same-origin\r\n");
	if (type == NULL || !is_sound(type))
		buf_puts(block, POLICY);
	if (site != NULL && strncmp(site->base_url, "https://", 8) == 0)
		buf_puts(block, "Strict-Transport-Security: max-age=31536000\r\n");
}
