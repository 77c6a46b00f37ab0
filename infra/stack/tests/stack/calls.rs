//! What each path costs: the AWS calls of one invocation, counted and held to a number.
//!
//! `cargo test -p masa-stack calls -- --nocapture` prints the table.

use std::sync::{Arc, Mutex};

use masa_box::{Handler, StreamSource};
use masa_language::Files;
use masa_stack::{TABLE, stream_patterns};
use serde_json::{Value, json};

use crate::{
    feedback::event,
    message::{links, pixel, unsubscribe_url},
    sweep::{lose_schedules, stop_sweeping, sweep_again},
    world::{World, accepted},
};

pub(crate) const SHOP: &str = "
name: Kumkum
url: https://shop.example
address: 7 Garden Road
language: en
forms:
  spring: { lists: [spring] }
";
const WELCOME: &str = "
flow: welcome
trigger: { joined: newsletter }
exit: { purchased: any }
steps:
  - email: hello
  - wait: 2d
  - if: { email: hello, was: opened }
    then: [ { email: story }, { id: rest, wait: 2d }, { email: offer } ]
    else: [ { id: nudge, sms: 'Hi. {{ link(shop.url) }} Opt out: {{ unsubscribe_url }}' } ]
";
const SHORT: &str = "
flow: short
trigger: { event: ping }
entry: { again: always }
send: { kind: transactional }
steps: [ { wait: 5m }, { count: pings } ]
";
pub(crate) const MAIL: &str =
    "---\nsubject: Hello\n---\n<p><a href=\"https://shop.example/spring\">Look</a></p>\n";

/// The counted rows, and the world they are counted in.
struct Tally {
    world: World,
    rows: Vec<(&'static str, String)>,
}

impl Tally {
    async fn new() -> Self {
        let files = [
            ("shop.yaml", SHOP),
            ("welcome/flow.yaml", WELCOME),
            ("welcome/templates/hello.en.html", MAIL),
            ("welcome/templates/story.en.html", MAIL),
            ("welcome/templates/offer.en.html", MAIL),
            ("short/flow.yaml", SHORT),
        ];
        Self { world: World::new(Files::from_texts(files)).await, rows: Vec::new() }
    }

    /// The calls since the last look, in their order.
    fn taken(&self, function: Option<&str>) -> String {
        let calls = self.world.stack.aws.meter().take().into_iter();
        let own = calls.filter(|call| function.is_none_or(|function| call.function == function));
        own.map(|call| call.operation).collect::<Vec<_>>().join(" ")
    }

    /// Holds what was just done to its calls, whoever made them.
    fn row(&mut self, path: &'static str, expected: &str) {
        let calls = self.taken(None);
        assert_eq!(calls, expected, "{path}");
        self.rows.push((path, calls));
    }

    /// Delivers batches until this function makes calls, and holds them.
    async fn step(&mut self, function: &str, path: &'static str, expected: &str) {
        loop {
            let step = self.world.stack.aws.step().await.unwrap();
            assert!(step.is_some(), "{path}: nothing is left to deliver");
            let calls = self.taken(Some(function));
            if !calls.is_empty() {
                assert_eq!(calls, expected, "{path}");
                self.rows.push((path, calls));
                return;
            }
        }
    }

    async fn pass(&self, seconds: i64) {
        let target = self.world.now() + jiff::SignedDuration::from_secs(seconds);
        self.world.stack.aws.advance_to(target).await.unwrap();
    }

    async fn sign_up(&self, name: &str) {
        let mut body = known(name);
        body["lists"] = json!(["newsletter"]);
        body["consent"] = json!({"email": true, "sms": true});
        self.world.post("/hooks/signup", &body).await;
        self.world.stack.aws.meter().take();
    }

    fn print(&self) {
        println!("| path | AWS calls |\n| --- | --- |");
        for (path, calls) in &self.rows {
            let calls = if calls.is_empty() { "none" } else { calls };
            println!("| {path} | {calls} |");
        }
    }
}

#[tokio::test]
async fn each_path_makes_exactly_the_calls_that_it_is_promised_to() {
    let mut tally = Tally::new().await;
    hooks(&mut tally).await;
    journey(&mut tally).await;
    reader(&mut tally).await;
    waking(&mut tally).await;
    texting(&mut tally).await;
    leaving(&mut tally).await;
    joining(&mut tally).await;
    repetition(&mut tally).await;
    telling(&mut tally).await;
    sweeping(&mut tally).await;
    tally.world.settle().await;
    tally.world.is_at_rest();
    tally.print();
}

/// Somebody with a number of their own.
fn known(name: &str) -> Value {
    let number = name.bytes().fold(0, |sum, letter| (sum * 31 + usize::from(letter)) % 900);
    json!({"email": format!("{name}@example.com"), "phone": format!("+972505550{number:03}")})
}

async fn hooks(tally: &mut Tally) {
    for name in ["ann", "ben", "dan", "gad", "hod", "eve", "fay", "ivy"] {
        tally.world.post("/hooks/signup", &known(name)).await;
    }
    tally.world.stack.aws.meter().take();
    let order = json!({"order_id": "1", "email": "hooks@example.com"});
    let event = json!({"type": "nothing", "contact": {"email": "hooks@example.com"}});
    let signup = json!({"email": "hooks@example.com"}).to_string();
    accepted(&tally.world.post_as("same", "/hooks/signup", signup.as_bytes()).await, false);
    tally.row("a signup's hook, cold", "PutItem");
    tally.world.post("/hooks/signup", &json!({"email": "hooks2@example.com"})).await;
    tally.row("a signup's hook", "PutItem");
    accepted(&tally.world.post_as("same", "/hooks/signup", signup.as_bytes()).await, true);
    tally.row("the same webhook again", "PutItem");
    tally.world.post("/hooks/purchase", &order).await;
    tally.row("a purchase's hook", "PutItem");
    tally.world.post("/hooks/event", &event).await;
    tally.row("an event's hook", "PutItem");
    let refusal = json!({"type": "left", "contact": {
        "email": "hooks@example.com", "consent": {"email": false, "sms": false},
    }});
    tally.world.post("/hooks/event", &refusal).await;
    let calls = "UpdateItem GetItem UpdateItem GetItem PutItem";
    tally.row("a hook that brings two refusals", calls);
    let order = json!({"id": 7, "email": "hooks@example.com"}).to_string();
    accepted(&tally.world.post_shopify("orders/paid", order.as_bytes()).await, false);
    tally.row("Shopify's hook", "PutItem");
    for (path, body, calls) in [
        ("a form, cold (the catalogue)", "email=one@example.com", "GetItem UpdateItem PutItem"),
        ("a form", "email=two@example.com", "UpdateItem PutItem"),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let response = tally.world.http("POST", "/forms/spring", &headers, body.as_bytes()).await;
        accepted(&response, false);
        tally.row(path, calls);
    }
    tally.world.settle().await;
    // Longer than the catalogue is remembered, so that the next function that needs it is cold.
    tally.pass(60).await;
    tally.world.stack.aws.meter().take();
}

/// A fact becomes a mail. Ann comes to functions that know nothing yet, Ben to warm ones.
async fn journey(tally: &mut Tally) {
    tally.sign_up("ann").await;
    tally
        .step(
            "advance",
            "advance on a fact, cold (catalogue, flow)",
            "Query GetItem GetItem PutItem SendMessage",
        )
        .await;
    tally
        .step(
            "deliver",
            "deliver a mail, cold (flow, catalogue)",
            "GetItem PutItem Query GetItem SendEmail UpdateItem",
        )
        .await;
    tally.world.settle().await;
    tally.pass(10).await;
    tally.sign_up("ben").await;
    tally.step("advance", "advance on a fact", "Query PutItem SendMessage").await;
    let path = "deliver a mail: claim, look, send, outcome";
    tally.step("deliver", path, "PutItem Query SendEmail UpdateItem").await;
    let path = "advance on an outcome that waits long";
    tally.step("advance", path, "Query PutItem CreateSchedule").await;
    let path = "feedback on a mail that was sent and delivered";
    tally.step("feedback", path, "UpdateItem UpdateItem").await;
    tally.world.settle().await;
    assert_eq!(tally.taken(None), "", "nothing more follows of it");

    let ping = json!({"type": "ping", "contact": {"email": "cid@example.com"}});
    for _ in 0..2 {
        tally.world.post("/hooks/event", &ping).await;
        tally.world.settle().await;
        tally.world.stack.aws.meter().take();
    }
    tally.world.post("/hooks/event", &ping).await;
    tally.world.stack.aws.meter().take();
    let path = "advance on a fact that waits shortly";
    tally.step("advance", path, "Query PutItem SendMessage").await;
    tally.world.settle().await;
}

/// What readers do, with all that the stream makes of it.
async fn reader(tally: &mut Tally) {
    let mails = tally.world.outbox();
    let ben = mails.iter().find(|mail| mail["to"] == "ben@example.com").unwrap();
    let html = ben["html"].as_str().unwrap();
    let link = links(html).into_iter().find(|url| url.contains("/c/")).unwrap();
    let unsubscribe = unsubscribe_url(ben);
    for (path, method, url, calls) in [
        ("a pixel, and what `advance` makes of it", "GET", pixel(ben), "UpdateItem Query PutItem"),
        ("a click, likewise", "GET", link.clone(), "UpdateItem Query PutItem"),
        ("the same click again", "GET", link.clone(), "UpdateItem"),
        ("a program's look at a link (HEAD)", "HEAD", link, ""),
        ("the unsubscribe page (GET)", "GET", unsubscribe.clone(), ""),
        ("unsubscribing (POST)", "POST", unsubscribe, "UpdateItem GetItem"),
    ] {
        let response = tally.world.visit(method, &url).await;
        assert!(response.status < 400, "{path}: {}", response.status);
        tally.world.settle().await;
        tally.row(path, calls);
    }
}

/// Two days later. Ben read his mail and unsubscribed from mails; Ann read hers too; Dan did not.
async fn waking(tally: &mut Tally) {
    let mails = tally.world.outbox();
    let ann = mails.iter().find(|mail| mail["to"] == "ann@example.com").unwrap();
    tally.world.visit("GET", &pixel(ann)).await;
    tally.sign_up("dan").await;
    tally.world.settle().await;
    // Ann's wait ends first and ten seconds before Ben's.
    let (wait, ben) = (2 * 86_400, 10);
    tally.pass(wait - ben - 1).await;
    tally.world.stack.aws.meter().take();
    tally.pass(1).await;
    let wake = "wake with an e-mail condition, cold (catalogue, flow)";
    let calls = tally.taken(Some("wake"));
    assert_eq!(calls, "Query GetItem GetItem Query PutItem SendMessage", "{wake}");
    tally.rows.push((wake, calls));
    tally.pass(ben - 1).await;
    tally.world.stack.aws.meter().take();

    let target = tally.world.now() + jiff::SignedDuration::from_secs(1);
    tally.world.stack.aws.advance_to(target).await.unwrap();
    let calls = tally.world.stack.aws.meter().take();
    let of = |function: &str| {
        let own = calls.iter().filter(|call| call.function == function);
        own.map(|call| call.operation.as_str()).collect::<Vec<_>>().join(" ")
    };
    let ben = tally.world.contacts.contact(Some("ben@example.com"), None).unwrap();
    let of_ben = format!("C#{ben}");
    for (path, function, expected) in [
        ("wake with an e-mail condition", "wake", "Query Query PutItem SendMessage"),
        ("deliver to one who refused", "deliver", "PutItem Query UpdateItem"),
    ] {
        // Another one's wait ends in the same second; Ben's own calls of the table are just these.
        assert!(of(function).contains(expected), "{path}: {}", of(function));
        let own =
            calls.iter().filter(|call| call.function == function && call.target.contains(&of_ben));
        let own = own.map(|call| call.operation.as_str()).collect::<Vec<_>>().join(" ");
        assert_eq!(own, expected.trim_end_matches(" SendMessage"), "{path}");
        tally.rows.push((path, expected.to_owned()));
    }
}

/// Two who did not read their mail, ten seconds apart, so that the second text is a warm one's.
async fn texting(tally: &mut Tally) {
    for name in ["gad", "hod"] {
        tally.sign_up(name).await;
        tally.world.settle().await;
        tally.pass(10).await;
    }
    tally.pass(2 * 86_400 - 11).await;
    tally.world.stack.aws.meter().take();
    tally.pass(1).await;
    let (path, calls) = ("deliver a text", tally.taken(Some("deliver")));
    // The number may be refused under its own id: one more read.
    assert_eq!(calls, "PutItem Query GetItem Publish UpdateItem", "{path}");
    tally.rows.push((path, calls));
}

async fn leaving(tally: &mut Tally) {
    tally.sign_up("eve").await;
    tally.world.settle().await;
    tally
        .world
        .post("/hooks/purchase", &json!({"order_id": "2", "email": "eve@example.com"}))
        .await;
    tally.world.stack.aws.meter().take();
    let path = "advance on a fact that ends a journey";
    tally.step("advance", path, "Query PutItem DeleteSchedule").await;
}

/// A number becomes an address's, and a contact another's.
async fn joining(tally: &mut Tally) {
    let (number, other) = ("+972505550960", "+972505550961");
    let told = |email: &str, phone: &str| json!({"email": email, "phone": phone});
    tally.world.post("/hooks/signup", &told("gal@example.com", number)).await;
    tally.world.stack.aws.meter().take();
    let path = "advance on a fact with a new number";
    tally.step("advance", path, "Query PutItem Query PutItem GetItem PutItem").await;
    tally.world.post("/hooks/signup", &told("gal@example.com", number)).await;
    tally.world.stack.aws.meter().take();
    tally.step("advance", "the same, once it is known", "Query PutItem").await;
    tally.world.post("/hooks/signup", &json!({"phone": other})).await;
    tally.world.settle().await;
    tally.world.post("/hooks/signup", &told("tal@example.com", other)).await;
    tally.world.stack.aws.meter().take();
    let path = "advance on a fact that joins two contacts";
    let joins =
        "Query PutItem Query PutItem Query Query GetItem PutItem PutItem Query Query PutItem";
    tally.step("advance", path, joins).await;
    let contacts = &tally.world.contacts;
    let number_went =
        contacts.contact(None, Some(other)) < contacts.contact(Some("tal@example.com"), None);
    let gone =
        if number_went { json!({"phone": other}) } else { json!({"email": "tal@example.com"}) };
    tally.world.post("/hooks/signup", &gone).await;
    tally.world.stack.aws.meter().take();
    tally.step("advance", "advance on a fact of one that gave way", "Query Query PutItem").await;
}

/// Things that come a second time.
async fn repetition(tally: &mut Tally) {
    let seen = spy(&tally.world);
    tally.sign_up("fay").await;
    tally.world.settle().await;
    let nothing = json!({"type": "nothing", "contact": {"email": "gil@example.com"}});
    tally.world.post("/hooks/event", &nothing).await;
    tally.world.settle().await;
    tally.world.stack.aws.meter().take();
    let events = seen.lock().unwrap().clone();
    let [.., fay, outcome, delivered, gil] = events.as_slice() else { panic!("{events:?}") };
    let aws = tally.world.stack.aws.clone();
    for (path, event, calls) in [
        ("a fact again, no journey live", gil, "Query"),
        ("a fact again, a journey waits", fay, "Query CreateSchedule"),
        ("an outcome again, its journey waits", outcome, "Query CreateSchedule"),
        ("advance on a mail that was delivered", delivered, ""),
    ] {
        let answer = aws.invoke("advance", event.clone()).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]), "{path}");
        tally.row(path, calls);
    }
    let runs = tally.world.runs("fay@example.com", "welcome").await;
    let job = json!({
        "contact": tally.world.person("fay@example.com").await.loaded.contact.unwrap().id,
        "run": runs[0].id, "generation": 1, "flow": "welcome", "version": 1, "step": "hello",
    });
    tally.world.stack.aws.meter().take();
    aws.invoke("deliver", queue_event(&job)).await.unwrap();
    tally.row("a sent message's job again", "PutItem");
    let wake = json!({"contact": job["contact"], "run": job["run"], "generation": 9});
    aws.invoke("wake", queue_event(&wake)).await.unwrap();
    tally.row("a wake of nobody", "Query");
}

/// What SES tells of a mail that is known to be sent.
async fn telling(tally: &mut Tally) {
    tally.world.settle().await;
    tally.world.stack.aws.meter().take();
    let mail = tally.world.outbox().into_iter().find(|mail| mail["to"] == "fay@example.com");
    let mail = mail.unwrap();
    for (path, kind, detail, calls) in [
        ("feedback: sent", "Send", json!({}), "UpdateItem"),
        ("feedback: delivered", "Delivery", json!({}), "UpdateItem"),
        ("feedback: bounced for now", "Bounce", json!({"bounceType": "Transient"}), "UpdateItem"),
        (
            "feedback: bounced for good",
            "Bounce",
            json!({"bounceType": "Permanent"}),
            "UpdateItem UpdateItem",
        ),
        ("feedback: a complaint", "Complaint", json!({}), "UpdateItem UpdateItem"),
    ] {
        let records = json!([{"messageId": "1", "body": event(&mail, kind, &detail)}]);
        let event = json!({"Records": records});
        let answer = tally.world.stack.aws.invoke("feedback", event).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]), "{path}");
        tally.row(path, calls);
    }
}

/// A schedule that was lost.
async fn sweeping(tally: &mut Tally) {
    let queries = ["Query"; 8].join(" ");
    let aws = tally.world.stack.aws.clone();
    // All others come to their end.
    tally.pass(10 * 86_400).await;
    aws.meter().take();
    aws.invoke("sweep", json!({})).await.unwrap();
    tally.row("a sweep that finds nothing", &queries);
    aws.invoke("dates", json!({})).await.unwrap();
    tally.row("dates that find nothing", &format!("{queries} GetItem GetItem"));
    stop_sweeping(&tally.world);
    tally.sign_up("ivy").await;
    tally.world.settle().await;
    tally.pass(10).await;
    lose_schedules(&tally.world).await;
    tally.pass(2 * 86_400 + 3 * 3_600).await;
    aws.meter().take();
    sweep_again(&tally.world);
    aws.invoke("sweep", json!({})).await.unwrap();
    let path = "a sweep that finds a contact";
    tally.row(path, &format!("{queries} GetQueueAttributes SendMessageBatch"));
    let path = "wake on an overdue wait with an e-mail condition, cold (catalogue)";
    tally.step("wake", path, "Query GetItem Query PutItem SendMessage").await;
}

fn queue_event(body: &Value) -> Value {
    json!({"Records": [{"messageId": "1", "receiptHandle": "again", "body": body.to_string()}]})
}

/// Keeps the events that `advance` gets.
fn spy(world: &World) -> Arc<Mutex<Vec<Value>>> {
    let seen = Arc::<Mutex<Vec<Value>>>::default();
    let kept = Arc::clone(&seen);
    let handler: Handler = Arc::new(move |event| {
        kept.lock().unwrap().push(event);
        Box::pin(async { Ok(json!({"batchItemFailures": []})) })
    });
    let source = StreamSource {
        table: TABLE.to_owned(),
        patterns: stream_patterns().to_vec(),
        batch_size: 1,
        max_attempts: 1,
        dead_letter_queue: None,
    };
    world.stack.aws.on_stream("spy", source, handler).unwrap();
    seen
}
