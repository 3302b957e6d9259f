/* CAST, TRY_CAST and the legacy cast: dispatch by source family, and what rows that fail become.
 *
 * The wrapper (kernel_call.c) has served encodings and NULLs. Under ANSI a failing live row raises
 * CAST_INVALID_INPUT, CAST_OVERFLOW or NUMERIC_VALUE_OUT_OF_RANGE; TRY_CAST gives NULL; the legacy cast
 * gives NULL or wraps, by pair of types. */
#include "common/expr/cast_int.h"

#include "common/column/cell_text.h"
#include "common/types/number_text.h"

void weir_cast_value_text(weir_strbuf *buf, const weir_column *column, int32_t row,
                          const weir_timezone *zone) {
    const char *before = "", *after = "";
    switch (column->type->kind) {
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        before = after = "'";
        break;
    case WEIR_TYPE_BYTE:
        after = "Y";
        break;
    case WEIR_TYPE_SHORT:
        after = "S";
        break;
    case WEIR_TYPE_LONG:
        after = "L";
        break;
    case WEIR_TYPE_DECIMAL:
        after = "BD";
        break;
    case WEIR_TYPE_DOUBLE: {
        double value = WEIR_VALUES(column, double)[weir_column_slot(column, row)];
        after = value - value == 0 ? "D" : "";
        break;
    }
    case WEIR_TYPE_DATE:
        before = "DATE '", after = "'";
        break;
    case WEIR_TYPE_TIMESTAMP:
        before = "TIMESTAMP '", after = "'";
        break;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        before = "TIMESTAMP_NTZ '", after = "'";
        break;
    case WEIR_TYPE_TIME:
        before = "TIME '", after = "'";
        break;
    default:
        break;
    }
    weir_strbuf_add_text(buf, before);
    if (weir_type_is_string(column->type)) { /* escaped as a literal */
        weir_str text = weir_column_bytes(column, row);
        for (size_t i = 0; i < text.size; i++) {
            if (text.data[i] == '\'' || text.data[i] == '\\')
                weir_strbuf_add_char(buf, '\\');
            weir_strbuf_add_char(buf, text.data[i]);
        }
    } else {
        weir_cell_text(buf, column, row, WEIR_TEXT_CAST, zone);
    }
    weir_strbuf_add_text(buf, after);
}

char *weir_cast_type_text(weir_arena *arena, const weir_type *type) {
    return weir_quoted_type(arena, type);
}

static weir_code raise(const weir_kernel_call *call, int32_t row, bool overflow, weir_error **err) {
    weir_strbuf value = {0};
    weir_cast_value_text(&value, call->args[0], row, call->eval->zone);
    char *source = weir_cast_type_text(call->eval->arena, call->args[0]->type);
    char *target = weir_cast_type_text(call->eval->arena, call->type);
    const char *text = value.data ? value.data : "";
    weir_code code = overflow ? weir_error_raise(err, WEIR_CAST_OVERFLOW, "value", text, "sourceType", source,
                                                 "targetType", target, NULL)
                              : weir_error_raise(err, WEIR_CAST_INVALID_INPUT, "expression", text,
                                                 "sourceType", source, "targetType", target, NULL);
    weir_strbuf_fini(&value);
    return code;
}

weir_code weir_cast_overflow(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                             int32_t row, weir_error **err) {
    if (mode != WEIR_CAST_ANSI)
        return weir_result_null(call, column, row, err);
    return raise(call, row, true, err);
}

weir_code weir_cast_invalid(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            int32_t row, weir_error **err) {
    if (mode != WEIR_CAST_ANSI)
        return weir_result_null(call, column, row, err);
    return raise(call, row, false, err);
}

static weir_cast_kernel kernel_for(const weir_type *from, const weir_type *to) {
    bool interval = to->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || to->kind == WEIR_TYPE_INTERVAL_DAY_TIME;
    if (weir_type_is_nested(from))
        return weir_cast_nested;
    if (weir_type_is_string(from))
        return weir_cast_from_string;
    switch (from->kind) {
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        return weir_cast_from_interval;
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_TIME:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return weir_cast_from_datetime;
    case WEIR_TYPE_DECIMAL:
        return interval ? weir_cast_to_interval : weir_cast_from_decimal;
    default:
        if (interval)
            return weir_cast_to_interval;
        return to->kind == WEIR_TYPE_DECIMAL ? weir_cast_to_decimal : weir_cast_from_number;
    }
}

static weir_code cast_any(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                          weir_error **err) {
    const weir_type *from = call->args[0]->type, *to = call->type;
    if (weir_type_same(from, to)) {
        *ret = weir_column_reshell(call->args[0], to);
        return WEIR_OK;
    }
    if (from->kind == WEIR_TYPE_VARIANT || to->kind == WEIR_TYPE_VARIANT) {
        WEIR_FAIL(err, NOT_SUPPORTED, "CAST from %s to %s is not supported by Weir yet",
                  weir_quoted_type(call->eval->arena, from), weir_quoted_type(call->eval->arena, to));
    }
    if (weir_type_is_bytes(from) && (weir_type_is_string(to) || to->kind == WEIR_TYPE_BINARY)) {
        *ret = weir_column_reshell(call->args[0], to);
        return WEIR_OK;
    }
    if (weir_type_is_string(to))
        return weir_cast_to_string(call, mode, ret, err);
    if (!weir_coerce_can_cast(from, to, mode)) /* whoever made the plan has not looked */
        WEIR_FAIL(err, INTERNAL_ERROR, "no CAST leads from %s to %s",
                  weir_quoted_type(call->eval->arena, from), weir_quoted_type(call->eval->arena, to));
    return kernel_for(from, to)(call, mode, ret, err);
}

#define CAST_MODE_KERNEL(name, mode) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        return cast_any(call, mode, ret, err); \
    }
CAST_MODE_KERNEL(cast_ansi, WEIR_CAST_ANSI)
CAST_MODE_KERNEL(cast_legacy, WEIR_CAST_LEGACY)
CAST_MODE_KERNEL(cast_try, WEIR_CAST_TRY)

const weir_function weir_cast_functions[3] = {
    [WEIR_CAST_ANSI] = {.name = "cast", .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN, .eval = cast_ansi},
    [WEIR_CAST_LEGACY] = {.name = "cast",
                          .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN,
                          .eval = cast_legacy},
    [WEIR_CAST_TRY] = {.name = "try_cast",
                       .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN,
                       .eval = cast_try},
};

weir_code weir_cast_column(weir_eval *eval, weir_column *column, const weir_type *to, weir_cast_mode mode,
                           const weir_sel *sel, weir_column **ret, weir_error **err) {
    weir_kernel_call call = {
        .eval = eval, .type = to, .args = &column, .args_count = 1, .rows = column->length};
    call.sel = sel ? *sel : (weir_sel){NULL, column->length};
    if (call.sel.count == 0)
        return weir_column_new_nulls(eval->budget, to, column->length, ret, err);
    return weir_kernel_run(&weir_cast_functions[mode], &call, ret, err);
}
