/* SPDX-License-Identifier: MIT */
#include "manifest/dash.h"

#include <inttypes.h>
#include <string.h>

/*
 * Length of the character at TEXT that XML 1.0 cannot hold (section 2.2, and DEL), or 0. Surrogates are no clean UTF-8.
 */
static size_t unspeakable(const char *text)
{
	unsigned char c = (unsigned char)text[0];

	if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
		return 1;
	if (strncmp(text, "\xef\xbf", 2) == 0 && ((unsigned char)text[2] == 0xbe || (unsigned char)text[2] == 0xbf))
		return 3; /* U+FFFE, U+FFFF */
	return 0;
}

static void put_text(struct buf *out, const char *text)
{
	while (*text != '\0') {
		size_t skipped = unspeakable(text);

		if (skipped > 0) {
			text += skipped;
			continue;
		}
		buf_put_xml(out, *text++);
	}
}

/* Rounded up: a player ends its append window there, and must not lose the last sample. */
static uint64_t microseconds(const struct rendition *rendition)
{
	uint64_t seconds = rendition->samples / rendition->timescale, rest = rendition->samples % rendition->timescale;

	return seconds * 1000000 + (rest * 1000000 + rendition->timescale - 1) / rendition->timescale;
}

static uint64_t longest(const struct rendition *renditions, size_t count)
{
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t length = microseconds(&renditions[i]);

		if (length > most)
			most = length;
	}
	return most;
}

/* ChannelConfiguration of ISO/IEC 23091-3 for the usual layout of so many channels; 0 when there is none. */
static unsigned channel_configuration(uint32_t channels)
{
	static const unsigned char usual[] = {0, 1, 2, 3, 4, 5, 6, 11, 12};

	return channels < sizeof usual ? usual[channels] : 0;
}

/*
 * presentationTimeOffset is 0 although the media begins with priming. The edit list maps the media's time `priming` to
 * presentation time 0, and DASH counts in presentation times: the sidx says earliest_presentation_time 0. dash.js and
 * Shaka set the SourceBuffer's timestampOffset to Period@start - presentationTimeOffset; the browser's parser applies
 * the edit list by itself, which puts the priming before 0, where the append window cuts it off. An offset of `priming`
 * would move the sound twice.
 */
static void put_representation(
	struct buf *out, const struct rendition *rendition, const char *query, const char *elsewhere)
{
	unsigned layout = channel_configuration(rendition->channels);

	buf_printf(out,
		"      <Representation id=\"%s\" bandwidth=\"%" PRIu32 "\" codecs=\"%s\" audioSamplingRate=\"%" PRIu32
		"\">\n",
		rendition->quality, rendition->peak_bandwidth, rendition->codecs, rendition->sample_rate);
	if (layout > 0)
		buf_printf(out,
			"        <AudioChannelConfiguration schemeIdUri=\"urn:mpeg:mpegB:cicp:ChannelConfiguration\" "
			"value=\"%u\"/>\n",
			layout);
	buf_puts(out, "        <BaseURL>");
	if (elsewhere != NULL)
		put_text(out, elsewhere);
	else
		buf_printf(out, "../../media/%s/%s", rendition->track, rendition->file);
	if (elsewhere == NULL && query[0] != '\0') {
		buf_putc(out, '?');
		put_text(out, query);
	}
	buf_puts(out, "</BaseURL>\n");
	buf_printf(out,
		"        <SegmentBase timescale=\"%" PRIu32 "\" presentationTimeOffset=\"0\" indexRange=\"%" PRIu64
		"-%" PRIu64 "\" indexRangeExact=\"true\">\n",
		rendition->timescale, rendition->index_offset, rendition->index_offset + rendition->index_size - 1);
	buf_printf(out, "          <Initialization range=\"0-%" PRIu64 "\"/>\n", rendition->init_size - 1);
	buf_puts(out, "        </SegmentBase>\n      </Representation>\n");
}

static bool same_codec(const struct rendition *a, const struct rendition *b)
{
	return strcmp(a->codec, b->codec) == 0;
}

static bool codec_seen(const struct rendition *renditions, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (same_codec(&renditions[i], &renditions[index]))
			return true;
	}
	return false;
}

/*
 * Segment borders fall at the same instants where each sampling rate is a multiple of the lowest
 * (media/segment_plan.h); between others they lie up to a frame apart.
 */
static bool aligned(const struct rendition *renditions, size_t count, const struct rendition *of)
{
	uint32_t lowest = of->sample_rate;

	for (size_t i = 0; i < count; i++) {
		if (same_codec(&renditions[i], of) && renditions[i].sample_rate < lowest)
			lowest = renditions[i].sample_rate;
	}
	for (size_t i = 0; i < count; i++) {
		if (same_codec(&renditions[i], of) && renditions[i].sample_rate % lowest != 0)
			return false;
	}
	return true;
}

static void put_set(struct buf *out, const struct rendition *renditions, size_t count, size_t first,
	const struct dash_options *options)
{
	const char *alignment = aligned(renditions, count, &renditions[first]) ? "true" : "false";

	buf_printf(out,
		"    <AdaptationSet contentType=\"audio\" mimeType=\"audio/mp4\" segmentAlignment=\"%s\" "
		"subsegmentAlignment=\"%s\""
		" subsegmentStartsWithSAP=\"1\">\n",
		alignment, alignment);
	for (size_t i = first; i < count; i++) {
		if (same_codec(&renditions[i], &renditions[first]))
			put_representation(out, &renditions[i], options->query,
				options->files != NULL ? options->files[i] : NULL);
	}
	buf_puts(out, "    </AdaptationSet>\n");
}

void dash_mpd(struct buf *out, const struct track *track, const struct rendition *renditions, size_t count,
	const struct dash_options *options)
{
	uint64_t length = longest(renditions, count);

	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
		      "type=\"static\""
		      " profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011,urn:mpeg:dash:profile:cmaf:2019\" "
		      "minBufferTime=\"PT2S\"");
	buf_printf(out, " mediaPresentationDuration=\"PT%" PRIu64 ".%06" PRIu64 "S\">\n", length / 1000000,
		length % 1000000);
	if (track->title != NULL) {
		buf_puts(out, "  <ProgramInformation>\n    <Title>");
		put_text(out, track->title);
		buf_puts(out, "</Title>\n  </ProgramInformation>\n");
	}
	buf_puts(out, "  <Period id=\"0\" start=\"PT0S\">\n");
	for (size_t i = 0; i < count; i++) {
		if (!codec_seen(renditions, i))
			put_set(out, renditions, count, i, options);
	}
	buf_puts(out, "  </Period>\n</MPD>\n");
}
