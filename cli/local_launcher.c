/* The launcher of a local master (local_launcher.h): each executor is threads of this process with a socket
 * of its own under inproc://. Called on a pool thread of the driver. */
#include "cli/local_launcher.h"

#include "common/base/alloc.h"
#include "executor/task/executor.h"

typedef struct local_launcher {
    const weir_env *env;
    const weir_log *log;
} local_launcher;

static weir_code launch(void *self, const char *driver_url, int32_t index, int32_t cores,
                        int64_t memory_bytes, void **ret_executor, weir_error **err) {
    const local_launcher *launcher = self;
    _cleanup_free_ char *listen_url = weir_asprintf("%s-executor-%d", driver_url, index);
    weir_executor_options options = {
        .env = launcher->env,
        .log = launcher->log,
        .driver_url = driver_url,
        .listen_url = listen_url,
        .index = index,
        .cores = cores,
        .memory_bytes = memory_bytes,
        .in_process = true,
    };
    weir_executor *executor = NULL;
    WEIR_TRY(weir_executor_start(&options, &executor, err));
    *ret_executor = executor;
    return WEIR_OK;
}

static void end(void *self, void *executor) {
    (void)self;
    weir_executor_stop(executor);
}

void weir_local_launcher_init(weir_launcher *launcher, const weir_env *env, const weir_log *log) {
    local_launcher *self = weir_alloc(sizeof *self);
    *self = (local_launcher){env, log};
    *launcher = (weir_launcher){.start = launch, .stop = end, .self = self};
}

void weir_local_launcher_fini(weir_launcher *launcher) {
    weir_free(launcher->self);
    launcher->self = NULL;
}
