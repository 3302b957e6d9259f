/* Spark's xxhash64() over columns (row_codec.h). */
#define HASH_COLUMNS weir_columns_xxhash64
#define HASH_WORD uint64_t
#define HASH_INT weir_xxhash64_int
#define HASH_LONG weir_xxhash64_long
#define HASH_BYTES weir_xxhash64_bytes
#include "common/column/row_hash_int.h"
