//! Audit logs in a table of a server.

use libtest_mimic::Trial;
use medha_connectors::audit::{AuditLog, verify};

use crate::audit_checks::{CHANGES, append, check_chain, check_found, record};
use crate::databases::{Server, load, on_database};

pub(crate) fn trials() -> Vec<Trial> {
    on_database!(
        "audit",
        Server::Postgres,
        a_table_keeps_the_promises_of_a_file,
        what_is_done_to_a_table_is_found,
        a_password_is_not_told,
    )
}

async fn a_table_keeps_the_promises_of_a_file(url: String) {
    check_chain(&url);
}

async fn what_is_done_to_a_table_is_found(url: String) {
    for (change, problem) in CHANGES {
        let seal = append(&url, 4);
        load(&url, &[change.to_owned()]).await;
        check_found(&url, seal.as_ref(), problem);
        load(&url, &["DROP TABLE medha_audit".to_owned()]).await;
    }
}

async fn a_password_is_not_told(url: String) {
    let (scheme, place) = url.split_once("://").unwrap();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let nobody = format!("{scheme}://medha_nobody:hunter2@{place}");
    let error = verify(&nobody, None).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    let error = AuditLog::open(&nobody).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    let log = AuditLog::open(&url).unwrap();
    assert_eq!(log.append(&record(1)).unwrap().number, 1);
    assert!(!format!("{log:?}").contains('@'), "{log:?}");
}
