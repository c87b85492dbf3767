//! Which files make a database: one, or those of a folder; what each is and when it was written.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::names::Names;
use crate::error::ConnectorError;

/// Counts up when the same file would be imported differently, so that imports of an older program are made anew.
const IMPORTER: u32 = 1;

/// How a file is written, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `.csv`, `.tsv`: text with separators.
    Separated,
    /// `.json`: an array of objects, or objects one after another.
    Json,
    /// `.jsonl`, `.ndjson`: one object a line.
    JsonLines,
}

impl Format {
    /// The format of a file, if it is one of ours.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" | "tsv" => Some(Self::Separated),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// A file that becomes a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableFile {
    pub(super) path: PathBuf,
    /// Its path as it was given, for errors.
    pub(super) shown: String,
    pub(super) format: Format,
    pub(super) table: String,
    stamp: Stamp,
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    /// Nanoseconds since 1970.
    written: i128,
}

/// The files of a database, as they were when they were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Absolute, without links, so that one file has one import whatever it is called.
    pub(super) path: PathBuf,
    pub(super) shown: String,
    pub(super) tables: Vec<TableFile>,
    pub(super) is_folder: bool,
    pub(super) remarks: Vec<String>,
}

impl Source {
    /// Looks at what is there.
    pub(super) fn find(given: &Path) -> Result<Self, ConnectorError> {
        let shown = given.display().to_string();
        let refuse = |reason: String| ConnectorError::Open { database: shown.clone(), reason };
        let path = fs::canonicalize(given).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => refuse("there is no such file; check the path".to_owned()),
            _ => refuse(error.to_string()),
        })?;
        let metadata = fs::metadata(&path).map_err(|error| refuse(error.to_string()))?;
        let mut source = Self {
            path,
            shown: shown.clone(),
            tables: Vec::new(),
            is_folder: metadata.is_dir(),
            remarks: Vec::new(),
        };
        let mut names = Names::default();
        if source.is_folder {
            source.add_all(given, &mut names).map_err(|error| refuse(error.to_string()))?;
            if source.tables.is_empty() {
                let reason = "there is no .csv, .tsv, .json, .jsonl or .ndjson file in the folder";
                return Err(refuse(reason.to_owned()));
            }
        } else if let Some(format) = Format::of(given) {
            if !metadata.is_file() {
                return Err(refuse("it is not a regular file; save what it gives as one".to_owned()));
            }
            source.add(given, format, &metadata, &mut names);
        } else {
            return Err(refuse("it does not end in .csv, .tsv, .json, .jsonl or .ndjson".to_owned()));
        }
        Ok(source)
    }

    fn add_all(&mut self, folder: &Path, names: &mut Names) -> std::io::Result<()> {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        entries.sort();
        let mut others = Vec::new();
        for path in entries {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default().to_owned();
            // A hidden file, and a model of what the tables mean, are nobody's table.
            if name.starts_with('.') || name.ends_with(".ossie.yaml") {
                continue;
            }
            match (Format::of(&path), fs::metadata(&path)?) {
                (Some(format), metadata) if metadata.is_file() => self.add(&path, format, &metadata, names),
                _ => others.push(name),
            }
        }
        if !others.is_empty() {
            self.remarks.push(format!("left out of {}: {}", self.shown, listed(&others)));
        }
        Ok(())
    }

    fn add(&mut self, given: &Path, format: Format, metadata: &Metadata, names: &mut Names) {
        let stem = given.file_stem().unwrap_or_default().to_string_lossy();
        let path = match given.file_name() {
            Some(name) if self.is_folder => self.path.join(name),
            _ => self.path.clone(),
        };
        let shown = given.display().to_string();
        let table = names.take(&stem, "data");
        self.tables.push(TableFile { path, shown, format, table, stamp: Stamp::of(metadata) });
    }

    /// What all imports of this path have in common.
    pub(super) fn place(&self) -> String {
        hashed(&[self.path.as_os_str().as_encoded_bytes()])
    }

    /// What tells this state of the files from others.
    pub(super) fn state(&self) -> String {
        let mut parts = vec![IMPORTER.to_le_bytes().to_vec()];
        for table in &self.tables {
            parts.push(table.path.as_os_str().as_encoded_bytes().to_vec());
            parts.push(table.stamp.bytes.to_le_bytes().to_vec());
            parts.push(table.stamp.written.to_le_bytes().to_vec());
        }
        hashed(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let written = metadata.modified().ok();
        let after = written.and_then(|written| written.duration_since(UNIX_EPOCH).ok());
        let before = written.and_then(|written| UNIX_EPOCH.duration_since(written).ok());
        let nanoseconds = |time: std::time::Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
        let written = match (after, before) {
            (Some(after), _) => nanoseconds(after),
            (None, before) => before.map_or(0, |before| -nanoseconds(before)),
        };
        Self { bytes: metadata.len(), written }
    }
}

fn hashed(parts: &[&[u8]]) -> String {
    const BYTES: usize = 12;
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect()
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = names.iter().take(SHOWN).cloned().collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    shown.join(", ")
}
