//! Properties of every decision, over arbitrary journeys without loops and arbitrary histories:
//! facts, outcomes, wakes, reads, duplicates, strays, late and lost ones.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use masa_domain::{
    Again, Bought, Contact, Decision, Effect, Fact, Flow, Happening, Id, MessageId, Product, Run,
    RunId, State, Status, Stimulus, Trigger, What, decide,
};
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    generate::{Op, history, outcome},
    journeys::flows,
    world::{Moved, World, message, need_of},
};

/// How many runs of a contact are live at most.
const LIVE_MAX: usize = 20;
/// How many ended runs a contact keeps.
const ENDED_KEPT: usize = 10;

fn journeys() -> impl Strategy<Value = (Vec<Flow>, Vec<Op>)> {
    (flows(true), history())
}

fn needs(contact: &Contact) -> Vec<Effect> {
    contact.runs.values().filter_map(|run| need_of(run, contact.id)).collect()
}

fn position(run: &Run) -> Option<&str> {
    match &run.state {
        State::Sending { step } | State::Waiting { step, .. } => Some(step),
        State::Ended { .. } => None,
    }
}

/// The steps that can come after `step`.
fn ahead<'a>(flow: &'a Flow, step: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![step];
    while let Some(at) = open.pop() {
        let ways = flow.ways(&flow.steps[at]).into_iter().filter_map(|(_, next)| next);
        for next in ways {
            if found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

/// Whether `after` is a legal successor of the same run's `before`.
fn went_forward(world: &World, before: &Run, after: &Run) -> bool {
    // A goal may be reached at any time, also after the end, and is no move.
    let reached = Run {
        goal_at: after.goal_at,
        story: after.story.clone(),
        forgotten: after.forgotten,
        ..before.clone()
    };
    if *after == reached && after.goal_at >= before.goal_at {
        return true;
    }
    let flow = &world.flows[&(after.flow.clone(), after.version)];
    let moves_on = match (position(before), position(after)) {
        (None, _) => false,
        (Some(_), None) => true,
        // A message may be held again, and a wait begin anew.
        (Some(from), Some(to)) if from == to => matches!(before.state, State::Waiting { .. }),
        (Some(from), Some(to)) => ahead(flow, from).contains(to),
    };
    moves_on && after.generation > before.generation
}

fn fires(trigger: &Trigger, fact: &Fact, before: &Contact) -> bool {
    match (trigger, &fact.what) {
        (Trigger::Joined(list), _) => {
            fact.details.lists.contains(list) && !before.lists.contains_key(list)
        }
        (Trigger::Form(form), Happening::Signup { form: Some(filled) }) => form == filled,
        (Trigger::Purchased(Bought { product: Product::Any, .. }), Happening::Purchase(_)) => true,
        (
            Trigger::Purchased(Bought { product: Product::One(wanted), .. }),
            Happening::Purchase(order),
        ) => order.items.iter().any(|item| item.product_id == *wanted),
        (Trigger::Event { name: wanted, .. }, Happening::Event { name, .. }) => name == wanted,
        _ => false,
    }
}

fn live(contact: &Contact) -> usize {
    contact.runs.values().filter(|run| run.is_live()).count()
}

fn entered(contact: &Contact, flow: &str) -> u32 {
    contact.flows.get(flow).map_or(0, |ledger| ledger.entered)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Goal: a redelivered stimulus changes nothing, asks for nothing that the state does not need,
    /// and asks for all that the first delivery asked for, should that have died before it did it.
    #[test]
    fn a_stimulus_applied_twice_equals_once_and_mends_lost_effects(
        (flows, ops) in journeys(), later in 0..7_200_i64,
    ) {
        let world = World::after(flows, &ops);
        for Moved { stimulus, now, decision, after, .. } in &world.log {
            let later = *now + SignedDuration::from_secs(later);
            let again = decide(after, stimulus, &world.all_flows(), later).unwrap();
            prop_assert_eq!(&again.contact, &None, "the second time changes nothing");
            let needed = needs(after);
            for effect in &again.effects {
                prop_assert!(needed.contains(effect), "{effect:?} is not what the state needs");
            }
            for effect in &decision.effects {
                let forward = !matches!(effect, Effect::Disarm { .. });
                prop_assert!(
                    !forward || again.effects.contains(effect),
                    "{effect:?} would be lost by a crash after the commit of {stimulus:?}"
                );
            }
        }
    }

    /// Goal: a run never goes back: its generation rises with every change, its position follows
    /// the flow, and once ended it stays as it is (but for its goal) until it is forgotten.
    #[test]
    fn a_run_never_goes_back((flows, ops) in journeys()) {
        let world = World::after(flows, &ops);
        for Moved { before, after, .. } in &world.log {
            let ended_kept = after.runs.len() - live(after);
            for (id, run) in &before.runs {
                match after.runs.get(id) {
                    Some(now) => prop_assert!(
                        went_forward(&world, run, now),
                        "a run went from {run:?} to {now:?}"
                    ),
                    None => prop_assert_eq!(
                        ended_kept, ENDED_KEPT,
                        "a run is forgotten only when there are enough younger ended ones"
                    ),
                }
            }
            prop_assert!(ended_kept <= ENDED_KEPT, "{ended_kept} ended runs are kept");
            prop_assert!(live(after) <= LIVE_MAX, "the live runs are bounded");
            prop_assert_eq!(before.version, after.version, "the version is the commit's to count");
        }
    }

    /// Goal: every run that moved and did not end has exactly one way forward: its message is to be
    /// sent, or its wake is to be armed.
    #[test]
    fn a_run_that_moved_ends_or_asks_for_one_way_forward((flows, ops) in journeys()) {
        let world = World::after(flows, &ops);
        for Moved { before, decision, after, .. } in &world.log {
            for run in after.runs.values() {
                let moved = before.runs.get(&run.id).map(|run| run.generation)
                    != Some(run.generation);
                let Some(need) = need_of(run, world.contact.id).filter(|_| moved) else { continue };
                let asked = decision.effects.iter().filter(|effect| **effect == need).count();
                prop_assert_eq!(asked, 1, "{:?} is asked for once", need);
            }
        }
    }

    /// Goal: every run ends once its messages are settled and its wakes have fired, whatever was
    /// lost by crashes on the way and came again.
    #[test]
    fn every_run_ends_when_the_world_becomes_quiet(
        flows in flows(false), ops in history(), outcomes in vec(outcome(), 1..5),
    ) {
        let mut world = World::after(flows, &ops);
        world.quiet(&outcomes);
        for run in world.contact.runs.values() {
            prop_assert!(!run.is_live(), "a run is stuck: {run:?}");
        }
    }

    /// Goal: what was armed or sent for another generation, for another state or for no run at all
    /// changes nothing.
    #[test]
    fn wakes_and_outcomes_that_no_run_waits_for_change_nothing((flows, ops) in journeys()) {
        let world = World::after(flows, &ops);
        let (contact, known) = (&world.contact, world.all_flows());
        let nobody = RunId(Id::derive(&["nobody's run"]));
        let unknown = (0..3).map(|generation| (nobody, generation, true, true));
        let stale = contact.runs.values().flat_map(|run| {
            let now = run.generation;
            let waits = matches!(run.state, State::Waiting { .. });
            let sends = matches!(run.state, State::Sending { .. });
            (0..now + 3).map(move |n| (run.id, n, n != now || !waits, n != now || !sends))
        });
        for (run, generation, wake_is_stale, message_is_stale) in unknown.chain(stale) {
            let status = Status::Sent { at: world.now, provider_id: String::new() };
            let outcome = message(MessageId { run, generation }, status);
            for (stale, stimulus) in [
                (wake_is_stale, Stimulus::Wake { run, generation }),
                (message_is_stale, Stimulus::Message(Box::new(outcome))),
            ] {
                if stale {
                    let decision = decide(contact, &stimulus, &known, world.now).unwrap();
                    prop_assert_eq!(decision.contact, None, "{:?} changes nothing", stimulus);
                    for effect in decision.effects {
                        prop_assert!(needs(contact).contains(&effect), "{effect:?} is not needed");
                    }
                }
            }
        }
    }

    /// Goal: nothing is asked for that the committed state does not mean: a message only of a run
    /// that sends it, a wake only of a run that waits for it, and only wakes that can't come back
    /// are forgotten.
    #[test]
    fn effects_are_sound((flows, ops) in journeys()) {
        let world = World::after(flows, &ops);
        for Moved { decision, after, .. } in &world.log {
            let needed = needs(after);
            for effect in &decision.effects {
                let sound = match effect {
                    Effect::Send { .. } | Effect::Arm { .. } => needed.contains(effect),
                    Effect::Look { until } => after.look_at == Some(*until),
                    Effect::Disarm { run, generation } => {
                        after.runs.get(run).is_none_or(|run| *generation < run.generation)
                    }
                };
                prop_assert!(sound, "{effect:?} does not fit the state");
            }
        }
    }

    /// Goal: re-entry. Never: one entry in a lifetime. After a time: entries that far apart and
    /// never two runs at once. Always: one entry for each fact that matches, and no other.
    #[test]
    fn entries_keep_to_the_flows_rule((flows, ops) in journeys()) {
        let world = World::after(flows, &ops);
        for Moved { before, stimulus, after, .. } in &world.log {
            for flow in world.flows.values() {
                let (was, is) = (entered(before, &flow.name), entered(after, &flow.name));
                // Who follows a link in a mail for the first time does two things.
                let things = match stimulus {
                    Stimulus::Read { links, .. } => 1 + u32::try_from(links.len()).unwrap(),
                    _ => 1,
                };
                prop_assert!(is - was <= things, "what happens lets in once");
                let of_flow = |run: &&Run| run.flow == flow.name && run.is_live();
                let inside = after.runs.values().filter(of_flow).count();
                match flow.again {
                    Again::Never => prop_assert!(is <= 1, "never again means once"),
                    Again::After(pause) => {
                        prop_assert!(inside <= 1, "{} runs of one flow at once", inside);
                        if is > was && was > 0 {
                            let last = before.flows[&flow.name].last_at;
                            let entry = after.flows[&flow.name].last_at;
                            prop_assert!(pause.after(last) <= entry, "{last} and then {entry}");
                        }
                    }
                    Again::Always => {}
                }
                if let Stimulus::Fact(fact) = stimulus
                    && !before.has_applied(fact)
                    && flow.triggers.iter().any(|trigger| fires(trigger, fact, before))
                    && flow.entry_if.is_none()
                    && (flow.again == Again::Always || was == 0)
                    && live(before) + world.flows.len() <= LIVE_MAX
                {
                    prop_assert_eq!(is, was + 1, "a matching fact lets in, once");
                }
            }
        }
    }

    /// Goal: the same history leads to the same decisions, to the last byte: nothing of the machine
    /// comes in.
    #[test]
    fn the_same_history_leads_to_the_same_decisions((flows, ops) in journeys()) {
        let world = World::after(flows, &ops);
        let earlier = World::after(world.flows.values().map(|flow| (**flow).clone()).collect(), &ops);
        prop_assert_eq!(world.log.len(), earlier.log.len(), "the same history");
        for (one, other) in world.log.iter().zip(&earlier.log) {
            let Moved { decision: Decision { contact, effects, verdict }, .. } = one;
            prop_assert_eq!(contact, &other.decision.contact, "the same state");
            prop_assert_eq!(effects, &other.decision.effects, "the same effects");
            prop_assert_eq!(*verdict, other.decision.verdict, "the same verdict");
        }
    }
}

/// Goal: the generators reach what the properties speak of; a property over journeys in which
/// nothing ever happens would hold for any code.
#[test]
fn the_histories_reach_every_state_and_effect() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..400 {
        let (flows, ops) = journeys().new_tree(&mut runner).unwrap().current();
        let world = World::after(flows, &ops);
        for moved in &world.log {
            seen.extend(marks(moved));
        }
    }
    for mark in [
        "sending",
        "waiting",
        "finished",
        "left",
        "exited",
        "armed",
        "disarmed",
        "asked to send",
        "a branch taken",
        "a branch not taken",
        "three messages",
        "entered by a step",
        "again",
        "several runs",
        "nothing changed but effects",
        "moved on and ended by a list at once",
        "what was waited for happened",
        "a way of a split",
        "a goal",
        "a note",
        "read",
    ] {
        assert!(seen.contains(mark), "the histories never reach: {mark}; they reach {seen:?}");
    }
}

fn marks(Moved { before, stimulus, decision, after, .. }: &Moved) -> Vec<&'static str> {
    let mut marks = Vec::new();
    if matches!(stimulus, Stimulus::Read { .. }) && decision.contact.is_some() {
        marks.push("read");
    }
    let steps_taken =
        |run: &Run| run.generation - before.runs.get(&run.id).map_or(0, |before| before.generation);
    if after.runs.values().any(|run| steps_taken(run) > 1) {
        marks.push("moved on and ended by a list at once");
    }
    for run in after.runs.values() {
        marks.push(match &run.state {
            State::Sending { .. } => "sending",
            State::Waiting { .. } => "waiting",
            State::Ended { end, .. } => match end {
                masa_domain::End::Finished => "finished",
                masa_domain::End::Left => "left",
                masa_domain::End::Exited { .. } => "exited",
                masa_domain::End::Failed { .. } => "failed",
            },
        });
        for entry in &run.story {
            match &entry.what {
                What::Came(_) => marks.push("what was waited for happened"),
                What::Way(_) => marks.push("a way of a split"),
                What::Goal(_) => marks.push("a goal"),
                What::Note(_) => marks.push("a note"),
                What::Branch(true) => marks.push("a branch taken"),
                What::Branch(false) => marks.push("a branch not taken"),
                _ => {}
            }
        }
        if run.messages.len() >= 3 {
            marks.push("three messages");
        }
        if run.fact.is_none() {
            marks.push("entered by a step");
        }
    }
    for effect in &decision.effects {
        marks.push(match effect {
            Effect::Send { .. } => "asked to send",
            Effect::Arm { .. } => "armed",
            Effect::Disarm { .. } => "disarmed",
            Effect::Look { .. } => "to be looked at",
        });
    }
    if after.flows.values().any(|ledger| ledger.entered > 1) {
        marks.push("again");
    }
    if live(after) > 1 {
        marks.push("several runs");
    }
    if decision.contact.is_none() && !decision.effects.is_empty() {
        marks.push("nothing changed but effects");
    }
    marks
}
