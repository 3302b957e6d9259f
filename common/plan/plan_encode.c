/* Binary form of plans: the wire to executors and the fingerprint in checkpoints. One tag byte of presence,
 * then kind, head and fields in table order; types travel as Spark's JSON, constants as blocks of one row.
 * Decoding checks every length and kind and limits depth; failure is CORRUPT_FILE naming "plan". Any thread.
 */
#include "common/base/assert.h"
#include "common/expr/function.h"
#include "common/plan/plan.h"
#include "common/wire/block.h"

#define DEPTH_MAX 2000
#define FIELD_AT(node, field, ctype) ((ctype *)((char *)(uintptr_t)(node) + (field)->offset))

static void put_u32(weir_strbuf *buf, uint32_t value) {
    weir_strbuf_add(buf, (weir_str){(const char *)&value, 4});
}

static void put_u64(weir_strbuf *buf, uint64_t value) {
    weir_strbuf_add(buf, (weir_str){(const char *)&value, 8});
}

static void put_str(weir_strbuf *buf, weir_str text) {
    put_u32(buf, (uint32_t)text.size);
    weir_strbuf_add(buf, text);
}

static void put_type(weir_strbuf *buf, const weir_type *type) {
    weir_strbuf json = {0};
    if (type)
        weir_type_json(&json, type);
    put_str(buf, weir_strbuf_view(&json));
    weir_strbuf_fini(&json);
}

static void put_column(weir_strbuf *buf, weir_column *column) {
    weir_strbuf block = {0};
    weir_error *err = NULL;
    weir_code code = weir_block_encode_column(&block, column, &err);
    WEIR_ASSERT(code == WEIR_OK);
    put_type(buf, column->type);
    put_str(buf, weir_strbuf_view(&block));
    weir_strbuf_fini(&block);
}

static void put_node(weir_strbuf *buf, const weir_node *node);

static void put_list(weir_strbuf *buf, const weir_node_list *list) {
    put_u32(buf, (uint32_t)list->count);
    for (int32_t i = 0; i < list->count; i++)
        put_node(buf, list->items[i]);
}

static void put_field(weir_strbuf *buf, const weir_node *node, const weir_node_field *field) {
    switch (field->kind) {
    case WEIR_FIELD_PLAN:
        break;
    case WEIR_FIELD_NODE:
        put_node(buf, *FIELD_AT(node, field, weir_node *));
        break;
    case WEIR_FIELD_LIST:
        put_list(buf, FIELD_AT(node, field, weir_node_list));
        break;
    case WEIR_FIELD_STR:
        put_str(buf, *FIELD_AT(node, field, weir_str));
        break;
    case WEIR_FIELD_STRS: {
        const weir_str_list *list = FIELD_AT(node, field, weir_str_list);
        put_u32(buf, (uint32_t)list->count);
        for (int32_t i = 0; i < list->count; i++)
            put_str(buf, list->items[i]);
        break;
    }
    case WEIR_FIELD_INT:
        put_u64(buf, (uint64_t)*FIELD_AT(node, field, int64_t));
        break;
    case WEIR_FIELD_BOOL:
        weir_strbuf_add_char(buf, *FIELD_AT(node, field, bool) ? 1 : 0);
        break;
    case WEIR_FIELD_TYPE:
        put_type(buf, *FIELD_AT(node, field, const weir_type *));
        break;
    case WEIR_FIELD_COLUMN:
        put_column(buf, *FIELD_AT(node, field, weir_column *));
        break;
    case WEIR_FIELD_OPTIONS: {
        const weir_options *options = FIELD_AT(node, field, weir_options);
        put_u32(buf, (uint32_t)options->count);
        for (int32_t i = 0; i < options->count; i++) {
            put_str(buf, options->items[i].key);
            put_str(buf, options->items[i].value);
        }
        break;
    }
    case WEIR_FIELD_FUNC:
        put_str(buf, weir_str_from((*FIELD_AT(node, field, const weir_function *))->name));
        break;
    }
}

static void put_node(weir_strbuf *buf, const weir_node *node) {
    weir_strbuf_add_char(buf, node ? 1 : 0);
    if (!node)
        return;
    put_u32(buf, (uint32_t)node->kind);
    weir_strbuf_add_char(buf, (char)((node->resolved ? 1 : 0) | (node->nullable ? 2 : 0)));
    put_u32(buf, (uint32_t)node->start);
    put_u32(buf, (uint32_t)node->stop);
    put_type(buf, node->type);
    weir_node_info info = weir_node_describe(node->kind);
    for (int32_t i = 0; i < info.fields_count; i++)
        put_field(buf, node, &info.fields[i]);
}

void weir_node_encode(weir_strbuf *buf, const weir_node *node) {
    put_node(buf, node);
}

typedef struct reader {
    weir_arena *arena;
    const char *at, *end;
    weir_error **err;
    int depth;
} reader;

static weir_code bad(reader *r, const char *reason) {
    WEIR_RAISE(r->err, CORRUPT_FILE, "path", "plan", "reason", reason);
}

static weir_code take(reader *r, void *ret, size_t size) {
    if ((size_t)(r->end - r->at) < size)
        return bad(r, "it ends too early");
    memcpy(ret, r->at, size);
    r->at += size;
    return WEIR_OK;
}

static weir_code take_str(reader *r, weir_str *ret) {
    uint32_t size = 0;
    WEIR_TRY(take(r, &size, 4));
    if ((size_t)(r->end - r->at) < size)
        return bad(r, "a text passes the end");
    *ret = weir_arena_str(r->arena, (weir_str){r->at, size});
    r->at += size;
    return WEIR_OK;
}

/* A count of items of at least `bytes_each` encoded bytes: bounded by what is left, so it caps allocation. */
static weir_code take_count(reader *r, size_t bytes_each, int32_t *ret) {
    uint32_t count = 0;
    WEIR_TRY(take(r, &count, 4));
    if (count > (size_t)(r->end - r->at) / bytes_each)
        return bad(r, "a list passes the end");
    *ret = (int32_t)count;
    return WEIR_OK;
}

static weir_code take_type(reader *r, const weir_type **ret) {
    weir_str json;
    WEIR_TRY(take_str(r, &json));
    *ret = NULL;
    return json.size ? weir_type_parse_json(r->arena, json, ret, r->err) : WEIR_OK;
}

static void drop_column(void *ptr) {
    weir_column_unref(ptr);
}

static weir_code take_column(reader *r, weir_column **ret) {
    const weir_type *type;
    weir_str bytes;
    WEIR_TRY(take_type(r, &type));
    WEIR_TRY(take_str(r, &bytes));
    if (!type)
        return bad(r, "a constant without type");
    WEIR_TRY(weir_block_decode_column(type, 1, bytes, "plan", ret, r->err));
    weir_arena_on_reset(r->arena, drop_column, *ret);
    return WEIR_OK;
}

static weir_code take_node(reader *r, weir_node **ret);

static weir_code take_strs(reader *r, weir_str_list *ret) {
    WEIR_TRY(take_count(r, 4, &ret->count));
    ret->items = WEIR_NEW_ARRAY(r->arena, weir_str, ret->count);
    for (int32_t i = 0; i < ret->count; i++)
        WEIR_TRY(take_str(r, &ret->items[i]));
    return WEIR_OK;
}

static weir_code take_options(reader *r, weir_options *ret) {
    WEIR_TRY(take_count(r, 8, &ret->count));
    ret->items = WEIR_NEW_ARRAY(r->arena, weir_option, ret->count);
    for (int32_t i = 0; i < ret->count; i++) {
        WEIR_TRY(take_str(r, &ret->items[i].key));
        WEIR_TRY(take_str(r, &ret->items[i].value));
    }
    return WEIR_OK;
}

static weir_code take_list(reader *r, weir_node_list *ret) {
    WEIR_TRY(take_count(r, 1, &ret->count));
    ret->items = WEIR_NEW_ARRAY(r->arena, weir_node *, ret->count);
    for (int32_t i = 0; i < ret->count; i++)
        WEIR_TRY(take_node(r, &ret->items[i]));
    return WEIR_OK;
}

static weir_code take_function(reader *r, const weir_function **ret) {
    weir_str name;
    WEIR_TRY(take_str(r, &name));
    *ret = weir_function_find(name);
    return *ret ? WEIR_OK : bad(r, "an unknown function");
}

static weir_code take_field(reader *r, weir_node *node, const weir_node_field *field) {
    uint8_t byte;
    switch (field->kind) {
    case WEIR_FIELD_PLAN:
        return bad(r, "a sub-query");
    case WEIR_FIELD_NODE:
        return take_node(r, FIELD_AT(node, field, weir_node *));
    case WEIR_FIELD_LIST:
        return take_list(r, FIELD_AT(node, field, weir_node_list));
    case WEIR_FIELD_STR:
        return take_str(r, FIELD_AT(node, field, weir_str));
    case WEIR_FIELD_STRS:
        return take_strs(r, FIELD_AT(node, field, weir_str_list));
    case WEIR_FIELD_INT:
        return take(r, FIELD_AT(node, field, int64_t), 8);
    case WEIR_FIELD_BOOL:
        WEIR_TRY(take(r, &byte, 1));
        *FIELD_AT(node, field, bool) = byte != 0;
        return WEIR_OK;
    case WEIR_FIELD_TYPE:
        return take_type(r, FIELD_AT(node, field, const weir_type *));
    case WEIR_FIELD_COLUMN:
        return take_column(r, FIELD_AT(node, field, weir_column *));
    case WEIR_FIELD_OPTIONS:
        return take_options(r, FIELD_AT(node, field, weir_options));
    case WEIR_FIELD_FUNC:
        return take_function(r, FIELD_AT(node, field, const weir_function *));
    }
    return bad(r, "an unknown field");
}

static weir_code take_node(reader *r, weir_node **ret) {
    uint8_t present, flags;
    uint32_t kind, start, stop;
    *ret = NULL;
    WEIR_TRY(take(r, &present, 1));
    if (!present)
        return WEIR_OK;
    WEIR_TRY(take(r, &kind, 4));
    if (kind >= WEIR_NODE_COUNT)
        return bad(r, "an unknown node kind");
    if (++r->depth > DEPTH_MAX)
        return bad(r, "nested too deeply");
    WEIR_TRY(take(r, &flags, 1));
    WEIR_TRY(take(r, &start, 4));
    WEIR_TRY(take(r, &stop, 4));
    weir_node *node = weir_node_new(r->arena, (weir_node_kind)kind);
    node->resolved = flags & 1;
    node->nullable = (flags & 2) != 0;
    node->start = (int32_t)start;
    node->stop = (int32_t)stop;
    WEIR_TRY(take_type(r, &node->type));
    weir_node_info info = weir_node_describe(node->kind);
    for (int32_t i = 0; i < info.fields_count; i++)
        WEIR_TRY(take_field(r, node, &info.fields[i]));
    r->depth--;
    *ret = node;
    return WEIR_OK;
}

weir_code weir_node_decode(weir_arena *arena, weir_str bytes, weir_node **ret, weir_error **err) {
    reader r = {arena, bytes.data, bytes.data + bytes.size, err, 0};
    WEIR_TRY(take_node(&r, ret));
    return r.at == r.end && *ret ? WEIR_OK : bad(&r, "bytes behind the end");
}
