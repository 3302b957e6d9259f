/* Running a program over a batch: steps in order, registers hold one column reference each, and are
 * released at the end of the run whether it succeeds or fails. State lives in eval->arena. */
#include "common/expr/program_int.h"
#include "common/plan/sql_context.h"

typedef struct run {
    const weir_program *program;
    weir_eval *eval;
    const weir_batch *input;
    weir_column **regs;
    weir_sel *sels;
    int32_t rows;
} run;

/* Struct field: the child under the parent's validity too. */
static weir_code field_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    (void)err;
    const weir_column *parent = call->args[0];
    weir_column *child = parent->children[*(const int32_t *)call->bound];
    if (call->rows == 1 && child->length != 1) { /* one row that stands for a constant struct */
        weir_column *one = weir_column_constant(child, 1);
        *ret = weir_column_reshell(one, call->type);
        weir_column_unref(one);
        return WEIR_OK;
    }
    *ret = weir_column_reshell(child, call->type);
    return WEIR_OK;
}

static const weir_function field_function = {
    .name = "weir_field",
    .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_DENSE | WEIR_FN_HIDDEN,
    .eval = field_kernel,
};

/* Spark tells the place in the SQL text with these conditions only, in ANSI mode. */
static bool carries_context(const weir_error *error) {
    switch (weir_error_code(error)) {
    case WEIR_ARITHMETIC_OVERFLOW: /* of binary operators: they suggest a try_ function */
        for (int i = 0; i < weir_error_param_count(error); i++)
            if (strcmp(weir_error_param_name(error, i), "alternative") == 0)
                return weir_error_param_value(error, i)[0] != 0;
        return false;
    case WEIR_CAST_INVALID_INPUT:
    case WEIR_DIVIDE_BY_ZERO:
    case WEIR_REMAINDER_BY_ZERO:
    case WEIR_NUMERIC_VALUE_OUT_OF_RANGE__WITH_SUGGESTION:
    case WEIR_INVALID_ARRAY_INDEX:
    case WEIR_INVALID_ARRAY_INDEX_IN_ELEMENT_AT:
    case WEIR_INVALID_INDEX_OF_ZERO:
    case WEIR_INTERVAL_DIVIDED_BY_ZERO:
        return true;
    default:
        return false;
    }
}

static void add_context(const run *r, const weir_step *step, weir_error *error) {
    bool tries = step->function && strncmp(step->function->name, "try_", 4) == 0;
    if (r->eval->ansi && step->context && !tries && error && carries_context(error) &&
        weir_error_get_context(error) == NULL)
        weir_sql_context_attach(error, r->program->sql, step->context->start, step->context->stop);
}

static weir_code run_call(run *r, const weir_step *step, const weir_function *function, const void *bound,
                          weir_column **ret, weir_error **err) {
    weir_column **args = weir_arena_alloc(r->eval->arena, sizeof(*args) * (size_t)(step->args_count + 1));
    bool missing = false;
    for (int32_t i = 0; i < step->args_count; i++) {
        args[i] = r->regs[step->args[i]];
        missing |= args[i] == NULL;
    }
    weir_kernel_call call = {.eval = r->eval,
                             .type = step->type,
                             .args = args,
                             .args_count = step->args_count,
                             .rows = r->rows,
                             .sel = r->sels[step->sel],
                             .bound = bound,
                             .context = step->context};
    if (missing) /* an argument before it is NULL in every row */
        return weir_result_all_null(&call, ret, err);
    weir_code code = weir_kernel_run(function, &call, ret, err);
    if (WEIR_UNLIKELY(code != WEIR_OK) && err)
        add_context(r, step, *err);
    return code;
}

/* Arguments of AND, OR and MERGE as FLAT or CONSTANT; missing registers stay NULL. */
static weir_code plain_args(run *r, const weir_step *step, weir_column **args, weir_error **err) {
    for (int32_t i = 0; i < step->args_count; i++) {
        args[i] = NULL;
        if (r->regs[step->args[i]])
            WEIR_TRY(
                weir_column_plain(r->eval->budget, weir_column_ref(r->regs[step->args[i]]), &args[i], err));
    }
    return WEIR_OK;
}

static weir_code run_combine(run *r, const weir_step *step, weir_column **ret, weir_error **err) {
    weir_column **args = weir_arena_zalloc(r->eval->arena, sizeof(*args) * (size_t)(step->args_count + 1));
    weir_sel *parts = weir_arena_zalloc(r->eval->arena, sizeof(*parts) * (size_t)(step->args_count + 1));
    weir_kernel_call call = {.eval = r->eval,
                             .type = step->type,
                             .args = args,
                             .args_count = step->args_count,
                             .rows = r->rows,
                             .sel = r->sels[step->sel]};
    weir_code code = plain_args(r, step, args, err);
    if (code == WEIR_OK && step->op == WEIR_STEP_MERGE) {
        for (int32_t i = 0; i < step->args_count; i++)
            parts[i] = r->sels[step->parts[i]];
        code = weir_program_merge(&call, parts, ret, err);
    } else if (code == WEIR_OK) {
        code = weir_program_logic(&call, step->op == WEIR_STEP_AND, ret, err);
    }
    for (int32_t i = 0; i < step->args_count; i++)
        weir_column_unref(args[i]);
    return code;
}

static weir_code run_step(run *r, const weir_step *step, weir_column **ret, weir_error **err) {
    switch (step->op) {
    case WEIR_STEP_INPUT:
        if (step->index < 0 || step->index >= r->input->columns_count)
            WEIR_FAIL(err, INTERNAL_ERROR, "expression reads column %d of %d", (int)step->index,
                      (int)r->input->columns_count);
        *ret = weir_column_ref(r->input->columns[step->index]);
        return WEIR_OK;
    case WEIR_STEP_LITERAL:
        *ret = weir_column_constant(step->literal, r->rows);
        return WEIR_OK;
    case WEIR_STEP_CALL:
        return run_call(r, step, step->function, step->bound, ret, err);
    case WEIR_STEP_FIELD:
        return run_call(r, step, &field_function, &step->index, ret, err);
    case WEIR_STEP_TYPE:
        *ret = weir_column_reshell(r->regs[step->args[0]], step->type);
        return WEIR_OK;
    default:
        return run_combine(r, step, ret, err);
    }
}

static weir_code run_narrow(run *r, const weir_step *step, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_column_plain(r->eval->budget, weir_column_ref(r->regs[step->args[0]]), &column, err));
    r->sels[step->dest] =
        weir_program_narrow(r->eval->arena, column, (weir_narrow)step->index, &r->sels[step->sel]);
    weir_column_unref(column);
    return WEIR_OK;
}

static weir_code run_steps(run *r, weir_error **err) {
    const weir_program *program = r->program;
    for (int32_t pc = 0; pc < program->steps_count;) {
        const weir_step *step = &program->steps[pc++];
        if (step->op == WEIR_STEP_NARROW) {
            WEIR_TRY(run_narrow(r, step, err));
            if (r->sels[step->dest].count == 0)
                pc = step->jump;
        } else {
            WEIR_TRY(run_step(r, step, &r->regs[step->dest], err));
        }
    }
    return WEIR_OK;
}

weir_code weir_program_eval(const weir_program *program, weir_eval *eval, const weir_batch *input,
                            const weir_sel *sel, weir_column **ret_columns, weir_error **err) {
    run r = {.program = program, .eval = eval, .input = input, .rows = input->rows};
    r.regs = weir_arena_zalloc(eval->arena, sizeof(*r.regs) * (size_t)(program->registers_count + 1));
    r.sels = weir_arena_zalloc(eval->arena, sizeof(*r.sels) * (size_t)(program->selections_count + 1));
    r.sels[0] = sel ? *sel : (weir_sel){NULL, input->rows};
    weir_code code = WEIR_OK;
    if (r.sels[0].count > 0) {
        code = run_steps(&r, err);
    } else { /* nothing is live: inputs and literals alone, for their types */
        for (int32_t i = 0; i < program->steps_count && code == WEIR_OK; i++) {
            const weir_step *step = &program->steps[i];
            if (step->op == WEIR_STEP_INPUT || step->op == WEIR_STEP_LITERAL)
                code = run_step(&r, step, &r.regs[step->dest], err);
            else if (step->op != WEIR_STEP_NARROW)
                code = weir_column_new_nulls(eval->budget, step->type, r.rows, &r.regs[step->dest], err);
        }
    }
    for (int32_t i = 0; i < program->outputs_count && code == WEIR_OK; i++)
        ret_columns[i] = weir_column_ref(r.regs[program->outputs[i]]);
    for (int32_t i = 0; i < program->registers_count; i++)
        weir_column_unref(r.regs[i]);
    return code;
}

weir_code weir_program_filter(const weir_program *program, weir_eval *eval, const weir_batch *input,
                              const weir_sel *sel, int32_t *ret_rows, int32_t *ret_count, weir_error **err) {
    weir_sel all = sel ? *sel : (weir_sel){NULL, input->rows};
    if (all.count == 0) {
        *ret_count = 0;
        return WEIR_OK;
    }
    WEIR_ASSERT(program->outputs_count >= 1);
    weir_column **columns = weir_arena_zalloc(eval->arena, sizeof(*columns) * (size_t)program->outputs_count);
    WEIR_TRY(weir_program_eval(program, eval, input, &all, columns, err));
    weir_column *plain;
    weir_code code = weir_column_plain(eval->budget, columns[0], &plain, err);
    for (int32_t i = 1; i < program->outputs_count; i++)
        weir_column_unref(columns[i]);
    WEIR_TRY(code);
    weir_sel live = weir_program_narrow(eval->arena, plain, WEIR_NARROW_TRUE, &all);
    weir_column_unref(plain);
    for (int32_t k = 0; k < live.count; k++)
        ret_rows[k] = weir_sel_row(&live, k);
    *ret_count = live.count;
    return WEIR_OK;
}

weir_code weir_expr_fold(weir_arena *arena, const weir_node *expr, const weir_timezone *zone, bool ansi,
                         weir_column **ret, weir_error **err) {
    const weir_program *program;
    weir_node *node = (weir_node *)(uintptr_t)expr;
    WEIR_TRY(weir_program_compile(arena, &node, 1, zone, ansi, WEIR_STR(""), &program, err));
    weir_eval eval = {.arena = arena, .zone = zone, .ansi = ansi};
    const weir_type *none = weir_type_struct(arena, NULL, 0);
    _cleanup_batch_ weir_batch *batch = weir_batch_new(none, 1, NULL, 0);
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_program_eval(program, &eval, batch, NULL, &column, err));
    return weir_column_flatten(NULL, column, ret, err);
}
