//! A question back to the user, where somebody sits at the terminal.

use std::io::{self, BufRead};

use crate::render::text::harmless;
use crate::terminal::tell;

/// What somebody answered to a numbered list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// One of the options.
    Option(String),
    /// Neither a number nor nothing: a question of their own.
    Other(String),
    /// Nothing.
    None,
}

/// Shows the options and waits for an answer.
pub(crate) async fn choose(prompt: String, options: Vec<String>) -> Choice {
    tell(&harmless(&prompt));
    for (index, option) in options.iter().enumerate() {
        tell(&format!("  ({}) {}", index + 1, harmless(option)));
    }
    tell(&format!("Type a number from 1 to {}, or a question; an empty line gives up.", options.len()));
    // Reading blocks, so it gets a thread of its own; Ctrl-C ends the process without waiting for it.
    let read = tokio::task::spawn_blocking(move || read_choice(&options, io::stdin().lock())).await;
    read.unwrap_or(Choice::None)
}

fn read_choice(options: &[String], mut input: impl BufRead) -> Choice {
    loop {
        let mut line = String::new();
        match input.read_line(&mut line) {
            Ok(0) | Err(_) => return Choice::None,
            Ok(_) => {}
        }
        let line = line.trim();
        match line.parse::<usize>() {
            Ok(number) if (1..=options.len()).contains(&number) => {
                return Choice::Option(options[number - 1].clone());
            }
            Ok(_) => tell(&format!("There is no ({line}); type a number from 1 to {}.", options.len())),
            Err(_) if line.is_empty() => return Choice::None,
            Err(_) => return Choice::Other(line.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_chooses_words_ask_anew_and_nothing_gives_up() {
        let options = ["first".to_owned(), "second".to_owned()];
        let read = |typed: &str| read_choice(&options, typed.as_bytes());
        assert_eq!(read("2\n"), Choice::Option("second".into()));
        assert_eq!(read("9\n1\n"), Choice::Option("first".into()));
        assert_eq!(read("orders by month\n"), Choice::Other("orders by month".into()));
        assert_eq!(read("\n2\n"), Choice::None);
        assert_eq!(read(""), Choice::None);
    }
}
