//! A conversation that is kept as messages: appended, corrected in place, taken back, and shortened when it grows long.
//!
//! Run it with `cargo run --example conversation`. Messages are known by their id. One with an id that is there already
//! takes its place; so a text that comes in pieces, or a correction, is the same write as a new message.

use medha_graph::prelude::*;
use medha_graph::reducer::Message;

/// Any type will do, as long as it has an id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Line {
    id: Option<String>,
    by: String,
    text: String,
}

impl Message for Line {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
    fn set_id(&mut self, id: String) {
        self.id = Some(id); // drawn where a message without one is written
    }
}

impl Line {
    fn new(by: &str, text: impl Into<String>) -> Self {
        Self { id: None, by: by.to_owned(), text: text.into() }
    }

    fn named(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Chat {
    #[state(messages)]
    lines: Vec<Line>,
    summary: String,
    /// Lasts one superstep: who reads it sees what was written just before.
    #[state(ephemeral)]
    mood: String,
}

#[derive(Route)]
enum Length {
    #[route("shorten")]
    Long,
    #[route(END)]
    Short,
}

async fn listen(chat: &Chat) -> ChatUpdate {
    let is_shouting = chat.lines.last().is_some_and(|line| line.text.ends_with('!'));
    Chat::update().mood(if is_shouting { "calm down. " } else { "" })
}

async fn reply(chat: &Chat) -> ChatUpdate {
    let asked = chat.lines.last().map_or("nothing", |line| line.text.as_str());
    Chat::update().lines([Line::new("bot", format!("{}You said {asked:?}", chat.mood))])
}

fn length(chat: &Chat) -> Length {
    if chat.lines.len() > 4 { Length::Long } else { Length::Short }
}

/// Keeps the last two lines; the others live on in the summary.
async fn shorten(chat: &Chat) -> ChatUpdate {
    let (old, _) = chat.lines.split_at(chat.lines.len() - 2);
    let ids = old.iter().filter_map(|line| line.id.clone());
    Chat::update().remove_lines(ids).summary(format!("{} older lines", old.len()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = StateGraph::<Chat>::new("chat")
        .node("listen", listen)
        .node("reply", reply)
        .node("shorten", shorten)
        .edge(START, "listen")
        .edge("listen", "reply")
        .conditional_edge("reply", length)
        .edge("shorten", END)
        .compile()?
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("ada");
    let show = |title: &str, chat: &Chat| {
        println!("{title}");
        for line in &chat.lines {
            println!("  {}: {}", line.by, line.text);
        }
    };

    let chat = thread.invoke(Chat::update().lines([Line::new("ada", "helo").named("greeting")])).await?;
    show("the first turn", chat.state());

    // The same id: the line is corrected where it stands. As `END` the update starts nothing.
    thread.update_as(END, Chat::update().lines([Line::new("ada", "hello").named("greeting")])).await?;
    show("corrected", &thread.state().await?.expect("it was run").state);

    let chat = thread.invoke(Chat::update().lines([Line::new("ada", "anybody there!")])).await?;
    show("the second turn", chat.state());

    let chat = thread.invoke(Chat::update().lines([Line::new("ada", "and now?")])).await?.into_state();
    show(&format!("the third turn ({})", chat.summary), &chat);

    // A removal of what is not there is an error, and the thread stays as it was.
    let error = thread.update_as(END, Chat::update().remove_lines(["greeting"])).await.unwrap_err();
    println!("{error}");

    let clear = Chat::update().clear_lines().lines([Line::new("ada", "let us begin again")]);
    thread.update_as(END, clear).await?;
    show("cleared", &thread.state().await?.expect("it was run").state);
    Ok(())
}
