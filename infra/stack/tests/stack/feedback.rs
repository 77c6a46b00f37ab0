//! What SES tells of a mail settles it, and stops mail to who can't or won't have it.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex},
};

use masa_box::{Call, Fault, Handler, Interceptor};
use masa_domain::{Channel, Message, Skip, State, Status, WhySuppressed};
use masa_language::Files;
use masa_stack::{FEEDBACK_DEAD_LETTERS, FEEDBACK_QUEUE, SEND_QUEUE};
use serde_json::{Value, json};

use crate::world::{Item, World};

const EMAIL: &str = "dana@example.com";

/// A greeting and a day later a story, both marketing; and a receipt for every order.
pub(crate) async fn shop() -> World {
    let mail = "---\nsubject: Hello\n---\n<p>Look</p>\n";
    World::new(Files::from_texts([
        (
            "shop.yaml",
            "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: en\n",
        ),
        (
            "letters/flow.yaml",
            "flow: letters\ntrigger: { joined: newsletter }\n\
             steps: [ { email: hello }, { wait: 1d }, { email: story } ]\n",
        ),
        ("letters/templates/hello.en.html", mail),
        ("letters/templates/story.en.html", mail),
        (
            "receipt/flow.yaml",
            "flow: receipt\ntrigger: { purchased: any }\nentry: { again: always }\n\
             send: { kind: transactional }\nsteps: [ { email: receipt } ]\n",
        ),
        ("receipt/templates/receipt.en.html", mail),
    ]))
    .await
}

/// Signs somebody up; nothing is delivered yet.
pub(crate) async fn join(world: &World, email: &str) {
    let body = json!({"email": email, "lists": ["newsletter"], "consent": {"email": true}});
    world.post("/hooks/signup", &body).await;
}

/// An event of a mail of the outbox, as SES publishes it.
pub(crate) fn event(mail: &Value, kind: &str, detail: &Value) -> String {
    let tags = mail["tags"].as_object().unwrap().iter();
    let tags: serde_json::Map<_, _> =
        tags.map(|(name, value)| (name.clone(), json!([value]))).collect();
    let [name, at] = [kind.to_ascii_lowercase(), "2026-03-01T08:00:07Z".to_owned()];
    let mut detail = detail.clone();
    detail["timestamp"] = json!(at);
    json!({
        "eventType": kind, name: detail,
        "mail": {"timestamp": mail["sent_at"], "messageId": mail["id"], "tags": tags},
    })
    .to_string()
}

/// SES takes the mail, and its answer is lost.
struct AnswerLost;

/// The table is away for messages, and there for all else.
struct MessagesAway;

type Passed<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

impl Interceptor for AnswerLost {
    fn before<'a>(&'a self, _: &'a Call) -> Passed<'a> {
        Box::pin(ready(Ok(())))
    }

    fn after<'a>(&'a self, call: &'a Call) -> Passed<'a> {
        Box::pin(ready(if call.operation == "SendEmail" { Err(Fault::Lost) } else { Ok(()) }))
    }
}

impl Interceptor for MessagesAway {
    fn before<'a>(&'a self, call: &'a Call) -> Passed<'a> {
        let broken = call.operation == "UpdateItem" && call.target.contains(" M#");
        let fault = Fault::Answer(500, "InternalServerError");
        Box::pin(ready(if broken { Err(fault) } else { Ok(()) }))
    }

    fn after<'a>(&'a self, _: &'a Call) -> Passed<'a> {
        Box::pin(ready(Ok(())))
    }
}

/// Keeps SES's events from the function.
fn withhold(world: &World) -> Arc<Mutex<Vec<Value>>> {
    let kept = Arc::<Mutex<Vec<Value>>>::default();
    let held = Arc::clone(&kept);
    let handler: Handler = Arc::new(move |event| {
        let records = event["Records"].as_array().unwrap();
        held.lock().unwrap().extend(records.iter().map(|record| record["body"].clone()));
        Box::pin(async { Ok(json!({"batchItemFailures": []})) })
    });
    world.stack.aws.on_queue("feedback", FEEDBACK_QUEUE, 10, handler).unwrap();
    kept
}

/// Lets the function hear again.
fn restore(world: &World) {
    let aws = &world.stack.aws;
    let feedback = aws.build::<masa_feedback::Function>(&world.stack.config).unwrap();
    aws.on_queue("feedback", FEEDBACK_QUEUE, 10, feedback).unwrap();
}

fn put(world: &World, body: &str) {
    world.stack.aws.enqueue(FEEDBACK_QUEUE, body, 0).unwrap();
}

async fn only_message(world: &World, email: &str) -> Message {
    let [message] = world.person(email).await.messages.try_into().unwrap();
    message
}

async fn skipped(world: &World, email: &str) -> Vec<(String, Skip)> {
    let messages = world.person(email).await.messages.into_iter();
    let skipped = messages.filter_map(|message| match message.status {
        Status::Skipped { reason, .. } => Some((message.step, reason)),
        _ => None,
    });
    skipped.collect()
}

/// The greeting goes out, and its answer is lost.
async fn greet_without_an_answer(world: &World, email: &str) {
    world.stack.aws.set_interceptor(Some(Arc::new(AnswerLost)));
    join(world, email).await;
    world.settle().await;
    world.stack.aws.set_interceptor(None);
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_settled_by_ses_own_word_at_once() {
    let world = shop().await;
    let started = world.now();
    greet_without_an_answer(&world, EMAIL).await;
    let [mail] = world.outbox().try_into().unwrap();
    let message = only_message(&world, EMAIL).await;
    let Status::Sent { at, provider_id } = &message.status else { panic!("{message:?}") };
    assert_eq!(*at, started);
    assert!(provider_id.starts_with(mail["id"].as_str().unwrap()), "{provider_id}");
    assert_eq!(message.delivered_at, Some(started));
    let run = world.runs(EMAIL, "letters").await.remove(0);
    let State::Waiting { until, .. } = run.state else { panic!("it goes on: {run:?}") };
    assert_eq!(until, started + jiff::SignedDuration::from_hours(24), "from SES's acceptance");
    assert_eq!(world.now(), started, "no time has passed");
    assert_eq!(world.stack.aws.queue_depth(SEND_QUEUE).unwrap(), 1, "the job comes once more");
    world.pass(48).await;
    assert_eq!(world.steps(), ["hello", "story"]);
    world.is_at_rest();
}

/// The same without SES's word, so that it is seen to matter.
#[tokio::test]
async fn a_mail_whose_answer_was_lost_stays_unknown_when_ses_says_nothing() {
    let world = shop().await;
    withhold(&world);
    greet_without_an_answer(&world, EMAIL).await;
    let claimed = only_message(&world, EMAIL).await.status;
    assert!(matches!(claimed, Status::Claimed { .. }), "{claimed:?}");
    world.pass(1).await;
    let unknown = only_message(&world, EMAIL).await.status;
    assert!(matches!(unknown, Status::Unknown { .. }), "{unknown:?}");
    assert_eq!(world.steps(), ["hello"]);
}

/// The others may never come.
#[tokio::test]
async fn each_event_of_a_mail_alone_proves_that_it_was_sent() {
    for (kind, detail) in [
        ("Send", json!({})),
        ("Delivery", json!({})),
        ("DeliveryDelay", json!({})),
        ("Reject", json!({})),
        ("Bounce", json!({"bounceType": "Transient"})),
        ("Bounce", json!({"bounceType": "Permanent"})),
        ("Complaint", json!({})),
        ("Complaint", json!({"complaintFeedbackType": "not-spam"})),
    ] {
        let world = shop().await;
        withhold(&world);
        greet_without_an_answer(&world, EMAIL).await;
        restore(&world);
        let started = world.now();
        put(&world, &event(&world.outbox()[0], kind, &detail));
        world.settle().await;
        let status = only_message(&world, EMAIL).await.status;
        assert!(matches!(status, Status::Sent { at, .. } if at == started), "{kind}: {status:?}");
    }
}

#[tokio::test]
async fn who_can_not_or_will_not_have_mail_gets_no_more_of_any_kind() {
    for (mailbox, why) in [
        ("bounce", WhySuppressed::Bounce),
        ("suppressionlist", WhySuppressed::Bounce),
        ("complaint", WhySuppressed::Complaint),
    ] {
        let world = shop().await;
        let email = format!("{mailbox}@simulator.amazonses.com");
        join(&world, &email).await;
        world.settle().await;
        let person = world.person(&email).await;
        assert_eq!(person.loaded.suppressions.0[&Channel::Email].why, why, "{mailbox}");
        let message = &person.messages[0];
        assert!(message.was_sent(), "SES took it: {message:?}");
        let bounced = why == WhySuppressed::Bounce;
        assert_eq!(message.bounced_at.is_some(), bounced, "{mailbox}");
        assert_eq!(message.complained_at.is_some(), !bounced, "{mailbox}");
        world.post("/hooks/purchase", &json!({"order_id": "1", "email": email})).await;
        world.pass(48).await;
        let suppressed = |step: &str| (step.to_owned(), Skip::Suppressed);
        let mut steps = skipped(&world, &email).await;
        steps.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(steps, [suppressed("receipt"), suppressed("story")], "{mailbox}");
        assert_eq!(world.steps(), ["hello"], "{mailbox}");
        world.is_at_rest();
    }
}

#[tokio::test]
async fn what_only_bounced_this_time_or_was_taken_back_stops_nothing() {
    for (kind, detail) in [
        ("Bounce", json!({"bounceType": "Transient", "bounceSubType": "MailboxFull"})),
        ("Bounce", json!({"bounceType": "Undetermined", "bounceSubType": "Undetermined"})),
        ("Complaint", json!({"complaintFeedbackType": "not-spam"})),
    ] {
        let world = shop().await;
        join(&world, EMAIL).await;
        world.settle().await;
        put(&world, &event(&world.outbox()[0], kind, &detail));
        world.settle().await;
        let person = world.person(EMAIL).await;
        assert!(person.loaded.suppressions.0.is_empty(), "{detail}");
        let message = &person.messages[0];
        assert_eq!(message.bounced_at.is_some(), kind == "Bounce", "{detail}");
        assert_eq!(message.complained_at, None);
        world.pass(48).await;
        assert_eq!(world.steps(), ["hello", "story"], "{detail}");
        world.is_at_rest();
    }
}

/// What stands in the table after these events, in this order, each delivered twice.
async fn told(order: [usize; 3], answer_lost: bool) -> Vec<Item> {
    let world = shop().await;
    let email = "complaint@simulator.amazonses.com";
    let events = withhold(&world);
    if answer_lost {
        greet_without_an_answer(&world, email).await;
    } else {
        join(&world, email).await;
    }
    world.settle().await;
    restore(&world);
    let events = events.lock().unwrap().clone();
    assert_eq!(events.len(), 3, "{events:?}");
    for number in order.into_iter().chain(order) {
        put(&world, events[number].as_str().unwrap());
        world.settle().await;
    }
    assert_eq!(world.stack.aws.queue_depth(FEEDBACK_QUEUE).unwrap(), 0);
    assert_eq!(world.stack.aws.queue_depth(FEEDBACK_DEAD_LETTERS).unwrap(), 0);
    world.items().await
}

/// Send, Delivery and Complaint of one mail.
#[tokio::test]
async fn events_may_come_twice_and_in_any_order() {
    for answer_lost in [false, true] {
        let in_order = told([0, 1, 2], answer_lost).await;
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(told(order, answer_lost).await, in_order, "{order:?}, {answer_lost}");
        }
    }
}

/// Whatever fails after it, the reader is protected.
#[tokio::test]
async fn a_suppression_is_written_first_and_the_rest_comes_again() {
    let world = shop().await;
    join(&world, EMAIL).await;
    world.settle().await;
    world.stack.aws.set_interceptor(Some(Arc::new(MessagesAway)));
    let detail = json!({"bounceType": "Permanent", "bounceSubType": "General"});
    put(&world, &event(&world.outbox()[0], "Bounce", &detail));
    world.settle().await;
    let person = world.person(EMAIL).await;
    assert!(person.loaded.suppressions.0.contains_key(&Channel::Email));
    assert_eq!(person.messages[0].bounced_at, None);
    assert_eq!(world.stack.aws.queue_depth(FEEDBACK_QUEUE).unwrap(), 1);
    world.stack.aws.set_interceptor(None);
    world.pass(1).await;
    assert_eq!(
        only_message(&world, EMAIL).await.bounced_at,
        Some("2026-03-01T08:00:07Z".parse().unwrap())
    );
    world.is_at_rest();
}

#[tokio::test]
async fn what_is_no_event_is_given_up_and_what_is_not_ours_is_let_go() {
    let world = shop().await;
    join(&world, EMAIL).await;
    world.settle().await;
    let before = world.items().await;
    let mut foreign = world.outbox()[0].clone();
    foreign["tags"] = json!({"campaign": "spring"});
    let mut gone = world.outbox()[0].clone();
    gone["tags"]["generation"] = json!("77");
    for (mail, kind) in
        [(&foreign, "Bounce"), (&foreign, "Send"), (&gone, "Send"), (&gone, "Delivery")]
    {
        put(&world, &event(mail, kind, &json!({"bounceType": "Permanent"})));
    }
    put(&world, "Successfully validated SNS topic for Amazon SES event publishing.");
    world.settle().await;
    world.is_at_rest();
    assert_eq!(world.items().await, before);

    let unreadable = [EMAIL.to_owned(), json!({"eventType": "Send", "mail": EMAIL}).to_string()];
    unreadable.iter().for_each(|body| put(&world, body));
    world.settle().await;
    assert_eq!(world.stack.aws.queue_depth(FEEDBACK_QUEUE).unwrap(), 0);
    let letters = world.stack.aws.messages(FEEDBACK_DEAD_LETTERS).unwrap();
    let bodies: Vec<&Value> = letters.iter().map(|letter| &letter["body"]).collect();
    assert_eq!(bodies, [&unreadable[0], &unreadable[1]]);
    for letter in &letters {
        let attributes = letter["messageAttributes"].to_string();
        assert!(attributes.contains("the body is"), "{attributes}");
        assert!(!attributes.contains(EMAIL), "no address in a cause: {attributes}");
    }
}
