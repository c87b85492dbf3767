//! Callers who want the same at the same time: one piece of work for all of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

/// Work that every one of its callers moves on. One of them going away is nothing to the others; with the last one it ends.
pub(super) type Flight<T> = Shared<BoxFuture<'static, T>>;

/// What is in the air, by what is wanted. `N` is what is known of a flight before it lands.
#[derive(Debug)]
pub(super) struct Flights<K, N, T: Clone> {
    in_the_air: Arc<Mutex<InTheAir<K, N, T>>>,
}

#[derive(Debug)]
struct InTheAir<K, N, T: Clone> {
    flights: HashMap<K, Listed<N, T>>,
    started: u64,
}

#[derive(Debug)]
struct Listed<N, T: Clone> {
    number: u64,
    news: N,
    flight: WeakShared<BoxFuture<'static, T>>,
}

/// How a caller came to a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// It was the first.
    Leads,
    /// Somebody else was.
    Follows,
}

impl<K, N, T: Clone> Default for Flights<K, N, T> {
    fn default() -> Self {
        Self { in_the_air: Arc::new(Mutex::new(InTheAir { flights: HashMap::new(), started: 0 })) }
    }
}

impl<K, N, T> Flights<K, N, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    N: Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The flight to this key and its news, begun with `work` if there is none.
    pub(super) fn board<W>(&self, key: &K, work: impl FnOnce() -> (N, W)) -> (Flight<T>, N, Seat)
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut in_the_air = lock(&self.in_the_air);
        if let Some(listed) = in_the_air.flights.get(key)
            && let Some(flight) = listed.flight.upgrade()
        {
            return (flight, listed.news.clone(), Seat::Follows);
        }
        in_the_air.started += 1;
        let number = in_the_air.started;
        let landing = Landing { in_the_air: Arc::clone(&self.in_the_air), key: key.clone(), number };
        let (news, work) = work();
        let flight = async move {
            let _landing = landing;
            work.await
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            in_the_air.flights.insert(key.clone(), Listed { number, news: news.clone(), flight: weak });
        }
        (flight, news, Seat::Leads)
    }
}

/// Takes a flight off the list when it has ended or nobody waits for it.
struct Landing<K: Eq + Hash, N, T: Clone> {
    in_the_air: Arc<Mutex<InTheAir<K, N, T>>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, N, T: Clone> Drop for Landing<K, N, T> {
    fn drop(&mut self) {
        let mut in_the_air = lock(&self.in_the_air);
        // Another flight to the same key may have begun since.
        if in_the_air.flights.get(&self.key).is_some_and(|listed| listed.number == self.number) {
            in_the_air.flights.remove(&self.key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_caller_who_goes_away_leaves_the_work_to_the_others_and_the_last_one_ends_it() {
        let flights = Flights::<&str, (), i32>::default();
        let (land, landed) = oneshot::channel();
        let (first, (), seat) = flights.board(&"a", || ((), async { landed.await.unwrap_or(0) }));
        assert_eq!(seat, Seat::Leads);
        let (second, (), seat) = flights.board(&"a", || ((), async { 2 }));
        assert_eq!(seat, Seat::Follows);
        drop(first);
        land.send(1).unwrap();
        assert_eq!(second.await, 1);
        assert!(lock(&flights.in_the_air).flights.is_empty());

        let (land, landed) = oneshot::channel::<i32>();
        let (only, (), _) = flights.board(&"a", || ((), async { landed.await.unwrap_or(0) }));
        drop(only);
        assert!(land.is_closed(), "the work has ended with its last caller");
        assert!(lock(&flights.in_the_air).flights.is_empty());
        let (again, (), seat) = flights.board(&"a", || ((), async { 3 }));
        assert_eq!((again.await, seat), (3, Seat::Leads));
    }
}
