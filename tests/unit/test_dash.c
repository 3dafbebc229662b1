/* SPDX-License-Identifier: MIT */
#include "manifest/dash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "golden.h"
#include "manifest_fixture.h"
#include "vectors.h"

static const struct dash_options PLAIN = {"", NULL};

static void ladder(void **state)
{
	struct rendition renditions[] = {
		fixture_rendition("high", "aac", "mp4a.40.2", 329120),
		fixture_rendition("medium", "aac", "mp4a.40.2", 198011),
		fixture_rendition("low", "aac", "mp4a.40.2", 132544),
		fixture_rendition("mobile", "aac", "mp4a.40.2", 99871),
	};
	struct track track = {.title = "Ich grolle nicht"};
	struct buf out;

	(void)state;
	renditions[3].sample_rate = renditions[3].timescale = 22050;
	renditions[3].channels = 1;
	renditions[3].samples = 299180;
	buf_init(&out, 1 << 16);
	dash_mpd(&out, &track, renditions, 4, &PLAIN);
	golden_check(&out, "manifest.mpd");
	buf_free(&out);
}

static void codecs_query_and_hostile_title(void **state)
{
	struct rendition renditions[] = {
		fixture_rendition("lossless", "flac", "fLaC", 912034),
		fixture_rendition("high", "aac", "mp4a.40.2", 329120),
		fixture_rendition("opus-128", "opus", "Opus", 130202),
		fixture_rendition("low", "aac", "mp4a.40.2", 128001),
	};
	struct track track = {
		.title = "<a href=\"x\">&amp;\x01\x1b[31m]]>\r\n\xef\xbf\xbf\xef\xbf\xbe\xc3\xa9\x7f'</Title>"};
	struct buf out;

	(void)state;
	renditions[2].timescale = renditions[2].sample_rate = 48000;
	renditions[2].samples = 651277;
	buf_init(&out, 1 << 16);
	dash_mpd(&out, &track, renditions, 4, &(struct dash_options){"expires=1767225600&sig=0f1e", NULL});
	golden_check(&out, "manifest-query.mpd");
	buf_free(&out);
}

static void files_elsewhere(void **state)
{
	static const char *const files[] = {"https://edge.example/high.mp4?a=1&b=2"};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	dash_mpd(&out, &(struct track){0}, &FIXTURE_HIGH, 1, &(struct dash_options){"sig=0f1e", files});
	assert_non_null(strstr(
		buf_text(&out), "<BaseURL>https://edge.example/high.mp4?a=1&amp;b=2</BaseURL>"));
	buf_free(&out);
}

static void expect(const struct rendition *renditions, size_t count, const char *text)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	dash_mpd(&out, &(struct track){0}, renditions, count, &PLAIN);
	if (strstr(buf_text(&out), text) == NULL)
		fail_msg("%s is not in\n%s", text, buf_text(&out));
	assert_null(strstr(buf_text(&out), "Title"));
	buf_free(&out);
}

static void duration_rounds_up(void **state)
{
	struct rendition rendition = FIXTURE_HIGH;

	(void)state;
	rendition.samples = 1;
	expect(&rendition, 1, "mediaPresentationDuration=\"PT0.000023S\"");
	rendition.samples = 44100;
	expect(&rendition, 1, "mediaPresentationDuration=\"PT1.000000S\"");
	rendition.samples = UINT64_C(44100) * 86400 * 365 + 1;
	expect(&rendition, 1, "mediaPresentationDuration=\"PT31536000.000023S\"");
}

static void foreign_rates_are_not_aligned(void **state)
{
	struct rendition renditions[] = {FIXTURE_HIGH, FIXTURE_HIGH};

	(void)state;
	expect(renditions, 2, "subsegmentAlignment=\"true\"");
	renditions[1].sample_rate = 32000;
	expect(renditions, 2, "subsegmentAlignment=\"false\"");
	renditions[1].sample_rate = 22050;
	expect(renditions, 2, "subsegmentAlignment=\"true\"");
}

static void channel_layouts(void **state)
{
	struct rendition rendition = FIXTURE_HIGH;

	(void)state;
	rendition.channels = 1;
	expect(&rendition, 1, "ChannelConfiguration\" value=\"1\"/>");
	rendition.channels = 6;
	expect(&rendition, 1, "ChannelConfiguration\" value=\"6\"/>");
	rendition.channels = 8;
	expect(&rendition, 1, "ChannelConfiguration\" value=\"12\"/>");
	rendition.channels = 9;
	expect(&rendition, 1, "audioSamplingRate=\"44100\">\n        <BaseURL>");
}

/* The schema has no open licence, so it is not in tests/vectors. */
static void golden_files_are_valid(void **state)
{
	static const char *const names[] = {"manifest.mpd", "manifest-query.mpd"};
	const char *source = getenv("TONEARM_SOURCE");
	char folder[4096], command[16384];

	(void)state;
	if (!vector_path("hls-dash/dash-xsd", folder, sizeof folder) ||
		system("xmllint --version >/dev/null 2>&1") != 0) {
		print_message("# skipped: the DASH schema or xmllint is not there\n");
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		snprintf(command, sizeof command,
			"XML_CATALOG_FILES='%s/catalog.xml' xmllint --nonet --noout --schema '%s/DASH-MPD.xsd' "
			"'%s/tests/golden/%s' >&2",
			folder, folder, source, names[i]);
		assert_int_equal(system(command), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ladder),
		cmocka_unit_test(codecs_query_and_hostile_title),
		cmocka_unit_test(files_elsewhere),
		cmocka_unit_test(duration_rounds_up),
		cmocka_unit_test(foreign_rates_are_not_aligned),
		cmocka_unit_test(channel_layouts),
		cmocka_unit_test(golden_files_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
