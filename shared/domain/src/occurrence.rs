//! What happened, as triggers and exit rules see it, and what a run keeps of it.

use serde_json::{Value, json};

use crate::{
    fact::{Fact, Happening},
    flow::{Trigger, catalogue_key},
};

/// What happened, as triggers and exit rules see it.
pub(crate) struct Occurrence<'a> {
    pub(crate) fact: Option<&'a Fact>,
    pub(crate) joined: &'a [String],
}

impl Occurrence<'_> {
    pub(crate) fn matched<'t>(&self, triggers: &'t [Trigger]) -> Option<&'t Trigger> {
        triggers.iter().find(|trigger| match (trigger, self.fact) {
            (Trigger::Joined(list), _) => self.joined.contains(list),
            (_, Some(fact)) => trigger.matches(fact),
            (_, None) => false,
        })
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let lists = self.joined.iter().map(|list| Trigger::Joined(list.clone()));
        let mut keys: Vec<String> = lists.map(|trigger| catalogue_key(&trigger)).collect();
        match self.fact.map(|fact| &fact.what) {
            Some(Happening::Signup { form: Some(form) }) => {
                keys.push(catalogue_key(&Trigger::Form(form.clone())));
            }
            Some(Happening::Purchase(_)) => keys.push("purchased".to_owned()),
            Some(Happening::Event { name, .. }) => {
                keys.push(catalogue_key(&Trigger::Event(name.clone())));
            }
            Some(Happening::Signup { form: None }) | None => {}
        }
        keys
    }
}

/// What a run keeps of its trigger at most, in bytes of JSON.
const DATA_BYTES_MAX: usize = 8 * 1024;

/// What a fact gives to the templates of the run that it starts. Of a large order the first items
/// are kept, of large event data the members that fit.
pub(crate) fn trigger_data(fact: &Fact) -> Value {
    match &fact.what {
        Happening::Signup { form } => json!({ "form": form }),
        Happening::Purchase(order) => {
            let mut order = order.clone();
            while json!(order).to_string().len() > DATA_BYTES_MAX && !order.items.is_empty() {
                order.items.truncate(order.items.len() / 2);
            }
            json!({ "order": order })
        }
        Happening::Event { name, data } => {
            json!({ "event": { "name": name, "data": what_fits(data) } })
        }
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
