/* Rows that a plan brings along, for batch queries: those of a LocalRelation (blocks of common/wire), and the
 * numbers of a Range. Both have no name for users: the physical planner makes their scans.
 *
 *   weir-local   batch_plan cuts the blocks into splits of about 1 MiB; the scan decodes them in place
 *   weir-range   batch_plan gives {"start","step","count"} a split; the scan computes; without a column in
 * its projection it gives rows of none (SELECT 1)
 *
 * Pure functions of the split. Planning: pool threads; scans: one task thread. */
#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/types/number_text.h"
#include "common/wire/block.h"
#include "connectors/connectors_int.h"

#define SPLIT_BYTES ((size_t)1 << 20)
#define RANGE_PARTITIONS_DEFAULT 4 /* a constant: splits must not depend on the machine's cores */
#define RANGE_PARTITIONS_MAX 4096

static weir_code refuse_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                             const weir_options *options, const weir_type *schema, int32_t source_index,
                             weir_source **ret, weir_error **err) {
    (void)context, (void)options, (void)schema, (void)source_index;
    *ret = NULL;
    WEIR_RAISE(err, DATA_SOURCE_NOT_FOUND, "provider", weir_arena_strndup(arena, format.data, format.size));
}

static void push_split(weir_arena *arena, weir_str_list *list, weir_str split) {
    if ((list->count & (list->count - 1)) == 0) {
        weir_str *items = WEIR_NEW_ARRAY(arena, weir_str, WEIR_MAX(1, list->count * 2));
        if (list->count)
            memcpy(items, list->items, sizeof *items * (size_t)list->count);
        list->items = items;
    }
    list->items[list->count++] = split;
}

/* ---- local rows ---- */

static weir_code local_batch_plan(weir_arena *arena, const weir_connector_context *context, weir_str format,
                                  const weir_options *options, const weir_type *schema,
                                  weir_str_list *ret_splits, weir_error **err) {
    (void)context, (void)format;
    weir_str blocks = weir_options_get(options, "blocks");
    weir_buffer *buffer = weir_buffer_borrow((uint8_t *)(uintptr_t)blocks.data, blocks.size, NULL, NULL);
    weir_code code = WEIR_OK;
    size_t from = 0;
    for (size_t at = 0; at < blocks.size && code == WEIR_OK;) {
        _cleanup_batch_ weir_batch *batch = NULL;
        code = weir_block_decode(schema, buffer, at, "local relation", &batch, &at, err);
        if (code == WEIR_OK && (at - from >= SPLIT_BYTES || at == blocks.size)) {
            push_split(arena, ret_splits, (weir_str){blocks.data + from, at - from});
            from = at;
        }
    }
    weir_buffer_unref(buffer);
    return code;
}

typedef struct local_scan {
    const weir_type *schema;
    weir_buffer *buffer;
    size_t at;
} local_scan;

static void local_scan_close(weir_scan *scan) {
    local_scan *self = (local_scan *)scan;
    weir_buffer_unref(self->buffer);
    weir_free(self);
}

/* The split's bytes belong to the epoch's message: batches are read from a copy of their own, because nothing
 * says that the message is aligned. */
static weir_code local_scan_open(const weir_connector_context *context, const weir_node_scan *plan,
                                 weir_str split, weir_budget *budget, weir_scan **ret, weir_error **err) {
    (void)context;
    weir_buffer *buffer = weir_buffer_new(budget, WEIR_MAX(split.size, 1));
    if (!buffer)
        WEIR_FAIL_OOM(err);
    memcpy(buffer->data, split.data, split.size);
    buffer->size = split.size;
    local_scan *scan = weir_alloc(sizeof *scan);
    *scan = (local_scan){.schema = plan->projection, .buffer = buffer};
    *ret = (weir_scan *)scan;
    return WEIR_OK;
}

static weir_code local_scan_next(weir_scan *scan, weir_batch **ret, int64_t *ret_records, weir_error **err) {
    local_scan *self = (local_scan *)scan;
    *ret = NULL;
    *ret_records = 0;
    if (self->at >= self->buffer->size)
        return WEIR_OK;
    WEIR_TRY(weir_block_decode(self->schema, self->buffer, self->at, "local relation", ret, &self->at, err));
    *ret_records = (*ret)->rows;
    return WEIR_OK;
}

const weir_source_ops weir_local_source_ops = {
    .name = "weir-local",
    .open = refuse_open,
    .batch_plan = local_batch_plan,
    .scan_open = local_scan_open,
    .scan_next = local_scan_next,
    .scan_close = local_scan_close,
};

/* ---- ranges ---- */

static int64_t number_option(const weir_options *options, const char *name) {
    int64_t value = 0;
    weir_str text = weir_options_get(options, name);
    return text.data && weir_int64_parse(text, &value) ? value : 0;
}

/* Spark's RangeExec: partition i of n has the numbers [i * count / n, (i + 1) * count / n). */
static weir_code range_batch_plan(weir_arena *arena, const weir_connector_context *context, weir_str format,
                                  const weir_options *options, const weir_type *schema,
                                  weir_str_list *ret_splits, weir_error **err) {
    (void)context, (void)format, (void)schema;
    int64_t start = number_option(options, "start"), end = number_option(options, "end"),
            step = number_option(options, "step"), partitions = number_option(options, "partitions");
    if (step == 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "requirement failed: step (0) cannot be 0");
    __int128 span = (__int128)end - start;
    bool empty = span == 0 || (span > 0) != (step > 0);
    __int128 count = empty ? 0 : (span % step == 0 ? span / step : span / step + 1);
    partitions = WEIR_MIN(partitions > 0 ? partitions : RANGE_PARTITIONS_DEFAULT, RANGE_PARTITIONS_MAX);
    for (int64_t i = 0; i < partitions; i++) {
        __int128 from = count * i / partitions, to = count * (i + 1) / partitions;
        if (from == to)
            continue;
        __int128 first = start + from * step;
        push_split(arena, ret_splits,
                   weir_str_from(weir_arena_printf(arena, "{\"start\":%lld,\"step\":%lld,\"count\":%llu}",
                                                   (long long)first, (long long)step,
                                                   (unsigned long long)(to - from))));
    }
    return WEIR_OK;
}

typedef struct range_scan {
    const weir_type *projection;
    weir_budget *budget;
    uint64_t next, left; /* wraps as two's complement behind the last number */
    int64_t step;
} range_scan;

static void range_scan_close(weir_scan *scan) {
    weir_free(scan);
}

static weir_code range_scan_open(const weir_connector_context *context, const weir_node_scan *plan,
                                 weir_str split, weir_budget *budget, weir_scan **ret, weir_error **err) {
    (void)context;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json *json;
    WEIR_TRY(weir_json_parse(arena, split, "range split", &json, err));
    range_scan *scan = weir_alloc(sizeof *scan);
    *scan = (range_scan){.projection = plan->projection,
                         .budget = budget,
                         .next = (uint64_t)weir_json_get_int(json, "start", 0),
                         .left = (uint64_t)weir_json_get_int(json, "count", 0),
                         .step = weir_json_get_int(json, "step", 1)};
    *ret = (weir_scan *)scan;
    return WEIR_OK;
}

static weir_code range_scan_next(weir_scan *scan, weir_batch **ret, int64_t *ret_records, weir_error **err) {
    range_scan *self = (range_scan *)scan;
    int32_t rows = (int32_t)WEIR_MIN(self->left, (uint64_t)WEIR_BATCH_ROWS);
    weir_column *column = NULL;
    *ret = NULL;
    *ret_records = rows;
    if (rows == 0)
        return WEIR_OK;
    if (self->projection->fields_count) {
        WEIR_TRY(weir_column_new_fixed(self->budget, self->projection->fields[0].type, rows, &column, err));
        column->null_count = 0;
        uint64_t *values = weir_column_values(column), next = self->next;
        for (int32_t i = 0; i < rows; i++, next += (uint64_t)self->step)
            values[i] = next;
        self->next = next;
    }
    self->left -= (uint64_t)rows;
    *ret = weir_batch_new(self->projection, rows, &column, self->projection->fields_count);
    return WEIR_OK;
}

const weir_source_ops weir_range_source_ops = {
    .name = "weir-range",
    .open = refuse_open,
    .batch_plan = range_batch_plan,
    .scan_open = range_scan_open,
    .scan_next = range_scan_next,
    .scan_close = range_scan_close,
};
