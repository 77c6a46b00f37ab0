//! The journeys of the library, walked through all their branches in both languages.

use masa_box::HttpResponse;
use masa_domain::{Channel, End, Run, Skip, State, Status, What};
use serde_json::{Value, json};

use crate::{
    message::{
        DANA, JO, READERS, Reader, check_advertising, check_mail, destination, destinations, links,
        links_of_text, open, unsubscribe_url,
    },
    world::{PUBLIC_URL, World, header},
};

/// A signup to the newsletter; `more` takes the place of what is usual.
pub(crate) fn signup(reader: &Reader<'_>, more: Value) -> Value {
    let mut body = json!({
        "email": reader.email, "phone": "+972 50-555-0123", "country": "IL",
        "first_name": reader.first_name, "language": reader.language, "lists": ["newsletter"],
        "consent": {"email": true, "sms": true, "text": "yes", "ip": "192.0.2.1"},
    });
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    body
}

pub(crate) fn purchase(order: &str, reader: &Reader<'_>) -> Value {
    json!({
        "order_id": order, "email": reader.email, "currency": "ILS", "total": "85.00",
        "items": [
            {"product_id": "verbena", "name": "Verbena & Co <1>", "quantity": 2, "price": "30.00"},
            {"product_id": "other", "price": "25.00"},
        ],
    })
}

pub(crate) async fn joined(reader: &Reader<'_>, more: Value) -> World {
    let world = World::library().await;
    world.post("/hooks/signup", &signup(reader, more)).await;
    world.settle().await;
    world
}

impl World {
    fn last(&self) -> Value {
        self.outbox().pop().unwrap()
    }

    /// The one run of the flow.
    async fn run(&self, reader: &Reader<'_>, flow: &str) -> Run {
        let [run] = self.runs(reader.email, flow).await.try_into().unwrap();
        run
    }

    async fn ended(&self, reader: &Reader<'_>, flow: &str) -> End {
        match self.run(reader, flow).await.state {
            State::Ended { end, .. } => end,
            state => panic!("{flow} goes on: {state:?}"),
        }
    }

    /// What became of each message, in the order of its run.
    async fn fates(&self, reader: &Reader<'_>) -> Vec<(String, Option<Skip>)> {
        let mut messages = self.person(reader.email).await.messages;
        messages.sort_by_key(|message| message.status.settled_at());
        let fate = |status: &Status| match status {
            Status::Sent { .. } => None,
            Status::Skipped { reason, .. } => Some(*reason),
            other => panic!("neither sent nor skipped: {other:?}"),
        };
        messages.iter().map(|message| (message.step.clone(), fate(&message.status))).collect()
    }
}

fn skipped(step: &str, reason: Skip) -> (String, Option<Skip>) {
    (step.to_owned(), Some(reason))
}

fn sent(step: &str) -> (String, Option<Skip>) {
    (step.to_owned(), None)
}

#[tokio::test]
async fn who_reads_the_greeting_gets_the_story_and_then_the_offer() {
    for reader in READERS {
        let world = joined(&reader, json!({})).await;
        assert_eq!(world.steps(), ["hello"]);
        let hello = world.last();
        check_advertising(&world, &hello, &reader).await;
        let shop = "https://shop.example";
        assert_eq!(destinations(&world, &hello).await, [shop.to_owned(), format!("{shop}/spring")]);

        open(&world, &hello).await;
        open(&world, &hello).await;
        let message = world.person(reader.email).await.messages.remove(0);
        let counts = (message.opens.len(), message.clicks.len());
        assert_eq!(counts, (2, 0), "a look at the links is no click");
        let sent_at = hello["sent_at"].as_str().unwrap();
        assert_eq!(message.opened_at.unwrap().to_string(), sent_at, "no time has passed");

        world.pass(47).await;
        assert_eq!(world.steps(), ["hello"], "two days are 48 hours");
        world.pass(1).await;
        assert_eq!(world.steps(), ["hello", "story"]);
        check_advertising(&world, &world.last(), &reader).await;
        world.pass(48).await;
        assert_eq!(world.steps(), ["hello", "story", "offer"]);
        let offer = world.last();
        check_advertising(&world, &offer, &reader).await;
        let first_cup = format!("{shop}/first-cup?code=FIRSTCUP");
        assert!(destinations(&world, &offer).await.contains(&first_cup));

        world.pass(24 * 365).await;
        assert_eq!(world.steps().len(), 3, "and nothing ever after");
        assert_eq!(world.ended(&reader, "welcome").await, End::Finished);
        assert_eq!(world.stack.aws.schedules().unwrap(), []);
        world.is_at_rest();
    }
}

/// Many mail programs show no pictures: a click tells as well that the mail was read.
#[tokio::test]
async fn a_click_is_a_reading_and_is_kept_by_its_link() {
    let world = joined(&JO, json!({})).await;
    let hello = world.last();
    let html = hello["html"].as_str().unwrap().to_owned();
    let mut spring = Vec::new();
    for url in links(&html).into_iter().filter(|url| url.contains("/c/")) {
        if destination(&world, &url).await.ends_with("/spring") {
            spring.push(url);
        }
    }
    let [spring] = spring.try_into().unwrap();
    for _ in 0..3 {
        let response = world.visit("GET", &spring).await;
        assert_eq!(response.status, 302);
        assert_eq!(header(&response, "location"), Some("https://shop.example/spring"));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
    }
    let message = world.person(JO.email).await.messages.remove(0);
    assert_eq!((message.clicks.len(), message.opens.len()), (3, 0));
    assert_eq!(message.links, [("spring".to_owned(), world.now())].into(), "by its data-link");
    world.pass(48).await;
    assert_eq!(world.steps(), ["hello", "story"]);
}

#[tokio::test]
async fn who_does_not_read_the_greeting_gets_a_text_whose_links_work() {
    for reader in READERS {
        let world = joined(&reader, json!({})).await;
        world.pass(48).await;
        assert_eq!(world.steps(), ["hello", "sms to +972505550123"]);
        let text = world.last();
        assert_eq!(
            (&text["from"], &text["attributes"]["AWS.SNS.SMS.SMSType"]),
            (&json!("Kumkum"), &json!("Promotional"))
        );
        let words = text["text"].as_str().unwrap();
        let shop = if reader.language == "he" { "קומקום" } else { "Kumkum" };
        assert!(words.starts_with(shop) && words.contains(reader.first_name), "{words}");
        let [link, unsubscribe] = links_of_text(words).try_into().unwrap();
        assert_eq!(destination(&world, &link).await, "https://shop.example/spring");
        assert_eq!(world.visit("GET", &link).await.status, 302);
        let clicked = world.person(reader.email).await.messages;
        assert_eq!(clicked.iter().map(|message| message.clicks.len()).sum::<usize>(), 1);

        assert_eq!(world.visit("POST", &unsubscribe).await.status, 200);
        let number = world.contacts.contact(None, Some("+972505550123")).unwrap();
        let refusals = world.stack.store.load(number).await.unwrap().refusals.0;
        assert_eq!(refusals.keys().collect::<Vec<_>>(), [&Channel::Sms], "of texts, not of mails");
        assert_eq!(world.ended(&reader, "welcome").await, End::Finished);
    }
}

#[tokio::test]
async fn a_purchase_ends_the_welcome_and_begins_the_thanks() {
    for reader in READERS {
        let world = joined(&reader, json!({})).await;
        open(&world, &world.last()).await;
        world.pass(24).await;
        let welcome = world.run(&reader, "welcome").await;
        let name = |run: &Run| format!("{}.{}", run.id, run.generation);
        assert_eq!(schedules(&world), [name(&welcome)]);

        world.post("/hooks/purchase", &purchase("A-1", &reader)).await;
        world.settle().await;
        let rule = "purchased: any".to_owned();
        assert_eq!(world.ended(&reader, "welcome").await, End::Exited { rule });
        let thanks = world.run(&reader, "thanks").await;
        assert_eq!(schedules(&world), [name(&thanks)], "the welcome's schedule is gone");
        world.pass(24 * 60).await;
        assert_eq!(world.steps(), ["hello", "thanks", "howto", "review"]);
        world.is_at_rest();
    }
}

fn schedules(world: &World) -> Vec<String> {
    let schedules = world.stack.aws.schedules().unwrap();
    schedules.iter().map(|(_, schedule)| schedule["Name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_order_is_thanked_for_and_only_who_agreed_is_asked_for_a_review() {
    for (reader, agreed) in [(&DANA, true), (&DANA, false), (&JO, true), (&JO, false)] {
        let consent = json!({"lists": null, "consent": {"email": agreed}});
        let world = joined(reader, consent).await;
        assert_eq!(world.steps(), [] as [&str; 0], "joined no list");
        world.post("/hooks/purchase", &purchase("A-1", reader)).await;
        world.settle().await;
        let thanks = world.last();
        check_mail(&world, &thanks, reader).await;
        assert_eq!(thanks["headers"], json!({}), "service is nothing to unsubscribe from");
        let (html, text) = (thanks["html"].as_str().unwrap(), thanks["text"].as_str().unwrap());
        assert!(
            html.contains("Verbena &amp; Co &lt;1&gt;"),
            "what a store sends is escaped: {html}"
        );
        assert!(text.contains("Verbena & Co <1>") && text.contains("85.00 ILS"), "{text}");
        world.pass(71).await;
        assert_eq!(world.steps(), ["thanks"]);
        world.pass(1).await;
        assert_eq!(world.steps(), ["thanks", "howto"]);
        check_mail(&world, &world.last(), reader).await;
        world.pass(96).await;
        let review = if agreed { sent("review") } else { skipped("review", Skip::Refused) };
        assert_eq!(world.fates(reader).await, [sent("thanks"), sent("howto"), review]);
        if agreed {
            check_advertising(&world, &world.last(), reader).await;
        }
        assert_eq!(world.ended(reader, "thanks").await, End::Finished);
        world.is_at_rest();
    }
}

#[tokio::test]
async fn shopify_tells_of_the_purchase_of_a_known_contact() {
    let world = joined(&JO, json!({})).await;
    let order = json!({
        "id": 5_678_901_234_u64, "email": "JO@Example.com", "currency": "ILS", "total_price": "30.00",
        "customer": {"first_name": "Jo", "email": "jo@example.com"}, "customer_locale": "en",
        "line_items": [{"product_id": 1, "title": "Verbena", "quantity": 1, "price": "30.00"}],
    });
    for duplicate in [false, true] {
        let response = world.post_shopify("orders/paid", order.to_string().as_bytes()).await;
        crate::world::accepted(&response, duplicate);
        world.settle().await;
    }
    assert_eq!(
        world.ended(&JO, "welcome").await,
        End::Exited { rule: "purchased: any".to_owned() }
    );
    assert_eq!(world.steps(), ["hello", "thanks"], "an order twice is one");
    check_mail(&world, &world.last(), &JO).await;
    assert_eq!(world.person(JO.email).await.loaded.contact.unwrap().purchases.orders, 1);
}

/// The two bodies that RFC 8058 section 3.2 allows.
async fn one_click(world: &World, url: &str, multipart: bool) -> HttpResponse {
    let path = url.strip_prefix(PUBLIC_URL).unwrap();
    let (kind, body) = match multipart {
        false => ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click".to_owned()),
        true => (
            "multipart/form-data; boundary=\"---8058\"",
            "-----8058\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
             One-Click\r\n-----8058--\r\n"
                .to_owned(),
        ),
    };
    world.http("POST", path, &[("content-type", kind)], body.as_bytes()).await
}

#[tokio::test]
async fn who_unsubscribes_gets_no_more_and_the_journey_goes_on_without() {
    for (reader, multipart) in [(&DANA, false), (&JO, true)] {
        let world = joined(reader, json!({})).await;
        let hello = world.last();
        open(&world, &hello).await;
        let url = unsubscribe_url(&hello);
        assert_eq!(world.visit("GET", &url).await.status, 200);
        assert_eq!(
            world.person(reader.email).await.loaded.refusals.0,
            [].into(),
            "a look is no refusal"
        );
        for _ in 0..2 {
            let response = one_click(&world, &url, multipart).await;
            assert_eq!((response.status, header(&response, "location")), (200, None));
            assert_eq!(header(&response, "set-cookie"), None);
        }
        world.pass(24 * 10).await;
        let refused = |step| skipped(step, Skip::Refused);
        assert_eq!(world.fates(reader).await, [sent("hello"), refused("story"), refused("offer")]);
        let story = world.run(reader, "welcome").await.story;
        let outcome = What::Outcome("not sent: the contact refused".to_owned());
        assert!(story.iter().any(|entry| entry.step == "story" && entry.what == outcome));
        assert_eq!(world.ended(reader, "welcome").await, End::Finished);
        world.post("/hooks/purchase", &purchase("A-1", reader)).await;
        world.settle().await;
        assert_eq!(world.steps(), ["hello", "thanks"], "what was bought is still thanked for");

        // A younger yes counts again.
        world
            .post("/hooks/signup", &json!({"email": reader.email, "consent": {"email": true}}))
            .await;
        world.pass(24 * 10).await;
        assert_eq!(world.steps(), ["hello", "thanks", "howto", "review"]);
        world.is_at_rest();
    }
}

#[tokio::test]
async fn without_consent_or_a_phone_messages_are_skipped_with_the_reason() {
    let no_phone = json!({"phone": null});
    let mails_only = json!({"consent": {"email": true}});
    let nothing = json!({"consent": null});
    for (more, fates) in [
        (no_phone, [sent("hello"), skipped("nudge", Skip::NoAddress)]),
        (mails_only, [sent("hello"), skipped("nudge", Skip::NoConsent)]),
        (nothing, [skipped("hello", Skip::NoConsent), skipped("nudge", Skip::NoConsent)]),
    ] {
        let world = joined(&DANA, more).await;
        world.pass(48).await;
        assert_eq!(world.fates(&DANA).await, fates);
        assert_eq!(world.outbox().len(), fates.iter().filter(|(_, skip)| skip.is_none()).count());
        assert_eq!(world.ended(&DANA, "welcome").await, End::Finished);
        world.is_at_rest();
    }
}

#[tokio::test]
async fn a_form_of_a_page_begins_the_welcome_with_its_words_as_evidence() {
    let world = World::library().await;
    let body =
        "email=Dana%40Example.com&first_name=%D7%93%D7%A0%D7%94&phone=%2B972505550123&website=";
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://shop.example"),
        ("accept", "text/html,*/*;q=0.8"),
    ];
    let response = world.http("POST", "/forms/landing-spring", &headers, body.as_bytes()).await;
    assert_eq!(response.status, 200);
    assert!(String::from_utf8(response.body).unwrap().contains("תודה"));
    world.settle().await;
    check_advertising(&world, &world.last(), &DANA).await;
    let contact = world.person(DANA.email).await.loaded.contact.unwrap();
    assert!(contact.lists.contains_key("newsletter"));
    for channel in Channel::ALL {
        let consent = &contact.consent[&channel];
        assert!(consent.text.as_deref().unwrap().contains("שליחת הטופס היא הסכמה"));
        assert_eq!(consent.ip.as_deref(), Some("192.0.2.7"));
    }
    assert_eq!(contact.flows["welcome"].entered, 1, "by list and form at once, and once");
}
