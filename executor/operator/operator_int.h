/* Between the framework and the operators: what a compile function gets. Private to the folder. */
#pragma once

#include "executor/operator/operator.h"

typedef struct weir_operator_compiler {
    weir_arena *arena;
    const weir_node *node;
    const weir_type *input;
    const weir_timezone *zone;
    bool ansi;
    weir_str sql;
} weir_operator_compiler;

/* Each fills spec->ops, spec->data and, where the operator changes it, spec->schema. */
#define WEIR_OPERATOR_COMPILE(noun) \
    weir_code weir_##noun##_compile(const weir_operator_compiler *compiler, weir_operator_spec *spec, \
                                    weir_error **err)
WEIR_OPERATOR_COMPILE(filter);
WEIR_OPERATOR_COMPILE(project);
WEIR_OPERATOR_COMPILE(expand);
WEIR_OPERATOR_COMPILE(generate);
WEIR_OPERATOR_COMPILE(sample);
WEIR_OPERATOR_COMPILE(hash_agg);
WEIR_OPERATOR_COMPILE(state_agg);
WEIR_OPERATOR_COMPILE(final_agg);
WEIR_OPERATOR_COMPILE(sort);
WEIR_OPERATOR_COMPILE(limit);
WEIR_OPERATOR_COMPILE(tail);
WEIR_OPERATOR_COMPILE(hash_join);
WEIR_OPERATOR_COMPILE(over);

/* A program over `exprs`. */
weir_code weir_operator_program(const weir_operator_compiler *compiler, weir_node *const *exprs,
                                int32_t count, const weir_program **ret, weir_error **err);
/* The STRUCT of a list of expressions: the node's own type where it fits, else fields named by ordinal. */
const weir_type *weir_operator_schema(const weir_operator_compiler *compiler, weir_node_list exprs);
/* FLAT or CONSTANT columns from program results (dictionaries are gathered); in place. */
weir_code weir_operator_flatten(weir_budget *budget, weir_column **columns, int32_t count, weir_error **err);
void weir_operator_unref_columns(weir_column **columns, int32_t count);
