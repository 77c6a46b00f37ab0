//! Machines whose clocks are off.

use std::sync::{Arc, Mutex};

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};
use masa_box::{AwsBox, Handler, Ready, handler, skewed};
use masa_runtime::Clock;
use serde_json::{Value, json};

use crate::{START, new_box, put, stream_source, time};

/// A function that tells the time by its own clock, and sends a message to the queue `dead` with a delay of a minute.
fn teller(opened: &AwsBox) -> (Handler, Arc<Mutex<Vec<Timestamp>>>) {
    let told = Arc::<Mutex<Vec<Timestamp>>>::default();
    let clock = Clock::from(opened.clock());
    let (queue, url) = (aws_sdk_sqs::Client::new(&opened.sdk_config()), opened.queue_url("dead"));
    let kept = Arc::clone(&told);
    let handler = handler(move |_: Value| {
        let message = queue.send_message().queue_url(&url).message_body("late").delay_seconds(60);
        let (clock, kept) = (clock.clone(), Arc::clone(&kept));
        async move {
            message.send().await.map_err(|error| error.to_string())?;
            kept.lock().unwrap().push(clock.now());
            Ok::<_, String>(json!({}))
        }
    });
    (handler, told)
}

#[tokio::test]
async fn an_invocation_on_a_skewed_machine_has_another_time_and_the_services_have_not() {
    let opened = new_box();
    let (handler, told) = teller(&opened);
    opened.on_queue("wake", "work", 10, handler).unwrap();
    opened.on_queue("mourn", "dead", 10, Arc::new(|_| Box::pin(async { Ok(json!({})) }))).unwrap();
    opened.enqueue("work", "a", 0).unwrap();
    let ready = opened.ready().unwrap().remove(0);
    let delivery = opened.take(&ready).unwrap().unwrap();
    let hour = SignedDuration::from_hours(1);
    skewed(hour, opened.deliver(delivery)).await.unwrap();
    assert_eq!(*told.lock().unwrap(), [time(START) + hour]);
    assert_eq!(opened.next_due().unwrap(), Some(time(START) + SignedDuration::from_mins(1)));
    assert_eq!(Clock::from(opened.clock()).now(), time(START));
}

#[tokio::test]
async fn two_invocations_at_once_may_be_off_by_different_times() {
    let opened = new_box();
    let ((wake, woken), (advance, advanced)) = (teller(&opened), teller(&opened));
    opened.on_queue("wake", "work", 10, wake).unwrap();
    opened.on_stream("advance", stream_source(), advance).unwrap();
    opened.enqueue("work", "a", 0).unwrap();
    put(&aws_sdk_dynamodb::Client::new(&opened.sdk_config()), "C#1", "F#1").await;
    let ready: Vec<Ready> = opened.ready().unwrap();
    let [one, two] = [&ready[0], &ready[1]].map(|ready| opened.take(ready).unwrap().unwrap());
    let (ahead, behind) = (SignedDuration::from_secs(90), SignedDuration::from_secs(-30));
    let (one, two) =
        join(skewed(ahead, opened.deliver(one)), skewed(behind, opened.deliver(two))).await;
    assert_eq!((one.unwrap().stream_records, two.unwrap().queue_messages), (1, 1));
    assert_eq!(*advanced.lock().unwrap(), [time(START) + ahead]);
    assert_eq!(*woken.lock().unwrap(), [time(START) + behind]);
}
