/* Compiling bound expressions into a program: a flat array of steps over registers (columns) and
 * selection registers (rows that are live).
 *
 *   INPUT r0 <- column 2          a = 0 OR 10 / a > 1:
 *   CALL  r1 <- =(r0, lit)          the right side may raise, so it runs under
 *   NARROW s1 <- r1 not true        s1, and where s1 is empty the jump skips it
 *   CALL  r2 <- /(lit, r0) | s1
 *   OR    r3 <- r1, r2
 *
 * A value computed under a selection serves every equal expression under the same or a narrower
 * selection (common sub-expressions). A failing `bind` fails the compilation. One thread per compile. */
#include "common/expr/lambda_int.h"
#include "common/expr/program_int.h"
#include "common/plan/sql_context.h"

typedef struct compiled {
    const weir_node *node;
    uint64_t hash;
    int32_t sel;
    int32_t reg;
} compiled;

typedef struct compiler {
    weir_arena *arena;
    const weir_timezone *zone;
    bool ansi;
    weir_str sql;
    weir_step *steps;
    int32_t steps_count, steps_capacity;
    int32_t registers;
    int32_t *sel_parent;
    int32_t sels, sels_capacity;
    compiled *known;
    int32_t known_count, known_capacity;
} compiler;

static weir_code compile(compiler *c, weir_node *node, int32_t sel, int32_t *ret, weir_error **err);

static void *grow(weir_arena *arena, void *items, int32_t count, int32_t *capacity, size_t size) {
    if (count < *capacity)
        return items;
    int32_t larger = *capacity ? *capacity * 2 : 16;
    void *copy = weir_arena_zalloc(arena, size * (size_t)larger);
    if (count)
        memcpy(copy, items, size * (size_t)count);
    *capacity = larger;
    return copy;
}

static weir_step *add_step(compiler *c, weir_step_op op, int32_t sel) {
    c->steps = grow(c->arena, c->steps, c->steps_count, &c->steps_capacity, sizeof(weir_step));
    weir_step *step = &c->steps[c->steps_count++];
    *step = (weir_step){.op = op, .sel = sel, .dest = -1};
    return step;
}

static int32_t new_register(compiler *c) {
    return c->registers++;
}

static int32_t new_selection(compiler *c, int32_t parent) {
    c->sel_parent = grow(c->arena, c->sel_parent, c->sels, &c->sels_capacity, sizeof(int32_t));
    c->sel_parent[c->sels] = parent;
    return c->sels++;
}

static int32_t *int_list(compiler *c, const int32_t *items, int32_t count) {
    int32_t *copy = weir_arena_alloc(c->arena, sizeof(int32_t) * (size_t)(count + 1));
    if (count)
        memcpy(copy, items, sizeof(int32_t) * (size_t)count);
    return copy;
}

/* Adds the narrowing step; the caller sets steps[*ret_step].jump once the target is known. */
static int32_t add_narrow(compiler *c, int32_t reg, weir_narrow narrow, int32_t sel, int32_t *ret_step) {
    int32_t result = new_selection(c, sel);
    weir_step *step = add_step(c, WEIR_STEP_NARROW, sel);
    step->dest = result;
    step->index = (int32_t)narrow;
    step->args = int_list(c, &reg, 1);
    step->args_count = 1;
    *ret_step = c->steps_count - 1;
    return result;
}

static bool dominates(const compiler *c, int32_t wide, int32_t narrow) {
    while (narrow != wide && narrow > 0)
        narrow = c->sel_parent[narrow];
    return narrow == wide;
}

static bool is_nondeterministic(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_CALL &&
           (((const weir_node_call *)node)->function->flags & WEIR_FN_NONDETERMINISTIC);
}

static bool is_unfoldable(const weir_node *node, void *data) {
    return node->kind == WEIR_NODE_INPUT || node->kind == WEIR_NODE_ATTRIBUTE ||
           node->kind == WEIR_NODE_LAMBDA_VARIABLE || node->kind == WEIR_NODE_AGGREGATE_CALL ||
           is_nondeterministic(node, data);
}

/* A widening cast or one to text cannot fail. */
static bool cast_is_safe(const weir_node_cast *cast) {
    const weir_type *from = cast->child->type, *to = cast->node.type;
    if (cast->mode != WEIR_CAST_ANSI)
        return true;
    if (from->kind == WEIR_TYPE_NULL || to->kind == WEIR_TYPE_STRING)
        return true;
    if (weir_type_is_integral(from) && to->kind >= from->kind && to->kind <= WEIR_TYPE_DOUBLE)
        return true;
    return to->kind == WEIR_TYPE_DOUBLE && weir_type_is_numeric(from);
}

static bool raises_never(const weir_node *node) {
    switch (node->kind) {
    case WEIR_NODE_INPUT:
    case WEIR_NODE_LITERAL:
        return true;
    case WEIR_NODE_ALIAS:
        return raises_never(((const weir_node_alias *)node)->child);
    case WEIR_NODE_FIELD:
        return raises_never(((const weir_node_field_access *)node)->child);
    case WEIR_NODE_CAST:
        return cast_is_safe((const weir_node_cast *)node) &&
               raises_never(((const weir_node_cast *)node)->child);
    case WEIR_NODE_AND:
        return raises_never(((const weir_node_and *)node)->left) &&
               raises_never(((const weir_node_and *)node)->right);
    case WEIR_NODE_OR:
        return raises_never(((const weir_node_or *)node)->left) &&
               raises_never(((const weir_node_or *)node)->right);
    case WEIR_NODE_CALL: {
        const weir_node_call *call = (const weir_node_call *)node;
        if (!(call->function->flags & WEIR_FN_NEVER_RAISES))
            return false;
        for (int32_t i = 0; i < call->args.count; i++)
            if (!raises_never(call->args.items[i]))
                return false;
        return true;
    }
    default:
        return false;
    }
}

/* The query context of an expression: its place and text in the SQL. */
static const weir_query_context *context_of(compiler *c, const weir_node *node) {
    weir_query_context *context = WEIR_NEW(c->arena, weir_query_context);
    if (!weir_sql_context_locate(c->arena, c->sql, node->start, node->stop, context))
        return NULL;
    context->start = node->start; /* in the whole of the text, for whoever attaches it to an error */
    context->stop = node->stop;
    return context;
}

static void release_column(void *column) {
    weir_column_unref(column);
}

static weir_code bind_call(compiler *c, const weir_node_call *call, weir_step *step, weir_error **err) {
    int32_t count = call->args.count;
    const weir_type **types = WEIR_NEW_ARRAY(c->arena, const weir_type *, count + 1);
    weir_column **literals = WEIR_NEW_ARRAY(c->arena, weir_column *, count + 1);
    for (int32_t i = 0; i < count; i++) {
        weir_node *arg = call->args.items[i];
        types[i] = arg->type;
        if (arg->kind == WEIR_NODE_LITERAL) {
            literals[i] = ((weir_node_literal *)arg)->value;
        } else if (!weir_node_any(arg, is_unfoldable, NULL)) {
            _cleanup_error_ weir_error *ignored = NULL; /* raised where a row needs it */
            if (weir_expr_fold(c->arena, arg, c->zone, c->ansi, &literals[i], &ignored) != WEIR_OK)
                literals[i] = NULL;
            else
                weir_arena_on_reset(c->arena, release_column, literals[i]);
        }
    }
    return call->function->bind(c->arena, call->node.type, types, literals, count, c->zone, c->ansi,
                                &step->bound, err);
}

/* An argument that may raise is evaluated where the ones before it are not NULL, as Spark does. Where no
 * row is left the jump leads to the call, which then sees a missing argument: NULL for all. */
static weir_code compile_args(compiler *c, const weir_node_call *call, int32_t sel, int32_t *args,
                              int32_t *exits, int32_t *exits_count, weir_error **err) {
    bool lazy = (call->function->flags & WEIR_FN_NULL_PROPAGATES) != 0;
    for (int32_t i = 0; i < call->args.count; i++) {
        const weir_node *arg = call->args.items[i];
        if (lazy && i > 0 && call->args.items[i - 1]->nullable && !raises_never(arg) &&
            weir_node_any(arg, is_unfoldable,
                          NULL)) /* Spark folds constants first: their errors are not lazy */
            sel = add_narrow(c, args[i - 1], WEIR_NARROW_NOT_NULL, sel, &exits[(*exits_count)++]);
        WEIR_TRY(compile(c, call->args.items[i], sel, &args[i], err));
    }
    return WEIR_OK;
}

/* A call with lambdas: its arguments are the collections and what the bodies capture. */
static weir_code compile_higher_order(compiler *c, weir_node_call *call, int32_t sel, int32_t *ret,
                                      weir_error **err) {
    weir_node_list captures = {0};
    const weir_lambda_bound *bound;
    WEIR_TRY(weir_lambda_compile(c->arena, call, c->zone, c->ansi, c->sql, &bound, &captures, err));
    int32_t count = bound->args_count + captures.count;
    int32_t *args = weir_arena_alloc(c->arena, sizeof(int32_t) * (size_t)(count + 1));
    for (int32_t i = 0; i < count; i++)
        WEIR_TRY(compile(c,
                         i < bound->args_count ? call->args.items[i] : captures.items[i - bound->args_count],
                         sel, &args[i], err));
    const weir_query_context *context = context_of(c, &call->node);
    weir_step *step = add_step(c, WEIR_STEP_CALL, sel);
    step->args = args;
    step->args_count = count;
    step->function = call->function;
    step->bound = bound;
    step->type = call->node.type;
    step->context = context;
    step->dest = *ret = new_register(c);
    return WEIR_OK;
}

static weir_code compile_call(compiler *c, weir_node_call *call, int32_t sel, int32_t *ret,
                              weir_error **err) {
    if (call->function->lambda_from > 0)
        return compile_higher_order(c, call, sel, ret, err);
    int32_t count = call->args.count, exits_count = 0;
    int32_t *args = weir_arena_alloc(c->arena, sizeof(int32_t) * (size_t)(count + 1));
    int32_t *exits = weir_arena_alloc(c->arena, sizeof(int32_t) * (size_t)(count + 1));
    WEIR_TRY(compile_args(c, call, sel, args, exits, &exits_count, err));
    if (call->function->eval == NULL)
        WEIR_FAIL(err, INTERNAL_ERROR, "function %s has no kernel", call->function->name);
    weir_step step = {.op = WEIR_STEP_CALL, .sel = sel, .args = args, .args_count = count};
    step.function = call->function;
    step.type = call->node.type;
    step.context = context_of(c, &call->node);
    if (call->function->bind) {
        weir_code code = bind_call(c, call, &step, err);
        if (code != WEIR_OK)
            return code;
    }
    step.dest = *ret = new_register(c);
    for (int32_t i = 0; i < exits_count; i++)
        c->steps[exits[i]].jump = c->steps_count;
    *add_step(c, WEIR_STEP_CALL, sel) = step;
    return WEIR_OK;
}

static weir_code compile_cast(compiler *c, weir_node_cast *cast, int32_t sel, int32_t *ret,
                              weir_error **err) {
    int32_t child;
    WEIR_TRY(compile(c, cast->child, sel, &child, err));
    if (weir_type_equal(cast->child->type, cast->node.type)) {
        *ret = child;
        return WEIR_OK;
    }
    bool same = weir_type_same(cast->child->type, cast->node.type);
    const weir_query_context *context = context_of(c, &cast->node);
    weir_step *step = add_step(c, same ? WEIR_STEP_TYPE : WEIR_STEP_CALL, sel);
    step->function = &weir_cast_functions[cast->mode];
    step->type = cast->node.type;
    step->args = int_list(c, &child, 1);
    step->args_count = 1;
    step->context = context;
    step->dest = *ret = new_register(c);
    return WEIR_OK;
}

static weir_code compile_logic(compiler *c, weir_node *left, weir_node *right, bool is_and,
                               const weir_type *type, int32_t sel, int32_t *ret, weir_error **err) {
    int32_t regs[2], narrow = -1;
    WEIR_TRY(compile(c, left, sel, &regs[0], err));
    if (raises_never(right)) {
        WEIR_TRY(compile(c, right, sel, &regs[1], err));
    } else {
        int32_t inner =
            add_narrow(c, regs[0], is_and ? WEIR_NARROW_NOT_FALSE : WEIR_NARROW_NOT_TRUE, sel, &narrow);
        WEIR_TRY(compile(c, right, inner, &regs[1], err));
        c->steps[narrow].jump = c->steps_count;
    }
    weir_step *step = add_step(c, is_and ? WEIR_STEP_AND : WEIR_STEP_OR, sel);
    step->type = type;
    step->args = int_list(c, regs, 2);
    step->args_count = 2;
    step->dest = *ret = new_register(c);
    return WEIR_OK;
}

static int32_t add_merge(compiler *c, const weir_type *type, int32_t sel, const int32_t *regs,
                         const int32_t *parts, int32_t count) {
    weir_step *step = add_step(c, WEIR_STEP_MERGE, sel);
    step->type = type;
    step->args = int_list(c, regs, count);
    step->parts = int_list(c, parts, count);
    step->args_count = count;
    return step->dest = new_register(c);
}

static weir_code compile_case(compiler *c, weir_node_case *node, int32_t sel, int32_t *ret,
                              weir_error **err) {
    int32_t pairs = node->branches.count / 2, count = 0, current = sel;
    int32_t *regs = WEIR_NEW_ARRAY(c->arena, int32_t, pairs + 1);
    int32_t *parts = WEIR_NEW_ARRAY(c->arena, int32_t, pairs + 1);
    int32_t *exits = WEIR_NEW_ARRAY(c->arena, int32_t, pairs + 1);
    for (int32_t i = 0; i < pairs; i++) {
        int32_t condition, step;
        WEIR_TRY(compile(c, node->branches.items[2 * i], current, &condition, err));
        parts[count] = add_narrow(c, condition, WEIR_NARROW_TRUE, current, &step);
        WEIR_TRY(compile(c, node->branches.items[2 * i + 1], parts[count], &regs[count], err));
        c->steps[step].jump = c->steps_count;
        count++;
        current = add_narrow(c, condition, WEIR_NARROW_NOT_TRUE, current, &exits[i]);
    }
    if (node->otherwise) {
        parts[count] = current;
        WEIR_TRY(compile(c, node->otherwise, current, &regs[count], err));
        count++;
    }
    for (int32_t i = 0; i < pairs; i++)
        c->steps[exits[i]].jump = c->steps_count;
    *ret = add_merge(c, node->node.type, sel, regs, parts, count);
    return WEIR_OK;
}

static weir_code compile_coalesce(compiler *c, weir_node_coalesce *node, int32_t sel, int32_t *ret,
                                  weir_error **err) {
    int32_t count = node->args.count, used = 0, exits_count = 0, current = sel;
    int32_t *regs = WEIR_NEW_ARRAY(c->arena, int32_t, count + 1);
    int32_t *parts = WEIR_NEW_ARRAY(c->arena, int32_t, count + 1);
    int32_t *exits = WEIR_NEW_ARRAY(c->arena, int32_t, count + 1);
    for (int32_t i = 0; i < count; i++) {
        WEIR_TRY(compile(c, node->args.items[i], current, &regs[i], err));
        used = i + 1;
        if (i == count - 1 || !node->args.items[i]->nullable) {
            parts[i] = current;
            break;
        }
        int32_t step;
        parts[i] = add_narrow(c, regs[i], WEIR_NARROW_NOT_NULL, current, &step);
        c->steps[step].jump = c->steps_count;
        current = add_narrow(c, regs[i], WEIR_NARROW_NULL, current, &exits[exits_count++]);
    }
    for (int32_t i = 0; i < exits_count; i++)
        c->steps[exits[i]].jump = c->steps_count;
    *ret = add_merge(c, node->node.type, sel, regs, parts, used);
    return WEIR_OK;
}

static weir_code compile_field(compiler *c, weir_node_field_access *node, int32_t sel, int32_t *ret,
                               weir_error **err) {
    int32_t child;
    WEIR_TRY(compile(c, node->child, sel, &child, err));
    weir_step *step = add_step(c, WEIR_STEP_FIELD, sel);
    step->index = (int32_t)node->ordinal;
    step->type = node->node.type;
    step->args = int_list(c, &child, 1);
    step->args_count = 1;
    step->dest = *ret = new_register(c);
    return WEIR_OK;
}

static weir_code compile_new(compiler *c, weir_node *node, int32_t sel, int32_t *ret, weir_error **err) {
    switch (node->kind) {
    case WEIR_NODE_INPUT: {
        weir_step *step = add_step(c, WEIR_STEP_INPUT, 0);
        step->index = (int32_t)((weir_node_input *)node)->ordinal;
        step->dest = *ret = new_register(c);
        return WEIR_OK;
    }
    case WEIR_NODE_LITERAL: {
        weir_step *step = add_step(c, WEIR_STEP_LITERAL, 0);
        step->literal = ((weir_node_literal *)node)->value;
        step->dest = *ret = new_register(c);
        return WEIR_OK;
    }
    case WEIR_NODE_CALL:
        return compile_call(c, (weir_node_call *)node, sel, ret, err);
    case WEIR_NODE_CAST:
        return compile_cast(c, (weir_node_cast *)node, sel, ret, err);
    case WEIR_NODE_AND:
        return compile_logic(c, ((weir_node_and *)node)->left, ((weir_node_and *)node)->right, true,
                             node->type, sel, ret, err);
    case WEIR_NODE_OR:
        return compile_logic(c, ((weir_node_or *)node)->left, ((weir_node_or *)node)->right, false,
                             node->type, sel, ret, err);
    case WEIR_NODE_CASE:
        return compile_case(c, (weir_node_case *)node, sel, ret, err);
    case WEIR_NODE_COALESCE:
        return compile_coalesce(c, (weir_node_coalesce *)node, sel, ret, err);
    case WEIR_NODE_FIELD:
        return compile_field(c, (weir_node_field_access *)node, sel, ret, err);
    default:
        WEIR_FAIL(err, INTERNAL_ERROR, "expression %s cannot be compiled",
                  weir_node_describe(node->kind).label);
    }
}

static weir_code compile(compiler *c, weir_node *node, int32_t sel, int32_t *ret, weir_error **err) {
    while (node->kind == WEIR_NODE_ALIAS)
        node = ((weir_node_alias *)node)->child;
    uint64_t hash = weir_node_hash(node);
    for (int32_t i = 0; i < c->known_count; i++) {
        const compiled *known = &c->known[i];
        if (known->hash == hash && dominates(c, known->sel, sel) && weir_node_equal(known->node, node)) {
            *ret = known->reg;
            return WEIR_OK;
        }
    }
    WEIR_TRY(compile_new(c, node, sel, ret, err));
    if (weir_node_any(node, is_nondeterministic, NULL))
        return WEIR_OK;
    c->known = grow(c->arena, c->known, c->known_count, &c->known_capacity, sizeof(compiled));
    c->known[c->known_count++] = (compiled){node, hash, sel, *ret};
    return WEIR_OK;
}

weir_code weir_program_compile(weir_arena *arena, weir_node *const *exprs, int32_t count,
                               const weir_timezone *zone, bool ansi, weir_str sql, const weir_program **ret,
                               weir_error **err) {
    compiler c = {.arena = arena, .zone = zone, .ansi = ansi, .sql = sql};
    new_selection(&c, 0); /* register 0: the caller's rows */
    int32_t *outputs = WEIR_NEW_ARRAY(arena, int32_t, count + 1);
    for (int32_t i = 0; i < count; i++)
        WEIR_TRY(compile(&c, exprs[i], 0, &outputs[i], err));
    weir_program *program = WEIR_NEW(arena, weir_program);
    program->steps = c.steps;
    program->steps_count = c.steps_count;
    program->registers_count = c.registers;
    program->selections_count = c.sels;
    program->outputs = outputs;
    program->outputs_count = count;
    program->sql = weir_arena_str(arena, sql);
    *ret = program;
    return WEIR_OK;
}
