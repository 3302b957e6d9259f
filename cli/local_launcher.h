/* The launcher of a local master: executors as threads of this process, reached over inproc://. The one
 * place where driver and executor code meet. */
#pragma once

#include "driver/engine.h"

/* What its executors share; borrowed for as long as they run. */
typedef struct weir_local_launcher {
    const weir_env *env;
    const weir_log *log;
    int64_t memory_bytes; /* hard cap of each executor's data memory */
} weir_local_launcher;

/* The ops over `local`, which must stay where it is. */
weir_launcher weir_local_launcher_ops(weir_local_launcher *local);
