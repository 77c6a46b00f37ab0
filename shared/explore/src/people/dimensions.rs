//! The things in which starting contacts differ, with their values; the first is as contacts are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use masa_domain::{
    Action, Anchor, Bought, Condition, FieldTest, Flow, MailStatus, Moment, PurchaseTest, Since,
    Trigger, zone,
};
use masa_language::Library;
use serde_json::Value;

use super::{asked, elapsed};
use crate::{
    act::products,
    clock::later,
    compared::{Compared, leaves},
    setting::{Person, Setting},
    stage::{self, somebody},
    values::{candidates, either_way},
};

const DAY: i64 = 86_400;
/// How many contacts are drawn to find one for each way of the splits.
const DRAWN: u32 = 400;
/// How many different combinations of ways are kept.
const COMBINATIONS: usize = 32;

/// One thing.
pub(crate) struct Dimension {
    /// Its subject, as [`subjects`] names it.
    pub(crate) about: String,
    pub(crate) values: Vec<Setting>,
    pub(crate) needs: Needs,
}

/// What an entry must be for the thing to matter.
pub(crate) enum Needs {
    Nothing,
    Event,
    Order,
}

/// How long a step waits at most, in seconds.
pub(super) fn lasts(action: &Action) -> i64 {
    match action {
        Action::Wait(span) | Action::Quiet { span, .. } | Action::Await { span, .. } => {
            i64::from(span.as_seconds())
        }
        _ => 0,
    }
}

/// What a condition asks about, in the words of [`Dimension::about`].
pub(super) fn subjects(condition: &Condition, subjects: &mut BTreeSet<String>) {
    match condition {
        Condition::Email { flow: Some(flow), step, .. } => {
            subjects.insert(format!("mail {flow}/{step}"));
        }
        Condition::Email { flow: None, .. } => {}
        Condition::Form { name, .. } => {
            subjects.insert(format!("seen form:{name}"));
        }
        Condition::Event { name, .. } => {
            subjects.insert(format!("seen event:{name}"));
        }
        Condition::Purchased(test) => {
            subjects.insert(bought(test));
        }
        Condition::Field { name, .. } | Condition::DaysTo { field: name, .. } => {
            subjects.insert(format!("field {name}"));
        }
        Condition::List(list) => {
            subjects.insert(format!("list {list}"));
        }
        Condition::Consent(channel) => {
            subjects.insert(format!("consent {}", channel.as_str()));
        }
        Condition::Weekday(_) | Condition::Hour(_) => {
            subjects.insert("start".to_owned());
        }
        Condition::All(all) | Condition::Any(all) => {
            all.iter().for_each(|one| self::subjects(one, subjects));
        }
        Condition::Not(one) => self::subjects(one, subjects),
    }
}

fn bought(test: &PurchaseTest) -> String {
    format!("bought {:?} {:?}", test.what, test.category)
}

/// All things that this journey's conditions, dates and splits ask about.
pub(super) fn of(library: &Library, flow: &Flow, start: Timestamp) -> Vec<Dimension> {
    let mut found = Finder { library, start, values: BTreeMap::new() };
    for (condition, elapsed) in asked(flow) {
        found.condition(condition, elapsed);
    }
    found.dates(flow);
    found.counts(flow);
    found.starts(flow);
    found.products(flow);
    found.ways(flow);
    found.alike(flow);
    let needs = |about: &str| match about.strip_prefix("field ") {
        Some(field) if field.starts_with("event.") => Needs::Event,
        Some(field) if field.starts_with("order.") => Needs::Order,
        _ if about == "product" => Needs::Order,
        _ => Needs::Nothing,
    };
    let values = found.values.into_iter().filter(|(_, values)| values.len() > 1);
    values.map(|(about, values)| Dimension { needs: needs(&about), about, values }).collect()
}

struct Finder<'a> {
    library: &'a Library,
    start: Timestamp,
    values: BTreeMap<String, Vec<Setting>>,
}

impl Finder<'_> {
    fn add(&mut self, about: &str, value: Setting) {
        let values = self.values.entry(about.to_owned()).or_insert_with(|| vec![Setting::Plain]);
        if !values.contains(&value) {
            values.push(value);
        }
    }

    /// A field's value, or that of a member of what began the run; missing it is as contacts are.
    fn field(&mut self, name: &str, value: Option<Value>) {
        // The order's end is the product's, and what a provider answers is no contact's.
        if name == "order.runs_out" || name.starts_with("call.") {
            return;
        }
        let about = format!("field {name}");
        let setting = match name.contains('.') {
            true => Setting::Member(name.to_owned(), value),
            false => Setting::Field(name.to_owned(), value),
        };
        let given = ["email", "phone", "first_name", "order.total", "order.currency"];
        let missing = matches!(setting, Setting::Field(_, None) | Setting::Member(_, None));
        if !missing || given.contains(&name) {
            self.add(&about, setting);
        }
    }

    fn test(&mut self, name: &str, test: &FieldTest) {
        candidates(test).into_iter().for_each(|value| self.field(name, value));
    }

    fn condition(&mut self, condition: &Condition, elapsed: i64) {
        match condition {
            Condition::Form { name, since } => self.seen(&format!("form:{name}"), *since, 1),
            Condition::Event { name, since, times } => {
                self.seen(&format!("event:{name}"), *since, *times);
            }
            Condition::Purchased(test) => self.bought(test),
            Condition::Field { name, test } => self.test(name, test),
            Condition::List(list) => {
                self.add(&format!("list {list}"), Setting::List(list.clone()));
            }
            Condition::Consent(channel) => {
                let about = format!("consent {}", channel.as_str());
                self.add(&about, Setting::NoConsent(*channel));
            }
            Condition::DaysTo { field, test } => {
                let (pass, fail) = either_way(test);
                for days in [pass, fail].into_iter().flatten() {
                    let days = days.as_i64().unwrap_or(0).saturating_mul(DAY);
                    self.date(field, elapsed.saturating_add(days));
                }
            }
            Condition::All(all) | Condition::Any(all) => {
                all.iter().for_each(|one| self.condition(one, elapsed));
            }
            Condition::Not(one) => self.condition(one, elapsed),
            Condition::Email { step, was, link, flow: Some(flow) } => {
                self.mail(flow, step, *was, link.as_ref());
            }
            Condition::Email { flow: None, .. } | Condition::Weekday(_) | Condition::Hour(_) => {}
        }
    }

    fn seen(&mut self, key: &str, since: Since, times: u32) {
        let about = format!("seen {key}");
        let mut add = |ago| {
            let key = key.to_owned();
            self.add(&about, Setting::Seen { key, times, ago });
        };
        match since {
            Since::Ever => add(DAY),
            Since::Within(span) => {
                let span = i64::from(span.as_seconds());
                add(1);
                add(span.saturating_add(DAY));
            }
            // What was before the entry does not count.
            Since::Entry => {}
        }
    }

    fn bought(&mut self, test: &PurchaseTest) {
        let wanted = Bought { category: test.category.clone(), ..test.what.clone().into() };
        let product = products(self.library, &wanted).into_iter().next();
        let product = product.unwrap_or_else(|| "something".to_owned());
        let total = test.total.as_ref().and_then(serde_json::Number::as_f64);
        let paid = total.map_or(100, |total| total.ceil() as i64).saturating_mul(100);
        let mut add = |times, ago| {
            let product = product.clone();
            self.add(&bought(test), Setting::Bought { product, times, paid, ago });
        };
        match test.since {
            Since::Ever => add(test.times, 30 * DAY),
            Since::Within(span) => {
                let span = i64::from(span.as_seconds());
                add(test.times, 1);
                add(test.times, span.saturating_add(DAY));
            }
            Since::Entry => {}
        }
    }

    fn mail(&mut self, flow: &str, step: &str, was: MailStatus, link: Option<&String>) {
        let about = format!("mail {flow}/{step}");
        let mail = |opened, link, bounced| {
            let (flow, step) = (flow.to_owned(), step.to_owned());
            Setting::Mail { flow, step, opened, link, bounced }
        };
        self.add(&about, mail(false, None, false));
        match was {
            MailStatus::Sent | MailStatus::Delivered => {}
            MailStatus::Bounced => self.add(&about, mail(false, None, true)),
            MailStatus::Opened => self.add(&about, mail(true, None, false)),
            MailStatus::Clicked => {
                let link = link.cloned().unwrap_or_else(|| "a-link".to_owned());
                self.add(&about, mail(true, Some(link), false));
            }
        }
    }

    /// A field that holds the day so many seconds after the entry.
    fn date(&mut self, field: &str, after: i64) {
        if field != "order.runs_out" {
            self.add(&format!("field {field}"), Setting::Day(field.to_owned(), after));
        }
    }

    /// Dates that waits stand by: still to come, and passed when the contact comes to the wait.
    fn dates(&mut self, flow: &Flow) {
        for (id, elapsed) in elapsed(flow) {
            let Some(Action::Until { moment: Moment::Date { anchor, offset, .. }, .. }) =
                flow.steps.get(id).map(|step| &step.action)
            else {
                continue;
            };
            if let Anchor::Field(field) = anchor {
                let offset = i64::from(offset.days) * DAY + i64::from(offset.seconds);
                let there = elapsed.saturating_sub(offset);
                self.date(field, there.saturating_add(2 * DAY));
                self.date(field, there.saturating_sub(2 * DAY));
            }
        }
    }

    /// Fields that are counted before they are asked: one step earlier.
    fn counts(&mut self, flow: &Flow) {
        for step in flow.steps.values() {
            let Action::Count { field, by } = &step.action else { continue };
            let known = self.values.get(&format!("field {field}")).cloned().unwrap_or_default();
            for value in known {
                if let Setting::Field(_, Some(Value::Number(number))) = value {
                    self.field(field, Some(crate::values::moved(&number, by.saturating_neg())));
                }
            }
        }
    }

    /// When the contact enters: one time for each set of answers to what is asked of the clock.
    fn starts(&mut self, flow: &Flow) {
        let mut asked_of_clock = Vec::new();
        let mut minutes = BTreeSet::new();
        for (condition, elapsed) in asked(flow) {
            leaves(condition, &mut |leaf| match leaf {
                Condition::Hour(hours) => {
                    minutes.extend([hours.from.minutes(), hours.until.minutes()]);
                    asked_of_clock.push((leaf.clone(), elapsed));
                }
                Condition::Weekday(_) => asked_of_clock.push((leaf.clone(), elapsed)),
                _ => {}
            });
        }
        let here = zone(&self.library.setup.shop.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        let midnight = here.to_datetime(self.start).date().to_zoned(here);
        let midnight = midnight.map_or(self.start, |midnight| midnight.timestamp());
        let mut starts = vec![self.start];
        for day in 0..7 {
            starts.push(later(self.start, day * DAY));
            for minute in &minutes {
                starts.push(later(midnight, day * DAY + i64::from(*minute) * 60));
            }
        }
        let mut seen = BTreeSet::new();
        for start in starts {
            if start < self.start {
                continue;
            }
            let contact = Person::plain(start).contact;
            let answers = asked_of_clock.iter().map(|(condition, elapsed)| {
                let at = later(start, *elapsed);
                stage::holds(self.library, condition, &contact, &[], None, at)
            });
            if seen.insert(answers.collect::<Vec<bool>>()) && start != self.start {
                self.add("start", Setting::Start(start));
            }
        }
    }

    /// Products that last for different times, where the journey asks when an order is used up.
    fn products(&mut self, flow: &Flow) {
        let asks = flow.steps.values().any(|step| match &step.action {
            Action::Until { moment: Moment::Date { anchor: Anchor::Field(field), .. }, .. } => {
                field == "order.runs_out"
            }
            _ => false,
        });
        let mut known = BTreeSet::new();
        for trigger in flow.triggers.iter().filter(|_| asks) {
            let Trigger::Purchased(bought) = trigger else { continue };
            for product in products(self.library, bought) {
                let lasts = self.library.setup.products.get(&product).and_then(|facts| facts.lasts);
                if known.insert(lasts) {
                    self.add("product", Setting::Product(product));
                }
            }
        }
    }

    /// Leaves out values of fields and members that answer all tests as another one does.
    fn alike(&mut self, flow: &Flow) {
        let compared = Compared::new(self.library, flow);
        let plain = Person::plain(self.start).contact;
        // What an event or an order brings without being told to is the trigger's.
        let brought = |name: &str| {
            let key = name.strip_prefix("event.");
            name.starts_with("order.")
                || flow.triggers.iter().any(|trigger| match (trigger, key) {
                    (Trigger::Event { matching, .. }, Some(key)) => matching.contains_key(key),
                    _ => false,
                })
        };
        for (about, values) in &mut self.values {
            let Some(name) = about.strip_prefix("field ") else { continue };
            let mut known = BTreeSet::new();
            if !brought(name) {
                known.extend(compared.kind(name, plain.field(name).as_ref()));
            }
            values.retain(|value| match value {
                Setting::Field(_, value) | Setting::Member(_, value) => {
                    compared.kind(name, value.as_ref()).is_none_or(|kind| known.insert(kind))
                }
                _ => true,
            });
        }
    }

    /// Contacts for all ways of the splits.
    fn ways(&mut self, flow: &Flow) {
        let splits = flow.steps.iter();
        let splits = splits.filter(|(_, step)| matches!(step.action, Action::Split { .. }));
        let splits: Vec<&String> = splits.map(|(id, _)| id).collect();
        if splits.is_empty() {
            return;
        }
        let (mut combinations, mut ways) = (BTreeSet::new(), BTreeSet::new());
        for number in 1..=DRAWN {
            let id = somebody(number);
            let goes = splits.iter().filter_map(|step| {
                Some(format!("{} at {step}", stage::way(self.library, flow, step, id)?))
            });
            let goes: Vec<String> = goes.collect();
            let new = goes.iter().filter(|way| ways.insert((*way).clone())).count() > 0;
            let room = combinations.len() < COMBINATIONS;
            if (room || new) && combinations.insert(goes.clone()) {
                self.add("ways", Setting::Goes(id, goes.join(" and ")));
            }
        }
        // Nobody goes no way: the first one found is like any other.
        if let Some(values) = self.values.get_mut("ways") {
            values.retain(|value| *value != Setting::Plain);
        }
    }
}
