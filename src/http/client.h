/* SPDX-License-Identifier: MIT */
/*
 * Who the client is. The web server's REMOTE_ADDR is the machine that connected to it, which may be a proxy. What a
 * header field says about those behind it counts only as far as proxies that we trust vouch for it:
 *
 *     X-Forwarded-For: 203.0.113.9, 198.51.100.4, 10.0.0.2      REMOTE_ADDR 10.0.0.1
 *                      anybody's word  the client  trusted      trusted
 *
 * The list is read from its end; the first address that is no trusted proxy is the client, and what stands before it is
 * not looked at. Pure, thread-safe.
 */
#ifndef TONEARM_HTTP_CLIENT_H
#define TONEARM_HTTP_CLIENT_H

#include "base/network.h"
#include "http/request.h"

struct client_trust {
	const struct network *proxies;
	size_t count;
	const char *field; /* that they set: "X-Forwarded-For", "Forwarded" (RFC 7239) or "X-Real-IP" */
};

/*
 * Settles remote, proxied and https of REQUEST, whose remote is REMOTE_ADDR. Where the list ends without one who is no
 * proxy, its first is the client; where an address on the way is none ("unknown", a name), remote stays. The scheme is
 * that of X-Forwarded-Proto, or of the client's element of Forwarded. TRUST may be NULL: nobody is trusted.
 * ERR_BAD_REQUEST when beside the word of the proxy there is one that it did not know for its own (see client.c).
 */
enum err client_settle(struct request *request, const struct client_trust *trust, struct err_info *info);

#endif
