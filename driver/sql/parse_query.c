/* Queries (parser_int.h): SELECT blocks with CTEs, sub-queries in FROM, and everything that is recognised but
 * not built, which is refused by name. */
#include "driver/sql/parser_int.h"

bool weir_parse_starts_query(const weir_parse *p, int32_t ahead) {
    const weir_token *token = weir_parse_peek(p, ahead), *next = weir_parse_peek(p, ahead + 1);
    switch (token->keyword) {
    case WEIR_KW_SELECT:
        return next->kind != WEIR_TOKEN_RPAREN && next->kind != WEIR_TOKEN_COMMA &&
               next->kind != WEIR_TOKEN_EOF && next->kind != WEIR_TOKEN_DOT;
    case WEIR_KW_WITH:
    case WEIR_KW_VALUES:
    case WEIR_KW_TABLE:
    case WEIR_KW_FROM:
        return weir_parse_starts_identifier(next) ||
               (token->keyword == WEIR_KW_VALUES && next->kind == WEIR_TOKEN_LPAREN);
    default:
        return false;
    }
}

/* Statements other than queries, by their first word. */
static bool is_statement(weir_keyword keyword) {
    switch (keyword) {
    case WEIR_KW_ALTER:
    case WEIR_KW_ANALYZE:
    case WEIR_KW_CACHE:
    case WEIR_KW_CALL:
    case WEIR_KW_CLEAR:
    case WEIR_KW_COMMENT:
    case WEIR_KW_CREATE:
    case WEIR_KW_DECLARE:
    case WEIR_KW_DELETE:
    case WEIR_KW_DESC:
    case WEIR_KW_DESCRIBE:
    case WEIR_KW_DROP:
    case WEIR_KW_EXECUTE:
    case WEIR_KW_EXPLAIN:
    case WEIR_KW_GRANT:
    case WEIR_KW_INSERT:
    case WEIR_KW_LOAD:
    case WEIR_KW_MERGE:
    case WEIR_KW_MSCK:
    case WEIR_KW_REFRESH:
    case WEIR_KW_REPAIR:
    case WEIR_KW_REPLACE:
    case WEIR_KW_RESET:
    case WEIR_KW_REVOKE:
    case WEIR_KW_SET:
    case WEIR_KW_SHOW:
    case WEIR_KW_TRUNCATE:
    case WEIR_KW_UNCACHE:
    case WEIR_KW_UPDATE:
    case WEIR_KW_USE:
    case WEIR_KW_FROM:
    case WEIR_KW_VALUES:
    case WEIR_KW_TABLE:
    case WEIR_KW_REDUCE:
    case WEIR_KW_MAP:
        return true;
    default:
        return false;
    }
}

static weir_node *refuse_word(weir_parse *p, const char *suffix) {
    const weir_token *token = weir_parse_peek(p, 0);
    weir_str word = weir_parse_text(p, token);
    char *name = weir_arena_printf(p->arena, WEIR_STR_FMT "%s", WEIR_STR_ARG(word), suffix);
    for (size_t i = 0; i < word.size; i++)
        name[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
    return weir_parse_refuse(p, token, name);
}

/* ---- FROM ---- */

static weir_node *wrap_alias(weir_parse *p, weir_node *child, weir_str alias) {
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
    default:
        return false;
    }
}

/* "(a, b)" behind a table or CTE name. */
static bool parse_column_names(weir_parse *p, weir_str_list *ret) {
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

static weir_node *rename_columns(weir_parse *p, weir_node *child, weir_str_list names, int32_t from) {
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
        return subquery ? wrap_alias(p, child, WEIR_STR("")) : child;
    weir_str alias;
    weir_str_list names = {0};
    if (!weir_parse_identifier(p, &alias) || !parse_column_names(p, &names))
        return NULL;
    return wrap_alias(p, rename_columns(p, child, names, from), alias);
}

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
    weir_node *node = cte ? wrap_alias(p, cte->plan, cte->name) : weir_parse_mark(p, from, table);
    if (weir_parse_is_keyword(p, 0, WEIR_KW_TABLESAMPLE))
        return refuse_word(p, "");
    return parse_alias(p, node, from, false);
}

static bool refuse_relation_extension(weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0);
    if (token->kind == WEIR_TOKEN_COMMA)
        return weir_parse_refuse(p, token, "joins (a list of relations in FROM)") != NULL;
    switch (token->keyword) {
    case WEIR_KW_JOIN:
    case WEIR_KW_INNER:
    case WEIR_KW_CROSS:
    case WEIR_KW_LEFT:
    case WEIR_KW_RIGHT:
    case WEIR_KW_FULL:
    case WEIR_KW_SEMI:
    case WEIR_KW_ANTI:
    case WEIR_KW_NATURAL:
        return weir_parse_refuse(p, token, "JOIN") != NULL;
    case WEIR_KW_LATERAL:
        return weir_parse_refuse(p, token, "LATERAL VIEW") != NULL;
    case WEIR_KW_PIVOT:
    case WEIR_KW_UNPIVOT:
    case WEIR_KW_TABLESAMPLE:
        return refuse_word(p, "") != NULL;
    default:
        return true;
    }
}

static weir_node *parse_relation(weir_parse *p) {
    int32_t from = p->at;
    weir_node *node;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_LATERAL))
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "LATERAL");
    if (weir_parse_is_keyword(p, 0, WEIR_KW_VALUES) && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN)
        return refuse_word(p, "");
    if (weir_parse_accept(p, WEIR_TOKEN_LPAREN)) {
        if (!weir_parse_enter(p))
            return NULL;
        bool query = weir_parse_starts_query(p, 0) || weir_parse_kind(p) == WEIR_TOKEN_LPAREN;
        node = query ? weir_parse_query(p) : parse_relation(p);
        weir_parse_leave(p);
        if (!node || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return NULL;
        if (weir_parse_is_keyword(p, 0, WEIR_KW_TABLESAMPLE))
            return refuse_word(p, "");
        node = parse_alias(p, node, from, query);
    } else {
        node = parse_table(p);
    }
    return node && refuse_relation_extension(p) ? node : NULL;
}

/* ---- GROUP BY ---- */

static bool parse_group_by(weir_parse *p, weir_node_list *ret) {
    do {
        const weir_token *token = weir_parse_peek(p, 0);
        bool call = weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN;
        if (token->keyword == WEIR_KW_GROUPING && weir_parse_is_keyword(p, 1, WEIR_KW_SETS))
            return weir_parse_refuse(p, token, "GROUPING SETS") != NULL;
        if (call && (token->keyword == WEIR_KW_CUBE || token->keyword == WEIR_KW_ROLLUP))
            return refuse_word(p, "") != NULL;
        weir_node *node = weir_parse_expr(p);
        if (!node)
            return false;
        weir_node_list_add(p->arena, ret, node);
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    const weir_token *token = weir_parse_peek(p, 0);
    if (token->keyword == WEIR_KW_GROUPING && weir_parse_is_keyword(p, 1, WEIR_KW_SETS))
        return weir_parse_refuse(p, token, "GROUPING SETS") != NULL;
    if (token->keyword == WEIR_KW_WITH &&
        (weir_parse_is_keyword(p, 1, WEIR_KW_CUBE) || weir_parse_is_keyword(p, 1, WEIR_KW_ROLLUP)))
        return weir_parse_refuse(p, token, "WITH CUBE / WITH ROLLUP") != NULL;
    return true;
}

/* ---- SELECT ---- */

static weir_node *make_filter(weir_parse *p, int32_t from, weir_node *child, weir_node *condition) {
    weir_node_filter *filter = WEIR_NODE_NEW(p->arena, FILTER, filter);
    filter->child = child;
    filter->condition = condition;
    return weir_parse_mark(p, from, filter);
}

typedef struct select_block {
    int32_t from;
    bool distinct, grouped;
    weir_node_list items, grouping;
    weir_node *child, *having;
} select_block;

static bool parse_select_head(weir_parse *p, select_block *block) {
    p->at++;
    const weir_token *next = weir_parse_peek(p, 1);
    bool operand =
        next->kind != WEIR_TOKEN_EOF && next->kind != WEIR_TOKEN_COMMA && next->kind != WEIR_TOKEN_DOT;
    if (operand && weir_parse_accept_keyword(p, WEIR_KW_DISTINCT))
        block->distinct = true;
    else if (operand)
        weir_parse_accept_keyword(p, WEIR_KW_ALL);
    if (weir_parse_kind(p) == WEIR_TOKEN_EOF)
        return weir_parse_fail_syntax(p, "") != NULL;
    return weir_parse_exprs(p, &block->items, weir_parse_named_expr);
}

static bool parse_select_body(weir_parse *p, select_block *block) {
    if (weir_parse_accept_keyword(p, WEIR_KW_FROM)) {
        block->child = parse_relation(p);
        if (!block->child)
            return false;
    } else {
        block->child = weir_parse_mark(p, block->from, WEIR_NODE_NEW(p->arena, ONE_ROW, one_row));
    }
    if (weir_parse_accept_keyword(p, WEIR_KW_WHERE)) {
        weir_node *condition = weir_parse_expr(p);
        if (!condition)
            return false;
        block->child = make_filter(p, block->from, block->child, condition);
    }
    if (weir_parse_is_keyword(p, 0, WEIR_KW_GROUP) && weir_parse_is_keyword(p, 1, WEIR_KW_BY)) {
        p->at += 2;
        block->grouped = true;
        if (!parse_group_by(p, &block->grouping))
            return false;
    }
    if (weir_parse_accept_keyword(p, WEIR_KW_HAVING) && !(block->having = weir_parse_expr(p)))
        return false;
    return true;
}

static weir_node *parse_select(weir_parse *p) {
    select_block block = {.from = p->at};
    if (!parse_select_head(p, &block) || !parse_select_body(p, &block))
        return NULL;
    weir_node *node;
    if (block.grouped || block.having) {
        weir_node_aggregate *aggregate = WEIR_NODE_NEW(p->arena, AGGREGATE, aggregate);
        aggregate->child = block.child;
        aggregate->grouping = block.grouping;
        aggregate->aggregates = block.items;
        node = weir_parse_mark(p, block.from, aggregate);
        if (block.having)
            node = make_filter(p, block.from, node, block.having);
    } else {
        weir_node_project *project = WEIR_NODE_NEW(p->arena, PROJECT, project);
        project->child = block.child;
        project->exprs = block.items;
        node = weir_parse_mark(p, block.from, project);
    }
    if (block.distinct) {
        weir_node_distinct *distinct = WEIR_NODE_NEW(p->arena, DISTINCT, distinct);
        distinct->child = node;
        node = weir_parse_mark(p, block.from, distinct);
    }
    return node;
}

/* ---- WITH, ORDER BY, LIMIT ---- */

static bool parse_ctes(weir_parse *p) {
    if (weir_parse_is_keyword(p, 0, WEIR_KW_WITH)) {
        p->at++;
        weir_str word = weir_parse_text(p, weir_parse_peek(p, 0));
        if (weir_str_equal_nocase(word, WEIR_STR("recursive")) &&
            weir_parse_starts_identifier(weir_parse_peek(p, 1)) && !weir_parse_is_keyword(p, 1, WEIR_KW_AS))
            return weir_parse_refuse(p, weir_parse_peek(p, 0), "WITH RECURSIVE") != NULL;
        do {
            int32_t from = p->at;
            weir_parse_cte *cte = WEIR_NEW(p->arena, weir_parse_cte);
            weir_str_list names = {0};
            if (!weir_parse_identifier(p, &cte->name) || !parse_column_names(p, &names))
                return false;
            weir_parse_accept_keyword(p, WEIR_KW_AS);
            if (!weir_parse_expect(p, WEIR_TOKEN_LPAREN))
                return false;
            weir_node *plan = weir_parse_query(p);
            if (!plan || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
                return false;
            /* The empty alias keeps the body's shape apart from what is built around it. */
            cte->plan = wrap_alias(p, rename_columns(p, plan, names, from), WEIR_STR(""));
            cte->outer = p->ctes;
            p->ctes = cte;
        } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    }
    return true;
}

static weir_node *parse_sort(weir_parse *p, int32_t from, weir_node *child) {
    weir_keyword keyword = weir_parse_peek(p, 0)->keyword;
    bool by = weir_parse_is_keyword(p, 1, WEIR_KW_BY);
    if (by && (keyword == WEIR_KW_CLUSTER || keyword == WEIR_KW_DISTRIBUTE))
        return refuse_word(p, " BY");
    if (!by || (keyword != WEIR_KW_ORDER && keyword != WEIR_KW_SORT))
        return child;
    p->at += 2;
    weir_node_sort *sort = WEIR_NODE_NEW(p->arena, SORT, sort);
    sort->child = child;
    if (!weir_parse_exprs(p, &sort->orders, weir_parse_sort_item))
        return NULL;
    return weir_parse_mark(p, from, sort);
}

static weir_node *parse_limit(weir_parse *p, int32_t from, weir_node *child) {
    if (weir_parse_is_keyword(p, 0, WEIR_KW_WINDOW))
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "WINDOW clause");
    if (weir_parse_accept_keyword(p, WEIR_KW_LIMIT)) {
        if (weir_parse_is_keyword(p, 0, WEIR_KW_ALL)) {
            p->at++;
        } else {
            weir_node_limit *limit = WEIR_NODE_NEW(p->arena, LIMIT, limit);
            limit->child = child;
            if (!(limit->count = weir_parse_expr(p)))
                return NULL;
            child = weir_parse_mark(p, from, limit);
        }
    }
    return weir_parse_is_keyword(p, 0, WEIR_KW_OFFSET) ? refuse_word(p, "") : child;
}

static bool refuse_set_operation(weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0);
    switch (token->keyword) {
    case WEIR_KW_UNION:
    case WEIR_KW_EXCEPT:
    case WEIR_KW_MINUS:
    case WEIR_KW_INTERSECT:
        return refuse_word(p, "") != NULL;
    case WEIR_KW_LATERAL:
        return weir_parse_refuse(p, token, "LATERAL VIEW") != NULL;
    case WEIR_KW_USING:
        return weir_parse_refuse(p, token, "TRANSFORM ... USING") != NULL;
    default:
        if (token->kind == WEIR_TOKEN_PIPE_OPERATOR)
            return weir_parse_refuse(p, token, "the pipe operator |>") != NULL;
        return true;
    }
}

static weir_node *parse_query_term(weir_parse *p) {
    if (weir_parse_accept(p, WEIR_TOKEN_LPAREN)) {
        weir_node *node = weir_parse_query(p);
        if (!node || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return NULL;
        return wrap_alias(p, node, WEIR_STR(""));
    }
    if (weir_parse_is_keyword(p, 0, WEIR_KW_SELECT))
        return parse_select(p);
    if (is_statement(weir_parse_peek(p, 0)->keyword))
        return refuse_word(p, weir_parse_is_keyword(p, 0, WEIR_KW_VALUES) ? "" : " statement");
    return weir_parse_fail_syntax(p, "");
}

weir_node *weir_parse_query(weir_parse *p) {
    if (!weir_parse_enter(p))
        return NULL;
    weir_parse_cte *outer = p->ctes;
    int32_t from = p->at;
    weir_node *node = parse_ctes(p) ? parse_query_term(p) : NULL;
    if (node && !refuse_set_operation(p))
        node = NULL;
    if (node)
        node = parse_sort(p, from, node);
    if (node)
        node = parse_limit(p, from, node);
    if (node && !refuse_set_operation(p))
        node = NULL;
    p->ctes = outer;
    weir_parse_leave(p);
    return node;
}
