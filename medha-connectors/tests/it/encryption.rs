//! Encrypted checkpoints keep every promise, show nothing, and open only where they belong.

use medha_connectors::encryption::{EncryptedSaver, Key, Keys};
use medha_connectors::savers::SqliteSaver;
use medha_graph::CheckpointId;
use medha_graph::prelude::*;
use medha_graph::store::{Checkpointer, HistoryQuery, Line, ThreadKey};
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::saver_checks::check_promises;

fn keys(byte: u8) -> Keys {
    Keys::new(Key::new(format!("key {byte}"), [byte; 32]))
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Visit {
    patient: String,
    #[state(append)]
    notes: Vec<String>,
}

async fn examine(_: &Visit, ctx: Ctx) -> Result<VisitUpdate, NodeError> {
    let sample: String =
        ctx.once("sample", |_| async { Ok::<_, NodeError>("SECRET sample".to_owned()) }).await?;
    let finding: String = ctx.interrupt("SECRET question").await;
    Ok(Visit::update().notes([sample, finding]))
}

fn graph(saver: impl Checkpointer) -> CompiledGraph<Visit> {
    let graph = StateGraph::new("visit").node("examine", examine).edge(START, "examine").edge("examine", END);
    graph.compile().unwrap().with_checkpointer(saver)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_saver_keeps_every_promise() {
    check_promises(&EncryptedSaver::new(MemorySaver::default(), keys(1))).await;
    let sqlite = SqliteSaver::open("sqlite::memory:").await.unwrap();
    check_promises(&EncryptedSaver::new(sqlite, keys(1))).await;
}

#[tokio::test]
async fn nothing_that_was_said_can_be_read_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let inner = SqliteSaver::open(&path).await.unwrap();
    let thread = graph(EncryptedSaver::new(inner.clone(), keys(1))).thread("t");
    thread.invoke(Visit::update().patient("SECRET name")).await.unwrap();
    inner.close().await;
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.windows(7).any(|window| window == b"examine"), "names are readable");
    assert!(!bytes.windows(6).any(|window| window == b"SECRET"));
    let again = graph(EncryptedSaver::new(SqliteSaver::open(&path).await.unwrap(), keys(1))).thread("t");
    let visit = again.resume(Resume::answer("SECRET finding")).await.unwrap().into_state();
    assert_eq!(visit.notes, ["SECRET sample", "SECRET finding"]);
}

#[tokio::test]
async fn a_new_key_seals_and_an_old_one_still_opens() {
    let inner = MemorySaver::default();
    graph(EncryptedSaver::new(inner.clone(), keys(1)))
        .thread("t")
        .invoke(Visit::update().patient("a"))
        .await
        .unwrap();
    let rotated = EncryptedSaver::new(inner.clone(), keys(2).with_older(Key::new("key 1", [1; 32])));
    let visit = graph(rotated).thread("t").resume(Resume::answer("fine")).await.unwrap().into_state();
    assert_eq!(visit.patient, "a");
    let newest = inner.history(&ThreadKey::root("t"), &HistoryQuery::last(1)).await.unwrap();
    assert!(serde_json::to_string(&newest).unwrap().contains("medha1.key 2."));
    let error = graph(EncryptedSaver::new(inner.clone(), keys(2)))
        .thread("t")
        .at(CheckpointId(1))
        .state()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"cannot load the checkpoint of thread "t": it is damaged: it is encrypted with key "key 1", which this program does not have; add it to its keys"#
    );
    let wrong = Keys::new(Key::new("key 1", [9; 32]));
    let error = graph(EncryptedSaver::new(inner.clone(), wrong))
        .thread("t")
        .at(CheckpointId(1))
        .state()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("or encrypted with other bytes under the same key name"), "{error}");
    let plain = MemorySaver::default();
    graph(plain.clone()).thread("t").invoke(Visit::update()).await.unwrap();
    let error = graph(EncryptedSaver::new(plain, keys(1))).thread("t").state().await.unwrap_err().to_string();
    assert!(error.ends_with("it is damaged: it is not encrypted"), "{error}");
}

#[tokio::test]
async fn what_was_moved_to_another_thread_does_not_open_and_what_was_copied_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let saver = EncryptedSaver::new(SqliteSaver::open(&path).await.unwrap(), keys(1));
    for thread in ["mine", "yours"] {
        graph(saver.clone()).thread(thread).invoke(Visit::update().patient(thread)).await.unwrap();
    }
    saver.copy("mine", "copy", Line(3)).await.unwrap();
    saver.copy("copy", "copy of copy", Line(4)).await.unwrap();
    let copied = graph(saver.clone()).thread("copy of copy").resume(Resume::answer("fine")).await.unwrap();
    assert_eq!(copied.state().patient, "mine");
    assert_eq!(graph(saver.clone()).thread("copy of copy").history(9).await.unwrap().len(), 2);
    let raw = Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    let swap = "UPDATE medha_checkpoint SET written = (SELECT written FROM medha_checkpoint WHERE thread = \
                CAST('yours' AS BLOB)) WHERE thread = CAST('mine' AS BLOB)";
    let statement = Statement::from_string(raw.get_database_backend(), swap);
    assert_eq!(raw.execute_raw(statement).await.unwrap().rows_affected(), 1);
    let error = graph(saver).thread("mine").state().await.unwrap_err().to_string();
    assert!(error.contains("it was changed or moved since it was encrypted"), "{error}");
}
