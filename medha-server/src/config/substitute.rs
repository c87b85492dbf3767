//! Variables of the environment in the texts of a configuration: `${NAME}`, `${NAME:-otherwise}`, and `$${` for `${` itself.

/// Puts the values in. What is not set and has no other value is an error that names the variable and no value.
pub(super) fn substitute(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('}').map(|end| at + end) else {
            return Err("a \"${\" has no \"}\"; for the characters themselves write \"$${\"".to_owned());
        };
        let inside = &rest[at + 2..end];
        let (name, otherwise) = match inside.split_once(":-") {
            Some((name, otherwise)) => (name, Some(otherwise)),
            None => (inside, None),
        };
        let is_name = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(
                "a \"${…}\" holds no name of a variable; write ${NAME} or ${NAME:-otherwise}".to_owned()
            );
        }
        match (variable(name).filter(|value| !value.is_empty()), otherwise) {
            (Some(value), _) => out.push_str(&value),
            (None, Some(otherwise)) => out.push_str(otherwise),
            (None, None) => return Err(format!("the variable {name:?} of the environment is not set")),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_what_is_missing_is_named() {
        let variable = |name: &str| match name {
            "PASSWORD" => Some("hunter2".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, expected) in [
            ("postgres://me:${PASSWORD}@host/db", Ok("postgres://me:hunter2@host/db")),
            ("${HOST:-localhost}:${EMPTY:-5432}", Ok("localhost:5432")),
            ("${PASSWORD:-other}", Ok("hunter2")),
            ("a $ and $${PASSWORD}", Ok("a $ and ${PASSWORD}")),
            ("${HOST:-}", Ok("")),
            ("${HOST}", Err("the variable \"HOST\" of the environment is not set")),
            ("${EMPTY}", Err("the variable \"EMPTY\" of the environment is not set")),
            ("${PASSWORD", Err("a \"${\" has no \"}\"; for the characters themselves write \"$${\"")),
        ] {
            let came = substitute(text, &variable);
            assert_eq!(came.as_deref().map_err(String::as_str), expected, "{text}");
        }
        assert!(substitute("${pass word}", &variable).is_err());
    }
}
