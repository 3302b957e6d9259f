#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Write common/expr/unicode_case.def: full case mappings as ranges and exceptions.

python3 tools/unicode_case.py > common/expr/unicode_case.def
"""

import unicodedata


def maps(fn):
    simple, special = [], []
    for cp in range(0x80, 0x110000):
        if 0xD800 <= cp < 0xE000:
            continue
        to = fn(chr(cp))
        if to == chr(cp):
            continue
        if len(to) == 1:
            simple.append((cp, ord(to) - cp))
        else:
            special.append((cp, [ord(c) for c in to]))
    return simple, special


def ranges(simple):
    out = []
    for cp, delta in simple:
        if out:
            first, last, step, d = out[-1]
            if d == delta and (cp - last == step or (first == last and cp - last in (1, 2))):
                out[-1] = (first, cp, cp - last, d)
                continue
        out.append((cp, cp, 1, delta))
    return out


def main():
    print("/* Case mappings of Unicode %s, made by tools/unicode_case.py: do not edit." % unicodedata.unidata_version)
    print(" * RANGE: code points first..last by step map to themselves plus delta. SPECIAL: one to many. */")
    for name, fn in (("UPPER", str.upper), ("LOWER", str.lower)):
        simple, special = maps(fn)
        for first, last, step, delta in ranges(simple):
            print("WEIR_CASE_%s_RANGE(0x%X, 0x%X, %d, %d)" % (name, first, last, step, delta))
        for cp, to in special:
            print(
                "WEIR_CASE_%s_SPECIAL(0x%X, %s)" % (name, cp, ", ".join("0x%X" % c for c in to + [0] * (3 - len(to))))
            )


main()
