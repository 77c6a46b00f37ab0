//! Proof of origin: signatures over the raw bytes of a body, compared in constant time.

mod wordpress;

use std::fmt;

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How far a webhook's clock may be from ours, both ways.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The shortest Standard Webhooks key, in bytes: 128 bits can't be guessed. (The specification
/// asks its issuers for 24 to 64.)
const KEY_BYTES_MIN: usize = 16;

/// The shortest secret that is taken as it stands, in characters: less could be guessed.
const SECRET_CHARS_MIN: usize = 16;

/// The longest `webhook-id`, in bytes. It becomes a dedupe key.
const ID_BYTES_MAX: usize = 256;

/// A list of secrets that can't be used. The number is the place in the list, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// No secret at all.
    #[error("there is no secret: give one, or several separated by commas")]
    Missing,
    /// Not the form of Standard Webhooks.
    #[error("secret {0} does not begin with `whsec_`: give it as the sender shows it")]
    Prefix(usize),
    /// Broken base64.
    #[error("secret {0} is not valid base64 after `whsec_`: give it as the sender shows it")]
    Base64(usize),
    /// Guessable.
    #[error("secret {0} is too short: give at least 16 bytes (24 to 64 are usual) as base64")]
    Short(usize),
    /// Guessable, or cut at a comma of its own.
    #[error(
        "secret {0} has fewer than 16 characters: give one of letters and digits, for a comma ends it"
    )]
    Weak(usize),
}

/// A request whose origin is not proven: answered with 401. Nothing of the request is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header is absent or empty.
    #[error("the header {0} is missing: sign the request")]
    Missing(&'static str),
    /// A header can't be read.
    #[error("the header {0} can't be read: {1}")]
    Unreadable(&'static str, &'static str),
    /// Signed too long ago.
    #[error("signed more than 5 minutes ago: sign again with the present time")]
    Stale,
    /// Signed in the future.
    #[error("signed more than 5 minutes in the future: set the sender's clock and sign again")]
    Future,
    /// No signature fits any secret.
    #[error("no signature fits: sign the exact bytes of the body with the shared secret")]
    Wrong,
}

impl Refused {
    /// The stable code of the answer.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing(_) => "signature_missing",
            Self::Unreadable(..) => "signature_unreadable",
            Self::Stale => "signature_stale",
            Self::Future => "signature_in_future",
            Self::Wrong => "signature_wrong",
        }
    }
}

/// Verifies and makes signatures of [Standard Webhooks](https://www.standardwebhooks.com),
/// scheme `v1`.
#[derive(Debug, Clone)]
pub struct StandardWebhooks(Keys);

impl StandardWebhooks {
    /// From a comma-separated list of `whsec_…` secrets. Any of them may have signed; the first
    /// one signs.
    ///
    /// # Errors
    /// [`BadSecret`] says which secret is wrong, and doesn't show it.
    pub fn new(secrets: &str) -> Result<Self, BadSecret> {
        Keys::new(secrets, |number, secret| {
            let encoded = secret.strip_prefix("whsec_").ok_or(BadSecret::Prefix(number))?;
            let key = BASE64.decode(encoded.as_bytes()).map_err(|_| BadSecret::Base64(number))?;
            if key.len() < KEY_BYTES_MIN { Err(BadSecret::Short(number)) } else { Ok(key) }
        })
        .map(Self)
    }

    /// Checks the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` against the
    /// body, and returns the id, which is the dedupe key.
    ///
    /// # Errors
    /// [`Refused`] when origin or freshness is not proven.
    pub fn verify<'h>(
        &self,
        id: Option<&'h str>,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<&'h str, Refused> {
        let id = present("webhook-id", id)?;
        let timestamp = present("webhook-timestamp", timestamp)?;
        let signature = present("webhook-signature", signature)?;
        if id.len() > ID_BYTES_MAX {
            return Err(Refused::Unreadable("webhook-id", "send at most 256 bytes"));
        }
        fresh("webhook-timestamp", timestamp, now)?;
        let signed =
            |key: &[u8]| mac(key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        // Other schemes in the list are for other verifiers.
        let sent = signature.split(' ').filter_map(|one| one.strip_prefix("v1,"));
        self.0.verify(sent.filter_map(base64), signed).map(|()| id)
    }

    /// The value of `webhook-signature` for a body, for tools that play the sender. The timestamp
    /// is in Unix seconds.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let timestamp = timestamp.to_string();
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        format!("v1,{}", BASE64.encode(&mac(&self.0.first, &parts)))
    }
}

/// Verifies and makes signatures of Stripe's webhooks, scheme `v1`.
#[derive(Debug, Clone)]
pub struct Stripe(Keys);

impl Stripe {
    /// From a comma-separated list of `whsec_…` secrets, as Stripe shows them (they are not base64).
    /// Any of them may have signed; the first one signs.
    ///
    /// # Errors
    /// [`BadSecret`] says which secret is wrong, and doesn't show it.
    pub fn new(secrets: &str) -> Result<Self, BadSecret> {
        Keys::new(secrets, |number, secret| {
            secret.strip_prefix("whsec_").ok_or(BadSecret::Prefix(number))?;
            strong(number, secret)
        })
        .map(Self)
    }

    /// Checks the header `Stripe-Signature` (`t=<Unix seconds>,v1=<hex>`, of which there may be
    /// several) against the body.
    ///
    /// # Errors
    /// [`Refused`] when origin or freshness is not proven.
    pub fn verify(
        &self,
        signature: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Refused> {
        const NAME: &str = "stripe-signature";
        let signature = present(NAME, signature)?;
        // Other schemes in the list are for other verifiers.
        let told = |scheme: &'static str| {
            let parts = signature.split(',').filter_map(|part| part.trim().split_once('='));
            parts.filter_map(move |(name, value)| (name == scheme).then_some(value))
        };
        let timestamp = told("t").next();
        let timestamp = timestamp.ok_or(Refused::Unreadable(NAME, "send t=<Unix seconds>"))?;
        fresh(NAME, timestamp, now)?;
        let sent = told("v1").filter_map(|hex| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok());
        self.0.verify(sent, |key| mac(key, &[timestamp.as_bytes(), b".", body]))
    }

    /// The value of `Stripe-Signature` for a body, for tools that play Stripe. The timestamp is in
    /// Unix seconds.
    pub fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let signed = mac(&self.0.first, &[timestamp.to_string().as_bytes(), b".", body]);
        format!("t={timestamp},v1={}", HEXLOWER.encode(&signed))
    }
}

/// Those who sign the body alone, in base64: the header, what stands before the signature, and how a
/// secret of the list becomes a key. They tell no time: a repetition is known by what it tells.
macro_rules! signed_body {
    ($(#[$doc:meta])* $name:ident, $header:literal, $prefix:literal, $key:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(Keys);

        impl $name {
            /// From a comma-separated list of secrets, as the sender shows them (they are not
            /// base64). Any of them may have signed; the first one signs.
            ///
            /// # Errors
            /// [`BadSecret`] says which secret is wrong, and doesn't show it.
            pub fn new(secrets: &str) -> Result<Self, BadSecret> {
                Keys::new(secrets, $key).map(Self)
            }

            #[doc = concat!("Checks the header `", $header, "` against the body.")]
            ///
            /// # Errors
            /// [`Refused`] when the origin is not proven.
            pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<(), Refused> {
                let sent = present($header, signature)?.strip_prefix($prefix).and_then(base64);
                self.0.verify(sent.into_iter(), |key| mac(key, &[body]))
            }

            #[doc = concat!("The value of `", $header, "` for a body, for tools that play the sender.")]
            pub fn sign(&self, body: &[u8]) -> String {
                format!("{}{}", $prefix, BASE64.encode(&mac(&self.0.first, &[body])))
            }
        }
    };
}

signed_body! {
    /// Verifies and makes signatures of Shopify's webhooks.
    Shopify, "x-shopify-hmac-sha256", "", |_, secret| Ok(secret.as_bytes().to_vec())
}
signed_body! {
    /// Verifies and makes signatures of WooCommerce's webhooks. A secret that the shop made up by
    /// itself may hold commas: give the webhook one of letters and digits.
    WooCommerce, "x-wc-webhook-signature", "", |number, secret| {
        strong(number, &wordpress::specialchars_decode(secret))
    }
}
signed_body! {
    /// Verifies and makes signatures of Typeform's webhooks.
    Typeform, "typeform-signature", "sha256=", strong
}
signed_body! {
    /// Verifies and makes signatures of Tally's webhooks.
    Tally, "tally-signature", "", strong
}

/// A secret whose bytes are the key.
fn strong(number: usize, secret: &str) -> Result<Vec<u8>, BadSecret> {
    if secret.chars().count() < SECRET_CHARS_MIN {
        return Err(BadSecret::Weak(number));
    }
    Ok(secret.as_bytes().to_vec())
}

fn base64(sent: &str) -> Option<Vec<u8>> {
    BASE64.decode(sent.as_bytes()).ok()
}

/// One key or more, so that one can be replaced while senders still use it.
#[derive(Clone)]
struct Keys {
    first: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Keys {
    fn new(
        secrets: &str,
        decode: impl Fn(usize, &str) -> Result<Vec<u8>, BadSecret>,
    ) -> Result<Self, BadSecret> {
        let given = secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty());
        let mut keys = given.enumerate().map(|(index, secret)| decode(index + 1, secret));
        let first = keys.next().ok_or(BadSecret::Missing)??;
        Ok(Self { first, others: keys.collect::<Result<_, _>>()? })
    }

    /// Whether any of the signatures `sent` is what `sign` makes with any key.
    fn verify(
        &self,
        sent: impl Iterator<Item = Vec<u8>>,
        sign: impl Fn(&[u8]) -> [u8; 32],
    ) -> Result<(), Refused> {
        let keys = std::iter::once(&self.first).chain(&self.others);
        let right: Vec<[u8; 32]> = keys.map(|key| sign(key)).collect();
        let mut fits = Choice::from(0);
        for sent in sent {
            for right in &right {
                fits |= right.as_slice().ct_eq(&sent);
            }
        }
        if bool::from(fits) { Ok(()) } else { Err(Refused::Wrong) }
    }
}

fn present<'h>(name: &'static str, value: Option<&'h str>) -> Result<&'h str, Refused> {
    value.map(str::trim).filter(|value| !value.is_empty()).ok_or(Refused::Missing(name))
}

fn fresh(header: &'static str, timestamp: &str, now: Timestamp) -> Result<(), Refused> {
    let signed_at = timestamp
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(Refused::Unreadable(header, "send Unix seconds"))?;
    let age = now.duration_since(signed_at);
    if age > TOLERANCE {
        return Err(Refused::Stale);
    }
    if age < -TOLERANCE {
        return Err(Refused::Future);
    }
    Ok(())
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| {
        unreachable!("HMAC takes a key of any length (RFC 2104)");
    });
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
