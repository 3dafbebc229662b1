/* SPDX-License-Identifier: MIT */
#include "media/passthrough.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct conf_rendition AAC = {"high", "aac", 192000, 44100, 2, "cmaf"};
static const struct conf_rendition AAC_MONO = {"low", "aac", 64000, 22050, 1, "cmaf"};
static const struct conf_rendition OPUS = {"opus", "opus", 128000, 48000, 2, "cmaf"};
static const struct conf_rendition OPUS_OGG = {"ogg", "opus", 128000, 48000, 2, "ogg"};
static const struct conf_rendition MP3 = {"mp3", "mp3", 128000, 44100, 2, "mp3"};
static const struct conf_rendition FLAC = {"flac", "flac", 0, 0, 0, "cmaf"};
static const struct conf_rendition FLAC_STEREO = {"plain", "flac", 0, 44100, 2, "flac"};
static const struct conf_rendition VORBIS = {"vorbis", "vorbis", 128000, 44100, 2, "ogg"};
static const struct conf_rendition WAV = {"wav", "pcm", 0, 0, 0, "wav"};

#define FAULT "its time stamps jump"

/* A word of the reason; NULL: it is passed through. */
static const struct {
	const struct conf_rendition *wanted;
	struct passthrough_source source; /* codec, fault, rate, channels, bits a second, longest frame */
	bool changed;
	const char *because;
} table[] = {
	{&AAC, {"aac", NULL, 44100, 2, 192000, 1024}, false, NULL},
	{&AAC, {"aac", NULL, 44100, 2, 128000, 1024}, false, NULL},
	{&AAC, {"aac", NULL, 44100, 2, 211200, 1024}, false, NULL},
	{&AAC, {"aac", NULL, 44100, 2, 211201, 1024}, false, "bits/s"},
	{&AAC, {"aac", NULL, 48000, 2, 128000, 1024}, false, NULL},
	{&AAC, {"aac", NULL, 22050, 1, 32000, 1024}, false, NULL},
	{&AAC, {"aac", NULL, 96000, 2, 128000, 1024}, false, "Hz"},
	{&AAC, {"aac", NULL, 44100, 6, 128000, 1024}, false, "channels"},
	{&AAC, {"aac", FAULT, 44100, 2, 128000, 1024}, false, "jump"},
	{&AAC, {"aac", NULL, 44100, 2, 128000, 2048}, false, "too long"},
	{&AAC, {"aac", NULL, 44100, 2, 128000, 1024}, true, "changed"},
	{&AAC, {"mp3", NULL, 44100, 2, 128000, 1152}, false, "is not aac"},
	{&AAC, {NULL, NULL, 44100, 2, 0, 0}, false, "is not aac"},
	{&AAC_MONO, {"aac", NULL, 22050, 2, 48000, 1024}, false, "channels"},
	{&AAC_MONO, {"aac", NULL, 44100, 1, 48000, 1024}, false, "Hz"},
	{&AAC_MONO, {"aac", NULL, 22050, 1, 48000, 1024}, false, NULL},
	{&OPUS, {"opus", NULL, 48000, 2, 128000, 960}, false, NULL},
	{&OPUS, {"opus", NULL, 48000, 1, 24000, 480}, false, NULL},
	{&OPUS, {"opus", NULL, 48000, 2, 128000, 2880}, false, "too long"},
	{&OPUS_OGG, {"opus", NULL, 48000, 2, 128000, 960}, false, NULL},
	{&MP3, {"mp3", NULL, 44100, 2, 128000, 1152}, false, NULL},
	{&MP3, {"mp3", NULL, 44100, 2, 320000, 1152}, false, "bits/s"},
	{&FLAC, {"flac", NULL, 96000, 2, 3000000, 4096}, false, NULL},
	{&FLAC, {"flac", NULL, 44100, 1, 3000000, 4608}, false, NULL},
	{&FLAC, {"flac", NULL, 44100, 2, 3000000, 8192}, false, "too long"},
	{&FLAC, {"flac", NULL, 44100, 6, 3000000, 4096}, false, "channels"},
	{&FLAC_STEREO, {"flac", NULL, 44100, 2, 900000, 4096}, false, NULL},
	{&FLAC_STEREO, {"flac", NULL, 48000, 2, 900000, 4096}, false, "Hz"},
	{&FLAC_STEREO, {"flac", NULL, 22050, 2, 900000, 4096}, false, "Hz"},
	{&FLAC_STEREO, {"flac", NULL, 44100, 1, 900000, 4096}, false, "channels"},
	{&VORBIS, {"vorbis", NULL, 44100, 2, 128000, 1024}, false, "vorbis"},
	{&WAV, {"pcm", NULL, 44100, 2, 1411200, 1024}, false, "pcm"},
};

static void decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct err_info info = {0};
		enum err err = passthrough_check(&table[i].source, table[i].wanted, table[i].changed, &info);

		if (table[i].because == NULL && err != ERR_OK)
			fail_msg("row %zu is refused: %s", i, info.detail);
		if (table[i].because != NULL &&
			(err != ERR_UNSUPPORTED || strstr(info.detail, table[i].because) == NULL))
			fail_msg("row %zu: %s", i, err == ERR_OK ? "passed" : info.detail);
	}
}

/* What is not worth a look would be refused after it too. */
static void foresees(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct passthrough_source seen = {.codec = table[i].source.codec,
			.sample_rate = table[i].source.sample_rate,
			.channels = table[i].source.channels};
		struct err_info info;

		if (table[i].because == NULL)
			assert_int_equal(
				passthrough_foresee(&seen, table[i].wanted, table[i].changed, &info), ERR_OK);
		else if (strcmp(table[i].because, "changed") == 0 || strcmp(table[i].because, "channels") == 0 ||
			 strcmp(table[i].because, "Hz") == 0)
			assert_int_equal(passthrough_foresee(&seen, table[i].wanted, table[i].changed, &info),
				ERR_UNSUPPORTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(foresees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
