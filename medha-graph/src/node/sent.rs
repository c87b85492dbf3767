//! What starts a task with a payload, and the timeout such a task may have of its own.

use std::time::Duration;

use serde::Serialize;

use crate::engine::record::Json;

/// A payload whose task has a timeout of its own, in place of the node's.
///
/// It can be sent wherever a payload can: by [`fan_out`](crate::StateGraph::fan_out), in a variant of a
/// [`Route`](crate::Route), by [`Command::send`](crate::Command::send). The task takes the payload alone, as
/// [`Payload<T>`](crate::Payload). Idle and heartbeat timeouts of the node hold as well.
///
/// ```
/// use std::time::Duration;
/// use medha_graph::prelude::*;
/// use medha_graph::Timed;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Crawl { urls: Vec<String>, #[state(append)] pages: Vec<String> }
///
/// async fn fetch(Payload(url): Payload<String>) -> CrawlUpdate { Crawl::update().pages([url]) }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let graph = StateGraph::<Crawl>::new("crawl")
///     .node("fetch", fetch)
///     .fan_out(START, "fetch", |crawl: &Crawl| {
///         let urls = crawl.urls.clone().into_iter();
///         urls.map(|url| {
///             let seconds = if url.ends_with(".pdf") { 60 } else { 5 };
///             Timed::new(url, Duration::from_secs(seconds))
///         })
///     })
///     .edge("fetch", END)
///     .compile().unwrap();
/// let input = Crawl::update().urls(vec!["a.pdf".into(), "b.html".into()]);
/// assert_eq!(graph.invoke(input).await.unwrap().state().pages, ["a.pdf", "b.html"]);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed<T> {
    payload: T,
    timeout: Duration,
}

impl<T> Timed<T> {
    /// A payload, and how long an attempt of its task may take.
    pub const fn new(payload: T, timeout: Duration) -> Self {
        Self { payload, timeout }
    }
}

/// What can be sent as a payload: anything that can be written as JSON, or a [`Timed`] of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the payload of a task",
    label = "not a payload",
    note = "a payload is stored as JSON: derive `Serialize` for it"
)]
pub trait ToPayload {
    /// The payload as it is stored, and the timeout that goes with it.
    fn to_payload(&self) -> Sent;
}

/// A payload on its way; made by [`ToPayload`].
#[derive(Clone, Debug)]
pub struct Sent {
    /// Or why it cannot be written.
    pub(crate) payload: Result<Json, String>,
    pub(crate) timeout: Option<Duration>,
}

impl Sent {
    fn new(payload: &impl Serialize, timeout: Option<Duration>) -> Self {
        Self { payload: Json::of(payload).map_err(|error| error.to_string()), timeout }
    }
}

impl<T: Serialize> ToPayload for T {
    fn to_payload(&self) -> Sent {
        Sent::new(self, None)
    }
}

impl<T: Serialize> ToPayload for Timed<T> {
    fn to_payload(&self) -> Sent {
        Sent::new(&self.payload, Some(self.timeout))
    }
}
