/* Counted byte buffers: what columns, messages and blocks are made of.
 *
 * A buffer is written by its maker and immutable once it is shared. It may own its bytes (charged to
 * a budget) or borrow them from an nng message, a mapping or another buffer, which it then keeps
 * alive. Data is 64-byte aligned when owned and has 16 zeroed spare bytes behind its size, so
 * word-wise readers may overrun. ref/unref are thread-safe. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/budget.h"
#include "common/base/compiler.h"

#define WEIR_BUFFER_SPARE 16

typedef struct weir_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity; /* 0 when borrowed */
    weir_budget *budget;
    void (*release)(void *owner); /* borrowed bytes: called with owner at the end */
    void *owner;
    _Atomic int32_t refs;
} weir_buffer;

/* NULL where the budget refuses or memory is gone (a data-plane allocation: handle it). */
WEIR_MUST_CHECK weir_buffer *weir_buffer_new(weir_budget *budget, size_t size);
/* Grows to at least `capacity` bytes, keeping size and contents; only by the sole owner.
 * False where the budget refuses: the buffer is unchanged then. */
WEIR_MUST_CHECK int weir_buffer_reserve(weir_buffer *buffer, size_t capacity);
/* Borrows: `release(owner)` runs when the last reference goes. Spare bytes are NOT promised. */
weir_buffer *weir_buffer_borrow(const void *data, size_t size, void (*release)(void *), void *owner);
weir_buffer *weir_buffer_ref(weir_buffer *buffer);   /* NULL stays NULL */
weir_buffer *weir_buffer_unref(weir_buffer *buffer); /* always NULL */
void weir_buffer_unref_ptr(weir_buffer **buffer);
#define _cleanup_buffer_ _cleanup_(weir_buffer_unref_ptr)
