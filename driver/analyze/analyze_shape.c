/* What gives rows another shape (analyzer_int.h): to(schema), union, and fields of structs put in or taken
 * out. All of them become projections of casts and named_struct calls. */
#include "driver/analyze/analyzer_int.h"

static weir_node_attribute *column_at(const weir_node *relation, int32_t i) {
    return WEIR_NODE_AS(relation->output.items[i], ATTRIBUTE, attribute);
}

static weir_node *field_of(weir_analysis *a, weir_node *child, int32_t ordinal) {
    weir_node_field_access *access = WEIR_NODE_NEW(a->arena, FIELD, field_access);
    access->child = child;
    access->ordinal = ordinal;
    access->node.type = child->type->fields[ordinal].type;
    access->node.nullable = child->nullable || child->type->fields[ordinal].nullable;
    access->node.resolved = true;
    return &access->node;
}

/* named_struct(pairs), and NULL where `child` is NULL. */
static weir_code make_struct(weir_analysis *a, weir_node *child, weir_node_list pairs, weir_node **ret) {
    weir_node *record = weir_analysis_call(a, "named_struct", pairs.items, pairs.count);
    if (child->nullable) {
        weir_node_case *choice = WEIR_NODE_NEW(a->arena, CASE, case);
        weir_node *missing = weir_analysis_call(a, "isnull", &child, 1);
        weir_node *null = weir_literal_null(a->arena, weir_type_of(WEIR_TYPE_NULL));
        choice->branches = weir_node_list_of(a->arena, (weir_node *[]){missing, null}, 2);
        choice->otherwise = record;
        record = &choice->node;
    }
    return weir_analysis_resolve(a, record, ret);
}

/* ---- withField, dropFields ---- */

/* `node` is the whole expression, for messages. */
static weir_code update_one(weir_analysis *a, const weir_node *node, weir_node *child,
                            const weir_str_list *path, int32_t at, weir_node *value, weir_node **ret) {
    const weir_type *type = child->type;
    if (type->kind != WEIR_TYPE_STRUCT)
        return weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__UNEXPECTED_INPUT_TYPE, "sqlExpr",
                                weir_analysis_sql(a, node), "paramIndex", "first", "requiredType",
                                "\"STRUCT\"", "inputSql", weir_analysis_sql(a, child), "inputType",
                                weir_analysis_type(a, type), NULL);
    weir_node_list pairs = {0};
    bool found = false, last = at + 1 == path->count;
    for (int32_t i = 0; i < type->fields_count; i++) {
        bool same = weir_analysis_name_equal(a, type->fields[i].name, path->items[at]);
        weir_node *field = field_of(a, child, i);
        found |= same;
        if (same && last && !value)
            continue;
        if (same && last)
            field = value;
        else if (same)
            WEIR_TRY(update_one(a, node, field, path, at + 1, value, &field));
        weir_str name = same ? path->items[at] : type->fields[i].name;
        weir_node_list_add(a->arena, &pairs, weir_literal_string(a->arena, name));
        weir_node_list_add(a->arena, &pairs, field);
    }
    if (!found && !last) {
        weir_str_list one = {&path->items[at], 1};
        return weir_error_raise(a->err, WEIR_FIELD_NOT_FOUND, "fieldName", weir_analysis_quoted(a, &one),
                                "fields", weir_analysis_type(a, type), NULL);
    }
    if (!found && !value) {
        *ret = child;
        return WEIR_OK;
    }
    if (!found) {
        weir_node_list_add(a->arena, &pairs, weir_literal_string(a->arena, path->items[at]));
        weir_node_list_add(a->arena, &pairs, value);
    }
    if (pairs.count == 0)
        return weir_error_raise(a->err, WEIR_DATATYPE_MISMATCH__CANNOT_DROP_ALL_FIELDS, "sqlExpr",
                                weir_analysis_sql(a, node), NULL);
    return make_struct(a, child, pairs, ret);
}

weir_code weir_analysis_update_field(weir_analysis *a, weir_node_update_field *node, weir_node **ret) {
    weir_node *child, *value = NULL;
    WEIR_TRY(weir_analysis_resolve(a, node->child, &child));
    if (node->value)
        WEIR_TRY(weir_analysis_resolve(a, node->value, &value));
    return update_one(a, &node->node, child, &node->path, 0, value, ret);
}

/* ---- to(schema) ---- */

/* Cast.canANSIStoreAssign: what may become what without an explicit cast. */
static bool can_store(const weir_type *from, const weir_type *to) {
    bool from_time = from->kind == WEIR_TYPE_DATE || from->kind == WEIR_TYPE_TIMESTAMP ||
                     from->kind == WEIR_TYPE_TIMESTAMP_NTZ;
    bool to_time =
        to->kind == WEIR_TYPE_DATE || to->kind == WEIR_TYPE_TIMESTAMP || to->kind == WEIR_TYPE_TIMESTAMP_NTZ;
    return weir_type_same(from, to) || from->kind == WEIR_TYPE_NULL ||
           (weir_type_is_numeric(from) && weir_type_is_numeric(to)) ||
           (to->kind == WEIR_TYPE_STRING && !weir_type_is_nested(from) && from->kind != WEIR_TYPE_VARIANT) ||
           (from_time && to_time);
}

typedef struct shape {
    weir_analysis *a;
    weir_str_list path; /* names down to the field at hand, for messages */
} shape;

static weir_code fit(shape *s, weir_node *value, const weir_field *target, weir_node **ret);

/* The fields of `target` out of `names` and `values`; appends to pairs or to columns, whichever is given. */
static weir_code fit_fields(shape *s, const weir_str *names, weir_node *const *values, int32_t count,
                            const weir_type *target, bool nested, weir_node_list *ret) {
    weir_analysis *a = s->a;
    for (int32_t f = 0; f < target->fields_count; f++) {
        const weir_field *field = &target->fields[f];
        weir_node *value = NULL;
        int32_t matches = 0;
        for (int32_t i = 0; i < count; i++)
            if (weir_analysis_name_equal(a, names[i], field->name)) {
                value = values[i];
                matches++;
            }
        s->path.items[s->path.count++] = field->name;
        const char *where = weir_analysis_quoted(a, &s->path);
        if (matches > 1)
            return weir_error_raise(a->err, WEIR_AMBIGUOUS_REFERENCE, "name", where, "referenceNames", where,
                                    NULL);
        if (matches == 0 && !field->nullable)
            return weir_error_raise(a->err, WEIR_UNRESOLVED_COLUMN__WITHOUT_SUGGESTION, "objectName", where,
                                    NULL);
        if (value)
            WEIR_TRY(fit(s, value, field, &value));
        else
            value = weir_literal_null(a->arena, field->type);
        s->path.count--;
        if (nested) {
            weir_node_list_add(a->arena, ret, weir_literal_string(a->arena, field->name));
            weir_node_list_add(a->arena, ret, value);
        } else {
            weir_node *alias = weir_analysis_alias(a, value, field->name);
            WEIR_NODE_AS(alias, ALIAS, alias)->metadata = field->metadata;
            weir_node_list_add(a->arena, ret, alias);
        }
    }
    return WEIR_OK;
}

static weir_code fit_struct(shape *s, weir_node *value, const weir_type *target, weir_node **ret) {
    int32_t count = value->type->fields_count;
    weir_str *names = WEIR_NEW_ARRAY(s->a->arena, weir_str, count + 1);
    weir_node **values = WEIR_NEW_ARRAY(s->a->arena, weir_node *, count + 1);
    for (int32_t i = 0; i < count; i++) {
        names[i] = value->type->fields[i].name;
        values[i] = field_of(s->a, value, i);
    }
    weir_node_list pairs = {0};
    WEIR_TRY(fit_fields(s, names, values, count, target, true, &pairs));
    return make_struct(s->a, value, pairs, ret);
}

static weir_code fit(shape *s, weir_node *value, const weir_field *target, weir_node **ret) {
    weir_analysis *a = s->a;
    const weir_type *from = value->type, *to = target->type;
    const char *where = weir_analysis_quoted(a, &s->path);
    if (value->nullable && !target->nullable)
        return weir_error_raise(a->err, WEIR_NULLABLE_COLUMN_OR_FIELD, "name", where, NULL);
    *ret = value;
    if (from->kind == WEIR_TYPE_STRUCT && to->kind == WEIR_TYPE_STRUCT)
        return fit_struct(s, value, to, ret);
    if (weir_type_same(from, to))
        return WEIR_OK;
    if (from->kind == to->kind && weir_type_is_list(from))
        return weir_analysis_refuse(a, value, "to(schema) that changes what an array or map holds");
    if (!can_store(from, to))
        return weir_error_raise(a->err, WEIR_INVALID_COLUMN_OR_FIELD_DATA_TYPE, "name", where, "type",
                                weir_analysis_type(a, from), "expectedType", weir_analysis_type(a, to), NULL);
    *ret = weir_analysis_cast(a, value, to);
    return WEIR_OK;
}

static int32_t depth_of(const weir_type *type) {
    int32_t deepest = 0;
    for (int32_t i = 0; type->kind == WEIR_TYPE_STRUCT && i < type->fields_count; i++)
        deepest = WEIR_MAX(deepest, depth_of(type->fields[i].type));
    return deepest + 1;
}

weir_code weir_analysis_to_schema(weir_analysis *a, weir_node_to_schema *node, weir_node **ret) {
    weir_node *child;
    WEIR_TRY(weir_analysis_relation(a, node->child, &child));
    shape s = {a, {WEIR_NEW_ARRAY(a->arena, weir_str, depth_of(node->schema) + 1), 0}};
    int32_t count = child->output.count;
    weir_str *names = WEIR_NEW_ARRAY(a->arena, weir_str, count + 1);
    weir_node **values = WEIR_NEW_ARRAY(a->arena, weir_node *, count + 1);
    for (int32_t i = 0; i < count; i++) {
        names[i] = column_at(child, i)->name;
        values[i] = weir_analysis_attribute_of(a, child->output.items[i]);
    }
    weir_node_list items = {0};
    WEIR_TRY(fit_fields(&s, names, values, count, node->schema, false, &items));
    *ret = weir_analysis_make_project(a, &node->node, child, items);
    return WEIR_OK;
}

/* ---- union ---- */

static const char *ordinal_text(weir_analysis *a, int32_t i) {
    static const char *const words[] = {"first", "second",  "third",  "fourth", "fifth",
                                        "sixth", "seventh", "eighth", "ninth",  "tenth"};
    return i < (int32_t)WEIR_ARRAY_LEN(words) ? words[i] : weir_arena_printf(a->arena, "%dth", i + 1);
}

static int32_t find_column(weir_analysis *a, const weir_node *relation, weir_str name) {
    for (int32_t i = 0; i < relation->output.count; i++)
        if (weir_analysis_name_equal(a, column_at(relation, i)->name, name))
            return i;
    return -1;
}

static weir_code check_distinct_names(weir_analysis *a, const weir_node *relation) {
    for (int32_t i = 0; i < relation->output.count; i++) {
        weir_str_list one = {&column_at(relation, i)->name, 1};
        if (find_column(a, relation, one.items[0]) != i)
            return weir_error_raise(a->err, WEIR_COLUMN_ALREADY_EXISTS, "columnName",
                                    weir_analysis_quoted(a, &one), NULL);
    }
    return WEIR_OK;
}

static weir_code raise_missing(weir_analysis *a, weir_str name, const weir_node *relation) {
    weir_strbuf names _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < relation->output.count; i++)
        weir_strbuf_addf(&names, "%s" WEIR_STR_FMT, i ? ", " : "",
                         WEIR_STR_ARG(column_at(relation, i)->name));
    return weir_error_raise(a->err, WEIR_UNRESOLVED_COLUMN_AMONG_FIELD_NAMES, "colName",
                            weir_arena_strndup(a->arena, name.data, name.size), "fieldNames",
                            names.data ? names.data : "", NULL);
}

/* The columns of `relation` in the order of `model`, with NULL for those it lacks. */
static weir_code arrange(weir_analysis *a, weir_node *relation, const weir_node *model, bool allow_missing,
                         weir_node **ret) {
    weir_node_list items = {0};
    for (int32_t i = 0; i < model->output.count; i++) {
        weir_node_attribute *wanted = column_at(model, i);
        int32_t at = find_column(a, relation, wanted->name);
        if (at >= 0) {
            weir_node_list_add(a->arena, &items, weir_analysis_attribute_of(a, relation->output.items[at]));
            continue;
        }
        if (!allow_missing)
            return raise_missing(a, wanted->name, relation);
        weir_node *null = weir_literal_null(a->arena, wanted->node.type);
        weir_node_list_add(a->arena, &items, weir_analysis_alias(a, null, wanted->name));
    }
    *ret = weir_analysis_make_project(a, relation, relation, items);
    return WEIR_OK;
}

/* unionByName: the left side's columns, then what only the right side has. */
static weir_code union_by_name(weir_analysis *a, const weir_node_union *node, weir_node_list *children) {
    weir_node *left = children->items[0], *right = children->items[1], *model = left;
    WEIR_TRY(check_distinct_names(a, left));
    WEIR_TRY(check_distinct_names(a, right));
    if (node->allow_missing) {
        weir_node_list items = {0};
        for (int32_t i = 0; i < left->output.count; i++)
            weir_node_list_add(a->arena, &items, weir_analysis_attribute_of(a, left->output.items[i]));
        for (int32_t i = 0; i < right->output.count; i++) {
            weir_node_attribute *column = column_at(right, i);
            if (find_column(a, left, column->name) >= 0)
                continue;
            weir_node *null = weir_literal_null(a->arena, column->node.type);
            weir_node_list_add(a->arena, &items, weir_analysis_alias(a, null, column->name));
        }
        if (items.count > left->output.count)
            model = weir_analysis_make_project(a, left, left, items);
    }
    children->items[0] = model;
    if (right->output.count > model->output.count)
        return raise_missing(a, column_at(right, right->output.count - 1)->name, left);
    return arrange(a, right, model, node->allow_missing, &children->items[1]);
}

static weir_code common_type(weir_analysis *a, const char *word, const weir_node_list *children,
                             int32_t column, const weir_type **ret) {
    const weir_type *first = children->items[0]->output.items[column]->type, *common = first;
    for (int32_t c = 1; c < children->count; c++) {
        const weir_type *other = children->items[c]->output.items[column]->type;
        common = weir_coerce_common(a->arena, a->options->ansi, common, other);
        if (!common)
            return weir_error_raise(a->err, WEIR_INCOMPATIBLE_COLUMN_TYPE, "operator", word,
                                    "columnOrdinalNumber", ordinal_text(a, column), "tableOrdinalNumber",
                                    ordinal_text(a, c), "dataType1", weir_analysis_type(a, other),
                                    "dataType2", weir_analysis_type(a, first), "hint", "", NULL);
    }
    *ret = common;
    return WEIR_OK;
}

/* The child with its columns cast to the common types; itself where nothing changes. */
static weir_node *cast_columns(weir_analysis *a, weir_node *child, const weir_type *const *types) {
    weir_node_list items = weir_node_list_new(a->arena, child->output.count);
    bool any = false;
    for (int32_t i = 0; i < items.count; i++) {
        weir_node_attribute *column = column_at(child, i);
        items.items[i] = weir_analysis_attribute_of(a, &column->node);
        if (weir_type_same(column->node.type, types[i]))
            continue;
        any = true;
        items.items[i] =
            weir_analysis_alias(a, weir_analysis_cast(a, items.items[i], types[i]), column->name);
    }
    return any ? weir_analysis_make_project(a, child, child, items) : child;
}

weir_code weir_analysis_same_shape(weir_analysis *a, const char *word, const weir_node *origin,
                                   weir_node_list *children) {
    int32_t columns = children->items[0]->output.count;
    for (int32_t c = 1; c < children->count; c++)
        if (children->items[c]->output.count != columns)
            return weir_analysis_place(
                a, origin,
                weir_error_raise(a->err, WEIR_NUM_COLUMNS_MISMATCH, "operator", word, "firstNumColumns",
                                 weir_arena_printf(a->arena, "%d", columns), "invalidOrdinalNum",
                                 ordinal_text(a, c), "invalidNumColumns",
                                 weir_arena_printf(a->arena, "%d", children->items[c]->output.count), NULL));
    const weir_type **types = WEIR_NEW_ARRAY(a->arena, const weir_type *, columns + 1);
    for (int32_t i = 0; i < columns; i++)
        WEIR_TRY(weir_analysis_place(a, origin, common_type(a, word, children, i, &types[i])));
    for (int32_t c = 0; c < children->count; c++)
        children->items[c] = cast_columns(a, children->items[c], types);
    return WEIR_OK;
}

weir_code weir_analysis_union(weir_analysis *a, weir_node_union *node, weir_node **ret) {
    weir_node_list children = weir_node_list_new(a->arena, node->children.count);
    for (int32_t c = 0; c < children.count; c++)
        WEIR_TRY(weir_analysis_relation(a, node->children.items[c], &children.items[c]));
    if (node->by_name)
        WEIR_TRY(union_by_name(a, node, &children));
    WEIR_TRY(weir_analysis_same_shape(a, "UNION", &node->node, &children));
    int32_t columns = children.items[0]->output.count;
    weir_node_union *copy = (weir_node_union *)weir_node_copy(a->arena, &node->node);
    copy->children = children;
    copy->by_name = copy->allow_missing = false;
    weir_node_list output = weir_node_list_new(a->arena, columns);
    for (int32_t i = 0; i < columns; i++) {
        output.items[i] = weir_analysis_attribute_of(a, children.items[0]->output.items[i]);
        WEIR_NODE_AS(output.items[i], ATTRIBUTE, attribute)->id = (*a->options->next_id)++;
        for (int32_t c = 1; c < children.count; c++)
            output.items[i]->nullable |= children.items[c]->output.items[i]->nullable;
    }
    weir_analysis_set_output(a, &copy->node, output);
    *ret = &copy->node;
    return WEIR_OK;
}
