/* The messages with which a driver starts a query and runs an epoch on the members of an attempt, as far as
 * streams and batches fill them alike. Arrays live in the arena; texts are borrowed. Any thread. */
#pragma once

#include "common/conf/conf.h"
#include "common/plan/plan.h"
#include "common/types/timezone.h"
#include "driver/cluster/cluster.h"
#include "proto/engine.pb-c.h"

/* What both kinds of query have. */
typedef struct weir_epoch_query {
    const char *run_id, *query_id, *checkpoint;
    const weir_node_query_plan *plan;
    const weir_conf *conf;
    const weir_timezone *zone;
    const uint8_t *data_key; /* 32 bytes; NULL = the control plane is not encrypted */
} weir_epoch_query;

/* START_QUERY; `plan` takes the encoded plan and lives as long as the message. */
void weir_epoch_start_message(weir_arena *arena, const weir_epoch_query *query, weir_strbuf *plan,
                              Weir__StartQuery *ret);
/* RUN_EPOCH: the members, and where splits and partitions go. previous[p] is the executor id that had
 * partition p (0 = none). split_source is the caller's. */
void weir_epoch_place(weir_arena *arena, const weir_cluster_member *members, int32_t count,
                      const weir_str_list *splits, const uint32_t *previous, int32_t partitions,
                      Weir__RunEpoch *ret);
