//! Streams, queues and schedules feed the functions as Lambda's event source mappings do.

use serde_json::{Value, json};

use crate::{members, new_box, put, recorder, schedule, send, stream_source, time};

/// An answer that reports these record numbers, given by a pointer into the record, as failed.
fn failing(event: &Value, pointer: &str, bad: &str, id: &str) -> Value {
    let records = event["Records"].as_array().unwrap();
    let failed = records.iter().filter(|record| record.pointer(pointer).unwrap() == bad);
    let named: Vec<_> =
        failed.map(|record| json!({"itemIdentifier": record.pointer(id).unwrap()})).collect();
    json!({"batchItemFailures": named})
}

const SK: &str = "/dynamodb/Keys/sk/S";
const SEQUENCE: &str = "/dynamodb/SequenceNumber";

#[tokio::test]
async fn a_stream_keeps_its_order_and_a_poisonous_record_blocks_nobody() {
    let opened = new_box();
    let (handler, seen) = recorder(|event| Ok(failing(event, SK, "F#2", SEQUENCE)));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    for sk in ["F#1", "@", "F#2", "F#3", "@", "F#4"] {
        put(&client, "C#1", sk).await;
    }
    let settled = opened.settle().await.unwrap();
    assert_eq!((settled.stream_records, settled.dead_letters), (3, 1));
    let batches: &[&[&str]] =
        &[&["F#1", "F#2", "F#3", "F#4"], &["F#2"], &["F#2"], &["F#2"], &["F#3", "F#4"]];
    assert_eq!(members(&seen, SK), batches);

    let letter: Value =
        serde_json::from_str(opened.messages("dead").unwrap()[0]["body"].as_str().unwrap())
            .unwrap();
    assert_eq!(letter["requestContext"]["condition"], "RetryAttemptsExhausted");
    let poison = members(&seen, SEQUENCE)[1][0].clone();
    assert_eq!(letter["DDBStreamBatchInfo"]["startSequenceNumber"], poison);
    assert_eq!(letter["DDBStreamBatchInfo"]["approximateArrivalOfFirstRecord"], crate::START);
    assert_eq!(letter["DDBStreamBatchInfo"]["approximateArrivalOfLastRecord"], crate::START);
    assert_eq!(opened.settle().await.unwrap(), masa_box::Settled::default());
}

#[tokio::test]
async fn a_batch_that_fails_whole_is_halved_until_the_poison_is_alone() {
    let opened = new_box();
    let (handler, seen) = recorder(|event| {
        let records = event["Records"].as_array().unwrap();
        match records.iter().any(|record| record.pointer(SK).unwrap() == "F#3") {
            true => panic!("a function may panic"),
            false => Ok(json!({})),
        }
    });
    opened.on_stream("advance", stream_source(), handler).unwrap();
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    for sk in ["F#1", "F#2", "F#3", "F#4"] {
        put(&client, "C#1", sk).await;
    }
    let settled = opened.settle().await.unwrap();
    assert_eq!((settled.stream_records, settled.dead_letters), (3, 1));
    assert_eq!(members(&seen, SK).concat(), ["F#1", "F#2", "F#4"]);
}

#[tokio::test]
async fn a_stream_event_reads_as_lambda_sends_it() {
    let opened = new_box();
    let (handler, seen) = recorder(|_| Ok(json!({"batchItemFailures": []})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    put(&client, "C#1", "F#1").await;
    put(&client, "C#1", "F#1").await;
    let delete = client.delete_item().table_name("masa");
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.into());
    delete.key("pk", text("C#1")).key("sk", text("F#1")).send().await.unwrap();
    opened.settle().await.unwrap();

    let event = seen.lock().unwrap()[0].clone();
    let event: aws_lambda_events::event::dynamodb::Event = serde_json::from_value(event).unwrap();
    let names: Vec<_> = event.records.iter().map(|record| record.event_name.as_str()).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
    let (first, last) = (&event.records[0].change, &event.records[2].change);
    assert!(first.old_image.is_empty() && !first.new_image.is_empty());
    assert!(!last.old_image.is_empty() && last.new_image.is_empty());
    assert_eq!(first.approximate_creation_date_time.timestamp(), time(crate::START).as_second());
    assert!(first.sequence_number < last.sequence_number);
    assert!(
        event.records[0]
            .event_source_arn
            .as_ref()
            .unwrap()
            .starts_with("arn:aws:dynamodb:us-east-1:")
    );
}

#[tokio::test]
async fn many_records_arrive_once_each_while_old_ones_are_removed() {
    let opened = new_box();
    let (handler, seen) = recorder(|_| Ok(json!({})));
    opened.on_stream("advance", stream_source(), handler).unwrap();
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    let mut expected = Vec::new();
    for round in 0..40 {
        for number in 0..20 {
            let sk = format!("F#{round:02}-{number:02}");
            put(&client, "C#1", &sk).await;
            expected.push(sk);
        }
        opened.settle().await.unwrap();
    }
    assert_eq!(members(&seen, SK).concat(), expected);
}

#[tokio::test]
async fn a_failed_message_comes_again_after_its_timeout_and_dies_after_three_receives() {
    let opened = new_box();
    let (handler, seen) = recorder(|event| Ok(failing(event, "/body", "bad", "/messageId")));
    opened.on_queue("wake", "work", 10, handler).unwrap();
    for body in ["good", "bad", "fine"] {
        send(&opened, "work", body, 0).await;
    }
    let settled = opened.settle().await.unwrap();
    assert_eq!((settled.queue_messages, settled.failures), (2, 1));
    assert_eq!(opened.next_due().unwrap(), Some(time("2026-03-01T08:01:00Z")));

    let settled = opened.advance_to(time("2026-03-01T09:00:00Z")).await.unwrap();
    assert_eq!((settled.queue_batches, settled.dead_letters, settled.fired()), (2, 1, 0));
    assert_eq!(members(&seen, "/body"), [&["good", "bad", "fine"][..], &["bad"], &["bad"]]);
    let received: Vec<_> = members(&seen, "/attributes/ApproximateReceiveCount").concat();
    assert_eq!(received, ["1", "1", "1", "2", "3"]);
    assert_eq!((opened.queue_depth("work").unwrap(), opened.queue_depth("dead").unwrap()), (0, 1));
    let dead = &opened.messages("dead").unwrap()[0];
    assert_eq!(dead["attributes"]["DeadLetterQueueSourceArn"], opened.queue_arn("work"));
    let event: aws_lambda_events::event::sqs::SqsEvent =
        serde_json::from_value(seen.lock().unwrap()[0].clone()).unwrap();
    assert_eq!(event.records[0].body.as_deref(), Some("good"));
}

#[tokio::test]
async fn an_error_fails_the_whole_batch_and_so_does_a_failure_that_is_not_in_it() {
    for answer in
        [Err("no".to_owned()), Ok(json!({"batchItemFailures": [{"itemIdentifier": "someone"}]}))]
    {
        let opened = new_box();
        let (handler, _) = recorder(move |_| answer.clone());
        opened.on_queue("wake", "work", 10, handler).unwrap();
        send(&opened, "work", "a", 0).await;
        send(&opened, "work", "b", 0).await;
        assert_eq!(opened.settle().await.unwrap().failures, 2);
    }
}

#[tokio::test]
async fn time_stops_at_everything_that_falls_due_in_order() {
    let opened = new_box();
    let clock = opened.clock();
    let (handler, seen) = recorder(move |event| {
        assert_eq!(event["Records"].as_array().unwrap().len(), 1);
        assert_eq!(clock.now().to_string(), event["Records"][0]["body"].as_str().unwrap());
        Ok(json!({}))
    });
    opened.on_queue("wake", "work", 10, handler).unwrap();
    schedule(&opened, "b.1", "2026-03-03T08:00:00", "2026-03-03T08:00:00Z").await.unwrap();
    schedule(&opened, "a.1", "2026-03-02T08:00:00", "2026-03-02T08:00:00Z").await.unwrap();
    schedule(&opened, "c.1", "2026-03-05T08:00:00", "2026-03-05T08:00:00Z").await.unwrap();
    send(&opened, "work", "2026-03-01T08:15:00Z", 900).await;
    assert_eq!(opened.settle().await.unwrap(), masa_box::Settled::default());
    assert_eq!(opened.next_due().unwrap(), Some(time("2026-03-01T08:15:00Z")));

    let settled = opened.advance_to(time("2026-03-04T00:00:00Z")).await.unwrap();
    assert_eq!((settled.fired(), settled.failures), (3, 0));
    assert_eq!(opened.clock().now(), time("2026-03-04T00:00:00Z"));
    let bodies = members(&seen, "/body").concat();
    assert_eq!(bodies, ["2026-03-01T08:15:00Z", "2026-03-02T08:00:00Z", "2026-03-03T08:00:00Z"]);

    // What fired deleted itself; the rest is there and can be deleted.
    let left = opened.schedules().unwrap();
    assert_eq!((left.len(), left[0].0), (1, Some(time("2026-03-05T08:00:00Z"))));
    let client = aws_sdk_scheduler::Client::new(&opened.sdk_config());
    client.delete_schedule().name("c.1").group_name("masa").send().await.unwrap();
    assert_eq!(opened.advance_to(time("2027-03-04T00:00:00Z")).await.unwrap().fired(), 0);
}
