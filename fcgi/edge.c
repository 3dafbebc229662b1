/* SPDX-License-Identifier: MIT */
#include "fcgi/edge.h"

#include "base/log.h"

bool edge_link(struct request *request, const struct listening *listening, const struct rendition *rendition,
	struct cdn_link *out)
{
	const struct responder *responder = responder_of(request);
	int64_t duration_ms = (int64_t)(rendition->samples * 1000 / rendition->timescale);
	struct err_info info = {0};
	struct cdn_want want;

	if (rendition->work != NULL || !cdn_has_edges(responder->cdn))
		return false;
	want = (struct cdn_want){.track = rendition->track,
		.file = rendition->file,
		.expires = access_child_expires(&responder->access, &listening->pass, duration_ms),
		.address = request->remote,
		.country = geo_country(responder->access.geo, request),
		.grant = access_child_query(&responder->access, &listening->pass, listening->track,
			listening->visibility, duration_ms, request->arena)};
	if (cdn_link(responder->cdn, &want, request->arena, out, &info) == ERR_OK)
		return true;
	log_failure(LOG_WARNING, "no address at an edge: the file is sent from here", &info);
	return false;
}

void edge_cookies(struct response *response, const struct cdn_link *link)
{
	for (size_t i = 0; i < link->cookie_count; i++)
		response_header(response, "Set-Cookie", link->cookies[i]);
}
