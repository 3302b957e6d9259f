/* Types of Spark Connect (connect_plan.h): the DataType message, DDL and JSON texts, both ways. What Weir has
 * no type for is refused by name. Any thread. */
#include "common/base/json_value.h"
#include "driver/connect/decode_int.h"

typedef Spark__Connect__DataType type_message;

/* ---- texts ---- */

weir_code weir_decode_ddl(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err) {
    weir_error *first = NULL, *other = NULL;
    if (weir_str_trim(text).size == 0) {
        *ret = weir_type_struct(arena, NULL, 0);
        return WEIR_OK;
    }
    if (weir_schema_parse(arena, text, ret, &first) == WEIR_OK)
        return WEIR_OK;
    weir_code code = weir_type_parse(arena, text, ret, &other);
    if (code != WEIR_OK) {
        const char *fields = weir_arena_printf(arena, "struct<" WEIR_STR_FMT ">", WEIR_STR_ARG(text));
        code = weir_type_parse(arena, weir_str_from(fields), ret, &other);
    }
    weir_error_free(other);
    if (code != WEIR_OK)
        return weir_error_move(err, first);
    weir_error_free(first);
    return WEIR_OK;
}

weir_code weir_decode_schema(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err) {
    weir_str trimmed = weir_str_trim(text);
    if (trimmed.size > 0 && (trimmed.data[0] == '{' || trimmed.data[0] == '"'))
        WEIR_TRY(weir_type_parse_json(arena, trimmed, ret, err));
    else
        WEIR_TRY(weir_decode_ddl(arena, text, ret, err));
    if ((*ret)->kind == WEIR_TYPE_STRUCT)
        return WEIR_OK;
    weir_strbuf name _cleanup_strbuf_ = {0};
    weir_type_sql(&name, *ret);
    WEIR_RAISE(err, CONNECT_INVALID_PLAN__INVALID_SCHEMA_NON_STRUCT_TYPE, "inputSchema",
               weir_arena_printf(arena, "\"" WEIR_STR_FMT "\"", WEIR_STR_ARG(text)), "dataType",
               weir_arena_printf(arena, "\"%s\"", name.data));
}

weir_code weir_decode_metadata(weir_arena *arena, const char *text, weir_str *ret, weir_error **err) {
    weir_json *json;
    weir_strbuf compact _cleanup_strbuf_ = {0};
    if (weir_json_parse(arena, weir_str_from(text), "metadata", &json, NULL) != WEIR_OK ||
        json->kind != WEIR_JSON_OBJECT)
        WEIR_RAISE(err, CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                   "metadata that is no JSON object");
    *ret = (weir_str){0};
    if (json->count == 0)
        return WEIR_OK;
    weir_json_write(&compact, json);
    *ret = weir_arena_str(arena, weir_strbuf_view(&compact));
    return WEIR_OK;
}

/* ---- messages to types ---- */

static weir_code decode_decimal(weir_arena *arena, const Spark__Connect__DataType__Decimal *message,
                                const weir_type **ret, weir_error **err) {
    int32_t precision = message->has_precision ? message->precision : 10;
    int32_t scale = message->has_scale ? message->scale : 0;
    const char *p = weir_arena_printf(arena, "%d", precision), *s = weir_arena_printf(arena, "%d", scale);
    if (precision > 38)
        WEIR_RAISE(err, DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, "precision", p, "maxPrecision", "38");
    if (scale > precision || scale < 0 || precision < 1)
        WEIR_RAISE(err, DECIMAL_SCALE_EXCEEDS_PRECISION, "scale", s, "precision", p);
    *ret = weir_type_decimal(arena, precision, scale);
    return WEIR_OK;
}

static weir_code decode_string(weir_arena *arena, const Spark__Connect__DataType__String *message,
                               const weir_type **ret, weir_error **err) {
    weir_str collation = weir_decode_text(message->collation);
    if (collation.size == 0 || weir_str_equal_nocase(collation, WEIR_STR("UTF8_BINARY"))) {
        *ret = weir_type_of(WEIR_TYPE_STRING);
        return WEIR_OK;
    }
    const char *ddl = weir_arena_printf(arena, "string collate %s", message->collation);
    return weir_type_parse(arena, weir_str_from(ddl), ret, err);
}

static weir_code decode_length(weir_arena *arena, weir_type_kind kind, int32_t length, const weir_type **ret,
                               weir_error **err) {
    if (length < 1)
        WEIR_RAISE(err, CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                   "The length of char/varchar type must be greater than 0.");
    *ret = weir_type_string_of(arena, kind, length);
    return WEIR_OK;
}

static weir_code decode_interval(weir_arena *arena, weir_type_kind kind, bool has_start, int32_t start,
                                 bool has_end, int32_t end, const weir_type **ret, weir_error **err) {
    int32_t last = kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ? WEIR_UNIT_MONTH : WEIR_UNIT_SECOND;
    if (!has_start) {
        start = 0;
        end = last;
    } else if (!has_end) {
        end = start;
    }
    if (start < 0 || end < start || end > last)
        WEIR_RAISE(err, CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                   "an interval type of unknown fields");
    *ret = weir_type_interval(arena, kind, start, end);
    return WEIR_OK;
}

static weir_code decode_struct(weir_arena *arena, const Spark__Connect__DataType__Struct *message,
                               const weir_type **ret, weir_error **err) {
    int32_t count = (int32_t)message->n_fields;
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, count + 1);
    for (int32_t i = 0; i < count; i++) {
        const Spark__Connect__DataType__StructField *field = message->fields[i];
        fields[i].name = weir_decode_text(field->name);
        fields[i].nullable = field->nullable;
        if (field->metadata)
            WEIR_TRY(weir_decode_metadata(arena, field->metadata, &fields[i].metadata, err));
        WEIR_TRY(weir_connect_type_decode(arena, field->data_type, &fields[i].type, err));
    }
    *ret = weir_type_struct(arena, fields, count);
    return WEIR_OK;
}

static weir_code decode_map(weir_arena *arena, const Spark__Connect__DataType__Map *message,
                            const weir_type **ret, weir_error **err) {
    const weir_type *key, *value;
    WEIR_TRY(weir_connect_type_decode(arena, message->key_type, &key, err));
    WEIR_TRY(weir_connect_type_decode(arena, message->value_type, &value, err));
    *ret = weir_type_map(arena, key, value, message->value_contains_null);
    return WEIR_OK;
}

static weir_code decode_time(weir_arena *arena, const Spark__Connect__DataType__Time *message,
                             const weir_type **ret, weir_error **err) {
    int32_t precision = message->has_precision ? message->precision : 6;
    if (precision < 0 || precision > 9)
        WEIR_RAISE(err, UNSUPPORTED_TIME_PRECISION, "precision", weir_arena_printf(arena, "%d", precision));
    *ret = weir_type_time(arena, precision);
    return WEIR_OK;
}

/* The kinds that are nothing but their name. */
static const struct {
    int kind;
    weir_type_kind type;
} plain_kinds[] = {
    {SPARK__CONNECT__DATA_TYPE__KIND_NULL, WEIR_TYPE_NULL},
    {SPARK__CONNECT__DATA_TYPE__KIND_BINARY, WEIR_TYPE_BINARY},
    {SPARK__CONNECT__DATA_TYPE__KIND_BOOLEAN, WEIR_TYPE_BOOLEAN},
    {SPARK__CONNECT__DATA_TYPE__KIND_BYTE, WEIR_TYPE_BYTE},
    {SPARK__CONNECT__DATA_TYPE__KIND_SHORT, WEIR_TYPE_SHORT},
    {SPARK__CONNECT__DATA_TYPE__KIND_INTEGER, WEIR_TYPE_INT},
    {SPARK__CONNECT__DATA_TYPE__KIND_LONG, WEIR_TYPE_LONG},
    {SPARK__CONNECT__DATA_TYPE__KIND_FLOAT, WEIR_TYPE_FLOAT},
    {SPARK__CONNECT__DATA_TYPE__KIND_DOUBLE, WEIR_TYPE_DOUBLE},
    {SPARK__CONNECT__DATA_TYPE__KIND_DATE, WEIR_TYPE_DATE},
    {SPARK__CONNECT__DATA_TYPE__KIND_TIMESTAMP, WEIR_TYPE_TIMESTAMP},
    {SPARK__CONNECT__DATA_TYPE__KIND_TIMESTAMP_NTZ, WEIR_TYPE_TIMESTAMP_NTZ},
    {SPARK__CONNECT__DATA_TYPE__KIND_CALENDAR_INTERVAL, WEIR_TYPE_INTERVAL_CALENDAR},
    {SPARK__CONNECT__DATA_TYPE__KIND_VARIANT, WEIR_TYPE_VARIANT},
};

weir_code weir_connect_type_decode(weir_arena *arena, const type_message *message, const weir_type **ret,
                                   weir_error **err) {
    *ret = NULL;
    if (!message)
        return weir_decode_missing(err, "spark.connect.DataType", "kind");
    for (size_t i = 0; i < WEIR_ARRAY_LEN(plain_kinds); i++) {
        if ((int)message->kind_case == plain_kinds[i].kind) {
            *ret = weir_type_of(plain_kinds[i].type);
            return WEIR_OK;
        }
    }
    switch ((int)message->kind_case) {
    case SPARK__CONNECT__DATA_TYPE__KIND_DECIMAL:
        return decode_decimal(arena, message->decimal, ret, err);
    case SPARK__CONNECT__DATA_TYPE__KIND_STRING:
        return decode_string(arena, message->string, ret, err);
    case SPARK__CONNECT__DATA_TYPE__KIND_CHAR:
        return decode_length(arena, WEIR_TYPE_CHAR, message->char_->length, ret, err);
    case SPARK__CONNECT__DATA_TYPE__KIND_VAR_CHAR:
        return decode_length(arena, WEIR_TYPE_VARCHAR, message->var_char->length, ret, err);
    case SPARK__CONNECT__DATA_TYPE__KIND_YEAR_MONTH_INTERVAL: {
        const Spark__Connect__DataType__YearMonthInterval *m = message->year_month_interval;
        return decode_interval(arena, WEIR_TYPE_INTERVAL_YEAR_MONTH, m->has_start_field, m->start_field,
                               m->has_end_field, m->end_field, ret, err);
    }
    case SPARK__CONNECT__DATA_TYPE__KIND_DAY_TIME_INTERVAL: {
        const Spark__Connect__DataType__DayTimeInterval *m = message->day_time_interval;
        return decode_interval(arena, WEIR_TYPE_INTERVAL_DAY_TIME, m->has_start_field, m->start_field,
                               m->has_end_field, m->end_field, ret, err);
    }
    case SPARK__CONNECT__DATA_TYPE__KIND_ARRAY: {
        const weir_type *element;
        WEIR_TRY(weir_connect_type_decode(arena, message->array->element_type, &element, err));
        *ret = weir_type_array(arena, element, message->array->contains_null);
        return WEIR_OK;
    }
    case SPARK__CONNECT__DATA_TYPE__KIND_STRUCT:
        return decode_struct(arena, message->struct_, ret, err);
    case SPARK__CONNECT__DATA_TYPE__KIND_MAP:
        return decode_map(arena, message->map, ret, err);
    case SPARK__CONNECT__DATA_TYPE__KIND_TIME:
        return decode_time(arena, message->time, ret, err);
    case SPARK__CONNECT__DATA_TYPE__KIND_UNPARSED:
        return weir_decode_ddl(arena, weir_decode_text(message->unparsed->data_type_string), ret, err);
    default:
        return weir_coverage_refuse(&message->base, "kind", (int)message->kind_case, err);
    }
}

/* ---- types to messages ---- */

/* Makes the sub-message that selects a kind. All of them begin with the base that protobuf-c initialises. */
static void *new_message(weir_arena *arena, const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = weir_arena_zalloc(arena, descriptor->sizeof_message);
    descriptor->message_init(message);
    return message;
}

static void put_plain(weir_arena *arena, const weir_type *type, type_message *message) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(plain_kinds); i++) {
        if (plain_kinds[i].type != type->kind)
            continue;
        message->kind_case = (Spark__Connect__DataType__KindCase)plain_kinds[i].kind;
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
            &spark__connect__data_type__descriptor, (unsigned)plain_kinds[i].kind);
        /* All members of the union are pointers to messages. */
        message->null = new_message(arena, field->descriptor);
    }
}

static void put_struct(weir_arena *arena, const weir_type *type, type_message *message) {
    Spark__Connect__DataType__Struct *body =
        new_message(arena, &spark__connect__data_type__struct__descriptor);
    message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_STRUCT;
    message->struct_ = body;
    body->n_fields = (size_t)type->fields_count;
    body->fields = WEIR_NEW_ARRAY(arena, Spark__Connect__DataType__StructField *, type->fields_count + 1);
    for (int32_t i = 0; i < type->fields_count; i++) {
        const weir_field *from = &type->fields[i];
        Spark__Connect__DataType__StructField *field =
            new_message(arena, &spark__connect__data_type__struct_field__descriptor);
        field->name = weir_arena_strndup(arena, from->name.data, from->name.size);
        field->data_type = weir_connect_type_message(arena, from->type);
        field->has_nullable = from->nullable;
        field->nullable = from->nullable;
        if (from->metadata.size > 0 && !weir_str_equal(from->metadata, WEIR_STR("{}")))
            field->metadata = weir_arena_strndup(arena, from->metadata.data, from->metadata.size);
        body->fields[i] = field;
    }
}

static void put_map(weir_arena *arena, const weir_type *type, type_message *message) {
    Spark__Connect__DataType__Map *body = new_message(arena, &spark__connect__data_type__map__descriptor);
    message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_MAP;
    message->map = body;
    body->key_type = weir_connect_type_message(arena, type->element);
    body->value_type = weir_connect_type_message(arena, type->value);
    body->has_value_contains_null = body->value_contains_null = type->contains_null;
}

static void put_array(weir_arena *arena, const weir_type *type, type_message *message) {
    Spark__Connect__DataType__Array *body = new_message(arena, &spark__connect__data_type__array__descriptor);
    message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_ARRAY;
    message->array = body;
    body->element_type = weir_connect_type_message(arena, type->element);
    body->has_contains_null = body->contains_null = type->contains_null;
}

static void put_string(weir_arena *arena, const weir_type *type, type_message *message) {
    Spark__Connect__DataType__String *body =
        new_message(arena, &spark__connect__data_type__string__descriptor);
    message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_STRING;
    message->string = body;
    weir_strbuf name _cleanup_strbuf_ = {0};
    weir_type_simple(&name, type); /* "string", "string collate UTF8_LCASE" */
    const char *collation = strstr(name.data, "collate ");
    if (collation) /* the default collation is the empty text */
        body->collation = weir_arena_strdup(arena, collation + strlen("collate "));
}

static void put_interval(weir_arena *arena, const weir_type *type, type_message *message) {
    if (type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH) {
        Spark__Connect__DataType__YearMonthInterval *body =
            new_message(arena, &spark__connect__data_type__year_month_interval__descriptor);
        message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_YEAR_MONTH_INTERVAL;
        message->year_month_interval = body;
        body->has_start_field = body->has_end_field = true;
        body->start_field = type->precision;
        body->end_field = type->scale;
        return;
    }
    Spark__Connect__DataType__DayTimeInterval *body =
        new_message(arena, &spark__connect__data_type__day_time_interval__descriptor);
    message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_DAY_TIME_INTERVAL;
    message->day_time_interval = body;
    body->has_start_field = body->has_end_field = true;
    body->start_field = type->precision;
    body->end_field = type->scale;
}

static void put_parameterised(weir_arena *arena, const weir_type *type, type_message *message) {
    if (type->kind == WEIR_TYPE_DECIMAL) {
        message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_DECIMAL;
        message->decimal = new_message(arena, &spark__connect__data_type__decimal__descriptor);
        message->decimal->has_precision = message->decimal->has_scale = true;
        message->decimal->precision = type->precision;
        message->decimal->scale = type->scale;
    } else if (type->kind == WEIR_TYPE_CHAR) {
        message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_CHAR;
        message->char_ = new_message(arena, &spark__connect__data_type__char__descriptor);
        message->char_->has_length = true;
        message->char_->length = type->precision;
    } else if (type->kind == WEIR_TYPE_VARCHAR) {
        message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_VAR_CHAR;
        message->var_char = new_message(arena, &spark__connect__data_type__var_char__descriptor);
        message->var_char->has_length = true;
        message->var_char->length = type->precision;
    } else {
        message->kind_case = SPARK__CONNECT__DATA_TYPE__KIND_TIME;
        message->time = new_message(arena, &spark__connect__data_type__time__descriptor);
        message->time->has_precision = true;
        message->time->precision = type->precision;
    }
}

Spark__Connect__DataType *weir_connect_type_message(weir_arena *arena, const weir_type *type) {
    type_message *message = new_message(arena, &spark__connect__data_type__descriptor);
    switch ((int)type->kind) {
    case WEIR_TYPE_STRUCT:
        put_struct(arena, type, message);
        break;
    case WEIR_TYPE_ARRAY:
        put_array(arena, type, message);
        break;
    case WEIR_TYPE_MAP:
        put_map(arena, type, message);
        break;
    case WEIR_TYPE_STRING:
        put_string(arena, type, message);
        break;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        put_interval(arena, type, message);
        break;
    case WEIR_TYPE_DECIMAL:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
    case WEIR_TYPE_TIME:
        put_parameterised(arena, type, message);
        break;
    default:
        put_plain(arena, type, message);
        break;
    }
    return message;
}
