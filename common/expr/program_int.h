/* Private to program*.c: the form of a compiled program. */
#pragma once

#include "common/expr/expr_int.h"
#include "common/column/builder.h"
#include "common/expr/program.h"

typedef enum weir_step_op {
    WEIR_STEP_INPUT,   /* dest = input column `index` */
    WEIR_STEP_LITERAL, /* dest = literal */
    WEIR_STEP_CALL,    /* dest = function(args) under sel */
    WEIR_STEP_FIELD,   /* dest = struct field `index` of args[0] */
    WEIR_STEP_NARROW,  /* sel dest = rows of sel where args[0] matches `index` (weir_narrow); where the
                          result is empty, jump to `jump` */
    WEIR_STEP_AND,     /* dest = args[0] AND args[1] (args[1] may be missing where skipped) */
    WEIR_STEP_OR,
    WEIR_STEP_MERGE, /* dest = rows of args[k] under selections parts[k] */
    WEIR_STEP_TYPE,  /* dest = args[0] under another, physically equal type */
} weir_step_op;

typedef enum weir_narrow {
    WEIR_NARROW_TRUE,      /* true */
    WEIR_NARROW_NOT_TRUE,  /* false or NULL */
    WEIR_NARROW_NOT_FALSE, /* true or NULL */
    WEIR_NARROW_NULL,
    WEIR_NARROW_NOT_NULL,
} weir_narrow;

typedef struct weir_step {
    weir_step_op op;
    int32_t dest; /* register, or selection register for NARROW */
    int32_t sel;  /* selection register; 0 = the caller's */
    int32_t index;
    int32_t jump;
    int32_t args_count;
    const int32_t *args;  /* registers */
    const int32_t *parts; /* MERGE: selection registers */
    const weir_type *type;
    const weir_function *function;
    const void *bound;
    weir_column *literal;
    const weir_query_context *context;
} weir_step;

struct weir_program {
    int32_t steps_count;
    int32_t registers_count;
    int32_t selections_count; /* without register 0 */
    int32_t outputs_count;
    const weir_step *steps;
    const int32_t *outputs;
    weir_str sql; /* what the steps' contexts refer to */
};

/* program_merge.c */
weir_code weir_program_merge(const weir_kernel_call *call, const weir_sel *parts, weir_column **ret,
                             weir_error **err);
weir_code weir_program_logic(const weir_kernel_call *call, bool is_and, weir_column **ret, weir_error **err);
weir_sel weir_program_narrow(weir_arena *arena, const weir_column *column, weir_narrow narrow,
                             const weir_sel *sel);
