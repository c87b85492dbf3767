//! What is in the database, by one query of its catalog.

use serde::Deserialize;

use super::kind;
use crate::error::ConnectorError;
use crate::schema::{Column, ForeignKey, Index, Table, TableKind};
use crate::server::Described;
use crate::value::ColumnKind;

/// Tables, views, materialised and foreign ones that the search path finds and the user may read, one JSON object each; the
/// parts of a partitioned table are the table's. Columns the user may not read are left out.
pub(crate) const CATALOG: &str = "\
SELECT json_build_object(
  'name', c.relname,
  'namespace', n.nspname,
  'kind', c.relkind,
  'comment', obj_description(c.oid, 'pg_class'),
  'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
  'partitioned_by', CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
  'rows', CASE c.relkind WHEN 'v' THEN NULL WHEN 'p' THEN (
    SELECT CASE WHEN min(l.reltuples) < 0 THEN NULL ELSE sum(l.reltuples)::int8 END
    FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf)
    ELSE nullif(c.reltuples, -1)::int8 END,
  'bytes', CASE c.relkind WHEN 'v' THEN NULL WHEN 'f' THEN NULL WHEN 'p' THEN (
    SELECT sum(pg_relation_size(t.relid)) FROM pg_partition_tree(c.oid) t WHERE t.isleaf)
    ELSE pg_relation_size(c.oid) END,
  'columns', (
    SELECT json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'base', coalesce(nullif(t.typbasetype, 0), t.oid)::int8,
      'category', t.typcategory,
      'nullable', NOT (a.attnotnull OR t.typnotnull),
      'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
      'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')),
  'keys', (
    SELECT json_agg(json_build_object(
      'primary', k.contype = 'p',
      'columns', (
        SELECT json_agg(a.attname ORDER BY o.place) FROM unnest(k.conkey) WITH ORDINALITY o(number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.number),
      'references', r.relname,
      'referenced_columns', (
        SELECT json_agg(a.attname ORDER BY o.place) FROM unnest(k.confkey) WITH ORDINALITY o(number, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.number)) ORDER BY k.oid)
    FROM pg_constraint k LEFT JOIN pg_class r ON r.oid = k.confrelid
    WHERE k.conrelid = c.oid
      AND (k.contype = 'p' OR (k.contype = 'f' AND NOT r.relispartition AND pg_table_is_visible(r.oid)))),
  'indexes', (
    SELECT json_agg(json_build_object(
      'name', i.relname,
      'unique', x.indisunique,
      'primary', x.indisprimary,
      'partial', x.indpred IS NOT NULL,
      'columns', (
        SELECT json_agg(a.attname ORDER BY o.place) FROM generate_series(0, x.indnkeyatts - 1) o(place)
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[o.place] AND a.attnum > 0)) ORDER BY i.oid)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND x.indisvalid)
)::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND pg_table_is_visible(c.oid)
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
ORDER BY c.oid";

/// The schemas with tables that the user may read and the search path does not find, as one writes them in a search path.
pub(crate) const ELSEWHERE: &str = "\
SELECT quote_ident(n.nspname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND NOT pg_table_is_visible(c.oid)
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
GROUP BY n.nspname ORDER BY n.nspname";

#[derive(Deserialize)]
struct CatalogTable {
    name: String,
    namespace: String,
    kind: String,
    comment: Option<String>,
    definition: Option<String>,
    partitioned_by: Option<String>,
    rows: Option<u64>,
    bytes: Option<u64>,
    columns: Option<Vec<CatalogColumn>>,
    keys: Option<Vec<Key>>,
    indexes: Option<Vec<CatalogIndex>>,
}

#[derive(Deserialize)]
struct CatalogColumn {
    name: String,
    #[serde(rename = "type")]
    declared_type: String,
    /// The number of its type, or of the type behind a domain.
    base: u32,
    category: String,
    nullable: bool,
    default: Option<String>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct Key {
    primary: bool,
    columns: Vec<String>,
    references: Option<String>,
    referenced_columns: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct CatalogIndex {
    name: String,
    unique: bool,
    primary: bool,
    partial: bool,
    columns: Vec<Option<String>>,
}

/// All tables, in the order they were made, from the rows of [`CATALOG`].
pub(crate) fn tables(texts: &[String]) -> Result<Vec<Described>, ConnectorError> {
    let read = texts.iter().map(|text| serde_json::from_str::<CatalogTable>(text).map(described));
    read.collect::<Result<_, _>>().map_err(|error| ConnectorError::Query {
        reason: format!("the catalog is not as expected of PostgreSQL ({error})"),
    })
}

fn described(found: CatalogTable) -> Described {
    let indexes = found.indexes.unwrap_or_default();
    let keys = found.keys.unwrap_or_default();
    let mut unique_keys: Vec<Vec<String>> = Vec::new();
    for index in indexes.iter().filter(|index| index.unique && !index.primary && !index.partial) {
        let plain: Option<Vec<String>> = index.columns.iter().cloned().collect();
        unique_keys.extend(plain.filter(|key| !unique_keys.contains(key)));
    }
    let foreign_keys = keys.iter().filter_map(|key| {
        Some(ForeignKey {
            columns: key.columns.clone(),
            references: key.references.clone()?,
            referenced_columns: key.referenced_columns.clone()?,
        })
    });
    let columns = found.columns.unwrap_or_default().into_iter().map(|column| Column {
        kind: kind_of(column.base, &column.category),
        name: column.name,
        declared_type: column.declared_type,
        nullable: column.nullable,
        default: column.default,
        comment: column.comment,
        profile: None,
    });
    Described {
        bytes: found.bytes,
        namespace: Some(found.namespace),
        table: Table {
            kind: if matches!(found.kind.as_str(), "v" | "m") { TableKind::View } else { TableKind::Table },
            comment: found.comment,
            columns: columns.collect(),
            primary_key: keys
                .iter()
                .find(|key| key.primary)
                .map(|key| key.columns.clone())
                .unwrap_or_default(),
            unique_keys,
            foreign_keys: foreign_keys.collect(),
            indexes: indexes
                .into_iter()
                .map(|index| Index { name: index.name, columns: index.columns, unique: index.unique })
                .collect(),
            definition: found.definition,
            partitioned_by: found.partitioned_by,
            row_count: found.rows,
            name: found.name,
        },
    }
}

/// The kind of a type by its number, or by its category where a user has defined it: enums and domains of text are text.
fn kind_of(base: u32, category: &str) -> ColumnKind {
    match (kind::kind(base), category) {
        (ColumnKind::Unknown, "E" | "S") => ColumnKind::Text,
        (known, _) => known,
    }
}
