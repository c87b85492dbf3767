//! One `SELECT` under construction.

use super::analysis::SetOp;

/// The clauses of a `SELECT`, each already SQL.
#[derive(Debug, Clone, Default)]
pub(super) struct Select {
    pub(super) distinct: bool,
    /// Columns as `expression AS name`.
    pub(super) items: Vec<String>,
    /// The table and its joins, one line each.
    pub(super) from: Vec<String>,
    pub(super) filters: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) having: Vec<String>,
    /// What is combined with it before it is ordered.
    pub(super) set: Option<(SetOp, String)>,
    pub(super) order: Vec<String>,
    pub(super) limit: Option<String>,
}

impl Select {
    /// The statement, a clause a line.
    pub(super) fn to_sql(&self) -> String {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        let mut lines = vec![format!("SELECT {distinct}{}", self.items.join(", "))];
        for (place, table) in self.from.iter().enumerate() {
            lines.push(if place == 0 { format!("FROM {table}") } else { format!("  {table}") });
        }
        let filters: Vec<String> = self.filters.iter().map(|filter| wrap(filter)).collect();
        let having: Vec<String> = self.having.iter().map(|filter| wrap(filter)).collect();
        for (word, parts, between) in
            [("WHERE", &filters, " AND "), ("GROUP BY", &self.groups, ", "), ("HAVING", &having, " AND ")]
        {
            if !parts.is_empty() {
                lines.push(format!("{word} {}", parts.join(between)));
            }
        }
        if let Some((op, other)) = &self.set {
            let word = match op {
                SetOp::Union => "UNION",
                SetOp::Intersect => "INTERSECT",
                SetOp::Except => "EXCEPT",
            };
            lines.push(word.to_owned());
            lines.push(other.clone());
        }
        if !self.order.is_empty() {
            lines.push(format!("ORDER BY {}", self.order.join(", ")));
        }
        lines.extend(self.limit.clone());
        lines.join("\n")
    }
}

/// Parentheses around an alternative, so that it can stand beside `AND`.
fn wrap(filter: &str) -> String {
    if filter.contains(" OR ") { format!("({filter})") } else { filter.to_owned() }
}

/// A statement as a subquery, indented.
pub(super) fn nested(sql: &str) -> String {
    format!("(\n  {}\n)", sql.replace('\n', "\n  "))
}
