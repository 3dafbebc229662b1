/* SPDX-License-Identifier: MIT */
#include "media/waveform.h"

#include <assert.h>
#include <inttypes.h>

enum { DAT_VERSION = 2, DAT_8_BITS = 1 };

static uint32_t get_le32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put_le32(struct buf *out, uint32_t value)
{
	const unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
		(unsigned char)(value >> 16), (unsigned char)(value >> 24)};

	buf_put(out, bytes, sizeof bytes);
}

/* Numbers that cannot be, or do not fit LENGTH bytes of file. */
static bool header_fits(const struct waveform_data *data, size_t length)
{
	return data->sample_rate >= 1 && data->sample_rate <= INT32_MAX && data->per_pixel >= 1 &&
	       data->per_pixel <= INT32_MAX && data->channels >= 1 && data->channels <= WAVEFORM_CHANNELS_MOST &&
	       data->length <= WAVEFORM_PIXELS_MOST &&
	       length == WAVEFORM_HEADER + (size_t)data->length * data->channels * 4;
}

enum err waveform_read(
	const void *bytes, size_t length, struct arena *arena, struct waveform_data *out, struct err_info *info)
{
	const unsigned char *at = bytes;
	size_t count;

	*out = (struct waveform_data){0};
	if (length < WAVEFORM_HEADER || get_le32(at) != DAT_VERSION || get_le32(at + 4) != 0)
		return err_set(info, ERR_UNPROCESSABLE, "this is no 16-bit waveform of version 2");
	out->sample_rate = get_le32(at + 8);
	out->per_pixel = get_le32(at + 12);
	out->length = get_le32(at + 16);
	out->channels = get_le32(at + 20);
	if (!header_fits(out, length))
		return err_set(
			info, ERR_UNPROCESSABLE, "the header of the waveform does not fit its %zu bytes", length);
	count = (size_t)out->length * out->channels * 2;
	out->pairs = arena_array(arena, count + 1, sizeof *out->pairs);
	at += WAVEFORM_HEADER;
	for (size_t i = 0; i < count; i++)
		out->pairs[i] = (int16_t)(at[2 * i] | at[2 * i + 1] << 8);
	for (size_t i = 0; i < count; i += 2) {
		if (out->pairs[i] > out->pairs[i + 1])
			return err_set(info, ERR_UNPROCESSABLE, "the waveform is upside down at value %zu", i);
	}
	return ERR_OK;
}

static int value_of(int16_t value, int bits)
{
	return bits == 8 ? value / 256 : value;
}

void waveform_put_dat(struct buf *out, const struct waveform_data *data, int bits)
{
	size_t count = (size_t)data->length * data->channels * 2;

	assert(bits == 8 || bits == 16);
	put_le32(out, DAT_VERSION);
	put_le32(out, bits == 8 ? DAT_8_BITS : 0);
	put_le32(out, data->sample_rate);
	put_le32(out, data->per_pixel);
	put_le32(out, data->length);
	put_le32(out, data->channels);
	for (size_t i = 0; i < count; i++) {
		int value = value_of(data->pairs[i], bits);
		const unsigned char pair[2] = {(unsigned char)value, (unsigned char)(value >> 8)};

		buf_put(out, pair, bits == 8 ? 1 : 2);
	}
}

void waveform_put_json(struct buf *out, const struct waveform_data *data, int bits)
{
	size_t count = (size_t)data->length * data->channels * 2;

	assert(bits == 8 || bits == 16);
	buf_printf(out,
		"{\"version\":%d,\"channels\":%" PRIu32 ",\"sample_rate\":%" PRIu32 ",\"samples_per_pixel\":%" PRIu32
		",\"bits\":%d,\"length\":%" PRIu32 ",\"data\":[",
		(int)DAT_VERSION, data->channels, data->sample_rate, data->per_pixel, bits, data->length);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, i == 0 ? "%d" : ",%d", value_of(data->pairs[i], bits));
	buf_puts(out, "]}\n");
}

/* Where VALUE lies, from the top, in a lane of HEIGHT. */
static double height_of(int16_t value, double height)
{
	return (32768.0 - value) * height / 65536;
}

/*
 * The greatest values of CHANNEL from left to right, the least ones back: an outline that is filled. Each pixel is a
 * step.
 */
static void put_lane(struct buf *out, const struct waveform_data *data, uint32_t channel, double step, double height)
{
	const int16_t *pairs = data->pairs + 2 * (size_t)channel;
	size_t stride = 2 * (size_t)data->channels;
	double top = height * channel;

	buf_printf(out, "M0 %.2f", top + height / 2);
	for (size_t i = 0; i < data->length; i++)
		buf_printf(out, "V%.2fH%.2f", top + height_of(pairs[i * stride + 1], height), (double)(i + 1) * step);
	for (size_t i = data->length; i-- > 0;)
		buf_printf(out, "V%.2fH%.2f", top + height_of(pairs[i * stride], height) + 0.5, (double)i * step);
	buf_putc(out, 'Z');
}

void waveform_put_svg(struct buf *out, const struct waveform_data *data, uint32_t width, uint32_t height)
{
	double step = data->length > 0 ? (double)width / data->length : width;

	buf_printf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %" PRIu32 " %" PRIu32
		"\" preserveAspectRatio=\"none\"><path fill=\"currentColor\" d=\"",
		width, height);
	for (uint32_t channel = 0; channel < data->channels; channel++)
		put_lane(out, data, channel, step, (double)height / data->channels);
	buf_puts(out, "\"/></svg>\n");
}
