//! What `shop.yaml` says: who sends, and what journeys may name.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{consent::Channel, segments::Segment, span::Span};

/// The longest answer to a question of the kind `text`, in characters.
const ANSWER_CHARS_MAX: usize = 2_000;

/// What the names of forms begin with that others host: their responses come signed, and no form of the
/// shop's own, which anybody may fill in, has such a name.
const HOSTED_ELSEWHERE: [&str; 2] = ["typeform-", "tally-"];

/// Whether others host the form of this name.
pub fn is_hosted_elsewhere(form: &str) -> bool {
    HOSTED_ELSEWHERE.iter().any(|prefix| form.starts_with(prefix))
}

/// What the shop says of itself, beside its journeys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    /// Who sends.
    pub shop: Shop,
    /// The forms that may be filled.
    pub forms: BTreeMap<String, Form>,
    /// What is known of products, by their ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub products: BTreeMap<String, ProductFacts>,
    /// The questions that mails ask (A7), by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub questions: BTreeMap<String, Question>,
    /// Lists whose members a condition decides (T2, C5), by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<String, Segment>,
    /// Who is told things (A8), by name or role.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<String, Person>,
    /// Which systems are told things (A9), by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<String, System>,
    /// How much advertising a contact gets, of all journeys together (D2). All of these hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
}

/// Who sends, as templates and footers show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shop {
    /// The shop's name, by language.
    pub name: BTreeMap<String, String>,
    /// Its web address.
    pub url: String,
    /// Its postal address, by language (CAN-SPAM; Israel's section 30A).
    pub address: BTreeMap<String, String>,
    /// The language of contacts that have none.
    pub language: String,
    /// The IANA zone of contacts that have none.
    pub timezone: String,
}

/// A form of a public page: Masa's own, or one of the shop's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Lists that the form joins.
    pub lists: Vec<String>,
    /// The words beside the button by which sending it is consent, by language; without them only a
    /// ticked `consent` or `consent_sms` box is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub consent: BTreeMap<String, String>,
    /// Web origins whose pages may post it, such as `https://shop.example`; any when empty. Masa's own
    /// page always may.
    pub origins: Vec<String>,
    /// What stands over it, by language. Without it Masa shows no page of the form.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub title: BTreeMap<String, String>,
    /// What stands under that, by language.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub text: BTreeMap<String, String>,
    /// What it asks for, in this order: entries of the profile and questions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<String>,
    /// Which of these must be filled in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub must: Vec<String>,
    /// Where the browser goes when it was sent; to a page that says thanks when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thanks: Option<String>,
}

impl Form {
    /// The entries of the profile for which a form can ask, each with what browsers call it
    /// (`autocomplete`, WHATWG HTML).
    pub const PROFILE: [(&'static str, &'static str); 4] = [
        ("email", "email"),
        ("phone", "tel"),
        ("first_name", "given-name"),
        ("last_name", "family-name"),
    ];

    /// The name of the field that people don't see, and that programs fill in which fill in everything.
    pub const HONEYPOT: &'static str = "website";

    /// Whether sending it is consent.
    pub fn asks_consent(&self) -> bool {
        !self.consent.is_empty()
    }

    /// Whether Masa shows a page of it.
    pub fn has_page(&self) -> bool {
        !self.title.is_empty()
    }
}

/// What a journey may ask about a product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductFacts {
    /// Its category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How long one of it lasts, when it is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
}

/// A question that mails ask (A7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What may be answered.
    pub kind: QuestionKind,
    /// The question, by language; the key `""` holds one for all.
    pub text: BTreeMap<String, String>,
}

/// What may be answered to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// How likely one recommends, 0 to 10 (net promoter score).
    Nps,
    /// How content one is, 1 to 5 (customer satisfaction).
    Csat,
    /// How easy it was, 1 to 7 (customer effort score).
    Ces,
    /// One of these, in the order of the file: a key, and its words by language.
    Choice(Vec<(String, BTreeMap<String, String>)>),
    /// Words of one's own.
    Text,
    /// A day, as `2026-12-31`.
    Date,
}

impl QuestionKind {
    /// The answers that may be given, as they are written in links and forms; none when they are
    /// words of one's own.
    pub fn answers(&self) -> Vec<String> {
        let scale = |from: u8, to: u8| (from..=to).map(|step| step.to_string()).collect();
        match self {
            Self::Nps => scale(0, 10),
            Self::Csat => scale(1, 5),
            Self::Ces => scale(1, 7),
            Self::Choice(options) => options.iter().map(|(key, _)| key.clone()).collect(),
            Self::Text | Self::Date => Vec::new(),
        }
    }

    /// What the ends of a scale mean; none when there is none.
    pub fn ends(&self, language: &str) -> Option<(&'static str, &'static str)> {
        Some(match (self, language.starts_with("he")) {
            (Self::Nps, true) => ("0: בכלל לא", "10: בהחלט"),
            (Self::Nps, false) => ("0: not at all", "10: very likely"),
            (Self::Csat, true) => ("1: לא טוב", "5: מצוין"),
            (Self::Csat, false) => ("1: poor", "5: excellent"),
            (Self::Ces, true) => ("1: קשה מאוד", "7: קל מאוד"),
            (Self::Ces, false) => ("1: very hard", "7: very easy"),
            (Self::Choice(_) | Self::Text | Self::Date, _) => return None,
        })
    }

    /// The value of a written answer: a number on a scale, the key of a choice, or a text. `None`
    /// when the question has no such answer.
    pub fn value(&self, written: &str) -> Option<Value> {
        let written = written.trim();
        match self {
            Self::Text => {
                let fits = !written.is_empty() && written.chars().count() <= ANSWER_CHARS_MAX;
                fits.then(|| json!(written))
            }
            Self::Date => written.parse::<Date>().ok().map(|day| json!(day)),
            _ if !self.answers().iter().any(|answer| answer == written) => None,
            Self::Choice(_) => Some(json!(written)),
            Self::Nps | Self::Csat | Self::Ces => written.parse::<u8>().ok().map(Value::from),
        }
    }
}

impl Question {
    /// The question in a language, else in the shop's, else in whichever there is.
    pub fn words(&self, language: &str, shops: &str) -> &str {
        in_language(&self.text, language, shops)
    }

    /// The answers of a choice or scale and their words, in order; none when they are words of one's
    /// own.
    pub fn options(&self, language: &str, shops: &str) -> Vec<(String, String)> {
        match &self.kind {
            QuestionKind::Choice(options) => {
                let words = |texts| in_language(texts, language, shops).to_owned();
                options.iter().map(|(key, texts)| (key.clone(), words(texts))).collect()
            }
            kind => kind.answers().into_iter().map(|answer| (answer.clone(), answer)).collect(),
        }
    }
}

/// What there is in a language, else in the shop's, else in whichever there is, and which that is.
pub fn pick<'t, T>(
    texts: &'t BTreeMap<String, T>,
    language: &str,
    shops: &str,
) -> Option<(&'t str, &'t T)> {
    let base = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let wanted = [language, base.as_str(), shops];
    let found = wanted.into_iter().find_map(|language| texts.get_key_value(language));
    found.or_else(|| texts.iter().next()).map(|(language, text)| (language.as_str(), text))
}

/// A text in a language, else in the shop's, else in whichever there is; empty without any.
pub fn in_language<'t>(
    texts: &'t BTreeMap<String, String>,
    language: &str,
    shops: &str,
) -> &'t str {
    pick(texts, language, shops).map(|(_, text)| text.as_str()).unwrap_or_default()
}

/// Somebody of the shop who is told things (A8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their address.
    pub email: String,
    /// The language in which they are told; the shop's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A system that is told things (A9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// Where it listens.
    pub url: String,
}

/// So many messages of a channel within a time at most (D2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// The channel; all together when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// How many.
    pub times: u32,
    /// Within which time.
    pub within: Span,
}

impl Cap {
    /// Whether messages of a channel count.
    pub(crate) fn counts(&self, channel: Channel) -> bool {
        self.channel.is_none_or(|of| of == channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_that_the_question_has() {
        let tea = || ("tea".to_owned(), BTreeMap::new());
        for (kind, written, value) in [
            (QuestionKind::Nps, "0", Some(json!(0))),
            (QuestionKind::Nps, " 10 ", Some(json!(10))),
            (QuestionKind::Nps, "11", None),
            (QuestionKind::Nps, "07", None),
            (QuestionKind::Csat, "5", Some(json!(5))),
            (QuestionKind::Csat, "0", None),
            (QuestionKind::Ces, "7", Some(json!(7))),
            (QuestionKind::Ces, "8", None),
            (QuestionKind::Choice(vec![tea()]), "tea", Some(json!("tea"))),
            (QuestionKind::Choice(vec![tea()]), "coffee", None),
            (QuestionKind::Text, " fine ", Some(json!("fine"))),
            (QuestionKind::Text, "  ", None),
            (QuestionKind::Date, "1990-02-28", Some(json!("1990-02-28"))),
            (QuestionKind::Date, "1990-02-30", None),
            (QuestionKind::Date, "28.2.1990", None),
        ] {
            assert_eq!(kind.value(written), value, "{kind:?}: {written:?}");
        }
        assert_eq!(QuestionKind::Text.value(&"x".repeat(2_001)), None);
    }
}
