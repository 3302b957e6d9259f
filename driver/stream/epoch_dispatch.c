/* P2 to P7 from the driver's side: one RUN_EPOCH message to each executor, one report back from each. The
 * unit of retry is the epoch attempt: when any executor fails, the others' work of this attempt is dropped.
 * Loop. */
#include "driver/stream/stream_query_int.h"

#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/rpc/error_wire.h"
#include "driver/schedule/placement.h"

void weir_query_drop_replies(weir_stream_query *query) {
    for (int32_t i = 0; i < query->executors_count && query->replies; i++) {
        weir_epoch_reply *reply = &query->replies[i];
        if (reply->report)
            weir__epoch_report__free_unpacked(reply->report, NULL);
        weir_error_free(reply->error);
        weir_buffer_unref(reply->carrier);
    }
    query->replies = NULL; /* they and the members live as long as the batch */
    query->executors_count = 0;
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
    weir_snapshot_parts_take(reply->query, reply->executor, reply->report);
    weir_error_from_wire(reply->report->error, err);
}

static void reported(void *data, const weir_frame *frame, const weir_error *error) {
    weir_epoch_reply *reply = data;
    weir_stream_query *query = reply->query;
    weir_error *err = NULL;
    reply->unreached = error != NULL;
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

/* Splits go round the executors by cores, partitions stay where they were as far as can be. */
static void place(weir_stream_query *query, Weir__RunEpoch *message) {
    weir_arena *arena = query->epoch_arena;
    weir_placement_member *members = WEIR_NEW_ARRAY(arena, weir_placement_member, query->executors_count);
    for (int32_t i = 0; i < query->executors_count; i++)
        members[i] = (weir_placement_member){query->members[i].id, query->members[i].cores};
    int32_t splits = query->splits.count, partitions = query->spec->state_partitions;
    message->splits = WEIR_NEW_ARRAY(arena, ProtobufCBinaryData, splits);
    message->split_owner = query->split_owners = WEIR_NEW_ARRAY(arena, uint32_t, splits);
    message->partition_owner = WEIR_NEW_ARRAY(arena, uint32_t, partitions);
    message->n_splits = message->n_split_owner = message->n_split_source = (size_t)splits;
    message->split_source = query->split_sources;
    message->n_partition_owner = (size_t)partitions;
    for (int32_t i = 0; i < splits; i++) {
        weir_str split = query->splits.items[i];
        message->splits[i] = (ProtobufCBinaryData){split.size, (uint8_t *)(uintptr_t)split.data};
    }
    weir_placement_splits(members, query->executors_count, splits, message->split_owner);
    weir_placement_partitions(members, query->executors_count, query->owners, partitions,
                              message->partition_owner);
    for (int32_t p = 0; p < partitions; p++)
        query->owners[p] = members[message->partition_owner[p]].id;
}

static void add_executors(weir_stream_query *query, Weir__RunEpoch *message) {
    int32_t count = query->executors_count;
    message->executor_urls = WEIR_NEW_ARRAY(query->epoch_arena, char *, count);
    message->executor_hosts = WEIR_NEW_ARRAY(query->epoch_arena, char *, count);
    message->n_executor_urls = message->n_executor_hosts = (size_t)count;
    for (int32_t i = 0; i < count; i++) {
        message->executor_urls[i] = (char *)(uintptr_t)query->members[i].url;
        message->executor_hosts[i] = (char *)(uintptr_t)query->members[i].host;
    }
}

static void new_attempt_name(weir_stream_query *query) {
    char uuid[37];
    weir_env_uuid(query->host.env, uuid);
    weir_free(query->attempt_name);
    query->attempt_name = weir_asprintf("%lld-%u-%s", (long long)query->batch_id, query->attempt, uuid);
}

void weir_query_run_epoch(weir_stream_query *query) {
    weir_error *err = NULL;
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
    add_executors(query, &message);
    place(query, &message);
    weir_snapshot_parts_ask(query);
    message.restore = wire_objects(query->epoch_arena, &query->chain, &message.n_restore);
    query->times.add_batch_us = weir_env_monotonic_us(query->host.env);
    query->replies_missing = query->executors_count;
    query->replies = WEIR_NEW_ARRAY(query->epoch_arena, weir_epoch_reply, query->executors_count);
#ifdef WEIR_FAILPOINTS
    if (weir_failpoint_hit("P2.before", &err) != WEIR_OK) {
        weir_query_release_members(query);
        weir_query_fail(query, err);
        weir_error_free(err);
        return;
    }
#endif
    for (int32_t i = 0; i < query->executors_count; i++) {
        query->replies[i] = (weir_epoch_reply){.query = query, .executor = i, .attempt = query->attempt};
        message.self = (uint32_t)i;
        message.snapshot = weir_snapshot_parts_wanted(query, i);
        weir_cluster_request(query->host.cluster, query->members[i].id, WEIR_FRAME_RUN_EPOCH,
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
        weir_cluster_request(query->host.cluster, query->members[i].id, WEIR_FRAME_CANCEL_EPOCH,
                             (uint64_t)weir_checkpoint_epoch(query->checkpoint), &message.base, 5000,
                             cancelled, NULL);
}
