//! The conditions of row rules: read once, then filled with a user's attributes as literals of the tree.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Query, SetExpr, Value, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};
use sqlparser::tokenizer::Span;

use super::user::{Attribute, User};
use crate::dialect::Dialect;
use crate::guard::{parse, shape};

/// A condition that has been read.
#[derive(Debug, Clone)]
pub(crate) struct RowFilter {
    condition: Expr,
}

impl RowFilter {
    /// Reads a condition as it would stand behind `WHERE`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn parse(condition: &str, dialect: Dialect) -> Result<Self, String> {
        // A query of its own, so that nothing behind a condition can pass for a part of it.
        let text = format!("SELECT 1 WHERE {condition}");
        let query = parse::one_query(&text, dialect).map_err(|error| error.to_string())?;
        let nothing_else = query.with.is_none()
            && query.order_by.is_none()
            && query.limit_clause.is_none()
            && query.fetch.is_none();
        let SetExpr::Select(select) = *query.body else { return Err("it is not one condition".into()) };
        let alone = sqlparser::ast::GroupByExpr::Expressions(Vec::new(), Vec::new()) == select.group_by
            && select.having.is_none()
            && select.named_window.is_empty()
            && select.qualify.is_none();
        match select.selection {
            Some(condition) if has_with(&condition) => Err("a condition cannot have WITH".into()),
            Some(condition) if nothing_else && alone => Ok(Self { condition }),
            _ => Err("it is not one condition".into()),
        }
    }

    /// The names behind colons, in the order they are met.
    pub(crate) fn attributes(&self) -> Vec<String> {
        let mut filling = Filling { user: None, dialect: Dialect::Sqlite, met: Vec::new(), failed: None };
        let _: ControlFlow<()> = VisitMut::visit(&mut self.condition.clone(), &mut filling);
        filling.met
    }

    /// The condition for a user.
    ///
    /// # Errors
    /// What is wrong with an attribute, in words.
    pub(crate) fn bound_to(&self, user: &User, dialect: Dialect) -> Result<Expr, String> {
        self.filled(Some(user), dialect)
    }

    /// The condition with `NULL` for every attribute, to check the names in it.
    pub(crate) fn with_nothing(&self, dialect: Dialect) -> Result<Expr, String> {
        self.filled(None, dialect)
    }

    fn filled(&self, user: Option<&User>, dialect: Dialect) -> Result<Expr, String> {
        let mut condition = self.condition.clone();
        let mut filling = Filling { user, dialect, met: Vec::new(), failed: None };
        let _: ControlFlow<()> = VisitMut::visit(&mut condition, &mut filling);
        match filling.failed {
            Some(reason) => Err(reason),
            None => Ok(condition),
        }
    }

    /// Whether it uses only what a query may use.
    pub(crate) fn check_shape(condition: &Expr, dialect: Dialect) -> Result<(), String> {
        shape::check_expression(condition, dialect).map_err(|error| error.to_string())
    }
}

struct Filling<'u> {
    user: Option<&'u User>,
    dialect: Dialect,
    met: Vec<String>,
    failed: Option<String>,
}

impl VisitorMut for Filling<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::InList { list, negated, .. } = expr
            && let [Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. })] = list.as_slice()
        {
            let name = name.trim_start_matches(':').to_owned();
            let negated = *negated;
            if let Some(Attribute::List(values)) = self.value(&name) {
                let literals: Result<Vec<Expr>, String> =
                    values.iter().map(|value| self.literal(value)).collect();
                match literals {
                    // No database reads an empty list the same way.
                    Ok(literals) if literals.is_empty() => *expr = truth(negated),
                    Ok(literals) => *list = literals,
                    Err(reason) => self.failed = Some(reason),
                }
                return ControlFlow::Continue(());
            }
        }
        if let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) = expr {
            match name.strip_prefix(':') {
                Some(name) => {
                    let name = name.to_owned();
                    match self.value(&name).map(|value| self.literal(&value)) {
                        Some(Ok(literal)) => *expr = literal,
                        Some(Err(reason)) => self.failed = Some(format!("the attribute {name:?} {reason}")),
                        None => {
                            *expr = Expr::Value(ValueWithSpan { value: Value::Null, span: Span::empty() })
                        }
                    }
                }
                None => {
                    self.failed = Some(format!("{name} stands for nothing; name attributes as in :region"))
                }
            }
        }
        ControlFlow::Continue(())
    }
}

impl Filling<'_> {
    fn value(&mut self, name: &str) -> Option<Attribute> {
        if !self.met.iter().any(|met| met == name) {
            self.met.push(name.to_owned());
        }
        self.user.and_then(|user| user.attribute(name))
    }

    fn literal(&self, value: &Attribute) -> Result<Expr, String> {
        let value = match value {
            // Not every database has words for them.
            Attribute::Boolean(truth) if self.dialect == Dialect::Sqlite => {
                Value::Number(u8::from(*truth).to_string(), false)
            }
            Attribute::Boolean(truth) => Value::Boolean(*truth),
            Attribute::Integer(number) if *number < 0 => {
                return Ok(Expr::Nested(Box::new(Expr::UnaryOp {
                    op: sqlparser::ast::UnaryOperator::Minus,
                    expr: Box::new(literal(Value::Number(number.unsigned_abs().to_string(), false))),
                })));
            }
            Attribute::Integer(number) => Value::Number(number.to_string(), false),
            Attribute::Text(text) if text.chars().any(char::is_control) => {
                return Err("has control characters".into());
            }
            Attribute::Text(text) => Value::SingleQuotedString(text.clone()),
            Attribute::List(_) => return Err("is a list, and a list can only stand as in IN (:name)".into()),
        };
        Ok(literal(value))
    }
}

fn literal(value: Value) -> Expr {
    Expr::Value(ValueWithSpan { value, span: Span::empty() })
}

/// Names of common table expressions would hide tables.
fn has_with(condition: &Expr) -> bool {
    struct With;
    impl Visitor for With {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            if query.with.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    Visit::visit(condition, &mut With).is_break()
}

/// A condition that always or never holds.
fn truth(holds: bool) -> Expr {
    let one = Box::new(literal(Value::Number("1".into(), false)));
    let other = Box::new(literal(Value::Number(if holds { "1" } else { "0" }.into(), false)));
    Expr::BinaryOp { left: one, op: BinaryOperator::Eq, right: other }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(condition: &str, user: &User) -> Result<String, String> {
        let filter = RowFilter::parse(condition, Dialect::Sqlite)?;
        filter.bound_to(user, Dialect::Sqlite).map(|condition| condition.to_string())
    }

    #[test]
    fn attributes_become_literals_of_the_tree() {
        let user = User::new("o'neil")
            .with_attribute("region", "x' OR '1'='1")
            .with_attribute("level", -3)
            .with_attribute("vip", true)
            .with_attribute("none", Vec::<i64>::new())
            .with_attribute("teams", vec!["a", "b"]);
        for (condition, expected) in [
            ("region = :region", "region = 'x'' OR ''1''=''1'"),
            ("owner = :user_id", "owner = 'o''neil'"),
            ("level > :level AND vip = :vip", "level > (-3) AND vip = 1"),
            ("team IN (:teams)", "team IN ('a', 'b')"),
            ("team IN (:none)", "1 = 0"),
            ("team NOT IN (:none)", "1 = 1"),
            ("a IN (SELECT a FROM b WHERE c = :level)", "a IN (SELECT a FROM b WHERE c = (-3))"),
        ] {
            assert_eq!(bound(condition, &user).unwrap(), expected);
        }
        assert_eq!(
            bound("team = :teams", &user).unwrap_err(),
            r#"the attribute "teams" is a list, and a list can only stand as in IN (:name)"#
        );
        assert_eq!(
            bound("team = ?", &user).unwrap_err(),
            "? stands for nothing; name attributes as in :region"
        );
    }

    #[test]
    fn nothing_but_one_condition_is_read() {
        for condition in [
            "",
            "a = 1; DROP TABLE b",
            "a = 1 UNION SELECT 1",
            "a = 1 ORDER BY 1",
            "a = 1 LIMIT 1",
            "a = 1 GROUP BY a",
            "a = 1 FROM b",
            "a = 'open",
        ] {
            assert!(RowFilter::parse(condition, Dialect::Sqlite).is_err(), "{condition}");
        }
        let filter = RowFilter::parse("a = :x AND b = :y AND c IN (:x)", Dialect::Postgres).unwrap();
        assert_eq!(filter.attributes(), ["x", "y"]);
    }
}
