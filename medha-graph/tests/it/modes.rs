//! A run read in modes: what each shows, in which order, and that nothing piles up.

use medha_graph::prelude::*;
use medha_graph::reducer::Message;
use medha_graph::{Durability, Mode, PartContent, Subgraph};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Line {
    id: Option<String>,
    text: String,
}

impl Message for Line {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
    fn set_id(&mut self, id: String) {
        self.id = Some(id);
    }
}

fn line(id: &str, text: &str) -> Line {
    Line { id: Some(id.to_owned()), text: text.to_owned() }
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Chat {
    #[state(messages)]
    lines: Vec<Line>,
    #[state(add)]
    n: u32,
}

async fn talk(ctx: Ctx) -> Vec<ChatUpdate> {
    ctx.emit(json!({"at": "talk"}));
    for piece in ["he", "llo"] {
        ctx.emit_message(line("m1", piece));
    }
    vec![Chat::update().lines([line("m1", "hello")]).n(1), Chat::update().lines([line("m2", "bye")])]
}

async fn end() -> ChatUpdate {
    Chat::update().n(1).lines([line("old", "edited"), line("m2", "bye bye")])
}

fn graph() -> medha_graph::CompiledGraph<Chat> {
    let graph = StateGraph::<Chat>::new("chat").node("talk", talk).node("end", end);
    let graph = graph.edge(START, "talk").edge("talk", "end").edge("end", END).compile().unwrap();
    graph.with_checkpointer(MemorySaver::default())
}

async fn parts(graph: &medha_graph::CompiledGraph<Chat>, modes: &[Mode]) -> Vec<Value> {
    let mut stream =
        graph.thread("t").stream(Chat::update().lines([line("old", "before")])).modes(modes.to_vec());
    let mut parts = Vec::new();
    while let Some(part) = stream.next().await {
        let part = part.unwrap();
        let json = serde_json::to_value(&part).unwrap();
        assert_eq!(json["mode"], serde_json::to_value(part.mode()).unwrap());
        assert_eq!(json["path"], json!([]));
        parts.push(json);
    }
    parts
}

#[tokio::test]
async fn values_come_once_at_the_start_and_after_every_superstep() {
    let values = parts(&graph(), &[Mode::Values]).await;
    let shown: Vec<(u64, u64, &Value)> = values
        .iter()
        .map(|part| {
            let data = &part["data"];
            (data["step"].as_u64().unwrap(), data["state"]["n"].as_u64().unwrap(), &data["next"])
        })
        .collect();
    assert_eq!(shown, [(0, 0, &json!(["talk"])), (1, 1, &json!(["end"])), (2, 2, &json!([]))]);
}

// C20
#[tokio::test]
async fn updates_show_all_a_task_wrote_with_the_task() {
    let updates = parts(&graph(), &[Mode::Updates]).await;
    assert_eq!(updates.len(), 2);
    let data = &updates[0]["data"];
    assert_eq!((&data["task"]["node"], &data["task"]["step"]), (&json!("talk"), &json!(1)));
    assert_eq!(data["updates"].as_array().unwrap().len(), 2);
    assert_eq!(data["updates"][1], json!({"lines": [{"id": "m2", "text": "bye"}]}));
}

#[tokio::test]
async fn messages_come_in_pieces_and_whole_ones_only_if_their_id_was_not_shown() {
    let messages = parts(&graph(), &[Mode::Messages]).await;
    let shown: Vec<(&str, &Value)> = messages
        .iter()
        .map(|part| (part["data"]["message"]["text"].as_str().unwrap(), &part["data"]["field"]))
        .collect();
    assert_eq!(shown, [("he", &json!(null)), ("llo", &json!(null)), ("bye", &json!("lines"))]);
}

#[tokio::test]
async fn several_modes_come_in_the_order_things_happen() {
    let all = parts(&graph(), &[Mode::Custom, Mode::Tasks, Mode::Checkpoints, Mode::Updates]).await;
    let order: Vec<String> = all
        .iter()
        .map(|part| {
            let name = part["data"].get("event").and_then(Value::as_str).unwrap_or_default();
            format!("{} {name}", part["mode"].as_str().unwrap()).trim().to_owned()
        })
        .collect();
    assert_eq!(
        order,
        [
            "checkpoints",
            "tasks task_started",
            "custom",
            "updates",
            "tasks task_finished",
            "checkpoints",
            "tasks task_started",
            "updates",
            "tasks task_finished",
            "checkpoints"
        ]
    );
    assert!(
        all.iter().any(|part| part["mode"] == "custom" && part["data"]["value"] == json!({"at": "talk"}))
    );
}

#[tokio::test]
async fn debug_shows_every_event_as_it_is() {
    let all = parts(&graph(), &[Mode::Debug]).await;
    let names: Vec<&str> = all.iter().map(|part| part["data"]["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("run_started", "run_finished"));
    for name in ["values", "message", "custom", "checkpoint_saved", "task_finished"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

async fn ask(ctx: Ctx) -> ChatUpdate {
    Chat::update().n(ctx.interrupt("how many?").await)
}

async fn five() -> ChatUpdate {
    Chat::update().n(5)
}

#[tokio::test]
async fn at_a_question_values_show_what_has_finished_and_a_resume_begins_with_the_state() {
    let graph = StateGraph::<Chat>::new("chat").node("ask", ask).node("five", five);
    let graph =
        graph.edge(START, "ask").edge(START, "five").edge("ask", END).edge("five", END).compile().unwrap();
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    let mut seen = Vec::new();
    let inputs: [medha_graph::Input<Chat>; 2] = [Chat::update().into(), Resume::answer(2).into()];
    for input in inputs {
        let mut stream = thread.stream(input).modes([Mode::Values]);
        while let Some(part) = stream.next().await {
            if let PartContent::Values { step, state, next } = part.unwrap().content {
                seen.push((step, state.n, next.join(" ")));
            }
        }
    }
    let expected = [(0, 0, "ask five"), (0, 5, "ask"), (0, 0, "ask five"), (1, 7, "")];
    assert_eq!(seen, expected.map(|(step, n, next)| (step, n, next.to_owned())));
}

// C50
#[tokio::test]
async fn the_failing_task_is_shown_before_the_error() {
    async fn fail() -> Result<ChatUpdate, NodeError> {
        Err(NodeError::new("no luck"))
    }
    let graph = StateGraph::<Chat>::new("chat").node("fail", fail).edge(START, "fail").edge("fail", END);
    for mode in [Mode::Tasks, Mode::Debug] {
        let mut stream = graph.compile().unwrap().thread("t").stream(Chat::update()).modes([mode]);
        let (mut names, mut error) = (Vec::new(), None);
        while let Some(part) = stream.next().await {
            match part {
                Ok(part) => {
                    let json = serde_json::to_value(&part).unwrap();
                    names.push(json["data"]["event"].as_str().unwrap().to_owned());
                    assert!(error.is_none(), "nothing comes behind the error");
                }
                Err(failed) => error = Some(failed.to_string()),
            }
        }
        assert_eq!(names.last().unwrap(), "task_failed");
        assert!(error.unwrap().contains("no luck"));
    }
}

// C49
#[tokio::test]
async fn the_last_checkpoint_shown_is_the_one_the_thread_stands_at() {
    for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
        let paused = graph().with_interrupt_after(["talk"]).with_durability(durability);
        let limited = graph().with_step_limit(1).with_durability(durability);
        let done = graph().with_durability(durability);
        for graph in [paused, limited, done] {
            let thread = graph.thread("t");
            let mut stream = thread.stream(Chat::update()).modes([Mode::Checkpoints]);
            let mut last = None;
            while let Some(part) = stream.next().await {
                if let Ok(part) = part
                    && let PartContent::Checkpoints { id, step, next, .. } = part.content
                {
                    last = Some((id, step, next));
                }
            }
            let snapshot = thread.state().await.unwrap().unwrap();
            let next = snapshot.next_nodes().map(str::to_owned).collect();
            assert_eq!(last.unwrap(), (snapshot.id, snapshot.step, next), "{durability:?}");
        }
    }
}

#[tokio::test]
async fn what_a_node_emits_without_awaiting_is_bounded_and_the_rest_is_counted() {
    const MANY: u64 = 200_000;
    async fn flood(ctx: Ctx) -> ChatUpdate {
        (0..MANY).for_each(|number| ctx.emit(number));
        Chat::update().n(1)
    }
    let graph = StateGraph::<Chat>::new("chat").node("flood", flood).edge(START, "flood").edge("flood", END);
    let mut stream = graph.compile().unwrap().thread("t").stream(Chat::update());
    let (mut kept, mut skipped, mut finished) = (0, 0, 0);
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            Event::Custom { value, .. } => {
                assert_eq!(value, json!(kept), "the first ones are kept, in order");
                kept += 1;
            }
            Event::Skipped { events } => {
                assert_eq!(finished, 0, "it is said where they are missing");
                skipped += events;
            }
            Event::TaskFinished { .. } => finished += 1,
            _ => {}
        }
    }
    assert_eq!((kept + skipped, finished), (MANY, 1));
    assert!(kept >= 60_000 && skipped > 0, "{kept} {skipped}");
}

#[tokio::test]
async fn a_slow_reader_holds_the_run_back() {
    let mut stream = graph().thread("t").stream(Chat::update()).modes([Mode::Values]);
    let first = stream.next().await.unwrap().unwrap();
    assert!(matches!(first.content, PartContent::Values { step: 0, .. }));
    tokio::task::yield_now().await;
    let outcome = stream.outcome().await.unwrap();
    assert_eq!(outcome.state().n, 2);
}

#[tokio::test]
async fn subgraphs_are_shown_when_asked_for_with_the_path_that_leads_to_them() {
    let inner = StateGraph::<Chat>::new("inner")
        .node("chat", Subgraph::new(graph()))
        .edge(START, "chat")
        .edge("chat", END)
        .compile()
        .unwrap();
    let outer = StateGraph::<Chat>::new("outer")
        .node("inner", Subgraph::new(inner))
        .edge(START, "inner")
        .edge("inner", END)
        .compile()
        .unwrap();
    let modes = [Mode::Updates, Mode::Messages, Mode::Custom];
    let mut shown = Vec::new();
    let mut stream = outer.thread("t").stream(Chat::update()).modes(modes).with_subgraphs();
    while let Some(part) = stream.next().await {
        let part = serde_json::to_value(part.unwrap()).unwrap();
        let path: Vec<&str> =
            part["path"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        let data = &part["data"];
        let what = match part["mode"].as_str().unwrap() {
            "messages" => format!("says {}", data["message"]["text"].as_str().unwrap()),
            mode => format!("{mode} of {}", data["task"]["node"].as_str().unwrap()),
        };
        shown.push(format!("{}: {what}", path.join("/")));
    }
    let deep = |what: &str| format!("inner:1.0/chat:1.0: {what}");
    assert_eq!(
        shown,
        [
            deep("custom of talk"),
            deep("says he"),
            deep("says llo"),
            deep("says bye"),
            deep("updates of talk"),
            deep("says edited"),
            deep("updates of end"),
            "inner:1.0: updates of chat".to_owned(),
            ": updates of inner".to_owned(),
        ]
    );
}

#[tokio::test]
async fn without_being_asked_for_subgraphs_are_not_shown() {
    let outer = StateGraph::<Chat>::new("outer")
        .node("chat", Subgraph::new(graph()))
        .edge(START, "chat")
        .edge("chat", END)
        .compile()
        .unwrap();
    let mut stream = outer.thread("t").stream(Chat::update()).modes([Mode::Updates]);
    let part = stream.next().await.unwrap().unwrap();
    assert!(part.path.is_empty() && matches!(part.content, PartContent::Updates { .. }));
    assert!(stream.next().await.is_none());
}
