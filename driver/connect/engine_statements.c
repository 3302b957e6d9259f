/* SQL statements that are no queries (connect_engine_int.h): SET, temporary views, SHOW, DESCRIBE, EXPLAIN.
 * Spark runs them at once and hands their rows back as a relation that the client then reads; so does this.
 * Workers. */
#include <stdlib.h>

#include "common/arrow/arrow_ipc.h"
#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/column/builder.h"
#include "common/expr/function.h"
#include "driver/connect/connect_engine_int.h"
#include "driver/connect/connect_explain.h"

#define COLUMNS_MAX 3
#define SESSION_PATH "[`system`.`session`, `spark_catalog`.`default`]"

typedef struct answer {
    weir_engine_scope *scope;
    const weir_type *schema;
    weir_builder builders[COLUMNS_MAX];
    int32_t rows;
} answer;

/* ---- rows ---- */

static void answer_init(answer *a, weir_engine_scope *scope, const weir_field *fields, int32_t count) {
    *a = (answer){.scope = scope, .schema = weir_type_struct(scope->arena, fields, count)};
    for (int32_t i = 0; i < count; i++) /* without a budget nothing is refused */
        (void)weir_builder_init(&a->builders[i], NULL, a->schema->fields[i].type, 8, NULL);
}

/* Texts that are never NULL. */
static void answer_texts(answer *a, weir_engine_scope *scope, const char *const *names, int32_t count) {
    weir_field fields[COLUMNS_MAX] = {0};
    for (int32_t i = 0; i < count; i++)
        fields[i] = (weir_field){.name = weir_str_from(names[i]), .type = weir_type_of(WEIR_TYPE_STRING)};
    answer_init(a, scope, fields, count);
}

static void add_text(answer *a, int32_t column, weir_str text) {
    (void)weir_builder_bytes(&a->builders[column], text.data, text.size);
}

static weir_code finish_batch(answer *a, weir_batch **ret, weir_error **err) {
    weir_column *columns[COLUMNS_MAX] = {0};
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < a->schema->fields_count; i++) {
        if (code == WEIR_OK)
            code = weir_builder_finish(&a->builders[i], &columns[i], err);
        weir_builder_fini(&a->builders[i]);
    }
    if (code == WEIR_OK)
        *ret = weir_batch_new(a->schema, a->rows, columns, a->schema->fields_count);
    for (int32_t i = 0; code != WEIR_OK && i < a->schema->fields_count; i++)
        weir_column_unref(columns[i]);
    return code;
}

static weir_code emit_relation(weir_connect_operation *operation, weir_buffer *stream, weir_error **err) {
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__ExecutePlanResponse__SqlCommandResult result =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__SQL_COMMAND_RESULT__INIT;
    Spark__Connect__Relation relation = SPARK__CONNECT__RELATION__INIT;
    Spark__Connect__LocalRelation local = SPARK__CONNECT__LOCAL_RELATION__INIT;
    local.has_data = 1;
    local.data = (ProtobufCBinaryData){.len = stream->size, .data = stream->data};
    relation.rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_LOCAL_RELATION;
    relation.local_relation = &local;
    result.relation = &relation;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_SQL_COMMAND_RESULT;
    response.sql_command_result = &result;
    return weir_connect_operation_emit(operation, &response, err);
}

static weir_code answer_emit(answer *a, weir_connect_operation *operation, weir_error **err) {
    _cleanup_batch_ weir_batch *batch = NULL;
    _cleanup_buffer_ weir_buffer *stream = NULL;
    int32_t rows;
    WEIR_TRY(finish_batch(a, &batch, err));
    weir_arrow_options options = {
        .zone = weir_timezone_id(a->scope->zone), .rows_max = INT32_MAX, .bytes_max = INT64_MAX};
    _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(a->schema, &options, NULL);
    if (batch->rows)
        WEIR_TRY(weir_arrow_writer_put(writer, batch, NULL, err));
    WEIR_TRY(weir_arrow_writer_next(writer, true, &stream, &rows, err));
    return emit_relation(operation, stream, err);
}

static weir_code answer_nothing(weir_engine_scope *scope, weir_connect_operation *operation,
                                weir_error **err) {
    answer a;
    answer_init(&a, scope, NULL, 0);
    return answer_emit(&a, operation, err);
}

/* ---- SET, RESET ---- */

static const char *const setting_columns[] = {"key", "value"};

static void add_setting(answer *a, weir_str key, weir_str value) {
    const char *name = weir_arena_strndup(a->scope->arena, key.data, key.size);
    const char *text = weir_arena_strndup(a->scope->arena, value.data, value.size);
    add_text(a, 0, key);
    add_text(a, 1, weir_client_conf_is_secret(name, text) ? WEIR_STR("*********(redacted)") : value);
    a->rows++;
}

static weir_code run_set(weir_engine_scope *scope, weir_connect_operation *operation,
                         const weir_statement *statement, weir_error **err) {
    weir_client_session *session = scope->session->connect;
    answer a;
    weir_str value = statement->value;
    if (weir_str_equal(statement->key, WEIR_STR("-v")))
        WEIR_FAIL(err, UNSUPPORTED_FEATURE, "SET -v.");
    if (statement->has_value)
        WEIR_TRY(weir_client_session_conf_set(session, statement->key, value, err));
    else if (statement->key.size > 0)
        value = weir_client_session_conf_get(session, scope->arena, statement->key);
    answer_texts(&a, scope, setting_columns, 2);
    if (statement->key.size > 0) {
        add_setting(&a, statement->key, value.data ? value : WEIR_STR("<undefined>"));
    } else {
        const weir_options *entries = weir_conf_entries(scope->conf);
        for (int32_t i = 0; i < entries->count; i++)
            add_setting(&a, entries->items[i].key, entries->items[i].value);
    }
    return answer_emit(&a, operation, err);
}

/* SET TIME ZONE LOCAL: the server's. */
static weir_code run_set_local_zone(weir_engine_scope *scope, weir_connect_operation *operation,
                                    const weir_statement *statement, weir_error **err) {
    weir_client_session_conf_reset(scope->session->connect, statement->key);
    answer a;
    weir_str zone = weir_client_session_conf_get(scope->session->connect, scope->arena, statement->key);
    answer_texts(&a, scope, setting_columns, 2);
    add_setting(&a, statement->key, zone.data ? zone : weir_timezone_id(scope->zone));
    return answer_emit(&a, operation, err);
}

/* ---- names ---- */

static bool is_global(const weir_str_list *name) {
    return name->count == 2 && weir_str_equal_nocase(name->items[0], WEIR_STR("global_temp"));
}

static const char *quoted(weir_arena *arena, const weir_str_list *name) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    for (int32_t i = 0; i < name->count; i++)
        weir_strbuf_addf(&text, "%s`" WEIR_STR_FMT "`", i ? "." : "", WEIR_STR_ARG(name->items[i]));
    return weir_arena_strdup(arena, text.data ? text.data : "");
}

/* A namespace that is there: default, with or without its catalog, or none at all. */
static weir_code check_namespace(weir_engine_scope *scope, const weir_str_list *name, weir_error **err) {
    weir_str last = name->count ? name->items[name->count - 1] : WEIR_STR("default");
    bool catalog =
        name->count < 2 || (name->count == 2 && weir_str_equal(name->items[0], WEIR_STR("spark_catalog")));
    if ((catalog && weir_str_equal_nocase(last, WEIR_STR("default"))) ||
        (name->count == 1 && weir_str_equal(last, WEIR_STR("spark_catalog"))))
        return WEIR_OK;
    const char *prefix = name->count < 2 ? "`spark_catalog`." : "";
    return weir_error_raise(err, WEIR_SCHEMA_NOT_FOUND, "schemaName",
                            weir_arena_printf(scope->arena, "%s%s", prefix, quoted(scope->arena, name)),
                            NULL);
}

static weir_code resolve(weir_engine_scope *scope, weir_node *plan, weir_node **ret, weir_error **err) {
    const weir_connect_scope *decoder = weir_engine_scope_decoder(scope);
    weir_analyzer_options options = {.catalog = decoder->catalog,
                                     .zone = decoder->zone,
                                     .ansi = decoder->ansi,
                                     .case_sensitive = decoder->case_sensitive,
                                     .sql = weir_sql_texts_view(decoder->texts),
                                     .next_id = decoder->next_id};
    return weir_analyzer_run(scope->arena, plan, &options, ret, err);
}

static weir_code find_table(weir_engine_scope *scope, const weir_str_list *name, weir_node **ret,
                            weir_error **err) {
    weir_node_unresolved_relation *table =
        WEIR_NODE_NEW(scope->arena, UNRESOLVED_RELATION, unresolved_relation);
    table->name = *name;
    return resolve(scope, &table->node, ret, err);
}

/* ---- views ---- */

static void join_names(weir_strbuf *text, const weir_str *names, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        weir_strbuf_addf(text, "%s`" WEIR_STR_FMT "`", i ? ", " : "", WEIR_STR_ARG(names[i]));
}

static weir_code rename_columns(weir_engine_scope *scope, const weir_statement *statement, weir_node **plan,
                                weir_error **err) {
    int32_t have = (*plan)->output.count, want = statement->columns.count;
    if (want == have) {
        weir_node_column_aliases *aliases = WEIR_NODE_NEW(scope->arena, COLUMN_ALIASES, column_aliases);
        aliases->child = *plan;
        aliases->names = statement->columns;
        return resolve(scope, &aliases->node, plan, err);
    }
    _cleanup_strbuf_ weir_strbuf views = {0}, data = {0};
    weir_str *names = WEIR_NEW_ARRAY(scope->arena, weir_str, have + 1);
    for (int32_t i = 0; i < have; i++)
        names[i] = (*plan)->type->fields[i].name;
    join_names(&views, statement->columns.items, want);
    join_names(&data, names, have);
    return weir_error_raise(err,
                            want < have ? WEIR_CREATE_VIEW_COLUMN_ARITY_MISMATCH__TOO_MANY_DATA_COLUMNS
                                        : WEIR_CREATE_VIEW_COLUMN_ARITY_MISMATCH__NOT_ENOUGH_DATA_COLUMNS,
                            "viewName", quoted(scope->arena, &statement->name), "viewColumns", views.data,
                            "dataColumns", data.data ? data.data : "", NULL);
}

static weir_code run_create_view(weir_engine_scope *scope, weir_connect_operation *operation,
                                 const weir_statement *statement, weir_node *plan, weir_error **err) {
    weir_connect_view view = {.name = statement->name.items[statement->name.count - 1],
                              .global = statement->global,
                              .replace = statement->replace};
    if (statement->columns.count > 0)
        WEIR_TRY(rename_columns(scope, statement, &plan, err));
    WEIR_TRY(weir_engine_view_add(scope, &view, plan, err));
    return answer_nothing(scope, operation, err);
}

static weir_code run_drop(weir_engine_scope *scope, weir_connect_operation *operation,
                          const weir_statement *statement, weir_error **err) {
    const weir_str_list *name = &statement->name;
    bool global = is_global(name), known = global || name->count == 1;
    if (known && weir_engine_view_drop(scope->session, name->items[name->count - 1], global))
        return answer_nothing(scope, operation, err);
    if (statement->if_exists)
        return answer_nothing(scope, operation, err);
    const char *prefix = name->count == 1 ? "`spark_catalog`.`default`." : "";
    return weir_error_raise(err, WEIR_TABLE_OR_VIEW_NOT_FOUND, "relationName",
                            weir_arena_printf(scope->arena, "%s%s", prefix, quoted(scope->arena, name)),
                            "searchPath", "[`spark_catalog`.`default`]", NULL);
}

/* ---- SHOW ---- */

static int compare_views(const void *left, const void *right) {
    const weir_engine_view *a = *(weir_engine_view *const *)left, *b = *(weir_engine_view *const *)right;
    return a->global != b->global ? (int)b->global - (int)a->global : strcmp(a->name, b->name);
}

static bool matches(const weir_engine_scope *scope, const weir_statement *statement, const char *name) {
    return !statement->has_pattern ||
           weir_engine_catalog_matches(
               weir_arena_strndup(scope->arena, statement->pattern.data, statement->pattern.size), name);
}

/* Temporary views are in every namespace, global ones in their own alone. */
static void add_views(answer *a, const weir_statement *statement, bool global) {
    weir_engine_session *session = a->scope->session;
    pthread_mutex_lock(&session->engine->lock);
    size_t count = 0;
    for (const weir_engine_view *view = session->views; view; view = view->next)
        count++;
    weir_engine_view **sorted = WEIR_NEW_ARRAY(a->scope->arena, weir_engine_view *, count + 1);
    count = 0;
    for (weir_engine_view *view = session->views; view; view = view->next)
        if ((global || !view->global) && matches(a->scope, statement, view->name))
            sorted[count++] = view;
    qsort(sorted, count, sizeof *sorted, compare_views);
    for (size_t i = 0; i < count; i++, a->rows++) {
        add_text(a, 0, sorted[i]->global ? WEIR_STR("global_temp") : WEIR_STR(""));
        add_text(a, 1, weir_str_from(sorted[i]->name));
        (void)weir_builder_bool(&a->builders[2], true);
    }
    pthread_mutex_unlock(&session->engine->lock);
}

static weir_code run_show_views(weir_engine_scope *scope, weir_connect_operation *operation,
                                const weir_statement *statement, weir_error **err) {
    bool tables = statement->kind == WEIR_STATEMENT_SHOW_TABLES;
    bool global = statement->name.count == 1 &&
                  weir_str_equal_nocase(statement->name.items[0], WEIR_STR("global_temp"));
    weir_field fields[] = {{.name = WEIR_STR("namespace"), .type = weir_type_of(WEIR_TYPE_STRING)},
                           {.name = tables ? WEIR_STR("tableName") : WEIR_STR("viewName"),
                            .type = weir_type_of(WEIR_TYPE_STRING)},
                           {.name = WEIR_STR("isTemporary"), .type = weir_type_of(WEIR_TYPE_BOOLEAN)}};
    answer a;
    if (!global)
        WEIR_TRY(check_namespace(scope, &statement->name, err));
    answer_init(&a, scope, fields, 3);
    add_views(&a, statement, global);
    return answer_emit(&a, operation, err);
}

static weir_code run_show_one(weir_engine_scope *scope, weir_connect_operation *operation,
                              const weir_statement *statement, weir_error **err) {
    static const char *const both[] = {"catalog", "namespace"};
    bool current = statement->kind == WEIR_STATEMENT_SHOW_CURRENT;
    bool catalogs = statement->kind == WEIR_STATEMENT_SHOW_CATALOGS;
    answer a;
    answer_texts(&a, scope, current || catalogs ? both : both + 1, current ? 2 : 1);
    if (current || matches(scope, statement, catalogs ? "spark_catalog" : "default")) {
        add_text(&a, 0, current || catalogs ? WEIR_STR("spark_catalog") : WEIR_STR("default"));
        if (current)
            add_text(&a, 1, WEIR_STR("default"));
        a.rows = 1;
    }
    return answer_emit(&a, operation, err);
}

static weir_code run_show_columns(weir_engine_scope *scope, weir_connect_operation *operation,
                                  const weir_statement *statement, weir_error **err) {
    static const char *const columns[] = {"col_name"};
    weir_node *table;
    answer a;
    _cleanup_error_ weir_error *failed = NULL;
    if (find_table(scope, &statement->name, &table, &failed) != WEIR_OK)
        return weir_error_raise(err, WEIR_TABLE_OR_VIEW_NOT_FOUND, "relationName",
                                quoted(scope->arena, &statement->name), "searchPath", SESSION_PATH, NULL);
    answer_texts(&a, scope, columns, 1);
    for (int32_t i = 0; i < table->type->fields_count; i++, a.rows++)
        add_text(&a, 0, table->type->fields[i].name);
    return answer_emit(&a, operation, err);
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* What queries may call: the registry, and the generators, which the analyzer knows. */
static weir_code run_show_functions(weir_engine_scope *scope, weir_connect_operation *operation,
                                    const weir_statement *statement, weir_error **err) {
    static const char *const columns[] = {"function"};
    static const char *const generators[] = {"explode",    "explode_outer",    "inline", "inline_outer",
                                             "posexplode", "posexplode_outer", "stack",  "window"};
    size_t count = 0;
    while (weir_function_at((int32_t)count))
        count++;
    const char **names = WEIR_NEW_ARRAY(scope->arena, const char *, count + WEIR_ARRAY_LEN(generators) + 1);
    size_t found = 0;
    bool none = weir_str_equal_nocase(statement->mode, WEIR_STR("USER"));
    for (size_t i = 0; i < count && !none; i++) {
        const weir_function *function = weir_function_at((int32_t)i);
        if (!(function->flags & WEIR_FN_HIDDEN) && matches(scope, statement, function->name))
            names[found++] = function->name;
    }
    for (size_t i = 0; i < WEIR_ARRAY_LEN(generators) && !none; i++)
        if (matches(scope, statement, generators[i]))
            names[found++] = generators[i];
    qsort(names, found, sizeof *names, compare_names);
    answer a;
    answer_texts(&a, scope, columns, 1);
    for (size_t i = 0; i < found; i++) {
        if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
            continue;
        add_text(&a, 0, weir_str_from(names[i]));
        a.rows++;
    }
    return answer_emit(&a, operation, err);
}

/* ---- DESCRIBE, EXPLAIN ---- */

static weir_str comment_of(const weir_engine_scope *scope, const weir_field *field) {
    weir_json *metadata = NULL;
    if (field->metadata.size == 0 ||
        weir_json_parse(scope->arena, field->metadata, "metadata", &metadata, NULL) != WEIR_OK)
        return (weir_str){0};
    return weir_json_get_str(metadata, "comment", (weir_str){0});
}

static weir_code run_describe(weir_engine_scope *scope, weir_connect_operation *operation,
                              const weir_node *plan, weir_error **err) {
    weir_field fields[] = {{.name = WEIR_STR("col_name"),
                            .type = weir_type_of(WEIR_TYPE_STRING),
                            .metadata = WEIR_STR("{\"comment\":\"name of the column\"}")},
                           {.name = WEIR_STR("data_type"),
                            .type = weir_type_of(WEIR_TYPE_STRING),
                            .metadata = WEIR_STR("{\"comment\":\"data type of the column\"}")},
                           {.name = WEIR_STR("comment"),
                            .type = weir_type_of(WEIR_TYPE_STRING),
                            .nullable = true,
                            .metadata = WEIR_STR("{\"comment\":\"comment of the column\"}")}};
    answer a;
    answer_init(&a, scope, fields, 3);
    for (int32_t i = 0; i < plan->type->fields_count; i++, a.rows++) {
        const weir_field *field = &plan->type->fields[i];
        _cleanup_strbuf_ weir_strbuf type = {0};
        weir_type_simple(&type, field->type);
        add_text(&a, 0, field->name);
        add_text(&a, 1, weir_strbuf_view(&type));
        weir_str comment = comment_of(scope, field);
        if (comment.data)
            add_text(&a, 2, comment);
        else
            (void)weir_builder_null(&a.builders[2]);
    }
    return answer_emit(&a, operation, err);
}

static void add_lines(answer *a, weir_str text) {
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        add_text(a, 0, weir_str_make(text.data, size));
        a->rows++;
        size += end != NULL;
        text = weir_str_make(text.data + size, text.size - size);
    }
}

/* A query that cannot be planned is no error of EXPLAIN: it says so, a line a row. */
static weir_code run_explain(weir_engine_scope *scope, weir_connect_operation *operation,
                             const weir_statement *statement, weir_error **err) {
    weir_field field = {.name = WEIR_STR("plan"), .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    weir_optimizer_options options = {
        .zone = scope->zone, .ansi = weir_conf_bool(scope->conf, WEIR_CONF_ANSI), .next_id = &scope->next_id};
    bool extended = weir_str_equal(statement->mode, WEIR_STR("EXTENDED"));
    weir_explain_logical first = extended                                            ? WEIR_EXPLAIN_ANALYZED
                                 : weir_str_equal(statement->mode, WEIR_STR("COST")) ? WEIR_EXPLAIN_OPTIMIZED
                                                                                     : WEIR_EXPLAIN_PHYSICAL;
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_error_ weir_error *failed = NULL;
    weir_node *plan = statement->query;
    answer a;
    weir_code code = resolve(scope, plan, &plan, &failed);
    if (code == WEIR_OK)
        code = weir_connect_explain_sections(scope->arena, &options, plan, first, &text, &failed);
    answer_init(&a, scope, &field, 1);
    if (code == WEIR_OK) {
        add_text(&a, 0, weir_strbuf_view(&text));
        a.rows = 1;
    } else {
        add_lines(&a, WEIR_STR("Error occurred during query planning: "));
        add_lines(&a, weir_str_from(weir_error_text(failed)));
    }
    return answer_emit(&a, operation, err);
}

/* ---- which ---- */

static weir_code run_named(weir_engine_scope *scope, weir_connect_operation *operation,
                           const weir_statement *statement, weir_error **err) {
    weir_node *table;
    _cleanup_error_ weir_error *failed = NULL;
    if (statement->kind == WEIR_STATEMENT_USE)
        WEIR_TRY(check_namespace(scope, &statement->name, err));
    if (statement->kind == WEIR_STATEMENT_TOUCH && !statement->if_exists &&
        find_table(scope, &statement->name, &table, &failed) != WEIR_OK) {
        weir_error *moved = failed;
        failed = NULL;
        return weir_error_move(err, moved);
    }
    return answer_nothing(scope, operation, err);
}

weir_code weir_engine_statement(weir_engine_scope *scope, weir_connect_operation *operation,
                                const weir_connect_plan *plan, weir_error **err) {
    const weir_statement *statement = &plan->statement;
    switch (statement->kind) {
    case WEIR_STATEMENT_SET:
        return run_set(scope, operation, statement, err);
    case WEIR_STATEMENT_SET_LOCAL_ZONE:
        return run_set_local_zone(scope, operation, statement, err);
    case WEIR_STATEMENT_RESET:
        weir_client_session_conf_reset(scope->session->connect, statement->key);
        return answer_nothing(scope, operation, err);
    case WEIR_STATEMENT_CREATE_VIEW:
        return run_create_view(scope, operation, statement, plan->root, err);
    case WEIR_STATEMENT_DROP_VIEW:
        return run_drop(scope, operation, statement, err);
    case WEIR_STATEMENT_SHOW_TABLES:
    case WEIR_STATEMENT_SHOW_VIEWS:
        return run_show_views(scope, operation, statement, err);
    case WEIR_STATEMENT_SHOW_DATABASES:
    case WEIR_STATEMENT_SHOW_CATALOGS:
    case WEIR_STATEMENT_SHOW_CURRENT:
        return run_show_one(scope, operation, statement, err);
    case WEIR_STATEMENT_SHOW_COLUMNS:
        return run_show_columns(scope, operation, statement, err);
    case WEIR_STATEMENT_SHOW_FUNCTIONS:
        return run_show_functions(scope, operation, statement, err);
    case WEIR_STATEMENT_DESCRIBE:
        return run_describe(scope, operation, plan->root, err);
    case WEIR_STATEMENT_EXPLAIN:
        return run_explain(scope, operation, statement, err);
    case WEIR_STATEMENT_USE:
    case WEIR_STATEMENT_TOUCH:
    case WEIR_STATEMENT_NOTHING:
        return run_named(scope, operation, statement, err);
    case WEIR_STATEMENT_QUERY:
        break;
    }
    WEIR_FAIL(err, INTERNAL_ERROR, "statement %d", (int)statement->kind);
}
