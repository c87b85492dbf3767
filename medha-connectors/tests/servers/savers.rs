//! Savers of servers keep the promises of the trait, and what they promise beyond it.

use std::sync::Arc;

use libtest_mimic::Trial;
use medha_connectors::savers::{MySqlSaver, PostgresSaver};
use medha_graph::store::{Checkpointer, ThreadKey};

use crate::databases::{Server, on_database};
use crate::saver_checks::{check_promises, check_two_processes, large};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = on_database!(
        "savers",
        Server::Postgres,
        postgres_keeps_every_promise,
        two_processes_share_a_postgres_database,
        postgres_holds_a_value_of_a_hundred_megabytes,
    );
    trials.extend(on_database!(
        "savers",
        Server::MySql,
        mysql_keeps_every_promise,
        two_processes_share_a_mysql_database,
        mysql_names_the_setting_that_a_large_value_runs_into,
    ));
    trials
}

async fn postgres_keeps_every_promise(url: String) {
    let saver = PostgresSaver::connect(&url).await.unwrap();
    check_promises(&saver).await;
    saver.close().await;
}

async fn two_processes_share_a_postgres_database(url: String) {
    let (one, other) = tokio::join!(PostgresSaver::connect(&url), PostgresSaver::connect(&url));
    check_two_processes(Arc::new(one.unwrap()), Arc::new(other.unwrap())).await;
}

async fn postgres_holds_a_value_of_a_hundred_megabytes(url: String) {
    let (saver, key) = (PostgresSaver::connect(&url).await.unwrap(), ThreadKey::root("t"));
    saver.commit(&key, None, large(100_000_000)).await.unwrap();
    let head = saver.load(&key, None).await.unwrap().unwrap();
    assert!(head.checkpoint == large(100_000_000));
}

async fn mysql_keeps_every_promise(url: String) {
    let saver = MySqlSaver::connect(&url).await.unwrap();
    check_promises(&saver).await;
}

async fn two_processes_share_a_mysql_database(url: String) {
    let (one, other) = tokio::join!(MySqlSaver::connect(&url), MySqlSaver::connect(&url));
    check_two_processes(Arc::new(one.unwrap()), Arc::new(other.unwrap())).await;
}

async fn mysql_names_the_setting_that_a_large_value_runs_into(url: String) {
    let (saver, key) = (MySqlSaver::connect(&url).await.unwrap(), ThreadKey::root("t"));
    let large = large(1_100_000_000 / 8);
    match saver.commit(&key, None, large.clone()).await {
        Ok(()) => assert!(saver.load(&key, None).await.unwrap().unwrap().checkpoint == large),
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains("raise its `max_allowed_packet`"), "{error}");
        }
    }
    assert!(saver.load(&ThreadKey::root("u"), None).await.unwrap().is_none(), "it goes on");
}
