/* The launcher of a local master: executors as threads of this process, reached over inproc://. The one
 * place where driver and executor code meet. */
#pragma once

#include "common/base/env.h"
#include "common/base/log.h"
#include "driver/driver.h"

/* `env` and `log` are borrowed for as long as executors run. */
void weir_local_launcher_init(weir_launcher *launcher, const weir_env *env, const weir_log *log);
void weir_local_launcher_fini(weir_launcher *launcher);
