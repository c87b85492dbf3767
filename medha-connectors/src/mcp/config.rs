//! `mcp.json`: which servers there are, how they are reached, and which of their tools runs SQL.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::scrub::Scrub;
use super::variables::Variables;
use crate::dialect::Dialect;
use crate::secret::Secret;

/// The servers of an `mcp.json`, as many programs write it, with a field of ours.
///
/// A server runs as a child process (`command`, `args`, `env`, `cwd`) or answers over streamable HTTP (`"type": "http"`, `url`,
/// `headers`). `${NAME}` and `${NAME:-default}` stand for variables in all of them. Under `medha` it may say what nobody
/// else asks: `dialect` (`postgres`, `mysql` or `sqlite`; without it the name of the program must tell), the `tool` that runs
/// SQL and its `argument`, where there is more than one that might.
///
/// ```
/// use medha_connectors::{Dialect, McpConfig, Secret};
/// use std::collections::BTreeMap;
///
/// let config = McpConfig::read(r#"{"mcpServers": {"shop": {
///     "command": "npx",
///     "args": ["-y", "@modelcontextprotocol/server-postgres", "postgres://me:${SHOP_PASSWORD}@db.example.com/shop"]
/// }}}"#)?;
/// let variables = BTreeMap::from([("SHOP_PASSWORD".to_owned(), Secret::new("hunter2"))]);
/// let shop = config.server(Some("shop"), &variables)?;
/// assert_eq!(shop.dialect(), Dialect::Postgres);
/// assert!(!format!("{shop:?}").contains("hunter2"));
///
/// let error = config.server(Some("shop"), &BTreeMap::new()).unwrap_err();
/// assert_eq!(error.to_string(), r#"server "shop" needs the variable SHOP_PASSWORD, which is not set"#);
/// # Ok::<(), medha_connectors::McpConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct McpConfig {
    #[serde(rename = "mcpServers")]
    servers: BTreeMap<String, Entry>,
}

/// One server of an [`McpConfig`], with its variables filled in. Its secrets are not in its debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct McpServer {
    pub(super) name: String,
    pub(super) reach: Reach,
    pub(super) dialect: Dialect,
    /// The tool that runs SQL, if it is said.
    pub(super) tool: Option<String>,
    /// The argument of it that takes the SQL, if it is said.
    pub(super) argument: Option<String>,
    pub(super) scrub: Scrub,
}

/// How a server is reached.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// It is started and spoken to over its standard input and output.
    Child { command: String, args: Vec<String>, env: BTreeMap<String, String>, cwd: Option<String> },
    /// It is spoken to over HTTP.
    Http { url: String, headers: BTreeMap<String, String> },
}

/// Why a configuration is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum McpConfigError {
    /// It is not JSON of this form.
    #[error("it cannot be read as {{\"mcpServers\": {{…}}}}: {0}")]
    Json(#[from] serde_json::Error),
    /// There is no server of this name.
    #[error("there is no server {name:?} in it; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// It has several servers, or none, and none was named.
    #[error("it has {count} servers ({known}); name one as in mcp:FILE#NAME")]
    Unnamed {
        /// How many there are.
        count: usize,
        /// Their names.
        known: String,
    },
    /// Variables have neither a value nor a default.
    #[error("server {server:?} needs the variable{s} {missing}, which {are} not set", s = if missing.contains(',') { "s" } else { "" }, are = if missing.contains(',') { "are" } else { "is" })]
    Missing {
        /// The server.
        server: String,
        /// Their names.
        missing: String,
    },
    /// A variable has no end.
    #[error("a variable has no end in {text:?}; write it as ${{NAME}} or ${{NAME:-default}}")]
    OpenVariable {
        /// Where it begins.
        text: String,
    },
    /// A variable has a name that is none.
    #[error("{name:?} is no name of a variable; it is made of letters, digits and underscores")]
    VariableName {
        /// What stands there.
        name: String,
    },
    /// A server is reached in no way we know.
    #[error("server {server:?} {reason}")]
    Reach {
        /// The server.
        server: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Nothing tells which SQL a server speaks.
    #[error(
        "nothing tells which SQL server {server:?} speaks; add \"medha\": {{\"dialect\": \"postgres\"}} to it, or \"mysql\" or \"sqlite\""
    )]
    Dialect {
        /// The server.
        server: String,
    },
}

/// What other programs know and we do not is none of our business, so it is not refused.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: Option<String>,
    command: Option<String>,
    #[serde(default)]
    args: Vec<Secret>,
    #[serde(default)]
    env: BTreeMap<String, Secret>,
    cwd: Option<String>,
    url: Option<Secret>,
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    #[serde(default)]
    medha: Ours,
}

/// What is ours, so a misspelt name is an error.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    dialect: Option<Spoken>,
    tool: Option<String>,
    argument: Option<String>,
}

/// The dialects there are servers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Spoken {
    #[serde(alias = "postgresql")]
    Postgres,
    #[serde(alias = "mariadb")]
    MySql,
    Sqlite,
}

impl From<Spoken> for Dialect {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::Postgres => Self::Postgres,
            Spoken::MySql => Self::MySql,
            Spoken::Sqlite => Self::Sqlite,
        }
    }
}

impl McpConfig {
    /// Reads the text of the file; variables are filled in by [`McpConfig::server`].
    ///
    /// # Errors
    /// [`McpConfigError::Json`] if it has another form.
    pub fn read(text: &str) -> Result<Self, McpConfigError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The server of this name, or the only one there is, with its variables filled in.
    ///
    /// # Errors
    /// Any [`McpConfigError`], about this server alone.
    pub fn server(
        &self,
        name: Option<&str>,
        variables: &BTreeMap<String, Secret>,
    ) -> Result<McpServer, McpConfigError> {
        let known = self.servers.keys().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let (name, entry) = match name {
            Some(name) => match self.servers.get_key_value(name) {
                Some(found) => found,
                None => return Err(McpConfigError::Unknown { name: name.to_owned(), known }),
            },
            None => match self.servers.first_key_value() {
                Some(found) if self.servers.len() == 1 => found,
                _ => return Err(McpConfigError::Unnamed { count: self.servers.len(), known }),
            },
        };
        entry.filled(name, variables)
    }
}

impl McpServer {
    /// The SQL it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The same server, where somebody knows better which SQL it speaks and which tool takes it.
    pub(crate) fn with_options(
        mut self,
        dialect: Option<Spoken>,
        tool: Option<String>,
        argument: Option<String>,
    ) -> Self {
        self.dialect = dialect.map_or(self.dialect, Dialect::from);
        self.tool = tool.or(self.tool);
        self.argument = argument.or(self.argument);
        self
    }
}

impl Entry {
    fn filled(&self, name: &str, known: &BTreeMap<String, Secret>) -> Result<McpServer, McpConfigError> {
        let mut variables = Variables::new(known);
        let refuse =
            |reason: &str| McpConfigError::Reach { server: name.to_owned(), reason: reason.to_owned() };
        let reach = match (self.kind.as_deref(), &self.command, &self.url) {
            (None | Some("stdio"), Some(command), None) => {
                let args = self.args.iter().map(|arg| variables.fill(arg.expose()));
                let args = args.collect::<Result<_, _>>()?;
                Reach::Child {
                    command: variables.fill(command)?,
                    args,
                    env: filled_map(&self.env, &mut variables)?,
                    cwd: self.cwd.as_deref().map(|cwd| variables.fill(cwd)).transpose()?,
                }
            }
            (None | Some("http" | "streamable-http" | "streamableHttp"), None, Some(url)) => {
                let url = variables.fill(url.expose())?;
                let headers = filled_map(&self.headers, &mut variables)?;
                // Whatever is in a header is there to let somebody in.
                headers.values().for_each(|value| variables.used.add(value));
                Reach::Http { url, headers }
            }
            (Some("sse"), _, _) => {
                return Err(refuse(
                    "speaks SSE, which MCP has given up; ask it over streamable HTTP (\"type\": \"http\")",
                ));
            }
            (_, Some(_), Some(_)) => return Err(refuse("has a command and a url; one of them is enough")),
            (_, None, None) => return Err(refuse("has neither a command nor a url")),
            (Some("stdio"), None, _) => return Err(refuse("has the type \"stdio\" and no command")),
            (Some("http" | "streamable-http" | "streamableHttp"), _, None) => {
                return Err(refuse("has the type \"http\" and no url"));
            }
            (Some(kind), _, _) => {
                return Err(refuse(&format!("has the type {kind:?}; known are \"stdio\" and \"http\"")));
            }
        };
        if !variables.missing.is_empty() {
            let (server, missing) = (name.to_owned(), variables.missing.join(", "));
            return Err(McpConfigError::Missing { server, missing });
        }
        let mut scrub = variables.used;
        if let Reach::Child { args, env, .. } = &reach {
            // Passwords are written down here as well, by those who do not know better.
            args.iter().filter(|arg| arg.contains("://")).for_each(|arg| scrub.add(arg));
            env.iter().filter(|(name, _)| sounds_secret(name)).for_each(|(_, value)| scrub.add(value));
        }
        Ok(McpServer {
            dialect: match self.medha.dialect {
                Some(dialect) => dialect.into(),
                None => self
                    .likely_dialect()
                    .ok_or_else(|| McpConfigError::Dialect { server: name.to_owned() })?,
            },
            name: name.to_owned(),
            reach,
            tool: self.medha.tool.clone(),
            argument: self.medha.argument.clone(),
            scrub,
        })
    }

    /// The one database whose name is in what is started or asked.
    fn likely_dialect(&self) -> Option<Dialect> {
        let secret = self.args.iter().chain(&self.url).map(Secret::expose);
        let texts: Vec<String> = secret.chain(self.command.as_deref()).map(str::to_ascii_lowercase).collect();
        let speaks = |names: &[&str]| texts.iter().any(|text| names.iter().any(|name| text.contains(name)));
        let dialects = [
            (Dialect::Postgres, speaks(&["postgres"])),
            (Dialect::MySql, speaks(&["mysql", "mariadb"])),
            (Dialect::Sqlite, speaks(&["sqlite"])),
        ];
        let mut likely = dialects.into_iter().filter(|(_, is)| *is).map(|(dialect, _)| dialect);
        likely.next().filter(|_| likely.next().is_none())
    }
}

fn filled_map(
    map: &BTreeMap<String, Secret>,
    variables: &mut Variables<'_>,
) -> Result<BTreeMap<String, String>, McpConfigError> {
    map.iter().map(|(name, value)| Ok((name.clone(), variables.fill(value.expose())?))).collect()
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "secret", "token", "key", "connection_string", "url"].iter().any(|word| name.contains(word))
}

impl fmt::Debug for McpServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("McpServer");
        shown.field("name", &self.name).field("dialect", &self.dialect);
        match &self.reach {
            // Arguments may hold addresses with passwords.
            Reach::Child { command, .. } => shown.field("command", &self.scrub.clean(command)),
            Reach::Http { url, .. } => shown.field("url", &self.scrub.clean(url)),
        };
        shown.field("tool", &self.tool).field("argument", &self.argument).finish_non_exhaustive()
    }
}
