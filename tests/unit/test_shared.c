/* SPDX-License-Identifier: MIT */
#include "base/shared.h"
#include "fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAGIC = 7, THREADS = 8 };

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
		WITH_DIR(what_is_made_is_open_to_all),
		WITH_DIR(says_why_it_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
