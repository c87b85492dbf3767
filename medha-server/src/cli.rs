//! The command line: what can be asked for, and which command does it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use jiff::civil::DateTime;
use medha_connectors::Secret;
use medha_connectors::audit::Seal;

use crate::clock::parse_moment;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::format::Format;
use crate::render::answer::Charts;
use crate::terminal::{Terminal, is_closed, tell};
use crate::{ask, audit, connections, eval, graph, policy, schema, serve, sql};

/// Ask a database a question in plain words.
#[derive(Debug, Parser)]
#[command(name = "medha", version, arg_required_else_help = true, after_help = HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer a question
    #[command(after_help = ASK_HELP)]
    Ask(AskArgs),
    /// Run a statement under the guard
    #[command(after_help = SQL_HELP)]
    Sql(SqlArgs),
    /// Show the tables, columns and keys of a database
    Schema(SchemaArgs),
    /// Show the connections of the configuration and how they are
    Connections(ConnectionsArgs),
    /// Answer questions over HTTP
    Serve(ServeArgs),
    /// Look at a policy: who may read what
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Print the analyst's workflow as a Mermaid diagram
    Graph,
    /// Answer the questions of an evaluation pack, or let the guard decide its statements
    Eval(EvalArgs),
    /// Look at a record of statements
    #[command(subcommand)]
    Audit(AuditCommand),
}

const HELP: &str = "\
Settings come from flags, else variables of the environment, else the configuration file medha.yaml, else defaults;
medha-server/docs/configuration.md lists them all.";

const SQL_HELP: &str = "\
Exit codes: 0 it ran, 1 it failed, 2 wrong usage, 4 the guard or the policy refused it, 130 interrupted.";

/// Where the server listens if nothing says where.
pub(crate) const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8008);

const ASK_HELP: &str = "\
Exit codes: 0 answered, 1 failed, 2 wrong usage, 3 not understood or somebody has to choose, 4 refused, 130 interrupted.
Without -d the sample business is asked; it is kept in MEDHA_DATA_DIR (default: the platform's data folder).
A CSV, TSV, JSON or JSONL file is imported once for each of its states, into MEDHA_DATA_DIR/imports (default: the platform's
cache folder); nobody but you can read it.";

/// `medha ask`.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// The question; `-` reads it from standard input
    #[arg(required = true, value_name = "QUESTION")]
    pub(crate) question: Vec<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// How the answer is written
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Show the plan in words and the SQL
    #[arg(long)]
    pub(crate) explain: bool,
    /// Write the SQL and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The moment "today" is taken from, as 2025-06-30 or 2025-06-30T12:00
    #[arg(long, value_name = "DATE", value_parser = parse_moment)]
    pub(crate) now: Option<DateTime>,
    /// Read at most this many rows
    #[arg(long, value_name = "N")]
    pub(crate) max_rows: Option<NonZeroUsize>,
    /// Whether charts are drawn
    #[arg(long, value_enum, default_value_t)]
    pub(crate) chart: Charts,
    /// Print what happens as JSON events, one a line, as the server sends them
    #[arg(long, conflicts_with_all = ["format", "explain"])]
    pub(crate) events: bool,
    /// Print the answer and nothing else
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Which database, and what its tables mean.
#[derive(Debug, Args)]
pub(crate) struct DatabaseArgs {
    /// What to ask instead of the sample business: a connection of the configuration, a SQLite, CSV, TSV, JSON or JSONL file,
    /// a folder of such, postgres://… or mysql://…; in a build with the feature bigquery also bigquery://…, with mcp
    /// mcp:FILE#SERVER, where FILE is an mcp.json, with adbc *.duckdb, *.parquet, duckdb:FILE.csv, duckdb:FILE.json,
    /// duckdb:FOLDER, snowflake://…
    #[arg(short, long, env = "MEDHA_DATABASE", hide_env_values = true, value_name = "NAME|PATH|URL")]
    pub(crate) database: Option<Secret>,
    /// The library of its ADBC driver, a path or a name, for DuckDB and Snowflake; default: where ADBC drivers are looked for
    #[arg(long, env = "MEDHA_DRIVER", value_name = "FILE|NAME")]
    pub(crate) driver: Option<String>,
    /// A semantic model for it; default: <stem>.ossie.yaml beside the file, else one inferred from its tables
    #[arg(long, env = "MEDHA_MODEL", value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// A policy: which tables, rows and columns whoever asks may read
    #[arg(long, env = "MEDHA_POLICY", value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Who asks, as the configuration knows them
    #[arg(long, env = "MEDHA_USER", value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Where every statement is noted, with who asked and what became of it: a file, or the address of a database
    #[arg(long, env = "MEDHA_AUDIT", hide_env_values = true, value_name = "FILE|URL")]
    pub(crate) audit: Option<String>,
    /// The configuration file; default: medha.yaml here, else in the platform's folder for configurations
    #[arg(long, env = "MEDHA_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// `medha sql`.
#[derive(Debug, Args)]
pub(crate) struct SqlArgs {
    /// The statement; `-` reads it from standard input
    #[arg(required = true, value_name = "STATEMENT")]
    pub(crate) statement: Vec<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// How the rows are written
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Show the statement that is sent, the rules in it, the tables it reads and the database's plan
    #[arg(long)]
    pub(crate) explain: bool,
    /// Read at most this many rows
    #[arg(long, value_name = "N")]
    pub(crate) max_rows: Option<NonZeroUsize>,
}

/// `medha schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// One table instead of all
    pub(crate) table: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// How it is written
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) format: Listing,
}

/// `medha connections`.
#[derive(Debug, Args)]
pub(crate) struct ConnectionsArgs {
    /// How they are written
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) format: Listing,
    /// The configuration file; default: medha.yaml here, else in the platform's folder for configurations
    #[arg(long, env = "MEDHA_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// How something that is listed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Listing {
    /// For people.
    #[default]
    #[value(alias = "table")]
    Text,
    /// As JSON.
    Json,
}

/// `medha policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Find out whether a policy fits a database and the users of the configuration
    Check(PolicyCheckArgs),
    /// Explain how a user can read a column
    Why(PolicyWhyArgs),
}

/// `medha policy check`.
#[derive(Debug, Args)]
pub(crate) struct PolicyCheckArgs {
    /// The policy; default: that of the connection
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// `medha policy why`.
#[derive(Debug, Args)]
pub(crate) struct PolicyWhyArgs {
    /// The column
    #[arg(value_name = "TABLE.COLUMN")]
    pub(crate) column: String,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// `medha audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Find out whether a line was changed, is missing or was moved
    Verify(AuditVerifyArgs),
}

/// `medha audit verify`.
#[derive(Debug, Args)]
pub(crate) struct AuditVerifyArgs {
    /// The file, or the address of the database
    #[arg(env = "MEDHA_AUDIT", hide_env_values = true, value_name = "FILE|URL")]
    pub(crate) place: String,
    /// What an earlier look has printed as the seal: the file must still have that line
    #[arg(long, value_name = "NUMBER:HASH")]
    pub(crate) seal: Option<Seal>,
}

/// `medha serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where to listen, 127.0.0.1:8008 if nothing says where; port 0 takes a free one
    #[arg(long, env = "MEDHA_ADDR", value_name = "HOST:PORT")]
    pub(crate) addr: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Whether answers are kept.
#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// Ask the database every time; otherwise an answer is kept for a minute
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// A Redis in which several servers share their answers, as redis://… or rediss://…; files are not shared
    #[arg(long, env = "MEDHA_REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) redis: Option<Secret>,
}

/// `medha eval`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    command: Option<EvalCommand>,
    #[command(flatten)]
    questions: Option<EvalQuestionsArgs>,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    /// Let the guard decide the statements of a corpus
    Guard(EvalGuardArgs),
}

/// `medha eval guard`.
#[derive(Debug, Args)]
pub(crate) struct EvalGuardArgs {
    /// A folder with `must_block.jsonl` and `must_allow.jsonl`; contexts.json and fixture/ are in the folder above
    #[arg(value_name = "GUARD")]
    pub(crate) folder: PathBuf,
    /// Where the decisions are written
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// `medha eval` over questions.
#[derive(Debug, Args)]
pub(crate) struct EvalQuestionsArgs {
    /// A folder with questions.jsonl, db/*.sqlite and semantic/*.ossie.yaml
    pub(crate) pack: PathBuf,
    /// A file of questions in that folder
    #[arg(long, value_name = "FILE", default_value = "questions.jsonl")]
    pub(crate) questions: PathBuf,
    /// Infer every model from its database
    #[arg(long)]
    pub(crate) no_models: bool,
    /// Where the databases are instead of db/<name>.sqlite, as an address in which {db} stands for the name
    #[arg(short, long, value_name = "URL")]
    pub(crate) database: Option<Secret>,
    /// How many questions are answered at a time; default: one a processor
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Where the predictions are written
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Runs the `medha` command with the arguments of this process, and says how it ended.
#[must_use]
pub fn run() -> ExitCode {
    let command = Cli::parse().command;
    let terminal = Terminal::detect();
    start_logging();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("{} cannot start: {error}", terminal.paint_errors.red("error:")));
            return Exit::Failed.into();
        }
    };
    let ended = runtime.block_on(carry_out(command, terminal));
    // A thread that still waits for somebody to type must not keep the process.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(CommandError::Output(error)) if is_closed(&error) => Exit::Done.into(),
        Err(error) => {
            tell(&format!("{} {error}", terminal.paint_errors.red("error:")));
            error.exit().into()
        }
    }
}

async fn carry_out(command: Command, terminal: Terminal) -> Result<Exit, CommandError> {
    match command {
        Command::Ask(args) => ask::ask(args, terminal).await,
        Command::Sql(args) => sql::sql(args, terminal).await,
        Command::Schema(args) => schema::schema(args, terminal).await,
        Command::Connections(args) => connections::connections(&args, terminal).await,
        Command::Policy(PolicyCommand::Check(args)) => policy::check(&args).await,
        Command::Policy(PolicyCommand::Why(args)) => policy::why(&args).await,
        Command::Serve(args) => serve::serve(args).await,
        Command::Audit(AuditCommand::Verify(args)) => audit::check(&args),
        Command::Graph => graph::graph(),
        Command::Eval(EvalArgs { command: Some(EvalCommand::Guard(args)), .. }) => {
            eval::eval_guard(args).await
        }
        Command::Eval(EvalArgs { questions: Some(args), .. }) => eval::eval(args).await,
        Command::Eval(EvalArgs { command: None, questions: None }) => Ok(Exit::Usage),
    }
}

/// Logs to standard error what `MEDHA_LOG` asks for, as in `MEDHA_LOG=medha_server=debug`; warnings by default.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MEDHA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Every flag and variable is in the table of settings under the same names, and the other way round.
    #[test]
    fn the_settings_are_those_of_the_command_line() {
        use crate::config::SETTINGS;
        fn collect(command: &clap::Command, found: &mut Vec<(String, String)>) {
            for argument in command.get_arguments().filter(|argument| argument.get_env().is_some()) {
                let variable = argument.get_env().unwrap().to_string_lossy().into_owned();
                let flag = argument.get_long().map(|long| format!("--{long}")).unwrap_or_default();
                found.push((flag, variable));
            }
            command.get_subcommands().for_each(|command| collect(command, found));
        }
        let mut found = Vec::new();
        collect(&Cli::command(), &mut found);
        for (flag, variable) in &found {
            let setting = SETTINGS.iter().find(|setting| setting.variable == variable);
            let setting = setting.unwrap_or_else(|| panic!("{variable} is in no table"));
            assert!(flag.is_empty() || setting.flag == flag, "{flag} {variable}");
        }
        let flags =
            SETTINGS.iter().filter(|setting| !setting.flag.is_empty() && !setting.variable.is_empty());
        for setting in flags {
            let pair = (setting.flag.to_owned(), setting.variable.to_owned());
            assert!(found.contains(&pair), "no command has {pair:?}");
        }
        let addr = SETTINGS.iter().find(|setting| setting.flag == "--addr").unwrap();
        assert_eq!(addr.default, DEFAULT_ADDR.to_string());
    }

    #[test]
    fn a_question_needs_no_quotes() {
        let cli = Cli::try_parse_from(["medha", "ask", "how", "many", "orders", "-f", "csv"]).unwrap();
        let Command::Ask(args) = cli.command else { panic!("{cli:?}") };
        assert_eq!(args.question, ["how", "many", "orders"]);
        assert_eq!(args.format, Format::Csv);
    }
}
