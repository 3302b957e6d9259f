/* window(time, duration[, slide[, start]]): Spark's TimeWindowing rule (analyzer_int.h).
 *
 * The call becomes a column of the relation below its block:
 *   tumbling   PROJECT [window, all columns] <- FILTER time IS NOT NULL <- child
 *   sliding    FILTER in-window <- EXPAND one row a window that may hold the time <- child
 * The newest start at or before `time` is start = time - pmod(time - offset, slide): the hidden function
 * weir_window_start(time, window, slide, offset) in microseconds; older windows start slide by slide earlier.
 */
#include "common/types/datetime.h"
#include "driver/analyze/analyzer_int.h"

/* ---- arguments ---- */

static const char *long_text(weir_analysis *a, int64_t value) {
    return weir_arena_printf(a->arena, "%lldL", (long long)value);
}

/* A duration argument: an integer literal in microseconds or an interval text. */
static weir_code read_duration(weir_analysis *a, const weir_node *call, weir_node *arg, int64_t *ret) {
    const weir_column *value =
        arg->kind == WEIR_NODE_LITERAL && !arg->nullable ? WEIR_NODE_AS(arg, LITERAL, literal)->value : NULL;
    if (value && value->type->kind == WEIR_TYPE_INT) {
        *ret = *(const int32_t *)(const void *)value->values;
        return WEIR_OK;
    }
    if (value && value->type->kind == WEIR_TYPE_LONG) {
        *ret = *(const int64_t *)(const void *)value->values;
        return WEIR_OK;
    }
    if (!value || !weir_type_is_string(value->type))
        return weir_analysis_place(a, call, weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_1207, NULL));
    weir_str text = weir_column_bytes(value, 0);
    weir_calendar_interval interval;
    if (!weir_calendar_interval_parse(text, &interval)) {
        const char *quoted = weir_arena_printf(a->arena, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(text));
        return weir_analysis_place(
            a, call, weir_error_raise(a->err, WEIR_CANNOT_PARSE_INTERVAL, "intervalString", quoted, NULL));
    }
    const char *copy = weir_arena_strndup(a->arena, text.data, text.size);
    if (interval.months != 0)
        return weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_3231, "interval", copy, NULL);
    int64_t days;
    if (__builtin_mul_overflow((int64_t)interval.days, WEIR_MICROS_PER_DAY, &days) ||
        __builtin_add_overflow(days, interval.micros, ret))
        return weir_error_raise(a->err, WEIR_INTERVAL_ARITHMETIC_OVERFLOW__WITHOUT_SUGGESTION, NULL);
    return WEIR_OK;
}

/* "window(time, 3600000000, 3600000000, 0)", as messages print it. */
static const char *window_sql(weir_analysis *a, const weir_node_time_window *window) {
    return weir_arena_printf(a->arena, "\"window(%s, %lld, %lld, %lld)\"",
                             weir_analysis_plain_sql(a, window->time), (long long)window->window_us,
                             (long long)window->slide_us, (long long)window->start_us);
}

static weir_code raise_range(weir_analysis *a, const weir_node_time_window *window, const char *name,
                             int64_t value) {
    return weir_analysis_place(a, &window->node,
                               weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__VALUE_OUT_OF_RANGE, "sqlExpr",
                                                window_sql(a, window), "exprName", name, "valueRange",
                                                "(0, 9223372036854775807]", "currentValue",
                                                long_text(a, value), NULL));
}

static weir_code raise_constraint(weir_analysis *a, const weir_node_time_window *window, const char *left,
                                  int64_t left_value, const char *constraint, const char *right,
                                  int64_t right_value) {
    return weir_analysis_place(
        a, &window->node,
        weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__PARAMETER_CONSTRAINT_VIOLATION, "sqlExpr",
                         window_sql(a, window), "leftExprName", left, "leftExprValue",
                         long_text(a, left_value), "constraint", constraint, "rightExprName", right,
                         "rightExprValue", long_text(a, right_value), NULL));
}

#define WINDOWS_MAX 10000 /* rows that one row may become */

static weir_code check_durations(weir_analysis *a, const weir_node_time_window *window) {
    if (window->window_us <= 0)
        return raise_range(a, window, "`window_duration`", window->window_us);
    if (window->slide_us <= 0)
        return raise_range(a, window, "`slide_duration`", window->slide_us);
    if (window->slide_us > window->window_us)
        return raise_constraint(a, window, "`slide_duration`", window->slide_us, "<=", "`window_duration`",
                                window->window_us);
    int64_t start = window->start_us == INT64_MIN ? INT64_MAX : window->start_us;
    start = start < 0 ? -start : start;
    if (start >= window->slide_us)
        return raise_constraint(a, window, "`abs(start_time)`", start, "<", "`slide_duration`",
                                window->slide_us);
    if (window->window_us / window->slide_us > WINDOWS_MAX)
        return weir_analysis_refuse(a, &window->node, "a row in more than 10000 windows");
    return WEIR_OK;
}

static weir_code resolve_time(weir_analysis *a, weir_node_time_window *window) {
    const weir_type *type = window->time->type;
    if (type->kind == WEIR_TYPE_TIMESTAMP || type->kind == WEIR_TYPE_TIMESTAMP_NTZ)
        return WEIR_OK;
    bool castable = type->kind == WEIR_TYPE_DATE || type->kind == WEIR_TYPE_NULL ||
                    (weir_type_is_string(type) && a->options->ansi);
    if (castable) {
        window->time = weir_analysis_cast(a, window->time, weir_type_of(WEIR_TYPE_TIMESTAMP));
        return WEIR_OK;
    }
    if (type->kind == WEIR_TYPE_STRUCT && type->fields_count == 2)
        return weir_analysis_refuse(a, &window->node, "window() over a window column");
    return weir_analysis_place(
        a, &window->node,
        weir_error_raise(
            a->err, WEIR_DATATYPE_MISMATCH__UNEXPECTED_INPUT_TYPE, "sqlExpr", window_sql(a, window),
            "paramIndex", "first", "requiredType",
            "(\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" or \"STRUCT<start: TIMESTAMP, end: TIMESTAMP>\" "
            "or \"STRUCT<start: TIMESTAMP_NTZ, end: TIMESTAMP_NTZ>\")",
            "inputSql", weir_analysis_sql(a, window->time), "inputType", weir_analysis_type(a, type), NULL));
}

static const weir_type *window_type(weir_analysis *a, const weir_type *time) {
    weir_field fields[2] = {{.name = WEIR_STR("start"), .type = time, .nullable = true},
                            {.name = WEIR_STR("end"), .type = time, .nullable = true}};
    return weir_type_struct(a->arena, fields, 2);
}

static weir_code make_window(weir_analysis *a, weir_node_unresolved_function *call,
                             weir_node_time_window **ret) {
    int32_t count = call->args.count;
    if (count < 2 || count > 4)
        return weir_analysis_place(a, &call->node,
                                   weir_error_raise(a->err, WEIR_WRONG_NUM_ARGS__WITHOUT_SUGGESTION,
                                                    "functionName", "`window`", "expectedNum", "[2, 3, 4]",
                                                    "actualNum", weir_arena_printf(a->arena, "%d", count),
                                                    NULL));
    weir_node_time_window *window = WEIR_NODE_NEW(a->arena, TIME_WINDOW, time_window);
    window->node.start = call->node.start;
    window->node.stop = call->node.stop;
    WEIR_TRY(weir_analysis_resolve(a, call->args.items[0], &window->time));
    int64_t durations[3] = {0, 0, 0};
    for (int32_t i = 1; i < count; i++) {
        weir_node *arg;
        WEIR_TRY(weir_analysis_resolve(a, call->args.items[i], &arg));
        WEIR_TRY(read_duration(a, &call->node, arg, &durations[i - 1]));
    }
    window->window_us = durations[0];
    window->slide_us = count > 2 ? durations[1] : durations[0];
    window->start_us = durations[2];
    WEIR_TRY(resolve_time(a, window));
    WEIR_TRY(check_durations(a, window));
    if (weir_analysis_has_aggregate(window->time))
        return weir_analysis_refuse(a, &window->node, "window() of an aggregate");
    window->node.type = window_type(a, window->time->type);
    window->node.resolved = true;
    *ret = window;
    return WEIR_OK;
}

weir_code weir_analysis_resolve_window(weir_analysis *a, weir_node_unresolved_function *call,
                                       weir_node **ret) {
    weir_node_time_window *window;
    WEIR_TRY(make_window(a, call, &window));
    if (!a->window)
        return weir_analysis_refuse(a, &call->node, "window() outside of SELECT and GROUP BY");
    if (!weir_node_equal(a->window, &window->node))
        return weir_analysis_place(a, &call->node,
                                   weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_1039, NULL));
    *ret = weir_node_copy(a->arena, a->window_column);
    (*ret)->start = call->node.start;
    (*ret)->stop = call->node.stop;
    return WEIR_OK;
}

/* ---- the operators below ---- */

static weir_code make_resolved(weir_analysis *a, const weir_node *origin, const char *name,
                               weir_node *const *args, int32_t count, weir_node **ret) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(a->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name = (weir_str_list){WEIR_NEW(a->arena, weir_str), 1};
    call->name.items[0] = weir_str_from(name);
    call->args = weir_node_list_of(a->arena, args, count);
    call->node.start = origin->start;
    call->node.stop = origin->stop;
    if (!weir_function_find(call->name.items[0]))
        return weir_analysis_refuse(a, origin, "window()");
    return weir_analysis_resolve(a, &call->node, ret);
}

/* time + micros, exact on the instant: a window of a day ends 24 hours later whatever the zone does. */
static weir_code shift_time(weir_analysis *a, const weir_node *origin, weir_node *time, int64_t micros,
                            weir_node **ret) {
    if (micros == 0) {
        *ret = time;
        return WEIR_OK;
    }
    weir_node *args[2] = {time, weir_literal_long(a->arena, micros)};
    return make_resolved(a, origin, "weir_shift_time", args, 2, ret);
}

/* named_struct(start, end) of the window that begins `back` slides before the newest one. */
static weir_code window_value(weir_analysis *a, const weir_node_time_window *window, int32_t back,
                              weir_node **ret) {
    const weir_node *origin = &window->node;
    weir_node *args[4] = {window->time, weir_literal_long(a->arena, window->window_us),
                          weir_literal_long(a->arena, window->slide_us),
                          weir_literal_long(a->arena, window->start_us)};
    weir_node *newest, *start, *end, *value;
    WEIR_TRY(make_resolved(a, origin, "weir_window_start", args, 4, &newest));
    WEIR_TRY(shift_time(a, origin, newest, -back * window->slide_us, &start));
    WEIR_TRY(shift_time(a, origin, newest, window->window_us - back * window->slide_us, &end));
    weir_node *fields[4] = {weir_literal_string(a->arena, WEIR_STR("start")), start,
                            weir_literal_string(a->arena, WEIR_STR("end")), end};
    WEIR_TRY(make_resolved(a, origin, "named_struct", fields, 4, &value));
    /* The declared type calls the fields nullable whatever the time column says. */
    if (!weir_type_equal(value->type, window->node.type)) {
        value = weir_node_copy(a->arena, value);
        value->type = window->node.type;
    }
    *ret = value;
    return WEIR_OK;
}

/* Marks the column as a time window; what its time has (a watermark) stays with it. */
static weir_str window_metadata(weir_analysis *a, const weir_node_time_window *window) {
    weir_str own = {0};
    if (window->time->kind == WEIR_NODE_ATTRIBUTE)
        own = WEIR_NODE_AS(window->time, ATTRIBUTE, attribute)->metadata;
    return weir_analysis_add_metadata(a, WEIR_STR("\"spark.timeWindow\":true"), own);
}

static weir_code plan_tumbling(weir_analysis *a, const weir_node_time_window *window, weir_node **child) {
    weir_node *condition, *value;
    WEIR_TRY(make_resolved(a, &window->node, "isnotnull", (weir_node *[]){window->time}, 1, &condition));
    WEIR_TRY(window_value(a, window, 0, &value));
    weir_node *filter;
    WEIR_TRY(weir_analysis_make_filter(a, &window->node, *child, condition, &filter));
    weir_node_list exprs = {0};
    weir_node *alias = weir_analysis_alias(a, value, WEIR_STR("window"));
    alias->nullable = false;
    WEIR_NODE_AS(alias, ALIAS, alias)->metadata = window_metadata(a, window);
    weir_node_list_add(a->arena, &exprs, alias);
    for (int32_t i = 0; i < (*child)->output.count; i++)
        weir_node_list_add(a->arena, &exprs, weir_analysis_attribute_of(a, (*child)->output.items[i]));
    weir_node *project = weir_analysis_make_project(a, &window->node, filter, exprs);
    a->window_column = weir_analysis_attribute_of(a, project->output.items[0]);
    *child = project;
    return WEIR_OK;
}

/* time >= window.start AND time < window.end */
static weir_code in_window(weir_analysis *a, const weir_node_time_window *window, weir_node *column,
                           weir_node **ret) {
    weir_node *ends[2], *tests[2];
    for (int i = 0; i < 2; i++) {
        weir_node *name = weir_literal_string(a->arena, i ? WEIR_STR("end") : WEIR_STR("start"));
        WEIR_TRY(weir_analysis_extract(a, &window->node, column, name, &ends[i]));
        WEIR_TRY(make_resolved(a, &window->node, i ? "<" : ">=", (weir_node *[]){window->time, ends[i]}, 2,
                               &tests[i]));
    }
    weir_node_and *both = WEIR_NODE_NEW(a->arena, AND, and);
    both->left = tests[0];
    both->right = tests[1];
    return weir_analysis_resolve(a, &both->node, ret);
}

static weir_code plan_sliding(weir_analysis *a, const weir_node_time_window *window, weir_node **child) {
    int64_t windows = (window->window_us + window->slide_us - 1) / window->slide_us;
    weir_node_expand *expand = WEIR_NODE_NEW(a->arena, EXPAND, expand);
    expand->child = *child;
    weir_node *value = NULL;
    for (int32_t back = 0; back < windows; back++) {
        weir_node_expr_list *row = WEIR_NODE_NEW(a->arena, EXPR_LIST, expr_list);
        WEIR_TRY(window_value(a, window, back, &value));
        weir_node_list_add(a->arena, &row->items, value);
        for (int32_t i = 0; i < (*child)->output.count; i++)
            weir_node_list_add(a->arena, &row->items,
                               weir_analysis_attribute_of(a, (*child)->output.items[i]));
        weir_node_list_add(a->arena, &expand->projections, &row->node);
    }
    weir_node *named = weir_analysis_alias(a, value, WEIR_STR("window"));
    named->nullable = true;
    WEIR_NODE_AS(named, ALIAS, alias)->metadata = window_metadata(a, window);
    weir_node *column = weir_analysis_attribute_of(a, named);
    weir_node_list_add(a->arena, &expand->attributes, column);
    for (int32_t i = 0; i < (*child)->output.count; i++)
        weir_node_list_add(a->arena, &expand->attributes,
                           weir_analysis_attribute_of(a, (*child)->output.items[i]));
    weir_node_list output = {0};
    weir_node_list_add(a->arena, &output, column);
    for (int32_t i = 0; i < (*child)->output.count; i++)
        weir_node_list_add(a->arena, &output, (*child)->output.items[i]);
    weir_analysis_set_output(a, &expand->node, output);
    weir_node *condition;
    if (window->window_us % window->slide_us == 0)
        WEIR_TRY(make_resolved(a, &window->node, "isnotnull", (weir_node *[]){window->time}, 1, &condition));
    else
        WEIR_TRY(in_window(a, window, column, &condition));
    a->window_column = column;
    WEIR_TRY(weir_analysis_make_filter(a, &window->node, &expand->node, condition, child));
    return WEIR_OK;
}

/* ---- finding the calls of a block ---- */

typedef struct search {
    weir_node *first;
} search;

static bool find_call(const weir_node *node, void *data) {
    search *s = data;
    if (!weir_analysis_is_window_call(node))
        return false;
    s->first = (weir_node *)(uintptr_t)node;
    return true;
}

weir_code weir_analysis_plan_window(weir_analysis *a, const weir_node_list *lists[], int32_t lists_count,
                                    weir_node **child, weir_scope *scope) {
    search s = {0};
    a->window = NULL;
    a->window_column = NULL;
    for (int32_t l = 0; l < lists_count; l++)
        for (int32_t i = 0; i < lists[l]->count && !s.first; i++)
            weir_node_any(lists[l]->items[i], find_call, &s);
    if (!s.first)
        return WEIR_OK;
    weir_node_time_window *window;
    weir_node_unresolved_function *call = WEIR_NODE_AS(s.first, UNRESOLVED_FUNCTION, unresolved_function);
    WEIR_TRY(make_window(a, call, &window));
    WEIR_TRY(window->slide_us == window->window_us ? plan_tumbling(a, window, child)
                                                   : plan_sliding(a, window, child));
    a->window = &window->node;
    scope->columns = (*child)->output;
    return WEIR_OK;
}
