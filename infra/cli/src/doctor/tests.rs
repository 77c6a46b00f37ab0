//! The command on a stack whose queues are named as `CloudFormation` names them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use masa_box::{AwsBox, ClockMode, Handler, Queue, StreamSource};
use masa_domain::{ConsentGiven, ContactDetails, ContactId, ContactKey, Fact, FactId, Happening};
use masa_runtime::Config;
use masa_stack::{Stack, TABLE};
use serde_json::{Value, json};

use super::{Arguments, Report, Ward, examine};
use crate::publish;

const START: &str = "2026-03-01T08:00:00Z";
const CONTACT_KEY: &str = "the key of contact ids, 32 characters or more";

/// What `CloudFormation` calls a queue of the stack `shop`.
fn physical(name: &str) -> String {
    format!("shop-{name}-1VX0A2B3C4D5E")
}

/// A stack whose stream is read by nobody: what is stored is applied by the wake queue alone.
async fn stack() -> Stack {
    let secret = "whsec_dGhlIHNlY3JldCBvZiB0aGUgZG9jdG9yJ3MgdGVzdHM=";
    let settings: Config = [
        ("MASA_PUBLIC_URL", "https://go.shop.example"),
        ("MASA_FROM", "hello@shop.example"),
        ("MASA_SECRET_EVENTS", secret),
        ("MASA_SECRET_LINKS", "the secret under which links are signed"),
        ("MASA_CONTACT_KEY", CONTACT_KEY),
    ]
    .into_iter()
    .collect();
    let start = START.parse().unwrap();
    let stack = Stack::open(None, ClockMode::Virtual(start), settings).unwrap();
    for name in Ward::ALL.into_iter().flat_map(|ward| [ward.name(), ward.back()]) {
        add(&stack.aws, &physical(name));
    }
    add(&stack.aws, "shop-test-SendDeadLetters-1VX0A2B3C4D5E");
    let wakes = [
        ("MASA_WAKE_QUEUE", stack.aws.queue_url(&physical("WakeQueue"))),
        ("MASA_WAKE_DEAD_LETTERS", stack.aws.queue_url(&physical("WakeDeadLetters"))),
    ];
    let config = stack.config.clone().overridden_by(wakes.into_iter().collect());
    let wake = stack.aws.build::<masa_wake::Function>(&config).unwrap();
    stack.aws.on_queue("wake as deployed", &physical("WakeQueue"), 10, wake).unwrap();
    let deaf = StreamSource {
        table: TABLE.to_owned(),
        patterns: Vec::new(),
        batch_size: 100,
        max_attempts: 1,
        dead_letter_queue: None,
    };
    let nobody: Handler = Arc::new(|_| Box::pin(async { Ok(Value::Null) }));
    stack.aws.on_stream("advance", deaf, nobody).unwrap();
    let files = masa_language::Files::from_texts(masa_flows::demo());
    let library = masa_language::read(&files).unwrap();
    publish::publish(&stack.store, library, false).await.unwrap();
    stack
}

fn add(aws: &AwsBox, name: &str) {
    let queue = Queue { name: name.to_owned(), visibility_timeout_s: 180, redrive: None };
    aws.add_queue(queue).unwrap();
}

fn send(stack: &Stack, queue: &str, body: &str) {
    stack.aws.enqueue(queue, body, 0).unwrap();
}

/// The bodies in a queue, visible or not.
fn bodies(stack: &Stack, name: &str) -> Vec<String> {
    let messages = stack.aws.messages(&physical(name)).unwrap();
    messages.iter().map(|message| message["body"].as_str().unwrap().to_owned()).collect()
}

async fn doctor(stack: &Stack, redrive: bool, table: bool) -> Vec<Report> {
    let table = table.then(|| TABLE.to_owned());
    let arguments = Arguments { stack: "shop".to_owned(), redrive, table, json: false };
    let now = stack.aws.clock().now();
    let reports = examine(&stack.aws.sdk_config(), &arguments, now).await.unwrap();
    assert_eq!(reports.iter().map(|report| report.ward).collect::<Vec<_>>(), Ward::ALL);
    reports
}

/// The report of one queue; all others are empty.
async fn one(stack: &Stack, ward: Ward, redrive: bool, table: bool) -> Report {
    let mut reports = doctor(stack, redrive, table).await;
    let index = reports.iter().position(|report| report.ward == ward).unwrap();
    let report = reports.remove(index);
    assert!(reports.iter().all(|report| report.letters == 0), "{reports:?}");
    report
}

fn person(name: &str) -> ContactId {
    let email = format!("{name}@example.com");
    ContactKey::new(CONTACT_KEY).contact(Some(&email), None).unwrap()
}

/// Stores a signup for the newsletter that came in `minutes` after the start, and does no more.
async fn sign_up(stack: &Stack, name: &str, minutes: i64) -> FactId {
    let start: Timestamp = START.parse().unwrap();
    let at = start + SignedDuration::from_mins(minutes);
    let consent = ConsentGiven { email: Some(true), ..ConsentGiven::default() };
    let details = ContactDetails {
        email: Some(format!("{name}@example.com")),
        lists: vec!["newsletter".to_owned()],
        consent: Some(consent),
        ..ContactDetails::default()
    };
    let fact = Fact {
        id: FactId::new("test", name),
        contact: person(name),
        received_at: at,
        at,
        details,
        what: Happening::Signup { form: None },
    };
    stack.store.record(&fact).await.unwrap();
    fact.id
}

async fn has_joined(stack: &Stack, name: &str) -> bool {
    let contact = stack.store.load(person(name)).await.unwrap().contact;
    contact.is_some_and(|contact| contact.lists.contains_key("newsletter"))
}

fn fact_job(name: &str, fact: FactId) -> String {
    json!({"contact": person(name), "fact": fact}).to_string()
}

/// What Lambda writes when it gives up records that arrived from one minute to another.
fn position(first: i64, last: i64) -> String {
    let start: Timestamp = START.parse().unwrap();
    let at = |minutes| (start + SignedDuration::from_mins(minutes)).to_string();
    json!({
        "requestContext": {"condition": "RecordAgeExceeded", "approximateInvokeCount": 51},
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001",
            "startSequenceNumber": "1",
            "endSequenceNumber": "2",
            "approximateArrivalOfFirstRecord": at(first),
            "approximateArrivalOfLastRecord": at(last),
            "batchSize": 2,
        },
    })
    .to_string()
}

#[tokio::test]
async fn a_healthy_stack_has_nothing_and_an_unknown_one_is_an_error() {
    let stack = stack().await;
    assert!(!doctor(&stack, false, false).await.iter().any(Report::is_ill));
    assert!(!doctor(&stack, true, true).await.iter().any(Report::is_ill));
    let stranger = Arguments { stack: "sho".to_owned(), redrive: false, table: None, json: false };
    let now = stack.aws.clock().now();
    assert!(examine(&stack.aws.sdk_config(), &stranger, now).await.is_err());
}

/// A look changes nothing, and can be repeated at once.
#[tokio::test]
async fn letters_are_counted_by_cause_and_left_as_they_are() {
    let stack = stack().await;
    send(&stack, &physical("WakeQueue"), "{");
    send(&stack, &physical("WakeQueue"), "{}");
    send(&stack, &physical("WakeQueue"), "[]");
    stack.aws.settle().await.unwrap();
    assert_eq!(bodies(&stack, "WakeQueue"), [""; 0], "given up by the function at once");
    for _ in 0..2 {
        let report = one(&stack, Ward::Wake, false, false).await;
        assert_eq!((report.letters, report.more, report.put_back), (3, false, 0));
        let causes: Vec<_> = report.causes.iter().map(|(cause, n)| (cause.as_str(), *n)).collect();
        assert_eq!(
            causes,
            [
                ("the body is not JSON (line 1, column 1)", 1),
                ("the body is not what this queue carries", 2),
            ]
        );
        assert!(report.is_ill() && report.left.is_empty());
    }
}

#[tokio::test]
async fn each_letter_is_put_back_once_and_only_this_stacks() {
    let stack = stack().await;
    let jobs: Vec<String> = (0..25).map(|number| format!("job {number}")).collect();
    for job in &jobs {
        send(&stack, &physical("SendDeadLetters"), job);
    }
    send(&stack, "shop-test-SendDeadLetters-1VX0A2B3C4D5E", "another shop's");
    let report = one(&stack, Ward::Send, true, false).await;
    assert_eq!((report.letters, report.put_back, report.is_ill()), (25, 25, false));
    let mut back = bodies(&stack, "SendQueue");
    back.sort_by_key(|job| jobs.iter().position(|own| own == job));
    assert_eq!(back, jobs);
    assert_eq!(bodies(&stack, "SendDeadLetters"), [""; 0]);
    let others = stack.aws.queue_depth("shop-test-SendDeadLetters-1VX0A2B3C4D5E").unwrap();
    assert_eq!(others, 1);
}

/// What fails again is a letter again, and the command ends all the same.
#[tokio::test]
async fn a_cause_that_is_not_mended_brings_the_letter_back() {
    let stack = stack().await;
    send(&stack, &physical("WakeDeadLetters"), "{");
    let report = one(&stack, Ward::Wake, true, false).await;
    assert_eq!((report.letters, report.put_back), (1, 1));
    stack.aws.settle().await.unwrap();
    assert_eq!(bodies(&stack, "WakeDeadLetters"), ["{"]);
}

#[tokio::test]
async fn a_parked_fact_is_applied_and_its_journey_starts() {
    let stack = stack().await;
    let fact = sign_up(&stack, "dana", 0).await;
    send(&stack, &physical("AdvanceDeadLetters"), &fact_job("dana", fact));
    let keys = r#"{"pk":"ELSE","sk":"F#x"}"#;
    send(&stack, &physical("AdvanceDeadLetters"), keys);
    stack.aws.settle().await.unwrap();
    assert!(!has_joined(&stack, "dana").await, "the stream told nobody");
    let report = one(&stack, Ward::Advance, true, false).await;
    assert_eq!((report.letters, report.put_back, report.is_ill()), (2, 1, true));
    assert_eq!(report.left.values().sum::<usize>(), 1);
    stack.aws.settle().await.unwrap();
    assert!(has_joined(&stack, "dana").await);
    assert_eq!(stack.aws.outbox().unwrap()[0]["to"], "dana@example.com");
    assert_eq!(bodies(&stack, "AdvanceDeadLetters"), [keys]);
}

/// Lambda's letter holds no record: the facts are found by when they came in, and only what was
/// never applied is put back.
#[tokio::test]
async fn facts_that_the_stream_gave_up_are_looked_for() {
    let stack = stack().await;
    for (name, minutes) in [("early", -6), ("dana", -5), ("jo", 0), ("noa", 7), ("late", 8)] {
        let fact = sign_up(&stack, name, minutes).await;
        if name == "jo" {
            send(&stack, &physical("WakeQueue"), &fact_job(name, fact));
        }
    }
    send(&stack, &physical("AdvanceDeadLetters"), &position(0, 2));
    stack.aws.settle().await.unwrap();
    assert!(has_joined(&stack, "jo").await);

    let report = one(&stack, Ward::Advance, true, false).await;
    assert_eq!((report.letters, report.put_back, report.lost_facts), (1, 0, None));
    assert!(report.left.keys().next().unwrap().contains("--table"), "{report}");
    let report = one(&stack, Ward::Advance, false, true).await;
    assert_eq!((report.letters, report.put_back, report.lost_facts), (1, 0, Some(2)));
    assert!(report.is_ill() && bodies(&stack, "WakeQueue").is_empty(), "a look changes nothing");
    let report = one(&stack, Ward::Advance, true, true).await;
    assert_eq!((report.letters, report.put_back, report.lost_facts), (1, 1, Some(2)));
    assert!(!report.is_ill());
    stack.aws.settle().await.unwrap();
    for (name, expected) in
        [("early", false), ("dana", true), ("jo", true), ("noa", true), ("late", false)]
    {
        assert_eq!(has_joined(&stack, name).await, expected, "{name}");
    }
    assert_eq!(stack.aws.outbox_len().unwrap(), 3, "none twice");
    assert!(!doctor(&stack, true, true).await.iter().any(Report::is_ill));
}

/// A contact remembers what it applied for a day: of older facts nobody knows.
#[tokio::test]
async fn what_the_stream_gave_up_a_day_ago_is_not_guessed_at() {
    let stack = stack().await;
    sign_up(&stack, "dana", 0).await;
    sign_up(&stack, "jo", 9).await;
    send(&stack, &physical("AdvanceDeadLetters"), &position(0, 5));
    let later: Timestamp = START.parse().unwrap();
    let later = later + SignedDuration::from_hours(24) + SignedDuration::from_mins(3);
    stack.aws.advance_to(later).await.unwrap();
    let report = one(&stack, Ward::Advance, true, true).await;
    assert_eq!((report.letters, report.put_back, report.lost_facts), (1, 0, Some(1)));
    assert!(report.left.keys().next().unwrap().contains("older than a day"), "{report}");
    stack.aws.settle().await.unwrap();
    assert!(has_joined(&stack, "jo").await, "what is known to be lost is put back");
    assert!(!has_joined(&stack, "dana").await);
    assert_eq!(bodies(&stack, "AdvanceDeadLetters").len(), 1);
}
