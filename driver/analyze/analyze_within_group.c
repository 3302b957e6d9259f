/* f(...) WITHIN GROUP (ORDER BY ...) (analyzer_int.h): the call gets what it orders by as arguments of the
 * forms that common/expr/aggregate_parameters.c takes.
 *
 *   percentile_cont(p), percentile_disc(p)   (x, p, is DESC)
 *   mode()                                   (x, true, is DESC)
 *   listagg(s[, d])                          (s, d, x, ..., directions) */
#include "common/expr/aggregate.h"
#include "driver/analyze/analyzer_int.h"

static const char *function_name(weir_analysis *a, const weir_function *function) {
    return weir_arena_printf(a->arena, "`%s`", function->name);
}

static const weir_node_sort_order *order_at(const weir_node_unresolved_function *call, int32_t index) {
    return WEIR_NODE_AS(call->orders.items[index], SORT_ORDER, sort_order);
}

static weir_code resolve_orders(weir_analysis *a, const weir_node_unresolved_function *call,
                                weir_node_list *ret) {
    for (int32_t i = 0; i < call->orders.count; i++) {
        weir_node *expr;
        WEIR_TRY(weir_analysis_resolve(a, order_at(call, i)->child, &expr));
        weir_node_list_add(a->arena, ret, expr);
    }
    return WEIR_OK;
}

static weir_code check_one(weir_analysis *a, const weir_node_unresolved_function *call,
                           const weir_function *function) {
    if (call->distinct)
        return weir_analysis_place(
            a, &call->node,
            weir_error_raise(a->err, WEIR_INVALID_WITHIN_GROUP_EXPRESSION__DISTINCT_UNSUPPORTED, "funcName",
                             function_name(a, function), NULL));
    if (call->orders.count == 1)
        return WEIR_OK;
    return weir_analysis_place(
        a, &call->node,
        weir_error_raise(a->err, WEIR_INVALID_WITHIN_GROUP_EXPRESSION__WRONG_NUM_ORDERINGS, "funcName",
                         function_name(a, function), "expectedNum", "1", "actualNum",
                         weir_arena_printf(a->arena, "%d", call->orders.count), NULL));
}

/* Letters as common/expr/aggregate_listagg.c reads them. */
static weir_node *directions_of(weir_analysis *a, const weir_node_unresolved_function *call) {
    char *letters = weir_arena_alloc(a->arena, (size_t)call->orders.count + 1);
    for (int32_t i = 0; i < call->orders.count; i++) {
        const weir_node_sort_order *order = order_at(call, i);
        char letter = order->ascending ? 'a' : 'd';
        letters[i] = (char)(order->nulls_first ? letter : letter - 32);
    }
    return weir_literal_string(a->arena, weir_str_make(letters, (size_t)call->orders.count));
}

static weir_code listagg_args(weir_analysis *a, const weir_node_unresolved_function *call,
                              const weir_function *function, const weir_node_list *orders,
                              weir_node_list *args) {
    if (call->distinct && (orders->count != 1 || !weir_node_equal(orders->items[0], args->items[0])))
        return weir_analysis_place(
            a, &call->node,
            weir_error_raise(a->err, WEIR_INVALID_WITHIN_GROUP_EXPRESSION__MISMATCH_WITH_DISTINCT_INPUT,
                             "funcName", function_name(a, function), "funcArg",
                             weir_analysis_sql(a, args->items[0]), "orderingExpr",
                             weir_analysis_sql(a, orders->items[0]), NULL));
    if (orders->count + 3 > WEIR_AGGREGATE_ARGS_MAX)
        return weir_analysis_refuse(a, &call->node, "listagg() ordered by that many expressions");
    weir_node_list made = weir_node_list_of(a->arena, args->items, args->count);
    if (made.count == 1)
        weir_node_list_add(a->arena, &made, weir_literal_null(a->arena, weir_type_of(WEIR_TYPE_NULL)));
    for (int32_t i = 0; i < orders->count; i++)
        weir_node_list_add(a->arena, &made, orders->items[i]);
    weir_node_list_add(a->arena, &made, directions_of(a, call));
    *args = made;
    return WEIR_OK;
}

weir_code weir_analysis_within_group(weir_analysis *a, weir_node_unresolved_function *call,
                                     const weir_function *function, weir_node_list *args) {
    weir_node_list orders = {0};
    bool mode = strcmp(function->name, "mode") == 0;
    if (strcmp(function->name, "listagg") == 0 || strcmp(function->name, "string_agg") == 0) {
        WEIR_TRY(resolve_orders(a, call, &orders));
        return listagg_args(a, call, function, &orders, args);
    }
    if (!mode && strncmp(function->name, "percentile_", 11) != 0)
        return weir_analysis_place(
            a, &call->node,
            weir_error_raise(a->err, WEIR_INVALID_SQL_SYNTAX__FUNCTION_WITH_UNSUPPORTED_SYNTAX, "prettyName",
                             function_name(a, function), "syntax", "WITHIN GROUP (ORDER BY ...)", NULL));
    WEIR_TRY(check_one(a, call, function));
    WEIR_TRY(resolve_orders(a, call, &orders));
    weir_node *parts[] = {orders.items[0], mode ? weir_literal_bool(a->arena, true) : args->items[0],
                          weir_literal_bool(a->arena, !order_at(call, 0)->ascending)};
    *args = weir_node_list_of(a->arena, parts, 3);
    return WEIR_OK;
}
