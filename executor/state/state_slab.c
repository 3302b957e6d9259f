/* The slab (state_slab.h). Large pieces carry a header that links them, so that fini frees them too. */
#include "executor/state/state_slab.h"

#include <string.h>

#include "common/base/alloc.h"

#define CHUNK_BYTES ((size_t)64 * 1024)
#define CHUNK_HEAD 16
#define CLASS_BYTES 8
#define SMALL_MAX ((size_t)WEIR_STATE_SLAB_CLASSES * CLASS_BYTES)

/* Large pieces are a doubly linked ring through class 0 of the free lists. */
typedef struct large {
    struct large *next, *previous;
    uint8_t data[];
} large;

void weir_state_slab_init(weir_state_slab *slab, weir_budget *budget) {
    *slab = (weir_state_slab){.budget = budget};
}

void weir_state_slab_fini(weir_state_slab *slab) {
    while (slab->chunk) {
        uint8_t *next;
        memcpy(&next, slab->chunk, sizeof next);
        weir_free(slab->chunk);
        slab->chunk = next;
    }
    for (large *piece = (large *)slab->free[0]; piece;) {
        large *next = piece->next;
        weir_free(piece);
        piece = next;
    }
    weir_budget_release(slab->budget, slab->bytes);
    weir_state_slab_init(slab, slab->budget);
}

static uint8_t *take_large(weir_state_slab *slab, size_t size) {
    int64_t bytes = (int64_t)(sizeof(large) + size);
    if (!weir_budget_charge(slab->budget, bytes))
        return NULL;
    slab->bytes += bytes;
    large *piece = weir_alloc((size_t)bytes), *first = (large *)slab->free[0];
    piece->next = first;
    piece->previous = NULL;
    if (first)
        first->previous = piece;
    slab->free[0] = (uint8_t *)piece;
    return piece->data;
}

static void give_large(weir_state_slab *slab, uint8_t *data, size_t size) {
    large *piece = (large *)(void *)(data - sizeof(large));
    if (piece->next)
        piece->next->previous = piece->previous;
    if (piece->previous)
        piece->previous->next = piece->next;
    else
        slab->free[0] = (uint8_t *)piece->next;
    slab->bytes -= (int64_t)(sizeof(large) + size);
    weir_budget_release(slab->budget, (int64_t)(sizeof(large) + size));
    weir_free(piece);
}

static size_t class_of(size_t size) {
    return size ? (size + CLASS_BYTES - 1) / CLASS_BYTES : 1;
}

uint8_t *weir_state_slab_take(weir_state_slab *slab, size_t size) {
    if (size > SMALL_MAX)
        return take_large(slab, size);
    size_t class = class_of(size), bytes = class * CLASS_BYTES;
    uint8_t *data = slab->free[class];
    if (data) {
        memcpy(&slab->free[class], data, sizeof slab->free[class]);
        return data;
    }
    if (!slab->chunk || slab->chunk_used + bytes > CHUNK_BYTES) {
        if (!weir_budget_charge(slab->budget, (int64_t)CHUNK_BYTES))
            return NULL;
        slab->bytes += (int64_t)CHUNK_BYTES;
        uint8_t *chunk = weir_alloc(CHUNK_BYTES);
        memcpy(chunk, &slab->chunk, sizeof slab->chunk);
        slab->chunk = chunk;
        slab->chunk_used = CHUNK_HEAD;
    }
    data = slab->chunk + slab->chunk_used;
    slab->chunk_used += bytes;
    return data;
}

void weir_state_slab_give(weir_state_slab *slab, uint8_t *data, size_t size) {
    if (!data)
        return;
    if (size > SMALL_MAX) {
        give_large(slab, data, size);
        return;
    }
    size_t class = class_of(size);
    memcpy(data, &slab->free[class], sizeof slab->free[class]);
    slab->free[class] = data;
}
