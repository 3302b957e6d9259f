/* The operator framework (operator.h): dispatch by node kind, states, chains, collectors. Task threads. */
#include "executor/operator/operator.h"

#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "executor/operator/operator_int.h"

typedef weir_code (*compile_fn)(const weir_operator_compiler *compiler, weir_operator_spec *spec,
                                weir_error **err);

static compile_fn compiler_of(weir_node_kind kind) {
    switch ((int)kind) {
    case WEIR_NODE_FILTER_EXEC:
        return weir_filter_compile;
    case WEIR_NODE_PROJECT_EXEC:
        return weir_project_compile;
    case WEIR_NODE_EXPAND_EXEC:
        return weir_expand_compile;
    case WEIR_NODE_GENERATE_EXEC:
        return weir_generate_compile;
    case WEIR_NODE_SAMPLE_EXEC:
        return weir_sample_compile;
    case WEIR_NODE_PARTIAL_AGG:
        return weir_hash_agg_compile;
    case WEIR_NODE_STATE_AGG:
        return weir_state_agg_compile;
    case WEIR_NODE_FINAL_AGG:
        return weir_final_agg_compile;
    case WEIR_NODE_SORT_EXEC:
        return weir_sort_compile;
    case WEIR_NODE_LIMIT_EXEC:
        return weir_limit_compile;
    case WEIR_NODE_TAIL_EXEC:
        return weir_tail_compile;
    case WEIR_NODE_HASH_JOIN:
        return weir_hash_join_compile;
    case WEIR_NODE_WINDOW_EXEC:
        return weir_over_compile;
    default:
        return NULL;
    }
}

weir_code weir_operator_compile(weir_arena *arena, const weir_node *node, const weir_type *input,
                                const weir_timezone *zone, bool ansi, weir_str sql,
                                const weir_operator_spec **ret, weir_error **err) {
    compile_fn compile = compiler_of(node->kind);
    if (!compile)
        WEIR_FAIL(err, INTERNAL_ERROR, "plan node %s is not an operator",
                  weir_node_describe(node->kind).label);
    weir_operator_compiler compiler = {
        .arena = arena, .node = node, .input = input, .zone = zone, .ansi = ansi, .sql = sql};
    weir_operator_spec *spec = WEIR_NEW(arena, weir_operator_spec);
    spec->node = node;
    spec->schema = input;
    WEIR_TRY(compile(&compiler, spec, err));
    *ret = spec;
    return WEIR_OK;
}

weir_code weir_operator_open(const weir_operator_spec *spec, const weir_operator_context *context,
                             weir_operator *next, weir_operator **ret, weir_error **err) {
    weir_operator *op = WEIR_NEW(context->arena, weir_operator);
    op->ops = spec->ops;
    op->spec = spec;
    op->context = context;
    op->next = next;
    weir_code code = op->ops->open ? op->ops->open(op, err) : WEIR_OK;
    op->state = WEIR_OPERATOR_OPEN;
    if (code != WEIR_OK) {
        weir_operator_close(op);
        return code;
    }
    *ret = op;
    return WEIR_OK;
}

/* A budget that ran out somewhere below gets the name of the operator that asked. */
static weir_code named(const weir_operator *op, weir_code code, weir_error **err) {
    if (code != WEIR_OUT_OF_MEMORY || !err || (*err && strstr(weir_error_message(*err), "operator ")))
        return code;
    return weir_operator_refused(op, err);
}

weir_code weir_operator_refused(const weir_operator *op, weir_error **err) {
    const weir_budget *budget = op->context->budget;
    WEIR_FAIL(err, OUT_OF_MEMORY, "operator %s needs more than the task's memory budget of %lld bytes",
              op->ops->name, budget ? (long long)budget->limit : -1ll);
}

weir_code weir_operator_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    weir_sel all = {NULL, batch->rows};
    WEIR_ASSERT(op->state == WEIR_OPERATOR_OPEN);
    sel = sel ? sel : &all;
    if (sel->count == 0 || op->done)
        return WEIR_OK;
    op->rows_in += sel->count;
    return named(op, op->ops->push(op, batch, sel, err), err);
}

weir_code weir_operator_finish(weir_operator *op, weir_error **err) {
    WEIR_ASSERT(op->state == WEIR_OPERATOR_OPEN);
    op->state = WEIR_OPERATOR_FINISHED;
    if (op->ops->finish)
        WEIR_TRY(named(op, op->ops->finish(op, err), err));
    return op->next ? weir_operator_finish(op->next, err) : WEIR_OK;
}

void weir_operator_close(weir_operator *op) {
    if (!op || op->state == WEIR_OPERATOR_NEW)
        return;
    if (op->ops->close)
        op->ops->close(op);
    op->data = NULL;
    op->state = WEIR_OPERATOR_NEW;
}

bool weir_operator_is_done(const weir_operator *op) {
    for (; op; op = op->next) {
        if (op->done)
            return true;
        if (op->ops->finish) /* it holds rows back and must see the rest */
            return false;
    }
    return false;
}

weir_code weir_operator_emit(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    op->rows_out += sel ? sel->count : batch->rows;
    return op->next ? weir_operator_push(op->next, batch, sel, err) : WEIR_OK;
}

weir_code weir_operator_compact(weir_budget *budget, weir_batch *batch, const weir_sel *sel, weir_batch **ret,
                                weir_error **err) {
    if (!sel || (!sel->rows && sel->count == batch->rows)) {
        *ret = weir_batch_ref(batch);
        return WEIR_OK;
    }
    _cleanup_free_ int32_t *rows = NULL;
    const int32_t *selected = sel->rows;
    if (!selected) { /* a prefix */
        rows = weir_alloc(4 * (size_t)sel->count + 1);
        for (int32_t i = 0; i < sel->count; i++)
            rows[i] = i;
        selected = rows;
    }
    return weir_batch_gather(budget, batch, selected, sel->count, ret, err);
}

/* ---- chains ---- */

static const weir_type *leaf_schema(const weir_node *leaf) {
    switch ((int)leaf->kind) {
    case WEIR_NODE_SCAN:
        return ((const weir_node_scan *)leaf)->projection;
    case WEIR_NODE_SHUFFLE_READ:
        return ((const weir_node_shuffle_read *)leaf)->schema;
    default:
        return NULL;
    }
}

static const weir_node *child_of(const weir_node *node) {
    weir_node_info info = weir_node_describe(node->kind);
    for (int32_t i = 0; i < info.fields_count; i++) {
        if (info.fields[i].kind == WEIR_FIELD_NODE && strcmp(info.fields[i].name, "child") == 0)
            return *(weir_node *const *)((const char *)node + info.fields[i].offset);
    }
    return NULL;
}

static void add_leaves(weir_arena *arena, weir_node *node, weir_node_list *ret) {
    while (node && !leaf_schema(node) && node->kind != WEIR_NODE_UNION_EXEC)
        node = (weir_node *)(uintptr_t)child_of(node);
    if (!node)
        return;
    if (node->kind != WEIR_NODE_UNION_EXEC) {
        weir_node_list_add(arena, ret, node);
        return;
    }
    const weir_node_list *children = &WEIR_NODE_AS(node, UNION_EXEC, union_exec)->children;
    for (int32_t i = 0; i < children->count; i++)
        add_leaves(arena, children->items[i], ret);
}

weir_node_list weir_chain_leaves(weir_arena *arena, const weir_node *root) {
    weir_node_list leaves = {0};
    add_leaves(arena, (weir_node *)(uintptr_t)root, &leaves);
    return leaves;
}

/* The operators from `node` down to the leaf, or 0 where it is not below. A leaf stands in one place. */
static int32_t find_path(const weir_node *node, const weir_node *leaf, const weir_node **path, int32_t max) {
    int32_t depth = 0;
    for (; node && node != leaf; node = child_of(node)) {
        if (node->kind == WEIR_NODE_UNION_EXEC) {
            const weir_node_list *children = &((const weir_node_union_exec *)node)->children;
            for (int32_t i = 0; i < children->count; i++) {
                int32_t more = find_path(children->items[i], leaf, path + depth, max - depth);
                if (more >= 0)
                    return depth + more;
            }
            return -1;
        }
        if (depth == max)
            return -1;
        path[depth++] = node;
    }
    return node ? depth : -1;
}

#define CHAIN_MAX 1000 /* operators; decoding bounds the depth of a plan below that */

weir_code weir_chain_compile(weir_arena *arena, const weir_node *root, const weir_node *leaf,
                             const weir_timezone *zone, bool ansi, weir_str sql, weir_chain_spec *ret,
                             weir_error **err) {
    const weir_node *path[CHAIN_MAX];
    if (root->kind == WEIR_NODE_SINK_WRITE || root->kind == WEIR_NODE_SHUFFLE_WRITE)
        root = child_of(root);
    int32_t depth = leaf ? find_path(root, leaf, path, CHAIN_MAX) : -1;
    if (depth < 0)
        WEIR_FAIL(err, INTERNAL_ERROR, "a physical plan without a leaf");
    weir_chain_spec chain = {.specs = WEIR_NEW_ARRAY(arena, const weir_operator_spec *, depth + 1),
                             .count = depth,
                             .leaf = leaf,
                             .input = leaf_schema(leaf),
                             .schema = leaf_schema(leaf)};
    for (int32_t i = 0; i < depth; i++) {
        WEIR_TRY(weir_operator_compile(arena, path[depth - 1 - i], chain.schema, zone, ansi, sql,
                                       &chain.specs[i], err));
        chain.schema = chain.specs[i]->schema;
    }
    *ret = chain;
    return WEIR_OK;
}

weir_code weir_chain_open(const weir_chain_spec *spec, const weir_operator_context *context,
                          weir_operator *collector, weir_chain *ret, weir_error **err) {
    weir_chain chain = {.operators = WEIR_NEW_ARRAY(context->arena, weir_operator *, spec->count + 1),
                        .count = spec->count,
                        .head = collector};
    for (int32_t i = spec->count - 1; i >= 0; i--) {
        weir_code code = weir_operator_open(spec->specs[i], context, chain.head, &chain.operators[i], err);
        if (code != WEIR_OK) {
            weir_chain_close(&chain);
            return code;
        }
        chain.head = chain.operators[i];
    }
    chain.last = spec->count ? chain.operators[spec->count - 1] : NULL;
    *ret = chain;
    return WEIR_OK;
}

void weir_chain_close(weir_chain *chain) {
    for (int32_t i = 0; i < chain->count && chain->operators; i++)
        weir_operator_close(chain->operators[i]);
    chain->count = 0;
}

/* ---- collectors ---- */

typedef struct collector {
    weir_collect_fn take;
    void *data;
} collector;

static weir_code collector_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const collector *c = op->data;
    op->rows_out += sel->count;
    return c->take(c->data, batch, sel, err);
}

static const weir_operator_ops collector_ops = {.name = "Collect", .push = collector_push};

weir_operator *weir_collector_new(weir_arena *arena, const weir_operator_context *context,
                                  weir_collect_fn take, void *data) {
    weir_operator *op = WEIR_NEW(arena, weir_operator);
    collector *c = WEIR_NEW(arena, collector);
    *c = (collector){take, data};
    op->ops = &collector_ops;
    op->context = context;
    op->data = c;
    op->state = WEIR_OPERATOR_OPEN;
    return op;
}

/* ---- for compile functions ---- */

weir_code weir_operator_program(const weir_operator_compiler *compiler, weir_node *const *exprs,
                                int32_t count, const weir_program **ret, weir_error **err) {
    return weir_program_compile(compiler->arena, exprs, count, compiler->zone, compiler->ansi, compiler->sql,
                                ret, err);
}

const weir_type *weir_operator_schema(const weir_operator_compiler *compiler, weir_node_list exprs) {
    const weir_type *type = compiler->node->type;
    if (type && type->kind == WEIR_TYPE_STRUCT && type->fields_count == exprs.count)
        return type;
    weir_field *fields = WEIR_NEW_ARRAY(compiler->arena, weir_field, exprs.count + 1);
    for (int32_t i = 0; i < exprs.count; i++)
        fields[i] = (weir_field){.name = weir_str_from(weir_arena_printf(compiler->arena, "column%d", i)),
                                 .type = exprs.items[i]->type,
                                 .nullable = exprs.items[i]->nullable};
    return weir_type_struct(compiler->arena, fields, exprs.count);
}

weir_code weir_operator_flatten(weir_budget *budget, weir_column **columns, int32_t count, weir_error **err) {
    for (int32_t i = 0; i < count; i++) {
        if (columns[i]->encoding != WEIR_DICTIONARY)
            continue;
        weir_column *flat;
        WEIR_TRY(weir_column_flatten(budget, columns[i], &flat, err));
        weir_column_unref(columns[i]);
        columns[i] = flat;
    }
    return WEIR_OK;
}

void weir_operator_unref_columns(weir_column **columns, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        columns[i] = weir_column_unref(columns[i]);
}
