//! Finding the import of a source, or making it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::cache::{Cache, Claim, Entry, Hold, Label, Making};
use super::column::Cell;
use super::plan::Planned;
use super::source::{Format, Source, TableFile};
use super::stop::Stop;
use super::write::{Sink, Writer};
use super::{csv, json};
use crate::error::ConnectorError;

/// How often we look whether another process has finished the same import.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// A file that changes more often than we can read it is not imported.
const ATTEMPTS: usize = 3;
/// Batches that wait for SQLite.
const WAITING: usize = 2;
/// Remarks on one table; more are counted.
const MOST_REMARKS: usize = 8;

/// An import that stays as long as this is held.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) database: PathBuf,
    pub(super) shown: String,
    pub(super) remarks: Vec<String>,
    pub(super) hold: Hold,
}

/// Finds the import of what is at `path`, or makes it. Dropping the future ends the work and leaves nothing behind.
pub(super) async fn find_or_make(path: &Path, folder: &Path) -> Result<Import, ConnectorError> {
    let in_folder = |error: io::Error| ConnectorError::Open {
        database: path.display().to_string(),
        reason: format!("the folder {folder:?} for its import cannot be used: {error}"),
    };
    let cache = Cache::at(folder).map_err(in_folder)?;
    let mut attempts = 0;
    loop {
        let source = Source::find(path)?;
        let entry = cache.entry(&source);
        match entry.claim().map_err(in_folder)? {
            Claim::Ready(hold, label) => {
                let remarks = label.remarks;
                return Ok(Import { database: entry.database, shown: source.shown, remarks, hold });
            }
            Claim::Busy => tokio::time::sleep(BETWEEN_LOOKS).await,
            Claim::Missing(making) => {
                let tidied = cache.clone();
                finished(spawn_blocking(move || tidied.tidy()).await)
                    .map_err(|_| ConnectorError::Cancelled)?;
                attempts += 1;
                match make(&source, &entry, making).await {
                    Err(Failure::Changed(_)) if attempts < ATTEMPTS => {}
                    Err(failure) => return Err(failure.into_error(&in_folder)),
                    Ok(()) => {}
                }
            }
        }
    }
}

/// Why no import was made.
enum Failure {
    /// The file of this name is not what it was.
    Changed(String),
    Error(ConnectorError),
    /// The folder of imports, or what is in it.
    Folder(io::Error),
}

impl Failure {
    fn into_error(self, in_folder: &dyn Fn(io::Error) -> ConnectorError) -> ConnectorError {
        match self {
            Self::Changed(database) => ConnectorError::Open { database, reason: Stop::Changed.reason() },
            Self::Error(error) => error,
            Self::Folder(error) => in_folder(error),
        }
    }

    fn of(stop: Stop, file: &TableFile) -> Self {
        match stop {
            Stop::Changed => Self::Changed(file.shown.clone()),
            Stop::Cancelled => Self::Error(ConnectorError::Cancelled),
            stop @ (Stop::Empty | Stop::Refused(_)) => {
                Self::Error(ConnectorError::Open { database: file.shown.clone(), reason: stop.reason() })
            }
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Folder(io::Error::other(error.to_string()))
    }
}

async fn make(source: &Source, entry: &Entry, making: Making) -> Result<(), Failure> {
    let part = entry.new_part().map_err(Failure::Folder)?;
    // Ends the threads that read when nobody waits for this any more.
    let cancel = CancellationToken::new();
    let _ends_with_this = cancel.clone().drop_guard();
    let mut writer = Writer::open(&part.0).await?;
    let mut remarks = source.remarks.clone();
    for file in &source.tables {
        match add(&mut writer, file, &cancel).await {
            Ok(said) => {
                let prefix = if source.is_folder { format!("{}: ", file.table) } else { String::new() };
                remarks.extend(cut(said).into_iter().map(|remark| format!("{prefix}{remark}")));
            }
            Err(Stop::Empty) if source.tables.len() > 1 => {
                remarks.push(format!("left out {}: {}", file.shown, Stop::Empty.reason()));
            }
            Err(stop) => return Err(Failure::of(stop, file)),
        }
    }
    writer.close().await?;
    match Source::find(&source.path) {
        Ok(now) if now.state() == source.state() => {}
        _ => return Err(Failure::Changed(source.shown.clone())),
    }
    let (entry, label) = (entry.clone(), Label::of(source, remarks));
    let published = finished(spawn_blocking(move || making.publish(&entry, &part, &label)).await);
    published.map_err(|_| Failure::Error(ConnectorError::Cancelled))?.map_err(Failure::Folder)
}

/// What the first pass over a file has found.
enum Scan {
    Separated(csv::Scan),
    Json(json::Scan),
}

impl Scan {
    fn of(file: &TableFile, cancel: CancellationToken) -> Result<Self, Stop> {
        match file.format {
            Format::Separated => csv::scan(&file.path, cancel).map(Self::Separated),
            Format::Json => json::scan(&file.path, json::Layout::Document, cancel).map(Self::Json),
            Format::JsonLines => json::scan(&file.path, json::Layout::Lines, cancel).map(Self::Json),
        }
    }

    fn columns(&self) -> &[Planned] {
        match self {
            Self::Separated(scan) => &scan.columns,
            Self::Json(scan) => &scan.columns,
        }
    }

    fn remarks(&self) -> Vec<String> {
        match self {
            Self::Separated(scan) => scan.remarks.clone(),
            Self::Json(scan) => scan.remarks.clone(),
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Separated(scan) => scan.rows,
            Self::Json(scan) => scan.rows,
        }
    }

    fn rows(
        &self,
        path: &Path,
        cancel: CancellationToken,
        each: impl FnMut(&mut dyn Iterator<Item = Cell>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match self {
            Self::Separated(scan) => csv::rows(path, scan, cancel, each),
            Self::Json(scan) => json::rows(path, scan, cancel, each),
        }
    }
}

/// Makes the table of one file, and says what is worth saying about it.
async fn add(writer: &mut Writer, file: &TableFile, cancel: &CancellationToken) -> Result<Vec<String>, Stop> {
    let (looked_at, token) = (file.clone(), cancel.clone());
    let scan = finished(spawn_blocking(move || Scan::of(&looked_at, token)).await)??;
    let (columns, remarks, count) = (scan.columns().to_vec(), scan.remarks(), scan.count());
    let (send, batches) = mpsc::channel(WAITING);
    let (path, token) = (file.path.clone(), cancel.clone());
    let reading = spawn_blocking(move || {
        let mut sink = Sink::new(scan.columns().len(), send);
        scan.rows(&path, token, |cells| sink.row(cells))?;
        sink.flush()?;
        Ok(sink.total)
    });
    let written = writer.fill(&file.table, &columns, batches).await;
    // Where SQLite fails, the reader ends because nobody takes its batches; its own failure comes first otherwise.
    let read: Result<u64, Stop> = finished(reading.await).and_then(|read| read);
    match (written, read) {
        (Err(error), _) => Err(Stop::Refused(format!("its import cannot be written: {error}"))),
        (Ok(()), Err(stop)) => Err(stop),
        (Ok(()), Ok(total)) if total != count => Err(Stop::Changed),
        (Ok(()), Ok(_)) => Ok(remarks),
    }
}

/// What a thread has done; a panic there is one here, and a thread that never began was cancelled.
fn finished<T>(joined: Result<T, JoinError>) -> Result<T, Stop> {
    joined.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Stop::Cancelled,
    })
}

fn cut(mut remarks: Vec<String>) -> Vec<String> {
    if remarks.len() > MOST_REMARKS {
        let more = remarks.len() - (MOST_REMARKS - 1);
        remarks.truncate(MOST_REMARKS - 1);
        remarks.push(format!("and {more} more columns are not as they look"));
    }
    remarks
}
