//! Deliveries that the caller chooses: in any order, in part, twice, at once, and broken off.

use std::{pin::pin, sync::Arc};

use futures_util::{FutureExt as _, future::join};
use jiff::{SignedDuration, ToSpan as _};
use masa_box::{AwsBox, Delivery, Error, Handler, Ready, Settled};
use serde_json::json;

use crate::{
    START, members, new_box, put, recorder, restart::Folder, schedule, stream_source, time,
};

const SK: &str = "/dynamodb/Keys/sk/S";

/// A function that begins and never ends.
fn endless() -> Handler {
    Arc::new(|_| std::future::pending().boxed())
}

fn fine() -> Handler {
    recorder(|_| Ok(json!({}))).0
}

/// All that is ready in the queue `work`.
fn visible(opened: &AwsBox) -> Vec<String> {
    let ready = opened.ready().unwrap().into_iter();
    ready.fold(Vec::new(), |all, ready| match ready {
        Ready::Messages { queue, ids } if queue == "work" => ids,
        _ => all,
    })
}

fn take_messages(opened: &AwsBox, ids: &[&String]) -> Option<Delivery> {
    let ids = ids.iter().map(|id| (*id).clone()).collect();
    opened.take(&Ready::Messages { queue: "work".into(), ids }).unwrap()
}

fn stream(records: usize) -> Ready {
    Ready::Stream { function: "advance".into(), records }
}

async fn put_facts(opened: &AwsBox, facts: &[&str]) {
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    for sk in facts {
        put(&client, "C#1", sk).await;
    }
}

#[tokio::test]
async fn all_that_is_ready_is_listed_and_a_step_delivers_the_first() {
    let opened = new_box();
    opened.on_stream("advance", stream_source(), fine()).unwrap();
    opened.on_queue("wake", "work", 2, fine()).unwrap();
    opened.on_queue("mourn", "dead", 10, fine()).unwrap();
    opened.on_rate("sweep", SignedDuration::from_mins(15), fine()).unwrap();
    assert_eq!(opened.ready().unwrap(), []);

    put_facts(&opened, &["@", "F#1", "@", "F#2", "@"]).await;
    schedule(&opened, "b.1", "2026-03-01T08:10:00", "b").await.unwrap();
    schedule(&opened, "a.1", "2026-03-01T08:20:00", "a").await.unwrap();
    schedule(&opened, "c.1", "2026-03-01T09:00:00", "c").await.unwrap();
    opened.enqueue("dead", "0", 1).unwrap();
    for body in ["1", "2", "3"] {
        opened.enqueue("work", body, 0).unwrap();
    }
    opened.enqueue("work", "4", 3_600).unwrap();
    opened.set_clock(time("2026-03-01T08:20:00Z")).unwrap();

    let ready = opened.ready().unwrap();
    let schedule = |name: &str| Ready::Schedule { group: "masa".into(), name: name.into() };
    let [streams, rest @ ..] = ready.as_slice() else { panic!("nothing is ready") };
    assert_eq!(*streams, stream(2));
    assert_eq!(rest[..2], [schedule("b.1"), schedule("a.1")]);
    assert_eq!(rest[2], Ready::Rate { function: "sweep".into() });
    let Ready::Messages { queue, ids } = &rest[3] else { panic!("no messages") };
    assert_eq!((queue.as_str(), ids.len()), ("work", 3));
    let Ready::Messages { queue, ids } = &rest[4] else { panic!("no messages") };
    assert_eq!((queue.as_str(), ids.len(), rest.len()), ("dead", 1, 5));

    let mut steps = Vec::new();
    while let Some(step) = opened.step().await.unwrap() {
        steps.push(step);
    }
    let none = Settled::default();
    let batch =
        |queue_messages, delayed| Settled { queue_batches: 1, queue_messages, delayed, ..none };
    assert_eq!(
        steps,
        [
            Settled { stream_batches: 1, stream_records: 2, ..none },
            Settled { schedules: 1, ..none },
            Settled { schedules: 1, ..none },
            Settled { rates: 1, ..none },
            // 1 and 2, 3 and b, what was in the other queue, a.
            batch(2, 0),
            batch(2, 0),
            batch(1, 1),
            batch(1, 0),
        ]
    );
    assert_eq!(opened.ready().unwrap(), []);
    assert_eq!(opened.queue_depth("work").unwrap(), 1);
}

#[tokio::test]
async fn a_part_may_be_taken_in_any_order_and_what_is_not_ready_is_left_out() {
    let opened = new_box();
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_queue("wake", "work", 3, handler).unwrap();
    for body in ["a", "b", "c", "d", "e"] {
        opened.enqueue("work", body, 0).unwrap();
    }
    let ids = visible(&opened);
    let [a, b, c, d, e] = &ids[..] else { panic!("{ids:?}") };
    let first = take_messages(&opened, &[c, a]).unwrap();
    assert_eq!(visible(&opened), [b, d, e].map(String::clone));
    // Taken already, and no message at all.
    assert!(take_messages(&opened, &[a, &"nobody".to_owned()]).is_none());
    // No more than a batch.
    let second = take_messages(&opened, &[e, a, d, b]).unwrap();
    assert_eq!(visible(&opened), std::slice::from_ref(b));
    opened.deliver(second).await.unwrap();
    opened.deliver(first).await.unwrap();
    assert_eq!(members(&seen, "/body"), [&["e", "d"], &["c", "a"]]);
    assert_eq!(opened.queue_depth("work").unwrap(), 1);

    let later = Ready::Schedule { group: "masa".into(), name: "a.1".into() };
    schedule(&opened, "a.1", "2026-03-01T08:20:00", "a").await.unwrap();
    assert!(opened.take(&later).unwrap().is_none());
    assert_eq!((opened.schedules().unwrap().len(), visible(&opened).len()), (1, 1));
    opened.set_clock(time("2026-03-01T08:21:00Z")).unwrap();
    assert!(opened.take(&later).unwrap().is_none());
    assert_eq!((opened.schedules().unwrap().len(), visible(&opened).len()), (0, 2));
    opened.take(&later).unwrap();
    assert_eq!(visible(&opened).len(), 2, "a schedule fires once");

    for nobodys in [
        Ready::Messages { queue: "dead".into(), ids: vec![] },
        Ready::Rate { function: "sweep".into() },
        stream(1),
    ] {
        assert!(matches!(opened.take(&nobodys), Err(Error::Registration(_))));
    }
}

#[tokio::test]
async fn a_part_of_a_stream_s_batch_leaves_the_rest_in_its_order() {
    let opened = new_box();
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    put_facts(&opened, &["F#1", "@", "F#2", "@", "F#3", "@"]).await;
    assert!(opened.take(&stream(0)).unwrap().is_none());
    let two = opened.take(&stream(2)).unwrap().unwrap();
    assert_eq!(opened.deliver(two).await.unwrap().stream_records, 2);
    assert_eq!(opened.ready().unwrap(), [stream(1)]);
    let rest = opened.take(&stream(9)).unwrap().unwrap();
    opened.deliver(rest).await.unwrap();
    assert_eq!(members(&seen, SK), [&["F#1", "F#2"][..], &["F#3"]]);
    assert!(opened.take(&stream(9)).unwrap().is_none());
}

#[tokio::test]
async fn the_messages_of_a_dead_invocation_stay_hidden_and_come_again() {
    let opened = new_box();
    opened.on_queue("wake", "work", 10, endless()).unwrap();
    opened.enqueue("work", "a", 0).unwrap();
    for death in 1..=3_i64 {
        let ids = visible(&opened);
        let taken = take_messages(&opened, &ids.iter().collect::<Vec<_>>()).unwrap();
        let received = taken.event.pointer("/Records/0/attributes/ApproximateReceiveCount");
        assert_eq!(received.unwrap(), &death.to_string());
        assert!(opened.deliver(taken).now_or_never().is_none());
        assert!(visible(&opened).is_empty(), "hidden");
        let hidden_until = time(START) + (60 * death).seconds();
        assert_eq!(opened.next_due().unwrap(), Some(hidden_until));
        opened.set_clock(hidden_until).unwrap();
    }
    let ids = visible(&opened);
    assert!(take_messages(&opened, &[&ids[0]]).is_none(), "a dead letter");
    assert_eq!((opened.queue_depth("work").unwrap(), opened.queue_depth("dead").unwrap()), (0, 1));
}

#[tokio::test]
async fn the_batch_of_a_dead_invocation_is_delivered_again() {
    let opened = new_box();
    opened.on_stream("advance", stream_source(), endless()).unwrap();
    put_facts(&opened, &["F#1", "F#2"]).await;
    let batch = opened.take(&stream(2)).unwrap().unwrap();
    {
        let mut running = pin!(opened.deliver(batch.clone()));
        assert_eq!(opened.ready().unwrap(), [stream(2)], "not begun yet");
        assert!(running.as_mut().now_or_never().is_none());
        assert_eq!(opened.ready().unwrap(), [], "a stream has one reader");
    }
    let again = opened.take(&stream(2)).unwrap().unwrap();
    assert_eq!(again.event, batch.event);
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    opened.deliver(again).await.unwrap();
    assert_eq!((members(&seen, SK).concat().len(), opened.ready().unwrap().len()), (2, 0));
}

#[tokio::test]
async fn deliveries_from_different_sources_run_at_once() {
    let opened = new_box();
    let met = Arc::new(tokio::sync::Barrier::new(2));
    let waits = || -> Handler {
        let met = Arc::clone(&met);
        Arc::new(move |_| {
            let met = Arc::clone(&met);
            async move {
                met.wait().await;
                Ok(json!({}))
            }
            .boxed()
        })
    };
    opened.on_stream("advance", stream_source(), waits()).unwrap();
    opened.on_queue("wake", "work", 10, waits()).unwrap();
    put_facts(&opened, &["F#1"]).await;
    opened.enqueue("work", "a", 0).unwrap();
    let ready = opened.ready().unwrap();
    let [one, two] = [&ready[0], &ready[1]].map(|ready| opened.take(ready).unwrap().unwrap());
    // Each waits for the other: one after the other they would wait for ever.
    let (one, two) = join(opened.deliver(one), opened.deliver(two)).await;
    assert_eq!((one.unwrap().stream_records, two.unwrap().queue_messages), (1, 1));
    assert_eq!(opened.ready().unwrap(), []);
}

#[tokio::test]
async fn a_batch_that_is_delivered_twice_moves_the_stream_once() {
    let opened = new_box();
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    put_facts(&opened, &["F#1", "F#2"]).await;
    let batch = opened.take(&stream(2)).unwrap().unwrap();
    opened.deliver(batch.clone()).await.unwrap();
    put_facts(&opened, &["F#3"]).await;
    let next = opened.take(&stream(1)).unwrap().unwrap();
    opened.deliver(next).await.unwrap();
    opened.deliver(batch).await.unwrap();
    assert_eq!(members(&seen, SK), [&["F#1", "F#2"][..], &["F#3"], &["F#1", "F#2"]]);
    assert_eq!(opened.ready().unwrap(), [], "the place in the stream did not go back");
}

#[tokio::test]
async fn an_invocation_that_is_finished_late_deletes_the_message_from_its_queue_only() {
    let opened = new_box();
    let (handler, _) = recorder(|event| match event["Records"][0]["body"].as_str().unwrap() {
        "bad" => Err("no".to_owned()),
        _ => Ok(json!({})),
    });
    opened.on_queue("wake", "work", 10, handler).unwrap();
    opened.enqueue("work", "good", 0).unwrap();
    let id = visible(&opened).remove(0);
    let slow = take_messages(&opened, &[&id]).unwrap();
    opened.set_clock(time("2026-03-01T08:01:00Z")).unwrap();
    let quick = take_messages(&opened, &[&id]).unwrap();
    assert_eq!(opened.deliver(slow).await.unwrap().queue_messages, 1);
    assert_eq!(opened.queue_depth("work").unwrap(), 0);
    opened.deliver(quick).await.unwrap();

    opened.enqueue("work", "good", 0).unwrap();
    let id = visible(&opened).remove(0);
    let mut last = None;
    for minute in 2..5 {
        last = take_messages(&opened, &[&id]);
        opened.set_clock(time(&format!("2026-03-01T08:0{minute}:00Z"))).unwrap();
    }
    assert!(take_messages(&opened, &[&id]).is_none());
    opened.deliver(last.unwrap()).await.unwrap();
    assert_eq!(opened.queue_depth("dead").unwrap(), 1, "the dead letter stays");
}

#[tokio::test]
async fn a_late_failure_does_not_let_go_of_what_another_invocation_has_in_hand() {
    let folder = Folder::new("late");
    let opened = folder.open(START);
    let (handler, _) = recorder(|_| Err("no".to_owned()));
    opened.on_queue("wake", "work", 10, handler).unwrap();
    opened.enqueue("work", "bad", 0).unwrap();
    let id = visible(&opened).remove(0);
    let slow = take_messages(&opened, &[&id]).unwrap();
    opened.set_clock(time("2026-03-01T08:01:00Z")).unwrap();
    take_messages(&opened, &[&id]).unwrap();
    opened.deliver(slow).await.unwrap();
    drop(opened);

    // The process died with the message in hand, so it is visible at once.
    let opened = folder.open(START);
    opened.on_queue("wake", "work", 10, fine()).unwrap();
    assert_eq!(visible(&opened), [id]);
}

#[tokio::test]
async fn a_message_may_be_put_into_a_queue_from_outside() {
    let opened = new_box();
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_queue("wake", "work", 10, handler).unwrap();
    opened.enqueue("work", "now", 0).unwrap();
    opened.enqueue("work", "later", 60).unwrap();
    assert_eq!(opened.settle().await.unwrap().fired(), 0);
    let settled = opened.advance_to(time("2026-03-01T08:01:00Z")).await.unwrap();
    assert_eq!(
        (settled.fired(), members(&seen, "/body").concat()),
        (1, vec!["now".into(), "later".into()])
    );
    assert!(matches!(opened.enqueue("nowhere", "", 0), Err(Error::Registration(_))));
}
