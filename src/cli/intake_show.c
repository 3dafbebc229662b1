/* SPDX-License-Identifier: MIT */
#include "cli/intake_show.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/duration.h"

#include <stdlib.h>
#include <string.h>

enum {
	LINES_MOST = 1 << 16,
	STAGE_COLUMNS = 10,
	BAR_MOST = 30,
	LEFT_COLUMNS = 14,
	ROOMY = 76, /* columns of a terminal that has them to spare */
	REDRAW_US = 80000,
	KEPT_ROWS = 3
};

/*
 * Bars on a terminal; a file name or a title from elsewhere goes through term_put_text(), which drops what could move
 * the cursor.
 */
static bool live(const struct intake *intake)
{
	return !intake->json && intake->cli->out.live;
}

static const char *base_name(const struct intake_file *file)
{
	const char *slash = strrchr(file->path, '/');

	return slash != NULL ? slash + 1 : file->path;
}

static void put_event(struct intake *intake, const char *event, const struct intake_file *file, json_t *more)
{
	char *path = text_to_utf8(file->path, strlen(file->path));
	json_t *object = json_pack("{s:s, s:s}", "event", event, "file", path);

	free(path);
	if (file->track[0] != '\0')
		json_object_update_new(object, json_pack("{s:s, s:s}", "track", file->track, "job", file->job));
	if (more != NULL)
		json_object_update_new(object, more);
	cli_json(intake->cli, object, NULL);
}

/* "  41×  0:12 left" */
static void put_pace(const struct term *term, struct buf *out, double speed, int64_t left_ms)
{
	char left[DURATION_TEXT];

	if (speed <= 0 && left_ms < 0)
		return;
	buf_puts(out, term_on(term, TERM_FAINT));
	if (speed > 0)
		buf_printf(out, "  %.0f%s", speed, term->unicode ? "×" : "x");
	if (left_ms >= 0)
		buf_printf(out, "  %s left", duration_clock(left_ms + 1, left));
	buf_puts(out, term_on(term, TERM_PLAIN));
}

/* "  song.flac      transcode  ━━━━━━━╸────── 62 %  41×  0:12 left"; the time only where there is room for it. */
static void put_bar_line(const struct intake *intake, struct buf *out, const struct intake_file *file,
	const char *stage, double share, double speed, int64_t left_ms)
{
	const struct term *term = &intake->cli->out;
	size_t width = term_width(term), left = width >= ROOMY ? LEFT_COLUMNS : 0;
	size_t fixed = 2 + 2 + STAGE_COLUMNS + 1 + 1 + 5 + 8 + left;
	size_t bar = (width - fixed) / 2 > BAR_MOST ? BAR_MOST : (width - fixed) / 2;
	size_t name = width - fixed - bar;

	if (name > 40)
		name = 40;
	buf_puts(out, "  ");
	term_put_text(term, out, base_name(file), name, true);
	buf_puts(out, "  ");
	buf_puts(out, term_on(term, TERM_FAINT));
	term_put_text(term, out, stage, STAGE_COLUMNS, true);
	buf_puts(out, term_on(term, TERM_PLAIN));
	buf_putc(out, ' ');
	term_put_bar(term, out, share, bar);
	buf_printf(out, " %3.0f %%", share * 100);
	put_pace(term, out, speed, left > 0 ? left_ms : -1);
	buf_putc(out, '\n');
}

void intake_show_copy(struct intake *intake, const struct intake_file *file, double share)
{
	static int64_t last_us;
	int64_t now = clock_monotonic_us();
	struct buf lines;

	if (!live(intake) || (share < 1 && now - last_us < REDRAW_US))
		return;
	last_us = now;
	buf_init(&lines, LINES_MOST);
	put_bar_line(intake, &lines, file, "copy", share, 0, -1);
	term_draw(&intake->cli->out, &lines, 1);
	buf_free(&lines);
}

void intake_show_queued(struct intake *intake, const struct intake_file *file)
{
	if (intake->json)
		put_event(intake, "queued", file, NULL);
	else if (!live(intake))
		fprintf(intake->cli->out.out, "%s: queued as %s\n", file->path, file->track);
	fflush(intake->cli->out.out);
}

void intake_show_progress(struct intake *intake, const struct intake_file *file)
{
	if (file->job_state != JOB_RUNNING || !file->is_new)
		return;
	if (intake->json) {
		put_event(intake, "progress", file,
			json_pack("{s:s, s:f, s:f, s:o*}", "stage", file->stage, "progress", file->progress, "speed",
				file->speed, "left_ms", file->left_ms < 0 ? NULL : json_integer(file->left_ms)));
	} else if (!live(intake) && file->stage_is_new) {
		fprintf(intake->cli->out.out, "%s: %s\n", file->path, file->stage);
		fflush(intake->cli->out.out);
	}
}

void intake_show_playable(struct intake *intake, const struct intake_file *file)
{
	if (intake->json)
		put_event(intake, "playable", file, NULL);
	else if (!live(intake))
		fprintf(intake->cli->out.out, "%s: playable now: %s\n", file->path, file->track);
	fflush(intake->cli->out.out);
}

void intake_show_all(struct intake *intake)
{
	size_t height = term_height(&intake->cli->out), most = height > KEPT_ROWS + 1 ? height - KEPT_ROWS : 1;
	size_t drawn = 0, waiting = 0;
	struct buf lines;

	if (!live(intake))
		return;
	buf_init(&lines, LINES_MOST);
	for (size_t i = 0; i < intake->count; i++) {
		const struct intake_file *file = &intake->files[i];

		if (file->state != INTAKE_QUEUED)
			continue;
		if (file->job_state != JOB_RUNNING || drawn + 1 >= most) {
			waiting++;
			continue;
		}
		put_bar_line(intake, &lines, file, file->playable ? "playable" : file->stage, file->progress,
			file->speed, file->left_ms);
		drawn++;
	}
	if (waiting > 0) {
		buf_printf(&lines, "  %s%zu waiting%s\n", term_on(&intake->cli->out, TERM_FAINT), waiting,
			term_on(&intake->cli->out, TERM_PLAIN));
		drawn++;
	}
	term_draw(&intake->cli->out, &lines, drawn);
	buf_free(&lines);
}

static void show_end_live(struct intake *intake, const struct intake_file *file)
{
	struct term *term = &intake->cli->out;
	bool done = file->state == INTAKE_DONE;
	const char *mark = done ? (term->unicode ? "✓" : "+") : (term->unicode ? "✗" : "!");
	size_t width = term_width(term);
	struct buf line;

	buf_init(&line, LINES_MOST);
	buf_printf(&line, "%s%s%s ", term_on(term, done ? TERM_GREEN : TERM_RED), mark, term_on(term, TERM_PLAIN));
	term_put_text(term, &line, base_name(file), width < 80 ? width / 2 : 40, true);
	buf_puts(&line, "  ");
	if (done)
		buf_printf(&line, "%s%s  %.1f s%s", term_on(term, TERM_FAINT), file->track, (double)file->took_us / 1e6,
			term_on(term, TERM_PLAIN));
	else
		term_put_text(term, &line, file->reason, sizeof file->reason, false);
	buf_putc(&line, '\n');
	term_scroll(term, buf_text(&line));
	buf_free(&line);
}

void intake_show_end(struct intake *intake, const struct intake_file *file)
{
	bool done = file->state == INTAKE_DONE;

	if (intake->json)
		put_event(intake, done ? "done" : "failed", file,
			done ? NULL : json_pack("{s:s}", "error", file->reason));
	else if (live(intake))
		show_end_live(intake, file);
	else if (done)
		fprintf(intake->cli->out.out, "%s: done in %.1f s: %s\n", file->path, (double)file->took_us / 1e6,
			file->track);
	else
		fprintf(intake->cli->out.out, "%s: failed: %s\n", file->path, file->reason);
	fflush(intake->cli->out.out);
}

void intake_show_note(struct intake *intake, const char *sentence)
{
	struct buf line;

	if (intake->json)
		return;
	buf_init(&line, LINES_MOST);
	buf_printf(&line, "%s%s%s\n", term_on(&intake->cli->out, TERM_FAINT), sentence,
		term_on(&intake->cli->out, TERM_PLAIN));
	term_scroll(&intake->cli->out, buf_text(&line));
	buf_free(&line);
}

void intake_show_close(struct intake *intake)
{
	if (live(intake))
		term_scroll(&intake->cli->out, "");
}
