//! Questions, people and systems: the page of an answer, the mail to somebody of the shop, the webhook that
//! goes out.

use masa_domain::{Channel, Happening, State, Status};
use masa_language::Files;
use serde_json::{Value, json};

use crate::{message::links, world::World};

const SHOP: &str = "
name: { he: קומקום, en: Kumkum }
url: https://shop.example
address: 7 Garden Road
language: en
questions:
  nps: { type: nps, text: { he: 'מה הסיכוי?', en: 'How <likely>?' } }
  why: { type: choice, text: Why?, options: { price: The price, taste: 'The taste' } }
  more: { type: text, text: Anything else? }
people:
  sales: { email: sales@shop.example, language: he }
  gone: bounce@simulator.amazonses.com
systems: { crm: 'https://crm.example.com/hooks?v=1' }
";
const ASKS: &str = "
flow: asks
trigger: { joined: newsletter }
steps:
  - email: question
  - wait_until: { answered: nps, over: 8, for: 3d }
    then: [ { join: promoters } ]
    else: [ { join: others } ]
";
const QUESTION: &str = "---\nsubject: One question\n---\n<p>Hi</p>\n{{ ask('nps') }}{{ ask('why') }}{{ ask('more') }}\n";
const TELLS: &str = "
flow: tells
trigger: { event: hot }
entry: { again: always }
steps:
  - { tell: sales, text: { he: 'להתקשר אל {{ first_name }}', en: 'Call {{ first_name }}' } }
  - { tell: gone, text: Nobody is there }
  - join: told
";
const CALLS: &str = "
flow: calls
trigger: { event: known }
entry: { again: always }
steps:
  - { call: crm, send: { score: '{{ score }}', words: 'of {{ first_name }}', times: 3 } }
  - if: { field: call.stage, is: customer }
    then: [ { join: customers } ]
    else: [ { join: leads } ]
";
const REWARDS: &str = "
flow: rewards
trigger: { event: friend }
entry: { again: always }
send: { kind: transactional }
steps:
  - { coupon: code, prefix: TEA }
  - wait: 1h
  - email: reward
";
const REWARD: &str = "---\nsubject: A reward\n---\n<p>{{ code }}.</p>\n";
const URL: &str = "https://crm.example.com/hooks?v=1";
const EMAIL: &str = "noa@example.com";

async fn world() -> World {
    let world = World::new(Files::from_texts([
        ("shop.yaml", SHOP),
        ("asks/flow.yaml", ASKS),
        ("asks/templates/question.en.html", QUESTION),
        ("asks/templates/question.he.html", QUESTION),
        ("tells/flow.yaml", TELLS),
        ("calls/flow.yaml", CALLS),
        ("rewards/flow.yaml", REWARDS),
        ("rewards/templates/reward.en.html", REWARD),
        ("rewards/templates/reward.he.html", REWARD),
    ]))
    .await;
    let body = json!({
        "email": EMAIL, "first_name": "Noa", "consent": {"email": true}, "fields": {"score": 120},
    });
    world.post("/hooks/signup", &body).await;
    world.settle().await;
    world
}

async fn event(world: &World, name: &str) {
    let body = json!({"type": name, "contact": {"email": EMAIL}});
    world.post("/hooks/event", &body).await;
    world.settle().await;
}

/// The addresses of the pages of a mail's answers, in their order.
async fn asked(world: &World) -> Vec<String> {
    let body = json!({"email": EMAIL, "lists": ["newsletter"], "consent": {"email": true}});
    world.post("/hooks/signup", &body).await;
    world.settle().await;
    let mail = world.outbox().pop().unwrap();
    let links = links(mail["html"].as_str().unwrap()).into_iter();
    links.filter(|url| url.contains("/a/")).collect()
}

async fn send(world: &World, url: &str, form: &str) -> (u16, String) {
    let path = url.strip_prefix(crate::world::PUBLIC_URL).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let response = world.http("POST", path, &headers, form.as_bytes()).await;
    world.settle().await;
    (response.status, String::from_utf8(response.body).unwrap())
}

async fn answers(world: &World) -> Vec<(String, Value)> {
    let facts = world.person(EMAIL).await.facts.into_iter();
    let told = facts.filter_map(|fact| match fact.what {
        Happening::Answered { question, answer } => Some((question, answer)),
        _ => None,
    });
    told.collect()
}

/// Goal: A10, two rewards at once show a code each; the contact's field has the last one.
#[tokio::test]
async fn a10_two_runs_at_once_show_their_own_codes() {
    let world = world().await;
    event(&world, "friend").await;
    event(&world, "friend").await;
    world.pass(2).await;
    let code = |mail: &Value| {
        let text = mail["text"].as_str().unwrap();
        text.split(['.', '\n']).find(|word| word.starts_with("TEA-")).unwrap().to_owned()
    };
    let codes: Vec<String> = world.outbox().iter().map(code).collect();
    assert_eq!(codes.len(), 2);
    assert_ne!(codes[0], codes[1]);
    let contact = world.person(EMAIL).await.loaded.contact.unwrap();
    let last = contact.field("code").unwrap();
    assert!(codes.iter().any(|code| last == **code), "{last} is one of {codes:?}");
}

/// Goal: A7, a link shows the question with its answer chosen, and records nothing; what is sent is
/// recorded once however often it comes, another visit may answer otherwise, and the journey hears it.
#[tokio::test]
async fn a7_an_answer_is_what_is_sent_from_its_page() {
    let world = world().await;
    let links = asked(&world).await;
    assert_eq!(links.len(), 11 + 2 + 1, "a link for each answer");
    for url in &links {
        for method in ["GET", "HEAD"] {
            assert_eq!(world.visit(method, url).await.status, 200);
        }
    }
    world.settle().await;
    assert_eq!(answers(&world).await, [], "a scanner that follows every link records nothing");
    let page = String::from_utf8(world.visit("GET", &links[9]).await.body).unwrap();
    assert!(page.contains("value=\"9\" required checked"), "{page}");
    assert!(page.contains("How &lt;likely&gt;?") && !page.contains("<likely>"), "{page}");
    for form in ["visit=a&answer=9", "visit=a&answer=9"] {
        let (status, page) = send(&world, &links[9], form).await;
        assert!(status == 200 && page.contains("Thank you"), "{status}: {page}");
    }
    assert_eq!(answers(&world).await, [("nps".to_owned(), json!(9))], "sent twice is once");
    let contact = world.person(EMAIL).await.loaded.contact.unwrap();
    assert!(contact.lists.contains_key("promoters"), "the journey heard it");
    assert_eq!(contact.field("nps"), Some(json!(9)));
    send(&world, &links[9], "visit=b&answer=3").await;
    let contact = world.person(EMAIL).await.loaded.contact.unwrap();
    assert_eq!(contact.field("nps"), Some(json!(3)), "another visit answers otherwise");
}

/// Goal: A7, what is no answer is asked for again, and a link that is not whole, or of a question that is
/// gone, gets a page that says so.
#[tokio::test]
async fn a7_what_is_no_answer_is_not_recorded() {
    let world = world().await;
    let links = asked(&world).await;
    let long = format!("answer={}", "x".repeat(2_001));
    for (link, form) in [
        (9, ""),
        (9, "answer=11"),
        (9, "answer=-1"),
        (9, "answer=nine"),
        (11, "answer=cheap"),
        (13, "answer=++"),
        (13, long.as_str()),
        (13, "\u{0}=%"),
    ] {
        let (status, page) = send(&world, &links[link], form).await;
        assert_eq!(status, 400, "{form:.40}");
        assert!(page.contains("<form"), "the question is shown again: {page}");
    }
    assert_eq!(send(&world, &links[13], &"a".repeat(40_000)).await.0, 413);
    let broken = format!("{}x", links[9]);
    assert_eq!(send(&world, &broken, "answer=9").await.0, 404);
    assert_eq!(world.visit("GET", &broken).await.status, 404);
    assert_eq!(world.visit("DELETE", &links[9]).await.status, 405);
    assert_eq!(answers(&world).await, []);
    let (status, _) = send(&world, &links[13], "answer=%D7%AA%D7%94+%3Cb%3E").await;
    assert_eq!(status, 200);
    assert_eq!(answers(&world).await, [("more".to_owned(), json!("תה <b>"))], "words as they are");
}

/// Goal: A8, somebody of the shop gets the words and the story, whatever the contact agreed to; an answer
/// to it reaches the contact, nothing is tracked, and a bounce says nothing of the contact.
#[tokio::test]
async fn a8_somebody_of_the_shop_is_told() {
    let world = world().await;
    world.post("/hooks/signup", &json!({"email": EMAIL, "consent": {"email": false}})).await;
    event(&world, "hot").await;
    let outbox = world.outbox();
    let mail = &outbox[0];
    assert_eq!(
        (mail["to"].as_str(), mail["step"].as_str()),
        (Some("sales@shop.example"), Some("tell-sales"))
    );
    assert_eq!(mail["reply_to"], json!([EMAIL]));
    assert_eq!(mail["headers"], json!({}), "no list to leave");
    let html = mail["html"].as_str().unwrap();
    for part in ["dir=\"rtl\"", "להתקשר אל Noa", EMAIL, "score", "120", "tells: נמשך", "כניסה למסע"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("/o/") && !html.contains("/c/") && !html.contains("/u/"), "{html}");
    assert_eq!(outbox.len(), 2);
    let person = world.person(EMAIL).await;
    assert!(person.loaded.contact.unwrap().lists.contains_key("told"));
    assert!(
        !person.loaded.suppressions.0.contains_key(&Channel::Email),
        "its bounce is not the contact's"
    );
}

/// Goal: A9, a system gets a signed webhook, and its answer decides; types of values are kept.
#[tokio::test]
async fn a9_a_system_is_called_and_its_answer_decides() {
    let world = world().await;
    for (stage, list) in [("customer", "customers"), ("lead", "leads")] {
        world.stack.aws.answer_calls(URL, 200, json!({"stage": stage, "deep": {"a": 1}})).unwrap();
        event(&world, "known").await;
        let contact = world.person(EMAIL).await.loaded.contact.unwrap();
        assert!(contact.lists.contains_key(list), "{stage}: {:?}", contact.lists);
    }
    let call = world.outbox().remove(0);
    assert_eq!((call["channel"].as_str(), call["to"].as_str()), (Some("webhook"), Some(URL)));
    let header = |name: &str| call["headers"][name].as_str();
    let body = call["text"].as_str().unwrap();
    let signed = world.signer.verify(
        header("webhook-id"),
        header("webhook-timestamp"),
        header("webhook-signature"),
        body.as_bytes(),
        world.now(),
    );
    assert_eq!(signed.ok(), header("webhook-id"), "a Standard Webhook");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "calls.call-crm");
    assert_eq!(body["data"]["send"], json!({"score": 120, "words": "of Noa", "times": 3}));
    assert_eq!(body["data"]["contact"]["email"], EMAIL);
}

/// Goal: A9, a system that fails is called again under the same id until it answers; one that refuses is
/// not; one that never answers holds the journey for a day and no longer.
#[tokio::test]
async fn a9_a_system_that_fails_is_called_again() {
    for (status, recovers, most_hours) in
        [(503, true, 2), (429, true, 2), (404, false, 0), (500, false, 26)]
    {
        let world = world().await;
        world.stack.aws.answer_calls(URL, status, json!({})).unwrap();
        event(&world, "known").await;
        if recovers {
            let state = world.runs(EMAIL, "calls").await.remove(0).state;
            assert!(matches!(state, State::Sending { .. }), "{status}: {state:?}");
            world.stack.aws.answer_calls(URL, 200, json!({"stage": "customer"})).unwrap();
        }
        let mut hours = 0;
        while world.runs(EMAIL, "calls").await.remove(0).is_live() {
            assert!(hours < most_hours, "{status}: the journey still waits after {hours} hours");
            world.pass(1).await;
            hours += 1;
        }
        let calls = world.outbox();
        let ids: std::collections::BTreeSet<&str> =
            calls.iter().filter_map(|call| call["headers"]["webhook-id"].as_str()).collect();
        assert_eq!(ids.len(), 1, "{status}: the same id each time");
        assert_eq!(calls.len() > 1, status != 404, "{status}: {} calls", calls.len());
        let person = world.person(EMAIL).await;
        let list = if recovers { "customers" } else { "leads" };
        assert!(person.loaded.contact.unwrap().lists.contains_key(list), "{status}");
        let settled = &person.messages[0].status;
        assert_eq!(matches!(settled, Status::Answered { .. }), recovers, "{status}: {settled:?}");
        world.is_at_rest();
    }
}
