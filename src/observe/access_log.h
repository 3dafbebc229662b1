/* SPDX-License-Identifier: MIT */
/*
 * One line of the log for each request. The query string is not there, as tokens and signatures travel in it.
 * Thread-safe.
 */
#ifndef TONEARM_OBSERVE_ACCESS_LOG_H
#define TONEARM_OBSERVE_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

struct access_entry {
	const char *method; /* as sent */
	const char *path;   /* without the query; "" when it could not be read */
	const char *route;  /* the pattern that matched; "" when none did */
	int status;
	uint64_t bytes_in, bytes_out; /* of bodies */
	int64_t duration_us;
	const char *remote;     /* address of the client */
	const char *user_agent; /* NULL when not sent */
	bool broken_off;        /* the client went away, or the answer ended early */
};

/* Writes the line at level info; long values are cut. The id of the request is log_context()'s. */
void access_log_write(const struct access_entry *entry);

#endif
