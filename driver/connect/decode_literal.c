/* Literals of Spark Connect: one-row constants. A value stands alone (its type follows from it) or inside an
 * array, map or struct, whose element types come with data_type, the older fields, or the first element. */
#include "common/base/utf8.h"
#include "common/column/builder.h"
#include "common/types/datetime.h"
#include "common/types/decimal.h"
#include "driver/connect/decode_int.h"

typedef Spark__Connect__Expression__Literal literal;

#define NANOS_PER_DAY INT64_C(86400000000000)

static weir_code bad_literal(weir_error **err, const char *what) {
    WEIR_RAISE(err, CONNECT_INVALID_PLAN__UNSUPPORTED_LITERAL_TYPE, "typeInfo", what);
}

static weir_code no_memory(weir_error **err) {
    return weir_error_oom(err);
}

/* ---- types ---- */

/* The literal's text counts; the numbers are a lower bound of what the type must hold. */
static weir_code decimal_value(weir_decode *d, const Spark__Connect__Expression__Literal__Decimal *message,
                               weir_int128 *ret, int32_t *ret_precision, int32_t *ret_scale) {
    weir_str text = weir_decode_text(message->value);
    weir_int128 value = 0;
    int32_t scale = 0;
    bool too_large = false;
    if (!weir_decimal_parse(text, &value, &scale, &too_large) || too_large)
        return bad_literal(d->err,
                           weir_arena_printf(d->arena, "DECIMAL(%s)", message->value ? message->value : ""));
    if (scale < 0) {
        if (scale < -38 || !weir_decimal_rescale(value, scale, 0, 38, &value))
            return bad_literal(d->err, weir_arena_printf(d->arena, "DECIMAL(%s)", message->value));
        scale = 0;
    }
    int32_t digits = 1;
    weir_int128 rest = value < 0 ? -value : value;
    while (digits < 38 && rest >= weir_decimal_pow10[digits])
        digits++;
    int32_t precision = WEIR_MAX(digits, scale);
    if (message->has_precision)
        precision = WEIR_MAX(precision, message->precision);
    int32_t wanted = message->has_scale ? WEIR_MAX(scale, message->scale) : scale;
    if (precision > 38 || wanted > precision ||
        !weir_decimal_rescale(value, scale, wanted, precision, &value))
        return bad_literal(d->err, weir_arena_printf(d->arena, "DECIMAL(%s)", message->value));
    *ret = value;
    *ret_precision = precision;
    *ret_scale = wanted;
    return WEIR_OK;
}

static weir_code literal_type(weir_decode *d, const literal *message, const weir_type **ret);

static weir_code array_type(weir_decode *d, const literal *message, const weir_type **ret) {
    const Spark__Connect__Expression__Literal__Array *array = message->array;
    const weir_type *element = weir_type_of(WEIR_TYPE_NULL);
    if (array->element_type)
        WEIR_TRY(weir_connect_type_decode(d->arena, array->element_type, &element, d->err));
    else if (array->n_elements)
        WEIR_TRY(literal_type(d, array->elements[0], &element));
    *ret = weir_type_array(d->arena, element, true);
    return WEIR_OK;
}

static weir_code map_type(weir_decode *d, const literal *message, const weir_type **ret) {
    const Spark__Connect__Expression__Literal__Map *map = message->map;
    const weir_type *key = weir_type_of(WEIR_TYPE_NULL), *value = key;
    if (map->key_type)
        WEIR_TRY(weir_connect_type_decode(d->arena, map->key_type, &key, d->err));
    else if (map->n_keys)
        WEIR_TRY(literal_type(d, map->keys[0], &key));
    if (map->value_type)
        WEIR_TRY(weir_connect_type_decode(d->arena, map->value_type, &value, d->err));
    else if (map->n_values)
        WEIR_TRY(literal_type(d, map->values[0], &value));
    *ret = weir_type_map(d->arena, key, value, true);
    return WEIR_OK;
}

static weir_code struct_type(weir_decode *d, const literal *message, const weir_type **ret) {
    const Spark__Connect__Expression__Literal__Struct *record = message->struct_;
    if (record->struct_type)
        return weir_connect_type_decode(d->arena, record->struct_type, ret, d->err);
    int32_t count = (int32_t)record->n_elements;
    weir_field *fields = WEIR_NEW_ARRAY(d->arena, weir_field, count + 1);
    for (int32_t i = 0; i < count; i++) {
        fields[i].name = weir_str_from(weir_arena_printf(d->arena, "col%d", i + 1));
        fields[i].nullable = true;
        WEIR_TRY(literal_type(d, record->elements[i], &fields[i].type));
    }
    *ret = weir_type_struct(d->arena, fields, count);
    return WEIR_OK;
}

static weir_code specialized_type(weir_decode *d, const literal *message, const weir_type **ret) {
    static const weir_type_kind kinds[] = {WEIR_TYPE_NULL,  WEIR_TYPE_BOOLEAN, WEIR_TYPE_INT,
                                           WEIR_TYPE_LONG,  WEIR_TYPE_FLOAT,   WEIR_TYPE_DOUBLE,
                                           WEIR_TYPE_STRING};
    unsigned kind = (unsigned)message->specialized_array->value_type_case;
    if (kind == 0 || kind >= WEIR_ARRAY_LEN(kinds))
        return weir_decode_missing(d->err, "spark.connect.Expression.Literal.SpecializedArray", "value_type");
    *ret = weir_type_array(d->arena, weir_type_of(kinds[kind]), false);
    return WEIR_OK;
}

static weir_code time_type(weir_decode *d, const literal *message, const weir_type **ret) {
    int32_t precision = message->time->has_precision ? message->time->precision : 6;
    if (precision < 0 || precision > 9)
        return weir_error_raise(d->err, WEIR_UNSUPPORTED_TIME_PRECISION, "precision",
                                weir_arena_printf(d->arena, "%d", precision), NULL);
    *ret = weir_type_time(d->arena, precision);
    return WEIR_OK;
}

/* The kinds whose type has no parameters. */
static weir_type_kind plain_type(int kind) {
    switch (kind) {
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_BINARY:
        return WEIR_TYPE_BINARY;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_BOOLEAN:
        return WEIR_TYPE_BOOLEAN;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_BYTE:
        return WEIR_TYPE_BYTE;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_SHORT:
        return WEIR_TYPE_SHORT;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_INTEGER:
        return WEIR_TYPE_INT;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_LONG:
        return WEIR_TYPE_LONG;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_FLOAT:
        return WEIR_TYPE_FLOAT;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DOUBLE:
        return WEIR_TYPE_DOUBLE;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_STRING:
        return WEIR_TYPE_STRING;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DATE:
        return WEIR_TYPE_DATE;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_TIMESTAMP:
        return WEIR_TYPE_TIMESTAMP;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_TIMESTAMP_NTZ:
        return WEIR_TYPE_TIMESTAMP_NTZ;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_CALENDAR_INTERVAL:
        return WEIR_TYPE_INTERVAL_CALENDAR;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_YEAR_MONTH_INTERVAL:
        return WEIR_TYPE_INTERVAL_YEAR_MONTH;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DAY_TIME_INTERVAL:
        return WEIR_TYPE_INTERVAL_DAY_TIME;
    default:
        return WEIR_TYPE_COUNT;
    }
}

static weir_code literal_type(weir_decode *d, const literal *message, const weir_type **ret) {
    int kind = (int)message->literal_type_case;
    if (message->data_type && kind != SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_NULL)
        return weir_connect_type_decode(d->arena, message->data_type, ret, d->err);
    weir_type_kind plain = plain_type(kind);
    if (plain != WEIR_TYPE_COUNT) {
        *ret = weir_type_of(plain);
        return WEIR_OK;
    }
    weir_int128 value;
    int32_t precision, scale;
    switch (kind) {
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_NULL:
        return weir_connect_type_decode(d->arena, message->null, ret, d->err);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DECIMAL:
        WEIR_TRY(decimal_value(d, message->decimal, &value, &precision, &scale));
        *ret = weir_type_decimal(d->arena, precision, scale);
        return WEIR_OK;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_TIME:
        return time_type(d, message, ret);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_ARRAY:
        return array_type(d, message, ret);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_MAP:
        return map_type(d, message, ret);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_STRUCT:
        return struct_type(d, message, ret);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_SPECIALIZED_ARRAY:
        return specialized_type(d, message, ret);
    default:
        return weir_coverage_refuse(&message->base, "literal_type", kind, d->err);
    }
}

/* ---- values ---- */

static weir_code mismatch(weir_decode *d, const weir_type *type) {
    weir_strbuf name _cleanup_strbuf_ = {0};
    weir_type_simple(&name, type);
    return bad_literal(d->err, weir_arena_printf(d->arena, "a value that is no %s", name.data));
}

static weir_code put_value(weir_decode *d, const literal *message, weir_builder *builder);

static weir_code put_list(weir_decode *d, literal *const *items, size_t count, weir_builder *child) {
    for (size_t i = 0; i < count; i++)
        WEIR_TRY(put_value(d, items[i], child));
    return WEIR_OK;
}

static weir_code put_nested(weir_decode *d, const literal *message, weir_builder *builder) {
    const weir_type *type = builder->type;
    int kind = (int)message->literal_type_case;
    if (kind == SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_ARRAY && type->kind == WEIR_TYPE_ARRAY) {
        WEIR_TRY(put_list(d, message->array->elements, message->array->n_elements, &builder->children[0]));
        return weir_builder_list_end(builder) ? WEIR_OK : no_memory(d->err);
    }
    if (kind == SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_MAP && type->kind == WEIR_TYPE_MAP) {
        if (message->map->n_keys != message->map->n_values)
            return bad_literal(d->err, "a map whose keys and values differ in number");
        for (size_t i = 0; i < message->map->n_keys; i++)
            if (message->map->keys[i]->literal_type_case ==
                SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_NULL)
                return weir_error_raise(d->err, WEIR_NULL_MAP_KEY, NULL);
        WEIR_TRY(put_list(d, message->map->keys, message->map->n_keys, &builder->children[0]));
        WEIR_TRY(put_list(d, message->map->values, message->map->n_values, &builder->children[1]));
        return weir_builder_list_end(builder) ? WEIR_OK : no_memory(d->err);
    }
    if (kind == SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_STRUCT && type->kind == WEIR_TYPE_STRUCT) {
        if (message->struct_->n_elements != (size_t)type->fields_count)
            return bad_literal(d->err, "a struct whose values are not as many as its fields");
        for (size_t i = 0; i < message->struct_->n_elements; i++)
            WEIR_TRY(put_value(d, message->struct_->elements[i], &builder->children[i]));
        return weir_builder_struct_end(builder) ? WEIR_OK : no_memory(d->err);
    }
    return mismatch(d, type);
}

static bool put_specialized(const Spark__Connect__Expression__Literal__SpecializedArray *array,
                            weir_builder *child) {
    bool ok = true;
    switch ((int)array->value_type_case) {
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_BOOLS:
        for (size_t i = 0; i < array->bools->n_values && ok; i++)
            ok = weir_builder_bool(child, array->bools->values[i]);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_INTS:
        for (size_t i = 0; i < array->ints->n_values && ok; i++)
            ok = weir_builder_int32(child, array->ints->values[i]);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_LONGS:
        for (size_t i = 0; i < array->longs->n_values && ok; i++)
            ok = weir_builder_int64(child, array->longs->values[i]);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_FLOATS:
        for (size_t i = 0; i < array->floats->n_values && ok; i++)
            ok = weir_builder_float(child, array->floats->values[i]);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_DOUBLES:
        for (size_t i = 0; i < array->doubles->n_values && ok; i++)
            ok = weir_builder_double(child, array->doubles->values[i]);
        break;
    default:
        for (size_t i = 0; i < array->strings->n_values && ok; i++)
            ok = weir_builder_bytes(child, array->strings->values[i], strlen(array->strings->values[i]));
        break;
    }
    return ok;
}

/* BYTE and SHORT travel as int32. */
static weir_code put_small(weir_decode *d, int32_t value, weir_builder *builder) {
    bool is_byte = builder->type->kind == WEIR_TYPE_BYTE;
    int32_t most = is_byte ? INT8_MAX : INT16_MAX;
    if (value > most || value < -most - 1)
        return mismatch(d, builder->type);
    bool ok =
        is_byte ? weir_builder_int8(builder, (int8_t)value) : weir_builder_int16(builder, (int16_t)value);
    return ok ? WEIR_OK : no_memory(d->err);
}

static weir_code put_bytes(weir_decode *d, const ProtobufCBinaryData *data, bool text,
                           weir_builder *builder) {
    weir_str bytes = {(const char *)data->data, data->len};
    if (text && !weir_utf8_valid(bytes))
        return bad_literal(d->err, "a text that is not UTF-8");
    return weir_builder_bytes(builder, bytes.data ? bytes.data : "", bytes.size) ? WEIR_OK
                                                                                 : no_memory(d->err);
}

static weir_code put_decimal(weir_decode *d, const literal *message, weir_builder *builder) {
    weir_int128 value;
    int32_t precision, scale;
    WEIR_TRY(decimal_value(d, message->decimal, &value, &precision, &scale));
    if (!weir_decimal_rescale(value, scale, builder->type->scale, builder->type->precision, &value))
        return mismatch(d, builder->type);
    return weir_builder_int128(builder, value) ? WEIR_OK : no_memory(d->err);
}

static weir_code put_calendar(weir_decode *d, const literal *message, weir_builder *builder) {
    weir_calendar_interval value = {.months = message->calendar_interval->months,
                                    .days = message->calendar_interval->days,
                                    .micros = message->calendar_interval->microseconds};
    weir_int128 bits;
    memcpy(&bits, &value, sizeof bits);
    return weir_builder_int128(builder, bits) ? WEIR_OK : no_memory(d->err);
}

static weir_code put_time(weir_decode *d, const literal *message, weir_builder *builder) {
    if (message->time->nano < 0 || message->time->nano >= NANOS_PER_DAY)
        return mismatch(d, builder->type);
    return weir_builder_int64(builder, message->time->nano) ? WEIR_OK : no_memory(d->err);
}

/* Appends the value; its kind must be that of the builder's type. */
static weir_code put_plain(weir_decode *d, const literal *message, weir_builder *builder) {
    bool ok;
    switch ((int)message->literal_type_case) {
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_BOOLEAN:
        ok = weir_builder_bool(builder, message->boolean);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_BYTE:
        return put_small(d, message->byte, builder);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_SHORT:
        return put_small(d, message->short_, builder);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_INTEGER:
        ok = weir_builder_int32(builder, message->integer);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_LONG:
        ok = weir_builder_int64(builder, message->long_);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_FLOAT:
        ok = weir_builder_float(builder, message->float_);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DOUBLE:
        ok = weir_builder_double(builder, message->double_);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_BINARY:
        return put_bytes(d, &message->binary, false, builder);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_STRING:
        return put_bytes(d, &message->string, true, builder);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DATE:
        ok = weir_builder_int32(builder, message->date);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_TIMESTAMP:
        ok = weir_builder_int64(builder, message->timestamp);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_TIMESTAMP_NTZ:
        ok = weir_builder_int64(builder, message->timestamp_ntz);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_YEAR_MONTH_INTERVAL:
        ok = weir_builder_int32(builder, message->year_month_interval);
        break;
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DAY_TIME_INTERVAL:
        ok = weir_builder_int64(builder, message->day_time_interval);
        break;
    default:
        return put_calendar(d, message, builder);
    }
    return ok ? WEIR_OK : no_memory(d->err);
}

static weir_code put_value(weir_decode *d, const literal *message, weir_builder *builder) {
    int kind = (int)message->literal_type_case;
    const weir_type *type = builder->type;
    weir_type_kind plain = plain_type(kind);
    if (plain != WEIR_TYPE_COUNT) {
        bool text = plain == WEIR_TYPE_STRING && weir_type_is_string(type);
        return plain == type->kind || text ? put_plain(d, message, builder) : mismatch(d, type);
    }
    switch (kind) {
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_NULL:
        return weir_builder_null(builder) ? WEIR_OK : no_memory(d->err);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_DECIMAL:
        return type->kind == WEIR_TYPE_DECIMAL ? put_decimal(d, message, builder) : mismatch(d, type);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_TIME:
        return type->kind == WEIR_TYPE_TIME ? put_time(d, message, builder) : mismatch(d, type);
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_SPECIALIZED_ARRAY: {
        const weir_type *own;
        WEIR_TRY(specialized_type(d, message, &own));
        if (type->kind != WEIR_TYPE_ARRAY || type->element->kind != own->element->kind)
            return mismatch(d, type);
        bool ok = put_specialized(message->specialized_array, &builder->children[0]);
        return ok && weir_builder_list_end(builder) ? WEIR_OK : no_memory(d->err);
    }
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_ARRAY:
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_MAP:
    case SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_STRUCT:
        return put_nested(d, message, builder);
    default:
        return weir_coverage_refuse(&message->base, "literal_type", kind, d->err);
    }
}

weir_code weir_decode_literal(weir_decode *d, const literal *message, weir_node **ret) {
    const weir_type *type = NULL;
    if (!message)
        return weir_decode_missing(d->err, "spark.connect.Expression.Literal", "literal_type");
    WEIR_TRY(literal_type(d, message, &type));
    if (message->literal_type_case == SPARK__CONNECT__EXPRESSION__LITERAL__LITERAL_TYPE_NULL) {
        *ret = weir_literal_null(d->arena, type);
        return WEIR_OK;
    }
    weir_builder builder;
    weir_column *column = NULL;
    WEIR_TRY(weir_builder_init(&builder, NULL, type, 1, d->err));
    weir_code code = put_value(d, message, &builder);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, &column, d->err);
    weir_builder_fini(&builder);
    WEIR_TRY(code);
    *ret = weir_literal_new(d->arena, column);
    return WEIR_OK;
}
