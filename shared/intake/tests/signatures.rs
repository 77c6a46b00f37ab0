//! Signatures: the right one passes, and everything that is nearly right is refused.
#![expect(clippy::expect_used, reason = "test assertions")]

use jiff::Timestamp;
use masa_intake::signature::{BadSecret, Refused, Shopify, StandardWebhooks};

// The example of the specification's own libraries.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_bWFzYS1vdGhlci1zZWNyZXQtb2YtMjQtYnl0ZXM=";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn check(secrets: &str, signature: &str, body: &[u8], seconds_later: i64) -> Result<(), Refused> {
    let hooks = StandardWebhooks::new(secrets).expect("secrets");
    let now = Timestamp::from_second(AT + seconds_later).expect("a moment");
    let id = hooks.verify(Some(ID), Some(&AT.to_string()), Some(signature), body, now)?;
    assert_eq!(id, ID, "the id is the dedupe key");
    Ok(())
}

#[test]
fn the_example_of_the_specification_passes() {
    assert_eq!(check(SECRET, SIGNATURE, BODY, 0), Ok(()));
    let hooks = StandardWebhooks::new(SECRET).expect("a secret");
    assert_eq!(hooks.sign(ID, AT, BODY), SIGNATURE, "our own signature is the same");
}

#[test]
fn any_secret_and_any_signature_of_the_lists_will_do() {
    let rotated = format!("{OTHER}, {SECRET}");
    assert_eq!(check(&rotated, SIGNATURE, BODY, 0), Ok(()), "the older secret still passes");
    let list = format!("v1a,bm90IG91cnM= v1,AAAA {SIGNATURE} v2,x");
    assert_eq!(check(SECRET, &list, BODY, 0), Ok(()), "other signatures don't hinder");
    assert_eq!(check(OTHER, SIGNATURE, BODY, 0), Err(Refused::Wrong), "a retired secret is dead");
    let newest = StandardWebhooks::new(&rotated).expect("secrets").sign(ID, AT, BODY);
    assert_eq!(check(OTHER, &newest, BODY, 0), Ok(()), "the first secret signs");
}

#[test]
fn only_five_minutes_pass() {
    for (later, outcome) in [
        (300, Ok(())),
        (301, Err(Refused::Stale)),
        (-300, Ok(())),
        (-301, Err(Refused::Future)),
        (864_000, Err(Refused::Stale)),
    ] {
        assert_eq!(check(SECRET, SIGNATURE, BODY, later), outcome, "{later} s later");
    }
}

#[test]
fn a_changed_body_id_or_time_is_refused() {
    for index in 0..BODY.len() {
        let mut changed = BODY.to_vec();
        changed[index] ^= 1;
        assert_eq!(check(SECRET, SIGNATURE, &changed, 0), Err(Refused::Wrong), "byte {index}");
    }
    let hooks = StandardWebhooks::new(SECRET).expect("a secret");
    let now = Timestamp::from_second(AT).expect("a moment");
    let at = AT.to_string();
    let other_id = hooks.verify(Some("msg_2"), Some(&at), Some(SIGNATURE), BODY, now);
    assert_eq!(other_id, Err(Refused::Wrong));
    let later = (AT + 1).to_string();
    let other_time = hooks.verify(Some(ID), Some(&later), Some(SIGNATURE), BODY, now);
    assert_eq!(other_time, Err(Refused::Wrong));
}

#[test]
fn a_cut_or_foreign_signature_is_refused() {
    for end in 0..SIGNATURE.len() {
        assert!(check(SECRET, &SIGNATURE[..end], BODY, 0).is_err(), "cut after {end}");
    }
    let bare = SIGNATURE.trim_start_matches("v1,");
    for wrong in [
        bare.to_owned(),
        format!("v2,{bare}"),
        format!("v1a,{bare}"),
        format!("V1,{bare}"),
        format!("v1,{bare}AAAA"),
        format!("v1 {bare}"),
        "v1,".to_owned(),
        "v1,é".to_owned(),
    ] {
        assert_eq!(check(SECRET, &wrong, BODY, 0), Err(Refused::Wrong), "{wrong}");
    }
}

#[test]
fn headers_must_be_there_and_readable() {
    let hooks = StandardWebhooks::new(SECRET).expect("a secret");
    let now = Timestamp::from_second(AT).expect("a moment");
    let at = AT.to_string();
    let long = "x".repeat(257);
    let verify = |id, at, signature| hooks.verify(id, at, signature, BODY, now).unwrap_err();
    let (id, time, sign) = (Some(ID), Some(at.as_str()), Some(SIGNATURE));
    assert_eq!(verify(None, time, sign), Refused::Missing("webhook-id"));
    assert_eq!(verify(Some("  "), time, sign), Refused::Missing("webhook-id"));
    assert_eq!(verify(id, None, sign), Refused::Missing("webhook-timestamp"));
    assert_eq!(verify(id, time, None), Refused::Missing("webhook-signature"));
    assert_eq!(verify(Some(long.as_str()), time, sign).code(), "signature_unreadable");
    for wrong in ["yesterday", "1614265330.5", "99999999999999999999", "9223372036854775807", "-"] {
        assert_eq!(verify(id, Some(wrong), sign).code(), "signature_unreadable", "{wrong}");
    }
}

#[test]
fn secrets_are_checked_at_the_start_and_not_shown() {
    for (secrets, error) in [
        ("", BadSecret::Missing),
        (" , ", BadSecret::Missing),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", BadSecret::Prefix(1)),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_%%%", BadSecret::Base64(2)),
        ("whsec_MfKQ9r8=", BadSecret::Short(1)),
        ("whsec_", BadSecret::Short(1)),
    ] {
        assert_eq!(StandardWebhooks::new(secrets).unwrap_err(), error, "{secrets:?}");
    }
    let hooks = StandardWebhooks::new(SECRET).expect("a secret");
    assert_eq!(format!("{hooks:?}"), "StandardWebhooks(…)");
    assert_eq!(Shopify::new(",").unwrap_err(), BadSecret::Missing);
}

#[test]
fn shopify_signs_the_body_with_the_bare_secret() {
    // openssl dgst -sha256 -hmac hush -binary | base64
    const SIGNED: &str = "QPF8T1ti8Gpf6xXRoKZDI2G/2Fp8v4tKnau8MqDdx3o=";
    let body = br#"{"id":450789469}"#;
    let shop = Shopify::new("new-secret, hush").expect("secrets");
    assert_eq!(shop.verify(Some(SIGNED), body), Ok(()));
    assert_eq!(Shopify::new("hush").expect("a secret").sign(body), SIGNED);
    assert_eq!(shop.verify(Some(SIGNED), br#"{"id":450789468}"#), Err(Refused::Wrong));
    assert_eq!(shop.verify(Some(&SIGNED[..20]), body), Err(Refused::Wrong));
    assert_eq!(shop.verify(None, body), Err(Refused::Missing("x-shopify-hmac-sha256")));
    let other = Shopify::new("new-secret").expect("a secret");
    assert_eq!(other.verify(Some(SIGNED), body), Err(Refused::Wrong));
}
