/* Spark's UnsupportedOperationChecker for what Weir plans can hold (streaming_checks.h). */
#include "driver/analyze/streaming_checks.h"

#include <stdio.h>

#include "common/expr/function.h"
#include "common/plan/expr_text.h"

typedef enum output_mode { MODE_APPEND, MODE_UPDATE, MODE_COMPLETE } output_mode;

static bool is_streaming_source(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_SOURCE && ((const weir_node_source *)node)->streaming;
}

bool weir_streaming_checks_is_streaming(const weir_node *plan) {
    return weir_node_any(plan, is_streaming_source, NULL);
}

static bool is_streaming_aggregate(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_AGGREGATE && weir_streaming_checks_is_streaming(node);
}

static const weir_node *child_of(const weir_node *node) {
    switch (node->kind) {
    case WEIR_NODE_PROJECT:
        return ((const weir_node_project *)node)->child;
    case WEIR_NODE_FILTER:
        return ((const weir_node_filter *)node)->child;
    case WEIR_NODE_AGGREGATE:
        return ((const weir_node_aggregate *)node)->child;
    case WEIR_NODE_SORT:
        return ((const weir_node_sort *)node)->child;
    case WEIR_NODE_LIMIT:
        return ((const weir_node_limit *)node)->child;
    case WEIR_NODE_WINDOW:
        return ((const weir_node_window *)node)->child;
    case WEIR_NODE_EXPAND:
        return ((const weir_node_expand *)node)->child;
    case WEIR_NODE_SAMPLE:
        return ((const weir_node_sample *)node)->child;
    case WEIR_NODE_GENERATE:
        return ((const weir_node_generate *)node)->child;
    case WEIR_NODE_SUBQUERY_ALIAS:
        return ((const weir_node_subquery_alias *)node)->child;
    case WEIR_NODE_WATERMARK:
        return ((const weir_node_watermark *)node)->child;
    default:
        return NULL;
    }
}

/* ---- event time: the watermark's column, what it is renamed to, and windows over it ---- */

static bool is_event_time(const weir_node *plan, int64_t id);

typedef struct event_search {
    const weir_node *plan;
} event_search;

/* A window's struct is made by weir_window_start over the column. */
static bool holds_event_window(const weir_node *node, void *data) {
    const event_search *search = data;
    if (node->kind != WEIR_NODE_CALL ||
        strcmp(((const weir_node_call *)node)->function->name, "weir_window_start") != 0)
        return false;
    const weir_node *time = ((const weir_node_call *)node)->args.items[0];
    return time->kind == WEIR_NODE_ATTRIBUTE &&
           is_event_time(search->plan, ((const weir_node_attribute *)time)->id);
}

static bool expr_is_event_time(const weir_node *plan, const weir_node *expr) {
    if (expr->kind == WEIR_NODE_ALIAS)
        expr = ((const weir_node_alias *)expr)->child;
    if (expr->kind == WEIR_NODE_ATTRIBUTE)
        return is_event_time(plan, ((const weir_node_attribute *)expr)->id);
    event_search search = {plan};
    return expr->type && expr->type->kind == WEIR_TYPE_STRUCT &&
           weir_node_any(expr, holds_event_window, &search);
}

static bool named_is_event_time(const weir_node *child, const weir_node_list *named, int64_t id,
                                bool *ret_found) {
    for (int32_t i = 0; i < named->count; i++) {
        const weir_node *item = named->items[i];
        if (item->kind == WEIR_NODE_ALIAS && ((const weir_node_alias *)item)->id == id) {
            *ret_found = true;
            return expr_is_event_time(child, item);
        }
    }
    return false;
}

static bool is_event_time(const weir_node *plan, int64_t id) {
    bool found = false, is = false;
    for (; plan && !found; plan = child_of(plan)) {
        const weir_node *child = child_of(plan);
        if (plan->kind == WEIR_NODE_PROJECT) {
            is = named_is_event_time(child, &((const weir_node_project *)plan)->exprs, id, &found);
        } else if (plan->kind == WEIR_NODE_AGGREGATE) {
            is = named_is_event_time(child, &((const weir_node_aggregate *)plan)->aggregates, id, &found);
        } else if (plan->kind == WEIR_NODE_EXPAND) {
            const weir_node_expand *expand = (const weir_node_expand *)plan;
            const weir_node_list *first = &((const weir_node_expr_list *)expand->projections.items[0])->items;
            for (int32_t i = 0; i < expand->attributes.count && !found; i++) {
                const weir_node_attribute *made = (const weir_node_attribute *)expand->attributes.items[i];
                bool passed = first->items[i]->kind == WEIR_NODE_ATTRIBUTE &&
                              ((const weir_node_attribute *)first->items[i])->id == id;
                found = made->id == id && !passed;
                is = found && expr_is_event_time(child, first->items[i]);
            }
        } else if (plan->kind == WEIR_NODE_WATERMARK) {
            const weir_node_watermark *watermark = (const weir_node_watermark *)plan;
            for (int32_t i = 0; i < plan->output.count && !found; i++) {
                const weir_node_attribute *column = (const weir_node_attribute *)plan->output.items[i];
                found = column->id == id && weir_str_equal_nocase(column->name, watermark->column);
            }
            is = found;
        }
    }
    return is;
}

static bool groups_by_event_time(const weir_node_aggregate *aggregate) {
    for (int32_t i = 0; i < aggregate->grouping.count; i++)
        if (expr_is_event_time(aggregate->child, aggregate->grouping.items[i]))
            return true;
    return false;
}

/* ---- the checks ---- */

static weir_code raise_mode(const char *mode, const char *operation, weir_error **err) {
    WEIR_RAISE(err, STREAMING_OUTPUT_MODE__UNSUPPORTED_OPERATION, "outputMode", mode, "operation", operation);
}

static weir_code raise_operation(const char *message, weir_error **err) {
    WEIR_RAISE(err, _LEGACY_ERROR_TEMP_3102, "msg", message);
}

static bool is_distinct_call(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_AGGREGATE_CALL && ((const weir_node_aggregate_call *)node)->distinct;
}

static weir_code check_aggregate(const weir_node_aggregate *aggregate, weir_error **err) {
    for (int32_t i = 0; i < aggregate->aggregates.count; i++)
        if (weir_node_any(aggregate->aggregates.items[i], is_distinct_call, NULL))
            return raise_operation(
                "Distinct aggregations are not supported on streaming DataFrames/Datasets. Consider "
                "using approx_count_distinct() instead.",
                err);
    return WEIR_OK;
}

/* Columns print with the relation that they come from. */
typedef struct qualified_text {
    const weir_node *relation;
    weir_node_attribute column;
    char name[512];
} qualified_text;

static const weir_node *with_qualifier(const weir_node *node, void *data) {
    qualified_text *text = data;
    for (int32_t i = 0; node->kind == WEIR_NODE_ATTRIBUTE && i < text->relation->output.count; i++) {
        const weir_node_attribute *column = (const weir_node_attribute *)text->relation->output.items[i];
        if (column->id != ((const weir_node_attribute *)node)->id || column->qualifier.count == 0)
            continue;
        text->column = *column;
        snprintf(text->name, sizeof text->name, WEIR_STR_FMT "." WEIR_STR_FMT,
                 WEIR_STR_ARG(column->qualifier.items[column->qualifier.count - 1]),
                 WEIR_STR_ARG(column->name));
        text->column.name = weir_str_from(text->name);
        return &text->column.node;
    }
    return NULL;
}

/* Upper case, as Spark quotes statements. */
static void add_statement(weir_strbuf *buf, const weir_node *window, const weir_node *expr) {
    qualified_text data = {.relation = window};
    weir_expr_text text = {.lookup = with_qualifier, .data = &data};
    size_t from = buf->size;
    weir_expr_text_add(buf, expr, &text);
    for (char *c = buf->data + from; c < buf->data + buf->size; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
}

static weir_code check_window(const weir_node_window *window, weir_error **err) {
    weir_strbuf functions _cleanup_strbuf_ = {0}, columns _cleanup_strbuf_ = {0},
                          specs _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < window->exprs.count; i++) {
        const weir_node_alias *alias = (const weir_node_alias *)window->exprs.items[i];
        weir_node_window_call call = *(const weir_node_window_call *)alias->child;
        weir_strbuf_add_text(&specs, i ? ", " : "");
        add_statement(&specs, window->child, call.spec);
        weir_strbuf_addf(&columns, "%s`" WEIR_STR_FMT "`", i ? ", " : "", WEIR_STR_ARG(alias->name));
        weir_strbuf_add_text(&functions, i ? ", " : "");
        call.spec = NULL;
        add_statement(&functions, window->child, &call.node);
    }
    WEIR_RAISE(err, NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING, "windowFunc", functions.data, "columnName",
               columns.data, "windowSpec", specs.data);
}

static weir_code check_operator(const weir_node *node, output_mode mode, weir_error **err) {
    const weir_node *child = child_of(node);
    if (!child || !weir_streaming_checks_is_streaming(child))
        return WEIR_OK;
    if (node->kind == WEIR_NODE_WINDOW)
        return check_window((const weir_node_window *)node, err);
    if (node->kind == WEIR_NODE_AGGREGATE)
        return check_aggregate((const weir_node_aggregate *)node, err);
    if (node->kind == WEIR_NODE_SAMPLE)
        return raise_operation("Sampling is not supported on streaming DataFrames/Datasets", err);
    bool complete = mode == MODE_COMPLETE && weir_node_any(child, is_streaming_aggregate, NULL);
    if (node->kind == WEIR_NODE_SORT && !complete)
        return raise_operation(
            "Sorting is not supported on streaming DataFrames/Datasets, unless it is on aggregated "
            "DataFrame/Dataset in Complete output mode",
            err);
    if (node->kind == WEIR_NODE_LIMIT && mode == MODE_UPDATE)
        return raise_operation(
            "Limits are not supported on streaming DataFrames/Datasets in Update output mode", err);
    if (node->kind == WEIR_NODE_LIMIT && mode == MODE_APPEND)
        WEIR_FAIL(err, UNSUPPORTED_FEATURE, "LIMIT over the whole stream in append mode.");
    return WEIR_OK;
}

static weir_code check_aggregations(const weir_node *plan, output_mode mode, weir_error **err) {
    const weir_node_aggregate *aggregate = NULL;
    int32_t count = 0;
    for (const weir_node *node = plan; node; node = child_of(node)) {
        if (!is_streaming_aggregate(node, NULL))
            continue;
        count++;
        aggregate = (const weir_node_aggregate *)node;
        if (mode == MODE_APPEND && !groups_by_event_time(aggregate))
            return raise_mode("append", "streaming aggregations without watermark", err);
    }
    if (count == 0 && mode == MODE_COMPLETE)
        return raise_mode("complete", "no streaming aggregations", err);
    if (count > 1)
        WEIR_FAIL(err, UNSUPPORTED_FEATURE, "several aggregations in one streaming query.");
    return WEIR_OK;
}

static weir_code parse_mode(weir_str text, output_mode *ret, weir_error **err) {
    static const char *const names[] = {"append", "update", "complete"};
    for (int i = 0; i < 3; i++)
        if (weir_str_equal_nocase(text, weir_str_from(names[i]))) {
            *ret = (output_mode)i;
            return WEIR_OK;
        }
    weir_strbuf name _cleanup_strbuf_ = {0};
    weir_strbuf_add(&name, text);
    WEIR_RAISE(err, STREAMING_OUTPUT_MODE__INVALID, "outputMode", name.data ? name.data : "");
}

weir_code weir_streaming_checks_run(const weir_node *plan, weir_str output_mode_text, weir_error **err) {
    output_mode mode = MODE_APPEND;
    WEIR_TRY(parse_mode(output_mode_text, &mode, err));
    if (!weir_streaming_checks_is_streaming(plan))
        WEIR_RAISE(err, WRITE_STREAM_NOT_ALLOWED, NULL);
    WEIR_TRY(check_aggregations(plan, mode, err));
    for (const weir_node *node = plan; node; node = child_of(node))
        WEIR_TRY(check_operator(node, mode, err));
    return WEIR_OK;
}
