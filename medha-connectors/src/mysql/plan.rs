//! What MySQL or MariaDB expects a statement to go through.

use serde_json::Value as Json;

/// The rows of all tables of a plan: within one loop those of each table are gone through for each row of the tables before.
pub(super) fn planned_rows(explained: &str) -> Option<u64> {
    let plan: Json = serde_json::from_str(explained).ok()?;
    Some(rows_under(&plan) as u64)
}

fn rows_under(plan: &Json) -> f64 {
    match plan {
        Json::Object(fields) => fields
            .iter()
            .map(|(name, inner)| match (name.as_str(), inner) {
                ("nested_loop", Json::Array(tables)) => rows_of_loop(tables),
                ("table", table) => rows_of(table).unwrap_or_default() + rows_under(table),
                _ => rows_under(inner),
            })
            .sum(),
        Json::Array(parts) => parts.iter().map(rows_under).sum(),
        _ => 0.0,
    }
}

/// Besides the combinations, what is computed before the loop for one of its tables.
fn rows_of_loop(tables: &[Json]) -> f64 {
    let (mut combinations, mut gone_through) = (1.0, 0.0);
    for step in tables {
        let table = innermost(step);
        if let Some(rows) = table.and_then(rows_of) {
            gone_through += combinations * rows;
            combinations *= rows * filtered(table);
        }
        gone_through += table.map_or_else(|| rows_under(step), rows_under);
    }
    gone_through
}

/// MariaDB wraps a table that is joined by blocks or sorted first.
fn innermost(step: &Json) -> Option<&Json> {
    let Json::Object(fields) = step else { return None };
    fields.get("table").or_else(|| fields.values().find_map(innermost))
}

/// MariaDB says `rows`, MySQL `rows_examined_per_scan`.
fn rows_of(table: &Json) -> Option<f64> {
    table.get("rows").or_else(|| table.get("rows_examined_per_scan"))?.as_f64()
}

/// The part of the rows that passes the conditions of the table itself; MySQL gives it as text.
fn filtered(table: Option<&Json>) -> f64 {
    let percent = table.and_then(|table| table.get("filtered"));
    let percent = percent.and_then(|it| it.as_f64().or_else(|| it.as_str()?.parse().ok()));
    percent.unwrap_or(100.0) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_within_a_loop_multiplies() {
        for (explained, rows) in [
            (r#"{"query_block": {"table": {"table_name": "a", "rows": 1000}}}"#, 1_000),
            (
                r#"{"query_block": {"nested_loop": [
                     {"table": {"table_name": "a", "rows": 1000, "filtered": 10}},
                     {"block-nl-join": {"table": {"table_name": "b", "rows": 50}, "buffer_type": "flat"}}]}}"#,
                1_000 + 100 * 50,
            ),
            (
                r#"{"query_block": {"nested_loop": [
                     {"table": {"rows_examined_per_scan": 20, "filtered": "50.00"}},
                     {"table": {"rows_examined_per_scan": 3, "filtered": "100.00"}}]}}"#,
                20 + 10 * 3,
            ),
            (
                r#"{"query_block": {"nested_loop": [{"table": {"rows": 2, "materialized": {"query_block":
                     {"table": {"rows": 700}}}}}]}}"#,
                2 + 700,
            ),
            (r#"{"query_block": {"table": {"message": "Select tables optimized away"}}}"#, 0),
        ] {
            assert_eq!(planned_rows(explained), Some(rows), "{explained}");
        }
        assert_eq!(planned_rows("1\tSIMPLE\tt"), None);
    }
}
