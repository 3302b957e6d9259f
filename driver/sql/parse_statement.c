/* Statements other than queries (parser.h), over what a session has: its configuration, its temporary views
 * and the built-in functions. Statements about tables of a warehouse fall through to the query parser, which
 * refuses them by name. */
#include "driver/sql/parser_int.h"

typedef struct statement {
    weir_parse *p;
    weir_statement *made;
} statement;

static bool done(const weir_parse *p) {
    return weir_parse_kind(p) == WEIR_TOKEN_EOF || weir_parse_kind(p) == WEIR_TOKEN_SEMICOLON;
}

static bool is_word(const weir_parse *p, int32_t ahead, const char *word) {
    return weir_str_equal_nocase(weir_parse_text(p, weir_parse_peek(p, ahead)), weir_str_from(word));
}

static bool accept_word(weir_parse *p, const char *word) {
    if (!is_word(p, 0, word))
        return false;
    p->at++;
    return true;
}

static bool finish(statement *s, weir_statement_kind kind) {
    s->made->kind = kind;
    return true;
}

/* ---- SET, RESET ---- */

/* The text from the token at hand to the end of the statement, which is not SQL. */
static weir_str rest_of(weir_parse *p) {
    int32_t from = weir_parse_peek(p, 0)->start, to = from;
    while (!done(p)) {
        to = weir_parse_peek(p, 0)->end;
        p->at++;
    }
    return weir_str_trim(weir_str_make(p->sql.data + from, (size_t)(to - from)));
}

/* Without the backquotes around it. */
static weir_str unquoted(weir_str text) {
    bool quoted = text.size > 2 && text.data[0] == '`' && text.data[text.size - 1] == '`';
    return quoted ? weir_str_make(text.data + 1, text.size - 2) : text;
}

static bool parse_time_zone(statement *s) {
    weir_parse *p = s->p;
    p->at += 2;
    s->made->key = WEIR_STR("spark.sql.session.timeZone");
    if (is_word(p, 0, "LOCAL")) {
        p->at++;
        return finish(s, WEIR_STATEMENT_SET_LOCAL_ZONE);
    }
    weir_node *zone = weir_parse_kind(p) == WEIR_TOKEN_STRING ? weir_parse_strings(p) : NULL;
    if (!zone)
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "SET TIME ZONE of an interval") != NULL;
    s->made->value = weir_column_bytes(WEIR_NODE_AS(zone, LITERAL, literal)->value, 0);
    s->made->has_value = true;
    return finish(s, WEIR_STATEMENT_SET);
}

static bool parse_set(statement *s) {
    weir_parse *p = s->p;
    p->at++;
    if (is_word(p, 0, "TIME") && is_word(p, 1, "ZONE"))
        return parse_time_zone(s);
    weir_str text = rest_of(p);
    const char *equal = text.size ? memchr(text.data, '=', text.size) : NULL;
    size_t size = equal ? (size_t)(equal - text.data) : text.size;
    s->made->key = unquoted(weir_str_trim(weir_str_make(text.data, size)));
    s->made->has_value = equal != NULL;
    if (equal)
        s->made->value = unquoted(weir_str_trim(weir_str_make(equal + 1, text.size - size - 1)));
    return finish(s, WEIR_STATEMENT_SET);
}

/* ---- views ---- */

static bool parse_view_columns(statement *s) {
    weir_parse *p = s->p;
    if (!weir_parse_accept(p, WEIR_TOKEN_LPAREN))
        return true;
    do {
        weir_str name;
        if (!weir_parse_identifier(p, &name))
            return false;
        weir_parse_strs_add(p, &s->made->columns, name);
        if (weir_parse_accept_keyword(p, WEIR_KW_COMMENT) && !weir_parse_strings(p))
            return false;
    } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
    return weir_parse_expect(p, WEIR_TOKEN_RPAREN);
}

/* A query; the statement's own text of it is what Spark keeps. */
static bool parse_query_of(statement *s) {
    if (done(s->p))
        return weir_parse_fail_syntax(s->p, "") != NULL;
    s->made->query = weir_parse_query(s->p);
    return s->made->query != NULL;
}

static bool parse_create_view(statement *s) {
    weir_parse *p = s->p;
    int32_t from = p->at++;
    if (weir_parse_accept_keyword(p, WEIR_KW_OR)) {
        s->made->replace = true;
        p->at++;
    }
    s->made->global = weir_parse_accept_keyword(p, WEIR_KW_GLOBAL);
    p->at += 2; /* TEMPORARY VIEW */
    bool if_not_exists = is_word(p, 0, "IF") && is_word(p, 1, "NOT");
    p->at += if_not_exists ? 3 : 0;
    if (!weir_parse_multipart(p, &s->made->name) || !parse_view_columns(s))
        return false;
    while (weir_parse_accept_keyword(p, WEIR_KW_COMMENT))
        if (!weir_parse_strings(p))
            return false;
    if (is_word(p, 0, "USING") || is_word(p, 0, "TBLPROPERTIES"))
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "a temporary view USING a format") != NULL;
    if (!weir_parse_expect_keyword(p, WEIR_KW_AS) || !parse_query_of(s))
        return false;
    if (if_not_exists) {
        p->code = weir_error_raise(p->err, WEIR__LEGACY_ERROR_TEMP_0053, NULL);
        return weir_parse_fail_here(p, from, p->code) != NULL;
    }
    if (s->made->name.count > 1) {
        weir_str_list parts = s->made->name;
        weir_strbuf qualifier _cleanup_strbuf_ = {0};
        for (int32_t i = 0; i + 1 < parts.count; i++)
            weir_strbuf_addf(&qualifier, "%s`" WEIR_STR_FMT "`", i ? "." : "", WEIR_STR_ARG(parts.items[i]));
        p->code = weir_error_raise(
            p->err, WEIR_INVALID_TEMP_OBJ_QUALIFIER, "objectType", "VIEW", "objectName",
            weir_arena_printf(p->arena, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(parts.items[parts.count - 1])),
            "qualifier", qualifier.data, NULL);
        return weir_parse_fail_here(p, from, p->code) != NULL;
    }
    return finish(s, WEIR_STATEMENT_CREATE_VIEW);
}

/* CREATE [OR REPLACE] [GLOBAL] TEMP[ORARY] VIEW */
static bool creates_view(const weir_parse *p) {
    int32_t at = is_word(p, 1, "OR") && is_word(p, 2, "REPLACE") ? 3 : 1;
    at += is_word(p, at, "GLOBAL");
    return (is_word(p, at, "TEMP") || is_word(p, at, "TEMPORARY")) && is_word(p, at + 1, "VIEW");
}

static bool parse_if_exists(statement *s) {
    s->made->if_exists = is_word(s->p, 0, "IF") && is_word(s->p, 1, "EXISTS");
    s->p->at += s->made->if_exists ? 2 : 0;
    return true;
}

static bool parse_drop(statement *s) {
    s->made->table = is_word(s->p, 1, "TABLE");
    s->p->at += 2;
    return parse_if_exists(s) && weir_parse_multipart(s->p, &s->made->name) &&
           finish(s, WEIR_STATEMENT_DROP_VIEW);
}

/* ---- SHOW ---- */

/* [{FROM | IN} namespace] */
static bool parse_namespace(statement *s) {
    if (!is_word(s->p, 0, "FROM") && !is_word(s->p, 0, "IN"))
        return true;
    s->p->at++;
    return weir_parse_multipart(s->p, &s->made->name);
}

/* [[LIKE] 'pattern'] */
static bool parse_pattern(statement *s) {
    bool like = accept_word(s->p, "LIKE");
    if (weir_parse_kind(s->p) != WEIR_TOKEN_STRING)
        return !like || weir_parse_fail_syntax(s->p, "") != NULL;
    weir_node *pattern = weir_parse_strings(s->p);
    if (!pattern)
        return false;
    s->made->pattern = weir_column_bytes(WEIR_NODE_AS(pattern, LITERAL, literal)->value, 0);
    s->made->has_pattern = true;
    return true;
}

static bool parse_show_functions(statement *s) {
    weir_parse *p = s->p;
    s->made->mode = WEIR_STR("ALL");
    if (!is_word(p, 0, "FUNCTIONS"))
        s->made->mode = weir_parse_text(p, &p->tokens[p->at++]);
    p->at++;
    return parse_namespace(s) && parse_pattern(s) && finish(s, WEIR_STATEMENT_SHOW_FUNCTIONS);
}

static bool parse_show_columns(statement *s) {
    s->p->at++;
    if (!is_word(s->p, 0, "FROM") && !is_word(s->p, 0, "IN"))
        return weir_parse_fail_syntax(s->p, "") != NULL;
    return parse_namespace(s) && finish(s, WEIR_STATEMENT_SHOW_COLUMNS);
}

static bool parse_show_list(statement *s, weir_statement_kind kind) {
    s->p->at++;
    return parse_namespace(s) && parse_pattern(s) && finish(s, kind);
}

/* *ret_is is false for what SHOW has besides. */
static bool parse_show(statement *s, bool *ret_is) {
    weir_parse *p = s->p;
    int32_t from = p->at++;
    if (done(p))
        return weir_parse_fail_syntax(p, "") != NULL;
    bool scoped = is_word(p, 0, "USER") || is_word(p, 0, "SYSTEM") || is_word(p, 0, "ALL");
    if (is_word(p, 0, "FUNCTIONS") || (scoped && is_word(p, 1, "FUNCTIONS")))
        return parse_show_functions(s);
    if (is_word(p, 0, "COLUMNS"))
        return parse_show_columns(s);
    if (is_word(p, 0, "TABLES"))
        return parse_show_list(s, WEIR_STATEMENT_SHOW_TABLES);
    if (is_word(p, 0, "VIEWS"))
        return parse_show_list(s, WEIR_STATEMENT_SHOW_VIEWS);
    if (is_word(p, 0, "DATABASES") || is_word(p, 0, "SCHEMAS") || is_word(p, 0, "NAMESPACES"))
        return parse_show_list(s, WEIR_STATEMENT_SHOW_DATABASES);
    if (is_word(p, 0, "CATALOGS"))
        return parse_show_list(s, WEIR_STATEMENT_SHOW_CATALOGS);
    if (is_word(p, 0, "CURRENT") && (is_word(p, 1, "NAMESPACE") || is_word(p, 1, "SCHEMA"))) {
        p->at += 2;
        return finish(s, WEIR_STATEMENT_SHOW_CURRENT);
    }
    p->at = from;
    *ret_is = false;
    return true;
}

/* ---- DESCRIBE, EXPLAIN, USE, CACHE ---- */

static bool parse_describe(statement *s, bool *ret_is) {
    weir_parse *p = s->p;
    int32_t from = p->at++;
    if (done(p))
        return weir_parse_fail_syntax(p, "") != NULL;
    if (is_word(p, 0, "FUNCTION") || is_word(p, 0, "DATABASE") || is_word(p, 0, "SCHEMA") ||
        is_word(p, 0, "CATALOG") || is_word(p, 0, "NAMESPACE")) {
        p->at = from;
        *ret_is = false;
        return true;
    }
    bool query = is_word(p, 0, "QUERY");
    p->at += query;
    if (query || weir_parse_starts_query(p, 0))
        return parse_query_of(s) && finish(s, WEIR_STATEMENT_DESCRIBE);
    p->at += is_word(p, 0, "TABLE") && !done(p);
    bool more = (is_word(p, 0, "EXTENDED") || is_word(p, 0, "FORMATTED")) &&
                weir_parse_starts_identifier(weir_parse_peek(p, 1));
    if (more)
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "DESCRIBE EXTENDED") != NULL;
    weir_node_unresolved_relation *table = WEIR_NODE_NEW(p->arena, UNRESOLVED_RELATION, unresolved_relation);
    int32_t at = p->at;
    if (!weir_parse_multipart(p, &table->name))
        return false;
    s->made->query = weir_parse_mark(p, at, table);
    return finish(s, WEIR_STATEMENT_DESCRIBE);
}

static bool parse_explain(statement *s) {
    static const char *const modes[] = {"LOGICAL", "FORMATTED", "EXTENDED", "CODEGEN", "COST"};
    weir_parse *p = s->p;
    p->at++;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(modes); i++)
        if (is_word(p, 0, modes[i])) {
            s->made->mode = weir_str_from(modes[i]);
            p->at++;
            break;
        }
    return parse_query_of(s) && finish(s, WEIR_STATEMENT_EXPLAIN);
}

static bool parse_use(statement *s) {
    weir_parse *p = s->p;
    p->at++;
    if (is_word(p, 0, "SCHEMA") || is_word(p, 0, "NAMESPACE") || is_word(p, 0, "DATABASE"))
        p->at += weir_parse_starts_identifier(weir_parse_peek(p, 1));
    return weir_parse_multipart(p, &s->made->name) && finish(s, WEIR_STATEMENT_USE);
}

static bool parse_cache(statement *s) {
    weir_parse *p = s->p;
    p->at++;
    accept_word(p, "LAZY");
    if (!weir_parse_expect_keyword(p, WEIR_KW_TABLE) || !weir_parse_multipart(p, &s->made->name))
        return false;
    if (weir_parse_is_keyword(p, 0, WEIR_KW_OPTIONS))
        return weir_parse_refuse(p, weir_parse_peek(p, 0), "CACHE TABLE with OPTIONS") != NULL;
    bool as = weir_parse_accept_keyword(p, WEIR_KW_AS);
    if (as || weir_parse_starts_query(p, 0))
        return parse_query_of(s) && finish(s, WEIR_STATEMENT_CREATE_VIEW);
    return finish(s, WEIR_STATEMENT_TOUCH);
}

static bool parse_uncache(statement *s) {
    s->p->at += 2;
    return parse_if_exists(s) && weir_parse_multipart(s->p, &s->made->name) &&
           finish(s, WEIR_STATEMENT_TOUCH);
}

/* CLEAR CACHE, REFRESH TABLE name */
static bool parse_nothing(statement *s, bool named) {
    s->p->at += 2;
    if (!named)
        return finish(s, WEIR_STATEMENT_NOTHING);
    return weir_parse_multipart(s->p, &s->made->name) && finish(s, WEIR_STATEMENT_TOUCH);
}

/* ---- which statement ---- */

/* *ret_is stays false for what is a query, or not built. */
static bool parse_statement(statement *s, bool *ret_is) {
    weir_parse *p = s->p;
    *ret_is = true;
    switch ((int)weir_parse_peek(p, 0)->keyword) {
    case WEIR_KW_SET:
        return parse_set(s);
    case WEIR_KW_RESET:
        p->at++;
        s->made->key = done(p) ? WEIR_STR("") : unquoted(rest_of(p));
        return finish(s, WEIR_STATEMENT_RESET);
    case WEIR_KW_SHOW:
        return parse_show(s, ret_is);
    case WEIR_KW_DESC:
    case WEIR_KW_DESCRIBE:
        return parse_describe(s, ret_is);
    case WEIR_KW_EXPLAIN:
        return parse_explain(s);
    case WEIR_KW_USE:
        return parse_use(s);
    case WEIR_KW_CACHE:
        return parse_cache(s);
    default:
        break;
    }
    if (is_word(p, 0, "CREATE") && creates_view(p))
        return parse_create_view(s);
    if (is_word(p, 0, "DROP") && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_EOF) {
        p->at++;
        return weir_parse_fail_syntax(p, "") != NULL;
    }
    if (is_word(p, 0, "DROP") && (is_word(p, 1, "VIEW") || is_word(p, 1, "TABLE")))
        return parse_drop(s);
    if (is_word(p, 0, "UNCACHE") && is_word(p, 1, "TABLE"))
        return parse_uncache(s);
    if (is_word(p, 0, "CLEAR") && is_word(p, 1, "CACHE"))
        return parse_nothing(s, false);
    if (is_word(p, 0, "REFRESH") && is_word(p, 1, "TABLE"))
        return parse_nothing(s, true);
    *ret_is = false;
    return true;
}

bool weir_parse_statement(weir_parse *p, weir_statement *ret, bool *ret_is) {
    statement s = {p, ret};
    *ret = (weir_statement){0};
    if (!parse_statement(&s, ret_is))
        return false;
    if (!*ret_is)
        return true;
    while (weir_parse_accept(p, WEIR_TOKEN_SEMICOLON))
        ;
    return weir_parse_kind(p) == WEIR_TOKEN_EOF || weir_parse_fail_extra(p) != NULL;
}
