//! MySQL and MariaDB: every type keeps its meaning, the catalog is read whole, statements mean what the server means by them.

use std::sync::Arc;

use libtest_mimic::Trial;
use medha_connectors::{
    ColumnKind, Connector, ForeignKey, Guard, MySqlConnector, Policy, QueryOptions, Schema, TableKind, User,
    Value,
};

use crate::databases::{Server, load, on_database};
use crate::files::ask;

pub(crate) fn trials() -> Vec<Trial> {
    on_database!(
        "mysql",
        Server::MySql,
        every_type_keeps_its_meaning,
        the_catalog_has_keys_comments_indexes_views_and_partitions,
        a_statement_means_what_it_means_on_the_server,
        the_rules_of_a_table_hold_behind_a_view,
    )
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn decimal(digits: &str) -> Value {
    Value::Decimal(digits.to_owned())
}

const LONG: &str = "12345678901234567890123456789012345.012345678901234567890123456789";

/// Type, value as it is written, value as it must arrive, what the type promises. MariaDB's own types come last.
fn everything() -> Vec<(&'static str, String, Value, ColumnKind)> {
    let of = |declared, literal: &str, value, kind| (declared, literal.to_owned(), value, kind);
    vec![
        of("boolean", "1", Value::Integer(1), ColumnKind::Boolean),
        of("tinyint unsigned", "250", Value::Integer(250), ColumnKind::Integer),
        of("tinyint(1) unsigned", "251", Value::Integer(251), ColumnKind::Boolean),
        of("tinyint", "-128", Value::Integer(-128), ColumnKind::Integer),
        of("smallint", "-32768", Value::Integer(-32_768), ColumnKind::Integer),
        of("mediumint", "-8388608", Value::Integer(-8_388_608), ColumnKind::Integer),
        of("mediumint unsigned", "16777215", Value::Integer(16_777_215), ColumnKind::Integer),
        of("int unsigned", "4294967295", Value::Integer(4_294_967_295), ColumnKind::Integer),
        of("bigint", "-9223372036854775808", Value::Integer(i64::MIN), ColumnKind::Integer),
        of("bigint unsigned", "18446744073709551615", decimal("18446744073709551615"), ColumnKind::Integer),
        of("float", "1.1", Value::Float(1.1), ColumnKind::Float),
        of("double", "-0.1", Value::Float(-0.1), ColumnKind::Float),
        of("decimal(65, 30)", LONG, decimal(LONG), ColumnKind::Decimal),
        of("decimal(10, 3)", "1.1", decimal("1.100"), ColumnKind::Decimal),
        of("bit(10)", "b'1000000001'", Value::Integer(513), ColumnKind::Integer),
        of("year", "2024", Value::Integer(2024), ColumnKind::Integer),
        of("date", "'2024-02-29'", text("2024-02-29"), ColumnKind::Date),
        of("date", "'0000-00-00'", text("0000-00-00"), ColumnKind::Date),
        of("datetime", "'2024-02-29 10:00:00'", text("2024-02-29 10:00:00"), ColumnKind::DateTime),
        of(
            "datetime(6)",
            "'2024-02-29 10:00:00.5'",
            text("2024-02-29 10:00:00.500000"),
            ColumnKind::DateTime,
        ),
        of("datetime", "'0000-00-00 00:00:00'", text("0000-00-00 00:00:00"), ColumnKind::DateTime),
        of("time", "'-838:59:59'", text("-838:59:59"), ColumnKind::Time),
        of("time", "'10:30:15'", text("10:30:15"), ColumnKind::Time),
        of("varchar(40)", "'Zoë O''Neil 漢字'", text("Zoë O'Neil 漢字"), ColumnKind::Text),
        of("varchar(40) CHARACTER SET latin1", "'Zoë'", text("Zoë"), ColumnKind::Text),
        of("char(4)", "'ab'", text("ab"), ColumnKind::Text),
        of("longtext", "'long'", text("long"), ColumnKind::Text),
        of("binary(3)", "x'00ff10'", Value::Blob(vec![0, 255, 16]), ColumnKind::Blob),
        of("binary(16)", "'0123456789abcdef'", Value::Blob(b"0123456789abcdef".to_vec()), ColumnKind::Blob),
        of("blob", "x'00'", Value::Blob(vec![0]), ColumnKind::Blob),
        of("enum('sad', 'ok')", "'ok'", text("ok"), ColumnKind::Text),
        of("set('a', 'b', 'c')", "'c,a'", text("a,c"), ColumnKind::Text),
        of("json", r#"'{"a": 1.0000000001}'"#, text(r#"{"a": 1.0000000001}"#), ColumnKind::Text),
        of("point", "ST_GeomFromText('POINT(1.5 -2)')", text("POINT(1.5 -2)"), ColumnKind::Unknown),
        of(
            "geometry",
            "ST_GeomFromText('GEOMETRYCOLLECTION(POLYGON((0 0,1 0,1 1,0 0)),MULTIPOINT(1 2,3 4))')",
            text("GEOMETRYCOLLECTION(POLYGON((0 0,1 0,1 1,0 0)),MULTIPOINT((1 2),(3 4)))"),
            ColumnKind::Unknown,
        ),
        of("varchar(9)", "NULL", Value::Null, ColumnKind::Text),
        of("date", "NULL", Value::Null, ColumnKind::Date),
        of("inet6", "'2001:db8::1'", text("2001:db8::1"), ColumnKind::Text),
        of(
            "uuid",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
            text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            ColumnKind::Text,
        ),
    ]
}

async fn every_type_keeps_its_meaning(url: String) {
    let columns: Vec<String> = everything()
        .iter()
        .enumerate()
        .map(|(place, (declared, _, _, _))| format!("c{place} {declared} NULL"))
        .collect();
    let literals: Vec<String> = everything().into_iter().map(|(_, literal, _, _)| literal).collect();
    let statements = [
        "SET SESSION sql_mode = ''".to_owned(),
        format!("CREATE TABLE everything ({})", columns.join(", ")),
        format!("INSERT INTO everything VALUES ({})", literals.join(", ")),
    ];
    load(&url, &statements).await;
    let connector = MySqlConnector::open(url.as_str()).unwrap();
    let answer = ask(&connector, "SELECT * FROM everything").await;
    for (came, (declared, literal, expected, _)) in answer.rows[0].iter().zip(everything()) {
        assert_eq!(*came, expected, "{declared} {literal}");
    }
    assert_eq!(answer.rows[0].len(), everything().len());
    let described = connector.schema().await.unwrap();
    for (column, (declared, _, _, kind)) in described.tables[0].columns.iter().zip(everything()) {
        // MariaDB's JSON is a long text.
        assert_eq!(column.kind, kind, "{declared}");
    }
}

async fn the_catalog_has_keys_comments_indexes_views_and_partitions(url: String) {
    let statements = [
        "CREATE TABLE makers (country varchar(2), code int, name varchar(20) NOT NULL UNIQUE, long_name text,
               PRIMARY KEY (country, code), UNIQUE KEY start (long_name(5))) COMMENT 'Who makes things'",
        "CREATE TABLE things (id bigint AUTO_INCREMENT PRIMARY KEY, country varchar(2), code int,
               price decimal(10, 2) DEFAULT 0.5 COMMENT 'In euros', KEY by_price (price, code),
               FOREIGN KEY (country, code) REFERENCES makers (country, code))",
        "CREATE VIEW dear AS SELECT id, price FROM things WHERE price > 100",
        "CREATE TABLE sales (day date) PARTITION BY RANGE (year(day))
               (PARTITION old VALUES LESS THAN (2024), PARTITION rest VALUES LESS THAN MAXVALUE)",
        "INSERT INTO makers VALUES ('de', 1, 'Ada', 'x'), ('DE', 2, 'Grace', 'y'), ('fr', 1, 'Zoë', NULL)",
    ];
    load(&url, &statements.map(str::to_owned)).await;
    let schema = MySqlConnector::open(url).unwrap().schema().await.unwrap();
    let mut names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["dear", "makers", "sales", "things"]);
    let parts = |table: &str| schema.table(table).unwrap().partitioned_by.clone();
    assert_eq!((parts("sales").as_deref(), parts("things")), (Some("RANGE (year(`day`))"), None));
    let makers = schema.table("makers").unwrap();
    assert_eq!((makers.comment.as_deref(), makers.row_count), (Some("Who makes things"), Some(3)));
    assert_eq!(makers.primary_key, ["country", "code"]);
    assert_eq!(makers.unique_keys, [vec!["name"]], "the start of a text is no key");
    let spellings = &makers.column("country").unwrap().profile.as_ref().unwrap().values;
    assert_eq!(*spellings, ["DE", "de", "fr"], "spellings that the collation takes for one are shown");
    let things = schema.table("things").unwrap();
    let price = things.column("price").unwrap();
    assert_eq!((price.declared_type.as_str(), price.default.as_deref()), ("decimal(10,2)", Some("0.50")));
    assert_eq!((price.comment.as_deref(), price.nullable), (Some("In euros"), true));
    assert_eq!(things.column("code").unwrap().default, None);
    let key = ForeignKey {
        columns: vec!["country".into(), "code".into()],
        references: "makers".into(),
        referenced_columns: vec!["country".into(), "code".into()],
    };
    assert_eq!(things.foreign_keys, [key]);
    assert!(things.indexes.iter().any(|index| index.name == "by_price" && !index.unique));
    assert_eq!(schema.table("dear").unwrap().kind, TableKind::View);
    assert_eq!(schema.table("dear").unwrap().comment, None);
}

/// The driver would make `||` a concatenation and move times to UTC, and a server may read what the guard takes for a text as
/// a name.
async fn a_statement_means_what_it_means_on_the_server(url: String) {
    load(&url, &["CREATE TABLE t (moment timestamp NOT NULL)".to_owned()]).await;
    let connector = MySqlConnector::open(url.as_str()).unwrap();
    assert_eq!(ask(&connector, "SELECT 'a' || 'b'").await.rows, [[Value::Integer(0)]]);
    assert_eq!(ask(&connector, r#"SELECT "a\"b", 'c\'d'"#).await.rows, [[text("a\"b"), text("c'd")]]);
    let guard = Guard::new(connector.dialect(), connector.schema().await.unwrap().into());
    let plan = connector.explain(&guard.check("SELECT moment FROM t", 5).unwrap()).await.unwrap();
    assert!(plan.contains("\"table_name\": \"t\""), "{plan}");
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
    let connector = MySqlConnector::open(url).unwrap();
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
