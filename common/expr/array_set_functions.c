/* Arrays as sets and sequences of elements: array_distinct, array_union, array_intersect, array_except,
 * arrays_overlap, arrays_zip, concat of arrays, flatten.
 *
 * Equality is that of grouping (list_int.h), so every comparable type works and a row costs its number of
 * elements. Runs on the task's thread. */
#include "common/expr/array_functions_int.h"

/* ---- resolution ---- */
static weir_code fail_two_arrays(weir_resolve *resolve, const weir_function *function, weir_node *const *args,
                                 weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__BINARY_ARRAY_DIFF_TYPES, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "functionName",
               weir_arena_printf(resolve->arena, "`%s`", function->name), "arrayType", "\"ARRAY\"",
               "leftType", weir_quoted_type(resolve->arena, args[0]->type), "rightType",
               weir_quoted_type(resolve->arena, args[1]->type));
}

/* Two arrays to a common element type. */
static weir_code coerce_arrays(weir_resolve *resolve, const weir_function *function, weir_node **args,
                               weir_error **err) {
    if (args[0]->type->kind != WEIR_TYPE_ARRAY || args[1]->type->kind != WEIR_TYPE_ARRAY)
        return fail_two_arrays(resolve, function, args, err);
    const weir_type *common =
        weir_coerce_tightest(resolve->arena, resolve->ansi, args[0]->type->element, args[1]->type->element);
    if (common == NULL)
        return fail_two_arrays(resolve, function, args, err);
    for (int32_t i = 0; i < 2; i++)
        args[i] = weir_coerce_cast(resolve, args[i],
                                   weir_type_array(resolve->arena, common, args[i]->type->contains_null));
    return weir_array_check_comparable(resolve, function, common, err);
}

static weir_code resolve_set(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    WEIR_TRY(coerce_arrays(resolve, function, args, err));
    bool a = args[0]->type->contains_null, b = args[1]->type->contains_null;
    bool nulls = strcmp(function->name, "array_union") == 0       ? a || b
                 : strcmp(function->name, "array_intersect") == 0 ? a && b
                                                                  : a;
    *ret_type = weir_type_array(resolve->arena, args[0]->type->element, nulls);
    *ret_nullable = weir_any_nullable(args, 2);
    return WEIR_OK;
}

static weir_code resolve_overlap(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    WEIR_TRY(coerce_arrays(resolve, function, args, err));
    *ret_type = weir_type_of(WEIR_TYPE_BOOLEAN);
    *ret_nullable =
        weir_any_nullable(args, 2) || args[0]->type->contains_null || args[1]->type->contains_null;
    return WEIR_OK;
}

static weir_code resolve_distinct(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    weir_array_of_null(resolve, &args[0]);
    if (args[0]->type->kind != WEIR_TYPE_ARRAY)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY\"", err);
    WEIR_TRY(weir_array_check_comparable(resolve, function, args[0]->type->element, err));
    *ret_type = args[0]->type;
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* ---- sets ---- */
typedef enum set_operation { SET_UNION, SET_INTERSECT, SET_EXCEPT } set_operation;

typedef struct set_run {
    weir_list_writer writer;
    weir_element_set set;
    weir_column *source; /* elements of both arrays */
    int32_t base;        /* where those of the second begin */
} set_run;

static void set_run_fini(set_run *run) {
    weir_list_fini(&run->writer);
    weir_element_set_fini(&run->set);
    weir_column_unref(run->source);
}
#define _cleanup_set_run_ _cleanup_(set_run_fini)

#define NORMALIZE_ZERO(ctype) \
    do { \
        const ctype *from = WEIR_VALUES(column, ctype); \
        ctype *to = weir_column_values(copy); \
        for (int32_t i = 0; i < column->length; i++) \
            to[i] = from[i] == 0 ? 0 : from[i]; \
    } while (0)

/* Elements of FLOAT and DOUBLE (takes) come out with one zero, as Spark's sets of them do. */
static weir_code normalize_zeros(const weir_kernel_call *call, weir_column **elements, weir_error **err) {
    weir_column *column = *elements, *copy;
    weir_type_kind kind = column->type->kind;
    if (kind != WEIR_TYPE_DOUBLE && kind != WEIR_TYPE_FLOAT)
        return WEIR_OK;
    WEIR_TRY(weir_column_new_fixed(call->eval->budget, column->type, column->length, &copy, err));
    if (kind == WEIR_TYPE_DOUBLE)
        NORMALIZE_ZERO(double);
    else
        NORMALIZE_ZERO(float);
    copy->null_count = column->null_count;
    copy->validity = column->validity;
    copy->validity_buffer = weir_buffer_ref(column->validity_buffer);
    weir_column_unref(column);
    *elements = copy;
    return WEIR_OK;
}

static weir_code set_run_init(set_run *run, const weir_kernel_call *call, const weir_type *element,
                              weir_error **err) {
    int32_t bases[2] = {0};
    weir_column *parts[] = {call->args[0]->children[0],
                            call->args_count > 1 ? call->args[1]->children[0] : NULL};
    WEIR_TRY(
        weir_columns_join(call->eval->budget, element, parts, call->args_count, bases, &run->source, err));
    run->base = bases[1];
    WEIR_TRY(normalize_zeros(call, &run->source, err));
    return weir_element_set_init(&run->set, call, run->source, err);
}

/* Adds the elements of a span that the set does not have. */
static weir_code add_new(set_run *run, weir_span span, int32_t base, weir_error **err) {
    for (int32_t e = base + span.from; e < base + span.to; e++) {
        bool is_null = weir_column_is_null(run->source, e);
        if (is_null ? run->set.has_null : weir_element_set_add(&run->set, e) >= 0)
            continue;
        run->set.has_null |= is_null;
        WEIR_TRY(weir_list_add(&run->writer, e, err));
    }
    return WEIR_OK;
}

static void fill(set_run *run, weir_span span, int32_t base) {
    for (int32_t e = base + span.from; e < base + span.to; e++) {
        if (weir_column_is_null(run->source, e))
            run->set.has_null = true;
        else
            weir_element_set_add(&run->set, e);
    }
}

static weir_code distinct_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_set_run_ set_run run = {0};
    WEIR_TRY(set_run_init(&run, call, call->type->element, err));
    WEIR_TRY(weir_list_begin(&run.writer, call, weir_list_total(call, call->args[0]), err));
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(call->args[0], row);
        weir_element_set_clear(&run.set, span.to - span.from);
        WEIR_TRY(add_new(&run, span, 0, err));
        weir_list_end(&run.writer, row);
    }
    return weir_list_finish(&run.writer, &run.source, ret, err);
}

static weir_code union_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_set_run_ set_run run = {0};
    WEIR_TRY(set_run_init(&run, call, call->type->element, err));
    WEIR_TRY(weir_list_begin(&run.writer, call, call->sel.count, err));
    WEIR_EACH(call, row) {
        weir_span a = weir_list_span(call->args[0], row), b = weir_list_span(call->args[1], row);
        weir_element_set_clear(&run.set, a.to - a.from + b.to - b.from);
        WEIR_TRY(add_new(&run, a, 0, err));
        WEIR_TRY(add_new(&run, b, run.base, err));
        weir_list_end(&run.writer, row);
    }
    return weir_list_finish(&run.writer, &run.source, ret, err);
}

/* The distinct elements of the first array that are in the second (`wanted`) or are not. */
static weir_code select_by(const weir_kernel_call *call, bool wanted, weir_column **ret, weir_error **err) {
    _cleanup_set_run_ set_run run = {0};
    WEIR_TRY(set_run_init(&run, call, call->type->element, err));
    _cleanup_element_set_ weir_element_set seen = {0};
    WEIR_TRY(weir_element_set_init(&seen, call, run.source, err));
    WEIR_TRY(weir_list_begin(&run.writer, call, call->sel.count, err));
    WEIR_EACH(call, row) {
        weir_span a = weir_list_span(call->args[0], row), b = weir_list_span(call->args[1], row);
        weir_element_set_clear(&run.set, b.to - b.from);
        weir_element_set_clear(&seen, a.to - a.from);
        fill(&run, b, run.base);
        for (int32_t e = a.from; e < a.to; e++) {
            bool is_null = weir_column_is_null(run.source, e);
            bool inside = is_null ? run.set.has_null : weir_element_set_find(&run.set, e) >= 0;
            if (inside != wanted || (is_null ? seen.has_null : weir_element_set_add(&seen, e) >= 0))
                continue;
            seen.has_null |= is_null;
            WEIR_TRY(weir_list_add(&run.writer, e, err));
        }
        weir_list_end(&run.writer, row);
    }
    return weir_list_finish(&run.writer, &run.source, ret, err);
}

static weir_code intersect_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return select_by(call, true, ret, err);
}

static weir_code except_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return select_by(call, false, ret, err);
}

/* True where an element is in both; unknown where one of two arrays that are not empty has a NULL. */
static weir_code overlap_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_set_run_ set_run run = {0};
    WEIR_TRY(set_run_init(&run, call, call->args[0]->type->element, err));
    uint8_t *truth = weir_result_truth_new(call);
    int32_t *unknown = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->sel.count + 1));
    int32_t unknown_count = 0;
    WEIR_EACH(call, row) {
        weir_span a = weir_list_span(call->args[0], row), b = weir_list_span(call->args[1], row);
        weir_element_set_clear(&run.set, b.to - b.from);
        fill(&run, b, run.base);
        bool found = false, has_null = run.set.has_null;
        for (int32_t e = a.from; e < a.to && !found; e++) {
            if (weir_column_is_null(run.source, e))
                has_null = true;
            else
                found = weir_element_set_find(&run.set, e) >= 0;
        }
        truth[row] = found;
        unknown[unknown_count] = row;
        unknown_count += !found && has_null && a.to > a.from && b.to > b.from;
    }
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_truth(call, truth, &column, err));
    for (int32_t k = 0; k < unknown_count; k++)
        WEIR_TRY(weir_result_null(call, column, unknown[k], err));
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* ---- concat, flatten ---- */
static weir_code resolve_concat_arrays(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    bool nulls = false;
    for (int32_t i = 0; i < args_count; i++)
        nulls |= args[i]->type->kind == WEIR_TYPE_ARRAY && args[i]->type->contains_null;
    static const weir_function shown = {.name = "concat"};
    weir_node **copy = weir_node_list_of(resolve->arena, args, args_count).items;
    bool mixed = false;
    for (int32_t i = 0; i < args_count; i++) { /* what is no array would have become text */
        mixed |= args[i]->type->kind != WEIR_TYPE_ARRAY;
        if (args[i]->type->kind != WEIR_TYPE_ARRAY)
            args[i] = weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_STRING));
    }
    const weir_type *common = mixed ? NULL : weir_coerce_all(resolve, copy, 0, args_count);
    if (common == NULL)
        return weir_fail_diff_types(resolve, &shown, args, args_count, err);
    memcpy(args, copy, sizeof(*args) * (size_t)args_count);
    *ret_type = weir_type_array(resolve->arena, common->element, nulls);
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

static weir_code concat_arrays_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    int32_t count = call->args_count;
    weir_column **parts = weir_arena_alloc(call->eval->arena, sizeof(*parts) * (size_t)count);
    int32_t *bases = weir_arena_alloc(call->eval->arena, sizeof(*bases) * (size_t)count);
    for (int32_t i = 0; i < count; i++)
        parts[i] = call->args[i]->children[0];
    _cleanup_list_ weir_list_writer writer = {0};
    _cleanup_column_ weir_column *source = NULL;
    WEIR_TRY(weir_columns_join(call->eval->budget, call->type->element, parts, count, bases, &source, err));
    WEIR_TRY(weir_list_begin(&writer, call, source->length, err));
    WEIR_EACH(call, row) {
        for (int32_t i = 0; i < count; i++) {
            weir_span span = weir_list_span(call->args[i], row);
            WEIR_TRY(weir_list_add_range(&writer, bases[i] + span.from, bases[i] + span.to, err));
        }
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &source, ret, err);
}

static weir_code resolve_flatten(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    const weir_type *type = args[0]->type;
    if (type->kind != WEIR_TYPE_ARRAY || type->element->kind != WEIR_TYPE_ARRAY)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY\" of \"ARRAY\"", err);
    *ret_type = type->element;
    *ret_nullable = args[0]->nullable || type->contains_null;
    return WEIR_OK;
}

static weir_code flatten_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *list = call->args[0], *inner = list->children[0];
    _cleanup_list_ weir_list_writer writer = {0};
    WEIR_TRY(weir_list_begin(&writer, call, inner->children[0]->length, err));
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(list, row);
        bool has_null = false;
        for (int32_t e = span.from; e < span.to; e++)
            has_null |= weir_column_is_null(inner, e);
        if (has_null) {
            WEIR_TRY(weir_list_null(&writer, row, err));
            continue;
        }
        for (int32_t e = span.from; e < span.to; e++)
            WEIR_TRY(weir_list_add_range(&writer, inner->offsets[e], inner->offsets[e + 1], err));
        weir_list_end(&writer, row);
    }
    return weir_list_finish(&writer, &inner->children[0], ret, err);
}

/* ---- arrays_zip ---- */
/* What names an argument names its field; else it is its place. */
static weir_str zip_name(weir_resolve *resolve, const weir_node *arg, int32_t index) {
    if (arg->kind == WEIR_NODE_ATTRIBUTE)
        return WEIR_NODE_AS(arg, ATTRIBUTE, attribute)->name;
    if (arg->kind == WEIR_NODE_LAMBDA_VARIABLE)
        return WEIR_NODE_AS(arg, LAMBDA_VARIABLE, lambda_variable)->name;
    if (arg->kind == WEIR_NODE_FIELD) {
        const weir_node_field_access *field = WEIR_NODE_AS(arg, FIELD, field_access);
        return field->child->type->fields[field->ordinal].name;
    }
    if (arg->kind == WEIR_NODE_CALL) { /* the field of every struct: (array, place, name) */
        const weir_node_call *call = WEIR_NODE_AS(arg, CALL, call);
        if (strcmp(call->function->name, "weir_element_field") == 0)
            return weir_column_bytes(WEIR_NODE_AS(call->args.items[2], LITERAL, literal)->value, 0);
    }
    return weir_str_from(weir_arena_printf(resolve->arena, "%d", (int)index));
}

static weir_code resolve_zip(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    weir_field *fields = WEIR_NEW_ARRAY(resolve->arena, weir_field, args_count + 1);
    for (int32_t i = 0; i < args_count; i++) {
        weir_array_of_null(resolve, &args[i]);
        if (args[i]->type->kind != WEIR_TYPE_ARRAY)
            return weir_fail_input_type(resolve, args, i, "\"ARRAY\"", err);
        fields[i].name = zip_name(resolve, args[i], i);
        fields[i].type = args[i]->type->element;
        fields[i].nullable = true;
    }
    *ret_type = weir_type_array(resolve->arena, weir_type_struct(resolve->arena, fields, args_count), false);
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

static int32_t longest(const weir_kernel_call *call, int32_t row) {
    int32_t size = 0;
    for (int32_t i = 0; i < call->args_count; i++) {
        weir_span span = weir_list_span(call->args[i], row);
        size = WEIR_MAX(size, span.to - span.from);
    }
    return size;
}

/* The struct column over all rows of the result: one gather per argument. */
static weir_code zip_children(const weir_kernel_call *call, int32_t total, weir_column *record,
                              weir_error **err) {
    int32_t *positions = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)total + 1));
    for (int32_t i = 0; i < call->args_count; i++) {
        int32_t count = 0;
        WEIR_EACH(call, row) {
            weir_span span = weir_list_span(call->args[i], row);
            for (int32_t k = 0, size = longest(call, row); k < size; k++)
                positions[count++] = span.from + k < span.to ? span.from + k : -1;
        }
        _cleanup_column_ weir_column *child = NULL;
        WEIR_TRY(weir_column_gather(call->eval->budget, call->args[i]->children[0], positions, count, &child,
                                    err));
        record->children[i] = weir_column_reshell(child, record->type->fields[i].type);
    }
    return WEIR_OK;
}

static weir_code zip_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_list_ weir_list_writer writer = {0};
    WEIR_TRY(weir_list_begin(&writer, call, call->sel.count, err));
    WEIR_EACH(call, row) {
        int32_t size = longest(call, row);
        WEIR_TRY(weir_list_add_range(&writer, writer.count, writer.count + size, err));
        weir_list_end(&writer, row);
    }
    _cleanup_column_ weir_column *record =
        weir_column_new(call->type->element, writer.count, call->args_count);
    record->null_count = 0;
    for (int32_t i = 0; i < call->args_count; i++)
        record->children[i] = NULL;
    WEIR_TRY(zip_children(call, writer.count, record, err));
    return weir_list_finish(&writer, &record, ret, err);
}

#define SET_FUNCTION(sql_name, count, resolver, kernel) \
    { \
        .name = sql_name, .args_min = count, .args_max = count, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolver, .eval = kernel \
    }

const weir_function weir_array_set_functions[] = {
    SET_FUNCTION("array_distinct", 1, resolve_distinct, distinct_kernel),
    SET_FUNCTION("array_union", 2, resolve_set, union_kernel),
    SET_FUNCTION("array_intersect", 2, resolve_set, intersect_kernel),
    SET_FUNCTION("array_except", 2, resolve_set, except_kernel),
    SET_FUNCTION("arrays_overlap", 2, resolve_overlap, overlap_kernel),
    SET_FUNCTION("flatten", 1, resolve_flatten, flatten_kernel),
    {.name = "arrays_zip",
     .args_min = 0,
     .args_max = -1,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_zip,
     .eval = zip_kernel},
    {.name = "weir_concat_arrays",
     .args_min = 1,
     .args_max = -1,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN,
     .resolve = resolve_concat_arrays,
     .eval = concat_arrays_kernel},
};
WEIR_FAMILY_COUNT(array_set)
