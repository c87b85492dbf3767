//! From identifiers to the words people say.

/// Splits an identifier into lower-case words: `crmTxCustId` is `crm tx cust id`, `Ship_release_date` is
/// `ship release date`, `HTTPStatus` is `http status`.
///
/// ```
/// use medha_agents::semantic::identifier_words;
///
/// assert_eq!(identifier_words("CustomerID"), ["customer", "id"]);
/// assert_eq!(identifier_words("Net_weight_(grams)"), ["net", "weight", "grams"]);
/// ```
#[must_use]
pub fn identifier_words(identifier: &str) -> Vec<String> {
    let letters: Vec<char> = identifier.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            finish(&mut word, &mut words);
            continue;
        }
        let before = index.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(index + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts {
            finish(&mut word, &mut words);
        }
        word.extend(letter.to_lowercase());
    }
    finish(&mut word, &mut words);
    // `IDs` and `URLs` are one word, not two.
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        match joined.last_mut() {
            Some(last) if word == "s" && last.len() <= 4 => last.push('s'),
            Some(last) if word == "ds" && last == "i" => last.push_str("ds"),
            _ => joined.push(word),
        }
    }
    joined
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// What a word of an identifier is short for, in the usage of most databases.
pub(crate) fn expand(word: &str) -> Option<&'static str> {
    SHORT.binary_search_by_key(&word, |(short, _)| short).ok().map(|index| SHORT[index].1)
}

/// One of several things, and several of one.
pub(crate) fn singular(word: &str) -> String {
    match word {
        // The rules of plurals take these for plurals, and they are none.
        "status" | "address" | "sales" | "news" | "series" | "business" | "process" | "staff" | "bus" => {
            word.to_owned()
        }
        _ => pluralizer::pluralize(word, 1, false),
    }
}

/// Several of one thing.
pub(crate) fn plural(word: &str) -> String {
    match word {
        "staff" | "sales" | "series" | "news" => word.to_owned(),
        _ => pluralizer::pluralize(word, 2, false),
    }
}

/// Abbreviations, sorted.
const SHORT: &[(&str, &str)] = &[
    ("acc", "account"),
    ("acct", "account"),
    ("addr", "address"),
    ("amt", "amount"),
    ("avg", "average"),
    ("bal", "balance"),
    ("cat", "category"),
    ("ccy", "currency"),
    ("cnt", "count"),
    ("cust", "customer"),
    ("dept", "department"),
    ("descr", "description"),
    ("dob", "date of birth"),
    ("dt", "date"),
    ("emp", "employee"),
    ("fname", "first name"),
    ("fullname", "full name"),
    ("hometown", "home town"),
    ("inv", "invoice"),
    ("lang", "language"),
    ("lat", "latitude"),
    ("lname", "last name"),
    ("lng", "longitude"),
    ("loc", "location"),
    ("lon", "longitude"),
    ("mfr", "manufacturer"),
    ("mgr", "manager"),
    ("msg", "message"),
    ("nbr", "number"),
    ("no", "number"),
    ("num", "number"),
    ("ord", "order"),
    ("org", "organization"),
    ("pct", "percent"),
    ("prod", "product"),
    ("qty", "quantity"),
    ("rep", "representative"),
    ("stu", "student"),
    ("tel", "telephone"),
    ("tot", "total"),
    ("trans", "transaction"),
    ("ts", "timestamp"),
    ("tx", "transaction"),
    ("txn", "transaction"),
    ("uid", "user id"),
    ("yr", "year"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_every_habit_become_words() {
        for (identifier, words) in [
            ("crmTxCustId", "crm tx cust id"),
            ("customer_id", "customer id"),
            ("CustomerID", "customer id"),
            ("StuIDs", "stu ids"),
            ("HTTPServer2Port", "http server2 port"),
            ("18_49_Rating_Share", "18 49 rating share"),
            ("ORDER DATE", "order date"),
            ("Größe", "größe"),
            ("", ""),
        ] {
            assert_eq!(identifier_words(identifier).join(" "), words, "{identifier}");
        }
    }

    #[test]
    fn abbreviations_are_sorted_so_that_they_are_found() {
        assert!(SHORT.is_sorted());
        assert_eq!(expand("qty"), Some("quantity"));
        assert_eq!(expand("zebra"), None);
    }

    #[test]
    fn words_that_only_look_plural_stay_as_they_are() {
        assert_eq!(singular("status"), "status");
        assert_eq!(singular("categories"), "category");
        assert_eq!(plural("staff"), "staff");
        assert_eq!(plural("country"), "countries");
    }
}
