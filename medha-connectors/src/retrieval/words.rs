//! From texts and identifiers to words: what both the words arm and the hash see.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Bytes of a text whose words are searched; more does not fit a `tsvector`.
const MOST_TEXT: usize = 200_000;
/// Bytes of a query that count.
const MOST_QUERY: usize = 4_000;
/// Words of a query that count.
const MOST_TERMS: usize = 64;

/// The words of a text, in lower case, without accents, with a space between: `orderItems2` is `order items 2`.
pub(super) fn words(text: &str) -> String {
    let text = up_to(text, MOST_TEXT);
    let letters: Vec<char> = text.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
    let mut words = String::with_capacity(text.len() + 16);
    for (index, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            space(&mut words);
            continue;
        }
        if index.checked_sub(1).is_some_and(|before| begins(&letters, before, index)) {
            space(&mut words);
        }
        // What is lower case of one letter may have a mark of its own.
        words.extend(letter.to_lowercase().filter(|letter| letter.is_alphanumeric()));
    }
    while words.ends_with(' ') {
        words.pop();
    }
    words
}

/// The part of a query that counts.
pub(super) fn query_text(query: &str) -> &str {
    up_to(query, MOST_QUERY)
}

/// The words of a query that the words arm looks for: each once, without those that say nothing.
pub(super) fn terms(query: &str) -> Vec<String> {
    let words = words(query_text(query));
    let mut terms: Vec<String> = Vec::new();
    let mut left_out: Vec<String> = Vec::new();
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        let list = if SILENT.binary_search(&word).is_ok() { &mut left_out } else { &mut terms };
        if list.len() < MOST_TERMS && !list.iter().any(|known| known == word) {
            list.push(word.to_owned());
        }
    }
    // Somebody may have a table `how`.
    if terms.is_empty() { left_out } else { terms }
}

/// Whether a new word begins between two letters.
fn begins(letters: &[char], before: usize, index: usize) -> bool {
    let (last, letter) = (letters[before], letters[index]);
    let next = letters.get(index + 1);
    if letter.is_numeric() != last.is_numeric() {
        return last.is_alphanumeric();
    }
    if !letter.is_uppercase() {
        return false;
    }
    if last.is_lowercase() {
        return true;
    }
    // `HTTPStatus` is two words, `IDs` one.
    let is_plural = next == Some(&'s') && !letters.get(index + 2).is_some_and(|after| after.is_lowercase());
    last.is_uppercase() && next.is_some_and(|next| next.is_lowercase()) && !is_plural
}

fn space(words: &mut String) {
    if !words.is_empty() && !words.ends_with(' ') {
        words.push(' ');
    }
}

fn up_to(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Words of questions that are in too many texts to tell one from another; sorted.
const SILENT: &[&str] = &[
    "a", "all", "an", "and", "any", "are", "as", "at", "be", "been", "by", "can", "did", "do", "does",
    "each", "every", "find", "for", "from", "get", "give", "had", "has", "have", "how", "i", "in", "is",
    "it", "its", "list", "many", "me", "much", "my", "of", "on", "or", "our", "per", "s", "show", "tell",
    "that", "the", "their", "them", "there", "these", "they", "this", "to", "us", "was", "we", "were",
    "what", "when", "where", "which", "who", "whom", "whose", "with", "you",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_become_their_words() {
        for (text, expected) in [
            ("order_items", "order items"),
            ("orderItems2", "order items 2"),
            ("HTTPStatus", "http status"),
            ("customerIDs", "customer ids"),
            ("2024Q1", "2024 q 1"),
            ("Größe der Straße", "große der straße"),
            ("  -- ", ""),
            ("ﬁnance ①", "finance 1"),
            ("İstanbul CAFÉ", "istanbul cafe"),
            ("売上 高", "売上 高"),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn a_query_is_bounded_and_each_word_is_asked_once() {
        assert_eq!(terms("How many orders, ORDERS and \"orders*\"?"), ["orders"]);
        assert_eq!(terms("who is it"), ["who", "is", "it"]);
        let essay: String = (0..10_000).map(|n| format!("é{} ", "x".repeat(n % 50))).collect();
        assert!(terms(&essay).len() <= MOST_TERMS);
        assert!(words(&"é".repeat(1_000_000)).len() <= MOST_TEXT);
        assert_eq!(terms(""), Vec::<String>::new());
    }

    #[test]
    fn the_words_that_say_nothing_are_sorted() {
        assert!(SILENT.is_sorted());
    }
}
