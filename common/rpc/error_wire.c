/* weir_error to and from the ErrorInfo message (error_wire.h). */
#include "common/rpc/error_wire.h"

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
}

weir_code weir_error_from_wire(const Weir__ErrorInfo *info, weir_error **err) {
    if (!info)
        return WEIR_OK;
    weir_code code = weir_code_from_condition(weir_str_from(info->condition));
    weir_error_restore(err, code, info->message);
    for (size_t i = 0; err && i < info->n_param_names && i < info->n_param_values; i++)
        weir_error_add_param(*err, info->param_names[i], info->param_values[i]);
    return code;
}
