/* Commands of Spark Connect: what a client asks for that is no table of rows. Questions to streaming queries
 * stay messages, since they have no plan; the others become plain structures. */
#include "common/types/datetime.h"
#include "connectors/connector.h"
#include "driver/connect/decode_int.h"

typedef Spark__Connect__Command command;

/* ---- views, SQL ---- */

static weir_code decode_view(weir_decode *d, const Spark__Connect__CreateDataFrameViewCommand *m,
                             weir_connect_plan *ret) {
    weir_str_list parts;
    ret->action = WEIR_CONNECT_CREATE_VIEW;
    ret->view.global = m->is_global;
    ret->view.replace = m->replace;
    if (weir_decode_name(d, m->name, &parts) != WEIR_OK)
        return weir_error_raise(d->err, WEIR__LEGACY_ERROR_TEMP_1321, "viewName", m->name ? m->name : "",
                                NULL);
    if (parts.items[0].size == 0)
        return weir_error_raise(d->err, WEIR_PARSE_EMPTY_STATEMENT, NULL);
    if (parts.count != 1)
        return weir_decode_unsupported(d->err, "a temporary view with a qualified name");
    ret->view.name = parts.items[0];
    return weir_decode_input(d, m->input, "CreateDataFrameViewCommand", &ret->root);
}

/* The older form has the text in the command itself; it becomes a relation, which the answer gives back. */
static weir_code sql_of_command(weir_decode *d, const Spark__Connect__SqlCommand *m,
                                const Spark__Connect__Relation **ret) {
    if (m->input) {
        int kind = (int)m->input->rel_type_case;
        *ret = m->input;
        if (kind == SPARK__CONNECT__RELATION__REL_TYPE_SQL ||
            kind == SPARK__CONNECT__RELATION__REL_TYPE_WITH_RELATIONS)
            return WEIR_OK;
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__SQL_COMMAND_EXPECTS_SQL_OR_WITH_RELATIONS,
                                "other", "another relation", NULL);
    }
    Spark__Connect__SQL *sql = WEIR_NEW(d->arena, Spark__Connect__SQL);
    spark__connect__sql__init(sql);
    sql->query = m->sql;
    sql->n_args = m->n_args;
    sql->args = (Spark__Connect__SQL__LiteralEntry **)m->args;
    sql->n_pos_args = m->n_pos_args;
    sql->pos_args = m->pos_args;
    sql->n_named_arguments = m->n_named_arguments;
    sql->named_arguments = (Spark__Connect__SQL__ExpressionEntry **)m->named_arguments;
    sql->n_pos_arguments = m->n_pos_arguments;
    sql->pos_arguments = m->pos_arguments;
    Spark__Connect__Relation *relation = WEIR_NEW(d->arena, Spark__Connect__Relation);
    spark__connect__relation__init(relation);
    relation->rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_SQL;
    relation->sql = sql;
    *ret = relation;
    return WEIR_OK;
}

static weir_code decode_sql_command(weir_decode *d, const Spark__Connect__SqlCommand *m,
                                    weir_connect_plan *ret) {
    ret->action = WEIR_CONNECT_SQL_COMMAND;
    WEIR_TRY(sql_of_command(d, m, &ret->sql_relation));
    if (ret->sql_relation->rel_type_case == SPARK__CONNECT__RELATION__REL_TYPE_SQL)
        WEIR_TRY(weir_decode_statement(d, ret->sql_relation->sql, &ret->statement));
    if (ret->statement.kind != WEIR_STATEMENT_QUERY) {
        ret->action = WEIR_CONNECT_STATEMENT;
        /* EXPLAIN tells of a query that does not resolve; the others fail with it. */
        ret->root = ret->statement.kind == WEIR_STATEMENT_EXPLAIN ? NULL : ret->statement.query;
        return WEIR_OK;
    }
    return weir_decode_relation(d, ret->sql_relation, &ret->root);
}

/* ---- batch writes ---- */

static weir_code save_mode(weir_decode *d, int mode, weir_save_mode *ret) {
    switch (mode) {
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_UNSPECIFIED:
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_ERROR_IF_EXISTS:
        *ret = WEIR_SAVE_ERROR_IF_EXISTS;
        return WEIR_OK;
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_APPEND:
        *ret = WEIR_SAVE_APPEND;
        return WEIR_OK;
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_OVERWRITE:
        *ret = WEIR_SAVE_OVERWRITE;
        return WEIR_OK;
    case SPARK__CONNECT__WRITE_OPERATION__SAVE_MODE__SAVE_MODE_IGNORE:
        *ret = WEIR_SAVE_IGNORE;
        return WEIR_OK;
    default:
        return weir_decode_bad_enum(d->err, "spark.connect.WriteOperation.mode", mode);
    }
}

static weir_code decode_write(weir_decode *d, const Spark__Connect__WriteOperation *m,
                              weir_connect_plan *ret) {
    weir_connect_write *write = &ret->write;
    ret->action = WEIR_CONNECT_WRITE;
    if (m->save_type_case == SPARK__CONNECT__WRITE_OPERATION__SAVE_TYPE_TABLE)
        return weir_decode_unsupported(d->err, "saveAsTable() and insertInto()");
    if (m->bucket_by)
        return weir_decode_unsupported(d->err, "bucketBy()");
    if (m->n_sort_column_names)
        return weir_decode_unsupported(d->err, "sortBy()");
    if (m->n_clustering_columns)
        return weir_decode_unsupported(d->err, "clusterBy()");
    if (m->with_schema_evolution)
        return weir_decode_unsupported(d->err, "schema evolution");
    write->format = weir_decode_text(m->source);
    if (!m->source)
        write->format = weir_conf_get(d->scope->conf, WEIR_STR("spark.sql.sources.default"));
    if (write->format.size == 0)
        write->format = WEIR_STR("parquet");
    if (m->save_type_case == SPARK__CONNECT__WRITE_OPERATION__SAVE_TYPE_PATH)
        write->path = weir_decode_text(m->path);
    WEIR_TRY(save_mode(d, (int)m->mode, &write->mode));
    write->partition_by = weir_decode_texts(d->arena, m->partitioning_columns, m->n_partitioning_columns);
    WEIR_TRY(weir_decode_options(d, m->options, m->n_options, &write->options));
    if (!weir_sink_find(write->format))
        return weir_error_raise(d->err, WEIR_DATA_SOURCE_NOT_FOUND, "provider",
                                weir_arena_strndup(d->arena, write->format.data, write->format.size), NULL);
    return weir_decode_input(d, m->input, "WriteOperation", &ret->root);
}

/* ---- streams ---- */

static weir_code trigger_interval(weir_decode *d, const char *text, int64_t *ret) {
    weir_calendar_interval interval;
    int64_t micros;
    text = text ? text : "";
    if (!weir_calendar_interval_parse(weir_str_from(text), &interval))
        return weir_error_raise(d->err, WEIR_CANNOT_PARSE_INTERVAL, "intervalString",
                                weir_arena_printf(d->arena, "'%s'", text), NULL);
    if (interval.months != 0)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT, "Doesn't support month or year interval: %s",
                                text);
    if (__builtin_mul_overflow((int64_t)interval.days, WEIR_MICROS_PER_DAY, &micros) ||
        __builtin_add_overflow(micros, interval.micros, &micros) || micros < 0)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT,
                                "requirement failed: the interval of trigger should not be negative");
    *ret = micros / 1000;
    return WEIR_OK;
}

static weir_code decode_trigger(weir_decode *d, const Spark__Connect__WriteStreamOperationStart *m,
                                weir_connect_stream *stream) {
    switch ((int)m->trigger_case) {
    case SPARK__CONNECT__WRITE_STREAM_OPERATION_START__TRIGGER__NOT_SET:
        return WEIR_OK;
    case SPARK__CONNECT__WRITE_STREAM_OPERATION_START__TRIGGER_PROCESSING_TIME_INTERVAL:
        stream->trigger = WEIR_TRIGGER_PROCESSING_TIME;
        WEIR_TRY(trigger_interval(d, m->processing_time_interval, &stream->interval_ms));
        if (stream->interval_ms == 0) /* as fast as possible */
            stream->trigger = WEIR_TRIGGER_DEFAULT;
        return WEIR_OK;
    case SPARK__CONNECT__WRITE_STREAM_OPERATION_START__TRIGGER_AVAILABLE_NOW:
        if (m->available_now)
            stream->trigger = WEIR_TRIGGER_AVAILABLE_NOW;
        return WEIR_OK;
    case SPARK__CONNECT__WRITE_STREAM_OPERATION_START__TRIGGER_ONCE:
        if (m->once)
            stream->trigger = WEIR_TRIGGER_ONCE;
        return WEIR_OK;
    case SPARK__CONNECT__WRITE_STREAM_OPERATION_START__TRIGGER_CONTINUOUS_CHECKPOINT_INTERVAL:
        return weir_decode_unsupported(d->err, "a continuous trigger");
    default:
        return WEIR_OK; /* real time: looked at with the plan */
    }
}

static bool is_source(const weir_node *node, void *data) {
    if (node->kind == WEIR_NODE_SOURCE && !*(const weir_node **)data)
        *(const weir_node **)data = node;
    return false;
}

/* Spark runs few sources in real-time mode, and none of those that are here: each is refused by its class. */
static weir_code refuse_real_time(weir_decode *d, const weir_connect_stream *stream, const weir_node *root) {
    const weir_node *found = NULL;
    const char *class_name = "org.apache.spark.sql.execution.streaming.runtime.FileStreamSource";
    if (!weir_str_equal(stream->output_mode, WEIR_STR("update")))
        return weir_error_raise(
            d->err, WEIR_STREAMING_REAL_TIME_MODE__OUTPUT_MODE_NOT_SUPPORTED, "outputMode",
            weir_str_equal(stream->output_mode, WEIR_STR("append")) ? "Append" : "Complete", NULL);
    weir_node_any(root, is_source, &found);
    weir_str format = found ? WEIR_NODE_AS(found, SOURCE, source)->format : WEIR_STR("");
    if (weir_str_equal_nocase(format, WEIR_STR("rate")))
        class_name = "org.apache.spark.sql.execution.streaming.sources.RateStreamMicroBatchStream";
    else if (weir_str_equal_nocase(format, WEIR_STR("rate-micro-batch")))
        class_name = "org.apache.spark.sql.execution.streaming.sources.RatePerMicroBatchStream";
    return weir_error_raise(d->err, WEIR_STREAMING_REAL_TIME_MODE__INPUT_STREAM_NOT_SUPPORTED, "className",
                            class_name, NULL);
}

/* Accepted in any case; kept in lower case, as the rest of the engine has it. */
static weir_code output_mode(weir_decode *d, const char *text, weir_str *ret) {
    static const weir_str modes[] = {{"append", 6}, {"complete", 8}, {"update", 6}};
    weir_str mode = weir_decode_text(text);
    *ret = modes[0];
    if (mode.size == 0)
        return WEIR_OK;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(modes); i++) {
        if (weir_str_equal_nocase(mode, modes[i])) {
            *ret = modes[i];
            return WEIR_OK;
        }
    }
    return weir_error_raise(d->err, WEIR_STREAMING_OUTPUT_MODE__INVALID, "outputMode", text, NULL);
}

static weir_code decode_stream(weir_decode *d, const Spark__Connect__WriteStreamOperationStart *m,
                               weir_connect_plan *ret) {
    weir_connect_stream *stream = &ret->stream;
    ret->action = WEIR_CONNECT_START_STREAM;
    if (m->foreach_writer)
        return weir_decode_unsupported(d->err, "foreach()");
    if (m->foreach_batch)
        return weir_decode_unsupported(d->err, "foreachBatch()");
    if (m->sink_destination_case == SPARK__CONNECT__WRITE_STREAM_OPERATION_START__SINK_DESTINATION_TABLE_NAME)
        return weir_decode_unsupported(d->err, "toTable()");
    if (m->n_clustering_column_names)
        return weir_decode_unsupported(d->err, "clusterBy()");
    stream->name = weir_decode_text(m->query_name);
    stream->format = weir_decode_text(m->format);
    if (stream->format.size == 0)
        stream->format = weir_conf_get(d->scope->conf, WEIR_STR("spark.sql.sources.default"));
    if (stream->format.size == 0)
        stream->format = WEIR_STR("parquet");
    WEIR_TRY(weir_decode_options(d, m->options, m->n_options, &stream->options));
    if (m->sink_destination_case == SPARK__CONNECT__WRITE_STREAM_OPERATION_START__SINK_DESTINATION_PATH)
        weir_options_set(d->arena, &stream->options, WEIR_STR("path"), weir_decode_text(m->path));
    stream->partition_by =
        weir_decode_texts(d->arena, m->partitioning_column_names, m->n_partitioning_column_names);
    WEIR_TRY(output_mode(d, m->output_mode, &stream->output_mode));
    WEIR_TRY(decode_trigger(d, m, stream));
    if (!weir_sink_find(stream->format))
        return weir_error_raise(d->err, WEIR_DATA_SOURCE_NOT_FOUND, "provider",
                                weir_arena_strndup(d->arena, stream->format.data, stream->format.size), NULL);
    WEIR_TRY(weir_decode_input(d, m->input, "WriteStreamOperationStart", &ret->root));
    if (m->trigger_case == SPARK__CONNECT__WRITE_STREAM_OPERATION_START__TRIGGER_REAL_TIME_BATCH_DURATION)
        return refuse_real_time(d, stream, ret->root);
    return WEIR_OK;
}

static weir_code decode_query_command(weir_decode *d, const Spark__Connect__StreamingQueryCommand *m,
                                      weir_connect_plan *ret) {
    ret->action = WEIR_CONNECT_QUERY_COMMAND;
    ret->query_command = m;
    if (!m->query_id || !m->query_id->id || !m->query_id->run_id)
        return weir_decode_missing(d->err, "spark.connect.StreamingQueryCommand", "query_id");
    if (m->command_case == SPARK__CONNECT__STREAMING_QUERY_COMMAND__COMMAND__NOT_SET)
        return weir_coverage_refuse(&m->base, "command", 0, d->err);
    return WEIR_OK;
}

static weir_code decode_manager_command(weir_decode *d, const Spark__Connect__StreamingQueryManagerCommand *m,
                                        weir_connect_plan *ret) {
    ret->action = WEIR_CONNECT_MANAGER_COMMAND;
    ret->manager_command = m;
    switch ((int)m->command_case) {
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_ACTIVE:
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_GET_QUERY:
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_AWAIT_ANY_TERMINATION:
    case SPARK__CONNECT__STREAMING_QUERY_MANAGER_COMMAND__COMMAND_RESET_TERMINATED:
        return WEIR_OK;
    default:
        return weir_coverage_refuse(&m->base, "command", (int)m->command_case, d->err);
    }
}

static weir_code decode_listener_bus(weir_decode *d,
                                     const Spark__Connect__StreamingQueryListenerBusCommand *m,
                                     weir_connect_plan *ret) {
    ret->action = WEIR_CONNECT_LISTENER_BUS;
    ret->listener_bus = m;
    if (m->command_case == SPARK__CONNECT__STREAMING_QUERY_LISTENER_BUS_COMMAND__COMMAND__NOT_SET)
        return weir_coverage_refuse(&m->base, "command", 0, d->err);
    return WEIR_OK;
}

/* ---- the rest ---- */

/* A client's exit sends ml_command {clean_cache}; field 7 of MlCommand is that message. */
static bool is_clean_cache(const ProtobufCBinaryData *bytes) {
    enum { CLEAN_CACHE_TAG = 7 << 3 | 2 };
    return bytes->len >= 2 && bytes->data[0] == CLEAN_CACHE_TAG && bytes->data[1] == bytes->len - 2;
}

weir_code weir_decode_command(weir_decode *d, const command *m, weir_connect_plan *ret) {
    switch ((int)m->command_type_case) {
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_WRITE_OPERATION:
        return decode_write(d, m->write_operation, ret);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_CREATE_DATAFRAME_VIEW:
        return decode_view(d, m->create_dataframe_view, ret);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_SQL_COMMAND:
        return decode_sql_command(d, m->sql_command, ret);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_WRITE_STREAM_OPERATION_START:
        return decode_stream(d, m->write_stream_operation_start, ret);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_STREAMING_QUERY_COMMAND:
        return decode_query_command(d, m->streaming_query_command, ret);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_STREAMING_QUERY_MANAGER_COMMAND:
        return decode_manager_command(d, m->streaming_query_manager_command, ret);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_STREAMING_QUERY_LISTENER_BUS_COMMAND:
        return decode_listener_bus(d, m->streaming_query_listener_bus_command, ret);
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_GET_RESOURCES_COMMAND:
        ret->action = WEIR_CONNECT_GET_RESOURCES;
        return WEIR_OK;
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_REMOVE_CACHED_REMOTE_RELATION_COMMAND:
        ret->action = WEIR_CONNECT_REMOVE_RELATION;
        if (m->remove_cached_remote_relation_command->relation)
            ret->relation_id =
                weir_decode_text(m->remove_cached_remote_relation_command->relation->relation_id);
        return WEIR_OK;
    case SPARK__CONNECT__COMMAND__COMMAND_TYPE_ML_COMMAND:
        ret->action = WEIR_CONNECT_CLEAN_CACHE;
        if (is_clean_cache(&m->ml_command))
            return WEIR_OK;
        break;
    default:
        break;
    }
    return weir_coverage_refuse(&m->base, "command_type", (int)m->command_type_case, d->err);
}
