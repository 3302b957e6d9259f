/* The SQL parser: text to unresolved plan nodes. Every expression node carries the byte range of its text
 * (start, stop inclusive) for query contexts. Hand-written recursive descent with limits, so no input can
 * exhaust the stack. What Spark's grammar knows and Weir has not built is refused by name
 * (UNSUPPORTED_FEATURE with line and position). Nodes live in the arena. Any thread.
 *
 * Shapes the analyzer relies on: a sub-query in FROM is always wrapped in SUBQUERY_ALIAS (alias "" where
 * the user gave none), so a FILTER right above AGGREGATE is HAVING; CTEs are substituted in place, each
 * use wrapped in a SUBQUERY_ALIAS of the CTE's name; operators are UNRESOLVED_FUNCTION nodes named by their
 * symbol ("+", "<=>", "div"; unary minus and plus are "negative" and "positive", "~", "not", "in",
 * "like" with an optional third argument for ESCAPE, "isnull", "isnotnull", "between"). */
#pragma once

#include "common/plan/plan.h"
#include "common/types/timezone.h"

/* `zone` is the session's: TIMESTAMP literals depend on it. `sql` is read during the call only; positions
 * refer to it. */
weir_code weir_parser_query(weir_arena *arena, weir_str sql, const weir_timezone *zone, weir_node **ret,
                            weir_error **err);
/* What :name and ? stand for; the nodes take the place of the markers. */
typedef struct weir_parser_parameters {
    weir_str_list names; /* of `named`, as many */
    weir_node_list named;
    weir_node_list positional;
} weir_parser_parameters;
/* As above with parameters; UNBOUND_SQL_PARAMETER where one is missing. */
weir_code weir_parser_query_with(weir_arena *arena, weir_str sql, const weir_timezone *zone,
                                 const weir_parser_parameters *parameters, weir_node **ret, weir_error **err);
typedef enum weir_statement_kind {
    WEIR_STATEMENT_QUERY, /* or one that is not built: weir_parser_query refuses it by name */
    WEIR_STATEMENT_SET,   /* key [= value] */
    WEIR_STATEMENT_SET_LOCAL_ZONE,
    WEIR_STATEMENT_RESET,       /* key, or empty for all */
    WEIR_STATEMENT_CREATE_VIEW, /* a temporary one: name, columns, replace, global, query */
    WEIR_STATEMENT_DROP_VIEW,   /* name, if_exists, table (DROP TABLE) */
    WEIR_STATEMENT_SHOW_TABLES, /* these: name (of the namespace), pattern */
    WEIR_STATEMENT_SHOW_VIEWS,
    WEIR_STATEMENT_SHOW_DATABASES,
    WEIR_STATEMENT_SHOW_CATALOGS,
    WEIR_STATEMENT_SHOW_CURRENT,
    WEIR_STATEMENT_SHOW_COLUMNS,   /* name */
    WEIR_STATEMENT_SHOW_FUNCTIONS, /* mode: ALL, USER, SYSTEM; pattern */
    WEIR_STATEMENT_DESCRIBE,       /* the columns of `query` */
    WEIR_STATEMENT_EXPLAIN,        /* mode, query */
    WEIR_STATEMENT_USE,            /* name */
    WEIR_STATEMENT_TOUCH,          /* CACHE, UNCACHE, REFRESH TABLE: `name` must be there unless if_exists */
    WEIR_STATEMENT_NOTHING,
} weir_statement_kind;

typedef struct weir_statement {
    weir_statement_kind kind;
    weir_node *query; /* unresolved */
    weir_str_list name, columns;
    weir_str key, value, pattern, mode;
    bool has_value, has_pattern, replace, global, if_exists, table;
} weir_statement;

/* A statement that is no query, or WEIR_STATEMENT_QUERY. Texts borrow from `sql` or live in the arena. */
weir_code weir_parser_statement(weir_arena *arena, weir_str sql, const weir_timezone *zone,
                                const weir_parser_parameters *parameters, weir_statement *ret,
                                weir_error **err);
/* One expression, optionally named ("a + 1 AS b"): gives the expression or an ALIAS. */
weir_code weir_parser_expression(weir_arena *arena, weir_str sql, const weir_timezone *zone, weir_node **ret,
                                 weir_error **err);
/* "a, `b c`, d.e": one entry of dot-separated parts each, as the caller's lists; used for partitionBy and
 * the like. Each item of *ret is an UNRESOLVED_ATTRIBUTE. */
weir_code weir_parser_identifiers(weir_arena *arena, weir_str text, weir_node_list *ret, weir_error **err);
