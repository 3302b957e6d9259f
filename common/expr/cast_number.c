/* Casts of BOOLEAN, the integers and the floats to each other, to BINARY and to TIMESTAMP. */
#include "common/expr/cast_int.h"

#include <math.h>

#include "common/types/number_text.h"

/* Java's (int) and (long) of a double: NaN is 0, out of range saturates. */
static int32_t java_int(double value) {
    if (value != value)
        return 0;
    return value >= 2147483647.0 ? INT32_MAX : value <= -2147483648.0 ? INT32_MIN : (int32_t)value;
}

static int64_t java_long(double value) {
    if (value != value)
        return 0;
    return value >= 9223372036854775808.0    ? INT64_MAX
           : value <= -9223372036854775808.0 ? INT64_MIN
                                             : (int64_t)value;
}

/* ---- integer to integer: narrowing checks gather one flag, as arithmetic does ---- */
#define INTEGER_CAST(name, from, to) \
    static weir_code name(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret, \
                          weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const from *restrict a = WEIR_VALUES(call->args[0], from); \
        to *restrict out = weir_column_values(column); \
        unsigned bad = 0; \
        WEIR_LOOP1(call, { \
            out[i] = (to)a[x]; \
            bad |= (unsigned)((from)out[i] != a[x]); \
        }); \
        if (bad && mode != WEIR_CAST_LEGACY) \
            WEIR_EACH(call, row) { \
                from value = a[weir_column_slot(call->args[0], row)]; \
                if ((from)(to)value != value) \
                    WEIR_CAST_ROW(weir_cast_overflow(call, mode, column, row, err)); \
            } \
        *ret = column; \
        return WEIR_OK; \
    }
#define WIDENING_CAST(name, from, to) \
    static weir_code name(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret, \
                          weir_error **err) { \
        (void)mode; \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const from *restrict a = WEIR_VALUES(call->args[0], from); \
        to *restrict out = weir_column_values(column); \
        WEIR_LOOP1(call, out[i] = (to)a[x];); \
        *ret = column; \
        return WEIR_OK; \
    }
/* Floats to integers: ANSI checks floor(x) <= max and ceil(x) >= min. */
#define FLOAT_CAST(name, from, to, legacy, low, high) \
    static weir_code name(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret, \
                          weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const from *a = WEIR_VALUES(call->args[0], from); \
        to *out = weir_column_values(column); \
        WEIR_EACH(call, i) { \
            double value = (double)a[weir_column_slot(call->args[0], i)]; \
            if (mode != WEIR_CAST_LEGACY && !(floor(value) <= (high) && ceil(value) >= (low))) \
                WEIR_CAST_ROW(weir_cast_overflow(call, mode, column, i, err)); \
            out[i] = (to)legacy(value); \
        } \
        *ret = column; \
        return WEIR_OK; \
    }

#define INTEGER_SOURCE(noun, from) \
    INTEGER_CAST(noun##_to_byte, from, int8_t) \
    INTEGER_CAST(noun##_to_short, from, int16_t) \
    INTEGER_CAST(noun##_to_int, from, int32_t) \
    WIDENING_CAST(noun##_to_long, from, int64_t) \
    WIDENING_CAST(noun##_to_float, from, float) \
    WIDENING_CAST(noun##_to_double, from, double)
INTEGER_SOURCE(byte, int8_t)
INTEGER_SOURCE(short, int16_t)
INTEGER_SOURCE(int, int32_t)
INTEGER_SOURCE(long, int64_t)

#define FLOAT_SOURCE(noun, from) \
    FLOAT_CAST(noun##_to_byte, from, int8_t, java_int, -128.0, 127.0) \
    FLOAT_CAST(noun##_to_short, from, int16_t, java_int, -32768.0, 32767.0) \
    FLOAT_CAST(noun##_to_int, from, int32_t, java_int, -2147483648.0, 2147483647.0) \
    FLOAT_CAST(noun##_to_long, from, int64_t, java_long, -9223372036854775808.0, 9223372036854775808.0) \
    WIDENING_CAST(noun##_to_float, from, float) \
    WIDENING_CAST(noun##_to_double, from, double)
FLOAT_SOURCE(float, float)
FLOAT_SOURCE(double, double)

#define TARGET_ROW(noun) \
    { noun##_to_byte, noun##_to_short, noun##_to_int, noun##_to_long, noun##_to_float, noun##_to_double }
static const weir_cast_kernel kernels[6][6] = {
    TARGET_ROW(byte), TARGET_ROW(short), TARGET_ROW(int),
    TARGET_ROW(long), TARGET_ROW(float), TARGET_ROW(double),
};

/* ---- booleans ---- */
#define NUMBER_BY_WIDTH(column, slot, ret_integer, ret_double) \
    switch ((column)->type->kind) { \
    case WEIR_TYPE_BYTE: \
        ret_integer = WEIR_VALUES(column, int8_t)[slot]; \
        break; \
    case WEIR_TYPE_SHORT: \
        ret_integer = WEIR_VALUES(column, int16_t)[slot]; \
        break; \
    case WEIR_TYPE_INT: \
        ret_integer = WEIR_VALUES(column, int32_t)[slot]; \
        break; \
    case WEIR_TYPE_LONG: \
        ret_integer = WEIR_VALUES(column, int64_t)[slot]; \
        break; \
    case WEIR_TYPE_FLOAT: \
        ret_double = (double)WEIR_VALUES(column, float)[slot]; \
        break; \
    case WEIR_TYPE_DOUBLE: \
        ret_double = WEIR_VALUES(column, double)[slot]; \
        break; \
    default: \
        ret_integer = weir_bit_get((column)->values, slot); \
    }

static weir_code to_boolean(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    uint8_t *truth = weir_result_truth_new(call);
    WEIR_EACH(call, i) {
        int64_t integer = 0;
        double real = 0;
        NUMBER_BY_WIDTH(call->args[0], weir_column_slot(call->args[0], i), integer, real)
        truth[i] = integer != 0 || real != 0;
    }
    return weir_result_truth(call, truth, ret, err);
}

static weir_code from_boolean(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    uint8_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        bool value = weir_bit_get(call->args[0]->values, weir_column_slot(call->args[0], i));
        switch (call->type->kind) {
        case WEIR_TYPE_BYTE:
            ((int8_t *)out)[i] = value;
            break;
        case WEIR_TYPE_SHORT:
            ((int16_t *)(void *)out)[i] = value;
            break;
        case WEIR_TYPE_INT:
            ((int32_t *)(void *)out)[i] = value;
            break;
        case WEIR_TYPE_FLOAT:
            ((float *)(void *)out)[i] = value;
            break;
        case WEIR_TYPE_DOUBLE:
            ((double *)(void *)out)[i] = value;
            break;
        default: /* BIGINT; TIMESTAMP: true is one microsecond */
            ((int64_t *)(void *)out)[i] = value;
        }
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- TIMESTAMP: seconds since the epoch ---- */
static weir_code fail_double(const weir_kernel_call *call, double value, const char *target, bool overflow,
                             weir_error **err) {
    char text[WEIR_NUMBER_TEXT_MAX + 2];
    int size = weir_double_format(value, text);
    if (value - value == 0)
        text[size++] = 'D';
    text[size] = 0;
    (void)call;
    if (overflow)
        WEIR_RAISE(err, CAST_OVERFLOW, "value", text, "sourceType", "\"DOUBLE\"", "targetType", target);
    WEIR_RAISE(err, CAST_INVALID_INPUT, "expression", text, "sourceType", "\"DOUBLE\"", "targetType", target);
}

static weir_code real_to_timestamp(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                   weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t unused = 0;
        double value = 0;
        NUMBER_BY_WIDTH(call->args[0], weir_column_slot(call->args[0], i), unused, value)
        (void)unused;
        double micros = value * 1e6;
        bool finite = value - value == 0;
        bool fits = floor(micros) <= 9223372036854775808.0 && ceil(micros) >= -9223372036854775808.0;
        if (mode == WEIR_CAST_ANSI && !finite)
            WEIR_CAST_ROW(fail_double(call, value, "\"TIMESTAMP\"", false, err));
        if (mode == WEIR_CAST_ANSI && !fits)
            WEIR_CAST_ROW(fail_double(call, micros, "\"BIGINT\"", true, err));
        if (!finite || (mode == WEIR_CAST_TRY && !fits))
            WEIR_CAST_ROW(weir_result_null(call, column, i, err));
        out[i] = java_long(micros);
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code integer_to_timestamp(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t seconds = 0;
        double unused = 0;
        NUMBER_BY_WIDTH(call->args[0], weir_column_slot(call->args[0], i), seconds, unused)
        (void)unused;
        if (__builtin_mul_overflow(seconds, WEIR_MICROS_PER_SECOND, &out[i]))
            out[i] = seconds < 0 ? INT64_MIN : INT64_MAX; /* TimeUnit saturates */
    }
    *ret = column;
    return WEIR_OK;
}

/* Integers to BINARY: big-endian bytes (legacy mode only). */
static weir_code to_binary(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    int32_t width = weir_type_width(call->args[0]->type);
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)(call->rows * width), err));
    WEIR_EACH(call, i) {
        const uint8_t *value =
            call->args[0]->values + (size_t)weir_column_slot(call->args[0], i) * (size_t)width;
        char bytes[8];
        for (int32_t b = 0; b < width; b++)
            bytes[b] = (char)value[width - 1 - b];
        WEIR_TRY(weir_bytes_put(&writer, i, weir_str_make(bytes, (size_t)width), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

weir_code weir_cast_from_number(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                weir_error **err) {
    weir_type_kind from = call->args[0]->type->kind, to = call->type->kind;
    if (to == WEIR_TYPE_BOOLEAN)
        return to_boolean(call, ret, err);
    if (from == WEIR_TYPE_BOOLEAN)
        return from_boolean(call, ret, err);
    if (to == WEIR_TYPE_BINARY)
        return to_binary(call, ret, err);
    if (to == WEIR_TYPE_TIMESTAMP)
        return from >= WEIR_TYPE_FLOAT ? real_to_timestamp(call, mode, ret, err)
                                       : integer_to_timestamp(call, ret, err);
    if (from < WEIR_TYPE_BYTE || from > WEIR_TYPE_DOUBLE || to < WEIR_TYPE_BYTE || to > WEIR_TYPE_DOUBLE)
        WEIR_FAIL(err, NOT_SUPPORTED, "CAST from %s to %s is not supported by Weir yet",
                  weir_quoted_type(call->eval->arena, call->args[0]->type),
                  weir_quoted_type(call->eval->arena, call->type));
    return kernels[from - WEIR_TYPE_BYTE][to - WEIR_TYPE_BYTE](call, mode, ret, err);
}
