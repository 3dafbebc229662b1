/* SPDX-License-Identifier: MIT */
#include "cli/probe.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

enum { BODY_MOST = 1 << 20, CONNECT_MS = 10000 };

/* One transfer. */
struct transfer {
	const struct probe_request *request;
	struct probe_answer *answer;
	int64_t sent, first_us, last_us;
};

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	transfer->last_us = clock_monotonic_us();
	if (transfer->first_us == 0)
		transfer->first_us = transfer->last_us;
	buf_put(&transfer->answer->body, bytes, size * count);
	return transfer->answer->body.overflow ? 0 : size * count;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static size_t give(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct probe_request *request = transfer->request;
	int64_t middle = request->sent / 2, until = transfer->sent < middle ? middle : request->sent;
	size_t piece = size * count;

	if (transfer->sent == request->sent)
		return CURL_READFUNC_PAUSE;
	if (transfer->sent == middle)
		sleep_ms(request->pause_ms);
	if ((int64_t)piece > until - transfer->sent)
		piece = (size_t)(until - transfer->sent);
	memset(bytes, 'x', piece);
	transfer->sent += (int64_t)piece;
	return piece;
}

static struct curl_slist *make_headers(const struct probe *probe)
{
	struct curl_slist *headers = NULL;

	headers = curl_slist_append(headers, arena_printf(probe->arena, "Authorization: Bearer %s", probe->token));
	headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
	return curl_slist_append(headers, "Expect:");
}

static void prepare(CURL *curl, const struct probe *probe, struct transfer *transfer, struct curl_slist *headers)
{
	const struct probe_request *request = transfer->request;

	curl_easy_setopt(curl, CURLOPT_URL, arena_printf(probe->arena, "%s%s", probe->site, request->path));
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "tonearm/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	if (request->range != NULL)
		curl_easy_setopt(curl, CURLOPT_RANGE, request->range);
	if (request->body > 0) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
		curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
	}
}

enum err probe_ask(const struct probe *probe, const struct probe_request *request, struct probe_answer *answer,
	struct err_info *info)
{
	struct transfer transfer = {.request = request, .answer = answer};
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	CURLcode code;
	enum err err = ERR_OK;

	*answer = (struct probe_answer){0};
	buf_init(&answer->body, BODY_MOST);
	if (curl == NULL)
		return err_set(info, ERR_INTERNAL, "libcurl does not start");
	headers = make_headers(probe);
	prepare(curl, probe, &transfer, headers);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
	answer->whole = code == CURLE_OK;
	answer->spread_ms = (transfer.last_us - transfer.first_us) / 1000;
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_URL_MALFORMAT ||
		code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_PEER_FAILED_VERIFICATION)
		err = err_set(info, ERR_IO, "%s: %s", probe->site, curl_easy_strerror(code));
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return err;
}
