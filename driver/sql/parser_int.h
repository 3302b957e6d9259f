/* Private to driver/sql: the parser's state and the functions its files share.
 *
 * Convention of these files: a parse function returns its node, or NULL after it has filled p->err (every
 * failure goes through one of the weir_parse_fail functions), so a NULL travels up unchanged. */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"
#include "driver/sql/parser.h"
#include "driver/sql/sql_lexer.h"

/* Nesting of parentheses, CASE, sub-queries and calls in the text; keeps the stack below 1 MiB. */
#define WEIR_PARSE_DEPTH_MAX 400
/* Height of the tree that comes out: chains such as 1+1+1... are deep without nesting. */
#define WEIR_PARSE_HEIGHT_MAX 1500

typedef struct weir_parse_cte {
    weir_str name;
    weir_node *plan;
    struct weir_parse_cte *outer;
} weir_parse_cte;

typedef struct weir_parse {
    weir_arena *arena;
    weir_str sql;
    const weir_timezone *zone;
    weir_token *tokens;
    int32_t count;
    int32_t at;
    int32_t depth;
    weir_parse_cte *ctes;
    const weir_parser_parameters *parameters; /* NULL: none are bound */
    int32_t positions;                        /* of ? seen so far */
    weir_node_list window_names;              /* UNRESOLVED_WINDOW whose name no WINDOW clause has met */
    weir_error **err;
    weir_code code;
} weir_parse;

/* ---- tokens (parse_token.c) ---- */
static inline const weir_token *weir_parse_peek(const weir_parse *p, int32_t ahead) {
    int32_t at = p->at + ahead;
    return &p->tokens[at < p->count ? at : p->count - 1];
}
static inline weir_token_kind weir_parse_kind(const weir_parse *p) {
    return weir_parse_peek(p, 0)->kind;
}
weir_str weir_parse_text(const weir_parse *p, const weir_token *token);
bool weir_parse_is_keyword(const weir_parse *p, int32_t ahead, weir_keyword keyword);
/* Consumes the token where it fits. */
bool weir_parse_accept(weir_parse *p, weir_token_kind kind);
bool weir_parse_accept_keyword(weir_parse *p, weir_keyword keyword);
/* Consumes it or fails with a syntax error (false). */
bool weir_parse_expect(weir_parse *p, weir_token_kind kind);
bool weir_parse_expect_keyword(weir_parse *p, weir_keyword keyword);
/* An identifier of any kind as the user spelt it (copied). */
bool weir_parse_identifier(weir_parse *p, weir_str *ret);
bool weir_parse_starts_identifier(const weir_token *token);
/* a.b.c */
bool weir_parse_multipart(weir_parse *p, weir_str_list *ret);
void weir_parse_strs_add(weir_parse *p, weir_str_list *list, weir_str text);
/* Marks the node as made of the tokens [from, p->at). */
weir_node *weir_parse_mark(weir_parse *p, int32_t from, void *node);
/* Counts nesting; leave must follow a successful enter. */
bool weir_parse_enter(weir_parse *p);
static inline void weir_parse_leave(weir_parse *p) {
    p->depth--;
}

/* ---- failures: all return NULL ---- */
/* Syntax error at the current token; `hint` is "", ": extra input 'x'" or ": missing 'x'". */
void *weir_parse_fail_syntax(weir_parse *p, const char *hint);
/* Syntax error where a whole statement should have ended. */
void *weir_parse_fail_extra(weir_parse *p);
/* Gives the error just raised the tail "; line 1 pos 7". */
void weir_parse_tail_position(weir_parse *p, const weir_token *token);
/* "The feature is not supported: JOIN (line 1, pos 9)." at a token. */
void *weir_parse_refuse(weir_parse *p, const weir_token *token, const char *feature);
/* After a condition was raised into p->err: attaches the block of the tokens [from, p->at). */
void *weir_parse_fail_here(weir_parse *p, int32_t from, weir_code code);

/* ---- expressions (parse_expr.c, parse_primary.c, parse_literal.c, parse_interval.c) ---- */
weir_node *weir_parse_expr(weir_parse *p);
weir_node *weir_parse_value(weir_parse *p);
weir_node *weir_parse_named_expr(weir_parse *p);
weir_node *weir_parse_primary(weir_parse *p);
bool weir_parse_is_row(const weir_node *node); /* (a, b): see parse_primary.c */
/* expr (, expr)* */
bool weir_parse_exprs(weir_parse *p, weir_node_list *ret, weir_node *(*item)(weir_parse *p));
weir_node *weir_parse_sort_item(weir_parse *p);
weir_node *weir_parse_number(weir_parse *p);
weir_node *weir_parse_strings(weir_parse *p);
/* A typed literal (DATE '...', X'...') where the tokens at hand begin one; else *ret_is = false. */
weir_node *weir_parse_typed_literal(weir_parse *p, bool *ret_is);
/* INTERVAL ... where the tokens at hand begin one; else *ret_is = false and NULL. */
weir_node *weir_parse_interval(weir_parse *p, bool *ret_is);
const weir_type *weir_parse_type(weir_parse *p);
/* A one-row literal of a fixed-width type. */
weir_node *weir_parse_fixed_literal(weir_parse *p, const weir_type *type, const void *bytes, size_t size);
weir_node *weir_parse_call(weir_parse *p, const char *name, weir_node *const *args, int32_t count);

/* LATERAL VIEW clauses, where the tokens at hand begin one: each goes on top of *child. (parse_lateral.c) */
bool weir_parse_lateral_views(weir_parse *p, weir_node **child);

/* TABLESAMPLE and UNPIVOT; `child` itself where the tokens at hand begin none. (parse_shape.c) */
weir_node *weir_parse_sample(weir_parse *p, int32_t from, weir_node *child);
weir_node *weir_parse_unpivot(weir_parse *p, weir_node *child);

/* A whole statement; *ret_is is false for queries and for what is not built. (parse_statement.c) */
bool weir_parse_statement(weir_parse *p, weir_statement *ret, bool *ret_is);

/* ---- window functions (parse_over.c) ---- */
/* [IGNORE | RESPECT NULLS] [OVER window] behind a call that began at `from`: the call, or what stands around
 * it. */
weir_node *weir_parse_over(weir_parse *p, int32_t from, weir_node_unresolved_function *call);
/* first(x IGNORE NULLS): the old form; nothing may follow it. */
bool weir_parse_inner_nulls(weir_parse *p, weir_node_unresolved_function *call);
/* [WINDOW name AS window, ...]; *ret is NULL where there is none. */
typedef struct weir_parse_windows weir_parse_windows;
bool weir_parse_window_clause(weir_parse *p, weir_parse_windows **ret);
/* Gives the calls from number `calls_from` on their windows. */
void weir_parse_name_windows(weir_parse *p, weir_parse_windows *windows, int32_t calls_from);
/* [QUALIFY condition] */
bool weir_parse_starts_qualify(const weir_parse *p);

/* ---- queries (parse_query.c) ---- */
weir_node *weir_parse_query(weir_parse *p);
/* Everything behind the word FROM. (parse_from.c) */
weir_node *weir_parse_from(weir_parse *p);
weir_node *weir_parse_inline_table(weir_parse *p); /* VALUES ... [alias] */
bool weir_parse_starts_values(const weir_parse *p);
/* `child` under another name; "" keeps its shape apart from what is built around it. */
weir_node *weir_parse_wrap(weir_parse *p, weir_node *child, weir_str alias);
weir_node *weir_parse_rename(weir_parse *p, weir_node *child, weir_str_list names, int32_t from);
bool weir_parse_column_names(weir_parse *p, weir_str_list *ret); /* ["(a, b)"] */
/* The word at hand as the feature's name. */
weir_node *weir_parse_refuse_word(weir_parse *p, const char *suffix);
/* Is the token at hand the start of a query ("SELECT", "WITH", ...)? */
bool weir_parse_starts_query(const weir_parse *p, int32_t ahead);
