/* SPDX-License-Identifier: MIT */
/*
 * Memory with a lifetime. A request and a job each own one arena; everything made in it goes at once with
 * arena_free(). Blocks grow by doubling up to 1 MiB; a larger allocation gets a block of its own.
 * Allocation never returns NULL: when the system has no memory the process aborts, as everything that takes
 * a size from outside bounds it first. An arena belongs to one thread at a time.
 */
#ifndef TONEARM_BASE_ARENA_H
#define TONEARM_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/* `struct arena a = {0};` is an empty one. */
struct arena {
	struct arena_block *blocks; /* newest first */
};

/* SIZE zeroed bytes, aligned for any type. Valid until arena_free() or arena_reset(). */
void *arena_alloc(struct arena *arena, size_t size);

/* COUNT zeroed elements of SIZE bytes; aborts when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/*
 * ARRAY of COUNT elements of SIZE bytes, with room for one more: itself, or a copy in more room. ARRAY came from here,
 * or is NULL with a COUNT of 0.
 */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t size);

/* Copies of a NUL-terminated string (NULL gives NULL), and of LENGTH bytes with a NUL added. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_memdup(struct arena *arena, const void *bytes, size_t length);

/* A formatted string. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Drops all that was allocated but keeps the newest block for reuse: one arena serves many requests. */
void arena_reset(struct arena *arena);

/* Gives all memory back; the arena is empty and usable again. */
void arena_free(struct arena *arena);

#endif
