/* Window functions (parser_int.h): what stands behind a call (IGNORE NULLS, OVER), the WINDOW clause, and
 * where QUALIFY begins. A call whose window has a name waits in p->window_names for the clause, which comes
 * later in the text; what never meets one is the analyzer's error. */
#include "driver/sql/parser_int.h"

/* ---- frames ---- */

/* Literals, casts of them and operators between them: what the parser can call constant. */
static bool is_open(const weir_node *node, void *data) {
    (void)data;
    if (node->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        return node->kind != WEIR_NODE_LITERAL && node->kind != WEIR_NODE_CAST;
    weir_str name = WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function)->name.items[0];
    static const char *const operators[] = {"+", "-", "*", "/", "%",        "div",
                                            "&", "|", "^", "~", "negative", "positive"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(operators); i++)
        if (weir_str_equal(name, weir_str_from(operators[i])))
            return false;
    return true;
}

static bool fail_bound(weir_parse *p, int32_t from) {
    weir_parse_fail_here(p, from,
                         weir_error_raise(p->err, WEIR_INVALID_SQL_SYNTAX__INVALID_WINDOW_FRAME_BOUND, NULL));
    return false;
}

/* UNBOUNDED PRECEDING | CURRENT ROW | value FOLLOWING | ... */
static bool parse_bound(weir_parse *p, int64_t *ret_bound, weir_node **ret_value) {
    int32_t from = p->at;
    bool behind = weir_parse_is_keyword(p, 1, WEIR_KW_FOLLOWING);
    if (weir_parse_is_keyword(p, 0, WEIR_KW_UNBOUNDED) &&
        (behind || weir_parse_is_keyword(p, 1, WEIR_KW_PRECEDING))) {
        *ret_bound = behind ? WEIR_BOUND_UNBOUNDED_FOLLOWING : WEIR_BOUND_UNBOUNDED_PRECEDING;
        p->at += 2;
        return true;
    }
    if (weir_parse_is_keyword(p, 0, WEIR_KW_CURRENT) && weir_parse_is_keyword(p, 1, WEIR_KW_ROW)) {
        *ret_bound = WEIR_BOUND_CURRENT_ROW;
        p->at += 2;
        return true;
    }
    weir_node *value = weir_parse_expr(p);
    if (!value)
        return false;
    if (weir_parse_kind(p) == WEIR_TOKEN_RPAREN)
        return weir_parse_fail_syntax(p, ": missing {'FOLLOWING', 'PRECEDING'}") != NULL;
    bool preceding = weir_parse_accept_keyword(p, WEIR_KW_PRECEDING);
    if (!preceding && !weir_parse_expect_keyword(p, WEIR_KW_FOLLOWING))
        return false;
    if (weir_node_any(value, is_open, NULL))
        return fail_bound(p, from);
    *ret_bound = WEIR_BOUND_VALUE;
    *ret_value = preceding ? weir_parse_call(p, "negative", &value, 1) : value;
    return true;
}

static bool parse_frame(weir_parse *p, weir_node_window_spec *spec) {
    bool range = weir_parse_is_keyword(p, 0, WEIR_KW_RANGE);
    if (!range && !weir_parse_is_keyword(p, 0, WEIR_KW_ROWS))
        return true;
    p->at++;
    spec->frame = range ? WEIR_FRAME_RANGE : WEIR_FRAME_ROWS;
    spec->upper = WEIR_BOUND_CURRENT_ROW;
    if (!weir_parse_accept_keyword(p, WEIR_KW_BETWEEN))
        return parse_bound(p, &spec->lower, &spec->lower_value);
    return parse_bound(p, &spec->lower, &spec->lower_value) && weir_parse_expect_keyword(p, WEIR_KW_AND) &&
           parse_bound(p, &spec->upper, &spec->upper_value);
}

/* ---- windows ---- */

static bool accept_by(weir_parse *p, weir_keyword first, weir_keyword second) {
    bool is = weir_parse_is_keyword(p, 0, first) || weir_parse_is_keyword(p, 0, second);
    if (!is || !weir_parse_is_keyword(p, 1, WEIR_KW_BY))
        return false;
    p->at += 2;
    return true;
}

static bool parse_definition(weir_parse *p, weir_node_window_spec *spec) {
    if (accept_by(p, WEIR_KW_CLUSTER, WEIR_KW_CLUSTER)) {
        if (!weir_parse_exprs(p, &spec->partition, weir_parse_expr))
            return false;
    } else {
        if (accept_by(p, WEIR_KW_PARTITION, WEIR_KW_DISTRIBUTE) &&
            !weir_parse_exprs(p, &spec->partition, weir_parse_expr))
            return false;
        if (accept_by(p, WEIR_KW_ORDER, WEIR_KW_SORT) &&
            !weir_parse_exprs(p, &spec->orders, weir_parse_sort_item))
            return false;
    }
    return parse_frame(p, spec) && weir_parse_expect(p, WEIR_TOKEN_RPAREN);
}

static bool starts_definition(const weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0);
    switch (token->keyword) {
    case WEIR_KW_CLUSTER:
    case WEIR_KW_DISTRIBUTE:
    case WEIR_KW_ORDER:
    case WEIR_KW_PARTITION:
    case WEIR_KW_SORT:
        return weir_parse_is_keyword(p, 1, WEIR_KW_BY);
    case WEIR_KW_RANGE:
    case WEIR_KW_ROWS:
        return true;
    default:
        return token->kind == WEIR_TOKEN_RPAREN;
    }
}

/* name | (name) | (definition): gives a WINDOW_SPEC, or NULL and the name. */
static bool parse_window(weir_parse *p, weir_node **ret_spec, weir_str *ret_name) {
    int32_t from = p->at;
    if (!weir_parse_accept(p, WEIR_TOKEN_LPAREN))
        return weir_parse_identifier(p, ret_name);
    if (weir_parse_starts_identifier(weir_parse_peek(p, 0)) &&
        weir_parse_peek(p, 1)->kind == WEIR_TOKEN_RPAREN) {
        bool named = weir_parse_identifier(p, ret_name);
        p->at++;
        return named;
    }
    if (!starts_definition(p)) {
        p->at = from;
        return weir_parse_fail_syntax(p, "") != NULL;
    }
    if (!weir_parse_enter(p))
        return false;
    weir_node_window_spec *spec = WEIR_NODE_NEW(p->arena, WINDOW_SPEC, window_spec);
    bool ok = parse_definition(p, spec);
    weir_parse_leave(p);
    *ret_spec = weir_parse_mark(p, from, spec);
    return ok;
}

/* ---- calls ---- */

static bool accept_nulls(weir_parse *p, weir_node_unresolved_function *call) {
    bool ignore = weir_parse_is_keyword(p, 0, WEIR_KW_IGNORE);
    if ((!ignore && !weir_parse_is_keyword(p, 0, WEIR_KW_RESPECT)) ||
        !weir_parse_is_keyword(p, 1, WEIR_KW_NULLS))
        return false;
    p->at += 2;
    call->nulls = ignore ? WEIR_NULLS_IGNORE : WEIR_NULLS_RESPECT;
    return true;
}

bool weir_parse_inner_nulls(weir_parse *p, weir_node_unresolved_function *call) {
    static const char *const names[] = {"first", "last", "any_value"};
    bool known = false;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        known |= weir_str_equal_nocase(call->name.items[0], weir_str_from(names[i]));
    if (!known || call->name.count != 1 || call->args.count != 1 || call->distinct ||
        !weir_parse_is_keyword(p, 0, WEIR_KW_IGNORE) || !weir_parse_is_keyword(p, 1, WEIR_KW_NULLS) ||
        weir_parse_peek(p, 2)->kind != WEIR_TOKEN_RPAREN)
        return false;
    call->nulls = WEIR_NULLS_IGNORE;
    p->at += 3;
    return true;
}

weir_node *weir_parse_over(weir_parse *p, int32_t from, weir_node_unresolved_function *call) {
    accept_nulls(p, call);
    weir_parse_mark(p, from, call);
    const weir_token *next = weir_parse_peek(p, 1);
    if (!weir_parse_is_keyword(p, 0, WEIR_KW_OVER) ||
        (next->kind != WEIR_TOKEN_LPAREN && !weir_parse_starts_identifier(next)))
        return &call->node;
    p->at++;
    weir_node_unresolved_window *node = WEIR_NODE_NEW(p->arena, UNRESOLVED_WINDOW, unresolved_window);
    node->call = &call->node;
    if (!parse_window(p, &node->spec, &node->name))
        return NULL;
    if (!node->spec)
        weir_node_list_add(p->arena, &p->window_names, &node->node);
    return weir_parse_mark(p, from, node);
}

/* ---- the WINDOW clause ---- */

struct weir_parse_windows {
    weir_str name, reference; /* to another one, where there is no spec */
    weir_node *spec;
    struct weir_parse_windows *before;
};
typedef weir_parse_windows named_window;

static named_window *find_window(named_window *windows, weir_str name) {
    while (windows && !weir_str_equal(windows->name, name))
        windows = windows->before;
    return windows;
}

static bool fail_window(weir_parse *p, int32_t from, weir_code condition, weir_str name) {
    const char *quoted = weir_arena_printf(p->arena, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(name));
    weir_parse_fail_here(p, from, weir_error_raise(p->err, condition, "windowName", quoted, NULL));
    return false;
}

/* w2 AS w1 stands for what w1 is; names of names are refused, the first of them in the text. */
static bool resolve_references(weir_parse *p, int32_t from, named_window *windows, named_window *window) {
    if (window->before && !resolve_references(p, from, windows, window->before))
        return false;
    if (!window->spec) {
        named_window *target = find_window(windows, window->reference);
        if (!target)
            return fail_window(p, from, WEIR_INVALID_SQL_SYNTAX__UNRESOLVED_WINDOW_REFERENCE,
                               window->reference);
        if (!target->spec || target->reference.data)
            return fail_window(p, from, WEIR_INVALID_SQL_SYNTAX__INVALID_WINDOW_REFERENCE, window->reference);
        window->spec = target->spec;
    }
    return true;
}

bool weir_parse_window_clause(weir_parse *p, weir_parse_windows **ret) {
    int32_t from = p->at;
    *ret = NULL;
    if (!weir_parse_is_keyword(p, 0, WEIR_KW_WINDOW) || !weir_parse_starts_identifier(weir_parse_peek(p, 1)))
        return true;
    p->at++;
    named_window *windows = NULL, *again = NULL;
    do {
        named_window *window = WEIR_NEW(p->arena, named_window);
        if (!weir_parse_identifier(p, &window->name) || !weir_parse_expect_keyword(p, WEIR_KW_AS) ||
            !parse_window(p, &window->spec, &window->reference))
            return false;
        again = again ? again : find_window(windows, window->name);
        window->before = windows;
        windows = window;
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    if (again)
        return fail_window(p, from, WEIR_INVALID_SQL_SYNTAX__REPETITIVE_WINDOW_DEFINITION, again->name);
    *ret = windows;
    return resolve_references(p, from, windows, windows);
}

void weir_parse_name_windows(weir_parse *p, weir_parse_windows *windows, int32_t calls_from) {
    for (int32_t i = calls_from; windows && i < p->window_names.count; i++) {
        weir_node_unresolved_window *call =
            WEIR_NODE_AS(p->window_names.items[i], UNRESOLVED_WINDOW, unresolved_window);
        named_window *window = find_window(windows, call->name);
        call->spec = window ? window->spec : NULL;
    }
    p->window_names.count = windows ? calls_from : p->window_names.count;
}

/* ---- QUALIFY ---- */

bool weir_parse_starts_qualify(const weir_parse *p) {
    if (!weir_parse_is_keyword(p, 0, WEIR_KW_QUALIFY))
        return false;
    const weir_token *next = weir_parse_peek(p, 1);
    switch (next->kind) {
    case WEIR_TOKEN_EOF:
    case WEIR_TOKEN_COMMA:
    case WEIR_TOKEN_RPAREN:
    case WEIR_TOKEN_SEMICOLON:
        return false;
    default:
        break;
    }
    switch (next->keyword) {
    case WEIR_KW_GROUP:
    case WEIR_KW_HAVING:
    case WEIR_KW_LIMIT:
    case WEIR_KW_ORDER:
    case WEIR_KW_QUALIFY:
    case WEIR_KW_UNION:
    case WEIR_KW_WHERE:
    case WEIR_KW_WINDOW:
        return false;
    default:
        return true;
    }
}
