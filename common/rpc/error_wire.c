/* weir_error to and from the ErrorInfo message (error_wire.h). */
#include "common/rpc/error_wire.h"

static Weir__QueryContext *context_to_wire(weir_arena *arena, const weir_query_context *context) {
    Weir__QueryContext *wire = WEIR_NEW(arena, Weir__QueryContext);
    weir__query_context__init(wire);
    wire->fragment = (char *)(uintptr_t)(context->fragment ? context->fragment : "");
    wire->call_site = (char *)(uintptr_t)context->call_site;
    wire->summary = (char *)(uintptr_t)context->summary;
    wire->has_start = wire->has_stop = wire->has_line = wire->has_column = 1;
    wire->start = context->start;
    wire->stop = context->stop;
    wire->line = context->line;
    wire->column = context->column;
    return wire;
}

void weir_error_to_wire(weir_arena *arena, const weir_error *error, Weir__ErrorInfo *info) {
    weir__error_info__init(info);
    info->condition = weir_arena_strdup(arena, weir_code_condition(weir_error_code(error)));
    info->message = (char *)(uintptr_t)weir_error_message(error);
    int count = weir_error_param_count(error);
    info->param_names = WEIR_NEW_ARRAY(arena, char *, count);
    info->param_values = WEIR_NEW_ARRAY(arena, char *, count);
    info->n_param_names = info->n_param_values = (size_t)count;
    for (int i = 0; i < count; i++) {
        info->param_names[i] = (char *)(uintptr_t)weir_error_param_name(error, i);
        info->param_values[i] = (char *)(uintptr_t)weir_error_param_value(error, i);
    }
    const weir_query_context *context = weir_error_get_context(error);
    if (context)
        info->context = context_to_wire(arena, context);
}

static void context_from_wire(const Weir__QueryContext *wire, weir_error *error) {
    weir_query_context context = {.start = wire->start,
                                  .stop = wire->stop,
                                  .line = wire->line,
                                  .column = wire->column,
                                  .fragment = wire->fragment,
                                  .call_site = wire->call_site,
                                  .summary = wire->summary};
    weir_error_set_context(error, &context);
}

weir_code weir_error_from_wire(const Weir__ErrorInfo *info, weir_error **err) {
    if (!info)
        return WEIR_OK;
    weir_code code = weir_code_from_condition(weir_str_from(info->condition));
    weir_error_restore(err, code, info->message);
    for (size_t i = 0; err && i < info->n_param_names && i < info->n_param_values; i++)
        weir_error_add_param(*err, info->param_names[i], info->param_values[i]);
    if (err && info->context)
        context_from_wire(info->context, *err);
    return code;
}
