/* Opening a query and planning a batch (P0 poll the sources, P1 write offsets/N): blocking steps.
 *
 * Restart rule (Spark's): the newest offsets/N without commits/N is run again with the logged offsets, never
 * with newly polled ones; else the next id is planned from the sources. Sources are told to clean up batch N
 * only after offsets/N+1 is durable. */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/base/json_value.h"
#include "driver/stream/stream_query_int.h"

/* ---- opening ---- */

static weir_code open_source(weir_stream_query *query, int32_t i, weir_error **err) {
    const weir_query_source *spec = &query->spec->sources[i];
    query->source_ops[i] = weir_source_find(spec->format);
    if (!query->source_ops[i])
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider",
                   weir_arena_strndup(query->arena, spec->format.data, spec->format.size));
    return query->source_ops[i]->open(query->arena, &query->context, spec->format, &spec->options,
                                      spec->schema, i, &query->sources[i], err);
}

static weir_code open_sink(weir_stream_query *query, weir_error **err) {
    const weir_query_spec *spec = query->spec;
    query->sink_ops = weir_sink_find(spec->sink_format);
    if (!query->sink_ops)
        WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider",
                   weir_arena_strndup(query->arena, spec->sink_format.data, spec->sink_format.size));
    return query->sink_ops->open(query->arena, &query->context, spec->sink_format, &spec->sink_options,
                                 spec->schema, spec->output_mode, &query->sink, err);
}

static weir_str keep(weir_str text) {
    return (weir_str){weir_strndup(text.data, text.size), text.size};
}

static void replace(weir_str *slot, weir_str text) {
    char *old = (char *)(uintptr_t)slot->data;
    *slot = keep(text);
    weir_free(old);
}

static weir_code check_signature(weir_stream_query *query, const weir_offset_entry *entry, weir_error **err) {
    if (entry->offsets.count != query->spec->sources_count)
        WEIR_FAIL(err, CHECKPOINT_MISMATCH,
                  "The checkpoint %s belongs to a query with %d sources, this one has %d. Use another "
                  "checkpointLocation.",
                  query->context.checkpoint, entry->offsets.count, query->spec->sources_count);
    if (!entry->weir.size)
        return WEIR_OK; /* written by Spark: it has no signature */
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json *json;
    WEIR_TRY(weir_json_parse(arena, entry->weir, "offsets entry", &json, err));
    weir_str signature = weir_json_get_str(json, "signature", (weir_str){0});
    if (weir_str_equal(signature, weir_str_from(query->spec->signature)))
        return WEIR_OK;
    WEIR_FAIL(err, CHECKPOINT_MISMATCH,
              "The checkpoint %s belongs to another query. It was written for: %.*s. This query is: %s. Use "
              "another checkpointLocation, or the query that it was made by.",
              query->context.checkpoint, WEIR_STR_ARG(signature), query->spec->signature);
}

/* Sets the position from the logs. `from` of the next batch are the end offsets of the last committed one. */
static weir_code recover_position(weir_stream_query *query, weir_error **err) {
    int64_t offsets, commits;
    WEIR_TRY(weir_checkpoint_latest(query->checkpoint, &offsets, &commits, err));
    if (commits > offsets)
        WEIR_FAIL(err, CHECKPOINT_MISMATCH,
                  "The checkpoint %s has commits/%lld but no offsets of that batch.",
                  query->context.checkpoint, (long long)commits);
    if (offsets - commits > 1)
        WEIR_FAIL(err, CHECKPOINT_MISMATCH, "The checkpoint %s has offsets/%lld but its last commit is %lld.",
                  query->context.checkpoint, (long long)offsets, (long long)commits);
    query->committed = commits;
    query->batch_id = offsets;
    query->batch_logged = offsets > commits;
    if (!query->batch_logged)
        query->batch_id = commits + 1;
    weir_offset_entry entry;
    if (commits >= 0) {
        weir_code code = weir_offset_log_get(query->checkpoint, commits, query->epoch_arena, &entry, err);
        if (code != WEIR_OK)
            return code;
        WEIR_TRY(check_signature(query, &entry, err));
        for (int32_t i = 0; i < query->spec->sources_count; i++)
            replace(&query->offsets_from[i], entry.offsets.items[i]);
        query->watermark_ms = entry.watermark_ms;
    }
    if (query->batch_logged) {
        WEIR_TRY(weir_offset_log_get(query->checkpoint, query->batch_id, query->epoch_arena, &entry, err));
        WEIR_TRY(check_signature(query, &entry, err));
    }
    return WEIR_OK;
}

static weir_code recover_sources(weir_stream_query *query, weir_error **err) {
    weir_offset_entry entry = {0};
    int64_t last = query->batch_logged ? query->batch_id : query->committed;
    if (last >= 0)
        WEIR_TRY(weir_offset_log_get(query->checkpoint, last, query->epoch_arena, &entry, err));
    for (int32_t i = 0; i < query->spec->sources_count; i++)
        WEIR_TRY(query->source_ops[i]->recover(query->sources[i],
                                               last >= 0 ? entry.offsets.items[i] : (weir_str){0}, err));
    return WEIR_OK;
}

weir_code weir_query_open(weir_stream_query *query, weir_error **err) {
    const weir_query_spec *spec = query->spec;
    const weir_env *env = query->host.env;
    WEIR_TRY(weir_checkpoint_open(env, env->local_fs, spec->checkpoint, &query->checkpoint, err));
    query->context = (weir_connector_context){
        .env = env,
        .fs = env->local_fs,
        .conf = weir_conf_entries(spec->conf),
        .zone = spec->zone,
        .query_id = weir_checkpoint_query_id(query->checkpoint),
        .run_id = query->run_id,
        .checkpoint = weir_checkpoint_directory(query->checkpoint),
        .output = query->host.output,
        .reads_all = spec->trigger == WEIR_TRIGGER_ONCE,
    };
    int32_t count = spec->sources_count;
    query->source_ops = WEIR_NEW_ARRAY(query->arena, const weir_source_ops *, count);
    query->sources = WEIR_NEW_ARRAY(query->arena, weir_source *, count);
    query->offsets_from = WEIR_NEW_ARRAY(query->arena, weir_str, count);
    query->offsets_to = WEIR_NEW_ARRAY(query->arena, weir_str, count);
    WEIR_TRY(recover_position(query, err));
    for (int32_t i = 0; i < count; i++)
        WEIR_TRY(open_source(query, i, err));
    WEIR_TRY(open_sink(query, err));
    WEIR_TRY(recover_sources(query, err));
    return weir_state_chain_load(query, err);
}

void weir_query_close(weir_stream_query *query) {
    if (query->sink)
        query->sink_ops->close(query->sink);
    for (int32_t i = 0; query->sources && i < query->spec->sources_count; i++) {
        if (query->sources[i])
            query->source_ops[i]->close(query->sources[i]);
        weir_free((char *)(uintptr_t)query->offsets_from[i].data);
        weir_free((char *)(uintptr_t)query->offsets_to[i].data);
    }
    weir_checkpoint_close(query->checkpoint);
    if (query->spec->checkpoint_is_temporary) {
        weir_fs *fs = query->host.env->local_fs;
        _cleanup_error_ weir_error *err = NULL;
        if (fs->ops->remove_tree(fs, query->spec->checkpoint, &err) != WEIR_OK)
            weir_log_write(query->host.log, WEIR_LOG_WARN, "stream", "temporary checkpoint %s stays: %s",
                           query->spec->checkpoint, weir_error_text(err));
    }
}

/* ---- P0 ---- */

static weir_code poll_sources(weir_stream_query *query, bool *ret_any, weir_error **err) {
    bool available_now = query->spec->trigger == WEIR_TRIGGER_AVAILABLE_NOW;
    *ret_any = false;
    for (int32_t i = 0; i < query->spec->sources_count; i++) {
        weir_str to;
        WEIR_TRY(query->source_ops[i]->latest_offset(query->sources[i], query->epoch_arena,
                                                     query->offsets_from[i], available_now, &to, err));
        replace(&query->offsets_to[i], to);
        *ret_any |= !weir_str_equal(to, query->offsets_from[i]);
    }
    return WEIR_OK;
}

/* ---- P1 ---- */

/* The SQL configuration that Spark's OffsetSeqMetadata records and Weir acts on. */
static void relevant_conf(weir_stream_query *query, weir_options *ret) {
    static const weir_conf_key keys[] = {WEIR_CONF_SHUFFLE_PARTITIONS};
    static const char *const names[] = {"spark.sql.shuffle.partitions"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(keys); i++) {
        char *text = weir_arena_printf(query->epoch_arena, "%lld",
                                       (long long)weir_conf_int(query->spec->conf, keys[i]));
        weir_options_set(query->epoch_arena, ret, weir_str_from(names[i]), weir_str_from(text));
    }
}

static weir_code write_offsets(weir_stream_query *query, weir_error **err) {
    weir_offset_entry entry = {.batch_id = query->batch_id, .watermark_ms = query->watermark_ms};
    query->timestamp_ms = weir_env_realtime_us(query->host.env) / 1000;
    entry.timestamp_ms = query->timestamp_ms;
    relevant_conf(query, &entry.conf);
    weir_strbuf json = {0};
    weir_strbuf_addf(&json,
                     "{\"epoch\":%lld,\"signature\":", (long long)weir_checkpoint_epoch(query->checkpoint));
    weir_json_write_string(&json, weir_str_from(query->spec->signature));
    weir_strbuf_add_char(&json, '}');
    entry.weir = weir_strbuf_view(&json);
    entry.offsets = (weir_str_list){query->offsets_to, query->spec->sources_count};
    weir_code code = weir_offset_log_add(query->checkpoint, &entry, err);
    weir_strbuf_fini(&json);
    return code;
}

static weir_code read_offsets(weir_stream_query *query, weir_error **err) {
    weir_offset_entry entry;
    WEIR_TRY(weir_offset_log_get(query->checkpoint, query->batch_id, query->epoch_arena, &entry, err));
    for (int32_t i = 0; i < query->spec->sources_count; i++)
        replace(&query->offsets_to[i], entry.offsets.items[i]);
    query->watermark_ms = entry.watermark_ms;
    query->timestamp_ms = entry.timestamp_ms;
    return WEIR_OK;
}

/* Now that offsets/N is durable, nobody asks for what lies before it any more. */
static weir_code commit_sources(weir_stream_query *query, weir_error **err) {
    if (!query->commit_pending)
        return WEIR_OK;
    WEIR_FAILPOINT("P10.before", err);
    for (int32_t i = 0; i < query->spec->sources_count; i++)
        WEIR_TRY(query->source_ops[i]->commit(query->sources[i], query->offsets_from[i], err));
    query->commit_pending = false;
    return WEIR_OK;
}

static weir_code plan_splits(weir_stream_query *query, weir_error **err) {
    int32_t sources = query->spec->sources_count;
    weir_str_list all = {0};
    weir_str_list *per_source = WEIR_NEW_ARRAY(query->epoch_arena, weir_str_list, sources);
    for (int32_t i = 0; i < sources; i++) {
        WEIR_TRY(query->source_ops[i]->plan(query->sources[i], query->epoch_arena, query->offsets_from[i],
                                            query->offsets_to[i], &per_source[i], err));
        all.count += per_source[i].count;
    }
    all.items = WEIR_NEW_ARRAY(query->epoch_arena, weir_str, all.count);
    query->split_sources = WEIR_NEW_ARRAY(query->epoch_arena, uint32_t, all.count);
    int32_t at = 0;
    for (int32_t i = 0; i < sources; i++)
        for (int32_t s = 0; s < per_source[i].count; s++) {
            query->split_sources[at] = (uint32_t)i;
            all.items[at++] = per_source[i].items[s];
        }
    query->splits = all;
    return WEIR_OK;
}

weir_code weir_query_plan_batch(weir_stream_query *query, weir_error **err) {
    const weir_env *env = query->host.env;
    weir_batch_times *times = &query->times;
    int64_t previous =
        query->has_batch || !times->trigger_start_us ? times->trigger_start_us : times->previous_trigger_us;
    *times = (weir_batch_times){.previous_trigger_us = previous};
    times->trigger_start_us = weir_env_monotonic_us(env);
    times->trigger_realtime_us = weir_env_realtime_us(env);
    weir_arena_reset(query->epoch_arena);
    query->has_batch = query->batch_logged;
    WEIR_FAILPOINT("P0.before", err);
    if (query->batch_logged) {
        WEIR_TRY(read_offsets(query, err));
    } else {
        WEIR_TRY(poll_sources(query, &query->has_batch, err));
        times->latest_offset_us = weir_env_monotonic_us(env) - times->trigger_start_us;
        if (!query->has_batch)
            return WEIR_OK;
        int64_t from = weir_env_monotonic_us(env);
        WEIR_FAILPOINT("P1.before", err);
        WEIR_TRY(write_offsets(query, err));
        WEIR_FAILPOINT("P1.after", err);
        times->wal_commit_us = weir_env_monotonic_us(env) - from;
    }
    WEIR_TRY(commit_sources(query, err));
    int64_t from = weir_env_monotonic_us(env);
    WEIR_TRY(plan_splits(query, err));
    times->get_batch_us = weir_env_monotonic_us(env) - from;
    return WEIR_OK;
}
