/* Hash join: reads the build side's stage when it opens, then looks up every batch of its child.
 *
 *   open    build rows as one batch, their keys as bytes (row_codec) -> group numbers (group_table); the rows
 * of a group are a list in their order push    keys of the batch -> groups -> pairs of (probe row, build
 * row), WEIR_BATCH_ROWS at a time -> gather -> condition -> next operator. Semi and anti joins without a
 * condition only narrow the selection. finish  build rows that never matched, where they stay
 *
 * Without keys all build rows are one group: a nested loop. A key that is NULL matches nothing unless it is
 * null-safe. Rows come in the order of the probe side, those of a match in the order of the build side;
 * behind a condition, probe rows without a match come at the end of their batch. Failure modes:
 * OUT_OF_MEMORY, errors of the condition, SCALAR_SUBQUERY_TOO_MANY_ROWS. Task thread. */
#include "common/base/alloc.h"
#include "executor/operator/group_table.h"
#include "executor/operator/operator_int.h"

typedef struct join_spec {
    const weir_node_hash_join *node;
    const weir_program *probe_keys, *build_keys;
    const weir_program *condition; /* NULL = none */
    int32_t keys_count;
    const weir_type *pair_schema; /* left columns, then right ones */
    int32_t probe_columns, build_columns;
} join_spec;

typedef struct join_run {
    weir_batch *build; /* NULL = no rows */
    bool has_null_key;
    weir_group_table table;
    weir_rows rows;
    weir_buffer *first; /* by group: its first row */
    weir_buffer *next;  /* by row: the next one of its group, -1 = none */
    weir_buffer *last;  /* while building: by group */
    uint8_t *matched;   /* bit by build row, where unmatched ones stay */
    weir_buffer *groups;
    weir_batch **collected; /* while the build side is read */
    int32_t collected_count, collected_capacity;
    int64_t collected_rows;
    int32_t probe_rows[WEIR_BATCH_ROWS], build_rows[WEIR_BATCH_ROWS], kept[WEIR_BATCH_ROWS];
    int32_t pairs; /* that wait in probe_rows and build_rows */
} join_run;

/* The batch under way. */
typedef struct probe {
    weir_operator *op;
    weir_batch *batch;
    uint8_t *hit; /* bit by row of the batch: it has a match; NULL where nobody asks */
} probe;

static bool keeps_build(const join_spec *spec) {
    return spec->node->type == WEIR_PROBE_BUILD_OUTER || spec->node->type == WEIR_PROBE_FULL;
}

static bool keeps_probe(const join_spec *spec) {
    return spec->node->type == WEIR_PROBE_OUTER || spec->node->type == WEIR_PROBE_FULL;
}

/* Its result holds rows of the probe side only, each once. */
static bool is_filtering(const join_spec *spec) {
    return spec->node->type >= WEIR_PROBE_SEMI;
}

/* ---- build ---- */

static weir_code collect(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    weir_operator *op = data;
    join_run *run = op->data;
    (void)sel; /* blocks are dense */
    if (run->collected_rows + batch->rows > INT32_MAX / 2)
        return weir_operator_refused(op, err);
    if (run->collected_count == run->collected_capacity) {
        run->collected_capacity = WEIR_MAX(16, 2 * run->collected_capacity);
        run->collected = weir_realloc(run->collected, sizeof(void *) * (size_t)run->collected_capacity);
    }
    run->collected[run->collected_count++] = weir_batch_ref(batch);
    run->collected_rows += batch->rows;
    return WEIR_OK;
}

static void drop_collected(join_run *run) {
    for (int32_t i = 0; i < run->collected_count; i++)
        weir_batch_unref(run->collected[i]);
    weir_free(run->collected);
    run->collected = NULL;
    run->collected_count = run->collected_capacity = 0;
}

static weir_code read_build(weir_operator *op, weir_error **err) {
    const join_spec *spec = op->spec->data;
    const weir_operator_context *context = op->context;
    join_run *run = op->data;
    if (!context->read_stage)
        WEIR_FAIL(err, INTERNAL_ERROR, "a join in a task that reads no other stage");
    WEIR_TRY(context->read_stage(context->reader, (int32_t)spec->node->build_stage, spec->node->broadcast,
                                 spec->node->build_schema, collect, op, err));
    if (spec->node->single && run->collected_rows > 1 && !spec->condition && !spec->keys_count)
        return weir_error_raise(err, WEIR_SCALAR_SUBQUERY_TOO_MANY_ROWS, NULL);
    if (run->collected_rows > 0)
        WEIR_TRY(weir_batch_concat(context->budget, spec->node->build_schema, run->collected,
                                   run->collected_count, &run->build, err));
    drop_collected(run);
    return WEIR_OK;
}

/* The selected rows whose keys can match: NULL matches under null-safe equality only. `ret` has room for
 * them. */
static weir_sel without_null_keys(const join_spec *spec, weir_column *const *keys, const weir_sel *sel,
                                  int32_t *ret) {
    int32_t count = 0;
    bool any = false;
    for (int32_t k = 0; k < spec->keys_count; k++)
        any |= spec->node->null_safe.data[k] != '1' &&
               (keys[k]->validity != NULL || keys[k]->type->kind == WEIR_TYPE_NULL);
    if (!any)
        return *sel;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        bool null = false;
        for (int32_t k = 0; k < spec->keys_count && !null; k++)
            null = spec->node->null_safe.data[k] != '1' && weir_column_is_null(keys[k], row);
        ret[count] = row;
        count += !null;
    }
    return (weir_sel){ret, count};
}

static weir_code eval_keys(weir_operator *op, const weir_program *program, weir_batch *batch,
                           const weir_sel *sel, weir_column **ret, weir_error **err) {
    const join_spec *spec = op->spec->data;
    weir_budget *budget = op->context->budget;
    WEIR_TRY(weir_program_eval(program, op->context->eval, batch, sel, ret, err));
    weir_code code = weir_operator_flatten(budget, ret, spec->keys_count, err);
    if (code != WEIR_OK)
        weir_operator_unref_columns(ret, spec->keys_count);
    return code;
}

/* Rows into the lists of their groups, in order. */
static weir_code link_rows(weir_operator *op, const weir_sel *live, const int32_t *groups, int32_t count,
                           weir_error **err) {
    join_run *run = op->data;
    weir_budget *budget = op->context->budget;
    run->first = weir_buffer_new(budget, 4 * (size_t)count + 4);
    run->last = weir_buffer_new(budget, 4 * (size_t)count + 4);
    run->next = weir_buffer_new(budget, 4 * (size_t)run->build->rows + 4);
    if (!run->first || !run->last || !run->next)
        return weir_operator_refused(op, err);
    int32_t *first = (int32_t *)run->first->data, *last = (int32_t *)run->last->data;
    int32_t *next = (int32_t *)run->next->data;
    memset(first, 0xff, 4 * (size_t)count);
    for (int32_t i = 0; i < live->count; i++) {
        int32_t row = weir_sel_row(live, i), group = groups ? groups[i] : 0;
        if (first[group] < 0)
            first[group] = row;
        else
            next[last[group]] = row;
        last[group] = row;
        next[row] = -1;
    }
    run->last = weir_buffer_unref(run->last);
    return WEIR_OK;
}

static weir_code add_keys(weir_operator *op, weir_column *const *keys, weir_error **err) {
    const join_spec *spec = op->spec->data;
    join_run *run = op->data;
    weir_sel all = {NULL, run->build->rows};
    _cleanup_buffer_ weir_buffer *rows = weir_buffer_new(op->context->budget, 4 * (size_t)all.count + 4);
    _cleanup_buffer_ weir_buffer *groups = weir_buffer_new(op->context->budget, 4 * (size_t)all.count + 4);
    if (!rows || !groups)
        return weir_operator_refused(op, err);
    weir_sel live = without_null_keys(spec, keys, &all, (int32_t *)rows->data);
    run->has_null_key = live.count < all.count;
    WEIR_TRY(weir_rows_encode(&run->rows, keys, spec->keys_count, &live, err));
    if (!weir_group_table_add(&run->table, &run->rows, (int32_t *)groups->data))
        return weir_operator_refused(op, err);
    return link_rows(op, &live, (const int32_t *)groups->data, run->table.count, err);
}

static weir_code index_build(weir_operator *op, weir_error **err) {
    const join_spec *spec = op->spec->data;
    join_run *run = op->data;
    weir_sel all = {NULL, run->build->rows};
    if (keeps_build(spec)) {
        run->matched = weir_alloc_zero((size_t)run->build->rows / 8 + 1, 1);
    }
    if (spec->keys_count == 0)
        return link_rows(op, &all, NULL, 1, err);
    weir_column **keys = weir_alloc_zero((size_t)spec->keys_count, sizeof *keys);
    weir_code code = eval_keys(op, spec->build_keys, run->build, &all, keys, err);
    if (code == WEIR_OK) {
        code = add_keys(op, keys, err);
        weir_operator_unref_columns(keys, spec->keys_count);
    }
    weir_free(keys);
    weir_arena_reset(op->context->eval->arena);
    return code;
}

static weir_code hash_join_open(weir_operator *op, weir_error **err) {
    const join_spec *spec = op->spec->data;
    join_run *run = weir_alloc_zero(1, sizeof *run);
    op->data = run;
    weir_group_table_init(&run->table, op->context->budget);
    run->rows.budget = op->context->budget;
    WEIR_TRY(read_build(op, err));
    bool needs_build = spec->node->type == WEIR_PROBE_INNER || spec->node->type == WEIR_PROBE_SEMI ||
                       spec->node->type == WEIR_PROBE_BUILD_OUTER;
    op->done = !run->build && needs_build;
    return run->build ? index_build(op, err) : WEIR_OK;
}

static void hash_join_close(weir_operator *op) {
    join_run *run = op->data;
    if (!run)
        return;
    drop_collected(run);
    weir_batch_unref(run->build);
    weir_group_table_fini(&run->table);
    weir_rows_fini(&run->rows);
    weir_buffer_unref(run->first);
    weir_buffer_unref(run->last);
    weir_buffer_unref(run->next);
    weir_buffer_unref(run->groups);
    weir_free(run->matched);
    weir_free(run);
}

/* ---- pairs ---- */

/* Columns of both sides for `count` pairs; -1 = NULLs. */
static weir_code gather_pairs(weir_operator *op, const weir_batch *batch, const int32_t *probe_rows,
                              const int32_t *build_rows, int32_t count, weir_batch **ret, weir_error **err) {
    const join_spec *spec = op->spec->data;
    const join_run *run = op->data;
    weir_budget *budget = op->context->budget;
    int32_t total = spec->probe_columns + spec->build_columns;
    bool build_left = spec->node->build_left;
    weir_column **columns = WEIR_NEW_ARRAY(op->context->eval->arena, weir_column *, total + 1);
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < total && code == WEIR_OK; i++) {
        int32_t probe_at = build_left ? i - spec->build_columns : i;
        int32_t build_at = build_left ? i : i - spec->probe_columns;
        bool probe_side = build_left ? i >= spec->build_columns : i < spec->probe_columns;
        const weir_batch *from = probe_side ? batch : run->build;
        int32_t at = probe_side ? probe_at : build_at;
        if (from)
            code = weir_column_gather(budget, from->columns[at], probe_side ? probe_rows : build_rows, count,
                                      &columns[i], err);
        else
            code = weir_column_new_nulls(budget, spec->pair_schema->fields[i].type, count, &columns[i], err);
    }
    if (code == WEIR_OK)
        *ret = weir_batch_new(spec->pair_schema, count, columns, total);
    else
        weir_operator_unref_columns(columns, total);
    return code;
}

static weir_code mark_pairs(probe *p, const weir_sel *kept, weir_error **err) {
    join_run *run = p->op->data;
    bool single = ((const join_spec *)p->op->spec->data)->node->single;
    for (int32_t i = 0; i < kept->count; i++) {
        int32_t pair = weir_sel_row(kept, i);
        if (single && weir_bit_get(p->hit, run->probe_rows[pair]))
            return weir_error_raise(err, WEIR_SCALAR_SUBQUERY_TOO_MANY_ROWS, NULL);
        if (p->hit)
            weir_bit_set(p->hit, run->probe_rows[pair]);
        if (run->matched && run->build_rows[pair] >= 0)
            weir_bit_set(run->matched, run->build_rows[pair]);
    }
    return WEIR_OK;
}

static weir_code join_pairs(probe *p, weir_error **err) {
    weir_operator *op = p->op;
    const join_spec *spec = op->spec->data;
    join_run *run = op->data;
    weir_sel kept = {NULL, run->pairs};
    _cleanup_batch_ weir_batch *pairs = NULL;
    WEIR_TRY(gather_pairs(op, p->batch, run->probe_rows, run->build_rows, run->pairs, &pairs, err));
    if (spec->condition) {
        weir_sel all = kept;
        WEIR_TRY(weir_program_filter(spec->condition, op->context->eval, pairs, &all, run->kept, &kept.count,
                                     err));
        kept.rows = run->kept;
    }
    WEIR_TRY(mark_pairs(p, &kept, err));
    return is_filtering(spec) || kept.count == 0 ? WEIR_OK : weir_operator_emit(op, pairs, &kept, err);
}

/* One batch may have any number of pairs: what they need of the batch arena is given back each time. */
static weir_code flush_pairs(probe *p, weir_error **err) {
    join_run *run = p->op->data;
    weir_arena *arena = p->op->context->eval->arena;
    if (run->pairs == 0)
        return WEIR_OK;
    weir_arena_mark mark = weir_arena_mark_here(arena);
    weir_code code = join_pairs(p, err);
    weir_arena_rewind(arena, mark);
    run->pairs = 0;
    return code;
}

static weir_code add_pair(probe *p, int32_t probe_row, int32_t build_row, weir_error **err) {
    join_run *run = p->op->data;
    run->probe_rows[run->pairs] = probe_row;
    run->build_rows[run->pairs++] = build_row;
    return run->pairs == WEIR_BATCH_ROWS ? flush_pairs(p, err) : WEIR_OK;
}

static weir_code add_matches(probe *p, int32_t row, int32_t group, weir_error **err) {
    const join_run *run = p->op->data;
    const int32_t *next = (const int32_t *)run->next->data;
    bool filtering = is_filtering(p->op->spec->data);
    int32_t build_row = ((const int32_t *)run->first->data)[group];
    for (; build_row >= 0; build_row = next[build_row]) {
        WEIR_TRY(add_pair(p, row, build_row, err));
        if (run->pairs > 0)
            continue;
        /* Just joined: a filtering join needs no further pair of a row that has satisfied the condition. */
        if ((filtering && weir_bit_get(p->hit, row)) || weir_operator_is_done(p->op->next))
            break;
    }
    return WEIR_OK;
}

/* Pairs of all live rows; those without any stay here where there is no condition to wait for. */
static weir_code pair_rows(probe *p, const weir_sel *sel, const weir_sel *live, const int32_t *groups,
                           weir_error **err) {
    const join_spec *spec = p->op->spec->data;
    bool keep_now = keeps_probe(spec) && !p->hit;
    for (int32_t i = 0, at = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i), group = -1;
        if (at < live->count && weir_sel_row(live, at) == row)
            group = groups ? groups[at++] : (at++, 0);
        if (group >= 0)
            WEIR_TRY(add_matches(p, row, group, err));
        else if (keep_now)
            WEIR_TRY(add_pair(p, row, -1, err));
    }
    return flush_pairs(p, err);
}

/* Probe rows that no pair satisfied, with NULLs for the build side. */
static weir_code emit_unmatched(probe *p, const weir_sel *sel, weir_error **err) {
    weir_operator *op = p->op;
    int32_t *rows = WEIR_NEW_ARRAY(op->context->eval->arena, int32_t, 2 * sel->count + 1), count = 0;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        rows[count] = row;
        count += !weir_bit_get(p->hit, row);
    }
    if (count == 0)
        return WEIR_OK;
    int32_t *none = rows + sel->count;
    memset(none, 0xff, 4 * (size_t)count);
    _cleanup_batch_ weir_batch *batch = NULL;
    WEIR_TRY(gather_pairs(op, p->batch, rows, none, count, &batch, err));
    return weir_operator_emit(op, batch, NULL, err);
}

/* ---- joins that only filter ---- */

/* The batch with one column more: whether its row has a match. */
static weir_code emit_existence(weir_operator *op, weir_batch *batch, const weir_sel *sel, const uint8_t *hit,
                                weir_error **err) {
    int32_t count = batch->columns_count;
    const weir_type *schema = op->spec->schema;
    weir_column **columns = WEIR_NEW_ARRAY(op->context->eval->arena, weir_column *, count + 1);
    weir_column *exists;
    WEIR_TRY(weir_column_new_fixed(op->context->budget, weir_type_of(WEIR_TYPE_BOOLEAN), batch->rows, &exists,
                                   err));
    memcpy(weir_column_values(exists), hit, (size_t)(batch->rows + 7) / 8);
    for (int32_t i = 0; i < count; i++)
        columns[i] = weir_column_ref(batch->columns[i]);
    columns[count] = exists;
    _cleanup_batch_ weir_batch *wider = weir_batch_new(schema, batch->rows, columns, count + 1);
    return weir_operator_emit(op, wider, sel, err);
}

static weir_code emit_filtered(weir_operator *op, weir_batch *batch, const weir_sel *sel, const uint8_t *hit,
                               const weir_sel *live, weir_error **err) {
    const join_spec *spec = op->spec->data;
    const join_run *run = op->data;
    if (spec->node->type == WEIR_PROBE_EXISTENCE)
        return emit_existence(op, batch, sel, hit, err);
    bool null_aware = spec->node->type == WEIR_PROBE_ANTI_NULL_AWARE;
    if (null_aware && run->has_null_key)
        return WEIR_OK;
    /* A NULL is not known to differ from any build row. */
    const weir_sel *from = null_aware && run->build ? live : sel;
    int32_t *rows = WEIR_NEW_ARRAY(op->context->eval->arena, int32_t, from->count + 1), count = 0;
    bool wanted = spec->node->type == WEIR_PROBE_SEMI;
    for (int32_t i = 0; i < from->count; i++) {
        int32_t row = weir_sel_row(from, i);
        rows[count] = row;
        count += weir_bit_get(hit, row) == wanted;
    }
    weir_sel kept = {rows, count};
    return count ? weir_operator_emit(op, batch, &kept, err) : WEIR_OK;
}

/* ---- push ---- */

static weir_code join_batch(probe *p, const weir_sel *sel, const weir_sel *live, const int32_t *groups,
                            weir_error **err) {
    weir_operator *op = p->op;
    const join_spec *spec = op->spec->data;
    const join_run *run = op->data;
    bool filtering = is_filtering(spec);
    if (filtering || spec->node->single || (spec->condition && keeps_probe(spec)))
        p->hit = WEIR_NEW_ARRAY(op->context->eval->arena, uint8_t, p->batch->rows / 8 + 9);
    weir_sel none = {NULL, 0};
    if (!run->build)
        live = &none;
    if (filtering && !spec->condition) {
        for (int32_t i = 0; i < live->count; i++)
            if (!groups || groups[i] >= 0)
                weir_bit_set(p->hit, weir_sel_row(live, i));
    } else {
        WEIR_TRY(pair_rows(p, sel, live, groups, err));
    }
    if (filtering)
        return emit_filtered(op, p->batch, sel, p->hit, live, err);
    return p->hit ? emit_unmatched(p, sel, err) : WEIR_OK;
}

static weir_code find_groups(weir_operator *op, weir_column *const *keys, const weir_sel *live,
                             const int32_t **ret, weir_error **err) {
    const join_spec *spec = op->spec->data;
    join_run *run = op->data;
    size_t bytes = 4 * (size_t)live->count + 4;
    if (!run->groups || run->groups->capacity < bytes) {
        weir_buffer_unref(run->groups);
        run->groups = weir_buffer_new(op->context->budget, bytes);
        if (!run->groups)
            return weir_operator_refused(op, err);
    }
    int32_t *groups = (int32_t *)run->groups->data;
    WEIR_TRY(weir_rows_encode(&run->rows, keys, spec->keys_count, live, err));
    if (!weir_group_table_find(&run->table, &run->rows, groups))
        return weir_operator_refused(op, err);
    *ret = groups;
    return WEIR_OK;
}

static weir_code hash_join_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const join_spec *spec = op->spec->data;
    weir_arena *arena = op->context->eval->arena;
    probe p = {op, batch, NULL};
    if (spec->keys_count == 0)
        return join_batch(&p, sel, sel, NULL, err);
    weir_column **keys = WEIR_NEW_ARRAY(arena, weir_column *, spec->keys_count);
    WEIR_TRY(eval_keys(op, spec->probe_keys, batch, sel, keys, err));
    weir_sel live =
        without_null_keys(spec, keys, sel, WEIR_NEW_ARRAY(arena, int32_t, (size_t)sel->count + 1));
    const int32_t *groups = NULL;
    weir_code code = find_groups(op, keys, &live, &groups, err);
    if (code == WEIR_OK)
        code = join_batch(&p, sel, &live, groups, err);
    weir_operator_unref_columns(keys, spec->keys_count);
    return code;
}

/* ---- finish ---- */

static weir_code hash_join_finish(weir_operator *op, weir_error **err) {
    const join_spec *spec = op->spec->data;
    const join_run *run = op->data;
    if (!keeps_build(spec) || !run->build)
        return WEIR_OK;
    int32_t rows[WEIR_BATCH_ROWS], none[WEIR_BATCH_ROWS], count = 0;
    memset(none, 0xff, sizeof none);
    for (int32_t i = 0; i <= run->build->rows && !weir_operator_is_done(op->next); i++) {
        bool end = i == run->build->rows;
        if (!end && !weir_bit_get(run->matched, i))
            rows[count++] = i;
        if (count == 0 || (count < WEIR_BATCH_ROWS && !end))
            continue;
        _cleanup_batch_ weir_batch *batch = NULL;
        WEIR_TRY(gather_pairs(op, NULL, none, rows, count, &batch, err));
        WEIR_TRY(weir_operator_emit(op, batch, NULL, err));
        weir_arena_reset(op->context->eval->arena);
        count = 0;
    }
    return WEIR_OK;
}

/* ---- compile ---- */

static const weir_operator_ops hash_join_ops = {.name = "HashJoin",
                                                .open = hash_join_open,
                                                .push = hash_join_push,
                                                .finish = hash_join_finish,
                                                .close = hash_join_close};

static const weir_type *pair_schema(const weir_operator_compiler *compiler, const weir_node_hash_join *node) {
    const weir_type *left = node->build_left ? node->build_schema : compiler->input;
    const weir_type *right = node->build_left ? compiler->input : node->build_schema;
    int32_t count = left->fields_count + right->fields_count;
    weir_field *fields = WEIR_NEW_ARRAY(compiler->arena, weir_field, count + 1);
    for (int32_t i = 0; i < count; i++)
        fields[i] = i < left->fields_count ? left->fields[i] : right->fields[i - left->fields_count];
    return weir_type_struct(compiler->arena, fields, count);
}

WEIR_OPERATOR_COMPILE(hash_join) {
    const weir_node_hash_join *node = WEIR_NODE_AS(compiler->node, HASH_JOIN, hash_join);
    join_spec *data = WEIR_NEW(compiler->arena, join_spec);
    int32_t keys = node->probe_keys.count;
    if (!node->build_schema || node->build_keys.count != keys || node->null_safe.size != (size_t)keys ||
        !compiler->input)
        WEIR_FAIL(err, RPC_ERROR, "a join that does not fit its sides");
    data->node = node;
    data->keys_count = keys;
    data->probe_columns = compiler->input->fields_count;
    data->build_columns = node->build_schema->fields_count;
    data->pair_schema = pair_schema(compiler, node);
    if (keys) {
        WEIR_TRY(weir_operator_program(compiler, node->probe_keys.items, keys, &data->probe_keys, err));
        WEIR_TRY(weir_operator_program(compiler, node->build_keys.items, keys, &data->build_keys, err));
    }
    weir_node *condition = node->condition;
    if (condition)
        WEIR_TRY(weir_operator_program(compiler, &condition, 1, &data->condition, err));
    spec->ops = &hash_join_ops;
    spec->data = data;
    spec->schema = node->node.type ? node->node.type : data->pair_schema;
    return WEIR_OK;
}
