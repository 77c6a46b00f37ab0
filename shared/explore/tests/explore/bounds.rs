//! What is too large is cut off, and says so.

use masa_domain::Span;
use masa_explore::{Bounds, Ending, Exploration};

use crate::found;

fn bounds(told: &Exploration) -> Vec<&str> {
    told.bounds.iter().map(|one| one.bound).collect()
}

const CIRCLE: &str = "
trigger: { joined: a }
steps:
  - { id: a-day, wait: 1d }
  - count: days
  - jump: a-day
";

#[test]
fn a_journey_without_an_end_is_cut_off_by_time_or_by_number() {
    let told = found(CIRCLE, &Bounds { span: "10d".parse().expect("a span"), ..Bounds::default() });
    assert_eq!(bounds(&told), ["span"], "{told}");
    assert_eq!(told.outcomes.len(), 1, "{told}");
    let end = &told.outcomes[0].outcome.end;
    assert_eq!(*end, Ending::Waiting { step: "a-day".to_owned() });
    assert_eq!(told.outcomes[0].outcome.fields["days"], 10);
    let told = found(CIRCLE, &Bounds { depth: 5, ..Bounds::default() });
    assert_eq!(bounds(&told), ["depth"], "{told}");
    assert_eq!(told.outcomes[0].outcome.fields["days"], 5);
    let told = found(CIRCLE, &Bounds { states: 4, ..Bounds::default() });
    assert_eq!(bounds(&told), ["states"], "{told}");
    assert_eq!(told.outcomes[0].outcome.fields["days"], 3);
}

/// A circle that leaves nothing behind comes to a point that was there before.
#[test]
fn a_circle_is_walked_once() {
    let told = found(&CIRCLE.replace("  - count: days\n", ""), &Bounds::default());
    assert!(told.bounds.is_empty() && told.states == 1, "{told}");
    assert!(told.outcomes.is_empty(), "it never ends, and no bound cut it off: {told}");
}

#[test]
fn happenings_and_contacts_have_bounds() {
    let text = "
trigger: { joined: a }
steps:
  - { id: some, wait: 2d }
  - { id: q, if: { all: [ { event: a }, { event: b } ] }, then: [ { count: x } ] }
";
    let told = found(text, &Bounds { happenings: 1, ..Bounds::default() });
    assert_eq!(bounds(&told), ["happenings"], "{told}");
    let told = found(text, &Bounds { contacts: 1, ..Bounds::default() });
    assert_eq!((bounds(&told), told.entries), (vec!["contacts"], 1), "{told}");
}

/// 300 questions about mails, one after the other, each of which doubles the paths.
#[test]
fn three_hundred_branches_stay_within_the_bounds() {
    let mut text = "trigger: { joined: a }\nsteps:\n".to_owned();
    for number in 0..300 {
        text.push_str(&format!(
            "  - {{ id: m{number}, email: hello }}
  - {{ id: w{number}, wait: 1d }}
  - {{ id: q{number}, if: {{ email: m{number}, was: opened }}, then: [ {{ id: y{number}, append: {{ read: {number} }} }} ] }}
"
        ));
    }
    let most = Bounds { states: 3_000, depth: 10_000, span: Span::MAX, ..Bounds::default() };
    let told = found(&text, &most);
    assert_eq!(bounds(&told), ["states"], "{}", told.outcomes.len());
    assert_eq!(told.states, 3_000);
    assert!(told.is_sound() && !told.unreached.steps.is_empty());
}

/// 300 questions about the contact: each is answered both ways by contacts made for them.
#[test]
fn three_hundred_questions_are_answered_both_ways() {
    let mut text = "trigger: { joined: a }\nsteps:\n".to_owned();
    for number in 0..300 {
        text.push_str(&format!(
            "  - {{ id: q{number}, if: {{ field: f{number}, is: 1 }}, then: [ {{ id: y{number}, set: {{ f{number}: 2 }} }} ] }}\n"
        ));
        if number % 20 == 0 {
            text.push_str(&format!("  - {{ id: w{number}, wait: 1d }}\n"));
        }
    }
    let most = || Bounds { contacts: 700, ..Bounds::default() };
    let told = found(&text, &most());
    // More than there could be contacts for all combinations.
    assert_eq!(bounds(&told), ["contacts"]);
    assert!(told.unreached.steps.is_empty(), "{:?}", told.unreached);
    // Sixty-one questions in one go are more than a run's story keeps; that is told.
    let text: Vec<&str> = text.lines().filter(|line| !line.contains("wait")).collect();
    assert_eq!(bounds(&found(&text.join("\n"), &most())), ["contacts", "story"]);
}

/// Eight questions one inside the other, of each of which there are three answers: a contact is made
/// who answers all of them so that the innermost step is reached.
#[test]
fn questions_inside_questions_are_answered_with_few_contacts() {
    let mut text = "trigger: { joined: a }\nentry: { if: { all: [ { list: z }, { field: city, is: Holon } ] } }\nsteps:\n".to_owned();
    for depth in 0..8 {
        let pad = "    ".repeat(depth);
        text.push_str(&format!(
            "{pad}  - id: q{depth}\n{pad}    if: {{ all: [ {{ field: f{depth}, is: 1 }}, {{ not: {{ list: l{depth} }} }} ] }}\n{pad}    then:\n"
        ));
    }
    text.push_str(&format!("{}  - {{ id: inmost, count: x }}\n", "    ".repeat(8)));
    let told = found(&text, &Bounds { contacts: 60, ..Bounds::default() });
    assert_eq!(bounds(&told), ["contacts"]);
    assert_eq!(told.unreached, masa_explore::Unreached::default(), "{told}");
}

#[test]
fn the_same_is_found_again() {
    let text = "
trigger: [ { joined: a }, { purchased: any } ]
entry: { if: { any: [ { list: b }, { field: c, over: 3 } ] } }
exit: { event: gone }
steps: [ { email: hello }, { id: w, wait: 1d }, { id: s, split: { x: { share: 1 }, y: { share: 1, steps: [ { email: story } ] } } } ]
";
    let json = || serde_json::to_string(&found(text, &Bounds::default())).expect("it is JSON");
    assert_eq!(json(), json());
    assert!(json().contains("\"outcomes\":[{\"outcome\":{\"messages\""), "{}", json());
}
