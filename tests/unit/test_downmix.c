/* SPDX-License-Identifier: MIT */
#include "media/downmix.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const enum speaker surround[] = {SPEAKER_LEFT, SPEAKER_RIGHT, SPEAKER_CENTRE, SPEAKER_NONE, SPEAKER_SIDE_LEFT,
	SPEAKER_SIDE_RIGHT, SPEAKER_SIDE_LEFT, SPEAKER_SIDE_RIGHT};

static void expect(double got, double wanted)
{
	assert_true(fabs(got - wanted) < 1e-12);
}

static void passes_mono_and_stereo(void **state)
{
	double matrix[4];

	(void)state;
	downmix_matrix(surround, 2, 2, matrix);
	expect(matrix[0], 1);
	expect(matrix[1], 0);
	expect(matrix[2], 0);
	expect(matrix[3], 1);
	downmix_matrix((enum speaker[]){SPEAKER_NONE}, 1, 2, matrix);
	expect(matrix[0], 1);
	expect(matrix[1], 1);
	downmix_matrix((enum speaker[]){SPEAKER_CENTRE}, 1, 1, matrix);
	expect(matrix[0], 1);
	downmix_matrix(surround, 2, 1, matrix);
	expect(matrix[0], 0.5);
	expect(matrix[1], 0.5);
}

static void mixes_five_one_by_the_standard(void **state)
{
	double matrix[12];
	double scale = 1 / (1 + 2 * M_SQRT1_2);

	(void)state;
	downmix_matrix(surround, 6, 2, matrix);
	expect(matrix[0], scale);
	expect(matrix[1], 0);
	expect(matrix[2], M_SQRT1_2 * scale);
	expect(matrix[3], 0);
	expect(matrix[4], M_SQRT1_2 * scale);
	expect(matrix[5], 0);
	expect(matrix[6], 0);
	expect(matrix[7], scale);
	expect(matrix[8], M_SQRT1_2 * scale);
	expect(matrix[11], M_SQRT1_2 * scale);
}

static void never_clips(void **state)
{
	(void)state;
	for (size_t inputs = 1; inputs <= 8; inputs++) {
		for (size_t outputs = 1; outputs <= 2; outputs++) {
			double matrix[16];

			downmix_matrix(surround, inputs, outputs, matrix);
			for (size_t out = 0; out < outputs; out++) {
				double sum = 0;

				for (size_t i = 0; i < inputs; i++)
					sum += matrix[out * inputs + i];
				assert_true(sum > 0 && sum <= 1 + 1e-12);
			}
		}
	}
}

static void unknown_speakers_are_heard(void **state)
{
	static const enum speaker none[3] = {SPEAKER_NONE, SPEAKER_NONE, SPEAKER_NONE};
	double matrix[6];

	(void)state;
	downmix_matrix(none, 3, 2, matrix);
	for (size_t i = 0; i < 6; i++)
		expect(matrix[i], 1.0 / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_mono_and_stereo),
		cmocka_unit_test(mixes_five_one_by_the_standard),
		cmocka_unit_test(never_clips),
		cmocka_unit_test(unknown_speakers_are_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
