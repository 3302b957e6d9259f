/* Counted byte buffers (buffer.h). Data-plane allocation: may refuse, never aborts for data. */
#include "common/base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

#define ALIGNMENT 64

static uint8_t *allocate(weir_budget *budget, size_t capacity) {
    if (!weir_budget_charge(budget, (int64_t)capacity))
        return NULL;
    size_t bytes = (capacity + WEIR_BUFFER_SPARE + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    uint8_t *data = aligned_alloc(ALIGNMENT, bytes);
    if (!data) {
        weir_budget_release(budget, (int64_t)capacity);
        return NULL;
    }
    memset(data + capacity, 0, WEIR_BUFFER_SPARE);
    return data;
}

weir_buffer *weir_buffer_new(weir_budget *budget, size_t size) {
    weir_buffer *buffer = calloc(1, sizeof *buffer);
    if (!buffer)
        return NULL;
    buffer->capacity = size ? size : 1;
    buffer->data = allocate(budget, buffer->capacity);
    if (!buffer->data) {
        free(buffer);
        return NULL;
    }
    buffer->size = size;
    buffer->budget = budget;
    atomic_init(&buffer->refs, 1);
    return buffer;
}

int weir_buffer_reserve(weir_buffer *buffer, size_t capacity) {
    if (capacity <= buffer->capacity)
        return 1;
    WEIR_ASSERT(buffer->capacity > 0);
    uint8_t *data = allocate(buffer->budget, capacity);
    if (!data)
        return 0;
    memcpy(data, buffer->data, buffer->capacity);
    free(buffer->data);
    weir_budget_release(buffer->budget, (int64_t)buffer->capacity);
    buffer->data = data;
    buffer->capacity = capacity;
    return 1;
}

weir_buffer *weir_buffer_borrow(const void *data, size_t size, void (*release)(void *), void *owner) {
    weir_buffer *buffer = weir_alloc_zero(1, sizeof *buffer);
    buffer->data = (uint8_t *)(uintptr_t)data;
    buffer->size = size;
    buffer->release = release;
    buffer->owner = owner;
    atomic_init(&buffer->refs, 1);
    return buffer;
}

weir_buffer *weir_buffer_ref(weir_buffer *buffer) {
    if (buffer)
        atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);
    return buffer;
}

weir_buffer *weir_buffer_unref(weir_buffer *buffer) {
    if (!buffer || atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    if (buffer->capacity) {
        weir_budget_release(buffer->budget, (int64_t)buffer->capacity);
        free(buffer->data);
    } else if (buffer->release) {
        buffer->release(buffer->owner);
    }
    free(buffer);
    return NULL;
}

void weir_buffer_unref_ptr(weir_buffer **buffer) {
    weir_buffer_unref(*buffer);
}
