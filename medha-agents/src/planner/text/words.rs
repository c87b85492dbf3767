//! Classes of English words that the grammar knows.

use crate::plan::{AggregateFunction, DatePart, Grain};

pub(crate) use super::quality::{Quality, comparative, graded_adjective, measured_adjective, superlative};
pub(crate) use super::verb::{is_imperative, is_light_verb, is_write_verb};

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
