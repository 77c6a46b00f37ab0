//! A contact's story for somebody of the shop (A8): who it is, what was bought, what happened on its
//! journeys.

use jiff::{Timestamp, tz::TimeZone};
use masa_domain::{Contact, End, Entry, Run, State, What, in_language, zone};
use serde::Serialize;
use serde_json::Value;

use crate::compose::Occasion;

/// How many journeys are told, the youngest first, and how many lines of each, the last ones.
const RUNS_TOLD: usize = 5;
const LINES_TOLD: usize = 12;
/// How many of the store's own fields are told, and how much of each.
const FIELDS_TOLD: usize = 30;
const VALUE_CHARS: usize = 200;

/// The story, ready for its page.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    pub(crate) subject: String,
    /// The headings above what is known and above the journeys.
    known: &'static str,
    journeys: &'static str,
    facts: Vec<Fact>,
    runs: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct Fact {
    label: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Told {
    title: String,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    at: String,
    step: String,
    what: String,
}

/// How somebody is told.
struct Teller {
    hebrew: bool,
    zone: TimeZone,
}

impl Story {
    pub(crate) fn new(occasion: &Occasion<'_>, language: &str) -> Self {
        let shop = &occasion.setup.shop;
        let zone = zone(&shop.timezone).unwrap_or(TimeZone::UTC);
        let teller = Teller { hebrew: language.starts_with("he"), zone };
        let contact = occasion.contact;
        let name = name(contact);
        let who = name.as_deref().unwrap_or(teller.word("A contact", "איש קשר"));
        let mut runs: Vec<&Run> = contact.runs.values().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.entered_at));
        Self {
            subject: format!(
                "{}: {who} ({})",
                in_language(&shop.name, language, &shop.language),
                occasion.flow.name
            ),
            known: teller.word("What we know", "מה ידוע"),
            journeys: teller.word("Journeys", "מסעות"),
            facts: teller.facts(contact, name),
            runs: runs.into_iter().take(RUNS_TOLD).map(|run| teller.run(run)).collect(),
        }
    }
}

fn name(contact: &Contact) -> Option<String> {
    let parts = [&contact.profile.first_name, &contact.profile.last_name];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    Some(parts.join(" ").trim().to_owned()).filter(|name| !name.is_empty())
}

impl Teller {
    fn word(&self, english: &'static str, hebrew: &'static str) -> &'static str {
        if self.hebrew { hebrew } else { english }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%d.%m.%Y %H:%M").to_string()
    }

    fn facts(&self, contact: &Contact, name: Option<String>) -> Vec<Fact> {
        let profile = &contact.profile;
        let bought = &contact.purchases;
        let orders = (bought.orders > 0).then(|| bought.orders.to_string());
        let lists: Vec<&str> = contact.all_lists().into_iter().collect();
        let opened = contact.seen.get("opened").map(|seen| self.time(seen.last_at));
        let told = [
            (self.word("Name", "שם"), name),
            (self.word("E-mail", "מייל"), profile.email.clone()),
            (self.word("Phone", "טלפון"), profile.phone.clone()),
            (self.word("Language", "שפה"), profile.language.clone()),
            (self.word("Known since", "מוכר מאז"), Some(self.time(contact.created_at))),
            (self.word("Orders", "הזמנות"), orders),
            (self.word("Last order", "הזמנה אחרונה"), bought.last_at.map(|at| self.time(at))),
            (self.word("Last opened a mail", "פתיחת מייל אחרונה"), opened),
            (self.word("Lists", "רשימות"), Some(lists.join(", "))),
        ];
        let told = told.into_iter().filter_map(|(label, value)| {
            let value = value.filter(|value| !value.is_empty())?;
            Some(Fact { label: label.to_owned(), value })
        });
        let fields = contact.fields.iter().take(FIELDS_TOLD).map(|(name, value)| Fact {
            label: name.clone(),
            value: plain(value).chars().take(VALUE_CHARS).collect(),
        });
        told.chain(fields).collect()
    }

    fn run(&self, run: &Run) -> Told {
        let state = match &run.state {
            State::Ended { end: End::Finished, .. } => self.word("finished", "הסתיים"),
            State::Ended { end: End::Left | End::Exited { .. }, .. } => self.word("left", "יצא"),
            State::Ended { .. } => self.word("failed", "נכשל"),
            State::Sending { .. } | State::Waiting { .. } => self.word("goes on", "נמשך"),
        };
        let lines = run.story.iter().filter_map(|entry| self.line(entry));
        let mut lines: Vec<Line> = lines.collect();
        lines.drain(..lines.len().saturating_sub(LINES_TOLD));
        Told { title: format!("{}: {state}", run.flow), lines }
    }

    fn line(&self, entry: &Entry) -> Option<Line> {
        let what = self.what(&entry.what)?;
        Some(Line { at: self.time(entry.at), step: entry.step.clone(), what })
    }

    /// The words of an entry; what is free text stays as it is told everywhere.
    fn what(&self, what: &What) -> Option<String> {
        let hebrew = match what {
            _ if !self.hebrew => None,
            What::Entered => Some("כניסה למסע".to_owned()),
            What::Woke => Some("ההמתנה הסתיימה".to_owned()),
            What::Branch(true) => Some("כן".to_owned()),
            What::Branch(false) => Some("לא".to_owned()),
            What::Came(what) => Some(format!("קרה: {what}")),
            What::Way(name) => Some(format!("בדרך {name}")),
            What::Goal(what) => Some(format!("היעד הושג: {what}")),
            What::Outcome(words) if words == "sent" => Some("נשלח".to_owned()),
            What::Ended(End::Finished) => Some("סוף המסע".to_owned()),
            What::Ended(End::Left) => Some("יציאה מהמסע".to_owned()),
            What::Ended(End::Exited { rule }) => Some(format!("יציאה מהמסע: {rule}")),
            _ => None,
        };
        hebrew.or_else(|| what.in_words())
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(members) => members.iter().map(plain).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}
