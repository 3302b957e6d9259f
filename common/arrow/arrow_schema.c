/* Schemas as Arrow's metadata and back: Spark's mapping of types, both ways (arrow_ipc.h has the table).
 *
 * Writing never fails. Reading takes what Spark's ArrowUtils takes; the texts of refused types are those of
 * Arrow's Java library, which Spark prints. A schema of a stranger is limited in depth and fields, since
 * references may share their targets. Any thread. */
#include <stdlib.h>

#include "common/arrow/arrow_int.h"
#include "common/base/alloc.h"
#include "common/base/bits.h"
#include "common/base/json_value.h"

weir_code weir_arrow_damaged(const char *what, const char *reason, weir_error **err) {
    WEIR_RAISE(err, MALFORMED_ARROW_DATA, "what", what, "reason", reason);
}

size_t weir_arrow_message_begin(weir_strbuf *buf, int head, int64_t body_bytes) {
    size_t root = weir_flat_begin(buf), places[4];
    const weir_flat_field fields[4] = {WEIR_FLAT_SCALAR(2, WEIR_ARROW_VERSION), WEIR_FLAT_SCALAR(1, head),
                                       WEIR_FLAT_REFERENCE, WEIR_FLAT_SCALAR(8, body_bytes)};
    weir_flat_put_table(buf, root, fields, 4, places);
    return places[2];
}

/* ---- writing ---- */

typedef struct encoder {
    weir_strbuf *buf;
    const weir_arrow_options *options;
} encoder;

typedef struct arrow_type {
    weir_arrow_kind kind;
    int count;
    weir_flat_field fields[3];
} arrow_type;

static arrow_type plain_type(weir_arrow_kind kind) {
    return (arrow_type){.kind = kind};
}

static arrow_type unit_type(weir_arrow_kind kind, int unit) {
    return (arrow_type){kind, 1, {WEIR_FLAT_SCALAR(2, unit)}};
}

static arrow_type int_type(int bits) {
    return (arrow_type){WEIR_ARROW_INT, 2, {WEIR_FLAT_SCALAR(4, bits), WEIR_FLAT_SCALAR(1, 1)}};
}

static arrow_type arrow_type_of(const encoder *e, const weir_type *type) {
    switch ((int)type->kind) {
    case WEIR_TYPE_NULL:
        return plain_type(WEIR_ARROW_NULL);
    case WEIR_TYPE_BOOLEAN:
        return plain_type(WEIR_ARROW_BOOL);
    case WEIR_TYPE_BYTE:
    case WEIR_TYPE_SHORT:
    case WEIR_TYPE_INT:
    case WEIR_TYPE_LONG:
        return int_type(8 * weir_type_width(type));
    case WEIR_TYPE_FLOAT:
        return unit_type(WEIR_ARROW_FLOATING_POINT, 1);
    case WEIR_TYPE_DOUBLE:
        return unit_type(WEIR_ARROW_FLOATING_POINT, 2);
    case WEIR_TYPE_DECIMAL:
        return (arrow_type){WEIR_ARROW_DECIMAL,
                            3,
                            {WEIR_FLAT_SCALAR(4, type->precision), WEIR_FLAT_SCALAR(4, type->scale),
                             WEIR_FLAT_SCALAR(4, 128)}};
    case WEIR_TYPE_BINARY:
        return plain_type(e->options->large_vars ? WEIR_ARROW_LARGE_BINARY : WEIR_ARROW_BINARY);
    case WEIR_TYPE_DATE:
        return unit_type(WEIR_ARROW_DATE, 0);
    case WEIR_TYPE_TIME:
        return (arrow_type){
            WEIR_ARROW_TIME, 2, {WEIR_FLAT_SCALAR(2, WEIR_ARROW_NANOSECOND), WEIR_FLAT_SCALAR(4, 64)}};
    case WEIR_TYPE_TIMESTAMP:
        return (arrow_type){
            WEIR_ARROW_TIMESTAMP, 2, {WEIR_FLAT_SCALAR(2, WEIR_ARROW_MICROSECOND), WEIR_FLAT_REFERENCE}};
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return unit_type(WEIR_ARROW_TIMESTAMP, WEIR_ARROW_MICROSECOND);
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return unit_type(WEIR_ARROW_INTERVAL, WEIR_ARROW_YEAR_MONTH);
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        return unit_type(WEIR_ARROW_DURATION, WEIR_ARROW_MICROSECOND);
    case WEIR_TYPE_INTERVAL_CALENDAR:
        return unit_type(WEIR_ARROW_INTERVAL, WEIR_ARROW_MONTH_DAY_NANO);
    case WEIR_TYPE_STRUCT:
    case WEIR_TYPE_VARIANT:
        return plain_type(WEIR_ARROW_STRUCT);
    case WEIR_TYPE_ARRAY:
        return plain_type(WEIR_ARROW_LIST);
    case WEIR_TYPE_MAP:
        return (arrow_type){WEIR_ARROW_MAP, 1, {WEIR_FLAT_SCALAR(1, 0)}};
    default:
        return plain_type(e->options->large_vars ? WEIR_ARROW_LARGE_UTF8 : WEIR_ARROW_UTF8);
    }
}

/* `mark`: a key of metadata with the value "true", or NULL. */
static void put_field(const encoder *e, size_t slot, const weir_field *field, const char *mark);

static int compare_fields(const void *left, const void *right, void *fields) {
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    const weir_field *all = fields;
    int order = weir_str_compare(all[a].name, all[b].name);
    return order ? order : (a > b) - (a < b);
}

/* For each field of a STRUCT its number among those of its name, or -1 where the name is its own. */
static int32_t *number_names(const weir_type *type) {
    size_t count = (size_t)type->fields_count;
    int32_t *numbers = weir_alloc_zero(count + 1, sizeof *numbers);
    _cleanup_free_ int32_t *sorted = weir_alloc((count + 1) * sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = (int32_t)i;
    qsort_r(sorted, count, sizeof *sorted, compare_fields, (void *)(uintptr_t)type->fields);
    for (size_t i = 0, end; i < count; i = end) {
        weir_str name = type->fields[sorted[i]].name;
        for (end = i + 1; end < count && weir_str_equal(type->fields[sorted[end]].name, name); end++)
            ;
        for (size_t k = i; k < end; k++)
            numbers[sorted[k]] = end - i > 1 ? (int32_t)(k - i) : -1;
    }
    return numbers;
}

/* Names that occur more than once get "_0", "_1", as clients cannot take them. */
static void put_struct_fields(const encoder *e, size_t slot, const weir_type *type) {
    size_t first = weir_flat_put_vector(e->buf, slot, (uint32_t)type->fields_count, 4);
    _cleanup_free_ int32_t *numbers = number_names(type);
    _cleanup_strbuf_ weir_strbuf name = {0};
    for (int32_t i = 0; i < type->fields_count; i++) {
        weir_field field = type->fields[i];
        if (numbers[i] >= 0) {
            weir_strbuf_clear(&name);
            weir_strbuf_addf(&name, WEIR_STR_FMT "_%d", WEIR_STR_ARG(field.name), numbers[i]);
            field.name = weir_strbuf_view(&name);
        }
        put_field(e, first + 4 * (size_t)i, &field, NULL);
    }
}

static void put_children(const encoder *e, size_t slot, const weir_type *type) {
    weir_field fields[2];
    if (type->kind == WEIR_TYPE_STRUCT) {
        put_struct_fields(e, slot, type);
    } else if (type->kind == WEIR_TYPE_ARRAY) {
        fields[0] = (weir_field){WEIR_STR("element"), type->element, type->contains_null, {0}};
        put_field(e, weir_flat_put_vector(e->buf, slot, 1, 4), &fields[0], NULL);
    } else if (type->kind == WEIR_TYPE_MAP) {
        fields[0] = (weir_field){WEIR_STR("key"), type->element, false, {0}};
        fields[1] = (weir_field){WEIR_STR("value"), type->value, type->contains_null, {0}};
        weir_type entries = {.kind = WEIR_TYPE_STRUCT, .fields_count = 2, .fields = fields};
        weir_field field = {WEIR_STR("entries"), &entries, false, {0}};
        put_field(e, weir_flat_put_vector(e->buf, slot, 1, 4), &field, NULL);
    } else if (type->kind == WEIR_TYPE_VARIANT) {
        size_t first = weir_flat_put_vector(e->buf, slot, 2, 4);
        fields[0] = (weir_field){WEIR_STR("value"), weir_type_of(WEIR_TYPE_BINARY), false, {0}};
        fields[1] = (weir_field){WEIR_STR("metadata"), weir_type_of(WEIR_TYPE_BINARY), false, {0}};
        put_field(e, first, &fields[0], NULL);
        put_field(e, first + 4, &fields[1], "variant");
    } else {
        weir_flat_put_vector(e->buf, slot, 0, 4); /* readers want the list even where it is empty */
    }
}

static void put_pair(const encoder *e, size_t slot, weir_str key, weir_str value) {
    size_t places[2];
    const weir_flat_field fields[2] = {WEIR_FLAT_REFERENCE, WEIR_FLAT_REFERENCE};
    weir_flat_put_table(e->buf, slot, fields, 2, places);
    weir_flat_put_text(e->buf, places[0], key);
    weir_flat_put_text(e->buf, places[1], value);
}

typedef struct key_value {
    weir_str key, value;
} key_value;

/* What stands in a field's metadata; `precision` holds the text of a number. */
static int field_pairs(const weir_field *field, const char *mark, char precision[4], key_value ret[3]) {
    int count = 0;
    if (field->metadata.size > 0 && !weir_str_equal(field->metadata, WEIR_STR("{}")))
        ret[count++] = (key_value){WEIR_STR(WEIR_ARROW_METADATA_KEY), field->metadata};
    if (field->type->kind == WEIR_TYPE_TIME) {
        precision[0] = (char)('0' + field->type->precision);
        ret[count++] = (key_value){WEIR_STR(WEIR_ARROW_TIME_KEY), weir_str_make(precision, 1)};
    }
    if (mark)
        ret[count++] = (key_value){weir_str_from(mark), WEIR_STR("true")};
    return count;
}

static void put_field(const encoder *e, size_t slot, const weir_field *field, const char *mark) {
    enum { NAME, NULLABLE, KIND, TYPE, DICTIONARY, CHILDREN, METADATA, FIELDS };
    arrow_type type = arrow_type_of(e, field->type);
    char precision[4];
    key_value pairs[3];
    size_t places[FIELDS], type_places[3] = {0};
    int pairs_count = field_pairs(field, mark, precision, pairs);
    const weir_flat_field fields[FIELDS] = {
        [NAME] = WEIR_FLAT_REFERENCE,
        [NULLABLE] = WEIR_FLAT_SCALAR(1, field->nullable),
        [KIND] = WEIR_FLAT_SCALAR(1, type.kind),
        [TYPE] = WEIR_FLAT_REFERENCE,
        [DICTIONARY] = WEIR_FLAT_NONE,
        [CHILDREN] = WEIR_FLAT_REFERENCE,
        [METADATA] = pairs_count ? WEIR_FLAT_REFERENCE : WEIR_FLAT_NONE,
    };
    weir_flat_put_table(e->buf, slot, fields, FIELDS, places);
    weir_flat_put_text(e->buf, places[NAME], field->name);
    weir_flat_put_table(e->buf, places[TYPE], type.fields, type.count, type_places);
    if (field->type->kind == WEIR_TYPE_TIMESTAMP)
        weir_flat_put_text(e->buf, type_places[1],
                           e->options->zone.size ? e->options->zone : WEIR_STR("UTC"));
    put_children(e, places[CHILDREN], field->type);
    if (!pairs_count)
        return;
    size_t first = weir_flat_put_vector(e->buf, places[METADATA], (uint32_t)pairs_count, 4);
    for (int i = 0; i < pairs_count; i++)
        put_pair(e, first + 4 * (size_t)i, pairs[i].key, pairs[i].value);
}

void weir_arrow_schema_encode(weir_strbuf *buf, const weir_type *schema, const weir_arrow_options *options) {
    encoder e = {buf, options};
    size_t header = weir_arrow_message_begin(buf, WEIR_ARROW_HEAD_SCHEMA, 0), places[2];
    const weir_flat_field fields[2] = {WEIR_FLAT_SCALAR(2, 0), WEIR_FLAT_REFERENCE};
    weir_flat_put_table(buf, header, fields, 2, places);
    size_t first = weir_flat_put_vector(buf, places[1], (uint32_t)schema->fields_count, 4);
    for (int32_t i = 0; i < schema->fields_count; i++)
        put_field(&e, first + 4 * (size_t)i, &schema->fields[i], NULL);
}

/* ---- reading ---- */

typedef struct decoder {
    weir_arena *arena;
    const char *what;
    weir_error **err;
    int32_t fields_count;
    size_t texts_size; /* of names so far: each byte of the schema counts once */
} decoder;

static weir_code unsupported(decoder *d, const char *text) {
    WEIR_RAISE(d->err, UNSUPPORTED_ARROWTYPE, "typeName", text);
}

#define PAIRS_MAX 64 /* fields may share one list: a long one would be walked for each */

static weir_str metadata_value(const weir_flat_table *field, weir_str key) {
    weir_flat_vector pairs = weir_flat_elements(field, 6, 4);
    for (uint32_t i = 0; i < pairs.count && i < PAIRS_MAX && !pairs.view->bad; i++) {
        weir_flat_table entry = weir_flat_element(&pairs, i);
        if (weir_str_equal(weir_flat_text(&entry, 0), key))
            return weir_flat_text(&entry, 1);
    }
    return (weir_str){0};
}

static bool is_marked(const weir_flat_table *field, const char *key) {
    return weir_str_equal(metadata_value(field, weir_str_from(key)), WEIR_STR("true"));
}

static const char *unit_name(int unit) {
    static const char *const names[] = {"SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"};
    return unit >= 0 && unit <= WEIR_ARROW_NANOSECOND ? names[unit] : "?";
}

static weir_code decode_int(decoder *d, const weir_flat_table *type, const weir_type **ret) {
    int bits = (int)weir_flat_signed(type, 0, 4, 0);
    bool is_signed = weir_flat_unsigned(type, 1, 1, 0) != 0;
    weir_type_kind kind = bits == 8    ? WEIR_TYPE_BYTE
                          : bits == 16 ? WEIR_TYPE_SHORT
                          : bits == 32 ? WEIR_TYPE_INT
                          : bits == 64 ? WEIR_TYPE_LONG
                                       : WEIR_TYPE_NULL;
    if (!is_signed || kind == WEIR_TYPE_NULL)
        return unsupported(d, weir_arena_printf(d->arena, "Int(%d, %s)", bits, is_signed ? "true" : "false"));
    *ret = weir_type_of(kind);
    return WEIR_OK;
}

static weir_code decode_decimal(decoder *d, const weir_flat_table *type, const weir_type **ret) {
    int precision = (int)weir_flat_signed(type, 0, 4, 0), scale = (int)weir_flat_signed(type, 1, 4, 0),
        bits = (int)weir_flat_signed(type, 2, 4, 128);
    if (scale < 0)
        WEIR_RAISE(d->err, NEGATIVE_SCALE_DISALLOWED, "scale", weir_arena_printf(d->arena, "%d", scale),
                   "sqlConf", "\"spark.sql.legacy.allowNegativeScaleOfDecimal\"");
    if (precision > 38)
        WEIR_RAISE(d->err, DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, "precision",
                   weir_arena_printf(d->arena, "%d", precision), "maxPrecision", "38");
    if (scale > precision)
        WEIR_RAISE(d->err, DECIMAL_SCALE_EXCEEDS_PRECISION, "scale", weir_arena_printf(d->arena, "%d", scale),
                   "precision", weir_arena_printf(d->arena, "%d", precision));
    if (bits != 128)
        return unsupported(d, weir_arena_printf(d->arena, "Decimal(%d, %d, %d)", precision, scale, bits));
    if (precision < 1)
        return weir_arrow_damaged(d->what, "a decimal without digits", d->err);
    *ret = weir_type_decimal(d->arena, precision, scale);
    return WEIR_OK;
}

static weir_code decode_time(decoder *d, const weir_flat_table *field, const weir_flat_table *type,
                             const weir_type **ret) {
    int unit = (int)weir_flat_signed(type, 0, 2, WEIR_ARROW_MILLISECOND),
        bits = (int)weir_flat_signed(type, 1, 4, 32);
    if (unit != WEIR_ARROW_NANOSECOND || bits != 64)
        return unsupported(d, weir_arena_printf(d->arena, "Time(%s, %d)", unit_name(unit), bits));
    weir_str precision = metadata_value(field, WEIR_STR(WEIR_ARROW_TIME_KEY));
    bool known = precision.size == 1 && precision.data[0] >= '0' && precision.data[0] <= '9';
    *ret = known ? weir_type_time(d->arena, precision.data[0] - '0') : weir_type_of(WEIR_TYPE_TIME);
    return WEIR_OK;
}

static weir_code decode_timestamp(decoder *d, const weir_flat_table *type, weir_arrow_field *ret) {
    int unit = (int)weir_flat_signed(type, 0, 2, WEIR_ARROW_SECOND);
    bool zoned = weir_flat_has(type, 1);
    weir_str zone = weir_flat_text(type, 1);
    zone.size = WEIR_MIN(zone.size, 64);
    if (unit != WEIR_ARROW_MICROSECOND && unit != WEIR_ARROW_NANOSECOND)
        return unsupported(d, weir_arena_printf(d->arena, "Timestamp(%s, " WEIR_STR_FMT ")", unit_name(unit),
                                                WEIR_STR_ARG(zoned ? zone : WEIR_STR("null"))));
    ret->unit = unit;
    ret->type = weir_type_of(zoned ? WEIR_TYPE_TIMESTAMP : WEIR_TYPE_TIMESTAMP_NTZ);
    return WEIR_OK;
}

static weir_code decode_interval(decoder *d, const weir_flat_table *type, const weir_type **ret) {
    int64_t unit = weir_flat_signed(type, 0, 2, WEIR_ARROW_YEAR_MONTH);
    if (unit != WEIR_ARROW_YEAR_MONTH && unit != WEIR_ARROW_MONTH_DAY_NANO)
        return unsupported(d, "Interval(DAY_TIME)");
    *ret = weir_type_of(unit == WEIR_ARROW_YEAR_MONTH ? WEIR_TYPE_INTERVAL_YEAR_MONTH
                                                      : WEIR_TYPE_INTERVAL_CALENDAR);
    return WEIR_OK;
}

static weir_code refuse_union(decoder *d, const weir_flat_table *type) {
    weir_flat_vector ids = weir_flat_elements(type, 1, 4);
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_addf(&text, "Union(%s, [", weir_flat_signed(type, 0, 2, 0) ? "Dense" : "Sparse");
    for (uint32_t i = 0; i < ids.count && i < PAIRS_MAX; i++)
        weir_strbuf_addf(&text, i ? ", %d" : "%d", (int)weir_load32(ids.view->data + ids.at + 4 * (size_t)i));
    weir_strbuf_add_text(&text, "])");
    return unsupported(d, text.data);
}

/* Kinds that Spark has no type for, in the words of Arrow's Java library. */
static weir_code refuse_kind(decoder *d, weir_arrow_kind kind, const weir_flat_table *type) {
    int64_t number = weir_flat_signed(type, 0, 4, 0);
    switch (kind) {
    case WEIR_ARROW_FIXED_SIZE_BINARY:
        return unsupported(d, weir_arena_printf(d->arena, "FixedSizeBinary(%d)", (int)number));
    case WEIR_ARROW_FIXED_SIZE_LIST:
        return unsupported(d, weir_arena_printf(d->arena, "FixedSizeList(%d)", (int)number));
    case WEIR_ARROW_LARGE_LIST:
        return unsupported(d, "LargeList");
    case WEIR_ARROW_RUN_END_ENCODED:
        return unsupported(d, "RunEndEncoded");
    case WEIR_ARROW_LIST_VIEW:
        return unsupported(d, "ListView");
    case WEIR_ARROW_LARGE_LIST_VIEW:
        return unsupported(d, "LargeListView");
    case WEIR_ARROW_UNION:
        return refuse_union(d, type);
    default:
        return weir_arrow_damaged(d->what, "an unknown type", d->err);
    }
}

static weir_code decode_scalar(decoder *d, const weir_flat_table *field, const weir_flat_table *type,
                               weir_arrow_field *ret) {
    int64_t unit;
    switch ((int)ret->kind) {
    case WEIR_ARROW_NULL:
        ret->type = weir_type_of(WEIR_TYPE_NULL);
        return WEIR_OK;
    case WEIR_ARROW_INT:
        return decode_int(d, type, &ret->type);
    case WEIR_ARROW_FLOATING_POINT:
        unit = weir_flat_signed(type, 0, 2, 0);
        if (unit != 1 && unit != 2)
            return unsupported(d, "FloatingPoint(HALF)");
        ret->type = weir_type_of(unit == 1 ? WEIR_TYPE_FLOAT : WEIR_TYPE_DOUBLE);
        return WEIR_OK;
    case WEIR_ARROW_BINARY:
    case WEIR_ARROW_LARGE_BINARY:
    case WEIR_ARROW_BINARY_VIEW:
        ret->type = weir_type_of(WEIR_TYPE_BINARY);
        return WEIR_OK;
    case WEIR_ARROW_UTF8:
    case WEIR_ARROW_LARGE_UTF8:
    case WEIR_ARROW_UTF8_VIEW:
        ret->type = weir_type_of(WEIR_TYPE_STRING);
        return WEIR_OK;
    case WEIR_ARROW_BOOL:
        ret->type = weir_type_of(WEIR_TYPE_BOOLEAN);
        return WEIR_OK;
    case WEIR_ARROW_DECIMAL:
        return decode_decimal(d, type, &ret->type);
    case WEIR_ARROW_DATE:
        if (weir_flat_signed(type, 0, 2, 1) != 0)
            return unsupported(d, "Date(MILLISECOND)");
        ret->type = weir_type_of(WEIR_TYPE_DATE);
        return WEIR_OK;
    case WEIR_ARROW_TIME:
        return decode_time(d, field, type, &ret->type);
    case WEIR_ARROW_TIMESTAMP:
        return decode_timestamp(d, type, ret);
    case WEIR_ARROW_INTERVAL:
        return decode_interval(d, type, &ret->type);
    case WEIR_ARROW_DURATION:
        unit = weir_flat_signed(type, 0, 2, WEIR_ARROW_MILLISECOND);
        if (unit != WEIR_ARROW_MICROSECOND)
            return unsupported(d, weir_arena_printf(d->arena, "Duration(%s)", unit_name((int)unit)));
        ret->type = weir_type_of(WEIR_TYPE_INTERVAL_DAY_TIME);
        return WEIR_OK;
    default:
        return refuse_kind(d, ret->kind, type);
    }
}

static weir_code decode_field(decoder *d, const weir_flat_table *field, int depth, weir_arrow_field *ret,
                              weir_field *ret_field);

/* `vector` of Field tables as fields of ours. */
static weir_code decode_fields(decoder *d, const weir_flat_vector *vector, int depth, weir_arrow_field **ret,
                               weir_field **ret_fields) {
    d->fields_count +=
        (int32_t)(vector->count < WEIR_ARROW_FIELDS_MAX ? vector->count : WEIR_ARROW_FIELDS_MAX);
    if (d->fields_count >= WEIR_ARROW_FIELDS_MAX)
        return weir_arrow_damaged(d->what, "too many fields", d->err);
    if (depth > WEIR_ARROW_DEPTH_MAX)
        return weir_arrow_damaged(d->what, "fields that are nested too deeply", d->err);
    *ret = WEIR_NEW_ARRAY(d->arena, weir_arrow_field, vector->count);
    *ret_fields = WEIR_NEW_ARRAY(d->arena, weir_field, vector->count);
    for (uint32_t i = 0; i < vector->count; i++) {
        weir_flat_table field = weir_flat_element(vector, i);
        WEIR_TRY(decode_field(d, &field, depth, &(*ret)[i], &(*ret_fields)[i]));
    }
    return WEIR_OK;
}

/* A struct, or what is kept in one: a variant has its `metadata` child marked. */
static weir_code decode_struct(decoder *d, const weir_flat_vector *children, int depth,
                               weir_arrow_field *ret) {
    static const char *const unread[] = {"geometry", "geography", "SPARK::calendarInterval::struct",
                                         "SPARK::timestampNanos::struct"};
    weir_field *fields;
    bool variant = false;
    for (uint32_t i = 0; i < children->count; i++) {
        weir_flat_table child = weir_flat_element(children, i);
        weir_str name = weir_flat_text(&child, 0);
        variant |= weir_str_equal(name, WEIR_STR("metadata")) && is_marked(&child, "variant");
        for (size_t k = 0; k < WEIR_ARRAY_LEN(unread); k++)
            if (is_marked(&child, unread[k]))
                return unsupported(d, weir_arena_printf(d->arena, "Struct (%s)", unread[k]));
    }
    WEIR_TRY(decode_fields(d, children, depth + 1, &ret->children, &fields));
    ret->children_count = (int32_t)children->count;
    ret->swapped = variant && weir_str_equal(fields[0].name, WEIR_STR("metadata"));
    variant = variant && children->count == 2 && fields[0].type->kind == WEIR_TYPE_BINARY &&
              fields[1].type->kind == WEIR_TYPE_BINARY &&
              weir_str_equal(fields[ret->swapped].name, WEIR_STR("value"));
    ret->type = variant ? weir_type_of(WEIR_TYPE_VARIANT)
                        : weir_type_struct(d->arena, fields, (int32_t)children->count);
    ret->swapped &= variant;
    return WEIR_OK;
}

static weir_code decode_map(decoder *d, const weir_flat_vector *children, int depth, weir_arrow_field *ret) {
    weir_flat_table entries = {0};
    weir_field *fields;
    if (children->count == 1)
        entries = weir_flat_element(children, 0);
    weir_flat_vector pair = weir_flat_elements(&entries, 5, 4);
    if (weir_flat_unsigned(&entries, 2, 1, 0) != WEIR_ARROW_STRUCT || pair.count != 2)
        return weir_arrow_damaged(d->what, "a map without key and value", d->err);
    WEIR_TRY(decode_fields(d, &pair, depth + 2, &ret->children, &fields));
    ret->children_count = 2;
    ret->type = weir_type_map(d->arena, fields[0].type, fields[1].type, fields[1].nullable);
    return WEIR_OK;
}

static weir_code decode_list(decoder *d, const weir_flat_vector *children, int depth, weir_arrow_field *ret) {
    weir_field *fields;
    if (children->count != 1)
        return weir_arrow_damaged(d->what, "a list without element", d->err);
    WEIR_TRY(decode_fields(d, children, depth + 1, &ret->children, &fields));
    ret->children_count = 1;
    ret->type = weir_type_array(d->arena, fields[0].type, fields[0].nullable);
    return WEIR_OK;
}

static weir_code decode_dictionary(decoder *d, const weir_flat_table *field, weir_arrow_field *ret) {
    if (!weir_flat_has(field, 4))
        return WEIR_OK;
    weir_flat_table dictionary = weir_flat_child(field, 4), index = weir_flat_child(&dictionary, 1);
    int64_t bits = weir_flat_signed(&index, 0, 4, 32);
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
        return weir_arrow_damaged(d->what, "a dictionary with an unknown index type", d->err);
    if (weir_type_is_nested(ret->type) || ret->type->kind == WEIR_TYPE_VARIANT) /* few bytes, many elements */
        WEIR_FAIL(d->err, NOT_SUPPORTED, "Arrow dictionaries of nested values are not supported by Weir");
    ret->in_dictionary = true;
    ret->dictionary = weir_flat_signed(&dictionary, 0, 8, 0);
    ret->index_width = (int)bits / 8;
    ret->index_signed = !index.view || weir_flat_unsigned(&index, 1, 1, 0) != 0;
    return WEIR_OK;
}

/* Names and metadata: each byte of the schema may be used once, so that shared texts do not multiply. */
static weir_code decode_texts(decoder *d, const weir_flat_table *field, weir_field *ret) {
    weir_str metadata = metadata_value(field, WEIR_STR(WEIR_ARROW_METADATA_KEY));
    weir_json *json = NULL;
    ret->name = weir_flat_text(field, 0);
    d->texts_size += ret->name.size + metadata.size;
    if (d->texts_size > field->view->size)
        return weir_arrow_damaged(d->what, "texts that overlap", d->err);
    if (metadata.size == 0)
        return WEIR_OK;
    if (weir_json_parse(d->arena, metadata, "metadata", &json, NULL) != WEIR_OK ||
        json->kind != WEIR_JSON_OBJECT)
        return weir_arrow_damaged(d->what, "metadata that is not a JSON object", d->err);
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_json_write(&text, json);
    ret->metadata = weir_arena_str(d->arena, json->count ? weir_strbuf_view(&text) : (weir_str){0});
    return WEIR_OK;
}

static weir_code decode_field(decoder *d, const weir_flat_table *field, int depth, weir_arrow_field *ret,
                              weir_field *ret_field) {
    weir_flat_table type = weir_flat_child(field, 3);
    weir_flat_vector children = weir_flat_elements(field, 5, 4);
    if (!field->view || field->view->bad)
        return weir_arrow_damaged(d->what, "a field that passes the end of the schema", d->err);
    ret->kind = (weir_arrow_kind)weir_flat_unsigned(field, 2, 1, 0);
    ret_field->nullable = weir_flat_unsigned(field, 1, 1, 0) != 0;
    WEIR_TRY(decode_texts(d, field, ret_field));
    if (ret->kind == WEIR_ARROW_STRUCT)
        WEIR_TRY(decode_struct(d, &children, depth, ret));
    else if (ret->kind == WEIR_ARROW_MAP)
        WEIR_TRY(decode_map(d, &children, depth, ret));
    else if (ret->kind == WEIR_ARROW_LIST)
        WEIR_TRY(decode_list(d, &children, depth, ret));
    else
        WEIR_TRY(decode_scalar(d, field, &type, ret));
    WEIR_TRY(decode_dictionary(d, field, ret));
    ret_field->type = ret->type;
    if (field->view->bad)
        return weir_arrow_damaged(d->what, "a field that passes the end of the schema", d->err);
    return WEIR_OK;
}

weir_code weir_arrow_schema_decode(weir_arena *arena, const weir_flat_table *schema, const char *what,
                                   const weir_type **ret, weir_arrow_field **ret_fields, weir_error **err) {
    decoder d = {.arena = arena, .what = what, .err = err};
    weir_flat_vector vector = weir_flat_elements(schema, 1, 4);
    weir_field *fields;
    if (!schema->view || schema->view->bad)
        return weir_arrow_damaged(what, "a schema that passes its end", err);
    if (weir_flat_signed(schema, 0, 2, 0) != 0)
        return weir_arrow_damaged(what, "big-endian values", err);
    WEIR_TRY(decode_fields(&d, &vector, 0, ret_fields, &fields));
    *ret = weir_type_struct(arena, fields, (int32_t)vector.count);
    return WEIR_OK;
}
