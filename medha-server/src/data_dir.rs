//! Where our own files live, and the sample database among them: made on first use, made anew when it has aged.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use jiff::ToSpan as _;
use jiff::civil::Date;
use medha_connectors::sample::{self, SampleError, Stamp};

/// The folder for our own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataDir(PathBuf);

/// What was done about the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SampleState {
    /// It was there and young enough.
    Ready,
    /// It was made for the first time.
    Made {
        /// Its last day.
        end_date: Date,
    },
    /// It was too old, or of an older form, and was made anew.
    Renewed {
        /// Its last day.
        end_date: Date,
        /// The last day of the one before.
        before: Date,
    },
    /// It is too old but could not be made anew, so the old one is used.
    Aged {
        /// Its last day.
        end_date: Date,
        /// Why it could not be made anew.
        reason: String,
    },
}

/// Why there is no folder or no sample.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// The platform names no folder.
    #[error("cannot find a folder for our own files: {0}; set MEDHA_DATA_DIR")]
    NoHome(#[source] etcetera::HomeDirError),
    /// The folder cannot be used.
    #[error("cannot use the folder {path:?}: {source}; set MEDHA_DATA_DIR to one that can be written to")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The sample could not be made.
    #[error("cannot make the sample database: {0}")]
    Sample(#[from] SampleError),
}

/// The seed of everybody's sample, so that people see the same figures on the same day.
const SEED: u64 = 2_025;
const SAMPLE: &str = "sample.sqlite";
const IMPORTS: &str = "imports";
/// A sample is made anew when it ends this many days before yesterday.
const DAYS_UNTIL_AGED: i32 = 7;

impl DataDir {
    /// Takes the folder of `MEDHA_DATA_DIR`, else the platform's data folder.
    pub(crate) fn choose(from_environment: Option<OsString>) -> Result<Self, DataDirError> {
        if let Some(folder) = from_environment.filter(|folder| !folder.is_empty()) {
            return Ok(Self(folder.into()));
        }
        let platform = etcetera::base_strategy::choose_native_strategy().map_err(DataDirError::NoHome)?;
        Ok(Self(platform.data_dir().join("agentmedha")))
    }

    /// The folder for what can be made again, such as imports of files: in the folder of `MEDHA_DATA_DIR`, else in the
    /// platform's cache folder.
    pub(crate) fn choose_cache(from_environment: Option<OsString>) -> Result<PathBuf, DataDirError> {
        if let Some(folder) = from_environment.filter(|folder| !folder.is_empty()) {
            return Ok(PathBuf::from(folder).join(IMPORTS));
        }
        let platform = etcetera::base_strategy::choose_native_strategy().map_err(DataDirError::NoHome)?;
        Ok(platform.cache_dir().join("agentmedha").join(IMPORTS))
    }

    /// Where the sample database is, or will be.
    pub(crate) fn sample_path(&self) -> PathBuf {
        self.0.join(SAMPLE)
    }

    /// Makes sure that there is a sample that ends yesterday or less than a week before; `today` comes from the caller's clock.
    ///
    /// Two first runs at once are fine: the second waits for the first and finds its work.
    pub(crate) async fn ensure_sample(&self, today: Date) -> Result<SampleState, DataDirError> {
        let path = self.sample_path();
        if let Some(stamp) = read_stamp(&path)
            && is_young(stamp, today)
        {
            return Ok(SampleState::Ready);
        }
        let lock = match self.lock() {
            Ok(lock) => lock,
            Err(error) => return fall_back(&path, error),
        };
        // Somebody else may have made it while we waited for the lock.
        let before = read_stamp(&path);
        if before.is_some_and(|stamp| is_young(stamp, today)) {
            return Ok(SampleState::Ready);
        }
        self.remove_leftovers();
        let end_date = today - 1.day();
        let made = sample::generate(&path, SEED, end_date).await;
        drop(lock);
        match (made, before) {
            (Ok(_), None) => Ok(SampleState::Made { end_date }),
            (Ok(_), Some(before)) => Ok(SampleState::Renewed { end_date, before: before.end_date }),
            (Err(error), _) => fall_back(&path, error.into()),
        }
    }

    /// Waits until no other process makes a sample here. The lock ends with its holder, whatever ends that.
    fn lock(&self) -> Result<File, DataDirError> {
        let refused = |source| DataDirError::Folder { path: self.0.clone(), source };
        fs::create_dir_all(&self.0).map_err(refused)?;
        let lock = File::create(self.0.join("sample.lock")).map_err(refused)?;
        lock.lock().map_err(refused)?;
        Ok(lock)
    }

    /// Removes what killed processes left half-made; the lock says that nobody is making anything.
    fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(".sample.") && name.ends_with(".part") {
                // What cannot be removed does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// An old sample is better than none.
fn fall_back(path: &Path, error: DataDirError) -> Result<SampleState, DataDirError> {
    match read_stamp(path) {
        Some(stamp) if stamp.is_current => {
            Ok(SampleState::Aged { end_date: stamp.end_date, reason: error.to_string() })
        }
        _ => Err(error),
    }
}

fn read_stamp(path: &Path) -> Option<Stamp> {
    // A file that cannot be read is no sample; making one says why it cannot be written.
    sample::stamp(path).ok().flatten()
}

/// One that ends after yesterday was made under a wrong clock and is no better than an old one.
fn is_young(stamp: Stamp, today: Date) -> bool {
    let yesterday = today - 1.day();
    let age = (yesterday - stamp.end_date).get_days();
    stamp.is_current && (0..=DAYS_UNTIL_AGED).contains(&age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[tokio::test]
    async fn the_sample_is_made_once_kept_for_a_week_and_then_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir(folder.path().join("new/folder"));
        let today = date(2025, 7, 1);
        let yesterday = date(2025, 6, 30);

        let first = data.ensure_sample(today).await.unwrap();
        assert_eq!(first, SampleState::Made { end_date: yesterday });
        fs::write(data.0.join(".sample.sqlite.1-1.part"), "half").unwrap();
        assert_eq!(data.ensure_sample(today + 7.days()).await.unwrap(), SampleState::Ready);
        let renewed = data.ensure_sample(today + 8.days()).await.unwrap();
        assert_eq!(renewed, SampleState::Renewed { end_date: date(2025, 7, 8), before: yesterday });
        assert!(!data.0.join(".sample.sqlite.1-1.part").exists());

        // A clock that was wrong once does not freeze the sample in the future.
        let again = data.ensure_sample(today).await.unwrap();
        assert_eq!(again, SampleState::Renewed { end_date: yesterday, before: date(2025, 7, 8) });
    }

    #[tokio::test]
    async fn two_first_runs_at_once_both_find_a_whole_sample() {
        let folder = tempfile::tempdir().unwrap();
        let run = |path: PathBuf| {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(DataDir(path).ensure_sample(date(2025, 7, 1))).unwrap()
            })
        };
        let both = [run(folder.path().to_owned()), run(folder.path().to_owned())];
        let mut states = both.map(|thread| thread.join().unwrap());
        states.sort_by_key(|state| *state == SampleState::Ready);
        assert_eq!(states, [SampleState::Made { end_date: date(2025, 6, 30) }, SampleState::Ready]);
    }

    #[test]
    fn an_environment_variable_names_the_folder_and_an_empty_one_does_not() {
        assert_eq!(DataDir::choose(Some("/some/where".into())).unwrap(), DataDir("/some/where".into()));
        let platform = DataDir::choose(Some(OsString::new())).unwrap();
        assert!(platform.0.ends_with("agentmedha"), "{platform:?}");
        assert_eq!(
            DataDir::choose_cache(Some("/some/where".into())).unwrap(),
            Path::new("/some/where/imports")
        );
        assert!(DataDir::choose_cache(None).unwrap().ends_with("agentmedha/imports"));
    }
}
