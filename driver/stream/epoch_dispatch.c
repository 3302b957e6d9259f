/* P2 to P7 from the driver's side: one RUN_EPOCH message to each executor, one report back from each. The
 * unit of retry is the epoch attempt: when any executor fails, the others' work of this attempt is dropped.
 * Loop. */
#include "driver/stream/stream_query_int.h"

#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/rpc/error_wire.h"

void weir_query_drop_replies(weir_stream_query *query) {
    for (int32_t i = 0; i < query->executors_count; i++) {
        weir_epoch_reply *reply = &query->replies[i];
        if (reply->report)
            weir__epoch_report__free_unpacked(reply->report, NULL);
        weir_error_free(reply->error);
        weir_buffer_unref(reply->carrier);
        *reply = (weir_epoch_reply){0};
    }
}

/* ---- START_QUERY ---- */

static void started(void *data, const weir_frame *frame, const weir_error *error) {
    weir_stream_query *query = data;
    weir_error *err = NULL;
    ProtobufCMessage *message = NULL;
    if (error) {
        err = weir_error_clone(error);
    } else if (weir_frame_unpack(frame, WEIR_FRAME_ACK, &weir__ack__descriptor, &message, &err) == WEIR_OK) {
        weir_error_from_wire(((Weir__Ack *)message)->error, &err);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    if (err && !query->error)
        query->error = err;
    else
        weir_error_free(err);
    if (--query->replies_missing == 0)
        weir_query_executors_started(query);
}

void weir_query_start_executors(weir_stream_query *query) {
    weir_strbuf plan = {0};
    weir_node_encode(&plan, &query->spec->plan->node);
    Weir__StartQuery message = WEIR__START_QUERY__INIT;
    message.run_id = query->run_id;
    message.query_id = (char *)(uintptr_t)query->context.query_id;
    message.plan = (ProtobufCBinaryData){plan.size, (uint8_t *)plan.data};
    message.checkpoint = (char *)(uintptr_t)query->context.checkpoint;
    message.time_zone = weir_arena_strndup(query->arena, weir_timezone_id(query->spec->zone).data,
                                           weir_timezone_id(query->spec->zone).size);
    message.ansi = weir_conf_bool(query->spec->conf, WEIR_CONF_ANSI);
    const weir_options *conf = weir_conf_entries(query->spec->conf);
    message.conf_keys = WEIR_NEW_ARRAY(query->arena, char *, conf->count);
    message.conf_values = WEIR_NEW_ARRAY(query->arena, char *, conf->count);
    message.n_conf_keys = message.n_conf_values = (size_t)conf->count;
    for (int32_t i = 0; i < conf->count; i++) {
        message.conf_keys[i] =
            weir_arena_strndup(query->arena, conf->items[i].key.data, conf->items[i].key.size);
        message.conf_values[i] =
            weir_arena_strndup(query->arena, conf->items[i].value.data, conf->items[i].value.size);
    }
    query->replies_missing = query->executors_count;
    for (int32_t i = 0; i < query->executors_count; i++)
        weir_cluster_request(query->host.cluster, i, WEIR_FRAME_START_QUERY,
                             (uint64_t)weir_checkpoint_epoch(query->checkpoint), &message.base, 10000,
                             started, query);
    weir_strbuf_fini(&plan);
}

/* ---- RUN_EPOCH ---- */

static void take_report(weir_epoch_reply *reply, const weir_frame *frame, weir_error **err) {
    ProtobufCMessage *message = NULL;
    if (weir_frame_unpack(frame, WEIR_FRAME_EPOCH_REPORT, &weir__epoch_report__descriptor, &message, err) !=
        WEIR_OK)
        return;
    reply->report = (Weir__EpochReport *)message;
    reply->carrier = weir_buffer_ref(frame->carrier);
    reply->payload_offset = frame->payload_offset;
    weir_state_chain_take_snapshot(reply->query, reply->executor, reply->report);
    weir_error_from_wire(reply->report->error, err);
}

static void reported(void *data, const weir_frame *frame, const weir_error *error) {
    weir_epoch_reply *reply = data;
    weir_stream_query *query = reply->query;
    weir_error *err = NULL;
    if (error)
        err = weir_error_clone(error);
    else
        take_report(reply, frame, &err);
    reply->error = err;
    /* One failed part fails the attempt: the others need not finish. */
    if (err && query->replies_missing > 1)
        weir_query_cancel_epoch(query);
    if (--query->replies_missing > 0)
        return;
    query->times.add_batch_us = weir_env_monotonic_us(query->host.env) - query->times.add_batch_us;
    weir_query_epoch_done(query);
}

static Weir__StateObject **wire_objects(weir_arena *arena, const weir_state_chain *chain, size_t *ret_count) {
    int32_t count = chain->snapshot.count + chain->changelogs.count;
    Weir__StateObject **list = WEIR_NEW_ARRAY(arena, Weir__StateObject *, count);
    for (int32_t i = 0; i < count; i++) {
        const weir_state_object *object = i < chain->snapshot.count
                                              ? &chain->snapshot.items[i]
                                              : &chain->changelogs.items[i - chain->snapshot.count];
        list[i] = WEIR_NEW(arena, Weir__StateObject);
        weir__state_object__init(list[i]);
        list[i]->name = (char *)(uintptr_t)object->name;
        list[i]->size = object->size;
        list[i]->crc = object->crc;
    }
    *ret_count = (size_t)count;
    return list;
}

/* Splits go round the executors by cores, partitions in contiguous runs: both depend on counts alone. */
static void place(weir_stream_query *query, Weir__RunEpoch *message) {
    weir_arena *arena = query->epoch_arena;
    int32_t splits = query->splits.count, partitions = query->spec->state_partitions;
    message->splits = WEIR_NEW_ARRAY(arena, ProtobufCBinaryData, splits);
    message->split_owner = WEIR_NEW_ARRAY(arena, uint32_t, splits);
    message->partition_owner = WEIR_NEW_ARRAY(arena, uint32_t, partitions);
    message->n_splits = message->n_split_owner = message->n_split_source = (size_t)splits;
    message->split_source = query->split_sources;
    message->n_partition_owner = (size_t)partitions;
    for (int32_t i = 0; i < splits; i++) {
        weir_str split = query->splits.items[i];
        message->splits[i] = (ProtobufCBinaryData){split.size, (uint8_t *)(uintptr_t)split.data};
        message->split_owner[i] = (uint32_t)(i % query->executors_count);
    }
    for (int32_t p = 0; p < partitions; p++)
        message->partition_owner[p] = (uint32_t)((int64_t)p * query->executors_count / partitions);
}

/* Whether the committed version is to be written as a snapshot beside this attempt: one at a time, and again
 * in the retries of an epoch, since the attempt may have failed before it came to that. */
static bool snapshot_wanted(weir_stream_query *query) {
    int64_t interval = weir_conf_int(query->spec->conf, WEIR_CONF_SNAPSHOT_INTERVAL);
    if (!query->spec->stateful || query->committed < 0)
        return false;
    if (query->snapshot_due_batch >= 0)
        return query->snapshot_due_batch == query->committed;
    if (query->committed - query->chain.snapshot_batch < interval)
        return false;
    query->snapshot_due_batch = query->committed;
    query->snapshot_parts.count = 0;
    memset(query->snapshot_taken, 0, sizeof *query->snapshot_taken * (size_t)query->executors_count);
    return true;
}

static void new_attempt_name(weir_stream_query *query) {
    char uuid[37];
    weir_env_uuid(query->host.env, uuid);
    weir_free(query->attempt_name);
    query->attempt_name = weir_asprintf("%lld-%u-%s", (long long)query->batch_id, query->attempt, uuid);
}

void weir_query_run_epoch(weir_stream_query *query) {
    weir_error *err = NULL;
    weir_query_drop_replies(query);
    query->attempt++;
    new_attempt_name(query);
    Weir__RunEpoch message = WEIR__RUN_EPOCH__INIT;
    message.run_id = query->run_id;
    message.batch_id = query->batch_id;
    message.attempt = query->attempt;
    message.attempt_name = query->attempt_name;
    message.base_batch = query->committed;
    message.base_attempt = query->committed_attempt;
    message.watermark_ms = query->watermark_ms;
    message.now_us = query->timestamp_ms * 1000;
    bool snapshot = snapshot_wanted(query);
    message.executor_urls = WEIR_NEW_ARRAY(query->epoch_arena, char *, query->executors_count);
    message.n_executor_urls = (size_t)query->executors_count;
    for (int32_t i = 0; i < query->executors_count; i++)
        message.executor_urls[i] = (char *)(uintptr_t)weir_cluster_url(query->host.cluster, i);
    place(query, &message);
    message.restore = wire_objects(query->epoch_arena, &query->chain, &message.n_restore);
    query->times.add_batch_us = weir_env_monotonic_us(query->host.env);
    query->replies_missing = query->executors_count;
#ifdef WEIR_FAILPOINTS
    if (weir_failpoint_hit("P2.before", &err) != WEIR_OK) {
        weir_query_fail(query, err);
        weir_error_free(err);
        return;
    }
#endif
    for (int32_t i = 0; i < query->executors_count; i++) {
        query->replies[i] = (weir_epoch_reply){.query = query, .executor = i, .attempt = query->attempt};
        message.self = (uint32_t)i;
        message.snapshot = snapshot && !query->snapshot_taken[i];
        weir_cluster_request(query->host.cluster, i, WEIR_FRAME_RUN_EPOCH,
                             (uint64_t)weir_checkpoint_epoch(query->checkpoint), &message.base, -1, reported,
                             &query->replies[i]);
    }
    weir_error_free(err);
}

static void cancelled(void *data, const weir_frame *frame, const weir_error *error) {
    (void)data;
    (void)frame;
    (void)error; /* the epoch's own reply decides */
}

void weir_query_cancel_epoch(weir_stream_query *query) {
    Weir__CancelEpoch message = WEIR__CANCEL_EPOCH__INIT;
    message.run_id = query->run_id;
    message.batch_id = query->batch_id;
    message.attempt = query->attempt;
    for (int32_t i = 0; i < query->executors_count; i++)
        weir_cluster_request(query->host.cluster, i, WEIR_FRAME_CANCEL_EPOCH,
                             (uint64_t)weir_checkpoint_epoch(query->checkpoint), &message.base, 5000,
                             cancelled, NULL);
}
