/* Casts of structs, arrays and maps: children are cast as columns of their own, under a selection of
 * the elements that live rows own, so that errors belong to live rows. */
#include "common/expr/cast_int.h"

/* A shell of `from` with the target type; children are filled by the caller. */
static weir_column *shell_of(const weir_column *from, const weir_type *type) {
    weir_column *shell = weir_column_new(type, from->length, from->children_count);
    shell->encoding = from->encoding;
    shell->null_count = from->null_count;
    shell->validity = from->validity;
    shell->validity_buffer = weir_buffer_ref(from->validity_buffer);
    shell->offsets = from->offsets;
    shell->offsets_buffer = weir_buffer_ref(from->offsets_buffer);
    return shell;
}

/* Elements of the selected lists. */
static weir_sel element_rows(const weir_kernel_call *call, const weir_column *from) {
    int32_t count = 0, capacity = 0;
    WEIR_EACH(call, i) {
        int32_t slot = weir_column_slot(from, i);
        capacity += from->offsets[slot + 1] - from->offsets[slot];
    }
    int32_t *rows = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)capacity + 1));
    int32_t last = -1;
    WEIR_EACH(call, i) {
        int32_t slot = weir_column_slot(from, i);
        for (int32_t e = WEIR_MAX(from->offsets[slot], last + 1); e < from->offsets[slot + 1]; e++)
            rows[count++] = last = e;
    }
    return (weir_sel){rows, count};
}

/* Children must be FLAT (or CONSTANT below a CONSTANT struct). */
static weir_code cast_child(const weir_kernel_call *call, weir_cast_mode mode, weir_column *child,
                            const weir_type *type, const weir_sel *sel, weir_column **ret, weir_error **err) {
    weir_column *cast;
    WEIR_TRY(weir_cast_column(call->eval, child, type, mode, sel, &cast, err));
    if (cast->encoding == child->encoding) {
        *ret = cast;
        return WEIR_OK;
    }
    weir_code code = weir_column_flatten(call->eval->budget, cast, ret, err);
    weir_column_unref(cast);
    return code;
}

weir_code weir_cast_nested(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                           weir_error **err) {
    const weir_column *from = call->args[0];
    const weir_type *to = call->type;
    weir_column *shell = shell_of(from, to);
    weir_sel sel = call->sel;
    if (to->kind != WEIR_TYPE_STRUCT)
        sel = element_rows(call, from);
    for (int32_t i = 0; i < from->children_count; i++) {
        const weir_type *type = to->kind == WEIR_TYPE_STRUCT ? to->fields[i].type
                                : i == 0                     ? to->element
                                                             : to->value;
        weir_code code = cast_child(call, mode, from->children[i], type, &sel, &shell->children[i], err);
        if (code != WEIR_OK) {
            weir_column_unref(shell);
            return code;
        }
    }
    *ret = shell;
    return WEIR_OK;
}
