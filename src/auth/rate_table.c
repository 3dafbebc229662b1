/* SPDX-License-Identifier: MIT */
#include "auth/rate_table.h"

#include "base/hash.h"
#include "base/id.h"
#include "base/shared.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A key may have any cell of its set: a set is two lines of the processor's cache. */
enum { WAYS = 8, SETS = 8192, TRIES = 16 };

/* Times in cells are in units of 2^-22 ms, until 2109. Those of places have whole milliseconds, and the holder below. */
enum { FRACTION_BITS = 22, DEVICE_BITS = 12 };

#define FRACTION ((uint64_t)1 << FRACTION_BITS)
#define DEVICE_MASK (((uint64_t)1 << DEVICE_BITS) - 1)

static const uint64_t file_magic = 0x746F6E6172617432; /* "tonarat2": the last digit is the layout's version */

struct cell {
	_Atomic uint64_t key; /* 0: never used */
	_Atomic uint64_t time;
};

struct rate_table {
	struct shared_head head;
	_Atomic uint64_t seed; /* of keys, so that nobody can aim at a set */
	struct cell sets[SETS][WAYS];
};

enum err rate_table_open(const char *path, struct rate_table **out, struct err_info *info)
{
	struct shared shared;
	enum err err = shared_open(path, file_magic, 0, sizeof(struct rate_table), &shared, info);
	uint64_t none = 0;
	char random[17];

	*out = NULL;
	if (err != ERR_OK)
		return err;
	close(shared.fd);
	*out = shared.address;
	id_random_hex(8, random);
	atomic_compare_exchange_strong(&(*out)->seed, &none, strtoull(random, NULL, 16));
	return ERR_OK;
}

void rate_table_close(struct rate_table *table)
{
	if (table != NULL)
		munmap(table, sizeof *table);
}

/* The finalizer of MurmurHash3: each bit of the result depends on all of VALUE. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 33) * 0xFF51AFD7ED558CCDU;
	value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53U;
	return value ^ value >> 33;
}

uint64_t rate_key(const struct rate_table *table, const void *bytes, size_t length, uint64_t number)
{
	uint64_t seed = mix(atomic_load_explicit(&table->seed, memory_order_relaxed) ^ number);
	uint64_t hash = hash_quick(bytes, length, seed);

	return hash == 0 ? 1 : hash;
}

/* TIME as it is at NOW: what can be no time of ours is past. */
static uint64_t sane(uint64_t time, uint64_t now)
{
	return time > now + 2 * (uint64_t)RATE_HORIZON_MS * FRACTION ? 0 : time;
}

static struct cell *set_of(struct rate_table *table, uint64_t key)
{
	return table->sets[mix(key) % SETS];
}

static struct cell *find(struct cell *set, uint64_t key)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (atomic_load_explicit(&set[i].key, memory_order_relaxed) == key)
			return &set[i];
	}
	return NULL;
}

/* The cell of KEY, one that it takes over when it has none. NULL when others are always faster. */
static struct cell *claim(struct rate_table *table, uint64_t key, uint64_t now)
{
	struct cell *set = set_of(table, key), *cell = find(set, key);

	for (int try = 0; cell == NULL && try < TRIES; try++) {
		uint64_t least = UINT64_MAX, holder = 0;
		struct cell *soonest = set;

		for (size_t i = 0; i < WAYS; i++) {
			uint64_t theirs = atomic_load(&set[i].key), time = sane(atomic_load(&set[i].time), now);

			if (time < least) {
				least = time;
				holder = theirs;
				soonest = &set[i];
			}
		}
		if (!atomic_compare_exchange_strong(&soonest->key, &holder, key)) {
			cell = find(set, key);
			continue;
		}
		if (least > now)
			atomic_compare_exchange_strong(&soonest->time, &least, 0);
		cell = soonest;
	}
	return cell;
}

/* The time of KEY's CELL from FOUND to TIME. False when it has changed, or the cell is another's by now. */
static bool change(struct cell *cell, uint64_t key, uint64_t found, uint64_t time)
{
	uint64_t expected = found;

	if (!atomic_compare_exchange_strong(&cell->time, &expected, time))
		return false;
	if (atomic_load(&cell->key) == key)
		return true;
	expected = time;
	atomic_compare_exchange_strong(&cell->time, &expected, found);
	return false;
}

/* What is told of a bucket that owes OWED, when UNIT is the time of one unit and FULL that of the burst. */
static struct rate_answer tell(bool granted, double owed, double need, double unit, double full)
{
	int64_t left = owed < full ? (int64_t)((full - owed) / unit) : 0;
	double lacks = granted ? owed + ((double)left + 1) * unit - full : owed + need * unit - full;

	return (struct rate_answer){
		.granted = granted, .left = left, .wait_ms = owed > 0 ? (int64_t)ceil(lacks / (double)FRACTION) : 0};
}

struct rate_answer rate_take(struct rate_table *table, uint64_t key, const struct rate_bucket *bucket, double need,
	double cost, int64_t now_ms)
{
	const double unit = 1000 * (double)FRACTION / bucket->per_second, full = bucket->burst * unit;
	const uint64_t now = (uint64_t)now_ms << FRACTION_BITS;
	struct cell *cell;

	while ((cell = claim(table, key, now)) != NULL) {
		uint64_t found = atomic_load(&cell->time), time = sane(found, now);
		double owed = time > now ? (double)(time - now) : 0;

		if (owed + need * unit > full)
			return tell(false, owed, need, unit, full);
		owed += cost * unit;
		if (change(cell, key, found, now + (uint64_t)owed))
			return tell(true, owed, need, unit, full);
	}
	return (struct rate_answer){.granted = true};
}

/* --- places ---------------------------------------------------------------------------------------------- */

static uint64_t key_of_place(uint64_t key, size_t index)
{
	uint64_t place = mix(key + index + 1);

	return place == 0 ? 1 : place;
}

/* What stands below the milliseconds: enough of both to tell the few holders of one key apart. */
static uint64_t mark_of(const struct rate_holder *holder)
{
	return (mix(holder->what) << DEVICE_BITS | (mix(holder->device) & DEVICE_MASK)) & (FRACTION - 1);
}

static uint64_t at(int64_t ms, uint64_t mark)
{
	return (uint64_t)ms << FRACTION_BITS | mark;
}

/* Brings the end of a place forward to MS. */
static void shorten(struct cell *cell, uint64_t time, int64_t ms)
{
	uint64_t end = at(ms, time & (FRACTION - 1));

	if (time > end)
		atomic_compare_exchange_strong(&cell->time, &time, end);
}

/* One look at all places. */
struct survey {
	struct cell *own; /* NULL: none */
	uint64_t own_time;
	size_t held;
	size_t free;      /* index of one; when there is none, RATE_PLACES_MOST */
	uint64_t soonest; /* end of the place that is given up next */
};

static struct survey look(
	struct rate_table *table, uint64_t key, size_t count, uint64_t mark, int64_t leave_ms, int64_t now_ms)
{
	struct survey survey = {.free = RATE_PLACES_MOST, .soonest = UINT64_MAX};
	uint64_t now = at(now_ms, FRACTION - 1);

	for (size_t i = 0; i < count; i++) {
		uint64_t place = key_of_place(key, i);
		struct cell *cell = find(set_of(table, place), place);
		uint64_t time = cell != NULL ? sane(atomic_load(&cell->time), now) : 0;

		if (time <= now) {
			survey.free = i;
			continue;
		}
		survey.held++;
		if ((time & (FRACTION - 1)) == mark) {
			survey.own = cell;
			survey.own_time = time;
		} else if ((time & DEVICE_MASK) == (mark & DEVICE_MASK)) {
			shorten(cell, time, leave_ms);
		}
		if (time < survey.soonest)
			survey.soonest = time;
	}
	return survey;
}

/* Takes the free place that SURVEY found. False when somebody else was faster. */
static bool take_place(
	struct rate_table *table, uint64_t key, const struct survey *survey, uint64_t time, int64_t now_ms)
{
	uint64_t now = at(now_ms, FRACTION - 1), place = key_of_place(key, survey->free), found;
	struct cell *cell = claim(table, place, now);

	if (cell == NULL)
		return false;
	found = atomic_load(&cell->time);
	return sane(found, now) <= now && change(cell, place, found, time);
}

struct rate_answer rate_hold(struct rate_table *table, uint64_t key, size_t count, const struct rate_holder *holder,
	int64_t until_ms, int64_t leave_ms, int64_t now_ms)
{
	uint64_t mark = mark_of(holder), time = at(until_ms, mark);
	struct survey survey = {0};
	bool granted = false;

	assert(count <= RATE_PLACES_MOST);
	for (int try = 0; try < TRIES && !granted; try++) {
		survey = look(table, key, count, mark, leave_ms, now_ms);
		if (survey.own != NULL)
			granted = survey.own_time >= time ||
				  atomic_compare_exchange_strong(&survey.own->time, &survey.own_time, time);
		else if (survey.free == RATE_PLACES_MOST)
			break;
		else if ((granted = take_place(table, key, &survey, time, now_ms)))
			survey.held++;
	}
	return (struct rate_answer){
		.granted = granted,
		.left = (int64_t)(count - survey.held),
		.wait_ms = granted || survey.held == 0 ? 0 : (int64_t)(survey.soonest >> FRACTION_BITS) - now_ms,
	};
}

void rate_leave(struct rate_table *table, uint64_t key, size_t count, const struct rate_holder *holder, int64_t until_ms)
{
	uint64_t mark = mark_of(holder);

	for (size_t i = 0; i < count; i++) {
		uint64_t place = key_of_place(key, i), time;
		struct cell *cell = find(set_of(table, place), place);

		if (cell == NULL)
			continue;
		time = atomic_load(&cell->time);
		if ((time & (FRACTION - 1)) == mark)
			shorten(cell, time, until_ms);
	}
}
