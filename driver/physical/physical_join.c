/* Unions and joins in the physical planner (physical.h).
 *
 *   union       the children's pipelines become inputs of one stage
 *   broadcast   stage B: build side -> SHUFFLE_WRITE to one;  the probe side's pipeline -> HASH_JOIN
 *               (reads all of B)
 *   shuffled    stages P, B: probe side, build side -> SHUFFLE_WRITE by keys;  SHUFFLE_READ(P) -> HASH_JOIN
 *               (reads its partition of B)
 *
 * A side is broadcast where it is known to be small, or where there are no keys to shuffle by. */
#include "driver/physical/physical_int.h"

#include "common/expr/function.h"
#include "common/plan/conjuncts.h"

/* ---- union ---- */

weir_code weir_plan_union(weir_planner *p, weir_node_union *node, weir_error **err) {
    weir_node_union_exec *made = WEIR_NODE_NEW(p->arena, UNION_EXEC, union_exec);
    made->children = weir_node_list_new(p->arena, node->children.count);
    for (int32_t i = 0; i < node->children.count; i++) {
        WEIR_TRY(weir_plan_build(p, node->children.items[i], err));
        if (p->out->stateful)
            WEIR_FAIL(err, NOT_SUPPORTED,
                      "an aggregation below a union is not supported in a streaming query");
        made->children.items[i] = p->current;
    }
    weir_plan_push(p, &made->node, node->node.type);
    p->is_single = false;
    return WEIR_OK;
}

/* ---- sizes ---- */

#define UNKNOWN INT64_MAX

static int64_t size_of(const weir_node *relation);

static int64_t child_size(const weir_node *relation) {
    weir_node_info info = weir_node_describe(relation->kind);
    for (int32_t i = 0; i < info.fields_count; i++)
        if (info.fields[i].kind == WEIR_FIELD_NODE && strcmp(info.fields[i].name, "child") == 0)
            return size_of(*(weir_node *const *)((const char *)relation + info.fields[i].offset));
    return UNKNOWN;
}

static int64_t range_size(const weir_node_range *range) {
    __int128 span = (__int128)range->end - range->start;
    __int128 bytes = range->step ? span / range->step * 8 : 0;
    return bytes < 0 ? 0 : bytes > (__int128)UNKNOWN ? UNKNOWN : (int64_t)bytes;
}

/* Bytes that a relation gives at most, as far as the plan says. */
static int64_t size_of(const weir_node *relation) {
    switch ((int)relation->kind) {
    case WEIR_NODE_LOCAL_RELATION:
        return (int64_t)((const weir_node_local_relation *)relation)->blocks.size;
    case WEIR_NODE_RANGE:
        return range_size((const weir_node_range *)relation);
    case WEIR_NODE_ONE_ROW:
        return 1;
    case WEIR_NODE_AGGREGATE:
        return ((const weir_node_aggregate *)relation)->grouping.count ? child_size(relation) : 1;
    case WEIR_NODE_EXPAND: {
        int64_t size = child_size(relation);
        int32_t times = ((const weir_node_expand *)relation)->projections.count;
        return size > UNKNOWN / (times + 1) ? UNKNOWN : size * times;
    }
    case WEIR_NODE_UNION: {
        const weir_node_list *children = &((const weir_node_union *)relation)->children;
        int64_t sum = 0;
        for (int32_t i = 0; i < children->count; i++)
            if (__builtin_add_overflow(sum, size_of(children->items[i]), &sum))
                return UNKNOWN;
        return sum;
    }
    case WEIR_NODE_FILTER:
    case WEIR_NODE_PROJECT:
    case WEIR_NODE_SAMPLE:
    case WEIR_NODE_SORT:
    case WEIR_NODE_LIMIT:
    case WEIR_NODE_OFFSET:
    case WEIR_NODE_TAIL:
    case WEIR_NODE_SUBQUERY_ALIAS:
    case WEIR_NODE_REPARTITION:
        return child_size(relation);
    default:
        return UNKNOWN;
    }
}

/* ---- the condition's keys ---- */

typedef struct key_pairs {
    weir_node_list left, right; /* equal in pairs */
    weir_strbuf null_safe;      /* '0' or '1' a pair */
    weir_node *rest;            /* NULL = nothing else is asked */
} key_pairs;

static void take_conjunct(weir_planner *p, const weir_node_join *join, weir_node *condition, key_pairs *ret) {
    const weir_node_call *call =
        condition->kind == WEIR_NODE_CALL ? WEIR_NODE_AS(condition, CALL, call) : NULL;
    bool equal = call && strcmp(call->function->name, "=") == 0;
    bool null_safe = call && strcmp(call->function->name, "<=>") == 0;
    weir_node *a = equal || null_safe ? call->args.items[0] : NULL;
    weir_node *b = a ? call->args.items[1] : NULL;
    bool straight =
        a && weir_expr_reads_only(a, &join->left->output) && weir_expr_reads_only(b, &join->right->output);
    bool crossed =
        a && weir_expr_reads_only(a, &join->right->output) && weir_expr_reads_only(b, &join->left->output);
    if (!straight && !crossed) {
        ret->rest = weir_conjuncts_and(p->arena, ret->rest, condition);
        return;
    }
    weir_node_list_add(p->arena, &ret->left, straight ? a : b);
    weir_node_list_add(p->arena, &ret->right, straight ? b : a);
    weir_strbuf_add_char(&ret->null_safe, null_safe ? '1' : '0');
}

static void find_keys(weir_planner *p, const weir_node_join *join, key_pairs *ret) {
    weir_node_list conjuncts = {0};
    weir_conjuncts_split(p->arena, join->condition, &conjuncts);
    for (int32_t i = 0; i < conjuncts.count; i++)
        take_conjunct(p, join, conjuncts.items[i], ret);
}

/* ---- join ---- */

typedef struct layout {
    bool build_left, broadcast;
} layout;

static bool may_broadcast(int64_t type, bool left) {
    if (left)
        return type == WEIR_JOIN_INNER || type == WEIR_JOIN_CROSS || type == WEIR_JOIN_RIGHT;
    return type != WEIR_JOIN_RIGHT && type != WEIR_JOIN_FULL;
}

static layout choose_layout(const weir_planner *p, const weir_node_join *join, bool has_keys) {
    int64_t most = weir_conf_int(p->request->conf, WEIR_CONF_AUTO_BROADCAST_JOIN_THRESHOLD);
    int64_t left = size_of(join->left), right = size_of(join->right);
    bool either = join->type == WEIR_JOIN_INNER || join->type == WEIR_JOIN_CROSS;
    bool smaller_left = either && left < right;
    bool hint_left = weir_str_equal_nocase(join->hint, WEIR_STR("left"));
    bool hint_right = weir_str_equal_nocase(join->hint, WEIR_STR("right"));
    if (hint_left && may_broadcast(join->type, true))
        return (layout){true, true};
    if (hint_right && may_broadcast(join->type, false))
        return (layout){false, true};
    if (!has_keys || join->type == WEIR_JOIN_ANTI_NULL_AWARE)
        return (layout){smaller_left || join->type == WEIR_JOIN_RIGHT, true};
    if (right <= most && may_broadcast(join->type, false) && !smaller_left)
        return (layout){false, true};
    if (left <= most && may_broadcast(join->type, true))
        return (layout){true, true};
    return (layout){smaller_left, false};
}

static weir_probe_type probe_type(int64_t type, bool build_left) {
    switch (type) {
    case WEIR_JOIN_LEFT:
    case WEIR_JOIN_SCALAR:
        return build_left ? WEIR_PROBE_BUILD_OUTER : WEIR_PROBE_OUTER;
    case WEIR_JOIN_RIGHT:
        return build_left ? WEIR_PROBE_OUTER : WEIR_PROBE_BUILD_OUTER;
    case WEIR_JOIN_FULL:
        return WEIR_PROBE_FULL;
    case WEIR_JOIN_SEMI:
        return WEIR_PROBE_SEMI;
    case WEIR_JOIN_ANTI:
        return WEIR_PROBE_ANTI;
    case WEIR_JOIN_ANTI_NULL_AWARE:
        return WEIR_PROBE_ANTI_NULL_AWARE;
    case WEIR_JOIN_EXISTENCE:
        return WEIR_PROBE_EXISTENCE;
    default:
        return WEIR_PROBE_INNER;
    }
}

/* The pipelines of both sides, cut as the layout says: p->current is the probe side's at the end. */
static weir_code build_sides(weir_planner *p, const weir_node_join *join, layout at, const key_pairs *keys,
                             weir_node_hash_join *ret, weir_error **err) {
    weir_node *probe = at.build_left ? join->right : join->left;
    weir_node *build = at.build_left ? join->left : join->right;
    const weir_node_list *probe_keys = at.build_left ? &keys->right : &keys->left;
    const weir_node_list *build_keys = at.build_left ? &keys->left : &keys->right;
    weir_node *pipeline = NULL;
    bool is_single = false;
    if (!at.broadcast) {
        WEIR_TRY(weir_plan_build(p, probe, err));
        WEIR_TRY(weir_plan_shuffle(p, probe_keys, &probe->output, err));
        pipeline = p->current;
        is_single = p->is_single;
    }
    WEIR_TRY(weir_plan_build(p, build, err));
    if (at.broadcast)
        weir_plan_cut(p, 0, (weir_node_list){0}, 1);
    else
        WEIR_TRY(weir_plan_shuffle(p, build_keys, &build->output, err));
    ret->build_stage = p->stages.count - 1;
    ret->build_schema = p->current->type;
    if (at.broadcast) {
        WEIR_TRY(weir_plan_build(p, probe, err));
        /* Rows of a broadcast side that must stay are given once, so by one task. */
        if (join->type == WEIR_JOIN_FULL)
            weir_plan_gather(p);
    } else {
        p->current = pipeline;
        p->is_single = is_single;
    }
    WEIR_TRY(weir_plan_bind_list(p, probe_keys, &probe->output, &ret->probe_keys, err));
    return weir_plan_bind_list(p, build_keys, &build->output, &ret->build_keys, err);
}

static weir_code bind_condition(weir_planner *p, const weir_node_join *join, weir_node *condition,
                                weir_node **ret, weir_error **err) {
    weir_node_list both = weir_node_list_of(p->arena, join->left->output.items, join->left->output.count);
    for (int32_t i = 0; i < join->right->output.count; i++)
        weir_node_list_add(p->arena, &both, join->right->output.items[i]);
    return weir_plan_bind(p, condition, &both, ret, err);
}

weir_code weir_plan_join(weir_planner *p, weir_node_join *join, weir_error **err) {
    WEIR_TRY(weir_plan_refuse_in_stream(p, &join->node, err));
    key_pairs keys = {0};
    if (join->condition)
        find_keys(p, join, &keys);
    layout at = choose_layout(p, join, keys.left.count > 0);
    weir_node_hash_join *made = WEIR_NODE_NEW(p->arena, HASH_JOIN, hash_join);
    made->broadcast = at.broadcast;
    made->build_left = at.build_left;
    made->type = probe_type(join->type, at.build_left);
    made->single = join->type == WEIR_JOIN_SCALAR;
    made->null_safe = weir_arena_str(
        p->arena, (weir_str){keys.null_safe.data ? keys.null_safe.data : "", keys.null_safe.size});
    weir_strbuf_fini(&keys.null_safe);
    WEIR_TRY(build_sides(p, join, at, &keys, made, err));
    if (keys.rest)
        WEIR_TRY(bind_condition(p, join, keys.rest, &made->condition, err));
    made->child = p->current;
    weir_plan_push(p, &made->node, join->node.type);
    return WEIR_OK;
}
