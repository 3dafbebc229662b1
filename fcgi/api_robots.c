/* SPDX-License-Identifier: MIT */
/* GET /robots.txt (RFC 9309), which is looked for at the root of a host only. */
#include "fcgi/api.h"

#include <string.h>

enum { KEEP_S = 3600 };

static const char sound[] = "User-agent: *\n"
			    "Disallow: /hls/\nDisallow: /dash/\nDisallow: /media/\nDisallow: /stream/\n"
			    "Disallow: /api/\nDisallow: /auth/\nDisallow: /internal/\nDisallow: /uploads\n";
static const char all[] = "User-agent: *\nDisallow: /\n";
static const char none[] = "User-agent: *\nDisallow:\n";

void api_robots(struct request *request, struct response *response)
{
	const char *which = responder_of(request)->conf->robots_text;
	const char *text = strcmp(which, "sound") == 0 ? sound : strcmp(which, "all") == 0 ? all : none;

	response_status(response, 200);
	response_headerf(response, "Cache-Control", "public, max-age=%d", (int)KEEP_S);
	response_body(response, "text/plain; charset=utf-8", text, strlen(text));
}
