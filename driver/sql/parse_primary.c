/* Primary expressions: names, calls, special forms, and what may follow them (parser_int.h). A word begins
 * a special form only where the text has its shape; else it is a name like any other. */
#include "driver/sql/parser_int.h"

/* Looks for `keyword` at the parenthesis level of the call whose '(' is the token `ahead`. */
static bool call_has_keyword(const weir_parse *p, int32_t ahead, weir_keyword keyword) {
    int32_t level = 0;
    for (int32_t i = ahead;; i++) {
        const weir_token *token = weir_parse_peek(p, i);
        if (token->kind == WEIR_TOKEN_EOF)
            return false;
        level += (token->kind == WEIR_TOKEN_LPAREN) - (token->kind == WEIR_TOKEN_RPAREN);
        if (level == 0)
            return false;
        if (level == 1 && token->keyword == keyword)
            return true;
    }
}

/* Is there an END for the CASE at hand at its own parenthesis level? CASE END is a named column. */
static bool case_has_end(const weir_parse *p) {
    int32_t level = 0;
    for (int32_t i = 1;; i++) {
        const weir_token *token = weir_parse_peek(p, i);
        level += (token->kind == WEIR_TOKEN_LPAREN) - (token->kind == WEIR_TOKEN_RPAREN);
        if (token->kind == WEIR_TOKEN_EOF || level < 0)
            return false;
        if (level == 0 && token->keyword == WEIR_KW_END)
            return i > 1;
    }
}

static weir_node *parse_case(weir_parse *p) {
    int32_t from = p->at++;
    weir_node_case *node = WEIR_NODE_NEW(p->arena, CASE, case);
    weir_node *subject = NULL;
    if (!weir_parse_is_keyword(p, 0, WEIR_KW_WHEN) && !(subject = weir_parse_expr(p)))
        return NULL;
    do {
        if (!weir_parse_expect_keyword(p, WEIR_KW_WHEN))
            return NULL;
        weir_node *when = weir_parse_expr(p);
        if (!when || !weir_parse_expect_keyword(p, WEIR_KW_THEN))
            return NULL;
        weir_node *then = weir_parse_expr(p);
        if (!then)
            return NULL;
        weir_node_list_add(p->arena, &node->branches, when);
        weir_node_list_add(p->arena, &node->branches, then);
    } while (weir_parse_is_keyword(p, 0, WEIR_KW_WHEN));
    if (weir_parse_accept_keyword(p, WEIR_KW_ELSE) && !(node->otherwise = weir_parse_expr(p)))
        return NULL;
    if (!weir_parse_expect_keyword(p, WEIR_KW_END))
        return NULL;
    /* CASE x WHEN v: each condition becomes x = v, placed where the whole CASE stands. */
    for (int32_t i = 0; subject && i < node->branches.count; i += 2) {
        weir_node *equal = weir_parse_call(p, "=", (weir_node *[]){subject, node->branches.items[i]}, 2);
        node->branches.items[i] = weir_parse_mark(p, from, equal);
    }
    return weir_parse_mark(p, from, node);
}

static weir_node *make_cast(weir_parse *p, int32_t from, weir_node *child, const weir_type *type,
                            int64_t mode) {
    if (type->kind == WEIR_TYPE_CHAR || type->kind == WEIR_TYPE_VARCHAR)
        type = weir_type_of(WEIR_TYPE_STRING); /* Spark casts to these as to STRING */
    weir_node_cast *cast = WEIR_NODE_NEW(p->arena, CAST, cast);
    cast->child = child;
    cast->mode = mode;
    cast->explicit = true;
    cast->node.type = type;
    return weir_parse_mark(p, from, cast);
}

static weir_node *parse_cast(weir_parse *p) {
    int32_t from = p->at;
    bool try = weir_parse_is_keyword(p, 0, WEIR_KW_TRY_CAST);
    p->at += 2;
    weir_node *child = weir_parse_expr(p);
    if (!child || !weir_parse_expect_keyword(p, WEIR_KW_AS))
        return NULL;
    const weir_type *type = weir_parse_type(p);
    if (!type || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return make_cast(p, from, child, type, try ? WEIR_CAST_TRY : WEIR_CAST_ANSI);
}

static weir_node *parse_extract(weir_parse *p) {
    int32_t from = p->at;
    p->at += 2;
    int32_t at = p->at;
    weir_str field;
    if (!weir_parse_identifier(p, &field))
        return NULL;
    weir_node *unit = weir_parse_mark(p, at, weir_literal_string(p->arena, field));
    if (!weir_parse_expect_keyword(p, WEIR_KW_FROM))
        return NULL;
    weir_node *child = weir_parse_value(p);
    if (!child || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, "extract", (weir_node *[]){unit, child}, 2));
}

static weir_node *parse_substring(weir_parse *p) {
    int32_t from = p->at;
    const char *name = weir_parse_is_keyword(p, 0, WEIR_KW_SUBSTR) ? "substr" : "substring";
    p->at += 2;
    weir_node *args[3] = {weir_parse_value(p), NULL, NULL};
    if (!args[0] || !weir_parse_expect_keyword(p, WEIR_KW_FROM) || !(args[1] = weir_parse_value(p)))
        return NULL;
    if (weir_parse_accept_keyword(p, WEIR_KW_FOR) && !(args[2] = weir_parse_value(p)))
        return NULL;
    if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, name, args, args[2] ? 3 : 2));
}

/* TRIM([BOTH | LEADING | TRAILING] [chars] FROM text) */
static weir_node *parse_trim(weir_parse *p) {
    int32_t from = p->at;
    p->at += 2;
    const char *name = "trim";
    if (weir_parse_accept_keyword(p, WEIR_KW_LEADING))
        name = "ltrim";
    else if (weir_parse_accept_keyword(p, WEIR_KW_TRAILING))
        name = "rtrim";
    else
        weir_parse_accept_keyword(p, WEIR_KW_BOTH);
    weir_node *chars = NULL;
    if (!weir_parse_is_keyword(p, 0, WEIR_KW_FROM) && !(chars = weir_parse_value(p)))
        return NULL;
    if (!weir_parse_expect_keyword(p, WEIR_KW_FROM))
        return NULL;
    weir_node *text = weir_parse_value(p);
    if (!text || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    weir_node *args[2] = {chars ? chars : text, text};
    return weir_parse_mark(p, from, weir_parse_call(p, name, args, chars ? 2 : 1));
}

static weir_node *parse_position(weir_parse *p) {
    int32_t from = p->at;
    p->at += 2;
    weir_node *part = weir_parse_value(p);
    if (!part || !weir_parse_expect_keyword(p, WEIR_KW_IN))
        return NULL;
    weir_node *text = weir_parse_value(p);
    if (!text || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, "locate", (weir_node *[]){part, text}, 2));
}

static weir_node *parse_overlay(weir_parse *p) {
    int32_t from = p->at;
    p->at += 2;
    weir_node *args[4] = {weir_parse_value(p), NULL, NULL, NULL};
    if (!args[0] || !weir_parse_expect_keyword(p, WEIR_KW_PLACING) || !(args[1] = weir_parse_value(p)) ||
        !weir_parse_expect_keyword(p, WEIR_KW_FROM) || !(args[2] = weir_parse_value(p)))
        return NULL;
    if (weir_parse_accept_keyword(p, WEIR_KW_FOR) && !(args[3] = weir_parse_value(p)))
        return NULL;
    if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, "overlay", args, args[3] ? 4 : 3));
}

/* TIMESTAMPADD(unit, n, time) and its kin: the unit is a word, not a column. */
static weir_node *parse_unit_call(weir_parse *p, const char *name) {
    int32_t from = p->at;
    p->at += 2;
    int32_t at = p->at;
    weir_str unit;
    if (!weir_parse_identifier(p, &unit))
        return NULL;
    weir_node_list args = {0};
    weir_node_list_add(p->arena, &args, weir_parse_mark(p, at, weir_literal_string(p->arena, unit)));
    if (!weir_parse_expect(p, WEIR_TOKEN_COMMA) || !weir_parse_exprs(p, &args, weir_parse_value) ||
        !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, weir_parse_call(p, name, args.items, args.count));
}

static bool is_datetime_unit(weir_keyword keyword) {
    switch (keyword) {
    case WEIR_KW_YEAR:
    case WEIR_KW_QUARTER:
    case WEIR_KW_MONTH:
    case WEIR_KW_WEEK:
    case WEIR_KW_DAY:
    case WEIR_KW_DAYOFYEAR:
    case WEIR_KW_HOUR:
    case WEIR_KW_MINUTE:
    case WEIR_KW_SECOND:
    case WEIR_KW_MILLISECOND:
    case WEIR_KW_MICROSECOND:
        return true;
    default:
        return false;
    }
}

/* The special form that begins at hand; *ret_is is false where the words make an ordinary name. */
static weir_node *parse_special(weir_parse *p, bool *ret_is) {
    const weir_token *token = weir_parse_peek(p, 0);
    bool call = weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN;
    const weir_token *argument = weir_parse_peek(p, 2);
    bool unit =
        call && is_datetime_unit(argument->keyword) && weir_parse_peek(p, 3)->kind == WEIR_TOKEN_COMMA;
    *ret_is = true;
    switch (token->keyword) {
    case WEIR_KW_NULL:
        p->at++;
        return weir_parse_mark(p, p->at - 1, weir_literal_null(p->arena, weir_type_of(WEIR_TYPE_NULL)));
    case WEIR_KW_TRUE:
    case WEIR_KW_FALSE:
        p->at++;
        return weir_parse_mark(p, p->at - 1, weir_literal_bool(p->arena, token->keyword == WEIR_KW_TRUE));
    case WEIR_KW_CASE:
        if (case_has_end(p))
            return parse_case(p);
        break;
    case WEIR_KW_CAST:
    case WEIR_KW_TRY_CAST:
        if (call && call_has_keyword(p, 1, WEIR_KW_AS))
            return parse_cast(p);
        break;
    case WEIR_KW_EXTRACT:
        if (call && weir_parse_is_keyword(p, 3, WEIR_KW_FROM))
            return parse_extract(p);
        break;
    case WEIR_KW_SUBSTR:
    case WEIR_KW_SUBSTRING:
        if (call && call_has_keyword(p, 1, WEIR_KW_FROM))
            return parse_substring(p);
        break;
    case WEIR_KW_TRIM:
        if (call && call_has_keyword(p, 1, WEIR_KW_FROM))
            return parse_trim(p);
        break;
    case WEIR_KW_POSITION:
        if (call && call_has_keyword(p, 1, WEIR_KW_IN))
            return parse_position(p);
        break;
    case WEIR_KW_OVERLAY:
        if (call && call_has_keyword(p, 1, WEIR_KW_PLACING))
            return parse_overlay(p);
        break;
    case WEIR_KW_TIMESTAMPADD:
    case WEIR_KW_DATEADD:
    case WEIR_KW_DATE_ADD:
        if (unit)
            return parse_unit_call(p, "timestampadd");
        break;
    case WEIR_KW_TIMESTAMPDIFF:
    case WEIR_KW_DATEDIFF:
    case WEIR_KW_DATE_DIFF:
        if (unit)
            return parse_unit_call(p, "timestampdiff");
        break;
    case WEIR_KW_IDENTIFIER:
        if (call)
            return weir_parse_refuse(p, token, "IDENTIFIER clause");
        break;
    default:
        break;
    }
    *ret_is = false;
    return NULL;
}

/* What may stand behind a call's parenthesis. */
static bool parse_call_tail(weir_parse *p, weir_node_unresolved_function *call) {
    const weir_token *token = weir_parse_peek(p, 0);
    if (token->keyword == WEIR_KW_WITHIN && weir_parse_is_keyword(p, 1, WEIR_KW_GROUP)) {
        p->at += 2;
        if (!weir_parse_expect(p, WEIR_TOKEN_LPAREN) || !weir_parse_expect_keyword(p, WEIR_KW_ORDER) ||
            !weir_parse_expect_keyword(p, WEIR_KW_BY) ||
            !weir_parse_exprs(p, &call->orders, weir_parse_sort_item) ||
            !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return false;
        token = weir_parse_peek(p, 0);
    }
    if (token->keyword == WEIR_KW_FILTER && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN) {
        p->at += 2;
        if (!weir_parse_expect_keyword(p, WEIR_KW_WHERE) || !(call->filter = weir_parse_expr(p)) ||
            !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return false;
    }
    return true;
}

static weir_node *parse_argument(weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0), *next = weir_parse_peek(p, 1);
    if (weir_parse_starts_identifier(token) && next->kind == WEIR_TOKEN_FAT_ARROW)
        return weir_parse_refuse(p, token, "named arguments");
    return weir_parse_expr(p);
}

static weir_node *parse_function(weir_parse *p) {
    int32_t from = p->at;
    weir_node_unresolved_function *call = WEIR_NODE_NEW(p->arena, UNRESOLVED_FUNCTION, unresolved_function);
    if (!weir_parse_multipart(p, &call->name) || !weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return NULL;
    bool structure = call->name.count == 1 && weir_str_equal_nocase(call->name.items[0], WEIR_STR("struct"));
    weir_token_kind next = weir_parse_peek(p, 1)->kind;
    if (next != WEIR_TOKEN_RPAREN && next != WEIR_TOKEN_COMMA && !structure) {
        call->distinct = weir_parse_accept_keyword(p, WEIR_KW_DISTINCT);
        if (!call->distinct)
            weir_parse_accept_keyword(p, WEIR_KW_ALL);
    }
    if (!weir_parse_accept(p, WEIR_TOKEN_RPAREN)) {
        if (!weir_parse_exprs(p, &call->args, structure ? weir_parse_named_expr : parse_argument))
            return NULL;
        if (weir_parse_inner_nulls(p, call))
            return weir_parse_mark(p, from, call);
        if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return NULL;
    }
    return parse_call_tail(p, call) ? weir_parse_over(p, from, call) : NULL;
}

static weir_node *parse_star(weir_parse *p, int32_t from, weir_str_list target) {
    weir_node_unresolved_star *star = WEIR_NODE_NEW(p->arena, UNRESOLVED_STAR, unresolved_star);
    star->target = target;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_EXCEPT) && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_LPAREN &&
        !weir_parse_starts_query(p, 2)) {
        p->at += 2;
        do {
            int32_t at = p->at;
            weir_node_unresolved_attribute *name =
                WEIR_NODE_NEW(p->arena, UNRESOLVED_ATTRIBUTE, unresolved_attribute);
            if (!weir_parse_multipart(p, &name->parts))
                return NULL;
            weir_node_list_add(p->arena, &star->except, weir_parse_mark(p, at, name));
        } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
        if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN))
            return NULL;
    }
    return weir_parse_mark(p, from, star);
}

/* -> body, behind the names of the parameters. */
static weir_node *parse_lambda(weir_parse *p, int32_t from, weir_str_list names) {
    if (!weir_parse_expect(p, WEIR_TOKEN_ARROW) || !weir_parse_enter(p))
        return NULL;
    weir_node_lambda *lambda = WEIR_NODE_NEW(p->arena, LAMBDA, lambda);
    for (int32_t i = 0; i < names.count; i++) {
        weir_node_lambda_variable *variable = WEIR_NODE_NEW(p->arena, LAMBDA_VARIABLE, lambda_variable);
        variable->name = names.items[i];
        weir_node_list_add(p->arena, &lambda->parameters, &variable->node);
    }
    lambda->body = weir_parse_expr(p);
    weir_parse_leave(p);
    return lambda->body ? weir_parse_mark(p, from, lambda) : NULL;
}

/* The names of (x, y); false where the items are anything but two names or more. */
static bool lambda_names(weir_parse *p, const weir_node_list *items, weir_str_list *ret) {
    for (int32_t i = 0; i < items->count; i++) {
        if (items->items[i]->kind != WEIR_NODE_UNRESOLVED_ATTRIBUTE)
            return false;
        weir_str_list parts =
            WEIR_NODE_AS(items->items[i], UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts;
        if (parts.count != 1)
            return false;
        weir_parse_strs_add(p, ret, parts.items[0]);
    }
    return items->count > 1;
}

/* A name, a call or a qualified star: which of them shows behind the dots. */
static weir_node *parse_name(weir_parse *p) {
    int32_t from = p->at, ahead = 0;
    while (weir_parse_starts_identifier(weir_parse_peek(p, ahead)) &&
           weir_parse_peek(p, ahead + 1)->kind == WEIR_TOKEN_DOT)
        ahead += 2;
    if (weir_parse_starts_identifier(weir_parse_peek(p, ahead))) {
        const weir_token *behind = weir_parse_peek(p, ahead + 1);
        if (behind->kind == WEIR_TOKEN_LPAREN)
            return parse_function(p);
        if (behind->kind == WEIR_TOKEN_ARROW && ahead == 0) {
            weir_str name;
            return weir_parse_identifier(p, &name) ? parse_lambda(p, from, (weir_str_list){&name, 1}) : NULL;
        }
    }
    weir_node_unresolved_attribute *name =
        WEIR_NODE_NEW(p->arena, UNRESOLVED_ATTRIBUTE, unresolved_attribute);
    do {
        weir_str part;
        if (name->parts.count > 0 && weir_parse_accept(p, WEIR_TOKEN_ASTERISK))
            return parse_star(p, from, name->parts);
        if (!weir_parse_identifier(p, &part))
            return NULL;
        weir_parse_strs_add(p, &name->parts, part);
    } while (weir_parse_accept(p, WEIR_TOKEN_DOT));
    return weir_parse_mark(p, from, name);
}

static weir_node *parse_scalar_query(weir_parse *p, int32_t from) {
    weir_node_subquery *made = WEIR_NODE_NEW(p->arena, SUBQUERY, subquery);
    made->kind = WEIR_SUBQUERY_SCALAR;
    if (!(made->plan = weir_parse_query(p)) || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, made);
}

bool weir_parse_is_row(const weir_node *node) {
    return node->kind == WEIR_NODE_UNRESOLVED_FUNCTION &&
           weir_str_equal(((const weir_node_unresolved_function *)node)->name.items[0], WEIR_STR("$row"));
}

/* (expr), or the row constructor (a, b AS x, ...): a hidden call named "$row". */
static weir_node *parse_parenthesis(weir_parse *p) {
    int32_t from = p->at++;
    if (weir_parse_starts_query(p, 0))
        return parse_scalar_query(p, from);
    if (!weir_parse_enter(p))
        return NULL;
    weir_node_list items = {0};
    bool ok = weir_parse_exprs(p, &items, weir_parse_named_expr);
    weir_parse_leave(p);
    if (!ok)
        return NULL;
    if (items.count == 1 && items.items[0]->kind == WEIR_NODE_ALIAS &&
        weir_parse_kind(p) == WEIR_TOKEN_RPAREN) {
        p->at--;
        return weir_parse_fail_syntax(p, "");
    }
    if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    if (weir_parse_kind(p) == WEIR_TOKEN_ARROW) {
        weir_str_list names = {0};
        return lambda_names(p, &items, &names) ? parse_lambda(p, from, names)
                                               : weir_parse_fail_syntax(p, ": extra input '->'");
    }
    if (items.count == 1)
        return items.items[0];
    return weir_parse_mark(p, from, weir_parse_call(p, "$row", items.items, items.count));
}

/* What a marker stands for: bound by the caller of the statement. */
static weir_node *unbound(weir_parse *p, const char *name) {
    p->code = weir_error_raise(p->err, WEIR_UNBOUND_SQL_PARAMETER, "name", name, NULL);
    weir_parse_tail_position(p, weir_parse_peek(p, 0));
    return NULL;
}

static weir_node *parse_position_marker(weir_parse *p) {
    const weir_parser_parameters *given = p->parameters;
    if (!given || p->positions >= given->positional.count)
        return unbound(p, weir_arena_printf(p->arena, "_%d", (int)weir_parse_peek(p, 0)->start));
    p->at++;
    return given->positional.items[p->positions++];
}

static weir_node *parse_name_marker(weir_parse *p) {
    const weir_parser_parameters *given = p->parameters;
    weir_str name = weir_parse_text(p, weir_parse_peek(p, 1));
    for (int32_t i = 0; given && i < given->names.count; i++) {
        if (!weir_str_equal(given->names.items[i], name))
            continue;
        p->at += 2;
        return given->named.items[i];
    }
    return unbound(p, weir_arena_strndup(p->arena, name.data, name.size));
}

static weir_node *parse_base(weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0);
    bool is = false;
    switch (token->kind) {
    case WEIR_TOKEN_LPAREN:
        return parse_parenthesis(p);
    case WEIR_TOKEN_ASTERISK:
        p->at++;
        return parse_star(p, p->at - 1, (weir_str_list){0});
    case WEIR_TOKEN_STRING:
        return weir_parse_strings(p);
    case WEIR_TOKEN_QUESTION:
        return parse_position_marker(p);
    case WEIR_TOKEN_COLON:
        if (weir_parse_starts_identifier(weir_parse_peek(p, 1)))
            return parse_name_marker(p);
        break;
    case WEIR_TOKEN_MINUS:
        return weir_parse_number(p);
    case WEIR_TOKEN_QUOTED:
        return parse_name(p);
    case WEIR_TOKEN_WORD: {
        weir_node *node = weir_parse_interval(p, &is);
        if (!is)
            node = weir_parse_typed_literal(p, &is);
        if (!is)
            node = parse_special(p, &is);
        return is ? node : parse_name(p);
    }
    default:
        if (token->kind >= WEIR_TOKEN_INTEGER && token->kind <= WEIR_TOKEN_BIGDECIMAL)
            return weir_parse_number(p);
        break;
    }
    return weir_parse_fail_syntax(p, "");
}

/* base.field: names grow, everything else becomes an extraction. */
static weir_node *parse_dereference(weir_parse *p, int32_t from, weir_node *base) {
    int32_t at = p->at;
    weir_str field;
    if (!weir_parse_identifier(p, &field))
        return NULL;
    if (base->kind == WEIR_NODE_UNRESOLVED_ATTRIBUTE) {
        weir_parse_strs_add(p, &WEIR_NODE_AS(base, UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts, field);
        return weir_parse_mark(p, from, base);
    }
    weir_node_unresolved_extract *node = WEIR_NODE_NEW(p->arena, UNRESOLVED_EXTRACT, unresolved_extract);
    node->child = base;
    node->extraction = weir_parse_mark(p, at, weir_literal_string(p->arena, field));
    return weir_parse_mark(p, from, node);
}

static weir_node *parse_subscript(weir_parse *p, int32_t from, weir_node *base) {
    if (!weir_parse_enter(p))
        return NULL;
    weir_node *index = weir_parse_value(p);
    weir_parse_leave(p);
    if (!index || !weir_parse_expect(p, WEIR_TOKEN_RBRACKET))
        return NULL;
    weir_node_unresolved_extract *node = WEIR_NODE_NEW(p->arena, UNRESOLVED_EXTRACT, unresolved_extract);
    node->child = base;
    node->extraction = index;
    return weir_parse_mark(p, from, node);
}

weir_node *weir_parse_primary(weir_parse *p) {
    int32_t from = p->at;
    weir_node *base = parse_base(p);
    while (base) {
        const weir_token *token = weir_parse_peek(p, 0);
        if (token->kind == WEIR_TOKEN_DOT) {
            p->at++;
            base = parse_dereference(p, from, base);
        } else if (token->kind == WEIR_TOKEN_LBRACKET) {
            p->at++;
            base = parse_subscript(p, from, base);
        } else if (token->kind == WEIR_TOKEN_DOUBLE_COLON) {
            p->at++;
            const weir_type *type = weir_parse_type(p);
            base = type ? make_cast(p, from, base, type, WEIR_CAST_ANSI) : NULL;
        } else if (token->kind == WEIR_TOKEN_COLON) {
            if (weir_parse_starts_identifier(weir_parse_peek(p, 1)))
                return weir_parse_refuse(p, token, "semi-structured extraction (:)");
            p->at++;
            return weir_parse_fail_syntax(p, "");
        } else if (token->keyword == WEIR_KW_COLLATE && weir_parse_starts_identifier(weir_parse_peek(p, 1))) {
            return weir_parse_refuse(p, token, "COLLATE");
        } else {
            return base;
        }
    }
    return base;
}
