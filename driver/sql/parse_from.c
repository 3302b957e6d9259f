/* FROM (parser_int.h): tables, sub-queries, table functions, inline tables, their aliases, and joins of them.
 * What is recognised but not built is refused by name. */
#include "driver/sql/parser_int.h"

weir_node *weir_parse_wrap(weir_parse *p, weir_node *child, weir_str alias) {
    weir_node_subquery_alias *node = WEIR_NODE_NEW(p->arena, SUBQUERY_ALIAS, subquery_alias);
    node->child = child;
    node->alias = alias;
    node->node.start = child->start;
    node->node.stop = child->stop;
    return &node->node;
}

/* Words that cannot be a table's alias: joins, and the next clause. */
static bool ends_relation(const weir_parse *p) {
    switch (weir_parse_peek(p, 0)->keyword) {
    case WEIR_KW_ANTI:
    case WEIR_KW_CROSS:
    case WEIR_KW_EXCEPT:
    case WEIR_KW_FULL:
    case WEIR_KW_INNER:
    case WEIR_KW_INTERSECT:
    case WEIR_KW_JOIN:
    case WEIR_KW_LATERAL:
    case WEIR_KW_LEFT:
    case WEIR_KW_NATURAL:
    case WEIR_KW_ON:
    case WEIR_KW_RIGHT:
    case WEIR_KW_SEMI:
    case WEIR_KW_MINUS:
    case WEIR_KW_UNION:
    case WEIR_KW_USING:
    case WEIR_KW_WHERE:
    case WEIR_KW_GROUP:
    case WEIR_KW_HAVING:
    case WEIR_KW_ORDER:
    case WEIR_KW_SORT:
    case WEIR_KW_CLUSTER:
    case WEIR_KW_DISTRIBUTE:
    case WEIR_KW_LIMIT:
    case WEIR_KW_OFFSET:
    case WEIR_KW_WINDOW:
    case WEIR_KW_PIVOT:
    case WEIR_KW_UNPIVOT:
    case WEIR_KW_TABLESAMPLE:
    case WEIR_KW_SELECT:
        return true;
    case WEIR_KW_QUALIFY:
        return weir_parse_starts_qualify(p);
    default:
        return false;
    }
}

/* "(a, b)" behind a table or CTE name. */
bool weir_parse_column_names(weir_parse *p, weir_str_list *ret) {
    if (!weir_parse_accept(p, WEIR_TOKEN_LPAREN))
        return true;
    do {
        weir_str name;
        if (!weir_parse_identifier(p, &name))
            return false;
        weir_parse_strs_add(p, ret, name);
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    return weir_parse_expect(p, WEIR_TOKEN_RPAREN);
}

weir_node *weir_parse_rename(weir_parse *p, weir_node *child, weir_str_list names, int32_t from) {
    if (names.count == 0)
        return child;
    weir_node_column_aliases *node = WEIR_NODE_NEW(p->arena, COLUMN_ALIASES, column_aliases);
    node->child = child;
    node->names = names;
    return weir_parse_mark(p, from, node);
}

/* [AS alias [(columns)]]; a sub-query gets the empty alias where none is given. */
static weir_node *parse_alias(weir_parse *p, weir_node *child, int32_t from, bool subquery) {
    bool as = weir_parse_accept_keyword(p, WEIR_KW_AS);
    if (!as && (!weir_parse_starts_identifier(weir_parse_peek(p, 0)) || ends_relation(p)))
        return subquery ? weir_parse_wrap(p, child, WEIR_STR("")) : child;
    weir_str alias;
    weir_str_list names = {0};
    if (!weir_parse_identifier(p, &alias) || !weir_parse_column_names(p, &names))
        return NULL;
    return weir_parse_wrap(p, weir_parse_rename(p, child, names, from), alias);
}

static weir_node *parse_relation(weir_parse *p);

static weir_parse_cte *find_cte(const weir_parse *p, weir_str_list name) {
    for (weir_parse_cte *cte = name.count == 1 ? p->ctes : NULL; cte; cte = cte->outer)
        if (weir_str_equal_nocase(cte->name, name.items[0]))
            return cte;
    return NULL;
}

/* The arguments behind a function's name, and an alias. */
static weir_node *parse_table_function(weir_parse *p, weir_str_list name, int32_t from) {
    weir_node_table_function *node = WEIR_NODE_NEW(p->arena, TABLE_FUNCTION, table_function);
    node->name = name;
    p->at++;
    if (weir_parse_kind(p) != WEIR_TOKEN_RPAREN && !weir_parse_exprs(p, &node->args, weir_parse_expr))
        return NULL;
    if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return parse_alias(p, weir_parse_mark(p, from, node), from, false);
}

/* IDENTIFIER('a.b'): a table by a text, which is a literal or a parameter that is bound to one. */
static bool parse_identifier_clause(weir_parse *p, weir_str_list *ret) {
    int32_t from = p->at++;
    weir_node_list names;
    weir_node *text = weir_parse_expr(p);
    if (!text || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return false;
    const weir_column *value =
        text->kind == WEIR_NODE_LITERAL ? WEIR_NODE_AS(text, LITERAL, literal)->value : NULL;
    if (!value || value->type->kind != WEIR_TYPE_STRING || weir_column_is_null(value, 0)) {
        weir_parse_refuse(p, &p->tokens[from], "IDENTIFIER() of an expression");
        return false;
    }
    p->code = weir_parser_identifiers(p->arena, weir_column_bytes(value, 0), &names, p->err);
    if (p->code == WEIR_OK && names.count != 1)
        weir_parse_refuse(p, &p->tokens[from], "IDENTIFIER() of several names");
    if (p->code != WEIR_OK)
        return false;
    *ret = WEIR_NODE_AS(names.items[0], UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts;
    return true;
}

static weir_node *parse_table(weir_parse *p) {
    int32_t from = p->at;
    const weir_token *next = weir_parse_peek(p, 1);
    bool streaming = weir_parse_is_keyword(p, 0, WEIR_KW_STREAM) &&
                     (next->kind == WEIR_TOKEN_LPAREN ||
                      (weir_parse_starts_identifier(next) && next->keyword != WEIR_KW_AS &&
                       (p->at++, !ends_relation(p) || (p->at--, false))));
    /* Here a streaming name without parentheses stands at the name itself. */
    bool parenthesis = streaming && p->at == from;
    p->at += parenthesis ? 2 : 0;
    weir_node_unresolved_relation *table = WEIR_NODE_NEW(p->arena, UNRESOLVED_RELATION, unresolved_relation);
    table->streaming = streaming;
    if (!weir_parse_multipart(p, &table->name) || (parenthesis && !weir_parse_expect(p, WEIR_TOKEN_RPAREN)))
        return NULL;
    bool called = weir_parse_kind(p) == WEIR_TOKEN_LPAREN;
    if (called && table->name.count == 1 &&
        weir_str_equal_nocase(table->name.items[0], WEIR_STR("IDENTIFIER"))) {
        if (!parse_identifier_clause(p, &table->name))
            return NULL;
    } else if (called) {
        return parse_table_function(p, table->name, from);
    }
    bool travel =
        (weir_parse_is_keyword(p, 0, WEIR_KW_VERSION) || weir_parse_is_keyword(p, 0, WEIR_KW_TIMESTAMP) ||
         weir_parse_is_keyword(p, 0, WEIR_KW_FOR)) &&
        (weir_parse_is_keyword(p, 1, WEIR_KW_AS) || weir_parse_is_keyword(p, 1, WEIR_KW_VERSION) ||
         weir_parse_is_keyword(p, 1, WEIR_KW_TIMESTAMP));
    if (travel)
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "time travel");
    weir_parse_cte *cte = streaming ? NULL : find_cte(p, table->name);
    weir_node *node = cte ? weir_parse_wrap(p, cte->plan, cte->name) : weir_parse_mark(p, from, table);
    if (!(node = weir_parse_sample(p, from, node)))
        return NULL;
    return parse_alias(p, node, from, false);
}

static bool refuse_relation_extension(weir_parse *p) {
    switch (weir_parse_peek(p, 0)->keyword) {
    case WEIR_KW_PIVOT:
    case WEIR_KW_TABLESAMPLE:
        return weir_parse_refuse_word(p, "") != NULL;
    default:
        return true;
    }
}

weir_node *weir_parse_inline_table(weir_parse *p) {
    int32_t from = p->at++;
    weir_node_inline_table *table = WEIR_NODE_NEW(p->arena, INLINE_TABLE, inline_table);
    do {
        weir_node_expr_list *row = WEIR_NODE_NEW(p->arena, EXPR_LIST, expr_list);
        int32_t at = p->at;
        weir_node *value = weir_parse_expr(p);
        if (!value)
            return NULL;
        if (weir_parse_is_row(value))
            row->items = WEIR_NODE_AS(value, UNRESOLVED_FUNCTION, unresolved_function)->args;
        else
            weir_node_list_add(p->arena, &row->items, value);
        weir_node_list_add(p->arena, &table->rows, weir_parse_mark(p, at, row));
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    return parse_alias(p, weir_parse_mark(p, from, table), from, false);
}

/* Behind an opening parenthesis: a query, or a relation in parentheses? "((SELECT 1) UNION ..." is a query,
 * "((SELECT 1) a JOIN b)" is none: what follows the inner parentheses says it. */
static bool holds_query(const weir_parse *p) {
    int32_t ahead = 0, depth = 0;
    if (weir_parse_kind(p) != WEIR_TOKEN_LPAREN)
        return weir_parse_starts_query(p, 0);
    for (;; ahead++) {
        weir_token_kind kind = weir_parse_peek(p, ahead)->kind;
        depth += (kind == WEIR_TOKEN_LPAREN) - (kind == WEIR_TOKEN_RPAREN);
        if (depth == 0 || kind == WEIR_TOKEN_EOF)
            break;
    }
    const weir_token *behind = weir_parse_peek(p, ahead + 1);
    switch (behind->keyword) {
    case WEIR_KW_UNION:
    case WEIR_KW_EXCEPT:
    case WEIR_KW_MINUS:
    case WEIR_KW_INTERSECT:
    case WEIR_KW_ORDER:
    case WEIR_KW_LIMIT:
        return true;
    default:
        return behind->kind == WEIR_TOKEN_RPAREN;
    }
}

static weir_node *parse_primary(weir_parse *p) {
    int32_t from = p->at;
    weir_node *node;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_LATERAL))
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "LATERAL");
    if (weir_parse_starts_values(p))
        return weir_parse_inline_table(p);
    if (weir_parse_accept(p, WEIR_TOKEN_LPAREN)) {
        if (!weir_parse_enter(p))
            return NULL;
        bool query = holds_query(p);
        node = query ? weir_parse_query(p) : parse_relation(p);
        weir_parse_leave(p);
        if (!node || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return NULL;
        if (!(node = weir_parse_sample(p, from, node)))
            return NULL;
        node = parse_alias(p, node, from, query);
    } else {
        node = parse_table(p);
    }
    if (node && weir_parse_is_keyword(p, 0, WEIR_KW_UNPIVOT)) {
        node = weir_parse_unpivot(p, node);
        node = node ? parse_alias(p, node, from, false) : NULL;
    }
    return node && refuse_relation_extension(p) ? node : NULL;
}

/* ---- joins ---- */

/* [INNER | CROSS | LEFT [OUTER] | [LEFT] SEMI | [LEFT] ANTI | RIGHT [OUTER] | FULL [OUTER]] JOIN: consumes
 * the words; false where there is no join, which is no failure. */
static bool accept_join(weir_parse *p, weir_join_type *ret, bool *ret_natural) {
    int32_t from = p->at;
    *ret_natural = weir_parse_accept_keyword(p, WEIR_KW_NATURAL);
    bool left = weir_parse_accept_keyword(p, WEIR_KW_LEFT);
    bool outer = left;
    *ret = left ? WEIR_JOIN_LEFT : WEIR_JOIN_INNER;
    if (weir_parse_accept_keyword(p, WEIR_KW_SEMI)) {
        *ret = WEIR_JOIN_SEMI;
        outer = false;
    } else if (weir_parse_accept_keyword(p, WEIR_KW_ANTI)) {
        *ret = WEIR_JOIN_ANTI;
        outer = false;
    } else if (!left && weir_parse_accept_keyword(p, WEIR_KW_CROSS)) {
        *ret = WEIR_JOIN_CROSS;
    } else if (!left && weir_parse_accept_keyword(p, WEIR_KW_RIGHT)) {
        *ret = WEIR_JOIN_RIGHT;
        outer = true;
    } else if (!left && weir_parse_accept_keyword(p, WEIR_KW_FULL)) {
        *ret = WEIR_JOIN_FULL;
        outer = true;
    } else if (!left) {
        weir_parse_accept_keyword(p, WEIR_KW_INNER);
    }
    if (outer)
        weir_parse_accept_keyword(p, WEIR_KW_OUTER);
    if (weir_parse_accept_keyword(p, WEIR_KW_JOIN))
        return true;
    p->at = from;
    return false;
}

static weir_node *make_join(weir_parse *p, int32_t from, weir_node *left, weir_node *right,
                            weir_join_type type) {
    weir_node_join *join = WEIR_NODE_NEW(p->arena, JOIN, join);
    join->left = left;
    join->right = right;
    join->type = type;
    return weir_parse_mark(p, from, join);
}

/* A relation and the joins behind it. A join's place in the text begins at its own words. */
static weir_node *parse_relation(weir_parse *p) {
    weir_node *node = parse_primary(p);
    weir_join_type type;
    bool natural;
    for (int32_t from = p->at; node && accept_join(p, &type, &natural); from = p->at) {
        weir_node *right = parse_primary(p);
        if (!right)
            return NULL;
        node = make_join(p, from, node, right, type);
        weir_node_join *join = WEIR_NODE_AS(node, JOIN, join);
        join->natural = natural;
        if (natural)
            continue;
        if (weir_parse_accept_keyword(p, WEIR_KW_ON)) {
            if (!(join->condition = weir_parse_expr(p)))
                return NULL;
        } else if (weir_parse_accept_keyword(p, WEIR_KW_USING)) {
            if (weir_parse_kind(p) != WEIR_TOKEN_LPAREN)
                return weir_parse_fail_syntax(p, "");
            if (!weir_parse_column_names(p, &join->using))
                return NULL;
        }
        weir_parse_mark(p, from, node);
    }
    return node;
}

/* FROM a, b JOIN c: the list is a product of what its members join. */
weir_node *weir_parse_from(weir_parse *p) {
    int32_t from = p->at;
    weir_node *node = parse_relation(p);
    while (node && weir_parse_accept(p, WEIR_TOKEN_COMMA)) {
        weir_node *right = parse_relation(p);
        if (!right)
            return NULL;
        node = make_join(p, from, node, right, WEIR_JOIN_INNER);
    }
    return node && refuse_relation_extension(p) ? node : NULL;
}
