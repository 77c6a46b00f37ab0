//! Happenings: what the world has to tell so that a trigger matches.

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{
    Activity, Bought, Contact, ContactDetails, FieldTest, Happening, Item, Order, Product, Seen,
    Trigger,
};
use masa_language::Library;
use serde_json::{Map, Value, json};

use crate::{
    clock::later,
    setting::day,
    stage::{self, HELPER, double_event},
    values::{either_way, other},
};

/// Something that comes from outside.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) words: String,
    pub(crate) what: Happening,
    pub(crate) details: ContactDetails,
    /// The journey that comes to its end by it.
    pub(crate) ends: Option<String>,
    /// The one moment at which it can come.
    pub(crate) at: Option<Timestamp>,
}

/// What is told at an entry beyond what the trigger asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brought {
    /// Members of the event or the order by their paths, such as `order.total`; `None` leaves one out.
    pub(crate) members: BTreeMap<String, Option<Value>>,
    /// The product that is bought.
    pub(crate) product: Option<String>,
}

/// What happenings are made from.
pub(crate) struct Source<'a> {
    pub(crate) library: &'a Library,
    pub(crate) contact: &'a Contact,
    /// What began the run.
    pub(crate) data: &'a Value,
    /// What fields are compared with.
    pub(crate) values: &'a BTreeMap<String, Vec<Option<Value>>>,
    pub(crate) now: Timestamp,
}

fn plain(words: String, what: Happening) -> Act {
    Act { words, what, details: ContactDetails::default(), ends: None, at: None }
}

fn event(name: &str) -> Happening {
    Happening::Event { name: name.to_owned(), data: Value::Null }
}

impl Source<'_> {
    /// What makes this trigger happen, and for a test also what does not pass it. Nothing when it can't
    /// happen now.
    pub(crate) fn acts(&self, trigger: &Trigger, brought: &Brought) -> Vec<Act> {
        let words = trigger.in_words();
        let one = |what| vec![plain(words.clone(), what)];
        match trigger {
            Trigger::Joined(list) => {
                let details =
                    ContactDetails { lists: vec![list.clone()], ..ContactDetails::default() };
                vec![Act { details, ..plain(words, Happening::Signup { form: None }) }]
            }
            Trigger::Left(list) => one(event(&format!("{HELPER}leave:{list}"))),
            Trigger::Form(form) => {
                let lists = self.library.setup.forms.get(form).map(|form| form.lists.clone());
                let lists = lists.unwrap_or_default();
                let details = ContactDetails { lists, ..ContactDetails::default() };
                let form = Some(form.clone());
                vec![Act { details, ..plain(words, Happening::Signup { form }) }]
            }
            Trigger::Purchased(bought) => {
                let mut brought = brought.clone();
                if bought.product == Product::Same {
                    let began = self.data.pointer("/order/items/0/product_id");
                    brought.product = began.and_then(Value::as_str).map(str::to_owned);
                }
                let order = order(self.library, bought, &brought);
                // Each is another one.
                let order_id = self.contact.purchases.orders.saturating_add(1).to_string();
                one(Happening::Purchase(Order { order_id, ..order }))
            }
            Trigger::Event { name, matching, same } => {
                let mut data: Map<String, Value> =
                    matching.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                if let Some(key) = same {
                    let began = self.data.get("event").and_then(|event| event.get("data"));
                    let began = began.and_then(|data| data.get(key)).cloned();
                    data.insert(key.clone(), began.unwrap_or_else(|| json!("the same")));
                }
                one(Happening::Event { name: name.clone(), data: told(data, brought) })
            }
            Trigger::Clicked(link) => one(Happening::Clicked {
                flow: format!("{HELPER}older"),
                step: "mail".to_owned(),
                link: link.clone(),
            }),
            Trigger::Opened { of, .. } => {
                let flow = of.clone().unwrap_or_else(|| format!("{HELPER}older"));
                one(Happening::Opened { flow, step: "mail".to_owned() })
            }
            Trigger::Field { name, test } => self.field(name, test.as_ref()),
            Trigger::Answered { question, test } => {
                let mut answers: Vec<Value> =
                    self.compared(question, test.as_ref()).into_iter().flatten().collect();
                if answers.is_empty() {
                    answers.push(json!(1));
                }
                let act = |answer: Value| {
                    let words = format!("answered: {question} with {answer}");
                    plain(words, Happening::Answered { question: question.clone(), answer })
                };
                answers.into_iter().map(act).collect()
            }
            Trigger::Date { .. } | Trigger::Silent { .. } => {
                let at = self.due(trigger);
                let due = plain(words.clone(), Happening::Due { trigger: words });
                at.map(|at| Act { at: Some(at), ..due }).into_iter().collect()
            }
            Trigger::Referred(did) => one(Happening::Referred(*did)),
            Trigger::Ended(flow) => {
                let ends = Some(flow.clone());
                vec![Act { ends, ..plain(words, event(&double_event(flow))) }]
            }
        }
    }

    /// When a date or silence comes, from now on.
    pub(crate) fn due(&self, trigger: &Trigger) -> Option<Timestamp> {
        match trigger {
            Trigger::Date { anchor, offset, at, .. } => {
                stage::due(self.library, self.contact, anchor, *offset, *at, self.now)
            }
            Trigger::Silent { span, of } => {
                let seen = |key: &str| self.contact.seen.get(key).map(|seen| seen.last_at);
                let (bought, opened, visit) =
                    (self.contact.purchases.last_at, seen("opened"), seen("event:visit"));
                let last = match of {
                    Activity::Any => bought.max(opened).max(visit),
                    Activity::Purchase => bought,
                    Activity::Open => opened,
                    Activity::Visit => visit,
                };
                Some(span.after(last.unwrap_or(self.contact.created_at)).max(self.now))
            }
            _ => None,
        }
    }

    /// What a field is compared with in the journey, or by this test alone; `None` is no value.
    fn compared(&self, name: &str, test: Option<&FieldTest>) -> Vec<Option<Value>> {
        if let Some(values) = self.values.get(name) {
            return values.clone();
        }
        let (pass, fail) = test.map(either_way).unzip();
        pass.into_iter().chain(fail).collect()
    }

    /// A field that changes: with a test, to a value that passes and to one that doesn't.
    fn field(&self, name: &str, test: Option<&FieldTest>) -> Vec<Act> {
        let before = self.contact.field(name);
        let mut values = self.compared(name, test);
        if test.is_none() {
            values.push(Some(match &before {
                // A date stays a date.
                Some(Value::String(text)) if text.parse::<jiff::civil::Date>().is_ok() => {
                    day(later(self.now, 60 * 86_400))
                }
                Some(value) => other(value),
                None => json!("something"),
            }));
        }
        let values = values.into_iter().filter(|value| *value != before);
        let act = |value: Option<Value>| {
            let value = value.unwrap_or(Value::Null);
            let mut details = ContactDetails::default();
            let words = format!("field: {name} becomes {value}");
            tell(&mut details, name, value);
            Act { details, ..plain(words, event(&format!("{HELPER}told"))) }
        };
        values.map(act).collect()
    }

    /// Makes a contact one for whom the trigger can happen next, and says when that is.
    pub(crate) fn prepare(
        library: &Library,
        contact: &mut Contact,
        trigger: &Trigger,
        now: Timestamp,
    ) -> Timestamp {
        let before = later(now, -86_400);
        match trigger {
            Trigger::Joined(list) => {
                contact.lists.remove(list);
            }
            Trigger::Left(list) => {
                contact.lists.insert(list.clone(), before);
            }
            Trigger::Purchased(bought) => {
                let orders =
                    bought.nth.or(bought.every).map_or(0, |number| number.saturating_sub(1));
                contact.purchases.orders = contact.purchases.orders.max(orders);
            }
            Trigger::Opened { of, times, since_purchase } => {
                let mut seen = |key: &str| {
                    let times = times.saturating_sub(1);
                    let seen = Seen { times, last_at: before };
                    if times > 0 {
                        contact.seen.insert(key.to_owned(), seen);
                    }
                };
                match (of, since_purchase) {
                    (Some(of), _) => seen(&format!("opened:{of}")),
                    (None, true) => seen("opened-since-purchase"),
                    (None, false) => seen("opened"),
                }
            }
            Trigger::Field { name, test: Some(test) } => {
                let (_, fail) = either_way(test);
                set_field(contact, name, fail);
            }
            Trigger::Date { anchor, .. } => {
                let mut from = now;
                if let masa_domain::Anchor::Field(name) = anchor
                    && contact.field(name).is_none()
                {
                    // So that its day, with the trigger's offset, is today.
                    let offset = match trigger {
                        Trigger::Date { offset, .. } => i64::from(offset.days) * 86_400,
                        _ => 0,
                    };
                    set_field(contact, name, Some(day(later(now, -offset))));
                    from = later(now, -86_400);
                }
                if matches!(anchor, masa_domain::Anchor::Day(_)) {
                    // It comes once, whenever that is.
                    from = Timestamp::UNIX_EPOCH;
                }
                let (data, values) = (&Value::Null, &BTreeMap::new());
                let source = Source { library, contact, data, values, now: from };
                return source.due(trigger).unwrap_or(now);
            }
            Trigger::Silent { span, .. } => {
                contact.created_at =
                    later(now, -i64::from(span.as_seconds())).min(contact.created_at);
            }
            _ => {}
        }
        now
    }
}

/// Sets a field or profile entry of a contact; `None` clears it.
pub(crate) fn set_field(contact: &mut Contact, name: &str, value: Option<Value>) {
    let text = value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let profile = &mut contact.profile;
    match name {
        "email" => profile.email = text,
        "phone" => profile.phone = text,
        "first_name" => profile.first_name = text,
        "last_name" => profile.last_name = text,
        "language" => profile.language = text,
        "timezone" => profile.timezone = text,
        "country" => profile.country = text,
        _ => match value {
            Some(value) => {
                contact.fields.insert(name.to_owned(), value);
            }
            None => {
                contact.fields.remove(name);
            }
        },
    }
}

/// Tells of a field or profile entry.
fn tell(details: &mut ContactDetails, name: &str, value: Value) {
    let text = value.as_str().map(str::to_owned);
    match name {
        "first_name" => details.first_name = text,
        "last_name" => details.last_name = text,
        "language" => details.language = text,
        "timezone" => details.timezone = text,
        "country" => details.country = text,
        _ => {
            details.fields.insert(name.to_owned(), value);
        }
    }
}

/// An event's data with what else was brought.
fn told(mut data: Map<String, Value>, brought: &Brought) -> Value {
    for (path, value) in &brought.members {
        let Some(member) = path.strip_prefix("event.") else { continue };
        match value {
            Some(value) => data.insert(member.to_owned(), value.clone()),
            None => data.remove(member),
        };
    }
    if data.is_empty() { Value::Null } else { Value::Object(data) }
}

/// The products that a purchase may be of.
pub(crate) fn products(library: &Library, bought: &Bought) -> Vec<String> {
    match (&bought.product, &bought.category) {
        (Product::One(product), _) => vec![product.clone()],
        (Product::Any | Product::Same, Some(category)) => {
            let own = library.setup.products.iter();
            let own = own.filter(|(_, facts)| facts.category.as_ref() == Some(category));
            own.map(|(id, _)| id.clone()).collect()
        }
        (Product::Any | Product::Same, None) => library.setup.products.keys().cloned().collect(),
    }
}

/// An order that a trigger names.
pub(crate) fn order(library: &Library, bought: &Bought, brought: &Brought) -> Order {
    let product = brought.product.clone();
    let product = product.or_else(|| products(library, bought).into_iter().next());
    let member = |name: &str| brought.members.get(&format!("order.{name}"));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let total = match (&bought.over, member("total")) {
        (_, Some(told)) => told.as_ref().map(text),
        (Some(over), None) => Some(text(&crate::values::moved(over, 1))),
        (None, None) => Some("100".to_owned()),
    };
    Order {
        currency: Some("ILS".to_owned()),
        total,
        items: vec![Item {
            product_id: product.unwrap_or_else(|| "something".to_owned()),
            name: None,
            quantity: 1,
            price: None,
        }],
        coupon: member("coupon").and_then(Option::as_ref).map(text),
        ..Order::default()
    }
}
