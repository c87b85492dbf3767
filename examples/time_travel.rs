//! A story is written, and then its past is changed: read back, forked, rewritten and copied.
//!
//! Run it with `cargo run --example time_travel`. Every superstep leaves a checkpoint, and each of them can be run on from.
//! Nothing is lost by that: a fork is a new line of the same history.

use medha_graph::Thread;
use medha_graph::prelude::*;
use medha_graph::store::retention::Retention;
use medha_graph::store::{Cause, HistoryQuery};

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Story {
    hero: String,
    place: String,
    #[state(append)]
    text: Vec<String>,
}

async fn cast() -> StoryUpdate {
    Story::update().hero("a knight")
}

async fn set(story: &Story) -> StoryUpdate {
    let place = if story.hero == "a knight" { "in a castle" } else { "on a ship" };
    Story::update().place(place)
}

async fn tell(story: &Story) -> StoryUpdate {
    Story::update().text([format!("There was {} {}.", story.hero, story.place)])
}

async fn print_history(title: &str, thread: &Thread<Story>) -> Result<(), Box<dyn std::error::Error>> {
    println!("{title}");
    for snapshot in thread.history(20).await?.iter().rev() {
        let parent = snapshot.parent.map_or("-".to_owned(), |parent| parent.to_string());
        let (cause, next) = (snapshot.cause, snapshot.next_nodes().collect::<Vec<_>>());
        println!("  {} after {parent}: {cause:?}, next {next:?}, {:?}", snapshot.id, snapshot.state.text);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = StateGraph::<Story>::new("story")
        .node("cast", cast)
        .node("set", set)
        .node("tell", tell)
        .edge(START, "cast")
        .edge("cast", "set")
        .edge("set", "tell")
        .edge("tell", END)
        .compile()?
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("story-1");
    let story = thread.clone().with_metadata("author", "ada").invoke(Story::update()).await?.into_state();
    println!("{}", story.text[0]);
    print_history("as it was written:", &thread).await?;

    // Where the hero was known and nothing else: found by what runs next.
    let history = thread.history(20).await?;
    let before_set = history.iter().find(|one| one.next_nodes().eq(["set"])).expect("it ran").id;
    let past = thread.clone().at(before_set);
    let then = past.state().await?.expect("it is in the history").state;
    println!("back then the hero was {:?}, the place {:?}", then.hero, then.place);

    // An update there forks the history: "cast" counts as having written it, and "set" decides anew.
    past.update(Story::update().hero("a pirate")).await?;
    let story = thread.resume(Resume::next()).await?.into_state();
    println!("{}", story.text[0]);
    print_history("with a second line:", &thread).await?;

    // A copy of the first ending becomes the head again, as it was.
    let first_ending = history[0].id;
    thread.clone().at(first_ending).fork().await?;
    println!("the head again: {}", thread.state().await?.unwrap().state.text[0]);

    // A thread of its own, to try something out on; then what the last node wrote is replaced.
    let draft = thread.copy_to("story-1-draft").await?;
    draft.update_as("tell", Story::update().text(["The end."])).await?;
    println!("the draft: {:?}", draft.state().await?.unwrap().state.text);
    println!("the story: {:?}", thread.state().await?.unwrap().state.text);

    // Histories are searched by cause, run or metadata, and forgotten when they have grown long.
    let by_ada = thread.history_of(&HistoryQuery::default().with_metadata("author", "ada")).await?.len();
    let forks = thread.history_of(&HistoryQuery::default().with_cause(Cause::Fork)).await?.len();
    println!("{by_ada} checkpoints by ada, {forks} fork");
    let pruned = thread.prune(&Retention::last(2).inputs()).await?;
    println!("{} checkpoints forgotten", pruned.checkpoints);
    draft.delete().await?;
    assert!(graph.thread("story-1-draft").state().await?.is_none());
    Ok(())
}
