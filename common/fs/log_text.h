/* The text of log files: Spark's version line and JSON lines, with a seal of our own.
 *
 *   v1
 *   {"batchWatermarkMs":0,...,"weirCrc32c":"0a1b2c3d"}     <- header line: the first with JSON
 *   ...
 *
 * The seal is the last key of the header line's object. It is the CRC32C of the file's name in its log
 * ("offsets/3", "metadata") and of the whole file with its own eight digits taken as zeros, so a file that is
 * cut, changed, appended to, or in the place of another one is known as damaged. Spark ignores the key. A
 * file without it (written by Spark) is accepted; only its structure can be checked. Texts are built in
 * memory and written by one create_new. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

#define WEIR_LOG_TEXT_BYTES_MAX ((int64_t)1 << 31)

/* `buf` ends with the '}' of the header line's object: puts an open seal before it. */
void weir_log_text_reserve(weir_strbuf *buf);
/* The text is complete: fills the seal in. `path`: where the file will stand. */
void weir_log_text_seal(weir_strbuf *buf, const char *path);
/* A header line without its seal (for copying it into another file); the line itself where it has none. */
weir_str weir_log_text_strip(weir_str line, weir_strbuf *scratch);

/* Checks the seal. CORRUPT_FILE names the path. `ret_sealed` (may be NULL): whether there was one. */
weir_code weir_log_text_verify(weir_str text, const char *path, bool *ret_sealed, weir_error **err);
/* As verify, then the version line: *ret_rest is what follows "v1\n" (empty where nothing does). */
weir_code weir_log_text_open(weir_str text, const char *path, weir_str *ret_rest, bool *ret_sealed,
                             weir_error **err);
/* Cuts the next line off; false at the end. A newline at the very end opens no further line. */
bool weir_log_text_next(weir_str *rest, weir_str *ret_line);
/* The id of a log file name: digits alone, without a leading zero, below 2^63; -1 otherwise. */
int64_t weir_log_text_id(weir_str name);
/* CORRUPT_FILE with path and reason. */
weir_code weir_log_text_corrupt(weir_error **err, const char *path, const char *reason);
