//! What the rest of a journey may ask about, from each of its steps on: only that tells two points
//! apart, and only that needs to happen.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{
    Action, Anchor, Bought, Condition, Flow, MailStatus, Moment, Product, PurchaseTest, Since,
    Trigger, Windows,
};

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Asks {
    /// Fields of the contact, and members of what began the run (`order.total`).
    pub(crate) fields: BTreeSet<String>,
    pub(crate) lists: BTreeSet<String>,
    /// Keys of [`masa_domain::Contact::seen`], and up to how often.
    pub(crate) seen: BTreeMap<String, u32>,
    /// Whether it matters how many hours ago something was.
    pub(crate) ages: bool,
    /// Whether it matters to the second.
    pub(crate) seconds: bool,
    /// Up to how many orders are asked about; none when nothing is.
    pub(crate) purchases: Option<u32>,
    /// Up to what sum, in hundredths.
    pub(crate) paid: Option<i64>,
    /// Whether the number of the next order matters.
    pub(crate) orders: bool,
    /// Steps whose messages are asked about.
    pub(crate) mails: BTreeSet<String>,
    /// Steps of which it matters whether they were read.
    pub(crate) opened: BTreeSet<String>,
    /// Steps and links of which it matters whether they were followed; `None` is any.
    pub(crate) clicked: BTreeMap<String, BTreeSet<Option<String>>>,
    /// Whether other journeys' mails are asked about.
    pub(crate) others: bool,
    /// Whether reading any mail matters.
    pub(crate) reads: bool,
    /// Links that matter in any mail.
    pub(crate) links: BTreeSet<String>,
    /// Whether the date or the time of day matters.
    pub(crate) calendar: bool,
    /// Whether what began the run matters.
    pub(crate) data: bool,
    pub(crate) split: bool,
    pub(crate) consent: bool,
    /// Whether it matters since when a message is held.
    pub(crate) deadline: bool,
    /// Happenings that conditions ask about, by their words.
    pub(crate) happenings: BTreeMap<String, Trigger>,
}

impl Asks {
    /// What each step and all that may follow it ask.
    pub(crate) fn by_step(flow: &Flow) -> BTreeMap<String, Asks> {
        let own = flow.steps.iter().map(|(id, step)| {
            let mut asks = Asks::default();
            asks.action(&step.action, flow);
            (id.clone(), asks)
        });
        let mut all: BTreeMap<String, Asks> = own.collect();
        // Backwards in the order of the ways, until nothing is added: circles need another round.
        let order = backwards(flow);
        loop {
            let mut changed = false;
            for id in &order {
                let Some(step) = flow.steps.get(id) else { continue };
                for (_, next) in flow.ways(step) {
                    let Some(more) = next.and_then(|next| all.get(next)).cloned() else { continue };
                    if let Some(asks) = all.get_mut(id) {
                        changed |= asks.add(more);
                    }
                }
            }
            if !changed {
                return all;
            }
        }
    }

    /// What the exits and the goal ask, wherever the run stands.
    pub(crate) fn always(flow: &Flow) -> Asks {
        let mut asks = Asks::default();
        let goals = flow.goal.iter().flat_map(|goal| &goal.reached_by);
        flow.exits.iter().chain(goals).for_each(|trigger| asks.trigger(trigger));
        asks
    }

    /// Adds what another asks; whether that was anything new.
    pub(crate) fn add(&mut self, more: Asks) -> bool {
        let before = self.clone();
        self.fields.extend(more.fields);
        self.lists.extend(more.lists);
        for (key, times) in more.seen {
            self.seen(&key, times);
        }
        self.ages |= more.ages;
        self.seconds |= more.seconds;
        self.purchases = self.purchases.max(more.purchases);
        self.paid = self.paid.max(more.paid);
        self.orders |= more.orders;
        self.mails.extend(more.mails);
        self.opened.extend(more.opened);
        for (step, links) in more.clicked {
            self.clicked.entry(step).or_default().extend(links);
        }
        self.others |= more.others;
        self.reads |= more.reads;
        self.links.extend(more.links);
        self.calendar |= more.calendar;
        self.data |= more.data;
        self.split |= more.split;
        self.consent |= more.consent;
        self.deadline |= more.deadline;
        self.happenings.extend(more.happenings);
        *self != before
    }

    fn seen(&mut self, key: &str, times: u32) {
        let known = self.seen.entry(key.to_owned()).or_default();
        *known = times.max(*known);
    }

    fn bought(&mut self, test: &PurchaseTest) {
        self.purchases = self.purchases.max(Some(test.times));
        let total = test.total.as_ref().and_then(serde_json::Number::as_f64);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a sum of money; a larger one is the largest"
        )]
        let hundredths = total.map(|total| (total * 100.0).ceil() as i64);
        self.paid = self.paid.max(hundredths);
    }

    fn field(&mut self, name: &str) {
        self.data |= name.contains('.');
        self.fields.insert(name.to_owned());
    }

    fn action(&mut self, action: &Action, flow: &Flow) {
        match action {
            Action::Email { .. } | Action::Sms { .. } => {
                self.consent = true;
                self.calendar |= flow.windows != Windows::default();
                self.deadline |= flow.deadline.is_some();
            }
            Action::Call { .. } => self.data = true,
            Action::If { when, .. } => self.condition(when),
            Action::Await { until, .. } => until.iter().for_each(|trigger| self.trigger(trigger)),
            Action::Quiet { event, .. } => {
                self.seen(&format!("event:{event}"), 1);
                self.seconds = true;
                self.happens(Trigger::event(event));
            }
            Action::Until { moment, .. } => {
                self.calendar = true;
                if let Moment::Date { anchor: Anchor::Field(field), .. } = moment {
                    self.field(field);
                }
            }
            Action::Split { .. } => self.split = true,
            // What they leave behind depends on what was there.
            Action::Set(fields) => fields.keys().for_each(|field| self.field(field)),
            Action::Count { field, .. } | Action::Append { field, .. } => self.field(field),
            Action::Coupon { field, .. } | Action::Stamp(field) => self.field(field),
            Action::Join(list) | Action::Leave(list) => {
                self.lists.insert(list.clone());
            }
            _ => {}
        }
    }

    fn happens(&mut self, trigger: Trigger) {
        self.happenings.insert(trigger.in_words(), trigger);
    }

    fn since(&mut self, since: Since) {
        self.ages |= matches!(since, Since::Within(_));
    }

    pub(crate) fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Email { step, was, link, flow: None } => {
                self.mails.insert(step.clone());
                match was {
                    MailStatus::Opened => {
                        self.opened.insert(step.clone());
                    }
                    MailStatus::Clicked => {
                        self.clicked.entry(step.clone()).or_default().insert(link.clone());
                    }
                    MailStatus::Sent | MailStatus::Delivered | MailStatus::Bounced => {}
                }
            }
            Condition::Form { name, since } => {
                self.since(*since);
                self.seen(&format!("form:{name}"), 1);
                self.happens(Trigger::Form(name.clone()));
            }
            Condition::Purchased(test) => {
                self.bought(test);
                self.since(test.since);
                let bought = Bought { category: test.category.clone(), ..test.what.clone().into() };
                let over = test.total.clone();
                self.happens(Trigger::Purchased(Bought { over, ..bought }));
            }
            Condition::Event { name, since, times } => {
                self.since(*since);
                self.seen(&format!("event:{name}"), *times);
                self.happens(Trigger::event(name));
            }
            Condition::Field { name, .. } => self.field(name),
            Condition::DaysTo { field, .. } => {
                self.calendar = true;
                self.field(field);
            }
            Condition::List(list) => {
                self.lists.insert(list.clone());
                self.happens(Trigger::Joined(list.clone()));
            }
            Condition::Consent(_) => self.consent = true,
            Condition::Weekday(_) | Condition::Hour(_) => self.calendar = true,
            Condition::All(all) | Condition::Any(all) => {
                all.iter().for_each(|one| self.condition(one));
            }
            Condition::Not(one) => self.condition(one),
            // Another journey's mails are as they were at the entry.
            Condition::Email { .. } => self.others = true,
        }
    }

    pub(crate) fn trigger(&mut self, trigger: &Trigger) {
        match trigger {
            Trigger::Joined(list) | Trigger::Left(list) => {
                self.lists.insert(list.clone());
            }
            Trigger::Purchased(bought) => {
                // Its number counts, nothing else that was bought before.
                self.orders |= bought.nth.is_some() || bought.every.is_some();
                self.data |= bought.product == Product::Same;
            }
            Trigger::Event { same, .. } => self.data |= same.is_some(),
            Trigger::Clicked(link) => {
                self.links.insert(link.clone());
            }
            Trigger::Opened { .. } => self.reads = true,
            Trigger::Field { name, .. } => self.field(name),
            Trigger::Answered { question, .. } => {
                // The answer is a field; the happening itself asks for nothing.
                let _ = question;
            }
            Trigger::Date { anchor, .. } => {
                self.calendar = true;
                if let Anchor::Field(field) = anchor {
                    self.field(field);
                }
            }
            Trigger::Silent { .. } => {
                self.ages = true;
                self.purchases = self.purchases.max(Some(1));
                self.reads = true;
                self.seen("event:visit", 1);
                self.seen("opened", 1);
            }
            Trigger::Form(_) | Trigger::Referred(_) | Trigger::Ended(_) => {}
        }
    }
}

/// The steps, those that follow before those that they follow.
fn backwards(flow: &Flow) -> Vec<String> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    let mut stack: Vec<(String, bool)> =
        flow.steps.keys().rev().map(|id| (id.clone(), false)).collect();
    stack.extend(flow.first.iter().map(|id| (id.clone(), false)));
    while let Some((id, done)) = stack.pop() {
        if done {
            order.push(id);
            continue;
        }
        let Some(step) = flow.steps.get(&id).filter(|_| seen.insert(id.clone())) else { continue };
        stack.push((id.clone(), true));
        let next = flow.ways(step).into_iter().filter_map(|(_, next)| next);
        stack.extend(next.map(|next| (next.to_owned(), false)));
    }
    order
}
