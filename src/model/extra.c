/* SPDX-License-Identifier: MIT */
#include "model/extra.h"

#include <stdio.h>
#include <string.h>

enum err extra_put(struct db *db, const char *track, const struct extra *extra, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_EXTRA_PUT);

	db_bind_text(stmt, ":track", track);
	db_bind_text(stmt, ":role", extra_role_name(extra->role));
	db_bind_text(stmt, ":etag", extra->etag);
	db_bind_int(stmt, ":file_size", extra->file_size);
	db_bind_int(stmt, ":modified_s", extra->modified);
	return db_run(stmt, info);
}

enum err extra_list(struct db *db, const char *track, struct extra out[static EXTRA_ROLES],
	bool found[static EXTRA_ROLES], struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_EXTRA_LIST);
	enum err err;

	memset(found, 0, EXTRA_ROLES * sizeof *found);
	db_bind_text(stmt, ":track", track);
	while ((err = db_step(stmt, info)) == ERR_OK) {
		enum extra_role role;

		if (!extra_role_parse(db_text(stmt, 0), &role))
			continue;
		out[role] = (struct extra){.role = role, .file_size = db_int(stmt, 2), .modified = db_int(stmt, 3)};
		snprintf(out[role].etag, sizeof out[role].etag, "%s", db_text(stmt, 1));
		found[role] = true;
	}
	db_reset(stmt);
	return err == ERR_NOT_FOUND ? err_clear(info) : err;
}
