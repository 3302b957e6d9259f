/* Arena (arena.h): chunks double from 4 KiB to 1 MiB; a request larger than a chunk gets its own. */
#include "common/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/budget.h"

#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_MAX ((size_t)1 << 20)
#define ALIGNMENT ((size_t)16)

typedef struct chunk {
    struct chunk *next; /* older */
    size_t capacity;
} chunk;

typedef struct cleanup {
    struct cleanup *next; /* registered before */
    void (*fn)(void *);
    void *ptr;
} cleanup;

struct weir_arena {
    weir_budget *budget;
    chunk *newest;
    uint8_t *at, *end; /* free space of the newest chunk */
    size_t bytes;
    cleanup *cleanups;
};

weir_arena *weir_arena_new_in(weir_budget *budget) {
    weir_arena *arena = weir_alloc_zero(1, sizeof *arena);
    arena->budget = budget;
    return arena;
}

weir_arena *weir_arena_new(void) {
    return weir_arena_new_in(NULL);
}

static size_t header_size(void) {
    return (sizeof(chunk) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

static void use_chunk(weir_arena *arena, chunk *c) {
    arena->at = (uint8_t *)c + header_size();
    arena->end = (uint8_t *)c + c->capacity;
}

static void add_chunk(weir_arena *arena, size_t need) {
    size_t capacity = arena->newest ? WEIR_MIN(arena->newest->capacity * 2, CHUNK_MAX) : CHUNK_FIRST;
    capacity = WEIR_MAX(capacity, need + header_size());
    chunk *c = weir_alloc(capacity);
    weir_budget_force(arena->budget, (int64_t)capacity);
    c->capacity = capacity;
    c->next = arena->newest;
    arena->newest = c;
    arena->bytes += capacity;
    use_chunk(arena, c);
}

static void free_chunks(weir_arena *arena, chunk *keep) {
    while (arena->newest != keep) {
        chunk *c = arena->newest;
        arena->newest = c->next;
        arena->bytes -= c->capacity;
        weir_budget_release(arena->budget, (int64_t)c->capacity);
        weir_free(c);
    }
}

static void run_cleanups(weir_arena *arena, const cleanup *until) {
    while (arena->cleanups != until) {
        cleanup *c = arena->cleanups;
        arena->cleanups = c->next;
        c->fn(c->ptr);
    }
}

void weir_arena_reset(weir_arena *arena) {
    run_cleanups(arena, NULL);
    chunk *first = arena->newest;
    while (first && first->next)
        first = first->next;
    free_chunks(arena, first);
    if (first)
        use_chunk(arena, first);
}

weir_arena_mark weir_arena_mark_here(const weir_arena *arena) {
    return (weir_arena_mark){arena->newest, arena->at, arena->cleanups};
}

void weir_arena_rewind(weir_arena *arena, weir_arena_mark mark) {
    if (!mark.chunk) { /* nothing had been allocated */
        weir_arena_reset(arena);
        return;
    }
    run_cleanups(arena, mark.cleanups);
    free_chunks(arena, mark.chunk);
    use_chunk(arena, arena->newest);
    arena->at = mark.at;
}

void weir_arena_free(weir_arena *arena) {
    if (!arena)
        return;
    run_cleanups(arena, NULL);
    free_chunks(arena, NULL);
    weir_free(arena);
}

void weir_arena_free_ptr(weir_arena **arena) {
    weir_arena_free(*arena);
}

void *weir_arena_alloc(weir_arena *arena, size_t size) {
    size = (WEIR_MAX(size, 1) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (WEIR_UNLIKELY((size_t)(arena->end - arena->at) < size))
        add_chunk(arena, size);
    void *ptr = arena->at;
    arena->at += size;
    return ptr;
}

void *weir_arena_zalloc(weir_arena *arena, size_t size) {
    return memset(weir_arena_alloc(arena, size), 0, size);
}

char *weir_arena_strndup(weir_arena *arena, const char *text, size_t size) {
    char *copy = weir_arena_alloc(arena, size + 1);
    if (size)
        memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

char *weir_arena_strdup(weir_arena *arena, const char *text) {
    return weir_arena_strndup(arena, text, strlen(text));
}

weir_str weir_arena_str(weir_arena *arena, weir_str text) {
    return (weir_str){weir_arena_strndup(arena, text.data, text.size), text.size};
}

char *weir_arena_printf(weir_arena *arena, const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = weir_arena_alloc(arena, (size_t)WEIR_MAX(size, 0) + 1);
    vsnprintf(text, (size_t)WEIR_MAX(size, 0) + 1, fmt, again);
    va_end(again);
    return text;
}

void weir_arena_on_reset(weir_arena *arena, void (*fn)(void *ptr), void *ptr) {
    cleanup *c = weir_arena_alloc(arena, sizeof *c);
    *c = (cleanup){arena->cleanups, fn, ptr};
    arena->cleanups = c;
}

size_t weir_arena_bytes(const weir_arena *arena) {
    return arena->bytes;
}
