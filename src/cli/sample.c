/* SPDX-License-Identifier: MIT */
#include "cli/sample.h"

#include "base/buf.h"
#include "base/fs.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { CHANNELS = 2, FRAME_BYTES = 4, VOICES = 4, CHORDS = 3, CHORD_SECONDS = 3 };

static const double pi = 3.14159265358979323846;

/* Hz. A minor, F major, G major with their basses an octave or two below. */
static const double chords[CHORDS][VOICES] = {
	{110.00, 220.00, 261.63, 329.63},
	{87.31, 220.00, 261.63, 349.23},
	{98.00, 246.94, 293.66, 392.00},
};

static void put_le16(struct buf *out, unsigned value)
{
	buf_put_u8(out, (uint8_t)(value & 0xFF));
	buf_put_u8(out, (uint8_t)(value >> 8 & 0xFF));
}

static void put_le32(struct buf *out, uint32_t value)
{
	put_le16(out, value & 0xFFFF);
	put_le16(out, value >> 16);
}

/* One entry of a LIST INFO chunk, padded to an even length with its NUL. */
static void put_tag(struct buf *out, const char *id, const char *text)
{
	size_t size = strlen(text) + 1;

	buf_puts(out, id);
	put_le32(out, (uint32_t)size);
	buf_put(out, text, size);
	if (size % 2 != 0)
		buf_put_u8(out, 0);
}

static void put_header(struct buf *out, uint32_t frames)
{
	struct buf tags;

	buf_init(&tags, 256);
	buf_puts(&tags, "INFO");
	put_tag(&tags, "INAM", "Three Chords");
	put_tag(&tags, "IART", "Tonearm");
	buf_puts(out, "RIFF");
	put_le32(out, (uint32_t)(4 + 24 + 8 + tags.length + 8) + frames * FRAME_BYTES);
	buf_puts(out, "WAVEfmt ");
	put_le32(out, 16);
	put_le16(out, 1); /* PCM */
	put_le16(out, CHANNELS);
	put_le32(out, SAMPLE_RATE);
	put_le32(out, SAMPLE_RATE * FRAME_BYTES);
	put_le16(out, FRAME_BYTES);
	put_le16(out, 16);
	buf_puts(out, "LIST");
	put_le32(out, (uint32_t)tags.length);
	buf_put(out, tags.data, tags.length);
	buf_puts(out, "data");
	put_le32(out, frames * FRAME_BYTES);
	buf_free(&tags);
}

static void put_frame(struct buf *out, uint32_t frame)
{
	double t = (double)frame / SAMPLE_RATE;
	double within = fmod(t, CHORD_SECONDS);
	double swell = sin(pi * within / CHORD_SECONDS);
	const double *chord = chords[(frame / (SAMPLE_RATE * CHORD_SECONDS)) % CHORDS];
	double sum[CHANNELS] = {0};

	for (int i = 0; i < VOICES; i++) {
		double phase = 2 * pi * chord[i] * t;
		double voice = sin(phase) + 0.3 * sin(2 * phase) + 0.1 * sin(3 * phase);
		double right = (double)i / (VOICES - 1);

		sum[0] += voice * (1 - 0.6 * right);
		sum[1] += voice * (0.4 + 0.6 * right);
	}
	for (int i = 0; i < CHANNELS; i++)
		put_le16(out, (unsigned)lrint(sum[i] * swell * 0.18 * 32767) & 0xFFFF);
}

enum err sample_write(const char *path, unsigned seconds, struct err_info *info)
{
	uint32_t frames = seconds * SAMPLE_RATE;
	struct buf wav;
	enum err err;

	assert(seconds > 0 && seconds <= SAMPLE_SECONDS_MOST);
	buf_init(&wav, (size_t)frames * FRAME_BYTES + 512);
	put_header(&wav, frames);
	for (uint32_t i = 0; i < frames; i++)
		put_frame(&wav, i);
	assert(!wav.overflow);
	err = fs_write_file(path, wav.data, wav.length, 0644, info);
	buf_free(&wav);
	return err;
}
