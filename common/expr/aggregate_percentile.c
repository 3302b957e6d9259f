/* percentile, percentile_cont, percentile_disc (and median): exact. Every group keeps its values with their
 * counts and sorts them at the end; equal ones are joined whenever the list has doubled.
 *
 *   state (entries BINARY): double value | i64 count, unordered
 *
 * percentile(x, p[, frequency]) and percentile_cont interpolate between the two neighbours of the position
 * p * (count - 1); percentile_disc takes the first value whose share reaches p. For DESC the values are taken
 * in the other order. One task thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/expr/aggregate_real.h"

typedef struct entry {
    double value;
    int64_t count;
} entry;

#define JOIN_ENTRIES_MIN 256

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type;
    bool discrete, reverse, has_frequency;
    weir_reals percentages;
    weir_cells cells;
    weir_group_array limits; /* int64_t: entries at which the group is joined next */
};

static weir_accumulator *create(weir_budget *budget, const weir_type *type, bool discrete) {
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->type = type;
    acc->discrete = discrete;
    acc->limits.width = sizeof(int64_t);
    weir_cells_init(&acc->cells, budget);
    return acc;
}

static weir_code cont_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                             const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)err;
    *ret = create(budget, type, false);
    (*ret)->has_frequency = args_count > 2 && arg_types[2]->kind == WEIR_TYPE_LONG;
    return WEIR_OK;
}

static weir_code disc_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                             const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)err;
    *ret = create(budget, type, true);
    return WEIR_OK;
}

/* A third argument of BOOLEAN says that the order is DESC. */
static weir_code configure(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                           weir_error **err) {
    (void)err;
    acc->percentages = weir_reals_of(literals[1]);
    acc->reverse = args_count > 2 && literals[2] && literals[2]->type->kind == WEIR_TYPE_BOOLEAN &&
                   weir_bit_get(literals[2]->values, 0);
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_cells_fini(&acc->cells);
    weir_group_array_fini(&acc->limits);
    weir_free(acc->percentages.items);
    weir_free(acc);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    bool ok = weir_cells_resize(&acc->cells, groups_count) &&
              weir_group_array_resize(&acc->limits, acc->budget, groups_count);
    return ok ? WEIR_OK : weir_aggregate_refused(acc->budget, "percentile", err);
}

/* ---- entries ---- */

static int compare_entries(const void *left, const void *right) {
    return weir_real_compare(((const entry *)left)->value, ((const entry *)right)->value);
}

/* Sorts and joins what is equal; returns the number of entries left. */
static int64_t join_entries(weir_accumulator *acc, int32_t group) {
    weir_str cell = weir_cells_get(&acc->cells, group);
    entry *entries = (entry *)(uintptr_t)cell.data;
    int64_t count = (int64_t)(cell.size / sizeof *entries), kept = 0;
    if (count == 0)
        return 0;
    qsort(entries, (size_t)count, sizeof *entries, compare_entries);
    for (int64_t i = 1; i < count; i++) {
        if (weir_real_compare(entries[kept].value, entries[i].value) == 0)
            entries[kept].count += entries[i].count;
        else
            entries[++kept] = entries[i];
    }
    kept++;
    weir_cells_reserve(&acc->cells, group, (size_t)kept * sizeof *entries); /* shorter: stays in place */
    WEIR_GROUP_ARRAY(acc->limits, int64_t)[group] = 2 * kept + JOIN_ENTRIES_MIN;
    return kept;
}

static weir_code add_entries(weir_accumulator *acc, int32_t group, const void *entries, size_t bytes,
                             weir_error **err) {
    uint8_t *to = weir_cells_extend(&acc->cells, group, bytes);
    if (!to)
        return weir_aggregate_refused(acc->budget, "percentile", err);
    memcpy(to, entries, bytes);
    int64_t count = (int64_t)(weir_cells_get(&acc->cells, group).size / sizeof(entry));
    if (count > WEIR_MAX(WEIR_GROUP_ARRAY(acc->limits, int64_t)[group], JOIN_ENTRIES_MIN))
        join_entries(acc, group);
    return WEIR_OK;
}

static weir_code frequency_of(const weir_column *column, int32_t row, int64_t *ret, weir_error **err) {
    int32_t slot = weir_aggregate_slot(column, row);
    *ret = slot < 0 ? 0 : ((const int64_t *)column->values)[slot];
    if (*ret >= 0)
        return WEIR_OK;
    char text[32];
    snprintf(text, sizeof text, "%lldL", (long long)*ret);
    WEIR_RAISE(err, NEGATIVE_VALUES_IN_FREQUENCY_EXPRESSION, "frequencyExpression", "\"frequency\"",
               "negativeValue", text);
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i), slot = weir_aggregate_slot(args[0], row);
        if (slot < 0)
            continue;
        entry one = {weir_real_of(args[0], slot), 1};
        if (acc->has_frequency)
            WEIR_TRY(frequency_of(args[2], row, &one.count, err));
        if (one.count)
            WEIR_TRY(add_entries(acc, groups[i], &one, sizeof one, err));
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
        if (bytes.size)
            WEIR_TRY(add_entries(acc, groups[i], bytes.data, bytes.size, err));
    }
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    (void)types;
    for (int32_t g = from; g < from + count; g++)
        join_entries(acc, g);
    return weir_cells_bytes_column(&acc->cells, budget, from, count, ret_states, err);
}

/* ---- results ---- */

typedef struct sorted {
    entry *entries; /* count: accumulated */
    int64_t size;
} sorted;

/* The first entry at which `wanted` values are reached. */
static double value_at(const sorted *s, int64_t wanted) {
    int64_t low = 0, high = s->size - 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (s->entries[middle].count >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return s->entries[low].value;
}

static double percentile_of(const weir_accumulator *acc, const sorted *s, double percentage) {
    int64_t total = s->entries[s->size - 1].count;
    if (acc->discrete)
        return value_at(s, WEIR_MAX(1, (int64_t)ceil((double)total * percentage)));
    double position = (double)(total - 1) * percentage;
    double lower = floor(position), higher = ceil(position);
    double low = value_at(s, (int64_t)lower + 1), high = value_at(s, (int64_t)higher + 1);
    if (lower == higher || weir_real_compare(low, high) == 0)
        return low;
    return low + (position - lower) * (high - low);
}

/* Counts become running sums, in the order asked for, until restore_counts. */
static sorted sort_group(weir_accumulator *acc, int32_t group) {
    sorted s = {.size = join_entries(acc, group)};
    s.entries = (entry *)(uintptr_t)weir_cells_get(&acc->cells, group).data;
    for (int64_t i = 0; acc->reverse && i < s.size / 2; i++) {
        entry other = s.entries[i];
        s.entries[i] = s.entries[s.size - 1 - i];
        s.entries[s.size - 1 - i] = other;
    }
    for (int64_t i = 1; i < s.size; i++)
        s.entries[i].count += s.entries[i - 1].count;
    return s;
}

static void restore_counts(sorted *s) {
    for (int64_t i = s->size - 1; i > 0; i--)
        s->entries[i].count -= s->entries[i - 1].count;
}

static bool put_group(weir_accumulator *acc, int32_t group, weir_builder *builder) {
    sorted s = sort_group(acc, group);
    const weir_reals *wanted = &acc->percentages;
    if (s.size == 0 || wanted->count == 0)
        return weir_builder_null(builder);
    weir_builder *target = wanted->is_array ? &builder->children[0] : builder;
    bool ok = true;
    for (int32_t i = 0; i < wanted->count && ok; i++)
        ok = weir_real_put(target, percentile_of(acc, &s, wanted->items[i]));
    restore_counts(&s);
    return ok && (!wanted->is_array || weir_builder_list_end(builder));
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, eval->budget, acc->type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        if (!put_group(acc, from + i, &builder))
            code = weir_error_oom(err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

#define PERCENTILE_OPS(symbol, label, create_fn) \
    const weir_aggregate_ops symbol = { \
        .name = label, \
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
PERCENTILE_OPS(weir_percentile_ops, "percentile", cont_create);
PERCENTILE_OPS(weir_percentile_disc_ops, "percentile_disc", disc_create);
