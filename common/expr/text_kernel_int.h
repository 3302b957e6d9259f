/* Private to the text families of common/expr: code points in UTF-8, and the loops of kernels whose first
 * argument is text. Malformed bytes count as characters of their own. */
#pragma once

#include "common/expr/expr_int.h"

static inline int32_t weir_text_count(weir_str text) {
    int32_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((uint8_t)text.data[i] & 0xC0) != 0x80;
    return count;
}

/* Bytes of the code point at `at`. */
static inline size_t weir_text_step(weir_str text, size_t at) {
    return WEIR_MIN((size_t)weir_utf8_size((uint8_t)text.data[at]), text.size - at);
}

/* Byte offset of the n-th code point (n >= 0), at most text.size. */
static inline size_t weir_text_offset(weir_str text, int64_t n) {
    size_t at = 0;
    for (; n > 0 && at < text.size; n--)
        at += weir_text_step(text, at);
    return at;
}

static inline weir_str weir_text_sub(weir_str text, size_t from, size_t to) {
    return weir_str_make(text.data + from, to > from ? to - from : 0);
}

/* The code point at *at, which moves behind it; a byte that starts none stands for itself. */
static inline uint32_t weir_text_next(weir_str text, size_t *at) {
    uint8_t lead = (uint8_t)text.data[*at];
    size_t size = weir_text_step(text, *at);
    uint32_t code = size == 1 ? lead : lead & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        code = (code << 6) | ((uint8_t)text.data[*at + i] & 0x3Fu);
    *at += size;
    return code;
}

/* Writes one code point; at most four bytes. */
static inline size_t weir_text_put(uint32_t code, char *ret) {
    if (code < 0x80) {
        ret[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        ret[0] = (char)(0xC0 | (code >> 6));
        ret[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        ret[0] = (char)(0xE0 | (code >> 12));
        ret[1] = (char)(0x80 | ((code >> 6) & 0x3F));
        ret[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    ret[0] = (char)(0xF0 | (code >> 18));
    ret[1] = (char)(0x80 | ((code >> 12) & 0x3F));
    ret[2] = (char)(0x80 | ((code >> 6) & 0x3F));
    ret[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Spark's substringSQL: 1-based, negative positions from the end; bytes where `binary`. */
static inline weir_str weir_text_substring(weir_str text, bool binary, int64_t position, int64_t length) {
    int64_t count = binary ? (int64_t)text.size : weir_text_count(text);
    int64_t from = position > 0 ? position - 1 : position < 0 ? count + position : 0;
    int64_t to = WEIR_MIN(from + length, count);
    from = WEIR_MAX(from, 0);
    if (to <= from)
        return weir_str_make(text.data, 0);
    if (binary || count == (int64_t)text.size)
        return weir_text_sub(text, (size_t)from, (size_t)to);
    size_t start = weir_text_offset(text, from);
    weir_str rest = weir_text_sub(text, start, text.size);
    return weir_str_make(rest.data, weir_text_offset(rest, to - from));
}

static inline int32_t weir_int_arg(const weir_kernel_call *call, int32_t index, int32_t row) {
    const weir_column *column = call->args[index];
    return WEIR_VALUES(column, int32_t)[weir_column_slot(column, row)];
}

/* The text of argument `index`, or `fallback` where the call has fewer arguments. */
static inline weir_str weir_text_arg(const weir_kernel_call *call, int32_t index, int32_t row,
                                     weir_str fallback) {
    return index < call->args_count ? weir_column_bytes(call->args[index], row) : fallback;
}

/* Marks a row of a text result as NULL. */
static inline weir_code weir_bytes_null(const weir_kernel_call *call, weir_bytes_writer *writer, int32_t row,
                                        weir_error **err) {
    WEIR_TRY(weir_result_null(call, writer->column, row, err));
    weir_bytes_end(writer, row, 0);
    return WEIR_OK;
}

/* Kernels of text to text: BODY sets `result` from `text` for row `i`. */
#define WEIR_TEXT_KERNEL(name, BODY) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        _cleanup_bytes_ weir_bytes_writer writer; \
        WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err)); \
        WEIR_EACH(call, i) { \
            weir_str text = weir_column_bytes(call->args[0], i), result; \
            BODY; \
            WEIR_TRY(weir_bytes_put(&writer, i, result, err)); \
        } \
        *ret = weir_bytes_finish(&writer); \
        return WEIR_OK; \
    }
/* The same where BODY writes at most `limit` bytes (an expression over `text`) to `out` and sets `size`. */
#define WEIR_TEXT_WRITER_KERNEL(name, limit, BODY) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        _cleanup_bytes_ weir_bytes_writer writer; \
        WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err)); \
        WEIR_EACH(call, i) { \
            weir_str text = weir_column_bytes(call->args[0], i); \
            char *out = (char *)weir_bytes_room(&writer, (limit), err); \
            size_t size = 0; \
            if (out == NULL) \
                return WEIR_OUT_OF_MEMORY; \
            BODY; \
            weir_bytes_end(&writer, i, size); \
        } \
        *ret = weir_bytes_finish(&writer); \
        return WEIR_OK; \
    }
#define WEIR_INT_KERNEL(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        int32_t *out = weir_column_values(column); \
        WEIR_EACH(call, i) { \
            weir_str text = weir_column_bytes(call->args[0], i); \
            out[i] = (int32_t)(EXPR); \
        } \
        *ret = column; \
        return WEIR_OK; \
    }
#define WEIR_TRUTH_KERNEL(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        uint8_t *truth = weir_result_truth_new(call); \
        WEIR_EACH(call, i) { \
            weir_str text = weir_column_bytes(call->args[0], i); \
            truth[i] = (EXPR); \
        } \
        return weir_result_truth(call, truth, ret, err); \
    }

#define WEIR_TEXT_FUNCTION(sql_name, kernel, low, high, types) \
    { \
        .name = sql_name, .args_min = low, .args_max = high, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = types \
    }
