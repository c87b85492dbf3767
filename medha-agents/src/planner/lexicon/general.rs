//! English that every business shares: words that mean the same, and shortened words of identifiers.

/// Stems that may stand for one another, in groups.
const SYNONYMS: &[&[&str]] = &[
    &["revenu", "sale", "turnov", "incom"],
    &["custom", "client", "buyer", "shopper", "consum"],
    &["product", "item", "articl", "good", "merchandis"],
    &["order", "purchas", "buy", "bought"],
    &["employe", "staff", "worker", "personnel"],
    &["shop", "store", "outlet", "branch"],
    &["film", "movi"],
    &["song", "track"],
    &["countri", "nation"],
    &["citi", "town"],
    &["gender", "sex"],
    &["price", "cost", "charg"],
    &["quantiti", "unit"],
    &["categori", "type", "kind", "genr", "class"],
    &["phone", "telephon"],
    &["email", "mail"],
    &["teacher", "instructor"],
    &["student", "pupil", "learner"],
    &["doctor", "physician"],
    &["car", "vehicl", "automobil"],
    &["compani", "firm", "corpor"],
    &["salari", "wage", "pay"],
    &["option", "choic"],
    &["titl", "name"],
    &["start", "begin"],
    &["end", "finish"],
    &["birthday", "birthdat"],
    &["score", "point"],
    &["book", "public"],
    &["airplan", "aircraft", "plane"],
    &["occup", "job", "profess"],
    &["depart", "divis"],
    &["reason", "caus"],
    &["channel", "sourc"],
    &["locat", "place"],
    &["cuisin", "food"],
    &["death", "kill"],
    &["injuri", "injur"],
    &["descript", "detail"],
    &["identifi", "id"],
    &["supplier", "vendor"],
    &["visit", "session"],
    &["ticket", "case", "issu"],
    &["plan", "tier"],
    &["region", "territori"],
    &["profit", "margin"],
    &["refund", "reimburs"],
    &["spend", "spent", "expenditur", "expens"],
    &["year", "yr"],
    &["elect", "vote"],
    &["nationality", "nation", "citizenship"],
    &["signup", "join", "registr"],
    &["user", "member"],
    &["post", "articl"],
    &["hometown", "birthplac"],
    &["instrument", "tool"],
];

/// Whether two stems mean the same in everyday business English.
pub(crate) fn are_synonyms(left: &str, right: &str) -> bool {
    left == right || SYNONYMS.iter().any(|group| group.contains(&left) && group.contains(&right))
}

/// All stems that may stand for this one, itself not among them.
pub(crate) fn synonyms(stem: &str) -> impl Iterator<Item = &'static str> {
    SYNONYMS
        .iter()
        .filter(move |group| group.contains(&stem))
        .flat_map(|group| group.iter().copied())
        .filter(move |other| *other != stem)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The words that a shortened word of an identifier stands for.
pub(crate) fn expansion(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "fname" => &["first", "name"],
        "lname" => &["last", "name"],
        "mname" => &["middle", "name"],
        "dob" => &["birth", "date"],
        "qty" => &["quantity"],
        "num" | "no" | "nbr" => &["number"],
        "amt" => &["amount"],
        "desc" => &["description"],
        "addr" => &["address"],
        "cust" => &["customer"],
        "emp" => &["employee"],
        "dept" => &["department"],
        "tx" | "txn" | "trans" => &["transaction"],
        "ccy" | "cur" => &["currency"],
        "pct" | "perc" => &["percent"],
        "yr" => &["year"],
        "mgr" => &["manager"],
        "tel" => &["phone"],
        "prod" => &["product"],
        "cat" => &["category"],
        "inv" => &["invoice"],
        "acct" => &["account"],
        "org" => &["organization"],
        "stu" => &["student"],
        "prof" => &["professor"],
        "lang" => &["language"],
        "loc" => &["location"],
        "temp" => &["temperature"],
        "lat" => &["latitude"],
        "lng" | "lon" | "long" => &["longitude"],
        "mpg" => &["miles", "per", "gallon"],
        "ts" => &["time"],
        "msg" => &["message"],
        "img" => &["image"],
        "url" => &["url"],
        _ => return None,
    })
}

/// Other words for a value that stands alone, by the words of everyday English: `female` for `F`.
pub(crate) fn value_words(value: &str, field_stems: &[String]) -> &'static [&'static str] {
    let has = |stem: &str| field_stems.iter().any(|field| field == stem);
    match value {
        "F" | "f" if has("sex") || has("gender") => &["female", "woman", "women", "girl", "girls"],
        "M" | "m" if has("sex") || has("gender") => &["male", "man", "men", "boy", "boys"],
        "Female" | "female" => &["woman", "women", "girl", "girls"],
        "Male" | "male" => &["man", "men", "boy", "boys"],
        "success" | "Success" => &["successful", "successfully", "succeeded"],
        "fail" | "failed" | "Failed" => &["failed", "unsuccessful", "failing"],
        "promotion" => &["promotional"],
        "transaction" => &["transactional"],
        "cancelled" | "canceled" | "Cancelled" => &["canceled", "cancelled"],
        _ => &[],
    }
}

/// What a word with a negating prefix negates: `inactive` is not `active`.
pub(crate) fn opposite_of(word: &str) -> Option<&str> {
    for prefix in ["in", "un", "non", "im", "dis"] {
        if let Some(rest) = word.strip_prefix(prefix)
            && rest.chars().count() >= 4
        {
            return Some(rest);
        }
    }
    None
}
