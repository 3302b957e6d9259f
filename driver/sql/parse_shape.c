/* TABLESAMPLE and UNPIVOT behind a relation (parser_int.h). */
#include "common/types/number_text.h"
#include "driver/sql/parser_int.h"

/* ---- TABLESAMPLE ---- */

static weir_node *double_literal(weir_parse *p, double value) {
    return weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_DOUBLE), &value, sizeof value);
}

/* The number that the literal at hand writes; false for any other expression. */
static bool number_of(const weir_node *node, double *ret) {
    if (node->kind == WEIR_NODE_UNRESOLVED_FUNCTION) { /* -1 */
        const weir_node_unresolved_function *call = (const weir_node_unresolved_function *)node;
        bool minus = call->args.count == 1 && weir_str_equal(call->name.items[0], WEIR_STR("negative"));
        if (!minus || !number_of(call->args.items[0], ret))
            return false;
        *ret = -*ret;
        return true;
    }
    if (node->kind != WEIR_NODE_LITERAL || node->nullable)
        return false;
    const weir_column *value = ((const weir_node_literal *)node)->value;
    _cleanup_strbuf_ weir_strbuf text = {0};
    if (!weir_type_is_numeric(value->type))
        return false;
    weir_expr_sql(&text, node);
    return weir_double_parse(weir_strbuf_view(&text), ret);
}

typedef struct sample_clause {
    int32_t from, clause; /* tokens where the relation and the clause begin */
    weir_node *child;
    int64_t seed;
    bool seeded;
} sample_clause;

static weir_node *sample_fraction(weir_parse *p, const sample_clause *clause, double fraction) {
    if (fraction < -1e-6 || fraction > 1 + 1e-6) {
        char text[WEIR_NUMBER_TEXT_MAX + 1];
        text[weir_double_format(fraction, text)] = '\0';
        p->code = weir_error_raise(p->err, WEIR_INVALID_TABLESAMPLE_FRACTION, "fraction", text, NULL);
        return weir_parse_fail_here(p, clause->clause, p->code);
    }
    weir_node_sample *sample = WEIR_NODE_NEW(p->arena, SAMPLE, sample);
    sample->child = clause->child;
    sample->lower = double_literal(p, 0);
    sample->upper = double_literal(p, fraction);
    sample->seed = clause->seed;
    sample->seeded = clause->seeded;
    return weir_parse_mark(p, clause->from, sample);
}

static bool is_word(const weir_parse *p, const char *word) {
    return weir_str_equal_nocase(weir_parse_text(p, weir_parse_peek(p, 0)), weir_str_from(word));
}

/* What the parentheses hold; the node is made once REPEATABLE has been read. */
typedef struct sample_method {
    weir_node *rows; /* n ROWS */
    double fraction;
} sample_method;

static bool parse_bucket(weir_parse *p, sample_method *ret) {
    double bucket, of;
    p->at++;
    weir_node *number = weir_parse_value(p);
    if (!number || !number_of(number, &bucket))
        return false;
    if (!weir_parse_expect_keyword(p, WEIR_KW_OUT) || !weir_parse_expect_keyword(p, WEIR_KW_OF))
        return false;
    number = weir_parse_value(p);
    if (!number || !number_of(number, &of))
        return false;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_ON))
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "TABLESAMPLE(BUCKET x OUT OF y ON colname)") !=
               NULL;
    ret->fraction = bucket / of;
    return true;
}

static bool parse_method(weir_parse *p, const sample_clause *clause, sample_method *ret) {
    if (weir_parse_kind(p) == WEIR_TOKEN_RPAREN) {
        p->at++;
        p->code = weir_error_raise(p->err, WEIR__LEGACY_ERROR_TEMP_0014, NULL);
        return weir_parse_fail_here(p, clause->clause, p->code) != NULL;
    }
    if (weir_parse_is_keyword(p, 0, WEIR_KW_BUCKET))
        return parse_bucket(p, ret);
    weir_node *value = weir_parse_value(p);
    if (!value)
        return false;
    if (weir_parse_accept_keyword(p, WEIR_KW_ROWS)) {
        ret->rows = value;
        return true;
    }
    if (weir_parse_accept_keyword(p, WEIR_KW_PERCENT)) {
        if (!number_of(value, &ret->fraction))
            return weir_parse_fail_syntax(p, "") != NULL;
        ret->fraction /= 100;
        return true;
    }
    return weir_parse_expect(p, WEIR_TOKEN_RPAREN) && weir_parse_fail_syntax(p, "") != NULL;
}

static bool parse_seed(weir_parse *p, sample_clause *clause) {
    double seed;
    if (!weir_parse_accept_keyword(p, WEIR_KW_REPEATABLE))
        return true;
    if (!weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return false;
    weir_node *number = weir_parse_value(p);
    if (!number)
        return false;
    if (!number_of(number, &seed))
        return weir_parse_fail_syntax(p, "") != NULL;
    clause->seed = (int64_t)seed;
    clause->seeded = true;
    return weir_parse_expect(p, WEIR_TOKEN_RPAREN);
}

weir_node *weir_parse_sample(weir_parse *p, int32_t from, weir_node *child) {
    sample_clause clause = {.from = from, .clause = p->at, .child = child};
    sample_method method = {0};
    if (!weir_parse_accept_keyword(p, WEIR_KW_TABLESAMPLE))
        return child;
    if (!weir_parse_expect(p, WEIR_TOKEN_LPAREN) || !parse_method(p, &clause, &method) ||
        !weir_parse_expect(p, WEIR_TOKEN_RPAREN) || !parse_seed(p, &clause))
        return NULL;
    if (!method.rows)
        return sample_fraction(p, &clause, method.fraction);
    weir_node_limit *limit = WEIR_NODE_NEW(p->arena, LIMIT, limit);
    limit->child = child;
    limit->count = method.rows;
    return weir_parse_mark(p, from, limit);
}

/* ---- UNPIVOT ---- */

/* [AS] name; left empty where none is there. */
static bool parse_name(weir_parse *p, weir_str *ret) {
    *ret = WEIR_STR("");
    bool as = weir_parse_accept_keyword(p, WEIR_KW_AS);
    return (!as && !weir_parse_starts_identifier(weir_parse_peek(p, 0))) || weir_parse_identifier(p, ret);
}

static weir_node *parse_column(weir_parse *p) {
    int32_t from = p->at;
    weir_node_unresolved_attribute *name =
        WEIR_NODE_NEW(p->arena, UNRESOLVED_ATTRIBUTE, unresolved_attribute);
    return weir_parse_multipart(p, &name->parts) ? weir_parse_mark(p, from, name) : NULL;
}

/* a [AS x], or (a, b) [AS x] */
static bool parse_unpivoted(weir_parse *p, bool several, weir_node_unpivot *node) {
    weir_node_expr_list *list = WEIR_NODE_NEW(p->arena, EXPR_LIST, expr_list);
    weir_str alias;
    if (several && !weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return false;
    do {
        weir_node *column = parse_column(p);
        if (!column)
            return false;
        weir_node_list_add(p->arena, &list->items, column);
    } while (several && weir_parse_accept(p, WEIR_TOKEN_COMMA));
    if ((several && !weir_parse_expect(p, WEIR_TOKEN_RPAREN)) || !parse_name(p, &alias))
        return false;
    weir_node_list_add(p->arena, &node->values, &list->node);
    weir_parse_strs_add(p, &node->aliases, alias);
    return true;
}

static bool parse_value_names(weir_parse *p, bool several, weir_node_unpivot *node) {
    do {
        weir_str name;
        if (!weir_parse_identifier(p, &name))
            return false;
        weir_parse_strs_add(p, &node->names, name);
    } while (several && weir_parse_accept(p, WEIR_TOKEN_COMMA));
    return !several || weir_parse_expect(p, WEIR_TOKEN_RPAREN);
}

weir_node *weir_parse_unpivot(weir_parse *p, weir_node *child) {
    int32_t from = p->at;
    weir_node_unpivot *node = WEIR_NODE_NEW(p->arena, UNPIVOT, unpivot);
    if (!weir_parse_accept_keyword(p, WEIR_KW_UNPIVOT))
        return child;
    node->child = child;
    node->other_ids = true;
    node->drop_nulls = !is_word(p, "INCLUDE");
    if (is_word(p, "INCLUDE") || is_word(p, "EXCLUDE")) {
        p->at++;
        if (!weir_parse_expect_keyword(p, WEIR_KW_NULLS))
            return NULL;
    }
    if (!weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return NULL;
    bool several = weir_parse_accept(p, WEIR_TOKEN_LPAREN);
    if (!parse_value_names(p, several, node) || !weir_parse_expect_keyword(p, WEIR_KW_FOR) ||
        !weir_parse_identifier(p, &node->variable) || !weir_parse_expect_keyword(p, WEIR_KW_IN) ||
        !weir_parse_expect(p, WEIR_TOKEN_LPAREN))
        return NULL;
    do {
        if (!parse_unpivoted(p, several, node))
            return NULL;
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    if (!weir_parse_expect(p, WEIR_TOKEN_RPAREN) || !weir_parse_expect(p, WEIR_TOKEN_RPAREN))
        return NULL;
    return weir_parse_mark(p, from, node);
}
