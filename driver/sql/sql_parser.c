/* Entry points of the SQL parser (parser.h): lex, parse, check what is left over and the height of the
 * tree, which everything behind the parser walks by recursion. */
#include "common/base/alloc.h"
#include "driver/sql/parser.h"
#include "driver/sql/parser_int.h"

typedef struct walk_item {
    weir_node *node;
    int32_t height;
} walk_item;

typedef struct walk {
    walk_item *items;
    size_t count, capacity;
    int32_t height; /* of the node whose children are being added */
} walk;

/* The subject of CASE stands in every branch, so nesting can make a tree far larger than its text. */
#define NODES_MAX 4000000

static weir_code push_child(weir_node *child, void *data, weir_error **err) {
    (void)err;
    walk *w = data;
    if (w->count == w->capacity) {
        w->capacity = w->capacity ? w->capacity * 2 : 256;
        w->items = weir_realloc(w->items, w->capacity * sizeof *w->items);
    }
    w->items[w->count++] = (walk_item){child, w->height + 1};
    return WEIR_OK;
}

/* Walks with a stack of its own: the tree may be as deep as the text is long. */
static bool too_complex(weir_node *root) {
    walk w = {0};
    bool found = false;
    int32_t nodes = 0;
    push_child(root, &w, NULL);
    while (w.count > 0 && !found) {
        walk_item item = w.items[--w.count];
        w.height = item.height;
        found = item.height > WEIR_PARSE_HEIGHT_MAX || ++nodes > NODES_MAX;
        weir_node_each_child(item.node, push_child, &w, NULL);
    }
    weir_free(w.items);
    return found;
}

static weir_code begin(weir_parse *p, weir_arena *arena, weir_str sql, const weir_timezone *zone,
                       weir_error **err) {
    *p = (weir_parse){.arena = arena, .sql = sql, .zone = zone, .err = err};
    if (sql.size > WEIR_SQL_SIZE_MAX)
        WEIR_RAISE(err, FAILED_TO_PARSE_TOO_COMPLEX, NULL);
    weir_token_list tokens = weir_lexer_run(arena, sql);
    p->tokens = tokens.items;
    p->count = tokens.count;
    if (tokens.unclosed_comment) {
        weir_error_raise(err, WEIR_UNCLOSED_BRACKETED_COMMENT, NULL);
        const char *tail = weir_arena_printf(arena, "\n== SQL ==\n" WEIR_STR_FMT, WEIR_STR_ARG(sql));
        if (err)
            weir_error_set_tail(*err, tail);
        return WEIR_UNCLOSED_BRACKETED_COMMENT;
    }
    return WEIR_OK;
}

static weir_code end(weir_parse *p, weir_node *node, weir_node **ret) {
    if (node && weir_parse_kind(p) != WEIR_TOKEN_EOF)
        node = weir_parse_fail_extra(p);
    if (!node)
        return p->code;
    if (too_complex(node))
        WEIR_RAISE(p->err, FAILED_TO_PARSE_TOO_COMPLEX, NULL);
    *ret = node;
    return WEIR_OK;
}

weir_code weir_parser_query(weir_arena *arena, weir_str sql, const weir_timezone *zone, weir_node **ret,
                            weir_error **err) {
    return weir_parser_query_with(arena, sql, zone, NULL, ret, err);
}

weir_code weir_parser_query_with(weir_arena *arena, weir_str sql, const weir_timezone *zone,
                                 const weir_parser_parameters *parameters, weir_node **ret,
                                 weir_error **err) {
    weir_parse p;
    WEIR_TRY(begin(&p, arena, sql, zone, err));
    p.parameters = parameters;
    weir_node *node = weir_parse_query(&p);
    while (node && weir_parse_accept(&p, WEIR_TOKEN_SEMICOLON))
        ;
    return end(&p, node, ret);
}

weir_code weir_parser_statement(weir_arena *arena, weir_str sql, const weir_timezone *zone,
                                const weir_parser_parameters *parameters, weir_statement *ret,
                                weir_error **err) {
    weir_parse p;
    bool is;
    WEIR_TRY(begin(&p, arena, sql, zone, err));
    p.parameters = parameters;
    if (!weir_parse_statement(&p, ret, &is))
        return p.code;
    if (!is)
        *ret = (weir_statement){0};
    if (ret->query && too_complex(ret->query))
        WEIR_RAISE(err, FAILED_TO_PARSE_TOO_COMPLEX, NULL);
    return WEIR_OK;
}

weir_code weir_parser_expression(weir_arena *arena, weir_str sql, const weir_timezone *zone, weir_node **ret,
                                 weir_error **err) {
    weir_parse p;
    WEIR_TRY(begin(&p, arena, sql, zone, err));
    weir_node *node = weir_parse_named_expr(&p);
    return end(&p, node, ret);
}

weir_code weir_parser_identifiers(weir_arena *arena, weir_str text, weir_node_list *ret, weir_error **err) {
    weir_parse p;
    WEIR_TRY(begin(&p, arena, text, NULL, err));
    weir_node_list list = {0};
    weir_node *node;
    do {
        int32_t from = p.at;
        weir_node_unresolved_attribute *name =
            WEIR_NODE_NEW(arena, UNRESOLVED_ATTRIBUTE, unresolved_attribute);
        if (!weir_parse_multipart(&p, &name->parts))
            return p.code;
        node = weir_parse_mark(&p, from, name);
        weir_node_list_add(arena, &list, node);
    } while (weir_parse_accept(&p, WEIR_TOKEN_COMMA));
    WEIR_TRY(end(&p, node, &node));
    *ret = list;
    return WEIR_OK;
}
