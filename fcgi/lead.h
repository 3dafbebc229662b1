/* SPDX-License-Identifier: MIT */
/*
 * From where the sound of a rendition goes to the listener: the one place that decides it.
 *
 *     at an edge, and the web server asks for redirect (http.delivery) ──► 302
 *     at its place, also by the cache ──► deliver.h, in the web server's way
 *     in the object store alone, then after store.serve, for a whole file:
 *         redirect ──► 302 to the store, by a presigned URL
 *         edge     ──► 302 to an edge that reads the bucket
 *         proxy, a segment, HEAD, and where the other two fail ──► supply.h
 */
#ifndef TONEARM_FCGI_LEAD_H
#define TONEARM_FCGI_LEAD_H

#include "fcgi/listen.h"
#include "http/deliver.h"

/* Answers who LISTENING lets in with FILE, which is RENDITION or a part of it. */
void lead_deliver(struct response *response, const struct listening *listening, const struct rendition *rendition,
	struct deliverable *file);

/* As deliver_read() of FILE, a part of RENDITION, wherever it is. NULL when an answer was sent. */
const void *lead_read(struct response *response, const struct rendition *rendition, struct deliverable *file);

#endif
