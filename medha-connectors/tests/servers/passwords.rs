//! What a server says of a password that it refuses.

use libtest_mimic::Trial;
use medha_connectors::ConnectionConfig;

use crate::databases::{Server, load, on_database};

const PASSWORD: &str = "hunter2";

pub(crate) fn trials() -> Vec<Trial> {
    on_database!("passwords", Server::MySql, a_wrong_password_is_not_repeated)
}

/// The words of the server itself name the user, never the password.
async fn a_wrong_password_is_not_repeated(url: String) {
    let user = url.rsplit('/').next().unwrap().to_owned();
    load(&url, &[format!("CREATE USER {user} IDENTIFIED BY 'another'")]).await;
    let (_, place) = url.split_once("://").unwrap();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let connector = ConnectionConfig::new(format!("mysql://{user}:{PASSWORD}@{place}")).open().await.unwrap();
    let error = connector.ping().await.unwrap_err().to_string();
    load(&url, &[format!("DROP USER {user}")]).await;
    assert!(error.ends_with("check the user and the password") && !error.contains(PASSWORD), "{error}");
}
