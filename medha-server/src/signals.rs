//! Signals that tell the process to stop: Ctrl-C everywhere, `SIGTERM` where there is one.

/// Listens from the moment it is made, so that no signal after that kills the process.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    listeners: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        let listen = |kind| match signal(kind) {
            Ok(listener) => Some(listener),
            Err(error) => {
                // Then the signal does what it does to every process: it ends it.
                tracing::warn!(%error, ?kind, "cannot listen for a signal");
                None
            }
        };
        Self { listeners: kinds.into_iter().filter_map(listen).collect() }
    }

    /// Waits for one.
    pub(crate) async fn next(&mut self) {
        if self.listeners.is_empty() {
            return std::future::pending().await;
        }
        let arrivals = self.listeners.iter_mut().map(|listener| Box::pin(listener.recv()));
        futures_util::future::select_all(arrivals).await;
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        Self {}
    }

    /// Waits for one.
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
