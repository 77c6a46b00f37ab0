//! Segments, from the fact to the journey that waits for them (T2, C5).

use masa_language::Files;
use serde_json::json;

use crate::{
    dates::{dates, sent},
    world::World,
};

const EMAIL: &str = "dana@example.com";

const REGULARS: &str = "segments:\n  regulars: { purchased: any, times: 2, since: 30d }\n";

/// A shop with these segments, and a journey for who joins them and one for who leaves.
fn files(segments: &str) -> Files {
    let shop = format!(
        "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: en\n{segments}"
    );
    let flow = |name: &str, trigger: &str| {
        format!(
            "flow: {name}\ntrigger: {{ {trigger}: regulars }}\nentry: {{ again: always }}\n\
             send: {{ kind: transactional }}\nsteps: [ {{ email: {name} }} ]\n"
        )
    };
    let mail = |subject: &str| format!("---\nsubject: {subject}\n---\n<p>Hello</p>\n");
    Files::from_texts([
        ("shop.yaml".to_owned(), shop),
        ("dear/flow.yaml".to_owned(), flow("dear", "joined")),
        ("dear/templates/dear.en.html".to_owned(), mail("Dear")),
        ("missed/flow.yaml".to_owned(), flow("missed", "left")),
        ("missed/templates/missed.en.html".to_owned(), mail("Missed")),
    ])
}

async fn buys(world: &World, order: &str) {
    let order = json!({"order_id": order, "email": EMAIL, "total": "10.00", "currency": "ILS"});
    world.post("/hooks/purchase", &order).await;
    world.settle().await;
}

#[tokio::test]
async fn t2_a_segment_is_entered_by_a_fact_and_left_by_time() {
    let world = World::new(files(REGULARS)).await;
    buys(&world, "1").await;
    assert_eq!(sent(&world), []);
    world.pass(24).await;
    buys(&world, "2").await;
    let schedules = world.stack.aws.schedules().unwrap();
    assert_eq!(schedules.len(), 1, "one for the moment when the first order is too old");
    world.pass(24 * 60).await;
    let steps: Vec<_> =
        sent(&world).into_iter().map(|(step, at)| (step, at[..10].to_owned())).collect();
    assert_eq!(
        steps,
        [
            ("dear".to_owned(), "2026-03-02".to_owned()),
            ("missed".to_owned(), "2026-03-31".to_owned())
        ]
    );
    world.is_at_rest();
}

/// Who is found in a new segment did not enter it; but who leaves it then leaves.
#[tokio::test]
async fn t2_a_new_segment_is_told_of_to_all() {
    let world = World::new(files("")).await;
    buys(&world, "1").await;
    buys(&world, "2").await;
    world.publish(&files(REGULARS)).await;
    assert_eq!(dates(&world).await, json!({"lost": 0, "walked": 1}));
    assert_eq!(dates(&world).await, json!({"lost": 0, "walked": 0}), "once");
    world.pass(24 * 20).await;
    assert_eq!(sent(&world), []);
    let person = world.person(EMAIL).await;
    let contact = person.loaded.contact.unwrap();
    assert!(contact.is_in_segment("regulars"), "{contact:?}");
    world.pass(24 * 60).await;
    assert_eq!(world.steps(), ["missed"]);
    world.is_at_rest();
}
