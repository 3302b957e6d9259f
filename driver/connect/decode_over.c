/* Expression.Window: a window function with its partition, order and frame, as the parser leaves OVER. */
#include "driver/connect/decode_int.h"

typedef Spark__Connect__Expression__Window window;
typedef Spark__Connect__Expression__Window__WindowFrame__FrameBoundary boundary;

static weir_code decode_bound(weir_decode *d, const boundary *m, bool upper, int64_t *ret_bound,
                              weir_node **ret_value) {
    switch ((int)m->boundary_case) {
    case SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_BOUNDARY__BOUNDARY_CURRENT_ROW:
        *ret_bound = WEIR_BOUND_CURRENT_ROW;
        return WEIR_OK;
    case SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_BOUNDARY__BOUNDARY_UNBOUNDED:
        *ret_bound = upper ? WEIR_BOUND_UNBOUNDED_FOLLOWING : WEIR_BOUND_UNBOUNDED_PRECEDING;
        return WEIR_OK;
    case SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_BOUNDARY__BOUNDARY_VALUE:
        *ret_bound = WEIR_BOUND_VALUE;
        return weir_decode_expression(d, m->value, ret_value);
    default:
        return weir_decode_missing(d->err, "spark.connect.Expression.Window.WindowFrame.FrameBoundary",
                                   "boundary");
    }
}

static weir_code decode_frame(weir_decode *d, const Spark__Connect__Expression__Window__WindowFrame *m,
                              weir_node_window_spec *spec) {
    bool rows = m->frame_type == SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_TYPE__FRAME_TYPE_ROW;
    bool range =
        m->frame_type == SPARK__CONNECT__EXPRESSION__WINDOW__WINDOW_FRAME__FRAME_TYPE__FRAME_TYPE_RANGE;
    if (!m->has_frame_type || (!rows && !range))
        return weir_decode_bad_enum(d->err, "spark.connect.Expression.Window.WindowFrame.FrameType",
                                    m->has_frame_type ? (int)m->frame_type : 0);
    spec->frame = rows ? WEIR_FRAME_ROWS : WEIR_FRAME_RANGE;
    if (!m->lower)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__LOWER_BOUND_REQUIRED_IN_WINDOW_FRAME,
                                NULL);
    if (!m->upper)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__UPPER_BOUND_REQUIRED_IN_WINDOW_FRAME,
                                NULL);
    WEIR_TRY(decode_bound(d, m->lower, false, &spec->lower, &spec->lower_value));
    return decode_bound(d, m->upper, true, &spec->upper, &spec->upper_value);
}

weir_code weir_decode_window(weir_decode *d, const window *m, weir_node **ret) {
    weir_node_unresolved_window *node = WEIR_NODE_NEW(d->arena, UNRESOLVED_WINDOW, unresolved_window);
    weir_node_window_spec *spec = WEIR_NODE_NEW(d->arena, WINDOW_SPEC, window_spec);
    if (!m->window_function)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__WINDOW_FUNCTION_REQUIRED, NULL);
    WEIR_TRY(weir_decode_expressions(d, m->partition_spec, m->n_partition_spec, &spec->partition));
    spec->orders = weir_node_list_new(d->arena, (int32_t)m->n_order_spec);
    for (size_t i = 0; i < m->n_order_spec; i++)
        WEIR_TRY(weir_decode_sort_order(d, m->order_spec[i], &spec->orders.items[i]));
    if (m->frame_spec)
        WEIR_TRY(decode_frame(d, m->frame_spec, spec));
    node->spec = &spec->node;
    *ret = &node->node;
    return weir_decode_expression(d, m->window_function, &node->call);
}
