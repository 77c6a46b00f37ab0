//! What fails: it waits longer each time, holds up nobody, and ends with its cause.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
};

use aws_sdk_dynamodb::types::AttributeValue;
use masa_box::{Call, Fault, Interceptor};
use masa_domain::{FactId, Id};
use masa_stack::{ADVANCE_DEAD_LETTERS, TABLE, VISIBILITY_S, WAKE_DEAD_LETTERS, WAKE_QUEUE};
use serde_json::{Value, json};

use crate::world::World;

/// Makes these operations fail, for two functions, where they are about something whose name ends so.
struct Broken(&'static [(&'static str, &'static str)]);

type Passed<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

impl Interceptor for Broken {
    fn before<'a>(&'a self, call: &'a Call) -> Passed<'a> {
        let mut broken = self.0.iter().filter(|_| ["advance", "wake"].contains(&&*call.function));
        let broken = broken.any(|(operation, target)| {
            call.operation == *operation && call.target.ends_with(target)
        });
        let fault = Fault::Answer(500, "InternalServerError");
        Box::pin(ready(if broken { Err(fault) } else { Ok(()) }))
    }

    fn after<'a>(&'a self, _: &'a Call) -> Passed<'a> {
        Box::pin(ready(Ok(())))
    }
}

fn break_down(world: &World, what: &'static [(&'static str, &'static str)]) {
    world.stack.aws.set_interceptor(Some(Arc::new(Broken(what))));
}

fn heal(world: &World) {
    world.stack.aws.set_interceptor(None);
}

fn letters(world: &World, queue: &str) -> Vec<Value> {
    world.stack.aws.messages(queue).unwrap()
}

fn attribute<'v>(letter: &'v Value, name: &str) -> &'v str {
    letter["messageAttributes"][name]["stringValue"].as_str().unwrap_or_default()
}

fn send(world: &World, body: &str) {
    world.stack.aws.enqueue(WAKE_QUEUE, body, 0).unwrap();
}

/// A wake that changes nothing.
fn stale_wake() -> String {
    let id = Id::derive(&["nobody"]).to_string();
    json!({"contact": id, "run": id, "generation": 3}).to_string()
}

/// Lets time pass until the one message in the queue is tried again, and says how many seconds that
/// took.
async fn next_try(world: &World) -> i64 {
    let receives = || {
        let messages = world.stack.aws.messages(WAKE_QUEUE).unwrap();
        messages.first().map(|message| message["attributes"]["ApproximateReceiveCount"].clone())
    };
    let (start, before) = (world.now(), receives());
    while receives() == before {
        let due = world.stack.aws.next_due().unwrap().unwrap();
        world.stack.aws.advance_to(due).await.unwrap();
    }
    world.now().duration_since(start).as_secs()
}

#[tokio::test]
async fn a_wake_that_fails_waits_longer_each_time_until_it_is_given_up() {
    let world = World::library().await;
    break_down(&world, &[("Query", "")]);
    send(&world, &stale_wake());
    world.settle().await;
    for receives in 1..99_u32 {
        let least = (30 << (receives - 1).min(10)).min(900);
        let waited = next_try(&world).await;
        assert!((least..=least * 5 / 4).contains(&waited), "after {receives}: {waited} s");
    }
    assert_eq!(world.stack.aws.queue_depth(WAKE_QUEUE).unwrap(), 0);
    let [letter] = letters(&world, WAKE_DEAD_LETTERS).try_into().unwrap();
    assert_eq!(letter["body"], stale_wake());
    assert_eq!((attribute(&letter, "function"), attribute(&letter, "receives")), ("wake", "99"));
    let cause = "Query did not succeed: InternalServerError: made to fail";
    assert_eq!(attribute(&letter, "cause"), cause);
}

#[tokio::test]
async fn a_wake_that_failed_is_worked_off_when_the_table_is_back() {
    let world = World::library().await;
    break_down(&world, &[("Query", "")]);
    send(&world, &stale_wake());
    world.settle().await;
    next_try(&world).await;
    heal(&world);
    next_try(&world).await;
    world.is_at_rest();
}

/// It goes to the dead letters at once, with its cause; if it can't, it is not lost.
#[tokio::test]
async fn what_nobody_can_read_is_given_up_at_once_if_possible() {
    let world = World::library().await;
    break_down(&world, &[("SendMessage", WAKE_DEAD_LETTERS)]);
    send(&world, "dana@example.com");
    world.settle().await;
    assert_eq!(world.stack.aws.queue_depth(WAKE_QUEUE).unwrap(), 1);
    heal(&world);
    assert!((30..=37).contains(&next_try(&world).await));
    assert_eq!(world.stack.aws.queue_depth(WAKE_QUEUE).unwrap(), 0);
    let [letter] = letters(&world, WAKE_DEAD_LETTERS).try_into().unwrap();
    assert_eq!(attribute(&letter, "cause"), "the body is not JSON (line 1, column 1)");
    assert_eq!(attribute(&letter, "receives"), "2");
}

/// Then the queue's own time-out applies.
#[tokio::test]
async fn a_wake_whose_wait_can_not_be_set_comes_again_all_the_same() {
    let world = World::library().await;
    break_down(&world, &[("Query", ""), ("ChangeMessageVisibilityBatch", WAKE_QUEUE)]);
    send(&world, &stale_wake());
    world.settle().await;
    assert_eq!(next_try(&world).await, i64::from(VISIBILITY_S));
    heal(&world);
    assert_eq!(next_try(&world).await, i64::from(VISIBILITY_S));
    world.is_at_rest();
}

fn signup(name: &str) -> Value {
    let email = format!("{name}@example.com");
    json!({"email": email, "lists": ["newsletter"], "consent": {"email": true}})
}

/// Puts an item under these keys that is no fact.
async fn corrupt(world: &World, pk: &str, sk: &str) {
    let client = aws_sdk_dynamodb::Client::new(&world.stack.aws.sdk_config());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = client.put_item().table_name(TABLE).item("pk", text(pk)).item("sk", text(sk));
    put.item("what", text("?")).send().await.unwrap();
}

/// The poison records come between others of the same batch, of other contacts and of the same.
#[tokio::test]
async fn a_poison_record_is_parked_and_holds_up_nobody() {
    let world = World::library().await;
    let dana = world.contacts.contact(Some("dana@example.com"), None).unwrap();
    let fact = FactId::new("test", "corrupt");
    world.post("/hooks/signup", &signup("jo")).await;
    corrupt(&world, &format!("C#{dana}"), &format!("F#{fact}")).await;
    corrupt(&world, "ELSE", "F#what").await;
    world.post("/hooks/signup", &signup("dana")).await;
    world.post("/hooks/signup", &signup("noa")).await;
    world.settle().await;
    let to = |sent: &Value| sent["to"].as_str().unwrap().to_owned();
    let sent: Vec<String> = world.outbox().iter().map(to).collect();
    assert_eq!(sent, ["jo@example.com", "dana@example.com", "noa@example.com"]);
    let letters = letters(&world, ADVANCE_DEAD_LETTERS);
    let bodies: Vec<Value> = letters
        .iter()
        .map(|letter| serde_json::from_str(letter["body"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(
        bodies,
        [json!({"contact": dana, "fact": fact}), json!({"pk": "ELSE", "sk": "F#what"})]
    );
    for letter in &letters {
        assert_eq!(attribute(letter, "function"), "advance");
        assert!(attribute(letter, "cause").contains("can't be read"), "{letter}");
    }
}

/// Then it is tried again as a whole: nothing is passed over.
#[tokio::test]
async fn a_poison_record_that_can_not_be_parked_is_not_lost() {
    let world = World::library().await;
    break_down(&world, &[("SendMessage", ADVANCE_DEAD_LETTERS)]);
    corrupt(&world, "ELSE", "F#what").await;
    for _ in 0..3 {
        world.stack.aws.step().await.unwrap();
    }
    assert_eq!(letters(&world, ADVANCE_DEAD_LETTERS), Vec::<Value>::new());
    heal(&world);
    world.settle().await;
    let [letter] = letters(&world, ADVANCE_DEAD_LETTERS).try_into().unwrap();
    assert_eq!(attribute(&letter, "function"), "advance", "not the stream's own");
}

/// The table is away: the record waits, and nothing is given up.
#[tokio::test]
async fn a_record_that_fails_for_now_is_not_parked() {
    let world = World::library().await;
    world.post("/hooks/signup", &signup("jo")).await;
    break_down(&world, &[("Query", "")]);
    for _ in 0..3 {
        world.stack.aws.step().await.unwrap();
    }
    heal(&world);
    world.settle().await;
    assert_eq!(world.steps(), ["hello"]);
    assert_eq!(letters(&world, ADVANCE_DEAD_LETTERS), Vec::<Value>::new());
}

/// Replays and looks at what is overdue: each may come at any time, for anything, any number of times.
#[tokio::test]
async fn replays_of_what_is_done_or_gone_change_nothing() {
    let world = World::library().await;
    world.post("/hooks/signup", &signup("dana")).await;
    world.settle().await;
    let person = world.person("dana@example.com").await;
    let contact = person.facts[0].contact;
    let gone = Id::derive(&["gone"]);
    let before = world.items().await;
    for body in [
        json!({"contact": contact, "fact": person.facts[0].id}),
        json!({"contact": contact, "message": person.messages[0].id}),
        json!({"contact": contact, "overdue": true}),
        json!({"contact": contact, "fact": gone}),
        json!({"contact": contact, "message": {"run": gone, "generation": 1}}),
        json!({"contact": gone, "overdue": true}),
    ] {
        send(&world, &body.to_string());
        world.settle().await;
        world.is_at_rest();
        assert_eq!(world.items().await, before, "{body}");
    }
    assert_eq!(world.steps(), ["hello"]);
}
