/* nng messages as counted buffers and back (nng_int.h), so that inproc passes the pointer. Any thread. */
#include "common/base/assert.h"
#include "common/rpc/nng_int.h"

static void release_message(void *message) {
    nng_msg_free(message);
}

weir_str weir_nng_bytes(nng_msg *message) {
    size_t filler = WEIR_MIN(nng_msg_len(message), (size_t)WEIR_NNG_FILLER);
    return weir_str_make((const char *)nng_msg_body(message) + filler, nng_msg_len(message) - filler);
}

weir_buffer *weir_nng_wrap(nng_msg *message) {
    weir_str bytes = weir_nng_bytes(message);
    bool misaligned = (uintptr_t)bytes.data % 8 && bytes.size;
    weir_buffer *copy = misaligned ? weir_buffer_new(NULL, bytes.size) : NULL;
    if (!copy)
        return weir_buffer_borrow(bytes.data, bytes.size, release_message, message);
    memcpy(copy->data, bytes.data, bytes.size);
    copy->size = bytes.size;
    nng_msg_free(message);
    return copy;
}

/* With the filler in front, its place chosen so that the rest is aligned here too. */
static int new_message(size_t size, nng_msg **ret) {
    int rv = nng_msg_alloc(ret, size + 2 * WEIR_NNG_FILLER);
    if (rv == 0) {
        memset(nng_msg_body(*ret), 0, 2 * WEIR_NNG_FILLER);
        nng_msg_trim(*ret, WEIR_NNG_FILLER);
    }
    return rv;
}

weir_buffer *weir_nng_alloc(weir_transport *transport, size_t size) {
    (void)transport;
    nng_msg *message = NULL;
    if (new_message(size, &message) != 0)
        return NULL;
    return weir_nng_wrap(message);
}

nng_msg *weir_nng_message(const uint8_t *data, size_t size) {
    nng_msg *message = NULL;
    if (new_message(size, &message) != 0)
        return NULL;
    memcpy((uint8_t *)nng_msg_body(message) + WEIR_NNG_FILLER, data, size);
    return message;
}

nng_msg *weir_nng_unwrap(weir_buffer *buffer) {
    nng_msg *message = NULL;
    if (buffer->release == release_message && atomic_load(&buffer->refs) == 1) {
        message = buffer->owner;
        buffer->release = NULL;
    } else {
        message = weir_nng_message(buffer->data, buffer->size);
    }
    weir_buffer_unref(buffer);
    return message;
}

nng_msg *weir_nng_take(nng_aio *aio) {
    nng_msg *message = nng_aio_get_msg(aio);
    nng_aio_set_msg(aio, NULL);
    return message;
}

void weir_nng_sleep(nng_aio *aio, nng_duration ms) {
    nng_aio_set_timeout(aio, ms);
    nng_sleep_aio(ms + 1, aio);
}
