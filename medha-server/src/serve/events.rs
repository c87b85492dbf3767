//! Events as server-sent events: `id` is the number of the event, `event` its type, `data` the whole event as JSON.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use medha_agents::analyst::AnalystEvent;

use crate::session::{Asked, Session};

/// A comment this often tells proxies and clients that the run is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Runs a request and sends its events. When the client goes away the stream is dropped, and the run with it.
pub(crate) fn stream(session: &Session, asked: Asked) -> Response {
    let events = session.events(asked).map(|event| Ok::<_, Infallible>(frame(&event)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("heartbeat")).into_response()
}

fn frame(event: &AnalystEvent) -> Event {
    let kind = serde_json::to_value(&event.payload).unwrap_or_default();
    let kind = kind.get("type").and_then(|kind| kind.as_str()).unwrap_or("event");
    let data = serde_json::to_string(event).unwrap_or_default();
    Event::default().id(event.seq.to_string()).event(kind).data(data)
}
