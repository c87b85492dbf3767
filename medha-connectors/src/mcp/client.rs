//! A running conversation with a server: it is begun, its tool is called, and whoever stops listening says so.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, CancelledNotification,
    CancelledNotificationParam, ClientCapabilities, ClientConfig, ClientRequest, Implementation, RequestId,
    ServerResult,
};
use rmcp::service::{PeerRequestOptions, RunningService};
use rmcp::{RoleClient, ServiceError, ServiceExt as _};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::child::{LARGEST_MESSAGE, Start};
use super::config::{McpServer, Reach};
use super::fate::Fate;
use super::http;
use super::scrub::Scrub;
use super::tool::{self, SqlTool};
use crate::secret::Secret;

/// A program that is fetched before it starts may need this long.
const START_TIME: Duration = Duration::from_secs(60);
/// Telling a server that nobody listens any more takes no longer.
const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// A server that has been greeted and whose tool is known.
#[derive(Debug)]
pub(super) struct Client {
    service: RunningService<RoleClient, ClientConfig>,
    tool: SqlTool,
    fate: Arc<Fate>,
    scrub: Scrub,
    /// A call of it was given up, so whatever it works on it works on for nobody. No new call is made.
    is_retired: AtomicBool,
    runtime: Handle,
}

/// Why a call has no result.
#[derive(Debug)]
pub(super) enum CallFailure {
    /// The server, or the database behind it, says no.
    Refused(String),
    /// The server is gone.
    Lost(String),
}

impl Client {
    /// Starts or greets the server and finds its tool. `Err` says why that failed, without secrets.
    pub(super) async fn start(
        server: &McpServer,
        variables: &BTreeMap<String, Secret>,
    ) -> Result<Arc<Self>, String> {
        let fate = Arc::new(Fate::default());
        let greeted = timeout(START_TIME, greet(server, variables, &fate)).await;
        let service = match greeted {
            Ok(Ok(service)) => service,
            Ok(Err(reason)) => return Err(reason),
            Err(_) => return Err(format!("it did not answer within {START_TIME:?}")),
        };
        let tools = match timeout(START_TIME, service.list_all_tools()).await {
            Ok(Ok(tools)) => tools,
            Ok(Err(error)) => {
                return Err(server.scrub.clean(&format!("its tools cannot be listed: {error}")));
            }
            Err(_) => return Err(format!("it did not list its tools within {START_TIME:?}")),
        };
        let tool = tool::choose(&tools, server.tool.as_deref(), server.argument.as_deref())?;
        let scrub = server.scrub.clone();
        let runtime = Handle::current();
        Ok(Arc::new(Self { service, tool, fate, scrub, is_retired: AtomicBool::new(false), runtime }))
    }

    /// Whether it is there and has nothing to do that nobody waits for.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_retired.load(Ordering::Acquire)
            && !self.service.is_closed()
            && !self.service.is_transport_closed()
            && self.fate.reason().is_none()
    }

    /// Runs a statement with its tool. Dropping the future tells the server so.
    pub(super) async fn call(self: &Arc<Self>, sql: &str) -> Result<CallToolResult, CallFailure> {
        let arguments = [(self.tool.argument.clone(), sql.into())].into_iter().collect();
        let params = CallToolRequestParams::new(self.tool.name.clone()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let handle = self
            .service
            .send_cancellable_request(request, PeerRequestOptions::no_options())
            .await
            .map_err(|error| self.failure(error))?;
        let mut running = Running { call: Some((Arc::clone(self), handle.id.clone())) };
        let answer = handle.await_response().await;
        running.call = None;
        match answer {
            Ok(ServerResult::CallToolResult(result)) => Ok(result),
            Ok(_) => Err(CallFailure::Refused("the server wants more than a statement".to_owned())),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn failure(&self, error: ServiceError) -> CallFailure {
        if self.fate.is_too_large() {
            return CallFailure::Refused(too_large());
        }
        let gone = |seen: &dyn Display| {
            CallFailure::Lost(self.fate.reason().unwrap_or_else(|| self.scrub.clean(&seen.to_string())))
        };
        match error {
            ServiceError::McpError(error) => CallFailure::Refused(self.scrub.clean(&error.message)),
            ServiceError::TransportClosed => gone(&"it closed the connection"),
            ServiceError::TransportSend(error) if error.to_string().contains("exceeded the maximum size") => {
                CallFailure::Refused(too_large())
            }
            ServiceError::TransportSend(error) => gone(&error),
            other => CallFailure::Refused(self.scrub.clean(&other.to_string())),
        }
    }

    /// What the server says about a statement it refuses, without secrets.
    pub(super) fn clean(&self, text: &str) -> String {
        self.scrub.clean(text)
    }
}

fn too_large() -> String {
    format!("the server's answer is larger than {} MiB; ask for fewer rows", LARGEST_MESSAGE / (1024 * 1024))
}

async fn greet(
    server: &McpServer,
    variables: &BTreeMap<String, Secret>,
    fate: &Arc<Fate>,
) -> Result<RunningService<RoleClient, ClientConfig>, String> {
    let us = ClientConfig::new(
        ClientCapabilities::default(),
        Implementation::new("medha", env!("CARGO_PKG_VERSION")),
    );
    let failed = |error: &dyn Display| {
        let seen = fate.reason().unwrap_or_else(|| error.to_string());
        format!("it could not be greeted: {}", server.scrub.clean(&seen))
    };
    match &server.reach {
        Reach::Child { command, args, env, cwd } => {
            let start = Start { command, args, env, cwd: cwd.as_deref(), variables };
            let transport = start.spawn(server.scrub.clone(), Arc::clone(fate)).map_err(|error| {
                let command = server.scrub.clean(command);
                format!("{command:?} cannot be started ({error}); check the command and the PATH")
            })?;
            us.serve(transport).await.map_err(|error| failed(&error))
        }
        Reach::Http { url, headers } => {
            us.serve(http::transport(url, headers)?).await.map_err(|error| failed(&error))
        }
    }
}

/// A call on its way. If it is dropped, the server is told, and nobody calls that server again: what it does not stop would hold
/// its connections to the database. It ends when its last call has.
struct Running {
    call: Option<(Arc<Client>, RequestId)>,
}

impl Drop for Running {
    #[allow(clippy::disallowed_methods, reason = "the task ends within its time and owns all it works on")]
    fn drop(&mut self) {
        let Some((client, id)) = self.call.take() else { return };
        client.is_retired.store(true, Ordering::Release);
        let runtime = client.runtime.clone();
        runtime.spawn(async move {
            let reason = Some("nobody waits for the answer any more".to_owned());
            let farewell = CancelledNotification::new(CancelledNotificationParam::new(Some(id), reason));
            let _ = timeout(FAREWELL_TIME, client.service.send_notification(farewell.into())).await;
        });
    }
}
