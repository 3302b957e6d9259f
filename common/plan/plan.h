/* Plan nodes: relations and expressions, logical and physical, as arena objects described by one table
 * (plan_nodes.def). Parsers build unresolved nodes; driver/analyze resolves them; driver/physical
 * binds them; executors decode and run them. Nodes are immutable after the pass that made them: a pass
 * makes new nodes in its arena and shares what it did not change. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/column/column.h"
#include "common/types/types.h"

struct weir_function; /* common/expr/function.h */

typedef enum weir_node_kind {
#define WEIR_NODE(KIND, noun, label, category, fields) WEIR_NODE_##KIND,
#include "common/plan/plan_nodes.def"
#undef WEIR_NODE
    WEIR_NODE_COUNT
} weir_node_kind;

typedef enum weir_node_category { WEIR_NODE_EXPR, WEIR_NODE_RELATION, WEIR_NODE_PHYSICAL } weir_node_category;

typedef struct weir_node weir_node;

typedef struct weir_node_list {
    weir_node **items;
    int32_t count;
} weir_node_list;

typedef struct weir_str_list {
    weir_str *items;
    int32_t count;
} weir_str_list;

typedef struct weir_option {
    weir_str key; /* as the user spelt it; compare with weir_str_equal_nocase */
    weir_str value;
} weir_option;

typedef struct weir_options {
    weir_option *items;
    int32_t count;
} weir_options;

/* The common head of every node. */
struct weir_node {
    weir_node_kind kind;
    bool resolved; /* expressions: type and nullable are set */
    bool nullable;
    int32_t start, stop;   /* character range in the SQL text (stop inclusive), -1 = none */
    const weir_type *type; /* expressions: result type; relations: STRUCT of the output */
    weir_node_list output; /* relations: ATTRIBUTE nodes of the output, same order as `type` */
};

#define WEIR_FIELD_C_NODE weir_node *
#define WEIR_FIELD_C_PLAN weir_node *
#define WEIR_FIELD_C_LIST weir_node_list
#define WEIR_FIELD_C_STR weir_str
#define WEIR_FIELD_C_STRS weir_str_list
#define WEIR_FIELD_C_INT int64_t
#define WEIR_FIELD_C_BOOL bool
#define WEIR_FIELD_C_TYPE const weir_type *
#define WEIR_FIELD_C_COLUMN weir_column *
#define WEIR_FIELD_C_OPTIONS weir_options
#define WEIR_FIELD_C_FUNC const struct weir_function *

/* struct weir_node_filter { weir_node node; weir_node *child; weir_node *condition; }; and so on */
#define F(field_kind, name) WEIR_FIELD_C_##field_kind name;
#define WEIR_NODE(KIND, noun, label, category, fields) \
    typedef struct weir_node_##noun { \
        weir_node node; \
        fields \
    } weir_node_##noun;
#include "common/plan/plan_nodes.def"
#undef WEIR_NODE
#undef F

typedef enum weir_field_kind {
    WEIR_FIELD_NODE,
    WEIR_FIELD_PLAN,
    WEIR_FIELD_LIST,
    WEIR_FIELD_STR,
    WEIR_FIELD_STRS,
    WEIR_FIELD_INT,
    WEIR_FIELD_BOOL,
    WEIR_FIELD_TYPE,
    WEIR_FIELD_COLUMN,
    WEIR_FIELD_OPTIONS,
    WEIR_FIELD_FUNC,
} weir_field_kind;

typedef struct weir_node_field {
    weir_field_kind kind;
    const char *name;
    size_t offset;
} weir_node_field;

typedef struct weir_node_info {
    const char *label;
    weir_node_category category;
    size_t size;
    int32_t fields_count;
    const weir_node_field *fields;
} weir_node_info;

weir_node_info weir_node_describe(weir_node_kind kind);

/* A zeroed node of the kind; start = stop = -1. */
void *weir_node_new(weir_arena *arena, weir_node_kind kind);
#define WEIR_NODE_NEW(arena, KIND, noun) ((weir_node_##noun *)weir_node_new((arena), WEIR_NODE_##KIND))
/* Checked downcast: asserts the kind. */
#define WEIR_NODE_AS(node, KIND, noun) \
    ((weir_node_##noun *)weir_node_check((weir_node *)(node), WEIR_NODE_##KIND))
weir_node *weir_node_check(weir_node *node, weir_node_kind kind);

weir_node_list weir_node_list_new(weir_arena *arena, int32_t count); /* items zeroed */
weir_node_list weir_node_list_of(weir_arena *arena, weir_node *const *items, int32_t count);
void weir_node_list_add(weir_arena *arena, weir_node_list *list, weir_node *item); /* amortised */

/* Calls fn on every child (NODE and LIST fields) in field order; stops at the first failure. */
weir_code weir_node_each_child(weir_node *node,
                               weir_code (*fn)(weir_node *child, void *data, weir_error **err), void *data,
                               weir_error **err);
/* True where any node of the tree (root first) satisfies `test`. */
bool weir_node_any(const weir_node *node, bool (*test)(const weir_node *node, void *data), void *data);
/* Bottom-up rewrite: children first, then fn(node) gives the replacement (may be the node itself).
 * Unchanged subtrees are shared, changed parents are copied. */
typedef weir_code (*weir_node_transform_fn)(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                            weir_error **err);
weir_code weir_node_transform(weir_arena *arena, weir_node *node, weir_node_transform_fn fn, void *data,
                              weir_node **ret, weir_error **err);
/* Top-down: fn sees a node before its children; what it replaces is not descended into. */
weir_code weir_node_transform_down(weir_arena *arena, weir_node *node, weir_node_transform_fn fn, void *data,
                                   weir_node **ret, weir_error **err);
weir_node *weir_node_copy(weir_arena *arena, const weir_node *node); /* shallow */

/* Structural equality and hash of fields; positions, output and attribute names' case are ignored. */
bool weir_node_equal(const weir_node *a, const weir_node *b);
uint64_t weir_node_hash(const weir_node *node);
/* An indented tree of labels and fields: for tests and debugging, stable. */
void weir_node_print(weir_strbuf *buf, const weir_node *node);
/* The SQL text of a resolved or unresolved expression as Spark prints it in names and messages:
 * "(a + 1)", "count(1)", "window", "CAST(a AS INT)". (expr_text.c) */
void weir_expr_sql(weir_strbuf *buf, const weir_node *expr);

/* Binary form for the wire and for plan fingerprints; decode checks everything. (plan_encode.c)
 * Decoded nodes, types and texts live in the arena. */
void weir_node_encode(weir_strbuf *buf, const weir_node *node);
weir_code weir_node_decode(weir_arena *arena, weir_str bytes, weir_node **ret, weir_error **err);

/* Option lookup, ASCII case-insensitive; empty data pointer where absent. */
weir_str weir_options_get(const weir_options *options, const char *key);
void weir_options_set(weir_arena *arena, weir_options *options, weir_str key, weir_str value);

/* Literals: one-row columns kept alive by the arena. */
weir_node *weir_literal_new(weir_arena *arena, weir_column *value /* takes */);
weir_node *weir_literal_null(weir_arena *arena, const weir_type *type);
weir_node *weir_literal_int(weir_arena *arena, int32_t value);
weir_node *weir_literal_long(weir_arena *arena, int64_t value);
weir_node *weir_literal_bool(weir_arena *arena, bool value);
weir_node *weir_literal_string(weir_arena *arena, weir_str value);

/* JOIN.type. The right side of an existence join adds one BOOLEAN column: does the row have a match? */
typedef enum weir_join_type {
    WEIR_JOIN_INNER,
    WEIR_JOIN_CROSS,
    WEIR_JOIN_LEFT,
    WEIR_JOIN_RIGHT,
    WEIR_JOIN_FULL,
    WEIR_JOIN_SEMI,
    WEIR_JOIN_ANTI,
    WEIR_JOIN_ANTI_NULL_AWARE, /* NOT IN of one column: any NULL on either side is no answer */
    WEIR_JOIN_EXISTENCE,
    WEIR_JOIN_SCALAR, /* LEFT; more than one match of a row is SCALAR_SUBQUERY_TOO_MANY_ROWS */
} weir_join_type;

typedef enum weir_subquery_kind {
    WEIR_SUBQUERY_SCALAR,
    WEIR_SUBQUERY_IN,
    WEIR_SUBQUERY_EXISTS
} weir_subquery_kind;

/* HASH_JOIN.type: what becomes of rows without a match. */
typedef enum weir_probe_type {
    WEIR_PROBE_INNER,
    WEIR_PROBE_OUTER,       /* probe rows stay, with NULLs for the build side */
    WEIR_PROBE_BUILD_OUTER, /* build rows stay */
    WEIR_PROBE_FULL,        /* both */
    WEIR_PROBE_SEMI,
    WEIR_PROBE_ANTI,
    WEIR_PROBE_ANTI_NULL_AWARE,
    WEIR_PROBE_EXISTENCE,
} weir_probe_type;

typedef enum weir_nulls_option { WEIR_NULLS_UNSAID, WEIR_NULLS_IGNORE, WEIR_NULLS_RESPECT } weir_nulls_option;
typedef enum weir_window_frame { WEIR_FRAME_UNSAID, WEIR_FRAME_ROWS, WEIR_FRAME_RANGE } weir_window_frame;
typedef enum weir_window_bound {
    WEIR_BOUND_UNBOUNDED_PRECEDING,
    WEIR_BOUND_CURRENT_ROW,
    WEIR_BOUND_VALUE,
    WEIR_BOUND_UNBOUNDED_FOLLOWING,
} weir_window_bound;

typedef enum weir_cast_mode { WEIR_CAST_ANSI, WEIR_CAST_LEGACY, WEIR_CAST_TRY } weir_cast_mode;
