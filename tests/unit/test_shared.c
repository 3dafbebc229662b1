/* SPDX-License-Identifier: MIT */
#include "base/shared.h"
#include "fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAGIC = 7, THREADS = 8, ROUNDS = 200 };

struct thing {
	struct shared_head head;
	_Atomic uint64_t count;
	char rest[8192];
};

static struct thing *open_thing(const char *path, uint64_t mark)
{
	struct shared shared;
	struct err_info info = {0};

	if (shared_open(path, MAGIC, mark, sizeof(struct thing), &shared, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	close(shared.fd);
	return shared.address;
}

static const char *path_of(struct fixture *fixture)
{
	return arena_printf(&fixture->arena, "%s/thing", fixture->dir);
}

static void *count_one(void *path)
{
	struct thing *thing = open_thing(path, 0);

	atomic_fetch_add(&thing->count, 1);
	munmap(thing, sizeof *thing);
	return NULL;
}

static void who_comes_together_shares_one(void **state)
{
	char *path = arena_strdup(&((struct fixture *)*state)->arena, path_of(*state));
	pthread_t threads[THREADS];
	struct thing *thing;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_one, path), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	thing = open_thing(path, 0);
	assert_int_equal(thing->count, THREADS);
	munmap(thing, sizeof *thing);
}

static void another_layout_leaves_the_older_its_file(void **state)
{
	const char *path = path_of(*state);
	struct thing *older = open_thing(path, 0), *newer;

	older->count = 5;
	newer = open_thing(path, 1);
	assert_int_equal(newer->count, 0);
	older->count = 6;
	assert_int_equal(newer->count, 0);
	munmap(newer, sizeof *newer);
	newer = open_thing(path, 1);
	newer->count = 9;
	assert_int_equal(older->count, 6);
	munmap(newer, sizeof *newer);
	munmap(older, sizeof *older);
}

struct version {
	const char *path;
	uint64_t mark;
	pthread_barrier_t *barrier;
	bool kept; /* what it had mapped stayed of its layout, each time */
};

static void *start_over_and_over(void *context)
{
	struct version *version = context;

	version->kept = true;
	for (int i = 0; i < ROUNDS; i++) {
		struct thing *thing;

		pthread_barrier_wait(version->barrier);
		thing = open_thing(version->path, version->mark);
		pthread_barrier_wait(version->barrier);
		version->kept &= atomic_load(&thing->head.mark) == version->mark;
		munmap(thing, sizeof *thing);
	}
	return NULL;
}

/* Programs of several versions that start at the same time do not fill each other's files. */
static void versions_that_come_together_have_their_own(void **state)
{
	const char *path = path_of(*state);
	struct version versions[3];
	pthread_t threads[3];
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, 3);
	for (uint64_t i = 0; i < 3; i++) {
		versions[i] = (struct version){.path = path, .mark = i, .barrier = &barrier};
		assert_int_equal(pthread_create(&threads[i], NULL, start_over_and_over, &versions[i]), 0);
	}
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 3; i++)
		assert_true(versions[i].kept);
	pthread_barrier_destroy(&barrier);
}

/* Nobody waits for a lock on what is made already. */
static void what_is_made_is_open_to_all(void **state)
{
	const char *path = path_of(*state);
	struct thing *thing = open_thing(path, 0), *other;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	other = open_thing(path, 0);
	other->count = 1;
	assert_int_equal(thing->count, 1);
	close(fd);
	munmap(other, sizeof *other);
	munmap(thing, sizeof *thing);
}

static void says_why_it_cannot(void **state)
{
	struct fixture *fixture = *state;
	struct shared shared;
	struct err_info info;

	assert_int_equal(shared_open(arena_printf(&fixture->arena, "%s/no/thing", fixture->dir), MAGIC, 0, 100, &shared, &info),
		ERR_IO);
	assert_int_equal(symlink("/dev/null", path_of(fixture)), 0);
	assert_int_equal(shared_open(path_of(fixture), MAGIC, 0, 100, &shared, &info), ERR_IO);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, fixture_dir, fixture_remove)
	const struct CMUnitTest tests[] = {
		WITH_DIR(who_comes_together_shares_one),
		WITH_DIR(another_layout_leaves_the_older_its_file),
		WITH_DIR(versions_that_come_together_have_their_own),
		WITH_DIR(what_is_made_is_open_to_all),
		WITH_DIR(says_why_it_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
