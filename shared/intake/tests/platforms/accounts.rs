//! One person once (K1): which account a webhook names along with its contact, and which it does not.

use masa_domain::{Also, ContactId, Fact, Platform};
use masa_intake::{shopify, stripe, woocommerce};
use serde_json::{Value, json};

use crate::{json, key, now};

const NOA: &str = "noa.cohen@example.com";

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/", $name, ".json")).as_slice()
    };
}

/// The fixture with these members of its object at `place`.
fn with(fixture: &[u8], place: &str, members: &Value) -> Vec<u8> {
    let mut body = json(fixture);
    let object = body.pointer_mut(place).and_then(Value::as_object_mut).expect("an object");
    object.extend(members.as_object().expect("members").clone());
    body.to_string().into_bytes()
}

fn shopify(topic: &str, body: &[u8]) -> Fact {
    let delivery = shopify::Delivery { topic, triggered_at: None, body };
    crate::fact(shopify::parse(&delivery, &key(), now()))
}

fn of(email: &str) -> Option<ContactId> {
    key().contact(Some(email), None)
}

/// Goal: K1, Shopify: a customer's own record names the account, and so does an order or a cart of the
/// customer's own address. At a till one account buys for many: then it is not named.
#[test]
fn shopify_names_the_account_of_the_address() {
    let order = fixture!("shopify/orders-paid");
    let account = key().account(Platform::Shopify, &json(order)["customer"]["id"].to_string());
    for (topic, body) in [
        ("orders/paid", order.to_vec()),
        ("orders/paid", with(order, "", &json!({"email": null, "contact_email": null}))),
        ("checkouts/update", fixture!("shopify/checkouts-update").to_vec()),
    ] {
        let fact = shopify(topic, &body);
        assert_eq!(
            (Some(fact.contact), &fact.details.also[..]),
            (of(NOA), &[Also::Account(account)][..])
        );
    }
    let other = with(order, "", &json!({"email": "friend@example.com"}));
    let fact = shopify("orders/paid", &other);
    assert_eq!((Some(fact.contact), fact.details.also), (of("friend@example.com"), vec![]));
    let unnamed = with(order, "/customer", &json!({"email": null}));
    assert_eq!(shopify("orders/paid", &unnamed).details.also, []);
}

/// Goal: K1, Shopify: a customer without an address is known by the account, not by the number, which a
/// family may share; what is agreed to by text is of the account too.
#[test]
fn shopify_knows_a_customer_without_an_address_by_the_account() {
    let customer = fixture!("shopify/customers-create");
    let account = key().account(Platform::Shopify, &json(customer)["id"].to_string());
    let fact = shopify("customers/create", customer);
    assert_eq!(
        (Some(fact.contact), &fact.details.also[..]),
        (of(NOA), &[Also::Account(account)][..])
    );
    let unnamed = with(customer, "", &json!({"email": null}));
    let fact = shopify("customers/create", &unnamed);
    assert_eq!((fact.contact, fact.details.also), (account, vec![]));
    let said = fixture!("shopify/customers-sms-consent");
    let account = key().account(Platform::Shopify, &json(said)["id"].to_string());
    let fact = shopify("customers_marketing_consent/update", said);
    assert_eq!(fact.contact, account);
}

/// Goal: K1, WooCommerce: a customer's own record names the account; an order, whose address is that of the
/// bill, does not.
#[test]
fn woocommerce_names_the_account_of_the_customer() {
    let customer = fixture!("woocommerce-customer");
    let account = key().account(Platform::Woocommerce, &json(customer)["id"].to_string());
    let told = |topic, body| crate::fact(woocommerce::parse(topic, body, &key(), now()));
    let fact = told("customer.created", customer);
    assert_eq!(
        (Some(fact.contact), &fact.details.also[..]),
        (of(NOA), &[Also::Account(account)][..])
    );
    assert_eq!(told("order.updated", fixture!("woocommerce-order")).details.also, []);
}

/// Goal: K1, Stripe: a session and an invoice name the account along with its address. A card's holder, a
/// receipt's address and what stands in metadata may be somebody else's.
#[test]
fn stripe_names_the_account_of_sessions_and_invoices() {
    let told = |body: &[u8]| crate::fact(stripe::parse(body, &key(), now()));
    let object = "/data/object";
    let session = fixture!("stripe-checkout-completed");
    let session = with(session, object, &json!({"customer": "cus_1"}));
    let account = key().account(Platform::Stripe, "cus_1");
    let fact = told(&session);
    assert_eq!(
        (Some(fact.contact), &fact.details.also[..]),
        (of(NOA), &[Also::Account(account)][..])
    );
    let expanded = with(&session, object, &json!({"customer": {"id": "cus_1"}}));
    assert_eq!(told(&expanded).details.also, [Also::Account(account)]);
    let refund = with(fixture!("stripe-charge-refunded"), object, &json!({"customer": "cus_1"}));
    let fact = told(&refund);
    assert_ne!(fact.contact, account);
    assert_eq!(fact.details.also, []);
    let subscription = fixture!("stripe-subscription-updated");
    let gift = json!({"customer": "cus_1", "metadata": {"email": "friend@example.com"}});
    let fact = told(&with(subscription, object, &gift));
    assert_eq!((Some(fact.contact), fact.details.also), (of("friend@example.com"), vec![]));
    let own = json!({"customer": "cus_1", "metadata": {}});
    let fact = told(&with(subscription, object, &own));
    assert_eq!((fact.contact, fact.details.also), (account, vec![]), "of whom it belongs to");
}
