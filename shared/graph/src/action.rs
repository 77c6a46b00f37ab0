//! Steps in words: of what kind they are, and what they do.

use std::collections::BTreeMap;

use masa_domain::{Action, Flow, Kind, Template, WonBy};

use crate::{
    condition::{self, SENTENCE_CHARS},
    happening,
    text::{shorten, without_tags},
    words::Tongue,
};

/// What a node is, as the picture shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// What lets in.
    Trigger,
    /// What ends a run at once.
    Exits,
    /// What the journey is for.
    Goal,
    /// A mail.
    Mail,
    /// A text.
    Text,
    /// A wait.
    Wait,
    /// A condition.
    Condition,
    /// A split.
    Split,
    /// Fields are changed.
    Set,
    /// A coupon.
    Coupon,
    /// A list is joined or left.
    List,
    /// Another journey begins.
    Start,
    /// The run goes on elsewhere.
    Jump,
    /// The run is left.
    Exit,
    /// The end of a way.
    End,
    /// The name of a step that a way leads to and that is drawn elsewhere.
    Elsewhere,
    /// A step that is named and does not exist.
    Missing,
}

impl Look {
    /// The name of its class in style sheets.
    pub fn class(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Exits => "exits",
            Self::Goal => "goal",
            Self::Mail => "mail",
            Self::Text => "sms",
            Self::Wait => "wait",
            Self::Condition => "condition",
            Self::Split => "split",
            Self::Set => "set",
            Self::Coupon => "coupon",
            Self::List => "list",
            Self::Start => "start",
            Self::Jump => "jump",
            Self::Exit => "exit",
            Self::End => "end",
            Self::Elsewhere => "elsewhere",
            Self::Missing => "missing",
        }
    }

    pub(crate) fn of(action: &Action) -> Self {
        match action {
            Action::Email { .. } => Self::Mail,
            Action::Sms { .. } => Self::Text,
            Action::Tell { .. } => Self::Mail,
            Action::Call { .. } => Self::Start,
            Action::Wait(_) | Action::Quiet { .. } | Action::Until { .. } => Self::Wait,
            Action::Await { .. } => Self::Wait,
            Action::Split { .. } => Self::Split,
            Action::If { .. } => Self::Condition,
            Action::Set(_) | Action::Count { .. } | Action::Append { .. } | Action::Stamp(_) => {
                Self::Set
            }
            Action::Coupon { .. } => Self::Coupon,
            Action::Join(_) | Action::Leave(_) => Self::List,
            Action::Start(_) => Self::Start,
            Action::Jump(_) => Self::Jump,
            Action::Exit => Self::Exit,
        }
    }
}

/// The word for a step's kind.
pub(crate) fn kind(action: &Action, tongue: Tongue) -> &'static str {
    match action {
        Action::Email { .. } => tongue.pick("Mail", "מייל"),
        Action::Sms { .. } => tongue.pick("Text message", "מסרון"),
        Action::Tell { .. } => tongue.pick("Tell", "עדכון של"),
        Action::Call { .. } => tongue.pick("Call", "קריאה אל"),
        Action::Wait(_) => tongue.pick("Wait", "המתנה"),
        Action::Quiet { .. } | Action::Until { .. } => tongue.pick("Wait until", "המתנה עד"),
        Action::Await { .. } => tongue.pick("Wait for", "המתנה לאירוע"),
        Action::Split { .. } => tongue.pick("Split", "חלוקה"),
        Action::If { .. } => tongue.pick("Condition", "תנאי"),
        Action::Set(_) => tongue.pick("Set", "עדכון שדה"),
        Action::Count { .. } => tongue.pick("Count", "ספירה"),
        Action::Append { .. } => tongue.pick("Add to a field", "הוספה לשדה"),
        Action::Stamp(_) => tongue.pick("Stamp the date", "רישום תאריך"),
        Action::Coupon { .. } => tongue.pick("Coupon", "קופון"),
        Action::Join(_) => tongue.pick("Join list", "הצטרפות לרשימה"),
        Action::Leave(_) => tongue.pick("Leave list", "עזיבת רשימה"),
        Action::Start(_) => tongue.pick("Start a journey", "התחלת מסע"),
        Action::Jump(_) => tongue.pick("Go to", "מעבר אל"),
        Action::Exit => tongue.pick("Exit", "יציאה"),
    }
}

/// What is added to the kind of a message that is of another kind than the flow.
pub(crate) fn other_kind(flow: &Flow, action: &Action, tongue: Tongue) -> Option<&'static str> {
    let (Action::Email { kind, .. } | Action::Sms { kind, .. }) = action else { return None };
    kind.filter(|kind| *kind != flow.kind).map(|kind| flow_kind(kind, tongue))
}

/// The word for a flow's kind.
pub(crate) fn flow_kind(kind: Kind, tongue: Tongue) -> &'static str {
    match kind {
        Kind::Marketing => tongue.pick("marketing", "שיווק"),
        Kind::Transactional => tongue.pick("service", "שירות"),
    }
}

/// What a step does; empty when its kind and id say all.
pub(crate) fn does(flow: &Flow, action: &Action, tongue: Tongue) -> String {
    let said = match action {
        Action::Email { template, subject, .. } => mail(flow, template, subject, tongue),
        Action::Sms { text, .. } => without_tags(in_tongue(text, tongue).map_or("", |text| text)),
        Action::Tell { person, text } => {
            let text = without_tags(in_tongue(text, tongue).map_or("", |text| text));
            format!("{person}: {text}")
        }
        Action::Call { system, send } if send.is_empty() => system.clone(),
        Action::Call { system, send } => {
            let sent: Vec<&str> = send.keys().map(String::as_str).collect();
            format!("{system}: {}", sent.join(", "))
        }
        Action::Wait(span) => tongue.span(*span),
        Action::Quiet { event, span } => match tongue {
            Tongue::English => format!("{} after the last {event}", tongue.span(*span)),
            Tongue::Hebrew => format!("{} אחרי {event} האחרון", tongue.span(*span)),
        },
        Action::Until { moment, .. } => tongue.moment(moment),
        Action::Await { until, span, .. } => {
            let what = happening::triggers(until, tongue);
            match tongue {
                Tongue::English => format!("{what} – for {} at most", tongue.span(*span)),
                Tongue::Hebrew => format!("{what} – לכל היותר {}", tongue.span(*span)),
            }
        }
        Action::Split { ways, winner } => {
            let count = format!("{} {}", ways.len(), tongue.pick("ways", "דרכים"));
            match winner {
                None => count,
                Some(winner) => {
                    let by = match winner.by {
                        WonBy::Opened => tongue.pick("opens", "פתיחות"),
                        WonBy::Clicked => tongue.pick("clicks", "לחיצות"),
                        WonBy::Goal => tongue.pick("the goal", "המטרה"),
                    };
                    let sample = winner.sample;
                    match tongue {
                        Tongue::English => format!("{count}, the best by {by} wins after {sample}"),
                        Tongue::Hebrew => format!("{count}, הטובה לפי {by} מנצחת אחרי {sample}"),
                    }
                }
            }
        }
        Action::If { when, .. } => condition::condition(when, tongue),
        _ => changes(action, tongue),
    };
    shorten(&said, SENTENCE_CHARS)
}

fn changes(action: &Action, tongue: Tongue) -> String {
    match action {
        Action::Set(fields) => {
            let fields = fields.iter().take(20).map(|(name, value)| match value.is_null() {
                true => format!("{name}: {}", tongue.pick("cleared", "נמחק")),
                false => format!("{name} = {}", condition::value(value)),
            });
            fields.collect::<Vec<_>>().join(", ")
        }
        Action::Count { field, by } => match by {
            by if *by < 0 => format!("{field} − {}", by.unsigned_abs()),
            by => format!("{field} + {by}"),
        },
        Action::Append { field, value } => {
            let value = condition::value(value);
            format!("{value} {} {field}", tongue.pick("to", "אל"))
        }
        Action::Stamp(field) => format!("{field} = {}", tongue.pick("today", "היום")),
        Action::Coupon { field, prefix } => match (prefix.is_empty(), tongue) {
            (true, _) => field.clone(),
            (false, Tongue::English) => format!("{field}, begins with {prefix}"),
            (false, Tongue::Hebrew) => format!("{field}, מתחיל ב-{prefix}"),
        },
        Action::Join(name) | Action::Leave(name) | Action::Start(name) | Action::Jump(name) => {
            name.clone()
        }
        _ => String::new(),
    }
}

/// A mail's subject; its template's name when it has none.
fn mail(flow: &Flow, template: &str, subject: &BTreeMap<String, String>, tongue: Tongue) -> String {
    let own = in_tongue(subject, tongue).map(String::as_str);
    let templates = flow.templates.get(template);
    let its =
        templates.and_then(|texts| in_tongue(texts, tongue)).map(|text: &Template| &text.subject);
    let subject = without_tags(own.or(its.map(String::as_str)).unwrap_or_default());
    if subject.is_empty() { template.to_owned() } else { subject }
}

/// The text of this language, else the first one.
fn in_tongue<T>(texts: &BTreeMap<String, T>, tongue: Tongue) -> Option<&T> {
    texts.get(tongue.code()).or_else(|| texts.values().next())
}

#[cfg(test)]
mod tests {
    use masa_domain::{Action, Flow};
    use serde_json::{Value, from_value, json};

    use super::{does, kind, other_kind};
    use crate::words::Tongue;

    /// A step, and its kind with what it does in both languages.
    type Row = (Value, &'static str, &'static str);

    fn check<const ROWS: usize>(rows: [Row; ROWS]) {
        for (action, english, hebrew) in rows {
            let action: Action = from_value(action).unwrap();
            for (tongue, words) in [(Tongue::English, english), (Tongue::Hebrew, hebrew)] {
                let flow = Flow::default();
                let said = format!("{}: {}", kind(&action, tongue), does(&flow, &action, tongue));
                assert_eq!(said, words);
                let is_mail = matches!(action, Action::Email { .. });
                assert_eq!(other_kind(&flow, &action, tongue).is_some(), is_mail, "{words}");
            }
        }
    }

    /// A1, A2, A3, A6, A8, A9.
    #[test]
    fn messages_waits_and_splits_are_told_in_words() {
        let split = json!([{ "name": "a", "share": 1 }, { "name": "b", "share": 1 }]);
        check([
            (
                json!({ "email": { "template": "hello", "kind": "transactional" } }),
                "Mail: hello",
                "מייל: hello",
            ),
            (
                json!({ "sms": { "text": { "": "Hi {{ first_name }}" } } }),
                "Text message: Hi [first_name]",
                "מסרון: Hi [first_name]",
            ),
            (
                json!({ "tell": { "person": "sales", "text": { "en": "Call {{ a }}", "he": "להתקשר" } } }),
                "Tell: sales: Call [a]",
                "עדכון של: sales: להתקשר",
            ),
            (
                json!({ "call": { "system": "crm", "send": { "a": 1, "b": "x" } } }),
                "Call: crm: a, b",
                "קריאה אל: crm: a, b",
            ),
            (json!({ "wait": "4h" }), "Wait: 4 hours", "המתנה: 4 שעות"),
            (
                json!({ "quiet": { "event": "cart", "span": "1h" } }),
                "Wait until: 1 hour after the last cart",
                "המתנה עד: שעה אחרי cart האחרון",
            ),
            (
                json!({ "until": { "moment": { "clock": { "at": "09:00", "days": ["sun"] } } } }),
                "Wait until: 09:00 on Sun",
                "המתנה עד: 09:00 ביום א׳",
            ),
            (
                json!({ "await": { "until": [{ "joined": "a" }, { "clicked": "b" }], "span": "3d" } }),
                "Wait for: joined: a or clicked: b – for 3 days at most",
                "המתנה לאירוע: הצטרפות לרשימה a או לחיצה על הקישור b – לכל היותר 3 ימים",
            ),
            (
                json!({ "split": { "ways": split, "winner": { "by": "clicked", "sample": 1000 } } }),
                "Split: 2 ways, the best by clicks wins after 1000",
                "חלוקה: 2 דרכים, הטובה לפי לחיצות מנצחת אחרי 1000",
            ),
        ]);
    }

    /// A4, A5, A10, A11.
    #[test]
    fn changes_are_told_in_words() {
        check([
            (
                json!({ "set": { "old": null, "vip": true } }),
                "Set: old: cleared, vip = true",
                "עדכון שדה: old: נמחק, vip = true",
            ),
            (
                json!({ "count": { "field": "points", "by": -3 } }),
                "Count: points − 3",
                "ספירה: points − 3",
            ),
            (
                json!({ "append": { "field": "topics", "value": "tea" } }),
                "Add to a field: tea to topics",
                "הוספה לשדה: tea אל topics",
            ),
            (
                json!({ "stamp": "seen" }),
                "Stamp the date: seen = today",
                "רישום תאריך: seen = היום",
            ),
            (
                json!({ "coupon": { "field": "code", "prefix": "TEA" } }),
                "Coupon: code, begins with TEA",
                "קופון: code, מתחיל ב-TEA",
            ),
            (json!({ "join": "vip" }), "Join list: vip", "הצטרפות לרשימה: vip"),
            (json!({ "leave": "vip" }), "Leave list: vip", "עזיבת רשימה: vip"),
            (json!({ "start": "refill" }), "Start a journey: refill", "התחלת מסע: refill"),
            (json!({ "jump": "hello" }), "Go to: hello", "מעבר אל: hello"),
            (json!("exit"), "Exit: ", "יציאה: "),
        ]);
    }
}
