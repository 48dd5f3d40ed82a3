//! Helpers for messages: the most similar name, and text that is shortened and escaped.

/// The most similar of `names`, if any is similar enough.
pub(crate) fn nearest<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    let given: String = given.chars().take(64).collect::<String>().to_lowercase();
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), *name))
        .filter(|(similarity, _)| *similarity > 0.84)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The name that differs from `given` in at most two letters, case ignored.
pub(crate) fn misspelt<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    let given: String = given.chars().take(64).collect::<String>().to_lowercase();
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase()), *name))
        .filter(|(letters, _)| *letters <= 2)
        .min_by_key(|(letters, _)| *letters)
        .map(|(_, name)| name)
}

/// A caller's name for a message: shortened, control characters escaped.
pub(crate) fn printable(text: &str) -> String {
    shortened(text, 60)
}

/// At most `length` characters of `text`, control characters escaped.
pub(crate) fn shortened(text: &str, length: usize) -> String {
    let mut shown = String::new();
    for c in text.chars().take(length) {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    if text.chars().nth(length).is_some() {
        shown.push_str("...");
    }
    shown
}
