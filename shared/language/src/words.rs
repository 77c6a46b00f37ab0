//! Words for messages, and the names that journeys may use.

/// How much of a text a message shows.
const SHOWN_CHARS: usize = 60;
/// How many names a hint lists.
const LISTED: usize = 20;
/// How many names are compared with a mistyped one.
const COMPARED: usize = 500;
/// The longest name that is compared.
const COMPARED_CHARS: usize = 100;

/// A text in backticks, cut and without control characters.
pub(crate) fn quote(text: &str) -> String {
    let mut shown: String =
        text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The known name that a mistyped one was probably meant to be.
pub(crate) fn nearest<'k>(
    typed: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    if typed.chars().count() > COMPARED_CHARS {
        return None;
    }
    let typed = typed.to_lowercase();
    let scored = known.into_iter().take(COMPARED).filter_map(|name| {
        let distance = strsim::damerau_levenshtein(&typed, &name.to_lowercase());
        let longer = typed.chars().count().max(name.chars().count());
        (distance <= (longer / 3).max(1) && distance < longer).then_some((distance, name))
    });
    scored.min().map(|(_, name)| name)
}

/// A hint for an unknown name: the nearest known one, or else all that there are.
pub(crate) fn did_you_mean<'k>(
    typed: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Option<String> {
    match nearest(typed, known.clone()) {
        Some(name) => Some(format!("did you mean {}?", quote(name))),
        None => listed(known).map(|names| format!("there are: {names}")),
    }
}

/// Some names in a row; `None` when there are none.
pub(crate) fn listed<'k>(names: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(LISTED).map(quote).collect();
    if shown.is_empty() {
        return None;
    }
    let more = names.count();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Some(format!("{}{more}", shown.join(", ")))
}

/// Whether a text is 1 to `longest` characters of a-z, 0-9 and -.
pub(crate) fn is_name(text: &str, longest: usize) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a text has the form of a BCP 47 language code, such as `he` or `pt-BR`.
pub(crate) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && parts.clone().count() <= 3
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// The part of a derived id that a free text gives: its letters a-z and digits, the rest as `-`.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().take(SHOWN_CHARS) {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{is_language, nearest, quote, slug};

    #[test]
    fn a_mistyped_name_finds_the_one_that_was_meant() {
        let known = ["trigger", "entry", "exit", "send", "steps"];
        assert_eq!(nearest("triger", known), Some("trigger"));
        assert_eq!(nearest("STEPS", known), Some("steps"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("if", ["else"]), None, "two letters are not a likeness");
    }

    #[test]
    fn language_codes() {
        for good in ["he", "en", "pt-BR", "zh-Hant-TW", "fil"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["", "HE", "hebrew", "e", "he_IL", "he-", "he-I", "he-a-b-c-d-e"] {
            assert!(!is_language(bad), "{bad}");
        }
    }

    #[test]
    fn texts_become_parts_of_ids() {
        assert_eq!(slug("SKU 12/b"), "sku-12-b");
        assert_eq!(slug("רשימה"), "");
        assert_eq!(quote("a\nb"), "`a b`");
    }
}
