/* The parser's tokens and failures (parser_int.h). Error texts are Spark's, with the hints that ANTLR's
 * recovery gives: an unexpected token is "extra input" where the wanted one follows it. */
#include "common/plan/sql_context.h"
#include "driver/sql/parser_int.h"

weir_str weir_parse_text(const weir_parse *p, const weir_token *token) {
    return weir_str_make(p->sql.data + token->start, (size_t)(token->end - token->start));
}

bool weir_parse_is_keyword(const weir_parse *p, int32_t ahead, weir_keyword keyword) {
    return weir_parse_peek(p, ahead)->keyword == keyword;
}

bool weir_parse_accept(weir_parse *p, weir_token_kind kind) {
    if (weir_parse_kind(p) != kind)
        return false;
    p->at++;
    return true;
}

bool weir_parse_accept_keyword(weir_parse *p, weir_keyword keyword) {
    if (!weir_parse_is_keyword(p, 0, keyword))
        return false;
    p->at++;
    return true;
}

static const char *kind_text(weir_token_kind kind) {
    switch (kind) {
    case WEIR_TOKEN_RPAREN:
        return "')'";
    case WEIR_TOKEN_RBRACKET:
        return "']'";
    case WEIR_TOKEN_LPAREN:
        return "'('";
    default:
        return NULL;
    }
}

/* May the token follow a closed primary expression? ANTLR then offers the missing token. */
static bool may_follow(const weir_token *token) {
    return token->kind >= WEIR_TOKEN_EQ && token->kind <= WEIR_TOKEN_HAT;
}

bool weir_parse_expect(weir_parse *p, weir_token_kind kind) {
    if (weir_parse_accept(p, kind))
        return true;
    const weir_token *token = weir_parse_peek(p, 0);
    const char *name = kind_text(kind);
    bool arrow = token->kind == WEIR_TOKEN_ARROW && kind == WEIR_TOKEN_RPAREN;
    if (arrow || (token->kind != WEIR_TOKEN_EOF && weir_parse_peek(p, 1)->kind == kind)) {
        weir_str text = weir_parse_text(p, token);
        weir_parse_fail_syntax(
            p, weir_arena_printf(p->arena, ": extra input '" WEIR_STR_FMT "'", WEIR_STR_ARG(text)));
    } else if (name &&
               (may_follow(token) || (kind == WEIR_TOKEN_RBRACKET && token->kind == WEIR_TOKEN_EOF))) {
        weir_parse_fail_syntax(p, weir_arena_printf(p->arena, ": missing %s", name));
    } else {
        weir_parse_fail_syntax(p, "");
    }
    return false;
}

bool weir_parse_expect_keyword(weir_parse *p, weir_keyword keyword) {
    if (weir_parse_accept_keyword(p, keyword))
        return true;
    weir_parse_fail_syntax(p, "");
    return false;
}

bool weir_parse_starts_identifier(const weir_token *token) {
    return token->kind == WEIR_TOKEN_WORD || token->kind == WEIR_TOKEN_QUOTED;
}

static void attach_caret(weir_parse *p, int32_t at);

static bool refuse_identifier(weir_parse *p, weir_str name) {
    const char *text = weir_arena_strndup(p->arena, name.data, name.size);
    p->code = weir_error_raise(p->err, WEIR_INVALID_IDENTIFIER, "ident", text, NULL);
    attach_caret(p, p->tokens[p->at - 1].start);
    return false;
}

bool weir_parse_identifier(weir_parse *p, weir_str *ret) {
    const weir_token *token = weir_parse_peek(p, 0);
    if (!weir_parse_starts_identifier(token)) {
        weir_parse_fail_syntax(p, "");
        return false;
    }
    weir_str text = weir_parse_text(p, token);
    p->at++;
    if (token->kind == WEIR_TOKEN_QUOTED) {
        *ret = weir_lexer_quoted_name(p->arena, text);
        return true;
    }
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            return refuse_identifier(p, text);
    *ret = weir_arena_str(p->arena, text);
    return true;
}

void weir_parse_strs_add(weir_parse *p, weir_str_list *list, weir_str text) {
    /* Grown by doubling: the capacity is the next power of two. */
    if ((list->count & (list->count - 1)) == 0) {
        weir_str *items = WEIR_NEW_ARRAY(p->arena, weir_str, list->count ? list->count * 2 : 1);
        if (list->count)
            memcpy(items, list->items, sizeof(weir_str) * (size_t)list->count);
        list->items = items;
    }
    list->items[list->count++] = text;
}

bool weir_parse_multipart(weir_parse *p, weir_str_list *ret) {
    do {
        weir_str part;
        if (!weir_parse_identifier(p, &part))
            return false;
        weir_parse_strs_add(p, ret, part);
    } while (weir_parse_accept(p, WEIR_TOKEN_DOT));
    return true;
}

weir_node *weir_parse_mark(weir_parse *p, int32_t from, void *node) {
    weir_node *marked = node;
    if (marked && p->at > from) {
        marked->start = p->tokens[from].start;
        marked->stop = p->tokens[p->at - 1].end - 1;
    }
    return marked;
}

bool weir_parse_enter(weir_parse *p) {
    if (p->depth >= WEIR_PARSE_DEPTH_MAX) {
        p->code = weir_error_raise(p->err, WEIR_FAILED_TO_PARSE_TOO_COMPLEX, NULL);
        return false;
    }
    p->depth++;
    return true;
}

static void line_of(const weir_parse *p, int32_t at, int *ret_line, int *ret_column) {
    int line = 1, column = 0;
    for (int32_t i = 0; i < at; i++) {
        if (p->sql.data[i] == '\n') {
            line++;
            column = 0;
        } else if (((unsigned char)p->sql.data[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

/* " (line 1, pos 4)\n\n== SQL ==\n<lines up to the error>\n----^^^\n<the rest>" */
static void attach_caret(weir_parse *p, int32_t at) {
    int line, column;
    line_of(p, at, &line, &column);
    weir_strbuf tail _cleanup_strbuf_ = {0};
    weir_strbuf_addf(&tail, " (line %d, pos %d)\n\n== SQL ==\n", line, column);
    /* As Java splits lines, empty ones at the end do not count. */
    weir_str text = p->sql;
    while (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    size_t line_end = WEIR_MIN((size_t)at, text.size);
    while (line_end < text.size && text.data[line_end] != '\n')
        line_end++;
    weir_strbuf_add(&tail, weir_str_make(text.data, line_end));
    weir_strbuf_add_char(&tail, '\n');
    weir_strbuf_add_repeat(&tail, '-', (size_t)column);
    weir_strbuf_add_text(&tail, "^^^\n");
    if (line_end < text.size) {
        weir_strbuf_add(&tail, weir_str_make(text.data + line_end + 1, text.size - line_end - 1));
        weir_strbuf_add_char(&tail, '\n');
    }
    if (p->err)
        weir_error_set_tail(*p->err, tail.data);
}

void *weir_parse_fail_syntax(weir_parse *p, const char *hint) {
    const weir_token *token = weir_parse_peek(p, 0);
    weir_str text = weir_parse_text(p, token);
    bool end = token->kind == WEIR_TOKEN_EOF;
    const char *error =
        end ? "end of input" : weir_arena_printf(p->arena, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(text));
    /* At the end Spark places the caret behind the text, trailing spaces included. */
    bool empty = end && p->count == 1;
    p->code = empty ? weir_error_raise(p->err, WEIR_PARSE_EMPTY_STATEMENT, NULL)
                    : weir_error_raise(p->err, WEIR_PARSE_SYNTAX_ERROR, "error", error, "hint", hint, NULL);
    attach_caret(p, token->start);
    return NULL;
}

void *weir_parse_fail_extra(weir_parse *p) {
    const weir_token *token = weir_parse_peek(p, 0);
    weir_str text = weir_parse_text(p, token);
    bool last = token->kind != WEIR_TOKEN_UNRECOGNIZED && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_EOF;
    return weir_parse_fail_syntax(
        p, last ? weir_arena_printf(p->arena, ": extra input '" WEIR_STR_FMT "'", WEIR_STR_ARG(text)) : "");
}

void weir_parse_tail_position(weir_parse *p, const weir_token *token) {
    int line, column;
    line_of(p, token->start, &line, &column);
    if (p->err)
        weir_error_set_tail(*p->err, weir_arena_printf(p->arena, "; line %d pos %d", line, column));
}

void *weir_parse_refuse(weir_parse *p, const weir_token *token, const char *feature) {
    int line, column;
    line_of(p, token->start, &line, &column);
    p->code =
        weir_error_failf(p->err, WEIR_UNSUPPORTED_FEATURE, "%s (line %d, pos %d).", feature, line, column);
    return NULL;
}

void *weir_parse_fail_here(weir_parse *p, int32_t from, weir_code code) {
    p->code = code;
    if (p->err && p->at > from)
        weir_sql_context_attach(*p->err, p->sql, p->tokens[from].start, p->tokens[p->at - 1].end - 1);
    return NULL;
}
