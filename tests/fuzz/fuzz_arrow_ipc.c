/* Arrow IPC streams of strangers: schema, batches, every value as text, and written anew. */
#include <stdlib.h>
#include <string.h>

#include "common/arrow/arrow_ipc.h"
#include "tests/lib/arrow_streams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    weir_error *err = NULL;
    weir_arrow_walk(data, size, &err);
    weir_error_free(err);
    return 0;
}
