/* Plans of a session: the memory they live in, its temporary views, what decoder and analyzer ask
 * (connect_engine_int.h). Workers; lists under the engine's lock. */
#include <stdatomic.h>

#include "common/base/alloc.h"
#include "common/wire/block.h"
#include "connectors/connector.h"
#include "driver/connect/connect_engine_int.h"
#include "driver/stream_planner.h"

#define IDS_A_PLAN ((int64_t)1 << 24)

/* ---- memory ---- */

weir_plan_memory *weir_plan_memory_new(void) {
    weir_plan_memory *memory = weir_alloc_zero(1, sizeof *memory);
    memory->refs = 1;
    memory->arena = weir_arena_new();
    return memory;
}

weir_plan_memory *weir_plan_memory_ref(weir_plan_memory *memory) {
    if (memory)
        atomic_fetch_add(&memory->refs, 1);
    return memory;
}

void weir_plan_memory_unref(weir_plan_memory *memory) {
    if (!memory || atomic_fetch_sub(&memory->refs, 1) > 1)
        return;
    for (int32_t i = 0; i < memory->uses_count; i++)
        weir_plan_memory_unref(memory->uses[i]);
    weir_free(memory->uses);
    weir_arena_free(memory->arena);
    weir_free(memory);
}

void weir_plan_memory_use(weir_plan_memory *memory, weir_plan_memory *used) {
    for (int32_t i = 0; i < memory->uses_count; i++)
        if (memory->uses[i] == used)
            return;
    if (memory->uses_count == memory->uses_capacity) {
        memory->uses_capacity = WEIR_MAX(4, memory->uses_capacity * 2);
        memory->uses = weir_realloc(memory->uses, sizeof *memory->uses * (size_t)memory->uses_capacity);
    }
    memory->uses[memory->uses_count++] = weir_plan_memory_ref(used);
}

/* ---- views ---- */

static void free_view(weir_engine_view *view) {
    weir_plan_memory_unref(view->memory);
    weir_memory_table_unref(view->table);
    weir_free(view->name);
    weir_free(view);
}

static weir_engine_view **find_view(weir_engine_session *session, weir_str name, bool global) {
    weir_engine_view **at = &session->views;
    while (*at && !((*at)->global == global && weir_str_equal_nocase(weir_str_from((*at)->name), name)))
        at = &(*at)->next;
    return at;
}

static void put_view(weir_engine_session *session, weir_engine_view *view) {
    weir_engine_view **at = find_view(session, weir_str_from(view->name), view->global), *old = *at;
    if (old) {
        *at = old->next;
        free_view(old);
    }
    view->next = session->views;
    session->views = view;
}

weir_code weir_engine_view_add(weir_engine_scope *scope, const weir_connect_view *view, weir_node *plan,
                               weir_error **err) {
    weir_engine_session *session = scope->session;
    weir_connect_engine *engine = session->engine;
    weir_engine_view *made = weir_alloc_zero(1, sizeof *made);
    made->name = weir_strndup(view->name.data, view->name.size);
    made->global = view->global;
    made->plan = plan;
    made->sql = weir_sql_texts_view(&scope->texts);
    made->memory = weir_plan_memory_ref(scope->memory);
    pthread_mutex_lock(&engine->lock);
    bool exists = *find_view(session, view->name, view->global) != NULL;
    if (!exists || view->replace)
        put_view(session, made);
    pthread_mutex_unlock(&engine->lock);
    if (!exists || view->replace)
        return WEIR_OK;
    char *quoted = weir_asprintf("`%s`", made->name);
    weir_code code =
        weir_error_raise(err, WEIR_TEMP_TABLE_OR_VIEW_ALREADY_EXISTS, "relationName", quoted, NULL);
    weir_free(quoted);
    free_view(made);
    return code;
}

/* Under the lock. */
void weir_engine_view_add_table(weir_engine_session *session, const char *name, weir_memory_table *table) {
    weir_engine_view *made = weir_alloc_zero(1, sizeof *made);
    made->name = weir_strdup(name);
    made->table = weir_memory_table_ref(table);
    put_view(session, made);
}

bool weir_engine_view_drop(weir_engine_session *session, weir_str name, bool global) {
    pthread_mutex_lock(&session->engine->lock);
    weir_engine_view **at = find_view(session, name, global), *old = *at;
    if (old)
        *at = old->next;
    pthread_mutex_unlock(&session->engine->lock);
    if (old)
        free_view(old);
    return old != NULL;
}

void weir_engine_views_copy(const weir_engine_session *from, weir_engine_session *to) {
    pthread_mutex_lock(&to->engine->lock);
    weir_engine_view **end = &to->views;
    for (const weir_engine_view *view = from->views; view; view = view->next) {
        weir_engine_view *copy = weir_alloc_zero(1, sizeof *copy);
        copy->name = weir_strdup(view->name);
        copy->global = view->global;
        copy->plan = view->plan;
        copy->sql = view->sql;
        copy->memory = weir_plan_memory_ref(view->memory);
        copy->table = view->table ? weir_memory_table_ref(view->table) : NULL;
        *end = copy;
        end = &copy->next;
    }
    pthread_mutex_unlock(&to->engine->lock);
}

void weir_engine_views_free(weir_engine_session *session) {
    while (session->views) {
        weir_engine_view *view = session->views;
        session->views = view->next;
        free_view(view);
    }
}

/* ---- what the analyzer asks ---- */

/* Spark's asNullable: a table promises nothing about NULLs, whatever its query knew. */
static const weir_type *nullable_type(weir_arena *arena, const weir_type *type) {
    if (type->kind == WEIR_TYPE_ARRAY)
        return weir_type_array(arena, nullable_type(arena, type->element), true);
    if (type->kind == WEIR_TYPE_MAP)
        return weir_type_map(arena, nullable_type(arena, type->element), nullable_type(arena, type->value),
                             true);
    if (type->kind != WEIR_TYPE_STRUCT)
        return type;
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, type->fields_count + 1);
    for (int32_t i = 0; i < type->fields_count; i++) {
        fields[i] = type->fields[i];
        fields[i].type = nullable_type(arena, fields[i].type);
        fields[i].nullable = true;
    }
    return weir_type_struct(arena, fields, type->fields_count);
}

/* The rows of a memory table as they are now: whole batches. */
static weir_code table_relation(weir_arena *arena, weir_memory_table *table, weir_node **ret,
                                weir_error **err) {
    _cleanup_strbuf_ weir_strbuf blocks = {0};
    _cleanup_batch_ weir_batch *rows = NULL;
    WEIR_TRY(weir_memory_table_read(table, &rows, err));
    if (rows->rows)
        WEIR_TRY(weir_block_encode(&blocks, rows, err));
    weir_node_local_relation *local = WEIR_NODE_NEW(arena, LOCAL_RELATION, local_relation);
    local->schema = nullable_type(arena, weir_type_clone(arena, weir_memory_table_schema(table)));
    local->blocks = weir_arena_str(arena, weir_strbuf_view(&blocks));
    *ret = &local->node;
    return WEIR_OK;
}

static weir_code move_place(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                            weir_error **err) {
    (void)err;
    const int32_t *base = data;
    *ret = node;
    if (node->start < 0)
        return WEIR_OK;
    *ret = weir_node_copy(arena, node); /* the view's own are shared */
    (*ret)->start = *base >= 0 ? node->start + *base : -1;
    (*ret)->stop = *base >= 0 ? node->stop + *base : -1;
    return WEIR_OK;
}

/* The plan of a view, with places in the texts of the plan that is built upon it. */
static weir_code view_relation(weir_engine_scope *scope, weir_arena *arena, weir_str sql, weir_node *plan,
                               weir_node **ret, weir_error **err) {
    *ret = plan;
    if (sql.size == 0)
        return WEIR_OK;
    int32_t base = weir_sql_texts_add(scope->arena, &scope->texts, sql);
    return weir_node_transform(arena, plan, move_place, &base, ret, err);
}

/* json.`/dir`: the files there, as spark.read.format("json").load("/dir") has them. */
static weir_code path_relation(weir_engine_scope *scope, weir_arena *arena, weir_str format, weir_str path,
                               weir_node **ret, weir_error **err) {
    const weir_connect_engine_options *engine = &scope->session->engine->options;
    const weir_source_ops *ops = weir_source_find(format);
    weir_connector_context context = {.env = engine->env,
                                      .fs = engine->env->local_fs,
                                      .conf = weir_conf_entries(scope->conf),
                                      .zone = scope->zone};
    weir_node_source *source = WEIR_NODE_NEW(arena, SOURCE, source);
    weir_options given = {0};
    weir_options_set(arena, &given, WEIR_STR("path"), path);
    source->name = source->format = format;
    source->options = weir_stream_planner_absolute(arena, engine->directory, &given);
    source->own_schema = true;
    WEIR_TRY(ops->batch_schema(arena, &context, format, &source->options, NULL, &source->schema, err));
    *ret = &source->node;
    return WEIR_OK;
}

static weir_code find_relation(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                               weir_error **err) {
    weir_engine_scope *scope = self;
    weir_engine_session *session = scope->session;
    bool global = name->count == 2 && weir_str_equal_nocase(name->items[0], WEIR_STR("global_temp"));
    *ret = NULL;
    if (name->count == 2 && !global && weir_format_find(name->items[0]))
        return path_relation(scope, arena, name->items[0], name->items[1], ret, err);
    if (name->count != 1 && !global)
        return WEIR_OK;
    pthread_mutex_lock(&session->engine->lock);
    weir_engine_view *view = *find_view(session, name->items[name->count - 1], global);
    weir_memory_table *table = view && view->table ? weir_memory_table_ref(view->table) : NULL;
    weir_node *plan = view ? view->plan : NULL;
    weir_str sql = {0};
    if (plan) {
        weir_plan_memory_use(scope->memory, view->memory);
        sql = view->sql;
    }
    pthread_mutex_unlock(&session->engine->lock);
    weir_code code = table ? table_relation(arena, table, ret, err) : WEIR_OK;
    if (plan)
        code = view_relation(scope, arena, sql, plan, ret, err);
    weir_memory_table_unref(table);
    return code;
}

/* ---- what the decoder asks ---- */

static weir_code find_blob(void *self, weir_arena *arena, weir_str hash, weir_str *ret, weir_error **err) {
    (void)err;
    weir_engine_scope *scope = self;
    char *name = weir_arena_printf(arena, "cache/" WEIR_STR_FMT, WEIR_STR_ARG(hash));
    weir_buffer *bytes = weir_client_session_artifact(scope->session->connect, name);
    *ret = (weir_str){0};
    if (bytes)
        *ret = weir_arena_str(arena, (weir_str){(const char *)bytes->data, bytes->size});
    weir_buffer_unref(bytes);
    return WEIR_OK;
}

static weir_code find_cached(void *self, weir_arena *arena, weir_str id, weir_node **ret, weir_error **err) {
    (void)self, (void)arena, (void)id, (void)err;
    *ret = NULL; /* nothing is ever cached: checkpoint and foreachBatch are refused */
    return WEIR_OK;
}

/* ---- scopes ---- */

weir_code weir_engine_scope_open(weir_engine_session *session, weir_engine_scope *ret, weir_error **err) {
    weir_connect_engine *engine = session->engine;
    weir_plan_memory *memory = weir_plan_memory_new();
    *ret = (weir_engine_scope){.session = session,
                               .memory = memory,
                               .arena = memory->arena,
                               .next_id = atomic_fetch_add(&engine->next_ids, IDS_A_PLAN)};
    ret->conf = weir_client_session_conf(session->connect, ret->arena);
    weir_code code =
        weir_stream_planner_zone(ret->arena, ret->conf, engine->options.default_zone, &ret->zone, err);
    if (code != WEIR_OK) {
        weir_engine_scope_close(ret);
        return code;
    }
    return WEIR_OK;
}

/* The addresses inside are the caller's: filled in where the scope has come to rest. */
weir_connect_scope *weir_engine_scope_decoder(weir_engine_scope *scope) {
    scope->catalog = (weir_catalog){find_relation, scope, .places = true};
    scope->decoder = (weir_connect_scope){
        .env = scope->session->engine->options.env,
        .conf = scope->conf,
        .zone = scope->zone,
        .ansi = weir_conf_bool(scope->conf, WEIR_CONF_ANSI),
        .case_sensitive = weir_conf_bool(scope->conf, WEIR_CONF_CASE_SENSITIVE),
        .next_id = &scope->next_id,
        .catalog = &scope->catalog,
        .find_blob = find_blob,
        .find_relation = find_cached,
        .self = scope,
        .texts = &scope->texts,
    };
    return &scope->decoder;
}

void weir_engine_scope_close(weir_engine_scope *scope) {
    weir_plan_memory_unref(scope->memory);
    scope->memory = NULL;
}
