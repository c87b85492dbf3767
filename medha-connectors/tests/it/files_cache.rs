//! The folder of imports: made once, used again, made anew, and never found half-made.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use medha_connectors::{Connector, FilesConnector, Value};

use crate::files::ask;
use crate::files_import::Desk;

impl Desk {
    /// The names of imports that end so.
    fn kept(&self, end: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.imports()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|found| found == end)).collect()
    }
}

async fn sum(opened: &FilesConnector) -> Value {
    ask(opened, "SELECT sum(n) FROM a").await.rows[0][0].clone()
}

fn modified(path: &PathBuf) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[tokio::test]
async fn an_import_is_used_again_until_its_file_changes() {
    let desk = Desk::with(&[("a.csv", "n,x y\n1,2\n")]);
    let first = desk.open("a.csv").await;
    let made = modified(&desk.kept("sqlite")[0]);
    let again = desk.open("a.csv").await;
    assert_eq!(modified(&desk.kept("sqlite")[0]), made);
    assert_eq!(again.remarks(), first.remarks());
    assert!(!again.remarks().is_empty());

    desk.put("a.csv", "n,x y\n1,2\n40,2\n");
    let changed = desk.open("a.csv").await;
    assert_eq!(sum(&changed).await, Value::Integer(41));
    // The import of before stays for those who ask it, and goes when nobody does.
    assert_eq!(sum(&first).await, Value::Integer(1));
    assert_eq!(desk.kept("sqlite").len(), 2);
    drop((first, again));
    desk.put("a.csv", "n,x y\n1,2\n400,2\n");
    assert_eq!(sum(&desk.open("a.csv").await).await, Value::Integer(401));
    assert_eq!(desk.kept("sqlite").len(), 2, "the one that is asked and the new one");
    drop(changed);
    desk.put("b.csv", "n\n1\n");
    fs::remove_file(desk.path("a.csv")).unwrap();
    desk.open("b.csv").await;
    assert_eq!((desk.kept("sqlite").len(), desk.kept("label").len()), (1, 1));
}

#[tokio::test]
async fn the_time_of_writing_alone_makes_a_new_import() {
    let desk = Desk::with(&[("a.csv", "n\n1\n")]);
    assert_eq!(sum(&desk.open("a.csv").await).await, Value::Integer(1));
    let path = desk.put("a.csv", "n\n2\n");
    let later = SystemTime::now() + Duration::from_secs(5);
    File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
    assert_eq!(sum(&desk.open("a.csv").await).await, Value::Integer(2));
    assert_eq!(desk.kept("sqlite").len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_an_import() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with(&[("a.csv", "n\n1\n")]);
    fs::create_dir_all(desk.imports()).unwrap();
    fs::set_permissions(desk.imports(), fs::Permissions::from_mode(0o755)).unwrap();
    desk.open("a.csv").await;
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&desk.imports()), 0o700);
    for path in desk.kept("sqlite").iter().chain(&desk.kept("label")) {
        assert_eq!(mode(path), 0o600, "{path:?}");
    }
}

#[tokio::test]
async fn what_a_killed_import_has_left_is_neither_used_nor_kept() {
    let desk = Desk::with(&[("a.csv", "n\n1\n"), ("b.csv", "n\n1\n")]);
    drop(desk.open("a.csv").await);
    let whole = desk.kept("sqlite").remove(0);
    // As it is when the process ends before the import gets its name: its label may be written or not.
    let part = whole.with_extension("part");
    fs::rename(&whole, &part).unwrap();
    fs::write(&part, "half").unwrap();
    assert_eq!(sum(&desk.open("a.csv").await).await, Value::Integer(1));
    assert_eq!(desk.kept("part"), Vec::<PathBuf>::new());
    // Another source's is removed, too, with the next import of anything.
    let stranger = desk.imports().join("0000-1111.part");
    fs::write(&stranger, "half").unwrap();
    fs::write(stranger.with_extension("label"), "").unwrap();
    desk.open("b.csv").await;
    assert!(!stranger.exists() && !stranger.with_extension("label").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_open_a_file_at_once_share_one_import() {
    let rows: String = (0..20_000).map(|number| format!("{number},x\n")).collect();
    let desk = Desk::with(&[("a.csv", &format!("n,x\n{rows}"))]);
    let opened = (0..8).map(|_| {
        let (path, imports) = (desk.path("a.csv"), desk.imports());
        tokio::spawn(async move { FilesConnector::open(path, imports).await.unwrap() })
    });
    let opened: Vec<_> = opened.collect();
    for one in opened {
        assert_eq!(sum(&one.await.unwrap()).await, Value::Integer(199_990_000));
    }
    assert_eq!((desk.kept("sqlite").len(), desk.kept("part").len()), (1, 0));
}

#[tokio::test]
async fn an_import_nobody_waits_for_stops_and_leaves_nothing() {
    let rows = "1234567890,some words that take room\n".repeat(200_000);
    let desk = Desk::with(&[("a.csv", &format!("n,x\n{rows}"))]);
    let (path, imports) = (desk.path("a.csv"), desk.imports());
    let started = Instant::now();
    {
        let mut opening = Box::pin(FilesConnector::open(path, imports));
        // Until it has begun to write.
        loop {
            assert!(started.elapsed() < Duration::from_secs(60), "it never began");
            let polled = tokio::time::timeout(Duration::from_millis(1), &mut opening).await;
            assert!(polled.is_err(), "it was done before it could be dropped");
            if desk.0.path().join("cache/imports").is_dir() && !desk.kept("part").is_empty() {
                break;
            }
        }
    }
    assert_eq!((desk.kept("part").len(), desk.kept("sqlite").len()), (0, 0));
    assert_eq!(
        ask(&desk.open("a.csv").await, "SELECT count(*) FROM a").await.rows,
        [[Value::Integer(200_000)]]
    );
}
