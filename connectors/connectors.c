/* The two tables of connectors, and the check of options that they share. Read-only; any thread. */
#include "connectors/connectors_int.h"

static const weir_source_ops *const sources[] = {&weir_rate_source_ops, &weir_rate_micro_batch_source_ops,
                                                 &weir_local_source_ops, &weir_range_source_ops};
static const weir_sink_ops *const sinks[] = {&weir_console_sink_ops, &weir_memory_sink_ops,
                                             &weir_noop_sink_ops};

const weir_source_ops *weir_source_find(weir_str format) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(sources); i++)
        if (weir_str_equal_nocase(format, weir_str_from(sources[i]->name)))
            return sources[i];
    return weir_format_find(format) ? &weir_file_source_ops : NULL;
}

const weir_sink_ops *weir_sink_find(weir_str format) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(sinks); i++)
        if (weir_str_equal_nocase(format, weir_str_from(sinks[i]->name)))
            return sinks[i];
    return weir_format_find(format) ? &weir_file_sink_ops : NULL;
}

weir_code weir_options_check(const weir_options *options, const weir_option_info *table, int32_t count,
                             const char *where, weir_error **err) {
    for (int32_t i = 0; i < count; i++)
        if (!table[i].supported && weir_options_get(options, table[i].name).data)
            WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", table[i].name, "where", where);
    return WEIR_OK;
}
