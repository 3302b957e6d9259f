/* sequence(start, stop[, step]): numbers, dates and timestamps.
 *
 * Numbers, days by days and micros by micros are plain progressions. A step with months, or with days for a
 * timestamp, is added to the start i times over in the session's time zone, as Spark adds intervals, so every
 * element is start + i * step and not the one before it plus a step. Runs on the task's thread. */
#include "common/expr/array_functions_int.h"

#include <stdio.h>

#include "common/column/builder.h"
#include "common/column/cell_text.h"

int32_t weir_date_add_months(int32_t days, int64_t months); /* datetime_functions.c */

/* ---- resolution ---- */
static bool is_temporal(const weir_type *type) {
    return type->kind == WEIR_TYPE_DATE || type->kind == WEIR_TYPE_TIMESTAMP ||
           type->kind == WEIR_TYPE_TIMESTAMP_NTZ;
}

static bool is_interval(const weir_type *type) {
    return type->kind == WEIR_TYPE_INTERVAL_CALENDAR || type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ||
           type->kind == WEIR_TYPE_INTERVAL_DAY_TIME;
}

static weir_code fail_types(weir_resolve *resolve, weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__SEQUENCE_WRONG_INPUT_TYPES, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "functionName", "`sequence`", "startType",
               "(\"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"DATE\")", "stepType",
               "(\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")", "otherStartType",
               "\"INTEGRAL\"");
}

static weir_code resolve_sequence(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)ret_rewrite;
    const weir_type *first = args[0]->type, *second = args[1]->type;
    const weir_type *step = args_count > 2 ? args[2]->type : NULL;
    bool number_step = step == NULL || !is_interval(step);
    const weir_type *common = weir_coerce_common(resolve->arena, resolve->ansi, first, second);
    if (common && weir_type_is_integral(common) && step && number_step)
        common = weir_coerce_common(resolve->arena, resolve->ansi, common, step);
    if (common == NULL)
        return fail_types(resolve, err);
    if (!(weir_type_is_integral(common) && (step == NULL || number_step)) &&
        !(is_temporal(common) && (step == NULL || is_interval(step))))
        return fail_types(resolve, err);
    for (int32_t i = 0; i < (weir_type_is_integral(common) ? args_count : 2); i++)
        args[i] = weir_coerce_cast(resolve, args[i], common);
    *ret_type = weir_type_array(resolve->arena, common, false);
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

/* ---- one row ---- */
typedef struct sequence {
    const weir_kernel_call *call;
    weir_builder *elements;
    const weir_timezone *zone;
} sequence;

typedef struct amount {
    int64_t months, days, micros;
} amount;

static amount load_amount(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    if (column->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH)
        return (amount){.months = WEIR_VALUES(column, int32_t)[slot]};
    if (column->type->kind == WEIR_TYPE_INTERVAL_DAY_TIME) {
        int64_t micros = WEIR_VALUES(column, int64_t)[slot];
        return (amount){.days = micros / WEIR_MICROS_PER_DAY, .micros = micros % WEIR_MICROS_PER_DAY};
    }
    weir_calendar_interval value;
    memcpy(&value, column->values + (size_t)slot * 16, sizeof(value));
    return (amount){value.months, value.days, value.micros};
}

static int64_t load_point(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    return column->type->kind == WEIR_TYPE_DATE ? WEIR_VALUES(column, int32_t)[slot]
           : is_temporal(column->type)          ? WEIR_VALUES(column, int64_t)[slot]
                                                : weir_load_integer(column, row);
}

static bool add_element(weir_builder *elements, int64_t value) {
    switch ((int)elements->type->kind) {
    case WEIR_TYPE_BYTE:
        return weir_builder_int8(elements, (int8_t)value);
    case WEIR_TYPE_SHORT:
        return weir_builder_int16(elements, (int16_t)value);
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
        return weir_builder_int32(elements, (int32_t)value);
    default:
        return weir_builder_int64(elements, value);
    }
}

static weir_code fail_boundaries(int64_t start, int64_t stop, const char *step, weir_error **err) {
    char texts[2][32];
    snprintf(texts[0], sizeof(texts[0]), "%lld", (long long)start);
    snprintf(texts[1], sizeof(texts[1]), "%lld", (long long)stop);
    WEIR_RAISE(err, _LEGACY_ERROR_TEMP_3243, "start", texts[0], "stop", texts[1], "step", step);
}

/* Is the stop on the way of the step; the length of the sequence. */
static weir_code check_length(const sequence *s, int64_t start, int64_t stop, int64_t step, const char *text,
                              int64_t *ret, weir_error **err) {
    (void)s;
    if (!((step > 0 && start <= stop) || (step < 0 && start >= stop) || (step == 0 && start == stop)))
        return fail_boundaries(start, stop, text, err);
    __int128 length = step == 0 ? 1 : 1 + ((__int128)stop - start) / step;
    if (length > WEIR_ARRAY_SIZE_MAX) {
        char number[48];
        __int128 rest = length;
        int at = (int)sizeof(number) - 1;
        for (number[at] = 0; rest > 0; rest /= 10)
            number[--at] = (char)('0' + (int)(rest % 10));
        WEIR_RAISE(err, COLLECTION_SIZE_LIMIT_EXCEEDED__PARAMETER, "numberOfElements", number + at,
                   "maxRoundedArrayLength", WEIR_ARRAY_SIZE_TEXT, "parameter", "`count`", "functionName",
                   "`sequence`");
    }
    *ret = (int64_t)length;
    return WEIR_OK;
}

static weir_code add_progression(sequence *s, int64_t start, int64_t stop, int64_t step, const char *text,
                                 weir_error **err) {
    int64_t length;
    WEIR_TRY(check_length(s, start, stop, step, text, &length, err));
    if (length > INT32_MAX / 4 || !weir_builder_grow(s->elements, (int32_t)length))
        return weir_error_oom(err);
    for (int64_t i = 0; i < length; i++)
        if (!add_element(s->elements, (int64_t)((uint64_t)start + (uint64_t)i * (uint64_t)step)))
            return weir_error_oom(err);
    return WEIR_OK;
}

/* Months and days move the local date and keep the time of day; micros are exact. */
static int64_t add_times(const sequence *s, int64_t time, amount by, int64_t times) {
    if (by.months || by.days) {
        int64_t local = weir_timezone_to_local(s->zone, time);
        int64_t days = weir_floor_div(local, WEIR_MICROS_PER_DAY),
                rest = weir_floor_mod(local, WEIR_MICROS_PER_DAY);
        if (by.months)
            days = weir_date_add_months((int32_t)days, by.months * times);
        time = weir_timezone_to_utc(s->zone, (days + by.days * times) * WEIR_MICROS_PER_DAY + rest);
    }
    return (int64_t)((uint64_t)time + (uint64_t)by.micros * (uint64_t)times);
}

static weir_code add_by_calendar(sequence *s, int64_t start, int64_t stop, amount step, const char *text,
                                 weir_error **err) {
    bool date = s->elements->type->kind == WEIR_TYPE_DATE;
    int64_t estimate = step.micros + step.months * 28 * WEIR_MICROS_PER_DAY + step.days * WEIR_MICROS_PER_DAY;
    int64_t from = date ? weir_timezone_to_utc(s->zone, start * WEIR_MICROS_PER_DAY) : start;
    int64_t to = date ? weir_timezone_to_utc(s->zone, stop * WEIR_MICROS_PER_DAY) : stop;
    int64_t length;
    WEIR_TRY(check_length(s, from, to, estimate, text, &length, err));
    int64_t t = from;
    for (int64_t i = 1; estimate > 0 ? t <= to : t >= to; i++) {
        int64_t value = date ? weir_floor_div(weir_timezone_to_local(s->zone, t), WEIR_MICROS_PER_DAY) : t;
        if (!add_element(s->elements, value))
            return weir_error_oom(err);
        if (estimate == 0)
            break;
        t = add_times(s, from, step, i);
    }
    return WEIR_OK;
}

/* The step as messages print it: a calendar interval in words, the others as they are stored. */
static char *step_text(const weir_kernel_call *call, int32_t row, amount step) {
    const weir_type *type = call->args[2]->type;
    bool days = call->type->element->kind == WEIR_TYPE_DATE && step.months == 0 && step.micros == 0;
    if (type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || days)
        return weir_arena_printf(call->eval->arena, "%lld", (long long)(days ? step.days : step.months));
    if (type->kind == WEIR_TYPE_INTERVAL_DAY_TIME)
        return weir_arena_printf(
            call->eval->arena, "%lld",
            (long long)WEIR_VALUES(call->args[2], int64_t)[weir_column_slot(call->args[2], row)]);
    weir_strbuf text = {0};
    weir_cell_text(&text, call->args[2], row, WEIR_TEXT_CAST, call->eval->zone);
    char *copy = weir_arena_strdup(call->eval->arena, text.data ? text.data : "");
    weir_strbuf_fini(&text);
    return copy;
}

static weir_code add_temporal(sequence *s, int32_t row, int64_t start, int64_t stop, weir_error **err) {
    const weir_kernel_call *call = s->call;
    bool date = s->elements->type->kind == WEIR_TYPE_DATE, given = call->args_count > 2;
    amount step = given ? load_amount(call->args[2], row) : (amount){.days = start <= stop ? 1 : -1};
    const char *text = given ? step_text(call, row, step) : "1";
    if (date && step.months == 0 && step.days == 0)
        WEIR_RAISE(err, _LEGACY_ERROR_TEMP_3242, "intervalType",
                   call->args[2]->type->kind == WEIR_TYPE_INTERVAL_CALENDAR ? "interval"
                                                                            : "interval day to second");
    if (date && step.months == 0 && step.micros == 0)
        return add_progression(s, start, stop, step.days, text, err);
    if (!date && step.months == 0 && step.days == 0)
        return add_progression(s, start, stop, step.micros, text, err);
    return add_by_calendar(s, start, stop, step, text, err);
}

static weir_code add_row(sequence *s, int32_t row, weir_error **err) {
    const weir_kernel_call *call = s->call;
    int64_t start = load_point(call->args[0], row), stop = load_point(call->args[1], row);
    if (is_temporal(s->elements->type))
        return add_temporal(s, row, start, stop, err);
    int64_t step = call->args_count > 2 ? load_point(call->args[2], row) : start <= stop ? 1 : -1;
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)step);
    return add_progression(s, start, stop, step, text, err);
}

static weir_code sequence_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    sequence s = {call, &builder.children[0],
                  call->type->element->kind == WEIR_TYPE_TIMESTAMP_NTZ ? weir_timezone_utc()
                                                                       : call->eval->zone};
    weir_code code = WEIR_OK;
    int32_t next = 0;
    WEIR_EACH(call, row) {
        for (; code == WEIR_OK && next < row; next++)
            code = weir_builder_list_end(&builder) ? WEIR_OK : weir_error_oom(err);
        if (code == WEIR_OK)
            code = add_row(&s, row, err);
        if (code == WEIR_OK && !weir_builder_list_end(&builder))
            code = weir_error_oom(err);
        next = row + 1;
    }
    for (; code == WEIR_OK && next < call->rows; next++)
        code = weir_builder_list_end(&builder) ? WEIR_OK : weir_error_oom(err);
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

const weir_function weir_sequence_functions[] = {
    {.name = "sequence",
     .args_min = 2,
     .args_max = 3,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_sequence,
     .eval = sequence_kernel},
};
WEIR_FAMILY_COUNT(sequence)
