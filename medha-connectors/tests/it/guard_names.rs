//! Tables and columns must exist where they are named.

use medha_connectors::{Dialect, Guard, GuardError};

use crate::guard::shop;

#[tokio::test]
async fn names_are_found_through_aliases_subqueries_and_common_table_expressions() {
    let guard = Guard::new(Dialect::Sqlite, shop().await);
    for sql in [
        "SELECT o.status, ORDERS_2.Status FROM orders AS o, orders AS orders_2",
        "SELECT main.orders.status FROM main.orders",
        "SELECT x.n + 1 AS m FROM (SELECT count(*) AS n FROM orders) AS x WHERE x.n > 0 ORDER BY m",
        "WITH a AS (SELECT status AS s FROM orders), b AS (SELECT s AS t FROM a) SELECT t FROM b",
        "WITH a(x, y) AS (SELECT status, order_id FROM orders) SELECT y, x FROM a",
        "WITH orders AS (SELECT 1 AS only_here) SELECT only_here FROM orders",
        "SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.customer_id)",
        "SELECT name, (SELECT max(total_amount) FROM orders WHERE customer_id = customers.customer_id) FROM customers",
        "SELECT status AS s, count(*) AS n FROM orders GROUP BY s HAVING n > 1 ORDER BY n DESC, s",
        "SELECT status FROM orders ORDER BY total_amount",
        "SELECT customer_id FROM orders JOIN customers USING (customer_id)",
        "SELECT status, sum(total_amount) OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY order_date)",
        "SELECT rowid, status FROM orders",
        "SELECT s.* FROM (SELECT * FROM sales) AS s WHERE s.segment = 'SMB'",
        "SELECT value FROM orders, json_each(orders.status) WHERE json_each.key = 1",
        "SELECT a FROM (SELECT status AS a FROM orders UNION ALL SELECT name FROM customers) ORDER BY a",
        r#"SELECT "count(*)" FROM (SELECT count(*) FROM orders)"#,
        "SELECT 1 FROM (orders o JOIN customers c ON o.customer_id = c.customer_id) WHERE c.name = 'x'",
        "SELECT column1 FROM (VALUES (1))",
        "SELECT CURRENT_DATE, CURRENT_TIMESTAMP, true, NULL, 1e3, x'ff'",
    ] {
        let checked = guard.check(sql, 10);
        assert!(checked.is_ok(), "{sql}: {}", checked.unwrap_err());
    }
}

#[tokio::test]
async fn what_is_nowhere_is_named_with_its_nearest_neighbour() {
    let guard = Guard::new(Dialect::Sqlite, shop().await);
    for (sql, message) in [
        ("SELECT * FROM ordrs", r#"there is no table "ordrs"; did you mean "orders"?"#),
        ("SELECT * FROM xyz", r#"there is no table "xyz""#),
        ("SELECT * FROM temp.orders", r#"there is no table "temp.orders""#),
        ("SELECT * FROM sqlite_master", r#"there is no table "sqlite_master""#),
        (
            "SELECT totl_amount FROM orders",
            r#"there is no column "totl_amount" in "orders"; did you mean "total_amount"?"#,
        ),
        ("SELECT o.stats FROM orders o", r#"there is no column "stats" in "orders"; did you mean "status"?"#),
        ("SELECT p.status FROM orders o", r#"there is no table "p""#),
        ("SELECT segmnt FROM orders, customers", r#"there is no column "segmnt"; did you mean "segment"?"#),
        (
            "SELECT 1 FROM orders WHERE statuss = 'x'",
            r#"there is no column "statuss" in "orders"; did you mean "status"?"#,
        ),
        ("SELECT 1 FROM orders ORDER BY amount_total", r#"there is no column "amount_total" in "orders""#),
        (
            "SELECT 1 FROM orders JOIN customers USING (customr_id)",
            r#"there is no column "customr_id"; did you mean "customer_id"?"#,
        ),
        (
            "WITH a AS (SELECT 1 AS one) SELECT on1 FROM a",
            r#"there is no column "on1" in "a"; did you mean "one"?"#,
        ),
        ("SELECT x.* FROM orders", r#"there is no table "x""#),
        (
            r#"SELECT 1 FROM orders WHERE status = "Berlin""#,
            r#"there is no column "Berlin"; if it is meant as text, put it in single quotes"#,
        ),
        (
            "SELECT (SELECT name FROM orders) FROM customers c, (SELECT c.name FROM orders) x",
            r#"there is no table "c""#,
        ),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", r#"there is no table "b""#),
    ] {
        assert_eq!(guard.check(sql, 10).unwrap_err().to_string(), message, "{sql}");
    }
}

#[tokio::test]
async fn the_tables_that_are_read_are_listed_once_as_the_schema_spells_them() {
    let guard = Guard::new(Dialect::Sqlite, shop().await);
    let sql = guard
        .check("WITH x AS (SELECT * FROM SALES) SELECT * FROM x, Customers WHERE 1 IN (SELECT 1 FROM customers, orders)", 10)
        .unwrap();
    assert_eq!(sql.tables(), ["sales", "customers", "orders"]);
}

#[tokio::test]
async fn a_namespace_of_ones_own_replaces_the_usual_one() {
    let schema = shop().await;
    let mysql = Guard::new(Dialect::MySql, schema);
    let sql = "SELECT shop.orders.status FROM shop.orders";
    assert!(matches!(mysql.check(sql, 10), Err(GuardError::UnknownTable { .. })));
    assert!(mysql.with_namespace("shop").check(sql, 10).is_ok());
}
