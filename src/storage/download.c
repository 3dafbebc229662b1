/* SPDX-License-Identifier: MIT */
#include "storage/download.h"

#include "base/clock.h"
#include "storage/source_url.h"
#include "storage/transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

enum { CONNECT_MS = 15000, LEAST_RATE = 1024, SLOW_S = 30, REFUSAL_MOST = 64 * 1024 };

struct fetch {
	const struct conf *conf;
	const atomic_bool *stop;
	struct arena *arena;
	storage_sink *sink;
	void *context;
	int64_t end_us;
};

static bool may_connect(void *context, const struct sockaddr *address)
{
	const struct fetch *fetch = context;
	const void *bytes = NULL;
	struct network network;
	char text[INET6_ADDRSTRLEN];

	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return bytes != NULL && inet_ntop(address->sa_family, bytes, text, sizeof text) != NULL &&
	       network_read_address(text, &network) && source_address_allowed(fetch->conf, &network);
}

static bool is_stopped(void *context)
{
	const struct fetch *fetch = context;

	return atomic_load(fetch->stop);
}

/* Where a redirect from URL to LOCATION (RFC 9110 section 10.2.2) leads, in the arena; NULL when nowhere. */
static const char *resolve(const struct fetch *fetch, const char *url, const char *location)
{
	CURLU *parts = curl_url();
	const char *out = NULL;
	char *text = NULL;

	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_set(parts, CURLUPART_URL, location, 0) == CURLUE_OK &&
		curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK)
		out = arena_strdup(fetch->arena, text);
	curl_free(text);
	curl_url_cleanup(parts);
	return out;
}

static enum err judge_status(long status, struct err_info *info)
{
	if (status == 200)
		return ERR_OK;
	if (status == 404 || status == 410)
		return err_set(info, ERR_NOT_FOUND, "the host has no such file");
	if (status == 429 || status >= 500)
		return err_set(info, ERR_BUSY, "the host answers with status %ld", status);
	return err_set(info, status == 401 || status == 403 ? ERR_FORBIDDEN : ERR_UNPROCESSABLE,
		"the host answers with status %ld", status);
}

static enum err ask(struct fetch *fetch, struct transfer_exchange *exchange, struct err_info *info)
{
	const struct transfer_limits limits = {
		.connect_ms = CONNECT_MS,
		.total_ms = (long)((fetch->end_us - clock_monotonic_us()) / 1000) + 1,
		.least_rate = LEAST_RATE,
		.slow_s = SLOW_S,
		.parallel = 1,
		.ca_file = fetch->conf->source_ca_file,
		.direct = true,
		.https_only = true,
		.may_connect = may_connect,
		.cancelled = is_stopped,
		.context = fetch,
	};
	struct transfer *transfer;
	enum err err;

	if (limits.total_ms <= 1)
		return err_set(info, ERR_TIMEOUT, "the source did not come in time");
	err = transfer_open(&limits, &transfer, info);
	if (err != ERR_OK)
		return err;
	transfer_run(transfer, &exchange, 1);
	transfer_close(transfer);
	return exchange->err == ERR_OK ? ERR_OK : err_set(info, exchange->err, "%s", exchange->info.detail);
}

/* One request. *NEXT is where a redirect leads, NULL when the bytes came. */
static enum err hop(struct fetch *fetch, const char *url, const char **next, struct err_info *info)
{
	struct transfer_exchange exchange = {
		.method = "GET", .url = url, .sink = fetch->sink, .context = fetch->context, .arena = fetch->arena};
	struct source_url parts;
	enum err err = source_url_read(url, fetch->arena, &parts, info);

	*next = NULL;
	if (err == ERR_OK && parts.host == NULL)
		err = err_set(info, ERR_UNPROCESSABLE, "a redirect leads away from https");
	if (err == ERR_OK)
		err = source_url_allow(fetch->conf, &parts, info);
	if (err != ERR_OK)
		return err;
	buf_init(&exchange.answer, REFUSAL_MOST);
	err = ask(fetch, &exchange, info);
	buf_free(&exchange.answer);
	if (err != ERR_OK)
		return err;
	if (exchange.status >= 300 && exchange.status <= 399) {
		const char *location = transfer_answer_header(&exchange, "location");

		*next = location != NULL ? resolve(fetch, url, location) : NULL;
		if (*next != NULL)
			return ERR_OK;
	}
	return judge_status(exchange.status, info);
}

enum err download(const struct conf *conf, const char *url, const atomic_bool *stop, storage_sink *sink, void *context,
	struct arena *arena, struct err_info *info)
{
	struct fetch fetch = {.conf = conf,
		.stop = stop,
		.arena = arena,
		.sink = sink,
		.context = context,
		.end_us = clock_monotonic_us() + conf->source_timeout_s * 1000000};

	for (int i = 0; i <= DOWNLOAD_REDIRECTS_MOST; i++) {
		const char *next;
		enum err err = hop(&fetch, url, &next, info);

		if (err != ERR_OK || next == NULL)
			return err;
		url = next;
	}
	return err_set(info, ERR_UNPROCESSABLE, "there are more than %d redirects", DOWNLOAD_REDIRECTS_MOST);
}
