/* Digests: md5, sha, sha1, sha2, crc32, hmac (OpenSSL's), and xxhash64. One digest context a batch. */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base/hash.h"
#include "common/column/row_codec.h"
#include "common/expr/text_kernel_int.h"

static void digest_context_free(EVP_MD_CTX **context) {
    EVP_MD_CTX_free(*context);
}

static size_t put_digits(const uint8_t *bytes, size_t size, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return size * 2;
}

static const EVP_MD *sha2_of(int32_t bits) {
    switch (bits) {
    case 224:
        return EVP_sha224();
    case 0:
    case 256:
        return EVP_sha256();
    case 384:
        return EVP_sha384();
    case 512:
        return EVP_sha512();
    default:
        return NULL;
    }
}

/* The digest `md`, or sha2 of the second argument's bits where it is NULL; NULL for bits that are none. */
static weir_code digest_rows(const weir_kernel_call *call, const EVP_MD *md, weir_column **ret,
                             weir_error **err) {
    _cleanup_(digest_context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 64, err));
    if (context == NULL)
        return weir_error_oom(err);
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        const EVP_MD *chosen = md ? md : sha2_of(weir_int_arg(call, 1, i));
        if (chosen == NULL) {
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
            continue;
        }
        uint8_t bytes[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (!EVP_DigestInit_ex(context, chosen, NULL) || !EVP_DigestUpdate(context, text.data, text.size) ||
            !EVP_DigestFinal_ex(context, bytes, &size))
            WEIR_FAIL(err, NOT_SUPPORTED, "this digest is not available in the system's OpenSSL");
        char *out = (char *)weir_bytes_room(&writer, (size_t)size * 2, err);
        if (out == NULL)
            return WEIR_OUT_OF_MEMORY;
        weir_bytes_end(&writer, i, put_digits(bytes, size, out));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code md5_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return digest_rows(call, EVP_md5(), ret, err);
}

static weir_code sha1_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return digest_rows(call, EVP_sha1(), ret, err);
}

static weir_code sha2_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return digest_rows(call, NULL, ret, err);
}

/* ---- hmac(key, message[, algorithm]) ---- */
static const EVP_MD *hmac_of(weir_str name) {
    static const struct {
        const char *name;
        const EVP_MD *(*md)(void);
    } algorithms[] = {
        {"SHA-224", EVP_sha224}, {"SHA-256", EVP_sha256}, {"SHA-384", EVP_sha384}, {"SHA-512", EVP_sha512},
        {"SHA-1", EVP_sha1},     {"MD5", EVP_md5},        {"SHA224", EVP_sha224},  {"SHA256", EVP_sha256},
        {"SHA384", EVP_sha384},  {"SHA512", EVP_sha512},  {"SHA1", EVP_sha1},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(algorithms); i++)
        if (weir_str_equal_nocase(name, weir_str_from(algorithms[i].name)))
            return algorithms[i].md();
    return NULL;
}

static weir_code hmac_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 32, err));
    WEIR_EACH(call, i) {
        weir_str key = weir_column_bytes(call->args[0], i), text = weir_column_bytes(call->args[1], i);
        weir_str name = weir_text_arg(call, 2, i, WEIR_STR("SHA-256"));
        const EVP_MD *md = hmac_of(name);
        if (md == NULL) {
            _cleanup_strbuf_ weir_strbuf shown = {0};
            weir_strbuf_addf(&shown, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(name));
            WEIR_RAISE(err, INVALID_PARAMETER_VALUE__HMAC_ALGORITHM, "parameter", "`algorithm`",
                       "functionName", "`hmac`", "algorithm", shown.data);
        }
        if (key.size == 0)
            WEIR_RAISE(err, INVALID_PARAMETER_VALUE__HMAC_CRYPTO_ERROR, "parameter", "`key`", "functionName",
                       "`hmac`", "detailMessage", "Empty key");
        uint8_t bytes[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (HMAC(md, key.data, (int)key.size, (const uint8_t *)text.data, text.size, bytes, &size) == NULL)
            return weir_error_oom(err);
        WEIR_TRY(weir_bytes_put(&writer, i, weir_str_make((const char *)bytes, size), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* ---- crc32 (IEEE 802.3), half a byte at a time ---- */
static uint32_t crc32_of(weir_str bytes) {
    static const uint32_t table[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                                       0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                       0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= (uint8_t)bytes.data[i];
        crc = table[crc & 15] ^ crc >> 4;
        crc = table[crc & 15] ^ crc >> 4;
    }
    return ~crc;
}

static weir_code crc32_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i)
    out[i] = crc32_of(weir_column_bytes(call->args[0], i));
    *ret = column;
    return WEIR_OK;
}

/* ---- xxhash64 ---- */
static weir_code xxhash64_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    uint64_t *hashes = weir_arena_alloc(call->eval->arena, sizeof(uint64_t) * ((size_t)call->sel.count + 1));
    weir_code code =
        weir_columns_xxhash64(call->args, call->args_count, &call->sel, WEIR_MURMUR3_SEED, hashes, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    int64_t *out = weir_column_values(column);
    for (int32_t k = 0; k < call->sel.count; k++)
        out[weir_sel_row(&call->sel, k)] = (int64_t)hashes[k];
    *ret = column;
    return WEIR_OK;
}

const weir_function weir_digest_functions[] = {
    WEIR_TEXT_FUNCTION("md5", md5_kernel, 1, 1, "binary -> string"),
    WEIR_TEXT_FUNCTION("sha", sha1_kernel, 1, 1, "binary -> string"),
    WEIR_TEXT_FUNCTION("sha1", sha1_kernel, 1, 1, "binary -> string"),
    WEIR_TEXT_FUNCTION("sha2", sha2_kernel, 2, 2, "binary; int -> string"),
    WEIR_TEXT_FUNCTION("hmac", hmac_kernel, 2, 3, "binary; binary; string -> binary"),
    WEIR_TEXT_FUNCTION("crc32", crc32_kernel, 1, 1, "binary -> long"),
    {.name = "xxhash64",
     .args_min = 1,
     .args_max = -1,
     .flags = WEIR_FN_NEVER_NULL,
     .resolve = weir_resolve_hash,
     .eval = xxhash64_kernel},
};
WEIR_FAMILY_COUNT(digest)
