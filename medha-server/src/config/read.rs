//! From the text of a configuration file to what it says. All that is wrong with it is told at once, by place, and no value
//! of it: a value may be a secret.

use std::collections::BTreeMap;
use std::fs;
use std::num::{NonZeroU8, NonZeroU32};
use std::path::{Path, PathBuf};

use medha_connectors::{ConnectionConfig, Secret, User};
use serde_json::{Map, Value as Json};

use super::file::{Config, ConfiguredConnection};
use super::limits::Limits;
use super::substitute::substitute;
use crate::nearest::did_you_mean;

type Object = Map<String, Json>;

pub(super) const TOP: [&str; 6] = ["connections", "default_connection", "users", "user", "audit", "server"];
pub(super) const CONNECTION: [&str; 7] =
    ["url", "connections", "options", "limits", "model", "policy", "audit"];
pub(super) const LIMITS: [&str; 3] = ["seconds", "megabytes", "planned_rows"];
pub(super) const USER: [&str; 2] = ["roles", "attributes"];
pub(super) const SERVER: [&str; 1] = ["addr"];

/// Reads a configuration; paths in it are taken from `folder`.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(
    text: &str,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Vec<String>> {
    let json = yaml(text).map_err(|error| vec![error])?;
    let mut reader = Reader { folder, variable, problems: Vec::new(), unset: Vec::new() };
    let config = reader.config(&json);
    reader.problems.append(&mut reader.unset);
    if reader.problems.is_empty() { Ok(config) } else { Err(reader.problems) }
}

/// A file of YAML, or of JSON, which is YAML too, with variables of the environment put in.
///
/// # Errors
/// Why it cannot be read, without its name.
pub(crate) fn yaml_file(path: &Path) -> Result<Json, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut json = yaml(&text)?;
    put_in(&mut json, &|name| std::env::var(name).ok())?;
    Ok(json)
}

fn put_in(json: &mut Json, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
    match json {
        Json::String(text) => *text = substitute(text, variable)?,
        Json::Array(items) => items.iter_mut().try_for_each(|item| put_in(item, variable))?,
        Json::Object(object) => object.values_mut().try_for_each(|item| put_in(item, variable))?,
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
    Ok(())
}

fn yaml(text: &str) -> Result<Json, String> {
    // Its own errors would show the lines around the place, and with them what must not be shown.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    match serde_saphyr::from_str_with_options::<Json>(text, options) {
        Ok(json) => Ok(json),
        Err(error) => {
            let place = error.location().map(|at| format!(" at line {} column {}", at.line(), at.column()));
            Err(format!("it is no YAML{}", place.unwrap_or_default()))
        }
    }
}

struct Reader<'a> {
    folder: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
    /// What is wrong only because variables are not set.
    unset: Vec<String>,
}

impl Reader<'_> {
    fn config(&mut self, json: &Json) -> Config {
        let empty = Object::new();
        let top = match json {
            // A file of comments alone.
            Json::Null => &empty,
            json => match self.object(json, "the file") {
                Some(top) => top,
                None => return Config::default(),
            },
        };
        self.known(top, "", &TOP);
        let connections: BTreeMap<String, ConfiguredConnection> = self
            .entries(top, "connections")
            .filter_map(|(name, json)| Some((name.clone(), self.connection(&name, json)?)))
            .collect();
        let users: BTreeMap<String, User> = self
            .entries(top, "users")
            .filter_map(|(name, json)| Some((name.clone(), self.user(&name, json)?)))
            .collect();
        let default_connection = self.text(top, "", "default_connection");
        if let Some(name) = &default_connection
            && !connections.contains_key(name)
        {
            let hint = did_you_mean(name, connections.keys());
            self.problems.push(format!("default_connection: there is no connection {name:?}{hint}"));
        }
        let user = self.text(top, "", "user");
        if let Some(name) = &user
            && !users.contains_key(name)
        {
            let hint = did_you_mean(name, users.keys());
            self.problems.push(format!("user: there is no user {name:?}{hint}"));
        }
        let mut addr = None;
        if let Some(server) = top.get("server").and_then(|json| self.object(json, "server")) {
            self.known(server, "server.", &SERVER);
            if let Some(text) = self.text(server, "server.", "addr") {
                addr = text.parse().ok();
                if addr.is_none() {
                    self.problems.push("server.addr: it is no HOST:PORT such as 127.0.0.1:8008".to_owned());
                }
            }
        }
        let audit = self.audit(top, "");
        Config { path: None, connections, default_connection, users, user, audit, addr }
    }

    fn connection(&mut self, name: &str, json: &Json) -> Option<ConfiguredConnection> {
        let at = format!("connections.{name}");
        let object = self.object(json, &at)?;
        let at = format!("{at}.");
        self.known(object, &at, &CONNECTION);
        let outside = std::mem::take(&mut self.unset);
        if !object.contains_key("url") {
            self.problems.push(format!("{at}url: it must be given"));
        }
        let url = self.text(object, &at, "url").unwrap_or_default();
        let mut place = ConnectionConfig::new(url);
        if let Some(path) = place.file().filter(|path| path.is_relative() && !path.as_os_str().is_empty()) {
            place.url = Secret::new(self.folder.join(path).to_string_lossy());
        }
        if let Some(json) = object.get("connections") {
            let count = json.as_u64().and_then(|count| u8::try_from(count).ok()).and_then(NonZeroU8::new);
            place.connections = count;
            if count.is_none() {
                self.problems.push(format!("{at}connections: it is no number from 1 to 255"));
            }
        }
        if let Some(options) =
            object.get("options").and_then(|json| self.object(json, &format!("{at}options")))
        {
            let at = format!("{at}options.");
            let options: Vec<(String, Secret)> = options
                .keys()
                .filter_map(|key| Some((key.clone(), Secret::new(self.text(options, &at, key)?))))
                .collect();
            place.options = options.into_iter().collect();
        }
        let limits = self.limits(object, &at);
        let model = self.path(object, &at, "model");
        let policy = self.path(object, &at, "policy");
        let audit = self.audit(object, &at);
        let unset = std::mem::replace(&mut self.unset, outside);
        Some(ConfiguredConnection { place, limits, model, policy, audit, unset })
    }

    fn limits(&mut self, connection: &Object, at: &str) -> Limits {
        let at = format!("{at}limits");
        let Some(object) = connection.get("limits").and_then(|json| self.object(json, &at)) else {
            return Limits::default();
        };
        let at = format!("{at}.");
        self.known(object, &at, &LIMITS);
        let mut whole = |key: &str| {
            let json = object.get(key)?;
            let number = json.as_u64().filter(|number| *number > 0);
            if number.is_none() {
                self.problems.push(format!("{at}{key}: it is no whole number above 0"));
            }
            number
        };
        let small = |number: u64| NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX));
        Limits {
            seconds: whole("seconds").and_then(small),
            megabytes: whole("megabytes").and_then(small),
            planned_rows: whole("planned_rows"),
        }
    }

    fn user(&mut self, name: &str, json: &Json) -> Option<User> {
        let at = format!("users.{name}");
        if json.is_null() {
            return Some(User::new(name));
        }
        let object = self.object(json, &at)?;
        self.known(object, &format!("{at}."), &USER);
        let mut json = Json::Object(object.clone());
        if let Err(problem) = put_in(&mut json, self.variable) {
            self.unset.push(format!("{at}: {problem}"));
        }
        json["id"] = Json::from(name);
        match serde_json::from_value(json) {
            Ok(user) => Some(user),
            Err(_) => {
                let shape = "roles are a list of names, attributes are texts, whole numbers, true or false, or lists of them";
                self.problems.push(format!("{at}: {shape}"));
                None
            }
        }
    }

    /// A path or the address of a database; a path is taken from the folder of the file.
    fn audit(&mut self, object: &Object, at: &str) -> Option<String> {
        let text = self.text(object, at, "audit")?;
        match text.contains("://") {
            true => Some(text),
            false => Some(match text.strip_prefix("sqlite:") {
                Some(path) => format!("sqlite:{}", self.folder.join(path).display()),
                None => self.folder.join(text).display().to_string(),
            }),
        }
    }

    fn path(&mut self, object: &Object, at: &str, key: &str) -> Option<PathBuf> {
        Some(self.folder.join(self.text(object, at, key)?))
    }

    fn text(&mut self, object: &Object, at: &str, key: &str) -> Option<String> {
        let text = match object.get(key)? {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(flag) => flag.to_string(),
            Json::Null | Json::Array(_) | Json::Object(_) => {
                self.problems.push(format!("{at}{key}: it is no text"));
                return None;
            }
        };
        match substitute(&text, self.variable) {
            Ok(text) => Some(text),
            Err(problem) => {
                self.unset.push(format!("{at}{key}: {problem}"));
                None
            }
        }
    }

    fn entries<'j>(
        &mut self,
        top: &'j Object,
        key: &str,
    ) -> impl Iterator<Item = (String, &'j Json)> + use<'j> {
        let object = match top.get(key) {
            None | Some(Json::Null) => None,
            Some(json) => self.object(json, key),
        };
        object.into_iter().flatten().map(|(name, json)| (name.clone(), json)).collect::<Vec<_>>().into_iter()
    }

    fn object<'j>(&mut self, json: &'j Json, at: &str) -> Option<&'j Object> {
        if let Json::Object(object) = json {
            return Some(object);
        }
        self.problems.push(format!("{at}: it must have keys and values"));
        None
    }

    fn known(&mut self, object: &Object, at: &str, keys: &[&str]) {
        for key in object.keys().filter(|key| !keys.contains(&key.as_str())) {
            let hint = did_you_mean(key, keys.iter());
            self.problems
                .push(format!("{at}{key}: this key is not known{hint}; known are {}", keys.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        (name == "PASSWORD").then(|| "hunter2".to_owned())
    }

    fn told(text: &str) -> Vec<String> {
        read(text, Path::new("/etc/medha"), &variable).unwrap_err()
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let text = "
connections:
  sales:
    url: postgres://me:${PASSWORD}@db.example.com/sales
    connections: 2
    options: {a: '${PASSWORD}'}
    limits: {seconds: 5, planned_rows: 5000000000}
    model: sales.ossie.yaml
    policy: /srv/policy.yaml
    audit: sales.jsonl
  shop: {url: data/shop.db}
  other: {url: 'postgres://me:${OTHER}@host/db'}
default_connection: sales
users:
  ann: {roles: [analyst], attributes: {region: EMEA, levels: [1, 2]}}
  ben:
user: ann
audit: all.jsonl
server: {addr: '0.0.0.0:80'}
";
        let config = read(text, Path::new("/etc/medha"), &variable).unwrap();
        let sales = &config.connections["sales"];
        assert_eq!(sales.place.url.expose(), "postgres://me:hunter2@db.example.com/sales");
        assert_eq!(sales.place.options["a"].expose(), "hunter2");
        assert_eq!(sales.place.connections, NonZeroU8::new(2));
        assert_eq!(sales.limits.seconds.map(u32::from), Some(5));
        assert_eq!((sales.limits.megabytes, sales.limits.planned_rows), (None, Some(5_000_000_000)));
        assert_eq!(sales.model.as_deref(), Some(Path::new("/etc/medha/sales.ossie.yaml")));
        assert_eq!(sales.policy.as_deref(), Some(Path::new("/srv/policy.yaml")));
        assert_eq!(sales.audit.as_deref(), Some("/etc/medha/sales.jsonl"));
        assert_eq!(config.connections["shop"].place.shown(), "/etc/medha/data/shop.db");
        let unset = "connections.other.url: the variable \"OTHER\" of the environment is not set";
        assert_eq!(config.connections["other"].unset, [unset]);
        let ann = User::new("ann").with_role("analyst").with_attribute("region", "EMEA");
        assert_eq!(config.users["ann"], ann.with_attribute("levels", vec![1_i64, 2]));
        assert_eq!(config.users["ben"], User::new("ben"));
        assert_eq!(config.addr, Some("0.0.0.0:80".parse().unwrap()));
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_no_value_of_it() {
        let text = "
conections: {}
connections:
  sales: {ulr: 'postgres://me:hunter2@host/db', connections: 0, limits: {second: 1, megabytes: 0.5}}
  shop: hunter2
default_connection: sale
users: {ann: {roles: hunter2}}
user: anne
server: {addr: hunter2}
";
        let expected = [
            "conections: this key is not known; did you mean \"connections\"?; known are connections, default_connection, users, user, audit, server",
            "connections.sales.ulr: this key is not known; did you mean \"url\"?; known are url, connections, options, limits, model, policy, audit",
            "connections.sales.url: it must be given",
            "connections.sales.connections: it is no number from 1 to 255",
            "connections.sales.limits.second: this key is not known; did you mean \"seconds\"?; known are seconds, megabytes, planned_rows",
            "connections.sales.limits.megabytes: it is no whole number above 0",
            "connections.shop: it must have keys and values",
            "users.ann: roles are a list of names, attributes are texts, whole numbers, true or false, or lists of them",
            "default_connection: there is no connection \"sale\"; did you mean \"sales\"?",
            "user: there is no user \"anne\"",
            "server.addr: it is no HOST:PORT such as 127.0.0.1:8008",
        ];
        assert_eq!(told(text), expected);
        assert_eq!(told("a: [hunter2"), ["it is no YAML at line 1 column 4"]);
    }

    #[test]
    fn every_key_is_in_the_table_of_settings() {
        let of = |before: &str, keys: &[&str]| -> Vec<String> {
            keys.iter().map(|key| format!("{before}{key}")).collect()
        };
        let scalars: Vec<&str> =
            TOP.into_iter().filter(|key| !["connections", "users", "server"].contains(key)).collect();
        let mut keys = of("", &scalars);
        let of_connection: Vec<&str> = CONNECTION.into_iter().filter(|key| *key != "limits").collect();
        keys.extend(of("connections.NAME.", &of_connection));
        keys.extend(of("connections.NAME.limits.", &LIMITS));
        keys.extend(of("users.NAME.", &USER));
        keys.extend(of("server.", &SERVER));
        keys.sort();
        let mut listed: Vec<String> = super::super::SETTINGS
            .iter()
            .map(|setting| setting.key.to_owned())
            .filter(|key| !key.is_empty())
            .collect();
        listed.sort();
        assert_eq!(listed, keys);
    }
}
