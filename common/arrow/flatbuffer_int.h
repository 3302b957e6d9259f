/* FlatBuffers, as much as Arrow's metadata needs: tables, strings, vectors.
 *
 *   table  := i32 distance back to its vtable | fields, each aligned to its width
 *   vtable := u16 own size | u16 table size | u16 place of each field in the table (0 = absent)
 *   a reference is a u32 distance forward to a table, a string or a vector (u32 count | elements)
 *
 * Reading is for bytes of strangers: each access is checked against the buffer, a wrong one gives the
 * default and marks the view as bad, so that a parser looks at `bad` once at its end. References may share
 * targets and so form huge trees out of few bytes: the caller limits depth and count. Writing goes
 * front to back: a table first, what it refers to behind it. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

typedef struct weir_flat_view {
    const uint8_t *data;
    size_t size;
    bool bad; /* an access passed the bytes */
} weir_flat_view;

typedef struct weir_flat_table {
    weir_flat_view *view; /* NULL: an absent table, all fields have their defaults */
    size_t at;
    size_t vtable;
    uint32_t vtable_size;
} weir_flat_table;

typedef struct weir_flat_vector {
    weir_flat_view *view;
    size_t at; /* of the first element */
    uint32_t count;
} weir_flat_vector;

weir_flat_table weir_flat_root(weir_flat_view *view);
uint64_t weir_flat_unsigned(const weir_flat_table *table, int slot, int width, uint64_t fallback);
int64_t weir_flat_signed(const weir_flat_table *table, int slot, int width, int64_t fallback);
weir_flat_table weir_flat_child(const weir_flat_table *table, int slot);
bool weir_flat_has(const weir_flat_table *table, int slot);
weir_str weir_flat_text(const weir_flat_table *table, int slot); /* absent: {NULL, 0} */
/* Elements of `width` bytes each (4 for tables). */
weir_flat_vector weir_flat_elements(const weir_flat_table *table, int slot, uint32_t width);
weir_flat_table weir_flat_element(const weir_flat_vector *vector, uint32_t i);
int64_t weir_flat_int64(const weir_flat_vector *vector, uint32_t i); /* of a vector of 8-byte words */

/* A field to write; width 0 = left out, a reference has width 4 and value 0 and is pointed later. */
typedef struct weir_flat_field {
    int width;
    uint64_t value;
} weir_flat_field;
#define WEIR_FLAT_NONE ((weir_flat_field){0, 0})
#define WEIR_FLAT_REFERENCE ((weir_flat_field){4, 0})
#define WEIR_FLAT_SCALAR(bytes, number) ((weir_flat_field){(bytes), (uint64_t)(number)})

/* Starts a buffer; returns the place of the reference to the root table. */
size_t weir_flat_begin(weir_strbuf *buf);
/* Writes a table that `slot` refers to; ret_places[i] = where field i lies. */
void weir_flat_put_table(weir_strbuf *buf, size_t slot, const weir_flat_field *fields, int count,
                         size_t *ret_places);
void weir_flat_put_text(weir_strbuf *buf, size_t slot, weir_str text);
/* A zeroed vector; returns the place of its first element, aligned to 8. */
size_t weir_flat_put_vector(weir_strbuf *buf, size_t slot, uint32_t count, size_t width);
