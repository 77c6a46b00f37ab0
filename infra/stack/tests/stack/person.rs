//! One person once (K1): contacts that turn out to be the same person are joined in mid-journey, and
//! nothing is sent twice, nothing is lost, and what was refused stays refused.

use masa_box::Ready;
use masa_domain::{Channel, Contact, Skip, Status, WhySuppressed};
use masa_intake::signature::Stripe;
use masa_language::Files;
use masa_stack::FEEDBACK_QUEUE;
use serde_json::{Value, json};

use crate::{
    feedback::event,
    message::{open, unsubscribe_url},
    world::{STRIPE, World, accepted},
};

const DANA: &str = "dana@example.com";
const NEW: &str = "dana.levi@example.com";
const PHONE: &str = "+972505550123";

/// A course of four: a text, a day later a mail, a day later another one for those who opened the first; and
/// one mail for every order.
async fn shop() -> World {
    let mail = "---\nsubject: Hello\n---\n<p>Look</p>\n";
    World::new(Files::from_texts([
        (
            "shop.yaml",
            "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: en\n",
        ),
        (
            "course/flow.yaml",
            "flow: course\ntrigger: { joined: course }\n\
             steps: [ { sms: { en: \"Hello\" } }, { wait: 1d }, { email: one }, { wait: 1d },\n\
             { if: { email: one, was: opened }, then: [ { email: two } ] } ]\n",
        ),
        ("course/templates/one.en.html", mail),
        ("course/templates/two.en.html", mail),
        (
            "receipt/flow.yaml",
            "flow: receipt\ntrigger: { purchased: any }\nentry: { again: always }\n\
             send: { kind: transactional }\nsteps: [ { email: receipt } ]\n",
        ),
        ("receipt/templates/receipt.en.html", mail),
    ]))
    .await
}

fn yes() -> Value {
    json!({"email": true, "sms": true})
}

/// The state under an address.
async fn contact(world: &World, email: &str) -> Contact {
    world.person(email).await.loaded.contact.unwrap()
}

/// What Shopify tells of customer 7.
async fn customer(world: &World, email: &str) {
    let at = world.now().to_string();
    let body = json!({"id": 7, "email": email, "updated_at": at, "created_at": at}).to_string();
    accepted(&world.post_shopify("customers/update", body.as_bytes()).await, false);
    world.settle().await;
}

/// Joins the course and reads its first mail.
async fn reads_the_first(world: &World, email: &str) {
    let body = json!({"email": email, "lists": ["course"], "consent": yes()});
    world.post("/hooks/signup", &body).await;
    world.settle().await;
    world.pass(25).await;
    let mail = world.outbox().pop().unwrap();
    assert_eq!(mail["step"], "one");
    open(world, &mail).await;
}

/// Lets the stream tell what was stored, and nothing else happen.
async fn stream(world: &World) {
    let aws = &world.stack.aws;
    let is_stream = |ready: &Ready| matches!(ready, Ready::Stream { .. });
    while let Some(ready) = aws.ready().unwrap().into_iter().find(is_stream) {
        let Some(delivery) = aws.take(&ready).unwrap() else { return };
        aws.deliver(delivery).await.unwrap();
    }
}

/// Goal: K1, who signed up by number and gives an address later is one contact: the journey goes on at its
/// time, by mail from then on, and what comes for the number alone is that contact's.
#[tokio::test]
async fn a_number_and_an_address_become_one_person() {
    let world = shop().await;
    let body = json!({"phone": PHONE, "lists": ["course"], "consent": yes()});
    world.post("/hooks/signup", &body).await;
    world.settle().await;
    assert_eq!(world.steps(), [format!("sms to {PHONE}")]);
    world.post("/hooks/signup", &json!({"email": DANA, "phone": PHONE})).await;
    let order = json!({"order_id": "1", "email": DANA, "total": "80", "currency": "ILS"});
    world.post("/hooks/purchase", &order).await;
    world.settle().await;
    let dana = contact(&world, DANA).await;
    assert_eq!(dana.profile.phone.as_deref(), Some(PHONE));
    assert_eq!(dana.lists.keys().collect::<Vec<_>>(), ["course"]);
    assert!(dana.consent[&Channel::Email].at <= world.now());
    world.pass(25).await;
    assert_eq!(world.steps(), [format!("sms to {PHONE}").as_str(), "receipt", "one"]);
    let order = json!({"order_id": "2", "phone": PHONE, "total": "20", "currency": "ILS"});
    world.post("/hooks/purchase", &order).await;
    world.settle().await;
    let person = world.person(DANA).await;
    let dana = person.loaded.contact.unwrap();
    assert_eq!((dana.purchases.orders, dana.purchases.spent), (2, 10_000));
    assert_eq!((person.facts.len(), person.messages.len()), (4, 4), "also those under the number");
    assert_eq!(world.stack.store.contacts().await.unwrap().len(), 1, "one person");
    world.pass(48).await;
    assert!(world.runs(DANA, "course").await.iter().all(|run| !run.is_live()));
    world.is_at_rest();
}

/// Goal: K1, a message that was under way when its contact was joined with another goes out once.
#[tokio::test]
async fn what_is_under_way_goes_out_once() {
    let world = shop().await;
    let body = json!({"phone": PHONE, "lists": ["course"], "consent": yes()});
    world.post("/hooks/signup", &body).await;
    stream(&world).await;
    assert_eq!(world.stack.aws.queue_depth("send").unwrap(), 1, "the text waits in its queue");
    let both = json!({"email": DANA, "phone": PHONE});
    world.post("/hooks/signup", &both).await;
    stream(&world).await;
    assert_eq!(contact(&world, DANA).await.runs.len(), 1, "the run is the person's");
    world.settle().await;
    assert_eq!(world.steps(), [format!("sms to {PHONE}")], "once");
    world.pass(25).await;
    assert_eq!(world.steps().last().unwrap(), "one", "and the journey goes on");
    world.is_at_rest();
}

/// Goal: K1, whose address changes in the store stays one person: the mails go to the new address, what
/// was read before counts, and what is told of the old address is of the same person.
#[tokio::test]
async fn a_changed_address_is_the_same_person() {
    let world = shop().await;
    customer(&world, DANA).await;
    reads_the_first(&world, DANA).await;
    customer(&world, NEW).await;
    for email in [DANA, NEW] {
        let contact = contact(&world, email).await;
        assert_eq!(contact.profile.email.as_deref(), Some(NEW), "the one and only");
        assert_eq!(contact.seen["opened"].times, 1);
    }
    let order = json!({"order_id": "1", "email": DANA, "total": "80", "currency": "ILS"});
    world.post("/hooks/purchase", &order).await;
    world.settle().await;
    assert_eq!(contact(&world, NEW).await.purchases.orders, 1);
    world.pass(24).await;
    let sent = world.outbox();
    let to: Vec<_> = sent.iter().map(|mail| (mail["step"].as_str(), mail["to"].as_str())).collect();
    let [old, new] = [Some(DANA), Some(NEW)];
    assert_eq!(to, [(Some("one"), old), (Some("receipt"), new), (Some("two"), new)]);
    world.is_at_rest();
}

/// Goal: K1, K4, what was refused by any address of a person is refused: before they were joined, and by a
/// mail that was sent before.
#[tokio::test]
async fn a_refusal_holds_for_the_person() {
    for before in [true, false] {
        let world = shop().await;
        customer(&world, DANA).await;
        reads_the_first(&world, DANA).await;
        let mail = world.outbox().pop().unwrap();
        let url = unsubscribe_url(&mail);
        let leave = async || assert_eq!(world.visit("POST", &url).await.status, 200);
        if before {
            leave().await;
        }
        customer(&world, NEW).await;
        if !before {
            leave().await;
        }
        world.pass(24).await;
        assert_eq!(world.outbox().len(), 1, "nothing more");
        let person = world.person(NEW).await;
        let skipped = person.messages.iter().find(|message| message.step == "two").unwrap();
        assert!(matches!(skipped.status, Status::Skipped { reason: Skip::Refused, .. }));
    }
}

/// Goal: K1, K5, an address that bounces is suppressed, and not the person: another address of theirs takes
/// mail, until it bounces too.
#[tokio::test]
async fn an_address_bounces_and_not_the_person() {
    let world = shop().await;
    customer(&world, DANA).await;
    reads_the_first(&world, DANA).await;
    let bounce = |mail: &Value| event(mail, "Bounce", &json!({"bounceType": "Permanent"}));
    let tell = async |event: &str| {
        world.stack.aws.enqueue(FEEDBACK_QUEUE, event, 0).unwrap();
        world.settle().await;
    };
    tell(&bounce(&world.outbox().pop().unwrap())).await;
    customer(&world, NEW).await;
    world.pass(24).await;
    let mail = world.outbox().pop().unwrap();
    assert_eq!((mail["step"].as_str(), mail["to"].as_str()), (Some("two"), Some(NEW)));
    tell(&bounce(&mail)).await;
    let order = json!({"order_id": "1", "email": NEW, "total": "80", "currency": "ILS"});
    world.post("/hooks/purchase", &order).await;
    world.settle().await;
    assert_eq!(world.outbox().len(), 2, "it bounced too");
    for email in [DANA, NEW] {
        let id = world.contacts.contact(Some(email), None).unwrap();
        let suppressed = world.stack.store.suppressions(id).await.unwrap();
        assert_eq!(suppressed.0[&Channel::Email].why, WhySuppressed::Bounce, "each by its own id");
    }
}

/// Goal: K1, a subscription of Stripe names an account alone: it is of whom the session names with it,
/// whichever comes first.
#[tokio::test]
async fn an_account_alone_finds_its_person() {
    for session_first in [true, false] {
        let world = shop().await;
        let keys = Stripe::new(STRIPE).unwrap();
        let now = world.now().as_second();
        let post = async |id: &str, kind: &str, object: Value| {
            let body = json!({"id": id, "object": "event", "type": kind, "created": now,
                "data": {"object": object}})
            .to_string();
            let signature = keys.sign(now, body.as_bytes());
            let headers = [("content-type", "application/json"), ("Stripe-Signature", &*signature)];
            let response = world.http("POST", "/hooks/stripe", &headers, body.as_bytes()).await;
            accepted(&response, false);
            world.settle().await;
        };
        let session = async || {
            let object = json!({"id": "cs_1", "mode": "payment", "payment_intent": "pi_1",
                "payment_status": "paid", "customer": "cus_1", "amount_total": 8000,
                "currency": "ils", "customer_details": {"email": DANA}});
            post("evt_1", "checkout.session.completed", object).await;
        };
        if session_first {
            session().await;
        }
        let object = json!({"id": "sub_1", "customer": "cus_1", "status": "active",
            "current_period_end": now + 86_400});
        post("evt_2", "customer.subscription.created", object).await;
        if !session_first {
            session().await;
        }
        let dana = contact(&world, DANA).await;
        assert_eq!(dana.seen["event:subscription-created"].times, 1, "{session_first}");
        assert!(dana.fields.contains_key("renewal_date"));
        assert_eq!((dana.purchases.orders, world.steps()), (1, vec!["receipt".to_owned()]));
        assert_eq!(world.stack.store.contacts().await.unwrap().len(), 1);
        world.is_at_rest();
    }
}

/// Goal: K1, a number that two addresses tell stays the first one's, and the two stay two; a form, which
/// anybody may fill in with anybody's number, joins nobody.
#[tokio::test]
async fn a_familys_number_joins_nobody() {
    let world = shop().await;
    for email in [DANA, "noa@example.com"] {
        world.post("/hooks/signup", &json!({"email": email, "phone": PHONE})).await;
        world.settle().await;
    }
    world.post("/hooks/signup", &json!({"phone": PHONE, "lists": ["club"]})).await;
    world.settle().await;
    assert!(contact(&world, DANA).await.lists.contains_key("club"));
    assert!(contact(&world, "noa@example.com").await.lists.is_empty());
    let other = "+972505550124";
    world.post("/hooks/signup", &json!({"phone": other, "lists": ["club"]})).await;
    let body = json!({"email": "eve@example.com", "phone": other, "form": "spring"});
    world.post("/hooks/signup", &body).await;
    world.settle().await;
    assert!(
        contact(&world, "eve@example.com").await.lists.is_empty(),
        "she gets nothing of theirs"
    );
    assert_eq!(world.stack.store.contacts().await.unwrap().len(), 4);
}

/// Goal: K1, T2, who is new enters the segments of the new, also when a number leads to them from then on.
#[tokio::test]
async fn who_is_new_enters_segments_with_and_without_a_number() {
    let world = World::new(Files::from_texts([
        (
            "shop.yaml",
            "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: en\n\
             segments: { prospects: { not: { purchased: any } } }\n",
        ),
        (
            "hello/flow.yaml",
            "flow: hello\ntrigger: { joined: prospects }\nsteps: [ { wait: 1d }, { count: met } ]\n",
        ),
    ]))
    .await;
    for (email, phone) in [(DANA, None), (NEW, Some(PHONE))] {
        world.post("/hooks/signup", &json!({"email": email, "phone": phone})).await;
        world.settle().await;
        assert!(contact(&world, email).await.flows.contains_key("hello"), "{phone:?}");
    }
}
