/* Shared by the aggregates: arrays per group and state columns made from them. Private to the folder. */
#pragma once

#include <string.h>

#include "common/base/alloc.h"
#include "common/expr/aggregate.h"

/* Zero-initialised fixed-width values, one per group. */
typedef struct weir_group_array {
    weir_buffer *buffer;
    size_t width;
    int32_t count;
} weir_group_array;

bool weir_group_array_resize(weir_group_array *array, weir_budget *budget, int32_t count);
void weir_group_array_fini(weir_group_array *array);
#define WEIR_GROUP_ARRAY(array, ctype) ((ctype *)(array).buffer->data)

weir_code weir_aggregate_refused(weir_budget *budget, const char *name, weir_error **err);
/* A column of groups [from, from + count): `values` narrowed or copied to the type's width (BOOLEAN from
 * bytes); null where !present[g] (`present` NULL: no nulls). */
weir_code weir_aggregate_column(weir_budget *budget, const weir_type *type, const void *values,
                                const uint8_t *present, int32_t from, int32_t count, weir_column **ret,
                                weir_error **err);

/* Index of the row in the buffers, or -1 where it is null. */
static inline int32_t weir_aggregate_slot(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    return column->validity && !weir_bit_get(column->validity, slot) ? -1 : slot;
}

/* ---- the cells of one accumulator: a value of any type per group (aggregate_cells.c) ---- */
typedef struct weir_cells {
    weir_budget *budget;
    weir_group_array slots; /* uint8_t *: NULL = never set, else u32 capacity, u32 size, bytes */
    uint8_t *chunk;         /* chunks are linked by their first word */
    size_t chunk_used, chunk_size, bytes_charged;
} weir_cells;

void weir_cells_init(weir_cells *cells, weir_budget *budget);
void weir_cells_fini(weir_cells *cells);
bool weir_cells_resize(weir_cells *cells, int32_t count);
/* Where the group's new value of `size` bytes is written; NULL where memory is refused. */
uint8_t *weir_cells_reserve(weir_cells *cells, int32_t group, size_t size);
static inline bool weir_cells_put(weir_cells *cells, int32_t group, weir_str bytes) {
    uint8_t *target = weir_cells_reserve(cells, group, bytes.size);
    if (target && bytes.size)
        memcpy(target, bytes.data, bytes.size);
    return target != NULL;
}
/* Room for `size` more bytes behind what the group has; NULL where memory is refused. */
uint8_t *weir_cells_extend(weir_cells *cells, int32_t group, size_t size);
/* data NULL where never set. */
static inline weir_str weir_cells_get(const weir_cells *cells, int32_t group) {
    const uint8_t *slot = WEIR_GROUP_ARRAY(cells->slots, uint8_t *)[group];
    return slot ? (weir_str){(const char *)slot + 8, weir_load32(slot + 4)} : (weir_str){0};
}
/* Decodes the cells (one-field rows in value form) of groups [from, from + count); never set = null. */
weir_code weir_cells_column(const weir_cells *cells, weir_budget *budget, const weir_type *type, int32_t from,
                            int32_t count, weir_column **ret, weir_error **err);
/* The cells' bytes as they are, for a BINARY state; never set = null. */
weir_code weir_cells_bytes_column(const weir_cells *cells, weir_budget *budget, int32_t from, int32_t count,
                                  weir_column **ret, weir_error **err);
/* One BINARY state: aggregates whose state is the bytes of a cell. */
int32_t weir_aggregate_bytes_state(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                                   const weir_type *type, const weir_type **ret_types);
/* Address bits of approx_count_distinct for a relative standard deviation. (aggregate_hll.c) */
int32_t weir_hll_precision(double relative_sd);
/* ARITHMETIC_OVERFLOW / INTERVAL_ARITHMETIC_OVERFLOW as Spark words them. */
weir_code weir_aggregate_overflow(weir_error **err, const char *message, const char *alternative);
weir_code weir_aggregate_interval_overflow(weir_error **err);

extern const weir_aggregate_ops weir_count_ops;
extern const weir_aggregate_ops weir_count_if_ops;
extern const weir_aggregate_ops weir_sum_ops;
extern const weir_aggregate_ops weir_avg_ops;
extern const weir_aggregate_ops weir_min_ops;
extern const weir_aggregate_ops weir_max_ops;
extern const weir_aggregate_ops weir_first_ops;
extern const weir_aggregate_ops weir_last_ops;
extern const weir_aggregate_ops weir_max_by_ops;
extern const weir_aggregate_ops weir_min_by_ops;
extern const weir_aggregate_ops weir_try_sum_ops;
extern const weir_aggregate_ops weir_try_avg_ops;
extern const weir_aggregate_ops weir_stddev_pop_ops;
extern const weir_aggregate_ops weir_stddev_samp_ops;
extern const weir_aggregate_ops weir_var_pop_ops;
extern const weir_aggregate_ops weir_var_samp_ops;
extern const weir_aggregate_ops weir_squares_ops;
extern const weir_aggregate_ops weir_skewness_ops;
extern const weir_aggregate_ops weir_kurtosis_ops;
extern const weir_aggregate_ops weir_covar_pop_ops;
extern const weir_aggregate_ops weir_covar_samp_ops;
extern const weir_aggregate_ops weir_products_ops;
extern const weir_aggregate_ops weir_slope_ops;
extern const weir_aggregate_ops weir_intercept_ops;
extern const weir_aggregate_ops weir_corr_ops;
extern const weir_aggregate_ops weir_r2_ops;
extern const weir_aggregate_ops weir_bit_and_ops;
extern const weir_aggregate_ops weir_bit_or_ops;
extern const weir_aggregate_ops weir_bit_xor_ops;
extern const weir_aggregate_ops weir_collect_list_ops;
extern const weir_aggregate_ops weir_collect_set_ops;
extern const weir_aggregate_ops weir_mode_ops;
extern const weir_aggregate_ops weir_percentile_ops;
extern const weir_aggregate_ops weir_percentile_disc_ops;
extern const weir_aggregate_ops weir_percentile_approx_ops;
extern const weir_aggregate_ops weir_approx_count_distinct_ops;
extern const weir_aggregate_ops weir_histogram_numeric_ops;
extern const weir_aggregate_ops weir_listagg_ops;
extern const weir_aggregate_ops weir_max_by_top_ops;
extern const weir_aggregate_ops weir_min_by_top_ops;
