//! Journeys whose outcomes are known.

use masa_domain::{Action, Flow, Step, Trigger};
use masa_explore::{Bounds, Ending, explore};
use masa_language::Library;

use crate::{found, words, written};

const GREETING: &str = "
trigger: { joined: newsletter }
exit: [ { purchased: any } ]
steps:
  - email: hello
  - id: two-days
    wait: 2d
  - id: read
    if: { email: hello, was: opened }
    then: [ { id: reader, join: readers } ]
";

/// A1, A4, C1: a mail, a wait, a question.
#[test]
fn a_greeting_has_eight_outcomes() {
    let told = found(GREETING, &Bounds::default());
    let expected = [
        // While the mail is being sent, and while the run waits.
        "no message; left by `purchased: any`",
        "hello; left by `purchased: any`",
        "hello (skipped); left by `purchased: any`",
        "hello (bounced); left by `purchased: any`",
        "hello; finished",
        "hello (skipped); finished",
        "hello (bounced); finished",
        "hello; joins readers; finished",
    ];
    assert_eq!(words(&told), expected.map(str::to_owned).into());
    assert!(told.is_sound() && told.bounds.is_empty(), "{told}");
    assert_eq!(told.unreached, masa_explore::Unreached::default());
    // Entry; sent, skipped, bounced, bought; of the one sent: read, over, bought; of the others over,
    // bought; of the one read: over, bought.
    assert_eq!(told.states, 1 + 3 + 1 + 8, "{told}");
    let paths = |words: &str| {
        let one = told.outcomes.iter().find(|one| one.outcome.to_string() == words);
        one.map(|one| one.paths)
    };
    assert_eq!(paths("hello; left by `purchased: any`"), Some(2), "before and after it was read");
    assert_eq!(paths("hello; finished"), Some(1));
}

#[test]
fn the_shortest_path_tells_what_happened_and_when() {
    let told = found(GREETING, &Bounds::default());
    let reader = told.outcomes.iter().find(|one| one.outcome.joined.contains("readers"));
    let path = &reader.expect("somebody reads").shortest;
    let events: Vec<(i64, &str)> =
        path.events.iter().map(|event| (event.after, event.what.as_str())).collect();
    assert_eq!(
        events,
        [
            (0, "enters: joined: newsletter"),
            (0, "`hello` is sent"),
            (60, "`hello` is read"),
            (172_800, "1d 23h pass, and the wait is over"),
        ]
    );
    let text = told.to_string();
    assert!(text.starts_with("f: 8 outcomes, 9 paths from 1 entry"), "{text}");
}

/// Two orders of the same happenings are two paths to one point.
#[test]
fn orders_that_come_to_the_same_are_counted() {
    let told = found(
        "
trigger: { joined: a }
steps:
  - { id: some, wait: 2d }
  - id: asked
    if: { all: [ { event: one, since: entry }, { event: two, since: entry } ] }
    then: [ { id: both, set: { both: true } } ]
",
        &Bounds::default(),
    );
    let both = told.outcomes.iter().find(|one| one.outcome.fields.contains_key("both"));
    assert_eq!(both.map(|one| one.paths), Some(2), "{told}");
}

/// A11: another journey is started by its own rules, and one can wait for its end.
#[test]
fn journeys_start_and_wait_for_one_another() {
    let text = "
trigger: { joined: newsletter }
steps:
  - start: other
  - id: over
    wait_until: { ended: other, for: 3d }
    then: [ { id: yes, set: { over: true } } ]
";
    let other = "
trigger: { event: never }
entry: { if: { list: inner } }
steps: [ { email: hello } ]
";
    let library = written(&[("f", text), ("other", other)]);
    let told = explore(&library, "f", &Bounds::default()).expect("there is one");
    // Whoever is not on the list does not enter, and nothing ends.
    assert_eq!(words(&told), ["no message; finished".to_owned()].into(), "{told}");
    let open = other.replace("{ if: { list: inner } }", "{ again: never }");
    let library = written(&[("f", text), ("other", &open)]);
    let told = explore(&library, "f", &Bounds::default()).expect("there is one");
    let expected =
        ["no message; starts other; finished", "no message; over = true; starts other; finished"];
    assert_eq!(words(&told), expected.map(str::to_owned).into(), "{told}");
}

/// A5, A10: what differs by run and day is told as what it is.
#[test]
fn codes_and_days_are_one_outcome() {
    let told = found(
        "
trigger: { joined: a }
entry: { if: { any: [ { weekday: [sun] }, { weekday: [mon] } ] } }
steps: [ { coupon: code, prefix: TEA }, { stamp: seen_on }, { count: visits } ]
",
        &Bounds::default(),
    );
    let expected = "no message; code = \"TEA-…\"; seen_on = \"the day\"; visits = 1; finished";
    assert_eq!(words(&told), [expected.to_owned()].into(), "{told}");
    assert!(told.refused > 0, "who comes on another day is refused: {told}");
}

/// A circle without a wait, which no file can say: it fails, and that is told with the way to it.
#[test]
fn a_run_that_fails_is_a_finding() {
    let steps = [("a", "b"), ("b", "a")]
        .map(|(id, to)| (id.to_owned(), Step { action: Action::Jump(to.to_owned()), next: None }));
    let flow = Flow {
        name: "f".to_owned(),
        triggers: vec![Trigger::Joined("newsletter".to_owned())],
        first: Some("a".to_owned()),
        steps: steps.into(),
        ..Flow::default()
    };
    let library = Library { flows: vec![flow], ..Library::default() };
    let told = explore(&library, "f", &Bounds::default()).expect("there is one");
    assert!(matches!(told.outcomes[0].outcome.end, Ending::Failed { .. }), "{told}");
    assert_eq!(told.findings.len(), 1, "{told}");
    assert!(!told.is_sound() && told.to_string().contains("To be mended: a run fails"), "{told}");
}

#[test]
fn an_unknown_journey_is_an_error() {
    let error = explore(&Library::default(), "nobody", &Bounds::default()).unwrap_err();
    assert_eq!(error.to_string(), "there is no journey `nobody`");
}
