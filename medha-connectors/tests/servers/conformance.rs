//! The one suite of all connectors, over those of servers.

use std::sync::Arc;

use libtest_mimic::Trial;
use medha_connectors::conformance::{self, Fixture, Subject};
use medha_connectors::{Connector, Dialect, MySqlConnector, PostgresConnector};

use crate::databases::{Server, load, with_database};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_database(Server::Postgres, "conformance::postgres_passes", |url| async move {
            let open = |url: &str| Arc::new(PostgresConnector::open(url).unwrap()) as Arc<dyn Connector>;
            passes(Dialect::Postgres, &url, open).await;
        }),
        with_database(Server::MySql, "conformance::mysql_passes", |url| async move {
            let open = |url: &str| Arc::new(MySqlConnector::open(url).unwrap()) as Arc<dyn Connector>;
            passes(Dialect::MySql, &url, open).await;
        }),
    ]
}

const ENDLESS: &str =
    "SELECT count(*) FROM crowd AS a, crowd AS b, crowd AS c, crowd AS d WHERE a.n + b.n + c.n + d.n = 0";

async fn passes(dialect: Dialect, url: &str, open: impl Fn(&str) -> Arc<dyn Connector>) {
    let make = async |fixture: &Fixture| {
        load(url, &fixture.statements(dialect)).await;
        Subject::new(open(url), ENDLESS)
    };
    conformance::run(make).await.unwrap();
}
