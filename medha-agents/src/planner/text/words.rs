//! Classes of English words that the grammar knows.

use crate::plan::{AggregateFunction, DatePart, Grain};

/// Words that carry no content of their own where the grammar has no use for them.
pub(crate) fn is_stop_word(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "of"
            | "in"
            | "on"
            | "at"
            | "to"
            | "for"
            | "from"
            | "by"
            | "with"
            | "and"
            | "or"
            | "as"
            | "is"
            | "are"
            | "was"
            | "were"
            | "be"
            | "been"
            | "being"
            | "am"
            | "do"
            | "does"
            | "did"
            | "has"
            | "have"
            | "had"
            | "having"
            | "we"
            | "us"
            | "our"
            | "ours"
            | "i"
            | "me"
            | "my"
            | "you"
            | "your"
            | "it"
            | "its"
            | "they"
            | "them"
            | "their"
            | "theirs"
            | "he"
            | "she"
            | "his"
            | "her"
            | "there"
            | "here"
            | "this"
            | "that"
            | "these"
            | "those"
            | "which"
            | "who"
            | "whom"
            | "whose"
            | "what"
            | "where"
            | "when"
            | "all"
            | "any"
            | "some"
            | "each"
            | "every"
            | "also"
            | "then"
            | "so"
            | "just"
            | "please"
            | "can"
            | "could"
            | "would"
            | "may"
            | "might"
            | "per"
            | "into"
            | "within"
            | "across"
            | "through"
            | "over"
            | "out"
            | "up"
            | "about"
            | "both"
            | "either"
            | "only"
            | "ever"
            | "yet"
            | "far"
            | "than"
            | "such"
            | "respectively"
            | "overall"
            | "altogether"
            | "currently"
            | "now"
            | "well"
            | "one"
            | "ones"
            | "someone"
            | "anyone"
            | "else"
            | "given"
            | "available"
            | "various"
            | "particular"
            | "certain"
            | "specific"
            | "corresponding"
            | "respective"
            | "together"
            | "combined"
            | "own"
            | "if"
            | "how"
            | "many"
            | "much"
            | "off"
            | "want"
            | "need"
            | "know"
            | "like"
            | "see"
            | "look"
            | "let"
            | "database"
            | "record"
            | "table"
            | "entire"
            | "whole"
            | "exactly"
            | "actual"
            | "actually"
            | "separately"
            | "individual"
            | "individually"
            | "associated"
            | "themselves"
            | "itself"
            | "same"
            | "while"
            | "whether"
            | "anything"
            | "something"
            | "thing"
            | "things"
            | "different"
            | "distinct"
            | "among"
            | "amongst"
            | "kindly"
            | "hi"
            | "hello"
            | "hey"
            | "thanks"
            | "but"
            | "upon"
            | "via"
            | "during"
            | "least"
            | "other"
            | "system"
            | "exist"
            | "exists"
            | "existing"
            | "totally"
            | "non"
            | "detail"
            | "details"
            | "list"
            | "value"
            | "values"
    )
}

/// Verbs that say no more than that two things belong together.
pub(crate) fn is_light_verb(stem: &str) -> bool {
    matches!(
        stem,
        "have"
            | "has"
            | "do"
            | "make"
            | "get"
            | "take"
            | "use"
            | "own"
            | "live"
            | "come"
            | "work"
            | "belong"
            | "locat"
            | "appear"
            | "occur"
            | "happen"
            | "receiv"
            | "give"
            | "contain"
            | "includ"
            | "involv"
            | "relat"
            | "associ"
            | "assign"
            | "attach"
            | "regist"
            | "exist"
            | "bring"
            | "contribut"
            | "go"
            | "hold"
            | "keep"
            | "put"
            | "serv"
            | "offer"
            | "provid"
            | "carri"
            | "cover"
            | "manag"
            | "handl"
            | "run"
            | "play"
            | "perform"
            | "creat"
            | "add"
            | "enter"
            | "record"
            | "store"
            | "issu"
            | "place"
            | "submit"
            | "find"
            | "found"
            | "list"
            | "show"
            | "see"
            | "born"
            | "base"
            | "resid"
            | "call"
            | "name"
            | "titl"
            | "label"
            | "describ"
            | "repres"
            | "correspond"
            | "share"
            | "possess"
            | "maintain"
            | "oper"
            | "produc"
            | "releas"
            | "publish"
            | "present"
            | "written"
            | "write"
            | "direct"
            | "act"
            | "star"
            | "featur"
            | "tak"
            | "teach"
            | "attend"
            | "visit"
            | "join"
            | "particip"
            | "compet"
            | "enrol"
            | "enrol"
            | "enroll"
            | "arrang"
            | "conduct"
            | "rais"
            | "earn"
            | "generat"
            | "collect"
            | "buy"
            | "purchas"
            | "order"
            | "pay"
            | "spend"
            | "sell"
            | "rent"
            | "borrow"
            | "hire"
            | "employ"
            | "send"
            | "sent"
            | "win"
            | "award"
            | "lose"
            | "cause"
            | "caus"
            | "affect"
            | "start"
            | "end"
            | "open"
            | "close"
            | "begin"
            | "support"
            | "look"
            | "report"
            | "supervis"
            | "lead"
            | "own"
            | "rank"
            | "deliv"
            | "ship"
            | "stock"
            | "need"
            | "requir"
            | "want"
            | "select"
            | "choos"
            | "sign"
            | "connect"
            | "link"
            | "tag"
            | "travel"
            | "fli"
            | "depart"
            | "arriv"
            | "land"
            | "studi"
            | "major"
            | "graduat"
            | "complet"
            | "finish"
            | "reach"
            | "exceed"
            | "meet"
            | "fall"
            | "count"
            | "total"
            | "amount"
            | "wear"
            | "drive"
            | "eat"
            | "drink"
            | "host"
            | "held"
            | "sponsor"
            | "found"
            | "establish"
            | "invent"
            | "design"
            | "develop"
            | "build"
            | "built"
            | "cite"
            | "complain"
            | "post"
            | "comment"
            | "review"
            | "rate"
            | "like"
            | "follow"
            | "view"
            | "watch"
            | "listen"
            | "friend"
            | "return"
            | "refund"
            | "cancel"
            | "sit"
            | "stay"
            | "book"
            | "reserv"
            | "check"
            | "log"
            | "login"
            | "activ"
            | "access"
            | "click"
            | "grow"
            | "increas"
            | "decreas"
            | "drop"
            | "rise"
            | "chang"
            | "transact"
            | "redeem"
            | "appli"
            | "apply"
            | "accept"
            | "reject"
            | "approv"
            | "answer"
            | "contact"
            | "treat"
            | "prescrib"
            | "diagnos"
            | "undergo"
            | "train"
            | "certifi"
            | "specialis"
            | "speak"
            | "spoken"
            | "nomin"
            | "elect"
            | "vote"
            | "born"
            | "die"
            | "marri"
            | "wait"
            | "distribut"
            | "differ"
            | "vari"
            | "compar"
            | "look"
            | "done"
    )
}

/// Verbs and phrases that open a question and ask for nothing yet.
pub(crate) fn is_imperative(word: &str) -> bool {
    matches!(
        word,
        "show"
            | "list"
            | "find"
            | "give"
            | "return"
            | "display"
            | "get"
            | "tell"
            | "report"
            | "provide"
            | "present"
            | "retrieve"
            | "fetch"
            | "select"
            | "identify"
            | "print"
            | "output"
            | "see"
            | "calculate"
            | "compute"
            | "determine"
            | "describe"
            | "summarize"
            | "summarise"
            | "plot"
            | "chart"
            | "draw"
            | "graph"
            | "pull"
            | "include"
            | "returning"
            | "showing"
            | "including"
            | "giving"
            | "listing"
            | "break"
            | "visualize"
    )
}

/// Requests to change something: never carried out.
pub(crate) fn is_write_verb(word: &str) -> bool {
    matches!(
        word,
        "delete"
            | "drop"
            | "update"
            | "insert"
            | "remove"
            | "truncate"
            | "alter"
            | "modify"
            | "erase"
            | "grant"
            | "revoke"
            | "rename"
            | "purge"
            | "wipe"
            | "replace"
            | "overwrite"
            | "edit"
    )
}

/// The aggregate a word asks for.
pub(crate) fn aggregate(word: &str) -> Option<AggregateFunction> {
    Some(match word {
        "average" | "mean" | "avg" | "averages" => AggregateFunction::Average,
        "minimum" | "min" | "minimal" => AggregateFunction::Min,
        "maximum" | "max" | "maximal" => AggregateFunction::Max,
        "total" | "sum" | "overall" | "combined" | "totals" | "cumulated" => AggregateFunction::Sum,
        "median" => AggregateFunction::Median,
        _ => return None,
    })
}

/// The grain of an adverb or adjective: `monthly`.
pub(crate) fn grain_adjective(word: &str) -> Option<Grain> {
    Some(match word {
        "daily" => Grain::Day,
        "weekly" => Grain::Week,
        "monthly" => Grain::Month,
        "quarterly" => Grain::Quarter,
        "yearly" | "annual" | "annually" => Grain::Year,
        _ => return None,
    })
}

/// The grain of a noun: `month`.
pub(crate) fn grain_noun(word: &str) -> Option<Grain> {
    Some(match word {
        "day" | "days" | "date" | "dates" => Grain::Day,
        "week" | "weeks" => Grain::Week,
        "month" | "months" => Grain::Month,
        "quarter" | "quarters" => Grain::Quarter,
        "year" | "years" => Grain::Year,
        _ => return None,
    })
}

/// A recurring part of a date: `weekday`, `hour`.
pub(crate) fn date_part(word: &str) -> Option<DatePart> {
    Some(match word {
        "weekday" | "weekdays" => DatePart::DayOfWeek,
        "hour" | "hours" => DatePart::HourOfDay,
        _ => return None,
    })
}

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
