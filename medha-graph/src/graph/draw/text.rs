//! Text in drawings: what may stand in a file.

/// The name, with what is to be said about it in brackets.
pub(super) fn with_remarks(name: &str, remarks: &[&str]) -> String {
    if remarks.is_empty() { name.to_owned() } else { format!("{name} ({})", remarks.join(", ")) }
}

/// Characters that no text file format takes: control characters, and what XML excludes.
pub(super) fn is_forbidden(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{FFFE}' | '\u{FFFF}')
}
