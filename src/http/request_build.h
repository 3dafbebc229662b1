/* SPDX-License-Identifier: MIT */
/* From a transport's CGI parameters to a struct request. Room-internal; belongs to one thread. */
#ifndef TONEARM_HTTP_REQUEST_BUILD_H
#define TONEARM_HTTP_REQUEST_BUILD_H

#include "http/request.h"

/*
 * Fills REQUEST from the parameters of TRANSPORT (RFC 3875 section 4.1). All strings live in ARENA or as long as the
 * parameters. On failure REQUEST can still be answered and logged: ERR_BAD_REQUEST, ERR_URI_TOO_LONG.
 */
enum err request_build(struct request *request, struct transport *transport, struct arena *arena, struct err_info *info);

#endif
