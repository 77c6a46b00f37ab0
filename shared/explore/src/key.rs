//! What tells two points apart: all that the rest of the journey may ask about, and what came of it so
//! far. Ids, and times that nobody asks about, don't.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
};

use jiff::Timestamp;
use masa_domain::State;
use serde_json::{Value, json};

use crate::{asks::Asks, clock::seconds, world::World};

/// The point in a text; `happenings` are not part of it.
pub(crate) fn key(world: &World, asks: &Asks) -> String {
    let mut key = String::new();
    let mut add = |name: &str, what: &dyn Display| {
        // Writing to a text can't fail.
        let _ = write!(key, "{name}={what};");
    };
    let Some(run) = world.run() else { return key };
    let now = world.now;
    match &run.state {
        State::Sending { step } => add("sends", step),
        State::Waiting { step, until } => {
            add("waits", &format!("{step} {}", seconds(now, *until)));
        }
        State::Ended { end, .. } => add("ended", &json!(end)),
    }
    add("so far", &json!(world.outcome(true)));
    if !run.is_live() {
        return key;
    }
    let contact = &world.contact;
    let age = |at: Timestamp| {
        let before = at <= run.entered_at;
        let ago = match (asks.seconds, asks.ages) {
            (true, _) => seconds(at, now),
            // What comes again a minute later is no other thing.
            (false, true) => seconds(at, now) / 3_600,
            (false, false) => 0,
        };
        format!("{before} {ago}")
    };
    if asks.calendar {
        add("now", &now);
        add("zone", &json!(contact.profile.timezone));
    }
    if asks.deadline {
        add("held", &json!(run.held.map(|held| seconds(held.since, now))));
    }
    for name in &asks.fields {
        let value = match world.masks.contains_key(name) {
            true => world.field(name),
            false => contact.field(name).unwrap_or(Value::Null),
        };
        add(name, &value);
    }
    let lists = asks.lists.iter().filter(|list| contact.lists.contains_key(*list));
    lists.for_each(|list| add("list", list));
    if asks.consent {
        let said: Vec<_> = contact.consent.iter().map(|(to, said)| (to, said.answer)).collect();
        let addresses = (contact.profile.email.is_some(), contact.profile.phone.is_some());
        add("consent", &json!((said, addresses, &world.refused, &world.bounced)));
    }
    for (name, most) in &asks.seen {
        if let Some(seen) = contact.seen.get(name) {
            add(name, &format!("{} {}", seen.times.min(*most), age(seen.last_at)));
        }
    }
    if asks.orders {
        add("orders", &contact.purchases.orders);
    }
    if let Some(most) = asks.purchases {
        purchases(world, asks, most, &age, &mut add);
    }
    mails(world, asks, &mut add);
    if asks.data {
        add("data", &run.data);
    }
    if asks.split {
        add("who", &contact.id);
    }
    let live = contact.runs.values().filter(|other| other.is_live() && other.id != run.id);
    live.for_each(|other| add("beside", &other.flow));
    key
}

/// What was bought, up to how often and for how much is asked: more is no more.
fn purchases(
    world: &World,
    asks: &Asks,
    most: u32,
    age: &impl Fn(Timestamp) -> String,
    add: &mut impl FnMut(&str, &dyn Display),
) {
    let bought = &world.contact.purchases;
    let paid = |paid: i64| asks.paid.map(|most| paid.min(most));
    add("bought", &format!("{} {:?}", bought.orders.min(most), paid(bought.spent)));
    for (product, seen) in &bought.products {
        add("product", &format!("{product} {}", seen.times.min(most)));
    }
    let mut recent: BTreeMap<(String, &[String]), (u32, i64)> = BTreeMap::new();
    for order in &bought.recent {
        let alike = recent.entry((age(order.at), &order.products)).or_default();
        *alike = (alike.0.saturating_add(1), alike.1.saturating_add(order.paid));
    }
    for ((age, products), (times, sum)) in recent {
        add("order", &format!("{age} {products:?} {} {:?}", times.min(most), paid(sum)));
    }
}

/// What became of messages that are asked about.
fn mails(world: &World, asks: &Asks, add: &mut impl FnMut(&str, &dyn Display)) {
    let anywhere = asks.reads || !asks.links.is_empty();
    for message in &world.messages {
        let step = &message.step;
        let asked = match world.run == Some(message.id.run) {
            true => asks.mails.contains(step),
            false if !asks.others => continue,
            false => true,
        };
        if anywhere || asked {
            let (sent, bounced) = (message.was_sent(), message.bounced_at.is_some());
            let links: Vec<&String> = message.links.keys().collect();
            add(
                &format!("{}/{step}", message.flow),
                &format!("{sent} {bounced} {} {links:?}", message.was_opened()),
            );
        }
    }
    if asks.reads {
        let seen = world.contact.seen.iter().filter(|(key, _)| key.starts_with("opened"));
        seen.for_each(|(key, seen)| add(key, &seen.times));
    }
}
