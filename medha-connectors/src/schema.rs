//! What a database contains: tables, columns, keys, and a look at the values.

use serde::{Deserialize, Serialize};

use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::value::ColumnKind;

/// The tables and views of one database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Schema {
    /// In the order the database lists them.
    pub tables: Vec<Table>,
    /// Where they are, as a statement may write it before their names: `sales` in PostgreSQL, `project.dataset` in BigQuery.
    /// Empty if nobody said; then it is what is usual in the dialect. Tables of several such places are known by their own
    /// names alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
}

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name as the database spells it.
    pub name: String,
    /// Whether it is a table or a view.
    pub kind: TableKind,
    /// What its owner wrote about it.
    pub comment: Option<String>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The columns of the primary key, in key order; empty if there is none.
    pub primary_key: Vec<String>,
    /// Column lists that are unique together, the primary key not repeated.
    pub unique_keys: Vec<Vec<String>>,
    /// References to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// What a view is made of, as the database gives it: `CREATE VIEW … AS SELECT …` or the query alone. Under a policy a
    /// view is its definition, and one whose definition is not known cannot be read.
    #[serde(default)]
    pub definition: Option<String>,
    /// What its rows are divided into parts by, as the database writes it: `RANGE (ordered_on)`. A filter on that makes a
    /// question cheap.
    #[serde(default)]
    pub partitioned_by: Option<String>,
    /// How many rows it has: counted where that was cheap enough, else what the database estimates, if it does.
    pub row_count: Option<u64>,
}

/// Whether rows are stored or computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Rows are stored.
    Table,
    /// Rows come from a query.
    View,
}

/// A column and what was seen of its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name as the database spells it.
    pub name: String,
    /// The type as declared, `""` if none was.
    pub declared_type: String,
    /// The kind of its values: by declaration, checked against the values seen.
    pub kind: ColumnKind,
    /// Whether `NULL` is allowed.
    pub nullable: bool,
    /// The default expression.
    pub default: Option<String>,
    /// What its owner wrote about it.
    pub comment: Option<String>,
    /// A look at the values, `None` where nobody looked.
    pub profile: Option<ColumnProfile>,
}

/// What a budgeted look at a column's values found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// How many distinct values there are, if all were counted.
    pub distinct: Option<u64>,
    /// Distinct text values, sorted; all of them if `complete`.
    pub values: Vec<String>,
    /// Whether `values` holds every distinct value.
    pub complete: bool,
    /// The least value, as text.
    pub min: Option<String>,
    /// The greatest value, as text.
    pub max: Option<String>,
    /// Whether any value is `NULL`.
    pub has_nulls: bool,
}

/// A reference from this table's columns to another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Columns here, in key order.
    pub columns: Vec<String>,
    /// The table referred to.
    pub references: String,
    /// Columns there, in the same order.
    pub referenced_columns: Vec<String>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its columns, in order; an expression is given as `None`.
    pub columns: Vec<Option<String>>,
    /// Whether it admits one row a key.
    pub unique: bool,
}

impl Schema {
    /// Finds a table by name, ignoring ASCII case as SQL does.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// What the tables are and where, and not what is in them: names, declared types, keys and views, in the order of the
    /// database.
    ///
    /// Profiles, row counts, comments, defaults, indexes and the kinds that were settled by the values seen are left out:
    /// they change while a statement still means the same.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let Self { tables, namespaces } = self;
        let mut fingerprinter = Fingerprinter::of("schema 2");
        fingerprinter.texts(namespaces).number(tables.len());
        for table in tables {
            table.take_in(&mut fingerprinter);
        }
        fingerprinter.finish()
    }
}

impl Table {
    fn take_in(&self, fingerprinter: &mut Fingerprinter) {
        // Without `..`, so that a new field has to say on which side it is.
        let Self {
            name,
            kind,
            comment: _,
            columns,
            primary_key,
            unique_keys,
            foreign_keys,
            indexes: _,
            row_count: _,
            definition,
            partitioned_by: _,
        } = self;
        let kind = match kind {
            TableKind::Table => "table",
            TableKind::View => "view",
        };
        fingerprinter.text(name).text(kind).texts(definition.as_slice()).number(columns.len());
        for Column { name, declared_type, nullable, kind: _, default: _, comment: _, profile: _ } in columns {
            fingerprinter.text(name).text(declared_type).number(usize::from(*nullable));
        }
        fingerprinter.texts(primary_key).number(unique_keys.len());
        for key in unique_keys {
            fingerprinter.texts(key);
        }
        fingerprinter.number(foreign_keys.len());
        for ForeignKey { columns, references, referenced_columns } in foreign_keys {
            fingerprinter.texts(columns).text(references).texts(referenced_columns);
        }
    }

    /// Finds a column by name, ignoring ASCII case as SQL does.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Schema {
        let orders = r#"{"tables":[{"name":"orders","kind":"table","comment":null,"columns":[{"name":"total","declared_type":"REAL",
            "kind":"float","nullable":true,"default":null,"comment":null,"profile":null}],"primary_key":["total"],
            "unique_keys":[],"foreign_keys":[],"indexes":[],"row_count":2}]}"#;
        serde_json::from_str(orders).unwrap()
    }

    #[test]
    fn a_fingerprint_is_of_the_tables_and_not_of_what_is_in_them() {
        let before = orders().fingerprint();
        let with = |change: &dyn Fn(&mut Table)| {
            let mut schema = orders();
            change(&mut schema.tables[0]);
            schema.fingerprint()
        };
        assert_eq!(before, with(&|table| table.row_count = Some(9)));
        assert_eq!(before, with(&|table| table.comment = Some("all of them".into())));
        assert_eq!(before, with(&|table| table.columns[0].profile = Some(ColumnProfile::default())));
        assert_eq!(before, with(&|table| table.columns[0].kind = ColumnKind::Unknown));
        assert_ne!(before, Schema { namespaces: vec!["sales".into()], ..orders() }.fingerprint());
        assert_ne!(before, with(&|table| table.kind = TableKind::View));
        assert_ne!(before, with(&|table| table.name = "order".into()));
        assert_ne!(before, with(&|table| table.columns[0].declared_type = "TEXT".into()));
        assert_ne!(before, with(&|table| table.columns[0].nullable = false));
        assert_ne!(before, with(&|table| table.columns.clear()));
        assert_ne!(before, with(&|table| table.primary_key.clear()));
        assert_ne!(before, with(&|table| table.unique_keys.push(vec!["total".into()])));
        let read_back: Schema = serde_json::from_str(&serde_json::to_string(&orders()).unwrap()).unwrap();
        assert_eq!(before, read_back.fingerprint());
    }
}
