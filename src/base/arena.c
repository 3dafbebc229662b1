/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *block_add(struct arena *arena, size_t need)
{
	size_t size = FIRST_BLOCK;
	struct arena_block *block;

	if (arena->blocks != NULL)
		size = arena->blocks->size * 2;
	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < need)
		size = need;
	if (size > SIZE_MAX - sizeof *block)
		abort();
	block = malloc(sizeof *block + size);
	if (block == NULL)
		abort();
	block->size = size;
	block->used = 0;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

/* SIZE bytes of any content. */
static void *take(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *result;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (block == NULL || block->size - block->used < size)
		block = block_add(arena, size);
	result = block->bytes + block->used;
	block->used += size;
	return result;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size), 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		abort();
	return arena_alloc(arena, total);
}

char *arena_memdup(struct arena *arena, const void *bytes, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

/* Room is for GROW_LEAST elements and doubles from there, so it is used up at the powers of two. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t size)
{
	enum { GROW_LEAST = 16 };
	void *more;

	if (count > 0 && (count < GROW_LEAST || (count & (count - 1)) != 0))
		return array;
	more = arena_array(arena, count == 0 ? GROW_LEAST : 2 * count, size);
	if (count > 0)
		memcpy(more, array, count * size);
	return more;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_memdup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	const struct arena_block *block = arena->blocks;
	size_t room = block == NULL ? 0 : block->size - block->used;
	char *place = room == 0 ? NULL : (char *)block->bytes + block->used, *text;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(place, room, format, again); /* it nearly always fits in what is left of the block */
	va_end(again);
	if (length < 0)
		abort();
	text = take(arena, (size_t)length + 1);
	if (text != place)
		vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void arena_reset(struct arena *arena)
{
	struct arena_block *newest = arena->blocks;

	if (newest == NULL)
		return;
	arena->blocks = newest->next;
	arena_free(arena);
	newest->next = NULL;
	newest->used = 0;
	arena->blocks = newest;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}
