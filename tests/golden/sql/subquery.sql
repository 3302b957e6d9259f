-- view l
SELECT * FROM VALUES (1, 'a'), (2, 'b'), (2, 'bb'), (NULL, 'n'), (5, NULL) AS l(k, v)
-- view r
SELECT * FROM VALUES (2, 'R2', 1.5D), (3, 'R3', 2.5D), (2, 'R22', 3.5D), (NULL, 'RN', 0D), (5, 'R5', NULL) AS r(k, w, d)
-- view big
SELECT id, id % 7 AS m, CASE WHEN id % 5 = 0 THEN NULL ELSE id % 50 END AS k, concat('t', id % 13) AS t FROM range(0, 3000)
--
SELECT (SELECT 1)
--
SELECT (SELECT max(id) FROM range(10)) + 1 AS m
--
SELECT id FROM range(5) WHERE id IN (SELECT id*2 FROM range(5))
--
SELECT id FROM range(5) WHERE id NOT IN (SELECT id*2 FROM range(5))
--
SELECT id FROM range(5) WHERE id NOT IN (SELECT CAST(NULL AS BIGINT))
--
SELECT * FROM VALUES (1),(NULL),(3) t(a) WHERE a NOT IN (SELECT 1)
--
SELECT * FROM VALUES (1),(NULL),(3) t(a) WHERE a NOT IN (SELECT id FROM range(0))
--
SELECT id FROM range(5) a WHERE EXISTS (SELECT 1 FROM range(3) b WHERE b.id = a.id)
--
SELECT id FROM range(5) a WHERE NOT EXISTS (SELECT 1 FROM range(3) b WHERE b.id = a.id)
--
SELECT id FROM range(5) a WHERE EXISTS (SELECT 1 FROM range(3) b WHERE b.id = a.id) OR id = 4
--
SELECT id, id IN (SELECT id FROM range(2)) AS x FROM range(4)
--
SELECT id, EXISTS (SELECT 1 FROM range(2) b WHERE b.id > a.id) x FROM range(4) a
--
SELECT id, (SELECT count(*) FROM range(3) b WHERE b.id = a.id) c FROM range(5) a
--
SELECT id, (SELECT max(b.id) FROM range(3) b WHERE b.id = a.id) c FROM range(5) a
--
SELECT id, (SELECT sum(b.id) + 1 FROM range(3) b WHERE b.id = a.id AND b.id > 0) c FROM range(5) a
--
SELECT id FROM range(5) a WHERE id > (SELECT avg(id) FROM range(5))
--
SELECT id FROM range(5) a WHERE id = (SELECT max(b.id) FROM range(10) b WHERE b.id % 5 = a.id)
--
SELECT (SELECT id FROM range(2))
--
SELECT (SELECT 1, 2)
--
SELECT (SELECT id FROM range(0)) IS NULL
--
SELECT id % 2 k, count(*) c FROM range(10) GROUP BY id % 2 HAVING count(*) >= (SELECT 5)
--
SELECT * FROM VALUES (1,2),(3,4) t(a,b) WHERE (a,b) IN (SELECT 1,2)
--
SELECT * FROM VALUES (1,2),(3,4) t(a,b) WHERE (a,b) NOT IN (SELECT 1,2)
--
SELECT id FROM range(3) WHERE id IN (SELECT 1, 2)
--
SELECT id FROM range(3) WHERE nope IN (SELECT 1)
--
SELECT id FROM range(3) a WHERE EXISTS (SELECT 1 FROM range(3) b WHERE b.id < a.id AND b.id <> 1)
--
SELECT a.id FROM range(3) a WHERE (SELECT count(*) FROM range(5) b WHERE b.id < a.id) > 1
--
WITH t AS (SELECT 1 AS x UNION ALL SELECT 2) SELECT * FROM t WHERE x = (SELECT max(x) FROM t)
--
SELECT * FROM (SELECT id FROM range(4)) s WHERE s.id IN (SELECT id FROM range(10) WHERE id % 2 = 1) AND s.id NOT IN (SELECT 3)
--
SELECT a.id, b.id FROM range(3) a LEFT JOIN range(3) b ON a.id = b.id WHERE b.id IS NULL OR b.id IN (SELECT 2)
--
SELECT count(*) FROM range(1000) a WHERE EXISTS (SELECT * FROM range(100) b JOIN range(50) c ON b.id = c.id WHERE b.id = a.id)
--
SELECT v FROM l WHERE k IN (SELECT k FROM r)
--
SELECT v FROM l WHERE k NOT IN (SELECT k FROM r)
--
SELECT v FROM l WHERE k NOT IN (SELECT k FROM r WHERE k IS NOT NULL)
--
SELECT v FROM l WHERE k NOT IN (SELECT k FROM r WHERE r.w = l.v)
--
SELECT v FROM l WHERE k IN (SELECT k FROM r WHERE r.w > l.v)
--
SELECT v FROM l WHERE (k, v) IN (SELECT k, w FROM r)
--
SELECT v FROM l WHERE (k, v) NOT IN (SELECT k, w FROM r WHERE k > 2)
--
SELECT v, k IN (SELECT k FROM r WHERE d > 1) AS f FROM l
--
SELECT v, (SELECT max(w) FROM r WHERE r.k = l.k) FROM l
--
SELECT v, (SELECT count(d) FROM r WHERE r.k = l.k) AS c FROM l
--
SELECT v, (SELECT count(*) FROM r WHERE r.k <=> l.k) AS c FROM l
--
SELECT v, (SELECT avg(d) FROM r WHERE r.k + 1 = l.k + 1) AS c FROM l
--
SELECT v, (SELECT w FROM r WHERE r.k = l.k) FROM l
--
SELECT (SELECT count(*) FROM l), (SELECT sum(d) FROM r)
--
SELECT * FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k = l.k AND r.d > 2) AND v IS NOT NULL
--
SELECT * FROM l WHERE EXISTS (SELECT 1 FROM r) OR k = 1
--
SELECT * FROM l WHERE NOT EXISTS (SELECT 1 FROM r WHERE false)
--
SELECT * FROM l WHERE NOT (k IN (SELECT 2))
--
SELECT * FROM l WHERE NOT NOT EXISTS (SELECT 1 FROM r WHERE r.k = l.k)
--
SELECT m, count(*) FROM big b WHERE EXISTS (SELECT 1 FROM r WHERE r.k = b.m) GROUP BY m
--
SELECT m, sum(id) s FROM big GROUP BY m HAVING sum(id) > (SELECT avg(id) * 428 FROM big)
--
SELECT count(*) FROM big a WHERE a.id > (SELECT avg(b.id) FROM big b WHERE b.m = a.m)
--
SELECT count(*) FROM big a WHERE a.k IN (SELECT b.k FROM big b WHERE b.m = a.m AND b.id < 100)
--
SELECT count(*) FROM big WHERE id IN (SELECT m FROM big) AND t NOT IN (SELECT v FROM l WHERE v IS NOT NULL)
--
SELECT a.v FROM l a WHERE a.k = (SELECT max(k) FROM l b WHERE b.v <> 'a' AND a.k = b.k)
--
SELECT x FROM (SELECT id AS x FROM range(5)) WHERE x IN (SELECT max(id) FROM range(5) GROUP BY id % 2)
--
SELECT id FROM range(3) WHERE id = (SELECT id FROM range(2) WHERE id = 5)
--
SELECT id FROM range(3) WHERE id = (SELECT id FROM range(3))
--
SELECT id FROM range(3) o WHERE id IN (SELECT o.id + 1 FROM range(2))
--
SELECT id FROM range(3) WHERE id IN (SELECT 'x')
