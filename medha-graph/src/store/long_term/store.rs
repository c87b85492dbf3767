//! The trait of stores: one call, a batch of operations, and short forms of it.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::error::StoreError;
use super::item::{Item, Put};
use super::namespace::Namespace;
use super::operation::{Delete, Get, StoreOp, StoreReply};
use super::search::{Found, ListNamespaces, Search};

/// Long-term memory, shared by all threads: JSON documents with names, in namespaces.
///
/// A checkpoint belongs to one thread and a store to none: here goes what an agent should know next time. Give it to
/// a graph with [`with_store`](crate::CompiledGraph::with_store); nodes take it as `Context<dyn Store>` or call
/// [`Ctx::store`](crate::Ctx::store).
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::store::{Put, Search};
/// use medha_graph::{MemoryStore, Namespace, Store};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Chat { user: String, said: String, reply: String }
///
/// async fn listen(chat: &Chat, store: Context<dyn Store>) -> Result<ChatUpdate, NodeError> {
///     let likes = Namespace::new(["users", &chat.user, "likes"])?;
///     if let Some(thing) = chat.said.strip_prefix("I like ") {
///         store.put(Put::new(&likes, thing, thing)).await?;
///     }
///     let known = store.search(Search::within(&likes)).await?;
///     Ok(Chat::update().reply(format!("You like {} things.", known.len())))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = StateGraph::<Chat>::new("chat").node("listen", listen)
///     .edge(START, "listen").edge("listen", END).compile()?
///     .with_store(MemoryStore::new());
/// graph.thread("monday").invoke(Chat::update().user("ann").said("I like tea")).await?;
/// let chat = graph.thread("tuesday").invoke(Chat::update().user("ann").said("I like jazz")).await?;
/// assert_eq!(chat.state().reply, "You like 2 things.");
/// # Ok(()) }
/// ```
///
/// To implement it for a database, write [`batch`](Self::batch) and pass [`store_conformance`](crate::store::store_conformance);
/// [`MemoryStore`](crate::MemoryStore) is the model. A store is given its [`Clock`](crate::store::Clock).
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Does these things in order, each seeing what those before it did, and replies to each.
    ///
    /// If one cannot be done, none is. An item whose time is over is as good as gone.
    fn batch<'a>(&'a self, operations: Vec<StoreOp>) -> BoxFuture<'a, Result<Vec<StoreReply>, StoreError>>;

    /// Puts a document in, in place of any of the same name.
    fn put<'a>(&'a self, put: Put) -> BoxFuture<'a, Result<(), StoreError>> {
        one(self.batch(vec![put.into()]), "a put", |reply| matches!(reply, StoreReply::Stored).then_some(()))
    }

    /// The item of this name, if it is there.
    fn get<'a>(
        &'a self,
        namespace: &Namespace,
        key: &str,
    ) -> BoxFuture<'a, Result<Option<Item>, StoreError>> {
        one(self.batch(vec![Get::new(namespace, key).into()]), "a get", |reply| {
            if let StoreReply::Item(item) = reply { Some(item) } else { None }
        })
    }

    /// Removes the item of this name, and says whether there was one.
    fn delete<'a>(&'a self, namespace: &Namespace, key: &str) -> BoxFuture<'a, Result<bool, StoreError>> {
        one(self.batch(vec![Delete::new(namespace, key).into()]), "a delete", |reply| {
            if let StoreReply::Deleted(was_there) = reply { Some(was_there) } else { None }
        })
    }

    /// A page of the items that fit, the best first.
    fn search<'a>(&'a self, search: Search) -> BoxFuture<'a, Result<Vec<Found>, StoreError>> {
        one(self.batch(vec![search.into()]), "a search", |reply| {
            if let StoreReply::Found(found) = reply { Some(found) } else { None }
        })
    }

    /// A page of the namespaces that hold items.
    fn list_namespaces<'a>(
        &'a self,
        list: ListNamespaces,
    ) -> BoxFuture<'a, Result<Vec<Namespace>, StoreError>> {
        one(self.batch(vec![list.into()]), "a list of namespaces", |reply| {
            if let StoreReply::Namespaces(namespaces) = reply { Some(namespaces) } else { None }
        })
    }
}

impl<T: Store + ?Sized> Store for Arc<T> {
    fn batch<'a>(&'a self, operations: Vec<StoreOp>) -> BoxFuture<'a, Result<Vec<StoreReply>, StoreError>> {
        (**self).batch(operations)
    }
}

/// The only reply of a batch of one.
fn one<'a, T>(
    replies: BoxFuture<'a, Result<Vec<StoreReply>, StoreError>>,
    operation: &'static str,
    take: fn(StoreReply) -> Option<T>,
) -> BoxFuture<'a, Result<T, StoreError>>
where
    T: 'a,
{
    Box::pin(async move {
        let reply = replies.await?.pop();
        reply.and_then(take).ok_or(StoreError::WrongReply { operation })
    })
}
