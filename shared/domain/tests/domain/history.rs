//! What is told of runs: the fold of a history is the run, entries and ends are counted, and what
//! should have moved is moved.

use jiff::SignedDuration;
use masa_domain::{Effect, End, Entry, MessageId, State, Stimulus, Verdict, What, story::fold};
use proptest::{collection::vec, prelude::*};

use crate::{
    generate::{history, outcome},
    journeys::flows,
    world::{DAWN, Outcome, World, contact_id, email, joined, line, need_of, wait},
};

proptest! {
    /// Goal: a stored run is the fold of its stored history, whatever happened.
    #[test]
    fn a_run_is_the_fold_of_its_history(flows in flows(true), ops in history()) {
        for moved in &World::after(flows, &ops).log {
            for run in moved.after.runs.values().filter(|run| run.forgotten == 0) {
                let folded = fold(&run.story);
                prop_assert_eq!(folded.generation, run.generation, "{:?}", run.story);
                prop_assert_eq!(folded.state.as_ref(), Some(&run.state), "{:?}", run.story);
                prop_assert_eq!(&folded.messages, &run.messages, "{:?}", run.story);
            }
        }
    }

    /// Goal: who entered a flow is inside, has finished, has left, or could not go on.
    #[test]
    fn entries_and_ends_are_counted(flows in flows(true), ops in history()) {
        for moved in &World::after(flows, &ops).log {
            for (name, ledger) in &moved.after.flows {
                let inside = moved.after.runs.values();
                let inside = inside.filter(|run| run.flow == *name && run.is_live()).count();
                let ended = ledger.finished + ledger.left + ledger.failed;
                prop_assert_eq!(u64::from(ledger.entered), u64::from(ended) + inside as u64);
            }
        }
    }

    /// Goal: whatever effects were lost, and outcomes with them, a live run is overdue at last, and
    /// then nothing more than looking after it brings it to its end.
    #[test]
    fn looking_after_what_is_overdue_ends_every_run(
        flows in flows(false), ops in history(), outcomes in vec(outcome(), 1..5),
    ) {
        let mut world = World::after(flows, &ops);
        let mut outcomes = outcomes.iter().copied().cycle();
        for _ in 0..3_000 {
            let Some(due) = world.contact.due() else { break };
            // All effects are lost, and of the messages half are sent without anybody hearing of it.
            world.armed.clear();
            for (n, id) in world.sends.keys().copied().collect::<Vec<_>>().into_iter().enumerate() {
                if n % 2 == 0 {
                    world.settle(id, outcomes.next().unwrap());
                }
            }
            world.now = world.now.max(due);
            world.act(&Stimulus::Overdue);
            let live = world.contact.runs.values().filter(|run| run.is_live());
            for run in live {
                prop_assert!(run.overdue_at > world.now, "the next look is in the future");
            }
        }
        prop_assert_eq!(world.contact.due(), None, "every run has ended");
    }
}

/// Goal: each kind of entry is stored as a line and comes back.
#[test]
fn every_entry_is_read_back() {
    let ended = [
        End::Finished,
        End::Left,
        End::Exited { rule: "purchased: any".to_owned() },
        End::Failed { reason: "version 2 of the flow is gone".to_owned() },
    ];
    let whats = [
        What::Entered,
        What::Sending,
        What::Waiting(DAWN),
        What::Outcome("not sent: the contact refused".to_owned()),
        What::Woke,
        What::Branch(true),
        What::Branch(false),
        What::Note("`visits` is not a number".to_owned()),
    ];
    for what in whats.into_iter().chain(ended.map(What::Ended)) {
        for step in ["", "hello-2"] {
            let entry = Entry { at: DAWN, step: step.to_owned(), what: what.clone() };
            let line = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry, "{line}");
        }
    }
    for line in ["", "1", "1 -", "1 - danced", "x - woke", "1 - waiting soon"] {
        assert!(line.parse::<Entry>().is_err(), "{line:?}");
    }
}

fn one_wait() -> World {
    let steps = [("hello", email("hello")), ("rest", wait("2d")), ("bye", email("bye"))];
    let mut world = World::new(vec![line("welcome", &[joined("news")], &steps)]);
    world.join(&["news"]);
    world
}

/// Goal: a lost wake is made good once it is overdue, and not before.
#[test]
fn a_lost_wake_is_made_good_when_it_is_overdue() {
    let mut world = one_wait();
    world.send();
    world.armed.clear();
    let until = match &world.run("welcome").state {
        State::Waiting { until, .. } => *until,
        other => unreachable!("{other:?}"),
    };
    world.now = until;
    let early = world.decide(&Stimulus::Overdue);
    assert_eq!((early.verdict, early.contact), (Verdict::Repeated, None), "it may still come");
    assert_eq!(
        early.effects,
        [need_of(world.run("welcome"), contact_id()).unwrap()],
        "asked for once more"
    );

    let due = world.contact.due().unwrap();
    assert!(due >= until + SignedDuration::from_hours(1), "{due}");
    assert!(due <= until + SignedDuration::from_hours(2), "{due}");
    world.now = due;
    world.act(&Stimulus::Overdue);
    assert!(matches!(&world.run("welcome").state, State::Sending { step } if step == "bye"));
}

/// Goal: a message whose outcome was recorded and never heard of moves its run.
#[test]
fn an_outcome_that_nobody_heard_of_is_found() {
    let mut world = one_wait();
    let id = *world.sends.keys().next().unwrap();
    world.settle(id, Outcome::Sent);
    world.now = world.contact.due().unwrap();
    world.act(&Stimulus::Overdue);
    assert!(matches!(&world.run("welcome").state, State::Waiting { step, .. } if step == "rest"));
}

/// Goal: a message that was never worked off is asked for again, each time after a longer pause, so
/// that a queue that stands still for a day is not filled with copies.
#[test]
fn a_lost_message_is_asked_for_again_with_growing_pauses() {
    let mut world = one_wait();
    let run = world.run("welcome").id;
    let message = MessageId { run, generation: 1 };
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let before = world.now;
        world.now = world.contact.due().unwrap();
        world.sends.clear();
        world.act(&Stimulus::Overdue);
        assert!(matches!(world.sends.get(&message), Some(Effect::Send { .. })), "asked for again");
        pauses.push(world.now.duration_since(before).as_hours());
    }
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(pauses[0] <= 2 && pauses[7] >= 24, "{pauses:?}");
}
