/* Private to common/expr: results that are ARRAY or MAP columns, made of elements of other columns.
 *
 * A kernel writes for each row which elements it consists of, as positions in a source column (-1 = NULL),
 * and the finish gathers them at once: no value is copied one by one. Several sources are joined to one
 * column first; the positions of source k begin at bases[k].
 *
 *   weir_list_begin -> per row: weir_list_add..., weir_list_end(row) or weir_list_null(row) ->
 * weir_list_finish */
#pragma once

#include "common/expr/expr_int.h"

typedef struct weir_list_writer {
    const weir_kernel_call *call;
    weir_column *column; /* under construction: validity, offsets */
    weir_buffer *buffer; /* of the positions */
    int32_t *offsets;
    int32_t *positions;
    int32_t count, capacity;
    int32_t next; /* first row whose end is not written yet */
} weir_list_writer;

/* Zero-initialise; fini in every case. `estimate` is a guess of the number of elements. */
weir_code weir_list_begin(weir_list_writer *writer, const weir_kernel_call *call, int64_t estimate,
                          weir_error **err);
/* Room for `count` more positions behind writer->positions + writer->count. */
weir_code weir_list_room(weir_list_writer *writer, int64_t count, weir_error **err);
static inline weir_code weir_list_add(weir_list_writer *writer, int32_t position, weir_error **err) {
    if (WEIR_UNLIKELY(writer->count == writer->capacity))
        WEIR_TRY(weir_list_room(writer, 1, err));
    writer->positions[writer->count++] = position;
    return WEIR_OK;
}
/* Positions [from, to). */
weir_code weir_list_add_range(weir_list_writer *writer, int32_t from, int32_t to, weir_error **err);
/* Closes the row; the rows before it that were left out are empty. */
static inline void weir_list_end(weir_list_writer *writer, int32_t row) {
    for (; writer->next < row; writer->next++)
        writer->offsets[writer->next + 1] = writer->offsets[writer->next];
    writer->offsets[++writer->next] = writer->count;
}
/* The row is NULL; what was added to it is dropped. */
weir_code weir_list_null(weir_list_writer *writer, int32_t row, weir_error **err);
/* The column of call->type: element (or key and value) children gathered from `sources`, one per child. */
weir_code weir_list_finish(weir_list_writer *writer, weir_column *const *sources, weir_column **ret,
                           weir_error **err);
/* A MAP whose values have positions of their own. */
weir_code weir_list_finish_map(weir_list_writer *writer, weir_column *keys, weir_column *values,
                               const int32_t *value_positions, weir_column **ret, weir_error **err);
void weir_list_fini(weir_list_writer *writer);
#define _cleanup_list_ _cleanup_(weir_list_fini)

/* `count` columns of one type (of any nullability) behind each other, FLAT; bases[k] is where column k
 * begins. A CONSTANT column gives one row. */
weir_code weir_columns_join(weir_budget *budget, const weir_type *type, weir_column *const *columns,
                            int32_t count, int32_t *bases, weir_column **ret, weir_error **err);

/* The elements of a row's list: child rows [from, to). */
typedef struct weir_span {
    int32_t from, to;
} weir_span;
static inline weir_span weir_list_span(const weir_column *list, int32_t row) {
    int32_t slot = weir_column_slot(list, row);
    return (weir_span){list->offsets[slot], list->offsets[slot + 1]};
}
/* An upper bound of the elements of the selected rows. */
int64_t weir_list_total(const weir_kernel_call *call, const weir_column *list);

/* ---- sets of elements (list_set.c) ---- */
/* Elements as bytes that are equal where Spark's values are (-0.0 = 0.0, one NaN), and a table of those of
 * one row. */
typedef struct weir_element_set {
    struct weir_rows *rows; /* one encoded row per element of the source column */
    weir_arena *arena;
    uint64_t *stamps; /* generation << 32 | position */
    uint32_t generation;
    uint32_t mask;
    bool has_null;
} weir_element_set;
weir_code weir_element_set_init(weir_element_set *set, const weir_kernel_call *call, weir_column *source,
                                weir_error **err);
void weir_element_set_fini(weir_element_set *set);
#define _cleanup_element_set_ _cleanup_(weir_element_set_fini)
/* Empties the set and makes room for `count` elements. */
void weir_element_set_clear(weir_element_set *set, int32_t count);
/* Adds the element at `position` of the source (not NULL); the position of an equal one that was there, or
 * -1. */
int32_t weir_element_set_add(weir_element_set *set, int32_t position);
int32_t weir_element_set_find(const weir_element_set *set, int32_t position);
