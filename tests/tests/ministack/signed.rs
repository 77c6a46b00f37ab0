//! Requests as stores sign them, written from the two specifications and not with the crates under test.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use masa_tests::http::Answer;
use serde_json::Value;
use sha2::Sha256;

use crate::stack::{SECRET_EVENTS, SECRET_SHOPIFY, SECRET_STRIPE, SECRET_WOOCOMMERCE, Stack};

/// A Standard Webhooks request that can be sent more than once.
pub(crate) struct Webhook {
    path: &'static str,
    id: String,
    at: String,
    signature: String,
    body: String,
}

impl Webhook {
    /// Signs `body` for `path`, now.
    pub(crate) fn new(path: &'static str, id: &str, body: &Value) -> Result<Self> {
        let at = now()?.to_string();
        let body = body.to_string();
        let key = SECRET_EVENTS.strip_prefix("whsec_").context("no prefix")?;
        let signature =
            hmac(&BASE64.decode(key.as_bytes())?, format!("{id}.{at}.{body}").as_bytes())?;
        Ok(Self { path, id: id.to_owned(), at, signature: format!("v1,{signature}"), body })
    }

    /// Posts it.
    pub(crate) fn send(&self, stack: &Stack) -> Result<Answer> {
        self.post(stack, self.body.as_bytes())
    }

    /// Posts it with its last byte changed.
    pub(crate) fn send_changed(&self, stack: &Stack) -> Result<Answer> {
        let mut body = self.body.clone().into_bytes();
        *body.last_mut().context("no body")? ^= 1;
        self.post(stack, &body)
    }

    fn post(&self, stack: &Stack, body: &[u8]) -> Result<Answer> {
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", self.id.as_str()),
            ("webhook-timestamp", self.at.as_str()),
            ("webhook-signature", self.signature.as_str()),
        ];
        stack.request("POST", self.path, &headers, body)
    }
}

/// Posts an order as Shopify does; a delivery that it repeats has the same `event`.
pub(crate) fn shopify(stack: &Stack, event: &str, order: &Value) -> Result<Answer> {
    let body = order.to_string();
    let signature = hmac(SECRET_SHOPIFY.as_bytes(), body.as_bytes())?;
    let headers = [
        ("content-type", "application/json"),
        ("x-shopify-topic", "orders/paid"),
        ("x-shopify-hmac-sha256", signature.as_str()),
        ("x-shopify-shop-domain", "shop.myshopify.com"),
        ("x-shopify-event-id", event),
        ("x-shopify-webhook-id", event),
    ];
    stack.request("POST", "/hooks/shopify", &headers, body.as_bytes())
}

/// Posts an order as WooCommerce does.
pub(crate) fn woocommerce(stack: &Stack, order: &Value) -> Result<Answer> {
    let body = order.to_string();
    let signature = hmac(SECRET_WOOCOMMERCE.as_bytes(), body.as_bytes())?;
    let headers = [
        ("content-type", "application/json"),
        ("x-wc-webhook-topic", "order.updated"),
        ("x-wc-webhook-signature", signature.as_str()),
    ];
    stack.request("POST", "/hooks/woocommerce", &headers, body.as_bytes())
}

/// Posts an event as Stripe does.
pub(crate) fn stripe(stack: &Stack, event: &Value) -> Result<Answer> {
    let (body, at) = (event.to_string(), now()?);
    let signed = mac(SECRET_STRIPE.as_bytes(), format!("{at}.{body}").as_bytes())?;
    let signature = format!("t={at},v1={}", HEXLOWER.encode(&signed));
    let headers = [("content-type", "application/json"), ("stripe-signature", signature.as_str())];
    stack.request("POST", "/hooks/stripe", &headers, body.as_bytes())
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the deployed functions read the machine's clock too"
)]
pub(crate) fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn hmac(key: &[u8], bytes: &[u8]) -> Result<String> {
    Ok(BASE64.encode(&mac(key, bytes)?))
}

fn mac(key: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(bytes);
    Ok(mac.finalize().into_bytes().to_vec())
}
