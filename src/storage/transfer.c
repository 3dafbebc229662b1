/* SPDX-License-Identifier: MIT */
#include "storage/transfer.h"

#include "base/clock.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 1000, URL_MOST = 16384 };

/* One exchange on its way. */
struct flight {
	CURL *curl; /* kept for the next exchange */
	struct curl_slist *headers;
	struct transfer_exchange *exchange; /* NULL: free */
	size_t header_bytes;
	bool sink_failed, too_large, kept_out;
	const struct transfer_limits *limits;
};

struct transfer {
	struct transfer_limits limits;
	char *ca_file;
	CURLM *multi;
	struct flight flights[TRANSFER_PARALLEL_MOST];
	size_t sharers; /* exchanges that may share the bandwidth in this run */
	struct transfer_pace pace;
};

enum err transfer_open(const struct transfer_limits *limits, struct transfer **out, struct err_info *info)
{
	struct transfer *transfer;

	assert(limits->parallel >= 1 && limits->parallel <= TRANSFER_PARALLEL_MOST && limits->slow_s > 0);
	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(info, ERR_INTERNAL, "libcurl does not start");
	transfer = calloc(1, sizeof *transfer);
	if (transfer == NULL)
		abort();
	transfer->limits = *limits;
	pthread_mutex_init(&transfer->pace.lock, NULL);
	if (limits->pace == NULL)
		transfer->limits.pace = &transfer->pace;
	if (limits->ca_file != NULL && limits->ca_file[0] != '\0')
		transfer->ca_file = strdup(limits->ca_file);
	transfer->multi = curl_multi_init();
	if (transfer->multi == NULL) {
		transfer_close(transfer);
		return err_set(info, ERR_INTERNAL, "libcurl does not start");
	}
	curl_multi_setopt(transfer->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(transfer->multi, CURLMOPT_MAXCONNECTS, (long)limits->parallel + 2);
	*out = transfer;
	return ERR_OK;
}

void transfer_close(struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	for (size_t i = 0; i < TRANSFER_PARALLEL_MOST; i++)
		curl_easy_cleanup(transfer->flights[i].curl);
	curl_multi_cleanup(transfer->multi);
	curl_global_cleanup();
	pthread_mutex_destroy(&transfer->pace.lock);
	free(transfer->ca_file);
	free(transfer);
}

const char *transfer_answer_header(const struct transfer_exchange *exchange, const char *name)
{
	for (size_t i = exchange->answer_header_count; i-- > 0;) {
		if (strcmp(exchange->answer_headers[i].name, name) == 0)
			return exchange->answer_headers[i].value;
	}
	return NULL;
}

static long status_of(const struct flight *flight)
{
	long status = 0;

	curl_easy_getinfo(flight->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct flight *flight = context;
	struct transfer_exchange *exchange = flight->exchange;
	size_t length = size * count;
	long status = status_of(flight);

	if (exchange->sink != NULL && status >= 200 && status <= 299) {
		flight->sink_failed = !exchange->sink(exchange->context, bytes, length, &exchange->info);
		return flight->sink_failed ? CURL_WRITEFUNC_ERROR : length;
	}
	buf_put(&exchange->answer, bytes, length);
	flight->too_large = exchange->answer.overflow;
	return flight->too_large ? CURL_WRITEFUNC_ERROR : length;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	struct flight *flight = context;
	struct transfer_exchange *exchange = flight->exchange;
	size_t length = size * count, name_length, end = length;
	const char *colon = memchr(line, ':', length);
	struct transfer_header *header;
	char *name;

	/* A status line begins the headers of another answer: "100 Continue" goes before the one that counts. */
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		exchange->answer_header_count = 0;
		return length;
	}
	flight->header_bytes += length;
	if (colon == NULL || flight->header_bytes > TRANSFER_HEADERS_SIZE ||
		exchange->answer_header_count == TRANSFER_HEADERS_MOST)
		return length;
	name_length = (size_t)(colon - line);
	name = arena_memdup(exchange->arena, line, name_length);
	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	for (colon++; colon < line + end && (*colon == ' ' || *colon == '\t'); colon++)
		;
	while (end > 0 && line + end > colon && isspace((unsigned char)line[end - 1]))
		end--;
	header = &exchange->answer_headers[exchange->answer_header_count++];
	header->name = name;
	header->value = arena_memdup(exchange->arena, colon, (size_t)(line + end - colon));
	return length;
}

static size_t give_bytes(char *out, size_t size, size_t count, void *context)
{
	const struct transfer_body *body = context;
	ssize_t got = body->read(body->context, out, size * count);

	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static int rewind_body(void *context, curl_off_t offset, int origin)
{
	const struct transfer_body *body = context;

	if (offset != 0 || origin != SEEK_SET || !body->rewind(body->context))
		return CURL_SEEKFUNC_FAIL;
	return CURL_SEEKFUNC_OK;
}

/* Here the name is resolved: what is looked at is the address that will be connected to, and no other. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct flight *flight = context;

	if (purpose != CURLSOCKTYPE_IPCXN || !flight->limits->may_connect(flight->limits->context, &address->addr)) {
		flight->kept_out = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void set_limits(const struct transfer *transfer, CURL *curl)
{
	const struct transfer_limits *limits = &transfer->limits;
	curl_off_t share = (curl_off_t)(limits->bandwidth / (int64_t)transfer->sharers);

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, limits->https_only ? "https" : "http,https");
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "tonearm/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, limits->connect_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, limits->total_ms);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)limits->least_rate);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, limits->slow_s);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 18);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 1L << 18);
	if (limits->bandwidth > 0) {
		curl_easy_setopt(curl, CURLOPT_MAX_SEND_SPEED_LARGE, share > 0 ? share : (curl_off_t)1);
		curl_easy_setopt(curl, CURLOPT_MAX_RECV_SPEED_LARGE, share > 0 ? share : (curl_off_t)1);
	}
	if (transfer->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, transfer->ca_file);
	if (limits->direct)
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static struct curl_slist *append(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (longer == NULL)
		abort();
	return longer;
}

static void set_headers(struct flight *flight)
{
	const struct transfer_exchange *exchange = flight->exchange;
	bool typed = false;

	for (size_t i = 0; i < exchange->header_count; i++) {
		const struct transfer_header *header = &exchange->headers[i];
		/* A semicolon is libcurl's way to send a header without a value. */
		const char *format = header->value[0] == '\0' ? "%s;%s" : "%s: %s";

		flight->headers = append(
			flight->headers, arena_printf(exchange->arena, format, header->name, header->value));
		typed |= strcmp(header->name, "content-type") == 0;
	}
	if (!typed)
		flight->headers = append(flight->headers, "Content-Type:");
	/* A store that does not know it would cost a second each time. */
	flight->headers = append(flight->headers, "Expect:");
	curl_easy_setopt(flight->curl, CURLOPT_HTTPHEADER, flight->headers);
}

static void set_body(struct flight *flight)
{
	const struct transfer_exchange *exchange = flight->exchange;

	if (exchange->body != NULL) {
		curl_easy_setopt(flight->curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(flight->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->body->length);
		curl_easy_setopt(flight->curl, CURLOPT_READFUNCTION, give_bytes);
		curl_easy_setopt(flight->curl, CURLOPT_READDATA, (void *)exchange->body);
		curl_easy_setopt(flight->curl, CURLOPT_SEEKFUNCTION, rewind_body);
		curl_easy_setopt(flight->curl, CURLOPT_SEEKDATA, (void *)exchange->body);
	} else if (strcmp(exchange->method, "HEAD") == 0) {
		curl_easy_setopt(flight->curl, CURLOPT_NOBODY, 1L);
	} else if (strcmp(exchange->method, "PUT") == 0 || strcmp(exchange->method, "POST") == 0) {
		curl_easy_setopt(flight->curl, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(flight->curl, CURLOPT_POSTFIELDSIZE, 0L);
	}
	curl_easy_setopt(flight->curl, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static void take_off(struct transfer *transfer, struct flight *flight, struct transfer_exchange *exchange)
{
	if (flight->curl == NULL && (flight->curl = curl_easy_init()) == NULL)
		abort();
	curl_easy_reset(flight->curl);
	flight->exchange = exchange;
	flight->header_bytes = 0;
	flight->sink_failed = flight->too_large = flight->kept_out = false;
	flight->limits = &transfer->limits;
	exchange->answer_header_count = 0;
	exchange->answer_headers =
		arena_array(exchange->arena, TRANSFER_HEADERS_MOST, sizeof *exchange->answer_headers);
	buf_clear(&exchange->answer);
	set_limits(transfer, flight->curl);
	set_headers(flight);
	set_body(flight);
	if (transfer->limits.may_connect != NULL) {
		curl_easy_setopt(flight->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
		curl_easy_setopt(flight->curl, CURLOPT_OPENSOCKETDATA, flight);
	}
	curl_easy_setopt(flight->curl, CURLOPT_URL, exchange->url);
	curl_easy_setopt(flight->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(flight->curl, CURLOPT_WRITEDATA, flight);
	curl_easy_setopt(flight->curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(flight->curl, CURLOPT_HEADERDATA, flight);
	curl_easy_setopt(flight->curl, CURLOPT_PRIVATE, flight);
	if (curl_multi_add_handle(transfer->multi, flight->curl) != CURLM_OK)
		abort();
}

static enum err code_of(struct transfer_exchange *exchange, CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(&exchange->info, ERR_TIMEOUT, "no answer came in time");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return err_set(&exchange->info, ERR_FORBIDDEN, "the server's certificate is not trusted: %s",
			curl_easy_strerror(code));
	default:
		return err_set(&exchange->info, ERR_IO, "%s", curl_easy_strerror(code));
	}
}

static void land(struct transfer *transfer, struct flight *flight, CURLcode code)
{
	struct transfer_exchange *exchange = flight->exchange;

	curl_multi_remove_handle(transfer->multi, flight->curl);
	exchange->refused = flight->sink_failed;
	if (flight->too_large)
		exchange->err = err_set(&exchange->info, ERR_TOO_LARGE, "an answer is larger than %zu bytes",
			exchange->answer.limit);
	else if (flight->sink_failed && exchange->info.code != ERR_OK)
		exchange->err = exchange->info.code;
	else if (flight->sink_failed)
		exchange->err = err_set(&exchange->info, ERR_IO, "the answer was not taken");
	else if (code == CURLE_COULDNT_CONNECT && flight->kept_out)
		exchange->err = err_set(&exchange->info, ERR_FORBIDDEN, "the host's address is not one to connect to");
	else if (code != CURLE_OK)
		exchange->err = code_of(exchange, code);
	else
		exchange->status = status_of(flight);
	curl_slist_free_all(flight->headers);
	flight->headers = NULL;
	flight->exchange = NULL;
}

static void tell(struct transfer_exchange *exchange)
{
	if (exchange->landed != NULL)
		exchange->landed(exchange->context, exchange);
}

/* A second's worth of requests may begin at once, the rest at an even pace. Microseconds to wait, 0: one may begin. */
static int64_t wait_for_pace(struct transfer *transfer, int64_t now_us)
{
	struct transfer_pace *pace = transfer->limits.pace;
	int64_t interval, wait;

	if (transfer->limits.requests_per_s <= 0)
		return 0;
	interval = 1000000 / transfer->limits.requests_per_s;
	pthread_mutex_lock(&pace->lock);
	wait = pace->next_us - now_us - 1000000 + interval;
	if (wait <= 0)
		pace->next_us = (pace->next_us > now_us ? pace->next_us : now_us) + interval;
	pthread_mutex_unlock(&pace->lock);
	return wait > 0 ? wait : 0;
}

static struct flight *free_flight(struct transfer *transfer)
{
	for (size_t i = 0; i < transfer->limits.parallel; i++) {
		if (transfer->flights[i].exchange == NULL)
			return &transfer->flights[i];
	}
	return NULL;
}

static bool prepare(struct transfer_exchange *exchange)
{
	exchange->err = ERR_OK;
	exchange->refused = false;
	exchange->status = 0;
	if (exchange->prepare != NULL)
		exchange->err = exchange->prepare(exchange->context, exchange, &exchange->info);
	return exchange->err == ERR_OK;
}

/*
 * Begins what may begin; *BEGUN counts, and *LANDED those that ended before they began. Returns the milliseconds until
 * it should be called again.
 */
static int begin(struct transfer *transfer, struct transfer_exchange *const *list, size_t count, size_t *begun,
	size_t *landed)
{
	struct flight *flight;

	while (*begun < count && (flight = free_flight(transfer)) != NULL) {
		int64_t wait = wait_for_pace(transfer, clock_monotonic_us());
		struct transfer_exchange *exchange;

		if (wait > 0)
			return wait >= POLL_MS * 1000 ? POLL_MS : (int)(wait / 1000) + 1;
		exchange = list[(*begun)++];
		if (prepare(exchange)) {
			take_off(transfer, flight, exchange);
		} else {
			tell(exchange);
			(*landed)++;
		}
	}
	return POLL_MS;
}

static size_t land_all(struct transfer *transfer)
{
	size_t landed = 0;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transfer->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		struct transfer_exchange *exchange;
		struct flight *flight;
		char *private = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		flight = (struct flight *)(void *)private;
		exchange = flight->exchange;
		land(transfer, flight, code);
		tell(exchange);
		landed++;
	}
	return landed;
}

/* Ends what flies and what never began. */
static void cancel(struct transfer *transfer, struct transfer_exchange *const *list, size_t count, size_t begun)
{
	for (size_t i = 0; i < TRANSFER_PARALLEL_MOST; i++) {
		struct transfer_exchange *exchange = transfer->flights[i].exchange;

		if (exchange == NULL)
			continue;
		land(transfer, &transfer->flights[i], CURLE_ABORTED_BY_CALLBACK);
		exchange->err = err_set(&exchange->info, ERR_ABORTED, "the transfer was cancelled");
	}
	for (; begun < count; begun++)
		list[begun]->err = err_set(&list[begun]->info, ERR_ABORTED, "the transfer was cancelled");
}

void transfer_run(struct transfer *transfer, struct transfer_exchange *const *list, size_t count)
{
	size_t begun = 0, landed = 0;

	transfer->sharers = count < transfer->limits.parallel ? count : transfer->limits.parallel;
	while (landed < count) {
		int wait = begin(transfer, list, count, &begun, &landed), running;
		size_t now;

		if (landed == count)
			break;
		if (curl_multi_perform(transfer->multi, &running) != CURLM_OK)
			abort();
		now = land_all(transfer);
		landed += now;
		if (transfer->limits.cancelled != NULL && transfer->limits.cancelled(transfer->limits.context)) {
			cancel(transfer, list, count, begun);
			return;
		}
		if (now == 0)
			curl_multi_poll(transfer->multi, NULL, 0, wait, NULL);
	}
}
