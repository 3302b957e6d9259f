/* Shifts (functions and operators), counting and reading single bits, and where a value stands in a bitmap
 * of bitmap_construct_agg. Java's rules: a shift takes the low 5 or 6 bits of its distance. */
#include <stdio.h>

#include "common/expr/expr_int.h"

/* BODY32 and BODY64 see `value` (unsigned) and `by`. */
#define SHIFT_KERNEL(name, BODY32, BODY64) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const int32_t *b = WEIR_VALUES(call->args[1], int32_t); \
        if (call->type->kind == WEIR_TYPE_LONG) { \
            const int64_t *a = WEIR_VALUES(call->args[0], int64_t); \
            int64_t *out = weir_column_values(column); \
            WEIR_LOOP2(call, { \
                const uint64_t value = (uint64_t)a[x]; \
                const unsigned by = (unsigned)b[y] & 63; \
                out[i] = (int64_t)(BODY64); \
            }); \
        } else { \
            const int32_t *a = WEIR_VALUES(call->args[0], int32_t); \
            int32_t *out = weir_column_values(column); \
            WEIR_LOOP2(call, { \
                const uint32_t value = (uint32_t)a[x]; \
                const unsigned by = (unsigned)b[y] & 31; \
                out[i] = (int32_t)(BODY32); \
            }); \
        } \
        *ret = column; \
        return WEIR_OK; \
    }
SHIFT_KERNEL(shift_left_kernel, value << by, value << by)
SHIFT_KERNEL(shift_right_kernel, (int32_t)value >> by, (int64_t)value >> by)
SHIFT_KERNEL(shift_unsigned_kernel, value >> by, value >> by)

static weir_code bit_count_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i)
    out[i] = __builtin_popcountll((unsigned long long)weir_load_integer(call->args[0], i));
    *ret = column;
    return WEIR_OK;
}

static weir_code fail_position(int32_t bits, int32_t position, weir_error **err) {
    char upper[16], value[16];
    snprintf(upper, sizeof(upper), "%d", (int)bits);
    snprintf(value, sizeof(value), "%d", (int)position);
    WEIR_RAISE(err, INVALID_PARAMETER_VALUE__BIT_POSITION_RANGE, "parameter", "`pos`", "functionName",
               "`bit_get`", "upper", upper, "invalidValue", value);
}

static weir_code bit_get_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int8_t *out = weir_column_values(column);
    const int32_t bits = weir_type_width(call->args[0]->type) * 8;
    WEIR_EACH(call, i) {
        int32_t at = WEIR_VALUES(call->args[1], int32_t)[weir_column_slot(call->args[1], i)];
        if (WEIR_UNLIKELY(at < 0 || at >= bits))
            return fail_position(bits, at, err);
        out[i] = (int8_t)((weir_load_integer(call->args[0], i) >> at) & 1);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* ---- bitmaps: buckets of 32,768 values, positive ones from 1 on ---- */
enum { BITMAP_BITS = 32768 };

#define BITMAP_KERNEL(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const int64_t *a = WEIR_VALUES(call->args[0], int64_t); \
        int64_t *out = weir_column_values(column); \
        WEIR_LOOP1(call, { \
            const int64_t value = a[x]; \
            out[i] = (int64_t)(EXPR); \
        }); \
        *ret = column; \
        return WEIR_OK; \
    }
BITMAP_KERNEL(bitmap_bucket_kernel, value > 0 ? 1 + (value - 1) / BITMAP_BITS : value / BITMAP_BITS)
BITMAP_KERNEL(bitmap_position_kernel,
              value > 0 ? (value - 1) % BITMAP_BITS : (int64_t)((0 - (uint64_t)value) % BITMAP_BITS))

static weir_code bitmap_count_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        weir_str bytes = weir_column_bytes(call->args[0], i);
        int64_t count = 0;
        for (size_t at = 0; at < bytes.size; at++)
            count += __builtin_popcount((uint8_t)bytes.data[at]);
        out[i] = count;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code resolve_bit_get(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    if (!weir_type_is_integral(args[0]->type))
        args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_INT));
    return WEIR_OK;
}

#define SAFE_FLAGS (WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEVER_RAISES)
#define SHIFT(sql_name, sql_symbol, kernel, more) \
    { \
        .name = sql_name, .symbol = sql_symbol, .args_min = 2, .args_max = 2, \
        .flags = SAFE_FLAGS | WEIR_FN_DENSE | (more), .resolve = weir_resolve_signature, .eval = kernel, \
        .signature = "int|long; int -> =1" \
    }
#define BIT_FUNCTION(sql_name, kernel, types) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 1, .flags = SAFE_FLAGS, \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = types \
    }
#define BIT_GET(sql_name) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 2, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolve_bit_get, .eval = bit_get_kernel, .signature = "integral; int -> byte" \
    }

const weir_function weir_bit_functions[] = {
    SHIFT("shiftleft", NULL, shift_left_kernel, 0),
    SHIFT("shiftright", NULL, shift_right_kernel, 0),
    SHIFT("shiftrightunsigned", NULL, shift_unsigned_kernel, 0),
    SHIFT("<<", "<<", shift_left_kernel, WEIR_FN_OPERATOR),
    SHIFT(">>", ">>", shift_right_kernel, WEIR_FN_OPERATOR),
    SHIFT(">>>", ">>>", shift_unsigned_kernel, WEIR_FN_OPERATOR),
    BIT_FUNCTION("bit_count", bit_count_kernel, "!integral|boolean -> int"),
    BIT_GET("bit_get"),
    BIT_GET("getbit"),
    BIT_FUNCTION("bitmap_bit_position", bitmap_position_kernel, "long -> long"),
    BIT_FUNCTION("bitmap_bucket_number", bitmap_bucket_kernel, "long -> long"),
    BIT_FUNCTION("bitmap_count", bitmap_count_kernel, "!binary -> long"),
};
WEIR_FAMILY_COUNT(bit)
