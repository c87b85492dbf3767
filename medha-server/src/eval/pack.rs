//! A pack: a folder with questions, databases and semantic models.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use medha_connectors::{ConnectionConfig, Secret};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::clock::parse_moment;
use crate::source::ModelSource;

/// A folder with `questions.jsonl`, `db/<name>.sqlite` and `semantic/<name>.ossie.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pack {
    folder: PathBuf,
    models: Models,
    /// Where the databases are, with `{db}` for the name; in the folder if it is not said.
    databases: Option<Secret>,
}

/// Which models are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Models {
    /// Those of the pack, where it has one.
    OfPack,
    /// None: all are inferred.
    Inferred,
}

/// A question of a pack. Of what else stands there (the expected SQL, its rows) nothing is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct PackQuestion {
    pub(crate) id: String,
    pub(crate) db: String,
    pub(crate) question: String,
    #[serde(default)]
    pub(crate) instructions: Option<String>,
    /// The moment "today" is taken from.
    #[serde(default, deserialize_with = "moment")]
    pub(crate) now: Option<DateTime>,
    /// The dialog it belongs to.
    #[serde(default)]
    pub(crate) dialog: Option<String>,
    /// Its place in the dialog, from 1.
    #[serde(default)]
    pub(crate) turn: Option<u32>,
    /// The questions before it, oldest first.
    #[serde(default)]
    pub(crate) history: Vec<String>,
}

/// Why a pack cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    /// A file cannot be read.
    #[error(
        "cannot read {path:?}: {source}; a pack is a folder with questions.jsonl and db/*.sqlite, and the guard's is one with \
         must_block.jsonl and must_allow.jsonl, contexts.json above it"
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not what the file should hold.
    #[error("{path:?}, line {line}: {reason}")]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The predictions cannot be written.
    #[error("cannot write {path:?}: {source}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Pack {
    pub(crate) fn new(folder: PathBuf, models: Models) -> Self {
        Self { folder, models, databases: None }
    }

    /// Looks for the databases at this address.
    #[must_use]
    pub(crate) fn with_databases(mut self, databases: Option<Secret>) -> Self {
        self.databases = databases;
        self
    }

    /// Reads the questions of a file in the folder, in order.
    pub(crate) fn questions(&self, file: &Path) -> Result<Vec<PackQuestion>, PackError> {
        let path = self.folder.join(file);
        read_lines(&path)
    }

    /// Where a database is.
    pub(crate) fn database(&self, name: &str) -> ConnectionConfig {
        match &self.databases {
            Some(databases) => ConnectionConfig::new(databases.expose().replace("{db}", name)),
            None => {
                let path = self.folder.join("db").join(format!("{name}.sqlite"));
                ConnectionConfig::new(path.to_string_lossy().into_owned())
            }
        }
    }

    /// The model of a database.
    pub(crate) fn model(&self, name: &str) -> ModelSource {
        let path = self.folder.join("semantic").join(format!("{name}.ossie.yaml"));
        match self.models {
            Models::OfPack if path.is_file() => ModelSource::File(path),
            Models::OfPack | Models::Inferred => ModelSource::Inferred,
        }
    }
}

/// Reads a file of one JSON value a line.
pub(super) fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, PackError> {
    let text =
        fs::read_to_string(path).map_err(|source| PackError::Read { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| PackError::Line {
                path: path.to_owned(),
                line: index + 1,
                reason: error.to_string(),
            })
        })
        .collect()
}

fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse_moment(&text)).transpose().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn questions_are_read_in_order_and_a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let pack = Pack::new(folder.path().to_owned(), Models::OfPack);
        let first = r#"{"id": "a", "db": "shop", "question": "how many?", "now": "2025-06-30 12:00:00", "gold_sql": "x"}"#;
        let second =
            r#"{"id": "b", "db": "shop", "question": "and now?", "history": ["how many?"], "turn": 2}"#;
        fs::write(folder.path().join("good.jsonl"), format!("{first}\n\n{second}\n")).unwrap();
        let read = pack.questions(Path::new("good.jsonl")).unwrap();
        assert_eq!(read[0].now, Some(date(2025, 6, 30).at(12, 0, 0, 0)));
        assert_eq!((read[1].id.as_str(), read[1].history.len(), read[1].turn), ("b", 1, Some(2)));

        fs::write(folder.path().join("bad.jsonl"), format!("{first}\n{{\"id\": 1}}\n")).unwrap();
        let error = pack.questions(Path::new("bad.jsonl")).unwrap_err().to_string();
        assert!(error.contains("bad.jsonl\", line 2: invalid type: integer `1`"), "{error}");
    }

    #[test]
    fn databases_are_in_the_folder_unless_an_address_is_given() {
        let pack = Pack::new(PathBuf::from("/pack"), Models::OfPack);
        assert_eq!(pack.database("shop").shown(), "/pack/db/shop.sqlite");
        let pack = pack.with_databases(Some("postgres://me:hunter2@host/eval_{db}".into()));
        assert_eq!(pack.database("shop").shown(), "postgres://host/eval_shop");
    }

    #[test]
    fn models_are_used_only_where_they_are_and_are_wanted() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("semantic")).unwrap();
        let path = folder.path().join("semantic/shop.ossie.yaml");
        fs::write(&path, "").unwrap();
        let with = Pack::new(folder.path().to_owned(), Models::OfPack);
        let without = Pack::new(folder.path().to_owned(), Models::Inferred);
        assert_eq!(with.model("shop"), ModelSource::File(path));
        assert_eq!(with.model("other"), ModelSource::Inferred);
        assert_eq!(without.model("shop"), ModelSource::Inferred);
    }
}
