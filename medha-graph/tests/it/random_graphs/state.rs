//! The state of random graphs: one field of each kind. Every task leaves a line of its own in the log.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use medha_graph::Input;
use medha_graph::node::IntoCommand;
use medha_graph::prelude::*;
use medha_graph::state::{Field, MergeError};
use medha_graph::store::Json;
use serde_json::Error;
use serde_json::value::RawValue;

/// The fields, without the one that lasts one superstep.
#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fields {
    #[state(append)]
    pub(crate) log: Vec<String>,
    #[state(add)]
    pub(crate) total: u64,
    #[state(merge)]
    pub(crate) last: BTreeMap<String, u64>,
    #[state(append)]
    pub(crate) board: Vec<u64>,
    #[state(append)]
    pub(crate) flash: Vec<u64>,
    #[state(with = fold)]
    pub(crate) folded: u64,
    pub(crate) rounds: u32,
    pub(crate) winner: String,
}

/// Depends on the order of its arguments, on purpose.
fn fold(current: &mut u64, written: u64) {
    *current = current.wrapping_mul(31).wrapping_add(written);
}

/// The state: `flash` lasts one superstep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Mix(pub(crate) Fields);

impl State for Mix {
    type Update = FieldsUpdate;

    fn fields(&self) -> &[Field] {
        static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
            let fields = Fields::default();
            let kind =
                |field: &Field| if field.name == "flash" { field.clone().ephemeral() } else { field.clone() };
            fields.fields().iter().map(kind).collect()
        });
        &FIELDS
    }

    fn apply(&mut self, update: FieldsUpdate) -> Result<(), MergeError> {
        self.0.apply(update)
    }

    fn field_json(&self, position: usize) -> Result<Json, Error> {
        self.0.field_json(position)
    }

    fn set_field(&mut self, position: usize, json: &RawValue) -> Result<(), Error> {
        self.0.set_field(position, json)
    }

    fn clear_field(&mut self, position: usize) {
        self.0.clear_field(position);
    }
}

impl IntoCommand<Mix> for FieldsUpdate {
    const MAY_GOTO: bool = false;
    fn into_command(self) -> Result<Command<Mix>, NodeError> {
        Ok(Command::from_update(self))
    }
}

impl From<FieldsUpdate> for Input<Mix> {
    fn from(update: FieldsUpdate) -> Self {
        Self::Update(update)
    }
}

impl Mix {
    /// The log without what tells two histories apart.
    pub(crate) fn canonical(mut self) -> Self {
        for line in &mut self.0.log {
            line.truncate(line.find(" id ").unwrap_or(line.len()));
        }
        self
    }
}
