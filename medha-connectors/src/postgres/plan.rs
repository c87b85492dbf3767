//! What PostgreSQL expects a statement to cost.

use serde::Deserialize;

/// What it counts for one row that passes through one step of a plan, unless somebody has set `cpu_tuple_cost`.
const COST_OF_A_ROW: f64 = 0.01;

/// `EXPLAIN (FORMAT JSON)`, as far as it is read.
#[derive(Deserialize)]
struct Explained {
    #[serde(rename = "Plan")]
    plan: Plan,
}

#[derive(Deserialize)]
struct Plan {
    #[serde(rename = "Total Cost")]
    total_cost: f64,
}

/// The whole cost as a number of rows: reading pages, inner loops and subqueries of each row are in it.
pub(super) fn planned_rows(explained: &str) -> Option<u64> {
    let explained: Vec<Explained> = serde_json::from_str(explained).ok()?;
    let cost: f64 = explained.iter().map(|statement| statement.plan.total_cost).sum();
    Some((cost / COST_OF_A_ROW) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_so_many_rows() {
        let explained = r#"[{"Plan": {"Node Type": "Seq Scan", "Total Cost": 35.5, "Plans": []}}]"#;
        assert_eq!(planned_rows(explained), Some(3_550));
        assert_eq!(planned_rows(r#"[{"Plan": {"Total Cost": 1e300}}]"#), Some(u64::MAX));
        assert_eq!(planned_rows("Seq Scan on t"), None);
    }
}
