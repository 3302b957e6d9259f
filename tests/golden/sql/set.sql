-- view l
SELECT * FROM VALUES (1, 'a'), (2, 'b'), (2, 'bb'), (NULL, 'n'), (5, NULL) AS l(k, v)
-- view r
SELECT * FROM VALUES (2, 'R2', 1.5D), (3, 'R3', 2.5D), (2, 'R22', 3.5D), (NULL, 'RN', 0D), (5, 'R5', NULL) AS r(k, w, d)
-- view big
SELECT id, id % 7 AS m, CASE WHEN id % 5 = 0 THEN NULL ELSE id % 50 END AS k, concat('t', id % 13) AS t FROM range(0, 3000)
--
SELECT * FROM VALUES (1, 'a'), (2, 'b'), (3, NULL) AS t(x, y)
--
VALUES 1, 2.5, NULL
--
VALUES (1), (2L), (3.0)
--
VALUES ('a', DATE'2020-01-01'), (NULL, NULL)
--
SELECT * FROM VALUES (1, 2), (3, 4)
--
SELECT t.col1 + 1 FROM VALUES (1, 2), (3, 4) AS t
--
SELECT * FROM VALUES (array(1, 2), map('a', 1)), (NULL, map())
--
SELECT * FROM VALUES (1, true), (2, 'x')
--
VALUES (1, 2), (3)
--
SELECT * FROM VALUES (1, 2) AS t(a)
--
SELECT sum(x) FROM VALUES (1), (2), (3) t(x)
--
SELECT x, y FROM VALUES (1 + 1, upper('a')), (2 * 3, 'b') t(x, y) WHERE x > 2
--
SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT 'x'
--
SELECT 1 AS a UNION ALL SELECT 2L UNION ALL SELECT 3.5
--
SELECT 1 AS a UNION ALL SELECT NULL
--
SELECT 1 AS a, 'x' AS b UNION SELECT 1, 'x'
--
SELECT id FROM range(3) UNION SELECT id + 1 FROM range(3)
--
SELECT id FROM range(5) INTERSECT SELECT id * 2 FROM range(5)
--
SELECT id FROM range(5) EXCEPT SELECT id * 2 FROM range(5)
--
SELECT id FROM range(5) MINUS SELECT id * 2 FROM range(5)
--
SELECT id FROM range(3) UNION ALL SELECT id FROM range(3) EXCEPT SELECT 1
--
SELECT id FROM range(3) UNION ALL SELECT id FROM range(4) INTERSECT SELECT 1
--
(SELECT id FROM range(3) UNION ALL SELECT id FROM range(4)) INTERSECT SELECT 1
--
SELECT k FROM l INTERSECT SELECT k FROM r
--
SELECT k FROM l EXCEPT SELECT k FROM r
--
SELECT k, v FROM l UNION SELECT k, w FROM r
--
SELECT k, v FROM l UNION DISTINCT SELECT k, v FROM l
--
SELECT count(*), sum(id) FROM (SELECT id FROM range(1000) UNION ALL SELECT id FROM range(10))
--
SELECT m, count(*) FROM (SELECT m FROM big UNION ALL SELECT id FROM range(3)) GROUP BY m
--
SELECT count(*) FROM (SELECT m, k FROM big INTERSECT SELECT k, m FROM big)
--
SELECT count(*) FROM (SELECT id FROM big EXCEPT SELECT k FROM big)
--
SELECT x FROM (SELECT id AS x, id AS y FROM range(3) UNION ALL SELECT id + 10, id FROM range(3)) WHERE y > 0
--
SELECT 1 UNION SELECT 1, 2
--
SELECT 1 EXCEPT SELECT 1, 2
--
SELECT 1 UNION ALL SELECT array(1)
--
SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) s JOIN (SELECT 2 AS a UNION ALL SELECT 3) t USING (a)
--
WITH c AS (SELECT 1 AS x UNION ALL SELECT 2) SELECT * FROM c UNION ALL SELECT x + 10 FROM c
--
TABLE l
--
TABLE nope
--
SELECT id FROM range(3) UNION ALL TABLE nope
--
SELECT * FROM (TABLE l) UNION ALL VALUES (9, 'nine')
--
SELECT id FROM range(2) UNION ALL (SELECT id FROM range(10) ORDER BY id DESC LIMIT 1)
-- ordered
SELECT * FROM range(5) UNION ALL SELECT * FROM range(2) ORDER BY id LIMIT 3
-- ordered
SELECT id FROM range(10) ORDER BY id OFFSET 7
-- ordered
SELECT k, v FROM l UNION ALL SELECT k, w FROM r ORDER BY k, v
-- ordered
SELECT id FROM range(2) UNION ALL SELECT id + 5 FROM range(2) UNION ALL SELECT 9
