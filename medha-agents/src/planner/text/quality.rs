//! Superlatives and comparatives, and what they are about.

/// What a superlative or a comparative is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    /// A number named next to it, or how often something happened.
    Amount,
    /// Age; a date of birth or of making runs the other way.
    Age,
    /// When it happened.
    Recency,
    /// How long it is or takes.
    Length,
    /// How tall it is.
    Height,
    /// How heavy it is.
    Weight,
    /// What it costs.
    Price,
    /// How large it is.
    Size,
    /// How fast it is.
    Speed,
    /// How well it is rated.
    Merit,
    /// How often it is chosen.
    Popularity,
}

/// Reads a superlative: what it is about, and whether the greatest is meant.
pub(crate) fn superlative(word: &str) -> Option<(Quality, bool)> {
    Some(match word {
        "most" | "highest" | "greatest" | "top" | "max" | "maximum" | "biggest" | "largest" => {
            (Quality::Amount, true)
        }
        "least" | "lowest" | "fewest" | "smallest" | "bottom" | "min" | "minimum" | "weakest" => {
            (Quality::Amount, false)
        }
        "oldest" | "eldest" => (Quality::Age, true),
        "youngest" => (Quality::Age, false),
        "newest" | "latest" => (Quality::Recency, true),
        "earliest" => (Quality::Recency, false),
        "longest" => (Quality::Length, true),
        "shortest" => (Quality::Length, false),
        "tallest" => (Quality::Height, true),
        "heaviest" => (Quality::Weight, true),
        "lightest" => (Quality::Weight, false),
        "priciest" | "costliest" | "dearest" => (Quality::Price, true),
        "cheapest" => (Quality::Price, false),
        "fastest" | "quickest" => (Quality::Speed, true),
        "slowest" => (Quality::Speed, false),
        "best" | "strongest" => (Quality::Merit, true),
        "worst" | "poorest" => (Quality::Merit, false),
        "commonest" => (Quality::Popularity, true),
        "rarest" => (Quality::Popularity, false),
        _ => return None,
    })
}

/// Reads an adjective that follows `most` or `least`: `recent`, `expensive`, `common`.
pub(crate) fn graded_adjective(word: &str) -> Option<(Quality, bool)> {
    Some(match word {
        "recent" | "recently" => (Quality::Recency, true),
        "expensive" | "costly" | "pricey" | "valuable" => (Quality::Price, true),
        "cheap" | "inexpensive" => (Quality::Price, false),
        "common" | "commonly" | "frequent" | "frequently" | "often" | "popular" | "commmon" | "widely"
        | "prevalent" | "used" => (Quality::Popularity, true),
        "rare" | "rarely" | "unpopular" => (Quality::Popularity, false),
        "highly" => (Quality::Merit, true),
        "poorly" => (Quality::Merit, false),
        _ => return None,
    })
}

/// Reads a comparative: what it is about, and whether more is meant.
pub(crate) fn comparative(word: &str) -> Option<(Quality, bool)> {
    Some(match word {
        "more" | "higher" | "greater" | "larger" | "bigger" | "above" | "over" | "exceeding" | "exceed"
        | "exceeds" | "beyond" | "exceeded" => (Quality::Amount, true),
        "less" | "lower" | "fewer" | "smaller" | "below" | "under" => (Quality::Amount, false),
        "older" | "elder" => (Quality::Age, true),
        "younger" => (Quality::Age, false),
        "newer" | "later" => (Quality::Recency, true),
        "earlier" => (Quality::Recency, false),
        "longer" => (Quality::Length, true),
        "shorter" => (Quality::Length, false),
        "taller" => (Quality::Height, true),
        "heavier" => (Quality::Weight, true),
        "lighter" => (Quality::Weight, false),
        "cheaper" => (Quality::Price, false),
        "pricier" | "costlier" => (Quality::Price, true),
        "faster" | "quicker" => (Quality::Speed, true),
        "slower" => (Quality::Speed, false),
        "better" => (Quality::Merit, true),
        "worse" => (Quality::Merit, false),
        _ => return None,
    })
}

/// Reads the adjective of `how old`, `how long`.
pub(crate) fn measured_adjective(word: &str) -> Option<Quality> {
    Some(match word {
        "old" => Quality::Age,
        "long" => Quality::Length,
        "tall" | "high" => Quality::Height,
        "heavy" => Quality::Weight,
        "expensive" => Quality::Price,
        "big" | "large" => Quality::Size,
        "fast" => Quality::Speed,
        "recent" => Quality::Recency,
        _ => return None,
    })
}

impl Quality {
    /// Stems of the fields that measure it, the likeliest first.
    pub(crate) fn stems(self) -> &'static [&'static str] {
        match self {
            Self::Amount => &[],
            Self::Age => &["age", "birth", "birthday", "birthdat", "born", "dob"],
            Self::Recency => &["date", "year", "time", "timestamp", "day", "month"],
            Self::Length => {
                &["durat", "length", "millisecond", "minut", "second", "runtim", "time", "distanc", "height"]
            }
            Self::Height => &["height", "elev", "altitud"],
            Self::Weight => &["weight", "mass"],
            Self::Price => &["price", "cost", "rate", "amount", "fee", "fare", "rent", "charg"],
            Self::Size => &["size", "area", "popul", "capac", "squar", "volum", "acr"],
            Self::Speed => &["speed", "horsepow", "acceler", "time"],
            Self::Merit => &["rate", "score", "star", "grade", "rank"],
            Self::Popularity => &["popular", "vote", "view", "like"],
        }
    }
}
