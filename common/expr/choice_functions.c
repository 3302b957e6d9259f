/* concat_ws, elt and mask: texts joined, chosen and covered. NULL arguments have a meaning of their own here.
 */
#include "common/expr/text_kernel_int.h"
#include "common/expr/unicode_case.h"
#include "common/types/number_text.h"

/* ---- concat_ws(separator, texts and arrays of texts...): NULLs are left out ---- */
typedef struct joined {
    weir_bytes_writer *writer;
    weir_str separator;
    size_t size; /* of the row so far, not yet closed */
    bool any;
} joined;

static bool join_text(joined *j, weir_str text, weir_error **err) {
    size_t gap = j->any ? j->separator.size : 0;
    uint8_t *out = weir_bytes_room(j->writer, j->size + gap + text.size, err);
    if (out == NULL)
        return false;
    memcpy(out + j->size, j->separator.data, gap);
    memcpy(out + j->size + gap, text.data, text.size);
    j->size += gap + text.size;
    return j->any = true;
}

static bool join_row(joined *j, const weir_kernel_call *call, int32_t row, weir_error **err) {
    for (int32_t a = 1; a < call->args_count; a++) {
        const weir_column *column = call->args[a];
        if (weir_column_is_null(column, row))
            continue;
        if (column->type->kind != WEIR_TYPE_ARRAY) {
            if (!join_text(j, weir_column_bytes(column, row), err))
                return false;
            continue;
        }
        int32_t slot = weir_column_slot(column, row);
        for (int32_t i = column->offsets[slot]; i < column->offsets[slot + 1]; i++)
            if (!weir_column_is_null(column->children[0], i) &&
                !join_text(j, weir_column_bytes(column->children[0], i), err))
                return false;
    }
    return true;
}

static weir_code concat_ws_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 24, err));
    WEIR_EACH(call, i) {
        if (weir_column_is_null(call->args[0], i)) {
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
            continue;
        }
        joined j = {.writer = &writer, .separator = weir_column_bytes(call->args[0], i)};
        if (!join_row(&j, call, i, err))
            return err && *err ? weir_error_code(*err) : WEIR_OUT_OF_MEMORY;
        weir_bytes_end(&writer, i, j.size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code resolve_concat_ws(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    const weir_type *text = weir_type_of(WEIR_TYPE_STRING);
    if (!weir_implicit_cast(resolve, &args[0], text))
        return weir_fail_input_type(resolve, args, 0, "\"STRING\"", err);
    for (int32_t i = 1; i < args_count; i++) {
        const weir_type *type = args[i]->type;
        bool array = type->kind == WEIR_TYPE_ARRAY;
        const weir_type *wanted = array ? weir_type_array(resolve->arena, text, true) : text;
        weir_cast_mode mode = resolve->ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
        if (array && !weir_type_is_nested(type->element) && weir_coerce_can_cast(type, wanted, mode)) {
            if (!weir_type_is_string(type->element))
                args[i] = weir_coerce_cast(resolve, args[i], wanted);
        } else if (array || !weir_implicit_cast(resolve, &args[i], text)) {
            return weir_fail_input_type(resolve, args, i, "(\"ARRAY<STRING>\" or \"STRING\")", err);
        }
    }
    *ret_type = text;
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* ---- elt(n, first, second, ...) ---- */
static weir_code fail_index(int32_t index, int32_t count, weir_error **err) {
    char value[16], size[16];
    value[weir_int64_format(index, value)] = 0;
    size[weir_int64_format(count, size)] = 0;
    WEIR_RAISE(err, INVALID_ARRAY_INDEX, "indexValue", value, "arraySize", size);
}

static weir_code elt_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        bool null = weir_column_is_null(call->args[0], i);
        int32_t index = null ? 0 : weir_int_arg(call, 0, i);
        bool inside = index >= 1 && index < call->args_count;
        if (!null && !inside && call->eval->ansi)
            return fail_index(index, call->args_count - 1, err);
        if (null || !inside || weir_column_is_null(call->args[index], i))
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
        else
            WEIR_TRY(weir_bytes_put(&writer, i, weir_column_bytes(call->args[index], i), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code resolve_elt(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    if (!weir_implicit_cast(resolve, &args[0], weir_type_of(WEIR_TYPE_INT)))
        return weir_fail_input_type(resolve, args, 0, "\"INT\"", err);
    bool binary = true;
    for (int32_t i = 1; i < args_count; i++)
        binary &= args[i]->type->kind == WEIR_TYPE_BINARY;
    for (int32_t i = 1; i < args_count && !binary; i++)
        if (!weir_implicit_cast(resolve, &args[i], weir_type_of(WEIR_TYPE_STRING)))
            return weir_fail_input_type(resolve, args, i, "\"STRING\" or \"BINARY\"", err);
    *ret_type = weir_type_of(binary ? WEIR_TYPE_BINARY : WEIR_TYPE_STRING);
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- mask(text, upper, lower, digit, other): NULL leaves such characters as they are ---- */
typedef enum letter_class { CLASS_UPPER, CLASS_LOWER, CLASS_DIGIT, CLASS_OTHER } letter_class;

/* By what the case tables know: a letter that has a lower case is upper, one that has an upper case is lower.
 */
static letter_class class_of(weir_str one) {
    char mapped[32];
    size_t at = 0;
    uint32_t code = weir_text_next(one, &at);
    if (code < 0x80)
        return code >= 'A' && code <= 'Z'   ? CLASS_UPPER
               : code >= 'a' && code <= 'z' ? CLASS_LOWER
               : code >= '0' && code <= '9' ? CLASS_DIGIT
                                            : CLASS_OTHER;
    static const uint32_t zeros[] = {0x660, 0x6F0, 0x7C0,  0x966,  0x9E6,  0xA66, 0xAE6,
                                     0xB66, 0xBE6, 0xC66,  0xCE6,  0xD66,  0xDE6, 0xE50,
                                     0xED0, 0xF20, 0x1040, 0x17E0, 0x1810, 0xFF10};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(zeros); i++)
        if (code >= zeros[i] && code < zeros[i] + 10)
            return CLASS_DIGIT;
    bool title = (code >= 0x1C4 && code <= 0x1CC && (code - 0x1C5) % 3 == 0) || code == 0x1F2;
    if (title)
        return CLASS_OTHER;
    size_t lower = weir_unicode_lower(one, mapped);
    if (!weir_str_equal(weir_str_make(mapped, lower), one))
        return CLASS_UPPER;
    size_t upper = weir_unicode_upper(one, mapped);
    return weir_str_equal(weir_str_make(mapped, upper), one) ? CLASS_OTHER : CLASS_LOWER;
}

static weir_code mask_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    static const char *const fallbacks[] = {"X", "x", "n"};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        if (weir_column_is_null(call->args[0], i)) {
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
            continue;
        }
        weir_str text = weir_column_bytes(call->args[0], i), covers[4] = {{NULL, 0}};
        for (int32_t k = 0; k < 4; k++) {
            bool given = k + 1 < call->args_count;
            if (given && !weir_column_is_null(call->args[k + 1], i))
                covers[k] = weir_column_bytes(call->args[k + 1], i);
            else if (!given && k < 3)
                covers[k] = weir_str_from(fallbacks[k]);
        }
        char *out = (char *)weir_bytes_room(&writer, text.size * 4, err);
        size_t size = 0;
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        for (size_t at = 0, step; at < text.size; at += step) {
            step = weir_text_step(text, at);
            weir_str one = weir_text_sub(text, at, at + step), cover = covers[class_of(one)];
            cover = cover.data ? cover : one;
            memcpy(out + size, cover.data, WEIR_MIN(cover.size, 4));
            size += WEIR_MIN(cover.size, 4);
        }
        weir_bytes_end(&writer, i, size);
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* Each cover is a constant of one character. */
static weir_code resolve_mask(WEIR_RESOLVE_PARAMS) {
    static const char *const names[] = {"upperChar", "lowerChar", "digitChar", "otherChar"};
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    for (int32_t i = 1; i < args_count; i++) {
        if (args[i]->kind != WEIR_NODE_LITERAL && args[i]->kind != WEIR_NODE_CAST)
            WEIR_FAIL(err, NOT_SUPPORTED, "mask needs literal characters in Weir");
        const weir_column *value =
            args[i]->kind == WEIR_NODE_LITERAL ? ((weir_node_literal *)args[i])->value : NULL;
        if (value && value->type->kind != WEIR_TYPE_NULL && !weir_column_is_null(value, 0) &&
            weir_text_count(weir_column_bytes(value, 0)) != 1)
            WEIR_RAISE(err, DATATYPE_MISMATCH__INPUT_SIZE_NOT_ONE, "sqlExpr",
                       weir_quoted_sql(resolve->arena, resolve->call), "exprName", names[i - 1]);
    }
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

const weir_function weir_choice_functions[] = {
    {.name = "concat_ws",
     .args_min = 1,
     .args_max = -1,
     .resolve = resolve_concat_ws,
     .eval = concat_ws_kernel},
    {.name = "elt", .args_min = 2, .args_max = -1, .resolve = resolve_elt, .eval = elt_kernel},
    {.name = "mask",
     .args_min = 1,
     .args_max = 5,
     .resolve = resolve_mask,
     .eval = mask_kernel,
     .signature = "!string; string -> string"},
};
WEIR_FAMILY_COUNT(choice)
