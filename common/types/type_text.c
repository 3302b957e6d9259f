/* Types as text: Spark's simpleString, SQL, JSON and tree forms. Checkpoints, error messages,
 * printSchema and Connect clients see these bytes. Any thread; never fails. */
#include "common/base/json_value.h"
#include "common/types/types.h"

static const char *const year_month_units[] = {"year", "month"};
static const char *const day_time_units[] = {"day", "hour", "minute", "second"};

/* Kinds without parameters: their simpleString and their JSON (= typeName) names. */
static const char *const simple_names[WEIR_TYPE_COUNT] = {
    [WEIR_TYPE_NULL] = "void",
    [WEIR_TYPE_BOOLEAN] = "boolean",
    [WEIR_TYPE_BYTE] = "tinyint",
    [WEIR_TYPE_SHORT] = "smallint",
    [WEIR_TYPE_INT] = "int",
    [WEIR_TYPE_LONG] = "bigint",
    [WEIR_TYPE_FLOAT] = "float",
    [WEIR_TYPE_DOUBLE] = "double",
    [WEIR_TYPE_STRING] = "string",
    [WEIR_TYPE_BINARY] = "binary",
    [WEIR_TYPE_DATE] = "date",
    [WEIR_TYPE_TIMESTAMP] = "timestamp",
    [WEIR_TYPE_TIMESTAMP_NTZ] = "timestamp_ntz",
    [WEIR_TYPE_INTERVAL_CALENDAR] = "interval",
    [WEIR_TYPE_STRUCT] = "struct",
    [WEIR_TYPE_ARRAY] = "array",
    [WEIR_TYPE_MAP] = "map",
    [WEIR_TYPE_VARIANT] = "variant",
};

static const char *json_name(const weir_type *type) {
    switch ((int)type->kind) {
    case WEIR_TYPE_BYTE:
        return "byte";
    case WEIR_TYPE_SHORT:
        return "short";
    case WEIR_TYPE_INT:
        return "integer";
    case WEIR_TYPE_LONG:
        return "long";
    default:
        return simple_names[type->kind];
    }
}

/* The kinds with parameters; false for all others. */
static bool add_parameterised(weir_strbuf *buf, const weir_type *type) {
    switch ((int)type->kind) {
    case WEIR_TYPE_DECIMAL:
        weir_strbuf_addf(buf, "decimal(%d,%d)", type->precision, type->scale);
        return true;
    case WEIR_TYPE_CHAR:
        weir_strbuf_addf(buf, "char(%d)", type->precision);
        return true;
    case WEIR_TYPE_VARCHAR:
        weir_strbuf_addf(buf, "varchar(%d)", type->precision);
        return true;
    case WEIR_TYPE_TIME:
        weir_strbuf_addf(buf, "time(%d)", type->precision);
        return true;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
    case WEIR_TYPE_INTERVAL_DAY_TIME: {
        const char *const *units =
            type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ? year_month_units : day_time_units;
        weir_strbuf_addf(buf, "interval %s", units[type->precision]);
        if (type->scale != type->precision)
            weir_strbuf_addf(buf, " to %s", units[type->scale]);
        return true;
    }
    default:
        return false;
    }
}

void weir_type_simple(weir_strbuf *buf, const weir_type *type) {
    if (add_parameterised(buf, type))
        return;
    weir_strbuf_add_text(buf, simple_names[type->kind]);
    if (!weir_type_is_nested(type))
        return;
    weir_strbuf_add_char(buf, '<');
    if (type->kind == WEIR_TYPE_STRUCT) {
        for (int32_t i = 0; i < type->fields_count; i++) {
            if (i > 0)
                weir_strbuf_add_char(buf, ',');
            weir_strbuf_add(buf, type->fields[i].name);
            weir_strbuf_add_char(buf, ':');
            weir_type_simple(buf, type->fields[i].type);
        }
    } else {
        weir_type_simple(buf, type->element);
        if (type->kind == WEIR_TYPE_MAP) {
            weir_strbuf_add_char(buf, ',');
            weir_type_simple(buf, type->value);
        }
    }
    weir_strbuf_add_char(buf, '>');
}

/* Spark's quoteIfNeeded: a plain identifier stands alone. */
static void add_identifier(weir_strbuf *buf, weir_str name) {
    bool plain = name.size > 0 && !(name.data[0] >= '0' && name.data[0] <= '9');
    for (size_t i = 0; i < name.size && plain; i++) {
        char c = name.data[i];
        plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    if (plain) {
        weir_strbuf_add(buf, name);
        return;
    }
    weir_strbuf_add_char(buf, '`');
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '`')
            weir_strbuf_add_char(buf, '`');
        weir_strbuf_add_char(buf, name.data[i]);
    }
    weir_strbuf_add_char(buf, '`');
}

/* " COMMENT '...'" where the field's metadata has a comment. */
static void add_comment(weir_strbuf *buf, const weir_field *field) {
    if (field->metadata.size == 0)
        return;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json *metadata = NULL;
    if (weir_json_parse(arena, field->metadata, "metadata", &metadata, NULL) != WEIR_OK)
        return;
    const weir_json *comment = weir_json_get(metadata, "comment");
    if (!comment || comment->kind != WEIR_JSON_STRING)
        return;
    weir_strbuf_add_text(buf, " COMMENT '");
    for (size_t i = 0; i < comment->text.size; i++) {
        char c = comment->text.data[i];
        if (c == '\'' || c == '\\')
            weir_strbuf_add_char(buf, '\\');
        weir_strbuf_add_char(buf, c);
    }
    weir_strbuf_add_char(buf, '\'');
}

void weir_type_sql(weir_strbuf *buf, const weir_type *type) {
    size_t from = buf->size;
    if (!add_parameterised(buf, type))
        weir_strbuf_add_text(buf, simple_names[type->kind]);
    for (size_t i = from; i < buf->size; i++) {
        if (buf->data[i] >= 'a' && buf->data[i] <= 'z')
            buf->data[i] -= 'a' - 'A';
    }
    if (!weir_type_is_nested(type))
        return;
    weir_strbuf_add_char(buf, '<');
    if (type->kind == WEIR_TYPE_STRUCT) {
        for (int32_t i = 0; i < type->fields_count; i++) {
            const weir_field *field = &type->fields[i];
            if (i > 0)
                weir_strbuf_add_text(buf, ", ");
            add_identifier(buf, field->name);
            weir_strbuf_add_text(buf, ": ");
            weir_type_sql(buf, field->type);
            if (!field->nullable)
                weir_strbuf_add_text(buf, " NOT NULL");
            add_comment(buf, field);
        }
    } else {
        weir_type_sql(buf, type->element);
        if (type->kind == WEIR_TYPE_MAP) {
            weir_strbuf_add_text(buf, ", ");
            weir_type_sql(buf, type->value);
        }
    }
    weir_strbuf_add_char(buf, '>');
}

static const char *bool_text(bool value) {
    return value ? "true" : "false";
}

void weir_type_json(weir_strbuf *buf, const weir_type *type) {
    switch ((int)type->kind) {
    case WEIR_TYPE_STRUCT:
        weir_strbuf_add_text(buf, "{\"type\":\"struct\",\"fields\":[");
        for (int32_t i = 0; i < type->fields_count; i++) {
            const weir_field *field = &type->fields[i];
            weir_strbuf_add_text(buf, i > 0 ? ",{\"name\":" : "{\"name\":");
            weir_json_write_string(buf, field->name);
            weir_strbuf_add_text(buf, ",\"type\":");
            weir_type_json(buf, field->type);
            weir_strbuf_addf(buf, ",\"nullable\":%s,\"metadata\":", bool_text(field->nullable));
            weir_strbuf_add(buf, field->metadata.size > 0 ? field->metadata : WEIR_STR("{}"));
            weir_strbuf_add_char(buf, '}');
        }
        weir_strbuf_add_text(buf, "]}");
        return;
    case WEIR_TYPE_ARRAY:
        weir_strbuf_add_text(buf, "{\"type\":\"array\",\"elementType\":");
        weir_type_json(buf, type->element);
        weir_strbuf_addf(buf, ",\"containsNull\":%s}", bool_text(type->contains_null));
        return;
    case WEIR_TYPE_MAP:
        weir_strbuf_add_text(buf, "{\"type\":\"map\",\"keyType\":");
        weir_type_json(buf, type->element);
        weir_strbuf_add_text(buf, ",\"valueType\":");
        weir_type_json(buf, type->value);
        weir_strbuf_addf(buf, ",\"valueContainsNull\":%s}", bool_text(type->contains_null));
        return;
    default:
        weir_strbuf_add_char(buf, '"');
        if (!add_parameterised(buf, type))
            weir_strbuf_add_text(buf, json_name(type));
        weir_strbuf_add_char(buf, '"');
    }
}

static void add_tree_name(weir_strbuf *buf, const weir_type *type) {
    if (!add_parameterised(buf, type))
        weir_strbuf_add_text(buf, json_name(type));
}

/* SparkStringUtils.escapeMetaCharacters: what would break the line. */
static void add_tree_field(weir_strbuf *buf, weir_str name) {
    static const char from[] = "\n\r\t\f\b\v\a", to[] = "nrtfbva";
    for (size_t i = 0; i < name.size; i++) {
        const char *found = name.data[i] ? strchr(from, name.data[i]) : NULL;
        if (found)
            weir_strbuf_add_char(buf, '\\');
        weir_strbuf_add_char(buf, found ? to[found - from] : name.data[i]);
    }
}

/* The lines below a field of this type; `depth` counts " |   " steps in front of " |-- ". */
static void add_tree(weir_strbuf *buf, const weir_type *type, int32_t depth, int32_t depth_max) {
    static const weir_str step = {" |   ", 5};
    int32_t entries = type->kind == WEIR_TYPE_STRUCT  ? type->fields_count
                      : type->kind == WEIR_TYPE_ARRAY ? 1
                      : type->kind == WEIR_TYPE_MAP   ? 2
                                                      : 0;
    if (depth >= depth_max)
        return;
    for (int32_t i = 0; i < entries; i++) {
        for (int32_t d = 0; d < depth; d++)
            weir_strbuf_add(buf, step);
        weir_strbuf_add_text(buf, " |-- ");
        const weir_type *child;
        if (type->kind == WEIR_TYPE_STRUCT) {
            child = type->fields[i].type;
            add_tree_field(buf, type->fields[i].name);
            weir_strbuf_add_text(buf, ": ");
            add_tree_name(buf, child);
            weir_strbuf_addf(buf, " (nullable = %s)\n", bool_text(type->fields[i].nullable));
        } else if (type->kind == WEIR_TYPE_ARRAY) {
            child = type->element;
            weir_strbuf_add_text(buf, "element: ");
            add_tree_name(buf, child);
            weir_strbuf_addf(buf, " (containsNull = %s)\n", bool_text(type->contains_null));
        } else if (i == 0) {
            child = type->element;
            weir_strbuf_add_text(buf, "key: ");
            add_tree_name(buf, child);
            weir_strbuf_add_char(buf, '\n');
        } else {
            child = type->value;
            weir_strbuf_add_text(buf, "value: ");
            add_tree_name(buf, child);
            weir_strbuf_addf(buf, " (valueContainsNull = %s)\n", bool_text(type->contains_null));
        }
        add_tree(buf, child, depth + 1, depth_max);
    }
}

void weir_type_tree(weir_strbuf *buf, const weir_type *struct_type) {
    weir_type_tree_to(buf, struct_type, 0);
}

void weir_type_tree_to(weir_strbuf *buf, const weir_type *struct_type, int32_t level) {
    weir_strbuf_add_text(buf, "root\n");
    add_tree(buf, struct_type, 0, level > 0 ? level : INT32_MAX);
}
