/* Private to common/expr: maps from entries, under Spark's rules for keys.
 *
 * A NULL key is an error; of keys that are equal (-0.0 = 0.0, NaN = NaN) the second is an error, or under
 * spark.sql.mapKeyDedupPolicy = LAST_WIN gives its value to the first. */
#pragma once

#include "common/expr/array_functions_int.h"

/* A MAP column of call->type. The entries of a row are entries [offsets[row], offsets[row + 1]) of `keys` and
 * `values` (columns of that many rows, any nullability). Rows for which `is_null` says so (may be NULL) are
 * NULL, those not selected are empty. */
weir_code weir_map_build(const weir_kernel_call *call, const int32_t *offsets, weir_column *keys,
                         weir_column *values, const uint8_t *is_null, bool last_win, weir_column **ret,
                         weir_error **err);

/* DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE where a key is or holds a map or a variant. */
weir_code weir_map_check_key(weir_resolve *resolve, const weir_type *key, weir_error **err);

/* A function in two forms: the second is what the analyzer takes under LAST_WIN. */
#define WEIR_LAST_WIN "weir_last_win_"
