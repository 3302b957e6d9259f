/* Bytes of a client to messages (connect_plan.h): the first thing that touches what strangers sent. Depth,
 * number of elements and estimated allocation are capped before protobuf-c, which recurses and allocates for
 * whatever is announced, sees a byte. Failures: CONNECT_INVALID_PLAN.CANNOT_PARSE. Any thread. */
#include <zstd.h>

#include "common/base/alloc.h"
#include "common/rpc/prescan.h"
#include "driver/connect/decode_int.h"

/* As Spark's spark.connect.grpc.marshallerRecursionLimit; PySpark itself stops at 100. */
#define DEPTH_MAX 1024
/* A plan of 128 MiB with local rows has few elements; one of many expressions has few bytes each. So what a
 * message may cost grows with its size: a small one that announces much is refused. */
#define ELEMENTS_MAX INT64_C(1000000)
#define BYTES_MAX (INT64_C(64) << 20)
#define DECOMPRESSED_MAX ((size_t)128 << 20) /* as much as an uncompressed request may have */

static void *allocate(void *data, size_t size) {
    return weir_arena_alloc(data, size ? size : 1);
}

/* Memory goes with the arena. */
static void forget(void *data, void *pointer) {
    (void)data, (void)pointer;
}

static weir_code cannot_parse(weir_error **err, const char *reason) {
    WEIR_RAISE(err, CONNECT_INVALID_PLAN__CANNOT_PARSE, "errorMsg", reason);
}

weir_code weir_connect_unpack(weir_arena *arena, weir_str bytes, const ProtobufCMessageDescriptor *descriptor,
                              ProtobufCMessage **ret, weir_error **err) {
    _cleanup_error_ weir_error *reason = NULL;
    weir_prescan_limits limits = {DEPTH_MAX, ELEMENTS_MAX + (int64_t)bytes.size / 16,
                                  BYTES_MAX + (int64_t)bytes.size * 8, true};
    if (weir_prescan(bytes, descriptor, &limits, &reason) != WEIR_OK)
        return cannot_parse(err, weir_error_message(reason));
    ProtobufCAllocator allocator = {.alloc = allocate, .free = forget, .allocator_data = arena};
    *ret = protobuf_c_message_unpack(descriptor, &allocator, bytes.size, (const uint8_t *)bytes.data);
    return *ret ? WEIR_OK : cannot_parse(err, "malformed message");
}

void weir_connect_pack(weir_strbuf *buf, const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    weir_strbuf_reserve(buf, size + 1);
    protobuf_c_message_pack(message, (uint8_t *)buf->data + buf->size);
    buf->size += size;
    buf->data[buf->size] = 0;
}

/* Grows with what comes out, not with what the frame's head announces. */
static weir_code decompress(weir_arena *arena, const ProtobufCBinaryData *data, weir_str *ret,
                            weir_error **err) {
    size_t capacity = WEIR_MIN(WEIR_MAX(data->len * 4, (size_t)4096), DECOMPRESSED_MAX);
    uint8_t *out = weir_alloc(capacity);
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {data->data, data->len, 0};
    ZSTD_outBuffer output = {out, capacity, 0};
    const char *reason = NULL;
    size_t left = 1;
    while (!reason && left != 0) {
        if (output.pos == output.size) {
            if (output.size == DECOMPRESSED_MAX) {
                reason = "the decompressed plan is larger than 134217728 bytes";
                break;
            }
            output.size = WEIR_MIN(output.size * 2, DECOMPRESSED_MAX);
            output.dst = out = weir_realloc(out, output.size);
        }
        size_t before_in = in.pos, before_out = output.pos;
        left = ZSTD_decompressStream(stream, &output, &in);
        if (ZSTD_isError(left))
            reason = ZSTD_getErrorName(left);
        else if (left != 0 && in.pos == before_in && output.pos == before_out)
            reason = "the compressed plan is cut";
    }
    if (!reason && in.pos != in.size)
        reason = "bytes behind the compressed plan";
    if (!reason)
        *ret = weir_arena_str(arena, weir_str_make((const char *)out, output.pos));
    ZSTD_freeDStream(stream);
    weir_free(out);
    return reason ? cannot_parse(err, reason) : WEIR_OK;
}

weir_code weir_decode_compressed(weir_arena *arena,
                                 const Spark__Connect__Plan__CompressedOperation *operation,
                                 Spark__Connect__Plan *ret, weir_error **err) {
    if (operation->compression_codec != SPARK__CONNECT__COMPRESSION_CODEC__COMPRESSION_CODEC_ZSTD)
        return weir_decode_bad_enum(err, "spark.connect.Plan.CompressedOperation.compression_codec",
                                    (int)operation->compression_codec);
    bool relation =
        operation->op_type == SPARK__CONNECT__PLAN__COMPRESSED_OPERATION__OP_TYPE__OP_TYPE_RELATION;
    if (!relation &&
        operation->op_type != SPARK__CONNECT__PLAN__COMPRESSED_OPERATION__OP_TYPE__OP_TYPE_COMMAND)
        return weir_decode_bad_enum(err, "spark.connect.Plan.CompressedOperation.op_type",
                                    (int)operation->op_type);
    weir_str bytes = {0};
    WEIR_TRY(decompress(arena, &operation->data, &bytes, err));
    const ProtobufCMessageDescriptor *descriptor =
        relation ? &spark__connect__relation__descriptor : &spark__connect__command__descriptor;
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_connect_unpack(arena, bytes, descriptor, &message, err));
    spark__connect__plan__init(ret);
    if (relation) {
        ret->op_type_case = SPARK__CONNECT__PLAN__OP_TYPE_ROOT;
        ret->root = (Spark__Connect__Relation *)message;
    } else {
        ret->op_type_case = SPARK__CONNECT__PLAN__OP_TYPE_COMMAND;
        ret->command = (Spark__Connect__Command *)message;
    }
    return WEIR_OK;
}
