/* SPDX-License-Identifier: MIT */
#include "jobs/reports.h"

#include "base/buf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static enum err parse(const char *line, struct report *out)
{
	struct err_info info = {0};
	enum err err = report_parse(line, strlen(line), out, &info);

	assert_true(err == ERR_OK || (err == ERR_UNPROCESSABLE && info.detail[0] != '\0'));
	return err;
}

static void reads_a_source(void **state)
{
	struct report report;

	(void)state;
	assert_int_equal(parse("{\"event\":\"source\",\"format\":\"mp3\",\"sample_rate\":44100,\"channels\":2,"
			       "\"duration_ms\":10333,"
			       "\"tags\":{\"title\":\"A\",\"artist\":\"B\",\"album\":\"C\",\"track\":3,\"year\":1999}}",
				 &report),
		ERR_OK);
	assert_int_equal(report.kind, REPORT_SOURCE);
	assert_string_equal(report.source.format, "mp3");
	assert_int_equal(report.source.sample_rate, 44100);
	assert_int_equal(report.source.channels, 2);
	assert_int_equal(report.source.duration_ms, 10333);
	assert_string_equal(report.source.tags.title, "A");
	assert_string_equal(report.source.tags.artist, "B");
	assert_string_equal(report.source.tags.album, "C");
	assert_int_equal(report.source.tags.track, 3);
	assert_int_equal(report.source.tags.year, 1999);
}

static void tags_are_cleaned(void **state)
{
	struct report report;

	(void)state;
	assert_int_equal(
		parse("{\"event\":\"source\",\"format\":\"mp3\",\"sample_rate\":8000,\"channels\":1,\"duration_ms\":0,"
		      "\"tags\":{\"title\":\"  a\\tb\\nc\\u0007d\\u0000e  \",\"artist\":17,\"album\":\" "
		      "\",\"track\":-3,\"year\":123456}}",
			&report),
		ERR_OK);
	assert_string_equal(report.source.tags.title, "a b cd");
	assert_string_equal(report.source.tags.artist, "");
	assert_string_equal(report.source.tags.album, "");
	assert_int_equal(report.source.tags.track, 0);
	assert_int_equal(report.source.tags.year, 0);
}

static void long_tags_are_cut_between_characters(void **state)
{
	char line[4096] = "{\"event\":\"source\",\"format\":\"mp3\",\"sample_rate\":8000,\"channels\":1,\"duration_"
			  "ms\":0,\"tags\":{\"title\":\"x";
	struct report report;

	(void)state;
	for (int i = 0; i < 400; i++)
		strcat(line, "\xC3\xA9");
	strcat(line, "\"}}");
	assert_int_equal(parse(line, &report), ERR_OK);
	assert_int_equal(strlen(report.source.tags.title), TAG_BYTES - 1);
	assert_memory_equal(report.source.tags.title + TAG_BYTES - 3, "\xC3\xA9", 3);
}

static void reads_progress(void **state)
{
	struct report report;

	(void)state;
	assert_int_equal(
		parse("{\"event\":\"progress\",\"stage\":\"transcode\",\"progress\":0.31,\"speed\":41.7}", &report),
		ERR_OK);
	assert_int_equal(report.kind, REPORT_PROGRESS);
	assert_string_equal(report.stage, "transcode");
	assert_float_equal(report.progress, 0.31, 1e-9);
	assert_float_equal(report.speed, 41.7, 1e-9);
	assert_int_equal(
		parse("{\"event\":\"progress\",\"stage\":\"a\",\"progress\":-1e300,\"speed\":1e300}", &report), ERR_OK);
	assert_float_equal(report.progress, 0, 0);
	assert_float_equal(report.speed, 1e6, 0);
	assert_int_equal(
		parse("{\"event\":\"progress\",\"stage\":\"a\",\"progress\":7,\"speed\":\"fast\"}", &report), ERR_OK);
	assert_float_equal(report.progress, 1, 0);
	assert_float_equal(report.speed, 0, 0);
}

static void reads_segments(void **state)
{
	static const char *const bad[] = {
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[]}",
		"{\"event\":\"segments\",\"rendition\":32,\"offset\":1,\"segments\":[[1,1]]}",
		"{\"event\":\"segments\",\"rendition\":-1,\"offset\":1,\"segments\":[[1,1]]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":0,\"segments\":[[1,1]]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1099511627777,\"segments\":[[1,1]]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[[0,1]]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[[1,0]]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[[2147483648,1]]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[[1,4294967296]]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[1,1]}",
		"{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[[1,1],null]}",
	};
	struct report report;

	(void)state;
	assert_int_equal(
		parse("{\"event\":\"segments\",\"rendition\":2,\"offset\":1410,\"segments\":[[162301,176128],[9,8]]}",
			&report),
		ERR_OK);
	assert_int_equal(report.kind, REPORT_SEGMENTS);
	assert_int_equal(report.segments.rendition, 2);
	assert_int_equal(report.segments.count, 2);
	assert_int_equal(report.segments.segments[0].offset, 1410);
	assert_int_equal(report.segments.segments[1].offset, 1410 + 162301);
	assert_int_equal(report.segments.segments[1].size, 9);
	assert_int_equal(report.segments.segments[1].duration, 8);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse(bad[i], &report), ERR_UNPROCESSABLE);
}

static void a_report_has_room_for_so_many_segments(void **state)
{
	struct report report;
	struct buf line;

	(void)state;
	buf_init(&line, 1 << 16);
	buf_puts(&line, "{\"event\":\"segments\",\"rendition\":0,\"offset\":1,\"segments\":[[1,1]");
	for (int i = 1; i < WORKER_SEGMENTS_MOST; i++)
		buf_puts(&line, ",[1,1]");
	buf_puts(&line, "]}");
	assert_int_equal(parse(buf_text(&line), &report), ERR_OK);
	assert_int_equal(report.segments.count, WORKER_SEGMENTS_MOST);
	line.length -= 2;
	buf_puts(&line, ",[1,1]]}");
	assert_int_equal(parse(buf_text(&line), &report), ERR_UNPROCESSABLE);
	buf_free(&line);
}

static void reads_both_ends(void **state)
{
	struct report report;

	(void)state;
	assert_int_equal(parse("{\"event\":\"done\",\"duration_ms\":10333,\"samples\":455699}", &report), ERR_OK);
	assert_int_equal(report.kind, REPORT_DONE);
	assert_int_equal(report.samples, 455699);
	assert_int_equal(
		parse("{\"event\":\"failed\",\"error\":\"unsupported-media\",\"detail\":\"This is a picture.\"}",
			&report),
		ERR_OK);
	assert_int_equal(report.kind, REPORT_FAILED);
	assert_int_equal(report.failure.code, ERR_UNSUPPORTED);
	assert_string_equal(report.failure.detail, "This is a picture.");
	assert_int_equal(parse("{\"event\":\"failed\",\"error\":\"ok\",\"detail\":\"x\"}", &report), ERR_OK);
	assert_int_equal(report.failure.code, ERR_INTERNAL);
	assert_int_equal(parse("{\"event\":\"failed\",\"error\":17,\"detail\":\"x\"}", &report), ERR_OK);
	assert_int_equal(report.failure.code, ERR_INTERNAL);
}

static void refuses_what_is_no_report(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"x",
		"null",
		"17",
		"\"done\"",
		"[]",
		"{}",
		"{\"event\":17}",
		"{\"event\":\"dance\"}",
		"{\"event\":\"done\",\"event\":\"done\",\"duration_ms\":1,\"samples\":1}",
		"{\"event\":\"done\",\"duration_ms\":1,\"samples\":1} x",
		"{\"event\":\"done\"}",
		"{\"event\":\"done\",\"duration_ms\":1,\"samples\":0}",
		"{\"event\":\"done\",\"duration_ms\":-1,\"samples\":1}",
		"{\"event\":\"done\",\"duration_ms\":1,\"samples\":1.5}",
		"{\"event\":\"done\",\"duration_ms\":1,\"samples\":9223372036854775807}",
		"{\"event\":\"done\",\"duration_ms\":1,\"samples\":92233720368547758070}",
		"{\"event\":\"failed\",\"error\":\"io\"}",
		"{\"event\":\"failed\",\"error\":\"io\",\"detail\":\"\\u0001\"}",
		"{\"event\":\"progress\",\"progress\":0.5}",
		"{\"event\":\"progress\",\"stage\":\"\",\"progress\":0.5}",
		"{\"event\":\"progress\",\"stage\":\"a b\",\"progress\":0.5}",
		"{\"event\":\"progress\",\"stage\":\"a\\u0000b\",\"progress\":0.5}",
		"{\"event\":\"progress\",\"stage\":\"abcdefghijklmnopqrstuvwxyz\",\"progress\":0.5}",
		"{\"event\":\"source\",\"format\":\"mp3\",\"sample_rate\":0,\"channels\":2,\"duration_ms\":1}",
		"{\"event\":\"source\",\"format\":\"mp3\",\"sample_rate\":44100,\"channels\":0,\"duration_ms\":1}",
		"{\"event\":\"source\",\"format\":\"mp3\",\"sample_rate\":44100,\"channels\":2}",
		"{\"event\":\"source\",\"format\":\"../mp3\",\"sample_rate\":44100,\"channels\":2,\"duration_ms\":1}",
	};
	struct report report;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (parse(lines[i], &report) != ERR_UNPROCESSABLE)
			fail_msg("taken as a report: %s", lines[i]);
	}
}

/* A pipe whose reading end does not block, and a reader. */
struct fixture {
	int ends[2];
	struct reports reports;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	*state = fixture;
	reports_init(&fixture->reports);
	return fixture != NULL && pipe2(fixture->ends, O_NONBLOCK | O_CLOEXEC) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->ends[0]);
	if (fixture->ends[1] >= 0)
		close(fixture->ends[1]);
	free(fixture);
	return 0;
}

static void put(struct fixture *fixture, const char *text)
{
	assert_int_equal(write(fixture->ends[1], text, strlen(text)), strlen(text));
}

static void lines_come_in_pieces(void **state)
{
	static const char text[] = "{\"event\":\"done\",\"duration_ms\":1,\"samples\":7}\n";
	struct fixture *fixture = *state;
	struct err_info info = {0};
	struct report report;

	for (size_t cut = 0; cut < strlen(text) - 1; cut++) {
		assert_int_equal(write(fixture->ends[1], text + cut, 1), 1);
		assert_int_equal(reports_read(&fixture->reports, fixture->ends[0], &info), ERR_OK);
		assert_int_equal(reports_next(&fixture->reports, &report, &info), ERR_NOT_FOUND);
	}
	assert_int_equal(reports_read(&fixture->reports, fixture->ends[0], &info), ERR_NOT_READY);
	put(fixture, "\n{\"event\":\"done\",\"duration_ms\":1,\"samples\":8}\n{");
	assert_int_equal(reports_read(&fixture->reports, fixture->ends[0], &info), ERR_OK);
	assert_int_equal(reports_next(&fixture->reports, &report, &info), ERR_OK);
	assert_int_equal(report.samples, 7);
	assert_int_equal(reports_next(&fixture->reports, &report, &info), ERR_OK);
	assert_int_equal(report.samples, 8);
	assert_int_equal(reports_next(&fixture->reports, &report, &info), ERR_NOT_FOUND);
	close(fixture->ends[1]);
	fixture->ends[1] = -1;
	assert_int_equal(reports_read(&fixture->reports, fixture->ends[0], &info), ERR_NOT_FOUND);
	assert_int_equal(reports_next(&fixture->reports, &report, &info), ERR_NOT_FOUND);
}

static void a_line_without_an_end_is_refused(void **state)
{
	static const char block[4096] = {'x'};
	struct fixture *fixture = *state;
	struct err_info info = {0};
	size_t taken = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK && taken < 100 * sizeof block) {
		assert_int_equal(write(fixture->ends[1], block, sizeof block), sizeof block);
		err = reports_read(&fixture->reports, fixture->ends[0], &info);
		taken += sizeof block;
	}
	assert_int_equal(err, ERR_UNPROCESSABLE);
	assert_int_equal(taken, WORKER_LINE_BYTES + sizeof block);
}

static void too_many_lines_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};
	struct report report;

	fixture->reports.lines = REPORT_LINES_MOST - 1;
	put(fixture, "{\"event\":\"progress\",\"stage\":\"a\"}\n{\"event\":\"progress\",\"stage\":\"a\"}\n");
	assert_int_equal(reports_read(&fixture->reports, fixture->ends[0], &info), ERR_OK);
	assert_int_equal(reports_next(&fixture->reports, &report, &info), ERR_OK);
	assert_int_equal(reports_next(&fixture->reports, &report, &info), ERR_UNPROCESSABLE);
}

/* Each goes into the log. */
static void too_many_notices_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};
	struct report report;

	for (int i = 0; i <= REPORT_NOTICES_MOST; i++) {
		put(fixture, "{\"event\":\"notice\",\"detail\":\"it lacks a cover\"}\n");
		assert_int_equal(reports_read(&fixture->reports, fixture->ends[0], &info), ERR_OK);
		assert_int_equal(reports_next(&fixture->reports, &report, &info),
			i < REPORT_NOTICES_MOST ? ERR_OK : ERR_UNPROCESSABLE);
	}
}

static void reads_what_was_passed_through(void **state)
{
	static const char *const wrong[] = {
		"{\"event\":\"passthrough\",\"passed\":true}",
		"{\"event\":\"passthrough\",\"rendition\":32,\"passed\":true}",
		"{\"event\":\"passthrough\",\"rendition\":-1,\"passed\":true}",
		"{\"event\":\"passthrough\",\"rendition\":0,\"passed\":true,\"detail\":\"why not\"}",
		"{\"event\":\"passthrough\",\"rendition\":0,\"passed\":false}",
		"{\"event\":\"passthrough\",\"rendition\":0}",
	};
	struct report report;

	(void)state;
	assert_int_equal(parse("{\"event\":\"passthrough\",\"rendition\":31,\"passed\":true}", &report), ERR_OK);
	assert_int_equal(report.kind, REPORT_PASSTHROUGH);
	assert_int_equal(report.rendition, 31);
	assert_true(report.passed);
	assert_int_equal(
		parse("{\"event\":\"passthrough\",\"rendition\":0,\"passed\":false,\"detail\":\"a\\nb\"}", &report),
		ERR_OK);
	assert_false(report.passed);
	assert_string_equal(report.failure.detail, "a b");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(parse(wrong[i], &report), ERR_UNPROCESSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_source),
		cmocka_unit_test(tags_are_cleaned),
		cmocka_unit_test(long_tags_are_cut_between_characters),
		cmocka_unit_test(reads_progress),
		cmocka_unit_test(reads_segments),
		cmocka_unit_test(reads_what_was_passed_through),
		cmocka_unit_test(a_report_has_room_for_so_many_segments),
		cmocka_unit_test(reads_both_ends),
		cmocka_unit_test(refuses_what_is_no_report),
		cmocka_unit_test_setup_teardown(lines_come_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_without_an_end_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_lines_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_notices_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
