/* SPDX-License-Identifier: MIT */
#include "auth/geo.h"

#include "auth/geo_copy.h"
#include "base/log.h"
#include "base/network.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct geo {
	const struct conf *conf;
	const struct clock *clock;
	struct arena arena; /* of the paths */
	char *copy_path, *lock_path;
	atomic_int_least64_t looked_ms; /* 0: never */
	pthread_mutex_t looking;        /* of what follows, up to `retired` */
	struct stat source;             /* the database as it was last dealt with, for good or bad */
	struct stat mapped;             /* the copy that `current` is of */
	MMDB_s *retired;                /* was `current`; somebody may be in it still */
	_Atomic(MMDB_s *) current;      /* NULL: there is none */
	atomic_size_t readers;          /* who have taken `current` and are in it */
};

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

enum err geo_open(const struct conf *conf, const struct clock *clock, struct geo **out, struct err_info *info)
{
	struct geo *geo = calloc(1, sizeof *geo);

	if (geo == NULL)
		abort();
	*out = NULL;
	if (pthread_mutex_init(&geo->looking, NULL) != 0) {
		free(geo);
		return err_set(info, ERR_INTERNAL, "cannot make a lock");
	}
	geo->conf = conf;
	geo->clock = clock;
	geo->copy_path = conf_run_path(conf, &geo->arena, "geo.mmdb");
	geo->lock_path = conf_run_path(conf, &geo->arena, "geo.lock");
	*out = geo;
	return ERR_OK;
}

static void unmap(MMDB_s *database)
{
	if (database == NULL)
		return;
	MMDB_close(database);
	free(database);
}

void geo_close(struct geo *geo)
{
	if (geo == NULL)
		return;
	unmap(geo->retired);
	unmap(atomic_load(&geo->current));
	pthread_mutex_destroy(&geo->looking);
	arena_free(&geo->arena);
	free(geo);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && geo_copy_is_of(a, b);
}

/*
 * Whoever takes `current` has counted itself before. So when nobody is counted after it was exchanged, nobody is left
 * in what it was; until then it waits for the next look.
 */
static bool release_retired(struct geo *geo)
{
	if (geo->retired != NULL && atomic_load(&geo->readers) == 0) {
		unmap(geo->retired);
		geo->retired = NULL;
	}
	return geo->retired == NULL;
}

static enum err map_copy(struct geo *geo, struct err_info *info)
{
	struct stat copy;
	MMDB_s *database;
	enum err err;

	if (stat(geo->copy_path, &copy) != 0)
		return err_set(info, ERR_NOT_FOUND, "its copy is gone");
	if (atomic_load(&geo->current) != NULL && same_file(&copy, &geo->mapped))
		return ERR_OK;
	database = calloc(1, sizeof *database);
	if (database == NULL)
		abort();
	err = geo_copy_map(geo->copy_path, database, info);
	if (err != ERR_OK) {
		unlink(geo->copy_path); /* what broke it, a loss of power perhaps, has left it its size and time */
		free(database);
		return err;
	}
	geo->mapped = copy;
	geo->retired = atomic_exchange(&geo->current, database);
	release_retired(geo);
	return ERR_OK;
}

/* What is wrong with a database is said once, as long as it stays the same. */
static void renew(struct geo *geo)
{
	bool first = atomic_load(&geo->current) == NULL;
	struct stat source = {0};
	struct err_info info;
	enum err err;

	if (!release_retired(geo))
		return;
	err = geo_copy_make(geo->conf->geo_database, geo->copy_path, geo->lock_path, first, &source, &info);
	if (err == ERR_OK)
		err = map_copy(geo, &info);
	else if (first)
		map_copy(geo, NULL);
	if (err == ERR_BUSY || err == ERR_CONFLICT)
		return;
	if (err != ERR_OK && (atomic_load(&geo->looked_ms) == 0 || !same_file(&source, &geo->source)))
		log_failure(LOG_WARNING, "geo.database cannot be used", &info);
	geo->source = source;
}

/* Nobody goes on without a database as long as it was never looked for; later whoever finds another at it does. */
static void look(struct geo *geo)
{
	int64_t now_ms = clock_ms(geo->clock), looked_ms = atomic_load(&geo->looked_ms);

	if (looked_ms != 0 && now_ms >= looked_ms && now_ms - looked_ms < GEO_LOOK_MS)
		return;
	if (looked_ms == 0)
		pthread_mutex_lock(&geo->looking);
	else if (pthread_mutex_trylock(&geo->looking) != 0)
		return;
	if (atomic_load(&geo->looked_ms) == looked_ms) {
		renew(geo);
		atomic_store(&geo->looked_ms, now_ms);
	}
	pthread_mutex_unlock(&geo->looking);
}

/* An IPv4 address is looked up as what it is, also when it comes mapped into IPv6. */
static bool read_address(const char *text, union address *out)
{
	struct network network;
	struct in6_addr six;

	*out = (union address){0};
	if (!network_read_address(text, &network))
		return false;
	memcpy(&six, network.bytes, sizeof six);
	if (IN6_IS_ADDR_V4MAPPED(&six)) {
		out->four.sin_family = AF_INET;
		memcpy(&out->four.sin_addr, &six.s6_addr[12], sizeof out->four.sin_addr);
	} else {
		out->six.sin6_family = AF_INET6;
		out->six.sin6_addr = six;
	}
	return true;
}

/* A code of LENGTH characters out of the database, or from outside, into OUT in capitals; anything else leaves it. */
static void put_code(char *out, size_t size, bool digits, const char *code, size_t length)
{
	if (length == 0 || length >= size)
		return;
	for (size_t i = 0; i < length; i++) {
		char c = code[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!(c >= 'A' && c <= 'Z') && !(digits && c >= '0' && c <= '9')) {
			*out = '\0';
			return;
		}
		out[i] = c;
	}
	out[length] = '\0';
}

/* Two letters; "XX" is how some proxies say that they do not know. */
static void put_country(struct geo_place *place, const char *code, size_t length)
{
	if (length != GEO_COUNTRY_SIZE - 1)
		return;
	put_code(place->country, sizeof place->country, false, code, length);
	if (strcmp(place->country, "XX") == 0)
		place->country[0] = '\0';
}

/* CODE is that of ISO 3166-2 without the country. */
static void put_region(struct geo_place *place, size_t index, const char *code, size_t length)
{
	char part[GEO_REGION_SIZE - GEO_COUNTRY_SIZE] = "";
	char *out = place->regions[index];

	put_code(part, sizeof part, true, code, length);
	if (part[0] == '\0' || place->country[0] == '\0')
		return;
	memcpy(out, place->country, GEO_COUNTRY_SIZE - 1);
	out[GEO_COUNTRY_SIZE - 1] = '-';
	memcpy(out + GEO_COUNTRY_SIZE, part, sizeof part);
}

static bool get_text(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *out)
{
	return MMDB_aget_value(entry, out, path) == MMDB_SUCCESS && out->has_data &&
	       out->type == MMDB_DATA_TYPE_UTF8_STRING;
}

static void read_entry(MMDB_entry_s *entry, struct geo_place *out)
{
	static const char *const countries[][3] = {{"country", "iso_code", NULL}, {"registered_country", "iso_code", NULL}};
	static const char *const regions[GEO_REGIONS][4] = {
		{"subdivisions", "0", "iso_code", NULL}, {"subdivisions", "1", "iso_code", NULL}};
	MMDB_entry_data_s text;

	for (size_t i = 0; i < sizeof countries / sizeof *countries && out->country[0] == '\0'; i++) {
		if (get_text(entry, countries[i], &text))
			put_country(out, text.utf8_string, text.data_size);
	}
	for (size_t i = 0; i < GEO_REGIONS; i++) {
		if (get_text(entry, regions[i], &text))
			put_region(out, i, text.utf8_string, text.data_size);
	}
}

static void find_address(struct geo *geo, const char *text, struct geo_place *out)
{
	MMDB_lookup_result_s found = {0};
	union address address;
	MMDB_s *database;
	int failed = MMDB_SUCCESS;

	if (!read_address(text, &address))
		return;
	look(geo);
	atomic_fetch_add(&geo->readers, 1);
	database = atomic_load(&geo->current);
	if (database != NULL)
		found = MMDB_lookup_sockaddr(database, &address.any, &failed);
	if (failed == MMDB_SUCCESS && found.found_entry)
		read_entry(&found.entry, out);
	atomic_fetch_sub(&geo->readers, 1);
}

/* NULL may stand for either. */
static void put_told(struct geo_place *out, const char *country, const char *region)
{
	if (country != NULL)
		put_country(out, country, strlen(country));
	if (region == NULL)
		return;
	if (out->country[0] != '\0' && strncmp(region, out->country, GEO_COUNTRY_SIZE - 1) == 0 && region[GEO_COUNTRY_SIZE - 1] == '-')
		region += GEO_COUNTRY_SIZE;
	put_region(out, 0, region, strlen(region));
}

/*
 * All lines of the field, as no list is a code: beside the one of the proxy may be one that the client wrote with "_"
 * for "-", which some web servers give the same name.
 */
static const char *header(const struct request *request, const char *name)
{
	return name[0] != '\0' ? request_header_list(request, name) : NULL;
}

void geo_find(struct geo *geo, const struct request *request, struct geo_place *out)
{
	*out = (struct geo_place){0};
	put_told(out, request_parameter(request, "TONEARM_COUNTRY"), request_parameter(request, "TONEARM_REGION"));
	if (out->country[0] == '\0' && request->proxied)
		put_told(out, header(request, geo->conf->geo_country_header),
			header(request, geo->conf->geo_region_header));
	if (out->country[0] == '\0' && geo->conf->geo_database[0] != '\0')
		find_address(geo, request->remote, out);
}

const char *geo_country(struct geo *geo, const struct request *request)
{
	struct geo_place place;

	geo_find(geo, request, &place);
	return place.country[0] != '\0' ? arena_strdup(request->arena, place.country) : NULL;
}
