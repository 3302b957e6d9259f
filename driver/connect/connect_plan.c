/* The entry of decoding (connect_plan.h): what stands at the root decides what is to be done; the plan below
 * it is the same for all. */
#include "driver/analyze/analyzer.h"
#include "driver/connect/decode_int.h"

static weir_code decode_show(weir_decode *d, const Spark__Connect__ShowString *m, weir_connect_plan *ret) {
    ret->action = WEIR_CONNECT_SHOW_STRING;
    ret->show.rows = m->num_rows;
    ret->show.truncate = m->truncate;
    ret->show.vertical = m->vertical;
    return weir_decode_input(d, m->input, "ShowString", &ret->root);
}

static weir_code decode_html(weir_decode *d, const Spark__Connect__HtmlString *m, weir_connect_plan *ret) {
    ret->action = WEIR_CONNECT_HTML_STRING;
    ret->show.rows = m->num_rows;
    ret->show.truncate = m->truncate;
    return weir_decode_input(d, m->input, "HtmlString", &ret->root);
}

static weir_code decode_root(weir_decode *d, const Spark__Connect__Relation *m, weir_connect_plan *ret) {
    switch ((int)m->rel_type_case) {
    case SPARK__CONNECT__RELATION__REL_TYPE_SHOW_STRING:
        return decode_show(d, m->show_string, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_HTML_STRING:
        return decode_html(d, m->html_string, ret);
    case SPARK__CONNECT__RELATION__REL_TYPE_CATALOG:
        ret->action = WEIR_CONNECT_CATALOG;
        ret->catalog = m->catalog;
        return weir_coverage_check(&m->catalog->base, "cat_type", (int)m->catalog->cat_type_case, d->err);
    default:
        ret->action = WEIR_CONNECT_ROWS;
        return weir_decode_relation(d, m, &ret->root);
    }
}

weir_code weir_connect_decode_relation(weir_arena *arena, const weir_connect_scope *scope,
                                       const Spark__Connect__Relation *relation, weir_connect_plan *ret,
                                       weir_error **err) {
    weir_decode d = {.arena = arena, .scope = scope, .err = err};
    *ret = (weir_connect_plan){0};
    if (!relation)
        return weir_decode_missing(err, "spark.connect.Plan", "op_type");
    return decode_root(&d, relation, ret);
}

weir_code weir_connect_decode(weir_arena *arena, const weir_connect_scope *scope,
                              const Spark__Connect__Plan *plan, weir_connect_plan *ret, weir_error **err) {
    Spark__Connect__Plan opened;
    *ret = (weir_connect_plan){0};
    if (plan && plan->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_COMPRESSED_OPERATION) {
        WEIR_TRY(weir_decode_compressed(arena, plan->compressed_operation, &opened, err));
        plan = &opened;
    }
    if (plan && plan->op_type_case == SPARK__CONNECT__PLAN__OP_TYPE_ROOT)
        return weir_connect_decode_relation(arena, scope, plan->root, ret, err);
    if (!plan || plan->op_type_case != SPARK__CONNECT__PLAN__OP_TYPE_COMMAND)
        return weir_decode_missing(err, "spark.connect.Plan", "op_type");
    weir_decode d = {.arena = arena, .scope = scope, .err = err};
    return weir_decode_command(&d, plan->command, ret);
}

weir_code weir_connect_resolve(weir_arena *arena, const weir_connect_scope *scope, weir_connect_plan *plan,
                               weir_error **err) {
    weir_analyzer_options options = {
        .catalog = scope->catalog,
        .zone = scope->zone,
        .ansi = scope->ansi,
        .case_sensitive = scope->case_sensitive,
        .map_keys_last_win =
            scope->conf && weir_str_equal_nocase(weir_conf_str(scope->conf, WEIR_CONF_MAP_KEY_DEDUP_POLICY),
                                                 WEIR_STR("LAST_WIN")),
        .sql = weir_sql_texts_view(scope->texts),
        .next_id = scope->next_id,
    };
    if (!plan->root)
        return WEIR_OK;
    return weir_analyzer_run(arena, plan->root, &options, &plan->root, err);
}
