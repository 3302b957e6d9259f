/* The file formats that are built, by name. Any thread. */
#include "common/format/format.h"

static const weir_format_ops *const formats[] = {&weir_json_format_ops, &weir_text_format_ops};

const weir_format_ops *weir_format_find(weir_str name) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(formats); i++)
        if (weir_str_equal_nocase(name, weir_str_from(formats[i]->name)))
            return formats[i];
    return NULL;
}
