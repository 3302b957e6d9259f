/* Aggregations in the physical planner (physical.h): partial before the exchange, final or stateful behind
 * it, and what a stateful one writes into the checkpoint's signature. */
#include "common/base/hash.h"
#include "common/expr/aggregate.h"
#include "common/plan/expr_text.h"
#include "driver/physical/physical_int.h"

/* Finds the distinct aggregate calls of the result expressions. */
typedef struct aggregation {
    weir_planner *p;
    weir_node_aggregate *node;
    weir_node_list calls; /* unbound, distinct */
    int32_t keys_count;
} aggregation;

static int32_t index_of(const weir_node_list *list, const weir_node *node) {
    for (int32_t i = 0; i < list->count; i++)
        if (weir_node_equal(list->items[i], node))
            return i;
    return -1;
}

static weir_node *input_at(weir_arena *arena, int64_t ordinal, const weir_node *expr) {
    weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
    input->ordinal = ordinal;
    input->node.type = expr->type;
    input->node.nullable = expr->nullable;
    input->node.resolved = true;
    return &input->node;
}

/* Result expressions over the aggregation's output: a grouping expression or an aggregate call becomes an
 * input. */
static weir_code bind_result(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                             weir_error **err) {
    aggregation *a = data;
    *ret = node;
    for (int32_t i = 0; i < a->keys_count; i++)
        if (weir_node_equal(weir_plan_unalias(a->node->grouping.items[i]), node)) {
            *ret = input_at(arena, i, node);
            return WEIR_OK;
        }
    if (node->kind == WEIR_NODE_AGGREGATE_CALL) {
        int32_t at = index_of(&a->calls, node);
        if (at < 0) {
            at = a->calls.count;
            weir_node_list_add(arena, &a->calls, node);
        }
        *ret = input_at(arena, a->keys_count + at, node);
        return WEIR_OK;
    }
    if (node->kind == WEIR_NODE_ATTRIBUTE) {
        /* A grouping attribute under an alias of the grouping list. */
        for (int32_t i = 0; i < a->keys_count; i++) {
            const weir_node *key = a->node->grouping.items[i];
            if (key->kind == WEIR_NODE_ALIAS &&
                ((const weir_node_alias *)key)->id == WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id) {
                *ret = input_at(arena, i, node);
                return WEIR_OK;
            }
        }
        WEIR_FAIL(err, INTERNAL_ERROR, "attribute " WEIR_STR_FMT " is neither grouped nor aggregated",
                  WEIR_STR_ARG(WEIR_NODE_AS(node, ATTRIBUTE, attribute)->name));
    }
    return WEIR_OK;
}

static const weir_node *alias_of(const weir_node_list *exprs, int64_t id) {
    for (int32_t i = 0; i < exprs->count; i++)
        if (exprs->items[i]->kind == WEIR_NODE_ALIAS && WEIR_NODE_AS(exprs->items[i], ALIAS, alias)->id == id)
            return weir_plan_unalias(exprs->items[i]);
    return NULL;
}

static const weir_node *attribute_of(const weir_node_list *attributes, const weir_node_list *values,
                                     int64_t id) {
    for (int32_t i = 0; i < attributes->count && i < values->count; i++)
        if (WEIR_NODE_AS(attributes->items[i], ATTRIBUTE, attribute)->id == id)
            return weir_plan_unalias(values->items[i]);
    return NULL;
}

/* What an attribute was made from by the relations below; at last the source's column, by its own name. */
static const weir_node *definition_of(const weir_node *node, void *relation) {
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return NULL;
    int64_t id = WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id;
    const weir_node *found = NULL;
    weir_node *at = relation, *below = NULL;
    for (; at && !found; at = below) {
        below = NULL;
        if (at->kind == WEIR_NODE_PROJECT) {
            found = alias_of(&WEIR_NODE_AS(at, PROJECT, project)->exprs, id);
            below = WEIR_NODE_AS(at, PROJECT, project)->child;
        } else if (at->kind == WEIR_NODE_EXPAND) {
            const weir_node_expand *expand = WEIR_NODE_AS(at, EXPAND, expand);
            found =
                attribute_of(&expand->attributes,
                             &WEIR_NODE_AS(expand->projections.items[0], EXPR_LIST, expr_list)->items, id);
            below = expand->child;
        } else if (at->kind == WEIR_NODE_GENERATE) {
            const weir_node_generate *generate = WEIR_NODE_AS(at, GENERATE, generate);
            bool made = attribute_of(&generate->attributes, &generate->attributes, id) != NULL;
            found = made ? generate->generator : NULL;
            below = generate->child;
        } else if (at->kind == WEIR_NODE_FILTER) {
            below = WEIR_NODE_AS(at, FILTER, filter)->child;
        } else if (at->kind == WEIR_NODE_SUBQUERY_ALIAS) {
            below = WEIR_NODE_AS(at, SUBQUERY_ALIAS, subquery_alias)->child;
        } else {
            found = attribute_of(&at->output, &at->output, id);
        }
    }
    const weir_node *inner = found && found != node && below ? definition_of(found, below) : NULL;
    return inner ? inner : found;
}

/* The state's layout, and what its keys and values mean: each expression's name, and a hash of their texts
 * down to the sources' columns. A filter may change over a checkpoint, keys and aggregates may not. */
static void sign_state(weir_planner *p, const weir_type *shuffled, const weir_node_aggregate *node,
                       const weir_node_list *calls) {
    weir_expr_text text = {.lookup = definition_of, .data = node->child};
    _cleanup_strbuf_ weir_strbuf meaning = {0};
    weir_strbuf_add_text(&p->signature, "; state 0 ");
    weir_type_simple(&p->signature, shuffled);
    weir_strbuf_add_text(&p->signature, " by");
    size_t names = p->signature.size;
    for (int32_t i = 0; i < node->grouping.count; i++) {
        weir_strbuf_add_text(&p->signature, i ? ", " : " ");
        weir_expr_sql(&p->signature, weir_plan_unalias(node->grouping.items[i]));
        weir_expr_text_add(&meaning, weir_plan_unalias(node->grouping.items[i]), &text);
        weir_strbuf_add_char(&meaning, '\n');
    }
    for (int32_t c = 0; c < calls->count; c++) {
        weir_strbuf_add_text(&p->signature, c ? ", " : " of ");
        weir_expr_sql(&p->signature, calls->items[c]);
        weir_expr_text_add(&meaning, calls->items[c], &text);
        weir_strbuf_add_char(&meaning, '\n');
    }
    for (char *c = p->signature.data + names; c < p->signature.data + p->signature.size; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c; /* as the user wrote them: not case-sensitive */
    weir_strbuf_addf(&p->signature, " #%08x", weir_crc32c(0, meaning.data, meaning.size));
}

static int32_t state_partitions(const weir_planner *p, int32_t keys_count) {
    return keys_count ? weir_plan_partitions(p) : 1;
}

static void push_partial(weir_planner *p, const weir_node_list *keys, const weir_node_list *calls,
                         const weir_type *shuffled) {
    weir_node_partial_agg *partial = WEIR_NODE_NEW(p->arena, PARTIAL_AGG, partial_agg);
    partial->child = p->current;
    partial->keys = *keys;
    partial->aggregates = *calls;
    weir_plan_push(p, &partial->node, shuffled);
}

static void push_state(weir_planner *p, const weir_node_list *keys, const weir_node_list *calls) {
    weir_node_state_agg *state = WEIR_NODE_NEW(p->arena, STATE_AGG, state_agg);
    state->child = p->current;
    state->operator_id = 0;
    state->keys_count = keys->count;
    state->aggregates = *calls;
    state->output_mode = p->request->output_mode;
    weir_plan_push(p, &state->node, weir_aggregate_final_schema(p->arena, *keys, *calls));
}

static void push_final(weir_planner *p, const weir_node_list *keys, const weir_node_list *calls) {
    weir_node_final_agg *final = WEIR_NODE_NEW(p->arena, FINAL_AGG, final_agg);
    final->child = p->current;
    final->keys_count = keys->count;
    final->aggregates = *calls;
    weir_plan_push(p, &final->node, weir_aggregate_final_schema(p->arena, *keys, *calls));
}

weir_code weir_plan_aggregate(weir_planner *p, weir_node_aggregate *node, weir_error **err) {
    WEIR_TRY(weir_plan_build(p, node->child, err));
    bool batch = p->request->batch;
    if (p->out->stateful)
        WEIR_FAIL(err, NOT_SUPPORTED, "several aggregations in one streaming query are not supported");
    if (p->watermark && !batch)
        WEIR_FAIL(err, NOT_SUPPORTED, "aggregation over a watermark is not supported");
    aggregation a = {.p = p, .node = node, .keys_count = node->grouping.count};
    weir_node_list results = weir_node_list_new(p->arena, node->aggregates.count);
    for (int32_t i = 0; i < results.count; i++)
        WEIR_TRY(weir_node_transform_down(p->arena, weir_plan_unalias(node->aggregates.items[i]), bind_result,
                                          &a, &results.items[i], err));
    weir_node_list keys, calls;
    WEIR_TRY(weir_plan_bind_list(p, &node->grouping, &node->child->output, &keys, err));
    WEIR_TRY(weir_plan_bind_list(p, &a.calls, &node->child->output, &calls, err));
    const weir_type *shuffled = weir_aggregate_partial_schema(p->arena, keys, calls);
    push_partial(p, &keys, &calls, shuffled);
    if (batch && keys.count == 0) {
        weir_plan_cut(p, 0, (weir_node_list){0}, 1);
    } else {
        p->out->state_partitions = state_partitions(p, keys.count);
        weir_plan_cut(p, keys.count, (weir_node_list){0}, p->out->state_partitions);
    }
    if (batch) {
        push_final(p, &keys, &calls);
    } else {
        sign_state(p, shuffled, node, &a.calls);
        p->out->stateful = true;
        push_state(p, &keys, &calls);
    }
    weir_node_project_exec *project = WEIR_NODE_NEW(p->arena, PROJECT_EXEC, project_exec);
    project->child = p->current;
    project->exprs = results;
    weir_plan_push(p, &project->node, node->node.type);
    return WEIR_OK;
}
