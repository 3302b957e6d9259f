/* Sealed log texts (log_text.h): the format of every log file that Weir shares with Spark. */
#include "common/fs/log_text.h"

#include <stdint.h>
#include <stdio.h>

#include "common/base/assert.h"
#include "common/base/hash.h"

#define SEAL_HEAD ",\"weirCrc32c\":\""
#define SEAL_HEAD_SIZE (sizeof SEAL_HEAD - 1)
#define SEAL_DIGITS 8
#define SEAL_SIZE (SEAL_HEAD_SIZE + SEAL_DIGITS + 1) /* with the closing quote */
#define SEAL_OPEN "00000000"

weir_code weir_log_text_corrupt(weir_error **err, const char *path, const char *reason) {
    WEIR_RAISE(err, CORRUPT_FILE, "path", path, "reason", reason);
}

/* Offset of the digits, or 0 where the text has no seal. */
static size_t find_seal(weir_str text) {
    const char *at = text.size ? memmem(text.data, text.size, SEAL_HEAD, SEAL_HEAD_SIZE) : NULL;
    return at ? (size_t)(at - text.data) + SEAL_HEAD_SIZE : 0;
}

/* The name that the file has wherever its directory is moved: numbered files have their log's name too. */
static weir_str name_in_log(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (slash && name[0] >= '0' && name[0] <= '9') {
        const char *parent = memrchr(path, '/', (size_t)(slash - path));
        name = parent ? parent + 1 : path;
    }
    return weir_str_from(name);
}

static void seal_digits(weir_str text, size_t digits, const char *path, char ret[SEAL_DIGITS + 1]) {
    weir_str name = name_in_log(path);
    uint32_t crc = weir_crc32c(0, name.data, name.size);
    crc = weir_crc32c(crc, text.data, digits);
    crc = weir_crc32c(crc, SEAL_OPEN, SEAL_DIGITS);
    crc = weir_crc32c(crc, text.data + digits + SEAL_DIGITS, text.size - digits - SEAL_DIGITS);
    snprintf(ret, SEAL_DIGITS + 1, "%08x", crc);
}

void weir_log_text_reserve(weir_strbuf *buf) {
    WEIR_ASSERT(buf->size > 0 && buf->data[buf->size - 1] == '}');
    buf->size--;
    weir_strbuf_add_text(buf, SEAL_HEAD SEAL_OPEN "\"}");
}

void weir_log_text_seal(weir_strbuf *buf, const char *path) {
    size_t digits = find_seal(weir_strbuf_view(buf));
    WEIR_ASSERT(digits > 0);
    char text[SEAL_DIGITS + 1];
    seal_digits(weir_strbuf_view(buf), digits, path, text);
    memcpy(buf->data + digits, text, SEAL_DIGITS);
}

weir_str weir_log_text_strip(weir_str line, weir_strbuf *scratch) {
    size_t digits = find_seal(line);
    if (!digits || digits + SEAL_DIGITS + 1 > line.size)
        return line;
    weir_strbuf_clear(scratch);
    weir_strbuf_add(scratch, (weir_str){line.data, digits - SEAL_HEAD_SIZE});
    size_t behind = digits + SEAL_DIGITS + 1;
    weir_strbuf_add(scratch, (weir_str){line.data + behind, line.size - behind});
    return weir_strbuf_view(scratch);
}

weir_code weir_log_text_verify(weir_str text, const char *path, bool *ret_sealed, weir_error **err) {
    size_t digits = find_seal(text);
    if (digits) {
        if (digits + SEAL_DIGITS > text.size)
            return weir_log_text_corrupt(err, path, "it is cut off");
        char expected[SEAL_DIGITS + 1];
        seal_digits(text, digits, path, expected);
        if (memcmp(expected, text.data + digits, SEAL_DIGITS) != 0)
            return weir_log_text_corrupt(err, path, "its checksum does not match its content");
    }
    if (ret_sealed)
        *ret_sealed = digits > 0;
    return WEIR_OK;
}

weir_code weir_log_text_open(weir_str text, const char *path, weir_str *ret_rest, bool *ret_sealed,
                             weir_error **err) {
    if (text.size == 0)
        return weir_log_text_corrupt(err, path, "it is empty");
    WEIR_TRY(weir_log_text_verify(text, path, ret_sealed, err));
    weir_str rest = text, version = {0};
    weir_log_text_next(&rest, &version);
    version = weir_str_trim(version);
    if (version.size < 2 || version.data[0] != 'v')
        return weir_log_text_corrupt(err, path, "its first line is not a log version");
    for (size_t i = 1; i < version.size; i++)
        if (version.data[i] < '0' || version.data[i] > '9')
            return weir_log_text_corrupt(err, path, "its first line is not a log version");
    if (version.size > 2 || version.data[1] != '1') {
        char reason[96];
        snprintf(reason, sizeof reason, "its log version is " WEIR_STR_FMT ", and only v1 can be read",
                 (int)WEIR_MIN(version.size, (size_t)16), version.data);
        return weir_log_text_corrupt(err, path, reason);
    }
    *ret_rest = rest;
    return WEIR_OK;
}

bool weir_log_text_next(weir_str *rest, weir_str *ret_line) {
    if (rest->size == 0)
        return false;
    const char *newline = memchr(rest->data, '\n', rest->size);
    size_t size = newline ? (size_t)(newline - rest->data) : rest->size;
    *ret_line = (weir_str){rest->data, size};
    size_t skip = newline ? size + 1 : size;
    rest->data += skip;
    rest->size -= skip;
    return true;
}

int64_t weir_log_text_id(weir_str name) {
    if (name.size == 0 || name.size > 19 || (name.size > 1 && name.data[0] == '0'))
        return -1;
    uint64_t id = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < '0' || name.data[i] > '9')
            return -1;
        id = id * 10 + (uint64_t)(name.data[i] - '0');
    }
    return id <= INT64_MAX ? (int64_t)id : -1;
}
