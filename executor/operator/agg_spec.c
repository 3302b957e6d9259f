/* Compiled aggregates and their accumulators (agg_spec_int.h). */
#include "common/base/alloc.h"
#include "common/expr/function.h"
#include "executor/operator/agg_spec_int.h"

static bool holds_reals(const weir_type *type) {
    bool found = type->kind == WEIR_TYPE_FLOAT || type->kind == WEIR_TYPE_DOUBLE;
    for (int32_t i = 0; i < type->fields_count && !found; i++)
        found = holds_reals(type->fields[i].type);
    return found || (type->element && holds_reals(type->element)) ||
           (type->value && holds_reals(type->value));
}

weir_code weir_agg_spec_calls(const weir_operator_compiler *compiler, weir_node_list aggregates,
                              weir_agg_spec *spec, weir_error **err) {
    spec->calls_count = aggregates.count;
    spec->calls = WEIR_NEW_ARRAY(compiler->arena, weir_agg_call, aggregates.count + 1);
    for (int32_t i = 0; i < aggregates.count; i++) {
        const weir_node *node = aggregates.items[i];
        WEIR_TRY(weir_aggregate_check(node, err));
        const weir_node_aggregate_call *call = WEIR_NODE_AS(node, AGGREGATE_CALL, aggregate_call);
        weir_agg_call *target = &spec->calls[i];
        target->ops = call->function->aggregate;
        target->type = node->type;
        target->args_count = call->args.count;
        for (int32_t a = 0; a < call->args.count; a++) {
            const weir_node *arg = call->args.items[a];
            target->arg_types[a] = arg->type;
            if (arg->kind == WEIR_NODE_LITERAL)
                target->literals[a] = WEIR_NODE_AS(arg, LITERAL, literal)->value;
        }
        target->states_count = weir_aggregate_state_types(compiler->arena, node, target->state_types);
        target->state_from = spec->states_count;
        spec->states_count += target->states_count;
        spec->ordered = spec->ordered || target->ops->ordered ||
                        (target->ops->ordered_reals && holds_reals(target->type));
    }
    return WEIR_OK;
}

static const weir_type *output_schema(const weir_operator_compiler *compiler, const weir_agg_spec *spec) {
    int32_t count = spec->keys_count + spec->calls_count;
    const weir_type *type = compiler->node->type;
    if (type && type->fields_count == count)
        return type;
    weir_field *fields = WEIR_NEW_ARRAY(compiler->arena, weir_field, count + 1);
    for (int32_t i = 0; i < count; i++)
        fields[i] = (weir_field){.name = weir_str_from(weir_arena_printf(compiler->arena, "column%d", i)),
                                 .type = i < spec->keys_count ? spec->key_types[i]
                                                              : spec->calls[i - spec->keys_count].type,
                                 .nullable = true};
    return weir_type_struct(compiler->arena, fields, count);
}

weir_code weir_agg_spec_merging(const weir_operator_compiler *compiler, int32_t keys_count,
                                weir_node_list aggregates, weir_agg_spec *data, weir_operator_spec *spec,
                                weir_error **err) {
    data->keys_count = keys_count;
    WEIR_TRY(weir_agg_spec_calls(compiler, aggregates, data, err));
    if (!compiler->input || compiler->input->fields_count != data->keys_count + data->states_count)
        WEIR_FAIL(err, INTERNAL_ERROR, "the shuffle's schema does not fit the aggregation");
    data->key_types = WEIR_NEW_ARRAY(compiler->arena, const weir_type *, data->keys_count + 1);
    for (int32_t i = 0; i < data->keys_count; i++)
        data->key_types[i] = compiler->input->fields[i].type;
    spec->schema = output_schema(compiler, data);
    spec->data = data;
    return WEIR_OK;
}

weir_code weir_agg_accs_init(weir_agg_accs *accs, const weir_agg_spec *spec, weir_budget *budget,
                             weir_error **err) {
    *accs = (weir_agg_accs){.spec = spec};
    accs->items = weir_alloc_zero((size_t)spec->calls_count + 1, sizeof *accs->items);
    for (int32_t i = 0; i < spec->calls_count; i++) {
        const weir_agg_call *call = &spec->calls[i];
        WEIR_TRY(
            call->ops->create(budget, call->arg_types, call->args_count, call->type, &accs->items[i], err));
        if (call->ops->configure)
            WEIR_TRY(call->ops->configure(accs->items[i], call->literals, call->args_count, err));
    }
    return WEIR_OK;
}

void weir_agg_accs_fini(weir_agg_accs *accs) {
    for (int32_t i = 0; accs->items && i < accs->spec->calls_count; i++)
        accs->spec->calls[i].ops->destroy(accs->items[i]);
    weir_free(accs->items);
    accs->items = NULL;
}

weir_code weir_agg_accs_resize(weir_agg_accs *accs, int32_t groups, weir_error **err) {
    for (int32_t i = 0; i < accs->spec->calls_count; i++)
        WEIR_TRY(accs->spec->calls[i].ops->resize(accs->items[i], groups, err));
    return WEIR_OK;
}

weir_code weir_agg_accs_merge(weir_agg_accs *accs, weir_eval *eval, weir_column *const *states,
                              const weir_sel *sel, const int32_t *groups, weir_error **err) {
    for (int32_t i = 0; i < accs->spec->calls_count; i++) {
        const weir_agg_call *call = &accs->spec->calls[i];
        WEIR_TRY(call->ops->merge(accs->items[i], eval, states + call->state_from, sel, groups, err));
    }
    return WEIR_OK;
}

weir_code weir_agg_accs_states(weir_agg_accs *accs, weir_budget *budget, int32_t from, int32_t count,
                               weir_column **ret, weir_error **err) {
    const weir_agg_spec *spec = accs->spec;
    memset(ret, 0, sizeof(*ret) * (size_t)spec->states_count);
    for (int32_t i = 0; i < spec->calls_count; i++) {
        const weir_agg_call *call = &spec->calls[i];
        weir_code code = call->ops->states(accs->items[i], budget, call->state_types, from, count,
                                           ret + call->state_from, err);
        if (code != WEIR_OK) {
            weir_operator_unref_columns(ret, spec->states_count);
            return code;
        }
    }
    return WEIR_OK;
}

weir_code weir_agg_accs_finish(weir_agg_accs *accs, weir_eval *eval, int32_t from, int32_t count,
                               weir_column **ret, weir_error **err) {
    const weir_agg_spec *spec = accs->spec;
    memset(ret, 0, sizeof(*ret) * (size_t)spec->calls_count);
    for (int32_t i = 0; i < spec->calls_count; i++) {
        weir_code code = spec->calls[i].ops->finish(accs->items[i], eval, from, count, &ret[i], err);
        if (code != WEIR_OK) {
            weir_operator_unref_columns(ret, spec->calls_count);
            return code;
        }
    }
    return WEIR_OK;
}
