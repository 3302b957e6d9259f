/* SQL text of expressions (expr_text.h, weir_expr_sql). Unresolved and resolved calls print alike, by the
 * function's name; the tables below hold what Spark prints differently. */
#include "common/plan/expr_text.h"

#include "common/expr/function.h"
#include "common/types/datetime.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

typedef struct text_state {
    weir_strbuf *buf;
    const weir_expr_text *options;
} text_state;

static void add_expr(text_state *s, const weir_node *expr);

/* ---- literals ---- */

static void add_hex(weir_strbuf *buf, weir_str bytes) {
    weir_strbuf_add_text(buf, "X'");
    for (size_t i = 0; i < bytes.size; i++)
        weir_strbuf_addf(buf, "%02X", (unsigned char)bytes.data[i]);
    weir_strbuf_add_char(buf, '\'');
}

static void add_quoted(weir_strbuf *buf, const char *type, const char *text, int size) {
    weir_strbuf_addf(buf, "%s '%.*s'", type, size, text);
}

static void add_number(weir_strbuf *buf, const weir_type *type, const void *value) {
    char text[WEIR_NUMBER_TEXT_MAX + 32];
    float single;
    double number;
    switch (type->kind) {
    case WEIR_TYPE_BYTE:
        weir_strbuf_addf(buf, "%d", *(const int8_t *)value);
        break;
    case WEIR_TYPE_SHORT:
        weir_strbuf_addf(buf, "%d", *(const int16_t *)value);
        break;
    case WEIR_TYPE_INT:
        weir_strbuf_addf(buf, "%d", *(const int32_t *)value);
        break;
    case WEIR_TYPE_LONG:
        weir_strbuf_addf(buf, "%lld", (long long)*(const int64_t *)value);
        break;
    case WEIR_TYPE_FLOAT:
        memcpy(&single, value, sizeof single);
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_float_format(single, text)));
        break;
    case WEIR_TYPE_DOUBLE:
        memcpy(&number, value, sizeof number);
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_double_format(number, text)));
        break;
    default:
        weir_strbuf_add(
            buf, weir_str_make(text, (size_t)weir_decimal_format(weir_load128(value), type->scale, text)));
        break;
    }
}

static void add_time_value(weir_strbuf *buf, const weir_type *type, const void *value,
                           const weir_timezone *zone) {
    char text[WEIR_DATETIME_TEXT_MAX];
    int64_t wide = 0;
    memcpy(&wide, value, (size_t)weir_type_width(type) == 4 ? 4 : 8);
    switch (type->kind) {
    case WEIR_TYPE_DATE:
        add_quoted(buf, "DATE", text, weir_date_format((int32_t)wide, text));
        break;
    case WEIR_TYPE_TIME:
        add_quoted(buf, "TIME", text, weir_time_format(wide, text));
        break;
    case WEIR_TYPE_TIMESTAMP:
        add_quoted(buf, "TIMESTAMP", text,
                   weir_timestamp_format(wide, zone ? zone : weir_timezone_utc(), text));
        break;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        add_quoted(buf, "TIMESTAMP_NTZ", text, weir_timestamp_ntz_format(wide, text));
        break;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        weir_interval_year_month_text(buf, (int32_t)wide, type);
        break;
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        weir_interval_day_time_text(buf, wide, type);
        break;
    default:
        weir_strbuf_add_text(buf, "?");
        break;
    }
}

void weir_expr_text_literal(weir_strbuf *buf, const weir_node_literal *literal, const weir_timezone *zone) {
    const weir_column *value = literal->value;
    const weir_type *type = value->type;
    if (weir_column_is_null(value, 0))
        weir_strbuf_add_text(buf, "NULL");
    else if (type->kind == WEIR_TYPE_BOOLEAN)
        weir_strbuf_add_text(buf, weir_bit_get(value->values, 0) ? "true" : "false");
    else if (type->kind == WEIR_TYPE_BINARY)
        add_hex(buf, weir_column_bytes(value, 0));
    else if (weir_type_is_bytes(type))
        weir_strbuf_add(buf, weir_column_bytes(value, 0));
    else if (weir_type_is_numeric(type))
        add_number(buf, type, value->values);
    else if (type->kind >= WEIR_TYPE_DATE && type->kind <= WEIR_TYPE_INTERVAL_DAY_TIME)
        add_time_value(buf, type, value->values, zone);
    else
        weir_type_simple(buf, type); /* folded values of nested types have no short text */
}

/* ---- calls ---- */

/* Names that Spark prints in its own spelling. */
static const struct {
    const char *name, *text;
} spellings[] = {
    {"acos", "ACOS"},
    {"acosh", "ACOSH"},
    {"array_agg", "collect_list"},
    {"asin", "ASIN"},
    {"asinh", "ASINH"},
    {"atan", "ATAN"},
    {"atan2", "ATAN2"},
    {"atanh", "ATANH"},
    {"cbrt", "CBRT"},
    {"ceil", "CEIL"},
    {"cos", "COS"},
    {"cosh", "COSH"},
    {"cot", "COT"},
    {"csc", "CSC"},
    {"current_database", "current_schema"},
    {"degrees", "DEGREES"},
    {"e", "E"},
    {"exp", "EXP"},
    {"expm1", "EXPM1"},
    {"floor", "FLOOR"},
    {"hypot", "HYPOT"},
    {"log10", "LOG10"},
    {"log1p", "LOG1P"},
    {"log2", "LOG2"},
    {"pi", "PI"},
    {"power", "POWER"},
    {"radians", "RADIANS"},
    {"random", "rand"},
    {"regexp", "REGEXP"},
    {"regexp_like", "REGEXP_LIKE"},
    {"rlike", "RLIKE"},
    {"sec", "SEC"},
    {"signum", "SIGNUM"},
    {"sin", "SIN"},
    {"sinh", "SINH"},
    {"spark_partition_id", "SPARK_PARTITION_ID"},
    {"sqrt", "SQRT"},
    {"tan", "TAN"},
    {"dense_rank", "DENSE_RANK"},
    {"percent_rank", "PERCENT_RANK"},
    {"rank", "RANK"},
    {"tanh", "TANH"},
    {"to_varchar", "to_char"},
    {"weir_concat_arrays", "concat"},
    {"weir_reverse_array", "reverse"},
};

/* The lambdas that stand for a missing comparator and a missing finish. */
#define DEFAULT_COMPARATOR \
    "lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL))" \
    ", 0, (IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), -1, (I" \
    "F((namedlambdavariable() < namedlambdavariable()), -1, (IF((namedlambdavariable() > name" \
    "dlambdavariable()), 1, 0)))))))))), namedlambdavariable(), namedlambdavariable())"
#define IDENTITY "lambdafunction(namedlambdavariable(), namedlambdavariable())"

/* Arguments that Spark writes out where the user left them away. */
static const struct {
    const char *name;
    int32_t count;
    const char *text;
} defaults[] = {
    {"approx_percentile", 2, "10000"},
    {"aes_decrypt", 2, "GCM, DEFAULT, "},
    {"aes_decrypt", 3, "DEFAULT, "},
    {"aes_decrypt", 4, ""},
    {"aes_encrypt", 2, "GCM, DEFAULT, , "},
    {"aes_encrypt", 3, "DEFAULT, , "},
    {"aes_encrypt", 4, ", "},
    {"aes_encrypt", 5, ""},
    {"aggregate", 3, IDENTITY},
    {"array_sort", 1, DEFAULT_COMPARATOR},
    {"bround", 1, "0"},
    {"from_unixtime", 1, "yyyy-MM-dd HH:mm:ss"},
    {"hmac", 2, "SHA-256"},
    {"lag", 0, "NULL, 1, NULL"},
    {"lag", 1, "1, NULL"},
    {"lag", 2, "NULL"},
    {"lead", 0, "NULL, 1, NULL"},
    {"lead", 1, "1, NULL"},
    {"lead", 2, "NULL"},
    {"listagg", 1, "NULL"},
    {"locate", 2, "1"},
    {"lpad", 2, " "},
    {"make_dt_interval", 0, "0, 0, 0, 0.000000"},
    {"make_dt_interval", 1, "0, 0, 0.000000"},
    {"make_dt_interval", 2, "0, 0.000000"},
    {"make_dt_interval", 3, "0.000000"},
    {"make_interval", 0, "0, 0, 0, 0, 0, 0, 0.000000"},
    {"make_interval", 1, "0, 0, 0, 0, 0, 0.000000"},
    {"make_interval", 2, "0, 0, 0, 0, 0.000000"},
    {"make_interval", 3, "0, 0, 0, 0.000000"},
    {"make_interval", 4, "0, 0, 0.000000"},
    {"make_interval", 5, "0, 0.000000"},
    {"make_interval", 6, "0.000000"},
    {"make_ym_interval", 0, "0, 0"},
    {"make_ym_interval", 1, "0"},
    {"mask", 1, "X, x, n, NULL"},
    {"mask", 2, "x, n, NULL"},
    {"mask", 3, "n, NULL"},
    {"mask", 4, "NULL"},
    {"months_between", 2, "true"},
    {"ntile", 0, "1"},
    {"overlay", 3, "-1"},
    {"percentile", 2, "1"},
    {"percentile_approx", 2, "10000"},
    {"reduce", 3, IDENTITY},
    {"regexp_extract", 2, "1"},
    {"regexp_extract_all", 2, "1"},
    {"regexp_instr", 2, "0"},
    {"regexp_replace", 3, "1"},
    {"round", 1, "0"},
    {"rpad", 2, " "},
    {"sort_array", 1, "true"},
    {"split", 2, "-1"},
    {"string_agg", 1, "NULL"},
    {"str_to_map", 1, ",, :"},
    {"str_to_map", 2, ":"},
    {"substr", 2, "2147483647"},
    {"substring", 2, "2147483647"},
    {"to_unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"},
    {"try_make_interval", 0, "0, 0, 0, 0, 0, 0, 0.000000"},
    {"try_make_interval", 1, "0, 0, 0, 0, 0, 0.000000"},
    {"try_make_interval", 2, "0, 0, 0, 0, 0.000000"},
    {"try_make_interval", 3, "0, 0, 0, 0.000000"},
    {"try_make_interval", 4, "0, 0, 0.000000"},
    {"try_make_interval", 5, "0, 0.000000"},
    {"try_make_interval", 6, "0.000000"},
    {"try_aes_decrypt", 2, "GCM, DEFAULT, "},
    {"unix_timestamp", 0, "current_timestamp(), yyyy-MM-dd HH:mm:ss"},
    {"unix_timestamp", 1, "yyyy-MM-dd HH:mm:ss"},
};

static const char *const infix[] = {"+",  "-",  "*",   "/", "%",   "div", "&",  "|", "^",
                                    "<<", ">>", ">>>", "=", "<=>", "<",   "<=", ">", ">="};

static void add_args(text_state *s, weir_node_list args) {
    for (int32_t i = 0; i < args.count; i++) {
        if (i > 0)
            weir_strbuf_add_text(s->buf, ", ");
        add_expr(s, args.items[i]);
    }
}

static void add_around(text_state *s, const char *before, const weir_node *arg, const char *after) {
    weir_strbuf_add_text(s->buf, before);
    add_expr(s, arg);
    weir_strbuf_add_text(s->buf, after);
}

static bool add_operator(text_state *s, const char *name, weir_node_list args) {
    for (size_t i = 0; args.count == 2 && i < WEIR_ARRAY_LEN(infix); i++) {
        if (strcmp(name, infix[i]) != 0)
            continue;
        add_around(s, "(", args.items[0], " ");
        weir_strbuf_add_text(s->buf, name);
        add_around(s, " ", args.items[1], ")");
        return true;
    }
    if (args.count == 1) {
        static const struct {
            const char *name, *before, *after;
        } unary[] = {
            {"negative", "(- ", ")"},
            {"positive", "(+ ", ")"},
            {"not", "(NOT ", ")"},
            {"!", "(NOT ", ")"},
            {"~", "~", ""},
            {"isnull", "(", " IS NULL)"},
            {"isnotnull", "(", " IS NOT NULL)"},
        };
        for (size_t i = 0; i < WEIR_ARRAY_LEN(unary); i++) {
            if (strcmp(name, unary[i].name) != 0)
                continue;
            add_around(s, unary[i].before, args.items[0], unary[i].after);
            return true;
        }
    }
    return false;
}

/* value IN (a, b) and value LIKE pattern [ESCAPE 'c'] */
static bool add_predicate(text_state *s, const char *name, weir_node_list args) {
    if (strcmp(name, "in") == 0 && args.count > 1) {
        add_around(s, "(", args.items[0], " IN (");
        add_args(s, (weir_node_list){args.items + 1, args.count - 1});
        weir_strbuf_add_text(s->buf, "))");
        return true;
    }
    if (strcmp(name, "like") == 0 && args.count >= 2) {
        add_around(s, "", args.items[0], " LIKE ");
        add_expr(s, args.items[1]);
        if (args.count == 3)
            add_around(s, " ESCAPE '", args.items[2], "'");
        return true;
    }
    return false;
}

/* The field name of a struct(...) argument, as named_struct gets it; NULL text for colN. */
static weir_str argument_name(const weir_node *arg) {
    switch (arg->kind) {
    case WEIR_NODE_ALIAS:
        return WEIR_NODE_AS(arg, ALIAS, alias)->name;
    case WEIR_NODE_ATTRIBUTE:
        return WEIR_NODE_AS(arg, ATTRIBUTE, attribute)->name;
    case WEIR_NODE_UNRESOLVED_ATTRIBUTE: {
        weir_str_list parts = WEIR_NODE_AS(arg, UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts;
        return parts.items[parts.count - 1];
    }
    default:
        return (weir_str){0};
    }
}

/* (a, b) prints as the named_struct that it is. */
static void add_row(text_state *s, weir_node_list args) {
    weir_strbuf_add_text(s->buf, "named_struct(");
    for (int32_t i = 0; i < args.count; i++) {
        weir_str name = argument_name(args.items[i]);
        if (name.data)
            weir_strbuf_addf(s->buf, "%s" WEIR_STR_FMT ", ", i ? ", " : "", WEIR_STR_ARG(name));
        else
            weir_strbuf_addf(s->buf, "%scol%d, ", i ? ", " : "", i + 1);
        const weir_node *arg = args.items[i];
        add_expr(s, arg->kind == WEIR_NODE_ALIAS ? WEIR_NODE_AS(arg, ALIAS, alias)->child : arg);
    }
    weir_strbuf_add_char(s->buf, ')');
}

static void add_struct(text_state *s, weir_node_list args) {
    weir_strbuf_add_text(s->buf, "struct(");
    for (int32_t i = 0; i < args.count; i++) {
        if (i > 0)
            weir_strbuf_add_text(s->buf, ", ");
        add_expr(s, args.items[i]);
        if (args.items[i]->kind == WEIR_NODE_ALIAS)
            weir_strbuf_addf(s->buf, " AS " WEIR_STR_FMT,
                             WEIR_STR_ARG(WEIR_NODE_AS(args.items[i], ALIAS, alias)->name));
    }
    weir_strbuf_add_char(s->buf, ')');
}

/* int(x) and its kin print as their argument, like any cast that the user did not spell CAST. */
static bool is_cast_call(const char *name) {
    static const char *const names[] = {"boolean",   "tinyint", "smallint", "int",  "bigint",
                                        "float",     "double",  "decimal",  "date", "time",
                                        "timestamp", "binary",  "string"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Their schema and options are not shown. */
static bool is_json_call(const char *name) {
    return strcmp(name, "from_json") == 0 || strcmp(name, "to_json") == 0 ||
           strcmp(name, "schema_of_json") == 0;
}

static bool add_special_call(text_state *s, const char *name, weir_node_list args) {
    if (args.count == 1 && is_cast_call(name)) {
        add_expr(s, args.items[0]);
    } else if (args.count == 2 && strcmp(name, "weir_extract") == 0) {
        add_around(s, "", args.items[0], "[");
        add_around(s, "", args.items[1], "]");
    } else if (args.count == 3 && strcmp(name, "weir_element_field") == 0) { /* array, place, name */
        add_around(s, "", args.items[0], ".");
        add_expr(s, args.items[2]);
    } else if (strcmp(name, "if") == 0) {
        weir_strbuf_add_text(s->buf, "(IF(");
        add_args(s, args);
        weir_strbuf_add_text(s->buf, "))");
    } else if (strcmp(name, "extract") == 0 && args.count == 2) {
        add_around(s, "extract(", args.items[0], " FROM ");
        add_around(s, "", args.items[1], ")");
    } else if (args.count == 2 &&
               (strcmp(name, "trim") == 0 || strcmp(name, "ltrim") == 0 || strcmp(name, "rtrim") == 0)) {
        const char *side = name[0] == 't'   ? "TRIM(BOTH "
                           : name[0] == 'l' ? "TRIM(LEADING "
                                            : "TRIM(TRAILING ";
        add_around(s, side, args.items[0], " FROM ");
        add_around(s, "", args.items[1], ")");
    } else if (strcmp(name, "$row") == 0) {
        add_row(s, args);
    } else if (strcmp(name, "struct") == 0) {
        add_struct(s, args);
    } else if (strcmp(name, "window") == 0 && args.count >= 2 && args.count <= 4) {
        weir_strbuf_add_text(s->buf, "window");
    } else if (strcmp(name, "raise_error") == 0 && args.count == 1) {
        add_around(s, "raise_error(USER_RAISED_EXCEPTION, map(errorMessage, ", args.items[0], "))");
    } else if (strcmp(name, "assert_true") == 0 && args.count == 1) {
        add_around(s, "assert_true(", args.items[0], ", '");
        add_around(s, "", args.items[0], "' is not true!)");
    } else if (args.count >= 2 && is_json_call(name)) {
        weir_strbuf_addf(s->buf, "%s(", name);
        add_args(s, (weir_node_list){args.items, 1});
        weir_strbuf_add_char(s->buf, ')');
    } else if (args.count == 2 && strcmp(name, "log") == 0) {
        add_around(s, "LOG(", args.items[0], ", ");
        add_around(s, "", args.items[1], ")");
    } else if (strcmp(name, "convert_timezone") == 0 && args.count == 2) {
        weir_strbuf_add_text(s->buf, "convert_timezone(current_timezone(), ");
        add_args(s, args);
        weir_strbuf_add_char(s->buf, ')');
    } else if (args.count == 2 && (strcmp(name, "ceil") == 0 || strcmp(name, "floor") == 0)) {
        weir_strbuf_addf(s->buf, "%s(", name);
        add_args(s, args);
        weir_strbuf_add_char(s->buf, ')');
    } else if (strcmp(name, "log") == 0 && args.count == 1) {
        add_around(s, "LOG(E(), ", args.items[0], ")");
    } else {
        return false;
    }
    return true;
}

/* count(*) prints as count(1). */
static bool is_count_star(const char *name, weir_node_list args) {
    return strcmp(name, "count") == 0 && args.count == 1 &&
           args.items[0]->kind == WEIR_NODE_UNRESOLVED_STAR &&
           WEIR_NODE_AS(args.items[0], UNRESOLVED_STAR, unresolved_star)->target.count == 0;
}

/* WITHIN GROUP (ORDER BY ...): percentiles print the direction where it is DESC, mode the one that it looks
 * in. */
static void add_orders(text_state *s, const char *name, weir_node_list orders) {
    if (orders.count == 0)
        return;
    weir_strbuf_add_text(s->buf, " WITHIN GROUP (ORDER BY ");
    bool mode = strcmp(name, "mode") == 0;
    if (orders.count == 1 && (mode || strncmp(name, "percentile_", 11) == 0)) {
        const weir_node_sort_order *order = WEIR_NODE_AS(orders.items[0], SORT_ORDER, sort_order);
        add_around(s, "", order->child, order->ascending == mode ? " DESC" : "");
    } else {
        add_args(s, orders);
    }
    weir_strbuf_add_char(s->buf, ')');
}

/* Arguments that Spark leaves out: flags that it prints otherwise or not at all. */
static weir_node_list shown_args(const char *name, weir_node_list args) {
    static const char *const names[] = {"any_value", "approx_count_distinct", "first", "first_value", "last",
                                        "last_value"};
    for (size_t i = 0; args.count == 2 && i < WEIR_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            args.count = 1;
    return args;
}

/* mode(a, true) */
static bool add_mode(text_state *s, const char *name, weir_node_list args) {
    if (strcmp(name, "mode") != 0 || args.count != 2)
        return false;
    const weir_node *flag = args.items[1];
    bool picks = flag->kind == WEIR_NODE_LITERAL && flag->type->kind == WEIR_TYPE_BOOLEAN &&
                 !flag->nullable && weir_bit_get(WEIR_NODE_AS(flag, LITERAL, literal)->value->values, 0);
    add_around(s, picks ? "mode() WITHIN GROUP (ORDER BY " : "mode(", args.items[0], picks ? " DESC)" : ")");
    return true;
}

static void add_call(text_state *s, const char *name, weir_node_list args, bool distinct,
                     weir_node_list orders, const weir_node *filter) {
    if (add_operator(s, name, args) || add_predicate(s, name, args) || add_special_call(s, name, args) ||
        add_mode(s, name, args))
        return;
    args = shown_args(name, args);
    const char *spelling = name;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(spellings); i++)
        if (strcmp(name, spellings[i].name) == 0)
            spelling = spellings[i].text;
    weir_strbuf_addf(s->buf, "%s(%s", spelling, distinct ? "DISTINCT " : "");
    if (is_count_star(name, args) && !distinct)
        weir_strbuf_add_char(s->buf, '1');
    else
        add_args(s, args);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(defaults); i++)
        if (args.count == defaults[i].count && strcmp(name, defaults[i].name) == 0)
            weir_strbuf_addf(s->buf, "%s%s", args.count ? ", " : "", defaults[i].text);
    weir_strbuf_add_char(s->buf, ')');
    add_orders(s, name, orders);
    if (filter)
        add_around(s, " FILTER (WHERE ", filter, ")");
}

static void add_unresolved_call(text_state *s, const weir_node_unresolved_function *call) {
    weir_strbuf name _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < call->name.count; i++) {
        weir_strbuf_add_text(&name, i ? "." : "");
        weir_strbuf_add(&name, call->name.items[i]);
    }
    if (call->name.count == 1)
        for (size_t i = 0; i < name.size; i++)
            name.data[i] =
                (char)(name.data[i] >= 'A' && name.data[i] <= 'Z' ? name.data[i] + 32 : name.data[i]);
    /* With IGNORE or RESPECT NULLS these print as what they stand for. */
    if (call->nulls != WEIR_NULLS_UNSAID && weir_str_ends_with(weir_strbuf_view(&name), WEIR_STR("t_value")))
        name.data[strcspn(name.data, "_")] = 0;
    add_call(s, name.data ? name.data : "", call->args, call->distinct, call->orders, call->filter);
    if (call->nulls == WEIR_NULLS_IGNORE && weir_str_equal(weir_strbuf_view(&name), WEIR_STR("nth_value")))
        weir_strbuf_add_text(s->buf, " ignore nulls");
}

/* ---- everything else ---- */

static void add_case(text_state *s, const weir_node_case *node) {
    weir_strbuf_add_text(s->buf, "CASE");
    for (int32_t i = 0; i + 1 < node->branches.count; i += 2) {
        add_around(s, " WHEN ", node->branches.items[i], "");
        add_around(s, " THEN ", node->branches.items[i + 1], "");
    }
    if (node->otherwise)
        add_around(s, " ELSE ", node->otherwise, "");
    weir_strbuf_add_text(s->buf, " END");
}

static void add_cast(text_state *s, const weir_node_cast *cast) {
    /* Spark leaves casts to nested types out as well. */
    if (!cast->explicit || (cast->node.type && weir_type_is_nested(cast->node.type))) {
        add_expr(s, cast->child);
        return;
    }
    add_around(s, cast->mode == WEIR_CAST_TRY ? "TRY_CAST(" : "CAST(", cast->child, " AS ");
    if (cast->node.type)
        weir_type_sql(s->buf, cast->node.type);
    weir_strbuf_add_char(s->buf, ')');
}

static void add_parts(text_state *s, weir_str_list parts) {
    for (int32_t i = 0; i < parts.count; i++) {
        weir_strbuf_add_text(s->buf, i ? "." : "");
        weir_strbuf_add(s->buf, parts.items[i]);
    }
}

/* child.name; `child` is what prints for the field's child. */
static void add_field(text_state *s, const weir_node *child, const weir_node_field_access *field) {
    add_around(s, "", child, ".");
    const weir_type *type = field->child->type;
    if (type && type->kind == WEIR_TYPE_STRUCT && field->ordinal < type->fields_count)
        weir_strbuf_add(s->buf, type->fields[field->ordinal].name);
}

static void add_sort_order(text_state *s, const weir_node_sort_order *order) {
    add_expr(s, order->child);
    weir_strbuf_addf(s->buf, " %s NULLS %s", order->ascending ? "ASC" : "DESC",
                     order->nulls_first ? "FIRST" : "LAST");
}

static void add_lambda(text_state *s, const weir_node_lambda *lambda) {
    add_around(s, "lambdafunction(", lambda->body, "");
    for (int32_t i = 0; i < lambda->parameters.count; i++)
        add_around(s, ", ", lambda->parameters.items[i], "");
    weir_strbuf_add_char(s->buf, ')');
}

/* ---- windows ---- */

static void add_bound(text_state *s, int64_t bound, const weir_node *value) {
    static const char *const words[] = {"UNBOUNDED PRECEDING", "CURRENT ROW", "", "UNBOUNDED FOLLOWING"};
    const weir_node_unresolved_function *call = value && value->kind == WEIR_NODE_UNRESOLVED_FUNCTION
                                                    ? (const weir_node_unresolved_function *)value
                                                    : NULL;
    if (bound != WEIR_BOUND_VALUE)
        weir_strbuf_add_text(s->buf, words[bound]);
    else if (call && call->args.count == 1 && weir_str_equal(call->name.items[0], WEIR_STR("negative")))
        add_around(s, "", call->args.items[0], " PRECEDING");
    else
        add_around(s, "", value, " FOLLOWING");
}

static void add_window_spec(text_state *s, const weir_node_window_spec *spec) {
    weir_strbuf_add_char(s->buf, '(');
    if (spec->partition.count) {
        weir_strbuf_add_text(s->buf, "PARTITION BY ");
        add_args(s, spec->partition);
    }
    if (spec->orders.count) {
        weir_strbuf_add_text(s->buf, spec->partition.count ? " ORDER BY " : "ORDER BY ");
        add_args(s, spec->orders);
    }
    if (spec->partition.count || spec->orders.count)
        weir_strbuf_add_char(s->buf, ' ');
    if (spec->frame == WEIR_FRAME_UNSAID) {
        weir_strbuf_add_text(s->buf, "unspecifiedframe$())");
        return;
    }
    weir_strbuf_add_text(s->buf, spec->frame == WEIR_FRAME_ROWS ? "ROWS BETWEEN " : "RANGE BETWEEN ");
    add_bound(s, spec->lower, spec->lower_value);
    weir_strbuf_add_text(s->buf, " AND ");
    add_bound(s, spec->upper, spec->upper_value);
    weir_strbuf_add_char(s->buf, ')');
}

static void add_window_function(text_state *s, const weir_node *node) {
    const weir_node_window_call *call = WEIR_NODE_AS(node, WINDOW_CALL, window_call);
    add_call(s, call->function->name, call->args, false, (weir_node_list){0}, call->filter);
    if (call->ignore_nulls && strcmp(call->function->name, "nth_value") == 0)
        weir_strbuf_add_text(s->buf, " ignore nulls");
}

/* `function`: a call as the parser leaves it, or the WINDOW_CALL itself. */
static void add_window(text_state *s, const weir_node *function, const weir_node *spec, weir_str name) {
    bool alone = function->kind == WEIR_NODE_WINDOW_CALL && !spec;
    if (function->kind == WEIR_NODE_WINDOW_CALL)
        add_window_function(s, function);
    else
        add_expr(s, function);
    if (alone)
        return;
    weir_strbuf_add_text(s->buf, " OVER ");
    if (spec)
        add_expr(s, spec);
    else
        weir_strbuf_add(s->buf, name);
}

/* What parsers leave, and windows; false for every other kind. */
static bool add_unresolved(text_state *s, const weir_node *expr) {
    switch (expr->kind) {
    case WEIR_NODE_UNRESOLVED_ATTRIBUTE:
        add_parts(s, WEIR_NODE_AS(expr, UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts);
        return true;
    case WEIR_NODE_UNRESOLVED_STAR:
        add_parts(s, WEIR_NODE_AS(expr, UNRESOLVED_STAR, unresolved_star)->target);
        weir_strbuf_add_text(s->buf,
                             WEIR_NODE_AS(expr, UNRESOLVED_STAR, unresolved_star)->target.count ? ".*" : "*");
        return true;
    case WEIR_NODE_UNRESOLVED_FUNCTION:
        add_unresolved_call(s, WEIR_NODE_AS(expr, UNRESOLVED_FUNCTION, unresolved_function));
        return true;
    case WEIR_NODE_LAMBDA:
        add_lambda(s, WEIR_NODE_AS(expr, LAMBDA, lambda));
        return true;
    case WEIR_NODE_LAMBDA_VARIABLE:
        if (expr->resolved)
            weir_strbuf_add_text(s->buf, "namedlambdavariable()");
        else
            weir_strbuf_add(s->buf, WEIR_NODE_AS(expr, LAMBDA_VARIABLE, lambda_variable)->name);
        return true;
    case WEIR_NODE_UNRESOLVED_WINDOW: {
        const weir_node_unresolved_window *window = WEIR_NODE_AS(expr, UNRESOLVED_WINDOW, unresolved_window);
        add_window(s, window->call, window->spec, window->name);
        return true;
    }
    case WEIR_NODE_WINDOW_CALL:
        add_window(s, expr, WEIR_NODE_AS(expr, WINDOW_CALL, window_call)->spec, (weir_str){0});
        return true;
    case WEIR_NODE_WINDOW_SPEC:
        add_window_spec(s, WEIR_NODE_AS(expr, WINDOW_SPEC, window_spec));
        return true;
    case WEIR_NODE_UPDATE_FIELD: {
        const weir_node_update_field *update = WEIR_NODE_AS(expr, UPDATE_FIELD, update_field);
        add_around(s, "update_fields(", update->child, update->value ? ", WithField(" : ", dropfield()");
        if (update->value)
            add_around(s, "", update->value, ")");
        weir_strbuf_add_char(s->buf, ')');
        return true;
    }
    case WEIR_NODE_UNRESOLVED_EXTRACT:
        add_around(s, "", WEIR_NODE_AS(expr, UNRESOLVED_EXTRACT, unresolved_extract)->child, "[");
        add_around(s, "", WEIR_NODE_AS(expr, UNRESOLVED_EXTRACT, unresolved_extract)->extraction, "]");
        return true;
    default:
        return false;
    }
}

/* The outer columns that the sub-query reads. */
static bool add_outer(const weir_node *node, void *data) {
    text_state *s = data;
    if (node->kind != WEIR_NODE_OUTER_REFERENCE)
        return false;
    if (s->buf->data[s->buf->size - 1] != '(')
        weir_strbuf_add_text(s->buf, ", ");
    add_expr(s, ((const weir_node_outer_reference *)node)->child);
    return false;
}

static void add_subquery_text(text_state *s, const weir_node_subquery *node) {
    bool several = node->values.count > 1;
    if (node->kind == WEIR_SUBQUERY_IN) {
        weir_strbuf_add_text(s->buf, several ? "(named_struct(" : "(");
        add_args(s, node->values);
        weir_strbuf_add_text(s->buf, several ? ") IN (listquery(" : " IN (listquery(");
    } else {
        weir_strbuf_add_text(s->buf, node->kind == WEIR_SUBQUERY_EXISTS ? "exists(" : "scalarsubquery(");
    }
    if (node->plan)
        weir_node_any(node->plan, add_outer, s);
    weir_strbuf_add_text(s->buf, node->kind == WEIR_SUBQUERY_IN ? ")))" : ")");
}

/* False where it is neither a sub-query nor a column of the query around one. */
static bool add_subquery(text_state *s, const weir_node *expr) {
    if (expr->kind == WEIR_NODE_SUBQUERY) {
        add_subquery_text(s, WEIR_NODE_AS(expr, SUBQUERY, subquery));
        return true;
    }
    if (expr->kind != WEIR_NODE_OUTER_REFERENCE)
        return false;
    weir_strbuf_add_text(s->buf, "outer(");
    add_expr(s, WEIR_NODE_AS(expr, OUTER_REFERENCE, outer_reference)->child);
    weir_strbuf_add_char(s->buf, ')');
    return true;
}

/* An extraction that was written prints as child.name where it stands for a field. */
static bool add_extraction(text_state *s, const weir_node *expr, const weir_node *found) {
    if (!found || expr->kind != WEIR_NODE_UNRESOLVED_EXTRACT)
        return false;
    const weir_node *child = WEIR_NODE_AS(expr, UNRESOLVED_EXTRACT, unresolved_extract)->child;
    if (found->kind == WEIR_NODE_FIELD) {
        add_field(s, child, WEIR_NODE_AS(found, FIELD, field_access));
    } else if (found->kind == WEIR_NODE_CALL) { /* weir_element_field(array, place, name) */
        add_around(s, "", child, ".");
        add_expr(s, WEIR_NODE_AS(found, CALL, call)->args.items[2]);
    } else {
        return false;
    }
    return true;
}

static void add_expr(text_state *s, const weir_node *expr) {
    const weir_expr_text *options = s->options;
    const weir_node *found = options->lookup ? options->lookup(expr, options->data) : NULL;
    if (add_extraction(s, expr, found))
        return;
    if (found)
        expr = found;
    if (add_unresolved(s, expr) || add_subquery(s, expr))
        return;
    switch (expr->kind) {
    case WEIR_NODE_LITERAL:
        weir_expr_text_literal(s->buf, WEIR_NODE_AS(expr, LITERAL, literal), options->zone);
        break;
    case WEIR_NODE_ATTRIBUTE:
        weir_strbuf_add(s->buf, WEIR_NODE_AS(expr, ATTRIBUTE, attribute)->name);
        break;
    case WEIR_NODE_INPUT:
        weir_strbuf_addf(s->buf, "input[%lld]", (long long)WEIR_NODE_AS(expr, INPUT, input)->ordinal);
        break;
    case WEIR_NODE_ALIAS:
        add_expr(s, WEIR_NODE_AS(expr, ALIAS, alias)->child);
        break;
    case WEIR_NODE_CAST:
        add_cast(s, WEIR_NODE_AS(expr, CAST, cast));
        break;
    case WEIR_NODE_AND:
        add_around(s, "(", WEIR_NODE_AS(expr, AND, and)->left, " AND ");
        add_around(s, "", WEIR_NODE_AS(expr, AND, and)->right, ")");
        break;
    case WEIR_NODE_OR:
        add_around(s, "(", WEIR_NODE_AS(expr, OR, or)->left, " OR ");
        add_around(s, "", WEIR_NODE_AS(expr, OR, or)->right, ")");
        break;
    case WEIR_NODE_CASE:
        add_case(s, WEIR_NODE_AS(expr, CASE, case));
        break;
    case WEIR_NODE_COALESCE:
        add_call(s, "coalesce", WEIR_NODE_AS(expr, COALESCE, coalesce)->args, false, (weir_node_list){0},
                 NULL);
        break;
    case WEIR_NODE_FIELD:
        add_field(s, WEIR_NODE_AS(expr, FIELD, field_access)->child, WEIR_NODE_AS(expr, FIELD, field_access));
        break;
    case WEIR_NODE_CALL: {
        const weir_node_call *call = WEIR_NODE_AS(expr, CALL, call);
        add_call(s, call->function->name, call->args, false, (weir_node_list){0}, NULL);
        break;
    }
    case WEIR_NODE_AGGREGATE_CALL: {
        const weir_node_aggregate_call *call = WEIR_NODE_AS(expr, AGGREGATE_CALL, aggregate_call);
        add_call(s, call->function->name, call->args, call->distinct, (weir_node_list){0}, call->filter);
        break;
    }
    case WEIR_NODE_TIME_WINDOW:
        weir_strbuf_add_text(s->buf, "window");
        break;
    case WEIR_NODE_SORT_ORDER:
        add_sort_order(s, WEIR_NODE_AS(expr, SORT_ORDER, sort_order));
        break;
    case WEIR_NODE_EXPR_LIST:
        add_args(s, WEIR_NODE_AS(expr, EXPR_LIST, expr_list)->items);
        break;
    default:
        weir_strbuf_add_text(s->buf, weir_node_describe(expr->kind).label);
        break;
    }
}

void weir_expr_text_add(weir_strbuf *buf, const weir_node *expr, const weir_expr_text *options) {
    text_state state = {buf, options};
    add_expr(&state, expr);
}

void weir_expr_sql(weir_strbuf *buf, const weir_node *expr) {
    static const weir_expr_text plain = {0};
    weir_expr_text_add(buf, expr, &plain);
}
