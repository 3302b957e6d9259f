/* Expression rules (optimizer_int.h): folding, boolean simplification, casts, CASE, NULL tests, struct
 * fields. */
#include "driver/optimize/optimizer_int.h"

#include "common/expr/program.h"

static bool varies(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_CALL &&
           (WEIR_NODE_AS(node, CALL, call)->function->flags & WEIR_FN_NONDETERMINISTIC) != 0;
}

bool weir_optimize_is_deterministic(const weir_node *expr) {
    return !weir_node_any(expr, varies, NULL);
}

static weir_code check_literal(weir_node *child, void *data, weir_error **err) {
    (void)err;
    *(bool *)data &= child->kind == WEIR_NODE_LITERAL;
    return WEIR_OK;
}

static bool is_foldable_kind(const weir_node *node) {
    switch (node->kind) {
    case WEIR_NODE_CALL:
        return WEIR_NODE_AS(node, CALL, call)->function->eval != NULL && !varies(node, NULL);
    case WEIR_NODE_CAST:
    case WEIR_NODE_AND:
    case WEIR_NODE_OR:
    case WEIR_NODE_COALESCE:
        return true;
    default:
        return false;
    }
}

/* A constant of an atomic type; *ret stays where folding fails, so that the error comes at run time. */
static void fold(weir_arena *arena, weir_node *node, const weir_optimizer_options *options, weir_node **ret) {
    bool literals = true;
    if (!is_foldable_kind(node) || weir_type_is_nested(node->type) || node->type->kind == WEIR_TYPE_VARIANT)
        return;
    weir_node_each_child(node, check_literal, &literals, NULL);
    weir_column *value;
    _cleanup_error_ weir_error *ignored = NULL;
    if (!literals || weir_expr_fold(arena, node, options->zone, options->ansi, &value, &ignored) != WEIR_OK)
        return;
    weir_node *literal = weir_literal_new(arena, value);
    literal->type = node->type;
    literal->start = node->start;
    literal->stop = node->stop;
    *ret = literal;
}

/* 1 = true, 0 = false, -1 = neither (another expression, or NULL) */
static int truth(const weir_node *node) {
    if (node->kind != WEIR_NODE_LITERAL || node->type->kind != WEIR_TYPE_BOOLEAN)
        return -1;
    const weir_column *value = WEIR_NODE_AS(node, LITERAL, literal)->value;
    return weir_column_is_null(value, 0) ? -1 : weir_bit_get(value->values, 0);
}

static bool is_null(const weir_node *node) {
    return node->kind == WEIR_NODE_LITERAL &&
           weir_column_is_null(WEIR_NODE_AS(node, LITERAL, literal)->value, 0);
}

static void simplify_and(weir_node_and *node, weir_node **ret) {
    int left = truth(node->left), right = truth(node->right);
    if (left == 1 || right == 0)
        *ret = node->right;
    else if (right == 1 || left == 0)
        *ret = node->left;
    else if (weir_node_equal(node->left, node->right) && weir_optimize_is_deterministic(node->left))
        *ret = node->left;
}

static void simplify_or(weir_node_or *node, weir_node **ret) {
    int left = truth(node->left), right = truth(node->right);
    if (left == 0 || right == 1)
        *ret = node->right;
    else if (right == 0 || left == 1)
        *ret = node->left;
    else if (weir_node_equal(node->left, node->right) && weir_optimize_is_deterministic(node->left))
        *ret = node->left;
}

/* Drops branches that cannot be taken and what stands behind one that is always taken. */
static void simplify_case(weir_arena *arena, weir_node_case *node, weir_node **ret) {
    weir_node_list kept = {0};
    weir_node *otherwise = node->otherwise;
    for (int32_t i = 0; i + 1 < node->branches.count; i += 2) {
        weir_node *condition = node->branches.items[i];
        if (truth(condition) == 0 || is_null(condition))
            continue;
        if (truth(condition) == 1) {
            otherwise = node->branches.items[i + 1];
            break;
        }
        weir_node_list_add(arena, &kept, condition);
        weir_node_list_add(arena, &kept, node->branches.items[i + 1]);
    }
    if (kept.count == node->branches.count)
        return;
    if (kept.count == 0) {
        *ret = otherwise ? otherwise : weir_literal_null(arena, node->node.type);
        return;
    }
    weir_node_case *copy = (weir_node_case *)weir_node_copy(arena, &node->node);
    copy->branches = kept;
    copy->otherwise = otherwise;
    *ret = &copy->node;
}

static void simplify_coalesce(weir_arena *arena, weir_node_coalesce *node, weir_node **ret) {
    weir_node_list kept = {0};
    for (int32_t i = 0; i < node->args.count; i++) {
        weir_node *arg = node->args.items[i];
        if (is_null(arg))
            continue;
        weir_node_list_add(arena, &kept, arg);
        if (!arg->nullable)
            break;
    }
    if (kept.count == node->args.count && kept.count > 1)
        return;
    if (kept.count == 0) {
        *ret = weir_literal_null(arena, node->node.type);
    } else if (kept.count == 1) {
        *ret = kept.items[0];
    } else {
        weir_node_coalesce *copy = (weir_node_coalesce *)weir_node_copy(arena, &node->node);
        copy->args = kept;
        *ret = &copy->node;
    }
}

static void simplify_call(weir_arena *arena, weir_node_call *call, weir_node **ret) {
    const char *name = call->function->name;
    weir_node *arg = call->args.count == 1 ? call->args.items[0] : NULL;
    if (!arg)
        return;
    if (strcmp(name, "not") == 0 && arg->kind == WEIR_NODE_CALL &&
        strcmp(WEIR_NODE_AS(arg, CALL, call)->function->name, "not") == 0)
        *ret = WEIR_NODE_AS(arg, CALL, call)->args.items[0];
    else if (strcmp(name, "isnotnull") == 0 && !arg->nullable && weir_optimize_is_deterministic(arg) &&
             (arg->kind == WEIR_NODE_ATTRIBUTE || arg->kind == WEIR_NODE_LITERAL))
        *ret = weir_literal_bool(arena, true);
    else if (strcmp(name, "isnull") == 0 && !arg->nullable &&
             (arg->kind == WEIR_NODE_ATTRIBUTE || arg->kind == WEIR_NODE_LITERAL))
        *ret = weir_literal_bool(arena, false);
}

/* named_struct('a', x, ...).a is x. */
static void simplify_field(weir_node_field_access *field, weir_node **ret) {
    if (field->child->kind != WEIR_NODE_CALL)
        return;
    weir_node_call *call = WEIR_NODE_AS(field->child, CALL, call);
    if (strcmp(call->function->name, "named_struct") == 0 && 2 * field->ordinal + 1 < call->args.count)
        *ret = call->args.items[2 * field->ordinal + 1];
}

weir_code weir_optimize_expr(weir_arena *arena, weir_node *node, const weir_optimizer_options *options,
                             weir_node **ret, weir_error **err) {
    (void)err;
    *ret = node;
    switch (node->kind) {
    case WEIR_NODE_AND:
        simplify_and(WEIR_NODE_AS(node, AND, and), ret);
        break;
    case WEIR_NODE_OR:
        simplify_or(WEIR_NODE_AS(node, OR, or), ret);
        break;
    case WEIR_NODE_CASE:
        simplify_case(arena, WEIR_NODE_AS(node, CASE, case), ret);
        break;
    case WEIR_NODE_COALESCE:
        simplify_coalesce(arena, WEIR_NODE_AS(node, COALESCE, coalesce), ret);
        break;
    case WEIR_NODE_CAST:
        if (weir_type_equal(WEIR_NODE_AS(node, CAST, cast)->child->type, node->type))
            *ret = WEIR_NODE_AS(node, CAST, cast)->child;
        break;
    case WEIR_NODE_CALL:
        simplify_call(arena, WEIR_NODE_AS(node, CALL, call), ret);
        break;
    case WEIR_NODE_FIELD:
        simplify_field(WEIR_NODE_AS(node, FIELD, field_access), ret);
        break;
    default:
        return WEIR_OK;
    }
    if (*ret == node)
        fold(arena, node, options, ret);
    return WEIR_OK;
}
