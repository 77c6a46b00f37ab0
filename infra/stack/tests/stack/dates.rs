//! Dates and silence, from the field to the mail: at the minute, once, and whatever was lost (T5, T12).

use std::sync::Arc;

use jiff::SignedDuration;
use masa_box::Handler;
use masa_language::Files;
use masa_stack::SWEEP_EVERY;
use serde_json::{Value, json};

use crate::{sweep::lose_schedules, world::World};

const EMAIL: &str = "dana@example.com";

/// A shop in Jerusalem, with these flows of one mail each: name, trigger, entry.
fn files(flows: &[(&str, &str)]) -> Files {
    let shop = "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: en\n\
                timezone: Asia/Jerusalem\n";
    let mut files = vec![("shop.yaml".to_owned(), shop.to_owned())];
    for (name, trigger) in flows {
        let flow = format!(
            "flow: {name}\ntrigger: {trigger}\nentry: {{ again: always }}\n\
             send: {{ kind: transactional }}\nsteps: [ {{ email: {name} }} ]\n"
        );
        files.push((format!("{name}/flow.yaml"), flow));
        let mail = "---\nsubject: Hello\n---\n<p>Look</p>\n";
        files.push((format!("{name}/templates/{name}.en.html"), mail.to_owned()));
    }
    Files::from_texts(files)
}

const BIRTHDAY: (&str, &str) =
    ("birthday", "{ date: birthday, yearly: true, offset: -7d, at: \"10:00\" }");
const SILENT: (&str, &str) = ("silent", "{ silent: 60d, of: visit }");

async fn tell(world: &World, email: &str, fields: Value) {
    let body = json!({"email": email, "consent": {"email": true}, "fields": fields});
    world.post("/hooks/signup", &body).await;
    world.settle().await;
}

/// What was sent, and when.
pub(crate) fn sent(world: &World) -> Vec<(String, String)> {
    let text = |sent: &Value, name: &str| sent[name].as_str().unwrap().to_owned();
    world.outbox().iter().map(|sent| (text(sent, "step"), text(sent, "sent_at"))).collect()
}

fn times(world: &World, step: &str) -> Vec<String> {
    sent(world).into_iter().filter(|(own, _)| own == step).map(|(_, at)| at).collect()
}

pub(crate) async fn dates(world: &World) -> Value {
    world.stack.aws.invoke("dates", json!({})).await.unwrap()
}

/// Keeps the clock from looking for what was lost.
fn stop_looking(world: &World) {
    let nothing: Handler = Arc::new(|_| Box::pin(async { Ok(json!({})) }));
    world.stack.aws.on_rate("dates", SWEEP_EVERY, nothing).unwrap();
}

#[tokio::test]
async fn a_birthday_comes_each_year_at_its_minute_and_silence_when_it_has_lasted() {
    let world = World::new(files(&[BIRTHDAY, SILENT])).await;
    tell(&world, EMAIL, json!({"birthday": "1990-06-17"})).await;
    let standing = world.stack.aws.schedules().unwrap();
    assert_eq!(standing.len(), 1, "one schedule for the first of them: {standing:?}");
    world.pass(24 * 365 * 2).await;
    assert_eq!(times(&world, "birthday"), ["2026-06-10T07:00:00Z", "2027-06-10T07:00:00Z"]);
    assert_eq!(times(&world, "silent"), ["2026-04-30T08:00:00Z"], "nobody visited after that");
    world.is_at_rest();
}

#[tokio::test]
async fn a_date_whose_schedule_was_lost_is_found_an_hour_or_two_later() {
    let world = World::new(files(&[BIRTHDAY])).await;
    assert_eq!(dates(&world).await["walked"], 0, "nobody is there to be told");
    tell(&world, EMAIL, json!({"birthday": "1990-06-17"})).await;
    lose_schedules(&world).await;
    world.stack.aws.advance_to("2026-06-10T07:59:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(sent(&world), [], "its time came");
    assert_eq!(dates(&world).await["lost"], 0, "a queue may be late");
    world.pass(1).await;
    assert_eq!(times(&world, "birthday").len(), 1, "found");
    world.pass(24 * 365).await;
    assert_eq!(times(&world, "birthday").len(), 2, "and the next one has its own schedule");
    world.is_at_rest();
}

#[tokio::test]
async fn a_new_date_is_told_to_all_who_are_there_once() {
    let world = World::new(files(&[("hello", "{ joined: news }")])).await;
    for number in 0..300 {
        tell(&world, &format!("reader{number}@example.com"), json!({"birthday": "1990-06-17"}))
            .await;
    }
    assert_eq!(dates(&world).await, json!({"lost": 0, "walked": 0}), "no flow waits for a date");
    stop_looking(&world);
    world.publish(&files(&[("hello", "{ joined: news }"), BIRTHDAY])).await;
    let dates_again = world.stack.aws.build::<masa_dates::Function>(&world.stack.config).unwrap();
    world.stack.aws.on_rate("dates", SWEEP_EVERY, dates_again).unwrap();
    assert_eq!(dates(&world).await, json!({"lost": 0, "walked": 300}));
    assert_eq!(dates(&world).await, json!({"lost": 0, "walked": 0}), "once");
    world.pass(1).await;
    assert_eq!(world.stack.aws.schedules().unwrap().len(), 300);
    world.pass(24 * 120).await;
    let came = times(&world, "birthday");
    assert_eq!(came.len(), 300);
    assert!(came.iter().all(|at| at == "2026-06-10T07:00:00Z"), "each at its time: {came:?}");
    world.is_at_rest();
}

#[tokio::test]
async fn a_wake_queue_that_is_long_is_left_alone_and_the_walk_goes_on_later() {
    let world = World::new(files(&[("hello", "{ joined: news }")])).await;
    tell(&world, EMAIL, json!({"birthday": "1990-06-17"})).await;
    stop_looking(&world);
    world.publish(&files(&[BIRTHDAY])).await;
    let body = json!({"contact": world.contacts.contact(Some(EMAIL), None), "look": true});
    let sqs = aws_sdk_sqs::Client::new(&world.stack.aws.sdk_config());
    for _ in 0..1_001 {
        let url = world.stack.aws.queue_url("wake");
        sqs.send_message().queue_url(url).message_body(body.to_string()).send().await.unwrap();
    }
    let dates_again = world.stack.aws.build::<masa_dates::Function>(&world.stack.config).unwrap();
    world.stack.aws.on_rate("dates", SWEEP_EVERY, dates_again).unwrap();
    assert_eq!(dates(&world).await["walked"], 0, "wake is behind");
    world.settle().await;
    assert_eq!(dates(&world).await["walked"], 1);
    world.pass(24 * 120).await;
    assert_eq!(times(&world, "birthday"), ["2026-06-10T07:00:00Z"]);
}

#[tokio::test]
async fn what_is_told_on_the_very_day_comes_at_once_and_what_was_missed_for_a_day_does_not() {
    let world = World::new(files(&[("due", "{ date: due, at: \"10:00\" }")])).await;
    tell(&world, EMAIL, json!({"due": "2026-03-01"})).await;
    assert_eq!(times(&world, "due"), ["2026-03-01T08:00:00Z"], "it is ten in Jerusalem");
    tell(&world, "late@example.com", json!({"due": "2026-02-27"})).await;
    world.stack.aws.advance_to(world.now() + SignedDuration::from_hours(48)).await.unwrap();
    assert_eq!(times(&world, "due").len(), 1);
}
