/* SPDX-License-Identifier: MIT */
#include "fcgi/lead.h"

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/edge.h"
#include "fcgi/responder.h"
#include "fcgi/supply.h"

#include <string.h>

/* True when there is an edge for the listener: FILE leads there, with the cookies that it wants. */
static bool lead_to_edge(struct response *response, const struct listening *listening,
	const struct rendition *rendition, struct deliverable *file)
{
	struct cdn_link link;

	if (!edge_link(response->request, listening, rendition, &link))
		return false;
	file->location = link.url;
	response_status(response, 302);
	edge_cookies(response, &link);
	return true;
}

/* The same for the store itself, for as long as the programme and the grants for it. */
static bool lead_to_store(struct response *response, const struct listening *listening,
	const struct rendition *rendition, const char *key, struct deliverable *file)
{
	struct request *request = response->request;
	const struct responder *responder = responder_of(request);
	int64_t duration_ms = (int64_t)(rendition->samples * 1000 / rendition->timescale);
	int64_t expires = access_child_expires(&responder->access, &listening->pass, duration_ms);
	struct err_info info = {0};

	if (presign_url(responder->presign, "GET", key, expires - clock_seconds(responder->access.clock),
		    request->arena, &file->location, &info) == ERR_OK)
		return true;
	log_failure(LOG_WARNING, "no address at the object store: the file is sent from here", &info);
	return false;
}

/* A presigned URL is good for GET alone. */
static bool lead_away(struct response *response, const struct listening *listening, const struct rendition *rendition,
	const char *key, struct deliverable *file)
{
	const char *serve = responder_of(response->request)->conf->store_serve;

	if (file->length > 0 || response->request->method != HTTP_GET)
		return false;
	if (strcmp(serve, "redirect") == 0)
		return lead_to_store(response, listening, rendition, key, file);
	return strcmp(serve, "edge") == 0 && lead_to_edge(response, listening, rendition, file);
}

/* False when an answer was sent. */
static bool look_for(struct response *response, const struct rendition *rendition, struct supply *supply)
{
	struct stored stored = {.what = STORED_RENDITION,
		.name = rendition->quality,
		.file = rendition->file,
		.size = (int64_t)rendition->file_size};

	memcpy(stored.track, rendition->track, sizeof stored.track);
	memcpy(stored.etag, rendition->etag, sizeof stored.etag);
	return supply_begin(response, &stored, rendition->modified, supply);
}

void lead_deliver(struct response *response, const struct listening *listening, const struct rendition *rendition,
	struct deliverable *file)
{
	struct request *request = response->request;
	struct supply supply;

	if (rendition->work != NULL ||
		(strcmp(request->delivery, "redirect") == 0 && file->length == 0 &&
			lead_to_edge(response, listening, rendition, file))) {
		deliver_file(response, file);
		return;
	}
	if (look_for(response, rendition, &supply)) {
		if (supply.away && lead_away(response, listening, rendition, supply.key, file))
			request->delivery = "redirect";
		else if (supply.away)
			file->feed = &supply.feed;
		deliver_file(response, file);
	}
	supply_end(&supply);
}

const void *lead_read(struct response *response, const struct rendition *rendition, struct deliverable *file)
{
	const void *bytes = NULL;
	struct supply supply;

	if (rendition->work != NULL)
		return deliver_read(response, file);
	if (look_for(response, rendition, &supply)) {
		file->feed = supply.away ? &supply.feed : NULL;
		bytes = deliver_read(response, file);
	}
	supply_end(&supply);
	file->feed = NULL;
	return bytes;
}
