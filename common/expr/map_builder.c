/* Maps from entries (map_builder_int.h). Keys are compared by their key form, values are gathered. */
#include "common/expr/map_builder_int.h"

#include "common/column/cell_text.h"
#include "common/expr/lambda_int.h"

/* Messages print a key as it is stored: a date as its days, a timestamp as its micros. */
static weir_code fail_duplicate(const weir_kernel_call *call, const weir_column *keys, int32_t entry,
                                weir_error **err) {
    weir_strbuf text = {0};
    weir_type_kind kind = keys->type->kind;
    if (kind == WEIR_TYPE_DATE || kind == WEIR_TYPE_INTERVAL_YEAR_MONTH)
        weir_strbuf_addf(&text, "%d", (int)WEIR_VALUES(keys, int32_t)[entry]);
    else if (kind >= WEIR_TYPE_TIME && kind <= WEIR_TYPE_INTERVAL_DAY_TIME)
        weir_strbuf_addf(&text, "%lld", (long long)WEIR_VALUES(keys, int64_t)[entry]);
    else
        weir_cell_text(&text, keys, entry, WEIR_TEXT_CAST, call->eval->zone);
    weir_code code = weir_error_raise(err, WEIR_DUPLICATED_MAP_KEY, "key", text.data ? text.data : "",
                                      "mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\"", NULL);
    weir_strbuf_fini(&text);
    return code;
}

static bool is_no_key(const weir_type *type) {
    bool found = type->kind == WEIR_TYPE_MAP || type->kind == WEIR_TYPE_VARIANT;
    for (int32_t i = 0; i < type->fields_count && !found; i++)
        found = is_no_key(type->fields[i].type);
    return found || (type->kind == WEIR_TYPE_ARRAY && is_no_key(type->element));
}

weir_code weir_map_check_key(weir_resolve *resolve, const weir_type *key, weir_error **err) {
    if (!is_no_key(key))
        return WEIR_OK;
    WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_MAP_KEY_TYPE, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "keyType",
               weir_quoted_type(resolve->arena, key));
}

typedef struct map_build {
    const weir_kernel_call *call;
    weir_list_writer writer; /* of the keys */
    weir_element_set set;
    int32_t *values;   /* the entry whose value the key at the same place of the writer gets */
    int32_t *places;   /* of each entry that is a first one: its place in the writer */
    weir_column *keys; /* FLAT */
    bool last_win;
    weir_buffer *values_buffer, *places_buffer;
} map_build;

static void map_build_fini(map_build *b) {
    weir_list_fini(&b->writer);
    weir_element_set_fini(&b->set);
    weir_column_unref(b->keys);
    weir_buffer_unref(b->values_buffer);
    weir_buffer_unref(b->places_buffer);
}

static weir_code add_row(map_build *b, int32_t from, int32_t to, weir_error **err) {
    weir_element_set_clear(&b->set, to - from);
    for (int32_t e = from; e < to; e++) {
        if (weir_column_is_null(b->keys, e))
            return weir_error_raise(err, WEIR_NULL_MAP_KEY, NULL);
        int32_t first = weir_element_set_add(&b->set, e);
        if (first < 0) {
            b->places[e] = b->writer.count;
            b->values[b->writer.count] = e;
            WEIR_TRY(weir_list_add(&b->writer, e, err));
        } else if (b->last_win) {
            b->values[b->places[first]] = e;
        } else {
            return fail_duplicate(b->call, b->keys, e, err);
        }
    }
    return WEIR_OK;
}

weir_code weir_map_build(const weir_kernel_call *call, const int32_t *offsets, weir_column *keys,
                         weir_column *values, const uint8_t *is_null, bool last_win, weir_column **ret,
                         weir_error **err) {
    map_build b _cleanup_(map_build_fini) = {.call = call, .last_win = last_win};
    int32_t count = keys->length;
    WEIR_TRY(weir_column_flatten(call->eval->budget, keys, &b.keys, err));
    WEIR_TRY(weir_element_set_init(&b.set, call, b.keys, err));
    WEIR_TRY(weir_list_begin(&b.writer, call, count, err));
    b.values_buffer = weir_int_buffer(call, count, &b.values, err);
    b.places_buffer = weir_int_buffer(call, count, &b.places, err);
    if (!b.values_buffer || !b.places_buffer)
        return WEIR_OUT_OF_MEMORY;
    WEIR_EACH(call, row) {
        if (is_null && is_null[row]) {
            WEIR_TRY(weir_list_null(&b.writer, row, err));
            continue;
        }
        WEIR_TRY(add_row(&b, offsets[row], offsets[row + 1], err));
        weir_list_end(&b.writer, row);
    }
    return weir_list_finish_map(&b.writer, b.keys, values, b.values, ret, err);
}
