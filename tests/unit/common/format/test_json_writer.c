/* Writing: encodings of columns, failing file systems, nothing visible before finish. */
#include <errno.h>
#include <string.h>

#include "tests/lib/weir_test.h"
#include "tests/unit/common/format/json_case.h"

static weir_column *text_column(const char *const *texts, int32_t count) {
    weir_error *err = NULL;
    weir_builder builder;
    weir_column *column = NULL;
    CHECK_OK(weir_builder_init(&builder, NULL, weir_type_of(WEIR_TYPE_STRING), count, &err));
    for (int32_t i = 0; i < count; i++)
        cr_assert(texts[i] ? weir_builder_bytes(&builder, texts[i], strlen(texts[i]))
                           : weir_builder_null(&builder));
    CHECK_OK(weir_builder_finish(&builder, &column, &err));
    weir_builder_fini(&builder);
    return column;
}

WEIR_TEST(json_writer, constants_and_dictionaries_are_written_like_flat_columns) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const weir_type *schema = NULL;
    static const char *const texts[] = {"x", NULL, "\"q\""};
    weir_json_style style = {.zone = weir_timezone_utc()};
    CHECK_OK(weir_schema_parse(arena, WEIR_STR("c STRING, d STRING"), &schema, &err));
    weir_column *flat = text_column(texts, 3), *one = weir_column_constant(flat, 4);
    weir_column *codes = weir_column_new(schema->fields[1].type, 4, 1);
    codes->encoding = WEIR_DICTIONARY;
    codes->children[0] = weir_column_ref(flat);
    codes->values_buffer = weir_buffer_new(NULL, 16);
    memcpy(codes->values_buffer->data, (const int32_t[]){2, 1, 0, 2}, 16);
    codes->values = codes->values_buffer->data;
    _cleanup_strbuf_ weir_strbuf out = {0};
    for (int32_t row = 0; row < 4; row++) {
        weir_json_write_value(&out, one, row, &style);
        weir_json_write_value(&out, codes, row, &style);
    }
    CHECK_TEXT(out.data, "\"x\"\"\\\"q\\\"\"\"x\"null\"x\"\"x\"\"x\"\"\\\"q\\\"\"");
    weir_column_unref(codes);
    weir_column_unref(one);
    weir_column_unref(flat);
}

static weir_code write_rows(weir_fs *fs, const char *path, int32_t rows, bool finish, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    const weir_type *schema = NULL;
    weir_write_spec *spec = NULL;
    weir_writer *writer = NULL;
    int64_t size;
    WEIR_TRY(weir_schema_parse(arena, WEIR_STR("s STRING"), &schema, err));
    WEIR_TRY(weir_json_format_ops.write_spec(arena, schema, NULL, NULL, &spec, err));
    static const char *const texts[] = {"some text that takes room in the buffer"};
    weir_column *column = text_column(texts, 1);
    weir_column *many = weir_column_constant(column, rows);
    weir_column_unref(column);
    _cleanup_batch_ weir_batch *batch = weir_batch_new(schema, rows, &many, 1);
    WEIR_TRY(weir_json_format_ops.writer_open(spec, fs, path, NULL, &writer, err));
    weir_code code = weir_json_format_ops.writer_write(writer, batch, err);
    if (code != WEIR_OK || !finish) {
        weir_json_format_ops.writer_abort(writer);
        return code;
    }
    return weir_json_format_ops.writer_finish(writer, &size, err);
}

WEIR_TEST(json_writer, an_aborted_or_failed_file_is_not_visible) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_file_info info;
    weir_fs *fs = weir_memory_fs_new();
    CHECK_OK(write_rows(fs, "/a", 100000, false, &err));
    CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, "/a", arena, &info, &err));
    static const char *const steps[] = {"put_open", "put_write", "put_finish"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(steps); i++) {
        weir_fault_fs_plan plan = {.op = steps[i], .nth = 1, .times = 1, .errnum = ENOSPC};
        weir_fs *faulty = weir_fault_fs_new(fs, &plan);
        CHECK_FAILS(NO_SPACE, write_rows(faulty, "/a", 100000, true, &err));
        CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, "/a", arena, &info, &err));
        faulty->ops->free(faulty);
    }
    CHECK_OK(write_rows(fs, "/a", 100000, true, &err));
    CHECK_OK(fs->ops->stat(fs, "/a", arena, &info, &err));
    cr_assert(info.size == 100000 * 48, "%lld", (long long)info.size);
    fs->ops->free(fs);
}

WEIR_TEST(json_writer, a_failing_read_is_reported) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf out = {0};
    weir_fs *fs = weir_memory_fs_new();
    CHECK_OK(fs->ops->put(fs, "/in.json", WEIR_STR("{\"a\":1}\n{\"a\":2}\n"), &err));
    weir_fault_fs_plan plan = {.op = "read", .nth = 2, .times = 1, .errnum = EIO};
    weir_fs *faulty = weir_fault_fs_new(fs, &plan);
    json_case c = {.schema = "a INT", .chunk = 8};
    CHECK_FAILS(IO_ERROR, json_case_read_file(faulty, &c, 1, &out, &err));
    faulty->ops->free(faulty);
    fs->ops->free(fs);
}
