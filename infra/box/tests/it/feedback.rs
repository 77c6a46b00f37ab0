//! SES's events in a queue.

use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use masa_box::{AwsBox, Error};
use serde_json::{Value, json};

use crate::{START, new_box, services::mail};

fn events(opened: &AwsBox) -> Vec<Value> {
    let messages = opened.messages("dead").unwrap();
    messages.iter().map(parsed).collect()
}

fn parsed(message: &Value) -> Value {
    serde_json::from_str(message["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn each_mail_publishes_what_became_of_it_under_the_id_that_its_sender_got() {
    let opened = new_box();
    opened.publish_ses_events("dead").unwrap();
    let client = aws_sdk_sesv2::Client::new(&opened.sdk_config());
    let cases = [
        ("dana@example.com", ["Send", "Delivery"].as_slice()),
        ("success@simulator.amazonses.com", &["Send", "Delivery"]),
        ("ooto@simulator.amazonses.com", &["Send", "Delivery"]),
        ("bounce@simulator.amazonses.com", &["Send", "Bounce"]),
        ("bounce+label1@simulator.amazonses.com", &["Send", "Bounce"]),
        ("complaint@simulator.amazonses.com", &["Send", "Delivery", "Complaint"]),
        ("suppressionlist@simulator.amazonses.com", &["Send", "Bounce"]),
        ("bounce@example.com", &["Send", "Delivery"]),
    ];
    let mut had = 0;
    for (to, expected) in cases {
        let id = mail(&client, &[to], "hello", vec![]).await.unwrap();
        let events: Vec<_> = events(&opened).drain(had..).collect();
        had += events.len();
        let kinds: Vec<_> =
            events.iter().map(|event| event["eventType"].as_str().unwrap()).collect();
        assert_eq!(kinds, expected, "{to}");
        for event in &events {
            assert_eq!(event["mail"]["messageId"], json!(id), "{to}");
            assert_eq!(event["mail"]["destination"], json!([to]));
        }
    }
    assert_eq!(opened.outbox_len().unwrap(), 8);
}

#[tokio::test]
async fn an_event_has_the_shape_of_ses() {
    let opened = new_box();
    opened.publish_ses_events("dead").unwrap();
    let client = aws_sdk_sesv2::Client::new(&opened.sdk_config());
    let to = "Dana <bounce@simulator.amazonses.com>";
    mail(&client, &[to], "hello", vec![]).await.unwrap();
    let events = events(&opened);
    let mail = &events[0]["mail"];
    assert_eq!(events[0]["send"], json!({}));
    assert_eq!(mail["timestamp"], "2026-03-01T08:00:00.000Z");
    assert_eq!(crate::time(mail["timestamp"].as_str().unwrap()), crate::time(START));
    let tags = json!({
        "ses:configuration-set": ["masa"], "ses:from-domain": ["shop.example"],
        "flow": ["welcome"], "step": ["hello"],
    });
    assert_eq!(mail["tags"], tags);
    let bounce = &events[1]["bounce"];
    assert_eq!(
        (&bounce["bounceType"], &bounce["bounceSubType"]),
        (&json!("Permanent"), &json!("General"))
    );
    let address = json!("bounce@simulator.amazonses.com");
    assert_eq!(bounce["bouncedRecipients"][0]["emailAddress"], address);

    crate::services::mail(&client, &["suppressionlist@simulator.amazonses.com"], "hello", vec![])
        .await
        .unwrap();
    crate::services::mail(&client, &["complaint@simulator.amazonses.com"], "hello", vec![])
        .await
        .unwrap();
    let events = self::events(&opened);
    assert_eq!(events[3]["bounce"]["bounceType"], "Permanent");
    assert_eq!(events[3]["bounce"]["bounceSubType"], "OnAccountSuppressionList");
    assert_eq!(events[5]["delivery"]["recipients"], json!(["complaint@simulator.amazonses.com"]));
    let complained = json!([{"emailAddress": "complaint@simulator.amazonses.com"}]);
    assert_eq!(events[6]["complaint"]["complainedRecipients"], complained);
}

#[tokio::test]
async fn only_mails_with_a_configuration_set_publish_events() {
    let opened = new_box();
    assert!(matches!(opened.publish_ses_events("nowhere"), Err(Error::Registration(_))));
    let client = aws_sdk_sesv2::Client::new(&opened.sdk_config());
    mail(&client, &["dana@example.com"], "before", vec![]).await.unwrap();
    opened.publish_ses_events("dead").unwrap();
    mail(&client, &["no address"], "refused", vec![]).await.unwrap_err();
    let content = || Content::builder().data("Hello").build().unwrap();
    let message =
        Message::builder().subject(content()).body(Body::builder().text(content()).build());
    let sending = client.send_email().from_email_address("hello@shop.example");
    let sending =
        sending.destination(Destination::builder().to_addresses("dana@example.com").build());
    let sending = sending.content(EmailContent::builder().simple(message.build()).build());
    sending.send().await.unwrap();
    assert_eq!(opened.outbox_len().unwrap(), 2);
    assert_eq!(events(&opened), Vec::<Value>::new());
}
