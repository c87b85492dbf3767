//! What a connection to a server must be able to do for the pool.

use std::time::Duration;

/// One connection to a server, and what each kind of server does its own way.
pub(crate) trait Wire: Send + Sized + 'static {
    /// How to connect, passwords included.
    type Options: Clone + Send + Sync + 'static;
    /// What the server calls a connection, to stop its work from another one.
    type Id: Send + 'static;

    /// Connects.
    fn connect(options: &Self::Options) -> impl Future<Output = Result<Self, sqlx::Error>> + Send;

    /// Begins a transaction that reads, none of whose statements takes longer than `time`.
    fn begin(&mut self, time: Duration) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Ends the transaction and forgets whatever a statement may have left in the session.
    fn reset(&mut self) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Whether a clean connection should be closed all the same.
    fn is_worn(&self) -> bool {
        false
    }

    /// What the server calls this connection.
    fn id(&self) -> Self::Id;

    /// Stops what runs on the connection of this name, from a connection of its own.
    fn stop(options: &Self::Options, id: Self::Id) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Whether a failure to connect may pass if one tries again: the server starts up, or has too many connections.
    fn may_pass(error: &sqlx::Error) -> bool;

    /// Whether the connection is gone.
    fn is_lost(error: &sqlx::Error) -> bool;

    /// Says in our words why connecting failed, with the way out.
    fn connect_failure(error: &sqlx::Error) -> String;
}

/// Whether connecting failed because of encryption: a certificate that does not fit comes as data that is not valid.
pub(crate) fn is_about_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    }
}
