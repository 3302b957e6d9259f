/* Higher-order functions over maps: map_filter, transform_keys, transform_values, map_zip_with (lambda_int.h
 * says how their bodies run, map_builder_int.h the rules of new keys). Runs on the task's thread. */
#include "common/expr/lambda_functions_int.h"
#include "common/expr/map_builder_int.h"

/* ---- resolution ---- */
static weir_code check_map(weir_resolve *resolve, weir_node **args, int32_t index, weir_error **err) {
    if (args[index]->type->kind == WEIR_TYPE_MAP)
        return WEIR_OK;
    return weir_fail_input_type(resolve, args, index, "\"MAP\"", err);
}

static weir_code entry_parameters(WEIR_PARAMETERS_PARAMS) {
    (void)function, (void)index, (void)written;
    WEIR_TRY(check_map(resolve, args, 0, err));
    const weir_type *type = args[0]->type;
    ret[0] = (weir_lambda_parameter){type->element, false};
    ret[1] = (weir_lambda_parameter){type->value, type->contains_null};
    *ret_count = 2;
    return WEIR_OK;
}

static weir_code resolve_map_filter(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    WEIR_TRY(weir_lambda_check_boolean(resolve, args, 1, err));
    *ret_type = args[0]->type;
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

static weir_code resolve_transform_keys(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    const weir_type *type = args[0]->type, *key = args[1]->type;
    WEIR_TRY(weir_map_check_key(resolve, key, err));
    *ret_type = weir_type_map(resolve->arena, key, type->value, type->contains_null);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

static weir_code resolve_transform_values(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite, (void)err;
    *ret_type = weir_type_map(resolve->arena, args[0]->type->element, args[1]->type, args[1]->nullable);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* The key types of both maps to a common one. */
static weir_code zip_parameters(WEIR_PARAMETERS_PARAMS) {
    (void)function, (void)index, (void)written;
    for (int32_t i = 0; i < 2; i++)
        WEIR_TRY(check_map(resolve, args, i, err));
    const weir_type *types[] = {args[0]->type, args[1]->type};
    const weir_type *key = weir_array_wider(resolve, types[0]->element, types[1]->element);
    if (key == NULL)
        WEIR_RAISE(err, DATATYPE_MISMATCH__MAP_ZIP_WITH_DIFF_TYPES, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "functionName", "`map_zip_with`",
                   "leftType", weir_quoted_type(resolve->arena, types[0]->element), "rightType",
                   weir_quoted_type(resolve->arena, types[1]->element));
    for (int32_t i = 0; i < 2; i++)
        args[i] = weir_coerce_cast(
            resolve, args[i], weir_type_map(resolve->arena, key, types[i]->value, types[i]->contains_null));
    ret[0] = (weir_lambda_parameter){key, false};
    ret[1] = (weir_lambda_parameter){types[0]->value, true};
    ret[2] = (weir_lambda_parameter){types[1]->value, true};
    *ret_count = 3;
    return WEIR_OK;
}

static weir_code resolve_map_zip(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    WEIR_TRY(weir_array_check_comparable(resolve, function, args[0]->type->element, err));
    *ret_type = weir_type_map(resolve->arena, args[0]->type->element, args[2]->type, args[2]->nullable);
    *ret_nullable = args[0]->nullable || args[1]->nullable;
    return WEIR_OK;
}

/* ---- kernels ---- */
typedef struct entries {
    weir_flat_lists flat;
    weir_column *keys, *values, *result; /* of the body */
} entries;

static void entries_fini(entries *e) {
    weir_flat_lists_fini(&e->flat);
    weir_column_unref(e->keys);
    weir_column_unref(e->values);
    weir_column_unref(e->result);
}
#define _cleanup_entries_ _cleanup_(entries_fini)

/* The body over all entries. */
static weir_code eval_entries(const weir_kernel_call *call, entries *e, weir_error **err) {
    const weir_column *map = call->args[0];
    WEIR_TRY(weir_flat_lists_make(call, map, &e->flat, err));
    WEIR_TRY(weir_flat_lists_child(call, &e->flat, map->children[0], &e->keys, err));
    WEIR_TRY(weir_flat_lists_child(call, &e->flat, map->children[1], &e->values, err));
    weir_column *parameters[] = {e->keys, e->values};
    return weir_lambda_eval(call, 0, parameters, e->flat.parents, e->flat.count, &e->result, err);
}

static weir_code map_filter_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_entries_ entries e = {0};
    weir_column *children[2];
    WEIR_TRY(eval_entries(call, &e, err));
    WEIR_TRY(weir_flat_lists_filter(call, &e.flat, e.result, err));
    WEIR_TRY(weir_flat_lists_child(call, &e.flat, call->args[0]->children[0], &children[0], err));
    weir_code code = weir_flat_lists_child(call, &e.flat, call->args[0]->children[1], &children[1], err);
    if (code == WEIR_OK)
        return weir_flat_lists_wrap(call, &e.flat, call->args[0], children, ret, err);
    weir_column_unref(children[0]);
    return code;
}

static uint8_t *null_rows(const weir_kernel_call *call) {
    uint8_t *is_null = weir_arena_zalloc(call->eval->arena, (size_t)call->rows + 1);
    WEIR_EACH(call, row)
    is_null[row] = weir_column_is_null(call->args[0], row);
    return is_null;
}

static weir_code transform_keys(const weir_kernel_call *call, bool last_win, weir_column **ret,
                                weir_error **err) {
    _cleanup_entries_ entries e = {0};
    WEIR_TRY(eval_entries(call, &e, err));
    return weir_map_build(call, e.flat.offsets, e.result, e.values, null_rows(call), last_win, ret, err);
}

static weir_code transform_keys_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return transform_keys(call, false, ret, err);
}

static weir_code transform_keys_last_win_kernel(const weir_kernel_call *call, weir_column **ret,
                                                weir_error **err) {
    return transform_keys(call, true, ret, err);
}

static weir_code transform_values_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_entries_ entries e = {0};
    WEIR_TRY(eval_entries(call, &e, err));
    weir_column *children[] = {weir_column_ref(e.keys), weir_column_ref(e.result)};
    return weir_flat_lists_wrap(call, &e.flat, call->args[0], children, ret, err);
}

/* ---- map_zip_with ---- */
typedef struct zipped_maps {
    weir_element_set set;
    weir_column *source;  /* the keys of both maps */
    weir_flat_lists flat; /* positions: of the keys in the source */
    int32_t *values[2];   /* of each key: the entry in either map, -1 = none */
    weir_buffer *buffers[2];
} zipped_maps;

static void zipped_maps_fini(zipped_maps *z) {
    weir_element_set_fini(&z->set);
    weir_column_unref(z->source);
    weir_flat_lists_fini(&z->flat);
    for (int i = 0; i < 2; i++)
        weir_buffer_unref(z->buffers[i]);
}

static weir_code zip_init(zipped_maps *z, const weir_kernel_call *call, int32_t *ret_base, int32_t **offsets,
                          int32_t **parents, int32_t **positions, weir_error **err) {
    int32_t bases[2];
    weir_column *parts[] = {call->args[0]->children[0], call->args[1]->children[0]};
    WEIR_TRY(weir_columns_join(call->eval->budget, call->type->element, parts, 2, bases, &z->source, err));
    WEIR_TRY(weir_element_set_init(&z->set, call, z->source, err));
    int64_t total = weir_list_total(call, call->args[0]) + weir_list_total(call, call->args[1]);
    z->flat.offsets_buffer = weir_int_buffer(call, call->rows, offsets, err);
    z->flat.parents_buffer = weir_int_buffer(call, total, parents, err);
    z->flat.positions_buffer = weir_int_buffer(call, total, positions, err);
    for (int i = 0; i < 2; i++)
        z->buffers[i] = weir_int_buffer(call, total, &z->values[i], err);
    if (!z->flat.offsets_buffer || !z->flat.parents_buffer || !z->flat.positions_buffer || !z->buffers[0] ||
        !z->buffers[1])
        return WEIR_OUT_OF_MEMORY;
    *ret_base = bases[1];
    return WEIR_OK;
}

/* The keys of both maps of each row: those of the first, then the ones that only the second has. */
static weir_code zip_keys(zipped_maps *z, const weir_kernel_call *call, weir_error **err) {
    int32_t base, *offsets, *parents, *positions, count = 0, next = 0;
    WEIR_TRY(zip_init(z, call, &base, &offsets, &parents, &positions, err));
    int32_t *places = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)z->source->length + 1));
    WEIR_EACH(call, row) {
        while (next <= row)
            offsets[next++] = count;
        if (weir_column_is_null(call->args[0], row) || weir_column_is_null(call->args[1], row))
            continue;
        weir_span spans[] = {weir_list_span(call->args[0], row), weir_list_span(call->args[1], row)};
        weir_element_set_clear(&z->set, spans[0].to - spans[0].from + spans[1].to - spans[1].from);
        for (int side = 0; side < 2; side++)
            for (int32_t e = spans[side].from; e < spans[side].to; e++) {
                int32_t key = e + (side ? base : 0), first = weir_element_set_add(&z->set, key);
                if (first < 0) {
                    places[key] = count;
                    parents[count] = row;
                    positions[count] = key;
                    z->values[0][count] = z->values[1][count] = -1;
                    first = key;
                    count++;
                }
                if (z->values[side][places[first]] < 0)
                    z->values[side][places[first]] = e;
            }
    }
    while (next <= call->rows)
        offsets[next++] = count;
    z->flat.count = count;
    z->flat.offsets = offsets;
    z->flat.parents = parents;
    z->flat.positions = positions;
    return WEIR_OK;
}

static weir_code map_zip_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    zipped_maps z _cleanup_(zipped_maps_fini) = {0};
    weir_budget *budget = call->eval->budget;
    _cleanup_column_ weir_column *keys = NULL, *left = NULL, *right = NULL, *result = NULL, *map = NULL;
    WEIR_TRY(zip_keys(&z, call, err));
    WEIR_TRY(weir_flat_lists_child(call, &z.flat, z.source, &keys, err));
    WEIR_TRY(weir_column_gather(budget, call->args[0]->children[1], z.values[0], z.flat.count, &left, err));
    WEIR_TRY(weir_column_gather(budget, call->args[1]->children[1], z.values[1], z.flat.count, &right, err));
    weir_column *parameters[] = {keys, left, right};
    WEIR_TRY(weir_lambda_eval(call, 0, parameters, z.flat.parents, z.flat.count, &result, err));
    weir_column *children[] = {weir_column_ref(keys), weir_column_ref(result)};
    WEIR_TRY(weir_flat_lists_wrap(call, &z.flat, call->args[0], children, &map, err));
    WEIR_EACH(call, row)
    if (weir_column_is_null(call->args[1], row))
        WEIR_TRY(weir_result_null(call, map, row, err));
    *ret = weir_column_ref(map);
    return WEIR_OK;
}

#define ENTRY_FUNCTION(sql_name, more, resolver, kernel) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 2, .flags = more, .lambda_from = 1, \
        .parameters = entry_parameters, .resolve = resolver, .eval = kernel \
    }

const weir_function weir_lambda_map_functions[] = {
    ENTRY_FUNCTION("map_filter", 0, resolve_map_filter, map_filter_kernel),
    ENTRY_FUNCTION("transform_keys", 0, resolve_transform_keys, transform_keys_kernel),
    ENTRY_FUNCTION(WEIR_LAST_WIN "transform_keys", WEIR_FN_HIDDEN, resolve_transform_keys,
                   transform_keys_last_win_kernel),
    ENTRY_FUNCTION("transform_values", 0, resolve_transform_values, transform_values_kernel),
    {.name = "map_zip_with",
     .args_min = 3,
     .args_max = 3,
     .lambda_from = 2,
     .parameters = zip_parameters,
     .resolve = resolve_map_zip,
     .eval = map_zip_kernel},
};
WEIR_FAMILY_COUNT(lambda_map)
