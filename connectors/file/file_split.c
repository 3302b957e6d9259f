/* Split plan and split texts (file_split.h). Packing is next-fit over the files in log order, each with a
 * small cost of its own, so the plan depends on sizes alone: never on cores, executors or file names. */
#include "connectors/file/file_split.h"

#include "common/base/json_value.h"

#define OPEN_COST 65536 /* bytes that opening a file is worth: bounds a task to so many tiny files */
/* A small batch is cut finer than the target, so that one file still occupies several cores. */
#define SPLITS_WANTED 16
#define SPLIT_BYTES_LEAST ((int64_t)1 << 20)

typedef struct split_builder {
    weir_arena *arena;
    weir_str_list *splits;
    int32_t capacity;
    weir_str partitions;
    weir_strbuf text; /* of the open split; empty = none */
    int64_t bytes;
} split_builder;

static void close_split(split_builder *builder) {
    if (builder->text.size == 0)
        return;
    weir_strbuf_add_text(&builder->text, "]}");
    weir_str_list *list = builder->splits;
    if (list->count == builder->capacity) {
        builder->capacity = builder->capacity ? 2 * builder->capacity : 16;
        weir_str *items = WEIR_NEW_ARRAY(builder->arena, weir_str, builder->capacity);
        if (list->count)
            memcpy(items, list->items, (size_t)list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = weir_arena_str(builder->arena, weir_strbuf_view(&builder->text));
    weir_strbuf_clear(&builder->text);
    builder->bytes = 0;
}

static void add_piece(split_builder *builder, const weir_source_file *file, int64_t start, int64_t end) {
    if (builder->text.size)
        weir_strbuf_add_text(&builder->text, ",{\"path\":");
    else
        weir_strbuf_addf(&builder->text,
                         "{" WEIR_STR_FMT "\"files\":[{\"path\":", WEIR_STR_ARG(builder->partitions));
    weir_json_write_string(&builder->text, file->path);
    weir_strbuf_addf(&builder->text, ",\"size\":%lld,\"modified\":%lld,\"start\":%lld,\"end\":%lld",
                     (long long)file->size, (long long)file->modified_ms, (long long)start, (long long)end);
    if (file->values.data)
        weir_strbuf_addf(&builder->text, ",\"values\":" WEIR_STR_FMT, WEIR_STR_ARG(file->values));
    weir_strbuf_add_char(&builder->text, '}');
}

/* Even ranges, so that no task gets a mere tail. */
static void cut_file(split_builder *builder, const weir_source_file *file, int64_t target) {
    close_split(builder);
    int64_t pieces = (file->size + target - 1) / target;
    int64_t length = (file->size + pieces - 1) / pieces;
    for (int64_t start = 0; start < file->size; start += length) {
        bool last = start + length >= file->size;
        add_piece(builder, file, start, last ? -1 : start + length);
        close_split(builder);
    }
}

static int64_t choose_target(const weir_file_split_settings *settings, const weir_source_files *files) {
    int64_t total = 0;
    for (size_t i = 0; i < files->count; i++)
        total += WEIR_MAX(files->items[i].size, 0);
    int64_t most = WEIR_MAX(settings->bytes_target, 1);
    return WEIR_MIN(most, WEIR_MAX(total / SPLITS_WANTED, SPLIT_BYTES_LEAST));
}

void weir_file_split_plan(const weir_file_split_settings *settings, const weir_source_files *files,
                          weir_arena *arena, weir_str_list *ret) {
    *ret = (weir_str_list){0};
    split_builder builder = {.arena = arena, .splits = ret, .partitions = settings->partitions};
    int64_t target = choose_target(settings, files);
    for (size_t i = 0; i < files->count; i++) {
        const weir_source_file *file = &files->items[i];
        int64_t size = WEIR_MAX(file->size, 0);
        if (size > target && settings->splittable(settings->self, file->path.data)) {
            cut_file(&builder, file, target);
            continue;
        }
        if (builder.bytes > 0 && builder.bytes + size > target)
            close_split(&builder);
        add_piece(&builder, file, 0, -1);
        builder.bytes += size + OPEN_COST;
    }
    close_split(&builder);
    weir_strbuf_fini(&builder.text);
}

static weir_str_list names_of(weir_arena *arena, const weir_json *list) {
    weir_str_list names = {WEIR_NEW_ARRAY(arena, weir_str, list ? list->count + 1 : 1), 0};
    for (const weir_json *item = list ? list->first : NULL; item; item = item->next)
        names.items[names.count++] = item->text;
    return names;
}

/* The values of the last piece. */
static weir_code parse_values(weir_file_split_pieces *pieces, const weir_json *file, weir_error **err) {
    const weir_json *list = weir_json_get(file, "values");
    int32_t width = pieces->partitions.count, i = 0;
    weir_str *values = pieces->values + (size_t)(pieces->count - 1) * (size_t)width;
    for (const weir_json *item = list ? list->first : NULL; item && i < width; item = item->next)
        values[i++] = item->kind == WEIR_JSON_STRING ? item->text : (weir_str){0};
    if (i != width)
        WEIR_FAIL(err, INTERNAL_ERROR, "The file split has a partition without its values.");
    return WEIR_OK;
}

weir_code weir_file_split_parse(weir_str text, weir_arena *arena, weir_file_split_pieces *ret,
                                weir_error **err) {
    weir_json *object;
    WEIR_TRY(weir_json_parse(arena, text, "file split", &object, err));
    const weir_json *files = weir_json_get(object, "files");
    if (!files || files->kind != WEIR_JSON_ARRAY || files->count == 0)
        WEIR_FAIL(err, INTERNAL_ERROR, "The file split names no files.");
    ret->items = WEIR_NEW_ARRAY(arena, weir_split, files->count);
    ret->count = 0;
    ret->partitions = names_of(arena, weir_json_get(object, "partitions"));
    ret->overlap = names_of(arena, weir_json_get(object, "overlap"));
    ret->values = WEIR_NEW_ARRAY(arena, weir_str, (size_t)files->count * (size_t)ret->partitions.count + 1);
    for (const weir_json *file = files->first; file; file = file->next) {
        weir_split piece = {
            .path = weir_arena_strndup(arena, weir_json_get_str(file, "path", WEIR_STR("")).data,
                                       weir_json_get_str(file, "path", WEIR_STR("")).size),
            .start = weir_json_get_int(file, "start", -1),
            .end = weir_json_get_int(file, "end", -2),
            .size = weir_json_get_int(file, "size", -2),
            .modified_ms = weir_json_get_int(file, "modified", INT64_MIN),
        };
        if (!piece.path[0] || piece.start < 0 || piece.end < -1 || piece.size < -1 ||
            piece.modified_ms == INT64_MIN || (piece.end >= 0 && piece.end < piece.start))
            WEIR_FAIL(err, INTERNAL_ERROR, "The file split has a range that is none.");
        ret->items[ret->count++] = piece;
        WEIR_TRY(parse_values(ret, file, err));
    }
    return WEIR_OK;
}
