//! The known name that somebody may have meant.

/// `; did you mean "x"?`, or nothing if no name is near.
pub(crate) fn did_you_mean<T: AsRef<str>>(name: &str, known: impl Iterator<Item = T>) -> String {
    const SIMILAR_ENOUGH: f64 = 0.6;
    let similarity = |known: &T| strsim::normalized_damerau_levenshtein(name, known.as_ref());
    let nearest = known.max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    let near = nearest.filter(|known| similarity(known) >= SIMILAR_ENOUGH);
    near.map(|known| format!("; did you mean {:?}?", known.as_ref())).unwrap_or_default()
}
