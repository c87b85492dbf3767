//! Tokens of a question: words, numbers, dates, quoted text and the few symbols that mean something.

use jiff::civil::Date;

use super::stem::stem;

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// As written; for quoted text, what is inside the quotes.
    pub(crate) text: String,
    /// In lower case, with accents kept.
    pub(crate) lower: String,
    /// The stem of the lower-case word.
    pub(crate) stem: String,
    /// What it is.
    pub(crate) kind: TokenKind,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TokenKind {
    /// A run of letters and digits that begins with a letter.
    Word,
    /// A number.
    Number(f64),
    /// An ISO date.
    Date(Date),
    /// Text in quotes.
    Quoted,
    /// `'s`.
    Possessive,
    /// One of `, . ? ! ; : ( ) > < = % $ - / &`.
    Symbol(char),
}

impl Token {
    /// Whether it is this lower-case word.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.lower == word
    }

    /// Whether it is this symbol.
    pub(crate) fn is_symbol(&self, symbol: char) -> bool {
        self.kind == TokenKind::Symbol(symbol)
    }

    /// The number it is, if it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self.kind {
            TokenKind::Number(number) => Some(number),
            TokenKind::Word
            | TokenKind::Date(_)
            | TokenKind::Quoted
            | TokenKind::Possessive
            | TokenKind::Symbol(_) => None,
        }
    }

    fn new(text: String, kind: TokenKind) -> Self {
        let lower = text.to_lowercase();
        let stem = if kind == TokenKind::Word { stem(&lower) } else { lower.clone() };
        Self { text, lower, stem, kind }
    }
}

/// Longer questions are cut: nobody asks a database more than this.
const MOST_TOKENS: usize = 400;

/// Splits a question into tokens.
pub(crate) fn tokenize(text: &str) -> Vec<Token> {
    let characters: Vec<char> = normalize_quotes(text).chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < characters.len() && tokens.len() < MOST_TOKENS {
        at = next_token(&characters, at, &mut tokens);
    }
    tokens
}

/// The words of an identifier: `sbCustJoinDate`, `cust_join_date` and `cust join date` are the same four words.
pub(crate) fn words_of_identifier(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            flush(&mut word, &mut words);
            continue;
        }
        let before = index.checked_sub(1).map(|previous| characters[previous]);
        let after = characters.get(index + 1).copied();
        let starts_word = character.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
                || before.is_some_and(char::is_uppercase) && after.is_some_and(char::is_lowercase));
        if starts_word {
            flush(&mut word, &mut words);
        }
        word.extend(character.to_lowercase());
    }
    flush(&mut word, &mut words);
    words
}

/// The lower-case words of any text, cut at what is neither a letter nor a digit.
pub(crate) fn words_of_text(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn flush(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Brings all ways of quoting to `"` and all apostrophes to `'`.
fn normalize_quotes(text: &str) -> String {
    let text = text.replace("``", "\"").replace("''", "\"").replace('`', "\"");
    let mut out = String::with_capacity(text.len());
    let characters: Vec<char> = text.chars().collect();
    for (index, &character) in characters.iter().enumerate() {
        let before_is_word = index > 0 && characters[index - 1].is_alphanumeric();
        let after_is_word = characters.get(index + 1).is_some_and(|next| next.is_alphanumeric());
        match character {
            '“' | '”' | '«' | '»' | '„' => out.push('"'),
            '‘' | '’' if before_is_word && after_is_word => out.push('\''),
            '’' if before_is_word && !text.contains('‘') => out.push('\''),
            '‘' | '’' => out.push('"'),
            other => out.push(other),
        }
    }
    out
}

fn next_token(characters: &[char], at: usize, tokens: &mut Vec<Token>) -> usize {
    let character = characters[at];
    if character.is_whitespace() {
        return at + 1;
    }
    if let Some(end) = quoted_end(characters, at) {
        let inner: String = characters[at + 1..end].iter().collect();
        tokens.push(Token::new(inner.trim().to_owned(), TokenKind::Quoted));
        return end + 1;
    }
    if character.is_ascii_digit() {
        return number_or_date(characters, at, tokens);
    }
    if character.is_alphanumeric() {
        return word(characters, at, tokens);
    }
    if character == '\'' {
        let is_s = characters.get(at + 1).is_some_and(|next| matches!(next, 's' | 'S'))
            && !characters.get(at + 2).is_some_and(|next| next.is_alphanumeric());
        let after_word = at > 0 && characters[at - 1].is_alphanumeric();
        if after_word {
            tokens.push(Token::new("'s".into(), TokenKind::Possessive));
        }
        return if is_s { at + 2 } else { at + 1 };
    }
    if ",.?!;:()><=%$-/&≥≤".contains(character) {
        tokens.push(Token::new(character.to_string(), TokenKind::Symbol(character)));
    }
    at + 1
}

/// The index of the quote that closes the one at `at`, if one opens there.
fn quoted_end(characters: &[char], at: usize) -> Option<usize> {
    let quote = characters[at];
    let before_is_word = at > 0 && characters[at - 1].is_alphanumeric();
    if quote == '"' {
        return (at + 1..characters.len())
            .find(|&index| characters[index] == '"')
            .filter(|&end| end > at + 1);
    }
    if quote != '\'' || before_is_word {
        return None;
    }
    (at + 1..characters.len())
        .find(|&index| {
            characters[index] == '\'' && !characters.get(index + 1).is_some_and(|next| next.is_alphanumeric())
        })
        .filter(|&end| end > at + 1)
}

fn word(characters: &[char], at: usize, tokens: &mut Vec<Token>) -> usize {
    let mut end = at;
    while end < characters.len() && characters[end].is_alphanumeric() {
        end += 1;
    }
    let text: String = characters[at..end].iter().collect();
    // Contractions: `don't`, `what's`, `they're`.
    if characters.get(end) == Some(&'\'') {
        let rest: String = characters[end + 1..]
            .iter()
            .take_while(|next| next.is_alphabetic())
            .collect::<String>()
            .to_lowercase();
        let lower = text.to_lowercase();
        if rest == "t" && lower.ends_with('n') && lower.len() > 2 {
            let stem_of_verb = &text[..text.len() - 1];
            let verb = if lower == "can" { "can" } else { stem_of_verb };
            tokens.push(Token::new(verb.to_owned(), TokenKind::Word));
            tokens.push(Token::new("not".into(), TokenKind::Word));
            return end + 2;
        }
        if rest == "s"
            && matches!(
                lower.as_str(),
                "what" | "who" | "where" | "when" | "how" | "that" | "it" | "there" | "which"
            )
        {
            tokens.push(Token::new(text, TokenKind::Word));
            tokens.push(Token::new("is".into(), TokenKind::Word));
            return end + 2;
        }
        if matches!(rest.as_str(), "re" | "ve" | "ll" | "d" | "m") {
            tokens.push(Token::new(text, TokenKind::Word));
            return end + 1 + rest.chars().count();
        }
    }
    tokens.push(Token::new(text, TokenKind::Word));
    end
}

fn number_or_date(characters: &[char], at: usize, tokens: &mut Vec<Token>) -> usize {
    let run: String = characters[at..]
        .iter()
        .take_while(|next| next.is_ascii_digit() || matches!(next, '-'))
        .take(10)
        .collect();
    if run.len() == 10
        && !characters.get(at + 10).is_some_and(|next| next.is_alphanumeric())
        && let Ok(date) = run.parse::<Date>()
    {
        tokens.push(Token::new(run, TokenKind::Date(date)));
        return at + 10;
    }
    let mut end = at;
    let mut digits = String::new();
    while end < characters.len() {
        let next = characters[end];
        let digit_follows = characters.get(end + 1).is_some_and(char::is_ascii_digit);
        let thousands = next == ','
            && (1..=3).all(|step| characters.get(end + step).is_some_and(char::is_ascii_digit))
            && !characters.get(end + 4).is_some_and(char::is_ascii_digit);
        if next.is_ascii_digit() || (next == '.' && digit_follows && !digits.contains('.')) {
            digits.push(next);
        } else if !thousands {
            break;
        }
        end += 1;
    }
    // `90s`, `2nd`, `4K`: a word that begins with digits.
    if characters.get(end).is_some_and(|next| next.is_alphabetic()) {
        let mut word_end = end;
        while word_end < characters.len() && characters[word_end].is_alphanumeric() {
            word_end += 1;
        }
        let suffix: String = characters[end..word_end].iter().collect::<String>().to_lowercase();
        if let Some(scale) = magnitude(&suffix)
            && let Ok(number) = digits.parse::<f64>()
        {
            tokens.push(Token::new(digits, TokenKind::Number(number * scale)));
            return word_end;
        }
        let text: String = characters[at..word_end].iter().collect();
        tokens.push(Token::new(text, TokenKind::Word));
        return word_end;
    }
    match digits.parse::<f64>() {
        Ok(number) => tokens.push(Token::new(digits, TokenKind::Number(number))),
        Err(_) => tokens.push(Token::new(digits, TokenKind::Word)),
    }
    end.max(at + 1)
}

fn magnitude(suffix: &str) -> Option<f64> {
    match suffix {
        "k" => Some(1e3),
        "m" => Some(1e6),
        "bn" => Some(1e9),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &str) -> Vec<String> {
        tokenize(question).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn quotes_of_every_kind_hold_their_text_together() {
        for question in
            ["named \"Sky Radio\"?", "named 'Sky Radio'?", "named ‘Sky Radio’?", "named ``Sky Radio''?"]
        {
            assert_eq!(texts(question), ["named", "Sky Radio", "?"], "{question}");
        }
    }

    #[test]
    fn contractions_and_possessives_come_apart() {
        assert_eq!(texts("What's Kyle's id"), ["What", "is", "Kyle", "'s", "id"]);
        assert_eq!(texts("don't"), ["do", "not"]);
    }

    #[test]
    fn numbers_keep_their_value() {
        let numbers: Vec<_> = tokenize("1,000 0.99 2k 2025-04-18").iter().map(|token| token.kind).collect();
        assert_eq!(numbers[0], TokenKind::Number(1000.0));
        assert_eq!(numbers[1], TokenKind::Number(0.99));
        assert_eq!(numbers[2], TokenKind::Number(2000.0));
        assert_eq!(numbers[3], TokenKind::Date(jiff::civil::date(2025, 4, 18)));
    }

    #[test]
    fn identifiers_come_apart_at_case_and_underscores() {
        assert_eq!(words_of_identifier("sbCustJoinDate"), ["sb", "cust", "join", "date"]);
        assert_eq!(words_of_identifier("Pixel_aspect_ratio_PAR"), ["pixel", "aspect", "ratio", "par"]);
        assert_eq!(words_of_identifier("TVSeries"), ["tv", "series"]);
    }
}
