/* A peer that writes bytes to a TCP port as it likes: SP's handshake and length-prefixed messages by hand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection to 127.0.0.1; asserts that it was made. */
int raw_peer_connect(int port);
/* The 8 bytes of SP's handshake with this protocol number (0x30 is REQ). */
void raw_peer_greet(int fd, uint16_t protocol);
/* Writes; false where the other side has closed. */
bool raw_peer_write(int fd, const void *data, size_t size);
/* A message of this announced length, whatever follows. */
bool raw_peer_announce(int fd, uint64_t length);
/* A whole request: length, request id, filler, bytes. */
bool raw_peer_request(int fd, const void *data, size_t size);
/* Reads a reply to `ret`; its size without id and filler, or -1 where none came or it is larger. */
int64_t raw_peer_reply(int fd, void *ret, size_t room);
/* The other side closes within this time. */
bool raw_peer_closed(int fd, int timeout_ms);
