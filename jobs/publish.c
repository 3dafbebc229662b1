/* SPDX-License-Identifier: MIT */
#include "jobs/publish.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/profile.h"
#include "jobs/native.h"
#include "model/job.h"
#include "model/job_history.h"
#include "package/cmaf_index.h"
#include "storage/purge_order.h"
#include "storage/sync.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void publish_note(const struct publish *publish, const char *detail)
{
	struct err_info info = {0};

	if (job_note(publish->db, publish->job, publish->owner, detail, clock_ms(publish->clock), &info) != ERR_OK)
		log_failure(LOG_WARNING, "a note of the job could not be written", &info);
}

void publish_notice(const struct publish *publish, const char *detail)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, "the worker has a notice");
	log_text(&line, "detail", detail);
	log_end(&line);
	publish_note(publish, detail);
}

static enum err compare(const struct publish *publish, const struct publish_output *output, struct err_info *info)
{
	const struct conf_rendition *wanted = output->wanted;
	const struct rendition *row = &output->row;
	int64_t rate = wanted->sample_rate != 0 ? wanted->sample_rate : publish->source.sample_rate;
	int64_t channels = wanted->channels != 0 ? wanted->channels : 2;
	double expected, apart;

	if (strcmp(row->codec, wanted->codec) != 0 || row->sample_rate != rate || row->channels < 1 ||
		row->channels > channels)
		return err_set(info, ERR_UNPROCESSABLE,
			"the worker made %s as %.15s, %" PRIu32 " Hz, %" PRIu32 " channels, which nobody asked for",
			wanted->quality, row->codec, row->sample_rate, row->channels);
	/*
	 * A millisecond is more than a resampler rounds, and less than anything a worker that gave up early would leave
	 * out.
	 */
	expected = (double)publish->samples * (double)row->sample_rate / (double)publish->source.sample_rate;
	apart = (double)row->samples - expected;
	if (apart > row->sample_rate / 1000.0 || apart < row->sample_rate / -1000.0)
		return err_set(info, ERR_UNPROCESSABLE, "%s holds %" PRIu64 " samples where the source has %.0f",
			wanted->quality, row->samples, expected);
	return ERR_OK;
}

static enum err read_back(const struct publish *publish, struct publish_output *output, struct err_info *info)
{
	const struct conf_rendition *wanted = output->wanted;
	enum err err;

	if (!profile_is_segmented(wanted->container))
		return native_read(output->fd, wanted, &publish->source, publish->samples, &output->row, info);
	err = cmaf_index_read(output->fd, publish->arena, &output->row, info);
	return err == ERR_OK ? compare(publish, output, info) : err;
}

enum err publish_fits(const struct publish *publish, struct err_info *info)
{
	int64_t bytes = 0;
	struct stat status;

	for (size_t i = 0; i < publish->count; i++)
		bytes += fstat(publish->outputs[i].fd, &status) == 0 ? status.st_size : 0;
	if (publish->room == 0 || bytes <= publish->room)
		return ERR_OK;
	if (publish->room < publish->conf->job_output_size)
		return err_set(info, ERR_NO_SPACE, "the disk has no room for all renditions of the sound");
	return err_set(info, ERR_TOO_LARGE,
		"the renditions come to more than jobs.output_size: upload the sound in parts, or ask for fewer of "
		"them");
}

static enum err watch_stop(void *context, size_t bytes, struct err_info *info)
{
	const atomic_bool *stop = context;

	(void)bytes;
	return stop != NULL && atomic_load(stop) ? err_set(info, ERR_ABORTED, "the work was stopped") : ERR_OK;
}

enum err publish_check(const struct publish *publish, size_t index, struct err_info *info)
{
	struct publish_output *output = &publish->outputs[index];
	struct rendition *row = &output->row;
	/* Where the web server makes its own ETag of the file's time, it is the same after the file was fetched back. */
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	unsigned char digest[HASH_SIZE];
	enum err err;

	memset(row, 0, sizeof *row);
	/* The job table is not ours alone. */
	if (!text_is_word(output->wanted->quality, CONF_QUALITY_MOST))
		return err_set(info, ERR_UNPROCESSABLE, "a quality is named with a-z, 0-9 and -, at most %d of them",
			(int)CONF_QUALITY_MOST);
	err = read_back(publish, output, info);
	row->modified = clock_seconds(publish->clock);
	times[1].tv_sec = row->modified;
	if (err == ERR_OK &&
		(fchmod(output->fd, 0640) != 0 || futimens(output->fd, times) != 0 || fsync(output->fd) != 0))
		err = err_set_errno(info, ERR_IO, errno, "cannot finish %s", output->path);
	if (err == ERR_OK)
		err = hash_sha256_watched(output->fd, watch_stop, (void *)(uintptr_t)publish->stop, digest, info);
	if (err != ERR_OK)
		return err;
	hash_hex(digest, sizeof digest, row->etag);
	snprintf(row->track, sizeof row->track, "%s", publish->track);
	snprintf(row->quality, sizeof row->quality, "%s", output->wanted->quality);
	snprintf(row->file, sizeof row->file, "%s.%s", output->wanted->quality,
		profile_find(output->wanted->codec, output->wanted->container)->extension);
	row->bit_rate = (uint32_t)output->wanted->bit_rate;
	if (output->passed && row->bit_rate > 0)
		row->bit_rate = row->average_bandwidth;
	return ERR_OK;
}

enum err publish_seal(void *context, const atomic_bool *stop, struct err_info *info)
{
	struct publish *publish = context;
	enum err err = publish_fits(publish, info);

	publish->stop = stop;
	for (size_t i = 0; err == ERR_OK && i < publish->count; i++)
		err = publish_check(publish, i, info);
	for (size_t i = 0; err == ERR_OK && i < publish->extras.count; i++)
		err = extras_check(&publish->extras, i, publish->clock, info);
	return err;
}

/* Whether A and B cut at the same instants, to one frame. */
static enum err compare_cuts(const struct rendition *a, const struct rendition *b, struct err_info *info)
{
	uint32_t samples = profile_find(a->codec, a->container)->frame_samples;
	double frame = (double)samples / (a->timescale < b->timescale ? a->timescale : b->timescale);
	double at_a = -(double)a->priming / a->timescale, at_b = -(double)b->priming / b->timescale;
	size_t i;

	for (i = 0; i < a->segments.count && i < b->segments.count; i++) {
		if (i > 0 && (at_a - at_b > frame || at_b - at_a > frame))
			break;
		at_a += (double)a->segments.segments[i].duration / a->timescale;
		at_b += (double)b->segments.segments[i].duration / b->timescale;
	}
	if (i < a->segments.count || i < b->segments.count)
		return err_set(info, ERR_UNPROCESSABLE, "segment %zu of %s does not begin where that of %s does", i + 1,
			b->quality, a->quality);
	return ERR_OK;
}

static bool same_format(const struct rendition *a, const struct rendition *b)
{
	return strcmp(a->codec, b->codec) == 0 && strcmp(a->container, b->container) == 0;
}

/* Against one rendition of the same format that the track has already, if there is one. */
static enum err compare_published(const struct publish *publish, const struct rendition *row,
	const struct rendition *published, size_t count, struct err_info *info)
{
	struct rendition_view view;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		if (!same_format(&published[i], row))
			continue;
		err = rendition_get(publish->db, publish->track, published[i].quality, publish->arena, &view, info);
		return err == ERR_OK ? compare_cuts(&view.rendition, row, info) : err;
	}
	return ERR_OK;
}

enum err publish_align(const struct publish *publish, struct err_info *info)
{
	struct rendition *published;
	struct track track;
	size_t count;
	enum err err = rendition_list(publish->db, publish->track, publish->arena, &track, &published, &count, info);

	for (size_t i = 0; err == ERR_OK && i < publish->count; i++) {
		const struct rendition *row = &publish->outputs[i].row;
		size_t first = 0;

		if (!profile_is_segmented(row->container))
			continue;
		while (!same_format(&publish->outputs[first].row, row))
			first++;
		if (first < i)
			err = compare_cuts(&publish->outputs[first].row, row, info);
		else
			err = compare_published(publish, row, published, count, info);
	}
	return err;
}

static enum err move_all(const struct publish *publish, struct err_info *info)
{
	const char *folder = conf_data_path(publish->conf, publish->arena, "media/%s", publish->track);
	enum err err = fs_make_dirs(folder, 0750, info);

	for (size_t i = 0; err == ERR_OK && i < publish->count; i++) {
		struct publish_output *output = &publish->outputs[i];

		err = fs_rename(output->path, arena_printf(publish->arena, "%s/%s", folder, output->row.file), info);
		if (err == ERR_OK)
			err = rendition_put(publish->db, &output->row, info);
	}
	return err == ERR_OK ? extras_commit(&publish->extras, publish->db, publish->track, folder, info) : err;
}

/* The row stops naming its source; *NAME is the file to remove then, else NULL. */
static enum err forget_source(
	const struct publish *publish, const struct track *track, const char **name, struct err_info *info)
{
	struct db_stmt *stmt;
	enum err err;

	*name = NULL;
	if (!publish->drop_source || track->source_file == NULL)
		return ERR_OK;
	stmt = db_stmt(publish->db, SQL_TRACK_DROP_SOURCE);
	db_bind_text(stmt, ":id", publish->track);
	db_bind_text(stmt, ":job", publish->job);
	err = db_run(stmt, info);
	if (err == ERR_OK && db_changes(publish->db) > 0)
		*name = track->source_file;
	return err;
}

/* Only when the commit is surely on the disk: a job that the power brought back would find nothing to work from. */
static void remove_source(const struct publish *publish, const char *name)
{
	const char *path = conf_data_path(publish->conf, publish->arena, "source/%s", name);
	struct db_stmt *stmt = db_stmt(publish->db, SQL_DB_CHECKPOINT);
	struct err_info info = {0};

	db_step(stmt, &info);
	db_reset(stmt);
	if (strchr(name, '/') == NULL && unlink(path) != 0 && errno != ENOENT) {
		err_set_errno(&info, ERR_IO, errno, "cannot remove %s", path);
		log_failure(LOG_WARNING, "a source is left behind", &info);
	}
}

enum err publish_commit(const struct publish *publish, struct err_info *info)
{
	int64_t now = clock_ms(publish->clock);
	const char *source = NULL;
	struct track track;
	enum err err = db_begin(publish->db, info);

	if (err != ERR_OK)
		return err;
	err = track_get(publish->db, publish->track, publish->arena, &track, info);
	if (err == ERR_OK)
		err = job_finish(publish->db, publish->job, publish->owner, now, info);
	if (err == ERR_OK)
		err = move_all(publish, info);
	if (err == ERR_OK && publish->source.sample_rate != 0) /* a worker has looked at it */
		err = track_set_source(publish->db, &publish->source, info);
	if (err == ERR_OK)
		err = sound_job_commit(&publish->sound, publish->db, publish->track, info);
	if (err == ERR_OK)
		err = track_set_state(publish->db, publish->track, TRACK_READY, NULL, now, info);
	if (err == ERR_OK)
		err = forget_source(publish, &track, &source, info);
	if (err == ERR_OK)
		err = sync_order(publish->conf, publish->db, publish->clock, publish->track, publish->arena, info);
	if (err == ERR_OK && track.state == TRACK_READY) /* what caches may have */
		err = purge_order(publish->conf, publish->db, publish->clock, publish->track, publish->arena, info);
	if (err == ERR_OK)
		err = db_commit(publish->db, info);
	if (err != ERR_OK)
		db_rollback(publish->db);
	else if (source != NULL)
		remove_source(publish, source);
	/* Files were moved: this cannot be done again as it was. */
	return err == ERR_BUSY ? err_set(info, ERR_IO, "the database was locked while files were published") : err;
}
