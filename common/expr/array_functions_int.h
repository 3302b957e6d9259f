/* Private to the array and map families: what they share. */
#pragma once

#include "common/expr/list_int.h"

/* Spark's ByteArrayMethods.MAX_ROUNDED_ARRAY_LENGTH */
#define WEIR_ARRAY_SIZE_MAX INT64_C(2147483632)
#define WEIR_ARRAY_SIZE_TEXT "2147483632"

/* ---- array_functions.c ---- */
/* DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES for an array and a value. */
weir_code weir_array_diff_types(weir_resolve *resolve, const weir_function *function, weir_node *const *args,
                                weir_error **err);
/* DATATYPE_MISMATCH.INVALID_ORDERING_TYPE where elements of the type have no order. */
weir_code weir_array_check_comparable(weir_resolve *resolve, const weir_function *function,
                                      const weir_type *element, weir_error **err);
/* Makes an untyped NULL an array. */
void weir_array_of_null(weir_resolve *resolve, weir_node **arg);
/* The common type without making text of other types; NULL where there is none. */
const weir_type *weir_array_wider(weir_resolve *resolve, const weir_type *a, const weir_type *b);
/* COLLECTION_SIZE_LIMIT_EXCEEDED.FUNCTION */
weir_code weir_array_too_large(const char *function, int64_t size, weir_error **err);
