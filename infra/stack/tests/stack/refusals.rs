//! Bad input at every door: the exact answer, and nothing stored.

use masa_box::HttpResponse;
use masa_intake::signature::StandardWebhooks;
use serde_json::{Value, json};

use crate::world::{World, accepted, header};

const HOOKS: [&str; 3] = ["/hooks/signup", "/hooks/purchase", "/hooks/event"];
const LARGEST: usize = 256 * 1024;
const JSON: (&str, &str) = ("content-type", "application/json");

/// A body that each hook takes.
fn good(hook: &str) -> Value {
    match hook {
        "/hooks/purchase" => json!({"order_id": "A-1", "email": "noa@example.com"}),
        "/hooks/event" => json!({"type": "ping", "contact": {"email": "noa@example.com"}}),
        "/hooks/shopify" => json!({"id": 1, "email": "noa@example.com"}),
        _ => json!({"email": "noa@example.com"}),
    }
}

/// A world and what it held before the bad input.
pub(crate) struct Wall {
    pub(crate) world: World,
    pub(crate) items: usize,
}

impl Wall {
    pub(crate) async fn new() -> Self {
        let world = World::library().await;
        let items = world.items().await.len();
        Self { world, items }
    }

    /// Holds an answer to status, code and shape.
    fn refused(&self, what: &str, response: &HttpResponse, status: u16, code: &str) -> String {
        let text = String::from_utf8(response.body.clone()).unwrap();
        assert_eq!(response.status, status, "{what}: {text}");
        assert_eq!(header(response, "content-type"), Some("application/json"), "{what}");
        let body: Value = serde_json::from_str(&text).unwrap();
        let message = body["message"].as_str().unwrap_or_default();
        assert_eq!(body, json!({"error": code, "message": message}), "{what}");
        assert!(message.len() > 5, "{what}: it says what to do: {message}");
        assert!(!text.contains("noa"), "{what}: it repeats nothing: {text}");
        message.to_owned()
    }

    pub(crate) async fn nothing_stored(&self) {
        self.world.settle().await;
        assert_eq!(self.world.items().await.len(), self.items, "nothing is stored");
        assert_eq!(self.world.outbox(), [] as [Value; 0]);
        self.world.is_at_rest();
    }

    /// Posts with these values of the three headers; an empty one is left out.
    async fn signed_with(&self, hook: &str, headers: [&str; 3], body: &[u8]) -> HttpResponse {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let given = names.into_iter().zip(headers).filter(|(_, value)| !value.is_empty());
        let headers: Vec<_> = std::iter::once(JSON).chain(given).collect();
        self.world.http("POST", hook, &headers, body).await
    }
}

#[tokio::test]
async fn hooks_take_what_is_signed_rightly_and_now() {
    let wall = Wall::new().await;
    let now = wall.world.now().as_second();
    for hook in HOOKS {
        let body = good(hook).to_string();
        let body = body.as_bytes();
        let sign = |at: i64| wall.world.signer.sign("msg_1", at, body);
        let other =
            StandardWebhooks::new("whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBpcyBub3Qgb3Vycw==").unwrap();
        let (time, right, long) = (now.to_string(), sign(now), "x".repeat(257));
        let (old, ahead) = ((now - 301).to_string(), (now + 301).to_string());
        let (stale, future) = (sign(now - 301), sign(now + 301));
        let (strange, unnamed) = (other.sign("msg_1", now, body), right.replace("v1,", ""));
        let (long_right, cut) =
            (wall.world.signer.sign(&long, now, body), &right[..right.len() - 4]);
        let asymmetric = right.replace("v1,", "v1a,");
        for (what, headers, code) in [
            ("no header", ["", "", ""], "signature_missing"),
            ("no id", ["", &time, &right], "signature_missing"),
            ("no time", ["msg_1", "", &right], "signature_missing"),
            ("no signature", ["msg_1", &time, ""], "signature_missing"),
            ("another key", ["msg_1", &time, &strange], "signature_wrong"),
            ("another id", ["msg_2", &time, &right], "signature_wrong"),
            ("a cut signature", ["msg_1", &time, cut], "signature_wrong"),
            ("no scheme", ["msg_1", &time, &unnamed], "signature_wrong"),
            ("another scheme", ["msg_1", &time, &asymmetric], "signature_wrong"),
            ("no base64", ["msg_1", &time, "v1,!!!"], "signature_wrong"),
            ("no ASCII", ["msg_1", &time, "v1,נועה"], "signature_missing"),
            ("301 seconds old", ["msg_1", &old, &stale], "signature_stale"),
            ("301 seconds ahead", ["msg_1", &ahead, &future], "signature_in_future"),
            ("another time", ["msg_1", &old, &right], "signature_stale"),
            ("no number", ["msg_1", "yesterday", &right], "signature_unreadable"),
            (
                "a number too large",
                ["msg_1", "99999999999999999999", &right],
                "signature_unreadable",
            ),
            ("a long id", [&long, &time, &long_right], "signature_unreadable"),
        ] {
            let response = wall.signed_with(hook, headers, body).await;
            wall.refused(&format!("{hook}, {what}"), &response, 401, code);
        }
        let changed = [body, b" "].concat();
        let response = wall.signed_with(hook, ["msg_1", &time, &right], &changed).await;
        wall.refused(&format!("{hook}, a changed body"), &response, 401, "signature_wrong");
    }
    wall.nothing_stored().await;

    for (hook, age) in HOOKS.into_iter().zip([300, -300, 0]) {
        let (body, time) = (good(hook).to_string(), (now - age).to_string());
        let right = wall.world.signer.sign("msg_1", now - age, body.as_bytes());
        let several = format!("v1,bm90IG91cnM= {right} v1a,x");
        accepted(&wall.signed_with(hook, ["msg_1", &time, &several], body.as_bytes()).await, false);
    }
}

/// Bodies and the field that is wrong in each; an empty one is the body as a whole.
type Wrong = Vec<(Vec<u8>, &'static str)>;

/// A good body with one value in another's place.
fn with(hook: &str, place: &str, value: Value) -> Vec<u8> {
    let mut body = good(hook);
    match place.split_once('.') {
        Some((object, name)) => body[object][name] = value,
        None => body[place] = value,
    }
    body.to_string().into_bytes()
}

fn wrong_bodies() -> Wrong {
    vec![
        (b"".to_vec(), ""),
        (b"{".to_vec(), ""),
        (b"{\"email\":\"noa@example.com\"} x".to_vec(), ""),
        (b"null".to_vec(), ""),
        (b"[]".to_vec(), ""),
        (b"\"noa@example.com\"".to_vec(), ""),
        (b"{\"email\":\"noa\xff@example.com\"}".to_vec(), ""),
        (b"email=noa%40example.com".to_vec(), ""),
        ("[".repeat(5_000).into_bytes(), ""),
        (b"{}".to_vec(), ""),
    ]
}

fn wrong_addresses(hook: &str, email: &'static str, phone: &'static str) -> Wrong {
    let injected = "noa@example.com\r\nBcc: x@example.com";
    let mut wrong = Vec::new();
    for value in [
        json!(7),
        json!("noa"),
        json!(["noa@example.com"]),
        json!(injected),
        Value::Null,
        json!(" "),
    ] {
        wrong.push((with(hook, email, value), email));
    }
    for value in [json!({}), json!("12"), json!("050-123-4567")] {
        wrong.push((with(hook, phone, value), phone));
    }
    wrong
}

fn wrong_signups() -> Wrong {
    let wrong = |place, value, field| (with("/hooks/signup", place, value), field);
    vec![
        wrong("first_name", json!(true), "first_name"),
        wrong("first_name", json!("x".repeat(201)), "first_name"),
        wrong("language", json!("עברית"), "language"),
        wrong("country", json!("Israel"), "country"),
        wrong("lists", json!("newsletter"), "lists"),
        wrong("lists", json!(["newsletter", 7]), "lists[1]"),
        wrong("lists", json!(["with space"]), "lists[0]"),
        wrong("fields", json!([]), "fields"),
        wrong("fields", json!({"x": {"y": 1}}), "fields.x"),
        wrong("fields", json!({"email": "noa@example.com"}), "fields.email"),
        wrong("fields", json!({"": 1}), "fields"),
        wrong("consent", json!("yes"), "consent"),
        wrong("consent", json!({"email": "yes"}), "consent.email"),
        wrong("consent", json!({"email": true, "ip": "here"}), "consent.ip"),
        wrong("form", json!(1), "form"),
    ]
}

fn wrong_purchases() -> Wrong {
    let wrong = |place, value, field| (with("/hooks/purchase", place, value), field);
    let item = |quantity: Value| json!([{"product_id": "1", "quantity": quantity}]);
    vec![
        wrong("order_id", json!(7), "order_id"),
        wrong("order_id", Value::Null, "order_id"),
        wrong("total", json!(12.5), "total"),
        wrong("total", json!("-1"), "total"),
        wrong("currency", json!("shekel"), "currency"),
        wrong("items", json!({}), "items"),
        wrong("items", json!([{"product_id": "1"}, {"name": "x"}]), "items[1].product_id"),
        wrong("items", item(json!(0.5)), "items[0].quantity"),
        wrong("items", item(json!(0)), "items[0].quantity"),
        wrong("at", json!("yesterday"), "at"),
    ]
}

fn wrong_events() -> Wrong {
    let wrong = |place, value, field| (with("/hooks/event", place, value), field);
    vec![
        wrong("type", Value::Null, "type"),
        wrong("type", json!("with space"), "type"),
        wrong("data", json!([1]), "data"),
        wrong("data", json!({"": 1}), "data"),
        wrong("data", json!({"n": 1e200}), "data"),
        wrong("data", json!({"long": "x".repeat(40_000)}), "data"),
        wrong("at", json!(1), "at"),
        wrong("contact", Value::Null, "contact"),
        wrong("contact", json!("noa"), "contact"),
        wrong("contact.fields", json!([]), "contact.fields"),
    ]
}

#[tokio::test]
async fn hooks_name_the_field_that_is_wrong() {
    let wall = Wall::new().await;
    for (hook, email, phone, own) in [
        ("/hooks/signup", "email", "phone", wrong_signups()),
        ("/hooks/purchase", "email", "phone", wrong_purchases()),
        ("/hooks/event", "contact.email", "contact.phone", wrong_events()),
    ] {
        let wrong = [wrong_bodies(), wrong_addresses(hook, email, phone), own].concat();
        for (body, field) in wrong {
            let shown: String = String::from_utf8_lossy(&body).chars().take(80).collect();
            let what = format!("{hook} {shown}");
            let response = wall.world.post_as("msg_1", hook, &body).await;
            let message = wall.refused(&what, &response, 400, "malformed");
            if !field.is_empty() {
                assert!(message.starts_with(&format!("{field}: ")), "{what}: {message}");
            }
        }
    }
    wall.nothing_stored().await;
}

#[tokio::test]
async fn hooks_take_posts_of_json_up_to_256_kib() {
    let wall = Wall::new().await;
    for hook in HOOKS.into_iter().chain(["/hooks/shopify", "/forms/landing-spring"]) {
        // A form has a page.
        let shown = ["GET", "HEAD"].into_iter().filter(|_| !hook.starts_with("/forms/"));
        for method in shown.chain(["PUT", "PATCH", "DELETE", "OPTIONS"]) {
            let response = wall.world.http(method, hook, &[], b"").await;
            wall.refused(&format!("{method} {hook}"), &response, 405, "method_not_allowed");
            let allowed = if hook.starts_with("/forms/") { "GET, HEAD, POST" } else { "POST" };
            assert_eq!(header(&response, "allow"), Some(allowed));
        }
        let large = vec![b' '; LARGEST + 1];
        let response = wall.world.http("POST", hook, &[JSON], &large).await;
        wall.refused(&format!("{hook}, oversized"), &response, 413, "too_large");
    }
    for hook in HOOKS.into_iter().chain(["/hooks/shopify"]) {
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""]
        {
            let (body, now) = (good(hook).to_string(), wall.world.now().as_second());
            let signature = wall.world.signer.sign("msg_1", now, body.as_bytes());
            let headers = [
                ("content-type", kind),
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", &now.to_string()),
                ("webhook-signature", &signature),
                ("x-shopify-topic", "orders/paid"),
                ("x-shopify-hmac-sha256", &wall.world.shopify.sign(body.as_bytes())),
            ];
            let response = wall.world.http("POST", hook, &headers, body.as_bytes()).await;
            wall.refused(&format!("{hook}, {kind:?}"), &response, 415, "unsupported_media_type");
        }
    }
    wall.nothing_stored().await;

    for hook in HOOKS {
        let mut body = good(hook).to_string().into_bytes();
        body.resize(LARGEST, b' ');
        accepted(&wall.world.post_as("msg_1", hook, &body).await, false);
    }
}

#[tokio::test]
async fn shopify_is_refused_by_its_signature_and_its_body() {
    let wall = Wall::new().await;
    let body = good("/hooks/shopify").to_string();
    let right = wall.world.shopify.sign(body.as_bytes());
    let wrong = wall.world.shopify.sign(b"another body");
    for (what, signature, code) in [
        ("unsigned", None, "signature_missing"),
        ("empty", Some(""), "signature_missing"),
        ("wrong", Some(wrong.as_str()), "signature_wrong"),
        ("cut", Some(&right[..20]), "signature_wrong"),
        ("no base64", Some("!!!"), "signature_wrong"),
    ] {
        let mut headers = vec![JSON, ("x-shopify-topic", "orders/paid")];
        headers.extend(signature.map(|signature| ("x-shopify-hmac-sha256", signature)));
        let response = wall.world.http("POST", "/hooks/shopify", &headers, body.as_bytes()).await;
        wall.refused(what, &response, 401, code);
    }
    for (body, field) in [
        (&b"{"[..], ""),
        (b"[]", ""),
        (b"{\"email\":\"noa@example.com\"}", "id: "),
        (b"{\"id\":-1,\"email\":\"noa@example.com\"}", "id: "),
    ] {
        let response = wall.world.post_shopify("orders/paid", body).await;
        let message = wall.refused(&String::from_utf8_lossy(body), &response, 400, "malformed");
        assert!(message.starts_with(field), "{message}");
    }
    // Shopify drops a webhook that keeps failing: what Masa has no use for is a success.
    let nobody = json!({"id": 1, "email": null, "customer": null}).to_string();
    for (topic, body) in [("products/create", body.as_str()), ("", "{"), ("orders/paid", &nobody)] {
        accepted(&wall.world.post_shopify(topic, body.as_bytes()).await, false);
    }
    wall.nothing_stored().await;
}

#[tokio::test]
async fn forms_are_known_and_posted_by_their_pages() {
    let wall = Wall::new().await;
    let urlencoded = ("content-type", "application/x-www-form-urlencoded");
    let origin = ("origin", "https://shop.example");
    let form = "/forms/landing-spring";
    let multipart = ("content-type", "multipart/form-data; boundary=b");
    let plain = ("content-type", "text/plain");
    let elsewhere = ("origin", "https://elsewhere.example");
    let good = &b"email=noa%40example.com"[..];
    let file = &b"--b\r\nContent-Disposition: form-data; name=\"email\"; filename=\"x\"\r\n\r\nx\r\n--b--\r\n"[..];
    for (path, headers, body, status, code) in [
        ("/forms/unknown", [urlencoded, origin], good, 404, "unknown_form"),
        ("/forms/%2e%2e", [urlencoded, origin], good, 404, "unknown_form"),
        (form, [urlencoded, elsewhere], good, 403, "origin_not_allowed"),
        (form, [urlencoded, ("origin", "null")], good, 403, "origin_not_allowed"),
        (form, [plain, origin], good, 415, "unsupported_media_type"),
        (form, [("accept", "*/*"), origin], good, 415, "unsupported_media_type"),
        (form, [urlencoded, origin], b"", 400, "malformed"),
        (form, [urlencoded, origin], b"email=noa", 400, "malformed"),
        (
            form,
            [urlencoded, origin],
            b"email=a%40example.com&email=b%40example.com",
            400,
            "malformed",
        ),
        (form, [urlencoded, origin], b"email=noa%ff%40example.com", 400, "malformed"),
        (form, [JSON, origin], b"{", 400, "malformed"),
        (form, [JSON, origin], b"[]", 400, "malformed"),
        (form, [multipart, origin], b"--b\r\ncut", 400, "malformed"),
        (form, [multipart, origin], file, 400, "malformed"),
    ] {
        let response = wall.world.http("POST", path, &headers, body).await;
        let what = format!("{path} {headers:?} {}", String::from_utf8_lossy(body));
        wall.refused(&what, &response, status, code);
    }
    let honeypot = b"email=noa%40example.com&website=https%3A%2F%2Fspam.example";
    let response = wall.world.http("POST", form, &[urlencoded, origin], honeypot).await;
    accepted(&response, false);
    wall.nothing_stored().await;
}
