//! Small helpers for sentences.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

/// The first letter made a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `1 month`, `6 months`.
pub(crate) fn counted(count: usize, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{} {}", crate::chart::NumberFormat::Count.show(count as f64), plural(one))
    }
}

/// The plural of a noun, by the common rules.
pub(crate) fn plural(one: &str) -> String {
    let lower = one.to_ascii_lowercase();
    let before_y = lower.strip_suffix('y').and_then(|stem| stem.chars().last());
    if before_y.is_some_and(|letter| !"aeiou".contains(letter)) {
        return format!("{}ies", &one[..one.len() - 1]);
    }
    if ["s", "x", "z", "ch", "sh"].iter().any(|end| lower.ends_with(end)) {
        format!("{one}es")
    } else {
        format!("{one}s")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// A half-open window as a person says it: `2025`, `Mar 2025`, `Jul to Sep 2025`, `1 Jan to 19 Nov 2025`.
pub(crate) fn window(start: DateTime, end: DateTime) -> String {
    let last = end.checked_sub(1.nanosecond()).map_or(end, |last| last).date();
    let first = start.date();
    let midnight = |moment: DateTime| moment == moment.date().to_datetime(jiff::civil::Time::midnight());
    if !midnight(start) || last < first {
        return format!("{} to {}", moment(start), moment(end));
    }
    let whole_months = first.day() == 1 && last.day() == last.days_in_month() && midnight(end);
    if whole_months && first.year() == last.year() && first.month() == 1 && last.month() == 12 {
        return first.year().to_string();
    }
    if whole_months {
        let (from, to) = (format!("{}", first.strftime("%b")), format!("{}", last.strftime("%b %Y")));
        return match (first.year() == last.year(), first.month() == last.month()) {
            (true, true) => to,
            (true, false) => format!("{from} to {to}"),
            (false, _) => format!("{} to {to}", first.strftime("%b %Y")),
        };
    }
    match (first == last, first.year() == last.year()) {
        (true, _) => date(first),
        (false, true) => format!("{} to {}", first.strftime("%-d %b"), date(last)),
        (false, false) => format!("{} to {}", date(first), date(last)),
    }
}

/// `19 Nov 2025`.
pub(crate) fn date(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

fn moment(moment: DateTime) -> String {
    moment.strftime("%-d %b %Y %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;

    #[test]
    fn windows_are_said_as_people_say_them() {
        let cases = [
            (day(2025, 1, 1), day(2026, 1, 1), "2025"),
            (day(2025, 7, 1), day(2025, 10, 1), "Jul to Sep 2025"),
            (day(2025, 3, 1), day(2025, 4, 1), "Mar 2025"),
            (day(2024, 12, 1), day(2025, 2, 1), "Dec 2024 to Jan 2025"),
            (day(2025, 1, 1), day(2025, 11, 20), "1 Jan to 19 Nov 2025"),
            (day(2025, 11, 19), day(2025, 11, 20), "19 Nov 2025"),
        ];
        for (start, end, expected) in cases {
            assert_eq!(window(start.at(0, 0, 0, 0), end.at(0, 0, 0, 0)), expected);
        }
    }

    #[test]
    fn nouns_have_plurals() {
        assert_eq!(counted(2, "category"), "2 categories");
        assert_eq!(counted(1, "day"), "1 day");
        assert_eq!(counted(1200, "day"), "1,200 days");
        assert_eq!(counted(3, "box"), "3 boxes");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }
}
