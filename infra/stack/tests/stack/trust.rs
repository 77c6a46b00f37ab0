//! What strangers, repeated webhooks and odd templates can't do to a reader.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::SignedDuration;
use masa_box::{Call, Fault, Interceptor};
use masa_domain::{Channel, Status};
use masa_language::Files;
use serde_json::{Value, json};

use crate::{
    message::{DANA, JO, destination, links, links_of_text, unsubscribe_url},
    walk::{joined, signup},
    world::{PUBLIC_URL, World, accepted, header},
};

type Told<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

const SHOP: &str = "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: en\n\
     forms:\n  open: { lists: [newsletter] }\n";

/// A flow that sends one mail of this body to who joins the newsletter.
async fn one_mail(body: &str) -> (World, Value) {
    let flow = "flow: one\ntrigger: { joined: newsletter }\nsteps:\n  - email: hello\n";
    let template = format!("---\nsubject: Hello\n---\n{body}\n");
    let world = World::new(Files::from_texts([
        ("shop.yaml", SHOP),
        ("one/flow.yaml", flow),
        ("one/templates/hello.en.html", &template),
    ]))
    .await;
    world.post("/hooks/signup", &signup(&JO, json!({}))).await;
    world.settle().await;
    let mail = world.outbox().pop().unwrap();
    (world, mail)
}

async fn fill(world: &World, body: &str) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = world.http("POST", "/forms/landing-spring", &form, body.as_bytes()).await;
    assert_eq!(answer.status, 200);
    world.settle().await;
}

/// A public form can be filled in with anybody's address: it adds what is not known, and neither
/// changes a person nor breaks their messages.
#[tokio::test]
async fn a_stranger_with_a_form_changes_nobody() {
    let world = joined(&DANA, json!({})).await;
    let stranger = "email=dana%40example.com&phone=%2B15555550100&first_name=Win+a+prize\
                    &link=1&range=2&kind=transactional&shop=x";
    fill(&world, stranger).await;
    world.pass(48).await;
    let text = world.outbox().pop().unwrap();
    assert_eq!(text["to"], "+972505550123", "the number that the person gave");
    let words = text["text"].as_str().unwrap();
    assert!(words.contains(DANA.first_name) && !words.contains("Win a prize"), "{words}");
    assert_eq!(links_of_text(words).len(), 2, "a field named `link` hides no function: {words}");
}

/// A number that refused is refused for whoever else has given it.
#[tokio::test]
async fn a_refusal_of_texts_is_the_numbers() {
    let world = joined(&DANA, json!({})).await;
    world.post("/hooks/signup", &signup(&JO, json!({}))).await;
    world.settle().await;
    world.pass(24).await;
    world.post("/hooks/signup", &signup(&DANA, json!({"email": "late@example.com"}))).await;
    world.settle().await;
    world.pass(24).await;
    let texts = |world: &World| {
        world.outbox().into_iter().filter(|sent| sent["channel"] == "sms").collect::<Vec<_>>()
    };
    assert_eq!(texts(&world).len(), 2, "two people, one number");
    let words = texts(&world)[0]["text"].as_str().unwrap().to_owned();
    assert_eq!(world.visit("POST", &links_of_text(&words)[1]).await.status, 200);
    world.pass(48).await;
    assert_eq!(texts(&world).len(), 2, "the third, who waited, gets none");
}

/// An explicit `false` is seen by claims when its hook is answered, before any stream carries it.
#[tokio::test]
async fn a_refusal_by_webhook_is_known_when_it_is_answered() {
    let world = joined(&JO, json!({})).await;
    let id = world.contacts.contact(Some(JO.email), None).unwrap();
    let no = json!({"type": "left", "contact": {"email": JO.email, "consent": {"email": false}}});
    world.post("/hooks/event", &no).await;
    let refusals = world.stack.store.load(id).await.unwrap().refusals.0;
    assert_eq!(refusals.keys().collect::<Vec<_>>(), [&Channel::Email], "nothing was delivered yet");
}

/// What a shop's other system heard years ago does not lift a refusal of today.
#[tokio::test]
async fn an_old_no_does_not_lift_a_young_one() {
    let world = joined(&JO, json!({})).await;
    let mail = world.outbox().pop().unwrap();
    assert_eq!(world.visit("POST", &unsubscribe_url(&mail)).await.status, 200);
    let old = json!({"email": false, "at": "2024-01-01T00:00:00Z"});
    let no = json!({"type": "sync", "contact": {"email": JO.email, "consent": old}});
    world.post("/hooks/event", &no).await;
    world.settle().await;
    let loaded = world.person(JO.email).await.loaded;
    assert!(!loaded.refusals.allow(&loaded.contact.unwrap(), Channel::Email), "still refused");
}

/// A refusal of texts by webhook holds for the number too.
#[tokio::test]
async fn a_refusal_of_texts_by_webhook_is_the_numbers() {
    let world = joined(&DANA, json!({})).await;
    world.post("/hooks/signup", &signup(&DANA, json!({"email": "late@example.com"}))).await;
    world.settle().await;
    let contact = json!({
        "email": DANA.email, "phone": "+972505550123", "consent": {"sms": false},
    });
    world.post("/hooks/event", &json!({"type": "left", "contact": contact})).await;
    world.pass(72).await;
    let texts = world.outbox().into_iter().filter(|sent| sent["channel"] == "sms").count();
    assert_eq!(texts, 0, "neither of the two who gave this number gets one");
}

/// A hook that could not store its refusal does not say that it did, and stores it when it is sent
/// again.
#[tokio::test]
async fn a_hook_answers_when_its_refusal_is_stored() {
    struct Broken(AtomicBool);
    impl Interceptor for Broken {
        fn before<'a>(&'a self, call: &'a Call) -> Told<'a> {
            let breaks = call.target.ends_with(" @C") && self.0.load(Ordering::SeqCst);
            let answer =
                if breaks { Err(Fault::Answer(500, "InternalServerError")) } else { Ok(()) };
            Box::pin(std::future::ready(answer))
        }
        fn after<'a>(&'a self, _: &'a Call) -> Told<'a> {
            Box::pin(std::future::ready(Ok(())))
        }
    }
    let world = joined(&JO, json!({})).await;
    let broken = Arc::new(Broken(AtomicBool::new(true)));
    world.stack.aws.set_interceptor(Some(Arc::clone(&broken) as _));
    let no = json!({"type": "left", "contact": {"email": JO.email, "consent": {"email": false}}});
    let no = no.to_string().into_bytes();
    assert_eq!(world.post_as("msg_no", "/hooks/event", &no).await.status, 503);
    broken.0.store(false, Ordering::SeqCst);
    accepted(&world.post_as("msg_no", "/hooks/event", &no).await, false);
    let id = world.contacts.contact(Some(JO.email), None).unwrap();
    let refusals = world.stack.store.load(id).await.unwrap().refusals.0;
    assert_eq!(refusals.keys().collect::<Vec<_>>(), [&Channel::Email]);
}

/// Systems repeat what they know with every event: that is no new consent. A new signup is.
#[tokio::test]
async fn a_repeated_yes_does_not_lift_a_refusal_and_a_new_signup_does() {
    let world = joined(&JO, json!({})).await;
    let mail = world.outbox().pop().unwrap();
    assert_eq!(world.visit("POST", &unsubscribe_url(&mail)).await.status, 200);
    let allowed = async |world: &World| {
        world.settle().await;
        let loaded = world.person(JO.email).await.loaded;
        loaded.refusals.allow(&loaded.contact.unwrap(), Channel::Email)
    };
    assert!(!allowed(&world).await, "refused");
    let clock = world.now() + SignedDuration::from_secs(60);
    world.stack.aws.advance_to(clock).await.unwrap();
    let yes = json!({"type": "visit", "contact": {"email": JO.email, "consent": {"email": true}}});
    world.post("/hooks/event", &yes).await;
    assert!(!allowed(&world).await, "an event repeats what the shop knew");
    world.post("/hooks/signup", &signup(&JO, json!({}))).await;
    assert!(allowed(&world).await, "a signup is a new yes");
}

/// Advertising that comes as a whole document has a way out all the same, and leaving is no click.
#[tokio::test]
async fn a_whole_document_gets_a_way_out_and_leaving_is_no_click() {
    let (_, mail) = one_mail("<!doctype html><html><body><p>Hi</p></body></html>").await;
    let out = unsubscribe_url(&mail);
    assert!(links(mail["html"].as_str().unwrap()).contains(&out), "{}", mail["html"]);
    assert!(mail["html"].as_str().unwrap().contains("Rosh Pina"), "the sender's address");

    let (_, mail) = one_mail("<p><a href=\"{{ unsubscribe_url }}\">leave</a></p>").await;
    let direct = links(mail["html"].as_str().unwrap());
    assert!(direct.contains(&unsubscribe_url(&mail)), "not a redirect: {direct:?}");
}

/// Links lead where they should, however they are written, in both parts of the mail.
#[tokio::test]
async fn links_work_however_they_are_written() {
    let long = format!("https://shop.example/{}", "a".repeat(3_000));
    let body = format!(
        "<p><a href=\"HTTPS://shop.example/up\">a</a> <a href=\"https://shop.example/תה חם\">b</a> \
         <a href=\"{long}\">c</a></p>"
    );
    let (world, mail) = one_mail(&body).await;
    let html = links(mail["html"].as_str().unwrap());
    let mut tracked = Vec::new();
    for url in html.iter().filter(|url| url.starts_with(&format!("{PUBLIC_URL}/c/"))) {
        tracked.push(destination(&world, url).await);
        let followed = world.visit("GET", url).await;
        assert_eq!(header(&followed, "location").unwrap(), tracked.last().unwrap());
    }
    let hebrew = "https://shop.example/%D7%AA%D7%94%20%D7%97%D7%9D";
    for url in ["HTTPS://shop.example/up", hebrew] {
        assert!(tracked.iter().any(|found| found == url), "{url} is tracked: {tracked:?}");
    }
    assert!(html.contains(&long), "too long to be tracked, it works as it is");
    let text = links_of_text(mail["text"].as_str().unwrap());
    assert!(text.iter().any(|url| url.contains("/c/")), "the text part leads there too: {text:?}");
    let sent = world.person(JO.email).await.messages;
    assert!(sent.iter().all(|message| matches!(message.status, Status::Sent { .. })), "{sent:?}");
}
