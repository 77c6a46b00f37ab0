//! Proof of origin: what was signed verifies, and nothing else does.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use masa_fuzz::now;
use masa_intake::signature::{
    Refused, Shopify, StandardWebhooks, Stripe, Tally, Typeform, WooCommerce,
};

/// A secret that is in the form of all senders.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One under which nothing is signed here: the fuzzer remembers what it sees compared, signatures too.
const OTHER_SECRET: &str = "whsec_bWFzYS1kZXZlbG9wbWVudC1zZWNyZXQtMDAwMQ==";

#[derive(Debug, Arbitrary)]
struct Request<'a> {
    secrets: &'a str,
    id: Option<&'a str>,
    timestamp: Option<&'a str>,
    signature: Option<&'a str>,
    body: &'a [u8],
    /// Which byte of what is signed is changed, and how.
    change: (u16, u8),
}

fuzz_target!(|request: Request<'_>| {
    guessed(&request);
    for secrets in [request.secrets, SECRET] {
        if let Ok(keys) = StandardWebhooks::new(secrets) {
            standard(&keys, &request);
        }
        if let Ok(keys) = Stripe::new(secrets) {
            let verify = |signature: &str, body: &[u8]| keys.verify(Some(signature), body, now());
            signed(&keys.sign(now().as_second(), request.body), &request, verify);
        }
        if let Ok(keys) = Shopify::new(secrets) {
            let verify = |signature: &str, body: &[u8]| keys.verify(Some(signature), body);
            signed(&keys.sign(request.body), &request, verify);
        }
        if let Ok(keys) = WooCommerce::new(secrets) {
            let verify = |signature: &str, body: &[u8]| keys.verify(Some(signature), body);
            signed(&keys.sign(request.body), &request, verify);
        }
        if let Ok(keys) = Typeform::new(secrets) {
            let verify = |signature: &str, body: &[u8]| keys.verify(Some(signature), body);
            signed(&keys.sign(request.body), &request, verify);
        }
        if let Ok(keys) = Tally::new(secrets) {
            let verify = |signature: &str, body: &[u8]| keys.verify(Some(signature), body);
            signed(&keys.sign(request.body), &request, verify);
        }
    }
});

/// Nobody guesses a signature.
fn guessed(request: &Request<'_>) {
    let Request { id, timestamp, signature, body, .. } = *request;
    let present = now().as_second().to_string();
    for timestamp in [timestamp, Some(&*present)] {
        let standard = StandardWebhooks::new(OTHER_SECRET).expect("a secret");
        assert!(standard.verify(id, timestamp, signature, body, now()).is_err());
    }
    let dated = format!("t={present},{}", signature.unwrap_or_default());
    for signature in [signature, Some(&*dated)] {
        assert!(
            Stripe::new(OTHER_SECRET).expect("a secret").verify(signature, body, now()).is_err()
        );
        assert!(Shopify::new(OTHER_SECRET).expect("a secret").verify(signature, body).is_err());
        assert!(WooCommerce::new(OTHER_SECRET).expect("a secret").verify(signature, body).is_err());
        assert!(Typeform::new(OTHER_SECRET).expect("a secret").verify(signature, body).is_err());
        assert!(Tally::new(OTHER_SECRET).expect("a secret").verify(signature, body).is_err());
    }
}

fn standard(keys: &StandardWebhooks, request: &Request<'_>) {
    let id = request.id.unwrap_or("msg_1").trim();
    let at = now().as_second().to_string();
    let verify = |id: &str, signature: &str, body: &[u8]| {
        keys.verify(Some(id), Some(&at), Some(signature), body, now()).map(drop)
    };
    let signature = keys.sign(id, now().as_second(), request.body);
    if id.is_empty() || id.len() > 256 {
        assert!(verify(id, &signature, request.body).is_err(), "no key of a fact");
        return;
    }
    signed(&signature, request, |signature, body| verify(id, signature, body));
    assert!(verify(&format!("{id}x"), &signature, request.body).is_err(), "of another id");
    let other = Some("1794999999");
    let moved = keys.verify(Some(id), other, Some(&signature), request.body, now());
    assert!(moved.is_err(), "of another moment");
}

/// What was signed verifies; with another byte in the body or in the signature it doesn't.
fn signed(
    signature: &str,
    request: &Request<'_>,
    verify: impl Fn(&str, &[u8]) -> Result<(), Refused>,
) {
    assert_eq!(verify(signature, request.body), Ok(()), "it was signed");
    let changed = changed(request.body, request.change);
    assert!(changed == request.body || verify(signature, &changed).is_err(), "of another body");
    let changed = self::changed(signature.as_bytes(), request.change);
    let Ok(changed) = str::from_utf8(&changed) else { return };
    // Hexadecimal digits are the same in either case.
    if !changed.eq_ignore_ascii_case(signature)
        || !signature.starts_with("t=") && changed != signature
    {
        assert!(verify(changed, request.body).is_err(), "{signature} and {changed}");
    }
}

fn changed(bytes: &[u8], (at, with): (u16, u8)) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len().max(1);
    if let Some(byte) = bytes.get_mut(usize::from(at) % length) {
        *byte ^= with;
    }
    bytes
}
