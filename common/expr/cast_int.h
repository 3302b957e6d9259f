/* Private to cast*.c: one function per source family, each serving all its targets. */
#pragma once

#include <stdio.h>

#include "common/expr/expr_int.h"
#include "common/expr/program.h"

/* Kernels over FLAT or CONSTANT args[0]; no selected row is NULL; call->type is the target. */
typedef weir_code (*weir_cast_kernel)(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                      weir_error **err);

weir_code weir_cast_from_number(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                weir_error **err);
weir_code weir_cast_from_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                 weir_error **err);
weir_code weir_cast_to_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                               weir_error **err);
weir_code weir_cast_from_string(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                weir_error **err);
weir_code weir_cast_from_datetime(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                  weir_error **err);
weir_code weir_cast_from_interval(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                  weir_error **err);
weir_code weir_cast_to_interval(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                weir_error **err);
weir_code weir_cast_to_string(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                              weir_error **err);
weir_code weir_cast_nested(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                           weir_error **err);

/* A row that cannot be cast: raises CAST_OVERFLOW under ANSI, else the row becomes NULL. */
weir_code weir_cast_overflow(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                             int32_t row, weir_error **err);
/* The same with CAST_INVALID_INPUT. */
weir_code weir_cast_invalid(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            int32_t row, weir_error **err);
/* A value as SQL prints it in messages: 'abc', 300S, 1.5D, TIMESTAMP '...'. */
void weir_cast_value_text(weir_strbuf *buf, const weir_column *column, int32_t row,
                          const weir_timezone *zone);
char *weir_cast_type_text(weir_arena *arena, const weir_type *type);

#define WEIR_CAST_ROW(expr) \
    do { \
        weir_code cast_code_ = (expr); \
        if (WEIR_UNLIKELY(cast_code_ != WEIR_OK)) { \
            weir_column_unref(column); \
            return cast_code_; \
        } \
    } while (0)
