//! Stripe's webhooks.

use masa_domain::{Fact, FactId, OrderStatus};
use masa_intake::stripe;
use serde_json::{Value, json};

use super::{details, event, fact, key, now, order, told};

const COMPLETED: &[u8] = include_bytes!("../fixtures/stripe-checkout-completed.json");
const EXPIRED: &[u8] = include_bytes!("../fixtures/stripe-checkout-expired.json");
const REFUNDED: &[u8] = include_bytes!("../fixtures/stripe-charge-refunded.json");
const FINALIZED: &[u8] = include_bytes!("../fixtures/stripe-invoice-finalized.json");
const PAID: &[u8] = include_bytes!("../fixtures/stripe-invoice-paid.json");
const SUBSCRIPTION: &[u8] = include_bytes!("../fixtures/stripe-subscription-updated.json");

fn parse(kind: &str, fixture: &[u8], members: &Value) -> Vec<Fact> {
    let mut body = super::json(fixture);
    body["type"] = json!(kind);
    for (name, value) in members.as_object().expect("members") {
        body["data"]["object"][name] = value.clone();
    }
    stripe::parse(body.to_string().as_bytes(), &key(), now()).expect("Stripe's")
}

/// What is made of the fixture as an event of this type whose object has these members.
fn with(kind: &str, fixture: &[u8], members: &Value) -> Fact {
    fact(Ok(parse(kind, fixture, members)))
}

#[test]
fn a_checkout_as_stripe_sends_it() {
    let fact = fact(stripe::parse(COMPLETED, &key(), now()));
    assert_eq!(fact.id, FactId::new("stripe", "evt_1SVCexample0001"));
    assert_eq!(Some(fact.contact), key().contact(Some("noa.cohen@example.com"), None));
    assert_eq!(fact.at.to_string(), "2025-11-03T12:16:00Z", "the session's beginning");
    assert_eq!(
        details(&fact),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "last_name": "בן כהן", "language": "he", "country": "IL",
            "consent": {"email": true, "at": "2025-11-03T12:21:07Z"},
        })
    );
    assert_eq!(
        told(order(&fact)),
        json!({
            "order_id": "pi_3SVCexample01", "shop": "stripe", "changed_at": "2025-11-03T12:21:07Z",
            "currency": "ILS", "total": "278.80", "items": [],
        })
    );
}

#[test]
fn a_payment_that_takes_days_is_one_order() {
    let unpaid = json!({"payment_status": "unpaid"});
    let placed = with("checkout.session.completed", COMPLETED, &unpaid);
    assert_eq!(order(&placed).status, OrderStatus::Placed);
    for (kind, status) in [
        ("checkout.session.async_payment_succeeded", OrderStatus::Paid),
        ("checkout.session.async_payment_failed", OrderStatus::Cancelled),
    ] {
        let ended = with(kind, COMPLETED, &json!({}));
        assert_eq!(order(&ended).status, status);
        assert_eq!(order(&ended).order_id, order(&placed).order_id);
        assert_eq!(ended.at, placed.at, "the order was made at one time");
    }
    let free =
        json!({"payment_status": "no_payment_required", "payment_intent": null, "amount_total": 0});
    let free = with("checkout.session.completed", COMPLETED, &free);
    let free = order(&free);
    assert_eq!((free.order_id.as_str(), free.status), ("cs_test_a1B2c3", OrderStatus::Paid));
    assert_eq!(free.total.as_deref(), Some("0.00"));
    let setup = parse("checkout.session.completed", COMPLETED, &json!({"mode": "setup"}));
    assert_eq!(setup, vec![], "nothing is bought");
}

#[test]
fn a_subscriptions_first_payment_is_one_order() {
    let session =
        json!({"mode": "subscription", "payment_intent": null, "invoice": "in_1SVCexample03"});
    let session = with("checkout.session.completed", COMPLETED, &session);
    let invoice = fact(stripe::parse(PAID, &key(), now()));
    assert_eq!(order(&session).order_id, order(&invoice).order_id);
    assert!(order(&session).changed_at < order(&invoice).changed_at, "the invoice knows more");
    assert_eq!(
        told(order(&invoice)),
        json!({
            "order_id": "in_1SVCexample03", "shop": "stripe", "changed_at": "2025-11-03T12:21:06Z",
            "currency": "ILS", "total": "89.00",
            "items": [{"product_id": "prod_TRsexample", "name": "1 × קופסת תה (at ₪89.00 / month)",
                       "quantity": 1, "price": "89.00"}],
        })
    );
    assert_eq!(invoice.at.to_string(), "2025-11-03T12:21:04Z");
    let without = json!({"mode": "subscription", "invoice": null});
    assert_eq!(parse("checkout.session.completed", COMPLETED, &without), vec![]);
    let older = json!({"lines": {"data": [{"id": "il_1", "quantity": 2,
        "price": {"product": "prod_Old", "unit_amount": 4450}}]}});
    let older = with("invoice.paid", PAID, &older);
    assert_eq!(
        serde_json::to_value(&order(&older).items).expect("JSON"),
        json!([{"product_id": "prod_Old", "quantity": 2, "price": "44.50"}])
    );
}

#[test]
fn an_expired_session_is_a_cart() {
    let fact = fact(stripe::parse(EXPIRED, &key(), now()));
    assert_eq!(
        event(&fact),
        (
            "cart",
            &json!({
                "cart_id": "cs_test_d4E5f6", "url": "https://buy.stripe.com/r/test_YWNjdF8xU0JFOXZI",
                "total": 84, "currency": "ILS",
            })
        )
    );
    assert_eq!(
        details(&fact),
        json!({"email": "noa.cohen@example.com"}),
        "no consent, no language"
    );
    let given = json!({"customer_details": null, "customer_email": "dana@example.com"});
    let given = with("checkout.session.expired", EXPIRED, &given);
    assert_eq!(given.details.email.as_deref(), Some("dana@example.com"));
    let setup = parse("checkout.session.expired", EXPIRED, &json!({"mode": "setup"}));
    assert_eq!(setup, vec![], "nothing was in it");
    let nobody = json!({"customer_details": null});
    assert_eq!(parse("checkout.session.expired", EXPIRED, &nobody), vec![]);
    for url in [
        "javascript:alert(1)",
        "http://shop.example",
        "https://x\r\ny",
        "https://x\"y",
        "https://x y",
    ] {
        let bad = json!({"after_expiration": {"recovery": {"url": url}}});
        let cart = with("checkout.session.expired", EXPIRED, &bad);
        assert_eq!(event(&cart).1.get("url"), None, "{url}");
    }
}

#[test]
fn refunds_meet_their_order() {
    let partly = fact(stripe::parse(REFUNDED, &key(), now()));
    assert_eq!(
        told(order(&partly)),
        json!({
            "order_id": "pi_3SVCexample01", "shop": "stripe", "changed_at": "2025-11-05T12:16:40Z",
            "currency": "ILS", "total": "192.40", "items": [],
        })
    );
    let whole =
        with("charge.refunded", REFUNDED, &json!({"amount_refunded": 27880, "refunded": true}));
    let whole = order(&whole);
    assert_eq!((whole.status, whole.total.as_deref()), (OrderStatus::Refunded, Some("0.00")));
    let of_subscription =
        json!({"description": "Subscription update", "invoice": "in_1SVCexample03"});
    let of_subscription = with("charge.refunded", REFUNDED, &of_subscription);
    assert_eq!(order(&of_subscription).order_id, "in_1SVCexample03");
    for (unmet, why) in [
        (json!({"description": "Subscription update"}), "its order can't be found"),
        (json!({"description": "Payment for Invoice"}), "no order"),
        (json!({"amount_refunded": null}), "it tells nothing"),
        (json!({"billing_details": {}}), "of nobody"),
    ] {
        assert_eq!(parse("charge.refunded", REFUNDED, &unmet), vec![], "{why}");
    }
}

#[test]
fn an_invoice_is_told_as_the_journey_expects_it() {
    let sent = fact(stripe::parse(FINALIZED, &key(), now()));
    let data = json!({
        "invoice_id": "in_1SVCexample02", "number": "M8V0KX57-2041", "due": "2025-12-03T12:20:00Z",
        "total": "482.00", "currency": "ILS", "attempt": 0,
        "url": "https://invoice.stripe.com/i/acct_example/test_YWNjdF8xU0JF?s=ap",
    });
    assert_eq!(event(&sent), ("invoice-sent", &data));
    assert_eq!(
        details(&sent),
        json!({
            "email": "cafe@example.com", "phone": "+972505550188", "first_name": "Tamar",
            "last_name": "Café", "country": "IL",
        })
    );
    assert_eq!(with("invoice.sent", FINALIZED, &json!({})).id, sent.id, "it is told once");
    for (kind, name) in [
        ("invoice.paid", "invoice-paid"),
        ("invoice.voided", "invoice-cancelled"),
        ("invoice.payment_failed", "payment-failed"),
    ] {
        let fact = with(kind, FINALIZED, &json!({}));
        assert_eq!(event(&fact), (name, &data));
        assert_ne!(fact.id, sent.id);
    }
}

#[test]
fn nobody_is_reminded_of_what_is_charged_automatically() {
    let charged = json!({"collection_method": "charge_automatically"});
    assert_eq!(parse("invoice.finalized", FINALIZED, &charged), vec![]);
    for kind in ["invoice.finalized", "invoice.sent", "invoice.voided"] {
        let awaited = json!({"collection_method": "send_invoice"});
        assert_eq!(parse(kind, PAID, &awaited), vec![], "of a subscription");
    }
    let failed = with("invoice.payment_failed", PAID, &json!({}));
    assert_eq!(event(&failed).0, "payment-failed");
    let due =
        json!({"id": null, "next_payment_attempt": 1_764_764_464, "billing_reason": "upcoming"});
    let due = with("invoice.upcoming", PAID, &due);
    assert_eq!(event(&due).0, "charge-due");
    assert_eq!(event(&due).1["due"], json!("2025-12-03T12:21:04Z"));
    assert_eq!(event(&due).1["total"], json!("89.00"));
    assert_eq!(parse("invoice.payment_succeeded", PAID, &json!({})), vec![]);
}

#[test]
fn a_subscription_keeps_its_next_date() {
    let kind = "customer.subscription.updated";
    let fact = with(kind, SUBSCRIPTION, &json!({}));
    assert_eq!(
        event(&fact),
        (
            "subscription-updated",
            &json!({
                "subscription_id": "sub_1SVCexample01", "status": "active",
                "product": "prod_TRsexample", "renewal_date": "2025-12-03T12:21:04Z",
            })
        )
    );
    assert_eq!(fact.details.fields["renewal_date"], json!("2025-12-03T12:21:04Z"));
    let older = with(kind, SUBSCRIPTION, &json!({"current_period_end": 1_764_764_465}));
    assert_eq!(older.details.fields["renewal_date"], json!("2025-12-03T12:21:05Z"));
    assert_eq!(
        event(&with("customer.subscription.created", SUBSCRIPTION, &json!({}))).0,
        "subscription-created"
    );
    let nobody = json!({"metadata": {}, "customer": null});
    assert_eq!(parse(kind, SUBSCRIPTION, &nobody), vec![]);
    let phone = json!({"metadata": {"phone": "+972505550177"}});
    assert_eq!(with(kind, SUBSCRIPTION, &phone).details.phone.as_deref(), Some("+972505550177"));
}

#[test]
fn a_subscription_is_cancelled_once() {
    let early = json!({"cancel_at_period_end": true, "canceled_at": 1_763_000_000});
    let early = with("customer.subscription.updated", SUBSCRIPTION, &early);
    assert_eq!(event(&early).0, "cancelled");
    assert_eq!(early.details.fields["renewal_date"], Value::Null, "the field goes");
    let ended =
        json!({"canceled_at": 1_763_000_000, "ended_at": 1_764_764_464, "status": "canceled"});
    let ended = with("customer.subscription.deleted", SUBSCRIPTION, &ended);
    assert_eq!((event(&ended).0, ended.id), ("cancelled", early.id));
    let again = json!({"canceled_at": 1_769_000_000});
    assert_ne!(with("customer.subscription.deleted", SUBSCRIPTION, &again).id, early.id);
}

#[test]
fn amounts_have_their_currencys_decimals() {
    for (currency, units, total) in [
        ("ils", json!(27880), Some("278.80")),
        ("USD", json!(5), Some("0.05")),
        ("jpy", json!(500), Some("500")),
        ("krw", json!(15_000), Some("15000")),
        ("kwd", json!(5_120), Some("5.120")),
        ("bhd", json!(1), Some("0.001")),
        ("ugx", json!(500), Some("5.00")),
        ("isk", json!(500), Some("5.00")),
        ("ils", json!(-5), None),
        ("ils", json!(5.5), None),
        ("ils", json!(i64::MAX), None),
        ("ils", json!(u64::MAX), None),
        ("ils", json!(1e300), None),
        ("ils", json!("NaN"), None),
        ("ils", Value::Null, None),
        ("shekels", json!(27880), None),
        ("", json!(27880), None),
    ] {
        let members = json!({"currency": currency, "amount_total": units});
        let fact = with("checkout.session.completed", COMPLETED, &members);
        assert_eq!(order(&fact).total.as_deref(), total, "{members}");
    }
}

#[test]
fn nothing_has_happened_in_the_future() {
    let mut body = super::json(REFUNDED);
    body["created"] = json!(9_999_999_999_i64);
    body["data"]["object"]["created"] = json!(9_999_999_999_i64);
    let fact = fact(stripe::parse(body.to_string().as_bytes(), &key(), now()));
    assert_eq!((fact.at, order(&fact).changed_at), (now(), Some(now())));
    body["data"]["object"]["created"] = json!("soon");
    body["created"] = json!(i64::MIN);
    let fact = super::fact(stripe::parse(body.to_string().as_bytes(), &key(), now()));
    assert_eq!(fact.at, now(), "without a time it is now");
    let paid =
        with("invoice.paid", PAID, &json!({"status_transitions": {"paid_at": 9_999_999_999_i64}}));
    assert_eq!(order(&paid).changed_at, Some(now()));
}

#[test]
fn other_types_are_ignored_and_other_bodies_refused() {
    for kind in ["payment_intent.succeeded", "customer.created", "ping", "invoice.created"] {
        assert_eq!(parse(kind, COMPLETED, &json!({})), vec![], "{kind}");
    }
    for (body, field) in [
        (json!({}), "id"),
        (json!({"id": "evt_1"}), "type"),
        (json!({"id": "evt_1", "type": 5}), "type"),
        (json!({"id": "evt_1", "type": "invoice.paid"}), "data.object"),
        (json!({"id": "evt_1", "type": "invoice.paid", "data": []}), "data.object"),
        (json!({"id": "evt_1", "type": "invoice.paid", "data": {"object": "in_1"}}), "data.object"),
        (json!([]), ""),
    ] {
        let malformed = stripe::parse(body.to_string().as_bytes(), &key(), now()).unwrap_err();
        assert_eq!(malformed.field, field, "{body}");
    }
}
