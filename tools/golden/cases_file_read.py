# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked of Spark's discovery of files and partitions. The answers are in tests/golden/file_read.jsonl."""

CASES = []
TOPICS = {"file_read": CASES}


def case(name, files, options=None, paths=("",), schema="v STRING", conf=None, select=None, format="csv"):
    """files: names below the directory, each with one row that is its own name; or pairs of name and text."""
    files = [f if isinstance(f, tuple) else (f, f.replace("\n", " ") + "\n") for f in files]
    CASES.append({"name": name, "files": [{"name": n, "text": t} for n, t in files], "options": options or {}, "paths": list(paths), "schema": schema, "conf": conf, "select": select, "format": format})


OFF = {"spark.sql.sources.partitionColumnTypeInference.enabled": "false"}
case("flat", ["x.csv", "y.csv"])
case("one level", ["a=1/x.csv", "a=2/y.csv"])
case("two levels", ["a=1/b=x/f.csv", "a=1/b=y/f.csv", "a=2/b=x/f.csv"])
case("two levels, no inference", ["a=1/b=x/f.csv", "a=2/b=x/f.csv"], conf=OFF)
VALUES = {
    "ints": ["1", "2", "-3", "007"], "longs": ["1", "2147483648"], "decimals": ["9223372036854775808", "1"], "long decimal": ["123456789012345678901234567890123456789"], "doubles": ["1.5", "2"], "exponents": ["1e3", "2"], "suffixed": ["1d", "1f", "1L"], "dates": ["2016-07-25", "2016-07-26"], "short dates": ["2016-7-5", "2016-07-26"], "timestamps": ["2016-07-25 10%3A00%3A00", "2016-07-25 11%3A00%3A00.5"],
    "zoned": ["2016-07-25T10%3A00%3A00Z"], "date and timestamp": ["2016-07-25", "2016-07-25 11%3A00%3A00"], "booleans": ["true", "false"], "strings": ["x", "y"], "int and string": ["1", "x"], "int and double": ["1", "1.5"], "int and date": ["1", "2016-07-25"], "null and int": ["__HIVE_DEFAULT_PARTITION__", "1"], "null only": ["__HIVE_DEFAULT_PARTITION__"], "null and string": ["__HIVE_DEFAULT_PARTITION__", "x"],
    "escaped": ["a%2Fb", "a%20b", "a%3Db", "%25", "%zz", "a b", "a+b"], "unicode": ["\u00e9", "%C3%A9", "\u6f22"], "spaces": [" 1", "1 "], "nan": ["NaN", "Infinity", "1.0"], "equals": ["a=b", "=c"], "hidden": ["_x", ".y"], "big and date": ["20160725"], "plus": ["+1"], "year": ["2016"], "time": ["10%3A00%3A00"], "long and decimal": ["9223372036854775807", "9223372036854775808"], "double and decimal": ["1.5", "9223372036854775808"], "hex": ["0x10"], "date and string": ["2016-07-25", "x"], "minus zero": ["-0", "0"],
}
for name, values in VALUES.items():
    files = ["p=%s/f%d.csv" % (v, i) for i, v in enumerate(values)]
    case("values " + name, files)
    case("values %s, no inference" % name, files, conf=OFF) if name in ("ints", "dates", "null and int", "escaped") else None
    case("values %s in Chicago" % name, files, conf={"spark.sql.session.timeZone": "America/Chicago"}) if name in ("timestamps", "zoned") else None
case("names escaped", ["a%20b=1/f.csv", "a%20b=2/f.csv"])
case("names of other case", ["a=1/f.csv", "A=2/f.csv"])
case("names of other case, case sensitive", ["a=1/f.csv", "A=2/f.csv"], conf={"spark.sql.caseSensitive": "true"})
case("same name twice", ["a=1/a=2/f.csv"])
case("same name of other case twice", ["a=1/A=2/f.csv"])
case("file at two levels", ["a=1/f.csv", "a=1/b=2/g.csv"])
case("file in the root", ["f.csv", "a=1/g.csv"])
case("other names at one level", ["a=1/f.csv", "b=2/g.csv"])
case("other depth", ["a=1/b=1/f.csv", "a=2/f.csv"])
case("a directory between", ["a=1/x/f.csv"])
case("a directory in front", ["x/a=1/f.csv", "x/a=2/f.csv"])
case("two roots", ["x/a=1/f.csv", "y/a=2/f.csv"])
case("plain directories are not entered", ["x/f.csv", "g.csv"])
case("empty value", ["a=/f.csv"])
case("empty name", ["=1/f.csv"])
case("partition column in the schema", ["a=1/f.csv", "a=2/g.csv"], schema="v STRING, a INT")
case("partition column in the schema as string", ["a=1/f.csv", "a=02/g.csv"], schema="v STRING, a STRING")
case("partition column first in the schema", ["a=1/f.csv", "a=2/g.csv"], schema="a BIGINT, v STRING")
case("partition column in the schema, bad value", ["a=x/f.csv", "a=2/g.csv"], schema="v STRING, a INT")
case("partition column in the schema of other case", ["a=1/f.csv"], schema="v STRING, A STRING")
case("partition column in the schema as date", ["a=2016-07-25/f.csv", "a=__HIVE_DEFAULT_PARTITION__/g.csv"], schema="v STRING, a DATE")
case("partition column in the data", [("a=1/f.csv", "a,b\n5,x\n"), ("a=2/f.csv", "a,b\n6,y\n")], {"header": "true", "inferSchema": "true"}, schema=None)
case("inferred and partitioned", [("a=1/f.csv", "b,c\n5,x\n"), ("a=2/f.csv", "b,c\n6,y\n")], {"header": "true", "inferSchema": "true"}, schema=None)
case("json, partition column in the data", [("a=1/f.json", '{"a":5,"b":"x"}\n'), ("a=2/f.json", '{"a":6,"b":"y"}\n')], schema=None, format="json")
case("json, partitioned", [("a=1/f.json", '{"b":"x"}\n'), ("a=2/f.json", '{"b":"y"}\n')], schema=None, format="json")
case("text, partitioned", ["a=1/f.txt", "a=2/f.txt"], schema=None, format="text")
case("text, partitioned, one column wanted", ["a=1/f.txt", "a=2/f.txt"], schema=None, format="text", select=["a"])
case("one column wanted", ["a=1/b=x/f.csv", "a=2/b=y/f.csv"], select=["b"])
case("partition columns in another order", ["a=1/b=x/f.csv", "a=2/b=y/f.csv"], select=["b", "v", "a"])
case("count", ["a=1/b=x/f.csv", "a=2/b=y/f.csv"], select=["count(*)"])
case("path of a partition", ["a=1/b=x/f.csv", "a=2/b=y/f.csv"], paths=["a=1"])
case("paths of partitions", ["a=1/b=x/f.csv", "a=2/b=y/f.csv"], paths=["a=1", "a=2"])
case("path of a partition, basePath", ["a=1/b=x/f.csv", "a=2/b=y/f.csv"], {"basePath": "{DIR}"}, paths=["a=1"])
case("paths of partitions, basePath", ["a=1/b=x/f.csv", "a=2/b=y/f.csv"], {"basePath": "{DIR}"}, paths=["a=1", "a=2/b=y"])
case("path of a file in a partition", ["a=1/f.csv", "a=2/f.csv"], paths=["a=1/f.csv"])
case("path of a file in a partition, basePath", ["a=1/f.csv", "a=2/f.csv"], {"basePath": "{DIR}"}, paths=["a=1/f.csv"])
case("basePath is no directory", ["a=1/f.csv"], {"basePath": "{DIR}/nothing"})
case("basePath is a file", ["a=1/f.csv"], {"basePath": "{DIR}/a=1/f.csv"})
case("basePath is elsewhere", ["x/a=1/f.csv", "y/f.csv"], {"basePath": "{DIR}/y"}, paths=["x"])
case("pattern over partitions", ["a=1/f.csv", "a=2/f.csv", "b=1/f.csv"], paths=["a=*"])
case("pattern over partitions, basePath", ["a=1/f.csv", "a=2/f.csv"], {"basePath": "{DIR}"}, paths=["a=*"])
case("pattern below partitions", ["a=1/b=1/f.csv", "a=2/b=2/f.csv"], paths=["*/b=1"])
case("pattern", ["x1/f.csv", "x2/g.csv", "y/h.csv"], paths=["x*"])
case("pattern of files", ["f1.csv", "f2.csv", "g.csv"], paths=["f*.csv"])
case("pattern with braces", ["f1.csv", "f2.csv", "g.csv"], paths=["{f1,g}.csv"])
case("pattern that matches nothing", ["f.csv"], paths=["x*"])
case("pattern over partitioned tables", ["t1/a=1/f.csv", "t2/a=2/f.csv"], paths=["t*"])
case("several paths", ["x/f.csv", "y/g.csv", "z/h.csv"], paths=["x", "y"])
case("the same path twice", ["x/f.csv"], paths=["x", "x"])
case("several paths, one missing", ["x/f.csv"], paths=["x", "nothing"])
case("several partitioned paths", ["x/a=1/f.csv", "y/a=2/g.csv"], paths=["x", "y"])
case("recursiveFileLookup", ["f.csv", "x/g.csv", "x/y/h.csv", "a=1/i.csv", "_x/j.csv", ".y/k.csv"], {"recursiveFileLookup": "true"})
case("recursiveFileLookup and pathGlobFilter", ["f.csv", "x/g.csv", "x/h.txt"], {"recursiveFileLookup": "true", "pathGlobFilter": "*.csv"})
case("pathGlobFilter", ["f.csv", "g.txt", "a.csv"], {"pathGlobFilter": "*.csv"})
case("pathGlobFilter of partitions", ["a=1/f.csv", "a=2/g.txt"], {"pathGlobFilter": "*.csv"})
case("hidden files", ["f.csv", "_g.csv", ".h.csv", "i._COPYING_", "_a=1.csv", "_metadata", "_common_metadata", "j.crc"])
case("hidden directories", ["a=1/f.csv", "_b=1/g.csv", "_c/h.csv", ".d/i.csv", "a=1/_e/j.csv"])
case("_SUCCESS", ["f.csv", "_SUCCESS"])
case("empty directory", [("x/keep", "")], paths=["y"])
case("files without bytes", [("a=1/f.csv", ""), ("a=2/g.csv", "x\n")])
case("a partition without files", ["a=1/f.csv", "a=2/_hidden"])
for o in ({"modifiedBefore": "2020-01-01T00:00:00"}, {"modifiedAfter": "2020-01-01T00:00:00"}, {"modifiedAfter": "2000-01-01T00:00:00", "modifiedBefore": "2020-01-01T00:00:00"}, {"modifiedBefore": "2010-01-01T00:00:00"}, {"modifiedAfter": "nonsense"}, {"modifiedBefore": "2020-01-01"}, {"modifiedAfter": "2015-06-01T12:00:00", "timeZone": "America/Chicago"}, {"modifiedAfter": "2015-06-01T11:59:59"}, {"modifiedAfter": "2015-06-01T12:00:00"}, {"modifiedBefore": "2015-06-01T12:00:01"}, {"modifiedBefore": "2015-06-01T12:00:00"}):
    case("modified %s" % o, ["f.csv", "g.csv", "old.csv"], o)
case("filtered by partition", ["a=1/f.csv", "a=2/g.csv", "a=3/h.csv"], select=["*", "WHERE a > 1"])
case("filtered by partition and value", ["a=1/b=x/f.csv", "a=2/b=x/g.csv", "a=3/b=y/h.csv"], select=["v", "WHERE b = 'x' AND a < 2"])
case("streams of names", ["a=1/f.csv", "a=1/g.csv"], select=["a", "count(*)", "GROUP BY a"])
