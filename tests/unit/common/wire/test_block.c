/* Blocks: every type there and back, nulls and all, and damage refused. */
#include "common/wire/block.h"

#include "common/column/builder.h"
#include "tests/lib/weir_test.h"

static const char schema_text[] =
    "a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(38,10), "
    "i STRING, j BINARY, "
    "k DATE, l TIMESTAMP, m ARRAY<STRING>, n MAP<STRING, INT>, o STRUCT<x: INT, y: ARRAY<BIGINT>>, p VOID";

/* Appends a value of the type that depends on `seed`, nulls among them. */
static void append(weir_builder *b, int seed) {
    char bytes[32];
    memset(bytes, seed, sizeof bytes);
    if (seed % 5 == 0) {
        cr_assert(weir_builder_null(b));
        return;
    }
    switch ((int)b->type->kind) {
    case WEIR_TYPE_NULL:
        cr_assert(weir_builder_null(b));
        return;
    case WEIR_TYPE_BOOLEAN:
        cr_assert(weir_builder_bool(b, seed & 1));
        return;
    case WEIR_TYPE_STRUCT:
        for (int i = 0; i < b->children_count; i++)
            append(&b->children[i], seed + i + 1);
        cr_assert(weir_builder_struct_end(b));
        return;
    case WEIR_TYPE_ARRAY:
    case WEIR_TYPE_MAP:
        for (int n = 0; n < seed % 4; n++) {
            append(&b->children[0], seed + 1);
            if (b->children_count > 1)
                append(&b->children[1], seed + n);
        }
        cr_assert(weir_builder_list_end(b));
        return;
    default:
        break;
    }
    if (weir_type_is_bytes(b->type)) {
        cr_assert(weir_builder_bytes(b, bytes, (size_t)(seed % 20)));
        return;
    }
    cr_assert(weir_builder_grow(b, 1));
    size_t width = (size_t)weir_type_width(b->type);
    memcpy(b->values + width * (size_t)b->length, bytes, width);
    weir_bit_set(b->validity, b->length++);
}

static weir_batch *make_batch(const weir_type *schema, int rows) {
    weir_column *columns[16];
    weir_error *err = NULL;
    for (int c = 0; c < schema->fields_count; c++) {
        weir_builder b;
        CHECK_OK(weir_builder_init(&b, NULL, schema->fields[c].type, 1, &err));
        for (int row = 0; row < rows; row++)
            append(&b, row * 7 + c);
        CHECK_OK(weir_builder_finish(&b, &columns[c], &err));
        weir_builder_fini(&b);
    }
    return weir_batch_new(schema, rows, columns, schema->fields_count);
}

static weir_buffer *encode(const weir_batch *batch) {
    weir_strbuf bytes = {0};
    weir_error *err = NULL;
    CHECK_OK(weir_block_encode(&bytes, batch, &err));
    weir_buffer *buffer = weir_buffer_new(NULL, bytes.size);
    memcpy(buffer->data, bytes.data, bytes.size);
    weir_strbuf_fini(&bytes);
    return buffer;
}

WEIR_TEST(block, gives_back_every_type) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const weir_type *schema;
    CHECK_OK(weir_schema_parse(arena, WEIR_STR(schema_text), &schema, &err));
    for (int rows = 0; rows < 70; rows += 23) {
        weir_batch *batch = make_batch(schema, rows), *back = NULL;
        weir_buffer *buffer = encode(batch);
        size_t end;
        CHECK_OK(weir_block_decode(schema, buffer, 0, "block", &back, &end, &err));
        cr_assert_eq(end, buffer->size);
        for (int c = 0; c < schema->fields_count; c++)
            CHECK_OK(weir_column_verify(back->columns[c], "block", &err));
        weir_buffer *again = encode(back);
        cr_assert_eq(again->size, buffer->size);
        cr_assert_eq(memcmp(again->data, buffer->data, buffer->size), 0);
        weir_buffer_unref(again);
        weir_buffer_unref(buffer);
        weir_batch_unref(back);
        weir_batch_unref(batch);
    }
    weir_arena_free(arena);
}

WEIR_TEST(block, refuses_damage_without_crashing) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const weir_type *schema;
    CHECK_OK(weir_schema_parse(arena, WEIR_STR(schema_text), &schema, &err));
    weir_batch *batch = make_batch(schema, 9);
    weir_buffer *whole = encode(batch);
    int refused = 0;
    for (size_t size = 0; size < whole->size; size += 8) {
        weir_buffer *cut = weir_buffer_new(NULL, size);
        weir_batch *back = NULL;
        size_t end;
        memcpy(cut->data, whole->data, size);
        refused += weir_block_decode(schema, cut, 0, "block", &back, &end, &err) != WEIR_OK;
        weir_error_free_ptr(&err);
        weir_batch_unref(back);
        weir_buffer_unref(cut);
    }
    cr_assert_eq(refused, (int)(whole->size / 8), "every cut block is refused");
    for (size_t at = 0; at < whole->size; at++) {
        weir_batch *back = NULL;
        size_t end;
        whole->data[at] ^= 0x41;
        if (weir_block_decode(schema, whole, 0, "block", &back, &end, &err) == WEIR_OK)
            for (int c = 0; c < schema->fields_count; c++)
                CHECK_OK(weir_column_verify(back->columns[c], "block", &err));
        weir_error_free_ptr(&err);
        weir_batch_unref(back);
        whole->data[at] ^= 0x41;
    }
    weir_buffer_unref(whole);
    weir_batch_unref(batch);
    weir_arena_free(arena);
}
