/* The function registry: every scalar and aggregate function and operator of Weir, one table entry
 * each. The analyzer resolves names and types with it, the compiler takes kernels from it, and docs
 * and tests list it. Entries are static const; families register through arrays listed in
 * function_table.c. Any thread.
 *
 * Operators have Spark's registry names, and parsers make calls of them: + - * / % div = <=> < <= > >=
 * & | ^ ~ || not (a <> b is not(=(a, b))) negative positive in (a, items...) between (a, low, high) like
 * ilike (value, pattern[, escape]) rlike isnull isnotnull. a[i] and m[k] are weir_extract (value, key). AND,
 * OR, CASE, COALESCE and CAST are nodes; the functions if, nvl, coalesce, int(), ... rewrite to them. */
#pragma once

#include "common/base/arena.h"
#include "common/column/column.h"
#include "common/expr/kernel.h"
#include "common/plan/plan.h"

typedef struct weir_function weir_function;

typedef enum weir_function_kind {
    WEIR_FUNCTION_SCALAR,
    WEIR_FUNCTION_AGGREGATE,
    WEIR_FUNCTION_WINDOW, /* over a window alone: row_number, lag, ... */
} weir_function_kind;

enum {
    /* NULL in any argument gives NULL: the wrapper computes validity and hands the kernel a selection
     * without those rows. */
    WEIR_FN_NULL_PROPAGATES = 1 << 0,
    WEIR_FN_OPERATOR = 1 << 1, /* prints as "(a + b)" or "(- a)" */
    WEIR_FN_NONDETERMINISTIC = 1 << 2,
    WEIR_FN_NEVER_NULL = 1 << 3, /* result is not nullable */
    WEIR_FN_NEEDS_TIMEZONE = 1 << 4,
    WEIR_FN_HIDDEN = 1 << 5, /* made by the analyzer only, no SQL name */
    /* Reads any row without harm, NULL or not selected; errors are raised for live rows alone. The
     * wrapper then hands the whole selection on instead of removing NULL rows first. */
    WEIR_FN_DENSE = 1 << 6,
    /* Cannot fail and is cheap: may be evaluated for rows whose value is not needed (AND, OR). */
    WEIR_FN_NEVER_RAISES = 1 << 7,
};

/* What resolution needs from the session. */
typedef struct weir_resolve {
    weir_arena *arena;
    bool ansi;                 /* spark.sql.ansi.enabled */
    const weir_timezone *zone; /* spark.sql.session.timeZone */
    const weir_node *call;     /* the expression, for messages */
} weir_resolve;

/* A parameter of a lambda as the function binds it. */
typedef struct weir_lambda_parameter {
    const weir_type *type;
    bool nullable;
} weir_lambda_parameter;
#define WEIR_LAMBDA_PARAMETERS_MAX 3
/* Higher-order functions: the parameters of the lambda args[index]. What stands before it is resolved, the
 * collections are checked when index is function->lambda_from (args may be replaced by casts then). `written`
 * is the number of parameters that the user wrote, 0 where the argument is no lambda. */
typedef weir_code (*weir_function_parameters)(weir_resolve *resolve, const weir_function *function,
                                              weir_node **args, int32_t index, int32_t written,
                                              weir_lambda_parameter *ret, int32_t *ret_count,
                                              weir_error **err);

/* Decides the result type; may replace args[i] by casts (implicit conversion, Spark's rules) and
 * may rewrite the whole call by setting *ret_rewrite (resolved or unresolved; resolved again). */
typedef weir_code (*weir_function_resolve)(weir_resolve *resolve, const weir_function *function,
                                           weir_node **args, int32_t args_count, const weir_type **ret_type,
                                           bool *ret_nullable, weir_node **ret_rewrite, weir_error **err);

struct weir_aggregate_ops; /* common/expr/aggregate.h */

struct weir_function {
    const char *name;   /* lower case, Spark's */
    const char *symbol; /* operators: "+"; else NULL */
    weir_function_kind kind;
    int32_t args_min, args_max; /* args_max -1 = any */
    uint32_t flags;
    weir_function_resolve resolve;
    weir_kernel_bind bind; /* may be NULL */
    weir_kernel_fn eval;   /* scalar */
    const struct weir_aggregate_ops *aggregate;
    weir_function_parameters parameters; /* higher-order functions: what their lambdas take */
    int32_t lambda_from;                 /* the first argument that is a lambda; 0 = none */
    const char *signature; /* argument and result types in the words of function_resolve.c, or NULL */
};

/* ASCII case-insensitive; NULL where unknown (hidden functions are found too). */
const weir_function *weir_function_find(weir_str name);
/* For listings and tests; NULL past the end. */
const weir_function *weir_function_at(int32_t index);

/* ---- type rules shared by function families and the analyzer (coercion.c) ---- */
/* Wraps `expr` in a CAST node unless it has the type already (literals of NULL type become typed). */
weir_node *weir_coerce_cast(weir_resolve *resolve, weir_node *expr, const weir_type *type);
/* Spark's common type of two types for comparison, CASE, COALESCE, IN (ANSI or legacy precedence);
 * NULL where there is none. */
const weir_type *weir_coerce_common(weir_arena *arena, bool ansi, const weir_type *a, const weir_type *b);
/* Can a cast between the types make NULL of a value (Cast.forceNullable)? Spark calls it nullable then, under
 * ANSI too; a TRY cast always is. */
bool weir_coerce_cast_nullable(const weir_type *from, const weir_type *to);
/* May Spark cast from one to the other in this mode (Cast.canCast / canAnsiCast / canTryCast)? */
bool weir_coerce_can_cast(const weir_type *from, const weir_type *to, weir_cast_mode mode);
