/* SPDX-License-Identifier: MIT */
/*
 * What goes on around a login: attempts that are counted, and refresh tokens. A login begins a family of refresh
 * tokens; each is used once, for the next of its family, so that one which comes a second time was stolen, or its
 * successor was.
 */
#ifndef TONEARM_MODEL_LOGIN_H
#define TONEARM_MODEL_LOGIN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/id.h"
#include "db/db.h"

#include <stdint.h>

/*
 * Counts an attempt of VALUE, which is a "subject" or an "address" as ABOUT says, at NOW (seconds): *COUNT with this
 * one since the window of WINDOW_S seconds began, which ends at *UNTIL.
 */
enum err login_attempt(struct db *db, const char *about, const char *value, int64_t now, int64_t window_s, int64_t *count,
	int64_t *until, struct err_info *info);

/* Forgets the attempts of VALUE, after one that was right. */
enum err login_forgive(struct db *db, const char *about, const char *value, struct err_info *info);

struct refresh_token {
	char hash[HASH_HEX_SIZE]; /* of the token */
	char family[ID_SIZE];
	const char *subject, *scope;
	const char *tracks; /* a JSON array of ids; NULL for all */
	int64_t expires;    /* seconds */
};

/* Inserts TOKEN. Database errors. */
enum err refresh_token_put(struct db *db, const struct refresh_token *token, struct err_info *info);

/*
 * Uses the token of HASH up, in the caller's transaction. ERR_NOT_FOUND when there is none that is good at NOW
 * (seconds); ERR_CONFLICT when it was used before: *OUT is filled all the same.
 */
enum err refresh_token_use(struct db *db, const char *hash, int64_t now, struct arena *arena, struct refresh_token *out,
	struct err_info *info);

/* All of a family, or of a subject; SUBJECT NULL for all there are. */
enum err refresh_token_drop_family(struct db *db, const char *family, struct err_info *info);
enum err refresh_token_drop_subject(struct db *db, const char *subject, struct err_info *info);

/* Removes refresh tokens and attempts that are over at NOW (seconds). */
enum err login_prune(struct db *db, int64_t now, int64_t window_s, struct err_info *info);

#endif
