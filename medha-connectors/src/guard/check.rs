//! [`Guard::check`], from the text that was asked to the text that runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use sqlparser::ast::Query;
use sqlparser::tokenizer::Token;

use super::error::GuardError;
use super::limit::PutOn;
use super::parse::Words;
use super::policy::{Action, Policy, PolicyError, Salt, User};
use super::protect::{Access, Protect};
use super::{cost, limit, literals, names, parse, shape};
use crate::dialect::Dialect;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::schema::{Schema, TableKind};

/// For each word or sign that can make the tree deeper by one: in a build without optimisations four times what was measured.
const STACK_A_LEVEL: usize = 22 * 1024;
/// For the rest.
const STACK: usize = 256 * 1024;

/// A statement that has passed the guard: what runs is the re-serialised tree, not the text that was asked.
///
/// Only [`Guard::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedSql {
    sql: String,
    tables: Vec<String>,
    columns: Vec<ColumnRead>,
    rules: Vec<String>,
    max_rows: usize,
    /// What is mixed into the hashes of a policy.
    salts: Arc<[Salt]>,
    scope: Fingerprint,
}

/// A column of a table or a view that a statement reads, as the schema spells it. Written as `table.column`.
///
/// ```
/// use medha_connectors::ColumnRead;
///
/// let column = ColumnRead { table: "orders".into(), column: "total".into() };
/// assert_eq!(column.to_string(), "orders.total");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRead {
    /// The table or view.
    pub table: String,
    /// The column.
    pub column: String,
}

impl fmt::Display for ColumnRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

impl GuardedSql {
    /// A statement that no guard has seen, for tests of what stands behind the guard: a connector that is handed a write must
    /// refuse it. Nothing that is shipped turns the feature `unguarded` on, and no build for release has it.
    #[cfg(all(feature = "unguarded", debug_assertions))]
    #[must_use]
    pub fn unguarded(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            tables: Vec::new(),
            columns: Vec::new(),
            rules: Vec::new(),
            max_rows: usize::MAX,
            salts: [].into(),
            scope: Fingerprinter::of("unguarded").finish(),
        }
    }

    /// The SQL to send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.sql
    }

    /// A text about it without the salts of a policy: the statement itself, the plan that the database made for it.
    ///
    /// Whoever knows a salt can try values until their hash fits, so people are shown no other.
    #[must_use]
    pub fn without_salts(&self, text: &str) -> String {
        self.salts.iter().fold(text.to_owned(), |text, salt| {
            let salt = salt.reveal();
            let quoted = salt.replace('\'', "''");
            let text = text.replace(&quoted, "***").replace(&salt.replace('\\', "\\\\"), "***");
            text.replace(salt, "***")
        })
    }

    /// The base tables and views it reads, as the schema spells them, in the order they are met.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    /// The columns of those that the question names, in whatever place, in the order they are met: through aliases, common
    /// table expressions and wildcards, and on both sides where a join shares one. What a policy's own conditions read is not
    /// among them; [`rules`](Self::rules) says it.
    #[must_use]
    pub fn columns(&self) -> &[ColumnRead] {
        &self.columns
    }

    /// The rules of a policy that were put into it, in words; empty without a policy.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        &self.rules
    }

    /// The most rows its answer may have. It can give one more, which says that there are more, so a connector stops here
    /// whatever its own options allow.
    #[must_use]
    pub fn max_rows(&self) -> usize {
        self.max_rows
    }

    /// What it was checked for: the schema, its namespace and views, the policy and the user. Two statements of the same
    /// text and another scope are not the same question.
    #[must_use]
    pub fn scope(&self) -> Fingerprint {
        self.scope
    }
}

/// Checks statements against one database's schema.
///
/// Whoever wrote the statement, it must be one query to the last common table expression, over tables and columns that exist,
/// with functions that only compute. What the guard cannot understand it refuses.
///
/// ```
/// use medha_connectors::{Dialect, Guard, GuardError, Schema};
/// use std::sync::Arc;
///
/// # let schema: Schema = serde_json::from_str(r#"{"tables":[{"name":"orders","kind":"table","comment":null,"columns":[
/// #   {"name":"total","declared_type":"REAL","kind":"float","nullable":true,"default":null,"comment":null,"profile":null}],
/// #   "primary_key":[],"unique_keys":[],"foreign_keys":[],"indexes":[],"row_count":2}]}"#)?;
/// // `schema` comes from `Connector::schema`; here it has a table "orders" with a column "total".
/// let guard = Guard::new(Dialect::Sqlite, Arc::new(schema));
/// let sql = guard.check("select sum(total) from orders -- all of them", 1_000)?;
/// assert_eq!(sql.as_str(), "SELECT sum(total) FROM orders LIMIT 1001");
/// assert_eq!(sql.columns()[0].to_string(), "orders.total");
///
/// let error = guard.check("SELECT 1; DROP TABLE orders", 1_000).unwrap_err();
/// assert_eq!(error, GuardError::NotOneStatement { count: 2 });
/// let error = guard.check("SELECT totl FROM orders", 1_000).unwrap_err();
/// assert_eq!(error.to_string(), r#"there is no column "totl" in "orders"; did you mean "total"?"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Guard {
    dialect: Dialect,
    schema: Arc<Schema>,
    namespace: Vec<String>,
    views: BTreeMap<String, String>,
    access: Option<Arc<Access>>,
    salts: Arc<[Salt]>,
    /// Worked out by the first statement; clones share it.
    scope: Arc<OnceLock<Fingerprint>>,
}

impl Guard {
    /// A guard for statements of one dialect over one schema.
    ///
    /// Names may be qualified with the namespace of the schema if it has one. Where it does not say, it is what is usual in the
    /// dialect: `main` in SQLite and DuckDB, `public` in PostgreSQL, none in the others. Where it has several, it is none.
    #[must_use]
    pub fn new(dialect: Dialect, schema: Arc<Schema>) -> Self {
        let namespace = match (schema.namespaces.as_slice(), dialect) {
            ([], Dialect::Sqlite | Dialect::DuckDb) => vec!["main".to_owned()],
            ([], Dialect::Postgres) => vec!["public".to_owned()],
            ([], Dialect::MySql | Dialect::Snowflake | Dialect::BigQuery) | ([_, _, ..], _) => Vec::new(),
            ([namespace], _) => parts_of(namespace, dialect),
        };
        Self {
            dialect,
            schema,
            namespace,
            views: BTreeMap::new(),
            access: None,
            salts: [].into(),
            scope: Arc::default(),
        }
    }

    /// Lets names be qualified with this namespace instead of the usual one: a PostgreSQL schema, a MySQL database, a
    /// Snowflake database and schema or a BigQuery project and dataset with a dot between them.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = parts_of(&namespace.into(), self.dialect);
        self.scope = Arc::default();
        self
    }

    /// Says how a view is defined if the schema does not, as `CREATE VIEW … AS SELECT …` or the query alone. Under a policy a view is its definition,
    /// so that the rules of the tables behind it hold; one whose definition is not known cannot be read.
    #[must_use]
    pub fn with_view(mut self, name: impl Into<String>, definition: impl Into<String>) -> Self {
        self.views.insert(name.into(), definition.into());
        self.scope = Arc::default();
        self
    }

    /// Lets through only what a policy lets this user read. To be called last; without it everything can be read.
    ///
    /// # Errors
    /// A [`PolicyError`] with everything that is wrong with the policy, or missing from the user.
    pub fn with_policy(mut self, policy: &Policy, user: &User) -> Result<Self, PolicyError> {
        let (schema, dialect) = (&self.schema, self.dialect);
        // What was said of a view goes before what the database says of it.
        let mut views = self.views.clone();
        for table in schema.tables.iter().filter(|table| table.kind == TableKind::View) {
            if let Some(definition) = &table.definition
                && !views.keys().any(|name| name.eq_ignore_ascii_case(&table.name))
            {
                views.insert(table.name.clone(), definition.clone());
            }
        }
        let access = Access::new(policy, user, schema, dialect, &self.namespace, &views)?;
        self.access = Some(Arc::new(access));
        let rules = policy.tables.values().flat_map(|rules| rules.protect.values());
        let salts = rules.filter_map(|rule| match &rule.action {
            Action::Hash { salt } if !salt.reveal().is_empty() => Some(salt.clone()),
            Action::Hash { .. }
            | Action::Deny
            | Action::Null
            | Action::Partial { .. }
            | Action::Aggregate { .. } => None,
        });
        self.salts = salts.collect();
        self.scope = Arc::default();
        Ok(self)
    }

    /// The schema as this user may know it: without the tables and columns that are not there for the user, without a look at
    /// values that the user cannot see, and without what views are made of. Without a policy it is the whole schema.
    #[must_use]
    pub fn shown(&self) -> &Arc<Schema> {
        self.access.as_ref().map_or(&self.schema, |access| &access.shown)
    }

    /// Lets a query through, with a limit of one row more than `max_rows`, so that a reader knows whether there are more.
    ///
    /// # Errors
    /// A [`GuardError`] that says what is refused and, for a name that does not exist, the nearest one that does.
    pub fn check(&self, sql: &str, max_rows: usize) -> Result<GuardedSql, GuardError> {
        let words = parse::words(sql, self.dialect)?;
        // Trees are written, compared and dropped recursively. Their depth is bounded by what was read, and by the policy's
        // own queries; the few questions that are too deep for this thread's stack get one of their own.
        let rules = self.access.as_ref().map_or(0, |access| access.deepening);
        let stack = STACK + (words.deepening() + rules) * STACK_A_LEVEL;
        stacker::maybe_grow(stack, stack, || self.check_here(words, max_rows))
    }

    fn check_here(&self, words: Words, max_rows: usize) -> Result<GuardedSql, GuardError> {
        // A policy's rules change what was asked, so what is written must be read again.
        let asked = if self.access.is_none() { words.significant() } else { None };
        let mut query = words.into_query()?;
        shape::check(&query, self.dialect)?;
        let schema = self.access.as_ref().map_or(&self.schema, |access| &access.visible);
        cost::check(&query, schema)?;
        let reads = names::check(&query, self.dialect, schema, &self.namespace)?;
        let mut rules = Vec::new();
        if let Some(access) = &self.access {
            let mut protect =
                Protect::new(&access.sources, &access.all_tables, self.dialect, &self.namespace);
            protect.answer(&mut query)?;
            rules = protect.into_rules();
        }
        let put_on = limit::put_on(&mut query, self.dialect, max_rows)?;
        let sql = self.written_out(&query, asked.as_deref(), put_on)?;
        Ok(GuardedSql {
            sql,
            tables: reads.tables,
            columns: reads.columns,
            rules,
            max_rows,
            salts: Arc::clone(&self.salts),
            scope: self.scope(),
        })
    }

    fn scope(&self) -> Fingerprint {
        *self.scope.get_or_init(|| {
            let mut scope = Fingerprinter::of("scope 1");
            scope.part(Some(self.schema.fingerprint())).texts(&self.namespace).number(self.views.len());
            for (name, definition) in &self.views {
                scope.text(name).text(definition);
            }
            scope.part(self.access.as_ref().map(|access| access.fingerprint)).finish()
        })
    }

    /// Writes the tree out and reads it back, so that a fault of the writer cannot change what runs.
    ///
    /// What is written word for word as it was asked, with nothing but the limit behind it, is not parsed again: the parser
    /// makes the same tree of the same words, and that tree has passed. Anything else is, and must give the tree that was
    /// written. Whatever a policy was put into is anything else.
    fn written_out(
        &self,
        query: &Query,
        asked: Option<&[Token]>,
        put_on: PutOn,
    ) -> Result<String, GuardError> {
        let sql = literals::escaped(query, self.dialect).to_string();
        let written = parse::words(&sql, self.dialect)?;
        let is_as_asked = asked.is_some_and(|asked| written.are(asked, put_on));
        // Where time does not matter the reason is put to the test.
        if is_as_asked && !cfg!(debug_assertions) {
            return Ok(sql);
        }
        match written.into_query() {
            Ok(read_back) if read_back == *query => Ok(sql),
            read_back => {
                debug_assert!(!is_as_asked, "the same words made another tree: {sql}: {read_back:?}");
                Err(GuardError::not_allowed("a notation that does not survive being written out"))
            }
        }
    }
}

/// The names that stand before a table's, one after the other.
fn parts_of(namespace: &str, dialect: Dialect) -> Vec<String> {
    match dialect {
        Dialect::Snowflake | Dialect::BigQuery => namespace.split('.').map(str::to_owned).collect(),
        Dialect::Sqlite | Dialect::Postgres | Dialect::MySql | Dialect::DuckDb => vec![namespace.to_owned()],
    }
}
