//! What a decision asks for, and what it says of itself.

use masa_domain::{
    Action, ContactDetails, Effect, Flow, Goal, Happening, Id, Late, MessageId, RunId, Step,
    Stimulus, Trigger, Verdict,
};
use serde_json::json;

use crate::{
    steps,
    world::{World, contact_id, email, event, joined, line, need_of, wait},
};

/// Goal: each verdict has the word by which logs are searched.
#[test]
fn every_verdict_has_its_word() {
    for (verdict, word) in [
        (Verdict::Applied, "applied"),
        (Verdict::Repeated, "repeated"),
        (Verdict::Stale, "stale"),
        (Verdict::Nothing, "nothing"),
    ] {
        assert_eq!(verdict.as_str(), word);
    }
}

/// Goal: a run that begins to wait and whose wait ends in the same decision asks for nothing of the
/// place that it left.
#[test]
fn a_wait_that_ends_in_the_same_decision_is_not_armed() {
    let go = [Trigger::event("go")];
    let mut one = line("one", &go, &[("until", wait("1h"))]);
    let until = Action::Await {
        until: vec![joined("vip")],
        span: "1d".parse().unwrap(),
        then: Some("hello".to_owned()),
        otherwise: None,
    };
    one.steps.insert("until".to_owned(), Step { action: until, next: None });
    one.steps.insert("hello".to_owned(), Step { action: email("hello"), next: None });
    let two = line("two", &go, &[("join", Action::Join("vip".to_owned()))]);
    let mut world = World::new([one, two]);
    world.tell(event("go"));
    let run = world.run("one");
    let message = MessageId { run: run.id, generation: run.generation };
    let asked: Vec<Option<MessageId>> = world.log[0]
        .decision
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { message, .. } => Some(Some(*message)),
            Effect::Arm { .. } => Some(None),
            Effect::Look { .. } | Effect::Disarm { .. } => None,
        })
        .collect();
    assert_eq!(asked, [Some(message)], "its mail alone is asked for");
}

/// Goal: I4, a goal is reached by what happened since the entry, as its sender says, not by what is
/// told late.
#[test]
fn i4_what_happened_before_the_entry_reaches_no_goal() {
    for (before, reached) in [(1, 0), (0, 1)] {
        let goal =
            Goal { reached_by: vec![Trigger::event("bought")], within: "1d".parse().unwrap() };
        let mut flow = line("it", &[Trigger::event("go")], &[("rest", wait("1h"))]);
        flow.goal = Some(goal);
        let mut world = World::new([flow]);
        world.tell(event("go"));
        world.pass(60);
        let mut fact = world.fact(event("bought"), ContactDetails::default());
        fact.at = world.run("it").entered_at - jiff::SignedDuration::from_secs(before);
        world.act(&Stimulus::Fact(Box::new(fact)));
        assert_eq!(world.contact.flows["it"].reached, reached, "{before} s before the entry");
    }
}

/// Goal: a fact that comes again is not counted again; what it led to is asked for once more.
#[test]
fn a_fact_that_comes_again_is_counted_once() {
    let mut world = World::new([line("it", &[Trigger::event("go")], &[("rest", wait("1h"))])]);
    let fact = Stimulus::Fact(Box::new(world.fact(event("go"), ContactDetails::default())));
    world.act(&fact);
    let again = world.decide(&fact);
    assert_eq!((again.verdict, &again.contact), (Verdict::Repeated, &None));
    assert_eq!(again.effects, world.log[0].decision.effects);
    assert_eq!(world.contact.seen["event:go"].times, 1);
}

/// Goal: a run of which nobody wrote down when to look after it is asked for again, and not woken before
/// its time.
#[test]
fn a_run_that_waits_is_not_woken_before_its_time() {
    let mut world = World::new([line("it", &[Trigger::event("go")], &[("rest", wait("2d"))])]);
    world.tell(event("go"));
    let waits = world.run("it").clone();
    world.contact.runs.get_mut(&waits.id).unwrap().overdue_at = jiff::Timestamp::UNIX_EPOCH;
    world.armed.clear();
    world.act(&Stimulus::Overdue);
    let run = world.run("it");
    assert_eq!((&run.state, run.generation), (&waits.state, waits.generation));
    assert!(run.overdue_at > world.now, "the next look is in the future");
    assert_eq!(world.armed.len(), 1, "its wake is asked for again");
}

/// Goal: a stimulus of the past asks for what the run that it moved needs by now, and for nothing of
/// another's; one that no run ever waited for asks for nothing.
#[test]
fn a_stale_stimulus_asks_for_its_own_run_alone() {
    let go = [Trigger::event("go")];
    let steps = [("rest", wait("1h")), ("hello", email("hello"))];
    let slow = [("one", wait("1d")), ("two", wait("1d"))];
    let mut world = World::new([line("it", &go, &steps), line("other", &go, &slow)]);
    world.tell(event("go"));
    let run = world.run("it").id;
    world.wake();
    let again = world.decide(&Stimulus::Wake { run, generation: 1 });
    assert_eq!(
        again.effects,
        [need_of(world.run("it"), contact_id()).unwrap()],
        "of a wake that came before"
    );
    let other = Stimulus::Wake { run: world.run("other").id, generation: 0 };
    assert_eq!(world.decide(&other).effects, [need_of(world.run("other"), contact_id()).unwrap()]);
    let stray = world.decide(&Stimulus::Wake { run, generation: 2 });
    assert_eq!(stray.effects, [], "a run that sends waits for no wake");
    let nobody = RunId(Id::derive(&["nobody's run"]));
    let stray = world.decide(&Stimulus::Wake { run: nobody, generation: 0 });
    assert_eq!(stray.effects, []);
}

/// Goal: nobody goes a way without a share.
#[test]
fn a6_a_way_without_a_share_is_gone_by_nobody() {
    let (none, all) = (("none", 0, false), ("all", 1, false));
    for ways in [[none, all], [all, none]] {
        let mut world = World::new([steps::split(&ways)]);
        world.tell(event("go"));
        assert_eq!(steps::ways(world.run("it")), ["all"]);
    }
}

/// Goal: T7, a date has passed from the moment after it on. Who comes at the very moment of the second
/// of two dates does what follows the first, and waits for the second no more than that moment.
#[test]
fn a3_who_comes_at_the_very_moment_is_not_late() {
    for (after, expected) in [(0, true), (1, false)] {
        let until = |day, late: Option<&str>| match steps::dated(day, "0d", Some("09:00")) {
            Action::Until { moment, .. } => Action::Until { moment, late: late.map(str::to_owned) },
            other => other,
        };
        let count = Action::Count { field: "first".to_owned(), by: 1 };
        let steps = [
            ("one", until("event.one", Some("two"))),
            ("count", count),
            ("two", until("event.two", None)),
        ];
        let flow = Flow { late: Late::Latest, ..line("it", &steps::go(), &steps) };
        let mut world = steps::world("2026-03-10T07:00:00Z", [flow]);
        world.pass(after);
        let data = json!({ "one": "2026-03-09", "two": "2026-03-10" });
        world.tell(Happening::Event { name: "go".to_owned(), data });
        assert_eq!(world.contact.field("first").is_some(), expected, "{after} s after the second");
        assert_eq!(world.run("it").is_live(), expected, "it waits for the second");
    }
}
