//! Paths into JSON documents: which parts are compared and which are indexed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names parts of a JSON document: `$` (all of it), `title`, `author.name`, `chapters[*].text`, `tags[0]`,
/// `tags[-1]` (the last), `prices.*` (every member). A leading `$.` changes nothing.
///
/// A path that leads nowhere selects nothing. Keys that hold `.`, `[`, `]` or `*` cannot be named.
///
/// ```
/// use medha_graph::store::JsonPath;
/// use serde_json::json;
///
/// let book = json!({"title": "Bridges", "chapters": [{"text": "a"}, {"text": "b"}]});
/// let texts: JsonPath = "chapters[*].text".parse()?;
/// assert_eq!(texts.select(&book), [&json!("a"), &json!("b")]);
/// # Ok::<(), medha_graph::store::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JsonPath {
    text: String,
    steps: Vec<PathStep>,
}

/// One step of a [`JsonPath`]. Exhaustive, so that a store that puts a path into its own language misses none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// The member of this name.
    Key(String),
    /// The element at this place; negative ones count from the end.
    Index(i64),
    /// Every element of an array.
    EachElement,
    /// Every member of an object.
    EachMember,
}

/// A text that is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a path into a document: {why}; write it like `author.name` or `chapters[*].text`")]
pub struct PathError {
    text: String,
    why: &'static str,
}

impl JsonPath {
    /// The whole document.
    pub fn whole() -> Self {
        Self { text: "$".to_owned(), steps: Vec::new() }
    }

    /// The steps, from the outside in; none for the whole document.
    pub fn steps(&self) -> &[PathStep] {
        &self.steps
    }

    /// The parts of the document it names, in document order.
    pub fn select<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        self.steps.iter().fold(vec![document], |found, step| {
            found.into_iter().flat_map(|value| step.select(value)).collect()
        })
    }
}

impl PathStep {
    fn select<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match (self, value) {
            (Self::Key(key), Value::Object(members)) => members.get(key).into_iter().collect(),
            (Self::Index(index), Value::Array(elements)) => {
                let place = usize::try_from(index.unsigned_abs()).ok();
                let place =
                    if *index < 0 { place.and_then(|back| elements.len().checked_sub(back)) } else { place };
                place.and_then(|place| elements.get(place)).into_iter().collect()
            }
            (Self::EachElement, Value::Array(elements)) => elements.iter().collect(),
            (Self::EachMember, Value::Object(members)) => members.values().collect(),
            (Self::Key(_) | Self::Index(_) | Self::EachElement | Self::EachMember, _) => Vec::new(),
        }
    }
}

impl FromStr for JsonPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        parse(text).map(|steps| Self { text: text.to_owned(), steps }).map_err(|why| {
            let text = text.to_owned();
            PathError { text, why }
        })
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for JsonPath {
    type Error = PathError;
    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

impl From<JsonPath> for String {
    fn from(path: JsonPath) -> Self {
        path.text
    }
}

fn parse(text: &str) -> Result<Vec<PathStep>, &'static str> {
    let rest = match text.strip_prefix('$') {
        Some("") => return Ok(Vec::new()),
        Some(rest) if rest.starts_with('[') => rest,
        Some(rest) => rest.strip_prefix('.').unwrap_or(text),
        None => text,
    };
    let mut steps = Vec::new();
    for (place, part) in rest.split('.').enumerate() {
        let (name, mut brackets) = part.split_at(part.find('[').unwrap_or(part.len()));
        match name {
            // `$[0]` and `[0].a` begin with an element.
            "" if place == 0 && !brackets.is_empty() => {}
            "" => return Err("a key is empty"),
            "*" => steps.push(PathStep::EachMember),
            _ if name.contains(['*', ']']) => return Err("a key holds `*` or `]`"),
            _ => steps.push(PathStep::Key(name.to_owned())),
        }
        while let Some(open) = brackets.strip_prefix('[') {
            let (inside, after) = open.split_once(']').ok_or("a `[` is not closed")?;
            steps.push(match inside {
                "*" => PathStep::EachElement,
                number => {
                    PathStep::Index(number.parse().map_err(|_| "`[..]` holds neither a number nor `*`")?)
                }
            });
            brackets = after;
        }
        if !brackets.is_empty() {
            return Err("something other than `.` or `[` follows a `]`");
        }
    }
    Ok(steps)
}
