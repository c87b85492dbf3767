//! Joins: how many of several nodes must have finished before the one they lead to runs.

use super::edge::Sources;

/// Several nodes, and how many of them must finish before what they lead to runs: the source of
/// [`StateGraph::join`](crate::StateGraph::join).
///
/// A join fires once in each round. A round begins with the first source that arrives and ends when all have arrived;
/// those that come after it has fired start nothing. A source that comes a second time begins the next round, so
/// that a join in a loop fires in each turn although some sources were left out. Before it has fired, a source that
/// comes again counts once.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::Join;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Search { #[state(append)] found: Vec<String> }
///
/// async fn cache() -> SearchUpdate { Search::update().found(["cached"]) }
/// async fn web() -> SearchUpdate { Search::update().found(["fetched"]) }
/// async fn answer(search: &Search) -> SearchUpdate { Search::update().found([format!("{} found", search.found.len())]) }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let graph = StateGraph::<Search>::new("search")
///     .node("cache", cache).node("slow", || async {}).node("web", web).node("answer", answer)
///     .edge(START, "cache").edge(START, "slow").edge("slow", "web")
///     .join(Join::any(["cache", "web"]), "answer")     // whichever comes first
///     .edge("answer", END)
///     .compile().unwrap();
/// let found = graph.invoke(Search::update()).await.unwrap().into_state().found;
/// assert_eq!(found, ["cached", "1 found", "fetched"]);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "hand it to `StateGraph::join`"]
pub struct Join {
    pub(crate) sources: Vec<String>,
    pub(crate) needed: usize,
}

impl Join {
    /// All of the nodes; `edge` with several sources is this.
    pub fn all(sources: impl Into<Sources>) -> Self {
        let sources = sources.into().0;
        Self { needed: sources.len(), sources }
    }

    /// One of the nodes, whichever finishes first.
    pub fn any(sources: impl Into<Sources>) -> Self {
        Self::quorum(1, sources)
    }

    /// This many of the nodes.
    pub fn quorum(needed: usize, sources: impl Into<Sources>) -> Self {
        Self { sources: sources.into().0, needed }
    }
}

/// What a drawing writes on a join.
pub(crate) fn join_label(needed: usize, sources: usize) -> String {
    match needed {
        all if all == sources => "all".to_owned(),
        1 => "any".to_owned(),
        some => format!("{some} of {sources}"),
    }
}
