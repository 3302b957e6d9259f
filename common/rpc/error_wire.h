/* weir_error to and from the ErrorInfo message. Any thread. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"
#include "proto/engine.pb-c.h"

/* Fills `info` from the error; texts are borrowed from it, arrays live in the arena. */
void weir_error_to_wire(weir_arena *arena, const weir_error *error, Weir__ErrorInfo *info);
/* Raises the error that a peer sent; WEIR_OK where info is NULL. */
weir_code weir_error_from_wire(const Weir__ErrorInfo *info, weir_error **err);
