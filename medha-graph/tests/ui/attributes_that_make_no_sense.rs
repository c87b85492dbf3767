use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Log {
    #[state(messages)]
    text: String,
    #[state(append)]
    count: u32,
    #[state(merge)]
    lines: Vec<String>,
    #[state(append, add)]
    both: Vec<u32>,
    #[state(private, private)]
    twice: u32,
    #[state(messages, ephemeral)]
    talk: Vec<u32>,
    #[state(secret)]
    hidden: u32,
}

fn main() {}
