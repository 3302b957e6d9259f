/* Doubles for percentiles and histograms (aggregate_real.h). */
#include "common/expr/aggregate_real.h"

#include <math.h>

#include "common/types/decimal.h"

double weir_real_of(const weir_column *column, int32_t slot) {
    const uint8_t *values = column->values;
    switch ((int)column->type->kind) {
    case WEIR_TYPE_BYTE:
        return ((const int8_t *)values)[slot];
    case WEIR_TYPE_SHORT:
        return ((const int16_t *)values)[slot];
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return ((const int32_t *)values)[slot];
    case WEIR_TYPE_FLOAT:
        return (double)((const float *)values)[slot];
    case WEIR_TYPE_DOUBLE:
        return ((const double *)values)[slot];
    case WEIR_TYPE_DECIMAL:
        return weir_decimal_to_double(weir_load128(values + 16 * (size_t)slot), column->type->scale);
    default:
        return (double)((const int64_t *)values)[slot];
    }
}

static int64_t whole(double value, int64_t min, int64_t max) {
    if (value != value)
        return 0;
    return value <= (double)min ? min : value >= (double)max ? max : (int64_t)value;
}

bool weir_real_put(weir_builder *builder, double value) {
    weir_int128 decimal;
    switch ((int)builder->type->kind) {
    case WEIR_TYPE_BYTE:
        return weir_builder_int8(builder, (int8_t)whole(value, INT32_MIN, INT32_MAX));
    case WEIR_TYPE_SHORT:
        return weir_builder_int16(builder, (int16_t)whole(value, INT32_MIN, INT32_MAX));
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return weir_builder_int32(builder, (int32_t)whole(value, INT32_MIN, INT32_MAX));
    case WEIR_TYPE_FLOAT:
        return weir_builder_float(builder, (float)value);
    case WEIR_TYPE_DOUBLE:
        return weir_builder_double(builder, value);
    case WEIR_TYPE_DECIMAL:
        if (!weir_decimal_from_double(value, builder->type->precision, builder->type->scale, &decimal))
            return weir_builder_null(builder);
        return weir_builder_int128(builder, decimal);
    default:
        return weir_builder_int64(builder, whole(value, INT64_MIN, INT64_MAX));
    }
}

int weir_real_compare(double left, double right) {
    if (left < right)
        return -1;
    if (left > right)
        return 1;
    bool left_nan = isnan(left), right_nan = isnan(right);
    if (left_nan || right_nan)
        return (int)left_nan - (int)right_nan;
    return (int)signbit(right) - (int)signbit(left);
}

weir_reals weir_reals_of(const weir_column *literal) {
    weir_reals reals = {0};
    if (!literal || weir_column_is_null(literal, 0))
        return reals;
    reals.is_array = literal->type->kind == WEIR_TYPE_ARRAY;
    const weir_column *values = reals.is_array ? literal->children[0] : literal;
    int32_t from = reals.is_array ? literal->offsets[0] : 0;
    reals.count = reals.is_array ? literal->offsets[1] - from : 1;
    reals.items = weir_alloc(sizeof(double) * (size_t)reals.count + 8);
    for (int32_t i = 0; i < reals.count; i++)
        reals.items[i] = weir_real_of(values, from + i);
    return reals;
}
