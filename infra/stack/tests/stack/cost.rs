//! What `masa cost` predicts is what the meter counts: whole journeys, call by call.

use std::collections::BTreeMap;

use masa_cost::{Decided, Door, Fate, Then, Walked, calls};
use masa_domain::Span;
use masa_language::Files;
use serde_json::json;

use crate::{
    calls::{MAIL, SHOP},
    message::{links, pixel},
    world::World,
};

const FLOW: &str = "
flow: welcome
trigger: { joined: newsletter }
exit: { purchased: any }
steps:
  - email: hello
  - wait: 2d
  - if: { email: hello, was: opened }
    then: [ { email: story }, { wait: 5m }, { id: nudge, sms: 'Hi. {{ unsubscribe_url }}', kind: transactional } ]
    else: [ { join: sleepers } ]
";

type Counted = BTreeMap<&'static str, BTreeMap<String, u64>>;

/// What was called since the last look. What is read once by a cold function, and what the clock alone
/// causes, is no journey's.
fn counted(world: &World) -> Counted {
    let mut counted = Counted::new();
    for call in world.stack.aws.meter().take() {
        if !matches!(call.function.as_str(), "sweep" | "dates") && !call.target.starts_with("FLOW")
        {
            let of = counted.entry(call.service).or_default();
            *of.entry(call.operation).or_default() += 1;
        }
    }
    counted
}

fn predicted(path: &[Walked]) -> Counted {
    let metered = calls(path).metered.into_iter();
    let of = |calls: BTreeMap<&'static str, u64>| {
        calls.into_iter().map(|(name, times)| (name.to_owned(), times)).collect()
    };
    metered.map(|(service, calls)| (service, of(calls))).collect()
}

fn decided(asked: u32, then: &[Then]) -> Decided {
    Decided { asked, then: then.to_vec() }
}

fn came(then: &[Then]) -> Walked {
    Walked::Came { door: Door::Hook, refusals: 0, decided: decided(0, then) }
}

fn mail(then: &[Then]) -> Walked {
    Walked::Mail { fate: Fate::Sent, decided: decided(0, then) }
}

/// Somebody of whom it is known whose number it is.
async fn join(world: &World) {
    world
        .post("/hooks/signup", &json!({"email": "noa@example.com", "phone": "+972505550123"}))
        .await;
    world.settle().await;
    counted(world);
    let body = json!({
        "email": "noa@example.com", "phone": "+972505550123", "lists": ["newsletter"],
        "consent": {"email": true, "sms": true},
    });
    world.post("/hooks/signup", &body).await;
    world.settle().await;
}

async fn world() -> World {
    let files = [
        ("shop.yaml", SHOP),
        ("welcome/flow.yaml", FLOW),
        ("welcome/templates/hello.en.html", MAIL),
        ("welcome/templates/story.en.html", MAIL),
    ];
    let world = World::new(Files::from_texts(files)).await;
    counted(&world);
    world
}

/// Goal: the prediction of a path equals what the box counts on it, service by service and operation by
/// operation.
#[tokio::test]
async fn predicted_calls_are_the_metered_ones() {
    let two_days = Then::Waits(Span::seconds(2 * 86_400));
    let minutes = Then::Waits(Span::seconds(300));

    // Who reads: greeting, story, text.
    let reader = world().await;
    join(&reader).await;
    let hello = reader.outbox().remove(0);
    reader.visit("GET", &pixel(&hello)).await;
    reader.settle().await;
    reader.visit("GET", &links(hello["html"].as_str().unwrap())[1]).await;
    reader.settle().await;
    reader.pass(49).await;
    let sent: Vec<_> = reader.steps();
    assert_eq!(sent, ["hello", "story", "sms to +972505550123"]);
    let path = [
        came(&[Then::Sends]),
        mail(&[two_days]),
        Walked::Opened { decided: Some(decided(0, &[])) },
        Walked::Clicked { decided: Some(decided(0, &[])) },
        Walked::Woke { scheduled: true, decided: decided(1, &[Then::Sends]) },
        mail(&[minutes]),
        Walked::Woke { scheduled: false, decided: decided(0, &[Then::Sends]) },
        Walked::Text { fate: Fate::Sent, number: false, decided: decided(0, &[Then::Ends]) },
    ];
    assert_eq!(counted(&reader), predicted(&path), "who reads");

    // Who does not: one mail, and a list.
    let sleeper = world().await;
    join(&sleeper).await;
    sleeper.pass(49).await;
    let path = [
        came(&[Then::Sends]),
        mail(&[two_days]),
        Walked::Woke { scheduled: true, decided: decided(1, &[Then::Ends]) },
    ];
    assert_eq!(counted(&sleeper), predicted(&path), "who does not");

    // Who buys: the wait is forgotten.
    let buyer = world().await;
    join(&buyer).await;
    let order = json!({"order_id": "1", "email": "noa@example.com"});
    buyer.post("/hooks/purchase", &order).await;
    buyer.settle().await;
    let path = [came(&[Then::Sends]), mail(&[two_days]), came(&[Then::Forgets, Then::Ends])];
    assert_eq!(counted(&buyer), predicted(&path), "who buys");
}
