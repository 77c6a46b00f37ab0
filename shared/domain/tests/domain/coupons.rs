//! Codes: each run has its own, and keeps it whatever other runs do.

use std::collections::BTreeSet;

use masa_domain::{Action, Again, Contact, Flow, Run, Stimulus};
use serde_json::{Value, json};

use crate::{
    steps::go,
    world::{World, event, line, wait},
};

fn coupon(field: &str) -> Action {
    Action::Coupon { field: field.to_owned(), prefix: "TEA".to_owned() }
}

fn set(field: &str, value: Value) -> Action {
    Action::Set([(field.to_owned(), value)].into())
}

/// A journey that may be entered while an earlier run goes on.
fn journey(name: &str, steps: &[(&str, Action)]) -> Flow {
    Flow { again: Again::Always, ..line(name, &go(), steps) }
}

/// The run's own code in the field `code`.
fn own(run: &Run) -> &str {
    &run.coupons["code"]
}

/// Goal: A10, a code of one's own for each run, which nobody else has.
#[test]
fn a10_a_coupon_is_of_the_run() {
    let mut world = World::new([journey("it", &[("coupon", coupon("code"))])]);
    let mut codes = BTreeSet::new();
    for _ in 0..5 {
        world.tell(event("go"));
        let code = world.contact.field("code").unwrap().as_str().unwrap().to_owned();
        let own = code.strip_prefix("TEA-").unwrap();
        assert_eq!(own.len(), 8);
        assert!(
            own.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
            "{code}"
        );
        codes.insert(code);
    }
    assert_eq!(codes.len(), 5);
    assert!(world.runs("it").iter().all(|run| run.coupons.is_empty()), "an ended run needs none");
}

/// Goal: A10, two runs at once keep their codes; the contact has the last one. They are kept when the
/// run moves to another version.
#[test]
fn a10_two_runs_at_once_keep_their_codes() {
    let steps = [("coupon", coupon("code")), ("rest", wait("1h")), ("more", wait("1h"))];
    let flow = journey("it", &steps);
    let mut world = World::new([flow.clone()]);
    world.tell(event("go"));
    let first = own(world.run("it")).to_owned();
    world.pass(60);
    world.tell(event("go"));
    let codes = |world: &World| {
        let runs = world.runs("it").into_iter();
        runs.map(|run| own(run).to_owned()).collect::<Vec<String>>()
    };
    let both = codes(&world);
    assert_eq!((both.len(), &both[0]), (2, &first));
    assert_ne!(both[1], first);
    assert_eq!(world.contact.field("code"), Some(json!(both[1])));

    world.goes_live(2, flow);
    world.act(&Stimulus::Move { flow: "it".to_owned(), version: 2 });
    world.wake();
    assert!(world.runs("it").iter().all(|run| run.version == 2 && run.is_live()));
    assert_eq!(codes(&world), both);
}

/// Goal: A10, what the run itself writes into the field later stands in the code's place; what others
/// write does not.
#[test]
fn a10_a_later_step_of_the_run_replaces_its_code() {
    let later = |action| {
        let steps = [("coupon", coupon("code")), ("later", action), ("rest", wait("1h"))];
        let mut world = World::new([journey("it", &steps)]);
        world.tell(event("go"));
        world.run("it").coupons.get("code").cloned()
    };
    assert_eq!(later(set("code", Value::Null)), None);
    assert_eq!(later(Action::Stamp("code".to_owned())), None);
    assert!(later(set("another", json!("x"))).is_some());
    // The contact's text can't count: nothing is written.
    assert!(later(Action::Count { field: "code".to_owned(), by: 1 }).is_some());
    assert!(later(coupon("code")).is_some());

    let clears =
        line("clears", &crate::conditions::on("used"), &[("set", set("code", Value::Null))]);
    let steps = [("coupon", coupon("code")), ("rest", wait("1h"))];
    let mut world = World::new([journey("it", &steps), clears]);
    world.tell(event("go"));
    world.tell(event("used"));
    assert_eq!(world.contact.field("code"), None, "conditions are told that it was used");
    assert!(own(world.run("it")).starts_with("TEA-"));
}

/// Goal: A10, A11, a journey that another one starts has that one's code.
#[test]
fn a10_a_started_journey_has_the_code() {
    let start = [
        ("coupon", coupon("code")),
        ("start", Action::Start("mails".to_owned())),
        ("rest", wait("1h")),
    ];
    let mails = Flow { again: Again::Always, ..line("mails", &[], &[("rest", wait("1h"))]) };
    let mut world = World::new([journey("it", &start), mails]);
    for _ in 0..2 {
        world.tell(event("go"));
        world.pass(60);
    }
    let (runs, started) = (world.runs("it"), world.runs("mails"));
    assert_eq!((runs.len(), started.len()), (2, 2));
    for (run, started) in runs.into_iter().zip(started) {
        assert_eq!(own(run), own(started));
    }
}

/// Goal: a run keeps twenty codes; what comes after is in the contact alone.
#[test]
fn a10_the_codes_of_a_run_are_bounded() {
    let names: Vec<String> = (10..32).map(|n| format!("code{n}")).collect();
    let mut steps: Vec<(&str, Action)> =
        names.iter().map(|name| (name.as_str(), coupon(name))).collect();
    // A second code for a field takes no room.
    steps.push(("again", coupon("code10")));
    steps.push(("rest", wait("1h")));
    let mut world = World::new([journey("it", &steps)]);
    world.tell(event("go"));
    let kept: Vec<&String> = world.run("it").coupons.keys().collect();
    assert_eq!(kept, names.iter().take(20).collect::<Vec<_>>());
    let last = world.run("it").coupons.get("code10").map(|code| json!(code));
    assert_eq!(world.contact.field("code10"), last);
    assert!(world.contact.field("code31").is_some());
}

/// Goal: a contact that was stored before runs kept codes can be read, and its run goes on.
#[test]
fn a10_an_older_run_is_read() {
    let steps = [("coupon", coupon("code")), ("rest", wait("1h"))];
    let mut world = World::new([journey("it", &steps)]);
    world.tell(event("go"));
    let mut stored = json!(world.contact);
    for run in stored["runs"].as_object_mut().unwrap().values_mut() {
        assert!(run.as_object_mut().unwrap().remove("coupons").is_some());
    }
    world.contact = serde_json::from_value::<Contact>(stored).unwrap();
    assert!(world.run("it").coupons.is_empty());
    world.wake();
    assert!(!world.run("it").is_live());
}
