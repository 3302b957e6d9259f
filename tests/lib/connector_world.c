/* The world around a connector under test (connector_world.h). */
#include "tests/lib/connector_world.h"

#include <stdlib.h>

#include "common/base/assert.h"
#include "common/column/builder.h"
#include "common/column/cell_text.h"

static int64_t world_now(void *self) {
    return ((weir_connector_world *)self)->now_us;
}

static void world_sleep(void *self, int64_t micros) {
    ((weir_connector_world *)self)->now_us += micros;
}

static const weir_clock_ops world_clock_ops = {"still", world_now, world_now, world_sleep};

static void world_random(void *self, void *data, size_t size) {
    weir_connector_world *world = self;
    for (size_t i = 0; i < size; i++) {
        world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)data)[i] = (uint8_t)(world->seed >> 56);
    }
}

void weir_connector_world_init(weir_connector_world *world, weir_fs *fs) {
    *world =
        (weir_connector_world){.arena = weir_arena_new(), .now_us = INT64_C(1500000000000000), .seed = 7};
    world->fs = fs ? fs : weir_memory_fs_new();
    world->env = (weir_env){.clock = &world_clock_ops,
                            .clock_self = world,
                            .random_bytes = world_random,
                            .random_self = world,
                            .local_fs = world->fs};
    world->fds = (weir_fd_output){1, 2};
    world->output = weir_fd_output_open(&world->fds);
    world->context = (weir_connector_context){
        .env = &world->env,
        .fs = world->fs,
        .conf = &world->conf,
        .zone = weir_timezone_utc(),
        .query_id = "11111111-2222-4333-8444-555555555555",
        .run_id = "run",
        .checkpoint = "/ck",
        .output = &world->output,
    };
}

void weir_connector_world_fini(weir_connector_world *world) {
    world->fs->ops->free(world->fs);
    weir_arena_free(world->arena);
}

weir_options weir_connector_world_options(weir_connector_world *world, const char *text) {
    weir_options options = {0};
    while (*text) {
        size_t size = strcspn(text, ","), key = strcspn(text, "=");
        WEIR_ASSERT(key < size);
        weir_options_set(world->arena, &options, weir_arena_str(world->arena, weir_str_make(text, key)),
                         weir_arena_str(world->arena, weir_str_make(text + key + 1, size - key - 1)));
        text += size + (text[size] == ',');
    }
    return options;
}

static void print_rows(weir_strbuf *buf, const weir_batch *batch) {
    for (int32_t row = 0; row < batch->rows; row++) {
        for (int32_t i = 0; i < batch->columns_count; i++) {
            if (i > 0)
                weir_strbuf_add_char(buf, '|');
            if (weir_column_is_null(batch->columns[i], row))
                weir_strbuf_add_text(buf, "NULL");
            else
                weir_cell_text(buf, batch->columns[i], row, WEIR_TEXT_CAST, weir_timezone_utc());
        }
        weir_strbuf_add_char(buf, '\n');
    }
}

weir_code weir_connector_world_scan(weir_connector_world *world, const weir_source_ops *ops,
                                    const char *format, const weir_options *options, const weir_type *schema,
                                    const weir_str_list *splits, weir_strbuf *ret_rows, int64_t *ret_records,
                                    weir_error **err) {
    weir_node_scan *plan = WEIR_NODE_NEW(world->arena, SCAN, scan);
    plan->format = weir_str_from(format);
    plan->options = *options;
    plan->schema = plan->projection = schema;
    for (int32_t i = 0; i < splits->count; i++) {
        weir_scan *scan;
        WEIR_TRY(ops->scan_open(&world->context, plan, splits->items[i], NULL, &scan, err));
        for (;;) {
            weir_batch *batch = NULL;
            int64_t records = 0;
            weir_code code = ops->scan_next(scan, &batch, &records, err);
            if (ret_records)
                *ret_records += records;
            if (code != WEIR_OK || !batch) {
                ops->scan_close(scan);
                WEIR_TRY(code);
                break;
            }
            print_rows(ret_rows, batch);
            weir_batch_unref(batch);
        }
    }
    return WEIR_OK;
}

weir_batch *weir_connector_world_batch(weir_connector_world *world, const weir_type *schema,
                                       const char *text) {
    (void)world;
    weir_builder builders[2];
    weir_column *columns[2];
    for (int i = 0; i < 2; i++)
        WEIR_ASSERT(weir_builder_init(&builders[i], NULL, schema->fields[i].type, 8, NULL) == WEIR_OK);
    int32_t rows = 0;
    while (*text) {
        size_t name = strcspn(text, ":");
        char *end;
        WEIR_ASSERT(weir_builder_bytes(&builders[0], text, name));
        WEIR_ASSERT(weir_builder_int64(&builders[1], strtoll(text + name + 1, &end, 10)));
        text = end + (*end == ' ');
        rows++;
    }
    for (int i = 0; i < 2; i++) {
        WEIR_ASSERT(weir_builder_finish(&builders[i], &columns[i], NULL) == WEIR_OK);
        weir_builder_fini(&builders[i]);
    }
    return weir_batch_new(schema, rows, columns, 2);
}
