//! Happenings: `{ joined: newsletter }`, `{ purchased: any, over: 200 }`. Triggers, exit rules, goals
//! and waits name them with the same words.

use std::collections::BTreeMap;

use jiff::civil::Date;
use masa_domain::{
    Activity, Anchor, Bought, ClockTime, Offset, Product, Referral, Span, Trigger,
    is_hosted_elsewhere,
};
use serde_json::Number;

use crate::{
    condition::{data_of_event, product, test},
    directory::Names,
    fields::{Fields, Heads, label, list, positive, text, word, wrong_type},
    grammar::{HAPPENING, Node as Known, TESTS},
    problem::{Mark, Problem, Report},
    slips,
    steps::span,
    words::{did_you_mean, quote},
    yaml::{Node, Yaml},
};

const NAMES: Heads = Heads {
    what: "trigger",
    unknown: "unknown-trigger",
    two: "two-triggers",
    apart: "write a list, each trigger in braces of its own: `[ { joined: a }, { form: b } ]`",
    node: &HAPPENING,
};

/// Where a happening stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// It lets in: there is no run yet.
    Trigger,
    /// It is compared for a run.
    Run,
}

/// A name that stands elsewhere in the folder.
#[derive(Debug)]
pub(crate) struct Named {
    pub flow: String,
    pub at: Mark,
}

/// The flows that a file names and that are not among the known ones.
pub(crate) fn unknown_flows<T>(
    file: &str,
    named: &[Named],
    known: &BTreeMap<String, T>,
) -> Vec<Problem> {
    let mut report = Report::new(file);
    for Named { flow, at } in named {
        if !known.contains_key(flow) {
            let hint = did_you_mean(flow, known.keys().map(String::as_str));
            let message = format!("there is no flow {} in this folder", quote(flow));
            report.add(*at, "unknown-flow", message).maybe_hint(hint);
        }
    }
    report.into_problems()
}

/// Reads happenings.
pub(crate) struct Happenings<'r, 'f> {
    pub report: &'r mut Report<'f>,
    pub names: Option<&'r Names>,
    /// Flows that are named.
    pub flows: &'r mut Vec<Named>,
}

impl Happenings<'_, '_> {
    /// One or several.
    pub(crate) fn several(&mut self, node: &Node, at: At) -> Option<Vec<Trigger>> {
        if matches!(node.yaml, Yaml::Map(_)) {
            return self.one(node, at).map(|one| vec![one]);
        }
        let what = "a trigger such as `{ joined: newsletter }`, or a list of them,";
        let members = list(node, what, self.report)?;
        let read: Vec<_> = members.iter().map(|member| self.one(member, at)).collect();
        read.into_iter().collect()
    }

    fn one(&mut self, node: &Node, at: At) -> Option<Trigger> {
        let fields = Fields::of(node, "a trigger such as `{ joined: newsletter }`", self.report)?;
        self.of(&fields, at, &HAPPENING)
    }

    /// The happening that the fields of `node` tell.
    pub(crate) fn of(&mut self, fields: &Fields<'_>, at: At, node: &Known) -> Option<Trigger> {
        let (head, _, value) = fields.head(&NAMES, self.report)?;
        fields.only(&node.known(head), self.report);
        let report = &mut *self.report;
        match head {
            "joined" => label(value, "a list", report).map(Trigger::Joined),
            "left" => label(value, "a list", report).map(Trigger::Left),
            "form" => self.form(value).map(Trigger::Form),
            "purchased" => self.bought(fields, value, at).map(Trigger::Purchased),
            "event" => self.event(fields, value, at),
            "clicked" => label(value, "the name of a link", report).map(Trigger::Clicked),
            "opened" => self.opened(fields, value),
            "field" => {
                let name = label(value, "a field's name", report)?;
                never_changes(&name, value, report);
                let test = tested(fields, report)?;
                Some(Trigger::Field { name, test })
            }
            "answered" => {
                let question = label(value, "a question's name", report)?;
                if let Some(names) = self.names {
                    names.know("questions", &question, value.at, report);
                }
                let test = tested(fields, report)?;
                Some(Trigger::Answered { question, test })
            }
            "date" | "holiday" => {
                let anchor = anchor(head, value, report)?;
                let yearly = flag(fields, "yearly", report)?;
                if yearly && !matches!(anchor, Anchor::Field(_)) {
                    let message = "only the date in a field comes back each year";
                    report.add(value.at, "not-yearly", message);
                    return None;
                }
                let (offset, at) = place(fields, report)?;
                Some(Trigger::Date { anchor, yearly, offset, at })
            }
            "silent" => {
                let span = duration(value, report)?;
                let words = [
                    ("any", Activity::Any),
                    ("purchase", Activity::Purchase),
                    ("open", Activity::Open),
                    ("visit", Activity::Visit),
                ];
                let of = fields.get("of").map(|node| word(node, &words, report));
                Some(Trigger::Silent { span, of: of.unwrap_or(Some(Activity::Any))? })
            }
            "referred" => {
                let words = [("signup", Referral::Signup), ("purchase", Referral::Purchase)];
                word(value, &words, report).map(Trigger::Referred)
            }
            _ => self.flow(value).map(Trigger::Ended),
        }
    }

    /// The name of another flow.
    pub(crate) fn flow(&mut self, node: &Node) -> Option<String> {
        let flow = label(node, "the name of a flow", self.report)?;
        self.flows.push(Named { flow: flow.clone(), at: node.at });
        Some(flow)
    }

    pub(crate) fn form(&mut self, node: &Node) -> Option<String> {
        let form = label(node, "the name of a form", self.report)?;
        if let Some(names) = self.names.filter(|_| !is_hosted_elsewhere(&form)) {
            names.know("forms", &form, node.at, self.report);
        }
        Some(form)
    }

    fn bought(&mut self, fields: &Fields<'_>, value: &Node, at: At) -> Option<Bought> {
        let report = &mut *self.report;
        let product = product(value, report);
        if product == Some(Product::Same) {
            same_for_run(value, at, report)?;
        }
        let category = optional(fields.get("category"), |node| label(node, "a category", report));
        let nth = optional(fields.get("nth"), |node| positive(node, report));
        let every = optional(fields.get("every"), |node| positive(node, report));
        let over = optional(fields.get("over"), |node| number(node, report));
        let (product, category) = (product?, category?);
        Some(Bought { product, category, nth: nth?, every: every?, over: over? })
    }

    fn event(&mut self, fields: &Fields<'_>, value: &Node, at: At) -> Option<Trigger> {
        let name = label(value, "the name of an event", self.report);
        let mut matching = BTreeMap::new();
        if let Some(node) = fields.get("where") {
            let what = "members of the event's data, such as `{ plan: pro }`,";
            for (key, value) in Fields::of(node, what, self.report)?.iter() {
                let Some(value) = value.scalar().and_then(crate::yaml::Scalar::value) else {
                    wrong_type(value, "a text, a number, true or false", self.report);
                    return None;
                };
                matching.insert(key.text.clone(), value);
            }
        }
        let same =
            optional(fields.get("same"), |node| label(node, "a member's name", self.report))?;
        if let Some(node) = fields.get("same") {
            same_for_run(node, at, self.report)?;
        }
        Some(Trigger::Event { name: name?, matching, same })
    }

    fn opened(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Trigger> {
        let of = match value.scalar().is_some_and(|scalar| scalar.text == "any") {
            true => None,
            false => Some(self.flow(value)?),
        };
        let times = fields.get("times").map_or(Some(1), |node| positive(node, self.report))?;
        let since_purchase = match fields.get("since") {
            None => false,
            Some(node) => word(node, &[("purchase", true)], self.report)?,
        };
        if let (Some(node), true, Some(_)) = (fields.get("since"), since_purchase, &of) {
            let message = "since a purchase, the mails of all flows are counted together";
            self.report.add(node.at, "since-of-flow", message).hint("write `opened: any`");
            return None;
        }
        Some(Trigger::Opened { of, times, since_purchase })
    }
}

/// Reports a happening in what began the run, or in a system's answer: these are no fields of the contact,
/// and tell nobody when they change.
fn never_changes(name: &str, node: &Node, report: &mut Report<'_>) {
    if ["event.", "order.", "call."].iter().any(|root| name.starts_with(root)) {
        let message =
            format!("{} is no field of the contact: it is never told to change", quote(name));
        report
            .add(node.at, "never-changes", message)
            .hint("ask about it in an `if`; an event's members are asked with `where`");
    }
}

/// Reports `same` where nothing has let a contact in yet.
fn same_for_run(node: &Node, at: At, report: &mut Report<'_>) -> Option<()> {
    if at == At::Run {
        return Some(());
    }
    let message = "there is nothing yet that it could be the same as";
    report
        .add(node.at, "same-in-trigger", message)
        .hint("`same` compares with what let the contact in: in `exit`, `goal` and `wait_until`");
    None
}

/// What may be left out: `None` when it is there and wrong.
pub(crate) fn optional<T>(
    node: Option<&Node>,
    read: impl FnOnce(&Node) -> Option<T>,
) -> Option<Option<T>> {
    match node {
        None => Some(None),
        Some(node) => read(node).map(Some),
    }
}

pub(crate) fn number(node: &Node, report: &mut Report<'_>) -> Option<Number> {
    match node.scalar().and_then(crate::yaml::Scalar::value) {
        Some(serde_json::Value::Number(number)) => Some(number),
        _ => {
            wrong_type(node, "a number", report);
            None
        }
    }
}

pub(crate) fn flag(fields: &Fields<'_>, name: &str, report: &mut Report<'_>) -> Option<bool> {
    match fields.get(name) {
        None => Some(false),
        Some(node) => word(node, &[("true", true), ("false", false)], report),
    }
}

pub(crate) fn duration(node: &Node, report: &mut Report<'_>) -> Option<Span> {
    span(node, &text(node, "a duration such as `2d`", report)?, report)
}

/// A test beside its head, when there is one.
fn tested(fields: &Fields<'_>, report: &mut Report<'_>) -> Option<Option<masa_domain::FieldTest>> {
    match TESTS.iter().any(|test| fields.get(test.name).is_some()) {
        true => test(fields, report).map(Some),
        false => Some(None),
    }
}

/// The day that a date stands before or after.
pub(crate) fn anchor(head: &str, value: &Node, report: &mut Report<'_>) -> Option<Anchor> {
    if head == "holiday" {
        let name = label(value, "a holiday", report)?;
        let known: Vec<&str> = masa_domain::holidays::names().collect();
        if !known.contains(&name.as_str()) {
            let message = format!("there is no holiday {}", quote(&name));
            let hint = did_you_mean(&name, known.iter().copied());
            report.add(value.at, "unknown-holiday", message).maybe_hint(hint);
            return None;
        }
        return Some(Anchor::Holiday(name));
    }
    let written = label(value, "a date, or the name of a field that holds one,", report)?;
    data_of_event(&written, value, report);
    if written.parse::<Date>().is_err() && slips::looks_like_a_date(&written) {
        let message = format!("{} is not a date", quote(&written));
        report.add(value.at, "bad-time", message).hint(slips::date(&written));
        return None;
    }
    Some(match written.parse() {
        Ok(day) => Anchor::Day(day),
        Err(_) => Anchor::Field(written),
    })
}

/// `offset` and `at`.
pub(crate) fn place(
    fields: &Fields<'_>,
    report: &mut Report<'_>,
) -> Option<(Offset, Option<ClockTime>)> {
    let offset = optional(fields.get("offset"), |node| {
        let written = text(node, "an offset such as `-3d`", report)?;
        match written.parse::<Offset>() {
            Ok(offset) => Some(offset),
            Err(_) => {
                let message = format!("{} is not an offset", quote(&written));
                report.add(node.at, "bad-offset", message).hint(slips::offset(&written));
                None
            }
        }
    });
    let at = optional(fields.get("at"), |node| clock(node, report));
    Some((offset?.unwrap_or_default(), at?))
}

/// A time of day.
pub(crate) fn clock(node: &Node, report: &mut Report<'_>) -> Option<ClockTime> {
    let written = text(node, "a time of day such as `\"09:00\"`", report)?;
    clock_of(node, &written, report)
}

pub(crate) fn clock_of(node: &Node, written: &str, report: &mut Report<'_>) -> Option<ClockTime> {
    let read = written.trim().parse::<ClockTime>().ok();
    if read.is_none() {
        let message = format!("{} is not a time of day", quote(written));
        report.add(node.at, "bad-time", message).hint(slips::clock(written));
    }
    read
}
