//! Paths that were walked: the calls that the stack's own tests count.

use std::collections::BTreeMap;

use masa_cost::{Decided, Door, Fate, Then, Walked, calls, calls_of};
use masa_domain::Span;

fn then(then: &[Then]) -> Decided {
    Decided { asked: 0, then: then.to_vec() }
}

fn days(days: u32) -> Then {
    Then::Waits(Span::seconds(days * 86_400))
}

/// The metered calls as the stack's tests write them: operations, in the order of the alphabet.
fn metered(walked: &Walked) -> String {
    let calls = calls_of(walked).metered;
    let all = calls.values().flatten();
    let mut all: Vec<&str> = all.flat_map(|(name, times)| (0..*times).map(|_| *name)).collect();
    all.sort_unstable();
    all.join(" ")
}

fn sorted(words: &str) -> String {
    let mut words: Vec<&str> = words.split_whitespace().collect();
    words.sort_unstable();
    words.join(" ")
}

/// The rows of `infra/stack/tests/stack/calls.rs`, warm.
#[test]
fn each_path_makes_the_calls_that_are_counted_elsewhere() {
    let came = |door, refusals, decided| Walked::Came { door, refusals, decided };
    let sent = |decided| Walked::Mail { fate: Fate::Sent, decided };
    for (path, walked, expected) in [
        ("a hook again", came(Door::Again, 0, then(&[])), "PutItem"),
        (
            "a hook that brings two refusals, and advance",
            came(Door::Hook, 2, then(&[])),
            "UpdateItem UpdateItem PutItem Query PutItem",
        ),
        (
            "advance on a fact",
            came(Door::None, 0, then(&[Then::Sends])),
            "Query PutItem SendMessage",
        ),
        (
            "deliver a mail, feedback, advance on an outcome that waits long",
            sent(then(&[days(2)])),
            "PutItem Query SendEmail UpdateItem UpdateItem UpdateItem Query PutItem CreateSchedule",
        ),
        (
            "advance on a fact that waits shortly",
            came(Door::None, 0, then(&[Then::Waits(Span::seconds(300))])),
            "Query PutItem SendMessage",
        ),
        ("a pixel", Walked::Opened { decided: Some(then(&[])) }, "UpdateItem Query PutItem"),
        ("a click", Walked::Clicked { decided: Some(then(&[])) }, "UpdateItem Query PutItem"),
        ("the same click again", Walked::Clicked { decided: None }, "UpdateItem"),
        ("unsubscribing", Walked::Unsubscribed, "UpdateItem"),
        (
            "wake with an e-mail condition",
            Walked::Woke {
                scheduled: true,
                decided: Decided { asked: 1, then: vec![Then::Sends] },
            },
            "Query Query PutItem SendMessage",
        ),
        (
            "deliver to one who refused, and advance",
            Walked::Mail { fate: Fate::Skipped, decided: then(&[Then::Ends]) },
            "PutItem Query UpdateItem Query PutItem",
        ),
        (
            "deliver a text, and advance",
            Walked::Text { fate: Fate::Sent, number: true, decided: then(&[Then::Ends]) },
            "PutItem Query GetItem Publish UpdateItem Query PutItem",
        ),
        (
            "advance on a fact that ends a journey",
            came(Door::None, 0, then(&[Then::Forgets, Then::Ends])),
            "Query PutItem DeleteSchedule",
        ),
        (
            "a mail that bounces for good",
            Walked::Mail { fate: Fate::Bounced, decided: then(&[]) },
            "PutItem Query SendEmail UpdateItem UpdateItem UpdateItem UpdateItem Query PutItem",
        ),
    ] {
        assert_eq!(metered(&walked), sorted(expected), "{path}");
    }
}

/// J1: signed up, read, got the story and the offer.
#[test]
fn a_whole_journey() {
    let path = [
        Walked::Came { door: Door::Hook, refusals: 0, decided: then(&[Then::Sends]) },
        Walked::Mail { fate: Fate::Sent, decided: then(&[days(2)]) },
        Walked::Opened { decided: Some(then(&[])) },
        Walked::Woke { scheduled: true, decided: Decided { asked: 1, then: vec![Then::Sends] } },
        Walked::Mail { fate: Fate::Sent, decided: then(&[days(2)]) },
        Walked::Woke { scheduled: true, decided: then(&[Then::Sends]) },
        Walked::Mail { fate: Fate::Sent, decided: then(&[Then::Ends]) },
    ];
    let told = calls(&path);
    let of = |all: &[(&'static str, u64)]| all.iter().copied().collect::<BTreeMap<_, _>>();
    assert_eq!(told.metered["ses"], of(&[("SendEmail", 3)]));
    assert_eq!(told.metered["scheduler"], of(&[("CreateSchedule", 2)]));
    assert_eq!(told.metered["sqs"], of(&[("SendMessage", 3)]));
    // Decisions: fact, reading, two wakes, three outcomes. Looks: three. Messages: once.
    let db = [("PutItem", 1 + 7 + 3), ("Query", 7 + 3 + 1), ("UpdateItem", 3 * 3 + 1)];
    assert_eq!(told.metered["dynamodb"], of(&db));
    assert_eq!(told.beyond["scheduler"], of(&[("an invocation", 2)]));
    // Three sends, two wakes, six words of SES; the schedules send two themselves.
    let polls = [("DeleteMessage", 11), ("ReceiveMessage", 11), ("SendMessage", 2)];
    assert_eq!(told.beyond["sqs"], of(&polls));
    assert_eq!(told.beyond["sns"], of(&[("Publish to a topic", 6)]));
}
