//! Small rewritings that make one form of several, before anything is read.

use crate::planner::text::{Token, TokenKind, tokenize};

/// Brings shortened and joined forms to their long form.
pub(super) fn rewrite(tokens: &[Token]) -> Vec<Token> {
    let tokens = shared_names(tokens);
    let tokens = drop_formats(&tokens);
    split_sentences_at_dots(tokens)
}

/// `first and last name` means `first name and last name`.
fn shared_names(tokens: &[Token]) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len() + 2);
    let mut at = 0;
    while at < tokens.len() {
        let is = |ahead: usize, word: &str| tokens.get(at + ahead).is_some_and(|token| token.is(word));
        let joined = is(0, "first")
            && (is(1, "and") || tokens.get(at + 1).is_some_and(|token| token.is_symbol(',')))
            && is(2, "last");
        let name = tokens.get(at + 3).is_some_and(|token| token.is("name") || token.is("names"));
        let closes = tokens.get(at + 3).is_some_and(|token| token.is_symbol(')'));
        if joined && (name || closes) {
            out.extend(tokenize("first name and last name"));
            at += if name { 4 } else { 3 };
            continue;
        }
        out.push(tokens[at].clone());
        at += 1;
    }
    out
}

/// `as YYYY-MM`, `as an integer`, `as a date`: how a value is written, not what it is.
fn drop_formats(tokens: &[Token]) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is("as") {
            let mut end = at + 1;
            while tokens.get(end).is_some_and(|token| token.is("a") || token.is("an")) {
                end += 1;
            }
            let is_format = |token: &Token| {
                matches!(
                    token.lower.as_str(),
                    "yyyy"
                        | "mm"
                        | "dd"
                        | "integer"
                        | "date"
                        | "percentage"
                        | "percent"
                        | "number"
                        | "decimal"
                        | "boolean"
                )
            };
            if tokens.get(end).is_some_and(is_format) {
                let percent = tokens[end].lower.starts_with("percent");
                while tokens.get(end).is_some_and(|token| is_format(token) || token.is_symbol('-')) {
                    end += 1;
                }
                if percent {
                    out.extend(tokenize("in percent"));
                }
                at = end;
                continue;
            }
        }
        out.push(tokens[at].clone());
        at += 1;
    }
    out
}

/// A dot after a single capital letter belongs to a name, not to a sentence.
fn split_sentences_at_dots(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let is_initial = token.is_symbol('.')
            && out.last().is_some_and(|before| {
                before.kind == TokenKind::Word
                    && before.text.chars().count() == 1
                    && before.text.starts_with(char::is_uppercase)
                    && before.lower != "i"
            });
        if !is_initial || out.len() > 60 {
            out.push(token);
        }
    }
    out
}
