/* Spark's hash(): Murmur3 over columns (row_codec.h). It decides a row's key group and is therefore fixed in
 * every checkpoint. */
#define HASH_COLUMNS weir_columns_murmur3
#define HASH_WORD uint32_t
#define HASH_INT weir_murmur3_int
#define HASH_LONG weir_murmur3_long
#define HASH_BYTES weir_murmur3_bytes
#include "common/column/row_hash_int.h"
