/* Resolution of expressions (analyzer_int.h): one bottom-up pass gives every node its type; implicit casts go
 * in where Spark puts them. Already resolved nodes are left alone, so rewrites may mix both kinds. */
#include "driver/analyze/analyzer_int.h"

weir_resolve weir_analysis_resolve_context(weir_analysis *a, const weir_node *call) {
    return (weir_resolve){
        .arena = a->arena, .ansi = a->options->ansi, .zone = a->options->zone, .call = call};
}

weir_node *weir_analysis_cast(weir_analysis *a, weir_node *expr, const weir_type *type) {
    weir_resolve resolve = weir_analysis_resolve_context(a, expr);
    return weir_coerce_cast(&resolve, expr, type);
}

static bool is_aggregate(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_AGGREGATE_CALL;
}

bool weir_analysis_has_aggregate(const weir_node *node) {
    return weir_node_any(node, is_aggregate, NULL);
}

static bool is_nondeterministic(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_CALL &&
           (WEIR_NODE_AS(node, CALL, call)->function->flags & WEIR_FN_NONDETERMINISTIC) != 0;
}

bool weir_analysis_is_nondeterministic(const weir_node *node) {
    return weir_node_any(node, is_nondeterministic, NULL);
}

static bool count_node(const weir_node *node, void *data) {
    (void)node;
    return ++*(int32_t *)data > WEIR_ANALYSIS_NODES_MAX;
}

bool weir_analysis_is_too_large(const weir_node *node) {
    int32_t count = 0;
    return weir_node_any(node, count_node, &count);
}

void weir_analysis_remember(weir_analysis *a, const weir_node *from, const weir_node *to) {
    if (a->found_count == a->found_capacity) {
        int32_t capacity = a->found_capacity ? a->found_capacity * 2 : 32;
        weir_found *found = WEIR_NEW_ARRAY(a->arena, weir_found, capacity);
        if (a->found_count)
            memcpy(found, a->found, sizeof *found * (size_t)a->found_count);
        a->found = found;
        a->found_capacity = capacity;
    }
    a->found[a->found_count++] = (weir_found){from, to};
}

void weir_analysis_remember_list(weir_analysis *a, const weir_node *from, weir_node_list items) {
    weir_node_expr_list *list = WEIR_NODE_NEW(a->arena, EXPR_LIST, expr_list);
    list->items = items;
    weir_analysis_remember(a, from, &list->node);
}

static weir_node *copy_for(weir_analysis *a, const weir_node *node) {
    weir_node *copy = weir_node_copy(a->arena, node);
    copy->resolved = true;
    return copy;
}

/* ---- names ---- */

static bool is_lateral(const weir_analysis *a, const weir_node *found) {
    for (const weir_scope *scope = a->scope; scope; scope = scope->outer)
        for (int32_t i = 0; scope->aliases && i < scope->aliases->count; i++)
            if (scope->aliases->items[i]->kind == WEIR_NODE_ALIAS &&
                WEIR_NODE_AS(scope->aliases->items[i], ALIAS, alias)->child == found)
                return true;
    return false;
}

static weir_str auto_name(weir_analysis *a, const weir_node *node);

static weir_code raise_lateral_over(weir_analysis *a, const weir_node_unresolved_attribute *name) {
    weir_str text = auto_name(a, a->over_node);
    return weir_error_raise(a->err, WEIR_UNSUPPORTED_FEATURE__LATERAL_COLUMN_ALIAS_IN_WINDOW, "lca",
                            weir_analysis_quoted(a, &name->parts), "windowExpr",
                            weir_arena_printf(a->arena, "\"" WEIR_STR_FMT "\"", WEIR_STR_ARG(text)), NULL);
}

static weir_code resolve_attribute(weir_analysis *a, weir_node_unresolved_attribute *name, weir_node **ret) {
    if (name->plan_id) {
        WEIR_TRY(weir_analysis_frame_column(a, name, ret));
        weir_analysis_remember(a, &name->node, *ret);
        return WEIR_OK;
    }
    WEIR_TRY(weir_analysis_resolve_name(a, name, ret));
    if (!is_lateral(a, *ret)) {
        weir_analysis_remember(a, &name->node, *ret);
        return WEIR_OK;
    }
    /* Spark's auto names show such references. */
    weir_node_attribute *shown = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    shown->name = weir_str_from(weir_arena_printf(a->arena, "lateralAliasReference(" WEIR_STR_FMT ")",
                                                  WEIR_STR_ARG(name->parts.items[name->parts.count - 1])));
    weir_analysis_remember(a, &name->node, &shown->node);
    return a->over_node ? raise_lateral_over(a, name) : WEIR_OK;
}

static weir_code resolve_extract(weir_analysis *a, weir_node_unresolved_extract *node, weir_node **ret) {
    weir_node *child, *index;
    WEIR_TRY(weir_analysis_resolve(a, node->child, &child));
    WEIR_TRY(weir_analysis_resolve(a, node->extraction, &index));
    WEIR_TRY(weir_analysis_extract(a, &node->node, child, index, ret));
    bool fields = (*ret)->kind == WEIR_NODE_CALL &&
                  strcmp(WEIR_NODE_AS(*ret, CALL, call)->function->name, "weir_element_field") == 0;
    if ((*ret)->kind == WEIR_NODE_FIELD || fields)
        weir_analysis_remember(a, &node->node, *ret);
    return WEIR_OK;
}

/* ---- casts ---- */

static const char *conversion_functions(const weir_type *from, const weir_type *to) {
    if (weir_type_is_numeric(from) && to->kind == WEIR_TYPE_DATE)
        return "`DATE_FROM_UNIX_DATE`";
    if (from->kind == WEIR_TYPE_DATE && weir_type_is_numeric(to))
        return "`UNIX_DATE`";
    return NULL;
}

static weir_code raise_cast(weir_analysis *a, weir_node_cast *cast) {
    const weir_type *from = cast->child->type, *to = cast->node.type;
    const char *expr = weir_analysis_sql(a, &cast->node), *from_text = weir_analysis_type(a, from),
               *to_text = weir_analysis_type(a, to);
    const char *functions = conversion_functions(from, to);
    weir_code code;
    if (functions)
        code =
            weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__CAST_WITH_FUNC_SUGGESTION, "sqlExpr", expr,
                             "srcType", from_text, "targetType", to_text, "functionNames", functions, NULL);
    else if (cast->mode == WEIR_CAST_ANSI && weir_coerce_can_cast(from, to, WEIR_CAST_LEGACY))
        code = weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__CAST_WITH_CONF_SUGGESTION, "sqlExpr", expr,
                                "srcType", from_text, "targetType", to_text, "config",
                                "\"spark.sql.ansi.enabled\"", "configVal", "'false'", NULL);
    else
        code = weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__CAST_WITHOUT_SUGGESTION, "sqlExpr", expr,
                                "srcType", from_text, "targetType", to_text, NULL);
    return weir_analysis_place(a, &cast->node, code);
}

static weir_code resolve_cast(weir_analysis *a, weir_node_cast *node, weir_node **ret) {
    weir_node_cast *cast = (weir_node_cast *)copy_for(a, &node->node);
    WEIR_TRY(weir_analysis_resolve(a, node->child, &cast->child));
    if (cast->mode != WEIR_CAST_TRY)
        cast->mode = a->options->ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
    if (weir_type_is_string(cast->node.type)) /* CHAR(n) and VARCHAR(n) are STRING in casts */
        cast->node.type = weir_type_of(WEIR_TYPE_STRING);
    const weir_type *from = cast->child->type, *to = cast->node.type;
    if (!weir_coerce_can_cast(from, to, (weir_cast_mode)cast->mode))
        return raise_cast(a, cast);
    cast->node.nullable =
        cast->child->nullable || cast->mode == WEIR_CAST_TRY || weir_coerce_cast_nullable(from, to);
    *ret = &cast->node;
    return WEIR_OK;
}

/* ---- AND, OR ---- */

static weir_code resolve_logical(weir_analysis *a, const weir_node *node, weir_node **left,
                                 weir_node **right) {
    weir_node *sides[2];
    WEIR_TRY(weir_analysis_resolve(a, *left, &sides[0]));
    WEIR_TRY(weir_analysis_resolve(a, *right, &sides[1]));
    const weir_type *boolean = weir_type_of(WEIR_TYPE_BOOLEAN);
    for (int i = 0; i < 2; i++)
        if (sides[i]->type->kind == WEIR_TYPE_NULL)
            sides[i] = weir_analysis_cast(a, sides[i], boolean);
    *left = sides[0];
    *right = sides[1];
    const weir_type *l = sides[0]->type, *r = sides[1]->type;
    if (l->kind == WEIR_TYPE_BOOLEAN && r->kind == WEIR_TYPE_BOOLEAN)
        return WEIR_OK;
    const weir_type *common = weir_coerce_common(a->arena, a->options->ansi, l, r);
    if (common && common->kind == WEIR_TYPE_BOOLEAN) {
        *left = weir_analysis_cast(a, sides[0], boolean);
        *right = weir_analysis_cast(a, sides[1], boolean);
        return WEIR_OK;
    }
    const char *expr = weir_analysis_sql(a, node);
    weir_code code =
        common ? weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__BINARY_OP_WRONG_TYPE, "sqlExpr", expr,
                                  "inputType", "\"BOOLEAN\"", "actualDataType", weir_analysis_type(a, common),
                                  NULL)
               : weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__BINARY_OP_DIFF_TYPES, "sqlExpr", expr,
                                  "left", weir_analysis_type(a, l), "right", weir_analysis_type(a, r), NULL);
    return weir_analysis_place(a, node, code);
}

static weir_code resolve_and(weir_analysis *a, weir_node *node, weir_node **ret) {
    weir_node_and *copy = (weir_node_and *)copy_for(a, node);
    WEIR_TRY(resolve_logical(a, &copy->node, &copy->left, &copy->right));
    copy->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    copy->node.nullable = copy->left->nullable || copy->right->nullable;
    *ret = &copy->node;
    return WEIR_OK;
}

static weir_code resolve_or(weir_analysis *a, weir_node *node, weir_node **ret) {
    weir_node_or *copy = (weir_node_or *)copy_for(a, node);
    WEIR_TRY(resolve_logical(a, &copy->node, &copy->left, &copy->right));
    copy->node.type = weir_type_of(WEIR_TYPE_BOOLEAN);
    copy->node.nullable = copy->left->nullable || copy->right->nullable;
    *ret = &copy->node;
    return WEIR_OK;
}

/* ---- CASE, COALESCE ---- */

/* Casts values (every `step`-th of the list from `from`, and `otherwise`) to their common type. */
static weir_code unify(weir_analysis *a, const weir_node *node, weir_node **values[], int32_t count,
                       const char *function, const weir_type **ret) {
    const weir_type *common = (*values[0])->type;
    for (int32_t i = 1; i < count && common; i++)
        common = weir_coerce_common(a->arena, a->options->ansi, common, (*values[i])->type);
    if (!common) {
        bool list = strcmp(function, "coalesce") != 0;
        weir_strbuf types _cleanup_strbuf_ = {0};
        for (int32_t i = 0; i < count; i++)
            weir_strbuf_addf(&types, "%s%s", i ? (list ? ", " : " or ") : (list ? "[" : "("),
                             weir_analysis_type(a, (*values[i])->type));
        weir_strbuf_add_char(&types, list ? ']' : ')');
        const char *name = weir_arena_printf(a->arena, "`%s`", function);
        return weir_analysis_place(a, node,
                                   weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__DATA_DIFF_TYPES,
                                                    "sqlExpr", weir_analysis_sql(a, node), "functionName",
                                                    name, "dataType", types.data, NULL));
    }
    for (int32_t i = 0; i < count; i++)
        if (!weir_type_same((*values[i])->type, common))
            *values[i] = weir_analysis_cast(a, *values[i], common);
    *ret = common;
    return WEIR_OK;
}

static weir_code check_conditions(weir_analysis *a, weir_node_case *node) {
    static const char *const ordinals[] = {"first", "second", "third",   "fourth",
                                           "fifth", "sixth",  "seventh", "eighth"};
    const weir_type *boolean = weir_type_of(WEIR_TYPE_BOOLEAN);
    for (int32_t i = 0; i < node->branches.count; i += 2) {
        weir_node *condition = node->branches.items[i];
        if (condition->type->kind == WEIR_TYPE_NULL)
            node->branches.items[i] = condition = weir_analysis_cast(a, condition, boolean);
        if (condition->type->kind == WEIR_TYPE_BOOLEAN)
            continue;
        size_t index = (size_t)i / 2;
        const char *ordinal = index < WEIR_ARRAY_LEN(ordinals)
                                  ? ordinals[index]
                                  : weir_arena_printf(a->arena, "%zuth", index + 1);
        return weir_analysis_place(a, &node->node,
                                   weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__UNEXPECTED_INPUT_TYPE,
                                                    "sqlExpr", weir_analysis_sql(a, &node->node),
                                                    "paramIndex", ordinal, "requiredType", "\"BOOLEAN\"",
                                                    "inputSql", weir_analysis_sql(a, condition), "inputType",
                                                    weir_analysis_type(a, condition->type), NULL));
    }
    return WEIR_OK;
}

static weir_code resolve_list(weir_analysis *a, weir_node_list *list) {
    weir_node_list copy = weir_node_list_new(a->arena, list->count);
    for (int32_t i = 0; i < list->count; i++)
        WEIR_TRY(weir_analysis_resolve(a, list->items[i], &copy.items[i]));
    *list = copy;
    return WEIR_OK;
}

static weir_code resolve_case(weir_analysis *a, weir_node *in, weir_node **ret) {
    weir_node_case *node = (weir_node_case *)copy_for(a, in);
    WEIR_TRY(resolve_list(a, &node->branches));
    if (node->otherwise)
        WEIR_TRY(weir_analysis_resolve(a, node->otherwise, &node->otherwise));
    WEIR_TRY(check_conditions(a, node));
    int32_t count = node->branches.count / 2;
    weir_node ***values = WEIR_NEW_ARRAY(a->arena, weir_node **, count + 1);
    for (int32_t i = 0; i < count; i++)
        values[i] = &node->branches.items[2 * i + 1];
    if (node->otherwise)
        values[count++] = &node->otherwise;
    WEIR_TRY(unify(a, &node->node, values, count, "casewhen", &node->node.type));
    node->node.nullable = !node->otherwise;
    for (int32_t i = 0; i < count; i++)
        node->node.nullable |= (*values[i])->nullable;
    *ret = &node->node;
    return WEIR_OK;
}

static weir_code resolve_coalesce(weir_analysis *a, weir_node *in, weir_node **ret) {
    weir_node_coalesce *node = (weir_node_coalesce *)copy_for(a, in);
    WEIR_TRY(resolve_list(a, &node->args));
    weir_node ***values = WEIR_NEW_ARRAY(a->arena, weir_node **, node->args.count);
    node->node.nullable = true;
    for (int32_t i = 0; i < node->args.count; i++)
        values[i] = &node->args.items[i];
    WEIR_TRY(unify(a, &node->node, values, node->args.count, "coalesce", &node->node.type));
    for (int32_t i = 0; i < node->args.count; i++)
        node->node.nullable &= node->args.items[i]->nullable;
    *ret = &node->node;
    return WEIR_OK;
}

/* ---- what rewrites of the registry may hold ---- */

static weir_code resolve_field(weir_analysis *a, weir_node *in, weir_node **ret) {
    weir_node_field_access *node = (weir_node_field_access *)copy_for(a, in);
    WEIR_TRY(weir_analysis_resolve(a, node->child, &node->child));
    const weir_type *type = node->child->type;
    if (type->kind != WEIR_TYPE_STRUCT || node->ordinal < 0 || node->ordinal >= type->fields_count)
        WEIR_FAIL(a->err, INTERNAL_ERROR, "field access of a type without that field");
    node->node.type = type->fields[node->ordinal].type;
    node->node.nullable = node->child->nullable || type->fields[node->ordinal].nullable;
    *ret = &node->node;
    return WEIR_OK;
}

weir_code weir_analysis_resolve(weir_analysis *a, weir_node *node, weir_node **ret) {
    if (node->resolved) {
        *ret = node;
        return WEIR_OK;
    }
    switch (node->kind) {
    case WEIR_NODE_UNRESOLVED_ATTRIBUTE:
        return resolve_attribute(a, WEIR_NODE_AS(node, UNRESOLVED_ATTRIBUTE, unresolved_attribute), ret);
    case WEIR_NODE_UNRESOLVED_EXTRACT:
        return resolve_extract(a, WEIR_NODE_AS(node, UNRESOLVED_EXTRACT, unresolved_extract), ret);
    case WEIR_NODE_UNRESOLVED_FUNCTION:
        return weir_analysis_resolve_call(a, WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function),
                                          ret);
    case WEIR_NODE_SUBQUERY:
        if (a->lambdas)
            return weir_analysis_refuse(a, node, "a sub-query in a lambda");
        return weir_analysis_subquery(a, WEIR_NODE_AS(node, SUBQUERY, subquery), ret);
    case WEIR_NODE_UNRESOLVED_WINDOW:
        return weir_analysis_over(a, WEIR_NODE_AS(node, UNRESOLVED_WINDOW, unresolved_window), ret);
    case WEIR_NODE_UPDATE_FIELD:
        return weir_analysis_update_field(a, WEIR_NODE_AS(node, UPDATE_FIELD, update_field), ret);
    case WEIR_NODE_UNRESOLVED_REGEX:
    case WEIR_NODE_UNRESOLVED_STAR:
        if (a->lambdas)
            return weir_error_raise(a->err, WEIR_INVALID_USAGE_OF_STAR_OR_REGEX, "elem", "'*'", "prettyName",
                                    "expression `lambdafunction`", NULL);
        return weir_analysis_place(a, node,
                                   weir_error_raise(a->err, WEIR_INVALID_USAGE_OF_STAR_OR_REGEX, "elem",
                                                    "'*'", "prettyName", "an expression", NULL));
    case WEIR_NODE_LAMBDA: /* where no function takes it */
        return weir_error_raise(a->err, WEIR_INTERNAL_ERROR, "message",
                                "Invalid call to dataType on unresolved object", NULL);
    case WEIR_NODE_CAST:
        return resolve_cast(a, WEIR_NODE_AS(node, CAST, cast), ret);
    case WEIR_NODE_AND:
        return resolve_and(a, node, ret);
    case WEIR_NODE_OR:
        return resolve_or(a, node, ret);
    case WEIR_NODE_CASE:
        return resolve_case(a, node, ret);
    case WEIR_NODE_COALESCE:
        return resolve_coalesce(a, node, ret);
    case WEIR_NODE_FIELD:
        return resolve_field(a, node, ret);
    case WEIR_NODE_ALIAS: /* nested: the name has no meaning here */
        return weir_analysis_resolve(a, WEIR_NODE_AS(node, ALIAS, alias)->child, ret);
    case WEIR_NODE_MULTI_ALIAS:
        return weir_analysis_resolve(a, WEIR_NODE_AS(node, MULTI_ALIAS, multi_alias)->child, ret);
    default:
        WEIR_FAIL(a->err, INTERNAL_ERROR, "the analyzer met an unexpected %s",
                  weir_node_describe(node->kind).label);
    }
}

/* ---- select items ---- */

weir_node *weir_analysis_alias(weir_analysis *a, weir_node *child, weir_str name) {
    weir_node_alias *alias = WEIR_NODE_NEW(a->arena, ALIAS, alias);
    alias->child = child;
    alias->name = weir_arena_str(a->arena, name);
    alias->id = (*a->options->next_id)++;
    alias->node.type = child->type;
    alias->node.nullable = child->nullable;
    alias->node.resolved = true;
    alias->node.start = child->start;
    alias->node.stop = child->stop;
    return &alias->node;
}

weir_node *weir_analysis_attribute_of(weir_analysis *a, const weir_node *named) {
    weir_node_attribute *attribute = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    if (named->kind == WEIR_NODE_ALIAS) {
        const weir_node_alias *alias = WEIR_NODE_AS(named, ALIAS, alias);
        attribute->name = alias->name;
        attribute->id = alias->id;
        attribute->metadata = alias->metadata;
        if (alias->metadata.size == 0 && alias->child->kind == WEIR_NODE_ATTRIBUTE)
            attribute->metadata = WEIR_NODE_AS(alias->child, ATTRIBUTE, attribute)->metadata;
    } else {
        attribute->name = WEIR_NODE_AS(named, ATTRIBUTE, attribute)->name;
        attribute->id = WEIR_NODE_AS(named, ATTRIBUTE, attribute)->id;
        attribute->metadata = WEIR_NODE_AS(named, ATTRIBUTE, attribute)->metadata;
    }
    attribute->node.type = named->type;
    attribute->node.nullable = named->nullable;
    attribute->node.resolved = true;
    return &attribute->node;
}

static const weir_node *look_up(const weir_node *node, void *data) {
    const weir_analysis *a = data;
    if (node->kind > WEIR_NODE_UNRESOLVED_EXTRACT && node->kind != WEIR_NODE_SUBQUERY)
        return NULL; /* the kinds that parsers leave come first in the table */
    for (int32_t i = a->found_count - 1; i >= 0; i--)
        if (a->found[i].from == node)
            return a->found[i].to;
    return NULL;
}

static weir_str auto_name(weir_analysis *a, const weir_node *node) {
    weir_strbuf buf _cleanup_strbuf_ = {0};
    weir_expr_text text = {.zone = a->options->zone, .lookup = look_up, .data = a};
    weir_expr_text_add(&buf, node, &text);
    return weir_arena_str(a->arena, weir_strbuf_view(&buf));
}

static weir_str last_part(const weir_node *node) {
    weir_str_list parts = WEIR_NODE_AS(node, UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts;
    return parts.items[parts.count - 1];
}

/* The name of an item that the user did not name. */
static weir_str item_name(weir_analysis *a, const weir_node *node) {
    if (node->kind == WEIR_NODE_UNRESOLVED_ATTRIBUTE) {
        const weir_node *found = look_up(node, a);
        bool function = found && found->kind == WEIR_NODE_CALL &&
                        WEIR_NODE_AS(node, UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts.count == 1;
        return function ? auto_name(a, node) : last_part(node);
    }
    if (node->kind == WEIR_NODE_CAST) {
        const weir_node *child = WEIR_NODE_AS(node, CAST, cast)->child;
        const weir_node *found = look_up(child, a);
        if (found && found->kind == WEIR_NODE_ATTRIBUTE)
            return last_part(child);
        if (weir_analysis_is_window_call(child))
            return WEIR_STR("window");
    }
    return auto_name(a, node);
}

/* A column, or fields and elements taken out of one: Spark marks every other name that it makes up. */
static bool is_extraction(const weir_node *node) {
    switch (node->kind) {
    case WEIR_NODE_ATTRIBUTE:
    case WEIR_NODE_LITERAL:
        return true;
    case WEIR_NODE_FIELD:
        return is_extraction(((const weir_node_field_access *)node)->child);
    case WEIR_NODE_CALL: {
        const weir_node_call *call = (const weir_node_call *)node;
        bool taken = strcmp(call->function->name, "weir_extract") == 0 ||
                     strcmp(call->function->name, "weir_element_field") == 0;
        return taken && is_extraction(call->args.items[0]) && is_extraction(call->args.items[1]);
    }
    default:
        return false;
    }
}

static weir_str auto_alias_metadata(const weir_node *written, const weir_node *resolved) {
    bool cast = written->kind == WEIR_NODE_CAST && resolved->kind == WEIR_NODE_CAST &&
                ((const weir_node_cast *)resolved)->child->kind == WEIR_NODE_ATTRIBUTE;
    return cast || is_extraction(resolved) ? (weir_str){0} : WEIR_STR("{\"__autoGeneratedAlias\":\"true\"}");
}

/* Those over generators are gone by now. */
static weir_code raise_multi_alias(weir_analysis *a, const weir_node_multi_alias *node) {
    weir_node *child;
    WEIR_TRY(weir_analysis_resolve(a, node->child, &child));
    weir_strbuf names _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < node->names.count; i++)
        weir_strbuf_addf(&names, "%s" WEIR_STR_FMT, i ? ", " : "", WEIR_STR_ARG(node->names.items[i]));
    return weir_analysis_place(a, &node->node,
                               weir_error_raise(a->err, WEIR_MULTI_ALIAS_WITHOUT_GENERATOR, "names",
                                                names.data, "expr", weir_analysis_sql(a, child), NULL));
}

weir_code weir_analysis_named(weir_analysis *a, weir_node *node, weir_node_list *ret) {
    if (node->kind == WEIR_NODE_UNRESOLVED_REGEX)
        return weir_analysis_expand_regex(a, WEIR_NODE_AS(node, UNRESOLVED_REGEX, unresolved_regex), ret);
    if (node->kind == WEIR_NODE_UNRESOLVED_STAR)
        return weir_analysis_expand_star(a, WEIR_NODE_AS(node, UNRESOLVED_STAR, unresolved_star), ret);
    weir_node *resolved;
    a->found_count = 0;
    if (node->kind == WEIR_NODE_MULTI_ALIAS)
        return raise_multi_alias(a, WEIR_NODE_AS(node, MULTI_ALIAS, multi_alias));
    if (node->kind == WEIR_NODE_ALIAS && !node->resolved) {
        WEIR_TRY(weir_analysis_resolve(a, WEIR_NODE_AS(node, ALIAS, alias)->child, &resolved));
        weir_node *alias = weir_analysis_alias(a, resolved, WEIR_NODE_AS(node, ALIAS, alias)->name);
        WEIR_NODE_AS(alias, ALIAS, alias)->metadata = WEIR_NODE_AS(node, ALIAS, alias)->metadata;
        weir_node_list_add(a->arena, ret, alias);
        return WEIR_OK;
    }
    WEIR_TRY(weir_analysis_resolve(a, node, &resolved));
    bool named = resolved->kind == WEIR_NODE_ATTRIBUTE || resolved->kind == WEIR_NODE_ALIAS;
    if (!named) {
        weir_str metadata = auto_alias_metadata(node, resolved);
        resolved = weir_analysis_alias(a, resolved, item_name(a, node));
        WEIR_NODE_AS(resolved, ALIAS, alias)->metadata = metadata;
    }
    weir_node_list_add(a->arena, ret, resolved);
    return WEIR_OK;
}
