/* SPDX-License-Identifier: MIT */
/*
 * Any CGI parameters make a request that can be answered, whoever is taken for a proxy, and its client has an address
 * that can be read when it is not REMOTE_ADDR. One "NAME=value" a line.
 */
#include "../unit/memory_transport.h"

#include "base/log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_MOST = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void answer(struct request *request, struct response *response)
{
	const char *told = request_parameter(request, "REMOTE_ADDR");
	struct network client;

	request_cookie(request, "a");
	request_query(request, "a");
	if (strcmp(request->remote, told != NULL ? told : "") != 0 && !network_read_address(request->remote, &client))
		abort();
	response_status(response, 200);
	if (response_not_modified(response, "\"a\"", 784111777))
		return;
	response_header(response, "X-Echo", request->path);
	response_body(response, "text/plain", request->path, strlen(request->path));
}

static const struct route routes[] = {
	{HTTP_GET, "/a/{b}.c", NULL, answer}, {HTTP_GET | HTTP_POST, "/{a}", NULL, answer}};
static const struct router router = {routes, 2, NULL, NULL};
static const struct network anybody[] = {{.bits = 96, .bytes = {[10] = 0xFF, [11] = 0xFF}}, {.bits = 3, .bytes = {0x20}}};
static const struct client_trust trusts[] = {
	{anybody, 2, "Forwarded"}, {anybody, 1, "X-Forwarded-For"}, {anybody, 2, "X-Real-IP"}};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = strndup((const char *)bytes, length);
	const char *params[PARAMS_MOST + 1] = {NULL};
	struct memory_transport transport;
	const struct serve_options options = {.program = "fuzz", .router = &router, .trust = &trusts[length % 3]};
	size_t count = 0;
	char *rest = NULL;

	log_open("fuzz", LOG_ERROR, NULL, NULL);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < PARAMS_MOST;
		line = strtok_r(NULL, "\n", &rest))
		params[count++] = line;
	memory_exchange(&transport, &options, params, "body", 4);
	if (!transport.finished || strncmp(buf_text(&transport.out), "Status: ", 8) != 0 ||
		strstr(buf_text(&transport.out), "\r\n\r\n") == NULL)
		abort();
	buf_free(&transport.out);
	free(text);
	return 0;
}
