//! Conditions as a table: each kind with a yes and a no.

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Action, Condition, ContactDetails, FieldTest, Happening, MailStatus, Order, Product,
    PurchaseTest, Since, Status, Step, Stimulus, Trigger, link::link_key,
};
use serde_json::{Number, Value, json};

use crate::{
    journeys::{URL, item},
    world::{Outcome, World, email, event, line, wait},
};

/// Steps that ask `when` and count the answer in the field `yes` or `no`, behind `steps`.
pub(crate) fn asking(triggers: &[Trigger], steps: &[(&str, Action)], when: Condition) -> World {
    let (then, otherwise) = (Some("yes".to_owned()), Some("no".to_owned()));
    let mut steps = steps.to_vec();
    steps.push(("ask", Action::If { when, then, otherwise }));
    let mut flow = line("asking", triggers, &steps);
    for field in ["yes", "no"] {
        let action = Action::Count { field: field.to_owned(), by: 1 };
        flow.steps.insert(field.to_owned(), Step { action, next: None });
    }
    World::new([flow])
}

pub(crate) fn answer(world: &World) -> bool {
    match (world.contact.field("yes"), world.contact.field("no")) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        other => unreachable!("the question was to be asked once: {other:?}"),
    }
}

pub(crate) fn on(name: &str) -> [Trigger; 1] {
    [Trigger::event(name.to_owned())]
}

/// Whether `when` holds for a contact with these details.
pub(crate) fn holds(details: ContactDetails, when: Condition) -> bool {
    let mut world = asking(&on("ask"), &[], when);
    let fact = world.fact(event("ask"), details);
    world.act(&Stimulus::Fact(Box::new(fact)));
    answer(&world)
}

/// What a reader does with a mail.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reader {
    Nothing,
    Opens,
    /// Follows the link of this name, or the one without a name.
    Clicks(Option<&'static str>),
}

/// Whether `when` holds two days after the mail of the step `hello` met this fate and reader.
fn after_mail(outcome: Outcome, reader: Reader, when: Condition) -> bool {
    let steps = [("hello", email("hello")), ("rest", wait("2d"))];
    let mut world = asking(&on("ask"), &steps, when);
    world.tell(event("ask"));
    let id = *world.sends.keys().next().unwrap();
    let settled = world.settle(id, outcome);
    world.act(&settled);
    let now = world.now;
    let message = world.messages.get_mut(&id).unwrap();
    match reader {
        Reader::Nothing => {}
        Reader::Opens => message.opened_at = Some(now),
        Reader::Clicks(name) => {
            message.clicked_at = Some(now);
            message.links.insert(link_key(name, URL), now);
        }
    }
    world.wake();
    answer(&world)
}

fn mail(was: MailStatus, link: Option<&str>) -> Condition {
    Condition::Email { step: "hello".to_owned(), was, link: link.map(str::to_owned), flow: None }
}

/// Goal: C1, what became of the run's own mail.
#[test]
fn c1_what_became_of_a_mail() {
    use MailStatus::{Clicked, Opened, Sent};
    use Outcome::{Failed, Skipped, Unknown};
    const MAIL: Outcome = Outcome::Sent;
    let (nothing, opens) = (Reader::Nothing, Reader::Opens);
    let offer = Reader::Clicks(Some("offer"));
    let unnamed = Reader::Clicks(None);
    for (fate, reader, was, link, expected) in [
        (MAIL, nothing, Sent, None, true),
        (Skipped, nothing, Sent, None, false),
        (Failed, nothing, Sent, None, false),
        (Unknown, nothing, Sent, None, false),
        (MAIL, nothing, Opened, None, false),
        (MAIL, opens, Opened, None, true),
        // Who loads no images but follows a link has read the mail.
        (MAIL, unnamed, Opened, None, true),
        // A mail of which nobody knows whether it left was sent after all when it is read.
        (Unknown, opens, Opened, None, true),
        (MAIL, opens, Clicked, None, false),
        (MAIL, unnamed, Clicked, None, true),
        (MAIL, offer, Clicked, Some("offer"), true),
        (MAIL, unnamed, Clicked, Some("offer"), false),
        (MAIL, unnamed, Clicked, Some(URL), true),
        (MAIL, offer, Clicked, Some(URL), false),
        (MAIL, opens, Clicked, Some("offer"), false),
    ] {
        assert_eq!(
            after_mail(fate, reader, mail(was, link)),
            expected,
            "was a mail with outcome {fate:?} and reader {reader:?} {was:?}, link {link:?}?"
        );
    }
}

/// Goal: C1, a mail of a step that this run never took was not sent, opened or clicked, and no
/// message is read to say so.
#[test]
fn c1_a_mail_that_was_never_decided_was_nothing() {
    for was in [MailStatus::Sent, MailStatus::Opened, MailStatus::Clicked] {
        let when = Condition::Email { step: "story".to_owned(), was, link: None, flow: None };
        assert!(!holds(ContactDetails::default(), when), "a mail that was not sent was {was:?}");
    }
}

fn order(products: &[&str]) -> Happening {
    Happening::Purchase(Order {
        items: products.iter().map(|product| item((*product).to_owned())).collect(),
        ..Order::default()
    })
}

/// Whether `when` holds for who bought `before` an hour before entering and `since` a day after.
fn after_buying(before: &[&str], since: &[&str], when: Condition) -> bool {
    let mut world = asking(&on("ask"), &[("rest", wait("2d"))], when);
    if !before.is_empty() {
        world.tell(order(before));
    }
    world.pass(3_600);
    world.tell(event("ask"));
    world.pass(86_400);
    if !since.is_empty() {
        world.tell(order(since));
    }
    world.wake();
    answer(&world)
}

/// Goal: C3, bought anything or one product, since entry or ever.
#[test]
fn c3_what_was_bought_and_since_when() {
    use Since::{Entry, Ever};
    let tea = || Product::One("tea".to_owned());
    let any = || Product::Any;
    for (before, bought_since, what, since, expected) in [
        (&[][..], &[][..], any(), Ever, false),
        (&["cup"], &[], any(), Ever, true),
        (&["cup"], &[], any(), Entry, false),
        (&[], &["cup"], any(), Entry, true),
        (&[], &["cup"], any(), Ever, true),
        (&["cup"], &["cup"], tea(), Ever, false),
        (&["tea", "cup"], &[], tea(), Ever, true),
        (&["tea"], &["cup"], tea(), Entry, false),
        (&["cup"], &["cup", "tea"], tea(), Entry, true),
        (&["tea"], &["tea"], tea(), Entry, true),
    ] {
        let asked = format!("bought {what:?} since {since:?}");
        assert_eq!(
            after_buying(
                before,
                bought_since,
                Condition::Purchased(PurchaseTest::once(what, since))
            ),
            expected,
            "{asked}, with {before:?} before entering and {bought_since:?} after it?"
        );
    }
}

/// Goal: C3, the purchase that let the contact in is not one since entry, whether the store told
/// when it was made or not; a further one is.
#[test]
fn c3_the_purchase_that_began_a_run_is_not_one_since() {
    for told_late in [SignedDuration::ZERO, SignedDuration::from_secs(5)] {
        for further in [false, true] {
            let what = Product::Any;
            let when = Condition::Purchased(PurchaseTest::once(what, Since::Entry));
            let trigger = [Trigger::Purchased(Product::Any.into())];
            let mut world = asking(&trigger, &[("rest", wait("2d"))], when);
            let mut fact = world.fact(order(&["tea"]), ContactDetails::default());
            fact.at -= told_late;
            world.act(&Stimulus::Fact(Box::new(fact)));
            world.pass(60);
            if further {
                world.tell(order(&["cup"]));
            }
            world.wake();
            assert_eq!(
                answer(&world),
                further,
                "only the second purchase is since entry (the first told {told_late} late)"
            );
        }
    }
}

/// Goal: C3, a purchase at the very moment of a signup's entry counts as one since: a shop's two
/// hooks may come in the same millisecond.
#[test]
fn c3_a_purchase_at_the_moment_of_entry_is_one_since() {
    let when = Condition::Purchased(PurchaseTest::once(Product::Any, Since::Entry));
    let mut world = asking(&on("ask"), &[("rest", wait("2d"))], when);
    world.tell(event("ask"));
    world.tell(order(&["tea"]));
    world.wake();
    assert!(answer(&world), "the purchase came with the entry");
}

fn field(value: Value, test: FieldTest) -> bool {
    let fields = [("field".to_owned(), value)].into();
    let details = ContactDetails { fields, ..ContactDetails::default() };
    holds(details, Condition::Field { name: "field".to_owned(), test })
}

/// Goal: C5, every test of a field; a field of another type than the test's answers no.
#[test]
fn c5_a_field() {
    use FieldTest::{Contains, Empty, Is, OneOf, Over, Under};
    let five = || Number::from(5);
    for (value, test, expected) in [
        (json!("vip"), Is(json!("vip")), true),
        (json!("vip"), Is(json!("VIP")), false),
        (json!(5), Is(json!(5.0)), true),
        (json!("5"), Is(json!(5)), false),
        (json!(true), Is(json!(true)), true),
        (json!(null), Is(json!("vip")), false),
        (json!("b"), OneOf(vec![json!("a"), json!("b")]), true),
        (json!("c"), OneOf(vec![json!("a"), json!("b")]), false),
        (json!("a"), OneOf(Vec::new()), false),
        (json!(2.0), OneOf(vec![json!("a"), json!(2)]), true),
        (json!(null), OneOf(vec![json!("a")]), false),
        (json!("green tea"), Contains(json!("tea")), true),
        (json!("green tea"), Contains(json!("coffee")), false),
        (json!(["tea", 7]), Contains(json!("tea")), true),
        (json!(["tea", 7]), Contains(json!(7.0)), true),
        (json!(["green tea"]), Contains(json!("tea")), false),
        (json!(77), Contains(json!(7)), false),
        (json!("7"), Contains(json!(7)), false),
        (json!({ "tea": 1 }), Contains(json!("tea")), false),
        (json!(null), Contains(json!("tea")), false),
        (json!(6), Over(five()), true),
        (json!(5), Over(five()), false),
        (json!(5.5), Over(five()), true),
        (json!("6"), Over(five()), false),
        (json!(null), Over(five()), false),
        (json!(4), Under(five()), true),
        (json!(5), Under(five()), false),
        (json!(-0.5), Under(five()), true),
        (json!("4"), Under(five()), false),
        (json!(null), Under(five()), false),
        (json!(null), Empty(true), true),
        (json!(""), Empty(true), true),
        (json!([]), Empty(true), true),
        (json!({}), Empty(true), true),
        (json!(" "), Empty(true), false),
        (json!(0), Empty(true), false),
        (json!(false), Empty(true), false),
        (json!(null), Empty(false), false),
        (json!(""), Empty(false), false),
        (json!("vip"), Empty(false), true),
        (json!(0), Empty(false), true),
    ] {
        let asked = format!("{test:?}");
        assert_eq!(field(value.clone(), test), expected, "does {value} answer {asked}?");
    }
}

/// Goal: C5, the profile is asked by the names of the hooks, and a field of the store's own can't
/// stand in for it.
#[test]
fn c5_the_profile_is_asked_like_fields() {
    let mut told = ContactDetails::default();
    let names = ["email", "phone", "first_name", "last_name", "language", "timezone", "country"];
    for (n, entry) in [
        &mut told.email,
        &mut told.phone,
        &mut told.first_name,
        &mut told.last_name,
        &mut told.language,
        &mut told.timezone,
        &mut told.country,
    ]
    .into_iter()
    .enumerate()
    {
        *entry = Some(names[n].to_uppercase());
    }
    told.fields.insert("country".to_owned(), json!("elsewhere"));
    for name in names {
        let test = FieldTest::Is(json!(name.to_uppercase()));
        let when = Condition::Field { name: name.to_owned(), test };
        assert!(holds(told.clone(), when), "`{name}` is the profile's");
    }
    let when = Condition::Field { name: "country".to_owned(), test: FieldTest::Empty(true) };
    assert!(holds(ContactDetails::default(), when), "a profile entry that was never told is empty");
}

/// Goal: C5, on a list or not.
#[test]
fn c5_a_list() {
    let lists = vec!["newsletter".to_owned()];
    let details = ContactDetails { lists, ..ContactDetails::default() };
    for (list, expected) in [("newsletter", true), ("club", false)] {
        let when = Condition::List(list.to_owned());
        assert_eq!(holds(details.clone(), when), expected, "is the contact on `{list}`?");
    }
}

/// Goal: C6, all, any and not, nested and empty.
#[test]
fn c6_all_any_and_not() {
    use Condition::{All, Any};
    let yes = || All(Vec::new());
    let no = || Any(Vec::new());
    let not = |one: Condition| Condition::Not(Box::new(one));
    for (when, expected) in [
        (yes(), true),
        (no(), false),
        (All(vec![yes(), yes()]), true),
        (All(vec![yes(), no()]), false),
        (Any(vec![no(), yes()]), true),
        (Any(vec![no(), no()]), false),
        (not(no()), true),
        (not(yes()), false),
        (All(vec![Any(vec![no(), not(no())]), not(All(vec![yes(), no()]))]), true),
        (Any(vec![All(vec![yes(), no()]), not(Any(vec![yes(), no()]))]), false),
    ] {
        let asked = format!("{when:?}");
        assert_eq!(holds(ContactDetails::default(), when), expected, "does {asked} hold?");
    }
}

/// Goal: a wait in front of a question is over at its time, not before.
#[test]
fn a3_a_wait_counts_from_the_send() {
    let when = Condition::All(Vec::new());
    let steps = [("hello", email("hello")), ("rest", wait("2d"))];
    let mut world = asking(&on("ask"), &steps, when);
    world.tell(event("ask"));
    world.pass(600);
    let sent_at: Timestamp = world.now;
    world.send();
    let until = *world.armed.values().next().unwrap();
    assert_eq!(
        until,
        sent_at + SignedDuration::from_hours(48),
        "a wait after a mail counts from the send, not from the decision"
    );
    let delivered = world.messages.values().next().unwrap().status.clone();
    assert!(matches!(delivered, Status::Sent { at, .. } if at == sent_at), "the mail was sent");
}
