/* SPDX-License-Identifier: MIT */
/*
 * Rows and columns for people. Columns are as wide as their widest cell; on a terminal the one column that is marked
 * gives way until the row fits. Elsewhere nothing is cut. Cells are copied.
 */
#ifndef TONEARM_CLI_TABLE_H
#define TONEARM_CLI_TABLE_H

#include "base/arena.h"
#include "cli/term.h"

enum { TABLE_COLUMNS_MOST = 8 };

struct table_cell {
	const char *text; /* NULL is shown as "-" */
	enum term_style style;
};

struct table {
	struct arena *arena;
	const char *heads[TABLE_COLUMNS_MOST];
	size_t columns, elastic; /* ELASTIC: position of the column that gives way */
	struct table_row *first, **last;
};

/* HEADS has COLUMNS titles (kept, not copied). All memory is in ARENA. */
void table_open(struct table *table, struct arena *arena, const char *const *heads, size_t columns, size_t elastic);

/* One row; CELLS has as many as there are columns. */
void table_add(struct table *table, const struct table_cell *cells);

/* Writes titles and rows to TERM, as wide as it is. */
void table_print(const struct table *table, const struct term *term);

#endif
