/* SPDX-License-Identifier: MIT */
/*
 * Between a request for sound and its answer: what there is, whether this request may have it, and, if not, why not.
 * The order matters: who may not listen gets the same answer whether the track exists, is in the works or is private.
 */
#ifndef TONEARM_FCGI_LISTEN_H
#define TONEARM_FCGI_LISTEN_H

#include "fcgi/responder.h"
#include "model/rendition.h"

struct listening {
	const char *track;
	const char *file; /* name under /stream/, for a stream signature; NULL elsewhere */
	enum track_visibility visibility;
	struct access_pass pass;
};

/*
 * While a track's first job runs, what both give may still grow (rendition.h): then `work` is set, and what is made of
 * it holds for a moment only.
 *
 * One rendition with its segments, by one database read. LISTENING names track and file; the rest is filled. False
 * when an answer was sent: 401, 403, 404, 409 (its job failed, with the reason), 503 (in the works).
 */
bool listen_rendition(struct request *request, struct response *response, struct listening *listening,
	const char *quality, struct rendition *out);

/*
 * All renditions of the track (at least one) without their segments, and the track, by one database read. False as
 * above.
 */
bool listen_track(struct request *request, struct response *response, struct listening *listening, struct track *track,
	struct rendition **out, size_t *count);

/*
 * Answers that these are not whole yet (503) and gives true, when they still grow: for what cannot be given in part.
 */
bool listen_unfinished(struct response *response, const struct rendition *renditions);

/*
 * Says what the answer is made of in the fields of cdn.tag_headers: TRACK and, unless it is NULL, its QUALITY. For what
 * an edge may keep.
 */
void listen_tag(struct response *response, const char *track, const char *quality);

/* The answer for a name under a track that cannot be anything: as if the track did not exist. Always false. */
bool listen_nothing(struct request *request, struct response *response, const struct listening *listening);

#endif
