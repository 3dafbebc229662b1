/* SPDX-License-Identifier: MIT */
#include "package/cmaf_init.h"

#include "package/bmff.h"
#include "package/cmaf_udta.h"

#include <assert.h>

enum {
	TRACK_ID = 1,
	FLAC_STREAMINFO = 34,
	OPUS_HEAD = 11, /* OpusHead without its magic and channel mapping table */
	CONFIG_MOST = 255,
	ROLL_SAMPLES = 3840 /* 80 ms at 48 kHz: what an Opus decoder needs to converge */
};

/* 9 * 16.16 and 2.30 fixed point: the identity. */
static void put_matrix(struct buf *out)
{
	static const uint32_t matrix[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};

	for (size_t i = 0; i < 9; i++)
		buf_put_be32(out, matrix[i]);
}

/*
 * 23000-19: 'cmfc' is the structural brand; the stricter 'cmf2' is not claimed. 'dash' tells that the file may be used
 * as an indexed self-initialising segment (23009-1).
 */
static void put_ftyp(struct buf *out)
{
	size_t box = bmff_begin(out, "ftyp");

	buf_puts(out, "iso6");
	buf_put_be32(out, 0);
	buf_puts(out, "iso6cmfcdashmp41");
	bmff_end(out, box);
}

static void put_mvhd(struct buf *out, const struct cmaf_track *track, uint64_t duration)
{
	size_t box = bmff_begin_full(out, "mvhd", 1, 0);

	bmff_put_zeros(out, 16); /* creation and modification time: the same input gives the same bytes */
	buf_put_be32(out, track->timescale);
	buf_put_be64(out, duration);
	buf_put_be32(out, 0x10000); /* rate 1.0 */
	buf_put_be16(out, 0x100);   /* volume 1.0 */
	bmff_put_zeros(out, 10);
	put_matrix(out);
	bmff_put_zeros(out, 24);
	buf_put_be32(out, TRACK_ID + 1);
	bmff_end(out, box);
}

static void put_tkhd(struct buf *out, uint64_t duration)
{
	size_t box = bmff_begin_full(out, "tkhd", 1, 7); /* enabled, in movie, in preview */

	bmff_put_zeros(out, 16);
	buf_put_be32(out, TRACK_ID);
	bmff_put_zeros(out, 4);
	buf_put_be64(out, duration);
	bmff_put_zeros(out, 8);
	bmff_put_zeros(out, 4); /* layer, alternate group */
	buf_put_be16(out, 0x100);
	bmff_put_zeros(out, 2);
	put_matrix(out);
	bmff_put_zeros(out, 8); /* width, height */
	bmff_end(out, box);
}

/* 14496-12 section 8.6.6. While segment_duration is 0 the edit reaches to the end, whatever fragments follow. */
static void put_edts(struct buf *out, uint32_t priming, uint64_t duration)
{
	size_t edts = bmff_begin(out, "edts");
	size_t elst = bmff_begin_full(out, "elst", 1, 0);

	buf_put_be32(out, 1);
	buf_put_be64(out, duration);
	buf_put_be64(out, priming);
	buf_put_be32(out, 0x10000); /* media_rate 1.0 */
	bmff_end(out, elst);
	bmff_end(out, edts);
}

static void put_mdhd(struct buf *out, const struct cmaf_track *track)
{
	size_t box = bmff_begin_full(out, "mdhd", 0, 0);

	bmff_put_zeros(out, 8);
	buf_put_be32(out, track->timescale);
	buf_put_be32(out, 0);      /* no sample in moov */
	buf_put_be16(out, 0x55c4); /* "und" */
	buf_put_be16(out, 0);
	bmff_end(out, box);
}

static void put_hdlr(struct buf *out)
{
	size_t box = bmff_begin_full(out, "hdlr", 0, 0);

	buf_put_be32(out, 0);
	buf_puts(out, "soun");
	bmff_put_zeros(out, 12);
	buf_put(out, "Sound", 6);
	bmff_end(out, box);
}

/* Header of a descriptor whose size fits 7 bits (14496-1 section 8.3.3). */
static void put_descriptor(struct buf *out, uint8_t tag, size_t size)
{
	assert(size < 0x80);
	buf_put_u8(out, tag);
	buf_put_u8(out, (uint8_t)size);
}

/* 14496-14 section 5.6, 14496-1 section 7.2.6. */
static void put_esds(struct buf *out, const struct cmaf_track *track, const struct cmaf_totals *totals)
{
	size_t specific = track->config_size, decoder = 13 + 2 + specific, stream = 3 + 2 + decoder + 2 + 1;
	size_t box = bmff_begin_full(out, "esds", 0, 0);

	put_descriptor(out, 3, stream); /* ES_Descriptor */
	buf_put_be16(out, 0);
	buf_put_u8(out, 0);
	put_descriptor(out, 4, decoder); /* DecoderConfigDescriptor */
	buf_put_u8(out, 0x40);           /* MPEG-4 audio */
	buf_put_u8(out, 0x15);           /* AudioStream */
	buf_put_be24(out, 0);            /* bufferSizeDB: not stated */
	buf_put_be32(out, totals->peak);
	buf_put_be32(out, totals->average);
	put_descriptor(out, 5, specific); /* DecoderSpecificInfo: AudioSpecificConfig */
	buf_put(out, track->config, specific);
	put_descriptor(out, 6, 1); /* SLConfigDescriptor, predefined for MP4 */
	buf_put_u8(out, 2);
	bmff_end(out, box);
}

/*
 * "Encapsulation of Opus in ISO base media file format" section 4.3.2: OpusHead with version 0 and big-endian numbers.
 */
static void put_dops(struct buf *out, const struct cmaf_track *track)
{
	const unsigned char *head = track->config;
	size_t box = bmff_begin(out, "dOps");

	buf_put_u8(out, 0);
	buf_put_u8(out, head[1]);                              /* OutputChannelCount */
	buf_put_be16(out, (uint16_t)(head[2] | head[3] << 8)); /* PreSkip */
	buf_put_be32(
		out, (uint32_t)head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 24);
	buf_put_be16(out, (uint16_t)(head[8] | head[9] << 8)); /* OutputGain */
	buf_put(out, head + 10, track->config_size - 10);      /* ChannelMappingFamily and its table */
	bmff_end(out, box);
}

/* "Encapsulation of FLAC in ISO base media file format" section 3.3.2. */
static void put_dfla(struct buf *out, const struct cmaf_track *track)
{
	size_t box = bmff_begin_full(out, "dfLa", 0, 0);

	buf_put_u8(out, 0x80); /* the last metadata block, and a STREAMINFO */
	buf_put_be24(out, FLAC_STREAMINFO);
	buf_put(out, track->config, FLAC_STREAMINFO);
	bmff_end(out, box);
}

static void put_btrt(struct buf *out, const struct cmaf_totals *totals)
{
	size_t box = bmff_begin(out, "btrt");

	buf_put_be32(out, 0);
	buf_put_be32(out, totals->peak);
	buf_put_be32(out, totals->average);
	bmff_end(out, box);
}

/* Bits a sample: STREAMINFO says it for FLAC (RFC 9639 section 8.2), the lossy codecs have 16 by convention. */
static uint16_t sample_bits(const struct cmaf_track *track)
{
	const unsigned char *info = track->config;

	if (track->codec != CMAF_FLAC)
		return 16;
	return (uint16_t)(((info[12] & 1) << 4 | info[13] >> 4) + 1);
}

/*
 * 16.16. Past 16 bits FLAC has the greatest division of its rate, or what is nearest ("Encapsulation of FLAC in ISO base
 * media file format" section 3.3.1), the others 0: the configuration says it.
 */
static uint32_t entry_rate(const struct cmaf_track *track)
{
	uint32_t rate = track->sample_rate;

	while (track->codec == CMAF_FLAC && rate > UINT16_MAX && rate % 2 == 0)
		rate /= 2;
	if (rate > UINT16_MAX)
		rate = track->codec == CMAF_FLAC ? UINT16_MAX : 0;
	return rate << 16;
}

static void put_sample_entry(struct buf *out, const struct cmaf_track *track, const struct cmaf_totals *totals)
{
	static const char *const types[] = {[CMAF_AAC] = "mp4a", [CMAF_OPUS] = "Opus", [CMAF_FLAC] = "fLaC"};
	size_t box = bmff_begin(out, types[track->codec]);

	bmff_put_zeros(out, 6);
	buf_put_be16(out, 1); /* data_reference_index */
	bmff_put_zeros(out, 8);
	buf_put_be16(out, (uint16_t)track->channels);
	buf_put_be16(out, sample_bits(track));
	bmff_put_zeros(out, 4);
	buf_put_be32(out, entry_rate(track));
	switch (track->codec) {
	case CMAF_AAC:
		put_esds(out, track, totals);
		break;
	case CMAF_OPUS:
		put_dops(out, track);
		break;
	case CMAF_FLAC:
		put_dfla(out, track);
		break;
	}
	put_btrt(out, totals);
	bmff_end(out, box);
}

/*
 * Pre-roll of Opus: how many samples before a seek point must be decoded. The fragments' sbgp boxes refer to this
 * entry.
 */
static void put_roll(struct buf *out, const struct cmaf_totals *totals)
{
	uint32_t frame = totals->frame_duration > 0 ? totals->frame_duration : 960;
	uint32_t distance = (ROLL_SAMPLES + frame - 1) / frame;
	size_t box = bmff_begin_full(out, "sgpd", 1, 0);

	buf_puts(out, "roll");
	buf_put_be32(out, 2); /* bytes an entry */
	buf_put_be32(out, 1);
	buf_put_be16(out, (uint16_t)-distance);
	bmff_end(out, box);
}

/* An empty table box: COUNTS zero fields of 32 bits. */
static void put_empty_table(struct buf *out, const char *type, size_t counts)
{
	size_t box = bmff_begin_full(out, type, 0, 0);

	bmff_put_zeros(out, 4 * counts);
	bmff_end(out, box);
}

static void put_stbl(struct buf *out, const struct cmaf_track *track, const struct cmaf_totals *totals)
{
	size_t stbl = bmff_begin(out, "stbl");
	size_t stsd = bmff_begin_full(out, "stsd", 0, 0);

	buf_put_be32(out, 1);
	put_sample_entry(out, track, totals);
	bmff_end(out, stsd);
	put_empty_table(out, "stts", 1);
	put_empty_table(out, "stsc", 1);
	put_empty_table(out, "stsz", 2);
	put_empty_table(out, "stco", 1);
	if (track->codec == CMAF_OPUS)
		put_roll(out, totals);
	bmff_end(out, stbl);
}

static void put_minf(struct buf *out, const struct cmaf_track *track, const struct cmaf_totals *totals)
{
	size_t minf = bmff_begin(out, "minf");
	size_t smhd = bmff_begin_full(out, "smhd", 0, 0), dinf, dref, url;

	bmff_put_zeros(out, 4);
	bmff_end(out, smhd);
	dinf = bmff_begin(out, "dinf");
	dref = bmff_begin_full(out, "dref", 0, 0);
	buf_put_be32(out, 1);
	url = bmff_begin_full(out, "url ", 0, 1); /* the media is in this file */
	bmff_end(out, url);
	bmff_end(out, dref);
	bmff_end(out, dinf);
	put_stbl(out, track, totals);
	bmff_end(out, minf);
}

static void put_trak(struct buf *out, const struct cmaf_track *track, const struct cmaf_totals *totals)
{
	size_t trak = bmff_begin(out, "trak"), mdia;

	put_tkhd(out, totals->samples);
	put_edts(out, track->priming, totals->samples);
	mdia = bmff_begin(out, "mdia");
	put_mdhd(out, track);
	put_hdlr(out);
	put_minf(out, track, totals);
	bmff_end(out, mdia);
	bmff_end(out, trak);
}

static void put_mvex(struct buf *out, const struct cmaf_totals *totals)
{
	size_t mvex = bmff_begin(out, "mvex");
	size_t mehd = bmff_begin_full(out, "mehd", 1, 0), trex;

	buf_put_be64(out, totals->samples);
	bmff_end(out, mehd);
	trex = bmff_begin_full(out, "trex", 0, 0);
	buf_put_be32(out, TRACK_ID);
	buf_put_be32(out, 1); /* sample description */
	buf_put_be32(out, 0); /* duration and size: each fragment says */
	buf_put_be32(out, 0);
	buf_put_be32(out, 0x02000000); /* depends on no other sample, is a sync sample */
	bmff_end(out, trex);
	bmff_end(out, mvex);
}

void cmaf_init_put(struct buf *out, const struct cmaf_track *track, const struct cmaf_totals *totals)
{
	size_t moov;

	put_ftyp(out);
	moov = bmff_begin(out, "moov");
	put_mvhd(out, track, totals->samples);
	put_trak(out, track, totals);
	put_mvex(out, totals);
	cmaf_udta_put(out, &track->tags, &totals->gain);
	bmff_end(out, moov);
}

static bool config_fits(const struct cmaf_track *track)
{
	const unsigned char *config = track->config;

	switch (track->codec) {
	case CMAF_AAC:
		return track->config_size >= 2 && track->config_size <= 64;
	case CMAF_OPUS:
		if (track->config_size < OPUS_HEAD || track->config_size > CONFIG_MOST || config[1] != track->channels)
			return false;
		return config[10] == 0 ? track->config_size == OPUS_HEAD && track->channels <= 2
				       : track->config_size == OPUS_HEAD + 2 + (size_t)track->channels;
	case CMAF_FLAC:
		return track->config_size == FLAC_STREAMINFO;
	}
	return false;
}

enum err cmaf_init_check(const struct cmaf_track *track, struct err_info *info)
{
	if (track->timescale == 0 || track->timescale > CMAF_TIMESCALE_MOST || track->sample_rate == 0)
		return err_set(info, ERR_UNPROCESSABLE,
			"A track cannot have a sampling rate of %u and a timescale of %u.", track->sample_rate,
			track->timescale);
	if (track->channels == 0 || track->channels > 255)
		return err_set(info, ERR_UNPROCESSABLE, "A track cannot have %u channels.", track->channels);
	if (!config_fits(track))
		return err_set(info, ERR_UNPROCESSABLE, "The codec configuration of %zu bytes does not fit the track.",
			track->config_size);
	return ERR_OK;
}
