//! Re-entry: never, always, after a time.

use masa_domain::{Again, ContactDetails, Span, Stimulus, Trigger};

use crate::world::{World, event, line, wait};

fn world(again: Again, rest: &str) -> World {
    let begin = [Trigger::event("begin".to_owned())];
    let mut flow = line("welcome", &begin, &[("rest", wait(rest))]);
    flow.again = again;
    World::new([flow])
}

fn entries(world: &World) -> u32 {
    world.contact.flows.get("welcome").map_or(0, |ledger| ledger.entered)
}

/// Goal: never lets in once in a lifetime, also when the run is long over and forgotten.
#[test]
fn never_lets_in_once() {
    let mut world = world(Again::Never, "1h");
    world.tell(event("begin"));
    world.wake();
    world.contact.runs.clear();
    world.pass(300_000_000);
    world.tell(event("begin"));
    assert_eq!(entries(&world), 1, "one entry in ten years");
    assert!(world.contact.runs.is_empty(), "no second run");
}

/// Goal: always lets in at each fact, also while an earlier run goes on.
#[test]
fn always_lets_in_at_each_fact() {
    let mut world = world(Again::Always, "2d");
    for expected in 1..=3 {
        world.tell(event("begin"));
        assert_eq!(entries(&world), expected, "one more run");
    }
    let live = world.runs("welcome").iter().filter(|run| run.is_live()).count();
    assert_eq!(live, 3, "all three go on");
}

/// Goal: after a time lets in again when that has passed since the entry and no run is live; to
/// the second.
#[test]
fn after_a_time_lets_in_when_it_has_passed_and_no_run_is_live() {
    const DAY: u32 = 86_400;
    for (rest, passes, woken, enters) in [
        ("1h", DAY - 1, true, false),
        ("1h", DAY, true, true),
        ("1h", 2 * DAY, true, true),
        ("3d", 2 * DAY, false, false),
    ] {
        let mut world = world(Again::After(Span::seconds(DAY)), rest);
        world.tell(event("begin"));
        let entered = world.now;
        if woken {
            world.wake();
        }
        world.now = entered;
        world.pass(passes);
        world.tell(event("begin"));
        let expected = if enters { 2 } else { 1 };
        assert_eq!(entries(&world), expected, "{passes} s after an entry that rests {rest}");
    }
}

/// Goal: a fact that was let in before the last entry and arrives after it does not let in.
#[test]
fn after_a_time_counts_from_the_youngest_entry_when_facts_arrive_late() {
    let mut world = world(Again::After(Span::seconds(0)), "1h");
    let mut late = world.fact(event("begin"), ContactDetails::default());
    world.pass(60);
    world.tell(event("begin"));
    world.wake();
    late.received_at = late.at;
    world.act(&Stimulus::Fact(Box::new(late)));
    assert_eq!(entries(&world), 1, "the late fact is older than the entry");
}

/// Goal: a fact that comes again after it was forgotten does not begin its run anew, not even
/// where every fact lets in.
#[test]
fn a_forgotten_fact_that_comes_again_does_not_restart_its_run() {
    let mut world = world(Again::Always, "3d");
    let fact = world.fact(event("begin"), ContactDetails::default());
    let stimulus = Stimulus::Fact(Box::new(fact.clone()));
    world.act(&stimulus);
    let run = world.run("welcome").clone();
    world.pass(26 * 3_600);
    world.tell(event("something else"));
    assert!(!world.contact.has_applied(&fact), "after 25 hours the fact is forgotten");
    world.act(&stimulus);
    assert_eq!(*world.run("welcome"), run, "its run goes on as it was");
    assert_eq!(entries(&world), 1, "it entered once");
}
