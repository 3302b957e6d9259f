/* The file formats that are built, by name. Any thread. */
#include "common/format/format.h"

static const weir_format_ops *const formats[] = {&weir_json_format_ops, &weir_csv_format_ops,
                                                 &weir_text_format_ops};

/* Names that Spark keeps for programs of its early days: "org.apache.spark.sql.json[.DefaultSource]" and the
 * package that the format moved to. */
static weir_str short_name(weir_str name) {
    static const char *const packages[] = {"org.apache.spark.sql.execution.datasources.",
                                           "org.apache.spark.sql."};
    weir_str suffix = WEIR_STR(".DefaultSource");
    for (size_t i = 0; i < WEIR_ARRAY_LEN(packages); i++) {
        weir_str package = weir_str_from(packages[i]);
        if (!weir_str_starts_with(name, package))
            continue;
        weir_str rest = {name.data + package.size, name.size - package.size};
        if (weir_str_ends_with(rest, suffix))
            rest.size -= suffix.size;
        return rest;
    }
    return name;
}

const weir_format_ops *weir_format_find(weir_str name) {
    name = short_name(name);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(formats); i++)
        if (weir_str_equal_nocase(name, weir_str_from(formats[i]->name)))
            return formats[i];
    return NULL;
}
