//! The pages that readers see, in Hebrew and English. They work without a script and load nothing.
//!
//! [`page`] is the frame of all of them, [`Asked`] a question with its answers, [`FormPage`] a form: as a
//! page, as a snippet for the shop's own pages, and as a pop-up for them.

mod form;
mod question;

pub use form::{FormPage, Problem};
pub use question::Asked;

const PAGE: &str = include_str!("page.html");

/// A text for readers of Hebrew, and one for all others.
pub fn word<'t>(language: &str, english: &'t str, hebrew: &'t str) -> &'t str {
    if is_hebrew(language) { hebrew } else { english }
}

/// Whether a language is read from the right, as far as these pages speak any that is.
pub fn is_hebrew(language: &str) -> bool {
    language.to_ascii_lowercase().starts_with("he")
}

/// `lang` and `dir` of a page.
pub(crate) fn lang_and_dir(language: &str) -> (&'static str, &'static str) {
    if is_hebrew(language) { ("he", "rtl") } else { ("en", "ltr") }
}

/// A page of these parts. All but the language are HTML.
pub fn page(language: &str, title: &str, text: &str, form: &str) -> String {
    let (lang, dir) = lang_and_dir(language);
    let parts = [("lang", lang), ("dir", dir), ("title", title), ("text", text), ("form", form)];
    fill(PAGE, &parts)
}

/// Puts parts into their places `{{name}}`, in one pass: what a part holds is no place.
pub(crate) fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").unwrap_or((after, ""));
        let part = parts.iter().find(|(name, _)| *name == place);
        filled.push_str(before);
        filled.push_str(part.map(|(_, part)| *part).unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    filled
}
