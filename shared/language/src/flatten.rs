//! From the written tree to steps by id, each naming the next.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Moment, Span, Step, Trigger, Way, Winner};

use crate::{
    condition::about,
    problem::{Mark, Report},
    steps::{Inner, What, Written},
    words::{quote, slug},
};

/// The longest part of a derived id that comes from the step; the rest is left for a number.
const DERIVED_CHARS_MAX: usize = 50;

/// A step with its id.
struct Named {
    id: String,
    what: NamedWhat,
    places: StepPlaces,
}

/// Where a step of a flow stands in its file, which a published step has forgotten.
#[derive(Debug)]
pub(crate) struct StepPlaces {
    /// Where it begins.
    pub at: Mark,
    /// Where its parts stand.
    pub inner: Inner,
}

enum NamedWhat {
    Plain(Action),
    If { when: masa_domain::Condition, then: Vec<Named>, otherwise: Vec<Named> },
    Await { until: Vec<Trigger>, span: Span, then: Vec<Named>, otherwise: Vec<Named> },
    Split { ways: Vec<(Way, Vec<Named>)>, winner: Option<Winner> },
}

/// The steps of a flow, flat.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    pub first: Option<String>,
    pub steps: BTreeMap<String, Step>,
    /// Where each stands, by id.
    pub places: BTreeMap<String, StepPlaces>,
}

/// Gives every step its id and links each to the next one.
pub(crate) fn flatten(written: Vec<Written>, report: &mut Report<'_>) -> Flat {
    let mut ids = Ids::default();
    ids.reserve(&written, report);
    let named = ids.name_all(written);
    let mut flat = Flat::default();
    flat.first = link(named, None, &mut flat);
    flat
}

#[derive(Default)]
struct Ids {
    taken: BTreeSet<String>,
    /// How often a derived id was wanted so far.
    wanted: BTreeMap<String, usize>,
    /// The lines of the ids that were given.
    given: BTreeMap<String, usize>,
}

impl Ids {
    /// Takes the ids that were given, wherever they stand: no derived one may push them aside.
    fn reserve(&mut self, steps: &[Written], report: &mut Report<'_>) {
        for step in steps {
            if let Some((id, at)) = &step.id {
                if let Some(line) = self.given.get(id) {
                    let message =
                        format!("the id {} is taken by the step in line {line}", quote(id));
                    report.add(*at, "duplicate-id", message);
                }
                self.given.entry(id.clone()).or_insert(step.at.line);
                self.taken.insert(id.clone());
            }
            for steps in step.what.inner() {
                self.reserve(steps, report);
            }
        }
    }

    fn name_all(&mut self, steps: Vec<Written>) -> Vec<Named> {
        steps.into_iter().map(|step| self.name(step)).collect()
    }

    fn name(&mut self, step: Written) -> Named {
        let id = match step.id {
            Some((id, _)) => id,
            None => self.derive(derived(&step.what)),
        };
        let what = match step.what {
            What::Plain(action) => NamedWhat::Plain(action),
            What::If { when, then, otherwise } => {
                let then = self.name_all(then);
                NamedWhat::If { when, then, otherwise: self.name_all(otherwise) }
            }
            What::Await { until, span, then, otherwise } => {
                let then = self.name_all(then);
                NamedWhat::Await { until, span, then, otherwise: self.name_all(otherwise) }
            }
            What::Split { ways, winner } => {
                let named = ways.into_iter().map(|(way, steps)| (way, self.name_all(steps)));
                NamedWhat::Split { ways: named.collect(), winner }
            }
        };
        Named { id, what, places: StepPlaces { at: step.at, inner: step.inner } }
    }

    /// The id `base`, or `base-2` and so on when it is taken.
    fn derive(&mut self, mut base: String) -> String {
        base.truncate(DERIVED_CHARS_MAX);
        let base = base.trim_end_matches('-');
        let count = self.wanted.entry(base.to_owned()).or_insert(0);
        loop {
            *count += 1;
            let id = if *count == 1 { base.to_owned() } else { format!("{base}-{count}") };
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// The id that a step's own words give. All of it is ASCII.
fn derived(what: &What) -> String {
    let joined = |verb: &str, name: &str| match slug(name) {
        name if name.is_empty() => verb.to_owned(),
        name => format!("{verb}-{name}"),
    };
    match what {
        What::If { when, .. } => format!("if-{}", about(when)),
        What::Await { until, .. } => {
            let words = until.first().map(Trigger::in_words).unwrap_or_default();
            joined("until", words.split(',').next().unwrap_or_default())
        }
        What::Split { .. } => "split".to_owned(),
        What::Plain(action) => match action {
            Action::Email { template, .. } => match slug(template) {
                template if template.is_empty() => "email".to_owned(),
                template => template,
            },
            Action::Sms { .. } => "sms".to_owned(),
            Action::Tell { person, .. } => joined("tell", person),
            Action::Call { system, .. } => joined("call", system),
            Action::Wait(span) => format!("wait-{span}"),
            Action::Set(fields) => {
                joined("set", &fields.keys().map(String::as_str).collect::<Vec<_>>().join(" "))
            }
            Action::Count { field, .. } => joined("count", field),
            Action::Join(list) => joined("join", list),
            Action::Leave(list) => joined("leave", list),
            Action::Quiet { event, .. } => joined("quiet", event),
            Action::Until { moment: Moment::Clock { at, days }, .. } => {
                let at = at.map(|at| at.to_string()).unwrap_or_default();
                joined("until", &format!("{} {at}", if days.is_empty() { "" } else { "day" }))
            }
            Action::Until { moment: Moment::Date { anchor, offset, .. }, .. } => {
                let sign = match (offset.days, offset.seconds) {
                    (0, 0) => "on",
                    (days, seconds) if days < 0 || seconds < 0 => "before",
                    _ => "after",
                };
                let words = anchor.in_words();
                let name = words.split(": ").nth(1).unwrap_or_default();
                joined("until", &format!("{offset} {sign} {name}"))
            }
            Action::Append { field, .. } => joined("append", field),
            Action::Stamp(field) => joined("stamp", field),
            Action::Coupon { field, .. } => joined("coupon", field),
            Action::Start(flow) => joined("start", flow),
            Action::Jump(step) => joined("jump", step),
            Action::Await { .. } => "until".to_owned(),
            Action::Split { .. } => "split".to_owned(),
            Action::If { .. } => "if".to_owned(),
            Action::Exit => "exit".to_owned(),
        },
    }
}

/// Links `steps`, after which comes `follow`; the answer is the first of them, or `follow`.
fn link(steps: Vec<Named>, follow: Option<String>, out: &mut Flat) -> Option<String> {
    let mut next = follow.clone();
    // Where who comes too late for a dated wait goes on: at the next one of this list.
    let mut late_for = follow;
    for Named { id, what, places } in steps.into_iter().rev() {
        let step = match what {
            NamedWhat::Plain(action @ (Action::Exit | Action::Jump(_))) => {
                Step { action, next: None }
            }
            NamedWhat::Plain(Action::Until { moment: moment @ Moment::Date { .. }, .. }) => {
                let late = late_for.replace(id.clone());
                Step { action: Action::Until { moment, late }, next: next.clone() }
            }
            NamedWhat::Plain(action) => Step { action, next: next.clone() },
            NamedWhat::If { when, then, otherwise } => {
                let then = link(then, next.clone(), out);
                let otherwise = link(otherwise, next.clone(), out);
                Step { action: Action::If { when, then, otherwise }, next: None }
            }
            NamedWhat::Await { until, span, then, otherwise } => {
                let then = link(then, next.clone(), out);
                let otherwise = link(otherwise, next.clone(), out);
                Step { action: Action::Await { until, span, then, otherwise }, next: None }
            }
            NamedWhat::Split { ways, winner } => {
                let ways = ways
                    .into_iter()
                    .map(|(way, steps)| Way { first: link(steps, next.clone(), out), ..way });
                let ways = ways.collect();
                Step { action: Action::Split { ways, winner }, next: None }
            }
        };
        out.steps.insert(id.clone(), step);
        out.places.insert(id.clone(), places);
        next = Some(id);
    }
    next
}
