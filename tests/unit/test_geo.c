/* SPDX-License-Identifier: MIT */
/* Where requests come from, with databases made here, and with those of MaxMind where they are. */
#include "auth/geo.h"

#include "base/fs.h"
#include "fixture.h"
#include "memory_transport.h"
#include "mmdb_maker.h"
#include "told_clock.h"
#include "vectors.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { READERS = 4, CHANGES = 20 };

static int64_t now_ms = INT64_C(1700000000000);

static const struct clock at = {told_ms, &now_ms};

struct scene {
	struct fixture *fixture;
	struct conf conf;
	struct geo *geo;
	char database[512], copy[160];
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);
	struct err_info info;
	void *fixture;

	if (scene == NULL || fixture_dir(&fixture) != 0)
		return -1;
	scene->fixture = fixture;
	snprintf(scene->database, sizeof scene->database, "%s/places.mmdb", scene->fixture->dir);
	snprintf(scene->copy, sizeof scene->copy, "%s/geo.mmdb", scene->fixture->dir);
	scene->conf = (struct conf){.run_dir = scene->fixture->dir,
		.geo_database = scene->database,
		.geo_country_header = "CF-IPCountry",
		.geo_region_header = "CF-Region-Code"};
	*state = scene;
	return geo_open(&scene->conf, &at, &scene->geo, &info) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct scene *scene = *state;
	void *fixture = scene->fixture;

	geo_close(scene->geo);
	fixture_remove(&fixture);
	free(scene);
	return 0;
}

/* Made anew, and looked at by the next who asks. */
static void make(struct scene *scene, const char *const *rows, size_t count)
{
	assert_true(mmdb_make(scene->database, rows, count));
	now_ms += GEO_LOOK_MS;
}

static struct geo_place find(struct scene *scene, const char *remote, bool proxied, const char *const *params)
{
	static const char *const none[] = {NULL};
	struct memory_transport transport;
	struct arena arena = {0};
	struct request request = {.arena = &arena, .transport = &transport.base, .remote = remote, .proxied = proxied};
	struct geo_place place;
	const char *country;

	memory_transport_init(&transport, params != NULL ? params : none, "", 0);
	geo_find(scene->geo, &request, &place);
	country = geo_country(scene->geo, &request);
	assert_string_equal(country != NULL ? country : "", place.country);
	arena_free(&arena);
	return place;
}

static void expect(struct scene *scene, const char *remote, const char *country, const char *region)
{
	struct geo_place place = find(scene, remote, false, NULL);

	assert_string_equal(place.country, country);
	assert_string_equal(place.regions[0], region);
}

static const char *const rows[] = {"192.0.2.0/24 DE", "198.51.100.0/25 US CA", "2001:db8::/32 AT 9"};

static void an_address_is_looked_up(void **state)
{
	struct scene *scene = *state;

	make(scene, rows, 3);
	expect(scene, "192.0.2.7", "DE", "");
	expect(scene, "::ffff:192.0.2.7", "DE", "");
	expect(scene, "198.51.100.7", "US", "US-CA");
	expect(scene, "198.51.100.200", "", "");
	expect(scene, "2001:db8:1::7", "AT", "AT-9");
	expect(scene, "2001:db9::7", "", "");
	expect(scene, "203.0.113.7", "", "");
	expect(scene, "unix:", "", "");
	expect(scene, "", "", "");
}

static void the_web_server_says_it_first(void **state)
{
	static const char *const told[] = {"TONEARM_COUNTRY=fr", "TONEARM_REGION=FR-75", NULL}, *const bad[] = {"TONEARM_COUNTRY=F1", NULL},
				 *const foreign[] = {"TONEARM_COUNTRY=FR", "TONEARM_REGION=75 \r", NULL},
				 *const alone[] = {"TONEARM_REGION=", NULL};
	struct geo_place place;

	make(*state, rows, 3);
	place = find(*state, "192.0.2.7", false, told);
	assert_string_equal(place.country, "FR");
	assert_string_equal(place.regions[0], "FR-75");
	assert_string_equal(find(*state, "192.0.2.7", false, bad).country, "DE");
	assert_string_equal(find(*state, "192.0.2.7", false, alone).country, "DE");
	place = find(*state, "192.0.2.7", false, foreign);
	assert_string_equal(place.country, "FR");
	assert_string_equal(place.regions[0], "");
}

static void a_header_counts_from_a_trusted_proxy_only(void **state)
{
	static const char *const fields[] = {"HTTP_CF_IPCOUNTRY=IT", "HTTP_CF_REGION_CODE=25", NULL}, *const unknown[] = {"HTTP_CF_IPCOUNTRY=XX", NULL},
				 *const tor[] = {"HTTP_CF_IPCOUNTRY=T1", NULL}, *const other[] = {"HTTP_TONEARM_COUNTRY=IT", NULL},
				 *const twice[] = {"HTTP_CF_IPCOUNTRY=FR", "HTTP_CF_IPCOUNTRY=IT", NULL};
	struct geo_place place;

	make(*state, rows, 3);
	place = find(*state, "192.0.2.7", true, fields);
	assert_string_equal(place.country, "IT");
	assert_string_equal(place.regions[0], "IT-25");
	assert_string_equal(find(*state, "192.0.2.7", false, fields).country, "DE");
	assert_string_equal(find(*state, "192.0.2.7", true, unknown).country, "DE");
	assert_string_equal(find(*state, "192.0.2.7", true, twice).country, "DE");
	assert_string_equal(find(*state, "192.0.2.7", true, tor).country, "DE");
	assert_string_equal(find(*state, "192.0.2.7", true, other).country, "DE");
}

static void a_change_is_seen_and_damage_is_not(void **state)
{
	static const char *const moved[] = {"192.0.2.0/24 CH", "2001:db8::/32 LI"};
	struct scene *scene = *state;
	struct err_info info;

	expect(scene, "192.0.2.7", "", "");
	make(scene, rows, 3);
	expect(scene, "192.0.2.7", "DE", "");
	make(scene, moved, 2);
	expect(scene, "192.0.2.7", "CH", "");
	expect(scene, "198.51.100.7", "", "");

	/* Cut off, emptied, full of something else, gone: what was good stays, and the pages stay mapped. */
	assert_int_equal(truncate(scene->database, 200), 0);
	now_ms += GEO_LOOK_MS;
	expect(scene, "192.0.2.7", "CH", "");
	assert_int_equal(truncate(scene->database, 0), 0);
	now_ms += GEO_LOOK_MS;
	expect(scene, "2001:db8::1", "LI", "");
	assert_int_equal(fs_write_file(scene->database, "no database at all", 18, 0644, &info), ERR_OK);
	now_ms += GEO_LOOK_MS;
	expect(scene, "192.0.2.7", "CH", "");
	unlink(scene->database);
	now_ms += GEO_LOOK_MS;
	expect(scene, "192.0.2.7", "CH", "");

	make(scene, rows, 3);
	expect(scene, "192.0.2.7", "DE", "");
}

/* Another process that hangs while it copies keeps nobody from going on, without a database or with the last copy. */
static void a_copy_that_never_ends_is_not_waited_for(void **state)
{
	static const char *const moved[] = {"192.0.2.0/24 CH"};
	struct scene *scene = *state;
	char lock[160];
	struct err_info info;
	int fd;

	snprintf(lock, sizeof lock, "%s/geo.lock", scene->fixture->dir);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	make(scene, rows, 3);
	expect(scene, "192.0.2.7", "", "");
	assert_int_equal(flock(fd, LOCK_UN), 0);
	now_ms += GEO_LOOK_MS;
	expect(scene, "192.0.2.7", "DE", "");

	make(scene, moved, 1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	geo_close(scene->geo);
	assert_int_equal(geo_open(&scene->conf, &at, &scene->geo, &info), ERR_OK);
	expect(scene, "192.0.2.7", "DE", "");
	close(fd);
	now_ms += GEO_LOOK_MS;
	expect(scene, "192.0.2.7", "CH", "");
}

static void who_starts_later_finds_the_copy(void **state)
{
	struct scene *scene = *state;
	struct stat before, after;
	struct err_info info;

	make(scene, rows, 3);
	expect(scene, "192.0.2.7", "DE", "");
	assert_int_equal(stat(scene->copy, &before), 0);
	geo_close(scene->geo);
	assert_int_equal(geo_open(&scene->conf, &at, &scene->geo, &info), ERR_OK);
	expect(scene, "192.0.2.7", "DE", "");
	assert_int_equal(stat(scene->copy, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	/* Of a database that went away the copy is good still. */
	geo_close(scene->geo);
	assert_int_equal(unlink(scene->database), 0);
	assert_int_equal(geo_open(&scene->conf, &at, &scene->geo, &info), ERR_OK);
	expect(scene, "192.0.2.7", "DE", "");
}

static void a_damaged_copy_is_made_anew(void **state)
{
	struct scene *scene = *state;
	struct err_info info;
	struct stat status;
	char nothing[64] = "";
	int fd;

	make(scene, rows, 3);
	expect(scene, "192.0.2.7", "DE", "");
	geo_close(scene->geo);
	assert_int_equal(stat(scene->copy, &status), 0);
	fd = open(scene->copy, O_WRONLY);
	assert_int_equal(pwrite(fd, nothing, sizeof nothing, status.st_size - (off_t)sizeof nothing), sizeof nothing);
	assert_int_equal(pwrite(fd, nothing, sizeof nothing, status.st_size - 200), sizeof nothing);
	assert_int_equal(futimens(fd, (struct timespec[]){status.st_atim, status.st_mtim}), 0);
	close(fd);
	assert_int_equal(geo_open(&scene->conf, &at, &scene->geo, &info), ERR_OK);
	find(scene, "192.0.2.7", false, NULL);
	now_ms += GEO_LOOK_MS;
	expect(scene, "192.0.2.7", "DE", "");
}

struct readers {
	struct scene *scene;
	atomic_bool over, failed;
};

static void *read_on(void *context)
{
	struct readers *readers = context;

	while (!atomic_load(&readers->over)) {
		struct memory_transport transport;
		static const char *const none[] = {NULL};
		struct request request = {.transport = &transport.base, .remote = "192.0.2.7"};
		struct geo_place place;

		memory_transport_init(&transport, none, "", 0);
		geo_find(readers->scene->geo, &request, &place);
		if (strcmp(place.country, "DE") != 0 && strcmp(place.country, "CH") != 0)
			atomic_store(&readers->failed, true);
	}
	return NULL;
}

static int64_t moving_now(void *context)
{
	return atomic_load((atomic_int_least64_t *)context);
}

static void readers_are_not_in_the_way_of_changes(void **state)
{
	static const char *const moved[] = {"192.0.2.0/24 CH", "0.0.0.0/1 US"};
	static atomic_int_least64_t time_ms = INT64_C(1700000000000);
	static const struct clock moving = {moving_now, &time_ms};
	struct scene *scene = *state;
	struct readers readers = {.scene = scene};
	pthread_t threads[READERS];
	struct err_info info;

	geo_close(scene->geo);
	assert_int_equal(geo_open(&scene->conf, &moving, &scene->geo, &info), ERR_OK);
	assert_true(mmdb_make(scene->database, rows, 3));
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers), 0);
	for (size_t i = 0; i < CHANGES; i++) {
		assert_true(mmdb_make(scene->database, i % 2 == 0 ? moved : rows, i % 2 == 0 ? 2 : 3));
		atomic_fetch_add(&time_ms, GEO_LOOK_MS);
		usleep(1000);
	}
	atomic_store(&readers.over, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_false(atomic_load(&readers.failed));
}

/* Addresses out of the source data of MaxMind's test databases. */
static void maxminds_own_databases_are_read(void **state)
{
	static const struct {
		const char *file, *address, *country, *region;
	} known[] = {
		{"GeoIP2-City-Test.mmdb", "81.2.69.160", "GB", "GB-ENG"},
		{"GeoIP2-City-Test.mmdb", "89.160.20.112", "SE", "SE-E"},
		{"GeoIP2-City-Test.mmdb", "216.160.83.56", "US", "US-WA"},
		{"GeoLite2-City-Test.mmdb", "2.125.160.216", "GB", "GB-ENG"},
		{"GeoIP2-Country-Test.mmdb", "2001:218::1", "JP", ""},
		{"GeoIP2-Country-Test.mmdb", "10.0.0.1", "", ""},
	};
	struct scene *scene = *state;
	struct err_info info;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char name[64];

		snprintf(name, sizeof name, "maxmind/%s", known[i].file);
		assert_true(vector_path(name, scene->database, sizeof scene->database));
		geo_close(scene->geo);
		assert_int_equal(geo_open(&scene->conf, &at, &scene->geo, &info), ERR_OK);
		expect(scene, known[i].address, known[i].country, known[i].region);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_address_is_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(the_web_server_says_it_first, setup, teardown),
		cmocka_unit_test_setup_teardown(a_header_counts_from_a_trusted_proxy_only, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_is_seen_and_damage_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(a_copy_that_never_ends_is_not_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(who_starts_later_finds_the_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_copy_is_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(readers_are_not_in_the_way_of_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(maxminds_own_databases_are_read, setup, teardown),
	};
	size_t count = sizeof tests / sizeof *tests;
	char path[512];

	if (!vector_path("maxmind", path, sizeof path)) {
		puts("# maxmind is not among the vectors (TONEARM_VECTORS): the last test is left out");
		count--;
	}
	return _cmocka_run_group_tests("geo", tests, count, NULL, NULL);
}
