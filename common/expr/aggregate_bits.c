/* bit_and, bit_or, bit_xor over whole numbers: NULL does not count, a group without a value is NULL. State:
 * (value), of the argument's type. One task thread. */
#include "common/expr/aggregate_int.h"

typedef enum bit_kind { BIT_AND, BIT_OR, BIT_XOR } bit_kind;

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type;
    bit_kind kind;
    weir_group_array values; /* int64_t */
    weir_group_array seen;   /* uint8_t */
};

static int32_t bit_state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                               const weir_type *type, const weir_type **ret_types) {
    (void)arena, (void)arg_types, (void)args_count;
    ret_types[0] = type;
    return 1;
}

static weir_code create(weir_budget *budget, const weir_type *type, bit_kind kind, weir_accumulator **ret) {
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->type = type;
    acc->kind = kind;
    acc->values.width = 8;
    acc->seen.width = 1;
    *ret = acc;
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_group_array_fini(&acc->values);
    weir_group_array_fini(&acc->seen);
    weir_free(acc);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    bool ok = weir_group_array_resize(&acc->values, acc->budget, groups_count) &&
              weir_group_array_resize(&acc->seen, acc->budget, groups_count);
    return ok ? WEIR_OK : weir_aggregate_refused(acc->budget, "a bit aggregate", err);
}

#define EACH_VALUE(ctype, step) \
    for (int32_t i = 0; i < sel->count; i++) { \
        int32_t slot = weir_aggregate_slot(column, weir_sel_row(sel, i)), g = groups[i]; \
        if (slot < 0) \
            continue; \
        int64_t value = ((const ctype *)column->values)[slot]; \
        bits[g] = seen[g] ? step : value; \
        seen[g] = 1; \
    }
#define ADD_VALUES(name, ctype) \
    static void name(bit_kind kind, int64_t *bits, uint8_t *seen, const weir_column *column, \
                     const weir_sel *sel, const int32_t *groups) { \
        if (kind == BIT_AND) \
            EACH_VALUE(ctype, bits[g] & value) \
        else if (kind == BIT_OR) \
            EACH_VALUE(ctype, bits[g] | value) \
        else \
            EACH_VALUE(ctype, bits[g] ^ value) \
    }
ADD_VALUES(add_int8, int8_t)
ADD_VALUES(add_int16, int16_t)
ADD_VALUES(add_int32, int32_t)
ADD_VALUES(add_int64, int64_t)

static void add_column(weir_accumulator *acc, const weir_column *column, const weir_sel *sel,
                       const int32_t *groups) {
    int64_t *bits = WEIR_GROUP_ARRAY(acc->values, int64_t);
    uint8_t *seen = WEIR_GROUP_ARRAY(acc->seen, uint8_t);
    switch ((int)acc->type->kind) {
    case WEIR_TYPE_BYTE:
        add_int8(acc->kind, bits, seen, column, sel, groups);
        break;
    case WEIR_TYPE_SHORT:
        add_int16(acc->kind, bits, seen, column, sel, groups);
        break;
    case WEIR_TYPE_INT:
        add_int32(acc->kind, bits, seen, column, sel, groups);
        break;
    default:
        add_int64(acc->kind, bits, seen, column, sel, groups);
        break;
    }
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)args_count, (void)rows, (void)err;
    add_column(acc, args[0], sel, groups);
    return WEIR_OK;
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *states,
                       const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)eval, (void)err;
    add_column(acc, states[0], sel, groups);
    return WEIR_OK;
}

static weir_code bits_column(weir_accumulator *acc, weir_budget *budget, const weir_type *type, int32_t from,
                             int32_t count, weir_column **ret, weir_error **err) {
    const int64_t *bits = WEIR_GROUP_ARRAY(acc->values, int64_t);
    size_t width = (size_t)weir_type_width(acc->type);
    _cleanup_free_ uint8_t *values = weir_alloc(width * (size_t)count + 1);
    for (int32_t i = 0; i < count; i++)
        memcpy(values + width * (size_t)i, &bits[from + i], width); /* little-endian: the low bytes */
    return weir_aggregate_column(budget, type, values, WEIR_GROUP_ARRAY(acc->seen, uint8_t) + from, 0, count,
                                 ret, err);
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    return bits_column(acc, budget, types[0], from, count, ret_states, err);
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    return bits_column(acc, eval->budget, acc->type, from, count, ret, err);
}

#define BIT_OPS(label, kind) \
    static weir_code label##_create(weir_budget *budget, const weir_type *const *arg_types, \
                                    int32_t args_count, const weir_type *type, weir_accumulator **ret, \
                                    weir_error **err) { \
        (void)arg_types, (void)args_count, (void)err; \
        return create(budget, type, kind, ret); \
    } \
    const weir_aggregate_ops weir_##label##_ops = { \
        .name = #label, \
        .state_types = bit_state_types, \
        .create = label##_create, \
        .destroy = destroy, \
        .resize = resize, \
        .update = update, \
        .merge = merge, \
        .states = states, \
        .finish = finish, \
    };
BIT_OPS(bit_and, BIT_AND)
BIT_OPS(bit_or, BIT_OR)
BIT_OPS(bit_xor, BIT_XOR)
