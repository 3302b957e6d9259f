/* sum(x) and avg(x) over numbers and ANSI intervals.
 *
 *   argument            sum: running value, state                  avg: running value, state
 *   BYTE..LONG          BIGINT; (sum)                              DOUBLE; (sum, count)
 *   FLOAT, DOUBLE       DOUBLE; (sum)                              DOUBLE; (sum, count)
 *   DECIMAL(p,s)        DECIMAL(p+10,s); (sum, is_empty)           DECIMAL(p+10,s); (sum, count)
 *   intervals           the interval; (sum)                        the interval; (sum, count)
 *
 * NULL arguments do not count; a group without a value is NULL. Overflow as Spark raises it: BIGINT while
 * adding (ANSI, else it wraps), intervals while adding in every mode, decimals at the end (ANSI; else NULL):
 * a decimal sum that left its precision stays overflowed. try_sum and try_avg give NULL for an overflow of
 * any kind, and keep it so: their states are those of decimals. One task thread. */
#include <stdio.h>

#include "common/expr/aggregate_int.h"
#include "common/types/decimal.h"

typedef enum sum_class { SUM_LONG, SUM_DOUBLE, SUM_DECIMAL, SUM_MONTHS, SUM_MICROS } sum_class;

struct weir_accumulator {
    weir_budget *budget;
    const weir_type *type; /* of the result */
    sum_class class;
    bool average;
    bool try; /* an overflow is NULL */
    weir_type_kind arg_kind;
    int32_t scale, precision; /* SUM_DECIMAL: of the running sum */
    weir_group_array sums;    /* int64_t, double, __int128, int32_t, int64_t by class */
    weir_group_array seen;    /* uint8_t: a value came (sum) */
    weir_group_array over;    /* uint8_t: left its range, where that is remembered */
    weir_group_array counts;  /* int64_t (avg) */
};

static sum_class class_of(const weir_type *arg, bool average) {
    switch ((int)arg->kind) {
    case WEIR_TYPE_DECIMAL:
        return SUM_DECIMAL;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return SUM_MONTHS;
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        return SUM_MICROS;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        return SUM_DOUBLE;
    default:
        return average ? SUM_DOUBLE : SUM_LONG;
    }
}

static const weir_type *running_type(weir_arena *arena, const weir_type *arg, bool average) {
    switch (class_of(arg, average)) {
    case SUM_LONG:
        return weir_type_of(WEIR_TYPE_LONG);
    case SUM_DOUBLE:
        return weir_type_of(WEIR_TYPE_DOUBLE);
    case SUM_DECIMAL:
        return weir_type_decimal(arena, WEIR_MIN(arg->precision + 10, WEIR_DECIMAL_MAX_PRECISION),
                                 arg->scale);
    default:
        return arg;
    }
}

static int32_t sum_state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                               const weir_type *type, const weir_type **ret_types) {
    (void)args_count, (void)type;
    ret_types[0] = running_type(arena, arg_types[0], false);
    ret_types[1] = weir_type_of(WEIR_TYPE_BOOLEAN);
    return arg_types[0]->kind == WEIR_TYPE_DECIMAL ? 2 : 1;
}

static int32_t avg_state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                               const weir_type *type, const weir_type **ret_types) {
    (void)args_count, (void)type;
    ret_types[0] = running_type(arena, arg_types[0], true);
    ret_types[1] = weir_type_of(WEIR_TYPE_LONG);
    return 2;
}

static int32_t try_sum_state_types(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                                   const weir_type *type, const weir_type **ret_types) {
    sum_state_types(arena, arg_types, args_count, type, ret_types);
    return class_of(arg_types[0], false) == SUM_DOUBLE ? 1 : 2;
}

/* Is a group's overflow kept until its end? */
static bool keeps_overflow(const weir_accumulator *acc) {
    return acc->class == SUM_DECIMAL || (acc->try && acc->class != SUM_DOUBLE);
}

static weir_accumulator *create(weir_budget *budget, const weir_type *arg, const weir_type *type,
                                bool average) {
    static const size_t widths[] = {8, 8, 16, 4, 8};
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->type = type;
    acc->class = class_of(arg, average);
    acc->average = average;
    acc->arg_kind = arg->kind;
    acc->scale = arg->scale;
    acc->precision = WEIR_MIN(arg->precision + 10, WEIR_DECIMAL_MAX_PRECISION);
    acc->sums.width = widths[acc->class];
    acc->seen.width = acc->over.width = 1;
    acc->counts.width = 8;
    return acc;
}

static weir_code sum_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                            const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)args_count, (void)err;
    *ret = create(budget, arg_types[0], type, false);
    return WEIR_OK;
}

static weir_code avg_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                            const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)args_count, (void)err;
    *ret = create(budget, arg_types[0], type, true);
    return WEIR_OK;
}

static weir_code try_sum_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                                const weir_type *type, weir_accumulator **ret, weir_error **err) {
    WEIR_TRY(sum_create(budget, arg_types, args_count, type, ret, err));
    (*ret)->try = true;
    return WEIR_OK;
}

static weir_code try_avg_create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                                const weir_type *type, weir_accumulator **ret, weir_error **err) {
    WEIR_TRY(avg_create(budget, arg_types, args_count, type, ret, err));
    (*ret)->try = true;
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_group_array_fini(&acc->sums);
    weir_group_array_fini(&acc->seen);
    weir_group_array_fini(&acc->over);
    weir_group_array_fini(&acc->counts);
    weir_free(acc);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    bool ok = weir_group_array_resize(&acc->sums, acc->budget, groups_count) &&
              weir_group_array_resize(&acc->seen, acc->budget, groups_count);
    if (keeps_overflow(acc))
        ok = ok && weir_group_array_resize(&acc->over, acc->budget, groups_count);
    if (acc->average)
        ok = ok && weir_group_array_resize(&acc->counts, acc->budget, groups_count);
    return ok ? WEIR_OK : weir_aggregate_refused(acc->budget, acc->average ? "avg" : "sum", err);
}

/* ---- adding ---- */

#define EACH_VALUE(body) \
    for (int32_t i = 0; i < sel->count; i++) { \
        int32_t slot = weir_aggregate_slot(column, weir_sel_row(sel, i)), g = groups[i]; \
        if (slot < 0) \
            continue; \
        body; \
        seen[g] = 1; \
    }

/* True where a sum left BIGINT; it has wrapped then. */
#define ADD_LONGS(name, ctype) \
    static bool name(int64_t *sums, uint8_t *seen, const weir_column *column, const weir_sel *sel, \
                     const int32_t *groups) { \
        const ctype *values = (const ctype *)column->values; \
        bool over = false; \
        EACH_VALUE(over |= __builtin_add_overflow(sums[g], (int64_t)values[slot], &sums[g])) \
        return over; \
    }
ADD_LONGS(add_int8, int8_t)
ADD_LONGS(add_int16, int16_t)
ADD_LONGS(add_int32, int32_t)
ADD_LONGS(add_int64, int64_t)

#define ADD_DOUBLES(name, ctype) \
    static void name(double *sums, uint8_t *seen, const weir_column *column, const weir_sel *sel, \
                     const int32_t *groups) { \
        const ctype *values = (const ctype *)column->values; \
        EACH_VALUE(sums[g] += (double)values[slot]) \
    }
ADD_DOUBLES(add_double_int8, int8_t)
ADD_DOUBLES(add_double_int16, int16_t)
ADD_DOUBLES(add_double_int32, int32_t)
ADD_DOUBLES(add_double_int64, int64_t)
ADD_DOUBLES(add_double_float, float)
ADD_DOUBLES(add_double_double, double)

static bool add_months(int32_t *sums, uint8_t *seen, const weir_column *column, const weir_sel *sel,
                       const int32_t *groups) {
    const int32_t *values = (const int32_t *)column->values;
    bool over = false;
    EACH_VALUE(over |= __builtin_add_overflow(sums[g], values[slot], &sums[g]))
    return over;
}

static void add_decimal(weir_accumulator *acc, int32_t g, weir_int128 value) {
    weir_int128 *sums = WEIR_GROUP_ARRAY(acc->sums, weir_int128);
    if (__builtin_add_overflow(sums[g], value, &sums[g]) || !weir_decimal_fits(sums[g], acc->precision)) {
        WEIR_GROUP_ARRAY(acc->over, uint8_t)[g] = 1;
        sums[g] = 0;
    }
}

static void add_decimals(weir_accumulator *acc, const weir_column *column, const weir_sel *sel,
                         const int32_t *groups) {
    uint8_t *seen = WEIR_GROUP_ARRAY(acc->seen, uint8_t);
    EACH_VALUE(add_decimal(acc, g, weir_load128(column->values + 16 * (size_t)slot)))
}

static bool sum_fits(const weir_accumulator *acc, int64_t left, int64_t right, int64_t *ret) {
    return !__builtin_add_overflow(left, right, ret) &&
           (acc->class != SUM_MONTHS || (*ret >= INT32_MIN && *ret <= INT32_MAX));
}

/* try_sum of whole numbers and intervals. */
static void add_or_give_up(weir_accumulator *acc, int32_t g, int64_t value) {
    int64_t sum = acc->class == SUM_MONTHS ? WEIR_GROUP_ARRAY(acc->sums, int32_t)[g]
                                           : WEIR_GROUP_ARRAY(acc->sums, int64_t)[g];
    if (!sum_fits(acc, sum, value, &sum)) {
        WEIR_GROUP_ARRAY(acc->over, uint8_t)[g] = 1;
        sum = 0;
    }
    if (acc->class == SUM_MONTHS)
        WEIR_GROUP_ARRAY(acc->sums, int32_t)[g] = (int32_t)sum;
    else
        WEIR_GROUP_ARRAY(acc->sums, int64_t)[g] = sum;
}

static int64_t whole_at(weir_type_kind kind, const weir_column *column, int32_t slot) {
    switch ((int)kind) {
    case WEIR_TYPE_BYTE:
        return ((const int8_t *)column->values)[slot];
    case WEIR_TYPE_SHORT:
        return ((const int16_t *)column->values)[slot];
    case WEIR_TYPE_INT:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return ((const int32_t *)column->values)[slot];
    default:
        return ((const int64_t *)column->values)[slot];
    }
}

static void add_tolerant(weir_accumulator *acc, weir_type_kind kind, const weir_column *column,
                         const weir_sel *sel, const int32_t *groups) {
    uint8_t *seen = WEIR_GROUP_ARRAY(acc->seen, uint8_t);
    EACH_VALUE(add_or_give_up(acc, g, whole_at(kind, column, slot)))
}

/* Adds a column of kind `kind`: arguments, or the running sums of another accumulator. */
static weir_code add_column(weir_accumulator *acc, const weir_eval *eval, weir_type_kind kind,
                            const weir_column *column, const weir_sel *sel, const int32_t *groups,
                            weir_error **err) {
    uint8_t *seen = WEIR_GROUP_ARRAY(acc->seen, uint8_t);
    int64_t *longs = WEIR_GROUP_ARRAY(acc->sums, int64_t);
    double *doubles = WEIR_GROUP_ARRAY(acc->sums, double);
    bool real = acc->class == SUM_DOUBLE, over = false;
    if (acc->try && !real && acc->class != SUM_DECIMAL) {
        add_tolerant(acc, kind, column, sel, groups);
        return WEIR_OK;
    }
    switch ((int)kind) {
    case WEIR_TYPE_BYTE:
        real ? add_double_int8(doubles, seen, column, sel, groups)
             : (void)(over = add_int8(longs, seen, column, sel, groups));
        break;
    case WEIR_TYPE_SHORT:
        real ? add_double_int16(doubles, seen, column, sel, groups)
             : (void)(over = add_int16(longs, seen, column, sel, groups));
        break;
    case WEIR_TYPE_INT:
        real ? add_double_int32(doubles, seen, column, sel, groups)
             : (void)(over = add_int32(longs, seen, column, sel, groups));
        break;
    case WEIR_TYPE_LONG:
        real ? add_double_int64(doubles, seen, column, sel, groups)
             : (void)(over = add_int64(longs, seen, column, sel, groups));
        break;
    case WEIR_TYPE_FLOAT:
        add_double_float(doubles, seen, column, sel, groups);
        break;
    case WEIR_TYPE_DOUBLE:
        add_double_double(doubles, seen, column, sel, groups);
        break;
    case WEIR_TYPE_DECIMAL:
        add_decimals(acc, column, sel, groups);
        break;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        if (add_months(WEIR_GROUP_ARRAY(acc->sums, int32_t), seen, column, sel, groups))
            return weir_aggregate_interval_overflow(err);
        break;
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        if (add_int64(longs, seen, column, sel, groups))
            return weir_aggregate_interval_overflow(err);
        break;
    default:
        WEIR_FAIL(err, INTERNAL_ERROR, "sum over a type it was not resolved for");
    }
    if (over && eval->ansi)
        return weir_aggregate_overflow(err, "overflow",
                                       " Use 'try_add' to tolerate overflow and return NULL instead.");
    return WEIR_OK;
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)args_count, (void)rows;
    WEIR_TRY(add_column(acc, eval, acc->arg_kind, args[0], sel, groups, err));
    if (!acc->average)
        return WEIR_OK;
    int64_t *counts = WEIR_GROUP_ARRAY(acc->counts, int64_t);
    for (int32_t i = 0; i < sel->count; i++)
        counts[groups[i]] += weir_aggregate_slot(args[0], weir_sel_row(sel, i)) >= 0;
    return WEIR_OK;
}

/* Sums of groups without a row are 0 and present; a sum that is NULL though rows came has overflowed. */
static void merge_kept(weir_accumulator *acc, weir_type_kind kind, weir_column *const *parts,
                       const weir_sel *sel, const int32_t *groups) {
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i), slot = weir_column_slot(parts[1], row), g = groups[i];
        bool empty = acc->average ? ((const int64_t *)parts[1]->values)[slot] == 0
                                  : weir_bit_get(parts[1]->values, slot);
        if (empty)
            continue;
        WEIR_GROUP_ARRAY(acc->seen, uint8_t)[g] = 1;
        int32_t sum = weir_column_slot(parts[0], row);
        if (weir_column_is_null(parts[0], row))
            WEIR_GROUP_ARRAY(acc->over, uint8_t)[g] = 1;
        else if (acc->class == SUM_DECIMAL)
            add_decimal(acc, g, weir_load128(parts[0]->values + 16 * (size_t)sum));
        else
            add_or_give_up(acc, g, whole_at(kind, parts[0], sum));
    }
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts, const weir_sel *sel,
                       const int32_t *groups, weir_error **err) {
    static const weir_type_kind kinds[] = {WEIR_TYPE_LONG, WEIR_TYPE_DOUBLE, WEIR_TYPE_DECIMAL,
                                           WEIR_TYPE_INTERVAL_YEAR_MONTH, WEIR_TYPE_INTERVAL_DAY_TIME};
    if (keeps_overflow(acc))
        merge_kept(acc, kinds[acc->class], parts, sel, groups);
    else
        WEIR_TRY(add_column(acc, eval, kinds[acc->class], parts[0], sel, groups, err));
    if (!acc->average)
        return WEIR_OK;
    int64_t *counts = WEIR_GROUP_ARRAY(acc->counts, int64_t);
    const int64_t *values = (const int64_t *)parts[1]->values;
    for (int32_t i = 0; i < sel->count; i++)
        counts[groups[i]] += values[weir_column_slot(parts[1], weir_sel_row(sel, i))];
    return WEIR_OK;
}

/* ---- giving ---- */

/* Per group of the range: 1 = the sum has not overflowed. */
static uint8_t *not_over(const weir_accumulator *acc, int32_t from, int32_t count) {
    uint8_t *present = weir_alloc((size_t)count + 1);
    for (int32_t i = 0; i < count; i++)
        present[i] = !WEIR_GROUP_ARRAY(acc->over, uint8_t)[from + i];
    return present;
}

static weir_code kept_states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *state_types,
                             int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    _cleanup_free_ uint8_t *flags = not_over(acc, from, count);
    _cleanup_column_ weir_column *sum = NULL;
    const uint8_t *sums = acc->sums.buffer->data + acc->sums.width * (size_t)from;
    WEIR_TRY(weir_aggregate_column(budget, state_types[0], sums, flags, 0, count, &sum, err));
    for (int32_t i = 0; i < count; i++)
        flags[i] = !WEIR_GROUP_ARRAY(acc->seen, uint8_t)[from + i];
    if (acc->average)
        WEIR_TRY(weir_aggregate_column(budget, state_types[1], acc->counts.buffer->data, NULL, from, count,
                                       &ret_states[1], err));
    else
        WEIR_TRY(weir_aggregate_column(budget, state_types[1], flags, NULL, 0, count, &ret_states[1], err));
    ret_states[0] = sum;
    sum = NULL;
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *state_types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    if (keeps_overflow(acc))
        return kept_states(acc, budget, state_types, from, count, ret_states, err);
    const uint8_t *present = acc->average ? NULL : WEIR_GROUP_ARRAY(acc->seen, uint8_t);
    _cleanup_column_ weir_column *sum = NULL;
    WEIR_TRY(weir_aggregate_column(budget, state_types[0], acc->sums.buffer->data, present, from, count, &sum,
                                   err));
    if (acc->average)
        WEIR_TRY(weir_aggregate_column(budget, state_types[1], acc->counts.buffer->data, NULL, from, count,
                                       &ret_states[1], err));
    ret_states[0] = sum;
    sum = NULL;
    return WEIR_OK;
}

static weir_code sum_finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                            weir_column **ret, weir_error **err) {
    const uint8_t *seen = WEIR_GROUP_ARRAY(acc->seen, uint8_t);
    if (!keeps_overflow(acc))
        return weir_aggregate_column(eval->budget, acc->type, acc->sums.buffer->data, seen, from, count, ret,
                                     err);
    _cleanup_free_ uint8_t *present = not_over(acc, from, count);
    for (int32_t i = 0; i < count; i++) {
        if (!present[i] && eval->ansi && !acc->try)
            return weir_aggregate_overflow(err, "Overflow in sum of decimals",
                                           " Use 'try_sum' to tolerate overflow and return NULL instead.");
        present[i] &= seen[from + i];
    }
    return weir_aggregate_column(eval->budget, acc->type,
                                 acc->sums.buffer->data + acc->sums.width * (size_t)from, present, 0, count,
                                 ret, err);
}

/* HALF_UP as java.math: ties away from zero. */
static int64_t divide_half_up(int64_t sum, int64_t count) {
    int64_t quotient = sum / count, rest = sum % count;
    uint64_t twice = 2 * (uint64_t)(rest < 0 ? -rest : rest);
    if (twice >= (uint64_t)count)
        quotient += sum < 0 ? -1 : 1;
    return quotient;
}

/* The quotient with 39 decimals, as BigDecimal.toPlainString prints it: Spark's text in the error. */
static void quotient_text(weir_int128 sum, int32_t scale, int64_t count, char *text, size_t size) {
    weir_strbuf digits = {0};
    unsigned __int128 rest = sum < 0 ? -(unsigned __int128)sum : (unsigned __int128)sum;
    unsigned __int128 whole = rest / (uint64_t)count;
    char plain[64];
    int length = weir_decimal_format((weir_int128)whole, 0, plain);
    weir_strbuf_add(&digits, weir_str_make(plain, (size_t)length));
    rest %= (uint64_t)count;
    for (int32_t i = scale; i < 39; i++) {
        rest *= 10;
        weir_strbuf_add_char(&digits, (char)('0' + (int)(rest / (uint64_t)count)));
        rest %= (uint64_t)count;
    }
    int32_t point = (int32_t)digits.size - 39;
    snprintf(text, size, "%s%.*s.%s", sum < 0 ? "-" : "", point, digits.data, digits.data + point);
    weir_strbuf_fini(&digits);
}

static weir_code average_out_of_range(const weir_accumulator *acc, int32_t g, weir_error **err) {
    char text[160], precision[16], scale[16];
    quotient_text(WEIR_GROUP_ARRAY(acc->sums, weir_int128)[g], acc->scale,
                  WEIR_GROUP_ARRAY(acc->counts, int64_t)[g], text, sizeof text);
    snprintf(precision, sizeof precision, "%d", acc->type->precision);
    snprintf(scale, sizeof scale, "%d", acc->type->scale);
    WEIR_RAISE(err, NUMERIC_VALUE_OUT_OF_RANGE__WITH_SUGGESTION, "value", text, "precision", precision,
               "scale", scale, "config", "\"spark.sql.ansi.enabled\"");
}

static weir_code average_decimals(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                                  uint8_t *values, uint8_t *present, weir_error **err) {
    const int64_t *counts = WEIR_GROUP_ARRAY(acc->counts, int64_t);
    for (int32_t i = 0; i < count; i++) {
        int32_t g = from + i;
        weir_int128 value = 0;
        bool over = WEIR_GROUP_ARRAY(acc->over, uint8_t)[g];
        if (over && eval->ansi && !acc->try)
            return weir_aggregate_overflow(err, "Overflow in sum of decimals",
                                           " Use 'try_avg' to tolerate overflow and return NULL instead.");
        present[i] = counts[g] > 0 && !over;
        if (present[i] &&
            !weir_decimal_divide(WEIR_GROUP_ARRAY(acc->sums, weir_int128)[g], acc->scale, counts[g], 0,
                                 acc->type->precision, acc->type->scale, &value)) {
            if (eval->ansi && !acc->try)
                return average_out_of_range(acc, g, err);
            present[i] = 0;
        }
        weir_store128(values + 16 * (size_t)i, value);
    }
    return WEIR_OK;
}

static weir_code avg_finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                            weir_column **ret, weir_error **err) {
    const int64_t *counts = WEIR_GROUP_ARRAY(acc->counts, int64_t);
    _cleanup_free_ uint8_t *present = weir_alloc((size_t)count + 1);
    _cleanup_free_ uint8_t *values = weir_alloc(16 * (size_t)count + 1);
    if (acc->class == SUM_DECIMAL)
        WEIR_TRY(average_decimals(acc, eval, from, count, values, present, err));
    for (int32_t i = 0; i < count && acc->class != SUM_DECIMAL; i++) {
        int32_t g = from + i;
        int64_t divisor = counts[g] ? counts[g] : 1;
        present[i] = counts[g] > 0 && !(keeps_overflow(acc) && WEIR_GROUP_ARRAY(acc->over, uint8_t)[g]);
        if (acc->class == SUM_DOUBLE)
            ((double *)values)[i] = WEIR_GROUP_ARRAY(acc->sums, double)[g] / (double)divisor;
        else if (acc->class == SUM_MONTHS)
            ((int32_t *)values)[i] =
                (int32_t)divide_half_up(WEIR_GROUP_ARRAY(acc->sums, int32_t)[g], divisor);
        else
            ((int64_t *)values)[i] = divide_half_up(WEIR_GROUP_ARRAY(acc->sums, int64_t)[g], divisor);
    }
    return weir_aggregate_column(eval->budget, acc->type, values, present, 0, count, ret, err);
}

const weir_aggregate_ops weir_sum_ops = {
    .name = "sum",
    .state_types = sum_state_types,
    .create = sum_create,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = sum_finish,
};

const weir_aggregate_ops weir_avg_ops = {
    .name = "avg",
    .state_types = avg_state_types,
    .create = avg_create,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = avg_finish,
};

const weir_aggregate_ops weir_try_sum_ops = {
    .name = "try_sum",
    .state_types = try_sum_state_types,
    .create = try_sum_create,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = sum_finish,
};

const weir_aggregate_ops weir_try_avg_ops = {
    .name = "try_avg",
    .state_types = avg_state_types,
    .create = try_avg_create,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = avg_finish,
};
