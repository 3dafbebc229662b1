/* SPDX-License-Identifier: MIT */
#include "jobs/grow.h"

#include "base/log.h"
#include "base/text.h"
#include "conf/profile.h"
#include "package/cmaf_index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Playlists are fetched once a segment: more often than this nobody looks. */
#define WRITE_US 1000000

/* Of a lossless rendition the peak is that of its samples uncoded; others have a bit reservoir and boxes. */
enum { LOSSLESS_BITS = 24, PEAK_PERCENT = 125 };

static enum err breach(struct err_info *info, const char *what)
{
	return err_set(info, ERR_UNPROCESSABLE, "the worker broke the protocol: %s", what);
}

/* By the rate and channels of the file: what is wanted may be those of the source, whatever they are. */
static uint32_t likely_peak(const struct conf_rendition *wanted, const struct rendition *row)
{
	int64_t rate = wanted->bit_rate > 0 ? wanted->bit_rate * PEAK_PERCENT / 100
					    : (int64_t)row->sample_rate * row->channels * LOSSLESS_BITS;

	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

/* The file, "job-<id>.<random>/0.mp4", below the spool. */
static const char *work_name(const char *path)
{
	const char *name = strrchr(path, '/');

	while (name > path && name[-1] != '/')
		name--;
	return name;
}

/* The first segments: the rest of the row, from the init section. */
static enum err begin(struct rendition *row, const struct publish *publish, const struct publish_output *output,
	struct err_info *info)
{
	const struct conf_rendition *wanted = output->wanted;
	double estimate = (double)publish->source.duration_ms / 1000;
	enum err err;

	if (!text_is_word(wanted->quality, CONF_QUALITY_MOST) || !profile_is_segmented(wanted->container))
		return breach(info, "segments of a rendition that has none");
	err = cmaf_index_begin(output->fd, publish->arena, row, info);
	if (err != ERR_OK)
		return err;
	/* The responders may run as another user of the group. */
	if (fchmod(output->fd, 0640) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot show %s", output->path);
	snprintf(row->track, sizeof row->track, "%s", publish->track);
	snprintf(row->container, sizeof row->container, "%s", wanted->container);
	snprintf(row->file, sizeof row->file, "%s.%s", wanted->quality,
		profile_find(wanted->codec, wanted->container)->extension);
	snprintf(row->etag, sizeof row->etag, "%.35s", work_name(output->path) + strlen("job-"));
	row->bit_rate = (uint32_t)wanted->bit_rate;
	row->peak_bandwidth = likely_peak(wanted, row);
	row->average_bandwidth = row->bit_rate > 0 ? row->bit_rate : row->peak_bandwidth;
	row->samples = (uint64_t)(estimate * row->timescale);
	row->index_offset = row->init_size;
	row->file_size = row->init_size;
	row->work = work_name(output->path);
	snprintf(row->quality, sizeof row->quality, "%s", wanted->quality);
	return ERR_OK;
}

static enum err append(
	struct grow_rendition *rendition, const struct segment *segment, int fd, struct err_info *info)
{
	struct rendition *row = &rendition->row;
	struct segment_table *table = &row->segments;
	enum err err;

	if (table->count > 0 ? segment->offset != row->file_size : segment->offset < row->init_size)
		return breach(info, "a segment that does not follow the one before");
	if (table->count == SEGMENT_TABLE_MOST)
		return breach(info, "too many segments");
	err = cmaf_index_segment(fd, segment, info);
	if (err != ERR_OK)
		return err;
	if (table->count == rendition->room) {
		rendition->room = rendition->room == 0 ? 64 : 2 * rendition->room;
		table->segments = reallocarray(table->segments, rendition->room, sizeof *table->segments);
		if (table->segments == NULL)
			abort();
	}
	table->segments[table->count++] = *segment;
	row->file_size = segment->offset + segment->size;
	return ERR_OK;
}

enum err grow_take(struct grow *grow, const struct publish *publish, const struct report_segments *segments,
	struct err_info *info)
{
	const struct publish_output *output;
	struct grow_rendition *rendition;
	enum err err = ERR_OK;

	if (segments->rendition >= publish->count || publish->source.sample_rate == 0)
		return breach(info, "segments of a rendition that nobody asked for");
	rendition = &grow->renditions[segments->rendition];
	output = &publish->outputs[segments->rendition];
	if (rendition->row.segments.count == 0)
		err = begin(&rendition->row, publish, output, info);
	for (size_t i = 0; err == ERR_OK && i < segments->count; i++)
		err = append(rendition, &segments->segments[i], output->fd, info);
	return err;
}

/* Whether the table is to hear of it: of the first segments at once. */
static bool is_due(const struct grow *grow, const struct publish *publish)
{
	bool first = true, more = false;

	for (size_t i = 0; i < publish->count; i++) {
		const struct grow_rendition *rendition = &grow->renditions[i];

		if (!profile_is_segmented(publish->outputs[i].wanted->container))
			continue;
		if (rendition->row.segments.count == 0)
			return false;
		first = first && rendition->shown == 0 && !rendition->hidden;
		more = more || (rendition->shown < rendition->row.segments.count && !rendition->hidden);
	}
	return first || (more && clock_monotonic_us() - grow->written_us >= WRITE_US);
}

static enum err write_row(struct grow_rendition *rendition, const struct publish *publish, struct err_info *info)
{
	enum err err;

	if (rendition->hidden || rendition->shown == rendition->row.segments.count)
		return ERR_OK;
	rendition->row.modified = clock_seconds(publish->clock);
	err = rendition_grow(publish->db, publish->job, publish->owner, &rendition->row, info);
	rendition->hidden = err == ERR_CONFLICT;
	return err == ERR_CONFLICT ? err_clear(info) : err;
}

void grow_write(struct grow *grow, const struct publish *publish)
{
	struct err_info info = {0};
	enum err err;

	if (!is_due(grow, publish))
		return;
	grow->written_us = clock_monotonic_us();
	err = db_begin(publish->db, &info);
	for (size_t i = 0; err == ERR_OK && i < publish->count; i++)
		err = write_row(&grow->renditions[i], publish, &info);
	if (err == ERR_OK)
		err = db_commit(publish->db, &info);
	if (err != ERR_OK) {
		db_rollback(publish->db);
		log_failure(LOG_WARNING, "what can be heard already could not be shown", &info);
		return;
	}
	for (size_t i = 0; i < publish->count; i++)
		grow->renditions[i].shown = grow->renditions[i].row.segments.count;
}

void grow_free(struct grow *grow)
{
	for (size_t i = 0; i < WORKER_RENDITIONS_MOST; i++)
		free(grow->renditions[i].row.segments.segments);
}
