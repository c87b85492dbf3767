//! One suite that every connector passes.
//!
//! Whoever writes a connector makes a function that loads the [`Fixture`] into its system and hands over a [`Subject`], and
//! calls [`run`] with it in a test. The suite asks the connector through the guard, as everybody does, and reports everything
//! that is wrong.
//!
//! ```
//! use medha_connectors::conformance::{self, Fixture, Subject};
//! use medha_connectors::dummy::DummyConnector;
//! use std::sync::Arc;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let make = async |fixture: &Fixture| {
//!     let connector = DummyConnector::new(fixture.tables().to_vec());
//!     Subject::new(Arc::new(connector), "SELECT count(*) FROM endless")
//! };
//! conformance::run(make).await?;
//! # Ok::<(), conformance::Failures>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod suite;
mod fixture;
mod checks;

pub use fixture::{Fixture, FixtureTable};
pub use suite::{Failures, Lack, Subject, run};
