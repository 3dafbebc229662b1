/* SPDX-License-Identifier: MIT */
#include "conf/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RATE_LEAST = 8000, RATE_MOST = 192000, KILOBITS_DIGITS = 4 };

/* ISO/IEC 14496-3 table 1.18, those that audio uses. */
static const int64_t aac_rates[] = {
	8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 0};
static const int64_t mp3_rates[] = {16000, 22050, 24000, 32000, 44100, 48000, 0};
static const int64_t opus_rates[] = {48000, 0};
static const int64_t vorbis_rates[] = {44100, 48000, 0};

/* ISO/IEC 11172-3 section 2.4.2.3 and 13818-3: layer III at the full and at the halved rates, in kbit/s. */
static const int64_t mp3_kilobits[] = {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0};
static const int64_t mp3_low_kilobits[] = {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0};
enum { MP3_FULL_RATE = 32000 };

static const struct profile profiles[] = {
	{.codec = "aac",
		.container = "cmaf",
		.name = "aac",
		.encoder = "aac",
		.extension = "mp4",
		.type = "audio/mp4",
		.codecs = "mp4a.40.2",
		.magic = "m4a",
		.rates = aac_rates,
		.usual_rate = 44100,
		.frame_samples = 1024,
		.priming = 1024},
	{.codec = "mp3",
		.container = "mp3",
		.name = "mp3",
		.encoder = "libmp3lame",
		.muxer = "mp3",
		.extension = "mp3",
		.type = "audio/mpeg",
		.codecs = "mp3",
		.magic = "mp3",
		.rates = mp3_rates,
		.usual_rate = 44100,
		.frame_samples = 1152},
	{.codec = "opus",
		.container = "cmaf",
		.name = "opus",
		.encoder = "libopus",
		.extension = "mp4",
		.type = "audio/mp4",
		.codecs = "Opus",
		.magic = "m4a",
		.rates = opus_rates,
		.usual_rate = 48000,
		.frame_samples = 960,
		.priming = 312},
	{.codec = "opus",
		.container = "ogg",
		.name = "opus-ogg",
		.encoder = "libopus",
		.muxer = "ogg",
		.extension = "opus",
		.type = "audio/ogg; codecs=opus",
		.codecs = "opus",
		.magic = "ogg",
		.rates = opus_rates,
		.usual_rate = 48000,
		.frame_samples = 960},
	{.codec = "vorbis",
		.container = "ogg",
		.name = "vorbis",
		.encoder = "libvorbis",
		.muxer = "ogg",
		.extension = "ogg",
		.type = "audio/ogg; codecs=vorbis",
		.codecs = "vorbis",
		.magic = "ogg",
		.rates = vorbis_rates,
		.usual_rate = 44100,
		.frame_samples = 1024},
	{.codec = "flac",
		.container = "cmaf",
		.name = "flac",
		.encoder = "flac",
		.extension = "mp4",
		.type = "audio/mp4",
		.codecs = "fLaC",
		.magic = "m4a",
		.frame_samples = 4608,
		.lossless = true},
	{.codec = "flac",
		.container = "flac",
		.name = "flac-flac",
		.encoder = "flac",
		.muxer = "flac",
		.extension = "flac",
		.type = "audio/flac",
		.codecs = "flac",
		.magic = "flac",
		.frame_samples = 4608,
		.lossless = true},
	{.codec = "pcm",
		.container = "wav",
		.name = "wav",
		.encoder = "pcm_s16le",
		.deep_encoder = "pcm_s24le",
		.muxer = "wav",
		.extension = "wav",
		.type = "audio/wav",
		.codecs = "1",
		.magic = "wav",
		.frame_samples = 1024,
		.lossless = true},
};

enum { PROFILES = sizeof profiles / sizeof *profiles };

const struct profile *profile_find(const char *codec, const char *container)
{
	for (size_t i = 0; codec != NULL && i < PROFILES; i++) {
		if (strcmp(profiles[i].codec, codec) == 0 &&
			(container == NULL || strcmp(profiles[i].container, container) == 0))
			return &profiles[i];
	}
	return NULL;
}

bool profile_is_segmented(const char *container)
{
	return strcmp(container, "cmaf") == 0;
}

static bool is_listed(const int64_t *list, int64_t value)
{
	while (*list != 0 && *list != value)
		list++;
	return *list != 0;
}

static enum err check_sample_rate(const struct profile *profile, int64_t rate, struct err_info *info)
{
	char known[120] = "";

	if (profile->rates == NULL) {
		if (rate == 0 || (rate >= RATE_LEAST && rate <= RATE_MOST))
			return ERR_OK;
		return err_set(info, ERR_UNPROCESSABLE,
			"%s takes %d to %d Hz, or 0 for the rate of the source, not %" PRId64, profile->codec,
			(int)RATE_LEAST, (int)RATE_MOST, rate);
	}
	if (rate != 0 && is_listed(profile->rates, rate))
		return ERR_OK;
	for (const int64_t *at = profile->rates; *at != 0; at++)
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s%" PRId64,
			at == profile->rates ? "" : ", ", *at);
	return err_set(info, ERR_UNPROCESSABLE, "%s has no sampling rate of %" PRId64 " Hz, but %s", profile->codec,
		rate, known);
}

/* The bounds of a lossy codec that has any bit rate between them. */
static void find_bounds(const struct conf_rendition *rendition, int64_t *least, int64_t *most)
{
	int64_t channels = rendition->channels;

	if (strcmp(rendition->codec, "aac") == 0) {
		*least = 16000;
		*most = 6 * channels * rendition->sample_rate; /* 6144 bits a frame of 1024 samples and channel */
		*most = *most < 320000 ? *most : 320000;
	} else if (strcmp(rendition->codec, "opus") == 0) {
		*least = 6000;
		*most = channels == 1 ? 256000 : 510000;
	} else {
		*least = 32000 * channels;
		*most = 240000 * channels;
	}
}

static enum err check_bit_rate(
	const struct profile *profile, const struct conf_rendition *rendition, struct err_info *info)
{
	int64_t least, most;

	if (profile->lossless) {
		if (rendition->bit_rate == 0)
			return ERR_OK;
		return err_set(info, ERR_UNPROCESSABLE, "%s is lossless: its bit rate is 0, not %" PRId64,
			profile->codec, rendition->bit_rate);
	}
	if (strcmp(profile->codec, "mp3") == 0) {
		const int64_t *list = rendition->sample_rate >= MP3_FULL_RATE ? mp3_kilobits : mp3_low_kilobits;

		if (rendition->bit_rate % 1000 == 0 && is_listed(list, rendition->bit_rate / 1000) &&
			rendition->bit_rate != 0)
			return ERR_OK;
		return err_set(info, ERR_UNPROCESSABLE, "mp3 at %" PRId64 " Hz has no bit rate of %" PRId64 " bits/s",
			rendition->sample_rate, rendition->bit_rate);
	}
	find_bounds(rendition, &least, &most);
	if (rendition->bit_rate >= least && rendition->bit_rate <= most)
		return ERR_OK;
	return err_set(info, ERR_UNPROCESSABLE,
		"%s at %" PRId64 " Hz with %" PRId64 " channels takes %" PRId64 " to %" PRId64 " bits/s, not %" PRId64,
		profile->codec, rendition->sample_rate, rendition->channels, least, most, rendition->bit_rate);
}

/* "aac, mp3, opus or opus-ogg, ...": what there is, for a message. */
static enum err refuse_format(const char *what, struct err_info *info)
{
	char known[120] = "";

	for (size_t i = 0; i < PROFILES; i++)
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i == 0 ? "" : ", ",
			profiles[i].name);
	return err_set(info, ERR_UNPROCESSABLE, "there is no format \"%.40s\"; there are %s", what, known);
}

enum err profile_check(const struct conf_rendition *rendition, struct err_info *info)
{
	const struct profile *profile = profile_find(rendition->codec, rendition->container);
	int64_t least;
	enum err err;

	if (rendition->codec == NULL || rendition->container == NULL || profile == NULL) {
		char what[64];

		snprintf(what, sizeof what, "%s in %s", rendition->codec == NULL ? "(none)" : rendition->codec,
			rendition->container == NULL ? "(none)" : rendition->container);
		return refuse_format(what, info);
	}
	least = profile->lossless ? 0 : 1;
	if (rendition->channels < least || rendition->channels > 2)
		return err_set(
			info, ERR_UNPROCESSABLE, "a rendition has 1 or 2 channels, not %" PRId64, rendition->channels);
	err = check_sample_rate(profile, rendition->sample_rate, info);
	return err == ERR_OK ? check_bit_rate(profile, rendition, info) : err;
}

enum err profile_complete(struct conf_rendition *rendition, struct arena *arena, struct err_info *info)
{
	const struct profile *profile = profile_find(rendition->codec, rendition->container);

	if (profile == NULL)
		return profile_check(rendition, info);
	rendition->container = profile->container;
	if (rendition->sample_rate < 0)
		rendition->sample_rate = profile->usual_rate;
	if (rendition->channels < 0)
		rendition->channels = profile->lossless ? 0 : 2;
	if (rendition->quality == NULL)
		rendition->quality = profile->lossless ? profile->name
						       : arena_printf(arena, "%s-%" PRId64, profile->name,
								 rendition->bit_rate / 1000);
	return profile_check(rendition, info);
}

/* The number that ends a word behind a hyphen; the word's LENGTH without it. 0 when none does. */
static int64_t take_kilobits(const char *word, size_t *length)
{
	const char *hyphen = strrchr(word, '-');
	size_t digits = hyphen == NULL ? 0 : strspn(hyphen + 1, "0123456789");
	int64_t kilobits = 0;

	*length = strlen(word);
	if (digits == 0 || digits > KILOBITS_DIGITS || hyphen[1 + digits] != '\0')
		return 0;
	for (const char *at = hyphen + 1; *at != '\0'; at++)
		kilobits = kilobits * 10 + (*at - '0');
	*length = (size_t)(hyphen - word);
	return kilobits;
}

enum err profile_parse(const char *word, struct arena *arena, struct conf_rendition *out, struct err_info *info)
{
	size_t length;
	int64_t kilobits = take_kilobits(word, &length);

	for (size_t i = 0; i < PROFILES; i++) {
		const struct profile *profile = &profiles[i];

		if (strlen(profile->name) != length || memcmp(profile->name, word, length) != 0)
			continue;
		if (!profile->lossless && kilobits == 0)
			return err_set(info, ERR_UNPROCESSABLE,
				"the format \"%s\" needs its kilobits a second, such as \"%s-128\"", profile->name,
				profile->name);
		*out = (struct conf_rendition){.codec = profile->codec,
			.container = profile->container,
			.bit_rate = kilobits * 1000,
			.sample_rate = -1,
			.channels = -1};
		return profile_complete(out, arena, info);
	}
	return refuse_format(word, info);
}
