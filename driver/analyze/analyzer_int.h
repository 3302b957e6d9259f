/* Private to driver/analyze: the state of one analysis and what its files share. */
#pragma once

#include "common/expr/function.h"
#include "common/plan/expr_text.h"
#include "driver/analyze/analyzer.h"

/* Columns that names may refer to. */
typedef struct weir_scope {
    weir_node_list columns; /* ATTRIBUTE with qualifiers */
    weir_node_list
        starred; /* what a star expands to: the columns without a window column made for the block */
    weir_node_list *aliases; /* ALIAS nodes left of the expression: lateral column aliases; may be NULL */
    const struct weir_scope *outer; /* asked next; arguments of aggregates ask it first. May be NULL */
} weir_scope;

/* What stands for a name or an extraction, for the text of auto names. */
typedef struct weir_found {
    const weir_node *from, *to;
} weir_found;

/* The columns of a DATAFRAME that was resolved: what plan_id of a name refers to. */
typedef struct weir_frame {
    int64_t plan_id;
    weir_node_list output;
} weir_frame;

/* What names of a sub-query may mean beside its own relations' columns. */
typedef struct weir_outer_scope {
    weir_scope scope;
    const struct weir_outer_scope *next; /* further out */
} weir_outer_scope;

typedef struct weir_grouping weir_grouping;

/* The parameters of a lambda whose body is under resolution. */
typedef struct weir_lambda_frame {
    weir_node_list parameters; /* resolved LAMBDA_VARIABLE */
    const struct weir_lambda_frame *outer;
} weir_lambda_frame;

typedef struct weir_analysis {
    weir_arena *arena;
    const weir_analyzer_options *options;
    weir_error **err;
    const weir_scope *scope;
    const weir_outer_scope *outer; /* NULL outside of sub-queries */
    bool in_aggregate;             /* within the arguments of an aggregate function */
    const weir_node *over_node;    /* the window function whose parts are under resolution; NULL outside */
    const weir_node *over_call;    /* the call in front of OVER: its arguments may hold aggregates */
    bool placed;                   /* the error on its way up has its place in the text */
    int32_t level;                 /* nesting of relations */
    weir_found *found;
    int32_t found_count, found_capacity;
    /* The one time window of the block under resolution and the column that holds it; NULL where none. */
    const weir_node *window;
    weir_node *window_column;
    const weir_lambda_frame *lambdas; /* innermost first; NULL outside of lambdas */
    weir_frame *frames;
    int32_t frames_count, frames_capacity;
    weir_grouping *groupings; /* of the aggregations with grouping sets so far */
} weir_analysis;

/* ---- errors (analyze_error.c) ---- */
/* After a raise into a->err: adds "; line 1 pos 7" and the query context of `node`, once. */
weir_code weir_analysis_place(weir_analysis *a, const weir_node *node, weir_code code);
const char *weir_analysis_sql(weir_analysis *a, const weir_node *expr);         /* "\"(a + b)\"" */
const char *weir_analysis_plain_sql(weir_analysis *a, const weir_node *expr);   /* without quotes */
const char *weir_analysis_type(weir_analysis *a, const weir_type *type);        /* "\"INT\"" */
const char *weir_analysis_quoted(weir_analysis *a, const weir_str_list *parts); /* "`a`.`b`" */
weir_code weir_analysis_refuse(weir_analysis *a, const weir_node *node, const char *what);

/* ---- names (analyze_name.c) ---- */
bool weir_analysis_name_equal(const weir_analysis *a, weir_str left, weir_str right);
/* The column or field that the parts name in one scope; *ret NULL where there is none. */
weir_code weir_analysis_find_name(weir_analysis *a, const weir_scope *scope, const weir_node *node,
                                  const weir_str_list *parts, weir_node **ret);
/* Resolves through the scopes; UNRESOLVED_COLUMN with suggestions where nothing fits. */
weir_code weir_analysis_resolve_name(weir_analysis *a, weir_node_unresolved_attribute *name, weir_node **ret);
weir_code weir_analysis_unresolved(weir_analysis *a, const weir_scope *scope, const weir_node *node,
                                   const weir_str_list *parts);
/* Adds what the star stands for to the list: columns, or ALIAS nodes for the fields of a struct. */
weir_code weir_analysis_expand_star(weir_analysis *a, weir_node_unresolved_star *star, weir_node_list *ret);
/* child.field, child[index]: `node` is the expression for messages. */
weir_code weir_analysis_extract(weir_analysis *a, const weir_node *node, weir_node *child, weir_node *index,
                                weir_node **ret);

/* ---- expressions (analyze_expr.c) ---- */
weir_code weir_analysis_resolve(weir_analysis *a, weir_node *node, weir_node **ret);
/* A select item: appends ATTRIBUTE or ALIAS nodes. */
weir_code weir_analysis_named(weir_analysis *a, weir_node *node, weir_node_list *ret);
/* For auto names: `to` prints in the place of `from` (an unresolved node). */
void weir_analysis_remember(weir_analysis *a, const weir_node *from, const weir_node *to);
void weir_analysis_remember_list(weir_analysis *a, const weir_node *from, weir_node_list items);
weir_node *weir_analysis_alias(weir_analysis *a, weir_node *child, weir_str name);
weir_node *weir_analysis_attribute_of(weir_analysis *a,
                                      const weir_node *named); /* of an ALIAS or ATTRIBUTE */
weir_node *weir_analysis_cast(weir_analysis *a, weir_node *expr, const weir_type *type);
weir_resolve weir_analysis_resolve_context(weir_analysis *a, const weir_node *call);
bool weir_analysis_has_aggregate(const weir_node *node);
bool weir_analysis_is_nondeterministic(const weir_node *node);
/* Does the tree have more than WEIR_ANALYSIS_NODES_MAX nodes? What stands for a name, and what the registry
 * rewrites a call to, may hold an argument twice, so nesting doubles; every pass behind walks the tree. */
#define WEIR_ANALYSIS_NODES_MAX 100000
bool weir_analysis_is_too_large(const weir_node *node);

/* ---- DataFrame methods (analyze_frame.c, analyze_nulls.c, analyze_shape.c,
 * analyze_unpivot.c) ---- */
/* The relation without the DATAFRAME nodes around it: rules that look at the relation below look through. */
weir_node *weir_analysis_peel(weir_node *relation);
/* The column that a name with plan_id means, where it is in scope; else CANNOT_RESOLVE_DATAFRAME_COLUMN. */
weir_code weir_analysis_frame_column(weir_analysis *a, weir_node_unresolved_attribute *name, weir_node **ret);
/* The columns of `list` that belong to the plan id too. */
weir_code weir_analysis_frame_columns(weir_analysis *a, int64_t plan_id, const weir_node_list *list,
                                      weir_node_list *ret);
/* The columns whose name matches the pattern. */
weir_code weir_analysis_expand_regex(weir_analysis *a, weir_node_unresolved_regex *regex,
                                     weir_node_list *ret);
/* The relations that the methods make; *ret_is is false for every other kind. */
weir_code weir_analysis_frame(weir_analysis *a, weir_node *node, bool *ret_is, weir_node **ret);
weir_code weir_analysis_fill_nulls(weir_analysis *a, weir_node_fill_nulls *node, weir_node **ret);
weir_code weir_analysis_drop_nulls(weir_analysis *a, weir_node_drop_nulls *node, weir_node **ret);
weir_code weir_analysis_replace_values(weir_analysis *a, weir_node_replace_values *node, weir_node **ret);
weir_code weir_analysis_to_schema(weir_analysis *a, weir_node_to_schema *node, weir_node **ret);
weir_code weir_analysis_unpivot(weir_analysis *a, weir_node_unpivot *node, weir_node **ret);
weir_code weir_analysis_sample(weir_analysis *a, weir_node_sample *node, weir_node **ret);
weir_code weir_analysis_union(weir_analysis *a, weir_node_union *node, weir_node **ret);
/* Casts the columns of all children to common types; refuses children that do not fit. `word`: UNION, EXCEPT,
 * ... */
weir_code weir_analysis_same_shape(weir_analysis *a, const char *word, const weir_node *origin,
                                   weir_node_list *children);
/* withField and dropFields over a struct. */
weir_code weir_analysis_update_field(weir_analysis *a, weir_node_update_field *node, weir_node **ret);
/* PROJECT of resolved and unresolved items over a resolved child. */
weir_code weir_analysis_select(weir_analysis *a, const weir_node *origin, weir_node *child,
                               weir_node_list items, weir_node **ret);
/* An unresolved call of a registry function; lives in the arena. */
weir_node *weir_analysis_call(weir_analysis *a, const char *name, weir_node *const *args, int32_t count);

/* ---- joins, set operations, VALUES (analyze_join.c) ---- */
weir_code weir_analysis_join(weir_analysis *a, weir_node_join *node, weir_node **ret);
weir_code weir_analysis_set_operation(weir_analysis *a, weir_node_set_operation *node, weir_node **ret);
/* A row of VALUES has `count` values. */
weir_code weir_analysis_check_row(weir_analysis *a, const weir_node_list *rows, int32_t index, int32_t count);
weir_code weir_analysis_inline_table(weir_analysis *a, weir_node_inline_table *node, weir_node **ret);
/* Sets a resolved join's output; `exists`: the column that an existence join adds. */
void weir_analysis_finish_join(weir_analysis *a, weir_node_join *join, weir_node *exists);
/* A resolved call of = or <=>. */
weir_code weir_analysis_equality(weir_analysis *a, const char *name, weir_node *left, weir_node *right,
                                 weir_node **ret);

/* The right side of a join with other ids for the columns that the left side has too. `condition` (may be
 * NULL) follows. */
weir_code weir_analysis_renew(weir_analysis *a, const weir_node *left, weir_node *right,
                              weir_node **condition, weir_node **ret);

/* ---- sub-queries (analyze_subquery.c) ---- */
weir_code weir_analysis_subquery(weir_analysis *a, weir_node_subquery *node, weir_node **ret);
/* A name of the query around; *ret NULL where there is none. */
weir_code weir_analysis_find_outer(weir_analysis *a, weir_node_unresolved_attribute *name, weir_node **ret);
bool weir_analysis_has_subquery(const weir_node *expr);
/* Replaces the sub-queries in the expressions by columns of joins above *child. */
weir_code weir_analysis_take_subqueries(weir_analysis *a, weir_node_list *exprs, weir_node **child);
/* A filter whose condition holds sub-queries. */
weir_code weir_analysis_filter_subqueries(weir_analysis *a, const weir_node *origin, weir_node *child,
                                          weir_node *condition, weir_node **ret);

/* ---- calls (analyze_call.c) ---- */
/* Table-valued functions (analyze_table_function.c): range(); the others are refused by name. */
weir_code weir_analysis_table_function(weir_analysis *a, weir_node_table_function *node, weir_node **ret);
weir_code weir_analysis_resolve_call(weir_analysis *a, weir_node_unresolved_function *call, weir_node **ret);
/* Its arguments, stars expanded. */
weir_code weir_analysis_resolve_arguments(weir_analysis *a, weir_node_unresolved_function *call,
                                          weir_node_list *ret);
bool weir_analysis_is_window_call(const weir_node *node);

/* ---- lambdas (analyze_lambda.c) ---- */
/* The parameter of a lambda around that the name means, with the fields behind it; *ret NULL where none. */
weir_code weir_analysis_find_variable(weir_analysis *a, weir_node_unresolved_attribute *name,
                                      weir_node **ret);
/* A lambda among the arguments of a function that takes none. */
weir_code weir_analysis_refuse_lambda(weir_analysis *a, const weir_node_unresolved_function *call,
                                      const weir_function *function);
/* The resolved arguments of a higher-order function: collections, then LAMBDA nodes. */
weir_code weir_analysis_lambda_arguments(weir_analysis *a, weir_node_unresolved_function *call,
                                         const weir_function *function, weir_node_list *ret);

/* ---- time windows (analyze_window.c) ---- */
/* window(time, ...) with its arguments resolved: a typed TIME_WINDOW. */
weir_code weir_analysis_resolve_window(weir_analysis *a, weir_node_unresolved_function *call,
                                       weir_node **ret);
/* Finds the window() calls in the lists; puts the operators below the block that compute the column, and
 * widens the scope by it. *child and *scope are replaced where there is a window. */
weir_code weir_analysis_plan_window(weir_analysis *a, const weir_node_list *lists[], int32_t lists_count,
                                    weir_node **child, weir_scope *scope);

/* ---- generators (analyze_generate.c) ---- */
bool weir_analysis_is_generator(const weir_node *node);
/* The generators among the items of a SELECT: puts a GENERATE for each on *child, and its columns in its
 * place. */
weir_code weir_analysis_plan_generators(weir_analysis *a, const weir_node *origin, weir_node_list *items,
                                        weir_node **child);
/* Does a SELECT without GROUP BY hold both a generator and aggregates? */
bool weir_analysis_generates_over_aggregate(const weir_node_list *items);
/* An unresolved aggregation with a generator among its items: the relation above a plain one. */
weir_code weir_analysis_generate_over(weir_analysis *a, const weir_node_aggregate *node, bool *ret_is,
                                      weir_node **ret);
/* LATERAL VIEW. */
weir_code weir_analysis_generate(weir_analysis *a, weir_node_generate *node, weir_node **ret);
/* A generator behind FROM; *ret_is is false for other functions. */
weir_code weir_analysis_generator_table(weir_analysis *a, const weir_node_table_function *node, bool *ret_is,
                                        weir_node **ret);

/* ---- window functions (analyze_over.c) ---- */
weir_code weir_analysis_over(weir_analysis *a, weir_node_unresolved_window *node, weir_node **ret);
bool weir_analysis_has_over(const weir_node *node);
bool weir_analysis_is_unordered(const weir_type *type); /* values without an order, as Spark sees it */
/* Does the aggregate take IGNORE NULLS? */
bool weir_analysis_takes_nulls(const char *name);
/* WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE where the expression holds one. */
weir_code weir_analysis_refuse_over(weir_analysis *a, const weir_node *node, const char *clause);
/* PROJECT of the items with the windows that they hold between it and the child. */
weir_code weir_analysis_project_over(weir_analysis *a, const weir_node *origin, weir_node *child,
                                     weir_node_list items, weir_node **ret);

/* ---- relations (analyze_relation.c, analyze_aggregate.c) ---- */
weir_code weir_analysis_relation(weir_analysis *a, weir_node *node, weir_node **ret);
void weir_analysis_set_output(weir_analysis *a, weir_node *relation, weir_node_list output);
/* Select items of PROJECT or AGGREGATE with stars expanded. */
weir_code weir_analysis_items(weir_analysis *a, const weir_node_list *items, weir_node_list *ret);
/* Their failure that has its place at the whole block. */
weir_code weir_analysis_place_items(weir_analysis *a, const weir_node *block, weir_code code);
weir_code weir_analysis_aggregate(weir_analysis *a, weir_node_aggregate *node, weir_node **ret);
weir_code weir_analysis_make_aggregate(weir_analysis *a, const weir_node *origin, weir_node *child,
                                       weir_node_list grouping, weir_node_list aggregates, weir_node **ret);
weir_code weir_analysis_having(weir_analysis *a, weir_node_filter *node, weir_node **ret);
weir_code weir_analysis_qualify(weir_analysis *a, weir_node_qualify *node, weir_node **ret);
/* SORT_ORDER over a resolved child; appends it. */
weir_code weir_analysis_finish_order(weir_analysis *a, const weir_node_sort_order *origin, weir_node *child,
                                     weir_node_list *orders);
weir_code weir_analysis_sort(weir_analysis *a, weir_node_sort *node, weir_node **ret);
/* WHERE over a projection, as DataFrame methods stack them: may use the columns below it. */
weir_code weir_analysis_filter_project(weir_analysis *a, weir_node_filter *node, weir_node *project,
                                       weir_node **ret);
/* ---- grouping sets (analyze_grouping.c) ---- */
struct weir_grouping {
    weir_node *child;         /* what is aggregated */
    weir_node *expand;        /* the relation between, which makes ... */
    weir_node_list exprs;     /* ... for each of these over `child` ... */
    weir_node_list columns;   /* ... this ATTRIBUTE */
    weir_node *id, *position; /* spark_grouping_id; which set where two are alike, else NULL */
    weir_node_list grouping;  /* all that the aggregation groups by */
    weir_grouping *next;
};
/* Resolves an expression of the GROUP BY list. */
typedef weir_code (*weir_analysis_group_fn)(weir_analysis *a, weir_node *node, void *data, weir_node **ret);
bool weir_analysis_has_grouping_sets(const weir_node_list *grouping);
weir_code weir_analysis_grouping_sets(weir_analysis *a, const weir_node_list *grouping,
                                      weir_analysis_group_fn resolve, void *data, weir_node *child,
                                      weir_grouping **ret);
/* Of a resolved aggregation; NULL where it has no grouping sets. */
const weir_grouping *weir_analysis_grouping_of(const weir_analysis *a, const weir_node_aggregate *node);
/* An expression over `child` becomes one over the expansion: grouping columns, grouping(), grouping_id(). */
weir_code weir_analysis_grouping_replace(weir_analysis *a, const weir_grouping *grouping, weir_node *node,
                                         weir_node **ret);
/* grouping and grouping_id: calls of them are markers until then; NULL for other names. */
const weir_function *weir_analysis_grouping_function(weir_str name);
/* UNSUPPORTED_GROUPING_EXPRESSION where a marker is left. */
weir_code weir_analysis_check_markers(weir_analysis *a, const weir_node *plan);

/* WITHIN GROUP (ORDER BY ...): what it orders by becomes arguments of the call (analyze_within_group.c). */
weir_code weir_analysis_within_group(weir_analysis *a, weir_node_unresolved_function *call,
                                     const weir_function *function, weir_node_list *args);

weir_str weir_analysis_add_metadata(weir_analysis *a, weir_str entry, weir_str metadata);
/* A WHERE condition is BOOLEAN (an untyped NULL becomes it) and holds no aggregate. */
weir_code weir_analysis_check_where(weir_analysis *a, const weir_node *origin, weir_node **condition);
weir_code weir_analysis_limit(weir_analysis *a, weir_node *node, weir_node **ret);
weir_code weir_analysis_check_condition(weir_analysis *a, const weir_node *origin, weir_node *condition);
/* Sub-queries in the condition become joins; the output is the child's all the same. */
weir_code weir_analysis_make_filter(weir_analysis *a, const weir_node *origin, weir_node *child,
                                    weir_node *condition, weir_node **ret);
weir_node *weir_analysis_make_project(weir_analysis *a, const weir_node *origin, weir_node *child,
                                      weir_node_list exprs);
