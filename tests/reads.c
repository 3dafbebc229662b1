/* SPDX-License-Identifier: MIT */
/*
 * manifest.fcgi that tells on standard error which statements it runs: "sql: SELECT ...", one line each. The linker
 * puts __wrap_sqlite3_step() in the place of SQLite's.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#undef main

int responder_main(int argc, char **argv); /* fcgi/manifest.c, compiled with another name for it */
int __real_sqlite3_step(sqlite3_stmt *stmt);
int __wrap_sqlite3_step(sqlite3_stmt *stmt);

int __wrap_sqlite3_step(sqlite3_stmt *stmt)
{
	if (!sqlite3_stmt_busy(stmt)) {
		const char *text = sqlite3_sql(stmt);

		while (strncmp(text, "--", 2) == 0 || *text == '\n')
			text += strcspn(text, "\n") + 1;
		fprintf(stderr, "sql: %.*s\n", (int)strcspn(text, "\n"), text);
	}
	return __real_sqlite3_step(stmt);
}

int main(int argc, char **argv)
{
	return responder_main(argc, argv);
}
