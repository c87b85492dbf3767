//! Everything that can be set: one table, from which the page in `docs/configuration.md` is checked.

/// Something that can be set. A flag goes before a variable, a variable before the file, the file before the default.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) what: &'static str,
    /// As on the command line, or nothing.
    pub(crate) flag: &'static str,
    /// Of the environment, or nothing.
    pub(crate) variable: &'static str,
    /// In the file, with `NAME` for a name of one's own; or nothing.
    pub(crate) key: &'static str,
    pub(crate) default: &'static str,
}

const fn setting(
    what: &'static str,
    flag: &'static str,
    variable: &'static str,
    key: &'static str,
    default: &'static str,
) -> Setting {
    Setting { what, flag, variable, key, default }
}

pub(crate) const SETTINGS: [Setting; 24] = [
    setting(
        "the configuration file",
        "--config",
        "MEDHA_CONFIG",
        "",
        "medha.yaml here, else agentmedha/medha.yaml in the platform's folder for configurations",
    ),
    setting(
        "what is asked: a connection's name, a file, a folder of files or an address",
        "--database",
        "MEDHA_DATABASE",
        "default_connection",
        "the sample business",
    ),
    setting(
        "the library of an ADBC driver, a path or a name",
        "--driver",
        "MEDHA_DRIVER",
        "",
        "where ADBC drivers are looked for",
    ),
    setting(
        "the semantic model",
        "--model",
        "MEDHA_MODEL",
        "connections.NAME.model",
        "<stem>.ossie.yaml beside a file, else inferred from the tables",
    ),
    setting(
        "the policy: who may read what",
        "--policy",
        "MEDHA_POLICY",
        "connections.NAME.policy",
        "none: everything can be read",
    ),
    setting("who asks", "--user", "MEDHA_USER", "user", "the name of the login, and with a policy nobody"),
    setting(
        "where statements are noted",
        "--audit",
        "MEDHA_AUDIT",
        "connections.NAME.audit",
        "what `audit` says",
    ),
    setting("where the statements of all connections are noted", "", "", "audit", "nowhere"),
    setting("where the server listens", "--addr", "MEDHA_ADDR", "server.addr", "127.0.0.1:8008"),
    setting(
        "no answers and no schema from memory",
        "--no-cache",
        "",
        "",
        "answers are kept for a minute, the schema for five",
    ),
    setting(
        "a Redis that several servers share answers in",
        "--redis",
        "MEDHA_REDIS_URL",
        "",
        "none: each server keeps its own",
    ),
    setting("a connection's address, with its password", "", "", "connections.NAME.url", "it must be given"),
    setting(
        "how many connections to a server there are at most",
        "",
        "",
        "connections.NAME.connections",
        "4",
    ),
    setting("what else a system wants to know", "", "", "connections.NAME.options", "nothing"),
    setting("how many seconds a statement may take", "", "", "connections.NAME.limits.seconds", "30"),
    setting(
        "how many megabytes of values an answer may have",
        "",
        "",
        "connections.NAME.limits.megabytes",
        "16",
    ),
    setting(
        "how many rows a statement may go through by the database's own estimate (PostgreSQL, MySQL, MariaDB)",
        "",
        "",
        "connections.NAME.limits.planned_rows",
        "10000000000",
    ),
    setting("a user's roles", "", "", "users.NAME.roles", "none"),
    setting("what conditions of a policy know about a user", "", "", "users.NAME.attributes", "nothing"),
    setting(
        "our own files, the sample business among them",
        "",
        "MEDHA_DATA_DIR",
        "",
        "the platform's folder for data",
    ),
    setting("what is logged to standard error", "", "MEDHA_LOG", "", "warn"),
    setting("no colours", "", "NO_COLOR", "", "colours on a terminal"),
    setting("the width where there is no terminal", "", "COLUMNS", "", "100"),
    setting("how answers are written", "--format", "", "", "table"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        if text.is_empty() { "–".to_owned() } else { format!("`{text}`") }
    }

    /// The page is written by hand around a table that is this one.
    #[test]
    fn the_page_has_the_table_of_all_settings() {
        let mut table =
            "| What | Flag | Variable | In the file | Default |\n|---|---|---|---|---|\n".to_owned();
        for Setting { what, flag, variable, key, default } in &SETTINGS {
            let (flag, variable, key) = (cell(flag), cell(variable), cell(key));
            table.push_str(&format!("| {what} | {flag} | {variable} | {key} | {default} |\n"));
        }
        let page = include_str!("../../docs/configuration.md");
        assert!(page.contains(&table), "docs/configuration.md must have this table:\n{table}");
    }
}
