/* weir_window_start(time, window_us, slide_us, start_us): the start of the last window that holds a
 * point in time, Spark's TimeWindowing: t - floorMod(t - start, slide).
 *
 * Event times mostly ascend within a batch, so a row that falls into the window of the row before it
 * costs two comparisons and no division. Literal arguments are read at bind time. */
#include "common/expr/expr_int.h"

typedef struct window_bound {
    int64_t slide, start;
} window_bound;

static weir_code bind_window(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types,
                             weir_column *const *literals, int32_t args_count, const weir_timezone *zone,
                             bool ansi, const void **ret_bound, weir_error **err) {
    (void)type, (void)arg_types, (void)zone, (void)ansi;
    WEIR_ASSERT(args_count == 4);
    window_bound *bound = WEIR_NEW(arena, window_bound);
    for (int32_t i = 1; i < 4; i++)
        if (literals[i] == NULL || literals[i]->type->kind != WEIR_TYPE_LONG)
            WEIR_FAIL(err, INTERNAL_ERROR, "weir_window_start takes BIGINT literals");
    bound->slide = WEIR_VALUES(literals[2], int64_t)[0];
    bound->start = WEIR_VALUES(literals[3], int64_t)[0];
    if (bound->slide <= 0)
        WEIR_FAIL(err, INTERNAL_ERROR, "weir_window_start needs a slide above zero");
    *ret_bound = bound;
    return WEIR_OK;
}

static weir_code window_start_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const window_bound *bound = call->bound;
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int64_t *restrict time = WEIR_VALUES(call->args[0], int64_t);
    int64_t *restrict out = weir_column_values(column);
    const int64_t slide = bound->slide, start = bound->start;
    int64_t from = 0;
    bool known = false;
    WEIR_LOOP1(call, {
        int64_t t = time[x];
        if (WEIR_UNLIKELY(!known || t < from || (uint64_t)t - (uint64_t)from >= (uint64_t)slide)) {
            int64_t offset = (int64_t)((uint64_t)t - (uint64_t)start); /* wraps as Java does */
            from = (int64_t)((uint64_t)t - (uint64_t)weir_floor_mod(offset, slide));
            known = true;
        }
        out[i] = from;
    });
    *ret = column;
    return WEIR_OK;
}

/* weir_shift_time(time, micros literal): the same instant plus micros, wrapping as Java does. */
static weir_code bind_shift(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types,
                            weir_column *const *literals, int32_t args_count, const weir_timezone *zone,
                            bool ansi, const void **ret_bound, weir_error **err) {
    (void)type, (void)arg_types, (void)args_count, (void)zone, (void)ansi;
    if (literals[1] == NULL || literals[1]->type->kind != WEIR_TYPE_LONG)
        WEIR_FAIL(err, INTERNAL_ERROR, "weir_shift_time takes a BIGINT literal");
    int64_t *micros = WEIR_NEW(arena, int64_t);
    *micros = WEIR_VALUES(literals[1], int64_t)[0];
    *ret_bound = micros;
    return WEIR_OK;
}

static weir_code shift_time_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const uint64_t micros = (uint64_t) * (const int64_t *)call->bound;
    const int64_t *restrict time = WEIR_VALUES(call->args[0], int64_t);
    int64_t *restrict out = weir_column_values(column);
    WEIR_LOOP1(call, out[i] = (int64_t)((uint64_t)time[x] + micros););
    *ret = column;
    return WEIR_OK;
}

static weir_code resolve_window(WEIR_RESOLVE_PARAMS) {
    (void)resolve, (void)function, (void)args_count, (void)ret_rewrite, (void)err;
    *ret_type = args[0]->type;
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

const weir_function weir_window_functions[] = {
    {.name = "weir_window_start",
     .args_min = 4,
     .args_max = 4,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN | WEIR_FN_DENSE | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_window,
     .bind = bind_window,
     .eval = window_start_kernel},
    {.name = "weir_shift_time",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN | WEIR_FN_DENSE | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_window,
     .bind = bind_shift,
     .eval = shift_time_kernel},
};
WEIR_FAMILY_COUNT(window)
