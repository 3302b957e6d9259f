/* Starts and stops executors of this process (local_launcher.h). Called on the engine's pool threads. */
#include "cli/local_launcher.h"

#include "executor/task/executor.h"

static weir_code start(void *self, const char *driver_url, int32_t index, int32_t cores, void **ret_executor,
                       weir_error **err) {
    const weir_local_launcher *local = self;
    weir_executor *executor = NULL;
    _cleanup_strbuf_ weir_strbuf url = {0};
    /* The driver's address is unique in the process, so this one is too. */
    weir_strbuf_addf(&url, "%s-executor-%d", driver_url, index);
    const weir_executor_options options = {
        .env = local->env,
        .log = local->log,
        .driver_url = driver_url,
        .listen_url = url.data,
        .index = index,
        .cores = cores,
        .memory_bytes = local->memory_bytes,
    };
    WEIR_TRY(weir_executor_start(&options, &executor, err));
    *ret_executor = executor;
    return WEIR_OK;
}

static void stop(void *self, void *executor) {
    (void)self;
    weir_executor_stop(executor);
}

weir_launcher weir_local_launcher_ops(weir_local_launcher *local) {
    return (weir_launcher){.start = start, .stop = stop, .self = local};
}
