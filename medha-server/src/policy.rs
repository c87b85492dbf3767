//! `medha policy`: whether a policy fits, and what it means for a user and a column.

use std::sync::Arc;

use medha_agents::analyst::Rights;
use medha_connectors::{Policy, PolicyProblem, User};

use crate::chosen::{ChoiceError, Chosen, asking, policy};
use crate::cli::{DatabaseArgs, PolicyCheckArgs, PolicyWhyArgs};
use crate::config::{self, Config};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::source::Source;
use crate::terminal::{print, tell};

/// Validates a policy against a database, and against every user that is configured. All problems are told.
pub(crate) async fn check(args: &PolicyCheckArgs) -> Result<Exit, CommandError> {
    let config = config::load(args.database.config.as_deref())?;
    let chosen = Chosen::from(&args.database, &config)?;
    let path = args.file.clone().or_else(|| chosen.policy.clone()).ok_or(ChoiceError::NoPolicy)?;
    let policy = policy(&path)?;
    let whole = whole(&args.database, &config).await?;
    let mut problems = problems(&policy, &whole, None);
    if problems.is_empty() {
        let users: Vec<User> = match asking(&args.database, &config)? {
            Some(user) if args.database.user.is_some() => vec![user],
            _ => config.users.values().cloned().collect(),
        };
        for user in &users {
            let of_user = self::problems(&policy, &whole, Some(user));
            let new = of_user.into_iter().filter(|problem| !problems.contains(problem));
            problems.extend(new.collect::<Vec<_>>());
        }
    }
    for problem in &problems {
        tell(&format!("{}: {problem}", path.display()));
    }
    if !problems.is_empty() {
        return Ok(Exit::Failed);
    }
    let tables = policy.tables.len();
    let text = format!(
        "{}: fits {}; it has rules for {tables} {}\n",
        path.display(),
        whole.name,
        if tables == 1 { "table" } else { "tables" }
    );
    print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

/// Says how the user can read a column, and because of which rules.
pub(crate) async fn why(args: &PolicyWhyArgs) -> Result<Exit, CommandError> {
    let config = config::load(args.database.config.as_deref())?;
    let chosen = Chosen::from(&args.database, &config)?;
    let rights = chosen.rights(&args.database, &config)?.ok_or(ChoiceError::NoPolicy)?;
    let whole = whole(&args.database, &config).await?;
    let why = rights.policy.why(&rights.user, &whole.schema, &args.column)?;
    print(&format!("{}: {why}\n", rights.user.id)).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

/// The database as it is, whoever asks: a policy is looked at by whoever writes it.
async fn whole(args: &DatabaseArgs, config: &Config) -> Result<Source, CommandError> {
    Source::open_whole(args, config).await
}

fn problems(policy: &Policy, whole: &Source, user: Option<&User>) -> Vec<PolicyProblem> {
    let found = match user {
        None => policy.validate(&whole.schema, whole.connector.dialect()),
        Some(user) => {
            let rights = Rights { policy: Arc::new(policy.clone()), user: user.clone() };
            rights.guard(&*whole.connector, Arc::clone(&whole.schema)).map(drop)
        }
    };
    found.err().map(|error| error.problems).unwrap_or_default()
}
