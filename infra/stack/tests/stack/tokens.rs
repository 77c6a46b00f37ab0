//! Tokens of pixels, links and unsubscribe pages that are wrong, cut, for another purpose, or of what is gone.

use masa_domain::{Channel, MessageId, RunId, link::Link};
use serde_json::json;

use crate::{
    message::{links, pixel, unsubscribe_url},
    refusals::Wall,
    world::{World, header},
};

#[tokio::test]
async fn a_wrong_or_cut_token_changes_nothing() {
    let world = World::library().await;
    let body =
        json!({"email": "noa@example.com", "lists": ["newsletter"], "consent": {"email": true}});
    world.post("/hooks/signup", &body).await;
    world.settle().await;
    let before = world.items().await;
    let mail = world.outbox().remove(0);
    let click =
        links(mail["html"].as_str().unwrap()).into_iter().find(|url| url.contains("/c/")).unwrap();
    let token = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let [open, click, leave] = [pixel(&mail), click, unsubscribe_url(&mail)].map(|url| token(&url));

    for (path, own, others) in [
        ("/o/", &open, [&click, &leave]),
        ("/c/", &click, [&open, &leave]),
        ("/u/", &leave, [&open, &click]),
    ] {
        let mut wrong: Vec<String> = others.map(String::clone).to_vec();
        wrong.extend((0..own.len()).step_by(7).skip(1).map(|end| own[..end].to_owned()));
        wrong.extend([
            format!("{own}A"),
            "x".to_owned(),
            "%00".to_owned(),
            "A".repeat(9_000),
            "שלום".to_owned(),
        ]);
        for token in wrong {
            let methods = if path == "/u/" { ["GET", "POST"] } else { ["GET", "HEAD"] };
            for method in methods {
                let response = world.http(method, &format!("{path}{token}"), &[], b"").await;
                let status = if path == "/o/" { 200 } else { 404 };
                assert_eq!(response.status, status, "{method} {path}{token}");
                let kind = header(&response, "content-type").unwrap();
                let expected = if path == "/o/" { "image/gif" } else { "text/html; charset=utf-8" };
                assert_eq!(kind, expected);
                assert_eq!(header(&response, "location"), None);
            }
        }
        for method in ["PUT", "DELETE", if path == "/u/" { "PATCH" } else { "POST" }] {
            let response = world.http(method, &format!("{path}{own}"), &[], b"").await;
            let expected = if path == "/o/" { 200 } else { 405 };
            assert_eq!(response.status, expected, "{method} {path}: a pixel is always a GIF");
        }
    }
    assert_eq!(world.http("GET", "/c/", &[], b"").await.status, 404);
    assert_eq!(world.http("GET", "/elsewhere", &[], b"").await.status, 404);
    world.settle().await;
    assert_eq!(world.items().await, before);
}

/// Signed rightly, but of a contact or message that is not there (any more).
#[tokio::test]
async fn a_right_token_of_what_is_gone_makes_no_ghost() {
    let wall = Wall::new().await;
    let contact = wall.world.contacts.contact(Some("noa@example.com"), None).unwrap();
    let run = RunId::new(contact, "welcome", contact.0);
    let message = MessageId { run, generation: 1 };
    let url = "https://shop.example/spring".to_owned();
    let open = wall.world.links.sign(&Link::Open { contact, message });
    let click = wall.world.links.sign(&Link::Click {
        contact,
        message,
        key: "spring".to_owned(),
        url: url.clone(),
    });
    assert_eq!(wall.world.http("GET", &format!("/o/{open}"), &[], b"").await.status, 200);
    let response = wall.world.http("GET", &format!("/c/{click}"), &[], b"").await;
    assert_eq!(
        (response.status, header(&response, "location")),
        (302, Some(url.as_str())),
        "the reader still gets there"
    );
    wall.nothing_stored().await;

    // A refusal is kept even so: whoever comes back later has said no.
    let language = "he".to_owned();
    let leave =
        wall.world.links.sign(&Link::Unsubscribe { contact, channel: Channel::Email, language });
    assert_eq!(wall.world.http("POST", &format!("/u/{leave}"), &[], b"").await.status, 200);
    assert_eq!(wall.world.items().await.len(), wall.items + 1);
}
