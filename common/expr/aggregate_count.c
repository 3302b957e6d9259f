/* count(expr, ...): rows in which no argument is NULL; count(*) arrives as count(1). count_if(condition):
 * rows in which the condition is true. State: (count BIGINT).
 * Never NULL. Failure mode: the budget refuses the groups. */
#include "common/expr/aggregate_int.h"

struct weir_accumulator {
    weir_budget *budget;
    weir_group_array counts; /* int64_t */
};

static int32_t count_state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                                 const weir_type *type, const weir_type **ret_types) {
    (void)arena, (void)arg_types, (void)args_count, (void)type;
    ret_types[0] = weir_type_of(WEIR_TYPE_LONG);
    return 1;
}

static weir_code count_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                              const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)type, (void)err;
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->counts.width = sizeof(int64_t);
    *ret = acc;
    return WEIR_OK;
}

static void count_destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_group_array_fini(&acc->counts);
    weir_free(acc);
}

static weir_code count_resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    if (!weir_group_array_resize(&acc->counts, acc->budget, groups_count))
        return weir_aggregate_refused(acc->budget, "count", err);
    return WEIR_OK;
}

/* Columns that can be null at all; -1 where one is NULL in every row. */
static int32_t nullable_args(weir_column *const *args, int32_t args_count, const weir_column **ret) {
    int32_t count = 0;
    for (int32_t i = 0; i < args_count; i++) {
        if (args[i]->type->kind == WEIR_TYPE_NULL)
            return -1;
        if (args[i]->encoding == WEIR_CONSTANT) {
            if (weir_column_is_null(args[i], 0))
                return -1;
        } else if (args[i]->validity && args[i]->null_count != 0) {
            ret[count++] = args[i];
        }
    }
    return count;
}

static weir_code count_update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args,
                              int32_t args_count, int32_t rows, const weir_sel *sel, const int32_t *groups,
                              weir_error **err) {
    (void)eval, (void)rows, (void)err;
    const weir_column *nullable[WEIR_AGGREGATE_ARGS_MAX];
    int32_t nullable_count = nullable_args(args, args_count, nullable);
    int64_t *counts = WEIR_GROUP_ARRAY(acc->counts, int64_t);
    if (nullable_count < 0)
        return WEIR_OK;
    if (nullable_count == 0) {
        for (int32_t i = 0; i < sel->count; i++)
            counts[groups[i]]++;
        return WEIR_OK;
    }
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i), live = 1;
        for (int32_t a = 0; a < nullable_count; a++)
            live &= weir_bit_get(nullable[a]->validity, row);
        counts[groups[i]] += live;
    }
    return WEIR_OK;
}

static weir_code count_if_update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args,
                                 int32_t args_count, int32_t rows, const weir_sel *sel, const int32_t *groups,
                                 weir_error **err) {
    (void)eval, (void)args_count, (void)rows, (void)err;
    int64_t *counts = WEIR_GROUP_ARRAY(acc->counts, int64_t);
    if (args[0]->type->kind == WEIR_TYPE_NULL)
        return WEIR_OK;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t slot = weir_aggregate_slot(args[0], weir_sel_row(sel, i));
        counts[groups[i]] += slot >= 0 && weir_bit_get(args[0]->values, slot);
    }
    return WEIR_OK;
}

static weir_code count_merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *states,
                             const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)err;
    int64_t *counts = WEIR_GROUP_ARRAY(acc->counts, int64_t);
    const int64_t *values = (const int64_t *)states[0]->values;
    for (int32_t i = 0; i < sel->count; i++)
        counts[groups[i]] += values[weir_column_slot(states[0], weir_sel_row(sel, i))];
    return WEIR_OK;
}

static weir_code count_states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *state_types,
                              int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    return weir_aggregate_column(budget, state_types[0], acc->counts.buffer->data, NULL, from, count,
                                 ret_states, err);
}

static weir_code count_finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                              weir_column **ret, weir_error **err) {
    return weir_aggregate_column(eval->budget, weir_type_of(WEIR_TYPE_LONG), acc->counts.buffer->data, NULL,
                                 from, count, ret, err);
}

const weir_aggregate_ops weir_count_ops = {
    .name = "count",
    .state_types = count_state_types,
    .create = count_create,
    .destroy = count_destroy,
    .resize = count_resize,
    .update = count_update,
    .merge = count_merge,
    .states = count_states,
    .finish = count_finish,
};

const weir_aggregate_ops weir_count_if_ops = {
    .name = "count_if",
    .state_types = count_state_types,
    .create = count_create,
    .destroy = count_destroy,
    .resize = count_resize,
    .update = count_if_update,
    .merge = count_merge,
    .states = count_states,
    .finish = count_finish,
};
