/* String functions over UTF-8: positions and lengths count code points, as Spark's UTF8String does; text
 * that is pure ASCII takes byte arithmetic. Patterns (LIKE, RLIKE) are in pattern_functions.c. */
#include <stdio.h>

#include "common/expr/expr_int.h"
#include "common/expr/unicode_case.h"

/* ---- UTF-8 ---- */
static int32_t char_count(weir_str text) {
    int32_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((uint8_t)text.data[i] & 0xC0) != 0x80;
    return count;
}

/* Byte offset of the n-th code point (n >= 0), at most text.size. */
static size_t char_offset(weir_str text, int64_t n) {
    size_t at = 0;
    while (n > 0 && at < text.size) {
        at += (size_t)weir_utf8_size((uint8_t)text.data[at]);
        n--;
    }
    return WEIR_MIN(at, text.size);
}

static weir_str sub_bytes(weir_str text, size_t from, size_t to) {
    return weir_str_make(text.data + from, to > from ? to - from : 0);
}

static const char *find_bytes(weir_str text, weir_str part) {
    return part.size ? memmem(text.data, text.size, part.data, part.size) : text.data;
}

/* An optional integer argument. */
static int64_t int_arg(const weir_kernel_call *call, int32_t index, int32_t row) {
    const weir_column *column = call->args[index];
    return WEIR_VALUES(column, int32_t)[weir_column_slot(column, row)];
}

/* Kernels of text to text: BODY sets `result` from `text`. */
#define TEXT_KERNEL(name, BODY) \
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
#define INT_KERNEL(name, EXPR) \
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
#define TRUTH_KERNEL(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        uint8_t *truth = weir_result_truth_new(call); \
        WEIR_EACH(call, i) { \
            weir_str text = weir_column_bytes(call->args[0], i), part = weir_column_bytes(call->args[1], i); \
            truth[i] = (EXPR); \
        } \
        return weir_result_truth(call, truth, ret, err); \
    }

/* ---- case ---- */
static weir_code case_rows(const weir_kernel_call *call, size_t (*map)(weir_str, char *), weir_column **ret,
                           weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        uint8_t *room = weir_bytes_room(&writer, text.size * 3 + 16, err);
        if (room == NULL)
            return WEIR_OUT_OF_MEMORY;
        weir_bytes_end(&writer, i, map(text, (char *)room));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code upper_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return case_rows(call, weir_unicode_upper, ret, err);
}

static weir_code lower_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return case_rows(call, weir_unicode_lower, ret, err);
}

/* ---- lengths ---- */
INT_KERNEL(length_kernel,
           call->args[0]->type->kind == WEIR_TYPE_BINARY ? (int32_t)text.size : char_count(text))
INT_KERNEL(octet_length_kernel, text.size)
INT_KERNEL(bit_length_kernel, text.size * 8)

/* ---- parts ---- */
static weir_str substring(weir_str text, bool binary, int64_t position, int64_t length) {
    int64_t count = binary ? (int64_t)text.size : char_count(text);
    int64_t from = position > 0 ? position - 1 : position < 0 ? count + position : 0;
    int64_t to = from + length; /* both are 32-bit values: no overflow */
    from = WEIR_MAX(from, 0);
    to = WEIR_MIN(to, count);
    if (to <= from)
        return weir_str_make(text.data, 0);
    if (binary || count == (int64_t)text.size)
        return sub_bytes(text, (size_t)from, (size_t)to);
    size_t start = char_offset(text, from);
    weir_str rest = sub_bytes(text, start, text.size);
    return weir_str_make(rest.data, char_offset(rest, to - from));
}
TEXT_KERNEL(substring_kernel,
            result = substring(text, call->type->kind == WEIR_TYPE_BINARY, int_arg(call, 1, i),
                               call->args_count > 2 ? int_arg(call, 2, i) : INT32_MAX))
TEXT_KERNEL(left_kernel, result = substring(text, false, 1, int_arg(call, 1, i)))
TEXT_KERNEL(right_kernel, {
    int64_t size = int_arg(call, 1, i);
    result = size <= 0 ? weir_str_make(text.data, 0) : substring(text, false, -size, size);
    if (size > char_count(text))
        result = text;
})

static weir_str split_part(weir_str text, weir_str delimiter, int64_t part) {
    if (delimiter.size == 0)
        return part == 1 || part == -1 ? text : weir_str_make(text.data, 0);
    int64_t parts = 1;
    const char *end = text.data + text.size;
    for (const char *at = text.data; (at = memmem(at, (size_t)(end - at), delimiter.data, delimiter.size));
         at += delimiter.size)
        parts++;
    int64_t wanted = part > 0 ? part : parts + part + 1;
    if (wanted < 1 || wanted > parts)
        return weir_str_make(text.data, 0);
    const char *from = text.data, *to;
    for (;; from = to + delimiter.size) {
        to = memmem(from, (size_t)(end - from), delimiter.data, delimiter.size);
        if (to == NULL)
            to = end;
        if (--wanted == 0)
            return weir_str_make(from, (size_t)(to - from));
    }
}

static weir_code split_part_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        int64_t part = int_arg(call, 2, i);
        if (part == 0)
            return weir_error_raise(err, WEIR_INVALID_INDEX_OF_ZERO, NULL);
        weir_str result =
            split_part(weir_column_bytes(call->args[0], i), weir_column_bytes(call->args[1], i), part);
        WEIR_TRY(weir_bytes_put(&writer, i, result, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* ---- trimming: of blanks, or of any code point of a set ---- */
static bool set_has(weir_str set, weir_str one) {
    for (size_t at = 0; at < set.size;) {
        size_t size = WEIR_MIN((size_t)weir_utf8_size((uint8_t)set.data[at]), set.size - at);
        if (size == one.size && memcmp(set.data + at, one.data, size) == 0)
            return true;
        at += size;
    }
    return false;
}

static weir_str trim(weir_str text, weir_str set, bool left, bool right) {
    while (left && text.size) {
        size_t size = WEIR_MIN((size_t)weir_utf8_size((uint8_t)text.data[0]), text.size);
        if (!set_has(set, weir_str_make(text.data, size)))
            break;
        text = sub_bytes(text, size, text.size);
    }
    while (right && text.size) {
        size_t from = text.size - 1;
        while (from > 0 && ((uint8_t)text.data[from] & 0xC0) == 0x80)
            from--;
        if (!set_has(set, sub_bytes(text, from, text.size)))
            break;
        text.size = from;
    }
    return text;
}

/* trim(set, text) but btrim(text, set) */
static weir_code trim_rows(const weir_kernel_call *call, bool left, bool right, bool text_first,
                           weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    int32_t text_index = call->args_count == 1 || text_first ? 0 : 1;
    WEIR_EACH(call, i) {
        weir_str set =
            call->args_count == 1 ? WEIR_STR(" ") : weir_column_bytes(call->args[1 - text_index], i);
        weir_str result = trim(weir_column_bytes(call->args[text_index], i), set, left, right);
        WEIR_TRY(weir_bytes_put(&writer, i, result, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code trim_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return trim_rows(call, true, true, false, ret, err);
}
static weir_code ltrim_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return trim_rows(call, true, false, false, ret, err);
}
static weir_code rtrim_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return trim_rows(call, false, true, false, ret, err);
}
static weir_code btrim_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return trim_rows(call, true, true, true, ret, err);
}

/* ---- searching ---- */
TRUTH_KERNEL(contains_kernel, find_bytes(text, part) != NULL)
TRUTH_KERNEL(startswith_kernel, weir_str_starts_with(text, part))
TRUTH_KERNEL(endswith_kernel, weir_str_ends_with(text, part))

/* 1-based code point position of `part` at or behind the 0-based code point `from`; 0 = not there */
static int32_t position_of(weir_str text, weir_str part, int64_t from) {
    size_t start = char_offset(text, from);
    if (from > 0 && from > char_count(text))
        return 0;
    const char *at = find_bytes(sub_bytes(text, start, text.size), part);
    if (at == NULL)
        return 0;
    return char_count(weir_str_make(text.data, (size_t)(at - text.data))) + 1;
}
INT_KERNEL(instr_kernel, position_of(text, weir_column_bytes(call->args[1], i), 0))
INT_KERNEL(locate_kernel, call->args_count > 2 && int_arg(call, 2, i) < 1
                              ? 0
                              : position_of(weir_column_bytes(call->args[1], i), text,
                                            call->args_count > 2 ? int_arg(call, 2, i) - 1 : 0))

/* ---- making text ---- */
static weir_code replace_row(weir_bytes_writer *writer, int32_t row, weir_str text, weir_str search,
                             weir_str with, weir_error **err) {
    if (search.size == 0 || text.size < search.size)
        return weir_bytes_put(writer, row, text, err);
    size_t hits = 0;
    const char *end = text.data + text.size, *hit;
    for (const char *at = text.data; (hit = memmem(at, (size_t)(end - at), search.data, search.size));
         at = hit + search.size)
        hits++;
    size_t size = text.size + hits * with.size - hits * search.size;
    uint8_t *out = weir_bytes_room(writer, size, err);
    if (out == NULL)
        return WEIR_OUT_OF_MEMORY;
    for (const char *at = text.data; at < end;) {
        hit = hits ? memmem(at, (size_t)(end - at), search.data, search.size) : NULL;
        size_t before = (size_t)((hit ? hit : end) - at);
        memcpy(out, at, before);
        out += before;
        if (hit == NULL)
            break;
        if (with.size)
            memcpy(out, with.data, with.size);
        out += with.size;
        at = hit + search.size;
    }
    weir_bytes_end(writer, row, size);
    return WEIR_OK;
}

static weir_code replace_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str with = call->args_count > 2 ? weir_column_bytes(call->args[2], i) : WEIR_STR("");
        WEIR_TRY(replace_row(&writer, i, weir_column_bytes(call->args[0], i),
                             weir_column_bytes(call->args[1], i), with, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code pad_rows(const weir_kernel_call *call, bool left, weir_column **ret, weir_error **err) {
    bool binary = call->type->kind == WEIR_TYPE_BINARY;
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        weir_str pad = call->args_count > 2 ? weir_column_bytes(call->args[2], i)
                       : binary             ? weir_str_make("", 1) /* a zero byte */
                                            : WEIR_STR(" ");
        int64_t wanted = int_arg(call, 1, i), count = binary ? (int64_t)text.size : char_count(text),
                pad_count = binary ? (int64_t)pad.size : char_count(pad);
        if (wanted <= count || pad_count == 0) {
            int64_t kept = WEIR_MAX(WEIR_MIN(wanted, count), 0);
            weir_str cut = weir_str_make(text.data, binary ? (size_t)kept : char_offset(text, kept));
            WEIR_TRY(weir_bytes_put(&writer, i, cut, err));
            continue;
        }
        int64_t fill = wanted - count, whole = fill / pad_count;
        size_t rest = binary ? (size_t)(fill % pad_count) : char_offset(pad, fill % pad_count);
        size_t fill_size = (size_t)whole * pad.size + rest;
        uint8_t *out = weir_bytes_room(&writer, text.size + fill_size, err);
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        uint8_t *fill_at = left ? out : out + text.size;
        if (text.size)
            memcpy(left ? out + fill_size : out, text.data, text.size);
        for (int64_t k = 0; k < whole; k++, fill_at += pad.size)
            memcpy(fill_at, pad.data, pad.size);
        memcpy(fill_at, pad.data, rest);
        weir_bytes_end(&writer, i, text.size + fill_size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code lpad_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return pad_rows(call, true, ret, err);
}
static weir_code rpad_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return pad_rows(call, false, ret, err);
}

static weir_code repeat_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        int64_t times = WEIR_MAX(int_arg(call, 1, i), 0);
        size_t size = text.size * (size_t)times;
        uint8_t *out = weir_bytes_room(&writer, size, err);
        if (out == NULL)
            return weir_error_code(err ? *err : NULL) ? weir_error_code(*err) : WEIR_OUT_OF_MEMORY;
        for (int64_t k = 0; k < times && text.size; k++)
            memcpy(out + (size_t)k * text.size, text.data, text.size);
        weir_bytes_end(&writer, i, size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code reverse_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        uint8_t *out = weir_bytes_room(&writer, text.size, err);
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        for (size_t at = 0; at < text.size;) {
            size_t size = WEIR_MIN((size_t)weir_utf8_size((uint8_t)text.data[at]), text.size - at);
            memcpy(out + text.size - at - size, text.data + at, size);
            at += size;
        }
        weir_bytes_end(&writer, i, text.size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code concat_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        size_t size = 0;
        for (int32_t a = 0; a < call->args_count; a++)
            size += weir_column_bytes(call->args[a], i).size;
        uint8_t *out = weir_bytes_room(&writer, size, err);
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        for (int32_t a = 0; a < call->args_count; a++) {
            weir_str part = weir_column_bytes(call->args[a], i);
            if (part.size)
                memcpy(out, part.data, part.size);
            out += part.size;
        }
        weir_bytes_end(&writer, i, size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* Text, or the elements of an array (array_functions.c). */
static weir_code resolve_reverse(WEIR_RESOLVE_PARAMS) {
    if (args[0]->type->kind != WEIR_TYPE_ARRAY) {
        if (!weir_implicit_cast(resolve, &args[0], weir_type_of(WEIR_TYPE_STRING)))
            return weir_fail_input_type(resolve, args, 0, "(\"STRING\" or \"BINARY\" or \"ARRAY\")", err);
        return weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable,
                                      ret_rewrite, err);
    }
    *ret_rewrite = weir_make_call(resolve, "weir_reverse_array", 1, args);
    return WEIR_OK;
}

/* concat of BINARY stays BINARY; anything else is text. */
static weir_code resolve_concat(WEIR_RESOLVE_PARAMS) {
    bool binary = args_count > 0, array = false;
    for (int32_t i = 0; i < args_count; i++) {
        binary &= args[i]->type->kind == WEIR_TYPE_BINARY;
        array |= args[i]->type->kind == WEIR_TYPE_ARRAY;
    }
    if (array && strcmp(function->name, "concat") == 0) { /* array_set_functions.c */
        *ret_rewrite = weir_make_call(resolve, "weir_concat_arrays", args_count, args);
        return WEIR_OK;
    }
    if (args_count == 0) {
        *ret_rewrite = weir_literal_string(resolve->arena, WEIR_STR(""));
        return WEIR_OK;
    }
    for (int32_t i = 0; !binary && i < args_count; i++)
        if (!weir_implicit_cast(resolve, &args[i], weir_type_of(WEIR_TYPE_STRING)))
            return weir_fail_input_type(resolve, args, i, "(\"STRING\" or \"BINARY\" or \"ARRAY\")", err);
    *ret_type = weir_type_of(binary ? WEIR_TYPE_BINARY : WEIR_TYPE_STRING);
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

/* BINARY with BINARY (or zeros) stays so; anything else is text. */
static weir_code resolve_pad(WEIR_RESOLVE_PARAMS) {
    bool binary = args[0]->type->kind == WEIR_TYPE_BINARY &&
                  (args_count < 3 || args[2]->type->kind == WEIR_TYPE_BINARY);
    for (int32_t i = 0; i < args_count && !binary; i += 2)
        if (!weir_implicit_cast(resolve, &args[i], weir_type_of(WEIR_TYPE_STRING)))
            return weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable,
                                          ret_rewrite, err);
    if (!weir_implicit_cast(resolve, &args[1], weir_type_of(WEIR_TYPE_INT)))
        return weir_fail_input_type(resolve, args, 1, "\"INT\"", err);
    *ret_type = weir_type_of(binary ? WEIR_TYPE_BINARY : WEIR_TYPE_STRING);
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

#define PAD_FUNCTION(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 3, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolve_pad, .eval = kernel, .signature = "string; int; string -> string" \
    }
#define TEXT_FUNCTION(sql_name, kernel, low, high, types) \
    { \
        .name = sql_name, .args_min = low, .args_max = high, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = types \
    }

const weir_function weir_string_functions[] = {
    TEXT_FUNCTION("upper", upper_kernel, 1, 1, "string -> string"),
    TEXT_FUNCTION("ucase", upper_kernel, 1, 1, "string -> string"),
    TEXT_FUNCTION("lower", lower_kernel, 1, 1, "string -> string"),
    TEXT_FUNCTION("lcase", lower_kernel, 1, 1, "string -> string"),
    TEXT_FUNCTION("length", length_kernel, 1, 1, "string|binary -> int"),
    TEXT_FUNCTION("len", length_kernel, 1, 1, "string|binary -> int"),
    TEXT_FUNCTION("char_length", length_kernel, 1, 1, "string|binary -> int"),
    TEXT_FUNCTION("character_length", length_kernel, 1, 1, "string|binary -> int"),
    TEXT_FUNCTION("octet_length", octet_length_kernel, 1, 1, "string|binary -> int"),
    TEXT_FUNCTION("bit_length", bit_length_kernel, 1, 1, "string|binary -> int"),
    TEXT_FUNCTION("substring", substring_kernel, 2, 3, "string|binary; int; int -> =1"),
    TEXT_FUNCTION("substr", substring_kernel, 2, 3, "string|binary; int; int -> =1"),
    TEXT_FUNCTION("left", left_kernel, 2, 2, "string; int -> string"),
    TEXT_FUNCTION("right", right_kernel, 2, 2, "string; int -> string"),
    TEXT_FUNCTION("split_part", split_part_kernel, 3, 3, "string; string; int -> string"),
    TEXT_FUNCTION("trim", trim_kernel, 1, 2, "string -> string"),
    TEXT_FUNCTION("ltrim", ltrim_kernel, 1, 2, "string -> string"),
    TEXT_FUNCTION("rtrim", rtrim_kernel, 1, 2, "string -> string"),
    TEXT_FUNCTION("btrim", btrim_kernel, 1, 2, "string -> string"),
    TEXT_FUNCTION("contains", contains_kernel, 2, 2, "string|binary; string|binary -> boolean"),
    TEXT_FUNCTION("startswith", startswith_kernel, 2, 2, "string|binary; string|binary -> boolean"),
    TEXT_FUNCTION("endswith", endswith_kernel, 2, 2, "string|binary; string|binary -> boolean"),
    TEXT_FUNCTION("instr", instr_kernel, 2, 2, "string; string -> int"),
    TEXT_FUNCTION("locate", locate_kernel, 2, 3, "string; string; int -> int"),
    TEXT_FUNCTION("position", locate_kernel, 2, 3, "string; string; int -> int"),
    TEXT_FUNCTION("replace", replace_kernel, 2, 3, "string -> string"),
    PAD_FUNCTION("lpad", lpad_kernel),
    PAD_FUNCTION("rpad", rpad_kernel),
    TEXT_FUNCTION("repeat", repeat_kernel, 2, 2, "string; int -> string"),
    {.name = "reverse",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_reverse,
     .eval = reverse_kernel,
     .signature = "string -> string"},
    {.name = "concat",
     .args_min = 0,
     .args_max = -1,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_concat,
     .eval = concat_kernel},
    {.name = "||",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_concat,
     .eval = concat_kernel},
};
WEIR_FAMILY_COUNT(string)
