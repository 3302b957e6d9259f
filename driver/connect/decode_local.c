/* Rows that a client brings along (createDataFrame): Arrow IPC streams inside the plan, or uploaded before as
 * artifacts. They become blocks of a LOCAL_RELATION; where the client's schema differs from the stream's, a
 * projection to that schema stands above, as in Spark. */
#include "common/arrow/arrow_ipc.h"
#include "common/base/alloc.h"
#include "common/wire/block.h"
#include "driver/connect/decode_int.h"

/* As much as one request may carry is the limit of all blobs of a relation together. */
#define LOCAL_BYTES_MAX ((size_t)3 << 30) /* spark.sql.session.localRelationSizeLimit */

typedef struct local_rows {
    weir_decode *d;
    const weir_type *schema; /* of the streams; NULL before the first */
    weir_strbuf blocks;
    size_t read;
} local_rows;

static weir_code add_stream(local_rows *rows, weir_str bytes) {
    weir_decode *d = rows->d;
    _cleanup_buffer_ weir_buffer *carrier = weir_buffer_borrow(bytes.data, bytes.size, NULL, NULL);
    _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
    rows->read += bytes.size;
    if (rows->read > LOCAL_BYTES_MAX)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "a local relation of more than 3221225472 bytes", NULL);
    WEIR_TRY(weir_arrow_reader_open(d->arena, NULL, carrier, "a local relation", &reader, d->err));
    const weir_type *schema = weir_arrow_reader_schema(reader);
    if (rows->schema && !weir_type_same(rows->schema, schema))
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "chunks of a local relation differ in their schema", NULL);
    rows->schema = rows->schema ? rows->schema : schema;
    for (;;) {
        _cleanup_batch_ weir_batch *batch = NULL;
        WEIR_TRY(weir_arrow_reader_next(reader, &batch, d->err));
        if (!batch)
            return WEIR_OK;
        if (batch->rows == 0)
            continue;
        WEIR_TRY(weir_block_encode(&rows->blocks, batch, d->err));
        weir_strbuf_add_repeat(&rows->blocks, 0, -rows->blocks.size & 7);
    }
}

static void free_text(void *text) {
    weir_free(text);
}

/* Do the rows of one type serve as rows of the other as they are, whatever the fields are called? */
static bool fits(const weir_type *have, const weir_type *want) {
    if (have->kind != want->kind)
        return false;
    if (have->kind == WEIR_TYPE_ARRAY)
        return fits(have->element, want->element) && have->contains_null <= want->contains_null;
    if (have->kind == WEIR_TYPE_MAP)
        return fits(have->element, want->element) && fits(have->value, want->value) &&
               have->contains_null <= want->contains_null;
    if (have->kind != WEIR_TYPE_STRUCT)
        return weir_type_equal(have, want);
    bool same = have->fields_count == want->fields_count;
    for (int32_t i = 0; same && i < have->fields_count; i++)
        same = fits(have->fields[i].type, want->fields[i].type) &&
               have->fields[i].nullable <= want->fields[i].nullable;
    return same;
}

/* The relation of the blocks, with the names and types of `wanted` where the client gave a schema. */
static weir_code make_relation(local_rows *rows, const weir_type *wanted, weir_node **ret) {
    weir_decode *d = rows->d;
    weir_node_local_relation *local = WEIR_NODE_NEW(d->arena, LOCAL_RELATION, local_relation);
    local->blocks.size = rows->blocks.size;
    char *bytes = weir_strbuf_steal(&rows->blocks);
    local->blocks.data = bytes;
    weir_arena_on_reset(d->arena, free_text, bytes);
    local->schema = rows->schema ? rows->schema : wanted;
    *ret = &local->node;
    if (!wanted || !rows->schema)
        return WEIR_OK;
    if (wanted->fields_count != rows->schema->fields_count)
        return weir_error_failf(d->err, WEIR_INVALID_ARGUMENT,
                                "requirement failed: the local relation has %d columns, its schema %d",
                                rows->schema->fields_count, wanted->fields_count);
    weir_str_list names = {WEIR_NEW_ARRAY(d->arena, weir_str, wanted->fields_count + 1), 0};
    for (; names.count < wanted->fields_count; names.count++)
        names.items[names.count] = wanted->fields[names.count].name;
    if (fits(rows->schema, wanted)) {
        local->schema = wanted; /* by place: clients make equal names differ on the way */
        return WEIR_OK;
    }
    weir_node_column_aliases *renamed = WEIR_NODE_NEW(d->arena, COLUMN_ALIASES, column_aliases);
    renamed->child = &local->node;
    renamed->names = names;
    weir_node_to_schema *fitted = WEIR_NODE_NEW(d->arena, TO_SCHEMA, to_schema);
    fitted->child = &renamed->node;
    fitted->schema = wanted;
    *ret = &fitted->node;
    return WEIR_OK;
}

static weir_code find_blob(weir_decode *d, const char *hash, weir_str *ret) {
    const weir_connect_scope *scope = d->scope;
    *ret = (weir_str){0};
    if (scope->find_blob)
        WEIR_TRY(scope->find_blob(scope->self, d->arena, weir_decode_text(hash), ret, d->err));
    if (!ret->data)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__CANNOT_FIND_CACHED_LOCAL_RELATION, "hash",
                                hash ? hash : "", NULL);
    return WEIR_OK;
}

static weir_code inline_rows(local_rows *rows, const Spark__Connect__LocalRelation *m,
                             const weir_type **ret_wanted) {
    weir_decode *d = rows->d;
    if (m->schema && m->schema[0])
        WEIR_TRY(weir_decode_schema(d->arena, weir_str_from(m->schema), ret_wanted, d->err));
    if (m->has_data)
        return add_stream(rows, weir_str_make((const char *)m->data.data, m->data.len));
    if (*ret_wanted)
        return WEIR_OK;
    return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__SCHEMA_REQUIRED_FOR_LOCAL_RELATION, NULL);
}

/* The artifact is a LocalRelation message. */
static weir_code cached_rows(local_rows *rows, const Spark__Connect__CachedLocalRelation *m,
                             const weir_type **ret_wanted) {
    weir_decode *d = rows->d;
    weir_str blob;
    ProtobufCMessage *message;
    WEIR_TRY(find_blob(d, m->hash, &blob));
    WEIR_TRY(
        weir_connect_unpack(d->arena, blob, &spark__connect__local_relation__descriptor, &message, d->err));
    return inline_rows(rows, (const Spark__Connect__LocalRelation *)message, ret_wanted);
}

static weir_code chunked_rows(local_rows *rows, const Spark__Connect__ChunkedCachedLocalRelation *m,
                              const weir_type **ret_wanted) {
    weir_decode *d = rows->d;
    weir_str blob;
    if (m->n_datahashes == 0)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA,
                                NULL);
    if (m->schemahash) {
        WEIR_TRY(find_blob(d, m->schemahash, &blob));
        WEIR_TRY(weir_decode_schema(d->arena, blob, ret_wanted, d->err));
    }
    for (size_t i = 0; i < m->n_datahashes; i++) {
        WEIR_TRY(find_blob(d, m->datahashes[i], &blob));
        WEIR_TRY(add_stream(rows, blob));
    }
    return WEIR_OK;
}

weir_code weir_decode_local(weir_decode *d, const Spark__Connect__Relation *m, weir_node **ret) {
    local_rows rows = {.d = d};
    const weir_type *wanted = NULL;
    weir_code code;
    if (m->rel_type_case == SPARK__CONNECT__RELATION__REL_TYPE_LOCAL_RELATION)
        code = inline_rows(&rows, m->local_relation, &wanted);
    else if (m->rel_type_case == SPARK__CONNECT__RELATION__REL_TYPE_CACHED_LOCAL_RELATION)
        code = cached_rows(&rows, m->cached_local_relation, &wanted);
    else
        code = chunked_rows(&rows, m->chunked_cached_local_relation, &wanted);
    if (code == WEIR_OK)
        code = make_relation(&rows, wanted, ret);
    weir_strbuf_fini(&rows.blocks);
    return code;
}
