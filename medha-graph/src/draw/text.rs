//! Text in drawings: what may stand in a file, how wide it is, where its lines break.

use unicode_width::UnicodeWidthChar;

/// The name, with what is to be said about it in brackets.
pub(super) fn with_remarks(name: &str, remarks: &[&str]) -> String {
    if remarks.is_empty() { name.to_owned() } else { format!("{name} ({})", remarks.join(", ")) }
}

/// Characters that no text file format takes: control characters, and what XML excludes.
pub(super) fn is_forbidden(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{FFFE}' | '\u{FFFF}')
}

/// How many columns of a fixed-width font the text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// The text in lines of at most so many columns: broken at spaces where it can be, and cut with an ellipsis when there
/// would be too many lines. There is always at least one line.
pub(super) fn wrap(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    'words: for (paragraph, words) in text.lines().enumerate() {
        let mut must_break = paragraph > 0;
        for word in words.split_whitespace() {
            let width: usize = word.chars().take(columns + 1).map(width_of).sum();
            if must_break || (used > 0 && used + 1 + width > columns) {
                if lines.len() == most {
                    cut(&mut lines, columns);
                    break 'words;
                }
                lines.push(String::new());
                used = 0;
                must_break = false;
            }
            let mut line = lines.pop().unwrap_or_default();
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            for character in word.chars() {
                let width = width_of(character);
                if used + width > columns {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                    if lines.len() == most {
                        cut(&mut lines, columns);
                        break 'words;
                    }
                }
                line.push(if is_forbidden(character) { char::REPLACEMENT_CHARACTER } else { character });
                used += width;
            }
            lines.push(line);
        }
    }
    lines
}

fn cut(lines: &mut [String], columns: usize) {
    if let Some(last) = lines.last_mut() {
        while self::columns(last) >= columns && last.pop().is_some() {}
        last.push('…');
    }
}

/// A forbidden character is shown as a replacement character, which is one column wide.
fn width_of(character: char) -> usize {
    character.width().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn text_is_wrapped_at_spaces_and_cut_with_an_ellipsis() {
        let table: [(&str, usize, &[&str]); 9] = [
            ("write", 3, &["write"]),
            ("", 3, &[""]),
            (" \n ", 3, &[""]),
            ("write the whole essay", 3, &["write the", "whole", "essay"]),
            ("two\nlines", 3, &["two", "lines"]),
            ("abcdefghijklmnop", 3, &["abcdefghij", "klmnop"]),
            ("one two three four five six seven", 2, &["one two", "three fou…"]),
            ("abcdefghijklmnopqrstuvwxyz", 2, &["abcdefghij", "klmnopqrs…"]),
            ("漢字漢字漢字", 3, &["漢字漢字漢", "字"]),
        ];
        for (text, most, expected) in table {
            assert_eq!(wrap(text, 10, most), expected, "{text:?}");
        }
    }
}
