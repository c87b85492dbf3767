//! Words that are near to known ones.

use super::lexicon::Lexicon;
use super::text::{Token, TokenKind};
use super::understanding::Correction;

/// The corrections of those words that have one near enough.
pub(crate) fn corrections(unknown: &[String], lexicon: &Lexicon) -> Vec<Correction> {
    unknown
        .iter()
        .filter_map(|word| {
            nearest(&word.to_lowercase(), lexicon).map(|to| Correction { from: word.clone(), to })
        })
        .collect()
}

/// Words that only look known because a stem drops their last letter: `revenu` for `revenue`.
pub(crate) fn clipped(tokens: &[Token], lexicon: &Lexicon) -> Vec<Correction> {
    let known = |word: &str| lexicon.vocabulary.binary_search_by(|held| held.as_str().cmp(word)).is_ok();
    tokens
        .iter()
        .filter(|token| {
            token.kind == TokenKind::Word && token.lower.chars().count() >= 4 && !known(&token.lower)
        })
        .filter(|token| known(&format!("{}e", token.lower)))
        .map(|token| Correction { from: token.text.clone(), to: format!("{}e", token.lower) })
        .collect()
}

/// The text with its corrections made.
pub(crate) fn mend(text: &str, corrections: &[Correction]) -> String {
    corrections
        .iter()
        .fold(text.to_owned(), |text, correction| text.replace(&correction.from, &correction.to))
}

/// The known word nearest to this one, if it is near enough for its length and nearer than any other.
pub(crate) fn nearest(word: &str, lexicon: &Lexicon) -> Option<String> {
    let length = word.chars().count();
    if length < 4 || word.chars().any(|letter| letter.is_ascii_digit()) {
        return None;
    }
    let most = match length {
        4..=7 => 1,
        8..=11 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &String)> = None;
    let everyday: Vec<String> = EVERYDAY.iter().map(|word| (*word).to_owned()).collect();
    for known in lexicon.vocabulary.iter().chain(&lexicon.plurals).chain(&everyday) {
        if known.chars().count().abs_diff(length) > most || known.chars().next() != word.chars().next() {
            continue;
        }
        let distance = strsim::osa_distance(word, known);
        if distance == 0 {
            return None;
        }
        if distance <= most && best.is_none_or(|(other, _)| distance < other) {
            best = Some((distance, known));
        }
    }
    best.map(|(_, known)| known.clone())
}

/// Words of questions themselves that are often misspelt.
const EVERYDAY: [&str; 16] = [
    "corresponding",
    "different",
    "distinct",
    "average",
    "maximum",
    "minimum",
    "highest",
    "lowest",
    "number",
    "percentage",
    "alphabetical",
    "descending",
    "ascending",
    "between",
    "monthly",
    "quarterly",
];
