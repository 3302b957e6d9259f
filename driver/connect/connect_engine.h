/* The engine behind the Connect server: what connect_backend.h asks, done with the analyzer, the planner and
 * the driver. A session has temporary views, streaming queries and one stream of events for its client's
 * listeners. */
#pragma once

#include "driver/connect/connect_backend.h"
#include "driver/driver.h"

typedef struct weir_connect_engine weir_connect_engine;

typedef struct weir_connect_engine_options {
    const weir_env *env;
    const weir_log *log;
    weir_driver *driver;
    const char *default_zone;        /* where a session sets none; NULL = the system's */
    const char *directory;           /* absolute: relative paths of clients start here */
    const char *temporary_directory; /* for temporary checkpoints; NULL = /tmp */
    const weir_output *output;       /* of console sinks: the server's own */
} weir_connect_engine_options;

/* `options` is copied, what it points to lives longer. */
weir_connect_engine *weir_connect_engine_new(const weir_connect_engine_options *options);
weir_connect_backend weir_connect_engine_backend(weir_connect_engine *engine);
/* After the server is closed and the driver's loop has ended. */
void weir_connect_engine_free(weir_connect_engine *engine); /* accepts NULL */
