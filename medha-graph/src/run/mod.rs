//! Running a graph: threads, what a run is given, what it yields, how it ends, and where it stands.
//!
//! A [`Thread`] is a named history of checkpoints. A run of it takes an [`Input`] (an update of the state, or a
//! [`Resume`]) and comes to an [`Outcome`] or a [`RunError`]; who wants to watch reads its [`Event`]s, or the [`Part`]s
//! of some [`Mode`]s. A [`Snapshot`] says where the thread stands, now or at an earlier checkpoint.
//!
//! What is only named here, and not at the root of the crate: what a snapshot says of single tasks, and ids.
//!
//! ```
//! use medha_graph::prelude::*;
//! use medha_graph::run::TaskSnapshot;
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Essay { draft: String, published: bool }
//! async fn write() -> EssayUpdate { Essay::update().draft("All about bridges.") }
//! async fn publish(ctx: Ctx) -> EssayUpdate { Essay::update().published(ctx.interrupt("publish?").await) }
//!
//! fn waits_for(task: &TaskSnapshot) -> String {
//!     format!("{} asks {}", task.node, task.interrupts[0].question)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let graph = StateGraph::<Essay>::new("essay")
//!     .node("write", write).node("publish", publish)
//!     .edge(START, "write").edge("write", "publish").edge("publish", END).compile()?
//!     .with_checkpointer(MemorySaver::default());
//! let thread = graph.thread("essay-1");
//! assert!(!thread.invoke(Essay::update()).await?.is_done());
//!
//! let snapshot = thread.state().await?.ok_or("the thread was never run")?;
//! assert_eq!((snapshot.step, snapshot.state.draft.as_str()), (1, "All about bridges."));
//! assert_eq!(waits_for(&snapshot.tasks[0]), r#"publish asks "publish?""#);
//!
//! assert!(thread.resume(Resume::answer(true)).await?.state().published);
//! # Ok(()) }
//! ```

pub(crate) mod attempt;
pub(crate) mod control;
pub(crate) mod open;
pub(crate) mod effects;
pub(crate) mod queue;
pub(crate) mod needs;
pub(crate) mod driver;
pub(crate) mod superstep;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod input;
pub(crate) mod interest;
pub(crate) mod modes;
pub(crate) mod sorter;
pub(crate) mod public;
pub(crate) mod stream;
pub(crate) mod thread;
pub(crate) mod snapshot;
pub(crate) mod update;

pub use crate::engine::checkpoint::{CheckpointId, InterruptId, ParseIdError, RunId, TaskId};
pub use crate::engine::machine::OnFailure;
pub use crate::engine::pause::{Durability, Pause, Unfinished};
pub use control::RunControl;
pub use error::RunError;
pub use event::{Event, Outcome};
pub use input::{Input, Resume};
pub use modes::{Mode, ModeStream, Part, PartContent};
pub use snapshot::{Snapshot, TaskSnapshot};
pub use stream::RunStream;
pub use thread::Thread;
