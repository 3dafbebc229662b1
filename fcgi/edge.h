/* SPDX-License-Identifier: MIT */
/* Where else a rendition's file is: at the edge (storage/cdn.h) nearest to who asks, with his permission. */
#ifndef TONEARM_FCGI_EDGE_H
#define TONEARM_FCGI_EDGE_H

#include "fcgi/listen.h"
#include "http/response.h"
#include "storage/cdn.h"

/*
 * The address of the whole file of RENDITION for who LISTENING lets in, good until access_child_expires(); in the
 * request's arena. False when there is none, and the file is better sent from here: no edges, a rendition that grows,
 * or an edge that cannot sign for this listener, which is logged.
 */
bool edge_link(struct request *request, const struct listening *listening, const struct rendition *rendition,
	struct cdn_link *out);

/* Sets the cookies that LINK needs, before the answer begins. */
void edge_cookies(struct response *response, const struct cdn_link *link);

#endif
