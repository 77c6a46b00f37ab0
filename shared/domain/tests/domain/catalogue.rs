//! What is live, and that it finds the flows which a happening lets into.

use std::sync::Arc;

use masa_domain::{
    Activity, Catalogue, Condition, Effect, Flow, LiveFlow, Segment, Standing, Trigger,
};

use crate::world::{World, email, event, line};

fn begun_by(name: &str, events: &[&str]) -> Flow {
    let triggers: Vec<Trigger> = events.iter().copied().map(Trigger::event).collect();
    line(name, &triggers, &[("hello", email("hello"))])
}

fn live(flow: &Flow) -> (String, LiveFlow) {
    (flow.name.clone(), LiveFlow::new(flow, 1, String::new()))
}

/// The flows that the event `name` lets into when `catalogue` is live, in the order of their mails.
fn entered(flows: &[Flow], catalogue: &Catalogue, name: &str) -> Vec<String> {
    let mut world = World::new(flows.iter().cloned());
    world.catalogue = Arc::new(catalogue.clone());
    world.tell(event(name));
    let effects = world.log[0].decision.effects.iter();
    let flow = |effect: &Effect| match effect {
        Effect::Send { flow, .. } => flow.clone(),
        other => unreachable!("a mail is their first step: {other:?}"),
    };
    effects.map(flow).collect()
}

/// Goal: of flows with triggers of their own and in common, what happens lets into those that it
/// concerns, in the order of their names, and into none twice.
#[test]
fn what_happens_lets_into_the_flows_that_it_concerns() {
    let flows = [
        begun_by("both", &["cup", "pot", "cup"]),
        begun_by("cup", &["cup"]),
        begun_by("never", &[]),
        begun_by("pot", &["pot"]),
    ];
    let catalogue = Catalogue { flows: flows.iter().map(live).collect(), ..Catalogue::default() };
    assert_eq!(entered(&flows, &catalogue, "cup"), ["both", "cup"]);
    assert_eq!(entered(&flows, &catalogue, "pot"), ["both", "pot"]);
    assert_eq!(entered(&flows, &catalogue, "tea"), [""; 0]);
    let written = serde_json::to_string(&catalogue).unwrap();
    let read: Catalogue = serde_json::from_str(&written).unwrap();
    assert_eq!(read, catalogue, "it is read back");
    assert_eq!(entered(&flows, &read, "cup"), ["both", "cup"], "with what lets in");
}

/// Goal: a flow that is published anew is let into by what its new version names alone, and one that
/// was pruned by nothing; what is live is then the same as if it had never been otherwise.
#[test]
fn what_is_no_longer_live_lets_nobody_in() {
    let (old, new) = (begun_by("tea", &["cup", "pot"]), begun_by("tea", &["pot", "jug"]));
    let other = begun_by("other", &["cup", "pot"]);
    let mut catalogue =
        Catalogue { flows: [live(&old), live(&other)].into(), ..Catalogue::default() };
    let flows = [new.clone(), other];
    let (name, version) = live(&new);
    catalogue.flows.insert(name, version);
    assert_eq!(entered(&flows, &catalogue, "cup"), ["other"]);
    assert_eq!(entered(&flows, &catalogue, "jug"), ["tea"]);
    catalogue.flows.retain(|name, _| name == "tea");
    assert_eq!(entered(&flows, &catalogue, "pot"), ["tea"]);
    let versions: Vec<(&String, u32)> =
        (&catalogue.flows).into_iter().map(|(name, live)| (name, live.version)).collect();
    assert_eq!(versions, [(&new.name, 1)]);
    assert_eq!(catalogue.flows.clone().into_iter().collect::<Vec<_>>(), [live(&new)]);
    let only = Catalogue { flows: [live(&new)].into(), ..Catalogue::default() };
    assert_eq!(catalogue, only);
}

/// Goal: of a live flow's priority and standing only what is not usual is written, and it is read back.
#[test]
fn what_is_usual_is_not_written() {
    let (_, usual) = live(&begun_by("tea", &["cup"]));
    for (priority, standing, told) in [
        (5, Standing::Live, ""),
        (4, Standing::Live, r#","priority":4"#),
        (5, Standing::Paused, r#","standing":"paused""#),
        (9, Standing::Ending, r#","priority":9,"standing":"ending""#),
    ] {
        let live = LiveFlow { priority, standing, ..usual.clone() };
        let written = serde_json::to_string(&live).unwrap();
        let expected = r#"{"version":1,"digest":"","triggers":["event:cup"]"#;
        assert_eq!(written, format!("{expected}{told}}}"));
        assert_eq!(serde_json::from_str::<LiveFlow>(&written).unwrap(), live);
    }
}

/// Goal: a date that lets into a live flow, and a segment, are looked for; another condition under the same
/// name is another segment.
#[test]
fn what_is_looked_for() {
    let trigger = Trigger::Silent { span: "60d".parse().unwrap(), of: Activity::Open };
    let flow = Flow { triggers: vec![trigger.clone()], ..Flow::default() };
    let mut catalogue = Catalogue::default();
    catalogue.flows.insert("one".to_owned(), LiveFlow::new(&flow, 1, String::new()));
    let dates = catalogue.looked_for();
    assert_eq!(dates.iter().map(String::as_str).collect::<Vec<_>>(), [trigger.in_words()]);
    let list = |name: &str| Segment::new(Condition::List(name.to_owned()));
    catalogue.setup.segments.insert("vip".to_owned(), list("a"));
    let one = catalogue.looked_for();
    assert_eq!(one.len(), 2);
    catalogue.setup.segments.insert("vip".to_owned(), list("b"));
    let other = catalogue.looked_for();
    assert_ne!(other, one);
    catalogue.setup.shop.timezone = "Asia/Jerusalem".to_owned();
    assert_ne!(catalogue.looked_for(), other, "midnight is at another time");
    catalogue.flows.remove("one");
    assert_eq!(catalogue.looked_for().len(), 1);
}
