//! The doors of platforms, with payloads as they send them: signed, each topic reaches its fact; a changed
//! byte is refused; and one order told through several topics is one purchase.

use masa_box::HttpResponse;
use masa_domain::{Contact, OrderStatus};
use masa_intake::signature::{Stripe, Tally, Typeform, WooCommerce};
use serde_json::{Value, json};

use crate::world::{STRIPE, TALLY, TYPEFORM, WOOCOMMERCE, World, accepted};

const NOA: &str = "noa.cohen@example.com";
const JSON: (&str, &str) = ("content-type", "application/json");

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../shared/intake/tests/fixtures/", $name, ".json"))
    };
}

/// A shop without journeys, later than anything that the payloads tell.
async fn shop() -> World {
    let world = World::new(masa_language::Files::from_texts([(
        "shop.yaml",
        "name: Kumkum\nurl: https://shop.example\naddress: Rosh Pina\nlanguage: he\n",
    )]))
    .await;
    world.stack.aws.advance_to("2026-12-01T08:00:00Z".parse().unwrap()).await.unwrap();
    world
}

/// Posts what a platform sends; `sign` makes its header's value of the body.
async fn post(
    world: &World,
    path: &str,
    header: &str,
    sign: impl Fn(&[u8]) -> String,
    topic: &str,
    body: &str,
) -> HttpResponse {
    let signature = sign(body.as_bytes());
    let headers = [JSON, (header, &signature), ("X-WC-Webhook-Topic", topic)];
    let mut changed = body.as_bytes().to_vec();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let refused = world.http("POST", path, &headers, &changed).await;
    assert_eq!(refused.status, 401, "{path}: a changed byte");
    let unsigned = world.http("POST", path, &[JSON], body.as_bytes()).await;
    assert_eq!(unsigned.status, 401, "{path}: unsigned");
    let response = world.http("POST", path, &headers, body.as_bytes()).await;
    world.settle().await;
    response
}

async fn woo(world: &World, topic: &str, body: &str) -> HttpResponse {
    let keys = WooCommerce::new(WOOCOMMERCE).unwrap();
    let header = "X-WC-Webhook-Signature";
    post(world, "/hooks/woocommerce", header, |body| keys.sign(body), topic, body).await
}

async fn stripe(world: &World, body: &str) -> HttpResponse {
    let (keys, now) = (Stripe::new(STRIPE).unwrap(), world.now().as_second());
    let sign = |body: &[u8]| keys.sign(now, body);
    post(world, "/hooks/stripe", "Stripe-Signature", sign, "", body).await
}

async fn contact(world: &World) -> Contact {
    world.person(NOA).await.loaded.contact.unwrap()
}

/// Orders, what was paid in hundredths, and how the only one stands.
async fn bought(world: &World) -> (u32, i64, OrderStatus) {
    let purchases = contact(world).await.purchases;
    let [order] = &purchases.recent[..] else { panic!("one order: {purchases:?}") };
    (purchases.orders, purchases.spent, order.status)
}

#[tokio::test]
async fn one_order_of_shopify_through_all_its_topics_is_one_purchase() {
    let told = [
        ("orders/create", fixture!("shopify/orders-create")),
        ("orders/paid", fixture!("shopify/orders-paid")),
        ("orders/fulfilled", fixture!("shopify/orders-fulfilled")),
        ("orders/updated", fixture!("shopify/orders-updated")),
        ("refunds/create", fixture!("shopify/refunds-create")),
        ("orders/edited", fixture!("shopify/orders-edited")),
    ];
    let mut ends = Vec::new();
    for reversed in [false, true] {
        let world = shop().await;
        let mut told = told.to_vec();
        if reversed {
            told.reverse();
        }
        for (topic, body) in told {
            assert_eq!(world.post_shopify(topic, body.as_bytes()).await.status, 200, "{topic}");
            world.settle().await;
            assert_eq!(world.post_shopify(topic, body.as_bytes()).await.status, 200, "again");
            world.settle().await;
        }
        let (orders, _, status) = bought(&world).await;
        assert_eq!((orders, status), (1, OrderStatus::Paid));
        ends.push(contact(&world).await.purchases);
    }
    assert_eq!(ends[0], ends[1], "in whichever order they come");

    let world = shop().await;
    for (topic, body) in [
        ("orders/paid", fixture!("shopify/orders-paid")),
        ("orders/cancelled", fixture!("shopify/orders-cancelled")),
    ] {
        accepted(&world.post_shopify(topic, body.as_bytes()).await, false);
        world.settle().await;
    }
    assert_eq!(bought(&world).await, (0, 0, OrderStatus::Cancelled));
}

#[tokio::test]
async fn shopify_tells_carts_customers_consent_and_what_the_law_asks_for() {
    let world = shop().await;
    for (topic, body, event) in [
        ("checkouts/update", fixture!("shopify/checkouts-update"), "cart"),
        ("customers/create", fixture!("shopify/customers-create"), "customer-created"),
        (
            "customers_email_marketing_consent/update",
            fixture!("shopify/customers-email-consent"),
            "consent-updated",
        ),
        ("customers/data_request", fixture!("shopify/customers-data-request"), "data-requested"),
        ("customers/redact", fixture!("shopify/customers-redact"), "erasure-requested"),
    ] {
        accepted(&world.post_shopify(topic, body.as_bytes()).await, false);
        world.settle().await;
        let seen = contact(&world).await.seen;
        assert_eq!(seen[&format!("event:{event}")].times, 1, "{topic}");
        accepted(&world.post_shopify(topic, body.as_bytes()).await, true);
    }
    accepted(
        &world.post_shopify("shop/redact", fixture!("shopify/shop-redact").as_bytes()).await,
        false,
    );
}

#[tokio::test]
async fn woocommerce_pings_orders_and_subscribers() {
    let world = shop().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let ping = world.http("POST", "/hooks/woocommerce", &form, b"webhook_id=12").await;
    accepted(&ping, false);
    let order = fixture!("woocommerce-order");
    accepted(&woo(&world, "order.created", order).await, false);
    assert_eq!(bought(&world).await.0, 1);
    accepted(&woo(&world, "order.updated", order).await, true);
    let mut refunded: Value = serde_json::from_str(order).unwrap();
    refunded["status"] = json!("refunded");
    refunded["date_modified_gmt"] = json!("2026-11-04T12:00:00");
    accepted(&woo(&world, "order.updated", &refunded.to_string()).await, false);
    assert_eq!(bought(&world).await, (0, 0, OrderStatus::Refunded));
    accepted(&woo(&world, "order.deleted", r#"{"id":727}"#).await, false);
    accepted(&woo(&world, "product.updated", r#"{"id":1}"#).await, false);
    for (topic, body) in [
        ("customer.created", fixture!("woocommerce-customer")),
        ("subscription.updated", fixture!("woocommerce-subscription")),
    ] {
        assert_eq!(woo(&world, topic, body).await.status, 200, "{topic}");
    }
    assert!(contact(&world).await.fields.contains_key("renewal_date"));
}

#[tokio::test]
async fn stripe_sells_refunds_and_bills() {
    let world = shop().await;
    accepted(&stripe(&world, fixture!("stripe-checkout-completed")).await, false);
    assert_eq!(bought(&world).await, (1, 27_880, OrderStatus::Paid));
    accepted(&stripe(&world, fixture!("stripe-charge-refunded")).await, false);
    assert_eq!(bought(&world).await, (1, 27_880 - 8_640, OrderStatus::Paid), "a part");
    accepted(&stripe(&world, fixture!("stripe-charge-refunded")).await, true);
    for (body, who, event) in [
        (fixture!("stripe-checkout-expired"), NOA, "cart"),
        (fixture!("stripe-invoice-finalized"), "cafe@example.com", "invoice-sent"),
    ] {
        accepted(&stripe(&world, body).await, false);
        let contact = world.person(who).await.loaded.contact.unwrap();
        assert_eq!(contact.seen[&format!("event:{event}")].times, 1);
    }
    accepted(&stripe(&world, fixture!("stripe-invoice-paid")).await, false);
    assert_eq!(contact(&world).await.purchases.orders, 2, "a subscription was paid");

    let keys = Stripe::new(STRIPE).unwrap();
    let body = fixture!("stripe-checkout-completed").as_bytes();
    let old = keys.sign(world.now().as_second() - 301, body);
    let stale =
        world.http("POST", "/hooks/stripe", &[JSON, ("Stripe-Signature", &old)], body).await;
    assert_eq!(stale.status, 401);
}

#[tokio::test]
async fn forms_of_others_sign_people_up() {
    let (typeform, tally) = (Typeform::new(TYPEFORM).unwrap(), Tally::new(TALLY).unwrap());
    for (path, header, body) in [
        ("/hooks/typeform", "Typeform-Signature", fixture!("typeform-response")),
        ("/hooks/tally", "Tally-Signature", fixture!("tally-response")),
    ] {
        let world = shop().await;
        let sign = |body: &[u8]| match path {
            "/hooks/typeform" => typeform.sign(body),
            _ => tally.sign(body),
        };
        accepted(&post(&world, path, header, sign, "", body).await, false);
        accepted(&post(&world, path, header, sign, "", body).await, true);
        let contact = contact(&world).await;
        assert!(contact.seen.keys().any(|key| key.starts_with("form:t")), "{:?}", contact.seen);
        assert!(!contact.fields.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_platform_without_a_secret_proves_no_origin() {
    let world = World::without_platforms().await;
    for (path, header, signature) in [
        ("/hooks/shopify", "X-Shopify-Hmac-Sha256", "YQ=="),
        ("/hooks/woocommerce", "X-WC-Webhook-Signature", "YQ=="),
        ("/hooks/stripe", "Stripe-Signature", "t=1,v1=00"),
        ("/hooks/typeform", "Typeform-Signature", "sha256=YQ=="),
        ("/hooks/tally", "Tally-Signature", "YQ=="),
    ] {
        let refused = world.http("POST", path, &[JSON, (header, signature)], b"{}").await;
        assert_eq!(refused.status, 401, "{path}");
    }
}
