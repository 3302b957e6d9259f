/* Window functions: names and type rules. What they give is made by the Window operator
 * (executor/operator/over_*.c); aggregates over windows are those of aggregate_functions.c. The analyzer
 * writes default arguments out before it resolves a call (lag: offset 1, default NULL; ntile: 1) and checks
 * their values (driver/analyze/analyze_over.c). Used by the analyzer's thread; the table is constant. */
#include "common/expr/expr_int.h"

static weir_code resolve_rank(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    *ret_type = weir_type_of(WEIR_TYPE_INT);
    *ret_nullable = false;
    return WEIR_OK;
}

/* Spark takes an INT here and casts nothing to it. */
static weir_code resolve_tile(WEIR_RESOLVE_PARAMS) {
    if (args[0]->type->kind != WEIR_TYPE_INT)
        return weir_fail_input_type(resolve, args, 0, "\"INT\"", err);
    return resolve_rank(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite, err);
}

static weir_code resolve_share(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    *ret_type = weir_type_of(WEIR_TYPE_DOUBLE);
    *ret_nullable = false;
    return WEIR_OK;
}

static weir_code expect_int(weir_resolve *resolve, weir_node **args, int32_t index, weir_error **err) {
    return weir_implicit_cast(resolve, &args[index], weir_type_of(WEIR_TYPE_INT))
               ? WEIR_OK
               : weir_fail_input_type(resolve, args, index, "\"INT\"", err);
}

/* lag and lead (value, offset, default) */
static weir_code resolve_offset(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    WEIR_TRY(expect_int(resolve, args, 1, err));
    const weir_type *type = args[0]->type;
    if (!weir_type_same(args[2]->type, type)) {
        bool null = args[2]->type->kind == WEIR_TYPE_NULL;
        if (null)
            args[2] = weir_coerce_cast(resolve, args[2], type);
        else if (!weir_implicit_cast(resolve, &args[2], type))
            return weir_fail_input_type(
                resolve, args, 2,
                weir_arena_printf(resolve->arena, "(%s or \"VOID\")", weir_quoted_type(resolve->arena, type)),
                err);
    }
    *ret_type = type;
    *ret_nullable = args[0]->nullable || args[2]->nullable;
    return WEIR_OK;
}

static weir_code resolve_nth(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    WEIR_TRY(expect_int(resolve, args, 1, err));
    *ret_type = args[0]->type;
    *ret_nullable = true;
    return WEIR_OK;
}

#define OVER(label, least, most, resolve_fn) \
    { \
        .name = label, .kind = WEIR_FUNCTION_WINDOW, .args_min = least, .args_max = most, \
        .resolve = resolve_fn \
    }

const weir_function weir_over_functions[] = {
    OVER("row_number", 0, 0, resolve_rank),     OVER("rank", 0, -1, resolve_rank),
    OVER("dense_rank", 0, -1, resolve_rank),    OVER("ntile", 0, 1, resolve_tile),
    OVER("percent_rank", 0, -1, resolve_share), OVER("cume_dist", 0, 0, resolve_share),
    OVER("lag", 1, 3, resolve_offset),          OVER("lead", 1, 3, resolve_offset),
    OVER("nth_value", 2, 3, resolve_nth),
};
WEIR_FAMILY_COUNT(over)
