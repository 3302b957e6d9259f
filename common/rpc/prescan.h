/* Pre-scan of protobuf bytes against a descriptor before they are unpacked: protobuf-c 1.4 recurses without a
 * limit and allocates for every announced element, so depth, element count and estimated allocation are
 * capped here first, without recursion. Any thread. */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "common/base/error.h"
#include "common/base/str.h"

typedef struct weir_prescan_limits {
    int32_t depth_max;
    int64_t elements_max;
    int64_t bytes_max; /* estimated heap after unpacking */
    bool check_text;   /* string fields must be UTF-8 without NUL, which would end them unseen */
} weir_prescan_limits;

weir_code weir_prescan(weir_str bytes, const ProtobufCMessageDescriptor *descriptor,
                       const weir_prescan_limits *limits, weir_error **err);
