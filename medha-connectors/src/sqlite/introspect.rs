//! What is in the file: tables, views, columns and keys, read from SQLite's own catalog.
//!
//! It runs on a connection of its own, which may use the pragmas that describe tables and nothing more.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, SqliteConnection};
use tokio_util::sync::CancellationToken;

use super::authorizer::Purpose;
use super::failure;
use super::kind::declared_kind;
use super::open::File;
use super::profile;
use super::values::decode_row;
use super::work::{AbandonOnDrop, Work};
use crate::error::ConnectorError;
use crate::schema::{Column, ForeignKey, Index, Schema, Table, TableKind};
use crate::value::Value;

/// Reading the catalog takes milliseconds; a file that needs longer is in trouble.
const CATALOG_DEADLINE: Duration = Duration::from_secs(10);

/// Describes all tables and views of the file and looks at their values.
pub(crate) async fn schema(file: &File) -> Result<Schema, ConnectorError> {
    schema_with(file, profile::WHOLE_TABLE_ROWS).await
}

async fn schema_with(file: &File, whole_table_rows: u64) -> Result<Schema, ConnectorError> {
    let connection =
        file.connect(Purpose::Introspection).await.map_err(|error| failure::of_open(&error, file.name()))?;
    let mut catalog = Catalog { connection, database: file.name().to_owned() };
    let mut tables = Vec::new();
    for found in catalog.tables().await? {
        let name = found.name.clone();
        match catalog.table(found).await {
            Ok(table) => tables.push(table),
            // A view over a table that is gone, a virtual table of a module that is not there: nobody can ask them.
            Err(ConnectorError::Query { reason }) => {
                tracing::warn!(table = name, reason, "left out of the schema because SQLite cannot read it");
            }
            Err(error) => return Err(error),
        }
    }
    profile::look_at(&mut catalog, &mut tables, whole_table_rows).await?;
    Ok(Schema { tables, ..Schema::default() })
}

/// A table or a view that the catalog lists.
struct Found {
    name: String,
    kind: TableKind,
    definition: Option<String>,
}

/// The connection that reads the catalog.
pub(crate) struct Catalog {
    connection: SqliteConnection,
    database: String,
}

impl Catalog {
    /// Tables and views in the order they were made, without SQLite's own and without the storage of virtual tables.
    async fn tables(&mut self) -> Result<Vec<Found>, ConnectorError> {
        let sql = "SELECT s.name, l.type, s.sql FROM sqlite_schema AS s \
                   JOIN pragma_table_list AS l ON l.name = s.name AND l.schema = 'main' \
                   WHERE s.type IN ('table', 'view') AND l.type <> 'shadow' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                   ORDER BY s.rowid";
        let rows = self.read(sql, &[], CATALOG_DEADLINE).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let is_view = text(&row[1]) == "view";
                Found {
                    name: text(&row[0]),
                    kind: if is_view { TableKind::View } else { TableKind::Table },
                    definition: optional_text(&row[2]).filter(|_| is_view),
                }
            })
            .collect())
    }

    async fn table(&mut self, found: Found) -> Result<Table, ConnectorError> {
        let mut table = Table {
            foreign_keys: self.foreign_keys(&found.name).await?,
            name: found.name,
            kind: found.kind,
            comment: None,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            indexes: Vec::new(),
            definition: found.definition,
            partitioned_by: None,
            row_count: None,
        };
        self.columns(&mut table).await?;
        self.indexes(&mut table).await?;
        Ok(table)
    }

    async fn columns(&mut self, table: &mut Table) -> Result<(), ConnectorError> {
        // `hidden` is 1 for the internal columns of virtual tables, 2 and 3 for generated columns, which are ours to read.
        let sql = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid";
        let rows = self.read(sql, &[&table.name], CATALOG_DEADLINE).await?;
        let mut key: Vec<(i64, String)> = Vec::new();
        for row in rows {
            let (name, declared_type, place) = (text(&row[0]), text(&row[1]), number(&row[4]));
            if place > 0 {
                key.push((place, name.clone()));
            }
            // An INTEGER PRIMARY KEY is the row id and never NULL; other primary keys may be, an old oddity of SQLite.
            let is_row_id = place > 0 && declared_type.eq_ignore_ascii_case("INTEGER");
            table.columns.push(Column {
                kind: declared_kind(&declared_type),
                nullable: number(&row[2]) == 0 && !is_row_id,
                default: optional_text(&row[3]),
                comment: None,
                profile: None,
                name,
                declared_type,
            });
        }
        key.sort();
        table.primary_key = key.into_iter().map(|(_, name)| name).collect();
        Ok(())
    }

    async fn foreign_keys(&mut self, table: &str) -> Result<Vec<ForeignKey>, ConnectorError> {
        // SQLite lists the newest reference first; ours are in the order they were written.
        let sql =
            "SELECT id, \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq";
        let rows = self.read(sql, &[table], CATALOG_DEADLINE).await?;
        let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
        for row in rows {
            let id = number(&row[0]);
            if keys.last().is_none_or(|(last, _)| *last != id) {
                let references = text(&row[2]);
                keys.push((
                    id,
                    ForeignKey { columns: Vec::new(), references, referenced_columns: Vec::new() },
                ));
            }
            if let Some((_, key)) = keys.last_mut() {
                key.columns.push(text(&row[1]));
                key.referenced_columns.extend(optional_text(&row[3]));
            }
        }
        let mut keys: Vec<ForeignKey> = keys.into_iter().map(|(_, key)| key).collect();
        for key in keys.iter_mut().filter(|key| key.referenced_columns.len() < key.columns.len()) {
            // `REFERENCES parent` without columns means the parent's primary key.
            let sql = "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk";
            let parent = self.read(sql, &[&key.references], CATALOG_DEADLINE).await?;
            key.referenced_columns = parent.iter().map(|row| text(&row[0])).collect();
        }
        // A reference to a table that is not there, or to a key of another width, cannot be joined over.
        keys.retain(|key| key.referenced_columns.len() == key.columns.len());
        Ok(keys)
    }

    async fn indexes(&mut self, table: &mut Table) -> Result<(), ConnectorError> {
        let sql = "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1) ORDER BY seq DESC";
        for row in self.read(sql, &[&table.name], CATALOG_DEADLINE).await? {
            let (name, unique) = (text(&row[0]), number(&row[1]) != 0);
            let sql = "SELECT name FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno";
            let columns = self.read(sql, &[&name], CATALOG_DEADLINE).await?;
            let columns: Vec<Option<String>> = columns.iter().map(|row| optional_text(&row[0])).collect();
            let plain: Option<Vec<String>> = columns.iter().cloned().collect();
            if let Some(key) = plain
                && unique
                && text(&row[2]) != "pk"
                && number(&row[3]) == 0
                && !table.unique_keys.contains(&key)
            {
                table.unique_keys.push(key);
            }
            table.indexes.push(Index { name, columns, unique });
        }
        Ok(())
    }

    /// Reads all rows of one of our own statements.
    pub(crate) async fn read(
        &mut self,
        sql: &str,
        arguments: &[&str],
        deadline: Duration,
    ) -> Result<Vec<Vec<Value>>, ConnectorError> {
        self.read_up_to(usize::MAX, sql, arguments, deadline).await.map(|(rows, _)| rows)
    }

    /// Reads rows until there are `max_bytes` of values, and says whether it came to the end.
    pub(crate) async fn read_up_to(
        &mut self,
        max_bytes: usize,
        sql: &str,
        arguments: &[&str],
        deadline: Duration,
    ) -> Result<(Vec<Vec<Value>>, bool), ConnectorError> {
        let work = AbandonOnDrop(Work::begin(deadline, CancellationToken::new()));
        let (database, work) = (&self.database, &work.0);
        let fail = |error: sqlx::Error| failure::of_query(&error, database, work);
        work.wait_for(work.arm(&mut self.connection)).await?.map_err(fail)?;
        let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        for argument in arguments {
            query = query.bind((*argument).to_owned());
        }
        let mut stream = query.fetch(&mut self.connection);
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(row) = work.wait_for(stream.try_next()).await?.map_err(fail)? {
            let row = decode_row(&row).map_err(fail)?;
            bytes += row.iter().map(Value::size).sum::<usize>();
            rows.push(row);
            if bytes > max_bytes {
                return Ok((rows, false));
            }
        }
        Ok((rows, true))
    }
}

fn text(value: &Value) -> String {
    optional_text(value).unwrap_or_default()
}

fn optional_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;

    #[tokio::test]
    async fn of_a_large_table_only_what_was_seen_is_claimed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.sqlite");
        let mut connection =
            SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.unwrap();
        let sql = "CREATE TABLE t (day TEXT, status TEXT, price REAL);
                   INSERT INTO t VALUES ('2024-05-01', 'open', 1.5), ('2023-01-31', 'paid', NULL), (NULL, 'open', 2);";
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        let file = File::find(&path).await.unwrap();
        let table = schema_with(&file, 2).await.unwrap().tables.remove(0);
        let profile = |name: &str| table.column(name).unwrap().profile.clone().unwrap();
        assert_eq!(table.row_count, Some(3));
        let (day, status, price) = (profile("day"), profile("status"), profile("price"));
        assert_eq!((day.min.as_deref(), day.max.as_deref()), (Some("2023-01-31"), Some("2024-05-01")));
        assert_eq!(
            (status.values, status.complete, status.distinct),
            (vec!["open".into(), "paid".into()], false, None)
        );
        assert_eq!((price.min, price.max, price.has_nulls), (None, None, true));
    }
}
