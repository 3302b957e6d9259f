/* Scratch files of the local file system (local_scratch.c), for its ops table. */
#pragma once

#include "common/fs/fs.h"

weir_code weir_local_scratch_open(weir_fs *fs, const char *directory, weir_scratch **ret, weir_error **err);
weir_code weir_local_scratch_write(weir_scratch *scratch, int64_t offset, weir_str data, weir_error **err);
weir_code weir_local_scratch_read(weir_scratch *scratch, int64_t offset, void *data, size_t size,
                                  weir_error **err);
void weir_local_scratch_close(weir_scratch *scratch);
