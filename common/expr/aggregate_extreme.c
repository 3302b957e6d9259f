/* min(x) and max(x) of every orderable type. State: (the extreme value, NULL before the first).
 *
 * Fixed-width kinds keep their value in an array per group; strings and binary keep an encoded cell and
 * compare bytes; structs and arrays keep a cell and its normalised sort key. NULLs do not count, NaN is the
 * greatest value, -0.0 = 0.0; of equal values the first one stays, as in Spark. One task thread. */
#include "common/column/row_codec.h"
#include "common/column/sort_key.h"
#include "common/expr/aggregate_int.h"

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type;
    bool greatest;
    bool fixed;
    weir_group_array values; /* fixed: as in a column; BOOLEAN a byte */
    weir_group_array seen;   /* fixed: uint8_t */
    weir_cells cells;        /* else: the value as an encoded row of one field */
    weir_cells keys;         /* nested: its sort key */
    weir_rows value_rows, key_rows;
};

static int32_t state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                           const weir_type *type, const weir_type **ret_types) {
    (void)arena, (void)arg_types, (void)args_count;
    ret_types[0] = type;
    return 1;
}

static weir_accumulator *create(weir_budget *budget, const weir_type *type, bool greatest) {
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    int32_t width = weir_type_width(type);
    acc->budget = budget;
    acc->type = type;
    acc->greatest = greatest;
    acc->fixed = width > 0 || type->kind == WEIR_TYPE_BOOLEAN || type->kind == WEIR_TYPE_NULL;
    acc->values.width = width > 0 ? (size_t)width : 1;
    acc->seen.width = 1;
    acc->value_rows.budget = acc->key_rows.budget = budget;
    weir_cells_init(&acc->cells, budget);
    weir_cells_init(&acc->keys, budget);
    return acc;
}

static weir_code min_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                            const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)err;
    *ret = create(budget, type, false);
    return WEIR_OK;
}

static weir_code max_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                            const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)err;
    *ret = create(budget, type, true);
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_group_array_fini(&acc->values);
    weir_group_array_fini(&acc->seen);
    weir_cells_fini(&acc->cells);
    weir_cells_fini(&acc->keys);
    weir_rows_fini(&acc->value_rows);
    weir_rows_fini(&acc->key_rows);
    weir_free(acc);
}

static weir_code refused(const weir_accumulator *acc, weir_error **err) {
    return weir_aggregate_refused(acc->budget, acc->greatest ? "max" : "min", err);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    bool ok = acc->fixed ? weir_group_array_resize(&acc->values, acc->budget, groups_count) &&
                               weir_group_array_resize(&acc->seen, acc->budget, groups_count)
                         : weir_cells_resize(&acc->cells, groups_count) &&
                               weir_cells_resize(&acc->keys, groups_count);
    return ok ? WEIR_OK : refused(acc, err);
}

/* ---- fixed width ---- */

/* Less under Spark's order: NaN above everything and equal to itself. */
#define REAL_LESS(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))
#define PLAIN_LESS(a, b) ((a) < (b))

#define EXTREME_LOOP(name, ctype, LESS) \
    static void name(weir_accumulator *acc, const weir_column *column, const weir_sel *sel, \
                     const int32_t *groups) { \
        ctype *best = WEIR_GROUP_ARRAY(acc->values, ctype); \
        uint8_t *seen = WEIR_GROUP_ARRAY(acc->seen, uint8_t); \
        for (int32_t i = 0; i < sel->count; i++) { \
            int32_t slot = weir_aggregate_slot(column, weir_sel_row(sel, i)), g = groups[i]; \
            if (slot < 0) \
                continue; \
            ctype value; \
            memcpy(&value, column->values + sizeof(ctype) * (size_t)slot, sizeof(ctype)); \
            bool better = acc->greatest ? LESS(best[g], value) : LESS(value, best[g]); \
            best[g] = better || !seen[g] ? value : best[g]; \
            seen[g] = 1; \
        } \
    }
EXTREME_LOOP(extreme_int8, int8_t, PLAIN_LESS)
EXTREME_LOOP(extreme_int16, int16_t, PLAIN_LESS)
EXTREME_LOOP(extreme_int32, int32_t, PLAIN_LESS)
EXTREME_LOOP(extreme_int64, int64_t, PLAIN_LESS)
EXTREME_LOOP(extreme_int128, __int128, PLAIN_LESS)
EXTREME_LOOP(extreme_float, float, REAL_LESS)
EXTREME_LOOP(extreme_double, double, REAL_LESS)

static void extreme_bool(weir_accumulator *acc, const weir_column *column, const weir_sel *sel,
                         const int32_t *groups) {
    uint8_t *best = WEIR_GROUP_ARRAY(acc->values, uint8_t), *seen = WEIR_GROUP_ARRAY(acc->seen, uint8_t);
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t slot = weir_aggregate_slot(column, weir_sel_row(sel, i)), g = groups[i];
        if (slot < 0)
            continue;
        uint8_t value = weir_bit_get(column->values, slot);
        best[g] = !seen[g] ? value : acc->greatest ? best[g] | value : best[g] & value;
        seen[g] = 1;
    }
}

static void update_fixed(weir_accumulator *acc, const weir_column *column, const weir_sel *sel,
                         const int32_t *groups) {
    switch ((int)acc->type->kind) {
    case WEIR_TYPE_NULL:
        return;
    case WEIR_TYPE_BOOLEAN:
        extreme_bool(acc, column, sel, groups);
        return;
    case WEIR_TYPE_FLOAT:
        extreme_float(acc, column, sel, groups);
        return;
    case WEIR_TYPE_DOUBLE:
        extreme_double(acc, column, sel, groups);
        return;
    default:
        break;
    }
    switch (weir_type_width(acc->type)) {
    case 1:
        extreme_int8(acc, column, sel, groups);
        return;
    case 2:
        extreme_int16(acc, column, sel, groups);
        return;
    case 4:
        extreme_int32(acc, column, sel, groups);
        return;
    case 8:
        extreme_int64(acc, column, sel, groups);
        return;
    default:
        extreme_int128(acc, column, sel, groups);
    }
}

/* ---- strings and binary: cells of one-field rows (null byte, u32 size, bytes) ---- */

#define CELL_HEAD 5

static weir_code update_bytes(weir_accumulator *acc, const weir_column *column, const weir_sel *sel,
                              const int32_t *groups, weir_error **err) {
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i), g = groups[i];
        if (weir_column_is_null(column, row))
            continue;
        weir_str value = weir_column_bytes(column, row), cell = weir_cells_get(&acc->cells, g);
        if (cell.data) {
            int order = weir_str_compare(value, (weir_str){cell.data + CELL_HEAD, cell.size - CELL_HEAD});
            if (acc->greatest ? order <= 0 : order >= 0)
                continue;
        }
        uint8_t *target = weir_cells_reserve(&acc->cells, g, CELL_HEAD + value.size);
        if (!target)
            return refused(acc, err);
        target[0] = 0;
        weir_store32(target + 1, (uint32_t)value.size);
        if (value.size)
            memcpy(target + CELL_HEAD, value.data, value.size);
    }
    return WEIR_OK;
}

/* ---- structs and arrays ---- */

static weir_code update_nested(weir_accumulator *acc, weir_column *column, const weir_sel *sel,
                               const int32_t *groups, weir_error **err) {
    weir_column *columns[] = {column};
    WEIR_TRY(weir_sort_key_encode(&acc->key_rows, columns, NULL, 1, sel, err));
    WEIR_TRY(weir_rows_encode_values(&acc->value_rows, columns, 1, sel, err));
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i), g = groups[i];
        if (weir_column_is_null(column, row))
            continue;
        weir_str key = weir_rows_at(&acc->key_rows, i), best = weir_cells_get(&acc->keys, g);
        if (best.data) {
            int order = weir_str_compare(key, best);
            if (acc->greatest ? order <= 0 : order >= 0)
                continue;
        }
        if (!weir_cells_put(&acc->keys, g, key) ||
            !weir_cells_put(&acc->cells, g, weir_rows_at(&acc->value_rows, i)))
            return refused(acc, err);
    }
    return WEIR_OK;
}

static weir_code take(weir_accumulator *acc, weir_column *column, const weir_sel *sel, const int32_t *groups,
                      weir_error **err) {
    if (!acc->fixed)
        return weir_type_is_bytes(acc->type) ? update_bytes(acc, column, sel, groups, err)
                                             : update_nested(acc, column, sel, groups, err);
    update_fixed(acc, column, sel, groups);
    return WEIR_OK;
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    return take(acc, args[0], sel, groups, err);
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts, const weir_sel *sel,
                       const int32_t *groups, weir_error **err) {
    (void)eval;
    return take(acc, parts[0], sel, groups, err);
}

static weir_code give(weir_accumulator *acc, weir_budget *budget, const weir_type *type, int32_t from,
                      int32_t count, weir_column **ret, weir_error **err) {
    if (!acc->fixed)
        return weir_cells_column(&acc->cells, budget, type, from, count, ret, err);
    return weir_aggregate_column(budget, type, acc->values.buffer->data, WEIR_GROUP_ARRAY(acc->seen, uint8_t),
                                 from, count, ret, err);
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    return give(acc, budget, types[0], from, count, &ret_states[0], err);
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    return give(acc, eval->budget, acc->type, from, count, ret, err);
}

const weir_aggregate_ops weir_min_ops = {
    .name = "min",
    .ordered_reals = true,
    .state_types = state_types,
    .create = min_create,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = finish,
};

const weir_aggregate_ops weir_max_ops = {
    .name = "max",
    .ordered_reals = true,
    .state_types = state_types,
    .create = max_create,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = finish,
};
