/* Plans of Spark Connect: coverage of the wire, hostile bytes, compressed plans, local rows and types. What
 * plans mean is compared with Spark's own answers in tests/golden/golden_connect.c. */
#include <zstd.h>

#include "common/base/alloc.h"
#include "driver/connect/decode_int.h"
#include "tests/lib/connect_scope.h"
#include "tests/lib/weir_test.h"

/* ---- coverage ---- */

typedef struct covered {
    const ProtobufCMessageDescriptor *descriptor;
    const char *name;
    const char *beside; /* a field that stands beside the oneof */
} covered;

static const covered covered_messages[] = {
    {&spark__connect__relation__descriptor, "Relation", "common"},
    {&spark__connect__expression__descriptor, "Expression", "common"},
    {&spark__connect__expression__literal__descriptor, "Literal", "data_type"},
    {&spark__connect__data_type__descriptor, "DataType", ""},
    {&spark__connect__command__descriptor, "Command", ""},
    {&spark__connect__streaming_query_command__descriptor, "StreamingQueryCommand", "query_id"},
    {&spark__connect__streaming_query_manager_command__descriptor, "StreamingQueryManagerCommand", ""},
    {&spark__connect__streaming_query_listener_bus_command__descriptor, "StreamingQueryListenerBusCommand",
     ""},
    {&spark__connect__catalog__descriptor, "Catalog", ""},
    {&spark__connect__analyze_plan_request__descriptor, "AnalyzePlanRequest", ""},
};

static int32_t entries_of(const char *message, const char *field) {
    int32_t count = 0;
    const weir_coverage_entry *entry;
    for (int32_t i = 0; (entry = weir_coverage_at(i)); i++)
        count += strcmp(entry->message, message) == 0 && (!field || strcmp(entry->field, field) == 0);
    return count;
}

WEIR_TEST(connect_plan, every_member_of_a_request_is_listed_once) {
    int32_t listed = 0, members = 0;
    for (size_t m = 0; m < WEIR_ARRAY_LEN(covered_messages); m++) {
        const covered *c = &covered_messages[m];
        listed += entries_of(c->name, NULL);
        for (unsigned f = 0; f < c->descriptor->n_fields; f++) {
            const ProtobufCFieldDescriptor *field = &c->descriptor->fields[f];
            if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
                continue;
            members++;
            cr_expect_eq(entries_of(c->name, field->name), 1, "%s.%s is listed %d times", c->name,
                         field->name, entries_of(c->name, field->name));
        }
    }
    int32_t all = 0;
    while (weir_coverage_at(all))
        all++;
    cr_expect_eq(listed, members, "%d entries for %d members", listed, members);
    cr_expect_eq(all, members, "an entry of a message that the test does not know");
}

/* A message of `descriptor` that holds only an empty member, as bytes. */
static void put_member(weir_strbuf *buf, const ProtobufCFieldDescriptor *field) {
    bool number = field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING &&
                  field->type != PROTOBUF_C_TYPE_BYTES;
    int wire = !number                                 ? 2
               : field->type == PROTOBUF_C_TYPE_DOUBLE ? 1
               : field->type == PROTOBUF_C_TYPE_FLOAT  ? 5
                                                       : 0;
    uint32_t tag = field->id << 3 | (uint32_t)wire;
    for (; tag >= 128; tag >>= 7)
        weir_strbuf_add_char(buf, (char)(tag | 128));
    weir_strbuf_add_char(buf, (char)tag);
    weir_strbuf_add_repeat(buf, 0, wire == 1 ? 8 : wire == 5 ? 4 : 1);
}

static weir_code decode_member(weir_arena *arena, const covered *c, const ProtobufCFieldDescriptor *field,
                               weir_error **err) {
    weir_strbuf bytes _cleanup_strbuf_ = {0};
    ProtobufCMessage *message;
    connect_scope s;
    connect_scope_init(&s, arena);
    put_member(&bytes, field);
    weir_code code = weir_connect_unpack(arena, weir_strbuf_view(&bytes), c->descriptor, &message, err);
    weir_decode d = {.arena = arena, .scope = &s.scope, .err = err};
    weir_node *node;
    const weir_type *type;
    weir_connect_plan plan = {0};
    Spark__Connect__AnalyzePlanResponse response;
    if (code == WEIR_OK && strcmp(c->name, "Relation") == 0)
        code = weir_connect_decode_relation(arena, &s.scope, (void *)message, &plan, err);
    else if (code == WEIR_OK && strcmp(c->name, "Expression") == 0)
        code = weir_decode_expression(&d, (void *)message, &node);
    else if (code == WEIR_OK && strcmp(c->name, "Literal") == 0)
        code = weir_decode_literal(&d, (void *)message, &node);
    else if (code == WEIR_OK && strcmp(c->name, "DataType") == 0)
        code = weir_connect_type_decode(arena, (void *)message, &type, err);
    else if (code == WEIR_OK && strcmp(c->name, "Command") == 0)
        code = weir_decode_command(&d, (void *)message, &plan);
    else if (code == WEIR_OK && strcmp(c->name, "AnalyzePlanRequest") == 0)
        code = weir_connect_analyze(arena, &s.scope, (void *)message, &response, err);
    else if (code == WEIR_OK)
        code = weir_coverage_check(message, "command", (int)field->id, err);
    connect_scope_fini(&s);
    return code;
}

WEIR_TEST(connect_plan, what_is_refused_is_refused_by_its_name_and_nothing_else_is) {
    for (size_t m = 0; m < WEIR_ARRAY_LEN(covered_messages); m++) {
        const covered *c = &covered_messages[m];
        const weir_coverage_entry *entry;
        for (int32_t i = 0; (entry = weir_coverage_at(i)); i++) {
            if (strcmp(entry->message, c->name) != 0)
                continue;
            weir_arena *arena _cleanup_arena_ = weir_arena_new();
            weir_error *err _cleanup_error_ = NULL;
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field_by_name(c->descriptor, entry->field);
            weir_code code = decode_member(arena, c, field, &err);
            bool refused = code == WEIR_UNSUPPORTED_FEATURE;
            if (entry->verdict == WEIR_COVERAGE_REFUSED)
                cr_expect(refused && strstr(weir_error_message(err), entry->what), "%s.%s: %s", c->name,
                          entry->field, err ? weir_error_text(err) : "served");
            else
                cr_expect(!refused && code != WEIR_CONNECT_INVALID_PLAN__INVALID_ONE_OF_FIELD_NOT_SUPPORTED,
                          "%s.%s: %s", c->name, entry->field, weir_error_text(err));
        }
    }
}

/* ---- hostile bytes ---- */

/* A filter nested `depth` times around a range, as bytes of a Relation. */
static void put_nested(weir_strbuf *buf, int32_t depth) {
    weir_strbuf inner = {0};
    weir_strbuf_add(&inner, weir_str_make("\x7a\x04\x10\x0a\x18\x01", 6)); /* range {end 10, step 1} */
    for (int32_t i = 0; i < depth; i++) {
        weir_strbuf input = {0}, outer = {0};
        for (int level = 0; level < 2; level++) {
            weir_strbuf *from = level ? &input : &inner, *to = level ? &outer : &input;
            weir_strbuf_add_char(to, level ? 0x42 : 0x0a); /* limit#8, input#1 */
            size_t size = from->size;
            for (; size >= 128; size >>= 7)
                weir_strbuf_add_char(to, (char)(size | 128));
            weir_strbuf_add_char(to, (char)size);
            weir_strbuf_add(to, weir_strbuf_view(from));
        }
        weir_strbuf_fini(&inner);
        weir_strbuf_fini(&input);
        inner = outer;
    }
    weir_strbuf_add(buf, weir_strbuf_view(&inner));
    weir_strbuf_fini(&inner);
}

WEIR_TEST(connect_plan, nesting_is_served_up_to_the_limit_and_refused_beyond) {
    static const struct {
        int32_t depth;
        bool served;
    } cases[] = {{1, true}, {500, true}, {513, false}, {20000, false}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        weir_error *err _cleanup_error_ = NULL;
        weir_strbuf bytes _cleanup_strbuf_ = {0};
        ProtobufCMessage *message;
        weir_connect_plan plan;
        connect_scope s;
        connect_scope_init(&s, arena);
        put_nested(&bytes, cases[i].depth);
        weir_code code = weir_connect_unpack(arena, weir_strbuf_view(&bytes),
                                             &spark__connect__relation__descriptor, &message, &err);
        if (code == WEIR_OK)
            code = weir_connect_decode_relation(arena, &s.scope, (void *)message, &plan, &err);
        if (code == WEIR_OK)
            code = weir_connect_resolve(arena, &s.scope, &plan, &err);
        cr_expect_eq(code == WEIR_OK, cases[i].served, "depth %d: %s", cases[i].depth,
                     err ? weir_error_text(err) : "served");
        connect_scope_fini(&s);
    }
}

WEIR_TEST(connect_plan, texts_must_be_utf8_without_nul) {
    static const struct {
        weir_str bytes; /* of an Expression: expression_string {expression} */
        bool good;
    } cases[] = {
        {{"\x22\x03\x0a\x01\x61", 5}, true},
        {{"\x22\x04\x0a\x02\xc3\xa9", 6}, true},
        {{"\x22\x03\x0a\x01\x00", 5}, false},
        {{"\x22\x03\x0a\x01\xff", 5}, false},
        {{"\x22\x04\x0a\x02\xc0\xaf", 6}, false},
        {{"\x22\x05\x0a\x03\xed\xa0\x80", 7}, false},
        {{"\x22\x06\x0a\x04\xf4\x90\x80\x80", 8}, false},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        weir_error *err _cleanup_error_ = NULL;
        ProtobufCMessage *message;
        weir_code code = weir_connect_unpack(arena, cases[i].bytes, &spark__connect__expression__descriptor,
                                             &message, &err);
        cr_expect_eq(code == WEIR_OK, cases[i].good, "case %zu", i);
    }
}

/* ---- compressed plans ---- */

static weir_code decode_compressed(weir_str packed, int op, int codec, weir_connect_plan *ret,
                                   weir_arena *arena, weir_error **err) {
    Spark__Connect__Plan plan = SPARK__CONNECT__PLAN__INIT;
    Spark__Connect__Plan__CompressedOperation body = SPARK__CONNECT__PLAN__COMPRESSED_OPERATION__INIT;
    connect_scope s;
    connect_scope_init(&s, arena);
    body.data = (ProtobufCBinaryData){packed.size, (uint8_t *)(uintptr_t)packed.data};
    body.op_type = (Spark__Connect__Plan__CompressedOperation__OpType)op;
    body.compression_codec = (Spark__Connect__CompressionCodec)codec;
    plan.op_type_case = SPARK__CONNECT__PLAN__OP_TYPE_COMPRESSED_OPERATION;
    plan.compressed_operation = &body;
    weir_code code = weir_connect_decode(arena, &s.scope, &plan, ret, err);
    connect_scope_fini(&s);
    return code;
}

WEIR_TEST(connect_plan, compressed_plans_open_within_their_limit) {
    weir_arena *arena _cleanup_arena_ = weir_arena_new();
    weir_error *err _cleanup_error_ = NULL;
    weir_strbuf plain _cleanup_strbuf_ = {0};
    weir_connect_plan plan;
    uint8_t packed[256];
    put_nested(&plain, 3);
    size_t size = ZSTD_compress(packed, sizeof packed, plain.data, plain.size, 3);
    weir_str bytes = {(const char *)packed, size};
    CHECK_OK(decode_compressed(bytes, 1, 1, &plan, arena, &err));
    cr_expect_eq(plan.action, WEIR_CONNECT_ROWS);
    CHECK_FAILS(CONNECT_INVALID_PLAN__INVALID_ENUM, decode_compressed(bytes, 1, 0, &plan, arena, &err));
    CHECK_FAILS(CONNECT_INVALID_PLAN__INVALID_ENUM, decode_compressed(bytes, 9, 1, &plan, arena, &err));
    for (size_t cut = 0; cut < size; cut++)
        CHECK_FAILS(CONNECT_INVALID_PLAN__CANNOT_PARSE,
                    decode_compressed(weir_str_make(bytes.data, cut), 1, 1, &plan, arena, &err));
    /* 256 MiB of zeros in a few KiB */
    size_t bomb_size = (size_t)256 << 20;
    uint8_t *zeros = weir_alloc_zero(bomb_size, 1), *bomb = weir_alloc(ZSTD_compressBound(bomb_size));
    size = ZSTD_compress(bomb, ZSTD_compressBound(bomb_size), zeros, bomb_size, 1);
    weir_free(zeros);
    CHECK_FAILS(CONNECT_INVALID_PLAN__CANNOT_PARSE,
                decode_compressed(weir_str_make((const char *)bomb, size), 1, 1, &plan, arena, &err));
    weir_free(bomb);
}

/* ---- types ---- */

WEIR_TEST(connect_plan, types_survive_the_message_and_back) {
    static const char *const types[] = {
        "void",
        "boolean",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "decimal(38,18)",
        "string",
        "char(3)",
        "varchar(7)",
        "binary",
        "date",
        "time(3)",
        "timestamp",
        "timestamp_ntz",
        "interval year",
        "interval year to month",
        "interval day to minute",
        "interval second",
        "interval",
        "variant",
        "array<int>",
        "map<string,array<decimal(4,2)>>",
        "struct<a: int NOT NULL COMMENT 'it''s', `b c`: struct<d: string>>",
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(types); i++) {
        weir_arena *arena _cleanup_arena_ = weir_arena_new();
        weir_error *err _cleanup_error_ = NULL;
        const weir_type *type, *back;
        weir_strbuf bytes _cleanup_strbuf_ = {0}, json _cleanup_strbuf_ = {0},
                          json_back _cleanup_strbuf_ = {0};
        ProtobufCMessage *message;
        CHECK_OK(weir_type_parse(arena, weir_str_from(types[i]), &type, &err));
        weir_connect_pack(&bytes, &weir_connect_type_message(arena, type)->base);
        CHECK_OK(weir_connect_unpack(arena, weir_strbuf_view(&bytes), &spark__connect__data_type__descriptor,
                                     &message, &err));
        CHECK_OK(weir_connect_type_decode(arena, (void *)message, &back, &err));
        weir_type_json(&json, type);
        weir_type_json(&json_back, back);
        CHECK_TEXT(json_back.data, json.data);
    }
}
