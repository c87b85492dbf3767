//! Requests that are understood well enough to be refused: changes, forecasts, secrets, other languages.

use super::lexicon::Lexicon;
use super::text::{Token, TokenKind, words};

/// Why a request is not even read, if it is one of those.
pub(crate) fn refusal(tokens: &[Token], lexicon: &Lexicon) -> Option<String> {
    let first_words: Vec<&str> = tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Word)
        .take(4)
        .map(|token| token.lower.as_str())
        .collect();
    let asks_write = first_words.iter().position(|word| words::is_write_verb(word)).is_some_and(|place| {
        first_words[..place].iter().all(|word| {
            matches!(
                *word,
                "please"
                    | "can"
                    | "could"
                    | "you"
                    | "i"
                    | "want"
                    | "to"
                    | "now"
                    | "just"
                    | "then"
                    | "and"
                    | "kindly"
            )
        })
    });
    if asks_write {
        return Some("it asks to change data, and data is only ever read here".into());
    }
    let has = |word: &str| tokens.iter().any(|token| token.is(word));
    if has("will") || has("forecast") || has("predict") || has("prediction") || has("projected") {
        return Some("it asks about the future, and the data only knows the past".into());
    }
    if (has("password") || has("passwords")) && !lexicon.vocabulary.iter().any(|word| word == "password") {
        return Some("there are no passwords to be shown".into());
    }
    if is_other_language(tokens) {
        return Some("only questions in English are understood".into());
    }
    None
}

/// Whether most of the words are of another language or script.
fn is_other_language(tokens: &[Token]) -> bool {
    let words: Vec<&Token> = tokens.iter().filter(|token| token.kind == TokenKind::Word).collect();
    if words.is_empty() {
        return false;
    }
    let letters = |token: &Token| token.text.chars().filter(|letter| letter.is_alphabetic()).count();
    let foreign = words
        .iter()
        .filter(|token| token.text.chars().any(|letter| letter.is_alphabetic() && letter as u32 > 0x24f))
        .count();
    if foreign * 2 > words.len() {
        return true;
    }
    let telling =
        words.iter().filter(|token| is_foreign_function_word(&token.lower) && letters(token) > 1).count();
    let english = words.iter().filter(|token| words::is_stop_word(&token.lower)).count();
    telling >= 2 && telling > english
}

fn is_foreign_function_word(word: &str) -> bool {
    matches!(
        word,
        "wie"
            | "viele"
            | "der"
            | "das"
            | "und"
            | "ist"
            | "sind"
            | "unsere"
            | "welche"
            | "zeige"
            | "mir"
            | "nach"
            | "pro"
            | "von"
            | "mit"
            | "ein"
            | "eine"
            | "im"
            | "les"
            | "des"
            | "une"
            | "est"
            | "sont"
            | "quel"
            | "quelle"
            | "quels"
            | "combien"
            | "montre"
            | "montrez"
            | "nos"
            | "notre"
            | "par"
            | "avec"
            | "dans"
            | "pour"
            | "el"
            | "los"
            | "las"
            | "una"
            | "cuantos"
            | "cuántos"
            | "cuál"
            | "cual"
            | "cuales"
            | "muestra"
            | "nuestros"
            | "por"
            | "con"
            | "il"
            | "gli"
            | "che"
            | "quanti"
            | "quale"
            | "mostra"
            | "hoeveel"
            | "wat"
            | "het"
            | "een"
            | "zijn"
            | "quantos"
            | "quais"
            | "os"
    )
}
