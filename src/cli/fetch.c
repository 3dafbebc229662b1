/* SPDX-License-Identifier: MIT */
#include "cli/fetch.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 5000 };

struct fetch {
	CURL *curl;
};

enum err fetch_open(struct fetch **out, struct err_info *info)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);

	*out = NULL;
	if (fetch == NULL)
		abort();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		fetch->curl = curl_easy_init();
	if (fetch->curl == NULL) {
		free(fetch);
		return err_set(info, ERR_INTERNAL, "libcurl does not start");
	}
	*out = fetch;
	return ERR_OK;
}

void fetch_close(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	curl_easy_cleanup(fetch->curl);
	curl_global_cleanup();
	free(fetch);
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct fetch_answer *answer = context;
	size_t length = size * count;
	size_t room = answer->body.limit - answer->body.length;

	answer->bytes += length;
	buf_put(&answer->body, bytes, length < room ? length : room);
	return length;
}

enum err fetch_get(struct fetch *fetch, const char *url, const struct fetch_range *range, long timeout_ms,
	struct fetch_answer *answer, struct err_info *info)
{
	CURL *curl = fetch->curl;
	char span[64];
	CURLcode code;

	answer->bytes = 0;
	answer->status = 0;
	buf_clear(&answer->body);
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "tonearm/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (range != NULL && range->length > 0) {
		snprintf(span, sizeof span, "%" PRIu64 "-%" PRIu64, range->first, range->first + range->length - 1);
		curl_easy_setopt(curl, CURLOPT_RANGE, span);
	}
	code = curl_easy_perform(curl);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(info, ERR_TIMEOUT, "no whole answer came in time");
	if (code != CURLE_OK)
		return err_set(info, ERR_IO, "%s", curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
	return ERR_OK;
}

enum err fetch_resolve(
	const char *base, const char *reference, struct arena *arena, const char **out, struct err_info *info)
{
	CURLU *url = curl_url();
	char *text = NULL;
	enum err err = ERR_OK;

	if (url == NULL || curl_url_set(url, CURLUPART_URL, base, 0) != CURLUE_OK ||
		curl_url_set(url, CURLUPART_URL, reference, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK)
		err = err_set(info, ERR_UNPROCESSABLE, "the manifest names something that is no URL");
	else
		*out = arena_strdup(arena, text);
	curl_free(text);
	curl_url_cleanup(url);
	return err;
}
