/* spark.catalog over what a session has: temporary views and memory tables in one database, `default` of
 * `spark_catalog` (connect_engine_int.h). Answers are rows of the shapes that Spark's plans give; a call
 * without a result still gives one empty batch. Tables of a warehouse are not built and refused by name.
 * Workers. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/column/builder.h"
#include "driver/connect/connect_engine_int.h"

#define CATALOG "spark_catalog"
#define DATABASE "default"
#define COLUMNS_MAX 8

typedef struct answer {
    weir_engine_scope *scope;
    const weir_type *schema;
    weir_builder builders[COLUMNS_MAX];
    int32_t rows;
} answer;

/* ---- tables ---- */

/* `columns`: name then type letter: s string, b boolean, a array of strings; lower case = nullable. */
static weir_code answer_open(answer *a, weir_engine_scope *scope, const char *const *names, const char *kinds,
                             weir_error **err) {
    weir_field fields[COLUMNS_MAX] = {0};
    int32_t count = (int32_t)strlen(kinds);
    *a = (answer){.scope = scope};
    for (int32_t i = 0; i < count; i++) {
        const weir_type *type = weir_type_of(kinds[i] == 'B' ? WEIR_TYPE_BOOLEAN : WEIR_TYPE_STRING);
        if (kinds[i] == 'a')
            type = weir_type_array(scope->arena, type, true);
        fields[i] = (weir_field){
            .name = weir_str_from(names[i]), .type = type, .nullable = kinds[i] >= 'a' && kinds[i] <= 'z'};
    }
    a->schema = weir_type_struct(scope->arena, fields, count);
    for (int32_t i = 0; i < count; i++)
        WEIR_TRY(weir_builder_init(&a->builders[i], NULL, a->schema->fields[i].type, 8, err));
    return WEIR_OK;
}

static void add_text(answer *a, int32_t column, const char *text) {
    if (text)
        weir_builder_bytes(&a->builders[column], text, strlen(text));
    else
        weir_builder_null(&a->builders[column]);
}

static void add_list(answer *a, int32_t column, const char *text) {
    if (text) {
        weir_builder_bytes(&a->builders[column].children[0], text, strlen(text));
    }
    weir_builder_list_end(&a->builders[column]);
}

static weir_code answer_emit(answer *a, weir_connect_operation *operation, weir_code code, weir_error **err) {
    weir_column *columns[COLUMNS_MAX] = {0};
    int32_t count = a->schema ? a->schema->fields_count : 0;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code = weir_builder_finish(&a->builders[i], &columns[i], err);
    for (int32_t i = 0; i < count; i++)
        weir_builder_fini(&a->builders[i]);
    if (code != WEIR_OK) {
        for (int32_t i = 0; i < count; i++)
            weir_column_unref(columns[i]);
        return code;
    }
    _cleanup_batch_ weir_batch *batch = weir_batch_new(a->schema, a->rows, columns, count);
    return weir_engine_rows_emit_batch(a->scope, operation, batch, err);
}

static weir_code emit_text(weir_engine_scope *scope, weir_connect_operation *operation, const char *column,
                           const char *text, weir_error **err) {
    answer a;
    weir_code code = answer_open(&a, scope, &column, "S", err);
    add_text(&a, 0, text);
    a.rows = 1;
    return answer_emit(&a, operation, code, err);
}

static weir_code emit_flag(weir_engine_scope *scope, weir_connect_operation *operation, bool value,
                           weir_error **err) {
    const char *column = "value";
    answer a;
    weir_code code = answer_open(&a, scope, &column, "B", err);
    weir_builder_bool(&a.builders[0], value);
    a.rows = 1;
    return answer_emit(&a, operation, code, err);
}

static weir_code emit_nothing(weir_engine_scope *scope, weir_connect_operation *operation, weir_error **err) {
    answer a;
    weir_code code = answer_open(&a, scope, NULL, "", err);
    return answer_emit(&a, operation, code, err);
}

/* ---- names and patterns ---- */

/* Catalog patterns: '*' for any text, '|' between alternatives, no case. */
static bool matches_one(weir_str pattern, weir_str name) {
    size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;
    while (n < name.size) {
        bool same = p < pattern.size && (pattern.data[p] | 0x20) == (name.data[n] | 0x20);
        if (p < pattern.size && pattern.data[p] == '*') {
            star = p++;
            mark = n;
        } else if (same) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

bool weir_engine_catalog_matches(const char *pattern, const char *name) {
    if (!pattern)
        return true;
    weir_str rest = weir_str_from(pattern), text = weir_str_from(name);
    for (;;) {
        const char *bar = rest.size ? memchr(rest.data, '|', rest.size) : NULL;
        weir_str part = bar ? (weir_str){rest.data, (size_t)(bar - rest.data)} : rest;
        if (matches_one(part, text))
            return true;
        if (!bar)
            return false;
        rest = (weir_str){bar + 1, rest.size - part.size - 1};
    }
}

static weir_code check_database(weir_engine_scope *scope, const char *name, weir_error **err) {
    weir_str text = weir_str_from(name ? name : DATABASE);
    if (weir_str_equal_nocase(text, WEIR_STR(DATABASE)) ||
        weir_str_equal_nocase(text, WEIR_STR(CATALOG "." DATABASE)))
        return WEIR_OK;
    char *quoted = weir_arena_printf(scope->arena, "`" CATALOG "`.`%s`", name);
    return weir_error_raise(err, WEIR_SCHEMA_NOT_FOUND, "schemaName", quoted, NULL);
}

/* ---- views ---- */

static const char *const table_columns[] = {"name",        "catalog",   "namespace",
                                            "description", "tableType", "isTemporary"};

static void add_view_row(answer *a, const weir_engine_view *view) {
    add_text(a, 0, view->name);
    add_text(a, 1, NULL);
    add_list(a, 2, view->global ? "global_temp" : NULL);
    add_text(a, 3, NULL);
    add_text(a, 4, "TEMPORARY");
    weir_builder_bool(&a->builders[5], true);
    a->rows++;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(weir_engine_view *const *)a)->name, (*(weir_engine_view *const *)b)->name);
}

static weir_code list_tables(weir_engine_scope *scope, weir_connect_operation *operation,
                             const char *database, const char *pattern, weir_error **err) {
    answer a;
    bool global = database && weir_str_equal_nocase(weir_str_from(database), WEIR_STR("global_temp"));
    if (!global)
        WEIR_TRY(check_database(scope, database, err));
    weir_code code = answer_open(&a, scope, table_columns, "ssasSB", err);
    pthread_mutex_t *lock = &scope->session->engine->lock;
    pthread_mutex_lock(lock);
    size_t count = 0;
    for (const weir_engine_view *view = scope->session->views; view; view = view->next)
        count++;
    weir_engine_view **sorted = WEIR_NEW_ARRAY(scope->arena, weir_engine_view *, count + 1);
    count = 0;
    for (weir_engine_view *view = scope->session->views; view; view = view->next)
        if (view->global == global && weir_engine_catalog_matches(pattern, view->name))
            sorted[count++] = view;
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < count; i++)
        add_view_row(&a, sorted[i]);
    pthread_mutex_unlock(lock);
    return answer_emit(&a, operation, code, err);
}

/* The resolved relation of a name, as a query sees it. */
static weir_code find_table(weir_engine_scope *scope, const char *name, weir_node **ret, weir_error **err) {
    weir_node_unresolved_relation *table =
        WEIR_NODE_NEW(scope->arena, UNRESOLVED_RELATION, unresolved_relation);
    weir_str *part = WEIR_NEW(scope->arena, weir_str);
    *part = weir_str_from(name);
    const char *prefix = "global_temp.";
    if (strncasecmp(name, prefix, strlen(prefix)) == 0) {
        part = WEIR_NEW_ARRAY(scope->arena, weir_str, 2);
        part[0] = WEIR_STR("global_temp");
        part[1] = weir_str_from(name + strlen(prefix));
    }
    table->name = (weir_str_list){part, *name && part[0].size != strlen(name) ? 2 : 1};
    table->node.start = table->node.stop = -1;
    weir_connect_scope *decoder = weir_engine_scope_decoder(scope);
    weir_analyzer_options options = {.catalog = decoder->catalog,
                                     .zone = decoder->zone,
                                     .ansi = decoder->ansi,
                                     .case_sensitive = decoder->case_sensitive,
                                     .next_id = decoder->next_id};
    return weir_analyzer_run(scope->arena, &table->node, &options, ret, err);
}

/* As find_table; the catalogue's own questions do not look among the built-in relations. */
static weir_code find_named(weir_engine_scope *scope, const char *name, weir_node **ret, weir_error **err) {
    weir_code code = find_table(scope, name, ret, err);
    if (code != WEIR_TABLE_OR_VIEW_NOT_FOUND)
        return code;
    char *quoted = weir_arena_printf(scope->arena, "`%s`", name);
    return weir_error_raise(err, code, "relationName", quoted, "searchPath",
                            "[`system`.`session`, `spark_catalog`.`default`]", NULL);
}

static weir_code table_exists(weir_engine_scope *scope, weir_connect_operation *operation, const char *name,
                              weir_error **err) {
    weir_node *node;
    _cleanup_error_ weir_error *inner = NULL;
    return emit_flag(scope, operation, find_table(scope, name, &node, &inner) == WEIR_OK, err);
}

static weir_code get_table(weir_engine_scope *scope, weir_connect_operation *operation, const char *name,
                           weir_error **err) {
    weir_node *node;
    answer a;
    WEIR_TRY(find_named(scope, name, &node, err));
    weir_code code = answer_open(&a, scope, table_columns, "ssasSB", err);
    weir_engine_view view = {.name = (char *)(uintptr_t)name};
    add_view_row(&a, &view);
    return answer_emit(&a, operation, code, err);
}

static weir_code list_columns(weir_engine_scope *scope, weir_connect_operation *operation, const char *name,
                              weir_error **err) {
    static const char *const columns[] = {"name",        "description", "dataType", "nullable",
                                          "isPartition", "isBucket",    "isCluster"};
    weir_node *node;
    answer a;
    WEIR_TRY(find_named(scope, name, &node, err));
    weir_code code = answer_open(&a, scope, columns, "SsSBBBB", err);
    for (int32_t i = 0; i < node->type->fields_count; i++) {
        const weir_field *field = &node->type->fields[i];
        _cleanup_strbuf_ weir_strbuf type = {0};
        weir_type_simple(&type, field->type);
        weir_builder_bytes(&a.builders[0], field->name.data, field->name.size);
        add_text(&a, 1, NULL);
        weir_builder_bytes(&a.builders[2], type.data, type.size);
        weir_builder_bool(&a.builders[3], field->nullable);
        for (int32_t flag = 4; flag < 7; flag++)
            weir_builder_bool(&a.builders[flag], false);
        a.rows++;
    }
    return answer_emit(&a, operation, code, err);
}

/* ---- databases and catalogs ---- */

static weir_code list_databases(weir_engine_scope *scope, weir_connect_operation *operation,
                                const char *pattern, weir_error **err) {
    static const char *const columns[] = {"name", "catalog", "description", "locationUri"};
    answer a;
    weir_code code = answer_open(&a, scope, columns, "SssS", err);
    if (weir_engine_catalog_matches(pattern, DATABASE)) {
        add_text(&a, 0, DATABASE);
        add_text(&a, 1, CATALOG);
        add_text(&a, 2, "default database");
        add_text(&a, 3, "");
        a.rows = 1;
    }
    return answer_emit(&a, operation, code, err);
}

static weir_code list_catalogs(weir_engine_scope *scope, weir_connect_operation *operation,
                               const char *pattern, weir_error **err) {
    static const char *const columns[] = {"name", "description"};
    answer a;
    weir_code code = answer_open(&a, scope, columns, "Ss", err);
    if (weir_engine_catalog_matches(pattern, CATALOG)) {
        add_text(&a, 0, CATALOG);
        add_text(&a, 1, NULL);
        a.rows = 1;
    }
    return answer_emit(&a, operation, code, err);
}

static weir_code set_database(weir_engine_scope *scope, weir_connect_operation *operation, const char *name,
                              weir_error **err) {
    WEIR_TRY(check_database(scope, name, err));
    return emit_nothing(scope, operation, err);
}

static bool database_exists(const char *name) {
    weir_str text = weir_str_from(name ? name : "");
    return weir_str_equal_nocase(text, WEIR_STR(DATABASE)) ||
           weir_str_equal_nocase(text, WEIR_STR(CATALOG "." DATABASE));
}

/* ---- the calls ---- */

static weir_code refuse(const Spark__Connect__Catalog *catalog, weir_error **err) {
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        &spark__connect__catalog__descriptor, (unsigned)catalog->cat_type_case);
    WEIR_FAIL(err, NOT_SUPPORTED, "spark.catalog: %s is not supported", field ? field->name : "this call");
}

static weir_code answer_database(weir_engine_scope *scope, weir_connect_operation *operation,
                                 const Spark__Connect__Catalog *c, weir_error **err) {
    switch (c->cat_type_case) {
    case SPARK__CONNECT__CATALOG__CAT_TYPE_CURRENT_DATABASE:
        return emit_text(scope, operation, "value", DATABASE, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_SET_CURRENT_DATABASE:
        return set_database(scope, operation, c->set_current_database->db_name, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_LIST_DATABASES:
        return list_databases(scope, operation, c->list_databases->pattern, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_GET_DATABASE:
        WEIR_TRY(check_database(scope, c->get_database->db_name, err));
        return list_databases(scope, operation, NULL, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_DATABASE_EXISTS:
        return emit_flag(scope, operation, database_exists(c->database_exists->db_name), err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_CURRENT_CATALOG:
        return emit_text(scope, operation, "value", CATALOG, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_LIST_CATALOGS:
        return list_catalogs(scope, operation, c->list_catalogs->pattern, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_SET_CURRENT_CATALOG:
        if (weir_str_equal(weir_str_from(c->set_current_catalog->catalog_name), WEIR_STR(CATALOG)))
            return emit_nothing(scope, operation, err);
        return refuse(c, err);
    default:
        return refuse(c, err);
    }
}

weir_code weir_engine_catalog_answer(weir_engine_scope *scope, weir_connect_operation *operation,
                                     const Spark__Connect__Catalog *c, weir_error **err) {
    weir_engine_session *session = scope->session;
    switch (c->cat_type_case) {
    case SPARK__CONNECT__CATALOG__CAT_TYPE_LIST_TABLES:
        return list_tables(scope, operation, c->list_tables->db_name, c->list_tables->pattern, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_LIST_VIEWS:
        return list_tables(scope, operation, c->list_views->db_name, c->list_views->pattern, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_LIST_COLUMNS:
        return list_columns(scope, operation, c->list_columns->table_name, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_GET_TABLE:
        return get_table(scope, operation, c->get_table->table_name, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_TABLE_EXISTS:
        return table_exists(scope, operation, c->table_exists->table_name, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_DROP_TEMP_VIEW:
        return emit_flag(scope, operation,
                         weir_engine_view_drop(session, weir_str_from(c->drop_temp_view->view_name), false),
                         err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_DROP_GLOBAL_TEMP_VIEW:
        return emit_flag(
            scope, operation,
            weir_engine_view_drop(session, weir_str_from(c->drop_global_temp_view->view_name), true), err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_IS_CACHED:
        return emit_flag(scope, operation, false, err);
    case SPARK__CONNECT__CATALOG__CAT_TYPE_CACHE_TABLE:
    case SPARK__CONNECT__CATALOG__CAT_TYPE_UNCACHE_TABLE:
    case SPARK__CONNECT__CATALOG__CAT_TYPE_CLEAR_CACHE:
    case SPARK__CONNECT__CATALOG__CAT_TYPE_REFRESH_TABLE:
    case SPARK__CONNECT__CATALOG__CAT_TYPE_REFRESH_BY_PATH:
        return emit_nothing(scope, operation, err); /* nothing is ever cached */
    default:
        return answer_database(scope, operation, c, err);
    }
}
