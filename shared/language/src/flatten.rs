//! From the written tree to steps by id, each naming the next.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Step};

use crate::{
    condition::about,
    problem::Report,
    steps::{What, Written},
    words::{quote, slug},
};

/// The longest part of a derived id that comes from the step; the rest is left for a number.
const DERIVED_CHARS_MAX: usize = 50;

/// A step with its id.
struct Named {
    id: String,
    what: NamedWhat,
}

enum NamedWhat {
    Plain(Action),
    If { when: masa_domain::Condition, then: Vec<Named>, otherwise: Vec<Named> },
}

/// The steps of a flow, flat.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    pub first: Option<String>,
    pub steps: BTreeMap<String, Step>,
}

/// Gives every step its id and links each to the next one.
pub(crate) fn flatten(written: Vec<Written>, report: &mut Report<'_>) -> Flat {
    let mut ids = Ids::default();
    ids.reserve(&written, report);
    let named = ids.name_all(written);
    let mut steps = BTreeMap::new();
    let first = link(named, None, &mut steps);
    Flat { first, steps }
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
            if let What::If { then, otherwise, .. } = &step.what {
                self.reserve(then, report);
                self.reserve(otherwise, report);
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
        };
        Named { id, what }
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
        What::Plain(action) => match action {
            Action::Email { template, .. } => match slug(template) {
                template if template.is_empty() => "email".to_owned(),
                template => template,
            },
            Action::Sms { .. } => "sms".to_owned(),
            Action::Wait(span) => format!("wait-{span}"),
            Action::Set(fields) => {
                joined("set", &fields.keys().map(String::as_str).collect::<Vec<_>>().join(" "))
            }
            Action::Count { field, .. } => joined("count", field),
            Action::Join(list) => joined("join", list),
            Action::Leave(list) => joined("leave", list),
            Action::If { .. } => "if".to_owned(),
            Action::Exit => "exit".to_owned(),
        },
    }
}

/// Links `steps`, after which comes `follow`; the answer is the first of them, or `follow`.
fn link(
    steps: Vec<Named>,
    follow: Option<String>,
    out: &mut BTreeMap<String, Step>,
) -> Option<String> {
    let mut next = follow;
    for Named { id, what } in steps.into_iter().rev() {
        let step = match what {
            NamedWhat::Plain(Action::Exit) => Step { action: Action::Exit, next: None },
            NamedWhat::Plain(action) => Step { action, next: next.clone() },
            NamedWhat::If { when, then, otherwise } => {
                let then = link(then, next.clone(), out);
                let otherwise = link(otherwise, next.clone(), out);
                Step { action: Action::If { when, then, otherwise }, next: None }
            }
        };
        out.insert(id.clone(), step);
        next = Some(id);
    }
    next
}
