/* The shared secret (secret.h). */
#include "common/rpc/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"

struct weir_secret {
    size_t size;
    uint8_t data[];
};

/* ---- files ---- */

static weir_code check_file(int fd, const char *path, size_t size_max, bool is_private, size_t *ret_size,
                            weir_error **err) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return weir_error_fail_errno(err, errno, "cannot read %s", path);
    if (!S_ISREG(status.st_mode))
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s is not a file", path);
    if (is_private && (status.st_mode & 077) != 0)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "%s has mode %04o: others than its owner may use it; make it 0600 or stricter", path,
                  (unsigned)(status.st_mode & 07777));
    if ((uint64_t)status.st_size > size_max)
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s is larger than %zu bytes", path, size_max);
    *ret_size = (size_t)status.st_size;
    return WEIR_OK;
}

static weir_code read_bytes(int fd, const char *path, char *data, size_t *size, weir_error **err) {
    size_t at = 0;
    while (at < *size) {
        ssize_t got = read(fd, data + at, *size - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return weir_error_fail_errno(err, errno, "cannot read %s", path);
        if (got == 0)
            break;
        at += (size_t)got;
    }
    *size = at;
    return WEIR_OK;
}

weir_code weir_secret_file_read(const char *path, size_t size_max, bool is_private, char **ret,
                                size_t *ret_size, weir_error **err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return weir_error_fail_errno(err, errno, "cannot open %s", path);
    size_t size = 0;
    weir_code code = check_file(fd, path, size_max, is_private, &size, err);
    if (code == WEIR_OK) {
        size_t whole = size;
        char *data = weir_alloc_zero(1, whole + 1);
        code = read_bytes(fd, path, data, &size, err);
        if (code == WEIR_OK) {
            *ret = data;
            *ret_size = size;
        } else {
            weir_secret_wipe_free(data, whole);
        }
    }
    close(fd);
    return code;
}

void weir_secret_wipe_free(char *data, size_t size) {
    if (data)
        OPENSSL_cleanse(data, size);
    weir_free(data);
}

/* ---- secrets ---- */

weir_code weir_secret_read(const char *path, weir_secret **ret, weir_error **err) {
    char *data = NULL;
    size_t read_size = 0;
    WEIR_TRY(weir_secret_file_read(path, WEIR_SECRET_SIZE_MAX, true, &data, &read_size, err));
    size_t size = read_size;
    while (size > 0 && (data[size - 1] == '\n' || data[size - 1] == '\r'))
        size--;
    weir_secret *secret = size >= WEIR_SECRET_SIZE_MIN ? weir_secret_new(data, size) : NULL;
    weir_secret_wipe_free(data, read_size);
    if (!secret)
        WEIR_FAIL(err, INVALID_ARGUMENT, "the secret in %s is shorter than %d bytes", path,
                  WEIR_SECRET_SIZE_MIN);
    *ret = secret;
    return WEIR_OK;
}

weir_secret *weir_secret_new(const void *data, size_t size) {
    weir_secret *secret = weir_alloc_zero(1, sizeof *secret + size);
    secret->size = size;
    memcpy(secret->data, data, size);
    return secret;
}

weir_secret *weir_secret_clone(const weir_secret *secret) {
    return secret ? weir_secret_new(secret->data, secret->size) : NULL;
}

void weir_secret_free(weir_secret *secret) {
    if (secret)
        OPENSSL_cleanse(secret, sizeof *secret + secret->size);
    weir_free(secret);
}

void weir_secret_free_ptr(weir_secret **secret) {
    weir_secret_free(*secret);
    *secret = NULL;
}

weir_str weir_secret_bytes(const weir_secret *secret) {
    return weir_str_make((const char *)secret->data, secret->size);
}
