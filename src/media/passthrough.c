/* SPDX-License-Identifier: MIT */
#include "media/passthrough.h"

#include "conf/profile.h"

#include <inttypes.h>
#include <string.h>

enum { BITS_PERCENT = 110, RATE_USUAL = 44100, RATE_NEXT = 48000 };

static enum err refuse_rate(
	const struct passthrough_source *source, const struct conf_rendition *rendition, struct err_info *info)
{
	return err_set(info, ERR_UNSUPPORTED, "the source has %" PRIu32 " Hz, not %" PRId64, source->sample_rate,
		rendition->sample_rate);
}

static bool rate_fits(const struct profile *profile, uint32_t rate, int64_t wanted)
{
	if (wanted == 0 || rate == wanted)
		return true;
	if (profile->lossless)
		return false;
	return rate < wanted || (rate == RATE_NEXT && wanted == RATE_USUAL);
}

enum err passthrough_foresee(const struct passthrough_source *source, const struct conf_rendition *rendition,
	bool changed, struct err_info *info)
{
	const struct profile *profile = profile_find(rendition->codec, rendition->container);
	int64_t channels = rendition->channels == 0 ? 2 : rendition->channels;

	if (changed)
		return err_set(info, ERR_UNSUPPORTED, "the sound is changed on the way");
	if (source->codec == NULL || strcmp(source->codec, rendition->codec) != 0)
		return err_set(info, ERR_UNSUPPORTED, "the source is not %s", rendition->codec);
	if (strcmp(source->codec, "vorbis") == 0 || strcmp(source->codec, "pcm") == 0)
		return err_set(info, ERR_UNSUPPORTED, "packets of %s are not passed through", source->codec);
	if (source->channels > channels ||
		(profile->lossless && rendition->channels != 0 && source->channels != channels))
		return err_set(info, ERR_UNSUPPORTED, "the source has %" PRIu32 " channels, not %" PRId64,
			source->channels, channels);
	return rate_fits(profile, source->sample_rate, rendition->sample_rate) ? ERR_OK
									       : refuse_rate(source, rendition, info);
}

enum err passthrough_check(const struct passthrough_source *source, const struct conf_rendition *rendition,
	bool changed, struct err_info *info)
{
	const struct profile *profile = profile_find(rendition->codec, rendition->container);
	enum err err = passthrough_foresee(source, rendition, changed, info);

	if (err != ERR_OK)
		return err;
	if (source->fault != NULL)
		return err_set(info, ERR_UNSUPPORTED, "%s", source->fault);
	if (source->frame_most > profile->frame_samples)
		return err_set(info, ERR_UNSUPPORTED,
			"frames of %" PRIu32 " samples are too long to be cut where the others are",
			source->frame_most);
	if (!profile->lossless && (int64_t)source->bit_rate * 100 > rendition->bit_rate * BITS_PERCENT)
		return err_set(info, ERR_UNSUPPORTED, "the source has %" PRIu32 " bits/s, more than %" PRId64,
			source->bit_rate, rendition->bit_rate);
	return ERR_OK;
}
