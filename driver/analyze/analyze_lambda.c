/* Lambdas (analyzer_int.h): a higher-order function says which parameters its lambdas take (function.h), the
 * body is resolved with them in scope, innermost lambda first, before the columns of the relation.
 *
 * An argument that is no lambda where one is expected stands for a lambda that ignores its parameters. The
 * ids of variables count by nesting, so that equal lambdas are equal expressions (GROUP BY finds them again).
 */
#include "driver/analyze/analyzer_int.h"

static weir_node_lambda_variable *variable_at(const weir_node_list *list, int32_t i) {
    return WEIR_NODE_AS(list->items[i], LAMBDA_VARIABLE, lambda_variable);
}

weir_code weir_analysis_find_variable(weir_analysis *a, weir_node_unresolved_attribute *name,
                                      weir_node **ret) {
    *ret = NULL;
    for (const weir_lambda_frame *frame = a->lambdas; frame; frame = frame->outer) {
        for (int32_t i = 0; i < frame->parameters.count; i++) {
            weir_node_lambda_variable *variable = variable_at(&frame->parameters, i);
            if (!weir_analysis_name_equal(a, variable->name, name->parts.items[0]))
                continue;
            weir_node *found = weir_node_copy(a->arena, &variable->node);
            found->start = name->node.start;
            found->stop = name->node.stop;
            /* Spark gives no place where a field of a variable is missing. */
            weir_node *origin = weir_node_new(a->arena, WEIR_NODE_UNRESOLVED_EXTRACT);
            origin->start = name->node.start;
            origin->stop = name->node.stop;
            for (int32_t part = 1; part < name->parts.count; part++)
                WEIR_TRY(weir_analysis_extract(
                    a, origin, found, weir_literal_string(a->arena, name->parts.items[part]), &found));
            *ret = found;
            return WEIR_OK;
        }
    }
    return WEIR_OK;
}

static weir_str lower(weir_analysis *a, weir_str text) {
    char *copy = weir_arena_strndup(a->arena, text.data, text.size);
    for (size_t i = 0; i < text.size; i++)
        copy[i] = (char)(copy[i] >= 'A' && copy[i] <= 'Z' ? copy[i] + 32 : copy[i]);
    return weir_str_make(copy, text.size);
}

static weir_code check_names(weir_analysis *a, const weir_node *arg, const weir_node_lambda *lambda) {
    weir_str_list names = {WEIR_NEW_ARRAY(a->arena, weir_str, lambda->parameters.count + 1), 0};
    bool twice = false;
    for (int32_t i = 0; i < lambda->parameters.count; i++) {
        weir_str name = variable_at(&lambda->parameters, i)->name;
        for (int32_t k = 0; k < i; k++)
            twice |= weir_analysis_name_equal(a, variable_at(&lambda->parameters, k)->name, name);
        names.items[names.count++] = a->options->case_sensitive ? name : lower(a, name);
    }
    if (!twice)
        return WEIR_OK;
    weir_strbuf list _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < names.count; i++) {
        weir_str_list one = {&names.items[i], 1};
        weir_strbuf_addf(&list, "%s%s", i ? ", " : "", weir_analysis_quoted(a, &one));
    }
    return weir_analysis_place(
        a, arg,
        weir_error_raise(a->err, WEIR_INVALID_LAMBDA_FUNCTION_CALL__DUPLICATE_ARG_NAMES, "args", list.data,
                         "caseSensitiveConfig", "\"spark.sql.caseSensitive\"", NULL));
}

static int32_t depth_of(const weir_lambda_frame *frame) {
    int32_t depth = 0;
    for (; frame; frame = frame->outer)
        depth++;
    return depth;
}

static weir_node_list bind_parameters(weir_analysis *a, const weir_node_lambda *lambda,
                                      const weir_lambda_parameter *types, int32_t count) {
    weir_node_list list = weir_node_list_new(a->arena, count);
    int32_t base = depth_of(a->lambdas) * WEIR_LAMBDA_PARAMETERS_MAX;
    for (int32_t i = 0; i < count; i++) {
        weir_node_lambda_variable *variable = WEIR_NODE_NEW(a->arena, LAMBDA_VARIABLE, lambda_variable);
        variable->name = lambda ? variable_at(&lambda->parameters, i)->name : WEIR_STR("");
        variable->id = base + i;
        variable->node.type = types[i].type;
        variable->node.nullable = types[i].nullable;
        variable->node.resolved = true;
        list.items[i] = &variable->node;
    }
    return list;
}

/* `arg` with its parameters bound; an expression that is no lambda becomes the body of one. */
static weir_code bind_lambda(weir_analysis *a, weir_node *arg, const weir_lambda_parameter *types,
                             int32_t count, weir_node **ret) {
    const weir_node_lambda *lambda = arg->kind == WEIR_NODE_LAMBDA ? WEIR_NODE_AS(arg, LAMBDA, lambda) : NULL;
    if (lambda && lambda->parameters.count != count)
        return weir_analysis_place(
            a, arg, /* the two numbers are the other way round in Spark too */
            weir_error_raise(a->err, WEIR_INVALID_LAMBDA_FUNCTION_CALL__NUM_ARGS_MISMATCH, "expectedNumArgs",
                             weir_arena_printf(a->arena, "%d", (int)lambda->parameters.count),
                             "actualNumArgs", weir_arena_printf(a->arena, "%d", (int)count), NULL));
    if (lambda)
        WEIR_TRY(check_names(a, arg, lambda));
    weir_node_lambda *bound = WEIR_NODE_NEW(a->arena, LAMBDA, lambda);
    bound->parameters = bind_parameters(a, lambda, types, count);
    for (int32_t i = 0; lambda && i < count; i++)
        weir_analysis_remember(a, lambda->parameters.items[i], bound->parameters.items[i]);
    weir_lambda_frame frame = {bound->parameters, a->lambdas};
    if (lambda)
        a->lambdas = &frame;
    weir_code code = weir_analysis_resolve(a, lambda ? lambda->body : arg, &bound->body);
    a->lambdas = frame.outer;
    WEIR_TRY(code);
    if (weir_analysis_has_aggregate(bound->body) && lambda)
        return weir_analysis_refuse(a, arg, "an aggregate function in a lambda");
    bound->node.type = bound->body->type;
    bound->node.nullable = bound->body->nullable;
    bound->node.resolved = true;
    bound->node.start = arg->start;
    bound->node.stop = arg->stop;
    *ret = &bound->node;
    return WEIR_OK;
}

/* Names show the lambda that an expression stands for. */
static void remember_hidden(weir_analysis *a, const weir_node_unresolved_function *call,
                            const weir_node_unresolved_function *bound) {
    weir_node_unresolved_function *shown =
        (weir_node_unresolved_function *)weir_node_copy(a->arena, &call->node);
    shown->args = weir_node_list_of(a->arena, call->args.items, call->args.count);
    for (int32_t i = 0; i < call->args.count; i++) {
        if (bound->args.items[i]->kind != WEIR_NODE_LAMBDA || call->args.items[i]->kind == WEIR_NODE_LAMBDA)
            continue;
        weir_node_lambda *lambda = (weir_node_lambda *)weir_node_copy(a->arena, bound->args.items[i]);
        lambda->body = call->args.items[i];
        shown->args.items[i] = &lambda->node;
    }
    weir_analysis_remember(a, &call->node, &shown->node);
}

weir_code weir_analysis_lambda_arguments(weir_analysis *a, weir_node_unresolved_function *call,
                                         const weir_function *function, weir_node_list *ret) {
    weir_node_unresolved_function *shown =
        (weir_node_unresolved_function *)weir_node_copy(a->arena, &call->node);
    shown->args = weir_node_list_of(a->arena, call->args.items, call->args.count);
    weir_node **args = shown->args.items;
    weir_resolve resolve = weir_analysis_resolve_context(a, &shown->node);
    int32_t from = WEIR_MIN(function->lambda_from, call->args.count);
    bool hidden = false;
    for (int32_t i = 0; i < from; i++) {
        if (args[i]->kind == WEIR_NODE_LAMBDA)
            return weir_analysis_place(
                a, &call->node,
                weir_error_raise(a->err,
                                 WEIR_INVALID_LAMBDA_FUNCTION_CALL__PARAMETER_DOES_NOT_ACCEPT_LAMBDA_FUNCTION,
                                 NULL));
        WEIR_TRY(weir_analysis_resolve(a, args[i], &args[i]));
    }
    for (int32_t i = from; i < call->args.count; i++) {
        weir_lambda_parameter types[WEIR_LAMBDA_PARAMETERS_MAX] = {0};
        int32_t written = args[i]->kind == WEIR_NODE_LAMBDA
                              ? WEIR_NODE_AS(args[i], LAMBDA, lambda)->parameters.count
                              : 0,
                count = 0;
        weir_code code = function->parameters(&resolve, function, args, i, written, types, &count, a->err);
        if (code != WEIR_OK)
            return weir_analysis_place(a, &call->node, code);
        WEIR_TRY(bind_lambda(a, args[i], types, count, &args[i]));
        hidden |= written == 0;
    }
    if (hidden)
        remember_hidden(a, call, shown);
    *ret = shown->args;
    return WEIR_OK;
}

/* The class behind a function as Spark's messages name it: CreateArray for array, else the name in camel
 * case. */
static const char *class_of(weir_analysis *a, const weir_function *function) {
    static const char package[] = "org.apache.spark.sql.catalyst.expressions.";
    if (function->kind == WEIR_FUNCTION_AGGREGATE)
        return weir_arena_printf(a->arena, "%saggregate.AggregateExpression", package);
    weir_strbuf name _cleanup_strbuf_ = {0};
    bool creates = strcmp(function->name, "array") == 0 || strcmp(function->name, "map") == 0;
    weir_strbuf_add_text(&name, creates ? "Create" : "");
    bool upper = true;
    for (const char *c = function->name; *c; c++) {
        if (*c != '_')
            weir_strbuf_add_char(&name, upper && *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
        upper = *c == '_';
    }
    return weir_arena_printf(a->arena, "%s%s", package, name.data);
}

weir_code weir_analysis_refuse_lambda(weir_analysis *a, const weir_node_unresolved_function *call,
                                      const weir_function *function) {
    for (int32_t i = 0; i < call->args.count; i++)
        if (call->args.items[i]->kind == WEIR_NODE_LAMBDA)
            return weir_analysis_place(
                a, &call->node,
                weir_error_raise(a->err, WEIR_INVALID_LAMBDA_FUNCTION_CALL__NON_HIGHER_ORDER_FUNCTION,
                                 "class", class_of(a, function), NULL));
    return WEIR_OK;
}
