//! Conditions as SQL, on rows and on groups alike.

use super::analysis::{CompareOp, Expr, Filter, Literal, Operand, TextMatch, TimeRange};
use super::compile;
use super::context::Context;
use super::error::CompileError;
use super::select::nested;
use super::term::{Stored, Term, literal};

/// What conditions are about: rows or groups.
pub(super) trait Terms<'a> {
    fn context(&self) -> &'a Context<'a>;

    /// A value of the row or of the group.
    fn term(&mut self, expr: &Expr) -> Result<Term, CompileError>;

    /// Whether the row is inside a window of time.
    fn during(&mut self, range: &TimeRange) -> Result<String, CompileError>;

    /// A condition of the model.
    fn named(&mut self, name: &str) -> Result<String, CompileError>;

    /// Whether related rows exist.
    fn related(
        &mut self,
        dataset: &str,
        filters: &[Filter],
        time: Option<&TimeRange>,
    ) -> Result<String, CompileError>;

    /// One of several alternatives, or what must not hold: joins made for it drop no rows.
    fn alternative(&mut self, filter: &Filter) -> Result<String, CompileError>;

    /// A condition as SQL; something that can stand between `AND`s, unless it holds an `OR`.
    fn condition(&mut self, filter: &Filter) -> Result<String, CompileError> {
        match filter {
            Filter::Compare { left, op, right } => self.compare(left, *op, right),
            Filter::OneOf { expr, values, negated } => {
                let term = self.term(expr)?;
                one_of(self.context(), &term, values, *negated)
            }
            Filter::Between { expr, low, high } => {
                let term = self.term(expr)?;
                let low = literal(self.context(), low, &term.stored);
                // The last day of a range is inside it, whatever the time of day.
                if let (Stored::DateTime(_), Literal::Text(day)) = (&term.stored, high)
                    && let Ok(day) = day.parse::<jiff::civil::Date>()
                    && let Ok(next) = day.tomorrow()
                {
                    let next = self.context().sql.text(&next.to_string());
                    return Ok(format!("{0} >= {low} AND {0} < {next}", term.sql));
                }
                let high = literal(self.context(), high, &term.stored);
                Ok(format!("{} BETWEEN {low} AND {high}", term.sql))
            }
            Filter::Matches { expr, kind, text, negated } => {
                let term = self.term(expr)?;
                let like = matches(self.context(), &term.sql, *kind, text);
                Ok(if *negated { format!("NOT ({like})") } else { like })
            }
            Filter::Missing { expr, negated } => {
                let term = self.term(expr)?;
                let sql = &term.sql;
                Ok(match (matches!(term.stored, Stored::Text), negated) {
                    (true, false) => format!("({sql} IS NULL OR {sql} = '')"),
                    (true, true) => format!("{sql} <> ''"),
                    (false, false) => format!("{sql} IS NULL"),
                    (false, true) => format!("{sql} IS NOT NULL"),
                })
            }
            Filter::Related { dataset, filters, time, negated } => {
                let exists = self.related(dataset, filters, time.as_ref())?;
                Ok(if *negated { format!("NOT {exists}") } else { exists })
            }
            Filter::During(range) => self.during(range),
            Filter::Named(name) => self.named(name),
            Filter::Any(filters) => {
                if filters.is_empty() {
                    return Err(CompileError::unsupported("there are no alternatives to choose from"));
                }
                let parts: Result<Vec<_>, _> =
                    filters.iter().map(|filter| self.alternative(filter)).collect();
                Ok(format!("({})", parts?.join(" OR ")))
            }
            Filter::All(filters) => {
                let parts: Result<Vec<_>, _> = filters.iter().map(|filter| self.condition(filter)).collect();
                Ok(parts?.iter().map(|part| guard(part)).collect::<Vec<_>>().join(" AND "))
            }
            Filter::Not(filter) => Ok(format!("NOT ({})", self.alternative(filter)?)),
        }
    }

    fn compare(&mut self, left: &Expr, op: CompareOp, right: &Operand) -> Result<String, CompileError> {
        // `5 < price` says the same as `price > 5`, and tells how 5 is written.
        if let (Expr::Literal(constant), Operand::Expr(other)) = (left, right)
            && !matches!(**other, Expr::Literal(_))
        {
            return self.compare(other, mirrored(op), &Operand::Literal(constant.clone()));
        }
        let left = self.term(left)?;
        let context = self.context();
        let right = match right {
            Operand::Literal(constant) => literal(context, constant, &left.stored),
            Operand::Expr(other) => match &**other {
                Expr::Literal(constant) => literal(context, constant, &left.stored),
                other => self.term(other)?.sql,
            },
            Operand::Scalar(plan) => {
                let compiled = compile::compile_in(plan, context)?;
                if compiled.columns.len() != 1 {
                    return Err(CompileError::unsupported(
                        "a plan that is compared with needs exactly one output",
                    ));
                }
                nested(&compiled.sql)
            }
        };
        let operator = match op {
            CompareOp::Equal => "=",
            CompareOp::NotEqual => "<>",
            CompareOp::Less => "<",
            CompareOp::LessOrEqual => "<=",
            CompareOp::Greater => ">",
            CompareOp::GreaterOrEqual => ">=",
        };
        Ok(format!("{} {operator} {right}", left.sql))
    }
}

/// Parentheses around alternatives.
pub(super) fn guard(part: &str) -> String {
    if part.contains(" OR ") && !(part.starts_with('(') && part.ends_with(')')) {
        format!("({part})")
    } else {
        part.to_owned()
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::Equal,
        CompareOp::NotEqual => CompareOp::NotEqual,
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
    }
}

fn one_of(
    context: &Context<'_>,
    term: &Term,
    values: &[Literal],
    negated: bool,
) -> Result<String, CompileError> {
    let written: Vec<String> = values.iter().map(|value| literal(context, value, &term.stored)).collect();
    let sql = &term.sql;
    Ok(match (written.as_slice(), negated) {
        ([], _) => return Err(CompileError::unsupported("there are no values to choose from")),
        ([only], false) => format!("{sql} = {only}"),
        ([only], true) => format!("{sql} <> {only}"),
        (several, false) => format!("{sql} IN ({})", several.join(", ")),
        (several, true) => format!("{sql} NOT IN ({})", several.join(", ")),
    })
}

fn matches(context: &Context<'_>, sql: &str, kind: TextMatch, text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let pattern = match kind {
        TextMatch::Contains => format!("%{escaped}%"),
        TextMatch::StartsWith => format!("{escaped}%"),
        TextMatch::EndsWith => format!("%{escaped}"),
    };
    context.sql.like(sql, &pattern, escaped != text)
}
