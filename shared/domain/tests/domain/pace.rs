//! Dose: caps, priority, the best hour; and what goes to people and systems.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Action, Again, Cap, Catalogue, Channel, Condition, Contact, Effect, FieldTest, Flow, Happening,
    Kind, LiveFlow, MessageId, Setup, Span, Standing, State, Status, Step, Stimulus, Trigger, What,
    Windows,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    generate::history,
    journeys::flows,
    world::{Outcome, World, email, event, line, wait},
};

pub(crate) fn cap(channel: Option<Channel>, times: u32, within: &str) -> Cap {
    Cap { channel, times, within: within.parse().unwrap() }
}

/// A world in Jerusalem on a Sunday at ten, with these caps.
pub(crate) fn capped(caps: &[Cap], flows: impl IntoIterator<Item = Flow>) -> World {
    let mut world = World::new(flows);
    world.now = "2026-03-01T08:00:00Z".parse().unwrap();
    world.contact = Contact::new(world.contact.id, world.now);
    let mut setup = Setup { caps: caps.to_vec(), ..Setup::default() };
    setup.shop.timezone = "Asia/Jerusalem".to_owned();
    world.catalogue = Arc::new(Catalogue { setup, ..(*world.catalogue).clone() });
    world
}

/// A flow that sends one mail when `name` happens, each time.
pub(crate) fn mails(name: &str) -> Flow {
    let flow = line(name, &[Trigger::event(name)], &[("mail", email("mail"))]);
    Flow { again: Again::Always, ..flow }
}

/// How many messages wait on the queue; all are sent.
pub(crate) fn sent(world: &mut World) -> usize {
    let ids: Vec<MessageId> = world.sends.keys().copied().collect();
    for id in &ids {
        let stimulus = world.settle(*id, Outcome::Sent);
        world.act(&stimulus);
    }
    ids.len()
}

fn held_until(world: &World, flow: &str) -> Option<String> {
    match &world.runs(flow).last()?.state {
        State::Waiting { until, .. } => Some(until.to_string()),
        _ => None,
    }
}

/// Goal: D2, over the cap a message waits until there is room, across journeys, and by channel.
#[test]
fn d2_over_the_cap_waits() {
    let caps = [cap(Some(Channel::Email), 2, "1d"), cap(None, 3, "3d")];
    let mut world = capped(&caps, [mails("a"), mails("b"), mails("c")]);
    for (name, goes) in [("a", 1), ("b", 1), ("c", 0)] {
        world.tell(event(name));
        assert_eq!(sent(&mut world), goes, "{name}");
        world.pass(60);
    }
    assert_eq!(held_until(&world, "c").as_deref(), Some("2026-03-02T08:00:00Z"), "a day after `a`");
    world.wake();
    assert_eq!(sent(&mut world), 1);
    world.pass(60);
    world.tell(event("a"));
    assert_eq!(sent(&mut world), 0);
    let until = held_until(&world, "a");
    assert_eq!(
        until.as_deref(),
        Some("2026-03-04T08:00:00Z"),
        "three in three days of any channel"
    );
}

/// Goal: D2, a cap of one channel counts and holds the messages of that channel alone.
#[test]
fn d2_a_cap_of_one_channel() {
    use Channel::{Email, Sms};
    for (of, first, second, goes) in [
        (None, Email, Sms, false),
        (Some(Email), Email, Email, false),
        (Some(Email), Email, Sms, true),
        (Some(Email), Sms, Email, true),
        (Some(Sms), Sms, Sms, false),
    ] {
        let flow = |name: &str, channel| {
            let text = Action::Sms { text: BTreeMap::new(), kind: None };
            let action = if channel == Email { email("mail") } else { text };
            line(name, &[Trigger::event(name)], &[("it", action)])
        };
        let flows = [flow("first", first), flow("second", second)];
        let mut world = capped(&[cap(of, 1, "1d")], flows);
        world.tell(event("first"));
        assert_eq!(sent(&mut world), 1);
        world.tell(event("second"));
        assert_eq!(
            world.sends.len() == 1,
            goes,
            "{second:?} after {first:?}, with a cap of {of:?}"
        );
    }
}

/// Goal: D2, what was not sent after all leaves its room, and what is no advertising takes none.
#[test]
fn d2_what_was_not_sent_does_not_count() {
    for (outcome, goes) in [
        (Outcome::Sent, false),
        (Outcome::Unknown, false),
        (Outcome::Skipped, true),
        (Outcome::Failed, true),
    ] {
        let mut world = capped(&[cap(None, 1, "1d")], [mails("a"), mails("b")]);
        world.tell(event("a"));
        let id = *world.sends.keys().next().unwrap();
        let stimulus = world.settle(id, outcome);
        world.act(&stimulus);
        world.tell(event("b"));
        assert_eq!(world.sends.len() == 1, goes, "{outcome:?}");
    }
    let receipt = Flow { kind: Kind::Transactional, ..mails("a") };
    let mut world = capped(&[cap(None, 1, "1d")], [receipt, mails("b")]);
    for name in ["a", "a", "b"] {
        world.tell(event(name));
        assert_eq!(sent(&mut world), 1, "{name}");
    }
}

/// Goal: D2, over the cap until the deadline, then dropped with its reason, and the run goes on.
#[test]
fn d2_over_the_cap_until_the_deadline() {
    for (deadline, dropped) in [("23h", true), ("1d", false)] {
        let steps = [("mail", email("mail")), ("rest", wait("1h"))];
        let b = line("b", &[Trigger::event("b")], &steps);
        let b = Flow { deadline: deadline.parse().ok(), ..b };
        let mut world = capped(&[cap(None, 1, "1d")], [mails("a"), b]);
        world.tell(event("a"));
        sent(&mut world);
        world.tell(event("b"));
        let story = &world.run("b").story;
        let told = story
            .iter()
            .any(|entry| matches!(&entry.what, What::Note(words) if words.starts_with("dropped")));
        assert_eq!(told, dropped, "{deadline}: {story:?}");
        let State::Waiting { step, .. } = &world.run("b").state else { panic!("it waits") };
        assert_eq!(step == "rest", dropped);
    }
}

/// Goal: D3, when one fact starts two journeys and the cap has room for one, the more important goes;
/// the other follows when there is room.
#[test]
fn d3_the_more_important_begins_first() {
    let on_go = |name: &str, priority| Flow {
        priority,
        ..line(name, &[Trigger::event("go")], &[("mail", email("mail"))])
    };
    for (a, b, first) in [(5, 9, "b"), (9, 5, "a"), (5, 5, "a")] {
        let mut world = capped(&[cap(None, 1, "1d")], [on_go("a", a), on_go("b", b)]);
        world.tell(event("go"));
        let sending: Vec<_> = world.sends.values().cloned().collect();
        let [Effect::Send { flow, .. }] = sending.as_slice() else { panic!("one goes") };
        assert_eq!(flow, first, "{a} and {b}");
        sent(&mut world);
        world.wake();
        assert_eq!(sent(&mut world), 1, "the other goes a day later");
    }
}

/// Goal: D3, of two that are held the more important goes first, whichever was held before, and
/// whichever wakes first.
#[test]
fn d3_the_more_important_of_those_held_goes_first() {
    let low = Flow { priority: 2, ..mails("low") };
    let high = Flow { priority: 8, ..mails("high") };
    for (first, second) in [("low", "high"), ("high", "low")] {
        let flows = [mails("before"), low.clone(), high.clone()];
        let mut world = capped(&[cap(None, 1, "1d")], flows);
        world.tell(event("before"));
        sent(&mut world);
        world.pass(60);
        world.tell(event(first));
        world.tell(event(second));
        let mut order = Vec::new();
        for _ in 0..9 {
            if order.len() == 2 {
                break;
            }
            world.wake();
            let sends = world.sends.values();
            order.extend(sends.filter_map(|send| match send {
                Effect::Send { flow, .. } => Some(flow.clone()),
                _ => None,
            }));
            sent(&mut world);
        }
        assert_eq!(order, ["high", "low"], "held in the order {first}, {second}");
        let day = Timestamp::from_second(world.now.as_second()).unwrap();
        let begun: Timestamp = "2026-03-03T08:00:00Z".parse().unwrap();
        assert!(day.duration_since(begun).abs() < SignedDuration::from_mins(2), "{day}");
    }
}

/// Goal: D4, the contact's own hour once enough is known, else the audience's, else at once; the
/// windows hold, and the deadline is not missed for it.
#[test]
fn d4_the_best_hour() {
    let nine_to_five: Windows =
        serde_json::from_value(json!({ "hours": { "from": "09:00", "until": "17:00" } })).unwrap();
    for (own, audience, deadline, windows, expected) in [
        (None, None, None, false, None),
        (None, Some(18), None, false, Some("2026-03-01T16:00:00Z")),
        (Some(7), Some(18), None, false, Some("2026-03-02T05:00:00Z")),
        (Some(10), Some(18), None, false, None),
        (Some(7), None, Some("20h"), false, None),
        (Some(7), None, Some("22h"), false, Some("2026-03-02T05:00:00Z")),
        // An hour that is never open is no wish that can come true.
        (Some(7), None, None, true, None),
        (Some(15), None, None, true, Some("2026-03-01T13:00:00Z")),
    ] {
        let mut flow = Flow { best_hour: true, ..mails("it") };
        flow.deadline = deadline.and_then(|deadline| deadline.parse::<Span>().ok());
        if windows {
            flow.windows = nine_to_five.clone();
        }
        let mut world = capped(&[], [flow]);
        let catalogue = (*world.catalogue).clone();
        world.catalogue = Arc::new(Catalogue { best_hour: audience, ..catalogue });
        // Read five times at one hour in Jerusalem, and four times at another.
        let reads = own.into_iter().flat_map(|hour| {
            std::iter::repeat_n(hour, 5).chain(std::iter::repeat_n((hour + 3) % 24, 4))
        });
        let begun = world.now;
        for (n, hour) in reads.enumerate() {
            let day = format!("2026-02-{:02}T{hour:02}:30[Asia/Jerusalem]", n + 1);
            world.now = day.parse::<jiff::Zoned>().unwrap().timestamp();
            let (flow, step) = ("news".to_owned(), "hello".to_owned());
            world.tell(Happening::Opened { flow, step });
        }
        world.now = begun;
        world.tell(event("it"));
        let case = format!("own {own:?}, audience {audience:?}, {deadline:?}, {windows}");
        assert_eq!(held_until(&world, "it").as_deref(), expected, "{case}");
        assert_eq!(world.sends.is_empty(), expected.is_some(), "{case}");
    }
}

/// Goal: D3, what is not about to go holds nobody up: a message of a paused journey, one that goes when
/// this one counts no more, and one that is no advertising; nor does one that is no more important.
#[test]
fn d3_who_is_not_about_to_go_holds_nobody_up() {
    let sundays: Windows = serde_json::from_value(json!({ "days": ["sun"] })).unwrap();
    let high = || Flow { priority: 8, ..mails("high") };
    for (case, high, cap_within, yields) in [
        ("soon", Flow { windows: at_eleven(), ..high() }, "1d", true),
        ("on Sunday", Flow { windows: sundays, ..high() }, "1d", false),
        ("as important", Flow { windows: at_eleven(), ..mails("high") }, "1d", false),
        ("a second before", Flow { windows: at_eleven(), ..high() }, "3601s", true),
        ("just then", Flow { windows: at_eleven(), ..high() }, "1h", false),
        (
            "service",
            Flow { windows: at_eleven(), kind: Kind::Transactional, ..high() },
            "1d",
            false,
        ),
    ] {
        let mut world = capped(&[cap(None, 1, cap_within)], [high, mails("low")]);
        // A Monday, at ten in Jerusalem.
        world.now = "2026-03-02T08:00:00Z".parse().unwrap();
        world.tell(event("high"));
        assert_eq!(world.sends.len(), 0, "{case}: it is held");
        world.tell(event("low"));
        assert_eq!(world.sends.is_empty(), yields, "{case}");
    }
    let high = Flow { windows: at_eleven(), ..high() };
    let mut world = capped(&[cap(None, 1, "1d")], [high, mails("low")]);
    world.tell(event("high"));
    let mut catalogue = (*world.catalogue).clone();
    let live = LiveFlow { standing: Standing::Paused, ..catalogue.flows["high"].clone() };
    catalogue.flows.insert("high".to_owned(), live);
    world.catalogue = Arc::new(catalogue);
    world.tell(event("low"));
    assert_eq!(world.sends.len(), 1, "a paused journey's message");
}

pub(crate) fn at_eleven() -> Windows {
    serde_json::from_value(json!({ "hours": { "from": "11:00", "until": "12:00" } })).unwrap()
}

/// Goal: D2, a message that was skipped because its run had left takes nobody's room.
#[test]
fn d2_a_message_of_a_run_that_left_takes_no_room() {
    let leaves = Flow { exits: vec![Trigger::event("bye")], ..mails("a") };
    let mut world = capped(&[cap(None, 1, "1d")], [leaves, mails("b")]);
    world.tell(event("a"));
    world.tell(event("bye"));
    let id = *world.sends.keys().next().unwrap();
    let stimulus = world.settle(id, Outcome::Skipped);
    world.act(&stimulus);
    assert_eq!(world.contact.paced, []);
    assert_eq!(world.decide(&stimulus).contact, None, "the second time changes nothing");
}

/// Goal: C5, what a system answered, or what began the run, is not hidden by a field that anybody may set.
#[test]
fn c5_no_field_hides_what_was_brought() {
    let when =
        Condition::Field { name: "event.city".to_owned(), test: FieldTest::Is(json!("Holon")) };
    let asked = Action::If { when, then: Some("yes".to_owned()), otherwise: None };
    let mut flow = line("it", &[Trigger::event("go")], &[("asked", asked)]);
    let yes = line("", &[], &[("yes", Action::Join("yes".to_owned()))]);
    flow.steps.extend(yes.steps);
    let mut world = capped(&[], [flow]);
    world.contact.fields.insert("event.city".to_owned(), json!("Holon"));
    world.tell(Happening::Event { name: "go".to_owned(), data: json!({ "city": "Eilat" }) });
    assert!(world.contact.lists.is_empty(), "{:?}", world.contact.lists);
}

/// Goal: A8 and A9, people and systems are told at once, whatever holds mails, and a system's answer
/// is known to conditions until another one answers.
#[test]
fn a8_a9_people_and_systems() {
    let tell = Action::Tell { person: "sales".to_owned(), text: BTreeMap::new() };
    let call = Action::Call { system: "crm".to_owned(), send: BTreeMap::new() };
    let when =
        Condition::Field { name: "call.stage".to_owned(), test: FieldTest::Is(json!("customer")) };
    let to = |step: &str| Some(step.to_owned());
    let asked = Action::If { when, then: to("yes"), otherwise: to("no") };
    let mut flow = line("it", &[Trigger::event("go")], &[("tell", tell), ("call", call)]);
    let step = |action, next: Option<&str>| Step { action, next: next.map(str::to_owned) };
    let set = |value| Action::Set([("said".to_owned(), json!(value))].into());
    flow.steps.get_mut("call").unwrap().next = to("asked");
    flow.steps.insert("asked".to_owned(), step(asked, None));
    flow.steps.insert("yes".to_owned(), step(set("yes"), None));
    flow.steps.insert("no".to_owned(), step(set("no"), None));
    flow.windows =
        serde_json::from_value(json!({ "hours": { "from": "22:00", "until": "23:00" } })).unwrap();
    for (stage, said) in [(Some("customer"), "yes"), (Some("lead"), "no"), (None, "no")] {
        let mut world = capped(&[cap(None, 1, "1d")], [flow.clone()]);
        world.tell(event("go"));
        world.send();
        let id = *world.sends.keys().next().unwrap();
        let Stimulus::Message(mut message) = world.settle(id, Outcome::Failed) else {
            panic!("an outcome")
        };
        if let Some(stage) = stage {
            let answer = [("stage".to_owned(), json!(stage))].into();
            message.status = Status::Answered { at: world.now, answer };
        }
        world.act(&Stimulus::Message(message));
        assert_eq!(world.contact.field("said"), Some(json!(said)), "{stage:?}");
        assert_eq!(world.contact.paced, [], "neither counts for a cap");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Goal: D2, in no window of a cap more advertising is decided than the cap allows, whatever comes
    /// twice, late or at once; and every journey comes to its end all the same.
    #[test]
    fn d2_no_window_holds_more_than_the_cap(flows in flows(false), ops in history()) {
        let caps = [cap(None, 3, "1d"), cap(Some(Channel::Email), 2, "2h")];
        let mut world = World::new(flows);
        let setup = Setup { caps: caps.to_vec(), ..Setup::default() };
        world.catalogue = Arc::new(Catalogue { setup, ..(*world.catalogue).clone() });
        world.replay(&ops);
        world.quiet(&[Outcome::Sent]);
        let mut decided: BTreeMap<MessageId, (Channel, Timestamp)> = BTreeMap::new();
        for moved in &world.log {
            for effect in &moved.decision.effects {
                let Effect::Send { message, flow, version, step, .. } = effect else { continue };
                let (medium, kind) = world.flows[&(flow.clone(), *version)].sends(step).unwrap();
                if let (Some(channel), Kind::Marketing) = (medium.channel(), kind) {
                    decided.entry(*message).or_insert((channel, moved.now));
                }
            }
        }
        decided.retain(|id, _| {
            world.messages.get(id).is_none_or(|message| {
                matches!(message.status, Status::Sent { .. } | Status::Unknown { .. })
            })
        });
        for cap in &caps {
            let of = |channel| cap.channel.is_none_or(|of| of == channel);
            let mut times: Vec<_> =
                decided.values().filter(|(channel, _)| of(*channel)).map(|(_, at)| *at).collect();
            times.sort_unstable();
            let size = usize::try_from(cap.times).unwrap() + 1;
            for window in times.windows(size) {
                let ends = cap.within.after(window[0]);
                prop_assert!(window[size - 1] >= ends, "{cap:?} is broken by {window:?}");
            }
        }
    }
}
