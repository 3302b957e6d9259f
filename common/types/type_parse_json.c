/* The JSON form of types, as checkpoints, Connect clients and DataType.json write it. Unknown names and
 * shapes are INVALID_JSON_DATA_TYPE; what Spark has and Weir does not (user-defined types, collations)
 * is refused by name. Any thread. */
#include <stdio.h>

#include "common/base/json_value.h"
#include "common/types/type_parse_int.h"

#define DEPTH_MAX 200

typedef struct json_reader {
    weir_arena *arena;
    int32_t depth;
    weir_error **err;
} json_reader;

static weir_code fail_json(json_reader *r, const weir_json *value) {
    weir_strbuf text = {0};
    if (value->kind == WEIR_JSON_STRING)
        weir_strbuf_add(&text, value->text);
    else
        weir_json_write(&text, value);
    weir_error_raise(r->err, WEIR_INVALID_JSON_DATA_TYPE, "invalidType", text.data ? text.data : "", NULL);
    weir_strbuf_fini(&text);
    return WEIR_INVALID_JSON_DATA_TYPE;
}

static weir_code read_type(json_reader *r, const weir_json *value, const weir_type **ret);

/* Names that differ from the DDL's, or that DDL would read otherwise. */
static const struct {
    const char *name;
    weir_type_kind kind;
} json_names[] = {
    {"null", WEIR_TYPE_NULL},
    {"void", WEIR_TYPE_NULL},
    {"boolean", WEIR_TYPE_BOOLEAN},
    {"byte", WEIR_TYPE_BYTE},
    {"short", WEIR_TYPE_SHORT},
    {"integer", WEIR_TYPE_INT},
    {"long", WEIR_TYPE_LONG},
    {"float", WEIR_TYPE_FLOAT},
    {"double", WEIR_TYPE_DOUBLE},
    {"decimal", WEIR_TYPE_DECIMAL},
    {"string", WEIR_TYPE_STRING},
    {"binary", WEIR_TYPE_BINARY},
    {"date", WEIR_TYPE_DATE},
    {"timestamp", WEIR_TYPE_TIMESTAMP},
    {"timestamp_ltz", WEIR_TYPE_TIMESTAMP},
    {"timestamp_ntz", WEIR_TYPE_TIMESTAMP_NTZ},
    {"interval", WEIR_TYPE_INTERVAL_CALENDAR},
    {"calendar_interval", WEIR_TYPE_INTERVAL_CALENDAR},
    {"variant", WEIR_TYPE_VARIANT},
};

/* Names with parameters have the DDL's form: "decimal(10,2)", "char(5)", "interval day to second". */
static bool is_ddl_name(weir_str name) {
    static const char *const prefixes[] = {"decimal(",       "char(",         "varchar(",
                                           "time(",          "interval ",     "string collate ",
                                           "timestamp_ltz(", "timestamp_ntz("};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(prefixes); i++) {
        if (weir_str_starts_with(name, weir_str_from(prefixes[i])))
            return true;
    }
    return false;
}

static weir_code read_name(json_reader *r, const weir_json *value, const weir_type **ret) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(json_names); i++) {
        if (weir_str_equal(value->text, weir_str_from(json_names[i].name))) {
            *ret = weir_type_of(json_names[i].kind);
            return WEIR_OK;
        }
    }
    if (!is_ddl_name(value->text))
        return fail_json(r, value);
    return weir_type_parse(r->arena, value->text, ret, r->err);
}

/* A member that must be there with this kind; NULL otherwise. */
static const weir_json *member(const weir_json *object, const char *name, weir_json_kind kind) {
    const weir_json *value = weir_json_get(object, name);
    return value && value->kind == kind ? value : NULL;
}

static weir_code read_field(json_reader *r, const weir_json *value, weir_field *ret) {
    if (value->kind != WEIR_JSON_OBJECT)
        return fail_json(r, value);
    const weir_json *name = member(value, "name", WEIR_JSON_STRING), *type = weir_json_get(value, "type");
    const weir_json *nullable = member(value, "nullable", WEIR_JSON_BOOL);
    const weir_json *metadata = member(value, "metadata", WEIR_JSON_OBJECT);
    if (!name || !type)
        return fail_json(r, value);
    ret->name = name->text;
    ret->nullable = nullable ? nullable->boolean : true;
    ret->metadata = (weir_str){0};
    if (metadata && metadata->count > 0) {
        if (weir_json_get(metadata, "__COLLATIONS"))
            return weir_error_failf(r->err, WEIR_NOT_SUPPORTED,
                                    "The collation of column " WEIR_STR_FMT
                                    " is not supported; strings compare by UTF8_BINARY.",
                                    WEIR_STR_ARG(name->text));
        _cleanup_strbuf_ weir_strbuf text = {0};
        weir_json_write(&text, metadata);
        ret->metadata = weir_arena_str(r->arena, weir_strbuf_view(&text));
    }
    return read_type(r, type, &ret->type);
}

static weir_code read_struct(json_reader *r, const weir_json *value, const weir_type **ret) {
    const weir_json *list = member(value, "fields", WEIR_JSON_ARRAY);
    if (!list)
        return fail_json(r, value);
    weir_field *fields = WEIR_NEW_ARRAY(r->arena, weir_field, list->count + 1);
    int32_t count = 0;
    for (const weir_json *field = list->first; field; field = field->next)
        WEIR_TRY(read_field(r, field, &fields[count++]));
    *ret = weir_type_struct(r->arena, fields, count);
    return WEIR_OK;
}

static weir_code read_object(json_reader *r, const weir_json *value, const weir_type **ret) {
    weir_str kind = weir_json_get_str(value, "type", WEIR_STR(""));
    if (weir_str_equal(kind, WEIR_STR("struct")))
        return read_struct(r, value, ret);
    if (weir_str_equal(kind, WEIR_STR("array"))) {
        const weir_json *element = weir_json_get(value, "elementType");
        const weir_json *nulls = member(value, "containsNull", WEIR_JSON_BOOL);
        const weir_type *type = NULL;
        if (!element || !nulls)
            return fail_json(r, value);
        WEIR_TRY(read_type(r, element, &type));
        *ret = weir_type_array(r->arena, type, nulls->boolean);
        return WEIR_OK;
    }
    if (weir_str_equal(kind, WEIR_STR("map"))) {
        const weir_json *key = weir_json_get(value, "keyType"), *mapped = weir_json_get(value, "valueType");
        const weir_json *nulls = member(value, "valueContainsNull", WEIR_JSON_BOOL);
        const weir_type *key_type = NULL, *value_type = NULL;
        if (!key || !mapped || !nulls)
            return fail_json(r, value);
        WEIR_TRY(read_type(r, key, &key_type));
        WEIR_TRY(read_type(r, mapped, &value_type));
        *ret = weir_type_map(r->arena, key_type, value_type, nulls->boolean);
        return WEIR_OK;
    }
    if (weir_str_equal(kind, WEIR_STR("udt")))
        return weir_error_failf(r->err, WEIR_NOT_SUPPORTED, "User-defined types are not supported.");
    return fail_json(r, value);
}

static weir_code read_type(json_reader *r, const weir_json *value, const weir_type **ret) {
    if (++r->depth > DEPTH_MAX)
        WEIR_FAIL(r->err, INVALID_ARGUMENT, "The type is nested more than %d levels deep.", DEPTH_MAX);
    weir_code code = value->kind == WEIR_JSON_STRING   ? read_name(r, value, ret)
                     : value->kind == WEIR_JSON_OBJECT ? read_object(r, value, ret)
                                                       : fail_json(r, value);
    r->depth--;
    return code;
}

weir_code weir_type_parse_json(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err) {
    json_reader reader = {.arena = arena, .err = err};
    weir_json *document = NULL;
    WEIR_TRY(weir_json_parse(arena, text, "schema", &document, err));
    return read_type(&reader, document, ret);
}
