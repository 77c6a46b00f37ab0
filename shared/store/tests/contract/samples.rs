//! Values with something in every corner.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Answer, Channel, Consent, ConsentGiven, Contact, ContactDetails, ContactId, End, Entry, Fact,
    FactId, Flow, FlowLedger, Happening, Held, Id, Item, Medium, Message, MessageId, OnUnknown,
    Order, OrderStatus, Platform, Profile, Recent, Referral, Run, RunId, Seen, State, Status,
    Template, Trigger, What,
};
use serde_json::{Value, json};

/// So many seconds into the tests.
pub(crate) fn time(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T08:00:00.123456Z".parse().unwrap();
    start.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

pub(crate) fn person(name: &str) -> ContactId {
    ContactId(Id::derive(&["person", name]))
}

pub(crate) fn run(name: &str) -> RunId {
    RunId(Id::derive(&["run", name]))
}

/// Each type that JSON has, nested, beyond ASCII, and the numbers at the edges.
pub(crate) fn values() -> BTreeMap<String, Value> {
    let values = [
        ("text", json!("שלום, עולם 🫖")),
        ("empty", json!("")),
        ("quotes", json!("\"'\\\n\t\u{1}{{ x }}")),
        ("yes", json!(true)),
        ("no", json!(false)),
        ("zero", json!(0)),
        ("negative", json!(-7)),
        ("smallest", json!(i64::MIN)),
        ("largest", json!(u64::MAX)),
        ("fraction", json!(0.1)),
        ("precise", json!(1.797_693_134_862_3)),
        ("tiny", json!(1e-100)),
        ("huge", json!(1.5e100)),
        ("list", json!([1, "שתיים", null, [], {}, [[3.5]]])),
        ("object", json!({"a": {"b": {"ג": ["🫖", null, {" ": 1}]}}, "empty": {}})),
        ("רמז", json!("a name beyond ASCII")),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn details() -> ContactDetails {
    let text = |text: &str| Some(text.to_owned());
    ContactDetails {
        also: Vec::new(),
        email: text("dana@example.com"),
        phone: text("+972505550123"),
        first_name: text("דנה 🫖"),
        last_name: text("O'Neil-כהן"),
        language: text("he"),
        timezone: text("Asia/Jerusalem"),
        country: text("IL"),
        lists: vec!["newsletter".to_owned(), "מבצעים".to_owned()],
        fields: values(),
        consent: Some(ConsentGiven {
            email: Some(true),
            sms: Some(false),
            text: text("אני מסכימה"),
            ip: text("2001:db8::1"),
            at: Some(time(-1)),
        }),
    }
}

pub(crate) fn order() -> Order {
    let item = |product: &str, quantity| Item {
        product_id: product.to_owned(),
        name: Some("תה".to_owned()),
        quantity,
        price: Some("12.90".to_owned()),
    };
    Order {
        order_id: "A-1001".to_owned(),
        currency: Some("ILS".to_owned()),
        total: Some("0012.900".to_owned()),
        items: vec![item("sku 1#2", 1), item("verbena", u32::MAX)],
        coupon: Some("FIRSTCUP".to_owned()),
        ..Order::default()
    }
}

fn bare() -> Order {
    Order {
        order_id: "5678901234567".to_owned(),
        shop: Some(Platform::Shopify),
        status: OrderStatus::Cancelled,
        changed_at: Some(time(-30)),
        ..Order::default()
    }
}

pub(crate) fn happenings() -> Vec<Happening> {
    vec![
        Happening::Signup { form: None },
        Happening::Signup { form: Some("landing-spring".to_owned()) },
        Happening::Purchase(order()),
        Happening::Purchase(bare()),
        Happening::Event { name: "course.done".to_owned(), data: Value::Null },
        Happening::Event { name: "course.done".to_owned(), data: json!(values()) },
        Happening::Answered { question: "nps".to_owned(), answer: json!(9) },
        Happening::Opened { flow: "welcome".to_owned(), step: "hello".to_owned() },
        Happening::Clicked {
            flow: "welcome".to_owned(),
            step: "hello".to_owned(),
            link: "spring".to_owned(),
        },
        Happening::Due { trigger: "date: birthday, yearly".to_owned() },
        Happening::Referred(Referral::Purchase),
    ]
}

pub(crate) fn fact(contact: ContactId, id: &str) -> Fact {
    Fact {
        id: FactId::new("test", id),
        contact,
        received_at: time(0),
        at: time(-60),
        details: ContactDetails::default(),
        what: Happening::Signup { form: None },
    }
}

/// A contact with a run in each state that there is.
pub(crate) fn contact(id: ContactId) -> Contact {
    let states = [
        State::Sending { step: "hello".to_owned() },
        State::Waiting { step: "pause".to_owned(), until: time(86_400) },
        State::Ended { end: End::Finished, at: time(1) },
        State::Ended { end: End::Left, at: time(2) },
        State::Ended { end: End::Exited { rule: "purchased: any".to_owned() }, at: time(3) },
        State::Ended { end: End::Failed { reason: "אבד".to_owned() }, at: time(4) },
    ];
    let runs = states.into_iter().enumerate().map(|(number, state)| a_run(number, state));
    let told = details();
    let mut contact = Contact::new(id, time(0));
    contact.profile = Profile {
        email: told.email,
        phone: told.phone,
        first_name: told.first_name,
        last_name: told.last_name,
        language: told.language,
        timezone: told.timezone,
        country: told.country,
    };
    contact.told_at.insert("phone".to_owned(), time(-60));
    contact.fields = values();
    contact.lists = told.lists.into_iter().map(|list| (list, time(5))).collect();
    contact.consent =
        Channel::ALL.into_iter().zip([Answer::Granted, Answer::Refused]).map(consent).collect();
    contact.purchases.orders = u32::MAX;
    contact.purchases.last_at = Some(time(6));
    let seen = Seen { times: 2, last_at: time(7) };
    contact.purchases.products.insert("sku 1#2".to_owned(), seen);
    contact.purchases.spent = 1_290;
    let products = vec!["sku 1#2".to_owned()];
    contact.purchases.recent.push(Recent {
        order: bare().key(),
        at: time(7),
        changed_at: Some(time(8)),
        status: OrderStatus::Refunded,
        paid: 1_290,
        products,
        products_at: Some(time(5)),
    });
    contact.purchases.dropped_at = Some(time(-90));
    contact.seen.insert("opened:welcome".to_owned(), seen);
    contact.flows.insert("welcome".to_owned(), a_ledger());
    contact.runs = runs.map(|run| (run.id, run)).collect();
    contact.applied.insert(FactId::new("test", "1"), time(9));
    contact
}

fn a_ledger() -> FlowLedger {
    FlowLedger { entered: u32::MAX, last_at: time(8), finished: 1, left: 2, failed: 3, reached: 4 }
}

fn consent((channel, answer): (Channel, Answer)) -> (Channel, Consent) {
    let (text, ip) = (Some("אני מסכימה".to_owned()), None);
    (channel, Consent { answer, at: time(-1), text, ip })
}

fn a_run(number: usize, state: State) -> Run {
    Run {
        moved: Vec::new(),
        id: run(&number.to_string()),
        flow: "welcome".to_owned(),
        version: u32::MAX,
        chain: 3,
        goal_at: (number == 2).then(|| time(12)),
        awoken_by: (number == 1).then(|| Id::derive(&["cause"])),
        parked: number == 2,
        held: (number == 1).then(|| Held {
            since: time(9),
            channel: Channel::Sms,
            kind: masa_domain::Kind::Transactional,
            priority: 9,
        }),
        entered_at: time(10),
        fact: (number > 0).then(|| FactId::new("test", "1")),
        generation: 7,
        state,
        data: if number > 1 { json!({ "order": order() }) } else { Value::Null },
        coupons: [("reward".to_owned(), "TEA-7K2M".to_owned())].into(),
        messages: [("hello".to_owned(), 6)].into(),
        story: story(),
        forgotten: 41,
        overdue_at: time(3_600),
        looks: 2,
    }
}

/// An entry of each kind. A history has no time finer than a millisecond.
fn story() -> Vec<Entry> {
    let millis = |seconds| Timestamp::from_millisecond(time(seconds).as_millisecond()).unwrap();
    let whats = [
        What::Entered,
        What::Sending,
        What::Outcome("sent".to_owned()),
        What::Waiting(millis(86_400)),
        What::Woke,
        What::Branch(true),
        What::Branch(false),
        What::Came("event: visit".to_owned()),
        What::Way("blue".to_owned()),
        What::Goal("purchased: any".to_owned()),
        What::Note("`size` is not a number: \"שלום\"\n".to_owned()),
        What::Ended(End::Finished),
        What::Ended(End::Left),
        What::Ended(End::Exited { rule: "purchased: any".to_owned() }),
        What::Ended(End::Failed { reason: "אבד".to_owned() }),
    ];
    let steps = ["", "hello"].into_iter().cycle();
    let entry = |(what, step): (What, &str)| Entry { at: millis(11), step: step.to_owned(), what };
    whats.into_iter().zip(steps).map(entry).collect()
}

pub(crate) fn claimed(contact: ContactId, id: MessageId, owner: &str) -> Message {
    let status = Status::Claimed { owner: owner.to_owned(), lease_until: time(90), unknowns: 0 };
    Message {
        flow: "welcome".to_owned(),
        version: 2,
        step: "hello".to_owned(),
        claimed_at: Some(time(1)),
        ..Message::new(id, contact, Medium::Email, status)
    }
}

/// A flow without steps whose one template has this text.
pub(crate) fn flow(name: &str, html: &str) -> Flow {
    let template =
        Template { subject: "נושא".to_owned(), html: html.to_owned(), ..Template::default() };
    Flow {
        name: name.to_owned(),
        on_unknown: Some(OnUnknown::Resend),
        triggers: vec![Trigger::Joined("newsletter".to_owned())],
        templates: [("hello".to_owned(), [("he".to_owned(), template)].into())].into(),
        ..Flow::default()
    }
}
