//! How much and when (D5, D6): who did not read is reminded by another subject, and what the account's rate
//! does not let through goes later.

use std::{
    collections::BTreeSet,
    future::{Future, ready},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use masa_box::{Call, Fault, Interceptor};
use masa_language::Files;
use serde_json::json;

use crate::{
    feedback::{join, shop},
    message::open,
    world::World,
};

type Passed<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// SES takes no more than so many mails for now; counts what it was asked.
struct Rate {
    left: AtomicU32,
    asked: AtomicU32,
}

impl Interceptor for Rate {
    fn before<'a>(&'a self, call: &'a Call) -> Passed<'a> {
        if call.operation != "SendEmail" {
            return Box::pin(ready(Ok(())));
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let taken =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let fault = Fault::Answer(429, "TooManyRequestsException");
        Box::pin(ready(taken.map(|_| ()).map_err(|_| fault)))
    }

    fn after<'a>(&'a self, _: &'a Call) -> Passed<'a> {
        Box::pin(ready(Ok(())))
    }
}

/// Goal: D6, what is over the rate that the account allows is not lost and not asked for again and again: it
/// waits in its queue, behind a closed gate, and goes once when there is room.
#[tokio::test]
async fn d6_what_is_over_the_rate_goes_later_and_once() {
    let world = shop().await;
    let rate = Arc::new(Rate { left: AtomicU32::new(5), asked: AtomicU32::new(0) });
    world.stack.aws.set_interceptor(Some(rate.clone()));
    let all: BTreeSet<String> = (0..40).map(|number| format!("r{number}@example.com")).collect();
    for email in &all {
        join(&world, email).await;
    }
    world.settle().await;
    assert_eq!(world.outbox().len(), 5, "as many as there was room for");
    let asked = rate.asked.load(Ordering::SeqCst);
    assert!(asked < 15, "the gate closed, instead of asking 35 times: {asked}");
    rate.left.store(u32::MAX, Ordering::SeqCst);
    world.pass(2).await;
    let sent = world.outbox();
    let to: BTreeSet<String> =
        sent.iter().map(|mail| mail["to"].as_str().unwrap().to_owned()).collect();
    assert_eq!((sent.len(), to), (40, all), "each once");
    world.is_at_rest();
}

/// Goal: D5, who did not open the mail within two days gets it once more under another subject, and who did
/// does not.
#[tokio::test]
async fn d5_who_did_not_open_is_reminded_by_another_subject() {
    let world = World::new(Files::from_texts([
        (
            "shop.yaml",
            "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: en\n",
        ),
        (
            "news/flow.yaml",
            "flow: news\ntrigger: { joined: newsletter }\n\
             steps: [ { email: hello }, { wait: 2d },\n\
             { if: { not: { email: hello, was: opened } }, \
             then: [ { id: again, email: hello, subject: { en: Did you miss it? } } ] } ]\n",
        ),
        ("news/templates/hello.en.html", "---\nsubject: Spring is here\n---\n<p>Look</p>\n"),
    ]))
    .await;
    for name in ["noa", "dan"] {
        let body = json!({"email": format!("{name}@example.com"), "lists": ["newsletter"],
            "consent": {"email": true}});
        world.post("/hooks/signup", &body).await;
    }
    world.settle().await;
    let noas = world.outbox().into_iter().find(|mail| mail["to"] == "noa@example.com").unwrap();
    open(&world, &noas).await;
    world.pass(49).await;
    let outbox = world.outbox();
    assert_eq!(outbox.len(), 3, "one reminder");
    let again = outbox.last().unwrap();
    assert_eq!(
        (again["to"].as_str(), again["step"].as_str()),
        (Some("dan@example.com"), Some("again"))
    );
    assert_eq!(again["subject"], "Did you miss it?");
}
