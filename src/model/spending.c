/* SPDX-License-Identifier: MIT */
#include "model/spending.h"

#include <time.h>

enum { MONTH = 16 };

static struct db_stmt *prepare(struct db *db, enum sql sql, const char *store, int64_t now_s)
{
	struct db_stmt *stmt = db_stmt(db, sql);
	time_t seconds = (time_t)now_s;
	char month[MONTH];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(month, sizeof month, "%Y-%m", &tm);
	db_bind_text(stmt, ":store", store);
	db_bind_text(stmt, ":month", month);
	return stmt;
}

enum err spending_add(struct db *db, const char *store, const struct spending *more, int64_t most_writes,
	int64_t now_s, struct err_info *info)
{
	struct db_stmt *stmt = prepare(db, SQL_SPENDING_ADD, store, now_s);
	enum err err;

	db_bind_int(stmt, ":writes", more->writes);
	db_bind_int(stmt, ":reads", more->reads);
	db_bind_int(stmt, ":most_writes", most_writes > 0 ? most_writes : INT64_MAX);
	/* The row is there, but nothing is written before the statement has come to its end. */
	while ((err = db_step(stmt, info)) == ERR_OK)
		more = NULL;
	db_reset(stmt);
	if (err != ERR_NOT_FOUND)
		return err;
	if (more != NULL)
		return err_set(info, ERR_TOO_MANY,
			"the %lld writes that the object store may be asked in a month are used up",
			(long long)most_writes);
	return err_clear(info);
}

enum err spending_get(struct db *db, const char *store, int64_t now_s, struct spending *out, struct err_info *info)
{
	struct db_stmt *stmt = prepare(db, SQL_SPENDING_GET, store, now_s);
	enum err err = db_step(stmt, info);

	*out = (struct spending){0};
	if (err == ERR_OK)
		*out = (struct spending){db_int(stmt, 0), db_int(stmt, 1)};
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}

int64_t spending_renews_ms(int64_t now_ms)
{
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1, .tm_mday = 1};
	return (int64_t)timegm(&tm) * 1000;
}
