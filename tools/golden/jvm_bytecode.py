# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Reads class files of jars just far enough to see which strings go into the making of which objects."""

import struct
import zipfile

LDC, LDC_W, NEW = 0x12, 0x13, 0xBB
INVOKES = (0xB6, 0xB7, 0xB8, 0xB9)
TABLESWITCH, LOOKUPSWITCH, WIDE, IINC = 0xAA, 0xAB, 0xC4, 0x84
# Bytes behind an opcode: ranges (first, last, bytes); what is not listed has none.
OPERANDS = [(0x10, 0x10, 1), (0x11, 0x11, 2), (0x12, 0x12, 1), (0x13, 0x14, 2), (0x15, 0x19, 1), (0x36, 0x3A, 1),
            (0x84, 0x84, 2), (0x99, 0xA8, 2), (0xA9, 0xA9, 1), (0xB2, 0xB8, 2), (0xB9, 0xBA, 4), (0xBB, 0xBB, 2),
            (0xBC, 0xBC, 1), (0xBD, 0xBD, 2), (0xC0, 0xC1, 2), (0xC5, 0xC5, 3), (0xC6, 0xC7, 2), (0xC8, 0xC9, 4)]
SIZES = [0] * 256
for first, last, count in OPERANDS:
    for opcode in range(first, last + 1):
        SIZES[opcode] = count


class ClassFile:
    """name, parent, and events(): ("string", text), ("new", class) and ("call", class, name, descriptor) of
    each method in the order of its code; None ends a method."""

    def __init__(self, data):
        self.data = data
        self.at = 8
        self.pool = self.read_pool()
        _, this, parent, interfaces = self.take(">HHHH")
        self.name = self.pool[self.pool[this][1]]
        self.parent = self.pool[self.pool[parent][1]] if parent else None
        self.at += 2 * interfaces
        self.codes = []
        self.members()
        self.members()

    def take(self, form):
        got = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return got

    def read_pool(self):
        count, = self.take(">H")
        pool, i = [None] * count, 1
        while i < count:
            tag, = self.take(">B")
            if tag == 1:
                size, = self.take(">H")
                pool[i] = self.data[self.at:self.at + size].decode("utf-8", "replace")
                self.at += size
            elif tag in (7, 8, 16, 19, 20):
                pool[i] = (tag, *self.take(">H"))
            elif tag == 15:
                pool[i] = (tag, *self.take(">BH"))
            elif tag in (5, 6):
                self.at += 8
                i += 1  # takes two places
            else:
                pool[i] = (tag, *self.take(">HH"))
            i += 1
        return pool

    def members(self):
        count, = self.take(">H")
        for _ in range(count):
            *_, attributes = self.take(">HHHH")
            for _ in range(attributes):
                name, size = self.take(">HI")
                if self.pool[name] == "Code":
                    length, = struct.unpack_from(">I", self.data, self.at + 4)
                    self.codes.append(self.data[self.at + 8:self.at + 8 + length])
                self.at += size

    def method(self, index):
        _, owner, what = self.pool[index]
        _, name, descriptor = self.pool[what]
        return self.pool[self.pool[owner][1]], self.pool[name], self.pool[descriptor]

    def events(self):
        for code in self.codes:
            yield from self.code_events(code)
            yield None

    def code_events(self, code):
        at = 0
        while at < len(code):
            op = code[at]
            if op in (LDC, LDC_W):
                index = code[at + 1] if op == LDC else int.from_bytes(code[at + 1:at + 3], "big")
                if self.pool[index] and self.pool[index][0] == 8:
                    yield "string", self.pool[self.pool[index][1]]
            elif op == NEW:
                yield "new", self.pool[self.pool[int.from_bytes(code[at + 1:at + 3], "big")][1]]
            elif op in INVOKES:
                yield ("call", *self.method(int.from_bytes(code[at + 1:at + 3], "big")))
            at += self.size_of(code, at)

    @staticmethod
    def size_of(code, at):
        op = code[at]
        if op == WIDE:
            return 6 if code[at + 1] == IINC else 4
        if op not in (TABLESWITCH, LOOKUPSWITCH):
            return 1 + SIZES[op]
        start = at + 1 + (-(at + 1)) % 4
        if op == TABLESWITCH:
            low, high = struct.unpack_from(">ii", code, start + 4)
            return start + 12 + 4 * (high - low + 1) - at
        pairs, = struct.unpack_from(">i", code, start + 4)
        return start + 8 + 8 * pairs - at


def classes(jar):
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if name.endswith(".class") and "module-info" not in name:
                yield ClassFile(archive.read(name))
