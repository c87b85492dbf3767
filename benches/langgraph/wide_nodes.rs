//! The state of the `wide` rows and what their six nodes write: whole lists again, their last elements, and random text.
//!
//! What is passed on is shared, as it is in Python: items of lists are `Shared`.

use std::collections::BTreeMap;
use std::sync::Arc;

use medha_graph::Node;
use medha_graph::prelude::*;
use medha_graph::state::{ReadsBack, Shared};

/// A table: rows of columns of cells.
pub(crate) type Item = Shared<BTreeMap<String, Part>>;
type Part = Arc<BTreeMap<String, Vec<Cell>>>;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Text(String),
    Flag(bool),
    Number(i64),
    Nothing,
}
impl ReadsBack for Cell {}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Wide {
    #[state(append)]
    messages: Vec<Item>,
    #[state(append)]
    trigger_events: Vec<Item>,
    #[state(with = keep_if_empty)]
    primary_issue_medium: String,
    #[state(with = replace)]
    autoresponse: Option<Item>,
    #[state(with = keep_if_none)]
    issue: Option<Item>,
    relevant_rules: Option<Vec<Item>>,
    memory_docs: Option<Vec<Item>>,
    #[state(append)]
    categorizations: Vec<Item>,
    #[state(append)]
    responses: Vec<Item>,
    #[state(with = keep_if_none)]
    user_info: Option<Item>,
    #[state(with = keep_if_none)]
    crm_info: Option<Item>,
    #[state(with = keep_if_none)]
    email_thread_id: Option<String>,
    #[state(merge)]
    slack_participants: BTreeMap<String, Part>,
    bot_id: Option<String>,
    #[state(merge)]
    notified_assignees: BTreeMap<String, Part>,
}

impl Wide {
    /// What a run begins with.
    pub(crate) fn initial() -> Self {
        Self { primary_issue_medium: "email".to_owned(), ..Self::default() }
    }

    /// How long the list is that grows from round to round.
    pub(crate) fn grown(&self) -> usize {
        self.messages.len()
    }
}

fn keep_if_empty(current: &mut String, written: String) {
    if !written.is_empty() {
        *current = written;
    }
}

fn replace<T>(current: &mut T, written: T) {
    *current = written;
}

fn keep_if_none<T>(current: &mut Option<T>, written: Option<T>) {
    if written.is_some() {
        *current = written;
    }
}

/// One message of this many rows and columns.
pub(crate) fn message(rows: usize, columns: usize) -> Item {
    let key = |number: usize| number.to_string().repeat(10);
    let cells = || -> Vec<Cell> {
        let text = Cell::Text("hi?".repeat(10));
        let five = [text, Cell::Flag(true), Cell::Number(1), Cell::Number(6_327_816_386_138), Cell::Nothing];
        five.iter().cycle().take(25).cloned().collect()
    };
    let row = || Arc::new((0..columns).map(|column| (key(column), cells())).collect());
    Shared::new((0..rows).map(|number| (key(number), row())).collect())
}

/// A node: whether it checks the state it is given, how long its texts are, and what it writes.
pub(crate) struct WideNode {
    pub(crate) is_checked: bool,
    pub(crate) length: usize,
    pub(crate) work: fn(&Wide, usize) -> WideUpdate,
}

impl Node<Wide> for WideNode {
    type Output = Result<WideUpdate, NodeError>;

    async fn run(&self, wide: &Wide, _: Ctx) -> Self::Output {
        if self.is_checked {
            wide.check()?;
        }
        Ok((self.work)(wide, self.length))
    }
}

fn text(length: usize) -> String {
    std::iter::repeat_with(fastrand::lowercase).take(length).collect()
}

pub(crate) fn one(wide: &Wide, length: usize) -> WideUpdate {
    Wide::update().trigger_events(wide.messages.iter().cloned()).primary_issue_medium(text(length))
}

pub(crate) fn two(wide: &Wide, _: usize) -> WideUpdate {
    let last = wide.trigger_events.last().cloned();
    Wide::update().autoresponse(last.clone()).issue(last)
}

pub(crate) fn three(wide: &Wide, _: usize) -> WideUpdate {
    Wide::update().relevant_rules(wide.autoresponse.clone().map(|rule| vec![rule]))
}

pub(crate) fn four(wide: &Wide, _: usize) -> WideUpdate {
    let all = &wide.trigger_events;
    Wide::update()
        .categorizations(all.iter().cloned())
        .responses(all.iter().cloned())
        .memory_docs(Some(all.clone()))
}

pub(crate) fn five(wide: &Wide, length: usize) -> WideUpdate {
    let last = wide.categorizations.last();
    let entries =
        || last.iter().flat_map(|last| last.iter()).map(|(key, row)| (key.clone(), Arc::clone(row)));
    Wide::update()
        .user_info(last.cloned())
        .crm_info(last.cloned())
        .email_thread_id(Some(text(length)))
        .slack_participants(entries())
        .bot_id(Some(text(length)))
        .notified_assignees(entries())
}

pub(crate) fn six(wide: &Wide, _: usize) -> WideUpdate {
    Wide::update().messages(wide.responses.iter().cloned())
}

impl Wide {
    /// A validator per field, as the rows with pydantic have: it walks lists and the keys of what is in them.
    fn check(&self) -> Result<(), NodeError> {
        let lists = [&self.messages, &self.trigger_events, &self.categorizations, &self.responses];
        let optional = [&self.relevant_rules, &self.memory_docs].into_iter().flatten();
        for list in lists.into_iter().chain(optional) {
            list.iter().try_for_each(|item| check_keys(item.keys()))?;
        }
        let items = [&self.autoresponse, &self.issue, &self.user_info, &self.crm_info];
        items.into_iter().flatten().try_for_each(|item| check_keys(item.keys()))?;
        check_keys(self.slack_participants.keys())?;
        check_keys(self.notified_assignees.keys())?;
        for text in [&self.email_thread_id, &self.bot_id].into_iter().flatten() {
            check_keys([text].into_iter())?;
        }
        check_keys([&self.primary_issue_medium].into_iter())
    }
}

fn check_keys<'a>(mut keys: impl Iterator<Item = &'a String>) -> Result<(), NodeError> {
    let is_bad = keys.any(String::is_empty);
    if is_bad { Err(NodeError::new("a key is not as it should be").terminal()) } else { Ok(()) }
}
