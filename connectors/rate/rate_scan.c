/* The executor half of the rate sources: generates the rows of one partition, a column at a time. A pure
 * function of the split. One task thread. Possible failures: OUT_OF_MEMORY. */
#include <math.h>

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "connectors/option_value.h"
#include "connectors/rate/rate_int.h"

#define PARTITIONS_DEFAULT 4 /* a constant: the plan must not depend on the machine's cores */
#define PARTITIONS_MAX 100000

const weir_type *weir_rate_schema(weir_arena *arena) {
    weir_field fields[] = {
        {.name = WEIR_STR("timestamp"), .type = weir_type_of(WEIR_TYPE_TIMESTAMP), .nullable = true},
        {.name = WEIR_STR("value"), .type = weir_type_of(WEIR_TYPE_LONG), .nullable = true},
    };
    return weir_type_struct(arena, fields, WEIR_ARRAY_LEN(fields));
}

weir_code weir_rate_option(const weir_options *options, const char *name, int64_t fallback, int64_t max,
                           int64_t *ret, weir_error **err) {
    weir_str text = weir_options_get(options, name);
    *ret = fallback;
    if (text.data && (!weir_option_value_long(text, ret) || *ret > max || *ret < -max - 1))
        WEIR_FAIL(err, INVALID_ARGUMENT, "For input string: \"" WEIR_STR_FMT "\"", WEIR_STR_ARG(text));
    return WEIR_OK;
}

weir_code weir_rate_partitions(const weir_connector_context *context, const weir_options *options,
                               int32_t *ret, weir_error **err) {
    int64_t fallback, count;
    WEIR_TRY(weir_option_value_conf_long(context->conf, "spark.default.parallelism", PARTITIONS_DEFAULT,
                                         &fallback, err));
    WEIR_TRY(weir_rate_option(options, "numPartitions", fallback, INT32_MAX, &count, err));
    if (count <= 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Invalid value '%lld'. The option 'numPartitions' must be positive",
                  (long long)count);
    *ret = (int32_t)WEIR_MIN(count, PARTITIONS_MAX);
    return WEIR_OK;
}

void weir_rate_scan_plan(const weir_rate_range *range, int32_t partitions, weir_arena *arena,
                         weir_str_list *ret) {
    int64_t count = WEIR_MIN(range->end - range->start, (int64_t)partitions);
    ret->items = WEIR_NEW_ARRAY(arena, weir_str, count);
    ret->count = 0;
    for (int64_t i = 0; i < count; i++) {
        char *text = weir_arena_printf(
            arena,
            "{\"partition\":%lld,\"partitions\":%d,\"start\":%lld,\"end\":%lld,\"startMs\":%lld,"
            "\"spanMs\":%lld}",
            (long long)i, partitions, (long long)range->start, (long long)range->end,
            (long long)range->start_ms, (long long)range->span_ms);
        ret->items[ret->count++] = weir_str_from(text);
    }
}

typedef struct rate_scan {
    weir_rate_range range;
    double ms_per_value;
    int64_t next;
    int64_t step;
    weir_budget *budget;
    const weir_type *projection;
} rate_scan;

weir_code weir_rate_scan_open(const weir_connector_context *context, const weir_node_scan *plan,
                              weir_str split, weir_budget *budget, weir_scan **ret, weir_error **err) {
    (void)context;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json *json;
    WEIR_TRY(weir_json_parse(arena, split, "rate split", &json, err));
    weir_rate_range range = {
        .start = weir_json_get_int(json, "start", 0),
        .end = weir_json_get_int(json, "end", -1),
        .start_ms = weir_json_get_int(json, "startMs", 0),
        .span_ms = weir_json_get_int(json, "spanMs", -1),
    };
    int64_t partition = weir_json_get_int(json, "partition", -1),
            step = weir_json_get_int(json, "partitions", 0);
    if (partition < 0 || step <= 0 || range.start < 0 || range.end <= range.start || range.span_ms < 0)
        WEIR_FAIL(err, INTERNAL_ERROR, "The rate split is none: " WEIR_STR_FMT, WEIR_STR_ARG(split));
    rate_scan *scan = weir_alloc(sizeof *scan);
    *scan = (rate_scan){
        .range = range,
        .ms_per_value = (double)range.span_ms / (double)(range.end - range.start),
        .next = range.start + partition,
        .step = step,
        .budget = budget,
        .projection = plan->projection,
    };
    *ret = (weir_scan *)scan;
    return WEIR_OK;
}

void weir_rate_scan_close(weir_scan *scan) {
    weir_free(scan);
}

static void fill_values(const rate_scan *scan, int32_t rows, int64_t *ret) {
    for (int32_t i = 0; i < rows; i++)
        ret[i] = scan->next + scan->step * i;
}

/* Math.round: floor(x + 0.5). Micros as Spark has them: whole milliseconds. */
static void fill_times(const rate_scan *scan, int32_t rows, int64_t *ret) {
    int64_t first = scan->next - scan->range.start;
    for (int32_t i = 0; i < rows; i++) {
        double relative = (double)(first + scan->step * i) * scan->ms_per_value;
        ret[i] = ((int64_t)floor(relative + 0.5) + scan->range.start_ms) * 1000;
    }
}

weir_code weir_rate_scan_next(weir_scan *scan, weir_batch **ret, int64_t *ret_records, weir_error **err) {
    rate_scan *self = (rate_scan *)scan;
    *ret_records = 0;
    *ret = NULL;
    if (self->next >= self->range.end)
        return WEIR_OK;
    int64_t left = (self->range.end - self->next + self->step - 1) / self->step;
    int32_t rows = (int32_t)WEIR_MIN(left, WEIR_BATCH_ROWS);
    weir_column *columns[2];
    int32_t count = self->projection->fields_count;
    if (count > 2)
        WEIR_FAIL(err, INTERNAL_ERROR, "The rate source has no %d columns.", count);
    for (int32_t i = 0; i < count; i++) {
        weir_code code =
            weir_column_new_fixed(self->budget, self->projection->fields[i].type, rows, &columns[i], err);
        if (code != WEIR_OK) {
            while (i-- > 0)
                weir_column_unref(columns[i]);
            return code;
        }
        columns[i]->null_count = 0;
        if (self->projection->fields[i].type->kind == WEIR_TYPE_LONG)
            fill_values(self, rows, weir_column_values(columns[i]));
        else
            fill_times(self, rows, weir_column_values(columns[i]));
    }
    *ret = weir_batch_new(self->projection, rows, columns, count);
    *ret_records = rows;
    self->next += self->step * rows;
    return WEIR_OK;
}
