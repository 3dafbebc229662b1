/* SPDX-License-Identifier: MIT */
/*
 * This site as browsers see it: what pages of other sites may do here, and what is said of each answer to be on the
 * safe side. Who calls with a token in its hands is no concern of this; a cookie is sent by the browser, whoever's page
 * asks.
 *
 *     reads    anybody's page, without cookies; pages of http.allowed_origins with them (Fetch standard, CORS)
 *     writes   with a cookie from our own pages and those of http.allowed_origins only (Sec-Fetch-Site, else Origin)
 *
 * A struct site is only read: any thread may use it.
 */
#ifndef TONEARM_HTTP_SITE_H
#define TONEARM_HTTP_SITE_H

#include "base/buf.h"
#include "http/response.h"

#include <stdbool.h>

struct site {
	const char *base_url; /* http.base_url: "" when it is not known */
	const char *origins;  /* http.allowed_origins */
};

/* The Origin of REQUEST when it is one of http.allowed_origins, else NULL. */
const char *site_reader(const struct request *request);

/*
 * May REQUEST, whose credential its browser added by itself, change anything? By Sec-Fetch-Site (Fetch Metadata), which
 * no page can set: "same-origin", or "none" of a person. Where it is missing, or says another, by Origin: our own,
 * which is base_url's, else that of Host; or an allowed one. A request with neither is of no browser of today: no.
 */
bool site_may_change(const struct request *request);

/* Sets the CORS fields of RESPONSE. */
void site_share(struct response *response);

/* Writes the fields that are the same for all answers of TYPE (NULL: of none) to BLOCK, as "Name: value\r\n". */
void site_put_fields(struct buf *block, const struct response *response, const char *type);

#endif
