//! Decisions whose price is measured: by the benchmark (`benches/decide.rs`), and by the test that it
//! stays flat (`flat.rs`).

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::date};
use masa_domain::{
    Action, Again, Anchor, Catalogue, Condition, Contact, ContactDetails, ContactId, Decision,
    Effect, Fact, FactId, Flow, Happening, Id, Item, Known, LiveFlow, MailStatus, Medium, Message,
    Offset, Order, Product, PurchaseTest, RunId, Since, Span, Status, Step, Stimulus, Trigger,
    Verdict, decide,
};
use serde_json::{Value, json};

/// A decision that can be made again and again.
pub(crate) struct Load {
    /// What it is.
    pub(crate) name: &'static str,
    contact: Contact,
    stimulus: Stimulus,
    known: Known,
    now: Timestamp,
}

impl Load {
    /// Decides.
    pub(crate) fn decide(&self) -> Decision {
        decided(&self.contact, &self.stimulus, &self.known, self.now)
    }
}

fn decided(contact: &Contact, stimulus: &Stimulus, known: &Known, now: Timestamp) -> Decision {
    let Ok(decision) = decide(contact, stimulus, known, now) else {
        unreachable!("all that is needed is known")
    };
    decision
}

/// A contact with a past, and what is live around it.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) contact: Contact,
    known: Known,
    now: Timestamp,
    told: u32,
    random: u64,
}

impl Life {
    /// A new contact of a shop with so many live flows, of which one is of interest. Each of the others
    /// waits for a list, an event, and the date in a field of its own, and was for a day that is over.
    pub(crate) fn new(flows: u32) -> Self {
        let now = Timestamp::constant(1_800_000_000, 0);
        let mut catalogue = Catalogue::default();
        let mut known = Known::default();
        let others = (1..flows).map(other);
        for flow in others.chain([welcome()]) {
            let live = LiveFlow::new(&flow, 1, String::new());
            catalogue.flows.insert(flow.name.clone(), live);
            // As in the engine: only what a decision asks for is read.
            if flow.name == "welcome" {
                known.flows.insert((flow.name.clone(), 1), Some(Arc::new(flow)));
            }
        }
        known.catalogue = Arc::new(catalogue);
        let contact = Contact::new(ContactId(Id::derive(&["load"])), now);
        Self { contact, known, now, told: 0, random: 0x5EED }
    }

    /// A flow of a few steps joins the live ones, so that the past has runs that came to an end.
    pub(crate) fn with_tours(mut self) -> Self {
        let steps = [("count", Action::Count { field: "tours".to_owned(), by: 1 })];
        let mut tour = line("tour", &[Trigger::event("tour")], &steps);
        tour.again = Again::Always;
        let live = LiveFlow::new(&tour, 1, String::new());
        Arc::make_mut(&mut self.known.catalogue).flows.insert("tour".to_owned(), live);
        self.known.flows.insert(("tour".to_owned(), 1), Some(Arc::new(tour)));
        self
    }

    /// A fact more in the contact's past, a minute after the last one: an event, an order, a form or
    /// a tour, of more kinds than are remembered.
    pub(crate) fn happens(&mut self) {
        self.now += SignedDuration::from_secs(60);
        let what = match self.draw(8) {
            0..4 => event(&format!("event-{:03}", self.draw(400))),
            4 => event("tour"),
            5 => Happening::Signup { form: Some(format!("form-{:02}", self.draw(20))) },
            _ => {
                let products: Vec<u32> = (0..4).map(|_| self.draw(400)).collect();
                purchase(&products)
            }
        };
        let mut details = ContactDetails::default();
        if matches!(what, Happening::Signup { .. }) {
            details.lists.push(format!("list-{:02}", self.draw(20)));
            details.fields.insert(format!("field-{:02}", self.draw(20)), json!(self.draw(10)));
        }
        let stimulus = self.fact(what, details);
        self.apply(&stimulus);
    }

    /// How much of the past is remembered, by what it is.
    pub(crate) fn remembered(&self) -> [(&'static str, usize); 7] {
        let contact = &self.contact;
        [
            ("facts against repetition", contact.applied.len()),
            ("kinds of happenings", contact.seen.len()),
            ("products", contact.purchases.products.len()),
            ("orders", contact.purchases.recent.len()),
            ("ended runs", contact.runs.len()),
            ("lists", contact.lists.len()),
            ("fields", contact.fields.len()),
        ]
    }

    /// The three decisions of this contact that are measured.
    pub(crate) fn loads(&self) -> [Load; 3] {
        let mut outside = self.clone();
        let newsletter =
            ContactDetails { lists: vec!["newsletter".to_owned()], ..ContactDetails::default() };
        let signup = outside.fact(Happening::Signup { form: None }, newsletter);
        let mut inside = outside.clone();
        let entered = inside.apply(&signup);
        let [Effect::Send { message: id, .. }] = &entered.effects[..] else {
            unreachable!("a signup leads to a mail: {entered:?}")
        };
        let mail = mail(inside.contact.id, *id, inside.now);
        inside.known.messages.insert(id.run, vec![mail.clone()]);
        let rests = inside.apply(&Stimulus::Message(Box::new(mail)));
        let [Effect::Arm { run, generation, until }] = rests.effects[..] else {
            unreachable!("behind the mail is a wait: {rests:?}")
        };
        let mut bought = inside.clone();
        let order = bought.fact(purchase(&[1]), ContactDetails::default());
        [
            outside.load("a signup that enters a flow", signup),
            Life { now: until, ..inside }
                .load("a wake that goes through a condition", wake(run, generation)),
            bought.load("a purchase that ends a run", order),
        ]
    }

    fn load(self, name: &'static str, stimulus: Stimulus) -> Load {
        let Self { contact, known, now, .. } = self;
        Load { name, contact, stimulus, known, now }
    }

    fn fact(&mut self, what: Happening, details: ContactDetails) -> Stimulus {
        self.told += 1;
        Stimulus::Fact(Box::new(Fact {
            id: FactId::new("load", &self.told.to_string()),
            contact: self.contact.id,
            received_at: self.now,
            at: self.now,
            details,
            what,
        }))
    }

    fn apply(&mut self, stimulus: &Stimulus) -> Decision {
        let mut decision = decided(&self.contact, stimulus, &self.known, self.now);
        assert_eq!(decision.verdict, Verdict::Applied, "{stimulus:?}");
        self.contact = decision.contact.take().unwrap_or_else(|| self.contact.clone());
        decision
    }

    /// A number below `below`, from a sequence that is always the same (Knuth's MMIX).
    fn draw(&mut self, below: u32) -> u32 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.random >> 33).unwrap_or_default() % below
    }
}

fn wake(run: RunId, generation: u32) -> Stimulus {
    Stimulus::Wake { run, generation }
}

fn event(name: &str) -> Happening {
    Happening::Event { name: name.to_owned(), data: Value::Null }
}

fn purchase(products: &[u32]) -> Happening {
    let item = |product: &u32| Item {
        product_id: format!("product-{product:03}"),
        name: None,
        quantity: 1,
        price: None,
    };
    Happening::Purchase(Order {
        currency: Some("ILS".to_owned()),
        total: Some("120.00".to_owned()),
        items: products.iter().map(item).collect(),
        ..Order::default()
    })
}

/// J1 in short: a mail, a wait, a question, a mail; a purchase ends it.
fn welcome() -> Flow {
    let mail =
        |step: &str, was| Condition::Email { step: step.to_owned(), was, link: None, flow: None };
    let bought = Condition::Purchased(PurchaseTest::once(Product::Any, Since::Entry));
    let visited = Condition::Event { name: "visit".to_owned(), since: Since::Entry, times: 1 };
    let when = Condition::All(vec![
        mail("hello", MailStatus::Sent),
        Condition::Not(Box::new(mail("hello", MailStatus::Clicked))),
        Condition::Not(Box::new(Condition::Any(vec![bought, visited]))),
    ]);
    let then = Some("story".to_owned());
    let steps = [
        ("hello", email("hello")),
        ("rest", Action::Wait(Span::seconds(2 * 86_400))),
        ("ask", Action::If { when, then, otherwise: None }),
        ("story", email("story")),
    ];
    let mut flow = line("welcome", &[Trigger::Joined("newsletter".to_owned())], &steps);
    flow.exits = vec![Trigger::Purchased(Product::Any.into())];
    flow
}

fn other(number: u32) -> Flow {
    let day = date(2024, 1, 1) + i64::from(number % 1_000).days();
    let triggers = [
        Trigger::Joined(format!("other-{number:04}")),
        Trigger::event(format!("other-{number:04}")),
        dated(Anchor::Field(format!("other-{number:04}"))),
        dated(Anchor::Day(day)),
    ];
    line(&format!("other-{number:04}"), &triggers, &[("hello", email("hello"))])
}

fn dated(anchor: Anchor) -> Trigger {
    Trigger::Date { anchor, yearly: false, offset: Offset::default(), at: None }
}

fn email(template: &str) -> Action {
    Action::Email { template: template.to_owned(), kind: None, subject: BTreeMap::new() }
}

fn line(name: &str, triggers: &[Trigger], steps: &[(&str, Action)]) -> Flow {
    let ids = steps.iter().skip(1).map(|(id, _)| Some((*id).to_owned())).chain([None]);
    let by_id = steps
        .iter()
        .zip(ids)
        .map(|((id, action), next)| ((*id).to_owned(), Step { action: action.clone(), next }));
    Flow {
        name: name.to_owned(),
        triggers: triggers.to_vec(),
        first: steps.first().map(|(id, _)| (*id).to_owned()),
        steps: by_id.collect(),
        ..Flow::default()
    }
}

fn mail(contact: ContactId, id: masa_domain::MessageId, at: Timestamp) -> Message {
    let status = Status::Sent { at, provider_id: "0100".to_owned() };
    let (flow, step) = ("welcome".to_owned(), "hello".to_owned());
    Message { flow, step, ..Message::new(id, contact, Medium::Email, status) }
}
