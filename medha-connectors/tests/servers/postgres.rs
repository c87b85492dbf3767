//! PostgreSQL: every type keeps its meaning, the catalog is read whole, addresses keep their secrets.

use std::sync::Arc;

use libtest_mimic::Trial;
use medha_connectors::{
    ColumnKind, Connector, ForeignKey, Guard, Policy, PostgresConnector, QueryOptions, Schema, TableKind,
    User, Value,
};

use crate::databases::{Server, load, on_database};
use crate::files::ask;

pub(crate) fn trials() -> Vec<Trial> {
    on_database!(
        "postgres",
        Server::Postgres,
        every_type_keeps_its_meaning,
        the_catalog_has_keys_comments_indexes_views_and_partitions,
        only_what_the_user_may_read_is_described,
        schemas_that_the_search_path_leaves_out_are_named,
        a_table_is_that_of_the_search_path,
        a_plan_has_its_cost,
        the_rules_of_a_table_hold_behind_a_view,
    )
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn decimal(digits: &str) -> Value {
    Value::Decimal(digits.to_owned())
}

const LONG: &str = "123456789012345678901234567890123456789012345.0123456789";

/// Type, value as it is written, value as it must arrive.
fn everything() -> Vec<(&'static str, String, Value)> {
    let of = |kind, literal: &str, value| (kind, literal.to_owned(), value);
    vec![
        of("boolean", "true", Value::Bool(true)),
        of("smallint", "-32768", Value::Integer(-32_768)),
        of("bigint", "9223372036854775807", Value::Integer(i64::MAX)),
        of("oid", "4294967295", Value::Integer(4_294_967_295)),
        of("real", "1.1", Value::Float(1.1)),
        of("double precision", "'-Infinity'", Value::Float(f64::NEG_INFINITY)),
        of("numeric", LONG, decimal(LONG)),
        of("numeric(10, 3)", "1.1", decimal("1.100")),
        of("numeric", "'NaN'", decimal("NaN")),
        of("numeric", "'-Infinity'", decimal("-Infinity")),
        of("elsewhere.cents", "12.5", decimal("12.50")),
        of("text", "'Zoë O''Neil 漢字'", text("Zoë O'Neil 漢字")),
        of("char(4)", "'ab'", text("ab  ")),
        of("bytea", r"'\x00ff10'", Value::Blob(vec![0, 255, 16])),
        of("date", "'2024-02-29'", text("2024-02-29")),
        of("date", "'infinity'", text("infinity")),
        of("date", "'0044-03-15 BC'", text("0044-03-15 BC")),
        of("timestamp", "'2024-02-29 10:00:00.123456'", text("2024-02-29 10:00:00.123456")),
        of("timestamp", "'-infinity'", text("-infinity")),
        of("timestamptz", "'2024-02-29 10:00:00+02'", text("2024-02-29 08:00:00+00")),
        of("timestamptz", "'infinity'", text("infinity")),
        of("time", "'10:30:15.5'", text("10:30:15.5")),
        of("timetz", "'10:30:15+02'", text("10:30:15+02")),
        of("interval", "'1 year -2 mons 3 days 04:05:06'", text("10 mons 3 days 04:05:06")),
        of("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        of("json", r#"'{"a": 1.00000000000000000001}'"#, text(r#"{"a": 1.00000000000000000001}"#)),
        of("jsonb", r#"'{"b": 12345678901234567890}'"#, text(r#"{"b": 12345678901234567890}"#)),
        of("elsewhere.mood", "'ok'", text("ok")),
        of("elsewhere.mood[]", "'{sad,ok}'", text("{sad,ok}")),
        of("elsewhere.pair", "'(1,x)'", text("(1,x)")),
        of("integer[]", "'{1,NULL,3}'", text("{1,NULL,3}")),
        of("integer[]", "'{{1,2},{3,4}}'", text("{{1,2},{3,4}}")),
        of("int4range", "'[1,5]'", text("[1,6)")),
        of("tstzrange", "'empty'", text("empty")),
        of("bit(4)", "B'1010'", text("1010")),
        of("varbit", "B'101'", text("101")),
        of("inet", "'10.0.0.1/8'", text("10.0.0.1/8")),
        of("macaddr", "'08:00:2b:01:02:03'", text("08:00:2b:01:02:03")),
        of("point", "'(1.5,-2)'", text("(1.5,-2)")),
        of("xml", "'<a>b</a>'", text("<a>b</a>")),
        of("tsvector", "'b a'", text("'a' 'b'")),
        of("text", "NULL", Value::Null),
    ]
}

async fn every_type_keeps_its_meaning(url: String) {
    let columns: Vec<String> =
        everything().iter().enumerate().map(|(place, (kind, _, _))| format!("c{place} {kind}")).collect();
    let literals: Vec<String> = everything().into_iter().map(|(_, literal, _)| literal).collect();
    let statements = [
        "CREATE SCHEMA elsewhere".to_owned(),
        "CREATE TYPE elsewhere.mood AS ENUM ('sad', 'ok')".to_owned(),
        "CREATE TYPE elsewhere.pair AS (a int, b text)".to_owned(),
        "CREATE DOMAIN elsewhere.cents AS numeric(12, 2)".to_owned(),
        format!("CREATE TABLE everything ({})", columns.join(", ")),
        format!("INSERT INTO everything VALUES ({})", literals.join(", ")),
    ];
    load(&url, &statements).await;
    let connector = PostgresConnector::open(url.as_str()).unwrap();
    let answer = ask(&connector, "SELECT * FROM everything").await;
    for ((came, (kind, literal, expected)), column) in
        answer.rows[0].iter().zip(everything()).zip(&answer.columns)
    {
        assert_eq!(*came, expected, "{} {kind} {literal}", column.name);
    }
    assert_eq!(answer.rows[0].len(), everything().len());
    // Of an answer without rows the columns are known as well, whatever their types.
    let empty = ask(&connector, "SELECT * FROM everything WHERE c0 IS NULL").await;
    let kinds: Vec<ColumnKind> = empty.columns.iter().map(|column| column.kind).collect();
    assert_eq!(kinds[..6], answer.columns.iter().map(|column| column.kind).collect::<Vec<_>>()[..6]);
    let described = connector.schema().await.unwrap();
    let kinds: Vec<ColumnKind> = described.tables[0].columns.iter().map(|column| column.kind).collect();
    for (kind, (declared, _, _)) in kinds.iter().zip(everything()) {
        let expected = match declared {
            "boolean" => ColumnKind::Boolean,
            "smallint" | "bigint" | "oid" => ColumnKind::Integer,
            "real" | "double precision" => ColumnKind::Float,
            "date" => ColumnKind::Date,
            "timestamp" | "timestamptz" => ColumnKind::DateTime,
            "time" => ColumnKind::Time,
            "bytea" => ColumnKind::Blob,
            "elsewhere.cents" => ColumnKind::Decimal,
            _ if declared.starts_with("numeric") => ColumnKind::Decimal,
            _ if declared.contains("[]") || declared.contains("range") || declared.contains("bit") => {
                ColumnKind::Unknown
            }
            "elsewhere.pair" | "inet" | "macaddr" | "point" | "tsvector" => ColumnKind::Unknown,
            _ => ColumnKind::Text,
        };
        assert_eq!(*kind, expected, "{declared}");
    }
}

const CATALOG: [&str; 12] = [
    "CREATE SCHEMA hidden",
    "CREATE TABLE hidden.parent (id int PRIMARY KEY)",
    "CREATE TABLE makers (country text, code int, name text NOT NULL UNIQUE, PRIMARY KEY (country, code))",
    "COMMENT ON TABLE makers IS 'Who makes things'",
    "CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, country text, code int,
       price numeric(10, 2) DEFAULT 0.5, twice numeric GENERATED ALWAYS AS (price * 2) STORED, gone int,
       hidden int REFERENCES hidden.parent, FOREIGN KEY (code, country) REFERENCES makers (code, country))",
    "ALTER TABLE makers ADD UNIQUE (code, country)",
    "ALTER TABLE things DROP COLUMN gone",
    "COMMENT ON COLUMN things.price IS 'In euros'",
    "CREATE INDEX by_price ON things (price, lower(country))",
    "CREATE UNIQUE INDEX cheap ON things (code) WHERE price < 1",
    "CREATE VIEW dear AS SELECT id, price FROM things WHERE price > 100",
    "CREATE MATERIALIZED VIEW summary AS SELECT count(*) AS things FROM things",
];

async fn the_catalog_has_keys_comments_indexes_views_and_partitions(url: String) {
    let mut statements: Vec<String> = CATALOG.iter().map(|&statement| statement.to_owned()).collect();
    statements.extend([
        "CREATE TABLE sales (day date NOT NULL, total int) PARTITION BY RANGE (day)".to_owned(),
        "CREATE TABLE sales_2024 PARTITION OF sales FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
            .to_owned(),
        "INSERT INTO sales SELECT DATE '2024-01-01' + n, n FROM generate_series(0, 99) n".to_owned(),
    ]);
    load(&url, &statements).await;
    let schema = PostgresConnector::open(url.as_str()).unwrap().schema().await.unwrap();
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["makers", "things", "dear", "summary", "sales"]);
    let makers = schema.table("makers").unwrap();
    assert_eq!(makers.comment.as_deref(), Some("Who makes things"));
    assert_eq!(makers.primary_key, ["country", "code"]);
    assert_eq!(makers.unique_keys, [vec!["name"], vec!["code", "country"]]);
    let things = schema.table("things").unwrap();
    let named: Vec<&str> = things.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(named, ["id", "country", "code", "price", "twice", "hidden"]);
    let price = things.column("price").unwrap();
    assert_eq!((price.declared_type.as_str(), price.default.as_deref()), ("numeric(10,2)", Some("0.5")));
    assert_eq!((price.comment.as_deref(), price.nullable), (Some("In euros"), true));
    assert_eq!(things.column("twice").unwrap().default, None, "what is generated is no default");
    let key = ForeignKey {
        columns: vec!["code".into(), "country".into()],
        references: "makers".into(),
        referenced_columns: vec!["code".into(), "country".into()],
    };
    assert_eq!(things.foreign_keys, [key], "a table that cannot be named is no reference");
    let indexes: Vec<_> = things.indexes.iter().map(|index| (index.name.as_str(), index.unique)).collect();
    assert_eq!(indexes, [("things_pkey", true), ("by_price", false), ("cheap", true)]);
    assert_eq!(things.indexes[1].columns, [Some("price".to_owned()), None]);
    assert_eq!(things.unique_keys, Vec::<Vec<String>>::new(), "a part of a table is no key of it");
    assert_eq!(schema.table("dear").unwrap().kind, TableKind::View);
    assert_eq!(schema.table("summary").unwrap().kind, TableKind::View);
    let sales = schema.table("sales").unwrap();
    assert_eq!((sales.kind, sales.row_count), (TableKind::Table, Some(100)));
    assert_eq!((sales.partitioned_by.as_deref(), &things.partitioned_by), (Some("RANGE (day)"), &None));
    let day = sales.column("day").unwrap().profile.as_ref().unwrap();
    assert_eq!((day.min.as_deref(), day.max.as_deref()), (Some("2024-01-01"), Some("2024-04-09")));
}

/// What a role may not read it cannot ask about, so it is not described; the search path says which schema is meant.
async fn only_what_the_user_may_read_is_described(url: String) {
    let role = format!("{}_reader", url.rsplit('/').next().unwrap());
    let statements = [
        "CREATE TABLE open (a int, b int)".to_owned(),
        "CREATE TABLE closed (a int)".to_owned(),
        "CREATE SCHEMA other; CREATE TABLE other.thing (n int)".to_owned(),
        format!("CREATE ROLE {role} LOGIN PASSWORD 'hunter2'"),
        format!("GRANT SELECT (a) ON open TO {role}"),
    ];
    load(&url, &statements).await;
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let reader = PostgresConnector::open(format!("{scheme}://{role}:hunter2@{place}")).unwrap();
    let schema = reader.schema().await.unwrap();
    let seen: Vec<(&str, usize)> =
        schema.tables.iter().map(|table| (table.name.as_str(), table.columns.len())).collect();
    assert_eq!(seen, [("open", 1)]);
    assert!(!format!("{reader:?}").contains("hunter2"));
    drop(reader);
    let other = PostgresConnector::open(format!("{url}?options=-c%20search_path=other")).unwrap();
    assert_eq!(other.schema().await.unwrap().tables[0].name, "thing");
    load(&url, &[format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")]).await;
}

/// Somebody whose tables are all in a schema of their own is not told that there are none.
async fn schemas_that_the_search_path_leaves_out_are_named(url: String) {
    let open = |parameter: &str| PostgresConnector::open(format!("{url}{parameter}")).unwrap();
    assert_eq!(open("").schema().await.unwrap(), Schema::default(), "an empty database is no error");
    let statements = [
        "CREATE SCHEMA sales; CREATE TABLE sales.orders (n int)",
        "CREATE SCHEMA \"Human Resources\"; CREATE VIEW \"Human Resources\".staff AS SELECT 1 AS n",
        "CREATE SCHEMA bare",
    ];
    load(&url, &statements.map(str::to_owned)).await;
    let error = open("").schema().await.unwrap_err().to_string();
    assert!(error.contains(r#"?options[search_path]="Human Resources",sales "#), "{error}");
    let schema = open("?options[search_path]=%22Human%20Resources%22,sales").schema().await.unwrap();
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["orders", "staff"]);
    let connector = open("?options[search_path]=sales");
    assert_eq!(ask(&connector, "SELECT count(*) FROM orders").await.rows, [[Value::Integer(0)]]);
    assert_eq!(ask(&connector, "SELECT count(*) FROM sales.orders").await.rows, [[Value::Integer(0)]]);
}

/// Tables of the same name in other schemas are other tables, under a policy as well.
async fn a_table_is_that_of_the_search_path(url: String) {
    let statements = [
        "CREATE TABLE orders (n int); INSERT INTO orders VALUES (7), (8)",
        "CREATE SCHEMA sales; CREATE TABLE sales.orders (n int); INSERT INTO sales.orders VALUES (1), (2)",
        "CREATE SCHEMA hr; CREATE TABLE hr.staff (n int); INSERT INTO hr.staff VALUES (3)",
    ];
    load(&url, &statements.map(str::to_owned)).await;
    let policy: Policy = serde_json::from_str(
        r#"{"version": 1, "other_tables": "allow", "tables": {"orders": {"rows": [{"keep": "n % 2 = 0"}]}}}"#,
    )
    .unwrap();
    for (path, namespaces, [bare, sales, public]) in [
        ("public", &["public"][..], [Some(8), None, Some(8)]),
        ("sales", &["sales"], [Some(2), Some(2), None]),
        ("sales,public", &["sales"], [Some(2), Some(2), None]),
        ("hr,sales,public", &["sales", "hr"], [Some(2), None, None]),
    ] {
        let connector = PostgresConnector::open(format!("{url}?options[search_path]={path}")).unwrap();
        let schema = Arc::new(connector.schema().await.unwrap());
        assert_eq!(schema.namespaces, namespaces, "{path}");
        let guard = Guard::new(connector.dialect(), schema).with_policy(&policy, &User::new("ann")).unwrap();
        for (name, expected) in [("orders", bare), ("sales.orders", sales), ("public.orders", public)] {
            let asked = guard.check(&format!("SELECT n FROM {name}"), 10);
            assert_eq!(asked.is_ok(), expected.is_some(), "{path} {name}: {asked:?}");
            if let (Ok(sql), Some(expected)) = (asked, expected) {
                let answer = connector.query(&sql, QueryOptions::default()).await.unwrap().collect().await;
                assert_eq!(answer.unwrap().rows, [[Value::Integer(expected)]], "{path} {name}");
            }
        }
    }
}

async fn a_plan_has_its_cost(url: String) {
    load(&url, &["CREATE TABLE t (n int PRIMARY KEY)".to_owned()]).await;
    let connector = PostgresConnector::open(url).unwrap();
    let guard = medha_connectors::Guard::new(connector.dialect(), connector.schema().await.unwrap().into());
    let plan = connector.explain(&guard.check("SELECT n FROM t WHERE n = 1", 5).unwrap()).await.unwrap();
    assert!(plan.contains("t_pkey") && plan.contains("cost="), "{plan}");
}

/// Under a policy a view is what the catalog says it is made of.
async fn the_rules_of_a_table_hold_behind_a_view(url: String) {
    let statements = [
        "CREATE TABLE things (id int PRIMARY KEY, name varchar(20), price decimal(10, 2))",
        "INSERT INTO things VALUES (1, 'it''s', 50), (2, 'b', 150), (3, 'c', 300)",
        "CREATE VIEW dear AS SELECT t.id, t.name, t.price * 2 AS twice FROM things t WHERE t.price > 100 OR t.name = 'it''s'",
        "CREATE VIEW dearer AS SELECT count(*) AS n FROM dear",
    ];
    load(&url, &statements.map(str::to_owned)).await;
    let connector = PostgresConnector::open(url).unwrap();
    let schema: Arc<Schema> = connector.schema().await.unwrap().into();
    let policy: Policy = serde_json::from_str(
        r#"{"version": 1, "tables": {"things": {"rows": [{"keep": "price < 200"}]}, "dear": {}, "dearer": {}}}"#,
    )
    .unwrap();
    let guard = Guard::new(connector.dialect(), schema).with_policy(&policy, &User::new("ann")).unwrap();
    assert!(guard.shown().tables.iter().all(|table| table.definition.is_none()));
    for (sql, count) in
        [("SELECT count(*) FROM dear", 2), ("SELECT n FROM dearer", 2), ("SELECT count(*) FROM things", 2)]
    {
        let sql = guard.check(sql, 10).unwrap();
        let answer = connector.query(&sql, QueryOptions::default()).await.unwrap().collect().await.unwrap();
        assert_eq!(answer.rows, [[Value::Integer(count)]], "{}", sql.as_str());
    }
}
