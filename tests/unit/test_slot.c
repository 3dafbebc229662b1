/* SPDX-License-Identifier: MIT */
#include "base/slot.h"
#include "fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PLACES = 3 };

static void there_are_as_many_as_asked_for(void **state)
{
	struct fixture *fixture = *state;
	const char *path = arena_printf(&fixture->arena, "%s/slots", fixture->dir);
	int slots[PLACES], other, none;
	struct err_info info;

	for (int i = 0; i < PLACES; i++)
		assert_int_equal(slot_take(path, PLACES, &slots[i], &info), ERR_OK);
	assert_int_equal(slot_take(path, PLACES, &none, &info), ERR_BUSY);
	assert_int_equal(none, -1);
	/* Whoever allows more finds more. */
	assert_int_equal(slot_take(path, PLACES + 1, &other, &info), ERR_OK);
	assert_int_equal(slot_take(path, PLACES + 1, &none, &info), ERR_BUSY);
	slot_give(slots[1]);
	assert_int_equal(slot_take(path, PLACES, &slots[1], &info), ERR_OK);
	assert_int_equal(slot_take(path, PLACES, &none, &info), ERR_BUSY);
	slot_give(none);
	slot_give(other);
	for (int i = 0; i < PLACES; i++)
		slot_give(slots[i]);
	assert_int_equal(slot_take(path, 0, &none, &info), ERR_BUSY);
}

/* Whoever dies with a place has given it back. */
static void the_dead_hold_none(void **state)
{
	struct fixture *fixture = *state;
	const char *path = arena_printf(&fixture->arena, "%s/slots", fixture->dir);
	struct err_info info;
	int slot, ready[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		byte = slot_take(path, 1, &slot, NULL) == ERR_OK ? 'y' : 'n';
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_int_equal(slot_take(path, 1, &slot, &info), ERR_BUSY);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(slot_take(path, 1, &slot, &info), ERR_OK);
	slot_give(slot);
	close(ready[0]);
	close(ready[1]);
}

static void says_why_it_cannot(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info;
	int slot;

	assert_int_equal(
		slot_take(arena_printf(&fixture->arena, "%s/no/slots", fixture->dir), 1, &slot, &info), ERR_IO);
	assert_int_equal(slot, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_are_as_many_as_asked_for, fixture_dir, fixture_remove),
		cmocka_unit_test_setup_teardown(the_dead_hold_none, fixture_dir, fixture_remove),
		cmocka_unit_test_setup_teardown(says_why_it_cannot, fixture_dir, fixture_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
