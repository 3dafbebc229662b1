/* SPDX-License-Identifier: MIT */
/* Waveforms against the output of audiowaveform itself, which is under the GPL and therefore not in this tree. */
#include "vectors.h"

#include "base/fs.h"
#include "media/waveform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FILE_MOST = 1 << 20, WAV_HEADER = 44 };

/* The bytes of the vector NAME; NULL when it is not there. To be freed. */
static char *vector(const char *name, size_t *length)
{
	char file[128], path[4096];
	struct err_info info;
	char *bytes;

	snprintf(file, sizeof file, "audiowaveform/%s", name);
	if (!vector_path(file, path, sizeof path) || fs_read_file(path, FILE_MOST, &bytes, length, &info) != ERR_OK)
		return NULL;
	return bytes;
}

/* The waveform of a canonical 16-bit stereo WAV file of 44 bytes of header. */
static void make_of_wav(const unsigned char *wav, size_t length, struct arena *arena, struct waveform_data *out)
{
	size_t count = (length - WAV_HEADER) / 4;
	int16_t *planes[2] = {arena_array(arena, count, 2), arena_array(arena, count, 2)};
	struct waveform waveform;
	struct err_info info;

	for (size_t i = 0; i < 2 * count; i++)
		planes[i % 2][i / 2] = (int16_t)(wav[WAV_HEADER + 2 * i] | wav[WAV_HEADER + 2 * i + 1] << 8);
	waveform_init(&waveform, (uint32_t)(wav[24] | wav[25] << 8), 2, 64, WAVEFORM_PIXELS_MOST);
	assert_int_equal(
		waveform_push(&waveform, (const int16_t *const[]){planes[0], planes[1]}, count, &info), ERR_OK);
	assert_int_equal(waveform_finish(&waveform, &info), ERR_OK);
	waveform_part(&waveform, false, arena, out);
	waveform_free(&waveform);
}

static void is_audiowaveforms(void **state)
{
	size_t wav_length = 0, dat_length = 0, json_length = 0;
	char *wav = vector("test_file_stereo.wav", &wav_length);
	char *dat = vector("test_file_stereo_8bit_64spp_wav_v2.dat", &dat_length);
	char *json = vector("test_file_stereo_8bit_64spp_wav.json", &json_length);
	struct arena arena = {0};
	struct waveform_data data;
	struct buf out;

	(void)state;
	assert_non_null(dat);
	assert_non_null(json);
	make_of_wav((const unsigned char *)wav, wav_length, &arena, &data);
	buf_init(&out, FILE_MOST);
	waveform_put_dat(&out, &data, 8);
	assert_int_equal(out.length, dat_length);
	assert_memory_equal(out.data, dat, dat_length);
	buf_clear(&out);
	waveform_put_json(&out, &data, 8);
	assert_int_equal(out.length, json_length);
	assert_memory_equal(out.data, json, json_length);
	buf_free(&out);
	arena_free(&arena);
	free(wav);
	free(dat);
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(is_audiowaveforms)};
	size_t length;
	char *wav = vector("test_file_stereo.wav", &length);

	if (wav == NULL) {
		puts("1..0 # SKIP audiowaveform is not among the vectors (TONEARM_VECTORS)");
		return 0;
	}
	free(wav);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
