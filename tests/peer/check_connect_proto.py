#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""proto/connect_*.proto against the client's own description of the wire.

Every message type is compared field by field, and a filled message of every type is written by the client's
classes, read and written again by ours, and read back: nothing may be lost. Needs protoc-c and pyspark.
"""

import os
import random
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor as Field

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = ["common", "types", "expressions", "catalog", "relations", "commands", "base"]
# What Weir only refuses is opaque bytes on our side.
OPAQUE = {"ml.proto", "ml_common.proto", "pipelines.proto"}
OPAQUE_TYPES = {"spark.connect.MlRelation", "spark.connect.Fetch"}
# Bytes on our side, so that a NUL byte does not end the text.
TEXT_AS_BYTES = {"spark.connect.Expression.Literal.string"}


def our_types():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "set")
        files = ["proto/connect_%s.proto" % name for name in NAMES]
        subprocess.run(
            ["protoc-c", "--descriptor_set_out=" + path, "--proto_path=."] + files, cwd=ROOT, check=True
        )
        with open(path, "rb") as file:
            described = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return pool


def their_types():
    import importlib

    found = {}

    def walk(message):
        if message.full_name in OPAQUE_TYPES or message.GetOptions().map_entry:
            return
        found[message.full_name] = message
        for nested in message.nested_types:
            walk(nested)

    for name in NAMES:
        module = importlib.import_module("pyspark.sql.connect.proto.%s_pb2" % name)
        for message in module.DESCRIPTOR.message_types_by_name.values():
            walk(message)
    return found


def is_opaque(field):
    target = field.message_type
    return target is not None and (
        os.path.basename(target.file.name) in OPAQUE or target.full_name in OPAQUE_TYPES
    )


def compare_field(theirs, ours, problems):
    where = theirs.full_name
    if ours is None:
        problems.append("%s = %d is missing" % (where, theirs.number))
        return
    if theirs.name != ours.name:
        problems.append("%s is called %s" % (where, ours.name))
    if theirs.is_repeated != ours.is_repeated:
        problems.append("%s: repeated differs" % where)
    one = theirs.containing_oneof
    if one is not None and len(one.fields) > 1:
        if ours.containing_oneof is None or ours.containing_oneof.name != one.name:
            problems.append("%s is not in oneof %s" % (where, one.name))
    if is_opaque(theirs) or where in TEXT_AS_BYTES:
        if ours.type != Field.TYPE_BYTES:
            problems.append("%s is not opaque" % where)
    elif theirs.type != ours.type:
        problems.append("%s: type %d, ours %d" % (where, theirs.type, ours.type))
    elif theirs.enum_type is not None:
        values = {v.name: v.number for v in theirs.enum_type.values}
        if values != {v.name: v.number for v in ours.enum_type.values}:
            problems.append("%s: the values of %s differ" % (where, theirs.enum_type.name))
    elif theirs.message_type is not None and theirs.message_type.GetOptions().map_entry:
        for number in (1, 2):
            a = theirs.message_type.fields_by_number[number]
            b = ours.message_type.fields_by_number.get(number)
            if b is None or a.type != b.type:
                problems.append("%s: the entry differs" % where)


SCALARS = {
    Field.TYPE_STRING: lambda r: "t%dé" % r.randrange(100),
    Field.TYPE_BYTES: lambda r: bytes([0, 255, r.randrange(256)]),
    Field.TYPE_BOOL: lambda r: True,
    Field.TYPE_DOUBLE: lambda r: r.choice([-1.5, 1e300]),
    Field.TYPE_FLOAT: lambda r: r.choice([-1.5, 0.25]),
    Field.TYPE_INT32: lambda r: r.choice([1, -1, 2**31 - 1, -(2**31)]),
    Field.TYPE_INT64: lambda r: r.choice([1, -1, 2**63 - 1, -(2**63)]),
    Field.TYPE_UINT32: lambda r: r.choice([1, 2**32 - 1]),
}


def fill(message, rng, depth, only=None):
    """Every field once; of each oneof the member that `only` names, else any."""
    for field in message.DESCRIPTOR.fields:
        one = field.containing_oneof
        if one is not None and len(one.fields) > 1:
            chosen = only if only in one.fields else rng.choice(list(one.fields))
            if field is not chosen:
                continue
        if field.message_type is not None:
            if depth == 0 or is_opaque(field):
                continue
            target = getattr(message, field.name)
            if field.message_type.GetOptions().map_entry:
                value = field.message_type.fields_by_name["value"]
                if value.message_type is not None:
                    fill(target["k"], rng, depth - 1)
                else:
                    target["k"] = "v"
            elif field.is_repeated:
                fill(target.add(), rng, depth - 1)
                fill(target.add(), rng, depth - 1)
            else:
                target.SetInParent()
                fill(target, rng, depth - 1)
            continue
        if field.enum_type is not None:
            value = field.enum_type.values[-1].number
        else:
            value = SCALARS[field.type](rng)
        if field.is_repeated:
            getattr(message, field.name).extend([value, value])
        else:
            setattr(message, field.name, value)


def members(message):
    """One entry a member of each oneof, so that every one of them is written once."""
    found = [f for o in message.oneofs if len(o.fields) > 1 for f in o.fields if not is_opaque(f)]
    return found or [None]


def main():
    pool, problems, written = our_types(), [], 0
    rng = random.Random(1)
    theirs = their_types()
    for name, message in sorted(theirs.items()):
        try:
            ours = pool.FindMessageTypeByName(name)
        except KeyError:
            problems.append("message %s is missing" % name)
            continue
        for field in message.fields:
            compare_field(field, ours.fields_by_number.get(field.number), problems)
        for field in ours.fields:
            if field.number not in message.fields_by_number:
                problems.append("%s = %d is not the client's" % (field.full_name, field.number))
        their_class = message_factory.GetMessageClass(message)
        our_class = message_factory.GetMessageClass(ours)
        for member in members(message):
            sent = their_class()
            fill(sent, rng, 3, member)
            read = our_class.FromString(sent.SerializeToString(deterministic=True))
            if their_class.FromString(read.SerializeToString(deterministic=True)) != sent:
                problems.append("%s does not survive our description (%s)" % (name, member and member.name))
            if any(True for _ in unknown_fields(read)):
                problems.append("%s leaves fields unknown" % name)
            written += 1
    for problem in problems:
        print("FAIL", problem)
    print("%d message types, %d messages written: %d problems" % (len(theirs), written, len(problems)))
    return 1 if problems or len(theirs) < 150 else 0


def unknown_fields(message):
    from google.protobuf import unknown_fields as unknown

    yield from unknown.UnknownFieldSet(message)
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in value if field.is_repeated else [value]:
            yield from unknown_fields(part)


if __name__ == "__main__":
    sys.exit(main())
