//! Names in letters that look like others are refused: a name must be what a person reads.

use sqlparser::tokenizer::Token;
use unicode_security::confusable_detection::skeleton;
use unicode_security::{GeneralSecurityProfile as _, MixedScript as _};

use super::error::GuardError;

/// Checks all words that are no plain ASCII.
pub(crate) fn check<'a>(mut tokens: impl Iterator<Item = &'a Token>) -> Result<(), GuardError> {
    let suspicious = |token: &Token| match token {
        Token::Word(word) if !word.value.is_ascii() => {
            reason(&word.value).map(|reason| (word.value.clone(), reason))
        }
        _ => None,
    };
    match tokens.find_map(suspicious) {
        Some((name, reason)) => Err(GuardError::DeceptiveName { name, reason: reason.to_owned() }),
        None => Ok(()),
    }
}

fn reason(name: &str) -> Option<&'static str> {
    // Databases let people put spaces and signs into names in quotes, so only letters are held to the profile.
    let is_hidden = |c: char| !c.is_ascii() && !c.is_alphanumeric() && !c.identifier_allowed();
    if name.chars().any(is_hidden) {
        Some("it has a character that cannot be seen or is no letter")
    } else if !unicode_normalization::is_nfkc(name) {
        Some("its letters have another, plain form")
    } else if !name.is_single_script() {
        Some("it mixes letters of several scripts")
    } else if skeleton(name).all(|c| c.is_ascii()) {
        Some("it looks like Latin letters and is not")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_one_script_pass_and_lookalikes_do_not() {
        for name in ["größe", "prénom", "заказы", "商品", "顧客コード", "año"] {
            assert_eq!(reason(name), None, "{name}");
        }
        for name in [
            "p\u{430}yroll",         // a Cyrillic letter among Latin ones
            "\u{441}\u{43e}\u{440}", // three Cyrillic letters that look like Latin ones
            "pay\u{200b}roll",
            "pay\u{ad}roll",
            "ｐａｙｒｏｌｌ",
            "ﬁles",
            "\u{202e}orders",
            "orders\u{a0}",
            "\u{1d429}ayroll",
        ] {
            assert!(reason(name).is_some(), "{name}");
        }
    }
}
