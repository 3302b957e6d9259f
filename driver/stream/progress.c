/* Progress of a batch: Spark's StreamingQueryProgress as one JSON line, or a line for people. Loop thread,
 * after the commit. Format: org.apache.spark.sql.streaming.StreamingQueryProgress (Spark 4.3). */
#include <math.h>
#include <stdio.h>

#include "common/base/json_value.h"
#include "common/types/datetime.h"
#include "common/types/number_text.h"
#include "driver/stream/stream_query_int.h"

static void add_double(weir_strbuf *buf, const char *name, double value) {
    char text[WEIR_NUMBER_TEXT_MAX];
    if (!isfinite(value)) /* Spark leaves rates without a duration out */
        return;
    weir_strbuf_addf(buf, ",\"%s\":", name);
    weir_strbuf_add(buf, (weir_str){text, (size_t)weir_double_format(value, text)});
}

static int64_t source_rows(const weir_stream_query *query, int32_t source) {
    int64_t rows = 0;
    for (int32_t e = 0; query->replies && e < query->executors_count; e++) {
        const Weir__EpochReport *report = query->replies[e].report;
        for (size_t i = 0; report && i < report->n_sources; i++)
            if (source < 0 || report->sources[i]->source_index == (uint32_t)source)
                rows += (int64_t)report->sources[i]->rows;
    }
    return rows;
}

static void add_rates(const weir_stream_query *query, weir_strbuf *buf, int64_t rows) {
    const weir_batch_times *times = &query->times;
    double between =
        times->previous_trigger_us ? (double)(times->trigger_start_us - times->previous_trigger_us) : 0;
    double took = (double)(weir_env_monotonic_us(query->host.env) - times->trigger_start_us);
    weir_strbuf_addf(buf, ",\"numInputRows\":%lld", (long long)rows);
    add_double(buf, "inputRowsPerSecond", between > 0 ? (double)rows * 1e6 / between : 0);
    add_double(buf, "processedRowsPerSecond", took > 0 ? (double)rows * 1e6 / took : 0);
}

static void add_offset(weir_strbuf *buf, const char *name, weir_str offset) {
    weir_strbuf_addf(buf, ",\"%s\":", name);
    weir_strbuf_add(buf, offset.size ? offset : WEIR_STR("null"));
}

static void add_sources(const weir_stream_query *query, bool has_batch, weir_strbuf *buf) {
    weir_strbuf_add_text(buf, ",\"sources\":[");
    for (int32_t i = 0; i < query->spec->sources_count; i++) {
        weir_strbuf description = {0};
        query->source_ops[i]->describe(query->sources[i], &description);
        weir_strbuf_add_text(buf, i ? ",{\"description\":" : "{\"description\":");
        weir_json_write_string(buf, weir_strbuf_view(&description));
        weir_strbuf_fini(&description);
        add_offset(buf, "startOffset", query->offsets_from[i]);
        add_offset(buf, "endOffset", has_batch ? query->offsets_to[i] : query->offsets_from[i]);
        weir_strbuf_add_text(buf, ",\"latestOffset\":null");
        add_rates(query, buf, source_rows(query, i));
        weir_strbuf_add_char(buf, '}');
    }
    weir_strbuf_add_char(buf, ']');
}

/* One stateful operator kind so far. */
static void sum_operators(weir_stream_query *query) {
    weir_state_totals *sum = &query->state_totals;
    *sum = (weir_state_totals){0};
    for (int32_t e = 0; query->replies && e < query->executors_count; e++) {
        const Weir__EpochReport *report = query->replies[e].report;
        for (size_t i = 0; report && i < report->n_operators; i++) {
            const Weir__OperatorMetrics *m = report->operators[i];
            sum->any = true;
            sum->rows_total += m->rows_total;
            sum->rows_updated += m->rows_updated;
            sum->rows_removed += m->rows_removed;
            sum->memory_bytes += m->memory_bytes;
            sum->rows_dropped_by_watermark += m->rows_dropped_by_watermark;
            sum->partitions += m->partitions;
        }
    }
}

/* Without a batch: Spark keeps all but the rows that were updated and dropped. */
static void add_operators(const weir_state_totals *sum, bool has_batch, weir_strbuf *buf) {
    weir_strbuf_add_text(buf, ",\"stateOperators\":[");
    if (sum->any)
        weir_strbuf_addf(
            buf,
            "{\"operatorName\":\"stateStoreSave\",\"numRowsTotal\":%llu,\"numRowsUpdated\":%llu,"
            "\"allUpdatesTimeMs\":0,\"numRowsRemoved\":%llu,\"allRemovalsTimeMs\":0,\"commitTimeMs\":0,"
            "\"memoryUsedBytes\":%llu,\"numRowsDroppedByWatermark\":%llu,\"numShufflePartitions\":%u,"
            "\"numStateStoreInstances\":%u,\"customMetrics\":{}}",
            (unsigned long long)sum->rows_total, (unsigned long long)(has_batch ? sum->rows_updated : 0),
            (unsigned long long)sum->rows_removed, (unsigned long long)sum->memory_bytes,
            (unsigned long long)(has_batch ? sum->rows_dropped_by_watermark : 0), sum->partitions,
            sum->partitions);
    weir_strbuf_add_char(buf, ']');
}

static void add_durations(const weir_stream_query *query, bool has_batch, weir_strbuf *buf,
                          int64_t total_us) {
    const weir_batch_times *t = &query->times;
    weir_strbuf_add_text(buf, ",\"durationMs\":{");
    if (has_batch)
        weir_strbuf_addf(buf, "\"addBatch\":%lld,\"commitOffsets\":%lld,\"getBatch\":%lld,",
                         (long long)t->add_batch_us / 1000, (long long)t->commit_offsets_us / 1000,
                         (long long)t->get_batch_us / 1000);
    weir_strbuf_addf(buf, "\"latestOffset\":%lld,", (long long)t->latest_offset_us / 1000);
    if (has_batch)
        weir_strbuf_add_text(buf, "\"queryPlanning\":0,");
    weir_strbuf_addf(buf, "\"triggerExecution\":%lld", (long long)total_us / 1000);
    if (has_batch)
        weir_strbuf_addf(buf, ",\"walCommit\":%lld", (long long)t->wal_commit_us / 1000);
    weir_strbuf_add_char(buf, '}');
}

static void add_sink(const weir_stream_query *query, bool has_batch, weir_strbuf *buf) {
    _cleanup_strbuf_ weir_strbuf sink = {0};
    query->sink_ops->describe(query->sink, &sink);
    weir_strbuf_add_text(buf, ",\"sink\":{\"description\":");
    weir_json_write_string(buf, weir_strbuf_view(&sink));
    weir_strbuf_addf(buf, ",\"numOutputRows\":%lld}",
                     has_batch ? (long long)query->rows_out : (long long)WEIR_MIN(query->rows_out, 0));
}

/* Of the batch that was just committed, or of a trigger that found nothing to run. */
static void progress_json(const weir_stream_query *query, bool has_batch, weir_strbuf *buf) {
    int64_t total_us = weir_env_monotonic_us(query->host.env) - query->times.trigger_start_us;
    weir_strbuf_addf(buf, "{\"id\":\"%s\",\"runId\":\"%s\",\"name\":", query->context.query_id,
                     query->run_id);
    if (query->spec->name.size)
        weir_json_write_string(buf, query->spec->name);
    else
        weir_strbuf_add_text(buf, "null");
    weir_strbuf_add_text(buf, ",\"timestamp\":\"");
    weir_instant_text(buf, query->times.trigger_realtime_us);
    weir_strbuf_addf(buf, "\",\"batchId\":%lld,\"batchDuration\":%lld", (long long)query->batch_id,
                     (long long)total_us / 1000);
    add_rates(query, buf, source_rows(query, -1));
    add_durations(query, has_batch, buf, total_us);
    add_operators(&query->state_totals, has_batch, buf);
    add_sources(query, has_batch, buf);
    add_sink(query, has_batch, buf);
    weir_strbuf_add_char(buf, '}');
}

static void write_line(const weir_stream_query *query, weir_strbuf *line) {
    weir_strbuf_add_char(line, '\n');
    const weir_output *output = query->host.output;
    output->write(output->self, WEIR_OUTPUT_PROGRESS, weir_strbuf_view(line), NULL);
}

static void tell_listener(weir_stream_query *query) {
    const weir_stream_events *events = query->host.events;
    _cleanup_strbuf_ weir_strbuf json = {0};
    if (!events || !events->progress)
        return;
    progress_json(query, true, &json);
    events->progress(events->data, weir_strbuf_view(&json));
}

void weir_query_report_progress(weir_stream_query *query) {
    weir_strbuf line = {0};
    sum_operators(query);
    query->told_progress_us = weir_env_monotonic_us(query->host.env);
    tell_listener(query);
    if (query->host.progress == WEIR_PROGRESS_JSON) {
        progress_json(query, true, &line);
        write_line(query, &line);
    } else if (query->host.progress == WEIR_PROGRESS_LINE) {
        int64_t took = weir_env_monotonic_us(query->host.env) - query->times.trigger_start_us;
        int64_t rows = source_rows(query, -1);
        weir_strbuf_addf(&line, "%.*s: batch %lld, %lld rows in, %lld rows out, %.1f ms, %.0f rows/s",
                         WEIR_STR_ARG(query->spec->name), (long long)query->batch_id, (long long)rows,
                         (long long)query->rows_out, (double)took / 1000,
                         took ? (double)rows * 1e6 / (double)took : 0);
        write_line(query, &line);
    }
    weir_strbuf_fini(&line);
    /* The next batch begins where this one ended. */
    for (int32_t i = 0; i < query->spec->sources_count; i++) {
        weir_str from = query->offsets_from[i];
        query->offsets_from[i] = query->offsets_to[i];
        query->offsets_to[i] = from;
    }
    query->batch_id++;
}

/* org.apache.spark.sql.execution.streaming.ProgressContext.updateIdleness. */
void weir_query_report_no_data(weir_stream_query *query) {
    const weir_stream_events *events = query->host.events;
    int64_t now = weir_env_monotonic_us(query->host.env), told = query->told_progress_us;
    int64_t interval = weir_conf_int(query->spec->conf, WEIR_CONF_NO_DATA_PROGRESS_INTERVAL) * 1000;
    if (!events || !events->no_data || (told && now - told < interval))
        return;
    query->told_progress_us = now;
    _cleanup_strbuf_ weir_strbuf json = {0}, timestamp = {0};
    progress_json(query, false, &json);
    weir_instant_text(&timestamp, query->times.trigger_realtime_us);
    events->no_data(events->data, weir_strbuf_view(&json), timestamp.data, !told);
}
