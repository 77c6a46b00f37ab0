//! One person once (K1): a contact takes in another that turns out to be the same person.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Again, Answer, Channel, Condition, ConsentGiven, Contact, ContactDetails, Effect, End, Flow,
    Happening, OrderStatus, Profile, Segment, Since, Span, State, Stimulus, Trigger, Verdict,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    generate::{history, outcome},
    journeys::flows,
    orders::version,
    world::{DAWN, Outcome, World, contact_id, email, event, joined, line, need_of, wait},
};

/// A welcome of one mail, a day, and another one.
fn welcome(again: Again) -> Flow {
    let steps = [("hello", email("hello")), ("rest", wait("1d")), ("more", email("more"))];
    Flow { again, ..line("welcome", &[Trigger::event("begin".to_owned())], &steps) }
}

fn told(world: &mut World, details: ContactDetails) {
    let fact = world.fact(Happening::Signup { form: None }, details);
    world.act(&Stimulus::Fact(Box::new(fact)));
}

fn after(seconds: i64) -> Timestamp {
    DAWN + SignedDuration::from_secs(seconds)
}

proptest! {
    /// Goal: K1, whatever two contacts went through, joining them moves no run and asks once more for what
    /// each needs, entries and ends add up, it happens once, and everything comes to its end.
    #[test]
    fn two_histories_become_one(
        flows in flows(false), ops in history(), others in history(), end in outcome(),
    ) {
        let mut world = World::new(flows.clone());
        world.replay(&ops);
        let mut other = World::of_another(flows);
        other.replay(&others);
        world.mend();
        other.mend();
        let (own, theirs) = (world.contact.clone(), other.contact.clone());
        let join = world.take_in(other);
        let moved = world.log.last().unwrap();
        prop_assert_eq!(moved.decision.verdict, Verdict::Applied);
        let after = &moved.after;
        for (id, before) in own.runs.iter().chain(&theirs.runs).filter(|(_, run)| run.is_live()) {
            let Some(run) = after.runs.get(id).filter(|run| run.is_live()) else { continue };
            prop_assert_eq!((run.generation, &run.state), (before.generation, &before.state));
            if theirs.runs.contains_key(id) {
                prop_assert_eq!(run.home(run.generation, after.id), theirs.id, "its message is there");
                let need = need_of(run, after.id).unwrap();
                let asked = moved.decision.effects.iter().filter(|effect| **effect == need);
                prop_assert_eq!(asked.count(), 1, "{:?} is asked for", need);
            }
        }
        for (name, ledger) in &after.flows {
            let sum = |contact: &Contact| contact.flows.get(name).map_or(0, |flow| flow.entered);
            prop_assert_eq!(ledger.entered, sum(&own) + sum(&theirs));
            let inside = after.runs.values().filter(|run| run.flow == *name && run.is_live());
            let ended = ledger.finished + ledger.left + ledger.failed;
            prop_assert_eq!(ledger.entered as usize, ended as usize + inside.count(), "{}", name);
        }
        prop_assert_eq!(after.purchases.orders, own.purchases.orders + theirs.purchases.orders);
        prop_assert_eq!(after.purchases.spent, own.purchases.spent + theirs.purchases.spent);
        let again = world.decide(&join);
        prop_assert_eq!((again.verdict, again.contact), (Verdict::Repeated, None));
        world.quiet(&[end]);
    }
}

/// Goal: K1, of a journey that one is on once in a lifetime the older passage goes on; where one of the two
/// is over, the other ends.
#[test]
fn nobody_is_welcomed_twice() {
    for (late, ended, stays) in
        [(true, false, 0), (false, false, 1), (true, true, 0), (false, true, 1)]
    {
        let mut worlds =
            [World::new([welcome(Again::Never)]), World::of_another([welcome(Again::Never)])];
        let older = usize::from(!late);
        worlds[older].tell(event("begin"));
        if ended {
            worlds[older].quiet(&[Outcome::Sent]);
        } else {
            worlds[older].send();
        }
        worlds[1 - older].pass(60);
        worlds[1 - older].tell(event("begin"));
        let [mut world, other] = worlds;
        let runs = [world.run("welcome").id, other.run("welcome").id];
        world.take_in(other);
        let goes = &world.contact.runs[&runs[1 - stays]].state;
        let State::Ended { end: End::Exited { rule }, .. } = goes else {
            panic!("it ended: {goes:?}")
        };
        assert_eq!(rule, "joined");
        assert_eq!(world.contact.runs[&runs[stays]].is_live(), !ended, "the older one goes on");
        let welcomed = world.contact.flows["welcome"].clone();
        assert_eq!((welcomed.entered, welcomed.left), (2, 1), "late {late}, ended {ended}");
    }
}

/// Goal: K1, where the younger passage is over, the older one would be the second: it ends.
#[test]
fn who_went_through_a_journey_does_not_go_on_in_it() {
    let mut world = World::new([welcome(Again::Never)]);
    world.tell(event("begin"));
    world.send();
    let mut other = World::of_another([welcome(Again::Never)]);
    other.pass(60);
    other.tell(event("begin"));
    other.quiet(&[Outcome::Sent]);
    world.take_in(other);
    assert!(world.contact.runs.values().all(|run| !run.is_live()));
    assert!(world.armed.is_empty());
}

/// Goal: K1, of any two contacts exactly one gives way, whoever asks.
#[test]
fn of_two_contacts_one_gives_way() {
    let [one, other] = [World::new([]).contact, World::of_another([]).contact];
    assert_ne!(one.gives_way_to(&other), other.gives_way_to(&one));
    assert!(!one.gives_way_to(&one));
}

/// Goal: K1, a wait that ends by the joining is disarmed, so that its schedule is gone.
#[test]
fn the_wait_of_a_passage_that_ends_is_forgotten() {
    let mut world = World::new([welcome(Again::Never)]);
    world.tell(event("begin"));
    world.send();
    let mut other = World::of_another([welcome(Again::Never)]);
    other.pass(60);
    other.tell(event("begin"));
    other.send();
    let (run, generation) = (other.run("welcome").id, other.run("welcome").generation);
    world.take_in(other);
    let disarmed = Effect::Disarm { run, generation };
    assert!(world.log.last().unwrap().decision.effects.contains(&disarmed));
    assert_eq!(world.armed.len(), 1, "only the other one's stands");
}

/// Goal: K1, where one may be on a journey again, two passages end only if both go on; where one always may,
/// neither.
#[test]
fn passages_that_may_be_side_by_side_stay() {
    let pause: Span = "1h".parse().unwrap();
    for (again, others_over, live) in
        [(Again::Always, false, 2), (Again::After(pause), false, 1), (Again::After(pause), true, 1)]
    {
        let mut world = World::new([welcome(again)]);
        world.tell(event("begin"));
        let mut other = World::of_another([welcome(again)]);
        other.pass(60);
        other.tell(event("begin"));
        if others_over {
            other.quiet(&[Outcome::Sent]);
        }
        let own = world.run("welcome").id;
        world.take_in(other);
        let runs = world.contact.runs.values();
        assert_eq!(runs.filter(|run| run.is_live()).count(), live, "{again:?}");
        assert!(world.contact.runs[&own].is_live(), "the older one stays");
    }
}

/// Goal: K1, an order that both contacts know of counts once, as its younger version says.
#[test]
fn one_order_of_two_contacts_counts_once() {
    let [mut world, mut other] = [World::new([]), World::of_another([])];
    world.tell(Happening::Purchase(version("1", 0, OrderStatus::Paid, "80")));
    world.tell(Happening::Purchase(version("2", 0, OrderStatus::Paid, "20")));
    other.tell(Happening::Purchase(version("1", 9, OrderStatus::Paid, "50")));
    other.tell(Happening::Purchase(version("3", 0, OrderStatus::Paid, "7")));
    world.take_in(other);
    let bought = &world.contact.purchases;
    assert_eq!((bought.orders, bought.spent), (3, 7_700));
    assert_eq!(bought.products["mint"].times, 3);
}

/// Goal: K1, orders that neither remembers one by one stay in the sums.
#[test]
fn orders_of_long_ago_stay_counted() {
    let [mut world, mut other] = [World::new([]), World::of_another([])];
    for (world, from) in [(&mut world, 0), (&mut other, 100)] {
        for id in from..from + 40 {
            world.pass(1);
            world.tell(Happening::Purchase(version(&id.to_string(), 0, OrderStatus::Paid, "1")));
        }
    }
    world.take_in(other);
    let bought = &world.contact.purchases;
    assert_eq!((bought.orders, bought.spent, bought.products["mint"].times), (80, 8_000, 80));
    assert_eq!((bought.recent.len(), bought.last_at), (30, Some(after(40))));
    assert_eq!(bought.products["mint"].last_at, after(40));
}

/// Goal: K1, K3, what the contact that stays lacks it takes over; of what both know the younger stands, if
/// it is known which that is; of two words about consent the last, at the same instant the refusal.
#[test]
fn what_both_know_stands_as_the_younger_tells() {
    let text = |text: &str| Some(text.to_owned());
    let said = |email, sms, at| {
        Some(ConsentGiven {
            email: Some(email),
            sms: Some(sms),
            at: Some(after(at)),
            ..Default::default()
        })
    };
    let [mut world, mut other] = [World::new([]), World::of_another([])];
    world.pass(100);
    other.pass(100);
    told(
        &mut world,
        ContactDetails {
            email: text("dana@example.com"),
            first_name: text("Dana"),
            lists: vec!["news".to_owned()],
            fields: [("tea".to_owned(), json!("mint"))].into(),
            consent: said(true, true, 10),
            ..ContactDetails::default()
        },
    );
    world.contact.told_at.insert("first_name".to_owned(), after(5));
    other.pass(100);
    told(
        &mut other,
        ContactDetails {
            phone: text("+972505550123"),
            first_name: text("דנה"),
            last_name: text("Levi"),
            lists: vec!["news".to_owned(), "club".to_owned()],
            fields: [("tea".to_owned(), json!("sage")), ("size".to_owned(), json!(38))].into(),
            consent: said(false, false, 10),
            ..ContactDetails::default()
        },
    );
    other.contact.told_at.insert("first_name".to_owned(), after(6));
    other.contact.told_at.insert("phone".to_owned(), after(7));
    other.contact.lists.insert("news".to_owned(), after(1));
    other.contact.consent.get_mut(&Channel::Sms).unwrap().at = after(9);
    other.contact.created_at = after(-5);
    other.contact.hours = [(8, 2), (9, 1)].into();
    world.contact.hours = [(8, 1)].into();
    let id = other.contact.id;
    world.take_in(other);
    let contact = &world.contact;
    assert_eq!(contact.id, contact_id());
    assert_eq!(contact.created_at, after(-5));
    assert_eq!(contact.profile.email, text("dana@example.com"));
    assert_eq!(contact.profile.phone, text("+972505550123"));
    assert_eq!(contact.profile.first_name, text("דנה"), "told a second later");
    assert_eq!(contact.profile.last_name, text("Levi"));
    assert_eq!(contact.told_at["phone"], after(7));
    assert_eq!(
        contact.fields,
        [("tea".to_owned(), json!("mint")), ("size".to_owned(), json!(38))].into()
    );
    assert_eq!(
        contact.lists,
        [("news".to_owned(), after(1)), ("club".to_owned(), after(200))].into()
    );
    assert_eq!(contact.consent[&Channel::Email].answer, Answer::Refused, "at the same instant");
    assert_eq!(contact.consent[&Channel::Sms].answer, Answer::Granted, "a second later");
    assert_eq!(contact.hours, [(8, 3), (9, 1)].into());
    assert_eq!(contact.known_as.keys().collect::<Vec<_>>(), [&id]);
}

/// Goal: K1, one who was among a segment does not enter it by the joining, and what both did is counted
/// together.
#[test]
fn what_both_did_is_counted_together() {
    let steps = [("hello", email("hello"))];
    let flow = || line("often", &[joined("regulars")], &steps);
    let [mut world, mut other] = [World::new([flow()]), World::of_another([flow()])];
    for world in [&mut world, &mut other] {
        world.tell(event("visit"));
    }
    other.pass(10);
    other.tell(event("visit"));
    other.tell(event("visit"));
    let regular =
        Segment::new(Condition::Event { name: "visit".to_owned(), since: Since::Ever, times: 3 });
    for world in [&mut world, &mut other] {
        let catalogue = Arc::make_mut(&mut world.catalogue);
        catalogue.setup.segments.insert("regulars".to_owned(), regular.clone());
        world.act(&Stimulus::Look);
    }
    assert!(other.contact.is_in_segment("regulars"), "three times");
    world.take_in(other);
    assert_eq!(world.contact.seen["event:visit"].times, 4);
    assert_eq!(world.contact.seen["event:visit"].last_at, after(10));
    assert!(world.contact.is_in_segment("regulars"));
    assert!(!world.contact.flows.contains_key("often"), "who was in it does not enter it");
}

/// Goal: K1, a sign holds nothing of the person that it shows the way to.
#[test]
fn a_sign_holds_nothing() {
    let mut world = World::new([welcome(Again::Never)]);
    told(
        &mut world,
        ContactDetails { phone: Some("+972505550123".to_owned()), ..Default::default() },
    );
    let other = World::of_another([]).contact.id;
    let sign = world.contact.sign(other);
    assert_eq!(sign.profile, Profile::default());
    assert_eq!((sign.id, sign.version), (world.contact.id, world.contact.version));
    assert_eq!(sign.gone.map(|gone| (gone.to, gone.taken)), Some((other, true)));
    let frozen = world.contact.give_way(other);
    assert_eq!(frozen.gone.map(|gone| (gone.to, gone.taken)), Some((other, false)));
    assert_eq!(frozen.profile, world.contact.profile, "until it was taken in");
}
