/* SPDX-License-Identifier: MIT */
#include "jobs/extras.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "media/jpeg.h"
#include "media/waveform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WAVEFORM_BYTES_MOST = WAVEFORM_HEADER + WAVEFORM_PIXELS_MOST * WAVEFORM_CHANNELS_MOST * 4,
	COVER_BYTES_MOST = 4 << 20
};

enum err extras_find(
	struct db *db, const char *track, bool covers, struct extras *out, struct err_info *info)
{
	struct extra present[EXTRA_ROLES];
	bool found[EXTRA_ROLES];
	enum err err = extra_list(db, track, present, found, info);

	out->count = 0;
	for (int role = 0; err == ERR_OK && role < EXTRA_ROLES; role++) {
		if (!found[role] && (covers || extra_cover_side((enum extra_role)role) == 0))
			out->outputs[out->count++] =
				(struct extras_output){.row.role = (enum extra_role)role, .fd = -1};
	}
	return err;
}

enum err extras_open(struct extras *extras, const char *folder, struct arena *arena, struct err_info *info)
{
	for (size_t i = 0; i < extras->count; i++) {
		struct extras_output *output = &extras->outputs[i];

		output->path = arena_printf(arena, "%s/%s", folder, extra_file(output->row.role));
		output->fd = open(output->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (output->fd < 0)
			return err_set_errno(info, ERR_IO, errno, "cannot make %s", output->path);
	}
	return ERR_OK;
}

json_t *extras_json(const struct extras *extras, int first)
{
	json_t *list = json_array();

	for (size_t i = 0; i < extras->count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:i}", "role", extra_role_name(extras->outputs[i].row.role), "fd",
				      first + (int)i));
	return list;
}

/* The whole file in ARENA. */
static enum err read_back(int fd, size_t size, struct arena *arena, void **out, struct err_info *info)
{
	char *bytes = arena_alloc(arena, size);
	size_t at = 0;

	while (at < size) {
		ssize_t got = pread(fd, bytes + at, size - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set_errno(info, ERR_IO, errno, "cannot read back what the worker made");
		if (got == 0)
			return err_set(info, ERR_UNPROCESSABLE, "the file shrinks");
		at += (size_t)got;
	}
	*out = bytes;
	return ERR_OK;
}

static enum err look_at_waveform(
	enum extra_role role, const void *bytes, size_t size, struct arena *arena, struct err_info *info)
{
	struct waveform_data waveform;
	enum err err = waveform_read(bytes, size, arena, &waveform, info);

	if (err == ERR_OK && (role == EXTRA_WAVEFORM) != (waveform.channels == 1))
		err = err_set(info, ERR_UNPROCESSABLE, "it has %u channels", waveform.channels);
	return err;
}

/* Whether the SIZE bytes of the file are what their role says. ERR_UNPROCESSABLE. */
static enum err look(const struct extras_output *output, int64_t size, struct err_info *info)
{
	int side = extra_cover_side(output->row.role);
	struct arena arena = {0};
	void *bytes = NULL;
	enum err err;

	if (size > (side > 0 ? COVER_BYTES_MOST : WAVEFORM_BYTES_MOST))
		return err_set(info, ERR_UNPROCESSABLE, "it is too long");
	err = read_back(output->fd, (size_t)size, &arena, &bytes, info);
	if (err == ERR_OK && side > 0)
		err = jpeg_check(bytes, (size_t)size, (uint32_t)side, info);
	else if (err == ERR_OK)
		err = look_at_waveform(output->row.role, bytes, (size_t)size, &arena, info);
	arena_free(&arena);
	return err;
}

static enum err make_durable(struct extras_output *output, struct err_info *info)
{
	unsigned char digest[HASH_SIZE];
	enum err err = ERR_OK;

	if (fchmod(output->fd, 0640) != 0 || fsync(output->fd) != 0)
		err = err_set_errno(info, ERR_IO, errno, "cannot finish %s", output->path);
	if (err == ERR_OK)
		err = hash_sha256_file(output->fd, digest, info);
	if (err == ERR_OK)
		hash_hex(digest, sizeof digest, output->row.etag);
	return err;
}

static void log_bad(const struct extras_output *output, const struct err_info *info)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, "what the worker made beside the sound is left out");
	log_text(&line, "role", extra_role_name(output->row.role));
	log_text(&line, "detail", info->detail);
	log_end(&line);
}

enum err extras_check(struct extras *extras, size_t index, const struct clock *clock, struct err_info *info)
{
	struct extras_output *output = &extras->outputs[index];
	struct stat status;
	enum err err;

	if (fstat(output->fd, &status) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot look at %s", output->path);
	if (status.st_size == 0)
		return ERR_OK;
	err = look(output, status.st_size, info);
	if (err == ERR_UNPROCESSABLE) {
		log_bad(output, info);
		return err_clear(info);
	}
	if (err == ERR_OK)
		err = make_durable(output, info);
	output->row.file_size = status.st_size;
	output->row.modified = clock_seconds(clock);
	output->good = err == ERR_OK;
	return err;
}

enum err extras_commit(
	const struct extras *extras, struct db *db, const char *track, const char *folder, struct err_info *info)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < extras->count; i++) {
		const struct extras_output *output = &extras->outputs[i];
		char to[PATH_MAX];

		if (!output->good)
			continue;
		snprintf(to, sizeof to, "%s/%s", folder, extra_file(output->row.role));
		err = fs_rename(output->path, to, info);
		if (err == ERR_OK)
			err = extra_put(db, track, &output->row, info);
	}
	return err;
}

void extras_close(struct extras *extras)
{
	for (size_t i = 0; i < extras->count; i++) {
		if (extras->outputs[i].fd >= 0)
			close(extras->outputs[i].fd);
		extras->outputs[i].fd = -1;
	}
}
