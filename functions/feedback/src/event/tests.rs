use jiff::Timestamp;
use masa_domain::{ContactId, MessageId};
use serde_json::{Value, json};

use super::{Event, GREETING, News, Said, read};

const CONTACT: &str = "vzxyolgcxgyq2d7qyvzdptlgxi";
const RUN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The events in the shape that SES documents, one of each kind, with Masa's tags.
const DOCUMENTED: [(&str, &str); 10] = [
    ("bounce", include_str!("../../tests/fixtures/bounce.json")),
    ("click", include_str!("../../tests/fixtures/click.json")),
    ("complaint", include_str!("../../tests/fixtures/complaint.json")),
    ("delivery", include_str!("../../tests/fixtures/delivery.json")),
    ("delivery-delay", include_str!("../../tests/fixtures/delivery-delay.json")),
    ("open", include_str!("../../tests/fixtures/open.json")),
    ("reject", include_str!("../../tests/fixtures/reject.json")),
    ("rendering-failure", include_str!("../../tests/fixtures/rendering-failure.json")),
    ("send", include_str!("../../tests/fixtures/send.json")),
    ("subscription", include_str!("../../tests/fixtures/subscription.json")),
];

fn documented(name: &str) -> Value {
    let (_, text) = DOCUMENTED.iter().find(|(own, _)| *own == name).expect(name);
    serde_json::from_str(text).expect(name)
}

/// Where `pointer` leads in a documented event stands another value.
fn with(name: &str, pointer: &str, value: Value) -> String {
    let mut event = documented(name);
    *event.pointer_mut(pointer).expect(pointer) = value;
    event.to_string()
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn news(news: News) -> Said {
    Said::Of(Event {
        contact: ContactId(CONTACT.parse().expect("an id")),
        message: MessageId { run: RUN.parse().expect("an id"), generation: 3 },
        addressee: Some(ContactId(CONTACT.parse().expect("an id"))),
        provider_id: "0000014644fe5ef6-9a483358-9170-4cb4-a269-f5dcdf415321-000000".to_owned(),
        accepted_at: at("2026-11-22T10:00:00.123Z"),
        news,
    })
}

#[test]
fn each_kind_of_event_is_read_as_documented() {
    let later = at("2026-11-22T10:00:02Z");
    for (name, said) in [
        ("bounce", news(News::Bounced { at: later, for_good: true })),
        ("click", Said::Nothing),
        ("complaint", news(News::Complained(later))),
        ("delivery", news(News::Delivered(later))),
        ("delivery-delay", news(News::Accepted)),
        ("open", Said::Nothing),
        ("reject", news(News::Accepted)),
        ("rendering-failure", Said::Nothing),
        ("send", news(News::Accepted)),
        ("subscription", Said::Nothing),
    ] {
        let body = documented(name).to_string();
        assert_eq!(read(&body).expect(name), said, "{name}");
    }
}

#[test]
fn only_what_bounced_for_good_did() {
    for (kind, for_good) in
        [("Permanent", true), ("Transient", false), ("Undetermined", false), ("New", false)]
    {
        let body = with("bounce", "/bounce/bounceType", json!(kind));
        let at = at("2026-11-22T10:00:02Z");
        assert_eq!(read(&body).expect(kind), news(News::Bounced { at, for_good }), "{kind}");
    }
    for subtype in ["NoEmail", "Suppressed", "OnAccountSuppressionList"] {
        let body = with("bounce", "/bounce/bounceSubType", json!(subtype));
        let at = at("2026-11-22T10:00:02Z");
        let read = read(&body).expect(subtype);
        assert_eq!(read, news(News::Bounced { at, for_good: true }), "{subtype}");
    }
}

#[test]
fn a_complaint_that_is_taken_back_is_none() {
    for (kind, said) in [
        (json!("not-spam"), News::Accepted),
        (json!("virus"), News::Complained(at("2026-11-22T10:00:02Z"))),
        (json!(null), News::Complained(at("2026-11-22T10:00:02Z"))),
    ] {
        let body = with("complaint", "/complaint/complaintFeedbackType", kind.clone());
        assert_eq!(read(&body).expect("an event"), news(said), "{kind}");
    }
}

#[test]
fn what_ses_says_first_and_what_it_may_say_one_day_is_let_go() {
    for body in [GREETING, &format!("{GREETING}\n"), &with("send", "/eventType", json!("Read"))] {
        assert_eq!(read(body).expect(body), Said::Nothing, "{body}");
    }
}

#[test]
fn a_mail_without_our_tags_is_not_ours() {
    let id = json!([RUN]);
    for (pointer, value) in [
        ("/mail/tags", json!({})),
        ("/mail/tags", json!({"run": id, "contact": [CONTACT]})),
        ("/mail/tags", json!({"run": id, "generation": ["3"]})),
        ("/mail/tags/contact", json!([])),
        ("/mail/tags/contact", json!([CONTACT, CONTACT])),
        ("/mail/tags/contact", json!(["dana@example.com"])),
        ("/mail/tags/run", json!([RUN.to_uppercase()])),
        ("/mail/tags/run", json!([""])),
        ("/mail/tags/generation", json!(["-1"])),
        ("/mail/tags/generation", json!(["4294967296"])),
        ("/mail/tags/generation", json!(["3 "])),
    ] {
        let body = with("bounce", pointer, value.clone());
        assert_eq!(read(&body).expect("an event"), Said::OfAnother, "{pointer}: {value}");
    }
    let mut event = documented("send");
    event["mail"].as_object_mut().expect("an object").remove("tags");
    assert_eq!(read(&event.to_string()).expect("an event"), Said::OfAnother);
}

#[test]
fn what_is_no_event_is_refused() {
    let nested = "[".repeat(10_000);
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"Send\"",
        "{}",
        r#"{"eventType":"Send"}"#,
        r#"{"eventType":["Send"],"mail":{}}"#,
        // Feedback of an identity, which carries no tags.
        r#"{"notificationType":"Bounce","mail":{"timestamp":"2026-11-22T10:00:00Z","messageId":"1"}}"#,
        // A topic that does not deliver the raw message.
        r#"{"Type":"Notification","Message":"{\"eventType\":\"Send\"}"}"#,
        &nested,
        &with("send", "/mail/timestamp", json!("yesterday")),
        &with("send", "/mail/timestamp", json!(1_795_000_000)),
        &with("send", "/mail/messageId", json!(null)),
        &with("send", "/mail/tags", json!("contact")),
        &with("send", "/mail/tags/contact", json!(CONTACT)),
        &with("delivery", "/delivery", json!({})),
        &with("delivery", "/delivery/timestamp", json!("2026-11-22")),
        &with("bounce", "/bounce/bounceType", json!(null)),
        &with("bounce", "/bounce", json!(null)),
        &with("complaint", "/complaint", json!([])),
    ] {
        assert!(read(body).is_err(), "{body}");
    }
}

/// Goal: A8, a mail to the shop's own people is told from one to the contact by its tag.
#[test]
fn a_mail_to_the_shops_people_is_known() {
    let tags: Value = documented("bounce")["mail"]["tags"].clone();
    let mut tags = tags.as_object().cloned().expect("tags");
    let contact = ContactId(CONTACT.parse().expect("an id"));
    for (medium, addressee) in [("tell", None), ("email", Some(contact))] {
        tags.insert("medium".to_owned(), json!([medium]));
        let event = read(&with("bounce", "/mail/tags", Value::Object(tags.clone())));
        let Said::Of(event) = event.expect("an event") else { panic!("news") };
        assert_eq!(event.addressee, addressee, "{medium}");
    }
    tags.insert("addressee".to_owned(), json!([RUN]));
    let event = read(&with("bounce", "/mail/tags", Value::Object(tags)));
    let Said::Of(event) = event.expect("an event") else { panic!("news") };
    let other = Some(ContactId(RUN.parse().expect("an id")));
    assert_eq!(event.addressee, other, "one person, another address than the first");
}
