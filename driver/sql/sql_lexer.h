/* The SQL lexer: Spark's token rules (SqlBaseLexer). Keywords are words with a number: all of them may
 * be identifiers, the parser decides by context. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef enum weir_keyword {
    WEIR_KW_NONE,
#define WEIR_KEYWORD(word) WEIR_KW_##word,
#include "driver/sql/sql_keywords.def"
#undef WEIR_KEYWORD
    WEIR_KW_COUNT
} weir_keyword;

typedef enum weir_token_kind {
    WEIR_TOKEN_EOF,
    WEIR_TOKEN_WORD,   /* identifier or keyword */
    WEIR_TOKEN_QUOTED, /* `identifier` */
    WEIR_TOKEN_STRING, /* '..' ".." r'..' */
    WEIR_TOKEN_INTEGER,
    WEIR_TOKEN_BIGINT,
    WEIR_TOKEN_SMALLINT,
    WEIR_TOKEN_TINYINT,
    WEIR_TOKEN_EXPONENT,
    WEIR_TOKEN_DECIMAL,
    WEIR_TOKEN_FLOAT,
    WEIR_TOKEN_DOUBLE,
    WEIR_TOKEN_BIGDECIMAL,
    WEIR_TOKEN_EQ, /* = == */
    WEIR_TOKEN_NSEQ,
    WEIR_TOKEN_NEQ,  /* <> */
    WEIR_TOKEN_NEQJ, /* != */
    WEIR_TOKEN_LT,
    WEIR_TOKEN_LTE, /* <= !> */
    WEIR_TOKEN_GT,
    WEIR_TOKEN_GTE, /* >= !< */
    WEIR_TOKEN_SHIFT_LEFT,
    WEIR_TOKEN_PLUS,
    WEIR_TOKEN_MINUS,
    WEIR_TOKEN_ASTERISK,
    WEIR_TOKEN_SLASH,
    WEIR_TOKEN_PERCENT,
    WEIR_TOKEN_TILDE,
    WEIR_TOKEN_AMPERSAND,
    WEIR_TOKEN_PIPE,
    WEIR_TOKEN_CONCAT,
    WEIR_TOKEN_HAT,
    WEIR_TOKEN_BANG,
    WEIR_TOKEN_COLON,
    WEIR_TOKEN_DOUBLE_COLON,
    WEIR_TOKEN_ARROW,
    WEIR_TOKEN_FAT_ARROW,
    WEIR_TOKEN_PIPE_OPERATOR, /* |> */
    WEIR_TOKEN_QUESTION,
    WEIR_TOKEN_SEMICOLON,
    WEIR_TOKEN_LPAREN,
    WEIR_TOKEN_RPAREN,
    WEIR_TOKEN_COMMA,
    WEIR_TOKEN_DOT,
    WEIR_TOKEN_LBRACKET,
    WEIR_TOKEN_RBRACKET,
    WEIR_TOKEN_UNRECOGNIZED,
} weir_token_kind;

typedef struct weir_token {
    weir_token_kind kind;
    weir_keyword keyword; /* WORD */
    int32_t start, end;   /* bytes of the text; end is exclusive */
} weir_token;

typedef struct weir_token_list {
    weir_token *items; /* the last one is EOF, at the text's size */
    int32_t count;
    bool unclosed_comment;
} weir_token_list;

#define WEIR_SQL_SIZE_MAX (16 << 20)

/* Never fails on contents (what it does not know becomes UNRECOGNIZED). `sql` is at most
 * WEIR_SQL_SIZE_MAX bytes. '>>' and '>>>' stay single GT tokens: the parser joins them. */
weir_token_list weir_lexer_run(weir_arena *arena, weir_str sql);

weir_keyword weir_lexer_keyword(weir_str word);
/* The value of a string token, Spark's escapes resolved (ParserUtils.unescapeSQLString). */
weir_str weir_lexer_string_value(weir_arena *arena, weir_str token);
/* The name in a backquoted token. */
weir_str weir_lexer_quoted_name(weir_arena *arena, weir_str token);
