//! The box through the real SDK clients.
#![expect(clippy::unwrap_used, reason = "test assertions")]

mod clock;
mod delivery;
mod faults;
mod feedback;
mod http;
mod one_by_one;
mod queues;
mod rates;
mod restart;
mod services;
mod table;

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use masa_box::{AwsBox, ClockMode, Handler, Queue, Redrive, StreamSource};
use serde_json::{Value, json};

/// Where virtual time starts.
const START: &str = "2026-03-01T08:00:00Z";

/// A box in memory on virtual time, with one table and the queues `work` and `dead`.
fn new_box() -> AwsBox {
    let opened = AwsBox::open(None, ClockMode::Virtual(time(START))).unwrap();
    furnish(&opened);
    opened
}

fn furnish(opened: &AwsBox) {
    opened.ensure_table("masa").unwrap();
    let dead = Queue { name: "dead".into(), visibility_timeout_s: 30, redrive: None };
    let redrive = Some(Redrive { dead_letter_queue: "dead".into(), max_receive_count: 3 });
    opened.add_queue(dead).unwrap();
    opened.add_queue(Queue { name: "work".into(), visibility_timeout_s: 60, redrive }).unwrap();
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn stream_source() -> StreamSource {
    StreamSource {
        table: "masa".into(),
        patterns: vec![json!({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "F#"}]}}}})],
        batch_size: 10,
        max_attempts: 3,
        dead_letter_queue: Some("dead".into()),
    }
}

/// The events a function got.
type Seen = Arc<Mutex<Vec<Value>>>;

/// A function that keeps its events and answers as told.
fn recorder(
    answer: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
) -> (Handler, Seen) {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let answer = Arc::new(answer);
    let handler: Handler = Arc::new(move |event| {
        let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
        Box::pin(async move {
            let answered = answer(&event);
            kept.lock().unwrap().push(event);
            answered
        })
    });
    (handler, seen)
}

/// The given member of every record of every event.
fn members(seen: &Seen, pointer: &str) -> Vec<Vec<String>> {
    let seen = seen.lock().unwrap();
    let text = |record: &Value| {
        record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    seen.iter()
        .map(|event| event["Records"].as_array().unwrap().iter().map(text).collect())
        .collect()
}

async fn put(client: &aws_sdk_dynamodb::Client, pk: &str, sk: &str) {
    use aws_sdk_dynamodb::types::AttributeValue::S;
    let put = client.put_item().table_name("masa");
    put.item("pk", S(pk.into())).item("sk", S(sk.into())).send().await.unwrap();
}

async fn send(opened: &AwsBox, queue: &str, body: &str, delay_s: i32) {
    let client = aws_sdk_sqs::Client::new(&opened.sdk_config());
    let message = client.send_message().queue_url(opened.queue_url(queue)).message_body(body);
    message.delay_seconds(delay_s).send().await.unwrap();
}

/// Creates a one-time schedule to the queue `work`.
async fn schedule(
    opened: &AwsBox,
    name: &str,
    at: &str,
    input: &str,
) -> Result<
    (),
    Box<
        aws_sdk_scheduler::error::SdkError<
            aws_sdk_scheduler::operation::create_schedule::CreateScheduleError,
        >,
    >,
> {
    use aws_sdk_scheduler::types::{
        ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
    };
    let client = aws_sdk_scheduler::Client::new(&opened.sdk_config());
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap();
    let target = Target::builder()
        .arn(opened.queue_arn("work"))
        .role_arn("arn:aws:iam::000000000000:role/schedules")
        .input(input)
        .build()
        .unwrap();
    let create = client
        .create_schedule()
        .name(name)
        .group_name("masa")
        .schedule_expression(format!("at({at})"));
    let create =
        create.schedule_expression_timezone("UTC").flexible_time_window(window).target(target);
    create
        .action_after_completion(ActionAfterCompletion::Delete)
        .send()
        .await
        .map(drop)
        .map_err(Box::new)
}
