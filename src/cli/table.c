/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <assert.h>
#include <stdint.h>

enum { GAP = 2, ELASTIC_LEAST = 8, LINE_LIMIT = 1 << 16 };

struct table_row {
	struct table_row *next;
	struct table_cell cells[TABLE_COLUMNS_MOST];
};

void table_open(struct table *table, struct arena *arena, const char *const *heads, size_t columns, size_t elastic)
{
	assert(columns <= TABLE_COLUMNS_MOST && elastic < columns);
	*table = (struct table){.arena = arena, .columns = columns, .elastic = elastic};
	for (size_t i = 0; i < columns; i++)
		table->heads[i] = heads[i];
	table->last = &table->first;
}

void table_add(struct table *table, const struct table_cell *cells)
{
	struct table_row *row = arena_alloc(table->arena, sizeof *row);

	for (size_t i = 0; i < table->columns; i++) {
		row->cells[i] = cells[i];
		row->cells[i].text = arena_strdup(table->arena, cells[i].text != NULL ? cells[i].text : "-");
	}
	*table->last = row;
	table->last = &row->next;
}

static void measure(const struct table *table, const struct term *term, size_t widths[TABLE_COLUMNS_MOST])
{
	size_t total = 0, width = term->live ? term_width(term) : SIZE_MAX;

	for (size_t i = 0; i < table->columns; i++) {
		widths[i] = term_columns(table->heads[i]);
		for (const struct table_row *row = table->first; row != NULL; row = row->next)
			if (term_columns(row->cells[i].text) > widths[i])
				widths[i] = term_columns(row->cells[i].text);
		total += widths[i] + (i > 0 ? GAP : 0);
	}
	if (total > width) {
		size_t excess = total - width, *elastic = &widths[table->elastic];

		*elastic = *elastic > excess + ELASTIC_LEAST ? *elastic - excess : ELASTIC_LEAST;
	}
}

static void print_row(
	const struct table *table, const struct term *term, const struct table_cell *cells, const size_t *widths)
{
	struct buf line;

	buf_init(&line, LINE_LIMIT);
	for (size_t i = 0; i < table->columns; i++) {
		bool last = i + 1 == table->columns, styled = cells[i].style != TERM_PLAIN;

		if (styled)
			buf_puts(&line, term_on(term, cells[i].style));
		term_put_text(term, &line, cells[i].text, widths[i], !last);
		if (styled)
			buf_puts(&line, term_on(term, TERM_PLAIN));
		if (!last)
			buf_printf(&line, "%*s", GAP, "");
	}
	fprintf(term->out, "%s\n", buf_text(&line));
	buf_free(&line);
}

void table_print(const struct table *table, const struct term *term)
{
	struct table_cell heads[TABLE_COLUMNS_MOST];
	size_t widths[TABLE_COLUMNS_MOST];

	measure(table, term, widths);
	for (size_t i = 0; i < table->columns; i++)
		heads[i] = (struct table_cell){table->heads[i], TERM_BOLD};
	print_row(table, term, heads, widths);
	for (const struct table_row *row = table->first; row != NULL; row = row->next)
		print_row(table, term, row->cells, widths);
}
