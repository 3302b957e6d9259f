/* The text of a resolved plan (connect_explain.h): one line a relation, indented as Spark's treeString has
 * it, with Spark's labels and "name#id" for columns. */
#include "driver/connect/connect_explain.h"

#include "common/plan/expr_text.h"

typedef struct explain {
    weir_arena *arena;
    weir_strbuf *buf;
    weir_expr_text text;
} explain;

/* ---- expressions ---- */

static weir_str column_text(explain *e, weir_str name, int64_t id, const weir_type *type) {
    bool wide = type && type->kind == WEIR_TYPE_LONG;
    return weir_str_from(weir_arena_printf(e->arena, WEIR_STR_FMT "#%lld%s", WEIR_STR_ARG(name),
                                           (long long)id, wide ? "L" : ""));
}

/* A column prints with its id, as an attribute of that longer name would. */
static const weir_node *with_id(const weir_node *node, void *data) {
    explain *e = data;
    if (node->kind != WEIR_NODE_ATTRIBUTE)
        return NULL;
    const weir_node_attribute *column = (const weir_node_attribute *)node;
    weir_node_attribute *shown = WEIR_NODE_NEW(e->arena, ATTRIBUTE, attribute);
    shown->name = column_text(e, column->name, column->id, node->type);
    return &shown->node;
}

static void add_expr(explain *e, const weir_node *expr) {
    if (expr->kind != WEIR_NODE_ALIAS) {
        weir_expr_text_add(e->buf, expr, &e->text);
        return;
    }
    const weir_node_alias *alias = (const weir_node_alias *)expr;
    weir_expr_text_add(e->buf, alias->child, &e->text);
    weir_strbuf_add_text(e->buf, " AS ");
    weir_strbuf_add(e->buf, column_text(e, alias->name, alias->id, expr->type));
}

static void add_list(explain *e, const weir_node_list *list) {
    weir_strbuf_add_char(e->buf, '[');
    for (int32_t i = 0; i < list->count; i++) {
        weir_strbuf_add_text(e->buf, i ? ", " : "");
        add_expr(e, list->items[i]);
    }
    weir_strbuf_add_char(e->buf, ']');
}

/* ---- one line a relation ---- */

static void add_source(explain *e, const weir_node_source *source) {
    weir_strbuf_addf(e->buf, "%s ", source->streaming ? "StreamingRelation" : "Relation");
    add_list(e, &source->node.output);
    weir_strbuf_addf(e->buf, " " WEIR_STR_FMT, WEIR_STR_ARG(source->format));
}

static void add_range(explain *e, const weir_node_range *range) {
    weir_strbuf_addf(e->buf, "Range (%lld, %lld, step=%lld, splits=", (long long)range->start,
                     (long long)range->end, (long long)range->step);
    if (range->partitions)
        weir_strbuf_addf(e->buf, "Some(%lld))", (long long)range->partitions);
    else
        weir_strbuf_add_text(e->buf, "None)");
}

static void add_line(explain *e, const weir_node *node) {
    const char *label = weir_node_describe(node->kind).label;
    weir_strbuf_add_text(e->buf,
                         node->kind == WEIR_NODE_SOURCE || node->kind == WEIR_NODE_RANGE ? "" : label);
    switch (node->kind) {
    case WEIR_NODE_SOURCE:
        add_source(e, (const weir_node_source *)node);
        break;
    case WEIR_NODE_RANGE:
        add_range(e, (const weir_node_range *)node);
        break;
    case WEIR_NODE_LOCAL_RELATION:
        weir_strbuf_add_text(e->buf,
                             ((const weir_node_local_relation *)node)->blocks.size ? " " : " <empty>, ");
        add_list(e, &node->output);
        break;
    case WEIR_NODE_PROJECT:
        weir_strbuf_add_char(e->buf, ' ');
        add_list(e, &((const weir_node_project *)node)->exprs);
        break;
    case WEIR_NODE_FILTER:
        weir_strbuf_add_char(e->buf, ' ');
        add_expr(e, ((const weir_node_filter *)node)->condition);
        break;
    case WEIR_NODE_AGGREGATE:
        weir_strbuf_add_char(e->buf, ' ');
        add_list(e, &((const weir_node_aggregate *)node)->grouping);
        weir_strbuf_add_text(e->buf, ", ");
        add_list(e, &((const weir_node_aggregate *)node)->aggregates);
        break;
    case WEIR_NODE_SORT:
        weir_strbuf_add_char(e->buf, ' ');
        add_list(e, &((const weir_node_sort *)node)->orders);
        weir_strbuf_add_text(e->buf, ", true");
        break;
    case WEIR_NODE_LIMIT:
        weir_strbuf_add_char(e->buf, ' ');
        add_expr(e, ((const weir_node_limit *)node)->count);
        break;
    case WEIR_NODE_OFFSET:
        weir_strbuf_add_char(e->buf, ' ');
        add_expr(e, ((const weir_node_offset *)node)->count);
        break;
    case WEIR_NODE_TAIL:
        weir_strbuf_add_char(e->buf, ' ');
        add_expr(e, ((const weir_node_tail *)node)->count);
        break;
    case WEIR_NODE_SUBQUERY_ALIAS:
        weir_strbuf_addf(e->buf, " " WEIR_STR_FMT,
                         WEIR_STR_ARG(((const weir_node_subquery_alias *)node)->alias));
        break;
    case WEIR_NODE_WATERMARK:
        weir_strbuf_addf(e->buf, " " WEIR_STR_FMT, WEIR_STR_ARG(((const weir_node_watermark *)node)->column));
        break;
    default:
        break;
    }
    weir_strbuf_add_char(e->buf, '\n');
}

/* ---- the tree ---- */

typedef struct children {
    explain *e;
    weir_node_list relations;
} children;

static weir_code collect_relation(weir_node *child, void *data, weir_error **err) {
    (void)err;
    children *c = data;
    if (weir_node_describe(child->kind).category == WEIR_NODE_RELATION)
        weir_node_list_add(c->e->arena, &c->relations, child);
    return WEIR_OK;
}

/* `prefix` is what stands in front of the lines below this relation. */
static void add_tree(explain *e, weir_node *node, weir_strbuf *prefix) {
    children c = {.e = e};
    add_line(e, node);
    weir_node_each_child(node, collect_relation, &c, NULL);
    for (int32_t i = 0; i < c.relations.count; i++) {
        bool last = i + 1 == c.relations.count;
        size_t size = prefix->size;
        weir_strbuf_add(e->buf, weir_strbuf_view(prefix));
        weir_strbuf_add_text(e->buf, last ? "+- " : ":- ");
        weir_strbuf_add_text(prefix, last ? "   " : ":  ");
        add_tree(e, c.relations.items[i], prefix);
        prefix->size = size;
    }
}

void weir_connect_explain_tree(weir_arena *arena, const weir_timezone *zone, weir_node *plan,
                               weir_strbuf *buf) {
    explain e = {.arena = arena, .buf = buf};
    e.text = (weir_expr_text){.zone = zone, .lookup = with_id, .data = &e};
    weir_strbuf prefix _cleanup_strbuf_ = {0};
    add_tree(&e, plan, &prefix);
}

/* ---- sections ---- */

static void add_section(weir_arena *arena, const weir_timezone *zone, weir_strbuf *buf, const char *title,
                        weir_node *plan) {
    weir_strbuf_addf(buf, "%s== %s ==\n", buf->size ? "\n" : "", title);
    weir_connect_explain_tree(arena, zone, plan, buf);
}

static void add_columns(weir_strbuf *buf, const weir_type *schema) {
    for (int32_t i = 0; i < schema->fields_count; i++) {
        weir_strbuf_addf(buf, "%s" WEIR_STR_FMT ": ", i ? ", " : "", WEIR_STR_ARG(schema->fields[i].name));
        weir_type_simple(buf, schema->fields[i].type);
    }
    weir_strbuf_add_char(buf, '\n');
}

weir_code weir_connect_explain_sections(weir_arena *arena, const weir_optimizer_options *options,
                                        weir_node *plan, weir_explain_logical first, weir_strbuf *buf,
                                        weir_error **err) {
    weir_node *optimized;
    WEIR_TRY(weir_optimizer_run(arena, plan, options, &optimized, err));
    if (first == WEIR_EXPLAIN_ANALYZED) {
        weir_strbuf_add_text(buf, "== Analyzed Logical Plan ==\n");
        add_columns(buf, plan->type);
        weir_connect_explain_tree(arena, options->zone, plan, buf);
    }
    if (first != WEIR_EXPLAIN_PHYSICAL)
        add_section(arena, options->zone, buf, "Optimized Logical Plan", optimized);
    add_section(arena, options->zone, buf, "Physical Plan", optimized);
    weir_strbuf_add_char(buf, '\n');
    return WEIR_OK;
}
