//! Signatures made by another implementation (Python's `hmac`), and all that is nearly right.

use jiff::Timestamp;
use masa_intake::signature::{BadSecret, Refused, Stripe, Tally, Typeform, WooCommerce};
use proptest::{collection::vec, prelude::*};

const BODY: &[u8] = br#"{"id":727,"status":"processing"}"#;
const AT: i64 = 1_762_172_467;

const WOO: &str = "fAuHzsyQIjPEHzDyvk1ITLzwMLg1TDzKWF0zD03C00Y=";
const STRIPE: &str = "828f8bab2e673af1898b9bb45b4d5b8c04b70ffa6e52ea49aa0f9a784ad0c5b8";
const FORM: &str = "rAZcDlipKZeJWOTjpAYNWj5UFpMnLoFwGUdtuKevFa4=";

const STRIPE_SECRET: &str = "whsec_bWFzYS1zdHJpcGUtc2VjcmV0";
const FORM_SECRET: &str = "a secret of a form builder";

fn stripe(secrets: &str, signature: &str, body: &[u8], later: i64) -> Result<(), Refused> {
    let now = Timestamp::from_second(AT + later).expect("a moment");
    Stripe::new(secrets).expect("secrets").verify(Some(signature), body, now)
}

#[test]
fn woocommerce_signs_with_the_decoded_secret() {
    // As WordPress keeps it, and as a person types it.
    for secret in [
        "a&amp;b&#039;c&quot;d&lt;e&gt;f-secret-of-a-webhook",
        "a&b'c\"d<e>f-secret-of-a-webhook",
        "the-secret-that-comes-next, a&#38;b&#x27;c&#34;d&#060;e&gt;f-secret-of-a-webhook",
    ] {
        let shop = WooCommerce::new(secret).expect("secrets");
        assert_eq!(shop.verify(Some(WOO), BODY), Ok(()), "{secret}");
    }
    let shop = WooCommerce::new("a&amp;b&#039;c&quot;d&lt;e&gt;f-secret-of-a-webhook").unwrap();
    assert_eq!(shop.sign(BODY), WOO);
    assert_eq!(shop.verify(Some(WOO), b"{}"), Err(Refused::Wrong));
    assert_eq!(shop.verify(Some(&WOO[1..]), BODY), Err(Refused::Wrong));
    assert_eq!(shop.verify(None, BODY), Err(Refused::Missing("x-wc-webhook-signature")));
    let other = WooCommerce::new("the-secret-that-comes-next").unwrap();
    assert_eq!(other.verify(Some(WOO), BODY), Err(Refused::Wrong));
}

#[test]
fn stripe_signs_time_and_body() {
    let signature = format!("t={AT},v1={STRIPE}");
    assert_eq!(stripe(STRIPE_SECRET, &signature, BODY, 0), Ok(()));
    assert_eq!(Stripe::new(STRIPE_SECRET).unwrap().sign(AT, BODY), signature);
    let rotated = format!("whsec_the-one-that-comes-next, {STRIPE_SECRET}");
    assert_eq!(stripe(&rotated, &signature, BODY, 0), Ok(()), "the older secret still passes");
    for list in [
        format!("t={AT},v1=00,v1={STRIPE}"),
        format!("t={AT},v1={STRIPE},v1=zz,v0=6ffbb59b"),
        format!(" v0=1, v1={STRIPE} , t={AT}"),
        format!("t={AT},v1={}", STRIPE.to_uppercase()),
        format!("junk,t={AT},v1={STRIPE}"),
    ] {
        assert_eq!(stripe(STRIPE_SECRET, &list, BODY, 0), Ok(()), "{list}");
    }
    for wrong in [
        format!("t={AT},v0={STRIPE}"),
        format!("t={AT},v1={}", &STRIPE[2..]),
        format!("t={AT},v1={STRIPE}00"),
        format!("t={},v1={STRIPE}", AT + 1),
        format!("t=0{AT},v1={STRIPE}"),
        format!("t={AT},v1"),
        format!("t={AT},v1="),
        format!("t={AT}"),
        format!("t={},t={AT},v1={STRIPE}", AT - 1),
    ] {
        assert_eq!(stripe(STRIPE_SECRET, &wrong, BODY, 0), Err(Refused::Wrong), "{wrong}");
    }
    for index in 0..BODY.len() {
        let mut changed = BODY.to_vec();
        changed[index] ^= 1;
        let refused = stripe(STRIPE_SECRET, &signature, &changed, 0);
        assert_eq!(refused, Err(Refused::Wrong), "byte {index}");
    }
}

#[test]
fn stripe_has_five_minutes_both_ways() {
    let signature = format!("t={AT},v1={STRIPE}");
    for (later, outcome) in [
        (300, Ok(())),
        (301, Err(Refused::Stale)),
        (-300, Ok(())),
        (-301, Err(Refused::Future)),
        (864_000, Err(Refused::Stale)),
    ] {
        assert_eq!(stripe(STRIPE_SECRET, &signature, BODY, later), outcome, "{later} s later");
    }
    for unreadable in ["", "x", "1e9", "1762172467.0", "99999999999999999999", "-"] {
        let signature = format!("t={unreadable},v1={STRIPE}");
        let refused = stripe(STRIPE_SECRET, &signature, BODY, 0).unwrap_err();
        assert_eq!(refused.code(), "signature_unreadable", "{unreadable}");
    }
    let no_time = stripe(STRIPE_SECRET, &format!("v1={STRIPE}"), BODY, 0).unwrap_err();
    assert_eq!(no_time.code(), "signature_unreadable");
    let now = Timestamp::from_second(AT).unwrap();
    let none = Stripe::new(STRIPE_SECRET).unwrap().verify(None, BODY, now);
    assert_eq!(none, Err(Refused::Missing("stripe-signature")));
}

#[test]
fn typeform_and_tally_differ_in_a_word() {
    let (typeform, tally) = (Typeform::new(FORM_SECRET).unwrap(), Tally::new(FORM_SECRET).unwrap());
    let prefixed = format!("sha256={FORM}");
    assert_eq!(typeform.verify(Some(&prefixed), BODY), Ok(()));
    assert_eq!(tally.verify(Some(FORM), BODY), Ok(()));
    assert_eq!((typeform.sign(BODY), tally.sign(BODY)), (prefixed.clone(), FORM.to_owned()));
    assert_eq!(typeform.verify(Some(FORM), BODY), Err(Refused::Wrong));
    assert_eq!(tally.verify(Some(&prefixed), BODY), Err(Refused::Wrong));
    assert_eq!(typeform.verify(Some("sha256="), BODY), Err(Refused::Wrong));
    assert_eq!(typeform.verify(Some(&prefixed), b""), Err(Refused::Wrong));
    assert_eq!(typeform.verify(None, BODY), Err(Refused::Missing("typeform-signature")));
    assert_eq!(tally.verify(Some(" "), BODY), Err(Refused::Missing("tally-signature")));
    let rotated = Tally::new(&format!("the-secret-that-comes-next,{FORM_SECRET}")).unwrap();
    assert_eq!(rotated.verify(Some(FORM), BODY), Ok(()));
    assert_eq!(rotated.verify(Some(&rotated.sign(BODY)), BODY), Ok(()), "the first one signs");
}

#[test]
fn a_secret_that_could_be_guessed_is_no_secret() {
    // What is left of a secret with a comma in it would be a key of one letter.
    assert_eq!(WooCommerce::new("a-long-part-of-a-secret,x").unwrap_err(), BadSecret::Weak(2));
    assert_eq!(WooCommerce::new("&amp;&amp;&amp;&amp;").unwrap_err(), BadSecret::Weak(1));
    assert_eq!(Typeform::new("hush").unwrap_err(), BadSecret::Weak(1));
    assert_eq!(Tally::new(" , ").unwrap_err(), BadSecret::Missing);
    assert_eq!(Stripe::new("whsec_short").unwrap_err(), BadSecret::Weak(1));
    assert_eq!(Stripe::new("sk_test_abcdefghijklmnop").unwrap_err(), BadSecret::Prefix(1));
    let shown = format!("{:?}", WooCommerce::new("a-long-part-of-a-secret").unwrap());
    assert_eq!(shown, "WooCommerce(…)");
}

proptest! {
    #[test]
    fn nobody_guesses_a_signature(
        header in prop_oneof![
            "(t=[0-9+-]{0,12},)?(v1=|v0=|sha256=)?[A-Za-z0-9+/=, ]{0,90}".prop_map(Some),
            any::<Option<String>>(),
        ],
        body in vec(any::<u8>(), 0..60),
    ) {
        let (header, now) = (header.as_deref(), Timestamp::from_second(AT).expect("a moment"));
        let secret = "a-secret-of-many-letters";
        prop_assert!(Stripe::new(STRIPE_SECRET).unwrap().verify(header, &body, now).is_err());
        prop_assert!(WooCommerce::new(secret).unwrap().verify(header, &body).is_err());
        prop_assert!(Typeform::new(secret).unwrap().verify(header, &body).is_err());
        prop_assert!(Tally::new(secret).unwrap().verify(header, &body).is_err());
    }

    #[test]
    fn any_secrets_are_taken_or_refused(
        secrets in any::<String>(),
        list in "(whsec_)?[A-Za-z0-9&#;x,]{0,60}",
        at in any::<i64>(),
    ) {
        for secrets in [secrets, list] {
            if let Ok(stripe) = Stripe::new(&secrets) {
                let signed = Some(stripe.sign(at, BODY));
                let now = Timestamp::from_second(at).unwrap_or_default();
                let fresh = Timestamp::from_second(at).is_ok();
                prop_assert_eq!(stripe.verify(signed.as_deref(), BODY, now).is_ok(), fresh);
            }
            if let Ok(shop) = WooCommerce::new(&secrets) {
                prop_assert_eq!(shop.verify(Some(&shop.sign(BODY)), BODY), Ok(()));
            }
            let _ = (Typeform::new(&secrets), Tally::new(&secrets));
        }
    }
}
