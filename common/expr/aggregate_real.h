/* Values that an aggregate counts with as doubles and gives back in their own type: percentiles and
 * histograms. Private to the folder. */
#pragma once

#include "common/column/builder.h"
#include "common/expr/aggregate_int.h"

/* The value as a double; `slot` is not null. Numbers, dates, times and ANSI intervals. */
double weir_real_of(const weir_column *column, int32_t slot);
/* Appends the value in the builder's type, as Scala converts it: to whole numbers towards zero. False where
 * memory is refused. */
bool weir_real_put(weir_builder *builder, double value);
/* Spark's order of doubles, for qsort: -0.0 before 0.0, NaN last. */
int weir_real_compare(double left, double right);

/* A parameter that is one number or an array of them. */
typedef struct weir_reals {
    double *items; /* weir_free */
    int32_t count;
    bool is_array;
} weir_reals;
/* From a DOUBLE or ARRAY<DOUBLE> literal; nothing where it is NULL. */
weir_reals weir_reals_of(const weir_column *literal);
