/* LATERAL VIEW [OUTER] f(...) t [[AS] a, b], one or several behind FROM (parser_int.h): each is a GENERATE
 * over what stands before it. */
#include "driver/sql/parser_int.h"

/* Words that begin the next clause and so are no column without AS. */
static bool ends_view(const weir_parse *p) {
    switch (weir_parse_peek(p, 0)->keyword) {
    case WEIR_KW_CLUSTER:
    case WEIR_KW_CROSS:
    case WEIR_KW_DISTRIBUTE:
    case WEIR_KW_EXCEPT:
    case WEIR_KW_FULL:
    case WEIR_KW_GROUP:
    case WEIR_KW_HAVING:
    case WEIR_KW_INNER:
    case WEIR_KW_INTERSECT:
    case WEIR_KW_JOIN:
    case WEIR_KW_LATERAL:
    case WEIR_KW_LEFT:
    case WEIR_KW_LIMIT:
    case WEIR_KW_MINUS:
    case WEIR_KW_OFFSET:
    case WEIR_KW_ORDER:
    case WEIR_KW_PIVOT:
    case WEIR_KW_RIGHT:
    case WEIR_KW_SELECT:
    case WEIR_KW_SORT:
    case WEIR_KW_UNION:
    case WEIR_KW_UNPIVOT:
    case WEIR_KW_WHERE:
    case WEIR_KW_WINDOW:
        return true;
    default:
        return false;
    }
}

/* f(...), without the FILTER and OVER that may follow other calls. */
static weir_node *parse_generator(weir_parse *p) {
    int32_t from = p->at;
    weir_node_unresolved_function *call = WEIR_NODE_NEW(p->arena, UNRESOLVED_FUNCTION, unresolved_function);
    if (!weir_parse_multipart(p, &call->name) || !weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return NULL;
    if (weir_parse_kind(p) != WEIR_TOKEN_RPAREN && !weir_parse_exprs(p, &call->args, weir_parse_expr))
        return NULL;
    return weir_parse_expect(p, WEIR_TOKEN_RPAREN) ? weir_parse_mark(p, from, call) : NULL;
}

static bool parse_columns(weir_parse *p, weir_node_generate *view) {
    bool as = weir_parse_accept_keyword(p, WEIR_KW_AS);
    if (!as && (!weir_parse_starts_identifier(weir_parse_peek(p, 0)) || ends_view(p)))
        return true;
    do {
        weir_str name;
        if (!weir_parse_identifier(p, &name))
            return false;
        weir_parse_strs_add(p, &view->names, name);
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    return true;
}

bool weir_parse_lateral_views(weir_parse *p, weir_node **child) {
    while (weir_parse_is_keyword(p, 0, WEIR_KW_LATERAL) && weir_parse_is_keyword(p, 1, WEIR_KW_VIEW)) {
        int32_t from = p->at;
        weir_node_generate *view = WEIR_NODE_NEW(p->arena, GENERATE, generate);
        p->at += 2;
        view->child = *child;
        view->outer = weir_parse_is_keyword(p, 0, WEIR_KW_OUTER) &&
                      weir_parse_peek(p, 1)->kind != WEIR_TOKEN_LPAREN &&
                      weir_parse_accept_keyword(p, WEIR_KW_OUTER);
        view->generator = parse_generator(p);
        if (!view->generator || !weir_parse_identifier(p, &view->alias) || !parse_columns(p, view))
            return false;
        *child = weir_parse_mark(p, from, view);
    }
    return true;
}
