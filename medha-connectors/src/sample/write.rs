//! Writes the sample to a file, whole or not at all.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io, process};

use jiff::civil::Date;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::business::Business;
use super::stamp::{APPLICATION_ID, user_version};
use super::tables::{Cell, INDEXES, Rows, TABLES, rows};
use super::{MODEL, facts};

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// The database.
    pub database: PathBuf,
    /// Its semantic model, beside it.
    pub model: PathBuf,
    /// The first day of business in it.
    pub first_date: Date,
    /// The last day of business in it.
    pub end_date: Date,
    /// How many rows its tables have together.
    pub rows: usize,
}

/// Why no sample was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The last day is too near to an end of the calendar.
    #[error("a sample cannot end on {end_date}; choose a day between the years 1000 and 9000")]
    EndDate {
        /// The last day that was asked for.
        end_date: Date,
    },
    /// A file could not be written.
    #[error("cannot write {path:?}: {source}; choose another folder or make room")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database could not be filled.
    #[error("cannot fill {path:?}: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
}

/// Writes the sample database to `path`, and its semantic model beside it as `<stem>.ossie.yaml`.
///
/// The same `seed` and `end_date` give the same bytes. What stood at `path` is replaced in one step when everything is
/// written and on the disk: whoever reads at the same time sees the old file or the new one, and a crash leaves neither
/// half-made, at worst a file that ends in `.part` beside it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use jiff::civil::date;
/// use medha_connectors::sample;
///
/// let folder = tempfile::tempdir().unwrap();
/// let made = sample::generate(&folder.path().join("sample.sqlite"), 7, date(2025, 6, 30)).await.unwrap();
/// assert!(made.rows > 190_000);
/// assert_eq!(made.first_date, date(2022, 7, 1));
/// # });
/// ```
///
/// # Errors
/// If the folder cannot be written to, or the day is at the edge of the calendar.
pub async fn generate(path: &Path, seed: u64, end_date: Date) -> Result<Sample, SampleError> {
    if !(1000..=9000).contains(&end_date.year()) {
        return Err(SampleError::EndDate { end_date });
    }
    let model = path.with_extension("ossie.yaml");
    let business = Business::new(seed, end_date);
    put(&model, |part| fs::write(part, MODEL)).map_err(|source| file_error(&model, source))?;

    let part = Part::beside(path);
    fill(&part.0, &business, end_date)
        .await
        .map_err(|source| SampleError::Database { path: path.to_owned(), source })?;
    part.move_to(path).map_err(|source| file_error(path, source))?;
    Ok(Sample {
        database: path.to_owned(),
        model,
        first_date: facts::first_day(end_date),
        end_date,
        rows: business.rows(),
    })
}

/// How many rows one statement inserts: enough that its cost does not show, few enough for SQLite's parameter limit.
const ROWS_PER_STATEMENT: usize = 500;

async fn fill(path: &Path, business: &Business, end_date: Date) -> Result<(), sqlx::Error> {
    // A crash only costs the unfinished file, so nothing is journalled; the page size is pinned for equal bytes.
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(4096)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .locking_mode(SqliteLockingMode::Exclusive)
        .foreign_keys(false)
        .pragma("application_id", APPLICATION_ID.to_string())
        .pragma("user_version", user_version(end_date).to_string())
        .disable_statement_logging()
        .connect()
        .await?;
    let mut transaction = connection.begin().await?;
    for table in TABLES {
        sqlx::query(table).execute(&mut *transaction).await?;
    }
    for rows in rows(business, end_date) {
        insert(&mut transaction, rows).await?;
    }
    for index in INDEXES {
        sqlx::query(index).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    connection.close().await
}

async fn insert(connection: &mut SqliteConnection, rows: Rows) -> Result<(), sqlx::Error> {
    let per_statement = ROWS_PER_STATEMENT * rows.columns;
    let mut cells = rows.cells.into_iter();
    while cells.len() > 0 {
        let batch = cells.len().min(per_statement);
        let sql = insert_sql(rows.table, rows.columns, batch / rows.columns);
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for cell in cells.by_ref().take(batch) {
            query = match cell {
                Cell::Integer(number) => query.bind(number),
                Cell::Number(number) => query.bind(number),
                Cell::Text(text) => query.bind(text),
                Cell::Null => query.bind(None::<i64>),
            };
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

fn insert_sql(table: &str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    format!("INSERT INTO {table} VALUES {}", vec![row.as_str(); rows].join(","))
}

/// A file under construction, removed again unless it is moved to where it belongs.
struct Part(PathBuf);

impl Part {
    /// A name of its own beside `path`, hidden, for this process and call alone.
    fn beside(path: &Path) -> Self {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}-{}.part", process::id(), CALLS.fetch_add(1, Ordering::Relaxed)));
        Self(path.with_file_name(name))
    }

    /// Makes it durable and gives it its name.
    fn move_to(self, path: &Path) -> io::Result<()> {
        fs::File::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, path)?;
        // The new name is durable once its folder is; systems that cannot open a folder have no need of it.
        if let Ok(folder) =
            fs::File::open(path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")))
        {
            folder.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}

fn put(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let part = Part::beside(path);
    write(&part.0)?;
    part.move_to(path)
}

fn file_error(path: &Path, source: io::Error) -> SampleError {
    SampleError::File { path: path.to_owned(), source }
}
