/* Boolean and value expressions, by precedence climbing (parser_int.h). Where a word could be an operator
 * or an alias ("a AND" at the end is `a AS AND`), it is an operator when an operand can follow. */
#include "driver/sql/parser_int.h"

weir_node *weir_parse_call(weir_parse *p, const char *name, weir_node *const *args, int32_t count) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(p->arena, UNRESOLVED_FUNCTION, unresolved_function);
    weir_parse_strs_add(p, &call->name, weir_str_from(name));
    call->args = weir_node_list_of(p->arena, args, count);
    return &call->node;
}

static weir_node *call1(weir_parse *p, int32_t from, const char *name, weir_node *arg) {
    return weir_parse_mark(p, from, weir_parse_call(p, name, &arg, 1));
}

static weir_node *call2(weir_parse *p, int32_t from, const char *name, weir_node *left, weir_node *right) {
    return weir_parse_mark(p, from, weir_parse_call(p, name, (weir_node *[]){left, right}, 2));
}

/* Can an operand begin at the token? */
static bool operand_follows(const weir_parse *p, int32_t ahead) {
    weir_token_kind kind = weir_parse_peek(p, ahead)->kind;
    return kind != WEIR_TOKEN_EOF && kind != WEIR_TOKEN_COMMA && kind != WEIR_TOKEN_RPAREN &&
           kind != WEIR_TOKEN_SEMICOLON;
}

/* ---- value expressions ---- */

typedef struct operator_info {
    const char *name; /* NULL: no operator here */
    int level;        /* binds tighter the higher it is */
    int tokens;
    bool negated;
} operator_info;

static operator_info shift_at(const weir_parse *p) {
    int run = 1;
    while (run < 3 && weir_parse_peek(p, run)->kind == WEIR_TOKEN_GT &&
           weir_parse_peek(p, run)->start == weir_parse_peek(p, run - 1)->end)
        run++;
    if (run == 1)
        return (operator_info){">", 1, 1, false};
    return (operator_info){run == 2 ? ">>" : ">>>", 5, run, false};
}

static operator_info operator_at(const weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0);
    switch (token->kind) {
    case WEIR_TOKEN_ASTERISK:
        return (operator_info){"*", 7, 1, false};
    case WEIR_TOKEN_SLASH:
        return (operator_info){"/", 7, 1, false};
    case WEIR_TOKEN_PERCENT:
        return (operator_info){"%", 7, 1, false};
    case WEIR_TOKEN_PLUS:
        return (operator_info){"+", 6, 1, false};
    case WEIR_TOKEN_MINUS:
        return (operator_info){"-", 6, 1, false};
    case WEIR_TOKEN_CONCAT:
        return (operator_info){"concat", 6, 1, false};
    case WEIR_TOKEN_SHIFT_LEFT:
        return (operator_info){"<<", 5, 1, false};
    case WEIR_TOKEN_GT:
        return shift_at(p);
    case WEIR_TOKEN_AMPERSAND:
        return (operator_info){"&", 4, 1, false};
    case WEIR_TOKEN_HAT:
        return (operator_info){"^", 3, 1, false};
    case WEIR_TOKEN_PIPE:
        return (operator_info){"|", 2, 1, false};
    case WEIR_TOKEN_EQ:
        return (operator_info){"=", 1, 1, false};
    case WEIR_TOKEN_NSEQ:
        return (operator_info){"<=>", 1, 1, false};
    case WEIR_TOKEN_NEQ:
    case WEIR_TOKEN_NEQJ:
        return (operator_info){"=", 1, 1, true};
    case WEIR_TOKEN_LT:
        return (operator_info){"<", 1, 1, false};
    case WEIR_TOKEN_LTE:
        return (operator_info){"<=", 1, 1, false};
    case WEIR_TOKEN_GTE:
        return (operator_info){">=", 1, 1, false};
    default:
        if (token->keyword == WEIR_KW_DIV && operand_follows(p, 1))
            return (operator_info){"div", 7, 1, false};
        return (operator_info){0};
    }
}

static weir_node *parse_unary(weir_parse *p) {
    int32_t from = p->at;
    weir_token_kind kind = weir_parse_kind(p), next = weir_parse_peek(p, 1)->kind;
    bool number = kind == WEIR_TOKEN_MINUS && next >= WEIR_TOKEN_INTEGER && next <= WEIR_TOKEN_BIGDECIMAL;
    if (number || (kind != WEIR_TOKEN_MINUS && kind != WEIR_TOKEN_PLUS && kind != WEIR_TOKEN_TILDE))
        return weir_parse_primary(p);
    p->at++;
    if (!weir_parse_enter(p))
        return NULL;
    weir_node *child = parse_unary(p);
    weir_parse_leave(p);
    if (!child)
        return NULL;
    const char *name = kind == WEIR_TOKEN_MINUS ? "negative" : kind == WEIR_TOKEN_PLUS ? "positive" : "~";
    return call1(p, from, name, child);
}

static weir_node *parse_operators(weir_parse *p, int level_min) {
    int32_t from = p->at;
    weir_node *left = parse_unary(p);
    while (left) {
        operator_info op = operator_at(p);
        if (!op.name || op.level < level_min)
            return left;
        p->at += op.tokens;
        weir_node *right = parse_operators(p, op.level + 1);
        if (!right)
            return NULL;
        left = call2(p, from, op.name, left, right);
        if (op.negated)
            left = call1(p, from, "not", left);
    }
    return left;
}

weir_node *weir_parse_value(weir_parse *p) {
    return parse_operators(p, 1);
}

/* ---- predicates: their place in the text begins at [NOT] IN, not at the operand ---- */

static weir_node *parse_between(weir_parse *p, int32_t from, weir_node *value) {
    weir_node *low = weir_parse_value(p);
    if (!low || !weir_parse_expect_keyword(p, WEIR_KW_AND))
        return NULL;
    weir_node *high = weir_parse_value(p);
    if (!high)
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, "between", (weir_node *[]){value, low, high}, 3));
}

/* value IN (query), (a, b) IN (query); the parenthesis is open. */
static weir_node *parse_in_query(weir_parse *p, int32_t from, weir_node *value) {
    weir_node_subquery *made = WEIR_NODE_NEW(p->arena, SUBQUERY, subquery);
    made->kind = WEIR_SUBQUERY_IN;
    if (!(made->plan = weir_parse_query(p)) || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    if (weir_parse_is_row(value))
        made->values = WEIR_NODE_AS(value, UNRESOLVED_FUNCTION, unresolved_function)->args;
    else
        weir_node_list_add(p->arena, &made->values, value);
    return weir_parse_mark(p, from, made);
}

static weir_node *parse_in(weir_parse *p, int32_t from, weir_node *value) {
    if (!weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return NULL;
    /* SELECT 'x' is a typed literal to Spark's grammar here. */
    bool literal =
        weir_parse_peek(p, 1)->kind == WEIR_TOKEN_STRING && weir_parse_peek(p, 2)->kind == WEIR_TOKEN_RPAREN;
    if (weir_parse_starts_query(p, 0) && !literal)
        return parse_in_query(p, from, value);
    if (weir_parse_accept(p, WEIR_TOKEN_RPAREN))
        return weir_parse_fail_here(
            p, from, weir_error_raise(p->err, WEIR_INVALID_SQL_SYNTAX__EMPTY_IN_PREDICATE, NULL));
    weir_node_list args = {0};
    weir_node_list_add(p->arena, &args, value);
    if (!weir_parse_exprs(p, &args, weir_parse_expr) || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, "in", args.items, args.count));
}

static weir_node *parse_like(weir_parse *p, int32_t from, weir_node *value, const char *name) {
    const weir_token *next = weir_parse_peek(p, 0);
    bool quantified =
        (next->keyword == WEIR_KW_ANY || next->keyword == WEIR_KW_ALL || next->keyword == WEIR_KW_SOME) &&
        weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN;
    if (quantified && strcmp(name, "rlike") != 0)
        return weir_parse_refuse(p, next, "LIKE ANY/ALL");
    weir_node *args[3] = {value, weir_parse_value(p), NULL};
    if (!args[1])
        return NULL;
    if (strcmp(name, "rlike") == 0 || !weir_parse_is_keyword(p, 0, WEIR_KW_ESCAPE) ||
        weir_parse_peek(p, 1)->kind != WEIR_TOKEN_STRING)
        return weir_parse_mark(p, from, weir_parse_call(p, name, args, 2));
    p->at++;
    int32_t at = p->at;
    weir_str escape = weir_lexer_string_value(p->arena, weir_parse_text(p, weir_parse_peek(p, 0)));
    p->at++;
    if (escape.size != 1) {
        const char *text = weir_arena_printf(p->arena, "\"'" WEIR_STR_FMT "'\"", WEIR_STR_ARG(escape));
        return weir_parse_fail_here(p, from,
                                    weir_error_raise(p->err, WEIR_INVALID_ESC, "invalidEscape", text, NULL));
    }
    args[2] = weir_parse_mark(p, at, weir_literal_string(p->arena, escape));
    return weir_parse_mark(p, from, weir_parse_call(p, name, args, 3));
}

static weir_node *parse_is(weir_parse *p, int32_t from, weir_node *value) {
    bool negated = weir_parse_accept_keyword(p, WEIR_KW_NOT) || weir_parse_accept(p, WEIR_TOKEN_BANG);
    weir_keyword keyword = weir_parse_peek(p, 0)->keyword;
    weir_node *node;
    switch (keyword) {
    case WEIR_KW_NULL:
    case WEIR_KW_UNKNOWN:
        p->at++;
        return call1(p, from, negated ? "isnotnull" : "isnull", value);
    case WEIR_KW_TRUE:
    case WEIR_KW_FALSE:
        p->at++;
        node = call2(p, from, "<=>", value,
                     weir_parse_mark(p, from, weir_literal_bool(p->arena, keyword == WEIR_KW_TRUE)));
        return negated ? call1(p, from, "not", node) : node;
    case WEIR_KW_DISTINCT: {
        p->at++;
        if (!weir_parse_expect_keyword(p, WEIR_KW_FROM))
            return NULL;
        weir_node *right = weir_parse_value(p);
        if (!right)
            return NULL;
        node = call2(p, from, "<=>", value, right);
        return negated ? node : call1(p, from, "not", node);
    }
    default:
        return weir_parse_fail_syntax(p, "");
    }
}

/* Which predicate begins at the token `ahead`; NONE where the word is no operator there. */
static weir_keyword predicate_at(const weir_parse *p, int32_t ahead) {
    weir_keyword keyword = weir_parse_peek(p, ahead)->keyword;
    switch (keyword) {
    case WEIR_KW_BETWEEN:
    case WEIR_KW_LIKE:
    case WEIR_KW_ILIKE:
    case WEIR_KW_RLIKE:
    case WEIR_KW_REGEXP:
        return operand_follows(p, ahead + 1) ? keyword : WEIR_KW_NONE;
    case WEIR_KW_IN:
        return weir_parse_peek(p, ahead + 1)->kind == WEIR_TOKEN_LPAREN ? keyword : WEIR_KW_NONE;
    default:
        return WEIR_KW_NONE;
    }
}

static bool is_follows(const weir_parse *p) {
    const weir_token *next = weir_parse_peek(p, 1);
    return next->kind == WEIR_TOKEN_BANG || next->keyword == WEIR_KW_NOT || next->keyword == WEIR_KW_NULL ||
           next->keyword == WEIR_KW_UNKNOWN || next->keyword == WEIR_KW_TRUE ||
           next->keyword == WEIR_KW_FALSE || next->keyword == WEIR_KW_DISTINCT;
}

static weir_node *parse_predicated(weir_parse *p) {
    weir_node *value = weir_parse_value(p);
    if (!value)
        return NULL;
    int32_t from = p->at;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_IS) && is_follows(p)) {
        p->at++;
        return parse_is(p, from, value);
    }
    bool negated = (weir_parse_is_keyword(p, 0, WEIR_KW_NOT) || weir_parse_kind(p) == WEIR_TOKEN_BANG) &&
                   predicate_at(p, 1) != WEIR_KW_NONE;
    weir_keyword keyword = predicate_at(p, negated);
    if (keyword == WEIR_KW_NONE)
        return value;
    p->at += 1 + negated;
    weir_node *node = keyword == WEIR_KW_BETWEEN ? parse_between(p, from, value)
                      : keyword == WEIR_KW_IN    ? parse_in(p, from, value)
                      : keyword == WEIR_KW_LIKE  ? parse_like(p, from, value, "like")
                      : keyword == WEIR_KW_ILIKE ? parse_like(p, from, value, "ilike")
                                                 : parse_like(p, from, value, "rlike");
    return node && negated ? call1(p, from, "not", node) : node;
}

/* ---- boolean expressions ---- */

static weir_node *parse_exists(weir_parse *p) {
    int32_t from = p->at;
    weir_node_subquery *made = WEIR_NODE_NEW(p->arena, SUBQUERY, subquery);
    p->at += 2;
    made->kind = WEIR_SUBQUERY_EXISTS;
    if (!(made->plan = weir_parse_query(p)) || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, made);
}

static weir_node *parse_not(weir_parse *p) {
    int32_t from = p->at;
    bool word = weir_parse_is_keyword(p, 0, WEIR_KW_NOT) && operand_follows(p, 1);
    if (!word && weir_parse_kind(p) != WEIR_TOKEN_BANG) {
        if (weir_parse_is_keyword(p, 0, WEIR_KW_EXISTS) && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN &&
            weir_parse_starts_query(p, 2))
            return parse_exists(p);
        return parse_predicated(p);
    }
    p->at++;
    if (!weir_parse_enter(p))
        return NULL;
    weir_node *child = parse_not(p);
    weir_parse_leave(p);
    return child ? call1(p, from, "not", child) : NULL;
}

/* A balanced tree over items [low, high], as Spark builds it: chains stay shallow. */
static weir_node *balance(weir_parse *p, int32_t from, weir_node_list list, int32_t low, int32_t high,
                          bool is_and) {
    if (low == high)
        return list.items[low];
    int32_t middle = low + (high - low) / 2;
    weir_node *left = balance(p, from, list, low, middle, is_and);
    weir_node *right = balance(p, from, list, middle + 1, high, is_and);
    if (is_and) {
        weir_node_and *node = WEIR_NODE_NEW(p->arena, AND, and);
        node->left = left;
        node->right = right;
        return weir_parse_mark(p, from, node);
    }
    weir_node_or *node = WEIR_NODE_NEW(p->arena, OR, or);
    node->left = left;
    node->right = right;
    return weir_parse_mark(p, from, node);
}

static weir_node *parse_chain(weir_parse *p, weir_keyword keyword, weir_node *(*item)(weir_parse *p)) {
    int32_t from = p->at;
    weir_node_list list = {0};
    do {
        weir_node *node = item(p);
        if (!node)
            return NULL;
        weir_node_list_add(p->arena, &list, node);
    } while (weir_parse_is_keyword(p, 0, keyword) && operand_follows(p, 1) &&
             weir_parse_accept_keyword(p, keyword));
    return balance(p, from, list, 0, list.count - 1, keyword == WEIR_KW_AND);
}

static weir_node *parse_and(weir_parse *p) {
    return parse_chain(p, WEIR_KW_AND, parse_not);
}

weir_node *weir_parse_expr(weir_parse *p) {
    if (!weir_parse_enter(p))
        return NULL;
    weir_node *node = parse_chain(p, WEIR_KW_OR, parse_and);
    weir_parse_leave(p);
    return node;
}

/* ---- named expressions, lists, sort items ---- */

/* Words that may begin the next clause: an alias only where nothing but the end follows them. */
static bool begins_clause(weir_keyword keyword) {
    switch (keyword) {
    case WEIR_KW_FROM:
    case WEIR_KW_WHERE:
    case WEIR_KW_GROUP:
    case WEIR_KW_HAVING:
    case WEIR_KW_ORDER:
    case WEIR_KW_SORT:
    case WEIR_KW_CLUSTER:
    case WEIR_KW_DISTRIBUTE:
    case WEIR_KW_LIMIT:
    case WEIR_KW_OFFSET:
    case WEIR_KW_UNION:
    case WEIR_KW_EXCEPT:
    case WEIR_KW_MINUS:
    case WEIR_KW_INTERSECT:
    case WEIR_KW_LATERAL:
    case WEIR_KW_QUALIFY:
    case WEIR_KW_WINDOW:
        return true;
    default:
        return false;
    }
}

/* AS (a, b) */
static weir_node *parse_alias_list(weir_parse *p, int32_t from, weir_node *child) {
    weir_node_multi_alias *alias = WEIR_NODE_NEW(p->arena, MULTI_ALIAS, multi_alias);
    alias->child = child;
    p->at += 2;
    do {
        weir_str name;
        if (!weir_parse_identifier(p, &name))
            return NULL;
        weir_parse_strs_add(p, &alias->names, name);
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    return weir_parse_expect(p, WEIR_TOKEN_RPAREN) ? weir_parse_mark(p, from, alias) : NULL;
}

weir_node *weir_parse_named_expr(weir_parse *p) {
    int32_t from = p->at;
    weir_node *child = weir_parse_expr(p);
    if (!child)
        return NULL;
    const weir_token *token = weir_parse_peek(p, 0), *next = weir_parse_peek(p, 1);
    bool as = token->keyword == WEIR_KW_AS && weir_parse_starts_identifier(next);
    if (token->keyword == WEIR_KW_AS && next->kind == WEIR_TOKEN_LPAREN)
        return parse_alias_list(p, from, child);
    if (token->keyword == WEIR_KW_AS && !as && next->kind != WEIR_TOKEN_EOF &&
        next->kind != WEIR_TOKEN_COMMA && next->kind != WEIR_TOKEN_RPAREN) {
        p->at++;
        return weir_parse_fail_syntax(p, "");
    }
    bool closing =
        next->kind == WEIR_TOKEN_EOF || next->kind == WEIR_TOKEN_COMMA || next->kind == WEIR_TOKEN_RPAREN;
    if (!as && (!weir_parse_starts_identifier(token) || (begins_clause(token->keyword) && !closing)))
        return child;
    p->at += as;
    weir_node_alias *alias = WEIR_NODE_NEW(p->arena, ALIAS, alias);
    alias->child = child;
    if (!weir_parse_identifier(p, &alias->name))
        return NULL;
    return weir_parse_mark(p, from, alias);
}

bool weir_parse_exprs(weir_parse *p, weir_node_list *ret, weir_node *(*item)(weir_parse *p)) {
    do {
        weir_node *node = item(p);
        if (!node)
            return false;
        weir_node_list_add(p->arena, ret, node);
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    return true;
}

weir_node *weir_parse_sort_item(weir_parse *p) {
    int32_t from = p->at;
    weir_node_sort_order *order = WEIR_NODE_NEW(p->arena, SORT_ORDER, sort_order);
    order->child = weir_parse_expr(p);
    if (!order->child)
        return NULL;
    order->ascending = true;
    if (weir_parse_accept_keyword(p, WEIR_KW_DESC))
        order->ascending = false;
    else
        weir_parse_accept_keyword(p, WEIR_KW_ASC);
    order->nulls_first = order->ascending;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_NULLS) &&
        (weir_parse_is_keyword(p, 1, WEIR_KW_FIRST) || weir_parse_is_keyword(p, 1, WEIR_KW_LAST))) {
        order->nulls_first = weir_parse_is_keyword(p, 1, WEIR_KW_FIRST);
        p->at += 2;
    }
    return weir_parse_mark(p, from, order);
}
