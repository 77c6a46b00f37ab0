//! What happened, as triggers, exit rules and waits see it, and what a run keeps of it.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    condition::equal,
    contact::{Contact, READ_SINCE_PURCHASE},
    decide::Known,
    fact::{Fact, Happening, Order, OrderStatus},
    purchases::Turned,
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
    /// What the fact's order came to be by it. A fact that changes nothing of its order, or only its
    /// lines, tells journeys nothing.
    pub(crate) turned: Option<Turned>,
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
            Trigger::Event { name, matching: members, same } => {
                self.event() == Some(name) && self.has(members, same.as_deref(), matching.run)
            }
            Trigger::Purchased(bought) => {
                let products = &matching.known.catalogue.setup.products;
                let category = |product: &str| products.get(product)?.category.clone();
                let purchases = &matching.contact.purchases;
                self.order()
                    .is_some_and(|order| bought.is(order, purchases, matching.run, category))
            }
            _ => self.fact.is_some_and(|fact| is_fact(trigger, fact, matching)),
        }
    }

    /// The name of the event that this is.
    fn event(&self) -> Option<&str> {
        match &self.fact?.what {
            Happening::Event { name, .. } => Some(name),
            Happening::Purchase(_) => self.turned?.to.event(),
            _ => None,
        }
    }

    /// Whether the event's data has these members, and this one as what began the run had it.
    fn has(
        &self,
        members: &BTreeMap<String, Value>,
        same: Option<&str>,
        run: Option<&Run>,
    ) -> bool {
        let data = match self.fact.map(|fact| &fact.what) {
            Some(Happening::Event { data, .. }) => Cow::Borrowed(data),
            Some(Happening::Purchase(order)) => Cow::Owned(json!(order)),
            _ => return false,
        };
        let member = |key: &str| data.get(key);
        // The order that began a run is its `order` when it was bought, else the data of an event.
        let began = |key: &str| {
            let brought = &run?.data;
            brought
                .get("event")
                .and_then(|event| event.get("data"))
                .or(brought.get("order"))?
                .get(key)
        };
        members.iter().all(|(key, wanted)| member(key).is_some_and(|value| equal(value, wanted)))
            && same.is_none_or(|key| member(key).is_some() && member(key) == began(key))
    }

    /// The order that was bought by this.
    fn order(&self) -> Option<&Order> {
        match &self.fact?.what {
            Happening::Purchase(order) if self.turned?.to == OrderStatus::Paid => Some(order),
            _ => None,
        }
    }

    /// When it happened; `None` for what follows from a step.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        self.turned.map(|turned| turned.at).or(self.fact.map(|fact| fact.at))
    }

    /// What this gives to the templates of the run that it starts.
    pub(crate) fn data(&self, known: &Known) -> Value {
        match (self.fact, self.event()) {
            (Some(Fact { what: Happening::Purchase(order), .. }), Some(name)) => {
                json!({ "event": { "name": name, "data": order_that_fits(order) } })
            }
            (Some(fact), _) => fact_data(fact, known),
            (None, _) => Value::Null,
        }
    }

    /// The keys of the catalogue ([`Trigger::key`]) that this may match.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.followed.iter().map(Consequence::key).collect();
        match self.fact.map(|fact| &fact.what) {
            Some(Happening::Signup { form: Some(form) }) => {
                keys.push(format!("form:{form}"));
                let answers = self.fact.iter().flat_map(|fact| fact.details.fields.keys());
                keys.extend(answers.map(|question| format!("answered:{question}")));
            }
            Some(Happening::Event { .. } | Happening::Purchase(_)) => {
                keys.extend(self.order().map(|_| "purchased".to_owned()));
                keys.extend(self.event().map(|name| format!("event:{name}")));
            }
            Some(Happening::Answered { question, .. }) => keys.push(format!("answered:{question}")),
            Some(Happening::Opened { flow, .. }) => {
                keys.extend(["opened".to_owned(), format!("opened:{flow}")]);
            }
            Some(Happening::Clicked { link, .. }) => keys.push(format!("clicked:{link}")),
            Some(Happening::Due { trigger }) => keys.push(format!("due:{trigger}")),
            Some(Happening::Referred(did)) => keys.push(Trigger::Referred(*did).key()),
            Some(Happening::Signup { form: None } | Happening::Imported { .. }) | None => {}
        }
        keys
    }
}

/// Whether a fact is what `trigger` names.
fn is_fact(trigger: &Trigger, fact: &Fact, matching: Matching<'_>) -> bool {
    let contact = matching.contact;
    match (trigger, &fact.what) {
        (Trigger::Form(form), Happening::Signup { form: Some(filled) }) => form == filled,
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
        // A form asks questions too.
        (Trigger::Answered { question, test }, Happening::Signup { form: Some(_) }) => {
            let answer = fact.details.fields.get(question);
            answer.is_some() && test.as_ref().is_none_or(|test| test.holds(answer))
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
fn fact_data(fact: &Fact, known: &Known) -> Value {
    match &fact.what {
        Happening::Signup { form } => json!({ "form": form }),
        Happening::Imported { .. } => json!({ "imported": true }),
        Happening::Purchase(order) => {
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
            let mut order = order_that_fits(order);
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

fn order_that_fits(order: &Order) -> Value {
    let mut order = order.clone();
    while json!(order).to_string().len() > DATA_BYTES_MAX && !order.items.is_empty() {
        order.items.truncate(order.items.len() / 2);
    }
    json!(order)
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
