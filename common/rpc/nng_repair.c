/* A repair of nng 1.5.2 at link time, for connections that close in the middle of a message.
 *
 * nng's tcp and TLS transports read and write a message in steps: the callback of one step starts the next on
 * the same aio. Where the connection is closed between the two, the aio refuses the step, silently. The
 * operation above then never ends, and nng's one thread that removes connections waits for it for ever: no
 * connection of the process is removed any more, none is dialled again, and nng_close does not return.
 * (Upstream repaired one of the places after 1.5.2, #1636.) A peer that is killed while it is sent a block is
 * enough.
 *
 * So the linker sends nng's calls through here (--wrap, CMakeLists.txt): a refused step ends with
 * NNG_ECLOSED, which its callback knows how to handle. It is safe because a step is refused only in the aio's
 * own callback, or before the aio is stopped, and both are waited for before the aio goes. Threads: nng's. */
#include <nng/nng.h>

int __real_nni_aio_begin(nng_aio *aio);
int __wrap_nni_aio_begin(nng_aio *aio);
void __real_nng_stream_recv(nng_stream *stream, nng_aio *aio);
void __wrap_nng_stream_recv(nng_stream *stream, nng_aio *aio);
void __real_nng_stream_send(nng_stream *stream, nng_aio *aio);
void __wrap_nng_stream_send(nng_stream *stream, nng_aio *aio);
void nni_aio_finish_error(nng_aio *aio, int rv);

/* The aio that refused to begin during the step that this thread starts just now. */
static _Thread_local nng_aio *refused;

int __wrap_nni_aio_begin(nng_aio *aio) {
    int rv = __real_nni_aio_begin(aio);
    if (rv != 0)
        refused = aio;
    return rv;
}

void __wrap_nng_stream_recv(nng_stream *stream, nng_aio *aio) {
    refused = NULL;
    __real_nng_stream_recv(stream, aio);
    if (refused == aio)
        nni_aio_finish_error(aio, NNG_ECLOSED);
    refused = NULL;
}

void __wrap_nng_stream_send(nng_stream *stream, nng_aio *aio) {
    refused = NULL;
    __real_nng_stream_send(stream, aio);
    if (refused == aio)
        nni_aio_finish_error(aio, NNG_ECLOSED);
    refused = NULL;
}
