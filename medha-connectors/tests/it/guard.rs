//! The guard by itself: what it refuses, what it lets through, and what it makes of it.

use std::sync::Arc;

use medha_connectors::{Connector, Dialect, Guard, GuardError, Schema};

use crate::files::made;

/// Customers, orders and a view, as a file describes them.
pub(crate) async fn shop() -> Arc<Schema> {
    let file = made(
        r#"CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, name TEXT, segment TEXT, created_at TEXT);
           CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers, order_date DATE,
                                total_amount REAL, update_count INT, status TEXT);
           CREATE TABLE "order items" ("select" INT, "a""b" TEXT);
           CREATE VIEW sales AS SELECT * FROM orders JOIN customers USING (customer_id);
           WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO orders (total_amount) SELECT i FROM n;"#,
    )
    .await;
    Arc::new(file.open().await.schema().await.unwrap())
}

#[tokio::test]
async fn whatever_is_not_one_query_is_refused() {
    let schema = shop().await;
    let everywhere = [
        "",
        ";",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE orders",
        "DROP TABLE orders",
        "DELETE FROM orders",
        "DELETE FROM orders WHERE order_id = 1 RETURNING *",
        "UPDATE orders SET status = 'x'",
        "INSERT INTO orders (order_id) VALUES (1)",
        "REPLACE INTO orders (order_id) VALUES (1)",
        "CREATE TABLE x (a INT)",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON orders BEGIN SELECT 1; END",
        "ALTER TABLE orders ADD COLUMN x INT",
        "TRUNCATE TABLE orders",
        "MERGE INTO orders USING customers ON 1 = 1 WHEN MATCHED THEN DELETE",
        "GRANT SELECT ON orders TO PUBLIC",
        "BEGIN",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "VACUUM",
        "VACUUM INTO '/tmp/x'",
        "ANALYZE",
        "REINDEX",
        "ATTACH DATABASE '/tmp/x' AS x",
        "DETACH DATABASE main",
        "PRAGMA table_info(orders)",
        "PRAGMA query_only = 0",
        "EXPLAIN SELECT 1",
        "EXPLAIN DELETE FROM orders",
        "EXPLAIN QUERY PLAN SELECT 1",
        "EXPLAIN ANALYZE UPDATE orders SET status = ''",
        "SET x = 1",
        "SHOW TABLES",
        "USE shop",
        "CALL x()",
        "DO $$ BEGIN END $$",
        "COPY orders TO '/tmp/x'",
        "LOAD DATA INFILE 'x' INTO TABLE orders",
        "LOCK TABLES orders READ",
        "KILL 1",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "LISTEN x",
        "NOTIFY x",
        "WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x",
        "WITH x AS (SELECT 1 AS id) INSERT INTO orders (order_id) SELECT id FROM x",
        "WITH x AS (SELECT 1) UPDATE orders SET status = ''",
        "WITH x AS (SELECT 1) DELETE FROM orders",
        "SELECT * FROM (DELETE FROM orders RETURNING *) AS x",
        "SELECT * INTO copied FROM orders",
        "SELECT * FROM orders INTO OUTFILE '/tmp/x'",
        "SELECT order_id INTO @x FROM orders",
        "SELECT * FROM orders FOR UPDATE",
        "SELECT * FROM (SELECT * FROM orders FOR SHARE) AS x",
        "SELECT * FROM orders LOCK IN SHARE MODE",
        "TABLE orders",
        "SELECT ?",
        "SELECT :name",
        "SELECT $1",
        "SELECT @@version",
        "SELECT * FROM orders TABLESAMPLE SYSTEM (10)",
        "SELECT (SELECT 1",
        "SELECT 'open",
        "hello",
        "SELECT 1 \u{0} + 1",
        "SELECT 1 \u{8}",
        "SELECT * FROM orders LIMIT (SELECT 5)",
        "SELECT TOP 5 * FROM orders",
        "FROM orders",
        "SELECT * FROM orders QUALIFY row_number() OVER () = 1",
        "SELECT * EXCLUDE (status) FROM orders",
    ];
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
        let guard = Guard::new(dialect, schema.clone());
        for sql in everywhere {
            assert!(guard.check(sql, 100).is_err(), "{dialect:?} let through: {sql}");
        }
    }
}

#[tokio::test]
async fn functions_that_reach_out_are_refused_wherever_they_stand() {
    let schema = shop().await;
    let of = |dialect| match dialect {
        Dialect::Postgres => vec![
            "pg_read_file('x')",
            "pg_sleep(9)",
            "nextval('x')",
            "set_config('a', 'b', false)",
            "lo_import('x')",
            "dblink('x', 'y')",
            "pg_terminate_backend(1)",
            "pg_advisory_lock(1)",
            "query_to_xml('x', true, true, '')",
            "current_setting('x')",
            "version()",
            "pg_catalog.pg_sleep(9)",
            "public.abs(1)",
            "repeat('a', 1000000000)",
            "lpad('a', length(status))",
            "generate_series(1, 1000000000)",
        ],
        Dialect::MySql => vec![
            "load_file('x')",
            "sleep(9)",
            "benchmark(9, 1)",
            "get_lock('a', 1)",
            "sys_exec('x')",
            "version()",
            "user()",
            "database()",
            "mysql.now()",
            "repeat('a', 1000000000)",
            "space(1000000000)",
        ],
        _ => vec![
            "load_extension('x')",
            "readfile('x')",
            "writefile('x', 'y')",
            "edit('x')",
            "fts3_tokenizer('x')",
            "randomblob(9)",
            "zeroblob(9)",
            "sqlite_version()",
            "changes()",
            "printf('%1000000000d', 1)",
            "printf('%*d', 9, 1)",
            "printf(status)",
            "no_such_function(1)",
        ],
    };
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
        let guard = Guard::new(dialect, schema.clone());
        for function in of(dialect) {
            for sql in [
                format!("SELECT {function} FROM orders"),
                format!("SELECT 1 FROM orders WHERE 1 = {function}"),
                format!("SELECT 1 FROM orders ORDER BY {function}"),
                format!("SELECT 1 FROM orders GROUP BY status HAVING max({function}) > 1"),
                format!("WITH x AS (SELECT {function} AS y FROM orders) SELECT * FROM x"),
                format!("SELECT CASE WHEN EXISTS (SELECT {function} FROM orders) THEN 1 END"),
                format!(
                    "SELECT sum(1) FILTER (WHERE {function} = 1) OVER (PARTITION BY {function}) FROM orders"
                ),
                format!("SELECT 1 FROM orders AS a JOIN orders AS b ON a.status = {function}"),
                format!("SELECT * FROM (VALUES ({function})) AS v"),
                format!("SELECT 1 UNION SELECT {function} FROM orders"),
            ] {
                assert!(guard.check(&sql, 100).is_err(), "{dialect:?} let through: {sql}");
            }
        }
    }
    let guard = Guard::new(Dialect::Sqlite, schema);
    for sql in [
        "SELECT * FROM pragma_table_info('orders')",
        "SELECT * FROM generate_series(1, 9)",
        "SELECT * FROM fsdir('/')",
    ] {
        assert!(guard.check(sql, 100).is_err(), "{sql}");
    }
    let postgres = Guard::new(Dialect::Postgres, shop().await);
    for sql in [
        "SELECT * FROM pg_sleep(9)",
        "SELECT 1 FROM orders, LATERAL pg_ls_dir('/') AS x",
        "SELECT (orders).status FROM orders",
    ] {
        assert!(postgres.check(sql, 100).is_err(), "{sql}");
    }
    assert_eq!(
        guard.check("SELECT rond(total_amount) FROM orders", 10).unwrap_err().to_string(),
        r#"the function "rond" is not allowed; did you mean "round"?"#
    );
}

#[tokio::test]
async fn what_runs_is_the_tree_written_out_with_a_limit() {
    let guard = Guard::new(Dialect::Sqlite, shop().await);
    for (asked, runs) in [
        ("select  1 -- one\n;", "SELECT 1 LIMIT 101"),
        ("SELECT /* DROP */ status FROM orders", "SELECT status FROM orders LIMIT 101"),
        ("SELECT status FROM orders LIMIT 5", "SELECT status FROM orders LIMIT 5"),
        ("SELECT status FROM orders LIMIT 5000 OFFSET 2", "SELECT status FROM orders LIMIT 101 OFFSET 2"),
        ("SELECT status FROM orders LIMIT 2, 5000", "SELECT status FROM orders LIMIT 101 OFFSET 2"),
        ("SELECT status FROM orders LIMIT -1", "SELECT status FROM orders LIMIT 101"),
        (
            "SELECT status FROM orders UNION SELECT name FROM customers",
            "SELECT status FROM orders UNION SELECT name FROM customers LIMIT 101",
        ),
        (
            "WITH a AS (SELECT 1 AS n LIMIT 9) SELECT n FROM a",
            "WITH a AS (SELECT 1 AS n LIMIT 9) SELECT n FROM a LIMIT 101",
        ),
        ("SELECT 'it''s; DROP TABLE x' FROM orders", "SELECT 'it''s; DROP TABLE x' FROM orders LIMIT 101"),
        (
            r#"SELECT "select", "a""b" FROM "order items""#,
            r#"SELECT "select", "a""b" FROM "order items" LIMIT 101"#,
        ),
        ("SELECT [status] FROM `orders`", "SELECT [status] FROM `orders` LIMIT 101"),
        ("SELECT 1 WHERE 31 & 0x1F = 0x1f", "SELECT 1 WHERE 31 & 31 = 31 LIMIT 101"),
        ("SELECT 'é',\n  x'1F', X'0a'", "SELECT 'é', X'1F', X'0a' LIMIT 101"),
        ("\u{feff}SELECT 1", "SELECT 1 LIMIT 101"),
        ("VALUES (1), (2)", "SELECT * FROM (VALUES (1), (2)) LIMIT 101"),
        (
            "WITH a AS (SELECT 1) SELECT 1 UNION ALL VALUES (2)",
            "SELECT * FROM (WITH a AS (SELECT 1) SELECT 1 UNION ALL VALUES (2)) LIMIT 101",
        ),
    ] {
        assert_eq!(guard.check(asked, 100).unwrap().as_str(), runs);
    }
    assert!(guard.check("SELECT 0xffffffffffffffff", 100).is_err());
    assert!(guard.check("SELECT 1 LIMIT - -2", 100).is_err());
    let mysql = Guard::new(Dialect::MySql, shop().await);
    assert_eq!(mysql.check("SELECT 0x1F", 100).unwrap().as_str(), "SELECT X'1F' LIMIT 101");
    let postgres = Guard::new(Dialect::Postgres, shop().await);
    assert_eq!(postgres.check("SELECT 0x1F", 100).unwrap().as_str(), "SELECT 31 LIMIT 101");
    let fetched = postgres.check("SELECT status FROM orders FETCH FIRST 3 ROWS ONLY", 100).unwrap();
    assert_eq!(fetched.as_str(), "SELECT status FROM orders LIMIT 3");
}

#[tokio::test]
async fn quotes_in_text_mean_what_they_meant() {
    let guard = Guard::new(Dialect::Sqlite, shop().await);
    for text in ["'O''Brien'", "'a''''b'", "''''", "''''''", r"'\'''", r"'c:\dir'"] {
        let sql = guard.check(&format!("SELECT name FROM customers WHERE name = {text}"), 10).unwrap();
        assert_eq!(sql.as_str(), format!("SELECT name FROM customers WHERE name = {text} LIMIT 11"));
    }
}

#[tokio::test]
async fn sizes_and_depths_have_bounds_that_no_stack_feels() {
    let guard = Guard::new(Dialect::Sqlite, shop().await);
    let refused = |sql: &str| matches!(guard.check(sql, 10), Err(GuardError::TooLarge { .. }));
    assert!(refused(&format!("SELECT '{}'", "x".repeat(200_000))));
    assert!(refused(&format!("SELECT 1{}", " + 1".repeat(5_000))));
    assert!(refused(&format!("SELECT {}1", "- ".repeat(5_000))));
    assert!(refused(&format!("SELECT {}1{}", "(".repeat(200), ")".repeat(200))));
    assert!(refused(&format!("SELECT 1{}", " UNION SELECT 1".repeat(2_000))));
    assert!(guard.check(&format!("SELECT 1{}", " + 1".repeat(1_000)), 10).is_ok());
    assert!(guard.check(&format!("SELECT {}1{}", "(".repeat(20), ")".repeat(20)), 10).is_ok());
    let many: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    assert!(
        guard.check(&format!("SELECT 1 FROM orders WHERE order_id IN ({})", many.join(", ")), 10).is_ok()
    );
}

#[tokio::test]
async fn work_without_an_end_is_refused_by_its_form() {
    let guard = Guard::new(Dialect::Sqlite, shop().await);
    let error = guard
        .check("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t", 10)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the statement is too large: the recursion of "t" has no end that can be seen; give it a WHERE with a bound of at most 10000000, or a LIMIT"#
    );
    let ends = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT n FROM t";
    assert!(guard.check(ends, 10).is_ok());
    assert!(guard.check("SELECT count(*) FROM orders a, orders b, orders c, orders d", 10).is_err());
    assert!(guard.check("SELECT count(*) FROM orders a, orders b", 10).is_ok());
    let postgres = Guard::new(Dialect::Postgres, shop().await);
    let nested = (0..12).fold("SELECT 1 AS n".to_owned(), |inner, level| {
        format!("WITH RECURSIVE r{level} AS ({inner} UNION SELECT n FROM r{level} WHERE n < 2) SELECT n FROM r{level}")
    });
    assert!(guard.check(&nested, 10).is_ok(), "checking it does not take twice as long at every level");
    let product = "SELECT 1 FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b";
    assert!(postgres.check(product, 10).is_err());
}

/// Each link names the one before it twice, and a database that puts them in place doubles its work at each.
#[tokio::test]
async fn a_chain_that_doubles_at_every_link_is_refused_before_anybody_follows_it() {
    let schema = shop().await;
    let chain = |links: usize, list: &str| {
        let links: Vec<String> = (1..links)
            .map(|n| format!("c{n} AS (SELECT {list} FROM c{} AS x, c{} AS y)", n - 1, n - 1))
            .collect();
        format!(
            "WITH c0 AS (SELECT 1 AS a FROM orders LIMIT 1), {} SELECT 1 FROM c{}",
            links.join(", "),
            links.len()
        )
    };
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
        let guard = Guard::new(dialect, schema.clone());
        for list in ["x.a", "*"] {
            let error = guard.check(&chain(60, list), 10).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the statement is too large: more than 1000 tables, counting those of a WITH wherever it is named"
            );
            assert!(guard.check(&chain(4, list), 10).is_ok());
        }
        let inner = chain(60, "x.a").replace("WITH", "WITH z AS (WITH") + ") SELECT * FROM z";
        assert!(guard.check(&inner, 10).is_err(), "within another one");
        let wide = format!("SELECT {} FROM orders", vec!["orders.*"; 700].join(", "));
        assert!(guard.check(&wide, 10).is_err(), "more columns than any database allows");
    }
}

#[tokio::test]
async fn comments_that_servers_run_and_quotes_that_change_meaning_are_refused() {
    let schema = shop().await;
    let mysql = Guard::new(Dialect::MySql, schema.clone());
    for sql in [
        "SELECT 1 /*! ; DROP TABLE orders */",
        "SELECT 1 /*!50000 INTO OUTFILE '/tmp/x' */",
        "SELECT 1 /*! FROM mysql.user */",
        "SELECT 1 /*M! UNION SELECT 2 */",
    ] {
        assert!(mysql.check(sql, 10).is_err(), "{sql}");
    }
    let postgres = Guard::new(Dialect::Postgres, schema);
    assert!(postgres.check("SELECT 'a' '\nb'", 10).is_err());
    assert!(postgres.check("SELECT 'pg_authid'::regclass", 10).is_err());
    assert!(postgres.check("SELECT * FROM ONLY orders", 10).is_err());
    assert!(postgres.check("SELECT * FROM pg_catalog.pg_authid", 10).is_err());
    assert!(postgres.check("SELECT count(*)::int, max(order_date)::date FROM public.orders", 10).is_ok());
}
