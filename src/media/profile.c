/* SPDX-License-Identifier: MIT */
#include "media/profile.h"

#include <string.h>

/*
 * What AAC-LC can carry: the rates of ISO/IEC 14496-3 table 1.18 that audio uses, 6144 bits a frame of 1024 samples and
 * channel.
 */
enum { BIT_RATE_LEAST = 16000, BIT_RATE_MOST = 320000, FRAME_BITS = 6144, FRAME_SAMPLES = 1024 };

static const int64_t aac_rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000};

static enum err check_rate(const struct conf_rendition *rendition, struct err_info *info)
{
	for (size_t i = 0; i < sizeof aac_rates / sizeof *aac_rates; i++) {
		if (aac_rates[i] == rendition->sample_rate)
			return ERR_OK;
	}
	return err_set(info, ERR_UNPROCESSABLE,
		"AAC has no sampling rate of %lld Hz: take 22050, 44100 or 48000, or another of 8000 to 96000 that AAC "
		"knows",
		(long long)rendition->sample_rate);
}

enum err profile_check(const struct conf_rendition *rendition, struct err_info *info)
{
	int64_t most;
	enum err err;

	if (rendition->codec == NULL || strcmp(rendition->codec, "aac") != 0)
		return err_set(info, ERR_UNPROCESSABLE, "this build makes renditions of the codec aac, not %.32s",
			rendition->codec == NULL ? "(none)" : rendition->codec);
	if (rendition->channels < 1 || rendition->channels > 2)
		return err_set(info, ERR_UNPROCESSABLE, "a rendition has 1 or 2 channels, not %lld",
			(long long)rendition->channels);
	err = check_rate(rendition, info);
	if (err != ERR_OK)
		return err;
	most = FRAME_BITS * rendition->channels * rendition->sample_rate / FRAME_SAMPLES;
	if (most > BIT_RATE_MOST)
		most = BIT_RATE_MOST;
	if (rendition->bit_rate < BIT_RATE_LEAST || rendition->bit_rate > most)
		return err_set(info, ERR_UNPROCESSABLE,
			"AAC at %lld Hz with %lld channels takes %d to %lld bits/s, not %lld",
			(long long)rendition->sample_rate, (long long)rendition->channels, (int)BIT_RATE_LEAST,
			(long long)most, (long long)rendition->bit_rate);
	return ERR_OK;
}
