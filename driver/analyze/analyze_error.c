/* Error texts of the analyzer (analyzer_int.h): places in the text and quoted names, as Spark prints them. */
#include "common/plan/sql_context.h"
#include "driver/analyze/analyzer_int.h"

weir_code weir_analysis_place(weir_analysis *a, const weir_node *node, weir_code code) {
    weir_query_context context;
    if (code == WEIR_OK || a->placed || !a->err || !*a->err || !node)
        return code;
    if (!weir_sql_context_locate(a->arena, a->options->sql, node->start, node->stop, &context))
        return code;
    a->placed = true;
    weir_error_set_context(*a->err, &context);
    weir_error_set_tail(*a->err, context.call_site ? ""
                                                   : weir_arena_printf(a->arena, "; line %d pos %d",
                                                                       context.line, context.column));
    return code;
}

const char *weir_analysis_plain_sql(weir_analysis *a, const weir_node *expr) {
    weir_strbuf buf _cleanup_strbuf_ = {0};
    weir_expr_text text = {.zone = a->options->zone};
    weir_expr_text_add(&buf, expr, &text);
    return weir_arena_strdup(a->arena, buf.data ? buf.data : "");
}

const char *weir_analysis_sql(weir_analysis *a, const weir_node *expr) {
    return weir_arena_printf(a->arena, "\"%s\"", weir_analysis_plain_sql(a, expr));
}

const char *weir_analysis_type(weir_analysis *a, const weir_type *type) {
    weir_strbuf buf _cleanup_strbuf_ = {0};
    weir_strbuf_add_char(&buf, '"');
    weir_type_sql(&buf, type);
    weir_strbuf_add_char(&buf, '"');
    return weir_arena_strdup(a->arena, buf.data);
}

const char *weir_analysis_quoted(weir_analysis *a, const weir_str_list *parts) {
    weir_strbuf buf _cleanup_strbuf_ = {0};
    for (int32_t i = 0; i < parts->count; i++) {
        weir_strbuf_add_text(&buf, i ? ".`" : "`");
        for (size_t c = 0; c < parts->items[i].size; c++) {
            weir_strbuf_add_char(&buf, parts->items[i].data[c]);
            if (parts->items[i].data[c] == '`')
                weir_strbuf_add_char(&buf, '`');
        }
        weir_strbuf_add_char(&buf, '`');
    }
    return weir_arena_strdup(a->arena, buf.data ? buf.data : "");
}

weir_code weir_analysis_refuse(weir_analysis *a, const weir_node *node, const char *what) {
    return weir_analysis_place(a, node, weir_error_failf(a->err, WEIR_UNSUPPORTED_FEATURE, "%s.", what));
}
