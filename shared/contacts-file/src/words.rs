//! Words that files use for what Masa keeps in one form.

use masa_intake::value;

/// What to do about a word that says neither.
const NEITHER: &str = "write yes, no or nothing (כן, לא)";

/// Words for yes.
const YES: [&str; 19] = [
    "yes",
    "y",
    "true",
    "1",
    "on",
    "v",
    "✓",
    "subscribed",
    "optin",
    "optedin",
    "confirmed",
    "active",
    "כן",
    "מאשר",
    "מאשרת",
    "מאושר",
    "אישר",
    "רשום",
    "פעיל",
];

/// Words for no.
const NO: [&str; 14] = [
    "no",
    "n",
    "false",
    "0",
    "off",
    "unsubscribed",
    "optout",
    "optedout",
    "cleaned",
    "לא",
    "לאמאשר",
    "לאמאשרת",
    "לאאישר",
    "הוסר",
];

/// Words for neither.
const UNKNOWN: [&str; 5] = ["neversubscribed", "nonsubscribed", "notset", "unknown", "pending"];

/// Languages by name.
const LANGUAGES: [(&str, &str); 10] = [
    ("hebrew", "he"),
    ("עברית", "he"),
    ("english", "en"),
    ("אנגלית", "en"),
    ("arabic", "ar"),
    ("ערבית", "ar"),
    ("russian", "ru"),
    ("רוסית", "ru"),
    ("french", "fr"),
    ("צרפתית", "fr"),
];

/// Countries by name.
const COUNTRIES: [(&str, &str); 14] = [
    ("israel", "IL"),
    ("ישראל", "IL"),
    ("unitedstates", "US"),
    ("unitedstatesofamerica", "US"),
    ("usa", "US"),
    ("ארהב", "US"),
    ("ארצותהברית", "US"),
    ("unitedkingdom", "GB"),
    ("uk", "GB"),
    ("בריטניה", "GB"),
    ("canada", "CA"),
    ("france", "FR"),
    ("צרפת", "FR"),
    ("germany", "DE"),
];

/// A word without case, spaces and marks: `Opt-in` is `optin`, `דוא"ל` is `דואל`.
pub(crate) fn simple(text: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || *c == '✓';
    text.chars().filter(kept).flat_map(char::to_lowercase).collect()
}

/// Yes, no, or nothing said.
///
/// # Errors
/// What to do.
pub(crate) fn answer(cell: &str) -> Result<Option<bool>, &'static str> {
    let word = simple(cell);
    let among = |words: &[&str]| words.contains(&word.as_str());
    match (among(&YES), among(&NO), among(&UNKNOWN) || word.is_empty()) {
        (true, ..) => Ok(Some(true)),
        (_, true, _) => Ok(Some(false)),
        (_, _, true) => Ok(None),
        _ => Err(NEITHER),
    }
}

/// A language tag, also by its name.
///
/// # Errors
/// What to do.
pub(crate) fn language(cell: &str) -> Result<String, &'static str> {
    value::language(named(cell, &LANGUAGES).unwrap_or(cell))
}

/// A country, also by its name.
///
/// # Errors
/// What to do.
pub(crate) fn country(cell: &str) -> Result<String, &'static str> {
    value::country(named(cell, &COUNTRIES).unwrap_or(cell))
}

fn named(cell: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    let word = simple(cell);
    names.iter().find(|(name, _)| *name == word).map(|(_, short)| *short)
}

#[cfg(test)]
mod tests {
    use super::{answer, country, language};

    #[test]
    fn words_of_both_languages_answer() {
        for (cell, said) in [
            ("Yes", Ok(Some(true))),
            (" כן ", Ok(Some(true))),
            ("SUBSCRIBED", Ok(Some(true))),
            ("Opt-in", Ok(Some(true))),
            ("✓", Ok(Some(true))),
            ("לא", Ok(Some(false))),
            ("לא מאשר", Ok(Some(false))),
            ("unsubscribed", Ok(Some(false))),
            ("NEVER_SUBSCRIBED", Ok(None)),
            ("-", Ok(None)),
            ("", Ok(None)),
        ] {
            assert_eq!(answer(cell), said, "{cell}");
        }
        assert!(answer("perhaps").is_err());
    }

    #[test]
    fn names_stand_for_codes() {
        assert_eq!(country("ארה\"ב").as_deref(), Ok("US"));
        assert_eq!(country("il").as_deref(), Ok("IL"));
        assert!(country("Atlantis").is_err());
        assert_eq!(language("עברית").as_deref(), Ok("he"));
        assert_eq!(language("en_us").as_deref(), Ok("en-US"));
    }
}
