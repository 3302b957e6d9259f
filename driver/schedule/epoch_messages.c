/* Messages of an attempt (epoch_messages.h). */
#include "driver/schedule/epoch_messages.h"

#include "driver/schedule/placement.h"

#define DATA_KEY_SIZE 32

void weir_epoch_start_message(weir_arena *arena, const weir_epoch_query *query, weir_strbuf *plan,
                              Weir__StartQuery *ret) {
    weir_node_encode(plan, &query->plan->node);
    ret->run_id = (char *)(uintptr_t)query->run_id;
    ret->query_id = (char *)(uintptr_t)query->query_id;
    ret->checkpoint = (char *)(uintptr_t)query->checkpoint;
    ret->plan = (ProtobufCBinaryData){plan->size, (uint8_t *)plan->data};
    weir_str zone = weir_timezone_id(query->zone);
    ret->time_zone = weir_arena_strndup(arena, zone.data, zone.size);
    ret->ansi = weir_conf_bool(query->conf, WEIR_CONF_ANSI);
    const weir_options *conf = weir_conf_entries(query->conf);
    ret->conf_keys = WEIR_NEW_ARRAY(arena, char *, conf->count + 1);
    ret->conf_values = WEIR_NEW_ARRAY(arena, char *, conf->count + 1);
    ret->n_conf_keys = ret->n_conf_values = (size_t)conf->count;
    for (int32_t i = 0; i < conf->count; i++) {
        ret->conf_keys[i] = weir_arena_strndup(arena, conf->items[i].key.data, conf->items[i].key.size);
        ret->conf_values[i] = weir_arena_strndup(arena, conf->items[i].value.data, conf->items[i].value.size);
    }
    ret->has_data_key = query->data_key != NULL;
    if (query->data_key)
        ret->data_key = (ProtobufCBinaryData){DATA_KEY_SIZE, (uint8_t *)(uintptr_t)query->data_key};
}

static void add_members(weir_arena *arena, const weir_cluster_member *members, int32_t count,
                        Weir__RunEpoch *ret) {
    ret->executor_urls = WEIR_NEW_ARRAY(arena, char *, count + 1);
    ret->executor_hosts = WEIR_NEW_ARRAY(arena, char *, count + 1);
    ret->n_executor_urls = ret->n_executor_hosts = (size_t)count;
    for (int32_t i = 0; i < count; i++) {
        ret->executor_urls[i] = (char *)(uintptr_t)members[i].url;
        ret->executor_hosts[i] = (char *)(uintptr_t)members[i].host;
    }
}

void weir_epoch_place(weir_arena *arena, const weir_cluster_member *members, int32_t count,
                      const weir_str_list *splits, const uint32_t *previous, int32_t partitions,
                      Weir__RunEpoch *ret) {
    weir_placement_member *weights = WEIR_NEW_ARRAY(arena, weir_placement_member, count + 1);
    for (int32_t i = 0; i < count; i++)
        weights[i] = (weir_placement_member){members[i].id, members[i].cores};
    ret->splits = WEIR_NEW_ARRAY(arena, ProtobufCBinaryData, splits->count + 1);
    ret->split_owner = WEIR_NEW_ARRAY(arena, uint32_t, splits->count + 1);
    ret->partition_owner = WEIR_NEW_ARRAY(arena, uint32_t, partitions + 1);
    ret->n_splits = ret->n_split_owner = ret->n_split_source = (size_t)splits->count;
    ret->n_partition_owner = (size_t)partitions;
    for (int32_t i = 0; i < splits->count; i++) {
        weir_str split = splits->items[i];
        ret->splits[i] = (ProtobufCBinaryData){split.size, (uint8_t *)(uintptr_t)split.data};
    }
    weir_placement_splits(weights, count, splits->count, ret->split_owner);
    weir_placement_partitions(weights, count, previous, partitions, ret->partition_owner);
    add_members(arena, members, count, ret);
}
