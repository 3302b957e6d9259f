/* Higher-order functions over arrays: transform, filter, exists, forall, zip_with (lambda_int.h says how
 * their bodies run; aggregate is in lambda_fold.c, maps in lambda_map_functions.c, comparators in
 * array_sort_functions.c).
 *
 * exists and forall stop at the element that decides, so an error behind it does not count: where the whole
 * evaluation raises, they go element by element, all rows at once. Runs on the task's thread. */
#include "common/expr/lambda_functions_int.h"

/* ---- resolution ---- */
weir_code weir_lambda_check_array(weir_resolve *resolve, weir_node **args, int32_t index, weir_error **err) {
    if (args[index]->type->kind == WEIR_TYPE_ARRAY)
        return WEIR_OK;
    return weir_fail_input_type(resolve, args, index, "\"ARRAY\"", err);
}

weir_code weir_lambda_check_boolean(weir_resolve *resolve, weir_node **args, int32_t index,
                                    weir_error **err) {
    const weir_type *boolean = weir_type_of(WEIR_TYPE_BOOLEAN);
    if (args[index]->type->kind == WEIR_TYPE_BOOLEAN)
        return WEIR_OK;
    if (args[index]->type->kind != WEIR_TYPE_NULL)
        return weir_fail_input_type(resolve, args, index, "\"BOOLEAN\"", err);
    weir_node_lambda *lambda = (weir_node_lambda *)weir_node_copy(resolve->arena, args[index]);
    lambda->body = weir_coerce_cast(resolve, lambda->body, boolean);
    lambda->node.type = boolean;
    args[index] = &lambda->node;
    return WEIR_OK;
}

static weir_code element_parameters(WEIR_PARAMETERS_PARAMS) {
    (void)function, (void)index, (void)written;
    WEIR_TRY(weir_lambda_check_array(resolve, args, 0, err));
    ret[0] = (weir_lambda_parameter){args[0]->type->element, args[0]->type->contains_null};
    *ret_count = 1;
    return WEIR_OK;
}

/* transform and filter give the index to a lambda that wants two. */
static weir_code indexed_parameters(WEIR_PARAMETERS_PARAMS) {
    WEIR_TRY(element_parameters(resolve, function, args, index, written, ret, ret_count, err));
    ret[1] = (weir_lambda_parameter){weir_type_of(WEIR_TYPE_INT), false};
    *ret_count = written == 2 ? 2 : 1;
    return WEIR_OK;
}

static weir_code resolve_transform(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite, (void)err;
    *ret_type = weir_type_array(resolve->arena, args[1]->type, args[1]->nullable);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

static weir_code resolve_filter(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    WEIR_TRY(weir_lambda_check_boolean(resolve, args, 1, err));
    *ret_type = args[0]->type;
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

static weir_code resolve_match(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    WEIR_TRY(weir_lambda_check_boolean(resolve, args, 1, err));
    *ret_type = weir_type_of(WEIR_TYPE_BOOLEAN);
    *ret_nullable = args[0]->nullable || args[1]->nullable;
    return WEIR_OK;
}

static weir_code zip_parameters(WEIR_PARAMETERS_PARAMS) {
    (void)function, (void)index, (void)written;
    for (int32_t i = 0; i < 2; i++) {
        WEIR_TRY(weir_lambda_check_array(resolve, args, i, err));
        ret[i] = (weir_lambda_parameter){args[i]->type->element, true};
    }
    *ret_count = 2;
    return WEIR_OK;
}

static weir_code resolve_zip_with(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite, (void)err;
    *ret_type = weir_type_array(resolve->arena, args[2]->type, args[2]->nullable);
    *ret_nullable = args[0]->nullable || args[1]->nullable;
    return WEIR_OK;
}

/* ---- transform, filter ---- */
/* The body over all elements: (element, index). */
static weir_code eval_elements(const weir_kernel_call *call, const weir_flat_lists *flat, weir_column **ret,
                               weir_error **err) {
    const weir_lambda_bound *bound = call->bound;
    _cleanup_column_ weir_column *element = NULL, *index = NULL;
    WEIR_TRY(weir_flat_lists_child(call, flat, call->args[0]->children[0], &element, err));
    if (bound->lambdas[0].parameters_count > 1)
        WEIR_TRY(weir_flat_lists_index(call, flat, &index, err));
    weir_column *parameters[] = {element, index};
    return weir_lambda_eval(call, 0, parameters, flat->parents, flat->count, ret, err);
}

static weir_code transform_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_flat_lists_ weir_flat_lists flat = {0};
    weir_column *values;
    WEIR_TRY(weir_flat_lists_make(call, call->args[0], &flat, err));
    WEIR_TRY(eval_elements(call, &flat, &values, err));
    return weir_flat_lists_wrap(call, &flat, call->args[0], &values, ret, err);
}

bool weir_lambda_is_true(const weir_column *truth, int32_t row) {
    return !weir_column_is_null(truth, row) && weir_bit_get(truth->values, row);
}

weir_code weir_flat_lists_filter(const weir_kernel_call *call, weir_flat_lists *flat,
                                 const weir_column *truth, weir_error **err) {
    int32_t *offsets, *parents, *positions, count = 0;
    weir_flat_lists kept _cleanup_flat_lists_ = {0};
    kept.offsets_buffer = weir_int_buffer(call, call->rows, &offsets, err);
    kept.parents_buffer = weir_int_buffer(call, flat->count, &parents, err);
    kept.positions_buffer = weir_int_buffer(call, flat->count, &positions, err);
    if (!kept.offsets_buffer || !kept.parents_buffer || !kept.positions_buffer)
        return WEIR_OUT_OF_MEMORY;
    for (int32_t row = 0; row < call->rows; row++) {
        offsets[row] = count;
        for (int32_t e = flat->offsets[row]; e < flat->offsets[row + 1]; e++) {
            positions[count] = flat->positions[e];
            parents[count] = row;
            count += weir_lambda_is_true(truth, e);
        }
    }
    offsets[call->rows] = count;
    kept.count = count;
    kept.whole = flat->whole && count == flat->count;
    kept.offsets = offsets;
    kept.parents = parents;
    kept.positions = positions;
    weir_flat_lists whole = *flat;
    *flat = kept;
    kept = whole; /* freed on the way out */
    return WEIR_OK;
}

static weir_code filter_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_flat_lists_ weir_flat_lists flat = {0};
    _cleanup_column_ weir_column *truth = NULL;
    weir_column *elements;
    WEIR_TRY(weir_flat_lists_make(call, call->args[0], &flat, err));
    WEIR_TRY(eval_elements(call, &flat, &truth, err));
    WEIR_TRY(weir_flat_lists_filter(call, &flat, truth, err));
    WEIR_TRY(weir_flat_lists_child(call, &flat, call->args[0]->children[0], &elements, err));
    return weir_flat_lists_wrap(call, &flat, call->args[0], &elements, ret, err);
}

/* ---- exists, forall ---- */
/* States of a row: no element has decided; one was NULL; decided. */
enum { MATCH_OPEN, MATCH_UNKNOWN, MATCH_DECIDED };

static void match_element(const weir_column *truth, int32_t at, bool decisive, uint8_t *state) {
    if (*state == MATCH_DECIDED)
        return;
    if (weir_column_is_null(truth, at))
        *state = MATCH_UNKNOWN;
    else if (weir_bit_get(truth->values, at) == decisive)
        *state = MATCH_DECIDED;
}

/* Element k of every row that is not decided, for k = 0, 1, ... */
static weir_code match_in_rounds(const weir_kernel_call *call, const weir_flat_lists *flat, bool decisive,
                                 uint8_t *states, weir_error **err) {
    _cleanup_column_ weir_column *elements = NULL;
    WEIR_TRY(weir_flat_lists_child(call, flat, call->args[0]->children[0], &elements, err));
    int32_t *parents, *places;
    _cleanup_buffer_ weir_buffer *parents_buffer = weir_int_buffer(call, call->rows, &parents, err);
    _cleanup_buffer_ weir_buffer *places_buffer = weir_int_buffer(call, call->rows, &places, err);
    if (!parents_buffer || !places_buffer)
        return WEIR_OUT_OF_MEMORY;
    for (int32_t round = 0;; round++) {
        int32_t count = 0;
        WEIR_EACH(call, row) {
            if (states[row] == MATCH_DECIDED || flat->offsets[row] + round >= flat->offsets[row + 1])
                continue;
            parents[count] = row;
            places[count++] = flat->offsets[row] + round;
        }
        if (count == 0)
            return WEIR_OK;
        _cleanup_column_ weir_column *element = NULL, *truth = NULL;
        WEIR_TRY(weir_column_gather(call->eval->budget, elements, places, count, &element, err));
        WEIR_TRY(weir_lambda_eval(call, 0, &element, parents, count, &truth, err));
        for (int32_t k = 0; k < count; k++)
            match_element(truth, k, decisive, &states[parents[k]]);
    }
}

static weir_code match_result(const weir_kernel_call *call, bool decisive, const uint8_t *states,
                              weir_column **ret, weir_error **err) {
    uint8_t *truth = weir_result_truth_new(call);
    WEIR_EACH(call, row)
    truth[row] = (states[row] == MATCH_DECIDED) == decisive;
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_truth(call, truth, &column, err));
    WEIR_EACH(call, row)
    if (states[row] == MATCH_UNKNOWN || weir_column_is_null(call->args[0], row))
        WEIR_TRY(weir_result_null(call, column, row, err));
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* exists: a true decides; forall: a false. */
static weir_code match(const weir_kernel_call *call, bool decisive, weir_column **ret, weir_error **err) {
    _cleanup_flat_lists_ weir_flat_lists flat = {0};
    _cleanup_column_ weir_column *truth = NULL;
    _cleanup_error_ weir_error *raised = NULL;
    WEIR_TRY(weir_flat_lists_make(call, call->args[0], &flat, err));
    uint8_t *states = weir_arena_zalloc(call->eval->arena, (size_t)call->rows + 1);
    if (eval_elements(call, &flat, &truth, &raised) == WEIR_OK)
        for (int32_t e = 0; e < flat.count; e++)
            match_element(truth, e, decisive, &states[flat.parents[e]]);
    else
        WEIR_TRY(match_in_rounds(call, &flat, decisive, states, err));
    return match_result(call, decisive, states, ret, err);
}

static weir_code exists_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return match(call, true, ret, err);
}

static weir_code forall_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return match(call, false, ret, err);
}

/* ---- zip_with ---- */
typedef struct zipped {
    weir_flat_lists flat; /* of the result; positions are those of the left list, -1 behind its end */
    weir_buffer *right_buffer;
    int32_t *right;
} zipped;

static void zipped_fini(zipped *z) {
    weir_flat_lists_fini(&z->flat);
    weir_buffer_unref(z->right_buffer);
}

static int32_t list_size(const weir_column *list, int32_t row) {
    int32_t slot = weir_column_slot(list, row);
    return list->offsets[slot + 1] - list->offsets[slot];
}

/* Both lists to the length of the longer one. */
static weir_code zip(const weir_kernel_call *call, zipped *z, weir_error **err) {
    const weir_column *a = call->args[0], *b = call->args[1];
    int64_t total = 0;
    int32_t *offsets, *parents, *left, count = 0, next = 0;
    WEIR_EACH(call, row)
    if (!weir_column_is_null(a, row) && !weir_column_is_null(b, row))
        total += WEIR_MAX(list_size(a, row), list_size(b, row));
    z->flat.offsets_buffer = weir_int_buffer(call, call->rows, &offsets, err);
    z->flat.parents_buffer = weir_int_buffer(call, total, &parents, err);
    z->flat.positions_buffer = weir_int_buffer(call, total, &left, err);
    z->right_buffer = weir_int_buffer(call, total, &z->right, err);
    if (!z->flat.offsets_buffer || !z->flat.parents_buffer || !z->flat.positions_buffer || !z->right_buffer)
        return WEIR_OUT_OF_MEMORY;
    WEIR_EACH(call, row) {
        while (next <= row)
            offsets[next++] = count;
        if (weir_column_is_null(a, row) || weir_column_is_null(b, row))
            continue;
        int32_t size_a = list_size(a, row), size_b = list_size(b, row);
        for (int32_t k = 0; k < WEIR_MAX(size_a, size_b); k++) {
            parents[count] = row;
            left[count] = k < size_a ? a->offsets[weir_column_slot(a, row)] + k : -1;
            z->right[count++] = k < size_b ? b->offsets[weir_column_slot(b, row)] + k : -1;
        }
    }
    while (next <= call->rows)
        offsets[next++] = count;
    z->flat.count = count;
    z->flat.offsets = offsets;
    z->flat.parents = parents;
    z->flat.positions = left;
    return WEIR_OK;
}

static weir_code zip_with_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    zipped z _cleanup_(zipped_fini) = {0};
    _cleanup_column_ weir_column *left = NULL, *right = NULL, *values = NULL, *column = NULL;
    weir_budget *budget = call->eval->budget;
    WEIR_TRY(zip(call, &z, err));
    WEIR_TRY(weir_flat_lists_child(call, &z.flat, call->args[0]->children[0], &left, err));
    WEIR_TRY(weir_column_gather(budget, call->args[1]->children[0], z.right, z.flat.count, &right, err));
    weir_column *parameters[] = {left, right};
    WEIR_TRY(weir_lambda_eval(call, 0, parameters, z.flat.parents, z.flat.count, &values, err));
    weir_column *child = weir_column_ref(values);
    WEIR_TRY(weir_flat_lists_wrap(call, &z.flat, call->args[0], &child, &column, err));
    WEIR_EACH(call, row)
    if (weir_column_is_null(call->args[1], row))
        WEIR_TRY(weir_result_null(call, column, row, err));
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

#define ELEMENT_FUNCTION(sql_name, parameters_fn, resolver, kernel) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 2, .lambda_from = 1, .parameters = parameters_fn, \
        .resolve = resolver, .eval = kernel \
    }

const weir_function weir_lambda_functions[] = {
    ELEMENT_FUNCTION("transform", indexed_parameters, resolve_transform, transform_kernel),
    ELEMENT_FUNCTION("filter", indexed_parameters, resolve_filter, filter_kernel),
    ELEMENT_FUNCTION("exists", element_parameters, resolve_match, exists_kernel),
    ELEMENT_FUNCTION("forall", element_parameters, resolve_match, forall_kernel),
    {.name = "zip_with",
     .args_min = 3,
     .args_max = 3,
     .lambda_from = 2,
     .parameters = zip_parameters,
     .resolve = resolve_zip_with,
     .eval = zip_with_kernel},
};
WEIR_FAMILY_COUNT(lambda)
