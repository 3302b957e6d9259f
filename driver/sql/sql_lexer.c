/* The SQL lexer (sql_lexer.h). One pass over the bytes; longest match wins, as in Spark's grammar:
 * "1a" is a word, "1e3" a number, "1.5L" the tokens 1 . 5L. Non-ASCII letters are part of words (the
 * parser refuses them unless backquoted), Unicode spaces separate. Nothing here fails. */
#include "driver/sql/sql_lexer.h"

#include "common/base/compiler.h"

typedef struct lexer {
    weir_arena *arena;
    const char *text;
    int32_t size;
    int32_t at;
    weir_token_list list;
    int32_t capacity;
} lexer;

static const char *const keyword_words[WEIR_KW_COUNT] = {
    "",
#define WEIR_KEYWORD(word) #word,
#include "driver/sql/sql_keywords.def"
#undef WEIR_KEYWORD
};

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

weir_keyword weir_lexer_keyword(weir_str word) {
    char text[24];
    if (word.size == 0 || word.size >= sizeof text)
        return WEIR_KW_NONE;
    for (size_t i = 0; i < word.size; i++)
        text[i] = upper(word.data[i]);
    text[word.size] = 0;
    int low = 1, high = WEIR_KW_COUNT - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(text, keyword_words[middle]);
        if (order == 0)
            return (weir_keyword)middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return WEIR_KW_NONE;
}

static int peek(const lexer *lex, int32_t at) {
    return at < lex->size ? (unsigned char)lex->text[at] : -1;
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of a whitespace character at `at`, 0 where there is none: Spark's WS rule. */
static int32_t space_length(const lexer *lex, int32_t at) {
    int c = peek(lex, at);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == 0x0B)
        return 1;
    if (c < 0x80)
        return 0;
    int c1 = peek(lex, at + 1), c2 = peek(lex, at + 2);
    if (c == 0xC2 && c1 == 0xA0)
        return 2;
    if (c == 0xE1 && c1 == 0x9A && c2 == 0x80)
        return 3;
    if (c == 0xE2 && c1 == 0x80 && ((c2 >= 0x80 && c2 <= 0x8A) || c2 == 0xA8 || c2 == 0xAF))
        return 3;
    if ((c == 0xE2 && c1 == 0x81 && c2 == 0x9F) || (c == 0xE3 && c1 == 0x80 && c2 == 0x80))
        return 3;
    return 0;
}

static int32_t word_end(const lexer *lex, int32_t at) {
    for (;;) {
        int c = peek(lex, at);
        bool part = is_letter(c) || is_digit(c) || c == '_' || (c >= 0x80 && !space_length(lex, at));
        if (!part)
            return at;
        at++;
    }
}

static int32_t digits_end(const lexer *lex, int32_t at) {
    while (is_digit(peek(lex, at)))
        at++;
    return at;
}

/* The end of an exponent that starts at `at`, or `at`. */
static int32_t exponent_end(const lexer *lex, int32_t at) {
    int32_t from = at;
    if (peek(lex, at) != 'e' && peek(lex, at) != 'E')
        return from;
    at++;
    if (peek(lex, at) == '+' || peek(lex, at) == '-')
        at++;
    int32_t end = digits_end(lex, at);
    return end > at ? end : from;
}

/* A decimal token must not run into a letter, digit or underscore (isValidDecimal). */
static bool ends_number(const lexer *lex, int32_t at) {
    int c = peek(lex, at);
    return !is_letter(c) && !is_digit(c) && c != '_';
}

static void better(weir_token *token, weir_token_kind kind, int32_t end) {
    if (end > token->end) {
        token->kind = kind;
        token->end = end;
    }
}

/* Offers the suffixed forms of a number whose digits (and exponent) end at `at`. */
static void offer_suffixes(const lexer *lex, weir_token *token, int32_t at, bool with_point) {
    int c = peek(lex, at) >= 0 ? upper((char)peek(lex, at)) : -1;
    weir_token_kind kind = c == 'F' ? WEIR_TOKEN_FLOAT : WEIR_TOKEN_DOUBLE;
    if ((c == 'F' || c == 'D') && (!with_point || ends_number(lex, at + 1)))
        better(token, kind, at + 1);
    int next = peek(lex, at + 1);
    if (c == 'B' && (next == 'D' || next == 'd') && (!with_point || ends_number(lex, at + 2)))
        better(token, WEIR_TOKEN_BIGDECIMAL, at + 2);
}

static weir_token lex_number(const lexer *lex) {
    int32_t start = lex->at;
    weir_token token = {.kind = WEIR_TOKEN_UNRECOGNIZED, .start = start, .end = start};
    int32_t whole = digits_end(lex, start);
    if (whole > start) {
        better(&token, WEIR_TOKEN_INTEGER, whole);
        int c = upper((char)(peek(lex, whole) & 0x7F));
        if (c == 'L' || c == 'S' || c == 'Y')
            better(&token,
                   c == 'L'   ? WEIR_TOKEN_BIGINT
                   : c == 'S' ? WEIR_TOKEN_SMALLINT
                              : WEIR_TOKEN_TINYINT,
                   whole + 1);
        offer_suffixes(lex, &token, whole, false);
        int32_t exponent = exponent_end(lex, whole);
        if (exponent > whole) {
            better(&token, WEIR_TOKEN_EXPONENT, exponent);
            offer_suffixes(lex, &token, exponent, false);
        }
    }
    if (peek(lex, whole) == '.' && (whole > start || is_digit(peek(lex, whole + 1)))) {
        int32_t end = digits_end(lex, whole + 1);
        int32_t exponent = exponent_end(lex, end);
        if (ends_number(lex, end))
            better(&token, WEIR_TOKEN_DECIMAL, end);
        offer_suffixes(lex, &token, end, true);
        if (exponent > end && ends_number(lex, exponent))
            better(&token, WEIR_TOKEN_EXPONENT, exponent);
        if (exponent > end)
            offer_suffixes(lex, &token, exponent, true);
    }
    if (whole > start)
        better(&token, WEIR_TOKEN_WORD, word_end(lex, start));
    return token;
}

/* The end of a string literal that opens at `at`, or -1 where it is not closed. A doubled quote
 * belongs to the text. */
static int32_t string_end(const lexer *lex, int32_t at) {
    int quote = peek(lex, at++);
    for (int c; (c = peek(lex, at)) >= 0; at++) {
        if (c == '\\') {
            at++;
        } else if (c == quote) {
            if (peek(lex, at + 1) != quote)
                return at + 1;
            at++;
        }
    }
    return -1;
}

static int32_t raw_string_end(const lexer *lex, int32_t at) {
    int quote = peek(lex, at++);
    for (int c; (c = peek(lex, at)) >= 0; at++)
        if (c == quote)
            return at + 1;
    return -1;
}

static int32_t backquoted_end(const lexer *lex, int32_t at) {
    for (at++; peek(lex, at) >= 0; at++) {
        if (peek(lex, at) != '`')
            continue;
        if (peek(lex, at + 1) != '`')
            return at + 1;
        at++;
    }
    return -1;
}

/* Skips spaces and comments; bracketed comments nest, and hints count as comments. */
static void skip_hidden(lexer *lex) {
    for (;;) {
        int32_t space = space_length(lex, lex->at);
        int c = peek(lex, lex->at), next = peek(lex, lex->at + 1);
        if (space) {
            lex->at += space;
        } else if (c == '-' && next == '-') {
            while (peek(lex, lex->at) >= 0 && peek(lex, lex->at) != '\n' && peek(lex, lex->at) != '\r')
                lex->at += peek(lex, lex->at) == '\\' && peek(lex, lex->at + 1) == '\n' ? 2 : 1;
        } else if (c == '/' && next == '*') {
            int32_t depth = 1;
            for (lex->at += 2; depth > 0 && peek(lex, lex->at) >= 0;) {
                bool open = peek(lex, lex->at) == '/' && peek(lex, lex->at + 1) == '*';
                bool close = peek(lex, lex->at) == '*' && peek(lex, lex->at + 1) == '/';
                depth += open - close;
                lex->at += open || close ? 2 : 1;
            }
            if (depth > 0)
                lex->list.unclosed_comment = true;
        } else {
            return;
        }
    }
}

static const struct {
    char text[4];
    weir_token_kind kind;
} symbols[] = {
    /* longest first */
    {"<=>", WEIR_TOKEN_NSEQ},
    {"==", WEIR_TOKEN_EQ},
    {"<>", WEIR_TOKEN_NEQ},
    {"!=", WEIR_TOKEN_NEQJ},
    {"<=", WEIR_TOKEN_LTE},
    {"!>", WEIR_TOKEN_LTE},
    {">=", WEIR_TOKEN_GTE},
    {"!<", WEIR_TOKEN_GTE},
    {"<<", WEIR_TOKEN_SHIFT_LEFT},
    {"||", WEIR_TOKEN_CONCAT},
    {"|>", WEIR_TOKEN_PIPE_OPERATOR},
    {"::", WEIR_TOKEN_DOUBLE_COLON},
    {"->", WEIR_TOKEN_ARROW},
    {"=>", WEIR_TOKEN_FAT_ARROW},
    {"=", WEIR_TOKEN_EQ},
    {"<", WEIR_TOKEN_LT},
    {">", WEIR_TOKEN_GT},
    {"+", WEIR_TOKEN_PLUS},
    {"-", WEIR_TOKEN_MINUS},
    {"*", WEIR_TOKEN_ASTERISK},
    {"/", WEIR_TOKEN_SLASH},
    {"%", WEIR_TOKEN_PERCENT},
    {"~", WEIR_TOKEN_TILDE},
    {"&", WEIR_TOKEN_AMPERSAND},
    {"|", WEIR_TOKEN_PIPE},
    {"^", WEIR_TOKEN_HAT},
    {"!", WEIR_TOKEN_BANG},
    {":", WEIR_TOKEN_COLON},
    {"?", WEIR_TOKEN_QUESTION},
    {";", WEIR_TOKEN_SEMICOLON},
    {"(", WEIR_TOKEN_LPAREN},
    {")", WEIR_TOKEN_RPAREN},
    {",", WEIR_TOKEN_COMMA},
    {".", WEIR_TOKEN_DOT},
    {"[", WEIR_TOKEN_LBRACKET},
    {"]", WEIR_TOKEN_RBRACKET},
};

static weir_token lex_symbol(const lexer *lex) {
    weir_token token = {.kind = WEIR_TOKEN_UNRECOGNIZED, .start = lex->at, .end = lex->at + 1};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(symbols); i++) {
        int32_t size = (int32_t)strlen(symbols[i].text);
        if (lex->at + size <= lex->size && memcmp(lex->text + lex->at, symbols[i].text, (size_t)size) == 0) {
            token.kind = symbols[i].kind;
            token.end = lex->at + size;
            return token;
        }
    }
    return token;
}

static weir_token lex_delimited(const lexer *lex, weir_token_kind kind, int32_t end) {
    weir_token token = {.kind = kind, .start = lex->at, .end = end};
    if (end < 0) { /* not closed: the opening quote alone is the token that the error names */
        token.kind = WEIR_TOKEN_UNRECOGNIZED;
        token.end = lex->at + 1;
    }
    return token;
}

static weir_token lex_token(const lexer *lex) {
    int c = peek(lex, lex->at), next = peek(lex, lex->at + 1);
    if (c == '\'' || c == '"')
        return lex_delimited(lex, WEIR_TOKEN_STRING, string_end(lex, lex->at));
    if ((c == 'r' || c == 'R') && (next == '\'' || next == '"')) {
        int32_t end = raw_string_end(lex, lex->at + 1);
        if (end >= 0)
            return lex_delimited(lex, WEIR_TOKEN_STRING, end);
    }
    if (c == '`')
        return lex_delimited(lex, WEIR_TOKEN_QUOTED, backquoted_end(lex, lex->at));
    if (is_digit(c) || (c == '.' && is_digit(next))) {
        weir_token number = lex_number(lex);
        if (number.end > number.start)
            return number;
    }
    int32_t end = word_end(lex, lex->at);
    if (end > lex->at)
        return (weir_token){.kind = WEIR_TOKEN_WORD, .start = lex->at, .end = end};
    return lex_symbol(lex);
}

static void push(lexer *lex, weir_token token) {
    if (lex->list.count == lex->capacity) {
        int32_t capacity = lex->capacity ? lex->capacity * 2 : 64;
        weir_token *items = WEIR_NEW_ARRAY(lex->arena, weir_token, capacity);
        if (lex->list.count)
            memcpy(items, lex->list.items, sizeof(weir_token) * (size_t)lex->list.count);
        lex->list.items = items;
        lex->capacity = capacity;
    }
    lex->list.items[lex->list.count++] = token;
}

weir_token_list weir_lexer_run(weir_arena *arena, weir_str sql) {
    lexer lex = {.arena = arena, .text = sql.data, .size = (int32_t)sql.size};
    for (;;) {
        skip_hidden(&lex);
        if (lex.at >= lex.size)
            break;
        weir_token token = lex_token(&lex);
        if (token.kind == WEIR_TOKEN_WORD)
            token.keyword =
                weir_lexer_keyword(weir_str_make(lex.text + token.start, (size_t)(token.end - token.start)));
        push(&lex, token);
        lex.at = token.end;
    }
    push(&lex, (weir_token){.kind = WEIR_TOKEN_EOF, .start = lex.size, .end = lex.size});
    return lex.list;
}

static void put_code_point(weir_strbuf *buf, uint32_t code) {
    if (code < 0x80) {
        weir_strbuf_add_char(buf, (char)code);
    } else if (code < 0x800) {
        weir_strbuf_add_char(buf, (char)(0xC0 | code >> 6));
        weir_strbuf_add_char(buf, (char)(0x80 | (code & 0x3F)));
    } else if (code >= 0xD800 && code <= 0xDFFF) {
        weir_strbuf_add_char(buf, '?'); /* a lone surrogate has no UTF-8 form; Java writes '?' */
    } else if (code < 0x10000) {
        weir_strbuf_add_char(buf, (char)(0xE0 | code >> 12));
        weir_strbuf_add_char(buf, (char)(0x80 | (code >> 6 & 0x3F)));
        weir_strbuf_add_char(buf, (char)(0x80 | (code & 0x3F)));
    } else {
        weir_strbuf_add_char(buf, (char)(0xF0 | code >> 18));
        weir_strbuf_add_char(buf, (char)(0x80 | (code >> 12 & 0x3F)));
        weir_strbuf_add_char(buf, (char)(0x80 | (code >> 6 & 0x3F)));
        weir_strbuf_add_char(buf, (char)(0x80 | (code & 0x3F)));
    }
}

static bool hex_run(weir_str text, size_t at, size_t digits, uint32_t *ret) {
    if (at + digits > text.size)
        return false;
    uint32_t value = 0;
    for (size_t i = at; i < at + digits; i++) {
        char c = upper(text.data[i]);
        if (!is_digit(c) && !(c >= 'A' && c <= 'F'))
            return false;
        value = value * 16 + (uint32_t)(is_digit(c) ? c - '0' : c - 'A' + 10);
    }
    *ret = value;
    return true;
}

/* Handles the escape whose backslash stands at `at`; gives the bytes consumed. */
static size_t unescape_one(weir_strbuf *buf, weir_str text, size_t at) {
    uint32_t code, low;
    char c = text.data[at + 1];
    if (c == 'u' && hex_run(text, at + 2, 4, &code)) {
        bool pair = code >= 0xD800 && code < 0xDC00 && at + 7 < text.size && text.data[at + 6] == '\\' &&
                    text.data[at + 7] == 'u' && hex_run(text, at + 8, 4, &low) && low >= 0xDC00 &&
                    low <= 0xDFFF;
        put_code_point(buf, pair ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : code);
        return pair ? 12 : 6;
    }
    if (c == 'U' && hex_run(text, at + 2, 8, &code) && code <= 0x10FFFF) {
        put_code_point(buf, code);
        return 10;
    }
    if (at + 3 < text.size && c >= '0' && c <= '1' && text.data[at + 2] >= '0' && text.data[at + 2] <= '7' &&
        text.data[at + 3] >= '0' && text.data[at + 3] <= '7') {
        put_code_point(
            buf, (uint32_t)((c - '0') * 64 + (text.data[at + 2] - '0') * 8 + (text.data[at + 3] - '0')));
        return 4;
    }
    static const char names[] = "0bnrtZ", values[] = "\0\b\n\r\t\x1A";
    const char *found = c ? strchr(names, c) : NULL;
    if (c == '%' || c == '_')
        weir_strbuf_add_char(buf, '\\'); /* LIKE patterns keep their escapes */
    weir_strbuf_add_char(buf, found ? values[found - names] : c);
    return 2;
}

weir_str weir_lexer_string_value(weir_arena *arena, weir_str token) {
    if (token.data[0] == 'r' || token.data[0] == 'R')
        return weir_arena_str(arena, weir_str_make(token.data + 2, token.size - 3));
    char quote = token.data[0];
    weir_str text = {token.data + 1, token.size - 2};
    weir_strbuf buf _cleanup_strbuf_ = {0};
    for (size_t at = 0; at < text.size;) {
        if (text.data[at] == '\\' && at + 1 < text.size) {
            at += unescape_one(&buf, text, at);
        } else {
            weir_strbuf_add_char(&buf, text.data[at]);
            at += text.data[at] == quote && at + 1 < text.size ? 2 : 1;
        }
    }
    return weir_arena_str(arena, weir_strbuf_view(&buf));
}

weir_str weir_lexer_quoted_name(weir_arena *arena, weir_str token) {
    weir_strbuf buf _cleanup_strbuf_ = {0};
    for (size_t at = 1; at + 1 < token.size; at++) {
        weir_strbuf_add_char(&buf, token.data[at]);
        at += token.data[at] == '`';
    }
    return weir_arena_str(arena, weir_strbuf_view(&buf));
}
