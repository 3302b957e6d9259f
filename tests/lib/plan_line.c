/* One-line plans for tests (plan_line.h): operator names, expressions as Spark prints them, sources with
 * their columns. */
#include "tests/lib/plan_line.h"

static void add_item(weir_strbuf *buf, const weir_node *item) {
    weir_expr_sql(buf, item);
    if (item->kind == WEIR_NODE_ALIAS)
        weir_strbuf_addf(buf, " AS " WEIR_STR_FMT, WEIR_STR_ARG(((const weir_node_alias *)item)->name));
}

static void add_items(weir_strbuf *buf, const char *name, const weir_node_list *items) {
    weir_strbuf_addf(buf, "%s[", name);
    for (int32_t i = 0; i < items->count; i++) {
        weir_strbuf_add_text(buf, i ? ", " : "");
        add_item(buf, items->items[i]);
    }
    weir_strbuf_add_char(buf, ']');
}

static void add_child(weir_strbuf *buf, const weir_node *child) {
    weir_strbuf_add_char(buf, '(');
    plan_line(buf, child);
    weir_strbuf_add_char(buf, ')');
}

static void add_aggregate(weir_strbuf *buf, const weir_node_aggregate *node) {
    add_items(buf, "Aggregate", &node->grouping);
    add_items(buf, "", &node->aggregates);
    add_child(buf, node->child);
}

static void add_expand(weir_strbuf *buf, const weir_node_expand *node) {
    add_items(buf, "Expand", &node->attributes);
    weir_strbuf_addf(buf, "*%d", node->projections.count);
    add_child(buf, node->child);
}

static void add_filter(weir_strbuf *buf, const weir_node_filter *node) {
    weir_node_list one = {(weir_node **)(uintptr_t)&node->condition, 1};
    add_items(buf, "Filter", &one);
    add_child(buf, node->child);
}

void plan_line(weir_strbuf *buf, const weir_node *plan) {
    switch (plan->kind) {
    case WEIR_NODE_PROJECT:
        add_items(buf, "Project", &((const weir_node_project *)plan)->exprs);
        add_child(buf, ((const weir_node_project *)plan)->child);
        break;
    case WEIR_NODE_FILTER:
        add_filter(buf, (const weir_node_filter *)plan);
        break;
    case WEIR_NODE_AGGREGATE:
        add_aggregate(buf, (const weir_node_aggregate *)plan);
        break;
    case WEIR_NODE_EXPAND:
        add_expand(buf, (const weir_node_expand *)plan);
        break;
    case WEIR_NODE_SORT:
        add_items(buf, "Sort", &((const weir_node_sort *)plan)->orders);
        add_child(buf, ((const weir_node_sort *)plan)->child);
        break;
    case WEIR_NODE_LIMIT:
        weir_strbuf_add_text(buf, "Limit ");
        add_item(buf, ((const weir_node_limit *)plan)->count);
        add_child(buf, ((const weir_node_limit *)plan)->child);
        break;
    case WEIR_NODE_SUBQUERY_ALIAS:
        weir_strbuf_addf(buf, "%.*s:", WEIR_STR_ARG(((const weir_node_subquery_alias *)plan)->alias));
        plan_line(buf, ((const weir_node_subquery_alias *)plan)->child);
        break;
    case WEIR_NODE_WATERMARK:
        weir_strbuf_add_text(buf, "Watermark");
        add_child(buf, ((const weir_node_watermark *)plan)->child);
        break;
    case WEIR_NODE_SOURCE:
        add_items(buf, "Source", &plan->output);
        break;
    default:
        weir_strbuf_add_text(buf, weir_node_describe(plan->kind).label);
        break;
    }
}
