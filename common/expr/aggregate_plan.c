/* What plans need to know of aggregates (aggregate.h): refusals, state types, and the schemas between the
 * partial and the state aggregation. Analyzer, physical planner and operators; any thread. */
#include "common/base/assert.h"
#include "common/column/builder.h"
#include "common/expr/aggregate.h"
#include "common/expr/function.h"

weir_code weir_aggregate_check(const weir_node *call, weir_error **err) {
    const weir_node_aggregate_call *aggregate = WEIR_NODE_AS(call, AGGREGATE_CALL, aggregate_call);
    if (!aggregate->function || aggregate->function->kind != WEIR_FUNCTION_AGGREGATE ||
        !aggregate->function->aggregate)
        WEIR_FAIL(err, INTERNAL_ERROR, "%s is not an aggregate function",
                  aggregate->function ? aggregate->function->name : "(none)");
    if (aggregate->distinct)
        WEIR_FAIL(
            err, NOT_SUPPORTED,
            "Distinct aggregations are not supported on streaming DataFrames/Datasets: %s(DISTINCT ...).",
            aggregate->function->name);
    if (aggregate->args.count > WEIR_AGGREGATE_ARGS_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s of more than %d expressions is not supported.",
                  aggregate->function->name, WEIR_AGGREGATE_ARGS_MAX);
    return WEIR_OK;
}

weir_code weir_aggregate_empty(weir_arena *arena, const weir_node *call, weir_node **ret, weir_error **err) {
    const weir_type *type = call->type;
    if (call->nullable || type->kind != WEIR_TYPE_ARRAY) {
        *ret = call->nullable ? weir_literal_null(arena, type) : weir_literal_long(arena, 0);
        return WEIR_OK;
    }
    weir_column *empty;
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, NULL, type, 1, err));
    weir_code code =
        weir_builder_list_end(&builder) ? weir_builder_finish(&builder, &empty, err) : weir_error_oom(err);
    weir_builder_fini(&builder);
    if (code == WEIR_OK)
        *ret = weir_literal_new(arena, empty);
    return code;
}

int32_t weir_aggregate_state_types(weir_arena *arena, const weir_node *call, const weir_type **ret_types) {
    const weir_node_aggregate_call *aggregate = WEIR_NODE_AS(call, AGGREGATE_CALL, aggregate_call);
    const weir_type *arg_types[WEIR_AGGREGATE_ARGS_MAX];
    WEIR_ASSERT(aggregate->args.count <= WEIR_AGGREGATE_ARGS_MAX);
    for (int32_t i = 0; i < aggregate->args.count; i++)
        arg_types[i] = aggregate->args.items[i]->type;
    return aggregate->function->aggregate->state_types(arena, arg_types, aggregate->args.count, call->type,
                                                       ret_types);
}

static weir_field *add_field(weir_field *field, weir_str name, const weir_type *type, bool nullable) {
    *field = (weir_field){.name = name, .type = type, .nullable = nullable};
    return field + 1;
}

static weir_field *add_keys(weir_arena *arena, weir_field *field, weir_node_list keys) {
    for (int32_t i = 0; i < keys.count; i++)
        field = add_field(field, weir_str_from(weir_arena_printf(arena, "key%d", i)), keys.items[i]->type,
                          keys.items[i]->nullable);
    return field;
}

const weir_type *weir_aggregate_partial_schema(weir_arena *arena, weir_node_list keys,
                                               weir_node_list aggregates) {
    int32_t most = keys.count + WEIR_AGGREGATE_STATES_MAX * aggregates.count;
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, most + 1);
    weir_field *field = add_keys(arena, fields, keys);
    for (int32_t i = 0; i < aggregates.count; i++) {
        const weir_type *types[WEIR_AGGREGATE_STATES_MAX];
        int32_t count = weir_aggregate_state_types(arena, aggregates.items[i], types);
        for (int32_t s = 0; s < count; s++)
            field =
                add_field(field, weir_str_from(weir_arena_printf(arena, "state%d_%d", i, s)), types[s], true);
    }
    return weir_type_struct(arena, fields, (int32_t)(field - fields));
}

const weir_type *weir_aggregate_final_schema(weir_arena *arena, weir_node_list keys,
                                             weir_node_list aggregates) {
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, keys.count + aggregates.count + 1);
    weir_field *field = add_keys(arena, fields, keys);
    for (int32_t i = 0; i < aggregates.count; i++)
        field = add_field(field, weir_str_from(weir_arena_printf(arena, "agg%d", i)),
                          aggregates.items[i]->type, aggregates.items[i]->nullable);
    return weir_type_struct(arena, fields, (int32_t)(field - fields));
}
