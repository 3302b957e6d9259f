# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Programs that fail, each in its own way, for record_error_classes.py."""

SQL = """
SELECT 1/0
SELECT 5 % 0
SELECT 1L/0
SELECT CAST('a' AS INT)
SELECT CAST('a' AS DOUBLE)
SELECT CAST('a' AS DECIMAL(3,1))
SELECT CAST('a' AS DATE)
SELECT CAST('a' AS TIMESTAMP)
SELECT CAST('a' AS TIMESTAMP_NTZ)
SELECT CAST('a' AS TIME)
SELECT CAST('a' AS BOOLEAN)
SELECT CAST('a' AS INTERVAL DAY)
SELECT CAST(300 AS TINYINT)
SELECT CAST(1e30 AS BIGINT)
SELECT CAST(12345.6BD AS DECIMAL(3,1))
SELECT 2147483647 + 1
SELECT 9223372036854775807 + 1
SELECT 9223372036854775807 * 2
SELECT 100Y + 100Y
SELECT abs(-2147483648)
SELECT -(-2147483648)
SELECT sum(id + 9223372036854775806) FROM range(3)
SELECT CAST(99999999999999999999999999999999999999 AS DECIMAL(38,0)) + CAST(99999999999999999999999999999999999999 AS DECIMAL(38,0))
SELECT array(1)[5]
SELECT element_at(array(1), 5)
SELECT element_at(array(1), 0)
SELECT to_timestamp('x', 'yyyy')
SELECT to_date('x', 'yyyy')
SELECT to_timestamp('x', 'bbb')
SELECT date_format(now(), 'YYYY')
SELECT make_date(2024, 13, 1)
SELECT make_timestamp(2024, 1, 1, 25, 0, 0)
SELECT date_add(DATE '5881580-07-11', 1)
SELECT timestampadd(YEAR, 300000, now())
SELECT from_utc_timestamp(now(), 'nowhere')
SELECT to_number('x', '999')
SELECT INTERVAL '1' DAY / 0
SELECT INTERVAL '106751991' DAY * 2
SELECT make_interval(2147483647)
SELECT raise_error('x')
SELECT assert_true(false)
SELECT (SELECT id FROM range(2))
SELECT from_json('{', 'a INT', map('mode', 'FAILFAST'))
SELECT from_json('1', 'a INTT')
SELECT map(1, 2, 1, 3)
SELECT map(null, 1)
SELECT str_to_map('a:1,a:2')
SELECT regexp_replace('a', '(', 'b')
SELECT regexp_extract('a', '(a)', 3)
SELECT 'a' RLIKE '('
SELECT 'a%' LIKE 'a\\' ESCAPE '/'
SELECT unbase64('x!')
SELECT decode(X'ff', 'nope')
SELECT encode('a', 'nope')
SELECT conv('99999999999999999999999', 10, 16)
SELECT sequence(1, 5, 0)
SELECT sequence(1, 5, -1)
SELECT array_repeat(1, 2147483647)
SELECT repeat('x', 2147483647)
SELECT format_number(1, '%%')
SELECT width_bucket(1, 'a', 2, 3)
SELECT parse_json('{')
SELECT parse_url('x y', 'HOST')
SELECT url_decode('%zz')
SELECT try_to_timestamp(1, 2, 3)
SELECT aes_encrypt('a', 'b')
SELECT version(1)
SELECT nope
SELECT nope FROM range(3)
SELECT a.b.c FROM range(3) a
SELECT id.x FROM range(3)
SELECT * FROM nope
SELECT nope(1)
SELECT abs()
SELECT abs('a', 'b')
SELECT abs(array(1))
SELECT 1 + array(1)
SELECT id FROM range(3) GROUP BY id + 1
SELECT id, count(*) FROM range(3)
SELECT count(*) FROM range(3) WHERE count(*) > 1
SELECT sum(sum(id)) FROM range(3)
SELECT id FROM range(3) HAVING id > 1
SELECT * FROM range(3) a JOIN range(3) b WHERE id = 1
SELECT id FROM range(3) ORDER BY 5
SELECT id FROM range(3) GROUP BY 5
SELECT count(*) FROM range(3) GROUP BY count(*)
SELECT id FROM range(3) LIMIT -1
SELECT id FROM range(3) LIMIT id
SELECT id FROM range(3) LIMIT 'a'
SELECT 1 UNION SELECT 1, 2
SELECT array(1) UNION SELECT 1
SELECT explode(1)
SELECT explode(array(1)) + 1
SELECT row_number()
SELECT row_number() OVER ()
SELECT sum(id) OVER w FROM range(3)
SELECT window(id, '1 hour') FROM range(3)
SELECT window(now(), '-1 hour')
SELECT window(now(), 'x'), count(*) FROM range(1) GROUP BY 1
SELECT window(now(), '1 month'), count(*) FROM range(1) GROUP BY 1
SELECT transform(array(1), (a, b, c) -> 1)
SELECT x -> x
SELECT (SELECT 1, 2)
SELECT 1 IN (SELECT 1, 2)
SELECT * FROM range(3) WHERE 1
SELECT CASE WHEN 1 THEN 2 END
SELECT if(1, 2, 3)
SELECT coalesce(1, array(1))
SELECT CAST(1 AS ARRAY<INT>)
SELECT CAST(DATE '2020-01-01' AS INT)
SELECT CAST(1 AS NOPE)
SELECT CAST(1 AS DECIMAL(99, 1))
SELECT CAST(1 AS DECIMAL(3, 5))
SELECT CAST(1 AS CHAR)
SELECT named_struct('a')
SELECT named_struct(id, 1) FROM range(1)
SELECT struct(1).nope
SELECT map(1, 2).x
SELECT DISTINCT map(1, 2)
SELECT * EXCEPT (nope) FROM range(1)
SELECT id AS a, id AS a FROM range(1) ORDER BY a
SELECT a FROM (SELECT 1 AS a, 2 AS a)
SELECT * FROM (SELECT 1) AS t(a, b)
SELECT * FROM VALUES (1), (1, 2)
SELECT * FROM VALUES (rand(nope))
SELECT 1 FROM range(1) GROUP BY GROUPING SETS ((id)) HAVING grouping(x) = 1
SELECT grouping(id) FROM range(1) GROUP BY id
SELECT :a
SELECT ?
selec
SELECT
SELECT /* x
SELECT 300Y
SELECT 99999999999999999999L
SELECT 1e400D
SELECT DATE 'x'
SELECT TIMESTAMP 'x'
SELECT X'zzz'
SELECT INTERVAL 'x' DAY
SELECT INTERVAL '1 x'
SELECT INTERVAL 1 FOO
SELECT GEO 'x'
SELECT `a
SELECT a-b FROM x-y
SELECT 'a' LIKE 'b' ESCAPE 'cc'
SELECT count(DISTINCT *) FILTER (WHERE 1)
SELECT abs(DISTINCT 1)
SELECT count(*) FILTER (WHERE id) FROM range(3)
SELECT abs(1) FILTER (WHERE true)
SELECT abs(1) OVER ()
SELECT abs(1) IGNORE NULLS
SELECT first(id, 1) FROM range(1)
SELECT percentile(id, 2) FROM range(1)
SELECT lag(id, id) OVER (ORDER BY id) FROM range(1)
SELECT ntile(0) OVER (ORDER BY id) FROM range(1)
SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM range(1)
SELECT sum(id) OVER (RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM range(1)
WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a
WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) SELECT * FROM a
SELECT * FROM range(1, 2, 3, 4, 5)
SELECT * FROM nope(1)
SELECT * FROM range('a')
SELECT * FROM parquet.`/nope`
SELECT * FROM nope.`/x`
SELECT * FROM a.b.c.d
SELECT current_date(1)
SELECT date_trunc('x')
SELECT rand('a')
SELECT split('a', '(')
SELECT hash()
SELECT elt(3, 'a')
SELECT to_char(1, 'zz')
SELECT schema_of_json('{')
SELECT schema_of_json(id) FROM range(1)
SELECT from_csv('1', 1)
SELECT mask(1, 2, 3, 4, 5, 6, 7)
SELECT abs(expr => 1)
SELECT mask('a', nope => 'b')
SELECT mask(str => 'a', 'b')
SELECT mask('a', str => 'b')
SELECT collate('a', 'nope')
SELECT try_add(1)
SELECT bround(1, id) FROM range(1)
SELECT array_insert(array(1), 0, 1)
SELECT slice(array(1), 0, 1)
SELECT slice(array(1), 1, -1)
SELECT bitmap_bit_position('a')
SELECT get_json_object(1, 2, 3)
SELECT variant_get(parse_json('"a"'), '$', 'int')
SELECT variant_get(parse_json('1'), 'x', 'int')
SELECT parse_json('1') = parse_json('2')
SELECT CAST(parse_json('"x"') AS INT)
SELECT chr(-1) + 'a'
SELECT timestamp_micros(9223372036854775807)
SELECT timestamp_seconds(9223372036854775807)
SELECT date_from_unix_date(2147483647)
SELECT from_unixtime(1, 'bbb')
SELECT unix_timestamp('x', 'yyyy-MM-dd')
SELECT next_day(DATE '2020-01-01', 'xx')
SELECT add_months(DATE '2020-01-01', 2147483647)
SELECT to_time('x')
SELECT time_diff('x', TIME '00:00', TIME '00:00')
SELECT grouping_id() FROM range(1)
SELECT id FROM range(1) WHERE sum(id) OVER () > 1
SELECT sum(rand()) OVER (ORDER BY sum(id)) FROM range(1) GROUP BY nope
SELECT * FROM range(3) PIVOT (sum(id) FOR id IN (nope))
SELECT * FROM range(3) UNPIVOT (a FOR b IN (c))
SELECT * FROM range(3) TABLESAMPLE (200 PERCENT)
SELECT * FROM range(3) TABLESAMPLE (1 BUCKETS)
SELECT * FROM range(1) a, LATERAL (SELECT a.nope)
SELECT 1 WHERE EXISTS (SELECT 1, nope)
SELECT * FROM range(1) WHERE id = (SELECT id FROM range(2))
CREATE TABLE t (a INT, a INT) USING parquet
CREATE TABLE t (a INT) USING nope
CREATE TABLE a.b.c (a INT) USING parquet
CREATE TEMPORARY VIEW a.b AS SELECT 1
CREATE TEMPORARY VIEW v (a, b) AS SELECT 1
CREATE VIEW v AS SELECT nope
DROP TABLE nope
DROP VIEW nope
DROP DATABASE nope
USE nope
ALTER TABLE nope ADD COLUMN a INT
INSERT INTO nope VALUES (1)
DELETE FROM nope
UPDATE nope SET a = 1
MERGE INTO nope USING x ON a = b WHEN MATCHED THEN DELETE
DESCRIBE nope
DESCRIBE FUNCTION nope
SHOW COLUMNS IN nope
CACHE TABLE nope
REFRESH TABLE nope
SET spark.sql.shuffle.partitions=a
SET spark.sql.warehouse.dir=x
SET TIME ZONE 'nowhere'
SET TIME ZONE INTERVAL '100' HOUR
EXECUTE IMMEDIATE 'SELECT ?'
DECLARE VARIABLE x INT DEFAULT 'a'
SET VAR nope = 1
BEGIN SELECT nope; END
CALL nope()
EXPLAIN
"""


def frames(spark, directory):
    """{name: program} with the DataFrame interface."""
    from pyspark.sql.connect import functions as F
    frame = spark.range(3)
    stream = spark.readStream.format("rate").load()
    writer = frame.write

    def start(**options):
        sink = stream.writeStream.format(options.pop("format", "noop"))
        sink.outputMode(options.pop("mode", "append")).options(**options).start().stop()
    with open(f"{directory}/bad.json", "w", encoding="ascii") as out:
        out.write('{"a": 1}\n{"a\n')
    writer.json(f"{directory}/there")
    text = spark.readStream.schema("a INT, t TIMESTAMP").json(directory)
    return {
        "streaming in batch": stream.collect,
        "streaming write": lambda: stream.write.json(f"{directory}/x"),
        "batch start": lambda: frame.writeStream.format("noop").start(),
        "no schema": lambda: spark.readStream.json(directory).schema,
        "no path": lambda: spark.read.json().schema,
        "no format": lambda: spark.read.format("nope").load().schema,
        "no stream format": lambda: spark.readStream.format("nope").load().schema,
        "missing path": lambda: spark.read.json(f"{directory}/missing").schema,
        "missing file": lambda: spark.read.schema("a INT").text(f"{directory}/missing").collect(),
        "bad json": lambda: spark.read.schema("a INT").option("mode", "FAILFAST").json(
            f"{directory}/bad.json").collect(),
        "schema": lambda: spark.read.schema("a INTT").json(directory).schema,
        "infer": lambda: spark.read.option("samplingRatio", "a").json(f"{directory}/bad.json").schema,
        "exists": lambda: writer.json(f"{directory}/there"),
        "partition": lambda: writer.partitionBy("nope").json(f"{directory}/y"),
        "partition all": lambda: writer.partitionBy("id").json(f"{directory}/z"),
        "write format": lambda: writer.format("nope").save(f"{directory}/z"),
        "write mode": lambda: writer.mode("nope").json(f"{directory}/z"),
        "no checkpoint": lambda: start(format="json", path=f"{directory}/s"),
        "no query name": lambda: start(format="memory"),
        "no such sink": lambda: start(format="nope"),
        "no sink path": lambda: start(format="json", checkpointLocation=f"{directory}/c"),
        "output mode": lambda: start(mode="nope"),
        "complete without aggregation": lambda: start(mode="complete"),
        "append aggregation": lambda: stream.groupBy("value").count().writeStream.format("noop").start(),
        "update files": lambda: start(format="json", mode="update", path=f"{directory}/s",
                                      checkpointLocation=f"{directory}/c1"),
        "sorted stream": lambda: stream.orderBy("value").writeStream.format("noop").start(),
        "limited stream": lambda: stream.limit(1).writeStream.format("noop").outputMode("update").start(),
        "distinct aggregation": lambda: stream.groupBy("value").agg(F.countDistinct("timestamp")).writeStream
        .format("noop").outputMode("update").start(),
        "stream window": lambda: text.withColumn("r", F.row_number().over(
            __import__("pyspark.sql.connect.window").sql.connect.window.Window.orderBy("a"))).writeStream
        .format("noop").start(),
        "trigger": lambda: stream.writeStream.format("noop").trigger(processingTime="x").start(),
        "rate option": lambda: spark.readStream.format("rate").option("rowsPerSecond", "x").load().schema,
        "rate negative": lambda: spark.readStream.format("rate").option("rowsPerSecond", "-1").load().schema,
        "watermark delay": lambda: stream.withWatermark("timestamp", "x").schema,
        "watermark negative": lambda: stream.withWatermark("timestamp", "-1 hour").schema,
        "watermark column": lambda: stream.withWatermark("value", "1 hour").schema,
        "watermark nothing": lambda: stream.withWatermark("nope", "1 hour").schema,
        "stream that fails": lambda: stream.select(F.expr("raise_error('x')")).writeStream.format("noop").start()
        .awaitTermination(),
        "column": lambda: frame.select("nope").schema,
        "column of another": lambda: frame.select(spark.range(2).id).schema,
        "to narrower": lambda: spark.sql("SELECT 'a' AS id").to(frame.schema).collect(),
        "view": lambda: (frame.createTempView("there"), frame.createTempView("there")),
        "view name": lambda: frame.createTempView("a b"),
        "table": lambda: spark.table("nope").schema,
        "table name": lambda: spark.table("a b").schema,
        "conf missing": lambda: spark.conf.get("nope"),
        "conf bad": lambda: spark.conf.set("spark.sql.shuffle.partitions", "x"),
        "conf static": lambda: spark.conf.set("spark.sql.warehouse.dir", "x"),
        "conf core": lambda: spark.conf.set("spark.task.cpus", "x"),
        "database": lambda: spark.catalog.setCurrentDatabase("nope"),
        "function": lambda: spark.catalog.getFunction("nope"),
        "columns": lambda: spark.catalog.listColumns("nope"),
        "catalog": lambda: spark.catalog.setCurrentCatalog("nope"),
        "expression": lambda: frame.selectExpr("1 +").schema,
        "ddl": lambda: spark._client._analyze(method="ddl_parse", ddl_string="a INTT"),
        "json schema": lambda: spark._client._analyze(method="json_to_ddl", json_string="{"),
        "ansi array": lambda: frame.select(F.array(F.lit(1))[5]).collect(),
        "ansi divide": lambda: frame.select(F.lit(1) / F.lit(0)).collect(),
        "ansi cast": lambda: frame.select(F.lit("a").cast("int")).collect(),
        "sample": lambda: frame.sample(-1.0).collect(),
        "fill": lambda: frame.fillna(1, subset=["nope"]).schema,
        "union": lambda: frame.union(frame.select("id", "id")).schema,
        "union by name": lambda: frame.unionByName(frame.select(frame.id.alias("b"))).schema,
        "ambiguous": lambda: frame.join(frame, "nope").schema,
        "pivot": lambda: frame.groupBy("nope").count().schema,
        "repartition": lambda: frame.repartition(0).collect(),
        "hint": lambda: frame.hint("repartition", "x").collect(),
        "artifact": lambda: spark.sql("SELECT 1").checkpoint(),
    }


def cases(spark, directory):
    def sql(text):
        return lambda: spark.sql(text).collect()
    return {**{text: sql(text) for text in SQL.strip().split("\n")}, **frames(spark, directory)}
