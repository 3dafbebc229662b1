/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "base/hash.h"
#include "base/id.h"
#include "fixture.h"
#include "storage/cache.h"
#include "told_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 1000, ROOM = 3 * SIZE, FILES = 8, FETCHERS = 6, MODIFIED = 1700000000 };

static int64_t now_ms;

static const struct clock told_clock = {told_ms, &now_ms};

struct place {
	struct fixture *fixture;
	struct conf conf;
	struct cache cache;
	char tracks[FILES][ID_SIZE];
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	assert_non_null(place);
	fixture_dir(state);
	place->fixture = *state;
	place->conf = (struct conf){.data_dir = place->fixture->dir, .cache_size = ROOM};
	now_ms = clock_ms(NULL);
	cache_init(&place->cache, &place->conf, &told_clock, &place->fixture->arena);
	for (int i = 0; i < FILES; i++)
		id_new(NULL, place->tracks[i]);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	*state = place->fixture;
	free(place);
	return fixture_remove(state);
}

static struct cache_file file_of(const struct place *place, int i)
{
	return (struct cache_file){place->tracks[i], "high.mp4", SIZE};
}

static const char *media_of(struct place *place, int i)
{
	return arena_printf(&place->fixture->arena, "%s/media/%s/high.mp4", place->fixture->dir, place->tracks[i]);
}

static bool is_there(struct place *place, int i)
{
	return access(media_of(place, i), F_OK) == 0;
}

/* The bytes of file I, and their checksum. */
static const char *bytes_of(int i, char bytes[static SIZE])
{
	static _Thread_local char etag[HASH_HEX_SIZE];
	unsigned char hash[HASH_SIZE];

	memset(bytes, 'a' + i, SIZE);
	hash_sha256(bytes, SIZE, hash);
	hash_hex(hash, sizeof hash, etag);
	return etag;
}

static void claim(struct place *place, int i, enum cache_turn wanted, int *fd)
{
	struct cache_file file = file_of(place, i);
	struct err_info info = {0};
	struct cache_room room;
	enum cache_turn turn;

	if (cache_claim(&place->cache, &file, &turn, fd, &room, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	assert_int_equal(turn, wanted);
	assert_true(room.total <= ROOM);
	assert_int_equal(*fd >= 0, wanted == CACHE_MINE);
}

/* Fetches file I, a while after the one before. */
static void fetch(struct place *place, int i)
{
	struct cache_file file = file_of(place, i);
	struct err_info info = {0};
	char bytes[SIZE];
	const char *etag = bytes_of(i, bytes);
	int fd;

	now_ms += 2 * CACHE_FRESH_MS;
	claim(place, i, CACHE_MINE, &fd);
	assert_int_equal(cache_append(fd, &file, bytes, SIZE, &info), ERR_OK);
	assert_false(is_there(place, i));
	if (cache_finish(&place->cache, &file, fd, etag, MODIFIED, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	close(fd);
	assert_true(is_there(place, i));
}

static void use(struct place *place, int i)
{
	struct err_info info;
	bool cached;
	int fd;

	assert_int_equal(cache_hold(&place->cache, media_of(place, i), &fd, &cached, &info), ERR_OK);
	assert_true(cached);
	close(fd);
}

/* How many bytes the cache's folder has. */
static uint64_t weight(struct place *place)
{
	DIR *folder = opendir(place->cache.folder);
	struct dirent *entry;
	uint64_t sum = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		struct stat status;

		if (entry->d_name[0] != '.' && fstatat(dirfd(folder), entry->d_name, &status, 0) == 0)
			sum += (uint64_t)status.st_size;
	}
	closedir(folder);
	return sum;
}

static void what_was_fetched_stands_at_its_place(void **state)
{
	struct place *place = *state;
	struct stat status;
	char bytes[SIZE], *text;
	size_t length;
	int fd;

	fetch(place, 0);
	assert_int_equal(fs_read_file(media_of(place, 0), SIZE, &text, &length, NULL), ERR_OK);
	bytes_of(0, bytes);
	assert_memory_equal(text, bytes, SIZE);
	free(text);
	assert_int_equal(stat(media_of(place, 0), &status), 0);
	assert_int_equal(status.st_mtime, MODIFIED);
	claim(place, 0, CACHE_THERE, &fd);
}

static void the_least_recently_used_goes_first(void **state)
{
	struct place *place = *state;

	for (int i = 0; i < 3; i++)
		fetch(place, i);
	assert_int_equal(weight(place), ROOM);
	now_ms += 2 * CACHE_FRESH_MS;
	use(place, 0);
	fetch(place, 3);
	assert_true(is_there(place, 0));
	assert_false(is_there(place, 1));
	fetch(place, 4);
	assert_false(is_there(place, 2));
	assert_true(is_there(place, 0));
	assert_int_equal(weight(place), ROOM);
}

/* Whoever tries to make room for file I finds none. */
static void assert_full(struct place *place, int i)
{
	struct cache_file file = file_of(place, i);
	struct cache_room room;
	struct err_info info;
	enum cache_turn turn;
	int fd;

	assert_int_equal(cache_claim(&place->cache, &file, &turn, &fd, &room, &info), ERR_NO_SPACE);
	assert_int_equal(fd, -1);
	assert_int_equal(cache_follow(&place->cache, &file, &fd, &info), ERR_NOT_FOUND);
}

static void what_is_in_use_stays(void **state)
{
	struct place *place = *state;
	struct err_info info;
	bool cached;
	int held[3];

	for (int i = 0; i < 3; i++)
		fetch(place, i);
	for (int i = 0; i < 3; i++)
		assert_int_equal(cache_hold(&place->cache, media_of(place, i), &held[i], &cached, &info), ERR_OK);
	now_ms += 2 * CACHE_FRESH_MS;
	assert_full(place, 3);
	close(held[1]);
	fetch(place, 3);
	assert_true(is_there(place, 0) && !is_there(place, 1) && is_there(place, 2));
	close(held[0]);
	close(held[2]);
}

static void what_was_used_just_now_stays(void **state)
{
	struct place *place = *state;

	for (int i = 0; i < 3; i++)
		fetch(place, i);
	now_ms += 2 * CACHE_FRESH_MS;
	for (int i = 0; i < 3; i++)
		use(place, i);
	now_ms += CACHE_FRESH_MS / 2;
	assert_full(place, 3);
}

static void what_is_to_come_counts(void **state)
{
	struct place *place = *state;
	int fds[3], fd;

	for (int i = 0; i < 3; i++)
		claim(place, i, CACHE_MINE, &fds[i]);
	now_ms += 2 * CACHE_FRESH_MS;
	assert_full(place, 3);
	claim(place, 0, CACHE_THEIRS, &fd);
	close(fds[1]); /* a fetcher that went away leaves its room to others */
	claim(place, 3, CACHE_MINE, &fd);
	close(fd);
	close(fds[0]);
	close(fds[2]);
}

static void neither_too_large_nor_below_the_floor(void **state)
{
	struct place *place = *state;
	struct cache_file file = {place->tracks[0], "high.mp4", ROOM + 1};
	struct cache_room room;
	struct err_info info;
	enum cache_turn turn;
	int fd;

	assert_int_equal(cache_claim(&place->cache, &file, &turn, &fd, &room, &info), ERR_NO_SPACE);
	place->cache.floor = INT64_MAX;
	assert_full(place, 0);
	place->cache.floor = 0;
	place->cache.most = 0;
	assert_full(place, 0);
}

static void something_else_is_not_taken(void **state)
{
	struct place *place = *state;
	struct cache_file file = file_of(place, 0);
	struct err_info info;
	char bytes[SIZE];
	const char *etag = bytes_of(0, bytes);
	uint64_t have;
	int fd, reader;

	claim(place, 0, CACHE_MINE, &fd);
	bytes[7] ^= 1;
	assert_int_equal(cache_append(fd, &file, bytes, SIZE, &info), ERR_OK);
	assert_int_equal(cache_append(fd, &file, bytes, 1, &info), ERR_UNPROCESSABLE);
	assert_int_equal(cache_follow(&place->cache, &file, &reader, &info), ERR_OK);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_FLOWS);
	assert_int_equal(have, SIZE - 1);
	assert_int_equal(cache_finish(&place->cache, &file, fd, etag, MODIFIED, &info), ERR_UNPROCESSABLE);
	close(fd);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_ENDED);
	assert_int_equal(have, 0);
	close(reader);
	assert_false(is_there(place, 0));
	assert_int_equal(weight(place), 0);
}

static void a_part_is_not_taken(void **state)
{
	struct place *place = *state;
	struct cache_file file = file_of(place, 0);
	struct err_info info;
	char bytes[SIZE];
	const char *etag = bytes_of(0, bytes);
	int fd;

	claim(place, 0, CACHE_MINE, &fd);
	assert_int_equal(cache_append(fd, &file, bytes, SIZE - 1, &info), ERR_OK);
	assert_int_equal(cache_finish(&place->cache, &file, fd, etag, MODIFIED, &info), ERR_UNPROCESSABLE);
	close(fd);
	assert_false(is_there(place, 0));
}

static void a_reader_follows(void **state)
{
	struct place *place = *state;
	struct cache_file file = file_of(place, 0);
	struct err_info info;
	char bytes[SIZE], read[SIZE];
	const char *etag = bytes_of(0, bytes);
	uint64_t have;
	int fd, reader;

	assert_int_equal(cache_follow(&place->cache, &file, &reader, &info), ERR_NOT_FOUND);
	claim(place, 0, CACHE_MINE, &fd);
	assert_int_equal(cache_follow(&place->cache, &file, &reader, &info), ERR_OK);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_FLOWS);
	assert_int_equal(have, 0);
	assert_int_equal(cache_append(fd, &file, bytes, 10, &info), ERR_OK);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_FLOWS);
	assert_int_equal(have, 10);
	assert_int_equal(cache_append(fd, &file, bytes, SIZE - 10, &info), ERR_OK);
	assert_int_equal(cache_finish(&place->cache, &file, fd, etag, MODIFIED, &info), ERR_OK);
	close(fd);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_WHOLE);
	assert_int_equal(have, SIZE);
	assert_int_equal(pread(reader, read, SIZE, 0), SIZE);
	assert_memory_equal(read, bytes, SIZE);
	close(reader);
}

/* Tells the parent by the pipe TELL that it is as far as it goes, and stays there. */
static void fetch_half_and_stay(struct place *place, int tell)
{
	struct cache_file file = file_of(place, 0);
	struct err_info info;
	struct cache_room room;
	enum cache_turn turn;
	char bytes[SIZE];
	int fd;

	bytes_of(0, bytes);
	if (cache_claim(&place->cache, &file, &turn, &fd, &room, &info) != ERR_OK || turn != CACHE_MINE ||
		cache_append(fd, &file, bytes, SIZE / 2, &info) != ERR_OK || write(tell, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void a_survivor_goes_on(void **state)
{
	struct place *place = *state;
	struct cache_file file = file_of(place, 0);
	struct err_info info;
	char bytes[SIZE], told;
	const char *etag = bytes_of(0, bytes);
	uint64_t have;
	int fd, reader, pipes[2];
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		fetch_half_and_stay(place, pipes[1]);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &told, 1), 1);
	close(pipes[0]);
	claim(place, 0, CACHE_THEIRS, &fd);
	assert_int_equal(cache_follow(&place->cache, &file, &reader, &info), ERR_OK);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_FLOWS);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_ENDED);
	assert_int_equal(have, SIZE / 2);
	assert_false(is_there(place, 0));

	claim(place, 0, CACHE_MINE, &fd);
	assert_int_equal(cache_have(fd, &have, &info), ERR_OK);
	assert_int_equal(have, SIZE / 2);
	assert_int_equal(cache_append(fd, &file, bytes + have, SIZE - have, &info), ERR_OK);
	assert_int_equal(cache_finish(&place->cache, &file, fd, etag, MODIFIED, &info), ERR_OK);
	assert_int_equal(cache_look(&place->cache, &file, reader, &have), CACHE_WHOLE);
	close(reader);
	close(fd);
}

/* Fetches file I unless somebody else does; whether it was its turn. False also when it found no room. */
static bool try_to_fetch(struct place *place, int i)
{
	struct cache_file file = file_of(place, i);
	struct cache_room room;
	struct err_info info;
	enum cache_turn turn;
	char bytes[SIZE];
	const char *etag = bytes_of(i, bytes);
	bool mine;
	int fd;

	if (cache_claim(&place->cache, &file, &turn, &fd, &room, &info) != ERR_OK)
		return false;
	mine = turn == CACHE_MINE;
	if (mine && (cache_append(fd, &file, bytes, SIZE, &info) != ERR_OK ||
			    cache_finish(&place->cache, &file, fd, etag, MODIFIED, &info) != ERR_OK))
		abort();
	if (fd >= 0)
		close(fd);
	return mine;
}

static atomic_int fetched;

static void *fetch_the_first(void *context)
{
	if (try_to_fetch(context, 0))
		atomic_fetch_add(&fetched, 1);
	return NULL;
}

static void threads_fetch_once(void **state)
{
	pthread_t threads[FETCHERS];

	atomic_store(&fetched, 0);
	for (int i = 0; i < FETCHERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fetch_the_first, *state), 0);
	for (int i = 0; i < FETCHERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&fetched), 1);
	assert_true(is_there(*state, 0));
}

/* Lets FETCHERS processes do WORK; the sum of their exit codes. */
static int by_processes(struct place *place, int (*work)(struct place *, int))
{
	pid_t children[FETCHERS];
	int sum = 0;

	for (int i = 0; i < FETCHERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(work(place, i));
	}
	for (int i = 0; i < FETCHERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	return sum;
}

static int fetch_one(struct place *place, int i)
{
	(void)i;
	return try_to_fetch(place, 0);
}

static void processes_fetch_once(void **state)
{
	assert_int_equal(by_processes(*state, fetch_one), 1);
	assert_true(is_there(*state, 0));
}

/* All of them, each with another order and a clock that runs; complains when there is too much at any time. */
static int fetch_many(struct place *place, int i)
{
	int complaints = 0;

	for (int round = 0; round < 20; round++) {
		now_ms += 2 * CACHE_FRESH_MS;
		try_to_fetch(place, (i + round * (i + 1)) % FILES);
		complaints += weight(place) > ROOM;
	}
	return complaints > 0;
}

static void the_bound_holds_for_processes(void **state)
{
	assert_int_equal(by_processes(*state, fetch_many), 0);
	assert_true(weight(*state) <= ROOM);
}

static void write_media(struct place *place, int i)
{
	struct err_info info;
	char bytes[SIZE];

	bytes_of(i, bytes);
	assert_int_equal(fs_make_dirs(arena_printf(&place->fixture->arena, "%s/media/%s", place->fixture->dir,
					      place->tracks[i]), 0750, &info), ERR_OK);
	assert_int_equal(fs_write_file(media_of(place, i), bytes, SIZE, 0640, &info), ERR_OK);
}

static void a_file_of_ours_is_adopted(void **state)
{
	struct place *place = *state;
	struct cache_room room;
	struct err_info info;

	for (int i = 0; i < 4; i++) {
		struct cache_file file = file_of(place, i);

		write_media(place, i);
		assert_int_equal(cache_adopt(&place->cache, &file, &room, &info), ERR_OK);
		assert_int_equal(cache_adopt(&place->cache, &file, &room, &info), ERR_OK);
		now_ms += 2 * CACHE_FRESH_MS;
		use(place, i);
		now_ms += 2 * CACHE_FRESH_MS;
	}
	assert_false(is_there(place, 0));
	assert_true(is_there(place, 1) && is_there(place, 3));
	assert_int_equal(weight(place), ROOM);
	/* Somebody may have been handed it just before: it does not go for the next. */
	for (int i = 4; i < 8; i++) {
		struct cache_file file = file_of(place, i);

		write_media(place, i);
		assert_int_equal(cache_adopt(&place->cache, &file, &room, &info), i < 7 ? ERR_OK : ERR_NO_SPACE);
	}
	assert_true(is_there(place, 4) && !is_there(place, 1));
}

static void what_nobody_uses_is_dropped(void **state)
{
	struct place *place = *state;
	struct cache_file file = file_of(place, 0);
	bool cached;
	int fd;

	place->cache.most = 0; /* room is not asked for */
	assert_int_equal(cache_drop(&place->cache, &file, NULL), ERR_NOT_FOUND);
	write_media(place, 0);
	/* Somebody may have been handed it just before. */
	assert_int_equal(cache_drop(&place->cache, &file, NULL), ERR_BUSY);
	assert_int_equal(cache_drop(&place->cache, &file, NULL), ERR_BUSY);
	now_ms += 2 * CACHE_FRESH_MS;
	assert_int_equal(cache_hold(&place->cache,
				 arena_printf(&place->fixture->arena, "%s/%s/%s", place->cache.media, file.track, file.file),
				 &fd, &cached, NULL),
		ERR_OK);
	assert_true(cached);
	now_ms += 2 * CACHE_FRESH_MS;
	assert_int_equal(cache_drop(&place->cache, &file, NULL), ERR_BUSY);
	close(fd);
	assert_int_equal(cache_drop(&place->cache, &file, NULL), ERR_OK);
	assert_false(is_there(place, 0));
	assert_int_equal(weight(place), 0);
}

static void what_was_made_anew_is_not_removed(void **state)
{
	struct place *place = *state;

	fetch(place, 0);
	write_media(place, 0); /* takes the place of the one that was fetched */
	for (int i = 1; i < 4; i++)
		fetch(place, i);
	assert_true(is_there(place, 0));
	assert_int_equal(weight(place), ROOM);
}

static void what_is_of_no_track_goes(void **state)
{
	struct place *place = *state;

	fetch(place, 0);
	fetch(place, 1);
	cache_forget(&place->cache, place->tracks[0]);
	assert_int_equal(weight(place), SIZE);
}

int main(void)
{
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_PLACE(what_was_fetched_stands_at_its_place),
		WITH_PLACE(the_least_recently_used_goes_first),
		WITH_PLACE(what_is_in_use_stays),
		WITH_PLACE(what_was_used_just_now_stays),
		WITH_PLACE(what_is_to_come_counts),
		WITH_PLACE(neither_too_large_nor_below_the_floor),
		WITH_PLACE(something_else_is_not_taken),
		WITH_PLACE(a_part_is_not_taken),
		WITH_PLACE(a_reader_follows),
		WITH_PLACE(a_survivor_goes_on),
		WITH_PLACE(threads_fetch_once),
		WITH_PLACE(processes_fetch_once),
		WITH_PLACE(the_bound_holds_for_processes),
		WITH_PLACE(a_file_of_ours_is_adopted),
		WITH_PLACE(what_nobody_uses_is_dropped),
		WITH_PLACE(what_was_made_anew_is_not_removed),
		WITH_PLACE(what_is_of_no_track_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
