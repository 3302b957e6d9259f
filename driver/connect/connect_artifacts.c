/* Artifacts: what a client uploads into its session, kept in memory within a budget of all sessions.
 *
 *   AddArtifacts: messages of batch (small ones) | begin_chunk, chunk, chunk ...   -> staged -> at the end of
 * the stream all of them enter the session, those whose CRC-32 fits; the answer says which.
 *
 * "cache/<sha256>" are the blobs of local relations (checked against their name), "pyfiles/", "files/" and
 * "archives/" belong to Python code. Java's ("jars/", "classes/") and uploads to a file system are refused by
 * name. A name may be put again with the same bytes; other bytes are ARTIFACT_ALREADY_EXISTS, as in Spark. */
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <zlib.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "driver/connect/connect_server_int.h"

#define CACHE "cache/"
#define SHA256_BYTES 32

/* --- the session's artifacts --- */

/* Under the session's lock. */
static connect_artifact *find_artifact(const weir_client_session *session, const char *name) {
    return (connect_artifact *)weir_connect_table_find(&session->artifacts, name);
}

bool connect_artifact_exists(weir_client_session *session, const char *name) {
    pthread_mutex_lock(&session->lock);
    bool found = find_artifact(session, name) != NULL;
    pthread_mutex_unlock(&session->lock);
    return found;
}

weir_buffer *weir_client_session_artifact(weir_client_session *session, const char *name) {
    pthread_mutex_lock(&session->lock);
    connect_artifact *found = find_artifact(session, name);
    weir_buffer *bytes = found ? weir_buffer_ref(found->bytes) : NULL;
    pthread_mutex_unlock(&session->lock);
    return bytes;
}

/* Under the session's lock. */
static void put_artifact(weir_client_session *session, const char *name, weir_buffer *bytes /* takes */) {
    size_t size = strlen(name) + 1;
    connect_artifact *artifact = weir_alloc_zero(1, sizeof *artifact + size);
    memcpy(artifact->name, name, size);
    artifact->item.key = artifact->name;
    artifact->bytes = bytes;
    weir_connect_table_add(&session->artifacts, &artifact->item);
}

weir_code connect_artifact_add(weir_client_session *session, const char *name, weir_buffer *bytes,
                               weir_error **err) {
    pthread_mutex_lock(&session->lock);
    connect_artifact *older = find_artifact(session, name);
    bool same = older && older->bytes->size == bytes->size &&
                memcmp(older->bytes->data, bytes->data, bytes->size) == 0;
    if (!older)
        put_artifact(session, name, bytes);
    pthread_mutex_unlock(&session->lock);
    if (older && !same)
        WEIR_RAISE(err, ARTIFACT_ALREADY_EXISTS, "normalizedRemoteRelativePath", name);
    if (older)
        weir_buffer_unref(bytes);
    return WEIR_OK;
}

void weir_client_session_each_artifact(weir_client_session *session, const char *prefix,
                                       void (*fn)(void *self, const char *name, weir_buffer *bytes),
                                       void *self) {
    pthread_mutex_lock(&session->lock);
    for (weir_connect_item *item = NULL; (item = weir_connect_table_next(&session->artifacts, item));) {
        connect_artifact *artifact = (connect_artifact *)item;
        if (strncmp(artifact->name, prefix, strlen(prefix)) == 0)
            fn(self, artifact->name, artifact->bytes);
    }
    pthread_mutex_unlock(&session->lock);
}

static void copy_one(void *self, const char *name, weir_buffer *bytes) {
    weir_client_session *target = self;
    pthread_mutex_lock(&target->lock);
    if (!find_artifact(target, name))
        put_artifact(target, name, weir_buffer_ref(bytes));
    pthread_mutex_unlock(&target->lock);
}

void connect_artifacts_copy(weir_client_session *target, weir_client_session *source) {
    weir_client_session_each_artifact(source, "", copy_one, target);
}

void connect_artifacts_free(weir_client_session *session) {
    for (weir_connect_item *item; (item = weir_connect_table_next(&session->artifacts, NULL));) {
        connect_artifact *artifact = (connect_artifact *)item;
        weir_connect_table_remove(&session->artifacts, item);
        weir_buffer_unref(artifact->bytes);
        weir_free(artifact);
    }
    weir_connect_table_fini(&session->artifacts);
}

/* --- an upload --- */

typedef struct staged {
    char *name;
    weir_buffer *bytes;
    size_t total; /* announced */
    int64_t chunks_left;
    bool crc_fits;
    struct staged *next;
} staged;

struct connect_upload {
    weir_client_session *session;
    staged *first, **last;
    staged *open; /* chunks of it are still to come */
};

void connect_upload_free(struct connect_upload *upload) {
    if (!upload)
        return;
    for (staged *at = upload->first, *next; at; at = next) {
        next = at->next;
        weir_buffer_unref(at->bytes);
        weir_free(at->name);
        weir_free(at);
    }
    connect_session_unref_ptr(&upload->session);
    weir_free(upload);
}

/* A relative path without "." and "..". */
static bool is_good_name(const char *name) {
    if (!*name || *name == '/' || strchr(name, '\\'))
        return false;
    for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
            return false;
    }
    return true;
}

static weir_code check_name(const char *name, weir_error **err) {
    static const char *const served[] = {CACHE, "pyfiles/", "files/", "archives/"};
    if (!is_good_name(name))
        WEIR_RAISE(err, INVALID_ARTIFACT_PATH, "name", name);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(served); i++)
        if (strncmp(name, served[i], strlen(served[i])) == 0)
            return WEIR_OK;
    WEIR_FAIL(err, NOT_SUPPORTED, "Artifacts of this kind are not served: %s", name);
}

static weir_code stage(struct connect_upload *upload, const char *name, int64_t total, int64_t chunks,
                       staged **ret, weir_error **err) {
    weir_connect_server *server = upload->session->server;
    name = name ? name : "";
    WEIR_TRY(check_name(name, err));
    if (total < 0 || chunks < 1)
        WEIR_FAIL(err, INVALID_ARGUMENT, "artifact %s announces %lld bytes in %lld chunks", name,
                  (long long)total, (long long)chunks);
    if (total > server->config.artifact_bytes_max)
        WEIR_FAIL(err, OUT_OF_MEMORY, "artifact %s of %lld bytes", name, (long long)total);
    staged *item = weir_alloc_zero(1, sizeof *item);
    item->name = weir_strdup(name);
    item->total = (size_t)total;
    item->chunks_left = chunks;
    item->crc_fits = true;
    *upload->last = item;
    upload->last = &item->next;
    *ret = item;
    return WEIR_OK;
}

/* The buffer grows with what has arrived, not with what was announced. */
static weir_code add_chunk(struct connect_upload *upload, staged *item,
                           const Spark__Connect__AddArtifactsRequest__ArtifactChunk *chunk,
                           weir_error **err) {
    weir_budget *budget = &upload->session->server->artifact_budget;
    size_t size = chunk ? chunk->data.len : 0, used = item->bytes ? item->bytes->size : 0;
    if (item->chunks_left == 0 || size > item->total - used)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Excessive data chunks for artifact: %s", item->name);
    if (!item->bytes)
        item->bytes = weir_buffer_new(budget, 0);
    size_t wanted = WEIR_MIN(item->total, WEIR_MAX(used + size, used * 2));
    if (!item->bytes || !weir_buffer_reserve(item->bytes, wanted))
        WEIR_FAIL(err, OUT_OF_MEMORY, "artifact %s: all artifacts together have reached their limit",
                  item->name);
    if (size)
        memcpy(item->bytes->data + used, chunk->data.data, size);
    item->bytes->size = used + size;
    uint32_t crc = size ? (uint32_t)crc32_z(0, chunk->data.data, size) : 0;
    item->crc_fits &= chunk && (int64_t)crc == chunk->crc;
    item->chunks_left--;
    if (item->chunks_left == 0 && item->bytes->size != item->total)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Missing data chunks for artifact: %s", item->name);
    return WEIR_OK;
}

static weir_code stage_batch(struct connect_upload *upload,
                             const Spark__Connect__AddArtifactsRequest__Batch *batch, weir_error **err) {
    for (size_t i = 0; i < batch->n_artifacts; i++) {
        const Spark__Connect__AddArtifactsRequest__SingleChunkArtifact *single = batch->artifacts[i];
        staged *item;
        WEIR_TRY(
            stage(upload, single->name, single->data ? (int64_t)single->data->data.len : 0, 1, &item, err));
        WEIR_TRY(add_chunk(upload, item, single->data, err));
    }
    return WEIR_OK;
}

static weir_code take_payload(struct connect_upload *upload,
                              const Spark__Connect__AddArtifactsRequest *request, weir_error **err) {
    switch (request->payload_case) {
    case SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_BATCH:
        if (upload->open)
            WEIR_FAIL(err, INVALID_ARGUMENT, "Missing data chunks for artifact: %s", upload->open->name);
        return stage_batch(upload, request->batch, err);
    case SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_BEGIN_CHUNK:
        if (upload->open)
            WEIR_FAIL(err, INVALID_ARGUMENT, "Missing data chunks for artifact: %s", upload->open->name);
        WEIR_TRY(stage(upload, request->begin_chunk->name, request->begin_chunk->total_bytes,
                       request->begin_chunk->num_chunks, &upload->open, err));
        WEIR_TRY(add_chunk(upload, upload->open, request->begin_chunk->initial_chunk, err));
        break;
    case SPARK__CONNECT__ADD_ARTIFACTS_REQUEST__PAYLOAD_CHUNK:
        if (!upload->open)
            WEIR_FAIL(err, INVALID_ARGUMENT, "A chunk without an artifact that it belongs to.");
        WEIR_TRY(add_chunk(upload, upload->open, request->chunk, err));
        break;
    default:
        WEIR_FAIL(err, NOT_SUPPORTED, "Unsupported data transfer request.");
    }
    if (upload->open->chunks_left == 0)
        upload->open = NULL;
    return WEIR_OK;
}

/* The blob under "cache/<sha256>" is what its name says. */
static bool hash_fits(const staged *item) {
    if (strncmp(item->name, CACHE, sizeof CACHE - 1) != 0)
        return true;
    unsigned char hash[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];
    if (mbedtls_sha256_ret(item->bytes->data, item->bytes->size, hash, 0) != 0)
        return false;
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    return strcmp(item->name + sizeof CACHE - 1, text) == 0;
}

/* The stream has ended: all artifacts enter the session. */
static weir_code flush(connect_call *call, Spark__Connect__AddArtifactsResponse *response, weir_error **err) {
    struct connect_upload *upload = call->upload;
    size_t count = 0;
    if (upload->open)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Missing data chunks for artifact: %s", upload->open->name);
    for (staged *at = upload->first; at; at = at->next)
        count++;
    response->artifacts =
        WEIR_NEW_ARRAY(call->arena, Spark__Connect__AddArtifactsResponse__ArtifactSummary *, count);
    for (staged *at = upload->first; at; at = at->next) {
        Spark__Connect__AddArtifactsResponse__ArtifactSummary *summary =
            WEIR_NEW(call->arena, Spark__Connect__AddArtifactsResponse__ArtifactSummary);
        spark__connect__add_artifacts_response__artifact_summary__init(summary);
        summary->name = weir_arena_strdup(call->arena, at->name);
        summary->has_is_crc_successful = 1;
        summary->is_crc_successful = at->crc_fits && hash_fits(at);
        response->artifacts[response->n_artifacts++] = summary;
        if (summary->is_crc_successful) {
            WEIR_TRY(connect_artifact_add(upload->session, at->name, at->bytes, err));
            at->bytes = NULL;
        }
    }
    return WEIR_OK;
}

static weir_code begin_upload(connect_call *call, const Spark__Connect__AddArtifactsRequest *request,
                              weir_error **err) {
    connect_head head = CONNECT_HEAD(request);
    weir_client_session *session = NULL;
    WEIR_TRY(connect_session_get(call->server, &head, true, &session, err));
    call->upload = weir_alloc_zero(1, sizeof *call->upload);
    call->upload->session = session;
    call->upload->last = &call->upload->first;
    return WEIR_OK;
}

/* Called for every message, and with no request at the end of the stream. */
void connect_handle_add_artifacts(connect_call *call) {
    const Spark__Connect__AddArtifactsRequest *request = (Spark__Connect__AddArtifactsRequest *)call->request;
    _cleanup_error_ weir_error *err = NULL;
    weir_code code = WEIR_OK;
    if (request) {
        if (!call->upload)
            code = begin_upload(call, request, &err);
        if (code == WEIR_OK)
            code = take_payload(call->upload, request, &err);
        if (code == WEIR_OK) {
            connect_call_read_more(call);
            return;
        }
    } else if (!call->upload || atomic_load(&call->cancelled)) {
        code =
            weir_error_failf(&err, WEIR_INVALID_ARGUMENT, "The stream of artifacts ended without a request.");
    } else {
        Spark__Connect__AddArtifactsResponse response = SPARK__CONNECT__ADD_ARTIFACTS_RESPONSE__INIT;
        call->arena = weir_arena_new();
        code = flush(call, &response, &err);
        if (code == WEIR_OK) {
            CONNECT_ANSWER(&response, call->upload->session);
            connect_call_reply(call, &response.base);
            return;
        }
    }
    weir_client_session *session = call->upload ? call->upload->session : NULL;
    connect_call_fail(call, session, &err);
}

void connect_handle_artifact_status(connect_call *call) {
    const Spark__Connect__ArtifactStatusesRequest *request =
        (Spark__Connect__ArtifactStatusesRequest *)call->request;
    connect_head head = CONNECT_HEAD(request);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    if (connect_session_get(call->server, &head, true, &session, &err) != WEIR_OK) {
        connect_call_fail(call, NULL, &err);
        return;
    }
    Spark__Connect__ArtifactStatusesResponse response = SPARK__CONNECT__ARTIFACT_STATUSES_RESPONSE__INIT;
    CONNECT_ANSWER(&response, session);
    response.statuses = WEIR_NEW_ARRAY(
        call->arena, Spark__Connect__ArtifactStatusesResponse__ArtifactStatusEntry *, request->n_names + 1);
    for (size_t i = 0; i < request->n_names; i++) {
        Spark__Connect__ArtifactStatusesResponse__ArtifactStatusEntry *entry =
            WEIR_NEW(call->arena, Spark__Connect__ArtifactStatusesResponse__ArtifactStatusEntry);
        spark__connect__artifact_statuses_response__artifact_status_entry__init(entry);
        entry->key = request->names[i];
        entry->value = WEIR_NEW(call->arena, Spark__Connect__ArtifactStatusesResponse__ArtifactStatus);
        spark__connect__artifact_statuses_response__artifact_status__init(entry->value);
        entry->value->has_exists = 1;
        entry->value->exists = connect_artifact_exists(session, request->names[i]);
        response.statuses[response.n_statuses++] = entry;
    }
    connect_call_reply(call, &response.base);
}
