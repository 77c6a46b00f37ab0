//! What the form builders share: a response's answers become what is known of a contact.
//!
//! An answer's name is what the form's maker gave it. The names of the profile (`email`,
//! `first_name` …) fill the profile, and so do questions for an e-mail address or a phone; of
//! several, the first that can be used. Every other answer becomes a field. What was not answered
//! changes nothing.
//!
//! **Consent** is given by a question named `consent` or `newsletter` that was answered with a plain
//! yes. Nothing else is one, and a no is no refusal.

use jiff::Timestamp;
use masa_domain::{ConsentGiven, ContactDetails};
use serde_json::Value;

use crate::{
    address,
    details::{FIELDS_MAX, PROFILE},
    json::Problem,
    platform, value,
};

/// The longest name of a field, in bytes.
const NAME_BYTES_MAX: usize = 60;

/// The form that a text of the profile takes.
type Form = fn(&str) -> Result<String, Problem>;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Email,
    Phone,
    Anything,
}

/// The answers that were read.
#[derive(Default)]
pub(crate) struct Answers(ContactDetails);

impl Answers {
    /// Takes an answer in.
    pub(crate) fn add(&mut self, name: &str, asked: Asked, answer: &Value) {
        let text = answer.as_str().map(str::trim).unwrap_or_default();
        let known = name.to_ascii_lowercase().replace('-', "_");
        let slot = match asked {
            Asked::Email if self.0.email.is_none() => "email",
            Asked::Phone if self.0.phone.is_none() => "phone",
            _ => known.as_str(),
        };
        if let Some((slot, read)) = self.profile(slot) {
            if slot.is_none() {
                *slot = read(text).ok();
            }
        } else if !PROFILE.contains(&known.as_str()) && !is_consent(name) {
            self.field(name, answer);
        }
    }

    /// Where the profile keeps `name`, and in which form.
    fn profile(&mut self, name: &str) -> Option<(&mut Option<String>, Form)> {
        let details = &mut self.0;
        Some(match name {
            "email" => (&mut details.email, address::email),
            "phone" => (&mut details.phone, address::phone),
            "first_name" => (&mut details.first_name, platform::name),
            "last_name" => (&mut details.last_name, platform::name),
            "language" => (&mut details.language, value::language),
            "timezone" => (&mut details.timezone, value::timezone),
            "country" => (&mut details.country, value::country),
            _ => return None,
        })
    }

    fn field(&mut self, name: &str, answer: &Value) {
        let fields = &mut self.0.fields;
        let room = fields.len() < FIELDS_MAX && !fields.contains_key(name);
        let usable = value::is_filled(answer) && value::field(name, answer).is_ok();
        if room && usable && value::is_field_name(name) {
            fields.insert(name.to_owned(), answer.clone());
        }
    }

    /// Takes consent in when `name` means it and the answer is a yes; `words` are what was agreed to.
    pub(crate) fn agree<'a>(
        &mut self,
        name: &str,
        yes: bool,
        words: impl FnOnce() -> Option<&'a str>,
        at: Timestamp,
    ) {
        if !yes || !is_consent(name) || self.0.consent.is_some() {
            return;
        }
        self.0.consent = Some(ConsentGiven {
            email: Some(true),
            text: words().and_then(|words| value::evidence(words).ok()),
            at: Some(at),
            ..ConsentGiven::default()
        });
    }

    pub(crate) fn details(self) -> ContactDetails {
        self.0
    }
}

fn is_consent(name: &str) -> bool {
    ["consent", "newsletter"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// The name of a field from what people read: ASCII letters and digits, and a dash for whatever
/// stands between them. `None` when it has letters of another script, or none.
pub fn field_name(label: &str) -> Option<String> {
    if label.chars().any(|c| !c.is_ascii() && c.is_alphabetic()) {
        return None;
    }
    let mut name = String::new();
    for c in label.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' => name.push(c),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
        if name.len() == NAME_BYTES_MAX {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::field_name;
    use crate::value;

    #[test]
    fn labels_become_names() {
        for (label, name) in [
            ("Company name", Some("Company-name")),
            ("  What's your size? (EU) ", Some("What-s-your-size-EU")),
            ("first_name", Some("first_name")),
            ("utm.source", Some("utm.source")),
            ("\u{202e}size\r\n", Some("size")),
            ("5★", Some("5")),
            ("מה השם שלך?", None),
            ("שם (Name)", None),
            ("Prénom", None),
            ("?!", None),
            ("", None),
        ] {
            assert_eq!(field_name(label).as_deref(), name, "{label:?}");
        }
        assert_eq!(field_name(&"ab ".repeat(50)).map(|name| name.len()), Some(59));
    }

    proptest! {
        #[test]
        fn any_label_gives_a_field_name_or_none(label in any::<String>()) {
            if let Some(name) = field_name(&label) {
                prop_assert!(value::is_field_name(&name), "{name}");
            }
        }
    }
}
