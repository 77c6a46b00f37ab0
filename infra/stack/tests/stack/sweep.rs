//! Journeys that nothing moves any more are found and moved.

use std::{
    future::{Future, ready},
    io::Write,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use jiff::SignedDuration;
use masa_box::{Call, Fault, Handler, Interceptor};
use masa_domain::Id;
use masa_stack::{SEND_QUEUE, SWEEP_EVERY, TABLE, WAKE_QUEUE};
use serde_json::{Value, json};

use crate::{
    feedback::{join, shop},
    watching,
    world::World,
};

const EMAIL: &str = "dana@example.com";

/// Deletes every schedule, as nothing of Masa's does.
pub(crate) async fn lose_schedules(world: &World) {
    let scheduler = aws_sdk_scheduler::Client::new(&world.stack.aws.sdk_config());
    let schedules = world.stack.aws.schedules().unwrap();
    assert!(!schedules.is_empty(), "there are schedules to lose");
    for (_, schedule) in schedules {
        let [name, group] = ["Name", "GroupName"].map(|member| schedule[member].as_str().unwrap());
        scheduler.delete_schedule().name(name).group_name(group).send().await.unwrap();
    }
}

/// Keeps the clock from sweeping.
pub(crate) fn stop_sweeping(world: &World) {
    let nothing: Handler = Arc::new(|_| Box::pin(async { Ok(json!({})) }));
    world.stack.aws.on_rate("sweep", SWEEP_EVERY, nothing).unwrap();
}

/// Lets the clock sweep again.
pub(crate) fn sweep_again(world: &World) {
    let sweep = world.stack.aws.build::<masa_sweep::Function>(&world.stack.config).unwrap();
    world.stack.aws.on_rate("sweep", SWEEP_EVERY, sweep).unwrap();
}

async fn sweep(world: &World) -> Result<Value, String> {
    world.stack.aws.invoke("sweep", json!({})).await
}

async fn pass_minutes(world: &World, minutes: i64) {
    let target = world.now() + SignedDuration::from_mins(minutes);
    world.stack.aws.advance_to(target).await.unwrap();
}

/// So many have lost their schedules, and are overdue.
async fn forgotten(people: usize) -> World {
    let world = shop().await;
    stop_sweeping(&world);
    for number in 0..people {
        join(&world, &format!("reader{number}@example.com")).await;
    }
    world.settle().await;
    lose_schedules(&world).await;
    world.pass(27).await;
    sweep_again(&world);
    world.stack.aws.meter().take();
    world
}

fn calls(world: &World) -> Vec<String> {
    world.stack.aws.meter().take().into_iter().map(|call| call.operation).collect()
}

/// Minutes until these steps were sent, looking every quarter of an hour.
async fn minutes_until(world: &World, steps: &[&str]) -> i64 {
    let mut minutes = 0;
    while world.steps() != steps {
        assert!(minutes < 24 * 60, "a day later there is only {:?}", world.steps());
        pass_minutes(world, 15).await;
        minutes += 15;
    }
    minutes
}

#[tokio::test]
async fn a_lost_schedule_is_found_an_hour_or_two_after_it_was_due() {
    // The hour up to which the index is exact is cut at another place for each.
    for minute in [0, 1, 37, 59] {
        let world = shop().await;
        pass_minutes(&world, minute).await;
        join(&world, EMAIL).await;
        world.settle().await;
        lose_schedules(&world).await;
        world.pass(24).await;
        assert_eq!(world.steps(), ["hello"]);
        let minutes = minutes_until(&world, &["hello", "story"]).await;
        assert!((60..=135).contains(&minutes), "{minute}: {minutes}");
        world.pass(48).await;
        assert_eq!(world.steps(), ["hello", "story"], "once");
        world.is_at_rest();
    }
}

#[tokio::test]
async fn a_message_that_was_lost_on_its_way_to_the_queue_is_asked_for_again() {
    let world = shop().await;
    let swallow: Handler = Arc::new(|_| Box::pin(async { Ok(json!({"batchItemFailures": []})) }));
    let aws = &world.stack.aws;
    aws.on_queue("deliver", SEND_QUEUE, 10, swallow).unwrap();
    join(&world, EMAIL).await;
    world.settle().await;
    let deliver = aws.build::<masa_deliver::Function>(&world.stack.config).unwrap();
    aws.on_queue("deliver", SEND_QUEUE, 10, deliver).unwrap();
    let minutes = minutes_until(&world, &["hello"]).await;
    assert!((60..=135).contains(&minutes), "{minutes}");
    world.pass(24).await;
    assert_eq!(world.steps(), ["hello", "story"]);
    world.is_at_rest();
}

#[tokio::test]
async fn a_sweep_that_finds_nothing_asks_eight_times_and_does_nothing() {
    let world = shop().await;
    join(&world, EMAIL).await;
    world.settle().await;
    world.pass(23).await;
    world.stack.aws.meter().take();
    assert_eq!(sweep(&world).await.unwrap(), json!({"overdue": 0}));
    assert_eq!(calls(&world), ["Query"; 8]);
    world.is_at_rest();
}

#[tokio::test]
async fn many_are_put_on_the_queue_by_tens() {
    let world = forgotten(25).await;
    assert_eq!(sweep(&world).await.unwrap(), json!({"overdue": 25}));
    let mut expected = vec!["Query"; 8];
    expected.extend(["GetQueueAttributes"].iter().chain(&["SendMessageBatch"; 3]));
    assert_eq!(calls(&world), expected);
    assert_eq!(world.stack.aws.queue_depth(WAKE_QUEUE).unwrap(), 25);
    world.settle().await;
    assert_eq!(world.outbox().len(), 50, "each got the greeting and the story");
    assert_eq!(sweep(&world).await.unwrap(), json!({"overdue": 0}));
    world.is_at_rest();
}

/// The second call that puts messages fails.
struct SecondFails(AtomicUsize);

type Passed<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

impl Interceptor for SecondFails {
    fn before<'a>(&'a self, call: &'a Call) -> Passed<'a> {
        let put = call.operation == "SendMessageBatch";
        let second = put && self.0.fetch_add(1, Ordering::Relaxed) == 1;
        let fault = Fault::Answer(403, "AccessDeniedException");
        Box::pin(ready(if second { Err(fault) } else { Ok(()) }))
    }

    fn after<'a>(&'a self, _: &'a Call) -> Passed<'a> {
        Box::pin(ready(Ok(())))
    }
}

#[tokio::test]
async fn what_can_not_be_put_holds_up_no_other_and_is_told() {
    let world = forgotten(25).await;
    world.stack.aws.set_interceptor(Some(Arc::new(SecondFails(AtomicUsize::default()))));
    let failed = sweep(&world).await.unwrap_err();
    assert!(failed.starts_with("SendMessageBatch did not succeed"), "{failed}");
    world.stack.aws.set_interceptor(None);
    assert_eq!(world.stack.aws.queue_depth(WAKE_QUEUE).unwrap(), 15);
    world.settle().await;
    assert_eq!(sweep(&world).await.unwrap(), json!({"overdue": 10}), "the next one mends it");
}

/// `wake` is behind: what is overdue is probably what it will do next.
#[tokio::test]
async fn nothing_is_added_to_a_long_queue() {
    for (before, after) in [(1_000, 1_001), (1_001, 1_001)] {
        let world = forgotten(1).await;
        let nobody = Id::derive(&["nobody"]).to_string();
        let wake = json!({"contact": nobody, "run": nobody, "generation": 1}).to_string();
        for _ in 0..before {
            world.stack.aws.enqueue(WAKE_QUEUE, &wake, 0).unwrap();
        }
        assert_eq!(sweep(&world).await.unwrap(), json!({"overdue": 1}), "it is told anyway");
        assert_eq!(world.stack.aws.queue_depth(WAKE_QUEUE).unwrap(), after, "{before}");
    }
}

#[tokio::test]
async fn one_sweep_takes_a_page_of_each_part_of_the_index() {
    let world = shop().await;
    let table = aws_sdk_dynamodb::Client::new(&world.stack.aws.sdk_config());
    for number in 0..260 {
        let pk = format!("C#{}", Id::derive(&["somebody", &number.to_string()]));
        let put = table.put_item().table_name(TABLE).item("pk", S(pk)).item("sk", S("@".into()));
        put.item("watch", S("3".into())).item("due", N("7".into())).send().await.unwrap();
    }
    assert_eq!(sweep(&world).await.unwrap(), json!({"overdue": 250}));
    assert_eq!(world.stack.aws.queue_depth(WAKE_QUEUE).unwrap(), 250);
}

/// A contact that can't be read is a dead letter once a day, and leaves its place to others.
#[tokio::test]
async fn who_can_t_be_read_comes_once_a_day() {
    let world = shop().await;
    let table = aws_sdk_dynamodb::Client::new(&world.stack.aws.sdk_config());
    let pk = format!("C#{}", Id::derive(&["somebody"]));
    let put = table.put_item().table_name(TABLE).item("pk", S(pk)).item("sk", S("@".into()));
    put.item("watch", S("3".into())).item("due", N("7".into())).send().await.unwrap();
    let letters = || world.stack.aws.queue_depth(masa_stack::WAKE_DEAD_LETTERS).unwrap();
    for quarter in 1..=100 {
        pass_minutes(&world, 15).await;
        let expected = if quarter <= 96 { 1 } else { 2 };
        assert_eq!(letters(), expected, "after {quarter} quarters of an hour");
    }
}

/// What a function writes to its log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The alarm's filter looks for a field of the lines that the Lambda runtime writes.
#[tokio::test]
async fn the_alarm_counts_what_a_sweep_logs() {
    for people in [0, 3] {
        let world = if people == 0 { shop().await } else { forgotten(people).await };
        let log = Log::default();
        let writer = log.clone();
        // As `lambda_runtime` sets it up for JSON.
        let lines = tracing_subscriber::fmt()
            .with_target(false)
            .without_time()
            .with_writer(move || writer.clone())
            .json()
            .finish();
        let guard = tracing::subscriber::set_default(lines);
        // Another test's thread may have met the line first, when nobody listened.
        tracing::callsite::rebuild_interest_cache();
        sweep(&world).await.unwrap();
        drop(guard);
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let (field, counted) = watching::overdue_field();
        let numbers = lines.filter_map(|line| line.pointer(&field)?.as_u64());
        assert_eq!(numbers.collect::<Vec<_>>(), [people as u64], "{text}");
        assert_eq!(counted, field, "the filter counts what it looks for");
    }
}
