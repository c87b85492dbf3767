//! Python's way to write rows, `[{'id': 1, 'name': None}]`, put into JSON: servers in Python print what they have.
//!
//! Only literals are read, and the three calls that a driver's values are printed as. Whatever else there is makes it no literal.

use std::fmt::Write as _;

/// Deeper nesting than this no row has.
const DEEPEST: usize = 32;

/// The literal as JSON, or `None` if it is none.
pub(super) fn to_json(text: &str) -> Option<String> {
    let mut literal = Literal { rest: text.trim(), json: String::with_capacity(text.len()), depth: 0 };
    literal.value()?;
    literal.rest.is_empty().then_some(literal.json)
}

struct Literal<'a> {
    rest: &'a str,
    json: String,
    depth: usize,
}

impl<'a> Literal<'a> {
    fn value(&mut self) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.space();
        match self.rest.chars().next()? {
            '[' => self.list('[', ']'),
            '(' => self.list('(', ')'),
            '{' => self.dict(),
            '\'' | '"' => {
                let text = self.quoted()?;
                self.push_text(&text);
                Some(())
            }
            'b' => self.bytes(),
            _ => self.word(),
        }?;
        self.space();
        self.depth -= 1;
        Some(())
    }

    fn list(&mut self, open: char, close: char) -> Option<()> {
        self.take(open)?;
        self.json.push('[');
        let mut is_first = true;
        loop {
            self.space();
            if self.take(close).is_some() {
                self.json.push(']');
                return Some(());
            }
            if !is_first {
                self.json.push(',');
            }
            is_first = false;
            self.value()?;
            if self.take(',').is_none() && !self.rest.starts_with(close) {
                return None;
            }
        }
    }

    fn dict(&mut self) -> Option<()> {
        self.take('{')?;
        self.json.push('{');
        let mut is_first = true;
        loop {
            self.space();
            if self.take('}').is_some() {
                self.json.push('}');
                return Some(());
            }
            if !is_first {
                self.json.push(',');
            }
            is_first = false;
            let key = self.quoted()?;
            self.push_text(&key);
            self.space();
            self.take(':')?;
            self.json.push(':');
            self.value()?;
            if self.take(',').is_none() && !self.rest.starts_with('}') {
                return None;
            }
        }
    }

    /// `None`, a number, or a call such as `Decimal('1.10')`.
    fn word(&mut self) -> Option<()> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.+-".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        match word {
            "None" => self.json.push_str("null"),
            "True" => self.json.push_str("true"),
            "False" => self.json.push_str("false"),
            "Decimal" => {
                self.take('(')?;
                let digits = self.quoted()?;
                self.take(')')?;
                self.push_number(&digits);
            }
            "datetime.date" | "datetime.datetime" => {
                let moment = self.moment(word == "datetime.datetime")?;
                self.push_text(&moment);
            }
            "nan" => self.push_text("NaN"),
            "inf" => self.push_text("Infinity"),
            "-inf" => self.push_text("-Infinity"),
            number if serde_json::from_str::<serde_json::Number>(number).is_ok() => {
                self.json.push_str(number)
            }
            _ => return None,
        }
        Some(())
    }

    /// `(2024, 2, 29)` or `(2024, 2, 29, 10, 30)`, up to microseconds; no zones.
    fn moment(&mut self, has_time: bool) -> Option<String> {
        self.take('(')?;
        let (inside, rest) = self.rest.split_once(')')?;
        self.rest = rest;
        let parts: Option<Vec<u32>> = inside.split(',').map(|part| part.trim().parse().ok()).collect();
        let parts = parts?;
        let part = |place: usize| parts.get(place).copied().unwrap_or(0);
        if parts.len() < 3 || parts.len() > if has_time { 7 } else { 3 } {
            return None;
        }
        let mut text = format!("{:04}-{:02}-{:02}", part(0), part(1), part(2));
        if has_time {
            write!(text, " {:02}:{:02}:{:02}", part(3), part(4), part(5)).ok()?;
        }
        if part(6) > 0 {
            write!(text, ".{:06}", part(6)).ok()?;
        }
        Some(text)
    }

    /// `b'\x00a'`, written as Node writes bytes.
    fn bytes(&mut self) -> Option<()> {
        self.take('b')?;
        let bytes: Option<Vec<u8>> =
            self.quoted()?.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let numbers: Vec<String> = bytes?.iter().map(u8::to_string).collect();
        write!(self.json, r#"{{"type":"Buffer","data":[{}]}}"#, numbers.join(",")).ok()
    }

    fn quoted(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let mut text = String::new();
        let mut chars = self.rest[1..].chars();
        loop {
            match chars.next()? {
                end if end == quote => break,
                '\\' => match chars.next()? {
                    same @ ('\\' | '\'' | '"') => text.push(same),
                    'n' => text.push('\n'),
                    'r' => text.push('\r'),
                    't' => text.push('\t'),
                    'x' => text.push(numbered(&mut chars, 2)?),
                    'u' => text.push(numbered(&mut chars, 4)?),
                    'U' => text.push(numbered(&mut chars, 8)?),
                    _ => return None,
                },
                other => text.push(other),
            }
        }
        self.rest = chars.as_str();
        Some(text)
    }

    fn push_text(&mut self, text: &str) {
        self.json.push_str(&serde_json::Value::from(text).to_string());
    }

    /// Digits as a number if JSON has it, else as text, such as `NaN`.
    fn push_number(&mut self, digits: &str) {
        if serde_json::from_str::<serde_json::Number>(digits).is_ok() {
            self.json.push_str(digits);
        } else {
            self.push_text(digits);
        }
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

/// The character of a number in hexadecimal digits.
fn numbered(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let number = chars
        .take(digits)
        .try_fold((0, 0), |(number, count), c| Some((number * 16 + c.to_digit(16)?, count + 1)));
    number.filter(|(_, count)| *count == digits).and_then(|(number, _)| char::from_u32(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_json_and_nothing_else_does() {
        for (python, json) in [
            (
                "[{'a': 1, \"b\": None}, {'a': -1.5e3, 'b': True}]",
                r#"[{"a":1,"b":null},{"a":-1.5e3,"b":true}]"#,
            ),
            (r#"[('it\'s', "a \"b\""), (1,)]"#, r#"[["it's","a \"b\""],[1]]"#),
            (r"['\xe4\u6f22\n\\']", "[\"ä漢\\n\\\\\"]"),
            (r"[b'\x00\xffa']", r#"[{"type":"Buffer","data":[0,255,97]}]"#),
            ("[Decimal('1.10'), Decimal('NaN'), nan]", r#"[1.10,"NaN","NaN"]"#),
            (
                "[datetime.date(2024, 2, 9), datetime.datetime(2024, 2, 9, 10, 30)]",
                r#"["2024-02-09","2024-02-09 10:30:00"]"#,
            ),
            ("[9007199254740993]", "[9007199254740993]"),
            ("[]", "[]"),
        ] {
            assert_eq!(to_json(python).as_deref(), Some(json), "{python}");
        }
        for no_literal in [
            "",
            "hello",
            "[1 2]",
            "[1",
            "{'a'}",
            "{1: 2}",
            "['a",
            "[open('x')]",
            "[1] and more",
            "['\\q']",
            "['\\x4']",
            "datetime.date(2024)",
            "Decimal(1)",
            "[object Object]",
        ] {
            assert_eq!(to_json(no_literal), None, "{no_literal}");
        }
        assert_eq!(to_json(&"[".repeat(100_000)), None);
    }
}
