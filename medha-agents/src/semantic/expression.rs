//! SQL expressions of a model: how they are parsed and what they refer to.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, visit_expressions};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use super::model::SemanticModel;

/// A column or a field that an expression mentions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// The dataset, if it is written before the dot.
    pub(crate) dataset: Option<String>,
    /// The column or the field.
    pub(crate) name: String,
}

/// Parses one expression.
///
/// SQLite's dialect is used for every model: it knows double quotes, backquotes and brackets, and has no
/// backslash escapes, so text cannot end where the author did not end it.
pub(crate) fn parse(sql: &str) -> Result<Expr, String> {
    let mut parser = Parser::new(&SQLiteDialect {}).try_with_sql(sql).map_err(|error| error.to_string())?;
    let expression = parser.parse_expr().map_err(|error| error.to_string())?;
    match parser.peek_token().token {
        sqlparser::tokenizer::Token::EOF => Ok(expression),
        other => Err(format!("the expression goes on after its end, at {:?}", other.to_string())),
    }
}

/// What an expression mentions, each once.
pub(crate) fn references(expression: &Expr) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    let _: ControlFlow<()> = visit_expressions(expression, |part| {
        found.extend(reference(part));
        ControlFlow::Continue(())
    });
    found
}

/// The reference that this very node is, if it is one.
pub(crate) fn reference(expression: &Expr) -> Option<Reference> {
    match expression {
        Expr::Identifier(name) => Some(Reference { dataset: None, name: name.value.clone() }),
        Expr::CompoundIdentifier(parts) => {
            let (name, dataset) = parts.split_last()?;
            let dataset: Vec<_> = dataset.iter().map(|part| part.value.as_str()).collect();
            Some(Reference { dataset: Some(dataset.join(".")), name: name.value.clone() })
        }
        _ => None,
    }
}

/// The column that an expression is, if it is nothing but a column.
pub(crate) fn plain_column(sql: &str) -> Option<String> {
    reference(&parse(sql).ok()?).filter(|found| found.dataset.is_none()).map(|found| found.name)
}

/// The dataset whose rows an expression sums up: the one that all others it mentions are referred to from.
pub(crate) fn anchor(sql: &str, model: &SemanticModel) -> Result<String, String> {
    let expression = parse(sql).map_err(|error| format!("cannot be parsed: {error}"))?;
    let mut mentioned: Vec<String> = Vec::new();
    let _: ControlFlow<()> = visit_expressions(&expression, |part| {
        if let Some(dataset) = reference(part).and_then(|found| found.dataset)
            && !mentioned.contains(&dataset)
        {
            mentioned.push(dataset);
        }
        ControlFlow::Continue(())
    });
    finest(&mentioned, model).ok_or_else(|| {
        "mentions no dataset; write fields as dataset.field or name the \"dataset\" of the metric".to_owned()
    })
}

/// The dataset from which all the others are referred to; the first one if there is none such.
pub(crate) fn finest(datasets: &[String], model: &SemanticModel) -> Option<String> {
    datasets
        .iter()
        .find(|candidate| {
            let reached = referred_from(candidate, model);
            datasets.iter().all(|other| reached.contains(other.as_str()))
        })
        .or_else(|| datasets.first())
        .cloned()
}

/// The datasets that a row of this one refers to, directly or not, itself included.
pub(crate) fn referred_from<'a>(dataset: &'a str, model: &'a SemanticModel) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([dataset]);
    let mut queue = VecDeque::from([dataset]);
    while let Some(from) = queue.pop_front() {
        for relationship in model.relationships.iter().filter(|relationship| relationship.from == from) {
            if reached.insert(relationship.to.as_str()) {
                queue.push_back(relationship.to.as_str());
            }
        }
    }
    reached
}
