/* SPDX-License-Identifier: MIT */
#include "model/job_key.h"

#include <stdio.h>
#include <string.h>

enum err job_key_check(const char *name, struct err_info *info)
{
	size_t length = strlen(name);

	for (const char *at = name; *at != '\0'; at++) {
		if (*at < 0x20 || *at > 0x7E)
			length = 0;
	}
	if (length == 0 || length > JOB_KEY_LENGTH)
		return err_set(info, ERR_UNPROCESSABLE, "an Idempotency-Key is 1 to %d printable ASCII characters",
			(int)JOB_KEY_LENGTH);
	return ERR_OK;
}

enum err job_key_find(
	struct db *db, const struct job_key *key, int64_t now_ms, char job[static ID_SIZE], struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_KEY_GET);
	enum err err;

	db_bind_text(stmt, ":submitter", key->submitter);
	db_bind_text(stmt, ":name", key->name);
	db_bind_int(stmt, ":since", now_ms - JOB_KEY_KEPT_MS);
	err = db_step(stmt, info);
	if (err == ERR_OK) {
		snprintf(job, ID_SIZE, "%s", db_text(stmt, 0));
		if (strcmp(db_text(stmt, 1), key->fingerprint) != 0)
			err = err_set(info, ERR_UNPROCESSABLE, "this Idempotency-Key was used for another request");
	}
	db_reset(stmt);
	return err;
}

enum err job_key_put(struct db *db, const struct job_key *key, const char *job, int64_t now_ms, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_JOB_KEY_FORGET);
	enum err err;

	db_bind_int(stmt, ":before", now_ms - JOB_KEY_KEPT_MS);
	err = db_run(stmt, info);
	if (err != ERR_OK)
		return err;
	stmt = db_stmt(db, SQL_JOB_KEY_PUT);
	db_bind_text(stmt, ":submitter", key->submitter);
	db_bind_text(stmt, ":name", key->name);
	db_bind_text(stmt, ":fingerprint", key->fingerprint);
	db_bind_text(stmt, ":job", job);
	db_bind_int(stmt, ":now", now_ms);
	return db_run(stmt, info);
}
