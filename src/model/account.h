/* SPDX-License-Identifier: MIT */
/*
 * Who may ask for tokens: accounts, which have a password, and API keys, which are random. What is stored recognises a
 * secret and does not tell it. Functions take a connection that the caller holds; results live in the given arena.
 */
#ifndef TONEARM_MODEL_ACCOUNT_H
#define TONEARM_MODEL_ACCOUNT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

enum { ACCOUNT_NAME_MOST = 128 };

struct account {
	const char *name;     /* the subject of its tokens */
	const char *password; /* auth/password.h's form; NULL in a list */
	const char *scope;    /* what its tokens may permit, words separated by spaces */
	const char *tracks;   /* a JSON array of ids; NULL for all */
	int64_t created_ms;
};

struct api_key {
	char id[ID_SIZE];
	const char *hash; /* hex SHA-256 of the key; NULL in a list */
	const char *subject, *scope, *tracks;
	int64_t expires; /* seconds; 0 for never */
	int64_t created_ms;
};

/* Makes the account, or gives one of that name another password, scope and tracks. */
enum err account_put(struct db *db, const struct account *account, struct err_info *info);
/* ERR_NOT_FOUND. */
enum err account_get(struct db *db, const char *name, struct arena *arena, struct account *out, struct err_info *info);
enum err account_list(
	struct db *db, struct arena *arena, struct account **out, size_t *count, struct err_info *info);
/* ERR_NOT_FOUND. */
enum err account_delete(struct db *db, const char *name, struct err_info *info);

enum err api_key_put(struct db *db, const struct api_key *key, struct err_info *info);
/* ERR_NOT_FOUND also when it has expired at NOW (seconds). */
enum err api_key_get(
	struct db *db, const char *id, int64_t now, struct arena *arena, struct api_key *out, struct err_info *info);
enum err api_key_list(struct db *db, struct arena *arena, struct api_key **out, size_t *count, struct err_info *info);
/* ERR_NOT_FOUND. */
enum err api_key_delete(struct db *db, const char *id, struct err_info *info);

#endif
