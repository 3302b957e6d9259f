/* Types of + - * / % div pmod: string promotion, decimal rules, and the datetime forms, which are
 * rewritten to calls of hidden functions (Spark's ResolveBinaryArithmetic and DecimalPrecision). */
#include "common/expr/arithmetic_int.h"

#define NUMERIC_AND_INTERVAL \
    "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")"

static bool is_kind(const weir_node *node, weir_type_kind kind) {
    return node->type->kind == kind;
}

static bool is_timestamp(const weir_node *node) {
    return is_kind(node, WEIR_TYPE_TIMESTAMP) || is_kind(node, WEIR_TYPE_TIMESTAMP_NTZ);
}

static bool is_any_interval(const weir_node *node) {
    return is_kind(node, WEIR_TYPE_INTERVAL_YEAR_MONTH) || is_kind(node, WEIR_TYPE_INTERVAL_DAY_TIME) ||
           is_kind(node, WEIR_TYPE_INTERVAL_CALENDAR);
}

static bool is_days_only(const weir_type *type) {
    return type->kind == WEIR_TYPE_INTERVAL_DAY_TIME && type->precision == WEIR_UNIT_DAY &&
           type->scale == WEIR_UNIT_DAY;
}

static weir_node *call1(weir_resolve *resolve, const char *name, weir_node *a) {
    return weir_make_call(resolve, name, 1, &a);
}

static weir_node *call2(weir_resolve *resolve, const char *name, weir_node *a, weir_node *b) {
    return weir_make_call(resolve, name, 2, (weir_node *[]){a, b});
}

/* Adding an interval to something that holds a point in time; the result has the point's type. */
static weir_node *add_interval(weir_resolve *resolve, weir_node *time, weir_node *interval, bool minus) {
    weir_node *amount = minus ? call1(resolve, "negative", interval) : interval;
    if (is_kind(time, WEIR_TYPE_DATE) && is_days_only(interval->type))
        return call2(resolve, minus ? "date_sub" : "date_add", time,
                     call1(resolve, "weir_interval_days", interval));
    if (is_kind(time, WEIR_TYPE_DATE) && is_kind(interval, WEIR_TYPE_INTERVAL_DAY_TIME))
        time = weir_coerce_cast(resolve, time, weir_type_of(WEIR_TYPE_TIMESTAMP));
    if (is_kind(time, WEIR_TYPE_DATE) && is_kind(interval, WEIR_TYPE_INTERVAL_CALENDAR))
        return call2(resolve, "weir_date_add_interval", time, amount);
    if (weir_type_is_string(time->type)) {
        weir_node *stamp = weir_coerce_cast(resolve, time, weir_type_of(WEIR_TYPE_TIMESTAMP));
        weir_node_cast *text = WEIR_NODE_NEW(resolve->arena, CAST, cast);
        text->child = call2(resolve, "weir_time_add", stamp, amount);
        text->mode = resolve->ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
        text->node.type = time->type;
        return &text->node;
    }
    return call2(resolve, "weir_time_add", time, amount);
}

static bool is_point(const weir_node *node) {
    return is_kind(node, WEIR_TYPE_DATE) || is_timestamp(node);
}

/* NULL beside a point in time counts as an interval. */
static weir_node *add_null(weir_resolve *resolve, weir_node *time) {
    weir_node *interval = weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_INTERVAL_DAY_TIME));
    return add_interval(resolve, time, interval, false);
}

/* Does `interval` move `time`? Months move points only; the rest is tried on anything but NULL. */
static bool moves(const weir_node *time, const weir_node *interval) {
    if (is_kind(interval, WEIR_TYPE_INTERVAL_YEAR_MONTH))
        return is_point(time);
    return is_any_interval(interval) && !is_kind(time, WEIR_TYPE_NULL) &&
           time->type->kind != interval->type->kind;
}

/* ANSI: text beside a DATE is a DATE. */
static weir_node *text_as_date(weir_resolve *resolve, weir_node *node, const weir_node *other) {
    if (resolve->ansi && weir_type_is_string(node->type) && is_kind(other, WEIR_TYPE_DATE))
        return weir_coerce_cast(resolve, node, weir_type_of(WEIR_TYPE_DATE));
    return node;
}

static weir_node *rewrite_add(weir_resolve *resolve, weir_node *l, weir_node *r) {
    if (moves(l, r))
        return add_interval(resolve, l, r, false);
    if (moves(r, l))
        return add_interval(resolve, r, l, false);
    if (is_point(l) && is_kind(r, WEIR_TYPE_NULL))
        return add_null(resolve, l);
    if (is_point(r) && is_kind(l, WEIR_TYPE_NULL))
        return add_null(resolve, r);
    l = text_as_date(resolve, l, r);
    r = text_as_date(resolve, r, l);
    if (is_kind(l, WEIR_TYPE_DATE))
        return call2(resolve, "date_add", l, r);
    if (is_kind(r, WEIR_TYPE_DATE))
        return call2(resolve, "date_add", r, l);
    return NULL;
}

static weir_node *rewrite_subtract(weir_resolve *resolve, weir_node *l, weir_node *r) {
    if (moves(l, r))
        return add_interval(resolve, l, r, true);
    if (is_timestamp(l) || is_timestamp(r))
        return call2(resolve, "weir_subtract_timestamps", l, r);
    r = text_as_date(resolve, r, l);
    if (is_kind(r, WEIR_TYPE_DATE))
        return call2(resolve, "weir_subtract_dates", l, r);
    if (is_kind(l, WEIR_TYPE_DATE) && !weir_type_is_string(r->type))
        return call2(resolve, "date_sub", l, r);
    return NULL;
}

static weir_node *rewrite_scale(weir_resolve *resolve, weir_node *l, weir_node *r, bool divide) {
    bool months_right = is_kind(r, WEIR_TYPE_INTERVAL_YEAR_MONTH) && is_kind(l, WEIR_TYPE_INTERVAL_DAY_TIME);
    if (is_any_interval(l) && (divide || !months_right))
        return call2(resolve, divide ? "weir_divide_interval" : "weir_multiply_interval", l, r);
    if (is_any_interval(r) && !divide)
        return call2(resolve, "weir_multiply_interval", r, l);
    return NULL;
}

static weir_node *rewrite_datetime(weir_resolve *resolve, weir_arithmetic op, weir_node **args) {
    switch (op) {
    case WEIR_ARITHMETIC_ADD:
        return rewrite_add(resolve, args[0], args[1]);
    case WEIR_ARITHMETIC_SUBTRACT:
        return rewrite_subtract(resolve, args[0], args[1]);
    case WEIR_ARITHMETIC_MULTIPLY:
        return rewrite_scale(resolve, args[0], args[1], false);
    case WEIR_ARITHMETIC_DIVIDE:
        return rewrite_scale(resolve, args[0], args[1], true);
    default:
        return NULL;
    }
}

/* ---- numbers ---- */
/* An integer literal next to a decimal counts with its own digits, not with its type's. */
static const weir_type *decimal_operand(weir_arena *arena, const weir_node *node) {
    if (node->kind != WEIR_NODE_LITERAL || !weir_type_is_integral(node->type) || node->nullable)
        return weir_decimal_for(arena, node->type);
    const weir_column *value = ((const weir_node_literal *)node)->value;
    int64_t number = 0;
    memcpy(&number, value->values, (size_t)weir_type_width(node->type));
    switch (node->type->kind) {
    case WEIR_TYPE_BYTE:
        number = (int8_t)number;
        break;
    case WEIR_TYPE_SHORT:
        number = (int16_t)number;
        break;
    case WEIR_TYPE_INT:
        number = (int32_t)number;
        break;
    default:
        break;
    }
    int32_t digits = 1;
    while (digits < 19 && (number > (int64_t)weir_decimal_pow10[digits] - 1 ||
                           number < 1 - (int64_t)weir_decimal_pow10[digits]))
        digits++;
    return weir_type_decimal(arena, digits, 0);
}

void weir_arithmetic_decimal_operands(weir_resolve *resolve, weir_node **args) {
    bool left = is_kind(args[0], WEIR_TYPE_DECIMAL), right = is_kind(args[1], WEIR_TYPE_DECIMAL);
    if (left == right)
        return;
    int32_t other = left ? 1 : 0;
    if (weir_type_is_integral(args[other]->type)) {
        args[other] = weir_coerce_cast(resolve, args[other], decimal_operand(resolve->arena, args[other]));
    } else if (is_kind(args[other], WEIR_TYPE_FLOAT) || is_kind(args[other], WEIR_TYPE_DOUBLE)) {
        args[1 - other] = weir_coerce_cast(resolve, args[1 - other], weir_type_of(WEIR_TYPE_DOUBLE));
    } else if (is_kind(args[other], WEIR_TYPE_NULL)) {
        args[other] = weir_coerce_cast(resolve, args[other], args[1 - other]->type);
    }
}

static void promote_strings(weir_resolve *resolve, weir_node **args) {
    for (int32_t i = 0; i < 2; i++) {
        if (!weir_type_is_string(args[i]->type))
            continue;
        const weir_type *other = args[1 - i]->type;
        const weir_type *to = NULL;
        if (!resolve->ansi)
            to = is_any_interval(args[1 - i]) ? NULL : weir_type_of(WEIR_TYPE_DOUBLE);
        else if (!weir_type_is_string(other))
            to = weir_coerce_common(resolve->arena, true, args[i]->type, other);
        if (to == NULL)
            continue;
        args[i] = weir_coerce_cast(resolve, args[i], to);
        if (resolve->ansi && other->kind == WEIR_TYPE_NULL)
            args[1 - i] = weir_literal_null(resolve->arena, to);
        else if (resolve->ansi)
            args[1 - i] = weir_coerce_cast(resolve, args[1 - i], to);
    }
}

static bool is_number_or_null(const weir_node *node) {
    return weir_type_is_numeric(node->type) || is_kind(node, WEIR_TYPE_NULL);
}

static void coerce_operands(weir_resolve *resolve, weir_arithmetic op, weir_node **args) {
    promote_strings(resolve, args);
    if (op == WEIR_ARITHMETIC_DIVIDE && is_kind(args[0], WEIR_TYPE_NULL) &&
        is_kind(args[1], WEIR_TYPE_DECIMAL))
        args[1] = weir_coerce_cast(resolve, args[1], weir_type_of(WEIR_TYPE_DOUBLE));
    weir_arithmetic_decimal_operands(resolve, args);
    bool decimal = is_kind(args[0], WEIR_TYPE_DECIMAL) || is_kind(args[1], WEIR_TYPE_DECIMAL);
    if (op == WEIR_ARITHMETIC_DIVIDE && !decimal && is_number_or_null(args[0]) &&
        is_number_or_null(args[1])) {
        for (int32_t i = 0; i < 2; i++)
            args[i] = weir_coerce_cast(resolve, args[i], weir_type_of(WEIR_TYPE_DOUBLE));
        return;
    }
    if (op == WEIR_ARITHMETIC_DIV && !decimal)
        for (int32_t i = 0; i < 2; i++)
            if (weir_type_is_integral(args[i]->type))
                args[i] = weir_coerce_cast(resolve, args[i], weir_type_of(WEIR_TYPE_LONG));
    if (decimal || weir_type_same(args[0]->type, args[1]->type))
        return;
    const weir_type *common =
        weir_coerce_tightest(resolve->arena, resolve->ansi, args[0]->type, args[1]->type);
    bool accepted =
        common && (op == WEIR_ARITHMETIC_DIV
                       ? common->kind == WEIR_TYPE_LONG || common->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ||
                             common->kind == WEIR_TYPE_INTERVAL_DAY_TIME
                       : weir_type_is_numeric(common) || common->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ||
                             common->kind == WEIR_TYPE_INTERVAL_DAY_TIME ||
                             common->kind == WEIR_TYPE_INTERVAL_CALENDAR);
    if (accepted)
        for (int32_t i = 0; i < 2; i++)
            args[i] = weir_coerce_cast(resolve, args[i], common);
}

static const char *required_types(weir_arithmetic op) {
    switch (op) {
    case WEIR_ARITHMETIC_ADD:
    case WEIR_ARITHMETIC_SUBTRACT:
        return NUMERIC_AND_INTERVAL;
    case WEIR_ARITHMETIC_DIVIDE:
        return "(\"DOUBLE\" or \"DECIMAL\")";
    case WEIR_ARITHMETIC_DIV:
        return "(\"BIGINT\" or \"DECIMAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")";
    default:
        return "\"NUMERIC\"";
    }
}

static bool accepts(weir_arithmetic op, const weir_type *type) {
    bool interval = type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || type->kind == WEIR_TYPE_INTERVAL_DAY_TIME;
    switch (op) {
    case WEIR_ARITHMETIC_ADD:
    case WEIR_ARITHMETIC_SUBTRACT:
        return weir_type_is_numeric(type) || interval || type->kind == WEIR_TYPE_INTERVAL_CALENDAR;
    case WEIR_ARITHMETIC_DIVIDE:
        return type->kind == WEIR_TYPE_DOUBLE || type->kind == WEIR_TYPE_DECIMAL;
    case WEIR_ARITHMETIC_DIV:
        return type->kind == WEIR_TYPE_LONG || type->kind == WEIR_TYPE_DECIMAL || interval;
    default:
        return weir_type_is_numeric(type);
    }
}

static const weir_type *decimal_result(weir_arena *arena, weir_arithmetic op, const weir_type *a,
                                       const weir_type *b) {
    int32_t scale = WEIR_MAX(a->scale, b->scale);
    int32_t whole_a = a->precision - a->scale, whole_b = b->precision - b->scale;
    switch (op) {
    case WEIR_ARITHMETIC_ADD:
    case WEIR_ARITHMETIC_SUBTRACT:
        return weir_decimal_adjusted(arena, WEIR_MAX(whole_a, whole_b) + scale + 1, scale);
    case WEIR_ARITHMETIC_MULTIPLY:
        return weir_decimal_adjusted(arena, a->precision + b->precision + 1, a->scale + b->scale);
    case WEIR_ARITHMETIC_DIVIDE:
        scale = WEIR_MAX(6, a->scale + b->precision + 1);
        return weir_decimal_adjusted(arena, whole_a + b->scale + scale, scale);
    default:
        return weir_decimal_adjusted(arena, WEIR_MIN(whole_a, whole_b) + scale, scale);
    }
}

/* The call as messages show it: a NULL operand that became typed prints as NULL. */
static const char *shown_sql(weir_resolve *resolve, weir_node *const *args) {
    if (resolve->call->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        return weir_quoted_sql(resolve->arena, resolve->call);
    weir_node_unresolved_function *shown =
        (weir_node_unresolved_function *)weir_node_copy(resolve->arena, resolve->call);
    shown->args = weir_node_list_of(resolve->arena, shown->args.items, shown->args.count);
    for (int32_t i = 0; i < 2; i++)
        if (shown->args.items[i]->type && is_kind(shown->args.items[i], WEIR_TYPE_NULL) &&
            !is_kind(args[i], WEIR_TYPE_NULL))
            shown->args.items[i] = weir_literal_null(resolve->arena, args[i]->type);
    return weir_quoted_sql(resolve->arena, &shown->node);
}

weir_code weir_arithmetic_resolve(weir_arithmetic op, WEIR_RESOLVE_PARAMS) {
    (void)args_count;
    (void)function;
    weir_node *rewrite = rewrite_datetime(resolve, op, args);
    if (rewrite) {
        *ret_rewrite = rewrite;
        return WEIR_OK;
    }
    coerce_operands(resolve, op, args);
    const weir_type *a = args[0]->type, *b = args[1]->type;
    if (a->kind == WEIR_TYPE_NULL && b->kind == WEIR_TYPE_NULL)
        for (int32_t i = 0; i < 2; i++)
            args[i] =
                weir_coerce_cast(resolve, args[i],
                                 weir_type_of(op == WEIR_ARITHMETIC_DIV ? WEIR_TYPE_LONG : WEIR_TYPE_DOUBLE));
    a = args[0]->type, b = args[1]->type;
    bool both_decimal = a->kind == WEIR_TYPE_DECIMAL && b->kind == WEIR_TYPE_DECIMAL;
    if (!weir_type_same(a, b) && !both_decimal)
        WEIR_RAISE(err, DATATYPE_MISMATCH__BINARY_OP_DIFF_TYPES, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "left",
                   weir_quoted_type(resolve->arena, a), "right", weir_quoted_type(resolve->arena, b));
    if (!accepts(op, a))
        WEIR_RAISE(err, DATATYPE_MISMATCH__BINARY_OP_WRONG_TYPE, "sqlExpr", shown_sql(resolve, args),
                   "inputType", required_types(op), "actualDataType", weir_quoted_type(resolve->arena, a));
    *ret_nullable = weir_any_nullable(args, 2);
    if (op == WEIR_ARITHMETIC_DIVIDE || op == WEIR_ARITHMETIC_DIV || op >= WEIR_ARITHMETIC_REMAINDER)
        *ret_nullable = true; /* DivModLike: under ANSI too */
    if (op == WEIR_ARITHMETIC_DIV)
        *ret_type = weir_type_of(WEIR_TYPE_LONG);
    else
        *ret_type = both_decimal ? decimal_result(resolve->arena, op, a, b) : a;
    if (both_decimal)
        *ret_nullable |= !resolve->ansi;
    return WEIR_OK;
}
