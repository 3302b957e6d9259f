/* Reads of Spark Connect: data sources (their connector gives the schema), named tables, and SQL texts with
 * their parameters. May touch the file system, where a connector looks at files: not for a loop's thread. */
#include "common/base/env.h"
#include "common/base/json_value.h"
#include "common/fs/fs.h"
#include "connectors/connector.h"
#include "driver/connect/decode_int.h"
#include "driver/sql/parser.h"

/* ---- tables ---- */

static weir_code decode_table(weir_decode *d, const Spark__Connect__Read__NamedTable *m, bool streaming,
                              weir_node **ret) {
    weir_node_list names;
    WEIR_TRY(weir_parser_identifiers(d->arena, weir_decode_text(m->unparsed_identifier), &names, d->err));
    weir_node_unresolved_relation *table = WEIR_NODE_NEW(d->arena, UNRESOLVED_RELATION, unresolved_relation);
    table->name = WEIR_NODE_AS(names.items[0], UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts;
    WEIR_TRY(weir_decode_options(d, m->options, m->n_options, &table->options));
    table->streaming = streaming;
    *ret = &table->node;
    if (names.count != 1)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "a table of several names", NULL);
    bool session_catalog = weir_str_equal_nocase(table->name.items[0], WEIR_STR("spark_catalog"));
    if (table->name.count < 3 || (table->name.count == 3 && session_catalog))
        return WEIR_OK;
    weir_strbuf name _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < table->name.count; i++)
        weir_strbuf_addf(&name, "%s`" WEIR_STR_FMT "`", i ? "." : "", WEIR_STR_ARG(table->name.items[i]));
    return weir_error_raise(d->err, WEIR_REQUIRES_SINGLE_PART_NAMESPACE, "sessionCatalog", "spark_catalog",
                            "identifier", name.data, NULL);
}

/* ---- data sources ---- */

static weir_code put_paths(weir_decode *d, const Spark__Connect__Read__DataSource *m, bool streaming,
                           weir_options *options) {
    if (m->n_paths == 1) {
        weir_options_set(d->arena, options, WEIR_STR("path"), weir_decode_text(m->paths[0]));
    } else if (m->n_paths > 1 && streaming) {
        return weir_error_raise(
            d->err, WEIR_CONNECT_INVALID_PLAN__MULTIPLE_PATHS_NOT_SUPPORTED_FOR_STREAMING_SOURCE, NULL);
    } else if (m->n_paths > 1) {
        weir_strbuf list _cleanup_strbuf_ = {0};
        for (size_t i = 0; i < m->n_paths; i++) {
            weir_strbuf_add_char(&list, i ? ',' : '[');
            weir_json_write_string(&list, weir_decode_text(m->paths[i]));
        }
        weir_strbuf_add_char(&list, ']');
        weir_options_set(d->arena, options, WEIR_STR("paths"),
                         weir_arena_str(d->arena, weir_strbuf_view(&list)));
    }
    return WEIR_OK;
}

/* A batch asks for its paths when it is analysed, not when it runs. Patterns are looked at later. */
static weir_code check_paths(weir_decode *d, const Spark__Connect__Read__DataSource *m) {
    weir_fs *fs = d->scope->env->local_fs;
    for (size_t i = 0; i < m->n_paths; i++) {
        weir_str path = weir_decode_text(m->paths[i]);
        if (path.size == 0 || strpbrk(m->paths[i], "*?[{"))
            continue;
        const char *normal = weir_fs_normalize(d->arena, path);
        weir_file_info info;
        weir_error *inner = NULL;
        weir_code code = fs->ops->stat(fs, normal, d->arena, &info, &inner);
        if (code == WEIR_OK)
            continue;
        if (code != WEIR_NOT_FOUND)
            return weir_error_move(d->err, inner);
        weir_error_free(inner);
        return weir_error_raise(d->err, WEIR_PATH_NOT_FOUND, "path",
                                weir_arena_printf(d->arena, "file:%s", normal), NULL);
    }
    return WEIR_OK;
}

static weir_code source_schema(weir_decode *d, const weir_source_ops *ops, weir_node_source *source,
                               const weir_type *given) {
    const weir_connect_scope *scope = d->scope;
    weir_connector_context context = {.env = scope->env,
                                      .fs = scope->env->local_fs,
                                      .conf = weir_conf_entries(scope->conf),
                                      .zone = scope->zone};
    if (!source->streaming) {
        if (!ops->batch_schema)
            return weir_decode_unsupported(
                d->err, weir_arena_printf(d->arena, "batch reads of the source %s", ops->name));
        return ops->batch_schema(d->arena, &context, source->format, &source->options, given, &source->schema,
                                 d->err);
    }
    weir_source *opened = NULL;
    WEIR_TRY(ops->open(d->arena, &context, source->format, &source->options, given, 0, &opened, d->err));
    source->schema = weir_type_clone(d->arena, ops->schema(opened));
    ops->close(opened);
    return WEIR_OK;
}

static weir_code decode_source(weir_decode *d, const Spark__Connect__Read__DataSource *m, bool streaming,
                               weir_node **ret) {
    weir_node_source *source = WEIR_NODE_NEW(d->arena, SOURCE, source);
    const weir_type *given = NULL;
    source->format = weir_decode_text(m->format);
    if (!m->format)
        source->format = weir_conf_get(d->scope->conf, WEIR_STR("spark.sql.sources.default"));
    if (source->format.size == 0)
        source->format = WEIR_STR("parquet");
    if (m->n_predicates)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__PREDICATES_NOT_SUPPORTED_FOR_DATA_SOURCE,
                                "format",
                                weir_arena_strndup(d->arena, source->format.data, source->format.size), NULL);
    if (m->source_name && m->source_name[0])
        return weir_decode_unsupported(d->err, "named streaming sources (DataStreamReader.name)");
    source->name = source->format;
    source->streaming = streaming;
    WEIR_TRY(weir_decode_options(d, m->options, m->n_options, &source->options));
    WEIR_TRY(put_paths(d, m, streaming, &source->options));
    if (m->schema && m->schema[0])
        WEIR_TRY(weir_decode_schema(d->arena, weir_str_from(m->schema), &given, d->err));
    const weir_source_ops *ops = weir_source_find(source->format);
    if (!ops)
        return weir_error_raise(d->err, WEIR_DATA_SOURCE_NOT_FOUND, "provider",
                                weir_arena_strndup(d->arena, source->format.data, source->format.size), NULL);
    if (!streaming)
        WEIR_TRY(check_paths(d, m));
    WEIR_TRY(source_schema(d, ops, source, given));
    source->own_schema = !given;
    *ret = &source->node;
    return WEIR_OK;
}

weir_code weir_decode_read(weir_decode *d, const Spark__Connect__Read *m, weir_node **ret) {
    if (m->read_type_case == SPARK__CONNECT__READ__READ_TYPE_NAMED_TABLE)
        return decode_table(d, m->named_table, m->is_streaming, ret);
    if (m->read_type_case == SPARK__CONNECT__READ__READ_TYPE_DATA_SOURCE)
        return decode_source(d, m->data_source, m->is_streaming, ret);
    return weir_decode_missing(d->err, "spark.connect.Read", "read_type");
}

/* ---- SQL ---- */

/* A parameter is a literal or a collection of literals, never a column. */
static bool is_constant(const weir_node *node) {
    static const char *const makers[] = {
        "array", "map", "struct", "named_struct", "map_from_arrays", "map_from_entries"};
    if (node->kind == WEIR_NODE_LITERAL)
        return true;
    if (node->kind != WEIR_NODE_UNRESOLVED_FUNCTION)
        return false;
    const weir_node_unresolved_function *call = (const weir_node_unresolved_function *)node;
    bool known = false;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(makers); i++)
        known |=
            call->name.count == 1 && weir_str_equal_nocase(call->name.items[0], weir_str_from(makers[i]));
    for (int32_t i = 0; i < call->args.count && known; i++)
        known = is_constant(call->args.items[i]);
    return known;
}

static weir_code check_parameter(weir_decode *d, const weir_node *node, const char *name) {
    return is_constant(node) ? WEIR_OK : weir_error_raise(d->err, WEIR_INVALID_SQL_ARG, "name", name, NULL);
}

static weir_code decode_parameters(weir_decode *d, const Spark__Connect__SQL *m,
                                   weir_parser_parameters *ret) {
    size_t named = m->n_named_arguments + m->n_args, positional = m->n_pos_arguments + m->n_pos_args;
    *ret = (weir_parser_parameters){.names = {WEIR_NEW_ARRAY(d->arena, weir_str, named + 1), 0},
                                    .named = weir_node_list_new(d->arena, (int32_t)named),
                                    .positional = weir_node_list_new(d->arena, (int32_t)positional)};
    for (size_t i = 0; i < m->n_named_arguments; i++) {
        const Spark__Connect__SQL__ExpressionEntry *entry = m->named_arguments[i];
        weir_node **node = &ret->named.items[ret->names.count];
        ret->names.items[ret->names.count++] = weir_decode_text(entry->key);
        WEIR_TRY(weir_decode_expression(d, entry->value, node));
        WEIR_TRY(check_parameter(d, *node, entry->key ? entry->key : ""));
    }
    for (size_t i = 0; i < m->n_args; i++) {
        weir_node **node = &ret->named.items[ret->names.count];
        ret->names.items[ret->names.count++] = weir_decode_text(m->args[i]->key);
        WEIR_TRY(weir_decode_literal(d, m->args[i]->value, node));
    }
    for (size_t i = 0; i < m->n_pos_arguments; i++) {
        WEIR_TRY(weir_decode_expression(d, m->pos_arguments[i], &ret->positional.items[i]));
        WEIR_TRY(check_parameter(d, ret->positional.items[i], weir_arena_printf(d->arena, "_%zu", i)));
    }
    for (size_t i = 0; i < m->n_pos_args; i++)
        WEIR_TRY(weir_decode_literal(d, m->pos_args[i], &ret->positional.items[m->n_pos_arguments + i]));
    return WEIR_OK;
}

/* A table of the text that WithRelations brings along takes its place. */
static weir_code replace_reference(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                                   weir_error **err) {
    (void)arena, (void)err;
    const weir_decode *d = data;
    *ret = node;
    if (node->kind != WEIR_NODE_UNRESOLVED_RELATION)
        return WEIR_OK;
    const weir_node_unresolved_relation *table = (const weir_node_unresolved_relation *)node;
    for (const weir_decode_reference *r = d->references; r && table->name.count == 1; r = r->outer)
        if (weir_str_equal_nocase(r->name, table->name.items[0])) {
            *ret = r->relation;
            return WEIR_OK;
        }
    return WEIR_OK;
}

weir_code weir_decode_statement(weir_decode *d, const Spark__Connect__SQL *m, weir_statement *ret) {
    weir_parser_parameters parameters;
    weir_str sql = weir_decode_text(m->query);
    WEIR_TRY(decode_parameters(d, m, &parameters));
    WEIR_TRY(weir_parser_statement(d->arena, sql, d->scope->zone, &parameters, ret, d->err));
    return ret->query ? weir_decode_move_places(d, sql, ret->query, &ret->query) : WEIR_OK;
}

weir_code weir_decode_sql(weir_decode *d, const Spark__Connect__SQL *m, weir_node **ret) {
    weir_parser_parameters parameters;
    weir_str sql = weir_decode_text(m->query);
    WEIR_TRY(decode_parameters(d, m, &parameters));
    WEIR_TRY(weir_parser_query_with(d->arena, sql, d->scope->zone, &parameters, ret, d->err));
    WEIR_TRY(weir_decode_move_places(d, sql, *ret, ret));
    if (d->references)
        WEIR_TRY(weir_node_transform_down(d->arena, *ret, replace_reference, d, ret, d->err));
    return WEIR_OK;
}
