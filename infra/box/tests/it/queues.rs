//! Receiving from a queue, and what a receipt handle is for.

use std::time::Duration;

use aws_sdk_sqs::{
    error::ProvideErrorMetadata as _,
    types::{
        ChangeMessageVisibilityBatchRequestEntry as Change, DeleteMessageBatchRequestEntry,
        Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    },
};
use masa_box::{AwsBox, handler};
use serde_json::{Value, json};

use crate::{START, new_box, send, time};

/// A client of the queue `work`.
struct Work {
    opened: AwsBox,
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Work {
    async fn with(bodies: &[&str]) -> Self {
        let opened = new_box();
        for body in bodies {
            send(&opened, "work", body, 0).await;
        }
        let client = aws_sdk_sqs::Client::new(&opened.sdk_config());
        let url = opened.queue_url("work");
        Self { opened, client, url }
    }

    async fn receive(&self, visibility_timeout_s: i32) -> Vec<Message> {
        let receive = self.client.receive_message().queue_url(&self.url);
        let receive = receive.max_number_of_messages(10).visibility_timeout(visibility_timeout_s);
        receive.send().await.unwrap().messages.unwrap_or_default()
    }

    /// The code of the error, empty when it worked.
    async fn hide(&self, handle: &str, seconds: i32) -> String {
        let change = self.client.change_message_visibility().queue_url(&self.url);
        let change = change.receipt_handle(handle).visibility_timeout(seconds);
        let changed = change
            .send()
            .await
            .map_err(|error| error.into_service_error().code().unwrap_or_default().to_owned());
        changed.err().unwrap_or_default()
    }

    async fn delete(&self, handle: &str) {
        let delete = self.client.delete_message().queue_url(&self.url);
        delete.receipt_handle(handle).send().await.unwrap();
    }

    /// Visible, hidden and delayed messages.
    async fn counts(&self) -> [i64; 3] {
        use QueueAttributeName::{
            ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed,
            ApproximateNumberOfMessagesNotVisible,
        };
        let ask = self.client.get_queue_attributes().queue_url(&self.url);
        let told = ask.attribute_names(QueueAttributeName::All).send().await.unwrap();
        let told = told.attributes.unwrap();
        let names = [
            ApproximateNumberOfMessages,
            ApproximateNumberOfMessagesNotVisible,
            ApproximateNumberOfMessagesDelayed,
        ];
        names.map(|name| told.get(&name).unwrap().parse().unwrap())
    }

    async fn pass(&self, seconds: u64) {
        let later = self.opened.clock().now() + Duration::from_secs(seconds);
        self.opened.advance_to(later).await.unwrap();
    }
}

fn handle(message: &Message) -> &str {
    message.receipt_handle().unwrap()
}

#[tokio::test]
async fn a_received_message_is_hidden_until_its_timeout_or_the_one_that_was_set() {
    let work = Work::with(&["a", "b"]).await;
    send(&work.opened, "work", "later", 500).await;
    assert_eq!(work.counts().await, [2, 0, 1]);
    let received = work.receive(10).await;
    assert_eq!(received.iter().map(|m| m.body().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(work.receive(10).await.is_empty());
    assert_eq!(work.counts().await, [0, 2, 1]);

    work.pass(5).await;
    assert_eq!(work.hide(handle(&received[0]), 100).await, "");
    assert_eq!(work.hide(handle(&received[1]), 0).await, "");
    assert_eq!(work.counts().await, [1, 1, 1]);
    assert_eq!(work.receive(200).await[0].body(), Some("b"));
    work.pass(99).await;
    assert_eq!(work.counts().await, [0, 2, 1]);
    work.pass(1).await;
    assert_eq!(work.receive(43_200).await[0].body(), Some("a"));
}

#[tokio::test]
async fn a_receive_brings_the_attributes_that_are_asked_for() {
    let work = Work::with(&[]).await;
    let text = |text: &str| {
        MessageAttributeValue::builder().data_type("String").string_value(text).build().unwrap()
    };
    let sending = work.client.send_message().queue_url(&work.url).message_body("{}");
    let sending = sending.message_attributes("cause", text("poison"));
    sending.message_attributes("function", text("wake")).send().await.unwrap();
    let receive = || work.client.receive_message().queue_url(&work.url).visibility_timeout(0);

    let plain = receive().send().await.unwrap().messages.unwrap().remove(0);
    assert!(plain.attributes().is_none_or(|all| all.is_empty()));
    assert!(plain.message_attributes().is_none_or(|all| all.is_empty()));
    assert_eq!(plain.md5_of_body(), Some("99914b932bd37a50b983c5e7c90ae93b"));

    let asked = receive()
        .message_attribute_names("cause")
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
    let asked = asked.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(asked.message_attributes().unwrap()["cause"].string_value(), Some("poison"));
    assert_eq!(asked.message_attributes().unwrap().len(), 1);
    let system = asked.attributes().unwrap();
    assert_eq!(system.len(), 1);
    assert_eq!(system[&MessageSystemAttributeName::ApproximateReceiveCount], "2");

    let all = receive()
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All);
    let all = all.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(all.message_attributes().unwrap().len(), 2);
    let sent = time(START).as_millisecond().to_string();
    assert_eq!(all.attributes().unwrap()[&MessageSystemAttributeName::SentTimestamp], sent);
}

#[tokio::test]
async fn a_stale_receipt_handle_changes_nothing() {
    let work = Work::with(&["a"]).await;
    let first = work.receive(10).await.remove(0);
    work.pass(10).await;
    let not_in_flight = "AWS.SimpleQueueService.MessageNotInflight";
    assert_eq!(work.hide(handle(&first), 5).await, not_in_flight);
    let second = work.receive(10).await.remove(0);
    assert_ne!(handle(&first), handle(&second));
    assert_eq!(work.hide(handle(&first), 5).await, "ReceiptHandleIsInvalid");
    assert_eq!(work.hide("no handle", 5).await, "ReceiptHandleIsInvalid");
    for seconds in [-1, 43_201] {
        assert_eq!(work.hide(handle(&second), seconds).await, "InvalidParameterValue");
    }

    work.delete(handle(&first)).await;
    assert_eq!(work.opened.queue_depth("work").unwrap(), 1);
    work.delete(handle(&second)).await;
    assert_eq!(work.opened.queue_depth("work").unwrap(), 0);
    work.delete(handle(&second)).await;
    assert_eq!(work.hide(handle(&second), 5).await, "ReceiptHandleIsInvalid");
    let delete = work.client.delete_message().queue_url(&work.url).receipt_handle("no handle");
    let refused = delete.send().await.unwrap_err().into_service_error();
    assert!(refused.is_receipt_handle_is_invalid(), "{refused:?}");
}

#[tokio::test]
async fn an_entry_of_a_batch_fails_alone() {
    let work = Work::with(&["a", "b"]).await;
    let received = work.receive(10).await;
    let change = |id: &str, handle: &str| {
        let entry = Change::builder().id(id).receipt_handle(handle).visibility_timeout(100);
        entry.build().unwrap()
    };
    let batch = work.client.change_message_visibility_batch().queue_url(&work.url);
    let changed = batch
        .entries(change("good", handle(&received[0])))
        .entries(change("bad", "no handle"))
        .entries(change("fine", handle(&received[1])))
        .send()
        .await
        .unwrap();
    let done: Vec<_> = changed.successful().iter().map(|entry| entry.id()).collect();
    assert_eq!(done, ["good", "fine"]);
    let [failed] = changed.failed() else { panic!("{changed:?}") };
    assert_eq!((failed.id(), failed.code()), ("bad", "ReceiptHandleIsInvalid"));
    assert!(failed.sender_fault());
    work.pass(99).await;
    assert_eq!(work.counts().await, [0, 2, 0]);

    let delete = |id: &str, handle: &str| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle);
        entry.build().unwrap()
    };
    let batch = work.client.delete_message_batch().queue_url(&work.url);
    let deleted = batch
        .entries(delete("good", handle(&received[0])))
        .entries(delete("bad", "no handle"))
        .send()
        .await
        .unwrap();
    assert_eq!((deleted.successful().len(), deleted.failed().len()), (1, 1));
    assert_eq!(work.opened.queue_depth("work").unwrap(), 1);
    let empty = work.client.delete_message_batch().queue_url(&work.url).set_entries(Some(vec![]));
    assert!(empty.send().await.unwrap_err().into_service_error().is_empty_batch_request());
}

#[tokio::test]
async fn a_receive_too_many_moves_the_message_to_the_dead_letters() {
    let work = Work::with(&["poison"]).await;
    for _ in 0..3 {
        assert_eq!(work.receive(0).await.len(), 1);
    }
    assert!(work.receive(0).await.is_empty());
    assert_eq!(work.opened.queue_depth("work").unwrap(), 0);
    let dead = work.client.receive_message().queue_url(work.opened.queue_url("dead"));
    let dead = dead.message_system_attribute_names(MessageSystemAttributeName::All);
    let dead = dead.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(dead.body(), Some("poison"));
    let source = &MessageSystemAttributeName::from("DeadLetterQueueSourceArn");
    assert_eq!(dead.attributes().unwrap()[source], work.opened.queue_arn("work"));
}

#[tokio::test]
async fn a_failed_message_keeps_the_timeout_that_its_function_set() {
    let work = Work::with(&["a", "b"]).await;
    let (client, url) = (work.client.clone(), work.url.clone());
    let function = handler(move |event: Value| {
        let (client, url) = (client.clone(), url.clone());
        async move {
            let first = &event["Records"][0];
            let hide = client.change_message_visibility().queue_url(url).visibility_timeout(300);
            let hide = hide.receipt_handle(first["receiptHandle"].as_str().unwrap());
            hide.send().await.map_err(|error| format!("{error:?}"))?;
            let failed = event["Records"].as_array().unwrap().iter();
            let failed: Vec<_> =
                failed.map(|one| json!({"itemIdentifier": one["messageId"]})).collect();
            Ok::<_, String>(json!({"batchItemFailures": failed}))
        }
    });
    work.opened.on_queue("deliver", "work", 10, function).unwrap();
    assert_eq!(work.opened.settle().await.unwrap().failures, 2);
    // The queue's own timeout is a minute, and the second message waits for that.
    assert_eq!(work.opened.next_due().unwrap(), Some(time(START) + Duration::from_secs(60)));
    let receives = |messages: Vec<Value>| {
        let first = messages.iter().find(|message| message["body"] == "a").unwrap();
        first["attributes"]["ApproximateReceiveCount"].as_str().unwrap().to_owned()
    };
    work.pass(299).await;
    assert_eq!(receives(work.opened.messages("work").unwrap()), "1");
    work.pass(1).await;
    assert_eq!(receives(work.opened.messages("work").unwrap()), "2");
}

#[tokio::test]
async fn queues_are_listed_and_described() {
    let work = Work::with(&[]).await;
    let listed = work.client.list_queues().send().await.unwrap();
    assert_eq!(listed.queue_urls(), [work.opened.queue_url("dead"), work.url.clone()]);
    let listed = work.client.list_queues().queue_name_prefix("wo").send().await.unwrap();
    assert_eq!(listed.queue_urls(), std::slice::from_ref(&work.url));

    let ask = || work.client.get_queue_attributes().queue_url(&work.url);
    let told = ask()
        .attribute_names(QueueAttributeName::QueueArn)
        .attribute_names(QueueAttributeName::VisibilityTimeout)
        .attribute_names(QueueAttributeName::RedrivePolicy);
    let told = told.send().await.unwrap().attributes.unwrap();
    assert_eq!(told.len(), 3);
    assert_eq!(told[&QueueAttributeName::QueueArn], work.opened.queue_arn("work"));
    assert_eq!(told[&QueueAttributeName::VisibilityTimeout], "60");
    let redrive: Value = serde_json::from_str(&told[&QueueAttributeName::RedrivePolicy]).unwrap();
    let expected =
        json!({"deadLetterTargetArn": work.opened.queue_arn("dead"), "maxReceiveCount": 3});
    assert_eq!(redrive, expected);
    let unknown = ask().attribute_names(QueueAttributeName::Policy).send().await.unwrap_err();
    assert!(unknown.into_service_error().is_invalid_attribute_name());
}
