/* State objects: the sections of several stores in one file, e.g. the changelog object that an executor
 * writes per epoch, or its snapshots. Index in front, every section with its own checksum, so that a reader
 * that wants some key groups of one operator can read the header and the ranges it needs. Layout:
 * docs/formats/state.md. Pure functions; any thread. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef struct weir_state_object_part {
    int32_t operator_id;
    int32_t group_from, group_to; /* [from, to) */
    weir_str section;             /* index alone: data NULL */
    int64_t offset, size;         /* of the section in the object; set by the readers */
    uint32_t crc;
} weir_state_object_part;

typedef struct weir_state_object {
    int64_t batch_id;
    weir_state_object_part *parts;
    int32_t count;
    int64_t size; /* of the whole object */
} weir_state_object;

/* Appends an object with these sections. Order is kept: callers sort by operator and group_from, so that the
 * same parts give the same bytes. */
void weir_state_object_write(weir_strbuf *buf, int64_t batch_id, const weir_state_object_part *parts,
                             int32_t count);
/* Checks header, index, bounds and every section's checksum; CORRUPT_FILE with `what`. Parts live in the
 * arena, sections point into `bytes`. */
weir_code weir_state_object_read(weir_arena *arena, weir_str bytes, const char *what, weir_state_object *ret,
                                 weir_error **err);
/* The same from the first bytes alone: gives the index without sections. `*ret_need` > bytes.size means: call
 * again with that many bytes (ret is not set then). Check each section that was read with
 * weir_state_object_check. */
weir_code weir_state_object_read_index(weir_arena *arena, weir_str bytes, const char *what, size_t *ret_need,
                                       weir_state_object *ret, weir_error **err);
weir_code weir_state_object_check(const weir_state_object_part *part, weir_str section, const char *what,
                                  weir_error **err);
