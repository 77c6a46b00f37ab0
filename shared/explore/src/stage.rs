//! What is live while a journey is explored, and questions to the real decision.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use masa_domain::{
    Action, Anchor, Catalogue, Condition, Contact, ContactDetails, ContactId, Decision, Effect,
    Fact, FactId, Flow, Happening, Id, Known, LiveFlow, Message, Moment, Need, Offset, Product,
    Run, Setup, Span, Step, Stimulus, Trigger, What, decide,
};
use masa_language::Library;
use serde_json::Value;

/// The event that begins a helper: a journey that leaves a list, or one that stands for another.
pub(crate) const HELPER: &str = "explore:";
/// The step of a flow that asks the decision something.
const QUESTION: &str = "question";

/// What is live.
pub(crate) struct Stage {
    pub(crate) catalogue: Arc<Catalogue>,
    flows: BTreeMap<(String, u32), Option<Arc<Flow>>>,
}

impl Stage {
    /// The shop of a library, with these journeys alone.
    pub(crate) fn new(library: &Library, flows: Vec<Flow>) -> Self {
        let mut catalogue = Catalogue {
            // One journey alone meets no cap that all share.
            setup: Setup { caps: Vec::new(), segments: BTreeMap::new(), ..library.setup.clone() },
            ..Catalogue::default()
        };
        let mut live = BTreeMap::new();
        for flow in flows {
            catalogue.flows.insert(flow.name.clone(), LiveFlow::new(&flow, 1, String::new()));
            live.insert((flow.name.clone(), 1), Some(Arc::new(flow)));
        }
        Self { catalogue: Arc::new(catalogue), flows: live }
    }

    /// What is decided; `None` when the decision asks for something that nobody can read.
    pub(crate) fn decide(
        &self,
        contact: &Contact,
        messages: &[Message],
        stimulus: &Stimulus,
        now: Timestamp,
    ) -> Option<Decision> {
        let mut known = Known {
            catalogue: Arc::clone(&self.catalogue),
            flows: self.flows.clone(),
            also: Vec::new(),
            messages: contact.runs.keys().map(|run| (*run, Vec::new())).collect(),
        };
        for message in messages {
            known.messages.entry(message.id.run).or_default().push(message.clone());
        }
        // Each thing is asked for once, and there are few.
        for _ in 0..100 {
            match decide(contact, stimulus, &known, now) {
                Ok(decision) => return Some(decision),
                Err(Need::Flow(name, version)) => {
                    known.flows.insert((name, version), None);
                }
                Err(Need::Messages(run)) => {
                    known.messages.insert(run, Vec::new());
                }
            }
        }
        None
    }
}

/// A fact that is let in now.
pub(crate) fn fact(
    contact: ContactId,
    number: u32,
    at: Timestamp,
    what: Happening,
    details: ContactDetails,
) -> Fact {
    let id = FactId::new("explore", &number.to_string());
    Fact { id, contact, received_at: at, at, details, what }
}

/// A journey of one step, begun by an event of its own.
fn question(name: &str, step: &str, action: Action) -> Flow {
    let mut steps = BTreeMap::new();
    steps.insert(step.to_owned(), Step { action, next: None });
    Flow {
        name: name.to_owned(),
        triggers: vec![Trigger::event(HELPER)],
        first: Some(step.to_owned()),
        steps,
        ..Flow::default()
    }
}

/// A journey that leaves a list when it is told to.
pub(crate) fn leaver(list: &str) -> Flow {
    let name = format!("{HELPER}leave:{list}");
    let mut flow = question(&name, "leave", Action::Leave(list.to_owned()));
    flow.triggers = vec![Trigger::event(name)];
    flow.again = masa_domain::Again::Always;
    flow
}

/// The event that begins a flow's double.
pub(crate) fn double_event(flow: &str) -> String {
    format!("{HELPER}begin:{flow}")
}

/// A journey's double: it lets in by the same rules when a step starts it or an event of its own comes,
/// and stands still then.
pub(crate) fn double(name: &str, real: Option<&Flow>) -> Flow {
    let mut flow = question(name, "inside", Action::Wait(Span::MAX));
    flow.triggers = vec![Trigger::event(double_event(name))];
    flow.again = real.map(|real| real.again).unwrap_or(masa_domain::Again::Always);
    flow.entry_if = real.and_then(|real| real.entry_if.clone());
    flow
}

/// Asks what a step does with a contact now: the run that comes to it, and its effects. The run begins
/// by this happening, if it is an event or an order, else by an event without data.
fn ask(
    library: &Library,
    flow: Flow,
    contact: &Contact,
    messages: &[Message],
    began: Option<&Happening>,
    now: Timestamp,
) -> Option<(Run, Vec<Effect>)> {
    let mut flow = flow;
    let name = flow.name.clone();
    let what = match began {
        Some(what @ Happening::Event { name, .. }) => {
            flow.triggers = vec![Trigger::event(name)];
            what.clone()
        }
        Some(what @ Happening::Purchase(_)) => {
            flow.triggers = vec![Trigger::Purchased(Product::Any.into())];
            what.clone()
        }
        _ => Happening::Event { name: HELPER.to_owned(), data: Value::Null },
    };
    let stage = Stage::new(library, vec![flow]);
    let mut contact = contact.clone();
    contact.flows.remove(&name);
    let told = fact(contact.id, u32::MAX, now, what, ContactDetails::default());
    let decision = stage.decide(&contact, messages, &Stimulus::Fact(Box::new(told)), now)?;
    let mut runs = decision.contact?.runs.into_values();
    let run = runs.find(|run| run.flow == name && !contact.runs.contains_key(&run.id))?;
    Some((run, decision.effects))
}

/// Whether a condition holds for a contact at a moment. What asks about the run's beginning is asked of
/// one that begins now, by this happening.
pub(crate) fn holds(
    library: &Library,
    condition: &Condition,
    contact: &Contact,
    messages: &[Message],
    began: Option<&Happening>,
    now: Timestamp,
) -> bool {
    let action = Action::If { when: condition.clone(), then: None, otherwise: None };
    let flow = question(HELPER, QUESTION, action);
    let asked = ask(library, flow, contact, messages, began, now);
    asked.is_some_and(|(run, _)| run.story.iter().any(|entry| entry.what == What::Branch(true)))
}

/// The moment of a date for a contact, at or after `now`; `None` when there is none or it has passed.
pub(crate) fn moment(
    library: &Library,
    contact: &Contact,
    moment: Moment,
    now: Timestamp,
) -> Option<Timestamp> {
    let flow = question(HELPER, QUESTION, Action::Until { moment, late: None });
    let (_, effects) = ask(library, flow, contact, &[], None, now)?;
    effects.iter().find_map(|effect| match effect {
        Effect::Arm { until, .. } => Some(*until),
        Effect::Send { .. } | Effect::Look { .. } | Effect::Disarm { .. } => None,
    })
}

/// The moment of a date trigger, at or after `now`.
pub(crate) fn due(
    library: &Library,
    contact: &Contact,
    anchor: &Anchor,
    offset: Offset,
    at: Option<masa_domain::ClockTime>,
    now: Timestamp,
) -> Option<Timestamp> {
    moment(library, contact, Moment::Date { anchor: anchor.clone(), offset, at }, now)
}

/// Which way a contact goes at a split.
pub(crate) fn way(
    library: &Library,
    flow: &Flow,
    step: &str,
    contact: ContactId,
) -> Option<String> {
    let Action::Split { ways, .. } = &flow.steps.get(step)?.action else { return None };
    let ways = ways.iter().cloned().map(|way| masa_domain::Way { first: None, ..way });
    let action = Action::Split { ways: ways.collect(), winner: None };
    let now = Timestamp::UNIX_EPOCH;
    let flow = question(&flow.name, step, action);
    let (run, _) = ask(library, flow, &Contact::new(contact, now), &[], None, now)?;
    run.story.into_iter().find_map(|entry| match entry.what {
        What::Way(name) => Some(name),
        _ => None,
    })
}

/// The contact that everything is asked about, unless a split asks for others.
pub(crate) fn somebody(number: u32) -> ContactId {
    ContactId(Id::derive(&["explore", &number.to_string()]))
}
