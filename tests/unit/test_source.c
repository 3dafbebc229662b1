/* SPDX-License-Identifier: MIT */
#include "jobs/source.h"

#include "base/fs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* <folder>/data/source/{good,link,fifo}, <folder>/import/{good,link}, <folder>/secret */
struct fixture {
	char folder[64];
	struct arena arena;
	struct conf conf;
	const char *import_dirs[1];
};

static const char *path_of(struct fixture *fixture, const char *name)
{
	return arena_printf(&fixture->arena, "%s/%s", fixture->folder, name);
}

static int setup(void **state)
{
	static const char *const files[] = {"data/source/good", "data/source/.hidden", "import/good", "secret"};
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct err_info info = {0};

	*state = fixture;
	strcpy(fixture->folder, "/tmp/tonearm-source-XXXXXX");
	if (mkdtemp(fixture->folder) == NULL || fs_make_dirs(path_of(fixture, "data/source"), 0750, &info) != ERR_OK ||
		fs_make_dirs(path_of(fixture, "import"), 0750, &info) != ERR_OK)
		return -1;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		if (fs_write_file(path_of(fixture, files[i]), files[i], strlen(files[i]), 0640, &info) != ERR_OK)
			return -1;
	}
	fixture->conf.data_dir = path_of(fixture, "data");
	fixture->import_dirs[0] = path_of(fixture, "import");
	fixture->conf.import_dirs = fixture->import_dirs;
	fixture->conf.import_dir_count = 1;
	if (symlink("../../secret", path_of(fixture, "data/source/link")) != 0 ||
		symlink("../secret", path_of(fixture, "import/link")) != 0)
		return -1;
	return mkfifo(path_of(fixture, "data/source/fifo"), 0640);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	struct err_info info = {0};

	fs_remove_tree(fixture->folder, &info);
	arena_free(&fixture->arena);
	free(fixture);
	return 0;
}

static enum err try_source(struct fixture *fixture, const char *source, const char *import)
{
	struct transcode_job job = {.source = source, .import = import};
	struct err_info info = {0};
	int fd;
	enum err err = source_open(&fixture->conf, &job, &fd, &info);

	assert_int_equal(err == ERR_OK, fd >= 0);
	assert_true(err == ERR_OK || info.detail[0] != '\0');
	if (fd >= 0) {
		assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
		close(fd);
	}
	return err;
}

static void opens_a_stored_file(void **state)
{
	assert_int_equal(try_source(*state, "good", NULL), ERR_OK);
	assert_int_equal(try_source(*state, "gone", NULL), ERR_NOT_FOUND);
}

static void stays_in_the_source_folder(void **state)
{
	static const char *const names[] = {"", ".", "..", ".hidden", "../source/good", "/etc/passwd", "good/", "link"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(try_source(*state, names[i], NULL), ERR_FORBIDDEN);
}

static void opens_plain_files_only(void **state)
{
	assert_int_equal(try_source(*state, "fifo", NULL), ERR_UNPROCESSABLE);
}

static void imports_from_configured_folders_only(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(try_source(fixture, NULL, path_of(fixture, "import/good")), ERR_OK);
	assert_int_equal(try_source(fixture, NULL, path_of(fixture, "import/link")), ERR_FORBIDDEN);
	assert_int_equal(try_source(fixture, NULL, path_of(fixture, "secret")), ERR_FORBIDDEN);
	assert_int_equal(try_source(fixture, NULL, path_of(fixture, "import/gone")), ERR_NOT_FOUND);
	fixture->conf.import_dir_count = 0;
	assert_int_equal(try_source(fixture, NULL, path_of(fixture, "import/good")), ERR_FORBIDDEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_a_stored_file, setup, teardown),
		cmocka_unit_test_setup_teardown(stays_in_the_source_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(opens_plain_files_only, setup, teardown),
		cmocka_unit_test_setup_teardown(imports_from_configured_folders_only, setup, teardown),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
