//! How runs end before their time, and how steps move other journeys.

use masa_domain::{
    Action, Again, Effect, End, Happening, MessageId, Order, Product, State, Trigger,
};

use crate::world::{Outcome, World, email, event, joined, line, wait};

fn purchase() -> Happening {
    Happening::Purchase(Order::default())
}

/// J1 in short: a mail and a wait, left by a purchase.
fn welcome() -> World {
    let steps = [("hello", email("hello")), ("rest", wait("2d")), ("story", email("story"))];
    let mut flow = line("welcome", &[joined("newsletter")], &steps);
    flow.exits = vec![Trigger::Purchased(Product::Any.into())];
    let mut world = World::new([flow]);
    world.join(&["newsletter"]);
    world
}

fn exited(world: &World) -> State {
    let end = End::Exited { rule: "purchased: any".to_owned() };
    State::Ended { end, at: world.now }
}

/// Goal: a purchase ends a journey that waits, and its wake is forgotten; should it fire all the
/// same, nothing changes.
#[test]
fn an_exit_while_waiting_forgets_the_wake() {
    let mut world = welcome();
    world.send();
    let (run, generation) = *world.armed.keys().next().unwrap();
    world.pass(3_600);
    world.tell(purchase());
    assert_eq!(world.run("welcome").state, exited(&world), "the rule stands in the state");
    let effects = &world.log[world.log.len() - 1].decision.effects;
    assert_eq!(*effects, [Effect::Disarm { run, generation }], "the wake is forgotten");
    let before = world.contact.clone();
    world.act(&masa_domain::Stimulus::Wake { run, generation });
    assert_eq!(world.contact, before, "a wake that fires all the same changes nothing");
    assert!(world.sends.is_empty(), "and sends nothing");
}

/// Goal: a purchase ends a journey whose mail is on the queue; no wake is there to be forgotten,
/// and the mail's outcome comes too late to move anything.
#[test]
fn an_exit_while_sending_outlives_the_outcome() {
    let mut world = welcome();
    world.tell(purchase());
    assert_eq!(world.run("welcome").state, exited(&world), "the rule stands in the state");
    let effects = &world.log[world.log.len() - 1].decision.effects;
    assert_eq!(*effects, [], "there is no wake to forget");
    let before = world.contact.clone();
    let id: MessageId = *world.sends.keys().next().unwrap();
    let outcome = world.settle(id, Outcome::Sent);
    world.act(&outcome);
    assert_eq!(world.contact, before, "the outcome of a left run's mail changes nothing");
    assert!(world.armed.is_empty(), "and arms nothing");
}

/// Goal: what begins a run never ends it: the fact ends the earlier run and begins the next.
#[test]
fn a_fact_that_ends_and_begins_a_flow_does_both_in_this_order() {
    let bought = [Trigger::Purchased(Product::Any.into())];
    let mut flow = line("thanks", &bought, &[("rest", wait("2d"))]);
    (flow.exits, flow.again) = (bought.to_vec(), Again::Always);
    let mut world = World::new([flow]);
    world.tell(purchase());
    world.pass(60);
    world.tell(purchase());
    let runs = world.runs("thanks");
    assert_eq!(runs.len(), 2, "each purchase begins a run");
    assert_eq!(runs[0].state, exited(&world), "the second purchase ended the first run");
    assert!(runs[1].is_live(), "and not the one that it began");
}

/// Goal: A11, an exit step ends the run there.
#[test]
fn a11_an_exit_step_ends_the_run() {
    let steps = [("out", Action::Exit), ("hello", email("hello"))];
    let mut world = World::new([line("welcome", &[joined("newsletter")], &steps)]);
    world.join(&["newsletter"]);
    let left = State::Ended { end: End::Left, at: world.now };
    assert_eq!(world.run("welcome").state, left, "the run left");
    assert!(world.sends.is_empty(), "what stands behind the exit is not done");
}

fn join(list: &str) -> Action {
    Action::Join(list.to_owned())
}

fn leave(list: &str) -> Action {
    Action::Leave(list.to_owned())
}

/// Goal: A4, a join step lets the contact into the flows of that list, once: who is on the list
/// already does not join it.
#[test]
fn a4_a_join_step_triggers_another_flow_once() {
    let mut first = line("first", &[Trigger::event("go".to_owned())], &[("join", join("vip"))]);
    let mut second = line("second", &[joined("vip")], &[("hello", email("hello"))]);
    (first.again, second.again) = (Again::Always, Again::Always);
    let mut world = World::new([first, second]);
    world.tell(event("go"));
    assert_eq!(world.run("second").fact, None, "a step let in, not a fact");
    assert_eq!(world.run("second").entered_at, world.now, "at the moment of the step");
    assert_eq!(world.sends.len(), 1, "the second flow's mail is to be sent");
    world.tell(event("go"));
    assert_eq!(world.runs("first").len(), 2, "the event lets in again");
    assert_eq!(world.runs("second").len(), 1, "the list was joined once");
}

/// Goal: A4, a list that was left can be joined again, and lets in again.
#[test]
fn a4_a_list_that_was_left_can_be_joined_again() {
    let mut first = line("first", &[Trigger::event("go".to_owned())], &[("leave", leave("vip"))]);
    let mut second = line("second", &[joined("vip")], &[]);
    (first.again, second.again) = (Again::Always, Again::Always);
    let mut world = World::new([first, second]);
    world.join(&["vip"]);
    world.tell(event("go"));
    assert!(world.contact.lists.is_empty(), "the list was left");
    world.join(&["vip"]);
    assert_eq!(world.runs("second").len(), 2, "both joins let in");
}

/// Goal: two flows that put the contact on each other's list, and take it off their own, do not
/// chase one another within a decision: each is entered once by what happened.
#[test]
fn two_flows_that_join_each_others_list_are_bounded() {
    let chase = |name, own: &str, other: &str| {
        let steps = [("leave", leave(own)), ("join", join(other))];
        let mut flow = line(name, &[joined(own)], &steps);
        flow.again = Again::Always;
        flow
    };
    let mut world = World::new([chase("cat", "cats", "mice"), chase("mouse", "mice", "cats")]);
    world.join(&["cats"]);
    for flow in ["cat", "mouse"] {
        assert_eq!(world.runs(flow).len(), 1, "`{flow}` is entered once");
        assert!(!world.run(flow).is_live(), "`{flow}` is through");
    }
}

/// Goal: a run whose own step makes its exit rule true leaves before anything goes out: what it
/// asked for in the same decision is not asked for any more.
#[test]
fn a_run_that_ends_itself_by_a_list_asks_for_nothing() {
    for behind in [email("hello"), wait("2d")] {
        let steps = [("join", join("done")), ("behind", behind)];
        let mut flow = line("welcome", &[joined("newsletter")], &steps);
        flow.exits = vec![joined("done")];
        let mut world = World::new([flow]);
        world.join(&["newsletter"]);
        assert!(!world.run("welcome").is_live(), "the list ended the run");
        assert!(world.sends.is_empty(), "an ended run sends nothing");
        assert!(world.armed.is_empty(), "an ended run waits for nothing");
    }
}

/// Goal: a crash after a wake's commit loses nothing: when the wake comes again, the run that it
/// moved and the run that it let into another flow are both seen to.
#[test]
fn a_crash_after_a_wake_loses_neither_run() {
    let steps = [("rest", wait("2d")), ("join", join("vip")), ("hello", email("hello"))];
    let first = line("first", &[joined("newsletter")], &steps);
    let second = line("second", &[joined("vip")], &[("offer", email("offer"))]);
    let mut world = World::new([first, second]);
    world.join(&["newsletter"]);
    let ((run, generation), until) = world.armed.pop_first().unwrap();
    world.now = until;
    world.act_and_crash(&masa_domain::Stimulus::Wake { run, generation });
    assert!(world.sends.is_empty(), "the crash came before the effects");
    world.mend();
    assert_eq!(world.sends.len(), 2, "both mails are to be sent");
}

/// Goal: a flow's ledger of a contact counts how its runs ended, each way for itself.
#[test]
fn every_end_is_counted() {
    let go = [Trigger::event("go")];
    let gone = [("out", Action::Jump("nowhere".to_owned()))];
    let rests = [("rest", wait("1d"))];
    for (steps, bought, expected) in [
        (&[][..], false, [1, 0, 0]),
        (&[("out", Action::Exit)], false, [0, 1, 0]),
        (&rests, true, [0, 1, 0]),
        (&gone, false, [0, 0, 1]),
        (&rests, false, [0, 0, 0]),
    ] {
        let mut flow = line("it", &go, steps);
        flow.exits = vec![Trigger::Purchased(Product::Any.into())];
        let mut world = World::new([flow]);
        world.tell(event("go"));
        if bought {
            world.tell(purchase());
        }
        let ledger = &world.contact.flows["it"];
        assert_eq!(ledger.entered, 1);
        assert_eq!([ledger.finished, ledger.left, ledger.failed], expected, "{steps:?}");
    }
}

/// Goal: what a run counts of itself is stored, and takes no room while there is nothing to count.
#[test]
fn a_runs_counts_are_stored() {
    let mut world = World::new([line("it", &[Trigger::event("go")], &[("rest", wait("1d"))])]);
    world.tell(event("go"));
    let mut run = world.run("it").clone();
    let written = serde_json::to_value(&run).unwrap();
    for count in ["chain", "forgotten", "looks"] {
        assert_eq!(written.get(count), None, "`{count}` is nothing");
    }
    (run.chain, run.forgotten, run.looks) = (1, 2, 3);
    let read: masa_domain::Run =
        serde_json::from_str(&serde_json::to_string(&run).unwrap()).unwrap();
    assert_eq!(read, run);
}
