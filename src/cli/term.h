/* SPDX-License-Identifier: MIT */
/*
 * What a person sees. A struct term knows whether its stream is a terminal, how wide, whether it may use colour
 * (NO_COLOR and TERM=dumb are honoured, see no-color.org) and whether the character set has the bar glyphs. On a
 * terminal a few lines at the bottom can live: they are redrawn in place with one write(), and other lines scroll by
 * above them. Elsewhere nothing is ever redrawn. One thread at a time.
 */
#ifndef TONEARM_CLI_TERM_H
#define TONEARM_CLI_TERM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>

struct term {
	FILE *out;
	bool live; /* a terminal that can move its cursor */
	bool colour;
	bool unicode; /* the character set is UTF-8 */
	size_t drawn; /* live lines on the screen */
};

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_FAINT, TERM_RED, TERM_GREEN, TERM_YELLOW, TERM_CYAN };

/* Looks at OUT and the environment. Sets the character set of the process (LC_CTYPE) so that text can be measured. */
void term_open(struct term *term, FILE *out);

/* Columns of the terminal, 80 where there is none; never less than 40. */
size_t term_width(const struct term *term);

/* Rows of the terminal, 24 where there is none. */
size_t term_height(const struct term *term);

/* The escape sequence that starts STYLE (TERM_PLAIN: ends any), "" without colour. Static. */
const char *term_on(const struct term *term, enum term_style style);

/* Columns that TEXT (UTF-8) takes. */
size_t term_columns(const char *text);

/*
 * Appends TEXT cut to at most WIDTH columns, with an ellipsis when cut, and with PAD filled up with spaces to WIDTH.
 * Control characters are left out: text that a stranger wrote cannot move the cursor.
 */
void term_put_text(const struct term *term, struct buf *out, const char *text, size_t width, bool pad);

/* Appends a bar of WIDTH columns filled to SHARE (0 to 1). */
void term_put_bar(const struct term *term, struct buf *out, double share, size_t width);

/* Replaces the live lines by LINES (each ended by a newline, COUNT of them). Does nothing where nothing can live. */
void term_draw(struct term *term, const struct buf *lines, size_t count);

/* Prints TEXT (with its newline) above the live lines, which must be drawn again afterwards. */
void term_scroll(struct term *term, const char *text);

#endif
