/* SPDX-License-Identifier: MIT */
/*
 * What every responder does before and after its requests: reads the options and the configuration, opens log,
 * metrics, database pool and access, serves its table of routes until told to stop, and closes in reverse order. A
 * handler finds it all in its request's context. Everything here is made before the threads and only read by them,
 * but for the pool, which is thread-safe.
 */
#ifndef TONEARM_FCGI_RESPONDER_H
#define TONEARM_FCGI_RESPONDER_H

#include "auth/access.h"
#include "conf/conf.h"
#include "db/db.h"
#include "http/router.h"
#include "observe/metrics.h"
#include "storage/cdn.h"
#include "storage/presign.h"

#include <stdatomic.h>

struct responder {
	const char *name; /* "stream": of metrics and logs; kept */
	struct conf *conf;
	struct metrics *metrics;
	struct db_pool *pool;
	struct access access;
	struct cdn *cdn;
	struct ratelimit *limits; /* NULL: none */
	struct presign *presign; /* NULL: there is no object store */
	atomic_int streams; /* of events, open now */
	atomic_int uploads, bodies; /* uploads and JSON bodies that come in now */
};

/* The whole life of the program NAME; returns its exit status. SUMMARY is its sentence in --help. */
int responder_run(
	int argc, char **argv, const char *name, const char *summary, const struct route *routes, size_t count);

/* The responder that serves REQUEST. */
struct responder *responder_of(const struct request *request);

/* Where the site lives: http.base_url, or else the path of its root on this host. */
const char *responder_root(const struct request *request);

/*
 * A connection for this request, given back by the same thread with db_pool_give(). NULL when none is to be had: the
 * answer (503) is then sent.
 */
struct db *responder_db(const struct request *request, struct response *response);

/*
 * Cache-Control of an answer that PASS let through: public for PUBLIC_S seconds when it is for everybody
 * everywhere, else private and no longer than the credential.
 */
const char *responder_cache(
	const struct request *request, const struct access_pass *pass, int64_t public_s, int64_t private_s);

#endif
