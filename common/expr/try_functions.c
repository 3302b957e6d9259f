/* try_add, try_subtract, try_multiply, try_divide, try_mod: the operator, with NULL where it fails.
 *
 * The hidden function weir_try_call(name, args...) runs the registered function `name` under ANSI rules over
 * the whole batch; only a batch that fails is halved again and again, until the rows that fail stand alone.
 */
#include "common/column/builder.h"
#include "common/expr/expr_int.h"

typedef struct try_bound {
    const weir_function *function;
    const void *bound;
} try_bound;

static const weir_function *named_function(const weir_column *name) {
    return weir_function_find(weir_column_bytes(name, 0));
}

static weir_code bind_try(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types,
                          weir_column *const *literals, int32_t args_count, const weir_timezone *zone,
                          bool ansi, const void **ret_bound, weir_error **err) {
    (void)ansi;
    try_bound *bound = WEIR_NEW(arena, try_bound);
    bound->function = literals[0] ? named_function(literals[0]) : NULL;
    if (bound->function == NULL || bound->function->eval == NULL)
        WEIR_FAIL(err, INTERNAL_ERROR, "weir_try_call of no function");
    if (bound->function->bind)
        WEIR_TRY(bound->function->bind(arena, type, arg_types + 1, literals + 1, args_count - 1, zone, true,
                                       &bound->bound, err));
    *ret_bound = bound;
    return WEIR_OK;
}

/* Runs the rows `rows` of the call as a batch of their own. */
static weir_code run_rows(const weir_kernel_call *call, const int32_t *rows, int32_t count, weir_column **ret,
                          weir_error **err) {
    const try_bound *bound = call->bound;
    weir_eval eval = *call->eval;
    eval.ansi = true;
    weir_column **args = weir_arena_zalloc(eval.arena, sizeof(*args) * (size_t)call->args_count);
    weir_kernel_call inner = {.eval = &eval,
                              .type = call->type,
                              .args = args,
                              .args_count = call->args_count - 1,
                              .rows = count,
                              .sel = {NULL, count},
                              .bound = bound->bound};
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < inner.args_count && code == WEIR_OK; i++)
        code = weir_column_gather(eval.budget, call->args[i + 1], rows, count, &args[i], err);
    if (code == WEIR_OK)
        code = weir_kernel_run(bound->function, &inner, ret, err);
    for (int32_t i = 0; i < inner.args_count; i++)
        weir_column_unref(args[i]);
    return code;
}

static bool is_of_the_engine(weir_code code) {
    return code == WEIR_OUT_OF_MEMORY || code == WEIR_CANCELLED || code == WEIR_INTERNAL_ERROR;
}

/* Puts the results of rows[0..count) into `places` (index into `parts`' rows, -1 = NULL). */
static weir_code try_rows(const weir_kernel_call *call, const int32_t *rows, int32_t count,
                          weir_column **results, weir_error **err) {
    _cleanup_error_ weir_error *problem = NULL;
    weir_column *column;
    weir_code code = run_rows(call, rows, count, &column, &problem);
    if (code == WEIR_OK) {
        for (int32_t k = 0; k < count; k++)
            weir_column_slice(NULL, column, k, 1, &results[rows[k]], NULL);
        weir_column_unref(column);
        return WEIR_OK;
    }
    if (is_of_the_engine(code)) {
        weir_error *moved = problem;
        problem = NULL;
        return weir_error_move(err, moved);
    }
    if (count == 1)
        return WEIR_OK; /* stays NULL */
    WEIR_TRY(try_rows(call, rows, count / 2, results, err));
    return try_rows(call, rows + count / 2, count - count / 2, results, err);
}

static weir_code collect(const weir_kernel_call *call, weir_column **results, weir_column **ret,
                         weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    bool fits = true;
    for (int32_t i = 0; i < call->rows && fits; i++)
        fits = results[i] ? weir_builder_copy(&builder, results[i], 0) : weir_builder_null(&builder);
    weir_code code = fits ? weir_builder_finish(&builder, ret, err) : weir_error_oom(err);
    weir_builder_fini(&builder);
    return code;
}

static weir_code try_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const try_bound *bound = call->bound;
    weir_eval eval = *call->eval;
    eval.ansi = true;
    weir_kernel_call whole = *call;
    whole.eval = &eval;
    whole.args = call->args + 1;
    whole.args_count = call->args_count - 1;
    whole.bound = bound->bound;
    weir_code code = weir_kernel_run(bound->function, &whole, ret, NULL);
    if (code == WEIR_OK)
        return WEIR_OK;
    weir_column **results = weir_arena_zalloc(eval.arena, sizeof(*results) * ((size_t)call->rows + 1));
    int32_t *rows = weir_arena_alloc(eval.arena, sizeof(int32_t) * ((size_t)call->sel.count + 1));
    for (int32_t k = 0; k < call->sel.count; k++)
        rows[k] = weir_sel_row(&call->sel, k);
    code = call->sel.count ? try_rows(call, rows, call->sel.count, results, err) : WEIR_OK;
    if (code == WEIR_OK)
        code = collect(call, results, ret, err);
    for (int32_t i = 0; i < call->rows; i++)
        weir_column_unref(results[i]);
    return code;
}

/* Resolves the operator over the arguments; what it rewrites itself to takes its place. */
static weir_code resolve_try_call(WEIR_RESOLVE_PARAMS) {
    (void)function;
    const weir_function *inner = named_function(((weir_node_literal *)args[0])->value);
    weir_node *rewrite = NULL;
    if (inner == NULL)
        WEIR_FAIL(err, INTERNAL_ERROR, "weir_try_call of no function");
    weir_resolve shown = *resolve; /* messages show the operator */
    shown.call = weir_make_call(resolve, inner->name, args_count - 1, args + 1);
    WEIR_TRY(inner->resolve(&shown, inner, args + 1, args_count - 1, ret_type, ret_nullable, &rewrite, err));
    *ret_nullable = true;
    if (rewrite == NULL)
        return WEIR_OK;
    if (rewrite->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        WEIR_FAIL(err, NOT_SUPPORTED, "this try_ function is not supported by Weir over these types");
    weir_node_unresolved_function *call = (weir_node_unresolved_function *)rewrite;
    weir_node **all = WEIR_NEW_ARRAY(resolve->arena, weir_node *, call->args.count + 1);
    all[0] = weir_literal_string(resolve->arena, call->name.items[0]);
    for (int32_t i = 0; i < call->args.count; i++) {
        if (!call->args.items[i]->resolved)
            WEIR_FAIL(err, NOT_SUPPORTED, "this try_ function is not supported by Weir over these types");
        all[i + 1] = call->args.items[i];
    }
    *ret_rewrite = weir_make_call(resolve, "weir_try_call", call->args.count + 1, all);
    return WEIR_OK;
}

/* date + n is date_add, as the analyzer has it for the operator. */
static const char *operator_of(const char *name, weir_node *const *args, bool *ret_swap) {
    bool plus = strcmp(name, "try_add") == 0, minus = strcmp(name, "try_subtract") == 0;
    *ret_swap = false;
    if (plus && args[1]->type->kind == WEIR_TYPE_DATE && weir_type_is_numeric(args[0]->type))
        *ret_swap = true;
    if (*ret_swap ||
        ((plus || minus) && args[0]->type->kind == WEIR_TYPE_DATE && weir_type_is_numeric(args[1]->type)))
        return plus ? "date_add" : "date_sub";
    return plus                                ? "+"
           : minus                             ? "-"
           : strcmp(name, "try_multiply") == 0 ? "*"
           : strcmp(name, "try_divide") == 0   ? "/"
                                               : "%";
}

static weir_code resolve_try(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_type, (void)ret_nullable, (void)err;
    bool swap;
    const char *name = operator_of(function->name, args, &swap);
    weir_node *parts[] = {weir_literal_string(resolve->arena, weir_str_from(name)), args[swap ? 1 : 0],
                          args[swap ? 0 : 1]};
    *ret_rewrite = weir_make_call(resolve, "weir_try_call", 3, parts);
    return WEIR_OK;
}

#define TRY_FUNCTION(sql_name) \
    { .name = sql_name, .args_min = 2, .args_max = 2, .resolve = resolve_try }

const weir_function weir_try_functions[] = {
    TRY_FUNCTION("try_add"),
    TRY_FUNCTION("try_subtract"),
    TRY_FUNCTION("try_multiply"),
    TRY_FUNCTION("try_divide"),
    TRY_FUNCTION("try_mod"),
    {.name = "weir_try_call",
     .args_min = 2,
     .args_max = -1,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN | WEIR_FN_NEEDS_TIMEZONE,
     .resolve = resolve_try_call,
     .bind = bind_try,
     .eval = try_kernel},
};
WEIR_FAMILY_COUNT(try)
