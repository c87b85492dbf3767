//! `fanout_to_subgraph`: as many subgraphs as subjects, all in one superstep, twelve supersteps each.

use medha_graph::Subgraph;
use medha_graph::prelude::*;

use crate::row::{Row, Saver};

const LETTERS: usize = 1_000;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for count in [10, 100] {
        for (end, saver) in Saver::SUITE {
            let input = move || Overall::update().subjects(vec![letters(); count]);
            rows.push(Row::of(format!("fanout_to_subgraph_{count}x{end}"), saver, overall, input));
        }
    }
    rows
}

fn letters() -> Vec<char> {
    std::iter::repeat_with(fastrand::lowercase).take(LETTERS).collect()
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Overall {
    subjects: Vec<Vec<char>>,
    #[state(append)]
    jokes: Vec<String>,
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Joke {
    letters: Vec<char>,
    subject: String,
    jokes: Vec<String>,
}

/// Writes the list of letters out, as Python shows one: five characters a letter.
async fn edit(joke: &Joke) -> JokeUpdate {
    Joke::update().subject(format!("{:?} - hohoho", joke.letters))
}

async fn generate(joke: &Joke) -> JokeUpdate {
    Joke::update().jokes(vec![format!("Joke about {}", joke.subject)])
}

async fn bump(joke: &Joke) -> JokeUpdate {
    Joke::update().jokes(vec![format!("{} a", joke.jokes[0])])
}

#[derive(Route)]
enum Again {
    #[route("bump")]
    Yes,
    #[route(END)]
    No,
}

fn again(joke: &Joke) -> Again {
    if joke.jokes[0].ends_with(" a a a a a a a a a a") { Again::No } else { Again::Yes }
}

fn overall() -> CompiledGraph<Overall> {
    let joke = StateGraph::new("joke")
        .node("edit", edit)
        .node("generate", generate)
        .node("bump", bump)
        .edge(START, "edit")
        .edge("edit", "generate")
        .edge("generate", "bump")
        .conditional_edge("bump", again)
        .compile()
        .unwrap();
    let joke = Subgraph::new(joke)
        .input_with(|_: &Overall, letters: Vec<char>| Joke::update().letters(letters))
        .output(|joke: &Joke| Overall::update().jokes(joke.jokes.iter().cloned()));
    StateGraph::new("jokes")
        .node("generate_joke", joke)
        .fan_out(START, "generate_joke", |overall: &Overall| overall.subjects.clone())
        .edge("generate_joke", END)
        .compile()
        .unwrap()
}
