/* Expressions of Spark Connect to unresolved expression nodes, in the shapes that the SQL parser leaves:
 * calls by name, AND, OR and CASE as nodes, casts that the user wrote. */
#include "common/expr/function.h"
#include "driver/connect/decode_int.h"
#include "driver/sql/parser.h"

typedef Spark__Connect__Expression expression;

/* ---- names ---- */

/* A name as UnresolvedAttribute.parseAttributeName splits it: dots part it, but not between backquotes; any
 * other character stands for itself. */
weir_code weir_decode_name(weir_decode *d, const char *text, weir_str_list *ret) {
    weir_str name = weir_decode_text(text);
    weir_str_list parts = {WEIR_NEW_ARRAY(d->arena, weir_str, name.size + 1), 0};
    weir_strbuf part _cleanup_strbuf_ = {0};
    bool quoted = false, was_quoted = false, bad = false;
    for (size_t i = 0; i < name.size && !bad; i++) {
        char c = name.data[i];
        bool next_quote = i + 1 < name.size && name.data[i + 1] == '`';
        if (quoted && c == '`' && next_quote) {
            weir_strbuf_add_char(&part, '`');
            i++;
        } else if (quoted && c == '`') {
            quoted = false;
            was_quoted = true;
            bad = i + 1 < name.size && name.data[i + 1] != '.';
        } else if (!quoted && c == '`') {
            bad = part.size > 0;
            quoted = true;
        } else if (!quoted && c == '.') {
            bad = i + 1 == name.size || name.data[i + 1] == '.' || (part.size == 0 && !was_quoted);
            parts.items[parts.count++] = weir_arena_str(d->arena, weir_strbuf_view(&part));
            weir_strbuf_clear(&part);
            was_quoted = false;
        } else {
            weir_strbuf_add_char(&part, c);
        }
    }
    if (bad || quoted)
        return weir_error_raise(d->err, WEIR_INVALID_ATTRIBUTE_NAME_SYNTAX, "name", text ? text : "", NULL);
    parts.items[parts.count++] = weir_arena_str(d->arena, weir_strbuf_view(&part));
    *ret = parts;
    return WEIR_OK;
}

weir_node *weir_decode_attribute(weir_decode *d, weir_str_list parts, bool has_plan_id, int64_t plan_id) {
    weir_node_unresolved_attribute *node =
        WEIR_NODE_NEW(d->arena, UNRESOLVED_ATTRIBUTE, unresolved_attribute);
    node->parts = parts;
    node->plan_id = has_plan_id ? plan_id + 1 : 0;
    return &node->node;
}

/* Plan ids count from 0 upwards; the node keeps 0 for "none". */
static weir_code check_plan_id(weir_decode *d, bool has, int64_t plan_id) {
    if (has && (plan_id < 0 || plan_id == INT64_MAX))
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "a plan id below 0", NULL);
    return WEIR_OK;
}

static weir_code decode_attribute(weir_decode *d, const Spark__Connect__Expression__UnresolvedAttribute *m,
                                  weir_node **ret) {
    weir_str_list parts;
    if (m->is_metadata_column)
        return weir_decode_unsupported(d->err, "metadata columns");
    WEIR_TRY(check_plan_id(d, m->has_plan_id, m->plan_id));
    WEIR_TRY(weir_decode_name(d, m->unparsed_identifier, &parts));
    *ret = weir_decode_attribute(d, parts, m->has_plan_id, m->plan_id);
    return WEIR_OK;
}

static weir_code decode_star(weir_decode *d, const Spark__Connect__Expression__UnresolvedStar *m,
                             weir_node **ret) {
    weir_node_unresolved_star *star = WEIR_NODE_NEW(d->arena, UNRESOLVED_STAR, unresolved_star);
    WEIR_TRY(check_plan_id(d, m->has_plan_id, m->plan_id));
    star->plan_id = m->has_plan_id ? m->plan_id + 1 : 0;
    *ret = &star->node;
    if (!m->unparsed_target)
        return WEIR_OK;
    weir_str target = weir_decode_text(m->unparsed_target);
    if (m->has_plan_id)
        return weir_error_raise(
            d->err, WEIR_CONNECT_INVALID_PLAN__UNRESOLVED_STAR_WITH_BOTH_TARGET_AND_PLAN_ID, NULL);
    if (!weir_str_ends_with(target, WEIR_STR(".*")))
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__UNRESOLVED_STAR_TARGET_INVALID, "target",
                                m->unparsed_target, NULL);
    return weir_decode_name(d, weir_arena_strndup(d->arena, target.data, target.size - 2), &star->target);
}

/* `pattern` between backquotes; anything else is a plain name. Spark does not look at the plan id of a
 * pattern. */
static weir_code decode_regex(weir_decode *d, const Spark__Connect__Expression__UnresolvedRegex *m,
                              weir_node **ret) {
    weir_str name = weir_decode_text(m->col_name);
    WEIR_TRY(check_plan_id(d, m->has_plan_id, m->plan_id));
    bool quoted = name.size > 2 && name.data[0] == '`' && name.data[name.size - 1] == '`';
    if (quoted && !memchr(name.data + 1, '`', name.size - 2)) {
        weir_node_unresolved_regex *regex = WEIR_NODE_NEW(d->arena, UNRESOLVED_REGEX, unresolved_regex);
        regex->pattern = weir_str_make(name.data + 1, name.size - 2);
        *ret = &regex->node;
        return WEIR_OK;
    }
    weir_str_list parts;
    WEIR_TRY(weir_decode_name(d, m->col_name, &parts));
    *ret = weir_decode_attribute(d, parts, m->has_plan_id, m->plan_id);
    return WEIR_OK;
}

/* ---- calls ---- */

weir_code weir_decode_expressions(weir_decode *d, expression *const *items, size_t count,
                                  weir_node_list *ret) {
    *ret = weir_node_list_new(d->arena, (int32_t)count);
    for (size_t i = 0; i < count; i++)
        WEIR_TRY(weir_decode_expression(d, items[i], &ret->items[i]));
    return WEIR_OK;
}

static weir_code wrong_count(weir_decode *d, const char *name, const char *expected, int32_t actual) {
    return weir_error_raise(d->err, WEIR_WRONG_NUM_ARGS__WITHOUT_SUGGESTION, "functionName",
                            weir_arena_printf(d->arena, "`%s`", name), "expectedNum", expected, "actualNum",
                            weir_arena_printf(d->arena, "%d", actual), NULL);
}

/* AND and OR of any number of operands, as a balanced enough chain to the left. */
static weir_code decode_logical(weir_decode *d, bool is_and, weir_node_list args, weir_node **ret) {
    if (args.count < 2)
        return wrong_count(d, is_and ? "and" : "or", "2", args.count);
    *ret = args.items[0];
    for (int32_t i = 1; i < args.count; i++) {
        if (is_and) {
            weir_node_and *node = WEIR_NODE_NEW(d->arena, AND, and);
            node->left = *ret;
            node->right = args.items[i];
            *ret = &node->node;
        } else {
            weir_node_or *node = WEIR_NODE_NEW(d->arena, OR, or);
            node->left = *ret;
            node->right = args.items[i];
            *ret = &node->node;
        }
    }
    return WEIR_OK;
}

static weir_code decode_when(weir_decode *d, weir_node_list args, weir_node **ret) {
    if (args.count < 2)
        return wrong_count(d, "when", "> 1", args.count);
    weir_node_case *node = WEIR_NODE_NEW(d->arena, CASE, case);
    node->branches = weir_node_list_of(d->arena, args.items, args.count & ~1);
    node->otherwise = args.count & 1 ? args.items[args.count - 1] : NULL;
    *ret = &node->node;
    return WEIR_OK;
}

static weir_node *make_call(weir_decode *d, weir_str_list name, weir_node_list args, bool distinct) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(d->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name = name;
    call->args = args;
    call->distinct = distinct;
    return &call->node;
}

weir_node *weir_decode_call(weir_decode *d, const char *name, weir_node *const *args, int32_t count) {
    weir_str_list parts = {WEIR_NEW(d->arena, weir_str), 1};
    parts.items[0] = weir_str_from(name);
    return make_call(d, parts, weir_node_list_of(d->arena, args, count), false);
}

/* nth_value(x, n, true) is how clients write nth_value(x, n) IGNORE NULLS. */
static void take_nulls_flag(weir_node *node) {
    weir_node_unresolved_function *call = WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function);
    const weir_node *flag = call->args.count == 3 ? call->args.items[2] : NULL;
    if (!flag || !weir_str_equal_nocase(call->name.items[0], WEIR_STR("nth_value")) ||
        flag->kind != WEIR_NODE_LITERAL || flag->type->kind != WEIR_TYPE_BOOLEAN || flag->nullable)
        return;
    call->nulls = weir_bit_get(WEIR_NODE_AS(flag, LITERAL, literal)->value->values, 0) ? WEIR_NULLS_IGNORE
                                                                                       : WEIR_NULLS_UNSAID;
    call->args.count = 2;
}

/* Names that clients use and the registry knows under another one. */
static weir_str registry_name(weir_str name) {
    static const struct { const char *client, *registry; } names[] = {{"==", "="}, {"!", "not"}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (weir_str_equal(name, weir_str_from(names[i].client)))
            return weir_str_from(names[i].registry);
    return name;
}

static weir_code decode_function(weir_decode *d, const Spark__Connect__Expression__UnresolvedFunction *m,
                                 weir_node **ret) {
    weir_node_list args;
    weir_str name = weir_decode_text(m->function_name);
    WEIR_TRY(weir_decode_expressions(d, m->arguments, m->n_arguments, &args));
    if (weir_str_equal_nocase(name, WEIR_STR("and")) || weir_str_equal_nocase(name, WEIR_STR("or")))
        return decode_logical(d, name.size == 3, args, ret);
    if (weir_str_equal_nocase(name, WEIR_STR("when")))
        return decode_when(d, args, ret);
    weir_str_list parts = {WEIR_NEW(d->arena, weir_str), 1};
    parts.items[0] = registry_name(name);
    if (m->is_user_defined_function)
        WEIR_TRY(weir_decode_name(d, m->function_name, &parts));
    *ret = make_call(d, parts, args, m->is_distinct);
    take_nulls_flag(*ret);
    if (!weir_str_equal(name, WEIR_STR("!=")) && !weir_str_equal(name, WEIR_STR("<>")))
        return WEIR_OK;
    parts.items[0] = WEIR_STR("=");
    weir_str_list negation = {WEIR_NEW(d->arena, weir_str), 1};
    negation.items[0] = WEIR_STR("not");
    *ret = make_call(d, negation, weir_node_list_of(d->arena, ret, 1), false);
    return WEIR_OK;
}

static weir_code decode_call(weir_decode *d, const Spark__Connect__CallFunction *m, weir_node **ret) {
    weir_node_list args, names;
    WEIR_TRY(weir_decode_expressions(d, m->arguments, m->n_arguments, &args));
    WEIR_TRY(weir_parser_identifiers(d->arena, weir_decode_text(m->function_name), &names, d->err));
    if (names.count != 1)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "a function of several names", NULL);
    *ret = make_call(d, WEIR_NODE_AS(names.items[0], UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts, args,
                     false);
    return WEIR_OK;
}

/* ---- the rest ---- */

static weir_code move_place(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                            weir_error **err) {
    (void)arena, (void)err;
    const int32_t *base = data;
    bool placed = *base >= 0 && node->start >= 0;
    node->start = placed ? node->start + *base : -1; /* fresh from the parser: nobody else has seen it */
    node->stop = placed ? node->stop + *base : -1;
    *ret = node;
    return WEIR_OK;
}

weir_code weir_decode_move_places(weir_decode *d, weir_str text, weir_node *node, weir_node **ret) {
    int32_t base = weir_sql_texts_add(d->arena, d->scope->texts, text);
    return weir_node_transform(d->arena, node, move_place, &base, ret, d->err);
}

/* The call of the client that made the expression becomes its place. */
static void set_origin(weir_decode *d, const Spark__Connect__ExpressionCommon *common, weir_node *node) {
    const Spark__Connect__Origin *origin = common ? common->origin : NULL;
    if (!origin || origin->function_case != SPARK__CONNECT__ORIGIN__FUNCTION_PYTHON_ORIGIN ||
        node->start >= 0)
        return;
    const Spark__Connect__PythonOrigin *call = origin->python_origin;
    weir_sql_texts_add_call(d->arena, d->scope->texts, call->fragment ? call->fragment : "",
                            call->call_site ? call->call_site : "", &node->start, &node->stop);
}

static weir_code decode_string(weir_decode *d, const Spark__Connect__Expression__ExpressionString *m,
                               weir_node **ret) {
    weir_str text = weir_decode_text(m->expression);
    WEIR_TRY(weir_parser_expression(d->arena, text, d->scope->zone, ret, d->err));
    return weir_decode_move_places(d, text, *ret, ret);
}

weir_code weir_decode_alias(weir_decode *d, const Spark__Connect__Expression__Alias *m, weir_node **ret) {
    if (m->n_name > 1 && m->metadata)
        return weir_error_raise(
            d->err, WEIR_CONNECT_INVALID_PLAN__ALIAS_WITH_MULTIPLE_IDENTIFIERS_AND_METADATA, NULL);
    if (m->n_name > 1) {
        weir_node_multi_alias *several = WEIR_NODE_NEW(d->arena, MULTI_ALIAS, multi_alias);
        several->names = weir_decode_texts(d->arena, m->name, m->n_name);
        *ret = &several->node;
        return weir_decode_expression(d, m->expr, &several->child);
    }
    if (m->n_name == 0)
        return weir_decode_missing(d->err, "spark.connect.Expression.Alias", "name");
    weir_node_alias *alias = WEIR_NODE_NEW(d->arena, ALIAS, alias);
    alias->name = weir_decode_text(m->name[0]);
    *ret = &alias->node;
    if (m->metadata)
        WEIR_TRY(weir_decode_metadata(d->arena, m->metadata, &alias->metadata, d->err));
    if (m->metadata && alias->metadata.size == 0)
        alias->metadata = WEIR_STR("{}"); /* takes the column's own away, where none would keep it */
    return weir_decode_expression(d, m->expr, &alias->child);
}

static weir_code decode_cast(weir_decode *d, const Spark__Connect__Expression__Cast *m, weir_node **ret) {
    weir_node_cast *cast = WEIR_NODE_NEW(d->arena, CAST, cast);
    cast->explicit = true;
    cast->mode = m->eval_mode == SPARK__CONNECT__EXPRESSION__CAST__EVAL_MODE__EVAL_MODE_TRY ? WEIR_CAST_TRY
                                                                                            : WEIR_CAST_ANSI;
    if (m->eval_mode == SPARK__CONNECT__EXPRESSION__CAST__EVAL_MODE__EVAL_MODE_LEGACY && d->scope->ansi)
        return weir_decode_unsupported(d->err, "a LEGACY cast while spark.sql.ansi.enabled is true");
    if (m->eval_mode == SPARK__CONNECT__EXPRESSION__CAST__EVAL_MODE__EVAL_MODE_ANSI && !d->scope->ansi)
        return weir_decode_unsupported(d->err, "an ANSI cast while spark.sql.ansi.enabled is false");
    if ((unsigned)m->eval_mode > SPARK__CONNECT__EXPRESSION__CAST__EVAL_MODE__EVAL_MODE_TRY)
        return weir_decode_bad_enum(d->err, "spark.connect.Expression.Cast.eval_mode", (int)m->eval_mode);
    WEIR_TRY(weir_decode_expression(d, m->expr, &cast->child));
    *ret = &cast->node;
    if (m->cast_to_type_case == SPARK__CONNECT__EXPRESSION__CAST__CAST_TO_TYPE_TYPE)
        return weir_connect_type_decode(d->arena, m->type, &cast->node.type, d->err);
    if (m->cast_to_type_case == SPARK__CONNECT__EXPRESSION__CAST__CAST_TO_TYPE_TYPE_STR)
        return weir_type_parse(d->arena, weir_decode_text(m->type_str), &cast->node.type, d->err);
    return weir_decode_missing(d->err, "spark.connect.Expression.Cast", "cast_to_type");
}

weir_code weir_decode_sort_order(weir_decode *d, const Spark__Connect__Expression__SortOrder *m,
                                 weir_node **ret) {
    weir_node_sort_order *order = WEIR_NODE_NEW(d->arena, SORT_ORDER, sort_order);
    order->ascending =
        m->direction != SPARK__CONNECT__EXPRESSION__SORT_ORDER__SORT_DIRECTION__SORT_DIRECTION_DESCENDING;
    order->nulls_first = order->ascending;
    if (m->null_ordering == SPARK__CONNECT__EXPRESSION__SORT_ORDER__NULL_ORDERING__SORT_NULLS_FIRST)
        order->nulls_first = true;
    if (m->null_ordering == SPARK__CONNECT__EXPRESSION__SORT_ORDER__NULL_ORDERING__SORT_NULLS_LAST)
        order->nulls_first = false;
    *ret = &order->node;
    return weir_decode_expression(d, m->child, &order->child);
}

static weir_code decode_extract(weir_decode *d, const Spark__Connect__Expression__UnresolvedExtractValue *m,
                                weir_node **ret) {
    weir_node_unresolved_extract *node = WEIR_NODE_NEW(d->arena, UNRESOLVED_EXTRACT, unresolved_extract);
    WEIR_TRY(weir_decode_expression(d, m->child, &node->child));
    WEIR_TRY(weir_decode_expression(d, m->extraction, &node->extraction));
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_update(weir_decode *d, const Spark__Connect__Expression__UpdateFields *m,
                               weir_node **ret) {
    weir_node_update_field *node = WEIR_NODE_NEW(d->arena, UPDATE_FIELD, update_field);
    WEIR_TRY(weir_decode_expression(d, m->struct_expression, &node->child));
    WEIR_TRY(weir_decode_name(d, m->field_name, &node->path));
    if (m->value_expression)
        WEIR_TRY(weir_decode_expression(d, m->value_expression, &node->value));
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code decode_variable(weir_decode *d,
                                 const Spark__Connect__Expression__UnresolvedNamedLambdaVariable *m,
                                 weir_str_list *ret) {
    if (m->n_name_parts == 0)
        return weir_decode_missing(d->err, "spark.connect.Expression.UnresolvedNamedLambdaVariable",
                                   "name_parts");
    ret->items = WEIR_NEW_ARRAY(d->arena, weir_str, m->n_name_parts);
    for (ret->count = 0; ret->count < (int32_t)m->n_name_parts; ret->count++)
        ret->items[ret->count] = weir_decode_text(m->name_parts[ret->count]);
    return WEIR_OK;
}

static weir_code decode_lambda(weir_decode *d, const Spark__Connect__Expression__LambdaFunction *m,
                               weir_node **ret) {
    if (m->n_arguments == 0 || m->n_arguments > WEIR_LAMBDA_PARAMETERS_MAX)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "LambdaFunction requires 1 ~ 3 arguments", NULL);
    weir_node_lambda *lambda = WEIR_NODE_NEW(d->arena, LAMBDA, lambda);
    for (size_t i = 0; i < m->n_arguments; i++) {
        weir_node_lambda_variable *variable = WEIR_NODE_NEW(d->arena, LAMBDA_VARIABLE, lambda_variable);
        weir_str_list parts;
        WEIR_TRY(decode_variable(d, m->arguments[i], &parts));
        variable->name = parts.items[0];
        weir_node_list_add(d->arena, &lambda->parameters, &variable->node);
    }
    *ret = &lambda->node;
    return weir_decode_expression(d, m->function, &lambda->body);
}

/* A name that lambdas around it may give a meaning to, as those in the bodies of SQL. */
static weir_code decode_named_variable(weir_decode *d,
                                       const Spark__Connect__Expression__UnresolvedNamedLambdaVariable *m,
                                       weir_node **ret) {
    weir_node_unresolved_attribute *name =
        WEIR_NODE_NEW(d->arena, UNRESOLVED_ATTRIBUTE, unresolved_attribute);
    *ret = &name->node;
    return decode_variable(d, m, &name->parts);
}

static weir_code decode_kind(weir_decode *d, const expression *m, weir_node **ret) {
    switch ((int)m->expr_type_case) {
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_LITERAL:
        return weir_decode_literal(d, m->literal, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_UNRESOLVED_ATTRIBUTE:
        return decode_attribute(d, m->unresolved_attribute, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_UNRESOLVED_FUNCTION:
        return decode_function(d, m->unresolved_function, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_EXPRESSION_STRING:
        return decode_string(d, m->expression_string, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_UNRESOLVED_STAR:
        return decode_star(d, m->unresolved_star, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_ALIAS:
        return weir_decode_alias(d, m->alias, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_CAST:
        return decode_cast(d, m->cast, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_UNRESOLVED_REGEX:
        return decode_regex(d, m->unresolved_regex, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_SORT_ORDER:
        return weir_decode_sort_order(d, m->sort_order, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_UNRESOLVED_EXTRACT_VALUE:
        return decode_extract(d, m->unresolved_extract_value, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_UPDATE_FIELDS:
        return decode_update(d, m->update_fields, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_WINDOW:
        return weir_decode_window(d, m->window, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_CALL_FUNCTION:
        return decode_call(d, m->call_function, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_LAMBDA_FUNCTION:
        return decode_lambda(d, m->lambda_function, ret);
    case SPARK__CONNECT__EXPRESSION__EXPR_TYPE_UNRESOLVED_NAMED_LAMBDA_VARIABLE:
        return decode_named_variable(d, m->unresolved_named_lambda_variable, ret);
    default:
        return weir_coverage_refuse(&m->base, "expr_type", (int)m->expr_type_case, d->err);
    }
}

weir_code weir_decode_expression(weir_decode *d, const expression *m, weir_node **ret) {
    *ret = NULL;
    if (!m)
        return weir_decode_missing(d->err, "spark.connect.Expression", "expr_type");
    WEIR_TRY(decode_kind(d, m, ret));
    set_origin(d, m->common, *ret);
    return WEIR_OK;
}
