//! The retrieval index in PostgreSQL: with its extensions, without them, and with pgvector added later.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use medha_connectors::retrieval::{
    Arm, Embedder, Entry, EntryKind, HashEmbedder, PostgresIndex, Query, RetrievalIndex, conformance,
};
use sea_orm::Database;
use tempfile::TempDir;

use crate::databases::{Server, load, with_database};
use crate::harness::{Outside, trial};
use crate::retrieval_quality::{MERGED_FLOOR, VECTORS_FLOOR, WORDS_FLOOR, check, measure, recall};

/// `MEDHA_TEST_PGVECTOR` names the folder of the programs (`initdb`, `postgres`) of a PostgreSQL that has pgvector.
/// `.ci/retrieval` installs one. A server of it is started for the tests, on a port of its own.
static PGVECTOR: Outside = Outside::new("PostgreSQL with pgvector", || {
    let folder = std::env::var("MEDHA_TEST_PGVECTOR")
        .map_err(|_| "MEDHA_TEST_PGVECTOR is not set; .ci/retrieval installs one and sets it".to_owned())?;
    let program = Path::new(&folder).join("postgres");
    if program.is_file() { Ok(folder) } else { Err(format!("there is no {}", program.display())) }
});

/// A user of every server who may do nothing that is not granted.
const NOBODY: &str = "pg_read_all_stats";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_database(
            Server::Postgres,
            "retrieval::postgres_keeps_every_promise_of_an_index",
            keeps_promises,
        ),
        with_database(Server::Postgres, "retrieval::most_tables_are_found_first_in_postgres", finds_tables),
        with_database(
            Server::Postgres,
            "retrieval::without_rights_there_are_fewer_arms_and_the_status_says_why",
            |url| async move {
                without_rights(&url, "pg_trgm", Arm::Letters).await;
            },
        ),
        with_database(
            Server::Postgres,
            "retrieval::two_openings_at_once_make_one_set_of_tables",
            opens_at_once,
        ),
        with_database(Server::Postgres, "retrieval::tables_of_a_newer_program_are_refused", refuses_newer),
        trial(&PGVECTOR, "retrieval::pgvector_keeps_every_promise_of_an_index", |programs| async move {
            let server = Private::start(Path::new(&programs)).await;
            keeps_promises(server.database("promises").await).await;
            finds_tables(server.database("quality").await).await;
        }),
        trial(
            &PGVECTOR,
            "retrieval::pgvector_that_comes_later_serves_after_a_reembedding",
            |programs| async move {
                let server = Private::start(Path::new(&programs)).await;
                comes_later(server.database("later").await).await;
            },
        ),
    ]
}

async fn keeps_promises(url: String) {
    let open = async |embedder: Arc<dyn Embedder>| {
        Arc::new(PostgresIndex::connect_with(&url, embedder).await.unwrap()) as Arc<dyn RetrievalIndex>
    };
    assert_eq!(conformance::broken_promises(open).await, Vec::<String>::new());
}

async fn finds_tables(url: String) {
    let index = PostgresIndex::connect(&url).await.unwrap();
    let measured = measure(&index).await;
    let status = index.status().await.unwrap();
    let has = |arm: Arm| status.arms.iter().any(|one| one.arm == arm && one.how.is_ok());
    let (letters, merged) = if has(Arm::Letters) {
        (recall(0.88, 0.94), recall(0.93, 0.94))
    } else {
        (recall(0.0, 0.0), MERGED_FLOOR)
    };
    let name = format!(
        "PostgreSQL, pg_trgm {}, pgvector {}",
        if has(Arm::Letters) { "on" } else { "off" },
        if has(Arm::Vectors) { "on" } else { "off" }
    );
    check(&name, measured, [WORDS_FLOOR, letters, VECTORS_FLOOR, merged]);
    index.close().await;
}

/// Somebody who may make tables and no extensions.
async fn without_rights(url: &str, extension: &str, arm: Arm) -> PostgresIndex {
    load(url, &[format!("GRANT USAGE, CREATE ON SCHEMA public TO {NOBODY}")]).await;
    let index = PostgresIndex::connect(&format!("{url}?options=-c%20role%3D{NOBODY}")).await.unwrap();
    let status = index.status().await.unwrap();
    let reason = status.arms.iter().find(|one| one.arm == arm).unwrap().how.clone().unwrap_err();
    assert!(reason.contains(&format!("permission denied to create extension \"{extension}\"")), "{reason}");
    let way_out =
        format!("; let somebody who may run `CREATE EXTENSION {extension}` and open the index again");
    assert!(reason.ends_with(&way_out), "{reason}");
    index.upsert("shop", &[Entry::new("t", EntryKind::Table, "harbour_pilots")]).await.unwrap();
    let hits = index.search(&Query::new("shop", "pilot")).await.unwrap();
    assert_eq!((hits[0].ranks.words, hits[0].ranks.letters, hits[0].ranks.vectors), (Some(1), None, Some(1)));
    index
}

async fn opens_at_once(url: String) {
    let (one, other, third) = tokio::join!(
        PostgresIndex::connect(&url),
        PostgresIndex::connect(&url),
        PostgresIndex::connect(&url)
    );
    let (one, other, third) = (one.unwrap(), other.unwrap(), third.unwrap());
    assert_eq!(one.status().await.unwrap(), other.status().await.unwrap());
    one.upsert("shop", &[Entry::new("t", EntryKind::Table, "lighthouses")]).await.unwrap();
    assert_eq!(third.search(&Query::new("shop", "lighthouse")).await.unwrap().len(), 1);
}

async fn refuses_newer(url: String) {
    PostgresIndex::connect(&url).await.unwrap().close().await;
    load(&url, &["INSERT INTO medha_retrieval_schema (version) VALUES (99)".to_owned()]).await;
    let error = PostgresIndex::connect(&url).await.unwrap_err().to_string();
    let expected = "its tables have version 99, and this program knows version 1; use a newer program";
    assert!(error.ends_with(expected), "{error}");
}

async fn comes_later(url: String) {
    let before = without_rights(&url, "vector", Arm::Vectors).await;
    let is_in_database =
        async |index: &PostgresIndex| index.status().await.unwrap().collections[0].vectors_in_database;
    let after = PostgresIndex::connect(&url).await.unwrap();
    let status = after.status().await.unwrap();
    let vectors = status.arms.into_iter().find(|one| one.arm == Arm::Vectors).unwrap();
    assert_eq!(vectors.how, Ok("pgvector, exact".to_owned()));
    assert!(!is_in_database(&after).await, "what was made without it stays as it is");
    assert_eq!(after.search(&Query::new("shop", "pilot")).await.unwrap()[0].ranks.vectors, Some(1));
    after.reembed("shop", Arc::new(HashEmbedder)).await.unwrap().finished().await.unwrap();
    assert!(is_in_database(&after).await);
    for index in [&before, &after] {
        assert_eq!(index.search(&Query::new("shop", "pilots")).await.unwrap()[0].ranks.vectors, Some(1));
        index.upsert("shop", &[Entry::new("u", EntryKind::Table, "harbour_masters")]).await.unwrap();
        assert_eq!(index.search(&Query::new("shop", "harbour")).await.unwrap().len(), 2);
    }
}

/// A server of our own, stopped when this is dropped.
struct Private {
    server: Child,
    port: u16,
    _folder: TempDir,
}

impl Private {
    async fn start(programs: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data: PathBuf = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if is_root() {
            // PostgreSQL refuses to run as root.
            let owner = Command::new("chown").arg("-R").arg("nobody").arg(folder.path()).status().unwrap();
            assert!(owner.success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut initdb = as_somebody(&programs.join("initdb"));
        initdb.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]);
        let made = initdb.stdin(Stdio::null()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut postgres = as_somebody(&programs.join("postgres"));
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path()).arg("-p").arg(port.to_string());
        let quiet = postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { server: quiet.spawn().unwrap(), port, _folder: folder };
        let began = Instant::now();
        while let Err(error) = Database::connect(server.url("postgres")).await {
            assert!(began.elapsed() < Duration::from_secs(60), "it does not start: {error}");
            tokio::task::yield_now().await;
        }
        server
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    async fn database(&self, name: &str) -> String {
        load(&self.url("postgres"), &[format!("CREATE DATABASE {name}")]).await;
        self.url(name)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // An interrupt shuts it down and cleans up behind it.
        let told = Command::new("kill").arg("-INT").arg(self.server.id().to_string()).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    id.trim_ascii() == b"0"
}

fn as_somebody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
    command
}
