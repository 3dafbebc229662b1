/* SPDX-License-Identifier: MIT */
/*
 * limits.rates and limits.robots at work: whether a request comes too soon after others. Three looks, each at the rules
 * that can be judged by then, and each of them counts:
 *
 *     ratelimit_admit()     before the handler: the program, the address, everybody      requests
 *     ratelimit_subject()   when a credential is found good: whom it stands for          requests
 *     ratelimit_sound()     when it is known what goes out                               streams, bytes
 *
 * What has been counted is in <run>/limits (rate_table.h), so that all processes count together, and stands in the
 * request's `quota` for the RateLimit fields of its answer (draft-ietf-httpapi-ratelimit-headers-10): each rule that
 * counted is a policy. A refusal is ERR_TOO_MANY, and quota says when to come again.
 *
 * Thread-safe. A NULL struct ratelimit limits nothing.
 */
#ifndef TONEARM_AUTH_RATELIMIT_H
#define TONEARM_AUTH_RATELIMIT_H

#include "base/clock.h"
#include "conf/conf.h"
#include "http/request.h"
#include "observe/metrics.h"

struct ratelimit;

/*
 * Maps the file PATH, when CONF has rules. CONF, METRICS and CLOCK must outlive it; *OUT is owned by the caller, NULL
 * when there are no rules and on failure. ERR_IO, ERR_NO_SPACE.
 */
enum err ratelimit_open(const struct conf *conf, const char *path, struct metrics *metrics, const struct clock *clock,
	struct ratelimit **out, struct err_info *info);
void ratelimit_close(struct ratelimit *limits);

/* What a request counts as by METHOD and the PATTERN of its route; CONF_ROUTES for what nothing limits. */
enum conf_route ratelimit_route(enum http_method method, const char *pattern);

/*
 * The first look, at REQUEST as one of ROUTE, which the others keep to. ERR_TOO_MANY; ERR_FORBIDDEN for a program that
 * gets nothing here.
 */
enum err ratelimit_admit(
	const struct ratelimit *limits, struct request *request, enum conf_route route, struct err_info *info);

/*
 * The second. SUBJECT stands for the one whom the credential is of (origin.h's tag or another number that is the same
 * each time). A request counts once, however often it is asked about.
 */
enum err ratelimit_subject(
	const struct ratelimit *limits, struct request *request, uint64_t subject, struct err_info *info);

/* What goes out. */
struct ratelimit_sound {
	const char *track;
	uint64_t subject; /* as above; 0: nobody's, rules by subject do not count it */
	int64_t lasts_ms; /* how long it takes at the pace of the sound */
	uint64_t bytes;   /* 0: not known */
};

/* The third; not for HEAD. */
enum err ratelimit_sound(const struct ratelimit *limits, struct request *request, const struct ratelimit_sound *sound,
	struct err_info *info);

/* What went out of SOUND has ended, or broken off, already: it counts for limits.stream_idle_s from now. */
void ratelimit_silence(
	const struct ratelimit *limits, struct request *request, const struct ratelimit_sound *sound);

#endif
