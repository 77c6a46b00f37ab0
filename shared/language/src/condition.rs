//! Conditions: `{ email: hello, was: opened }`, `{ purchased: any }`, `{ all: [ … ] }`.

use masa_domain::{
    Channel, ClockTime, Condition, FieldTest, Hours, MailStatus, Product, PurchaseTest, Since,
    Weekday,
};
use serde_json::Value;

use crate::{
    fields::{Fields, Heads, label, list, positive, text, word, wrong_type},
    grammar::{CONDITION, FIELD_TEST, TESTS},
    happening::{Named, number, optional},
    problem::{Mark, Report},
    slips,
    words::{quote, slug},
    yaml::{Key, Node, Scalar},
};

/// How deep conditions may stand in each other.
const DEPTH_MAX: usize = 40;

const NAMES: Heads = Heads {
    what: "condition",
    unknown: "unknown-condition",
    two: "two-conditions",
    apart: "join conditions with `all: [ … ]` or `any: [ … ]`",
    node: &CONDITION,
};

const TEST_NAMES: Heads = Heads {
    what: "field test",
    unknown: "missing-test",
    two: "two-tests",
    apart: "join conditions with `all: [ … ]` or `any: [ … ]`",
    node: &FIELD_TEST,
};

/// A step that a condition names.
#[derive(Debug)]
pub(crate) struct Mention {
    pub step: String,
    pub at: Mark,
}

/// Reads conditions, and remembers the steps that they name.
pub(crate) struct Conditions<'r, 'f> {
    pub report: &'r mut Report<'f>,
    pub mentions: &'r mut Vec<Mention>,
    /// Where each condition stands, an outer one before those in it.
    pub marks: &'r mut Vec<Mark>,
    /// Flows that are named.
    pub flows: &'r mut Vec<Named>,
    /// Whether the condition is asked before there is a run: of entry.
    pub before_entry: bool,
}

impl Conditions<'_, '_> {
    pub(crate) fn read(&mut self, node: &Node) -> Option<Condition> {
        self.nested(node, 0)
    }

    fn nested(&mut self, node: &Node, depth: usize) -> Option<Condition> {
        if depth >= DEPTH_MAX {
            let message = format!("conditions stand more than {DEPTH_MAX} deep in each other");
            self.report.add(node.at, "too-deep", message);
            return None;
        }
        self.marks.push(node.at);
        let fields =
            Fields::of(node, "a condition such as `{ email: hello, was: opened }`", self.report)?;
        let (head, key, value) = fields.head(&NAMES, self.report)?;
        // Without a test, an unknown key was meant to be one, which is told below.
        if head != "field" || TESTS.iter().any(|test| fields.get(test.name).is_some()) {
            fields.only(&CONDITION.known(head), self.report);
        }
        match head {
            "email" => self.email(&fields, key, value),
            "form" => {
                let (name, since) = (label(value, "a form", self.report), self.since(&fields));
                Some(Condition::Form { name: name?, since: since? })
            }
            "purchased" => self.purchased(&fields, value),
            "event" => {
                let name = label(value, "an event", self.report);
                let since = self.since(&fields);
                let times = fields.get("times").map_or(Some(1), |node| positive(node, self.report));
                Some(Condition::Event { name: name?, since: since?, times: times? })
            }
            "consent" => {
                let words = [("email", Channel::Email), ("sms", Channel::Sms)];
                word(value, &words, self.report).map(Condition::Consent)
            }
            "days_to" => {
                let field = label(value, "the name of a field that holds a date", self.report);
                let test = test(&fields, self.report);
                Some(Condition::DaysTo { field: field?, test: test? })
            }
            "weekday" => weekdays(value, self.report).map(Condition::Weekday),
            "hour" => hours(value, self.report).map(Condition::Hour),
            "field" => self.field(&fields, value),
            "list" => label(value, "a list", self.report).map(Condition::List),
            "all" => self.several(value, depth).map(Condition::All),
            "any" => self.several(value, depth).map(Condition::Any),
            _ => self.nested(value, depth + 1).map(|one| Condition::Not(Box::new(one))),
        }
    }

    fn several(&mut self, node: &Node, depth: usize) -> Option<Vec<Condition>> {
        let members = list(node, "a list of conditions", self.report)?;
        let read: Vec<_> = members.iter().map(|one| self.nested(one, depth + 1)).collect();
        read.into_iter().collect()
    }

    fn email(&mut self, fields: &Fields<'_>, key: &Key, value: &Node) -> Option<Condition> {
        let flow = match fields.get("flow") {
            Some(node) => {
                let flow = label(node, "the name of a flow", self.report)?;
                self.flows.push(Named { flow: flow.clone(), at: node.at });
                Some(flow)
            }
            None => None,
        };
        if self.before_entry && flow.is_none() {
            self.report
                .add(key.at, "email-before-entry", "nothing was sent yet when the entry is decided")
                .hint("ask this in an `if` step");
        }
        let step = label(value, "the id of a step", self.report);
        if let Some(step) = &step
            && flow.is_none()
            && !self.before_entry
        {
            self.mentions.push(Mention { step: step.clone(), at: value.at });
        }
        let was = fields.must("was", self.report).and_then(|was| {
            let words = [
                ("sent", MailStatus::Sent),
                ("delivered", MailStatus::Delivered),
                ("bounced", MailStatus::Bounced),
                ("opened", MailStatus::Opened),
                ("clicked", MailStatus::Clicked),
            ];
            word(was, &words, self.report)
        });
        let link = match fields.get("link") {
            Some(link) => Some(label(link, "a link's name or address", self.report)?),
            None => None,
        };
        if let (Some(node), Some(was)) = (fields.get("link"), was)
            && was != MailStatus::Clicked
        {
            self.report
                .add(node.at, "link-not-clicked", "a link is asked about with `was: clicked` alone")
                .hint("write `was: clicked`, or leave the link out");
        }
        Some(Condition::Email { step: step?, was: was?, link, flow })
    }

    fn purchased(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Condition> {
        let what = product(value, self.report);
        let category =
            optional(fields.get("category"), |node| label(node, "a category", self.report));
        let since = self.since(fields);
        let times = fields.get("times").map_or(Some(1), |node| positive(node, self.report));
        let total = optional(fields.get("total"), |node| number(node, self.report));
        Some(Condition::Purchased(PurchaseTest {
            what: what?,
            category: category?,
            since: since?,
            times: times?,
            total: total?,
        }))
    }

    /// `entry`, `ever` (when absent) or a time such as `30d`.
    fn since(&mut self, fields: &Fields<'_>) -> Option<Since> {
        let Some(node) = fields.get("since") else { return Some(Since::Ever) };
        let written = text(node, "`entry`, `ever` or a duration such as `30d`", self.report)?;
        match written.as_str() {
            "ever" => Some(Since::Ever),
            "entry" => {
                if self.before_entry {
                    let message = "there is no entry yet when it is decided";
                    self.report
                        .add(node.at, "since-before-entry", message)
                        .hint("leave `since` out to ask about all that ever was");
                }
                Some(Since::Entry)
            }
            other => match other.parse() {
                Ok(span) => Some(Since::Within(span)),
                Err(_) => {
                    let message = format!("{} is not known here", quote(other));
                    let hint = match slips::span(other) {
                        Some(span) => format!("did you mean `{span}`?"),
                        None => "there are: `entry`, `ever` and durations such as `30d`".to_owned(),
                    };
                    self.report.add(node.at, "unknown-word", message).hint(hint);
                    None
                }
            },
        }
    }

    fn field(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Condition> {
        let name = label(value, "a field's name", self.report)?;
        data_of_event(&name, value, self.report);
        let test = test(fields, self.report)?;
        Some(Condition::Field { name, test })
    }
}

/// The one test that stands beside a field.
pub(crate) fn test(fields: &Fields<'_>, report: &mut Report<'_>) -> Option<FieldTest> {
    let (test, _, wanted) = fields.head(&TEST_NAMES, report)?;
    Some(match test {
        "is" => FieldTest::Is(single(wanted, report)?),
        "one_of" => {
            let members = list(wanted, "a list of values", report)?;
            let members: Vec<_> = members.iter().map(|one| single(one, report)).collect();
            FieldTest::OneOf(members.into_iter().collect::<Option<_>>()?)
        }
        "contains" => FieldTest::Contains(single(wanted, report)?),
        "over" => FieldTest::Over(number(wanted, report)?),
        "under" => FieldTest::Under(number(wanted, report)?),
        _ => FieldTest::Empty(word(wanted, &[("true", true), ("false", false)], report)?),
    })
}

/// A text, number or truth value.
pub(crate) fn single(node: &Node, report: &mut Report<'_>) -> Option<Value> {
    match node.scalar().map(Scalar::value) {
        Some(Some(Value::Null)) => {
            report
                .add(node.at, "wrong-type", "a value was expected here, not nothing")
                .hint("a field without a value is asked for with `empty: true`");
            None
        }
        Some(Some(value)) => Some(value),
        _ => {
            wrong_type(node, "a text, a number, true or false", report);
            None
        }
    }
}

/// A day of the week, or several.
pub(crate) fn weekdays(node: &Node, report: &mut Report<'_>) -> Option<Vec<Weekday>> {
    if let Some(days) = node.scalar().filter(|days| days.text.contains(',')) {
        let message = format!("{} is not a day", quote(&days.text));
        let list = quote(&format!("[{}]", days.text));
        let hint = format!("several stand between brackets: {list}");
        report.add(node.at, "unknown-word", message).hint(hint);
        return None;
    }
    if node.scalar().is_some() {
        return word(node, &Weekday::ALL, report).map(|day| vec![day]);
    }
    let members = list(node, "days such as `[sun, mon]`", report)?;
    let days: Vec<_> = members.iter().map(|day| word(day, &Weekday::ALL, report)).collect();
    days.into_iter().collect()
}

/// A part of the day.
pub(crate) fn hours(node: &Node, report: &mut Report<'_>) -> Option<Hours> {
    let written = text(node, "hours such as `\"09:00-20:00\"`", report)?;
    let time = |written: &str| written.trim().parse::<ClockTime>().ok();
    let ends = written.split_once('-');
    let hours =
        ends.and_then(|(from, until)| Some(Hours { from: time(from)?, until: time(until)? }));
    if hours.is_none() {
        let message = format!("{} are not hours", quote(&written));
        report.add(node.at, "bad-time", message).hint(slips::hours(&written));
    }
    hours
}

/// `any`, `same` or a product's id.
pub(crate) fn product(node: &Node, report: &mut Report<'_>) -> Option<Product> {
    let product = label(node, "`any`, `same` or the id of a product", report)?;
    Some(match product.as_str() {
        "any" => Product::Any,
        "same" => Product::Same,
        _ => Product::One(product),
    })
}

/// Reports a member of an event that is named as templates name it: nothing is ever found there.
pub(crate) fn data_of_event(name: &str, node: &Node, report: &mut Report<'_>) {
    if let Some(member) = name.strip_prefix("event.data.") {
        let message =
            format!("here a member of the event is {}", quote(&format!("event.{member}")));
        report.add(node.at, "event-data", message).hint("only templates say `event.data`");
    }
}

/// What a condition is about, as part of the id of its step.
pub(crate) fn about(condition: &Condition) -> String {
    let joined = |first: &str, second: &str| match slug(second) {
        second if second.is_empty() => first.to_owned(),
        second => format!("{first}-{second}"),
    };
    match condition {
        Condition::Email { step, was, .. } => {
            let was = match was {
                MailStatus::Sent => "sent",
                MailStatus::Delivered => "delivered",
                MailStatus::Bounced => "bounced",
                MailStatus::Opened => "opened",
                MailStatus::Clicked => "clicked",
            };
            format!("{}-{was}", slug(step))
        }
        Condition::Form { name, .. } => joined("form", name),
        Condition::Event { name, .. } => joined("event", name),
        Condition::Consent(channel) => joined("consent", channel.as_str()),
        Condition::DaysTo { field, .. } => joined("days-to", field),
        Condition::Weekday(_) => "weekday".to_owned(),
        Condition::Hour(_) => "hour".to_owned(),
        Condition::Purchased(test) => match (&test.what, &test.category) {
            (Product::One(product), _) => joined("purchased", product),
            (Product::Same, _) => joined("purchased", "same"),
            (Product::Any, Some(category)) => joined("purchased", category),
            (Product::Any, None) => "purchased".to_owned(),
        },
        Condition::Field { name, .. } => match slug(name) {
            name if name.is_empty() => "field".to_owned(),
            name => name,
        },
        Condition::List(list) => joined("list", list),
        Condition::All(_) => "all".to_owned(),
        Condition::Any(_) => "any".to_owned(),
        Condition::Not(one) => joined("not", &about(one)),
    }
}

/// Reports the conditions that name no sending step of the flow. `sending` are its e-mails and
/// SMS, `others` its other steps.
pub(crate) fn check_mentions(
    mentions: &[Mention],
    sending: &std::collections::BTreeSet<String>,
    others: &std::collections::BTreeSet<String>,
    report: &mut Report<'_>,
) {
    for Mention { step, at } in mentions {
        if sending.contains(step) {
            continue;
        }
        let names = || sending.iter().map(String::as_str);
        let message = if others.contains(step) {
            format!("the step {} sends nothing", quote(step))
        } else {
            format!("no step of this flow is called {}", quote(step))
        };
        report
            .add(*at, "unknown-step", message)
            .maybe_hint(crate::words::did_you_mean(step, names()));
    }
}
