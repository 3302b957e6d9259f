/* The memory sink: keeps the rows of each batch in the driver. Complete mode replaces what is there, append
 * and update add to it, a batch id that was taken is passed over: as Spark's MemorySink.
 *
 * Rows are copied out of the epoch's memory into the table's own, with types of the table's own, under one
 * lock: a reader sees whole batches. Possible failures: OUT_OF_MEMORY. Commit: pool threads; reads: any. */
#include "connectors/memory/memory_sink.h"

#include <pthread.h>

#include "common/base/alloc.h"
#include "connectors/connectors_int.h"

struct weir_memory_table {
    _Atomic int32_t refs;
    pthread_mutex_t lock;
    weir_arena *arena; /* holds the schema */
    const weir_type *schema;
    int64_t latest;
    weir_batch **batches;
    int32_t count, capacity;
};

typedef struct memory_sink {
    weir_memory_table *table;
    bool replaces;
} memory_sink;

static weir_code sink_open(weir_arena *arena, const weir_connector_context *context, weir_str format,
                           const weir_options *options, const weir_type *schema, weir_str output_mode,
                           weir_sink **ret, weir_error **err) {
    (void)context, (void)format, (void)options, (void)err;
    memory_sink *sink = WEIR_NEW(arena, memory_sink);
    weir_memory_table *table = weir_alloc_zero(1, sizeof *table);
    table->refs = 1;
    pthread_mutex_init(&table->lock, NULL);
    table->arena = weir_arena_new();
    table->schema = weir_type_clone(table->arena, schema);
    table->latest = -1;
    sink->table = table;
    sink->replaces = weir_str_equal_nocase(output_mode, WEIR_STR("complete"));
    *ret = (weir_sink *)sink;
    return WEIR_OK;
}

static void drop_batches(weir_memory_table *table) {
    for (int32_t i = 0; i < table->count; i++)
        weir_batch_unref(table->batches[i]);
    table->count = 0;
}

/* The same values under a type that lives as long as the table. Consumes `column`. */
static weir_column *retype(weir_column *column /* takes */, const weir_type *type) {
    weir_column *copy = weir_column_new(type, column->length, column->children_count);
    copy->null_count = column->null_count;
    copy->encoding = column->encoding;
    copy->validity = column->validity;
    copy->values = column->values;
    copy->offsets = column->offsets;
    copy->validity_buffer = weir_buffer_ref(column->validity_buffer);
    copy->values_buffer = weir_buffer_ref(column->values_buffer);
    copy->offsets_buffer = weir_buffer_ref(column->offsets_buffer);
    for (int32_t i = 0; i < column->children_count; i++) {
        const weir_type *child = column->children[i]->type;
        if (type->kind == WEIR_TYPE_STRUCT)
            child = type->fields[i].type;
        else if (type->kind == WEIR_TYPE_ARRAY || type->kind == WEIR_TYPE_MAP)
            child = i == 0 ? type->element : type->value;
        copy->children[i] = retype(weir_column_ref(column->children[i]), child);
    }
    weir_column_unref(column);
    return copy;
}

static weir_code copy_batch(weir_memory_table *table, const weir_batch *rows, weir_batch **ret,
                            weir_error **err) {
    _cleanup_free_ int32_t *all = weir_alloc(sizeof *all * (size_t)WEIR_MAX(rows->rows, 1));
    for (int32_t i = 0; i < rows->rows; i++)
        all[i] = i;
    weir_batch *copy;
    WEIR_TRY(weir_batch_gather(NULL, rows, all, rows->rows, &copy, err));
    _cleanup_free_ weir_column **columns =
        weir_alloc(sizeof *columns * (size_t)WEIR_MAX(copy->columns_count, 1));
    for (int32_t i = 0; i < copy->columns_count; i++)
        columns[i] = retype(weir_column_ref(copy->columns[i]), table->schema->fields[i].type);
    *ret = weir_batch_new(table->schema, copy->rows, columns, copy->columns_count);
    weir_batch_unref(copy);
    return WEIR_OK;
}

static weir_code sink_commit(weir_sink *sink, int64_t batch_id, const weir_str *messages, int32_t count,
                             const weir_batch *rows, weir_error **err) {
    (void)messages, (void)count;
    memory_sink *self = (memory_sink *)sink;
    weir_memory_table *table = self->table;
    if (batch_id <= weir_memory_table_latest(table))
        return WEIR_OK;
    weir_batch *copy = NULL;
    if (rows)
        WEIR_TRY(copy_batch(table, rows, &copy, err));
    pthread_mutex_lock(&table->lock);
    if (self->replaces)
        drop_batches(table);
    if (copy && table->count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 16;
        table->batches = weir_realloc(table->batches, sizeof *table->batches * (size_t)table->capacity);
    }
    if (copy)
        table->batches[table->count++] = copy;
    table->latest = batch_id;
    pthread_mutex_unlock(&table->lock);
    return WEIR_OK;
}

weir_memory_table *weir_memory_sink_table(weir_sink *sink) {
    weir_memory_table *table = ((memory_sink *)sink)->table;
    atomic_fetch_add(&table->refs, 1);
    return table;
}

weir_memory_table *weir_memory_table_ref(weir_memory_table *table) {
    atomic_fetch_add(&table->refs, 1);
    return table;
}

weir_memory_table *weir_memory_table_unref(weir_memory_table *table) {
    if (!table || atomic_fetch_sub(&table->refs, 1) > 1)
        return NULL;
    drop_batches(table);
    weir_free(table->batches);
    weir_arena_free(table->arena);
    pthread_mutex_destroy(&table->lock);
    weir_free(table);
    return NULL;
}

const weir_type *weir_memory_table_schema(const weir_memory_table *table) {
    return table->schema;
}

int64_t weir_memory_table_latest(weir_memory_table *table) {
    pthread_mutex_lock(&table->lock);
    int64_t latest = table->latest;
    pthread_mutex_unlock(&table->lock);
    return latest;
}

weir_code weir_memory_table_read(weir_memory_table *table, weir_batch **ret, weir_error **err) {
    pthread_mutex_lock(&table->lock);
    weir_code code = weir_batch_concat(NULL, table->schema, table->batches, table->count, ret, err);
    pthread_mutex_unlock(&table->lock);
    return code;
}

static void sink_describe(weir_sink *sink, weir_strbuf *buf) {
    (void)sink;
    weir_strbuf_add_text(buf, "MemorySink");
}

static void sink_close(weir_sink *sink) {
    memory_sink *self = (memory_sink *)sink;
    self->table = weir_memory_table_unref(self->table);
}

const weir_sink_ops weir_memory_sink_ops = {
    .name = "memory",
    .collects = true,
    .open = sink_open,
    .commit = sink_commit,
    .describe = sink_describe,
    .close = sink_close,
};
