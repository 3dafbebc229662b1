/* SPDX-License-Identifier: MIT */
/*
 * The job table. Any number of runners share it: claiming is one atomic statement, a claimed job is held by
 * a lease that its owner renews, and a job whose lease ran out is claimed again. Times are milliseconds
 * since 1970 and come from the caller, so that tests own the clock.
 *
 *     queued ──claim──► running ──finish──► done
 *       ▲                 │ │ └──cancel──► cancelled
 *       └──retry/lease────┘ └──fail, attempts used up──► dead
 *
 * A queued job is held until its time has come and those it needs are done; then it stands in the line of its class.
 *
 * A track that is pending becomes failed, with the job's error as its reason, in the very statement that makes its job
 * dead or cancelled, and pending again when job_retry() queues that job. Jobs that need a job which becomes dead or
 * cancelled are cancelled with it, and all that happens to a job is written down for job_history.h (triggers of the
 * schema).
 */
#ifndef TONEARM_MODEL_JOB_H
#define TONEARM_MODEL_JOB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "db/db.h"
#include "model/job_kind.h"

#include <stdbool.h>
#include <stdint.h>

enum { JOB_PAGE_MOST = 200, JOB_OWNER = 80, JOB_PAYLOAD_MOST = 65536 };

/*
 * The order of a line. Each job has a fair place, a moment in time: when it may run, but not before the place of the
 * job that was claimed last, and JOB_SHARE_MS behind the last job of its own submitter that stands in line with at
 * least its priority. So a thousand jobs of one submitter are spread out, and the one job of another that comes later
 * goes before all of them that were not served yet (start-time fair queueing; idle times give no credit and past feasts
 * leave no debt). A place is at most JOB_AHEAD_MS in the future, which bounds the wait of the last in a crowd.
 *
 * A point of priority is worth a minute: a job's rank is its place less one minute for each point, and the lowest rank
 * runs first. What waits rises past what comes later, as later places lie later in time, without a row being rewritten;
 * and an index serves the claim however long the line is. A job that is tried again keeps its place.
 */
enum { JOB_PRIORITY_MOST = 1000, JOB_PRIORITY_MS = 60000, JOB_SHARE_MS = 600000, JOB_AHEAD_MS = 7 * 86400000 };

/* Jobs that one may need, and the longest chain of jobs that need one another. */
enum { JOB_NEEDS_MOST = 16, JOB_DEPTH_MOST = 32 };

/* The longest that job_park() puts one back for. */
enum { JOB_PARKED_MS = 86400000 };

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_DEAD, JOB_CANCELLED };
#define JOB_STATE_COUNT 6

struct job {
	char id[ID_SIZE];
	const char *kind;      /* "transcode" */
	const char *track;     /* id, or NULL */
	const char *payload;   /* JSON object */
	const char *submitter; /* subject of the token, "" from the command line */
	enum job_state state;
	int64_t priority; /* higher first; 0 is usual */
	int64_t attempts, max_attempts;
	int64_t run_after_ms;
	const char *lease_owner; /* NULL unless running */
	int64_t lease_expires_ms;
	double progress;   /* 0 to 1 */
	const char *stage; /* "queued", "probe", "transcode", "publish", ... */
	double speed;      /* times real time; 0 when unknown */
	const char *error; /* NULL, or the sentence of the last failure */
	int cancel_requested;
	int64_t created_ms, updated_ms, started_ms, finished_ms;
};

/* Jobs by their ids. */
struct job_ids {
	const char *const *ids;
	size_t count;
};

/* "queued" and so on, static; and back: ERR_BAD_REQUEST for a NAME that is none. */
const char *job_state_name(enum job_state state);
enum err job_state_parse(const char *name, enum job_state *out);

/*
 * Queues JOB (id, kind, track, payload, submitter, priority, max_attempts, run_after_ms, created_ms are read;
 * run_after_ms 0 is at once). ERR_BUSY when MAX_QUEUED jobs of its class wait already (0: no limit); ERR_TOO_LARGE for
 * a payload of more than JOB_PAYLOAD_MOST bytes; ERR_UNPROCESSABLE for a kind that job_kind.h does not know and for a
 * priority beyond +-JOB_PRIORITY_MOST; ERR_CONFLICT when the id exists.
 */
enum err job_submit(struct db *db, const struct job *job, int64_t max_queued, struct err_info *info);

/* What job_submit() would say of the limit MAX_QUEUED for one more job of CLASS. ERR_BUSY; database errors. */
enum err job_room(struct db *db, enum job_class class, int64_t max_queued, struct err_info *info);

/*
 * As job_submit(), without a limit, for a job of our own of a KIND of the class JOB_NETWORK that has attempts of its
 * own, unless one of the same kind and payload waits already. *SUBMITTED may be NULL.
 */
enum err job_submit_once(struct db *db, const struct clock *clock, const char *kind, const char *payload,
	int64_t priority, bool *submitted, struct err_info *info);

/* Whether no job of the kind and payload of job ID, which runs, is at work that began before it. */
enum err job_is_alone(struct db *db, const char *id, bool *alone, struct err_info *info);

/*
 * As job_submit(), for a job that runs only when those in NEEDS (at most JOB_NEEDS_MOST, all there before it, so that
 * there can be no circle) are done. Call inside a transaction and roll it back on failure. ERR_UNPROCESSABLE when there
 * are too many or the chain is longer than JOB_DEPTH_MOST; ERR_CONFLICT when one does not exist or will never be done.
 */
enum err job_submit_after(
	struct db *db, const struct job *job, const struct job_ids *needs, int64_t max_queued, struct err_info *info);

/* The jobs that job ID needs, in ARENA. */
enum err job_needs(struct db *db, const char *id, struct arena *arena, struct job_ids *out, struct err_info *info);

/*
 * Claims for OWNER the best job that may run at NOW (lowest rank, see above, then oldest), queued or with
 * its lease run out, and sets lease and attempts. CLASSES are those the runner has room for: a mask of enum job_class,
 * tried in the order upkeep, network, media, as the first two are short or few. One atomic statement a class. A job
 * whose lease ran out in its last attempt becomes dead, one that was to be cancelled becomes cancelled, and the next is
 * tried. ERR_NOT_FOUND when there is nothing to do.
 */
enum err job_claim(struct db *db, const char *owner, unsigned classes, int64_t now_ms, int64_t lease_ms,
	struct arena *arena, struct job *out, struct err_info *info);

/*
 * job_claim() by CLOCK, which is looked at before and after the wait for the database: what counts is the earlier of the
 * two moments, so that a clock which is set meanwhile, to whatever time, makes no lease of the living look as if it had
 * run out. One transaction.
 */
enum err job_claim_now(struct db *db, const char *owner, unsigned classes, const struct clock *clock, int64_t lease_ms,
	struct arena *arena, struct job *out, struct err_info *info);

/*
 * Writes progress and extends the lease. ERR_CONFLICT when OWNER holds it no more (it ran out and another
 * took it); ERR_ABORTED when cancelling was asked for: in both cases stop the work.
 */
enum err job_report(struct db *db, const char *id, const char *owner, const char *stage, double progress, double speed,
	int64_t now_ms, int64_t lease_ms, struct err_info *info);

/* The four ends of a run; ERR_CONFLICT when OWNER holds the job no more (nothing is written then). */
enum err job_finish(struct db *db, const char *id, const char *owner, int64_t now_ms, struct err_info *info);
/*
 * Back to the queue at RETRY_AT with the reason; dead when attempts are used up or FATAL; cancelled when that was asked
 * for. *STATE tells which.
 */
enum err job_fail(struct db *db, const char *id, const char *owner, const char *reason, int fatal, int64_t retry_at_ms,
	int64_t now_ms, enum job_state *state, struct err_info *info);
/*
 * Back to the queue as it was, the attempt not counted, or cancelled when that was asked for: the runner is stopping.
 */
enum err job_hand_back(struct db *db, const char *id, const char *owner, int64_t now_ms, struct err_info *info);
/*
 * Back to the queue likewise, but not before DUE, at most JOB_PARKED_MS from now, with STAGE telling what it waits for:
 * "waiting" for another machine, "album" until album_release() or the end of a job of its album lets it go on earlier.
 */
enum err job_park(struct db *db, const char *id, const char *owner, const char *stage, int64_t due_ms, int64_t now_ms,
	struct err_info *info);
enum err job_set_cancelled(struct db *db, const char *id, const char *owner, int64_t now_ms, struct err_info *info);

/*
 * Asks for the end of a job: a queued one is cancelled at once, a running one when its runner looks. ERR_NOT_FOUND,
 * ERR_CONFLICT when it is over.
 */
enum err job_cancel(struct db *db, const char *id, int64_t now_ms, struct err_info *info);
/* Queues a failed, dead or cancelled job anew with its attempts at 0. ERR_NOT_FOUND, ERR_CONFLICT. */
enum err job_retry(struct db *db, const char *id, int64_t now_ms, struct err_info *info);

/* Job ID, text in ARENA. ERR_NOT_FOUND. */
enum err job_get(struct db *db, const char *id, struct arena *arena, struct job *out, struct err_info *info);

/* Whether JOB, as it was read, is worked on by runner OWNER. */
bool job_is_of(const struct job *job, const char *owner);
/* Newest first, older than the id AFTER (or NULL); STATE NULL for all, TRACK NULL for all. */
enum err job_list(struct db *db, const char *after, const enum job_state *state, const char *track, size_t limit,
	struct arena *arena, struct job **out, size_t *count, struct err_info *info);

/* Milliseconds that a running job still needs, judged by its progress since it was claimed; -1 while nobody can tell.
 */
int64_t job_left_ms(const struct job *job, int64_t now_ms);

/*
 * Removes up to MOST jobs that are over since BEFORE, with their history; *COUNT is how many. A job that another one
 * needs stays until that one is gone, and the newest of a track stays with its track. Looks without a lock, then
 * removes one by one. Call outside of a transaction.
 */
enum err job_prune(struct db *db, int64_t before_ms, size_t most, size_t *count, struct err_info *info);

/*
 * The next moment at which time alone gives a runner work: a held job's hour comes or a lease runs out. INT64_MAX:
 * never.
 */
enum err job_next_due(struct db *db, int64_t *ms, struct err_info *info);

/* How many jobs are in each state, indexed by enum job_state. */
enum err job_counts(struct db *db, int64_t counts[JOB_STATE_COUNT], struct err_info *info);

/*
 * Makes good what a clock did that was ahead and is right again: a lease that lasts for longer than LEASE from NOW runs
 * out, and a wait for another try that is longer than WAIT is over, as is that of a parked job beyond PARKED. These are
 * the longest there are with what clocks differ by. A runner that lives renews its leases; only when all have had the
 * time to is what is left without one. What was queued later than LEASE from NOW stands in line as if it came NOW. *COUNT
 * is how many jobs it was.
 */
enum err job_recall(struct db *db, int64_t now_ms, int64_t lease_ms, int64_t wait_ms, int64_t parked_ms,
	int64_t *count, struct err_info *info);

/* Marks that runner OWNER lives at NOW, and the newest such mark of any runner (0 when none ever). */
enum err job_runner_seen(struct db *db, const char *owner, int64_t now_ms, struct err_info *info);
enum err job_runner_last_seen(struct db *db, int64_t *ms, struct err_info *info);

#endif
