//! Every kind of happening: what lets in, ends a wait, reaches a goal.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;
use masa_domain::{
    Action, Activity, Again, Anchor, Bought, Catalogue, ContactDetails, FieldTest, Flow, Goal,
    Happening, MessageId, Offset, Order, Product, ProductFacts, Referral, Setup, Span, State, Step,
    Stimulus, Trigger, What, link::link_key,
};
use serde_json::{Value, json};

use crate::{
    journeys::{URL, item},
    world::{World, email, event, joined, line, wait},
};

fn named(name: &str) -> Trigger {
    Trigger::event(name)
}

fn order(products: &[&str], total: &str) -> Happening {
    Happening::Purchase(Order {
        total: Some(total.to_owned()),
        items: products.iter().map(|product| item((*product).to_owned())).collect(),
        ..Order::default()
    })
}

fn with_data(name: &str, data: Value) -> Happening {
    Happening::Event { name: name.to_owned(), data }
}

/// How often this trigger lets in while `happenings` come, one after the other.
fn entries(trigger: Trigger, happenings: &[Happening]) -> u32 {
    let flow = Flow { again: Again::Always, ..line("it", &[trigger], &[]) };
    let mut world = World::new([flow]);
    let tea = ProductFacts { category: Some("tea".to_owned()), lasts: "30d".parse().ok() };
    let products = [("mint".to_owned(), tea)].into();
    let setup = Setup { products, ..Setup::default() };
    world.catalogue = Arc::new(Catalogue { setup, ..(*world.catalogue).clone() });
    for what in happenings {
        world.pass(1);
        world.tell(what.clone());
    }
    world.contact.flows.get("it").map_or(0, |ledger| ledger.entered)
}

/// Goal: T3, a category of the shop's, the nth order, each nth, above an amount.
#[test]
fn t3_which_purchase() {
    let bought = |bought: Bought| Trigger::Purchased(bought);
    let any = Bought::default;
    let tea = || Bought { category: Some("tea".to_owned()), ..any() };
    let mint = || order(&["mint"], "10");
    let cup = || order(&["cup"], "200.00");
    for (trigger, happenings, expected) in [
        (bought(tea()), vec![mint(), cup()], 1),
        (bought(Bought { product: Product::One("cup".to_owned()), ..tea() }), vec![cup()], 0),
        (bought(Bought { nth: Some(2), ..any() }), vec![mint(), cup(), cup()], 1),
        (bought(Bought { nth: Some(2), ..tea() }), vec![mint(), cup()], 0),
        (bought(Bought { every: Some(2), ..any() }), vec![cup(); 5], 2),
        (bought(Bought { over: Some(199.into()), ..any() }), vec![mint(), cup()], 1),
        (bought(Bought { over: Some(200.into()), ..any() }), vec![cup()], 0),
        (bought(Bought { over: Some(1.into()), ..any() }), vec![order(&[], "a lot")], 0),
    ] {
        let asked = format!("{} by {happenings:?}", trigger.in_words());
        assert_eq!(entries(trigger, &happenings), expected, "{asked}");
    }
}

/// Goal: T6, T7, T10, an event by its name and by members of its data.
#[test]
fn t7_an_event_with_data() {
    let matching = |data: Value| Trigger::Event {
        name: "plan".to_owned(),
        matching: data.as_object().unwrap().clone().into_iter().collect(),
        same: None,
    };
    let pro = || with_data("plan", json!({ "plan": "pro", "seats": 5 }));
    for (trigger, what, expected) in [
        (named("plan"), pro(), 1),
        (named("cart"), pro(), 0),
        (matching(json!({ "plan": "pro" })), pro(), 1),
        (matching(json!({ "plan": "pro", "seats": 5.0 })), pro(), 1),
        (matching(json!({ "plan": "free" })), pro(), 0),
        (matching(json!({ "plan": "pro", "colour": "red" })), pro(), 0),
        (matching(json!({ "plan": "pro" })), event("plan"), 0),
    ] {
        let asked = format!("{} by {what:?}", trigger.in_words());
        assert_eq!(entries(trigger, &[what]), expected, "{asked}");
    }
}

/// Goal: T8, a field that changed, or whose test turned true: not when it was true before.
#[test]
fn t8_a_field_changed() {
    let field = |test| Trigger::Field { name: "score".to_owned(), test };
    let over = || Some(FieldTest::Over(100.into()));
    for (trigger, values, expected) in [
        (field(None), vec![json!(1), json!(1), json!(2), json!(null)], 3),
        (field(over()), vec![json!(90), json!(101), json!(150), json!(100), json!(101)], 2),
        (field(over()), vec![json!("101")], 0),
        (field(Some(FieldTest::Empty(true))), vec![json!(1), json!(null)], 1),
    ] {
        let flow = Flow { again: Again::Always, ..line("it", &[trigger], &[]) };
        let mut world = World::new([flow]);
        for value in &values {
            let fields = BTreeMap::from([("score".to_owned(), value.clone())]);
            let details = ContactDetails { fields, ..ContactDetails::default() };
            let fact = world.fact(event("told"), details);
            world.act(&Stimulus::Fact(Box::new(fact)));
        }
        let entered = world.contact.flows.get("it").map_or(0, |ledger| ledger.entered);
        assert_eq!(entered, expected, "{values:?}");
    }
}

/// Goal: T9, an answer by its value; the answer is the field of the question's name too.
#[test]
fn t9_a_question_was_answered() {
    let answered = |test| Trigger::Answered { question: "nps".to_owned(), test };
    let nine = || Happening::Answered { question: "nps".to_owned(), answer: json!(9) };
    let other = Happening::Answered { question: "csat".to_owned(), answer: json!(9) };
    for (trigger, what, expected) in [
        (answered(None), nine(), 1),
        (answered(Some(FieldTest::Over(8.into()))), nine(), 1),
        (answered(Some(FieldTest::Under(7.into()))), nine(), 0),
        (answered(None), other, 0),
        (Trigger::Field { name: "nps".to_owned(), test: None }, nine(), 1),
    ] {
        assert_eq!(entries(trigger.clone(), &[what]), expected, "{}", trigger.in_words());
    }
}

/// Goal: T5, T12, what is due; silence is looked at once more.
#[test]
fn t5_and_t12_what_is_due() {
    let birthday = Trigger::Date {
        anchor: Anchor::Field("birthday".to_owned()),
        yearly: true,
        offset: Offset::default(),
        at: None,
    };
    let due = |trigger: &Trigger| Happening::Due { trigger: trigger.in_words() };
    assert_eq!(entries(birthday.clone(), &[due(&birthday)]), 1);
    let holiday = Trigger::Date {
        anchor: Anchor::Holiday("passover".to_owned()),
        yearly: false,
        offset: "-7d".parse().unwrap(),
        at: None,
    };
    assert_eq!(entries(birthday, &[due(&holiday)]), 0);
    for (of, last, expected) in [
        (Activity::Any, None, true),
        (Activity::Any, Some("visit"), false),
        (Activity::Visit, Some("visit"), false),
        (Activity::Open, Some("visit"), true),
        (Activity::Purchase, Some("visit"), true),
    ] {
        let silent = Trigger::Silent { span: "60d".parse().unwrap(), of };
        let mut world = World::new([line("it", std::slice::from_ref(&silent), &[])]);
        world.pass(60 * 86_400 - 10);
        if let Some(last) = last {
            world.tell(event(last));
        }
        world.pass(10);
        world.tell(due(&silent));
        assert_eq!(world.contact.flows.contains_key("it"), expected, "{of:?} after {last:?}");
    }
}

/// Goal: T13, what a friend did.
#[test]
fn t13_a_friend_signed_up_or_bought() {
    for (wanted, did, expected) in [
        (Referral::Signup, Referral::Signup, 1),
        (Referral::Purchase, Referral::Purchase, 1),
        (Referral::Purchase, Referral::Signup, 0),
    ] {
        assert_eq!(entries(Trigger::Referred(wanted), &[Happening::Referred(did)]), expected);
    }
}

/// Goal: T2, a list that a step left; who is not on it leaves nothing.
#[test]
fn t2_a_list_was_left() {
    let leave = Action::Leave("vip".to_owned());
    for (on_it, expected) in [(true, 1), (false, 0)] {
        let goodbye = line("goodbye", &[Trigger::Left("vip".to_owned())], &[]);
        let mut world =
            World::new([line("it", &[named("go")], &[("off", leave.clone())]), goodbye]);
        if on_it {
            world.contact.lists.insert("vip".to_owned(), world.now);
        }
        world.tell(event("go"));
        let entered = world.contact.flows.get("goodbye").map_or(0, |ledger| ledger.entered);
        assert_eq!(entered, expected, "on the list: {on_it}");
    }
}

/// A contact to whom `letters` sent a mail.
fn mailed(flow: Flow) -> (World, MessageId) {
    let letters = line("letters", &[named("write")], &[("letter", email("letter"))]);
    let mut world = World::new([letters, flow]);
    world.tell(event("write"));
    let id = world.send();
    (world, id)
}

fn read(world: &mut World, id: MessageId, links: &[&str]) {
    let mut message = world.messages[&id].clone();
    let opened = !message.was_opened();
    message.opened_at.get_or_insert(world.now);
    let new: Vec<String> = links
        .iter()
        .filter(|link| !message.links.contains_key(**link))
        .map(|link| (*link).to_owned())
        .collect();
    message.links.extend(new.iter().map(|link| (link.clone(), world.now)));
    world.messages.insert(id, message.clone());
    world.act(&Stimulus::Read { message: Box::new(message), opened, links: new });
}

/// Goal: T4, a link by its name, in any mail, once for a mail.
#[test]
fn t4_a_link_was_followed() {
    for (wanted, followed, expected) in
        [("offer", "offer".to_owned(), 1), ("offer", link_key(None, URL), 0)]
    {
        let trigger = Trigger::Clicked(wanted.to_owned());
        let flow = Flow { again: Again::Always, ..line("it", &[trigger], &[]) };
        let (mut world, id) = mailed(flow);
        for _ in 0..2 {
            read(&mut world, id, &[&followed]);
        }
        let entered = world.contact.flows.get("it").map_or(0, |ledger| ledger.entered);
        assert_eq!(entered, expected, "{wanted} by {followed}");
    }
}

/// Goal: T11, so many mails were read: of a flow, of all, since the last purchase; one mail read
/// twice is one.
#[test]
fn t11_so_many_mails_were_read() {
    let opened = |of: Option<&str>, times, since_purchase| Trigger::Opened {
        of: of.map(str::to_owned),
        times,
        since_purchase,
    };
    for (trigger, bought, expected) in [
        (opened(None, 2, false), false, true),
        (opened(Some("letters"), 2, false), false, true),
        (opened(Some("others"), 1, false), false, false),
        (opened(None, 3, false), false, false),
        (opened(None, 2, true), false, true),
        (opened(None, 2, true), true, false),
        (opened(None, 2, false), true, true),
    ] {
        let words = trigger.in_words();
        let it = line("it", &[trigger], &[]);
        let letters = line("letters", &[named("write")], &[("letter", email("letter"))]);
        let mut world = World::new([Flow { again: Again::Always, ..letters }, it]);
        for letter in 0..2 {
            world.tell(event("write"));
            let id = world.send();
            read(&mut world, id, &[]);
            read(&mut world, id, &[]);
            if letter == 0 && bought {
                world.tell(order(&[], "5"));
            }
        }
        assert_eq!(world.contact.flows.contains_key("it"), expected, "{words}, bought: {bought}");
    }
}

fn awaiting(until: Trigger) -> Flow {
    let (then, otherwise) = (Some("yes".to_owned()), Some("no".to_owned()));
    let span = Span::seconds(3_600);
    let mut flow = line("it", &[named("invoice")], &[("until", wait("1h"))]);
    let action = Action::Await { until: vec![until], span, then, otherwise };
    flow.steps.insert("until".to_owned(), Step { action, next: None });
    for way in ["yes", "no"] {
        let action = Action::Join(way.to_owned());
        flow.steps.insert(way.to_owned(), Step { action, next: None });
    }
    flow
}

/// Goal: A3, a wait for what happens: then when it comes, else when the time is over, once; what
/// comes after changes nothing, and the wake of the ended wait is forgotten.
#[test]
fn a3_a_wait_until_something_happens() {
    for (after, way) in [(Some(1_800), "yes"), (None, "no"), (Some(7_200), "no")] {
        let mut world = World::new([awaiting(named("visit"))]);
        world.tell(event("invoice"));
        match after {
            Some(seconds) if seconds < 3_600 => {
                world.pass(seconds);
                world.tell(event("visit"));
                assert!(world.armed.is_empty(), "its wake is forgotten");
            }
            _ => {
                world.wake();
                world.tell(event("visit"));
            }
        }
        let lists: Vec<&str> = world.contact.lists.keys().map(String::as_str).collect();
        assert_eq!(lists, [way], "the visit came after {after:?} seconds");
        assert!(!world.run("it").is_live());
    }
}

/// Goal: T10, `same` means the very thing that began the run: this invoice, not another.
#[test]
fn t10_the_same_invoice() {
    let paid = Trigger::Event {
        name: "paid".to_owned(),
        matching: BTreeMap::new(),
        same: Some("id".to_owned()),
    };
    for (data, expected) in [
        (json!({ "id": 7 }), true),
        (json!({ "id": 8 }), false),
        (json!({}), false),
        (json!(null), false),
    ] {
        let mut world = World::new([awaiting(paid.clone())]);
        world.tell(with_data("invoice", json!({ "id": 7 })));
        world.tell(with_data("paid", data.clone()));
        assert_eq!(world.contact.lists.contains_key("yes"), expected, "{data}");
    }
    let mut world = World::new([awaiting(paid)]);
    world.tell(with_data("invoice", json!({ "no": 7 })));
    world.tell(with_data("paid", json!({})));
    assert!(world.contact.lists.is_empty(), "nothing is the same as nothing");
}

/// Goal: the happening that lets in is not what the run's first wait waits for.
#[test]
fn a3_what_lets_in_does_not_end_the_wait_that_begins_with_it() {
    let mut flow = awaiting(named("invoice"));
    flow.again = Again::Never;
    let mut world = World::new([flow]);
    world.tell(event("invoice"));
    assert!(matches!(world.run("it").state, State::Waiting { .. }));
    world.tell(event("invoice"));
    assert!(world.contact.lists.contains_key("yes"), "the next one is");
}

/// Goal: A11, another journey's end is waited for; it begins by a step, with what began its own.
#[test]
fn a11_a_journey_begun_by_a_step_ends_a_wait_with_its_own_end() {
    let child = line("child", &[named("never")], &[("rest", wait("10m"))]);
    let mut parent = awaiting(Trigger::Ended("child".to_owned()));
    parent.first = Some("start".to_owned());
    let start = Action::Start("child".to_owned());
    parent.steps.insert("start".to_owned(), Step { action: start, next: Some("until".to_owned()) });
    let mut world = World::new([parent, child]);
    world.tell(with_data("invoice", json!({ "id": 7 })));
    assert_eq!(
        world.run("child").data,
        json!({ "event": { "name": "invoice", "data": { "id": 7 } } })
    );
    world.wake();
    assert!(world.contact.lists.contains_key("yes"), "{:?}", world.contact.lists);
}

/// Goal: two journeys that wait for what the other does move once for each stimulus.
#[test]
fn waits_for_one_another_do_not_chase() {
    let circle = |name: &str, waits: &str, sets: &str| {
        let changed = Trigger::Field { name: waits.to_owned(), test: None };
        let action = Action::Await {
            until: vec![changed],
            span: Span::seconds(3_600),
            then: Some("count".to_owned()),
            otherwise: None,
        };
        let mut flow = line(name, &[joined("club")], &[("until", wait("1h"))]);
        flow.steps.insert("until".to_owned(), Step { action, next: None });
        let count = Action::Count { field: sets.to_owned(), by: 1 };
        flow.steps
            .insert("count".to_owned(), Step { action: count, next: Some("until".to_owned()) });
        flow
    };
    let mut world = World::new([circle("one", "a", "b"), circle("two", "b", "a")]);
    world.join(&["club"]);
    let fields = BTreeMap::from([("a".to_owned(), json!(1))]);
    let details = ContactDetails { fields, ..ContactDetails::default() };
    let fact = world.fact(event("told"), details);
    world.act(&Stimulus::Fact(Box::new(fact)));
    assert_eq!(world.contact.field("a"), Some(json!(2)), "each of the two moved once");
    assert_eq!(world.contact.field("b"), Some(json!(1)));
}

/// Goal: journeys that begin one another at once end; those that take their time go on.
#[test]
fn journeys_that_begin_one_another_at_once_end() {
    for (pause, entered) in [("1m", 21), ("59m", 21), ("1h", 60), ("2h", 60)] {
        let steps = [("rest", wait(pause)), ("again", Action::Start("it".to_owned()))];
        let flow = Flow { again: Again::Always, ..line("it", &[named("go")], &steps) };
        let mut world = World::new([flow]);
        world.tell(event("go"));
        for _ in 0..59 {
            if world.armed.is_empty() {
                break;
            }
            world.wake();
        }
        assert_eq!(world.contact.flows["it"].entered, entered, "each rests for {pause}");
    }
}

/// Goal: I4, a goal is reached once, within its time, also after the run's end, and ends nothing.
#[test]
fn a_goal_is_counted_once_and_in_time() {
    for (after, twice, expected) in
        [(60, false, 1), (60, true, 1), (86_400, false, 1), (86_401, false, 0)]
    {
        let goal = Goal { reached_by: vec![named("bought")], within: "1d".parse().unwrap() };
        let flow = Flow { goal: Some(goal), ..line("it", &[named("go")], &[("rest", wait("1h"))]) };
        let mut world = World::new([flow]);
        world.tell(event("go"));
        if after > 3_600 {
            world.wake();
        }
        let until = world.run("it").entered_at + SignedDuration::from_secs(after);
        world.now = until;
        world.tell(event("bought"));
        if twice {
            world.tell(event("bought"));
        }
        let run = world.run("it");
        assert_eq!(world.contact.flows["it"].reached, expected, "after {after} s");
        assert_eq!(run.goal_at.is_some(), expected == 1);
        assert_eq!(run.is_live(), after <= 3_600, "it ends nothing");
        let told = run.story.iter().filter(|entry| matches!(entry.what, What::Goal(_))).count();
        assert_eq!(told, expected as usize);
    }
}

/// Goal: T9: a form that asks the question answers it too, whatever the answer or with the one that is
/// asked for; one that does not ask it answers nothing.
#[test]
fn t9_a_form_answers_what_it_asks() {
    let wanted = || Some(FieldTest::Is(json!("mint")));
    for (question, test, begins) in [
        ("tea", None, true),
        ("tea", wanted(), true),
        ("tea", Some(FieldTest::Is(json!("sage"))), false),
        ("coffee", None, false),
        ("coffee", wanted(), false),
        ("coffee", Some(FieldTest::Empty(true)), false),
    ] {
        let trigger = Trigger::Answered { question: question.to_owned(), test: test.clone() };
        let mut world = World::new([line("it", &[trigger], &[("rest", wait("1d"))])]);
        let fields = [("tea".to_owned(), json!("mint"))].into();
        let details = ContactDetails { fields, ..ContactDetails::default() };
        let fact = world.fact(Happening::Signup { form: Some("spring".to_owned()) }, details);
        world.act(&Stimulus::Fact(Box::new(fact)));
        assert_eq!(world.contact.flows.contains_key("it"), begins, "{question} {test:?}");
    }
}
