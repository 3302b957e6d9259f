/* Queries (parser_int.h): SELECT blocks with CTEs, sub-queries in FROM, and everything that is recognised but
 * not built, which is refused by name. */
#include "driver/sql/parser_int.h"

static bool is_literal(const weir_token *token) {
    return token->kind >= WEIR_TOKEN_STRING && token->kind <= WEIR_TOKEN_BIGDECIMAL;
}

/* VALUES as the word it is reserved for, not as a table's name: "FROM values" and "FROM values v" are tables.
 */
bool weir_parse_starts_values(const weir_parse *p) {
    const weir_token *next = weir_parse_peek(p, 1);
    return weir_parse_is_keyword(p, 0, WEIR_KW_VALUES) &&
           (next->kind == WEIR_TOKEN_LPAREN || next->kind == WEIR_TOKEN_MINUS || is_literal(next) ||
            next->keyword == WEIR_KW_NULL || next->keyword == WEIR_KW_TRUE ||
            next->keyword == WEIR_KW_FALSE ||
            (weir_parse_starts_identifier(next) && weir_parse_peek(p, 2)->kind == WEIR_TOKEN_LPAREN) ||
            next->keyword == WEIR_KW_DATE || next->keyword == WEIR_KW_TIMESTAMP ||
            next->keyword == WEIR_KW_INTERVAL || next->keyword == WEIR_KW_CAST);
}

bool weir_parse_starts_query(const weir_parse *p, int32_t ahead) {
    const weir_token *token = weir_parse_peek(p, ahead), *next = weir_parse_peek(p, ahead + 1);
    switch (token->keyword) {
    case WEIR_KW_SELECT:
        return next->kind != WEIR_TOKEN_RPAREN && next->kind != WEIR_TOKEN_COMMA &&
               next->kind != WEIR_TOKEN_EOF && next->kind != WEIR_TOKEN_DOT;
    case WEIR_KW_VALUES:
        return next->kind == WEIR_TOKEN_LPAREN || weir_parse_starts_identifier(next) || is_literal(next);
    case WEIR_KW_WITH:
    case WEIR_KW_TABLE:
    case WEIR_KW_FROM:
        return weir_parse_starts_identifier(next);
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
    case WEIR_KW_REDUCE:
    case WEIR_KW_MAP:
        return true;
    default:
        return false;
    }
}

weir_node *weir_parse_refuse_word(weir_parse *p, const char *suffix) {
    const weir_token *token = weir_parse_peek(p, 0);
    weir_str word = weir_parse_text(p, token);
    char *name = weir_arena_printf(p->arena, WEIR_STR_FMT "%s", WEIR_STR_ARG(word), suffix);
    for (size_t i = 0; i < word.size; i++)
        name[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
    return weir_parse_refuse(p, token, name);
}

/* ---- GROUP BY: grouping sets are hidden calls that driver/analyze/analyze_grouping.c knows ---- */

static weir_node *group_list(weir_parse *p, int32_t from, weir_node_list items) {
    weir_node_expr_list *list = WEIR_NODE_NEW(p->arena, EXPR_LIST, expr_list);
    list->items = items;
    return weir_parse_mark(p, from, list);
}

/* (), (a, b) or a */
static weir_node *parse_group_set(weir_parse *p) {
    int32_t from = p->at;
    if (weir_parse_kind(p) == WEIR_TOKEN_LPAREN && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_RPAREN) {
        p->at += 2;
        return group_list(p, from, (weir_node_list){0});
    }
    weir_node *node = weir_parse_expr(p);
    if (!node)
        return NULL;
    if (node->kind == WEIR_NODE_UNRESOLVED_FUNCTION) {
        weir_node_unresolved_function *call = WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function);
        if (call->name.count == 1 && weir_str_equal(call->name.items[0], WEIR_STR("$row")))
            return group_list(p, from, call->args);
    }
    return group_list(p, from, weir_node_list_of(p->arena, &node, 1));
}

static weir_node *parse_group_element(weir_parse *p, bool in_sets);

/* The sets behind ROLLUP, CUBE or GROUPING SETS; `args` may hold one already. */
static weir_node *parse_group_sets(weir_parse *p, int32_t from, const char *name, bool nested,
                                   weir_node_list args) {
    if (!weir_parse_enter(p) || !weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return NULL;
    do {
        weir_node *set = nested ? parse_group_element(p, true) : parse_group_set(p);
        if (!set)
            return NULL;
        weir_node_list_add(p->arena, &args, set);
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    weir_parse_leave(p);
    if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, name, args.items, args.count));
}

static weir_node *parse_group_element(weir_parse *p, bool in_sets) {
    int32_t from = p->at;
    weir_keyword keyword = weir_parse_peek(p, 0)->keyword;
    bool call = weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN;
    bool empty = weir_parse_peek(p, 2)->kind == WEIR_TOKEN_RPAREN;
    if (call && !empty && (keyword == WEIR_KW_CUBE || keyword == WEIR_KW_ROLLUP)) {
        p->at++;
        return parse_group_sets(p, from, keyword == WEIR_KW_CUBE ? "$cube" : "$rollup", false,
                                (weir_node_list){0});
    }
    if (keyword == WEIR_KW_GROUPING && weir_parse_is_keyword(p, 1, WEIR_KW_SETS)) {
        p->at += 2;
        return parse_group_sets(p, from, "$grouping_sets", true, (weir_node_list){0});
    }
    return in_sets ? parse_group_set(p) : weir_parse_expr(p);
}

/* GROUP BY a, b WITH ROLLUP: every expression a list of its own. */
static weir_node *with_all(weir_parse *p, int32_t from, const char *name, const weir_node_list *exprs) {
    weir_node_list lists = weir_node_list_new(p->arena, exprs->count);
    for (int32_t i = 0; i < lists.count; i++)
        lists.items[i] = group_list(p, from, weir_node_list_of(p->arena, &exprs->items[i], 1));
    return weir_parse_mark(p, from, weir_parse_call(p, name, lists.items, lists.count));
}

static bool parse_group_by(weir_parse *p, weir_node_list *ret) {
    int32_t from = p->at;
    do {
        weir_node *node = parse_group_element(p, false);
        if (!node)
            return false;
        weir_node_list_add(p->arena, ret, node);
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    weir_node *all = NULL;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_GROUPING) && weir_parse_is_keyword(p, 1, WEIR_KW_SETS)) {
        weir_node *exprs = group_list(p, from, *ret);
        p->at += 2;
        all = parse_group_sets(p, from, "$grouped", false, weir_node_list_of(p->arena, &exprs, 1));
        if (!all)
            return false;
    } else if (weir_parse_is_keyword(p, 0, WEIR_KW_WITH) &&
               (weir_parse_is_keyword(p, 1, WEIR_KW_CUBE) || weir_parse_is_keyword(p, 1, WEIR_KW_ROLLUP))) {
        bool cube = weir_parse_is_keyword(p, 1, WEIR_KW_CUBE);
        p->at += 2;
        all = with_all(p, from, cube ? "$cube" : "$rollup", ret);
    }
    if (all)
        *ret = weir_node_list_of(p->arena, &all, 1);
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
    int32_t windows_from; /* calls of named windows before the block */
    bool distinct, grouped;
    weir_node_list items, grouping;
    weir_node *child, *having, *qualify;
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
        block->child = weir_parse_from(p);
        if (!block->child)
            return false;
    } else {
        block->child = weir_parse_mark(p, block->from, WEIR_NODE_NEW(p->arena, ONE_ROW, one_row));
    }
    if (!weir_parse_lateral_views(p, &block->child))
        return false;
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
    weir_parse_windows *windows;
    if (!weir_parse_window_clause(p, &windows))
        return false;
    if (weir_parse_starts_qualify(p) && (p->at++, !(block->qualify = weir_parse_expr(p))))
        return false;
    weir_parse_name_windows(p, windows, block->windows_from);
    return true;
}

static weir_node *parse_select(weir_parse *p) {
    select_block block = {.from = p->at, .windows_from = p->window_names.count};
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
    if (block.qualify) {
        weir_node_qualify *qualify = WEIR_NODE_NEW(p->arena, QUALIFY, qualify);
        qualify->child = node;
        qualify->condition = block.qualify;
        node = weir_parse_mark(p, block.from, qualify);
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
            if (!weir_parse_identifier(p, &cte->name) || !weir_parse_column_names(p, &names))
                return false;
            weir_parse_accept_keyword(p, WEIR_KW_AS);
            if (!weir_parse_expect(p, WEIR_TOKEN_LPAREN))
                return false;
            weir_node *plan = weir_parse_query(p);
            if (!plan || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
                return false;
            /* The empty alias keeps the body's shape apart from what is built around it. */
            cte->plan = weir_parse_wrap(p, weir_parse_rename(p, plan, names, from), WEIR_STR(""));
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
        return weir_parse_refuse_word(p, " BY");
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
    return child;
}

/* OFFSET stands behind LIMIT in the text and below it in the plan. */
static weir_node *parse_offset(weir_parse *p, int32_t from, weir_node *node) {
    if (!weir_parse_accept_keyword(p, WEIR_KW_OFFSET))
        return node;
    weir_node_offset *offset = WEIR_NODE_NEW(p->arena, OFFSET, offset);
    weir_node_limit *limit = node->kind == WEIR_NODE_LIMIT ? WEIR_NODE_AS(node, LIMIT, limit) : NULL;
    offset->child = limit ? limit->child : node;
    if (!(offset->count = weir_parse_expr(p)))
        return NULL;
    weir_node *made = weir_parse_mark(p, from, offset);
    if (!limit)
        return made;
    limit->child = made;
    return node;
}

static bool refuse_rest(weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0);
    switch (token->keyword) {
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

/* ---- set operations ---- */

static weir_node *parse_query_primary(weir_parse *p) {
    if (weir_parse_accept(p, WEIR_TOKEN_LPAREN)) {
        weir_node *node = weir_parse_query(p);
        if (!node || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return NULL;
        return weir_parse_wrap(p, node, WEIR_STR(""));
    }
    if (weir_parse_is_keyword(p, 0, WEIR_KW_SELECT))
        return parse_select(p);
    if (weir_parse_starts_values(p))
        return weir_parse_inline_table(p);
    if (weir_parse_is_keyword(p, 0, WEIR_KW_TABLE) && weir_parse_starts_identifier(weir_parse_peek(p, 1))) {
        int32_t from = p->at++;
        weir_node_unresolved_relation *table =
            WEIR_NODE_NEW(p->arena, UNRESOLVED_RELATION, unresolved_relation);
        return weir_parse_multipart(p, &table->name) ? weir_parse_mark(p, from, table) : NULL;
    }
    if (is_statement(weir_parse_peek(p, 0)->keyword))
        return weir_parse_refuse_word(p, " statement");
    return weir_parse_fail_syntax(p, "");
}

/* ALL, DISTINCT or nothing, which is DISTINCT. */
static bool accept_all(weir_parse *p) {
    if (weir_parse_accept_keyword(p, WEIR_KW_ALL))
        return true;
    weir_parse_accept_keyword(p, WEIR_KW_DISTINCT);
    return false;
}

static weir_node *make_union(weir_parse *p, int32_t from, weir_node *left, weir_node *right, bool all) {
    weir_node_union *made = WEIR_NODE_NEW(p->arena, UNION, union);
    weir_node_list_add(p->arena, &made->children, left);
    weir_node_list_add(p->arena, &made->children, right);
    weir_node *node = weir_parse_mark(p, from, made);
    if (all)
        return node;
    weir_node_distinct *distinct = WEIR_NODE_NEW(p->arena, DISTINCT, distinct);
    distinct->child = node;
    return weir_parse_mark(p, from, distinct);
}

static weir_node *make_set(weir_parse *p, int32_t from, weir_node *left, weir_node *right, bool except,
                           bool all) {
    weir_node_set_operation *made = WEIR_NODE_NEW(p->arena, SET_OPERATION, set_operation);
    made->left = left;
    made->right = right;
    made->except = except;
    made->all = all;
    return weir_parse_mark(p, from, made);
}

/* INTERSECT binds tighter than the others. */
static weir_node *parse_intersections(weir_parse *p) {
    int32_t from = p->at;
    weir_node *node = parse_query_primary(p);
    while (node && weir_parse_accept_keyword(p, WEIR_KW_INTERSECT)) {
        bool all = accept_all(p);
        weir_node *right = parse_query_primary(p);
        node = right ? make_set(p, from, node, right, false, all) : NULL;
    }
    return node;
}

static weir_node *parse_query_term(weir_parse *p) {
    int32_t from = p->at;
    weir_node *node = parse_intersections(p);
    while (node) {
        bool is_union = weir_parse_accept_keyword(p, WEIR_KW_UNION);
        bool except = !is_union && (weir_parse_accept_keyword(p, WEIR_KW_EXCEPT) ||
                                    weir_parse_accept_keyword(p, WEIR_KW_MINUS));
        if (!is_union && !except)
            break;
        bool all = accept_all(p);
        weir_node *right = parse_intersections(p);
        if (!right)
            return NULL;
        node = is_union ? make_union(p, from, node, right, all) : make_set(p, from, node, right, true, all);
    }
    return node;
}

weir_node *weir_parse_query(weir_parse *p) {
    if (!weir_parse_enter(p))
        return NULL;
    weir_parse_cte *outer = p->ctes;
    int32_t from = p->at, windows_from = p->window_names.count;
    weir_node *node = parse_ctes(p) ? parse_query_term(p) : NULL;
    if (node && !refuse_rest(p))
        node = NULL;
    if (node)
        node = parse_sort(p, from, node);
    weir_parse_windows *windows = NULL;
    if (node && !weir_parse_window_clause(p, &windows))
        node = NULL;
    weir_parse_name_windows(p, windows, windows_from);
    if (node)
        node = parse_limit(p, from, node);
    if (node)
        node = parse_offset(p, from, node);
    if (node && !refuse_rest(p))
        node = NULL;
    p->ctes = outer;
    weir_parse_leave(p);
    return node;
}
