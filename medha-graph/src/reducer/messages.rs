//! Conversations: a list of messages that are put by id, removed by id and cleared, for `#[state(messages)]`.
//!
//! What is written is stored as it was written, so a message without an id gets one before that: stored writes give the
//! same list whenever they are replayed.

use std::collections::HashMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A message of a conversation: what `#[state(messages)]` holds a `Vec` of.
///
/// ```
/// use medha_graph::State;
/// use medha_graph::reducer::Message;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
/// struct Line { id: Option<String>, text: String }
///
/// impl Line {
///     fn new(text: &str) -> Self { Self { id: None, text: text.to_owned() } }
/// }
///
/// impl Message for Line {
///     fn id(&self) -> Option<&str> { self.id.as_deref() }
///     fn set_id(&mut self, id: String) { self.id = Some(id); }
/// }
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Chat {
///     #[state(messages)]
///     lines: Vec<Line>,
/// }
///
/// let mut chat = Chat::default();
/// chat.apply(Chat::update().lines([Line::new("helo"), Line::new("anyone?")])).unwrap();
/// let first = chat.lines[0].id.clone();                                 // drawn by the setter
/// chat.apply(Chat::update().lines([Line { id: first, text: "hello".to_owned() }])).unwrap();
/// assert_eq!(chat.lines[0].text, "hello");                              // replaced in its place
/// let second = chat.lines[1].id.clone().unwrap();
/// chat.apply(Chat::update().remove_lines([second])).unwrap();
/// assert_eq!(chat.lines.len(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "not a message",
    note = "`#[state(messages)]` holds a `Vec` of a type that implements `medha_graph::reducer::Message`: its id, and how to set it"
)]
pub trait Message {
    /// Its id, if it has one.
    fn id(&self) -> Option<&str>;
    /// Gives it an id; called once, for a message without one.
    fn set_id(&mut self, id: String);
}

/// A message of a program that has no type for it: an object with its id under `id`.
impl Message for Value {
    fn id(&self) -> Option<&str> {
        self.get("id")?.as_str()
    }

    fn set_id(&mut self, id: String) {
        if let Self::Object(fields) = self {
            fields.insert("id".to_owned(), Self::String(id));
        }
    }
}

/// What is written to a conversation, in order.
///
/// As JSON it is a list of messages, among which `{"$remove": "an id"}` removes one and `{"$clear": true}` all before it.
#[derive(Clone, Debug)]
pub struct Messages<M>(Vec<Change<M>>);

#[derive(Clone, Debug)]
enum Change<M> {
    Put(M),
    Remove(String),
    Clear,
}

const REMOVE: &str = "$remove";
const CLEAR: &str = "$clear";

impl<M> Default for Messages<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M: Message> Messages<M> {
    /// Puts messages: one whose id is known replaces it in its place, others are appended.
    pub fn put(&mut self, messages: impl IntoIterator<Item = M>) {
        self.0.extend(messages.into_iter().map(|message| Change::Put(with_id(message))));
    }

    /// Removes messages by id.
    pub fn remove<I: Into<String>>(&mut self, ids: impl IntoIterator<Item = I>) {
        self.0.extend(ids.into_iter().map(|id| Change::Remove(id.into())));
    }

    /// Removes every message so far.
    pub fn clear(&mut self) {
        self.0.clear();
        self.0.push(Change::Clear);
    }

    /// Gives messages that have no id one, each by its number.
    pub(crate) fn name(&mut self, mut draw: impl FnMut(usize, &M) -> String) {
        for (number, change) in self.0.iter_mut().enumerate() {
            if let Change::Put(message) = change
                && message.id().is_none()
            {
                let id = draw(number, message);
                message.set_id(id);
            }
        }
    }
}

impl<M: DeserializeOwned> Messages<M> {
    /// Reads what was written, and draws no ids.
    pub(crate) fn read(list: Vec<Value>) -> Result<Self, serde_json::Error> {
        list.into_iter().map(read_change).collect::<Result<_, _>>().map(Self)
    }
}

/// All messages of a conversation, where one replaces another: each has an id, and no two have the same.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Conversation<M>(Vec<M>);

impl<M: Message> Conversation<M> {
    /// Draws the ids that are missing; of several messages of one id the last counts, in the place of the first.
    pub fn new(messages: impl IntoIterator<Item = M>) -> Self {
        let (mut written, mut all) = (Messages::default(), Vec::new());
        written.put(messages);
        let reduced = reduce(&mut all, written);
        debug_assert_eq!(reduced, Ok(()), "only a removal can be refused");
        Self(all)
    }

    /// The messages.
    pub fn into_messages(self) -> Vec<M> {
        self.0
    }
}

/// A message to be removed is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no message {id:?} to remove; take ids from the messages of the state")]
pub struct UnknownMessage {
    /// The id that no message has.
    pub id: String,
}

/// Fewer writes than this are looked up one by one.
const MANY: usize = 16;

/// Applies what was written, in order.
pub fn reduce<M: Message>(current: &mut Vec<M>, written: Messages<M>) -> Result<(), UnknownMessage> {
    let writes = written.0;
    if writes.len() < MANY || current.len() + writes.len() < 4 * MANY {
        return one_by_one(current, writes);
    }
    // Many writes: one pass to number the ids, holes for what is removed, one pass to close them.
    let mut numbers: HashMap<String, usize> = HashMap::with_capacity(current.len() + writes.len());
    for (number, message) in current.iter().enumerate() {
        if let Some(id) = message.id() {
            numbers.entry(id.to_owned()).or_insert(number);
        }
    }
    let mut all: Vec<Option<M>> = std::mem::take(current).into_iter().map(Some).collect();
    for write in writes {
        match write {
            Change::Put(message) => match message.id() {
                Some(id) => match numbers.get(id) {
                    Some(number) => all[*number] = Some(message),
                    None => {
                        numbers.insert(id.to_owned(), all.len());
                        all.push(Some(message));
                    }
                },
                None => all.push(Some(message)),
            },
            Change::Remove(id) => {
                let number = numbers.remove(&id).ok_or(UnknownMessage { id })?;
                all[number] = None;
            }
            Change::Clear => {
                all.clear();
                numbers.clear();
            }
        }
    }
    current.extend(all.into_iter().flatten());
    Ok(())
}

fn one_by_one<M: Message>(current: &mut Vec<M>, writes: Vec<Change<M>>) -> Result<(), UnknownMessage> {
    for write in writes {
        match write {
            Change::Put(message) => {
                let known = message.id().and_then(|id| place(current, id));
                match known {
                    Some(number) => current[number] = message,
                    None => current.push(message),
                }
            }
            Change::Remove(id) => {
                let number = place(current, &id).ok_or(UnknownMessage { id })?;
                current.remove(number);
            }
            Change::Clear => current.clear(),
        }
    }
    Ok(())
}

fn place<M: Message>(messages: &[M], id: &str) -> Option<usize> {
    messages.iter().position(|message| message.id() == Some(id))
}

fn with_id<M: Message>(mut message: M) -> M {
    if message.id().is_none() {
        message.set_id(format!("{:032x}", fastrand::u128(..)));
    }
    message
}

fn read_change<M: DeserializeOwned>(value: Value) -> Result<Change<M>, serde_json::Error> {
    let marked = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    match marked {
        Some((key, Value::String(id))) if key == REMOVE => Ok(Change::Remove(id.clone())),
        Some((key, Value::Bool(true))) if key == CLEAR => Ok(Change::Clear),
        Some((key, _)) if key == REMOVE => {
            Err(serde_json::Error::custom("`$remove` takes the id of a message"))
        }
        Some((key, _)) if key == CLEAR => Err(serde_json::Error::custom("`$clear` takes `true`")),
        Some(_) | None => M::deserialize(value).map(Change::Put),
    }
}

impl<M: Serialize> Serialize for Messages<M> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for change in &self.0 {
            match change {
                Change::Put(message) => list.serialize_element(message)?,
                Change::Remove(id) => list.serialize_element(&Marked(REMOVE, id))?,
                Change::Clear => list.serialize_element(&Marked(CLEAR, true))?,
            }
        }
        list.end()
    }
}

struct Marked<V>(&'static str, V);

impl<V: Serialize> Serialize for Marked<V> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

impl<'de, M: Message + DeserializeOwned> Deserialize<'de> for Messages<M> {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        let list = Vec::<Value>::deserialize(deserializer)?;
        let mut read = Self::read(list).map_err(R::Error::custom)?;
        read.name(|_, _| format!("{:032x}", fastrand::u128(..)));
        Ok(read)
    }
}

impl<'de, M: Message + DeserializeOwned> Deserialize<'de> for Conversation<M> {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        Vec::<M>::deserialize(deserializer).map(Self::new)
    }
}
