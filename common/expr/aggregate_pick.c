/* Aggregates that keep one row's value: first, last (and any_value), max_by, min_by.
 *
 *   first, last     state (value, is_set): with the second argument true NULLs are passed over
 *   max_by, min_by  state (value, ordering): the row with the greatest or least non-NULL ordering; of equal
 *                   ones the later, as in Spark
 *
 * Values of any type are kept as encoded rows. Order matters: callers merge earlier rows first. One task
 * thread. */
#include "common/column/row_codec.h"
#include "common/column/sort_key.h"
#include "common/expr/aggregate_int.h"

typedef enum pick_kind { PICK_FIRST, PICK_LAST, PICK_MAX_BY, PICK_MIN_BY } pick_kind;

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type;
    pick_kind kind;
    weir_cells values;
    weir_cells orderings; /* max_by, min_by */
    weir_cells keys;      /* their sort keys */
    weir_rows rows, order_rows, key_rows;
};

static int32_t first_state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                                 const weir_type *type, const weir_type **ret_types) {
    (void)arena, (void)arg_types, (void)args_count;
    ret_types[0] = type;
    ret_types[1] = weir_type_of(WEIR_TYPE_BOOLEAN);
    return 2;
}

static int32_t by_state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                              const weir_type *type, const weir_type **ret_types) {
    (void)arena, (void)args_count;
    ret_types[0] = type;
    ret_types[1] = arg_types[1];
    return 2;
}

static weir_code create(weir_budget *budget, const weir_type *type, pick_kind kind, weir_accumulator **ret) {
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->type = type;
    acc->kind = kind;
    acc->rows.budget = acc->order_rows.budget = acc->key_rows.budget = budget;
    weir_cells_init(&acc->values, budget);
    weir_cells_init(&acc->orderings, budget);
    weir_cells_init(&acc->keys, budget);
    *ret = acc;
    return WEIR_OK;
}

#define CREATE(name, kind) \
    static weir_code name(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count, \
                          const weir_type *type, weir_accumulator **ret, weir_error **err) { \
        (void)arg_types, (void)args_count, (void)err; \
        return create(budget, type, kind, ret); \
    }
CREATE(first_create, PICK_FIRST)
CREATE(last_create, PICK_LAST)
CREATE(max_by_create, PICK_MAX_BY)
CREATE(min_by_create, PICK_MIN_BY)

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_cells_fini(&acc->values);
    weir_cells_fini(&acc->orderings);
    weir_cells_fini(&acc->keys);
    weir_rows_fini(&acc->rows);
    weir_rows_fini(&acc->order_rows);
    weir_rows_fini(&acc->key_rows);
    weir_free(acc);
}

static weir_code refused(const weir_accumulator *acc, weir_error **err) {
    static const char *const names[] = {"first", "last", "max_by", "min_by"};
    return weir_aggregate_refused(acc->budget, names[acc->kind], err);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    bool ok = weir_cells_resize(&acc->values, groups_count) &&
              weir_cells_resize(&acc->orderings, groups_count) && weir_cells_resize(&acc->keys, groups_count);
    return ok ? WEIR_OK : refused(acc, err);
}

/* ---- first, last ---- */

/* `flags`: update: TRUE = pass over NULLs (may be NULL); merge: TRUE = the state is set. */
static weir_code take(weir_accumulator *acc, weir_column *column, const weir_column *flags, bool merging,
                      const weir_sel *sel, const int32_t *groups, weir_error **err) {
    WEIR_TRY(weir_rows_encode_values(&acc->rows, &column, 1, sel, err));
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i), g = groups[i];
        int32_t slot = flags ? weir_aggregate_slot(flags, row) : -1;
        bool flag = slot >= 0 && weir_bit_get(flags->values, slot);
        if (merging ? !flag : flag && weir_column_is_null(column, row))
            continue;
        if (acc->kind == PICK_FIRST && weir_cells_get(&acc->values, g).data)
            continue;
        if (!weir_cells_put(&acc->values, g, weir_rows_at(&acc->rows, i)))
            return refused(acc, err);
    }
    return WEIR_OK;
}

static weir_code first_update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args,
                              int32_t args_count, int32_t rows, const weir_sel *sel, const int32_t *groups,
                              weir_error **err) {
    (void)eval, (void)rows;
    return take(acc, args[0], args_count > 1 ? args[1] : NULL, false, sel, groups, err);
}

static weir_code first_merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts,
                             const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval;
    return take(acc, parts[0], parts[1], true, sel, groups, err);
}

static weir_code first_states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                              int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    _cleanup_free_ uint8_t *set = weir_alloc((size_t)count + 1);
    for (int32_t i = 0; i < count; i++)
        set[i] = weir_cells_get(&acc->values, from + i).data != NULL;
    _cleanup_column_ weir_column *value = NULL;
    WEIR_TRY(weir_cells_column(&acc->values, budget, types[0], from, count, &value, err));
    WEIR_TRY(weir_aggregate_column(budget, types[1], set, NULL, 0, count, &ret_states[1], err));
    ret_states[0] = value;
    value = NULL;
    return WEIR_OK;
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    return weir_cells_column(&acc->values, eval->budget, acc->type, from, count, ret, err);
}

/* ---- max_by, min_by ---- */

static weir_code take_by(weir_accumulator *acc, weir_column *const *columns, const weir_sel *sel,
                         const int32_t *groups, weir_error **err) {
    WEIR_TRY(weir_rows_encode_values(&acc->rows, &columns[0], 1, sel, err));
    WEIR_TRY(weir_rows_encode_values(&acc->order_rows, &columns[1], 1, sel, err));
    WEIR_TRY(weir_sort_key_encode(&acc->key_rows, &columns[1], NULL, 1, sel, err));
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t g = groups[i];
        if (weir_column_is_null(columns[1], weir_sel_row(sel, i)))
            continue;
        weir_str key = weir_rows_at(&acc->key_rows, i), best = weir_cells_get(&acc->keys, g);
        if (best.data) {
            int order = weir_str_compare(key, best);
            if (acc->kind == PICK_MAX_BY ? order < 0 : order > 0)
                continue;
        }
        if (!weir_cells_put(&acc->keys, g, key) ||
            !weir_cells_put(&acc->values, g, weir_rows_at(&acc->rows, i)) ||
            !weir_cells_put(&acc->orderings, g, weir_rows_at(&acc->order_rows, i)))
            return refused(acc, err);
    }
    return WEIR_OK;
}

static weir_code by_update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args,
                           int32_t args_count, int32_t rows, const weir_sel *sel, const int32_t *groups,
                           weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    return take_by(acc, args, sel, groups, err);
}

static weir_code by_merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts,
                          const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval;
    return take_by(acc, parts, sel, groups, err);
}

static weir_code by_states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                           int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    _cleanup_column_ weir_column *value = NULL;
    WEIR_TRY(weir_cells_column(&acc->values, budget, types[0], from, count, &value, err));
    WEIR_TRY(weir_cells_column(&acc->orderings, budget, types[1], from, count, &ret_states[1], err));
    ret_states[0] = value;
    value = NULL;
    return WEIR_OK;
}

#define PICK_OPS(symbol, label, create_fn, state_types_fn, update_fn, merge_fn, states_fn) \
    const weir_aggregate_ops symbol = { \
        .name = label, \
        .ordered = true, \
        .state_types = state_types_fn, \
        .create = create_fn, \
        .destroy = destroy, \
        .resize = resize, \
        .update = update_fn, \
        .merge = merge_fn, \
        .states = states_fn, \
        .finish = finish, \
    }
PICK_OPS(weir_first_ops, "first", first_create, first_state_types, first_update, first_merge, first_states);
PICK_OPS(weir_last_ops, "last", last_create, first_state_types, first_update, first_merge, first_states);
PICK_OPS(weir_max_by_ops, "max_by", max_by_create, by_state_types, by_update, by_merge, by_states);
PICK_OPS(weir_min_by_ops, "min_by", min_by_create, by_state_types, by_update, by_merge, by_states);
