//! The server's life: listen, answer, and stop when told to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::cache::cached;
use super::router::router;
use crate::audit;
use crate::cli::{DEFAULT_ADDR, ServeArgs};
use crate::config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::Session;
use crate::signals::Signals;
use crate::source::Source;
use crate::terminal::tell;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}; choose another with --addr or MEDHA_ADDR")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// It listened and then failed.
    #[error("the server stopped: {0}")]
    Stopped(#[source] io::Error),
}

/// How long requests that are being answered may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until it is told to stop: it takes no more requests, and lets those it has come to an end.
pub(crate) async fn serve(args: ServeArgs) -> Result<Exit, CommandError> {
    let config = config::load(args.database.config.as_deref())?;
    let source = cached(Source::open(&args.database, &config).await?, &args)?;
    for remark in &source.remarks {
        tell(remark);
    }
    let name = source.name.clone();
    // There is no login: whoever reaches the server asks in the name of one user.
    let everybody = source.rights.as_ref().map(|rights| rights.user.id.clone());
    let audit = audit::trail(&source)?;
    let session = Arc::new(Session::new(source, audit)?);
    let addr = args.addr.or(config.addr).unwrap_or(DEFAULT_ADDR);
    let refused = |source| ServeError::Listen { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;

    // Before it says that it listens, so that whoever reads that can also stop it.
    let signals = Signals::listen();
    let stop = CancellationToken::new();
    let server = axum::serve(listener, router(session))
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    tell(&format!("medha answers questions about {name} on http://{addr}"));
    if let Some(user) = everybody {
        tell(&format!("There is no login yet: everybody who asks is taken for {user:?}."));
    }
    tokio::select! {
        ended = server => ended.map_err(ServeError::Stopped)?,
        () = told_to_stop(signals, &stop) => tell("Stopped with requests unfinished."),
    }
    Ok(Exit::Done)
}

/// Waits for the signal, passes it on, and ends when patience does.
async fn told_to_stop(mut signals: Signals, stop: &CancellationToken) {
    signals.next().await;
    tell("Stopping…");
    stop.cancel();
    tokio::select! {
        () = tokio::time::sleep(GRACE) => {}
        () = signals.next() => {}
    }
}
