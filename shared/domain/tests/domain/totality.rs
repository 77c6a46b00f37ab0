//! Whatever it is given, the decision answers: broken flows, flows that are gone, loops, times at
//! the end of time.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use masa_domain::{
    Action, Again, Contact, End, Flow, Known, MessageId, Need, State, Status, Step, Stimulus,
    Trigger, decide,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    generate::history,
    journeys::flows,
    world::{World, contact_id, email, event, line, message, wait},
};

fn moment() -> impl Strategy<Value = Timestamp> {
    select(vec![Timestamp::MIN, Timestamp::UNIX_EPOCH, crate::world::DAWN, Timestamp::MAX])
}

/// Decides with flows of which any may be gone, and with no message known of any run.
fn answer(contact: &Contact, stimulus: &Stimulus, flows: &World, gone: bool, now: Timestamp) {
    let mut known = Known { catalogue: Arc::clone(&flows.catalogue), ..Known::default() };
    for _ in 0..1_000 {
        match decide(contact, stimulus, &known, now) {
            Ok(decision) => {
                let again = decide(contact, stimulus, &known, now);
                assert_eq!(again, Ok(decision), "the same question has the same answer");
                return;
            }
            Err(Need::Flow(name, version)) => {
                let key = (name, version);
                let flow = flows.flows.get(&key).filter(|_| !gone).cloned();
                known.flows.insert(key, flow);
            }
            Err(Need::Messages(run)) => {
                known.messages.insert(run, Vec::new());
            }
        }
    }
    unreachable!("the decision asks for more and more");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Goal: no input makes the decision panic or ask without end: steps that lead anywhere or
    /// nowhere, missing versions, any generation, any moment.
    #[test]
    fn the_decision_is_total(
        flows in flows(true),
        ops in history(),
        wires in vec((any::<prop::sample::Index>(), 0..30_u32), 0..6),
        gone in any::<bool>(),
        now in moment(),
        generation in select(vec![0, 1, 2, 3, u32::MAX]),
    ) {
        let mut bent = flows.clone();
        for flow in &mut bent {
            rewire(flow, &wires);
        }
        let bent = World::new(bent);
        let world = World::after(flows, &ops);
        let states = world.log.iter().map(|moved| &moved.after);
        let states: Vec<&Contact> = states.chain([&world.contact]).collect();
        let last = states[states.len() - 1];
        for moved in &world.log {
            let mut stimulus = moved.stimulus.clone();
            if let Stimulus::Fact(fact) = &mut stimulus {
                (fact.received_at, fact.at) = (now, now);
            }
            answer(&moved.before, &stimulus, &bent, gone, now);
            answer(last, &stimulus, &bent, gone, now);
        }
        for run in last.runs.values() {
            for generation in [generation, run.generation] {
                let id = MessageId { run: run.id, generation };
                let settled = message(id, Status::Unknown { at: now });
                for stimulus in [
                    Stimulus::Wake { run: run.id, generation },
                    Stimulus::Message(Box::new(settled)),
                ] {
                    answer(last, &stimulus, &bent, gone, now);
                }
            }
        }
    }
}

/// Lets steps lead to any step, before or behind, there or not.
fn rewire(flow: &mut Flow, wires: &[(prop::sample::Index, u32)]) {
    let ids: Vec<String> = flow.steps.keys().cloned().collect();
    if ids.is_empty() {
        flow.first = Some("s0".to_owned());
        return;
    }
    for (from, to) in wires {
        let step = flow.steps.get_mut(from.get(&ids)).unwrap();
        let to = Some(format!("s{to}"));
        if let Action::If { then, .. } = &mut step.action {
            then.clone_from(&to);
        }
        step.next = to;
    }
}

fn begin() -> [Trigger; 1] {
    [Trigger::event("begin".to_owned())]
}

fn failure(world: &World) -> &str {
    match &world.run("bent").state {
        State::Ended { end: End::Failed { reason }, .. } => reason,
        other => unreachable!("the run should have failed and is {other:?}"),
    }
}

/// Goal: a step that is not there ends the run as failed, and the reason names the step.
#[test]
fn a_missing_step_fails_the_run_with_the_reason() {
    let mut flow = line("bent", &begin(), &[("hello", email("hello")), ("rest", wait("2d"))]);
    flow.steps.get_mut("hello").unwrap().next = Some("story".to_owned());
    let mut world = World::new([flow]);
    world.tell(event("begin"));
    world.send();
    assert_eq!(
        failure(&world),
        "step `story` is not in this version of the flow",
        "the reason names the step that is missing"
    );
    assert!(world.sends.is_empty() && world.armed.is_empty(), "a failed run asks for nothing");
}

/// Goal: a version that is gone when a run goes on ends the run as failed, and the reason names it.
#[test]
fn a_missing_flow_version_fails_the_run_with_the_reason() {
    let mut world = World::new([line("bent", &begin(), &[("rest", wait("2d"))])]);
    world.tell(event("begin"));
    world.flows.clear();
    world.wake();
    assert_eq!(failure(&world), "version 1 of the flow is gone", "the reason names the version");
}

/// Goal: a live version that is gone lets nobody in, and the fact is applied all the same.
#[test]
fn a_missing_live_version_lets_nobody_in() {
    let mut world = World::new([line("bent", &begin(), &[("rest", wait("2d"))])]);
    world.flows.clear();
    world.tell(event("begin"));
    assert!(world.contact.runs.is_empty(), "there is nothing to enter");
    assert_eq!(world.contact.applied.len(), 1, "the fact is applied");
}

/// Goal: steps that lead back without a wait end the run as failed instead of hanging the function.
#[test]
fn a_circle_without_a_wait_fails_the_run_with_the_reason() {
    let fields = BTreeMap::from([("status".to_owned(), "vip".into())]);
    let steps = [("mark", Action::Set(fields)), ("count", count("rounds"))];
    let mut flow = line("bent", &begin(), &steps);
    flow.steps.get_mut("count").unwrap().next = Some("mark".to_owned());
    let mut world = World::new([flow]);
    world.tell(event("begin"));
    assert_eq!(
        failure(&world),
        "the flow returns to step `mark` without a wait",
        "the reason names the step where the circle closes"
    );
}

fn count(field: &str) -> Action {
    Action::Count { field: field.to_owned(), by: 1 }
}

/// Goal: a flow without steps is passed through and finished.
#[test]
fn a_flow_without_steps_finishes_at_once() {
    let mut world = World::new([line("bent", &begin(), &[])]);
    world.tell(event("begin"));
    let finished = State::Ended { end: End::Finished, at: world.now };
    assert_eq!(world.run("bent").state, finished, "nothing was to be done");
}

/// Goal: a contact has at most 20 live runs, so that its state stays small enough for one item;
/// the next trigger after one of them ended lets in again.
#[test]
fn the_live_runs_of_a_contact_are_bounded() {
    let mut flow = line("bent", &begin(), &[("rest", wait("2d"))]);
    flow.again = Again::Always;
    let mut world = World::new([flow]);
    for _ in 0..21 {
        world.tell(event("begin"));
    }
    assert_eq!(world.runs("bent").len(), 20, "the twenty-first run is not entered");
    assert_eq!(world.contact.id, contact_id(), "the contact stays the same");
    world.wake();
    world.tell(event("begin"));
    let live = world.runs("bent").iter().filter(|run| run.is_live()).count();
    assert_eq!(live, 20, "an ended run makes room for another");
}

/// Goal: a flow that loops over a wait is left by none of the bounds: it goes round at every wake.
#[test]
fn a_circle_over_a_wait_goes_round() {
    let mut flow = line("bent", &begin(), &[("count", count("rounds")), ("rest", wait("2d"))]);
    let back = Step { action: wait("2d"), next: Some("count".to_owned()) };
    flow.steps.insert("rest".to_owned(), back);
    let mut world = World::new([flow]);
    world.tell(event("begin"));
    for _ in 0..100 {
        world.wake();
    }
    assert_eq!(world.contact.field("rounds"), Some(101.into()), "once at entry and at every wake");
    assert!(world.run("bent").is_live(), "it still goes round");
    assert!(world.run("bent").story.len() <= 60, "its story is bounded");
}
