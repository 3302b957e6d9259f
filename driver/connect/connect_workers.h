/* Threads for what may block: started when there is work and none is idle, up to a limit; idle ones end after
 * a while. Over the limit jobs wait in order. */
#pragma once

#include "common/base/thread.h"

typedef struct weir_connect_workers weir_connect_workers;

weir_code weir_connect_workers_new(int threads_max, weir_connect_workers **ret, weir_error **err);
/* Never blocks. */
void weir_connect_workers_submit(weir_connect_workers *workers, weir_job *job);
int weir_connect_workers_count(weir_connect_workers *workers); /* threads now */
void weir_connect_workers_free(weir_connect_workers *workers); /* runs what is queued; accepts NULL */
