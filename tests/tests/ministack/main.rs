//! The real template, built and deployed with SAM on MiniStack, an AWS that nobody here wrote. It runs the functions'
//! own binaries and enforces the IAM statements of their roles.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "test assertions")]

mod aws;
mod chaos;
mod ledger;
mod signed;
mod stack;
mod storm;

use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use signed::{Webhook, shopify, stripe, woocommerce};
use stack::Stack;

/// How long the slowest way from a hook to a message may take: a cold start of each function.
const MESSAGE: Duration = Duration::from_secs(30);
/// As [`MESSAGE`], with a wait of five seconds; MiniStack looks for due schedules every ten seconds.
const WAITED_MESSAGE: Duration = Duration::from_secs(60);

const ANA: &str = "ana@reader.test";
const ANA_PHONE: &str = "+972505550104";
const BEN: &str = "ben@reader.test";
const CARL: &str = "carl@buyer.test";
const DORA: &str = "dora@reader.test";
const ERIC: &str = "eric@buyer.test";
const FAY: &str = "fay@buyer.test";
const GIL: &str = "gil@reader.test";

#[test]
fn journeys_run_on_a_deployed_stack() {
    let stack = Stack::deploy().unwrap();
    let flows = Path::new(env!("CARGO_MANIFEST_DIR")).join("flows");
    stack.publish(&flows).unwrap();

    refuses_what_is_not_signed(&stack);
    greets_each_once(&stack);
    tells_an_appointment(&stack);
    thanks_for_an_order_once(&stack);
    follows_a_click(&stack);
    takes_a_refusal(&stack);
    wakes_and_branches(&stack);
    keeps_the_appointment(&stack);
    leaves_nothing_behind(&stack);
    storm::nothing_twice_nothing_lost_nothing_stuck(&stack);
    tells_no_address_in_its_logs(&stack);
}

fn refuses_what_is_not_signed(stack: &Stack) {
    let changed = signup("evt-changed", ANA, json!({})).send_changed(stack).unwrap();
    assert_eq!(changed.status, 401, "{}", changed.text());
    let unsigned = stack.request("POST", "/hooks/event", &[], b"{}").unwrap();
    assert_eq!(unsigned.status, 401, "{}", unsigned.text());
    let read = stack.request("GET", "/hooks/signup", &[], b"").unwrap();
    assert_eq!(read.status, 405, "{}", read.text());
    let token = stack.request("GET", "/u/not-a-token", &[], b"").unwrap();
    assert_eq!(token.status, 404, "{}", token.text());
    let about_people = people(stack);
    assert!(about_people.is_empty(), "nothing is stored: {about_people:?}");
}

fn greets_each_once(stack: &Stack) {
    let ana = signup("evt-ana", ANA, json!({ "phone": ANA_PHONE, "first_name": "Ana" }));
    accepted(&ana.send(stack).unwrap(), false);
    accepted(&ana.send(stack).unwrap(), true);
    accepted(&signup("evt-ben", BEN, json!({ "language": "he" })).send(stack).unwrap(), false);
    accepted(&signup("evt-dora", DORA, json!({})).send(stack).unwrap(), false);
    let mail = mail_to(stack, ANA, "Hello, Ana");
    assert!(mail["Source"].as_str().unwrap().contains(stack::FROM), "{mail}");
    mail_to(stack, BEN, "שלום");
    mail_to(stack, DORA, "Hello");
}

/// Sixty seconds from now: a date that has to come by itself.
fn tells_an_appointment(stack: &Stack) {
    let at = jiff::Timestamp::from_second(signed::now().unwrap() as i64 + 60).unwrap();
    let fields = json!({ "fields": { "appointment": at.to_string() }, "lists": [] });
    accepted(&signup("evt-gil", GIL, fields).send(stack).unwrap(), false);
}

fn keeps_the_appointment(stack: &Stack) {
    until(stack, "the date's mail", 2 * WAITED_MESSAGE, || find(stack, GIL, "We expect you"));
}

fn thanks_for_an_order_once(stack: &Stack) {
    let order = json!({
        "id": 820982911946154508_i64,
        "name": "#1001",
        "email": CARL,
        "currency": "ILS",
        "total_price": "120.00",
        "financial_status": "paid",
        "processed_at": "2026-11-22T10:00:00+02:00",
        "customer": { "id": 115310627314723954_i64, "email": CARL, "first_name": "Carl" },
        "line_items": [
            { "product_id": 632910392, "title": "Tea", "quantity": 2, "price": "60.00", "sku": "TEA" }
        ],
    });
    accepted(&shopify(stack, "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", &order).unwrap(), false);
    accepted(&shopify(stack, "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", &order).unwrap(), true);
    let mail = mail_to(stack, CARL, "Order ");
    assert!(mail["BodyHtml"].as_str().unwrap().contains("120.00"), "{mail}");

    let order = json!({
        "id": 727, "status": "processing", "currency": "ILS", "total": "75.00",
        "date_created_gmt": "2026-11-22T08:00:00", "date_modified_gmt": "2026-11-22T08:00:05",
        "billing": { "email": ERIC, "first_name": "Eric" },
        "line_items": [{ "product_id": 17, "name": "Tea", "quantity": 1, "total": "75.00" }],
    });
    accepted(&woocommerce(stack, &order).unwrap(), false);
    accepted(&woocommerce(stack, &order).unwrap(), true);
    let session = json!({
        "id": "evt_1", "object": "event", "type": "checkout.session.completed",
        "created": 1_763_798_400, "data": { "object": {
            "id": "cs_1", "object": "checkout.session", "mode": "payment", "payment_status": "paid",
            "payment_intent": "pi_1", "amount_total": 8_050, "currency": "ils", "created": 1_763_798_390,
            "customer_details": { "email": FAY, "name": "Fay Example" },
        } },
    });
    accepted(&stripe(stack, &session).unwrap(), false);
    accepted(&stripe(stack, &session).unwrap(), true);
    for (buyer, total) in [(ERIC, "75.00"), (FAY, "80.50")] {
        let mail = mail_to(stack, buyer, "Order ");
        assert!(mail["BodyHtml"].as_str().unwrap().contains(total), "{mail}");
    }
}

fn follows_a_click(stack: &Stack) {
    let html = mail_to(stack, BEN, "שלום")["BodyHtml"].as_str().unwrap().to_owned();
    let pixel = stack.request("GET", &link(&html, "/o/"), &[], b"").unwrap();
    assert_eq!(pixel.header("content-type"), Some("image/gif"));
    assert!(pixel.body.starts_with(b"GIF89a"), "the pixel arrives as bytes, not as base64");
    let (_, letter) = html.split_once("טוב שבאת").unwrap();
    let click = stack.request("GET", &link(letter, "/c/"), &[], b"").unwrap();
    assert_eq!(click.status, 302, "{}", click.text());
    assert_eq!(click.header("location"), Some("https://shop.test/spring"));
}

fn takes_a_refusal(stack: &Stack) {
    let html = mail_to(stack, DORA, "Hello")["BodyHtml"].as_str().unwrap().to_owned();
    let path = link(&html, "/u/");
    let page = stack.request("GET", &path, &[], b"").unwrap();
    assert_eq!(page.status, 200);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let done = stack.request("POST", &path, &form, b"List-Unsubscribe=One-Click").unwrap();
    assert_eq!(done.status, 200, "{}", done.text());
}

fn wakes_and_branches(stack: &Stack) {
    let text = until(stack, "the SMS to who did not click", WAITED_MESSAGE, || {
        stack.aws.texts().unwrap().into_iter().find(|text| text["PhoneNumber"] == ANA_PHONE)
    });
    assert!(text["Message"].as_str().unwrap().contains("The Shop"), "{text}");
    until(stack, "the story for who clicked", WAITED_MESSAGE, || find(stack, BEN, "הסיפור"));
}

/// After all the journeys: each message once, no schedule armed, no queue with anything in it.
fn leaves_nothing_behind(stack: &Stack) {
    until(stack, "an end of all schedules", WAITED_MESSAGE, || {
        let path = "/schedules?ScheduleGroup=masa";
        let answer = stack.aws.rest("scheduler", "GET", path, "").unwrap();
        answer["Schedules"].as_array().unwrap().is_empty().then_some(())
    });
    until(stack, "empty queues", MESSAGE, || {
        let queues = stack.aws.json("sqs", "AmazonSQS.ListQueues", &json!({})).unwrap();
        let all = queues["QueueUrls"].as_array().unwrap();
        assert_eq!(all.len(), 7, "{queues}");
        all.iter().all(|queue| is_empty(stack, queue)).then_some(())
    });
    let mut sent: Vec<_> =
        stack.aws.mails().unwrap().iter().map(|mail| mail["To"][0].clone()).collect();
    sent.sort_by_key(Value::to_string);
    assert_eq!(
        sent,
        [ANA, BEN, BEN, CARL, DORA, ERIC, FAY, GIL],
        "each mail once, none after a refusal"
    );
    assert_eq!(stack.aws.texts().unwrap().len(), 1, "one text");
    let count = |prefix: &str| {
        people(stack)
            .iter()
            .filter(|item| item["sk"]["S"].as_str().unwrap().starts_with(prefix))
            .count()
    };
    assert_eq!(count("F#"), 7, "one fact for each of seven people, however often it was told");
    assert!(count("M#") >= 9, "a record of each message");
}

fn is_empty(stack: &Stack, queue: &Value) -> bool {
    let input = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
    let answer = stack.aws.json("sqs", "AmazonSQS.GetQueueAttributes", &input).unwrap();
    let kinds = ["", "NotVisible", "Delayed"];
    kinds
        .iter()
        .all(|kind| answer["Attributes"][format!("ApproximateNumberOfMessages{kind}")] == "0")
}

fn tells_no_address_in_its_logs(stack: &Stack) {
    let mut lines = 0;
    for name in [
        "signup",
        "purchase",
        "event",
        "open",
        "click",
        "preferences",
        "advance",
        "wake",
        "deliver",
        "feedback",
        "dates",
        "sweep",
    ] {
        for line in stack.aws.log_lines(&format!("/masa/{name}")).unwrap() {
            let told = ["reader.test", "buyer.test", storm::DOMAIN, &ANA_PHONE[1..]];
            for address in told {
                assert!(!line.contains(address), "{name} logs an address: {line}");
            }
            lines += 1;
        }
    }
    assert!(lines > 0, "the functions log");
}

fn signup(id: &str, email: &str, more: Value) -> Webhook {
    let mut body = json!({
        "email": email,
        "lists": ["newsletter"],
        "consent": { "email": true, "sms": true, "text": "I agree", "at": "2026-11-22T10:00:00Z" },
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    Webhook::new("/hooks/signup", id, &body).unwrap()
}

fn accepted(answer: &masa_tests::http::Answer, duplicate: bool) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body, json!({ "accepted": true, "duplicate": duplicate }));
}

fn mail_to(stack: &Stack, address: &str, subject: &str) -> Value {
    until(stack, &format!("a mail `{subject}`"), MESSAGE, || find(stack, address, subject))
}

fn find(stack: &Stack, address: &str, subject: &str) -> Option<Value> {
    stack.aws.mails().unwrap().into_iter().find(|mail| {
        mail["To"][0] == address && mail["Subject"].as_str().unwrap().starts_with(subject)
    })
}

/// The items of contacts.
fn people(stack: &Stack) -> Vec<Value> {
    let mut items = stack.aws.items(&stack.table).unwrap();
    items.retain(|item| item["pk"]["S"].as_str().unwrap().starts_with("C#"));
    items
}

/// The first path in a mail that starts with `prefix`, as a mail program reads it.
fn link(html: &str, prefix: &str) -> String {
    let html = html.replace("&#x2f;", "/");
    let from = html.find(prefix).unwrap_or_else(|| panic!("no {prefix} in the mail"));
    html[from..].split(['"', '\'', '<', ' ']).next().unwrap().to_owned()
}

/// Asks `what` again and again, and fails when the answer does not come within the time.
#[expect(clippy::disallowed_methods, reason = "the deployed stack lives in the machine's time")]
fn until<T>(stack: &Stack, what: &str, within: Duration, ask: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < within {
        if let Some(answer) = ask() {
            return answer;
        }
        sleep(Duration::from_millis(250));
    }
    panic!("no {what} within {within:?}; MiniStack said last:\n{}", stack.log_end());
}
