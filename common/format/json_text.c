/* One JSON text, one value (json_text.h), on the parser and converters of the JSON source. Task thread. */
#include "common/format/json_text.h"

#include "common/base/alloc.h"
#include "common/format/json_int.h"

struct weir_json_text_spec {
    const weir_json_spec *json; /* of the struct itself, or of a struct with the value as its only field */
    const weir_type *type;
    bool has_corrupt; /* the last field takes bad texts */
};

struct weir_json_text_reader {
    weir_json_parser parser;
    weir_strbuf padded;
};

static const weir_json_spec variant_spec = {
    .allow_non_numeric = false, .depth_max = 1000, .number_max = 1000, .string_max = 20000000};

weir_code weir_json_text_spec_new(weir_arena *arena, const weir_type *type, const weir_options *options,
                                  const weir_timezone *zone, const weir_json_text_spec **ret,
                                  weir_error **err) {
    weir_json_text_spec *spec = WEIR_NEW(arena, weir_json_text_spec);
    weir_field only = {.name = WEIR_STR("value"), .type = type, .nullable = true};
    const weir_type *schema = type->kind == WEIR_TYPE_STRUCT ? type : weir_type_struct(arena, &only, 1);
    weir_read_request request = {.schema = schema,
                                 .projection = schema,
                                 .options = options,
                                 .zone = zone,
                                 .case_sensitive = true,
                                 .partial_results = true,
                                 .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_read_spec *read;
    WEIR_TRY(weir_json_read_spec(arena, &request, &read, err));
    ((weir_json_spec *)read)->copied = true;
    spec->json = (const weir_json_spec *)read;
    spec->type = type;
    spec->has_corrupt = type->kind == WEIR_TYPE_STRUCT && spec->json->corrupt >= 0;
    if (spec->has_corrupt && spec->json->corrupt != type->fields_count - 1)
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "from_json with a corrupt-record column that is not the last one is not "
                  "supported by Weir");
    if (spec->json->mode == WEIR_JSON_DROP)
        WEIR_RAISE(err, PARSE_MODE_UNSUPPORTED, "funcName", "`from_json`", "mode", "DROPMALFORMED");
    *ret = spec;
    return WEIR_OK;
}

weir_json_text_reader *weir_json_text_reader_new(void) {
    return weir_alloc_zero(1, sizeof(weir_json_text_reader));
}

void weir_json_text_reader_free(weir_json_text_reader *reader) {
    if (reader == NULL)
        return;
    weir_json_parser_fini(&reader->parser);
    weir_strbuf_fini(&reader->padded);
    weir_free(reader);
}

static const uint8_t *padded(weir_json_text_reader *reader, weir_str text) {
    weir_strbuf_clear(&reader->padded);
    weir_strbuf_add(&reader->padded, text);
    weir_strbuf_add_repeat(&reader->padded, '\n', WEIR_JSON_PAD);
    return (const uint8_t *)reader->padded.data;
}

static weir_code fail_record(const weir_json_text_spec *spec, weir_str text, bool array, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf record = {0};
    if (array) {
        weir_strbuf_add(&record, text);
        WEIR_RAISE(err, MALFORMED_RECORD_IN_PARSING__CANNOT_PARSE_JSON_ARRAYS_AS_STRUCTS, "badRecord",
                   record.data, "failFastMode", "FAILFAST");
    }
    for (int32_t i = 0; i < WEIR_MAX(spec->type->fields_count, 1); i++)
        weir_strbuf_add_text(&record, i ? ",null" : "[null");
    weir_strbuf_add_char(&record, ']');
    WEIR_RAISE(err, MALFORMED_RECORD_IN_PARSING__WITHOUT_SUGGESTION, "badRecord", record.data, "failFastMode",
               "FAILFAST");
}

static bool starts_array(weir_str text) {
    weir_str trimmed = weir_str_trim(text);
    return trimmed.size && trimmed.data[0] == '[';
}

/* Closes a struct whose fields but the corrupt one have `rows` more values. */
static bool close_struct(const weir_json_text_spec *spec, weir_builder *builder, bool bad, bool have,
                         weir_str text) {
    for (int32_t i = 0; i < spec->json->root.children_count && !have; i++)
        if (!weir_builder_null(&builder->children[i]))
            return false;
    weir_builder *corrupt = spec->has_corrupt ? &builder->children[builder->children_count - 1] : NULL;
    if (corrupt && !(bad ? weir_builder_bytes(corrupt, text.data, text.size) : weir_builder_null(corrupt)))
        return false;
    return weir_builder_struct_end(builder);
}

static weir_code read_struct(weir_json_text_reader *reader, const weir_json_text_spec *spec, weir_str text,
                             weir_builder *builder, weir_error **err) {
    int32_t rows = 0;
    bool array = starts_array(text);
    weir_json_result result = WEIR_JSON_BAD;
    if (!array && spec->json->root.children_count > 0)
        result = weir_json_record_parse(&reader->parser, spec->json, padded(reader, text), text.size,
                                        builder->children, &rows, NULL);
    if (result == WEIR_JSON_NOMEM)
        return weir_error_oom(err);
    if (result != WEIR_JSON_OK && spec->json->mode == WEIR_JSON_FAIL)
        return fail_record(spec, text, array, err);
    return close_struct(spec, builder, result != WEIR_JSON_OK, rows > 0, text) ? WEIR_OK
                                                                               : weir_error_oom(err);
}

static weir_code read_value(weir_json_text_reader *reader, const weir_json_text_spec *spec, weir_str text,
                            weir_builder *builder, weir_error **err) {
    weir_json_result result =
        weir_json_value_parse(&reader->parser, spec->json, padded(reader, text), text.size, builder);
    if (result == WEIR_JSON_NOMEM)
        return weir_error_oom(err);
    if (result != WEIR_JSON_OK && spec->json->mode == WEIR_JSON_FAIL)
        return fail_record(spec, text, false, err);
    if (result == WEIR_JSON_BAD && !weir_builder_null(builder))
        return weir_error_oom(err);
    return WEIR_OK;
}

weir_code weir_json_text_read(weir_json_text_reader *reader, const weir_json_text_spec *spec, weir_str text,
                              weir_builder *builder, weir_error **err) {
    if (weir_str_trim(text).size == 0)
        return weir_builder_null(builder) ? WEIR_OK : weir_error_oom(err);
    if (spec->type->kind == WEIR_TYPE_STRUCT)
        return read_struct(reader, spec, text, builder, err);
    return read_value(reader, spec, text, builder, err);
}

bool weir_json_text_read_variant(weir_json_text_reader *reader, weir_str text, weir_builder *builder,
                                 bool *ret_oom) {
    weir_json_parser *p = &reader->parser;
    weir_json_parser_start(p, &variant_spec, padded(reader, text), text.size);
    *ret_oom = false;
    weir_json_token token = weir_json_parser_next(p);
    if (token == WEIR_TOKEN_ERROR || token == WEIR_TOKEN_END)
        return false;
    int32_t before = builder->length;
    weir_json_result result = weir_json_variant_encode(p, builder);
    *ret_oom = result == WEIR_JSON_NOMEM;
    if (result == WEIR_JSON_OK)
        return true;
    weir_builder_truncate(builder, before);
    return false;
}
