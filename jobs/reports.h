/* SPDX-License-Identifier: MIT */
/*
 * What a worker says: JSON lines on its pipe (worker_protocol.h), read as they come and turned into checked values.
 *
 *     pipe ──reports_read()──► line buffer ──reports_next()──► struct report
 *
 * The worker has opened a stranger's media, so a report is as trustworthy as the media: every line has a longest
 * length, every number a range, every text is cleaned and cut. A line that breaks the protocol is an error and the end
 * of the worker. Belongs to one thread.
 */
#ifndef TONEARM_JOBS_REPORTS_H
#define TONEARM_JOBS_REPORTS_H

#include "base/err.h"
#include "jobs/worker_protocol.h"
#include "media/tags.h"
#include "model/loudness.h"
#include "model/segment_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPORT_STAGE = 24, REPORT_FORMAT = 16, REPORT_LINES_MOST = 1000000, REPORT_NOTICES_MOST = 16 };

enum report_kind {
	REPORT_SOURCE,
	REPORT_PROGRESS,
	REPORT_SEGMENTS,
	REPORT_PASSTHROUGH,
	REPORT_NOTICE,
	REPORT_DONE,
	REPORT_FAILED
};

/* What the worker learned of the source. */
struct report_source {
	char format[REPORT_FORMAT]; /* [a-z0-9]+ */
	int64_t sample_rate, channels;
	int64_t duration_ms; /* an estimate */
	struct tags tags;
};

/* Segments of a rendition that are in its file. */
struct report_segments {
	size_t rendition;
	struct segment segments[WORKER_SEGMENTS_MOST];
	size_t count; /* at least 1 */
};

struct report {
	enum report_kind kind;
	struct report_source source; /* REPORT_SOURCE */
	char stage[REPORT_STAGE];    /* REPORT_PROGRESS: [a-z-]+ */
	struct report_segments segments; /* REPORT_SEGMENTS */
	double progress, speed;      /* REPORT_PROGRESS: 0 to 1; times real time, 0 when unknown */
	size_t rendition;            /* REPORT_PASSTHROUGH */
	bool passed;                 /* REPORT_PASSTHROUGH; when not, the detail of `failure` says why */
	int64_t duration_ms;         /* REPORT_DONE */
	int64_t samples;             /* REPORT_DONE, at the source's rate */
	bool measured;               /* REPORT_DONE: the two below are filled */
	struct loudness loudness;
	uint32_t bins[LOUDNESS_BINS];
	struct err_info failure; /* REPORT_FAILED; of REPORT_NOTICE the detail alone */
};

struct reports {
	size_t start, end; /* bytes of `line` that are not taken yet */
	size_t lines;      /* taken so far */
	size_t notices;    /* of these: each goes into the log and the job's history */
	char line[WORKER_LINE_BYTES];
};

/* Empties READER for a new worker. */
void reports_init(struct reports *reader);

/*
 * One read() of FD, which does not block. ERR_OK: bytes came, call reports_next() until it has no more; ERR_NOT_READY:
 * none are there now; ERR_NOT_FOUND: the other end is closed; ERR_UNPROCESSABLE: a line is longer than
 * WORKER_LINE_BYTES; ERR_IO.
 */
enum err reports_read(struct reports *reader, int fd, struct err_info *info);

/*
 * The next whole line into OUT. ERR_NOT_FOUND when there is none yet; ERR_UNPROCESSABLE with a sentence when it breaks
 * the protocol.
 */
enum err reports_next(struct reports *reader, struct report *out, struct err_info *info);

/* One line of LENGTH bytes, without its newline. ERR_UNPROCESSABLE. Pure. */
enum err report_parse(const char *line, size_t length, struct report *out, struct err_info *info);

#endif
