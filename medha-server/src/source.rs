//! Which database is asked and what its tables mean: a file, a folder or a database of a server and a model, or the sample with its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medha_agents::analyst::{AnalystError, Rights};
use medha_agents::semantic::{self, ModelError, Problem, SemanticModel};
use medha_connectors::{ConnectionConfig, Connector, ConnectorError, PolicyError, Schema, Secret, sample};

use crate::chosen::{Chosen, asking, login};
use crate::cli::DatabaseArgs;
use crate::clock;
use crate::config::{Config, Limits};
use crate::data_dir::{DataDir, SampleState};
use crate::error::CommandError;

/// A database that can be asked, and what is worth saying about it first.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// What it is called when it is mentioned.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) place: ConnectionConfig,
    pub(crate) connector: Arc<dyn Connector>,
    /// What one statement may cost.
    pub(crate) limits: Limits,
    /// All of it, whoever asks.
    pub(crate) schema: Arc<Schema>,
    /// What whoever asks may read.
    pub(crate) rights: Option<Rights>,
    /// Who asks, as the audit record names them.
    pub(crate) user: String,
    /// Where statements are noted.
    pub(crate) audit: Option<String>,
    pub(crate) model: SemanticModel,
    /// For the user, a line each.
    pub(crate) remarks: Vec<String>,
}

/// Where the model of a database comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModelSource {
    /// This file.
    File(PathBuf),
    /// This text, which came with us.
    Text(&'static str),
    /// The tables alone.
    Inferred,
}

/// Why a database cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// It cannot be opened or described.
    #[error(transparent)]
    Database(#[from] ConnectorError),
    /// No analyst can be made for it.
    #[error(transparent)]
    Analyst(#[from] AnalystError),
    /// The policy does not fit it, or not whoever asks.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The policy shows nothing of it.
    #[error("the policy shows {user:?} nothing of {database:?}")]
    NothingShown {
        /// Who asks.
        user: String,
        /// Its path, or its address without secrets.
        database: String,
    },
    /// There is nothing in it.
    #[error("{database:?} has no tables, so there is nothing to ask about")]
    Empty {
        /// Its path, or its address without secrets.
        database: String,
    },
    /// The model's file cannot be read.
    #[error("cannot read the semantic model {path:?}: {source}")]
    ModelFile {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The model's file says something impossible.
    #[error("{path:?}: {source}")]
    Model {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        source: ModelError,
    },
}

const MOST_PROBLEMS: usize = 5;

impl Source {
    /// Opens what the command line and the configuration ask for; without a database, the sample.
    pub(crate) async fn open(args: &DatabaseArgs, config: &Config) -> Result<Self, CommandError> {
        let chosen = Chosen::from(args, config)?;
        let rights = chosen.rights(args, config)?;
        Self::open_with(chosen, rights, args, config).await
    }

    /// The same without a policy, for whoever writes one.
    pub(crate) async fn open_whole(args: &DatabaseArgs, config: &Config) -> Result<Self, CommandError> {
        Self::open_with(Chosen::from(args, config)?, None, args, config).await
    }

    async fn open_with(
        chosen: Chosen,
        rights: Option<Rights>,
        args: &DatabaseArgs,
        config: &Config,
    ) -> Result<Self, CommandError> {
        let user = asking(args, config)?.map(|user| user.id).or_else(login);
        let mut source = match chosen.place.clone() {
            Some(mut place) => {
                if let Some(driver) = &args.driver {
                    place = place.with_driver(driver.as_str());
                }
                let place = with_surroundings(place)?;
                let model = chosen
                    .model
                    .clone()
                    .or_else(|| place.file().and_then(model_beside))
                    .map_or(ModelSource::Inferred, ModelSource::File);
                Self::connect(&place, model, rights).await?
            }
            None => {
                let data = DataDir::choose(std::env::var_os("MEDHA_DATA_DIR"))?;
                let state = data.ensure_sample(clock::today()).await?;
                let path = data.sample_path();
                let model = chosen.model.clone().map_or(ModelSource::Text(sample::MODEL), ModelSource::File);
                let place = ConnectionConfig::new(path.to_string_lossy().into_owned());
                let mut source = Self::connect(&place, model, rights).await?;
                source.name = "the sample business".into();
                source.remarks.splice(0..0, sample_remark(&state, &path));
                source
            }
        };
        source.name = chosen.name.unwrap_or(source.name);
        source.user = user.unwrap_or(source.user);
        source.audit = chosen.audit;
        source.limits = chosen.limits;
        Ok(source)
    }

    /// Opens a database with a model. Under a policy the model is cut down to what whoever asks may know.
    pub(crate) async fn connect(
        place: &ConnectionConfig,
        model: ModelSource,
        rights: Option<Rights>,
    ) -> Result<Self, SourceError> {
        let connector = place.open().await?;
        let schema = Arc::new(connector.schema().await?);
        let database = place.shown();
        if schema.tables.is_empty() {
            return Err(SourceError::Empty { database });
        }
        let shown = match &rights {
            None => Arc::clone(&schema),
            Some(rights) => {
                let guard = rights.guard(&*connector, Arc::clone(&schema))?;
                if guard.shown().tables.is_empty() {
                    return Err(SourceError::NothingShown { user: rights.user.id.clone(), database });
                }
                Arc::clone(guard.shown())
            }
        };
        let cut = |model: SemanticModel| if rights.is_some() { model.within(&shown) } else { model };
        // What was mended in a file can name what this user may not see.
        let mut remarks = if rights.is_some() { Vec::new() } else { connector.remarks().to_vec() };
        let model = match model {
            ModelSource::Inferred => semantic::infer(&shown),
            ModelSource::File(file) => {
                let yaml = fs::read_to_string(&file)
                    .map_err(|source| SourceError::ModelFile { path: file.clone(), source })?;
                let read = semantic::ossie::read(&yaml);
                let model = read.map_err(|source| SourceError::Model { path: file.clone(), source })?;
                if rights.is_none() {
                    remarks.extend(misfit(&file, &model.check(&schema)));
                }
                let mut model = cut(model);
                model.observe(&shown);
                model
            }
            ModelSource::Text(yaml) => {
                let read = semantic::ossie::read(yaml);
                let mut model =
                    cut(read.map_err(|source| SourceError::Model { path: database.clone().into(), source })?);
                model.observe(&shown);
                model
            }
        };
        // The last part of a path, and of an address the database.
        let name = database.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(&database).to_owned();
        let user = rights.as_ref().map_or_else(|| "unknown".to_owned(), |rights| rights.user.id.clone());
        let place = place.clone();
        let limits = Limits::default();
        Ok(Self { name, place, connector, limits, schema, rights, user, audit: None, model, remarks })
    }
}

/// Gives an address what only this program can: a folder for what a file is imported to, and the environment, whose
/// variables an `mcp.json` may name.
pub(crate) fn with_surroundings(mut place: ConnectionConfig) -> Result<ConnectionConfig, CommandError> {
    if place.file().is_some() {
        place.cache_folder = Some(DataDir::choose_cache(std::env::var_os("MEDHA_DATA_DIR"))?);
    }
    Ok(place.with_variables(environment()))
}

/// The variables of the environment that are text.
fn environment() -> impl Iterator<Item = (String, Secret)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?.into())))
}

fn model_beside(database: &Path) -> Option<PathBuf> {
    let path = database.with_extension("ossie.yaml");
    path.is_file().then_some(path)
}

fn sample_remark(state: &SampleState, path: &Path) -> Option<String> {
    match state {
        SampleState::Ready => None,
        SampleState::Made { end_date } => {
            Some(format!("Made a sample business of three years up to {end_date} in {}", path.display()))
        }
        SampleState::Renewed { end_date, before } => {
            Some(format!("Made the sample business anew up to {end_date}; the one before ended on {before}"))
        }
        SampleState::Aged { end_date, reason } => {
            Some(format!("The sample business ends on {end_date} and could not be made anew: {reason}"))
        }
    }
}

/// What is said of a model that does not fit. The analyst mends what it can, so this is no error.
fn misfit(file: &Path, problems: &[Problem]) -> Vec<String> {
    let Some(rest) = problems.len().checked_sub(MOST_PROBLEMS) else {
        return problems.iter().map(|problem| format!("{}: {problem}", file.display())).collect();
    };
    let mut lines = misfit(file, &problems[..MOST_PROBLEMS - 1]);
    lines.push(format!("{}: and {} more places that do not fit the database", file.display(), rest + 1));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[tokio::test]
    async fn the_model_of_the_sample_fits_it_in_every_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.sqlite");
        sample::generate(&path, 7, date(2025, 6, 30)).await.unwrap();
        let model = ModelSource::File(model_beside(&path).unwrap());
        let place = ConnectionConfig::new(path.to_str().unwrap());
        let source = Source::connect(&place, model, None).await.unwrap();
        assert_eq!(source.remarks, Vec::<String>::new());
        assert_eq!(source.name, "sample.sqlite");
        assert!(source.model.metric("revenue").is_some_and(|metric| metric.filter.is_some()));
    }

    #[test]
    fn many_problems_are_counted() {
        let problems: Vec<Problem> =
            (0..9).map(|number| Problem { at: String::new(), message: number.to_string() }).collect();
        let lines = misfit(Path::new("m"), &problems);
        assert_eq!(
            lines,
            ["m: 0", "m: 1", "m: 2", "m: 3", "m: and 5 more places that do not fit the database"]
        );
        assert_eq!(misfit(Path::new("m"), &problems[..2]), ["m: 0", "m: 1"]);
    }
}
