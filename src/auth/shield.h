/* SPDX-License-Identifier: MIT */
/*
 * An origin that speaks to its edges alone: sound and manifests are for requests that carry a secret which the edges
 * add (cdn.shield_header, cdn.shield_secrets), so that nobody goes around them. While a secret is changed there are
 * two. The secret lets nobody in by itself: who may listen is judged afterwards. Pure, thread-safe.
 */
#ifndef TONEARM_AUTH_SHIELD_H
#define TONEARM_AUTH_SHIELD_H

#include "conf/conf.h"
#include "http/request.h"

/* ERR_FORBIDDEN when there are secrets and REQUEST carries none of them. Compared in constant time. */
enum err shield_check(const struct conf *conf, const struct request *request, struct err_info *info);

#endif
