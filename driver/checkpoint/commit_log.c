/* commits/N: batch N is done (P9): its sink has it, and the state objects that count are named under "weir".
 * Spark's file with a key and a seal of ours (docs/formats/checkpoint.md). Pool threads, one at a time. */
#include "common/fs/log_text.h"
#include "driver/checkpoint/checkpoint_int.h"

weir_code weir_commit_log_add(weir_checkpoint *checkpoint, const weir_commit_entry *entry, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_addf(&text, "v1\n{\"nextBatchWatermarkMs\":%lld", (long long)entry->next_watermark_ms);
    WEIR_TRY(weir_checkpoint_append_own(&text, entry->weir, err));
    weir_strbuf_add_char(&text, '}');
    weir_log_text_reserve(&text);
    return weir_checkpoint_write(checkpoint, "commits", entry->batch_id, &text, err);
}

weir_code weir_commit_log_get(weir_checkpoint *checkpoint, int64_t batch_id, weir_arena *arena,
                              weir_commit_entry *ret, weir_error **err) {
    weir_str rest, line;
    char *path;
    WEIR_TRY(weir_checkpoint_read(checkpoint, "commits", batch_id, arena, &rest, &path, err));
    if (!weir_log_text_next(&rest, &line))
        return weir_log_text_corrupt(err, path, "it ends behind the version line");
    weir_json *object;
    WEIR_TRY(weir_json_parse(arena, line, path, &object, err));
    if (object->kind != WEIR_JSON_OBJECT || rest.size > 0)
        return weir_log_text_corrupt(err, path, "it is not one line with an object");
    weir_commit_entry entry = {.batch_id = batch_id};
    WEIR_TRY(weir_checkpoint_int(object, "nextBatchWatermarkMs", path, &entry.next_watermark_ms, err));
    entry.weir = weir_checkpoint_own(object, arena);
    *ret = entry;
    return WEIR_OK;
}
