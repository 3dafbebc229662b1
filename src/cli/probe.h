/* SPDX-License-Identifier: MIT */
/*
 * Requests that look at how a web server carries them: a body that pauses on its way, and when the bytes of the answer
 * come in. Over libcurl; every answer is bounded in size and time. Belongs to one thread.
 */
#ifndef TONEARM_CLI_PROBE_H
#define TONEARM_CLI_PROBE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct probe {
	const char *site;  /* "https://audio.example.org/music", no slash at the end */
	const char *token; /* sent as Authorization: Bearer */
	struct arena *arena;
};

struct probe_request {
	const char *path;  /* below the site */
	const char *range; /* "10-19", NULL for the whole */
	int64_t body;      /* Content-Length of a POST; 0 for a GET */
	int64_t sent;      /* bytes of it that are sent; the rest never comes */
	long pause_ms;     /* in the middle of what is sent */
	long timeout_ms;   /* of the whole */
};

struct probe_answer {
	long status; /* 0 when none came */
	bool whole;  /* false when it broke off or took too long */
	struct buf body;
	int64_t spread_ms; /* between the first bytes of the body and the last */
};

/*
 * Asks. ERR_OK whenever something can be said of the answer, also that none came in time; ERR_IO when the server cannot
 * be reached. The caller frees ANSWER->body, after a failure too.
 */
enum err probe_ask(const struct probe *probe, const struct probe_request *request, struct probe_answer *answer,
	struct err_info *info);

#endif
