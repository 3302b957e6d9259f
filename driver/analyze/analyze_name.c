/* Names (analyzer_int.h): columns by qualifier and name, nested fields, stars, and the suggestions of
 * UNRESOLVED_COLUMN. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "driver/analyze/analyzer_int.h"

bool weir_analysis_name_equal(const weir_analysis *a, weir_str left, weir_str right) {
    return a->options->case_sensitive ? weir_str_equal(left, right) : weir_str_equal_nocase(left, right);
}

static weir_node_attribute *column_at(const weir_node_list *list, int32_t i) {
    return WEIR_NODE_AS(list->items[i], ATTRIBUTE, attribute);
}

/* How many leading parts name the column: 0 = it is another. Qualified matches win over plain ones. */
static int32_t match_column(const weir_analysis *a, const weir_node_attribute *column,
                            const weir_str_list *parts, bool qualified) {
    int32_t depth = qualified ? column->qualifier.count : 0;
    if ((qualified && depth == 0) || parts->count <= depth)
        return 0;
    for (int32_t i = 0; i < depth; i++)
        if (!weir_analysis_name_equal(a, column->qualifier.items[i], parts->items[i]))
            return 0;
    return weir_analysis_name_equal(a, column->name, parts->items[depth]) ? depth + 1 : 0;
}

/* A reference to the column under the name that was written. */
static weir_node *make_reference(weir_analysis *a, const weir_node *node, const weir_node_attribute *column,
                                 weir_str name) {
    weir_node_attribute *reference = WEIR_NODE_NEW(a->arena, ATTRIBUTE, attribute);
    reference->name = name;
    reference->id = column->id;
    reference->metadata = column->metadata;
    reference->node.type = column->node.type;
    reference->node.nullable = column->node.nullable;
    reference->node.resolved = true;
    reference->node.start = node->start;
    reference->node.stop = node->stop;
    return &reference->node;
}

static int compare_texts(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static const char *qualified_name(weir_analysis *a, const weir_node_attribute *column) {
    weir_str_list parts = {WEIR_NEW_ARRAY(a->arena, weir_str, column->qualifier.count + 1), 0};
    for (; parts.count < column->qualifier.count; parts.count++)
        parts.items[parts.count] = column->qualifier.items[parts.count];
    parts.items[parts.count++] = column->name;
    return weir_analysis_quoted(a, &parts);
}

static weir_code raise_ambiguous(weir_analysis *a, const weir_node *node, const weir_str_list *parts,
                                 weir_node_attribute *const *matches, int32_t count) {
    const char **names = WEIR_NEW_ARRAY(a->arena, const char *, count);
    for (int32_t i = 0; i < count; i++) {
        weir_node_attribute shown = *matches[i];
        shown.name = parts->items[WEIR_MIN(parts->count - 1, matches[i]->qualifier.count)];
        if (!weir_analysis_name_equal(a, shown.name, matches[i]->name))
            shown.name = parts->items[0];
        names[i] = qualified_name(a, &shown);
    }
    qsort(names, (size_t)count, sizeof *names, compare_texts);
    weir_strbuf buf _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(&buf, "%s%s", i ? ", " : "[", names[i]);
    weir_strbuf_add_char(&buf, ']');
    return weir_analysis_place(a, node,
                               weir_error_raise(a->err, WEIR_AMBIGUOUS_REFERENCE, "name",
                                                weir_analysis_quoted(a, parts), "referenceNames", buf.data,
                                                NULL));
}

weir_code weir_analysis_find_name(weir_analysis *a, const weir_scope *scope, const weir_node *node,
                                  const weir_str_list *parts, weir_node **ret) {
    weir_node_attribute **matches = WEIR_NEW_ARRAY(a->arena, weir_node_attribute *, scope->columns.count + 1);
    int32_t count = 0, used = 0;
    *ret = NULL;
    for (int round = 0; round < 2 && count == 0; round++) {
        for (int32_t i = 0; i < scope->columns.count; i++) {
            weir_node_attribute *column = column_at(&scope->columns, i);
            int32_t depth = match_column(a, column, parts, round == 0);
            bool seen = depth == 0;
            for (int32_t m = 0; m < count && !seen; m++)
                seen = matches[m]->id == column->id;
            if (seen)
                continue;
            matches[count++] = column;
            used = depth;
        }
    }
    if (count == 0)
        return WEIR_OK;
    if (count > 1)
        return raise_ambiguous(a, node, parts, matches, count);
    weir_node *found = make_reference(a, node, matches[0], parts->items[used - 1]);
    for (int32_t i = used; i < parts->count; i++) {
        weir_node *field = weir_literal_string(a->arena, parts->items[i]);
        WEIR_TRY(weir_analysis_extract(a, node, found, field, &found));
    }
    *ret = found;
    return WEIR_OK;
}

/* ---- suggestions ---- */

/* Levenshtein distance over bytes (names are short). */
static int32_t distance(const char *left, const char *right) {
    size_t n = strlen(left), m = strlen(right);
    int32_t *row = weir_alloc_zero(m + 1, sizeof *row);
    for (size_t j = 0; j <= m; j++)
        row[j] = (int32_t)j;
    for (size_t i = 1; i <= n; i++) {
        int32_t corner = row[0];
        row[0] = (int32_t)i;
        for (size_t j = 1; j <= m; j++) {
            int32_t substitute = corner + (left[i - 1] != right[j - 1]);
            corner = row[j];
            row[j] = WEIR_MIN(substitute, WEIR_MIN(row[j], row[j - 1]) + 1);
        }
    }
    int32_t result = row[m];
    weir_free(row);
    return result;
}

typedef struct suggestion {
    const char *text;
    int32_t distance;
} suggestion;

static int compare_suggestions(const void *left, const void *right) {
    const suggestion *x = left, *y = right;
    return x->distance != y->distance ? (x->distance > y->distance) - (x->distance < y->distance)
                                      : strcmp(x->text, y->text);
}

/* Do all columns come from one relation? A plain name is then answered by plain names. */
static bool one_qualifier(const weir_node_list *columns) {
    const weir_str_list *first = &column_at(columns, 0)->qualifier;
    for (int32_t i = 1; i < columns->count; i++) {
        const weir_str_list *other = &column_at(columns, i)->qualifier;
        if (other->count != first->count)
            return false;
        for (int32_t q = 0; q < first->count; q++)
            if (!weir_str_equal(first->items[q], other->items[q]))
                return false;
    }
    return true;
}

#define SUGGESTIONS_MAX 5

weir_code weir_analysis_unresolved(weir_analysis *a, const weir_scope *scope, const weir_node *node,
                                   const weir_str_list *parts) {
    const char *name = weir_analysis_quoted(a, parts);
    int32_t count = scope->columns.count;
    if (count == 0)
        return weir_analysis_place(
            a, node,
            weir_error_raise(a->err, WEIR_UNRESOLVED_COLUMN__WITHOUT_SUGGESTION, "objectName", name, NULL));
    weir_strbuf base _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < parts->count; i++) {
        weir_strbuf_add_text(&base, i ? "." : "");
        weir_strbuf_add(&base, parts->items[i]);
    }
    suggestion *list = WEIR_NEW_ARRAY(a->arena, suggestion, count);
    bool plain = parts->count == 1 && one_qualifier(&scope->columns);
    for (int32_t i = 0; i < count; i++) {
        weir_node_attribute shown = *column_at(&scope->columns, i);
        if (plain)
            shown.qualifier.count = 0;
        list[i].text = qualified_name(a, &shown);
        list[i].distance = distance(base.data ? base.data : "", list[i].text);
    }
    qsort(list, (size_t)count, sizeof *list, compare_suggestions);
    weir_strbuf proposal _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < WEIR_MIN(count, SUGGESTIONS_MAX); i++)
        weir_strbuf_addf(&proposal, "%s%s", i ? ", " : "", list[i].text);
    return weir_analysis_place(a, node,
                               weir_error_raise(a->err, WEIR_UNRESOLVED_COLUMN__WITH_SUGGESTION, "objectName",
                                                name, "proposal", proposal.data, NULL));
}

/* ---- through the scopes ---- */

/* The field that the parts behind the first name, NULL for NULL. */
static weir_code extract_parts(weir_analysis *a, weir_node_unresolved_attribute *name, weir_node *found,
                               weir_node **ret) {
    for (int32_t i = 1; found && i < name->parts.count; i++)
        WEIR_TRY(weir_analysis_extract(a, &name->node, found,
                                       weir_literal_string(a->arena, name->parts.items[i]), &found));
    *ret = found;
    return WEIR_OK;
}

/* A generator's column to the left in the same SELECT; *ret NULL where there is none. */
static void find_generated(weir_analysis *a, const weir_scope *scope, weir_str name, weir_node **ret) {
    *ret = NULL;
    for (int32_t i = 0; scope->aliases && i < scope->aliases->count && !*ret; i++) {
        weir_node *item = scope->aliases->items[i];
        if (item->kind == WEIR_NODE_ATTRIBUTE &&
            weir_analysis_name_equal(a, WEIR_NODE_AS(item, ATTRIBUTE, attribute)->name, name))
            *ret = item;
    }
}

/* An alias to the left in the same SELECT: what it stands for is put in its place. */
static weir_code find_lateral(weir_analysis *a, const weir_scope *scope, weir_node_unresolved_attribute *name,
                              weir_node **ret) {
    weir_node_alias *match = NULL;
    int32_t count = 0;
    for (int32_t i = 0; scope->aliases && i < scope->aliases->count; i++) {
        weir_node *item = scope->aliases->items[i];
        if (item->kind != WEIR_NODE_ALIAS ||
            !weir_analysis_name_equal(a, WEIR_NODE_AS(item, ALIAS, alias)->name, name->parts.items[0]))
            continue;
        match = WEIR_NODE_AS(item, ALIAS, alias);
        count++;
    }
    find_generated(a, scope, name->parts.items[0], ret);
    if (count == 0)
        return name->parts.count == 1 ? WEIR_OK : extract_parts(a, name, *ret, ret);
    if (count > 1) {
        const char *times = weir_arena_printf(a->arena, "%d", count);
        weir_str_list first = {name->parts.items, 1};
        a->placed = true; /* Spark gives no place */
        return weir_error_raise(a->err, WEIR_AMBIGUOUS_LATERAL_COLUMN_ALIAS, "name",
                                weir_analysis_quoted(a, &first), "n", times, NULL);
    }
    if (weir_analysis_is_too_large(match->child))
        return weir_error_raise(a->err, WEIR_FAILED_TO_PARSE_TOO_COMPLEX, NULL);
    if (weir_analysis_is_nondeterministic(match->child))
        return weir_analysis_refuse(a, &name->node,
                                    "a lateral column alias of a non-deterministic expression");
    if (a->in_aggregate && weir_analysis_has_aggregate(match->child))
        return weir_analysis_refuse(a, &name->node, "a lateral column alias inside an aggregate function");
    return extract_parts(a, name, match->child, ret);
}

/* CURRENT_DATE and its kin without parentheses. */
static weir_code find_literal_function(weir_analysis *a, weir_node_unresolved_attribute *name,
                                       weir_node **ret) {
    static const char *const names[] = {"current_date", "current_timestamp", "localtimestamp",
                                        "current_time", "current_user",      "user",
                                        "session_user"};
    *ret = NULL;
    for (size_t i = 0; name->parts.count == 1 && i < WEIR_ARRAY_LEN(names); i++) {
        if (!weir_str_equal_nocase(name->parts.items[0], weir_str_from(names[i])))
            continue;
        weir_node_unresolved_function *call =
            WEIR_NODE_NEW(a->arena, UNRESOLVED_FUNCTION, unresolved_function);
        call->name = (weir_str_list){WEIR_NEW(a->arena, weir_str), 1};
        call->name.items[0] = weir_str_from(names[i]);
        call->node.start = name->node.start;
        call->node.stop = name->node.stop;
        return weir_analysis_resolve(a, &call->node, ret);
    }
    return WEIR_OK;
}

weir_code weir_analysis_resolve_name(weir_analysis *a, weir_node_unresolved_attribute *name,
                                     weir_node **ret) {
    WEIR_TRY(weir_analysis_find_variable(a, name, ret));
    if (*ret)
        return WEIR_OK;
    /* Arguments of an aggregate over an aggregation's output mean the columns below it first. */
    const weir_scope *scopes[2] = {a->scope, a->scope->outer};
    if (a->in_aggregate && scopes[1]) {
        scopes[0] = a->scope->outer;
        scopes[1] = a->scope;
    }
    for (int i = 0; i < 2; i++) {
        if (!scopes[i])
            continue;
        WEIR_TRY(weir_analysis_find_name(a, scopes[i], &name->node, &name->parts, ret));
        if (!*ret)
            WEIR_TRY(find_lateral(a, scopes[i], name, ret));
        if (*ret)
            return WEIR_OK;
    }
    WEIR_TRY(find_literal_function(a, name, ret));
    if (!*ret)
        WEIR_TRY(weir_analysis_find_outer(a, name, ret));
    a->placed |= a->lambdas && !*ret; /* Spark gives no place for names in lambdas */
    return *ret ? WEIR_OK : weir_analysis_unresolved(a, a->scope, &name->node, &name->parts);
}

/* ---- stars ---- */

static bool qualifier_matches(const weir_analysis *a, const weir_node_attribute *column,
                              const weir_str_list *target) {
    int32_t extra = column->qualifier.count - target->count;
    if (extra < 0)
        return false;
    for (int32_t i = 0; i < target->count; i++)
        if (!weir_analysis_name_equal(a, column->qualifier.items[extra + i], target->items[i]))
            return false;
    return true;
}

static weir_code raise_star(weir_analysis *a, const weir_node_unresolved_star *star) {
    int32_t count = a->scope->starred.count;
    const char **names = WEIR_NEW_ARRAY(a->arena, const char *, count);
    for (int32_t i = 0; i < count; i++) {
        weir_str_list one = {&column_at(&a->scope->starred, i)->name, 1};
        names[i] = weir_analysis_quoted(a, &one);
    }
    qsort(names, (size_t)count, sizeof *names, compare_texts);
    weir_strbuf columns _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(&columns, "%s%s", i ? ", " : "", names[i]);
    return weir_analysis_place(a, &star->node,
                               weir_error_raise(a->err, WEIR_CANNOT_RESOLVE_STAR_EXPAND, "targetString",
                                                weir_analysis_quoted(a, &star->target), "columns",
                                                columns.data ? columns.data : "", NULL));
}

static weir_code expand_struct(weir_analysis *a, weir_node_unresolved_star *star, weir_node_list *ret) {
    weir_node *base;
    WEIR_TRY(weir_analysis_find_name(a, a->scope, &star->node, &star->target, &base));
    if (!base)
        return raise_star(a, star);
    if (base->type->kind != WEIR_TYPE_STRUCT) {
        weir_strbuf parts _cleanup_strbuf_ = {0};
        for (int32_t i = 0; i < star->target.count; i++)
            weir_strbuf_addf(&parts, "%s" WEIR_STR_FMT, i ? ", " : "List(",
                             WEIR_STR_ARG(star->target.items[i]));
        weir_strbuf_add_char(&parts, ')');
        return weir_analysis_place(
            a, &star->node,
            weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_1050, "attributes", parts.data, NULL));
    }
    for (int32_t i = 0; i < base->type->fields_count; i++) {
        const weir_field *field = &base->type->fields[i];
        weir_node_field_access *access = WEIR_NODE_NEW(a->arena, FIELD, field_access);
        access->child = base;
        access->ordinal = i;
        access->node.type = field->type;
        access->node.nullable = base->nullable || field->nullable;
        access->node.resolved = true;
        weir_node_list_add(a->arena, ret, weir_analysis_alias(a, &access->node, field->name));
    }
    return WEIR_OK;
}

/* Drops the columns that EXCEPT names from the expansion. */
static weir_code drop_excepted(weir_analysis *a, weir_node_unresolved_star *star, weir_node_list *list) {
    for (int32_t e = 0; e < star->except.count; e++) {
        weir_node_unresolved_attribute *name =
            WEIR_NODE_AS(star->except.items[e], UNRESOLVED_ATTRIBUTE, unresolved_attribute);
        weir_node *column;
        WEIR_TRY(weir_analysis_find_name(a, a->scope, &star->node, &name->parts, &column));
        if (!column)
            return weir_analysis_unresolved(a, a->scope, &star->node, &name->parts);
        if (column->kind != WEIR_NODE_ATTRIBUTE)
            return weir_analysis_refuse(a, &star->node, "EXCEPT of a nested field");
        int32_t kept = 0, before = list->count;
        for (int32_t i = 0; i < list->count; i++)
            if (list->items[i]->kind != WEIR_NODE_ATTRIBUTE ||
                column_at(list, i)->id != WEIR_NODE_AS(column, ATTRIBUTE, attribute)->id)
                list->items[kept++] = list->items[i];
        list->count = kept;
        if (kept == before)
            return weir_analysis_place(a, &star->node,
                                       weir_error_raise(a->err, WEIR_EXCEPT_OVERLAPPING_COLUMNS, "columns",
                                                        weir_analysis_quoted(a, &name->parts), NULL));
    }
    return WEIR_OK;
}

weir_code weir_analysis_expand_star(weir_analysis *a, weir_node_unresolved_star *star, weir_node_list *ret) {
    weir_node_list list = {0}, starred = a->scope->starred;
    if (star->plan_id)
        WEIR_TRY(weir_analysis_frame_columns(a, star->plan_id, &a->scope->starred, &starred));
    for (int32_t i = 0; i < starred.count; i++) {
        weir_node_attribute *column = column_at(&starred, i);
        if (star->target.count == 0 || qualifier_matches(a, column, &star->target))
            weir_node_list_add(a->arena, &list, make_reference(a, &star->node, column, column->name));
    }
    if (list.count == 0 && star->target.count > 0)
        WEIR_TRY(expand_struct(a, star, &list));
    WEIR_TRY(drop_excepted(a, star, &list));
    for (int32_t i = 0; i < list.count; i++)
        weir_node_list_add(a->arena, ret, list.items[i]);
    return WEIR_OK;
}

/* ---- extraction ---- */

/* The place of the field that the index names. */
static weir_code find_field(weir_analysis *a, const weir_node *node, const weir_type *record,
                            weir_node *index, int32_t *ret, weir_str *ret_name) {
    if (index->kind != WEIR_NODE_LITERAL || !weir_type_is_string(index->type) || index->nullable)
        return weir_error_raise(a->err, WEIR_INVALID_EXTRACT_FIELD_TYPE, "extraction",
                                weir_analysis_sql(a, index), NULL);
    weir_str name = weir_column_bytes(WEIR_NODE_AS(index, LITERAL, literal)->value, 0);
    int32_t ordinal = weir_type_field_index(record, name, a->options->case_sensitive);
    if (ordinal >= 0) {
        *ret = ordinal;
        *ret_name = name;
        return WEIR_OK;
    }
    weir_str_list one = {&name, 1};
    if (ordinal == -2) {
        int32_t times = 0;
        for (int32_t i = 0; i < record->fields_count; i++)
            times += weir_analysis_name_equal(a, record->fields[i].name, name);
        return weir_error_raise(a->err, WEIR_AMBIGUOUS_REFERENCE_TO_FIELDS, "field",
                                weir_analysis_quoted(a, &one), "count",
                                weir_arena_printf(a->arena, "%d", times), NULL);
    }
    weir_strbuf fields _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < record->fields_count; i++) {
        weir_str_list field = {(weir_str *)(uintptr_t)&record->fields[i].name, 1};
        weir_strbuf_addf(&fields, "%s%s", i ? ", " : "", weir_analysis_quoted(a, &field));
    }
    weir_code code =
        weir_error_raise(a->err, WEIR_FIELD_NOT_FOUND, "fieldName", weir_analysis_quoted(a, &one), "fields",
                         fields.data ? fields.data : "", NULL);
    /* Spark places names but not extractions. */
    return node->kind == WEIR_NODE_UNRESOLVED_EXTRACT ? code : weir_analysis_place(a, node, code);
}

static weir_code extract_field(weir_analysis *a, const weir_node *node, weir_node *child, weir_node *index,
                               weir_node **ret) {
    int32_t ordinal;
    weir_str name;
    WEIR_TRY(find_field(a, node, child->type, index, &ordinal, &name));
    weir_node_field_access *access = WEIR_NODE_NEW(a->arena, FIELD, field_access);
    access->child = child;
    access->ordinal = ordinal;
    access->node.type = child->type->fields[ordinal].type;
    access->node.nullable = child->nullable || child->type->fields[ordinal].nullable;
    access->node.resolved = true;
    access->node.start = node->start;
    access->node.stop = node->stop;
    *ret = &access->node;
    return WEIR_OK;
}

/* The field of every struct of an array. */
static weir_code extract_fields(weir_analysis *a, const weir_node *node, weir_node *child, weir_node *index,
                                weir_node **ret) {
    int32_t ordinal;
    weir_str name;
    WEIR_TRY(find_field(a, node, child->type->element, index, &ordinal, &name));
    weir_node *args[] = {child, weir_literal_int(a->arena, ordinal), weir_literal_string(a->arena, name)};
    weir_node *call = weir_analysis_call(a, "weir_element_field", args, 3);
    call->start = node->start;
    call->stop = node->stop;
    return weir_analysis_resolve(a, call, ret);
}

/* Arrays and maps go through a hidden function of the registry. */
static weir_code extract_by_function(weir_analysis *a, const weir_node *node, weir_node *child,
                                     weir_node *index, weir_node **ret) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(a->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name = (weir_str_list){WEIR_NEW(a->arena, weir_str), 1};
    call->name.items[0] = WEIR_STR("weir_extract");
    call->args = weir_node_list_of(a->arena, (weir_node *[]){child, index}, 2);
    call->node.start = node->start;
    call->node.stop = node->stop;
    return weir_analysis_resolve(a, &call->node, ret);
}

weir_code weir_analysis_extract(weir_analysis *a, const weir_node *node, weir_node *child, weir_node *index,
                                weir_node **ret) {
    switch (child->type->kind) {
    case WEIR_TYPE_STRUCT:
        return extract_field(a, node, child, index, ret);
    case WEIR_TYPE_ARRAY:
        if (child->type->element->kind == WEIR_TYPE_STRUCT && index->kind == WEIR_NODE_LITERAL &&
            weir_type_is_string(index->type))
            return extract_fields(a, node, child, index, ret);
        return extract_by_function(a, node, child, index, ret);
    case WEIR_TYPE_MAP:
        return extract_by_function(a, node, child, index, ret);
    default:
        break;
    }
    weir_code code =
        weir_error_raise(a->err, WEIR_INVALID_EXTRACT_BASE_FIELD_TYPE, "base", weir_analysis_sql(a, child),
                         "other", weir_analysis_type(a, child->type), NULL);
    /* Spark places names but not subscripts. */
    return node->kind == WEIR_NODE_UNRESOLVED_EXTRACT ? code : weir_analysis_place(a, node, code);
}
