//! Texts in quotes: read into one kind, and written so that every reader takes them for the same text.

use std::borrow::Cow;
use std::ops::ControlFlow;

use sqlparser::ast::{Query, Value, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut};

use super::error::GuardError;
use crate::dialect::Dialect;

/// Makes plain texts of the other notations a dialect has, whose ends its servers and our parser may see elsewhere.
pub(crate) fn make_plain(query: &mut Query, dialect: Dialect) -> Result<(), GuardError> {
    match VisitMut::visit(query, &mut Plain { dialect }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Plain {
    dialect: Dialect,
}

impl VisitorMut for Plain {
    type Break = Box<GuardError>;

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<Self::Break> {
        let plain = match &mut value.value {
            Value::DoubleQuotedString(text) if matches!(self.dialect, Dialect::MySql | Dialect::BigQuery) => {
                text
            }
            Value::TripleSingleQuotedString(text) | Value::TripleDoubleQuotedString(text) => text,
            // In a raw text a quote behind a backslash does not end it on the server; to the parser it does.
            Value::SingleQuotedRawStringLiteral(text)
            | Value::DoubleQuotedRawStringLiteral(text)
            | Value::TripleSingleQuotedRawStringLiteral(text)
            | Value::TripleDoubleQuotedRawStringLiteral(text) => {
                if text.ends_with('\\') || text.contains(['\'', '"']) {
                    let error = GuardError::not_allowed("a raw text with quotes or a backslash at its end");
                    return ControlFlow::Break(Box::new(error));
                }
                text
            }
            _ => return ControlFlow::Continue(()),
        };
        value.value = Value::SingleQuotedString(std::mem::take(plain));
        ControlFlow::Continue(())
    }
}

/// The tree for the writer, which takes two quotes in a row, or one behind a backslash, for one that is escaped already, and
/// leaves a backslash as it is.
pub(crate) fn escaped(query: &Query, dialect: Dialect) -> Cow<'_, Query> {
    if query.visit(&mut NeedsEscape).is_continue() {
        return Cow::Borrowed(query);
    }
    let mut query = query.clone();
    let done: ControlFlow<()> = VisitMut::visit(&mut query, &mut Escaped { dialect });
    debug_assert!(done.is_continue(), "nothing ends the walk early");
    Cow::Owned(query)
}

fn needs_escape(text: &str) -> bool {
    text.contains(['\'', '\\'])
}

/// Ends at the first text that the writer would not write as it is.
struct NeedsEscape;

impl Visitor for NeedsEscape {
    type Break = ();

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        match &value.value {
            Value::SingleQuotedString(text) if needs_escape(text) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

struct Escaped {
    dialect: Dialect,
}

impl VisitorMut for Escaped {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        if let Value::SingleQuotedString(text) = &mut value.value
            && needs_escape(text)
        {
            *text = match self.dialect {
                Dialect::Sqlite | Dialect::Postgres | Dialect::DuckDb => text.replace('\'', "''"),
                Dialect::MySql | Dialect::Snowflake => text.replace('\\', "\\\\").replace('\'', "''"),
                // It knows no doubled quotes.
                Dialect::BigQuery => text.replace('\\', "\\\\").replace('\'', "\\'"),
            };
        }
        ControlFlow::Continue(())
    }
}
