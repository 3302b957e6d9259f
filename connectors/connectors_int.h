/* The connectors that connectors.c knows. Private to connectors/. */
#pragma once

#include "connectors/connector.h"

extern const weir_source_ops weir_file_source_ops, weir_rate_source_ops, weir_rate_micro_batch_source_ops,
    weir_local_source_ops, weir_range_source_ops;
extern const weir_sink_ops weir_file_sink_ops, weir_console_sink_ops, weir_memory_sink_ops,
    weir_noop_sink_ops;
