/* Relations that DataFrame methods make (analyzer_int.h): columns are added, renamed or dropped relative to
 * what the child turns out to have, so they become projections here. A column that carries a plan id means
 * the DATAFRAME of that number, wherever it stands below. */
#include "common/expr/program.h"
#include "driver/analyze/analyzer_int.h"
#include "driver/analyze/streaming_checks.h"

static weir_node_attribute *column_at(const weir_node_list *list, int32_t i) {
    return WEIR_NODE_AS(list->items[i], ATTRIBUTE, attribute);
}

weir_node *weir_analysis_peel(weir_node *relation) {
    while (relation->kind == WEIR_NODE_DATAFRAME)
        relation = WEIR_NODE_AS(relation, DATAFRAME, dataframe)->child;
    return relation;
}

weir_node *weir_analysis_call(weir_analysis *a, const char *name, weir_node *const *args, int32_t count) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(a->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name = (weir_str_list){WEIR_NEW(a->arena, weir_str), 1};
    call->name.items[0] = weir_str_from(name);
    call->args = weir_node_list_of(a->arena, args, count);
    return &call->node;
}

weir_code weir_analysis_select(weir_analysis *a, const weir_node *origin, weir_node *child,
                               weir_node_list items, weir_node **ret) {
    weir_node_project *project = WEIR_NODE_NEW(a->arena, PROJECT, project);
    project->child = child;
    project->exprs = items;
    project->node.start = origin->start;
    project->node.stop = origin->stop;
    return weir_analysis_relation(a, &project->node, ret);
}

/* ---- plan ids ---- */

static weir_code resolve_dataframe(weir_analysis *a, weir_node_dataframe *node, weir_node **ret) {
    WEIR_TRY(weir_analysis_relation(a, node->child, ret));
    if (a->frames_count == a->frames_capacity) {
        int32_t capacity = a->frames_capacity ? a->frames_capacity * 2 : 16;
        weir_frame *frames = WEIR_NEW_ARRAY(a->arena, weir_frame, capacity);
        if (a->frames_count)
            memcpy(frames, a->frames, sizeof *frames * (size_t)a->frames_count);
        a->frames = frames;
        a->frames_capacity = capacity;
    }
    a->frames[a->frames_count++] = (weir_frame){node->plan_id, (*ret)->output};
    return WEIR_OK;
}

static bool has_column(const weir_node_list *list, int64_t id) {
    for (int32_t i = 0; i < list->count; i++)
        if (list->items[i]->kind == WEIR_NODE_ATTRIBUTE && column_at(list, i)->id == id)
            return true;
    return false;
}

/* Adds what frame and list share. Frames of one number may share columns: each is taken once. */
static void add_shared(weir_analysis *a, const weir_frame *frame, const weir_node_list *list,
                       weir_node_list *ret) {
    for (int32_t i = 0; i < frame->output.count; i++) {
        weir_node_attribute *column = column_at(&frame->output, i);
        if (has_column(list, column->id) && !has_column(ret, column->id))
            weir_node_list_add(a->arena, ret, &column->node);
    }
}

weir_code weir_analysis_frame_columns(weir_analysis *a, int64_t plan_id, const weir_node_list *list,
                                      weir_node_list *ret) {
    *ret = (weir_node_list){0};
    bool found = false;
    for (int32_t f = 0; f < a->frames_count; f++) {
        if (a->frames[f].plan_id != plan_id)
            continue;
        found = true;
        add_shared(a, &a->frames[f], list, ret);
    }
    if (!found)
        return weir_error_raise(a->err, WEIR_CANNOT_RESOLVE_DATAFRAME_COLUMN, "name", "\"*\"", NULL);
    return WEIR_OK;
}

weir_code weir_analysis_frame_column(weir_analysis *a, weir_node_unresolved_attribute *name,
                                     weir_node **ret) {
    const weir_scope *scopes[2] = {a->scope, a->scope->outer};
    if (a->in_aggregate && scopes[1]) {
        scopes[0] = a->scope->outer;
        scopes[1] = a->scope;
    }
    for (int s = 0; s < 2 && scopes[s]; s++) {
        weir_node_list shared = {0};
        for (int32_t f = 0; f < a->frames_count; f++)
            if (a->frames[f].plan_id == name->plan_id)
                add_shared(a, &a->frames[f], &scopes[s]->columns, &shared);
        weir_scope scope = {.columns = shared, .starred = shared};
        WEIR_TRY(weir_analysis_find_name(a, &scope, &name->node, &name->parts, ret));
        if (*ret)
            return WEIR_OK;
    }
    weir_strbuf text _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < name->parts.count; i++)
        weir_strbuf_addf(&text, "%s" WEIR_STR_FMT, i ? "." : "\"", WEIR_STR_ARG(name->parts.items[i]));
    weir_strbuf_add_char(&text, '"');
    return weir_error_raise(a->err, WEIR_CANNOT_RESOLVE_DATAFRAME_COLUMN, "name", text.data, NULL);
}

/* ---- colRegex ---- */

static weir_code name_matches(weir_analysis *a, weir_node *pattern, weir_str name, bool *ret) {
    weir_node *args[2] = {weir_literal_string(a->arena, name), pattern}, *test;
    weir_column *value;
    WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, "rlike", args, 2), &test));
    WEIR_TRY(weir_expr_fold(a->arena, test, a->options->zone, a->options->ansi, &value, a->err));
    *ret = !weir_column_is_null(value, 0) && weir_bit_get(value->values, 0);
    weir_column_unref(value);
    return WEIR_OK;
}

weir_code weir_analysis_expand_regex(weir_analysis *a, weir_node_unresolved_regex *regex,
                                     weir_node_list *ret) {
    weir_node_list columns = a->scope->starred;
    const char *flags = a->options->case_sensitive ? "" : "(?i)";
    weir_str text = weir_str_from(
        weir_arena_printf(a->arena, "%s^(?:" WEIR_STR_FMT ")$", flags, WEIR_STR_ARG(regex->pattern)));
    weir_node *pattern = weir_literal_string(a->arena, text);
    for (int32_t i = 0; i < columns.count; i++) {
        bool matches;
        WEIR_TRY(name_matches(a, pattern, column_at(&columns, i)->name, &matches));
        if (matches)
            weir_node_list_add(a->arena, ret, weir_analysis_attribute_of(a, columns.items[i]));
    }
    return WEIR_OK;
}

/* ---- withColumns, withColumnsRenamed, drop ---- */

static weir_node *with_column(weir_analysis *a, const weir_node_list *columns, weir_str name) {
    for (int32_t i = 0; i < columns->count; i++)
        if (weir_analysis_name_equal(a, WEIR_NODE_AS(columns->items[i], ALIAS, alias)->name, name))
            return columns->items[i];
    return NULL;
}

static weir_code check_unique(weir_analysis *a, const weir_node_list *columns) {
    for (int32_t i = 0; i < columns->count; i++) {
        weir_str_list name = {&WEIR_NODE_AS(columns->items[i], ALIAS, alias)->name, 1};
        if (with_column(a, columns, name.items[0]) != columns->items[i])
            return weir_error_raise(a->err, WEIR_COLUMN_ALREADY_EXISTS, "columnName",
                                    weir_analysis_quoted(a, &name), NULL);
    }
    return WEIR_OK;
}

static weir_code resolve_with_columns(weir_analysis *a, weir_node_with_columns *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    WEIR_TRY(check_unique(a, &node->columns));
    weir_node_list items = {0};
    for (int32_t i = 0; i < child->output.count; i++) {
        weir_node *given = with_column(a, &node->columns, column_at(&child->output, i)->name);
        weir_node_list_add(a->arena, &items,
                           given ? given : weir_analysis_attribute_of(a, child->output.items[i]));
    }
    for (int32_t c = 0; c < node->columns.count; c++) {
        weir_str name = WEIR_NODE_AS(node->columns.items[c], ALIAS, alias)->name;
        bool replaces = false;
        for (int32_t i = 0; i < child->output.count && !replaces; i++)
            replaces = weir_analysis_name_equal(a, column_at(&child->output, i)->name, name);
        if (!replaces)
            weir_node_list_add(a->arena, &items, node->columns.items[c]);
    }
    return weir_analysis_select(a, &node->node, child, items, ret);
}

/* Pairs apply one after the other, to what those before have renamed. */
static weir_code resolve_rename(weir_analysis *a, weir_node_rename_columns *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    weir_node_list items = weir_node_list_new(a->arena, child->output.count);
    bool any = false;
    for (int32_t i = 0; i < items.count; i++) {
        weir_node_attribute *column = column_at(&child->output, i);
        weir_str name = column->name;
        for (int32_t r = 0; r < node->from.count; r++)
            if (weir_analysis_name_equal(a, name, node->from.items[r]))
                name = node->to.items[r];
        items.items[i] = weir_analysis_attribute_of(a, &column->node);
        if (weir_str_equal(name, column->name))
            continue;
        any = true;
        items.items[i] = weir_analysis_alias(a, items.items[i], name);
    }
    *ret = child;
    return any ? weir_analysis_select(a, &node->node, child, items, ret) : WEIR_OK;
}

/* What drop() names but the child does not have is left alone. */
static weir_code find_dropped(weir_analysis *a, weir_node *column, weir_node **ret) {
    *ret = NULL;
    if (column->kind != WEIR_NODE_UNRESOLVED_ATTRIBUTE)
        return weir_analysis_resolve(a, column, ret);
    weir_node_unresolved_attribute *name = WEIR_NODE_AS(column, UNRESOLVED_ATTRIBUTE, unresolved_attribute);
    if (!name->plan_id)
        return weir_analysis_find_name(a, a->scope, column, &name->parts, ret);
    weir_node_list shared = {0};
    for (int32_t f = 0; f < a->frames_count; f++)
        if (a->frames[f].plan_id == name->plan_id)
            add_shared(a, &a->frames[f], &a->scope->columns, &shared);
    weir_scope scope = {.columns = shared, .starred = shared};
    return weir_analysis_find_name(a, &scope, column, &name->parts, ret);
}

static weir_code resolve_drop(weir_analysis *a, weir_node_drop_columns *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    weir_scope scope = {.columns = child->output, .starred = child->output};
    weir_node_list dropped = {0}, items = {0};
    a->scope = &scope;
    for (int32_t c = 0; c < node->columns.count; c++) {
        weir_node *column;
        WEIR_TRY(find_dropped(a, node->columns.items[c], &column));
        if (column)
            weir_node_list_add(a->arena, &dropped, column);
    }
    a->scope = NULL;
    for (int32_t i = 0; i < child->output.count; i++) {
        weir_node_attribute *column = column_at(&child->output, i);
        bool gone = has_column(&dropped, column->id);
        for (int32_t n = 0; n < node->names.count && !gone; n++)
            gone = weir_analysis_name_equal(a, column->name, node->names.items[n]);
        if (!gone)
            weir_node_list_add(a->arena, &items, weir_analysis_attribute_of(a, &column->node));
    }
    *ret = child;
    return items.count == child->output.count ? WEIR_OK
                                              : weir_analysis_select(a, &node->node, child, items, ret);
}

/* ---- dropDuplicates ---- */

static weir_code raise_among(weir_analysis *a, weir_str name, const weir_node_list *columns) {
    weir_strbuf names _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < columns->count; i++)
        weir_strbuf_addf(&names, "%s" WEIR_STR_FMT, i ? ", " : "", WEIR_STR_ARG(column_at(columns, i)->name));
    return weir_error_raise(a->err, WEIR_UNRESOLVED_COLUMN_AMONG_FIELD_NAMES, "colName",
                            weir_arena_strndup(a->arena, name.data, name.size), "fieldNames",
                            names.data ? names.data : "", NULL);
}

static weir_code duplicate_keys(weir_analysis *a, const weir_node_deduplicate *node, const weir_node *child,
                                weir_node_list *ret) {
    for (int32_t i = 0; node->all_columns && i < child->output.count; i++)
        weir_node_list_add(a->arena, ret, child->output.items[i]);
    for (int32_t c = 0; c < node->columns.count; c++) {
        bool found = false;
        for (int32_t i = 0; i < child->output.count; i++) {
            if (!weir_analysis_name_equal(a, column_at(&child->output, i)->name, node->columns.items[c]))
                continue;
            found = true;
            if (!has_column(ret, column_at(&child->output, i)->id))
                weir_node_list_add(a->arena, ret, child->output.items[i]);
        }
        if (!found)
            return raise_among(a, node->columns.items[c], &child->output);
    }
    return WEIR_OK;
}

/* Over a batch: an aggregation by the keys that takes the first row's other columns, as Spark plans it. Over
 * a stream it stays: rows seen before are state. */
static weir_code resolve_deduplicate(weir_analysis *a, weir_node_deduplicate *node, weir_node **ret) {
    weir_node *child;
    weir_node_list keys = {0}, items = {0};
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    WEIR_TRY(duplicate_keys(a, node, child, &keys));
    if (weir_streaming_checks_is_streaming(child)) {
        weir_node_deduplicate *copy = (weir_node_deduplicate *)weir_node_copy(a->arena, &node->node);
        copy->child = child;
        weir_analysis_set_output(a, &copy->node, child->output);
        *ret = &copy->node;
        return WEIR_OK;
    }
    if (node->within_watermark)
        return weir_analysis_refuse(a, &node->node, "dropDuplicatesWithinWatermark on a batch");
    for (int32_t k = 0; k < keys.count; k++)
        keys.items[k] = weir_analysis_attribute_of(a, keys.items[k]);
    for (int32_t i = 0; i < child->output.count; i++) {
        weir_node_attribute *column = column_at(&child->output, i);
        weir_node *item = weir_analysis_attribute_of(a, &column->node);
        if (!has_column(&keys, column->id)) {
            WEIR_TRY(weir_analysis_resolve(a, weir_analysis_call(a, "first", &item, 1), &item));
            item = weir_analysis_alias(a, item, column->name);
            WEIR_NODE_AS(item, ALIAS, alias)->id = column->id;
            WEIR_NODE_AS(item, ALIAS, alias)->metadata = column->metadata;
        }
        weir_node_list_add(a->arena, &items, item);
    }
    return weir_analysis_make_aggregate(a, &node->node, child, keys, items, ret);
}

/* ---- repartition ---- */

static weir_code resolve_repartition(weir_analysis *a, weir_node_repartition *node, weir_node **ret) {
    weir_node_repartition *copy = (weir_node_repartition *)weir_node_copy(a->arena, &node->node);
    WEIR_TRY(weir_analysis_relation(a, node->child, &copy->child));
    weir_scope scope = {.columns = copy->child->output, .starred = copy->child->output};
    copy->exprs = weir_node_list_new(a->arena, node->exprs.count);
    a->scope = &scope;
    for (int32_t i = 0; i < copy->exprs.count; i++) {
        weir_node *expr = node->exprs.items[i];
        if (expr->kind == WEIR_NODE_SORT_ORDER) { /* by range: the direction does not move rows */
            weir_node_sort_order *order = (weir_node_sort_order *)weir_node_copy(a->arena, expr);
            WEIR_TRY(weir_analysis_resolve(a, order->child, &order->child));
            order->node.type = order->child->type;
            order->node.resolved = true;
            copy->exprs.items[i] = &order->node;
            continue;
        }
        WEIR_TRY(weir_analysis_resolve(a, expr, &copy->exprs.items[i]));
    }
    a->scope = NULL;
    weir_analysis_set_output(a, &copy->node, copy->child->output);
    *ret = &copy->node;
    return WEIR_OK;
}

weir_code weir_analysis_frame(weir_analysis *a, weir_node *node, bool *ret_is, weir_node **ret) {
    *ret_is = true;
    switch (node->kind) {
    case WEIR_NODE_DATAFRAME:
        return resolve_dataframe(a, WEIR_NODE_AS(node, DATAFRAME, dataframe), ret);
    case WEIR_NODE_WITH_COLUMNS:
        return resolve_with_columns(a, WEIR_NODE_AS(node, WITH_COLUMNS, with_columns), ret);
    case WEIR_NODE_RENAME_COLUMNS:
        return resolve_rename(a, WEIR_NODE_AS(node, RENAME_COLUMNS, rename_columns), ret);
    case WEIR_NODE_DROP_COLUMNS:
        return resolve_drop(a, WEIR_NODE_AS(node, DROP_COLUMNS, drop_columns), ret);
    case WEIR_NODE_TO_SCHEMA:
        return weir_analysis_to_schema(a, WEIR_NODE_AS(node, TO_SCHEMA, to_schema), ret);
    case WEIR_NODE_FILL_NULLS:
        return weir_analysis_fill_nulls(a, WEIR_NODE_AS(node, FILL_NULLS, fill_nulls), ret);
    case WEIR_NODE_DROP_NULLS:
        return weir_analysis_drop_nulls(a, WEIR_NODE_AS(node, DROP_NULLS, drop_nulls), ret);
    case WEIR_NODE_REPLACE_VALUES:
        return weir_analysis_replace_values(a, WEIR_NODE_AS(node, REPLACE_VALUES, replace_values), ret);
    case WEIR_NODE_DEDUPLICATE:
        return resolve_deduplicate(a, WEIR_NODE_AS(node, DEDUPLICATE, deduplicate), ret);
    case WEIR_NODE_UNPIVOT:
        return weir_analysis_unpivot(a, WEIR_NODE_AS(node, UNPIVOT, unpivot), ret);
    case WEIR_NODE_SAMPLE:
        return weir_analysis_sample(a, WEIR_NODE_AS(node, SAMPLE, sample), ret);
    case WEIR_NODE_UNION:
        return weir_analysis_union(a, WEIR_NODE_AS(node, UNION, union), ret);
    case WEIR_NODE_REPARTITION:
        return resolve_repartition(a, WEIR_NODE_AS(node, REPARTITION, repartition), ret);
    default:
        *ret_is = false;
        return WEIR_OK;
    }
}
