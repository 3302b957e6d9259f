/* Which state objects make up the committed version: commits/N names its changelogs and the snapshot in
 * force.
 *
 *   "weir": {"attempt": NAME, "changelogs": [{"name","size","crc"}...],
 *            "snapshot": {"batch": M, "objects": [...]}}
 *
 * Restart: the newest entry gives snapshot M, the entries M+1..N give the changelogs. An older snapshot is
 * used only with its complete changelogs; anything missing is an error. Steps and loop, never at once. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/fs/log_text.h"
#include "driver/stream/stream_query_int.h"

static weir_state_object copy_object(weir_arena *arena, const weir_state_object *object) {
    weir_state_object copy = *object;
    copy.name = weir_arena_strdup(arena, object->name);
    return copy;
}

static void add_object(weir_arena *arena, weir_state_objects *list, weir_state_object object) {
    if ((list->count & (list->count - 1)) == 0) {
        weir_state_object *items = WEIR_NEW_ARRAY(arena, weir_state_object, WEIR_MAX(1, list->count * 2));
        if (list->count)
            memcpy(items, list->items, sizeof *items * (size_t)list->count);
        list->items = items;
    }
    list->items[list->count++] = object;
}

static weir_code read_objects(weir_arena *arena, const weir_json *array, int64_t batch, const char *what,
                              weir_state_objects *list, weir_error **err) {
    for (const weir_json *item = array ? array->first : NULL; item; item = item->next) {
        weir_str name = weir_json_get_str(item, "name", (weir_str){0});
        int64_t size = weir_json_get_int(item, "size", -1), crc = weir_json_get_int(item, "crc", -1);
        if (!name.size || size < 0 || crc < 0)
            WEIR_RAISE(err, CORRUPT_FILE, "path", what, "reason", "a state object without name, size or crc");
        char *text = weir_arena_strndup(arena, name.data, name.size);
        add_object(arena, list, (weir_state_object){text, (uint64_t)size, (uint32_t)crc, batch});
    }
    return WEIR_OK;
}

static weir_code read_commit(weir_stream_query *query, int64_t batch, weir_arena *arena, weir_json **ret,
                             weir_error **err) {
    weir_commit_entry entry;
    WEIR_TRY(weir_commit_log_get(query->checkpoint, batch, arena, &entry, err));
    const char *what =
        weir_arena_printf(arena, "%s/commits/%lld", query->context.checkpoint, (long long)batch);
    if (!entry.weir.size)
        WEIR_FAIL(err, CHECKPOINT_MISMATCH,
                  "%s names no state of Weir: the checkpoint of a stateful Spark query cannot be continued.",
                  what);
    return weir_json_parse(arena, entry.weir, what, ret, err);
}

/* ---- what killed attempts left ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const weir_state_object *)a)->name, ((const weir_state_object *)b)->name);
}

/* All objects that retained commits name, sorted; NOT_FOUND ends the log downwards. */
static weir_code named_objects(weir_stream_query *query, weir_arena *arena, weir_state_objects *ret,
                               weir_error **err) {
    for (int64_t batch = query->committed; batch >= 0; batch--) {
        _cleanup_arena_ weir_arena *scratch = weir_arena_new();
        _cleanup_error_ weir_error *inner = NULL;
        weir_json *json;
        weir_code code = read_commit(query, batch, scratch, &json, &inner);
        if (code == WEIR_NOT_FOUND)
            break;
        if (code != WEIR_OK)
            return weir_error_move(err, weir_error_clone(inner));
        const weir_json *snapshot = weir_json_get(json, "snapshot");
        WEIR_TRY(read_objects(arena, weir_json_get(json, "changelogs"), batch, "changelogs", ret, err));
        if (snapshot)
            WEIR_TRY(read_objects(arena, weir_json_get(snapshot, "objects"), batch, "snapshot", ret, err));
    }
    if (ret->count)
        qsort(ret->items, (size_t)ret->count, sizeof *ret->items, by_name);
    return WEIR_OK;
}

typedef struct sweep {
    weir_stream_query *query;
    weir_state_objects named;
} sweep;

/* Names begin with the batch during which the object was written. What was written in batches before the last
 * committed one and is named nowhere belongs to an attempt that lost. Later ones stay: a newer driver may
 * have begun while this one starts, and its objects are not named yet. */
static weir_code sweep_object(const weir_file_info *info, void *data, weir_error **err) {
    const sweep *s = data;
    const char *slash = strrchr(info->path.data, '/');
    weir_state_object wanted = {.name = slash ? slash + 1 : info->path.data};
    const char *dash = strchr(wanted.name, '-');
    int64_t batch = dash ? weir_log_text_id((weir_str){wanted.name, (size_t)(dash - wanted.name)}) : -1;
    if (batch < 0 || batch >= s->query->committed || info->is_directory ||
        bsearch(&wanted, s->named.items, (size_t)s->named.count, sizeof wanted, by_name))
        return WEIR_OK;
    weir_fs *fs = s->query->host.env->local_fs;
    return fs->ops->remove(fs, info->path.data, err);
}

/* Garbage costs space only: what cannot be swept stays, with a note. */
static void sweep_objects(weir_stream_query *query) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    sweep s = {.query = query};
    weir_fs *fs = query->host.env->local_fs;
    const char *path = weir_arena_printf(arena, "%s/state", query->context.checkpoint);
    if (named_objects(query, arena, &s.named, &err) != WEIR_OK ||
        fs->ops->list(fs, path, arena, sweep_object, &s, &err) != WEIR_OK)
        weir_log_write(query->host.log, WEIR_LOG_DEBUG, "stream", "state is not swept: %s",
                       weir_error_text(err));
}

/* ---- the chain ---- */

weir_code weir_state_chain_load(weir_stream_query *query, weir_error **err) {
    weir_state_chain *chain = &query->chain;
    chain->arena = weir_arena_new();
    chain->snapshot_batch = -1;
    if (!query->spec->stateful || query->committed < 0)
        return WEIR_OK;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json *json;
    WEIR_TRY(read_commit(query, query->committed, arena, &json, err));
    weir_str attempt = weir_json_get_str(json, "attempt", WEIR_STR(""));
    weir_free(query->committed_attempt);
    query->committed_attempt = weir_strndup(attempt.data, attempt.size);
    const weir_json *snapshot = weir_json_get(json, "snapshot");
    if (snapshot && snapshot->kind == WEIR_JSON_OBJECT) {
        chain->snapshot_batch = weir_json_get_int(snapshot, "batch", -1);
        WEIR_TRY(read_objects(chain->arena, weir_json_get(snapshot, "objects"), chain->snapshot_batch,
                              "snapshot", &chain->snapshot, err));
    }
    for (int64_t batch = chain->snapshot_batch + 1; batch <= query->committed; batch++) {
        WEIR_TRY(read_commit(query, batch, arena, &json, err));
        WEIR_TRY(read_objects(chain->arena, weir_json_get(json, "changelogs"), batch, "changelogs",
                              &chain->changelogs, err));
    }
    sweep_objects(query);
    return WEIR_OK;
}

void weir_state_objects_add(weir_arena *arena, weir_state_objects *list, const Weir__StateObject *object,
                            int64_t batch) {
    if (object)
        add_object(
            arena, list,
            (weir_state_object){weir_arena_strdup(arena, object->name), object->size, object->crc, batch});
}

/* A snapshot whose parts are all durable takes over: earlier changelogs are not needed any more. */
static void adopt_snapshot(weir_stream_query *query) {
    const weir_snapshot_request *request = &query->snapshot;
    weir_state_chain old = query->chain, made = {.snapshot_batch = request->batch};
    made.arena = weir_arena_new();
    for (int32_t i = 0; i < request->parts.count; i++)
        add_object(made.arena, &made.snapshot, copy_object(made.arena, &request->parts.items[i]));
    for (int32_t i = 0; i < old.changelogs.count; i++)
        if (old.changelogs.items[i].batch > made.snapshot_batch)
            add_object(made.arena, &made.changelogs, copy_object(made.arena, &old.changelogs.items[i]));
    weir_arena_free(old.arena);
    query->chain = made;
    weir_snapshot_parts_drop(query);
}

void weir_state_chain_extend(weir_stream_query *query) {
    for (int32_t e = 0; e < query->executors_count && query->spec->stateful; e++) {
        const Weir__EpochReport *report = query->replies[e].report;
        weir_state_objects_add(query->chain.arena, &query->chain.changelogs, report->changelog,
                               query->batch_id);
    }
    if (weir_snapshot_parts_complete(query))
        adopt_snapshot(query);
}

static void write_objects(weir_strbuf *buf, const weir_state_objects *list, int64_t only_batch) {
    bool first = true;
    weir_strbuf_add_char(buf, '[');
    for (int32_t i = 0; i < list->count; i++) {
        const weir_state_object *o = &list->items[i];
        if (only_batch >= 0 && o->batch != only_batch)
            continue;
        weir_strbuf_add_text(buf, first ? "{\"name\":" : ",{\"name\":");
        weir_json_write_string(buf, weir_str_from(o->name));
        weir_strbuf_addf(buf, ",\"size\":%llu,\"crc\":%u}", (unsigned long long)o->size, o->crc);
        first = false;
    }
    weir_strbuf_add_char(buf, ']');
}

void weir_state_chain_json(weir_stream_query *query, weir_strbuf *buf) {
    weir_strbuf_addf(buf, "{\"attempt\":\"%s\",\"epoch\":%lld", query->attempt_name,
                     (long long)weir_checkpoint_epoch(query->checkpoint));
    if (query->spec->stateful) {
        weir_strbuf_add_text(buf, ",\"changelogs\":");
        write_objects(buf, &query->chain.changelogs, query->batch_id);
        if (query->chain.snapshot_batch >= 0) {
            weir_strbuf_addf(
                buf, ",\"snapshot\":{\"batch\":%lld,\"objects\":", (long long)query->chain.snapshot_batch);
            write_objects(buf, &query->chain.snapshot, -1);
            weir_strbuf_add_char(buf, '}');
        }
    }
    weir_strbuf_add_char(buf, '}');
}

static void remove_objects(weir_stream_query *query, const weir_json *array) {
    weir_fs *fs = query->host.env->local_fs;
    for (const weir_json *item = array ? array->first : NULL; item; item = item->next) {
        weir_str name = weir_json_get_str(item, "name", (weir_str){0});
        const char *path = weir_arena_printf(query->epoch_arena, "%s/state/%.*s", query->context.checkpoint,
                                             WEIR_STR_ARG(name));
        _cleanup_error_ weir_error *err = NULL; /* garbage that stays is harmless */
        if (fs->ops->remove(fs, path, &err) != WEIR_OK)
            weir_log_write(query->host.log, WEIR_LOG_DEBUG, "stream", "%s", weir_error_text(err));
    }
}

/* The entry leaves the log: its changelogs go, and a snapshot that is no longer the one in force. */
void weir_state_chain_purge(weir_stream_query *query, const weir_commit_entry *entry) {
    weir_json *json;
    _cleanup_error_ weir_error *err = NULL;
    if (!entry->weir.size ||
        weir_json_parse(query->epoch_arena, entry->weir, "commit", &json, &err) != WEIR_OK)
        return;
    remove_objects(query, weir_json_get(json, "changelogs"));
    const weir_json *snapshot = weir_json_get(json, "snapshot");
    if (snapshot && weir_json_get_int(snapshot, "batch", -1) < query->chain.snapshot_batch)
        remove_objects(query, weir_json_get(snapshot, "objects"));
}
