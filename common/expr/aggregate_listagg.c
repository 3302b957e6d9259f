/* listagg (string_agg): texts or bytes joined by a separator, NULL ones left out; NULL where none is left.
 *
 *   state (entries BINARY)   u32 key size | sort key | u32 size | bytes
 *
 * With WITHIN GROUP (ORDER BY ...) the arguments behind the separator are the order's expressions, and behind
 * them a text of one letter each: 'a' or 'd' for the direction, upper case where NULL comes last. Entries are
 * sorted at the end, equal ones in the order of their rows. One task thread. */
#include <stdlib.h>

#include "common/column/builder.h"
#include "common/column/sort_key.h"
#include "common/expr/aggregate_int.h"

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type;
    weir_str separator;
    int32_t orders_count;
    weir_sort_order orders[WEIR_AGGREGATE_ARGS_MAX];
    weir_cells cells;
    weir_rows keys;
};

static weir_code create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                        const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)err;
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = acc->keys.budget = budget;
    acc->type = type;
    weir_cells_init(&acc->cells, budget);
    *ret = acc;
    return WEIR_OK;
}

static weir_code configure(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                           weir_error **err) {
    (void)err;
    if (args_count > 1 && literals[1] && !weir_column_is_null(literals[1], 0) &&
        literals[1]->type->kind != WEIR_TYPE_NULL)
        acc->separator = weir_column_bytes(literals[1], 0);
    if (args_count < 4 || !literals[args_count - 1])
        return WEIR_OK;
    weir_str directions = weir_column_bytes(literals[args_count - 1], 0);
    acc->orders_count = args_count - 3;
    for (int32_t i = 0; i < acc->orders_count && (size_t)i < directions.size; i++) {
        char one = directions.data[i];
        acc->orders[i] = (weir_sort_order){.descending = (one | 0x20) == 'd', .nulls_last = !(one & 0x20)};
    }
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_cells_fini(&acc->cells);
    weir_rows_fini(&acc->keys);
    weir_free(acc);
}

static weir_code refused(const weir_accumulator *acc, weir_error **err) {
    return weir_aggregate_refused(acc->budget, "listagg", err);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    return weir_cells_resize(&acc->cells, groups_count) ? WEIR_OK : refused(acc, err);
}

static uint8_t *put_part(uint8_t *to, weir_str part) {
    weir_store32(to, (uint32_t)part.size);
    if (part.size)
        memcpy(to + 4, part.data, part.size);
    return to + 4 + part.size;
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows;
    if (args[0]->type->kind == WEIR_TYPE_NULL)
        return WEIR_OK;
    if (acc->orders_count)
        WEIR_TRY(weir_sort_key_encode(&acc->keys, args + 2, acc->orders, acc->orders_count, sel, err));
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        if (weir_column_is_null(args[0], row))
            continue;
        weir_str text = weir_column_bytes(args[0], row), key = {0};
        if (acc->orders_count)
            key = weir_rows_at(&acc->keys, i);
        uint8_t *to = weir_cells_extend(&acc->cells, groups[i], 8 + key.size + text.size);
        if (!to)
            return refused(acc, err);
        put_part(put_part(to, key), text);
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
        uint8_t *to = weir_cells_extend(&acc->cells, groups[i], bytes.size);
        if (!to)
            return refused(acc, err);
        memcpy(to, bytes.data, bytes.size);
    }
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    (void)types;
    return weir_cells_bytes_column(&acc->cells, budget, from, count, ret_states, err);
}

/* ---- results ---- */

typedef struct entry {
    weir_str key, text;
} entry;

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

/* Equal keys keep the order of the rows: entries lie in it. */
static int compare_entries(const void *left, const void *right) {
    const entry *a = left, *b = right;
    int order = weir_str_compare(a->key, b->key);
    return order ? order : (a->text.data > b->text.data) - (a->text.data < b->text.data);
}

/* `entries` NULL: counts alone. */
static int32_t read_entries(weir_str cell, entry *entries) {
    int32_t count = 0;
    entry one;
    for (size_t at = 0; next_part(cell, &at, &one.key) && next_part(cell, &at, &one.text); count++)
        if (entries)
            entries[count] = one;
    return count;
}

static weir_code put_group(const weir_accumulator *acc, int32_t group, weir_builder *builder,
                           weir_error **err) {
    weir_str cell = weir_cells_get(&acc->cells, group);
    int32_t count = read_entries(cell, NULL);
    if (count == 0)
        return weir_builder_null(builder) ? WEIR_OK : weir_error_oom(err);
    size_t bytes = sizeof(entry) * (size_t)count;
    if (!weir_budget_charge(acc->budget, (int64_t)(bytes + cell.size)))
        return refused(acc, err);
    entry *entries = weir_alloc(bytes);
    read_entries(cell, entries);
    if (acc->orders_count)
        qsort(entries, (size_t)count, sizeof *entries, compare_entries);
    weir_strbuf joined = {0};
    for (int32_t i = 0; i < count; i++) {
        if (i > 0)
            weir_strbuf_add(&joined, acc->separator);
        weir_strbuf_add(&joined, entries[i].text);
    }
    bool ok = weir_builder_bytes(builder, joined.data ? joined.data : "", joined.size);
    weir_strbuf_fini(&joined);
    weir_free(entries);
    weir_budget_release(acc->budget, (int64_t)(bytes + cell.size));
    return ok ? WEIR_OK : weir_error_oom(err);
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    weir_builder builder;
    if (acc->type->kind == WEIR_TYPE_NULL)
        return weir_column_new_nulls(eval->budget, acc->type, count, ret, err);
    WEIR_TRY(weir_builder_init(&builder, eval->budget, acc->type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = put_group(acc, from + i, &builder, err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

const weir_aggregate_ops weir_listagg_ops = {
    .name = "listagg",
    .ordered = true,
    .state_types = weir_aggregate_bytes_state,
    .create = create,
    .configure = configure,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = finish,
};
