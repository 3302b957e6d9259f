/* collect_list (array_agg), collect_set and mode: values kept in bags (aggregate_bag.h). State: (entries
 * BINARY).
 *
 *   collect_list, collect_set   an array, empty where no value came; never NULL
 *   mode                        the value that came most often. Of several Spark takes any; here the least,
 * and with WITHIN GROUP (ORDER BY x DESC), the third argument, the greatest
 *
 * Order matters to lists and to which of two equal values a set keeps. One task thread. */
#include "common/column/sort_key.h"
#include "common/expr/aggregate_bag.h"

struct weir_accumulator {
    weir_bag bag;
    const weir_type *type; /* of the result */
    bool greatest;         /* mode */
};

static weir_accumulator *create(weir_budget *budget, const weir_type *value_type, const weir_type *type,
                                weir_bag_kind kind) {
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->type = type;
    weir_bag_init(&acc->bag, budget, value_type, kind);
    return acc;
}

#define CREATE(name, kind) \
    static weir_code name(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count, \
                          const weir_type *type, weir_accumulator **ret, weir_error **err) { \
        (void)args_count, (void)err; \
        *ret = create(budget, arg_types[0], type, kind); \
        return WEIR_OK; \
    }
CREATE(list_create, WEIR_BAG_LIST)
CREATE(set_create, WEIR_BAG_SET)
CREATE(mode_create, WEIR_BAG_COUNTS)

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_bag_fini(&acc->bag);
    weir_free(acc);
}

static weir_code mode_configure(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                                weir_error **err) {
    (void)err;
    acc->greatest = args_count > 2 && literals[2] && !weir_column_is_null(literals[2], 0) &&
                    weir_bit_get(literals[2]->values, 0);
    return WEIR_OK;
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    return weir_bag_resize(&acc->bag, groups_count) ? WEIR_OK : weir_bag_refused(&acc->bag, err);
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    return weir_bag_update(&acc->bag, args[0], sel, groups, err);
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts, const weir_sel *sel,
                       const int32_t *groups, weir_error **err) {
    (void)eval;
    return weir_bag_merge(&acc->bag, parts[0], sel, groups, err);
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    (void)types;
    WEIR_TRY(weir_bag_thin_all(&acc->bag, from, count, err));
    return weir_cells_bytes_column(&acc->bag.cells, budget, from, count, ret_states, err);
}

/* ---- arrays ---- */

static weir_code add_array(const weir_bag *bag, int32_t group, weir_builder *builder, weir_error **err) {
    weir_str cell = weir_cells_get(&bag->cells, group);
    weir_bag_entry entry;
    for (size_t at = 0; weir_bag_next(bag, cell, &at, &entry);)
        WEIR_TRY(weir_row_decode((const uint8_t *)entry.value.data, entry.value.size, &builder->children[0],
                                 1, err));
    return weir_builder_list_end(builder) ? WEIR_OK : weir_error_oom(err);
}

static weir_code collect_finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                                weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_bag_thin_all(&acc->bag, from, count, err));
    WEIR_TRY(weir_builder_init(&builder, eval->budget, acc->type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = add_array(&acc->bag, from + i, &builder, err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

/* ---- mode ---- */

/* The values with the highest count of one group, appended to the builder; returns their number. */
static weir_code add_candidates(const weir_bag *bag, int32_t group, weir_builder *builder, weir_error **err) {
    weir_str cell = weir_cells_get(&bag->cells, group);
    weir_bag_entry entry;
    int64_t most = 0;
    for (size_t at = 0; weir_bag_next(bag, cell, &at, &entry);)
        most = WEIR_MAX(most, entry.count);
    for (size_t at = 0; weir_bag_next(bag, cell, &at, &entry);)
        if (entry.count == most)
            WEIR_TRY(weir_row_decode((const uint8_t *)entry.value.data, entry.value.size, builder, 1, err));
    return WEIR_OK;
}

/* Of the candidates [ends[i - 1], ends[i]) of each group the least or greatest; -1 where there is none. */
static weir_code choose(const weir_accumulator *acc, weir_column *candidates, const int32_t *ends,
                        int32_t count, int32_t *chosen, weir_error **err) {
    weir_rows keys = {.budget = acc->bag.budget};
    weir_sel all = {NULL, candidates->length};
    bool ordered = weir_sort_key_orderable(acc->type);
    weir_code code = ordered ? weir_sort_key_encode(&keys, &candidates, NULL, 1, &all, err) : WEIR_OK;
    for (int32_t i = 0, at = 0; i < count && code == WEIR_OK; i++) {
        chosen[i] = at < ends[i] ? at : -1;
        for (at++; at < ends[i]; at++) {
            int order =
                ordered ? weir_str_compare(weir_rows_at(&keys, at), weir_rows_at(&keys, chosen[i])) : 0;
            if (acc->greatest ? order > 0 : order < 0)
                chosen[i] = at;
        }
        at = ends[i];
    }
    weir_rows_fini(&keys);
    return code;
}

static weir_code mode_finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                             weir_column **ret, weir_error **err) {
    weir_builder builder;
    _cleanup_free_ int32_t *ends = weir_alloc(4 * (size_t)count + 4);
    _cleanup_free_ int32_t *chosen = weir_alloc(4 * (size_t)count + 4);
    _cleanup_column_ weir_column *candidates = NULL;
    WEIR_TRY(weir_bag_thin_all(&acc->bag, from, count, err));
    WEIR_TRY(weir_builder_init(&builder, eval->budget, acc->type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++) {
        code = add_candidates(&acc->bag, from + i, &builder, err);
        ends[i] = builder.length;
    }
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, &candidates, err);
    weir_builder_fini(&builder);
    if (code == WEIR_OK)
        code = choose(acc, candidates, ends, count, chosen, err);
    return code == WEIR_OK ? weir_column_gather(eval->budget, candidates, chosen, count, ret, err) : code;
}

#define COLLECT_OPS(symbol, label, create_fn, configure_fn, finish_fn) \
    const weir_aggregate_ops symbol = { \
        .name = label, \
        .ordered = true, \
        .state_types = weir_aggregate_bytes_state, \
        .create = create_fn, \
        .configure = configure_fn, \
        .destroy = destroy, \
        .resize = resize, \
        .update = update, \
        .merge = merge, \
        .states = states, \
        .finish = finish_fn, \
    }
COLLECT_OPS(weir_collect_list_ops, "collect_list", list_create, NULL, collect_finish);
COLLECT_OPS(weir_collect_set_ops, "collect_set", set_create, NULL, collect_finish);
COLLECT_OPS(weir_mode_ops, "mode", mode_create, mode_configure, mode_finish);
