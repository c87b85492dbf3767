//! The folder of imports: one for each state of a source, made by one process at a time, kept while somebody asks it.
//!
//! Beside each import is a file with its label that serves as lock: whoever asks the import holds it shared, whoever makes
//! or removes it holds it alone. The lock ends with the process, whatever ends that, so what is half-made and not locked
//! was abandoned.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::source::Source;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// Where the import of a source in its state is, or will be.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) database: PathBuf,
    /// Its name while it is made.
    pub(super) part: PathBuf,
    label: PathBuf,
}

/// What is known of an import besides its tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    source: PathBuf,
    state: String,
    pub(super) remarks: Vec<String>,
}

/// Keeps an import from being removed.
#[derive(Debug)]
pub(super) struct Hold {
    #[allow(dead_code, reason = "what it does is to be open: the lock lasts as long")]
    label: File,
}

/// The right to make an import.
#[derive(Debug)]
pub(super) struct Making {
    label: File,
}

/// What can be done about an import now.
#[derive(Debug)]
pub(super) enum Claim {
    /// It is there.
    Ready(Hold, Label),
    /// It is ours to make.
    Missing(Making),
    /// Somebody else is making it.
    Busy,
}

impl Label {
    pub(super) fn of(source: &Source, remarks: Vec<String>) -> Self {
        Self { source: source.path.clone(), state: source.state(), remarks }
    }

    /// Whether what was imported is still there and still the same.
    fn is_current(&self) -> bool {
        Source::find(&self.source).is_ok_and(|source| source.state() == self.state)
    }
}

impl Cache {
    /// Makes the folder if it is not there, for nobody but its owner.
    pub(super) fn at(folder: &Path) -> io::Result<Self> {
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent)?;
        }
        match private_folder(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => make_private(folder)?,
        }
        Ok(Self { folder: folder.to_owned() })
    }

    pub(super) fn entry(&self, source: &Source) -> Entry {
        Entry::named(&self.folder, &format!("{}-{}", source.place(), source.state()))
    }

    /// Removes the imports of files that have changed or are gone, and what killed processes have left, unless somebody
    /// asks or makes it.
    pub(super) fn tidy(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            if let Some(stem) = stem.filter(|_| path.extension().is_some_and(|end| end == LABEL)) {
                // What cannot be removed now does no harm and can be removed another time.
                let _ = Entry::named(&self.folder, &stem).remove_if_stale();
            }
        }
    }
}

const DATABASE: &str = "sqlite";
const PART: &str = "part";
const LABEL: &str = "label";

impl Entry {
    fn named(folder: &Path, stem: &str) -> Self {
        let path = |end: &str| folder.join(format!("{stem}.{end}"));
        Self { database: path(DATABASE), part: path(PART), label: path(LABEL) }
    }

    /// Finds out whether the import is there, and if not, whether we are to make it.
    pub(super) fn claim(&self) -> io::Result<Claim> {
        loop {
            let mut label = private_file(&self.label)?;
            match label.try_lock_shared() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Claim::Busy),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if !is_at(&label, &self.label) {
                continue;
            }
            if let Some(known) = self.read_label(&mut label) {
                return Ok(Claim::Ready(Hold { label }, known));
            }
            label.unlock()?;
            match label.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Claim::Busy),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Somebody else may have been faster, or may have tidied up.
            if is_at(&label, &self.label) && self.read_label(&mut label).is_none() {
                return Ok(Claim::Missing(Making { label }));
            }
        }
    }

    /// The label of an import that is there.
    fn read_label(&self, label: &mut File) -> Option<Label> {
        let mut text = String::new();
        label.rewind().and_then(|()| label.read_to_string(&mut text)).ok()?;
        serde_json::from_str(&text).ok().filter(|_| self.database.is_file())
    }

    /// Makes an empty file for the import, for nobody but its owner.
    pub(super) fn new_part(&self) -> io::Result<Part> {
        match fs::remove_file(&self.part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        private_file(&self.part)?;
        Ok(Part(self.part.clone()))
    }

    fn remove_if_stale(&self) -> io::Result<()> {
        let mut label = private_file(&self.label)?;
        if label.try_lock().is_err() || !is_at(&label, &self.label) {
            return Ok(());
        }
        if self.read_label(&mut label).is_some_and(|label| label.is_current()) {
            return Ok(());
        }
        for path in [&self.part, &self.database, &self.label] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Making {
    /// Makes an import durable and gives it its name. It is there or not: a crash leaves nothing in between.
    pub(super) fn publish(mut self, entry: &Entry, part: &Part, label: &Label) -> io::Result<()> {
        let text = serde_json::to_string(label).map_err(io::Error::other)?;
        self.label.rewind()?;
        self.label.set_len(0)?;
        self.label.write_all(text.as_bytes())?;
        self.label.sync_all()?;
        File::open(&part.0)?.sync_all()?;
        fs::rename(&part.0, &entry.database)?;
        // The new name is durable once its folder is; systems that cannot open a folder have no need of it.
        if let Some(Ok(folder)) = entry.database.parent().map(File::open) {
            folder.sync_all()?;
        }
        Ok(())
    }
}

/// A file under construction, removed again unless it was published.
#[derive(Debug)]
pub(super) struct Part(pub(super) PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After it got its name there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// A folder that was there may have been made with less care.
#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a file, made for nobody but its owner if it is not there.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether the file we have open is still the one of this name: another process may have removed it meanwhile.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(open), Ok(named)) if identity(&open) == identity(&named))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
