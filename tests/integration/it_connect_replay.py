#!/usr/bin/env python3
"""Recorded requests of a stock PySpark client, and what real Spark printed for them: the same bytes to `weir driver
--connect` give the same text. Needs python3-grpcio, not PySpark (tools/golden/record_replay.py makes the file)."""
import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import connect_wire as wire  # noqa: E402
import weirlib  # noqa: E402
from weirlib import ROOT, WEIR, Suite  # noqa: E402


def compare(client, entry):
    answers = client.execute(base64.b64decode(entry["plan"]))
    data = b"".join(wire.field(answer, 2, 2) or b"" for answer in answers)
    shown = entry["text"].rstrip("\n").encode()  # show() prints one line's end more
    if shown in data:
        return None
    return f"expected\n{entry['text']}\ngot\n{data.decode('utf-8', 'replace')}"


def main():
    if wire.grpc is None:
        weirlib.skip("python3-grpcio is not installed")
    if not (pathlib.Path(WEIR).parent / "weir-connect.so").exists():
        weirlib.skip("there is no weir-connect.so beside the program")
    suite = Suite()
    lines = (ROOT / "tests/golden/connect_replay.jsonl").read_text(encoding="ascii").splitlines()
    zone = ("--conf", "spark.sql.session.timeZone=UTC")
    driver = wire.Driver(WEIR, suite.directory, ("--master", "local[2]", *zone))
    client = wire.Client(driver.port)
    try:
        for entry in map(json.loads, lines[1:]):
            suite.check(entry["name"], compare(client, entry))
        client.release()
        client.close()
    finally:
        suite.expect_equal("the driver ends with 0", driver.stop(), 0)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
