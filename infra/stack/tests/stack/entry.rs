//! Who enters a journey again, and when.

use masa_language::Files;
use serde_json::json;

use crate::{
    message::{DANA, JO},
    walk::{joined, purchase, signup},
    world::World,
};

#[tokio::test]
async fn one_enters_again_as_the_flow_says() {
    let world = joined(&DANA, json!({})).await;
    world.pass(24 * 30).await;
    world.post("/hooks/signup", &signup(&DANA, json!({"lists": ["newsletter", "other"]}))).await;
    world
        .http(
            "POST",
            "/forms/landing-spring",
            &[("content-type", "application/json")],
            b"{\"email\":\"dana@example.com\"}",
        )
        .await;
    world.pass(24 * 30).await;
    assert_eq!(world.runs(DANA.email, "welcome").await.len(), 1, "never");

    for order in ["A-1", "A-2", "A-2"] {
        let body = purchase(order, &DANA).to_string();
        assert_eq!(world.post_as(order, "/hooks/purchase", body.as_bytes()).await.status, 200);
    }
    world.settle().await;
    assert_eq!(world.runs(DANA.email, "thanks").await.len(), 2, "always, but once an order");
    world.pass(24 * 7).await;
    let of = |step: &str| world.steps().iter().filter(|sent| *sent == step).count();
    assert_eq!([of("thanks"), of("howto"), of("review")], [2, 2, 2]);
}

#[tokio::test]
async fn one_enters_again_after_a_time() {
    const FLOW: &str = "
flow: visit
trigger: { event: visit }
entry: { again: after 90d }
send: { kind: transactional }
steps: [ { wait: 1d }, { count: visits } ]
";
    const SHOP: &str = "{ name: Kumkum, url: https://shop.example, address: Road, language: en }";
    let world =
        World::new(Files::from_texts([("shop.yaml", SHOP), ("visit/flow.yaml", FLOW)])).await;
    for (days, visits) in [(0, 1), (1, 1), (88, 1), (1, 2), (89, 2), (1, 3)] {
        world.pass(24 * days).await;
        world.post("/hooks/event", &json!({"type": "visit", "contact": {"email": JO.email}})).await;
        world.settle().await;
        let entered = world.runs(JO.email, "visit").await.len();
        assert_eq!(entered, visits, "{days} days later");
    }
    world.pass(24).await;
    let contact = world.person(JO.email).await.loaded.contact.unwrap();
    assert_eq!(contact.fields["visits"], json!(3));
}
