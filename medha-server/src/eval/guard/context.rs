//! What a corpus says about its databases: who asks, which tables there are, which rows and columns are protected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medha_connectors::{
    Action, Attribute, ColumnRule, Connector as _, ConnectorError, Dialect, Guard, OtherTables, Parents,
    Policy, PolicyError, RowRule, Schema, SqliteConnector, TableRules, User,
};
use serde::Deserialize;

/// One context of `contexts.json`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Context {
    /// The tables that are there, with their columns.
    allowed_tables: BTreeMap<String, BTreeSet<String>>,
    /// How views are defined.
    #[serde(default)]
    view_definitions: BTreeMap<String, String>,
    /// `mask` or `deny` for `table.column`; what follows in the text is for people.
    #[serde(default)]
    pii: BTreeMap<String, String>,
    /// Who asks, and the rows that are there.
    rls: RowLevel,
    #[serde(default)]
    limits: Limits,
}

#[derive(Debug, Clone, Deserialize)]
struct RowLevel {
    user: Asking,
    #[serde(default)]
    rules: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Asking {
    id: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(flatten)]
    attributes: BTreeMap<String, Attribute>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Limits {
    pub(super) max_rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_rows: 10_000 }
    }
}

/// Why no guard can be made for a context.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContextError {
    /// Its database cannot be read.
    #[error("the database {path:?} of the context cannot be read: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What the connector said.
        source: ConnectorError,
    },
    /// A column rule is neither a mask nor a refusal.
    #[error("the rule {rule:?} of {column:?} is neither mask nor deny")]
    Rule {
        /// As `table.column`.
        column: String,
        /// As written.
        rule: String,
    },
    /// Its rules do not fit its database.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Context {
    pub(super) fn max_rows(&self) -> usize {
        self.limits.max_rows
    }

    /// The tables of a context, taken from the SQLite file with its name. All dialects have the same.
    pub(super) async fn schema(folder: &Path, name: &str) -> Result<Schema, ContextError> {
        let path = folder.join("fixture").join(format!("{name}.sqlite"));
        let read = async { SqliteConnector::open(&path).await?.schema().await };
        read.await.map_err(|source| ContextError::Database { path: path.clone(), source })
    }

    /// The guard of a context in a dialect.
    pub(super) fn guard(&self, name: &str, schema: &Schema, dialect: Dialect) -> Result<Guard, ContextError> {
        let policy = self.policy()?;
        let mut user = User::new(&self.rls.user.id);
        user.roles.extend(self.rls.user.role.clone());
        user.attributes.clone_from(&self.rls.user.attributes);
        let schema = Arc::new(in_dialect(schema, dialect));
        let mut guard = Guard::new(dialect, schema).with_namespace(namespace(name, dialect));
        for (view, definition) in &self.view_definitions {
            guard = guard.with_view(view, definition);
        }
        Ok(guard.with_policy(&policy, &user)?)
    }

    fn policy(&self) -> Result<Policy, ContextError> {
        let mut tables: BTreeMap<String, TableRules> = self
            .allowed_tables
            .iter()
            .map(|(table, columns)| {
                let rows = self.rls.rules.get(table).filter(|_| !self.view_definitions.contains_key(table));
                let rows = rows.map(|keep| RowRule { keep: keep.clone(), unless: BTreeSet::new() });
                let rules = TableRules {
                    columns: Some(columns.clone()),
                    rows: rows.into_iter().collect(),
                    // Its rules say all there is to say.
                    parents: Parents::Ignore,
                    ..TableRules::default()
                };
                (table.clone(), rules)
            })
            .collect();
        for (column, rule) in &self.pii {
            let action = match rule.split_whitespace().next() {
                Some("mask") => Action::Partial { first: 0, last: 0 },
                Some("deny") => Action::Deny,
                _ => return Err(ContextError::Rule { column: column.clone(), rule: rule.clone() }),
            };
            let (table, name) = column.rsplit_once('.').unwrap_or(("", column));
            let rules = tables.entry(table.to_owned()).or_default();
            rules.protect.insert(name.to_owned(), ColumnRule { action, unless: BTreeSet::new() });
        }
        Ok(Policy { version: 1, other_tables: OtherTables::Hide, tables })
    }
}

/// Snowflake keeps names that are written without quotes in capitals.
fn in_dialect(schema: &Schema, dialect: Dialect) -> Schema {
    let mut schema = schema.clone();
    if dialect == Dialect::Snowflake {
        for table in &mut schema.tables {
            table.name = table.name.to_uppercase();
            for column in &mut table.columns {
                column.name = column.name.to_uppercase();
            }
            table.primary_key.iter_mut().for_each(|name| *name = name.to_uppercase());
            table.foreign_keys.clear();
        }
    }
    schema
}

/// Where the tables of a context are, as the corpus has it.
fn namespace(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => "main".to_owned(),
        Dialect::Postgres => "public".to_owned(),
        Dialect::Snowflake => "ANALYTICS.PUBLIC".to_owned(),
        Dialect::BigQuery => format!("proj.{name}"),
        _ => name.to_owned(),
    }
}
