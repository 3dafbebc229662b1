/* SPDX-License-Identifier: MIT */
#include "media/transcode_job.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct conf_rendition ladder[] = {
	{"high", "aac", 320000, 44100, 2, "cmaf"},
	{"low", "aac", 128000, 44100, 2, "cmaf"},
};
static const struct conf conf = {.ladder = ladder, .ladder_count = 2};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct arena));
	return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	arena_free(*state);
	free(*state);
	return 0;
}

static enum err wish(const char *text, struct arena *arena, const struct conf_rendition **out, size_t *count)
{
	struct err_info info = {0};
	json_t *wanted = json_loads(text, JSON_DECODE_ANY, NULL);
	enum err err = transcode_job_renditions(&conf, wanted, arena, out, count, &info);

	assert_non_null(wanted);
	assert_true(err == ERR_OK || info.detail[0] != '\0');
	json_decref(wanted);
	return err;
}

static void survives_encoding(void **state)
{
	struct transcode_job job = {.source = "01.flac", .renditions = ladder, .count = 2}, back;
	struct err_info info;
	char *text = transcode_job_encode(&job, *state);

	assert_int_equal(transcode_job_decode(text, *state, &back, &info), ERR_OK);
	assert_string_equal(back.source, "01.flac");
	assert_null(back.import);
	assert_int_equal(back.count, 2);
	assert_string_equal(back.renditions[1].quality, "low");
	assert_string_equal(back.renditions[1].codec, "aac");
	assert_int_equal(back.renditions[1].bit_rate, 128000);
	assert_int_equal(back.renditions[1].sample_rate, 44100);
	assert_int_equal(back.renditions[1].channels, 2);
	assert_false(back.passthrough);
	job.passthrough = true;
	assert_int_equal(transcode_job_decode(transcode_job_encode(&job, *state), *state, &back, &info), ERR_OK);
	assert_true(back.passthrough);
	job = (struct transcode_job){.import = "/music/\xC3\xA9 \"x\".wav", .renditions = ladder, .count = 1};
	assert_int_equal(transcode_job_decode(transcode_job_encode(&job, *state), *state, &back, &info), ERR_OK);
	assert_string_equal(back.import, job.import);
	assert_null(back.source);
}

/* Of the sound nothing, beside it what is missing. */
static void a_payload_may_want_no_rendition(void **state)
{
	struct transcode_job job = {.source = "a.wav"}, back;
	const struct conf_rendition *renditions;
	json_t *none = json_array();
	struct err_info info;
	size_t count;

	assert_int_equal(transcode_job_decode(transcode_job_encode(&job, *state), *state, &back, &info), ERR_OK);
	assert_int_equal(back.count, 0);
	assert_int_equal(transcode_job_renditions(&conf, none, *state, &renditions, &count, &info), ERR_UNPROCESSABLE);
	json_decref(none);
}

static void passthrough_is_a_word(void **state)
{
	struct conf on = {.passthrough = true};
	struct err_info info;
	bool out;

	(void)state;
	assert_int_equal(transcode_job_passthrough(&conf, NULL, &out, &info), ERR_OK);
	assert_false(out);
	assert_int_equal(transcode_job_passthrough(&on, NULL, &out, &info), ERR_OK);
	assert_true(out);
	assert_int_equal(transcode_job_passthrough(&on, "false", &out, &info), ERR_OK);
	assert_false(out);
	assert_int_equal(transcode_job_passthrough(&conf, "true", &out, &info), ERR_OK);
	assert_true(out);
	assert_int_equal(transcode_job_passthrough(&conf, "1", &out, &info), ERR_UNPROCESSABLE);
	assert_int_equal(transcode_job_passthrough(&conf, "", &out, &info), ERR_UNPROCESSABLE);
}

static void wrong_payloads_are_refused(void **state)
{
	static const char *const payloads[] = {
		"",
		"x",
		"[]",
		"{}",
		"{\"source\":\"a\"}",
		"{\"source\":\"a\",\"renditions\":{}}",
		"{\"source\":\"a\",\"renditions\":[\"high\"]}",
		"{\"source\":\"a\",\"import\":\"/b\",\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
		"{\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
		"{\"source\":\"../a\",\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
		"{\"source\":\"..\",\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
		"{\"source\":\"\",\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
		"{\"import\":\"a\",\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
		"{\"source\":7,\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
		"{\"source\":\"a\",\"more\":1,\"renditions\":[{\"codec\":\"aac\",\"bit_rate\":96000}]}",
	};
	struct transcode_job job;
	struct err_info info;

	for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
		if (transcode_job_decode(payloads[i], *state, &job, &info) != ERR_UNPROCESSABLE)
			fail_msg("accepted: %s", payloads[i]);
	}
}

static void nothing_wanted_is_the_ladder(void **state)
{
	const struct conf_rendition *renditions;
	struct err_info info;
	size_t count;

	assert_int_equal(transcode_job_renditions(&conf, NULL, *state, &renditions, &count, &info), ERR_OK);
	assert_ptr_equal(renditions, ladder);
	assert_int_equal(count, 2);
}

static void names_and_objects_mix(void **state)
{
	const struct conf_rendition *renditions;
	size_t count;

	assert_int_equal(
		wish("[\"low\", {\"codec\": \"aac\", \"bit_rate\": 64000}, {\"codec\": \"aac\", \"bit_rate\": 48000, "
		     "\"sample_rate\": 22050, \"channels\": 1, \"quality\": \"tiny\"}]",
			*state, &renditions, &count),
		ERR_OK);
	assert_int_equal(count, 3);
	assert_int_equal(renditions[0].bit_rate, 128000);
	assert_string_equal(renditions[1].quality, "aac-64");
	assert_int_equal(renditions[1].sample_rate, 44100);
	assert_int_equal(renditions[1].channels, 2);
	assert_string_equal(renditions[2].quality, "tiny");
	assert_int_equal(renditions[2].channels, 1);
}

static void wrong_wishes_are_refused(void **state)
{
	static const char *const wishes[] = {
		"null",
		"{}",
		"\"high\"",
		"[]",
		"[1]",
		"[null]",
		"[[]]",
		"[\"none\"]",
		"[\"high\", \"high\"]",
		"[{}]",
		"[{\"codec\": \"aac\"}]",
		"[{\"bit_rate\": 96000}]",
		"[{\"codec\": \"aac\", \"bit_rate\": \"96000\"}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000.5}]",
		"[{\"codec\": \"aac\", \"bit_rate\": -1}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 99999999999}]",
		"[{\"codec\": \"nosuch\", \"bit_rate\": 96000}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000, \"bitrate\": 1}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000, \"channels\": 3}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000, \"sample_rate\": 44000}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000, \"quality\": \"\"}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000, \"quality\": \"High\"}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000, \"quality\": \"a/b\"}]",
		"[{\"codec\": \"aac\", \"bit_rate\": 96000, \"quality\": \"abcdefghijklmnopqrstuvwx\"}]",
		"[\"high\", {\"codec\": \"aac\", \"bit_rate\": 96000, \"quality\": \"high\"}]",
	};
	const struct conf_rendition *renditions;
	size_t count;

	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
		if (wish(wishes[i], *state, &renditions, &count) != ERR_UNPROCESSABLE)
			fail_msg("accepted: %s", wishes[i]);
	}
}

static void their_number_is_bounded(void **state)
{
	json_t *wanted = json_array();
	const struct conf_rendition *renditions;
	struct err_info info;
	size_t count;

	for (int i = 0; i < TRANSCODE_RENDITIONS_MOST; i++)
		json_array_append_new(wanted, json_pack("{s:s, s:i}", "codec", "aac", "bit_rate", 96000 + i * 1000));
	assert_int_equal(transcode_job_renditions(&conf, wanted, *state, &renditions, &count, &info), ERR_OK);
	json_array_append_new(wanted, json_string("high"));
	assert_int_equal(
		transcode_job_renditions(&conf, wanted, *state, &renditions, &count, &info), ERR_UNPROCESSABLE);
	json_decref(wanted);
}

static enum err formats(const char *words, struct arena *arena, const struct conf_rendition **out, size_t *count)
{
	struct err_info info = {0};
	enum err err;

	*out = ladder;
	*count = 2;
	err = transcode_job_formats(&conf, words, arena, out, count, &info);
	assert_true(err == ERR_OK || info.detail[0] != '\0');
	return err;
}

static void formats_come_behind_the_ladder(void **state)
{
	const struct conf_rendition *renditions;
	size_t count;

	assert_int_equal(formats("mp3-320,flac", *state, &renditions, &count), ERR_OK);
	assert_int_equal(count, 4);
	assert_string_equal(renditions[1].quality, "low");
	assert_string_equal(renditions[2].quality, "mp3-320");
	assert_string_equal(renditions[2].container, "mp3");
	assert_string_equal(renditions[3].quality, "flac");
	assert_int_equal(formats(" wav, wav ,high,", *state, &renditions, &count), ERR_OK);
	assert_int_equal(count, 3);
	assert_string_equal(renditions[2].quality, "wav");
	assert_int_equal(formats("", *state, &renditions, &count), ERR_OK);
	assert_int_equal(count, 2);
	assert_int_equal(wish("[\"opus-ogg-96\", \"high\"]", *state, &renditions, &count), ERR_OK);
	assert_string_equal(renditions[0].container, "ogg");
	assert_int_equal(renditions[0].sample_rate, 48000);
}

static void wrong_formats_are_refused(void **state)
{
	static const char *const wrong[] = {"mp3", "mp3-321", "mp4-128", "mp3-320;flac", "none"};
	const struct conf_rendition *renditions;
	struct buf many;
	size_t count;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(formats(wrong[i], *state, &renditions, &count), ERR_UNPROCESSABLE);
	buf_init(&many, 4096);
	for (int i = 0; i < TRANSCODE_RENDITIONS_MOST; i++)
		buf_printf(&many, "aac-%d,", 64 + i);
	assert_int_equal(formats(buf_text(&many), *state, &renditions, &count), ERR_UNPROCESSABLE);
	buf_free(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(survives_encoding, setup, teardown),
		cmocka_unit_test_setup_teardown(a_payload_may_want_no_rendition, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_payloads_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(passthrough_is_a_word, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_wanted_is_the_ladder, setup, teardown),
		cmocka_unit_test_setup_teardown(names_and_objects_mix, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_wishes_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(their_number_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(formats_come_behind_the_ladder, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_formats_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests_name("transcode_job", tests, NULL, NULL);
}
