/* SPDX-License-Identifier: MIT */
/* For the tests of sound: WAV files in memory, a pipeline nobody listens to, and the amplitude of a tone. */
#ifndef TONEARM_TEST_TONE_H
#define TONEARM_TEST_TONE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAV_HEAD = 44 };

struct source_info;

static inline void wav_put32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/* A mono WAV that claims SAMPLES of SIZE bytes at RATE, which the caller writes behind its head. */
static inline int wav_begin(uint32_t rate, uint32_t samples, unsigned char size)
{
	unsigned char head[WAV_HEAD] = "RIFF____WAVEfmt \20\0\0\0\1\0\1\0____________data";
	int fd = memfd_create("source", MFD_CLOEXEC);

	wav_put32(head + 4, WAV_HEAD - 8 + samples * size);
	wav_put32(head + 24, rate);
	wav_put32(head + 28, rate * size);
	wav_put32(head + 32, size | 8U * size << 16);
	wav_put32(head + 40, samples * size);
	assert_int_equal(write(fd, head, sizeof head), sizeof head);
	return fd;
}

/* Callbacks of a pipeline's job. */
static inline void ignore_source(void *context, const struct source_info *source)
{
	(void)context;
	(void)source;
}

static inline void ignore_progress(void *context, const char *stage, double fraction, double speed)
{
	(void)context;
	(void)stage;
	(void)fraction;
	(void)speed;
}

/* Amplitude of HZ in COUNT samples at RATE, a whole number of periods, after Goertzel. */
static inline double tone_amplitude(const double *samples, size_t count, double rate, double hz)
{
	double step = 2 * cos(2 * M_PI * hz / rate), one = 0, two = 0;

	for (size_t n = 0; n < count; n++) {
		double next = samples[n] + step * one - two;

		two = one;
		one = next;
	}
	return 2 * sqrt(fabs(one * one + two * two - step * one * two)) / (double)count;
}

#endif
