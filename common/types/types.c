/* Data types: singletons, arena constructors, deep copy and comparison. Plans, schemas and columns
 * point at these nodes; nothing here fails but by running out of memory. Any thread. */
#include "common/types/types.h"

#include "common/base/assert.h"

static const weir_type singletons[WEIR_TYPE_COUNT] = {
    [WEIR_TYPE_NULL] = {.kind = WEIR_TYPE_NULL},
    [WEIR_TYPE_BOOLEAN] = {.kind = WEIR_TYPE_BOOLEAN},
    [WEIR_TYPE_BYTE] = {.kind = WEIR_TYPE_BYTE},
    [WEIR_TYPE_SHORT] = {.kind = WEIR_TYPE_SHORT},
    [WEIR_TYPE_INT] = {.kind = WEIR_TYPE_INT},
    [WEIR_TYPE_LONG] = {.kind = WEIR_TYPE_LONG},
    [WEIR_TYPE_FLOAT] = {.kind = WEIR_TYPE_FLOAT},
    [WEIR_TYPE_DOUBLE] = {.kind = WEIR_TYPE_DOUBLE},
    [WEIR_TYPE_DECIMAL] = {.kind = WEIR_TYPE_DECIMAL, .precision = 10},
    [WEIR_TYPE_STRING] = {.kind = WEIR_TYPE_STRING},
    [WEIR_TYPE_CHAR] = {.kind = WEIR_TYPE_CHAR, .precision = 1},
    [WEIR_TYPE_VARCHAR] = {.kind = WEIR_TYPE_VARCHAR, .precision = 1},
    [WEIR_TYPE_BINARY] = {.kind = WEIR_TYPE_BINARY},
    [WEIR_TYPE_DATE] = {.kind = WEIR_TYPE_DATE},
    [WEIR_TYPE_TIME] = {.kind = WEIR_TYPE_TIME, .precision = 6},
    [WEIR_TYPE_TIMESTAMP] = {.kind = WEIR_TYPE_TIMESTAMP},
    [WEIR_TYPE_TIMESTAMP_NTZ] = {.kind = WEIR_TYPE_TIMESTAMP_NTZ},
    [WEIR_TYPE_INTERVAL_YEAR_MONTH] = {.kind = WEIR_TYPE_INTERVAL_YEAR_MONTH,
                                       .precision = WEIR_UNIT_YEAR,
                                       .scale = WEIR_UNIT_MONTH},
    [WEIR_TYPE_INTERVAL_DAY_TIME] = {.kind = WEIR_TYPE_INTERVAL_DAY_TIME,
                                     .precision = WEIR_UNIT_DAY,
                                     .scale = WEIR_UNIT_SECOND},
    [WEIR_TYPE_INTERVAL_CALENDAR] = {.kind = WEIR_TYPE_INTERVAL_CALENDAR},
    [WEIR_TYPE_STRUCT] = {.kind = WEIR_TYPE_STRUCT},
    [WEIR_TYPE_VARIANT] = {.kind = WEIR_TYPE_VARIANT},
};

const weir_type *weir_type_of(weir_type_kind kind) {
    WEIR_ASSERT(kind < WEIR_TYPE_COUNT && kind != WEIR_TYPE_ARRAY && kind != WEIR_TYPE_MAP);
    return &singletons[kind];
}

static weir_type *new_type(weir_arena *arena, weir_type_kind kind) {
    weir_type *type = WEIR_NEW(arena, weir_type);
    type->kind = kind;
    return type;
}

const weir_type *weir_type_decimal(weir_arena *arena, int32_t precision, int32_t scale) {
    weir_type *type = new_type(arena, WEIR_TYPE_DECIMAL);
    type->precision = precision;
    type->scale = scale;
    return type;
}

const weir_type *weir_type_string_of(weir_arena *arena, weir_type_kind kind, int32_t length) {
    WEIR_ASSERT(kind == WEIR_TYPE_STRING || kind == WEIR_TYPE_CHAR || kind == WEIR_TYPE_VARCHAR);
    if (kind == WEIR_TYPE_STRING)
        return weir_type_of(kind);
    weir_type *type = new_type(arena, kind);
    type->precision = length;
    return type;
}

const weir_type *weir_type_time(weir_arena *arena, int32_t precision) {
    weir_type *type = new_type(arena, WEIR_TYPE_TIME);
    type->precision = precision;
    return type;
}

const weir_type *weir_type_interval(weir_arena *arena, weir_type_kind kind, int32_t start_unit,
                                    int32_t end_unit) {
    WEIR_ASSERT(kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || kind == WEIR_TYPE_INTERVAL_DAY_TIME);
    weir_type *type = new_type(arena, kind);
    type->precision = start_unit;
    type->scale = end_unit;
    return type;
}

const weir_type *weir_type_array(weir_arena *arena, const weir_type *element, bool contains_null) {
    weir_type *type = new_type(arena, WEIR_TYPE_ARRAY);
    type->element = element;
    type->contains_null = contains_null;
    return type;
}

const weir_type *weir_type_map(weir_arena *arena, const weir_type *key, const weir_type *value,
                               bool value_contains_null) {
    weir_type *type = new_type(arena, WEIR_TYPE_MAP);
    type->element = key;
    type->value = value;
    type->contains_null = value_contains_null;
    return type;
}

const weir_type *weir_type_struct(weir_arena *arena, const weir_field *fields, int32_t count) {
    weir_type *type = new_type(arena, WEIR_TYPE_STRUCT);
    weir_field *copies = WEIR_NEW_ARRAY(arena, weir_field, count > 0 ? count : 1);
    for (int32_t i = 0; i < count; i++) {
        copies[i] = fields[i];
        copies[i].name = weir_arena_str(arena, fields[i].name);
        if (fields[i].metadata.size > 0)
            copies[i].metadata = weir_arena_str(arena, fields[i].metadata);
    }
    type->fields = copies;
    type->fields_count = count;
    return type;
}

const weir_type *weir_type_clone(weir_arena *arena, const weir_type *type) {
    weir_type *copy = WEIR_NEW(arena, weir_type);
    *copy = *type;
    if (type->element)
        copy->element = weir_type_clone(arena, type->element);
    if (type->value)
        copy->value = weir_type_clone(arena, type->value);
    if (type->kind == WEIR_TYPE_STRUCT) {
        weir_field *fields =
            WEIR_NEW_ARRAY(arena, weir_field, type->fields_count > 0 ? type->fields_count : 1);
        for (int32_t i = 0; i < type->fields_count; i++) {
            fields[i] = type->fields[i];
            fields[i].name = weir_arena_str(arena, type->fields[i].name);
            if (type->fields[i].metadata.size > 0)
                fields[i].metadata = weir_arena_str(arena, type->fields[i].metadata);
            fields[i].type = weir_type_clone(arena, type->fields[i].type);
        }
        copy->fields = fields;
    }
    return copy;
}

static bool equal(const weir_type *a, const weir_type *b, bool strict) {
    if (a == b)
        return true;
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
        a->collation != b->collation || a->fields_count != b->fields_count)
        return false;
    if (strict && a->contains_null != b->contains_null)
        return false;
    if (a->element && !equal(a->element, b->element, strict))
        return false;
    if (a->value && !equal(a->value, b->value, strict))
        return false;
    for (int32_t i = 0; i < a->fields_count; i++) {
        const weir_field *left = &a->fields[i], *right = &b->fields[i];
        if (strict ? !weir_str_equal(left->name, right->name) || left->nullable != right->nullable
                   : !weir_str_equal_nocase(left->name, right->name))
            return false;
        if (!equal(left->type, right->type, strict))
            return false;
    }
    return true;
}

bool weir_type_equal(const weir_type *a, const weir_type *b) {
    return equal(a, b, true);
}

bool weir_type_same(const weir_type *a, const weir_type *b) {
    return equal(a, b, false);
}

int32_t weir_type_width(const weir_type *type) {
    static const int8_t widths[WEIR_TYPE_COUNT] = {
        [WEIR_TYPE_BYTE] = 1,
        [WEIR_TYPE_SHORT] = 2,
        [WEIR_TYPE_INT] = 4,
        [WEIR_TYPE_LONG] = 8,
        [WEIR_TYPE_FLOAT] = 4,
        [WEIR_TYPE_DOUBLE] = 8,
        [WEIR_TYPE_DECIMAL] = 16,
        [WEIR_TYPE_DATE] = 4,
        [WEIR_TYPE_TIME] = 8,
        [WEIR_TYPE_TIMESTAMP] = 8,
        [WEIR_TYPE_TIMESTAMP_NTZ] = 8,
        [WEIR_TYPE_INTERVAL_YEAR_MONTH] = 4,
        [WEIR_TYPE_INTERVAL_DAY_TIME] = 8,
        [WEIR_TYPE_INTERVAL_CALENDAR] = 16,
    };
    return widths[type->kind];
}

int32_t weir_type_field_index(const weir_type *struct_type, weir_str name, bool case_sensitive) {
    int32_t found = -1;
    for (int32_t i = 0; i < struct_type->fields_count; i++) {
        weir_str other = struct_type->fields[i].name;
        if (case_sensitive ? weir_str_equal(other, name) : weir_str_equal_nocase(other, name)) {
            if (found >= 0)
                return -2;
            found = i;
        }
    }
    return found;
}

int32_t weir_type_children_count(const weir_type *type) {
    if (type->kind == WEIR_TYPE_STRUCT)
        return type->fields_count;
    if (type->kind == WEIR_TYPE_MAP || type->kind == WEIR_TYPE_VARIANT)
        return 2;
    return type->kind == WEIR_TYPE_ARRAY ? 1 : 0;
}

const weir_type *weir_type_child(const weir_type *type, int32_t i) {
    if (type->kind == WEIR_TYPE_STRUCT)
        return type->fields[i].type;
    if (type->kind == WEIR_TYPE_VARIANT)
        return weir_type_of(WEIR_TYPE_BINARY);
    return i == 0 ? type->element : type->value;
}
