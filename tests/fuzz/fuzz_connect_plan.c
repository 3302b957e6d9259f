/* Bytes as requests of a Spark Connect client: pre-scan, unpack, decoding, analysis and the answers about
 * plans must hold for any bytes. The first byte chooses AnalyzePlan or ExecutePlan. Files are looked for in
 * an empty file system in memory. */
#include <stdint.h>

#include "common/base/env.h"
#include "common/fs/fs.h"
#include "driver/connect/connect_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static weir_code find_view(void *self, weir_arena *arena, const weir_str_list *name, weir_node **ret,
                           weir_error **err) {
    (void)self, (void)name, (void)err;
    weir_node_range *range = WEIR_NODE_NEW(arena, RANGE, range);
    range->end = 10;
    range->step = 1;
    *ret = &range->node;
    return WEIR_OK;
}

static void run(weir_arena *arena, const weir_connect_scope *scope, bool analyze, weir_str bytes,
                weir_error **err) {
    ProtobufCMessage *message;
    Spark__Connect__AnalyzePlanResponse response;
    weir_connect_plan plan;
    const ProtobufCMessageDescriptor *descriptor = analyze
                                                       ? &spark__connect__analyze_plan_request__descriptor
                                                       : &spark__connect__execute_plan_request__descriptor;
    weir_strbuf answer _cleanup_strbuf_ = {0};
    if (weir_connect_unpack(arena, bytes, descriptor, &message, err) != WEIR_OK)
        return;
    if (analyze) {
        if (weir_connect_analyze(arena, scope, (void *)message, &response, err) == WEIR_OK)
            weir_connect_pack(&answer, &response.base);
        return;
    }
    const Spark__Connect__ExecutePlanRequest *request = (void *)message;
    if (weir_connect_decode(arena, scope, request->plan, &plan, err) == WEIR_OK)
        weir_connect_resolve(arena, scope, &plan, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 16384)
        return 0;
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    int64_t next_id = 1;
    weir_env env = {.clock = &weir_system_clock_ops,
                    .random_bytes = weir_system_random,
                    .local_fs = weir_memory_fs_new()};
    weir_catalog catalog = {.find = find_view};
    weir_sql_texts texts = {0};
    weir_connect_scope scope = {.env = &env,
                                .texts = &texts,
                                .conf = weir_conf_new(arena),
                                .zone = weir_timezone_utc(),
                                .ansi = true,
                                .next_id = &next_id,
                                .catalog = &catalog};
    run(arena, &scope, data[0] & 1, weir_str_make((const char *)data + 1, size - 1), &err);
    if (err)
        (void)weir_error_text(err);
    weir_error_free(err);
    weir_arena_free(arena);
    env.local_fs->ops->free(env.local_fs);
    return 0;
}
