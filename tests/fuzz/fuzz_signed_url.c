/* SPDX-License-Identifier: MIT */
/* The signed addresses on any three texts, split at the first zero bytes: only what was signed here may pass. */
#include "auth/signed_url.h"
#include "auth/ticket.h"
#include "http/url.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

static int64_t fixed_now(void *context)
{
	(void)context;
	return 0;
}

/* QUERY is taken as a whole query: what passes must be what would be written for its own terms. */
static void check_ticket(const char *name, const char *query, const struct clock *at, struct arena *arena)
{
	static const struct conf conf = {.url_secret = "0123456789abcdef0123456789abcdef"};
	struct ticket ticket;
	const char *ours;

	if (ticket_read(&conf, TICKET_GRANT, name, query, "192.0.2.1", at, arena, &ticket, NULL) != ERR_OK)
		return;
	ours = strrchr(ticket_write(&conf, &ticket, arena), '=') + 1;
	assert(strcasecmp(ours, url_query_value(query, "grant", arena)) == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	static const char secret[] = "0123456789abcdef0123456789abcdef";
	static const struct clock at = {fixed_now, NULL};
	struct arena arena = {0};
	const char *name = arena_memdup(&arena, bytes, length), *end = name + length;
	const char *expires = name + strlen(name) < end ? name + strlen(name) + 1 : end;
	const char *sig = expires + strlen(expires) < end ? expires + strlen(expires) + 1 : end;
	char ours[HASH_HEX_SIZE];

	if (signed_url_check_stream(secret, name, expires, sig, &at, NULL) == ERR_OK) {
		signed_url_stream(secret, name, strtoll(expires, NULL, 10), ours);
		assert(strcasecmp(ours, sig) == 0);
	}
	check_ticket(name, expires, &at, &arena);
	if (signed_url_check_grant(secret, name, expires, sig, &at, NULL) == ERR_OK) {
		signed_url_grant(secret, name, strtoll(expires, NULL, 10), ours);
		assert(strcasecmp(ours, sig) == 0);
	}
	arena_free(&arena);
	return 0;
}
