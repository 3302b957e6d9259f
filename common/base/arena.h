/* Arena: memory by lifetime (session > query > epoch > task > batch).
 *
 * Allocation is a pointer bump in malloc'd chunks; nothing is freed alone. A reset keeps the first
 * chunk and runs the registered clean-ups (latest first). Not thread-safe: one owner at a time. */
#pragma once

#include <stddef.h>

#include "common/base/compiler.h"
#include "common/base/str.h"

typedef struct weir_arena weir_arena;
struct weir_budget;

weir_arena *weir_arena_new(void);
/* Chunks are charged to `budget` (borrowed, may be NULL). A refused charge is still served, since
 * arena memory is small by contract; the budget's `over` flag records it. */
weir_arena *weir_arena_new_in(struct weir_budget *budget);
void weir_arena_free(weir_arena *arena); /* accepts NULL */
void weir_arena_free_ptr(weir_arena **arena);
#define _cleanup_arena_ _cleanup_(weir_arena_free_ptr)
void weir_arena_reset(weir_arena *arena);

/* Gives back what was allocated since the mark, for loops within one lifetime; marks nest. A reset in between
 * makes a mark void. */
typedef struct weir_arena_mark {
    void *chunk, *at, *cleanups;
} weir_arena_mark;
weir_arena_mark weir_arena_mark_here(const weir_arena *arena);
void weir_arena_rewind(weir_arena *arena, weir_arena_mark mark);

void *weir_arena_alloc(weir_arena *arena, size_t size);  /* 16-aligned, uninitialised */
void *weir_arena_zalloc(weir_arena *arena, size_t size); /* zeroed */
char *weir_arena_strdup(weir_arena *arena, const char *text);
char *weir_arena_strndup(weir_arena *arena, const char *text, size_t size); /* NUL-terminated */
weir_str weir_arena_str(weir_arena *arena, weir_str text);                  /* copy, NUL-terminated behind */
WEIR_PRINTF(2, 3) char *weir_arena_printf(weir_arena *arena, const char *fmt, ...);

/* `fn(ptr)` runs at the next reset or free: for counted objects that an arena object holds. */
void weir_arena_on_reset(weir_arena *arena, void (*fn)(void *ptr), void *ptr);

size_t weir_arena_bytes(const weir_arena *arena); /* reserved by its chunks */

#define WEIR_NEW(arena, type) ((type *)weir_arena_zalloc((arena), sizeof(type)))
#define WEIR_NEW_ARRAY(arena, type, count) \
    ((type *)weir_arena_zalloc((arena), sizeof(type) * (size_t)(count)))
