//! Countries by the names, adjectives and codes people use for them.

/// Each row is one country: name, other names, adjective, codes; all in lower case.
const COUNTRIES: &[&[&str]] = &[
    &["united states", "usa", "us", "united states of america", "america", "american", "u s", "u s a"],
    &["united kingdom", "uk", "gb", "great britain", "britain", "british", "gbr"],
    &["france", "french", "fr", "fra"],
    &["germany", "german", "de", "deu"],
    &["italy", "italian", "it", "ita"],
    &["spain", "spanish", "es", "esp"],
    &["portugal", "portuguese", "pt", "prt"],
    &["netherlands", "dutch", "nl", "nld", "holland"],
    &["belgium", "belgian", "be", "bel"],
    &["austria", "austrian", "at", "aut"],
    &["switzerland", "swiss", "ch", "che"],
    &["sweden", "swedish", "se", "swe"],
    &["norway", "norwegian", "no", "nor"],
    &["denmark", "danish", "dk", "dnk"],
    &["finland", "finnish", "fi", "fin"],
    &["ireland", "irish", "ie", "irl"],
    &["poland", "polish", "pl", "pol"],
    &["czech republic", "czech", "czechia", "cz", "cze"],
    &["hungary", "hungarian", "hu", "hun"],
    &["greece", "greek", "gr", "grc"],
    &["turkey", "turkish", "tr", "tur"],
    &["russia", "russian", "ru", "rus"],
    &["ukraine", "ukrainian", "ua", "ukr"],
    &["canada", "canadian", "ca", "can"],
    &["mexico", "mexican", "mx", "mex"],
    &["brazil", "brazilian", "br", "bra"],
    &["argentina", "argentinian", "argentine", "ar", "arg"],
    &["chile", "chilean", "cl", "chl"],
    &["colombia", "colombian", "co", "col"],
    &["peru", "peruvian", "pe", "per"],
    &["china", "chinese", "cn", "chn"],
    &["japan", "japanese", "jp", "jpn"],
    &["south korea", "korea", "korean", "kr", "kor"],
    &["india", "indian", "ind"],
    &["pakistan", "pakistani", "pk", "pak"],
    &["bangladesh", "bangladeshi", "bd", "bgd"],
    &["indonesia", "indonesian", "id", "idn"],
    &["thailand", "thai", "th", "tha"],
    &["vietnam", "vietnamese", "vn", "vnm"],
    &["philippines", "filipino", "philippine", "ph", "phl"],
    &["malaysia", "malaysian", "my", "mys"],
    &["singapore", "singaporean", "sg", "sgp"],
    &["australia", "australian", "au", "aus"],
    &["new zealand", "nz", "nzl"],
    &["south africa", "south african", "za", "zaf"],
    &["egypt", "egyptian", "eg", "egy"],
    &["nigeria", "nigerian", "ng", "nga"],
    &["kenya", "kenyan", "ke", "ken"],
    &["morocco", "moroccan", "ma", "mar"],
    &["israel", "israeli", "il", "isr"],
    &["saudi arabia", "saudi", "sa", "sau"],
    &["iran", "iranian", "ir", "irn"],
    &["romania", "romanian", "ro", "rou"],
    &["bulgaria", "bulgarian", "bg", "bgr"],
    &["croatia", "croatian", "hr", "hrv"],
    &["serbia", "serbian", "rs", "srb"],
    &["iceland", "icelandic", "is", "isl"],
];

/// Other ways to say a value that is a country, as lower-case words; codes shorter than four letters are left
/// out, except the few that people write in questions.
pub(crate) fn other_names(value: &str) -> Vec<&'static str> {
    let lower = value.to_lowercase();
    COUNTRIES
        .iter()
        .filter(|names| names.contains(&lower.as_str()))
        .flat_map(|names| names.iter().copied())
        .filter(|name| *name != lower && (name.len() > 3 || matches!(*name, "usa" | "uk" | "us")))
        .collect()
}
