/* What a connector's test needs around it: a memory file system, a clock that stands still until it is moved,
 * seeded randomness, configuration. */
#pragma once

#include "connectors/connector.h"

typedef struct weir_connector_world {
    weir_arena *arena;
    int64_t now_us;
    uint64_t seed;
    weir_env env;
    weir_fs *fs;
    weir_options conf;
    weir_fd_output fds; /* of the output: standard output unless a test sets another */
    weir_output output;
    weir_connector_context context;
} weir_connector_world;

void weir_connector_world_init(weir_connector_world *world, weir_fs *fs /* takes; NULL: memory */);
void weir_connector_world_fini(weir_connector_world *world);
/* "key=value,key=value" */
weir_options weir_connector_world_options(weir_connector_world *world, const char *text);
/* Scans every split with the given projection (NULL: the whole schema): rows, one line each, cells joined by
 * '|'; *ret_records (may be NULL) gets the records counted. */
weir_code weir_connector_world_scan(weir_connector_world *world, const weir_source_ops *ops,
                                    const char *format, const weir_options *options, const weir_type *schema,
                                    const weir_str_list *splits, weir_strbuf *ret_rows, int64_t *ret_records,
                                    weir_error **err);
/* A batch of (name STRING, value BIGINT) rows: "a:1 b:2". */
weir_batch *weir_connector_world_batch(weir_connector_world *world, const weir_type *schema,
                                       const char *text);
