/* The text file format behind the format seam: a line a row (or, with wholetext, a file a row) of one STRING
 * column, `value` where the user names none. Options wholetext, lineSep, compression; the file source's are
 * not looked at. What Spark honours and Weir does not is refused by name (encoding but UTF-8, which shapes
 * lineSep). Specs live in the caller's arena. */
#include <stdio.h>
#include <string.h>

#include "common/format/text_int.h"

enum { CHUNK_SIZE = 256 << 10 };

/* ---- options and schema ---- */

weir_code weir_text_line_sep(weir_arena *arena, const weir_options *options, weir_str *ret,
                             weir_error **err) {
    weir_str sep = weir_options_get(options, "lineSep"), encoding = weir_options_get(options, "encoding");
    *ret = WEIR_STR("");
    if (encoding.data && !weir_str_equal_nocase(encoding, WEIR_STR("UTF-8")))
        WEIR_RAISE(err, UNSUPPORTED_OPTION, "option", "encoding", "where", "the text format");
    if (!sep.data)
        return WEIR_OK;
    if (sep.size == 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "requirement failed: 'lineSep' cannot be an empty string.");
    *ret = weir_arena_str(arena, sep);
    return WEIR_OK;
}

weir_code weir_text_refuse_width(int32_t count, weir_error **err) {
    char text[16];
    snprintf(text, sizeof text, "%d", count);
    WEIR_RAISE(err, _LEGACY_ERROR_TEMP_1290, "schemaSize", text);
}

static weir_code check_types(const weir_type *schema, weir_error **err) {
    for (int32_t i = 0; i < schema->fields_count; i++) {
        const weir_field *field = &schema->fields[i];
        if (field->type->kind == WEIR_TYPE_STRING)
            continue;
        _cleanup_strbuf_ weir_strbuf column = {0}, type = {0};
        weir_strbuf_addf(&column, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(field->name));
        weir_strbuf_add_char(&type, '"');
        weir_type_sql(&type, field->type);
        weir_strbuf_add_char(&type, '"');
        WEIR_RAISE(err, UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "format", "Text", "columnName", column.data,
                   "columnType", type.data);
    }
    return WEIR_OK;
}

weir_code weir_text_check_schema(const weir_type *schema, weir_error **err) {
    WEIR_TRY(check_types(schema, err));
    if (schema->fields_count == 0)
        WEIR_RAISE(err, EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE, "format", "Text");
    return schema->fields_count == 1 ? WEIR_OK : weir_text_refuse_width(schema->fields_count, err);
}

/* ---- reading ---- */

static weir_code read_spec(weir_arena *arena, const weir_read_request *request, weir_read_spec **ret,
                           weir_error **err) {
    weir_text_spec *spec = WEIR_NEW(arena, weir_text_spec);
    weir_str whole = weir_options_get(request->options, "wholetext");
    spec->projection = request->projection;
    spec->chunk_size = CHUNK_SIZE;
    spec->whole = weir_str_equal_nocase(whole, WEIR_STR("true"));
    if (whole.data && !spec->whole && !weir_str_equal_nocase(whole, WEIR_STR("false")))
        WEIR_FAIL(err, INVALID_ARGUMENT, "For input string: \"" WEIR_STR_FMT "\" (option wholetext)",
                  WEIR_STR_ARG(whole));
    WEIR_TRY(check_types(request->schema, err));
    WEIR_TRY(check_types(request->projection, err));
    WEIR_TRY(weir_text_line_sep(arena, request->options, &spec->line_sep, err));
    *ret = (weir_read_spec *)spec;
    return WEIR_OK;
}

/* Can a separator begin within another ("aa" in "aaa")? Then only the file's start says where lines end. */
static bool overlaps_itself(weir_str sep) {
    for (size_t size = 1; size < sep.size; size++)
        if (memcmp(sep.data, sep.data + sep.size - size, size) == 0)
            return true;
    return false;
}

static bool splittable(const weir_read_spec *read_spec_of, const char *path) {
    const weir_text_spec *spec = (const weir_text_spec *)read_spec_of;
    return !spec->whole && !overlaps_itself(spec->line_sep) && weir_codec_of_path(path) == WEIR_CODEC_NONE;
}

void weir_text_spec_tune(weir_read_spec *spec, int32_t chunk_size) {
    ((weir_text_spec *)spec)->chunk_size = chunk_size;
}

const weir_format_ops weir_text_format_ops = {
    .name = "text",
    .schema = "value STRING",
    .read_spec = read_spec,
    .splittable = splittable,
    .reader_open = weir_text_reader_open,
    .reader_next = weir_text_reader_next,
    .reader_close = weir_text_reader_close,
    .write_spec = weir_text_write_spec,
    .write_extension = weir_text_write_extension,
    .writer_open = weir_text_writer_open,
    .writer_write = weir_text_writer_write,
    .writer_finish = weir_text_writer_finish,
    .writer_abort = weir_text_writer_abort,
};
