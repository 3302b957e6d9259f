/* Private to lambda_*.c and array_sort_functions.c: what the higher-order functions share. */
#pragma once

#include "common/expr/lambda_int.h"

#define WEIR_PARAMETERS_PARAMS \
    weir_resolve *resolve, const weir_function *function, weir_node **args, int32_t index, int32_t written, \
        weir_lambda_parameter *ret, int32_t *ret_count, weir_error **err

/* ---- lambda_functions.c ---- */
/* The argument is an ARRAY. */
weir_code weir_lambda_check_array(weir_resolve *resolve, weir_node **args, int32_t index, weir_error **err);
/* The lambda args[index] gives BOOLEAN. */
weir_code weir_lambda_check_boolean(weir_resolve *resolve, weir_node **args, int32_t index, weir_error **err);
bool weir_lambda_is_true(const weir_column *truth, int32_t row);
/* Keeps the elements for which `truth` is true. */
weir_code weir_flat_lists_filter(const weir_kernel_call *call, weir_flat_lists *flat,
                                 const weir_column *truth, weir_error **err);
