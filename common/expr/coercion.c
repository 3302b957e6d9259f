/* Type rules: which casts exist, common types, and decimal result types, for Spark's ANSI and legacy
 * modes. Pure functions over types; new types live in the given arena. Any thread. */
#include "common/expr/expr_int.h"

/* ---- decimals ---- */
#define MINIMUM_ADJUSTED_SCALE 6

const weir_type *weir_decimal_bounded(weir_arena *arena, int32_t precision, int32_t scale) {
    return weir_type_decimal(arena, WEIR_MIN(precision, 38), WEIR_MIN(scale, 38));
}

/* Gives up fraction digits (at most down to six) where the precision does not fit. */
const weir_type *weir_decimal_adjusted(weir_arena *arena, int32_t precision, int32_t scale) {
    if (precision <= WEIR_DECIMAL_MAX_PRECISION)
        return weir_type_decimal(arena, precision, scale);
    int32_t integral = precision - scale;
    int32_t scale_min = WEIR_MIN(scale, MINIMUM_ADJUSTED_SCALE);
    int32_t adjusted = WEIR_MAX(WEIR_DECIMAL_MAX_PRECISION - integral, scale_min);
    return weir_type_decimal(arena, WEIR_DECIMAL_MAX_PRECISION, adjusted);
}

const weir_type *weir_decimal_for(weir_arena *arena, const weir_type *type) {
    switch (type->kind) {
    case WEIR_TYPE_BYTE:
        return weir_type_decimal(arena, 3, 0);
    case WEIR_TYPE_SHORT:
        return weir_type_decimal(arena, 5, 0);
    case WEIR_TYPE_INT:
        return weir_type_decimal(arena, 10, 0);
    case WEIR_TYPE_LONG:
        return weir_type_decimal(arena, 20, 0);
    case WEIR_TYPE_FLOAT:
        return weir_type_decimal(arena, 14, 7);
    case WEIR_TYPE_DOUBLE:
        return weir_type_decimal(arena, 30, 15);
    default:
        return type;
    }
}

static bool decimal_is_wider(const weir_type *a, const weir_type *b) {
    return a->precision - a->scale >= b->precision - b->scale && a->scale >= b->scale;
}

/* The decimal that holds both; integral digits win where 38 digits do not suffice. */
static const weir_type *decimal_wider(weir_arena *arena, const weir_type *a, const weir_type *b) {
    int32_t scale = WEIR_MAX(a->scale, b->scale);
    int32_t range = WEIR_MAX(a->precision - a->scale, b->precision - b->scale);
    int32_t over = range + scale - WEIR_DECIMAL_MAX_PRECISION;
    if (over > 0)
        return weir_type_decimal(arena, WEIR_DECIMAL_MAX_PRECISION, WEIR_MAX(0, scale - over));
    return weir_type_decimal(arena, range + scale, scale);
}

/* ---- common types ---- */
static const weir_type *common_complex(weir_arena *arena, bool ansi, const weir_type *a, const weir_type *b,
                                       const weir_type *(*find)(weir_arena *, bool, const weir_type *,
                                                                const weir_type *)) {
    if (a->kind != b->kind)
        return NULL;
    if (a->kind == WEIR_TYPE_ARRAY) {
        const weir_type *element = find(arena, ansi, a->element, b->element);
        return element ? weir_type_array(arena, element, a->contains_null || b->contains_null) : NULL;
    }
    if (a->kind == WEIR_TYPE_MAP) {
        const weir_type *key = find(arena, ansi, a->element, b->element);
        const weir_type *value = key ? find(arena, ansi, a->value, b->value) : NULL;
        return value ? weir_type_map(arena, key, value, a->contains_null || b->contains_null) : NULL;
    }
    if (a->kind != WEIR_TYPE_STRUCT || a->fields_count != b->fields_count)
        return NULL;
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, a->fields_count + 1);
    for (int32_t i = 0; i < a->fields_count; i++) {
        const weir_type *type = find(arena, ansi, a->fields[i].type, b->fields[i].type);
        if (type == NULL || !weir_str_equal_nocase(a->fields[i].name, b->fields[i].name))
            return NULL;
        fields[i] = a->fields[i];
        fields[i].type = type;
        fields[i].nullable = a->fields[i].nullable || b->fields[i].nullable;
    }
    return weir_type_struct(arena, fields, a->fields_count);
}

static bool is_datetime(const weir_type *type) {
    return type->kind == WEIR_TYPE_DATE || type->kind == WEIR_TYPE_TIMESTAMP ||
           type->kind == WEIR_TYPE_TIMESTAMP_NTZ;
}

static const weir_type *common_datetime(const weir_type *a, const weir_type *b) {
    if (a->kind == WEIR_TYPE_TIMESTAMP || b->kind == WEIR_TYPE_TIMESTAMP)
        return weir_type_of(WEIR_TYPE_TIMESTAMP);
    return weir_type_of(WEIR_TYPE_TIMESTAMP_NTZ);
}

static const weir_type *common_number(bool ansi, const weir_type *a, const weir_type *b) {
    weir_type_kind wider = WEIR_MAX(a->kind, b->kind);
    if (ansi && wider == WEIR_TYPE_FLOAT && a->kind != b->kind)
        wider = WEIR_TYPE_DOUBLE; /* an integer does not fit a float */
    return weir_type_of(wider);
}

const weir_type *weir_coerce_tightest(weir_arena *arena, bool ansi, const weir_type *a, const weir_type *b) {
    if (weir_type_equal(a, b))
        return a;
    if (a->kind == WEIR_TYPE_NULL)
        return b;
    if (b->kind == WEIR_TYPE_NULL)
        return a;
    if (weir_type_is_integral(a) && b->kind == WEIR_TYPE_DECIMAL &&
        decimal_is_wider(b, weir_decimal_for(arena, a)))
        return b;
    if (weir_type_is_integral(b) && a->kind == WEIR_TYPE_DECIMAL &&
        decimal_is_wider(a, weir_decimal_for(arena, b)))
        return a;
    if (weir_type_is_numeric(a) && weir_type_is_numeric(b) && a->kind != WEIR_TYPE_DECIMAL &&
        b->kind != WEIR_TYPE_DECIMAL)
        return common_number(ansi, a, b);
    if (is_datetime(a) && is_datetime(b))
        return common_datetime(a, b);
    if (a->kind == WEIR_TYPE_TIME && b->kind == WEIR_TYPE_TIME)
        return a->precision >= b->precision ? a : b;
    if (a->kind == b->kind &&
        (a->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || a->kind == WEIR_TYPE_INTERVAL_DAY_TIME))
        return weir_type_interval(arena, a->kind, WEIR_MIN(a->precision, b->precision),
                                  WEIR_MAX(a->scale, b->scale));
    return common_complex(arena, ansi, a, b, weir_coerce_tightest);
}

static const weir_type *common_decimal(weir_arena *arena, const weir_type *a, const weir_type *b) {
    if (a->kind != WEIR_TYPE_DECIMAL && b->kind != WEIR_TYPE_DECIMAL)
        return NULL;
    if (!weir_type_is_numeric(a) || !weir_type_is_numeric(b))
        return NULL;
    if (a->kind == WEIR_TYPE_FLOAT || a->kind == WEIR_TYPE_DOUBLE || b->kind == WEIR_TYPE_FLOAT ||
        b->kind == WEIR_TYPE_DOUBLE)
        return weir_type_of(WEIR_TYPE_DOUBLE);
    return decimal_wider(arena, weir_decimal_for(arena, a), weir_decimal_for(arena, b));
}

static bool is_atomic(const weir_type *type) {
    return !weir_type_is_nested(type) && type->kind != WEIR_TYPE_NULL &&
           type->kind != WEIR_TYPE_INTERVAL_CALENDAR && type->kind != WEIR_TYPE_VARIANT;
}

/* ANSI: a string next to another type becomes that type (BIGINT and DOUBLE for numbers). */
static const weir_type *promote_string_ansi(const weir_type *other) {
    if (weir_type_is_integral(other))
        return weir_type_of(WEIR_TYPE_LONG);
    if (weir_type_is_numeric(other))
        return weir_type_of(WEIR_TYPE_DOUBLE);
    if (other->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || other->kind == WEIR_TYPE_INTERVAL_DAY_TIME)
        return NULL;
    return is_atomic(other) ? other : NULL;
}

static const weir_type *promote_string(bool ansi, const weir_type *a, const weir_type *b) {
    bool string_a = weir_type_is_string(a), string_b = weir_type_is_string(b);
    if (string_a && string_b)
        return a->collation == b->collation ? weir_type_of(WEIR_TYPE_STRING) : NULL;
    if (!string_a && !string_b)
        return NULL;
    const weir_type *other = string_a ? b : a;
    if (ansi)
        return promote_string_ansi(other);
    if (!is_atomic(other) || other->kind == WEIR_TYPE_BINARY || other->kind == WEIR_TYPE_BOOLEAN)
        return NULL;
    return weir_type_of(WEIR_TYPE_STRING);
}

const weir_type *weir_coerce_common(weir_arena *arena, bool ansi, const weir_type *a, const weir_type *b) {
    const weir_type *type = weir_coerce_tightest(arena, ansi, a, b);
    if (type == NULL)
        type = common_decimal(arena, a, b);
    if (type == NULL)
        type = promote_string(ansi, a, b);
    if (type == NULL)
        type = common_complex(arena, ansi, a, b, weir_coerce_common);
    return type;
}

const weir_type *weir_coerce_all(weir_resolve *resolve, weir_node **args, int32_t from, int32_t count) {
    const weir_type *type = weir_type_of(WEIR_TYPE_NULL);
    /* legacy: strings first, since promotion to string is not associative */
    for (int32_t pass = 0; pass < 2; pass++)
        for (int32_t i = from; i < count; i++) {
            bool first = !resolve->ansi && weir_type_is_string(args[i]->type);
            if (type && first == (pass == 0))
                type = weir_coerce_common(resolve->arena, resolve->ansi, type, args[i]->type);
        }
    if (type == NULL)
        return NULL;
    for (int32_t i = from; i < count; i++)
        args[i] = weir_coerce_cast(resolve, args[i], type);
    return type;
}

static bool decimal_takes_all(const weir_type *from, const weir_type *to) {
    if (from->kind == WEIR_TYPE_BOOLEAN)
        return to->precision - to->scale >= 1;
    if (from->kind == WEIR_TYPE_DECIMAL)
        return decimal_is_wider(to, from);
    if (!weir_type_is_integral(from))
        return false;
    static const int32_t digits[] = {3, 5, 10, 20};
    return to->precision - to->scale >= digits[from->kind - WEIR_TYPE_BYTE];
}

bool weir_coerce_cast_nullable(const weir_type *from, const weir_type *to) {
    if (from->kind == WEIR_TYPE_NULL || weir_type_same(from, to))
        return false;
    if (from->kind == WEIR_TYPE_VARIANT)
        return true;
    if (weir_type_is_string(from))
        return to->kind != WEIR_TYPE_BINARY && !weir_type_is_string(to);
    if (weir_type_is_string(to))
        return false;
    bool floating = from->kind == WEIR_TYPE_FLOAT || from->kind == WEIR_TYPE_DOUBLE;
    if (from->kind == WEIR_TYPE_TIMESTAMP && weir_type_is_integral(to))
        return to->kind != WEIR_TYPE_LONG;
    if (floating && to->kind == WEIR_TYPE_TIMESTAMP)
        return true;
    if (to->kind == WEIR_TYPE_DATE)
        return from->kind != WEIR_TYPE_TIMESTAMP;
    if (to->kind == WEIR_TYPE_INTERVAL_CALENDAR)
        return true;
    if (to->kind == WEIR_TYPE_DECIMAL)
        return !decimal_takes_all(from, to);
    return (floating || from->kind == WEIR_TYPE_DECIMAL) && weir_type_is_integral(to);
}

weir_node *weir_coerce_cast(weir_resolve *resolve, weir_node *expr, const weir_type *type) {
    if (weir_type_same(expr->type, type))
        return expr;
    if (expr->kind == WEIR_NODE_LITERAL && expr->type->kind == WEIR_TYPE_NULL) {
        weir_node *literal = weir_literal_null(resolve->arena, type);
        literal->start = expr->start;
        literal->stop = expr->stop;
        return literal;
    }
    weir_node_cast *cast = WEIR_NODE_NEW(resolve->arena, CAST, cast);
    cast->child = expr;
    cast->mode = resolve->ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
    cast->node.type = type;
    cast->node.resolved = true;
    cast->node.nullable = expr->nullable || weir_coerce_cast_nullable(expr->type, type);
    if (resolve->call) {
        cast->node.start = resolve->call->start;
        cast->node.stop = resolve->call->stop;
    }
    return &cast->node;
}

/* ---- casts ---- */
static bool is_interval(weir_type_kind kind) {
    return kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || kind == WEIR_TYPE_INTERVAL_DAY_TIME;
}

static bool cast_complex(const weir_type *from, const weir_type *to, weir_cast_mode mode) {
    if (from->kind == WEIR_TYPE_ARRAY)
        return weir_coerce_can_cast(from->element, to->element, mode) &&
               (!from->contains_null || to->contains_null);
    if (from->kind == WEIR_TYPE_MAP)
        return weir_coerce_can_cast(from->element, to->element, mode) &&
               weir_coerce_can_cast(from->value, to->value, mode) &&
               (!from->contains_null || to->contains_null);
    if (from->fields_count != to->fields_count)
        return false;
    for (int32_t i = 0; i < from->fields_count; i++)
        if (!weir_coerce_can_cast(from->fields[i].type, to->fields[i].type, mode) ||
            (from->fields[i].nullable && !to->fields[i].nullable))
            return false;
    return true;
}

static bool cast_to_variant(const weir_type *from) {
    return !is_interval(from->kind) && from->kind != WEIR_TYPE_INTERVAL_CALENDAR &&
           from->kind != WEIR_TYPE_STRUCT && from->kind != WEIR_TYPE_MAP;
}

static bool cast_from_number(const weir_type *from, const weir_type *to, bool ansi) {
    bool exact = from->kind <= WEIR_TYPE_LONG || from->kind == WEIR_TYPE_DECIMAL;
    if (weir_type_is_numeric(to) || to->kind == WEIR_TYPE_BOOLEAN || to->kind == WEIR_TYPE_TIMESTAMP)
        return true;
    if (to->kind == WEIR_TYPE_TIME)
        return exact;
    if (to->kind == WEIR_TYPE_BINARY)
        return !ansi && weir_type_is_integral(from);
    return exact && is_interval(to->kind);
}

static bool cast_from_datetime(const weir_type *from, const weir_type *to, bool ansi) {
    bool date = from->kind == WEIR_TYPE_DATE, zoned = from->kind == WEIR_TYPE_TIMESTAMP;
    if (is_datetime(to) || (to->kind == WEIR_TYPE_TIME && !date))
        return true;
    if (weir_type_is_numeric(to))
        return zoned || (date && !ansi);
    return to->kind == WEIR_TYPE_BOOLEAN && !ansi && (zoned || date);
}

bool weir_coerce_can_cast(const weir_type *from, const weir_type *to, weir_cast_mode mode) {
    bool ansi = mode != WEIR_CAST_LEGACY;
    if (from->kind == WEIR_TYPE_NULL || weir_type_same(from, to) || weir_type_is_string(to))
        return true;
    if (to->kind == WEIR_TYPE_NULL)
        return false;
    if (to->kind == WEIR_TYPE_VARIANT)
        return cast_to_variant(from);
    if (from->kind == WEIR_TYPE_VARIANT)
        return !is_interval(to->kind) && to->kind != WEIR_TYPE_INTERVAL_CALENDAR &&
               to->kind != WEIR_TYPE_TIME;
    if (weir_type_is_nested(from) || weir_type_is_nested(to))
        return from->kind == to->kind && cast_complex(from, to, mode);
    if (weir_type_is_string(from))
        return true;
    if (from->kind == WEIR_TYPE_BOOLEAN)
        return weir_type_is_numeric(to) || (to->kind == WEIR_TYPE_TIMESTAMP && !ansi);
    if (weir_type_is_numeric(from))
        return cast_from_number(from, to, ansi);
    if (is_datetime(from))
        return cast_from_datetime(from, to, ansi);
    if (from->kind == WEIR_TYPE_TIME)
        return to->kind == WEIR_TYPE_TIME || weir_type_is_integral(to) || to->kind == WEIR_TYPE_DECIMAL ||
               to->kind == WEIR_TYPE_TIMESTAMP || to->kind == WEIR_TYPE_TIMESTAMP_NTZ;
    if (is_interval(from->kind))
        return to->kind == from->kind || weir_type_is_integral(to) || to->kind == WEIR_TYPE_DECIMAL;
    return false;
}
