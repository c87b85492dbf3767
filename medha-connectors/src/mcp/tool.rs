//! Which tool of a server runs SQL, and which of its arguments takes it.

use rmcp::model::Tool;
use serde_json::Value;

/// Arguments that can only be SQL.
const SQL_ARGUMENTS: [&str; 3] = ["sql", "query", "statement"];
/// Tools that read, the most telling name first, for servers that have others with the same argument.
const READING_TOOLS: [&str; 6] =
    ["read_query", "query", "mysql_query", "execute_sql", "run_query", "execute_query"];

/// The tool that is called with SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlTool {
    pub(super) name: String,
    pub(super) argument: String,
}

/// Finds it; `Err` says why not, with the tools there are.
pub(super) fn choose(
    tools: &[Tool],
    wanted: Option<&str>,
    argument: Option<&str>,
) -> Result<SqlTool, String> {
    let fitting: Vec<SqlTool> = tools
        .iter()
        .filter(|tool| wanted.is_none_or(|wanted| tool.name == wanted))
        .filter_map(|tool| sql_tool(tool, argument))
        .collect();
    let by_name = || READING_TOOLS.iter().find_map(|name| fitting.iter().find(|tool| tool.name == *name));
    match fitting.as_slice() {
        [only] => Ok(only.clone()),
        _ if let Some(reading) = by_name() => Ok(reading.clone()),
        [] if wanted.is_some_and(|wanted| tools.iter().any(|tool| tool.name == wanted)) => Err(format!(
            "its tool {:?} has no argument for SQL that can be told from the others; say which with \"argument\"",
            wanted.unwrap_or_default()
        )),
        [] => Err(format!("it has no tool that takes SQL{}; it has {}", named(wanted), listed(tools))),
        _ => Err(format!("several of its tools take SQL; say which with \"tool\": it has {}", listed(tools))),
    }
}

fn named(wanted: Option<&str>) -> String {
    wanted.map(|wanted| format!(" and is called {wanted:?}")).unwrap_or_default()
}

fn listed(tools: &[Tool]) -> String {
    if tools.is_empty() {
        return "none".to_owned();
    }
    tools.iter().map(|tool| format!("{:?}", tool.name)).collect::<Vec<_>>().join(", ")
}

/// A tool that can be called with nothing but SQL.
fn sql_tool(tool: &Tool, wanted: Option<&str>) -> Option<SqlTool> {
    let properties = tool.input_schema.get("properties")?.as_object()?;
    let is_text = |name: &str| {
        properties.get(name).is_some_and(|property| match property.get("type") {
            Some(Value::String(kind)) => kind == "string",
            Some(_) | None => false,
        })
    };
    let argument = match wanted {
        Some(wanted) => wanted,
        None => SQL_ARGUMENTS.into_iter().find(|name| is_text(name))?,
    };
    let required = tool.input_schema.get("required").and_then(Value::as_array);
    let needs_more =
        required.is_some_and(|names| names.iter().filter_map(Value::as_str).any(|name| name != argument));
    (is_text(argument) && !needs_more)
        .then(|| SqlTool { name: tool.name.to_string(), argument: argument.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &'static str, arguments: &[&str], required: &[&str]) -> Tool {
        let properties: serde_json::Map<String, Value> =
            arguments.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        let schema = json!({"type": "object", "properties": properties, "required": required});
        let Value::Object(schema) = schema else { unreachable!("it is an object") };
        Tool::new(name, "", std::sync::Arc::new(schema))
    }

    #[test]
    fn the_tool_that_reads_is_found_or_has_to_be_named() {
        let sqlite = [
            tool("write_query", &["query"], &["query"]),
            tool("read_query", &["query"], &["query"]),
            tool("list_tables", &[], &[]),
        ];
        let found = |tools: &[Tool], name, argument| {
            choose(tools, name, argument).map(|tool| (tool.name, tool.argument))
        };
        let pair = |name: &str, argument: &str| Ok((name.to_owned(), argument.to_owned()));
        assert_eq!(found(&sqlite, None, None), pair("read_query", "query"));
        assert_eq!(found(&sqlite, Some("write_query"), None), pair("write_query", "query"));
        assert_eq!(found(&[tool("ask", &["sql", "database"], &["sql"])], None, None), pair("ask", "sql"));
        let many = [tool("a", &["sql"], &[]), tool("b", &["sql"], &[])];
        assert_eq!(
            found(&many, None, None).unwrap_err(),
            r#"several of its tools take SQL; say which with "tool": it has "a", "b""#
        );
        let none = [tool("greet", &["name"], &[]), tool("other", &["sql", "database"], &["sql", "database"])];
        assert_eq!(
            found(&none, None, None).unwrap_err(),
            r#"it has no tool that takes SQL; it has "greet", "other""#
        );
        assert_eq!(
            found(&none, Some("greet"), None).unwrap_err(),
            r#"its tool "greet" has no argument for SQL that can be told from the others; say which with "argument""#
        );
        assert_eq!(found(&none, Some("greet"), Some("name")), pair("greet", "name"));
        assert_eq!(
            found(&[], Some("query"), None).unwrap_err(),
            r#"it has no tool that takes SQL and is called "query"; it has none"#
        );
    }
}
