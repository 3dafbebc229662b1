/* SPDX-License-Identifier: MIT */
/*
 * A data folder for tests of the responders, without FFmpeg: a configuration, a database and tracks in each state,
 * with renditions of a few segments that the CMAF writer wrote around frames of silence.
 *
 *     media_fixture DIR < CONF     CONF becomes DIR/tonearm.conf
 *
 * Prints one JSON object: the id of each track by its name.
 */
#include "base/fs.h"
#include "base/hash.h"
#include "conf/conf.h"
#include "model/job.h"
#include "model/rendition.h"
#include "package/cmaf.h"
#include "package/cmaf_index.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENTS = 6, FRAMES = 8, FRAME_SAMPLES = 1024, PRIMING = 1024, CONF_MOST = 65536 };

static const unsigned char config[] = {0x12, 0x10}; /* AudioSpecificConfig: AAC-LC, 44.1 kHz, stereo */

struct fixture {
	struct arena arena;
	struct conf *conf;
	struct db *db;
	json_t *out;
};

static void must(enum err err, const struct err_info *info)
{
	if (err == ERR_OK)
		return;
	fprintf(stderr, "media_fixture: %s\n", info->detail);
	exit(1);
}

static enum err put(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info)
{
	if (pwrite(*(int *)context, bytes, length, (off_t)offset) != (ssize_t)length)
		return err_set(info, ERR_IO, "cannot write a rendition");
	return ERR_OK;
}

/* Frames of SIZE bytes each: only their number and length matter here. */
static void write_file(int fd, uint32_t bit_rate, size_t size)
{
	const struct cmaf_track track = {
		CMAF_AAC, 44100, 44100, 2, bit_rate, PRIMING, config, sizeof config, SEGMENTS, {0}};
	const struct cmaf_output output = {put, &fd};
	unsigned char *frame = calloc(1, size);
	struct cmaf_writer *writer;
	struct err_info info;

	must(cmaf_open(&track, &output, &writer, &info), &info);
	for (int segment = 0; segment < SEGMENTS; segment++) {
		for (int i = 0; i < FRAMES; i++) {
			frame[0] = (unsigned char)(segment * FRAMES + i);
			must(cmaf_sample(writer, frame, size, FRAME_SAMPLES, &info), &info);
		}
		must(cmaf_cut(writer, &info), &info);
	}
	must(cmaf_finish(writer, SEGMENTS * FRAMES * FRAME_SAMPLES - PRIMING - 100, &info), &info);
	cmaf_free(writer);
	free(frame);
}

static void add_rendition(struct fixture *fixture, const char *track, const char *quality, uint32_t bit_rate)
{
	struct rendition rendition = {.bit_rate = bit_rate};
	unsigned char hash[HASH_SIZE];
	struct err_info info;
	const char *path;
	int fd;

	snprintf(rendition.track, sizeof rendition.track, "%s", track);
	snprintf(rendition.quality, sizeof rendition.quality, "%s", quality);
	snprintf(rendition.file, sizeof rendition.file, "%s.mp4", quality);
	must(fs_make_dirs(conf_data_path(fixture->conf, &fixture->arena, "media/%s", track), 0750, &info), &info);
	path = conf_data_path(fixture->conf, &fixture->arena, "media/%s/%s", track, rendition.file);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		must(err_set(&info, ERR_IO, "cannot make %s", path), &info);
	write_file(fd, bit_rate, bit_rate / 400);
	must(cmaf_index_read(fd, &fixture->arena, &rendition, &info), &info);
	must(hash_sha256_file(fd, hash, &info), &info);
	hash_hex(hash, sizeof hash, rendition.etag);
	rendition.modified = 1700000000;
	must(rendition_put(fixture->db, &rendition, &info), &info);
	close(fd);
}

static void add_track(
	struct fixture *fixture, const char *name, enum track_visibility visibility, enum track_state state)
{
	struct track track = {
		.visibility = visibility,
		.state = state,
		.owner = "alice",
		.title = name,
		.artist = "The \"Fixtures\" & <Friends>",
		.duration_ms = 1000 * (SEGMENTS * FRAMES * FRAME_SAMPLES - PRIMING - 100) / 44100,
		.failure = state == TRACK_FAILED ? "the file is noise" : NULL,
		.created_ms = clock_ms(NULL),
		.updated_ms = clock_ms(NULL),
	};
	struct err_info info;

	id_new(NULL, track.id);
	must(track_insert(fixture->db, &track, &info), &info);
	if (state == TRACK_READY) {
		add_rendition(fixture, track.id, "high", 320000);
		add_rendition(fixture, track.id, "aac-64", 64000);
	}
	json_object_set_new(fixture->out, name, json_string(track.id));
}

static const char *write_conf(struct fixture *fixture, const char *dir)
{
	const char *path = arena_printf(&fixture->arena, "%s/tonearm.conf", dir);
	char *more = arena_alloc(&fixture->arena, CONF_MOST);
	size_t length = fread(more, 1, CONF_MOST - 1, stdin);
	struct err_info info;
	struct buf text;

	buf_init(&text, (size_t)2 * CONF_MOST);
	buf_put(&text, more, length);
	must(fs_write_file(path, text.data, text.length, 0600, &info), &info);
	buf_free(&text);
	return path;
}

int main(int argc, char **argv)
{
	struct fixture fixture = {.out = json_object()};
	struct db_options options;
	struct err_info info;

	if (argc != 2)
		return 2;
	must(conf_read(write_conf(&fixture, argv[1]), &fixture.conf, &info), &info);
	must(fs_make_dirs(fixture.conf->data_dir, 0750, &info), &info);
	options = (struct db_options){conf_data_path(fixture.conf, &fixture.arena, "tonearm.db"),
		fixture.conf->journal_mode, (int)fixture.conf->db_busy_ms};
	must(db_open(&options, 1, &fixture.db, &info), &info);
	must(db_migrate(fixture.db, &info), &info);
	add_track(&fixture, "public", TRACK_PUBLIC, TRACK_READY);
	add_track(&fixture, "private", TRACK_PRIVATE, TRACK_READY);
	add_track(&fixture, "pending", TRACK_PUBLIC, TRACK_PENDING);
	add_track(&fixture, "pending_private", TRACK_PRIVATE, TRACK_PENDING);
	add_track(&fixture, "failed", TRACK_PUBLIC, TRACK_FAILED);
	must(job_runner_seen(fixture.db, "fixture", clock_ms(NULL), &info), &info);
	json_dumpf(fixture.out, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(fixture.out);
	db_close(fixture.db);
	conf_free(fixture.conf);
	arena_free(&fixture.arena);
	return 0;
}
