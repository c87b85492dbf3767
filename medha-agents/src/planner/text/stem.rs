//! Stems and roots: which words are forms of one another.

use rust_stemmers::{Algorithm, Stemmer};

/// The stem of a lower-case word; irregular forms are brought to their regular one first.
pub(crate) fn stem(word: &str) -> String {
    if let Some(regular) = irregular(word) {
        return Stemmer::create(Algorithm::English).stem(regular).into_owned();
    }
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

/// The root of a stem: what is left when endings that turn verbs into nouns are cut off.
///
/// `rental` and `rented` share a root, as do `director` and `directed`. Roots are looser than
/// stems and are only tried where no stem fits.
pub(crate) fn root(stem: &str) -> &str {
    const ENDINGS: [&str; 14] =
        ["ation", "ment", "ance", "ence", "ion", "ing", "ist", "or", "er", "al", "ee", "ed", "i", "e"];
    for ending in ENDINGS {
        if let Some(rest) = stem.strip_suffix(ending)
            && rest.chars().count() >= 4
        {
            return rest;
        }
    }
    stem
}

fn irregular(word: &str) -> Option<&'static str> {
    Some(match word {
        "people" | "persons" => "person",
        "children" => "child",
        "men" => "man",
        "women" => "woman",
        "staffs" => "staff",
        "statuses" => "status",
        "stati" => "status",
        "bought" => "buy",
        "sold" | "sells" => "sell",
        "made" => "make",
        "paid" => "pay",
        "spent" => "spend",
        "written" | "wrote" => "write",
        "taught" => "teach",
        "held" => "hold",
        "given" | "gave" => "give",
        "gotten" | "got" => "get",
        "won" => "win",
        "lost" => "lose",
        "built" => "build",
        "ran" => "run",
        "sang" | "sung" => "sing",
        "led" => "lead",
        "sent" => "send",
        "took" | "taken" => "take",
        "came" => "come",
        "went" | "gone" => "go",
        "kept" => "keep",
        "left" => "leave",
        "shown" => "show",
        "born" => "birth",
        "drove" | "driven" => "drive",
        "flew" | "flown" => "fly",
        "began" | "begun" => "begin",
        "brought" => "bring",
        "grew" | "grown" => "grow",
        "chose" | "chosen" => "choose",
        "weighs" | "weighed" | "weighing" => "weigh",
        "data" => "data",
        "media" => "media",
        "news" => "news",
        "series" => "series",
        "analyses" => "analysis",
        "indices" => "index",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for (left, right) in
            [("countries", "country"), ("albums", "album"), ("sold", "sell"), ("people", "person")]
        {
            assert_eq!(stem(left), stem(right), "{left} {right}");
        }
    }

    #[test]
    fn nouns_made_from_verbs_share_a_root() {
        for (left, right) in [("rental", "rented"), ("director", "directed"), ("conductor", "conducted")] {
            assert_eq!(root(&stem(left)), root(&stem(right)), "{left} {right}");
        }
    }
}
