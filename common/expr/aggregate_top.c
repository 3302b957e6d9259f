/* max_by(x, y, k) and min_by(x, y, k): the values of the k rows with the greatest or least y, the best
 * first; rows whose y is NULL do not count, equal ones stand in the order of their rows.
 *
 *   state (entries BINARY)   u32 size and sort key of y | u32 size and x as a row in value form
 *
 * A group takes rows in as they come and throws away all but the best k whenever it has twice as many. One
 * task thread. */
#include <stdlib.h>

#include "common/column/builder.h"
#include "common/column/sort_key.h"
#include "common/expr/aggregate_int.h"

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type; /* ARRAY of x's type */
    bool least;
    int32_t wanted;
    weir_cells cells;
    weir_group_array counts; /* int32_t: entries in the cell */
    weir_rows keys, values;
};

typedef struct entry {
    weir_str key, value;
} entry;

static weir_code create(weir_budget *budget, const weir_type *type, bool least, weir_accumulator **ret) {
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = acc->keys.budget = acc->values.budget = budget;
    acc->type = type;
    acc->least = least;
    acc->wanted = 1;
    acc->counts.width = sizeof(int32_t);
    weir_cells_init(&acc->cells, budget);
    *ret = acc;
    return WEIR_OK;
}

#define CREATE(name, least) \
    static weir_code name(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count, \
                          const weir_type *type, weir_accumulator **ret, weir_error **err) { \
        (void)arg_types, (void)args_count, (void)err; \
        return create(budget, type, least, ret); \
    }
CREATE(max_create, false)
CREATE(min_create, true)

static weir_code configure(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                           weir_error **err) {
    (void)args_count, (void)err;
    if (literals[2])
        acc->wanted = ((const int32_t *)literals[2]->values)[0];
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_cells_fini(&acc->cells);
    weir_group_array_fini(&acc->counts);
    weir_rows_fini(&acc->keys);
    weir_rows_fini(&acc->values);
    weir_free(acc);
}

static weir_code refused(const weir_accumulator *acc, weir_error **err) {
    return weir_aggregate_refused(acc->budget, acc->least ? "min_by" : "max_by", err);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    bool ok = weir_cells_resize(&acc->cells, groups_count) &&
              weir_group_array_resize(&acc->counts, acc->budget, groups_count);
    return ok ? WEIR_OK : refused(acc, err);
}

/* ---- entries ---- */

static bool next_part(weir_str cell, size_t *at, weir_str *ret) {
    if (*at + 4 > cell.size)
        return false;
    size_t size = weir_load32((const uint8_t *)cell.data + *at);
    if (size > cell.size - *at - 4)
        return false;
    *ret = (weir_str){cell.data + *at + 4, size};
    *at += 4 + size;
    return true;
}

static bool next_entry(weir_str cell, size_t *at, entry *ret) {
    return next_part(cell, at, &ret->key) && next_part(cell, at, &ret->value);
}

static uint8_t *put_part(uint8_t *to, weir_str part) {
    weir_store32(to, (uint32_t)part.size);
    memcpy(to + 4, part.data, part.size);
    return to + 4 + part.size;
}

/* Equal keys keep the order of the rows: entries lie in it. */
static int by_position(const entry *a, const entry *b) {
    return (a->key.data > b->key.data) - (a->key.data < b->key.data);
}

static int compare_ascending(const void *left, const void *right) {
    const entry *a = left, *b = right;
    int order = weir_str_compare(a->key, b->key);
    return order ? order : by_position(a, b);
}

static int compare_descending(const void *left, const void *right) {
    const entry *a = left, *b = right;
    int order = weir_str_compare(b->key, a->key);
    return order ? order : by_position(a, b);
}

/* The best entries of a group, in order; weir_free. */
static entry *best_entries(const weir_accumulator *acc, int32_t group, int32_t *ret_count) {
    weir_str cell = weir_cells_get(&acc->cells, group);
    int32_t count = WEIR_GROUP_ARRAY(acc->counts, int32_t)[group], read = 0;
    entry *entries = weir_alloc(sizeof(entry) * ((size_t)count + 1));
    for (size_t at = 0; read < count && next_entry(cell, &at, &entries[read]);)
        read++;
    qsort(entries, (size_t)read, sizeof *entries, acc->least ? compare_ascending : compare_descending);
    *ret_count = WEIR_MIN(read, acc->wanted);
    return entries;
}

static weir_code keep_best(weir_accumulator *acc, int32_t group, weir_error **err) {
    int32_t count;
    _cleanup_free_ entry *entries = best_entries(acc, group, &count);
    size_t size = 0;
    for (int32_t i = 0; i < count; i++)
        size += 8 + entries[i].key.size + entries[i].value.size;
    if (!weir_budget_charge(acc->budget, (int64_t)size))
        return refused(acc, err);
    uint8_t *kept = weir_alloc(size + 1), *to = kept;
    for (int32_t i = 0; i < count; i++)
        to = put_part(put_part(to, entries[i].key), entries[i].value);
    bool ok = weir_cells_put(&acc->cells, group, (weir_str){(const char *)kept, size});
    weir_free(kept);
    weir_budget_release(acc->budget, (int64_t)size);
    WEIR_GROUP_ARRAY(acc->counts, int32_t)[group] = count;
    return ok ? WEIR_OK : refused(acc, err);
}

static weir_code add_entry(weir_accumulator *acc, int32_t group, const entry *one, weir_error **err) {
    uint8_t *to = weir_cells_extend(&acc->cells, group, 8 + one->key.size + one->value.size);
    if (!to)
        return refused(acc, err);
    put_part(put_part(to, one->key), one->value);
    int32_t count = ++WEIR_GROUP_ARRAY(acc->counts, int32_t)[group];
    return count >= 64 && count / 2 >= acc->wanted ? keep_best(acc, group, err) : WEIR_OK;
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    WEIR_TRY(weir_rows_encode_values(&acc->values, args, 1, sel, err));
    WEIR_TRY(weir_sort_key_encode(&acc->keys, args + 1, NULL, 1, sel, err));
    for (int32_t i = 0; i < sel->count; i++) {
        entry one = {weir_rows_at(&acc->keys, i), weir_rows_at(&acc->values, i)};
        if (!weir_column_is_null(args[1], weir_sel_row(sel, i)))
            WEIR_TRY(add_entry(acc, groups[i], &one, err));
    }
    return WEIR_OK;
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts, const weir_sel *sel,
                       const int32_t *groups, weir_error **err) {
    (void)eval;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        if (weir_column_is_null(parts[0], row))
            continue;
        weir_str bytes = weir_column_bytes(parts[0], row);
        entry one;
        for (size_t at = 0; next_entry(bytes, &at, &one);)
            WEIR_TRY(add_entry(acc, groups[i], &one, err));
    }
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    (void)types;
    for (int32_t g = from; g < from + count; g++)
        if (WEIR_GROUP_ARRAY(acc->counts, int32_t)[g] > acc->wanted)
            WEIR_TRY(keep_best(acc, g, err));
    return weir_cells_bytes_column(&acc->cells, budget, from, count, ret_states, err);
}

static weir_code put_group(const weir_accumulator *acc, int32_t group, weir_builder *builder,
                           weir_error **err) {
    int32_t count;
    _cleanup_free_ entry *entries = best_entries(acc, group, &count);
    if (count == 0)
        return weir_builder_null(builder) ? WEIR_OK : weir_error_oom(err);
    for (int32_t i = 0; i < count; i++)
        WEIR_TRY(weir_row_decode((const uint8_t *)entries[i].value.data, entries[i].value.size,
                                 &builder->children[0], 1, err));
    return weir_builder_list_end(builder) ? WEIR_OK : weir_error_oom(err);
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, eval->budget, acc->type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = put_group(acc, from + i, &builder, err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

#define TOP_OPS(symbol, label, create_fn) \
    const weir_aggregate_ops symbol = { \
        .name = label, \
        .ordered = true, \
        .state_types = weir_aggregate_bytes_state, \
        .create = create_fn, \
        .configure = configure, \
        .destroy = destroy, \
        .resize = resize, \
        .update = update, \
        .merge = merge, \
        .states = states, \
        .finish = finish, \
    }
TOP_OPS(weir_max_by_top_ops, "max_by", max_create);
TOP_OPS(weir_min_by_top_ops, "min_by", min_create);
