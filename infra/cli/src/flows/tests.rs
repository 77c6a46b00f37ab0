//! On the box, through the functions: publishing, moving, pausing, retiring, going back.

use masa_box::ClockMode;
use masa_domain::{ContactId, ContactKey, Fact, FactId, Happening, Run, State};
use masa_engine::Versions;
use masa_language::{Files, Library, read};
use masa_runtime::Config;
use masa_stack::{Stack, WAKE_QUEUE};

use super::Desk;
use crate::publish::publish;

const SHOP: &str = "name: Shop\nurl: https://shop.example\naddress: 7 Garden Road\nlanguage: en\n";
const MAIL: &str = "---\nsubject: Hello\n---\n<p>Hello</p>\n";
const CONTACTS: &str = "the key of contact ids, 32 characters or more";

/// A journey `it` of these steps.
fn library(steps: &str) -> Library {
    let flow = format!(
        "flow: it\ntrigger: {{ event: go }}\nentry: {{ again: always }}\nsend: {{ kind: transactional }}\nsteps: {steps}\n"
    );
    let mut files = Files::from_texts([("shop.yaml", SHOP.to_owned()), ("it/flow.yaml", flow)]);
    if steps.contains("hello") {
        files.insert("it/templates/hello.en.html".to_owned(), MAIL.to_owned());
    }
    read(&files).unwrap()
}

struct Shop {
    stack: Stack,
    desk: Desk,
    facts: std::cell::Cell<u32>,
}

impl Shop {
    async fn new(steps: &str) -> Self {
        let settings: Config = [
            ("MASA_PUBLIC_URL", "https://go.shop.example"),
            ("MASA_FROM", "Shop <hello@shop.example>"),
            ("MASA_SENDER_ID", "Shop"),
            ("MASA_SECRET_EVENTS", "whsec_dGhlIHNlY3JldCBvZiBqb3VybmV5cycgdGVzdHM="),
            ("MASA_SECRET_LINKS", "the secret under which links are signed"),
            ("MASA_CONTACT_KEY", CONTACTS),
        ]
        .into_iter()
        .collect();
        let start = "2026-03-01T08:00:00Z".parse().unwrap();
        let stack = Stack::open(None, ClockMode::Virtual(start), settings).unwrap();
        let versions = Versions::new(stack.store.clone(), stack.aws.clock().into());
        let desk = Desk { store: stack.store.clone(), versions };
        let shop = Self { stack, desk, facts: std::cell::Cell::new(0) };
        shop.publish(steps).await;
        shop
    }

    async fn publish(&self, steps: &str) {
        publish(&self.stack.store, library(steps), false).await.unwrap();
        self.pass(1).await;
    }

    async fn pass(&self, minutes: i64) {
        let target = self.stack.aws.clock().now() + jiff::SignedDuration::from_mins(minutes);
        self.stack.aws.advance_to(target).await.unwrap();
    }

    fn contact(who: &str) -> ContactId {
        ContactKey::new(CONTACTS).contact(Some(&format!("{who}@example.com")), None).unwrap()
    }

    async fn enter(&self, who: &str) {
        self.facts.set(self.facts.get() + 1);
        let now = self.stack.aws.clock().now();
        let details = masa_domain::ContactDetails {
            email: Some(format!("{who}@example.com")),
            ..Default::default()
        };
        let (id, contact) =
            (FactId::new("test", &self.facts.get().to_string()), Self::contact(who));
        let what = Happening::Event { name: "go".to_owned(), data: serde_json::Value::Null };
        let fact = Fact { id, contact, received_at: now, at: now, details, what };
        self.stack.store.record(&fact).await.unwrap();
        self.stack.aws.settle().await.unwrap();
    }

    async fn run(&self, who: &str) -> Run {
        let loaded = self.stack.store.load(Self::contact(who)).await.unwrap();
        let mut runs = loaded.contact.unwrap().runs.into_values();
        runs.next().unwrap()
    }

    async fn place(&self, who: &str) -> String {
        match self.run(who).await.state {
            State::Waiting { step, .. } | State::Sending { step } => step,
            State::Ended { .. } => "ended".to_owned(),
        }
    }

    /// What `--stack` does: those inside are looked after now.
    async fn wake(&self) {
        for body in self.desk.wakes("it").await.unwrap() {
            let sqs = aws_sdk_sqs::Client::new(&self.stack.aws.sdk_config());
            let url = self.stack.aws.queue_url(WAKE_QUEUE);
            sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
        }
        self.stack.aws.settle().await.unwrap();
    }
}

/// Goal: the plan tells who stays, who moves and who can't, and moving does just that; twice is once.
#[tokio::test]
async fn who_is_inside_is_moved_as_planned() {
    let steps = "[ { id: rest, wait: 1h }, { id: gift, wait: 2d }, { id: last, wait: 1d } ]";
    let shop = Shop::new(steps).await;
    for who in ["noa", "dana", "ruth"] {
        shop.enter(who).await;
    }
    shop.pass(70).await;
    shop.enter("late").await;
    shop.publish("[ { id: rest, wait: 9d }, { id: news, join: news } ]").await;
    shop.enter("new").await;
    let plan = shop.desk.move_all("it", true).await.unwrap().lines;
    let expected = ["1 move", "3 cannot move: the step `gift` is gone, or does something else"];
    assert_eq!(plan, expected);
    assert_eq!(shop.run("late").await.version, 1, "a plan changes nothing");
    let told = shop.desk.move_all("it", false).await.unwrap().lines;
    assert_eq!(told.last().map(String::as_str), Some("1 moved to version 2"));
    assert_eq!((shop.run("late").await.version, shop.run("noa").await.version), (2, 1));
    let told = shop.desk.move_all("it", false).await.unwrap().lines;
    assert_eq!(told.last().map(String::as_str), Some("0 moved to version 2"));
    shop.pass(60).await;
    let late = shop.stack.store.load(Shop::contact("late")).await.unwrap().contact.unwrap();
    assert!(late.lists.contains_key("news"), "its wait kept its hour, and it went on in version 2");
    assert_eq!(shop.place("noa").await, "gift", "who could not move goes on as before");
    let list = shop.desk.act(&super::What::List).await.unwrap().lines;
    assert_eq!(list, ["it: version 2", "  3 on version 1 at gift", "  1 on version 2 at rest"]);
}

/// Goal: paused, nobody enters and who is inside stands; resumed they go on at once when they are woken.
#[tokio::test]
async fn a_pause_holds_and_a_resumption_lets_go() {
    let shop = Shop::new("[ { id: rest, wait: 1h }, { email: hello } ]").await;
    shop.enter("noa").await;
    shop.desk.pause("it").await.unwrap();
    shop.pass(1).await;
    shop.enter("dana").await;
    let dana = shop.stack.store.load(Shop::contact("dana")).await.unwrap().contact.unwrap();
    assert!(dana.runs.is_empty(), "nobody enters");
    shop.pass(300).await;
    assert_eq!(
        (shop.place("noa").await.as_str(), shop.stack.aws.outbox().unwrap().len()),
        ("hello", 0)
    );
    // A new version of a paused journey is paused.
    shop.publish("[ { id: rest, wait: 2h }, { email: hello } ]").await;
    shop.pass(1).await;
    shop.wake().await;
    assert_eq!(shop.place("noa").await, "hello");
    shop.desk.resume("it").await.unwrap();
    shop.pass(1).await;
    shop.wake().await;
    assert_eq!(
        (shop.place("noa").await.as_str(), shop.stack.aws.outbox().unwrap().len()),
        ("ended", 1)
    );
}

/// Goal: without being woken, who stands in a resumed journey goes on within a day.
#[tokio::test]
async fn a_resumption_is_noticed_within_a_day() {
    let shop = Shop::new("[ { id: rest, wait: 1h }, { email: hello } ]").await;
    shop.enter("noa").await;
    shop.desk.pause("it").await.unwrap();
    shop.pass(120).await;
    shop.desk.resume("it").await.unwrap();
    shop.pass(25 * 60).await;
    assert_eq!(
        (shop.place("noa").await.as_str(), shop.stack.aws.outbox().unwrap().len()),
        ("ended", 1)
    );
}

/// Goal: retired, who is inside finishes, or leaves when they are to; an older version goes live again.
#[tokio::test]
async fn retiring_and_going_back() {
    let shop = Shop::new("[ { id: rest, wait: 1h }, { email: hello } ]").await;
    shop.enter("noa").await;
    shop.desk.retire("it", false).await.unwrap();
    shop.pass(1).await;
    shop.enter("dana").await;
    shop.pass(120).await;
    assert_eq!(shop.stack.aws.outbox().unwrap().len(), 1, "who is inside finishes, nobody enters");
    assert!(shop.desk.pause("it").await.is_err(), "it is not live");
    assert!(shop.desk.back("it", None).await.is_err(), "which version has to be said");
    shop.desk.back("it", Some(1)).await.unwrap();
    shop.publish("[ { id: rest, wait: 3h } ]").await;
    shop.desk.back("it", None).await.unwrap();
    shop.pass(1).await;
    shop.enter("ruth").await;
    assert_eq!(shop.run("ruth").await.version, 1, "the one before is live again");
    shop.publish("[ { id: rest, wait: 4h } ]").await;
    assert_eq!(
        shop.stack.store.catalogue().await.unwrap().flows["it"].version,
        3,
        "never a number twice"
    );
    shop.desk.retire("it", true).await.unwrap();
    shop.pass(1).await;
    shop.wake().await;
    assert_eq!(shop.place("ruth").await, "ended");
    assert_eq!(shop.stack.aws.outbox().unwrap().len(), 1, "who leaves gets nothing more");
}
