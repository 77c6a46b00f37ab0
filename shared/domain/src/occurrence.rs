//! What happened, as triggers, exit rules and waits see it, and what a run keeps of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    condition::equal,
    contact::{Contact, READ_SINCE_PURCHASE},
    decide::Known,
    fact::{Fact, Happening},
    run::Run,
    span::Span,
    trigger::Trigger,
};

/// Something that follows from a fact or a step, and that journeys may wait for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Consequence {
    /// The contact joined a list.
    Joined(String),
    /// It left one.
    Left(String),
    /// A field changed.
    Changed {
        field: String,
        /// What it held before.
        before: Option<Value>,
    },
    /// A run of this flow came to its end.
    Ended(String),
}

impl Consequence {
    fn key(&self) -> String {
        match self {
            Self::Joined(list) => format!("joined:{list}"),
            Self::Left(list) => format!("left:{list}"),
            Self::Changed { field, .. } => format!("field:{field}"),
            Self::Ended(flow) => format!("ended:{flow}"),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence<'a> {
    pub(crate) fact: Option<&'a Fact>,
    pub(crate) followed: &'a [Consequence],
}

/// For whom it is compared with triggers.
#[derive(Clone, Copy)]
pub(crate) struct Matching<'a> {
    pub(crate) contact: &'a Contact,
    pub(crate) known: &'a Known,
    pub(crate) now: Timestamp,
    /// The run whose rule it is.
    pub(crate) run: Option<&'a Run>,
}

impl Occurrence<'_> {
    pub(crate) fn matched<'t>(
        &self,
        triggers: &'t [Trigger],
        matching: Matching<'_>,
    ) -> Option<&'t Trigger> {
        triggers.iter().find(|trigger| self.is(trigger, matching))
    }

    fn is(&self, trigger: &Trigger, matching: Matching<'_>) -> bool {
        let what = self.fact.map(|fact| &fact.what);
        match trigger {
            Trigger::Joined(_) | Trigger::Left(_) | Trigger::Ended(_) => {
                let key = trigger.key();
                self.followed.iter().any(|followed| followed.key() == key)
            }
            Trigger::Field { name, test } => self.followed.iter().any(|followed| {
                let Consequence::Changed { field, before } = followed else { return false };
                field == name
                    && test.as_ref().is_none_or(|test| {
                        let after = matching.contact.field(name);
                        !test.holds(before.as_ref()) && test.holds(after.as_ref())
                    })
            }),
            _ => what.is_some_and(|what| is_fact(trigger, what, matching)),
        }
    }

    /// The keys of the catalogue ([`Trigger::key`]) that this may match.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.followed.iter().map(Consequence::key).collect();
        match self.fact.map(|fact| &fact.what) {
            Some(Happening::Signup { form: Some(form) }) => keys.push(format!("form:{form}")),
            Some(Happening::Purchase(_)) => keys.push("purchased".to_owned()),
            Some(Happening::Event { name, .. }) => keys.push(format!("event:{name}")),
            Some(Happening::Answered { question, .. }) => keys.push(format!("answered:{question}")),
            Some(Happening::Opened { flow, .. }) => {
                keys.extend(["opened".to_owned(), format!("opened:{flow}")]);
            }
            Some(Happening::Clicked { link, .. }) => keys.push(format!("clicked:{link}")),
            Some(Happening::Due { trigger }) => keys.push(format!("due:{trigger}")),
            Some(Happening::Referred(did)) => keys.push(Trigger::Referred(*did).key()),
            Some(Happening::Signup { form: None }) | None => {}
        }
        keys
    }
}

/// Whether a fact is what `trigger` names.
fn is_fact(trigger: &Trigger, what: &Happening, matching: Matching<'_>) -> bool {
    let contact = matching.contact;
    match (trigger, what) {
        (Trigger::Form(form), Happening::Signup { form: Some(filled) }) => form == filled,
        (Trigger::Purchased(bought), Happening::Purchase(order)) => {
            let products = &matching.known.catalogue.setup.products;
            let category = |product: &str| products.get(product)?.category.clone();
            bought.is(order, &contact.purchases, matching.run, category)
        }
        (Trigger::Event { name, matching: members, same }, Happening::Event { name: n, data }) => {
            let member = |key: &str| data.get(key);
            let began = |key: &str| matching.run?.data.get("event")?.get("data")?.get(key);
            name == n
                && members
                    .iter()
                    .all(|(key, wanted)| member(key).is_some_and(|value| equal(value, wanted)))
                && same
                    .as_ref()
                    .is_none_or(|key| member(key).is_some() && member(key) == began(key))
        }
        (Trigger::Clicked(name), Happening::Clicked { link, .. }) => link == name,
        (Trigger::Opened { of, times, since_purchase }, Happening::Opened { flow, .. }) => {
            let key = match (of, since_purchase) {
                (Some(of), _) => format!("opened:{of}"),
                (None, true) => READ_SINCE_PURCHASE.to_owned(),
                (None, false) => "opened".to_owned(),
            };
            of.as_ref().is_none_or(|of| of == flow)
                && contact.seen.get(&key).is_some_and(|seen| seen.times == *times)
        }
        (Trigger::Answered { question, test }, Happening::Answered { question: q, answer }) => {
            question == q && test.as_ref().is_none_or(|test| test.holds(Some(answer)))
        }
        (Trigger::Date { .. }, Happening::Due { trigger: due }) => trigger.in_words() == *due,
        // Perhaps something was heard since the pass that found it.
        (Trigger::Silent { span, of }, Happening::Due { trigger: due }) => {
            let last = contact.active_at(*of).unwrap_or(contact.created_at);
            trigger.in_words() == *due && span.after(last) <= matching.now
        }
        (Trigger::Referred(wanted), Happening::Referred(did)) => wanted == did,
        _ => false,
    }
}

/// What a run keeps of its trigger at most, in bytes of JSON.
const DATA_BYTES_MAX: usize = 8 * 1024;

/// What a fact gives to the templates of the run that it starts. Of a large order the first items
/// are kept, of large event data the members that fit.
pub(crate) fn trigger_data(fact: &Fact, known: &Known) -> Value {
    match &fact.what {
        Happening::Signup { form } => json!({ "form": form }),
        Happening::Purchase(order) => {
            let mut order = order.clone();
            let lasts = |product: &str| known.catalogue.setup.products.get(product)?.lasts;
            // A product may stand in several lines.
            let mut quantities: BTreeMap<&str, u32> = BTreeMap::new();
            for item in &order.items {
                let quantity = quantities.entry(&item.product_id).or_default();
                *quantity = quantity.saturating_add(item.quantity);
            }
            let ends = quantities.into_iter().filter_map(|(product, quantity)| {
                let seconds = lasts(product)?.as_seconds().checked_mul(quantity)?;
                Some(Span::seconds(seconds).after(fact.at))
            });
            let runs_out = ends.min();
            while json!(order).to_string().len() > DATA_BYTES_MAX && !order.items.is_empty() {
                order.items.truncate(order.items.len() / 2);
            }
            let mut order = json!(order);
            if let (Some(runs_out), Value::Object(members)) = (runs_out, &mut order) {
                members.insert("runs_out".to_owned(), json!(runs_out));
            }
            json!({ "order": order })
        }
        Happening::Event { name, data } => {
            json!({ "event": { "name": name, "data": what_fits(data) } })
        }
        Happening::Answered { question, answer } => {
            json!({ "answer": { "question": question, "value": answer } })
        }
        Happening::Opened { flow, step } => json!({ "mail": { "flow": flow, "step": step } }),
        Happening::Clicked { flow, step, link } => {
            json!({ "mail": { "flow": flow, "step": step, "link": link } })
        }
        Happening::Due { trigger } => json!({ "due": trigger }),
        Happening::Referred(did) => json!({ "referred": did }),
    }
}

fn what_fits(data: &Value) -> Value {
    let Value::Object(members) = data else { return Value::Null };
    let mut room = DATA_BYTES_MAX;
    let fitting = members.iter().filter(|(name, value)| {
        let weight = name.len().saturating_add(value.to_string().len());
        let fits = weight <= room;
        room = if fits { room - weight } else { room };
        fits
    });
    Value::Object(fitting.map(|(name, value)| (name.clone(), value.clone())).collect())
}
