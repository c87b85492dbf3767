//! Reads and writes semantic models as Apache Ossie YAML.
//!
//! The core format is read as its schema says (0.1.x and 0.2.x). What it lacks is carried by the vendor
//! extension `AGENTMEDHA`, whose `data` is a JSON string, or a map where people write it by hand.
//! Keys that neither knows are refused, with the nearest known name, and every problem is reported at once.
//! Extensions of other vendors are left alone.
//!
//! Three rules about access, because a rule that is silently dropped is worse than none:
//!
//! - `access.deny` and fields with `pii.action: deny` are honoured: what they name is taken out of the model,
//!   so no plan, lexicon or value list can mention it. [`SemanticModel::denied`] keeps the names.
//! - `access.rls` is refused: row rules are not supported yet, and a model that needs them must not be used.
//! - `pii.action: mask` and `hash` are knowledge, not a lock: the field stays readable, and its values are never
//!   collected into the model. Use `deny` for what must not be read.

mod dataset;
mod document;
mod metric;
mod walk;
mod write;

use serde_json::Value;

use super::error::ModelError;
use super::model::SemanticModel;
use super::references;

pub use write::write;

/// The vendor name of our extension.
pub(crate) const VENDOR: &str = "AGENTMEDHA";

/// Reads a semantic model from Ossie YAML.
///
/// # Errors
/// If the text is not YAML, or anything in it is wrong: then every problem is listed.
///
/// ```
/// let model = medha_agents::semantic::ossie::read("
/// version: 0.2.0.dev0
/// semantic_model:
/// - name: shop
///   datasets:
///   - name: orders
///     source: orders
///     primary_key: [id]
///     fields:
///     - name: id
///       expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}
///     - name: total
///       expression: {dialects: [{dialect: ANSI_SQL, expression: total}]}
///       datatype: Decimal
///   metrics:
///   - name: revenue
///     expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.total)}]}
/// ")?;
/// assert_eq!(model.metric("revenue").map(|metric| metric.dataset.as_str()), Some("orders"));
/// # Ok::<(), medha_agents::semantic::ModelError>(())
/// ```
pub fn read(yaml: &str) -> Result<SemanticModel, ModelError> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let value: Value = serde_saphyr::from_str_with_options(yaml, options)
        .map_err(|error| ModelError::Yaml { reason: error.to_string() })?;
    let mut walk = walk::Walk::default();
    let model = document::model(&mut walk, &value);
    let mut problems = walk.problems;
    if let Some(model) = &model {
        problems.extend(references::check(model));
    }
    match model {
        Some(model) if problems.is_empty() => Ok(model),
        Some(_) | None => Err(ModelError::Invalid { problems }),
    }
}
