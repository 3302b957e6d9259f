#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What a PySpark user sees on Weir, compared with what the same client saw on Spark's own Connect server.

    python tests/peer/check_connect_api.py [--family NAME] [--weir build/release/weir] [--spark] [CASE...]

The answers of Spark are those of tests/golden/connect_api.jsonl (tools/golden/record_api.py); with --spark they are
asked anew. tests/golden/connect_api_known.txt lists the labels that differ, each with its reason: one that agrees
again fails the check as one that is not listed does."""

import argparse
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools", "golden"))

import connect_servers  # noqa: E402
import record_api  # noqa: E402
import run_api  # noqa: E402


def load_known(path):
    """{(case, label): reason}; lines are "case | label | reason"."""
    known = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, label, reason = (part.strip() for part in line.split("|", 2))
                known[name, label] = reason
    return known


def ask_spark(wanted, cases):
    with tempfile.TemporaryDirectory(prefix="weir-api-") as root:
        server = connect_servers.start_spark(root)
        try:
            return {name: json.loads(json.dumps(seen)) for name, seen in run_api.run(server, root, wanted, cases)}
        finally:
            server.stop()


def refused(value):
    """Weir says by name that it does not have this."""
    error = value.get("error") if isinstance(value, dict) else None
    conditions = ("NOT_SUPPORTED", "UNSUPPORTED_OPTION", "UNSUPPORTED_FEATURE")
    return isinstance(error, dict) and error.get("condition") in conditions


def differences(want, got, path=""):
    """The places at which two answers differ, as lines."""
    if isinstance(want, dict) and isinstance(got, dict) and want.keys() == got.keys():
        for key in want:
            yield from differences(want[key], got[key], "%s.%s" % (path, key))
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for number, pair in enumerate(zip(want, got)):
            yield from differences(*pair, "%s[%d]" % (path, number))
    elif want != got:
        texts = (json.dumps(want)[:1500], json.dumps(got)[:1500])
        yield "    %s\n        Spark %s\n        Weir  %s" % (path or "whole", *texts)


def compare(name, expected, actual, known):
    """Yields (kind, text): same, known, refused, differs."""
    for label in [*expected, *(label for label in actual if label not in expected)]:
        want, got = expected.get(label), actual.get(label)
        reason = known.pop((name, label), None)
        if want == got:
            yield ("stale", "listed as different, but it agrees") if reason else ("same", "")
        elif reason:
            yield "known", reason
        elif refused(got):
            yield "refused", "%s: %s" % (label, got["error"]["message"].split("\n")[0])
        else:
            yield "differs", "%s\n%s" % (label, "\n".join(differences(want, got)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--family", default="api", choices=record_api.FAMILIES)
    parser.add_argument("--weir", default=os.environ.get("WEIR", "build/release/weir"))
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--refused", action="store_true", help="also print what Weir refuses by name")
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    os.environ["TZ"] = "UTC"
    cases = record_api.cases_of(args.family)
    golden = ask_spark(args.cases, cases) if args.spark else record_api.load(record_api.file_of(args.family))[1]
    known = load_known(record_api.file_of(args.family, "connect_%s_known.txt"))
    counts, failed = {}, False
    with tempfile.TemporaryDirectory(prefix="weir-api-") as root:
        server = connect_servers.start_weir(os.path.abspath(args.weir), root)
        try:
            for name, seen in run_api.run(server, root, args.cases, cases):
                expected = golden.get(name)
                if expected is None:
                    print("%s: no answers of Spark are recorded: tools/golden/record_api.py" % name)
                    failed |= not name.startswith("frame: ")  # these are the plan decoder's, which records its own
                    continue
                for kind, text in compare(name, expected, json.loads(json.dumps(seen)), known):
                    counts[kind] = counts.get(kind, 0) + 1
                    if kind in ("differs", "stale") or (kind == "refused" and args.refused):
                        print("%s: %s: %s" % (kind.upper(), name, text), flush=True)
                    failed |= kind in ("differs", "stale")
        finally:
            status = server.stop()
        if status:
            print("the server ended with %d: %s" % (status, server.errors()[-3000:]))
            failed = True
    if known and not args.cases:
        print("listed as different, but there is no such label: %s" % sorted(known))
        failed = True
    print("connect api: %s" % ", ".join("%d %s" % (count, kind) for kind, count in sorted(counts.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
