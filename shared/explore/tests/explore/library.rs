//! The library's journeys: none fails or is stuck, and all steps are reached.

use masa_explore::{Bounds, explore};
use masa_language::{Files, Library, read};

fn library() -> Library {
    read(&Files::from_texts(masa_flows::FILES.iter().copied())).expect("the library is sound")
}

/// What no path takes, and why; and bounds that are reached.
const LEFT: &[&str] = &[
    // Each touch of the cart begins the four hours anew; there is no last one.
    "cart: bound happenings",
    // A lesson may be done in any week, and there are more than three of them.
    "course: bound happenings",
    // Whoever has no ticket five days after the second mail has left, that is a day before the eve.
    "local: eve (too late)",
    // A mail is held for four days at most and there are seven until the next date, and four then.
    "renewal: before-end (too late)",
    "renewal: before-offer (too late)",
    // A letter is held for three days at most and there are thirteen.
    "rosh-hashana: before-the-eve (too late)",
    // An answer can be changed again and again before it is asked for.
    "survey: bound happenings",
];

#[test]
fn every_journey_is_sound_and_every_step_is_reached() {
    let library = library();
    let mut found = Vec::new();
    for flow in &library.flows {
        let told = explore(&library, &flow.name, &Bounds::default()).expect("it is there");
        assert!(told.is_sound(), "{told}");
        assert!(!told.outcomes.is_empty(), "{told}");
        let missing = &told.unreached;
        let name = &flow.name;
        found.extend(told.bounds.iter().map(|bound| format!("{name}: bound {}", bound.bound)));
        found.extend(missing.steps.iter().map(|step| format!("{name}: step {step}")));
        found.extend(missing.exits.iter().map(|exit| format!("{name}: exit {exit}")));
        found.extend(missing.goal.then(|| format!("{name}: goal")));
        let ways = missing.branches.iter();
        found.extend(ways.map(|one| format!("{name}: {} ({})", one.step, one.way)));
    }
    found.sort_unstable();
    assert_eq!(found, LEFT);
}

/// J4: what a buyer gets depends on nothing but the outcome of each mail.
#[test]
fn a_buyer_who_agreed_to_nothing_gets_no_request_for_a_review() {
    let told = explore(&library(), "thanks", &Bounds::default()).expect("it is there");
    let all: Vec<String> = told.outcomes.iter().map(|one| one.outcome.to_string()).collect();
    assert!(all.contains(&"thanks, howto, review; finished".to_owned()), "{all:?}");
    assert!(all.contains(&"thanks, howto, review (skipped); finished".to_owned()), "{all:?}");
    let skipped = all.iter().find(|words| words.contains("howto (skipped), review;"));
    assert_eq!(skipped, None, "a bounce of the thanks suppresses the review too");
}

/// J11: the fifth order fills the card, and a tier is told once.
#[test]
fn the_punch_card_ends_in_each_of_its_letters() {
    let told = explore(&library(), "punch-card", &Bounds::default()).expect("it is there");
    for letter in ["field", "garden", "reward", "one-more"] {
        let sent = told.outcomes.iter().any(|one| {
            let [message] = one.outcome.messages.as_slice() else { return false };
            message.step == letter && message.fate == masa_explore::Fate::Sent
        });
        assert!(sent, "{letter}: {told}");
    }
    assert!(told.outcomes.iter().all(|one| one.outcome.messages.len() <= 1), "one letter an order");
}
