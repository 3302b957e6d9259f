/* Generators (analyzer_int.h): explode, posexplode, inline, their outer forms, and stack become a GENERATE
 * below the block that they stand in; their columns are attributes of it.
 *
 *   SELECT a, explode(b) AS x      PROJECT [a, x] <- GENERATE b [x] <- child
 *   LATERAL VIEW explode(b) t AS x GENERATE b [x, of t] <- child
 *   FROM explode(array(1, 2))      GENERATE array(1, 2) [col] <- one row
 *   SELECT explode(collect_list(a)), count(*)   as the first, over an AGGREGATE that has the arguments
 *
 * stack(n, ...) is inline over an array of n structs. A call anywhere else is refused as Spark refuses it. */
#include "common/expr/program.h"
#include "driver/analyze/analyzer_int.h"

typedef enum generator_kind { KIND_EXPLODE, KIND_INLINE, KIND_STACK } generator_kind;

typedef struct generator {
    const char *name;
    generator_kind kind;
    bool position, outer;
} generator;

static const generator generators[] = {
    {"explode", KIND_EXPLODE, false, false},   {"explode_outer", KIND_EXPLODE, false, true},
    {"posexplode", KIND_EXPLODE, true, false}, {"posexplode_outer", KIND_EXPLODE, true, true},
    {"inline", KIND_INLINE, false, false},     {"inline_outer", KIND_INLINE, false, true},
    {"stack", KIND_STACK, false, false},
};

/* ---- which calls are generators ---- */

static const generator *find_generator(const weir_node *node) {
    if (node->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        return NULL;
    const weir_str_list name = ((const weir_node_unresolved_function *)node)->name;
    for (size_t i = 0; name.count == 1 && i < WEIR_ARRAY_LEN(generators); i++)
        if (weir_str_equal_nocase(name.items[0], weir_str_from(generators[i].name)))
            return &generators[i];
    return NULL;
}

bool weir_analysis_is_generator(const weir_node *node) {
    return find_generator(node) != NULL;
}

static bool is_generator(const weir_node *node, void *data) {
    (void)data;
    return find_generator(node) != NULL;
}

static bool has_generator(const weir_node *node) {
    return weir_node_any(node, is_generator, NULL);
}

/* The call of an item that is a generator, whatever its name; else NULL. */
static weir_node_unresolved_function *call_of(weir_node *item) {
    while (item->kind == WEIR_NODE_ALIAS || item->kind == WEIR_NODE_MULTI_ALIAS)
        item = item->kind == WEIR_NODE_ALIAS ? ((weir_node_alias *)item)->child
                                             : ((weir_node_multi_alias *)item)->child;
    return find_generator(item) ? WEIR_NODE_AS(item, UNRESOLVED_FUNCTION, unresolved_function) : NULL;
}

static weir_str_list names_of(weir_analysis *a, const weir_node *item) {
    if (item->kind == WEIR_NODE_MULTI_ALIAS)
        return ((const weir_node_multi_alias *)item)->names;
    weir_str_list names = {0};
    if (item->kind == WEIR_NODE_ALIAS) {
        names = (weir_str_list){WEIR_NEW(a->arena, weir_str), 1};
        names.items[0] = ((const weir_node_alias *)item)->name;
    }
    return names;
}

/* ---- a generator with its arguments resolved ---- */

typedef struct generation {
    const generator *entry;
    const weir_node *call; /* as written, for messages */
    weir_node *collection;
    bool fields, outer;
    weir_node_list columns; /* ATTRIBUTE nodes: the position, then those of an item */
} generation;

static void add_column(weir_analysis *a, generation *g, weir_str name, const weir_type *type, bool nullable) {
    weir_node_attribute *column = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    column->name = weir_arena_str(a->arena, name);
    column->id = (*a->options->next_id)++;
    column->node.type = type;
    column->node.nullable = nullable || g->outer;
    column->node.resolved = true;
    weir_node_list_add(a->arena, &g->columns, &column->node);
}

static void add_fields(weir_analysis *a, generation *g) {
    const weir_type *record = g->collection->type->element;
    for (int32_t i = 0; i < record->fields_count; i++)
        add_column(a, g, record->fields[i].name, record->fields[i].type,
                   record->fields[i].nullable || g->collection->type->contains_null);
    g->fields = true;
}

static weir_code raise_input(weir_analysis *a, const generation *g, const weir_node *input,
                             const char *required) {
    return weir_analysis_place(a, g->call,
                               weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__UNEXPECTED_INPUT_TYPE,
                                                "sqlExpr", weir_analysis_sql(a, g->call), "paramIndex",
                                                "first", "requiredType", required, "inputSql",
                                                weir_analysis_sql(a, input), "inputType",
                                                weir_analysis_type(a, input->type), NULL));
}

static weir_code make_explode(weir_analysis *a, generation *g, weir_node *input) {
    const weir_type *type = input->type;
    if (!weir_type_is_list(type))
        return raise_input(a, g, input, "(\"ARRAY\" or \"MAP\")");
    g->collection = input;
    add_column(a, g, WEIR_STR("pos"), weir_type_of(WEIR_TYPE_INT), false);
    if (type->kind == WEIR_TYPE_ARRAY) {
        add_column(a, g, WEIR_STR("col"), type->element, type->contains_null);
        return WEIR_OK;
    }
    add_column(a, g, WEIR_STR("key"), type->element, false);
    add_column(a, g, WEIR_STR("value"), type->value, type->contains_null);
    return WEIR_OK;
}

static weir_code make_inline(weir_analysis *a, generation *g, weir_node *input) {
    const weir_type *type = input->type;
    if (type->kind != WEIR_TYPE_ARRAY || type->element->kind != WEIR_TYPE_STRUCT)
        return raise_input(a, g, input, "\"ARRAY<STRUCT>\"");
    g->collection = input;
    add_column(a, g, WEIR_STR("pos"), weir_type_of(WEIR_TYPE_INT), false);
    add_fields(a, g);
    return WEIR_OK;
}

/* ---- stack ---- */

static bool is_column(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_ATTRIBUTE || node->kind == WEIR_NODE_AGGREGATE_CALL;
}

/* The constant count of rows. */
static weir_code stack_rows(weir_analysis *a, const generation *g, weir_node *count, int32_t *ret) {
    weir_column *value = NULL;
    if (count->type->kind != WEIR_TYPE_INT)
        return raise_input(a, g, count, "\"INT\"");
    if (weir_node_any(count, is_column, NULL))
        return weir_analysis_place(a, g->call,
                                   weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__NON_FOLDABLE_INPUT,
                                                    "sqlExpr", weir_analysis_sql(a, g->call), "inputName",
                                                    "`n`", "inputType", "\"INT\"", "inputExpr",
                                                    weir_analysis_sql(a, count), NULL));
    WEIR_TRY(weir_expr_fold(a->arena, count, a->options->zone, a->options->ansi, &value, a->err));
    bool null = weir_column_is_null(value, 0);
    *ret = null ? 0 : *(const int32_t *)(const void *)value->values;
    weir_column_unref(value);
    if (null)
        return weir_analysis_place(a, g->call,
                                   weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__UNEXPECTED_NULL,
                                                    "sqlExpr", weir_analysis_sql(a, g->call), "exprName",
                                                    "`n`", NULL));
    if (*ret > 0)
        return WEIR_OK;
    return weir_analysis_place(a, g->call,
                               weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__VALUE_OUT_OF_RANGE, "sqlExpr",
                                                weir_analysis_sql(a, g->call), "exprName", "`n`",
                                                "valueRange", "(0, 2147483647]", "currentValue",
                                                weir_arena_printf(a->arena, "%d", *ret), NULL));
}

/* The type of every `width`-th value from `column`: that of the first which is not NULL; the NULLs become it.
 */
static weir_code stack_column(weir_analysis *a, const generation *g, weir_node_list *values, int32_t column,
                              int32_t width, const weir_type **ret) {
    const weir_type *type = NULL;
    int32_t first = column;
    for (int32_t i = column; i < values->count && !type; i += width)
        if (values->items[i]->type->kind != WEIR_TYPE_NULL) {
            type = values->items[i]->type;
            first = i;
        }
    *ret = type ? type : weir_type_of(WEIR_TYPE_NULL);
    for (int32_t i = column; type && i < values->count; i += width) {
        weir_node *value = values->items[i];
        if (value->type->kind == WEIR_TYPE_NULL)
            values->items[i] = weir_analysis_cast(a, value, type);
        else if (!weir_type_same(value->type, type))
            return weir_analysis_place(
                a, g->call,
                weir_error_raise(
                    a->err, WEIR_DATATYPE_MISMATCH__STACK_COLUMN_DIFF_TYPES, "sqlExpr",
                    weir_analysis_sql(a, g->call), "columnIndex", weir_arena_printf(a->arena, "%d", column),
                    "leftParamIndex", weir_arena_printf(a->arena, "%d", first + 1), "leftType",
                    weir_analysis_type(a, type), "rightParamIndex", weir_arena_printf(a->arena, "%d", i + 1),
                    "rightType", weir_analysis_type(a, value->type), NULL));
    }
    return WEIR_OK;
}

/* One struct of the values from `at` on. */
static weir_node *stack_record(weir_analysis *a, const weir_node_list *values, int32_t at, int32_t width,
                               const weir_type *const *types) {
    weir_node_list pairs = {0};
    for (int32_t i = 0; i < width; i++) {
        const char *name = weir_arena_printf(a->arena, "col%d", i);
        weir_node_list_add(a->arena, &pairs, weir_literal_string(a->arena, weir_str_from(name)));
        weir_node_list_add(a->arena, &pairs,
                           at + i < values->count ? values->items[at + i]
                                                  : weir_literal_null(a->arena, types[i]));
    }
    return weir_analysis_call(a, "named_struct", pairs.items, pairs.count);
}

#define STACK_VALUES_MAX 1000000

static weir_code make_stack(weir_analysis *a, generation *g, const weir_node_list *args) {
    int32_t rows = 0;
    WEIR_TRY(stack_rows(a, g, args->items[0], &rows));
    weir_node_list values = weir_node_list_of(a->arena, args->items + 1, args->count - 1);
    int32_t width = (int32_t)(((int64_t)values.count + rows - 1) / rows);
    if (rows > STACK_VALUES_MAX)
        return weir_analysis_refuse(a, g->call, "stack() of more than 1000000 rows");
    const weir_type **types = WEIR_NEW_ARRAY(a->arena, const weir_type *, width + 1);
    for (int32_t i = 0; i < width; i++)
        WEIR_TRY(stack_column(a, g, &values, i, width, &types[i]));
    weir_node_list records = weir_node_list_new(a->arena, rows);
    for (int32_t i = 0; i < rows; i++)
        records.items[i] = stack_record(a, &values, i * width, width, types);
    weir_node *array = weir_analysis_call(a, "array", records.items, records.count);
    WEIR_TRY(weir_analysis_resolve(a, array, &g->collection));
    add_column(a, g, WEIR_STR("pos"), weir_type_of(WEIR_TYPE_INT), false);
    add_fields(a, g);
    for (int32_t i = 1; i < g->columns.count; i++)
        g->columns.items[i]->nullable = true;
    return WEIR_OK;
}

/* ---- names ---- */

static weir_code apply_names(weir_analysis *a, generation *g, weir_str_list names) {
    int32_t from = g->entry->position ? 0 : 1, count = g->columns.count - from;
    for (int32_t i = 0; names.count == count && i < count; i++)
        WEIR_NODE_AS(g->columns.items[from + i], ATTRIBUTE, attribute)->name = names.items[i];
    if (names.count == 0 || names.count == count)
        return WEIR_OK;
    weir_strbuf list _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < names.count; i++)
        weir_strbuf_addf(&list, "%s" WEIR_STR_FMT, i ? "," : "", WEIR_STR_ARG(names.items[i]));
    return weir_error_raise(a->err, WEIR_UDTF_ALIAS_NUMBER_MISMATCH, "aliasesSize",
                            weir_arena_printf(a->arena, "%d", count), "aliasesNames", list.data, NULL);
}

static weir_code check_count(weir_analysis *a, const weir_node_unresolved_function *call,
                             const generator *entry, int32_t count) {
    bool stack = entry->kind == KIND_STACK;
    if (stack ? count > 1 : count == 1)
        return WEIR_OK;
    if (!stack && count == 0)
        return weir_analysis_place(
            a, &call->node,
            weir_error_raise(a->err, WEIR_REQUIRED_PARAMETER_NOT_FOUND, "routineName",
                             weir_arena_printf(a->arena, "`%s`", entry->name), "parameterName",
                             entry->kind == KIND_INLINE ? "`input`" : "`collection`", "index", "0", NULL));
    weir_code code =
        weir_error_raise(a->err, WEIR_WRONG_NUM_ARGS__WITHOUT_SUGGESTION, "functionName",
                         weir_arena_printf(a->arena, "`%s`", entry->name), "expectedNum", stack ? "> 1" : "1",
                         "actualNum", weir_arena_printf(a->arena, "%d", count), NULL);
    return stack ? code : weir_analysis_place(a, &call->node, code);
}

static weir_code raise_nested(weir_analysis *a, const weir_node *expr) {
    while (expr->kind == WEIR_NODE_ALIAS)
        expr = ((const weir_node_alias *)expr)->child;
    return weir_error_raise(a->err, WEIR_UNSUPPORTED_GENERATOR__NESTED_IN_EXPRESSIONS, "expression",
                            weir_analysis_sql(a, expr), NULL);
}

/* Resolves the call in the scope at hand. */
static weir_code make_generation(weir_analysis *a, weir_node_unresolved_function *call, bool outer,
                                 weir_str_list names, generation *ret) {
    weir_node_list args = {0};
    const generator *entry = find_generator(&call->node);
    *ret = (generation){.entry = entry, .outer = outer || entry->outer};
    for (int32_t i = 0; i < call->args.count; i++)
        if (has_generator(call->args.items[i]))
            return raise_nested(a, &call->node);
    WEIR_TRY(weir_analysis_resolve_arguments(a, call, &args));
    WEIR_TRY(check_count(a, call, entry, args.count));
    weir_node_unresolved_function *shown =
        (weir_node_unresolved_function *)weir_node_copy(a->arena, &call->node);
    shown->args = args;
    ret->call = &shown->node;
    if (entry->kind == KIND_STACK)
        WEIR_TRY(make_stack(a, ret, &args));
    else if (entry->kind == KIND_INLINE)
        WEIR_TRY(make_inline(a, ret, args.items[0]));
    else
        WEIR_TRY(make_explode(a, ret, args.items[0]));
    return apply_names(a, ret, names);
}

/* The wanted columns: without the position where the generator does not give it. */
static weir_node_list wanted_columns(weir_analysis *a, const generation *g) {
    int32_t from = g->entry->position ? 0 : 1;
    return weir_node_list_of(a->arena, g->columns.items + from, g->columns.count - from);
}

static weir_node *make_generate(weir_analysis *a, const weir_node *origin, weir_node *child,
                                const generation *g, weir_str alias) {
    weir_node_generate *node = WEIR_NODE_NEW(a->arena, GENERATE, generate);
    weir_node_list output = weir_node_list_of(a->arena, child->output.items, child->output.count);
    weir_node_list wanted = wanted_columns(a, g);
    for (int32_t i = 0; i < wanted.count; i++) {
        weir_node *column = weir_analysis_attribute_of(a, wanted.items[i]);
        if (alias.size > 0) {
            weir_str *part = WEIR_NEW(a->arena, weir_str);
            *part = alias;
            WEIR_NODE_AS(column, ATTRIBUTE, attribute)->qualifier = (weir_str_list){part, 1};
        }
        weir_node_list_add(a->arena, &output, column);
    }
    node->child = child;
    node->generator = g->collection;
    node->outer = g->outer;
    node->fields = g->fields;
    node->attributes = g->columns;
    node->node.start = origin->start;
    node->node.stop = origin->stop;
    weir_analysis_set_output(a, &node->node, output);
    return &node->node;
}

/* ---- SELECT ---- */

/* A generator that is no item of its own, or is inside of another one. */
static weir_code check_nesting(weir_analysis *a, const weir_node_list *items) {
    for (int32_t i = 0; i < items->count; i++) {
        const weir_node_unresolved_function *call = call_of(items->items[i]);
        bool nested = !call && has_generator(items->items[i]);
        for (int32_t n = 0; call && n < call->args.count && !nested; n++)
            nested = has_generator(call->args.items[n]);
        if (nested)
            return raise_nested(a, items->items[i]);
    }
    return WEIR_OK;
}

/* Several generators stand on each other: each repeats the rows of those to its left. */
weir_code weir_analysis_plan_generators(weir_analysis *a, const weir_node *origin, weir_node_list *items,
                                        weir_node **child) {
    weir_node_list made = {0};
    WEIR_TRY(check_nesting(a, items));
    for (int32_t i = 0; i < items->count; i++) {
        weir_node *item = items->items[i];
        weir_node_unresolved_function *call = call_of(item);
        if (!call) {
            weir_node_list_add(a->arena, &made, item);
            continue;
        }
        generation g;
        WEIR_TRY(make_generation(a, call, false, names_of(a, item), &g));
        if (weir_analysis_has_subquery(g.collection))
            return weir_analysis_refuse(a, &call->node, "a sub-query in a generator");
        *child = make_generate(a, origin, *child, &g, WEIR_STR(""));
        weir_node_list wanted = wanted_columns(a, &g);
        for (int32_t w = 0; w < wanted.count; w++)
            weir_node_list_add(a->arena, &made, weir_analysis_attribute_of(a, wanted.items[w]));
    }
    *items = made;
    return WEIR_OK;
}

/* ---- over aggregates ---- */

static bool is_aggregate_name(const weir_node *node, void *data) {
    (void)data;
    if (node->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        return node->kind == WEIR_NODE_AGGREGATE_CALL;
    const weir_str_list name = ((const weir_node_unresolved_function *)node)->name;
    const weir_function *function = name.count > 0 ? weir_function_find(name.items[name.count - 1]) : NULL;
    return function && function->kind == WEIR_FUNCTION_AGGREGATE;
}

static bool needs_row(const weir_node *node, void *data) {
    return node->kind == WEIR_NODE_UNRESOLVED_ATTRIBUTE || node->kind == WEIR_NODE_ATTRIBUTE ||
           node->kind == WEIR_NODE_UNRESOLVED_STAR || is_aggregate_name(node, data);
}

bool weir_analysis_generates_over_aggregate(const weir_node_list *items) {
    bool generates = false, aggregates = false;
    for (int32_t i = 0; i < items->count; i++) {
        generates |= call_of(items->items[i]) != NULL;
        aggregates |= weir_node_any(items->items[i], is_aggregate_name, NULL);
    }
    return generates && aggregates;
}

/* The item again, with the columns of the aggregation that hold its arguments. */
static weir_node *item_over(weir_analysis *a, weir_node *item, const weir_node_list *args) {
    if (item->kind == WEIR_NODE_UNRESOLVED_FUNCTION) {
        weir_node_unresolved_function *call = (weir_node_unresolved_function *)weir_node_copy(a->arena, item);
        call->args = *args;
        return &call->node;
    }
    weir_node *copy = weir_node_copy(a->arena, item);
    weir_node **child = copy->kind == WEIR_NODE_ALIAS ? &WEIR_NODE_AS(copy, ALIAS, alias)->child
                                                      : &WEIR_NODE_AS(copy, MULTI_ALIAS, multi_alias)->child;
    *child = item_over(a, *child, args);
    return copy;
}

/* The items of the aggregation: the arguments of a generator that need a row take its place. */
static weir_node_list aggregate_items(weir_analysis *a, const weir_node_list *items) {
    weir_node_list made = {0};
    for (int32_t i = 0; i < items->count; i++) {
        const weir_node_unresolved_function *call = call_of(items->items[i]);
        if (!call)
            weir_node_list_add(a->arena, &made, items->items[i]);
        for (int32_t n = 0; call && n < call->args.count; n++) {
            if (!weir_node_any(call->args.items[n], needs_row, NULL))
                continue;
            weir_node_alias *input = WEIR_NODE_NEW(a->arena, ALIAS, alias);
            input->child = call->args.items[n];
            input->name = weir_str_from(weir_arena_printf(a->arena, "_gen_input_%d", n));
            weir_node_list_add(a->arena, &made, &input->node);
        }
    }
    return made;
}

/* How many columns of the aggregation the item has become: one, or with the `spare` ones where it is a star.
 */
static int32_t columns_of(const weir_node *item, int32_t spare) {
    return item->kind == WEIR_NODE_UNRESOLVED_STAR || item->kind == WEIR_NODE_UNRESOLVED_REGEX ? spare + 1
                                                                                               : 1;
}

/* Spark takes several in a SELECT, but not over aggregates. */
static weir_code check_single(weir_analysis *a, const weir_node_list *items) {
    weir_strbuf list _cleanup_strbuf_ = {0};
    int32_t count = 0;
    for (int32_t i = 0; i < items->count; i++) {
        const weir_node_unresolved_function *call = call_of(items->items[i]);
        if (call)
            weir_strbuf_addf(&list, "%s%s", count++ ? ", " : "", weir_analysis_sql(a, &call->node));
    }
    return count < 2
               ? WEIR_OK
               : weir_error_raise(a->err, WEIR_UNSUPPORTED_GENERATOR__MULTI_GENERATOR, "num",
                                  weir_arena_printf(a->arena, "%d", count), "generators", list.data, NULL);
}

weir_code weir_analysis_generate_over(weir_analysis *a, const weir_node_aggregate *node, bool *ret_is,
                                      weir_node **ret) {
    const weir_node_list *written = &node->aggregates;
    *ret_is = false;
    for (int32_t i = 0; i < written->count; i++)
        *ret_is |= has_generator(written->items[i]);
    if (!*ret_is)
        return WEIR_OK;
    WEIR_TRY(check_nesting(a, written));
    WEIR_TRY(check_single(a, written));
    weir_node *aggregate;
    weir_node_aggregate *below = (weir_node_aggregate *)weir_node_copy(a->arena, &node->node);
    below->aggregates = aggregate_items(a, written);
    WEIR_TRY(weir_analysis_aggregate(a, below, &aggregate));
    weir_node_list items = {0};
    int32_t at = 0, spare = aggregate->output.count - below->aggregates.count;
    for (int32_t i = 0; i < written->count; i++) {
        const weir_node_unresolved_function *call = call_of(written->items[i]);
        int32_t columns = call ? 0 : columns_of(written->items[i], spare);
        for (int32_t c = 0; c < columns; c++)
            weir_node_list_add(a->arena, &items,
                               weir_analysis_attribute_of(a, aggregate->output.items[at++]));
        if (!call)
            continue;
        weir_node_list args = {0};
        for (int32_t n = 0; n < call->args.count; n++)
            weir_node_list_add(a->arena, &args,
                               weir_node_any(call->args.items[n], needs_row, NULL)
                                   ? weir_analysis_attribute_of(a, aggregate->output.items[at++])
                                   : call->args.items[n]);
        weir_node_list_add(a->arena, &items, item_over(a, written->items[i], &args));
    }
    return weir_analysis_select(a, &node->node, aggregate, items, ret);
}

/* ---- LATERAL VIEW and FROM ---- */

/* Spark's class of the function: its name in the words of classes. */
static const char *class_name(weir_analysis *a, weir_str name) {
    weir_strbuf text _cleanup_strbuf_ = {0};
    weir_strbuf_add_text(&text, "org.apache.spark.sql.catalyst.expressions.");
    bool capital = true;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c != '_')
            weir_strbuf_add_char(&text, (char)(capital && c >= 'a' && c <= 'z' ? c - 32 : c));
        capital = c == '_';
    }
    return weir_arena_strdup(a->arena, text.data);
}

static weir_code raise_no_generator(weir_analysis *a, weir_node_unresolved_function *call) {
    weir_node *resolved;
    WEIR_TRY(weir_analysis_resolve(a, &call->node, &resolved)); /* what it cannot resolve comes first */
    weir_str name = call->name.items[call->name.count - 1];
    return weir_analysis_place(a, &call->node,
                               weir_error_raise(a->err, WEIR_UNSUPPORTED_GENERATOR__NOT_GENERATOR,
                                                "functionName", weir_analysis_quoted(a, &call->name),
                                                "classCanonicalName", class_name(a, name), NULL));
}

static weir_code resolve_view(weir_analysis *a, const weir_node_generate *node, weir_node *child,
                              weir_node **ret) {
    weir_scope scope = {.columns = child->output, .starred = child->output};
    generation g;
    /* Errors of the generator stand at the whole clause. */
    weir_node_unresolved_function *call =
        (weir_node_unresolved_function *)weir_node_copy(a->arena, node->generator);
    call->node.start = node->node.start;
    call->node.stop = node->node.stop;
    a->scope = &scope;
    if (!find_generator(&call->node))
        return raise_no_generator(a, call);
    WEIR_TRY(weir_analysis_place(a, &node->node, make_generation(a, call, node->outer, node->names, &g)));
    a->scope = NULL;
    if (weir_analysis_has_aggregate(g.collection))
        return weir_analysis_refuse(a, &node->node, "an aggregate in LATERAL VIEW");
    if (weir_analysis_has_subquery(g.collection))
        return weir_analysis_refuse(a, &node->node, "a sub-query in LATERAL VIEW");
    *ret = make_generate(a, &node->node, child, &g, node->alias);
    return WEIR_OK;
}

weir_code weir_analysis_generate(weir_analysis *a, weir_node_generate *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    return resolve_view(a, node, child, ret);
}

weir_code weir_analysis_generator_table(weir_analysis *a, const weir_node_table_function *node, bool *ret_is,
                                        weir_node **ret) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(a->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name = node->name;
    call->args = node->args;
    call->node.start = node->node.start;
    call->node.stop = node->node.stop;
    *ret_is = find_generator(&call->node) != NULL;
    if (!*ret_is)
        return WEIR_OK;
    weir_node_generate *generate = WEIR_NODE_NEW(a->arena, GENERATE, generate);
    generate->child = &WEIR_NODE_NEW(a->arena, ONE_ROW, one_row)->node;
    generate->generator = &call->node;
    generate->node.start = node->node.start;
    generate->node.stop = node->node.stop;
    return weir_analysis_relation(a, &generate->node, ret);
}
