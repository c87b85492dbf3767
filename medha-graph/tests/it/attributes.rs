//! Attributes of fields: messages, overwrites, ephemeral, untracked and private fields, values worked out for a node.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use medha_graph::prelude::*;
use medha_graph::reducer::Message;
use medha_graph::state::Storage;
use medha_graph::store::Checkpointer;
use medha_graph::{LastStep, RunError, StepsLeft, View};
use serde_json::json;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Line {
    id: Option<String>,
    text: String,
}

fn line(id: &str, text: &str) -> Line {
    Line { id: Some(id.to_owned()), text: text.to_owned() }
}

fn nameless(text: &str) -> Line {
    Line { id: None, text: text.to_owned() }
}

impl Message for Line {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
    fn set_id(&mut self, id: String) {
        self.id = Some(id);
    }
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Chat {
    #[state(messages)]
    lines: Vec<Line>,
    #[state(append)]
    notes: Vec<String>,
    #[state(append, ephemeral)]
    inbox: Vec<u32>,
    #[state(add, untracked)]
    handle: u32,
    #[state(private)]
    secret: String,
    #[state(merge)]
    tags: BTreeMap<String, u32>,
    seen: Vec<String>,
}

fn after(updates: impl IntoIterator<Item = ChatUpdate>) -> Chat {
    let mut chat = Chat::default();
    updates.into_iter().for_each(|update| chat.apply(update).unwrap());
    chat
}

fn texts(chat: &Chat) -> Vec<&str> {
    chat.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn messages_are_replaced_in_place_appended_removed_and_cleared() {
    let chat = after([
        Chat::update().lines([line("a", "1"), line("b", "2"), line("c", "3")]),
        Chat::update().lines([line("b", "two"), line("d", "4")]),
        Chat::update().remove_lines(["a"]).lines([line("a", "back")]),
    ]);
    assert_eq!(texts(&chat), ["two", "3", "4", "back"]);
    let chat = after([Chat::update().lines([line("a", "1")]).clear_lines().lines([line("b", "2")])]);
    assert_eq!(texts(&chat), ["2"]);
}

#[test]
fn removing_an_unknown_message_is_refused_with_its_id() {
    let error = Chat::default().apply(Chat::update().remove_lines(["ghost"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"field `lines`: there is no message "ghost" to remove; take ids from the messages of the state"#
    );
}

#[test]
fn the_setter_draws_missing_ids_so_that_a_stored_update_replays_exactly() {
    let update = Chat::update().lines([nameless("x"), nameless("x")]);
    let stored = serde_json::to_string(&update).unwrap();
    let (live, replayed) = (after([update]), after([serde_json::from_str(&stored).unwrap()]));
    assert_eq!(live, replayed);
    let ids: Vec<&str> = live.lines.iter().filter_map(Message::id).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
    assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[test]
fn messages_as_json_are_a_list_with_marks_for_what_is_removed() {
    let update = Chat::update().clear_lines().lines([line("a", "1")]).remove_lines(["a"]);
    let json = json!({"lines": [{"$clear": true}, {"id": "a", "text": "1"}, {"$remove": "a"}]});
    assert_eq!(serde_json::to_value(&update).unwrap(), json);
    let back: ChatUpdate = serde_json::from_value(json).unwrap();
    assert_eq!(after([Chat::update().lines([line("z", "0")]), back]).lines, []);
}

#[test]
fn many_writes_at_once_give_the_same_list_as_one_by_one() {
    let writes: Vec<ChatUpdate> = (0..600_u32)
        .map(|number| match number % 5 {
            4 => Chat::update().remove_lines([format!("{}", number - 1)]),
            _ => Chat::update().lines([line(&format!("{}", number - number % 3), &number.to_string())]),
        })
        .filter(|update| {
            // Only what can be removed is.
            serde_json::to_value(update).unwrap()["lines"][0].get("$remove").is_none_or(|id| {
                let number: u32 = id.as_str().unwrap().parse().unwrap();
                number.is_multiple_of(3) && number % 5 != 4
            })
        })
        .collect();
    let lists = writes.iter().map(|update| serde_json::to_value(update).unwrap()["lines"].clone());
    let all: Vec<serde_json::Value> = lists.flat_map(|list| list.as_array().unwrap().clone()).collect();
    let at_once: ChatUpdate = serde_json::from_value(json!({ "lines": all })).unwrap();
    assert_eq!(after(writes), after([at_once]));
}

#[test]
fn thousands_of_messages_are_put_in_one_go() {
    let lines = |text: &'static str| (0..20_000).map(move |number| line(&number.to_string(), text));
    let mut chat = after([Chat::update().lines(lines("old"))]);
    let begun = Instant::now();
    chat.apply(Chat::update().lines(lines("new"))).unwrap();
    assert!(chat.lines.len() == 20_000 && chat.lines.iter().all(|line| line.text == "new"));
    // One by one this would be some 10^8 comparisons.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn an_overwrite_in_an_update_stands_alone_in_whatever_order_it_is_written() {
    let before = Chat::update().notes(["x"]).overwrite_notes(vec!["o".to_owned()]);
    let behind = Chat::update().overwrite_notes(vec!["o".to_owned()]).notes(["x"]);
    for update in [before, behind] {
        assert_eq!(after([Chat::update().notes(["first"]), update]).notes, ["o"]);
    }
    let chat =
        after([Chat::update().lines([line("a", "1")]).overwrite_lines(vec![line("b", "2"), line("b", "3")])]);
    assert_eq!(chat.lines, [line("b", "3")]);
}

#[test]
fn an_overwrite_of_an_empty_field_stores_the_value_itself() {
    let chat = after([Chat::update()
        .overwrite_notes(vec!["o".to_owned()])
        .overwrite_tags([("a".to_owned(), 1)].into())]);
    assert_eq!(serde_json::to_value(&chat).unwrap()["notes"], json!(["o"]));
    assert_eq!(chat.tags["a"], 1);
}

async fn add_a() -> ChatUpdate {
    Chat::update().notes(["a"])
}
async fn overwrite_b() -> ChatUpdate {
    Chat::update().overwrite_notes(vec!["b".to_owned()])
}
async fn add_c() -> ChatUpdate {
    Chat::update().notes(["c"])
}
async fn add_d() -> ChatUpdate {
    Chat::update().notes(["d"])
}

// C17
#[tokio::test]
async fn an_overwrite_replaces_what_earlier_supersteps_have_written() {
    let graph = StateGraph::<Chat>::new("chat").node("a", add_a).node("b", overwrite_b);
    let graph = graph.edge(START, "a").edge("a", "b").edge("b", END).compile().unwrap();
    assert_eq!(graph.invoke(Chat::update().notes(["start"])).await.unwrap().into_state().notes, ["b"]);
}

// C18
#[tokio::test]
async fn an_overwrite_wins_over_siblings_before_and_after_it_live_and_when_read_back() {
    for names in [["b", "c"], ["c", "b"]] {
        let mut graph = StateGraph::<Chat>::new("chat").node("a", add_a).edge(START, "a").node("d", add_d);
        for name in names {
            graph = if name == "b" { graph.node(name, overwrite_b) } else { graph.node(name, add_c) };
            graph = graph.edge("a", name);
        }
        let graph = graph.edge(["b", "c"], "d").edge("d", END).compile().unwrap();
        let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
        let live = thread.invoke(Chat::update()).await.unwrap().into_state();
        assert_eq!(live.notes, ["b", "d"], "{names:?}");
        assert_eq!(thread.state().await.unwrap().unwrap().state, live);
    }
}

// C19
#[tokio::test]
async fn two_overwrites_of_one_superstep_conflict() {
    let graph = StateGraph::<Chat>::new("chat").node("a", overwrite_b).node("b", overwrite_b);
    let graph = graph.edge(START, "a").edge(START, "b").edge("a", END).edge("b", END).compile().unwrap();
    let error = graph.invoke(Chat::update()).await.unwrap_err();
    assert!(
        error.to_string().contains("overwrote `notes`") || error.to_string().contains("overwr"),
        "{error}"
    );
}

// C20, C21
#[tokio::test]
async fn several_updates_of_one_node_are_merged_in_order() {
    async fn twice() -> Vec<Command<Chat>> {
        let command = |note: &str| Command::new().update(Chat::update().notes([note]));
        vec![command("a1"), command("a2").then(Chat::update().notes(["a3"]))]
    }
    let graph = StateGraph::<Chat>::new("chat").node("a", twice).node("d", add_d);
    let graph = graph.edge(START, "a").edge("a", "d").edge("d", END).compile().unwrap();
    let chat = graph.invoke(Chat::update()).await.unwrap().into_state();
    assert_eq!(chat.notes, ["a1", "a2", "a3", "d"]);
}

// C2: a topic that is emptied is an ephemeral list.
#[tokio::test]
async fn an_ephemeral_field_lasts_one_superstep() {
    async fn mail() -> ChatUpdate {
        Chat::update().inbox([1])
    }
    async fn more_mail() -> ChatUpdate {
        Chat::update().inbox([2])
    }
    async fn read(chat: &Chat) -> ChatUpdate {
        let mut seen = chat.seen.clone();
        seen.push(format!("{:?}", chat.inbox));
        Chat::update().seen(seen)
    }
    let graph = StateGraph::<Chat>::new("chat").node("one", mail).node("two", more_mail);
    let graph = graph.node("read", read).node("again", read).edge(START, "one").edge(START, "two");
    let graph =
        graph.edge(["one", "two"], "read").edge("read", "again").edge("again", END).compile().unwrap();
    let chat = graph.invoke(Chat::update()).await.unwrap().into_state();
    assert_eq!(chat.seen, ["[1, 2]", "[]"]);
    assert!(chat.inbox.is_empty());
}

// C5
#[tokio::test]
async fn an_untracked_field_is_seen_in_the_run_and_never_stored() {
    async fn open() -> ChatUpdate {
        Chat::update().handle(7)
    }
    async fn ask(chat: &Chat, ctx: Ctx) -> ChatUpdate {
        let _: bool = ctx.interrupt(chat.handle).await;
        Chat::update().seen(vec![chat.handle.to_string()])
    }
    let saver = MemorySaver::default();
    let graph = StateGraph::<Chat>::new("chat").node("open", open).node("ask", ask);
    let graph = graph.edge(START, "open").edge("open", "ask").edge("ask", END).compile().unwrap();
    let thread = graph.with_checkpointer(saver.clone()).thread("t");
    let asked = thread.invoke(Chat::update()).await.unwrap();
    assert_eq!(asked.interrupts()[0].question, json!(7));
    assert_eq!(thread.resume(Resume::answer(true)).await.unwrap().into_state().seen, ["0"]);
    let key = medha_graph::store::ThreadKey::root("t");
    let stored = saver.history(&key, &medha_graph::store::HistoryQuery::last(9)).await.unwrap();
    assert!(!serde_json::to_string(&stored).unwrap().contains("handle"));
}

#[test]
fn fields_are_listed_with_their_properties() {
    let chat = Chat::default();
    let field = |name: &str| chat.fields().iter().find(|field| field.name == name).unwrap().clone();
    assert_eq!(field("lines").storage, Storage::Messages);
    assert!(field("inbox").is_ephemeral && !field("inbox").is_exclusive);
    assert_eq!(field("handle").storage, Storage::Untracked);
    assert!(field("secret").is_private && field("secret").is_exclusive);
    assert!(!field("notes").is_private && !field("notes").is_ephemeral);
}

#[tokio::test]
async fn messages_survive_storage_as_what_was_written() {
    async fn talk(chat: &Chat) -> ChatUpdate {
        let number = chat.lines.len();
        let update = Chat::update().lines([nameless(&format!("line {number}"))]);
        match chat.lines.get(3) {
            Some(line) if line.text == "line 3" => update.remove_lines([line.id().unwrap()]),
            _ => update,
        }
    }
    #[derive(Route)]
    enum Next {
        #[route("talk")]
        Again,
        #[route(END)]
        Stop,
    }
    let again = |chat: &Chat| if chat.lines.len() < 12 { Next::Again } else { Next::Stop };
    let graph = StateGraph::<Chat>::new("chat").node("talk", talk).edge(START, "talk");
    let graph = graph.conditional_edge("talk", again).compile().unwrap();
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    let live = thread.invoke(Chat::update()).await.unwrap().into_state();
    assert_eq!(texts(&live)[2..5], ["line 2", "line 4", "line 4"]);
    let read = thread.state().await.unwrap().unwrap();
    assert_eq!(read.state, live);
    let last = serde_json::to_string(&read.writes).unwrap();
    assert!(
        last.contains("line 11") && !last.contains("line 10"),
        "one message was written, not the list: {last}"
    );
}

#[tokio::test]
async fn a_refused_removal_fails_the_run_and_leaves_the_thread_as_it_was() {
    async fn remove() -> ChatUpdate {
        Chat::update().remove_lines(["ghost"])
    }
    let graph = StateGraph::<Chat>::new("chat").node("remove", remove);
    let graph = graph.edge(START, "remove").edge("remove", END).compile().unwrap();
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    let error = thread.invoke(Chat::update().lines([line("a", "1")])).await.unwrap_err();
    assert!(error.to_string().contains(r#"no message "ghost" to remove"#), "{error}");
    assert_eq!(texts(&thread.state().await.unwrap().unwrap().state), ["1"]);
}

#[tokio::test]
async fn a_node_knows_how_far_the_run_may_go() {
    async fn look(chat: &Chat, left: StepsLeft, is_last: LastStep, ctx: Ctx) -> ChatUpdate {
        assert_eq!((left.0, is_last.0), (ctx.steps_left(), ctx.is_last_step()));
        let mut seen = chat.seen.clone();
        seen.push(format!("{} {}", left.0, is_last.0));
        Chat::update().seen(seen)
    }
    let graph = StateGraph::<Chat>::new("chat").node("a", look).node("b", look).node("c", look);
    let graph = graph.edge(START, "a").edge("a", "b").edge("b", "c").edge("c", END).compile().unwrap();
    let thread = graph.with_step_limit(2).with_checkpointer(MemorySaver::default()).thread("t");
    assert!(matches!(thread.invoke(Chat::update()).await, Err(RunError::StepLimit { .. })));
    let chat = thread.resume(Resume::next()).await.unwrap().into_state();
    assert_eq!(chat.seen, ["1 false", "0 true", "1 false"]);
}

#[tokio::test]
async fn a_view_is_made_for_the_node_and_an_outcome_is_projected() {
    struct Count(usize);
    impl From<&Chat> for Count {
        fn from(chat: &Chat) -> Self {
            Self(chat.notes.len())
        }
    }
    async fn count(count: View<Count>, ctx: Ctx) -> ChatUpdate {
        ctx.emit("counting");
        Chat::update().notes([format!("{} so far", count.0.0)])
    }
    let graph = StateGraph::<Chat>::new("chat").node("count", count);
    let graph = graph.edge(START, "count").edge("count", END).compile().unwrap();
    let outcome = graph.invoke(Chat::update().notes(["x", "y"])).await.unwrap();
    assert_eq!(outcome.state().notes[2], "2 so far");
    assert_eq!(outcome.project::<Count>().into_state().0, 3);
}
