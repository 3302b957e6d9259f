/* What of Spark Connect is served and what is refused by its name (connect_coverage.def), and the refusals.
 */
#include <stdio.h>

#include "driver/connect/decode_int.h"

static const weir_coverage_entry entries[] = {
#define SERVED(message, field) {#message, #field, WEIR_COVERAGE_SERVED, ""},
#define REFUSED(message, field, what) {#message, #field, WEIR_COVERAGE_REFUSED, what},
#include "driver/connect/connect_coverage.def"
#undef SERVED
#undef REFUSED
};

const weir_coverage_entry *weir_coverage_at(int32_t index) {
    return (size_t)index < WEIR_ARRAY_LEN(entries) ? &entries[index] : NULL;
}

weir_code weir_decode_unsupported(weir_error **err, const char *what) {
    WEIR_FAIL(err, UNSUPPORTED_FEATURE, "%s.", what);
}

weir_code weir_decode_missing(weir_error **err, const char *message, const char *field) {
    WEIR_RAISE(err, CONNECT_INVALID_PLAN__INVALID_ONE_OF_FIELD_NOT_SET, "fullName", message, "name", field);
}

weir_code weir_decode_bad_enum(weir_error **err, const char *name, int number) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    WEIR_RAISE(err, CONNECT_INVALID_PLAN__INVALID_ENUM, "fullName", name, "name", "UNRECOGNIZED", "number",
               text);
}

static const weir_coverage_entry *find_entry(const char *message, const char *field) {
    /* "spark.connect.Expression.Literal" is listed as Literal */
    const char *dot = strrchr(message, '.');
    message = dot ? dot + 1 : message;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(entries); i++)
        if (strcmp(entries[i].message, message) == 0 && strcmp(entries[i].field, field) == 0)
            return &entries[i];
    return NULL;
}

weir_code weir_coverage_refuse(const ProtobufCMessage *message, const char *oneof, int number,
                               weir_error **err) {
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    const ProtobufCFieldDescriptor *field =
        number > 0 ? protobuf_c_message_descriptor_get_field(descriptor, (unsigned)number) : NULL;
    if (!field)
        return weir_decode_missing(err, descriptor->name, oneof);
    const weir_coverage_entry *entry = find_entry(descriptor->name, field->name);
    if (entry && entry->verdict == WEIR_COVERAGE_REFUSED)
        return weir_decode_unsupported(err, entry->what);
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    WEIR_RAISE(err, CONNECT_INVALID_PLAN__INVALID_ONE_OF_FIELD_NOT_SUPPORTED, "fullName", descriptor->name,
               "name", field->name, "number", text);
}

weir_code weir_coverage_check(const ProtobufCMessage *message, const char *oneof, int number,
                              weir_error **err) {
    const ProtobufCFieldDescriptor *field =
        number > 0 ? protobuf_c_message_descriptor_get_field(message->descriptor, (unsigned)number) : NULL;
    const weir_coverage_entry *entry = field ? find_entry(message->descriptor->name, field->name) : NULL;
    if (entry && entry->verdict == WEIR_COVERAGE_SERVED)
        return WEIR_OK;
    return weir_coverage_refuse(message, oneof, number, err);
}

/* ---- texts and lists ---- */

weir_str_list weir_decode_texts(weir_arena *arena, char *const *items, size_t count) {
    weir_str_list list = {WEIR_NEW_ARRAY(arena, weir_str, count + 1), (int32_t)count};
    for (size_t i = 0; i < count; i++)
        list.items[i] = weir_decode_text(items[i]);
    return list;
}

/* Setting one looks through all before it. */
#define OPTIONS_MAX 10000

weir_code weir_decode_options(weir_decode *d, Spark__Connect__StringEntry *const *items, size_t count,
                              weir_options *ret) {
    *ret = (weir_options){0};
    if (count > OPTIONS_MAX)
        return weir_error_raise(d->err, WEIR_CONNECT_INVALID_PLAN__ASSERTION_FAILURE, "message",
                                "more than 10000 options", NULL);
    for (size_t i = 0; i < count; i++)
        weir_options_set(d->arena, ret, weir_decode_text(items[i]->key), weir_decode_text(items[i]->value));
    return WEIR_OK;
}
