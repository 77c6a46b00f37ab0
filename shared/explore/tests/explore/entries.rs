//! Who enters: contacts and events that a journey's own rules let in, and what is told when nobody is.

use masa_domain::Flow;
use masa_explore::{Bounds, Unreached, explore};
use masa_language::Library;

use crate::{found, written};

/// T6: a member that later events have to share may be one that the trigger itself asks for.
#[test]
fn a_member_that_the_trigger_asks_for_stays_as_it_is() {
    let text = "
trigger: { event: enrolled, where: { course: tea } }
entry: { if: { field: event.course, is: tea } }
exit: { event: unenrolled, same: course }
goal: { event: done, where: { lesson: 4 }, same: course, within: 3d }
steps:
  - { id: some, wait: 2d }
  - { id: asked, if: { field: event.course, one_of: [tea, ware] }, then: [ { count: yes } ] }
";
    let told = found(text, &Bounds::default());
    assert!(told.refused == 0 && told.is_sound(), "{told}");
    assert_eq!(told.unreached.exits.len() + told.unreached.steps.len(), 0, "{told}");
    assert!(!told.unreached.goal, "{told}");
}

/// T3, C3: what the run's own order has is bought again, whatever the shop's first product is.
#[test]
fn the_same_product_is_that_of_the_entry() {
    let text = "
trigger: { purchased: mint }
steps:
  - { id: w, wait_until: { purchased: same, category: tea, for: 3d }, else: [ { count: none } ] }
  - { id: q, if: { purchased: same, since: entry }, then: [ { count: again } ], else: [ { count: no } ] }
  - { id: last, wait_until: { purchased: same, for: 3d }, then: [ { count: later } ] }
";
    let told = found(text, &Bounds::default());
    assert!(told.is_sound(), "{told}");
    assert_eq!(told.unreached, Unreached::default(), "{told}");
}

/// C5: where there are too many questions for all combinations, what an event or an order brings is
/// still made so that it lets in.
#[test]
fn what_lets_in_is_found_among_many_questions() {
    for (trigger, entry) in [
        ("{ purchased: any }", "{ field: order.total, over: 500 }"),
        (
            "{ purchased: any, over: 300 }",
            "{ all: [ { field: order.total, under: 400 }, { list: z } ] }",
        ),
        (
            "{ event: came }",
            "{ all: [ { field: event.plan, is: pro }, { field: event.seats, over: 9 } ] }",
        ),
        (
            "{ event: came, where: { plan: pro } }",
            "{ all: [ { field: event.plan, is: pro }, { list: z } ] }",
        ),
    ] {
        let mut text = format!("trigger: {trigger}\nentry: {{ if: {entry} }}\nsteps:\n");
        for number in 0..10 {
            text.push_str(&format!(
                "  - {{ id: q{number}, if: {{ list: l{number} }}, then: [ {{ id: y{number}, count: x }} ] }}\n"
            ));
        }
        let told = found(&text, &Bounds { contacts: 40, ..Bounds::default() });
        assert_eq!(told.unreached, Unreached::default(), "{trigger} {entry}: {told}");
        assert!(told.is_sound() && told.entries <= 40, "{told}");
    }
}

/// C5: of values that answer all tests alike one is tried; a counted field is tried with all.
#[test]
fn values_that_nothing_tells_apart_are_one_contact() {
    let text = "
trigger: { event: came }
steps:
  - { id: a, if: { field: fit, one_of: [taste, parcel] }, then: [ { id: b, set: { x: 1 } } ] }
  - { id: c, if: { field: fit, is: price }, then: [ { id: d, set: { x: 2 } } ] }
";
    let told = found(text, &Bounds::default());
    // Without an answer, with one of the two, and with the third.
    assert_eq!((told.entries, told.refused), (3, 0), "{told}");
    assert_eq!(told.unreached, Unreached::default(), "{told}");
    let text = "
trigger: { event: came }
steps:
  - count: visits
  - { id: a, if: { field: visits, over: 3 }, then: [ { id: b, set: { x: 1 } } ] }
";
    let told = found(text, &Bounds::default());
    // None, four and three, and one less of each.
    assert_eq!(told.entries, 4, "{told}");
}

/// What lets in is itself what must not have been.
#[test]
fn a_journey_that_nobody_enters_is_not_sound() {
    let text = "
trigger: { purchased: any }
entry: { if: { not: { purchased: any, since: ever } } }
steps: [ { count: x } ]
";
    let told = found(text, &Bounds::default());
    assert_eq!((told.outcomes.len(), told.entries, told.refused), (0, 2, 2), "{told}");
    assert!(!told.is_sound(), "{told}");
    let what: Vec<&str> = told.findings.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(what, ["nobody enters: all 2 contacts that were tried are refused at the entry"]);
    let path = &told.findings[0].path;
    assert_eq!(path.contact, "a contact like any other");
    assert_eq!(path.events[0].what, "enters: purchased: any");
    assert!(told.to_string().contains("To be mended: nobody enters"), "{told}");
    let told = found(text, &Bounds { contacts: 1, ..Bounds::default() });
    assert!(
        told.findings[0].what.ends_with("the only contact that was tried is refused at the entry")
    );
}

/// No file can say it: a journey that nothing begins.
#[test]
fn a_journey_without_a_trigger_is_not_sound() {
    let flow = Flow { name: "f".to_owned(), ..Flow::default() };
    let library = Library { flows: vec![flow], ..written(&[]) };
    let told = explore(&library, "f", &Bounds::default()).expect("there is one");
    assert_eq!(told.findings.len(), 1, "{told}");
    let what = "nobody enters: no trigger can come for any contact that was tried";
    assert_eq!(told.findings[0].what, what);
}
