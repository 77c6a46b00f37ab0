//! The parts of `shop.yaml` that journeys name: questions, people, systems; and the caps.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Cap, Channel, Person, Question, QuestionKind, System};

use crate::{
    changes::PROFILE,
    fields::{Fields, by_language, list, positive, text},
    grammar::{CAP, PERSON, QUESTION},
    happening::{duration, optional},
    problem::{Mark, Report},
    shop::{host_of, language},
    words::{did_you_mean, quote},
    yaml::{Node, Yaml},
};

/// The longest name of a question, person, system or answer.
const NAME_CHARS_MAX: usize = 60;
/// The most answers that a question offers.
const OPTIONS_MAX: usize = 20;
/// The kinds of questions.
const QUESTION_KINDS: [&str; 6] = ["nps", "csat", "ces", "text", "date", "choice"];

/// Reads a mapping from names to something, and leaves out what is wrong.
pub(crate) fn by_name<T>(
    node: &Node,
    what: &str,
    report: &mut Report<'_>,
    mut read: impl FnMut(&Node, &mut Report<'_>) -> Option<T>,
) -> BTreeMap<String, T> {
    let mut found = BTreeMap::new();
    let Some(fields) = Fields::of(node, what, report) else { return found };
    for (key, value) in fields.iter() {
        named(&key.text, key.at, report);
        if let Some(value) = read(value, report) {
            found.insert(key.text.clone(), value);
        }
    }
    found
}

fn named(name: &str, at: Mark, report: &mut Report<'_>) {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(good) {
        let message = format!("{} is not a name", quote(name));
        report
            .add(at, "bad-name", message)
            .hint(format!("1 to {NAME_CHARS_MAX} characters a-z, 0-9, - and _"));
    }
}

/// `questions`: what mails ask.
pub(crate) fn questions(node: &Node, report: &mut Report<'_>) -> BTreeMap<String, Question> {
    if let Yaml::Map(entries) = &node.yaml {
        for (key, _) in entries.iter().filter(|(key, _)| PROFILE.contains(&key.text.as_str())) {
            let message = format!("{} belongs to the contact's profile", quote(&key.text));
            report
                .add(key.at, "bad-name", message)
                .hint("an answer is a field of that name, which would never be seen");
        }
    }
    by_name(node, "questions by their names", report, question)
}

fn question(node: &Node, report: &mut Report<'_>) -> Option<Question> {
    let what = "a question such as `{ type: nps, text: How likely …? }`";
    let fields = Fields::of(node, what, report)?;
    fields.only(&QUESTION.known("type"), report);
    let kind = fields.must("type", report).and_then(|node| kind(node, report));
    let words = fields.must("text", report).and_then(|node| texts(node, "the question", report));
    let options = fields.get("options");
    let kind = match (kind?, options) {
        ("nps", None) => QuestionKind::Nps,
        ("csat", None) => QuestionKind::Csat,
        ("ces", None) => QuestionKind::Ces,
        ("text", None) => QuestionKind::Text,
        ("date", None) => QuestionKind::Date,
        ("choice", Some(node)) => QuestionKind::Choice(choices(node, report)?),
        ("choice", None) => {
            report
                .add(fields.at, "missing-key", "a choice has `options`")
                .hint("write `options: { price: The price, later: Just not now }`");
            return None;
        }
        (kind, Some(node)) => {
            let message = format!("a question of the type {} has no options", quote(kind));
            report
                .add(node.at, "unknown-key", message)
                .hint("write `type: choice` for answers of your own");
            return None;
        }
        (_, None) => return None,
    };
    Some(Question { kind, text: words? })
}

fn kind(node: &Node, report: &mut Report<'_>) -> Option<&'static str> {
    let words = QUESTION_KINDS.map(|kind| (kind, kind));
    crate::fields::word(node, &words, report)
}

fn choices(
    node: &Node,
    report: &mut Report<'_>,
) -> Option<Vec<(String, BTreeMap<String, String>)>> {
    let fields = Fields::of(node, "answers by their names", report)?;
    let mut choices = Vec::new();
    for (key, value) in fields.iter() {
        named(&key.text, key.at, report);
        choices.push((key.text.clone(), texts(value, "the words of the answer", report)?));
    }
    if !(2..=OPTIONS_MAX).contains(&choices.len()) {
        let message = format!("a choice has 2 to {OPTIONS_MAX} options");
        report.add(node.at, "bad-number", message);
        return None;
    }
    Some(choices)
}

/// A text for all languages under the key `""`, or texts by language.
pub(crate) fn texts(
    node: &Node,
    what: &str,
    report: &mut Report<'_>,
) -> Option<BTreeMap<String, String>> {
    let texts = by_language(node, what, report)?.into_iter();
    Some(texts.map(|(code, _, text)| (code.unwrap_or_default().to_owned(), text)).collect())
}

/// `people`: who is told things.
pub(crate) fn people(node: &Node, report: &mut Report<'_>) -> BTreeMap<String, Person> {
    by_name(node, "people by their names or roles", report, |node, report| {
        if !matches!(node.yaml, Yaml::Map(_)) {
            return address(node, report).map(|email| Person { email, language: None });
        }
        let what = "an address, or `{ email: sales@shop.example, language: en }`,";
        let fields = Fields::of(node, what, report)?;
        fields.only(&PERSON.keys(), report);
        let email = fields.must("email", report).and_then(|node| address(node, report));
        let language = optional(fields.get("language"), |node| language(node, report))?;
        Some(Person { email: email?, language })
    })
}

fn address(node: &Node, report: &mut Report<'_>) -> Option<String> {
    let address = text(node, "an e-mail address", report)?;
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | ',' | ';' | '"' | '@');
    let good = address.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !local.contains(odd) && !domain.contains(odd)
    });
    if !good {
        let message = "this is not an e-mail address";
        report.add(node.at, "bad-address", message).hint("such as `sales@shop.example`");
    }
    good.then_some(address)
}

/// `systems`: where calls go.
pub(crate) fn systems(node: &Node, report: &mut Report<'_>) -> BTreeMap<String, System> {
    by_name(node, "systems by their names, each with its address", report, |node, report| {
        let url = text(node, "the web address of a system", report)?;
        let secure = url.strip_prefix("https://").is_some_and(host_of);
        // Only a system on the same machine is out of others' sight.
        let local = ["http://localhost", "http://127.0.0.1"].iter().any(|local| {
            url.strip_prefix(local)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
        });
        if !(secure || local) || url.contains(|c: char| !c.is_ascii_graphic()) {
            let message = "a system is called at an address that begins with `https://`";
            report.add(node.at, "bad-url", message).hint("such as `https://crm.example.com/hooks`");
            return None;
        }
        Some(System { url })
    })
}

/// `cap`: how much advertising a contact gets.
pub(crate) fn caps(node: &Node, report: &mut Report<'_>) -> Vec<Cap> {
    let what = "a list of caps such as `{ email: 2, within: 1d }`";
    let members = match &node.yaml {
        Yaml::Map(_) => std::slice::from_ref(node),
        _ => list(node, what, report).unwrap_or_default(),
    };
    members.iter().filter_map(|member| cap(member, report)).collect()
}

fn cap(node: &Node, report: &mut Report<'_>) -> Option<Cap> {
    let fields = Fields::of(node, "a cap such as `{ email: 2, within: 1d }`", report)?;
    fields.only(&[CAP.heads(), CAP.keys()].concat(), report);
    let within = fields.must("within", report).and_then(|node| duration(node, report));
    let channels = [("any", None), ("email", Some(Channel::Email)), ("sms", Some(Channel::Sms))];
    let mut told =
        channels.into_iter().filter_map(|(name, channel)| Some((channel, fields.get(name)?)));
    let (Some((channel, times)), None) = (told.next(), told.next()) else {
        report
            .add(fields.at, "bad-cap", "a cap counts `email`, `sms` or `any`")
            .hint("write such as `{ email: 2, within: 1d }`, one cap for each");
        return None;
    };
    let at = times.at;
    let times = positive(times, report)?;
    // What is counted stands in the contact.
    if times > 100 {
        report.add(at, "bad-number", "a cap is at most 100 messages");
        return None;
    }
    Some(Cap { channel, times, within: within? })
}

/// The names that journeys may use, also of those parts that have problems.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub forms: BTreeSet<String>,
    pub questions: BTreeSet<String>,
    pub people: BTreeSet<String>,
    pub systems: BTreeSet<String>,
}

impl Names {
    /// Those of a shop; none when they can't be known.
    pub(crate) fn of(shop: &Fields<'_>) -> Option<Self> {
        let names = |key| match shop.get(key).map(|node| &node.yaml) {
            None => Some(BTreeSet::new()),
            Some(Yaml::Map(entries)) => {
                Some(entries.iter().map(|(key, _)| key.text.clone()).collect())
            }
            Some(_) => None,
        };
        let (forms, questions) = (names("forms")?, names("questions")?);
        Some(Self { forms, questions, people: names("people")?, systems: names("systems")? })
    }

    /// Reports a name that is not in `shop.yaml` under `key`.
    pub(crate) fn know(&self, key: &'static str, name: &str, at: Mark, report: &mut Report<'_>) {
        let (names, what, code) = match key {
            "forms" => (&self.forms, "form", "unknown-form"),
            "questions" => (&self.questions, "question", "unknown-question"),
            "people" => (&self.people, "person", "unknown-person"),
            _ => (&self.systems, "system", "unknown-system"),
        };
        if names.contains(name) {
            return;
        }
        let message = format!("shop.yaml has no {what} {}", quote(name));
        let hint = did_you_mean(name, names.iter().map(String::as_str));
        let hint = hint.unwrap_or_else(|| format!("describe it under `{key}:` in shop.yaml"));
        report.add(at, code, message).hint(hint);
    }
}
