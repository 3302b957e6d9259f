/* AnalyzePlan (connect_plan.h): what a client asks about a plan without running it. Looks at files only where
 * the question is about them. Any thread that may block. */
#include <stdlib.h>

#include "common/base/env.h"
#include "common/base/json_value.h"
#include "common/fs/fs.h"
#include "connectors/connector.h"
#include "driver/analyze/streaming_checks.h"
#include "driver/connect/connect_explain.h"
#include "driver/connect/decode_int.h"
#include "driver/optimize/optimizer.h"

#define SPARK_VERSION "4.3.0"

typedef Spark__Connect__AnalyzePlanRequest request;
typedef Spark__Connect__AnalyzePlanResponse response;

typedef struct analysis {
    weir_arena *arena;
    const weir_connect_scope *scope;
    response *out;
    weir_error **err;
} analysis;

static void *answer(analysis *a, const ProtobufCMessageDescriptor *descriptor, int result) {
    ProtobufCMessage *message = weir_arena_zalloc(a->arena, descriptor->sizeof_message);
    descriptor->message_init(message);
    a->out->result_case = (Spark__Connect__AnalyzePlanResponse__ResultCase)result;
    a->out->schema = (void *)message; /* all members of the union are pointers to messages */
    return message;
}

static char *text_of(analysis *a, const weir_strbuf *buf) {
    return weir_arena_strndup(a->arena, buf->data ? buf->data : "", buf->size);
}

/* What show() and its kin would give is a text, whatever the plan below. */
static void check_shown(analysis *a, weir_connect_plan *plan) {
    bool show = plan->action == WEIR_CONNECT_SHOW_STRING, html = plan->action == WEIR_CONNECT_HTML_STRING;
    if (!show && !html)
        return;
    weir_field field = {.name = show ? WEIR_STR("show_string") : WEIR_STR("html_string"),
                        .type = weir_type_of(WEIR_TYPE_STRING),
                        .nullable = true};
    weir_node_local_relation *local = WEIR_NODE_NEW(a->arena, LOCAL_RELATION, local_relation);
    local->schema = weir_type_struct(a->arena, &field, 1);
    local->node.type = local->schema;
    local->node.resolved = true;
    plan->root = &local->node;
}

static weir_code resolved(analysis *a, weir_connect_plan *plan, weir_node **ret) {
    WEIR_TRY(weir_connect_resolve(a->arena, a->scope, plan, a->err));
    check_shown(a, plan);
    *ret = plan->root;
    if (!*ret)
        return weir_decode_unsupported(a->err, "the analysis of a plan that is no query");
    return WEIR_OK;
}

static weir_code resolve_plan(analysis *a, const Spark__Connect__Plan *message, weir_node **ret) {
    weir_connect_plan plan;
    WEIR_TRY(weir_connect_decode(a->arena, a->scope, message, &plan, a->err));
    return resolved(a, &plan, ret);
}

static weir_code resolve_relation(analysis *a, const Spark__Connect__Relation *message) {
    weir_connect_plan plan;
    weir_node *root;
    WEIR_TRY(weir_connect_decode_relation(a->arena, a->scope, message, &plan, a->err));
    return resolved(a, &plan, &root);
}

/* ---- schema, trees, explain ---- */

static weir_code answer_schema(analysis *a, const request *in) {
    weir_node *plan;
    WEIR_TRY(resolve_plan(a, in->schema->plan, &plan));
    Spark__Connect__AnalyzePlanResponse__Schema *out =
        answer(a, &spark__connect__analyze_plan_response__schema__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_SCHEMA);
    out->schema = weir_connect_type_message(a->arena, plan->type);
    return WEIR_OK;
}

static weir_code answer_tree(analysis *a, const request *in) {
    weir_node *plan;
    weir_strbuf text _cleanup_strbuf_ = {0};
    WEIR_TRY(resolve_plan(a, in->tree_string->plan, &plan));
    weir_type_tree_to(&text, plan->type, in->tree_string->has_level ? in->tree_string->level : 0);
    Spark__Connect__AnalyzePlanResponse__TreeString *out =
        answer(a, &spark__connect__analyze_plan_response__tree_string__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_TREE_STRING);
    out->tree_string = text_of(a, &text);
    return WEIR_OK;
}

static weir_code answer_explain(analysis *a, const request *in) {
    weir_node *plan;
    weir_strbuf text _cleanup_strbuf_ = {0};
    weir_explain_logical first = WEIR_EXPLAIN_PHYSICAL;
    int mode = (int)in->explain->explain_mode;
    WEIR_TRY(resolve_plan(a, in->explain->plan, &plan));
    switch (mode) {
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__EXPLAIN__EXPLAIN_MODE__EXPLAIN_MODE_SIMPLE:
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__EXPLAIN__EXPLAIN_MODE__EXPLAIN_MODE_FORMATTED:
        break;
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__EXPLAIN__EXPLAIN_MODE__EXPLAIN_MODE_EXTENDED:
        first = WEIR_EXPLAIN_ANALYZED;
        break;
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__EXPLAIN__EXPLAIN_MODE__EXPLAIN_MODE_COST:
        first = WEIR_EXPLAIN_OPTIMIZED;
        break;
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__EXPLAIN__EXPLAIN_MODE__EXPLAIN_MODE_CODEGEN:
        return weir_decode_unsupported(a->err, "explain(mode=\"codegen\"): no code is generated");
    default:
        return weir_decode_bad_enum(a->err, "spark.connect.AnalyzePlanRequest.Explain.explain_mode", mode);
    }
    weir_optimizer_options options = {
        .zone = a->scope->zone, .ansi = a->scope->ansi, .next_id = a->scope->next_id};
    WEIR_TRY(weir_connect_explain_sections(a->arena, &options, plan, first, &text, a->err));
    Spark__Connect__AnalyzePlanResponse__Explain *out =
        answer(a, &spark__connect__analyze_plan_response__explain__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_EXPLAIN);
    out->explain_string = text_of(a, &text);
    return WEIR_OK;
}

/* ---- facts ---- */

static weir_code answer_local(analysis *a, const request *in) {
    weir_node *plan;
    WEIR_TRY(resolve_plan(a, in->is_local->plan, &plan));
    Spark__Connect__AnalyzePlanResponse__IsLocal *out =
        answer(a, &spark__connect__analyze_plan_response__is_local__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_IS_LOCAL);
    out->has_is_local = out->is_local = plan->kind == WEIR_NODE_LOCAL_RELATION;
    return WEIR_OK;
}

static weir_code answer_streaming(analysis *a, const request *in) {
    weir_node *plan;
    WEIR_TRY(resolve_plan(a, in->is_streaming->plan, &plan));
    Spark__Connect__AnalyzePlanResponse__IsStreaming *out =
        answer(a, &spark__connect__analyze_plan_response__is_streaming__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_IS_STREAMING);
    out->has_is_streaming = out->is_streaming = weir_streaming_checks_is_streaming(plan);
    return WEIR_OK;
}

typedef struct file_search {
    analysis *a;
    weir_str_list files;
    int32_t capacity;
    weir_code code;
} file_search;

static void add_file(file_search *search, weir_str path) {
    weir_arena *arena = search->a->arena;
    const char *uri = weir_arena_printf(arena, "file://" WEIR_STR_FMT, WEIR_STR_ARG(path));
    for (int32_t i = 0; i < search->files.count; i++) /* a split behind another of its file */
        if (strcmp(search->files.items[i].data, uri) == 0)
            return;
    if (search->files.count == search->capacity) {
        search->capacity = search->capacity ? search->capacity * 2 : 16;
        weir_str *items = WEIR_NEW_ARRAY(arena, weir_str, search->capacity);
        if (search->files.count)
            memcpy(items, search->files.items, sizeof *items * (size_t)search->files.count);
        search->files.items = items;
    }
    search->files.items[search->files.count++] = weir_str_from(uri);
}

/* The splits of a file source name their files. */
static weir_code add_files(file_search *search, const weir_node_source *source) {
    analysis *a = search->a;
    const weir_source_ops *ops = weir_source_find(source->format);
    weir_connector_context context = {.env = a->scope->env,
                                      .fs = a->scope->env->local_fs,
                                      .conf = weir_conf_entries(a->scope->conf),
                                      .zone = a->scope->zone};
    weir_str_list splits = {0};
    if (!ops || !ops->batch_plan || source->streaming)
        return WEIR_OK;
    WEIR_TRY(ops->batch_plan(a->arena, &context, source->format, &source->options, source->schema, &splits,
                             a->err));
    for (int32_t i = 0; i < splits.count; i++) {
        weir_json *json, *files;
        if (weir_json_parse(a->arena, splits.items[i], "split", &json, NULL) != WEIR_OK)
            continue; /* not made of files */
        files = (weir_json *)(uintptr_t)weir_json_get(json, "files");
        for (const weir_json *file = files ? files->first : NULL; file; file = file->next)
            add_file(search, weir_json_get_str(file, "path", WEIR_STR("")));
    }
    return WEIR_OK;
}

static bool visit_source(const weir_node *node, void *data) {
    file_search *search = data;
    if (node->kind == WEIR_NODE_SOURCE)
        search->code = add_files(search, (const weir_node_source *)node);
    return search->code != WEIR_OK;
}

static int by_text(const void *a, const void *b) {
    return strcmp(((const weir_str *)a)->data, ((const weir_str *)b)->data);
}

static weir_code answer_files(analysis *a, const request *in) {
    weir_node *plan;
    file_search search = {.a = a};
    WEIR_TRY(resolve_plan(a, in->input_files->plan, &plan));
    weir_node_any(plan, visit_source, &search);
    WEIR_TRY(search.code);
    Spark__Connect__AnalyzePlanResponse__InputFiles *out =
        answer(a, &spark__connect__analyze_plan_response__input_files__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_INPUT_FILES);
    if (search.files.count)
        qsort(search.files.items, (size_t)search.files.count, sizeof *search.files.items, by_text);
    out->n_files = (size_t)search.files.count;
    out->files = WEIR_NEW_ARRAY(a->arena, char *, search.files.count + 1);
    for (int32_t i = 0; i < search.files.count; i++)
        out->files[i] = (char *)(uintptr_t)search.files.items[i].data;
    return WEIR_OK;
}

/* ---- semantics ---- */

typedef struct canonical {
    int64_t *ids; /* as the plan has them, in the order of the leaves' columns and the aliases */
    int32_t count, capacity;
} canonical;

static int64_t canonical_id(weir_arena *arena, canonical *c, int64_t id) {
    for (int32_t i = c->count - 1; i >= 0; i--)
        if (c->ids[i] == id)
            return i + 1;
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 32;
        int64_t *ids = WEIR_NEW_ARRAY(arena, int64_t, c->capacity);
        if (c->count)
            memcpy(ids, c->ids, sizeof *ids * (size_t)c->count);
        c->ids = ids;
    }
    c->ids[c->count++] = id;
    return c->count;
}

/* Two plans that give the same rows by the same steps are one: names, ids and aliases of relations go. */
static weir_code make_canonical(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                weir_error **err) {
    (void)err;
    canonical *c = data;
    *ret = node;
    if (node->kind == WEIR_NODE_SUBQUERY_ALIAS) {
        *ret = WEIR_NODE_AS(node, SUBQUERY_ALIAS, subquery_alias)->child;
    } else if (node->kind == WEIR_NODE_ATTRIBUTE) {
        weir_node_attribute *copy = (weir_node_attribute *)weir_node_copy(arena, node);
        copy->id = canonical_id(arena, c, copy->id);
        copy->name = copy->metadata = (weir_str){0};
        *ret = &copy->node;
    } else if (node->kind == WEIR_NODE_ALIAS) {
        weir_node_alias *copy = (weir_node_alias *)weir_node_copy(arena, node);
        copy->id = canonical_id(arena, c, copy->id);
        copy->name = copy->metadata = (weir_str){0};
        *ret = &copy->node;
    } else if (weir_node_describe(node->kind).category == WEIR_NODE_RELATION) {
        /* leaves come first in a bottom-up walk: their columns get the lowest numbers */
        for (int32_t i = 0; i < node->output.count; i++)
            canonical_id(arena, c, WEIR_NODE_AS(node->output.items[i], ATTRIBUTE, attribute)->id);
    }
    return WEIR_OK;
}

static weir_code canonical_plan(analysis *a, const Spark__Connect__Plan *message, weir_node **ret) {
    canonical c = {0};
    WEIR_TRY(resolve_plan(a, message, ret));
    return weir_node_transform(a->arena, *ret, make_canonical, &c, ret, a->err);
}

static weir_code answer_same(analysis *a, const request *in) {
    weir_node *left, *right;
    WEIR_TRY(canonical_plan(a, in->same_semantics->target_plan, &left));
    WEIR_TRY(canonical_plan(a, in->same_semantics->other_plan, &right));
    Spark__Connect__AnalyzePlanResponse__SameSemantics *out =
        answer(a, &spark__connect__analyze_plan_response__same_semantics__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_SAME_SEMANTICS);
    out->has_result = out->result = weir_node_equal(left, right);
    return WEIR_OK;
}

static weir_code answer_hash(analysis *a, const request *in) {
    weir_node *plan;
    WEIR_TRY(canonical_plan(a, in->semantic_hash->plan, &plan));
    Spark__Connect__AnalyzePlanResponse__SemanticHash *out =
        answer(a, &spark__connect__analyze_plan_response__semantic_hash__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_SEMANTIC_HASH);
    uint64_t hash = weir_node_hash(plan);
    out->has_result = true;
    out->result = (int32_t)(uint32_t)(hash ^ hash >> 32);
    return WEIR_OK;
}

/* ---- texts ---- */

static weir_code answer_version(analysis *a) {
    Spark__Connect__AnalyzePlanResponse__SparkVersion *out =
        answer(a, &spark__connect__analyze_plan_response__spark_version__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_SPARK_VERSION);
    out->version = weir_arena_strdup(a->arena, SPARK_VERSION);
    return WEIR_OK;
}

static weir_code answer_ddl(analysis *a, const request *in) {
    const weir_type *type;
    WEIR_TRY(weir_decode_ddl(a->arena, weir_decode_text(in->ddl_parse->ddl_string), &type, a->err));
    Spark__Connect__AnalyzePlanResponse__DDLParse *out =
        answer(a, &spark__connect__analyze_plan_response__ddlparse__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_DDL_PARSE);
    out->parsed = weir_connect_type_message(a->arena, type);
    return WEIR_OK;
}

/* StructType.toDDL: "a INT,`b c` ARRAY<STRING> NOT NULL COMMENT 'x'". Each column prints as the only field of
 * a STRUCT does, where the type's text has the name's quotes and the comment. */
static void add_ddl_column(weir_strbuf *buf, const weir_field *field) {
    weir_type one = {.kind = WEIR_TYPE_STRUCT, .fields_count = 1, .fields = field};
    weir_strbuf text _cleanup_strbuf_ = {0};
    weir_type_sql(&text, &one);
    weir_str inner = {text.data + strlen("STRUCT<"), text.size - strlen("STRUCT<>")};
    /* "name: TYPE": the colon is the first one behind the name, which may be quoted */
    size_t at = 0;
    bool quoted = false;
    for (; at < inner.size && (quoted || inner.data[at] != ':'); at++)
        quoted ^= inner.data[at] == '`';
    weir_strbuf_add(buf, weir_str_make(inner.data, at));
    weir_strbuf_add(buf, weir_str_make(inner.data + at + 1, inner.size - at - 1));
}

static weir_code answer_json(analysis *a, const request *in) {
    const weir_type *type;
    weir_strbuf ddl _cleanup_strbuf_ = {0};
    WEIR_TRY(weir_type_parse_json(a->arena, weir_decode_text(in->json_to_ddl->json_string), &type, a->err));
    if (type->kind != WEIR_TYPE_STRUCT)
        return weir_error_failf(a->err, WEIR_INVALID_ARGUMENT, "the JSON text is the schema of no STRUCT");
    for (int32_t i = 0; i < type->fields_count; i++) {
        weir_strbuf_add_text(&ddl, i ? "," : "");
        add_ddl_column(&ddl, &type->fields[i]);
    }
    Spark__Connect__AnalyzePlanResponse__JsonToDDL *out =
        answer(a, &spark__connect__analyze_plan_response__json_to_ddl__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_JSON_TO_DDL);
    if (ddl.size)
        out->ddl_string = text_of(a, &ddl);
    return WEIR_OK;
}

/* ---- caching: a promise that costs nothing to keep ---- */

static weir_code answer_persist(analysis *a, const Spark__Connect__Relation *relation,
                                const ProtobufCMessageDescriptor *descriptor, int result) {
    WEIR_TRY(resolve_relation(a, relation));
    answer(a, descriptor, result);
    return WEIR_OK;
}

static weir_code answer_level(analysis *a, const request *in) {
    WEIR_TRY(resolve_relation(a, in->get_storage_level->relation));
    Spark__Connect__AnalyzePlanResponse__GetStorageLevel *out =
        answer(a, &spark__connect__analyze_plan_response__get_storage_level__descriptor,
               SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_GET_STORAGE_LEVEL);
    out->storage_level = WEIR_NEW(a->arena, Spark__Connect__StorageLevel);
    spark__connect__storage_level__init(out->storage_level);
    out->storage_level->has_replication = true;
    out->storage_level->replication = 1; /* StorageLevel.NONE */
    return WEIR_OK;
}

weir_code weir_connect_analyze(weir_arena *arena, const weir_connect_scope *scope, const request *in,
                               response *ret, weir_error **err) {
    analysis a = {.arena = arena, .scope = scope, .out = ret, .err = err};
    spark__connect__analyze_plan_response__init(ret);
    switch ((int)in->analyze_case) {
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_SCHEMA:
        return answer_schema(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_EXPLAIN:
        return answer_explain(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_TREE_STRING:
        return answer_tree(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_IS_LOCAL:
        return answer_local(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_IS_STREAMING:
        return answer_streaming(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_INPUT_FILES:
        return answer_files(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_SPARK_VERSION:
        return answer_version(&a);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_DDL_PARSE:
        return answer_ddl(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_SAME_SEMANTICS:
        return answer_same(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_SEMANTIC_HASH:
        return answer_hash(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_PERSIST:
        return answer_persist(&a, in->persist->relation,
                              &spark__connect__analyze_plan_response__persist__descriptor,
                              SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_PERSIST);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_UNPERSIST:
        return answer_persist(&a, in->unpersist->relation,
                              &spark__connect__analyze_plan_response__unpersist__descriptor,
                              SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_UNPERSIST);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_GET_STORAGE_LEVEL:
        return answer_level(&a, in);
    case SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_JSON_TO_DDL:
        return answer_json(&a, in);
    default:
        return weir_coverage_refuse(&in->base, "analyze", (int)in->analyze_case, err);
    }
}
