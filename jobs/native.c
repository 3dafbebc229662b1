/* SPDX-License-Identifier: MIT */
#include "jobs/native.h"

#include "conf/profile.h"
#include "media/magic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PCM_BYTES_LEAST = 2, PCM_BYTES_MOST = 4, OVERHEAD = 1 << 20 };

/* Most and least bytes that SAMPLES can come to: a bit rate that is an average may be passed, a header is not sound. */
static bool size_fits(const struct profile *profile, const struct rendition *row)
{
	uint64_t frames = row->samples * row->channels, least = 0, most;

	if (strcmp(profile->codec, "pcm") == 0)
		least = frames * PCM_BYTES_LEAST;
	most = profile->lossless ? frames * PCM_BYTES_MOST : row->samples * row->bit_rate / 4 / row->sample_rate;
	return row->file_size > least && row->file_size <= most + OVERHEAD;
}

static uint32_t bandwidth(const struct rendition *row)
{
	double bits = (double)row->file_size * 8 * row->sample_rate / (double)row->samples;

	return bits < UINT32_MAX ? (uint32_t)bits + 1 : UINT32_MAX;
}

/* WAV past 4 GiB is RF64. */
static bool magic_fits(const struct profile *profile, enum magic magic)
{
	return strcmp(magic_name(magic), profile->magic) == 0 ||
	       (magic == MAGIC_RF64 && strcmp(profile->container, "wav") == 0);
}

enum err native_read(int fd, const struct conf_rendition *wanted, const struct track *source, int64_t samples,
	struct rendition *out, struct err_info *info)
{
	const struct profile *profile = profile_find(wanted->codec, wanted->container);
	int64_t rate = wanted->sample_rate != 0 ? wanted->sample_rate : source->sample_rate;
	int64_t channels = wanted->channels != 0 ? wanted->channels : source->channels;
	struct stat status;

	if (fstat(fd, &status) != 0)
		return err_set_errno(info, ERR_IO, errno, "a rendition file cannot be looked at");
	snprintf(out->container, sizeof out->container, "%s", profile->container);
	snprintf(out->codec, sizeof out->codec, "%s", profile->codec);
	snprintf(out->codecs, sizeof out->codecs, "%s", profile->codecs);
	out->sample_rate = out->timescale = (uint32_t)rate;
	out->channels = channels > 2 ? 2 : (uint32_t)channels;
	out->bit_rate = (uint32_t)wanted->bit_rate;
	out->samples = (uint64_t)((double)samples * (double)rate / (double)source->sample_rate + 0.5);
	out->file_size = (uint64_t)status.st_size;
	if (out->samples == 0 || !magic_fits(profile, magic_find_file(fd)) || !size_fits(profile, out))
		return err_set(info, ERR_UNPROCESSABLE, "%s is no %s file of the length of its source", wanted->quality,
			profile->name);
	out->average_bandwidth = out->peak_bandwidth = bandwidth(out);
	return ERR_OK;
}
