/* The wrapper around every kernel: it serves encodings and NULL propagation once, so that kernels see
 * FLAT or CONSTANT arguments only.
 *
 *   all arguments CONSTANT      one row is computed and stands for all
 *   one DICTIONARY, rest const  the used entries of the dictionary are computed, codes are shared
 *   NULL propagation            validity words of the arguments are ANDed; the kernel gets a selection
 *                               without NULL rows (a DENSE kernel takes all rows as they are)
 *
 * Runs on the task's thread. */
#include "common/expr/expr_int.h"

static bool all_constant(const weir_kernel_call *call) {
    for (int32_t i = 0; i < call->args_count; i++)
        if (call->args[i]->encoding != WEIR_CONSTANT)
            return false;
    return true;
}

/* The validity shared by all flat arguments: no buffer, a reference to one, or a new ANDed one. */
static weir_code combined_validity(const weir_kernel_call *call, weir_buffer **ret, const uint8_t **ret_bits,
                                   weir_error **err) {
    const weir_column *first = NULL;
    weir_buffer *merged = NULL;
    *ret = NULL;
    *ret_bits = NULL;
    for (int32_t i = 0; i < call->args_count; i++) {
        const weir_column *arg = call->args[i];
        if (arg->encoding == WEIR_CONSTANT || arg->validity == NULL)
            continue;
        if (first == NULL) {
            first = arg;
            continue;
        }
        size_t bytes = (size_t)weir_bits_bytes(call->rows);
        if (merged == NULL) {
            merged = weir_buffer_new(call->eval->budget, bytes);
            if (merged == NULL)
                return weir_error_oom(err);
            memcpy(merged->data, first->validity, bytes);
        }
        size_t at = 0;
        for (; at + 8 <= bytes; at += 8)
            weir_store64(merged->data + at, weir_load64(merged->data + at) & weir_load64(arg->validity + at));
        for (; at < bytes; at++)
            merged->data[at] &= arg->validity[at];
    }
    if (merged) {
        *ret = merged;
        *ret_bits = merged->data;
    } else if (first && first->validity_buffer) {
        *ret = weir_buffer_ref(first->validity_buffer);
        *ret_bits = first->validity;
    } else if (first) { /* validity without an owner: copy */
        size_t bytes = (size_t)weir_bits_bytes(call->rows);
        *ret = weir_buffer_new(call->eval->budget, bytes);
        if (*ret == NULL)
            return weir_error_oom(err);
        memcpy((*ret)->data, first->validity, bytes);
        *ret_bits = (*ret)->data;
    }
    return WEIR_OK;
}

/* The selected rows that are set in `bits`. */
static weir_sel valid_rows(weir_arena *arena, const weir_sel *sel, const uint8_t *bits) {
    int32_t *rows = weir_arena_alloc(arena, sizeof(int32_t) * (size_t)(sel->count + 1));
    int32_t count = 0;
    if (sel->rows) {
        for (int32_t k = 0; k < sel->count; k++) {
            rows[count] = sel->rows[k];
            count += weir_bit_get(bits, sel->rows[k]);
        }
    } else {
        for (int32_t i = 0; i < sel->count; i++) {
            rows[count] = i;
            count += (bits[i >> 3] >> (i & 7)) & 1;
        }
    }
    if (count == sel->count)
        return *sel;
    return (weir_sel){rows, count};
}

/* Gives `column` (takes; one reference back) the validity `bits`, ANDed with its own nulls. */
static weir_code attach_validity(const weir_kernel_call *call, weir_column *column, weir_buffer *buffer,
                                 const uint8_t *bits, weir_column **ret, weir_error **err) {
    if (column->encoding == WEIR_CONSTANT) {
        weir_column *flat;
        weir_code code = weir_column_flatten(call->eval->budget, column, &flat, err);
        weir_column_unref(column);
        WEIR_TRY(code);
        column = flat;
    }
    if (atomic_load(&column->refs) > 1) {
        weir_column *own = weir_column_reshell(column, call->type);
        weir_column_unref(column);
        column = own;
    }
    column->null_count = -1;
    if (column->validity == NULL) {
        column->validity_buffer = weir_buffer_ref(buffer);
        column->validity = bits;
        *ret = column;
        return WEIR_OK;
    }
    size_t bytes = (size_t)weir_bits_bytes(call->rows);
    weir_buffer *merged = weir_buffer_new(call->eval->budget, bytes);
    if (merged == NULL) {
        weir_column_unref(column);
        return weir_error_oom(err);
    }
    for (size_t i = 0; i < bytes; i++)
        merged->data[i] = column->validity[i] & bits[i];
    weir_buffer_unref(column->validity_buffer);
    column->validity_buffer = merged;
    column->validity = merged->data;
    *ret = column;
    return WEIR_OK;
}

static weir_code run_propagating(const weir_function *function, weir_kernel_call *call, weir_column **ret,
                                 weir_error **err) {
    for (int32_t i = 0; i < call->args_count; i++) {
        const weir_column *arg = call->args[i];
        if (arg->type->kind == WEIR_TYPE_NULL ||
            (arg->encoding == WEIR_CONSTANT && weir_column_is_null(arg, 0)))
            return weir_result_all_null(call, ret, err);
    }
    _cleanup_buffer_ weir_buffer *validity = NULL;
    const uint8_t *bits = NULL;
    WEIR_TRY(combined_validity(call, &validity, &bits, err));
    weir_kernel_call inner = *call;
    if (bits && !(function->flags & WEIR_FN_DENSE)) {
        inner.sel = valid_rows(call->eval->arena, &call->sel, bits);
        if (inner.sel.count == 0)
            return weir_result_all_null(call, ret, err);
    }
    weir_column *column;
    WEIR_TRY(function->eval(&inner, &column, err));
    if (bits == NULL) {
        *ret = column;
        return WEIR_OK;
    }
    return attach_validity(call, column, validity, bits, ret, err);
}

static weir_code run_plain(const weir_function *function, weir_kernel_call *call, weir_column **ret,
                           weir_error **err) {
    if (call->args_count > 0 && call->rows != 1 && all_constant(call) &&
        !(function->flags & WEIR_FN_NONDETERMINISTIC)) {
        weir_kernel_call one = *call;
        one.rows = 1;
        one.sel = (weir_sel){NULL, 1};
        _cleanup_column_ weir_column *column = NULL;
        WEIR_TRY(run_plain(function, &one, &column, err));
        *ret = weir_column_constant(column, call->rows);
        return WEIR_OK;
    }
    if (function->flags & WEIR_FN_NULL_PROPAGATES)
        return run_propagating(function, call, ret, err);
    return function->eval(call, ret, err);
}

/* The dictionary entries that live rows use, ascending. */
static weir_sel used_entries(const weir_kernel_call *call, const weir_column *codes) {
    int32_t size = codes->children[0]->length;
    uint8_t *used = weir_arena_zalloc(call->eval->arena, (size_t)size + 1);
    const int32_t *values = WEIR_VALUES(codes, int32_t);
    WEIR_EACH(call, i)
    if (!codes->validity || weir_bit_get(codes->validity, i))
        used[values[i]] = 1;
    int32_t *rows = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)size + 1));
    int32_t count = 0;
    for (int32_t e = 0; e < size; e++) {
        rows[count] = e;
        count += used[e];
    }
    return count == size ? (weir_sel){NULL, size} : (weir_sel){rows, count};
}

/* Codes whose entry is NULL in the new dictionary become NULL themselves. */
static weir_code fold_nulls(const weir_kernel_call *call, weir_column *column, weir_error **err) {
    const weir_column *dictionary = column->children[0];
    if (dictionary->validity == NULL)
        return WEIR_OK;
    size_t bytes = (size_t)weir_bits_bytes(call->rows);
    weir_buffer *merged = weir_buffer_new(call->eval->budget, bytes);
    if (merged == NULL)
        return weir_error_oom(err);
    memset(merged->data, 0, bytes);
    const int32_t *codes = WEIR_VALUES(column, int32_t);
    WEIR_EACH(call, i)
    if ((!column->validity || weir_bit_get(column->validity, i)) &&
        weir_bit_get(dictionary->validity, codes[i]))
        weir_bit_set(merged->data, i);
    weir_buffer_unref(column->validity_buffer);
    column->validity_buffer = merged;
    column->validity = merged->data;
    column->null_count = -1;
    return WEIR_OK;
}

static weir_code run_dictionary(const weir_function *function, weir_kernel_call *call, int32_t index,
                                weir_column **ret, weir_error **err) {
    weir_column *codes = call->args[index];
    weir_column **args = weir_arena_alloc(call->eval->arena, sizeof(*args) * (size_t)call->args_count);
    memcpy(args, call->args, sizeof(*args) * (size_t)call->args_count);
    args[index] = codes->children[0];
    weir_kernel_call inner = *call;
    inner.args = args;
    inner.rows = codes->children[0]->length;
    inner.sel = used_entries(call, codes);
    if (inner.sel.count == 0)
        return weir_result_all_null(call, ret, err);
    weir_column *values, *flat;
    WEIR_TRY(run_plain(function, &inner, &values, err));
    weir_code code = weir_column_flatten(call->eval->budget, values, &flat, err);
    weir_column_unref(values);
    WEIR_TRY(code);
    weir_column *column = weir_column_new(call->type, call->rows, 1);
    column->encoding = WEIR_DICTIONARY;
    column->null_count = codes->null_count;
    column->validity = codes->validity;
    column->validity_buffer = weir_buffer_ref(codes->validity_buffer);
    column->values = codes->values;
    column->values_buffer = weir_buffer_ref(codes->values_buffer);
    column->children[0] = flat;
    code = fold_nulls(call, column, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code run_any(const weir_function *function, weir_kernel_call *call, weir_column **ret,
                         weir_error **err) {
    int32_t dictionaries = 0, index = -1;
    bool flat_seen = false;
    for (int32_t i = 0; i < call->args_count; i++) {
        dictionaries += call->args[i]->encoding == WEIR_DICTIONARY;
        flat_seen |= call->args[i]->encoding == WEIR_FLAT;
        if (call->args[i]->encoding == WEIR_DICTIONARY)
            index = i;
    }
    if (dictionaries == 0)
        return run_plain(function, call, ret, err);
    if (dictionaries == 1 && !flat_seen && (function->flags & WEIR_FN_NULL_PROPAGATES) &&
        call->args[index]->children[0]->length <= call->sel.count)
        return run_dictionary(function, call, index, ret, err);
    weir_column **args = weir_arena_zalloc(call->eval->arena, sizeof(*args) * (size_t)call->args_count);
    weir_kernel_call inner = *call;
    inner.args = args;
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < call->args_count && code == WEIR_OK; i++)
        code = weir_column_plain(call->eval->budget, weir_column_ref(call->args[i]), &args[i], err);
    if (code == WEIR_OK)
        code = run_plain(function, &inner, ret, err);
    for (int32_t i = 0; i < call->args_count; i++)
        weir_column_unref(args[i]);
    return code;
}

weir_code weir_kernel_run(const weir_function *function, weir_kernel_call *call, weir_column **ret,
                          weir_error **err) {
    return run_any(function, call, ret, err);
}
