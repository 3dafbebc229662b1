/* SPDX-License-Identifier: MIT */
/* The handlers of auth.fcgi, by noun, for its table of routes in auth.c. */
#ifndef TONEARM_FCGI_AUTH_H
#define TONEARM_FCGI_AUTH_H

#include "fcgi/responder.h"

/* auth_token.c: an API key, a name and a password, or a refresh token for a token */
void auth_token(struct request *request, struct response *response);

/* auth_sign.c */
void auth_sign(struct request *request, struct response *response);

/* auth_revoke.c */
void auth_revoke(struct request *request, struct response *response);

/*
 * auth_check.c: may this be served? As an authorizer the request is the one for the file; else, for nginx's
 * auth_request, its address stands in TONEARM_CHECK_URI.
 */
void auth_check(struct request *request, struct response *response);
void auth_authorize(struct request *request, struct response *response);
void auth_check_edge(struct request *request, struct response *response); /* for an edge: 204, or the refusal */

#endif
