//! An MCP server that misbehaves on demand: what it does depends on the table that is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, ServiceExt as _};
use serde_json::{Value, json};

/// A secret that the server is told and repeats.
pub(crate) const SECRET: &str = "medha-hunter2";
/// More than is read at once.
const TOO_MUCH: usize = 33 * 1024 * 1024;

/// The tables it knows, all with the columns `n` and `s`.
pub(crate) const TABLES: [&str; 13] = [
    "rows",
    "structured",
    "twin",
    "python",
    "lines",
    "nothing",
    "prose",
    "essay",
    "slow",
    "dead",
    "refused",
    "broken",
    "process",
];

#[derive(Debug, Clone, Default)]
pub(crate) struct Server {
    /// How many calls were given up by the client.
    pub(crate) given_up: Arc<AtomicUsize>,
    pub(crate) tools: Tools,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Tools {
    #[default]
    One,
    Two,
}

impl Server {
    /// Answers on standard input and output until they are closed.
    pub(crate) async fn serve_child(self) {
        // A line that is no message, as some libraries greet.
        println!("welcome");
        eprintln!("started with {SECRET}");
        let service = self.serve(rmcp::transport::stdio()).await.unwrap();
        service.waiting().await.unwrap();
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema =
            json!({"type": "object", "properties": {"sql": {"type": "string"}}, "required": ["sql"]});
        let Value::Object(schema) = schema else { unreachable!("it is an object") };
        let schema = Arc::new(schema);
        let names: &[&'static str] = match self.tools {
            Tools::One => &["ask"],
            Tools::Two => &["ask", "tell"],
        };
        let tools = names.iter().map(|name| Tool::new(*name, "Runs SQL", Arc::clone(&schema)));
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let sql = request.arguments.as_ref().and_then(|arguments| arguments.get("sql"));
        let sql = sql.and_then(Value::as_str).unwrap_or_default();
        let table =
            sql.rsplit(" FROM ").next().and_then(|rest| rest.split([' ', ')']).next()).unwrap_or_default();
        let two = [json!({"s": "x", "n": 1}), json!({"s": null, "n": 9_007_199_254_740_993_i64})];
        let written = r#"[{"s": "x", "n": 1}, {"s": null, "n": 9007199254740993}]"#;
        let texts = |texts: &[&str]| {
            CallToolResult::success(texts.iter().map(|text| ContentBlock::text(*text)).collect())
        };
        let with_structure = |mut result: CallToolResult, value: Value| {
            result.structured_content = Some(value);
            result
        };
        let result = match table {
            "rows" => texts(&[written, "Query took 1 ms"]),
            "structured" => with_structure(texts(&["2 rows"]), json!({"result": two})),
            "twin" => with_structure(texts(&[written]), json!({"result": two})),
            "python" => texts(&["[{'s': 'x', 'n': 1}, {'s': None, 'n': 9007199254740993}]"]),
            "lines" => texts(&["{\"s\": \"x\", \"n\": 1}\n{\"s\": null, \"n\": 9007199254740993}"]),
            "nothing" if sql.contains("LEFT JOIN") => texts(&[r#"[{"s": null, "n": null}]"#]),
            "nothing" => texts(&["[]"]),
            "prose" => texts(&["There are two rows, x and one without a name."]),
            "essay" => texts(&[&"lorem ipsum ".repeat(TOO_MUCH / 12)]),
            "slow" => {
                context.ct.cancelled().await;
                self.given_up.fetch_add(1, Ordering::SeqCst);
                texts(&["[]"])
            }
            "dead" => std::process::exit(3),
            "refused" => {
                CallToolResult::error(vec![ContentBlock::text(format!("no such table for {SECRET}"))])
            }
            "broken" => {
                return Err(ErrorData::internal_error(format!("lost postgres://me:{SECRET}@db"), None));
            }
            "process" => {
                // In the order of the alphabet, unlike the statement.
                let names: Vec<String> =
                    std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
                texts(&[&json!([{"n": std::process::id(), "s": names.join(" ")}]).to_string()])
            }
            _ => texts(&[r#"[{"n": 1, "s": "x"}]"#]),
        };
        Ok(result.into())
    }
}
