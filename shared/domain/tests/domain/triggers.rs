//! Triggers as a table: what lets a contact into a journey.

use std::collections::BTreeMap;

use masa_domain::{
    Action, Activity, Anchor, Bought, Condition, ContactDetails, FieldTest, Happening, Order,
    Product, Referral, Stimulus, Trigger, What,
};
use serde_json::json;

use crate::{
    journeys::item,
    world::{World, email, event, joined, line, wait},
};

fn signup(form: Option<&str>) -> Happening {
    Happening::Signup { form: form.map(str::to_owned) }
}

fn order(products: &[&str]) -> Happening {
    Happening::Purchase(Order {
        order_id: "1001".to_owned(),
        currency: Some("ILS".to_owned()),
        total: Some("120.50".to_owned()),
        items: products.iter().map(|product| item((*product).to_owned())).collect(),
        ..Order::default()
    })
}

/// Whether a fact with these lists lets a contact who is on `club` into a flow with this trigger.
fn lets_in(trigger: Trigger, what: Happening, lists: &[&str]) -> bool {
    let mut world = World::new([line("welcome", &[trigger], &[("hello", email("hello"))])]);
    world.contact.lists.insert("club".to_owned(), world.now);
    let lists = lists.iter().map(|list| (*list).to_owned()).collect();
    let fact = world.fact(what, ContactDetails { lists, ..ContactDetails::default() });
    world.act(&Stimulus::Fact(Box::new(fact)));
    assert_eq!(world.sends.len(), world.contact.runs.len(), "who enters gets the first mail");
    !world.contact.runs.is_empty()
}

/// Goal: T1, a filled form; only that form, and a signup without a form is none.
#[test]
fn t1_a_form_was_filled() {
    for (filled, expected) in [(Some("spring"), true), (Some("autumn"), false), (None, false)] {
        let trigger = Trigger::Form("spring".to_owned());
        assert_eq!(lets_in(trigger, signup(filled), &[]), expected, "filled {filled:?}");
    }
}

/// Goal: T2, joining a list, by whichever fact; who is on it already does not join it.
#[test]
fn t2_a_list_was_joined() {
    for (what, lists, list, expected) in [
        (signup(None), &["newsletter"][..], "newsletter", true),
        (signup(Some("spring")), &["club", "newsletter"], "newsletter", true),
        (order(&["tea"]), &["newsletter"], "newsletter", true),
        (event("talk"), &["newsletter"], "newsletter", true),
        (signup(None), &["newsletter"], "talks", false),
        (signup(None), &["club"], "club", false),
        (signup(None), &[], "newsletter", false),
    ] {
        let told = format!("{what:?} with {lists:?}");
        assert_eq!(lets_in(joined(list), what, lists), expected, "joined `{list}` by {told}");
    }
}

/// Goal: T3, a purchase of anything or of one product.
#[test]
fn t3_something_was_bought() {
    let tea = || Product::One("tea".to_owned());
    for (wanted, what, expected) in [
        (Product::Any, order(&["cup"]), true),
        (Product::Any, order(&[]), true),
        (tea(), order(&["cup", "tea"]), true),
        (tea(), order(&["cup"]), false),
        (tea(), event("tea"), false),
        (Product::Any, signup(None), false),
    ] {
        let asked = format!("{wanted:?} by {what:?}");
        assert_eq!(
            lets_in(Trigger::Purchased(wanted.into()), what, &[]),
            expected,
            "bought {asked}"
        );
    }
}

/// Goal: T7, a named event.
#[test]
fn t7_a_named_event_came() {
    for (what, expected) in
        [(event("course.done"), true), (event("course.begun"), false), (signup(None), false)]
    {
        let told = format!("{what:?}");
        let trigger = Trigger::event("course.done".to_owned());
        assert_eq!(lets_in(trigger, what, &[]), expected, "course.done by {told}");
    }
}

/// Goal: a fact that matches several triggers of one flow lets in once.
#[test]
fn t1_and_t2_together_let_in_once() {
    let triggers = [Trigger::Form("spring".to_owned()), joined("newsletter"), joined("talks")];
    let mut flow = line("welcome", &triggers, &[("rest", wait("2d"))]);
    flow.again = masa_domain::Again::Always;
    let mut world = World::new([flow]);
    let lists = vec!["newsletter".to_owned(), "talks".to_owned()];
    let details = ContactDetails { lists, ..ContactDetails::default() };
    let fact = world.fact(signup(Some("spring")), details);
    world.act(&Stimulus::Fact(Box::new(fact)));
    assert_eq!(world.runs("welcome").len(), 1, "one fact, one run");
}

/// Goal: a run keeps what its trigger brought for its templates as long as it lives, and no longer.
#[test]
fn a_run_keeps_what_its_trigger_brought_until_it_ends() {
    let data = json!({ "lesson": 3 });
    for (trigger, what, expected) in [
        (
            Trigger::event("done".to_owned()),
            Happening::Event { name: "done".to_owned(), data: data.clone() },
            json!({ "event": { "name": "done", "data": data } }),
        ),
        (Trigger::Form("spring".to_owned()), signup(Some("spring")), json!({ "form": "spring" })),
        (
            Trigger::Purchased(Product::Any.into()),
            order(&["tea"]),
            json!({ "order": {
                "order_id": "1001", "currency": "ILS", "total": "120.50",
                "items": [{ "product_id": "tea", "quantity": 2, "price": "60.25" }],
            } }),
        ),
    ] {
        let mut world = World::new([line("welcome", &[trigger], &[("hello", email("hello"))])]);
        world.tell(what);
        assert_eq!(world.run("welcome").data, expected, "the templates see what came");
        world.send();
        assert_eq!(world.run("welcome").data, json!(null), "an ended run has no templates");
    }
}

/// Goal: of an order or event too large for the state, a run keeps a part that fits.
#[test]
fn a_run_keeps_a_bounded_part_of_a_large_trigger() {
    let products: Vec<String> = (0..1_000).map(|n| format!("product-{n}")).collect();
    let products: Vec<&str> = products.iter().map(String::as_str).collect();
    let large = "x".repeat(9_000);
    let data = json!({ "large": large, "small": 1 });
    for (trigger, what, kept) in [
        (Trigger::Purchased(Product::Any.into()), order(&products), "product-0"),
        (
            Trigger::event("done".to_owned()),
            Happening::Event { name: "done".to_owned(), data },
            "small",
        ),
    ] {
        let mut world = World::new([line("welcome", &[trigger], &[("hello", email("hello"))])]);
        world.tell(what);
        let data = world.run("welcome").data.to_string();
        assert!(data.len() < 9_000, "the run's data is bounded, and has {} bytes", data.len());
        assert!(data.contains(kept), "`{kept}` fits and is kept");
    }
}

/// Goal: the entry condition is asked after the fact was taken over: who says so in the same
/// signup may enter.
#[test]
fn entry_if_sees_what_the_fact_told() {
    for (value, enters) in [("IL", true), ("FR", false)] {
        let mut flow = line("welcome", &[joined("newsletter")], &[("hello", email("hello"))]);
        let test = masa_domain::FieldTest::Is(json!("IL"));
        flow.entry_if = Some(Condition::Field { name: "country".to_owned(), test });
        let mut world = World::new([flow]);
        let details = ContactDetails {
            country: Some(value.to_owned()),
            lists: vec!["newsletter".to_owned()],
            ..ContactDetails::default()
        };
        let fact = world.fact(signup(None), details);
        world.act(&Stimulus::Fact(Box::new(fact)));
        assert_eq!(!world.contact.runs.is_empty(), enters, "country {value}");
        let ledger = world.contact.flows.get("welcome").map(|ledger| ledger.entered);
        assert_eq!(ledger, enters.then_some(1), "who was turned away has not entered");
    }
}

/// Goal: A5, set and clear fields.
#[test]
fn a5_set_and_clear_fields() {
    let begin = [Trigger::event("begin".to_owned())];
    let fields =
        BTreeMap::from([("status".to_owned(), json!("vip")), ("old".to_owned(), json!(null))]);
    let mut world = World::new([line("mark", &begin, &[("mark", Action::Set(fields))])]);
    world.contact.fields.insert("old".to_owned(), json!(1));
    world.tell(event("begin"));
    let expected = BTreeMap::from([("status".to_owned(), json!("vip"))]);
    assert_eq!(world.contact.fields, expected, "one field is set and one cleared");
}

/// Goal: A5, counting: a missing field counts from 0; what is no whole number, or would overflow,
/// is left as it is, the story says so and the journey goes on.
#[test]
fn a5_count_up_and_down_and_not_on_what_is_no_number() {
    let begin = [Trigger::event("begin".to_owned())];
    for (before, by, after, complains) in [
        (json!(null), 1, json!(1), false),
        (json!(5), -7, json!(-2), false),
        (json!("5"), 1, json!("5"), true),
        (json!(true), 1, json!(true), true),
        (json!(1.5), 1, json!(1.5), true),
        (json!(i64::MAX), 1, json!(i64::MAX), true),
        (json!(i64::MIN), -1, json!(i64::MIN), true),
        (json!(u64::MAX), -1, json!(u64::MAX), true),
    ] {
        let count = Action::Count { field: "visits".to_owned(), by };
        let steps = [("count", count), ("hello", email("hello"))];
        let mut world = World::new([line("count", &begin, &steps)]);
        if !before.is_null() {
            world.contact.fields.insert("visits".to_owned(), before.clone());
        }
        world.tell(event("begin"));
        assert_eq!(world.contact.field("visits"), Some(after), "{before} counted by {by}");
        let story = &world.run("count").story;
        let said = story.iter().any(
            |entry| matches!(&entry.what, What::Note(words) if words.contains("is not a number")),
        );
        assert_eq!(said, complains, "the story of {before} counted by {by}: {story:?}");
        assert_eq!(world.sends.len(), 1, "the journey goes on");
    }
}

/// Goal: what ended a run, what it waited for and what is due is told in the words of the flow file.
#[test]
fn every_trigger_is_told_in_the_words_of_the_flow_file() {
    let opened = |of: Option<&str>, since_purchase| Trigger::Opened {
        of: of.map(str::to_owned),
        times: 2,
        since_purchase,
    };
    let field = |test| Trigger::Field { name: "score".to_owned(), test };
    let answered = |test| Trigger::Answered { question: "nps".to_owned(), test };
    let date = |anchor, yearly, offset: &str, at: Option<&str>| Trigger::Date {
        anchor,
        yearly,
        offset: offset.parse().unwrap(),
        at: at.map(|at| at.parse().unwrap()),
    };
    let silent = |of| Trigger::Silent { span: "60d".parse().unwrap(), of };
    let bought = Bought {
        product: Product::One("mint".to_owned()),
        category: Some("tea".to_owned()),
        nth: Some(3),
        every: Some(5),
        over: Some(200.into()),
    };
    let paid = Trigger::Event {
        name: "paid".to_owned(),
        matching: BTreeMap::from([("plan".to_owned(), json!("pro"))]),
        same: Some("id".to_owned()),
    };
    let birthday = || Anchor::Field("birthday".to_owned());
    for (trigger, words) in [
        (joined("vip"), "joined: vip"),
        (Trigger::Left("vip".to_owned()), "left: vip"),
        (Trigger::Form("spring".to_owned()), "form: spring"),
        (Trigger::Purchased(Product::Any.into()), "purchased: any"),
        (Trigger::Purchased(Product::Same.into()), "purchased: same"),
        (Trigger::Purchased(Product::One("cup".to_owned()).into()), "purchased: cup"),
        (Trigger::Purchased(bought), "purchased: mint, category: tea, nth: 3, every: 5, over: 200"),
        (Trigger::event("visit"), "event: visit"),
        (paid, "event: paid, plan = \"pro\", same id"),
        (Trigger::Clicked("offer".to_owned()), "clicked: offer"),
        (opened(None, false), "opened: any, times: 2"),
        (opened(Some("letters"), true), "opened: letters, times: 2, since: purchase"),
        (field(None), "field: score"),
        (field(Some(FieldTest::Is(json!("a")))), "field: score, is: \"a\""),
        (field(Some(FieldTest::OneOf(vec![json!(1)]))), "field: score, one_of: [1]"),
        (field(Some(FieldTest::Contains(json!("a")))), "field: score, contains: \"a\""),
        (field(Some(FieldTest::Empty(false))), "field: score, empty: false"),
        (answered(None), "answered: nps"),
        (answered(Some(FieldTest::Over(8.into()))), "answered: nps, over: 8"),
        (answered(Some(FieldTest::Under(7.into()))), "answered: nps, under: 7"),
        (date(birthday(), false, "0d", None), "date: birthday"),
        (date(birthday(), true, "-3d", Some("09:00")), "date: birthday, yearly, -3d, at 09:00"),
        (
            date(Anchor::Day("2026-12-24".parse().unwrap()), false, "+2h", None),
            "date: 2026-12-24, +2h",
        ),
        (date(Anchor::Holiday("passover".to_owned()), false, "0d", None), "holiday: passover"),
        (silent(Activity::Any), "silent: 60d, of: any"),
        (silent(Activity::Purchase), "silent: 60d, of: purchase"),
        (silent(Activity::Open), "silent: 60d, of: open"),
        (silent(Activity::Visit), "silent: 60d, of: visit"),
        (Trigger::Referred(Referral::Signup), "referred: signup"),
        (Trigger::Referred(Referral::Purchase), "referred: purchase"),
        (Trigger::Ended("letters".to_owned()), "ended: letters"),
    ] {
        assert_eq!(trigger.in_words(), words, "{trigger:?}");
    }
}
