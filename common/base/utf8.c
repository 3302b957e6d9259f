/* UTF-8 validation (utf8.h): eight ASCII bytes at a time, the rest by the table of well-formed sequences. */
#include "common/base/utf8.h"

#include <stdint.h>

/* Bytes of the character at `p`, 0 where it is none; `left` bytes may be read. */
static size_t character_size(const uint8_t *p, size_t left) {
    uint8_t lead = p[0], low = 0x80, high = 0xBF;
    size_t size;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF) {
        size = 2;
    } else if ((lead & 0xF0) == 0xE0) {
        size = 3;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        size = 4;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < size || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

bool weir_utf8_valid(weir_str text) {
    const uint8_t *data = (const uint8_t *)text.data;
    size_t at = 0;
    while (at < text.size) {
        uint64_t word;
        if (text.size - at >= sizeof word) {
            memcpy(&word, data + at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t size = character_size(data + at, text.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}
