/* SPDX-License-Identifier: MIT */
#include "cli/term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { LINE_LIMIT = 1 << 16 };

void term_open(struct term *term, FILE *out)
{
	const char *type = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");
	bool tty = isatty(fileno(out)) == 1;

	*term = (struct term){.out = out};
	term->live = tty && type != NULL && *type != '\0' && strcmp(type, "dumb") != 0;
	term->colour = term->live && (no_colour == NULL || *no_colour == '\0');
	setlocale(LC_CTYPE, "");
	term->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!term->unicode)
		setlocale(LC_CTYPE, "C.UTF-8"); /* titles are UTF-8 whatever the terminal */
}

static struct winsize window(const struct term *term)
{
	struct winsize size = {0};

	if (ioctl(fileno(term->out), TIOCGWINSZ, &size) != 0)
		size = (struct winsize){0};
	return size;
}

size_t term_width(const struct term *term)
{
	size_t width = window(term).ws_col;

	if (width == 0)
		return 80;
	return width < 40 ? 40 : width;
}

size_t term_height(const struct term *term)
{
	size_t height = window(term).ws_row;

	return height == 0 ? 24 : height;
}

const char *term_on(const struct term *term, enum term_style style)
{
	static const char *const sequences[] = {
		[TERM_PLAIN] = "\033[0m",
		[TERM_BOLD] = "\033[1m",
		[TERM_FAINT] = "\033[2m",
		[TERM_RED] = "\033[31m",
		[TERM_GREEN] = "\033[32m",
		[TERM_YELLOW] = "\033[33m",
		[TERM_CYAN] = "\033[36m",
	};

	return term->colour ? sequences[style] : "";
}

/*
 * The next character of TEXT in CODE: bytes it takes (1 for one that is not valid) and COLUMNS it fills, 0 for
 * controls.
 */
static size_t next_character(const char *text, size_t *columns)
{
	mbstate_t state = {0};
	wchar_t code;
	size_t taken = mbrtowc(&code, text, strlen(text), &state);
	int width;

	*columns = 0;
	if (taken == (size_t)-1 || taken == (size_t)-2 || taken == 0)
		return 1;
	width = wcwidth(code);
	*columns = width > 0 ? (size_t)width : 0;
	return taken;
}

size_t term_columns(const char *text)
{
	size_t total = 0, columns;

	while (*text != '\0') {
		text += next_character(text, &columns);
		total += columns;
	}
	return total;
}

void term_put_text(const struct term *term, struct buf *out, const char *text, size_t width, bool pad)
{
	bool cut = term_columns(text) > width;
	const char *mark = term->unicode ? "…" : "~";
	size_t used = 0, room = cut && width > 0 ? width - 1 : width, columns;

	while (*text != '\0') {
		size_t taken = next_character(text, &columns);

		if (used + columns > room)
			break;
		if (columns > 0)
			buf_put(out, text, taken);
		text += taken;
		used += columns;
	}
	if (cut && width > 0) {
		buf_puts(out, mark);
		used++;
	}
	for (; pad && used < width; used++)
		buf_putc(out, ' ');
}

void term_put_bar(const struct term *term, struct buf *out, double share, size_t width)
{
	double limited = share < 0 ? 0 : share > 1 ? 1 : share;
	size_t halves = (size_t)(limited * (double)width * 2 + 0.5);
	size_t full = halves / 2;
	bool half = term->unicode && halves % 2 != 0;

	buf_puts(out, term_on(term, TERM_CYAN));
	for (size_t i = 0; i < full; i++)
		buf_puts(out, term->unicode ? "━" : "#");
	if (half)
		buf_puts(out, "╸");
	buf_puts(out, term_on(term, TERM_PLAIN));
	buf_puts(out, term_on(term, TERM_FAINT));
	for (size_t i = full + half; i < width; i++)
		buf_puts(out, term->unicode ? "─" : "-");
	buf_puts(out, term_on(term, TERM_PLAIN));
}

void term_draw(struct term *term, const struct buf *lines, size_t count)
{
	struct buf screen;

	if (!term->live)
		return;
	buf_init(&screen, LINE_LIMIT);
	if (term->drawn > 0)
		buf_printf(&screen, "\033[%zuA", term->drawn);
	buf_puts(&screen, "\r");
	for (const char *line = buf_text(lines); *line != '\0';) {
		size_t length = strcspn(line, "\n");

		buf_put(&screen, line, length);
		buf_puts(&screen, "\033[K\n");
		line += length + (line[length] == '\n');
	}
	buf_puts(&screen, "\033[J");
	fputs(buf_text(&screen), term->out);
	fflush(term->out);
	term->drawn = count;
	buf_free(&screen);
}

void term_scroll(struct term *term, const char *text)
{
	if (term->drawn > 0)
		fprintf(term->out, "\033[%zuA\r\033[J", term->drawn);
	term->drawn = 0;
	fputs(text, term->out);
	fflush(term->out);
}
