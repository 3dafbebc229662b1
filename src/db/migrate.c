/* SPDX-License-Identifier: MIT */
#include "db/sqlite.h"

static enum err read_version(struct db *db, int64_t *version, struct err_info *info)
{
	struct db_stmt *stmt = db_stmt(db, SQL_DB_VERSION);
	enum err err = db_step(stmt, info);

	if (err == ERR_OK)
		*version = db_int(stmt, 0);
	db_reset(stmt);
	if (err == ERR_OK && (*version < 0 || *version > SQL_MIGRATIONS))
		err = err_set(info, ERR_CONFLICT,
			"the database has schema version %lld, this program knows %d: update the program",
			(long long)*version, (int)SQL_MIGRATIONS);
	return err;
}

/* One step further, unless another process took it in the meantime. Each script ends by setting its version. */
static enum err migrate_one(struct db *db, struct err_info *info)
{
	int64_t version = 0;
	enum err err = db_begin(db, info);
	int result;

	if (err != ERR_OK)
		return err;
	err = read_version(db, &version, info);
	if (err == ERR_OK && version < SQL_MIGRATIONS) {
		result = sqlite3_exec(db->handle, sql_migration[version], NULL, NULL, NULL);
		if (result != SQLITE_OK)
			err = sqlite_failed(db, result, "cannot migrate the database", info);
	}
	if (err == ERR_OK)
		err = db_commit(db, info);
	if (err != ERR_OK)
		db_rollback(db);
	return err;
}

enum err db_migrate(struct db *db, struct err_info *info)
{
	int64_t version = 0;
	enum err err;

	for (;;) {
		err = read_version(db, &version, info);
		if (err != ERR_OK || version == SQL_MIGRATIONS)
			return err;
		err = migrate_one(db, info);
		if (err != ERR_OK)
			return err;
	}
}

enum err db_check_version(struct db *db, struct err_info *info)
{
	int64_t version = 0;
	enum err err = read_version(db, &version, info);

	if (err == ERR_OK && version != SQL_MIGRATIONS)
		err = err_set(info, ERR_CONFLICT,
			"the database has schema version %lld, this program needs %d: start its tonearm-jobrunner once",
			(long long)version, (int)SQL_MIGRATIONS);
	return err;
}
