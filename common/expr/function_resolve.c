/* Resolving calls by signature: implicit casts of arguments as Spark does them, then the result type.
 *
 * A signature is "arg; arg; ... -> result"; the last argument's words serve further arguments too.
 *   arg     alternatives separated by '|', each a type word; a leading '!' forbids implicit casts,
 *           '?' takes any type
 *   result  a type word, or "=N" for the type of argument N (1-based)
 * Type words: boolean byte short int long float double decimal string binary date timestamp ntz time
 * numeric integral anytimestamp array map interval_ym interval_dt interval nanos
 *
 * Failures are DATATYPE_MISMATCH.* with the texts of Spark. Used by the analyzer's thread. */
#include "common/expr/expr_int.h"

typedef struct type_word {
    const char *word;
    const char *text; /* as messages print it */
    int kind;         /* weir_type_kind of the concrete default */
} type_word;

enum { WORD_NUMERIC = 0, WORD_INTEGRAL, WORD_ANYTIMESTAMP, WORD_NANOS, WORD_ABSTRACT_COUNT };

static const type_word type_words[] = {
    {"numeric", "\"NUMERIC\"", WEIR_TYPE_DOUBLE},
    {"integral", "\"INTEGRAL\"", WEIR_TYPE_INT},
    {"anytimestamp", "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"", WEIR_TYPE_TIMESTAMP},
    {"nanos", "\"(TIMESTAMP_LTZ(P) OR TIMESTAMP_NTZ(P) WITH P IN [7, 9])\"", WEIR_TYPE_NULL},
    {"boolean", "\"BOOLEAN\"", WEIR_TYPE_BOOLEAN},
    {"byte", "\"TINYINT\"", WEIR_TYPE_BYTE},
    {"short", "\"SMALLINT\"", WEIR_TYPE_SHORT},
    {"int", "\"INT\"", WEIR_TYPE_INT},
    {"long", "\"BIGINT\"", WEIR_TYPE_LONG},
    {"float", "\"FLOAT\"", WEIR_TYPE_FLOAT},
    {"double", "\"DOUBLE\"", WEIR_TYPE_DOUBLE},
    {"decimal", "\"DECIMAL\"", WEIR_TYPE_DECIMAL},
    {"string", "\"STRING\"", WEIR_TYPE_STRING},
    {"binary", "\"BINARY\"", WEIR_TYPE_BINARY},
    {"date", "\"DATE\"", WEIR_TYPE_DATE},
    {"timestamp", "\"TIMESTAMP\"", WEIR_TYPE_TIMESTAMP},
    {"ntz", "\"TIMESTAMP_NTZ\"", WEIR_TYPE_TIMESTAMP_NTZ},
    {"time", "\"TIME\"", WEIR_TYPE_TIME},
    {"array", "\"ARRAY\"", WEIR_TYPE_ARRAY},
    {"map", "\"MAP\"", WEIR_TYPE_MAP},
    {"interval_ym", "\"INTERVAL YEAR TO MONTH\"", WEIR_TYPE_INTERVAL_YEAR_MONTH},
    {"interval_dt", "\"INTERVAL DAY TO SECOND\"", WEIR_TYPE_INTERVAL_DAY_TIME},
    {"interval", "\"INTERVAL\"", WEIR_TYPE_INTERVAL_CALENDAR},
};

static const type_word *word_find(weir_str word) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(type_words); i++)
        if (weir_str_equal(word, weir_str_from(type_words[i].word)))
            return &type_words[i];
    WEIR_ASSERT(!"known type word");
    return NULL;
}

static bool word_accepts(const type_word *word, const weir_type *type) {
    switch (word - type_words) {
    case WORD_NUMERIC:
        return weir_type_is_numeric(type);
    case WORD_INTEGRAL:
        return weir_type_is_integral(type);
    case WORD_ANYTIMESTAMP:
        return type->kind == WEIR_TYPE_TIMESTAMP || type->kind == WEIR_TYPE_TIMESTAMP_NTZ;
    case WORD_NANOS:
        return false;
    default:
        if (word->kind == WEIR_TYPE_STRING)
            return weir_type_is_string(type);
        return (int)type->kind == word->kind;
    }
}

static bool is_datetime(const weir_type *type) {
    return type->kind == WEIR_TYPE_DATE || type->kind == WEIR_TYPE_TIMESTAMP ||
           type->kind == WEIR_TYPE_TIMESTAMP_NTZ;
}

static bool is_plain_atomic(const weir_type *type) {
    return type->kind != WEIR_TYPE_NULL && !weir_type_is_nested(type) && type->kind != WEIR_TYPE_VARIANT &&
           type->kind != WEIR_TYPE_INTERVAL_CALENDAR;
}

/* Spark's Cast.canANSIStoreAssign for types that are not equal. */
static bool can_store_assign(const weir_type *from, const weir_type *to) {
    if (from->kind == WEIR_TYPE_NULL)
        return true;
    if (weir_type_is_numeric(from) && weir_type_is_numeric(to))
        return true;
    if (weir_type_is_string(to))
        return is_plain_atomic(from) || from->kind == WEIR_TYPE_INTERVAL_CALENDAR;
    if (is_datetime(from) && is_datetime(to))
        return true;
    if (from->kind == to->kind &&
        (from->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || from->kind == WEIR_TYPE_INTERVAL_DAY_TIME))
        return true;
    if (from->kind == WEIR_TYPE_ARRAY && to->kind == WEIR_TYPE_ARRAY)
        return weir_type_same(from->element, to->element) || can_store_assign(from->element, to->element);
    return false;
}

static const type_word *word_of_type(const weir_type *type) {
    for (size_t i = WORD_ABSTRACT_COUNT; i < WEIR_ARRAY_LEN(type_words); i++)
        if (type_words[i].kind == (int)type->kind)
            return &type_words[i];
    return NULL;
}

static const weir_type *word_default(weir_arena *arena, const type_word *word) {
    if (word->kind == WEIR_TYPE_DECIMAL)
        return weir_type_decimal(arena, 38, 18);
    return weir_type_of((weir_type_kind)word->kind);
}

/* The type that an argument of `from` is cast to where `word` is expected; NULL = not allowed. */
static const weir_type *implicit_type(weir_resolve *resolve, const weir_type *from, const type_word *word) {
    size_t index = (size_t)(word - type_words);
    if (word_accepts(word, from))
        return from;
    if (index == WORD_NANOS || word->kind == WEIR_TYPE_ARRAY || word->kind == WEIR_TYPE_MAP)
        return NULL;
    const weir_type *to = word_default(resolve->arena, word);
    if (from->kind == WEIR_TYPE_NULL)
        return to;
    if (weir_type_is_numeric(from) && to->kind == WEIR_TYPE_DECIMAL)
        return weir_decimal_for(resolve->arena, from);
    if (weir_type_is_string(from)) {
        if (to->kind == WEIR_TYPE_STRING || index == WORD_INTEGRAL)
            return NULL;
        if (!resolve->ansi && (to->kind == WEIR_TYPE_BOOLEAN || !is_plain_atomic(to)))
            return NULL;
        return is_plain_atomic(to) ? to : NULL;
    }
    if (index == WORD_INTEGRAL)
        return NULL;
    if (!resolve->ansi) {
        bool numbers = weir_type_is_numeric(from) && weir_type_is_numeric(to);
        bool times = is_datetime(from) && is_datetime(to);
        return numbers || times || (to->kind == WEIR_TYPE_STRING && is_plain_atomic(from)) ? to : NULL;
    }
    return can_store_assign(from, to) ? to : NULL;
}

bool weir_implicit_cast(weir_resolve *resolve, weir_node **arg, const weir_type *expected) {
    const type_word *word = word_of_type(expected);
    if (weir_type_same((*arg)->type, expected))
        return true;
    const weir_type *to = word ? implicit_type(resolve, (*arg)->type, word) : NULL;
    if (to == NULL)
        return false;
    *arg = weir_coerce_cast(resolve, *arg, expected->kind == WEIR_TYPE_DECIMAL ? to : expected);
    return true;
}

/* ---- reading signatures ---- */
static weir_str next_part(weir_str *rest, char separator) {
    const char *at = memchr(rest->data, separator, rest->size);
    weir_str part = {rest->data, at ? (size_t)(at - rest->data) : rest->size};
    size_t skip = part.size + (at ? 1 : 0);
    rest->data += skip;
    rest->size -= skip;
    return weir_str_trim(part);
}

static char *required_text(weir_arena *arena, weir_str words) {
    weir_strbuf buf = {0};
    int32_t count = 0;
    for (weir_str rest = words; rest.size; count++) {
        if (count)
            weir_strbuf_add_text(&buf, " or ");
        weir_strbuf_add_text(&buf, word_find(next_part(&rest, '|'))->text);
    }
    char *text = count > 1 ? weir_arena_printf(arena, "(%s)", buf.data) : weir_arena_strdup(arena, buf.data);
    weir_strbuf_fini(&buf);
    return text;
}

/* Casts one argument to what `words` allow. */
static weir_code resolve_arg(weir_resolve *resolve, weir_node **args, int32_t index, weir_str words,
                             weir_error **err) {
    bool strict = words.size && words.data[0] == '!';
    if (strict)
        words = weir_str_make(words.data + 1, words.size - 1);
    weir_node *arg = args[index];
    for (weir_str rest = words; rest.size;)
        if (word_accepts(word_find(next_part(&rest, '|')), arg->type))
            return WEIR_OK;
    for (weir_str rest = words; rest.size;) {
        const type_word *word = word_find(next_part(&rest, '|'));
        if (strict && arg->type->kind != WEIR_TYPE_NULL)
            break;
        const weir_type *to = implicit_type(resolve, arg->type, word);
        if (to) {
            args[index] = weir_coerce_cast(resolve, arg, to);
            return WEIR_OK;
        }
    }
    if (arg->type->kind == WEIR_TYPE_VARIANT && !strict && strstr(words.data, "string"))
        WEIR_FAIL(err, NOT_SUPPORTED, "an implicit cast of a VARIANT is not supported by Weir");
    return weir_fail_input_type(resolve, args, index, required_text(resolve->arena, words), err);
}

weir_code weir_resolve_signature(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    const char *arrow = strstr(function->signature, "->");
    WEIR_ASSERT(arrow);
    weir_str rest = {function->signature, (size_t)(arrow - function->signature)};
    weir_str words = WEIR_STR("?");
    for (int32_t i = 0; i < args_count; i++) {
        if (rest.size && weir_str_trim(rest).size)
            words = next_part(&rest, ';');
        if (!weir_str_equal(words, WEIR_STR("?")))
            WEIR_TRY(resolve_arg(resolve, args, i, words, err));
    }
    weir_str result = weir_str_trim(weir_str_from(arrow + 2));
    if (result.data[0] == '=')
        *ret_type = args[result.data[1] - '1']->type;
    else
        *ret_type = word_default(resolve->arena, word_find(result));
    *ret_nullable = !(function->flags & WEIR_FN_NEVER_NULL) &&
                    (!(function->flags & WEIR_FN_NULL_PROPAGATES) || weir_any_nullable(args, args_count));
    return WEIR_OK;
}

/* ---- helpers of the families ---- */
bool weir_any_nullable(weir_node *const *args, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (args[i]->nullable)
            return true;
    return false;
}

char *weir_quoted_sql(weir_arena *arena, const weir_node *expr) {
    weir_strbuf buf = {0};
    weir_expr_sql(&buf, expr);
    char *text = weir_arena_printf(arena, "\"%s\"", buf.data ? buf.data : "");
    weir_strbuf_fini(&buf);
    return text;
}

char *weir_quoted_type(weir_arena *arena, const weir_type *type) {
    weir_strbuf buf = {0};
    weir_type_sql(&buf, type);
    char *text = weir_arena_printf(arena, "\"%s\"", buf.data ? buf.data : "");
    weir_strbuf_fini(&buf);
    return text;
}

static weir_code fail_input_type_in(weir_resolve *resolve, const char *sql, weir_node *const *args,
                                    int32_t index, const char *required, weir_error **err) {
    static const char *const ordinals[] = {"first", "second",  "third",  "fourth", "fifth",
                                           "sixth", "seventh", "eighth", "ninth",  "tenth"};
    const char *ordinal = (size_t)index < WEIR_ARRAY_LEN(ordinals)
                              ? ordinals[index]
                              : weir_arena_printf(resolve->arena, "%dth", (int)index + 1);
    WEIR_RAISE(err, DATATYPE_MISMATCH__UNEXPECTED_INPUT_TYPE, "sqlExpr", sql, "paramIndex", ordinal,
               "requiredType", required, "inputSql", weir_quoted_sql(resolve->arena, args[index]),
               "inputType", weir_quoted_type(resolve->arena, args[index]->type));
}

weir_code weir_fail_input_type(weir_resolve *resolve, weir_node *const *args, int32_t index,
                               const char *required, weir_error **err) {
    return fail_input_type_in(resolve, weir_quoted_sql(resolve->arena, resolve->call), args, index, required,
                              err);
}

weir_code weir_fail_form_type(weir_resolve *resolve, const char *form, weir_node *const *args, int32_t index,
                              const char *required, weir_error **err) {
    weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, '"');
    for (int32_t next = 0; *form; form++) {
        if (*form == '$')
            weir_expr_sql(&buf, args[next++]);
        else
            weir_strbuf_add_char(&buf, *form);
    }
    weir_strbuf_add_char(&buf, '"');
    char *sql = weir_arena_strdup(resolve->arena, buf.data);
    weir_strbuf_fini(&buf);
    return fail_input_type_in(resolve, sql, args, index, required, err);
}

weir_code weir_fail_diff_types(weir_resolve *resolve, const weir_function *function, weir_node *const *args,
                               int32_t count, weir_error **err) {
    /* Spark lists the types in two ways. */
    static const char *const bracketed[] = {"if", "in", "greatest", "least"};
    bool list = false;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(bracketed); i++)
        list |= strcmp(function->name, bracketed[i]) == 0;
    weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, list ? '[' : '(');
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(&buf, "%s%s",
                         i == 0 ? ""
                         : list ? ", "
                                : " or ",
                         weir_quoted_type(resolve->arena, args[i]->type));
    weir_strbuf_add_char(&buf, list ? ']' : ')');
    char *types = weir_arena_strdup(resolve->arena, buf.data);
    weir_strbuf_fini(&buf);
    WEIR_RAISE(err, DATATYPE_MISMATCH__DATA_DIFF_TYPES, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "functionName",
               weir_arena_printf(resolve->arena, "`%s`", function->name), "dataType", types);
}

weir_node *weir_make_call(weir_resolve *resolve, const char *name, int32_t count, weir_node *const *args) {
    weir_node_unresolved_function *call =
        WEIR_NODE_NEW(resolve->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name.items = WEIR_NEW_ARRAY(resolve->arena, weir_str, 1);
    call->name.items[0] = weir_str_from(name);
    call->name.count = 1;
    call->args = weir_node_list_of(resolve->arena, args, count);
    if (resolve->call) {
        call->node.start = resolve->call->start;
        call->node.stop = resolve->call->stop;
    }
    return &call->node;
}

static bool has_input(const weir_node *node, void *data) {
    (void)data;
    if (node->kind == WEIR_NODE_CALL)
        return (((const weir_node_call *)node)->function->flags & WEIR_FN_NONDETERMINISTIC) != 0;
    return node->kind == WEIR_NODE_INPUT || node->kind == WEIR_NODE_ATTRIBUTE ||
           node->kind == WEIR_NODE_LAMBDA_VARIABLE || node->kind == WEIR_NODE_AGGREGATE_CALL ||
           node->kind == WEIR_NODE_UNRESOLVED_ATTRIBUTE;
}

bool weir_is_foldable(const weir_node *expr) {
    return !weir_node_any(expr, has_input, NULL);
}
