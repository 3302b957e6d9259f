/* What a failed epoch attempt means: which of its errors stands for it, whether another attempt may pass, and
 * what it tells of the executors.
 *
 * Of several errors the one that trying again does not mend is told; then any that says why; parts that were
 * cancelled for another's sake come last. An executor that does not know the run (it began anew behind our
 * back) is told of it again. One that could not fetch from a peer accuses it, unless the peer itself is gone.
 *
 * A record may kill whoever reads it. The splits that a lost executor read in every failed attempt are kept
 * count of, so that the error of the last attempt names them. Loop. */
#include "common/base/alloc.h"
#include "driver/stream/stream_query_int.h"

#define SPLITS_NAMED_MAX 3
#define SPLIT_TEXT_MAX 300

/* An attempt that ended this way may pass the next time. FENCED here is an executor that does not know the
 * run, CANCELLED one that ends: neither says anything against the data. */
static bool may_pass(weir_code code) {
    return weir_code_retriable(code) || code == WEIR_FENCED || code == WEIR_CANCELLED;
}

static int32_t weight_of(const weir_error *error) {
    weir_code code = weir_error_code(error);
    return code == WEIR_OK ? 0 : code == WEIR_CANCELLED ? 1 : may_pass(code) ? 2 : 3;
}

static void note_executors(weir_stream_query *query) {
    for (int32_t i = 0; i < query->executors_count; i++) {
        const weir_epoch_reply *reply = &query->replies[i];
        if (reply->unreached)
            continue;
        if (weir_error_code(reply->error) == WEIR_FENCED)
            weir_query_forget_executor(query, query->members[i].id);
        const Weir__EpochReport *report = reply->report;
        if (!report || !report->has_failed_peer || report->failed_peer >= (uint32_t)query->executors_count ||
            query->replies[report->failed_peer].unreached)
            continue;
        weir_cluster_accuse(query->host.cluster, query->members[i].id,
                            query->members[report->failed_peer].id);
    }
}

static void note_lost_splits(weir_stream_query *query) {
    if (!query->lost_splits) {
        query->lost_splits = weir_arena_alloc(query->epoch_arena, (size_t)WEIR_MAX(query->splits.count, 1));
        memset(query->lost_splits, 1, (size_t)WEIR_MAX(query->splits.count, 1));
    }
    for (int32_t s = 0; s < query->splits.count; s++)
        query->lost_splits[s] &= query->replies[query->split_owners[s]].unreached;
}

weir_error *weir_query_judge_attempt(weir_stream_query *query) {
    const weir_error *found = NULL;
    for (int32_t i = 0; i < query->executors_count; i++)
        if (weight_of(query->replies[i].error) > weight_of(found))
            found = query->replies[i].error;
    if (!found)
        return NULL;
    note_executors(query);
    note_lost_splits(query);
    return weir_error_clone(found);
}

bool weir_query_may_retry(const weir_stream_query *query) {
    int64_t attempts = weir_conf_int(query->spec->conf, WEIR_CONF_EPOCH_ATTEMPTS);
    return may_pass(weir_error_code(query->error)) && query->attempt < attempts && !query->stop_now;
}

static void name_splits(const weir_stream_query *query, weir_strbuf *text) {
    int32_t lost = 0;
    for (int32_t s = 0; query->lost_splits && s < query->splits.count; s++) {
        if (!query->lost_splits[s] || lost++ >= SPLITS_NAMED_MAX)
            continue;
        weir_str split = query->splits.items[s];
        weir_strbuf_addf(text, "%s split %d of source %u: ", lost == 1 ? "" : ";", s,
                         query->split_sources[s]);
        weir_strbuf_add(text, (weir_str){split.data, WEIR_MIN(split.size, (size_t)SPLIT_TEXT_MAX)});
    }
    if (lost > SPLITS_NAMED_MAX)
        weir_strbuf_addf(text, "; and %d more", lost - SPLITS_NAMED_MAX);
}

void weir_query_explain_failure(weir_stream_query *query) {
    if (!query->error || !may_pass(weir_error_code(query->error)) || query->attempt < 2)
        return;
    _cleanup_strbuf_ weir_strbuf splits = {0};
    name_splits(query, &splits);
    weir_strbuf_add_char(&splits, 0);
    if (splits.size > 1)
        weir_error_contextf(
            &query->error,
            "batch %lld failed in each of %u attempts, and in each of them an executor was lost that "
            "read%s. The last attempt",
            (long long)query->batch_id, query->attempt, splits.data);
    else
        weir_error_contextf(&query->error, "batch %lld failed in each of %u attempts. The last one",
                            (long long)query->batch_id, query->attempt);
}
