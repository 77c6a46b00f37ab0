//! What starting contacts differ in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{
    Answer, Channel, Consent, Contact, ContactId, End, Flow, Medium, Message, MessageId, Recent,
    Run, RunId, Seen, State, Status, Trigger,
};
use serde_json::{Value, json};

use crate::{
    act::{Brought, Source, set_field},
    clock::{later, length},
    stage::somebody,
};
use masa_language::Library;

/// A contact that is about to enter.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) contact: Contact,
    pub(crate) now: Timestamp,
    pub(crate) messages: Vec<Message>,
    pub(crate) brought: Brought,
    /// What is special about it.
    pub(crate) words: Vec<String>,
}

/// One thing that is so or otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Setting {
    /// As contacts are: a Hebrew reader with both addresses, who agreed to both channels.
    Plain,
    Field(String, Option<Value>),
    /// A field or member holds the day so many seconds after the entry.
    Day(String, i64),
    List(String),
    NoConsent(Channel),
    /// Bought so often, for so much in all (hundredths), so many seconds ago.
    Bought {
        product: String,
        times: u32,
        paid: i64,
        ago: i64,
    },
    /// Did something so often, the last time so many seconds ago.
    Seen {
        key: String,
        times: u32,
        ago: i64,
    },
    /// Another journey's step sent a mail.
    Mail {
        flow: String,
        step: String,
        opened: bool,
        link: Option<String>,
        bounced: bool,
    },
    Start(Timestamp),
    /// Goes these ways at splits.
    Goes(ContactId, String),
    /// What began the run has this member, or lacks it.
    Member(String, Option<Value>),
    Product(String),
}

impl Person {
    /// Somebody like any other.
    pub(crate) fn plain(start: Timestamp) -> Self {
        let before = later(start, -30 * 86_400);
        let mut contact = Contact::new(somebody(0), before);
        contact.profile.email = Some("noa@example.com".to_owned());
        contact.profile.phone = Some("+972505550123".to_owned());
        contact.profile.first_name = Some("Noa".to_owned());
        for channel in Channel::ALL {
            let consent = Consent { answer: Answer::Granted, at: before, text: None, ip: None };
            contact.consent.insert(channel, consent);
        }
        Self {
            contact,
            now: start,
            messages: Vec::new(),
            brought: Brought::default(),
            words: Vec::new(),
        }
    }

    /// The contact of these settings, for whom the trigger can come next.
    pub(crate) fn entering(
        library: &Library,
        trigger: &Trigger,
        start: Timestamp,
        settings: &[&Setting],
    ) -> Self {
        let mut first = Self::of(start, settings, None);
        let entry = Source::prepare(library, &mut first.contact, trigger, first.now);
        if entry == first.now {
            return first;
        }
        // What lies some time back lies so far before the entry.
        let mut person = Self::of(start, settings, Some(entry));
        person.now = Source::prepare(library, &mut person.contact, trigger, entry);
        person
    }

    /// The contact of these settings, who enters at that moment, else when they say.
    fn of(start: Timestamp, settings: &[&Setting], entry: Option<Timestamp>) -> Self {
        let own = settings.iter().find_map(|setting| match setting {
            Setting::Start(at) => Some(*at),
            _ => None,
        });
        let mut person = Self::plain(entry.or(own).unwrap_or(start));
        for setting in settings {
            setting.set(&mut person);
        }
        person
    }

    pub(crate) fn in_words(&self) -> String {
        match self.words.is_empty() {
            true => "a contact like any other".to_owned(),
            false => format!("a contact: {}", self.words.join(", ")),
        }
    }
}

impl Setting {
    fn set(&self, person: &mut Person) {
        let now = person.now;
        let contact = &mut person.contact;
        match self {
            Self::Plain | Self::Start(_) => {}
            Self::Field(name, value) => set_field(contact, name, value.clone()),
            Self::Day(name, after) => {
                let day = day(later(now, *after));
                match name.contains('.') {
                    true => {
                        person.brought.members.insert(name.clone(), Some(day));
                    }
                    false => set_field(contact, name, Some(day)),
                }
            }
            Self::List(list) => {
                contact.lists.insert(list.clone(), later(now, -86_400));
            }
            Self::NoConsent(channel) => {
                contact.consent.remove(channel);
            }
            Self::Bought { product, times, paid, ago } => {
                let at = later(now, -*ago);
                let purchases = &mut contact.purchases;
                purchases.orders = purchases.orders.saturating_add(*times);
                purchases.last_at = purchases.last_at.max(Some(at));
                purchases.spent = purchases.spent.saturating_add(*paid);
                let seen = purchases.products.entry(product.clone());
                let seen = seen.or_insert(Seen { times: 0, last_at: at });
                *seen = Seen { times: seen.times.saturating_add(*times), last_at: at };
                let each = paid.checked_div(i64::from(*times)).unwrap_or(0);
                let products = vec![product.clone()];
                let order = Recent { at, paid: each, products, ..Recent::default() };
                let orders = usize::try_from(*times).unwrap_or(0).min(30);
                purchases.recent.extend(std::iter::repeat_n(order, orders));
                purchases.recent.sort_by_key(|order| order.at);
            }
            Self::Seen { key, times, ago } => {
                let seen = Seen { times: *times, last_at: later(now, -*ago) };
                contact.seen.insert(key.clone(), seen);
            }
            Self::Mail { .. } => self.mail(person),
            Self::Goes(id, _) => contact.id = *id,
            Self::Member(path, value) => {
                person.brought.members.insert(path.clone(), value.clone());
            }
            Self::Product(product) => person.brought.product = Some(product.clone()),
        }
        person.words.extend(self.in_words());
    }

    /// An earlier run of another journey that sent this mail.
    fn mail(&self, person: &mut Person) {
        let Self::Mail { flow, step, opened, link, bounced } = self else { return };
        let at = later(person.now, -86_400);
        let contact = &mut person.contact;
        let id = RunId::new(contact.id, flow, contact.id.0);
        let run = Run {
            id,
            flow: flow.clone(),
            version: 1,
            chain: 0,
            entered_at: at,
            fact: None,
            generation: 2,
            state: State::Ended { end: End::Finished, at },
            data: Value::Null,
            coupons: BTreeMap::new(),
            goal_at: None,
            held: None,
            parked: false,
            awoken_by: None,
            moved: Vec::new(),
            messages: BTreeMap::from([(step.clone(), 1)]),
            story: Vec::new(),
            forgotten: 2,
            overdue_at: at,
            looks: 0,
        };
        contact.runs.insert(id, run);
        let mut message = sent(MessageId { run: id, generation: 1 }, contact.id, Medium::Email, at);
        (message.flow, message.step) = (flow.clone(), step.clone());
        message.opened_at = opened.then_some(at);
        message.clicked_at = link.as_ref().map(|_| at);
        message.links = link.iter().map(|link| (link.clone(), at)).collect();
        message.bounced_at = bounced.then_some(at);
        message.delivered_at = (!bounced).then_some(at);
        person.messages.push(message);
    }

    fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Plain => return None,
            Self::Field(name, Some(value)) => format!("{name} is {value}"),
            Self::Field(name, None) => format!("no {name}"),
            Self::Day(name, after) if *after < 0 => {
                format!("{name} is {} before the entry", length(after.saturating_neg()))
            }
            Self::Day(name, after) => format!("{name} is {} after the entry", length(*after)),
            Self::List(list) => format!("on the list {list}"),
            Self::NoConsent(channel) => format!("no consent to {}", channel.as_str()),
            Self::Bought { product, times, ago, .. } => {
                format!("bought {product} ({times}x, {} ago)", length(*ago))
            }
            Self::Seen { key, times, ago } => format!("{key} ({times}x, {} ago)", length(*ago)),
            Self::Mail { flow, step, opened, link, bounced } => {
                let fate = match (opened, link, bounced) {
                    (_, Some(link), _) => format!("clicked {link}"),
                    (true, _, _) => "opened".to_owned(),
                    (_, _, true) => "bounced".to_owned(),
                    _ => "sent".to_owned(),
                };
                format!("{flow}/{step} was {fate}")
            }
            Self::Start(at) => format!("at {at}"),
            Self::Goes(_, ways) => format!("goes {ways}"),
            Self::Member(path, Some(value)) => format!("{path} is {value}"),
            Self::Member(path, None) => format!("without {path}"),
            Self::Product(product) => format!("buys {product}"),
        })
    }
}

/// A day as fields hold it: that of the clock in UTC.
pub(crate) fn day(at: Timestamp) -> Value {
    json!(at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// A message that was sent.
pub(crate) fn sent(id: MessageId, contact: ContactId, medium: Medium, at: Timestamp) -> Message {
    let status = Status::Sent { at, provider_id: "explored".to_owned() };
    Message::new(id, contact, medium, status)
}

/// Whether a template of a step has a link of this name.
pub(crate) fn has_link(flow: &Flow, step: &str, link: &str) -> bool {
    let Some(masa_domain::Action::Email { template, .. }) =
        flow.steps.get(step).map(|step| &step.action)
    else {
        return false;
    };
    let texts = flow.templates.get(template).into_iter().flat_map(BTreeMap::values);
    let named = [format!("data-link=\"{link}\""), format!("data-link='{link}'")];
    let mut texts = texts.map(|template| &template.html);
    texts.any(|html| named.iter().any(|named| html.contains(named)))
}
