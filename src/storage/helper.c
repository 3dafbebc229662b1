/* SPDX-License-Identifier: MIT */
#include "storage/helper.h"

#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* -c CONF TRACK NAME MODIFIED FIRST LENGTH, and NULL. */
enum { WORDS_MOST = 9 };

/* Starts it and waits for the process that goes at once; the one that works has *FD for its output. */
static enum err start(char *const *words, int *fd, struct err_info *info)
{
	int ends[2];
	pid_t child;
	enum err err;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "no pipe is to be had");
	err = child_start(words, ends[1], &child, info);
	close(ends[1]);
	if (err != ERR_OK) {
		close(ends[0]);
		return err;
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	*fd = ends[0];
	return ERR_OK;
}

/* What went wrong there is in its log; here it is of use only what a listener can do about it. */
static enum err judge(unsigned char told, struct err_info *info)
{
	if (told == ERR_OK)
		return ERR_OK;
	if (told == ERR_NO_SPACE)
		return err_set(info, ERR_NO_SPACE, "the cache has no room for the file");
	if (told == ERR_NOT_FOUND)
		return err_set(info, ERR_NOT_FOUND, "the object store does not have the file");
	return err_set(info, ERR_BUSY, "the object store does not give the file now");
}

/* Waits for the byte by which it says how it begins. */
static enum err begin(int fd, struct err_info *info)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	unsigned char told;
	int ready;

	do
		ready = poll(&wait, 1, HELPER_BEGIN_MS);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return err_set(info, ERR_TIMEOUT, "the object store does not answer in time");
	if (ready < 0 || read(fd, &told, 1) != 1)
		return err_set(info, ERR_INTERNAL, "tonearm-fetch has ended without a word");
	return judge(told, info);
}

static enum err run(const struct conf *conf, const struct cache_file *file, int64_t modified, const char *first,
	const char *length, struct arena *arena, int *fd, struct err_info *info)
{
	const char *folder = getenv("TONEARM_LIBEXEC");
	const char *words[WORDS_MOST] = {
		arena_printf(arena, "%s/tonearm-fetch", folder != NULL && folder[0] != '\0' ? folder : PKGLIBEXECDIR),
		"-c", conf->path, file->track, file->file, arena_printf(arena, "%" PRId64, modified), first, length};
	enum err err = start((char *const *)(uintptr_t)words, fd, info);

	if (err == ERR_OK && (err = begin(*fd, info)) != ERR_OK)
		close(*fd);
	return err;
}

enum err helper_fetch(const struct conf *conf, const struct cache_file *file, int64_t modified, struct err_info *info)
{
	struct arena arena = {0};
	int fd;
	enum err err = run(conf, file, modified, NULL, NULL, &arena, &fd, info);

	if (err == ERR_OK)
		close(fd);
	arena_free(&arena);
	return err;
}

enum err helper_read(const struct conf *conf, const struct cache_file *file, uint64_t first, uint64_t length, int *fd,
	struct err_info *info)
{
	struct arena arena = {0};
	enum err err = run(conf, file, 0, arena_printf(&arena, "%" PRIu64, first),
		arena_printf(&arena, "%" PRIu64, length), &arena, fd, info);

	arena_free(&arena);
	return err;
}
