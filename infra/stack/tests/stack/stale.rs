//! Schedules that fire late, twice, or after they were deleted.

use std::sync::{Arc, Mutex};

use masa_box::Handler;
use masa_domain::{Run, State};
use masa_stack::{WAKE_DEAD_LETTERS, WAKE_QUEUE};
use serde_json::{Value, json};

use crate::{
    message::open,
    world::{Item, World},
};

const EMAIL: &str = "dana@example.com";

/// All that a stale wake must not change.
async fn everything(world: &World) -> (Vec<Item>, Vec<Value>, Vec<Value>) {
    world.settle().await;
    let schedules = world.stack.aws.schedules().unwrap();
    let schedules = schedules.into_iter().map(|(_, schedule)| schedule).collect();
    (world.items().await, world.outbox(), schedules)
}

async fn joined() -> World {
    let world = World::library().await;
    let body = json!({
        "email": EMAIL, "lists": ["newsletter"], "consent": {"email": true}, "first_name": "דנה",
    });
    world.post("/hooks/signup", &body).await;
    world.settle().await;
    open(&world, &world.outbox()[0]).await;
    world
}

async fn welcome(world: &World) -> Run {
    world.runs(EMAIL, "welcome").await.remove(0)
}

/// The event of a wake, as the queue carries it.
fn wakes(bodies: &[String]) -> Value {
    let record = |(number, body): (usize, &String)| json!({"messageId": number.to_string(), "receiptHandle": "receipt", "body": body});
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// What the schedule that stands will put into the queue.
fn payload(world: &World) -> String {
    let [(_, schedule)] = world.stack.aws.schedules().unwrap().try_into().unwrap();
    schedule["Target"]["Input"].as_str().unwrap().to_owned()
}

async fn changes_nothing(world: &World, what: &str, bodies: &[String]) {
    let before = everything(world).await;
    let answer = world.stack.aws.invoke("wake", wakes(bodies)).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]), "{what}: it is worked off");
    assert_eq!(everything(world).await, before, "{what}");
    world.is_at_rest();
}

#[tokio::test]
async fn a_schedule_that_fires_twice_moves_a_journey_once() {
    let world = joined().await;
    let wake = payload(&world);
    world.pass(48).await;
    assert_eq!(world.steps(), ["hello", "story"]);
    changes_nothing(&world, "again, while the next wait stands", &[wake.clone(), wake.clone()])
        .await;
    world.pass(48).await;
    changes_nothing(&world, "again, when the journey is over", &[wake]).await;
    assert_eq!(world.steps(), ["hello", "story", "offer"]);
}

#[tokio::test]
async fn a_schedule_that_was_deleted_and_fires_nevertheless_changes_nothing() {
    let world = joined().await;
    let wake = payload(&world);
    world.post("/hooks/purchase", &json!({"order_id": "1", "email": EMAIL})).await;
    world.settle().await;
    assert_ne!(payload(&world), wake, "the one that stands is of the thanks");
    changes_nothing(&world, "at once", std::slice::from_ref(&wake)).await;
    world.pass(24 * 60).await;
    changes_nothing(&world, "much later", &[wake]).await;
}

/// The queue or the function was away for five hours when the schedule fired.
#[tokio::test]
async fn a_schedule_that_fires_late_moves_the_journey_then_and_waits_count_from_then() {
    let world = joined().await;
    let wake = payload(&world);
    let lost: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&lost);
    let away: Handler = Arc::new(move |event| {
        kept.lock().unwrap().push(event);
        Box::pin(async { Ok(json!({"batchItemFailures": []})) })
    });
    let aws = &world.stack.aws;
    aws.on_queue("wake", WAKE_QUEUE, 10, away).unwrap();
    world.pass(53).await;
    let event = lost.lock().unwrap().remove(0);
    assert_eq!(event["Records"][0]["body"], json!(wake));
    assert_eq!(world.steps(), ["hello"]);

    let back = aws.build::<masa_wake::Function>(&world.stack.config).unwrap();
    aws.on_queue("wake", WAKE_QUEUE, 10, back).unwrap();
    for _ in 0..2 {
        aws.invoke("wake", event.clone()).await.unwrap();
        world.settle().await;
        assert_eq!(world.steps(), ["hello", "story"]);
    }
    let State::Waiting { until, .. } = welcome(&world).await.state else { panic!("it waits") };
    assert_eq!(until, world.now() + jiff::SignedDuration::from_hours(48), "from the late send");
    world.pass(48).await;
    assert_eq!(world.steps(), ["hello", "story", "offer"]);
}

/// What was never armed: other generations, other runs, other people.
#[tokio::test]
async fn a_wake_of_something_else_changes_nothing() {
    let world = joined().await;
    let run = welcome(&world).await;
    let contact = world.contacts.contact(Some(EMAIL), None).unwrap();
    let stranger = world.contacts.contact(Some("nobody@example.com"), None).unwrap();
    let wake = |contact: &str, run: &str, generation: u32| {
        json!({"contact": contact, "run": run, "generation": generation}).to_string()
    };
    let (me, id) = (contact.to_string(), run.id.to_string());
    let now = run.generation;
    let bodies = [
        wake(&me, &id, 0),
        wake(&me, &id, now - 1),
        wake(&me, &id, now + 1),
        wake(&me, &id, u32::MAX),
        wake(&me, &me, now),
        wake(&stranger.to_string(), &id, now),
    ];
    changes_nothing(&world, "what was never armed", &bodies).await;
}

/// It goes to the dead letters at once, and holds up nobody.
#[tokio::test]
async fn a_wake_that_can_not_be_read_fails_alone() {
    let world = joined().await;
    let wake = payload(&world);
    let bodies = ["{".to_owned(), wake, "{\"contact\":\"x\"}".to_owned()];
    let answer = world.stack.aws.invoke("wake", wakes(&bodies)).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]), "it is worked off");
    let letters = world.stack.aws.messages(WAKE_DEAD_LETTERS).unwrap();
    let kept: Vec<&Value> = letters.iter().map(|letter| &letter["body"]).collect();
    assert_eq!(kept, [&bodies[0], &bodies[2]]);
    world.settle().await;
    assert_eq!(world.steps(), ["hello", "story"], "the one between them was worked off");
}
