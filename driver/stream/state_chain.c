/* Which state objects make up the committed version: commits/N names its changelogs and the snapshot in force.
 *
 *   "weir": {"attempt": NAME, "changelogs": [{"name","size","crc"}...],
 *            "snapshot": {"batch": M, "objects": [...]}}
 *
 * Restart: the newest entry gives snapshot M, the entries M+1..N give the changelogs. An older snapshot is used only
 * with its complete changelogs; anything missing is an error. Steps and loop, never at once. */
#include "common/base/alloc.h"
#include "common/base/json_value.h"
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
    const char *what = weir_arena_printf(arena, "%s/commits/%lld", query->context.checkpoint, (long long)batch);
    if (!entry.weir.size)
        WEIR_FAIL(err, CHECKPOINT_MISMATCH,
                  "%s names no state of Weir: the checkpoint of a stateful Spark query cannot be continued.", what);
    return weir_json_parse(arena, entry.weir, what, ret, err);
}

/* ---- garbage ---- */

/* Attempts that counted, from the oldest retained commit on. */
typedef struct counted {
    weir_stream_query *query;
    weir_arena *arena;
    int64_t oldest;
    weir_str *attempts; /* of batch oldest + i */
} counted;

static weir_code read_attempts(counted *c, weir_error **err) {
    int64_t committed = c->query->committed;
    c->attempts = WEIR_NEW_ARRAY(c->arena, weir_str, committed + 1);
    c->oldest = committed + 1;
    while (c->oldest > 0) {
        weir_commit_entry entry;
        weir_json *json;
        _cleanup_error_ weir_error *gone = NULL;
        weir_code code = weir_commit_log_get(c->query->checkpoint, c->oldest - 1, c->arena, &entry, &gone);
        if (code == WEIR_NOT_FOUND)
            break;
        if (code != WEIR_OK || !entry.weir.size)
            WEIR_RAISE(err, CORRUPT_FILE, "path", c->query->context.checkpoint, "reason", weir_error_message(gone));
        WEIR_TRY(weir_json_parse(c->arena, entry.weir, "commits entry", &json, err));
        c->attempts[--c->oldest] = weir_json_get_str(json, "attempt", WEIR_STR(""));
    }
    return WEIR_OK;
}

static bool in_chain(const weir_state_chain *chain, weir_str name) {
    for (int32_t i = 0; i < chain->snapshot.count + chain->changelogs.count; i++) {
        const weir_state_object *o =
            i < chain->snapshot.count ? &chain->snapshot.items[i] : &chain->changelogs.items[i - chain->snapshot.count];
        if (weir_str_equal(weir_str_from(o->name), name))
            return true;
    }
    return false;
}

static bool is_garbage(const counted *c, weir_str name) {
    int64_t batch = 0;
    size_t digits = 0;
    while (digits < name.size && digits < 18 && name.data[digits] >= '0' && name.data[digits] <= '9')
        batch = batch * 10 + (name.data[digits++] - '0');
    if (digits == 0 || digits == name.size || name.data[digits] != '-')
        return false; /* not ours */
    if (in_chain(&c->query->chain, name))
        return false;
    if (batch > c->query->committed || batch < c->oldest)
        return true;
    weir_str attempt = c->attempts[batch];
    return !weir_str_starts_with(name, attempt) || name.size <= attempt.size || name.data[attempt.size] != '-';
}

static weir_code remove_garbage(const weir_file_info *info, void *data, weir_error **err) {
    const counted *c = data;
    const char *slash = memrchr(info->path.data, '/', info->path.size);
    size_t skip = slash ? (size_t)(slash + 1 - info->path.data) : 0;
    if (info->is_directory || !is_garbage(c, weir_str_make(info->path.data + skip, info->path.size - skip)))
        return WEIR_OK;
    weir_fs *fs = c->query->host.env->local_fs;
    return fs->ops->remove(fs, weir_arena_strndup(c->arena, info->path.data, info->path.size), err);
}

/* Objects of attempts that did not count, and what an interrupted purge left. */
static weir_code sweep_objects(weir_stream_query *query, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_fs *fs = query->host.env->local_fs;
    counted c = {.query = query, .arena = arena};
    WEIR_TRY(read_attempts(&c, err));
    const char *directory = weir_fs_join(arena, query->context.checkpoint, "state");
    _cleanup_error_ weir_error *absent = NULL;
    weir_code code = fs->ops->list(fs, directory, arena, remove_garbage, &c, &absent);
    if (code == WEIR_OK || code == WEIR_NOT_FOUND)
        return WEIR_OK;
    weir_error *found = absent;
    absent = NULL;
    return weir_error_move(err, found);
}

weir_code weir_state_chain_load(weir_stream_query *query, weir_error **err) {
    weir_state_chain *chain = &query->chain;
    chain->arena = weir_arena_new();
    chain->snapshot_batch = -1;
    if (!query->spec->stateful)
        return WEIR_OK;
    if (query->committed < 0)
        return sweep_objects(query, err);
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
    return sweep_objects(query, err);
}

static void keep_wire_object(weir_arena *arena, weir_state_objects *list, const Weir__StateObject *object,
                             int64_t batch) {
    if (object)
        add_object(arena, list,
                   (weir_state_object){weir_arena_strdup(arena, object->name), object->size, object->crc, batch});
}

/* A snapshot whose parts are all durable takes over: earlier changelogs are not needed any more. */
static void adopt_snapshot(weir_stream_query *query) {
    weir_state_chain old = query->chain, made = {.snapshot_batch = query->snapshot_due_batch};
    made.arena = weir_arena_new();
    for (int32_t i = 0; i < query->snapshot_parts.count; i++)
        add_object(made.arena, &made.snapshot, copy_object(made.arena, &query->snapshot_parts.items[i]));
    for (int32_t i = 0; i < old.changelogs.count; i++)
        if (old.changelogs.items[i].batch > made.snapshot_batch)
            add_object(made.arena, &made.changelogs, copy_object(made.arena, &old.changelogs.items[i]));
    weir_arena_free(old.arena);
    query->chain = made;
    query->snapshot_due_batch = -1;
    query->snapshot_parts = (weir_state_objects){0};
}

void weir_state_chain_extend(weir_stream_query *query) {
    for (int32_t e = 0; e < query->executors_count && query->spec->stateful; e++) {
        const Weir__EpochReport *report = query->replies[e].report;
        keep_wire_object(query->chain.arena, &query->chain.changelogs, report->changelog,
                         query->batch_id);
        if (report->snapshot && report->snapshot_batch == query->snapshot_due_batch)
            keep_wire_object(query->chain.arena, &query->snapshot_parts, report->snapshot,
                             query->snapshot_due_batch);
    }
    if (query->snapshot_due_batch >= 0 && query->snapshot_parts.count == query->executors_count)
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
            weir_strbuf_addf(buf, ",\"snapshot\":{\"batch\":%lld,\"objects\":", (long long)query->chain.snapshot_batch);
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
    if (!entry->weir.size || weir_json_parse(query->epoch_arena, entry->weir, "commit", &json, &err) != WEIR_OK)
        return;
    remove_objects(query, weir_json_get(json, "changelogs"));
    const weir_json *snapshot = weir_json_get(json, "snapshot");
    if (snapshot && weir_json_get_int(snapshot, "batch", -1) < query->chain.snapshot_batch)
        remove_objects(query, weir_json_get(snapshot, "objects"));
}
