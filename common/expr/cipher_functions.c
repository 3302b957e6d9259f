/* aes_encrypt, aes_decrypt, try_aes_decrypt on OpenSSL: GCM (the default), CBC and ECB. What is encrypted
 * starts with its initialization vector, but for ECB; a GCM text ends with its tag. One cipher context a
 * batch. */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>

#include "common/expr/text_kernel_int.h"

enum { GCM_IV = 12, GCM_TAG = 16, BLOCK = 16 };

typedef enum aes_mode { AES_ECB, AES_CBC, AES_GCM } aes_mode;

typedef struct request {
    aes_mode mode;
    weir_str text, key, iv, aad;
} request;

#define NAMES "`aes_encrypt`/`aes_decrypt`"

static void cipher_context_free(EVP_CIPHER_CTX **context) {
    EVP_CIPHER_CTX_free(*context);
}

static const EVP_CIPHER *cipher_of(aes_mode mode, size_t key_size) {
    static const EVP_CIPHER *(*const ciphers[3][3])(void) = {
        {EVP_aes_128_ecb, EVP_aes_192_ecb, EVP_aes_256_ecb},
        {EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc},
        {EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm},
    };
    return ciphers[mode][key_size / 8 - 2]();
}

static weir_code fail_size(const char *parameter, size_t size, const char *mode, weir_error **err) {
    char text[24];
    snprintf(text, sizeof(text), "%zu", size);
    if (mode)
        WEIR_RAISE(err, INVALID_PARAMETER_VALUE__AES_IV_LENGTH, "parameter", parameter, "functionName", NAMES,
                   "actualLength", text, "mode", mode);
    WEIR_RAISE(err, INVALID_PARAMETER_VALUE__AES_KEY_LENGTH, "parameter", parameter, "functionName", NAMES,
               "actualLength", text);
}

static weir_code fail_crypto(const char *detail, weir_error **err) {
    WEIR_RAISE(err, INVALID_PARAMETER_VALUE__AES_CRYPTO_ERROR, "parameter", "`expr`, `key`", "functionName",
               NAMES, "detailMessage", detail);
}

static weir_code read_request(const weir_kernel_call *call, int32_t row, bool encrypt, request *ret,
                              weir_error **err) {
    weir_str mode = weir_text_arg(call, 2, row, WEIR_STR("GCM")), none = {"", 0};
    weir_str padding = weir_text_arg(call, 3, row, WEIR_STR("DEFAULT"));
    bool standard = weir_str_equal_nocase(padding, WEIR_STR("DEFAULT"));
    bool pkcs = standard || weir_str_equal_nocase(padding, WEIR_STR("PKCS"));
    ret->text = weir_column_bytes(call->args[0], row);
    ret->key = weir_column_bytes(call->args[1], row);
    ret->iv = encrypt ? weir_text_arg(call, 4, row, none) : none;
    ret->aad = weir_text_arg(call, encrypt ? 5 : 4, row, none);
    if (weir_str_equal_nocase(mode, WEIR_STR("GCM")) &&
        (standard || weir_str_equal_nocase(padding, WEIR_STR("NONE"))))
        ret->mode = AES_GCM;
    else if (weir_str_equal_nocase(mode, WEIR_STR("CBC")) && pkcs)
        ret->mode = AES_CBC;
    else if (weir_str_equal_nocase(mode, WEIR_STR("ECB")) && pkcs)
        ret->mode = AES_ECB;
    else
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "AES-" WEIR_STR_FMT " with the padding " WEIR_STR_FMT " is not supported",
                  WEIR_STR_ARG(mode), WEIR_STR_ARG(padding));
    if (ret->key.size != 16 && ret->key.size != 24 && ret->key.size != 32)
        return fail_size("`key`", ret->key.size, NULL, err);
    if ((ret->mode == AES_ECB && ret->iv.size) || (ret->mode != AES_GCM && ret->aad.size))
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "this AES mode takes no such initialization vector or authenticated data");
    size_t wanted = ret->mode == AES_GCM ? GCM_IV : BLOCK;
    if (ret->iv.size && ret->iv.size != wanted)
        return fail_size("`iv`", ret->iv.size, ret->mode == AES_GCM ? "GCM" : "CBC", err);
    return WEIR_OK;
}

/* Writes vector, text and tag; `out` has room for 48 bytes more than the text. */
static weir_code encrypt_text(EVP_CIPHER_CTX *context, const request *r, uint8_t *out, size_t *ret_size,
                              weir_error **err) {
    size_t iv_size = r->mode == AES_GCM ? GCM_IV : r->mode == AES_CBC ? BLOCK : 0;
    int size = 0, last = 0, ignored;
    if (r->iv.size)
        memcpy(out, r->iv.data, iv_size);
    else if (iv_size && RAND_bytes(out, (int)iv_size) != 1)
        return fail_crypto("no random bytes", err);
    uint8_t *body = out + iv_size;
    if (!EVP_EncryptInit_ex(context, cipher_of(r->mode, r->key.size), NULL, (const uint8_t *)r->key.data,
                            iv_size ? out : NULL) ||
        (r->aad.size &&
         !EVP_EncryptUpdate(context, NULL, &ignored, (const uint8_t *)r->aad.data, (int)r->aad.size)) ||
        !EVP_EncryptUpdate(context, body, &size, (const uint8_t *)r->text.data, (int)r->text.size) ||
        !EVP_EncryptFinal_ex(context, body + size, &last))
        return fail_crypto("the text could not be encrypted", err);
    size += last;
    if (r->mode == AES_GCM) {
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, GCM_TAG, body + size);
        size += GCM_TAG;
    }
    *ret_size = iv_size + (size_t)size;
    return WEIR_OK;
}

static weir_code decrypt_text(EVP_CIPHER_CTX *context, const request *r, uint8_t *out, size_t *ret_size,
                              weir_error **err) {
    size_t iv_size = r->mode == AES_GCM ? GCM_IV : r->mode == AES_CBC ? BLOCK : 0;
    size_t tag_size = r->mode == AES_GCM ? GCM_TAG : 0;
    int size = 0, last = 0, ignored;
    if (r->text.size < iv_size)
        return fail_crypto("Invalid buffer arguments", err);
    if (r->text.size < iv_size + tag_size)
        return fail_crypto("Input data too short to contain an expected tag length of 16bytes", err);
    const uint8_t *iv = (const uint8_t *)r->text.data, *body = iv + iv_size;
    size_t body_size = r->text.size - iv_size - tag_size;
    if (!EVP_DecryptInit_ex(context, cipher_of(r->mode, r->key.size), NULL, (const uint8_t *)r->key.data,
                            iv_size ? iv : NULL) ||
        (r->aad.size &&
         !EVP_DecryptUpdate(context, NULL, &ignored, (const uint8_t *)r->aad.data, (int)r->aad.size)) ||
        !EVP_DecryptUpdate(context, out, &size, body, (int)body_size))
        return fail_crypto("the text could not be decrypted", err);
    uint8_t tag[GCM_TAG];
    if (tag_size) {
        memcpy(tag, body + body_size, tag_size);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, GCM_TAG, tag);
    }
    if (!EVP_DecryptFinal_ex(context, out + size, &last))
        return fail_crypto(tag_size ? "Tag mismatch!"
                           : body_size % BLOCK
                               ? "Input length must be multiple of 16 when decrypting with padded cipher"
                               : "Given final block not properly padded. Such issues can arise if a bad "
                                 "key is used during decryption.",
                           err);
    *ret_size = (size_t)(size + last);
    return WEIR_OK;
}

static weir_code aes_rows(const weir_kernel_call *call, bool encrypt, bool forgiving, weir_column **ret,
                          weir_error **err) {
    _cleanup_(cipher_context_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 48, err));
    if (context == NULL)
        return weir_error_oom(err);
    WEIR_EACH(call, i) {
        request r = {0};
        size_t size = 0;
        weir_code code = read_request(call, i, encrypt, &r, forgiving ? NULL : err);
        uint8_t *out = code == WEIR_OK ? weir_bytes_room(&writer, r.text.size + 48, err) : NULL;
        if (code == WEIR_OK && out == NULL)
            return WEIR_OUT_OF_MEMORY;
        if (code == WEIR_OK)
            code = encrypt ? encrypt_text(context, &r, out, &size, err)
                           : decrypt_text(context, &r, out, &size, forgiving ? NULL : err);
        if (code != WEIR_OK && !forgiving)
            return code;
        if (code == WEIR_OK)
            weir_bytes_end(&writer, i, size);
        else
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code aes_encrypt_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return aes_rows(call, true, false, ret, err);
}

static weir_code aes_decrypt_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return aes_rows(call, false, false, ret, err);
}

static weir_code try_aes_decrypt_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return aes_rows(call, false, true, ret, err);
}

static weir_code resolve_aes(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_nullable |= function->name[0] == 't';
    return WEIR_OK;
}

#define AES_FUNCTION(sql_name, kernel, high, types) \
    { \
        .name = sql_name, .args_min = 2, .args_max = high, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolve_aes, .eval = kernel, .signature = types \
    }

const weir_function weir_cipher_functions[] = {
    AES_FUNCTION("aes_encrypt", aes_encrypt_kernel, 6,
                 "binary; binary; string; string; binary; binary -> binary"),
    AES_FUNCTION("aes_decrypt", aes_decrypt_kernel, 5, "binary; binary; string; string; binary -> binary"),
    AES_FUNCTION("try_aes_decrypt", try_aes_decrypt_kernel, 5,
                 "binary; binary; string; string; binary -> binary"),
};
WEIR_FAMILY_COUNT(cipher)
