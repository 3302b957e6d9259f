/* Compressed input and output: round trips, several members, damage, bombs. */
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "common/format/input_stream.h"
#include "tests/lib/weir_test.h"
#include "tests/unit/common/format/json_case.h"

/* Writes rows {"a":0..n-1} with a codec; the file's bytes stay in `fs` as /out. */
static void write_numbers(weir_fs *fs, const char *codec, int32_t count) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_option option = {WEIR_STR("compression"), weir_str_from(codec)};
    weir_options options = {&option, 1};
    const weir_type *schema = NULL;
    weir_write_spec *spec = NULL;
    weir_writer *writer = NULL;
    weir_column *column = NULL;
    int64_t size;
    CHECK_OK(weir_schema_parse(arena, WEIR_STR("a INT"), &schema, &err));
    CHECK_OK(weir_column_new_fixed(NULL, schema->fields[0].type, count, &column, &err));
    for (int32_t i = 0; i < count; i++)
        ((int32_t *)weir_column_values(column))[i] = i;
    _cleanup_batch_ weir_batch *batch = weir_batch_new(schema, count, &column, 1);
    CHECK_OK(weir_json_format_ops.write_spec(arena, schema, &options, NULL, &spec, &err));
    CHECK_OK(weir_json_format_ops.writer_open(spec, fs, "/out", NULL, &writer, &err));
    CHECK_OK(weir_json_format_ops.writer_write(writer, batch, &err));
    CHECK_OK(weir_json_format_ops.writer_finish(writer, &size, &err));
}

static weir_str bytes_of(weir_arena *arena, weir_fs *fs, const char *path) {
    weir_error *err = NULL;
    weir_str data;
    CHECK_OK(weir_fs_read_all(fs, path, 1 << 28, arena, &data, &err));
    return data;
}

static const struct {
    const char *codec, *path;
} codecs[] = {{"none", "/in.json"}, {"gzip", "/in.json.gz"}, {"zstd", "/in.json.zst"}};

WEIR_TEST(input_stream, what_is_written_is_read_back_in_any_chunks) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(codecs); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        weir_error *err = NULL;
        weir_fs *fs = weir_memory_fs_new();
        write_numbers(fs, codecs[i].codec, 60000);
        weir_str data = bytes_of(arena, fs, "/out");
        for (int32_t chunk = 100; chunk < 1000000; chunk *= 100) {
            _cleanup_strbuf_ weir_strbuf out = {0};
            json_case c = {.schema = "a INT", .path = codecs[i].path, .chunk = chunk};
            CHECK_OK(json_case_read(&c, data, &out, &err));
            size_t lines = 0;
            for (size_t k = 0; k < out.size; k++)
                lines += out.data[k] == '\n';
            cr_assert(lines == 60000 && strcmp(out.data + out.size - 8, "[59999]\n") == 0, "%s: %zu",
                      codecs[i].codec, lines);
        }
        fs->ops->free(fs);
    }
}

WEIR_TEST(input_stream, members_and_frames_may_follow_each_other) {
    for (size_t i = 1; i < WEIR_ARRAY_LEN(codecs); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_strbuf_ weir_strbuf twice = {0}, out = {0};
        weir_error *err = NULL;
        weir_fs *fs = weir_memory_fs_new();
        write_numbers(fs, codecs[i].codec, 2);
        weir_str data = bytes_of(arena, fs, "/out");
        weir_strbuf_add(&twice, data);
        weir_strbuf_add(&twice, data);
        json_case c = {.schema = "a INT", .path = codecs[i].path};
        CHECK_OK(json_case_read(&c, weir_strbuf_view(&twice), &out, &err));
        CHECK_TEXT(out.data, "[0]\n[1]\n[0]\n[1]\n");
        fs->ops->free(fs);
    }
}

WEIR_TEST(input_stream, damage_is_an_error_at_every_cut_and_flip) {
    for (size_t i = 1; i < WEIR_ARRAY_LEN(codecs); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        weir_fs *fs = weir_memory_fs_new();
        write_numbers(fs, codecs[i].codec, 100);
        weir_str data = bytes_of(arena, fs, "/out");
        json_case c = {.schema = "a INT", .path = codecs[i].path};
        for (size_t cut = 1; cut < data.size; cut++) {
            _cleanup_strbuf_ weir_strbuf out = {0};
            weir_error *err = NULL;
            CHECK_FAILS(FAILED_READ_FILE__NO_HINT,
                        json_case_read(&c, weir_str_make(data.data, cut), &out, &err));
        }
        _cleanup_strbuf_ weir_strbuf whole = {0};
        weir_error *no_err = NULL;
        weir_code read = json_case_read(&c, data, &whole, &no_err);
        cr_assert(read == WEIR_OK);
        for (size_t at = 12; at < data.size; at++) {
            _cleanup_strbuf_ weir_strbuf copy = {0}, out = {0};
            weir_error *err = NULL;
            weir_strbuf_add(&copy, data);
            copy.data[at] = (char)(copy.data[at] ^ 0x10);
            weir_code code = json_case_read(&c, weir_strbuf_view(&copy), &out, &err);
            cr_assert(code != WEIR_OK || weir_str_equal(weir_strbuf_view(&out), weir_strbuf_view(&whole)),
                      "%s: a flip at %zu changes the rows unnoticed", codecs[i].codec, at);
            weir_error_free(err);
        }
        fs->ops->free(fs);
    }
}

/* 256 MiB of spaces in a few kilobytes of zstd. */
WEIR_TEST(input_stream, a_bomb_is_refused) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf zeros = {0}, frame = {0}, out = {0};
    weir_strbuf_add_repeat(&zeros, ' ', 64 << 20);
    size_t bound = ZSTD_compressBound(zeros.size);
    weir_strbuf_reserve(&frame, bound);
    frame.size = ZSTD_compress(frame.data, bound, zeros.data, zeros.size, 19);
    cr_assert(!ZSTD_isError(frame.size));
    json_case c = {.schema = "a INT", .path = "/bomb.json.zst", .options = {"mode", "DROPMALFORMED"}};
    for (int i = 0; i < 2; i++)
        weir_strbuf_add(&frame, weir_str_make(frame.data, frame.size));
    CHECK_FAILS(FAILED_READ_FILE__NO_HINT, json_case_read(&c, weir_strbuf_view(&frame), &out, &err));
}

WEIR_TEST(input_stream, other_codecs_are_refused_by_name) {
    static const struct {
        const char *path;
        weir_codec codec;
    } rows[] = {{"a.json", WEIR_CODEC_NONE},      {"a.json.gz", WEIR_CODEC_GZIP},
                {"a.zst", WEIR_CODEC_ZSTD},       {"a.json.bz2", WEIR_CODEC_UNKNOWN},
                {"a.snappy", WEIR_CODEC_UNKNOWN}, {"gz", WEIR_CODEC_NONE}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
        cr_expect(weir_codec_of_path(rows[i].path) == rows[i].codec, "%s", rows[i].path);
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf out = {0};
    json_case c = {.schema = "a INT", .path = "/a.json.bz2"};
    CHECK_FAILS(NOT_SUPPORTED, json_case_read(&c, WEIR_STR("BZh9"), &out, &err));
}
