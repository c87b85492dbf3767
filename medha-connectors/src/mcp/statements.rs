//! How a guarded statement is sent, so that as little as possible is lost between the database and us.
//!
//! Servers put rows into objects of their language: names that repeat collapse, and JavaScript rounds numbers. PostgreSQL can
//! write a row as JSON by itself, in order and with every digit, so there it is asked to.

use sqlparser::ast::{
    Expr, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins,
};

use crate::dialect::Dialect;
use crate::guard::one_query;
use crate::schema::Schema;

/// What the one column of a wrapped statement is called.
pub(super) const WRAPPED: &str = "medha_row";

/// The statement with every row as one text of JSON, where the database can write that.
pub(super) fn wrapped(sql: &str, dialect: Dialect) -> Option<String> {
    (dialect == Dialect::Postgres)
        .then(|| format!("SELECT row_to_json(medha)::text AS {WRAPPED} FROM ({sql}) AS medha"))
}

/// A statement with one row, whose columns are those of a statement that has given none. It is not run for that, or gives
/// none again.
pub(super) fn describing(sql: &str) -> String {
    format!("SELECT medha.* FROM (SELECT 1 AS medha_one) AS medha_o LEFT JOIN ({sql}) AS medha ON 1 = 0")
}

/// How the database would run it, as a statement.
pub(super) fn explaining(sql: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::MySql => format!("EXPLAIN FORMAT=JSON {sql}"),
        Dialect::Sqlite => format!("EXPLAIN QUERY PLAN {sql}"),
        Dialect::Postgres | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => {
            format!("EXPLAIN {sql}")
        }
    }
}

/// The names of a statement's columns, as far as they can be told from it; `Err` says what to do where rows that are told by
/// names would lose columns.
pub(super) fn names(sql: &str, dialect: Dialect, schema: Option<&Schema>) -> Result<Vec<String>, String> {
    // What the guard has read it reads again; a set has the names of its first part.
    let Ok(query) = one_query(sql, dialect) else { return Ok(Vec::new()) };
    let mut body = &*query.body;
    let select = loop {
        match body {
            SetExpr::Select(select) => break select,
            SetExpr::Query(query) => body = &query.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return Ok(Vec::new()),
        }
    };
    let mut names: Vec<String> = Vec::new();
    let is_alone = select.projection.len() == 1;
    for item in &select.projection {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => names.push(alias.value.clone()),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => names.push(name.value.clone()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                names.extend(parts.last().map(|name| name.value.clone()));
            }
            // The database names it after its text, which does not repeat by accident.
            SelectItem::UnnamedExpr(expression) => names.push(expression.to_string()),
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
                let of = match item {
                    SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                        Some(last_part(&name.to_string()))
                    }
                    _ => None,
                };
                match columns_of(&select.from, of.as_deref(), schema) {
                    Some(columns) => names.extend(columns),
                    None if is_alone && relations(&select.from).count() == 1 => return Ok(Vec::new()),
                    None => {
                        return Err(
                            "write out the columns that * stands for and name them apart with AS".to_owned()
                        );
                    }
                }
            }
            SelectItem::ExprWithAliases { .. } => return Err("name the columns with AS".to_owned()),
        }
    }
    let is_repeated = |(place, name): &(usize, &String)| {
        names[..*place].iter().any(|before| before.eq_ignore_ascii_case(name))
    };
    match names.iter().enumerate().find(is_repeated) {
        Some((_, twice)) => Err(format!(
            "two columns are called {twice:?}, of which this server gives one; name them apart with AS"
        )),
        None => Ok(names),
    }
}

/// The columns of all relations, or of the one of that name, where all of them are tables that are known.
fn columns_of(from: &[TableWithJoins], of: Option<&str>, schema: Option<&Schema>) -> Option<Vec<String>> {
    let mut columns = Vec::new();
    for relation in relations(from) {
        let TableFactor::Table { name, alias, .. } = relation else { return None };
        let table = last_part(&name.to_string());
        let called = alias.as_ref().map_or(table.as_str(), |alias| alias.name.value.as_str());
        if of.is_none_or(|of| of.eq_ignore_ascii_case(called)) {
            columns.extend(schema?.table(&table)?.columns.iter().map(|column| column.name.clone()));
        }
    }
    Some(columns)
}

fn relations(from: &[TableWithJoins]) -> impl Iterator<Item = &TableFactor> {
    from.iter()
        .flat_map(|tree| std::iter::once(&tree.relation).chain(tree.joins.iter().map(|join| &join.relation)))
}

/// The table of `database.table`, without quotes.
fn last_part(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.trim_matches(['"', '`', '[', ']']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::FixtureTable;
    use crate::connector::Connector as _;
    use crate::dummy::DummyConnector;
    use crate::value::ColumnKind;

    #[tokio::test]
    async fn columns_that_would_collapse_into_one_are_found() {
        let table = |name: &str, columns: &[&str]| FixtureTable {
            name: name.to_owned(),
            columns: columns.iter().map(|name| ((*name).to_owned(), ColumnKind::Integer, false)).collect(),
            primary_key: Vec::new(),
            reference: None,
            rows: Vec::new(),
        };
        let dummy =
            DummyConnector::new(vec![table("a", &["id", "x"]), table("b", &["id", "y"]), table("c", &["z"])]);
        let schema = dummy.schema().await.unwrap();
        let repeats = |sql: &str| names(sql, Dialect::MySql, Some(&schema)).is_err();
        for (sql, does) in [
            ("SELECT id, x FROM a", false),
            ("SELECT id, x AS ID FROM a", true),
            ("SELECT a.id, b.id FROM a JOIN b ON a.id = b.id", true),
            ("SELECT a.id, b.id AS other FROM a JOIN b ON a.id = b.id", false),
            ("SELECT * FROM a", false),
            ("SELECT * FROM a JOIN b ON a.id = b.id", true),
            ("SELECT * FROM a, c", false),
            ("SELECT a.*, b.y FROM a JOIN b ON a.id = b.id", false),
            ("SELECT *, x FROM a", true),
            ("SELECT count(*), sum(x) FROM a", false),
            ("SELECT count(*), count(*) FROM a", true),
            ("SELECT * FROM (SELECT 1 AS n) AS t", false),
            ("SELECT * FROM (SELECT 1 AS n) AS t, a", true),
            ("SELECT id FROM a UNION SELECT id FROM b", false),
            ("WITH t AS (SELECT id FROM a) SELECT id, id FROM t", true),
        ] {
            assert_eq!(repeats(sql), does, "{sql}");
        }
        assert_eq!(
            names("SELECT id, id FROM a", Dialect::MySql, None).unwrap_err(),
            r#"two columns are called "id", of which this server gives one; name them apart with AS"#
        );
    }
}
