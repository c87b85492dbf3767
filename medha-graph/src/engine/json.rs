//! JSON as it is stored: text that is read once, when it is needed, and shares the text of values that are shared.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// From this many bytes on, the text of a [`Shared`](crate::state::Shared) value is kept by reference.
const WORTH_SHARING: usize = 256;

/// JSON that is kept as text: read once, when it is needed. Cheap to clone where the value it was made of holds
/// [`Shared`](crate::state::Shared) ones: their text is kept once, by all who store them.
///
/// ```
/// use medha_graph::state::Shared;
/// use medha_graph::store::Json;
///
/// let page = Shared::new("long text ".repeat(100));
/// let json = Json::of(&[page.clone(), page])?;
/// assert_eq!(json.len(), 2_007);
/// assert_eq!(json.read::<Vec<String>>()?.len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Json(Text);

#[derive(Clone)]
enum Text {
    Whole(Box<RawValue>),
    Pieces(Arc<Pieces>),
}

/// A text of which parts lie elsewhere.
struct Pieces {
    /// The text between them.
    own: String,
    /// Where in it they belong, in ascending order.
    shared: Vec<(usize, Arc<RawValue>)>,
    /// All in one, once somebody has asked for it.
    whole: OnceLock<Box<RawValue>>,
}

impl Json {
    /// A value as JSON text.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let (whole, has_shared) = Mode::Looking.during(|| to_raw_value(value));
        if !has_shared {
            return whole.map(|whole| Self(Text::Whole(whole)));
        }
        let mut gathered = Gathered { own: Vec::new(), shared: Vec::new() };
        let mut serializer = serde_json::Serializer::new(&mut gathered);
        Mode::Offering.during(|| value.serialize(&mut serializer)).0?;
        let Gathered { own, shared } = gathered;
        let own = String::from_utf8(own).map_err(serde_json::Error::custom)?;
        Ok(Self(Text::Pieces(Arc::new(Pieces { own, shared, whole: OnceLock::new() }))))
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.raw().get()
    }

    /// The text, as serde knows it.
    pub fn raw(&self) -> &RawValue {
        match &self.0 {
            Text::Whole(whole) => whole,
            Text::Pieces(pieces) => pieces.whole.get_or_init(|| pieces.join()),
        }
    }

    /// How many bytes the text has.
    #[allow(clippy::len_without_is_empty, reason = "no JSON is empty")]
    pub fn len(&self) -> usize {
        match &self.0 {
            Text::Whole(whole) => whole.get().len(),
            Text::Pieces(pieces) => pieces.len(),
        }
    }

    /// Reads it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }
}

impl Pieces {
    fn len(&self) -> usize {
        self.own.len() + self.shared.iter().map(|(_, text)| text.get().len()).sum::<usize>()
    }

    fn join(&self) -> Box<RawValue> {
        let mut whole = String::with_capacity(self.len());
        let mut from = 0;
        for (at, text) in &self.shared {
            whole.push_str(&self.own[from..*at]);
            whole.push_str(text.get());
            from = *at;
        }
        whole.push_str(&self.own[from..]);
        RawValue::from_string(whole).expect("pieces of one value, put where serde_json wrote them")
    }
}

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Self(Text::Whole(raw))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl Serialize for Json {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        self.raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        Box::deserialize(deserializer).map(Self::from)
    }
}

/// What is being written, without the texts that are shared.
struct Gathered {
    own: Vec<u8>,
    shared: Vec<(usize, Arc<RawValue>)>,
}

impl io::Write for &mut Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let offered = (bytes.len() >= WORTH_SHARING).then(|| OFFERED.take()).flatten();
        match offered {
            // The very text: a serializer of its own between here and there may have made another of it.
            Some(text) if std::ptr::eq(text.get().as_bytes(), bytes) => {
                self.shared.push((self.own.len(), text));
            }
            Some(_) | None => self.own.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How shared values are written on this thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// As what they are.
    Plain,
    /// As a mark: only whether there are any is of interest.
    Looking,
    /// As what they are, offering their text to whoever writes.
    Offering,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Plain) };
    /// Whether a shared value was met while looking.
    static IS_MET: Cell<bool> = const { Cell::new(false) };
    static OFFERED: RefCell<Option<Arc<RawValue>>> = const { RefCell::new(None) };
}

impl Mode {
    /// Does the work in this mode, and says whether a shared value was met while looking.
    fn during<T>(self, work: impl FnOnce() -> T) -> (T, bool) {
        /// Puts things back, even if what is written panics.
        struct Before(Mode, bool);
        impl Drop for Before {
            fn drop(&mut self) {
                MODE.set(self.0);
                IS_MET.set(self.1);
                OFFERED.take();
            }
        }
        let _before = Before(MODE.replace(self), IS_MET.replace(false));
        let done = work();
        (done, IS_MET.get())
    }
}

/// Writes the text of a shared value.
pub(crate) fn write_shared<W: Serializer>(text: &Arc<RawValue>, serializer: W) -> Result<W::Ok, W::Error> {
    if text.get().len() < WORTH_SHARING {
        return text.serialize(serializer);
    }
    match MODE.get() {
        Mode::Plain => text.serialize(serializer),
        Mode::Looking => {
            IS_MET.set(true);
            serializer.serialize_unit()
        }
        Mode::Offering => {
            OFFERED.replace(Some(Arc::clone(text)));
            let written = text.serialize(serializer);
            OFFERED.take();
            written
        }
    }
}

/// Makes the text of a shared value, whoever asks for it: what it holds in its turn is written into it.
pub(crate) fn text_of_shared(value: &impl Serialize) -> Result<Arc<RawValue>, serde_json::Error> {
    Mode::Plain.during(|| to_raw_value(value)).0.map(Arc::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::state::Shared;

    fn long() -> Shared<String> {
        Shared::new("long ".repeat(100))
    }

    fn shared_texts(json: &Json) -> usize {
        match &json.0 {
            Text::Whole(_) => 0,
            Text::Pieces(pieces) => pieces.shared.len(),
        }
    }

    #[test]
    fn texts_of_shared_values_are_kept_by_reference_and_read_in_place() {
        let (one, two) = (long(), long());
        let value = vec![("a", one.clone()), ("b", two), ("c", one)];
        let json = Json::of(&value).unwrap();
        assert_eq!(shared_texts(&json), 3);
        assert_eq!(json.len(), serde_json::to_string(&value).unwrap().len());
        assert_eq!(json.get(), serde_json::to_string(&value).unwrap());
        assert_eq!(serde_json::to_string(&json).unwrap(), json.get());
    }

    #[test]
    fn without_a_shared_value_worth_it_the_text_is_whole() {
        let short = Shared::new("short".to_owned());
        let json = Json::of(&vec![short]).unwrap();
        assert_eq!((shared_texts(&json), json.get()), (0, r#"["short"]"#));
        assert_eq!(Json::of(&json!({"a": 1})).unwrap().get(), r#"{"a":1}"#);
    }

    #[test]
    fn a_shared_value_within_a_shared_value_is_part_of_its_text() {
        let outer = Shared::new(vec![long(), long()]);
        let json = Json::of(&outer).unwrap();
        assert_eq!(shared_texts(&json), 1);
        assert_eq!(json.read::<Vec<String>>().unwrap(), [long().to_string(), long().to_string()]);
    }

    /// Writes what it holds through a serializer of its own.
    struct Quoting(Shared<String>);

    impl Serialize for Quoting {
        fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
            serializer.serialize_str(&serde_json::to_string(&self.0).map_err(W::Error::custom)?)
        }
    }

    #[test]
    fn a_value_that_writes_shared_ones_in_its_own_way_stays_what_it_is() {
        let value = (Quoting(long()), long());
        assert_eq!(Json::of(&value).unwrap().get(), serde_json::to_string(&value).unwrap());
    }

    struct Panicking(Shared<String>);

    impl Serialize for Panicking {
        fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
            self.0.serialize(serializer)?;
            panic!("out of ink")
        }
    }

    #[test]
    fn a_panic_while_writing_leaves_nothing_behind() {
        let work = std::panic::AssertUnwindSafe(|| Json::of(&Panicking(long())));
        assert!(std::panic::catch_unwind(work).is_err());
        assert_eq!(serde_json::to_value(long()).unwrap(), json!(long().as_str()));
    }
}
