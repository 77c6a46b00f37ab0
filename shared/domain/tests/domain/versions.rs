//! Versions: who is inside stays or moves; a journey is paused, resumed and retired.

use std::sync::Arc;

use masa_domain::{
    Action, Again, Catalogue, End, Flow, LiveFlow, Standing, State, Stimulus, Trigger,
};

use crate::world::{World, email, event, joined, line, wait};

fn journey() -> Flow {
    let exits = vec![Trigger::event("buy")];
    let steps = [("rest", wait("2d")), ("hello", email("hello")), ("last", wait("1d"))];
    Flow { again: Again::Always, exits, ..line("it", &[Trigger::event("go")], &steps) }
}

impl World {
    /// The flow stands so from now on.
    fn stands(&mut self, standing: Standing) {
        let mut catalogue: Catalogue = (*self.catalogue).clone();
        let live = catalogue.flows.get("it").unwrap().clone();
        catalogue.flows.insert("it".to_owned(), LiveFlow { standing, ..live });
        self.catalogue = Arc::new(catalogue);
    }

    /// Another version of the flow is live from now on.
    pub(crate) fn goes_live(&mut self, version: u32, flow: Flow) {
        let mut catalogue: Catalogue = (*self.catalogue).clone();
        let live = LiveFlow::new(&flow, version, String::new());
        catalogue.flows.insert("it".to_owned(), live);
        self.catalogue = Arc::new(catalogue);
        self.flows.insert(("it".to_owned(), version), Arc::new(flow));
    }

    fn place(&self) -> Option<&str> {
        match &self.run("it").state {
            State::Sending { step } | State::Waiting { step, .. } => Some(step),
            State::Ended { .. } => None,
        }
    }
}

/// Goal: who is inside a paused journey stands before the next step, however often it is looked at; when
/// it is resumed it goes on at once, and waits count from then.
#[test]
fn a_paused_journey_stands_and_goes_on() {
    let mut world = World::new([journey()]);
    world.tell(event("go"));
    world.stands(Standing::Paused);
    world.tell(event("go"));
    assert_eq!(world.runs("it").len(), 1, "nobody enters");
    for _ in 0..3 {
        world.wake();
        assert_eq!((world.place(), world.sends.len()), (Some("hello"), 0), "before the mail");
    }
    world.stands(Standing::Live);
    world.act(&Stimulus::Overdue);
    assert_eq!((world.place(), world.sends.len()), (Some("hello"), 1), "at once");
    let begun = world.now;
    world.send();
    // The wake of the pause comes too, and changes nothing.
    while world.run("it").is_live() {
        world.wake();
    }
    assert_eq!(world.now.duration_since(begun).as_hours(), 24, "the wait counts from the mail");
}

/// Goal: a message on its way when the journey is paused is sent, and the run stands after it; one that
/// nobody wakes when it is resumed looks for itself within a day.
#[test]
fn what_is_on_its_way_is_sent_and_nobody_is_forgotten() {
    let mut world = World::new([journey()]);
    world.tell(event("go"));
    world.wake();
    world.stands(Standing::Paused);
    world.send();
    assert_eq!(world.place(), Some("last"));
    world.stands(Standing::Live);
    world.wake();
    assert_eq!(world.place(), Some("last"), "the wait begins now");
    world.wake();
    assert!(!world.run("it").is_live());
}

/// Goal: exits work in a paused journey, and what happens before a wait for it has begun does not end it.
#[test]
fn exits_work_in_a_paused_journey() {
    let mut world = World::new([journey()]);
    world.tell(event("go"));
    world.stands(Standing::Paused);
    world.wake();
    world.tell(event("buy"));
    assert!(!world.run("it").is_live());

    let (until, span) = (vec![Trigger::event("came")], "3d".parse().unwrap());
    let (then, otherwise) = (Some("yes".to_owned()), None);
    let asks = Action::Await { until, span, then, otherwise };
    let mut flow = line("it", &[Trigger::event("go")], &[("rest", wait("1d")), ("asks", asks)]);
    let yes = line("", &[], &[("yes", Action::Join("yes".to_owned()))]);
    flow.steps.extend(yes.steps);
    let mut world = World::new([flow]);
    world.tell(event("go"));
    world.stands(Standing::Paused);
    world.wake();
    world.tell(event("came"));
    assert_eq!(world.place(), Some("asks"), "it has not begun to wait");
    world.stands(Standing::Live);
    world.act(&Stimulus::Overdue);
    world.tell(event("came"));
    assert!(world.contact.lists.contains_key("yes"));
}

/// Goal: who is inside a journey that ends leaves it: at once when it waits, with its message when it
/// sends; and nobody enters.
#[test]
fn a_retired_journey_lets_go() {
    for sending in [false, true] {
        let mut world = World::new([journey()]);
        world.tell(event("go"));
        if sending {
            world.wake();
        }
        world.stands(Standing::Ending);
        world.tell(event("go"));
        assert_eq!(world.runs("it").len(), 1);
        world.act(&Stimulus::Overdue);
        if sending {
            assert_eq!(world.place(), Some("hello"));
            world.send();
        }
        let State::Ended { end: End::Exited { rule }, .. } = &world.run("it").state else {
            panic!("{:?}", world.run("it").state)
        };
        assert_eq!(rule, "the journey was retired");
        assert_eq!(world.contact.flows["it"].left, 1);
    }
}

/// Goal: who is inside stays on their version; moved, they go on in the new one from the step at which
/// they stand, whose wait keeps its time; where that step is gone, or does something else, they stay.
#[test]
fn moving_by_step_ids() {
    let new = || {
        let steps = [("rest", wait("9d")), ("other", email("other"))];
        line("it", &[joined("news")], &steps)
    };
    let mut world = World::new([journey()]);
    world.tell(event("go"));
    world.goes_live(2, new());
    assert_eq!(world.run("it").version, 1, "it stays");
    let decision = world.decide(&Stimulus::Move { flow: "it".to_owned(), version: 2 });
    assert_eq!(decision.effects, [], "what is armed stays armed");
    world.act(&Stimulus::Move { flow: "it".to_owned(), version: 2 });
    assert_eq!(world.run("it").version, 2);
    let begun = world.now;
    world.wake();
    assert_eq!(world.now.duration_since(begun).as_hours(), 48, "the wait that has begun");
    assert_eq!(world.place(), Some("other"), "the step of the new version");
    let again = world.decide(&Stimulus::Move { flow: "it".to_owned(), version: 2 });
    assert_eq!(again.contact, None, "the second time changes nothing");

    for (gone, steps) in [
        ("is gone", [("first", wait("2d")), ("other", email("other"))]),
        ("sends", [("rest", email("other")), ("other", email("other"))]),
    ] {
        let mut world = World::new([journey()]);
        world.tell(event("go"));
        world.goes_live(2, line("it", &[joined("news")], &steps));
        world.act(&Stimulus::Move { flow: "it".to_owned(), version: 2 });
        assert_eq!(world.run("it").version, 1, "its step {gone}");
        world.wake();
        assert_eq!(world.place(), Some("hello"), "it goes on as before");
    }
}
