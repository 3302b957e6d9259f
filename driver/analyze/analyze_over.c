/* Window functions, f(...) OVER (...) (analyzer_int.h; time windows are in analyze_window.c). A call becomes
 * a typed WINDOW_CALL where it stands; when its block is complete, the calls are taken out of it:
 *
 *   PROJECT [id, WINDOW_CALL + 1 AS x]
 *   PROJECT [id, #w + 1 AS x] <- WINDOW [WINDOW_CALL AS #w] <- PROJECT [*, what the call computes over AS
 * _wN]
 *
 * with one WINDOW for the calls that agree in partition and order. So arguments, keys and orders of a WINDOW
 * are columns of its child or literals. */
#include "common/expr/program.h"
#include "driver/analyze/analyzer_int.h"

static bool is_window_call(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_WINDOW_CALL;
}

bool weir_analysis_has_over(const weir_node *node) {
    return weir_node_any(node, is_window_call, NULL);
}

static bool any_over(const weir_node_list *list) {
    for (int32_t i = 0; i < list->count; i++)
        if (weir_analysis_has_over(list->items[i]))
            return true;
    return false;
}

weir_code weir_analysis_refuse_over(weir_analysis *a, const weir_node *node, const char *clause) {
    if (!weir_analysis_has_over(node))
        return WEIR_OK;
    return weir_error_raise(a->err, WEIR_WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE, "clauseName", clause, NULL);
}

/* ---- the call of the function ---- */

typedef struct over_call {
    weir_analysis *a;
    weir_node_unresolved_window *node;
    weir_node_unresolved_function *function; /* as written */
    const char *name;                        /* in lower case */
    weir_node_window_spec *shown;            /* as written, with the frame that holds: for texts */
    weir_node_window_spec *spec;             /* resolved */
} over_call;

static bool is_one_of(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}
#define IS_ONE_OF(name, ...) \
    is_one_of((name), (const char *const[]){__VA_ARGS__}, \
              WEIR_ARRAY_LEN(((const char *const[]){__VA_ARGS__})))

static bool is_offset_function(const char *name) {
    return IS_ONE_OF(name, "lag", "lead");
}

bool weir_analysis_takes_nulls(const char *name) {
    return IS_ONE_OF(name, "first", "last", "any_value", "first_value", "last_value");
}

static weir_code raise_syntax(over_call *o, const char *syntax) {
    weir_analysis *a = o->a;
    return weir_analysis_place(
        a, &o->node->node,
        weir_error_raise(a->err, WEIR_INVALID_SQL_SYNTAX__FUNCTION_WITH_UNSUPPORTED_SYNTAX, "prettyName",
                         weir_arena_printf(a->arena, "`%s`", o->name), "syntax", syntax, NULL));
}

/* The call with its default arguments written out. */
static weir_node *with_defaults(over_call *o) {
    weir_analysis *a = o->a;
    weir_node_unresolved_function *copy =
        (weir_node_unresolved_function *)weir_node_copy(a->arena, &o->function->node);
    copy->nulls = WEIR_NULLS_UNSAID;
    copy->node.start = o->node->node.start; /* errors show it with its window */
    copy->node.stop = o->node->node.stop;
    copy->args = weir_node_list_of(a->arena, o->function->args.items, o->function->args.count);
    if (is_offset_function(o->name)) {
        if (copy->args.count == 0)
            weir_node_list_add(a->arena, &copy->args,
                               weir_literal_null(a->arena, weir_type_of(WEIR_TYPE_NULL)));
        if (copy->args.count == 1)
            weir_node_list_add(a->arena, &copy->args, weir_literal_int(a->arena, 1));
        if (copy->args.count == 2)
            weir_node_list_add(a->arena, &copy->args,
                               weir_literal_null(a->arena, weir_type_of(WEIR_TYPE_NULL)));
    } else if (strcmp(o->name, "ntile") == 0 && copy->args.count == 0) {
        weir_node_list_add(a->arena, &copy->args, weir_literal_int(a->arena, 1));
    }
    return &copy->node;
}

static bool is_column(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_ATTRIBUTE || node->kind == WEIR_NODE_AGGREGATE_CALL ||
           node->kind == WEIR_NODE_WINDOW_CALL;
}

static bool is_foldable(const weir_node *node) {
    return !weir_node_any(node, is_column, NULL) && !weir_analysis_is_nondeterministic(node);
}

static weir_code fold(weir_analysis *a, weir_node **node) {
    if ((*node)->kind == WEIR_NODE_LITERAL)
        return WEIR_OK;
    weir_column *value;
    WEIR_TRY(weir_expr_fold(a->arena, *node, a->options->zone, a->options->ansi, &value, a->err));
    weir_node *literal = weir_literal_new(a->arena, value);
    literal->start = (*node)->start;
    literal->stop = (*node)->stop;
    *node = literal;
    return WEIR_OK;
}

static bool is_null_literal(const weir_node *node) {
    return weir_column_is_null(WEIR_NODE_AS(node, LITERAL, literal)->value, 0);
}

static int32_t int_of(const weir_node *literal) {
    return *(const int32_t *)(const void *)WEIR_NODE_AS(literal, LITERAL, literal)->value->values;
}

/* A constant INT argument of a window function, folded. */
static weir_code constant_argument(over_call *o, weir_node_list *args, int32_t index, const char *input) {
    weir_analysis *a = o->a;
    weir_node **arg = &args->items[index];
    const char *sql = weir_analysis_sql(a, &o->function->node), *text = weir_analysis_sql(a, *arg);
    if (strcmp(o->name, "lag") == 0) /* it looks back by the offset */
        text = weir_arena_printf(a->arena, "\"(- %s)\"", weir_analysis_plain_sql(a, *arg));
    if (!is_foldable(*arg))
        return weir_analysis_place(a, &o->function->node,
                                   weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__NON_FOLDABLE_INPUT,
                                                    "sqlExpr", sql, "inputName", input, "inputType",
                                                    "\"INT\"", "inputExpr", text, NULL));
    return fold(a, arg);
}

/* ntile and nth_value take a constant INT of 1 or more; a NULL counts as 0. */
static weir_code positive_argument(over_call *o, weir_node_list *args, int32_t index, const char *name,
                                   bool wide) {
    weir_analysis *a = o->a;
    WEIR_TRY(constant_argument(o, args, index, weir_arena_printf(a->arena, "`%s`", name)));
    weir_node *arg = args->items[index];
    int32_t value = is_null_literal(arg) ? 0 : int_of(arg);
    if (value > 0)
        return WEIR_OK;
    return weir_analysis_place(
        a, &o->function->node,
        weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__VALUE_OUT_OF_RANGE, "sqlExpr",
                         weir_analysis_sql(a, &o->function->node), "exprName", name, "valueRange",
                         wide ? "(0, 9223372036854775807]" : "(0, 2147483647]", "currentValue",
                         weir_arena_printf(a->arena, wide ? "%dL" : "%d", value), NULL));
}

static weir_code raise_frame_said(over_call *o) {
    weir_analysis *a = o->a;
    return weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_1035, "prettyName", o->name, NULL);
}

/* nth_value(x, n, true) is nth_value(x, n) IGNORE NULLS. */
static weir_code take_third(over_call *o, weir_node_list *args, bool *ret) {
    if (args->count < 3)
        return WEIR_OK;
    const weir_node *flag = args->items[2];
    if (flag->kind != WEIR_NODE_LITERAL || flag->type->kind != WEIR_TYPE_BOOLEAN || is_null_literal(flag))
        return weir_analysis_refuse(o->a, &o->node->node,
                                    "a third argument of nth_value() that is no boolean literal");
    *ret = weir_bit_get(WEIR_NODE_AS(flag, LITERAL, literal)->value->values, 0);
    args->count = 2;
    return WEIR_OK;
}

static weir_code check_arguments(over_call *o, weir_node_list *args, bool *ret_ignore_nulls) {
    if (is_offset_function(o->name)) {
        const weir_node *offset = args->items[1];
        if (offset->kind == WEIR_NODE_CAST &&
            weir_type_is_string(WEIR_NODE_AS(offset, CAST, cast)->child->type))
            return weir_analysis_place(o->a, &o->node->node,
                                       weir_error_raise(o->a->err, WEIR_FAILED_FUNCTION_CALL, "funcName",
                                                        weir_arena_printf(o->a->arena, "`%s`", o->name),
                                                        NULL));
        WEIR_TRY(constant_argument(o, args, 1, "`offset`"));
        return is_null_literal(args->items[1]) ? raise_frame_said(o) : WEIR_OK;
    }
    if (strcmp(o->name, "ntile") == 0)
        return positive_argument(o, args, 0, "buckets", false);
    if (strcmp(o->name, "nth_value") != 0)
        return WEIR_OK;
    WEIR_TRY(positive_argument(o, args, 1, "offset", true));
    return take_third(o, args, ret_ignore_nulls);
}

/* first(x, true) is first(x) IGNORE NULLS. */
static void take_flag(weir_node_window_call *call) {
    if (!weir_analysis_takes_nulls(call->function->name) || call->args.count != 2)
        return;
    const weir_column *flag = WEIR_NODE_AS(call->args.items[1], LITERAL, literal)->value;
    call->ignore_nulls = weir_bit_get(flag->values, 0);
    call->args.count = 1;
}

static weir_node *make_window_call(over_call *o, const weir_function *function, weir_node_list args,
                                   weir_node *filter, const weir_node *made) {
    weir_node_window_call *call = WEIR_NODE_NEW(o->a->arena, WINDOW_CALL, window_call);
    call->function = function;
    call->args = args;
    call->filter = filter;
    call->spec = &o->spec->node;
    call->ignore_nulls = o->function->nulls == WEIR_NULLS_IGNORE;
    call->node.type = made->type;
    call->node.nullable = made->nullable;
    call->node.resolved = true;
    call->node.start = o->node->node.start;
    call->node.stop = o->node->node.stop;
    take_flag(call);
    return &call->node;
}

/* Top-down: the aggregates that a rewrite of the registry made of the call; those in their arguments stay. */
static weir_code replace_aggregate(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                   weir_error **err) {
    (void)arena, (void)err;
    *ret = node;
    if (node->kind == WEIR_NODE_AGGREGATE_CALL) {
        const weir_node_aggregate_call *call = WEIR_NODE_AS(node, AGGREGATE_CALL, aggregate_call);
        *ret = make_window_call(data, call->function, call->args, call->filter, node);
    }
    return WEIR_OK;
}

static weir_code raise_not_window(over_call *o) {
    weir_analysis *a = o->a;
    return weir_analysis_place(a, &o->node->node,
                               weir_error_raise(a->err, WEIR_UNSUPPORTED_EXPR_FOR_WINDOW, "sqlExpr",
                                                weir_analysis_sql(a, &o->function->node), NULL));
}

static weir_code check_function(over_call *o, const weir_function *function) {
    bool window = function && function->kind == WEIR_FUNCTION_WINDOW;
    bool nulls = is_offset_function(o->name) || strcmp(o->name, "nth_value") == 0 ||
                 weir_analysis_takes_nulls(o->name);
    if (o->function->nulls == WEIR_NULLS_IGNORE && function && !nulls)
        return raise_syntax(o, "IGNORE NULLS");
    if (window && o->function->distinct)
        return raise_syntax(o, "DISTINCT");
    if (window && o->function->filter)
        return raise_syntax(o, "FILTER CLAUSE");
    return WEIR_OK;
}

static weir_code resolve_function(over_call *o, weir_node **ret) {
    weir_analysis *a = o->a;
    weir_str name = o->function->name.items[o->function->name.count - 1];
    const weir_function *function = weir_function_find(name);
    WEIR_TRY(check_function(o, function));
    weir_node *call = with_defaults(o), *made;
    const weir_node *outer = a->over_call;
    a->over_call = call;
    WEIR_TRY(weir_analysis_resolve(a, call, &made));
    a->over_call = outer;
    if (made->kind == WEIR_NODE_CALL &&
        WEIR_NODE_AS(made, CALL, call)->function->kind == WEIR_FUNCTION_WINDOW) {
        weir_node_call *window = WEIR_NODE_AS(made, CALL, call);
        bool ignore_nulls = false;
        WEIR_TRY(check_arguments(o, &window->args, &ignore_nulls));
        *ret = make_window_call(o, window->function, window->args, NULL, made);
        WEIR_NODE_AS(*ret, WINDOW_CALL, window_call)->ignore_nulls |= ignore_nulls;
        return WEIR_OK;
    }
    if (!function || function->kind != WEIR_FUNCTION_AGGREGATE || !weir_analysis_has_aggregate(made))
        return raise_not_window(o);
    return weir_node_transform_down(a->arena, made, replace_aggregate, o, ret, a->err);
}

/* ---- frames ---- */

static const char *bound_text(over_call *o, int64_t bound, const weir_node *value) {
    static const char *const words[] = {"\"UNBOUNDED PRECEDING\"", "\"CURRENT ROW\"", "",
                                        "\"UNBOUNDED FOLLOWING\""};
    return bound == WEIR_BOUND_VALUE ? weir_analysis_sql(o->a, value) : words[bound];
}

/* The window, or its frame alone: the text between the last word of the rest and the parenthesis. */
static const char *spec_text(over_call *o, bool frame) {
    weir_node_window_spec only = *o->shown;
    if (!frame)
        return weir_analysis_sql(o->a, &o->shown->node);
    only.partition.count = only.orders.count = 0;
    const char *text = weir_analysis_plain_sql(o->a, &only.node);
    return weir_arena_printf(o->a->arena, "\"%.*s\"", (int)strlen(text) - 2, text + 1);
}

#define RAISE_SPEC(o, frame, condition, ...) \
    return weir_analysis_place((o)->a, (o)->node->spec, \
                               weir_error_raise((o)->a->err, WEIR_DATATYPE_MISMATCH__##condition, "sqlExpr", \
                                                spec_text((o), (frame)), __VA_ARGS__, NULL))

static bool is_interval(const weir_type *type) {
    return type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || type->kind == WEIR_TYPE_INTERVAL_DAY_TIME ||
           type->kind == WEIR_TYPE_INTERVAL_CALENDAR;
}

/* In a RANGE frame over one order the distance takes the order's type, but for dates and instants. `shown`
 * then prints as Spark's cast of it does. */
static weir_code cast_bound(over_call *o, weir_node **value, weir_node **shown) {
    weir_analysis *a = o->a;
    if (o->spec->frame != WEIR_FRAME_RANGE || o->spec->orders.count != 1)
        return WEIR_OK;
    const weir_type *type = o->spec->orders.items[0]->type;
    weir_cast_mode mode = a->options->ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
    if (type->kind == WEIR_TYPE_DATE || type->kind == WEIR_TYPE_TIMESTAMP ||
        weir_type_same((*value)->type, type) || !weir_coerce_can_cast((*value)->type, type, mode))
        return WEIR_OK;
    weir_node_cast *cast = WEIR_NODE_NEW(a->arena, CAST, cast);
    cast->child = *shown;
    *shown = &cast->node;
    *value = weir_analysis_cast(a, *value, type);
    return WEIR_OK;
}

static weir_code resolve_bound(over_call *o, int64_t bound, weir_node **shown, weir_node **ret) {
    *ret = NULL;
    if (bound != WEIR_BOUND_VALUE)
        return WEIR_OK;
    WEIR_TRY(weir_analysis_resolve(o->a, *shown, ret));
    return cast_bound(o, ret, shown);
}

static weir_code check_bound(over_call *o, const char *location, const weir_node *value,
                             const weir_node *shown) {
    weir_analysis *a = o->a;
    bool rows = o->spec->frame == WEIR_FRAME_ROWS;
    if (!value)
        return WEIR_OK;
    if (!is_foldable(value))
        RAISE_SPEC(o, true, SPECIFIED_WINDOW_FRAME_WITHOUT_FOLDABLE, "location", location, "expression",
                   weir_analysis_sql(a, shown));
    if (rows ? value->type->kind == WEIR_TYPE_INT
             : weir_type_is_numeric(value->type) || is_interval(value->type))
        return WEIR_OK;
    RAISE_SPEC(
        o, true, SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE, "location", location, "exprType",
        weir_analysis_type(a, value->type), "expectedType",
        rows ? "\"INT\""
             : "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")");
}

static bool fits_order(const weir_type *order, const weir_type *value) {
    bool instant = order->kind == WEIR_TYPE_TIMESTAMP || order->kind == WEIR_TYPE_TIMESTAMP_NTZ;
    if (order->kind == WEIR_TYPE_DATE)
        return value->kind == WEIR_TYPE_INT || value->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ||
               value->kind == WEIR_TYPE_INTERVAL_DAY_TIME;
    if (instant)
        return is_interval(value);
    return weir_type_same(order, value);
}

static weir_code folded_greater(weir_analysis *a, weir_node *left, weir_node *right, bool *ret) {
    weir_node *args[2] = {left, right}, *test;
    *ret = false;
    if (left->type->kind == WEIR_TYPE_INTERVAL_CALENDAR) /* they have no order */
        return WEIR_OK;
    WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, ">", args, 2), &test));
    WEIR_TRY(fold(a, &test));
    *ret = !is_null_literal(test) && weir_bit_get(WEIR_NODE_AS(test, LITERAL, literal)->value->values, 0);
    return WEIR_OK;
}

/* SpecifiedWindowFrame.checkInputDataTypes, behind the checks of each bound. */
static weir_code check_bounds(over_call *o) {
    weir_analysis *a = o->a;
    weir_node_window_spec *spec = o->spec, *shown = o->shown;
    weir_node *lower = spec->lower_value, *upper = spec->upper_value;
    const char *lower_text = bound_text(o, spec->lower, shown->lower_value),
               *upper_text = bound_text(o, spec->upper, shown->upper_value);
    if (spec->lower == WEIR_BOUND_UNBOUNDED_FOLLOWING || spec->upper == WEIR_BOUND_UNBOUNDED_PRECEDING)
        RAISE_SPEC(o, true, SPECIFIED_WINDOW_FRAME_INVALID_BOUND, "upper", upper_text, "lower", lower_text);
    if (!lower || !upper)
        return WEIR_OK;
    if (!weir_type_same(lower->type, upper->type))
        RAISE_SPEC(o, true, SPECIFIED_WINDOW_FRAME_DIFF_TYPES, "lower", lower_text, "upper", upper_text,
                   "lowerType", weir_analysis_type(a, lower->type), "upperType",
                   weir_analysis_type(a, upper->type));
    bool greater;
    WEIR_TRY(folded_greater(a, lower, upper, &greater));
    if (greater)
        RAISE_SPEC(o, true, SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON, "comparison", "less than or equal");
    return WEIR_OK;
}

/* As SortOrder.toString: columns with their ids. */
static void add_order_text(weir_analysis *a, weir_strbuf *buf, const weir_node *node, int32_t i) {
    const weir_node_sort_order *order = WEIR_NODE_AS(node, SORT_ORDER, sort_order);
    weir_strbuf_addf(buf, "%s%s", i ? "," : "", weir_analysis_plain_sql(a, order->child));
    if (order->child->kind == WEIR_NODE_ATTRIBUTE)
        weir_strbuf_addf(buf, "#%lld", (long long)WEIR_NODE_AS(order->child, ATTRIBUTE, attribute)->id);
    weir_strbuf_addf(buf, " %s NULLS %s", order->ascending ? "ASC" : "DESC",
                     order->nulls_first ? "FIRST" : "LAST");
}

/* WindowSpecDefinition.checkInputDataTypes */
static weir_code check_spec(over_call *o) {
    weir_analysis *a = o->a;
    weir_node_window_spec *spec = o->spec;
    const weir_node *value = spec->lower_value ? spec->lower_value : spec->upper_value;
    bool unbounded =
        spec->lower == WEIR_BOUND_UNBOUNDED_PRECEDING && spec->upper == WEIR_BOUND_UNBOUNDED_FOLLOWING;
    if (spec->frame != WEIR_FRAME_RANGE)
        return WEIR_OK;
    if (!unbounded && spec->orders.count == 0)
        RAISE_SPEC(o, false, RANGE_FRAME_WITHOUT_ORDER, "v", "");
    if (value && spec->orders.count > 1) {
        weir_strbuf orders _cleanup_strbuf_ = {0};
        for (int32_t i = 0; i < spec->orders.count; i++)
            add_order_text(a, &orders, spec->orders.items[i], i);
        RAISE_SPEC(o, false, RANGE_FRAME_MULTI_ORDER, "orderSpec", orders.data);
    }
    if (value && !fits_order(spec->orders.items[0]->type, value->type))
        RAISE_SPEC(o, false, RANGE_FRAME_INVALID_TYPE, "orderSpecType",
                   weir_analysis_type(a, spec->orders.items[0]->type), "valueBoundaryType",
                   weir_analysis_type(a, value->type));
    return WEIR_OK;
}

/* The order of a row moved by the distance; towards the partition's end in the direction of the order. */
static weir_code moved_order(over_call *o, weir_node *value, weir_node **ret) {
    weir_analysis *a = o->a;
    *ret = NULL;
    if (!value || o->spec->frame != WEIR_FRAME_RANGE)
        return WEIR_OK;
    const weir_node_sort_order *order = WEIR_NODE_AS(o->spec->orders.items[0], SORT_ORDER, sort_order);
    if (!order->ascending) {
        WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, "negative", &value, 1), &value));
        WEIR_TRY(fold(a, &value));
    }
    weir_node *args[2] = {order->child, value};
    WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, "+", args, 2), ret));
    if (!weir_type_same((*ret)->type, order->child->type) &&
        !((*ret)->type->kind == WEIR_TYPE_DECIMAL && (*ret)->type->scale == order->child->type->scale))
        *ret = weir_analysis_cast(a, *ret, order->child->type);
    return WEIR_OK;
}

static weir_code resolve_frame(over_call *o) {
    weir_node_window_spec *spec = o->spec, *shown = o->shown;
    WEIR_TRY(resolve_bound(o, spec->lower, &shown->lower_value, &spec->lower_value));
    WEIR_TRY(resolve_bound(o, spec->upper, &shown->upper_value, &spec->upper_value));
    WEIR_TRY(check_bound(o, "lower", spec->lower_value, shown->lower_value));
    WEIR_TRY(check_bound(o, "upper", spec->upper_value, shown->upper_value));
    WEIR_TRY(check_bounds(o));
    WEIR_TRY(check_spec(o));
    if (spec->lower_value)
        WEIR_TRY(fold(o->a, &spec->lower_value));
    if (spec->upper_value)
        WEIR_TRY(fold(o->a, &spec->upper_value));
    WEIR_TRY(moved_order(o, spec->lower_value, &spec->range_lower));
    return moved_order(o, spec->upper_value, &spec->range_upper);
}

/* The frame that the function alone decides; false where any will do. */
static bool required_frame(const over_call *o, weir_node_window_spec *ret) {
    bool range = strcmp(o->name, "cume_dist") == 0;
    if (!range && !IS_ONE_OF(o->name, "row_number", "rank", "dense_rank", "percent_rank", "ntile"))
        return false;
    ret->frame = range ? WEIR_FRAME_RANGE : WEIR_FRAME_ROWS;
    ret->lower = WEIR_BOUND_UNBOUNDED_PRECEDING;
    ret->upper = WEIR_BOUND_CURRENT_ROW;
    ret->lower_value = ret->upper_value = NULL;
    return true;
}

/* A distance as the folded literal prints. */
static const char *distance_text(weir_analysis *a, weir_node *value) {
    weir_node *resolved;
    if (weir_analysis_resolve(a, value, &resolved) != WEIR_OK || fold(a, &resolved) != WEIR_OK)
        return weir_analysis_plain_sql(a, value);
    return weir_analysis_plain_sql(a, resolved);
}

static const char *frame_class(over_call *o, const weir_node_window_spec *frame) {
    static const char *const bounds[] = {"unboundedpreceding$()", "currentrow$()", "",
                                         "unboundedfollowing$()"};
    const char *texts[2];
    for (int i = 0; i < 2; i++) {
        int64_t bound = i ? frame->upper : frame->lower;
        texts[i] = bound == WEIR_BOUND_VALUE
                       ? distance_text(o->a, i ? frame->upper_value : frame->lower_value)
                       : bounds[bound];
    }
    return weir_arena_printf(o->a->arena, "specifiedwindowframe(%s, %s, %s)",
                             frame->frame == WEIR_FRAME_ROWS ? "RowFrame" : "RangeFrame", texts[0], texts[1]);
}

static bool same_frame(const weir_node_window_spec *left, const weir_node_window_spec *right) {
    return left->frame == right->frame && left->lower == right->lower && left->upper == right->upper;
}

/* ResolveWindowFrame: the frame of `shown`. */
static weir_code choose_frame(over_call *o, bool window) {
    weir_analysis *a = o->a;
    weir_node_window_spec *shown = o->shown, required = *shown;
    bool said = shown->frame != WEIR_FRAME_UNSAID;
    if (is_offset_function(o->name)) {
        if (said)
            return raise_frame_said(o);
        return WEIR_OK;
    }
    if (window && required_frame(o, &required)) {
        if (said && !same_frame(shown, &required))
            return weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_1036, "wf", frame_class(o, shown),
                                    "required", frame_class(o, &required), NULL);
        *shown = required;
    } else if (!said) {
        bool ordered = shown->orders.count > 0;
        shown->frame = ordered ? WEIR_FRAME_RANGE : WEIR_FRAME_ROWS;
        shown->lower = WEIR_BOUND_UNBOUNDED_PRECEDING;
        shown->upper = ordered ? WEIR_BOUND_CURRENT_ROW : WEIR_BOUND_UNBOUNDED_FOLLOWING;
    }
    return WEIR_OK;
}

/* lag and lead have the one row of their offset as frame, in texts. */
static weir_code show_offset(over_call *o, const weir_node *call) {
    weir_analysis *a = o->a;
    if (!is_offset_function(o->name))
        return WEIR_OK;
    int32_t offset = int_of(WEIR_NODE_AS(call, WINDOW_CALL, window_call)->args.items[1]);
    int32_t distance = strcmp(o->name, "lag") == 0 ? (int32_t)(0u - (uint32_t)offset) : offset;
    o->shown->frame = o->spec->frame = WEIR_FRAME_ROWS;
    o->shown->lower = o->shown->upper = o->spec->lower = o->spec->upper = WEIR_BOUND_VALUE;
    o->shown->lower_value = o->shown->upper_value = weir_literal_int(a->arena, distance);
    o->spec->lower_value = o->spec->upper_value = o->shown->lower_value;
    return WEIR_OK;
}

/* ---- the window ---- */

static weir_code resolve_orders(over_call *o) {
    weir_analysis *a = o->a;
    weir_node_list orders = {0};
    for (int32_t i = 0; i < o->shown->orders.count; i++) {
        const weir_node_sort_order *order = WEIR_NODE_AS(o->shown->orders.items[i], SORT_ORDER, sort_order);
        weir_node *child;
        WEIR_TRY(weir_analysis_resolve(a, order->child, &child));
        WEIR_TRY(weir_analysis_finish_order(a, order, child, &orders));
    }
    o->spec->orders = orders;
    return WEIR_OK;
}

static weir_code raise_unordered(over_call *o, const weir_node *key) {
    weir_analysis *a = o->a;
    return weir_analysis_place(a, key,
                               weir_error_raise(a->err, WEIR_EXPRESSION_TYPE_IS_NOT_ORDERABLE, "expr",
                                                weir_analysis_sql(a, key), "exprType",
                                                weir_analysis_type(a, key->type), NULL));
}

static weir_code resolve_spec(over_call *o) {
    weir_analysis *a = o->a;
    weir_node_window_spec *spec = o->spec;
    spec->partition = weir_node_list_new(a->arena, o->shown->partition.count);
    for (int32_t i = 0; i < spec->partition.count; i++)
        WEIR_TRY(weir_analysis_resolve(a, o->shown->partition.items[i], &spec->partition.items[i]));
    for (int32_t i = 0; i < spec->partition.count; i++)
        if (weir_analysis_is_unordered(spec->partition.items[i]->type))
            return raise_unordered(o, spec->partition.items[i]);
    return resolve_orders(o);
}

/* Columns print with the relation that they come from. */
static weir_code qualify_column(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    (void)err;
    weir_analysis *a = data;
    *ret = node;
    for (int32_t i = 0; node->kind == WEIR_NODE_ATTRIBUTE && i < a->scope->columns.count; i++) {
        const weir_node_attribute *column = WEIR_NODE_AS(a->scope->columns.items[i], ATTRIBUTE, attribute);
        if (column->id != WEIR_NODE_AS(node, ATTRIBUTE, attribute)->id || column->qualifier.count == 0)
            continue;
        weir_node_attribute *copy = (weir_node_attribute *)weir_node_copy(arena, node);
        copy->name = weir_str_from(weir_arena_printf(
            arena, WEIR_STR_FMT "." WEIR_STR_FMT,
            WEIR_STR_ARG(column->qualifier.items[column->qualifier.count - 1]), WEIR_STR_ARG(column->name)));
        *ret = &copy->node;
    }
    return WEIR_OK;
}

static weir_code raise_not_ordered(over_call *o, weir_node *call) {
    weir_analysis *a = o->a;
    weir_node_window_call *alone = (weir_node_window_call *)weir_node_copy(a->arena, call);
    weir_node *qualified;
    alone->spec = NULL;
    WEIR_TRY(weir_node_transform(a->arena, &alone->node, qualify_column, a, &qualified, a->err));
    const char *text = weir_analysis_plain_sql(a, qualified);
    return weir_error_raise(a->err, WEIR_WINDOW_FUNCTION_FRAME_NOT_ORDERED, "wf_name", o->name, "wf_expr",
                            text, NULL);
}

static const char *lower_text(weir_analysis *a, weir_str name) {
    char *text = weir_arena_strndup(a->arena, name.data, name.size);
    for (char *c = text; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    return text;
}

/* The arguments come first, as in Spark: what is wrong with them is the error. */
static weir_code raise_no_window(over_call *o) {
    weir_analysis *a = o->a;
    weir_node *call;
    o->spec = WEIR_NODE_NEW(a->arena, WINDOW_SPEC, window_spec);
    WEIR_TRY(resolve_function(o, &call));
    return weir_error_raise(a->err, WEIR_MISSING_WINDOW_SPECIFICATION, "windowName",
                            weir_arena_strndup(a->arena, o->node->name.data, o->node->name.size), "docroot",
                            "https://spark.apache.org/docs/latest", NULL);
}

static weir_code resolve_over(over_call *o, weir_node **ret) {
    weir_analysis *a = o->a;
    weir_str name = o->function->name.items[o->function->name.count - 1];
    const weir_function *function = weir_function_find(name);
    bool window = function && function->kind == WEIR_FUNCTION_WINDOW;
    o->name = lower_text(a, name);
    if (!o->node->spec)
        return raise_no_window(o);
    o->shown = (weir_node_window_spec *)weir_node_copy(a->arena, o->node->spec);
    o->spec = WEIR_NODE_NEW(a->arena, WINDOW_SPEC, window_spec);
    o->spec->node.resolved = true;
    weir_node *call;
    WEIR_TRY(resolve_function(o, &call));
    WEIR_TRY(resolve_spec(o));
    WEIR_TRY(choose_frame(o, window));
    if (window && o->spec->orders.count == 0)
        return raise_not_ordered(o, call);
    o->spec->frame = o->shown->frame;
    o->spec->lower = o->shown->lower;
    o->spec->upper = o->shown->upper;
    WEIR_TRY(show_offset(o, call));
    if (!is_offset_function(o->name))
        WEIR_TRY(resolve_frame(o));
    weir_analysis_remember(a, o->node->spec, &o->shown->node);
    weir_node_unresolved_window shown = *o->node;
    shown.spec = &o->shown->node;
    if (o->function->distinct)
        return weir_analysis_place(a, &o->node->node,
                                   weir_error_raise(a->err, WEIR_DISTINCT_WINDOW_FUNCTION_UNSUPPORTED,
                                                    "windowExpr", weir_analysis_sql(a, &shown.node), NULL));
    *ret = call;
    return WEIR_OK;
}

weir_code weir_analysis_over(weir_analysis *a, weir_node_unresolved_window *node, weir_node **ret) {
    if (node->call->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        return weir_analysis_place(a, &node->node,
                                   weir_error_raise(a->err, WEIR_UNSUPPORTED_EXPR_FOR_WINDOW, "sqlExpr",
                                                    weir_analysis_sql(a, node->call), NULL));
    over_call o = {
        .a = a, .node = node, .function = WEIR_NODE_AS(node->call, UNRESOLVED_FUNCTION, unresolved_function)};
    const weir_node *outer = a->over_node;
    a->over_node = &node->node;
    WEIR_TRY(resolve_over(&o, ret));
    a->over_node = outer;
    return WEIR_OK;
}

/* ---- taking the calls out of a block ---- */

typedef struct extraction {
    weir_analysis *a;
    weir_node_list before; /* the child's columns and what the windows need beside them */
    weir_node_list calls;  /* ALIAS of WINDOW_CALL, distinct */
    const weir_node *item; /* of the SELECT list, at hand */
} extraction;

/* Marks the columns that are no name of the user's. */
#define MADE_HERE WEIR_STR("{\"__window\":true}")

static weir_node *made_alias(weir_analysis *a, weir_node *expr, weir_str name) {
    weir_node *alias = weir_analysis_alias(a, expr, name);
    WEIR_NODE_AS(alias, ALIAS, alias)->metadata = MADE_HERE;
    return alias;
}

/* What stands in the place of a call: the mark is not for the user's columns. */
static weir_node *reference_to(weir_analysis *a, const weir_node *alias) {
    weir_node *column = weir_analysis_attribute_of(a, alias);
    WEIR_NODE_AS(column, ATTRIBUTE, attribute)->metadata = (weir_str){0};
    return column;
}

/* A column of the projection below the windows that holds `expr`; literals stay. */
static weir_node *column_for(extraction *e, weir_node *expr, bool keep_literal) {
    weir_analysis *a = e->a;
    if (expr->kind == WEIR_NODE_ATTRIBUTE || (keep_literal && expr->kind == WEIR_NODE_LITERAL))
        return expr;
    for (int32_t i = 0; i < e->before.count; i++)
        if (e->before.items[i]->kind == WEIR_NODE_ALIAS &&
            weir_node_equal(WEIR_NODE_AS(e->before.items[i], ALIAS, alias)->child, expr))
            return weir_analysis_attribute_of(a, e->before.items[i]);
    weir_str name = weir_str_from(weir_arena_printf(a->arena, "_w%d", e->before.count));
    weir_node *alias = made_alias(a, expr, name);
    weir_node_list_add(a->arena, &e->before, alias);
    return weir_analysis_attribute_of(a, alias);
}

static weir_node *columns_of_spec(extraction *e, const weir_node *node) {
    weir_arena *arena = e->a->arena;
    weir_node_window_spec *spec = (weir_node_window_spec *)weir_node_copy(arena, node);
    spec->partition = weir_node_list_of(arena, spec->partition.items, spec->partition.count);
    for (int32_t i = 0; i < spec->partition.count; i++)
        spec->partition.items[i] = column_for(e, spec->partition.items[i], false);
    spec->orders = weir_node_list_of(arena, spec->orders.items, spec->orders.count);
    for (int32_t i = 0; i < spec->orders.count; i++) {
        weir_node_sort_order *order = (weir_node_sort_order *)weir_node_copy(arena, spec->orders.items[i]);
        order->child = column_for(e, order->child, false);
        spec->orders.items[i] = &order->node;
    }
    if (spec->range_lower)
        spec->range_lower = column_for(e, spec->range_lower, false);
    if (spec->range_upper)
        spec->range_upper = column_for(e, spec->range_upper, false);
    return &spec->node;
}

static weir_code find_over(weir_node *child, void *data, weir_error **err) {
    (void)err;
    *(bool *)data |= weir_analysis_has_over(child);
    return WEIR_OK;
}

/* Does the call compute over what another window function gives? */
static bool holds_over(weir_node *call) {
    bool found = false;
    weir_node_each_child(call, find_over, &found, NULL);
    return found;
}

static weir_code extract_call(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                              weir_error **err) {
    (void)err;
    extraction *e = data;
    *ret = node;
    if (node->kind != WEIR_NODE_WINDOW_CALL || holds_over(node))
        return WEIR_OK;
    weir_node_window_call *call = (weir_node_window_call *)weir_node_copy(arena, node);
    call->args = weir_node_list_of(arena, call->args.items, call->args.count);
    for (int32_t i = 0; i < call->args.count; i++)
        call->args.items[i] = column_for(e, call->args.items[i], true);
    if (call->filter)
        call->filter = column_for(e, call->filter, false);
    call->spec = columns_of_spec(e, call->spec);
    for (int32_t i = 0; i < e->calls.count; i++)
        if (weir_node_equal(WEIR_NODE_AS(e->calls.items[i], ALIAS, alias)->child, &call->node)) {
            *ret = reference_to(e->a, e->calls.items[i]);
            return WEIR_OK;
        }
    weir_str name = weir_str_from(weir_arena_printf(arena, "_we%d", e->calls.count));
    if (e->item->kind == WEIR_NODE_ALIAS && WEIR_NODE_AS(e->item, ALIAS, alias)->child == node)
        name = WEIR_NODE_AS(e->item, ALIAS, alias)->name; /* messages name it */
    weir_node *alias = made_alias(e->a, &call->node, name);
    weir_node_list_add(arena, &e->calls, alias);
    *ret = reference_to(e->a, alias);
    return WEIR_OK;
}

static const weir_node_window_spec *spec_of(const weir_node *alias) {
    const weir_node *call = WEIR_NODE_AS(alias, ALIAS, alias)->child;
    return WEIR_NODE_AS(WEIR_NODE_AS(call, WINDOW_CALL, window_call)->spec, WINDOW_SPEC, window_spec);
}

static bool lists_equal(const weir_node_list *left, const weir_node_list *right) {
    if (left->count != right->count)
        return false;
    for (int32_t i = 0; i < left->count; i++)
        if (!weir_node_equal(left->items[i], right->items[i]))
            return false;
    return true;
}

/* The WINDOW of the first call that is left, and of all that share its partition and order. */
static weir_node *make_window(extraction *e, const weir_node *origin, weir_node *child, bool *taken) {
    weir_analysis *a = e->a;
    weir_node_window *window = WEIR_NODE_NEW(a->arena, WINDOW, window);
    window->node.start = origin->start;
    window->node.stop = origin->stop;
    window->child = child;
    weir_node_list output = weir_node_list_of(a->arena, child->output.items, child->output.count);
    const weir_node_window_spec *first = NULL;
    for (int32_t i = 0; i < e->calls.count; i++) {
        const weir_node_window_spec *spec = spec_of(e->calls.items[i]);
        if (taken[i] || (first && !(lists_equal(&first->partition, &spec->partition) &&
                                    lists_equal(&first->orders, &spec->orders))))
            continue;
        first = first ? first : spec;
        taken[i] = true;
        weir_node_list_add(a->arena, &window->exprs, e->calls.items[i]);
        weir_node_list_add(a->arena, &output, weir_analysis_attribute_of(a, e->calls.items[i]));
    }
    weir_analysis_set_output(a, &window->node, output);
    return first ? &window->node : NULL;
}

/* Takes out the calls that hold no other; those around them find columns in their place. */
static weir_code extract_innermost(weir_analysis *a, const weir_node *origin, weir_node **child,
                                   weir_node_list *items) {
    extraction e = {.a = a};
    for (int32_t i = 0; i < (*child)->output.count; i++)
        weir_node_list_add(a->arena, &e.before, weir_analysis_attribute_of(a, (*child)->output.items[i]));
    weir_node_list exprs = weir_node_list_new(a->arena, items->count);
    for (int32_t i = 0; i < items->count; i++) {
        e.item = items->items[i];
        WEIR_TRY(
            weir_node_transform_down(a->arena, items->items[i], extract_call, &e, &exprs.items[i], a->err));
    }
    if (e.before.count > (*child)->output.count)
        *child = weir_analysis_make_project(a, origin, *child, e.before);
    bool *taken = WEIR_NEW_ARRAY(a->arena, bool, e.calls.count + 1);
    for (weir_node *window; (window = make_window(&e, origin, *child, taken)) != NULL;)
        *child = window;
    *items = exprs;
    return WEIR_OK;
}

weir_code weir_analysis_project_over(weir_analysis *a, const weir_node *origin, weir_node *child,
                                     weir_node_list items, weir_node **ret) {
    while (any_over(&items))
        WEIR_TRY(extract_innermost(a, origin, &child, &items));
    *ret = weir_analysis_make_project(a, origin, child, items);
    return WEIR_OK;
}

/* ---- QUALIFY ---- */

static bool is_unresolved_window(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_UNRESOLVED_WINDOW;
}

static const weir_node_list *items_of(const weir_node *block) {
    if (block->kind == WEIR_NODE_FILTER)
        return items_of(WEIR_NODE_AS(block, FILTER, filter)->child);
    if (block->kind == WEIR_NODE_AGGREGATE)
        return &WEIR_NODE_AS(block, AGGREGATE, aggregate)->aggregates;
    return &WEIR_NODE_AS(block, PROJECT, project)->exprs;
}

static bool holds_windows(const weir_node_qualify *node) {
    const weir_node_list *items = items_of(node->child);
    bool windows = weir_node_any(node->condition, is_unresolved_window, NULL);
    for (int32_t i = 0; i < items->count && !windows; i++)
        windows = weir_node_any(items->items[i], is_unresolved_window, NULL);
    return windows;
}

/* The SELECT list and behind it the columns below that it does not pass on: what QUALIFY may name, and ORDER
 * BY. */
static weir_node *with_columns_below(weir_analysis *a, const weir_node *origin, weir_node *relation) {
    if (relation->kind != WEIR_NODE_PROJECT)
        return relation;
    const weir_node_project *project = WEIR_NODE_AS(relation, PROJECT, project);
    weir_node_list exprs = weir_node_list_of(a->arena, project->exprs.items, project->exprs.count);
    for (int32_t i = 0; i < project->child->output.count; i++) {
        weir_node *column = weir_analysis_attribute_of(a, project->child->output.items[i]);
        bool there = weir_str_equal(WEIR_NODE_AS(column, ATTRIBUTE, attribute)->metadata, MADE_HERE);
        for (int32_t e = 0; e < project->exprs.count && !there; e++)
            there = weir_node_equal(project->exprs.items[e], column);
        if (!there)
            weir_node_list_add(a->arena, &exprs, column);
    }
    return weir_analysis_make_project(a, origin, project->child, exprs);
}

static bool find_aggregate_call(const weir_node *node, void *data) {
    if (node->kind != WEIR_NODE_AGGREGATE_CALL)
        return false;
    *(const weir_node **)data = node;
    return true;
}

static weir_code qualify_condition(weir_analysis *a, const weir_node_qualify *node, const weir_node *wide,
                                   weir_node **ret) {
    weir_scope scope = {.columns = wide->output, .starred = wide->output};
    const weir_node *aggregate;
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, node->condition, ret));
    a->scope = NULL;
    if (weir_node_any(*ret, find_aggregate_call, &aggregate))
        return weir_analysis_place(a, aggregate,
                                   weir_error_raise(a->err, WEIR_QUALIFY_AGGREGATE_NOT_ALLOWED,
                                                    "aggregateExpr", weir_analysis_sql(a, aggregate), NULL));
    if ((*ret)->type->kind == WEIR_TYPE_NULL)
        *ret = weir_analysis_cast(a, *ret, weir_type_of(WEIR_TYPE_BOOLEAN));
    return weir_analysis_check_condition(a, &node->node, *ret);
}

/* A filter over the block whose condition may hold windows over its columns. */
weir_code weir_analysis_qualify(weir_analysis *a, weir_node_qualify *node, weir_node **ret) {
    weir_node *relation, *wide, *condition;
    WEIR_TRY(weir_analysis_relation(a, node->child, &relation));
    wide = with_columns_below(a, &node->node, relation);
    WEIR_TRY(qualify_condition(a, node, wide, &condition));
    if (!holds_windows(node))
        return weir_error_raise(a->err, WEIR_QUALIFY_REQUIRES_WINDOW_FUNCTION, NULL);
    weir_node_list items = {0}, wanted = weir_node_list_new(a->arena, relation->output.count);
    for (int32_t i = 0; i < wide->output.count; i++)
        weir_node_list_add(a->arena, &items, weir_analysis_attribute_of(a, wide->output.items[i]));
    for (int32_t i = 0; i < wanted.count; i++)
        wanted.items[i] = items.items[i];
    weir_node_list_add(a->arena, &items, weir_analysis_alias(a, condition, WEIR_STR("_wq")));
    WEIR_TRY(weir_analysis_project_over(a, &node->node, wide, items, &wide));
    weir_node *column = weir_analysis_attribute_of(a, wide->output.items[wide->output.count - 1]);
    WEIR_TRY(weir_analysis_make_filter(a, &node->node, wide, column, &wide));
    *ret = weir_analysis_make_project(a, &node->node, wide, wanted);
    return WEIR_OK;
}
