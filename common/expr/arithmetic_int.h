/* Private to arithmetic*.c. */
#pragma once

#include <stdio.h>

#include "common/expr/expr_int.h"

typedef enum weir_arithmetic {
    WEIR_ARITHMETIC_ADD,
    WEIR_ARITHMETIC_SUBTRACT,
    WEIR_ARITHMETIC_MULTIPLY,
    WEIR_ARITHMETIC_DIVIDE,
    WEIR_ARITHMETIC_DIV, /* integral division */
    WEIR_ARITHMETIC_REMAINDER,
    WEIR_ARITHMETIC_PMOD,
} weir_arithmetic;

weir_code weir_arithmetic_resolve(weir_arithmetic op, WEIR_RESOLVE_PARAMS);
/* Brings a decimal and another number to decimals (or both to DOUBLE), for comparisons too. */
void weir_arithmetic_decimal_operands(weir_resolve *resolve, weir_node **args);
/* arithmetic_decimal.c */
weir_code weir_arithmetic_decimal(const weir_kernel_call *call, weir_arithmetic op, weir_column **ret,
                                  weir_error **err);
weir_code weir_arithmetic_decimal_unary(const weir_kernel_call *call, bool absolute, weir_column **ret,
                                        weir_error **err);
weir_code weir_decimal_out_of_range(weir_int128 value, int32_t value_scale, const weir_type *type,
                                    weir_error **err);
/* decimal_wide.c: the text of a result that does not fit, at most 128 bytes */
void weir_decimal_result_text(weir_arithmetic op, weir_int128 a, int32_t a_scale, weir_int128 b,
                              int32_t b_scale, int32_t scale, char *ret);
uint64_t weir_decimal_quotient_low(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale);
