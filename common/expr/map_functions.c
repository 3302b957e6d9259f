/* Maps: map, map_concat, map_from_arrays, map_from_entries, str_to_map, and what reads them: map_keys,
 * map_values, map_entries, map_contains_key. Whatever builds a map follows the rules of map_builder_int.h.
 *
 * Each builder has a second entry, weir_last_win_NAME, which the analyzer takes where
 * spark.sql.mapKeyDedupPolicy is LAST_WIN. Runs on the task's thread. */
#include "common/expr/lambda_int.h"
#include "common/expr/map_builder_int.h"

/* The name as the user wrote it. */
static const char *shown_name(const weir_function *function) {
    return strncmp(function->name, WEIR_LAST_WIN, strlen(WEIR_LAST_WIN)) == 0
               ? function->name + strlen(WEIR_LAST_WIN)
               : function->name;
}

/* ---- map ---- */
static weir_code fail_arity(weir_resolve *resolve, const char *name, int32_t actual, weir_error **err) {
    WEIR_RAISE(err, WRONG_NUM_ARGS__WITHOUT_SUGGESTION, "functionName",
               weir_arena_printf(resolve->arena, "`%s`", name), "expectedNum", "2n (n > 0)", "actualNum",
               weir_arena_printf(resolve->arena, "%d", (int)actual), "docroot",
               "https://spark.apache.org/docs/latest");
}

static weir_code fail_map_types(weir_resolve *resolve, weir_code code, weir_node *const *args, int32_t from,
                                int32_t count, weir_error **err) {
    weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, '[');
    for (int32_t i = from; i < count; i += 2)
        weir_strbuf_addf(&buf, "%s%s", i > from ? ", " : "", weir_quoted_type(resolve->arena, args[i]->type));
    weir_strbuf_add_char(&buf, ']');
    char *types = weir_arena_strdup(resolve->arena, buf.data);
    weir_strbuf_fini(&buf);
    return weir_error_raise(err, code, "sqlExpr", weir_quoted_sql(resolve->arena, resolve->call),
                            "functionName", "`map`", "dataType", types, NULL);
}

static weir_code resolve_map(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    if (args_count % 2 != 0)
        return fail_arity(resolve, shown_name(function), args_count, err);
    int32_t half = args_count / 2;
    weir_node **split = WEIR_NEW_ARRAY(resolve->arena, weir_node *, args_count + 1);
    for (int32_t i = 0; i < half; i++) {
        split[i] = args[2 * i];
        split[half + i] = args[2 * i + 1];
    }
    const weir_type *key = weir_coerce_all(resolve, split, 0, half);
    const weir_type *value = weir_coerce_all(resolve, split, half, args_count);
    if (key == NULL)
        return fail_map_types(resolve, WEIR_DATATYPE_MISMATCH__CREATE_MAP_KEY_DIFF_TYPES, args, 0, args_count,
                              err);
    if (value == NULL)
        return fail_map_types(resolve, WEIR_DATATYPE_MISMATCH__CREATE_MAP_VALUE_DIFF_TYPES, args, 1,
                              args_count, err);
    WEIR_TRY(weir_map_check_key(resolve, key, err));
    bool nullable = weir_any_nullable(split + half, half);
    for (int32_t i = 0; i < half; i++) {
        args[2 * i] = split[i];
        args[2 * i + 1] = split[half + i];
    }
    *ret_type = weir_type_map(resolve->arena, key, value, nullable);
    *ret_nullable = false;
    return WEIR_OK;
}

/* Rows of entries by column: entry e of row r is row r of column e. */
static weir_code map_entries_of(const weir_kernel_call *call, int32_t first, const int32_t *places,
                                int32_t total, weir_column **ret, weir_error **err) {
    int32_t half = call->args_count / 2;
    weir_column **parts = weir_arena_alloc(call->eval->arena, sizeof(*parts) * (size_t)(half + 1));
    int32_t *bases = weir_arena_alloc(call->eval->arena, sizeof(*bases) * (size_t)(half + 1));
    int32_t *positions = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)total + 1));
    const weir_type *type = first == 0 ? call->type->element : call->type->value;
    for (int32_t i = 0; i < half; i++)
        parts[i] = call->args[2 * i + first];
    _cleanup_column_ weir_column *source = NULL;
    WEIR_TRY(weir_columns_join(call->eval->budget, type, parts, half, bases, &source, err));
    for (int32_t k = 0; k < total; k++)
        positions[k] = bases[k % half] + weir_column_slot(parts[k % half], places[k / half]);
    return weir_column_gather(call->eval->budget, source, positions, total, ret, err);
}

static weir_code make_map(const weir_kernel_call *call, bool last_win, weir_column **ret, weir_error **err) {
    int32_t half = call->args_count / 2, count = 0, next = 0, total = call->sel.count * half;
    int32_t *offsets = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->rows + 2));
    int32_t *places = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->sel.count + 1));
    WEIR_EACH(call, row) {
        while (next <= row)
            offsets[next++] = count * half;
        places[count++] = row;
    }
    while (next <= call->rows)
        offsets[next++] = total;
    if (half == 0) {
        weir_column *none, *map;
        WEIR_TRY(weir_column_new_nulls(call->eval->budget, call->type->element, 0, &none, err));
        weir_code code = weir_map_build(call, offsets, none, none, NULL, last_win, &map, err);
        weir_column_unref(none);
        WEIR_TRY(code);
        *ret = map;
        return WEIR_OK;
    }
    _cleanup_column_ weir_column *keys = NULL, *values = NULL;
    WEIR_TRY(map_entries_of(call, 0, places, total, &keys, err));
    WEIR_TRY(map_entries_of(call, 1, places, total, &values, err));
    return weir_map_build(call, offsets, keys, values, NULL, last_win, ret, err);
}

/* ---- map_concat ---- */
static weir_code fail_concat(weir_resolve *resolve, const weir_function *function, weir_node *const *args,
                             int32_t count, weir_error **err) {
    weir_strbuf buf = {0};
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(&buf, "%s%s", i ? ", " : "[", weir_quoted_type(resolve->arena, args[i]->type));
    weir_strbuf_add_char(&buf, ']');
    char *types = weir_arena_strdup(resolve->arena, buf.data);
    weir_strbuf_fini(&buf);
    WEIR_RAISE(err, DATATYPE_MISMATCH__MAP_CONCAT_DIFF_TYPES, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "functionName",
               weir_arena_printf(resolve->arena, "`%s`", shown_name(function)), "dataType", types);
}

static weir_code resolve_map_concat(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    if (args_count == 0) {
        const weir_type *string = weir_type_of(WEIR_TYPE_STRING);
        *ret_type = weir_type_map(resolve->arena, string, string, false);
        *ret_nullable = false;
        return WEIR_OK;
    }
    bool nulls = false;
    for (int32_t i = 0; i < args_count; i++) {
        if (args[i]->type->kind != WEIR_TYPE_MAP)
            return fail_concat(resolve, function, args, args_count, err);
        nulls |= args[i]->type->contains_null;
    }
    static const weir_function shown = {.name = "map_concat"};
    const weir_type *key = args[0]->type->element, *value = args[0]->type->value;
    for (int32_t i = 1; i < args_count; i++) {
        key = weir_array_wider(resolve, key, args[i]->type->element);
        value = key ? weir_array_wider(resolve, value, args[i]->type->value) : NULL;
        if (value == NULL)
            return weir_fail_diff_types(resolve, &shown, args, args_count, err);
    }
    for (int32_t i = 0; i < args_count; i++)
        args[i] = weir_coerce_cast(resolve, args[i],
                                   weir_type_map(resolve->arena, key, value, args[i]->type->contains_null));
    *ret_type = weir_type_map(resolve->arena, key, value, nulls);
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

/* The children of several maps or arrays behind each other in the order of rows. */
static weir_code gather_children(const weir_kernel_call *call, int32_t child, const weir_type *type,
                                 weir_column **ret, weir_error **err) {
    int32_t count = call->args_count, total = 0;
    weir_column **parts = weir_arena_alloc(call->eval->arena, sizeof(*parts) * (size_t)(count + 1));
    int32_t *bases = weir_arena_alloc(call->eval->arena, sizeof(*bases) * (size_t)(count + 1));
    for (int32_t i = 0; i < count; i++) {
        parts[i] = call->args[i]->children[child];
        total += (int32_t)WEIR_MIN(weir_list_total(call, call->args[i]), INT32_MAX / 4);
    }
    int32_t *positions, at = 0;
    _cleanup_buffer_ weir_buffer *buffer = weir_int_buffer(call, total, &positions, err);
    if (buffer == NULL)
        return WEIR_OUT_OF_MEMORY;
    _cleanup_column_ weir_column *source = NULL;
    WEIR_TRY(weir_columns_join(call->eval->budget, type, parts, count, bases, &source, err));
    WEIR_EACH(call, row)
    for (int32_t i = 0; i < count; i++) {
        weir_span span = weir_list_span(call->args[i], row);
        for (int32_t e = span.from; e < span.to; e++)
            positions[at++] = bases[i] + e;
    }
    return weir_column_gather(call->eval->budget, source, positions, at, ret, err);
}

/* Offsets of rows that have the entries of all arguments. */
static int32_t *sum_offsets(const weir_kernel_call *call, int32_t args) {
    int32_t *offsets = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->rows + 2));
    int32_t next = 0, count = 0;
    WEIR_EACH(call, row) {
        while (next <= row)
            offsets[next++] = count;
        for (int32_t i = 0; i < args; i++) {
            weir_span span = weir_list_span(call->args[i], row);
            count += span.to - span.from;
        }
    }
    while (next <= call->rows)
        offsets[next++] = count;
    return offsets;
}

static weir_code concat_maps(const weir_kernel_call *call, bool last_win, weir_column **ret,
                             weir_error **err) {
    _cleanup_column_ weir_column *keys = NULL, *values = NULL;
    if (call->args_count == 0)
        return make_map(call, last_win, ret, err);
    WEIR_TRY(gather_children(call, 0, call->type->element, &keys, err));
    WEIR_TRY(gather_children(call, 1, call->type->value, &values, err));
    return weir_map_build(call, sum_offsets(call, call->args_count), keys, values, NULL, last_win, ret, err);
}

/* ---- map_from_arrays, map_from_entries ---- */
static weir_code resolve_from_arrays(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    for (int32_t i = 0; i < 2; i++) {
        weir_array_of_null(resolve, &args[i]);
        if (args[i]->type->kind != WEIR_TYPE_ARRAY)
            return weir_fail_input_type(resolve, args, i, "\"ARRAY\"", err);
    }
    WEIR_TRY(weir_map_check_key(resolve, args[0]->type->element, err));
    *ret_type = weir_type_map(resolve->arena, args[0]->type->element, args[1]->type->element,
                              args[1]->type->contains_null);
    *ret_nullable = weir_any_nullable(args, 2);
    return WEIR_OK;
}

static weir_code from_arrays(const weir_kernel_call *call, bool last_win, weir_column **ret,
                             weir_error **err) {
    WEIR_EACH(call, row) {
        weir_span keys = weir_list_span(call->args[0], row), values = weir_list_span(call->args[1], row);
        if (keys.to - keys.from != values.to - values.from)
            return weir_error_raise(err, WEIR__LEGACY_ERROR_TEMP_2128, NULL);
    }
    weir_kernel_call one = *call;
    _cleanup_column_ weir_column *keys = NULL, *values = NULL;
    one.args_count = 1;
    WEIR_TRY(gather_children(&one, 0, call->type->element, &keys, err));
    one.args = call->args + 1;
    WEIR_TRY(gather_children(&one, 0, call->type->value, &values, err));
    return weir_map_build(call, sum_offsets(call, 1), keys, values, NULL, last_win, ret, err);
}

static weir_code resolve_from_entries(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    const weir_type *type = args[0]->type;
    if (type->kind != WEIR_TYPE_ARRAY || type->element->kind != WEIR_TYPE_STRUCT ||
        type->element->fields_count != 2)
        return weir_fail_input_type(resolve, args, 0, "\"ARRAY\" of pair \"STRUCT\"", err);
    const weir_field *fields = type->element->fields;
    WEIR_TRY(weir_map_check_key(resolve, fields[0].type, err));
    *ret_type = weir_type_map(resolve->arena, fields[0].type, fields[1].type, fields[1].nullable);
    *ret_nullable = args[0]->nullable || type->contains_null;
    return WEIR_OK;
}

/* A field of a struct column, NULL where the struct is. */
static weir_code field_of(const weir_kernel_call *call, const weir_column *record, int32_t field,
                          weir_column **ret, weir_error **err) {
    int32_t *positions, count = record->length;
    _cleanup_buffer_ weir_buffer *buffer = weir_int_buffer(call, count, &positions, err);
    if (buffer == NULL)
        return WEIR_OUT_OF_MEMORY;
    for (int32_t i = 0; i < count; i++)
        positions[i] = weir_column_is_null(record, i) ? -1 : i;
    return weir_column_gather(call->eval->budget, record->children[field], positions, count, ret, err);
}

static weir_code from_entries(const weir_kernel_call *call, bool last_win, weir_column **ret,
                              weir_error **err) {
    const weir_column *list = call->args[0];
    _cleanup_column_ weir_column *records = NULL, *keys = NULL, *values = NULL;
    weir_kernel_call one = *call;
    WEIR_TRY(gather_children(&one, 0, list->children[0]->type, &records, err));
    const int32_t *offsets = sum_offsets(call, 1);
    uint8_t *is_null = weir_arena_zalloc(call->eval->arena, (size_t)call->rows + 1);
    WEIR_EACH(call, row)
    for (int32_t e = offsets[row]; e < offsets[row + 1]; e++)
        is_null[row] |= weir_column_is_null(records, e);
    WEIR_TRY(field_of(call, records, 0, &keys, err));
    WEIR_TRY(field_of(call, records, 1, &values, err));
    return weir_map_build(call, offsets, keys, values, is_null, last_win, ret, err);
}

/* ---- reading ---- */
static weir_code resolve_read(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    const weir_type *type = args[0]->type;
    if (type->kind == WEIR_TYPE_NULL) {
        const weir_type *none = weir_type_of(WEIR_TYPE_NULL);
        args[0] = weir_coerce_cast(resolve, args[0], type = weir_type_map(resolve->arena, none, none, true));
    }
    if (type->kind != WEIR_TYPE_MAP)
        return weir_fail_input_type(resolve, args, 0, "\"MAP\"", err);
    weir_field fields[] = {{.name = WEIR_STR("key"), .type = type->element},
                           {.name = WEIR_STR("value"), .type = type->value, .nullable = type->contains_null}};
    if (strcmp(function->name, "map_keys") == 0)
        *ret_type = weir_type_array(resolve->arena, type->element, false);
    else if (strcmp(function->name, "map_values") == 0)
        *ret_type = weir_type_array(resolve->arena, type->value, type->contains_null);
    else
        *ret_type = weir_type_array(resolve->arena, weir_type_struct(resolve->arena, fields, 2), false);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* An ARRAY with the lists of the map over `child` (takes). */
static weir_column *lists_over(const weir_kernel_call *call, weir_column *child) {
    const weir_column *map = call->args[0];
    weir_column *column = weir_column_new(call->type, map->length, 1);
    column->encoding = map->encoding;
    column->null_count = 0;
    column->offsets = map->offsets;
    column->offsets_buffer = weir_buffer_ref(map->offsets_buffer);
    column->children[0] = child;
    return column;
}

static weir_code keys_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    (void)err;
    *ret = lists_over(call, weir_column_reshell(call->args[0]->children[0], call->type->element));
    return WEIR_OK;
}

static weir_code values_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    (void)err;
    *ret = lists_over(call, weir_column_reshell(call->args[0]->children[1], call->type->element));
    return WEIR_OK;
}

static weir_code entries_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    (void)err;
    const weir_column *map = call->args[0];
    weir_column *record = weir_column_new(call->type->element, map->children[0]->length, 2);
    record->null_count = 0;
    for (int32_t i = 0; i < 2; i++)
        record->children[i] = weir_column_reshell(map->children[i], call->type->element->fields[i].type);
    *ret = lists_over(call, record);
    return WEIR_OK;
}

static weir_code resolve_contains_key(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    const weir_type *type = args[0]->type;
    if (args[1]->type->kind == WEIR_TYPE_NULL)
        WEIR_RAISE(err, DATATYPE_MISMATCH__NULL_TYPE, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "functionName", "`map_contains_key`");
    const weir_type *common =
        type->kind == WEIR_TYPE_MAP
            ? weir_coerce_tightest(resolve->arena, resolve->ansi, type->element, args[1]->type)
            : NULL;
    if (common == NULL)
        WEIR_RAISE(err, DATATYPE_MISMATCH__MAP_FUNCTION_DIFF_TYPES, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "functionName", "`map_contains_key`",
                   "dataType", "\"MAP\"", "leftType", weir_quoted_type(resolve->arena, type), "rightType",
                   weir_quoted_type(resolve->arena, args[1]->type));
    args[0] = weir_coerce_cast(resolve, args[0],
                               weir_type_map(resolve->arena, common, type->value, type->contains_null));
    args[1] = weir_coerce_cast(resolve, args[1], common);
    *ret_type = weir_type_of(WEIR_TYPE_BOOLEAN);
    *ret_nullable = weir_any_nullable(args, 2);
    return WEIR_OK;
}

static weir_code contains_key_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const weir_column *keys = call->args[0]->children[0];
    uint8_t *truth = weir_result_truth_new(call);
    WEIR_EACH(call, row) {
        weir_span span = weir_list_span(call->args[0], row);
        truth[row] = 0;
        for (int32_t e = span.from; e < span.to && !truth[row]; e++)
            truth[row] = weir_value_compare(keys, e, call->args[1], row) == 0;
    }
    return weir_result_truth(call, truth, ret, err);
}

/* ---- the two forms of each builder ---- */
#define TWO_FORMS(noun) \
    static weir_code noun##_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        return noun(call, false, ret, err); \
    } \
    static weir_code noun##_last_win_kernel(const weir_kernel_call *call, weir_column **ret, \
                                            weir_error **err) { \
        return noun(call, true, ret, err); \
    }
TWO_FORMS(make_map)
TWO_FORMS(concat_maps)
TWO_FORMS(from_arrays)
TWO_FORMS(from_entries)

#define BUILDER(sql_name, min, max, more, resolver, noun) \
    {.name = sql_name, \
     .args_min = min, \
     .args_max = max, \
     .flags = more, \
     .resolve = resolver, \
     .eval = noun##_kernel}, \
    { \
        .name = WEIR_LAST_WIN sql_name, .args_min = min, .args_max = max, .flags = (more) | WEIR_FN_HIDDEN, \
        .resolve = resolver, .eval = noun##_last_win_kernel \
    }
#define READER(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 1, .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_DENSE, \
        .resolve = resolve_read, .eval = kernel \
    }

const weir_function weir_map_functions[] = {
    BUILDER("map", 0, -1, WEIR_FN_NEVER_NULL, resolve_map, make_map),
    BUILDER("map_concat", 0, -1, WEIR_FN_NULL_PROPAGATES, resolve_map_concat, concat_maps),
    BUILDER("map_from_arrays", 2, 2, WEIR_FN_NULL_PROPAGATES, resolve_from_arrays, from_arrays),
    BUILDER("map_from_entries", 1, 1, WEIR_FN_NULL_PROPAGATES, resolve_from_entries, from_entries),
    READER("map_keys", keys_kernel),
    READER("map_values", values_kernel),
    READER("map_entries", entries_kernel),
    {.name = "map_contains_key",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_contains_key,
     .eval = contains_key_kernel},
};
WEIR_FAMILY_COUNT(map)
