/* offsets/N: what batch N will read, written before any of its tasks starts (P1). The file is Spark's, the
 * seal and the key "weir" are ours (docs/formats/checkpoint.md). Pool threads, one at a time. */
#include "common/fs/log_text.h"
#include "driver/checkpoint/checkpoint_int.h"

#define NO_OFFSET "-"

weir_code weir_offset_log_add(weir_checkpoint *checkpoint, const weir_offset_entry *entry, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_addf(&text, "v1\n{\"batchWatermarkMs\":%lld,\"batchTimestampMs\":%lld,\"conf\":{",
                     (long long)entry->watermark_ms, (long long)entry->timestamp_ms);
    for (int32_t i = 0; i < entry->conf.count; i++) {
        if (i > 0)
            weir_strbuf_add_char(&text, ',');
        weir_json_write_string(&text, entry->conf.items[i].key);
        weir_strbuf_add_char(&text, ':');
        weir_json_write_string(&text, entry->conf.items[i].value);
    }
    weir_strbuf_add_char(&text, '}');
    WEIR_TRY(weir_checkpoint_append_own(&text, entry->weir, err));
    weir_strbuf_add_char(&text, '}');
    weir_log_text_reserve(&text);
    for (int32_t i = 0; i < entry->offsets.count; i++) {
        weir_str offset = entry->offsets.items[i];
        if (offset.size && memchr(offset.data, '\n', offset.size))
            WEIR_FAIL(err, INTERNAL_ERROR, "The offset of source %d is not one line.", i);
        weir_strbuf_add_char(&text, '\n');
        weir_strbuf_add(&text, offset.size ? offset : WEIR_STR(NO_OFFSET));
    }
    return weir_checkpoint_write(checkpoint, "offsets", entry->batch_id, &text, err);
}

static weir_code read_conf(const weir_json *object, const char *path, weir_arena *arena, weir_options *ret,
                           weir_error **err) {
    *ret = (weir_options){0};
    const weir_json *conf = weir_json_get(object, "conf");
    if (!conf) /* checkpoints of Spark 2.1 */
        return WEIR_OK;
    if (conf->kind != WEIR_JSON_OBJECT)
        return weir_log_text_corrupt(err, path, "its conf is not an object");
    ret->items = WEIR_NEW_ARRAY(arena, weir_option, conf->count);
    for (const weir_json *item = conf->first; item; item = item->next) {
        if (item->kind != WEIR_JSON_STRING)
            return weir_log_text_corrupt(err, path, "its conf has a value that is not a text");
        ret->items[ret->count++] = (weir_option){item->name, item->text};
    }
    return WEIR_OK;
}

static weir_code read_offsets(weir_str rest, const char *path, weir_arena *arena, weir_str_list *ret,
                              weir_error **err) {
    int32_t capacity = 0;
    for (size_t i = 0; i < rest.size; i++)
        capacity += rest.data[i] == '\n';
    ret->items = WEIR_NEW_ARRAY(arena, weir_str, capacity + 1);
    ret->count = 0;
    weir_str line;
    while (weir_log_text_next(&rest, &line)) {
        if (weir_str_equal(line, WEIR_STR(NO_OFFSET))) {
            ret->items[ret->count++] = (weir_str){0};
            continue;
        }
        weir_json *value;
        WEIR_TRY(weir_json_parse(arena, line, path, &value, err));
        ret->items[ret->count++] = line;
    }
    return WEIR_OK;
}

weir_code weir_offset_log_get(weir_checkpoint *checkpoint, int64_t batch_id, weir_arena *arena,
                              weir_offset_entry *ret, weir_error **err) {
    weir_str rest, header;
    char *path;
    WEIR_TRY(weir_checkpoint_read(checkpoint, "offsets", batch_id, arena, &rest, &path, err));
    if (!weir_log_text_next(&rest, &header))
        return weir_log_text_corrupt(err, path, "it ends behind the version line");
    weir_json *object;
    WEIR_TRY(weir_json_parse(arena, header, path, &object, err));
    if (object->kind != WEIR_JSON_OBJECT)
        return weir_log_text_corrupt(err, path, "its metadata line is not an object");
    weir_offset_entry entry = {.batch_id = batch_id};
    WEIR_TRY(weir_checkpoint_int(object, "batchWatermarkMs", path, &entry.watermark_ms, err));
    WEIR_TRY(weir_checkpoint_int(object, "batchTimestampMs", path, &entry.timestamp_ms, err));
    WEIR_TRY(read_conf(object, path, arena, &entry.conf, err));
    entry.weir = weir_checkpoint_own(object, arena);
    WEIR_TRY(read_offsets(rest, path, arena, &entry.offsets, err));
    *ret = entry;
    return WEIR_OK;
}
