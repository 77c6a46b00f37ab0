//! The services' answers, as the SDK understands them.

use std::sync::Arc;

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{AttributeValue::S, ReturnValuesOnConditionCheckFailure::AllOld},
};
use aws_sdk_scheduler::operation::{
    create_schedule::CreateScheduleError, delete_schedule::DeleteScheduleError,
};
use aws_sdk_sesv2::{
    error::ProvideErrorMetadata as _,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use futures_util::future::BoxFuture;
use masa_box::{Call, Fault, Interceptor, handler};
use serde_json::{Value, json};

use crate::{new_box, put, schedule, send};

#[tokio::test]
async fn a_lost_condition_returns_the_item_that_is_there() {
    let opened = new_box();
    let client = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    let claim = |by: &str| {
        let put = client
            .put_item()
            .table_name("masa")
            .item("pk", S("C#1".into()))
            .item("sk", S("F#1".into()));
        put.item("by", S(by.into()))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(AllOld)
            .send()
    };
    claim("first").await.unwrap();
    match claim("second").await.unwrap_err().into_service_error() {
        PutItemError::ConditionalCheckFailedException(lost) => {
            assert_eq!(lost.item().unwrap()["by"], S("first".into()));
        }
        other => panic!("not a lost condition: {other:?}"),
    }
}

pub(crate) fn header(name: &str, value: &str) -> MessageHeader {
    MessageHeader::builder().name(name).value(value).build().unwrap()
}

/// Sends one mail and returns its id, or the error's code and message.
pub(crate) async fn mail(
    client: &aws_sdk_sesv2::Client,
    to: &[&str],
    tag: &str,
    headers: Vec<MessageHeader>,
) -> Result<String, (String, String)> {
    let content = |text: &str| Content::builder().data(text).charset("UTF-8").build().unwrap();
    let body = Body::builder().html(content("<p>שלום</p>")).text(content("שלום")).build();
    let message = Message::builder()
        .subject(content("ברוכים הבאים"))
        .body(body)
        .set_headers(Some(headers))
        .build();
    let mut destination = Destination::builder();
    for address in to {
        destination = destination.to_addresses(*address);
    }
    let named =
        |name: &str, value: &str| MessageTag::builder().name(name).value(value).build().unwrap();
    let sent = client
        .send_email()
        .from_email_address("Shop <hello@shop.example>")
        .destination(destination.build())
        .content(EmailContent::builder().simple(message).build())
        .configuration_set_name("masa")
        .email_tags(named("flow", "welcome"))
        .email_tags(named("step", tag))
        .send()
        .await;
    match sent {
        Ok(sent) => Ok(sent.message_id().unwrap().to_owned()),
        Err(error) => {
            let error = error.into_service_error();
            Err((
                error.code().unwrap_or_default().to_owned(),
                error.message().unwrap_or_default().to_owned(),
            ))
        }
    }
}

#[tokio::test]
async fn ses_takes_what_ses_takes_and_keeps_it() {
    let opened = new_box();
    let client = aws_sdk_sesv2::Client::new(&opened.sdk_config());
    let unsubscribe = vec![
        header("List-Unsubscribe", "<https://shop.example/u/abc>"),
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ];
    let id = mail(&client, &["dana@example.com"], "hello-1_a", unsubscribe).await.unwrap();

    let outbox = opened.outbox().unwrap();
    assert_eq!(outbox.len(), 1);
    let kept = &outbox[0];
    assert!(id.starts_with(kept["id"].as_str().unwrap()));
    let expected = json!({
        "channel": "email", "to": "dana@example.com", "from": "Shop <hello@shop.example>",
        "subject": "ברוכים הבאים", "html": "<p>שלום</p>", "text": "שלום", "flow": "welcome", "step": "hello-1_a",
        "sent_at": crate::START, "configuration_set": "masa",
        "headers": {
            "List-Unsubscribe": "<https://shop.example/u/abc>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&kept[member], value, "{member}");
    }
}

#[tokio::test]
async fn ses_refuses_what_ses_refuses() {
    let opened = new_box();
    let client = aws_sdk_sesv2::Client::new(&opened.sdk_config());
    let fits = "v".repeat(995);
    assert!(mail(&client, &["a@example.com"], "t", vec![header("X", &fits)]).await.is_ok());
    let many: Vec<_> = (0..16).map(|number| header(&format!("X-{number}"), "v")).collect();
    let twice = vec![header("List-Unsubscribe", "<a>"), header("list-unsubscribe", "<b>")];
    let cases = [
        ("a long header", vec!["a@example.com"], "t", vec![header("X-", &fits)]),
        ("a header in Hebrew", vec!["a@example.com"], "t", vec![header("X-Name", "שלום")]),
        (
            "a line break in a header",
            vec!["a@example.com"],
            "t",
            vec![header("X-Name", "a\r\nBcc: b@example.com")],
        ),
        ("a header name with a colon", vec!["a@example.com"], "t", vec![header("X:", "v")]),
        ("16 headers", vec!["a@example.com"], "t", many),
        ("List-Unsubscribe twice", vec!["a@example.com"], "t", twice),
        ("a tag with a dot", vec!["a@example.com"], "a.b", vec![]),
        ("two recipients", vec!["a@example.com", "b@example.com"], "t", vec![]),
        ("no recipient", vec![], "t", vec![]),
        ("an address in Hebrew", vec!["דנה@example.com"], "t", vec![]),
    ];
    for (case, to, tag, headers) in cases {
        let refused = mail(&client, &to, tag, headers).await.expect_err(case);
        assert_eq!(refused.0, "BadRequestException", "{case}: {}", refused.1);
    }
    assert_eq!(opened.outbox_len().unwrap(), 1);
}

#[tokio::test]
async fn sns_publishes_to_a_phone() {
    use aws_sdk_sns::types::MessageAttributeValue;
    let opened = new_box();
    let client = aws_sdk_sns::Client::new(&opened.sdk_config());
    let text = |value: &str| {
        MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
    };
    let publish = |phone: &str, message: &str| {
        let publish = client.publish().phone_number(phone).message(message);
        publish
            .message_attributes("AWS.SNS.SMS.SMSType", text("Promotional"))
            .message_attributes("AWS.SNS.SMS.SenderID", text("Shop"))
            .message_attributes("masa.flow", text("welcome"))
            .message_attributes("masa.step", text("sms"))
            .send()
    };
    let sent = publish("+972505550123", "שלום & <ברוכים>+ 100%").await.unwrap();
    let outbox = opened.outbox().unwrap();
    assert_eq!(outbox[0]["id"].as_str(), sent.message_id());
    assert_eq!(outbox[0]["text"], "שלום & <ברוכים>+ 100%");
    assert_eq!((&outbox[0]["to"], &outbox[0]["from"]), (&json!("+972505550123"), &json!("Shop")));
    assert_eq!((&outbox[0]["flow"], &outbox[0]["step"]), (&json!("welcome"), &json!("sms")));

    publish("+972505550123", &"ש".repeat(1600)).await.unwrap();
    for (phone, message) in [("0501234567", "a".to_owned()), ("+972505550123", "ש".repeat(1601))] {
        let refused = publish(phone, &message).await.unwrap_err().into_service_error();
        assert!(refused.is_invalid_parameter_exception(), "{refused:?}");
    }
    assert_eq!(opened.outbox_len().unwrap(), 2);
}

#[tokio::test]
async fn a_schedule_has_its_name_for_itself() {
    let opened = new_box();
    schedule(&opened, "run.1", "2026-03-03T08:00:00", "{}").await.unwrap();
    let again = schedule(&opened, "run.1", "2026-03-04T08:00:00", "{}").await.unwrap_err();
    assert!(matches!(again.into_service_error(), CreateScheduleError::ConflictException(_)));
    let named =
        schedule(&opened, "dana@example.com", "2026-03-04T08:00:00", "{}").await.unwrap_err();
    assert!(matches!(named.into_service_error(), CreateScheduleError::ValidationException(_)));
    let zoned = schedule(&opened, "run.2", "2026-03-04T08:00:00Z", "{}").await.unwrap_err();
    assert!(matches!(zoned.into_service_error(), CreateScheduleError::ValidationException(_)));

    let client = aws_sdk_scheduler::Client::new(&opened.sdk_config());
    let found = client.get_schedule().name("run.1").group_name("masa").send().await.unwrap();
    assert_eq!(found.schedule_expression(), Some("at(2026-03-03T08:00:00)"));
    assert_eq!(found.target().unwrap().arn(), opened.queue_arn("work"));
    let delete = || client.delete_schedule().name("run.1").group_name("masa").send();
    delete().await.unwrap();
    let gone = delete().await.unwrap_err().into_service_error();
    assert!(matches!(gone, DeleteScheduleError::ResourceNotFoundException(_)));
    assert!(opened.schedules().unwrap().is_empty());
}

#[tokio::test]
async fn sqs_refuses_what_sqs_refuses() {
    let opened = new_box();
    let client = aws_sdk_sqs::Client::new(&opened.sdk_config());
    let url = client.get_queue_url().queue_name("work").send().await.unwrap();
    assert_eq!(url.queue_url().unwrap(), opened.queue_url("work"));
    let nowhere =
        client.send_message().queue_url(opened.queue_url("nowhere")).message_body("a").send().await;
    assert!(nowhere.unwrap_err().into_service_error().is_queue_does_not_exist());
    let work = || client.send_message().queue_url(opened.queue_url("work"));
    work().message_body("a").delay_seconds(901).send().await.unwrap_err();
    let illegal = work().message_body("\u{1}").send().await.unwrap_err();
    assert!(illegal.into_service_error().is_invalid_message_contents());

    let entry = |id: &str, body: &str| {
        let entry =
            aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder().id(id).message_body(body);
        entry.build().unwrap()
    };
    let batch = client.send_message_batch().queue_url(opened.queue_url("work"));
    let sent = batch.entries(entry("1", "a")).entries(entry("2", "\u{1}")).send().await.unwrap();
    assert_eq!((sent.successful().len(), sent.failed().len()), (1, 1));
    assert_eq!(opened.queue_depth("work").unwrap(), 1);
}

#[tokio::test]
async fn what_the_box_does_not_know_it_names() {
    let opened = new_box();
    let dynamodb = aws_sdk_dynamodb::Client::new(&opened.sdk_config());
    let error = dynamodb.list_backups().send().await.unwrap_err().into_service_error();
    assert!(error.meta().message().unwrap().contains("ListBackups"), "{error:?}");
    let sqs = aws_sdk_sqs::Client::new(&opened.sdk_config());
    let error = sqs
        .purge_queue()
        .queue_url(opened.queue_url("work"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.meta().message().unwrap().contains("sqs PurgeQueue"), "{error:?}");
    let sns = aws_sdk_sns::Client::new(&opened.sdk_config());
    let error = sns.list_topics().send().await.unwrap_err().into_service_error();
    assert!(error.meta().message().unwrap().contains("sns ListTopics"), "{error:?}");
}

/// Breaks the connection after the first call has been done.
struct LoseFirst(std::sync::atomic::AtomicBool);

impl Interceptor for LoseFirst {
    fn before<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }

    fn after<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<(), Fault>> {
        let lost = !self.0.swap(true, std::sync::atomic::Ordering::SeqCst);
        Box::pin(async move { if lost { Err(Fault::Lost) } else { Ok(()) } })
    }
}

#[tokio::test]
async fn a_lost_reply_is_tried_again_without_waiting_and_every_try_is_counted() {
    let opened = new_box();
    let config = opened.sdk_config();
    let function = handler(move |_: Value| {
        let config = config.clone();
        async move {
            put(&aws_sdk_dynamodb::Client::new(&config), "C#1", "@").await;
            Ok::<_, String>(json!({}))
        }
    });
    opened.on_queue("wake", "work", 1, function).unwrap();
    send(&opened, "work", "{}", 0).await;
    opened.set_interceptor(Some(Arc::new(LoseFirst(false.into()))));
    assert_eq!(opened.settle().await.unwrap().queue_messages, 1);

    let call = |function: &str, service: &'static str, operation: &str, target: &str| Call {
        function: function.into(),
        service,
        operation: operation.into(),
        target: target.into(),
    };
    let put = call("wake", "dynamodb", "PutItem", "C#1 @");
    let sent = call("", "sqs", "SendMessage", "work");
    assert_eq!(opened.meter().take(), [sent, put.clone(), put]);
    assert!(opened.meter().take().is_empty());
    assert_eq!(opened.clock().now(), crate::time(crate::START));
}

#[tokio::test]
async fn a_call_says_what_it_is_about_and_names_nobody() {
    use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
    let opened = new_box();
    let config = opened.sdk_config();
    let client = aws_sdk_dynamodb::Client::new(&config);
    let table = "masa";
    put(&client, "C#1", "@").await;
    let key = |get: aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder| {
        get.key("pk", S("C#1".into())).key("sk", S("F#1".into()))
    };
    key(client.get_item().table_name(table)).send().await.unwrap();
    let query = |partition: &str| {
        let query = client.query().table_name(table);
        query.expression_attribute_values(partition, S("3".into()))
    };
    let prefix = query(":pk").key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
    prefix.expression_attribute_values(":prefix", S("F#".into())).send().await.unwrap();
    let due = query(":watch").index_name("overdue");
    let due = due.key_condition_expression("watch = :watch AND due <= :now");
    let now = aws_sdk_dynamodb::types::AttributeValue::N("1".into());
    due.expression_attribute_values(":now", now).send().await.unwrap();
    let place =
        Put::builder().table_name(table).item("pk", S("A".into())).item("sk", S("B".into()));
    let remove = Delete::builder().table_name(table).key("pk", S("C".into()));
    let remove = remove.key("sk", S("D".into())).build().unwrap();
    let transact = client.transact_write_items();
    let transact = transact
        .transact_items(TransactWriteItem::builder().put(place.build().unwrap()).build())
        .transact_items(TransactWriteItem::builder().delete(remove).build());
    transact.send().await.unwrap();
    schedule(&opened, "run.1", "2026-03-03T08:00:00", "{}").await.unwrap();
    let ses = aws_sdk_sesv2::Client::new(&config);
    mail(&ses, &["dana@example.com"], "t", vec![]).await.unwrap();
    let publish = aws_sdk_sns::Client::new(&config).publish().phone_number("+972505550123");
    publish.message("a").send().await.unwrap();

    let calls = opened.meter().take();
    let told: Vec<_> =
        calls.iter().map(|call| (call.operation.as_str(), call.target.as_str())).collect();
    let expected = [
        ("PutItem", "C#1 @"),
        ("GetItem", "C#1 F#1"),
        ("Query", "3"),
        ("Query", "overdue 3"),
        ("TransactWriteItems", "A B, C D"),
        ("CreateSchedule", "run.1"),
        ("SendEmail", ""),
        ("Publish", ""),
    ];
    assert_eq!(told, expected);
}
