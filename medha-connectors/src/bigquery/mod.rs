//! Google BigQuery, over its REST interface with Google's own client.
//!
//! [`open`] reads an address and its options, [`client`] is every request that is sent, [`job`] is a statement on its way and
//! how it is stopped, [`values`] reads what comes back. [`catalog`] and [`profile`] describe a dataset; looking at its values
//! costs money, so that has a budget.

mod connector;
mod open;
mod client;
mod job;
mod values;
mod types;
mod catalog;
mod profile;
mod cost;
mod failure;

pub use connector::BigQueryConnector;
pub(crate) use open::OPTIONS;
