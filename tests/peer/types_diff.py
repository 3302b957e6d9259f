#!/usr/bin/env python3
"""Asks a real Spark how it reads and prints scalars, for tests/golden/golden_types.c.

    tests/peer/types_diff.py record
        writes tests/golden/types.jsonl (fixed seed, a few rows a question)
    tests/peer/types_diff.py diff [ROWS [SEED]]
        asks many more and runs build/debug/tests/golden_types on them

Needs pyspark and Java 17. A line of the file is one question: `op` and its parameters, inputs (`texts` or
`numbers`) and Spark's `values`, null where a text is refused. Timestamps are micros since the epoch.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(ROOT, "tests/golden/types.jsonl")
ZONES = [
    "UTC",
    "America/Chicago",
    "Europe/London",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "+05:30",
    "America/Sao_Paulo",
]
# zones whose rules have been the same in all recent releases of the zone data
STABLE_ZONES = """
America/New_York America/Chicago America/Los_Angeles America/St_Johns America/Phoenix America/Sao_Paulo
Europe/London Europe/Berlin Europe/Dublin Europe/Moscow Asia/Tokyo Asia/Kolkata Asia/Kathmandu
Asia/Shanghai Asia/Tehran Australia/Sydney Australia/Lord_Howe Pacific/Auckland Pacific/Chatham
Pacific/Apia Africa/Johannesburg Antarctica/Troll UTC Etc/GMT+5 GMT+8 +05:30 -03:00""".split()
PATTERNS = """yyyy-MM-dd HH:mm:ss|yyyy-MM-dd|yyyyMMdd|yyyyMMddHHmmss|yyyyMMddHHmmssSSS|yy-M-d
y-M-d H:m:s|dd/MM/yyyy hh:mm a|MMM d, yyyy|MMMM dd yyyy|d MMM yyyy HH:mm:ss Z
yyyy-MM-dd'T'HH:mm:ss.SSSXXX|yyyy-MM-dd'T'HH:mm:ss[.SSSSSS][XXX]|yyyy-DDD|D yyyy
HH:mm|hh:mm:ss a|K:mm a|kk:mm|yyyy G|y G M|yyyy-MM-dd VV|yyyy-MM-dd z|yyyy-MM-dd zzzz
yyyy-MM-dd O|yyyy-MM-dd OOOO|XXXX yyyy|yyyy-MM-dd xx|yyyy'Q'MM|''yyyy''|[yyyy][-MM][-dd]
ss.SSSSSSSSS|yyyyyy-MM-dd|yyy-MM|HHmmssSSSSSS|dd[ MMM][ yyyy]|yyyy-MM-dd h a""".replace("\n", "|").split("|")
FORMAT_ONLY = """E EEEE Q QQ QQQ QQQQ q L LLL LLLL F ZZZZ ZZZZZ VV z zzzz O OOOO X XX XXX XXXX XXXXX x xx xxx
xxxx xxxxx S SSS SSSSSSSSS G GGGG a D DDD yy y yyyyyy k K v vvvv g""".split()


def mutate(rng, text, alphabet):
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        kind, at = rng.randrange(3), rng.randrange(len(text) + 1)
        if kind == 0:
            text = text[:at] + rng.choice(alphabet) + text[at:]
        elif kind == 1 and text:
            text = text[:at] + text[at + 1 :]
        elif text:
            text = text[:at] + rng.choice(alphabet) + text[at + 1 :]
    return text


def gen_timestamp(rng):
    year = rng.choice(
        [
            "%04d" % rng.randrange(1, 10000),
            str(rng.randrange(1850, 2100)),
            str(rng.randrange(2100, 300000)),
            "-%04d" % rng.randrange(1, 9999),
            "+%d" % rng.randrange(1000, 99999),
        ]
    )
    text = year
    if rng.random() < 0.95:
        text += "-%s" % rng.choice(["%02d", "%d"]) % rng.randrange(1, 13)
        if rng.random() < 0.95:
            text += "-%s" % rng.choice(["%02d", "%d"]) % rng.randrange(1, 32)
            if rng.random() < 0.9:
                text += rng.choice(" T") + rng.choice(["%02d", "%d"]) % rng.randrange(0, 24)
                if rng.random() < 0.95:
                    text += ":" + rng.choice(["%02d", "%d"]) % rng.randrange(0, 60)
                    if rng.random() < 0.95:
                        text += ":" + rng.choice(["%02d", "%d"]) % rng.randrange(0, 60)
                        if rng.random() < 0.6:
                            text += "." + "".join(
                                rng.choice("0123456789") for _ in range(rng.randrange(0, 11))
                            )
                        if rng.random() < 0.4:
                            text += rng.choice(
                                [
                                    "Z",
                                    "+01:00",
                                    "-8",
                                    "+5:30",
                                    " UTC",
                                    "UTC+3",
                                    " America/New_York",
                                    "GMT-02:30",
                                    "+0100",
                                    " PST",
                                    "+18:00",
                                    "-18:01",
                                    "EST",
                                    " Europe/Paris",
                                    "+01:2",
                                    "UT",
                                    "CST",
                                    "+01:02:03",
                                    "Etc/GMT+5",
                                    "z",
                                    "utc",
                                ]
                            )
    return mutate(
        rng,
        rng.choice(["", "", "", " ", "\t"]) + text + rng.choice(["", "", "", " "]),
        "0123456789-:. TZ+\n",
    )


def gen_date(rng):
    text = rng.choice(
        [
            "%04d" % rng.randrange(0, 10000),
            str(rng.randrange(1850, 2100)),
            str(rng.randrange(2100, 9999999)),
            "-%04d" % rng.randrange(1, 9999),
            "+%d" % rng.randrange(1000, 99999),
        ]
    )
    if rng.random() < 0.9:
        text += "-%s" % rng.choice(["%02d", "%d"]) % rng.randrange(0, 14)
        if rng.random() < 0.9:
            text += "-%s" % rng.choice(["%02d", "%d"]) % rng.randrange(0, 33)
            text += rng.choice(["", "", "", " 10:11", "T", "T12", " x", "x"])
    return mutate(rng, rng.choice(["", " "]) + text, "0123456789-: T+")


def gen_time(rng):
    text = rng.choice(["%02d", "%d"]) % rng.randrange(0, 26)
    if rng.random() < 0.95:
        text += ":" + rng.choice(["%02d", "%d"]) % rng.randrange(0, 61)
        if rng.random() < 0.7:
            text += ":" + rng.choice(["%02d", "%d"]) % rng.randrange(0, 61)
            if rng.random() < 0.6:
                text += "." + "".join(rng.choice("0123456789") for _ in range(rng.randrange(0, 11)))
    text = (
        rng.choice(["", "", "", "T", " "])
        + text
        + rng.choice(["", "", "", "", "AM", "PM", " am", " Pm", "  PM ", "Z", "m", "XM"])
    )
    return mutate(rng, text, "0123456789:. APM")


def gen_number(rng):
    digits = lambda n: "".join(rng.choice("0123456789") for _ in range(n))
    text = rng.choice(["", "", "-", "+"]) + digits(
        rng.choice([0, 1, 1, 2, 3, 5, 10, 17, 19, 20, 25, 38, 39, 45])
    )
    if rng.random() < 0.6:
        text += "." + digits(rng.choice([0, 1, 1, 2, 3, 6, 10, 17, 20, 38, 60]))
    if rng.random() < 0.4:
        text += (
            rng.choice("eE")
            + rng.choice(["", "-", "+"])
            + str(
                rng.choice(
                    [
                        0,
                        1,
                        2,
                        5,
                        10,
                        22,
                        23,
                        30,
                        37,
                        38,
                        40,
                        100,
                        300,
                        308,
                        309,
                        324,
                        325,
                        400,
                        2147483647,
                        2147483648,
                        99999999999,
                    ]
                )
            )
        )
    text = (
        rng.choice(["", "", "", " ", "\t"])
        + text
        + rng.choice(["", "", "", "", " ", "d", "F", "L", "\x7f"])
    )
    if rng.random() < 0.05:
        text = rng.choice(
            [
                "nan",
                "NaN",
                "-NaN",
                "+NaN",
                "Infinity",
                "-infinity",
                "+Inf",
                "inf",
                "-INF",
                "0x1.8p3",
                "-0X.8P-2",
                "0x1p-1074",
                "0x1.fffffffffffff8p1023",
                "0x1p",
                "1e",
                ".",
                "-",
                "+.",
                "",
                " ",
                "infinityd",
                "NaNf",
                "0x1p3f",
            ]
        )
    return mutate(rng, text, "0123456789.eE-+ ")


def gen_bits(rng):
    import struct

    value = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
    return repr(
        rng.choice(
            [
                value,
                rng.random(),
                rng.random() * 10 ** rng.randrange(-12, 25),
                round(rng.random() * 1000, 2),
                float(rng.getrandbits(rng.randrange(1, 70))),
            ]
        )
    ).replace("inf", "Infinity")


def gen_interval(rng):
    sign = lambda: rng.choice(["", "", "-", "+", "|"])
    two = lambda: rng.choice(["%02d", "%d"]) % rng.randrange(0, 70)
    body = rng.choice(
        [
            "%d-%d" % (rng.randrange(0, 200000), rng.randrange(0, 14)),
            "%d" % rng.randrange(0, 10 ** rng.randrange(1, 15)),
            "%d %s" % (rng.randrange(0, 10 ** rng.randrange(1, 10)), two()),
            "%d %s:%s" % (rng.randrange(0, 1000), two(), two()),
            "%d %s:%s:%s" % (rng.randrange(0, 1000), two(), two(), two()),
            "%d:%s" % (rng.randrange(0, 10 ** rng.randrange(1, 12)), two()),
            "%s:%s:%s" % (two(), two(), two()),
        ]
    )
    if rng.random() < 0.4:
        body += "." + "".join(rng.choice("0123456789") for _ in range(rng.randrange(0, 11)))
    text = sign() + body
    if rng.random() < 0.4:
        units = rng.choice(
            [
                "YEAR TO MONTH",
                "YEAR",
                "MONTH",
                "DAY TO SECOND",
                "DAY TO HOUR",
                "DAY TO MINUTE",
                "HOUR TO SECOND",
                "HOUR TO MINUTE",
                "MINUTE TO SECOND",
                "DAY",
                "HOUR",
                "MINUTE",
                "SECOND",
                "day  to\tsecond",
            ]
        )
        text = "%s %s'%s' %s" % (rng.choice(["INTERVAL", "interval"]), sign(), text, units)
    return mutate(rng, text, "0123456789 :.-'")


def gen_calendar(rng):
    parts = []
    for _ in range(rng.randrange(1, 4)):
        unit = rng.choice(
            [
                "year",
                "month",
                "week",
                "day",
                "hour",
                "minute",
                "second",
                "millisecond",
                "microsecond",
                "nanosecond",
                "quarter",
            ]
        )
        number = rng.choice(
            [
                str(rng.randrange(0, 100)),
                "%d.%s"
                % (
                    rng.randrange(0, 100),
                    "".join(rng.choice("0123456789") for _ in range(rng.randrange(0, 11))),
                ),
                ".5",
                str(rng.randrange(0, 10**12)),
            ]
        )
        parts.append(
            rng.choice(["", "-", "+", "- "])
            + number
            + rng.choice([" ", "  ", "\t"])
            + rng.choice([unit, unit + "s", unit.upper()])
        )
    text = rng.choice(["", "interval ", "INTERVAL  ", "interval"]) + rng.choice([" ", "  ", ", "]).join(
        parts
    )
    return mutate(rng, text, "0123456789 .-s")


def gen_micros(rng):
    day = 86400 * 10**6
    return rng.choice(
        [
            rng.randrange(-(2**63), 2**63),
            rng.randrange(-200 * 365 * day, 200 * 365 * day),
            rng.randrange(-(10**7), 10**7) * 10**6,
            rng.randrange(-2000 * 365 * day, 9000 * 365 * day),
            rng.randrange(0, 60 * 365 * 24) * 3600 * 10**6,
        ]
    )


class Spark:
    def __init__(self):
        from pyspark.sql import SparkSession

        self.spark = (
            SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.timeType.enabled", "true")
            .getOrCreate()
        )
        self.spark.sparkContext.setLogLevel("OFF")

    def ask(self, rows, schema, expr, zone="UTC"):
        self.spark.conf.set("spark.sql.session.timeZone", zone)
        frame = self.spark.createDataFrame(
            [tuple(r) if isinstance(r, (list, tuple)) else (r,) for r in rows], schema
        ).selectExpr(expr + " AS v")
        return [r[0] for r in frame.collect()]


def answered(spark, asked, expr, zone):
    """The rows that Spark answers, and its answers: an overflow of a year's micros fails a whole query."""
    try:
        return asked, spark.ask(asked, "s string", expr, zone)
    except Exception:
        if len(asked) == 1:
            return [], []
        middle = len(asked) // 2
        left, right = answered(spark, asked[:middle], expr, zone), answered(
            spark, asked[middle:], expr, zone
        )
        return left[0] + right[0], left[1] + right[1]


def questions(spark, rows, seed):
    rng = random.Random(seed)
    only_time = re.compile(r"^[\x00-\x20\x7f]*(T|\d{0,3}:)")
    texts = lambda gen, n=rows: [gen(rng) for _ in range(n)]
    for zone in ZONES:
        asked = [t for t in texts(gen_timestamp) if not only_time.match(t)]
        yield dict(
            op="timestamp",
            zone=zone,
            texts=asked,
            values=spark.ask(asked, "s string", "unix_micros(try_cast(s AS TIMESTAMP))", zone),
        )
        numbers = texts(gen_micros)
        yield dict(
            op="timestamp_text",
            zone=zone,
            numbers=numbers,
            values=spark.ask(numbers, "n bigint", "CAST(timestamp_micros(n) AS STRING)", zone),
        )
    simple = [
        ("timestamp_ntz", gen_timestamp),
        ("date", gen_date),
        ("time(9)", gen_time),
        ("double", gen_number),
        ("float", gen_number),
        ("double", gen_bits),
        ("float", gen_bits),
        ("bigint", gen_number),
        ("decimal(38,0)", gen_number),
        ("decimal(10,2)", gen_number),
        ("decimal(38,18)", gen_number),
        ("decimal(5,5)", gen_number),
        ("interval", gen_calendar),
    ]
    for kind in (
        "year to month",
        "year",
        "month",
        "day to second",
        "day to hour",
        "day to minute",
        "hour to second",
        "hour to minute",
        "minute to second",
        "day",
        "hour",
        "minute",
        "second",
    ):
        simple.append(("interval " + kind, gen_interval))
    for kind, gen in simple:
        asked = texts(gen)
        yield dict(
            op="cast",
            type=kind,
            texts=asked,
            values=spark.ask(asked, "s string", f"CAST(try_cast(s AS {kind}) AS STRING)"),
        )
    for pattern in PATTERNS + FORMAT_ONLY:
        zone, few = rng.choice(ZONES), max(4, rows // 20)
        numbers = [
            rng.randrange(-62135596800, 253402300799) * 10**6 + rng.randrange(10**6) for _ in range(few)
        ]
        numbers += texts(gen_micros, 2)
        quoted = "'" + pattern.replace("\\", "\\\\").replace("'", "\\'") + "'"
        values = spark.ask(numbers, "n bigint", f"date_format(timestamp_micros(n), {quoted})", zone)
        yield dict(op="format", pattern=pattern, zone=zone, numbers=numbers, values=values)
        if pattern in PATTERNS:
            asked = [
                mutate(rng, v, "0123456789-:. /ZAP+")
                for v in values + values
                if "+" not in v[:1] or len(v) < 18
            ]
            asked, values = answered(spark, asked, f"unix_micros(try_to_timestamp(s, {quoted}))", zone)
            yield dict(op="parse", pattern=pattern, zone=zone, texts=asked, values=values)
    names, first = STABLE_ZONES, 0
    if rows > 100:  # all that Java has: the system's zone data may be older or newer and differ
        names = sorted(str(n) for n in spark.spark._jvm.java.time.ZoneId.getAvailableZoneIds().toArray())
        first = -(4 * 10**15)
    pairs = [(n, rng.randrange(first, 10**16)) for n in names for _ in range(max(8, rows // 100))]
    pairs += [(n, rng.randrange(0, 16 * 10**8) * 10**6) for n in names for _ in range(max(8, rows // 100))]
    for op in ("from", "to"):
        # a timestamp moved by the zone's offset at the instant, or at the local time
        values = spark.ask(
            pairs, "z string, n bigint", f"unix_micros({op}_utc_timestamp(timestamp_micros(n), z))"
        )
        yield dict(
            op="zone_" + op, zones=[p[0] for p in pairs], numbers=[p[1] for p in pairs], values=values
        )
    for left, right in (
        ("38,10", "38,18"),
        ("10,2", "5,4"),
        ("38,0", "38,38"),
        ("20,10", "38,2"),
        ("38,38", "38,38"),
    ):
        asked = []
        for _ in range(rows):
            pair = []
            for spec in (left, right):
                p, s = map(int, spec.split(","))
                unscaled = rng.randrange(1, 10 ** rng.randrange(1, p + 1)) * rng.choice([1, -1])
                text = str(abs(unscaled)).rjust(s + 1, "0")
                pair.append(
                    ("-" if unscaled < 0 else "")
                    + (text[: len(text) - s] + "." + text[len(text) - s :] if s else text)
                )
            asked.append(pair)
        for sign in "+-*/%":
            expr = f"CAST(try_cast(a AS DECIMAL({left})) {sign} try_cast(b AS DECIMAL({right})) AS STRING)"
            spark.spark.conf.set("spark.sql.ansi.enabled", "false")
            kind = spark.spark.sql(
                f"SELECT typeof(CAST(1 AS DECIMAL({left})) {sign} CAST(1 AS DECIMAL({right})))"
            ).first()[0]
            yield dict(
                op="decimal",
                left=f"decimal({left})",
                right=f"decimal({right})",
                sign=sign,
                type=kind,
                pairs=asked,
                values=spark.ask(asked, "a string, b string", expr),
            )
            spark.spark.conf.set("spark.sql.ansi.enabled", "true")


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode not in ("record", "diff"):
        sys.exit(__doc__)
    rows = 30 if mode == "record" else int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    seed = 1 if mode == "record" else int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    path = (
        GOLDEN
        if mode == "record"
        else os.path.join(tempfile.gettempdir(), f"types_diff_{os.getuid()}.jsonl")
    )
    spark = Spark()
    with open(path, "w") as out:
        for question in questions(spark, rows, seed):
            out.write(json.dumps(question) + "\n")
    print(f"{path}: seed {seed}, {rows} rows a question")
    if mode == "diff":
        runner = os.path.join(ROOT, "build/debug/tests/golden_types")
        sys.exit(subprocess.call([runner, "-j1"], env=dict(os.environ, WEIR_GOLDEN_TYPES=path)))


if __name__ == "__main__":
    main()
